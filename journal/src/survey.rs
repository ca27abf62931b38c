//! What there is by all accounts: catalog, mark, folders: [`Survey`]. A catalog that is gone is made anew from the volumes.

use std::fs;
use std::path::Path;

use crate::catalog::{Catalog, Mark, MarkFile, Seal, Volume, catalog_path};
use crate::error::JournalError;
use crate::salvage::{Bounds, Found, Items};
use crate::stamp::Seq;

/// Names of ours in a journal's folder.
const NAMES: [&str; 9] =
    ["catalog", "mark", "lock", "volumes", "snapshots", "sessions", "damaged", "journal.sock", "journal.sock.new"];

/// What there is.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) catalog: Catalog,
    /// Why the catalog is one made anew.
    pub(crate) no_catalog: Option<String>,
    pub(crate) mark: Option<Mark>,
    /// Why there is no mark.
    pub(crate) no_mark: Option<String>,
    /// Volumes that are there and in no catalog.
    pub(crate) unknown: Vec<u32>,
    /// Files that are not ours.
    pub(crate) foreign: Vec<String>,
}

impl Survey {
    /// Looks around. With `held`, another process is writing, and may have begun a volume since.
    pub(crate) fn make(dir: &Path, held: bool) -> Result<Survey, JournalError> {
        let mut survey = Survey::default();
        // The mark first: what it promises must be there, whatever a writer appends meanwhile.
        match MarkFile::read(dir) {
            Ok(Some(mark)) => survey.mark = Some(mark),
            Ok(None) => survey.no_mark = Some("there is none".into()),
            Err(JournalError::DamagedFile { reason, .. }) => survey.no_mark = Some(reason),
            Err(error) => return Err(error),
        }
        let folders = folders(dir, &mut survey.foreign)?;
        let loaded = Catalog::load(dir);
        match loaded {
            Ok(Some(catalog)) => survey.catalog = catalog,
            Ok(None) if folders.is_empty() => return Err(JournalError::NotAJournal { dir: dir.to_owned() }),
            Ok(None) => survey.no_catalog = Some(format!("{} is gone, but there are volumes", catalog_path(dir).display())),
            Err(error @ JournalError::DamagedFile { .. }) if !held => survey.no_catalog = Some(error.to_string()),
            Err(error) => return Err(error),
        }
        if survey.no_catalog.is_some() {
            survey.catalog = rebuild(dir, &folders)?;
        }
        let known = |number: &u32| survey.catalog.volumes.iter().any(|volume| volume.number == *number);
        survey.unknown = folders.into_iter().filter(|number| !held && !known(number)).collect();
        Ok(survey)
    }

    /// Where each volume begins and ends.
    pub(crate) fn bounds(&self) -> Vec<Bounds> {
        let volumes = &self.catalog.volumes;
        let bounds = volumes.iter().enumerate().map(|(at, volume)| {
            let sealed = volume.sealed.map(|seal| (seal.last, seal.chain));
            let next = volumes.get(at + 1).map(|next| (next.first.previous(), next.start_chain));
            let mark = self.mark.filter(|mark| mark.seq >= volume.first).map(|mark| (mark.seq, mark.chain));
            Bounds {
                number: volume.number,
                journal: self.catalog.journal,
                first: volume.first,
                start_chain: volume.start_chain,
                end: sealed.or(next).or(mark),
                sealed: sealed.or(next).is_some(),
            }
        });
        bounds.collect()
    }

    /// Index of the volumes that do not begin where the one before them ends, by the catalog.
    pub(crate) fn misplaced(&self) -> Vec<(u32, &'static str)> {
        let mut found = Vec::new();
        for pair in self.catalog.volumes.windows(2) {
            let [before, volume] = pair else { continue };
            match before.sealed {
                _ if volume.number <= before.number => found.push((volume.number, "it is listed out of order")),
                None => found.push((before.number, "it was never sealed, and there is a later volume")),
                Some(seal) if seal.last.next() != volume.first || seal.chain != volume.start_chain => {
                    found.push((volume.number, "it does not begin where the volume before it ends"));
                }
                Some(_) => {}
            }
        }
        found
    }
}

/// Numbers of the volumes whose folders are there, rising; what else there is goes to `foreign`.
fn folders(dir: &Path, foreign: &mut Vec<String>) -> Result<Vec<u32>, JournalError> {
    let mut numbers = Vec::new();
    for (folder, inside) in [(dir.to_owned(), false), (dir.join("volumes"), true)] {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => continue,
            Err(error) => return Err(JournalError::io("listing", &folder, &error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| JournalError::io("listing", &folder, &error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let number =
                name.parse::<u32>().ok().filter(|number| inside && name == format!("{number:08}") && entry.path().is_dir());
            match number {
                Some(number) => numbers.push(number),
                None if !inside && (NAMES.contains(&name.as_str()) || name.ends_with(".tmp")) => {}
                None => foreign.push(entry.path().display().to_string()),
            }
        }
    }
    numbers.sort_unstable();
    foreign.sort();
    Ok(numbers)
}

/// A catalog made from the volumes' own items. Sessions are lost: no volume tells of them.
fn rebuild(dir: &Path, folders: &[u32]) -> Result<Catalog, JournalError> {
    let mut catalog = Catalog::default();
    for number in folders {
        let items = Items::gather(dir, *number)?;
        // A whole block where sled shows one; what only stands in the files may be older than it.
        let rank = |item: &&Found| (!item.shown, item.header.first, item.header.fragment);
        let ours = items.by_checksum.values().filter(|item| catalog.journal == 0 || item.header.journal == catalog.journal);
        let Some(first) = ours.filter(|item| item.header.fragment <= 1).min_by_key(rank) else { continue };
        catalog.journal = first.header.journal;
        let (mut begin, mut chain) = (first.header.first, first.header.chain);
        match catalog.volumes.last_mut() {
            Some(before) => before.sealed = Some(Seal { last: begin.previous(), chain }),
            None if *number == 1 => (begin, chain) = (Seq::FIRST, 0),
            None => {}
        }
        catalog.volumes.push(Volume { number: *number, first: begin, start_chain: chain, sealed: None });
    }
    Ok(catalog)
}
