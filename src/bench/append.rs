//! Journal append with group commit, policy `power`, against a plain file that gets the same bytes with `fdatasync` at the same group size.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use jangbu_journal::{Writer, WriterOptions};

use super::rounds::{interleave, timed};
use super::workload::Trades;
use super::{BenchError, Line, ROUNDS};
use crate::event::Event;

/// Groups of the journal's default, of one block, and of one page: a busy market, a quiet one, and hardly any.
const GROUPS: [(usize, &str); 3] = [(1 << 20, "1 MiB"), (64 << 10, "64 KiB"), (4 << 10, "4 KiB")];
/// The most groups in a round: with a disk of 5 ms a group that is a second and a half.
const GROUPS_MAX: usize = 256;

/// A line for each group size.
pub(super) fn measure(
    events: u64,
    dir: &Path,
    progress: &mut dyn FnMut(&str, u64, u64),
    lines: &mut Vec<Line>,
) -> Result<(), BenchError> {
    let trades = Trades::new();
    let all = trades.encoded(events);
    for (group, size) in GROUPS {
        // As many events as fit the groups allowed; a trade takes the same few bytes throughout.
        let share = (group * GROUPS_MAX) as f64 / all.len() as f64;
        let events = if share < 1.0 { (events as f64 * share) as u64 } else { events };
        let bytes = trades.encoded(events);
        let name = format!("append, groups of {size}");
        let compared = interleave(
            ROUNDS,
            || journal(&trades, events, group, &dir.join("append")),
            || plain(&bytes, group, &dir.join("plain")),
            |round| progress(&name, round as u64, ROUNDS as u64),
        )?;
        lines.push(Line {
            name,
            subject: "journal append, group commit, policy power".into(),
            limit: "the same bytes to a plain file, fdatasync after each group",
            goal: Some(0.7),
            events,
            bytes: bytes.len() as u64,
            compared,
        });
    }
    Ok(())
}

/// From the first append until the last event is durable. Opening and closing do not count: a session does that once.
fn journal(trades: &Trades, events: u64, group_bytes_max: usize, dir: &Path) -> Result<Duration, BenchError> {
    let mut writer = Writer::<Event>::open(dir, WriterOptions { group_bytes_max, ..WriterOptions::default() })?;
    let (took, ()) = timed(|| trades.append(&mut writer, events))?;
    writer.close()?;
    fs::remove_dir_all(dir).map_err(BenchError::io(dir))?;
    Ok(took)
}

fn plain(bytes: &[u8], group: usize, path: &Path) -> Result<Duration, BenchError> {
    let mut file = File::create(path).map_err(BenchError::io(path))?;
    let (took, ()) = timed(|| {
        bytes
            .chunks(group)
            .try_for_each(|chunk| file.write_all(chunk).and_then(|()| file.sync_data()))
            .map_err(BenchError::io(path))
    })?;
    fs::remove_file(path).map_err(BenchError::io(path))?;
    Ok(took)
}
