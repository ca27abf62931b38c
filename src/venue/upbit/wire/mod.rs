//! Upbit's messages, read and written: bytes in, values and events out. No socket, no clock, no float; nothing here panics on
//! any bytes.
//!
//! ```text
//!   frame ──▶ frame.rs ──▶ decoder.rs ──▶ events      subscription.rs ──▶ request
//!             market.rs: ticker, trade, book, candle
//!             private.rs: our orders, our assets
//!
//!   REST: rest/, a file for each subject; its market data are the same records as the stream's
//!   every field: field.rs, number.rs, code.rs, moment.rs          every frame is in exactly one class of FrameCounts
//! ```
//!
//! Every message comes in two spellings, DEFAULT (`trade_price`) and SIMPLE (`tp`), alone or in a list; a record names both, so
//! that
//! nothing above [`market`] and [`private`] knows which one came. Sources: fact sheet part U (docs.upbit.com 1.6.4 and the
//! official SDK).

pub mod number;
pub mod code;
pub mod moment;
mod field;
pub mod market;
pub mod private;
pub mod subscription;
pub mod spelling;
pub mod frame;
pub mod decoder;
pub mod rest;

pub use crate::venue::counts::FrameCounts;
pub use crate::venue::levels::Levels;
pub use crate::venue::wire_error::WireError;
pub use code::MarketCode;
pub use decoder::{Decoder, FrameOutcome, Made};
pub use frame::{Control, FRAME_BYTES_MAX, Message};
pub use number::Number;

#[cfg(test)]
#[path = "samples_tests.rs"]
mod samples;
