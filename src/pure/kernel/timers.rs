//! Moments the kernel wants to be woken at: [`Timers`]. They fire on `Tick` events only.

use alloc::vec::Vec;

use jangbu_journal::Nanos;
use serde::{Deserialize, Serialize};

use crate::account::{OrderId, StrategyId};

/// What a timer is for. The order of the variants is the order in which timers of one moment fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Purpose {
    /// An order (or its cancellation) has had no answer: ask.
    Ask(OrderId),
    /// A strategy asked for it, under its own number.
    Strategy(StrategyId, u32),
}

/// Timers in falling order: the next one is the last, so that taking it moves nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Timers {
    pending: Vec<(Nanos, Purpose)>,
}

impl Timers {
    /// The earliest moment.
    #[inline]
    pub(super) fn next(&self) -> Option<Nanos> {
        self.pending.last().map(|timer| timer.0)
    }

    /// Sets a timer; one with the same purpose is replaced, so that their number is bounded by what they are for.
    pub(super) fn set(&mut self, at: Nanos, purpose: Purpose) {
        self.clear(purpose);
        let place = self.pending.partition_point(|&timer| timer > (at, purpose));
        self.pending.insert(place, (at, purpose));
    }

    /// Forgets a timer, if there is one.
    pub(super) fn clear(&mut self, purpose: Purpose) {
        if let Some(place) = self.pending.iter().position(|timer| timer.1 == purpose) {
            self.pending.remove(place);
        }
    }

    /// Forgets every timer of strategies.
    pub(super) fn clear_strategies(&mut self) {
        self.pending.retain(|timer| !matches!(timer.1, Purpose::Strategy(..)));
    }

    /// Takes the next timer that is due at `now`.
    pub(super) fn pop_due(&mut self, now: Nanos) -> Option<Purpose> {
        self.pending.pop_if(|timer| timer.0 <= now).map(|timer| timer.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strategy(tag: u32) -> Purpose {
        Purpose::Strategy(StrategyId(0), tag)
    }

    #[test]
    fn they_fire_in_order_of_time_then_purpose_and_once() {
        let mut timers = Timers::default();
        for (at, tag) in [(30, 3), (10, 1), (20, 2), (10, 0)] {
            timers.set(Nanos::new(at), strategy(tag));
        }
        assert_eq!(timers.next(), Some(Nanos::new(10)));
        let mut fired = Vec::new();
        while let Some(purpose) = timers.pop_due(Nanos::new(20)) {
            fired.push(purpose);
        }
        // Of one moment the larger tag is nearer the end of the falling list.
        assert_eq!(fired, [strategy(0), strategy(1), strategy(2)]);
        assert_eq!(timers.next(), Some(Nanos::new(30)));
    }

    #[test]
    fn a_purpose_has_one_timer() {
        let mut timers = Timers::default();
        timers.set(Nanos::new(10), strategy(0));
        timers.set(Nanos::new(40), strategy(0));
        assert_eq!(timers.pop_due(Nanos::new(20)), None);
        assert_eq!(timers.next(), Some(Nanos::new(40)));
        timers.clear(strategy(0));
        assert_eq!(timers.next(), None);
    }
}
