//! How large an order is: [`Size`], in the instrument's lots.

use crate::market::number::{ONE, divide};
use crate::market::{Instrument, Money, Price, Qty, Rounding};

/// How large a position is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// By value, quote currency.
    Notional(Money),
    /// By quantity.
    Qty(Qty),
}

impl Size {
    /// The quantity at `price`, not yet in lots. `None` without a price, or when it overflows.
    pub fn at(self, price: Price) -> Option<Qty> {
        match self {
            Size::Qty(qty) => Some(qty),
            Size::Notional(_) if !price.is_positive() => None,
            Size::Notional(money) => {
                let scaled = money.raw().checked_mul(i128::from(ONE))?;
                divide(scaled, i128::from(price.raw()), Rounding::Floor).map(Qty::from_raw)
            }
        }
    }
}

/// `qty` cut to the lot and the largest order of `instrument`; `None` when it cannot be traded at `price`, or that is less than its
/// smallest order.
pub fn tradable(instrument: &Instrument, price: Price, qty: Qty) -> Option<Qty> {
    let lots = qty.raw().checked_div(instrument.lot.raw()).filter(|_| instrument.lot.is_positive());
    let mut qty = match lots {
        Some(lots) => Qty::from_raw(lots.checked_mul(instrument.lot.raw())?),
        None => qty,
    };
    if instrument.qty_max.is_positive() {
        qty = qty.min(instrument.qty_max);
    }
    let value = price.times(qty, Rounding::Floor)?;
    let large_enough = qty.is_positive() && qty >= instrument.qty_min && value >= instrument.notional_min;
    (instrument.kind.is_tradable() && large_enough).then_some(qty)
}
