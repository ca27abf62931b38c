//! What the simulated venue does with a message that arrives: submit, amend, cancel, query.

use alloc::boxed::Box;
use alloc::string::ToString;

use jangbu_journal::Nanos;

use super::liquidity::is_better;
use super::queue::minus;
use super::refusal::{Refusal, check_limit, check_order, check_qty};
use super::resting::RestingOrder;
use super::{RESTING_MAX, Simulator};
use crate::account::{Amendment, NewOrder, OrderId, OrderType, TimeInForce};
use crate::effect::Query;
use crate::event::{Answer, Event, Liquidity, OrderUpdate};
use crate::market::{InstrumentId, Price, Qty, Side, Venue};

impl Simulator {
    /// An order arrived.
    pub(super) fn on_submit(&mut self, at: Nanos, order: &NewOrder) {
        if let Err(refusal) = self.check_submit(at, order) {
            return self.answer(at, order.id, OrderUpdate::Rejected { reason: text(&refusal) });
        }
        let limit = match order.order_type {
            OrderType::Market => None,
            OrderType::Limit(price) => Some(price),
        };
        let venue_order = self.next_order;
        self.next_order = self.next_order.wrapping_add(1);
        self.answer(at, order.id, OrderUpdate::Accepted { venue_order });

        self.levels.clear();
        let Some(market) = self.markets.get_mut(order.instrument.index()) else { return };
        market.liquidity.walk(order.side, limit, order.qty, &mut self.levels);
        let takes = self.levels.iter().fold(0_i128, |sum, level| sum.saturating_add(level.1.raw()));
        let left = minus(order.qty, Qty::from_raw(takes));
        if order.time_in_force == TimeInForce::Fok && left.is_positive() {
            return self.answer(at, order.id, OrderUpdate::Expired);
        }
        self.take_levels(at, order.id, order.instrument, order.side);
        if !left.is_positive() {
            return;
        }
        let rests = matches!(order.time_in_force, TimeInForce::Gtc | TimeInForce::PostOnly);
        match limit {
            Some(limit) if rests => {
                let resting = RestingOrder {
                    id: order.id,
                    limit,
                    total: order.qty,
                    open: left,
                    ahead: Qty::ZERO,
                    shown: None,
                    post_only: order.time_in_force == TimeInForce::PostOnly,
                    reduce_only: order.reduce_only,
                    venue_order,
                };
                self.rest(order.instrument, order.side, resting);
            }
            // What a market order does not find, or an order that must not rest, ends here.
            Some(_) | None => self.answer(at, order.id, OrderUpdate::Expired),
        }
    }

    /// An amendment arrived. Priority is kept only when the price stays and the quantity does not grow; otherwise the order
    /// joins anew, and may take.
    pub(super) fn on_amend(&mut self, at: Nanos, amendment: Amendment) {
        if let Err(refusal) = self.check_amend(at, &amendment) {
            return self.answer(at, amendment.order, OrderUpdate::AmendRejected { reason: text(&refusal) });
        }
        let Some(&instrument) = self.open.get(&amendment.order) else { return };
        let Some(market) = self.markets.get_mut(instrument.index()) else { return };
        let amended = OrderUpdate::Amended { price: amendment.price, qty: amendment.qty };
        let Some((_, order)) = market.resting.find(amendment.order) else { return };
        if order.limit == amendment.price && amendment.qty <= order.total {
            let filled = minus(order.total, order.open);
            order.open = minus(amendment.qty, filled);
            order.total = amendment.qty;
            return self.answer(at, amendment.order, amended);
        }
        let Some((side, mut order)) = market.resting.remove(amendment.order) else { return };
        let filled = minus(order.total, order.open);
        (order.limit, order.total, order.open) = (amendment.price, amendment.qty, minus(amendment.qty, filled));
        self.levels.clear();
        market.liquidity.walk(side, Some(order.limit), order.open, &mut self.levels);
        self.answer(at, amendment.order, amended);
        let takes = self.levels.iter().fold(0_i128, |sum, level| sum.saturating_add(level.1.raw()));
        self.take_levels(at, order.id, instrument, side);
        order.open = minus(order.open, Qty::from_raw(takes));
        if order.open.is_positive() {
            self.rest(instrument, side, order);
        } else {
            self.open.remove(&order.id);
        }
    }

    /// A cancellation arrived; the fill may have been faster.
    pub(super) fn on_cancel(&mut self, at: Nanos, order: OrderId) {
        let instrument = self.open.remove(&order);
        let market = instrument.and_then(|instrument| self.markets.get_mut(instrument.index()));
        let update = match market.and_then(|market| market.resting.remove(order)) {
            Some(_) => OrderUpdate::Cancelled,
            None => OrderUpdate::CancelRejected { reason: text(&Refusal::NotOpen) },
        };
        self.answer(at, order, update);
    }

    /// A question arrived.
    pub(super) fn on_query(&mut self, at: Nanos, query: &Query) {
        match *query {
            Query::Order(order) => {
                let found = self.open.get(&order).copied();
                let answer = found.and_then(|instrument| self.describe(instrument, order));
                self.send(at, Event::Answer(Box::new(answer.unwrap_or(Answer::NotFound { order }))));
            }
            Query::Account(venue) => self.on_account_query(at, venue),
            Query::Reference(instrument) | Query::Bars { instrument, .. } => {
                let market = self.markets.get(instrument.index()).and_then(|market| market.instrument.as_ref());
                if let Some(venue) = market.map(|market| market.venue) {
                    self.cannot(at, venue, query);
                }
            }
            Query::Condition { venue, .. } => self.cannot(at, venue, query),
        }
    }

    /// Questions about the market that no gateway takes end here, and in a backtest: history holds what was answered then.
    fn cannot(&mut self, at: Nanos, venue: Venue, query: &Query) {
        let reason = "nothing here can answer that".into();
        self.send(at, Event::Answer(Box::new(Answer::Failed { venue, question: query.question(), reason })));
    }

    /// Open orders only: cash and positions are the kernel's own, for there is nobody else to trade in this account.
    fn on_account_query(&mut self, at: Nanos, venue: Venue) {
        let of_venue = |instrument: &InstrumentId| {
            let market = self.markets.get(instrument.index());
            market.and_then(|market| market.instrument.as_ref()).is_some_and(|instrument| instrument.venue == venue)
        };
        let open = self.open.iter().filter(|(_, instrument)| of_venue(instrument));
        let answers: alloc::vec::Vec<Answer> =
            open.filter_map(|(&order, &instrument)| self.describe(instrument, order)).collect();
        for answer in answers {
            self.send(at, Event::Answer(Box::new(answer)));
        }
        self.send(at, Event::Answer(Box::new(Answer::Reconciled { venue })));
    }

    fn describe(&self, instrument: InstrumentId, order: OrderId) -> Option<Answer> {
        let market = self.markets.get(instrument.index())?;
        let (side, order) = market.resting.iter().find(|(_, resting)| resting.id == order)?;
        Some(Answer::OpenOrder {
            order: Some(order.id),
            venue_order: order.venue_order,
            instrument,
            side,
            price: order.limit,
            qty: order.total,
            filled: minus(order.total, order.open),
        })
    }

    fn check_submit(&self, at: Nanos, order: &NewOrder) -> Result<(), Refusal> {
        let market = self.markets.get(order.instrument.index());
        check_order(at, market, order)?;
        let Some(market) = market else { return Ok(()) };
        if self.open.contains_key(&order.id) {
            return Err(Refusal::Duplicate);
        }
        match order.order_type {
            OrderType::Market if !market.liquidity.is_known() => return Err(Refusal::NoLiquidity),
            OrderType::Limit(limit) if order.time_in_force == TimeInForce::PostOnly => {
                check_passive(market.liquidity.best_opposite(order.side), order.side, limit)?;
            }
            OrderType::Market | OrderType::Limit(_) => {}
        }
        let may_rest =
            matches!(order.time_in_force, TimeInForce::Gtc | TimeInForce::PostOnly) && order.order_type != OrderType::Market;
        if may_rest && market.resting.len() >= RESTING_MAX {
            return Err(Refusal::TooMany { max: RESTING_MAX });
        }
        Ok(())
    }

    fn check_amend(&self, at: Nanos, amendment: &Amendment) -> Result<(), Refusal> {
        let instrument = self.open.get(&amendment.order).ok_or(Refusal::NotOpen)?;
        let market = self.markets.get(instrument.index()).ok_or(Refusal::NotOpen)?;
        let (side, order) = market.resting.iter().find(|(_, order)| order.id == amendment.order).ok_or(Refusal::NotOpen)?;
        let rules = market.instrument.as_ref().ok_or(Refusal::UnknownInstrument(*instrument))?;
        check_qty(rules, amendment.qty)?;
        check_limit(rules, amendment.price, amendment.qty, order.reduce_only)?;
        market.limits.check(at, amendment.price)?;
        if market.closed {
            return Err(Refusal::Closed);
        }
        let filled = minus(order.total, order.open);
        if amendment.qty <= filled {
            return Err(Refusal::Filled { filled });
        }
        if order.post_only && amendment.price != order.limit {
            check_passive(market.liquidity.best_opposite(side), side, amendment.price)?;
        }
        Ok(())
    }

    /// Fills an order with `self.levels`.
    fn take_levels(&mut self, at: Nanos, order: OrderId, instrument: InstrumentId, side: Side) {
        let levels = core::mem::take(&mut self.levels);
        if let Some(market) = self.markets.get_mut(instrument.index()) {
            market.liquidity.consume(side, &levels);
        }
        for &level in &levels {
            self.fill(at, order, level, Liquidity::Taker);
        }
        self.levels = levels;
    }

    /// Puts an order at the end of the queue at its price.
    fn rest(&mut self, instrument: InstrumentId, side: Side, mut order: RestingOrder) {
        let Some(market) = self.markets.get_mut(instrument.index()) else { return };
        order.shown = market.liquidity.shown_at(side, order.limit);
        order.ahead = self.queue.on_join(order.shown);
        self.open.insert(order.id, instrument);
        market.resting.insert(side, order);
    }
}

/// A post-only order must not reach the other side.
fn check_passive(best_opposite: Option<Price>, side: Side, limit: Price) -> Result<(), Refusal> {
    match best_opposite {
        Some(best) if best == limit || is_better(side, limit, best) => Err(Refusal::WouldTake(best)),
        Some(_) | None => Ok(()),
    }
}

fn text(refusal: &Refusal) -> Box<str> {
    refusal.to_string().into_boxed_str()
}
