//! What can be saved of a damaged volume: its intact items, however much of sled around them is broken, put in order:
//! [`Salvage`].
//!
//! Items come from sled, as far as it shows them, and from the bytes of its files: every block and checkpoint carries its own
//! checksum and can be found there, often in several copies. A file also holds what sled has long replaced. The chain tells: an
//! item from which the chain leads to the end that was sealed or marked is what was written (*attested*). Others are taken from
//! sled first, and from the files only where nothing contradicts them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::block::{self, Header};
use crate::catalog::volume_path;
use crate::checkpoint::{self, Checkpoint};
use crate::error::JournalError;
use crate::stamp::Seq;
use crate::store::sled::SledStore;
use crate::store::{Key, Store, Table};
use crate::walk::Place;

/// Where a volume begins and ends, by what is kept outside of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) number: u32,
    pub(crate) journal: u64,
    /// Its first event, and the checksum of the block before that.
    pub(crate) first: Seq,
    pub(crate) start_chain: u64,
    /// The last event it must have and the checksum of the item that ends with it; as far as known.
    pub(crate) end: Option<(Seq, u64)>,
    /// Whether it may not go on after that.
    pub(crate) sealed: bool,
}

/// An intact item.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) header: Header,
    pub(crate) checksum: u64,
    /// What the next item must have as its chain.
    pub(crate) provides: u64,
    /// As stored.
    pub(crate) bytes: Vec<u8>,
    /// Whether sled shows it.
    pub(crate) shown: bool,
}

/// Part of a volume, in order.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// An item that follows on.
    Kept(Found),
    /// Events that are nowhere. The item after them has `resume` as its chain.
    Lost { first: Seq, last: Seq, resume: u64 },
}

/// What can be saved of a volume.
#[derive(Debug, Default)]
pub(crate) struct Salvage {
    /// From its first event to its end.
    pub(crate) parts: Vec<Part>,
    /// Intact checkpoints as stored.
    pub(crate) checkpoints: BTreeMap<Key, Vec<u8>>,
}

/// Every intact item of a volume, once.
#[derive(Debug, Default)]
pub(crate) struct Items {
    pub(crate) by_checksum: BTreeMap<u64, Found>,
    pub(crate) checkpoints: BTreeMap<Key, Vec<u8>>,
}

impl Items {
    fn add(&mut self, checked: &block::Checked<'_>, bytes: &[u8], shown: bool) {
        let given_up = checked.given_up();
        if given_up.is_none() && checked.unpack(&mut Vec::new()).is_err() {
            return;
        }
        let known = self.by_checksum.entry(checked.checksum).or_insert_with(|| Found {
            header: checked.header,
            checksum: checked.checksum,
            provides: given_up.unwrap_or(checked.checksum),
            bytes: bytes.to_vec(),
            shown,
        });
        known.shown |= shown;
    }

    /// Of the volume in `dir`, which nobody writes meanwhile. What cannot be read is as if it were not there.
    pub(crate) fn gather(dir: &Path, number: u32) -> Result<Items, JournalError> {
        let mut items = Items::default();
        let path = volume_path(dir, number);
        if let Ok(store) = SledStore::open_copy(&path, number) {
            items.shown(&store);
        }
        items.files(&path)?;
        Ok(items)
    }

    /// What sled shows. The first error ends a table: a store that is damaged inside is better read from its files.
    fn shown(&mut self, store: &dyn Store) {
        let mut out = Vec::new();
        let _ = store.read(Table::Blocks, Key::default(), usize::MAX, &mut out);
        for (_, bytes) in out.drain(..) {
            if let Ok(checked) = block::check(&bytes) {
                self.add(&checked, &bytes, true);
            }
        }
        let _ = store.read(Table::Checkpoints, Key::default(), usize::MAX, &mut out);
        for (key, bytes) in out {
            if Checkpoint::from_bytes(&bytes).is_ok_and(|checkpoint| checkpoint.seq == key.block) {
                self.checkpoints.insert(key, bytes);
            }
        }
    }

    /// What stands in the files below `path`.
    fn files(&mut self, path: &Path) -> Result<(), JournalError> {
        let failed = |error: std::io::Error| JournalError::io("reading", path, &error);
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                self.files(&entry.path())?;
                continue;
            }
            if !kind.is_file() {
                continue;
            }
            // A volume is some 100 MB, whatever the journal's size. What the disk refuses to read is lost.
            let Ok(content) = fs::read(entry.path()) else { continue };
            for (at, checked) in block::carve(&content) {
                self.add(&checked, &content[at..at + checked.stored_bytes()], false);
            }
            for (checkpoint, bytes) in checkpoint::carve(&content) {
                self.checkpoints.entry(checkpoint.key()).or_insert_with(|| bytes.to_vec());
            }
        }
        Ok(())
    }
}

/// Saves what can be saved of a volume that nobody writes meanwhile.
pub(crate) fn salvage(dir: &Path, bounds: &Bounds) -> Result<Salvage, JournalError> {
    let items = Items::gather(dir, bounds.number)?;
    Ok(Salvage { parts: order(items.by_checksum, bounds), checkpoints: items.checkpoints })
}

struct Order<'a> {
    bounds: &'a Bounds,
    items: BTreeMap<u64, Found>,
    /// Checksums, by the first event.
    by_first: BTreeMap<Seq, Vec<u64>>,
    attested: BTreeSet<u64>,
    /// The parts so far, with the place before each.
    parts: Vec<(Place, Part)>,
    place: Place,
}

/// Puts items in order, leaving out what others contradict.
pub(crate) fn order(mut items: BTreeMap<u64, Found>, bounds: &Bounds) -> Vec<Part> {
    items.retain(|_, item| {
        let end = bounds.end.filter(|_| bounds.sealed).map_or(Seq::new(u64::MAX), |(last, _)| last);
        item.header.journal == bounds.journal && item.header.first >= bounds.first && item.header.last() <= end
    });
    let mut by_first: BTreeMap<Seq, Vec<u64>> = BTreeMap::new();
    for item in items.values() {
        by_first.entry(item.header.first).or_default().push(item.checksum);
    }
    let attested = attested(&items, bounds);
    let place = Place::after(bounds.first, bounds.start_chain);
    let mut order = Order { bounds, items, by_first, attested, parts: Vec::new(), place };
    while order.step() {}
    order.finish();
    order.parts.into_iter().map(|(_, part)| part).collect()
}

/// Checksums of the items from which the chain leads to the end.
fn attested(items: &BTreeMap<u64, Found>, bounds: &Bounds) -> BTreeSet<u64> {
    let by_provided: BTreeMap<u64, &Found> = items.values().map(|item| (item.provides, item)).collect();
    let mut attested = BTreeSet::new();
    let mut chain = bounds.end.map(|(_, chain)| chain);
    while let Some(item) = chain.and_then(|chain| by_provided.get(&chain))
        && attested.insert(item.checksum)
    {
        chain = Some(item.header.chain);
    }
    attested
}

impl Order<'_> {
    fn key(&self, header: &Header) -> Key {
        let block = self.place.open.filter(|_| header.fragment > 1).map_or(header.first, |(block, _)| block);
        Key { block, fragment: header.fragment }
    }

    /// The item that comes next, when there is no doubt.
    fn next(&self) -> Option<(u64, Place)> {
        let fits = self.by_first.get(&self.place.next)?.iter().filter_map(|checksum| {
            let item = self.items.get(checksum)?;
            let place = self.place.step(self.key(&item.header), &item.header, item.provides).ok()?;
            Some((item, place))
        });
        let fits: Vec<(&Found, Place)> = fits.collect();
        let rank = |item: &Found| (self.attested.contains(&item.checksum), item.shown, item.header.fragment == 0);
        let best = fits.iter().max_by_key(|(item, _)| rank(item))?;
        let certain = self.attested.contains(&best.0.checksum) || best.0.shown;
        let rivals = fits.iter().filter(|(item, _)| rank(item) == rank(best.0)).count();
        (certain || rivals == 1).then_some((best.0.checksum, best.1))
    }

    /// The nearest item later on from which to go on.
    fn anchor(&self) -> Option<&Found> {
        let later = self.by_first.range(self.place.next..).flat_map(|(_, checksums)| checksums);
        let mut best: Option<&Found> = None;
        for item in later.filter_map(|checksum| self.items.get(checksum)).filter(|item| item.header.fragment <= 1) {
            let rank = |item: &Found| (self.attested.contains(&item.checksum), item.shown, item.header.fragment == 0);
            if best.is_some_and(|best| item.header.first > best.header.first) {
                break;
            }
            if (item.shown || self.is_alone(item)) && best.is_none_or(|best| rank(item) > rank(best)) {
                best = Some(item);
            }
        }
        best
    }

    /// Whether no other item claims events of this one.
    fn is_alone(&self, item: &Found) -> bool {
        let Header { first, .. } = item.header;
        let last = item.header.last();
        self.attested.contains(&item.checksum)
            || self.items.values().all(|other| {
                let apart = other.header.last() < first || other.header.first > last;
                apart || other.checksum == item.checksum || other.header.fragment > 0
            })
    }

    /// One item or one gap further; `false` when there is nothing more.
    fn step(&mut self) -> bool {
        if let Some((checksum, place)) = self.next() {
            let Some(item) = self.items.get(&checksum).cloned() else { return false };
            self.parts.push((self.place, Part::Kept(item)));
            self.place = place;
            return true;
        }
        if self.place.open.is_some() {
            self.close_block();
            return true;
        }
        let Some((first, chain, checksum)) = self.anchor().map(|item| (item.header.first, item.header.chain, item.checksum))
        else {
            return false;
        };
        if first > self.place.next {
            let part = Part::Lost { first: self.place.next, last: first.previous(), resume: chain };
            self.parts.push((self.place, part));
            self.place = Place::after(first, chain);
        } else if !self.take_back() {
            self.items.remove(&checksum);
        }
        true
    }

    /// Two items meet and the chain does not hold: takes back the one before, unless the chain leads from it to the end.
    fn take_back(&mut self) -> bool {
        match self.parts.last() {
            Some((before, Part::Kept(item))) if !self.attested.contains(&item.checksum) => {
                self.place = *before;
                self.items.remove(&item.checksum);
                self.parts.pop();
                true
            }
            _ => false,
        }
    }

    /// Makes a block of the fragments at the end: neither in front of a gap nor where the mark names their block can there be any.
    fn close_block(&mut self) {
        let mut raw = Vec::new();
        let mut whole: Option<(Place, Header)> = None;
        let from = self.parts.iter().rposition(|(_, part)| !is_fragment(part)).map_or(0, |at| at + 1);
        for (before, part) in self.parts.drain(from..) {
            let Part::Kept(item) = part else { continue };
            let Ok(checked) = block::check(&item.bytes) else { continue };
            if checked.unpack(&mut raw).is_err() {
                continue;
            }
            let (_, header) = whole.get_or_insert((before, Header { fragment: 0, count: 0, ..item.header }));
            header.count += item.header.count;
            header.last_recv = item.header.last_recv;
        }
        let Some((before, mut header)) = whole else {
            self.place.open = None;
            return;
        };
        header.raw_len = raw.len() as u32;
        header.chain = before.block_chain;
        let mut bytes = Vec::new();
        let checksum = block::seal(&header, &raw, &mut bytes);
        self.parts.push((before, Part::Kept(Found { header, checksum, provides: checksum, bytes, shown: false })));
        self.place = Place::after(header.last().next(), checksum);
    }

    /// The end, where it is known.
    fn finish(&mut self) {
        let Some((last, chain)) = self.bounds.end.filter(|_| self.bounds.sealed) else { return };
        while self.place.next > last && self.place.block_chain != chain && self.take_back() {}
        if self.place.next <= last {
            let part = Part::Lost { first: self.place.next, last, resume: chain };
            self.parts.push((self.place, part));
        }
    }
}

/// The items of a volume with these parts. Where events are lost an item says so.
pub(crate) fn items(parts: &[Part], bounds: &Bounds) -> Vec<(Key, Vec<u8>)> {
    let mut place = Place::after(bounds.first, bounds.start_chain);
    let mut out = Vec::with_capacity(parts.len());
    let mut schema = 0;
    let mut recv = parts.iter().find_map(|part| match part {
        Part::Kept(item) => Some(item.header.first_recv),
        Part::Lost { .. } => None,
    });
    for part in parts {
        match part {
            Part::Kept(item) => {
                let header = &item.header;
                let block = place.open.filter(|_| header.fragment > 1).map_or(header.first, |(block, _)| block);
                let key = Key { block, fragment: header.fragment };
                out.push((key, item.bytes.clone()));
                (schema, recv) = (header.schema, Some(header.last_recv));
                if let Ok(next) = place.step(key, header, item.provides) {
                    place = next;
                }
            }
            Part::Lost { first, last, resume } => {
                let mut first = *first;
                while first <= *last {
                    let count = u32::try_from(last.get() - first.get() + 1).unwrap_or(u32::MAX);
                    let time = recv.unwrap_or_default();
                    let header = Header {
                        fragment: 0,
                        schema,
                        journal: bounds.journal,
                        first,
                        count,
                        raw_len: 0,
                        raw_offset: 0,
                        first_recv: time,
                        last_recv: time,
                        chain: place.block_chain,
                    };
                    let mut bytes = Vec::new();
                    block::seal_given_up(&header, *resume, &mut bytes);
                    out.push((Key { block: first, fragment: 0 }, bytes));
                    place = Place::after(header.last().next(), *resume);
                    first = place.next;
                }
            }
        }
    }
    out
}

fn is_fragment(part: &Part) -> bool {
    matches!(part, Part::Kept(item) if item.header.fragment > 0)
}
