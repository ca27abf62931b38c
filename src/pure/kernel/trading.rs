//! The way of an order: wanted, checked, sent, and what the venue says of it.

use alloc::format;

use jangbu_replay::Effects;

use super::Kernel;
use super::notices::say;
use super::orders::{BookedFill, Live};
use super::refusal::Refusal;
use super::risk::{Approved, Known, Origin, Wanted, reserve_for};
use super::timers::Purpose;
use crate::account::{Amendment, Change, Fill, Illegal, NewOrder, OrderId, OrderState, OrderType, OrderUpdate};
use crate::effect::{Effect, Query, Severity};
use crate::event::OrderEvent;
use crate::market::{InstrumentId, Money, Qty};
use crate::strategy::OrderReport;

/// How long the kernel waits for a venue's word before it asks, nanoseconds. Binance answers within 10 s or not at all.
const ANSWER_NS: i64 = 10_000_000_000;
/// The pause between questions doubles up to 2^5 times that: 320 s.
const DOUBLINGS_MAX: u32 = 5;

impl Kernel {
    pub(super) fn known(&self) -> Known<'_> {
        let Kernel { stamp, markets, orders, portfolio, facts, .. } = self;
        Known { now: stamp.recv, markets, orders, portfolio, facts }
    }

    /// Sends an order if every check lets it; tells people if not.
    pub(super) fn want(&mut self, wanted: &Wanted, effects: &mut Effects<Effect>) -> Option<OrderId> {
        let verdict = self.permit(wanted.origin, wanted.instrument).and_then(|()| self.risk.check(self.known(), wanted));
        let verdict = verdict.and_then(|approved| self.check_liquidation(wanted, approved));
        let verdict = verdict.and_then(|approved| self.submit(wanted, approved, effects));
        match verdict {
            Ok(id) => Some(id),
            Err(refusal) => {
                self.counts.refused = self.counts.refused.saturating_add(1);
                let text = || {
                    let symbol = self.markets.get(wanted.instrument).map_or("?", |market| market.instrument.symbol.as_str());
                    format!("{} {} {symbol} was not sent: {refusal}", wanted.side, wanted.qty)
                };
                // What a person asked for is answered every time.
                match wanted.origin {
                    Origin::Strategy(_) => {
                        self.notices.tell(self.stamp.recv, Severity::Warning, refusal.code(), effects, text);
                    }
                    Origin::Manual | Origin::Liquidation => say(Severity::Warning, refusal.code(), effects, text()),
                }
                None
            }
        }
    }

    /// Whether anyone of this kind may send orders at all.
    fn permit(&self, origin: Origin, instrument: InstrumentId) -> Result<(), Refusal> {
        if let Some(market) = self.markets.get(instrument)
            && !self.venues.is_ready(market.instrument.venue)
        {
            return Err(Refusal::NotReconciled(market.instrument.venue));
        }
        if let Some(reason) = &self.operator.killed {
            return Err(Refusal::Killed { reason: reason.clone() });
        }
        match origin {
            Origin::Strategy(_) if self.operator.liquidating => Err(Refusal::Liquidating),
            Origin::Strategy(_) if !self.operator.auto_trade => Err(Refusal::AutoTradeOff),
            _ => Ok(()),
        }
    }

    fn submit(&mut self, wanted: &Wanted, approved: Approved, effects: &mut Effects<Effect>) -> Result<OrderId, Refusal> {
        let index = u16::try_from(effects.len()).map_err(|_| Refusal::CannotTell("the number of effects of one event"))?;
        let id = OrderId { session: self.operator.session, seq: self.stamp.seq, index };
        let request = NewOrder {
            id,
            strategy: wanted.origin.id(),
            instrument: wanted.instrument,
            side: wanted.side,
            order_type: wanted.order_type,
            time_in_force: wanted.time_in_force,
            qty: wanted.qty,
            reduce_only: wanted.reduce_only,
        };
        self.orders.add(Live::new(request, approved.reference, self.stamp.recv));
        self.set_aside(id, approved.reserve);
        self.risk.on_sent(self.stamp.recv, wanted);
        self.timers.set(self.stamp.recv.plus(ANSWER_NS), Purpose::Ask(id));
        self.counts.submitted = self.counts.submitted.saturating_add(1);
        effects.push(Effect::Submit(request));
        Ok(id)
    }

    /// Sets aside `needed` for a live order, in place of what was. What is too large to add up stays as it was.
    fn set_aside(&mut self, id: OrderId, needed: Money) {
        let Some(live) = self.orders.get_mut(id) else { return };
        let Some(market) = self.markets.get(live.order.request.instrument) else { return };
        let (venue, currency) = (market.instrument.venue, market.instrument.quote);
        if live.reserved != needed && self.portfolio.reserve(venue, currency, needed).is_ok() {
            let before = core::mem::replace(&mut live.reserved, needed);
            let released = self.portfolio.release(venue, currency, before);
            assert!(released.is_ok(), "what an order gives back was set aside for it: {released:?}");
        }
    }

    /// Cancels a live order, unless that was asked already.
    pub(super) fn cancel(&mut self, id: OrderId, effects: &mut Effects<Effect>) {
        let Some(live) = self.orders.get_mut(id).filter(|live| !live.order.cancel_sent) else { return };
        live.order.cancel_sent = true;
        self.timers.set(self.stamp.recv.plus(ANSWER_NS), Purpose::Ask(id));
        effects.push(Effect::Cancel(id));
    }

    /// Cancels every live order of which `which` says so.
    pub(super) fn cancel_where(&mut self, effects: &mut Effects<Effect>, which: impl Fn(&NewOrder) -> bool) {
        let count = self.orders.live().len();
        // By place: cancelling changes no place.
        for place in 0..count {
            let request = self.orders.live()[place].order.request;
            if which(&request) {
                self.cancel(request.id, effects);
            }
        }
    }

    /// Changes a resting order for whoever asks, if the checks let an order like the changed one leave.
    pub(super) fn amend(&mut self, amendment: &Amendment, origin: Origin, effects: &mut Effects<Effect>) {
        let Some(live) = self.orders.get(amendment.order) else { return };
        let (order, reserved) = (&live.order, live.reserved);
        if live.is_waiting() || order.limit.is_none() || amendment.qty <= order.filled {
            return;
        }
        let (request, stood, filled) = (order.request, order.qty, order.filled);
        let qty = amendment.qty.checked_sub(filled);
        // Checked in the place of the order, whose open rest does not count beside the new one: else no sale of everything that is
        // held could ever be given another price. What is set aside for it still counts: stricter than need be, never laxer.
        self.set_total(request.id, filled);
        let verdict = self.permit(origin, request.instrument).and_then(|()| {
            let qty = qty.ok_or(Refusal::CannotTell("the quantity"))?;
            let order_type = OrderType::Limit(amendment.price);
            let wanted = Wanted {
                origin,
                instrument: request.instrument,
                side: request.side,
                order_type,
                time_in_force: request.time_in_force,
                qty,
                reduce_only: request.reduce_only,
            };
            self.risk.check(self.known(), &wanted).and_then(|approved| self.check_liquidation(&wanted, approved))
        });
        self.set_total(request.id, stood);
        match verdict {
            Ok(approved) => {
                // Until the venue has chosen, either may fill: the dearer of both is set aside.
                let needed = if approved.reserve > reserved { approved.reserve } else { reserved };
                self.set_aside(request.id, needed);
                if let Some(live) = self.orders.get_mut(request.id) {
                    live.order.amend_sent = Some(*amendment);
                }
                self.timers.set(self.stamp.recv.plus(ANSWER_NS), Purpose::Ask(request.id));
                effects.push(Effect::Amend(*amendment));
            }
            Err(refusal) => {
                self.counts.refused = self.counts.refused.saturating_add(1);
                let text = || format!("order {} was not amended: {refusal}", request.id);
                match origin {
                    Origin::Strategy(_) => {
                        self.notices.tell(self.stamp.recv, Severity::Warning, refusal.code(), effects, text);
                    }
                    Origin::Manual | Origin::Liquidation => say(Severity::Warning, refusal.code(), effects, text()),
                }
            }
        }
    }

    /// Gives a live order another total, for the length of a check.
    fn set_total(&mut self, id: OrderId, qty: Qty) {
        if let Some(live) = self.orders.get_mut(id) {
            live.order.qty = qty;
        }
    }

    /// An order has had no answer for a while: asks the venue what became of it, and again, ever less often. Never sends it again.
    pub(super) fn ask(&mut self, id: OrderId, effects: &mut Effects<Effect>) {
        let Some(live) = self.orders.get_mut(id).filter(|live| live.is_waiting()) else { return };
        if live.order.state == OrderState::Submitted {
            // Legal: a submitted order may become unknown.
            let _ = live.order.update(&OrderUpdate::Unknown, self.stamp.recv);
        }
        let wait = ANSWER_NS.saturating_mul(1 << live.asked.min(DOUBLINGS_MAX));
        live.asked = live.asked.saturating_add(1);
        let cancel = live.order.cancel_sent;
        self.timers.set(self.stamp.recv.plus(wait), Purpose::Ask(id));
        effects.push(Effect::Query(Query::Order(id)));
        if cancel {
            // Cancelling twice is cancelling once.
            effects.push(Effect::Cancel(id));
        }
        let text = || format!("order {id} has had no answer; its venue is asked. It keeps its reservation and is not sent again");
        self.notices.tell(self.stamp.recv, Severity::Warning, "orders.no_answer", effects, text);
    }

    pub(super) fn on_order(&mut self, event: &OrderEvent, effects: &mut Effects<Effect>) {
        let now = self.stamp.recv;
        if let Some(live) = self.orders.get_mut(event.order) {
            let change = live.order.update(&event.update, now);
            let request = live.order.request;
            self.on_change(&request, &event.update, change, effects);
            self.settle(event, effects);
            self.release(request.instrument, effects);
        } else if let Some(order) = self.orders.done_mut(event.order) {
            let change = order.update(&event.update, now);
            let request = order.request;
            self.on_change(&request, &event.update, change, effects);
            self.orders.revive(event.order);
            self.settle(event, effects);
        } else {
            let text = || format!("a venue speaks of order {}, which is not known here: {:?}", event.order, event.update);
            say(Severity::Critical, "orders.not_ours", effects, text());
        }
    }

    fn on_change(
        &mut self,
        request: &NewOrder,
        update: &OrderUpdate,
        change: Result<Change, Illegal>,
        effects: &mut Effects<Effect>,
    ) {
        match change {
            Ok(Change::Filled(fill)) => {
                self.counts.fills = self.counts.fills.saturating_add(1);
                self.book_fill(request, &fill, effects);
            }
            Ok(Change::Duplicate) => self.counts.duplicates = self.counts.duplicates.saturating_add(1),
            Ok(Change::State | Change::Amended { .. }) => {
                if let OrderUpdate::Rejected { reason } = update {
                    self.counts.rejected = self.counts.rejected.saturating_add(1);
                    let text = || format!("the venue refused order {}: {reason}", request.id);
                    self.notices.tell(self.stamp.recv, Severity::Warning, "orders.rejected", effects, text);
                }
            }
            Err(illegal) => {
                let text = format!("order {}: {illegal}", request.id);
                if let OrderUpdate::Filled(fill) = update
                    && fill.qty.is_positive()
                    && fill.price.is_positive()
                {
                    // The money moved, whatever we think of it: the books follow the venue, and trading stops.
                    self.book_fill(request, fill, effects);
                    self.kill(text, effects);
                } else {
                    say(Severity::Critical, "orders.illegal", effects, text);
                }
            }
        }
    }

    /// Books a fill.
    fn book_fill(&mut self, request: &NewOrder, fill: &Fill, effects: &mut Effects<Effect>) {
        let Some(market) = self.markets.get(request.instrument) else { return };
        let instrument = &market.instrument;
        match self.portfolio.fill(instrument, request.side, fill.price, fill.qty, fill.liquidity) {
            Ok(booking) => {
                let (order, trade, instrument) = (request.id, fill.trade, request.instrument);
                self.orders.on_booked(BookedFill { order, trade, instrument, fee: booking.fee, tax: booking.tax });
                self.watch_loss(request.instrument, effects);
                self.watch_liquidation(request.instrument, effects);
            }
            Err(error) => {
                let text = format!("the fill {} of order {} cannot be booked: {error}", fill.trade, request.id);
                self.kill(text, effects);
            }
        }
    }

    /// After an update of a live order: its timer, its reservation, its end, and the strategy's report.
    fn settle(&mut self, event: &OrderEvent, effects: &mut Effects<Effect>) {
        let id = event.order;
        let Some(live) = self.orders.get_mut(id) else { return };
        if !live.is_waiting() {
            live.asked = 0;
            self.timers.clear(Purpose::Ask(id));
        }
        let order = &live.order;
        let request = order.request;
        let report = OrderReport {
            order: id,
            instrument: request.instrument,
            side: request.side,
            filled: order.filled,
            open: order.open_qty(),
            done: order.is_done(),
            last_fill: match &event.update {
                OrderUpdate::Filled(fill) => Some((fill.price, fill.qty)),
                _ => None,
            },
            rejected: order.state == OrderState::Rejected,
        };
        let (done, amending, price, open) = (order.is_done(), order.amend_sent.is_some(), live.price(), order.open_qty());
        let reserved = live.reserved;
        if done {
            self.set_aside(id, Money::ZERO);
            self.timers.clear(Purpose::Ask(id));
            self.orders.retire(id);
        } else if !amending && let Some(market) = self.markets.get(request.instrument) {
            let position = self.portfolio.position(request.instrument).qty;
            let order_type = request.order_type;
            let needed = reserve_for(market, request.side, order_type, price, open, position).unwrap_or(reserved);
            self.set_aside(id, needed);
        }
        self.report(request.strategy, &report, effects);
        if done && self.operator.liquidating {
            self.close_position(request.instrument, effects);
            self.end_liquidation(effects);
        }
    }

    /// Stops trading for the day when the loss has reached its limit.
    #[inline]
    pub(super) fn watch_loss(&mut self, instrument: InstrumentId, effects: &mut Effects<Effect>) {
        let Some(max) = self.risk.limits.daily_loss_max else { return };
        if self.operator.loss_stopped || self.portfolio.position(instrument).qty.is_zero() {
            return;
        }
        let Some(market) = self.markets.get(instrument) else { return };
        let (venue, currency) = (market.instrument.venue, market.instrument.quote);
        let loss = self.risk.loss_today(self.known(), venue, currency);
        if let Some(loss) = loss.filter(|loss| *loss >= max) {
            self.operator.loss_stopped = true;
            self.cancel_where(effects, |_| true);
            let text = format!(
                "today's loss of {loss} {currency} at {venue} has reached the limit of {max}: \
                 every order is cancelled, and until tomorrow positions may only be closed"
            );
            say(Severity::Critical, "risk.daily_loss", effects, text);
        }
    }
}
