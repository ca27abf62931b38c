//! An append-only log of stamped records over sled.

pub mod stamp;
pub mod record;
pub mod codec;
pub mod block;
pub mod checkpoint;
pub mod error;
#[cfg(feature = "sled")]
mod files;
#[cfg(feature = "sled")]
pub mod catalog;
#[cfg(feature = "sled")]
pub mod lock;
#[cfg(feature = "sled")]
mod snapshot;
pub mod store;
mod walk;
#[cfg(feature = "sled")]
mod recovery;
#[cfg(feature = "sled")]
mod share;
#[cfg(feature = "sled")]
mod flusher;
#[cfg(feature = "sled")]
pub mod writer;

pub use checkpoint::Checkpoint;
pub use codec::{DecodeError, Decoder, Encoder};
pub use error::JournalError;
pub use record::Record;
pub use store::Durability;
pub use stamp::{Nanos, Seq, Stamp};
#[cfg(feature = "sled")]
pub use writer::Writer;
