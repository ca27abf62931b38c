//! Journals made by the library, the same each time: [`market_session`] trades on a history, [`scripted_session`] tells any events.

use std::convert::Infallible;
use std::path::Path;

use jangbu::account::SessionId;
use jangbu::backtest::run::{Finished, Keep, Start, adopt, run};
use jangbu::data::history::{Memory, Moment};
use jangbu::effect::Effect;
use jangbu::event::{Command, Event};
use jangbu::kernel::Kernel;
use jangbu::simulator::{LatencySettings, Simulator, SimulatorSettings};
use jangbu_journal::{Checkpoint, Durability, JournalError, Nanos, Reader, Seq, SessionInfo, Stamp, Writer, WriterOptions};
use jangbu_replay::{Batch, Effects, Machine, Marks, Recorded, Recorder, Span, Until, drive, verify};

/// Shorter than between two trades of most histories here.
pub const LATENCY: LatencySettings = LatencySettings { entry_ns: 400_000, response_ns: 300_000 };

/// A command as an event.
pub fn command(command: Command) -> Event {
    Event::Command(Box::new(command))
}

/// Where a journal ends, by its latest snapshot and what came after; the beginning, when there is none.
pub fn resume(dir: &Path) -> Start {
    let reader = match Reader::<Event>::open(dir) {
        Err(JournalError::NotAJournal { .. }) => return Start::default(),
        reader => reader.expect("a journal"),
    };
    let last = reader.last_seq();
    let span = Span { from: last.next(), until: Until::End, snapshots: true };
    let (kernel, replay) = verify::<Kernel>(dir, span, &mut |_| ()).expect("it replays");
    assert_eq!(replay.divergence, None);
    let clock = kernel.stamp().recv;
    Start { kernel, last, clock, marks: replay.marks() }
}

fn writer(dir: &Path, id: SessionId, first: Seq, started: Nanos) -> Writer<Event> {
    let options = WriterOptions { durability: Durability::Process, ..WriterOptions::default() };
    let mut writer = Writer::open(dir, options).expect("a writer");
    let info = SessionInfo { id: id.0.into(), first, last: None, started, note: "made".into() };
    writer.begin_session(info).expect("a session");
    writer
}

/// Trades on a history, at the simulator, and goes on with the journal in `dir`. Says what it came to.
pub fn market_session(dir: &Path, id: SessionId, history: Vec<Moment>, snapshot_events: u64) -> Finished {
    let start = resume(dir);
    let first = start.last.next();
    let started = history.first().expect("a history").0;
    let keep = Keep { writer: writer(dir, id, first, started), snapshot_events };
    let settings = SimulatorSettings { latency: LATENCY, first_trade_id: first.get(), ..SimulatorSettings::default() };
    let mut simulator = Simulator::new(settings);
    for order in start.kernel.orders() {
        assert!(adopt(&mut simulator, order), "{order:?} was still on its way");
    }
    let (mut finished, _) = run(start, Memory::new(history), simulator, Some(keep), &mut |_| ()).expect("a history in memory");
    let mut keep = finished.keep.take().expect("it was kept");
    keep.writer.end_session(finished.last).expect("its end");
    keep.writer.close().expect("closed");
    finished
}

/// Events one after the other, a millisecond apart.
pub struct Script {
    pub events: Vec<(Stamp, Event)>,
    next: Seq,
    clock: Nanos,
}

impl Script {
    /// Goes on with the journal in `dir`.
    pub fn after(dir: &Path) -> Self {
        let start = resume(dir);
        let clock = start.clock.max(Nanos::from_millis(1_704_067_200_000));
        Script { events: Vec::new(), next: start.last.next(), clock }
    }

    /// Adds an event; its seq.
    pub fn say(&mut self, event: Event) -> Seq {
        self.say_at(event, None)
    }

    /// Adds an event with the venue's time; its seq.
    pub fn say_at(&mut self, event: Event, venue: Option<Nanos>) -> Seq {
        self.clock = self.clock.plus(1_000_000);
        let seq = self.next;
        self.events.push((Stamp { seq, recv: self.clock, venue }, event));
        self.next = seq.next();
        seq
    }

    /// Lets time pass, nanoseconds.
    pub fn wait(&mut self, nanos: i64) {
        self.clock = self.clock.plus(nanos);
    }
}

/// Tells a kernel what a script says, goes on with the journal in `dir`. `clean`: the session ends in good order, with a checkpoint
/// of the state; else it is as if it was killed. `forge` may change any mark before it is kept.
pub fn scripted_session(dir: &Path, id: SessionId, script: Script, clean: bool, forge: &mut dyn FnMut(&mut Checkpoint)) {
    let Start { mut kernel, last, clock, marks } = resume(dir);
    let started = script.events.first().expect("a script").0.recv;
    let end = script.events.last().expect("a script").0.seq;
    let mut recorder = Kept { writer: writer(dir, id, last.next(), started), marks, forge };
    let mut world = Recorded::new(script.events.into_iter(), Until::End);
    let Ok(_) = drive(&mut kernel, &mut world, &mut recorder, (last.next(), clock)) else { panic!("a script in memory") };
    if clean {
        recorder.keep_state(end, &kernel);
        recorder.writer.end_session(end).expect("its end");
    }
    recorder.writer.close().expect("closed");
}

struct Kept<'a> {
    writer: Writer<Event>,
    marks: Marks,
    forge: &'a mut dyn FnMut(&mut Checkpoint),
}

impl Kept<'_> {
    fn keep(&mut self, mut checkpoint: Checkpoint) {
        (self.forge)(&mut checkpoint);
        self.writer.checkpoint(&checkpoint).expect("kept");
    }

    fn keep_state(&mut self, at: Seq, kernel: &Kernel) {
        self.keep(self.marks.of_state(at, kernel));
        let mut state = Vec::new();
        kernel.save(&mut state);
        self.writer.snapshot(at, &state).expect("kept");
        self.writer.sync().expect("synced");
    }
}

impl Recorder<Kernel> for Kept<'_> {
    type Error = Infallible;

    fn record(&mut self, batch: &Batch<Event>) -> Result<(), Infallible> {
        batch.as_slice().iter().for_each(|(stamp, event)| self.writer.append(stamp, event).expect("appended"));
        Ok(())
    }

    fn applied(&mut self, stamp: &Stamp, kernel: &Kernel, effects: &Effects<Effect>) -> Result<(), Infallible> {
        if !effects.is_empty() {
            self.marks.add(stamp.seq, effects.as_slice());
            let mark = self.marks.of_effects(stamp.seq, effects.as_slice());
            self.keep(mark);
        }
        // Not where the session ends: that is kept there, if it ends well.
        if stamp.seq.get().is_multiple_of(40) {
            self.keep_state(stamp.seq, kernel);
        }
        Ok(())
    }

    fn durable(&self) -> Seq {
        self.writer.durable()
    }
}
