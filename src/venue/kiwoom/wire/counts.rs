//! What became of every frame: [`FrameOutcome`], [`FrameCounts`]. Each frame is in exactly one class.

use super::frame::Message;
use crate::venue::wire_error::WireError;

/// What became of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameOutcome {
    /// Events were made of it.
    Events,
    /// It says nothing new: seen before, or overtaken by what came earlier.
    Duplicate,
    /// It reports an order that is not known yet; kept until it is, or until it is given up.
    Waiting,
    /// An answer or a word about the connection, for the gateway to act on. Hits of a condition made events as well.
    Control(Box<Message>),
    /// Could not be read, all or in part. What could be read of it made events.
    Malformed(WireError),
    /// Not of a type or a stock that this program uses.
    Unknown,
}

/// How many frames fell in each class. `received` is the sum of all the others, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameCounts {
    /// Every frame.
    pub received: u64,
    /// Events were made of it.
    pub journaled: u64,
    /// Said nothing new.
    pub duplicate: u64,
    /// Kept for an order that was not known.
    pub waiting: u64,
    /// Answers, and words about the connection.
    pub control: u64,
    /// Could not be read.
    pub malformed: u64,
    /// Of no type or stock that this program uses.
    pub unknown: u64,
}

impl FrameCounts {
    /// A frame came and this became of it.
    pub fn count(&mut self, outcome: &FrameOutcome) {
        self.received += 1;
        *match outcome {
            FrameOutcome::Events => &mut self.journaled,
            FrameOutcome::Duplicate => &mut self.duplicate,
            FrameOutcome::Waiting => &mut self.waiting,
            FrameOutcome::Control(_) => &mut self.control,
            FrameOutcome::Malformed(_) => &mut self.malformed,
            FrameOutcome::Unknown => &mut self.unknown,
        } += 1;
    }

    /// The sum of all classes.
    pub const fn sum(&self) -> u64 {
        self.journaled + self.duplicate + self.waiting + self.control + self.malformed + self.unknown
    }
}
