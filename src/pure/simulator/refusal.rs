//! Why the simulated venue refuses: [`Refusal`], and the checks of an order's numbers.

use jangbu_journal::Nanos;

use super::Market;
use crate::account::{NewOrder, OrderType, TimeInForce};
use crate::market::{Instrument, Money, Price, Qty, Reference, Rounding};

/// Why an order, an amendment or a cancellation was refused. The text before the colon is a stable name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No instrument of that id was defined.
    #[error("unknown-instrument: {0} is not defined")]
    UnknownInstrument(crate::market::InstrumentId),
    /// An index or exchange rate.
    #[error("not-tradable: {symbol} cannot be traded")]
    NotTradable {
        /// The venue's code.
        symbol: alloc::string::String,
    },
    /// The market is closed or halted.
    #[error("closed: the market is closed")]
    Closed,
    /// Quantity 0 or below.
    #[error("bad-quantity: {0} is not above 0")]
    BadQuantity(Qty),
    /// Outside of what the instrument allows.
    #[error("quantity-limits: {qty} is not within {min} and {max}")]
    QuantityLimits {
        /// Asked for.
        qty: Qty,
        /// Smallest.
        min: Qty,
        /// Largest.
        max: Qty,
    },
    /// Not a multiple of the lot.
    #[error("lot: {qty} is not a multiple of {lot}")]
    Lot {
        /// Asked for.
        qty: Qty,
        /// The lot.
        lot: Qty,
    },
    /// A price of 0 or below.
    #[error("bad-price: {0} is not above 0")]
    BadPrice(Price),
    /// Not on the price grid.
    #[error("tick: {price} is not a multiple of {tick}")]
    Tick {
        /// Asked for.
        price: Price,
        /// The step there.
        tick: Price,
    },
    /// Beyond the limits of the day.
    #[error("price-limit: {price} is beyond the day's limit of {limit}")]
    PriceLimit {
        /// Asked for.
        price: Price,
        /// The limit it is beyond.
        limit: Price,
    },
    /// Too small by value.
    #[error("notional: the order's value is below {min}")]
    Notional {
        /// The smallest value.
        min: Money,
    },
    /// Post-only, and it would take.
    #[error("post-only: it would take at {0}")]
    WouldTake(Price),
    /// Post-only makes no sense for a market order.
    #[error("post-only: a market order takes")]
    PostOnlyMarket,
    /// Nothing was seen of this market.
    #[error("no-liquidity: nothing is known of this market")]
    NoLiquidity,
    /// An order of that id rests.
    #[error("duplicate: an order of this id rests")]
    Duplicate,
    /// Too many orders rest.
    #[error("too-many: {max} orders rest in this market")]
    TooMany {
        /// How many may.
        max: usize,
    },
    /// To amend or cancel: no such order rests.
    #[error("not-open: no order of this id rests")]
    NotOpen,
    /// To amend: the new total is not above what has filled.
    #[error("filled: {filled} of it is filled")]
    Filled {
        /// How much.
        filled: Qty,
    },
}

/// Checks the numbers of an order.
pub(super) fn check_order<'a>(at: Nanos, market: Option<&'a Market>, order: &NewOrder) -> Result<&'a Instrument, Refusal> {
    let market = market.ok_or(Refusal::UnknownInstrument(order.instrument))?;
    let instrument = market.instrument.as_ref().ok_or(Refusal::UnknownInstrument(order.instrument))?;
    if !instrument.kind.is_tradable() {
        return Err(Refusal::NotTradable { symbol: instrument.symbol.clone() });
    }
    if market.closed {
        return Err(Refusal::Closed);
    }
    check_qty(instrument, order.qty)?;
    match order.order_type {
        OrderType::Market if order.time_in_force == TimeInForce::PostOnly => Err(Refusal::PostOnlyMarket),
        OrderType::Market => Ok(instrument),
        OrderType::Limit(price) => {
            check_limit(instrument, price, order.qty, order.reduce_only)?;
            market.limits.check(at, price).map(|()| instrument)
        }
    }
}

/// Limits of a day's price, as a venue told them on that day.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DayLimits {
    day: i64,
    lower: Option<Price>,
    upper: Option<Price>,
}

impl DayLimits {
    /// Korean days: the venues that have such limits are there.
    fn day_of(at: Nanos) -> i64 {
        at.get().saturating_add(9 * 3_600_000_000_000).div_euclid(86_400_000_000_000)
    }

    /// They were told at `at`; what is left out stays as it was on that day.
    pub(super) fn on_reference(&mut self, at: Nanos, reference: &Reference) {
        let day = Self::day_of(at);
        if day != self.day {
            *self = DayLimits { day, ..DayLimits::default() };
        }
        self.lower = reference.lower_limit.or(self.lower);
        self.upper = reference.upper_limit.or(self.upper);
    }

    /// Checks a price at `at`: limits of a day before say nothing.
    pub(super) fn check(&self, at: Nanos, price: Price) -> Result<(), Refusal> {
        let today = |limit: Option<Price>| limit.filter(|_| Self::day_of(at) == self.day);
        let beyond = today(self.lower).filter(|lower| price < *lower).or(today(self.upper).filter(|upper| price > *upper));
        beyond.map_or(Ok(()), |limit| Err(Refusal::PriceLimit { price, limit }))
    }
}

/// Checks a quantity.
pub(super) fn check_qty(instrument: &Instrument, qty: Qty) -> Result<(), Refusal> {
    if !qty.is_positive() {
        return Err(Refusal::BadQuantity(qty));
    }
    if qty < instrument.qty_min || qty > instrument.qty_max {
        return Err(Refusal::QuantityLimits { qty, min: instrument.qty_min, max: instrument.qty_max });
    }
    // A lot of 0 is no lot.
    if qty.raw().checked_rem(instrument.lot.raw()).is_some_and(|rest| rest != 0) {
        return Err(Refusal::Lot { qty, lot: instrument.lot });
    }
    Ok(())
}

/// Checks a limit and what the order is worth at it. An order that only shrinks a position may be of any value.
pub(super) fn check_limit(instrument: &Instrument, price: Price, qty: Qty, reduce_only: bool) -> Result<(), Refusal> {
    if !price.is_positive() {
        return Err(Refusal::BadPrice(price));
    }
    if !instrument.ticks.is_aligned(price) {
        return Err(Refusal::Tick { price, tick: instrument.ticks.tick_at(price) });
    }
    let notional = price.times(qty, Rounding::Floor).unwrap_or(Money::MAX);
    if notional < instrument.notional_min && !reduce_only {
        return Err(Refusal::Notional { min: instrument.notional_min });
    }
    Ok(())
}
