//! What a session came to: [`Summary`], for people and as JSON.

use core::fmt::Write as _;
use std::path::{Path, PathBuf};

use jangbu_journal::{Nanos, Seq};
use serde::Serialize;

use super::agreement::Agreement;
use super::counts::Counts;
use super::latency::{Language, LatencyRow, compare, duration_text};
use super::status::Status;

/// What became of the frames of one venue. The classes add up to `received`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FrameClasses {
    /// Which venue.
    pub venue: String,
    /// How many frames came.
    pub received: u64,
    /// How many of each class.
    pub classes: Vec<(String, u64)>,
}

/// Why a session ended before anyone asked it to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Halt {
    /// Where it stood.
    pub seq: Seq,
    /// What happened.
    pub reason: String,
    /// How to see it again.
    pub reproduce: String,
}

/// What a session came to.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Its number.
    pub session: u32,
    /// The journal it is in.
    pub journal: PathBuf,
    /// Its first event.
    pub first: Seq,
    /// Its last event.
    pub last: Seq,
    /// When it began.
    pub started: Nanos,
    /// When it ended.
    pub ended: Nanos,
    /// Whether it ended in good order, and if not why.
    pub halt: Option<Halt>,
    /// Events and effects by kind.
    pub counts: Counts,
    /// Frames by venue and class.
    pub frames: Vec<FrameClasses>,
    /// How many frames the emulator in this process has sent, if there was one: what `frames` must come to.
    pub frames_sent: Option<u64>,
    /// Orders, positions and profit at the end.
    pub status: Status,
    /// The most events that ever waited for the kernel.
    pub queue_high_water: usize,
    /// The most effects that ever waited for the journal.
    pub gate_high_water: usize,
    /// Latencies by venue and stage.
    pub latencies: Vec<LatencyRow>,
    /// Digest of the kernel's state at the end, as hexadecimal.
    pub state: String,
    /// How many effects there were since the journal began.
    pub effects: u64,
    /// Their digest, as hexadecimal.
    pub effects_digest: String,
    /// Commands that replay it.
    pub replay: Vec<String>,
    /// Our books beside those of an emulated broker in this process, if there was one.
    pub agreement: Option<Agreement>,
    /// What else there is to say: a file that could not be written.
    pub notes: Vec<String>,
}

impl Summary {
    /// The text a terminal shows.
    pub fn text(&self, language: Language) -> String {
        let mut text = String::new();
        let span = duration_text(u64::try_from(self.ended.since(self.started)).unwrap_or(0));
        let counts = &self.counts;
        let mut line = |name: &str, value: String| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name:<10} {value}");
        };
        line("session", format!("{} in {}, {span}", self.session, self.journal.display()));
        if let Some(halt) = &self.halt {
            line("HALTED", format!("at seq {}: {}", halt.seq, halt.reason));
            line("reproduce", halt.reproduce.clone());
        }
        line("events", format!("{} (seq {}..{})", counts.events, self.first, self.last));
        line("market", format!("{} trades, {} quotes, {} book updates", counts.trades, counts.quotes, counts.depths));
        for frames in &self.frames {
            let classes: Vec<String> = frames.classes.iter().map(|(name, count)| format!("{count} {name}")).collect();
            line("frames", format!("{} {} = {}", frames.venue, frames.received, classes.join(" + ")));
        }
        if let Some(sent) = self.frames_sent {
            line("sent", format!("{sent} frames by the emulator in this process"));
        }
        line(
            "orders",
            format!(
                "{} submitted, {} fills, {} rejected, {} cancelled; {} open",
                counts.orders, counts.fills, counts.rejections, counts.cancellations, self.status.open_orders
            ),
        );
        let kernel = &self.status.counts;
        line(
            "kernel",
            format!(
                "{} orders refused, {} fills that came twice, {} books that crossed, {} events of unknown instruments",
                kernel.refused, kernel.duplicates, kernel.crossed, kernel.unknown
            ),
        );
        for position in &self.status.positions {
            line("position", position.clone());
        }
        for margin in &self.status.margins {
            let or_unknown = |price: &Option<String>| price.clone().unwrap_or_else(|| "-".into());
            let (mark, liquidation) = (or_unknown(&margin.mark), or_unknown(&margin.liquidation));
            line(
                "margin",
                format!("{} {} mark {mark}, liquidation {liquidation}, funding {}", margin.venue, margin.symbol, margin.funding),
            );
        }
        for profit in &self.status.profits {
            let funding = match profit.income.as_str() {
                "" | "0" => String::new(),
                income => format!(", funding {income}"),
            };
            line(
                "profit",
                format!(
                    "{} {} realised {}, unrealised {}, fees {}{funding}",
                    profit.venue, profit.currency, profit.realised, profit.unrealised, profit.fees
                ),
            );
        }
        if let Some(valued) = &self.status.valued {
            valued.lines().into_iter().for_each(|account| line("worth", account));
            line("total", valued.line());
        }
        for premium in &self.status.premiums {
            line("김프", format!("{} ({} / {})", premium.text(), premium.home, premium.abroad));
        }
        line(
            "queue",
            format!("at most {} waiting for the kernel, {} for the journal", self.queue_high_water, self.gate_high_water),
        );
        line("state", self.state.clone());
        line("effects", format!("{} digest {}", self.effects, self.effects_digest));
        for note in &self.notes {
            line("note", note.clone());
        }
        if let Some(agreement) = &self.agreement {
            text.push('\n');
            text.push_str(&agreement.text());
        }
        text.push('\n');
        text.push_str(&compare(&[(String::new(), self.latencies.clone())], language));
        text.push_str("\nreplay it:\n");
        for command in &self.replay {
            let _ = writeln!(text, "  {command}");
        }
        text
    }
}

/// The commands that replay a session.
pub fn replay_commands(journal: &Path, session: u32) -> Vec<String> {
    let journal = journal.display();
    vec![
        format!("jangbu replay --journal {journal} --session {session}"),
        format!("jangbu backtest --journal {journal} --session {session}"),
        format!("jangbu latency --journal {journal} {session}"),
    ]
}

/// Where the latencies of a session are kept.
pub fn latency_path(journal: &Path, session: u32) -> PathBuf {
    journal.join("sessions").join(format!("{session}.hlog"))
}

/// Where the summary of a session is kept.
pub fn summary_path(journal: &Path, session: u32) -> PathBuf {
    journal.join("sessions").join(format!("{session}.json"))
}
