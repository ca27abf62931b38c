//! Why an emulator could not start or go on.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::data::tape::TapeError;

/// Why an emulator could not start, or why it stopped playing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmulatorError {
    /// The configuration asks for what cannot be.
    #[error("emulator: {0}")]
    Config(String),
    /// The address could not be listened at.
    #[error("emulator cannot listen at {address}: {source}; is another program there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The tape could not be read.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// A line of the tape is neither a combined-stream frame nor a depth snapshot.
    #[error(
        "tape {}, line {line}: expected {{\"stream\":…,\"data\":…}} or a depth snapshot {{\"lastUpdateId\":…, saw {seen:?}",
        path.display()
    )]
    Frame {
        /// The tape.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The beginning of what was there.
        seen: String,
    },
    /// A depth frame or snapshot of the source does not parse.
    #[error("market data for the emulator's book do not parse: {0}")]
    Depth(#[from] serde_json::Error),
}
