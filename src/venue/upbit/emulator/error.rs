//! Why an emulator could not start: [`EmulatorError`].

use std::net::SocketAddr;

use crate::data::tape::TapeError;

/// Why an emulator could not start.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
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
    /// The tape has no market data of Upbit at its beginning.
    #[error("{0}: no trade or book of Upbit in the first lines; is it a tape of another venue?")]
    Foreign(String),
    /// A market that cannot be made up.
    #[error("`{0}` is not a market of Upbit (expected QUOTE-BASE with a known quote currency, like KRW-BTC)")]
    Market(String),
}
