//! `jangbu backtest`: the kernel on a market as it was, from tapes or a recorded session, without sockets.

mod sources;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jangbu_journal::{Durability, JournalError, Reader, Seq, SessionInfo, Writer, WriterOptions};
use serde_json::json;

use super::answer::{Failure, Outcome, is_korean, print, print_json};
use super::progress::Progress;
use super::settings::{ConfigArgs, JournalArgs};
use crate::backtest::report::{Language, Report};
use crate::backtest::run::{Finished, Keep, Start, adopt, run as run_backtest};
use crate::config::Config;
use crate::data::history::History;
use crate::event::Event;
use crate::simulator::{Simulator, SimulatorSettings};
use sources::Recording;

/// `jangbu backtest`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 녹화한 파일; 여럿이면 시각으로 합침 · Recorded tapes, merged by time
    #[arg(long, value_name = "FILE", num_args = 1..)]
    tape: Vec<PathBuf>,
    /// 기록된 세션; 설정 파일을 주면 그 설정으로, 없으면 그때 그대로 · A recorded session: as it was, or with --config under
    /// those settings
    #[arg(long, value_name = "S", conflicts_with = "tape")]
    session: Option<u64>,
    #[command(flatten)]
    config: ConfigArgs,
    /// 주문이 거래소에 닿기까지 (밀리초) · From our decision to the venue, milliseconds
    #[arg(long, value_name = "MS")]
    entry_ms: Option<String>,
    /// 거래소의 답이 돌아오기까지 (밀리초) · From the venue's answer to us, milliseconds
    #[arg(long, value_name = "MS")]
    response_ms: Option<String>,
    /// 결과를 새 장부로 남김: 다시 돌리고 들여다볼 수 있게 · Keep the run as a new journal, to replay and look into
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    #[command(flatten)]
    journal: JournalArgs,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let mut layers = args.config.layers()?;
    let flags =
        [("--entry-ms", "simulator.entry_ms", &args.entry_ms), ("--response-ms", "simulator.response_ms", &args.response_ms)];
    for (flag, path, text) in flags {
        if let Some(text) = text {
            layers = layers.flag(flag, path, text);
        }
    }
    let mut config = layers.finish().map_err(Failure::wrong_use)?.config;
    if !args.tape.is_empty() {
        return tapes(args, config);
    }
    let Some(session) = args.session else {
        return Err(Failure::wrong_use(
            "say what to run on: --tape FILE (recorded frames) or --session S (a session of the journal) · --tape이나 --session이 필요합니다",
        ));
    };
    let dir = args.journal.dir()?;
    let reader = Reader::<Event>::open(&dir).map_err(Failure::could_not)?;
    if args.config.config.is_some() {
        let history = sources::market_of_session(&reader, session, &mut config)?;
        let (finished, _, took) = drive(args.keep.as_deref(), Start::default(), history, simulator(&config, Seq::FIRST))?;
        return tell(args.json, finished.report, took, &[], None);
    }
    let Recording { start, history, first, latency, recorded } = sources::session_as_it_was(&reader, &dir, session)?;
    if let (Some(latency), None, None) = (latency, &args.entry_ms, &args.response_ms) {
        config.latency = latency;
    }
    let mut simulator = simulator(&config, first);
    for order in start.kernel.orders() {
        // Those that did not rest are said to be unknown in the recording itself.
        let _ = adopt(&mut simulator, order);
    }
    let (finished, _, took) = drive(args.keep.as_deref(), start, history, simulator)?;
    // The same state after the same number of events and the same decisions: then every fill was the same too.
    let same = recorded.map(|recorded| finished.marks.of_state(finished.last, &finished.kernel) == recorded);
    let note = match same {
        Some(true) => "every decision and every fill is the one recorded · 모든 판단과 체결이 기록과 같음",
        Some(false) => {
            "not all is as recorded: the session had other simulated latencies (--entry-ms, --response-ms), or was another build's · \
             기록과 다름"
        }
        None => "not compared with the recording: the session was cut off · 끊긴 세션이라 기록과 비교하지 않음",
    };
    tell(args.json, finished.report, took, &[note.to_owned()], same)
}

/// The markets of a recorded session (the last one, when none is named) under other settings, told as a backtest is.
pub(super) fn on_markets_of(dir: &Path, session: Option<u64>, mut config: Config, as_json: bool) -> Result<Outcome, Failure> {
    let reader = Reader::<Event>::open(dir).map_err(Failure::could_not)?;
    let session = session.or(reader.sessions().last().map(|session| session.id)).unwrap_or(1);
    let history = sources::market_of_session(&reader, session, &mut config)?;
    let (finished, _, took) = drive(None, Start::default(), history, simulator(&config, Seq::FIRST))?;
    tell(as_json, finished.report, took, &[], None)
}

fn tapes(args: &Args, mut config: Config) -> Result<Outcome, Failure> {
    sources::fill_in(&mut config);
    let history = sources::opened(&config, sources::tapes(&args.tape)?)?;
    let (finished, history, took) = drive(args.keep.as_deref(), Start::default(), history, simulator(&config, Seq::FIRST))?;
    tell(args.json, finished.report, took, &sources::tape_notes(history.inner(), &args.tape), None)
}

/// The simulated venue. It numbers its fills from the seq the run begins at, as a live session's does.
fn simulator(config: &Config, first: Seq) -> Simulator {
    Simulator::new(SimulatorSettings { latency: config.latency, first_trade_id: first.get(), ..SimulatorSettings::default() })
}

fn drive<S: History>(
    keep: Option<&Path>,
    start: Start,
    history: S,
    simulator: Simulator,
) -> Result<(Finished, S, Duration), Failure> {
    let keep = match keep {
        Some(_) if start.last != Seq::ZERO => {
            return Err(Failure::wrong_use(
                "--keep begins a new journal, and that session goes on from another; give --config too for a run from nothing",
            ));
        }
        Some(dir) => Some(begin(dir)?),
        None => None,
    };
    let mut progress = Progress::new("backtest");
    let began = Instant::now();
    let run = run_backtest(start, history, simulator, keep, &mut |events| progress.at(events, 0));
    let (mut finished, history) = run.map_err(Failure::could_not)?;
    let took = began.elapsed();
    if let Some(keep) = finished.keep.take() {
        end(keep, &finished).map_err(Failure::could_not)?;
    }
    Ok((finished, history, took))
}

/// A new journal for a run.
fn begin(dir: &Path) -> Result<Keep, Failure> {
    let options = WriterOptions { durability: Durability::Process, ..WriterOptions::default() };
    let writer = Writer::<Event>::open(dir, options).map_err(Failure::could_not)?;
    if writer.next_seq() != Seq::FIRST {
        return Err(Failure::could_not(format_args!(
            "{}: there is a journal already; name another folder · 이미 장부가 있습니다",
            dir.display()
        )));
    }
    Ok(Keep { writer, snapshot_events: SNAPSHOT_EVENTS })
}

fn end(mut keep: Keep, finished: &Finished) -> Result<(), JournalError> {
    let started = finished.report.started;
    keep.writer.begin_session(SessionInfo { id: 1, first: Seq::FIRST, last: None, started, note: "backtest".into() })?;
    keep.writer.end_session(finished.last)?;
    keep.writer.close()
}

fn tell(as_json: bool, mut report: Report, took: Duration, notes: &[String], same: Option<bool>) -> Result<Outcome, Failure> {
    report.elapsed_ns = u64::try_from(took.as_nanos()).ok();
    if as_json {
        let mut value = serde_json::to_value(&report).map_err(Failure::could_not)?;
        for (row, result) in value["results"].as_array_mut().into_iter().flatten().zip(&report.results) {
            row["venue"] = json!(result.venue.name());
        }
        value["events_per_second"] = json!(report.events_per_second());
        value["same_as_recorded"] = json!(same);
        value["notes"] = json!(notes);
        print_json(&value)?;
    } else {
        print(report.text(if is_korean() { Language::Korean } else { Language::English }).trim_end())?;
        notes.iter().try_for_each(print)?;
    }
    Ok(Outcome::Done)
}

/// Events between two snapshots of a run that is kept.
const SNAPSHOT_EVENTS: u64 = 1_000_000;
