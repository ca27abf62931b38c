//! How a reader gets at a volume: [`Access`]. Without sled, where its end is known (see `store/plain.rs`); else it opens a copy of
//! it, because sled changes what it opens.
//!
//! Opening takes some 50 ms, so that a sealed volume, which changes no more, stays open from read to read. But sled keeps what was
//! read in memory until the handle is dropped: after [`HELD_BYTES_MAX`] the copy is made anew, so that the memory of a reader stays
//! flat whatever the size of a volume.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::catalog::{Catalog, Seal, Volume, volume_path};
use crate::error::JournalError;
use crate::lock::Lock;
use crate::share::RemoteStore;
use crate::store::plain::PlainVolume;
use crate::store::sled::{SledStore, is_busy};
use crate::store::{Changes, Durability, Key, Store, Table};

/// How long to wait for other readers, and for a writer that is starting or going on to the next volume.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);
/// What is read out of one copy at most: two copies for a volume of the usual 64 MiB.
const HELD_BYTES_MAX: usize = 36 << 20;

/// What is done with an open volume; it may be called again.
type Body<'a, T> = dyn FnMut(&dyn Store) -> Result<T, JournalError> + 'a;

/// One volume of a journal, for reading.
#[derive(Debug)]
pub(crate) struct Access {
    dir: PathBuf,
    number: u32,
    sealed: AtomicBool,
    remote: Mutex<Option<RemoteStore>>,
    /// A copy of a sealed volume, and how many bytes were read out of it.
    held: Mutex<Option<(SledStore, usize)>>,
    plain: Mutex<Plain>,
}

/// Whether the volume can be read without sled.
#[derive(Debug)]
enum Plain {
    /// It ends so; not tried yet.
    Untried(Volume, Seal),
    /// It can.
    Open(Arc<PlainVolume>),
    /// It cannot.
    No,
}

impl Access {
    pub(crate) fn new(dir: &Path, volume: &Volume) -> Self {
        let sealed = AtomicBool::new(volume.sealed.is_some());
        Access {
            dir: dir.to_owned(),
            number: volume.number,
            sealed,
            remote: Mutex::new(None),
            held: Mutex::new(None),
            plain: Mutex::new(Plain::No),
        }
    }

    /// A volume whose end is known: without sled, if its chain of blocks leads there.
    pub(crate) fn ending(dir: &Path, volume: &Volume, end: Seal) -> Self {
        Access { plain: Mutex::new(Plain::Untried(*volume, end)), ..Access::new(dir, volume) }
    }

    /// A volume that is open already.
    pub(crate) fn open(dir: &Path, volume: &Volume, plain: Arc<PlainVolume>) -> Self {
        Access { plain: Mutex::new(Plain::Open(plain)), ..Access::new(dir, volume) }
    }

    /// Without sled, if that can be done.
    fn plainly<T>(&self, body: &mut Body<'_, T>) -> Option<T> {
        let mut plain = self.plain.lock().unwrap_or_else(PoisonError::into_inner);
        if let Plain::Untried(volume, end) = &*plain {
            let open = PlainVolume::open(&self.dir, volume, *end);
            *plain = open.map_or(Plain::No, |volume| Plain::Open(Arc::new(volume)));
        }
        let Plain::Open(volume) = &*plain else { return None };
        let read = body(&**volume).ok();
        if read.is_none() {
            // sled says what is wrong, if anything is.
            *plain = Plain::No;
        }
        read
    }

    fn refused(&self) -> JournalError {
        let reason = "it is open for reading only".to_owned();
        JournalError::Store { volume: self.number, doing: "writing", reason }
    }

    fn directly<T>(&self, body: &mut Body<'_, T>) -> Result<T, JournalError> {
        let open = || SledStore::open_copy(&volume_path(&self.dir, self.number), self.number);
        if !self.sealed.load(Ordering::Relaxed) {
            return body(&open()?);
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (store, bytes) = match held.take() {
            Some(held) => held,
            None => (open()?, 0),
        };
        let value = body(&store)?;
        *held = Some((store, bytes));
        Ok(value)
    }

    /// So much was read out of the copy that is held, if one is.
    fn count(&self, read: usize) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = held.as_mut() {
            *bytes += read;
        }
        held.take_if(|(_, bytes)| *bytes >= HELD_BYTES_MAX);
    }

    /// Through the process that writes. The one place that knows of it.
    fn remotely<T>(&self, body: &mut Body<'_, T>) -> Result<T, JournalError> {
        let mut remote = self.remote.lock().unwrap_or_else(PoisonError::into_inner);
        let store = match remote.take() {
            Some(store) => store,
            None => RemoteStore::connect(&self.dir, self.number)?,
        };
        let value = body(&store)?;
        *remote = Some(store);
        Ok(value)
    }

    /// Opens the volume, calls `body` with it, and lets go. When someone else has the volume it waits and calls again.
    #[allow(clippy::disallowed_methods, reason = "patience with another process is measured in real time")]
    pub(crate) fn with<T>(&self, body: &mut Body<'_, T>) -> Result<T, JournalError> {
        if let Some(read) = self.plainly(body) {
            return Ok(read);
        }
        let since = Instant::now();
        loop {
            let remote = !self.sealed.load(Ordering::Relaxed) && Lock::is_held(&self.dir)?;
            let error = match if remote { self.remotely(body) } else { self.directly(body) } {
                Err(error) if remote && error.is_of_transport() || is_busy(&error) => error,
                other => return other,
            };
            if since.elapsed() >= PATIENCE {
                return Err(error);
            }
            // A writer may have begun, ended, or sealed the volume since we looked.
            if !self.sealed.load(Ordering::Relaxed) {
                self.look_again()?;
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Whether the writer has gone on to another volume since the catalog was read.
    fn look_again(&self) -> Result<(), JournalError> {
        let catalog = Catalog::load(&self.dir)?.unwrap_or_default();
        let volume = catalog.volumes.iter().find(|volume| volume.number == self.number);
        self.sealed.store(volume.is_some_and(|volume| volume.sealed.is_some()), Ordering::Relaxed);
        Ok(())
    }
}

impl Store for Access {
    fn write(&self, _: &Changes) -> Result<(), JournalError> {
        Err(self.refused())
    }

    fn flush(&self, _: Durability) -> Result<(), JournalError> {
        Err(self.refused())
    }

    fn read(&self, table: Table, from: Key, bytes_max: usize, out: &mut Vec<(Key, Vec<u8>)>) -> Result<(), JournalError> {
        let before = out.len();
        self.with(&mut |store| {
            out.truncate(before);
            store.read(table, from, bytes_max, out)
        })?;
        self.count(out[before..].iter().map(|(_, value)| value.len()).sum());
        Ok(())
    }
}
