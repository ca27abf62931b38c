//! What was written is read: from anywhere, in any batch sizes, over volumes, blocks and fragments.
#![cfg(feature = "sled")]

mod common;

use std::fs;
use std::path::Path;

use common::*;
use jangbu_journal::catalog::Catalog;
use jangbu_journal::*;

#[test]
fn everything_comes_back_from_anywhere() {
    let dir = tempfile::tempdir().expect("a folder");
    // 20,000 records of 40 bytes: several volumes of 4 blocks.
    journal(dir.path(), 20_000, 40, 200_000);
    assert!(dir.path().join("volumes/00000003").exists());
    let reader = Reader::<Note>::open(dir.path()).expect("opens");
    assert_eq!(reader.last_seq(), Seq::new(20_000));
    assert_eq!(reader.sessions().len(), 1);
    let (all, error) = read(dir.path(), 0, 1_024);
    assert!(error.is_none() && all == expect(1, 20_000, 40), "{error:?}");
    for (from, batch) in [(1, usize::MAX), (2, 7), (1_499, 1_000), (4_321, 1), (19_999, 5), (20_000, 5)] {
        let mut out = Vec::new();
        let mut scan = reader.scan(Seq::new(from)).expect("scans");
        let count = scan.next_batch(batch, &mut out).expect("reads");
        assert_eq!(count, out.len());
        assert_eq!(out, expect(from, 20_000.min((from - 1).saturating_add(batch as u64)), 40));
    }
    for from in [20_001, u64::MAX] {
        assert_eq!(reader.scan(Seq::new(from)).expect("scans").next_batch(9, &mut Vec::new()).expect("the end"), 0);
    }
}

#[test]
fn checkpoints_and_snapshots_come_back() {
    let dir = tempfile::tempdir().expect("a folder");
    journal(dir.path(), 20_000, 40, 200_000);
    let reader = Reader::<Note>::open(dir.path()).expect("opens");
    let all = reader.checkpoints(Seq::ZERO, Seq::new(u64::MAX)).expect("reads");
    assert_eq!(all, (1..=200).map(|at| checkpoint(at * 100)).collect::<Vec<_>>());
    for seq in [100_u64, 7_300, 20_000] {
        let found = reader.checkpoints(Seq::new(seq - 99), Seq::new(seq)).expect("reads");
        assert_eq!(found, vec![checkpoint(seq)]);
    }
    let latest = |at: u64| reader.latest_snapshot(Seq::new(at)).expect("lists").map(|(seq, _)| seq.get());
    assert_eq!(
        (latest(9_999), latest(10_000), latest(19_999), latest(u64::MAX)),
        (None, Some(10_000), Some(10_000), Some(20_000))
    );
    let newest = dir.path().join("snapshots/00000000000000020000.snap");
    let mut bytes = std::fs::read(&newest).expect("reads");
    bytes[20] ^= 1;
    std::fs::write(&newest, bytes).expect("writes");
    let found = reader.latest_snapshot(Seq::new(20_000)).expect("lists");
    assert_eq!(found, Some((Seq::new(10_000), b"state at 10000".to_vec())));
}

#[test]
fn fragments_are_read_as_their_block_would_be() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::<Note>::open(dir.path(), options(1 << 20)).expect("opens");
    for last in (10..=3_000).step_by(10) {
        append(&mut writer, last, 40, 1);
        writer.sync().expect("syncs");
    }
    // Not closed: the open block stays in fragments.
    drop(writer);
    assert!(items(dir.path(), 1).iter().any(|(key, _)| key.fragment > 3));
    for from in [1, 1_400, 2_001, 2_955, 3_000] {
        let (events, error) = read(dir.path(), from, 100);
        assert!(error.is_none() && events == expect(from, 3_000, 40), "{error:?}");
    }
    // The writer makes a block of them and goes on.
    let mut writer = Writer::<Note>::open(dir.path(), options(1 << 20)).expect("recovers");
    assert_eq!(writer.last_recv(), Nanos::new(3_000_000));
    append(&mut writer, 3_100, 40, 1);
    writer.close().expect("closes");
    let (events, error) = read(dir.path(), 1, 100);
    assert!(error.is_none() && events == expect(1, 3_100, 40), "{error:?}");
    assert!(items(dir.path(), 1).iter().all(|(key, _)| key.fragment == 0));
}

#[test]
fn readers_take_turns() {
    let dir = tempfile::tempdir().expect("a folder");
    journal(dir.path(), 20_000, 40, 200_000);
    std::thread::scope(|scope| {
        for from in [1, 5, 9_000, 15_000] {
            let dir = dir.path();
            scope.spawn(move || {
                let (events, error) = read(dir, from, 999);
                assert!(error.is_none() && events == expect(from, 20_000, 40), "{error:?}");
            });
        }
    });
}

#[test]
fn a_journal_that_ends_with_an_empty_volume_keeps_its_clock() {
    let dir = tempfile::tempdir().expect("a folder");
    // Every block fills a volume, so that the last one is likely empty; either way the clock must stand at the last event.
    let mut writer = Writer::<Note>::open(dir.path(), options(1)).expect("opens");
    append(&mut writer, 3_999, 40, 50);
    writer.close().expect("closes");
    tamper_to_an_empty_volume(dir.path());
    let writer = Writer::<Note>::open(dir.path(), options(1)).expect("opens");
    assert_eq!((writer.next_seq(), writer.last_recv()), (Seq::new(4_000), Nanos::new(3_999_000)));
    drop(writer);
    assert_eq!(Reader::<Note>::open(dir.path()).expect("opens").last_seq(), Seq::new(3_999));
}

/// Seals the last volume and begins another, as a writer does that dies just then.
fn tamper_to_an_empty_volume(dir: &std::path::Path) {
    use jangbu_journal::catalog::{Catalog, MarkFile, Seal, Volume};
    let mut catalog = Catalog::load(dir).expect("loads").expect("is there");
    let mark = MarkFile::read(dir).expect("reads").expect("is there");
    let number = {
        let last = catalog.volumes.last_mut().expect("a volume");
        last.sealed = Some(Seal { last: mark.seq, chain: mark.chain });
        last.number + 1
    };
    catalog.volumes.push(Volume { number, first: mark.seq.next(), start_chain: mark.chain, sealed: None });
    sled(dir, number);
    catalog.save(dir).expect("saves");
}

#[test]
fn damage_is_named_after_everything_before_it() {
    let dir = tempfile::tempdir().expect("a folder");
    journal(dir.path(), 20_000, 40, 64 << 20);
    // A session that was killed: its volume is read through sled. (sled's file still has the intact block.)
    let mut catalog = Catalog::load(dir.path()).expect("loads").expect("is there");
    catalog.sessions[0].last = None;
    catalog.save(dir.path()).expect("saves");
    let (key, mut bytes) = items(dir.path(), 1).remove(1);
    bytes[500] ^= 4;
    tamper(dir.path(), 1, vec![(key, bytes)], Vec::new());
    let (events, error) = read(dir.path(), 1, 1_000);
    assert_eq!(events, expect(1, key.block.get() - 1, 40));
    let Some(JournalError::Damaged { volume: 1, first, last, .. }) = error else { panic!("{error:?}") };
    assert!(first == key.block && last > first);
    let (events, error) = read(dir.path(), last.get() + 1, 1_000);
    assert!(error.is_none() && events == expect(last.get() + 1, 20_000, 40), "{error:?}");
}

#[test]
fn what_is_not_a_journal_is_said() {
    let dir = tempfile::tempdir().expect("a folder");
    assert!(matches!(Reader::<Note>::open(dir.path()), Err(JournalError::NotAJournal { .. })));
    assert_eq!(std::fs::read_dir(dir.path()).expect("lists").count(), 0, "a reader leaves nothing behind");
}

#[test]
fn encoded_blocks_are_what_decoding_would_have_read() {
    let dir = tempfile::tempdir().expect("a folder");
    journal(dir.path(), 20_000, 40, 200_000);
    let mut scan = Reader::<Note>::open(dir.path()).expect("opens").scan(Seq::FIRST).expect("scans");
    let mut out = Vec::new();
    scan.next_batch(5, &mut out).expect("reads");
    // Of the block just begun only what is left; every whole block starts with an empty context.
    let mut context = (out[4].0.recv.get(), out[4].1.number);
    while let Some(bytes) = scan.next_encoded().expect("reads") {
        let mut input = Decoder::new(bytes);
        while input.remaining() > 0 {
            let seq = Seq::new(out.len() as u64 + 1);
            Note::decode(3, seq, &mut context, &mut input, &mut out).expect("decodes");
        }
        context = (0, 0);
    }
    assert_eq!(out, expect(1, 20_000, 40));
    assert_eq!(scan.next_batch(5, &mut Vec::new()).expect("the end"), 0);
}

/// sled cannot open what has no settings of its own: whatever is read after this was read without it.
fn take_sled_away(dir: &Path) {
    for volume in fs::read_dir(dir.join("volumes")).expect("volumes") {
        fs::write(volume.expect("an entry").path().join("conf"), b"not sled's").expect("written");
    }
}

#[test]
fn volumes_that_ended_are_read_without_sled() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut writer = Writer::<Note>::open(dir.path(), options(1 << 18)).expect("opens");
    let session = |last| SessionInfo { id: 1, first: Seq::FIRST, last, started: Nanos::ZERO, note: String::new() };
    writer.begin_session(session(None)).expect("begins");
    append(&mut writer, 9_000, 300, 500);
    writer.end_session(Seq::new(9_000)).expect("ends");
    writer.close().expect("closes");
    assert!(Catalog::load(dir.path()).expect("reads").expect("is there").volumes.len() > 2);
    take_sled_away(dir.path());

    let reader = Reader::<Note>::open(dir.path()).expect("opens");
    assert_eq!(reader.last_seq().get(), 9_000);
    for from in [1, 4_321, 9_000] {
        let (mut scan, mut events) = (reader.scan(Seq::new(from)).expect("scans"), Vec::new());
        while scan.next_batch(777, &mut events).expect("reads") > 0 {}
        assert!(events.into_iter().eq((from..=9_000).map(|seq| note(seq, 300))), "from {from}");
    }
    let checkpoints = reader.checkpoints(Seq::new(150), Seq::new(8_950)).expect("reads");
    assert!(checkpoints.into_iter().eq((2..=89).map(|hundred| checkpoint(hundred * 100))));
}

#[test]
fn a_journal_that_goes_on_after_a_clean_end_is_not_taken_to_end_there() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let session = |id, first, last| SessionInfo { id, first: Seq::new(first), last, started: Nanos::ZERO, note: String::new() };
    let mut writer = Writer::<Note>::open(dir.path(), options(1 << 20)).expect("opens");
    writer.begin_session(session(1, 1, None)).expect("begins");
    append(&mut writer, 2_000, 10, 100);
    writer.end_session(Seq::new(2_000)).expect("ends");
    writer.close().expect("closes");
    let mark = fs::read(dir.path().join("mark")).expect("reads");
    // A session that is killed before the mark has followed it: its end is in no catalog, and the mark is still of the one before.
    let mut writer = Writer::<Note>::open(dir.path(), options(1 << 20)).expect("opens");
    writer.begin_session(session(2, 2_001, None)).expect("begins");
    append(&mut writer, 3_000, 10, 100);
    writer.sync().expect("durable");
    drop(writer);
    fs::write(dir.path().join("mark"), mark).expect("written");
    let reader = Reader::<Note>::open(dir.path()).expect("opens");
    assert_eq!(reader.last_seq().get(), 3_000);
    assert_eq!(reader.checkpoints(Seq::new(2_900), Seq::new(3_000)).expect("reads").len(), 2);
}
