//! Keeps the journal of a run while it runs: [`Journaling`].

use jangbu_journal::{Checkpoint, JournalError, Nanos, Record, Seq, Stamp, Writer};
use jangbu_replay::{Batch, EVENTS_PER_CHECKPOINT, Effects, Machine, Marks, Recorder};

use super::clock::Clock;

/// When the flusher has no room, a group goes on collecting and is offered again after this long.
const RETRY_NS: i64 = 5_000_000;

/// When to hand over, to mark and to save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// Events are handed to the flusher at the latest this long after they were received, nanoseconds; at once when they had an
    /// effect, which waits for it.
    pub group_ns: i64,
    /// A checkpoint of the whole state every so many events.
    pub checkpoint_events: u64,
    /// A snapshot after so many events. Restart replays at most this many: a second or so.
    pub snapshot_events: u64,
    /// A snapshot after so long, nanoseconds, if anything happened.
    pub snapshot_ns: i64,
    /// The watcher sees the machine at least this often while events come, nanoseconds.
    pub watch_ns: i64,
    /// When nothing handed over has become durable for so long, the journal is stalled and the run ends, nanoseconds.
    pub stall_ns: i64,
}

impl Default for Rhythm {
    fn default() -> Self {
        Rhythm {
            group_ns: 20_000_000,
            checkpoint_events: EVENTS_PER_CHECKPOINT,
            snapshot_events: 2_000_000,
            snapshot_ns: 300_000_000_000,
            watch_ns: 100_000_000,
            stall_ns: 20_000_000_000,
        }
    }
}

impl Rhythm {
    /// The same real rhythm where stamps go faster than time. Whether the disk is stalled is always measured.
    fn at(self, speed: i64) -> Self {
        let times = |ns: i64| ns.saturating_mul(speed);
        Rhythm { group_ns: times(self.group_ns), snapshot_ns: times(self.snapshot_ns), watch_ns: times(self.watch_ns), ..self }
    }
}

/// Why the journal of a run ended. Trading ends with it: nothing is applied that is not going to be in the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalingError {
    /// The journal refused.
    #[error("the journal stopped at seq {seq}, and so did trading: {error}")]
    Journal {
        /// The first event that is not in it.
        seq: Seq,
        /// What it said.
        error: JournalError,
    },
    /// The disk takes forever.
    #[error(
        "the journal is stalled: seq {handed} was handed over {seconds} s ago and only {durable} is durable; trading stopped. \
         Look at the disk (full? failing? shared?)"
    )]
    Stalled {
        /// The last event handed over.
        handed: Seq,
        /// The last durable one.
        durable: Seq,
        /// For how long.
        seconds: i64,
    },
}

/// What sees the machine now and then while it runs, outside the kernel: a progress line, a console.
pub type Watcher<M> = Box<dyn FnMut(&Stamp, &M, &Marks) + Send>;

/// Journals every event before it is applied, marks effects, takes checkpoints and snapshots.
pub struct Journaling<M: Machine> {
    writer: Writer<M::Event>,
    marks: Marks,
    rhythm: Rhythm,
    clock: Clock,
    watcher: Option<Watcher<M>>,
    /// Events after which the watcher sees the machine at once.
    is_shown: fn(&M::Event) -> bool,
    show: bool,
    watched: Nanos,
    appended: Seq,
    applied: Seq,
    /// The last event asked to be handed over, and when that was.
    handed: Seq,
    handed_at: Nanos,
    /// What the journal owes us, and since when.
    owed: Option<(Seq, Nanos)>,
    /// `recv` of the first event not handed over yet.
    oldest: Option<Nanos>,
    snapshot_at: (Seq, Nanos),
    scratch: Vec<u8>,
}

impl<M> Journaling<M>
where
    M: Machine,
    M::Event: Record,
    M::Effect: core::fmt::Debug,
{
    /// Goes on with a journal whose effects so far are counted in `marks`.
    pub fn new(writer: Writer<M::Event>, marks: Marks, rhythm: Rhythm, clock: Clock) -> Self {
        let last = writer.next_seq().previous();
        let now = clock.now();
        let rhythm = rhythm.at(clock.speed());
        Journaling {
            writer,
            marks,
            rhythm,
            clock,
            watcher: None,
            is_shown: |_| false,
            show: false,
            watched: Nanos::ZERO,
            appended: last,
            applied: last,
            handed: last,
            handed_at: now,
            owed: None,
            oldest: None,
            snapshot_at: (last, now),
            scratch: Vec::new(),
        }
    }

    /// Shows the machine to `watcher` now and then, and at once after an event that `is_shown`: nothing may come after it for long.
    pub fn watch(&mut self, watcher: Watcher<M>, is_shown: fn(&M::Event) -> bool) {
        (self.watcher, self.is_shown) = (Some(watcher), is_shown);
    }

    /// The last event in the journal, durable or not.
    pub fn appended(&self) -> Seq {
        self.appended
    }

    /// The last event the machine has applied. After a panic, the one it panicked at is the next.
    pub fn applied_to(&self) -> Seq {
        self.applied
    }

    /// The effects so far.
    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Ends the run in good order: a last checkpoint and snapshot of `machine`, everything durable.
    ///
    /// # Errors
    /// When the journal cannot keep them. The events handed over before are as durable as they were.
    pub fn finish(&mut self, machine: &M) -> Result<Checkpoint, JournalingError> {
        let checkpoint = self.marks.of_state(self.applied, machine);
        self.keep_state(&checkpoint, machine).and_then(|()| self.writer.sync()).map_err(|error| self.refused(error))?;
        self.handed = self.appended;
        Ok(checkpoint)
    }

    /// Makes durable what is appended, and nothing else: for a run that ended badly.
    ///
    /// # Errors
    /// When the journal cannot.
    pub fn sync(&mut self) -> Result<(), JournalingError> {
        self.writer.sync().map_err(|error| self.refused(error))
    }

    /// The writer, to end its session and close it.
    pub fn into_writer(self) -> Writer<M::Event> {
        self.writer
    }

    fn refused(&self, error: JournalError) -> JournalingError {
        JournalingError::Journal { seq: self.appended.next(), error }
    }

    fn hand_over(&mut self, now: Nanos) -> Result<(), JournalingError> {
        self.writer.commit().map_err(|error| self.refused(error))?;
        self.handed = self.appended;
        self.handed_at = now;
        self.oldest = None;
        Ok(())
    }

    /// Whether something has waited long enough to be handed over: events, or a group that the flusher had no room for.
    fn is_due(&self, now: Nanos) -> bool {
        self.oldest.is_some_and(|oldest| now.since(oldest) >= self.rhythm.group_ns)
            || (now.since(self.handed_at) >= RETRY_NS && self.writer.durable() < self.handed)
    }

    fn check_stall(&mut self, now: Nanos) -> Result<(), JournalingError> {
        let durable = self.writer.durable();
        match self.owed {
            Some((handed, since)) if durable < handed => {
                let nanos = now.since(since);
                if nanos >= self.rhythm.stall_ns {
                    return Err(JournalingError::Stalled { handed, durable, seconds: nanos / 1_000_000_000 });
                }
            }
            _ => self.owed = (durable < self.handed).then_some((self.handed, now)),
        }
        Ok(())
    }

    /// A checkpoint, and a snapshot at the same place: a snapshot is used with the checkpoint beside it.
    fn keep_state(&mut self, checkpoint: &Checkpoint, machine: &M) -> Result<(), JournalError> {
        self.writer.checkpoint(checkpoint)?;
        self.scratch.clear();
        machine.save(&mut self.scratch);
        self.writer.snapshot(checkpoint.seq, &self.scratch)
    }

    fn snapshot_due(&self, stamp: &Stamp) -> bool {
        let (seq, at) = self.snapshot_at;
        stamp.seq.get().saturating_sub(seq.get()) >= self.rhythm.snapshot_events
            || stamp.recv.since(at) >= self.rhythm.snapshot_ns
    }
}

impl<M> Recorder<M> for Journaling<M>
where
    M: Machine,
    M::Event: Record,
    M::Effect: core::fmt::Debug,
{
    type Error = JournalingError;

    /// Appends the events. An empty batch means that nothing happens: what is old enough is handed over.
    #[inline]
    fn record(&mut self, batch: &Batch<M::Event>) -> Result<(), JournalingError> {
        for (stamp, event) in batch.as_slice() {
            self.writer.append(stamp, event).map_err(|error| self.refused(error))?;
            self.appended = stamp.seq;
            self.show |= (self.is_shown)(event);
            self.oldest.get_or_insert(stamp.recv);
        }
        let now = if batch.is_empty() { self.clock.now() } else { batch.clock() };
        if self.is_due(now) {
            self.hand_over(now)?;
        }
        // A clock that jumps from one day to the next says nothing about the disk.
        self.check_stall(if self.clock.speed() == 1 { now } else { self.clock.elapsed() })
    }

    #[inline]
    fn applied(&mut self, stamp: &Stamp, machine: &M, effects: &Effects<M::Effect>) -> Result<(), JournalingError> {
        self.applied = stamp.seq;
        let mut show = core::mem::take(&mut self.show) || stamp.recv.since(self.watched) >= self.rhythm.watch_ns;
        if !effects.is_empty() {
            self.marks.add(stamp.seq, effects.as_slice());
            let mark = self.marks.of_effects(stamp.seq, effects.as_slice());
            self.writer.checkpoint(&mark).map_err(|error| self.refused(error))?;
            // They wait for this event to be durable.
            self.hand_over(stamp.recv)?;
            show = true;
        }
        if self.snapshot_due(stamp) {
            let checkpoint = self.marks.of_state(stamp.seq, machine);
            self.keep_state(&checkpoint, machine).map_err(|error| self.refused(error))?;
            self.snapshot_at = (stamp.seq, stamp.recv);
        } else if stamp.seq.get().is_multiple_of(self.rhythm.checkpoint_events) {
            let checkpoint = self.marks.of_state(stamp.seq, machine);
            self.writer.checkpoint(&checkpoint).map_err(|error| self.refused(error))?;
        }
        if show && let Some(watcher) = &mut self.watcher {
            watcher(stamp, machine, &self.marks);
            self.watched = stamp.recv;
        }
        Ok(())
    }

    #[inline]
    fn durable(&self) -> Seq {
        self.writer.durable()
    }
}
