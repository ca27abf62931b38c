//! Replays a journal and compares it with what was recorded: [`verify`].

use core::cell::RefCell;
use core::fmt::Debug;
use std::path::Path;

use jangbu_journal::{Checkpoint, JournalError, Nanos, Reader, Record, Seq, Stamp};

use crate::ahead::Ahead;
use crate::digest::Digest;
use crate::drive::{DriveError, drive};
use crate::effects::Effects;
use crate::history::{Recorded, Until};
use crate::machine::{LoadError, Machine};
use crate::marks::{Checker, Divergence, Marks};
use crate::witness::{Admitted, Witness, Witnessed};

/// Which part of a journal to replay, and from what state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Compare from this event on. What comes before is applied too, from the nearest snapshot or from the start.
    pub from: Seq,
    /// Where to end.
    pub until: Until,
    /// Whether a snapshot may stand for what comes before `from`. Without, the replay begins at the first event.
    pub snapshots: bool,
}

/// What a replay came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The event the replay began after: a snapshot's, or `Seq::ZERO`.
    pub started_after: Seq,
    /// The last event applied.
    pub last: Seq,
    /// How many events were applied.
    pub events: u64,
    /// How many checkpoints were compared.
    pub compared: u64,
    /// Effects since the beginning of the journal.
    pub effects: u64,
    /// Their digest.
    pub effects_digest: Digest,
    /// Digest of the state at `last`.
    pub state: Digest,
    /// The first difference, if there is one.
    pub divergence: Option<Divergence>,
}

impl Verification {
    /// Counts effects on from `last`.
    pub fn marks(&self) -> Marks {
        Marks::resume(Some(&Checkpoint {
            seq: self.last,
            effects_count: self.effects,
            effects: self.effects_digest.0,
            state: self.state.0,
            parts: Vec::new(),
        }))
    }
}

/// Why a replay could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A snapshot does not load. Replay from the start instead.
    #[error("snapshot at seq {seq}: {error}")]
    Snapshot {
        /// Where it was taken.
        seq: Seq,
        /// What is wrong with it.
        error: LoadError,
    },
}

/// Where a machine stands in a journal.
#[derive(Debug)]
pub struct Standing<M> {
    /// The machine, having applied everything up to `last`.
    pub machine: M,
    /// The last event it applied.
    pub last: Seq,
    /// That event's `recv`.
    pub clock: Nanos,
    /// The checkpoint effects are counted from.
    pub checkpoint: Option<Checkpoint>,
}

/// A machine at the latest usable snapshot at or before `at`, or a fresh one at the beginning.
///
/// # Errors
/// When the journal cannot be read, or a snapshot does not load.
pub fn nearest<M: Machine + Default>(reader: &Reader<M::Event>, at: Seq) -> Result<Standing<M>, VerifyError> {
    let mut at = at;
    // A snapshot is usable when its checkpoint is there: effects are counted on from it.
    while let Some((seq, bytes)) = reader.latest_snapshot(at)? {
        let checkpoint = reader.checkpoints(seq, seq)?.into_iter().rfind(|checkpoint| checkpoint.state != 0);
        if let Some(checkpoint) = checkpoint {
            let machine = M::load(&bytes).map_err(|error| VerifyError::Snapshot { seq, error })?;
            let mut one = Vec::new();
            reader.scan(seq)?.next_batch(1, &mut one)?;
            let clock = one.first().map_or(Nanos::ZERO, |(stamp, _)| stamp.recv);
            return Ok(Standing { machine, last: seq, clock, checkpoint: Some(checkpoint) });
        }
        if seq == Seq::ZERO {
            break;
        }
        at = seq.previous();
    }
    Ok(Standing { machine: M::default(), last: Seq::ZERO, clock: Nanos::ZERO, checkpoint: None })
}

/// Tells how far it has come.
struct Reached<'a>(RefCell<&'a mut dyn FnMut(Seq)>);

impl<M: Machine> Witness<M> for Reached<'_> {
    fn admit(&self, events: &[(Stamp, M::Event)]) -> usize {
        if let Some((stamp, _)) = events.last() {
            self.0.borrow_mut()(stamp.seq);
        }
        events.len()
    }
}

/// Replays `span` of the journal in `dir` and compares every checkpoint in it. Returns the machine at the end of it.
///
/// `progress` hears the seq reached, about every thousand events.
///
/// # Errors
/// When the journal cannot be read. A divergence is not an error but the answer.
pub fn verify<M>(dir: &Path, span: Span, progress: &mut dyn FnMut(Seq)) -> Result<(M, Verification), VerifyError>
where
    M: Machine + Default,
    M::Event: Record,
    M::Effect: Debug,
{
    verify_before(dir, span, &Reached(RefCell::new(progress)))
}

/// [`verify`], before a witness.
///
/// # Errors
/// When the journal cannot be read. A divergence is not an error but the answer.
pub fn verify_before<M, W>(dir: &Path, span: Span, witness: &W) -> Result<(M, Verification), VerifyError>
where
    M: Machine + Default,
    M::Event: Record,
    M::Effect: Debug,
    W: Witness<M>,
{
    let reader = Reader::<M::Event>::open(dir)?;
    let mut start = if span.snapshots {
        nearest::<M>(&reader, span.from.previous())?
    } else {
        Standing { machine: M::default(), last: Seq::ZERO, clock: Nanos::ZERO, checkpoint: None }
    };
    let until = match span.until {
        Until::Seq(seq) => seq.min(reader.last_seq()),
        _ => reader.last_seq(),
    };
    let first = start.last.next();
    let expected = reader.checkpoints(first, until)?;
    let checker = Checker::new(start.checkpoint.as_ref(), expected);
    let mut recorder = Witnessed { recorder: checker, witness };
    let source = Admitted::<M, _, _>::new(Ahead::new(&reader, first)?, witness);
    let mut world = Recorded::new(source, span.until);
    let run = drive(&mut start.machine, &mut world, &mut recorder, (first, start.clock));
    let checker = recorder.recorder;
    let (last, divergence) = match run {
        Ok(outcome) => (outcome.last, None),
        Err(DriveError::Recorder(divergence)) => (divergence.seq, Some(*divergence)),
        Err(DriveError::World(error)) => return Err(error.into()),
    };
    let (effects, effects_digest) = checker.effects();
    let mut parts = crate::digest::Parts::new();
    start.machine.digest(&mut parts);
    let verification = Verification {
        started_after: start.last,
        last,
        events: last.get().saturating_sub(start.last.get()),
        compared: checker.compared(),
        effects,
        effects_digest,
        state: parts.total(),
        divergence,
    };
    Ok((start.machine, verification))
}

/// Applies events `standing.last + 1 ..= until` to a machine, without comparing. For standing at a seq and looking around.
///
/// # Errors
/// When the journal cannot be read.
pub fn advance<M: Machine>(standing: &mut Standing<M>, reader: &Reader<M::Event>, until: Seq) -> Result<(), VerifyError> {
    let mut world = Recorded::new(Ahead::new(reader, standing.last.next())?, Until::Seq(until));
    let mut recorder = crate::recorder::Discard::default();
    match drive(&mut standing.machine, &mut world, &mut recorder, (standing.last.next(), standing.clock)) {
        Ok(outcome) => {
            standing.last = outcome.last;
            standing.clock = outcome.clock;
            Ok(())
        }
        Err(DriveError::World(error)) => Err(error.into()),
        Err(DriveError::Recorder(never)) => match never {},
    }
}

/// An event and what it made the machine do.
pub type Explained<M> = (Stamp, <M as Machine>::Event, Vec<<M as Machine>::Effect>);

/// The effects of the single event at `seq`: for explaining an order. `None` when there is no such event.
///
/// # Errors
/// When the journal cannot be read.
pub fn effects_at<M: Machine + Default>(dir: &Path, seq: Seq) -> Result<Option<Explained<M>>, VerifyError> {
    let reader = Reader::<M::Event>::open(dir)?;
    let mut standing = nearest::<M>(&reader, seq.previous())?;
    advance(&mut standing, &reader, seq.previous())?;
    let mut one = Vec::new();
    reader.scan(seq)?.next_batch(1, &mut one)?;
    let Some((stamp, event)) = one.pop() else { return Ok(None) };
    let mut effects = Effects::new();
    standing.machine.apply(&stamp, &event, &mut effects);
    Ok(Some((stamp, event, effects.drain().collect())))
}
