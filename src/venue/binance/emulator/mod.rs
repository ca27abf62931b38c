//! The Binance emulator: a loopback server that speaks Binance's market-data protocol, REST and WebSocket.
//!
//! ```text
//!  tape ───────┐
//!              ├─► player ──► one bounded queue per connection ──► WebSocket
//!  synthetic ──┘     │  pace, backpressure                 faults, limits, pings
//!                    └─► the emulator's own books ──► REST /depth
//! ```
//!
//! A client that was written for Binance needs nothing but another address. Frames of a tape go out byte for byte as
//! they were recorded; the order book of `/depth` is kept from the same frames, so the documented local-book
//! procedure succeeds. Each kind of market has a port of its own, with the venue's paths on it:
//!
//! | | spot | USDⓈ-M |
//! |---|---|---|
//! | raw | `/ws/<stream>`, `/ws` | the same, and under `/public` and `/market` |
//! | combined | `/stream?streams=a/b` | the same, and under `/public` and `/market` |
//! | REST | `/api/v3/{ping,time,exchangeInfo,depth}` | `/fapi/v1/{ping,time,exchangeInfo,depth}` |
//!
//! With accounts ([`AccountConfig`]) it takes signed orders too, and has user data streams.
//!
//! A tape holds one speed of depth diffs (`@depth@0ms`, `@depth@100ms`). Whoever asks for another speed gets that one,
//! under the name asked for.

mod config;
mod error;
mod stats;
mod server;
mod rest;
mod connection;
mod control;
mod definitions;
mod market;
mod player;
mod tape_source;
mod synthetic;
mod book;
mod symbols;
mod frame;
mod weight;
mod cash;
mod clock;
mod private;
#[cfg(test)]
mod tests;

pub use config::{EmulatorConfig, End, Faults, Funding, Limits, MarketKind, MarketSource, Source, Speed, Start, Transfer};
pub use definitions::instruments_of_tape;
pub use error::EmulatorError;
pub use private::{AccountConfig, DeskFees, DeskFill, DeskIncome, DeskOrder, DeskStatus, Funds};
pub use stats::{ConnectionStats, EmulatorStats};
pub use tape_source::kind_of_tape;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::market::{Money, Price, Qty, Rate};
use crate::venue::faults::{FaultPlan, OrderFault};
use crate::venue::random;

use book::Books;
use market::Market;
use player::{Manner, Program};
use private::Accounts;
use synthetic::SyntheticMarket;
use tape_source::TapeSource;

/// A running emulator. Dropping it stops it.
#[derive(Debug)]
pub struct Emulator {
    ports: Vec<Port>,
    stop: watch::Sender<bool>,
}

#[derive(Debug)]
struct Port {
    address: SocketAddr,
    market: Arc<Market>,
    server: JoinHandle<()>,
    player: JoinHandle<()>,
    cash: JoinHandle<()>,
}

impl Emulator {
    /// Starts listening, and playing as configured, on the current tokio runtime (which needs I/O and time enabled).
    ///
    /// # Errors
    /// When the configuration cannot be, an address is taken, or a tape cannot be opened or does not begin like one.
    pub async fn start(config: EmulatorConfig) -> Result<Self, EmulatorError> {
        if let Some(problem) = config.problem() {
            return Err(EmulatorError::Config(problem));
        }
        let (stop, stopped) = watch::channel(false);
        // Everything that can fail comes before anything runs.
        let mut ready = Vec::new();
        for source in &config.markets {
            let (program, market) = prepare(&config, source, stopped.clone())?;
            let bind = source.bind.unwrap_or(config.bind);
            let listener = server::listen(bind)?;
            let address = listener.local_addr().map_err(|source| EmulatorError::Listen { address: bind, source })?;
            ready.push((address, listener, program, Arc::new(market)));
        }
        let manner = Manner { speed: config.speed, start: config.start, end: config.end, snapshot_hold: config.snapshot_hold };
        let run = |(address, listener, program, market): (SocketAddr, _, Program, Arc<Market>)| Port {
            address,
            server: tokio::spawn(server::serve(listener, market.clone())),
            player: tokio::spawn(player::play(market.clone(), program, manner)),
            cash: tokio::spawn(cash::run(market.clone(), config.funding, config.transfers.clone())),
            market,
        };
        Ok(Self { ports: ready.into_iter().map(run).collect(), stop })
    }

    /// The address of the first market configured.
    pub fn address(&self) -> SocketAddr {
        self.ports[0].address
    }

    /// The address of the spot market, if there is one.
    pub fn spot_address(&self) -> Option<SocketAddr> {
        self.address_of(MarketKind::Spot)
    }

    /// The address of the futures market, if there is one.
    pub fn usdm_address(&self) -> Option<SocketAddr> {
        self.address_of(MarketKind::UsdM)
    }

    /// The address of a kind of market, if there is one.
    pub fn address_of(&self, kind: MarketKind) -> Option<SocketAddr> {
        self.ports.iter().find(|port| port.market.kind == kind).map(|port| port.address)
    }

    /// The streams that a market plays, as far as known at the start (for a tape: those of its first 2,000 frames).
    pub fn streams_of(&self, kind: MarketKind) -> Vec<String> {
        self.ports.iter().find(|port| port.market.kind == kind).map(|port| port.market.streams.clone()).unwrap_or_default()
    }

    /// What an account of a market has.
    pub fn funds(&self, kind: MarketKind, account: usize) -> Option<Funds> {
        self.accounts(kind)?.funds(account)
    }

    /// Every order ever placed at a market, by number.
    pub fn orders(&self, kind: MarketKind) -> Vec<DeskOrder> {
        self.accounts(kind).map(Accounts::orders).unwrap_or_default()
    }

    /// Every fill of an account's order at a market, in order.
    pub fn fills(&self, kind: MarketKind) -> Vec<DeskFill> {
        self.accounts(kind).map(Accounts::fills).unwrap_or_default()
    }

    /// Trades an open order by hand: at its limit, unless a price is given. False when there is no such open order.
    pub fn trade(&self, kind: MarketKind, client_id: &str, price: Option<Price>, qty: Qty) -> bool {
        self.accounts(kind).is_some_and(|accounts| accounts.trade(client_id, price, qty))
    }

    /// Puts cash or a coin into an account from outside, or takes it out, below 0. False when there is no such account, or less.
    pub fn transfer(&self, kind: MarketKind, account: usize, asset: &str, amount: Money) -> bool {
        self.accounts(kind).is_some_and(|accounts| accounts.transfer(account, asset, amount))
    }

    /// Charges funding: longs pay so much of their positions' value at the mark, below 0 shorts do. How many positions were charged.
    pub fn fund(&self, symbol: &str, rate: Rate) -> usize {
        let port = self.ports.iter().find(|port| port.market.kind == MarketKind::UsdM);
        port.map_or(0, |port| cash::fund(&port.market, symbol, rate))
    }

    /// Takes the first account's position of a symbol of futures away at a price, as a liquidation does. False when there is none.
    pub fn liquidate(&self, symbol: &str, price: Price) -> bool {
        self.accounts(MarketKind::UsdM).is_some_and(|accounts| accounts.liquidate(symbol, price))
    }

    /// Everything that came and went without a trade, in order.
    pub fn incomes(&self, kind: MarketKind) -> Vec<DeskIncome> {
        self.accounts(kind).map(Accounts::incomes).unwrap_or_default()
    }

    /// Lets the next request about an order go wrong; more than one are taken in turn.
    pub fn fail_next(&self, kind: MarketKind, fault: OrderFault) {
        self.accounts(kind).into_iter().for_each(|accounts| accounts.fail_next(fault));
    }

    /// Other faults of accounts from now on.
    pub fn set_faults(&self, kind: MarketKind, plan: FaultPlan) {
        self.accounts(kind).into_iter().for_each(|accounts| accounts.set_faults(plan.clone()));
    }

    /// Best bid and best ask of a symbol, as `/depth` would tell them now.
    pub fn best(&self, kind: MarketKind, symbol: &str) -> (Option<Price>, Option<Price>) {
        let port = self.ports.iter().find(|port| port.market.kind == kind);
        let answer = port.and_then(|port| market::lock(&port.market.books).answer(kind, symbol, 5));
        let levels = private::levels_of(answer);
        (levels.bids.first().map(|level| level.0), levels.asks.first().map(|level| level.0))
    }

    /// Cuts every connection of market data, without a word.
    pub fn cut_market_streams(&self, kind: MarketKind) {
        let ports = self.ports.iter().filter(|port| port.market.kind == kind);
        ports.for_each(|port| port.market.cuts.send_modify(|count| *count = count.wrapping_add(1)));
    }

    /// Begins maintenance of a market, which cuts every connection, or ends it.
    pub fn set_maintenance(&self, kind: MarketKind, on: bool) {
        self.ports.iter().filter(|port| port.market.kind == kind).for_each(|port| port.market.maintenance.set(on));
        if on {
            self.cut_market_streams(kind);
            self.cut_user_streams(kind);
        }
    }

    /// Cuts every user data stream of a market, without a word.
    pub fn cut_user_streams(&self, kind: MarketKind) {
        self.accounts(kind).into_iter().for_each(Accounts::cut);
    }

    /// Ends every user data session of a market: `eventStreamTerminated`, `listenKeyExpired`.
    pub fn expire_sessions(&self, kind: MarketKind) {
        self.accounts(kind).into_iter().for_each(Accounts::expire);
    }

    /// How many user data streams of a market are open.
    pub fn listening(&self, kind: MarketKind) -> usize {
        self.accounts(kind).map_or(0, Accounts::listening)
    }

    /// Sets a market's clock off by so many milliseconds, as far as accounts are concerned.
    pub fn set_clock_skew(&self, kind: MarketKind, skew_ms: i64) {
        self.accounts(kind).into_iter().for_each(|accounts| accounts.set_skew(skew_ms));
    }

    /// Puts futures accounts into hedge mode, or back into one-way mode.
    pub fn set_hedge_mode(&self, hedged: bool) {
        self.accounts(MarketKind::UsdM).into_iter().for_each(|accounts| accounts.set_hedged(hedged));
    }

    /// Whether the keys of accounts may withdraw.
    pub fn set_may_withdraw(&self, may: bool) {
        self.ports.iter().for_each(|port| port.market.accounts.set_may_withdraw(may));
    }

    /// Leverage and kind of margin that the first account has set for a symbol of futures.
    pub fn margin(&self, symbol: &str) -> (Option<u32>, Option<String>) {
        self.accounts(MarketKind::UsdM).map(|accounts| accounts.margin(symbol)).unwrap_or_default()
    }

    /// The streams that connections of a market are subscribed to now.
    pub fn watched(&self, kind: MarketKind) -> Vec<String> {
        let connections =
            self.ports.iter().filter(|port| port.market.kind == kind).flat_map(|port| port.market.connections.list());
        connections.flat_map(|open| market::lock(&open.subscriptions).names().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// What `/ticker/24hr` says was traded of a symbol in 24 hours, in its quote asset.
    pub fn set_turnover(&self, kind: MarketKind, symbol: &str, amount: Money) {
        for port in self.ports.iter().filter(|port| port.market.kind == kind) {
            market::lock(&port.market.turnovers).insert(symbol.to_owned(), amount);
        }
    }

    fn accounts(&self, kind: MarketKind) -> Option<&Accounts> {
        self.ports.iter().find(|port| port.market.kind == kind).map(|port| &port.market.accounts)
    }

    /// What it has done so far.
    pub fn stats(&self) -> EmulatorStats {
        let mut stats = EmulatorStats::default();
        self.ports.iter().for_each(|port| port.market.add_to(&mut stats));
        stats.finished = self.ports.iter().all(|port| *port.market.finished.borrow());
        stats
    }

    /// Waits until every tape has ended, or stopped at a bad line, and all its frames have been written. With a
    /// synthetic market this never happens.
    pub async fn finished(&self) {
        for port in &self.ports {
            // An error means that the market is gone, and `self` holds it.
            let _ = port.market.finished.subscribe().wait_for(|finished| *finished).await;
        }
    }

    /// Closes every connection (close code 1001), stops listening, and says what was done.
    pub async fn stop(self) -> EmulatorStats {
        self.stop.send_replace(true);
        for port in &self.ports {
            port.player.abort();
            port.cash.abort();
            let mut changes = port.market.connections.changes();
            let all_closed = async { while !port.market.connections.list().is_empty() && changes.changed().await.is_ok() {} };
            let _ = timeout(STOP_PATIENCE, all_closed).await;
        }
        self.stats()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        for port in &self.ports {
            port.player.abort();
            port.cash.abort();
            port.server.abort();
        }
    }
}

/// Looks at a source and makes what its market needs.
fn prepare(
    config: &EmulatorConfig,
    source: &MarketSource,
    stopped: watch::Receiver<bool>,
) -> Result<(Program, Market), EmulatorError> {
    let mut books = Books::default();
    let (program, streams) = match &source.source {
        Source::Tape(path) => {
            let summary = TapeSource::summary(path)?;
            summary.symbols.iter().for_each(|symbol| books.add(symbol));
            (Program::Tape(path.clone()), summary.streams.into_iter().collect())
        }
        Source::Synthetic { symbols, seed } => {
            let preview = SyntheticMarket::new(source.kind, symbols, *seed, 0);
            preview.symbols().for_each(|symbol| books.add(symbol));
            let streams = preview.streams().map(str::to_owned).collect();
            (Program::Synthetic { symbols: symbols.clone(), seed: *seed }, streams)
        }
    };
    let accounts = Accounts::new(source.kind, &config.accounts, &config.account_faults).map_err(EmulatorError::Config)?;
    Ok((program, Market::new(config, source.kind, streams, books, accounts, stopped)))
}

/// How long `stop` waits for clients to answer the close.
const STOP_PATIENCE: Duration = Duration::from_secs(2);
