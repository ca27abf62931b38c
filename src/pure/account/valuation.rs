//! What everything is worth in one currency: [`value`]. Per venue and currency, exact to the 1e-8 unit; what cannot be valued is
//! said, and is not counted as nothing.

use alloc::vec::Vec;

use super::portfolio::{BookError, Portfolio};
use crate::market::number::ONE;
use crate::market::{Currency, Instrument, InstrumentId, Money, Price, Qty, Rounding, Venue};

/// Why an account has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotValued {
    /// What it holds has no price, or does not fit.
    #[error("not valued: {0}")]
    Books(#[from] BookError),
    /// Nothing says what its currency is worth.
    #[error("not valued: no rate {of}→{to}")]
    NoRate {
        /// Its currency.
        of: Currency,
        /// The currency of totals.
        to: Currency,
    },
    /// The value, or the sum, does not fit.
    #[error("not valued: an amount of {0} is too large")]
    Overflow(Currency),
}

/// One account: the cash of a currency at a venue, and what was bought with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worth {
    /// Where.
    pub venue: Venue,
    /// In which currency it is kept.
    pub currency: Currency,
    /// What it is worth in that currency: cash and positions at the last prices.
    pub equity: Result<Money, NotValued>,
    /// What one unit of the currency is worth in the currency of totals.
    pub rate: Option<Price>,
    /// What it is worth in the currency of totals.
    pub value: Result<Money, NotValued>,
}

/// All accounts in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Valuation {
    /// The currency of totals.
    pub currency: Currency,
    /// Every account, by venue and currency.
    pub rows: Vec<Worth>,
    /// The sum of those that are valued.
    pub total: Result<Money, NotValued>,
    /// Whether every account is in the sum.
    pub is_whole: bool,
}

/// Values a portfolio in `to`: each account by its own currency first, then by `rate`, to the nearest 1e-8, ties to even. An account
/// that is worth nothing needs no rate.
pub fn value<'a>(
    portfolio: &Portfolio,
    to: Currency,
    instrument: impl Fn(InstrumentId) -> Option<&'a Instrument>,
    mark: impl Fn(InstrumentId) -> Option<Price>,
    rate: impl Fn(Currency) -> Option<Price>,
) -> Valuation {
    let worth = |row: &super::CashRow| {
        let (venue, currency) = (row.venue, row.currency);
        let equity = portfolio.equity_of(venue, currency, &mark, &instrument).map_err(NotValued::from);
        let rate = if currency == to { Some(Price::from_raw(ONE)) } else { rate(currency) };
        let value = equity.and_then(|equity| match rate {
            _ if equity.is_zero() || currency == to => Ok(equity),
            Some(rate) => rate.times(Qty::from_raw(equity.raw()), Rounding::HalfEven).ok_or(NotValued::Overflow(to)),
            None => Err(NotValued::NoRate { of: currency, to }),
        });
        Worth { venue, currency, equity, rate, value }
    };
    let rows: Vec<Worth> = portfolio.cash_rows().iter().map(worth).collect();
    let mut valued = rows.iter().filter_map(|row| row.value.ok());
    let total = valued.try_fold(Money::ZERO, |sum, value| sum.checked_add(value)).ok_or(NotValued::Overflow(to));
    let is_whole = rows.iter().all(|row| row.value.is_ok());
    Valuation { currency: to, rows, total, is_whole }
}

#[cfg(test)]
#[path = "valuation_tests.rs"]
mod tests;
