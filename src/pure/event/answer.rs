//! What venues answer and report of our account: [`Answer`].

use alloc::string::String;
use alloc::vec::Vec;

use jangbu_journal::Nanos;
use serde::{Deserialize, Serialize};

use crate::account::{Bracket, OrderId};
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
    /// Cash came or went without a trade. A venue may tell the same one again; it is booked once.
    Flow(CashFlow),
    /// Something about a venue that people should know, and nothing depends on: a token that expired and was renewed.
    Noted {
        /// Of whom.
        venue: Venue,
        /// What, in Korean and English. No secrets.
        text: String,
    },
    /// The steps of a perpetual's maintenance margin, lowest first.
    Brackets {
        /// Of what.
        instrument: InstrumentId,
        /// The steps.
        brackets: Vec<Bracket>,
    },
    /// How a perpetual is margined.
    Margin {
        /// Which.
        instrument: InstrumentId,
        /// What is set aside for its position alone; `None` with cross margin.
        isolated: Option<Money>,
        /// How many times its margin a new position may be worth, when that was said.
        leverage: Option<u16>,
    },
    /// The venue traded for us, unasked: a liquidation, auto-deleveraging, a settlement. A venue may tell the same one again; it is
    /// booked once.
    Forced(ForcedFill),
}

/// A fill of an order that the venue placed in our name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForcedFill {
    /// Of what.
    pub instrument: InstrumentId,
    /// Bought or sold.
    pub side: Side,
    /// The venue's number of the trade.
    pub trade: u64,
    /// At what price.
    pub price: Price,
    /// How much.
    pub qty: Qty,
    /// What it cost, in the quote currency.
    pub fee: Money,
    /// Why, in the venue's words.
    pub reason: String,
}

/// Cash, or a coin, that came or went without a trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashFlow {
    /// Where.
    pub venue: Venue,
    /// Of what.
    pub currency: Currency,
    /// How much came; below 0 it went. After the venue's fee for it.
    pub amount: Money,
    /// Why.
    pub kind: FlowKind,
    /// The venue's id of it: the same id at the same venue is the same flow.
    pub id: String,
    /// For which position, where the venue says it.
    pub instrument: Option<InstrumentId>,
    /// When, by the venue's clock.
    pub at: Nanos,
}

/// Why cash came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FlowKind {
    /// Put in from outside, or from another account of ours at the venue. Neither profit nor loss.
    Deposit,
    /// Taken out. Neither profit nor loss.
    Withdrawal,
    /// Paid between longs and shorts of a perpetual; part of the result.
    Funding,
    /// Airdrops, interest, rebates, bonuses, what insurance took; part of the result.
    Other,
}

impl FlowKind {
    /// A deposit, or what goes the other way.
    pub fn transfer(amount: Money) -> FlowKind {
        if amount.is_negative() { FlowKind::Withdrawal } else { FlowKind::Deposit }
    }
}
