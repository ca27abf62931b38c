//! The Upbit emulator: a loopback server that speaks Upbit's REST interface and its WebSockets, on one port.
//!
//! ```text
//!  tape ───────┐                                 ┌─ public WebSocket  /websocket/v1
//!              ├─► player ──► queue of each client┤
//!  exchange ───┘     ▲                           └─ private WebSocket /websocket/v1/private: myOrder, myAsset
//!     ▲  └ facts ────┘
//!     └── orders of REST: checked token, nonce, limits, faults
//! ```
//!
//! A client that was written for Upbit needs nothing but another address. Frames of a tape go out digit for digit as they were
//! recorded (respelled only for a client that asks for the other format); a tape is somebody else's market, so orders are
//! refused while
//! one plays. Without a tape a seeded market trades, and with it the accounts' orders.

mod config;
mod core;
mod error;
mod limits;
mod orders;
mod player;
mod private;
mod request;
mod rest;
mod routes;
mod socket;
mod text;
mod transfers;
#[cfg(test)]
mod tests;

pub use config::{EmulatorConfig, EmulatorStats, Source, Speed};
pub use error::EmulatorError;
pub use transfers::Moved;

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use self::core::Shared;
use crate::market::{Money, Qty};
use crate::venue::exchange::{Exchange, Ledger};
use crate::venue::faults::{FaultPlan, Faults, OrderFault};

/// How long a stop waits for the clients.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// A running emulator. Dropping it stops it.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    player: JoinHandle<()>,
    transfers: JoinHandle<()>,
}

impl Emulator {
    /// Starts listening, and playing as configured, on the current tokio runtime (which needs I/O and time enabled).
    ///
    /// # Errors
    /// When the configuration cannot be, the address is taken, or the tape cannot be read.
    pub async fn start(config: EmulatorConfig) -> Result<Self, EmulatorError> {
        let (stop, stopped) = watch::channel(false);
        let bind = config.bind;
        let shared = Arc::new(Shared::new(config, stopped)?);
        let listen = |source| EmulatorError::Listen { address: bind, source };
        let listener = TcpListener::bind(bind).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let server = tokio::spawn(routes::serve(listener, Arc::clone(&shared)));
        let player = tokio::spawn(player::play(Arc::clone(&shared)));
        let transfers = tokio::spawn(transfers::run(Arc::clone(&shared)));
        Ok(Emulator { address, shared, stop, server, player, transfers })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The markets it plays.
    pub fn symbols(&self) -> Vec<String> {
        self.shared.lock().markets.keys().map(ToString::to_string).collect()
    }

    /// What it has done so far.
    pub fn stats(&self) -> EmulatorStats {
        self.shared.stats()
    }

    /// Waits until the tape has ended and all its frames have been written. With a made-up market this never happens.
    pub async fn finished(&self) {
        // An error means that the market is gone, and `self` holds it.
        let _ = self.shared.finished.subscribe().wait_for(|finished| *finished).await;
    }

    /// Looks at the exchange: its ledger is what every client must come to.
    pub fn exchange<T>(&self, look: impl FnOnce(&Exchange) -> T) -> T {
        look(&self.shared.lock().exchange)
    }

    /// Everything that was booked.
    pub fn ledger(&self) -> Ledger {
        self.exchange(|exchange| exchange.ledger().clone())
    }

    /// Somebody trades `qty` with an open limit order, by its identifier, at its limit. False when there is no such order, or less
    /// of it is open.
    pub fn trade(&self, identifier: &str, qty: Qty) -> bool {
        let now_ms = self.shared.now_ms();
        let mut core = self.shared.lock();
        let number = core.identifiers.get(identifier).copied().flatten();
        let done = number.is_some_and(|number| core.exchange.trade_with(number, qty));
        core.publish_facts(now_ms);
        done
    }

    /// Puts cash or a coin into the account from outside, or takes it out, below 0. False when there is less, or no such currency.
    pub fn transfer(&self, currency: &str, amount: Money) -> bool {
        let now = self.shared.now();
        self.shared.lock().transfer(currency, amount, now)
    }

    /// Every deposit and withdrawal, oldest first.
    pub fn moved(&self) -> Vec<Moved> {
        self.shared.lock().moved.clone()
    }

    /// Whether the key may see deposits and withdrawals.
    pub fn set_history_hidden(&self, hidden: bool) {
        self.shared.history_hidden.store(hidden, Ordering::Relaxed);
    }

    /// The codes that clients are subscribed to now, for each kind of message; those of books with their depth.
    pub fn watched(&self) -> Vec<String> {
        let core = self.shared.lock();
        core.clients.iter().flat_map(|client| client.wanted.iter().flat_map(|wanted| wanted.codes.clone())).collect()
    }

    /// Adds to the 24-hour turnover that REST tells of a market, as if it had been traded before. False when there is no such market.
    pub fn add_turnover(&self, symbol: &str, amount: Money) -> bool {
        let mut core = self.shared.lock();
        let market = symbol.parse().ok().and_then(|code| core.markets.get_mut(&code));
        let sum = market.and_then(|market| Some((market.elsewhere.checked_add(amount)?, market)));
        sum.map(|(sum, market)| market.elsewhere = sum).is_some()
    }

    /// Other faults from now on.
    pub fn set_faults(&self, plan: FaultPlan) {
        self.shared.lock().faults = Faults::new(plan);
    }

    /// Lets the next request that changes an order go wrong; more than one are taken in turn.
    pub fn fail_next(&self, fault: OrderFault) {
        self.shared.lock().faults.fail_next(fault);
    }

    /// Begins maintenance, which cuts every connection, or ends it.
    pub fn set_maintenance(&self, on: bool) {
        self.shared.maintenance.set(on);
        if on {
            self.cut_connections();
        }
    }

    /// Ends every connection, as a fault of the network would.
    pub fn cut_connections(&self) {
        self.shared.cuts.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Closes every connection, stops listening, and says what was done.
    pub async fn stop(self) -> EmulatorStats {
        self.stop.send_replace(true);
        self.player.abort();
        self.transfers.abort();
        let mut changes = self.shared.open.subscribe();
        let _ = timeout(STOP_PATIENCE, changes.wait_for(|open| *open == 0)).await.map(|done| done.map(|_| ()));
        self.shared.stats()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.player.abort();
        self.transfers.abort();
        self.server.abort();
    }
}

impl Shared {
    pub(self) fn lock(&self) -> std::sync::MutexGuard<'_, self::core::Core> {
        // What a panicking task left behind is whole: the exchange checks before it changes.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stats(&self) -> EmulatorStats {
        let core = self.lock();
        EmulatorStats {
            frames_played: core.frames_played,
            frames_sent: self.frames_sent.load(Ordering::Relaxed),
            rest_calls: core.rest_calls,
            refused: core.refused,
            connections_made: core.connections_made,
            connections_open: *self.open.borrow(),
            orders: core.exchange.orders().count() as u64,
            fills: core.exchange.ledger().fills.len() as u64,
            faults: core
                .faults
                .counts()
                .into_iter()
                .filter(|row| row.1 > 0)
                .map(|(name, count)| (name.to_owned(), count))
                .collect(),
            finished: *self.finished.borrow(),
            failure: core.failure.clone(),
        }
    }
}
