//! Market data values: [`Side`], [`Trade`], [`Quote`], [`Depth`], [`Level`], [`Bar`].

use core::fmt;

use jangbu_journal::Nanos;
use serde::{Deserialize, Serialize};

use super::instrument::InstrumentId;
use super::number::{Money, Price, Qty};

/// Which side of the book, or of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Side {
    /// Bids; buying.
    Buy = 0,
    /// Asks; selling.
    Sell = 1,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Buy => "buy",
            Side::Sell => "sell",
        })
    }
}

/// A trade somebody made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// Of what.
    pub instrument: InstrumentId,
    /// The side that took: `Buy` lifted the ask.
    pub taker: Side,
    /// At what price.
    pub price: Price,
    /// How much.
    pub qty: Qty,
    /// The venue's number of the trade.
    pub id: u64,
}

/// Best bid and ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Of what.
    pub instrument: InstrumentId,
    /// Best bid.
    pub bid: Price,
    /// Best ask.
    pub ask: Price,
    /// Size at the best bid.
    pub bid_qty: Qty,
    /// Size at the best ask.
    pub ask_qty: Qty,
}

/// Head of a book update: the next `levels` events of this instrument are its [`Level`]s, and the book is whole again after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Depth {
    /// Of what.
    pub instrument: InstrumentId,
    /// A snapshot replaces the book; otherwise the levels change it.
    pub snapshot: bool,
    /// How many levels follow.
    pub levels: u32,
    /// The venue's number of the update (Binance `u`).
    pub update_id: u64,
}

/// One level of a book update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Of what.
    pub instrument: InstrumentId,
    /// Bid or ask.
    pub side: Side,
    /// The level.
    pub price: Price,
    /// What stands there now; 0 removes the level.
    pub qty: Qty,
}

/// Open, high, low, close and volumes over a span of venue time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// Of what.
    pub instrument: InstrumentId,
    /// Start of the span.
    pub start: Nanos,
    /// Length of the span, nanoseconds; 0 for a bar of so many trades.
    pub span: i64,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Quantity taken by buyers.
    pub bought: Qty,
    /// Quantity taken by sellers.
    pub sold: Qty,
    /// Sum of price × quantity.
    pub turnover: Money,
    /// Number of trades.
    pub trades: u32,
}

impl Bar {
    /// Whether it can be: prices above 0 that lie between lowest and highest, and neither a span nor anything traded below 0.
    pub fn is_sound(&self) -> bool {
        let within = |price: Price| self.low <= price && price <= self.high;
        let traded = self.bought.is_negative() || self.sold.is_negative() || self.turnover.is_negative();
        self.low.is_positive() && within(self.open) && within(self.close) && self.span >= 0 && !traded
    }
}
