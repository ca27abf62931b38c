//! What the markets are like: instruments, books, quotes, last trades, rows.

use alloc::vec::Vec;

use jangbu_journal::{Nanos, Stamp};
use serde::{Deserialize, Serialize};

use crate::event::market::{Phase, PhaseKind, Vi};
use crate::market::instrument::INSTRUMENTS_MAX;
use crate::market::{Book, Depth, Instrument, InstrumentId, Level, Price, Qty, Quote, RowBuilder, Side, Trade, Venue};

/// One market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Market {
    pub(super) instrument: Instrument,
    /// Price of the last trade, or the value of an index.
    pub(super) last: Option<Price>,
    /// The best bid and ask, when the venue says them of their own accord.
    pub(super) quote: Option<Quote>,
    pub(super) book: Book,
    /// Levels of a book update that are still to come.
    pub(super) levels_left: u32,
    /// Whether the book is what the venue's is: a snapshot came, and nothing is missing since.
    pub(super) book_valid: bool,
    pub(super) rows: RowBuilder,
    pub(super) phase: Option<PhaseKind>,
    /// A volatility interruption is on.
    pub(super) interrupted: bool,
}

impl Market {
    fn new(instrument: Instrument) -> Self {
        Market {
            rows: RowBuilder::new(instrument.id),
            instrument,
            last: None,
            quote: None,
            book: Book::default(),
            levels_left: 0,
            book_valid: false,
            phase: None,
            interrupted: false,
        }
    }

    /// Best bid and ask: as the venue says them, else the book's.
    pub(super) fn best(&self) -> Option<Quote> {
        self.quote.or_else(|| {
            let (bid, bid_qty) = self.best_of(Side::Buy)?;
            let (ask, ask_qty) = self.best_of(Side::Sell)?;
            Some(Quote { instrument: self.instrument.id, bid, ask, bid_qty, ask_qty })
        })
    }

    fn best_of(&self, side: Side) -> Option<(Price, Qty)> {
        if self.book_valid && self.levels_left == 0 { self.book.best(side) } else { None }
    }

    /// The price positions are valued at: the last trade, else the middle of the quote.
    pub(super) fn mark(&self) -> Option<Price> {
        self.last.or_else(|| {
            let quote = self.best()?;
            Some(Price::from_raw(quote.bid.checked_add(quote.ask)?.raw() / 2))
        })
    }

    /// What was known through a connection that is gone.
    fn lose(&mut self) {
        self.quote = None;
        self.book.clear();
        self.book_valid = false;
        self.levels_left = 0;
    }
}

/// What a book event came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BookChange {
    /// An update is under way, or does not concern a book we follow.
    None,
    /// The book is whole, and other than it was.
    Whole,
    /// The book is whole and its sides cross: it is not the venue's. It is lost until the next snapshot.
    Crossed,
}

/// Every market, by instrument id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Markets {
    /// `None`: venues define theirs at the same time, so a number may come before a lower one.
    markets: Vec<Option<Market>>,
    /// Phases of whole venues.
    phases: Vec<(Venue, PhaseKind)>,
    /// Connections that are down.
    down: Vec<(Venue, u16)>,
}

impl Markets {
    #[inline]
    pub(super) fn get(&self, id: InstrumentId) -> Option<&Market> {
        self.markets.get(id.index())?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, id: InstrumentId) -> Option<&mut Market> {
        self.markets.get_mut(id.index())?.as_mut()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Market> + '_ {
        self.markets.iter().flatten()
    }

    /// Ids are below this.
    pub(super) fn end(&self) -> usize {
        self.markets.len()
    }

    /// Defines an instrument, or defines one anew. False when its id is too large to be one, or is another instrument's.
    pub(super) fn define(&mut self, instrument: &Instrument) -> bool {
        let index = instrument.id.index();
        if instrument.id.0 >= INSTRUMENTS_MAX {
            return false;
        }
        if index >= self.markets.len() {
            self.markets.resize(index + 1, None);
        }
        let slot = &mut self.markets[index];
        let Some(known) = slot else {
            *slot = Some(Market::new(instrument.clone()));
            return true;
        };
        // Positions and orders are kept by id: what the id means must not change under them.
        let same = known.instrument.venue == instrument.venue
            && known.instrument.symbol == instrument.symbol
            && known.instrument.kind == instrument.kind
            && known.instrument.quote == instrument.quote;
        if same && known.instrument != *instrument {
            known.instrument = instrument.clone();
        }
        same
    }

    /// Remembers a trade. `None` when the instrument is not known.
    #[inline]
    pub(super) fn on_trade(&mut self, trade: &Trade) -> Option<&mut Market> {
        let market = self.get_mut(trade.instrument)?;
        market.last = Some(trade.price);
        Some(market)
    }

    pub(super) fn on_depth(&mut self, depth: &Depth) -> BookChange {
        let Some(market) = self.get_mut(depth.instrument) else { return BookChange::None };
        if depth.snapshot {
            market.book.clear();
            market.book_valid = true;
        }
        market.levels_left = depth.levels;
        if depth.levels == 0 && market.book_valid { BookChange::Whole } else { BookChange::None }
    }

    #[inline]
    pub(super) fn on_level(&mut self, level: &Level) -> BookChange {
        let Some(market) = self.get_mut(level.instrument) else { return BookChange::None };
        if market.levels_left == 0 || !market.book_valid {
            return BookChange::None;
        }
        market.book.set(level.side, level.price, level.qty);
        market.levels_left -= 1;
        if market.levels_left > 0 {
            return BookChange::None;
        }
        if market.book.is_crossed() {
            market.book.clear();
            market.book_valid = false;
            return BookChange::Crossed;
        }
        BookChange::Whole
    }

    pub(super) fn on_book_lost(&mut self, id: InstrumentId) {
        if let Some(market) = self.get_mut(id) {
            market.book.clear();
            market.book_valid = false;
            market.levels_left = 0;
        }
    }

    pub(super) fn on_phase(&mut self, phase: &Phase) {
        match phase.instrument {
            Some(id) => {
                if let Some(market) = self.get_mut(id) {
                    market.phase = Some(phase.kind);
                }
            }
            None => match self.phases.iter_mut().find(|known| known.0 == phase.venue) {
                Some(known) => known.1 = phase.kind,
                None => self.phases.push((phase.venue, phase.kind)),
            },
        }
    }

    pub(super) fn on_vi(&mut self, vi: &Vi) {
        if let Some(market) = self.get_mut(vi.instrument) {
            market.interrupted = vi.active;
        }
    }

    /// Whether orders for `market` can trade now, as far as the venue has said.
    pub(super) fn is_open(&self, market: &Market) -> bool {
        let venue = self.phases.iter().find(|known| known.0 == market.instrument.venue).map(|known| known.1);
        let closed = |phase: Option<PhaseKind>| matches!(phase, Some(PhaseKind::Closed | PhaseKind::Halted));
        !closed(venue) && !closed(market.phase)
    }

    /// Whether it is before or after the regular hours, when stocks trade by orders with a limit only.
    pub(super) fn takes_limits_only(&self, market: &Market) -> bool {
        let venue = self.phases.iter().find(|known| known.0 == market.instrument.venue).map(|known| known.1);
        matches!(market.phase.or(venue), Some(PhaseKind::PreMarket | PhaseKind::AfterHours))
    }

    /// Whether every connection to `venue` that spoke of itself is up.
    pub(super) fn is_linked(&self, venue: Venue) -> bool {
        self.down.iter().all(|down| down.0 != venue)
    }

    pub(super) fn on_up(&mut self, venue: Venue, channel: u16) {
        self.down.retain(|down| *down != (venue, channel));
    }

    /// A connection is gone, and what was known through it is stale.
    pub(super) fn on_down(&mut self, venue: Venue, channel: u16) {
        if let Err(place) = self.down.binary_search(&(venue, channel)) {
            self.down.insert(place, (venue, channel));
        }
        self.markets.iter_mut().flatten().filter(|market| market.instrument.venue == venue).for_each(Market::lose);
    }

    /// A new session: no connection of the one before is left.
    pub(super) fn on_session(&mut self) {
        self.down.clear();
        self.markets.iter_mut().flatten().for_each(Market::lose);
    }
}

/// The time a market event is counted at: the venue's, when it says.
#[inline]
pub(super) fn time_of(stamp: &Stamp) -> Nanos {
    stamp.venue.unwrap_or(stamp.recv)
}
