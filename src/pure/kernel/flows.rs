//! Cash that comes or goes without a trade: deposits, withdrawals, funding. [`Flows`] remembers which are booked.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use jangbu_journal::Nanos;
use jangbu_replay::Effects;
use serde::{Deserialize, Serialize};

use super::Kernel;
use super::notices::say;
use crate::account::BookError;
use crate::effect::{Effect, Severity};
use crate::event::{CashFlow, FlowKind};
use crate::market::{Price, Qty, Venue};

/// So far behind the newest of its venue a flow is remembered. Gateways ask again for the last hour before what they know.
const REMEMBERED_NS: i64 = 2 * 86_400_000_000_000;

/// Flows that were heard of, so that none is booked twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Flows {
    venues: Vec<Heard>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Heard {
    venue: Venue,
    /// Time of the newest.
    newest: Nanos,
    /// Sorted.
    ids: Vec<(Nanos, String)>,
}

/// What is known of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    New,
    Again,
    /// Older than what is remembered: whether it was booked cannot be told.
    TooOld,
}

impl Flows {
    /// Whether there never was any.
    pub(super) fn is_idle(&self) -> bool {
        self.venues.is_empty()
    }

    /// Remembers a flow, unless it was heard of before.
    fn hear(&mut self, flow: &CashFlow) -> News {
        let place = match self.venues.iter().position(|heard| heard.venue == flow.venue) {
            Some(place) => place,
            None => {
                self.venues.push(Heard { venue: flow.venue, newest: flow.at, ids: Vec::new() });
                self.venues.len() - 1
            }
        };
        let Heard { newest, ids, .. } = &mut self.venues[place];
        let key = |row: &(Nanos, String)| (row.0, row.1.as_str()).cmp(&(flow.at, flow.id.as_str()));
        let Err(at) = ids.binary_search_by(key) else { return News::Again };
        if newest.since(flow.at) > REMEMBERED_NS {
            return News::TooOld;
        }
        ids.insert(at, (flow.at, flow.id.clone()));
        if flow.at > *newest {
            *newest = flow.at;
            let forgotten = ids.partition_point(|row| newest.since(row.0) > REMEMBERED_NS);
            ids.drain(..forgotten);
        }
        News::New
    }
}

impl Kernel {
    /// Cash came or went: booked, unless it is known already.
    pub(super) fn on_flow(&mut self, flow: &CashFlow, effects: &mut Effects<Effect>) {
        let CashFlow { venue, currency, amount, kind, ref id, .. } = *flow;
        match self.flows.hear(flow) {
            News::New => {}
            News::Again => return,
            News::TooOld => {
                let text = format!(
                    "{venue} tells of {amount} {currency} ({kind:?} {id}) of more than two days before the newest it told: it was not \
                     booked; compare the account with the venue's own statement"
                );
                say(Severity::Critical, "account.flow", effects, text);
                return;
            }
        }
        if self.venues.is_to_be_taken_over(venue) {
            // The balance that is taken over has it already.
            return;
        }
        if let Err(error) = self.book_flow(flow) {
            let text = format!("{amount} {currency} at {venue} ({kind:?} {id}) cannot be booked: {error}");
            say(Severity::Critical, "account.flow", effects, text);
            return;
        }
        say(Severity::Info, "account.flow", effects, format!("{venue}: {} {amount} {currency}", kind.word()));
        if let Some(instrument) = flow.instrument {
            self.watch_loss(instrument, effects);
        }
    }

    fn book_flow(&mut self, flow: &CashFlow) -> Result<(), BookError> {
        let CashFlow { venue, currency, amount, kind, instrument, .. } = *flow;
        // What is held of an instrument is its position, not cash.
        let held = self.markets.iter().find(|market| {
            let other = &market.instrument;
            other.venue == venue && other.base == currency && other.kind.is_tradable() && !other.kind.can_short()
        });
        if let Some(market) = held {
            // Without a trade yet it comes at what is held of it cost.
            let average = self.portfolio.position(market.instrument.id).average();
            let price = market.mark().or(average).unwrap_or(Price::ZERO);
            return self.portfolio.transfer(&market.instrument, Qty::from_raw(amount.raw()), price);
        }
        match kind {
            FlowKind::Deposit | FlowKind::Withdrawal => self.portfolio.deposit(venue, currency, amount),
            FlowKind::Funding | FlowKind::Other => {
                self.portfolio.receive(venue, currency, instrument, amount, kind == FlowKind::Funding)
            }
        }
    }
}

impl FlowKind {
    fn word(self) -> &'static str {
        match self {
            FlowKind::Deposit => "deposit",
            FlowKind::Withdrawal => "withdrawal",
            FlowKind::Funding => "funding",
            FlowKind::Other => "other income",
        }
    }
}
