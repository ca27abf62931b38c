//! What we own: [`Portfolio`], cash by venue and currency and a position for each instrument. Exact to the 1e-8 unit.
//!
//! Spot coins and stocks are paid for: buying turns cash into cost. A perpetual is not: only its profits, losses and fees
//! move cash. Either way [`Portfolio::check_conservation`] holds after whatever was booked.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::income::Income;
use super::position::Position;
use super::update::Liquidity;
use crate::market::number::{ONE, divide};
use crate::market::{Currency, Instrument, InstrumentId, InstrumentKind, Money, Price, Rate, Side, Venue};

/// Cash of one currency at one venue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cash {
    /// All of it, reserved or not. Below 0 is a debt.
    pub total: Money,
    /// Held by open orders; not below 0.
    pub reserved: Money,
    /// Put in minus taken out, at cost for positions adopted from the venue.
    pub deposited: Money,
    /// Profit of what was closed, before fees and taxes.
    pub realised: Money,
    /// Fees paid; below 0 when rebates are more.
    pub fees: Money,
    /// Taxes paid.
    pub taxes: Money,
}

impl Cash {
    /// What no order holds: total minus reserved. `None` when it overflows.
    pub fn free(&self) -> Option<Money> {
        self.total.checked_sub(self.reserved)
    }
}

/// [`Cash`] and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashRow {
    /// Where.
    pub venue: Venue,
    /// Of what.
    pub currency: Currency,
    /// How much.
    pub cash: Cash,
}

/// What booking a fill did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The fee booked; below 0 is a rebate.
    pub fee: Money,
    /// The tax booked.
    pub tax: Money,
    /// Profit of what the fill closed, before fee and tax.
    pub realised: Money,
    /// Price × quantity.
    pub notional: Money,
}

/// Why something was not booked. The portfolio is then as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// A sum or product does not fit.
    #[error("an amount of {0} is too large to book")]
    Overflow(Currency),
    /// No such instrument, or a number above [`INSTRUMENTS_MAX`](crate::market::instrument::INSTRUMENTS_MAX).
    #[error("instrument {0} is not defined")]
    UnknownInstrument(InstrumentId),
    /// An index or an exchange rate.
    #[error("instrument {0} cannot be traded")]
    NotTradable(InstrumentId),
    /// Price or quantity of a fill, or an amount to reserve or release, is not above 0.
    #[error("{0} is expected to be above 0")]
    NotPositive(&'static str),
    /// The instrument's fees cannot be computed: a rounding unit that is not above 0.
    #[error("the fee and tax units of instrument {0} are expected to be above 0")]
    Fees(InstrumentId),
    /// More is released than is reserved.
    #[error("{asked} {currency} would be released, {reserved} is reserved")]
    Release {
        /// Of what.
        currency: Currency,
        /// How much was to be released.
        asked: Money,
        /// How much is reserved.
        reserved: Money,
    },
    /// An open position cannot be valued: no price.
    #[error("instrument {0} has a position and no price")]
    NoMark(InstrumentId),
}

/// Cash and positions. Serialised, it is part of a snapshot; two that were booked alike are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portfolio {
    /// Sorted by venue and currency.
    cash: Vec<CashRow>,
    /// By instrument number.
    positions: Vec<Position>,
    /// Sorted. A snapshot keeps it apart from the rest: [`Portfolio::set_incomes`].
    #[serde(skip)]
    pub(super) incomes: Vec<Income>,
}

/// Whether what is held was paid for with cash, and not only promised.
pub(super) const fn is_owned(kind: InstrumentKind) -> bool {
    !matches!(kind, InstrumentKind::Perpetual)
}

/// `value` × `rate`, rounded once, to a multiple of `unit`.
fn levy(instrument: &Instrument, value: Money, rate: Rate, unit: Money) -> Result<Money, BookError> {
    if !unit.is_positive() {
        return Err(BookError::Fees(instrument.id));
    }
    let exact = value.raw().checked_mul(i128::from(rate.raw()));
    let step = unit.raw().checked_mul(i128::from(ONE));
    let steps = exact.zip(step).and_then(|(exact, step)| divide(exact, step, instrument.fees.rounding));
    let levied = steps.and_then(|steps| steps.checked_mul(unit.raw()));
    levied.map(Money::from_raw).ok_or(BookError::Overflow(instrument.quote))
}

/// Fee and tax of a fill by the instrument's table: the rate of maker or taker (when the venue does not say: taker) and, on
/// a sale, the tax; each rounded once, to its unit.
///
/// # Errors
/// A unit that is not above 0, or overflow.
pub fn fee_and_tax(i: &Instrument, side: Side, notional: Money, liquidity: Liquidity) -> Result<(Money, Money), BookError> {
    let rate = match liquidity {
        Liquidity::Maker => i.fees.maker,
        Liquidity::Taker | Liquidity::Unstated => i.fees.taker,
    };
    let fee = levy(i, notional, rate, i.fees.fee_unit)?;
    let tax = if side == Side::Sell { levy(i, notional, i.fees.sell_tax, i.fees.tax_unit)? } else { Money::ZERO };
    Ok((fee, tax))
}

impl Portfolio {
    fn find(&self, venue: Venue, currency: Currency) -> Result<usize, usize> {
        self.cash.binary_search_by_key(&(venue, currency), |row| (row.venue, row.currency))
    }

    /// Everything is computed on copies and written last, so that an error changes nothing.
    pub(super) fn put_cash(&mut self, venue: Venue, currency: Currency, cash: Cash) {
        match self.find(venue, currency) {
            Ok(at) => {
                if let Some(row) = self.cash.get_mut(at) {
                    row.cash = cash;
                }
            }
            Err(at) => self.cash.insert(at, CashRow { venue, currency, cash }),
        }
    }

    pub(super) fn put_position(&mut self, id: InstrumentId, position: Position) {
        if self.positions.len() <= id.index() {
            self.positions.resize(id.index().saturating_add(1), Position::default());
        }
        if let Some(slot) = self.positions.get_mut(id.index()) {
            *slot = position;
        }
    }

    /// Cash of one currency at one venue; zeros when there never was any.
    pub fn cash(&self, venue: Venue, currency: Currency) -> Cash {
        self.find(venue, currency).ok().and_then(|at| self.cash.get(at)).map_or_else(Cash::default, |row| row.cash)
    }

    /// All cash, by venue and currency.
    pub fn cash_rows(&self) -> &[CashRow] {
        &self.cash
    }

    /// What is held of an instrument; zeros when nothing ever was.
    pub fn position(&self, id: InstrumentId) -> Position {
        self.positions.get(id.index()).copied().unwrap_or_default()
    }

    /// Every position that is or was, by instrument number; instruments never traded are left out.
    pub fn positions(&self) -> impl Iterator<Item = (InstrumentId, &Position)> {
        (0_u32..).map(InstrumentId).zip(&self.positions).filter(|(_, position)| **position != Position::default())
    }

    /// Puts money in; a negative amount takes it out. The total may become negative: the venue is right about what it holds.
    ///
    /// # Errors
    /// Overflow.
    pub fn deposit(&mut self, venue: Venue, currency: Currency, amount: Money) -> Result<(), BookError> {
        let mut cash = self.cash(venue, currency);
        let sums = cash.total.checked_add(amount).zip(cash.deposited.checked_add(amount));
        (cash.total, cash.deposited) = sums.ok_or(BookError::Overflow(currency))?;
        self.put_cash(venue, currency, cash);
        Ok(())
    }

    /// Sets aside what an order may need. Whether there is enough is for the rules of risk: an order already at the venue
    /// must be reserved for in any case.
    ///
    /// # Errors
    /// An amount below 0, or overflow.
    pub fn reserve(&mut self, venue: Venue, currency: Currency, amount: Money) -> Result<(), BookError> {
        if amount.is_negative() {
            return Err(BookError::NotPositive("the amount to reserve"));
        }
        let mut cash = self.cash(venue, currency);
        cash.reserved = cash.reserved.checked_add(amount).ok_or(BookError::Overflow(currency))?;
        self.put_cash(venue, currency, cash);
        Ok(())
    }

    /// Gives back what was reserved.
    ///
    /// # Errors
    /// An amount below 0, or more than is reserved.
    pub fn release(&mut self, venue: Venue, currency: Currency, amount: Money) -> Result<(), BookError> {
        if amount.is_negative() {
            return Err(BookError::NotPositive("the amount to release"));
        }
        let mut cash = self.cash(venue, currency);
        if amount > cash.reserved {
            return Err(BookError::Release { currency, asked: amount, reserved: cash.reserved });
        }
        cash.reserved = cash.reserved.checked_sub(amount).ok_or(BookError::Overflow(currency))?;
        self.put_cash(venue, currency, cash);
        Ok(())
    }
}

/// An instrument of the list: by place when the list is dense, as the kernel's is.
fn defined(instruments: &[Instrument], id: InstrumentId) -> Result<&Instrument, BookError> {
    let dense = instruments.get(id.index()).filter(|instrument| instrument.id == id);
    dense.or_else(|| instruments.iter().find(|instrument| instrument.id == id)).ok_or(BookError::UnknownInstrument(id))
}

impl Portfolio {
    /// What everything of one currency at one venue is worth: cash, what is owned at its mark, and what perpetuals would
    /// realise at theirs. Reserved cash is part of it; fees of closing are not.
    ///
    /// # Errors
    /// A position without a mark or a definition, or overflow.
    pub fn equity(
        &self,
        venue: Venue,
        currency: Currency,
        marks: impl Fn(InstrumentId) -> Option<Price>,
        instruments: &[Instrument],
    ) -> Result<Money, BookError> {
        self.equity_of(venue, currency, marks, |id| defined(instruments, id).ok())
    }

    /// The same, of instruments that are looked up.
    pub(super) fn equity_of<'a>(
        &self,
        venue: Venue,
        currency: Currency,
        marks: impl Fn(InstrumentId) -> Option<Price>,
        instrument: impl Fn(InstrumentId) -> Option<&'a Instrument>,
    ) -> Result<Money, BookError> {
        let mut equity = self.cash(venue, currency).total;
        for (id, position) in self.positions().filter(|(_, position)| !position.is_flat()) {
            let instrument = instrument(id).ok_or(BookError::UnknownInstrument(id))?;
            if (instrument.venue, instrument.quote) != (venue, currency) {
                continue;
            }
            let mark = marks(id).ok_or(BookError::NoMark(id))?;
            let worth = if is_owned(instrument.kind) { position.value(mark) } else { position.unrealised(mark) };
            equity = worth.and_then(|worth| equity.checked_add(worth)).ok_or(BookError::Overflow(currency))?;
        }
        Ok(equity)
    }

    /// The law of the books, for each venue and currency, to the unit: total + cost of what is owned + fees + taxes =
    /// deposited + realised + income. And: the profits of the positions add up to the profit of the cash.
    ///
    /// # Errors
    /// Which currency breaks it, and by which sums.
    pub fn check_conservation(&self, instruments: &[Instrument]) -> Result<(), String> {
        let mut sums: Vec<(Money, Money)> = alloc::vec![(Money::ZERO, Money::ZERO); self.cash.len()];
        let too_large = |what: &dyn core::fmt::Display| format!("the books of {what} do not fit 128 bits");
        for (id, position) in self.positions() {
            let instrument = defined(instruments, id).map_err(|error| format!("{error}"))?;
            let row = self.find(instrument.venue, instrument.quote).ok().and_then(|at| sums.get_mut(at));
            let (cost, realised) = row.ok_or_else(|| format!("{id} has a position and {} no cash row", instrument.quote))?;
            let owned = if is_owned(instrument.kind) { position.cost } else { Money::ZERO };
            let both = cost.checked_add(owned).zip(realised.checked_add(position.realised));
            (*cost, *realised) = both.ok_or_else(|| too_large(&id))?;
        }
        for (CashRow { venue, currency, cash }, (cost, realised)) in self.cash.iter().zip(sums) {
            let left = [cost, cash.fees, cash.taxes].iter().try_fold(cash.total, |sum, part| sum.checked_add(*part));
            let income = self.income(*venue, *currency);
            let right = cash.deposited.checked_add(cash.realised).zip(income).and_then(|(sum, income)| sum.checked_add(income));
            let (left, right) = left.zip(right).ok_or_else(|| too_large(&format!("{venue} {currency}")))?;
            if left != right {
                return Err(format!(
                    "{venue} {currency}: cash {} + cost {cost} + fees {} + taxes {} = {left}, deposited {} + realised {} + income {} = {right}",
                    cash.total,
                    cash.fees,
                    cash.taxes,
                    cash.deposited,
                    cash.realised,
                    income.unwrap_or_default()
                ));
            }
            if realised != cash.realised {
                return Err(format!("{venue} {currency}: realised {}, by position {realised}", cash.realised));
            }
            if cash.reserved.is_negative() {
                return Err(format!("{venue} {currency}: {} is reserved", cash.reserved));
            }
        }
        Ok(())
    }
}
