//! The Kiwoom emulator: a loopback broker that speaks Kiwoom's REST and WebSocket protocol, with an account, a seeded market, and
//! trading days on an accelerated clock.
//!
//! ```text
//!  virtual clock ──► engine ──► exchange (crate::venue::exchange): matching, account, ledger
//!  REST ──────────►    │  ▲ facts: filled, cancelled, traded, book changed …
//!  WebSocket ─────►    └──┴──► frames 00 04 0B 0C 0D 0s 1h 02 ──► a queue for each connection ──► faults ──► client
//! ```
//!
//! A client that was written for Kiwoom needs another address and `http`/`ws` instead of `https`/`wss`. It lives in the
//! emulator's time: hand it [`KiwoomEmulator::now`] as its clock, or tokens expire and times of day are wrong for it. Source of
//! what it says: fact sheet, section 7; where that is unsure, a setting of [`KiwoomEmulatorConfig`].
//!
//! Simplified: a stock has one book for KRX and NXT, which is the opening auction's from 08:30 on; an auction fills every order
//! at or better than its price; mid-price, stop and closing-price orders are refused (RC9000), and a conditional limit stays a
//! limit; interruptions, static and dynamic, begin in continuous trading of the regular hours only.

mod access;
mod account;
mod clock;
mod config;
mod day;
mod engine;
mod frames;
mod orders;
mod quotes;
mod request;
mod server;
mod socket;
mod stats;
mod stocks;
mod stream;
#[cfg(test)]
mod tests;
mod write;

pub use config::{KiwoomEmulatorConfig, KiwoomEmulatorError};
pub use stats::{KiwoomFill, KiwoomHolding, KiwoomLedger, KiwoomOrder, KiwoomStats};

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jangbu_journal::Nanos;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::market::{Price, Qty, Side};
use crate::venue::Now;
use crate::venue::faults::{FaultPlan, Faults, OrderFault};
use crate::venue::maintenance::Maintenance;
use clock::VirtualClock;
use engine::Engine;
use server::{Broker, lock};
use write::krw;

/// A running emulator. Dropping it stops it.
///
/// ```
/// use jangbu::venue::kiwoom::emulator::{KiwoomEmulator, KiwoomEmulatorConfig};
///
/// let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// runtime.block_on(async {
///     let config = KiwoomEmulatorConfig { speed: 3_600, cash: 10_000_000, ..KiwoomEmulatorConfig::default() };
///     let emulator = KiwoomEmulator::start(config).await.unwrap();
///     println!("REST http://{0}, WebSocket ws://{0}/api/dostk/websocket", emulator.address());
///     let (stats, ledger) = emulator.stop().await;
///     assert_eq!((ledger.cash, stats.fills), (10_000_000, 0));
/// });
/// ```
pub struct KiwoomEmulator {
    address: SocketAddr,
    broker: Arc<Broker>,
    stop: watch::Sender<bool>,
    tasks: [JoinHandle<()>; 2],
}

impl fmt::Debug for KiwoomEmulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KiwoomEmulator at {}", self.address)
    }
}

impl KiwoomEmulator {
    /// Starts listening, and its first day, on the current tokio runtime (which needs I/O and time enabled).
    ///
    /// # Errors
    /// When the configuration cannot be, or the address is taken.
    pub async fn start(config: KiwoomEmulatorConfig) -> Result<Self, KiwoomEmulatorError> {
        if let Some(problem) = config.problem() {
            return Err(KiwoomEmulatorError::Config(problem));
        }
        let (listener, address) = server::listen(config.bind).await?;
        let clock = VirtualClock::new(&config);
        let held = config.holdings.clone();
        let engine = Mutex::new(Engine::new(config, clock.days()));
        let wrong = held.iter().find(|held| lock(&engine).find(&held.0).is_none() || held.1 <= 0 || held.2 < 0);
        if let Some((code, qty, cost)) = wrong {
            let expected = "a stock of this market, at least 1, a cost not below 0";
            return Err(KiwoomEmulatorError::Config(format!("{qty} shares of {code} for {cost} KRW (expected {expected})")));
        }
        let (stop, stopped) = watch::channel(false);
        let broker = Arc::new(Broker { engine, clock, maintenance: Maintenance::default(), stop: stopped });
        let tasks = [tokio::spawn(server::serve(listener, broker.clone())), tokio::spawn(server::run(broker.clone()))];
        Ok(KiwoomEmulator { address, broker, stop, tasks })
    }

    /// Where it listens: REST at `http://<address>`, the WebSocket at `ws://<address>/api/dostk/websocket`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its clock, virtual Korean time as Unix nanoseconds, for whoever lives with it.
    pub fn now(&self) -> Now {
        let clock = self.broker.clock.clone();
        Arc::new(move || clock.now())
    }

    /// The same, going on at the pace of real time when the last day is over: for a session that lives with it and has something
    /// to finish.
    pub fn session_now(&self) -> Now {
        let clock = self.broker.clock.clone();
        Arc::new(move || clock.now_and_after())
    }

    /// Codes of its stocks.
    pub fn codes(&self) -> Vec<String> {
        lock(&self.broker.engine).stocks.iter().map(|stock| stock.code.clone()).collect()
    }

    /// The name of a stock.
    pub fn name(&self, code: &str) -> Option<String> {
        let engine = lock(&self.broker.engine);
        engine.find(code).map(|at| engine.stocks[at].name.clone())
    }

    /// The token that holds now, which nobody may ever tell.
    #[cfg(test)]
    pub(in crate::venue) fn token(&self) -> String {
        let mut engine = lock(&self.broker.engine);
        let now = engine.now();
        engine.tokens.issue(now).0
    }

    /// The conditions that are watched now, over all connections.
    #[cfg(test)]
    pub(in crate::venue) fn watched_conditions(&self) -> Vec<u32> {
        let engine = lock(&self.broker.engine);
        let watched: std::collections::BTreeSet<u32> =
            engine.connections.values().flat_map(|connection| connection.watched.iter().copied()).collect();
        watched.into_iter().collect()
    }

    /// What it has done so far.
    pub fn stats(&self) -> KiwoomStats {
        lock(&self.broker.engine).stats()
    }

    /// The account as it is now: cash, holdings, fees, taxes, fills, orders.
    pub fn ledger(&self) -> KiwoomLedger {
        lock(&self.broker.engine).ledger()
    }

    /// Whether its books add up: nothing made, nothing lost.
    ///
    /// # Errors
    /// What does not add up.
    pub fn verify(&self) -> Result<(), String> {
        lock(&self.broker.engine).exchange.verify()
    }

    /// A script: a stock enters (or leaves) a condition now. `false` when it was so already, or there is no such stock or
    /// condition (0, 1 and 2 there are).
    pub fn set_condition(&self, condition: u32, code: &str, entered: bool) -> bool {
        let mut engine = lock(&self.broker.engine);
        engine.find(code).is_some_and(|at| engine.set_condition(condition, at, entered))
    }

    /// A script: the market's opinion of a stock is this price from now on, KRW; its price goes there by and by. Far enough, and
    /// a volatility interruption begins.
    pub fn set_target(&self, code: &str, price: i64) {
        let mut engine = lock(&self.broker.engine);
        if let Some(at) = engine.find(code) {
            let id = engine.stocks[at].id;
            engine.exchange.set_anchor(id, krw(price));
        }
    }

    /// A script: whoever quoted a stock nearer than this price, KRW, has left, and somebody buys (or sells) a share there. Three
    /// percent away at once (KOSDAQ: six) are a dynamic interruption.
    pub fn leap(&self, code: &str, side: Side, price: i64) {
        let mut engine = lock(&self.broker.engine);
        if let Some(at) = engine.find(code) {
            let id = engine.stocks[at].id;
            engine.exchange.leap(id, side, krw(price));
            engine.flush();
        }
    }

    /// A script: somebody trades `qty` shares with an open limit order of the account, by its number, at its limit. False when
    /// there is no such order, or less of it is open.
    pub fn trade(&self, number: u64, qty: Qty) -> bool {
        let mut engine = lock(&self.broker.engine);
        let done = engine.exchange.trade_with(number, qty);
        engine.flush();
        done
    }

    /// Best bid and best ask of a stock.
    pub fn best(&self, code: &str) -> (Option<Price>, Option<Price>) {
        let engine = lock(&self.broker.engine);
        let best = |side| engine.find(code).and_then(|at| engine.exchange.best(engine.stocks[at].id, side));
        (best(Side::Buy), best(Side::Sell))
    }

    /// Other faults from now on.
    pub fn set_faults(&self, plan: FaultPlan) {
        lock(&self.broker.engine).faults = Faults::new(plan);
    }

    /// Lets the next request about an order go wrong; more than one are taken in turn.
    pub fn fail_next(&self, fault: OrderFault) {
        lock(&self.broker.engine).faults.fail_next(fault);
    }

    /// Begins maintenance, which cuts every connection, or ends it.
    pub fn set_maintenance(&self, on: bool) {
        self.broker.maintenance.set(on);
        if on {
            self.disconnect_all();
        }
    }

    /// A fault now: no token holds any more, though none has expired.
    pub fn invalidate_token(&self) {
        lock(&self.broker.engine).tokens.invalidate();
    }

    /// A fault now: every WebSocket connection ends without a word.
    pub fn disconnect_all(&self) {
        lock(&self.broker.engine).connections.clear();
    }

    /// Waits until the last day is over: 20:00 of virtual time.
    pub async fn finished(&self) {
        loop {
            if lock(&self.broker.engine).stats.finished {
                return;
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until a virtual moment.
    pub async fn until(&self, moment: Nanos) {
        while lock(&self.broker.engine).now() < moment.min(self.broker.clock.end()) {
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Closes every connection, stops listening, and says what was done and what the account has.
    pub async fn stop(self) -> (KiwoomStats, KiwoomLedger) {
        self.stop.send_replace(true);
        let patience = Instant::now() + STOP_PATIENCE;
        while !lock(&self.broker.engine).connections.is_empty() && Instant::now() < patience {
            sleep(Duration::from_millis(2)).await;
        }
        (self.stats(), self.ledger())
    }
}

impl Drop for KiwoomEmulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// How long `stop` waits for connections to end.
const STOP_PATIENCE: Duration = Duration::from_secs(2);
