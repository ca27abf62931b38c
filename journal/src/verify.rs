//! Goes over a whole journal and says everything that is wrong with it: [`verify`].
//!
//! Nothing is recovered and nothing written. What stands behind damage is looked at all the same, taken at its word where the
//! chain is broken.

use std::path::Path;

use crate::access::Access;
use crate::catalog::{Catalog, Mark, MarkFile, Volume};
use crate::error::JournalError;
use crate::reader::decode_checkpoint;
use crate::report::{FINDINGS_MAX, Report};
use crate::snapshot;
use crate::stamp::{Nanos, Seq};
use crate::store::{Key, Store, Table};
use crate::survey;
use crate::walk::{Place, Walk};

/// Bytes of blocks held at once.
const READ_AHEAD_BYTES: usize = 32 << 20;
/// Bytes of checkpoints held at once.
const CHECKPOINT_BYTES: usize = 1 << 20;

/// How far a verification has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The volume being gone through.
    pub volume: u32,
    /// How many are done.
    pub done: usize,
    /// How many there are.
    pub of: usize,
    /// The last intact event so far.
    pub seq: Seq,
}

/// Goes over the journal in `dir`: every block, fragment, checkpoint and snapshot, the chain, the seals, the mark, the catalog.
///
/// Damage is not an error but the answer.
///
/// # Errors
/// When there is no journal, or the file system refuses.
pub fn verify(dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Report, JournalError> {
    let mut report = Report { intact: true, ..Report::default() };
    // Read first: what it promises must be there, whatever a writer appends meanwhile.
    let mark = match MarkFile::read(dir) {
        Ok(mark) => mark,
        Err(error) => {
            report.note(None, error.to_string());
            None
        }
    };
    let catalog = catalog(dir, &mut report)?;
    let mut examiner = Examiner { dir, journal: catalog.journal, mark, raw: Vec::new(), report };
    examiner.catalog(&catalog)?;
    let of = catalog.volumes.len();
    for (done, volume) in catalog.volumes.iter().enumerate() {
        progress(Progress { volume: volume.number, done, of, seq: examiner.report.last });
        let is_last = done + 1 == of;
        examiner.volume(volume, is_last, &mut |seq| progress(Progress { volume: volume.number, done, of, seq }));
    }
    let mut report = examiner.report;
    if let Some(mark) = mark.filter(|_| catalog.volumes.is_empty()).filter(|mark| mark.seq > Seq::ZERO) {
        report.note(None, format!("it was durable up to seq {}, but there are no volumes", mark.seq));
    }
    snapshots(dir, &mut report)?;
    for session in &catalog.sessions {
        if session.last.is_some_and(|last| last > report.last) {
            report.note(None, format!("session {} ended at an event that is not there: {:?}", session.id, session.last));
        }
    }
    Ok(report)
}

/// The catalog, or what the volumes tell without it.
fn catalog(dir: &Path, report: &mut Report) -> Result<Catalog, JournalError> {
    let trouble = match Catalog::load(dir) {
        Ok(Some(catalog)) => return Ok(catalog),
        Ok(None) if survey::volumes_on_disk(dir)?.is_empty() => {
            return Err(JournalError::NotAJournal { dir: dir.to_owned() });
        }
        Ok(None) => "the catalog is gone, but there are volumes. `jangbu journal repair` rebuilds it".to_owned(),
        Err(error @ JournalError::DamagedFile { .. }) => error.to_string(),
        Err(error) => return Err(error),
    };
    report.note(None, trouble);
    let (catalog, troubles) = survey::rebuild(dir)?;
    for trouble in troubles {
        let volume = match &trouble {
            JournalError::Store { volume, .. } | JournalError::Damaged { volume, .. } => Some(*volume),
            _ => None,
        };
        report.note(volume, format!("where it begins and ends cannot be made out: {trouble}"));
    }
    Ok(catalog)
}

fn snapshots(dir: &Path, report: &mut Report) -> Result<(), JournalError> {
    for at in snapshot::list(dir)? {
        match snapshot::read(dir, at) {
            Ok(_) if at > report.last => report.note(None, format!("snapshot at seq {at} is of an event that is not there")),
            Ok(_) => report.snapshots += 1,
            Err(error @ JournalError::DamagedFile { .. }) => report.note(None, error.to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

struct Examiner<'a> {
    dir: &'a Path,
    journal: u64,
    mark: Option<Mark>,
    raw: Vec<u8>,
    report: Report,
}

/// What a pass over a volume has seen.
#[derive(Default)]
struct Pass {
    /// Index of the finding whose end is where the next intact item begins.
    unbounded: Option<usize>,
    last_recv: Nanos,
    /// Whether the mark's event was come by.
    end: Option<Place>,
}

impl Examiner<'_> {
    /// What the catalog says of itself, and against the folders there are.
    fn catalog(&mut self, catalog: &Catalog) -> Result<(), JournalError> {
        for pair in catalog.volumes.windows(2) {
            let [before, volume] = pair else { continue };
            let number = Some(volume.number);
            match before.sealed {
                _ if volume.number <= before.number => self.report.note(number, "the catalog lists it out of order"),
                None => self.report.note(Some(before.number), "it was never sealed, but there is a later volume"),
                Some(seal) if seal.last.next() != volume.first || seal.chain != volume.start_chain => {
                    self.report.note(number, "the catalog does not let it begin where the volume before it ends");
                }
                Some(_) => {}
            }
        }
        for number in survey::volumes_on_disk(self.dir)? {
            if catalog.volumes.iter().any(|volume| volume.number == number) {
                continue;
            }
            // An empty one is left by a writer that died while it began it, and will be used.
            match survey::is_empty(&Access::new(self.dir, &survey::unsealed(number))) {
                Ok(true) => {}
                Ok(false) => self.report.note(Some(number), "it holds events, but the catalog does not know it"),
                Err(error) => self.report.note(Some(number), format!("the catalog does not know it, and {error}")),
            }
        }
        Ok(())
    }

    fn volume(&mut self, volume: &Volume, is_last: bool, progress: &mut dyn FnMut(Seq)) {
        self.report.volumes += 1;
        let mark = self.mark.map_or(Seq::ZERO, |mark| mark.seq);
        // The last event it must have, as far as that is known.
        let promised = match volume.sealed {
            Some(seal) => seal.last,
            None if is_last => mark.max(volume.first.previous()),
            None => volume.first.previous(),
        };
        let mut pass = self.blocks(volume, promised, progress);
        if let Some(unbounded) = pass.unbounded.take() {
            let finding = &mut self.report.findings[unbounded];
            finding.last = finding.last.max(promised);
        } else {
            self.end(volume, promised, pass.end);
        }
        self.checkpoints(volume);
    }

    /// Every block and fragment of a volume.
    fn blocks(&mut self, volume: &Volume, promised: Seq, progress: &mut dyn FnMut(Seq)) -> Pass {
        let mut walk = Walk::new(
            Access::new(self.dir, volume),
            volume.number,
            self.journal,
            Some(Place::after(volume.first, volume.start_chain)),
            Key::default(),
        );
        walk.read_ahead(READ_AHEAD_BYTES);
        let number = Some(volume.number);
        let mut pass = Pass { end: walk.place(), ..Pass::default() };
        let mut expected = volume.first;
        let mut tries = 0;
        loop {
            let error = match walk.next() {
                Ok(Some(item)) => {
                    let header = item.header;
                    if let Some(unbounded) = pass.unbounded.take().and_then(|at| self.report.findings.get_mut(at)) {
                        unbounded.last = header.first.previous().max(unbounded.first);
                    }
                    self.raw.clear();
                    if let Err(error) = item.checked.unpack(&mut self.raw) {
                        self.report.add(number, header.first, header.last(), error.to_string());
                    }
                    if header.first_recv < pass.last_recv || header.last_recv < header.first_recv {
                        self.report.add(number, header.first, header.last(), "its time goes back");
                    }
                    let marked = self.mark.filter(|mark| header.fragment > 0 && mark.seq == header.last());
                    if marked.is_some_and(|mark| mark.chain != item.checked.checksum) {
                        self.report.add(number, header.first, header.last(), "it is not what was durable there");
                    }
                    pass.last_recv = header.last_recv;
                    expected = header.last().next();
                    let report = &mut self.report;
                    report.blocks += u64::from(header.fragment == 0);
                    report.fragments += u64::from(header.fragment > 0);
                    report.events += u64::from(header.count);
                    report.stored_bytes += item.stored_bytes as u64;
                    report.raw_bytes += u64::from(header.raw_len);
                    report.last = report.last.max(header.last());
                    progress(header.last());
                    pass.end = walk.place();
                    continue;
                }
                Ok(None) => return pass,
                Err(error) => error,
            };
            match error {
                // A writer may have put a block in place of fragments just read.
                JournalError::Damaged { .. } if volume.sealed.is_none() && tries < 3 && self.again(&mut walk, &mut tries) => {}
                JournalError::Damaged { first, last, reason, .. } => {
                    self.found(&mut pass, number, (first, last), reason);
                    expected = last.next();
                    walk.resume();
                }
                error => {
                    self.found(&mut pass, number, (expected, promised.max(expected)), error.to_string());
                    let Some(next) = readable_after(walk.from(), volume, &Access::new(self.dir, volume), promised) else {
                        return pass;
                    };
                    expected = next.block;
                    walk.resume_at(next);
                }
            }
        }
    }

    /// Goes back to the beginning of an open block, once more, taking its fragments from the counts.
    fn again(&mut self, walk: &mut Walk<Access>, tries: &mut u32) -> bool {
        let Some(place) = walk.place() else { return false };
        let Some((block, fragments)) = place.open else { return false };
        *tries += 1;
        let report = &mut self.report;
        report.fragments = report.fragments.saturating_sub(u64::from(fragments));
        report.events = report.events.saturating_sub(place.next.get() - block.get());
        report.raw_bytes = report.raw_bytes.saturating_sub(u64::from(place.open_bytes));
        walk.rewind()
    }

    fn found(&mut self, pass: &mut Pass, volume: Option<u32>, (first, last): (Seq, Seq), reason: String) {
        if let Some(before) = pass.unbounded.take().and_then(|at| self.report.findings.get_mut(at)) {
            before.last = first.previous().max(before.first);
        }
        self.report.add(volume, first, last, reason);
        let full = self.report.findings.len() >= FINDINGS_MAX;
        pass.unbounded = self.report.findings.len().checked_sub(1).filter(|_| !full);
    }

    /// Whether a volume ended where it should.
    fn end(&mut self, volume: &Volume, promised: Seq, end: Option<Place>) {
        let Some(end) = end else { return };
        let number = Some(volume.number);
        if end.next <= promised {
            let what = if volume.sealed.is_some() { "its end is missing" } else { "these were durable and are missing" };
            self.report.add(number, end.next, promised, what);
        } else if let Some(seal) = volume.sealed {
            if end.next > seal.last.next() {
                self.report.add(number, seal.last.next(), end.next.previous(), "it goes on after the end it was sealed with");
            } else if end.open.is_some() || end.block_chain != seal.chain {
                self.report.add(number, seal.last, seal.last, "its end is not the one it was sealed with");
            }
        }
    }

    fn checkpoints(&mut self, volume: &Volume) {
        let number = Some(volume.number);
        let access = Access::new(self.dir, volume);
        let mut items = Vec::new();
        let mut at = Key::default();
        loop {
            items.clear();
            let result = access.read(Table::Checkpoints, at, CHECKPOINT_BYTES, &mut items);
            for (key, bytes) in &items {
                match decode_checkpoint(volume.number, *key, bytes) {
                    Ok(_) => self.report.checkpoints += 1,
                    Err(error) => self.report.note(number, error.to_string()),
                }
            }
            match (items.last(), result) {
                // A volume that cannot be read has been found already, with its blocks; its checkpoints may still differ.
                (_, Err(error)) => return self.report.note(number, format!("its checkpoints: {error}")),
                (None, Ok(())) => return,
                (Some((key, _)), Ok(())) => at = key.next(),
            }
        }
    }
}

/// After a read that failed at `from`: the nearest later key from which reading works. Reads ever farther on, then halves.
fn readable_after(from: Key, volume: &Volume, access: &Access, promised: Seq) -> Option<Key> {
    let works = |block: u64| {
        let mut items = Vec::new();
        let key = Key { block: Seq::new(block), fragment: 0 };
        access.read(Table::Blocks, key, 1, &mut items).is_ok() && !items.is_empty()
    };
    let start = from.block.max(volume.first).get();
    let end = promised.get();
    let mut step = 1;
    let (mut bad, mut good) = loop {
        let probe = start.saturating_add(step);
        if probe > end {
            return None;
        }
        if works(probe) {
            break (probe - step / 2, probe);
        }
        step *= 2;
    };
    while good - bad > 1 {
        let middle = bad + (good - bad) / 2;
        if works(middle) { good = middle } else { bad = middle }
    }
    Some(Key { block: Seq::new(good), fragment: 0 })
}
