//! An append-only log of stamped records over sled.
//!
//! What it promises, the strongest first:
//!
//! 1. **Order.** Records have seqs 1, 2, 3, … without a gap, and times that never go back. They come back as they were
//!    appended, each once, or reading stops with an error that names the first one that cannot be read: [`Scan::next_batch`].
//! 2. **Durable means durable.** What [`Writer::durable`] has passed survives what [`Durability`] says: a power cut, or a killed
//!    process. After an error of the disk nothing more is called durable.
//! 3. **No silent loss.** Every block carries a checksum and that of the block before it; catalog and mark, outside of sled,
//!    say where the log must end. A flipped bit, a missing volume, a log that was put back: [`Writer::open`] and
//!    [`Reader::open`] refuse, and [`verify()`] lists all of it.
//! 4. **Damage does not spread.** A block decodes alone. sled is never let loose on what may be damaged: reading, verifying and
//!    a writer's first look use copies. [`repair`] keeps every intact block, deletes nothing, and says which records are given
//!    up.
//! 5. **One writer, any readers.** A second writer is refused and told who has the journal. Readers in other processes see what
//!    is written, while it is written; they never make the writer wait for more than a read.
//! 6. **Bounded memory**, whatever the journal's size: a volume is some 100 MB, and one at a time is open.
//!
//! It knows nothing of what it keeps: a record is what implements [`Record`].
//!
//! ```
//! use jangbu_journal::{DecodeError, Decoder, Encoder, Nanos, Reader, Record, Seq, Stamp, Writer, WriterOptions};
//!
//! /// A price in cents.
//! #[derive(Debug, PartialEq)]
//! struct Price(u64);
//!
//! impl Record for Price {
//!     const SCHEMA: u16 = 1;
//!     /// The time of the record before, in its block.
//!     type Context = i64;
//!
//!     fn encode(&self, stamp: &Stamp, before: &mut i64, out: &mut Encoder<'_>) {
//!         out.i64(stamp.recv.get() - *before);
//!         out.u64(self.0);
//!         *before = stamp.recv.get();
//!     }
//!
//!     fn decode(
//!         _schema: u16,
//!         seq: Seq,
//!         before: &mut i64,
//!         input: &mut Decoder<'_>,
//!         out: &mut Vec<(Stamp, Self)>,
//!     ) -> Result<(), DecodeError> {
//!         *before = before.wrapping_add(input.i64()?);
//!         let price = Price(input.u64()?);
//!         out.push((Stamp { seq, recv: Nanos::new(*before), venue: None }, price));
//!         Ok(())
//!     }
//! }
//!
//! let dir = tempfile::tempdir()?;
//! let mut writer = Writer::open(dir.path(), WriterOptions::default())?;
//! let stamp = Stamp { seq: writer.next_seq(), recv: Nanos::from_millis(1_000), venue: None };
//! writer.append(&stamp, &Price(6_512_300))?;
//! writer.sync()?; // durable from here on
//! assert_eq!(writer.durable(), stamp.seq);
//!
//! // Beside the writer, as another process would.
//! let mut out = Vec::new();
//! Reader::<Price>::open(dir.path())?.scan(Seq::FIRST)?.next_batch(100, &mut out)?;
//! assert_eq!(out, [(stamp, Price(6_512_300))]);
//! writer.close()?;
//!
//! assert!(jangbu_journal::verify(dir.path(), &mut |_| {})?.intact);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
pub mod info;
#[cfg(feature = "sled")]
pub mod repair;
#[cfg(feature = "sled")]
pub mod writer;

#[cfg(feature = "sled")]
pub use catalog::SessionInfo;
pub use checkpoint::Checkpoint;
pub use codec::{DecodeError, Decoder, Encoder, Short};
pub use error::JournalError;
#[cfg(feature = "sled")]
pub use info::{Info, SnapshotInfo, VolumeInfo, info};
#[cfg(feature = "sled")]
pub use reader::{Reader, Scan};
pub use record::Record;
#[cfg(feature = "sled")]
pub use repair::{Outcome, Plan, VolumeRepair};
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
