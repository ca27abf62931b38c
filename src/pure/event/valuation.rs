//! What things are worth in one currency: [`ValuationSettings`], as the operator says it.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::market::{Currency, Price};

/// How accounts of several currencies are added up, and prices of several compared. Without a currency nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValuationSettings {
    /// The currency of totals: `KRW`.
    pub currency: Option<Currency>,
    /// What other currencies are worth.
    pub rates: Vec<RateSettings>,
    /// A price heard longer ago than this gives no premium, milliseconds.
    pub premium_age_ms: u32,
}

/// What one unit of a currency is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateSettings {
    /// Of which currency.
    pub of: Currency,
    /// Where the rate comes from.
    pub source: RateSource,
}

/// Where an exchange rate comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RateSource {
    /// The last price (or value) of an instrument, `venue:SYMBOL`, in its quote currency; when that is not the currency of
    /// totals, times the rate of that one.
    Instrument(String),
    /// A fixed price in the currency of totals. It is never too old.
    Fixed(Price),
}
