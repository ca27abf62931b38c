//! What an emulator is asked to be: its markets, its speed, and the faults it is to have.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::private::AccountConfig;
use crate::market::{Money, Rate};
use crate::venue::faults::FaultPlan;

/// Which of Binance's two venues a listener speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MarketKind {
    /// Spot: `/api/v3`, streams at `/ws` and `/stream`.
    Spot,
    /// USDⓈ-M futures: `/fapi/v1`, streams at `/public/…`, `/market/…` and, as before April 2026, without a prefix.
    UsdM,
}

/// Where a market's frames come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A recorded tape, plain or gzip, in combined-stream form.
    Tape(PathBuf),
    /// A made-up market that runs for ever. The same seed makes the same prices, ids and quantities.
    Synthetic {
        /// Upper-case symbols; empty means `BTCUSDT` and `ETHUSDT`.
        symbols: Vec<String>,
        /// What the market is made from.
        seed: u64,
    },
}

/// One market: a listener of its own, playing one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketSource {
    /// Which protocol it speaks.
    pub kind: MarketKind,
    /// What it plays.
    pub source: Source,
    /// The address to listen at, if it must be a certain one; otherwise [`EmulatorConfig::bind`].
    pub bind: Option<SocketAddr>,
}

impl MarketSource {
    /// A market that plays a tape.
    pub fn tape(kind: MarketKind, path: impl Into<PathBuf>) -> Self {
        Self { kind, source: Source::Tape(path.into()), bind: None }
    }

    /// A made-up market of `BTCUSDT` and `ETHUSDT`.
    pub fn synthetic(kind: MarketKind, seed: u64) -> Self {
        Self { kind, source: Source::Synthetic { symbols: Vec::new(), seed }, bind: None }
    }
}

/// How fast a source is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// So many times the recorded pace: 1.0 keeps the recorded gaps, 10.0 makes them a tenth. Above 0 and finite.
    Times(f64),
    /// As fast as the sockets take it. Nothing is dropped: a slow reader slows the market.
    Max,
}

/// When a source begins to play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At once; who comes late misses what was before.
    AtOnce,
    /// When the first stream has a subscriber.
    FirstSubscriber,
    /// When every stream that the source plays has a subscriber, so that no frame is missed over two connections.
    /// The streams of a tape are those in its first 2,000 frames.
    EveryStream,
}

/// What happens to the connections when a tape has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// They stay open and silent but for pings; REST keeps answering.
    KeepOpen,
    /// They are closed after the last frame (close code 1000). REST keeps answering.
    CloseWhenDone,
}

/// Faults on demand. All are off by default; counts are of market frames of one connection, so they do not depend on timing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// Leaves out every n-th frame: a gap in the order book's ids, when it hits a depth frame.
    pub drop_every_n: Option<u64>,
    /// Sends every n-th frame twice.
    pub duplicate_every_n: Option<u64>,
    /// Sends something that is no frame after every n-th frame.
    pub garbage_every_n: Option<u64>,
    /// Cuts the connection, without a close frame, after so many frames.
    pub disconnect_after_n: Option<u64>,
    /// Announces `serverShutdown` and closes after so many frames.
    pub shutdown_after_n: Option<u64>,
    /// Sends no more market frames after so many, but keeps the connection and its pings.
    pub silence_after_n: Option<u64>,
    /// Sends no pings.
    pub no_pings: bool,
    /// Answers every n-th REST call with HTTP 503 and code -1000.
    pub rest_error_every_n: Option<u64>,
    /// Waits so long before a depth snapshot that was already taken is sent: it is then older than the frames.
    pub depth_delay: Option<Duration>,
    /// What garbage is made from.
    pub seed: u64,
}

/// The venue's limits; [`Limits::of`] gives the real ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How often the server pings.
    pub ping_interval: Duration,
    /// How long it waits for any pong before it closes.
    pub pong_timeout: Duration,
    /// How long a connection may live.
    pub connection_life_max: Duration,
    /// Incoming messages a second (pings, pongs and requests); more close the connection.
    pub messages_per_second_max: u32,
    /// Streams of one connection; more close the connection.
    pub streams_max: usize,
    /// REST weight a minute; more are answered 429.
    pub weight_per_minute_max: u32,
}

impl Limits {
    /// The limits that the venue documents.
    pub fn of(kind: MarketKind) -> Self {
        let day = Duration::from_secs(24 * 60 * 60);
        match kind {
            MarketKind::Spot => Self {
                ping_interval: Duration::from_secs(20),
                pong_timeout: Duration::from_secs(60),
                connection_life_max: day,
                messages_per_second_max: 5,
                streams_max: 1024,
                weight_per_minute_max: 6000,
            },
            MarketKind::UsdM => Self {
                ping_interval: Duration::from_secs(180),
                pong_timeout: Duration::from_secs(600),
                connection_life_max: day,
                messages_per_second_max: 10,
                streams_max: 1024,
                weight_per_minute_max: 2400,
            },
        }
    }
}

/// Funding of futures positions, on demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Funding {
    /// How often it is charged.
    pub every: Duration,
    /// What longs pay of their positions' value; below 0 shorts pay.
    pub rate: Rate,
}

/// A deposit or a withdrawal, on demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// So long after the start.
    pub after: Duration,
    /// Of what.
    pub asset: String,
    /// How much comes; below 0 it goes.
    pub amount: Money,
}

/// Everything an emulator is told.
#[derive(Debug, Clone, PartialEq)]
pub struct EmulatorConfig {
    /// Where markets listen that name no address of their own; port 0 takes a free one. Only loopback is accepted.
    pub bind: SocketAddr,
    /// One or both kinds, each at most once.
    pub markets: Vec<MarketSource>,
    /// How fast they play.
    pub speed: Speed,
    /// When they begin.
    pub start: Start,
    /// What happens when a tape has ended.
    pub end: End,
    /// How long a tape waits, at a depth snapshot recorded in it, for a client to ask for it. The client then gets the
    /// very snapshot the recorder got, at the same place in the stream. Zero does not wait.
    pub snapshot_hold: Duration,
    /// What goes wrong.
    pub faults: Faults,
    /// Accounts that may trade, on every market alike. Without any, no order is taken.
    pub accounts: Vec<AccountConfig>,
    /// What goes wrong with orders and user data streams: `lost-ack`, `storm`, `drop`, `duplicate`, `garbage`, `disconnect`.
    pub account_faults: FaultPlan,
    /// Funding of futures, if there is to be any.
    pub funding: Option<Funding>,
    /// What comes to the first account, and goes.
    pub transfers: Vec<Transfer>,
    /// How often the server pings, if not as the venue does.
    pub ping_interval: Option<Duration>,
    /// How long the server waits for a pong, if not as the venue does.
    pub pong_timeout: Option<Duration>,
    /// How long a connection lives, if not as the venue does.
    pub connection_life_max: Option<Duration>,
}

impl Default for EmulatorConfig {
    /// No market, on a free loopback port, at the recorded pace, from the first subscriber on.
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            markets: Vec::new(),
            speed: Speed::Times(1.0),
            start: Start::FirstSubscriber,
            end: End::KeepOpen,
            snapshot_hold: Duration::from_secs(2),
            faults: Faults::default(),
            accounts: Vec::new(),
            account_faults: FaultPlan::default(),
            funding: None,
            transfers: Vec::new(),
            ping_interval: None,
            pong_timeout: None,
            connection_life_max: None,
        }
    }
}

impl EmulatorConfig {
    /// One market with everything else as by default.
    pub fn of(market: MarketSource) -> Self {
        Self { markets: vec![market], ..Self::default() }
    }

    /// The limits of one market: the venue's, with what is set here in their place.
    pub(super) fn limits(&self, kind: MarketKind) -> Limits {
        let mut limits = Limits::of(kind);
        if let Some(interval) = self.ping_interval {
            limits.ping_interval = interval;
        }
        if let Some(timeout) = self.pong_timeout {
            limits.pong_timeout = timeout;
        }
        if let Some(life) = self.connection_life_max {
            limits.connection_life_max = life;
        }
        limits
    }

    /// What is wrong with it, if anything.
    pub(super) fn problem(&self) -> Option<String> {
        if self.markets.is_empty() {
            return Some("no market: expected a tape or a synthetic market of at least one kind".into());
        }
        for (index, market) in self.markets.iter().enumerate() {
            if self.markets[..index].iter().any(|other| other.kind == market.kind) {
                return Some(format!("market {:?} given twice: expected each kind at most once", market.kind));
            }
            let bind = market.bind.unwrap_or(self.bind);
            if !bind.ip().is_loopback() {
                return Some(format!("address {bind}: expected a loopback address such as 127.0.0.1"));
            }
        }
        match self.speed {
            Speed::Times(times) if !(times.is_finite() && times > 0.0) => {
                Some(format!("speed {times}: expected a finite number above 0, or max"))
            }
            Speed::Times(_) | Speed::Max => None,
        }
    }
}
