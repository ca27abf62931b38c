//! Settings: a TOML file, overridden by `JANGBU_…` environment variables, overridden by flags.
//!
//! ```text
//! defaults → file → environment → flags → Config
//! ```
//!
//! Every single value is one row of [`keys::KEYS`]: its name, what it accepts, what it means. The commented file of
//! `config init`, the check, the overrides and `config show` are all made of that table.

pub mod keys;
pub mod layers;
pub mod problem;
pub mod init;
mod file;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

pub use crate::nearest::nearest;
pub use init::init_text;
pub use layers::{Layers, Loaded, Origin};
pub use problem::{Fault, Problem, Problems};

use crate::event::command::{LiquidationLimits, RiskLimits, StrategySettings};
use crate::event::valuation::ValuationSettings;
use crate::market::{Currency, Money, Venue};
use crate::simulator::LatencySettings;

/// The file that is read when no other is named.
pub const FILE_NAME: &str = "jangbu.toml";

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where and how events are kept.
    pub journal: JournalConfig,
    /// How long orders travel to the simulated venue and back.
    pub latency: LatencySettings,
    /// What to connect to; empty is the built-in synthetic market.
    pub venues: Vec<VenueConfig>,
    /// Cash at the start of a new paper journal.
    pub deposits: Vec<Deposit>,
    /// Limits before any order leaves.
    pub risk: RiskLimits,
    /// The strategies to run, in order.
    pub strategies: Vec<StrategySettings>,
    /// How accounts of several currencies are added up, and which prices are compared.
    pub valuation: ValuationSettings,
    /// How near perpetuals may come to being taken away.
    pub liquidation: LiquidationLimits,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            journal: JournalConfig::default(),
            latency: LatencySettings { entry_ns: 20_000_000, response_ns: 20_000_000 },
            venues: Vec::new(),
            deposits: Vec::new(),
            risk: RiskLimits { order_rate_window_ms: 1_000, ..RiskLimits::default() },
            strategies: Vec::new(),
            liquidation: LiquidationLimits::default(),
            valuation: ValuationSettings { premium_age_ms: 10_000, ..ValuationSettings::default() },
        }
    }
}

/// Where and how events are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalConfig {
    /// The directory.
    pub dir: PathBuf,
    /// What survives what. `None` leaves it to the command: `power` for real venues, `process` for paper.
    pub durability: Option<DurabilityName>,
    /// Which raw frames are kept beside the events made of them.
    pub raw: RawFrames,
    /// Size at which a volume is sealed and the next begins, MiB.
    pub volume_mib: u32,
    /// Events between two snapshots.
    pub snapshot_events: u64,
}

impl Default for JournalConfig {
    fn default() -> Self {
        JournalConfig {
            dir: PathBuf::from("jangbu-data"),
            durability: None,
            raw: RawFrames::Off,
            volume_mib: 256,
            snapshot_events: 1_000_000,
        }
    }
}

/// A venue to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VenueConfig {
    /// Which.
    pub kind: Venue,
    /// Where it is, when not at its public address: `ws://127.0.0.1:9443`.
    pub endpoint: Option<String>,
    /// Whether orders go to the venue.
    pub orders: Orders,
    /// The file of the keys, when they are not in the environment.
    pub keys: Option<PathBuf>,
    /// The venue's own codes: `BTCUSDT`.
    pub symbols: Vec<String>,
    /// What to watch of each.
    pub streams: Vec<Stream>,
    /// How often the venue sends book differences, in its own words (`0ms`, `100ms`, `1000ms`), when not as usual.
    pub book_speed: Option<String>,
    /// Kiwoom: names of the condition lists (조건검색) to register.
    pub conditions: Vec<String>,
    /// An emulator of it in this process, in its place: a made-up market, and an account with nobody's money.
    pub emulate: bool,
    /// Kiwoom: what its emulator is like (`speed=300,seed=1`); the session lives in its time. With it, `emulate` is true.
    pub emulator: Option<String>,
    /// Kiwoom: where orders go and quotes come from: `KRX`, `NXT`, or `SOR` (both, the broker routes). `None` is KRX.
    pub exchange: Option<String>,
    /// Kiwoom: the account the key must be of, digits; `None` is any.
    pub account: Option<String>,
    /// Binance futures: leverage to set for every symbol at the start. `None` leaves it.
    pub leverage: Option<u16>,
    /// Binance futures: whether margin is set aside for each position (isolated) or is the whole wallet (cross). `None` leaves it.
    pub isolated: Option<bool>,
    /// Whether a key that may withdraw is taken.
    pub allow_withdraw: bool,
    /// So many instruments with the largest turnover (거래대금 상위) are watched besides `symbols`.
    pub top: Option<u16>,
    /// How often they are ranked anew, seconds.
    pub rank_every_s: u32,
}

impl VenueConfig {
    /// What is watched when nothing is said.
    pub const STREAMS: [Stream; 3] = [Stream::Trades, Stream::Quotes, Stream::Book];

    /// Whether it is an emulator: in this process, or on this machine. Then nobody's money is in it.
    pub fn is_on_this_machine(&self) -> bool {
        (self.emulate && self.endpoint.is_none()) || is_here(self.endpoint.as_deref())
    }

    /// A venue at its public address, on paper, with nothing to watch yet.
    pub fn new(kind: Venue) -> Self {
        VenueConfig {
            kind,
            endpoint: None,
            orders: Orders::Paper,
            keys: None,
            symbols: Vec::new(),
            streams: Self::STREAMS.to_vec(),
            book_speed: None,
            conditions: Vec::new(),
            emulate: false,
            emulator: None,
            exchange: None,
            account: None,
            leverage: None,
            isolated: None,
            allow_withdraw: false,
            top: None,
            rank_every_s: 60,
        }
    }
}

/// Whether an address is on this machine.
fn is_here(endpoint: Option<&str>) -> bool {
    let host = endpoint.and_then(|endpoint| Some(endpoint.split_once("://")?.1)).unwrap_or("");
    let host = host.split('/').next().unwrap_or("");
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Cash at the start of a new paper journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// Where.
    pub venue: Venue,
    /// Of what.
    pub currency: Currency,
    /// How much.
    pub amount: Money,
}

/// Words of a setting: an enum, its names, and the way back from text.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal, $($(#[$vdoc:meta])* $variant:ident = $word:literal),+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$vdoc])* $variant),+
        }

        impl $name {
            /// Every one.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// Its word in settings and on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $($name::$variant => $word),+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let all = [$($word),+];
                Self::ALL.iter().copied().find(|word| word.name() == text).ok_or_else(|| {
                    let hint = nearest(text, &all).map_or(String::new(), |word| format!("; did you mean `{word}`?"));
                    format!("`{text}` is not {} ({}){hint}", $what, all.join(", "))
                })
            }
        }
    };
}

words!(
    /// What a written event survives.
    DurabilityName,
    "a durability",
    /// A power cut: fdatasync before an order leaves.
    Power = "power",
    /// A killed process.
    Process = "process",
    /// Nothing is waited for; made durable by a timer.
    Relaxed = "relaxed"
);

words!(
    /// Where the orders of a venue go.
    Orders,
    "where orders go",
    /// To the simulator: real markets, simulated fills.
    Paper = "paper",
    /// To the venue, with real money.
    Real = "real"
);
words!(
    /// Which raw frames are kept beside the events made of them.
    RawFrames,
    "a choice of raw frames",
    /// None.
    Off = "off",
    /// Those about our orders and account.
    Orders = "orders",
    /// All: `replay --reparse` can prove that today's parser reads them alike.
    All = "all"
);

words!(
    /// A kind of market data.
    Stream,
    "a stream",
    /// Trades, as the venue recommends: fills of one order at one price together, where it has that.
    Trades = "trades",
    /// Every single trade.
    EveryTrade = "every-trade",
    /// Best bid and ask.
    Quotes = "quotes",
    /// The order book, by differences.
    Book = "book",
    /// The venue's own bars of a minute, once they are closed.
    Bars = "bars",
    /// Perpetuals: the mark price and the funding to come.
    Mark = "mark"
);

#[cfg(test)]
mod tests;
