//! Orders of the rules on their way: sent, watched while they stay unfilled, replaced.

use jangbu_journal::Nanos;

use super::pricing::{Pricing, fits_in, is_at_round_figure, step};
use super::profit::HUNDRED;
use super::settings::{Market, RuleSettings, Unfilled};
use super::state::{Reason, Tracked, Working};
use crate::account::{OrderType, TimeInForce};
use crate::market::number::divide;
use crate::market::{Instrument, Price, Qty, Rounding, Side};
use crate::strategy::size::tradable;
use crate::strategy::{Signal, Signals, View};

/// After something was refused, or came to nothing, this long nothing is ordered.
pub(super) const RETRY_NS: i64 = 1_000_000_000;
/// What is too small to be sold is looked at again after this long.
const DUST_NS: i64 = 60_000_000_000;
const SECOND_NS: i64 = 1_000_000_000;

/// One instrument at one moment.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a, 'v> {
    pub(super) settings: &'a RuleSettings,
    pub(super) view: &'a View<'v>,
    pub(super) instrument: &'a Instrument,
    /// The last price, if there is one.
    pub(super) price: Option<Price>,
}

/// What is to be ordered.
#[derive(Clone, Copy)]
pub(super) struct Ordered {
    pub(super) side: Side,
    pub(super) is_entry: bool,
    pub(super) order_type: OrderType,
    pub(super) qty: Qty,
    pub(super) carried: bool,
}

impl Moment<'_, '_> {
    /// Orders it, and remembers that.
    pub(super) fn send(&self, tracked: &mut Tracked, ordered: Ordered, out: &mut Signals) {
        let Ordered { side, is_entry, order_type, qty, carried } = ordered;
        let limit = match order_type {
            OrderType::Market => None,
            OrderType::Limit(price) => Some(price),
        };
        out.push(Signal::Order {
            instrument: self.instrument.id,
            side,
            order_type,
            time_in_force: TimeInForce::Gtc,
            qty,
            reduce_only: !is_entry && self.instrument.kind.can_short(),
        });
        tracked.working = Some(Working {
            order: None,
            side,
            is_entry,
            limit,
            qty,
            filled: Qty::ZERO,
            carried,
            sent: self.view.now(),
            amended: 0,
            cancelling: false,
            then_market: false,
        });
    }

    /// Whether an order finds what the settings want it to: not a price where the tick changes, and at market enough to take.
    pub(super) fn finds(&self, market: Market, side: Side, order_type: OrderType, qty: Qty) -> bool {
        let at = match order_type {
            OrderType::Market => self.price,
            OrderType::Limit(price) => Some(price),
        };
        let is_round = |at| is_at_round_figure(&self.instrument.ticks, at, side, market.round_figure);
        if market.round_figure > 0 && at.is_some_and(is_round) {
            return false;
        }
        let takes = market.levels > 0 && order_type == OrderType::Market;
        !takes || fits_in(self.view, self.instrument.id, side, qty, market.levels)
    }

    /// Cancels the order under way, once.
    fn cancel(&self, working: &mut Working, out: &mut Signals) {
        if !working.cancelling {
            working.cancelling = true;
            match working.order {
                Some(order) => out.cancel(order),
                None => out.cancel_all(self.instrument.id),
            }
        }
    }

    /// Looks after the order under way, or the exit that is due.
    pub(super) fn drive(&self, tracked: &mut Tracked, out: &mut Signals) {
        let now = self.view.now();
        let forced = tracked.leaving.is_some_and(|leaving| leaving.reason.is_forced());
        if let Some(working) = &mut tracked.working {
            // What is left is not entered, and a stop does not wait for an exit that rests.
            if tracked.leaving.is_some() && (working.is_entry || forced && working.limit.is_some()) {
                working.then_market = false;
                self.cancel(working, out);
            } else {
                self.watch(working, out);
            }
            return;
        }
        let Some(leaving) = tracked.leaving else { return };
        if tracked.retry_at.is_some_and(|at| now < at) {
            return;
        }
        if !self.view.is_idle(self.instrument.id) {
            // An order of this strategy that the rules know nothing of: from before they were here.
            out.cancel_all(self.instrument.id);
            tracked.retry_at = Some(now.plus(RETRY_NS));
            return;
        }
        let Some(holding) = &mut tracked.holding else {
            tracked.leaving = None;
            return;
        };
        let side = if holding.qty.is_negative() { Side::Buy } else { Side::Sell };
        let price = self.price.unwrap_or(holding.entry);
        let pricing = if forced { Pricing::Market } else { self.settings.exit };
        let quote = self.view.quote(self.instrument.id);
        let whole = holding.qty.abs();
        // A part too small to be sold is not worth keeping the rest for.
        let part = leaving.qty.and_then(|qty| tradable(self.instrument, price, qty));
        let qty = part.or_else(|| tradable(self.instrument, price, whole));
        let order_type = pricing.order_type(side, price, quote, &self.instrument.ticks);
        let (Some(qty), Some(order_type)) = (qty, order_type) else {
            // Dust: the venue does not take it.
            tracked.leaving = None;
            tracked.retry_at = Some(now.plus(DUST_NS));
            return;
        };
        if !forced && !self.finds(self.settings.exit_market, side, order_type, qty) {
            // A signal was one of its moment; a part that is due is due at the next price as well.
            tracked.leaving = None;
            return;
        }
        if holding.sells == 0 {
            holding.sell_base = whole;
        }
        self.send(tracked, Ordered { side, is_entry: false, order_type, qty, carried: false }, out);
    }

    /// An order that has stayed unfilled for too long, or that the price has run away from.
    fn watch(&self, working: &mut Working, out: &mut Signals) {
        let (waiting, now) = (&self.settings.waiting, self.view.now());
        let timed = waiting.seconds > 0 && now >= due(self.settings, working);
        if working.cancelling || !(timed || self.has_run_away(working)) {
            return;
        }
        match (waiting.then, working.limit, working.order, self.price) {
            (Unfilled::Amend, Some(limit), Some(order), Some(price)) if working.amended < waiting.amend_max => {
                let better = if working.side == Side::Buy { waiting.amend_ticks.saturating_neg() } else { waiting.amend_ticks };
                let Some(price) = step(&self.instrument.ticks, price, working.side, better) else {
                    return self.cancel(working, out);
                };
                working.sent = now;
                if price != limit {
                    working.amended = working.amended.saturating_add(1);
                    working.limit = Some(price);
                    out.amend(order, price, working.qty);
                }
            }
            // What has not been heard of at all is the kernel's to ask for.
            (Unfilled::Amend, Some(_), None, _) => {}
            (Unfilled::Market, Some(_), ..) => {
                working.then_market = true;
                self.cancel(working, out);
            }
            _ => self.cancel(working, out),
        }
    }

    fn has_run_away(&self, working: &Working) -> bool {
        let ticks = self.settings.waiting.runaway;
        let (true, Some(limit), Some(price)) = (ticks > 0, working.limit, self.price) else { return false };
        let away = if working.side == Side::Buy { ticks } else { ticks.saturating_neg() };
        step(&self.instrument.ticks, limit, working.side, away).is_some_and(|bound| match working.side {
            Side::Buy => price >= bound,
            Side::Sell => price <= bound,
        })
    }

    /// An order is over: what is left of it goes to market if that was meant, else its part is counted.
    pub(super) fn finish(&self, tracked: &mut Tracked, rejected: bool, out: &mut Signals) {
        let Some(working) = tracked.working.take() else { return };
        let any = working.carried || working.filled.is_positive();
        // Without a pause, an order that the price has run away from already would be sent and cancelled without end. A stop that
        // had an order cancelled to get through does not wait.
        let stop = tracked.leaving.is_some_and(|leaving| leaving.reason.is_forced()) && working.cancelling;
        if rejected || !(any || stop) {
            tracked.retry_at = Some(self.view.now().plus(RETRY_NS));
        }
        let rest = working.qty.checked_sub(working.filled).unwrap_or(Qty::ZERO);
        if working.then_market && !rejected && self.view.auto_trade() {
            let price = self.price.or(working.limit).unwrap_or(Price::ZERO);
            if let Some(qty) = tradable(self.instrument, price, rest) {
                let (side, is_entry) = (working.side, working.is_entry);
                let ordered = Ordered { side, is_entry, order_type: OrderType::Market, qty, carried: any };
                return self.send(tracked, ordered, out);
            }
        }
        let Some(holding) = &mut tracked.holding else { return };
        if working.is_entry {
            holding.buys = holding.buys.saturating_add(u32::from(any));
            return;
        }
        holding.sells = holding.sells.saturating_add(u32::from(any));
        // A stop goes on until nothing is left; a signal that could not be carried out was one of its moment.
        if tracked.leaving.is_some_and(|leaving| !leaving.reason.is_forced()) {
            tracked.leaving = None;
        }
    }

    /// Sets the timer of the instrument to the next moment at which something is due by time alone.
    pub(super) fn set_timer(&self, tracked: &mut Tracked, out: &mut Signals) {
        let (settings, now) = (self.settings, self.view.now());
        let unfilled = tracked.working.filter(|working| settings.waiting.seconds > 0 && !working.cancelling);
        // A part that rests does not stop the clock of the whole.
        let stopped = tracked.leaving.is_some_and(|leaving| leaving.reason.is_forced());
        let held = tracked.holding.filter(|_| settings.stops.holding_s > 0 && !stopped);
        let moments = [
            unfilled.map(|working| due(settings, &working)),
            held.map(|holding| super::exits::holding_ends(settings, &holding)),
            tracked.retry_at.filter(|_| tracked.holding.is_some() && tracked.working.is_none()),
        ];
        let next = moments.into_iter().flatten().filter(|at| *at > now).min();
        if let Some(at) = next.filter(|_| next != tracked.timer) {
            tracked.timer = next;
            out.timer(at, self.instrument.id.0);
        }
    }
}

/// When an order has stayed unfilled for too long.
fn due(settings: &RuleSettings, working: &Working) -> Nanos {
    working.sent.plus(settings.waiting.seconds.saturating_mul(SECOND_NS))
}

/// The quantity of the next entry at `price`: the size, scaled by `factor`, of it the next part. A further part is reckoned at the
/// average price of what is held, as the reference does. `None` when it is too small to be bought, or too large to reckon.
pub(super) fn entry_qty(moment: &Moment<'_, '_>, tracked: &Tracked, price: Price, factor: i64) -> Option<Qty> {
    let holding = tracked.holding.as_ref();
    let whole = moment.settings.size.at(holding.map_or(price, |holding| holding.entry))?;
    let one = i128::from(crate::market::number::ONE);
    let scaled = divide(whole.raw().checked_mul(i128::from(factor))?, one, Rounding::Truncate)?;
    let split = moment.settings.entries.split;
    let share = split.share(holding.map_or(0, |holding| holding.buys));
    let part = divide(scaled.checked_mul(i128::from(share.raw()))?, HUNDRED, Rounding::Truncate)?;
    tradable(moment.instrument, price, Qty::from_raw(part))
}

/// Whether an exit of this reason may take the place of one under way.
pub(super) fn outranks(reason: Reason, before: Option<Reason>) -> bool {
    before.is_none_or(|before| reason.is_forced() && !before.is_forced())
}
