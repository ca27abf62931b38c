//! What venues answer and report of our account: [`Answer`].

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::account::OrderId;
use crate::event::order::Charge;
use crate::market::{Currency, InstrumentId, Money, Price, Qty, Side, Venue};

/// A venue answered a question, or reported our account unasked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Cash (or an asset) at a venue.
    Balance {
        /// Where.
        venue: Venue,
        /// Of what.
        currency: Currency,
        /// Free to use.
        free: Money,
        /// Held by open orders.
        locked: Money,
    },
    /// A position at a venue.
    Position {
        /// Of what.
        instrument: InstrumentId,
        /// How much; below 0 is short.
        qty: Qty,
        /// At what average price.
        average: Price,
    },
    /// An order the venue has open.
    OpenOrder {
        /// Ours, when it carries our id.
        order: Option<OrderId>,
        /// The venue's number.
        venue_order: u64,
        /// Of what.
        instrument: InstrumentId,
        /// Buy or sell.
        side: Side,
        /// Its limit; 0 for a market order.
        price: Price,
        /// Total.
        qty: Qty,
        /// Filled so far.
        filled: Qty,
    },
    /// The venue does not know this order (asked for by its id, not inferred from a list).
    NotFound {
        /// Ours.
        order: OrderId,
    },
    /// All open orders, positions and balances of a venue have been reported: reconciliation is complete.
    Reconciled {
        /// Where.
        venue: Venue,
    },
    /// Fee and tax of a fill, as charged.
    Charged(Charge),
    /// A question that could not be answered.
    Failed {
        /// Of whom.
        venue: Venue,
        /// What was asked.
        question: String,
        /// Why it failed. No secrets.
        reason: String,
    },
}
