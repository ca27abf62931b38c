//! Book levels as Binance writes them, `[["61800.20","2.909"],…]`, read without an allocation per level into [`Levels`].

use std::str::FromStr;

use crate::market::{Price, Qty};
use crate::venue::levels::Levels;
use crate::venue::wire_error::WireError;

/// Reads one side into `out`, which is cleared first. `text` is valid JSON (a raw value), so only its shape is checked.
///
/// # Errors
/// When it is not an array of pairs of decimal strings, a price is not positive, or a quantity is negative.
pub(crate) fn read_side(
    what: &'static str,
    field: &'static str,
    text: &str,
    out: &mut Vec<(Price, Qty)>,
) -> Result<(), WireError> {
    out.clear();
    let mut cursor = Cursor { what, field, text, at: 0 };
    cursor.expect(b'[')?;
    if cursor.peek() == Some(b']') {
        return Ok(());
    }
    loop {
        cursor.expect(b'[')?;
        let price: Price = cursor.number()?;
        cursor.expect(b',')?;
        let qty: Qty = cursor.number()?;
        // Old frames carry a third, empty element; whatever stands there is skipped.
        cursor.close_pair()?;
        if !price.is_positive() || qty.is_negative() {
            return Err(cursor.wrong("a positive price and a quantity of at least 0"));
        }
        if out.len() == Levels::SIDE_MAX {
            return Err(cursor.wrong("at most 20000 levels a side"));
        }
        out.push((price, qty));
        match cursor.next() {
            Some(b',') => {}
            Some(b']') => return Ok(()),
            _ => return Err(cursor.wrong("`,` or `]` after a level")),
        }
    }
}

struct Cursor<'a> {
    what: &'static str,
    field: &'static str,
    text: &'a str,
    at: usize,
}

impl Cursor<'_> {
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Result<(), WireError> {
        match self.next() {
            Some(seen) if seen == byte => Ok(()),
            _ => Err(self.wrong("an array of [\"price\",\"quantity\"] pairs")),
        }
    }

    fn number<T: FromStr<Err = crate::market::NumberError>>(&mut self) -> Result<T, WireError> {
        self.expect(b'"')?;
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|&byte| byte == b'"').ok_or_else(|| self.wrong("a closed string"))?;
        // Both ends are ASCII quotes, so the slice lies on character boundaries.
        let text = &self.text[self.at..self.at + length];
        self.at += length + 1;
        text.parse().map_err(|error| WireError::Number { what: self.what, field: self.field, error })
    }

    fn close_pair(&mut self) -> Result<(), WireError> {
        match self.next() {
            Some(b']') => Ok(()),
            Some(b',') => {
                self.expect(b'[')?;
                self.expect(b']')?;
                self.expect(b']')
            }
            _ => Err(self.wrong("`]` after the quantity")),
        }
    }

    fn wrong(&self, expected: &'static str) -> WireError {
        let mut from = self.at.saturating_sub(24).min(self.text.len());
        while !self.text.is_char_boundary(from) {
            from -= 1;
        }
        WireError::field(self.what, self.field, &self.text[from..], expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let mut out = Vec::new();
        read_side("a test", "b", text, &mut out).map_err(|error| error.to_string())?;
        Ok(out.iter().map(|(price, qty)| format!("{price}@{qty}")).collect())
    }

    #[test]
    fn a_side_is_read_exactly() {
        assert_eq!(read("[]"), Ok(vec![]));
        assert_eq!(read(r#"[["61800.20","2.909"],["1000.00","0"]]"#), Ok(vec!["61800.2@2.909".into(), "1000@0".into()]));
        assert_eq!(read(r#" [ [ "1" , "2" , [] ] ] "#), Ok(vec!["1@2".into()]));
    }

    #[test]
    fn what_is_not_a_side_is_told() {
        for bad in
            ["{}", "[1]", r#"[["1"]]"#, r#"[["1","2"]"#, r#"[["0","2"]]"#, r#"[["1","-2"]]"#, r#"[["1","2"]["#, r#"[["x","2"]]"#]
        {
            let error = read(bad).expect_err(bad);
            assert!(error.contains("a test") && error.contains("`b`"), "{error}");
        }
    }
}
