//! What a journal holds is told without going over it.
#![cfg(feature = "sled")]

mod common;

use common::*;
use jangbu_journal::catalog::volume_path;
use jangbu_journal::*;

#[test]
fn a_closed_journal_is_told_as_it_is() {
    let dir = tempfile::tempdir().expect("a folder");
    journal(dir.path(), 20_000, 40, 200_000);
    let told = info(dir.path()).expect("tells");
    assert_eq!((told.first, told.last, told.marked), (Some(Seq::FIRST), Some(Seq::new(20_000)), Some(Seq::new(20_000))));
    assert_eq!((told.schema, told.durability, told.holder_pid), (Some(3), Some(Durability::Process), None));
    assert!(told.troubles.is_empty() && told.holder.is_empty(), "{told:?}");
    assert_eq!(told.snapshots.iter().map(|snapshot| snapshot.at.get()).collect::<Vec<_>>(), [10_000, 20_000]);
    assert_eq!((told.sessions.len(), told.sessions[0].last), (1, Some(Seq::new(20_000))));
    let whole = verify(dir.path(), &mut |_| {}).expect("verifies");
    assert_eq!(told.volumes.len() as u64, whole.volumes);
    assert_eq!(told.volumes.iter().filter_map(|volume| volume.blocks).sum::<u64>(), whole.blocks);
    assert_eq!(told.bytes, told.volumes.iter().map(|volume| volume.bytes).sum::<u64>());
    for (at, volume) in told.volumes.iter().enumerate() {
        let last = volume.last.expect("has events");
        assert_eq!(volume.first_recv, Some(Nanos::new(volume.first.get() as i64 * 1_000)));
        assert_eq!(volume.last_recv, Some(Nanos::new(last.get() as i64 * 1_000)));
        assert!(volume.present && volume.bytes > 0);
        assert_eq!(volume.sealed, at + 1 < told.volumes.len());
    }
}

#[test]
fn a_journal_being_written_says_by_whom() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::<Note>::open(dir.path(), options(200_000)).expect("opens");
    let told = info(dir.path()).expect("tells");
    assert_eq!((told.first, told.last), (None, None));
    append(&mut writer, 9_876, 40, 10);
    writer.sync().expect("syncs");
    let told = info(dir.path()).expect("tells");
    assert_eq!((told.last, told.holder_pid), (Some(Seq::new(9_876)), Some(std::process::id())));
    assert_eq!(told.durability, Some(Durability::Process));
    assert_eq!(told.volumes.last().and_then(|volume| volume.last_recv), Some(Nanos::new(9_876_000)));
    drop(writer);
    assert_eq!(info(dir.path()).expect("tells").holder_pid, None);
}

#[test]
fn a_journal_in_trouble_is_told_all_the_same() {
    let dir = tempfile::tempdir().expect("a folder");
    assert!(matches!(info(dir.path()), Err(JournalError::NotAJournal { .. })));
    journal(dir.path(), 20_000, 40, 200_000);
    std::fs::remove_dir_all(volume_path(dir.path(), 2)).expect("removes");
    let told = info(dir.path()).expect("tells");
    assert!(!told.volumes[1].present && told.troubles == ["volume 2 is gone"], "{told:?}");
    std::fs::write(dir.path().join("catalog"), b"nonsense").expect("writes");
    std::fs::write(dir.path().join("mark"), [3; 64]).expect("writes");
    let told = info(dir.path()).expect("tells");
    assert!(told.troubles.len() >= 2 && told.last == Some(Seq::new(20_000)), "{told:?}");
}
