//! A damaged journal is repaired: nothing intact is given up, nothing is deleted, and what is lost is said.
#![cfg(feature = "sled")]

mod common;

use std::path::Path;

use common::*;
use jangbu_journal::catalog::{catalog_path, volume_path};
use jangbu_journal::*;

fn made(last: u64, volume_bytes_max: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    journal(dir.path(), last, 40, volume_bytes_max);
    dir
}

fn ranges(ranges: &[SeqRange]) -> Vec<(u64, u64)> {
    ranges.iter().map(|range| (range.first.get(), range.last.get())).collect()
}

/// Plans and applies; afterwards there is nothing to repair and everything verifies.
fn repaired(dir: &Path) -> repair::Outcome {
    let plan = repair::plan(dir).expect("plans");
    let outcome = repair::apply(&plan).expect("applies");
    assert_eq!(outcome.plan, plan);
    let again = repair::plan(dir).expect("plans");
    assert!(again.is_empty() && again.given_up.is_empty(), "{again}");
    assert_eq!(repair::apply(&again).expect("nothing to do").aside, None);
    let report = verified(dir);
    assert!(report.intact, "{report}");
    outcome
}

/// A writer goes on at `next`, and what it appends is read.
fn goes_on(dir: &Path, next: u64) {
    let mut writer = Writer::<Note>::open(dir, options(200_000)).expect("opens");
    assert_eq!(writer.next_seq(), Seq::new(next));
    append(&mut writer, next + 99, 40, 10);
    writer.close().expect("closes");
    let (events, error) = read(dir, next, 1_000);
    assert!(error.is_none() && events == expect(next, next + 99, 40), "{error:?}");
    let report = verified(dir);
    assert!(report.intact, "{report}");
}

#[test]
fn a_whole_journal_is_left_alone() {
    let dir = made(20_000, 200_000);
    let plan = repair::plan(dir.path()).expect("plans");
    assert!(plan.is_empty() && plan.last == Seq::new(20_000), "{plan}");
    assert_eq!(repair::apply(&plan).expect("nothing to do").aside, None);
    assert!(!dir.path().join("damaged").exists());
}

#[test]
fn what_a_flipped_bit_hides_is_brought_back() {
    let dir = made(20_000, 200_000);
    let last = std::fs::read_dir(dir.path().join("volumes")).expect("lists").count() as u32;
    for volume in [2, last] {
        // In what sled writes between two items: it takes that for the end of its log, and all blocks are still there.
        let db = volume_path(dir.path(), volume).join("db");
        let bytes = std::fs::read(&db).expect("reads");
        let places: Vec<(usize, usize)> = block::carve(&bytes).map(|(at, item)| (at, at + item.stored_bytes())).collect();
        let between = places.windows(2).skip(places.len() / 3).find(|pair| pair[1].0 > pair[0].1 + 8).expect("sled's own bytes");
        flip(&db, between[1].0 - 6, 2);
    }
    let damaged = std::fs::read(volume_path(dir.path(), 2).join("db")).expect("reads");
    let outcome = repaired(dir.path());
    assert!(outcome.plan.given_up.is_empty() && !outcome.plan.recovered.is_empty(), "{}", outcome.plan);
    let aside = outcome.aside.expect("something was replaced");
    let kept = std::fs::read(Path::new(&aside).join("volumes/00000002/db")).expect("is kept");
    assert!(kept == damaged, "nothing is deleted, nor changed");
    let (events, error) = read(dir.path(), 1, 1_000);
    assert!(error.is_none() && events == expect(1, 20_000, 40), "{error:?}");
    let checkpoints = Reader::<Note>::open(dir.path()).expect("opens").checkpoints(Seq::ZERO, Seq::new(u64::MAX)).expect("reads");
    assert_eq!(checkpoints.len(), 200);
    goes_on(dir.path(), 20_001);
}

#[test]
fn a_gap_in_a_sealed_volume_is_named_and_what_is_behind_it_is_read() {
    let dir = made(20_000, 200_000);
    let first = items(dir.path(), 2)[1].0.block.get();
    let last = destroy(dir.path(), 2, first);
    let outcome = repaired(dir.path());
    assert_eq!(ranges(&outcome.plan.given_up), [(first, last)]);
    let words = outcome.plan.replay.join(" ");
    assert!(words.contains(&format!("end before event {first}")) && words.contains("snapshot at event 20000"), "{words}");
    let (events, error) = read(dir.path(), 1, 1_000);
    assert_eq!(events, expect(1, first - 1, 40));
    let Some(JournalError::GivenUp { volume: 2, first: from, last: to }) = error else { panic!("{error:?}") };
    assert_eq!((from.get(), to.get()), (first, last));
    let (events, error) = read(dir.path(), first + 1, 1_000);
    assert!(events.is_empty() && matches!(error, Some(JournalError::GivenUp { .. })), "{error:?}");
    let (events, error) = read(dir.path(), last + 1, 1_000);
    assert!(error.is_none() && events == expect(last + 1, 20_000, 40), "{error:?}");
    assert_eq!(ranges(&verified(dir.path()).given_up), [(first, last)]);
    goes_on(dir.path(), 20_001);
}

#[test]
fn a_volume_that_is_gone_leaves_a_gap() {
    let dir = made(20_000, 200_000);
    let (first, last) = (items(dir.path(), 2)[0].0.block.get(), items(dir.path(), 3)[0].0.block.get() - 1);
    std::fs::remove_dir_all(volume_path(dir.path(), 2)).expect("removes");
    std::fs::remove_dir_all(dir.path().join("snapshots")).expect("removes");
    let outcome = repaired(dir.path());
    assert_eq!(ranges(&outcome.plan.given_up), [(first, last)]);
    assert!(outcome.plan.replay.join(" ").contains("no snapshot at or after"), "{}", outcome.plan);
    assert_eq!(read(dir.path(), last + 1, 1_000).0, expect(last + 1, 20_000, 40));
    goes_on(dir.path(), 20_001);
}

#[test]
fn behind_a_gap_the_live_end_stays_when_a_snapshot_helps_over_it() {
    let dir = made(20_000, 1 << 20);
    let first = items(dir.path(), 1)[2].0.block.get();
    let last = destroy(dir.path(), 1, first);
    let outcome = repaired(dir.path());
    assert_eq!(ranges(&outcome.plan.given_up), [(first, last)]);
    assert_eq!(read(dir.path(), last + 1, 1_000).0, expect(last + 1, 20_000, 40));
    goes_on(dir.path(), 20_001);
}

#[test]
fn otherwise_the_live_end_is_cut_at_the_gap() {
    let dir = made(20_000, 1 << 20);
    std::fs::remove_dir_all(dir.path().join("snapshots")).expect("removes");
    let first = items(dir.path(), 1)[2].0.block.get();
    destroy(dir.path(), 1, first);
    let outcome = repaired(dir.path());
    assert_eq!((ranges(&outcome.plan.given_up), outcome.plan.last), (vec![(first, 20_000)], Seq::new(first - 1)));
    assert!(outcome.plan.catalog.is_some() && outcome.plan.mark.is_some(), "{}", outcome.plan);
    let (events, error) = read(dir.path(), 1, 1_000);
    assert!(error.is_none() && events == expect(1, first - 1, 40), "{error:?}");
    goes_on(dir.path(), first);
}

#[test]
fn a_log_shorter_than_its_mark_is_accepted_with_its_loss_named() {
    let dir = tempfile::tempdir().expect("a folder");
    journal(dir.path(), 2_000, 40, 1 << 20);
    let older = dir.path().join("older");
    std::fs::copy(volume_path(dir.path(), 1).join("db"), &older).expect("copies");
    journal(dir.path(), 9_000, 40, 1 << 20);
    std::fs::remove_dir_all(volume_path(dir.path(), 1)).expect("removes");
    std::fs::create_dir(volume_path(dir.path(), 1)).expect("makes");
    sled(dir.path(), 1);
    std::fs::rename(older, volume_path(dir.path(), 1).join("db")).expect("moves");
    assert!(matches!(Writer::<Note>::open(dir.path(), options(1 << 20)), Err(JournalError::Shortened { .. })));
    let outcome = repaired(dir.path());
    assert_eq!(ranges(&outcome.plan.given_up), [(2_001, 9_000)]);
    assert_eq!(outcome.plan.snapshots, [Seq::new(4_500), Seq::new(9_000)]);
    assert!(Path::new(&outcome.aside.expect("aside")).join("snapshots/00000000000000009000.snap").exists());
    let sessions = Reader::<Note>::open(dir.path()).expect("opens").sessions().to_vec();
    assert_eq!((sessions.len(), sessions[1].first, sessions[1].last), (2, Seq::new(2_001), Some(Seq::new(2_000))));
    goes_on(dir.path(), 2_001);
}

#[test]
fn catalog_and_mark_are_made_anew() {
    let dir = made(20_000, 200_000);
    std::fs::write(dir.path().join("mark"), [7; 64]).expect("writes");
    flip(&catalog_path(dir.path()), 20, 1);
    let outcome = repaired(dir.path());
    assert!(outcome.plan.catalog.is_some() && outcome.plan.mark.is_some() && outcome.plan.volumes.is_empty(), "{}", outcome.plan);
    let (events, error) = read(dir.path(), 1, 1_000);
    assert!(error.is_none() && events == expect(1, 20_000, 40), "{error:?}");
    std::fs::remove_file(dir.path().join("mark")).expect("removes");
    std::fs::remove_file(catalog_path(dir.path())).expect("removes");
    repaired(dir.path());
    goes_on(dir.path(), 20_001);
}

#[test]
fn a_journal_in_use_or_changed_since_is_not_touched() {
    let dir = made(2_000, 200_000);
    flip(&dir.path().join("snapshots/00000000000000001000.snap"), 12, 1);
    let plan = repair::plan(dir.path()).expect("plans");
    let writer = Writer::<Note>::open(dir.path(), options(200_000)).expect("opens");
    assert!(matches!(repair::plan(dir.path()), Err(JournalError::Locked { .. })));
    assert!(matches!(repair::apply(&plan), Err(JournalError::Locked { .. })));
    drop(writer);
    std::fs::remove_file(dir.path().join("snapshots/00000000000000001000.snap")).expect("removes");
    assert!(matches!(repair::apply(&plan), Err(JournalError::PlanOutdated { .. })));
    assert!(!dir.path().join("damaged").exists());
    assert!(matches!(repair::plan(&dir.path().join("nowhere")), Err(JournalError::NotAJournal { .. })));
}

#[test]
fn an_interrupted_repair_is_finished() {
    let dir = made(20_000, 200_000);
    let first = items(dir.path(), 2)[1].0.block.get();
    destroy(dir.path(), 2, first);
    let aside = repaired(dir.path()).aside.expect("aside");
    // As it is between the two renames: the old volume aside, the new one not yet in place.
    std::fs::rename(volume_path(dir.path(), 2), Path::new(&aside).join("rebuilt/00000002")).expect("moves");
    let plan = repair::plan(dir.path()).expect("plans");
    assert_eq!((plan.unfinished.as_slice(), plan.is_empty()), (&[2][..], false));
    repair::apply(&plan).expect("applies");
    let report = verified(dir.path());
    assert!(report.intact && report.events > 18_000, "{report}");
}

#[test]
fn whatever_bits_are_flipped_repair_gives_up_only_what_it_says() {
    let dir = made(8_000, 100_000);
    let volumes = std::fs::read_dir(dir.path().join("volumes")).expect("lists").count() as u32;
    let whole = tempfile::tempdir().expect("a folder");
    let copy = |from: &Path, to: &Path| {
        let _ = std::fs::remove_dir_all(to);
        assert!(std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().expect("copies").success());
    };
    copy(dir.path(), &whole.path().join("journal"));
    let work = tempfile::tempdir().expect("a folder");
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    let trials = if std::env::var_os("JANGBU_SLOW").is_some() { 60 } else { 8 };
    for trial in 0..trials {
        let dir = work.path().join("journal");
        copy(&whole.path().join("journal"), &dir);
        let db = volume_path(&dir, 1 + trial % volumes).join("db");
        let used = std::fs::read(&db).expect("reads").iter().rposition(|byte| *byte != 0).expect("used");
        for _ in 0..1 + trial % 8 * 4 {
            flip(&db, next() % used, (next() % 8) as u8);
        }
        let outcome = repaired(&dir);
        let mut from = 1;
        for range in &outcome.plan.given_up {
            assert_eq!(read(&dir, from, 1_000).0, expect(from, range.first.get() - 1, 40), "trial {trial}: {}", outcome.plan);
            from = range.last.get() + 1;
        }
        assert_eq!(read(&dir, from, 1_000).0, expect(from, 8_000, 40), "trial {trial}: {}", outcome.plan);
        let mut writer = Writer::<Note>::open(&dir, options(100_000)).expect("opens");
        let next = writer.next_seq().get();
        append(&mut writer, next + 10, 40, 5);
        writer.close().expect("closes");
    }
}
