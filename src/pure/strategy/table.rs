//! What a strategy has to show: [`Table`], plain data for a console.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::market::{Money, Price, Qty, Rate};

/// A value of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Words, or a code.
    Text(String),
    /// A price.
    Price(Price),
    /// A quantity.
    Qty(Qty),
    /// An amount.
    Money(Money),
    /// A percentage: 3.5 is 3.5 %.
    Percent(Rate),
    /// A number of something.
    Count(u64),
    /// Yes or no.
    Flag(bool),
    /// Not known.
    None,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Text(text) => f.write_str(text),
            Cell::Price(price) => price.fmt(f),
            Cell::Qty(qty) => qty.fmt(f),
            Cell::Money(money) => money.fmt(f),
            Cell::Percent(percent) => percent.fmt(f),
            Cell::Count(count) => count.fmt(f),
            Cell::Flag(yes) => f.write_str(if *yes { "예" } else { "아니오" }),
            Cell::None => f.write_str("-"),
        }
    }
}

/// Rows under names. Every row has as many cells as there are columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What it is.
    pub name: &'static str,
    /// Names of the columns.
    pub columns: &'static [&'static str],
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}
