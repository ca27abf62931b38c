//! An append-only log of stamped records over sled.

pub mod codec;
pub mod record;
pub mod stamp;

pub use codec::{DecodeError, Decoder, Encoder};
pub use record::Record;
pub use stamp::{Nanos, Seq, Stamp};
