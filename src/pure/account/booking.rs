//! What changes a [`Portfolio`] besides cash put in: fills, charges, positions adopted from a venue.

use super::portfolio::{BookError, Booking, Portfolio, fee_and_tax, is_owned};
use super::position::{Position, notional};
use super::update::Liquidity;
use crate::market::instrument::INSTRUMENTS_MAX;
use crate::market::{Currency, Instrument, Money, Price, Qty, Side, Venue};

impl Portfolio {
    /// Books a fill with the fee and tax of the instrument's table. Spot and stock: buying pays value and fee, selling
    /// receives the value less fee and tax. Perpetual: cash moves by realised profit less fee and tax. Selling more than is
    /// held is booked as well, for any kind: the venue says it happened.
    ///
    /// # Errors
    /// Price or quantity not above 0, an instrument that cannot be traded, fee units not above 0, or overflow; nothing is
    /// booked then.
    pub fn fill(
        &mut self,
        instrument: &Instrument,
        side: Side,
        price: Price,
        qty: Qty,
        liquidity: Liquidity,
    ) -> Result<Booking, BookError> {
        let position = self.position_of(instrument)?;
        if !price.is_positive() || !qty.is_positive() {
            return Err(BookError::NotPositive("price and quantity of a fill"));
        }
        let value = notional(price, qty).ok_or(BookError::Overflow(instrument.quote))?;
        let (fee, tax) = fee_and_tax(instrument, side, value, liquidity)?;
        self.fill_with(instrument, position, (side, price, qty), (fee, tax)).ok_or(BookError::Overflow(instrument.quote))
    }

    fn fill_with(
        &mut self,
        instrument: &Instrument,
        mut position: Position,
        (side, price, qty): (Side, Price, Qty),
        (fee, tax): (Money, Money),
    ) -> Option<Booking> {
        let mut cash = self.cash(instrument.venue, instrument.quote);
        let booked = position.apply(side, price, qty)?;
        cash.total = match (is_owned(instrument.kind), side) {
            (true, Side::Buy) => cash.total.checked_sub(booked.notional)?,
            (true, Side::Sell) => cash.total.checked_add(booked.notional)?,
            (false, _) => cash.total.checked_add(booked.realised)?,
        };
        cash.total = cash.total.checked_sub(fee)?.checked_sub(tax)?;
        cash.realised = cash.realised.checked_add(booked.realised)?;
        cash.fees = cash.fees.checked_add(fee)?;
        cash.taxes = cash.taxes.checked_add(tax)?;
        position.fees = position.fees.checked_add(fee)?;
        position.taxes = position.taxes.checked_add(tax)?;
        self.put_cash(instrument.venue, instrument.quote, cash);
        self.put_position(instrument.id, position);
        Some(Booking { fee, tax, realised: booked.realised, notional: booked.notional })
    }

    /// Replaces the fee and tax a fill was booked with by what the venue charged, in the quote currency.
    ///
    /// # Errors
    /// An instrument that cannot be traded, or overflow; nothing changes then.
    pub fn charge(
        &mut self,
        instrument: &Instrument,
        booked_fee: Money,
        booked_tax: Money,
        actual_fee: Money,
        actual_tax: Money,
    ) -> Result<(), BookError> {
        let position = self.position_of(instrument)?;
        let more = actual_fee.checked_sub(booked_fee).zip(actual_tax.checked_sub(booked_tax));
        more.and_then(|more| self.charge_more(instrument, position, more)).ok_or(BookError::Overflow(instrument.quote))
    }

    fn charge_more(&mut self, instrument: &Instrument, mut position: Position, (fee, tax): (Money, Money)) -> Option<()> {
        let mut cash = self.cash(instrument.venue, instrument.quote);
        cash.total = cash.total.checked_sub(fee)?.checked_sub(tax)?;
        cash.fees = cash.fees.checked_add(fee)?;
        cash.taxes = cash.taxes.checked_add(tax)?;
        position.fees = position.fees.checked_add(fee)?;
        position.taxes = position.taxes.checked_add(tax)?;
        self.put_cash(instrument.venue, instrument.quote, cash);
        self.put_position(instrument.id, position);
        Some(())
    }

    /// Books a fee paid in a currency that is no instrument's quote (BNB at Binance). Take back the booked one first, with
    /// [`Portfolio::charge`] and an actual fee of 0.
    ///
    /// # Errors
    /// Overflow; nothing changes then.
    pub fn charge_other(&mut self, venue: Venue, currency: Currency, fee: Money) -> Result<(), BookError> {
        let mut cash = self.cash(venue, currency);
        let sums = cash.total.checked_sub(fee).zip(cash.fees.checked_add(fee));
        (cash.total, cash.fees) = sums.ok_or(BookError::Overflow(currency))?;
        self.put_cash(venue, currency, cash);
        Ok(())
    }

    /// Books a fee paid in what the instrument is about (a bought coin, as Binance spot charges without BNB): less is held, at the
    /// same cost. Take back the booked one first, with [`Portfolio::charge`] and an actual fee of 0.
    ///
    /// # Errors
    /// An instrument that cannot be traded, or overflow; nothing changes then.
    pub fn charge_base(&mut self, instrument: &Instrument, fee: Qty) -> Result<(), BookError> {
        let mut position = self.position_of(instrument)?;
        let overflow = BookError::Overflow(instrument.quote);
        let mut cash = self.cash(instrument.venue, instrument.quote);
        if !is_owned(instrument.kind) {
            return Err(BookError::NotTradable(instrument.id));
        }
        let before = position.qty.raw().signum();
        position.qty = position.qty.checked_sub(fee).ok_or(overflow)?;
        if position.qty.raw().signum() != before {
            // Nothing is left that could have cost something: it is lost.
            cash.realised = cash.realised.checked_sub(position.cost).ok_or(overflow)?;
            position.realised = position.realised.checked_sub(position.cost).ok_or(overflow)?;
            position.cost = Money::ZERO;
        }
        self.put_cash(instrument.venue, instrument.quote, cash);
        self.put_position(instrument.id, position);
        Ok(())
    }

    /// Takes over a position the venue reports (at start, or when ours was wrong): quantity and average price. For spot and
    /// stock the change of cost counts as deposited, not as profit; what was realised stays. Cash is not touched.
    ///
    /// # Errors
    /// A price not above 0 of something held, an instrument that cannot be traded, or overflow; nothing changes then.
    pub fn adopt(&mut self, instrument: &Instrument, qty: Qty, average: Price) -> Result<(), BookError> {
        let position = self.position_of(instrument)?;
        if !qty.is_zero() && !average.is_positive() {
            return Err(BookError::NotPositive("the average price of a position"));
        }
        let overflow = BookError::Overflow(instrument.quote);
        let cost = if qty.is_zero() { Some(Money::ZERO) } else { notional(average, qty) };
        self.hold(instrument, position, qty, cost.ok_or(overflow)?).ok_or(overflow)
    }

    /// Holds so much at that cost after something came or went in kind.
    pub(super) fn put_in_kind(&mut self, instrument: &Instrument, qty: Qty, cost: Money) -> Result<(), BookError> {
        let position = self.position_of(instrument)?;
        if !is_owned(instrument.kind) {
            return Err(BookError::NotTradable(instrument.id));
        }
        self.hold(instrument, position, qty, cost).ok_or(BookError::Overflow(instrument.quote))
    }

    /// Another quantity and cost of a position; for what is owned the difference counts as deposited.
    fn hold(&mut self, instrument: &Instrument, mut position: Position, qty: Qty, cost: Money) -> Option<()> {
        let mut cash = self.cash(instrument.venue, instrument.quote);
        if is_owned(instrument.kind) {
            cash.deposited = cash.deposited.checked_add(cost.checked_sub(position.cost)?)?;
        }
        (position.qty, position.cost) = (qty, cost);
        self.put_cash(instrument.venue, instrument.quote, cash);
        self.put_position(instrument.id, position);
        Some(())
    }

    fn position_of(&self, instrument: &Instrument) -> Result<Position, BookError> {
        if instrument.id.0 >= INSTRUMENTS_MAX {
            return Err(BookError::UnknownInstrument(instrument.id));
        }
        if !instrument.kind.is_tradable() {
            return Err(BookError::NotTradable(instrument.id));
        }
        Ok(self.position(instrument.id))
    }
}
