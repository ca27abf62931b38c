//! Numbers as Upbit writes them: JSON numbers, exponents among them, or the same in strings. [`Number`] keeps all their digits;
//! [`exact`] reads one straight into a price or a quantity. No float comes near either.

use std::fmt;
use std::str::FromStr;

use crate::market::number::{DECIMALS, divide};
use crate::market::{Money, NumberError, Price, Qty, Rate, Rounding};

/// Digits that are kept: all that 128 bits hold.
const DIGITS_MAX: usize = 38;
/// An exponent beyond this cannot come out as a number with [`DIGITS_MAX`] digits, unless it is 0.
const EXPONENT_MAX: i32 = 60;

/// A decimal number with all its digits: fees and sums have more of them than the eight of [`Money`] (an amount × a rate).
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Number {
    digits: i128,
    /// How many of the digits stand behind the point; without zeros at the end.
    decimals: u32,
}

impl Number {
    /// Zero.
    pub const ZERO: Number = Number { digits: 0, decimals: 0 };

    /// Reads `[-]digits[.digits][e[±]digits]`.
    ///
    /// # Errors
    /// When it is something else, or has more digits than 128 bits hold.
    pub fn parse(text: &str) -> Result<Number, NumberError> {
        let wrong = || NumberError::NotDecimal { text: shown(text) };
        let large = || NumberError::TooLarge { text: shown(text) };
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], exponent(&text[at + 1..]).ok_or_else(wrong)?),
            None => (text, 0),
        };
        let (negative, plain) = match mantissa.strip_prefix('-') {
            Some(plain) => (true, plain),
            None => (false, mantissa),
        };
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || (fraction.is_empty() && plain.contains('.')) {
            return Err(wrong());
        }
        let fraction = fraction.trim_end_matches('0');
        let mut digits: i128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            let grown = digits.checked_mul(10).and_then(|digits| digits.checked_add(i128::from(byte - b'0')));
            digits = grown.ok_or_else(large)?;
        }
        if digits == 0 {
            return Ok(Number::ZERO);
        }
        let decimals = i32::try_from(fraction.len()).map_err(|_| large())?.saturating_sub(exponent);
        let mut number = Number { digits: if negative { -digits } else { digits }, decimals: 0 };
        if decimals < 0 {
            let scale = 10_i128.checked_pow(decimals.unsigned_abs()).ok_or_else(large)?;
            number.digits = number.digits.checked_mul(scale).ok_or_else(large)?;
        } else {
            number.decimals = decimals.unsigned_abs();
        }
        while number.decimals > 0 && number.digits % 10 == 0 {
            number.digits /= 10;
            number.decimals -= 1;
        }
        if number.decimals as usize > DIGITS_MAX {
            return Err(NumberError::TooFine { text: shown(text) });
        }
        Ok(number)
    }

    /// In units of 1e-8, exactly.
    ///
    /// # Errors
    /// When it is finer or larger.
    fn units(self) -> Result<i128, NumberError> {
        match DECIMALS.checked_sub(self.decimals) {
            Some(missing) => {
                let large = || NumberError::TooLarge { text: self.to_string() };
                self.digits.checked_mul(10_i128.pow(missing)).ok_or_else(large)
            }
            None => Err(NumberError::TooFine { text: self.to_string() }),
        }
    }

    /// As an amount, exactly.
    ///
    /// # Errors
    /// When it is finer than 1e-8, or too large.
    pub fn money(self) -> Result<Money, NumberError> {
        self.units().map(Money::from_raw)
    }

    /// As a quantity, exactly.
    ///
    /// # Errors
    /// When it is finer than 1e-8, or too large.
    pub fn qty(self) -> Result<Qty, NumberError> {
        self.units().map(Qty::from_raw)
    }

    /// As a price, exactly.
    ///
    /// # Errors
    /// When it is finer than 1e-8, or too large.
    pub fn price(self) -> Result<Price, NumberError> {
        let large = || NumberError::TooLarge { text: self.to_string() };
        i64::try_from(self.units()?).map(Price::from_raw).map_err(|_| large())
    }

    /// As an amount at 1e-8, rounded as asked; `None` when it is too large.
    pub fn money_rounded(self, rounding: Rounding) -> Option<Money> {
        match self.units() {
            Ok(units) => Some(Money::from_raw(units)),
            Err(NumberError::TooFine { .. }) => {
                divide(self.digits, 10_i128.checked_pow(self.decimals - DECIMALS)?, rounding).map(Money::from_raw)
            }
            Err(_) => None,
        }
    }

    /// As a rate at 1e-8, the nearest; `None` when it is too large.
    pub fn rate(self) -> Option<Rate> {
        i64::try_from(self.money_rounded(Rounding::HalfEven)?.raw()).ok().map(Rate::from_raw)
    }

    /// Whether it is below 0.
    pub const fn is_negative(self) -> bool {
        self.digits < 0
    }

    /// Whether it is 0.
    pub const fn is_zero(self) -> bool {
        self.digits == 0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.decimals == 0 {
            return write!(f, "{}", self.digits);
        }
        let width = self.decimals as usize + 1;
        let digits = format!("{:0width$}", self.digits.unsigned_abs());
        let (whole, fraction) = digits.split_at(digits.len() - self.decimals as usize);
        write!(f, "{}{whole}.{fraction}", if self.digits < 0 { "-" } else { "" })
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A number straight into a type of ours, exactly: a price, a quantity.
///
/// # Errors
/// When it is no number, or finer or larger than the type holds.
pub fn exact<T: FromStr<Err = NumberError>>(text: &str) -> Result<T, NumberError> {
    // JSON has no `+1`, and Upbit sends none.
    if text.starts_with('+') {
        return Err(NumberError::NotDecimal { text: shown(text) });
    }
    if text.contains(['e', 'E']) { Number::parse(text)?.to_string().parse() } else { text.parse() }
}

fn exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A huge one is as good as the limit: the mantissa is 0, or it is refused.
    let value = digits.parse::<i32>().unwrap_or(EXPONENT_MAX).min(EXPONENT_MAX);
    Some(if text.starts_with('-') { -value } else { value })
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> String {
        Number::parse(text).map_or_else(|error| error.to_string(), |number| number.to_string())
    }

    #[test]
    fn every_digit_is_kept() {
        for (text, expected) in [
            ("46811000.00000000", "46811000"),
            ("0.0067741935", "0.0067741935"),
            ("-0.0067741935", "-0.0067741935"),
            ("1598230.5", "1598230.5"),
            ("1E-8", "0.00000001"),
            ("1e-08", "0.00000001"),
            ("4.6811E7", "46811000"),
            ("5.1234567812e+11", "512345678120"),
            ("1.2300e-3", "0.00123"),
            ("0E+9", "0"),
            ("0e999999999999", "0"),
            ("-0.0", "0"),
            ("15.460605001234567890123", "15.460605001234567890123"),
            ("17866130860480000", "17866130860480000"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        for bad in ["", "-", ".5", "5.", "1e", "1e+", "1e1.5", "--1", "+1", "1.2.3", "0x1", "NaN", "１", "1 ", "1e-5e"] {
            assert!(read(bad).contains("is not a decimal number"), "{bad}: {}", read(bad));
        }
        assert!(read("1e60").contains("too large") && read(&"9".repeat(40)).contains("too large"));
        assert!(read("1e-60").contains("more than 8 decimals"));
    }

    #[test]
    fn it_becomes_what_a_field_means_or_says_why_not() {
        let number = |text: &str| Number::parse(text).expect("a number");
        assert_eq!(number("1e-8").price().map(Price::raw), Ok(1));
        assert!(number("1e-9").qty().is_err() && number("1e30").money().is_ok() && number("1e12").price().is_err());
        let rounded = |rounding| number("7.500000005").money_rounded(rounding).map(|money| money.to_string());
        assert_eq!((rounded(Rounding::Floor), rounded(Rounding::Ceiling)), (Some("7.5".into()), Some("7.50000001".into())));
        assert_eq!(number("0.0067741935").rate().map(|rate| rate.to_string()), Some("0.00677419".into()));
        assert_eq!(exact::<Qty>("2.5e-7").map(|qty| qty.to_string()), Ok("0.00000025".into()));
        assert!(exact::<Price>("+1").is_err() && exact::<Price>("1e").is_err());
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read(digits in any::<i64>(), decimals in 0_i32..30, shift in -20_i32..20) {
            let number = Number::parse(&format!("{digits}e{}", -decimals)).expect("it fits");
            prop_assert_eq!(Number::parse(&number.to_string()), Ok(number));
            // The same value with its point elsewhere.
            if let Ok(moved) = Number::parse(&format!("{digits}e{}", shift - decimals)) {
                prop_assert_eq!(Number::parse(&format!("{moved}e{}", -shift)), Ok(number));
            }
        }

        #[test]
        fn any_text_is_a_number_or_an_error(text in "[-+0-9.eE]{0,30}|.{0,20}") {
            if let Ok(number) = Number::parse(&text) {
                let _ = (number.price(), number.rate(), number.money_rounded(Rounding::Floor));
            }
            let _ = exact::<Price>(&text);
        }
    }
}
