//! What an emulator plays and for whom: [`EmulatorConfig`]; what it has done: [`EmulatorStats`].

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::market::{Money, Price};
use crate::venue::Now;
use crate::venue::faults::FaultPlan;
use crate::venue::secret::{Credentials, Secret};

/// Where market data come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A tape.
    Tape(PathBuf),
    /// A made-up market.
    Synthetic {
        /// Its markets; empty for KRW-BTC, KRW-ETH and KRW-XRP.
        symbols: Vec<String>,
        /// What it is made from.
        seed: u64,
    },
}

/// How fast a tape is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many times as fast as it was recorded.
    Times(f64),
    /// As fast as clients read.
    Max,
}

/// An emulator to be started.
#[derive(Clone)]
pub struct EmulatorConfig {
    /// Where to listen; port 0 takes a free one.
    pub bind: SocketAddr,
    /// What to play.
    pub source: Source,
    /// Where markets of a made-up source begin, by code; others where the emulator says.
    pub starts: BTreeMap<String, Price>,
    /// How fast, when it is a tape. It begins with the first client that subscribes.
    pub speed: Speed,
    /// Whether connections are closed when the tape is over.
    pub close_when_done: bool,
    /// The account's keys.
    pub credentials: Credentials,
    /// The account's cash and coins, by currency, decimal texts.
    pub balances: BTreeMap<String, String>,
    /// What comes to the account, and goes, below 0: how long after the start, of what, how much.
    pub transfers: Vec<(Duration, String, Money)>,
    /// Faults.
    pub faults: FaultPlan,
    /// Whether limits of requests are kept.
    pub limits: bool,
    /// Idle connections are cut after this; the venue's is 120 s.
    pub idle: Duration,
    /// Mean time between two events of the made-up market, in milliseconds.
    pub interval_ms: u32,
    /// The time.
    pub now: Now,
}

impl std::fmt::Debug for EmulatorConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EmulatorConfig {{ bind: {}, source: {:?}, faults: {} }}", self.bind, self.source, self.faults)
    }
}

impl EmulatorConfig {
    /// The key that an emulator knows when nothing else is said.
    pub const KEY: &'static str = "emulator-access";
    /// Its secret.
    pub const SECRET: &'static str = "emulator-secret-0123456789abcdef";

    /// Plays a source on a free port, at the recorded pace, for one account with 10,000,000 KRW and no coins.
    pub fn new(source: Source, now: Now) -> Self {
        EmulatorConfig {
            bind: (Ipv4Addr::LOCALHOST, 0).into(),
            source,
            starts: BTreeMap::new(),
            speed: Speed::Times(1.0),
            close_when_done: false,
            credentials: Credentials { key: Secret::new(Self::KEY), secret: Secret::new(Self::SECRET) },
            balances: BTreeMap::from([("KRW".to_owned(), "10000000".to_owned())]),
            transfers: Vec::new(),
            faults: FaultPlan::default(),
            limits: true,
            idle: Duration::from_secs(120),
            interval_ms: 100,
            now,
        }
    }
}

/// What an emulator has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EmulatorStats {
    /// Market frames played, whether or not anybody heard them.
    pub frames_played: u64,
    /// Frames of market data and of accounts written to connections, repeated ones and garbage included.
    pub frames_sent: u64,
    /// REST calls.
    pub rest_calls: u64,
    /// Of them refused.
    pub refused: u64,
    /// Connections ever made.
    pub connections_made: u64,
    /// Connections open.
    pub connections_open: u64,
    /// Orders placed.
    pub orders: u64,
    /// Fills of accounts.
    pub fills: u64,
    /// Faults that struck.
    pub faults: BTreeMap<String, u64>,
    /// The tape has ended and all its frames have been written.
    pub finished: bool,
    /// Why the tape stopped before its end, if it did.
    pub failure: Option<String>,
}
