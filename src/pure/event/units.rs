//! Prices and quantities of a block as counts of a unit that fits all of them so far.

use jangbu_journal::{DecodeError, Decoder, Short};

use crate::market::Qty;

pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

#[inline(always)]
pub(super) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// A power of ten up to 10^8, with what division by it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// The power.
    pub(super) value: i64,
    /// 2^(63 + `shift`) / `value`, rounded up.
    reciprocal: u64,
    /// Bits of `value` - 1.
    shift: u32,
}

/// By exponent.
const UNITS: [Unit; 9] = {
    let mut units = [Unit::of(1); 9];
    let mut exponent = 1;
    while exponent < units.len() {
        units[exponent] = Unit::of(units[exponent - 1].value * 10);
        exponent += 1;
    }
    units
};

impl Unit {
    /// What a block begins with.
    pub(super) const COARSEST: Unit = UNITS[8];

    const fn of(value: i64) -> Unit {
        let shift = 64 - (value as u64 - 1).leading_zeros();
        Unit { value, reciprocal: ((1_u128 << (63 + shift)) / value as u128) as u64 + 1, shift }
    }

    /// The coarsest unit that divides `raw`, and its exponent.
    fn dividing(raw: i64) -> (Unit, u8) {
        let mut exponent = 8_u8;
        while raw % UNITS[usize::from(exponent)].value != 0 {
            exponent -= 1;
        }
        (UNITS[usize::from(exponent)], exponent)
    }

    /// `value` / unit, toward zero: a multiplication (Granlund and Montgomery, "Division by invariant integers using
    /// multiplication", 1994). Exact below 2^63: the reciprocal is too large by less than 1, the product by less than 2^63,
    /// which is less than a unit's share of 2^(63 + shift).
    #[inline(always)]
    fn divide(self, value: i64) -> i64 {
        let count = ((u128::from(value.unsigned_abs()) * u128::from(self.reciprocal)) >> (63 + self.shift)) as i64;
        if value < 0 { -count } else { count }
    }

    fn announced(exponent: u8) -> Result<Unit, DecodeError> {
        let impossible = DecodeError::Impossible { what: "a unit's exponent", value: i128::from(exponent) };
        UNITS.get(usize::from(exponent)).copied().ok_or(impossible)
    }
}

/// Writes `raw - reference` in units; a finer unit first when `raw` needs one. `reference` is a multiple of the unit.
#[inline(always)]
pub(super) fn put_number(raw: i64, reference: i64, unit: &mut Unit, out: &mut Short) {
    let difference = raw - reference;
    let mut count = unit.divide(difference);
    if count * unit.value != difference {
        refine(raw, unit, out);
        count = unit.divide(difference);
    }
    out.u64(zigzag(count) + 1);
}

/// Announces the coarsest unit that divides `raw`. It divides the unit before, so that it divides all references too.
#[cold]
fn refine(raw: i64, unit: &mut Unit, out: &mut Short) {
    let (finer, exponent) = Unit::dividing(raw);
    *unit = finer;
    out.u64(0);
    out.u8(exponent);
}

/// The inverse of [`put_number`].
#[inline(always)]
pub(super) fn get_number(reference: i64, unit: &mut Unit, input: &mut Decoder<'_>) -> Result<i64, DecodeError> {
    let mut coded = input.u64()?;
    if coded == 0 {
        *unit = Unit::announced(input.u8()?)?;
        coded = input.u64()?;
        if coded == 0 {
            return Err(DecodeError::Impossible { what: "a unit announced twice", value: 0 });
        }
    }
    unzigzag(coded - 1)
        .checked_mul(unit.value)
        .and_then(|difference| reference.checked_add(difference))
        .ok_or(DecodeError::OutOfRange { what: "a price or quantity" })
}

#[inline(always)]
pub(super) fn put_qty(qty: Qty, unit: &mut Unit, out: &mut Short) {
    // plain_qty has checked that it fits.
    let raw = qty.raw() as i64;
    let mut count = unit.divide(raw);
    if count * unit.value != raw {
        refine(raw, unit, out);
        count = unit.divide(raw);
    }
    out.u64(count as u64 + 1);
}

#[inline(always)]
pub(super) fn get_qty(unit: &mut Unit, input: &mut Decoder<'_>) -> Result<i64, DecodeError> {
    let mut coded = input.u64()?;
    if coded == 0 {
        *unit = Unit::announced(input.u8()?)?;
        coded = input.u64()?;
        if coded == 0 {
            return Err(DecodeError::Impossible { what: "a unit announced twice", value: 0 });
        }
    }
    i64::try_from(coded - 1)
        .ok()
        .and_then(|count| count.checked_mul(unit.value))
        .ok_or(DecodeError::OutOfRange { what: "a quantity" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn dividing_is_dividing(value in any::<i64>(), shift in 0_u32..63, exponent in 0_usize..9) {
            let unit = UNITS[exponent];
            let value = (value >> shift).clamp(-i64::MAX, i64::MAX);
            prop_assert_eq!(unit.divide(value), value / unit.value);
            // Where a wrong reciprocal would show first.
            let whole = value / unit.value * unit.value;
            for near in [whole.saturating_sub(1), whole, whole.saturating_add(1)] {
                prop_assert_eq!(unit.divide(near.max(-i64::MAX)), near.max(-i64::MAX) / unit.value);
            }
        }
    }
}
