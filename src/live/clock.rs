//! The only clock of the house: [`Clock`].
//!
//! Nothing below this room knows the time; a moment enters the kernel on a stamp, and from here.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use jangbu_journal::Nanos;

use crate::venue::Now;

/// Time in nanoseconds that never goes back, for stamps and timers: wall time, or that of a venue emulated in this process.
///
/// Wall time is the wall clock at the start plus what a monotonic clock counted since. A wall clock set forward is followed at the
/// next [`Clock::follow`]; one set back is not, until the next session: `recv` times stay in order, and timers go on.
///
/// An emulated venue may live faster than we do. Then so does the session, and its windows, timers and unfilled orders meet the
/// venue's day; what is measured (a latency, a stalled disk) is measured by [`Clock::elapsed`], which is real time always.
///
/// Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    origin: Instant,
    source: Source,
}

#[derive(Clone)]
enum Source {
    /// Wall time at `origin`, nanoseconds since the epoch. Only ever raised.
    Wall(Arc<AtomicI64>),
    /// A venue's time, never before `not_before`, and how many of its seconds a real one is.
    Venue { now: Now, not_before: Nanos, speed: u32 },
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Wall(origin) => write!(f, "wall time {} at the origin", origin.load(Ordering::Relaxed)),
            Source::Venue { speed, .. } => write!(f, "a venue's time, {speed} times as fast"),
        }
    }
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
        Clock { origin, source: Source::Wall(Arc::new(AtomicI64::new(wall().max(not_before).get()))) }
    }

    /// The time of an emulated venue, that runs `speed` times as fast as the real one and never goes back.
    pub fn of_venue(now: Now, speed: u32, not_before: Nanos) -> Self {
        Clock { origin: monotonic(), source: Source::Venue { now, not_before, speed: speed.max(1) } }
    }

    /// This moment.
    #[inline]
    pub fn now(&self) -> Nanos {
        match &self.source {
            Source::Wall(origin) => Nanos::new(origin.load(Ordering::Acquire).saturating_add(self.since_origin())),
            Source::Venue { now, not_before, .. } => now().max(*not_before),
        }
    }

    /// Real time since the clock was made, nanoseconds: for measuring.
    #[inline]
    pub fn elapsed(&self) -> Nanos {
        Nanos::new(self.since_origin())
    }

    /// How many seconds of this clock a real one is.
    pub fn speed(&self) -> i64 {
        match self.source {
            Source::Wall(_) => 1,
            Source::Venue { speed, .. } => i64::from(speed),
        }
    }

    /// A span of this clock in real nanoseconds.
    #[inline]
    pub fn real(&self, span_ns: i64) -> i64 {
        span_ns / self.speed()
    }

    /// Compares with the wall clock and follows it if it is ahead. Returns how far the wall clock was ahead (below 0: behind).
    pub fn follow(&self) -> i64 {
        let Source::Wall(origin) = &self.source else { return 0 };
        let wall_at_origin = wall().plus(self.since_origin().saturating_neg()).get();
        wall_at_origin.saturating_sub(origin.fetch_max(wall_at_origin, Ordering::AcqRel))
    }

    fn since_origin(&self) -> i64 {
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

    #[test]
    fn the_time_of_a_venue_is_faster_than_what_is_measured() {
        let clock = Clock::of_venue(Arc::new(|| Nanos::new(7_000)), 300, Nanos::new(9_000));
        assert_eq!((clock.now(), clock.real(600), clock.follow()), (Nanos::new(9_000), 2, 0));
        let before = clock.elapsed();
        assert!(clock.elapsed() >= before);
        assert_eq!(Clock::default().real(600), 600);
    }
}
