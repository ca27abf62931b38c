//! Kiwoom's messages, read and written: bytes in, values and events out. No socket, no clock, no float; nothing here panics on any bytes.
//!
//! ```text
//!   message ──▶ frame.rs ──▶ stream.rs, book.rs      request.rs ──▶ message
//!               every field by field.rs, number.rs, symbol.rs
//! ```

pub mod number;
mod field;
pub mod symbol;
pub mod book;
pub mod stream;
pub mod frame;
pub mod request;

pub use crate::venue::binance::wire::WireError;
pub use frame::{Message, Reply, SystemCode};
pub use number::Number;
pub use symbol::{Exchange, OrderNumber, Symbol};
