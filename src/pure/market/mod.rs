//! Values of a market: numbers, instruments, trades, quotes, books, bars. Integers only.

pub mod number;
pub mod instrument;
pub mod data;
pub mod book;
pub mod rows;
pub mod premium;
pub mod reference;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use book::Book;
pub use data::{Bar, Depth, Level, Quote, Side, Trade};
pub use instrument::{Currency, Fees, Instrument, InstrumentId, InstrumentKind, TickTable, Venue};
pub use number::{Money, NumberError, Price, Qty, Rate, Rounding};
pub use premium::Premium;
pub use reference::{Activity, Reference};
pub use rows::{Closed, RowBuilder, RowSpan};
