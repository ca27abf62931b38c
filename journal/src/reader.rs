//! Reads a journal, also while another process writes it: [`Reader`], [`Scan`].

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::access::Access;
use crate::catalog::{Catalog, Mark, MarkFile, Seal, SessionInfo, Volume};
use crate::checkpoint::Checkpoint;
use crate::codec::Decoder;
use crate::error::JournalError;
use crate::lock::Lock;
use crate::record::Record;
use crate::snapshot;
use crate::stamp::{Seq, Stamp};
use crate::store::plain::{PlainVolume, left_checkpoints};
use crate::store::{Key, Store, Table};
use crate::walk::{Place, Start, Walk};

/// Bytes of blocks a scan holds.
const READ_AHEAD_BYTES: usize = 8 << 20;
/// Bytes of checkpoints asked for at once.
const CHECKPOINT_BYTES: usize = 1 << 20;
/// How often to read an open block again that its writer was just closing.
const TRIES: u32 = 5;

/// A journal as it was when this was opened. What is appended later it does not show; open another one for that.
#[derive(Debug)]
pub struct Reader<R> {
    dir: PathBuf,
    catalog: Catalog,
    last: Seq,
    /// The last volume, when it ended cleanly and can be read without sled.
    ended: Option<Arc<PlainVolume>>,
    records: PhantomData<fn() -> R>,
}

impl<R> Reader<R> {
    /// Opens the journal in `dir` for reading. Recovers nothing and writes nothing, beyond what sled itself does when it opens.
    ///
    /// # Errors
    /// When there is no journal, its end is damaged or missing, or the process that writes it does not answer.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        // In this order: what the mark promises is in the volumes of the catalog read before it, or of a later one.
        let mark = MarkFile::read(dir)?;
        let mut tries = 0;
        loop {
            let catalog = Catalog::load(dir)?.ok_or_else(|| JournalError::NotAJournal { dir: dir.to_owned() })?;
            match find_end(dir, &catalog, mark) {
                Ok((last, ended)) => return Ok(Reader { dir: dir.to_owned(), catalog, last, ended, records: PhantomData }),
                Err(JournalError::Damaged { .. } | JournalError::Shortened { .. }) if tries < TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// The last event there is; `Seq::ZERO` in an empty journal.
    pub fn last_seq(&self) -> Seq {
        self.last
    }

    /// The sessions that wrote it, by rising id.
    pub fn sessions(&self) -> &[SessionInfo] {
        &self.catalog.sessions
    }

    /// Events from `from` on, to the end.
    ///
    /// # Errors
    /// None now: `next_batch` says when something cannot be read.
    pub fn scan(&self, from: Seq) -> Result<Scan<R>, JournalError>
    where
        R: Record,
    {
        let volumes = &self.catalog.volumes;
        let first = volumes.first().map_or(Seq::FIRST, |volume| volume.first);
        let due = from.max(first);
        let index = self.volume_of(due);
        Ok(Scan {
            dir: self.dir.clone(),
            journal: self.catalog.journal,
            volumes: volumes[index..].to_vec(),
            ended: self.ended.clone(),
            index: 0,
            walk: None,
            tries: 0,
            due,
            last: self.last,
            raw: Vec::new(),
            at: 0,
            schema: 0,
            next: due,
            left: 0,
            context: R::Context::default(),
            failed: None,
        })
    }

    /// Index of the volume that contains `seq`, or would.
    fn volume_of(&self, seq: Seq) -> usize {
        self.catalog.volumes.partition_point(|volume| volume.first <= seq).saturating_sub(1)
    }

    /// Checkpoints at `from ..= to`, by rising seq; at one seq, effects before state.
    ///
    /// # Errors
    /// When a volume cannot be read, or a checkpoint in it does not decode.
    pub fn checkpoints(&self, from: Seq, to: Seq) -> Result<Vec<Checkpoint>, JournalError> {
        let mut found = BTreeMap::new();
        let to = to.min(self.last);
        if from > to {
            return Ok(Vec::new());
        }
        for volume in &self.catalog.volumes[self.volume_of(from)..] {
            let before = found.len();
            let end = volume.sealed.or(self.ended.as_ref().map(|ended| ended.end()));
            match end.and_then(|end| left_checkpoints(&self.dir, volume.number, end)) {
                Some(left) => {
                    for (key, bytes) in left.iter().filter(|(key, _)| (from..=to).contains(&key.block)) {
                        found.insert(*key, decode_checkpoint(volume.number, *key, bytes)?);
                    }
                }
                None => collect_checkpoints(&Access::new(&self.dir, volume), volume.number, (from, to), &mut found)?,
            }
            // A checkpoint is written a little after its event, perhaps into a later volume; never volumes of others later.
            if volume.first > to && found.len() == before {
                break;
            }
        }
        Ok(found.into_values().collect())
    }

    /// The newest intact snapshot at or before a seq: where it was taken, and the machine's state. A damaged one is passed over.
    ///
    /// # Errors
    /// When the folder of the snapshots cannot be read.
    pub fn latest_snapshot(&self, at_or_before: Seq) -> Result<Option<(Seq, Vec<u8>)>, JournalError> {
        for seq in snapshot::list(&self.dir)?.into_iter().rev().filter(|seq| *seq <= at_or_before.min(self.last)) {
            match snapshot::read(&self.dir, seq) {
                Ok(state) => return Ok(Some((seq, state))),
                Err(JournalError::DamagedFile { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// The best way to a volume: `ended` is the last one, if that can be read without sled.
fn access(dir: &Path, volume: &Volume, ended: Option<&Arc<PlainVolume>>) -> Access {
    match (volume.sealed, ended) {
        (Some(end), _) => Access::ending(dir, volume, end),
        (None, Some(ended)) => Access::open(dir, volume, Arc::clone(ended)),
        (None, None) => Access::new(dir, volume),
    }
}

/// The last event, and the last volume when it ended cleanly.
type End = (Seq, Option<Arc<PlainVolume>>);

/// Where the journal ends.
fn find_end(dir: &Path, catalog: &Catalog, mark: Option<Mark>) -> Result<End, JournalError> {
    if let Some(end) = clean_end(dir, catalog, mark)? {
        return Ok(end);
    }
    let found = match catalog.volumes.last() {
        None => Seq::ZERO,
        Some(Volume { sealed: Some(seal), .. }) => seal.last,
        Some(volume) => Access::new(dir, volume).with(&mut |store| end_of(store, volume, catalog.journal))?,
    };
    match mark {
        Some(mark) if mark.seq > found => Err(JournalError::Shortened { found, marked: mark.seq }),
        _ => Ok((found, None)),
    }
}

/// The end of a journal whose last session ended cleanly, and its last volume: the session's end and the mark are one, nobody
/// writes, and the chain of the last volume's blocks leads there.
fn clean_end(dir: &Path, catalog: &Catalog, mark: Option<Mark>) -> Result<Option<End>, JournalError> {
    let (Some(volume), Some(mark)) = (catalog.volumes.last(), mark) else { return Ok(None) };
    let is_clean = catalog.sessions.last().is_some_and(|session| session.last == Some(mark.seq));
    if volume.sealed.is_some() || !is_clean || Lock::is_held(dir)? {
        return Ok(None);
    }
    let end = Seal { last: mark.seq, chain: mark.chain };
    Ok(PlainVolume::open(dir, volume, end).map(|volume| (mark.seq, Some(Arc::new(volume)))))
}

fn end_of(store: &dyn Store, volume: &Volume, journal: u64) -> Result<Seq, JournalError> {
    let start = Place::after(volume.first, volume.start_chain);
    let mut walk = Walk::new(store, volume.number, journal, Some(start), Key::default());
    walk.begin(Start::find(store, volume.first, Seq::new(u64::MAX))?);
    while walk.next_kept()?.is_some() {}
    Ok(walk.place().map_or(volume.first, |place| place.next).previous())
}

/// Reads the checkpoints of one volume in a range of seqs.
pub(crate) fn collect_checkpoints(
    access: &Access,
    volume: u32,
    (from, to): (Seq, Seq),
    found: &mut BTreeMap<Key, Checkpoint>,
) -> Result<(), JournalError> {
    access.with(&mut |store| {
        let mut items = Vec::new();
        let mut at = Key { block: from, fragment: 0 };
        loop {
            items.clear();
            store.read(Table::Checkpoints, at, CHECKPOINT_BYTES, &mut items)?;
            let Some((last, _)) = items.last() else { return Ok(()) };
            at = last.next();
            for (key, bytes) in &items {
                if key.block > to {
                    return Ok(());
                }
                found.insert(*key, decode_checkpoint(volume, *key, bytes)?);
            }
        }
    })
}

/// A checkpoint as it is stored under `key`.
pub(crate) fn decode_checkpoint(volume: u32, key: Key, bytes: &[u8]) -> Result<Checkpoint, JournalError> {
    let damaged = |reason: String| JournalError::Damaged { volume, first: key.block, last: key.block, reason };
    let checkpoint = Checkpoint::from_bytes(bytes).map_err(damaged)?;
    if checkpoint.seq != key.block {
        return Err(damaged(format!("its checkpoint is one of seq {}", checkpoint.seq)));
    }
    Ok(checkpoint)
}

/// Goes through events in order. Made by [`Reader::scan`].
pub struct Scan<R: Record> {
    dir: PathBuf,
    journal: u64,
    /// From the volume of the first event on.
    volumes: Vec<Volume>,
    /// The last of them, when it ended cleanly.
    ended: Option<Arc<PlainVolume>>,
    /// The volume being read.
    index: usize,
    walk: Option<Walk<Access>>,
    tries: u32,
    /// The next event to hand out.
    due: Seq,
    last: Seq,
    /// Events of the block or fragment being decoded, decompressed; where the next begins, its seq, how many are left.
    raw: Vec<u8>,
    at: usize,
    schema: u16,
    next: Seq,
    left: u32,
    context: R::Context,
    failed: Option<JournalError>,
}

impl<R: Record> std::fmt::Debug for Scan<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scan").field("dir", &self.dir).field("due", &self.due).field("last", &self.last).finish_non_exhaustive()
    }
}

impl<R: Record> Scan<R> {
    /// Appends up to `max_events` further events to `out` and says how many; 0 is the end.
    ///
    /// # Errors
    /// When the next event cannot be read. Everything before it has been handed out then.
    pub fn next_batch(&mut self, max_events: usize, out: &mut Vec<(Stamp, R)>) -> Result<usize, JournalError> {
        if let Some(error) = self.failed.clone() {
            return Err(error);
        }
        let before = out.len();
        while out.len() - before < max_events && self.due <= self.last {
            let result = if self.left == 0 { self.next_item() } else { self.decode(max_events - (out.len() - before), out) };
            if let Err(error) = result {
                self.failed = Some(error.clone());
                if out.len() == before {
                    return Err(error);
                }
                break;
            }
        }
        Ok(out.len() - before)
    }

    /// The events of the next block (or fragment) as they are encoded: read, checked and decompressed, but not decoded. `None` at
    /// the end. Decoding is measured against this.
    ///
    /// # Errors
    /// As [`Scan::next_batch`].
    pub fn next_encoded(&mut self) -> Result<Option<&[u8]>, JournalError> {
        if let Some(error) = self.failed.clone() {
            return Err(error);
        }
        while self.left == 0 {
            if self.due > self.last {
                return Ok(None);
            }
            if let Err(error) = self.next_item() {
                self.failed = Some(error.clone());
                return Err(error);
            }
        }
        self.next = self.next.advance(u64::from(self.left));
        self.due = self.due.max(self.next);
        self.left = 0;
        Ok(Some(&self.raw[self.at..]))
    }

    /// Decodes events of the item at hand.
    fn decode(&mut self, max: usize, out: &mut Vec<(Stamp, R)>) -> Result<(), JournalError> {
        let mut input = Decoder::new(&self.raw[self.at..]);
        let wanted = (self.last.get() - self.due.get()).saturating_add(1).min(max as u64);
        let until = self.due.advance(wanted);
        while self.left > 0 && self.next < until {
            let (seq, count) = (self.next, out.len());
            let decoded = R::decode(self.schema, seq, &mut self.context, &mut input, out);
            decoded.map_err(|error| JournalError::Decode { seq, error })?;
            self.left -= 1;
            self.next = seq.next();
            if seq < self.due {
                out.truncate(count);
            } else {
                self.due = self.next;
            }
        }
        self.at = self.raw.len() - input.remaining();
        if self.left == 0 {
            input.finish().map_err(|error| JournalError::Decode { seq: self.next.previous(), error })?;
        }
        Ok(())
    }

    /// Takes up the next block or fragment.
    fn next_item(&mut self) -> Result<(), JournalError> {
        let Some(volume) = self.volumes.get(self.index).copied() else {
            return Err(JournalError::Shortened { found: self.due.previous(), marked: self.last });
        };
        let walk = match &mut self.walk {
            Some(walk) => walk,
            None => {
                let access = access(&self.dir, &volume, self.ended.as_ref());
                let start = access.with(&mut |store| Start::find(store, volume.first, self.due))?;
                let place = Place::after(volume.first, volume.start_chain);
                let mut walk = Walk::new(access, volume.number, self.journal, Some(place), Key::default());
                walk.begin(start);
                walk.read_ahead(READ_AHEAD_BYTES);
                self.walk.insert(walk)
            }
        };
        // A sealed volume need not be asked whether there is more: that would open it once more.
        let over = volume.sealed.is_some_and(|seal| walk.place().is_some_and(|place| place.next > seal.last));
        let ended = match if over { Ok(None) } else { walk.next() } {
            Ok(Some(item)) => {
                let header = item.header;
                if header.fragment <= 1 {
                    R::reset(&mut self.context);
                }
                self.raw.clear();
                self.at = 0;
                item.checked.unpack(&mut self.raw).map_err(|error| JournalError::Damaged {
                    volume: volume.number,
                    first: header.first,
                    last: header.last(),
                    reason: error.to_string(),
                })?;
                self.schema = header.schema;
                self.next = header.first;
                self.left = header.count;
                if header.fragment == 0 {
                    self.tries = 0;
                }
                return Ok(());
            }
            Ok(None) if volume.sealed.is_some() => return self.next_volume(&volume),
            Ok(None) => JournalError::Shortened { found: self.due.previous(), marked: self.last },
            Err(error) => error,
        };
        // The writer may have put a block in place of the fragments just read. Reading them again finds out.
        self.tries += 1;
        if volume.sealed.is_none() && self.tries <= TRIES && walk.rewind() { Ok(()) } else { Err(ended) }
    }

    /// Checks that the volume ended as it was sealed, and goes on with the next.
    fn next_volume(&mut self, volume: &Volume) -> Result<(), JournalError> {
        let place = self.walk.as_ref().and_then(Walk::place);
        let damaged = |first: Seq, last: Seq, reason: &str| {
            Err(JournalError::Damaged { volume: volume.number, first, last, reason: reason.to_owned() })
        };
        let (Some(place), Some(seal)) = (place, volume.sealed) else {
            return damaged(volume.first, self.last, "it holds nothing");
        };
        if place.next <= seal.last {
            return damaged(place.next, seal.last, "its end is missing");
        }
        if place.open.is_some() || place.next != seal.last.next() || place.block_chain != seal.chain {
            return damaged(volume.first, seal.last, "its end is not the one it was sealed with");
        }
        self.index += 1;
        self.walk = match self.volumes.get(self.index) {
            None => None,
            Some(next) if next.first != place.next || next.start_chain != place.block_chain => {
                let reason = "it does not begin where the volume before it ends".to_owned();
                return Err(JournalError::Damaged {
                    volume: next.number,
                    first: place.next,
                    last: next.first.previous(),
                    reason,
                });
            }
            Some(next) => {
                let access = access(&self.dir, next, self.ended.as_ref());
                let start = Place::after(place.next, place.block_chain);
                let mut walk = Walk::new(access, next.number, self.journal, Some(start), Key::default());
                walk.read_ahead(READ_AHEAD_BYTES);
                Some(walk)
            }
        };
        Ok(())
    }
}
