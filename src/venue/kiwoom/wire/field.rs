//! Fields of a message: every value is a string on the wire, and a type of ours here. [`record!`] makes a message of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jangbu_journal::Nanos;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::number::Number;
use crate::market::{Money, NumberError, Price, Qty, Rate};
use crate::venue::kiwoom::time::{Date, TimeOfDay, parse_moment};
use crate::venue::wire_error::WireError;

/// The text of a value: a string, or the number, `true`, `false` that stands where a string should. `null` is blank, as is what is
/// not there at all: Kiwoom leaves out and blanks fields as it likes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    pub(crate) fn get(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        let inside = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
        match inside {
            Some(inside) if !inside.contains('\\') => Ok(Text(Cow::Borrowed(inside))),
            Some(_) => serde_json::from_str::<String>(raw).map(|text| Text(Cow::Owned(text))).map_err(serde::de::Error::custom),
            None if raw == "null" => Ok(Text::default()),
            None if raw.starts_with(['{', '[']) => Err(serde::de::Error::custom("a list or an object where a string should be")),
            None => Ok(Text(Cow::Borrowed(raw))),
        }
    }
}

/// A type that a field can be.
pub(crate) trait Value: Sized {
    /// Reads it.
    fn read(what: &'static str, field: &'static str, text: &str) -> Result<Self, WireError>;
}

fn number(what: &'static str, field: &'static str, text: &str) -> Result<Option<Number>, WireError> {
    Number::parse(text).map_err(|error| WireError::Number { what, field, error })
}

fn fitting<T>(what: &'static str, field: &'static str, text: &str, value: Option<T>) -> Result<Option<T>, WireError> {
    match value {
        Some(value) => Ok(Some(value)),
        None => Err(WireError::Number { what, field, error: NumberError::TooLarge { text: text.chars().take(40).collect() } }),
    }
}

impl Value for String {
    fn read(_: &'static str, _: &'static str, text: &str) -> Result<Self, WireError> {
        Ok(text.trim().to_owned())
    }
}

/// A price, without the sign, which is colour.
impl Value for Option<Price> {
    fn read(what: &'static str, field: &'static str, text: &str) -> Result<Self, WireError> {
        let Some(number) = number(what, field, text)? else { return Ok(None) };
        fitting(what, field, text, number.price())
    }
}

/// An amount or a difference, with its sign.
impl Value for Option<Money> {
    fn read(what: &'static str, field: &'static str, text: &str) -> Result<Self, WireError> {
        Ok(number(what, field, text)?.map(Number::money))
    }
}

/// A quantity, with its sign.
impl Value for Option<Qty> {
    fn read(what: &'static str, field: &'static str, text: &str) -> Result<Self, WireError> {
        Ok(number(what, field, text)?.map(Number::qty))
    }
}

/// Percent on the wire, a share here.
impl Value for Option<Rate> {
    fn read(what: &'static str, field: &'static str, text: &str) -> Result<Self, WireError> {
        let Some(number) = number(what, field, text)? else { return Ok(None) };
        fitting(what, field, text, number.percent())
    }
}

/// A whole number: a count, a code.
impl Value for Option<i64> {
    fn read(what: &'static str, field: &'static str, text: &str) -> Result<Self, WireError> {
        let Some(number) = number(what, field, text)? else { return Ok(None) };
        let integer = number.integer();
        integer.map(Some).ok_or_else(|| WireError::field(what, field, text, "a whole number"))
    }
}

/// `YYYYMMDD`; `00000000` and blank are none.
impl Value for Option<Date> {
    fn read(what: &'static str, field: &'static str, text: &str) -> Result<Self, WireError> {
        if text.trim().trim_start_matches('0').is_empty() {
            return Ok(None);
        }
        Date::parse(text).map(Some).ok_or_else(|| WireError::field(what, field, text, "a day, YYYYMMDD"))
    }
}

/// `HHMMSS`; blank is none. What is no time of a clock (`888888` marks the after-hours book) is none as well.
impl Value for Option<TimeOfDay> {
    fn read(_: &'static str, _: &'static str, text: &str) -> Result<Self, WireError> {
        Ok(TimeOfDay::parse(text))
    }
}

/// `YYYYMMDDHHMMSS`; blank is none.
impl Value for Option<Nanos> {
    fn read(what: &'static str, field: &'static str, text: &str) -> Result<Self, WireError> {
        if text.trim().trim_start_matches('0').is_empty() {
            return Ok(None);
        }
        let expected = "a moment, YYYYMMDDHHMMSS";
        parse_moment(text).map(Some).ok_or_else(|| WireError::field(what, field, text, expected))
    }
}

/// `Y` is true.
impl Value for bool {
    fn read(_: &'static str, _: &'static str, text: &str) -> Result<Self, WireError> {
        Ok(text.trim() == "Y")
    }
}

/// An object whose keys are made by a rule: levels of a book.
pub(crate) struct Object<'a> {
    what: &'static str,
    fields: BTreeMap<Cow<'a, str>, &'a RawValue>,
}

impl<'a> Object<'a> {
    pub(crate) fn parse(what: &'static str, text: &'a str) -> Result<Self, WireError> {
        Ok(Object { what, fields: object(what, text)? })
    }

    /// A field; `label` is how an error names it.
    pub(crate) fn value<T: Value>(&self, key: &str, label: &'static str) -> Result<T, WireError> {
        let Some(raw) = self.fields.get(key).map(|raw| raw.get()) else { return T::read(self.what, label, "") };
        let text: Text<'_> = serde_json::from_str(raw).map_err(|error| WireError::json(self.what, &error, raw.as_bytes()))?;
        T::read(self.what, label, text.get())
    }

    /// A side of a book, best first: `key(place, true)` names the price of a place from 1 on, `key(place, false)` the quantity. Places
    /// without a price or a quantity are left out.
    pub(crate) fn side(&self, label: &'static str, key: impl Fn(usize, bool) -> String) -> Result<Vec<(Price, Qty)>, WireError> {
        side(|place| {
            Ok((self.value(&key(usize::from(place), true), label)?, self.value(&key(usize::from(place), false), label)?))
        })
    }
}

/// Price and quantity of a place in a book, where they are told.
type Place = (Option<Price>, Option<Qty>);

/// A side of a book out of its places, from 1 on. Those without a price or a quantity are left out.
pub(crate) fn side(at: impl Fn(u16) -> Result<Place, WireError>) -> Result<Vec<(Price, Qty)>, WireError> {
    let mut levels = Vec::with_capacity(DEPTH);
    for place in 1..=DEPTH as u16 {
        let (price, qty) = at(place)?;
        let qty = qty.unwrap_or(Qty::ZERO).abs();
        if let Some(price) = price.filter(|price| price.is_positive() && !qty.is_zero()) {
            levels.push((price, qty));
        }
    }
    Ok(levels)
}

/// Levels a side of every book.
pub const DEPTH: usize = 10;

/// An object out of its text. An array is refused: serde would take one for a struct.
pub(crate) fn object<'a, T: Deserialize<'a>>(what: &'static str, text: &'a str) -> Result<T, WireError> {
    if !text.trim_start().starts_with('{') {
        return Err(WireError::field(what, "{}", text, "an object"));
    }
    serde_json::from_str(text).map_err(|error| WireError::json(what, &error, text.as_bytes()))
}

/// A message as a struct whose fields are read by their key: `name: Type = "key",`. Keys that are not named are passed over.
macro_rules! record {
    ($(#[$doc:meta])* $what:literal $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $key:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

        impl $name {
            /// Reads it from the text of a JSON object.
            pub(crate) fn read(text: &str) -> Result<Self, $crate::venue::wire_error::WireError> {
                #[derive(serde::Deserialize)]
                struct Raw<'a> {
                    $(#[serde(borrow, default, rename = $key)] $field: $crate::venue::kiwoom::wire::field::Text<'a>,)*
                }
                let raw: Raw<'_> = $crate::venue::kiwoom::wire::field::object($what, text)?;
                Ok($name {
                    $($field: $crate::venue::kiwoom::wire::field::Value::read($what, $key, raw.$field.get())?,)*
                })
            }
        }
    };
}
pub(crate) use record;

#[cfg(test)]
mod tests {
    use super::*;

    record! {
        /// A message.
        "a test" Sample {
            name: String = "302",
            price: Option<Price> = "10",
            rate: Option<Rate> = "12",
            count: Option<i64> = "n",
            date: Option<Date> = "dt",
            time: Option<TimeOfDay> = "20",
        }
    }

    #[test]
    fn a_field_is_read_whatever_stands_there() {
        let read = |text: &str| Sample::read(text).map_err(|error| error.to_string());
        let text = r#"{"302":"삼성\"전자  ","10":"-74800","12":"+0.13","n":7,"dt":"20261120","20":"888888","x":{"y":[1]}}"#;
        let sample = read(text).expect("it is one");
        assert_eq!((sample.name.as_str(), sample.count, sample.time), ("삼성\"전자", Some(7), None));
        assert_eq!(sample.price.map(|price| price.to_string()), Some("74800".into()));
        assert_eq!(sample.rate.map(|rate| rate.to_string()), Some("0.0013".into()));
        assert_eq!(sample.date.map(|date| date.to_string()), Some("20261120".into()));
        let blank = read(r#"{"10":null,"n":"","dt":"00000000"}"#).expect("all may be blank");
        assert_eq!((blank.price, blank.count, blank.date), (None, None, None));
        for (bad, expected) in [
            (r#"{"10":"x"}"#, "a test: field `10`"),
            (r#"{"10":["1"]}"#, "a list"),
            (r#"{"n":"1.5"}"#, "a whole number"),
            (r#"{"dt":"20261131"}"#, "YYYYMMDD"),
            ("[]", "an object"),
            ("{", "a test"),
        ] {
            let error = read(bad).expect_err(bad);
            assert!(error.contains(expected), "{error}");
        }
    }
}
