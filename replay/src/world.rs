//! Where events come from and effects go: [`World`], and the [`Batch`] it fills.

use jangbu_journal::{Nanos, Seq, Stamp};

use crate::effects::Effects;
use crate::machine::Machine;

/// Whether there is more to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Call `next` again.
    Continue,
    /// The batch just filled (it may be empty) was the last.
    Stop,
}

/// Where events come from **and** effects go. One trait and not a source and a sink, because a simulator is both at once.
///
/// Live, paper, replay and backtest are four values of this type.
pub trait World<M: Machine> {
    /// What can go wrong outside.
    type Error;

    /// Puts the next events into `batch` (given empty). A world that simulates a venue puts one event a batch, because an
    /// effect of that event may come back before the next one.
    ///
    /// `wake_at` is when the machine wants to be woken: a live world sleeps no longer than that, then adds a tick; a backtest
    /// inserts the tick between historical events; a replay finds it in the journal and ignores `wake_at`.
    ///
    /// # Errors
    /// When the source fails; the loop ends.
    fn next(&mut self, wake_at: Option<Nanos>, batch: &mut Batch<M::Event>) -> Result<Flow, Self::Error>;

    /// Takes the effects of the event at `stamp`.
    ///
    /// # Errors
    /// When the world cannot take them; the loop ends.
    fn take(&mut self, stamp: &Stamp, effects: &mut Effects<M::Effect>) -> Result<(), Self::Error>;

    /// Everything up to `durable` survives a crash: effects caused by it may leave.
    ///
    /// # Errors
    /// When the world cannot release them; the loop ends.
    fn release(&mut self, durable: Seq) -> Result<(), Self::Error>;
}

/// Stamped events in order. Hands out the seqs and keeps `recv` from going back.
#[derive(Debug)]
pub struct Batch<E> {
    items: Vec<(Stamp, E)>,
    next: Seq,
    clock: Nanos,
}

impl<E> Batch<E> {
    /// An empty batch whose first event will be at `first`, not before `clock`.
    pub fn new(first: Seq, clock: Nanos) -> Self {
        Batch { items: Vec::new(), next: first, clock }
    }

    /// Adds an event received at `recv`. A `recv` before the last event's becomes the last event's: the journal's clock never
    /// goes back, whatever the host's does.
    #[inline]
    pub fn push(&mut self, recv: Nanos, venue: Option<Nanos>, event: E) {
        self.clock = self.clock.max(recv);
        self.items.push((Stamp { seq: self.next, recv: self.clock, venue }, event));
        self.next = self.next.next();
    }

    /// Lets `fill` append events that have their stamps already, as a journal's have.
    ///
    /// # Panics
    /// When what it appends does not follow on: the reader has checked that.
    pub fn fill_stamped<X>(&mut self, fill: impl FnOnce(&mut Vec<(Stamp, E)>) -> Result<usize, X>) -> Result<usize, X> {
        let before = self.items.len();
        let count = fill(&mut self.items)?;
        if let (Some((first, _)), Some((last, _))) = (self.items.get(before), self.items.last()) {
            assert_eq!(first.seq, self.next, "a journal is gapless");
            self.next = last.seq.next();
            self.clock = last.recv;
        }
        Ok(count)
    }

    /// The seq the next event gets.
    pub fn next_seq(&self) -> Seq {
        self.next
    }

    /// The `recv` of the last event so far.
    pub fn clock(&self) -> Nanos {
        self.clock
    }

    /// In order.
    pub fn as_slice(&self) -> &[(Stamp, E)] {
        &self.items
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.items.clear();
    }
}
