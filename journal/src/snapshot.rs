//! A machine's encoded state at a seq, in files of their own: what a restart begins from.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::JournalError;
use crate::files;
use crate::stamp::Seq;

/// How many are kept: the newest, and two to fall back on.
const KEPT: usize = 3;

fn folder(dir: &Path) -> PathBuf {
    dir.join("snapshots")
}

pub(crate) fn path(dir: &Path, at: Seq) -> PathBuf {
    folder(dir).join(format!("{:020}.snap", at.get()))
}

/// Seqs of the snapshots there are, rising.
pub(crate) fn list(dir: &Path) -> Result<Vec<Seq>, JournalError> {
    let folder = folder(dir);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(JournalError::io("listing", &folder, &error)),
    };
    let mut seqs: Vec<Seq> =
        entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".snap")?.parse().ok().map(Seq::new)).collect();
    seqs.sort_unstable();
    Ok(seqs)
}

/// Seqs of those that are intact, and of those that are not.
pub(crate) fn sorted_out(dir: &Path) -> Result<(Vec<Seq>, Vec<Seq>), JournalError> {
    let (mut intact, mut damaged) = (Vec::new(), Vec::new());
    for at in list(dir)? {
        match read(dir, at) {
            Ok(_) => intact.push(at),
            Err(JournalError::DamagedFile { .. }) => damaged.push(at),
            Err(error) => return Err(error),
        }
    }
    Ok((intact, damaged))
}

/// Writes one and forgets the oldest.
pub(crate) fn write(dir: &Path, at: Seq, state: &[u8]) -> Result<(), JournalError> {
    let folder = folder(dir);
    files::create_dir(&folder)?;
    let mut bytes = Vec::with_capacity(state.len() + 8);
    bytes.extend_from_slice(&at.get().to_le_bytes());
    bytes.extend_from_slice(state);
    files::replace(&path(dir, at), &bytes)?;
    let seqs = list(dir)?;
    for old in seqs.iter().rev().skip(KEPT) {
        let old = path(dir, *old);
        fs::remove_file(&old).map_err(|error| JournalError::io("removing", &old, &error))?;
    }
    Ok(())
}

/// The state at `at`; an error when it is damaged or not what its name says.
pub(crate) fn read(dir: &Path, at: Seq) -> Result<Vec<u8>, JournalError> {
    let path = path(dir, at);
    let damaged = |reason: &str| JournalError::DamagedFile { path: path.clone(), reason: reason.to_owned() };
    let mut bytes = files::read(&path)?.ok_or_else(|| damaged("it is gone"))?;
    if bytes.get(..8) != Some(&at.get().to_le_bytes()[..]) {
        return Err(damaged("it is a snapshot of another seq"));
    }
    bytes.drain(..8);
    Ok(bytes)
}
