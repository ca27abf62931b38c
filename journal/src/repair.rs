//! Makes a damaged journal one that can be written and read again: first [`plan`], then [`apply`].
//!
//! Nothing is deleted: what is replaced goes to `damaged/<n>/` in the journal's folder, with the plan in words. Of a damaged
//! volume every intact block stays. Events that are in no file any more leave a block that says so: reading stops there with
//! [`JournalError::GivenUp`], and goes on behind it when asked to. The volume being written ends with its last good block; what
//! is intact behind a gap in it stays only when a snapshot stands there too, as a restart could not get past the gap otherwise.

mod apply;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use apply::{Outcome, apply};

use crate::catalog::{Seal, SessionInfo};
use crate::error::JournalError;
use crate::examine::{self, Examined};
use crate::lock::Lock;
use crate::report::SeqRange;
use crate::salvage::Bounds;
use crate::snapshot;
use crate::stamp::Seq;
use crate::survey::Survey;

/// What is done with a volume: its intact blocks go to a new one, and the old one aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeRepair {
    /// Its number.
    pub volume: u32,
    /// What is wrong with it.
    pub reason: String,
    /// Its first event given up from which on nothing of it stays; `None` when it keeps its end.
    pub cut: Option<Seq>,
    /// Events it will hold.
    pub kept: u64,
}

/// What a repair will do. Made by [`plan`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The journal.
    pub dir: String,
    #[serde(skip)]
    path: PathBuf,
    /// Volumes that an interrupted repair has made and not put into place. That is done first; then plan again.
    pub unfinished: Vec<u32>,
    /// Volumes made anew.
    pub volumes: Vec<VolumeRepair>,
    /// Volumes that the catalog does not know and that go aside.
    pub unknown: Vec<u32>,
    /// Why the catalog is written anew.
    pub catalog: Option<String>,
    /// Why the mark is written anew.
    pub mark: Option<String>,
    /// Snapshots that are damaged or of events that are gone, and go aside.
    pub snapshots: Vec<Seq>,
    /// Events given up by this repair.
    pub given_up: Vec<SeqRange>,
    /// Events that cannot be read now, and can be afterwards.
    pub recovered: Vec<SeqRange>,
    /// The last event afterwards.
    pub last: Seq,
    /// What a replay and a restart will do afterwards, in words.
    pub replay: Vec<String>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        let Plan { unfinished, volumes, unknown, catalog, mark, snapshots, .. } = self;
        unfinished.is_empty()
            && volumes.is_empty()
            && unknown.is_empty()
            && catalog.is_none()
            && mark.is_none()
            && snapshots.is_empty()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            writeln!(f, "nothing to repair: the journal ends with event {}", self.last)?;
        }
        for volume in &self.unfinished {
            writeln!(f, "volume {volume}: put into place what an interrupted repair has made; then plan again")?;
        }
        for VolumeRepair { volume, reason, cut, kept } in &self.volumes {
            let end = cut.map_or(String::new(), |cut| format!(", and end it before event {cut}"));
            writeln!(f, "volume {volume} ({reason}): make it anew with its {kept} intact events{end}")?;
        }
        for volume in &self.unknown {
            writeln!(f, "volume {volume}: move it aside, the catalog does not know it")?;
        }
        if let Some(reason) = &self.catalog {
            writeln!(f, "catalog: write it anew ({reason})")?;
        }
        if let Some(reason) = &self.mark {
            writeln!(f, "mark: write it anew ({reason})")?;
        }
        for at in &self.snapshots {
            writeln!(f, "snapshot at {at}: move it aside")?;
        }
        for range in &self.recovered {
            writeln!(f, "{range}: brought back")?;
        }
        for range in &self.given_up {
            writeln!(f, "{range}: GIVEN UP")?;
        }
        for words in &self.replay {
            writeln!(f, "{words}")?;
        }
        Ok(())
    }
}

/// What a repair of the journal in `dir` would do. Changes nothing.
///
/// # Errors
/// [`JournalError::Locked`] while another process holds the journal; when there is none, or the file system refuses.
pub fn plan(dir: &Path) -> Result<Plan, JournalError> {
    if Lock::is_held(dir)? {
        return Err(JournalError::Locked { dir: dir.to_owned(), holder: Lock::words(dir)? });
    }
    Ok(Work::make(dir)?.plan)
}

/// A plan with what is needed to apply it.
#[derive(Debug, Default)]
struct Work {
    plan: Plan,
    survey: Survey,
    bounds: Vec<Bounds>,
}

impl Work {
    fn make(dir: &Path) -> Result<Work, JournalError> {
        let plan = Plan { dir: dir.display().to_string(), path: dir.to_owned(), ..Plan::default() };
        let unfinished: Vec<u32> = apply::unfinished(dir)?.into_iter().map(|(number, _)| number).collect();
        if !unfinished.is_empty() {
            return Ok(Work { plan: Plan { unfinished, ..plan }, ..Work::default() });
        }
        let survey = Survey::make(dir, false)?;
        let bounds = survey.bounds();
        let mut work = Work { plan, survey, bounds };
        work.volumes(dir)?;
        work.beside(dir)?;
        Ok(work)
    }

    /// Every volume, and with the last one the end.
    fn volumes(&mut self, dir: &Path) -> Result<(), JournalError> {
        let (intact, damaged) = snapshot::sorted_out(dir)?;
        let mut holes = Vec::new();
        for (at, bounds) in self.bounds.iter().enumerate() {
            let examined = examine::examine(dir, bounds, false, &mut |_, _| Ok(()), &mut |_, _| {})?;
            holes.extend(&examined.seen.given_up);
            let end = examined.seen.end.map_or(bounds.first, |place| place.next).previous();
            let promised = bounds.end.map_or(end, |(last, _)| last).max(end);
            let is_live = at + 1 == self.bounds.len() && !bounds.sealed;
            let cut = if is_live { cut(&examined, &intact, end) } else { None };
            let plan = &mut self.plan;
            plan.last = if is_live { cut.map_or(end, Seq::previous) } else { promised };
            for range in &examined.lost {
                let stays_a_hole = range.last <= plan.last;
                if stays_a_hole {
                    holes.push(*range);
                }
                if cut.is_none_or(|cut| range.first < cut) {
                    SeqRange::push(&mut plan.given_up, range.first, range.last);
                }
            }
            if let Some(cut) = cut {
                SeqRange::push(&mut plan.given_up, cut, promised);
            }
            let kept = |range: &&SeqRange| cut.is_none_or(|cut| range.first < cut);
            plan.recovered.extend(examined.hidden.iter().filter(kept));
            let reason = examined.problems.first().map(|(_, reason)| reason).or(examined.seen.bad_checkpoints.first());
            // A log that is only shorter than its mark is whole as it is.
            let only_shorter = is_live
                && examined.hidden.is_empty()
                && cut.is_none()
                && examined.problems.len() == 1
                && examined.lost.iter().all(|range| range.first > end)
                && examined.problems.iter().all(|(range, _)| range.first > end)
                && crate::catalog::volume_path(dir, bounds.number).join("db").exists();
            if let Some(reason) = reason.filter(|_| !only_shorter) {
                let intact = examined.seen.intact.iter().filter(kept);
                let kept = intact.map(SeqRange::count).sum();
                plan.volumes.push(VolumeRepair { volume: bounds.number, reason: reason.clone(), cut, kept });
            }
        }
        let plan = &mut self.plan;
        plan.snapshots = damaged;
        plan.snapshots.extend(intact.iter().filter(|at| **at > plan.last));
        plan.snapshots.sort_unstable();
        let usable: Vec<Seq> = intact.into_iter().filter(|at| *at <= plan.last).collect();
        plan.replay = replay(&holes, &usable, plan);
        Ok(())
    }

    /// Catalog, mark and strange volumes.
    fn beside(&mut self, dir: &Path) -> Result<(), JournalError> {
        let Work { plan, survey, .. } = self;
        for number in &survey.unknown {
            if !crate::salvage::Items::gather(dir, *number)?.by_checksum.is_empty() {
                plan.unknown.push(*number);
            }
        }
        let volumes = &mut survey.catalog.volumes;
        plan.catalog = survey.no_catalog.as_ref().map(|reason| format!("{reason}; sessions are not known any more"));
        for at in 1..volumes.len() {
            let next = volumes[at];
            if volumes[at - 1].sealed.is_none() {
                volumes[at - 1].sealed = Some(Seal { last: next.first.previous(), chain: next.start_chain });
                plan.catalog.get_or_insert(format!("volume {} was never sealed", volumes[at - 1].number));
            }
        }
        for session in &mut survey.catalog.sessions {
            let (first, last) = (session.first.min(plan.last.next()), session.last.map(|last| last.min(plan.last)));
            if (first, last) != (session.first, session.last) {
                *session = SessionInfo { first, last, ..session.clone() };
                plan.catalog.get_or_insert(format!("session {} had events that are gone", session.id));
            }
        }
        plan.mark = match (&survey.no_mark, survey.mark) {
            (Some(reason), _) if !volumes.is_empty() => Some(reason.clone()),
            (None, Some(mark)) if mark.seq > plan.last => Some(format!("it promises events up to {}", mark.seq)),
            _ => None,
        };
        if plan.mark.is_some() && volumes.is_empty() && survey.mark.is_some() {
            SeqRange::push(&mut plan.given_up, Seq::FIRST, survey.mark.map_or(Seq::ZERO, |mark| mark.seq));
        }
        Ok(())
    }
}

/// Where the volume being written must end: at its first gap that no snapshot helps over.
fn cut(examined: &Examined, snapshots: &[Seq], end: Seq) -> Option<Seq> {
    let gaps = examined.lost.iter().filter(|range| range.last < end);
    let helped = |range: &&SeqRange| snapshots.iter().any(|at| *at >= range.last && *at <= end);
    gaps.into_iter().find(|range| !helped(range)).map(|range| range.first)
}

/// What will happen to whoever replays the journal.
fn replay(holes: &[SeqRange], snapshots: &[Seq], plan: &Plan) -> Vec<String> {
    let mut words = Vec::new();
    let last = plan.last;
    if let Some(gone) = plan.given_up.last().filter(|range| range.last > last) {
        words.push(format!(
            "The journal will end with event {last}; the next session begins with event {} \
             and must ask the venue what happened since ({gone} are gone).",
            last.next()
        ));
    }
    let Some(first) = holes.iter().map(|range| range.first).min() else {
        words.push(format!("A replay goes from the beginning to event {last}."));
        return words;
    };
    let behind = holes.iter().map(|range| range.last).max().unwrap_or(first);
    words.push(format!("A replay from the beginning will end before event {first}, with an error that says so."));
    match snapshots.iter().max().filter(|at| **at >= behind) {
        Some(at) => words.push(format!(
            "A restart will begin from the snapshot at event {at} and go on to event {last}: \
             nothing is missing in its state."
        )),
        None => words.push(format!(
            "There is no snapshot at or after event {behind}: the state after it cannot be computed from this \
             journal, and a restart will refuse. Events from {} on can be read. \
             To trade again begin a new journal (--journal) and let it ask the venue for positions and orders.",
            behind.next()
        )),
    }
    words
}
