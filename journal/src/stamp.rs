//! Position and time of an event: [`Seq`], [`Nanos`], [`Stamp`].

use core::fmt;

use serde::{Deserialize, Serialize};

/// Position of an event in the journal. Gapless: the event after `Seq(n)` is `Seq(n + 1)`. The first is 1; 0 means "before the first".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Seq(u64);

impl Seq {
    /// Before the first event.
    pub const ZERO: Seq = Seq(0);
    /// The first event of a journal.
    pub const FIRST: Seq = Seq(1);

    /// From its number.
    pub const fn new(seq: u64) -> Self {
        Seq(seq)
    }

    /// Its number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The next position. A journal cannot reach the end of u64: at 10 million events a second that takes 58,000 years.
    #[must_use]
    pub const fn next(self) -> Self {
        Seq(self.0.saturating_add(1))
    }

    /// The position before this one; `ZERO` stays `ZERO`.
    #[must_use]
    pub const fn previous(self) -> Self {
        Seq(self.0.saturating_sub(1))
    }

    /// The position `count` events later.
    #[must_use]
    pub const fn advance(self, count: u64) -> Self {
        Seq(self.0.saturating_add(count))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A moment: nanoseconds since the Unix epoch, UTC. Good from 1677 to 2262.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Nanos(i64);

impl Nanos {
    /// The end of time: "never" for a timer.
    pub const MAX: Nanos = Nanos(i64::MAX);
    /// The Unix epoch.
    pub const ZERO: Nanos = Nanos(0);

    /// From nanoseconds since the Unix epoch.
    pub const fn new(nanos: i64) -> Self {
        Nanos(nanos)
    }

    /// From milliseconds since the Unix epoch; saturates at the ends of the range.
    pub const fn from_millis(millis: i64) -> Self {
        Nanos(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// This moment plus `nanos` (negative goes back); saturates at the ends of the range.
    #[must_use]
    pub const fn plus(self, nanos: i64) -> Self {
        Nanos(self.0.saturating_add(nanos))
    }

    /// Nanoseconds from `earlier` to this moment; negative when `earlier` is later. Saturates.
    pub const fn since(self, earlier: Nanos) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the journal writes beside every event: where it stands and when it happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Position in the journal.
    pub seq: Seq,
    /// When we received it. Never decreases along the journal; this is the kernel's clock.
    pub recv: Nanos,
    /// When the venue says it happened, if it says. A foreign clock: it may run ahead of `recv`.
    pub venue: Option<Nanos>,
}
