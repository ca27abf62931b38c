//! Goes over a whole journal and says everything that is wrong with it: [`verify`].
//!
//! Nothing is recovered and nothing written. What stands behind damage is looked at all the same, and of what cannot be read it
//! is said whether `repair` can bring it back.

use std::fs;
use std::path::Path;

use crate::catalog::volume_path;
use crate::error::JournalError;
use crate::examine::{self, Contents, Examined, Problem};
use crate::lock::Lock;
use crate::record::Record;
use crate::report::{Finding, Harm, Report, SeqRange};
use crate::salvage::Bounds;
use crate::snapshot;
use crate::stamp::Seq;
use crate::survey::Survey;

/// How far a verification has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The volume being gone through.
    pub volume: u32,
    /// Bytes on disk gone through.
    pub bytes_done: u64,
    /// Bytes on disk to go through; 0 in an empty journal.
    pub bytes_total: u64,
    /// The last event gone by.
    pub seq: Seq,
}

const AN_INTACT_BLOCK: &str = "an intact block that continues the chain";
const RUN_REPAIR: &str = "Run `jangbu journal repair`";

/// Goes over the journal in `dir`: every block, fragment, checkpoint and snapshot, the chain, the seals, the mark, the catalog.
/// Damage is not an error but the answer. Works beside a writer.
///
/// `progress` is called for every block.
///
/// # Errors
/// When there is no journal, the file system refuses, or a process that writes the journal does not answer.
pub fn verify(dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Report, JournalError> {
    go_over(dir, &mut |_, _| Ok(()), progress)
}

/// As [`verify`], and decodes every record.
///
/// # Errors
/// As [`verify`].
pub fn verify_records<R: Record>(dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Report, JournalError> {
    go_over(dir, &mut examine::decoding::<R>(), progress)
}

fn go_over(dir: &Path, contents: &mut Contents<'_>, progress: &mut dyn FnMut(Progress)) -> Result<Report, JournalError> {
    let held = Lock::is_held(dir)?;
    let survey = Survey::make(dir, held)?;
    let mut report = Report { intact: true, notes: Vec::new(), ..Report::default() };
    if let Some(reason) = &survey.no_catalog {
        report.beside(None, reason.as_str(), "a catalog", "Run `jangbu journal repair`, which makes one from the volumes");
    }
    if let Some(reason) = survey.no_mark.as_ref().filter(|_| !survey.catalog.volumes.is_empty()) {
        report.beside(None, format!("mark: {reason}"), "a mark of how far events were durable", RUN_REPAIR);
    }
    for (volume, reason) in survey.misplaced() {
        report.beside(Some(volume), format!("catalog: {reason}"), "volumes that follow on", "Restore the catalog from a backup");
    }
    for number in &survey.unknown {
        unknown(dir, *number, &mut report)?;
    }
    report.notes.extend(survey.foreign.iter().map(|path| format!("{path} is not a journal's file")));

    let bounds = survey.bounds();
    let sizes: Vec<u64> = bounds.iter().map(|bounds| size_of(&volume_path(dir, bounds.number))).collect();
    let bytes_total = sizes.iter().sum();
    let mut done = 0;
    for (at, (bounds, size)) in bounds.iter().zip(&sizes).enumerate() {
        let live = held && at + 1 == sizes.len();
        let mut within = 0_u64;
        let mut advance = |bytes: u64, seq: Seq| {
            within = within.saturating_add(bytes).min(*size);
            progress(Progress { volume: bounds.number, bytes_done: done + within, bytes_total, seq });
        };
        let examined = examine::examine(dir, bounds, live, contents, &mut advance)?;
        done += size;
        progress(Progress { volume: bounds.number, bytes_done: done, bytes_total, seq: examined.seen.last });
        add(&mut report, bounds, examined);
    }
    if let Some(mark) = survey.mark.filter(|mark| bounds.is_empty() && mark.seq > Seq::ZERO) {
        let events = Some(SeqRange { first: Seq::FIRST, last: mark.seq });
        let found = "there are no volumes".to_owned();
        let expected = format!("events up to seq {}, which were durable", mark.seq);
        let advice = "Look at the disk; restore a backup".to_owned();
        report.add(Finding { volume: None, harm: Harm::Lost, events, found, expected, advice });
    }
    snapshots(dir, &mut report)?;
    for session in &survey.catalog.sessions {
        if let Some(last) = session.last.filter(|last| *last > report.last && report.intact) {
            let found = format!("the catalog says that session {} ended with event {last}", session.id);
            report.beside(None, found, &format!("no event after {}", report.last), RUN_REPAIR);
        }
    }
    Ok(report)
}

/// A volume that the catalog does not know.
fn unknown(dir: &Path, number: u32, report: &mut Report) -> Result<(), JournalError> {
    let items = crate::salvage::Items::gather(dir, number)?;
    if items.by_checksum.is_empty() {
        // A writer that dies while it begins a volume leaves this, and the next one uses it.
        report.notes.push(format!("volume {number} is empty and not in the catalog"));
    } else {
        let found = format!("{} blocks and fragments in a volume the catalog does not know", items.by_checksum.len());
        report.beside(Some(number), found, "only volumes of the catalog", "Run `jangbu journal repair`, which moves it aside");
    }
    Ok(())
}

fn snapshots(dir: &Path, report: &mut Report) -> Result<(), JournalError> {
    for at in snapshot::list(dir)? {
        match snapshot::read(dir, at) {
            Ok(_) if at > report.last => {
                let expected = format!("none after event {}, the last there is", report.last);
                report.beside(None, format!("a snapshot at seq {at}"), &expected, RUN_REPAIR);
            }
            Ok(_) => report.snapshots += 1,
            Err(error @ JournalError::DamagedFile { .. }) => {
                report.beside(None, error.to_string(), "an intact snapshot", "An older snapshot is used instead");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Adds what was found in a volume.
fn add(report: &mut Report, bounds: &Bounds, examined: Examined) {
    let Examined { seen, problems, lost, hidden } = examined;
    report.volumes += 1;
    report.blocks += seen.blocks;
    report.fragments += seen.fragments;
    report.events += seen.events;
    report.stored_bytes += seen.stored_bytes;
    report.raw_bytes += seen.raw_bytes;
    report.checkpoints += seen.checkpoints;
    report.last = report.last.max(seen.last);
    report.given_up.extend(&seen.given_up);
    let volume = Some(bounds.number);
    let why = |range: &SeqRange| reason_for(&problems, range);
    let mut found = Vec::new();
    for range in &lost {
        let advice = format!(
            "Restore volume {} from a backup; without one, run `jangbu journal repair`, \
             which keeps what is intact and says what a replay will do",
            bounds.number
        );
        found.push((*range, Harm::Lost, why(range), advice));
    }
    for range in &hidden {
        found.push((*range, Harm::Recoverable, why(range), "Run `jangbu journal repair`, which brings them back".to_owned()));
    }
    for (range, reason) in &seen.contents {
        let advice = "Read them with the version of the program that wrote them; repair cannot help".to_owned();
        found.push((*range, Harm::Content, reason.clone(), advice));
    }
    found.sort_by_key(|(range, ..)| range.first);
    if found.is_empty() {
        for (_, reason) in problems.iter().take(1) {
            report.beside(volume, reason.as_str(), AN_INTACT_BLOCK, "No event is lost. Run `jangbu journal repair`");
        }
    }
    for (events, harm, found, advice) in found {
        let expected = if harm == Harm::Content { "records that make sense" } else { AN_INTACT_BLOCK };
        report.add(Finding { volume, harm, events: Some(events), found, expected: expected.to_owned(), advice });
    }
    for reason in seen.bad_checkpoints {
        let advice = "A replay cannot be compared there. Run `jangbu journal repair`";
        report.beside(volume, reason, "an intact checkpoint", advice);
    }
}

/// What was said of a range: of the first problem that touches it.
fn reason_for(problems: &[Problem], range: &SeqRange) -> String {
    let touches = |other: &SeqRange| other.first <= range.last && other.last >= range.first;
    let best = problems.iter().find(|(other, _)| touches(other)).or(problems.first());
    best.map_or_else(|| "no intact block".to_owned(), |(_, reason)| reason.clone())
}

/// Bytes of the files below a folder; what cannot be looked at counts as nothing.
pub(crate) fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.filter_map(Result::ok).map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() => size_of(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
