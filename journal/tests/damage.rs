//! Flipped bits in sled's files: whoever opens the journal says so, and touches nothing that repair could still use.
#![cfg(feature = "sled")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::*;
use jangbu_journal::catalog::volume_path;
use jangbu_journal::*;

/// Flips a bit in the second block of a volume, wherever the file has it, and returns the file as it is then. sled writes pages
/// anew and fills gaps: a byte taken blindly may be one that nobody reads.
fn flip_in(dir: &Path, volume: u32) -> Vec<u8> {
    let path = volume_path(dir, volume).join("db");
    let bytes = std::fs::read(&path).expect("reads");
    let whole = block::carve(&bytes).filter(|(_, found)| found.header.fragment == 0);
    let firsts: BTreeSet<u64> = whole.map(|(_, found)| found.header.first.get()).collect();
    destroy(dir, volume, *firsts.iter().nth(1).expect("a second block"));
    std::fs::read(&path).expect("reads")
}

#[test]
fn reading_a_damaged_volume_leaves_it_as_it_is() {
    let dir = tempfile::tempdir().expect("a folder");
    journal(dir.path(), 20_000, 40, 200_000);
    let damaged = flip_in(dir.path(), 2);
    let (events, error) = read(dir.path(), 1, 1_000);
    assert!(matches!(error, Some(JournalError::Damaged { volume: 2, .. })), "{error:?}");
    assert_eq!(events, expect(1, events.len() as u64, 40));
    assert!(std::fs::read(volume_path(dir.path(), 2).join("db")).expect("reads") == damaged, "sled has changed it");
}

#[test]
fn a_writer_refuses_a_damaged_end_and_leaves_it_as_it_is() {
    let dir = tempfile::tempdir().expect("a folder");
    journal(dir.path(), 20_000, 40, 1 << 20);
    let damaged = flip_in(dir.path(), 1);
    for _ in 0..2 {
        let refused = Writer::<Note>::open(dir.path(), options(1 << 20)).err();
        assert!(matches!(refused, Some(JournalError::Shortened { marked, .. }) if marked == Seq::new(20_000)), "{refused:?}");
        assert!(std::fs::read(volume_path(dir.path(), 1).join("db")).expect("reads") == damaged, "sled has changed it");
    }
}

#[test]
fn a_writer_that_misses_its_volume_does_not_make_an_empty_one() {
    let dir = tempfile::tempdir().expect("a folder");
    journal(dir.path(), 2_000, 40, 1 << 20);
    std::fs::remove_dir_all(volume_path(dir.path(), 1)).expect("removes");
    let refused = Writer::<Note>::open(dir.path(), options(1 << 20)).err();
    assert!(matches!(refused, Some(JournalError::Shortened { found: Seq::ZERO, .. })), "{refused:?}");
    assert!(!volume_path(dir.path(), 1).exists());
}
