//! Journal append with group commit, policy `power`, against a plain file with `fdatasync` at the same group size: one that is given
//! the same events and encodes them as the journal does, and one that is given the bytes.

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

/// Two lines for each group size: against a file of the same events, and against a file of the same bytes, which are there already.
pub(super) fn measure(
    events: u64,
    dir: &Path,
    progress: &mut dyn FnMut(&str, u64, u64),
    lines: &mut Vec<Line>,
) -> Result<(), BenchError> {
    let trades = Trades::new();
    let all = encoded(&trades, events)?;
    for (group, size) in GROUPS {
        // As many events as fit the groups allowed; a trade takes the same few bytes throughout.
        let share = (group * GROUPS_MAX) as f64 / all.len() as f64;
        let events = if share < 1.0 { (events as f64 * share) as u64 } else { events };
        let bytes = encoded(&trades, events)?;
        let mut against = |limit, goal, file: &dyn Fn() -> Result<Duration, BenchError>| -> Result<(), BenchError> {
            let name = format!("append, groups of {size}");
            let compared = interleave(
                ROUNDS,
                || journal(&trades, events, group, &dir.join("append")),
                file,
                |round| progress(&name, round as u64, ROUNDS as u64),
            )?;
            let subject = "journal append, group commit, policy power".into();
            lines.push(Line { name, subject, limit, goal, events, bytes: bytes.len() as u64, compared });
            Ok(())
        };
        let path = dir.join("plain");
        let file = || plain(&path, |full| trades.encode(events, group, full));
        against("the same events, encoded the same, to a plain file, fdatasync after each group", Some(0.7), &file)?;
        let file = || plain(&path, |full| bytes.chunks(group).try_for_each(full));
        against("the same bytes, encoded before, to a plain file, fdatasync after each group", None, &file)?;
    }
    Ok(())
}

fn encoded(trades: &Trades, events: u64) -> Result<Vec<u8>, BenchError> {
    let mut all = Vec::new();
    trades.encode(events, 1 << 20, |bytes| {
        all.extend_from_slice(bytes);
        Ok::<(), BenchError>(())
    })?;
    Ok(all)
}

/// From the first append until the last event is durable. Opening and closing do not count: a session does that once.
fn journal(trades: &Trades, events: u64, group_bytes_max: usize, dir: &Path) -> Result<Duration, BenchError> {
    let mut writer = Writer::<Event>::open(dir, WriterOptions { group_bytes_max, ..WriterOptions::default() })?;
    let (took, ()) = timed(|| trades.append(&mut writer, events))?;
    writer.close()?;
    fs::remove_dir_all(dir).map_err(BenchError::io(dir))?;
    Ok(took)
}

/// Writes each group that `groups` hands over, and syncs it.
fn plain(
    path: &Path,
    groups: impl FnOnce(&mut dyn FnMut(&[u8]) -> std::io::Result<()>) -> std::io::Result<()>,
) -> Result<Duration, BenchError> {
    let mut file = File::create(path).map_err(BenchError::io(path))?;
    let (took, ()) =
        timed(|| groups(&mut |group| file.write_all(group).and_then(|()| file.sync_data())).map_err(BenchError::io(path)))?;
    fs::remove_file(path).map_err(BenchError::io(path))?;
    Ok(took)
}
