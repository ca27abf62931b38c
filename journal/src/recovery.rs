//! What a writer finds: the end of the log, checked against catalog and mark; a tail of fragments becomes a block.

use std::path::Path;

use crate::block::{self, Header};
use crate::catalog::{Catalog, Mark, MarkFile, Volume, volume_path};
use crate::error::JournalError;
use crate::stamp::{Nanos, Seq};
use crate::store::sled::SledStore;
use crate::store::{Changes, Durability, Key, Store};
use crate::walk::{Place, Start, Walk};

/// The end of a log.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tail {
    pub(crate) last: Seq,
    pub(crate) last_recv: Nanos,
    pub(crate) chain: u64,
    pub(crate) volume_bytes: u64,
}

impl Tail {
    /// Of a volume with nothing in it.
    fn before(volume: &Volume) -> Self {
        Tail { last: volume.first.previous(), chain: volume.start_chain, ..Tail::default() }
    }
}

/// The open block, in fragments.
struct OpenBlock {
    header: Header,
    raw: Vec<u8>,
    fragments: u16,
}

/// Goes through the volume that was being written (or the last sealed one), checks it, and closes its open block.
pub(crate) fn recover(dir: &Path, catalog: &mut Catalog) -> Result<Tail, JournalError> {
    let mark = MarkFile::read(dir)?;
    let Some(volume) = catalog.volumes.last().copied() else {
        return match mark {
            Some(mark) if mark.seq > Seq::ZERO => Err(JournalError::Shortened { found: Seq::ZERO, marked: mark.seq }),
            _ => Ok(Tail::default()),
        };
    };
    let path = volume_path(dir, volume.number);
    // First in a copy: where sled finds damage it overwrites everything behind it, which repair could still bring back.
    let seen = if path.join("db").exists() {
        read_tail(&SledStore::open_copy(&path, volume.number)?, &volume, catalog.journal, mark)?.0
    } else {
        Tail::before(&volume)
    };
    check_end(&volume, &seen, mark)?;
    let mut tail = {
        let store = SledStore::open(&path, volume.number)?;
        // sled keeps what was read in memory until the handle is dropped; the writer opens the volume anew.
        let (tail, open) = read_tail(&store, &volume, catalog.journal, mark)?;
        match open {
            Some(open) => close_block(&store, tail, open)?,
            None => tail,
        }
    };
    check_end(&volume, &tail, mark)?;
    if tail.last < volume.first
        && let [.., before, _] = catalog.volumes.as_slice()
    {
        // The volume is empty; time goes on from where the one before it ends.
        tail.last_recv = last_recv(dir, before, catalog.journal)?;
    }
    Ok(tail)
}

/// `recv` of the last event of a volume.
fn last_recv(dir: &Path, volume: &Volume, journal: u64) -> Result<Nanos, JournalError> {
    let store = SledStore::open_copy(&volume_path(dir, volume.number), volume.number)?;
    let place = Place::after(volume.first, volume.start_chain);
    let mut walk = Walk::new(&store, volume.number, journal, Some(place), Key::default());
    walk.begin(Start::find(&store, volume.first, Seq::new(u64::MAX))?);
    let mut last = Nanos::default();
    while let Some(item) = walk.next_kept()? {
        last = item.header.last_recv;
    }
    Ok(last)
}

/// Walks the volume: its end, and the fragments that stand there.
fn read_tail(
    store: &SledStore,
    volume: &Volume,
    journal: u64,
    mark: Option<Mark>,
) -> Result<(Tail, Option<OpenBlock>), JournalError> {
    let start = Place::after(volume.first, volume.start_chain);
    let mut walk = Walk::new(store, volume.number, journal, Some(start), Key::default());
    let mut tail = Tail::before(volume);
    let mut raw = Vec::new();
    let mut head: Option<Header> = None;
    while let Some(item) = walk.next_kept()? {
        let header = item.header;
        let checksum = item.checked.checksum;
        if mark.is_some_and(|mark| mark.seq == header.last() && mark.chain != checksum && header.fragment > 0) {
            let reason = "it is not the block that was durable".to_owned();
            return Err(JournalError::Damaged { volume: volume.number, first: header.first, last: header.last(), reason });
        }
        if header.fragment > 0 {
            let unpacked = item.checked.unpack(&mut raw);
            unpacked.map_err(|error| JournalError::Damaged {
                volume: volume.number,
                first: header.first,
                last: header.last(),
                reason: error.to_string(),
            })?;
            let whole = head.get_or_insert(Header { fragment: 0, count: 0, raw_len: 0, ..header });
            whole.count += header.count;
            whole.last_recv = header.last_recv;
        } else {
            tail.volume_bytes += item.stored_bytes as u64;
        }
        tail.last_recv = header.last_recv;
    }
    if let Some(place) = walk.place() {
        (tail.last, tail.chain) = (place.next.previous(), place.block_chain);
    }
    let fragments = walk.place().and_then(|place| place.open).map_or(0, |(_, last)| last);
    Ok((tail, head.map(|header| OpenBlock { header, raw, fragments })))
}

/// Puts a block in place of the fragments at the end of a volume.
fn close_block(store: &SledStore, mut tail: Tail, open: OpenBlock) -> Result<Tail, JournalError> {
    let OpenBlock { mut header, raw, fragments } = open;
    header.raw_len = raw.len() as u32;
    header.chain = tail.chain;
    let mut bytes = Vec::new();
    tail.chain = block::seal(&header, &raw, &mut bytes);
    tail.volume_bytes += bytes.len() as u64;
    let first = header.first;
    let changes = Changes {
        put: vec![(Key { block: first, fragment: 0 }, bytes)],
        remove: (1..=fragments).map(|fragment| Key { block: first, fragment }).collect(),
        checkpoints: Vec::new(),
    };
    store.write(&changes)?;
    store.flush(Durability::Power)?;
    Ok(tail)
}

/// Compares the end that was found with what was promised.
fn check_end(volume: &Volume, tail: &Tail, mark: Option<Mark>) -> Result<(), JournalError> {
    let promised = volume.sealed.map(|seal| seal.last).max(mark.map(|mark| mark.seq));
    if let Some(marked) = promised.filter(|marked| *marked > tail.last) {
        return Err(JournalError::Shortened { found: tail.last, marked });
    }
    if volume.sealed.is_some_and(|seal| seal.last != tail.last || seal.chain != tail.chain) {
        let reason = "its end is not the one it was sealed with".to_owned();
        return Err(JournalError::Damaged { volume: volume.number, first: volume.first, last: tail.last, reason });
    }
    Ok(())
}
