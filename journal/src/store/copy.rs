//! A private copy of a volume to look at: [`Copy`]. sled changes what it opens, so that reading never opens a volume itself.
//!
//! Measured on 0.34.7: where its log has a flipped bit, `open` takes that for the end and overwrites everything behind it, up to
//! 16 MiB of intact blocks. In a copy it can do no harm.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::sled::BUSY;

static COPIES: AtomicU64 = AtomicU64::new(0);

/// Folders a copy may be made in, the best first: in memory, as sled syncs what it opens.
pub(crate) fn places() -> Vec<PathBuf> {
    let memory = PathBuf::from("/dev/shm");
    let mut places = vec![std::env::temp_dir()];
    if cfg!(target_os = "linux") && memory.is_dir() {
        places.insert(0, memory);
    }
    places
}

/// A copy of a folder. Dropped, it is gone; files of it that are open stay as long as they are.
#[derive(Debug)]
pub(crate) struct Copy {
    path: PathBuf,
}

impl Copy {
    /// Copies the volume in `dir` to a folder in `place` that only this user can enter.
    pub(crate) fn make(dir: &Path, place: &Path) -> std::io::Result<Copy> {
        let db = File::open(dir.join("db"))?;
        // sled's own lock, shared: nobody writes the volume while it is copied, and other readers may copy it too.
        match db.try_lock_shared() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(std::io::Error::other(BUSY)),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let number = COPIES.fetch_add(1, Ordering::Relaxed);
        let path = place.join(format!("jangbu-{}-{number}", std::process::id()));
        if path.exists() {
            // Left by a killed process that had our number.
            fs::remove_dir_all(&path)?;
        }
        DirBuilder::new().mode(0o700).create(&path)?;
        let copy = Copy { path };
        copy_files(dir, &copy.path)?;
        Ok(copy)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            fs::create_dir(&target)?;
            copy_files(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}
