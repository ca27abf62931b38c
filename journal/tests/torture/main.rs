//! The journal under torture: killed writers, cut power, flipped bits, full disks, readers beside a writer.
//!
//! Small by default; `JANGBU_SLOW=1` runs many more rounds. Everything random comes of one seed, which a failing test names:
//! `JANGBU_SEED=n` repeats it (but for the moment a process is killed at, which nobody can).
#![cfg(feature = "sled")]

mod tick;
mod child;
mod kill;
mod power;
mod flips;
mod full_disk;
mod beside;

use std::path::Path;

use jangbu_journal::*;
use tick::Tick;

/// How often something is done.
fn rounds(quick: u64, slow: u64) -> u64 {
    if std::env::var_os("JANGBU_SLOW").is_some() { slow } else { quick }
}

/// What everything random comes of.
fn seed() -> u64 {
    std::env::var("JANGBU_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

fn options(durability: Durability, volume_bytes_max: u64) -> WriterOptions {
    WriterOptions { durability, volume_bytes_max, group_bytes_max: 100_000, ..WriterOptions::default() }
}

/// Appends the next `count` ticks, committing every `every`.
fn append(writer: &mut Writer<Tick>, count: u64, every: u64) {
    for n in 1..=count {
        let (stamp, tick) = Tick::at(writer.next_seq());
        writer.append(&stamp, &tick).expect("appends");
        if n % every == 0 {
            writer.commit().expect("commits");
        }
    }
}

/// Reads from `from` to the end. Every event handed out must be the one that was written at its seq, in order and without a hole.
/// Returns the last one, what the reader had said the last would be, and the error that ended it.
fn read(dir: &Path, from: Seq) -> (Seq, Seq, Option<JournalError>) {
    let reader = match Reader::<Tick>::open(dir) {
        Ok(reader) => reader,
        Err(error) => return (Seq::ZERO, Seq::ZERO, Some(error)),
    };
    let promised = reader.last_seq();
    let mut last = from.previous();
    let mut scan = match reader.scan(from) {
        Ok(scan) => scan,
        Err(error) => return (last, promised, Some(error)),
    };
    let mut out = Vec::new();
    loop {
        match scan.next_batch(1_000, &mut out) {
            Ok(0) => return (last, promised, None),
            Ok(_) => {}
            Err(error) => return (last, promised, Some(error)),
        }
        for event in out.drain(..) {
            last = last.next();
            assert_eq!(event, Tick::at(last), "what was written at seq {last} of {}", dir.display());
        }
    }
}

/// The last event of a journal in which nothing is wrong.
fn read_whole(dir: &Path, what: &str) -> Seq {
    let (last, promised, error) = read(dir, Seq::FIRST);
    assert!(error.is_none() && last == promised, "{what}: read up to {last} of {promised}: {error:?}");
    last
}

/// What a dead writer left: nothing acknowledged is missing, all of it is right, and it can be gone on with. Returns the last event.
fn check_left(dir: &Path, acknowledged: Seq, what: &str) -> Seq {
    let is_there = dir.join("catalog").exists();
    assert!(is_there || acknowledged == Seq::ZERO, "{what}: {acknowledged} was acknowledged, and there is no catalog");
    let left = if is_there { read_whole(dir, what) } else { Seq::ZERO };
    assert!(left >= acknowledged, "{what}: {acknowledged} was acknowledged, a reader finds {left}");
    if is_there {
        let report = verify(dir, &mut |_| {}).expect("verifies");
        assert!(report.intact && report.last == left, "{what}: {report}");
    }
    let mut writer = match Writer::<Tick>::open(dir, options(Durability::Process, 1 << 20)) {
        Ok(writer) => writer,
        Err(error) => panic!("{what}: acknowledged up to {acknowledged}, then: {error}"),
    };
    assert_eq!(writer.next_seq(), left.next(), "{what}: a writer goes on where a reader ends");
    append(&mut writer, 57, 10);
    writer.close().expect("closes");
    let last = read_whole(dir, what);
    assert_eq!(last, left.advance(57), "{what}");
    last
}
