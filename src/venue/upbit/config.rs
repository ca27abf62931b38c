//! Settings of the gateway: [`UpbitConfig`]. Nothing here is secret: market data need no key.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;

use super::wire::MarketCode;
use super::wire::subscription::{Format, Request, Wanted};
use crate::config::RawFrames;
use crate::market::{InstrumentId, Venue};
use crate::venue::VenueError;
use crate::venue::backoff::Backoff;

/// How a gateway connects, what it listens to, and how patient it is.
#[derive(Clone, Debug)]
pub struct UpbitConfig {
    /// REST root, without path: `https://api.upbit.com`.
    pub rest_url: String,
    /// Stream root, without path: `wss://api.upbit.com`.
    pub ws_url: String,
    /// Whether `http:` and `ws:` may go further than this machine.
    pub allow_plain: bool,
    /// What to listen to, by the venue's code, and its number in the journal.
    pub symbols: Vec<(String, InstrumentId)>,
    /// Which streams, of every market.
    pub streams: Streams,
    /// How messages are to be spelled. SIMPLE is half as long.
    pub format: Format,
    /// Which raw frames go to the journal. Those about orders never come here, so `Orders` keeps none.
    pub raw: RawFrames,
    /// Patience.
    pub patience: Patience,
}

/// Which streams of a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    /// Trades.
    pub trades: bool,
    /// The book, so many levels a side (1, 5, 15 or 30).
    pub book: Option<u8>,
    /// Tickers: they tell when a market halts.
    pub tickers: bool,
    /// Candles of a minute.
    pub candles: bool,
}

/// How long to wait for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, and for an answer of the REST interface.
    pub connect: Duration,
    /// Between our own pings. The venue cuts a connection that was idle for 120 s.
    pub ping: Duration,
    /// For any sign of life, pongs included. Markets may be quiet for longer than this; pongs never are.
    pub silence: Duration,
    /// First pause before another try. The venue takes five connections a second.
    pub backoff_min: Duration,
    /// Longest pause.
    pub backoff_max: Duration,
    /// Seed of the pauses' jitter.
    pub jitter_seed: u64,
    /// After a request whose outcome is not known, or whose effect was not reported: before the venue is asked.
    pub resolve: Duration,
    /// After a request has ended, answered or not: until it can no longer arrive. Upbit's requests carry no time of their own, so
    /// that this is what a network may hold back, not what the venue promises. Earlier, that an order is not there proves
    /// nothing.
    pub settle: Duration,
    /// Between looks for live orders of which nothing was heard for as long: they are asked for.
    pub audit: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            connect: Duration::from_secs(10),
            ping: Duration::from_secs(20),
            silence: Duration::from_secs(60),
            backoff_min: Duration::from_millis(250),
            backoff_max: Duration::from_secs(30),
            jitter_seed: 1,
            resolve: Duration::from_secs(2),
            settle: Duration::from_secs(15),
            audit: Duration::from_secs(30),
        }
    }
}

impl Patience {
    pub(super) fn backoff(&self, salt: u64) -> Backoff {
        Backoff::new(self.backoff_min, self.backoff_max, self.jitter_seed ^ salt)
    }
}

impl UpbitConfig {
    /// Upbit Korea at its real hosts: trades, books of 15 levels, tickers.
    pub fn new(symbols: Vec<(String, InstrumentId)>) -> Self {
        UpbitConfig {
            rest_url: "https://api.upbit.com".into(),
            ws_url: "wss://api.upbit.com".into(),
            allow_plain: false,
            symbols,
            streams: Streams { trades: true, book: Some(15), tickers: true, candles: false },
            format: Format::Simple,
            raw: RawFrames::Off,
            patience: Patience::default(),
        }
    }

    /// The same, but at one root for streams and REST: `ws://127.0.0.1:9443`, `wss://proxy.example`.
    #[must_use]
    pub fn at_endpoint(mut self, url: &str) -> Self {
        let url = url.trim_end_matches('/');
        // `ws` is to `http` as `wss` is to `https`.
        let rest = url.strip_prefix("ws").or_else(|| url.strip_prefix("http")).unwrap_or(url);
        (self.rest_url, self.ws_url) = (format!("http{rest}"), format!("ws{rest}"));
        self
    }

    /// The codes of the markets.
    ///
    /// # Errors
    /// The first that is none, or stands twice; or that there is none at all.
    pub(super) fn codes(&self) -> Result<Vec<MarketCode>, VenueError> {
        const EXPECTED: &str = "markets like KRW-BTC, each once";
        let wrong =
            |seen: &str| VenueError::Setting { venue: Venue::Upbit, setting: "symbols", seen: seen.into(), expected: EXPECTED };
        let mut codes = Vec::new();
        for (symbol, _) in &self.symbols {
            let code = symbol.to_uppercase().parse().map_err(|_| wrong(symbol))?;
            if codes.contains(&code) {
                return Err(wrong(symbol));
            }
            codes.push(code);
        }
        if codes.is_empty() { Err(wrong("")) } else { Ok(codes) }
    }

    /// Says what makes no sense in it.
    ///
    /// # Errors
    /// The first such setting.
    pub fn check(&self) -> Result<(), VenueError> {
        let wrong =
            |setting, seen: &str, expected| VenueError::Setting { venue: Venue::Upbit, setting, seen: seen.into(), expected };
        self.codes()?;
        check_url("rest_url", &self.rest_url, ["https", "http"], self.allow_plain)?;
        check_url("ws_url", &self.ws_url, ["wss", "ws"], self.allow_plain)?;
        let Patience { backoff_min, backoff_max, .. } = self.patience;
        if backoff_min.is_zero() || backoff_max < backoff_min {
            return Err(wrong("backoff_max", &format!("{backoff_max:?}"), "at least backoff_min, which is above 0"));
        }
        if !self.streams.trades && self.streams.book.is_none() && !self.streams.tickers {
            return Err(wrong("streams", "", "at least one stream"));
        }
        if let Some(levels) = self.streams.book.filter(|levels| !matches!(levels, 1 | 5 | 15 | 30)) {
            return Err(wrong("book levels", &levels.to_string(), "1, 5, 15 or 30"));
        }
        Ok(())
    }

    /// What to send after each private connect: our orders, our assets; the answer to the last line says that the rest was heard.
    pub(super) fn private_subscription(&self) -> Vec<String> {
        let wanted = ["myOrder", "myAsset"].map(|kind| Wanted::of(kind, Vec::new())).to_vec();
        let subscription = Request::Subscribe { ticket: "jangbu".into(), wanted, format: self.format };
        vec![subscription.text(), "PING".to_owned()]
    }

    /// What to send after each connect.
    pub(super) fn subscription(&self) -> String {
        let codes = || self.symbols.iter().map(|(symbol, _)| symbol.to_uppercase());
        let mut wanted = Vec::new();
        if self.streams.tickers {
            wanted.push(Wanted::of("ticker", codes().collect()));
        }
        if self.streams.trades {
            wanted.push(Wanted::of("trade", codes().collect()));
        }
        if let Some(levels) = self.streams.book {
            wanted.push(Wanted::of("orderbook", codes().map(|code| format!("{code}.{levels}")).collect()));
        }
        if self.streams.candles {
            wanted.push(Wanted::of("candle.1m", codes().collect()));
        }
        Request::Subscribe { ticket: "jangbu".into(), wanted, format: self.format }.text()
    }
}

fn check_url(setting: &'static str, text: &str, schemes: [&str; 2], allow_plain: bool) -> Result<(), VenueError> {
    // The text itself may hold a password: it is shown only when it is known to hold none.
    let wrong = |seen: &str, expected| VenueError::Setting { venue: Venue::Upbit, setting, seen: seen.into(), expected };
    let url = Url::parse(text).map_err(|_| wrong("(hidden)", "a URL like https://host"))?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(wrong("(hidden)", "a URL without user, password and query"));
    }
    let [secure, plain] = schemes;
    if url.scheme() != secure && url.scheme() != plain {
        return Err(wrong(text, "https and wss URLs"));
    }
    let host = url.host_str().unwrap_or("").trim_matches(['[', ']']);
    let is_loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if url.scheme() == plain && !allow_plain && !is_loopback {
        return Err(wrong(text, "https or wss, unless the host is this machine (127.0.0.1) or allow_plain is set"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_told() {
        let check = |change: fn(&mut UpbitConfig), expected: &str| {
            let mut config = UpbitConfig::new(vec![("KRW-BTC".into(), InstrumentId(0))]);
            change(&mut config);
            let said = config.check().err().map_or(String::new(), |error| error.to_string());
            assert!(if expected.is_empty() { said.is_empty() } else { said.contains(expected) }, "{expected}: {said}");
        };
        check(|_| {}, "");
        check(|config| config.symbols.clear(), "symbols");
        check(|config| config.symbols.push(("krw-btc".into(), InstrumentId(1))), "each once");
        check(|config| config.symbols.push(("BTCUSDT".into(), InstrumentId(1))), "BTCUSDT");
        check(|config| config.rest_url = "http://api.upbit.com".into(), "allow_plain");
        check(|config| config.ws_url = "ws://127.0.0.1:9000".into(), "");
        check(|config| config.ws_url = "wss://user:secret@host".into(), "(hidden)");
        check(|config| config.streams.book = Some(7), "1, 5, 15 or 30");
        check(|config| config.streams = Streams { trades: false, book: None, tickers: false, candles: false }, "streams");
        check(|config| config.patience.backoff_min = Duration::ZERO, "backoff");
    }

    #[test]
    fn the_subscription_names_every_market() {
        let config = UpbitConfig::new(vec![("krw-btc".into(), InstrumentId(0))]).at_endpoint("ws://127.0.0.1:1/");
        assert_eq!((config.rest_url.as_str(), config.ws_url.as_str()), ("http://127.0.0.1:1", "ws://127.0.0.1:1"));
        assert_eq!(
            config.subscription(),
            r#"[{"ticket":"jangbu"},{"codes":["KRW-BTC"],"type":"ticker"},{"codes":["KRW-BTC"],"type":"trade"},{"codes":["KRW-BTC.15"],"type":"orderbook"},{"format":"SIMPLE"}]"#
        );
    }
}
