//! Orders, fills, positions, portfolio: values and their life-cycle rules. Integers only.

pub mod id;
pub mod order;
pub mod update;
pub mod position;
pub mod life;
pub mod liquidation;
pub mod portfolio;
pub mod valuation;
pub mod income;
mod booking;

pub use id::{OrderId, SessionId, StrategyId};
pub use income::Income;
pub use life::{Change, Illegal, Order, OrderState};
pub use liquidation::Bracket;
pub use order::{Amendment, NewOrder, OrderType, TimeInForce};
pub use portfolio::{BookError, Booking, Cash, CashRow, Portfolio};
pub use position::{Booked, Position};
pub use update::{Fill, Liquidity, OrderUpdate};
pub use valuation::{NotValued, Valuation, Worth};

#[cfg(test)]
mod life_tests;
#[cfg(test)]
mod portfolio_tests;
