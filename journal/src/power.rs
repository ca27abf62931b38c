//! A disk whose power can be cut, for tests: [`cut`] builds the folder that would be found afterwards.
//!
//! `files::sync` tells [`synced`] of every file and folder this crate syncs. Only what was in them at that moment is safe: content
//! of files, names in folders. What sled syncs by itself is not counted. Of the rest, either nothing is left (`Rest::Gone`, the
//! least a file system promises), or some 512-byte sectors and some folders' names are, at random (`Rest::Torn`).

mod tests;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

const SECTOR_BYTES: usize = 512;

/// Inode of a file or folder; folders are `true`.
type Node = (u64, bool);

/// What is safe below a root.
#[derive(Debug, Default)]
struct Disk {
    root: PathBuf,
    contents: BTreeMap<u64, Vec<u8>>,
    names: BTreeMap<u64, BTreeMap<OsString, Node>>,
}

static DISKS: Mutex<Vec<Disk>> = Mutex::new(Vec::new());

fn disks() -> MutexGuard<'static, Vec<Disk>> {
    DISKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What becomes of changes that were not synced.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rest {
    Gone,
    /// Decided by this seed.
    Torn(u64),
}

/// Begins to watch what is synced below `root`, an empty folder (or one whose content is not safe).
fn watch(root: &Path) {
    disks().push(Disk { root: root.to_owned(), ..Disk::default() });
}

/// Ends it.
fn forget(root: &Path) {
    disks().retain(|disk| disk.root != root);
}

/// A file or folder was synced. Called while nobody writes to it.
pub(super) fn synced(path: &Path) {
    let mut disks = disks();
    let Some(disk) = disks.iter_mut().find(|disk| path.starts_with(&disk.root)) else { return };
    let Ok(about) = fs::metadata(path) else { return };
    if about.is_dir() {
        disk.names.insert(about.ino(), names_in(path));
    } else if let Ok(content) = fs::read(path) {
        disk.contents.insert(about.ino(), content);
    }
}

fn names_in(path: &Path) -> BTreeMap<OsString, Node> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok().map(|about| (entry.file_name(), (about.ino(), about.is_dir())))).collect()
}

/// Builds in `image` what a power cut at this moment leaves of `root`.
fn cut(root: &Path, image: &Path, rest: Rest) {
    let disks = disks();
    let disk = disks.iter().find(|disk| disk.root == root).expect("a root that is watched");
    let mut dice = match rest {
        Rest::Gone => None,
        Rest::Torn(seed) => Some(seed),
    };
    disk.rebuild(root, fs::metadata(root).expect("it is there").ino(), image, &mut dice);
}

/// Heads or tails.
fn toss(dice: &mut Option<u64>) -> bool {
    let Some(state) = dice else { return false };
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 63 == 1
}

impl Disk {
    fn rebuild(&self, live: &Path, folder: u64, image: &Path, dice: &mut Option<u64>) {
        fs::create_dir_all(image).expect("room for an image");
        let safe = self.names.get(&folder).cloned().unwrap_or_default();
        let names = if toss(dice) { names_in(live) } else { safe };
        for (name, (inode, is_folder)) in names {
            let (live, image) = (live.join(&name), image.join(&name));
            if is_folder {
                self.rebuild(&live, inode, &image, dice);
                continue;
            }
            let by_sled = name.to_str().is_some_and(|name| name.starts_with("snap.") && !name.ends_with("generating"));
            let safe = if by_sled { fs::read(&live).ok() } else { self.contents.get(&inode).cloned() };
            let safe = safe.unwrap_or_default();
            let same = fs::metadata(&live).is_ok_and(|about| about.is_file() && about.ino() == inode);
            let content = match fs::read(&live) {
                Ok(written) if same && dice.is_some() => torn(safe, &written, dice),
                _ => safe,
            };
            fs::write(image, content).expect("room for an image");
        }
    }
}

/// Some sectors as written, the others as they were.
fn torn(mut safe: Vec<u8>, written: &[u8], dice: &mut Option<u64>) -> Vec<u8> {
    if toss(dice) || written.len() > safe.len() {
        safe.resize(written.len(), 0);
    }
    for (safe, written) in safe.chunks_mut(SECTOR_BYTES).zip(written.chunks(SECTOR_BYTES)) {
        let count = safe.len().min(written.len());
        if safe[..count] != written[..count] && toss(dice) {
            safe[..count].copy_from_slice(&written[..count]);
        }
    }
    safe
}
