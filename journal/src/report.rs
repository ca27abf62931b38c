//! What a verification found: [`Report`], [`Finding`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::stamp::Seq;

/// The most findings a report lists. A volume has about a thousand blocks.
pub(crate) const FINDINGS_MAX: usize = 10_000;

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// In which volume; `None` when it is in a file beside them.
    pub volume: Option<u32>,
    /// The first event it concerns.
    pub first: Seq,
    /// The last event it concerns, as far as known. Before `first`: it concerns no event.
    pub last: Seq,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(volume) = self.volume {
            write!(f, "volume {volume}, ")?;
        }
        if self.first < self.last {
            write!(f, "events {} to {}: ", self.first, self.last)?;
        } else if self.first == self.last {
            write!(f, "event {}: ", self.first)?;
        }
        f.write_str(&self.what)
    }
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Whether nothing is wrong.
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
    /// Everything wrong, in order of volumes; at most 10,000.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Adds a finding, or lengthens the one before it when that says the same of the events just before.
    pub(crate) fn add(&mut self, volume: Option<u32>, first: Seq, last: Seq, what: impl Into<String>) {
        let what = what.into();
        self.intact = false;
        if let Some(before) = self.findings.last_mut()
            && before.volume == volume
            && before.what == what
            && first > before.first
            && first <= before.last.next()
        {
            before.last = before.last.max(last);
            return;
        }
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { volume, first, last, what });
        }
    }

    /// Adds a finding about something that is no event.
    pub(crate) fn note(&mut self, volume: Option<u32>, what: impl Into<String>) {
        self.add(volume, Seq::FIRST, Seq::ZERO, what);
    }

    /// The first event that is damaged, missing or in doubt.
    pub fn first_damage(&self) -> Option<&Finding> {
        let events = self.findings.iter().filter(|finding| finding.volume.is_some() && finding.first <= finding.last);
        events.min_by_key(|finding| finding.first)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { events, volumes, blocks, fragments, checkpoints, snapshots, last, .. } = self;
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        let verdict = if self.intact { "intact" } else { "damaged" };
        write!(f, "{verdict}: {events} events up to seq {last} in {volumes} volumes ")?;
        write!(f, "({blocks} blocks, {fragments} fragments), {checkpoints} checkpoints, {snapshots} snapshots")
    }
}
