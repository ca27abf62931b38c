//! The book, ten levels a side: [`BookFrame`] of a REAL message of type `0D`.

pub use super::field::DEPTH;
use super::field::Object;
use crate::market::{Price, Qty};
use crate::venue::kiwoom::time::TimeOfDay;
use crate::venue::wire_error::WireError;

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
        let book = Object::parse("the book (0D)", text)?;
        let side = |label, price_from: usize, qty_from: usize| {
            book.side(label, |place, price| (if price { price_from } else { qty_from } + place - 1).to_string())
        };
        let expected_price: Option<Price> = book.value("23", "23")?;
        let expected_qty: Option<Qty> = book.value("24", "24")?;
        Ok(BookFrame {
            time: book.value("21", "21")?,
            asks: side("41 to 70", 41, 61)?,
            bids: side("51 to 80", 51, 71)?,
            ask_total: book.value("121", "121")?,
            bid_total: book.value("125", "125")?,
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
        assert!(error.contains("51 to 80") && error.contains("`x`"), "{error}");
        assert!(BookFrame::read(r#"{"55":[]}"#).is_err() && BookFrame::read("[]").is_err());
    }
}
