//! The world of a backtest: history ⊕ simulator ⊕ timers, merged by time, one event a batch. [`Backtest`].

use std::collections::BTreeMap;

use jangbu_journal::{Nanos, Seq, Stamp};
use jangbu_replay::{Batch, Effects, Flow, Machine, World};

use crate::data::history::{History, HistoryError, Moment};
use crate::effect::Effect;
use crate::event::{Event, OrderUpdate};
use crate::simulator::{Simulator, Turn, next_turn};

/// How many ticks may come in a row without time passing. A kernel has a handful of timers; one that is due forever would stop time.
const TICKS_MAX: u32 = 10_000;

/// Why a backtest cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// The history.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The machine asks to be woken at a moment that has passed, again and again.
    #[error("the timer at {at} is due again after {ticks} ticks: the kernel does not work it off")]
    TimerStuck {
        /// When it was due.
        at: Nanos,
        /// How many ticks did not help.
        ticks: u32,
    },
}

/// What went to and fro.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Events of history.
    pub history: u64,
    /// Ticks of timers.
    pub ticks: u64,
    /// Orders submitted.
    pub orders: u64,
    /// Amendments sent.
    pub amendments: u64,
    /// Cancellations sent.
    pub cancellations: u64,
    /// Fills.
    pub fills: u64,
    /// Orders the venue refused.
    pub rejections: u64,
    /// Notices by code.
    pub notices: BTreeMap<String, u64>,
}

/// The world of a backtest.
///
/// It works for any machine that speaks the event language. It ends with its history: what the simulator has not answered by then
/// stays unanswered, as at the end of a live session.
#[derive(Debug)]
pub struct Backtest<S> {
    history: S,
    /// An event of the history that was read to know its moment, and had to wait.
    head: Option<Moment>,
    simulator: Simulator,
    ticks_in_a_row: u32,
    traffic: Traffic,
}

impl<S: History> Backtest<S> {
    /// From the first event of `history`.
    pub fn new(history: S, simulator: Simulator) -> Self {
        Backtest { history, head: None, simulator, ticks_in_a_row: 0, traffic: Traffic::default() }
    }

    /// What went to and fro so far.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// What went to and fro, and the history.
    pub fn into_parts(self) -> (Traffic, S) {
        (self.traffic, self.history)
    }

    /// The next event of the history.
    #[inline]
    fn read(&mut self) -> Result<Option<Moment>, HistoryError> {
        match self.head.take() {
            Some(head) => Ok(Some(head)),
            None => self.history.next(),
        }
    }

    #[inline]
    fn push_history(&mut self, (recv, venue, event): Moment, batch: &mut Batch<Event>) {
        self.traffic.history += 1;
        batch.push(recv, venue, event);
        if let Some((stamp, event)) = batch.as_slice().last() {
            self.simulator.on_event(stamp, event);
        }
    }

    fn push_tick(&mut self, at: Nanos, batch: &mut Batch<Event>) -> Result<(), WorldError> {
        self.ticks_in_a_row = if at > batch.clock() { 0 } else { self.ticks_in_a_row + 1 };
        if self.ticks_in_a_row > TICKS_MAX {
            return Err(WorldError::TimerStuck { at, ticks: TICKS_MAX });
        }
        self.traffic.ticks += 1;
        batch.push(at, None, Event::Tick);
        Ok(())
    }

    fn count_answer(&mut self, event: &Event) {
        if let Event::Order(order) = event {
            match order.update {
                OrderUpdate::Filled(_) => self.traffic.fills += 1,
                OrderUpdate::Rejected { .. } => self.traffic.rejections += 1,
                OrderUpdate::Accepted { .. }
                | OrderUpdate::Amended { .. }
                | OrderUpdate::AmendRejected { .. }
                | OrderUpdate::Cancelled
                | OrderUpdate::CancelRejected { .. }
                | OrderUpdate::Expired
                | OrderUpdate::Unknown => {}
            }
        }
    }

    fn count_effect(&mut self, effect: &Effect) {
        match effect {
            Effect::Submit(_) => self.traffic.orders += 1,
            Effect::Amend(_) => self.traffic.amendments += 1,
            Effect::Cancel(_) => self.traffic.cancellations += 1,
            Effect::Notify(notice) => match self.traffic.notices.get_mut(&notice.code) {
                Some(count) => *count += 1,
                None => drop(self.traffic.notices.insert(notice.code.clone(), 1)),
            },
            Effect::Query(_) | Effect::Subscribe { .. } => {}
        }
    }
}

impl<S: History, M: Machine<Event = Event, Effect = Effect>> World<M> for Backtest<S> {
    type Error = WorldError;

    fn next(&mut self, wake_at: Option<Nanos>, batch: &mut Batch<Event>) -> Result<Flow, WorldError> {
        while let Some(moment) = self.read()? {
            match next_turn(batch.clock(), self.simulator.next_due(), wake_at, Some(moment.0)) {
                Turn::History(_) => self.push_history(moment, batch),
                Turn::Timer(at) => {
                    self.head = Some(moment);
                    self.push_tick(at, batch)?;
                }
                Turn::Simulator(at) => {
                    self.head = Some(moment);
                    let Some((at, event)) = self.simulator.pop_due(at) else { continue };
                    self.count_answer(&event);
                    batch.push(at, None, event);
                }
                Turn::Nobody => break,
            }
            return Ok(Flow::Continue);
        }
        Ok(Flow::Stop)
    }

    fn take(&mut self, stamp: &Stamp, effects: &mut Effects<Effect>) -> Result<(), WorldError> {
        for effect in effects.drain() {
            self.count_effect(&effect);
            let is_answered = matches!(&effect, Effect::Query(query) if query.is_of_market()) && self.history.has_answers();
            if !is_answered {
                self.simulator.take(stamp.recv, &effect);
            }
        }
        Ok(())
    }

    fn release(&mut self, _: Seq) -> Result<(), WorldError> {
        Ok(())
    }
}
