//! Orders of accounts, what becomes of them ([`Fact`]), and why one is refused ([`Reject`]).

use jangbu_journal::Nanos;

use super::account::{Holding, LedgerFill};
use super::market::DayStats;
use crate::account::{OrderType, TimeInForce};
use crate::market::{InstrumentId, Money, Price, Qty, Side};

/// Number of an account at an exchange, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub u32);

/// How much is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// So much of the instrument.
    Base(Qty),
    /// As much as this buys, without fees (Upbit's `price` orders, Binance's `quoteOrderQty`): market buys only.
    Quote(Money),
}

/// An order to be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Market, or limit with its price.
    pub order_type: OrderType,
    /// For how long. What is left of a market order that is [`TimeInForce::Gtc`] rests at its last price, as at KRX.
    pub time_in_force: TimeInForce,
    /// How much.
    pub size: Size,
    /// The owner's id, kept and given back.
    pub client_id: Option<String>,
}

/// The life of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// Waits, or is being matched.
    Open,
    /// All of it traded.
    Filled,
    /// What was left is cancelled (by its owner, as immediate-or-cancel, or at the end of a day).
    Cancelled,
    /// An amendment took its place.
    Amended,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The exchange's number.
    pub number: u64,
    /// The order that this amended.
    pub amends: Option<u64>,
    /// The first of the chain of amendments; its own number when there is none.
    pub root: u64,
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Market, or limit with its price.
    pub order_type: OrderType,
    /// For how long.
    pub time_in_force: TimeInForce,
    /// How much in all; of an order by value, what it bought so far.
    pub qty: Qty,
    /// What is open.
    pub open: Qty,
    /// What traded.
    pub filled: Qty,
    /// Value of what traded.
    pub value: Money,
    /// What its fills cost beside.
    pub charges: Charges,
    /// What an order by value may still spend.
    pub budget: Option<Money>,
    /// The owner's id.
    pub client_id: Option<String>,
    /// When it was placed.
    pub placed: Nanos,
    /// Where it stands.
    pub state: OrderState,
    /// Cash that a buy order reserves now.
    pub reserved: Money,
    /// The price that its reservation is counted with: the limit, or the worst that a market order can get.
    pub(super) reserve_price: Price,
}

impl Order {
    /// Average price of its fills, cut to 1e-8; `None` before the first.
    pub fn average(&self) -> Option<Price> {
        self.value.per(self.filled, crate::market::Rounding::Floor)
    }

    /// Its limit; `None` for a market order.
    pub fn limit(&self) -> Option<Price> {
        match self.order_type {
            OrderType::Limit(price) => Some(price),
            OrderType::Market => None,
        }
    }

    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.state == OrderState::Open
    }
}

/// What a fill costs beside its value. None is below 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    /// Fee in the quote currency.
    pub fee: Money,
    /// Tax in the quote currency.
    pub tax: Money,
    /// Fee taken from what was bought (Binance).
    pub base_fee: Qty,
}

/// What charges are counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chargeable {
    /// Of what.
    pub instrument: InstrumentId,
    /// Bought or sold.
    pub side: Side,
    /// How much.
    pub qty: Qty,
    /// Price × quantity.
    pub value: Money,
    /// Whether it took from the book.
    pub taker: bool,
    /// When.
    pub at: Nanos,
}

/// Says what a fill costs. It must not ask for more than a reservation of the same value did: rounding down keeps that.
pub type ChargeRule = Box<dyn Fn(&Chargeable) -> Charges + Send + Sync>;

/// Why an order, an amendment or a cancellation was refused. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    /// No such account.
    #[error("there is no such account")]
    UnknownAccount,
    /// No such instrument.
    #[error("there is no such instrument")]
    UnknownInstrument,
    /// The market takes no orders now.
    #[error("the market is closed")]
    Closed,
    /// Not positive, not a multiple of the lot, or by value where that makes no sense.
    #[error("the quantity is not a positive multiple of the lot")]
    BadQty,
    /// Larger than an exchange counts with.
    #[error("the order is larger than the exchange counts with")]
    TooLarge,
    /// The price lies between ticks, or is not positive.
    #[error("the price does not lie on a tick")]
    OffTick,
    /// The price lies outside the day's limits.
    #[error("the price lies outside the day's limits")]
    OutsideLimits,
    /// Too little cash; `affordable` could be bought.
    #[error("too little cash: {affordable} could be bought")]
    TooLittleCash {
        /// How much could be bought at the price of the reservation.
        affordable: Qty,
    },
    /// Too little is held; `available` could be sold.
    #[error("too little is held: {available} could be sold")]
    TooLittleHeld {
        /// What is free.
        available: Qty,
    },
    /// It may not take, and would.
    #[error("it would take from the book")]
    WouldTake,
    /// No such order of this account.
    #[error("there is no such order")]
    UnknownOrder,
    /// Nothing of the order is open, or less than was asked for.
    #[error("too little of the order is open")]
    NothingLeft,
}

/// Why an order was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// Its owner asked.
    Asked,
    /// It was not to wait.
    NotAtOnce,
    /// The session or the day ended.
    Expired,
}

/// What happened, in order. A venue's emulator turns these into its frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// An order was accepted (as it was then). Refusals are answered by the command and are no fact.
    Accepted(Box<Order>),
    /// An order of an account traded.
    Filled(Box<Filled>),
    /// What was left, or a part of it, was cancelled.
    Cancelled {
        /// When.
        at: Nanos,
        /// The order after it.
        order: Box<Order>,
        /// How much was cancelled.
        qty: Qty,
        /// Why.
        reason: CancelReason,
    },
    /// An order took the place of another, or of a part of it.
    Amended {
        /// When.
        at: Nanos,
        /// The order before, after the change: less of it is open, or nothing.
        before: Box<Order>,
        /// The one that goes on.
        order: Box<Order>,
    },
    /// A trade was printed.
    Traded(Box<Traded>),
    /// The book of an instrument is another one: told once however often it changed since facts were taken.
    BookChanged(InstrumentId),
    /// A trade at `price` was held back by the guard; the market has gone over to an auction.
    Guarded {
        /// When.
        at: Nanos,
        /// Of what.
        instrument: InstrumentId,
        /// The price that would have traded.
        price: Price,
        /// Whether it lies at or beyond the fixed bounds.
        fixed: bool,
        /// The last trade before the order, where the price lies at or beyond the bounds around that.
        moving: Option<Price>,
    },
}

/// A fill, and what it left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// As booked.
    pub fill: LedgerFill,
    /// The order after it.
    pub order: Order,
    /// The holding after it.
    pub holding: Holding,
}

/// A trade as the public sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traded {
    /// When.
    pub at: Nanos,
    /// Of what.
    pub instrument: InstrumentId,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub qty: Qty,
    /// Who took; `None` in an auction.
    pub taker: Option<Side>,
    /// The day after it.
    pub day: DayStats,
    /// Best ask after it.
    pub ask: Option<Price>,
    /// Best bid after it.
    pub bid: Option<Price>,
}
