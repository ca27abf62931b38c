//! Prices and quantities of a block as counts of a unit that fits all of them so far.

use jangbu_journal::{DecodeError, Decoder, Encoder};

use crate::market::Qty;

pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

#[inline(always)]
pub(super) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// The largest power of ten up to 10^8 that divides `raw`.
pub(super) fn unit_of(raw: i64) -> (i64, u8) {
    let (mut unit, mut exponent) = (100_000_000, 8);
    while raw % unit != 0 {
        unit /= 10;
        exponent -= 1;
    }
    (unit, exponent)
}

/// `value / unit`. Units are powers of ten and hardly ever change: a jump to a division by a constant, which is a multiplication,
/// is several times faster than a division.
#[inline(always)]
pub(super) fn divide(value: i64, unit: i64) -> i64 {
    match unit {
        100_000_000 => value / 100_000_000,
        10_000_000 => value / 10_000_000,
        1_000_000 => value / 1_000_000,
        100_000 => value / 100_000,
        10_000 => value / 10_000,
        1_000 => value / 1_000,
        100 => value / 100,
        10 => value / 10,
        _ => value / unit,
    }
}

/// Writes `raw - reference` in units; a finer unit first when `raw` needs one. `reference` is a multiple of the unit.
#[inline(always)]
pub(super) fn put_number(raw: i64, reference: i64, unit: &mut i64, out: &mut Encoder<'_>) {
    let difference = raw - reference;
    // Most prices are the last one again, and division is slow.
    if difference == 0 {
        return out.u64(1);
    }
    let mut count = divide(difference, *unit);
    if count * *unit != difference {
        refine(raw, unit, out);
        count = divide(difference, *unit);
    }
    out.u64(zigzag(count) + 1);
}

/// Announces the coarsest unit that divides `raw`. It divides the unit before, so that it divides all references too.
#[cold]
pub(super) fn refine(raw: i64, unit: &mut i64, out: &mut Encoder<'_>) {
    let (finer, exponent) = unit_of(raw);
    *unit = finer;
    out.u64(0);
    out.u8(exponent);
}

/// The inverse of [`put_number`].
#[inline(always)]
pub(super) fn get_number(reference: i64, unit: &mut i64, input: &mut Decoder<'_>) -> Result<i64, DecodeError> {
    let mut coded = input.u64()?;
    if coded == 0 {
        let exponent = input.u8()?;
        if exponent > 8 {
            return Err(DecodeError::Impossible { what: "a unit's exponent", value: i128::from(exponent) });
        }
        *unit = 10_i64.pow(u32::from(exponent));
        coded = input.u64()?;
        if coded == 0 {
            return Err(DecodeError::Impossible { what: "a unit announced twice", value: 0 });
        }
    }
    unzigzag(coded - 1)
        .checked_mul(*unit)
        .and_then(|difference| reference.checked_add(difference))
        .ok_or(DecodeError::OutOfRange { what: "a price or quantity" })
}

#[inline(always)]
pub(super) fn put_qty(qty: Qty, unit: &mut i64, out: &mut Encoder<'_>) {
    // plain_qty has checked that it fits.
    let raw = qty.raw() as i64;
    let mut count = divide(raw, *unit);
    if count * *unit != raw {
        refine(raw, unit, out);
        count = divide(raw, *unit);
    }
    out.u64(count as u64 + 1);
}

#[inline(always)]
pub(super) fn get_qty(unit: &mut i64, input: &mut Decoder<'_>) -> Result<i64, DecodeError> {
    let mut coded = input.u64()?;
    if coded == 0 {
        let exponent = input.u8()?;
        if exponent > 8 {
            return Err(DecodeError::Impossible { what: "a unit's exponent", value: i128::from(exponent) });
        }
        *unit = 10_i64.pow(u32::from(exponent));
        coded = input.u64()?;
        if coded == 0 {
            return Err(DecodeError::Impossible { what: "a unit announced twice", value: 0 });
        }
    }
    i64::try_from(coded - 1).ok().and_then(|count| count.checked_mul(*unit)).ok_or(DecodeError::OutOfRange { what: "a quantity" })
}
