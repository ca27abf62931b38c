//! Exact decimal numbers: [`Price`], [`Qty`], [`Money`], [`Rate`]. Integers at 1e-8, checked; no floats, no wrapping.
//!
//! A price fits 64 bits up to 92,233,720,368 units. A quantity does not: lots of KRW-BTT (0.0006 KRW each) pass 9.2e10, so
//! quantities and money are 128 bits wide. `Qty` is packed to 8-byte alignment so that a book level stays at 24 bytes.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// Decimals of every number here.
pub const DECIMALS: u32 = 8;
/// One unit: 10^8.
pub const ONE: i64 = 100_000_000;

/// Why a text is not a number, or a number does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not `[-]digits[.digits]`.
    #[error("`{text}` is not a decimal number (expected digits with at most one point, like 61837.63)")]
    NotDecimal {
        /// What was given, cut to 40 characters.
        text: String,
    },
    /// More than eight decimals that are not zero.
    #[error("`{text}` has more than 8 decimals")]
    TooFine {
        /// What was given, cut to 40 characters.
        text: String,
    },
    /// Larger than the type holds.
    #[error("`{text}` is too large")]
    TooLarge {
        /// What was given, cut to 40 characters.
        text: String,
    },
}

/// How a division that does not come out even is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rounding {
    /// Toward minus infinity.
    Floor,
    /// Toward plus infinity.
    Ceiling,
    /// Toward zero.
    Truncate,
    /// To the nearest, ties to even.
    HalfEven,
}

/// Divides with the stated rounding. `None` when `divisor` is 0 or the quotient overflows.
pub fn divide(value: i128, divisor: i128, rounding: Rounding) -> Option<i128> {
    let quotient = value.checked_div(divisor)?;
    let remainder = value.checked_rem(divisor)?;
    if remainder == 0 {
        return Some(quotient);
    }
    let negative = (remainder < 0) != (divisor < 0);
    let away = if negative { -1 } else { 1 };
    match rounding {
        Rounding::Truncate => Some(quotient),
        Rounding::Floor => quotient.checked_add(if negative { -1 } else { 0 }),
        Rounding::Ceiling => quotient.checked_add(if negative { 0 } else { 1 }),
        Rounding::HalfEven => {
            let twice = remainder.unsigned_abs().checked_mul(2)?;
            match twice.cmp(&divisor.unsigned_abs()) {
                core::cmp::Ordering::Less => Some(quotient),
                core::cmp::Ordering::Greater => quotient.checked_add(away),
                core::cmp::Ordering::Equal if quotient % 2 == 0 => Some(quotient),
                core::cmp::Ordering::Equal => quotient.checked_add(away),
            }
        }
    }
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Up to 18 characters of digits, with at most one point after the first and eight decimals: nearly every number there is, in 64 bits.
/// `None` leaves the rest, and what is wrong, to [`parse_raw`].
fn parse_short(digits: &[u8]) -> Option<i128> {
    const POWERS: [i64; DECIMALS as usize + 1] = [ONE, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let (mut raw, mut point) = (0_i64, None);
    for (place, &byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => raw = raw * 10 + i64::from(byte - b'0'),
            b'.' if point.is_none() && place > 0 => point = Some(place),
            _ => return None,
        }
    }
    let decimals = point.map_or(0, |point| digits.len() - point - 1);
    POWERS.get(decimals).map(|power| i128::from(raw) * i128::from(*power))
}

/// Parses decimal text to 1e-8 units, exactly.
fn parse_raw(text: &str) -> Result<i128, NumberError> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    if let Some(raw) = parse_short(digits) {
        return Ok(if negative { -raw } else { raw });
    }
    let mut raw: i128 = 0;
    let mut decimals: Option<u32> = None;
    let mut any = false;
    for &byte in digits {
        match byte {
            b'0'..=b'9' => {
                any = true;
                let digit = i128::from(byte - b'0');
                match decimals {
                    Some(DECIMALS) if digit != 0 => return Err(NumberError::TooFine { text: shown(text) }),
                    Some(DECIMALS) => continue,
                    Some(ref mut count) => *count += 1,
                    None => {}
                }
                raw = raw
                    .checked_mul(10)
                    .and_then(|raw| raw.checked_add(digit))
                    .ok_or_else(|| NumberError::TooLarge { text: shown(text) })?;
            }
            b'.' if decimals.is_none() && any => decimals = Some(0),
            _ => return Err(NumberError::NotDecimal { text: shown(text) }),
        }
    }
    if !any {
        return Err(NumberError::NotDecimal { text: shown(text) });
    }
    let missing = DECIMALS - decimals.unwrap_or(0);
    raw = raw.checked_mul(10_i128.pow(missing)).ok_or_else(|| NumberError::TooLarge { text: shown(text) })?;
    Ok(if negative { -raw } else { raw })
}

fn write_raw(raw: i128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let one = ONE as u128;
    let magnitude = raw.unsigned_abs();
    let (whole, fraction) = (magnitude / one, magnitude % one);
    if raw < 0 {
        f.write_str("-")?;
    }
    if fraction == 0 {
        return write!(f, "{whole}");
    }
    let mut digits = fraction;
    let mut width = DECIMALS as usize;
    while digits % 10 == 0 {
        digits /= 10;
        width -= 1;
    }
    write!(f, "{whole}.{digits:0width$}")
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $repr:ty $(, $packed:meta)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $(#[$packed])?
        pub struct $name($repr);

        impl $name {
            /// Nothing.
            pub const ZERO: $name = $name(0);
            /// The largest value.
            pub const MAX: $name = $name(<$repr>::MAX);

            /// From units of 1e-8.
            #[inline]
            pub const fn from_raw(raw: $repr) -> Self {
                $name(raw)
            }

            /// In units of 1e-8.
            #[inline]
            pub const fn raw(self) -> $repr {
                self.0
            }

            /// The sum, if it fits.
            #[inline]
            pub const fn checked_add(self, other: Self) -> Option<Self> {
                match { self.0 }.checked_add({ other.0 }) {
                    Some(raw) => Some($name(raw)),
                    None => None,
                }
            }

            /// The difference, if it fits.
            #[inline]
            pub const fn checked_sub(self, other: Self) -> Option<Self> {
                match { self.0 }.checked_sub({ other.0 }) {
                    Some(raw) => Some($name(raw)),
                    None => None,
                }
            }

            /// Whether it is 0.
            #[inline]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// Whether it is above 0.
            #[inline]
            pub const fn is_positive(self) -> bool {
                self.0 > 0
            }

            /// Whether it is below 0.
            #[inline]
            pub const fn is_negative(self) -> bool {
                self.0 < 0
            }

            /// The nearest float, for indicators. There is no way back.
            #[inline]
            pub fn to_f64(self) -> f64 {
                self.0 as f64 / ONE as f64
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                #[allow(clippy::unnecessary_cast, reason = "the macro serves two widths")]
                write_raw(self.0 as i128, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NumberError;

            fn from_str(text: &str) -> Result<Self, NumberError> {
                let raw = parse_raw(text)?;
                <$repr>::try_from(raw).map($name).map_err(|_| NumberError::TooLarge { text: shown(text) })
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() { serializer.collect_str(self) } else { { self.0 }.serialize(serializer) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = String::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    <$repr>::deserialize(deserializer).map($name)
                }
            }
        }
    };
}

number!(
    /// A price in the quote currency, 1e-8 units.
    Price,
    i64
);
number!(
    /// A quantity in the base asset (shares, coins, contracts), 1e-8 units. Signed: a short position is below 0.
    Qty,
    i128,
    repr(C, packed(8))
);
number!(
    /// An amount of a currency, 1e-8 units.
    Money,
    i128
);
number!(
    /// A share of something, 1e-8 units: 0.0005 is 0.05 %.
    Rate,
    i64
);

impl Price {
    /// Price × quantity.
    #[inline]
    pub fn times(self, qty: Qty, rounding: Rounding) -> Option<Money> {
        let product = i128::from(self.0).checked_mul(qty.0)?;
        // Most products fit 64 bits after all; a 64-bit division is several times cheaper than a 128-bit one.
        if let Ok(small) = i64::try_from(product)
            && small % ONE == 0
        {
            return Some(Money(i128::from(small / ONE)));
        }
        divide(product, i128::from(ONE), rounding).map(Money)
    }
}

impl Qty {
    /// The quantity without its sign; `MAX` for the one value that has no positive twin.
    #[must_use]
    pub const fn abs(self) -> Qty {
        Qty({ self.0 }.saturating_abs())
    }

    /// The quantity with the other sign; saturates.
    #[must_use]
    pub const fn negated(self) -> Qty {
        Qty({ self.0 }.saturating_neg())
    }
}

impl Money {
    /// This share of the amount.
    pub fn share(self, rate: Rate, rounding: Rounding) -> Option<Money> {
        divide(self.0.checked_mul(i128::from(rate.0))?, i128::from(ONE), rounding).map(Money)
    }

    /// Rounded to a multiple of `unit` (1 KRW, 10 KRW, 0.0001 USDT …). `None` when `unit` is not positive or it overflows.
    pub fn round_to(self, unit: Money, rounding: Rounding) -> Option<Money> {
        if unit.0 <= 0 {
            return None;
        }
        divide(self.0, unit.0, rounding)?.checked_mul(unit.0).map(Money)
    }

    /// Amount ÷ quantity: an average price.
    pub fn per(self, qty: Qty, rounding: Rounding) -> Option<Price> {
        let raw = divide(self.0.checked_mul(i128::from(ONE))?, qty.0, rounding)?;
        i64::try_from(raw).ok().map(Price)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use alloc::string::ToString;

    #[test]
    fn text_is_exact() {
        let check = |text: &str, raw: i64| assert_eq!(text.parse::<Price>().map(Price::raw), Ok(raw), "{text}");
        check("61837.63000000", 6_183_763_000_000);
        check("0.0006", 60_000);
        check("150000000", 15_000_000_000_000_000);
        check("-1.5", -150_000_000);
        check("1.000000000", 100_000_000);
        for bad in ["", "-", ".", ".5", "1..2", "1e5", "NaN", "1.123456789", "99999999999999", "１"] {
            assert!(bad.parse::<Price>().is_err(), "{bad}");
        }
    }

    #[test]
    fn large_lots_fit() {
        let price: Price = "0.0006".parse().expect("a price");
        let qty: Qty = "123456789012345.12345678".parse().expect("a quantity");
        assert_eq!(price.times(qty, Rounding::Floor).map(|m| m.to_string()), Some("74074073407.40707407".into()));
    }

    proptest! {
        #[test]
        fn numbers_round_trip(raw in any::<i64>(), wide in any::<i128>()) {
            prop_assert_eq!(Price::from_raw(raw).to_string().parse(), Ok(Price::from_raw(raw)));
            let wide = wide / 100_000_000;
            prop_assert_eq!(Qty::from_raw(wide).to_string().parse(), Ok(Qty::from_raw(wide)));
        }

        #[test]
        fn rounding_stays_within_one(value in -10_000_i128..10_000, divisor in 1_i128..50) {
            let floor = divide(value, divisor, Rounding::Floor).expect("small");
            prop_assert_eq!(floor, value.div_euclid(divisor));
            let ceiling = divide(value, divisor, Rounding::Ceiling).expect("small");
            prop_assert_eq!(ceiling, -((-value).div_euclid(divisor)));
            let even = divide(value, divisor, Rounding::HalfEven).expect("small");
            prop_assert!((even * divisor - value).abs() * 2 <= divisor);
        }

        #[test]
        fn zeros_in_front_change_nothing(sign in "[-+]?", text in "[0-9]{1,9}([0-9.][0-9]{0,9})?|[0-9][0-9.]{0,17}") {
            // With them, a text is too long for the short way.
            let long: Result<Money, NumberError> = format!("{sign}{}{text}", "0".repeat(20)).parse();
            prop_assert_eq!(format!("{sign}{text}").parse::<Money>().ok(), long.ok());
        }

        #[test]
        fn any_text_never_panics(text in ".{0,30}") {
            let _ = text.parse::<Money>();
        }
    }
}
