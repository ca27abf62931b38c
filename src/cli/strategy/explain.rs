//! `jangbu strategy explain`: why a text decided as it did, from its journal alone.

mod told;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use jangbu_journal::{Reader, Seq, Stamp};
use jangbu_replay::{Batch, DriveError, Effects, Recorded, Recorder, Until, drive, nearest};
use serde_json::json;

use crate::account::{NewOrder, StrategyId};
use crate::cli::answer::{Failure, Outcome, print, print_json, say};
use crate::cli::moment::Position;
use crate::cli::progress::Progress;
use crate::cli::replay::span::{first_at, of_session};
use crate::effect::Effect;
use crate::event::Event;
use crate::kernel::Kernel;
use crate::market::Instrument;
use crate::strategy::text::{Explainers, Explanation, Part, Shown, TextStrategy, Verdict};

/// Rows told when nothing is said.
const SHOWN: usize = 20;

/// `jangbu strategy explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 장부 디렉터리 · The journal's directory
    #[arg(long, value_name = "JOURNAL")]
    on: PathBuf,
    /// 그 장부의 세션 (없으면 마지막) · Which of its sessions; by default the last
    #[arg(long, value_name = "S")]
    session: Option<u64>,
    /// 몇 번째 전략 (0부터; 없으면 글로 된 모두) · The number of the strategy, from 0; by default all that are texts
    #[arg(long, value_name = "ID")]
    strategy: Option<u16>,
    /// 종목 코드, 또는 venue:SYMBOL · The instrument's code, or venue:SYMBOL
    #[arg(long, value_name = "CODE")]
    instrument: Option<String>,
    /// 이 사건의 행, 아니면 그 뒤 첫 행 · The row of this event, or the first after it
    #[arg(long, value_name = "SEQ|TIME")]
    at: Option<Position>,
    /// 주문을 낸 마지막 N개 행 · The last N rows that caused an order [default: the last 20 with a signal]
    #[arg(long, value_name = "N", conflicts_with = "at")]
    orders: Option<usize>,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// A text on a row.
struct TextRow {
    part: Part,
    name: String,
    verdict: Verdict,
    explanation: Option<Explanation>,
}

/// A row, and what a strategy made of it.
struct Row {
    stamp: Stamp,
    second: i64,
    strategy: StrategyId,
    instrument: Instrument,
    texts: Vec<TextRow>,
    orders: Vec<NewOrder>,
}

/// Looks at the kernel after every event.
struct Watcher<'a> {
    args: &'a Args,
    /// Only rows from this event on.
    from: Seq,
    last: Seq,
    kept: usize,
    /// The newest row of each strategy.
    before: BTreeMap<StrategyId, (i64, u64)>,
    explainers: BTreeMap<StrategyId, Explainers>,
    rows: VecDeque<Row>,
    seen: u64,
    signals: u64,
    /// Rows on which the text taken apart decides otherwise than it did: a fault of this program.
    wrong: u64,
    progress: Progress,
}

/// Nothing more is asked for.
struct Enough;

impl Recorder<Kernel> for Watcher<'_> {
    type Error = Enough;

    fn record(&mut self, batch: &Batch<Event>) -> Result<(), Enough> {
        self.progress.at(batch.next_seq().get(), self.last.get());
        Ok(())
    }

    fn applied(&mut self, stamp: &Stamp, kernel: &Kernel, effects: &Effects<Effect>) -> Result<(), Enough> {
        for (id, _, strategy) in kernel.strategies().filter(|(id, ..)| self.args.strategy.is_none_or(|wanted| wanted == id.0)) {
            let strategy: &dyn std::any::Any = strategy;
            if let Some(text) = strategy.downcast_ref::<TextStrategy>() {
                self.look(stamp, kernel, (id, text), effects.as_slice());
            }
        }
        if self.args.at.is_some() && !self.rows.is_empty() { Err(Enough) } else { Ok(()) }
    }

    fn durable(&self) -> Seq {
        self.last
    }
}

impl Watcher<'_> {
    fn look(&mut self, stamp: &Stamp, kernel: &Kernel, (id, strategy): (StrategyId, &TextStrategy), effects: &[Effect]) {
        let Some(looked) = strategy.looked() else { return };
        let mark = (looked.at.get(), looked.rows);
        if self.before.insert(id, mark) == Some(mark) || stamp.seq < self.from {
            return;
        }
        let Some(instrument) = kernel.instruments().find(|instrument| instrument.id == looked.instrument) else { return };
        if !self.args.instrument.as_deref().is_none_or(|wanted| is_called(instrument, wanted)) {
            return;
        }
        self.seen += 1;
        let signals = looked.verdicts.iter().any(|verdict| matches!(verdict, Verdict::Ran { signal: true, .. }));
        self.signals += u64::from(signals);
        let orders: Vec<NewOrder> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Submit(order) if order.strategy == id && order.instrument == instrument.id => Some(*order),
                _ => None,
            })
            .collect();
        let asked = if self.args.at.is_some() {
            true
        } else if self.args.orders.is_some() {
            !orders.is_empty()
        } else {
            signals
        };
        if !asked || self.kept == 0 {
            return;
        }
        if !self.explainers.get(&id).is_some_and(|known| known.are_of(strategy))
            && let Ok(explainers) = Explainers::of(strategy)
        {
            self.explainers.insert(id, explainers);
        }
        let explainers = self.explainers.get(&id);
        let texts = [Part::Sell, Part::Buy].map(|part| {
            let (name, verdict) = (strategy.text(part).0.to_owned(), looked.verdict(part));
            let mut explanation = explainers.and_then(|explainers| explainers.explain(strategy, part));
            explanation.iter_mut().for_each(|explanation| fill_in(explanation, instrument));
            if let (Some(found), Verdict::Ran { signal, fault }) = (&explanation, verdict) {
                self.wrong += u64::from((found.signal, found.fault) != (signal, fault));
            }
            TextRow { part, name, verdict, explanation }
        });
        let (stamp, second, instrument) = (*stamp, looked.second, instrument.clone());
        self.rows.push_back(Row { stamp, second, strategy: id, instrument, texts: texts.into(), orders });
        while self.rows.len() > self.kept {
            self.rows.pop_front();
        }
    }
}

/// Code and name of the instrument, which texts know as numbers.
fn fill_in(explanation: &mut Explanation, instrument: &Instrument) {
    let readings = explanation.clauses.iter_mut().flat_map(|clause| clause.sides.iter_mut().chain(&mut clause.names));
    for reading in readings {
        match reading.text.as_str() {
            "종목코드" => reading.value = Shown::Text(instrument.symbol.clone()),
            "종목명" if instrument.name.is_empty() => reading.value = Shown::Text(instrument.symbol.clone()),
            "종목명" => reading.value = Shown::Text(instrument.name.clone()),
            _ => {}
        }
    }
}

/// Whether a person who writes `wanted` means this instrument.
fn is_called(instrument: &Instrument, wanted: &str) -> bool {
    let symbol = match wanted.split_once(':') {
        Some((venue, symbol)) if venue == instrument.venue.name() => symbol,
        Some(_) => return false,
        None => wanted,
    };
    instrument.symbol.eq_ignore_ascii_case(symbol) || instrument.name == symbol
}

/// Runs it.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let reader = Reader::<Event>::open(&args.on).map_err(Failure::could_not)?;
    let part = of_session(&reader, args.session)?;
    let from = match args.at {
        None => part.from,
        Some(Position::Seq(seq)) => seq,
        Some(Position::Time(time)) => first_at(&reader, (part.from, part.last), time).map_err(Failure::could_not)?,
    };
    if from > part.last || from < part.from {
        return Err(Failure::wrong_use(format_args!(
            "--at: expected an event of the session, {} to {} · 그 세션의 사건이 아닙니다",
            part.from, part.last
        )));
    }
    let mut standing = nearest::<Kernel>(&reader, from.previous()).map_err(Failure::could_not)?;
    if let Some((seq, error)) = &standing.passed {
        say(format_args!("snapshot at seq {seq}: {error}; events are replayed instead · 스냅샷 대신 장부를 돌립니다"));
    }
    let first = standing.last.next();
    let kept = if args.at.is_some() { usize::MAX } else { args.orders.unwrap_or(SHOWN) };
    let mut watcher = Watcher {
        args,
        from,
        last: part.last,
        kept,
        before: BTreeMap::new(),
        explainers: BTreeMap::new(),
        rows: VecDeque::new(),
        seen: 0,
        signals: 0,
        wrong: 0,
        progress: Progress::new("explain"),
    };
    let source = reader.scan(first).map_err(Failure::could_not)?;
    let mut world = Recorded::new(source, Until::Seq(part.last));
    match drive(&mut standing.machine, &mut world, &mut watcher, (first, standing.clock)) {
        Ok(_) | Err(DriveError::Recorder(Enough)) => {}
        Err(DriveError::World(error)) => return Err(Failure::could_not(error)),
    }
    tell(&watcher)
}

fn tell(watcher: &Watcher<'_>) -> Result<Outcome, Failure> {
    let Watcher { rows, seen, signals, wrong, .. } = watcher;
    if watcher.args.json {
        let told: Vec<serde_json::Value> = rows.iter().map(told::json_of).collect();
        print_json(&json!({ "rows": told, "rows_seen": seen, "rows_with_signal": signals, "decided_otherwise": wrong }))?;
    } else {
        rows.iter().try_for_each(|row| print(told::text_of(row)))?;
        let shown = rows.len();
        print(format_args!(
            "행 {seen}개, 신호 {signals}개, 보인 것 {shown}개 · {seen} rows, {signals} with a signal, {shown} told"
        ))?;
        if *wrong > 0 {
            print(format_args!(
                "{wrong} rows were decided otherwise than is told here: please report that · 설명과 판단이 다릅니다"
            ))?;
        }
    }
    Ok(if rows.is_empty() || *wrong > 0 { Outcome::No } else { Outcome::Done })
}
