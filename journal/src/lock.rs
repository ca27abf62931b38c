//! One process at a time: [`Lock`].

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::JournalError;

/// A reader that looks whether the journal is held has the lock for an instant; whoever takes it tries again this often.
const LOOKS_OUTLASTED: u32 = 5;
const LOOK: Duration = Duration::from_millis(5);

/// Holds a journal for this process. The system frees it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

fn path(dir: &Path) -> PathBuf {
    dir.join("lock")
}

impl Lock {
    /// Whether some process holds the journal. Looks, and lets go at once.
    ///
    /// # Errors
    /// When the file of the lock is there and cannot be opened.
    pub fn is_held(dir: &Path) -> Result<bool, JournalError> {
        let path = path(dir);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(JournalError::io("opening", &path, &error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(JournalError::io("locking", &path, &error)),
        }
    }

    /// What the last holder wrote of itself, as [`Lock::take`] does; empty when there was none.
    ///
    /// # Errors
    /// When the file of the lock is there and cannot be read.
    pub fn words(dir: &Path) -> Result<String, JournalError> {
        let path = path(dir);
        match std::fs::read(&path) {
            // One line; whatever else stands there is not ours.
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).trim().to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(JournalError::io("reading", &path, &error)),
        }
    }

    /// Takes the lock for `purpose` ("writing", "reading").
    ///
    /// # Errors
    /// [`JournalError::Locked`] naming the holder when another process has it.
    pub fn take(dir: &Path, purpose: &str) -> Result<Self, JournalError> {
        let path = path(dir);
        let failed = |error: std::io::Error| JournalError::io("locking", &path, &error);
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path).map_err(failed)?;
        let mut taken = file.try_lock();
        for _ in 0..LOOKS_OUTLASTED {
            if !matches!(taken, Err(TryLockError::WouldBlock)) {
                break;
            }
            std::thread::sleep(LOOK);
            taken = file.try_lock();
        }
        match taken {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                let holder = if holder.is_empty() { "another process".to_owned() } else { holder.trim().to_owned() };
                return Err(JournalError::Locked { dir: dir.to_owned(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let words = format!("process {} ({purpose})\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(words.as_bytes()))
            .map_err(failed)?;
        Ok(Lock { _file: file })
    }
}
