//! Does what a plan says: [`apply`]. Whenever it is interrupted, planning again finds what is left to do.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Plan, VolumeRepair, Work};
use crate::catalog::{Mark, MarkFile, catalog_path, volume_path};
use crate::error::JournalError;
use crate::examine;
use crate::files;
use crate::lock::Lock;
use crate::salvage::{self, Bounds, Part};
use crate::snapshot;
use crate::stamp::Seq;
use crate::store::sled::SledStore;
use crate::store::{Changes, Durability, Store};

/// Items written together.
const ITEMS_PER_WRITE: usize = 16;
/// Folders in `damaged/<n>`: a volume being made, one that is whole and not yet in place, those it replaces.
const BUILDING: &str = "building";
const REBUILT: &str = "rebuilt";
const REPLACED: &str = "volumes";

/// What a repair did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What was planned and is done.
    pub plan: Plan,
    /// Where everything is that was replaced; `None` when there was nothing to do.
    pub aside: Option<String>,
}

/// Does what `plan` says, and looks whether it helped.
///
/// # Errors
/// [`JournalError::Locked`] while another process holds the journal, [`JournalError::PlanOutdated`] when it has changed since
/// it was planned, and when the file system refuses. Interrupted or failed, it can be planned and applied again.
pub fn apply(plan: &Plan) -> Result<Outcome, JournalError> {
    let dir = if plan.path.as_os_str().is_empty() { Path::new(&plan.dir) } else { &plan.path };
    if !dir.is_dir() {
        return Err(JournalError::NotAJournal { dir: dir.to_owned() });
    }
    let _lock = Lock::take(dir, "repairing")?;
    let mut work = Work::make(dir)?;
    if work.plan.unfinished != plan.unfinished || (plan.unfinished.is_empty() && !work.plan.is_same(plan)) {
        return Err(JournalError::PlanOutdated { dir: dir.to_owned() });
    }
    if !plan.unfinished.is_empty() {
        for (number, rebuilt) in unfinished(dir)? {
            rename(&rebuilt, &volume_path(dir, number))?;
        }
        work = Work::make(dir)?;
    }
    if work.plan.is_empty() {
        return Ok(Outcome { plan: work.plan, aside: None });
    }
    let aside = new_folder(dir)?;
    fs::write(aside.join("plan.txt"), work.plan.to_string()).map_err(|error| JournalError::io("writing", &aside, &error))?;
    work.apply(dir, &aside)?;
    let left = Work::make(dir)?.plan;
    if !left.is_empty() {
        let reason = format!("it was repaired, and still there is this to do: {left}");
        return Err(JournalError::DamagedFile { path: dir.to_owned(), reason });
    }
    Ok(Outcome { plan: work.plan, aside: Some(aside.display().to_string()) })
}

impl Plan {
    fn is_same(&self, other: &Plan) -> bool {
        // The path is not among what is written of a plan.
        *self == Plan { path: self.path.clone(), ..other.clone() }
    }
}

/// The first free `damaged/<n>`.
fn new_folder(dir: &Path) -> Result<PathBuf, JournalError> {
    let free = (1_u32..).map(|number| dir.join("damaged").join(number.to_string())).find(|path| !path.exists());
    let path = free.unwrap_or_else(|| dir.join("damaged"));
    files::create_dir(&path)?;
    Ok(path)
}

/// Volumes made by an interrupted repair that are not in place: the old one is aside already.
pub(super) fn unfinished(dir: &Path) -> Result<Vec<(u32, PathBuf)>, JournalError> {
    let mut found = Vec::new();
    for repair in entries(&dir.join("damaged"))? {
        for volume in entries(&repair.join(REBUILT))? {
            let number = volume.file_name().and_then(|name| name.to_str()?.parse().ok());
            if let Some(number) = number.filter(|number| !volume_path(dir, *number).exists()) {
                found.push((number, volume));
            }
        }
    }
    found.sort();
    found.dedup_by_key(|(number, _)| *number);
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let failed = |error: std::io::Error| JournalError::io("listing", folder, &error);
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path()).map_err(failed)).collect(),
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(failed(error)),
    }
}

/// Moves a file or folder, making the folder it goes to, with durable names.
fn rename(from: &Path, to: &Path) -> Result<(), JournalError> {
    for path in [from, to] {
        files::create_dir(path.parent().unwrap_or(Path::new(".")))?;
    }
    fs::rename(from, to).map_err(|error| JournalError::io("moving aside", from, &error))?;
    for path in [to, from] {
        files::sync_dir(path.parent().unwrap_or(Path::new(".")))?;
    }
    Ok(())
}

impl Work {
    fn apply(&self, dir: &Path, aside: &Path) -> Result<(), JournalError> {
        let Work { plan, survey, bounds } = self;
        for repair in &plan.volumes {
            if let Some(bounds) = bounds.iter().find(|bounds| bounds.number == repair.volume) {
                rebuild(dir, aside, bounds, repair, plan.last)?;
            }
        }
        for number in &plan.unknown {
            rename(&volume_path(dir, *number), &aside.join(REPLACED).join(format!("{number:08}")))?;
        }
        for at in &plan.snapshots {
            let path = snapshot::path(dir, *at);
            rename(&path, &aside.join("snapshots").join(path.file_name().unwrap_or_default()))?;
        }
        if plan.catalog.is_some() {
            keep(&catalog_path(dir), aside)?;
            survey.catalog.save(dir)?;
        }
        if plan.mark.is_some() {
            let path = MarkFile::path(dir);
            keep(&path, aside)?;
            if survey.no_mark.is_some() && path.exists() {
                // It cannot be written on: no slot of it is good.
                rename(&path, &aside.join("mark.damaged"))?;
            }
            MarkFile::open(dir)?.write(end(dir, bounds.last(), plan.last)?)?;
        }
        files::sync_dir(aside)
    }
}

/// A copy of a file that is about to be replaced.
fn keep(path: &Path, aside: &Path) -> Result<(), JournalError> {
    if path.is_file() {
        let copy = aside.join(path.file_name().unwrap_or_default());
        fs::copy(path, &copy).map_err(|error| JournalError::io("copying", path, &error))?;
    }
    Ok(())
}

/// The mark of the end of the journal as it is now.
fn end(dir: &Path, bounds: Option<&Bounds>, last: Seq) -> Result<Mark, JournalError> {
    let Some(bounds) = bounds else { return Ok(Mark::default()) };
    let bounds = Bounds { end: bounds.end.filter(|_| bounds.sealed), ..*bounds };
    let examined = examine::examine(dir, &bounds, false, &mut |_, _| Ok(()), &mut |_, _| {})?;
    match examined.seen.end {
        Some(place) if place.next == last.next() => Ok(Mark { seq: last, chain: place.item_chain }),
        _ => Err(JournalError::PlanOutdated { dir: dir.to_owned() }),
    }
}

/// Makes a volume anew with what is intact of it, and puts it in place of the old one.
fn rebuild(dir: &Path, aside: &Path, bounds: &Bounds, repair: &VolumeRepair, end: Seq) -> Result<(), JournalError> {
    let salvage = salvage::salvage(dir, bounds)?;
    let first = |part: &Part| match part {
        Part::Kept(item) => item.header.first,
        Part::Lost { first, .. } => *first,
    };
    let stays = |part: &&Part| repair.cut.is_none_or(|cut| first(part) < cut);
    let parts: Vec<Part> = salvage.parts.iter().take_while(stays).cloned().collect();
    let name = format!("{:08}", bounds.number);
    let building = aside.join(BUILDING).join(&name);
    files::create_dir(&building)?;
    {
        let store = SledStore::open(&building, bounds.number)?;
        let checkpoints = salvage.checkpoints.into_iter().filter(|(key, _)| key.block <= end).collect();
        store.write(&Changes { checkpoints, ..Changes::default() })?;
        for items in salvage::items(&parts, bounds).chunks(ITEMS_PER_WRITE) {
            store.write(&Changes { put: items.to_vec(), ..Changes::default() })?;
        }
        store.flush(Durability::Power)?;
    }
    // From here on it is whole, and an interrupted repair can be finished.
    let rebuilt = aside.join(REBUILT).join(&name);
    rename(&building, &rebuilt)?;
    let place = volume_path(dir, bounds.number);
    if place.exists() {
        rename(&place, &aside.join(REPLACED).join(&name))?;
    }
    rename(&rebuilt, &place)
}
