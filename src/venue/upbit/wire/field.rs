//! Fields of a message: [`record!`] makes a struct of them, named as DEFAULT and as SIMPLE spell them.

use jangbu_journal::Nanos;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::code::MarketCode;
use super::moment;
use super::number::{Number, exact};
use crate::market::{Price, Qty, Side};
use crate::venue::wire_error::WireError;

/// Where a field stands, and its text if it is there (`null` is not there).
#[derive(Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) what: &'static str,
    pub(crate) name: &'static str,
    pub(crate) raw: Option<&'a RawValue>,
}

impl<'a> Field<'a> {
    pub(crate) fn raw(self, expected: &'static str) -> Result<&'a str, WireError> {
        self.raw.map(RawValue::get).ok_or(WireError::Missing { what: self.what, field: self.name, expected })
    }

    pub(crate) fn wrong(self, seen: &str, expected: &'static str) -> WireError {
        WireError::field(self.what, self.name, seen, expected)
    }

    /// A string without escapes: codes, names of kinds.
    fn word(self, expected: &'static str) -> Result<&'a str, WireError> {
        let raw = self.raw(expected)?;
        let inside = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
        inside.filter(|inside| !inside.contains('\\')).ok_or_else(|| self.wrong(raw, expected))
    }

    /// The text of a number, which market data write bare and exchange answers in a string.
    fn number(self) -> Result<&'a str, WireError> {
        let raw = self.raw("a number")?;
        Ok(raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw))
    }
}

/// A type that a field can be.
pub(crate) trait Value: Sized {
    /// Reads it.
    fn read(field: Field<'_>) -> Result<Self, WireError>;
}

impl<T: Value> Value for Option<T> {
    fn read(field: Field<'_>) -> Result<Self, WireError> {
        // `null` never arrives here: it reads as a field that is not there.
        field.raw.map(|_| T::read(field)).transpose()
    }
}

impl Value for String {
    fn read(field: Field<'_>) -> Result<Self, WireError> {
        let raw = field.raw("a string")?;
        serde_json::from_str(raw).map_err(|_| field.wrong(raw, "a string"))
    }
}

impl Value for MarketCode {
    fn read(field: Field<'_>) -> Result<Self, WireError> {
        const EXPECTED: &str = "a market like KRW-BTC";
        let word = field.word(EXPECTED)?;
        word.parse().map_err(|_| field.wrong(word, EXPECTED))
    }
}

impl Value for Number {
    fn read(field: Field<'_>) -> Result<Self, WireError> {
        let error = |error| WireError::Number { what: field.what, field: field.name, error };
        Number::parse(field.number()?).map_err(error)
    }
}

/// A price: at least 0.
impl Value for Price {
    fn read(field: Field<'_>) -> Result<Self, WireError> {
        let text = field.number()?;
        let price: Price = exact(text).map_err(|error| WireError::Number { what: field.what, field: field.name, error })?;
        if price.is_negative() { Err(field.wrong(text, "a price of at least 0")) } else { Ok(price) }
    }
}

/// A quantity: at least 0.
impl Value for Qty {
    fn read(field: Field<'_>) -> Result<Self, WireError> {
        let text = field.number()?;
        let qty: Qty = exact(text).map_err(|error| WireError::Number { what: field.what, field: field.name, error })?;
        if qty.is_negative() { Err(field.wrong(text, "a quantity of at least 0")) } else { Ok(qty) }
    }
}

impl Value for u64 {
    fn read(field: Field<'_>) -> Result<Self, WireError> {
        const EXPECTED: &str = "an integer of at least 0";
        let raw = field.raw(EXPECTED)?;
        raw.parse().map_err(|_| field.wrong(raw, EXPECTED))
    }
}

impl Value for bool {
    fn read(field: Field<'_>) -> Result<Self, WireError> {
        match field.raw("true or false")? {
            "true" => Ok(true),
            "false" => Ok(false),
            seen => Err(field.wrong(seen, "true or false")),
        }
    }
}

/// `BID` buys, `ASK` sells; exchange answers write them small. Of a trade it is the taker's side.
impl Value for Side {
    fn read(field: Field<'_>) -> Result<Self, WireError> {
        match field.word("BID or ASK")? {
            "BID" | "bid" => Ok(Side::Buy),
            "ASK" | "ask" => Ok(Side::Sell),
            seen => Err(field.wrong(seen, "BID or ASK")),
        }
    }
}

/// Milliseconds since 1970, or a text with its offset.
impl Value for Nanos {
    fn read(field: Field<'_>) -> Result<Self, WireError> {
        const EXPECTED: &str = "milliseconds since 1970, or a moment like 2026-11-20T18:04:00+09:00";
        let raw = field.raw(EXPECTED)?;
        let nanos = match raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) {
            Some(text) => moment::parse(text),
            None => raw.parse::<u64>().ok().and_then(|ms| i64::try_from(ms).ok()?.checked_mul(1_000_000)).map(Nanos::new),
        };
        nanos.ok_or_else(|| field.wrong(raw, EXPECTED))
    }
}

/// A list of words or of records.
impl<T: Value> Value for Vec<T> {
    fn read(field: Field<'_>) -> Result<Self, WireError> {
        let raw = field.raw("a list")?;
        let rows: Vec<Box<RawValue>> = serde_json::from_str(raw).map_err(|_| field.wrong(raw, "a list"))?;
        rows.iter().map(|row| T::read(Field { raw: Some(row), ..field })).collect()
    }
}

/// An object out of its text. An array is refused: serde would take one for a struct.
pub(crate) fn object<'a, T: Deserialize<'a>>(what: &'static str, text: &'a str) -> Result<T, WireError> {
    if !text.trim_start().starts_with('{') {
        return Err(WireError::field(what, "{}", text, "an object"));
    }
    serde_json::from_str(text).map_err(|error| WireError::json(what, &error, text.as_bytes()))
}

/// A message as a struct whose fields are read by their keys: `name: Type = "key" | "k",`. The second and later keys are other
/// spellings of the same field. Keys that are not named are passed over. A field is [`Option`] when it may be missing or `null`.
macro_rules! record {
    ($(#[$doc:meta])* $what:literal $name:ident {
        $($(#[$field_doc:meta])* $field:ident: $type:ty = $key:literal $(| $other:literal)*,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

        impl $name {
            /// Reads it from the text of a JSON object.
            pub(crate) fn parse(text: &str) -> Result<Self, $crate::venue::wire_error::WireError> {
                #[derive(serde::Deserialize)]
                struct Raw<'a> {
                    $(#[serde(borrow, default, rename = $key $(, alias = $other)*)]
                    $field: Option<&'a serde_json::value::RawValue>,)*
                }
                let raw: Raw<'_> = $crate::venue::upbit::wire::field::object($what, text)?;
                Ok($name {
                    $($field: $crate::venue::upbit::wire::field::Value::read($crate::venue::upbit::wire::field::Field {
                        what: $what,
                        name: $key,
                        raw: raw.$field,
                    })?,)*
                })
            }
        }

        impl $crate::venue::upbit::wire::field::Value for $name {
            fn read(
                field: $crate::venue::upbit::wire::field::Field<'_>,
            ) -> Result<Self, $crate::venue::wire_error::WireError> {
                $name::parse(field.raw("an object")?)
            }
        }
    };
}
pub(crate) use record;

/// Words of the wire as an enum: `Variant = "word",`, and `Other` words are refused.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $expected:literal { $($(#[$variant_doc:meta])* $variant:ident = $word:literal $(| $other:literal)*,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// As the wire writes it.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }

            /// From the wire; `None` for a word that is not known.
            pub fn of(word: &str) -> Option<Self> {
                match word { $($word $(| $other)* => Some($name::$variant),)* _ => None }
            }
        }

        impl $crate::venue::upbit::wire::field::Value for $name {
            fn read(
                field: $crate::venue::upbit::wire::field::Field<'_>,
            ) -> Result<Self, $crate::venue::wire_error::WireError> {
                let word: String = $crate::venue::upbit::wire::field::Value::read(field)?;
                $name::of(&word).ok_or_else(|| field.wrong(&word, $expected))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::*;

    record! {
        /// A message.
        "a test" Sample {
            code: MarketCode = "code" | "cd" | "market",
            price: Price = "price" | "p",
            side: Option<Side> = "side",
            at: Option<Nanos> = "at",
            names: Option<Vec<String>> = "names",
            on: Option<bool> = "on",
        }
    }

    #[test]
    fn either_spelling_is_read() {
        let read = |text: &str| Sample::parse(text).map_err(|error| error.to_string());
        let long = read(r#"{"code":"KRW-BTC","price":1e3,"side":"BID","at":1795165445300,"x":[{}],"names":["\"a","b"]}"#);
        let long = long.expect("it is one");
        assert_eq!((long.code.as_str(), long.price.to_string().as_str(), long.side), ("KRW-BTC", "1000", Some(Side::Buy)));
        assert_eq!((long.at, long.names), (Some(Nanos::new(1_795_165_445_300_000_000)), Some(vec!["\"a".into(), "b".into()])));
        let short = read(r#"{"cd":"KRW-BTC","p":"1000.0","side":null,"on":false}"#).expect("it is one");
        assert_eq!((short.price, short.side, short.on), (long.price, None, Some(false)));
        assert!(read(r#"{"market":"KRW-BTC","price":"1"}"#).is_ok());
        for (bad, expected) in [
            (r#"{"code":"KRW-BTC"}"#, "a test has no field `price`"),
            (r#"{"code":"KRW-BTC","price":-1}"#, "at least 0"),
            (r#"{"code":"KRW-BTC","price":"x"}"#, "is not a decimal number"),
            (r#"{"code":"KRW-BTC","price":1.123456789}"#, "more than 8 decimals"),
            (r#"{"code":"btc","price":1}"#, "a market like KRW-BTC"),
            (r#"{"code":"KRW-BTC","price":1,"side":"UP"}"#, "BID or ASK"),
            (r#"{"code":"KRW-BTC","price":1,"at":"yesterday"}"#, "milliseconds"),
            (r#"{"code":"KRW-BTC","price":1,"at":-1}"#, "milliseconds"),
            (r#"{"code":"KRW-BTC","price":1,"names":"a"}"#, "a list"),
            (r#"{"code":"KRW-BTC","cd":"KRW-BTC","price":1}"#, "duplicate field"),
            ("[1]", "an object"),
            ("{", "a test"),
        ] {
            let error = read(bad).expect_err(bad);
            assert!(error.contains(expected), "{error}");
        }
    }
}
