//! Replaying a recorded backtest through the kernel, every checkpoint compared, against decoding the same journal alone.

use std::fs;
use std::path::Path;
use std::time::Duration;

use jangbu_journal::{Seq, Writer, WriterOptions};
use jangbu_replay::{Span, Until, verify};

use super::decode;
use super::rounds::{interleave, timed};
use super::{BenchError, Line, ROUNDS, close};
use crate::account::SessionId;
use crate::backtest::run::{Keep, Start, run as backtest};
use crate::data::history::Session;
use crate::data::synthetic::{SyntheticSettings, SyntheticTrades};
use crate::event::Command;
use crate::event::command::{Settings, StrategySettings};
use crate::kernel::Kernel;
use crate::market::{Instrument, InstrumentId, Money};
use crate::simulator::{Simulator, SimulatorSettings};

/// One line.
pub(super) fn measure(trades: u64, dir: &Path, progress: &mut dyn FnMut(&str, u64, u64)) -> Result<Line, BenchError> {
    let dir = &dir.join("replay");
    let name = "replay";
    let Recorded { events, orders, fills } = record(trades, dir, &mut |done| progress("recording a backtest", done, trades))?;
    let (_, bytes) = decode::decompress(dir)?;
    let compared = interleave(
        ROUNDS,
        || replay(dir, events),
        || decode::decode(dir, events),
        |round| progress(name, round as u64, ROUNDS as u64),
    )?;
    fs::remove_dir_all(dir).map_err(BenchError::io(dir))?;
    let subject = format!("replayed (read by a thread ahead) and compared, strategy ema-cross, {orders} orders, {fills} fills");
    Ok(Line { name: name.into(), subject, limit: "the same journal decoded", goal: Some(0.5), events, bytes, compared })
}

struct Recorded {
    events: u64,
    orders: u64,
    fills: u64,
}

/// A backtest on made-up trades, kept as a journal.
fn record(trades: u64, dir: &Path, progress: &mut dyn FnMut(u64)) -> Result<Recorded, BenchError> {
    let session = SessionId(1);
    // On every trade, so that nothing is left out, and fast enough to trade some two times in a thousand.
    let parameters = [("on", "trade"), ("fast", "50"), ("slow", "200")].map(|(name, text)| (name.into(), text.into())).to_vec();
    let strategy = StrategySettings { name: "ema-cross".into(), instruments: Vec::new(), parameters };
    let Instrument { venue, quote: currency, .. } = SyntheticTrades::instrument(InstrumentId(0));
    let opening = vec![
        Command::SessionStarted { session, build: "jangbu bench".into(), mode: "backtest".into() },
        Command::Configure(Settings { strategies: vec![strategy], ..Settings::default() }),
        Command::Deposit { venue, currency, amount: Money::from_raw(DEPOSIT) },
        Command::AutoTrade(true),
    ];
    let market = SyntheticTrades::new(SyntheticSettings { trades, ..SyntheticSettings::default() });
    let history = Session::new(opening, market, vec![Command::SessionEnded { session }]);
    let keep = Keep { writer: Writer::open(dir, WriterOptions::default())?, snapshot_events: u64::MAX };
    let simulator = Simulator::new(SimulatorSettings::default());
    let (finished, _) = backtest(Start::default(), history, simulator, Some(keep), progress)?;
    if let Some(keep) = finished.keep {
        close(keep.writer, finished.last)?;
    }
    let report = finished.report;
    Ok(Recorded { events: report.events, orders: report.orders, fills: report.fills })
}

/// From the first event, through the one loop, with every checkpoint compared.
fn replay(dir: &Path, events: u64) -> Result<Duration, BenchError> {
    let span = Span { from: Seq::FIRST, until: Until::End, snapshots: false };
    let (took, (_, verification)) = timed(|| verify::<Kernel>(dir, span, &mut |_| ()))?;
    if let Some(divergence) = verification.divergence {
        return Err(BenchError::Divergent { divergence: divergence.into() });
    }
    if verification.events == events { Ok(took) } else { Err(BenchError::Lost { expected: events, found: verification.events }) }
}

/// A million, so that no order lacks cash.
const DEPOSIT: i128 = 100_000_000_000_000;
