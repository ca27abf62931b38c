//! `jangbu sessions`: what was recorded, run by run.

use std::path::Path;

use jangbu_journal::lock::Lock;
use jangbu_journal::{JournalError, Nanos, Reader, Seq, SessionInfo, Stamp};
use serde_json::{Value, json};

use super::answer::{Failure, Outcome, print, print_json};
use super::moment::time_text;
use super::progress::Progress;
use super::replay::span::end_of;
use super::settings::JournalArgs;
use crate::event::{Command, Event};
use crate::live::latency::duration_text;

/// Sessions shown when nothing is said.
const SHOWN: usize = 20;

/// `jangbu sessions`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 마지막 몇 개 · How many of the last ones
    #[arg(short = 'n', long, value_name = "N", default_value_t = SHOWN)]
    last: usize,
    #[command(flatten)]
    journal: JournalArgs,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// How a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It ended in good order.
    Ended,
    /// It is being written.
    Running,
    /// It was killed, or halted before it could say that it ends.
    CutOff,
}

/// A session as it is shown.
struct Row {
    id: u64,
    state: State,
    first: Seq,
    /// Before `first` when it has no event.
    last: Seq,
    started: Nanos,
    /// When its last event was received; `None` without one.
    ended: Option<Nanos>,
    mode: String,
    build: Option<String>,
}

/// Runs it.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let dir = args.journal.dir()?;
    let rows = rows(&dir, args.last)?;
    if args.json {
        print_json(&json!({ "journal": dir, "sessions": rows.iter().map(Row::json).collect::<Vec<_>>() }))?;
    } else if rows.is_empty() {
        print("기록된 세션이 없습니다; `jangbu live`가 만듭니다 · no sessions yet; `jangbu live` makes one")?;
    } else {
        print(Row::head())?;
        rows.iter().try_for_each(|row| print(row.text()))?;
    }
    Ok(Outcome::Done)
}

fn rows(dir: &Path, count: usize) -> Result<Vec<Row>, Failure> {
    // Asked before the journal is looked at: a session that ends meanwhile is told as running, and not one as cut off that runs.
    let held = Lock::is_held(dir).map_err(Failure::could_not)?;
    let reader = Reader::<Event>::open(dir).map_err(Failure::could_not)?;
    let sessions = reader.sessions();
    let skipped = sessions.len().saturating_sub(count);
    let mut progress = Progress::new("sessions");
    let mut rows = Vec::new();
    for place in skipped..sessions.len() {
        rows.push(row(&reader, place, held)?);
        progress.at((place - skipped) as u64, (sessions.len() - skipped) as u64);
    }
    Ok(rows)
}

fn row(reader: &Reader<Event>, place: usize, held: bool) -> Result<Row, Failure> {
    let sessions = reader.sessions();
    let last = end_of(sessions, place, reader.last_seq());
    let SessionInfo { id, first, last: ended, started, note } = sessions[place].clone();
    let state = match ended {
        Some(_) => State::Ended,
        None if held && place + 1 == sessions.len() => State::Running,
        None => State::CutOff,
    };
    let mut row = Row { id, state, first, last, started, ended: None, mode: note, build: None };
    if first <= last {
        row.ended = event(reader, last)?.map(|(stamp, _)| stamp.recv);
        // It says of itself what made it.
        if let Some((_, Event::Command(command))) = event(reader, first)?
            && let Command::SessionStarted { build, mode, .. } = *command
        {
            (row.mode, row.build) = (mode, Some(build));
        }
    }
    Ok(row)
}

/// One event; `None` when a repair gave it up.
fn event(reader: &Reader<Event>, seq: Seq) -> Result<Option<(Stamp, Event)>, Failure> {
    let mut rows = Vec::new();
    match reader.scan(seq).and_then(|mut scan| scan.next_batch(1, &mut rows)) {
        Ok(_) => Ok(rows.pop()),
        Err(JournalError::GivenUp { .. }) => Ok(None),
        Err(error) => Err(Failure::could_not(error)),
    }
}

impl Row {
    fn events(&self) -> u64 {
        self.last.next().get().saturating_sub(self.first.get())
    }

    fn head() -> String {
        format!("{:>7}  {:<23}  {:>12}  {:>12}  {:<10}  {:<8}  seq", "session", "started", "lasted", "events", "state", "mode")
    }

    fn text(&self) -> String {
        let lasted = self.ended.map_or("-".into(), |ended| span_text(ended.since(self.started)));
        let state = match self.state {
            State::Ended => "ended",
            State::Running => "running",
            State::CutOff => "cut off",
        };
        let seqs = if self.events() == 0 { "-".to_owned() } else { format!("{}..{}", self.first, self.last) };
        let started = time_text(self.started);
        let (id, events, mode) = (self.id, self.events(), printable(&self.mode));
        format!("{id:>7}  {started:<23}  {lasted:>12}  {events:>12}  {state:<10}  {mode:<8}  {seqs}")
    }

    fn json(&self) -> Value {
        json!({
            "session": self.id,
            "state": match self.state {
                State::Ended => "ended",
                State::Running => "running",
                State::CutOff => "cut-off",
            },
            "first": self.first,
            "last": (self.events() > 0).then_some(self.last),
            "events": self.events(),
            "started": self.started,
            "ended": self.ended,
            "mode": self.mode,
            "build": self.build,
        })
    }
}

/// How long, in nanoseconds: `48s`, `8h 00m 03s`. Clocks are set back sometimes: below 0 is 0.
fn span_text(nanos: i64) -> String {
    let seconds = nanos.max(0) / 1_000_000_000;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, _) => duration_text(u64::try_from(nanos).unwrap_or(0)),
        (0, minutes, seconds) => format!("{minutes}m {seconds:02}s"),
        (hours, minutes, seconds) => format!("{hours}h {minutes:02}m {seconds:02}s"),
    }
}

/// A word from the journal, unable to move a cursor.
fn printable(word: &str) -> String {
    word.chars().filter(|c| !c.is_control()).take(20).collect()
}
