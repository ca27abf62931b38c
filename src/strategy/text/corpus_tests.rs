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
    let path = format!("{}/tests/strategy/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The slots of the columns of `rows.csv`, and its rows.
fn rows() -> (Vec<usize>, Vec<Vec<f64>>) {
    let text = read("rows.csv");
    let mut lines = text.lines();
    let header = lines.next().expect("a header").split(',');
    let slots = header.map(|name| column(name, Mode::Tick).unwrap_or_else(|| names::slot(name))).collect();
    let numbers = |line: &str| line.split(',').map(|value| value.parse().expect("a number")).collect();
    (slots, lines.map(numbers).collect())
}

fn decisions(source: &str, places: &[usize], rows: &[Vec<f64>]) -> String {
    let part = if source.starts_with("# 매도") { Part::Sell } else { Part::Buy };
    let conditions: Vec<(String, String)> = CONDITIONS.map(|(name, text)| (name.into(), text.into())).into();
    let setup = Setup { mode: Mode::Tick, average: 30, vars: VARS.into(), conditions };
    let (buy, sell) = if part == Part::Buy { (Some(source), None) } else { (None, Some(source)) };
    let pair = Pair::compile(&setup, buy, sell).unwrap_or_else(|(_, problem)| panic!("{problem}"));
    let program = pair.program(part).expect("compiled");
    let mut history = History::new(&pair.plan.kept);
    let mut slots = vec![0.0; pair.slots()];
    slots[names::slot("평균값계산틱수")] = 30.0;
    slots[names::slot("종목코드")] = pair.plan.number_of("KRW-BTC");
    slots[names::slot("종목명")] = pair.plan.number_of("비트코인");
    let (mut pins, mut last_true) = (Vec::new(), vec![0; CONDITIONS.len()]);
    let mut decisions = String::new();
    for (index, values) in rows.iter().enumerate() {
        places.iter().zip(values).for_each(|(&place, &value)| slots[place] = value);
        let mut row = [0.0; COLUMN_COUNT];
        row.copy_from_slice(&slots[..COLUMN_COUNT]);
        history.push(&row, &pair.plan.kept);
        slots[names::slot("데이터길이")] = history.count() as f64;
        let market = Market { stock: false };
        for (condition, last) in pair.conditions.iter().zip(&mut last_true) {
            if condition.run(&mut Frame::new(&mut slots, &history, market)) {
                *last = history.count();
            }
        }
        let mut frame = Frame { pins: &pins, last_true: &last_true, ..Frame::new(&mut slots, &history, market) };
        let signal = program.run(&mut frame);
        decisions.push(match (frame.fault, signal) {
            (Some(_), _) => 'F',
            (None, true) => '1',
            (None, false) => '0',
        });
        if index == BUY_ROW {
            let mut taken = Vec::new();
            pair.plan.pin(&mut frame, &mut taken);
            pins = taken;
        }
    }
    decisions
}

#[test]
fn every_decision_is_that_of_cpython() {
    let (places, rows) = rows();
    let expected = read("expected.txt");
    let mut faults = Vec::new();
    for line in expected.lines() {
        let (name, expected) = line.split_once(' ').expect("a name and decisions");
        assert_eq!(expected.len(), rows.len(), "{name}");
        let found = decisions(&read(&format!("texts/{name}")), &places, &rows);
        if let Some(row) = found.bytes().zip(expected.bytes()).position(|(found, expected)| found != expected) {
            let (found, expected) = (&found[row..=row], &expected[row..=row]);
            faults.push(format!("{name}: row {row} is {found}, CPython says {expected}"));
        }
    }
    assert!(expected.lines().count() >= 15 && faults.is_empty(), "{faults:#?}");
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
