//! What can go wrong with a journal: [`JournalError`].

use std::path::PathBuf;

use crate::codec::DecodeError;
use crate::stamp::Seq;

/// What went wrong, where, and what to do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused.
    #[error("{doing} {path}: {reason}", path = path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// sled refused or panicked.
    #[error("volume {volume}: {doing} failed in sled: {reason}. Nothing durable is lost; run `jangbu journal verify`")]
    Store {
        /// Number of the volume.
        volume: u32,
        /// What was being done.
        doing: &'static str,
        /// sled's words.
        reason: String,
    },
    /// Another process has the journal.
    #[error("the journal {dir} is in use by {holder}; stop it, or choose another journal with --journal", dir = dir.display())]
    Locked {
        /// The journal.
        dir: PathBuf,
        /// Who holds it: process id and since when.
        holder: String,
    },
    /// The process that writes the journal does not let us read it.
    #[error("the running process that writes {dir} does not answer ({reason}); its sealed volumes can still be read", dir = dir.display())]
    HolderSilent {
        /// The journal.
        dir: PathBuf,
        /// What happened.
        reason: String,
    },
    /// The process that writes the journal is not writing this volume (any more): it is sealed, and can be opened directly.
    #[error("volume {volume} is not being written (volume {active} is); read it directly")]
    NotActive {
        /// Number of the volume asked for.
        volume: u32,
        /// Number of the volume being written.
        active: u32,
    },
    /// There is no journal.
    #[error("{dir} is not a journal (no catalog in it); a live session makes one: jangbu live --journal {dir}", dir = dir.display())]
    NotAJournal {
        /// The folder.
        dir: PathBuf,
    },
    /// Events of this range are damaged.
    #[error(
        "events {first} to {last} are damaged in volume {volume}: {reason}. `jangbu journal verify` lists all damage, `jangbu journal repair` keeps what is intact and moves the rest aside"
    )]
    Damaged {
        /// Number of the volume.
        volume: u32,
        /// First event that cannot be read.
        first: Seq,
        /// Last event that cannot be read, as far as known.
        last: Seq,
        /// What is wrong.
        reason: String,
    },
    /// Events of this range were damaged and given up by a repair. What stands after them is intact.
    #[error("events {first} to {last} were lost, and given up by `jangbu journal repair`. A replay must end before them, or begin from a snapshot at or after {last}; events from {next} on can be read", next = last.next())]
    GivenUp {
        /// Number of the volume.
        volume: u32,
        /// First event given up.
        first: Seq,
        /// Last event given up.
        last: Seq,
    },
    /// The log is shorter than what was acknowledged as durable.
    #[error("the journal ends at seq {found} but was durable up to seq {marked}: events {first} to {marked} are missing. Look at the disk; `jangbu journal repair` accepts the loss and keeps what is there", first = found.next())]
    Shortened {
        /// Where it ends.
        found: Seq,
        /// Up to where it was durable.
        marked: Seq,
    },
    /// A file of ours beside sled is damaged.
    #[error("{path} is damaged: {reason}. `jangbu journal repair` rebuilds it", path = path.display())]
    DamagedFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The journal is not as it was when the repair was planned.
    #[error("{dir} has changed since the repair was planned, and nothing was done; plan it again", dir = dir.display())]
    PlanOutdated {
        /// The journal.
        dir: PathBuf,
    },
    /// The program appended what does not follow.
    #[error("cannot append seq {got}: {expected} is next (recv {recv} after {last_recv})")]
    OutOfOrder {
        /// The seq given.
        got: Seq,
        /// The seq that is next.
        expected: Seq,
        /// The receive time given.
        recv: i64,
        /// The last receive time.
        last_recv: i64,
    },
    /// A record does not fit a block.
    #[error("the record at seq {seq} takes {bytes} bytes; at most {max} fit a block: split it")]
    RecordTooLarge {
        /// Which.
        seq: Seq,
        /// Its size.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A block that is intact does not decode.
    #[error("the event at seq {seq} does not decode: {error}")]
    Decode {
        /// Which.
        seq: Seq,
        /// Why.
        error: DecodeError,
    },
    /// An earlier error stopped the journal; this is that error.
    #[error("the journal stopped at an earlier error: {0}")]
    Poisoned(Box<JournalError>),
}

#[cfg(feature = "sled")]
impl JournalError {
    /// Whether it says that a store could not be reached or asked, rather than what is in it.
    pub(crate) fn is_of_transport(&self) -> bool {
        matches!(
            self,
            JournalError::HolderSilent { .. }
                | JournalError::NotActive { .. }
                | JournalError::Store { .. }
                | JournalError::Io { .. }
        )
    }

    pub(crate) fn io(doing: &'static str, path: &std::path::Path, error: &std::io::Error) -> Self {
        JournalError::Io { doing, path: path.to_owned(), reason: Self::words(error) }
    }

    /// The system's words, and what to do where the disk is full: sled clears up to 16 MiB of a volume it opens.
    pub(crate) fn words(error: &std::io::Error) -> String {
        match error.kind() {
            std::io::ErrorKind::StorageFull => format!("{error}; make room, at least 32 MB, and start again"),
            _ => error.to_string(),
        }
    }
}
