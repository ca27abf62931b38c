//! Keeping one book in step with the venue: [`BookSync`], the documented procedure as a pure state machine.
//!
//! ```text
//!              delta (kept)            snapshot at L                    delta that follows
//!   Waiting ────────────────▶ Waiting ──────────────▶ Joined (L) ─────────────────────────▶ Live (u)
//!      ▲      first one wants a         kept deltas are          gap, or connection lost       │
//!      └──────── snapshot ───────────── judged at once ◀──────── BookLost, resync ─────────────┘
//! ```
//!
//! Spot: ids are contiguous, so a delta follows when `U ≤ last + 1` and `u > last`. Futures: ids have holes, so a delta
//! follows when its `pu` is the `u` before it; the first after a snapshot when `pu ≤ L ≤ u`.

use std::collections::VecDeque;

use jangbu_journal::Nanos;

use crate::event::{Event, MarketEvent};
use crate::market::{Depth, InstrumentId, Level, Price, Qty, Side};
use crate::venue::levels::Levels;
use crate::venue::raw::Made;

/// Deltas kept while waiting for a snapshot. At ten a second that is 13 minutes; a snapshot takes a second.
pub const KEPT_MAX: usize = 8_192;
/// Levels kept in all while waiting: 32 MB.
pub const KEPT_LEVELS_MAX: usize = 1_000_000;

/// How deltas are told to follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncRule {
    /// By `U` and `u`, contiguous.
    Spot,
    /// By `pu`.
    Futures,
}

/// The ids and time of a delta; its levels travel beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaIds {
    /// `U`: the first update in it.
    pub first: u64,
    /// `u`: the last update in it.
    pub last: u64,
    /// `pu`: the last update before it; futures only.
    pub previous: Option<u64>,
    /// When, by the venue.
    pub time: Option<Nanos>,
}

/// What became of a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaOutcome {
    /// Applied: its events were made.
    Applied,
    /// Kept until a snapshot comes. After a gap a `BookLost` was made.
    Buffered,
    /// Seen before.
    Duplicate,
    /// Older than the snapshot.
    Stale,
}

/// What became of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotOutcome {
    /// It is the book. Of the kept deltas so many were applied, and so many were older.
    Accepted {
        /// Kept deltas that were applied after it.
        applied: u64,
        /// Kept deltas that were older.
        stale: u64,
    },
    /// Older than the first kept delta: take another.
    TooOld,
    /// Older than the book, which is in step.
    Unneeded,
}

/// Where a book stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No book; deltas are kept.
    Waiting,
    /// A snapshot, and no delta after it yet.
    Joined,
    /// In step.
    Live,
}

struct Kept {
    ids: DeltaIds,
    levels: Levels,
}

/// One instrument's book, kept in step. See the module.
pub struct BookSync {
    rule: SyncRule,
    instrument: InstrumentId,
    phase: Phase,
    /// The last update applied: `u`, or the snapshot's id.
    last: u64,
    kept: VecDeque<Kept>,
    kept_levels: usize,
    /// A snapshot was asked for and has not come.
    asked: bool,
    /// Whether a delta ever came: partial books are then not for this book.
    seen_delta: bool,
    /// The book is a partial one; deltas cannot go on from it.
    is_partial: bool,
}

impl BookSync {
    /// A book nothing is known of.
    pub fn new(rule: SyncRule, instrument: InstrumentId) -> Self {
        BookSync {
            rule,
            instrument,
            phase: Phase::Waiting,
            last: 0,
            kept: VecDeque::new(),
            kept_levels: 0,
            asked: false,
            seen_delta: false,
            is_partial: false,
        }
    }

    /// A delta came. `dropped` grows by the kept deltas that this one made useless.
    pub fn delta(&mut self, ids: DeltaIds, levels: &Levels, dropped: &mut u64, out: &mut Made) -> DeltaOutcome {
        self.seen_delta = true;
        if std::mem::take(&mut self.is_partial) {
            self.lose(dropped, out);
        }
        match self.phase {
            Phase::Waiting => self.keep(ids, levels, dropped),
            Phase::Joined if self.is_stale(ids, self.last) => DeltaOutcome::Stale,
            Phase::Live if ids.last <= self.last => DeltaOutcome::Duplicate,
            Phase::Joined | Phase::Live if self.follows(ids) => {
                self.apply(ids, levels, out);
                DeltaOutcome::Applied
            }
            Phase::Joined | Phase::Live => {
                self.lose(dropped, out);
                self.keep(ids, levels, dropped)
            }
        }
    }

    /// A snapshot came, taken at update `last`.
    pub fn snapshot(&mut self, last: u64, time: Option<Nanos>, levels: &Levels, out: &mut Made) -> SnapshotOutcome {
        self.asked = false;
        if self.phase != Phase::Waiting && last < self.last {
            return SnapshotOutcome::Unneeded;
        }
        let mut stale = 0;
        while self.kept.front().is_some_and(|kept| self.is_stale(kept.ids, last)) {
            self.forget_first();
            stale += 1;
        }
        if let Some(first) = self.kept.front()
            && !self.joins(first.ids, last)
        {
            assert_eq!(stale, 0, "kept deltas follow each other, so one after a stale one joins the snapshot");
            return SnapshotOutcome::TooOld;
        }
        emit(self.instrument, true, last, time, levels, out);
        self.phase = Phase::Joined;
        self.is_partial = false;
        self.last = last;
        let mut applied = 0;
        while let Some(kept) = self.kept.pop_front() {
            assert!(self.follows(kept.ids), "kept deltas follow each other");
            self.apply(kept.ids, &kept.levels, out);
            applied += 1;
        }
        self.kept_levels = 0;
        SnapshotOutcome::Accepted { applied, stale }
    }

    /// A partial book came: the best levels, whole. Stale when this book is kept by deltas, which know more.
    pub fn partial(&mut self, last: u64, time: Option<Nanos>, levels: &Levels, out: &mut Made) -> DeltaOutcome {
        if self.seen_delta {
            return DeltaOutcome::Stale;
        }
        if self.phase == Phase::Joined && last <= self.last {
            return DeltaOutcome::Duplicate;
        }
        emit(self.instrument, true, last, time, levels, out);
        self.phase = Phase::Joined;
        self.is_partial = true;
        self.last = last;
        DeltaOutcome::Applied
    }

    /// The connection was lost: the book is out of step, kept deltas are useless.
    pub fn lose(&mut self, dropped: &mut u64, out: &mut Made) {
        *dropped += self.kept.len() as u64;
        self.kept.clear();
        self.kept_levels = 0;
        self.asked = false;
        if self.phase != Phase::Waiting {
            self.phase = Phase::Waiting;
            out.push((None, Event::Market(MarketEvent::BookLost(self.instrument))));
        }
    }

    /// Whether a snapshot is wanted; says so once until it came, or [`BookSync::ask_again`].
    pub fn wants_snapshot(&mut self) -> bool {
        let wants = self.phase == Phase::Waiting && !self.kept.is_empty() && !self.asked;
        self.asked |= wants;
        wants
    }

    /// The snapshot that was asked for did not come.
    pub fn ask_again(&mut self) {
        self.asked = false;
    }

    /// Whether the book is whole.
    pub fn is_in_step(&self) -> bool {
        self.phase != Phase::Waiting
    }

    /// The last update of the book, when it is whole.
    pub fn last_update(&self) -> Option<u64> {
        self.is_in_step().then_some(self.last)
    }

    fn keep(&mut self, ids: DeltaIds, levels: &Levels, dropped: &mut u64) -> DeltaOutcome {
        if let Some(back) = self.kept.back().map(|kept| kept.ids) {
            if ids.last <= back.last {
                return DeltaOutcome::Duplicate;
            }
            let contiguous = match self.rule {
                SyncRule::Spot => ids.first <= back.last.saturating_add(1),
                SyncRule::Futures => ids.previous == Some(back.last),
            };
            if !contiguous {
                *dropped += self.kept.len() as u64;
                self.kept.clear();
                self.kept_levels = 0;
            }
        }
        self.kept_levels += levels.len();
        self.kept.push_back(Kept { ids, levels: levels.clone() });
        while self.kept.len() > KEPT_MAX || (self.kept_levels > KEPT_LEVELS_MAX && self.kept.len() > 1) {
            self.forget_first();
            *dropped += 1;
        }
        DeltaOutcome::Buffered
    }

    fn forget_first(&mut self) {
        if let Some(kept) = self.kept.pop_front() {
            self.kept_levels -= kept.levels.len();
        }
    }

    /// Whether a delta says nothing that a snapshot at `last` does not. Futures keep the one that ends there: the next names it.
    fn is_stale(&self, ids: DeltaIds, last: u64) -> bool {
        match self.rule {
            SyncRule::Spot => ids.last <= last,
            SyncRule::Futures => ids.last < last,
        }
    }

    /// Whether a delta goes on where a snapshot at `last` ends.
    fn joins(&self, ids: DeltaIds, last: u64) -> bool {
        match self.rule {
            SyncRule::Spot => ids.first <= last.saturating_add(1) && ids.last > last,
            SyncRule::Futures => ids.previous.is_some_and(|previous| previous <= last) && ids.last >= last,
        }
    }

    fn follows(&self, ids: DeltaIds) -> bool {
        match (self.phase, self.rule) {
            (Phase::Waiting, _) => false,
            (Phase::Live, SyncRule::Futures) => ids.previous == Some(self.last),
            (Phase::Joined, _) | (Phase::Live, SyncRule::Spot) => self.joins(ids, self.last),
        }
    }

    fn apply(&mut self, ids: DeltaIds, levels: &Levels, out: &mut Made) {
        emit(self.instrument, false, ids.last, ids.time, levels, out);
        self.phase = Phase::Live;
        self.last = ids.last;
    }
}

/// The events of a book message: head, bids, asks.
fn emit(instrument: InstrumentId, snapshot: bool, update_id: u64, time: Option<Nanos>, levels: &Levels, out: &mut Made) {
    let count = u32::try_from(levels.len()).expect("a side has at most SIDE_MAX levels");
    out.push((time, Event::Market(MarketEvent::Depth(Depth { instrument, snapshot, levels: count, update_id }))));
    let level = |side: Side, &(price, qty): &(Price, Qty)| {
        (time, Event::Market(MarketEvent::Level(Level { instrument, side, price, qty })))
    };
    out.extend(levels.bids.iter().map(|row| level(Side::Buy, row)));
    out.extend(levels.asks.iter().map(|row| level(Side::Sell, row)));
}

#[cfg(test)]
#[path = "book_sync_tests.rs"]
mod tests;
