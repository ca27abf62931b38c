//! Where items are kept: the trait [`Store`]; sled, and a memory that fails on demand.

#[cfg(feature = "sled")]
mod copy;
pub mod memory;
#[cfg(feature = "sled")]
pub(crate) mod plain;
#[cfg(feature = "sled")]
pub mod sled;

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::JournalError;
use crate::stamp::Seq;

/// What "durable" means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// Survives a power cut: flushed and `fdatasync`ed. For real money.
    #[default]
    Power,
    /// Survives a killed process: handed to the operating system.
    Process,
    /// Handed to the operating system about every 100 ms.
    Relaxed,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Durability::Power => "power",
            Durability::Process => "process",
            Durability::Relaxed => "relaxed",
        })
    }
}

impl FromStr for Durability {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "power" => Ok(Durability::Power),
            "process" => Ok(Durability::Process),
            "relaxed" => Ok(Durability::Relaxed),
            _ => Err(format!("`{text}` is not a durability (power, process, relaxed)")),
        }
    }
}

/// Key of an item. A block and the fragments it replaces share their first part, so that they sort together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// First event of the block.
    pub block: Seq,
    /// 0 for the block; n for its n-th fragment.
    pub fragment: u16,
}

impl Key {
    /// As bytes that sort like the key.
    pub fn to_bytes(self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.block.get().to_be_bytes());
        bytes[8..].copy_from_slice(&self.fragment.to_be_bytes());
        bytes
    }

    /// The inverse; `None` for any other length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Key> {
        let bytes: [u8; 10] = bytes.try_into().ok()?;
        let (block, fragment) = bytes.split_at(8);
        Some(Key {
            block: Seq::new(u64::from_be_bytes(block.try_into().ok()?)),
            fragment: u16::from_be_bytes(fragment.try_into().ok()?),
        })
    }

    /// The key after this one.
    #[must_use]
    pub fn next(self) -> Key {
        match self.fragment.checked_add(1) {
            Some(fragment) => Key { block: self.block, fragment },
            None => Key { block: self.block.next(), fragment: 0 },
        }
    }
}

/// What a store keeps apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Blocks and fragments.
    Blocks,
    /// Checkpoints; the key's block is the seq.
    Checkpoints,
}

/// Changes that are made in this order: blocks and fragments put, then removed, then checkpoints.
#[derive(Debug, Default)]
pub struct Changes {
    /// Blocks and fragments to put.
    pub put: Vec<(Key, Vec<u8>)>,
    /// Fragments to remove.
    pub remove: Vec<Key>,
    /// Checkpoints to put.
    pub checkpoints: Vec<(Key, Vec<u8>)>,
}

impl Changes {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.put.is_empty() && self.remove.is_empty() && self.checkpoints.is_empty()
    }

    /// Forgets them, keeping the allocations of the lists.
    pub fn clear(&mut self) {
        self.put.clear();
        self.remove.clear();
        self.checkpoints.clear();
    }
}

/// An ordered map of items for one volume.
pub trait Store: Send + Sync {
    /// Makes these changes, in their order. A reader, and whoever looks after a crash, sees a beginning of them: a block is put before
    /// its fragments are removed, and while both are there the block counts.
    ///
    /// # Errors
    /// When the medium refuses; the store is then not to be written again.
    fn write(&self, changes: &Changes) -> Result<(), JournalError>;

    /// Makes what was written durable.
    ///
    /// # Errors
    /// When the medium refuses. Never call it again then: a second sync can succeed without having written (fsyncgate).
    fn flush(&self, durability: Durability) -> Result<(), JournalError>;

    /// Appends items from `from` on to `out`: at least one if there is one, and then no more than `bytes_max` bytes.
    ///
    /// # Errors
    /// When the medium refuses.
    fn read(&self, table: Table, from: Key, bytes_max: usize, out: &mut Vec<(Key, Vec<u8>)>) -> Result<(), JournalError>;
}

impl<S: Store + ?Sized> Store for &S {
    fn write(&self, changes: &Changes) -> Result<(), JournalError> {
        (**self).write(changes)
    }

    fn flush(&self, durability: Durability) -> Result<(), JournalError> {
        (**self).flush(durability)
    }

    fn read(&self, table: Table, from: Key, bytes_max: usize, out: &mut Vec<(Key, Vec<u8>)>) -> Result<(), JournalError> {
        (**self).read(table, from, bytes_max, out)
    }
}

/// Where the block that contains `seq` begins, if there is a block at or before `seq`, not looking before `first`.
///
/// [`Store::read`] finds the first item at or after a key; this asks it ever farther back, then halves. Damage is not its concern:
/// whoever reads from there sees whether the block reaches `seq`.
///
/// # Errors
/// When the medium refuses.
#[cfg(any(test, feature = "sled"))]
pub(crate) fn floor(store: &dyn Store, table: Table, first: Seq, seq: Seq) -> Result<Option<Seq>, JournalError> {
    let mut items = Vec::new();
    let mut at_or_after = |probe: u64| -> Result<Option<u64>, JournalError> {
        items.clear();
        store.read(table, Key { block: Seq::new(probe), fragment: 0 }, 1, &mut items)?;
        Ok(items.first().map(|(key, _)| key.block.get()).filter(|found| *found <= seq.get()))
    };
    let first = first.get();
    let mut above = seq.get().saturating_add(1);
    let mut back = 1;
    let mut below = loop {
        if above <= first {
            return Ok(None);
        }
        let probe = seq.get().saturating_sub(back - 1).max(first);
        match at_or_after(probe)? {
            Some(found) => break found,
            None => above = probe,
        }
        back = back.saturating_mul(4);
    };
    // An item that a writer put there meanwhile may lie above: from there on will do as well, and what was there does not move.
    while above.saturating_sub(below) > 1 {
        let probe = below + (above - below) / 2;
        match at_or_after(probe)? {
            Some(found) => below = found,
            None => above = probe,
        }
    }
    Ok(Some(Seq::new(below)))
}

#[cfg(test)]
mod tests {
    use super::memory::MemoryStore;
    use super::*;

    #[test]
    fn floor_finds_the_block_around_a_seq() {
        let store = MemoryStore::default();
        let starts = [10_u64, 11, 500, 70_000, 1 << 40];
        let put = starts.iter().map(|seq| (Key { block: Seq::new(*seq), fragment: 0 }, vec![0; 9])).collect();
        store.write(&Changes { put, ..Changes::default() }).expect("in memory");
        let find = |seq: u64| floor(&store, Table::Blocks, Seq::new(10), Seq::new(seq)).expect("in memory").map(Seq::get);
        for at in 0..starts.len() {
            let next = starts.get(at + 1).copied().unwrap_or(1 << 50);
            for seq in [starts[at], starts[at] + (next - starts[at]) / 2, next - 1] {
                assert_eq!(find(seq), Some(starts[at]), "{seq}");
            }
        }
        assert_eq!(find(9), None);
        assert_eq!(find(u64::MAX), Some(1 << 40));
    }

    /// A store that a writer adds a block to before the `at`-th read.
    struct Growing {
        store: MemoryStore,
        reads: core::sync::atomic::AtomicU32,
        at: u32,
        block: u64,
    }

    impl Store for Growing {
        fn write(&self, changes: &Changes) -> Result<(), JournalError> {
            self.store.write(changes)
        }

        fn flush(&self, durability: Durability) -> Result<(), JournalError> {
            self.store.flush(durability)
        }

        fn read(&self, table: Table, from: Key, bytes_max: usize, out: &mut Vec<(Key, Vec<u8>)>) -> Result<(), JournalError> {
            if self.reads.fetch_add(1, core::sync::atomic::Ordering::Relaxed) == self.at {
                let put = vec![(Key { block: Seq::new(self.block), fragment: 0 }, vec![0; 9])];
                self.write(&Changes { put, ..Changes::default() })?;
            }
            self.store.read(table, from, bytes_max, out)
        }
    }

    #[test]
    fn floor_bears_a_writer_at_work() {
        for at in 0..60 {
            for block in [501, 70_000, 1 << 40] {
                let store = Growing { store: MemoryStore::default(), reads: 0.into(), at, block };
                let put = [10, 500].iter().map(|seq| (Key { block: Seq::new(*seq), fragment: 0 }, vec![0; 9])).collect();
                store.write(&Changes { put, ..Changes::default() }).expect("in memory");
                let found = floor(&store, Table::Blocks, Seq::new(10), Seq::new(u64::MAX)).expect("in memory").map(Seq::get);
                // The last block before or after the writer was there: either is a place to go on to the end from.
                assert!(found == Some(500) || found == Some(block), "{found:?} with block {block} before read {at}");
            }
        }
    }
}
