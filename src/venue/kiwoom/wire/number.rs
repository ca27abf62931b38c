//! Numbers as Kiwoom writes them in strings: coloured, signed twice, padded, blank. [`Number`] reads any of them exactly; [`padded`],
//! [`coloured`] and [`twice_signed`] write them.
//!
//! A sign may be the colour of the screen (`-74800` is the price 74,800, drawn blue because it is below the reference) or arithmetic
//! (`-0.13` %). `--714` is both: blue, and −714. Which of them a field means is the field's business, so a [`Number`] keeps both.

use crate::market::number::ONE;
use crate::market::{Money, NumberError, Price, Qty, Rate};

/// The colour that the first sign says: above, below, or at the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// No sign.
    None,
    /// `+`, red.
    Plus,
    /// `-`, blue.
    Minus,
}

/// A number of the wire, exact at 1e-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// The first sign.
    pub mark: Mark,
    /// The value with its arithmetic sign, in units of 1e-8.
    raw: i128,
}

impl Number {
    /// Reads a text; `None` when it is blank, which means "not available". Spaces around it, zeros before it and commas in it are
    /// passed over.
    ///
    /// # Errors
    /// When it is not a number, or is finer or larger than can be kept.
    pub fn parse(text: &str) -> Result<Option<Number>, NumberError> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(None);
        }
        let mut rest = trimmed;
        let mut mark = Mark::None;
        let mut negative = false;
        // One sign is colour and arithmetic at once; of two, the second is the arithmetic one.
        for place in 0..2 {
            let sign = match rest.as_bytes().first() {
                Some(b'+') => Mark::Plus,
                Some(b'-') => Mark::Minus,
                _ => break,
            };
            if place == 0 {
                mark = sign;
            }
            negative = sign == Mark::Minus;
            rest = rest[1..].trim_start();
        }
        if !rest.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(NumberError::NotDecimal { text: trimmed.chars().take(40).collect() });
        }
        let plain = if rest.contains(',') { rest.parse_without_commas() } else { rest.parse::<Money>() };
        let raw = plain?.raw();
        Ok(Some(Number { mark, raw: if negative { -raw } else { raw } }))
    }

    /// The value with its arithmetic sign, in units of 1e-8.
    pub const fn raw(self) -> i128 {
        self.raw
    }

    /// As a price: without the sign, which is colour. `None` when it is too large.
    pub fn price(self) -> Option<Price> {
        i64::try_from(self.raw.checked_abs()?).ok().map(Price::from_raw)
    }

    /// As a price difference, a fee, a profit: with its sign.
    pub const fn money(self) -> Money {
        Money::from_raw(self.raw)
    }

    /// As a quantity with its sign: below 0 was sold.
    pub const fn qty(self) -> Qty {
        Qty::from_raw(self.raw)
    }

    /// As percent: `0.13` is the share 0.0013. `None` when it is too large. Beyond eight decimals of the share it is cut.
    pub fn percent(self) -> Option<Rate> {
        i64::try_from(self.raw / 100).ok().map(Rate::from_raw)
    }

    /// The whole number it is; `None` when it has decimals or is too large.
    pub fn integer(self) -> Option<i64> {
        let one = i128::from(ONE);
        (self.raw % one == 0).then(|| i64::try_from(self.raw / one).ok()).flatten()
    }
}

/// Digits grouped by commas were seen once, in a fake; they cost nothing to read.
trait Commas {
    fn parse_without_commas(&self) -> Result<Money, NumberError>;
}

impl Commas for str {
    fn parse_without_commas(&self) -> Result<Money, NumberError> {
        self.chars().filter(|character| *character != ',').collect::<String>().parse()
    }
}

/// Zero-padded to `width` characters, a minus among them: `padded(-196_888, 15)` is `-00000000196888`. Wider numbers stay whole.
pub fn padded(value: i64, width: usize) -> String {
    format!("{value:0width$}")
}

/// A price in the colour of its reference: `+75000` above, `-74800` below, no sign at it.
pub fn coloured(price: i64, reference: i64) -> String {
    match price.cmp(&reference) {
        std::cmp::Ordering::Greater => format!("+{price}"),
        std::cmp::Ordering::Less => format!("-{price}"),
        std::cmp::Ordering::Equal => price.to_string(),
    }
}

/// With the colour before its own sign, as ka10086 writes net buying: `--714`, `+693`, `0`.
pub fn twice_signed(value: i64) -> String {
    match value.signum() {
        1 => format!("+{value}"),
        -1 => format!("-{value}"),
        _ => "0".into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> String {
        match Number::parse(text) {
            Ok(None) => "none".into(),
            Ok(Some(number)) => format!("{:?} {}", number.mark, number.money()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_way_to_write_a_number() {
        for (text, expected) in [
            ("+00012345", "Plus 12345"),
            ("-257750", "Minus -257750"),
            ("", "none"),
            ("   ", "none"),
            (" 0", "None 0"),
            (" 67300", "None 67300"),
            ("--123", "Minus -123"),
            ("--120345", "Minus -120345"),
            ("+-5", "Plus -5"),
            ("-+5", "Minus 5"),
            ("-0", "Minus 0"),
            ("+0", "Plus 0"),
            ("-00000000196888", "Minus -196888"),
            ("000000010000000", "None 10000000"),
            ("46.25", "None 46.25"),
            ("-52.71", "Minus -52.71"),
            ("+ 12", "Plus 12"),
            ("72,100", "None 72100"),
            ("0005.5000000000", "None 5.5"),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
        for bad in ["-", "+", "--", "---1", "abc", "1e5", ".5", "1.2.3", "+,", "１２", "0x10", "1 2", "5-"] {
            assert!(read(bad).contains("is not a decimal number"), "{bad:?}: {}", read(bad));
        }
        assert!(read("0.123456789").contains("more than 8 decimals"));
        assert!(read(&"9".repeat(60)).contains("too large"));
    }

    #[test]
    fn a_field_takes_what_it_means() {
        let number = |text: &str| Number::parse(text).ok().flatten().expect("a number");
        assert_eq!(number("-74800").price().map(|price| price.to_string()), Some("74800".into()));
        assert_eq!(number("-19").qty().to_string(), "-19");
        assert_eq!(number("-0.13").percent().map(|rate| rate.to_string()), Some("-0.0013".into()));
        assert_eq!((number("75000.5").integer(), number("-75000").integer()), (None, Some(-75_000)));
        assert_eq!(number("99999999999999").price(), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value in -99_999_999_999_999_i64..=99_999_999_999_999, reference in 0_i64..1_000_000) {
            let integer = |text: &str| Number::parse(text).ok().flatten().and_then(Number::integer);
            prop_assert_eq!(integer(&padded(value, 15)), Some(value));
            prop_assert_eq!(padded(value, 15).len(), 15);
            prop_assert_eq!(integer(&twice_signed(value)), Some(value));
            let price = value.abs() % 10_000_000;
            let coloured = Number::parse(&coloured(price, reference)).ok().flatten().expect("a number");
            prop_assert_eq!(coloured.price(), Some(Price::from_raw(price * ONE)));
            let mark = match price.cmp(&reference) {
                std::cmp::Ordering::Greater => Mark::Plus,
                std::cmp::Ordering::Less => Mark::Minus,
                std::cmp::Ordering::Equal => Mark::None,
            };
            prop_assert_eq!(coloured.mark, mark);
        }

        #[test]
        fn any_text_is_a_number_or_an_error(text in "[-+ 0-9.,]{0,24}|.{0,24}") {
            if let Ok(Some(number)) = Number::parse(&text) {
                let again = Number::parse(&number.money().to_string()).ok().flatten().expect("a number");
                prop_assert_eq!(again.raw(), number.raw());
                prop_assert!(number.price().is_none_or(|price| !price.is_negative()));
            }
        }
    }
}
