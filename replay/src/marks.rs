//! What a run leaves behind to be checked against: [`Marks`] makes checkpoints while a run is recorded, [`Checker`] compares them
//! while it is replayed. Both count effects with the same code, so they cannot disagree about what they count.

use core::fmt::Debug;
use std::collections::VecDeque;

use jangbu_journal::{Checkpoint, Encoder, Seq, Stamp};

use crate::digest::{Canonical, Digest, EffectsDigest, Parts};
use crate::effects::Effects;
use crate::machine::Machine;
use crate::recorder::Recorder;
use crate::world::Batch;

/// A checkpoint of the whole state every so many events. A state digest costs some 100 µs, an event some 50 ns: one in 65,536
/// is 3 % at full replay speed.
pub const EVENTS_PER_CHECKPOINT: u64 = 65_536;

/// The longest text of an effect kept in a mark; it is for reading, the digest is for comparing.
const EFFECT_TEXT_MAX: usize = 300;

/// Makes the checkpoints of a run.
///
/// A checkpoint with `state` 0 is a mark of effects alone: its parts are the effects' texts and digests. One follows every
/// event that had effects, so that a replay can name the first seq at which it decided differently, and print both sides.
#[derive(Debug, Default)]
pub struct Marks {
    effects: EffectsDigest,
    scratch: Vec<u8>,
}

impl Marks {
    /// Goes on after this checkpoint; from nothing without one.
    pub fn resume(from: Option<&Checkpoint>) -> Self {
        let effects = from.map_or_else(EffectsDigest::default, |c| EffectsDigest::resume(c.effects_count, Digest(c.effects)));
        Marks { effects, scratch: Vec::new() }
    }

    /// Counts the effects of one event.
    pub fn add<E: Canonical>(&mut self, seq: Seq, effects: &[E]) {
        self.effects.add(seq, effects);
    }

    /// How many effects so far, and their digest.
    pub fn effects(&self) -> (u64, Digest) {
        (self.effects.count, self.effects.digest)
    }

    /// The mark of an event's effects, already counted.
    pub fn of_effects<E: Canonical + Debug>(&mut self, seq: Seq, effects: &[E]) -> Checkpoint {
        let parts = effects
            .iter()
            .map(|effect| {
                self.scratch.clear();
                effect.write(&mut Encoder::new(&mut self.scratch));
                (format!("{effect:?}").chars().take(EFFECT_TEXT_MAX).collect(), Digest::of(&self.scratch).0)
            })
            .collect();
        Checkpoint { seq, effects_count: self.effects.count, effects: self.effects.digest.0, state: 0, parts }
    }

    /// The checkpoint of the whole state after the event at `seq`.
    pub fn of_state<M: Machine>(&self, seq: Seq, machine: &M) -> Checkpoint {
        let mut parts = Parts::new();
        machine.digest(&mut parts);
        Checkpoint {
            seq,
            effects_count: self.effects.count,
            effects: self.effects.digest.0,
            // 0 says "no state"; a digest of 0 is as unlikely as any other and gives way.
            state: parts.total().0.max(1),
            parts: parts.iter().map(|(name, digest)| (name.to_owned(), digest.0)).collect(),
        }
    }
}

/// The first place where a replay differs from the record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct Divergence {
    /// The event after which they differ.
    pub seq: Seq,
    /// The last seq at which they were seen to agree.
    pub agreed: Seq,
    /// What is on record.
    pub recorded: Option<Checkpoint>,
    /// What the replay came to.
    pub replayed: Checkpoint,
}

impl Divergence {
    /// Whether all effects so far are the same, and only the state is not.
    pub fn is_of_state_alone(&self) -> bool {
        let same = |recorded: &Checkpoint| {
            recorded.state != 0
                && (recorded.effects_count, recorded.effects) == (self.replayed.effects_count, self.replayed.effects)
        };
        self.recorded.as_ref().is_some_and(same)
    }

    fn text(&self) -> String {
        let mut lines = vec![format!("divergent at seq {} (identical up to {})", self.seq, self.agreed)];
        let Some(recorded) = &self.recorded else {
            lines.push("recorded: no effect".into());
            lines.extend(self.replayed.parts.iter().map(|(text, _)| format!("replayed: {text}")));
            return lines.join("\n");
        };
        for (side, checkpoint) in [("recorded", recorded), ("replayed", &self.replayed)] {
            let other = if side == "recorded" { &self.replayed } else { recorded };
            lines.push(format!(
                "{side}: effects {} digest {:016x} state {:016x}",
                checkpoint.effects_count, checkpoint.effects, checkpoint.state
            ));
            let differing = checkpoint.parts.iter().filter(|part| !other.parts.contains(part));
            lines.extend(differing.map(|(name, digest)| format!("{side}: {name} {digest:016x}")));
        }
        lines.join("\n")
    }
}

/// Compares a run with the checkpoints of an earlier one.
#[derive(Debug)]
pub struct Checker {
    marks: Marks,
    expected: VecDeque<Checkpoint>,
    compared: u64,
    agreed: Seq,
    last: Seq,
    /// States up to here are of another form, and how many of them there were.
    foreign: Seq,
    passed: u64,
}

impl Checker {
    /// Compares with `expected` (by rising seq), starting after the checkpoint `from`.
    pub fn new(from: Option<&Checkpoint>, expected: impl IntoIterator<Item = Checkpoint>) -> Self {
        let agreed = from.map_or(Seq::ZERO, |checkpoint| checkpoint.seq);
        Checker {
            marks: Marks::resume(from),
            expected: expected.into_iter().collect(),
            compared: 0,
            agreed,
            last: agreed,
            foreign: Seq::ZERO,
            passed: 0,
        }
    }

    /// The same, without looking at digests of states up to `until`: they are of another form. Effects are compared.
    #[must_use]
    pub fn without_states(self, until: Seq) -> Self {
        Checker { foreign: until, ..self }
    }

    /// How many digests of states were not looked at.
    pub fn states_not_compared(&self) -> u64 {
        self.passed
    }

    /// How many checkpoints were compared.
    pub fn compared(&self) -> u64 {
        self.compared
    }

    /// How many effects so far, and their digest.
    pub fn effects(&self) -> (u64, Digest) {
        self.marks.effects()
    }

    /// Checkpoints on record that the replay did not reach.
    pub fn unreached(&self) -> usize {
        self.expected.len()
    }

    fn compare<M: Machine>(&mut self, seq: Seq, machine: &M, effects: &[M::Effect]) -> Result<(), Box<Divergence>>
    where
        M::Effect: Debug,
    {
        self.marks.add(seq, effects);
        // A recorded effect where the replay had none is noticed here, at the next mark of either side.
        let mut seen = effects.is_empty();
        while self.expected.front().is_some_and(|checkpoint| checkpoint.seq <= seq) {
            let Some(recorded) = self.expected.pop_front() else { break };
            let mut replayed =
                if recorded.state == 0 { self.marks.of_effects(seq, effects) } else { self.marks.of_state(seq, machine) };
            seen |= recorded.state == 0;
            if recorded.state != 0 && seq <= self.foreign {
                (replayed.state, replayed.parts) = (recorded.state, recorded.parts.clone());
                self.passed += 1;
            }
            if replayed != recorded {
                return Err(Box::new(Divergence { seq, agreed: self.agreed, recorded: Some(recorded), replayed }));
            }
            self.compared += 1;
            self.agreed = seq;
        }
        if !seen && !self.expected.is_empty() {
            let replayed = self.marks.of_effects(seq, effects);
            return Err(Box::new(Divergence { seq, agreed: self.agreed, recorded: None, replayed }));
        }
        Ok(())
    }
}

impl<M: Machine> Recorder<M> for Checker
where
    M::Effect: Debug,
{
    type Error = Box<Divergence>;

    #[inline]
    fn record(&mut self, batch: &Batch<M::Event>) -> Result<(), Self::Error> {
        self.last = batch.next_seq().previous();
        Ok(())
    }

    #[inline]
    fn applied(&mut self, stamp: &Stamp, machine: &M, effects: &Effects<M::Effect>) -> Result<(), Self::Error> {
        let due = self.expected.front().is_some_and(|checkpoint| checkpoint.seq <= stamp.seq);
        if due || !effects.is_empty() { self.compare(stamp.seq, machine, effects.as_slice()) } else { Ok(()) }
    }

    fn durable(&self) -> Seq {
        self.last
    }
}
