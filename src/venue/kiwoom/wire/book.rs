//! The book, ten levels a side: [`BookFrame`] of a REAL message of type `0D`.

pub use super::field::DEPTH;
use super::field::{Object, Value, side};
use super::real::{Source, Values};
use crate::market::{Price, Qty};
use crate::venue::kiwoom::time::TimeOfDay;
use crate::venue::wire_error::WireError;

const WHAT: &str = "the book (0D)";

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

impl BookFrame {
    /// Reads it from the text of a JSON object.
    pub(crate) fn read(text: &str) -> Result<Self, WireError> {
        let book = Object::parse(WHAT, text)?;
        BookFrame::of(&book)
    }

    /// The same from either source.
    pub(super) fn from_source(source: Source<'_>) -> Result<Self, WireError> {
        match source {
            Source::Text(text) => BookFrame::read(text),
            Source::Values(values) => BookFrame::of(values),
        }
    }

    fn of(fields: &impl ByNumber) -> Result<Self, WireError> {
        let side = |label, price_from: u16, qty_from: u16| {
            side(|place| Ok((fields.value(price_from + place - 1, label)?, fields.value(qty_from + place - 1, label)?)))
        };
        let expected_price: Option<Price> = fields.value(23, "23")?;
        let expected_qty: Option<Qty> = fields.value(24, "24")?;
        Ok(BookFrame {
            time: fields.value(21, "21")?,
            asks: side("41 to 70", 41, 61)?,
            bids: side("51 to 80", 51, 71)?,
            ask_total: fields.value(121, "121")?,
            bid_total: fields.value(125, "125")?,
            expected: expected_price.filter(|price| price.is_positive()).zip(expected_qty),
        })
    }
}

/// Fields by their number; `label` is how an error names one.
trait ByNumber {
    fn value<T: Value>(&self, fid: u16, label: &'static str) -> Result<T, WireError>;
}

impl ByNumber for Object<'_> {
    fn value<T: Value>(&self, fid: u16, label: &'static str) -> Result<T, WireError> {
        Object::value(self, &fid.to_string(), label)
    }
}

impl ByNumber for Values<'_> {
    fn value<T: Value>(&self, fid: u16, label: &'static str) -> Result<T, WireError> {
        T::read(WHAT, label, self.get(fid))
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
        assert!(error.contains("51 to 80") && error.contains("`x`"), "{error}");
        assert!(BookFrame::read(r#"{"55":[]}"#).is_err() && BookFrame::read("[]").is_err());
    }
}
