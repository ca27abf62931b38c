//! Money that is neither a trade's nor put in: funding, airdrops, interest. [`Income`], a line of its own in a [`Portfolio`].

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::portfolio::{BookError, Portfolio};
use crate::market::{Currency, Instrument, InstrumentId, Money, Price, Qty, Rounding, Venue};

/// What income of one kind of one account, and of one instrument where that is known, has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Income {
    /// Where.
    pub venue: Venue,
    /// In what.
    pub currency: Currency,
    /// Of which position, where the venue says it.
    pub instrument: Option<InstrumentId>,
    /// Funding received; below 0 it was paid.
    pub funding: Money,
    /// Everything else; below 0 it was taken.
    pub other: Money,
}

impl Portfolio {
    /// All income, in the order of venue, currency, instrument.
    pub fn incomes(&self) -> &[Income] {
        &self.incomes
    }

    /// All income, as a snapshot keeps it: apart from the rest, so that what journals without any come to stays what it was.
    pub(crate) fn set_incomes(&mut self, incomes: Vec<Income>) {
        self.incomes = incomes;
    }

    /// Income of an account, all kinds and instruments together. `None` when it does not fit.
    pub fn income(&self, venue: Venue, currency: Currency) -> Option<Money> {
        let own = self.incomes.iter().filter(|row| (row.venue, row.currency) == (venue, currency));
        own.into_iter().try_fold(Money::ZERO, |sum, row| sum.checked_add(row.funding)?.checked_add(row.other))
    }

    /// Funding received for an instrument; below 0 it was paid.
    pub fn funding(&self, instrument: InstrumentId) -> Money {
        let own = self.incomes.iter().filter(|row| row.instrument == Some(instrument));
        own.fold(Money::ZERO, |sum, row| sum.checked_add(row.funding).unwrap_or(sum))
    }

    /// Books income: cash changes, and so does the result. Below 0 it is paid.
    ///
    /// # Errors
    /// Overflow; nothing is booked then.
    pub fn receive(
        &mut self,
        venue: Venue,
        currency: Currency,
        instrument: Option<InstrumentId>,
        amount: Money,
        is_funding: bool,
    ) -> Result<(), BookError> {
        let overflow = BookError::Overflow(currency);
        let mut cash = self.cash(venue, currency);
        cash.total = cash.total.checked_add(amount).ok_or(overflow)?;
        let key = (venue, currency, instrument);
        let place = self.incomes.binary_search_by_key(&key, |row| (row.venue, row.currency, row.instrument));
        let mut row = match place {
            Ok(at) => self.incomes[at],
            Err(_) => Income { venue, currency, instrument, funding: Money::ZERO, other: Money::ZERO },
        };
        let part = if is_funding { &mut row.funding } else { &mut row.other };
        *part = part.checked_add(amount).ok_or(overflow)?;
        match place {
            Ok(at) => self.incomes[at] = row,
            Err(at) => self.incomes.insert(at, row),
        }
        self.put_cash(venue, currency, cash);
        Ok(())
    }

    /// Books what an instrument is about coming in kind (a coin deposited) at `price`, or going, below 0: its value counts as put in,
    /// or taken out at its share of the cost, and is neither profit nor loss.
    ///
    /// # Errors
    /// A price not above 0 of what comes, more going than is held, what cannot be traded or is not owned, or overflow; nothing is
    /// booked then.
    pub fn transfer(&mut self, instrument: &Instrument, change: Qty, price: Price) -> Result<(), BookError> {
        let held = self.position(instrument.id);
        let overflow = BookError::Overflow(instrument.quote);
        let qty = held.qty.checked_add(change).ok_or(overflow)?;
        let cost = if !change.is_negative() {
            if !price.is_positive() {
                return Err(BookError::NotPositive("the price of what comes in kind"));
            }
            held.cost.checked_add(price.times(change, Rounding::HalfEven).ok_or(overflow)?).ok_or(overflow)?
        } else if qty.is_negative() {
            return Err(BookError::NotPositive("what is left of a position after a withdrawal"));
        } else if qty.is_zero() {
            Money::ZERO
        } else {
            // The average stays.
            held.average().and_then(|average| average.times(qty, Rounding::HalfEven)).ok_or(overflow)?
        };
        self.put_in_kind(instrument, qty, cost)
    }
}
