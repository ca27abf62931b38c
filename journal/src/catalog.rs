//! Which volumes and sessions exist, kept outside sled: [`Catalog`], and the [`Mark`] of how far the log was durable.
//!
//! sled's recovery silently shortens a damaged log. The catalog knows where each sealed volume ends, the mark how far the volume
//! being written had become durable, both with the chain checksum there; so that a shorter or another log is noticed at open.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::error::JournalError;
use crate::files;
use crate::stamp::{Nanos, Seq};

/// Where a sealed volume ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Its last event.
    pub last: Seq,
    /// Checksum of its last block.
    pub chain: u64,
}

/// A volume: one sled database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Its number, from 1; names its folder.
    pub number: u32,
    /// Its first event.
    pub first: Seq,
    /// Checksum of the last block of the volume before; 0 in the first.
    pub start_chain: u64,
    /// Where it ends; `None` while it is being written.
    pub sealed: Option<Seal>,
}

/// A session: one run of the program that writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Its number, from 1.
    pub id: u64,
    /// Its first event.
    pub first: Seq,
    /// Its last event; `None` when it did not end cleanly (or has not ended).
    pub last: Option<Seq>,
    /// When it began.
    pub started: Nanos,
    /// Words of the program: version, mode.
    pub note: String,
}

/// What there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    /// Identity of the journal; every block carries it.
    pub journal: u64,
    /// In order of number.
    pub volumes: Vec<Volume>,
    /// In order of id.
    pub sessions: Vec<SessionInfo>,
}

/// Path of the catalog in a journal.
pub fn catalog_path(dir: &Path) -> PathBuf {
    dir.join("catalog")
}

/// Folder of a volume in a journal.
pub fn volume_path(dir: &Path, number: u32) -> PathBuf {
    dir.join("volumes").join(format!("{number:08}"))
}

impl Catalog {
    /// The catalog of the journal in `dir`; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn load(dir: &Path) -> Result<Option<Catalog>, JournalError> {
        files::read_value(&catalog_path(dir))
    }

    /// Replaces the catalog of the journal in `dir`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, dir: &Path) -> Result<(), JournalError> {
        files::replace_value(&catalog_path(dir), self)
    }
}

/// Up to where the log was durable, and the chain checksum there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The last durable event.
    pub seq: Seq,
    /// Checksum of the block or fragment that ends with it.
    pub chain: u64,
}

const SLOT_BYTES: usize = 32;

/// The file of the mark: two slots written in turn, so that a torn write leaves the one before.
#[derive(Debug)]
pub struct MarkFile {
    path: PathBuf,
    file: File,
    generation: u64,
}

fn slot_of(bytes: &[u8]) -> Option<(u64, Mark)> {
    let word = |at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
    let (generation, seq, chain, checksum) = (word(0)?, word(8)?, word(16)?, word(24)?);
    (generation > 0 && xxh3_64(&bytes[..24]) == checksum).then_some((generation, Mark { seq: Seq::new(seq), chain }))
}

impl MarkFile {
    /// Path of the mark in a journal.
    pub fn path(dir: &Path) -> PathBuf {
        dir.join("mark")
    }

    /// The newest intact mark of the journal in `dir`; `None` when none was ever written.
    ///
    /// # Errors
    /// When the file is there and no slot is intact.
    pub fn read(dir: &Path) -> Result<Option<Mark>, JournalError> {
        Ok(Self::slots(&Self::path(dir))?.map(|(_, mark)| mark))
    }

    fn slots(path: &Path) -> Result<Option<(u64, Mark)>, JournalError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(JournalError::io("reading", path, &error)),
        };
        let newest = bytes.chunks(SLOT_BYTES).filter_map(slot_of).max_by_key(|slot| slot.0);
        match newest {
            Some(slot) => Ok(Some(slot)),
            // Made and not yet written: the first mark follows half a second after the first event.
            None if bytes.iter().all(|byte| *byte == 0) => Ok(None),
            None => Err(JournalError::DamagedFile { path: path.to_owned(), reason: "no intact mark in it".into() }),
        }
    }

    /// Opens it for writing, making it if it is not there.
    ///
    /// # Errors
    /// When it cannot be opened, or is damaged.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        let path = Self::path(dir);
        let open = |path: &Path| {
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(path);
            file.map_err(|error| JournalError::io("opening", path, &error))
        };
        if let Some((generation, _)) = Self::slots(&path)? {
            return Ok(MarkFile { file: open(&path)?, path, generation });
        }
        // Appears with a mark in it, so that a file without one is always damage.
        let aside = path.with_extension("tmp");
        let mut mark = MarkFile { file: open(&aside)?, path: aside, generation: 0 };
        mark.write(Mark::default())?;
        fs::rename(&mark.path, &path).map_err(|error| JournalError::io("making", &path, &error))?;
        files::sync_dir(dir)?;
        mark.path = path;
        Ok(mark)
    }

    /// Writes a mark and makes it durable.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, mark: Mark) -> Result<(), JournalError> {
        self.generation += 1;
        let mut slot = [0; SLOT_BYTES];
        slot[..8].copy_from_slice(&self.generation.to_le_bytes());
        slot[8..16].copy_from_slice(&mark.seq.get().to_le_bytes());
        slot[16..24].copy_from_slice(&mark.chain.to_le_bytes());
        let checksum = xxh3_64(&slot[..24]);
        slot[24..].copy_from_slice(&checksum.to_le_bytes());
        let at = (self.generation % 2) * SLOT_BYTES as u64;
        let written = self.file.write_all_at(&slot, at).and_then(|()| files::sync(&self.file, &self.path));
        written.map_err(|error| JournalError::io("writing", &self.path, &error))
    }
}
