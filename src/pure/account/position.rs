//! One instrument's holdings: [`Position`], at average cost, exact to the 1e-8 unit.

use serde::{Deserialize, Serialize};

use crate::market::number::divide;
use crate::market::{Money, Price, Qty, Rounding, Side};

/// Price × quantity as every book of ours has it: to the nearest 1e-8, ties to even. `None` when it overflows.
pub fn notional(price: Price, qty: Qty) -> Option<Money> {
    price.times(qty, Rounding::HalfEven)
}

/// How much is held, what it cost, and what trading it has earned so far.
///
/// Whatever is done to it: `cost - realised` = values bought - values sold, to the unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// How much; below 0 is short.
    pub qty: Qty,
    /// Value at entry of what is open: above 0 for a long position, below 0 for a short one, 0 for none.
    pub cost: Money,
    /// Profit of what was closed, before fees and taxes.
    pub realised: Money,
    /// Fees of its trades; below 0 when rebates are more.
    pub fees: Money,
    /// Taxes on its sales.
    pub taxes: Money,
}

/// What a trade did to a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booked {
    /// How much of what was open it closed; not below 0.
    pub closed_qty: Qty,
    /// How much it opened; not below 0. Both are above 0 when the position changed sides.
    pub opened_qty: Qty,
    /// Profit of what it closed, before fees and taxes.
    pub realised: Money,
    /// Its value, price × quantity.
    pub notional: Money,
}

impl Position {
    /// Books a trade. Closing takes out cost in proportion, rounded toward zero; closing everything takes out all of it. A
    /// trade larger than the position on the other side closes it and opens the rest.
    ///
    /// `None` when price or quantity is not above 0, or something overflows; the position is then as it was.
    pub fn apply(&mut self, side: Side, price: Price, qty: Qty) -> Option<Booked> {
        if !price.is_positive() || !qty.is_positive() {
            return None;
        }
        let value = notional(price, qty)?;
        let held = self.qty.raw();
        let against = if side == Side::Buy { held < 0 } else { held > 0 };
        let held_abs = held.checked_abs()?;
        let closed = if against { held_abs.min(qty.raw()) } else { 0 };
        let opened = qty.raw().checked_sub(closed)?;
        // The value is rounded once for the whole trade; its two parts must add up to it.
        let closed_value = if opened == 0 { value.raw() } else { pro_rata(value.raw(), closed, qty.raw())? };
        let opened_value = value.raw().checked_sub(closed_value)?;
        let removed = if closed == held_abs { self.cost.raw() } else { pro_rata(self.cost.raw(), closed, held_abs)? };
        let removed = if closed == 0 { 0 } else { removed };
        let sign: i128 = if side == Side::Buy { 1 } else { -1 };
        // Selling: received - cost. Buying back: the cost is below 0, so -cost was received, and the value is paid.
        let realised = sign.checked_neg()?.checked_mul(closed_value)?.checked_sub(removed)?;
        let realised = if closed == 0 { 0 } else { realised };
        let after = Position {
            qty: Qty::from_raw(held.checked_add(sign.checked_mul(qty.raw())?)?),
            cost: Money::from_raw(self.cost.raw().checked_sub(removed)?.checked_add(sign.checked_mul(opened_value)?)?),
            realised: self.realised.checked_add(Money::from_raw(realised))?,
            ..*self
        };
        *self = after;
        Some(Booked {
            closed_qty: Qty::from_raw(closed),
            opened_qty: Qty::from_raw(opened),
            realised: Money::from_raw(realised),
            notional: value,
        })
    }

    /// Whether nothing is held.
    pub const fn is_flat(&self) -> bool {
        self.qty.is_zero()
    }

    /// Average price of entry, to the nearest 1e-8; `None` when nothing is held or it does not fit.
    pub fn average(&self) -> Option<Price> {
        self.cost.per(self.qty, Rounding::HalfEven)
    }

    /// What is held, valued at `mark`: below 0 for a short position. `None` when it overflows.
    pub fn value(&self, mark: Price) -> Option<Money> {
        notional(mark, self.qty)
    }

    /// Profit not yet taken if it were closed at `mark`, before fees and taxes. `None` when it overflows.
    pub fn unrealised(&self, mark: Price) -> Option<Money> {
        self.value(mark)?.checked_sub(self.cost)
    }
}

/// `value` × `part` ÷ `whole`, toward zero, for 0 ≤ `part` ≤ `whole`, `whole` > 0. The product may be wider than 128 bits:
/// lots of KRW-BTT times their own cost are.
fn pro_rata(value: i128, part: i128, whole: i128) -> Option<i128> {
    if let Some(product) = value.checked_mul(part) {
        return divide(product, whole, Rounding::Truncate);
    }
    let (part, whole) = (u128::try_from(part).ok()?, u128::try_from(whole).ok()?);
    let magnitude = value.unsigned_abs();
    let (full, rest) = (magnitude.checked_div(whole)?, magnitude.checked_rem(whole)?);
    // rest × part ÷ whole, bit by bit from the top: what is left stays below `whole`, so twice of it fits.
    let (mut quotient, mut left) = (0_u128, 0_u128);
    for bit in (0..u128::BITS - part.leading_zeros()).rev() {
        quotient = quotient.checked_mul(2)?;
        left = left.checked_mul(2)?;
        if left >= whole {
            left = left.checked_sub(whole)?;
            quotient = quotient.checked_add(1)?;
        }
        if part >> bit & 1 == 1 {
            left = left.checked_add(rest)?;
            if left >= whole {
                left = left.checked_sub(whole)?;
                quotient = quotient.checked_add(1)?;
            }
        }
    }
    let result = i128::try_from(full.checked_mul(part)?.checked_add(quotient)?).ok()?;
    if value < 0 { result.checked_neg() } else { Some(result) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn trade(position: &mut Position, side: Side, price: &str, qty: &str) -> Booked {
        position.apply(side, price.parse().expect("a price"), qty.parse().expect("a quantity")).expect("it fits")
    }

    #[test]
    fn closing_takes_cost_in_proportion_and_the_rest_with_the_last_share() {
        let mut position = Position::default();
        trade(&mut position, Side::Buy, "100", "1");
        trade(&mut position, Side::Buy, "101", "2");
        assert_eq!(position.average(), Some("100.66666667".parse().expect("a price")));
        let booked = trade(&mut position, Side::Sell, "110", "1");
        assert_eq!(booked.realised, "9.33333334".parse().expect("money"), "302 / 3, toward zero, is what it cost");
        trade(&mut position, Side::Sell, "110", "2");
        assert_eq!((position.qty, position.cost, position.average()), (Qty::ZERO, Money::ZERO, None));
        assert_eq!(position.realised, "28".parse().expect("money"));
    }

    #[test]
    fn a_larger_trade_changes_sides() {
        let mut position = Position::default();
        trade(&mut position, Side::Buy, "100", "4");
        let booked = trade(&mut position, Side::Sell, "90", "10");
        assert_eq!((booked.closed_qty, booked.opened_qty), ("4".parse().expect("qty"), "6".parse().expect("qty")));
        assert_eq!((booked.realised, position.cost), ("-40".parse().expect("money"), "-540".parse().expect("money")));
        assert_eq!(position.unrealised("80".parse().expect("a price")), Some("60".parse().expect("money")));
        let booked = trade(&mut position, Side::Buy, "80", "6");
        assert_eq!((booked.realised, position.cost), ("60".parse().expect("money"), Money::ZERO));
    }

    #[test]
    fn what_is_no_trade_or_does_not_fit_changes_nothing() {
        let mut position = Position::default();
        trade(&mut position, Side::Buy, "100", "1");
        let before = position;
        assert_eq!(position.apply(Side::Buy, Price::ZERO, Qty::from_raw(1)), None);
        assert_eq!(position.apply(Side::Buy, Price::from_raw(1), Qty::ZERO), None);
        assert_eq!(position.apply(Side::Sell, Price::from_raw(1), Qty::from_raw(-1)), None);
        assert_eq!(position.apply(Side::Buy, Price::MAX, Qty::MAX), None);
        assert_eq!(position.apply(Side::Buy, Price::from_raw(1), Qty::MAX), None);
        assert_eq!(position, before);
    }

    proptest! {
        #[test]
        fn wide_shares_agree_with_narrow_ones(value in any::<i64>(), a in 0_i128..1 << 62, b in 1_i128..1 << 62, shift in 0_u32..60) {
            let (part, whole) = (a.min(b), a.max(b));
            let narrow = divide(i128::from(value) * part, whole, Rounding::Truncate);
            prop_assert_eq!(pro_rata(i128::from(value), part, whole), narrow);
            // The same ratio written wider must give the same, now by the long way.
            prop_assert_eq!(pro_rata(i128::from(value), part << shift, whole << shift), narrow);
        }

        #[test]
        fn nothing_is_lost(trades in prop::collection::vec((any::<bool>(), 1_i64..1 << 40, 1_i128..1 << 80), 1..60)) {
            let (mut position, mut bought_less_sold) = (Position::default(), 0_i128);
            for (buy, price, qty) in trades {
                let (price, qty) = (Price::from_raw(price), Qty::from_raw(qty));
                let side = if buy { Side::Buy } else { Side::Sell };
                let Some(booked) = position.apply(side, price, qty) else { panic!("it fits") };
                bought_less_sold += if buy { booked.notional.raw() } else { -booked.notional.raw() };
                prop_assert_eq!(position.cost.raw() - position.realised.raw(), bought_less_sold);
                prop_assert_eq!(booked.closed_qty.checked_add(booked.opened_qty), Some(qty));
                prop_assert!(!position.is_flat() || position.cost.is_zero());
                prop_assert!(position.cost.raw().signum() * position.qty.raw().signum() >= 0);
            }
        }

        #[test]
        fn anything_never_panics(trades in prop::collection::vec((any::<bool>(), any::<i64>(), any::<i128>()), 1..20)) {
            let mut position = Position::default();
            for (buy, price, qty) in trades {
                let before = position;
                let side = if buy { Side::Buy } else { Side::Sell };
                if position.apply(side, Price::from_raw(price), Qty::from_raw(qty)).is_none() {
                    prop_assert_eq!(position, before);
                }
                let _ = (position.average(), position.unrealised(Price::from_raw(price)));
            }
        }
    }
}
