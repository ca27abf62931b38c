//! Reports of orders in, updates of our orders out: [`Orders`]. Follows the chain of numbers that amendments and cancellations make.
//!
//! Kiwoom takes no id of ours: an order is known by the number its answer gave, and the report may come before the answer. So a report
//! of an unknown number is kept until [`Orders::assign`] says whose it is. Fills are counted by the value of all fills so far (FID 903),
//! which only grows: a report twice, late or lost neither doubles a fill nor loses one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;

mod catch_up;

pub use catch_up::{FillCost, Settled};

use super::report::{OrderFrame, OrderStatus, OrderVerb};
use super::symbol::OrderNumber;
use crate::account::OrderId;
use crate::event::{Fill, Liquidity, OrderUpdate};
use crate::market::{Money, Qty, Rounding};
use crate::venue::wire_error::WireError;

/// Most reports kept for orders that are not known. The oldest is given up then: queries find out what it said.
pub const WAITING_MAX: usize = 1_000;

/// Added to the number of a fill when part of what it counts was told by a report that was lost: that part needs a number of its own.
pub const MISSED_BIT: u64 = 1 << 63;

/// What became of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Updates were made of it.
    Updates,
    /// It says nothing new.
    Nothing,
    /// Kept: the order is not known.
    Kept,
    /// It cannot be: its numbers contradict each other. Ask for the order (ka10076) before trusting it.
    Wrong(WireError),
}

/// What is known of one number.
#[derive(Clone, Copy, Debug)]
struct Tracked {
    order: OrderId,
    accepted: bool,
    confirmed: bool,
    /// It amends the number before it, which is then no order any more.
    amends: bool,
    filled: Qty,
    value: Money,
    /// How often it filled.
    fills: u32,
    /// From a session before, and what of the order's fills was this number's is not known. Its reports wait for a query.
    unsure: bool,
    /// Its value was reckoned from an average that the broker had rounded: not the value but the quantity tells what is new.
    rough: bool,
}

/// What is known of one order of ours, over all its numbers.
#[derive(Debug, Default)]
struct Total {
    filled: Qty,
    value: Money,
    /// Its end was told.
    ended: bool,
    /// Numbers of the fills that were told.
    trades: BTreeSet<u64>,
}

/// The orders of one account on one day (numbers begin anew every day).
#[derive(Debug, Default)]
pub struct Orders {
    numbers: BTreeMap<OrderNumber, Tracked>,
    totals: BTreeMap<OrderId, Total>,
    waiting: VecDeque<OrderFrame>,
    given_up: u64,
    /// What fills cost, as far as reports say it; until somebody takes it.
    costs: Vec<FillCost>,
}

impl Orders {
    /// A number is this order of ours: its answer came, or a query found it. Reports that waited for it are told now.
    pub fn assign(&mut self, number: OrderNumber, order: OrderId, out: &mut Vec<(OrderFrame, OrderUpdate)>) {
        self.track(number, order);
        self.tell_waiting(out);
    }

    /// Reports that wait for nothing any more are told. A report may make others known: a cancellation names its original.
    fn tell_waiting(&mut self, out: &mut Vec<(OrderFrame, OrderUpdate)>) {
        while let Some(at) = self.waiting.iter().position(|frame| self.known(frame).is_some() && !self.is_unsure(frame)) {
            let Some(frame) = self.waiting.remove(at) else { break };
            let mut updates = Vec::new();
            self.report(&frame, &mut updates);
            out.extend(updates.into_iter().map(|update| (frame.clone(), update)));
        }
    }

    /// Which of our orders a number is.
    pub fn order(&self, number: OrderNumber) -> Option<OrderId> {
        self.numbers.get(&number).map(|tracked| tracked.order)
    }

    /// Reports of orders that are not known, oldest first: orders placed elsewhere, or answers that never came.
    pub fn waiting(&self) -> impl Iterator<Item = &OrderFrame> {
        self.waiting.iter()
    }

    /// Reports that were given up because too many waited.
    pub const fn given_up(&self) -> u64 {
        self.given_up
    }

    /// A new day: numbers begin anew.
    pub fn clear(&mut self) {
        *self = Orders { given_up: self.given_up, ..Orders::default() };
    }

    /// A report came.
    pub fn report(&mut self, frame: &OrderFrame, out: &mut Vec<OrderUpdate>) -> Told {
        let Some(number) = frame.number else {
            let (what, field) = ("an order report (00)", "9203");
            return Told::Wrong(WireError::Missing { what, field, expected: "the order's number" });
        };
        let Some(order) = self.known(frame).filter(|_| !self.is_unsure(frame)) else {
            if self.waiting.contains(frame) {
                return Told::Nothing;
            }
            if self.waiting.len() == WAITING_MAX {
                self.waiting.pop_front();
                self.given_up += 1;
            }
            self.waiting.push_back(frame.clone());
            return Told::Kept;
        };
        self.track(number, order);
        if let Some(tracked) = self.numbers.get_mut(&number) {
            tracked.amends |= frame.action.verb == OrderVerb::Amend && !tracked.confirmed;
        }
        let before = out.len();
        let told = match (&frame.status, frame.action.verb) {
            (OrderStatus::Received, OrderVerb::Place) => self.accepted(number, out),
            (OrderStatus::Filled, _) => self.filled(number, frame, out),
            (OrderStatus::Confirmed, OrderVerb::Amend) => self.amended(number, frame, out),
            (OrderStatus::Confirmed, OrderVerb::Cancel) => self.cancelled(number, frame, out),
            (OrderStatus::Cancelled, _) => self.cancelled(number, frame, out),
            (OrderStatus::Rejected, verb) => self.rejected(number, verb, frame, out),
            // That an amendment or a cancellation was received changes nothing; neither do echoes under the original's number.
            (OrderStatus::Received | OrderStatus::Confirmed | OrderStatus::Other(_), _) => Ok(()),
        };
        match told {
            Err(error) => Told::Wrong(error),
            Ok(()) if out.len() > before => Told::Updates,
            Ok(()) => Told::Nothing,
        }
    }

    /// Whether it counts fills of a number whose earlier ones are not known.
    fn is_unsure(&self, frame: &OrderFrame) -> bool {
        frame.status == OrderStatus::Filled
            && frame.number.and_then(|number| self.numbers.get(&number)).is_some_and(|tracked| tracked.unsure)
    }

    fn known(&self, frame: &OrderFrame) -> Option<OrderId> {
        let by_number = frame.number.and_then(|number| self.order(number));
        by_number.or_else(|| self.order(frame.original?))
    }

    fn track(&mut self, number: OrderNumber, order: OrderId) {
        let (filled, value) = (Qty::ZERO, Money::ZERO);
        let (accepted, confirmed, amends, unsure, rough, fills) = (false, false, false, false, false, 0);
        let fresh = Tracked { order, accepted, confirmed, amends, filled, value, fills, unsure, rough };
        self.numbers.entry(number).or_insert(fresh);
        self.totals.entry(order).or_default();
    }

    fn accepted(&mut self, number: OrderNumber, out: &mut Vec<OrderUpdate>) -> Result<(), WireError> {
        let Some(tracked) = self.numbers.get_mut(&number) else { return Ok(()) };
        if !std::mem::replace(&mut tracked.accepted, true) {
            out.push(OrderUpdate::Accepted { venue_order: number.get() });
        }
        Ok(())
    }

    fn filled(&mut self, number: OrderNumber, frame: &OrderFrame, out: &mut Vec<OrderUpdate>) -> Result<(), WireError> {
        const WHAT: &str = "a fill (00)";
        let missing = |field, expected| WireError::Missing { what: WHAT, field, expected };
        let Some(tracked) = self.numbers.get_mut(&number) else { return Ok(()) };
        let trade = frame.trade.and_then(|trade| u64::try_from(trade).ok()).filter(|trade| *trade < MISSED_BIT);
        let trade = trade.ok_or_else(|| missing("909", "the number of the fill"))?;
        let price = frame.unit_price.or(frame.trade_price).filter(|price| price.is_positive());
        let price = price.ok_or_else(|| missing("914", "the price of the fill"))?;
        let qty = frame.unit_qty.or(frame.filled_qty).map(Qty::abs).filter(|qty| qty.is_positive());
        let qty = qty.ok_or_else(|| missing("915", "the quantity of the fill"))?;
        let own = price.times(qty, Rounding::HalfEven).ok_or_else(|| too_large(WHAT, "915", qty))?;
        let after = frame.filled_value.filter(|value| value.is_positive());
        let after = match after.or_else(|| tracked.value.checked_add(own)) {
            Some(after) => after,
            None => return Err(too_large(WHAT, "903", qty)),
        };
        if tracked.rough {
            let told = frame.qty.zip(frame.open_qty).and_then(|(all, open)| all.checked_sub(open));
            let told = told.or(frame.filled_qty.map(Qty::abs)).ok_or_else(|| missing("902", "what is open"))?;
            if told <= tracked.filled {
                return Ok(());
            }
            // As if the value had been known exactly: what is missing now is by quantity.
            let before = told.checked_sub(qty).filter(|before| *before == tracked.filled);
            if before.is_some() {
                tracked.value = after.checked_sub(own).unwrap_or(tracked.value);
            }
            tracked.rough = false;
        }
        let grown = after.checked_sub(tracked.value).unwrap_or(Money::ZERO);
        if !grown.is_positive() {
            return Ok(());
        }
        let total = self.totals.entry(tracked.order).or_default();
        if total.trades.contains(&trade) {
            let (seen, expected) = (trade.to_string(), "a number of its own: a fill of this order with it had less value in all");
            return Err(WireError::field(WHAT, "909", &seen, expected));
        }
        let missed_value = grown.checked_sub(own).unwrap_or(Money::ZERO);
        if missed_value.is_negative() {
            let seen = format!("{after} after {}, with a fill of {own}", tracked.value);
            return Err(WireError::field(WHAT, "903", &seen, "the value of all fills so far"));
        }
        let (mut counted, mut missed_trades) = (qty, Vec::new());
        if missed_value.is_positive() {
            let missed = missed_qty(frame, tracked.filled, qty);
            let missed = missed.ok_or_else(|| WireError::field(WHAT, "902", &after.to_string(), "quantities that add up"))?;
            let parts = catch_up::in_parts(missed, missed_value, trade | MISSED_BIT);
            let parts = parts.ok_or_else(|| too_large(WHAT, "903", missed))?;
            counted = qty.checked_add(missed).ok_or_else(|| too_large(WHAT, "902", missed))?;
            missed_trades.extend(parts.iter().map(|fill| fill.trade));
            out.extend(parts.into_iter().map(OrderUpdate::Filled));
        }
        out.push(OrderUpdate::Filled(Fill { trade, price, qty, liquidity: Liquidity::Unstated }));
        tracked.value = after;
        tracked.fills = tracked.fills.saturating_add(1 + missed_trades.len() as u32);
        tracked.filled = tracked.filled.checked_add(counted).unwrap_or(tracked.filled);
        total.filled = total.filled.checked_add(counted).unwrap_or(total.filled);
        total.value = total.value.checked_add(grown).unwrap_or(total.value);
        self.costs.push(FillCost {
            order: tracked.order,
            number,
            trade,
            missed: missed_trades,
            value: after,
            fills: tracked.fills,
            fee: frame.fee,
            tax: frame.tax,
        });
        total.trades.insert(trade);
        Ok(())
    }

    fn amended(&mut self, number: OrderNumber, frame: &OrderFrame, out: &mut Vec<OrderUpdate>) -> Result<(), WireError> {
        const WHAT: &str = "a confirmed amendment (00)";
        let Some(tracked) = self.numbers.get_mut(&number) else { return Ok(()) };
        if tracked.confirmed {
            return Ok(());
        }
        let missing = |field, expected| WireError::Missing { what: WHAT, field, expected };
        let price = frame.price.filter(|price| price.is_positive()).ok_or_else(|| missing("901", "the new limit"))?;
        let open = frame.open_qty.ok_or_else(|| missing("902", "what is open"))?;
        tracked.confirmed = true;
        // What it is in all: what was filled under every number, and what is open under this one.
        let filled = self.totals.get(&tracked.order).map_or(Qty::ZERO, |total| total.filled);
        let qty = filled.checked_add(open).ok_or_else(|| too_large(WHAT, "902", open))?;
        out.push(OrderUpdate::Accepted { venue_order: number.get() });
        out.push(OrderUpdate::Amended { price, qty });
        Ok(())
    }

    fn cancelled(&mut self, number: OrderNumber, frame: &OrderFrame, out: &mut Vec<OrderUpdate>) -> Result<(), WireError> {
        let Some(tracked) = self.numbers.get(&number) else { return Ok(()) };
        // Something is open still: only a part was cancelled. Or an amendment took this number's place, and the order goes on as that.
        let order = tracked.order;
        let mut later = self.numbers.range((Bound::Excluded(number), Bound::Unbounded));
        let amended = frame.action.verb != OrderVerb::Cancel && later.any(|(_, later)| later.order == order && later.amends);
        if amended || frame.open_qty.is_some_and(Qty::is_positive) {
            return Ok(());
        }
        let total = self.totals.entry(order).or_default();
        if !std::mem::replace(&mut total.ended, true) {
            out.push(OrderUpdate::Cancelled);
        }
        Ok(())
    }

    fn rejected(
        &mut self,
        number: OrderNumber,
        verb: OrderVerb,
        frame: &OrderFrame,
        out: &mut Vec<OrderUpdate>,
    ) -> Result<(), WireError> {
        let Some(tracked) = self.numbers.get_mut(&number) else { return Ok(()) };
        if std::mem::replace(&mut tracked.confirmed, true) {
            return Ok(());
        }
        tracked.amends = false;
        let stated = Some(frame.reject_reason.as_str()).filter(|reason| !matches!(*reason, "" | "0"));
        let reason: Box<str> = stated.unwrap_or("거부 (no reason was given)").into();
        out.push(match verb {
            OrderVerb::Place => OrderUpdate::Rejected { reason },
            OrderVerb::Amend => OrderUpdate::AmendRejected { reason },
            OrderVerb::Cancel => OrderUpdate::CancelRejected { reason },
        });
        Ok(())
    }
}

/// How much was filled beside this fill of `qty` that no report told: by the cumulative quantity, else by what is open.
fn missed_qty(frame: &OrderFrame, known: Qty, qty: Qty) -> Option<Qty> {
    let told = known.checked_add(qty)?;
    let by_total = frame.filled_qty.and_then(|total| total.abs().checked_sub(told));
    let by_open = frame.qty.zip(frame.open_qty).and_then(|(all, open)| all.checked_sub(open)?.checked_sub(told));
    by_total.filter(|missed| missed.is_positive()).or(by_open.filter(|missed| missed.is_positive()))
}

fn too_large(what: &'static str, field: &'static str, qty: Qty) -> WireError {
    WireError::field(what, field, &qty.to_string(), "a quantity whose value can be kept")
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
