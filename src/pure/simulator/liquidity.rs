//! What stands in one market to be taken: the book if it is whole, else the quote, else the last trade. [`Liquidity`].

use alloc::vec::Vec;

use super::queue::minus;
use crate::market::{Book, Depth, Level, Price, Qty, Quote, Side};

/// How many consumed levels are remembered in one market; past that the oldest is forgotten. Levels that go away take their
/// entry with them, so this many are only reached by taking a thousand levels that all stay.
const TAKEN_MAX: usize = 1024;

/// Whether the book can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BookState {
    /// No snapshot yet, or a gap since.
    Lost,
    /// Within an update: this many levels are to come.
    Updating(u32),
    /// Whole.
    Whole,
}

/// What became of a book with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BookChange {
    /// Nothing to act on.
    None,
    /// An update is complete.
    Whole,
    /// A snapshot is complete: every level may have changed.
    Replaced,
}

/// Liquidity of one market.
#[derive(Debug)]
pub(super) struct Liquidity {
    book: Book,
    state: BookState,
    snapshot: bool,
    quote: Option<Quote>,
    quote_is_newer: bool,
    last: Option<Price>,
    taken: Vec<Taken>,
}

/// What our orders took of a level that history still shows.
#[derive(Clone, Copy, Debug)]
struct Taken {
    side: Side,
    price: Price,
    /// What the level showed when we took; another size means that the level changed.
    shown: Qty,
    qty: Qty,
}

impl Liquidity {
    pub(super) fn new() -> Self {
        Liquidity {
            book: Book::default(),
            state: BookState::Lost,
            snapshot: false,
            quote: None,
            quote_is_newer: false,
            last: None,
            taken: Vec::new(),
        }
    }

    /// The last trade was at `price`.
    #[inline]
    pub(super) fn on_trade(&mut self, price: Price) {
        self.last = Some(price);
    }

    /// Best bid and ask.
    pub(super) fn on_quote(&mut self, quote: &Quote) {
        if !self.taken.is_empty() {
            self.level_reported(Side::Buy, quote.bid, quote.bid_qty);
            self.level_reported(Side::Sell, quote.ask, quote.ask_qty);
            // Better levels than the best are gone.
            self.taken.retain(|taken| match taken.side {
                Side::Buy => taken.price <= quote.bid,
                Side::Sell => taken.price >= quote.ask,
            });
        }
        self.quote = Some(*quote);
        self.quote_is_newer = true;
    }

    /// Head of a book update. Says whether levels are to come.
    pub(super) fn on_depth(&mut self, depth: &Depth) -> BookChange {
        // A head amid an update: the one before never became whole.
        let usable = depth.snapshot || self.state == BookState::Whole;
        if !usable {
            self.lose_book();
            return BookChange::None;
        }
        if depth.snapshot {
            self.book.clear();
            self.taken.clear();
        }
        self.snapshot = depth.snapshot;
        self.state = BookState::Updating(depth.levels);
        self.whole_after(depth.levels)
    }

    /// A level of the update.
    pub(super) fn on_level(&mut self, level: &Level) -> BookChange {
        let BookState::Updating(left) = self.state else { return BookChange::None };
        if !self.taken.is_empty() {
            self.level_reported(level.side, level.price, level.qty);
        }
        self.book.set(level.side, level.price, level.qty);
        self.whole_after(left.saturating_sub(1))
    }

    fn whole_after(&mut self, left: u32) -> BookChange {
        if left > 0 {
            self.state = BookState::Updating(left);
            return BookChange::None;
        }
        self.state = BookState::Whole;
        self.quote_is_newer = false;
        if self.snapshot { BookChange::Replaced } else { BookChange::Whole }
    }

    /// Whether an update is under way.
    #[inline]
    pub(super) fn is_updating(&self) -> bool {
        matches!(self.state, BookState::Updating(_))
    }

    #[inline]
    fn book_is_whole(&self) -> bool {
        self.state == BookState::Whole
    }

    /// The book cannot be trusted until the next snapshot.
    pub(super) fn lose_book(&mut self) {
        self.state = BookState::Lost;
        self.book.clear();
        self.taken.clear();
    }

    /// Nothing known through the connection can be trusted.
    pub(super) fn lose_all(&mut self) {
        self.lose_book();
        self.quote = None;
        self.last = None;
    }

    /// Whether anything is known at all.
    pub(super) fn is_known(&self) -> bool {
        self.is_shown() || self.last.is_some()
    }

    /// The best price an order of `side` could take at.
    pub(super) fn best_opposite(&self, side: Side) -> Option<Price> {
        self.levels(side.opposite()).next().map(|(price, _)| price).or(if self.is_shown() { None } else { self.last })
    }

    /// What stands at `price` on `side`; `None` when nobody knows: a partial book does not say what lies beyond its last level.
    pub(super) fn shown_at(&self, side: Side, price: Price) -> Option<Qty> {
        for (level, qty) in self.levels(side) {
            if level == price {
                return Some(qty);
            }
            if is_better(side, price, level) {
                return Some(Qty::ZERO);
            }
        }
        None
    }

    /// What an order of `side` takes at `limit` or better, at most `wanted`: appended to `fills`, best first, one a level.
    /// Nothing is consumed yet.
    pub(super) fn walk(&self, side: Side, limit: Option<Price>, wanted: Qty, fills: &mut Vec<(Price, Qty)>) {
        let mut left = wanted;
        for (price, shown) in self.levels(side.opposite()) {
            if left.is_zero() || !reaches(side, limit, price) {
                return;
            }
            let qty = self.untaken(side.opposite(), price, shown).min(left);
            if qty.is_positive() {
                fills.push((price, qty));
                left = minus(left, qty);
            }
        }
        // Where only trades are seen, nothing says how much stands there: the last price takes any quantity.
        if !self.is_shown()
            && left.is_positive()
            && let Some(last) = self.last
            && reaches(side, limit, last)
        {
            fills.push((last, left));
        }
    }

    /// What an order of `side` finds at the quote, less what was taken, whatever the book says.
    pub(super) fn walk_quote(&self, side: Side, limit: Price, wanted: Qty) -> Option<(Price, Qty)> {
        let (price, shown) = self.quoted(side.opposite())?;
        let qty = self.untaken(side.opposite(), price, shown).min(wanted);
        (reaches(side, Some(limit), price) && qty.is_positive()).then_some((price, qty))
    }

    /// Remembers that an order of `side` took these.
    pub(super) fn consume(&mut self, side: Side, fills: &[(Price, Qty)]) {
        for &(price, qty) in fills {
            let side = side.opposite();
            if let Some(taken) = self.taken.iter_mut().find(|taken| taken.side == side && taken.price == price) {
                taken.qty = taken.qty.checked_add(qty).unwrap_or(Qty::MAX);
                continue;
            }
            // Only a trade was seen there: no level to take from twice.
            let Some(shown) = self.shown_at(side, price).filter(|shown| shown.is_positive()) else { continue };
            if self.taken.len() == TAKEN_MAX {
                self.taken.remove(0);
            }
            self.taken.push(Taken { side, price, shown, qty });
        }
    }

    fn untaken(&self, side: Side, price: Price, shown: Qty) -> Qty {
        match self.taken.iter().find(|taken| taken.side == side && taken.price == price) {
            Some(taken) => minus(shown, taken.qty),
            None => shown,
        }
    }

    fn level_reported(&mut self, side: Side, price: Price, qty: Qty) {
        self.taken.retain(|taken| taken.side != side || taken.price != price || taken.shown == qty);
    }

    /// Whether there is a book or a quote: more than a last trade.
    fn is_shown(&self) -> bool {
        self.book_is_whole() || self.quote.is_some()
    }

    /// Price and size of the quote's `side`, if something stands there: a venue writes 0 where a side is empty.
    fn quoted(&self, side: Side) -> Option<(Price, Qty)> {
        let quote = self.quote?;
        let (price, qty) = match side {
            Side::Buy => (quote.bid, quote.bid_qty),
            Side::Sell => (quote.ask, quote.ask_qty),
        };
        (price.is_positive() && qty.is_positive()).then_some((price, qty))
    }

    /// The levels of one side, best first. Quotes come more often than book updates: one that is newer than the book says what is
    /// best, and of the book only what lies behind it still stands. Taking from the older would be trading on the past.
    fn levels(&self, side: Side) -> impl Iterator<Item = (Price, Qty)> + '_ {
        let whole = self.book_is_whole();
        let top = if whole && !self.quote_is_newer { None } else { self.quoted(side) };
        let book = whole.then(|| self.book.levels(side)).into_iter().flatten();
        let behind = book.filter(move |level| top.is_none_or(|top| is_better(side, top.0, level.0)));
        top.into_iter().chain(behind)
    }
}

/// Whether an order of `side` with this limit (none: at any price) takes at `price`.
#[inline]
fn reaches(side: Side, limit: Option<Price>, price: Price) -> bool {
    limit.is_none_or(|limit| limit == price || is_better(side, limit, price))
}

/// Whether, among orders of `side`, `price` comes before `other`.
#[inline]
pub(super) fn is_better(side: Side, price: Price, other: Price) -> bool {
    match side {
        Side::Buy => price > other,
        Side::Sell => price < other,
    }
}
