//! An append-only log of stamped records over sled.

pub mod stamp;
pub mod record;
pub mod codec;
#[cfg(feature = "sled")]
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
#[cfg(feature = "sled")]
mod walk;
#[cfg(feature = "sled")]
mod recovery;
#[cfg(feature = "sled")]
mod share;
#[cfg(feature = "sled")]
mod access;
#[cfg(feature = "sled")]
mod flusher;
#[cfg(feature = "sled")]
pub mod reader;
#[cfg(feature = "sled")]
pub mod report;
#[cfg(feature = "sled")]
mod salvage;
#[cfg(feature = "sled")]
mod examine;
#[cfg(feature = "sled")]
mod survey;
#[cfg(feature = "sled")]
pub mod verify;
#[cfg(feature = "sled")]
pub mod writer;

#[cfg(feature = "sled")]
pub use catalog::SessionInfo;
pub use checkpoint::Checkpoint;
pub use codec::{DecodeError, Decoder, Encoder};
pub use error::JournalError;
#[cfg(feature = "sled")]
pub use reader::{Reader, Scan};
pub use record::Record;
#[cfg(feature = "sled")]
pub use report::{Finding, Harm, Report, SeqRange};
#[cfg(all(feature = "sled", feature = "fuzzing"))]
pub use share::fuzz as fuzz_share_wire;
pub use stamp::{Nanos, Seq, Stamp};
pub use store::Durability;
#[cfg(feature = "sled")]
pub use verify::{Progress, verify, verify_records};
#[cfg(feature = "sled")]
pub use writer::{Writer, WriterOptions};

// The tests' record is shared with the tests from outside, and names this crate as they do.
#[cfg(test)]
extern crate self as jangbu_journal;
#[cfg(all(test, feature = "sled"))]
mod power;
