//! The thread that makes groups durable: blocks and fragments into the store, flush, watermark, mark, next volume.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::block::{self, Header};
use crate::catalog::{Catalog, Mark, MarkFile, Seal, SessionInfo, Volume, volume_path};
use crate::checkpoint::Checkpoint;
use crate::error::JournalError;
use crate::files;
use crate::snapshot;
use crate::stamp::{Nanos, Seq};
use crate::store::plain;
use crate::store::sled::SledStore;
use crate::store::{Changes, Durability, Key, Store};

/// How often `relaxed` flushes.
const RELAXED_FLUSH: Duration = Duration::from_millis(100);
/// How often the mark follows the watermark.
const MARK_EVERY: Duration = Duration::from_millis(500);

/// The volume being written, for whoever reads it meanwhile.
pub(crate) type Active = Arc<RwLock<(u32, Arc<SledStore>)>>;

/// Part of a group: events of one block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) first: Seq,
    pub(crate) count: u32,
    pub(crate) bytes: usize,
    pub(crate) first_recv: Nanos,
    pub(crate) last_recv: Nanos,
    /// The block ends with it.
    pub(crate) ends_block: bool,
}

/// What is made durable together.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) bytes: Vec<u8>,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) checkpoints: Vec<Checkpoint>,
    pub(crate) snapshot: Option<(Seq, Vec<u8>)>,
    pub(crate) session: Option<SessionInfo>,
    pub(crate) close: bool,
}

impl Group {
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.checkpoints.is_empty() && self.snapshot.is_none() && self.session.is_none() && !self.close
    }

    pub(crate) fn clear(&mut self) {
        *self = Group { bytes: std::mem::take(&mut self.bytes), pieces: std::mem::take(&mut self.pieces), ..Group::default() };
        self.bytes.clear();
        self.pieces.clear();
    }
}

/// Up to where the journal is durable. Clones watch the same journal.
#[derive(Clone, Debug)]
pub struct Watermark {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    durable: AtomicU64,
    failed: Mutex<Option<JournalError>>,
    moved: Condvar,
}

impl Watermark {
    pub(crate) fn new(durable: Seq) -> Self {
        let shared = Shared { durable: AtomicU64::new(durable.get()), failed: Mutex::new(None), moved: Condvar::new() };
        Watermark { shared: Arc::new(shared) }
    }

    /// The last durable event.
    #[inline]
    pub fn get(&self) -> Seq {
        Seq::new(self.shared.durable.load(Ordering::Acquire))
    }

    /// Waits until `seq` is durable; `false` when `timeout` passed or the journal failed first.
    #[allow(clippy::disallowed_methods, reason = "a timeout is real time")]
    pub fn wait_for(&self, seq: Seq, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        let mut failed = self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if self.get() >= seq {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if failed.is_some() || left.is_zero() {
                return false;
            }
            failed = self.shared.moved.wait_timeout(failed, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The error that stopped the journal, if one did.
    pub fn error(&self) -> Option<JournalError> {
        self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, seq: Seq) {
        let _guard = self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.durable.store(seq.get(), Ordering::Release);
        self.shared.moved.notify_all();
    }

    pub(crate) fn fail(&self, error: JournalError) {
        let mut failed = self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.get_or_insert(error);
        self.shared.moved.notify_all();
    }
}

/// The open block: its bytes so far, also in the store as fragments.
#[derive(Debug, Default)]
struct Open {
    raw: Vec<u8>,
    first: Seq,
    count: u32,
    first_recv: Nanos,
    /// Of the events that are not in a fragment yet.
    unwritten_recv: Nanos,
    last_recv: Nanos,
    fragments: u16,
    chain: u64,
}

/// State of the flushing thread.
pub(crate) struct Flusher {
    pub(crate) dir: PathBuf,
    pub(crate) durability: Durability,
    pub(crate) volume_bytes_max: u64,
    pub(crate) schema: u16,
    pub(crate) catalog: Catalog,
    pub(crate) mark: MarkFile,
    pub(crate) active: Active,
    pub(crate) watermark: Watermark,
    /// Checksum of the last whole block.
    pub(crate) chain: u64,
    /// The last event in the store.
    pub(crate) last: Seq,
    /// Bytes stored in the volume so far.
    pub(crate) volume_bytes: u64,
    open: Open,
    /// Bytes and events of the open block that are in the store as fragments.
    written: (usize, u32),
    changes: Changes,
    snapshot: Option<(Seq, Vec<u8>)>,
    marked_at: Instant,
    marked: Seq,
    flushed: bool,
}

impl Flusher {
    #[allow(
        clippy::too_many_arguments,
        clippy::disallowed_methods,
        reason = "one call, in writer.rs; the mark follows real time"
    )]
    pub(crate) fn new(
        dir: PathBuf,
        durability: Durability,
        volume_bytes_max: u64,
        schema: u16,
        catalog: Catalog,
        mark: MarkFile,
        active: Active,
        watermark: Watermark,
        (last, chain, volume_bytes): (Seq, u64, u64),
    ) -> Self {
        Flusher {
            dir,
            durability,
            volume_bytes_max,
            schema,
            catalog,
            mark,
            active,
            watermark,
            chain,
            last,
            volume_bytes,
            open: Open::default(),
            written: (0, 0),
            changes: Changes::default(),
            snapshot: None,
            marked_at: Instant::now(),
            marked: last,
            flushed: true,
        }
    }

    /// Serves groups until one says close or the writer is gone; gives their buffers back.
    pub(crate) fn run(mut self, groups: &Receiver<Group>, spare: &SyncSender<Group>) {
        loop {
            let idle = if self.durability == Durability::Relaxed && !self.flushed { RELAXED_FLUSH } else { MARK_EVERY };
            let result = match groups.recv_timeout(idle) {
                Ok(mut group) => {
                    let close = group.close;
                    let result = self.serve(&mut group);
                    group.clear();
                    let _ = spare.try_send(group);
                    if close && result.is_ok() {
                        return;
                    }
                    result
                }
                Err(RecvTimeoutError::Timeout) => self.flush(false),
                // Dropped without close: what is in the store is flushed, as far as it goes; recovery does the rest.
                Err(RecvTimeoutError::Disconnected) => {
                    let _ = self.flush(true);
                    return;
                }
            };
            if let Err(error) = result {
                // Never again: a second sync after a failed one can succeed without having written.
                self.watermark.fail(error);
                return;
            }
        }
    }

    fn serve(&mut self, group: &mut Group) -> Result<(), JournalError> {
        let mut at = 0;
        for piece in &group.pieces {
            self.take(piece, &group.bytes[at..at + piece.bytes]);
            at += piece.bytes;
            if piece.ends_block {
                self.finish_block();
                if self.volume_bytes >= self.volume_bytes_max {
                    self.next_volume()?;
                }
            }
        }
        self.write_fragment();
        for checkpoint in group.checkpoints.drain(..) {
            self.changes.checkpoints.push((checkpoint.key(), checkpoint.to_bytes()));
        }
        if let Some(session) = group.session.take() {
            match self.catalog.sessions.iter_mut().find(|known| known.id == session.id) {
                Some(known) => *known = session,
                None => self.catalog.sessions.push(session),
            }
            self.catalog.save(&self.dir)?;
        }
        if group.snapshot.is_some() {
            self.snapshot = group.snapshot.take();
        }
        if group.close {
            self.finish_block();
        }
        self.write()?;
        self.flush(group.close)?;
        if group.close { self.leave_checkpoints() } else { Ok(()) }
    }

    /// Adds a piece to the open block.
    fn take(&mut self, piece: &Piece, bytes: &[u8]) {
        let open = &mut self.open;
        if open.count == 0 {
            (open.first, open.first_recv) = (piece.first, piece.first_recv);
        }
        if open.count == self.written.1 {
            open.unwritten_recv = piece.first_recv;
        }
        open.raw.extend_from_slice(bytes);
        open.count += piece.count;
        open.last_recv = piece.last_recv;
        self.last = piece.first.advance(u64::from(piece.count)).previous();
    }

    fn header(&self) -> Header {
        Header {
            fragment: 0,
            schema: self.schema,
            journal: self.catalog.journal,
            first: self.open.first,
            count: self.open.count,
            raw_len: self.open.raw.len() as u32,
            raw_offset: 0,
            first_recv: self.open.first_recv,
            last_recv: self.open.last_recv,
            chain: self.chain,
        }
    }

    /// The open block becomes a whole one and replaces its fragments.
    fn finish_block(&mut self) {
        if self.open.count == 0 {
            return;
        }
        let mut bytes = Vec::new();
        self.chain = block::seal(&self.header(), &self.open.raw, &mut bytes);
        self.volume_bytes += bytes.len() as u64;
        self.changes.put.push((Key { block: self.open.first, fragment: 0 }, bytes));
        // A fragment of this very group was never written; removing it too does no harm.
        let first = self.open.first;
        self.changes.remove.extend((1..=self.open.fragments).map(|fragment| Key { block: first, fragment }));
        let raw = std::mem::take(&mut self.open.raw);
        self.open = Open { raw, ..Open::default() };
        self.open.raw.clear();
        self.written = (0, 0);
    }

    /// What the open block has gained goes into the store as a fragment.
    fn write_fragment(&mut self) {
        let (bytes_before, count_before) = self.written;
        if self.open.count == count_before {
            return;
        }
        // The writer ends a block after PIECES_PER_BLOCK_MAX pieces, far below what a key can number.
        self.open.fragments += 1;
        let raw = &self.open.raw[bytes_before..];
        let header = Header {
            fragment: self.open.fragments,
            first: self.open.first.advance(u64::from(count_before)),
            count: self.open.count - count_before,
            raw_len: raw.len() as u32,
            raw_offset: bytes_before as u32,
            first_recv: self.open.unwritten_recv,
            chain: if self.open.fragments == 1 { self.chain } else { self.open.chain },
            ..self.header()
        };
        let mut bytes = Vec::new();
        self.open.chain = block::seal(&header, raw, &mut bytes);
        self.changes.put.push((Key { block: self.open.first, fragment: self.open.fragments }, bytes));
        self.written = (self.open.raw.len(), self.open.count);
    }

    fn write(&mut self) -> Result<(), JournalError> {
        if self.changes.is_empty() {
            return Ok(());
        }
        self.store().write(&self.changes)?;
        self.changes.clear();
        self.flushed = false;
        Ok(())
    }

    fn store(&self) -> Arc<SledStore> {
        self.active.read().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

impl Flusher {
    /// Makes what is in the store durable, as the policy says, and whatever waited for that.
    #[allow(clippy::disallowed_methods, reason = "the mark follows real time")]
    fn flush(&mut self, force: bool) -> Result<(), JournalError> {
        let due = force || self.durability != Durability::Relaxed || self.marked_at.elapsed() >= RELAXED_FLUSH;
        if !self.flushed && due {
            self.store().flush(self.durability)?;
            self.flushed = true;
            self.watermark.set(self.last);
        }
        if self.flushed && self.marked != self.last && (force || self.marked_at.elapsed() >= MARK_EVERY) {
            self.write_mark()?;
        }
        if self.flushed
            && let Some((at, state)) = self.snapshot.take_if(|(at, _)| *at <= self.last)
        {
            snapshot::write(&self.dir, at, &state)?;
        }
        Ok(())
    }

    #[allow(clippy::disallowed_methods, reason = "the mark follows real time")]
    fn write_mark(&mut self) -> Result<(), JournalError> {
        let chain = if self.open.count == 0 { self.chain } else { self.open.chain };
        self.mark.write(Mark { seq: self.last, chain })?;
        self.marked = self.last;
        self.marked_at = Instant::now();
        Ok(())
    }

    /// At a clean end: so that the volume can be read without sled.
    fn leave_checkpoints(&self) -> Result<(), JournalError> {
        let Some(volume) = self.catalog.volumes.last() else { return Ok(()) };
        plain::leave_checkpoints(&self.dir, volume.number, &*self.store(), Seal { last: self.last, chain: self.chain })
    }

    /// Seals the volume and goes on in a new one. Only between blocks.
    fn next_volume(&mut self) -> Result<(), JournalError> {
        self.write()?;
        self.store().flush(Durability::Power)?;
        self.flushed = true;
        self.watermark.set(self.last);
        self.write_mark()?;
        self.leave_checkpoints()?;
        let number = {
            let Some(volume) = self.catalog.volumes.last_mut() else {
                unreachable!("the volume being written is in the catalog")
            };
            volume.sealed = Some(Seal { last: self.last, chain: self.chain });
            volume.number + 1
        };
        self.catalog.volumes.push(Volume { number, first: self.last.next(), start_chain: self.chain, sealed: None });
        let path = volume_path(&self.dir, number);
        let store = SledStore::open(&path, number)?;
        if let Some(parent) = path.parent() {
            files::sync_dir(parent)?;
        }
        self.catalog.save(&self.dir)?;
        // The old handle closes when its last reader lets go.
        *self.active.write().unwrap_or_else(PoisonError::into_inner) = (number, Arc::new(store));
        self.volume_bytes = 0;
        Ok(())
    }
}
