//! The emulated broker of a session: [`Broker`]. It starts before everything else, because the session lives in its time.

use std::sync::{Mutex, PoisonError};

use jangbu_journal::Nanos;
use tokio::runtime::Runtime;

use super::agreement::Agreement;
use super::clock::Clock;
use super::config::LiveConfig;
use super::error::LiveError;
use super::status::{Book, Status, books};
use crate::kernel::Kernel;
use crate::market::number::ONE;
use crate::market::{Currency, Venue};
use crate::venue::gateway::Emulated;
use crate::venue::kiwoom::emulator::{KiwoomEmulator, KiwoomEmulatorConfig};
use crate::venue::kiwoom::rules::sessions::is_trading_day;
use crate::venue::kiwoom::time::Date;

/// How long books may differ after the last day before the session ends even so, real nanoseconds: a report may be on its way.
const DIFFER_NS_MAX: i64 = 15_000_000_000;

/// An emulated broker in this process, and our books when it began.
pub struct Broker {
    emulator: KiwoomEmulator,
    speed: u32,
    begun: Vec<Book>,
    /// When its last day was over, by [`Clock::elapsed`].
    over_since: Mutex<Option<Nanos>>,
}

impl Broker {
    /// Starts it, if the settings ask for one. It goes on where the journal ends: with its cash, its holdings, and the next trading
    /// day after `last`.
    ///
    /// # Errors
    /// When its words are not understood, or it does not start.
    pub fn start(config: &LiveConfig, kernel: &Kernel, last: Nanos, runtime: &Runtime) -> Result<Option<Self>, LiveError> {
        let asked =
            |venue: &&crate::config::VenueConfig| venue.kind == Venue::Kiwoom && venue.emulate && venue.endpoint.is_none();
        let Some(venue) = config.venues.iter().find(asked) else { return Ok(None) };
        let failed = |reason: String| LiveError::Emulator { reason: format!("venue {}: {reason}", venue.kind) };
        let config = KiwoomEmulatorConfig::for_session(venue.emulator.as_deref().unwrap_or("")).map_err(failed)?;
        let config = go_on(config, kernel, last);
        let speed = config.speed;
        let emulator = runtime.block_on(KiwoomEmulator::start(config)).map_err(|error| failed(error.to_string()))?;
        Ok(Some(Broker { emulator, speed, begun: books(kernel), over_since: Mutex::default() }))
    }

    /// The clock of a session: its emulated broker's, if there is one.
    pub fn clock(broker: Option<&Broker>, not_before: Nanos) -> Clock {
        match broker {
            Some(broker) => Clock::of_venue(broker.emulator.session_now(), broker.speed, not_before),
            None => Clock::starting(not_before),
        }
    }

    /// How it is reached.
    pub fn emulated(&self) -> Emulated {
        Emulated { address: self.emulator.address(), streams: Vec::new() }
    }

    /// Whether its last day is over, and our books say the same as its, or have been given the time to.
    pub fn is_day_over(&self, status: &Status, clock: &Clock) -> bool {
        if !self.emulator.stats().finished {
            return false;
        }
        let mut since = self.over_since.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *since.get_or_insert(clock.elapsed());
        let agreed = status.open_orders == 0 && self.agreement(status).agrees;
        agreed || clock.elapsed().since(since) >= DIFFER_NS_MAX
    }

    /// Our books beside its.
    pub fn agreement(&self, status: &Status) -> Agreement {
        let name = |code: &str| self.emulator.name(code).unwrap_or_default();
        let complete = self.emulator.stats().finished;
        Agreement { complete, ..Agreement::of(status, &self.begun, &self.emulator.ledger(), name) }
    }

    /// Ends it.
    pub fn stop(self, runtime: &Runtime) {
        let _ = runtime.block_on(self.emulator.stop());
    }
}

/// A broker that goes on where a journal ended.
fn go_on(mut config: KiwoomEmulatorConfig, kernel: &Kernel, last: Nanos) -> KiwoomEmulatorConfig {
    if last >= config.date.moment(config.begin) {
        config.date = Date::at(last).next();
        while !is_trading_day(config.date, &[]) {
            config.date = config.date.next();
        }
    }
    let whole = |raw: i128| i64::try_from(raw / i128::from(ONE)).unwrap_or(0);
    let currency: Currency = "KRW".parse().unwrap_or_default();
    let cash = kernel.portfolio().cash(Venue::Kiwoom, currency);
    if cash != Default::default() {
        config.cash = whole(cash.total.raw());
    }
    for instrument in kernel.instruments().filter(|instrument| instrument.venue == Venue::Kiwoom) {
        let position = kernel.portfolio().position(instrument.id);
        if position.qty.is_positive() {
            config.holdings.push((instrument.symbol.clone(), whole(position.qty.raw()), whole(position.cost.raw())));
        }
    }
    config
}
