//! The levels of a book message, as every venue's reader fills them: [`Levels`].

use crate::market::{Price, Qty};

/// The two sides of a book message, each in the venue's order (best first in snapshots).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Bids: price and what stands there; 0 removes the level.
    pub bids: Vec<(Price, Qty)>,
    /// Asks, likewise.
    pub asks: Vec<(Price, Qty)>,
}

impl Levels {
    /// Most levels one message may carry: the largest snapshot has 5,000 a side, the largest delta recorded 700 in all.
    pub const SIDE_MAX: usize = 20_000;

    /// Forgets the levels and keeps the memory.
    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }

    /// How many levels there are.
    pub fn len(&self) -> usize {
        self.bids.len() + self.asks.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }
}
