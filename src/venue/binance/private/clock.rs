//! The venue's clock as we know it: [`VenueClock`].

use std::sync::atomic::{AtomicI64, Ordering};

use jangbu_journal::Nanos;

use crate::venue::Now;

/// Our clock and how far the venue's is ahead of it.
pub(super) struct VenueClock {
    now: Now,
    /// Venue − ours, nanoseconds.
    offset: AtomicI64,
}

impl VenueClock {
    pub(super) fn new(now: Now) -> Self {
        VenueClock { now, offset: AtomicI64::new(0) }
    }

    /// Ours.
    pub(super) fn ours(&self) -> Nanos {
        (self.now)()
    }

    /// The venue's, milliseconds: what requests are stamped with.
    pub(super) fn millis(&self) -> i64 {
        self.ours().get().saturating_add(self.offset_ns()).div_euclid(1_000_000)
    }

    /// Venue − ours, nanoseconds.
    pub(super) fn offset_ns(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }

    /// The venue said `venue` to a question asked and answered at these moments of ours: it was so in the middle of them.
    pub(super) fn set(&self, venue: Nanos, asked: Nanos, answered: Nanos) {
        let middle = asked.get().saturating_add(answered.since(asked) / 2);
        self.offset.store(venue.get().saturating_sub(middle), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_offset_is_taken_from_the_middle_of_question_and_answer() {
        let clock = VenueClock::new(Arc::new(|| Nanos::from_millis(10_000)));
        assert_eq!(clock.millis(), 10_000);
        clock.set(Nanos::from_millis(12_000), Nanos::from_millis(9_900), Nanos::from_millis(10_000));
        assert_eq!((clock.offset_ns(), clock.millis()), (2_050_000_000, 12_050));
        clock.set(Nanos::from_millis(7_950), Nanos::from_millis(9_900), Nanos::from_millis(10_000));
        assert_eq!(clock.millis(), 8_000);
    }
}
