//! What becomes of the events of a run: [`Recorder`]; [`Discard`] keeps none.

use core::convert::Infallible;

use jangbu_journal::{Seq, Stamp};

use crate::effects::Effects;
use crate::machine::Machine;
use crate::world::Batch;

/// Journals the events of a run, checks them against a journal, or drops them.
pub trait Recorder<M: Machine> {
    /// What can go wrong.
    type Error;

    /// Sees the events before the machine does.
    ///
    /// # Errors
    /// When they cannot be kept; the loop ends and nothing of the batch is applied.
    fn record(&mut self, batch: &Batch<M::Event>) -> Result<(), Self::Error>;

    /// Sees the machine after each event: the place for checkpoints and snapshots. Called for every event; keep the common
    /// case to a comparison.
    ///
    /// # Errors
    /// When a checkpoint cannot be kept, or differs from the one on record.
    fn applied(&mut self, stamp: &Stamp, machine: &M, effects: &Effects<M::Effect>) -> Result<(), Self::Error>;

    /// Up to where events survive a crash.
    fn durable(&self) -> Seq;
}

/// Keeps nothing; everything counts as durable at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Discard {
    last: Seq,
}

impl<M: Machine> Recorder<M> for Discard {
    type Error = Infallible;

    #[inline]
    fn record(&mut self, batch: &Batch<M::Event>) -> Result<(), Infallible> {
        self.last = batch.next_seq().previous();
        Ok(())
    }

    #[inline]
    fn applied(&mut self, _: &Stamp, _: &M, _: &Effects<M::Effect>) -> Result<(), Infallible> {
        Ok(())
    }

    #[inline]
    fn durable(&self) -> Seq {
        self.last
    }
}
