//! The only clock of the house: [`Clock`].
//!
//! Nothing below this room knows the time; a moment enters the kernel on a stamp, and from here.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use jangbu_journal::Nanos;

/// Wall time in nanoseconds that never goes back.
///
/// It is the wall clock at the start plus what a monotonic clock counted since. A wall clock set forward is followed at the next
/// [`Clock::follow`]; one set back is not, until the next session: `recv` times stay in order, and timers go on.
///
/// Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    origin: Instant,
    /// Wall time at `origin`, nanoseconds since the epoch. Only ever raised.
    wall_at_origin: Arc<AtomicI64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self::starting(Nanos::ZERO)
    }
}

impl Clock {
    /// Starts from the wall clock, or from `not_before` when the wall clock is behind it: a journal's time goes on from its last
    /// event even if the host's clock was set back in between.
    pub fn starting(not_before: Nanos) -> Self {
        let origin = monotonic();
        Clock { origin, wall_at_origin: Arc::new(AtomicI64::new(wall().max(not_before).get())) }
    }

    /// This moment.
    #[inline]
    pub fn now(&self) -> Nanos {
        Nanos::new(self.wall_at_origin.load(Ordering::Acquire).saturating_add(self.elapsed()))
    }

    /// Compares with the wall clock and follows it if it is ahead. Returns how far the wall clock was ahead (below 0: behind).
    pub fn follow(&self) -> i64 {
        let wall_at_origin = wall().plus(self.elapsed().saturating_neg()).get();
        wall_at_origin.saturating_sub(self.wall_at_origin.fetch_max(wall_at_origin, Ordering::AcqRel))
    }

    fn elapsed(&self) -> i64 {
        i64::try_from(monotonic().duration_since(self.origin).as_nanos()).unwrap_or(i64::MAX)
    }
}

#[allow(clippy::disallowed_methods, reason = "the only clock")]
fn wall() -> Nanos {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => Nanos::new(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)),
        Err(_) => Nanos::ZERO,
    }
}

#[allow(clippy::disallowed_methods, reason = "the only clock")]
fn monotonic() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_goes_back_and_starts_no_earlier_than_told() {
        let clock = Clock::default();
        let mut last = clock.now();
        for _ in 0..10_000 {
            let now = clock.now();
            assert!(now >= last);
            last = now;
        }
        let ahead = last.plus(3_600_000_000_000);
        let clock = Clock::starting(ahead);
        assert!(clock.now() >= ahead);
        assert!(clock.follow() < 0, "the wall clock is behind");
        assert!(clock.now() >= ahead, "and is not followed back");
    }
}
