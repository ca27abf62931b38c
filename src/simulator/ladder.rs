//! Stands in for `market::book` until that is here.

use alloc::vec::Vec;

use crate::market::{Price, Qty, Side};

/// Levels of both sides, best first.
#[derive(Debug, Default)]
pub(super) struct Book {
    sides: [Vec<(Price, Qty)>; 2],
}

impl Book {
    pub(super) fn apply(&mut self, side: Side, price: Price, qty: Qty) {
        let levels = &mut self.sides[side as usize];
        let place = levels.partition_point(|level| if side == Side::Buy { level.0 > price } else { level.0 < price });
        let found = levels.get(place).is_some_and(|level| level.0 == price);
        match (found, qty.is_positive()) {
            (true, true) => levels[place].1 = qty,
            (true, false) => drop(levels.remove(place)),
            (false, true) => levels.insert(place, (price, qty)),
            (false, false) => {}
        }
    }

    pub(super) fn clear(&mut self) {
        self.sides.iter_mut().for_each(Vec::clear);
    }

    pub(super) fn levels(&self, side: Side) -> impl Iterator<Item = (Price, Qty)> + '_ {
        self.sides[side as usize].iter().copied()
    }
}
