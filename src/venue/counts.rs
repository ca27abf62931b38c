//! What became of every frame: [`FrameOutcome`], [`FrameCounts`]. Each frame is in exactly one class.

use std::fmt;

use super::wire_error::WireError;

/// What became of a frame. `C` is what the venue says about a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameOutcome<C> {
    /// Events were made of it.
    Events,
    /// Kept until a book snapshot comes. (A `BookLost` may have been made.)
    Buffered,
    /// Its trade, quote or book update was seen before: connections overlap at a reconnect, and venues repeat.
    Duplicate,
    /// Older than what is known.
    Stale,
    /// Could not be read.
    Malformed(WireError),
    /// A word about the connection.
    Control(C),
    /// Not of a kind or symbol this program uses.
    Unknown,
    /// Nothing new in it: a bar that is still growing, a ticker whose market did not change its state.
    Conflated,
}

/// How many frames fell in each class. `received` is the sum of all the others, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameCounts {
    /// Every frame.
    pub received: u64,
    /// Events were made of it when it came.
    pub journaled: u64,
    /// Kept at first, and events were made of it when the snapshot came.
    pub buffered_then_journaled: u64,
    /// Kept, and no snapshot has come yet.
    pub buffered: u64,
    /// Seen before.
    pub duplicate: u64,
    /// Older than what is known, or kept for a snapshot that came too late.
    pub stale: u64,
    /// Could not be read.
    pub malformed: u64,
    /// Words about the connection.
    pub control: u64,
    /// Of no kind or symbol this program uses.
    pub unknown: u64,
    /// Left out because a later one says it all: growing bars, and quotes while the feed was behind.
    pub conflated: u64,
}

impl FrameCounts {
    /// A frame came and this became of it.
    pub fn count<C>(&mut self, outcome: &FrameOutcome<C>) {
        self.received += 1;
        *match outcome {
            FrameOutcome::Events => &mut self.journaled,
            FrameOutcome::Buffered => &mut self.buffered,
            FrameOutcome::Duplicate => &mut self.duplicate,
            FrameOutcome::Stale => &mut self.stale,
            FrameOutcome::Malformed(_) => &mut self.malformed,
            FrameOutcome::Control(_) => &mut self.control,
            FrameOutcome::Unknown => &mut self.unknown,
            FrameOutcome::Conflated => &mut self.conflated,
        } += 1;
    }

    /// Kept frames were journaled, and others found stale.
    pub fn settle(&mut self, journaled: u64, stale: u64) {
        self.buffered -= journaled + stale;
        self.buffered_then_journaled += journaled;
        self.stale += stale;
    }

    /// Frames counted as journaled were left out after all, because the inbox was full.
    pub fn conflate(&mut self, frames: u64) {
        self.journaled -= frames;
        self.conflated += frames;
    }

    /// The sum of all classes.
    pub fn sum(&self) -> u64 {
        self.classes().iter().map(|&(_, count)| count).sum()
    }

    /// Every class with its name.
    pub fn classes(&self) -> [(&'static str, u64); 9] {
        [
            ("journaled", self.journaled),
            ("buffered, then journaled", self.buffered_then_journaled),
            ("buffered", self.buffered),
            ("duplicate", self.duplicate),
            ("stale", self.stale),
            ("malformed", self.malformed),
            ("control", self.control),
            ("unknown", self.unknown),
            ("conflated", self.conflated),
        ]
    }
}

impl fmt::Display for FrameCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} frames", self.received)?;
        let mut separator = ": ";
        for (name, count) in self.classes().into_iter().filter(|&(_, count)| count > 0) {
            write!(f, "{separator}{count} {name}")?;
            separator = ", ";
        }
        Ok(())
    }
}
