//! A volume read without sled: [`PlainVolume`]. For volumes whose end is known, which is all but the one being written.
//!
//! Opening a volume in sled takes a copy of it and a pass over its log, some ten times what reading the blocks takes. But a block
//! says what it is, and the chain of checksums leads from the known beginning of a volume to its known end through one sequence of
//! blocks only. So the file is gone over once, the blocks in it are noted, and if the chain is whole they are the volume, whatever
//! sled thinks. Otherwise there is no [`PlainVolume`], and the volume is read through sled, which says what is wrong.
//!
//! Checkpoints are not in the chain. A clean end leaves a list of them beside the volume, bound to that end.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::{Changes, Durability, Key, Store, Table};
use crate::block::{self, STORED_BYTES_MAX};
use crate::catalog::{Seal, Volume, volume_path};
use crate::error::JournalError;
use crate::files;
use crate::stamp::Seq;

/// Read at a time when the file is gone over.
const CHUNK_BYTES: usize = 4 << 20;

/// Where a block stands in the file.
#[derive(Clone, Copy, Debug)]
struct Place {
    first: Seq,
    offset: u64,
    bytes: u32,
    checksum: u64,
}

/// A block found in the file.
#[derive(Clone, Copy, Debug)]
struct Found {
    place: Place,
    last: Seq,
    chain: u64,
}

/// A volume whose blocks were found in its file, all of them.
#[derive(Debug)]
pub(crate) struct PlainVolume {
    volume: u32,
    end: Seal,
    file: File,
    /// By rising seq.
    blocks: Vec<Place>,
}

impl PlainVolume {
    /// The volume, if the chain of its blocks is whole from its beginning to `end`. `None` is no judgement: ask sled.
    pub(crate) fn open(dir: &Path, volume: &Volume, end: Seal) -> Option<PlainVolume> {
        let path = volume_path(dir, volume.number);
        let file = File::open(path.join("db")).ok()?;
        // sled's own lock, shared, while the file is gone over. Nobody writes a volume that has ended, but repair may.
        let lock = File::open(path.join("db")).ok()?;
        lock.try_lock_shared().ok()?;
        let blocks = chain(&go_over(&file)?, volume, end)?;
        Some(PlainVolume { volume: volume.number, end, file, blocks })
    }

    /// Where it ends.
    pub(crate) fn end(&self) -> Seal {
        self.end
    }

    fn failed(&self, doing: &'static str, reason: impl Into<String>) -> JournalError {
        JournalError::Store { volume: self.volume, doing, reason: reason.into() }
    }
}

/// Every whole block in the file, by its first event.
fn go_over(file: &File) -> Option<BTreeMap<Seq, Vec<Found>>> {
    let mut found: BTreeMap<Seq, Vec<Found>> = BTreeMap::new();
    let mut buffer = Vec::with_capacity(CHUNK_BYTES + STORED_BYTES_MAX);
    let mut offset = 0_u64;
    loop {
        let read = file.take(CHUNK_BYTES as u64).read_to_end(&mut buffer).ok()?;
        let over = read < CHUNK_BYTES;
        let mut beyond = 0;
        for (at, checked) in block::carve(&buffer) {
            beyond = at + checked.stored_bytes();
            let header = checked.header;
            if header.fragment > 0 {
                continue;
            }
            if checked.given_up().is_some() {
                // Repaired: sled and the walk over it know how to go on.
                return None;
            }
            let place = Place {
                first: header.first,
                offset: offset + at as u64,
                bytes: u32::try_from(checked.stored_bytes()).ok()?,
                checksum: checked.checksum,
            };
            let block = Found { place, last: header.last(), chain: header.chain };
            let same = found.entry(header.first).or_default();
            // sled writes a page anew now and then, with the same blocks in it.
            if same.iter().all(|known| known.place.checksum != place.checksum) {
                same.push(block);
            }
        }
        if over {
            return Some(found);
        }
        // A block may go on in the next chunk.
        let keep = buffer.len().saturating_sub(STORED_BYTES_MAX).max(beyond).min(buffer.len());
        offset += keep as u64;
        buffer.drain(..keep);
    }
}

/// The blocks from the volume's beginning to its end, if the chain leads there and nowhere else.
fn chain(found: &BTreeMap<Seq, Vec<Found>>, volume: &Volume, end: Seal) -> Option<Vec<Place>> {
    let mut blocks = Vec::new();
    let (mut next, mut chain) = (volume.first, volume.start_chain);
    while next <= end.last {
        let mut follows = found.get(&next)?.iter().filter(|block| block.chain == chain);
        let block = follows.next()?;
        // Written before a crash and again after it, otherwise: what counts is for sled to say.
        if follows.next().is_some() {
            return None;
        }
        blocks.push(block.place);
        (next, chain) = (block.last.next(), block.place.checksum);
    }
    (next == end.last.next() && chain == end.chain).then_some(blocks)
}

impl Store for PlainVolume {
    fn write(&self, _: &Changes) -> Result<(), JournalError> {
        Err(self.failed("writing", "it is open for reading only"))
    }

    fn flush(&self, _: Durability) -> Result<(), JournalError> {
        Err(self.failed("flushing", "it is open for reading only"))
    }

    fn read(&self, table: Table, from: Key, bytes_max: usize, out: &mut Vec<(Key, Vec<u8>)>) -> Result<(), JournalError> {
        if table == Table::Checkpoints {
            return Err(self.failed("reading", "its checkpoints are read another way"));
        }
        let begin = self.blocks.partition_point(|place| (Key { block: place.first, fragment: 0 }) < from);
        let mut bytes = 0;
        for place in &self.blocks[begin..] {
            bytes += place.bytes as usize;
            if bytes > bytes_max && bytes > place.bytes as usize {
                break;
            }
            let mut value = vec![0; place.bytes as usize];
            self.file
                .read_exact_at(&mut value, place.offset)
                .map_err(|error| self.failed("reading", JournalError::words(&error)))?;
            // A volume that goes on being written may have its blocks moved by sled.
            if !block::check(&value).is_ok_and(|checked| checked.checksum == place.checksum) {
                return Err(self.failed("reading", format!("the block of seq {} is not where it was", place.first)));
            }
            out.push((Key { block: place.first, fragment: 0 }, value));
        }
        Ok(())
    }
}

/// The list of a volume's checkpoints, beside sled's files.
fn checkpoints_path(dir: &Path, volume: u32) -> PathBuf {
    volume_path(dir, volume).join("checkpoints")
}

/// Leaves the checkpoints of a volume that ends with `end` beside it, for who reads it without sled. Nothing depends on them: what
/// is not there, or of another end, is read from sled.
///
/// # Errors
/// When the store cannot be read or the file not be written.
pub(crate) fn leave_checkpoints(dir: &Path, volume: u32, store: &dyn Store, end: Seal) -> Result<(), JournalError> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&end.last.get().to_le_bytes());
    bytes.extend_from_slice(&end.chain.to_le_bytes());
    let (mut from, mut items) = (Key::default(), Vec::new());
    loop {
        items.clear();
        store.read(Table::Checkpoints, from, CHUNK_BYTES, &mut items)?;
        let Some((last, _)) = items.last() else { break };
        from = last.next();
        for (key, value) in &items {
            bytes.extend_from_slice(&key.to_bytes());
            bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
            bytes.extend_from_slice(value);
        }
    }
    files::replace(&checkpoints_path(dir, volume), &bytes)
}

/// The checkpoints left beside a volume, if they are whole and of this end.
pub(crate) fn left_checkpoints(dir: &Path, volume: u32, end: Seal) -> Option<Vec<(Key, Vec<u8>)>> {
    let bytes = files::read(&checkpoints_path(dir, volume)).ok()??;
    let (last, rest) = bytes.split_first_chunk::<8>()?;
    let (chain, mut rest) = rest.split_first_chunk::<8>()?;
    if u64::from_le_bytes(*last) != end.last.get() || u64::from_le_bytes(*chain) != end.chain {
        return None;
    }
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (key, after) = rest.split_first_chunk::<10>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let (value, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        items.push((Key::from_bytes(key)?, value.to_vec()));
        rest = after;
    }
    Some(items)
}
