//! What venues say of our orders: [`OrderEvent`].

use alloc::boxed::Box;
use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::account::OrderId;
use crate::market::{Money, Price, Qty};

/// A venue (or the simulator) spoke of an order of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEvent {
    /// Which.
    pub order: OrderId,
    /// What.
    pub update: OrderUpdate,
}

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

/// Fee and tax as the venue charged them, when it says (otherwise the instrument's fee table is used). Comes after its fill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Which order.
    pub order: OrderId,
    /// Which fill.
    pub trade: u64,
    /// The fee.
    pub fee: Money,
    /// The tax.
    pub tax: Money,
    /// In what currency, when not the instrument's quote currency.
    pub currency: Option<String>,
}
