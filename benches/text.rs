//! What a strategy text costs a row, beside the same condition in Rust. `cargo bench --bench text`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use jangbu::strategy::text::{
    COLUMN_COUNT, FIXED_SLOTS, Frame, History, Market, Mode, Options, Part, Plan, Program, Row, column, compile,
};

const ROWS: usize = 4_096;

/// Rows in which each clause decides now and then.
fn rows() -> Vec<Row> {
    let mut state = 7_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1_u64 << 31) as f64
    };
    let at = |name| column(name, Mode::Tick).unwrap_or(0);
    let places = [at("현재가"), at("등락율"), at("체결강도"), at("초당거래대금"), at("매수총잔량"), at("매도총잔량"), at("시가")];
    let row = |_| {
        let mut row = [0.0; COLUMN_COUNT];
        let values =
            [100.0 + random(), random() * 40.0, random() * 480.0, random() * 8_000.0, random() * 90.0, random() * 90.0, 100.3];
        places.iter().zip(values).for_each(|(&place, value)| row[place] = value);
        row
    };
    (0..ROWS).map(row).collect()
}

struct Text {
    plan: Plan,
    program: Program,
}

fn text(source: &str) -> Text {
    let mut plan = Plan::default();
    let options = Options { mode: Mode::Tick, vars: None, conditions: None };
    let program = compile(source, Part::Buy, &options, &mut plan).unwrap_or_else(|problem| panic!("{problem}"));
    Text { plan, program }
}

/// Evaluations alone: the window functions look at one history, the columns change.
fn evaluate(criterion: &mut Criterion) {
    let rows = rows();
    let mut group = criterion.benchmark_group("text");
    let four = "매수 = 등락율 > 5 and 체결강도 > 120 and 현재가 > 시가 * 1.001 and 초당거래대금 > 1000\n";
    let five = "매수 = True\nif not (3 <= 등락율 <= 25):\n    매수 = False\nelif not (체결강도 > 체결강도평균(30) * 1.1):\n    매수 = False\n\
                elif not (현재가 > 이동평균(60) * 1.001):\n    매수 = False\nelif not (초당거래대금 > 초당거래대금평균(30)):\n    매수 = False\n\
                elif not (매수총잔량 > 매도총잔량):\n    매수 = False\nif 매수:\n    self.Buy()\n";
    for (name, source) in [("four_clauses", four), ("five_clauses_with_windows", five)] {
        let text = text(source);
        let mut history = History::new(&text.plan.kept);
        rows.iter().for_each(|row| history.push(row, &text.plan.kept));
        // A set of slots for each row: copying the row is not part of the evaluation.
        let width = text.program.slots();
        let mut slots: Vec<Vec<f64>> = rows.iter().map(|row| [&row[..], &vec![0.0; width - COLUMN_COUNT]].concat()).collect();
        let mut next = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                next = (next + 1) % 64;
                text.program.run(&mut Frame::new(black_box(&mut slots[next]), &history, Market { stock: false }))
            });
        });
    }
    let [price, change, strength, turnover, open] =
        ["현재가", "등락율", "체결강도", "초당거래대금", "시가"].map(|name| column(name, Mode::Tick).unwrap_or(0));
    let mut next = 0;
    group.bench_function("four_clauses_in_rust", |bencher| {
        bencher.iter(|| {
            next = (next + 1) % 64;
            let row = black_box(&rows[next]);
            row[change] > 5.0 && row[strength] > 120.0 && row[price] > row[open] * 1.001 && row[turnover] > 1_000.0
        });
    });
    group.finish();
}

/// A whole row: kept, windows moved on, evaluated.
fn row(criterion: &mut Criterion) {
    let rows = rows();
    let text = text("매수 = 현재가 > 이동평균(1200) and 최고현재가(600) > 최고현재가(600, 1) and 누적초당매수수량(300) > 0");
    let mut history = History::new(&text.plan.kept);
    let mut slots = vec![0.0; text.program.slots().max(FIXED_SLOTS)];
    let mut next = 0;
    criterion.bench_function("text/row_with_four_long_windows", |bencher| {
        bencher.iter(|| {
            next = (next + 1) % ROWS;
            history.push(&rows[next], &text.plan.kept);
            slots[..COLUMN_COUNT].copy_from_slice(&rows[next]);
            text.program.run(&mut Frame::new(&mut slots, &history, Market { stock: false }))
        });
    });
}

criterion_group!(benches, evaluate, row);
criterion_main!(benches);
