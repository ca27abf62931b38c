//! Settings of the gateway: [`BinanceConfig`]. Nothing here is secret: market data need no key.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;

use crate::config::RawFrames;
use crate::market::{Fees, InstrumentId, Money, Rate, Rounding, Venue};
use crate::venue::VenueError;

/// Streams one connection carries. The venue allows 1,024; fewer keep one loss small (and the URL short).
pub const STREAMS_PER_CONNECTION_MAX: usize = 200;

/// How a gateway connects, what it listens to, and how patient it is.
#[derive(Clone, Debug)]
pub struct BinanceConfig {
    /// [`Venue::BinanceSpot`] or [`Venue::BinanceUsdM`].
    pub venue: Venue,
    /// REST root, without path: `https://api.binance.com`.
    pub rest_url: String,
    /// Stream root, without path: `wss://stream.binance.com:9443`.
    pub ws_url: String,
    /// Root of spot's WebSocket API, without path: `wss://ws-api.binance.com:443`. Futures have their user data at `ws_url`.
    pub ws_api_url: String,
    /// Futures serve books and quotes under `/public`, the rest under `/market`; spot and the emulator serve all under one root.
    pub split_roots: bool,
    /// Whether `http:` and `ws:` may go further than this machine.
    pub allow_plain: bool,
    /// What to listen to, by the venue's symbol, and its number in the journal.
    pub symbols: Vec<(String, InstrumentId)>,
    /// Which streams, of every symbol.
    pub streams: Streams,
    /// Which raw frames go to the journal. Those about orders never come here, so `Orders` keeps none. With `All` no quote is
    /// conflated, so that `replay --reparse` can compare every event.
    pub raw: RawFrames,
    /// Fees of every instrument: the venue tells them only to the account's owner.
    pub fees: Fees,
    /// Levels a side in a snapshot: 5 to 5,000 on spot, 5 to 1,000 on futures.
    pub snapshot_levels: u32,
    /// Patience.
    pub patience: Patience,
    /// Patience with orders and the account.
    pub account: AccountPatience,
    /// Leverage to set for every symbol at the start; futures. `None` leaves it as it is.
    pub leverage: Option<u16>,
    /// Kind of margin to set for every symbol at the start; futures. `None` leaves it as it is.
    pub margin: Option<Margin>,
    /// Whether a key that may withdraw is taken; spot, where the venue tells.
    pub may_withdraw: bool,
}

/// What stands for the losses of a future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Margin {
    /// The whole wallet.
    Cross,
    /// What was set aside for the position.
    Isolated,
}

impl Margin {
    /// The venue's word.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Margin::Cross => "CROSSED",
            Margin::Isolated => "ISOLATED",
        }
    }
}

/// How long to wait for what, where orders and the account are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountPatience {
    /// How old a request may be when the venue looks at it, milliseconds; at most 60,000.
    pub recv_window_ms: u32,
    /// For an answer to a signed request. The venue's own limit is 10 s.
    pub answer: Duration,
    /// Before the venue is asked what became of a request that was not answered.
    pub resolve: Duration,
    /// Between looks for orders of which nothing was heard.
    pub audit: Duration,
    /// Between measures of the venue's clock.
    pub measure: Duration,
    /// Between renewals of futures' listen key, which lives an hour.
    pub keep_alive: Duration,
}

impl Default for AccountPatience {
    fn default() -> Self {
        AccountPatience {
            recv_window_ms: 5_000,
            answer: Duration::from_secs(10),
            resolve: Duration::from_secs(1),
            audit: Duration::from_secs(60),
            measure: Duration::from_secs(600),
            keep_alive: Duration::from_secs(30 * 60),
        }
    }
}

/// Which streams of a symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Streams {
    /// Trades.
    pub trades: TradeStream,
    /// Best bid and ask.
    pub quotes: bool,
    /// The book, by the speed of its stream: `100ms`, `0ms` …; empty for the venue's default.
    pub depth: Option<String>,
    /// The venue's bars: `1m`, `1h` …
    pub bars: Option<String>,
    /// Futures: mark price and funding, each second.
    pub marks: bool,
}

/// Which stream of trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeStream {
    /// None.
    Off,
    /// Every trade (`@trade`).
    Each,
    /// The fills of one taker order at one price as one (`@aggTrade`): the documented one on futures.
    Aggregate,
}

/// How long to wait for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, and for an answer of the REST interface.
    pub connect: Duration,
    /// Between our own pings. The venue takes at most five messages a second.
    pub ping: Duration,
    /// For any sign of life, pongs included.
    pub silence: Duration,
    /// For a frame with market data: a connection can live and bring nothing.
    pub stale: Duration,
    /// A connection is replaced when it is this old; the venue cuts it after 24 h.
    pub life: Duration,
    /// How long the old connection is read on beside its successor.
    pub overlap: Duration,
    /// First pause before another try.
    pub backoff_min: Duration,
    /// Longest pause.
    pub backoff_max: Duration,
    /// Seed of the pauses' jitter.
    pub jitter_seed: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            connect: Duration::from_secs(10),
            ping: Duration::from_secs(20),
            silence: Duration::from_secs(60),
            stale: Duration::from_secs(60),
            life: Duration::from_secs(23 * 3_600 + 50 * 60),
            overlap: Duration::from_millis(500),
            backoff_min: Duration::from_millis(250),
            backoff_max: Duration::from_secs(30),
            jitter_seed: 1,
        }
    }
}

impl BinanceConfig {
    /// Spot at its real hosts: every trade, quotes, the book each 100 ms. Fees 0.1 % both sides, the schedule's first tier.
    pub fn spot(symbols: Vec<(String, InstrumentId)>) -> Self {
        BinanceConfig {
            venue: Venue::BinanceSpot,
            rest_url: "https://api.binance.com".into(),
            ws_url: "wss://stream.binance.com:9443".into(),
            ws_api_url: "wss://ws-api.binance.com:443".into(),
            split_roots: false,
            allow_plain: false,
            symbols,
            streams: Streams { trades: TradeStream::Each, quotes: true, depth: Some("100ms".into()), bars: None, marks: false },
            raw: RawFrames::Off,
            fees: fees(100_000, 100_000),
            snapshot_levels: 1_000,
            patience: Patience::default(),
            account: AccountPatience::default(),
            leverage: None,
            margin: None,
            may_withdraw: false,
        }
    }

    /// USDⓈ-M futures at their real hosts: aggregate trades, quotes, the book each 100 ms. Fees 0.02 %, 0.05 %: the first tier.
    pub fn usd_m(symbols: Vec<(String, InstrumentId)>) -> Self {
        BinanceConfig {
            venue: Venue::BinanceUsdM,
            rest_url: "https://fapi.binance.com".into(),
            ws_url: "wss://fstream.binance.com".into(),
            split_roots: true,
            streams: Streams {
                trades: TradeStream::Aggregate,
                quotes: true,
                depth: Some("100ms".into()),
                bars: None,
                marks: false,
            },
            fees: fees(20_000, 50_000),
            ..BinanceConfig::spot(symbols)
        }
    }

    /// The same, but at one address that speaks plain HTTP and WebSocket on one port: an emulator.
    #[must_use]
    pub fn at(self, address: std::net::SocketAddr) -> Self {
        self.at_endpoint(&format!("ws://{address}"))
    }

    /// The same, but at one root for streams and REST: `ws://127.0.0.1:9443`, `wss://proxy.example`.
    #[must_use]
    pub fn at_endpoint(mut self, url: &str) -> Self {
        let url = url.trim_end_matches('/');
        // `ws` is to `http` as `wss` is to `https`.
        let rest = url.strip_prefix("ws").or_else(|| url.strip_prefix("http")).unwrap_or(url);
        (self.rest_url, self.ws_url) = (format!("http{rest}"), format!("ws{rest}"));
        self.ws_api_url.clone_from(&self.ws_url);
        self.split_roots = false;
        self
    }

    /// Says what makes no sense in it.
    ///
    /// # Errors
    /// The first such setting.
    pub fn check(&self) -> Result<(), VenueError> {
        let wrong =
            |setting, seen: &str, expected| VenueError::Setting { venue: self.venue, setting, seen: seen.into(), expected };
        if !matches!(self.venue, Venue::BinanceSpot | Venue::BinanceUsdM) {
            return Err(wrong("venue", self.venue.name(), "binance-spot or binance-usdm"));
        }
        if self.symbols.is_empty() {
            return Err(wrong("symbols", "", "at least one symbol"));
        }
        for (index, (symbol, _)) in self.symbols.iter().enumerate() {
            let fits = !symbol.is_empty() && symbol.len() <= 40 && !symbol.contains(['/', '@', '?', '&', '#', '"', '\\', ' ']);
            if !fits || self.symbols[..index].iter().any(|(earlier, _)| earlier.eq_ignore_ascii_case(symbol)) {
                return Err(wrong("symbols", symbol, "the venue's symbols like BTCUSDT, each once"));
            }
        }
        self.check_url("rest_url", &self.rest_url, ["https", "http"])?;
        self.check_url("ws_url", &self.ws_url, ["wss", "ws"])?;
        self.check_url("ws_api_url", &self.ws_api_url, ["wss", "ws"])?;
        if !(1..=60_000).contains(&self.account.recv_window_ms) {
            return Err(wrong("recv_window_ms", &self.account.recv_window_ms.to_string(), "1 to 60000"));
        }
        if self.patience.backoff_min.is_zero() || self.patience.backoff_max < self.patience.backoff_min {
            return Err(wrong(
                "backoff_max",
                &format!("{:?}", self.patience.backoff_max),
                "at least backoff_min, which is above 0",
            ));
        }
        if self.connections().is_empty() {
            return Err(wrong("streams", "", "at least one stream"));
        }
        Ok(())
    }

    fn check_url(&self, setting: &'static str, text: &str, schemes: [&str; 2]) -> Result<(), VenueError> {
        // The text itself may hold a password: it is shown only when it is known to hold none.
        let wrong = |seen: &str, expected| VenueError::Setting { venue: self.venue, setting, seen: seen.into(), expected };
        let url = Url::parse(text).map_err(|_| wrong("(hidden)", "a URL like https://host"))?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(wrong("(hidden)", "a URL without user, password and query"));
        }
        let [secure, plain] = schemes;
        if url.scheme() != secure && url.scheme() != plain {
            return Err(wrong(text, "https and wss URLs"));
        }
        if url.scheme() == plain && !self.allow_plain && !is_loopback(&url) {
            return Err(wrong(text, "https or wss, unless the host is this machine (127.0.0.1) or allow_plain is set"));
        }
        Ok(())
    }

    /// Every connection to be made: its streams, and the instruments whose books it carries.
    pub(super) fn connections(&self) -> Vec<Connection> {
        self.connections_of(usize::MAX)
    }

    /// The same in at most so many connections: what would need another goes with the last of its root.
    pub(super) fn connections_of(&self, most: usize) -> Vec<Connection> {
        let roots: &[(&str, bool, bool)] =
            if self.split_roots { &[("/public", true, false), ("/market", false, true)] } else { &[("", true, true)] };
        let per_root = most / roots.len();
        let mut connections = Vec::new();
        for &(root, with_books, with_trades) in roots {
            let first = connections.len();
            let named: Vec<(String, Option<InstrumentId>)> =
                self.symbols.iter().flat_map(|(symbol, id)| self.names(symbol, *id, with_books, with_trades)).collect();
            for chunk in named.chunks(STREAMS_PER_CONNECTION_MAX) {
                let names = chunk.iter().map(|(name, _)| name.clone());
                let books = chunk.iter().filter_map(|(_, book)| *book);
                if connections.len() - first >= per_root
                    && let Some(Connection { names: last, books: last_books, .. }) = connections.last_mut()
                {
                    last.extend(names);
                    last_books.extend(books);
                    continue;
                }
                let root = format!("{}{root}/stream", self.ws_url.trim_end_matches('/'));
                connections.push(Connection { root, names: names.collect(), books: books.collect() });
            }
        }
        connections
    }

    fn names(&self, symbol: &str, id: InstrumentId, with_books: bool, with_trades: bool) -> Vec<(String, Option<InstrumentId>)> {
        let symbol = symbol.to_lowercase();
        let mut names = Vec::new();
        if with_books {
            if self.streams.quotes {
                names.push((format!("{symbol}@bookTicker"), None));
            }
            match self.streams.depth.as_deref() {
                Some("") => names.push((format!("{symbol}@depth"), Some(id))),
                Some(speed) => names.push((format!("{symbol}@depth@{speed}"), Some(id))),
                None => {}
            }
        }
        if with_trades {
            match self.streams.trades {
                TradeStream::Off => {}
                TradeStream::Each => names.push((format!("{symbol}@trade"), None)),
                TradeStream::Aggregate => names.push((format!("{symbol}@aggTrade"), None)),
            }
            if let Some(span) = &self.streams.bars {
                names.push((format!("{symbol}@kline_{span}"), None));
            }
            if self.streams.marks && self.venue == Venue::BinanceUsdM {
                names.push((format!("{symbol}@markPrice@1s"), None));
            }
        }
        names
    }
}

/// A connection to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Connection {
    /// Its address, without streams.
    pub root: String,
    /// Its streams.
    pub names: Vec<String>,
    /// The instruments whose books it carries.
    pub books: Vec<InstrumentId>,
}

impl Connection {
    /// The address with streams.
    pub(super) fn url(root: &str, names: &[String]) -> String {
        format!("{root}?streams={}", names.join("/"))
    }
}

fn fees(maker: i64, taker: i64) -> Fees {
    let unit = Money::from_raw(1);
    Fees {
        maker: Rate::from_raw(maker),
        taker: Rate::from_raw(taker),
        sell_tax: Rate::ZERO,
        fee_unit: unit,
        tax_unit: unit,
        rounding: Rounding::Ceiling,
    }
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn btc() -> Vec<(String, InstrumentId)> {
        vec![("BTCUSDT".into(), InstrumentId(0))]
    }

    #[test]
    fn streams_are_split_as_the_venue_wants() {
        let urls = |config: &BinanceConfig| {
            config.connections().into_iter().map(|c| Connection::url(&c.root, &c.names)).collect::<Vec<_>>()
        };
        assert_eq!(
            urls(&BinanceConfig::spot(btc())),
            ["wss://stream.binance.com:9443/stream?streams=btcusdt@bookTicker/btcusdt@depth@100ms/btcusdt@trade"]
        );
        let mut futures = BinanceConfig::usd_m(btc());
        futures.streams.depth = Some("0ms".into());
        assert_eq!(
            urls(&futures),
            [
                "wss://fstream.binance.com/public/stream?streams=btcusdt@bookTicker/btcusdt@depth@0ms",
                "wss://fstream.binance.com/market/stream?streams=btcusdt@aggTrade",
            ]
        );
        assert_eq!(futures.connections()[0].books, [InstrumentId(0)]);
        let many = (0..150).map(|id| (format!("S{id}"), InstrumentId(id))).collect();
        assert_eq!(BinanceConfig::spot(many).connections().len(), 3);
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let check = |change: fn(&mut BinanceConfig), expected: &str| {
            let mut config = BinanceConfig::spot(btc());
            change(&mut config);
            match config.check() {
                Ok(()) => assert_eq!(expected, "", "it should be refused"),
                Err(error) => assert!(!expected.is_empty() && error.to_string().contains(expected), "{error}"),
            }
        };
        check(|_| {}, "");
        check(|c| c.venue = Venue::Upbit, "venue");
        check(|c| c.symbols.clear(), "symbols");
        check(|c| c.symbols.push(("btcusdt".into(), InstrumentId(1))), "each once");
        check(|c| c.symbols.push(("A/B".into(), InstrumentId(1))), "A/B");
        check(|c| c.rest_url = "http://api.binance.com".into(), "allow_plain");
        check(|c| c.ws_url = "ws://127.0.0.1:9000".into(), "");
        check(|c| c.ws_url = "ws://[::1]:9000".into(), "");
        check(|c| c.ws_url = "ws://localhost.evil.com".into(), "allow_plain");
        check(|c| c.ws_url = "wss://user:secret@host".into(), "(hidden)");
        check(|c| c.ws_url = "ftp://host".into(), "ws_url");
        check(|c| c.patience.backoff_min = Duration::ZERO, "backoff");
        check(|c| (c.rest_url, c.allow_plain) = ("http://10.0.0.1".into(), true), "");
    }
}
