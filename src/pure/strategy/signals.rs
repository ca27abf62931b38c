//! What a strategy wants done: [`Signals`], a buffer that is used again and again.

use alloc::string::String;
use alloc::vec::{Drain, Vec};

use jangbu_journal::Nanos;

use crate::account::{Amendment, OrderId, OrderType, TimeInForce};
use crate::effect::{Notice, Query, Severity};
use crate::market::{InstrumentId, Price, Qty, Side};

/// One thing a strategy wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Place an order. The kernel gives it its id and checks it first.
    Order {
        /// What.
        instrument: InstrumentId,
        /// Buy or sell.
        side: Side,
        /// Priced how.
        order_type: OrderType,
        /// For how long.
        time_in_force: TimeInForce,
        /// How much; positive.
        qty: Qty,
        /// Futures: may only shrink the position.
        reduce_only: bool,
    },
    /// Cancel one order of this strategy.
    Cancel(OrderId),
    /// Cancel every order of this strategy in one instrument.
    CancelAll(InstrumentId),
    /// Change a resting order of this strategy.
    Amend(Amendment),
    /// Call `Strategy::on_timer` with this tag, once, at the first event from `at` on.
    Timer {
        /// When.
        at: Nanos,
        /// Handed back.
        tag: u32,
    },
    /// Watch an instrument, or stop.
    Subscribe {
        /// Which.
        instrument: InstrumentId,
        /// Watch or stop.
        on: bool,
    },
    /// Tell a person.
    Notify(Notice),
    /// Ask a venue. What it answers is heard as events.
    Ask(Query),
}

/// The signals of one call, in order. Keeps its room, so that signalling allocates nothing in the long run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    list: Vec<Signal>,
}

impl Signals {
    /// Without signals.
    pub fn new() -> Self {
        Signals::default()
    }

    /// Adds any signal.
    pub fn push(&mut self, signal: Signal) {
        self.list.push(signal);
    }

    /// Buys at the best price there is.
    pub fn buy_market(&mut self, instrument: InstrumentId, qty: Qty) {
        self.market(instrument, Side::Buy, qty, false);
    }

    /// Sells at the best price there is.
    pub fn sell_market(&mut self, instrument: InstrumentId, qty: Qty) {
        self.market(instrument, Side::Sell, qty, false);
    }

    /// Buys at `price` or better; rests till cancelled.
    pub fn buy_limit(&mut self, instrument: InstrumentId, price: Price, qty: Qty) {
        self.limit(instrument, Side::Buy, price, qty, TimeInForce::Gtc);
    }

    /// Sells at `price` or better; rests till cancelled.
    pub fn sell_limit(&mut self, instrument: InstrumentId, price: Price, qty: Qty) {
        self.limit(instrument, Side::Sell, price, qty, TimeInForce::Gtc);
    }

    /// A market order; with `reduce_only` a futures order that may only shrink the position.
    pub fn market(&mut self, instrument: InstrumentId, side: Side, qty: Qty, reduce_only: bool) {
        let (order_type, time_in_force) = (OrderType::Market, TimeInForce::Gtc);
        self.push(Signal::Order { instrument, side, order_type, time_in_force, qty, reduce_only });
    }

    /// A limit order.
    pub fn limit(&mut self, instrument: InstrumentId, side: Side, price: Price, qty: Qty, time_in_force: TimeInForce) {
        self.push(Signal::Order {
            instrument,
            side,
            order_type: OrderType::Limit(price),
            time_in_force,
            qty,
            reduce_only: false,
        });
    }

    /// Cancels one order.
    pub fn cancel(&mut self, order: OrderId) {
        self.push(Signal::Cancel(order));
    }

    /// Cancels every order of this strategy in `instrument`.
    pub fn cancel_all(&mut self, instrument: InstrumentId) {
        self.push(Signal::CancelAll(instrument));
    }

    /// Gives a resting order a new limit and a new total quantity (filled and open).
    pub fn amend(&mut self, order: OrderId, price: Price, qty: Qty) {
        self.push(Signal::Amend(Amendment { order, price, qty }));
    }

    /// Asks to be called at `at`.
    pub fn timer(&mut self, at: Nanos, tag: u32) {
        self.push(Signal::Timer { at, tag });
    }

    /// Asks for the data of an instrument, or no more of it.
    pub fn subscribe(&mut self, instrument: InstrumentId, on: bool) {
        self.push(Signal::Subscribe { instrument, on });
    }

    /// Asks a venue: for facts of an instrument's day, its bars, a condition search made once.
    pub fn ask(&mut self, query: Query) {
        self.push(Signal::Ask(query));
    }

    /// Tells a person. `code` is a stable name of the cause.
    pub fn notify(&mut self, severity: Severity, code: impl Into<String>, text: impl Into<String>) {
        self.push(Signal::Notify(Notice { severity, code: code.into(), text: text.into() }));
    }

    /// How many.
    #[inline]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Them, in order.
    pub fn iter(&self) -> core::slice::Iter<'_, Signal> {
        self.list.iter()
    }

    /// Takes them out, in order; the room stays.
    pub fn drain(&mut self) -> Drain<'_, Signal> {
        self.list.drain(..)
    }

    /// Forgets them; the room stays.
    pub fn clear(&mut self) {
        self.list.clear();
    }
}

impl<'a> IntoIterator for &'a Signals {
    type Item = &'a Signal;
    type IntoIter = core::slice::Iter<'a, Signal>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_keep_their_order_and_room() {
        let mut signals = Signals::new();
        let (what, one) = (InstrumentId(2), Qty::from_raw(1));
        signals.buy_market(what, one);
        signals.sell_limit(what, Price::from_raw(5), one);
        signals.amend(OrderId::default(), Price::from_raw(6), one);
        signals.cancel(OrderId::default());
        signals.cancel_all(what);
        signals.timer(Nanos::new(9), 4);
        signals.notify(Severity::Info, "test.code", "words");
        assert_eq!((signals.len(), signals.iter().count()), (7, 7));
        let room = signals.list.capacity();
        let drained: Vec<Signal> = signals.drain().collect();
        assert!(matches!(drained[0], Signal::Order { side: Side::Buy, order_type: OrderType::Market, .. }));
        assert!(matches!(drained[1], Signal::Order { side: Side::Sell, order_type: OrderType::Limit(_), .. }));
        assert_eq!(drained[5], Signal::Timer { at: Nanos::new(9), tag: 4 });
        assert!(signals.is_empty() && signals.list.capacity() == room);
    }
}
