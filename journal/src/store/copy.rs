//! A private copy of a volume to look at: [`Copy`]. sled changes what it opens, so that reading never opens a volume itself.
//!
//! Measured on 0.34.7: where its log has a flipped bit, `open` takes that for the end and overwrites everything behind it, up to
//! 16 MiB of intact blocks. In a copy it can do no harm.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::sled::BUSY;

static COPIES: AtomicU64 = AtomicU64::new(0);
/// A copy this old whose process is gone was left.
const LEFT_AGE: Duration = Duration::from_secs(60);

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
        sweep(place);
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

/// Removes what killed processes left in `place`, as far as it can be seen: a copy lives under its name for a moment only.
fn sweep(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix("jangbu-")?.split_once('-')?.0.parse::<u32>().ok());
        // Without /proc nobody can say who lives; another container's processes are not seen, so that the young are spared.
        let Some(owner) = owner.filter(|_| Path::new("/proc/self").exists()) else { continue };
        let is_old = || {
            entry.metadata().and_then(|data| data.modified()).is_ok_and(|made| made.elapsed().is_ok_and(|age| age >= LEFT_AGE))
        };
        if !Path::new(&format!("/proc/{owner}")).exists() && is_old() {
            let _ = fs::remove_dir_all(entry.path());
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_swept_and_the_living_are_spared() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let hour_ago = std::fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH);
        // No process has this number: the kernel's limit is 2^22.
        for name in ["jangbu-4194305-0", &format!("jangbu-{}-7", std::process::id()), "jangbu-x-1", "other"] {
            fs::create_dir(place.path().join(name)).expect("made");
            File::open(place.path().join(name)).and_then(|dir| dir.set_times(hour_ago)).expect("aged");
        }
        fs::create_dir(place.path().join("jangbu-4194306-0")).expect("made");
        sweep(place.path());
        let mut left: Vec<_> = fs::read_dir(place.path()).expect("there").flatten().map(|entry| entry.file_name()).collect();
        left.sort();
        let own = format!("jangbu-{}-7", std::process::id());
        let mut expected = ["jangbu-4194306-0", &own, "jangbu-x-1", "other"];
        expected.sort_unstable();
        assert_eq!(left, expected);
    }
}
