//! What venues say of our orders: [`OrderEvent`].

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::account::OrderId;
pub use crate::account::{Fill, Liquidity, OrderUpdate};
use crate::market::Money;

/// A venue (or the simulator) spoke of an order of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEvent {
    /// Which.
    pub order: OrderId,
    /// What.
    pub update: OrderUpdate,
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
