//! The same texts over the same rows, four ways, in one run: Rust, ours, rhai, CPython.
//! `cargo bench --bench text_compare --features compare`.
//!
//! Evaluation alone, for everybody: the columns of 64 rows lie ready (as slots, scopes or dicts), and a window function is one division
//! and one rounding of a sum that is kept. The reference keeps no sums: what CPython takes when its window functions cut each window out
//! of numpy's array, as there, is told beside. What a whole row costs is in the bench `text`, a whole market's in `text_market`.

use std::hint::black_box;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use jangbu::strategy::text::{
    COLUMN_COUNT, Frame, History, Market, Mode, Options, Part, Plan, Row, Taken, Window, at, column, compile,
};
use rhai::{AST, Engine, Scope};

const ROWS: usize = 64;
/// Evaluations in a batch, and batches: the quickest of them was disturbed least.
const BATCH: usize = 4_096;
const BATCHES: usize = 200;
const NAMES: [&str; 7] = ["현재가", "시가", "등락율", "체결강도", "초당거래대금", "매수총잔량", "매도총잔량"];

const FOUR: &str = "매수 = 등락율 > 5 and 체결강도 > 120 and 현재가 > 시가 * 1.001 and 초당거래대금 > 1000\n";
const FIVE: &str = "\
매수 = True
if not (3 <= 등락율 <= 25):
    매수 = False
elif not (체결강도 > 체결강도평균(30) * 1.1):
    매수 = False
elif not (현재가 > 이동평균(60) * 1.001):
    매수 = False
elif not (초당거래대금 > 초당거래대금평균(30)):
    매수 = False
elif not (매수총잔량 > 매도총잔량):
    매수 = False
";
/// What rhai has for them.
const FOUR_RHAI: &str = "등락율 > 5 && 체결강도 > 120 && 현재가 > 시가 * 1.001 && 초당거래대금 > 1000";
const FIVE_RHAI: &str = "\
let 매수 = true;
if !(3 <= 등락율 && 등락율 <= 25) { 매수 = false; }
else if !(체결강도 > 체결강도평균(30) * 1.1) { 매수 = false; }
else if !(현재가 > 이동평균(60) * 1.001) { 매수 = false; }
else if !(초당거래대금 > 초당거래대금평균(30)) { 매수 = false; }
else if !(매수총잔량 > 매도총잔량) { 매수 = false; }
매수";

/// Rows in which each clause decides now and then.
fn rows() -> Vec<[f64; NAMES.len()]> {
    let mut state = 7_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    };
    let mut row = || {
        let (price, change, strength, turnover) = (100.0 + random(), random() * 40.0, random() * 480.0, random() * 8_000.0);
        [price, 100.3, change, strength, turnover, random() * 90.0, random() * 90.0]
    };
    (0..ROWS).map(|_| row()).collect()
}

fn placed(values: &[f64; NAMES.len()]) -> Row {
    let mut row = [0.0; COLUMN_COUNT];
    NAMES.iter().zip(values).for_each(|(name, value)| row[column(name, Mode::Tick).expect("a column")] = *value);
    row
}

/// What each row decides, and nanoseconds per evaluation.
struct Timed {
    decisions: String,
    nanos: f64,
}

fn timed(mut decide: impl FnMut(usize) -> bool) -> Timed {
    let decisions = (0..ROWS).map(|row| if decide(row) { '1' } else { '0' }).collect();
    let mut nanos = f64::INFINITY;
    for _ in 0..BATCHES {
        let start = Instant::now();
        (0..BATCH).for_each(|index| {
            black_box(decide(index % ROWS));
        });
        nanos = nanos.min(start.elapsed().as_nanos() as f64 / BATCH as f64);
    }
    Timed { decisions, nanos }
}

/// The sums of the three windows, in the order 체결강도평균, 이동평균, 초당거래대금평균.
const WINDOWS: [(usize, u32); 3] = [(at::STRENGTH, 30), (at::PRICE, 60), (at::TURNOVER, 30)];

fn sums(rows: &[[f64; NAMES.len()]]) -> [f64; 3] {
    WINDOWS.map(|(column, length)| {
        let window = Window { column, taken: Taken::Sum, length, back: 0 };
        let mut plan = Plan::default();
        let place = plan.kept.window(window);
        let mut history = History::new(&plan.kept);
        rows.iter().for_each(|row| history.push(&placed(row), &plan.kept));
        history.window(place, &window).expect("more rows than the window is long")
    })
}

fn ours(source: &str, rows: &[[f64; NAMES.len()]]) -> Timed {
    let mut plan = Plan::default();
    let options = Options { mode: Mode::Tick, vars: None, conditions: None };
    let program = compile(source, Part::Buy, &options, &mut plan).unwrap_or_else(|problem| panic!("{problem}"));
    let mut history = History::new(&plan.kept);
    rows.iter().for_each(|row| history.push(&placed(row), &plan.kept));
    let rest = vec![0.0; program.slots() - COLUMN_COUNT];
    let mut slots: Vec<Vec<f64>> = rows.iter().map(|row| [&placed(row)[..], &rest].concat()).collect();
    timed(|row| program.run(&mut Frame::new(black_box(&mut slots[row]), &history, Market { stock: false })))
}

fn rounded(value: f64, digits: i32) -> f64 {
    let ten = 10_f64.powi(digits);
    (value * ten).round_ties_even() / ten
}

fn rust(is_four: bool, rows: &[[f64; NAMES.len()]], sums: [f64; 3]) -> Timed {
    timed(|row| {
        let [price, open, change, strength, turnover, bids, asks] = *black_box(&rows[row]);
        let [strength_sum, price_sum, turnover_sum] = black_box(sums);
        if is_four {
            return change > 5.0 && strength > 120.0 && price > open * 1.001 && turnover > 1_000.0;
        }
        (3.0..=25.0).contains(&change)
            && strength > rounded(strength_sum / 30.0, 3) * 1.1
            && price > rounded(price_sum / 60.0, 8) * 1.001
            && turnover > (turnover_sum / 30.0).trunc()
            && bids > asks
    })
}

fn rhai(source: &str, rows: &[[f64; NAMES.len()]], sums: [f64; 3]) -> Timed {
    let mut engine = Engine::new();
    let [strength, price, turnover] = sums;
    engine.register_fn("체결강도평균", move |n: i64| rounded(strength / n as f64, 3));
    engine.register_fn("이동평균", move |n: i64| rounded(price / n as f64, 8));
    engine.register_fn("초당거래대금평균", move |n: i64| (turnover / n as f64).trunc());
    let program: AST = engine.compile(source).expect("it is rhai");
    let mut scopes: Vec<Scope<'_>> = Vec::new();
    for row in rows {
        let mut scope = Scope::new();
        NAMES.iter().zip(row).for_each(|(name, value)| {
            scope.push(*name, *value);
        });
        scopes.push(scope);
    }
    timed(|row| {
        let scope = &mut scopes[row];
        let decision = engine.eval_ast_with_scope::<bool>(scope, &program).expect("it runs");
        scope.rewind(NAMES.len());
        decision
    })
}

/// What CPython decides and takes, and what it takes with windows cut out of an array, of numpy or of lists.
struct Python {
    timed: Timed,
    cut_nanos: f64,
    array: String,
}

/// `tests/strategy/speed.py` in a child: it takes its own time. `None`, loudly, without Python.
fn cpython(source: &str, rows: &[[f64; NAMES.len()]], sums: [f64; 3]) -> Option<Python> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/strategy/speed.py");
    let started = Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => {
            eprintln!("SKIPPED: CPython is not compared: python3 does not start: {error}");
            return None;
        }
    };
    let mut input = child.stdin.take().expect("piped");
    let line = |values: &[f64]| values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(" ");
    let mut text = format!("{}\n{}\n{ROWS}\n", NAMES.join(" "), line(&sums));
    rows.iter().for_each(|row| text += &(line(row) + "\n"));
    text += source;
    input.write_all(text.as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{script} ends well");
    let text = String::from_utf8(output.stdout).expect("text");
    let [decisions, nanos, cut_nanos, array] = text.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("four words: {text}")
    };
    let number = |text: &str| text.parse().expect("nanoseconds");
    let timed = Timed { decisions: decisions.into(), nanos: number(nanos) };
    Some(Python { timed, cut_nanos: number(cut_nanos), array: array.into() })
}

fn main() {
    let rows = rows();
    let sums = sums(&rows);
    println!("nanoseconds per evaluation, the quickest of {BATCHES} batches\n");
    println!("{:<28} {:>8} {:>8} {:>8} {:>8}   ours against Rust, rhai, CPython", "", "Rust", "ours", "rhai", "CPython");
    for (name, source, rhai_source, is_four) in
        [("four clauses", FOUR, FOUR_RHAI, true), ("five clauses with windows", FIVE, FIVE_RHAI, false)]
    {
        let (rust, ours, rhai) = (rust(is_four, &rows, sums), ours(source, &rows), rhai(rhai_source, &rows, sums));
        let cpython = cpython(source, &rows, sums);
        let timed = cpython.as_ref().map(|found| &found.timed);
        for (other, found) in [("Rust", Some(&rust)), ("rhai", Some(&rhai)), ("CPython", timed)] {
            assert!(found.is_none_or(|found| found.decisions == ours.decisions), "{name}: {other} decides otherwise");
        }
        let python = timed.map_or(f64::NAN, |found| found.nanos);
        println!(
            "{name:<28} {:>8.1} {:>8.1} {:>8.0} {python:>8.0}   {:.1} times slower, {:.0} and {:.0} times faster",
            rust.nanos,
            ours.nanos,
            rhai.nanos,
            ours.nanos / rust.nanos,
            rhai.nanos / ours.nanos,
            python / ours.nanos,
        );
        if let Some(Python { cut_nanos, array, .. }) = cpython {
            let times = cut_nanos / ours.nanos;
            println!(
                "{:<28} {:>8} {:>8} {:>8} {cut_nanos:>8.0}   {times:.0} times faster than CPython with windows cut out of {array}",
                "", "", "", ""
            );
        }
    }
}
