//! How an explanation is told: to people, and as JSON.

use std::fmt::Write;

use jangbu_journal::Nanos;
use serde_json::{Value, json};

use super::{Row, TextRow};
use crate::account::{NewOrder, OrderType};
use crate::cli::moment::time_text;
use crate::market::Side;
use crate::strategy::rules::Gate;
use crate::strategy::text::{ClauseOutcome, Reading, Shown, Verdict};

/// The second a row is stamped with, as a time.
fn stamped(second: i64) -> String {
    time_text(Nanos::new(second.saturating_mul(1_000_000_000)))
}

/// A row for people.
pub(super) fn text_of(row: &Row) -> String {
    let (stamp, instrument) = (&row.stamp, &row.instrument);
    let mut out = format!(
        "seq {}  {}  {}:{} {}  전략 · strategy {}\n",
        stamp.seq,
        stamped(row.second),
        instrument.venue.name(),
        instrument.symbol,
        instrument.name,
        row.strategy.0,
    );
    for text in &row.texts {
        if text.verdict != Verdict::NoText {
            text_of_text(text, &mut out);
        }
    }
    for order in &row.orders {
        // Writing to a string does not fail.
        let _ = writeln!(out, "  => {}", order_text(order));
    }
    out
}

fn text_of_text(text: &TextRow, out: &mut String) {
    let _ = writeln!(out, "  {} ({}): {}", text.name, text.part.name(), verdict_text(text.verdict));
    let Some(explanation) = &text.explanation else { return };
    if !matches!(text.verdict, Verdict::Ran { .. }) {
        let would =
            if explanation.signal { "신호였음 · it would have signalled" } else { "신호가 아니었음 · it would not" };
        let _ = writeln!(out, "    실행했다면 · had it run: {would}");
    }
    for (index, clause) in explanation.clauses.iter().enumerate() {
        let mark = if explanation.stopped_by == Some(index) { "->" } else { "  " };
        let _ = writeln!(out, "  {mark} {:>4}  {}  {}{}", clause.line, truth_text(clause), clause.text, readings_text(clause));
    }
}

fn truth_text(clause: &ClauseOutcome) -> &'static str {
    match (clause.times, clause.holds) {
        (0, Some(true)) => "(참 · true, not reached)  ",
        (0, Some(false)) => "(거짓 · false, not reached)",
        (0, None) => "(닿지 않음 · not reached)  ",
        (_, Some(true)) => "참 · true ",
        (_, Some(false)) => "거짓 · false",
        (_, None) => "오류 · fault",
    }
}

fn readings_text(clause: &ClauseOutcome) -> String {
    // A constant says itself.
    let told = |reading: &&Reading| match &reading.value {
        Shown::Number(value) => reading.text.parse() != Ok(*value),
        Shown::Text(_) => !reading.text.starts_with(['\'', '"']),
        Shown::Nothing | Shown::Fault(_) => true,
    };
    let readings = clause.sides.iter().chain(&clause.names).filter(told);
    let readings: Vec<String> = readings.map(|reading| format!("{} = {}", reading.text, value_text(&reading.value))).collect();
    let fault = clause.fault.map(|fault| fault.to_string());
    let all: Vec<String> = readings.into_iter().chain(fault).collect();
    let times = if clause.times > 1 { format!("  ({}번째 · time {})", clause.times, clause.times) } else { String::new() };
    if all.is_empty() { times } else { format!("    [{}]{times}", all.join(", ")) }
}

fn value_text(value: &Shown) -> String {
    match value {
        Shown::Number(value) => value.to_string(),
        Shown::Text(text) => format!("'{text}'"),
        Shown::Nothing => "None".into(),
        Shown::Fault(fault) => fault.to_string(),
    }
}

fn verdict_text(verdict: Verdict) -> String {
    match verdict {
        Verdict::NoText => "글 없음 · no text".into(),
        Verdict::NotReady => "행이 모자람 · not run: too few rows yet".into(),
        Verdict::NotRanked => "관심종목이 아님 · not run: not in the turnover ranking".into(),
        Verdict::Held(true) => "이미 보유 · not run: held already".into(),
        Verdict::Held(false) => "보유 없음 · not run: nothing is held".into(),
        Verdict::Busy => "주문 중 · not run: an order is under way".into(),
        Verdict::Gate(gate) => format!("막힘 · not run: {}", gate_text(gate)),
        Verdict::Ran { fault: Some(fault), .. } => {
            format!("{}줄 오류 · fault in line {}: {}", fault.line, fault.line, fault.kind)
        }
        Verdict::Ran { signal: true, .. } => "신호 · signal".into(),
        Verdict::Ran { signal: false, .. } => "신호 없음 · no signal".into(),
    }
}

fn gate_text(gate: Gate) -> &'static str {
    match gate {
        Gate::AutoTradeOff => "자동매매가 꺼짐 · automatic trading is off",
        Gate::NoShort => "공매도할 수 없는 종목 · cannot be sold short",
        Gate::Blacklisted => "블랙리스트 · blacklisted",
        Gate::Closed => "거래 시간 밖 · outside the trading window",
        Gate::Forbidden => "금지 시간 · a forbidden time",
        Gate::RoundFigure => "라운드피겨 · where the tick changes, or close to it",
        Gate::FewBuys => "매도금지매수횟수 · too few parts were entered to leave by a signal",
        Gate::PriceMin => "가격 하한 아래 · below the price floor",
        Gate::DayLimit => "하루 한도 · the day's limit was reached",
        Gate::Busy => "주문 중 · an order is under way",
        Gate::Held => "이미 보유 · held, and no further part is due",
        Gate::HoldingsMax => "최대 보유 종목 수 · as many are held as may be",
        Gate::BuysMax => "하루 매수 횟수 · entered as often today as it may be",
        Gate::LossesMax => "하루 손절 횟수 · lost on as often today as it may be",
        Gate::Pause => "거래 뒤 쉬는 시간 · traded a moment ago",
        Gate::LossPause => "손절 뒤 쉬는 시간 · lost on a moment ago",
        Gate::Cooldown => "전체 쉬는 시간 · something was lost on a moment ago",
    }
}

fn side_text(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

fn order_text(order: &NewOrder) -> String {
    let at = match order.order_type {
        OrderType::Market => "market".to_owned(),
        OrderType::Limit(price) => price.to_string(),
    };
    format!("{} {} {} {at}", order.id, side_text(order.side), order.qty)
}

/// A row as JSON.
pub(super) fn json_of(row: &Row) -> Value {
    let instrument = &row.instrument;
    json!({
        "seq": row.stamp.seq,
        "received": time_text(row.stamp.recv),
        "row": stamped(row.second),
        "strategy": row.strategy.0,
        "instrument": { "venue": instrument.venue.name(), "symbol": instrument.symbol, "name": instrument.name },
        "texts": row.texts.iter().filter(|text| text.verdict != Verdict::NoText).map(json_of_text).collect::<Vec<_>>(),
        "orders": row.orders.iter().map(|order| json!({
            "id": order.id.to_string(),
            "side": side_text(order.side),
            "qty": order.qty.to_string(),
            "price": if let OrderType::Limit(price) = order.order_type { Some(price.to_string()) } else { None },
            "reduce_only": order.reduce_only,
        })).collect::<Vec<_>>(),
    })
}

fn json_of_text(text: &TextRow) -> Value {
    let explanation = text.explanation.as_ref();
    let (ran, fault) = match text.verdict {
        Verdict::Ran { fault, .. } => (true, fault),
        _ => (false, None),
    };
    json!({
        "text": text.name,
        "part": text.part.name(),
        "ran": ran,
        "verdict": verdict_text(text.verdict),
        "signal": explanation.map(|explanation| explanation.signal),
        "fault": fault.map(|fault| json!({ "line": fault.line, "why": fault.kind.to_string() })),
        "stopped_by": explanation.and_then(|explanation| explanation.stopped_by),
        "clauses": explanation.map(|explanation| explanation.clauses.iter().map(json_of_clause).collect::<Vec<_>>()),
    })
}

fn json_of_clause(clause: &ClauseOutcome) -> Value {
    let readings = |readings: &[Reading]| {
        readings
            .iter()
            .map(|reading| {
                let value = match &reading.value {
                    Shown::Number(value) => json!(value),
                    Shown::Text(text) => json!(text),
                    Shown::Nothing | Shown::Fault(_) => Value::Null,
                };
                json!({ "text": reading.text, "value": value })
            })
            .collect::<Vec<_>>()
    };
    json!({
        "line": clause.line,
        "column": clause.column,
        "text": clause.text,
        "reached": clause.times > 0,
        "times": clause.times,
        "holds": clause.holds,
        "sides": readings(&clause.sides),
        "names": readings(&clause.names),
        "fault": clause.fault.map(|fault| fault.to_string()),
    })
}
