//! The book, ten levels a side: [`BookFrame`] of a REAL message of type `0D`.

use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

use super::field::{Text, Value, object};
use crate::market::{Price, Qty};
use crate::venue::binance::wire::WireError;
use crate::venue::kiwoom::time::TimeOfDay;

/// Levels a side.
pub const DEPTH: usize = 10;

/// The book of a stock (주식호가잔량).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookFrame {
    /// When.
    pub time: Option<TimeOfDay>,
    /// Asks, best first. Places without a price or a quantity are left out.
    pub asks: Vec<(Price, Qty)>,
    /// Bids, best first.
    pub bids: Vec<(Price, Qty)>,
    /// What stands on the ask side in all.
    pub ask_total: Option<Qty>,
    /// What stands on the bid side in all.
    pub bid_total: Option<Qty>,
    /// Price and quantity that an auction would have; only of use in one.
    pub expected: Option<(Price, Qty)>,
}

const WHAT: &str = "the book (0D)";

impl BookFrame {
    /// Reads it from the text of a JSON object.
    pub(crate) fn read(text: &str) -> Result<Self, WireError> {
        let values: BTreeMap<Cow<'_, str>, &RawValue> = object(WHAT, text)?;
        let field = |key: &str| -> Result<String, WireError> {
            let Some(raw) = values.get(key) else { return Ok(String::new()) };
            let text: Text<'_> =
                serde_json::from_str(raw.get()).map_err(|error| WireError::json(WHAT, &error, raw.get().as_bytes()))?;
            Ok(text.get().to_owned())
        };
        let side = |price_field: &'static str, price_from: usize, qty_from: usize| -> Result<Vec<(Price, Qty)>, WireError> {
            let mut levels = Vec::with_capacity(DEPTH);
            for place in 0..DEPTH {
                let price: Option<Price> = Value::read(WHAT, price_field, &field(&(price_from + place).to_string())?)?;
                let qty: Option<Qty> = Value::read(WHAT, "61 to 80", &field(&(qty_from + place).to_string())?)?;
                let qty = qty.unwrap_or(Qty::ZERO).abs();
                if let Some(price) = price.filter(|price| price.is_positive() && !qty.is_zero()) {
                    levels.push((price, qty));
                }
            }
            Ok(levels)
        };
        let expected_price: Option<Price> = Value::read(WHAT, "23", &field("23")?)?;
        let expected_qty: Option<Qty> = Value::read(WHAT, "24", &field("24")?)?;
        Ok(BookFrame {
            time: Value::read(WHAT, "21", &field("21")?)?,
            asks: side("41 to 50", 41, 61)?,
            bids: side("51 to 60", 51, 71)?,
            ask_total: Value::read(WHAT, "121", &field("121")?)?,
            bid_total: Value::read(WHAT, "125", &field("125")?)?,
            expected: expected_price.filter(|price| price.is_positive()).zip(expected_qty),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_without_a_price_are_left_out() {
        let text = r#"{"21":"101530","41":"+75100","61":"18450","42":"+75200","62":"31200","43":"0","63":"0","51":"+75000","71":"22310",
            "52":"74900","72":" 40120","121":"412300","125":"655120","23":"0","24":"0"}"#;
        let book = BookFrame::read(text).expect("a book");
        let shown =
            |side: &[(Price, Qty)]| side.iter().map(|(price, qty)| format!("{price}x{qty}")).collect::<Vec<_>>().join(" ");
        assert_eq!(shown(&book.asks), "75100x18450 75200x31200");
        assert_eq!(shown(&book.bids), "75000x22310 74900x40120");
        assert_eq!((book.time, book.expected), (TimeOfDay::new(10, 15, 30), None));
        assert_eq!(BookFrame::read("{}").map(|book| (book.asks.len(), book.ask_total)), Ok((0, None)));
        let error = BookFrame::read(r#"{"55":"x"}"#).expect_err("no price").to_string();
        assert!(error.contains("51 to 60") && error.contains("`x`"), "{error}");
        assert!(BookFrame::read(r#"{"55":[]}"#).is_err() && BookFrame::read("[]").is_err());
    }
}
