//! Venues that get real orders: none leaves before the account there is known. [`RealVenues`].
//!
//! ```text
//!   session starts, or the account's connection comes up ─► ask for the account ─► balances, positions, open orders ─► Reconciled
//!        first time ever: taken over, and said         ┐
//!        else equal to our books                       ├─► orders may leave
//!        else different, asked again, still different ─┘   (a person is told which is right where)
//! ```

use alloc::format;
use alloc::vec::Vec;

use jangbu_replay::Effects;
use serde::{Deserialize, Serialize};

use super::Kernel;
use super::notices::say;
use crate::effect::{Effect, Query, Severity};
use crate::event::link::ACCOUNT_CHANNEL;
use crate::event::{Link, LinkState};
use crate::market::{Money, Venue};

/// How often the account is asked for again when it differs: a fill may still be on its way to us.
const ASKED_AGAIN_MAX: u8 = 2;

/// Venues that get real orders, now or in a session before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RealVenues {
    rows: Vec<RealVenue>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RealVenue {
    venue: Venue,
    /// In this session.
    current: bool,
    /// Its account is known, and its connection has not been lost since.
    reconciled: bool,
    /// Cash and positions were once taken over from it.
    adopted: bool,
    /// How often its account was asked for again because it differed.
    asked_again: u8,
}

impl RealVenues {
    fn get_mut(&mut self, venue: Venue) -> Option<&mut RealVenue> {
        self.rows.iter_mut().find(|row| row.venue == venue && row.current)
    }

    /// A session starts: who gets real orders is said anew.
    pub(super) fn on_session(&mut self) {
        for row in &mut self.rows {
            (row.current, row.reconciled, row.asked_again) = (false, false, 0);
        }
    }

    /// Whether orders may leave for a venue. Simulated venues are always ready.
    pub(super) fn is_ready(&self, venue: Venue) -> bool {
        self.rows.iter().find(|row| row.venue == venue && row.current).is_none_or(|row| row.reconciled)
    }

    /// Whether what a venue reports is not in our books yet: its account will be taken over as it is found.
    pub(super) fn is_to_be_taken_over(&self, venue: Venue) -> bool {
        self.rows.iter().any(|row| row.venue == venue && row.current && !row.adopted)
    }

    /// Whether orders for a venue are real.
    pub(super) fn is_real(&self, venue: Venue) -> bool {
        self.rows.iter().any(|row| row.venue == venue && row.current)
    }
}

impl Kernel {
    /// Orders for these venues are real from now on.
    pub(super) fn on_real_orders(&mut self, venues: &[Venue], effects: &mut Effects<Effect>) {
        for &venue in venues {
            match self.venues.rows.iter_mut().find(|row| row.venue == venue) {
                Some(row) => (row.current, row.reconciled, row.asked_again) = (true, false, 0),
                None => {
                    let row = RealVenue { venue, current: true, reconciled: false, adopted: false, asked_again: 0 };
                    self.venues.rows.push(row);
                }
            }
            say(Severity::Warning, "venue.real", effects, format!("orders for {venue} are real"));
        }
    }

    /// The connection of an account changed.
    pub(super) fn on_account_link(&mut self, link: &Link, effects: &mut Effects<Effect>) {
        if link.channel != ACCOUNT_CHANNEL {
            return;
        }
        let Some(row) = self.venues.get_mut(link.venue) else { return };
        match link.state {
            LinkState::Up => {
                row.asked_again = 0;
                effects.push(Effect::Query(Query::Account(link.venue)));
            }
            LinkState::Down { .. } => row.reconciled = false,
            LinkState::Conflated { .. } => {}
        }
    }

    /// Everything of a venue has been reported. True when it is settled whether its account is known.
    pub(super) fn on_account(&mut self, venue: Venue, effects: &mut Effects<Effect>) {
        if !self.venues.is_real(venue) {
            self.compare(venue, effects);
            return;
        }
        if self.venues.get_mut(venue).is_some_and(|row| !row.adopted) {
            self.take_over(venue, effects);
        }
        let differs = self.differs(venue);
        let Some(row) = self.venues.get_mut(venue) else { return };
        if differs && row.asked_again < ASKED_AGAIN_MAX {
            row.asked_again += 1;
            self.reported.forget_positions(venue, &self.markets);
            effects.push(Effect::Query(Query::Account(venue)));
            return;
        }
        let was = core::mem::replace(&mut row.reconciled, true);
        row.asked_again = 0;
        self.compare(venue, effects);
        self.reported.forget_positions(venue, &self.markets);
        if !was {
            say(Severity::Info, "reconcile.done", effects, format!("the account at {venue} is known; orders may leave"));
        }
        if self.operator.liquidating {
            // What could not leave before.
            self.liquidate(effects);
        }
    }

    /// The first report of an account ever: what is there becomes ours, cash as a deposit and positions at their average price.
    fn take_over(&mut self, venue: Venue, effects: &mut Effects<Effect>) {
        let cash: Vec<_> = self.reported.cash(venue).collect();
        for (currency, total) in cash {
            let before = self.portfolio.cash(venue, currency).total;
            let more = total.checked_sub(before).filter(|more| *more != Money::ZERO);
            let Some(more) = more else { continue };
            let result = self.portfolio.deposit(venue, currency, more);
            let (severity, text) = match result {
                Ok(()) => (Severity::Info, format!("{venue} holds {total} {currency}: taken over")),
                Err(error) => (Severity::Critical, format!("{total} {currency} at {venue} cannot be taken over: {error}")),
            };
            say(severity, "reconcile.adopted", effects, text);
        }
        let positions: Vec<_> = self.reported.positions(venue, &self.markets).collect();
        for (id, qty, average) in positions {
            let Some(market) = self.markets.get(id) else { continue };
            let symbol = &market.instrument.symbol;
            let (severity, text) = match self.portfolio.adopt(&market.instrument, qty, average) {
                Ok(()) => (Severity::Info, format!("{venue} holds {qty} of {symbol} at {average}: taken over")),
                Err(error) => (Severity::Critical, format!("{qty} of {symbol} at {venue} cannot be taken over: {error}")),
            };
            say(severity, "reconcile.adopted", effects, text);
        }
        if let Some(row) = self.venues.get_mut(venue) {
            row.adopted = true;
        }
    }
}
