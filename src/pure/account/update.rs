//! What can become of an order, as a venue tells it: [`OrderUpdate`], [`Fill`]. Events carry these; the life of an order reads them.

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

use crate::market::{Price, Qty};

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderUpdate {
    /// The venue has it, under this number of its own.
    Accepted {
        /// The venue's order number.
        venue_order: u64,
    },
    /// The venue refused it.
    Rejected {
        /// Why, in the venue's words.
        reason: Box<str>,
    },
    /// Part or all of it traded. Whether it is the rest follows from the quantities.
    Filled(Fill),
    /// Price or quantity changed.
    Amended {
        /// The new limit.
        price: Price,
        /// The new total quantity.
        qty: Qty,
    },
    /// The amendment was refused; the order stands as it was.
    AmendRejected {
        /// Why, in the venue's words.
        reason: Box<str>,
    },
    /// Cancelled; the rest will not trade (though a late fill may still be reported).
    Cancelled,
    /// The cancellation was refused; the order stands as it was.
    CancelRejected {
        /// Why, in the venue's words.
        reason: Box<str>,
    },
    /// Ended by its time in force or by the venue.
    Expired,
    /// No answer came in time: it may or may not be at the venue. Keeps its reservation until proven otherwise; never resent.
    Unknown,
}

/// Whether a fill took or rested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum Liquidity {
    /// Rested in the book.
    Maker = 0,
    /// Took from it.
    Taker = 1,
    /// The venue does not say.
    Unstated = 2,
}

/// A trade of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// The venue's number of the trade; fills of an order with a number already seen are duplicates.
    pub trade: u64,
    /// At what price.
    pub price: Price,
    /// How much.
    pub qty: Qty,
    /// Rested or took.
    pub liquidity: Liquidity,
}
