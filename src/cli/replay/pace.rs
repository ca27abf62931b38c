//! How fast a replay goes, and what is told of it meanwhile: [`Pace`], [`Watch`].

use std::cell::{Cell, RefCell};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use jangbu_journal::{Nanos, Seq, Stamp};
use jangbu_replay::Witness;

use crate::cli::answer::say;
use crate::cli::moment::time_text;
use crate::cli::progress::Progress;
use crate::effect::Effect;
use crate::event::Event;
use crate::kernel::Kernel;

/// How fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// As fast as it goes.
    Max,
    /// So many times the recorded pace.
    Times(u32),
}

impl FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "max" => Ok(Pace::Max),
            text => match text.parse() {
                Ok(times @ 1..=1_000_000) => Ok(Pace::Times(times)),
                _ => Err(format!("`{text}` is neither max nor a whole number like 1 or 10")),
            },
        }
    }
}

/// Events closer together than this are applied together: a sleep is no finer.
const GRAIN_NS: i64 = 1_000_000;

/// Waits for recorded times, tells what is decided, shows how far it is.
pub(super) struct Watch<'a> {
    pace: Pace,
    /// When the first event was applied, and its recorded time.
    begun: Cell<Option<(Instant, Nanos)>>,
    applied: &'a Cell<Seq>,
    progress: RefCell<Progress>,
    last: Seq,
    first: Cell<Seq>,
    tell: bool,
}

impl<'a> Watch<'a> {
    /// Notes in `applied` the last event applied. `tell`: every decision on stderr, when at a recorded pace.
    pub(super) fn new(pace: Pace, applied: &'a Cell<Seq>, last: Seq, tell: bool) -> Self {
        let progress = RefCell::new(Progress::new("replay"));
        let tell = tell && pace != Pace::Max;
        Watch { pace, begun: Cell::new(None), applied, progress, last, first: Cell::new(Seq::ZERO), tell }
    }

    /// Sleeps until an event recorded at `recv` is due, and says up to when events are due then.
    fn wait(&self, recv: Nanos, times: u32) -> Nanos {
        let (begun, origin) = self.begun.get().unwrap_or_else(|| {
            let begun = (Instant::now(), recv);
            self.begun.set(Some(begun));
            begun
        });
        let due = Duration::from_nanos(u64::try_from(recv.since(origin)).unwrap_or(0)) / times;
        thread::sleep(due.saturating_sub(begun.elapsed()));
        let passed = i64::try_from(begun.elapsed().as_nanos()).unwrap_or(i64::MAX).saturating_mul(i64::from(times));
        recv.plus(GRAIN_NS).max(origin.plus(passed))
    }
}

impl Witness<Kernel> for Watch<'_> {
    fn admit(&self, events: &[(Stamp, Event)]) -> usize {
        let Some((first, _)) = events.first() else { return 0 };
        if self.first.get() == Seq::ZERO {
            self.first.set(first.seq);
        }
        let mut count = events.len();
        if let Pace::Times(times) = self.pace {
            let due = self.wait(first.recv, times);
            count = events.partition_point(|(stamp, _)| stamp.recv <= due);
        }
        let done = |seq: Seq| seq.next().get().saturating_sub(self.first.get().get());
        if !self.tell
            && let Some((stamp, _)) = events.get(count.saturating_sub(1))
        {
            self.progress.borrow_mut().at(done(stamp.seq), done(self.last));
        }
        count
    }

    #[inline]
    fn applied(&self, stamp: &Stamp, effects: &[Effect]) {
        self.applied.set(stamp.seq);
        if self.tell && !effects.is_empty() {
            for effect in effects {
                say(format_args!("{} seq {}: {effect:?}", time_text(stamp.recv), stamp.seq));
            }
        }
    }
}
