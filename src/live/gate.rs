//! Nothing leaves before it is durable: [`Gate`].
//!
//! An effect that reaches the outside world waits here until the journal's watermark has passed the event that caused it. A crash
//! then never forgets why something was sent. The kernel does not wait; only its effects do.

use std::collections::VecDeque;

use jangbu_journal::{Nanos, Seq};

/// Something that waits to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held<T> {
    /// The event that caused it.
    pub cause: Seq,
    /// When that event was applied.
    pub applied: Nanos,
    /// What leaves.
    pub what: T,
}

/// The gate is full: the journal does not keep up, and trading must stop rather than forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{held} effects wait for the journal (the first is of event {first}, the journal is durable up to {durable}): \
     the disk does not keep up, see `jangbu bench` and `journal.durability`"
)]
pub struct GateFull {
    /// How many wait.
    pub held: usize,
    /// The event of the first of them.
    pub first: Seq,
    /// Up to where the journal is durable.
    pub durable: Seq,
}

/// A bounded queue that opens as far as the journal is durable.
#[derive(Debug)]
pub struct Gate<T> {
    waiting: VecDeque<Held<T>>,
    capacity: usize,
    durable: Seq,
    high_water: usize,
}

impl<T> Gate<T> {
    /// A gate that holds at most `capacity`.
    pub fn new(capacity: usize) -> Self {
        Gate { waiting: VecDeque::with_capacity(capacity.min(1_024)), capacity, durable: Seq::ZERO, high_water: 0 }
    }

    /// Holds what the event at `cause`, applied at `applied`, wants sent. Causes come in order.
    ///
    /// # Errors
    /// When it is full. What was held stays held.
    pub fn hold(&mut self, cause: Seq, applied: Nanos, what: T) -> Result<(), GateFull> {
        if let Some(last) = self.waiting.back() {
            assert!(last.cause <= cause, "effects come in the order of their events");
        }
        if self.waiting.len() == self.capacity {
            let first = self.waiting.front().map_or(cause, |held| held.cause);
            return Err(GateFull { held: self.capacity, first, durable: self.durable });
        }
        self.waiting.push_back(Held { cause, applied, what });
        self.high_water = self.high_water.max(self.waiting.len());
        Ok(())
    }

    /// Opens up to `durable`. The watermark never goes back.
    pub fn open(&mut self, durable: Seq) {
        self.durable = self.durable.max(durable);
    }

    /// The next one that may leave, in order.
    pub fn pop(&mut self) -> Option<Held<T>> {
        if self.waiting.front()?.cause > self.durable {
            return None;
        }
        self.waiting.pop_front()
    }

    /// Takes back those that have not left and are `which`, in order.
    pub fn take_back(&mut self, mut which: impl FnMut(&T) -> bool) -> Vec<T> {
        let mut taken = Vec::new();
        for held in core::mem::take(&mut self.waiting) {
            if which(&held.what) {
                taken.push(held.what);
            } else {
                self.waiting.push_back(held);
            }
        }
        taken
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The most that ever waited.
    pub fn high_water(&self) -> usize {
        self.high_water
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaving(gate: &mut Gate<char>) -> String {
        std::iter::from_fn(|| gate.pop()).map(|held| held.what).collect()
    }

    #[test]
    fn nothing_leaves_before_it_is_durable() {
        let mut gate = Gate::new(8);
        for (seq, what) in [(3, 'a'), (3, 'b'), (5, 'c')] {
            gate.hold(Seq::new(seq), Nanos::ZERO, what).expect("room");
        }
        assert_eq!(leaving(&mut gate), "");
        gate.open(Seq::new(2));
        assert_eq!(leaving(&mut gate), "");
        gate.open(Seq::new(4));
        assert_eq!(leaving(&mut gate), "ab");
        gate.open(Seq::new(1));
        assert_eq!(leaving(&mut gate), "", "a watermark that went back opens nothing");
        gate.open(Seq::new(5));
        assert_eq!(leaving(&mut gate), "c");
        assert!(gate.is_empty());
        assert_eq!(gate.high_water(), 3);
    }

    #[test]
    fn what_has_not_left_can_be_taken_back() {
        let mut gate = Gate::new(8);
        for (seq, what) in [(1, 'a'), (2, 'b'), (3, 'a')] {
            gate.hold(Seq::new(seq), Nanos::ZERO, what).expect("room");
        }
        gate.open(Seq::new(1));
        assert_eq!(gate.pop().map(|held| held.what), Some('a'));
        assert_eq!(gate.take_back(|what| *what == 'a'), ['a']);
        gate.open(Seq::new(3));
        assert_eq!(leaving(&mut gate), "b");
    }

    #[test]
    fn full_says_what_it_waits_for() {
        let mut gate = Gate::new(1);
        gate.open(Seq::new(6));
        gate.hold(Seq::new(7), Nanos::ZERO, 'a').expect("room");
        let full = gate.hold(Seq::new(8), Nanos::ZERO, 'b').expect_err("no room");
        assert_eq!(full, GateFull { held: 1, first: Seq::new(7), durable: Seq::new(6) });
        assert!(full.to_string().starts_with("1 effects wait for the journal (the first is of event 7"));
    }
}
