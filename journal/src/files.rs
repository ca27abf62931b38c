//! Small files beside the volumes, replaced whole: written aside, synced, renamed, folder synced; read back with a checksum.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64;

use crate::codec::{Decoder, Encoder};
use crate::error::JournalError;

const MAGIC: &[u8; 8] = b"JANGBU01";

/// Makes the content of a file, or the names in a folder, durable. The one place that syncs, so that a test can cut the power.
pub(crate) fn sync(file: &File, path: &Path) -> std::io::Result<()> {
    file.sync_data()?;
    #[cfg(test)]
    crate::power::synced(path);
    #[cfg(not(test))]
    let _ = path;
    Ok(())
}

/// Makes the names in `dir` durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), JournalError> {
    File::open(dir).and_then(|file| sync(&file, dir)).map_err(|error| JournalError::io("syncing", dir, &error))
}

/// Makes a folder and those above it that are missing, with durable names.
pub(crate) fn create_dir(dir: &Path) -> Result<(), JournalError> {
    if dir.as_os_str().is_empty() || dir.is_dir() {
        return Ok(());
    }
    let above = dir.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_dir(above)?;
    match fs::create_dir(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(JournalError::io("making", dir, &error)),
        _ => sync_dir(above),
    }
}

/// Replaces `path` by `bytes` under a checksum, so that a crash leaves the old file or the new one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    let aside = path.with_extension("tmp");
    let failed = |error: std::io::Error| JournalError::io("writing", path, &error);
    let mut file = File::create(&aside).map_err(failed)?;
    let mut body = Vec::with_capacity(bytes.len() + 16);
    body.extend_from_slice(MAGIC);
    body.extend_from_slice(bytes);
    let checksum = xxh3_64(&body);
    body.extend_from_slice(&checksum.to_le_bytes());
    file.write_all(&body).and_then(|()| sync(&file, &aside)).map_err(failed)?;
    fs::rename(&aside, path).map_err(failed)?;
    sync_dir(path.parent().unwrap_or(Path::new(".")))
}

/// Reads what [`replace`] wrote; `None` when there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, JournalError> {
    let mut bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(JournalError::io("reading", path, &error)),
    };
    let damaged = |reason: &str| JournalError::DamagedFile { path: path.to_owned(), reason: reason.to_owned() };
    let body = bytes.len().checked_sub(8).ok_or_else(|| damaged("it is too short"))?;
    let (front, checksum) = bytes.split_at(body);
    if checksum != xxh3_64(front).to_le_bytes() {
        return Err(damaged("its checksum does not match"));
    }
    if !front.starts_with(MAGIC) {
        return Err(damaged("it does not begin like a file of ours"));
    }
    bytes.truncate(body);
    bytes.drain(..MAGIC.len());
    Ok(Some(bytes))
}

/// [`replace`] with an encoded value.
pub(crate) fn replace_value<T: Serialize>(path: &Path, value: &T) -> Result<(), JournalError> {
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes).value(value);
    replace(path, &bytes)
}

/// [`read`] of an encoded value.
pub(crate) fn read_value<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, JournalError> {
    let Some(bytes) = read(path)? else { return Ok(None) };
    let damaged =
        |error: crate::codec::DecodeError| JournalError::DamagedFile { path: path.to_owned(), reason: error.to_string() };
    let mut input = Decoder::new(&bytes);
    let value = input.value("a file's value").map_err(damaged)?;
    input.finish().map_err(damaged)?;
    Ok(Some(value))
}
