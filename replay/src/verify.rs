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
    /// What was recorded by a build with another form of the state; `None` where there is no such thing.
    pub foreign: Option<Foreign>,
}

/// A part of a journal that was recorded by a build whose states have another form. What was decided in it is compared as everywhere
/// else; digests of its states cannot be, as they are of other bytes, and its snapshots do not load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// Up to here.
    pub until: Seq,
    /// Why the newest of its snapshots does not load.
    pub reason: String,
    /// How many digests of states were not compared.
    pub states: u64,
}

impl core::fmt::Display for Foreign {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Foreign { until, reason, states } = self;
        write!(
            f,
            "이 프로그램 전의 프로그램이 seq {until}까지 적었고 상태의 꼴이 다릅니다: 스냅샷 대신 장부를 처음부터 돌려 결정을 모두 견주었고, 상태 \
             {states}개는 견주지 않았습니다 · up to seq {until} the journal was written by a build whose states have another form ({reason}): \
             it was replayed without those snapshots; every decision was compared, {states} digests of states were not"
        )
    }
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
    /// The newest snapshot that was passed over because it is of another build's form, and why it does not load.
    pub passed: Option<(Seq, LoadError)>,
}

impl<M: Machine + Default> Standing<M> {
    /// At the beginning of a journal.
    pub fn at_the_beginning() -> Self {
        Standing { machine: M::default(), last: Seq::ZERO, clock: Nanos::ZERO, checkpoint: None, passed: None }
    }
}

/// A machine at the latest usable snapshot at or before `at`, or a fresh one at the beginning. A snapshot of another build's form is
/// passed over: the events say all that it said.
///
/// # Errors
/// When the journal cannot be read.
pub fn nearest<M: Machine + Default>(reader: &Reader<M::Event>, at: Seq) -> Result<Standing<M>, VerifyError> {
    let (mut at, mut passed) = (at, None);
    // A snapshot is usable when its checkpoint is there: effects are counted on from it.
    while let Some((seq, bytes)) = reader.latest_snapshot(at)? {
        let checkpoint = reader.checkpoints(seq, seq)?.into_iter().rfind(|checkpoint| checkpoint.state != 0);
        let loaded = checkpoint.map(|checkpoint| M::load(&bytes).map(|machine| (machine, checkpoint)));
        if let Some(Err(error)) = loaded {
            passed.get_or_insert((seq, error));
        } else if let Some(Ok((machine, checkpoint))) = loaded {
            let mut one = Vec::new();
            reader.scan(seq)?.next_batch(1, &mut one)?;
            let clock = one.first().map_or(Nanos::ZERO, |(stamp, _)| stamp.recv);
            return Ok(Standing { machine, last: seq, clock, checkpoint: Some(checkpoint), passed });
        }
        if seq == Seq::ZERO {
            break;
        }
        at = seq.previous();
    }
    Ok(Standing { passed, ..Standing::at_the_beginning() })
}

/// Whether the state after `seq` was recorded by a build whose states have another form: up to where that is so, and why.
fn foreign<M: Machine>(reader: &Reader<M::Event>, seq: Seq) -> Result<Option<(Seq, LoadError)>, VerifyError> {
    let (mut at, mut until) = (reader.last_seq(), reader.last_seq());
    while let Some((found, bytes)) = reader.latest_snapshot(at)? {
        match M::load(&bytes) {
            // Forms only go on: what is before it was written by that build or an earlier one, and what is after it by this one.
            Err(error) => return Ok(Some((until, error))),
            Ok(_) if found <= seq => break,
            Ok(_) => (at, until) = (found.previous(), found.previous()),
        }
    }
    Ok(None)
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
    let first = compared::<M, W>(&reader, span, None, witness)?;
    // Decided the same, and only the state is other: so it is too where a build before this one wrote states in another form.
    let divergence = first.1.divergence.as_ref().filter(|divergence| divergence.is_of_state_alone());
    match divergence.map(|divergence| foreign::<M>(&reader, divergence.seq)).transpose()?.flatten() {
        None => Ok(first),
        known => compared(&reader, span, known, witness),
    }
}

/// A replay of `span`, of which states are not compared where they are known to be of another form.
fn compared<M, W>(
    reader: &Reader<M::Event>,
    span: Span,
    known: Option<(Seq, LoadError)>,
    witness: &W,
) -> Result<(M, Verification), VerifyError>
where
    M: Machine + Default,
    M::Event: Record,
    M::Effect: Debug,
    W: Witness<M>,
{
    let mut start = if span.snapshots { nearest::<M>(reader, span.from.previous())? } else { Standing::at_the_beginning() };
    let until = match span.until {
        Until::Seq(seq) => seq.min(reader.last_seq()),
        _ => reader.last_seq(),
    };
    let first = start.last.next();
    let expected = reader.checkpoints(first, until)?;
    let known = known.or(start.passed.take());
    let checker = Checker::new(start.checkpoint.as_ref(), expected);
    let checker = checker.without_states(known.as_ref().map_or(Seq::ZERO, |(until, _)| *until));
    let mut recorder = Witnessed { recorder: checker, witness };
    let source = Admitted::<M, _, _>::new(Ahead::new(reader, first)?, witness);
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
        foreign: known.map(|(until, error)| Foreign { until, reason: error.reason, states: checker.states_not_compared() }),
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
