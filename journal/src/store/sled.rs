//! A volume in sled 0.34.7. sled lives here and only here.
//!
//! Facts measured on 0.34.7 that shape this file (design page, section 5): `flush` survives a killed process but not a power
//! cut, so that `power` also calls `fdatasync` on the `db` file; values that make a page pass a quarter of `segment_size` spill
//! to files that nobody syncs, so segments are 16 MiB and blocks at most 64 KiB; sled panics on damage and on I/O errors, so
//! every call is caught and becomes an error that names the volume; after some ten changes of a page sled writes all of it anew,
//! so that fragments, which come and go, have a tree of their own beside the blocks, which are large and stay.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::copy::{self, Copy};
use super::{Changes, Durability, Key, Store, Table};
use crate::error::JournalError;
use crate::files;
use crate::stamp::Seq;

/// 17 items of a page × 64 KiB must stay below a quarter of it.
const SEGMENT_BYTES: usize = 16 << 20;
/// Blocks are written once and scanned once; a cache would only hold memory.
const CACHE_BYTES: u64 = 4 << 20;
/// sled's words when another handle has the database.
pub(crate) const BUSY: &str = "could not acquire lock";
/// What was being done when a copy could not be made, which says nothing about the volume.
pub(crate) const COPYING: &str = "copying it to look at it";
/// How long to wait for another process that has the volume open for reading.
const OPEN_PATIENCE: Duration = Duration::from_secs(5);

/// A volume in sled.
pub struct SledStore {
    volume: u32,
    db: ::sled::Db,
    blocks: ::sled::Tree,
    fragments: ::sled::Tree,
    checkpoints: ::sled::Tree,
    file: File,
    path: PathBuf,
}

impl std::fmt::Debug for SledStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SledStore").field("volume", &self.volume).finish_non_exhaustive()
    }
}

fn guarded<T>(volume: u32, doing: &'static str, call: impl FnOnce() -> ::sled::Result<T>) -> Result<T, JournalError> {
    let failed = |reason: String| JournalError::Store { volume, doing, reason };
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(::sled::Error::Io(error))) => Err(failed(JournalError::words(&error))),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned()));
            Err(failed(format!("sled panicked: {}", words.unwrap_or_default())))
        }
    }
}

/// Whether this error says that another handle has the volume open.
pub fn is_busy(error: &JournalError) -> bool {
    matches!(error, JournalError::Store { reason, .. } if reason.contains(BUSY))
}

impl SledStore {
    /// Opens the volume in `dir` for writing, making it if it is not there. Waits a little for another process that is reading
    /// it.
    ///
    /// # Errors
    /// When sled cannot open it.
    pub fn open(dir: &Path, volume: u32) -> Result<Self, JournalError> {
        let sync = |name: &str| {
            let path = dir.join(name);
            let synced = File::open(&path).and_then(|file| files::sync(&file, &path));
            synced.map_err(|error| JournalError::io("syncing", &path, &error))
        };
        // What a killed process wrote may be in the system's memory only, and is about to be taken for durable: by sled, which
        // writes and syncs a snapshot of it, and by us.
        if dir.join("db").exists() {
            sync("db")?;
        }
        let store = Self::open_within(dir, volume, OPEN_PATIENCE)?;
        // sled syncs neither its settings nor the names of its files.
        sync("conf")?;
        sync("db")?;
        files::sync_dir(dir)?;
        Ok(store)
    }

    #[allow(clippy::disallowed_methods, reason = "patience with another process is measured in real time")]
    fn open_within(dir: &Path, volume: u32, patience: Duration) -> Result<Self, JournalError> {
        let config = ::sled::Config::new()
            .path(dir)
            .segment_size(SEGMENT_BYTES)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None)
            .print_profile_on_drop(false);
        let since = Instant::now();
        let db = loop {
            match guarded(volume, "opening", || config.open()) {
                Err(JournalError::Store { reason, .. }) if reason.contains(BUSY) && since.elapsed() < patience => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                other => break other?,
            }
        };
        let blocks = guarded(volume, "opening", || db.open_tree("blocks"))?;
        let fragments = guarded(volume, "opening", || db.open_tree("fragments"))?;
        let checkpoints = guarded(volume, "opening", || db.open_tree("checkpoints"))?;
        let path = dir.join("db");
        let file = File::open(&path).map_err(|error| JournalError::io("opening", &path, &error))?;
        Ok(SledStore { volume, db, blocks, fragments, checkpoints, file, path })
    }

    /// Opens a copy of a volume, for reading: the volume itself stays as it is (see `copy`). Does not wait (see [`is_busy`]).
    ///
    /// # Errors
    /// When it is not there, is open elsewhere for writing, or sled cannot open it.
    pub fn open_copy(dir: &Path, volume: u32) -> Result<Self, JournalError> {
        let db = dir.join("db");
        let failed = |reason: String| JournalError::Store { volume, doing: "opening", reason };
        match db.try_exists() {
            Ok(true) => {}
            Ok(false) => return Err(failed(format!("{} is not there", db.display()))),
            Err(error) => return Err(JournalError::io("opening", &db, &error)),
        }
        let mut last = failed("there is no folder for a copy".into());
        for place in copy::places() {
            // The copy's folder is removed at once. sled goes on in the open file.
            let opened = Copy::make(dir, &place)
                .map_err(|error| JournalError::Store {
                    volume,
                    doing: COPYING,
                    reason: format!("to {}: {error}", place.display()),
                })
                .and_then(|copy| Self::open_within(copy.path(), volume, Duration::ZERO));
            match opened {
                Err(error) if !is_busy(&error) => last = error,
                other => return other,
            }
        }
        Err(last)
    }

    fn tree_of(&self, key: Key) -> &::sled::Tree {
        if key.fragment == 0 { &self.blocks } else { &self.fragments }
    }

    /// Fragments from `from` on that no block has replaced. A block is put before its fragments are removed, so that between the
    /// two, and after a crash there, both are in their trees.
    fn add_fragments(&self, open: Vec<(Key, ::sled::IVec)>, out: &mut Vec<(Key, Vec<u8>)>) -> ::sled::Result<()> {
        let mut seen: Option<(Seq, bool)> = None;
        for (key, value) in open {
            let replaced = match seen {
                Some((block, replaced)) if block == key.block => replaced,
                _ => self.blocks.contains_key(Key { block: key.block, fragment: 0 }.to_bytes())?,
            };
            seen = Some((key.block, replaced));
            if !replaced {
                out.push((key, value.to_vec()));
            }
        }
        Ok(())
    }
}

/// Appends items of a tree from `from` on, while they are no more than `bytes_max`, the first in any case. Gives whether it got to the end.
fn read_tree(tree: &::sled::Tree, from: Key, bytes_max: usize, out: &mut Vec<(Key, Vec<u8>)>) -> ::sled::Result<bool> {
    let mut bytes = 0;
    for item in tree.range(from.to_bytes()..) {
        let (key, value) = item?;
        let Some(key) = Key::from_bytes(&key) else { continue };
        if bytes > 0 && bytes + value.len() > bytes_max {
            return Ok(false);
        }
        bytes += value.len();
        out.push((key, value.to_vec()));
    }
    Ok(true)
}

impl Store for SledStore {
    fn write(&self, changes: &Changes) -> Result<(), JournalError> {
        guarded(self.volume, "writing", || {
            // One by one: a batch costs a record and a flush of its own, and what a crash leaves of sled's log is a beginning of it.
            for (key, value) in &changes.put {
                self.tree_of(*key).insert(key.to_bytes(), value.as_slice())?;
            }
            for key in &changes.remove {
                self.tree_of(*key).remove(key.to_bytes())?;
            }
            for (key, value) in &changes.checkpoints {
                self.checkpoints.insert(key.to_bytes(), value.as_slice())?;
            }
            Ok(())
        })
    }

    fn flush(&self, durability: Durability) -> Result<(), JournalError> {
        guarded(self.volume, "flushing", || self.db.flush())?;
        if durability == Durability::Power {
            let failed = |error: std::io::Error| JournalError::Store {
                volume: self.volume,
                doing: "fdatasync",
                reason: JournalError::words(&error),
            };
            files::sync(&self.file, &self.path).map_err(failed)?;
        }
        Ok(())
    }

    fn read(&self, table: Table, from: Key, bytes_max: usize, out: &mut Vec<(Key, Vec<u8>)>) -> Result<(), JournalError> {
        guarded(self.volume, "reading", || {
            if table == Table::Checkpoints {
                return read_tree(&self.checkpoints, from, bytes_max, out).map(drop);
            }
            // Fragments first: one that is gone when the blocks are read is in one of them.
            let open =
                self.fragments.range(from.to_bytes()..).map(|item| item.map(|(key, value)| (Key::from_bytes(&key), value)));
            let open: Vec<_> =
                open.filter_map(|item| item.map(|(key, value)| Some((key?, value))).transpose()).collect::<Result<_, _>>()?;
            let before = out.len();
            let to_the_end = read_tree(&self.blocks, from, bytes_max, out)?;
            if to_the_end && !open.is_empty() {
                self.add_fragments(open, out)?;
                // Fragments stand behind all blocks, unless the volume is damaged.
                out[before..].sort_by_key(|(key, _)| *key);
                let mut bytes = 0;
                let fits = out[before..].iter().take_while(|(_, value)| {
                    bytes += value.len();
                    bytes <= bytes_max
                });
                let fits = fits.count().max(1);
                out.truncate(before + fits);
            }
            Ok(())
        })
    }
}
