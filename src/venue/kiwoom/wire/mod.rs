//! Kiwoom's messages, read and written: bytes in, values and events out. No socket, no clock, no float; nothing here panics on any bytes.
//!
//! ```text
//!   message ──▶ frame.rs ──▶ decoder.rs ──▶ events      request.rs ──▶ message
//!               real.rs,     feed.rs: a stock
//!               stream.rs,
//!               report.rs,   orders.rs: our orders, session.rs: phases
//!               book.rs
//!
//!   REST: rest/, a file for each subject
//!   every field: field.rs, number.rs, symbol.rs         every frame is in exactly one class of counts.rs
//! ```

pub mod number;
mod field;
pub mod symbol;
pub mod book;
pub mod report;
pub mod stream;
pub mod frame;
pub mod request;
pub mod session;
pub mod orders;
pub mod counts;
mod real;
mod feed;
pub mod decoder;
pub mod rest;

pub use counts::{FrameCounts, FrameOutcome};
pub use decoder::Decoder;
pub use frame::{Message, Reply, SystemCode};
pub use number::Number;
pub use orders::Orders;
pub use symbol::{Exchange, OrderNumber, Symbol};

#[cfg(test)]
#[path = "samples_tests.rs"]
mod samples;
