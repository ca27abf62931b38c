//! A run is journaled, and the journal replays to the same: from the start, from a snapshot, up to any event.
#![cfg(feature = "sled")]

use std::path::Path;

use jangbu_journal::{Checkpoint, JournalError, Nanos, Reader, Seq, Stamp, Writer, WriterOptions};
use jangbu_replay::testing::{Drunk, Number, Tally, Vice};
use jangbu_replay::{
    Batch, Digest, Effects, Flow, LoadError, Machine, Marks, Parts, Recorder, Span, Until, Verification, World, drive,
    effects_at, verify,
};

/// Journals what happens, with a checkpoint and a snapshot every 5,000 events.
struct Journaled {
    writer: Writer<Number>,
    marks: Marks,
}

impl<M: Machine<Event = Number, Effect = Number>> Recorder<M> for Journaled {
    type Error = JournalError;

    fn record(&mut self, batch: &Batch<Number>) -> Result<(), JournalError> {
        for (stamp, number) in batch.as_slice() {
            self.writer.append(stamp, number)?;
        }
        self.writer.commit()
    }

    fn applied(&mut self, stamp: &Stamp, machine: &M, effects: &Effects<Number>) -> Result<(), JournalError> {
        if !effects.is_empty() {
            self.marks.add(stamp.seq, effects.as_slice());
            let mark: Checkpoint = self.marks.of_effects(stamp.seq, effects.as_slice());
            self.writer.checkpoint(&mark)?;
        }
        if stamp.seq.get().is_multiple_of(5_000) {
            self.writer.checkpoint(&self.marks.of_state(stamp.seq, machine))?;
            let mut state = Vec::new();
            machine.save(&mut state);
            self.writer.snapshot(stamp.seq, &state)?;
            self.writer.sync()?;
        }
        Ok(())
    }

    fn durable(&self) -> Seq {
        self.writer.durable()
    }
}

struct Counting(i64, i64);

impl<M: Machine<Event = Number>> World<M> for Counting {
    type Error = JournalError;

    fn next(&mut self, _: Option<Nanos>, batch: &mut Batch<Number>) -> Result<Flow, JournalError> {
        for _ in 0..(self.0 % 900 + 1).min(self.1 - self.0) {
            self.0 += 1;
            batch.push(Nanos::new(self.0 * 1_000), None, Number(self.0));
        }
        Ok(if self.0 == self.1 { Flow::Stop } else { Flow::Continue })
    }

    fn take(&mut self, _: &Stamp, _: &mut Effects<M::Effect>) -> Result<(), JournalError> {
        Ok(())
    }

    fn release(&mut self, _: Seq) -> Result<(), JournalError> {
        Ok(())
    }
}

fn run<M: Machine<Event = Number, Effect = Number>>(dir: &Path, machine: &mut M) {
    run_on(dir, machine, Marks::default(), (0, 50_000));
}

fn run_on<M: Machine<Event = Number, Effect = Number>>(dir: &Path, machine: &mut M, marks: Marks, (from, until): (i64, i64)) {
    let options = WriterOptions { volume_bytes_max: 20_000, ..WriterOptions::default() };
    let writer = Writer::open(dir, options).expect("opens");
    let mut journaled = Journaled { writer, marks };
    let first = Seq::new(from as u64).next();
    drive(machine, &mut Counting(from, until), &mut journaled, (first, Nanos::new(from * 1_000))).expect("runs");
    journaled.writer.close().expect("closes");
}

fn span(from: u64, until: Until, snapshots: bool) -> Span {
    Span { from: Seq::new(from), until, snapshots }
}

#[test]
fn a_journal_replays_to_the_same() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut live = Tally::default();
    run(dir.path(), &mut live);
    let check = |span: Span| -> (Tally, Verification) {
        let mut seen = Seq::ZERO;
        let (machine, verification) = verify::<Tally>(dir.path(), span, &mut |seq| seen = seq).expect("replays");
        assert_eq!(verification.divergence, None);
        assert!(seen >= verification.last);
        (machine, verification)
    };
    let (machine, whole) = check(span(1, Until::End, false));
    assert_eq!((&machine, whole.events, whole.last.get()), (&live, 50_000, 50_000));
    assert_eq!((whole.effects, whole.compared), (5_000, 5_010));
    let (machine, part) = check(span(46_000, Until::End, true));
    assert_eq!((&machine, part.started_after.get(), part.events), (&live, 45_000, 5_000));
    assert_eq!((part.effects, part.effects_digest, part.state), (whole.effects, whole.effects_digest, whole.state));
    let (_, some) = check(span(1, Until::Seq(Seq::new(12_345)), false));
    assert_eq!((some.last.get(), some.effects), (12_345, 1_234));
    let (stamp, _, effects) = effects_at::<Tally>(dir.path(), Seq::new(47_770)).expect("replays").expect("an event");
    assert_eq!((stamp.recv, effects.as_slice()), (Nanos::new(47_770_000), &[Number(47_770 * 47_771 / 2)][..]));
    assert_eq!(Reader::<Number>::open(dir.path()).expect("opens").last_seq(), Seq::new(50_000));
}

#[test]
fn a_journaled_cheat_is_caught() {
    let dir = tempfile::tempdir().expect("a folder");
    run(dir.path(), &mut Drunk::new(Vice::Address));
    let (_, verification) = verify::<Drunk>(dir.path(), span(1, Until::End, false), &mut |_| ()).expect("replays");
    assert_eq!(verification.divergence.expect("a cheat passed").seq, Seq::new(10));
}

/// A [`Tally`] of a later build, which writes its state in another form; one that is `WRONG` also decides otherwise.
#[derive(Debug, Default)]
struct Reformed<const WRONG: bool>(Tally);

impl<const WRONG: bool> Machine for Reformed<WRONG> {
    type Event = Number;
    type Effect = Number;

    fn apply(&mut self, stamp: &Stamp, event: &Number, effects: &mut Effects<Number>) {
        self.0.apply(stamp, event, effects);
        if WRONG && stamp.seq == Seq::new(31_415) {
            effects.push(Number(0));
        }
    }

    fn wake_at(&self) -> Option<Nanos> {
        None
    }

    fn digest(&self, parts: &mut Parts) {
        let mut bytes = Vec::new();
        self.save(&mut bytes);
        parts.push("tally", Digest::of(&bytes));
    }

    fn save(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"form 2");
        self.0.save(out);
    }

    fn load(bytes: &[u8]) -> Result<Self, LoadError> {
        let rest = bytes.strip_prefix(b"form 2").ok_or(LoadError { reason: "it is of form 1".into() })?;
        Ok(Reformed(Tally::load(rest)?))
    }
}

#[test]
fn a_build_with_another_form_of_the_state_goes_on_with_the_journal() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut before = Tally::default();
    run(dir.path(), &mut before);
    let whole = verify::<Tally>(dir.path(), span(1, Until::End, false), &mut |_| ()).expect("replays").1;
    let replay =
        |from, snapshots| verify::<Reformed<false>>(dir.path(), span(from, Until::End, snapshots), &mut |_| ()).expect("replays");
    // No snapshot loads: everything is replayed, every decision compared, and no state.
    for (from, snapshots) in [(50_001, true), (1, false)] {
        let (machine, done) = replay(from, snapshots);
        assert_eq!((done.divergence.as_ref(), &machine.0), (None, &before));
        assert_eq!((done.started_after, done.events), (Seq::ZERO, 50_000));
        assert_eq!((done.compared, done.effects, done.effects_digest), (whole.compared, whole.effects, whole.effects_digest));
        let foreign = done.foreign.expect("another form");
        assert_eq!((foreign.until, foreign.states, foreign.reason.as_str()), (Seq::new(50_000), 10, "it is of form 1"));
        assert!(foreign.to_string().contains("50000"));
    }
    // What decides otherwise is still caught.
    let (_, wrong) = verify::<Reformed<true>>(dir.path(), span(50_001, Until::End, true), &mut |_| ()).expect("replays");
    assert_eq!(wrong.divergence.expect("it decides otherwise").seq, Seq::new(31_415));
    // It writes on; from then on its own snapshots and states count, and those before are still known for what they are.
    let (mut machine, done) = replay(50_001, true);
    run_on(dir.path(), &mut machine, done.marks(), (50_000, 60_000));
    let (_, after) = replay(60_001, true);
    assert_eq!((after.divergence, after.foreign, after.started_after), (None, None, Seq::new(60_000)));
    let (_, whole) = replay(1, false);
    let foreign = whole.foreign.expect("another form");
    assert_eq!((whole.divergence, foreign.until, foreign.states), (None, Seq::new(54_999), 10));
    // A build of the old form finds nothing of its own in what was written since, and says so as well.
    let (_, old) = verify::<Tally>(dir.path(), span(60_001, Until::End, true), &mut |_| ()).expect("replays");
    assert_eq!(
        (old.divergence, old.started_after, old.foreign.map(|foreign| foreign.until)),
        (None, Seq::new(50_000), Some(Seq::new(60_000)))
    );
}
