//! What a verification found: [`Report`], [`Finding`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::stamp::Seq;

/// The most findings a report lists. A volume has about a thousand blocks.
const FINDINGS_MAX: usize = 10_000;

/// Events from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeqRange {
    /// The first.
    pub first: Seq,
    /// The last.
    pub last: Seq,
}

impl SeqRange {
    /// How many events.
    pub fn count(&self) -> u64 {
        self.last.get().saturating_sub(self.first.get()).saturating_add(1)
    }

    /// Adds a range to rising ones, lengthening the last when it touches it.
    pub(crate) fn push(ranges: &mut Vec<SeqRange>, first: Seq, last: Seq) {
        match ranges.last_mut() {
            _ if first > last => {}
            Some(before) if first <= before.last.next() => before.last = before.last.max(last),
            _ => ranges.push(SeqRange { first, last }),
        }
    }
}

impl fmt::Display for SeqRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "event {}", self.first)
        } else {
            write!(f, "events {} to {}", self.first, self.last)
        }
    }
}

/// What something wrong does to events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Harm {
    /// They are in no file any more.
    Lost,
    /// They cannot be read now, but are intact in the volume's files: repair brings them back.
    Recoverable,
    /// They are there as they were written, and do not make sense.
    Content,
    /// No event is harmed.
    None,
}

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// In which volume; `None` when it is in a file beside them.
    pub volume: Option<u32>,
    /// What it does to events.
    pub harm: Harm,
    /// Which events; `None` when it harms none.
    pub events: Option<SeqRange>,
    /// What is there.
    pub found: String,
    /// What should be there.
    pub expected: String,
    /// What to do.
    pub advice: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(volume) = self.volume {
            write!(f, "volume {volume}: ")?;
        }
        if let Some(events) = &self.events {
            let words = match self.harm {
                Harm::Lost => "lost",
                Harm::Recoverable => "not readable, but recoverable",
                Harm::Content | Harm::None => "in doubt",
            };
            write!(f, "{events} {words}: ")?;
        }
        write!(f, "{}; expected {}. {}", self.found, self.expected, self.advice)
    }
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Whether nothing is wrong. Events that a repair gave up are known to be lost, and no longer wrong.
    pub intact: bool,
    /// Volumes gone through.
    pub volumes: u64,
    /// Intact blocks.
    pub blocks: u64,
    /// Intact fragments of an open block.
    pub fragments: u64,
    /// Events in intact blocks and fragments.
    pub events: u64,
    /// The last of them.
    pub last: Seq,
    /// Bytes of intact blocks and fragments as stored.
    pub stored_bytes: u64,
    /// The same, decompressed.
    pub raw_bytes: u64,
    /// Intact checkpoints.
    pub checkpoints: u64,
    /// Intact snapshots.
    pub snapshots: u64,
    /// Events that an earlier repair gave up.
    pub given_up: Vec<SeqRange>,
    /// Everything wrong, in order of volumes; at most 10,000.
    pub findings: Vec<Finding>,
    /// What is strange and does no harm: files that are not ours.
    pub notes: Vec<String>,
}

impl Report {
    pub(crate) fn add(&mut self, finding: Finding) {
        self.intact = false;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    /// Adds a finding that harms no event.
    pub(crate) fn beside(&mut self, volume: Option<u32>, found: impl Into<String>, expected: &str, advice: &str) {
        let (found, expected, advice) = (found.into(), expected.to_owned(), advice.to_owned());
        self.add(Finding { volume, harm: Harm::None, events: None, found, expected, advice });
    }

    /// The first events that are lost, not readable or in doubt.
    pub fn first_damage(&self) -> Option<&Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.events.is_some())
            .min_by_key(|finding| finding.events.map(|range| range.first))
    }

    /// How many events are lost.
    pub fn lost(&self) -> u64 {
        let lost = self.findings.iter().filter(|finding| finding.harm == Harm::Lost);
        lost.filter_map(|finding| finding.events).map(|range| range.count()).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { events, volumes, blocks, fragments, checkpoints, snapshots, last, .. } = self;
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        for range in &self.given_up {
            writeln!(f, "{range} were given up by an earlier repair")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        let verdict = if self.intact { "intact" } else { "damaged" };
        write!(f, "{verdict}: {events} events up to seq {last} in {volumes} volumes ")?;
        write!(f, "({blocks} blocks, {fragments} fragments), {checkpoints} checkpoints, {snapshots} snapshots")
    }
}
