//! Everything that is wrong with a journal is found, and what is not wrong stays readable.
#![cfg(feature = "sled")]

mod common;

use common::*;
use jangbu_journal::catalog::{catalog_path, volume_path};
use jangbu_journal::*;

/// 20,000 records in volumes of four blocks.
fn made() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    journal(dir.path(), 20_000, 40, 200_000);
    dir
}

fn ranges(report: &Report, harm: Harm) -> Vec<(u64, u64)> {
    let found = report.findings.iter().filter(|finding| finding.harm == harm);
    found.filter_map(|finding| finding.events).map(|range| (range.first.get(), range.last.get())).collect()
}

#[test]
fn a_whole_journal_is_whole_and_progress_is_told() {
    let dir = made();
    let mut told = Vec::new();
    let report = verify_records::<Note>(dir.path(), &mut |progress| told.push(progress)).expect("verifies");
    assert!(report.intact && report.findings.is_empty() && report.notes.is_empty(), "{report}");
    assert_eq!((report.events, report.last, report.checkpoints, report.snapshots), (20_000, Seq::new(20_000), 200, 2));
    assert_eq!(report.lost(), 0);
    let end = told.last().expect("told");
    assert!(told.len() > 10 && end.bytes_done == end.bytes_total && end.bytes_total > 500_000, "{end:?}");
    assert!(told.windows(2).all(|pair| pair[0].bytes_done <= pair[1].bytes_done));
}

#[test]
fn a_flipped_bit_hides_events_and_loses_none_when_copies_are_left() {
    let dir = made();
    let db = volume_path(dir.path(), 2).join("db");
    let before = std::fs::read(&db).expect("reads");
    flip(&db, 150_000, 3);
    let damaged = std::fs::read(&db).expect("reads");
    let report = verified(dir.path());
    assert!(!report.intact);
    let (hidden, lost) = (ranges(&report, Harm::Recoverable), ranges(&report, Harm::Lost));
    assert!(hidden.iter().chain(&lost).all(|range| range.0 <= range.1) && hidden.len() + lost.len() > 0, "{report}");
    assert_eq!(report.events + report.lost(), 20_000, "{report}");
    // Where sled has put copies depends on when it wrote: what is called lost has none.
    let left: Vec<(u64, u64)> = block::carve(&damaged)
        .filter(|(_, copy)| copy.header.fragment == 0)
        .map(|(_, copy)| (copy.header.first.get(), copy.header.last().get()))
        .collect();
    for (first, last) in lost {
        assert!(!left.iter().any(|copy| first <= copy.0 && copy.1 <= last), "{first} to {last} are in the file: {report}");
    }
    assert!(std::fs::read(&db).expect("reads") == damaged && before != damaged, "looking changes nothing");
}

#[test]
fn a_block_that_is_nowhere_is_lost_and_those_around_it_are_not() {
    let dir = made();
    let first = items(dir.path(), 2)[1].0.block.get();
    let last = destroy(dir.path(), 2, first);
    let report = verified(dir.path());
    assert_eq!(ranges(&report, Harm::Lost), [(first, last)], "{report}");
    let finding = report.findings.iter().find(|finding| finding.harm == Harm::Lost).expect("found");
    assert!(finding.volume == Some(2) && !finding.expected.is_empty() && finding.advice.contains("backup"), "{finding}");
    assert_eq!((report.events, report.lost()), (20_000 - (last - first + 1), last - first + 1));
}

#[test]
fn a_volume_that_is_gone_is_lost() {
    let dir = made();
    let (first, last) = (items(dir.path(), 2)[0].0.block.get(), items(dir.path(), 3)[0].0.block.get() - 1);
    std::fs::remove_dir_all(volume_path(dir.path(), 2)).expect("removes");
    let report = verified(dir.path());
    assert_eq!(ranges(&report, Harm::Lost), [(first, last)], "{report}");
    assert_eq!(report.events, 20_000 - (last - first + 1));
}

#[test]
fn removed_swapped_and_changed_items_are_found() {
    let dir = made();
    let all = items(dir.path(), 2);
    // The right bytes under each other's key.
    let swapped = vec![(all[1].0, all[2].1.clone()), (all[2].0, all[1].1.clone())];
    tamper(dir.path(), 2, swapped, Vec::new());
    let report = verified(dir.path());
    assert!(!report.intact && report.lost() == 0 && report.events == 20_000, "{report}");
    tamper(dir.path(), 2, vec![all[1].clone()], vec![all[2].0]);
    let report = verified(dir.path());
    assert_eq!(ranges(&report, Harm::Recoverable), [(all[2].0.block.get(), all[3].0.block.get() - 1)], "{report}");
    tamper(dir.path(), 2, vec![all[2].clone()], Vec::new());
    assert!(verified(dir.path()).intact);
}

#[test]
fn an_older_block_under_its_key_is_not_taken_for_the_right_one() {
    let dir = made();
    let all = items(dir.path(), 2);
    let checked = block::check(&all[1].1).expect("intact");
    let (mut raw, mut bytes) = (Vec::new(), Vec::new());
    checked.unpack(&mut raw).expect("unpacks");
    raw[20] ^= 1;
    // A block that follows on from the one before it, of another history.
    block::seal(&checked.header, &raw, &mut bytes);
    tamper(dir.path(), 2, vec![(all[1].0, bytes)], Vec::new());
    let report = verified(dir.path());
    assert!(!report.intact && report.events == 20_000 && report.lost() == 0, "{report}");
    destroy_only(dir.path(), &all[1].1);
    let report = verified(dir.path());
    // Fragments that the true block replaced are still in the file, and give back its beginning.
    let lost = ranges(&report, Harm::Lost);
    assert!(lost.len() == 1 && lost[0].0 >= all[1].0.block.get() && lost[0].1 == all[2].0.block.get() - 1, "{report}");
}

/// Flips a bit in every copy of exactly this item in volume 2.
fn destroy_only(dir: &std::path::Path, item: &[u8]) {
    let path = volume_path(dir, 2).join("db");
    let mut bytes = std::fs::read(&path).expect("reads");
    let checksum = block::check(item).expect("intact").checksum;
    let copies: Vec<usize> = block::carve(&bytes).filter(|(_, found)| found.checksum == checksum).map(|(at, _)| at).collect();
    copies.iter().for_each(|at| bytes[at + 70] ^= 1);
    std::fs::write(path, bytes).expect("writes");
}

#[test]
fn a_log_shorter_than_its_mark_is_found() {
    let dir = tempfile::tempdir().expect("a folder");
    journal(dir.path(), 2_000, 40, 1 << 20);
    let older = std::fs::read(volume_path(dir.path(), 1).join("db")).expect("reads");
    journal(dir.path(), 9_000, 40, 1 << 20);
    std::fs::remove_dir_all(volume_path(dir.path(), 1)).expect("removes");
    std::fs::create_dir(volume_path(dir.path(), 1)).expect("makes");
    sled(dir.path(), 1);
    std::fs::write(volume_path(dir.path(), 1).join("db"), older).expect("writes");
    let report = verified(dir.path());
    assert_eq!(ranges(&report, Harm::Lost), [(2_001, 9_000)], "{report}");
    assert_eq!((report.events, report.last), (2_000, Seq::new(2_000)));
}

#[test]
fn records_that_make_no_sense_are_found_and_repair_is_not_promised() {
    let dir = made();
    let last = std::fs::read_dir(dir.path().join("volumes")).expect("lists").count() as u32;
    let Some((key, bytes)) = items(dir.path(), last).pop() else { panic!("the last volume has a block") };
    let checked = block::check(&bytes).expect("intact");
    let mut header = checked.header;
    let raw = vec![255; header.raw_len as usize];
    header.last_recv = Nanos::new(1);
    let mut nonsense = Vec::new();
    block::seal(&header, &raw, &mut nonsense);
    tamper(dir.path(), last, vec![(key, nonsense)], Vec::new());
    let report = verified(dir.path());
    let found: Vec<&str> = report.findings.iter().map(|finding| finding.found.as_str()).collect();
    assert!(found.iter().any(|words| words.contains("does not decode")), "{found:?}");
    assert!(found.iter().any(|words| words.contains("time goes back")), "{found:?}");
    assert!(report.findings.iter().all(|finding| finding.harm == Harm::Content), "{report}");
    // Without knowing the records only the time is noticed.
    assert_eq!(verify(dir.path(), &mut |_| {}).expect("verifies").findings.len(), 1);
}

#[test]
fn small_files_are_verified_too() {
    let dir = made();
    flip(&dir.path().join("snapshots/00000000000000010000.snap"), 12, 1);
    std::fs::write(dir.path().join("holiday.jpg"), b"x").expect("writes");
    std::fs::write(dir.path().join("volumes/readme"), b"x").expect("writes");
    let report = verified(dir.path());
    assert_eq!((report.findings.len(), report.notes.len(), report.snapshots), (1, 2, 1), "{report}");
    std::fs::write(dir.path().join("mark"), [7; 64]).expect("writes");
    flip(&catalog_path(dir.path()), 20, 1);
    let report = verified(dir.path());
    assert_eq!(report.findings.len(), 3, "{report}");
    assert_eq!((report.events, report.last), (20_000, Seq::new(20_000)), "all events are there without a catalog: {report}");
}

#[test]
fn beside_a_writer_everything_is_seen() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::<Note>::open(dir.path(), options(200_000)).expect("opens");
    append(&mut writer, 12_345, 40, 7);
    writer.sync().expect("syncs");
    let report = verified(dir.path());
    assert!(report.intact && report.events >= 12_345, "{report}");
    writer.close().expect("closes");
    assert_eq!(verified(dir.path()).events, 12_345);
}

#[test]
fn what_is_not_a_journal_is_an_error_or_a_finding_and_never_a_panic() {
    let dir = tempfile::tempdir().expect("a folder");
    let refused = |path: &std::path::Path| matches!(verify(path, &mut |_| {}), Err(JournalError::NotAJournal { .. }));
    assert!(refused(dir.path()) && refused(&dir.path().join("nowhere")));
    std::fs::write(dir.path().join("file"), b"x").expect("writes");
    assert!(verify(&dir.path().join("file"), &mut |_| {}).is_err());
    std::fs::create_dir_all(volume_path(dir.path(), 1)).expect("makes");
    std::fs::create_dir_all(volume_path(dir.path(), 2).join("db")).expect("makes");
    std::fs::write(volume_path(dir.path(), 1).join("db"), [0xa5; 70_000]).expect("writes");
    assert!(!verified(dir.path()).intact);
    std::fs::create_dir(dir.path().join("mark")).expect("makes");
    assert!(verify(dir.path(), &mut |_| {}).is_err());
}

#[test]
fn whatever_bit_is_flipped_nothing_is_silently_other_than_it_was() {
    let dir = tempfile::tempdir().expect("a folder");
    journal(dir.path(), 6_000, 40, 100_000);
    let mut files = Vec::new();
    for volume in [1, 2] {
        for name in ["conf", "db"] {
            files.push(volume_path(dir.path(), volume).join(name));
        }
    }
    files.extend([catalog_path(dir.path()), dir.path().join("mark")]);
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    let mut found = 0;
    for trial in 0..30 {
        let path = &files[trial % files.len()];
        let whole = std::fs::read(path).expect("reads");
        // In the part that is in use.
        let used = whole.iter().rposition(|byte| *byte != 0).map_or(1, |at| at + 1);
        flip(path, next() % used, (next() % 8) as u8);
        let report = verified(dir.path());
        found += u32::from(!report.intact);
        if report.intact {
            let (events, error) = read(dir.path(), 1, 1_000);
            assert!(error.is_none() && events == expect(1, 6_000, 40), "trial {trial}, {}: {error:?}", path.display());
        }
        assert_eq!(report.events + report.lost(), 6_000, "trial {trial}, {}: {report}", path.display());
        std::fs::write(path, whole).expect("writes");
    }
    assert!(found >= 10, "{found} of 30 were noticed");
    assert!(verified(dir.path()).intact);
}
