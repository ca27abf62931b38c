//! What a backtest runs on: tapes, or a session of a journal.

use std::path::{Path, PathBuf};

use jangbu_journal::{Checkpoint, Reader, Seq};
use jangbu_replay::{Span, Until, verify};

use crate::account::SessionId;
use crate::backtest::journal::{Heard, JournalHistory};
use crate::backtest::run::Start;
use crate::backtest::tape::TapeHistory;
use crate::cli::answer::{Failure, say};
use crate::cli::live::{default_deposits, demonstration};
use crate::cli::progress::Progress;
use crate::cli::replay::span::of_session;
use crate::cli::texts::strategy_texts;
use crate::cli::version::build_text;
use crate::config::Config;
use crate::data::history::{History, Merged, Session};
use crate::event::command::{LatencySettings, LiquidationLimits, Settings};
use crate::event::{Command, Event};
use crate::kernel::Kernel;
use crate::market::{InstrumentId, Venue};
use crate::venue::binance::emulator::instruments_of_tape;

/// Opens tapes. A symbol of a venue is one instrument on all of them.
pub(super) fn tapes(paths: &[PathBuf]) -> Result<Merged<TapeHistory>, Failure> {
    let mut numbers: Vec<(Venue, String)> = Vec::new();
    let mut histories = Vec::new();
    for path in paths {
        let before = numbers.len();
        let number = |venue: Venue, symbol: &str| {
            let place = numbers.iter().position(|known| known.0 == venue && known.1 == symbol).unwrap_or_else(|| {
                numbers.push((venue, symbol.to_owned()));
                numbers.len() - 1
            });
            InstrumentId(u32::try_from(place).unwrap_or(u32::MAX))
        };
        let found = instruments_of_tape(path, number).map_err(Failure::could_not)?;
        let follows = before > 0 && found.iter().any(|instrument| instrument.id.index() < before);
        let history = TapeHistory::open(path, found).map_err(Failure::could_not)?;
        histories.push(if follows { history.following() } else { history });
    }
    Ok(Merged::new(histories))
}

/// What there is to say of tapes that were played.
pub(super) fn tape_notes(history: &Merged<TapeHistory>, paths: &[PathBuf]) -> Vec<String> {
    let mut notes = Vec::new();
    for (tape, path) in history.sources().zip(paths) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        notes.push(format!("{name}: {}, {} snapshots", tape.counts(), tape.snapshots()));
        if let Some(problem) = tape.first_problem() {
            notes.push(format!("{name}: {} not read, the first: {problem} · 읽지 못함", tape.damaged()));
        }
    }
    notes
}

/// Gives what the settings leave open, as `jangbu live` does.
pub(super) fn fill_in(config: &mut Config) {
    if config.strategies.is_empty() {
        say("no strategy is set: ema-cross, as in the demonstration · 설정된 전략이 없어 시연용 ema-cross를 돌립니다");
        config.strategies.push(demonstration());
    }
    if config.deposits.is_empty() {
        config.deposits = default_deposits();
        let shown: Vec<String> =
            config.deposits.iter().map(|deposit| format!("{} {} {}", deposit.venue, deposit.amount, deposit.currency)).collect();
        say(format_args!("no deposit is set: {} · 설정된 입금이 없습니다", shown.join(", ")));
    }
}

/// A history with a session around it: settings and cash before, the end after.
pub(super) fn opened<S: History>(config: &Config, history: S) -> Result<Session<S>, Failure> {
    let session = SessionId(1);
    let mut opening = vec![Command::SessionStarted { session, build: build_text(), mode: "backtest".into() }];
    let texts = strategy_texts(&config.strategies)?;
    opening.extend(texts.into_iter().map(|(name, text)| Command::StrategyText { name, text }));
    if config.valuation.currency.is_some() {
        opening.push(Command::Valuation(config.valuation.clone()));
    }
    if config.liquidation != LiquidationLimits::default() {
        opening.push(Command::Liquidation(config.liquidation));
    }
    opening.push(Command::Configure(Settings {
        risk: config.risk.clone(),
        strategies: config.strategies.clone(),
        simulator: Some(config.latency),
    }));
    opening.extend(config.deposits.iter().map(|deposit| Command::Deposit {
        venue: deposit.venue,
        currency: deposit.currency,
        amount: deposit.amount,
    }));
    opening.push(Command::AutoTrade(true));
    Ok(Session::new(opening, history, vec![Command::SessionEnded { session }]))
}

/// The markets of a recorded session, under other settings.
pub(super) fn market_of_session(
    reader: &Reader<Event>,
    session: u64,
    config: &mut Config,
) -> Result<Session<JournalHistory>, Failure> {
    let part = of_session(reader, Some(session))?;
    fill_in(config);
    let history = JournalHistory::new(reader, id(session)?, (part.from, part.last), Heard::Markets);
    opened(config, history.map_err(Failure::could_not)?)
}

/// A session as it was recorded.
pub(super) struct Recording {
    /// The kernel as it stood before.
    pub(super) start: Start,
    pub(super) history: JournalHistory,
    /// Its first event.
    pub(super) first: Seq,
    /// The latencies of its simulated venue.
    pub(super) latency: Option<LatencySettings>,
    /// Its last event and the checkpoint there, when it ended in good order.
    pub(super) recorded: Option<Checkpoint>,
}

/// A session, from the state the journal had when it began.
pub(super) fn session_as_it_was(reader: &Reader<Event>, dir: &Path, session: u64) -> Result<Recording, Failure> {
    let part = of_session(reader, Some(session))?;
    let first = part.from;
    let start = standing_before(dir, first)?;
    let ending = reader.checkpoints(part.last, part.last).map_err(Failure::could_not)?;
    let recorded = ending.into_iter().find(|checkpoint| part.whole && checkpoint.state != 0);
    let history = JournalHistory::new(reader, id(session)?, (first, part.last), Heard::All).map_err(Failure::could_not)?;
    Ok(Recording { start, history, first, latency: recorded_latency(reader, first)?, recorded })
}

/// The latencies a session says it had, in the settings at its beginning.
fn recorded_latency(reader: &Reader<Event>, first: Seq) -> Result<Option<LatencySettings>, Failure> {
    let mut opening = Vec::new();
    let mut scan = reader.scan(first).map_err(Failure::could_not)?;
    scan.next_batch(OPENING_EVENTS, &mut opening).map_err(Failure::could_not)?;
    let settings = opening.iter().find_map(|(_, event)| match event {
        Event::Command(command) => match &**command {
            Command::Configure(settings) => Some(settings),
            _ => None,
        },
        _ => None,
    });
    Ok(settings.and_then(|settings| settings.simulator))
}

/// A session says its settings right after that it begins.
const OPENING_EVENTS: usize = 8;

fn standing_before(dir: &Path, first: Seq) -> Result<Start, Failure> {
    let last = first.previous();
    if last == Seq::ZERO {
        return Ok(Start::default());
    }
    let mut progress = Progress::new("the sessions before");
    let span = Span { from: first, until: Until::Seq(last), snapshots: true };
    let (kernel, replay) =
        verify::<Kernel>(dir, span, &mut |seq| progress.at(seq.get(), last.get())).map_err(Failure::could_not)?;
    if let Some(divergence) = replay.divergence {
        return Err(Failure::could_not(format_args!(
            "what came before that session does not replay in this build: {divergence} · 그 앞의 기록이 재현되지 않습니다"
        )));
    }
    let clock = kernel.stamp().recv;
    Ok(Start { kernel, last, clock, marks: replay.marks() })
}

fn id(session: u64) -> Result<SessionId, Failure> {
    u32::try_from(session).map(SessionId).map_err(|_| Failure::wrong_use(format_args!("{session} is too large for a session")))
}
