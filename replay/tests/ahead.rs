//! What is read ahead is what a scan reads: the same events, the same error after them, whoever stops when.
#![cfg(feature = "sled")]

use std::path::Path;

use jangbu_journal::catalog::volume_path;
use jangbu_journal::{Nanos, Reader, Seq, Stamp, Writer, WriterOptions, block};
use jangbu_replay::testing::Number;
use jangbu_replay::{Ahead, Source};

const EVENTS: u64 = 30_000;

fn journal(dir: &Path) -> Reader<Number> {
    let options = WriterOptions { volume_bytes_max: 30_000, ..WriterOptions::default() };
    let mut writer = Writer::<Number>::open(dir, options).expect("opens");
    for seq in 1..=EVENTS {
        let stamp = Stamp { seq: Seq::new(seq), recv: Nanos::new(seq as i64 * 1_000), venue: None };
        writer.append(&stamp, &Number(seq as i64 * 7_919 % 104_729)).expect("appends");
        if seq % 5_000 == 0 {
            writer.sync().expect("syncs");
        }
    }
    writer.close().expect("closes");
    Reader::open(dir).expect("opens")
}

/// Events in batches of these sizes in turn, and the error that ended them.
fn all(mut source: impl Source<Number>, sizes: &[usize]) -> (Vec<(Stamp, Number)>, Option<String>) {
    let (mut events, mut batch) = (Vec::new(), Vec::new());
    for &size in sizes.iter().cycle() {
        match source.next_batch(size, &mut batch) {
            Ok(count) => assert!(count == batch.len() && count <= size, "{count} and {} of {size}", batch.len()),
            Err(error) => {
                let error = error.to_string();
                let again = source.next_batch(size, &mut batch).map_err(|error| error.to_string());
                assert_eq!(again, Err(error.clone()), "it stays what it was");
                return (events, Some(error));
            }
        }
        if batch.is_empty() {
            return (events, None);
        }
        events.append(&mut batch);
    }
    unreachable!("sizes cycle")
}

#[test]
fn the_same_events_come_in_batches_of_any_size() {
    let dir = tempfile::tempdir().expect("a folder");
    let reader = journal(dir.path());
    for from in [1, 2, 12_345, EVENTS, EVENTS + 1] {
        let from = Seq::new(from);
        let expected = all(reader.scan(from).expect("scans"), &[1_024]);
        assert_eq!(expected.0.len() as u64, EVENTS + 1 - from.get());
        for sizes in [&[1_024][..], &[1_000], &[5_000], &[1, 2_000, 3, 700]] {
            let ahead = Ahead::new(&reader, from).expect("reads");
            assert!(all(ahead, sizes) == expected, "from {from}, {sizes:?}");
        }
    }
}

#[test]
fn what_is_there_before_a_batch_stays_there() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut ahead = Ahead::new(&journal(dir.path()), Seq::FIRST).expect("reads");
    let mut events = Vec::new();
    while ahead.next_batch(300, &mut events).expect("reads") > 0 {}
    assert!(events.iter().map(|(stamp, _)| stamp.seq.get()).eq(1..=EVENTS));
}

#[test]
fn damage_is_found_where_it_is() {
    let dir = tempfile::tempdir().expect("a folder");
    let reader = journal(dir.path());
    let path = volume_path(dir.path(), 2).join("db");
    let mut bytes = std::fs::read(&path).expect("reads");
    let places: Vec<usize> = block::carve(&bytes).map(|(at, found)| at + found.stored_bytes() / 2).collect();
    places.into_iter().for_each(|at| bytes[at] ^= 1);
    std::fs::write(&path, &bytes).expect("writes");
    let expected = all(reader.scan(Seq::FIRST).expect("scans"), &[1_024]);
    assert!(expected.1.is_some() && !expected.0.is_empty(), "{:?}", expected.1);
    assert!(all(Ahead::new(&reader, Seq::FIRST).expect("reads"), &[1_024]) == expected);
}

#[test]
fn who_stops_early_leaves_nothing_behind() {
    let dir = tempfile::tempdir().expect("a folder");
    let reader = journal(dir.path());
    for batches in 0..4 {
        let mut ahead = Ahead::new(&reader, Seq::FIRST).expect("reads");
        for _ in 0..batches {
            ahead.next_batch(10, &mut Vec::new()).expect("reads");
        }
    }
    Writer::<Number>::open(dir.path(), WriterOptions::default()).expect("nobody reads any more");
}
