//! One flipped bit, anywhere: whoever opens or reads says so, or everything is there and right all the same.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use jangbu_journal::*;

use crate::tick::{Tick, mix};
use crate::{append, options, read, read_whole, rounds, seed};

/// A journal of several sealed volumes. The last one was closed, or the writer died and left fragments.
fn journal(dir: &Path, closed: bool) -> Seq {
    let mut writer = Writer::<Tick>::open(dir, options(Durability::Process, 70_000)).expect("opens");
    let first = writer.next_seq();
    writer
        .begin_session(SessionInfo { id: 1, first, last: None, started: Nanos::default(), note: "flips".into() })
        .expect("begins");
    for _ in 0..5 {
        append(&mut writer, 1_000, 90);
        let seq = writer.next_seq().previous();
        writer.checkpoint(&Checkpoint { seq, effects_count: 1, effects: 2, state: 3, parts: Vec::new() }).expect("keeps");
        writer.snapshot(seq, b"a state").expect("keeps");
        writer.sync().expect("syncs");
    }
    // Few, so that a block stays open.
    append(&mut writer, 40, 7);
    writer.sync().expect("syncs");
    let last = writer.next_seq().previous();
    if closed {
        writer.close().expect("closes");
    }
    last
}

/// A folder in memory where there is one: hundreds of journals are opened here, and each opening syncs.
fn quick_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}

/// Every file of a journal but the lock, with its length.
fn files(dir: &Path, found: &mut Vec<(PathBuf, u64)>) {
    let mut entries: Vec<_> = fs::read_dir(dir).expect("lists").map(|entry| entry.expect("an entry")).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let about = entry.metadata().expect("it is there");
        if about.is_dir() {
            files(&entry.path(), found);
        } else if about.is_file() && about.len() > 0 && entry.file_name() != "lock" {
            found.push((entry.path(), about.len()));
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("makes");
    for entry in fs::read_dir(from).expect("lists") {
        let entry = entry.expect("an entry");
        let (kind, target) = (entry.file_type().expect("a kind"), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_file() {
            fs::copy(entry.path(), target).expect("copies");
        }
    }
}

/// What a flip came to.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// A reader, the verification or a writer named it.
    Noticed,
    /// Everything is there and right.
    Harmless,
}

/// Looks at a journal with one flipped bit in every way there is.
fn judge(dir: &Path, whole: Seq) -> Outcome {
    // `read` has compared every event it was given.
    let (last, _, scan) = read(dir, Seq::FIRST);
    assert!(scan.is_some() || last == whole, "{last} of {whole} events were taken for all");
    let report = verify(dir, &mut |_| {});
    let intact = report.as_ref().is_ok_and(|report| report.intact);
    assert!(!intact || scan.is_none(), "verified as intact, but reading says {scan:?}");
    if let Ok(report) = &report {
        assert!(!intact || report.last == whole, "verified as intact up to {} of {whole}", report.last);
    }
    let opened = Writer::<Tick>::open(dir, options(Durability::Process, 70_000));
    let refused = opened.as_ref().err().map(ToString::to_string);
    assert!(!intact || refused.is_none(), "verified as intact, but a writer says {refused:?}");
    if let Ok(mut writer) = opened {
        assert_eq!(writer.next_seq(), whole.next(), "a writer goes on from the end");
        append(&mut writer, 10, 3);
        writer.close().expect("closes");
        let (after, _, error) = read(dir, Seq::FIRST);
        assert!(error.is_some() || after == whole.advance(10), "{after} of {} events were taken for all", whole.advance(10));
        assert!(scan.is_some() || error.is_none(), "it was whole, and after a writer it is not: {error:?}");
    }
    if scan.is_some() || !intact || refused.is_some() { Outcome::Noticed } else { Outcome::Harmless }
}

/// Flips bits of a journal, one at a time, each in a fresh copy of it.
fn flip(closed: bool, salt: u64) {
    let seed = seed();
    let (mut noticed, mut harmless) = (0, Vec::new());
    let good = quick_folder();
    let whole = journal(good.path(), closed);
    assert_eq!(read_whole(good.path(), "before any flip"), whole);
    let report = verify(good.path(), &mut |_| {}).expect("verifies");
    assert!(report.intact && (report.fragments > 0) != closed, "before any flip: {report}");
    let mut all = Vec::new();
    files(good.path(), &mut all);
    let logs: Vec<_> = all.iter().filter(|(path, _)| path.ends_with("db")).cloned().collect();
    assert!(logs.len() > 1, "several volumes: {all:?}");
    for round in 0..rounds(20, 100) {
        let dice = mix(seed.wrapping_mul(10_000).wrapping_add(round * 2 + salt));
        // Half of them in the volumes' logs by size, half in any file, most of which are small.
        let pool = if round % 2 == 0 { &logs } else { &all };
        let (path, length) = &pool[(dice % pool.len() as u64) as usize];
        let (at, bit) = (mix(dice) % length, mix(dice) >> 61);
        let damaged = quick_folder();
        copy(good.path(), damaged.path());
        let inside = path.strip_prefix(good.path()).expect("below it");
        let mut bytes = fs::read(path).expect("reads");
        bytes[at as usize] ^= 1 << bit;
        fs::write(damaged.path().join(inside), bytes).expect("writes");
        let what = format!("JANGBU_SEED={seed}, round {round}: {}, byte {at}, bit {bit}", inside.display());
        match catch_unwind(AssertUnwindSafe(|| judge(damaged.path(), whole))) {
            Ok(Outcome::Noticed) => noticed += 1,
            Ok(Outcome::Harmless) => harmless.push(what),
            Err(_) => panic!("see above: {what}"),
        }
    }
    eprintln!("{noticed} flips noticed, {} harmless", harmless.len());
    harmless.iter().for_each(|what| eprintln!("  harmless: {what}"));
    assert!(noticed > 0, "a flip that nobody ever notices is none");
}

#[test]
fn one_flipped_bit_of_a_closed_journal_is_noticed_or_harmless() {
    flip(true, 0);
}

#[test]
fn one_flipped_bit_of_an_open_block_is_noticed_or_harmless() {
    flip(false, 1);
}
