//! Decoding a journal of trades against reading, checking and decompressing the same blocks.

use std::fs;
use std::path::Path;
use std::time::Duration;

use jangbu_journal::{Reader, Seq, Writer, WriterOptions};

use super::rounds::{interleave, timed};
use super::workload::Trades;
use super::{BenchError, Line, ROUNDS, close};
use crate::event::Event;

/// Events decoded at once, as a replay does.
const BATCH_EVENTS: usize = 1_024;

/// One line.
pub(super) fn measure(events: u64, dir: &Path, progress: &mut dyn FnMut(&str, u64, u64)) -> Result<Line, BenchError> {
    let dir = &dir.join("decode");
    let name = "decode";
    progress("writing a journal", 0, 1);
    let mut writer = Writer::<Event>::open(dir, WriterOptions::default())?;
    Trades::new().append(&mut writer, events)?;
    close(writer, Seq::new(events))?;
    let mut bytes = 0;
    let compared = interleave(
        ROUNDS,
        || decode(dir, events),
        || {
            let (took, length) = decompress(dir)?;
            bytes = length;
            Ok(took)
        },
        |round| progress(name, round as u64, ROUNDS as u64),
    )?;
    fs::remove_dir_all(dir).map_err(BenchError::io(dir))?;
    let limit = "the same blocks read, checked and decompressed";
    Ok(Line { name: name.into(), subject: "a journal decoded".into(), limit, goal: None, events, bytes, compared })
}

/// Every event of the journal.
pub(super) fn decode(dir: &Path, events: u64) -> Result<Duration, BenchError> {
    let (took, found) = timed(|| {
        let mut scan = Reader::<Event>::open(dir)?.scan(Seq::FIRST)?;
        let (mut batch, mut found) = (Vec::with_capacity(BATCH_EVENTS), 0);
        while scan.next_batch(BATCH_EVENTS, &mut batch)? > 0 {
            found += std::hint::black_box(&batch).len() as u64;
            batch.clear();
        }
        Ok::<_, BenchError>(found)
    })?;
    if found == events { Ok(took) } else { Err(BenchError::Lost { expected: events, found }) }
}

/// Every block of the journal; also says how many bytes of events there are.
pub(super) fn decompress(dir: &Path) -> Result<(Duration, u64), BenchError> {
    timed(|| {
        let mut scan = Reader::<Event>::open(dir)?.scan(Seq::FIRST)?;
        let mut bytes = 0;
        while let Some(block) = scan.next_encoded()? {
            bytes += std::hint::black_box(block).len() as u64;
        }
        Ok(bytes)
    })
}
