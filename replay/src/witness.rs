//! Who looks on while a journal is replayed: [`Witness`]. It sees; what it sees stays as it is.

use jangbu_journal::{JournalError, Seq, Stamp};

use crate::effects::Effects;
use crate::history::Source;
use crate::machine::Machine;
use crate::recorder::Recorder;
use crate::world::Batch;

/// Looks on while a journal is replayed. It may take its time; it cannot change what comes out.
pub trait Witness<M: Machine> {
    /// How many of these events, at least one, may be applied now. They stand in order; the others are asked about again. To
    /// replay at the recorded pace is to wait here until the first is due.
    fn admit(&self, events: &[(Stamp, M::Event)]) -> usize {
        events.len()
    }

    /// The event at `stamp` was applied, and this is what the machine decided. Called for every event: keep it to a store.
    #[inline]
    fn applied(&self, stamp: &Stamp, effects: &[M::Effect]) {
        let _ = (stamp, effects);
    }
}

/// A source whose events are admitted by a witness.
pub(crate) struct Admitted<'a, M: Machine, S, W> {
    source: S,
    witness: &'a W,
    /// Read, and not admitted yet.
    held: Vec<(Stamp, M::Event)>,
}

impl<'a, M: Machine, S, W> Admitted<'a, M, S, W> {
    pub(crate) fn new(source: S, witness: &'a W) -> Self {
        Admitted { source, witness, held: Vec::new() }
    }
}

impl<M: Machine, S: Source<M::Event>, W: Witness<M>> Source<M::Event> for Admitted<'_, M, S, W> {
    fn next_batch(&mut self, max: usize, out: &mut Vec<(Stamp, M::Event)>) -> Result<usize, JournalError> {
        let before = out.len();
        if self.held.is_empty() {
            self.source.next_batch(max, out)?;
        } else {
            out.extend(self.held.drain(..max.min(self.held.len())));
        }
        let count = out.len() - before;
        if count == 0 {
            return Ok(0);
        }
        let admitted = self.witness.admit(&out[before..]).clamp(1, count);
        // They come before what is held already.
        self.held.splice(..0, out.drain(before + admitted..));
        Ok(admitted)
    }
}

/// A recorder that a witness looks at.
pub(crate) struct Witnessed<'a, R, W> {
    pub(crate) recorder: R,
    pub(crate) witness: &'a W,
}

impl<M: Machine, R: Recorder<M>, W: Witness<M>> Recorder<M> for Witnessed<'_, R, W> {
    type Error = R::Error;

    #[inline]
    fn record(&mut self, batch: &Batch<M::Event>) -> Result<(), R::Error> {
        self.recorder.record(batch)
    }

    #[inline]
    fn applied(&mut self, stamp: &Stamp, machine: &M, effects: &Effects<M::Effect>) -> Result<(), R::Error> {
        self.witness.applied(stamp, effects.as_slice());
        self.recorder.applied(stamp, machine, effects)
    }

    fn durable(&self) -> Seq {
        self.recorder.durable()
    }
}
