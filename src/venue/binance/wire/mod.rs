//! Binance's messages, read: bytes in, values and events out. No socket, no clock, no float; nothing here panics on any bytes.
//!
//! ```text
//!   frame ──▶ frame.rs ──▶ decoder.rs ──▶ events      every frame is in exactly one class of ../../counts.rs
//!             levels.rs     book_sync.rs
//!   snapshot ▶ rest.rs ───────┘                        ../../raw.rs keeps frames in the journal, in pieces
//! ```

pub mod levels;
mod field;
pub mod frame;
pub mod rest;
pub mod book_sync;
pub mod decoder;
pub mod private;

pub use crate::venue::counts::FrameCounts;
pub use crate::venue::levels::Levels;
pub use book_sync::{BookSync, DeltaIds, DeltaOutcome, SnapshotOutcome, SyncRule};
pub use decoder::Decoder;
pub use frame::{Control, FRAME_BYTES_MAX, Frame};

/// What became of a frame.
pub type FrameOutcome = crate::venue::counts::FrameOutcome<Control>;
