//! An order as it is asked for: [`NewOrder`], and the words it is made of.

use serde::{Deserialize, Serialize};

use super::id::{OrderId, StrategyId};
use crate::market::{InstrumentId, Price, Qty, Side};

/// How an order is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderType {
    /// At the best price there is.
    Market,
    /// At this price or better.
    Limit(Price),
}

/// How long an order lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeInForce {
    /// Good till cancelled (for Korean stocks: till the end of the session).
    Gtc,
    /// Immediate or cancel: what does not fill at once is cancelled.
    Ioc,
    /// Fill or kill: all at once or nothing.
    Fok,
    /// Rejected if it would take.
    PostOnly,
}

/// An order to be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOrder {
    /// Ours.
    pub id: OrderId,
    /// Who decided it.
    pub strategy: StrategyId,
    /// What.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Priced how.
    pub order_type: OrderType,
    /// For how long.
    pub time_in_force: TimeInForce,
    /// How much; positive.
    pub qty: Qty,
    /// Futures: may only shrink the position.
    pub reduce_only: bool,
}

/// A change to a resting order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amendment {
    /// Which.
    pub order: OrderId,
    /// The new limit.
    pub price: Price,
    /// The new total quantity (filled and open).
    pub qty: Qty,
}
