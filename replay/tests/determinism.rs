//! The loop over a toy machine: a replay is identical, from the start and from any point, in any batch sizes; a machine that
//! cheats is caught.

use jangbu_journal::{Checkpoint, JournalError, Nanos, Seq, Stamp};
use jangbu_replay::testing::{Drunk, Number, Tally, Vice};
use jangbu_replay::{Batch, Checker, DriveError, Effects, Flow, Machine, Marks, Recorded, Recorder, Source, Until, World, drive};

/// Keeps events and marks in memory, as a journal would.
#[derive(Default)]
struct Memory {
    events: Vec<(Stamp, Number)>,
    marks: Marks,
    checkpoints: Vec<Checkpoint>,
}

impl<M: Machine<Event = Number, Effect = Number>> Recorder<M> for Memory {
    type Error = JournalError;

    fn record(&mut self, batch: &Batch<Number>) -> Result<(), JournalError> {
        self.events.extend_from_slice(batch.as_slice());
        Ok(())
    }

    fn applied(&mut self, stamp: &Stamp, machine: &M, effects: &Effects<Number>) -> Result<(), JournalError> {
        if !effects.is_empty() {
            self.marks.add(stamp.seq, effects.as_slice());
            let mark = self.marks.of_effects(stamp.seq, effects.as_slice());
            self.checkpoints.push(mark);
        }
        if stamp.seq.get().is_multiple_of(64) {
            self.checkpoints.push(self.marks.of_state(stamp.seq, machine));
        }
        Ok(())
    }

    fn durable(&self) -> Seq {
        self.events.last().map_or(Seq::ZERO, |(stamp, _)| stamp.seq)
    }
}

/// Gives `1, 2, …, count`, in batches of 1, 2, 3, ….
struct Counting {
    given: i64,
    count: i64,
    size: i64,
}

impl<M: Machine<Event = Number>> World<M> for Counting {
    type Error = JournalError;

    fn next(&mut self, _: Option<Nanos>, batch: &mut Batch<Number>) -> Result<Flow, JournalError> {
        self.size += 1;
        for _ in 0..self.size.min(self.count - self.given) {
            self.given += 1;
            batch.push(Nanos::new(self.given * 1_000), None, Number(self.given));
        }
        Ok(if self.given == self.count { Flow::Stop } else { Flow::Continue })
    }

    fn take(&mut self, _: &Stamp, _: &mut Effects<M::Effect>) -> Result<(), JournalError> {
        Ok(())
    }

    fn release(&mut self, _: Seq) -> Result<(), JournalError> {
        Ok(())
    }
}

fn run<M: Machine<Event = Number, Effect = Number>>(machine: &mut M, count: i64) -> Memory {
    let mut memory = Memory::default();
    let mut world = Counting { given: 0, count, size: 0 };
    drive(machine, &mut world, &mut memory, (Seq::FIRST, Nanos::ZERO)).expect("nothing can fail");
    memory
}

fn replay<M: Machine<Event = Number, Effect = Number>>(machine: &mut M, memory: &Memory, until: Until) -> Result<u64, Seq> {
    let mut checker = Checker::new(None, memory.checkpoints.clone());
    let mut world = Recorded::new(memory.events.clone().into_iter(), until);
    match drive(machine, &mut world, &mut checker, (Seq::FIRST, Nanos::ZERO)) {
        Ok(_) => Ok(checker.compared()),
        Err(DriveError::Recorder(divergence)) => Err(divergence.seq),
        Err(DriveError::World(error)) => panic!("{error}"),
    }
}

#[test]
fn a_replay_is_identical() {
    let mut live = Tally::default();
    let memory = run(&mut live, 10_000);
    let mut again = Tally::default();
    assert_eq!(replay(&mut again, &memory, Until::End), Ok(memory.checkpoints.len() as u64));
    assert_eq!(live, again);
}

#[test]
fn a_replay_can_end_anywhere() {
    let memory = run(&mut Tally::default(), 5_000);
    for last in [1, 1_023, 1_024, 1_025, 4_999] {
        let mut by_seq = Tally::default();
        replay(&mut by_seq, &memory, Until::Seq(Seq::new(last))).expect("identical");
        let mut by_time = Tally::default();
        replay(&mut by_time, &memory, Until::Time(Nanos::new(last as i64 * 1_000))).expect("identical");
        let mut short = Tally::default();
        run(&mut short, last as i64);
        assert_eq!((&by_seq, &by_time), (&short, &short));
    }
}

#[test]
fn a_saved_machine_goes_on_as_if_never_saved() {
    let mut whole = Tally::default();
    let memory = run(&mut whole, 3_000);
    for at in [64_usize, 128, 2_944] {
        let mut first = Tally::default();
        replay(&mut first, &memory, Until::Seq(Seq::new(at as u64))).expect("identical");
        let mut bytes = Vec::new();
        first.save(&mut bytes);
        let mut second = Tally::load(&bytes).expect("loads");
        let from = memory.checkpoints.iter().find(|c| c.seq.get() == at as u64 && c.state != 0).expect("a checkpoint");
        let later = memory.checkpoints.iter().filter(|c| c.seq > from.seq).cloned();
        let mut checker = Checker::new(Some(from), later);
        let rest = memory.events[at..].to_vec();
        let mut world = Recorded::new(rest.into_iter(), Until::End);
        let start = (from.seq.next(), Nanos::ZERO);
        drive(&mut second, &mut world, &mut checker, start).expect("identical");
        assert_eq!(second, whole);
        assert_eq!(Recorder::<Tally>::durable(&checker), Seq::new(3_000));
    }
}

#[test]
fn a_cheat_is_caught_at_its_first_effect() {
    for vice in [Vice::Address, Vice::HashOrder, Vice::Clock] {
        let memory = run(&mut Drunk::new(vice), 1_000);
        let caught = replay(&mut Drunk::new(vice), &memory, Until::End).expect_err("a cheat passed");
        // 640 additions of a random key of 64 agree by chance no more often than once in 64.
        assert!(caught <= Seq::new(64), "{vice:?} was caught only at {caught}");
    }
}

#[test]
fn a_different_decision_is_named() {
    let memory = run(&mut Tally::default(), 100);
    let check = |change: &dyn Fn(&mut Memory), seq: u64| {
        let mut changed = run(&mut Tally::default(), 100);
        change(&mut changed);
        assert_eq!(replay(&mut Tally::default(), &changed, Until::End), Err(Seq::new(seq)));
    };
    assert!(replay(&mut Tally::default(), &memory, Until::End).is_ok());
    // One event differs: the tally says another sum at the tenth event after it.
    check(&|memory| memory.events[41].1 = Number(7), 50);
    // The record has an effect that the replay has not.
    check(&|memory| memory.checkpoints.push(Checkpoint { seq: Seq::new(95), ..memory.checkpoints[0].clone() }), 100);
    // The replay has an effect that the record has not.
    check(&|memory| memory.checkpoints.retain(|checkpoint| checkpoint.seq.get() != 30), 30);
}

#[test]
fn sources_end() {
    let mut empty = Vec::<(Stamp, Number)>::new().into_iter();
    assert_eq!(empty.next_batch(5, &mut Vec::new()).expect("a list"), 0);
}
