//! Appends records: [`Writer`]. Encoding happens here, everything that touches a disk in the flusher's thread.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::block::{RAW_BYTES_MAX, RECORD_BYTES_MAX};
use crate::catalog::{Catalog, MarkFile, SessionInfo, Volume, volume_path};
use crate::checkpoint::Checkpoint;
use crate::codec::Encoder;
use crate::error::JournalError;
use crate::files;
use crate::flusher::{Active, Flusher, Group, Piece, Watermark};
use crate::lock::Lock;
use crate::record::Record;
use crate::recovery;
use crate::share::Share;
use crate::stamp::{Nanos, Seq, Stamp};
use crate::store::Durability;
use crate::store::sled::SledStore;

/// Groups on their way to the disk. While one is being flushed the next collects; a third would only make latency.
const GROUPS_IN_FLIGHT: usize = 2;
/// A block is ended after so many pieces, so that a slow market does not leave thousands of fragments.
const PIECES_PER_BLOCK_MAX: u32 = 4_096;

/// How a journal is written.
#[derive(Clone, Copy, Debug)]
pub struct WriterOptions {
    /// What "durable" means.
    pub durability: Durability,
    /// A volume is sealed when it has stored this much. Bounds the memory sled takes, which grows with what was written since open.
    pub volume_bytes_max: u64,
    /// A group is handed over at this size whether or not `commit` was called; then `append` waits for the disk.
    pub group_bytes_max: usize,
    /// How long a group that is not full may collect before `commit` hands it over. 0 hands over at every `commit`.
    pub group_delay: Duration,
}

impl Default for WriterOptions {
    fn default() -> Self {
        WriterOptions {
            durability: Durability::Power,
            volume_bytes_max: 64 << 20,
            group_bytes_max: 1 << 20,
            group_delay: Duration::ZERO,
        }
    }
}

/// Appends to a journal. One a journal, among all processes.
#[derive(Debug)]
pub struct Writer<R: Record> {
    dir: PathBuf,
    options: WriterOptions,
    context: R::Context,
    next: Seq,
    last_recv: Nanos,
    group: Group,
    block_bytes: usize,
    block_pieces: u32,
    piece: Option<Piece>,
    collecting_since: Option<Instant>,
    sessions: Vec<SessionInfo>,
    watermark: Watermark,
    groups: Option<SyncSender<Group>>,
    spare: Receiver<Group>,
    flusher: Option<JoinHandle<()>>,
    _share: Share,
    _lock: Lock,
}

impl<R: Record> Writer<R> {
    /// Opens the journal in `dir`, making it if there is none, and recovers: a tail of fragments becomes a block.
    ///
    /// # Errors
    /// When another process has it, when what was durable is missing or damaged, or when the disk refuses.
    pub fn open(dir: &Path, options: WriterOptions) -> Result<Self, JournalError> {
        let volumes = dir.join("volumes");
        files::create_dir(&volumes)?;
        let lock = Lock::take(dir, &format!("writing, durability {}", options.durability))?;
        let mut catalog = match Catalog::load(dir)? {
            Some(catalog) => catalog,
            None => new_catalog(dir)?,
        };
        let tail = recovery::recover(dir, &mut catalog)?;
        if catalog.volumes.last().is_none_or(|volume| volume.sealed.is_some()) {
            let number = catalog.volumes.last().map_or(1, |volume| volume.number + 1);
            catalog.volumes.push(Volume { number, first: tail.last.next(), start_chain: tail.chain, sealed: None });
        }
        let number = catalog.volumes.last().map_or(1, |volume| volume.number);
        let store = SledStore::open(&volume_path(dir, number), number)?;
        files::sync_dir(&volumes)?;
        catalog.save(dir)?;
        let active: Active = Arc::new(RwLock::new((number, Arc::new(store))));
        let share = Share::start(dir, active.clone())?;
        let watermark = Watermark::new(tail.last);
        let sessions = catalog.sessions.clone();
        let flusher = Flusher::new(
            dir.to_owned(),
            options.durability,
            options.volume_bytes_max,
            R::SCHEMA,
            catalog,
            MarkFile::open(dir)?,
            active,
            watermark.clone(),
            (tail.last, tail.chain, tail.volume_bytes),
        );
        let (groups, inbox) = sync_channel(GROUPS_IN_FLIGHT);
        let (give_back, spare) = sync_channel(GROUPS_IN_FLIGHT + 1);
        let thread = std::thread::Builder::new().name("jangbu-flusher".into());
        let failed = watermark.clone();
        #[allow(clippy::disallowed_methods, reason = "the flusher is the journal's one thread")]
        let flusher = thread
            .spawn(move || {
                let run = std::panic::AssertUnwindSafe(|| flusher.run(&inbox, &give_back));
                if std::panic::catch_unwind(run).is_err() {
                    let reason = "the flusher panicked".to_owned();
                    failed.fail(JournalError::Store { volume: 0, doing: "flushing", reason });
                }
            })
            .map_err(|error| JournalError::io("starting the flusher for", dir, &error))?;
        Ok(Writer {
            dir: dir.to_owned(),
            options,
            context: R::Context::default(),
            next: tail.last.next(),
            last_recv: tail.last_recv,
            group: Group::default(),
            block_bytes: 0,
            block_pieces: 0,
            piece: None,
            collecting_since: None,
            sessions,
            watermark,
            groups: Some(groups),
            spare,
            flusher: Some(flusher),
            _share: share,
            _lock: lock,
        })
    }

    /// Folder of the journal.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The seq the next record must have.
    pub fn next_seq(&self) -> Seq {
        self.next
    }

    /// `recv` of the last record; 0 in an empty journal.
    pub fn last_recv(&self) -> Nanos {
        self.last_recv
    }

    /// Sessions so far.
    pub fn sessions(&self) -> &[SessionInfo] {
        &self.sessions
    }

    /// Appends a record. It becomes durable some time after the next `commit`.
    ///
    /// # Errors
    /// When the stamp does not follow on, the record is too large, or the journal has failed before. The record is then not in it.
    #[inline]
    pub fn append(&mut self, stamp: &Stamp, record: &R) -> Result<(), JournalError> {
        if stamp.seq != self.next || stamp.recv < self.last_recv {
            return Err(JournalError::OutOfOrder {
                got: stamp.seq,
                expected: self.next,
                recv: stamp.recv.get(),
                last_recv: self.last_recv.get(),
            });
        }
        let before = self.group.bytes.len();
        record.encode(stamp, &mut self.context, &mut Encoder::new(&mut self.group.bytes));
        let mut length = self.group.bytes.len() - before;
        if self.block_bytes + length > RAW_BYTES_MAX {
            // Once a block: take the record back, end the block, and write it as the first of the next.
            self.group.bytes.truncate(before);
            self.end_block();
            record.encode(stamp, &mut self.context, &mut Encoder::new(&mut self.group.bytes));
            length = self.group.bytes.len() - before;
            if length > RECORD_BYTES_MAX {
                self.group.bytes.truncate(before);
                R::reset(&mut self.context);
                return Err(JournalError::RecordTooLarge { seq: stamp.seq, bytes: length, max: RECORD_BYTES_MAX });
            }
        }
        self.block_bytes += length;
        let piece = self.piece.get_or_insert(Piece {
            first: stamp.seq,
            count: 0,
            bytes: 0,
            first_recv: stamp.recv,
            last_recv: stamp.recv,
            ends_block: false,
        });
        piece.count += 1;
        piece.bytes += length;
        piece.last_recv = stamp.recv;
        self.next = self.next.next();
        self.last_recv = stamp.recv;
        if self.group.bytes.len() >= self.options.group_bytes_max {
            self.hand_over(true)?;
        }
        Ok(())
    }

    fn end_block(&mut self) {
        match self.piece.take() {
            Some(mut piece) => {
                piece.ends_block = true;
                self.group.pieces.push(piece);
            }
            // The block's events went with earlier groups: an empty piece ends it.
            None if self.block_bytes > 0 => self.group.pieces.push(Piece {
                first: self.next,
                count: 0,
                bytes: 0,
                first_recv: self.last_recv,
                last_recv: self.last_recv,
                ends_block: true,
            }),
            None => {}
        }
        self.block_bytes = 0;
        self.block_pieces = 0;
        R::reset(&mut self.context);
    }

    /// Hands what was appended to the flusher and returns at once; when the disk is behind, goes on collecting.
    ///
    /// # Errors
    /// When the journal has failed.
    #[inline]
    pub fn commit(&mut self) -> Result<(), JournalError> {
        if self.piece.is_none() && self.group.is_empty() {
            return Ok(());
        }
        if !self.options.group_delay.is_zero() && !self.delay_is_over() {
            return Ok(());
        }
        self.hand_over(false)
    }

    #[allow(clippy::disallowed_methods, reason = "a delay is real time")]
    fn delay_is_over(&mut self) -> bool {
        self.collecting_since.get_or_insert_with(Instant::now).elapsed() >= self.options.group_delay
    }

    fn hand_over(&mut self, wait: bool) -> Result<(), JournalError> {
        if let Some(piece) = self.piece.take() {
            self.group.pieces.push(piece);
            self.block_pieces += 1;
            if self.block_pieces >= PIECES_PER_BLOCK_MAX {
                self.end_block();
            }
        }
        let groups = self.groups.as_ref().ok_or_else(|| self.failure())?;
        let empty = self.spare.try_recv().unwrap_or_default();
        let group = std::mem::replace(&mut self.group, empty);
        let sent = if wait {
            groups.send(group).map_err(|_| None)
        } else {
            groups.try_send(group).map_err(|error| match error {
                TrySendError::Full(group) => Some(group),
                TrySendError::Disconnected(_) => None,
            })
        };
        match sent {
            Ok(()) => {
                self.collecting_since = None;
                Ok(())
            }
            // The disk is behind: the group goes on collecting. Its last piece may grow, so it is taken up again.
            Err(Some(mut group)) => {
                if group.pieces.last().is_some_and(|piece| !piece.ends_block) {
                    self.piece = group.pieces.pop();
                    self.block_pieces -= 1;
                }
                self.group = group;
                Ok(())
            }
            Err(None) => {
                self.groups = None;
                Err(self.failure())
            }
        }
    }

    fn failure(&self) -> JournalError {
        let unknown = || JournalError::Store { volume: 0, doing: "flushing", reason: "the flusher is gone".into() };
        JournalError::Poisoned(Box::new(self.watermark.error().unwrap_or_else(unknown)))
    }

    /// The last durable record.
    #[inline]
    pub fn durable(&self) -> Seq {
        self.watermark.get()
    }

    /// A handle to watch the durable end with, from any thread.
    pub fn watermark(&self) -> Watermark {
        self.watermark.clone()
    }

    /// Hands over everything and waits until it is durable.
    ///
    /// # Errors
    /// When the journal fails first.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        let last = self.next.previous();
        if self.piece.is_some() || !self.group.is_empty() {
            self.hand_over(true)?;
        }
        while !self.watermark.wait_for(last, Duration::from_secs(1)) {
            if self.watermark.error().is_some() {
                return Err(self.failure());
            }
        }
        Ok(())
    }

    /// Keeps a checkpoint, with the group being collected.
    ///
    /// # Errors
    /// When the journal has failed.
    pub fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), JournalError> {
        self.group.checkpoints.push(checkpoint.clone());
        Ok(())
    }

    /// Keeps a snapshot of the machine after the event at `at`, as soon as that is durable. Keeps the newest three.
    ///
    /// # Errors
    /// When the journal has failed.
    pub fn snapshot(&mut self, at: Seq, state: &[u8]) -> Result<(), JournalError> {
        self.group.snapshot = Some((at, state.to_vec()));
        Ok(())
    }

    /// Enters a session in the catalog.
    ///
    /// # Errors
    /// When the journal fails.
    pub fn begin_session(&mut self, info: SessionInfo) -> Result<(), JournalError> {
        self.sessions.retain(|known| known.id != info.id);
        self.sessions.push(info.clone());
        self.group.session = Some(info);
        self.hand_over(true)
    }

    /// Says where the last session entered ended, and that it ended cleanly.
    ///
    /// # Errors
    /// When the journal fails.
    pub fn end_session(&mut self, last: Seq) -> Result<(), JournalError> {
        let Some(info) = self.sessions.last_mut() else { return Ok(()) };
        info.last = Some(last);
        self.group.session = Some(info.clone());
        self.hand_over(true)
    }

    /// Makes everything durable, ends the open block and lets go of the journal.
    ///
    /// # Errors
    /// When that fails; what was durable before stays so.
    pub fn close(mut self) -> Result<(), JournalError> {
        self.sync()?;
        self.group.close = true;
        self.hand_over(true)?;
        self.groups = None;
        if let Some(flusher) = self.flusher.take() {
            let _ = flusher.join();
        }
        match self.watermark.error() {
            Some(_) => Err(self.failure()),
            None => Ok(()),
        }
    }
}

impl<R: Record> Drop for Writer<R> {
    fn drop(&mut self) {
        self.groups = None;
        if let Some(flusher) = self.flusher.take() {
            let _ = flusher.join();
        }
    }
}

/// A fresh catalog, when the folder really has no journal in it.
fn new_catalog(dir: &Path) -> Result<Catalog, JournalError> {
    let volumes = dir.join("volumes");
    let entries = fs::read_dir(&volumes).map_err(|error| JournalError::io("listing", &volumes, &error))?;
    if entries.count() > 0 {
        let reason = "it is gone, but there are volumes".to_owned();
        return Err(JournalError::DamagedFile { path: crate::catalog::catalog_path(dir), reason });
    }
    Ok(Catalog { journal: identity(dir), ..Catalog::default() })
}

/// Identity of a new journal. It only has to differ from the journals a block could be mistaken to come from.
#[allow(clippy::disallowed_methods, reason = "an identity is not an input of anything")]
fn identity(dir: &Path) -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let text = format!("{} {} {}", now.as_nanos(), std::process::id(), dir.display());
    xxhash_rust::xxh3::xxh3_64(text.as_bytes())
}
