//! Settings of the gateway: [`KiwoomConfig`].

use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;

use super::wire::request::{GROUP_ITEMS_MAX, RealType};
use super::wire::symbol::Exchange;
use crate::config::{RawFrames, Stream};
use crate::market::{InstrumentId, Venue};
use crate::venue::VenueError;

/// The host of the mock environment (모의투자).
const MOCK_HOST: &str = "mockapi.kiwoom.com";
/// Where the WebSocket is, on whatever host.
const SOCKET_PATH: &str = "/api/dostk/websocket";
/// Conditions watched at once, per login. Source: the broker's policy (fact sheet 1.7).
pub const CONDITIONS_MAX: usize = 10;
/// Among the names of conditions: every one of the account, up to [`CONDITIONS_MAX`].
pub const ALL_CONDITIONS: &str = "*";

/// How a gateway connects, what it listens to, and how patient it is.
#[derive(Clone, Debug)]
pub struct KiwoomConfig {
    /// Root of the REST interface: `https://api.kiwoom.com`.
    pub rest_url: String,
    /// The WebSocket, with its path.
    pub ws_url: String,
    /// The mock environment: fees are higher there.
    pub mock: bool,
    /// Where orders go and quotes come from.
    pub exchange: Exchange,
    /// What to listen to from the start: codes, and their numbers in the journal.
    pub symbols: Vec<(String, InstrumentId)>,
    /// The account the key must be of; `None` is any.
    pub account: Option<String>,
    /// Which streams, of every stock that is watched.
    pub streams: Vec<RealType>,
    /// Names (or numbers) of the conditions to watch.
    pub conditions: Vec<String>,
    /// Which raw frames go to the journal.
    pub raw: RawFrames,
    /// How fast requests may be.
    pub pace: Pace,
    /// Patience.
    pub patience: Patience,
}

/// How fast requests may be: each kind of request has a bucket of its own, the four kinds of orders one together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Requests of a bucket at once.
    pub burst: u32,
    /// After that, one each such span.
    pub every: Duration,
    /// Pause of a bucket after a 429 or a 1700; twice that after the second in a row, and so on.
    pub penalty: Duration,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, and for the answer to LOGIN.
    pub connect: Duration,
    /// For the answer to a request. Of an order without one nobody knows what became of it.
    pub answer: Duration,
    /// For any frame: the server sends a PING each ten seconds.
    pub silence: Duration,
    /// How long before its expiry a token is asked for anew.
    pub token_margin: Duration,
    /// Between two looks at what became of orders (ka10075, ka10076). These lag the market by a moment.
    pub look: Duration,
    /// How long after an unanswered request it may still arrive at the exchange, longer than any front of the broker's holds one.
    /// Looks count as proof that it did not arrive only after that. By the clock of the stamps.
    pub settle: Duration,
    /// Between two looks at resting orders that nobody asks about: a report may have been lost.
    pub audit: Duration,
    /// First pause before another try to connect.
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
            answer: Duration::from_secs(10),
            silence: Duration::from_secs(45),
            token_margin: Duration::from_secs(600),
            look: Duration::from_secs(2),
            settle: Duration::from_secs(10),
            audit: Duration::from_secs(30),
            backoff_min: Duration::from_secs(1),
            backoff_max: Duration::from_secs(300),
            jitter_seed: 1,
        }
    }
}

impl KiwoomConfig {
    /// The real environment. Measured there: about one request of a kind each second, two at once (fact sheet 1.7); the policy says
    /// five. Between the two.
    pub fn real(symbols: Vec<(String, InstrumentId)>) -> Self {
        KiwoomConfig {
            rest_url: "https://api.kiwoom.com".into(),
            ws_url: format!("wss://api.kiwoom.com:10000{SOCKET_PATH}"),
            mock: false,
            exchange: Exchange::Krx,
            symbols,
            account: None,
            streams: vec![RealType::Trades, RealType::Best, RealType::Book],
            conditions: Vec::new(),
            raw: RawFrames::Off,
            pace: Pace { burst: 2, every: Duration::from_millis(250), penalty: Duration::from_millis(1_100) },
            patience: Patience::default(),
        }
    }

    /// The same at another place: the mock environment by its host (which allows one request of a kind a second), or anything that
    /// speaks both protocols on one port, like the emulator: `ws://127.0.0.1:9443`.
    #[must_use]
    pub fn at_endpoint(mut self, text: &str) -> Self {
        let text = text.trim_end_matches('/');
        if text.contains(MOCK_HOST) {
            self.rest_url = format!("https://{MOCK_HOST}");
            self.ws_url = format!("wss://{MOCK_HOST}:10000{SOCKET_PATH}");
            self.mock = true;
            self.pace = Pace { burst: 1, every: Duration::from_millis(1_100), ..self.pace };
            return self;
        }
        // `ws` is to `http` as `wss` is to `https`.
        let rest = text.strip_prefix("ws").or_else(|| text.strip_prefix("http")).unwrap_or(text);
        (self.rest_url, self.ws_url) = (format!("http{rest}"), format!("ws{rest}{SOCKET_PATH}"));
        self
    }

    /// For an emulator in this process whose day is over in seconds, `speed` of its own in one of ours: what is patient with a real
    /// broker would miss it.
    #[must_use]
    pub fn in_a_hurry(mut self, speed: u32) -> Self {
        self.pace = Pace { burst: 100, every: Duration::from_millis(5), penalty: Duration::from_millis(50) };
        self.patience = Patience {
            answer: Duration::from_secs(5),
            look: Duration::from_millis(50),
            // Counted in the broker's time, as stamps are.
            settle: Duration::from_millis(500) * speed,
            audit: Duration::from_millis(200),
            backoff_min: Duration::from_millis(10),
            backoff_max: Duration::from_millis(100),
            ..self.patience
        };
        self
    }

    /// What to register for of a stock, by the words of the settings.
    pub fn types(streams: &[Stream]) -> Vec<RealType> {
        let asked = |stream| streams.contains(&stream);
        let rows = [
            (RealType::Trades, asked(Stream::Trades) || asked(Stream::EveryTrade)),
            (RealType::Best, asked(Stream::Quotes)),
            (RealType::Book, asked(Stream::Book)),
        ];
        rows.into_iter().filter(|row| row.1).map(|row| row.0).collect()
    }

    /// Says what makes no sense in it.
    ///
    /// # Errors
    /// The first such setting.
    pub fn check(&self) -> Result<(), VenueError> {
        let wrong = |setting, seen: &str, expected| VenueError::Setting {
            venue: Venue::Kiwoom,
            setting,
            seen: seen.to_owned(),
            expected,
        };
        for (index, (code, _)) in self.symbols.iter().enumerate() {
            let fits = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if !fits || self.symbols[..index].iter().any(|(earlier, _)| earlier == code) {
                return Err(wrong("symbols", code, "codes of six characters like 005930, each once"));
            }
        }
        if self.symbols.len() > GROUP_ITEMS_MAX * 90 {
            return Err(wrong("symbols", &self.symbols.len().to_string(), "at most 9000 stocks"));
        }
        if self.mock && self.exchange != Exchange::Krx {
            return Err(wrong("exchange", &self.exchange.to_string(), "KRX: the mock environment has no other"));
        }
        if self.conditions.len() > CONDITIONS_MAX {
            return Err(wrong(
                "conditions",
                &self.conditions.len().to_string(),
                "at most 10: the broker watches no more at once",
            ));
        }
        if self.pace.burst == 0 || self.patience.backoff_min.is_zero() || self.patience.backoff_max < self.patience.backoff_min {
            return Err(wrong("pace", &format!("{:?}", self.pace), "a burst above 0, and pauses that grow"));
        }
        check_url("rest_url", &self.rest_url, ["https", "http"])?;
        check_url("ws_url", &self.ws_url, ["wss", "ws"])
    }
}

/// Keys and tokens go there: anything but this machine must be reached through TLS.
fn check_url(setting: &'static str, text: &str, [secure, plain]: [&str; 2]) -> Result<(), VenueError> {
    // The text itself may hold a password: it is shown only when it is known to hold none.
    let wrong = |seen: &str, expected| VenueError::Setting { venue: Venue::Kiwoom, setting, seen: seen.to_owned(), expected };
    let url = Url::parse(text).map_err(|_| wrong("(hidden)", "a URL like https://host"))?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(wrong("(hidden)", "a URL without user, password and query"));
    }
    let host = url.host_str().unwrap_or("").trim_start_matches('[').trim_end_matches(']');
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        scheme if scheme == secure => Ok(()),
        scheme if scheme == plain && here => Ok(()),
        _ => Err(wrong(text, "https and wss, unless the host is this machine (127.0.0.1): keys go there")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_the_mock_environment_or_one_port_for_both() {
        let mock = KiwoomConfig::real(Vec::new()).at_endpoint("wss://mockapi.kiwoom.com:10000");
        assert_eq!((mock.rest_url.as_str(), mock.mock), ("https://mockapi.kiwoom.com", true));
        assert!(mock.ws_url.starts_with("wss://mockapi.kiwoom.com:10000/api/dostk/"), "{}", mock.ws_url);
        let here = KiwoomConfig::real(Vec::new()).at_endpoint("ws://127.0.0.1:9443/");
        assert_eq!(here.rest_url, "http://127.0.0.1:9443");
        assert_eq!(here.ws_url, "ws://127.0.0.1:9443/api/dostk/websocket");
        assert!(here.check().is_ok() && !here.mock);
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let check = |change: fn(&mut KiwoomConfig)| {
            let mut config = KiwoomConfig::real(vec![("005930".into(), InstrumentId(0))]);
            change(&mut config);
            config.check().err().map_or(String::new(), |error| error.to_string())
        };
        assert_eq!(check(|_| {}), "");
        assert!(check(|c| c.rest_url = "http://api.kiwoom.com".into()).contains("https"));
        assert!(check(|c| c.ws_url = "ws://localhost.evil.com".into()).contains("127.0.0.1"));
        let hidden = check(|c| c.rest_url = "https://user:CANARY@api.kiwoom.com".into());
        assert!(hidden.contains("without user") && !hidden.contains("CANARY"), "{hidden}");
        assert!(check(|c| c.symbols.push(("5930".into(), InstrumentId(1)))).contains("six characters"));
        assert!(check(|c| c.symbols.push(("005930".into(), InstrumentId(1)))).contains("each once"));
        assert!(check(|c| c.conditions = vec![String::new(); 11]).contains("at most 10"));
    }
}
