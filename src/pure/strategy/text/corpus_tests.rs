//! The corpus of `tests/strategy`: every decision is the one CPython made of the same text over the same rows.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use std::fs;

use super::*;
use crate::nearest::nearest;

/// As in `tests/strategy/oracle.py`.
const BUY_ROW: usize = 50;
const CONDITIONS: [(&str, &str); 2] =
    [("급등", "등락율 > 등락율N(1) + 0.6"), ("강세", "체결강도 >= 130 and 초당매수수량 > 초당매도수량")];
const VARS: [f64; 4] = [30.0, 1.5, 120.0, 0.25];

fn read(name: &str) -> String {
    let path = format!("{}/../../tests/strategy/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The slots of the columns of `rows.csv` or `minutes.csv`, and its rows.
fn rows(mode: Mode) -> (Vec<usize>, Vec<Vec<f64>>) {
    let text = read(if mode == Mode::Tick { "rows.csv" } else { "minutes.csv" });
    let mut lines = text.lines();
    let header = lines.next().expect("a header").split(',');
    let slots = header.map(|name| column(name, mode).unwrap_or_else(|| names::slot(name))).collect();
    let numbers = |line: &str| line.split(',').map(|value| value.parse().expect("a number")).collect();
    (slots, lines.map(numbers).collect())
}

fn mode_of(source: &str) -> Mode {
    if source.lines().next().is_some_and(|line| line.contains("분봉")) { Mode::Minute } else { Mode::Tick }
}

/// Runs a text over the rows, and gives `each` the frame, whether it signals, after every row.
fn run(source: &str, (places, rows): &(Vec<usize>, Vec<Vec<f64>>), mut each: impl FnMut(&Frame<'_>, bool, Flags)) {
    let mode = mode_of(source);
    let part = if source.starts_with("# 매도") { Part::Sell } else { Part::Buy };
    let named = |text: &str| if mode == Mode::Minute { text.replace("초당", "분당") } else { text.into() };
    let conditions: Vec<(String, String)> = CONDITIONS.map(|(name, text)| (name.into(), named(text))).into();
    let setup = Setup { mode, average: 30, vars: VARS.into(), conditions };
    let (buy, sell) = if part == Part::Buy { (Some(source), None) } else { (None, Some(source)) };
    let mut pair = Pair::compile(&setup, buy, sell).unwrap_or_else(|(_, problem)| panic!("{problem}"));
    let explainer = Explainer::of(source, part, &setup.options(), &mut pair.plan).expect("compiled before");
    let program = pair.program(part).expect("compiled");
    let mut history = History::new(&pair.plan.kept);
    let mut slots = vec![0.0; pair.slots()];
    slots[names::slot("평균값계산틱수")] = 30.0;
    slots[names::slot("종목코드")] = pair.plan.number_of("KRW-BTC");
    slots[names::slot("종목명")] = pair.plan.number_of("비트코인");
    let (mut pins, mut last_true) = (Vec::new(), vec![0; CONDITIONS.len()]);
    let mut studied = Studied::new(&pair.plan.indicators);
    for (index, values) in rows.iter().enumerate() {
        places.iter().zip(values).for_each(|(&place, &value)| slots[place] = value);
        let mut row = [0.0; COLUMN_COUNT];
        row.copy_from_slice(&slots[..COLUMN_COUNT]);
        studied.enter(&mut row);
        slots[..COLUMN_COUNT].copy_from_slice(&row);
        history.push(&row, &pair.plan.kept);
        slots[names::slot("데이터길이")] = history.count() as f64;
        let market = Market { stock: false };
        for (condition, last) in pair.conditions.iter().zip(&mut last_true) {
            if condition.run(&mut Frame::new(&mut slots, &history, market)) {
                *last = history.count();
            }
        }
        let mut frame = Frame { pins: &pins, last_true: &last_true, ..Frame::new(&mut slots, &history, market) };
        let mut copy = frame.slots.to_vec();
        copy.resize(explainer.slots(), 0.0);
        let signal = program.run(&mut frame);
        each(&frame, signal, program.flags());
        // What is explained later is what was decided, and only a text without a signal was stopped.
        let mut again = Frame { pins: &pins, last_true: &last_true, ..Frame::new(&mut copy, &history, market) };
        let explained = explainer.explain(&mut again);
        assert_eq!((explained.signal, explained.fault), (signal, frame.fault), "{source}\nrow {index}");
        assert!(!(signal && explained.stopped_by.is_some()), "{source}\nrow {index}");
        if index == BUY_ROW {
            let mut taken = Vec::new();
            pair.plan.pin(&mut frame, &mut taken);
            pins = taken;
        }
    }
}

fn decisions(source: &str, rows: &(Vec<usize>, Vec<Vec<f64>>)) -> String {
    let mut decisions = String::new();
    run(source, rows, |frame, signal, flags| {
        // 1 is long, or a text that names no side; 2 is short, 3 is both.
        let ways = flags.sides().map_or([true, false], |_| flags.ways(frame.slots));
        decisions.push(match (frame.fault, signal, ways) {
            (Some(_), ..) => 'F',
            (None, false, _) => '0',
            (None, true, [true, false]) => '1',
            (None, true, [false, _]) => '2',
            (None, true, [true, true]) => '3',
        });
    });
    decisions
}

#[test]
fn every_decision_is_that_of_cpython() {
    let by_mode = [rows(Mode::Tick), rows(Mode::Minute)];
    let expected = read("expected.txt");
    let mut faults = Vec::new();
    for line in expected.lines() {
        let (name, expected) = line.split_once(' ').expect("a name and decisions");
        let source = read(&format!("texts/{name}"));
        let rows = &by_mode[usize::from(mode_of(&source) == Mode::Minute)];
        assert_eq!(expected.len(), rows.1.len(), "{name}");
        let found = decisions(&source, rows);
        if let Some(row) = found.bytes().zip(expected.bytes()).position(|(found, expected)| found != expected) {
            let (found, expected) = (&found[row..=row], &expected[row..=row]);
            faults.push(format!("{name}: row {row} is {found}, CPython says {expected}"));
        }
    }
    assert!(expected.lines().count() >= 50 && faults.is_empty(), "{faults:#?}");
}

/// Every decision, fault, and value of every text of the corpus over all rows, bit for bit: recorded once, and the same in debug and in
/// release (`cargo test --release -p jangbu-pure corpus`, which CI runs as well), on every machine.
#[test]
fn the_corpus_digests_to_what_is_recorded() {
    let by_mode = [rows(Mode::Tick), rows(Mode::Minute)];
    let mut found = String::new();
    for line in read("expected.txt").lines() {
        let name = line.split(' ').next().expect("a name");
        let source = read(&format!("texts/{name}"));
        let mut bytes = Vec::new();
        run(&source, &by_mode[usize::from(mode_of(&source) == Mode::Minute)], |frame, signal, flags| {
            bytes.extend([u8::from(signal), u8::from(flags.ways(frame.slots)[0]), u8::from(flags.ways(frame.slots)[1])]);
            bytes.extend(frame.fault.map_or(0, |fault| fault.line).to_le_bytes());
            // The text's own variables: what it calculated.
            bytes.extend(frame.slots[FIXED_SLOTS..].iter().flat_map(|value| value.to_bits().to_le_bytes()));
        });
        found += &format!("{name} {}\n", jangbu_replay::Digest::of(&bytes));
    }
    // A change of what a text calculates shows here, by text. One that is meant is recorded with what this prints.
    let recorded = read("digests.txt");
    let differing: Vec<&str> =
        found.lines().zip(recorded.lines()).filter(|(found, recorded)| found != recorded).map(|pair| pair.0).collect();
    assert!(found == recorded, "{} differ: {differing:?}\n{found}", differing.len());
}

#[test]
fn every_value_of_a_helper_is_that_of_cpython() {
    let rows = rows(Mode::Tick);
    let (mut faults, mut called) = (Vec::new(), Vec::new());
    for line in read("values.txt").lines() {
        let [digest, shown, call] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let mut values = Vec::new();
        // The first variable of a text has the first slot after the fixed ones.
        run(&format!("# 매도\n값 = {call}\n"), &rows, |frame, _, _| {
            assert_eq!(frame.fault, None, "{call}");
            values.push(frame.slots[FIXED_SLOTS] + 0.0);
        });
        let bytes = values.iter().flat_map(|value| value.to_bits().to_le_bytes());
        let found =
            bytes.fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        if format!("{found:016x}") != digest {
            let some: Vec<f64> = values.iter().copied().skip(19).step_by(95).collect();
            faults.push(format!("{call}: {some:?}, CPython's {shown}"));
        }
        // The same with arguments that are only known while running.
        let (name, arguments) = call.trim_end_matches(')').split_once('(').expect("a call");
        called.push(String::from(name));
        let parts = arguments.split(',').filter(|part| !part.is_empty());
        let variables: Vec<String> = parts.map(|part| format!("{part} + 현재가 * 0")).collect();
        let mut index = 0;
        run(&format!("# 매도\n값 = {name}({})\n", variables.join(", ")), &rows, |frame, _, _| {
            assert_eq!((frame.fault, frame.slots[FIXED_SLOTS] + 0.0), (None, values[index]), "{name} row {index}");
            index += 1;
        });
    }
    assert!(faults.is_empty(), "{faults:#?}");
    let formulas = FUNCTIONS.iter().filter(|function| matches!(function.body, Body::Formula(_)));
    let missing: Vec<&str> =
        formulas.map(|function| function.tick).filter(|name| called.iter().all(|call| call != name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn nearest_is_the_name_that_was_meant() {
    let known: Vec<&str> = COLUMNS.iter().map(|column| column.tick).filter(|name| !name.is_empty()).collect();
    for (wrong, right) in
        [("등락률", "등락율"), ("체결강", "체결강도"), ("매도총잔랑", "매도총잔량"), ("초당매수수랑", "초당매수수량")]
    {
        assert_eq!(nearest(wrong, &known), Some(right));
    }
}
