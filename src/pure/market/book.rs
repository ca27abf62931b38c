//! The order book of one instrument, level by level: [`Book`].

use alloc::vec::Vec;

use jangbu_journal::{DecodeError, Decoder, Encoder};
use serde::{Deserialize, Serialize};

use super::data::{Quote, Side};
use super::instrument::InstrumentId;
use super::number::{Price, Qty};

/// How many levels next to the best are looked at one by one before a binary search. Most changes are that near.
const SCAN: usize = 8;

/// Level 2 of one instrument: what stands at each price, both sides.
///
/// Two sorted lists whose best level is the LAST, so that a change near the touch moves few levels. Steady state allocates
/// nothing: a cleared book keeps its room. It holds what it was told and judges nothing: it may be crossed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "[Vec<(Price, Qty)>; 2]", into = "[Vec<(Price, Qty)>; 2]")]
pub struct Book {
    sides: [Vec<(Price, Qty)>; 2],
}

/// A number that rises toward the best price of `side`. `!x` turns the order around without the overflow that `-x` has.
#[inline]
const fn rank(side: Side, price: Price) -> i64 {
    match side {
        Side::Buy => price.raw(),
        Side::Sell => !price.raw(),
    }
}

/// Where `price` stands, or where it belongs.
#[inline]
fn place(levels: &[(Price, Qty)], side: Side, price: Price) -> Result<usize, usize> {
    let wanted = rank(side, price);
    let near = levels.len().saturating_sub(SCAN);
    for index in (near..levels.len()).rev() {
        let here = rank(side, levels[index].0);
        if here == wanted {
            return Ok(index);
        }
        if here < wanted {
            return Err(index + 1);
        }
    }
    levels[..near].binary_search_by_key(&wanted, |level| rank(side, level.0))
}

impl Book {
    /// A book without levels, with room for `levels` on each side.
    pub fn with_capacity(levels: usize) -> Self {
        Book { sides: [Vec::with_capacity(levels), Vec::with_capacity(levels)] }
    }

    /// States what stands at `price` now; 0 (or less, which no venue means) removes the level.
    #[inline]
    pub fn set(&mut self, side: Side, price: Price, qty: Qty) {
        let levels = &mut self.sides[side as usize];
        match (place(levels, side, price), qty.is_positive()) {
            (Ok(index), true) => levels[index].1 = qty,
            (Ok(index), false) => drop(levels.remove(index)),
            (Err(index), true) => levels.insert(index, (price, qty)),
            (Err(_), false) => {}
        }
    }

    /// Removes every level; keeps the room.
    pub fn clear(&mut self) {
        self.sides.iter_mut().for_each(Vec::clear);
    }

    /// The best level: the highest bid or the lowest ask.
    #[inline]
    pub fn best(&self, side: Side) -> Option<(Price, Qty)> {
        self.sides[side as usize].last().copied()
    }

    /// The levels of one side, best first.
    #[inline]
    pub fn levels(&self, side: Side) -> impl DoubleEndedIterator<Item = (Price, Qty)> + ExactSizeIterator + '_ {
        self.sides[side as usize].iter().rev().copied()
    }

    /// How many levels one side has.
    #[inline]
    pub fn depth(&self, side: Side) -> usize {
        self.sides[side as usize].len()
    }

    /// Whether there is no level at all.
    pub fn is_empty(&self) -> bool {
        self.sides.iter().all(Vec::is_empty)
    }

    /// What stands at exactly `price`; 0 when nothing does.
    pub fn qty_at(&self, side: Side, price: Price) -> Qty {
        let levels = &self.sides[side as usize];
        place(levels, side, price).map_or(Qty::ZERO, |index| levels[index].1)
    }

    /// Whether the best bid is at or above the best ask: an update was missed, or the venue is in an auction.
    #[inline]
    pub fn is_crossed(&self) -> bool {
        match (self.best(Side::Buy), self.best(Side::Sell)) {
            (Some(bid), Some(ask)) => bid.0 >= ask.0,
            _ => false,
        }
    }

    /// The best of both sides as a quote of `instrument`; `None` while a side is empty.
    #[inline]
    pub fn quote(&self, instrument: InstrumentId) -> Option<Quote> {
        let (bid, bid_qty) = self.best(Side::Buy)?;
        let (ask, ask_qty) = self.best(Side::Sell)?;
        Some(Quote { instrument, bid, ask, bid_qty, ask_qty })
    }

    /// Ask less bid; `None` while a side is empty or when it overflows. Below 0 when crossed.
    pub fn spread(&self) -> Option<Price> {
        self.best(Side::Sell)?.0.checked_sub(self.best(Side::Buy)?.0)
    }

    /// Appends the book, level by level: unlike `Encoder::value`, of any depth.
    pub fn save(&self, out: &mut Encoder<'_>) {
        for levels in &self.sides {
            out.u64(levels.len() as u64);
            for level in levels {
                out.i64(level.0.raw());
                out.i128(level.1.raw());
            }
        }
    }

    /// The inverse of `save`.
    ///
    /// # Errors
    /// When the bytes are not a saved book: they end too soon, or its levels are out of order or not positive.
    pub fn load(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut sides = [Vec::new(), Vec::new()];
        for levels in &mut sides {
            let count = input.u64()?;
            // A level takes two bytes or more, so that a false count ends here and not in an allocation.
            if count > input.remaining() as u64 / 2 {
                return Err(DecodeError::Truncated { expected: "the levels of a book" });
            }
            levels.reserve_exact(count as usize);
            for _ in 0..count {
                levels.push((Price::from_raw(input.i64()?), Qty::from_raw(input.i128()?)));
            }
        }
        Book::try_from(sides).map_err(|reason| DecodeError::Value { what: "a book", reason: reason.into() })
    }
}

impl TryFrom<[Vec<(Price, Qty)>; 2]> for Book {
    type Error = &'static str;

    /// From bids and asks, each with the best level last.
    fn try_from(sides: [Vec<(Price, Qty)>; 2]) -> Result<Self, &'static str> {
        for (side, levels) in [Side::Buy, Side::Sell].into_iter().zip(&sides) {
            if !levels.windows(2).all(|pair| rank(side, pair[0].0) < rank(side, pair[1].0)) {
                return Err("the levels of a book are not in order");
            }
            if levels.iter().any(|level| !level.1.is_positive()) {
                return Err("a level of a book is not positive");
            }
        }
        Ok(Book { sides })
    }
}

impl From<Book> for [Vec<(Price, Qty)>; 2] {
    fn from(book: Book) -> Self {
        book.sides
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn price(units: i64) -> Price {
        Price::from_raw(units)
    }

    fn qty(units: i128) -> Qty {
        Qty::from_raw(units)
    }

    #[test]
    fn best_is_first() {
        let mut book = Book::with_capacity(4);
        for (side, at, size) in [(Side::Buy, 9, 1), (Side::Buy, 10, 2), (Side::Sell, 12, 3), (Side::Sell, 11, 4)] {
            book.set(side, price(at), qty(size));
        }
        assert_eq!(book.best(Side::Buy), Some((price(10), qty(2))));
        assert_eq!(book.levels(Side::Sell).collect::<Vec<_>>(), [(price(11), qty(4)), (price(12), qty(3))]);
        assert_eq!(book.quote(InstrumentId(7)).map(|quote| (quote.bid, quote.ask)), Some((price(10), price(11))));
        assert_eq!((book.spread(), book.is_crossed()), (Some(price(1)), false));
        book.set(Side::Buy, price(11), qty(1));
        assert!(book.is_crossed());
        book.set(Side::Buy, price(11), Qty::ZERO);
        book.set(Side::Buy, price(10), Qty::ZERO);
        assert_eq!((book.best(Side::Buy), book.qty_at(Side::Buy, price(10))), (Some((price(9), qty(1))), Qty::ZERO));
        book.clear();
        assert!(book.is_empty() && book.quote(InstrumentId(7)).is_none() && !book.is_crossed());
    }

    #[test]
    fn extreme_prices_keep_their_order() {
        let mut book = Book::default();
        for at in [i64::MAX, 0, i64::MIN, -1] {
            book.set(Side::Sell, price(at), qty(1));
        }
        let asks: Vec<_> = book.levels(Side::Sell).map(|level| level.0.raw()).collect();
        assert_eq!(asks, [i64::MIN, -1, 0, i64::MAX]);
        book.set(Side::Buy, price(i64::MAX), qty(1));
        assert_eq!(Book { ..book }.spread(), None);
    }

    #[test]
    fn disorder_does_not_load() {
        for levels in [[(1, 5), (1, 5)], [(2, 5), (1, 5)], [(1, 0), (2, 5)]] {
            let bids = levels.iter().map(|&(at, size)| (price(at), qty(size))).collect();
            assert!(Book::try_from([bids, Vec::new()]).is_err(), "{levels:?}");
        }
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes).u64(u64::MAX);
        assert!(Book::load(&mut Decoder::new(&bytes)).is_err());
    }

    proptest! {
        #[test]
        fn like_a_map(steps in prop::collection::vec((any::<bool>(), 0_i64..60, 0_i128..4), 0..400)) {
            let mut book = Book::default();
            let mut maps = [BTreeMap::new(), BTreeMap::new()];
            for (buy, at, size) in steps {
                let side = if buy { Side::Buy } else { Side::Sell };
                book.set(side, price(at), qty(size));
                if size == 0 { maps[side as usize].remove(&price(at)) } else { maps[side as usize].insert(price(at), qty(size)) };
                prop_assert_eq!(book.qty_at(side, price(at)), qty(size));
                prop_assert_eq!(book.depth(side), maps[side as usize].len());
            }
            let level = |(at, size): (&Price, &Qty)| (*at, *size);
            prop_assert!(book.levels(Side::Buy).eq(maps[0].iter().rev().map(level)));
            prop_assert!(book.levels(Side::Sell).eq(maps[1].iter().map(level)));
            let mut bytes = Vec::new();
            Encoder::new(&mut bytes).value(&book);
            book.save(&mut Encoder::new(&mut bytes));
            let mut decoder = Decoder::new(&bytes);
            prop_assert_eq!(decoder.value("a book"), Ok(book.clone()));
            prop_assert_eq!(Book::load(&mut decoder), Ok(book));
            prop_assert_eq!(decoder.finish(), Ok(()));
        }

        #[test]
        fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Book::load(&mut Decoder::new(&bytes));
        }
    }
}
