//! A record to test with, and journals of it.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::path::Path;
use std::time::Duration;

use jangbu_journal::catalog::volume_path;
use jangbu_journal::store::sled::SledStore;
use jangbu_journal::store::{Changes, Key, Store, Table};
use jangbu_journal::*;

/// A number written as its difference from the one before in the block, padded so that blocks fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub number: i64,
    pub padding: usize,
}

impl Record for Note {
    const SCHEMA: u16 = 3;
    type Context = (i64, i64);

    fn encode(&self, stamp: &Stamp, context: &mut (i64, i64), out: &mut Encoder<'_>) {
        out.i64(stamp.recv.get() - context.0);
        out.i64(self.number - context.1);
        *context = (stamp.recv.get(), self.number);
        let padding: Vec<u8> = (0..self.padding).map(|at| noise(self.number as u64 + at as u64) as u8).collect();
        out.bytes(&padding);
    }

    fn decode(
        schema: u16,
        seq: Seq,
        context: &mut (i64, i64),
        input: &mut Decoder<'_>,
        out: &mut Vec<(Stamp, Self)>,
    ) -> Result<(), DecodeError> {
        if schema != 3 {
            return Err(DecodeError::NewerSchema { found: schema, newest: 3 });
        }
        context.0 = context.0.wrapping_add(input.i64()?);
        context.1 = context.1.wrapping_add(input.i64()?);
        let padding = input.bytes()?.len();
        out.push((Stamp { seq, recv: Nanos::new(context.0), venue: None }, Note { number: context.1, padding }));
        Ok(())
    }
}

fn noise(n: u64) -> u64 {
    n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(0xd6e8_feb8_6659_fd93) >> 40
}

/// The record at a seq, in every journal of these tests.
pub fn note(seq: u64, padding: usize) -> (Stamp, Note) {
    let stamp = Stamp { seq: Seq::new(seq), recv: Nanos::new(seq as i64 * 1_000), venue: None };
    (stamp, Note { number: noise(seq) as i64, padding })
}

pub fn options(volume_bytes_max: u64) -> WriterOptions {
    WriterOptions { durability: Durability::Process, volume_bytes_max, group_bytes_max: 1 << 18, group_delay: Duration::ZERO }
}

/// Appends up to `last`; a checkpoint every 100 events, a group every `every` events.
pub fn append(writer: &mut Writer<Note>, last: u64, padding: usize, every: u64) {
    for seq in writer.next_seq().get()..=last {
        let (stamp, note) = note(seq, padding);
        writer.append(&stamp, &note).expect("appends");
        if seq % 100 == 0 {
            writer.checkpoint(&checkpoint(seq)).expect("keeps");
        }
        if seq % every == 0 {
            writer.commit().expect("commits");
        }
    }
}

pub fn checkpoint(seq: u64) -> Checkpoint {
    Checkpoint { seq: Seq::new(seq), effects_count: seq, effects: noise(seq), state: 1, parts: vec![("part".into(), seq)] }
}

/// A closed journal with one session and two snapshots.
pub fn journal(dir: &Path, last: u64, padding: usize, volume_bytes_max: u64) {
    let mut writer = Writer::<Note>::open(dir, options(volume_bytes_max)).expect("opens");
    let first = writer.next_seq();
    let started = Nanos::new(first.get() as i64 * 1_000);
    let id = writer.sessions().len() as u64 + 1;
    writer.begin_session(SessionInfo { id, first, last: None, started, note: "test".into() }).expect("begins");
    append(&mut writer, last, padding, 50);
    for at in [last / 2, last] {
        writer.sync().expect("syncs");
        writer.snapshot(Seq::new(at), format!("state at {at}").as_bytes()).expect("keeps");
        writer.commit().expect("commits");
        // A snapshot waits for its group; a second one in the same group would replace it.
        while latest(dir).is_none_or(|newest| newest < Seq::new(at)) {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    writer.end_session(Seq::new(last)).expect("ends");
    writer.close().expect("closes");
}

/// The newest snapshot's seq, by file name.
fn latest(dir: &Path) -> Option<Seq> {
    let names = std::fs::read_dir(dir.join("snapshots")).ok()?;
    let seqs = names.filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".snap")?.parse().ok());
    seqs.max().map(Seq::new)
}

/// Everything from `from` on, and the error that ended it.
pub fn read(dir: &Path, from: u64, batch: usize) -> (Vec<(Stamp, Note)>, Option<JournalError>) {
    let mut out = Vec::new();
    let reader = match Reader::<Note>::open(dir) {
        Ok(reader) => reader,
        Err(error) => return (out, Some(error)),
    };
    let mut scan = reader.scan(Seq::new(from)).expect("scans");
    loop {
        match scan.next_batch(batch, &mut out) {
            Ok(0) => return (out, None),
            Ok(_) => {}
            Err(error) => return (out, Some(error)),
        }
    }
}

pub fn expect(from: u64, last: u64, padding: usize) -> Vec<(Stamp, Note)> {
    (from..=last).map(|seq| note(seq, padding)).collect()
}

pub fn sled(dir: &Path, volume: u32) -> SledStore {
    SledStore::open(&volume_path(dir, volume), volume).expect("opens")
}

/// Keys and values of a volume's blocks.
pub fn items(dir: &Path, volume: u32) -> Vec<(Key, Vec<u8>)> {
    let mut out = Vec::new();
    sled(dir, volume).read(Table::Blocks, Key::default(), usize::MAX, &mut out).expect("reads");
    out
}

/// Puts and removes items of a volume, as rot would.
pub fn tamper(dir: &Path, volume: u32, put: Vec<(Key, Vec<u8>)>, remove: Vec<Key>) {
    let store = sled(dir, volume);
    store.write(&Changes { put, remove, checkpoints: Vec::new() }).expect("writes");
    store.flush(Durability::Process).expect("flushes");
}

/// Flips a bit in every copy of the block that begins with `first` in the files of a volume, and says where the block ends.
pub fn destroy(dir: &Path, volume: u32, first: u64) -> u64 {
    let path = volume_path(dir, volume).join("db");
    let mut bytes = std::fs::read(&path).expect("reads");
    // Fragments of the block hold its events too.
    let copies: Vec<(usize, block::Header)> = block::carve(&bytes).map(|(at, checked)| (at, checked.header)).collect();
    let whole = copies.iter().find(|(_, header)| header.fragment == 0 && header.first.get() == first).expect("is there").1;
    for (at, header) in copies {
        if header.first >= whole.first && header.last() <= whole.last() {
            bytes[at + 70] ^= 8;
        }
    }
    std::fs::write(&path, bytes).expect("writes");
    whole.last().get()
}

/// Flips a bit of a file.
pub fn flip(path: &Path, at: usize, bit: u8) {
    let mut bytes = std::fs::read(path).expect("reads");
    bytes[at] ^= 1 << bit;
    std::fs::write(path, bytes).expect("writes");
}

pub fn verified(dir: &Path) -> Report {
    verify_records::<Note>(dir, &mut |_| {}).expect("verifies")
}
