//! One field of a message, read as what it has to be: [`Field`].

use jangbu_journal::Nanos;
use serde_json::value::RawValue;

use super::frame::nanos_of;
use crate::venue::wire_error::WireError;

/// A field of a message: what message, which key, its text if it is there.
pub(super) struct Field<'a>(pub(super) &'static str, pub(super) &'static str, pub(super) Option<&'a RawValue>);

impl<'a> Field<'a> {
    pub(super) fn raw(&self, expected: &'static str) -> Result<&'a str, WireError> {
        self.2.map(RawValue::get).ok_or(WireError::Missing { what: self.0, field: self.1, expected })
    }

    pub(super) fn wrong(&self, seen: &str, expected: &'static str) -> WireError {
        WireError::field(self.0, self.1, seen, expected)
    }

    /// A string without escapes.
    pub(super) fn text(&self) -> Result<&'a str, WireError> {
        const EXPECTED: &str = "a string";
        let raw = self.raw(EXPECTED)?;
        let text = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
        text.filter(|text| !text.contains('\\')).ok_or_else(|| self.wrong(raw, EXPECTED))
    }

    /// A decimal string.
    pub(super) fn number<T: std::str::FromStr<Err = crate::market::NumberError>>(&self) -> Result<T, WireError> {
        const EXPECTED: &str = "a decimal string";
        let raw = self.raw(EXPECTED)?;
        let text = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).ok_or_else(|| self.wrong(raw, EXPECTED))?;
        if text.starts_with('-') {
            return Err(self.wrong(raw, "a decimal string of at least 0"));
        }
        text.parse().map_err(|error| WireError::Number { what: self.0, field: self.1, error })
    }

    pub(super) fn integer(&self) -> Result<u64, WireError> {
        const EXPECTED: &str = "an integer of at least 0";
        let raw = self.raw(EXPECTED)?;
        raw.parse().map_err(|_| self.wrong(raw, EXPECTED))
    }

    pub(super) fn signed(&self) -> Result<i64, WireError> {
        const EXPECTED: &str = "an integer";
        let raw = self.raw(EXPECTED)?;
        raw.parse().map_err(|_| self.wrong(raw, EXPECTED))
    }

    pub(super) fn boolean(&self) -> Result<bool, WireError> {
        match self.raw("true or false")? {
            "true" => Ok(true),
            "false" => Ok(false),
            seen => Err(self.wrong(seen, "true or false")),
        }
    }

    pub(super) fn time(&self) -> Result<Nanos, WireError> {
        let value = self.integer()?;
        nanos_of(value).ok_or_else(|| self.wrong(&value.to_string(), "milliseconds or microseconds since 1970"))
    }
}
