//! Why a live session could not begin: [`LiveError`]. Once it has begun, what ends it is a [`Halt`](super::summary::Halt) in its
//! summary.

use std::io;
use std::path::PathBuf;

use jangbu_journal::{JournalError, Seq};
use jangbu_replay::{Divergence, VerifyError};

use crate::market::Venue;
use crate::venue::secret::CredentialsError;

/// Why a live session could not begin, or its summary not be kept.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The journal cannot be opened or read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// What the journal says could not be replayed.
    #[error(transparent)]
    Replay(#[from] VerifyError),
    /// This build decides differently from the one that wrote the journal.
    #[error(
        "{divergence}\nThis build does not reproduce the journal {dir}, so it may not go on with it. Go on with the build that \
         wrote it, or begin another journal with --journal", dir = dir.display()
    )]
    Divergent {
        /// The journal.
        dir: PathBuf,
        /// Where they differ.
        divergence: Box<Divergence>,
    },
    /// The journal went on while it was being replayed.
    #[error("the journal {dir} ended at seq {read} when it was read and at {found} when it was opened; is another session writing it?", dir = dir.display())]
    Moved {
        /// The journal.
        dir: PathBuf,
        /// Where it ended.
        read: Seq,
        /// Where it ends.
        found: Seq,
    },
    /// There is nothing to listen to.
    #[error("no venue to connect to: name one in the settings ([[venue]]), or play a tape (--tape)")]
    NoVenue,
    /// A venue this build has no gateway for.
    #[error("venue {venue}: this build has no gateway for it (it has: {known})")]
    NoGateway {
        /// Which.
        venue: Venue,
        /// Those there are.
        known: String,
    },
    /// A venue that is to place real orders and cannot.
    #[error("venue {venue}: its gateway brings market data and places no orders yet. Trade it on paper: orders = \"paper\"")]
    NoOrders {
        /// Which.
        venue: Venue,
    },
    /// The keys of a venue that is to place real orders.
    #[error(transparent)]
    Keys(CredentialsError),
    /// A gateway could not be made.
    #[error("venue {reason}")]
    Gateway {
        /// Which.
        venue: Venue,
        /// Why.
        reason: String,
    },
    /// The emulator does not start.
    #[error("the emulator does not start: {reason}")]
    Emulator {
        /// Why.
        reason: String,
    },
    /// The operating system gives no thread, or no socket.
    #[error("{what}: {error}")]
    System {
        /// What was wanted.
        what: &'static str,
        /// The system's words.
        error: io::Error,
    },
}
