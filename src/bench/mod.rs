//! How fast this build is on this machine, as ratios against physical limits measured in the same run: [`run`].
//!
//! A number of events a second says more about the machine than about the program. So every measure does the same work twice: once
//! as the program does it, once as fast as anything could (a plain file, a decompressor). Rounds of both alternate, so that a
//! neighbour on the machine disturbs both alike, and the ratio is the median over the rounds.

mod rounds;
mod append;
mod decode;
mod replay;
mod workload;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jangbu_journal::{JournalError, Nanos, Seq, SessionInfo, Writer};
use jangbu_replay::{Divergence, VerifyError};

use crate::backtest::run::RunError;
use crate::event::Event;
pub use rounds::{Compared, Spread};

/// Rounds of each measure. An odd number has a median.
const ROUNDS: usize = 5;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Journal append with group commit against a plain file with `fdatasync`.
    Append,
    /// Decoding a journal against reading and decompressing it.
    Decode,
    /// Replaying a journal through the kernel against decoding it.
    Replay,
}

impl Measure {
    /// All, in the order they are run.
    pub const ALL: [Measure; 3] = [Measure::Append, Measure::Decode, Measure::Replay];

    /// Its word on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Measure::Append => "append",
            Measure::Decode => "decode",
            Measure::Replay => "replay",
        }
    }
}

/// One line of the result.
#[derive(Clone, Debug)]
pub struct Line {
    /// Which measure, and which variant of it.
    pub name: String,
    /// What was measured.
    pub subject: String,
    /// Against what.
    pub limit: &'static str,
    /// The least ratio we are content with, if there is one.
    pub goal: Option<f64>,
    /// Events in each round.
    pub events: u64,
    /// Bytes of these events, encoded.
    pub bytes: u64,
    /// Times of both sides.
    pub compared: Compared,
}

/// Why a measure could not be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// A file or folder of the bench.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The backtest that is replayed.
    #[error(transparent)]
    Backtest(#[from] RunError),
    /// The replay could not be carried out.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The replay is not what was recorded: a bug.
    #[error("the replay of a backtest made just before differs\n{divergence}")]
    Divergent {
        /// Where, and how.
        divergence: Box<Divergence>,
    },
    /// What was read is not what was written: a bug, or a disk that lies.
    #[error("{found} events were read where {expected} were written")]
    Lost {
        /// How many should be there.
        expected: u64,
        /// How many are.
        found: u64,
    },
}

impl BenchError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> BenchError + '_ {
        move |source| BenchError::Io { path: path.to_owned(), source }
    }
}

/// Takes `measures` on about `events` trades, with its files in `dir` (which it makes, and removes again). `progress` is told after
/// each round what is being measured, how many rounds are done, and of how many.
///
/// # Errors
/// When the disk refuses, or what was written does not come back.
pub fn run(
    measures: &[Measure],
    events: u64,
    dir: &Path,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<Vec<Line>, BenchError> {
    let folder = Folder::new(dir)?;
    let mut lines = Vec::new();
    for measure in measures {
        match measure {
            Measure::Append => append::measure(events, folder.path(), progress, &mut lines)?,
            Measure::Decode => lines.push(decode::measure(events, folder.path(), progress)?),
            Measure::Replay => lines.push(replay::measure(events, folder.path(), progress)?),
        }
    }
    Ok(lines)
}

/// Closes a journal as a session that ends well does.
fn close(mut writer: Writer<Event>, last: Seq) -> Result<(), BenchError> {
    let session = SessionInfo { id: 1, first: Seq::FIRST, last: None, started: Nanos::ZERO, note: "bench".into() };
    writer.begin_session(session)?;
    writer.end_session(last)?;
    Ok(writer.close()?)
}

/// The most memory this process has held so far, bytes; `None` where the system does not say.
pub fn peak_memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// A folder of ours, gone when we are.
struct Folder(PathBuf);

impl Folder {
    fn new(parent: &Path) -> Result<Self, BenchError> {
        let path = parent.join(format!("jangbu-bench-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(BenchError::io(&path))?;
        Ok(Folder(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
