//! Orders, fills, positions, portfolio: values and their life-cycle rules. Integers only.

pub mod id;
pub mod order;

pub use id::{OrderId, SessionId, StrategyId};
pub use order::{Amendment, NewOrder, OrderType, TimeInForce};
