//! A backtest from start to report: [`run`].

use jangbu_journal::{JournalError, Nanos, Seq, Stamp, Writer};
use jangbu_replay::{Batch, DriveError, EVENTS_PER_CHECKPOINT, Effects, Machine, Marks, Parts, Recorder, drive};

use super::ledger::Ledger;
use super::report::Report;
use super::world::{Backtest, Traffic, WorldError};
use crate::account::{NewOrder, Order, OrderState, OrderType};
use crate::data::history::History;
use crate::effect::Effect;
use crate::event::{Event, OrderUpdate};
use crate::kernel::Kernel;
use crate::simulator::Simulator;

/// Accounts are looked at after every fill, and this often, nanoseconds of history.
const LOOK_NS: i64 = 60_000_000_000;
/// Events between two calls of the progress hook.
const PROGRESS_EVENTS: u64 = 16_384;

/// Why a backtest did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The world: its history, mostly.
    #[error(transparent)]
    World(#[from] WorldError),
    /// The journal it is kept in.
    #[error("the journal the backtest is kept in: {0}")]
    Journal(#[from] JournalError),
}

/// Where a backtest begins.
#[derive(Debug, Default)]
pub struct Start {
    /// The kernel. A fresh one knows nothing: the history must begin with settings and deposits.
    pub kernel: Kernel,
    /// The event before the first.
    pub last: Seq,
    /// Its time.
    pub clock: Nanos,
    /// The effects until there.
    pub marks: Marks,
}

/// Keeps a backtest as a journal, so that it can be replayed and looked into.
#[derive(Debug)]
pub struct Keep {
    /// Where to.
    pub writer: Writer<Event>,
    /// A checkpoint of the whole state, and a snapshot, every so many events. There is always one at the end.
    pub snapshot_events: u64,
}

/// What a backtest left.
#[derive(Debug)]
pub struct Finished {
    /// The kernel as it was at the end.
    pub kernel: Kernel,
    /// What it came to. `elapsed_ns` is not set: here nobody has a clock.
    pub report: Report,
    /// The journal, when it was kept: to end its session, and to close.
    pub keep: Option<Keep>,
    /// The last event.
    pub last: Seq,
    /// The effects until there.
    pub marks: Marks,
}

/// Lets an order of an earlier session rest at the simulated venue again, if it rested there: the venue forgot it with its process.
/// False when it did not: it was still on its way, and nobody has ever heard of it.
pub fn adopt(simulator: &mut Simulator, order: &Order) -> bool {
    let is_resting = matches!(order.state, OrderState::Open | OrderState::PartiallyFilled);
    let (true, Some(limit)) = (is_resting, order.limit) else { return false };
    let now = NewOrder { order_type: OrderType::Limit(limit), qty: order.qty, ..order.request };
    simulator.adopt(&now, order.filled);
    true
}

/// Runs the kernel over a history, with the simulator as the venue. The same history, settings and simulator give the same report,
/// to the last digit of every digest. The history is given back, for what it
/// has to tell of itself.
///
/// `progress` hears how many events were applied, now and then.
///
/// # Errors
/// When the history breaks, or the run cannot be kept.
pub fn run<S: History>(
    start: Start,
    history: S,
    simulator: Simulator,
    keep: Option<Keep>,
    progress: &mut dyn FnMut(u64),
) -> Result<(Finished, S), RunError> {
    let Start { mut kernel, last, clock, marks } = start;
    let before = (marks.effects().0, kernel.counts().refused);
    let mut world = Backtest::new(history, simulator);
    let mut books = Books {
        ledger: Ledger::new(&kernel),
        marks,
        keep,
        progress,
        events: 0,
        span: None,
        last,
        look: false,
        next_look: Nanos::ZERO,
        scratch: Vec::new(),
    };
    let outcome = match drive(&mut kernel, &mut world, &mut books, (last.next(), clock)) {
        Ok(outcome) => outcome,
        Err(DriveError::World(error)) => return Err(error.into()),
        Err(DriveError::Recorder(error)) => return Err(error.into()),
    };
    books.ledger.look(&kernel);
    if outcome.events > 0 {
        books.keep_state(outcome.last, &kernel)?;
    }
    let mut parts = Parts::new();
    kernel.digest(&mut parts);
    let (effects, effects_digest) = books.marks.effects();
    let (started, ended) = books.span.unwrap_or((clock, clock));
    let (traffic, history) = world.into_parts();
    let Traffic { history: heard, ticks, orders, cancellations, fills, rejections, notices, .. } = traffic;
    let report = Report {
        events: outcome.events,
        history: heard,
        ticks,
        orders,
        fills,
        rejections,
        refused: kernel.counts().refused.saturating_sub(before.1),
        cancellations,
        started,
        ended,
        results: books.ledger.into_reports(),
        notices,
        effects: effects - before.0,
        effects_digest: effects_digest.to_string(),
        state_digest: parts.total().to_string(),
        elapsed_ns: None,
    };
    Ok((Finished { kernel, report, keep: books.keep, last: outcome.last, marks: books.marks }, history))
}

/// The recorder of a backtest.
struct Books<'a> {
    ledger: Ledger,
    marks: Marks,
    keep: Option<Keep>,
    progress: &'a mut dyn FnMut(u64),
    events: u64,
    /// Moments of the first and last event.
    span: Option<(Nanos, Nanos)>,
    last: Seq,
    /// The event under way is a fill.
    look: bool,
    next_look: Nanos,
    scratch: Vec<u8>,
}

impl Books<'_> {
    /// A checkpoint and a snapshot at the same place: a snapshot is used with the checkpoint beside it.
    fn keep_state(&mut self, at: Seq, kernel: &Kernel) -> Result<(), JournalError> {
        let Some(keep) = &mut self.keep else { return Ok(()) };
        keep.writer.checkpoint(&self.marks.of_state(at, kernel))?;
        self.scratch.clear();
        kernel.save(&mut self.scratch);
        keep.writer.snapshot(at, &self.scratch)?;
        keep.writer.sync()
    }
}

impl Recorder<Kernel> for Books<'_> {
    type Error = JournalError;

    #[inline]
    fn record(&mut self, batch: &Batch<Event>) -> Result<(), JournalError> {
        for (stamp, event) in batch.as_slice() {
            if let Some(keep) = &mut self.keep {
                keep.writer.append(stamp, event)?;
            }
            let started = self.span.map_or(stamp.recv, |(started, _)| started);
            self.span = Some((started, stamp.recv));
            self.look |= matches!(event, Event::Order(order) if matches!(order.update, OrderUpdate::Filled(_)));
            self.last = stamp.seq;
        }
        Ok(())
    }

    #[inline]
    fn applied(&mut self, stamp: &Stamp, kernel: &Kernel, effects: &Effects<Effect>) -> Result<(), JournalError> {
        self.events += 1;
        if !effects.is_empty() {
            self.marks.add(stamp.seq, effects.as_slice());
            if let Some(keep) = &mut self.keep {
                keep.writer.checkpoint(&self.marks.of_effects(stamp.seq, effects.as_slice()))?;
            }
        }
        if self.look || stamp.recv >= self.next_look {
            self.ledger.look(kernel);
            self.look = false;
            self.next_look = stamp.recv.plus(LOOK_NS);
        }
        if self.events.is_multiple_of(PROGRESS_EVENTS) {
            (self.progress)(self.events);
        }
        let Some(keep) = &mut self.keep else { return Ok(()) };
        if stamp.seq.get().is_multiple_of(keep.snapshot_events.max(1)) {
            return self.keep_state(stamp.seq, kernel);
        }
        if stamp.seq.get().is_multiple_of(EVENTS_PER_CHECKPOINT) {
            return keep.writer.checkpoint(&self.marks.of_state(stamp.seq, kernel));
        }
        Ok(())
    }

    fn durable(&self) -> Seq {
        self.last
    }
}
