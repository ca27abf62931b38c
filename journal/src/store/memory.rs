//! A store in memory that fails on demand: torn writes, lost flushes, a full disk, rotten bits. For tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Changes, Durability, Key, Store, Table};
use crate::error::JournalError;

/// What a [`MemoryStore`] does wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Refuses every write after this many, as a full disk does.
    pub writes_max: Option<u64>,
    /// Refuses every flush after this many.
    pub flushes_max: Option<u64>,
    /// Says that it flushed, and did not: what a power cut then leaves is older.
    pub flushes_lie: bool,
}

#[derive(Clone, Debug, Default)]
struct Tables {
    blocks: BTreeMap<Key, Vec<u8>>,
    checkpoints: BTreeMap<Key, Vec<u8>>,
}

#[derive(Debug, Default)]
struct Inner {
    written: Tables,
    flushed: Tables,
    faults: Faults,
    writes: u64,
    flushes: u64,
}

/// A store in memory. Clones share it, so that a test can look at what its writer wrote.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    inner: Arc<Mutex<Inner>>,
}

impl MemoryStore {
    /// An empty one that does this wrong.
    pub fn new(faults: Faults) -> Self {
        let store = MemoryStore::default();
        store.lock().faults = faults;
        store
    }

    /// What a power cut would leave: everything flushed, nothing else.
    #[must_use]
    pub fn after_power_cut(&self) -> Self {
        let flushed = self.lock().flushed.clone();
        let inner = Inner { written: flushed.clone(), flushed, ..Inner::default() };
        MemoryStore { inner: Arc::new(Mutex::new(inner)) }
    }

    /// Flips a bit of the `n`-th item (counted round), and says which item; `None` when empty.
    pub fn flip(&self, n: usize, bit: usize) -> Option<Key> {
        let mut inner = self.lock();
        let count = inner.written.blocks.len();
        let (key, value) = inner.written.blocks.iter_mut().nth(n.checked_rem(count)?)?;
        let bits = value.len() * 8;
        let bit = bit.checked_rem(bits)?;
        value[bit / 8] ^= 1 << (bit % 8);
        Some(*key)
    }

    /// Removes the `n`-th item (counted round), and says which; `None` when empty.
    pub fn remove(&self, n: usize) -> Option<Key> {
        let mut inner = self.lock();
        let count = inner.written.blocks.len();
        let key = *inner.written.blocks.keys().nth(n.checked_rem(count)?)?;
        inner.written.blocks.remove(&key);
        Some(key)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn full(doing: &'static str) -> JournalError {
    JournalError::Store { volume: 0, doing, reason: "no space left on device".into() }
}

impl Store for MemoryStore {
    fn write(&self, changes: &Changes) -> Result<(), JournalError> {
        let mut inner = self.lock();
        inner.writes += 1;
        if inner.faults.writes_max.is_some_and(|max| inner.writes > max) {
            return Err(full("writing"));
        }
        for (key, value) in &changes.put {
            inner.written.blocks.insert(*key, value.clone());
        }
        for key in &changes.remove {
            inner.written.blocks.remove(key);
        }
        for (key, value) in &changes.checkpoints {
            inner.written.checkpoints.insert(*key, value.clone());
        }
        Ok(())
    }

    fn flush(&self, _: Durability) -> Result<(), JournalError> {
        let mut inner = self.lock();
        inner.flushes += 1;
        if inner.faults.flushes_max.is_some_and(|max| inner.flushes > max) {
            return Err(full("flushing"));
        }
        if !inner.faults.flushes_lie {
            inner.flushed = inner.written.clone();
        }
        Ok(())
    }

    fn read(&self, table: Table, from: Key, bytes_max: usize, out: &mut Vec<(Key, Vec<u8>)>) -> Result<(), JournalError> {
        let inner = self.lock();
        let items = match table {
            Table::Blocks => &inner.written.blocks,
            Table::Checkpoints => &inner.written.checkpoints,
        };
        let mut bytes = 0;
        for (key, value) in items.range(from..) {
            if bytes > 0 && bytes + value.len() > bytes_max {
                break;
            }
            bytes += value.len();
            out.push((*key, value.clone()));
        }
        Ok(())
    }
}
