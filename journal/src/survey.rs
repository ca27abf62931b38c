//! What volumes there are by their looks, for when the catalog is not there to say: [`volumes_on_disk`], [`rebuild`].

use std::fs;
use std::path::Path;

use crate::access::Access;
use crate::catalog::{Catalog, Seal, Volume};
use crate::error::JournalError;
use crate::stamp::Seq;
use crate::store::{Key, Store};
use crate::walk::{Place, Start, Walk};

/// Numbers of the volumes whose folders are there, rising.
pub(crate) fn volumes_on_disk(dir: &Path) -> Result<Vec<u32>, JournalError> {
    let folder = dir.join("volumes");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(JournalError::io("listing", &folder, &error)),
    };
    let mut numbers: Vec<u32> = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// The volume that is open for reading whatever the catalog says of it.
pub(crate) fn unsealed(number: u32) -> Volume {
    Volume { number, first: Seq::ZERO, start_chain: 0, sealed: None }
}

/// Whether a volume holds any block or fragment.
pub(crate) fn is_empty(access: &Access) -> Result<bool, JournalError> {
    access.with(&mut |store| {
        let mut items = Vec::new();
        store.read(crate::store::Table::Blocks, Key::default(), 1, &mut items)?;
        Ok(items.is_empty())
    })
}

/// Begin and end of a volume by its own items: the journal, first event and chain before it, the end.
fn look(store: &dyn Store, number: u32) -> Result<Option<(u64, Volume, Seal)>, JournalError> {
    let mut items = Vec::new();
    store.read(crate::store::Table::Blocks, Key::default(), 1, &mut items)?;
    let Some((_, bytes)) = items.first() else { return Ok(None) };
    let damaged = |reason| JournalError::Damaged { volume: number, first: Seq::ZERO, last: Seq::ZERO, reason };
    let first = crate::block::check(bytes).map_err(|error| damaged(error.to_string()))?.header;
    let volume = Volume { number, first: first.first, start_chain: first.chain, sealed: None };
    let place = Place::after(volume.first, volume.start_chain);
    let mut walk = Walk::new(store, number, first.journal, Some(place), Key::default());
    walk.begin(Start::find(store, volume.first, Seq::new(u64::MAX))?);
    let mut seal = Seal { last: volume.first.previous(), chain: volume.start_chain };
    while let Some(item) = walk.next()? {
        seal = Seal { last: item.header.last(), chain: item.checked.checksum };
    }
    Ok(Some((first.journal, volume, seal)))
}

/// A catalog made from the volumes themselves, and what could not be made out. Sessions cannot: no volume tells of them.
pub(crate) fn rebuild(dir: &Path) -> Result<(Catalog, Vec<JournalError>), JournalError> {
    let mut catalog = Catalog::default();
    let mut troubles = Vec::new();
    let mut end: Option<Seal> = None;
    for number in volumes_on_disk(dir)? {
        let looked = Access::new(dir, &unsealed(number)).with(&mut |store| look(store, number));
        match looked {
            Ok(Some((journal, volume, seal))) => {
                if catalog.volumes.is_empty() {
                    catalog.journal = journal;
                }
                if let Some(before) = catalog.volumes.last_mut() {
                    before.sealed = end;
                }
                catalog.volumes.push(volume);
                end = Some(seal);
            }
            // Made, and nothing written to it yet.
            Ok(None) => {}
            Err(error) => troubles.push(error),
        }
    }
    Ok((catalog, troubles))
}
