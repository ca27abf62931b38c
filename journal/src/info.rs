//! What a journal holds, without going over it: [`info`]. Works beside a writer, and opens nothing of sled's.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::block::{self, Header};
use crate::catalog::{SessionInfo, volume_path};
use crate::error::JournalError;
use crate::lock::Lock;
use crate::reader::Reader;
use crate::snapshot;
use crate::stamp::{Nanos, Seq};
use crate::store::Durability;
use crate::survey::Survey;
use crate::verify::size_of;

/// Blocks are counted in journals of up to this many bytes; in larger ones it would take too long.
const COUNTED_BYTES_MAX: u64 = 1 << 30;
/// Bytes of a volume's file looked at together. Parts overlap by the largest item.
const PART_BYTES: usize = 1 << 20;

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeInfo {
    /// Its number.
    pub number: u32,
    /// Its first event.
    pub first: Seq,
    /// Its last event; `None` when there is none (yet), or it is not known.
    pub last: Option<Seq>,
    /// `recv` of its first event, if it could be found.
    pub first_recv: Option<Nanos>,
    /// `recv` of its last event, if it could be found.
    pub last_recv: Option<Nanos>,
    /// Whether it is sealed. The last one is not: it is, or will be, written.
    pub sealed: bool,
    /// Whether its files are there.
    pub present: bool,
    /// Bytes of its files.
    pub bytes: u64,
    /// How many whole blocks stand in it; `None` in a journal above 1 GiB (`verify` counts them).
    pub blocks: Option<u64>,
}

/// A snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotInfo {
    /// After which event it was taken.
    pub at: Seq,
    /// Bytes of its file.
    pub bytes: u64,
}

/// What a journal holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// Its folder.
    pub dir: String,
    /// Its identity, which every block carries.
    pub journal: u64,
    /// Its first event; `None` in an empty one.
    pub first: Option<Seq>,
    /// Its last event; `None` in an empty one.
    pub last: Option<Seq>,
    /// Bytes of all volumes.
    pub bytes: u64,
    /// Version of the records' encoding in the newest block found; `None` when none was.
    pub schema: Option<u16>,
    /// What "durable" meant to whoever wrote it last; `None` when that is not known.
    pub durability: Option<Durability>,
    /// Up to where it was durable when that was last noted (twice a second).
    pub marked: Option<Seq>,
    /// The process that holds it; `None` when none does.
    pub holder_pid: Option<u32>,
    /// That process's words; empty when none holds it.
    pub holder: String,
    /// In order.
    pub volumes: Vec<VolumeInfo>,
    /// The sessions that wrote it, by rising id.
    pub sessions: Vec<SessionInfo>,
    /// Rising.
    pub snapshots: Vec<SnapshotInfo>,
    /// What is in the way of reading it, as far as was noticed without going over it.
    pub troubles: Vec<String>,
}

/// What the journal in `dir` holds: what its catalog says, and a look at the ends of its files.
///
/// # Errors
/// When there is no journal, or the file system refuses.
pub fn info(dir: &Path) -> Result<Info, JournalError> {
    let held = Lock::is_held(dir)?;
    let survey = Survey::make(dir, held)?;
    let words = Lock::words(dir)?;
    let mut troubles: Vec<String> = survey.no_catalog.iter().cloned().collect();
    troubles.extend(survey.no_mark.iter().filter(|_| !survey.catalog.volumes.is_empty()).map(|reason| format!("mark: {reason}")));
    let end = match Reader::<()>::open(dir) {
        Ok(reader) => Some(reader.last_seq()),
        Err(error) => {
            if survey.no_catalog.is_none() {
                troubles.push(error.to_string());
            }
            None
        }
    };
    let sizes: Vec<u64> = survey.catalog.volumes.iter().map(|volume| size_of(&volume_path(dir, volume.number))).collect();
    let bytes = sizes.iter().sum();
    let mut schema = None;
    let mut volumes = Vec::new();
    for (at, (volume, size)) in survey.catalog.volumes.iter().zip(&sizes).enumerate() {
        let next = survey.catalog.volumes.get(at + 1);
        let sealed = volume.sealed.map(|seal| seal.last).or(next.map(|next| next.first.previous()));
        let known = sealed.or(end);
        let db = volume_path(dir, volume.number).join("db");
        let looked = look(&db, survey.catalog.journal, volume.first, known, bytes <= COUNTED_BYTES_MAX);
        let seen = looked.as_ref().and_then(|looked| looked.last).map(|header| header.last());
        let last = known.or(seen).filter(|last| *last >= volume.first);
        schema = looked.as_ref().and_then(|looked| looked.last).map(|header| header.schema).or(schema);
        volumes.push(VolumeInfo {
            number: volume.number,
            first: volume.first,
            last,
            first_recv: looked.as_ref().and_then(|looked| looked.first).map(|header| header.first_recv),
            last_recv: looked.as_ref().and_then(|looked| looked.last).map(|header| header.last_recv),
            sealed: sealed.is_some(),
            present: looked.is_some(),
            bytes: *size,
            blocks: looked.and_then(|looked| looked.blocks),
        });
    }
    troubles.extend(volumes.iter().filter(|volume| !volume.present).map(|volume| format!("volume {} is gone", volume.number)));
    let snapshots = snapshot::list(dir)?.into_iter();
    let snapshots =
        snapshots.map(|at| SnapshotInfo { at, bytes: fs::metadata(snapshot::path(dir, at)).map_or(0, |about| about.len()) });
    let last = end.or(volumes.last().and_then(|volume| volume.last)).filter(|last| *last > Seq::ZERO);
    Ok(Info {
        dir: dir.display().to_string(),
        journal: survey.catalog.journal,
        first: volumes.first().map(|volume| volume.first).filter(|first| last.is_some_and(|last| last >= *first)),
        last,
        bytes,
        schema,
        durability: words.split_once("durability ").and_then(|(_, name)| name.trim_end_matches(')').parse().ok()),
        marked: survey.mark.map(|mark| mark.seq),
        holder_pid: words.split_whitespace().nth(1).filter(|_| held).and_then(|pid| pid.parse().ok()),
        holder: if held { words.clone() } else { String::new() },
        volumes,
        sessions: survey.catalog.sessions,
        snapshots: snapshots.collect(),
        troubles,
    })
}

/// What the file of a volume shows from outside.
#[derive(Debug, Default)]
struct Looked {
    first: Option<Header>,
    last: Option<Header>,
    blocks: Option<u64>,
}

/// The items at both ends of a volume; all of them when `count`ing. `None` when there is no such file. Where the `last` event is
/// not known, the last there is.
fn look(db: &Path, journal: u64, first: Seq, last: Option<Seq>, count: bool) -> Option<Looked> {
    let file = File::open(db).ok()?;
    let bytes = file.metadata().ok().filter(fs::Metadata::is_file)?.len();
    let mut looked = Looked::default();
    let end = last;
    let last = end.unwrap_or(Seq::new(u64::MAX));
    let mut blocks = std::collections::BTreeSet::new();
    let mut part = Vec::new();
    let mut see = |looked: &mut Looked, from: u64, all: bool| {
        part.resize(PART_BYTES + block::STORED_BYTES_MAX, 0);
        let read = read_at_most(&file, &mut part, from);
        for (_, checked) in block::carve(&part[..read]) {
            let header = checked.header;
            if header.journal != journal || header.first < first || header.last() > last || checked.given_up().is_some() {
                continue;
            }
            if header.first == first && looked.first.is_none_or(|known| known.count <= header.count) {
                looked.first = Some(header);
            }
            if looked.last.is_none_or(|known| (known.last(), known.count) <= (header.last(), header.count)) {
                looked.last = Some(header);
            }
            if all && header.fragment == 0 {
                blocks.insert(header.first);
            }
        }
    };
    if count {
        (0..bytes).step_by(PART_BYTES).for_each(|from| see(&mut looked, from, true));
    }
    for from in (0..bytes).step_by(PART_BYTES).filter(|_| !count) {
        see(&mut looked, from, false);
        if looked.first.is_some() {
            break;
        }
    }
    for from in (0..bytes.div_ceil(PART_BYTES as u64)).rev().map(|part| part * PART_BYTES as u64).filter(|_| !count) {
        if looked.last.is_some_and(|header| header.last() == last) {
            break;
        }
        see(&mut looked, from, false);
    }
    looked.blocks = count.then_some(blocks.len() as u64);
    // What was found only on the way from the beginning is not the end.
    looked.last = looked.last.filter(|header| end.is_none() || header.last() == last);
    Some(looked)
}

/// Fills `part` from the file as far as it goes; what the disk refuses is as if it were not there.
fn read_at_most(file: &File, part: &mut [u8], from: u64) -> usize {
    let mut filled = 0;
    while filled < part.len() {
        match file.read_at(&mut part[filled..], from + filled as u64) {
            Ok(0) | Err(_) => break,
            Ok(count) => filled += count,
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_large_file_are_found_without_going_through_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let db = dir.path().join("db");
        let mut bytes = vec![0xff; 3 * PART_BYTES];
        // Items across the borders of parts; one of another journal; one behind the end.
        for (first, journal, at) in
            [(1, 7, PART_BYTES - 100), (6, 7, PART_BYTES + 70_000), (11, 7, 2 * PART_BYTES - 50), (11, 8, 9), (16, 7, 900)]
        {
            let raw = vec![3; 400];
            let header = Header {
                fragment: 0,
                schema: 4,
                journal,
                first: Seq::new(first),
                count: 5,
                raw_len: 400,
                raw_offset: 0,
                first_recv: Nanos::new(first as i64),
                last_recv: Nanos::new(first as i64 + 4),
                chain: 0,
            };
            let mut item = Vec::new();
            block::seal(&header, &raw, &mut item);
            bytes[at..at + item.len()].copy_from_slice(&item);
        }
        fs::write(&db, &bytes).expect("writes");
        for count in [false, true] {
            let looked = look(&db, 7, Seq::new(1), Some(Seq::new(15)), count).expect("is there");
            let (first, last) = (looked.first.expect("found"), looked.last.expect("found"));
            assert_eq!((first.first_recv.get(), last.last_recv.get(), looked.blocks), (1, 15, count.then_some(3)));
        }
        let looked = look(&db, 7, Seq::new(1), Some(Seq::new(17)), false).expect("is there");
        assert!(looked.last.is_none(), "no item ends there");
        assert!(look(&dir.path().join("none"), 7, Seq::new(1), None, true).is_none());
    }
}
