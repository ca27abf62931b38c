//! `jangbu view`: what strategies have to show at a moment of a journal, also of one that is being written.

use jangbu_journal::{Nanos, Reader, Seq};
use jangbu_replay::{Span, Until, verify};
use serde_json::{Value, json};

use super::answer::{Failure, Outcome, print, print_json};
use super::moment::{Position, time_text};
use super::replay::span::first_at;
use super::settings::JournalArgs;
use crate::event::Event;
use crate::kernel::Kernel;
use crate::live::status::{MarginRow, margins};
use crate::strategy::table::{Cell, Table};

/// `jangbu view`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 이때의 (번호나 시각) · As of this event or moment [default: the last event]
    #[arg(long, value_name = "SEQ|TIME")]
    at: Option<Position>,
    /// 이 표만: 계좌, 추적, 주문, 조건 · This table only, by its name
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    #[command(flatten)]
    journal: JournalArgs,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let dir = args.journal.dir()?;
    let reader = Reader::<Event>::open(&dir).map_err(Failure::could_not)?;
    let last = reader.last_seq();
    if last == Seq::ZERO {
        return Err(Failure::could_not("the journal is empty: nothing was recorded yet · 장부가 비어 있습니다"));
    }
    let at = match args.at {
        None => last,
        Some(Position::Seq(seq)) => seq.clamp(Seq::FIRST, last),
        Some(Position::Time(time)) => {
            let next = first_at(&reader, (Seq::FIRST, last), time.plus(1)).map_err(Failure::could_not)?;
            if next == Seq::FIRST {
                return Err(Failure::wrong_use(format_args!("--at {}: the journal begins later than that", time_text(time))));
            }
            next.previous()
        }
    };
    drop(reader);
    // Nothing is compared but what is decided at that event: the snapshot before it, and what came after.
    let span = Span { from: at, until: Until::Seq(at), snapshots: true };
    let (kernel, _) = verify::<Kernel>(&dir, span, &mut |_| ()).map_err(Failure::could_not)?;
    let (seq, time) = (kernel.stamp().seq, kernel.stamp().recv);
    let views: Vec<(u16, Table)> = kernel
        .views()
        .into_iter()
        .filter(|(_, table)| args.only.as_deref().is_none_or(|only| only == table.name))
        .map(|(strategy, table)| (strategy.0, table))
        .collect();
    let margins = if args.only.is_none() { margins(&kernel) } else { Vec::new() };
    if args.json {
        let mut told = as_json(seq, time, &views);
        if !margins.is_empty() {
            told["margins"] = json!(margins);
        }
        print_json(&told)?;
    } else {
        print(as_text(seq, time, &views))?;
        for MarginRow { venue, symbol, liquidation, mark, funding } in margins {
            let or_unknown = |price: Option<String>| price.unwrap_or_else(|| "-".into());
            print(format_args!(
                "\n{venue} {symbol}: 청산가 {}, 마크 {}, 펀딩비 {funding} · liquidation, mark, funding",
                or_unknown(liquidation),
                or_unknown(mark)
            ))?;
        }
    }
    Ok(Outcome::Done)
}

fn as_json(seq: Seq, time: Nanos, views: &[(u16, Table)]) -> Value {
    let cell = |cell: &Cell| match cell {
        Cell::Flag(yes) => json!(yes),
        Cell::Count(count) => json!(count),
        Cell::None => Value::Null,
        // Figures are decimal text: nothing is lost on the way.
        other => json!(other.to_string()),
    };
    let table = |(strategy, table): &(u16, Table)| {
        let row = |row: &Vec<Cell>| -> Value {
            table
                .columns
                .iter()
                .zip(row)
                .map(|(name, value)| ((*name).to_owned(), cell(value)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let rows: Vec<Value> = table.rows.iter().map(row).collect();
        json!({ "strategy": strategy, "name": table.name, "columns": table.columns, "rows": rows })
    };
    json!({ "seq": seq, "time": time, "tables": views.iter().map(table).collect::<Vec<_>>() })
}

fn as_text(seq: Seq, time: Nanos, views: &[(u16, Table)]) -> String {
    let mut lines = vec![format!("seq {seq}, {}", time_text(time))];
    if views.is_empty() {
        lines.push("보여 줄 표가 없습니다 · no strategy has a table to show".into());
    }
    for (strategy, table) in views {
        lines.push(format!("\n[{strategy}] {}", table.name));
        let head: Vec<String> = table.columns.iter().map(|name| (*name).to_owned()).collect();
        let rows: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(Cell::to_string).collect()).collect();
        let widths: Vec<usize> = (0..head.len())
            .map(|column| {
                let cells = rows.iter().filter_map(|row| row.get(column)).chain(head.get(column));
                cells.map(|text| width(text)).max().unwrap_or(0)
            })
            .collect();
        for row in std::iter::once(&head).chain(&rows) {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(text, wide)| format!("{text}{}", " ".repeat(wide.saturating_sub(width(text)))))
                .collect();
            lines.push(format!("  {}", cells.join("  ").trim_end()));
        }
        if rows.is_empty() {
            lines.push("  (없음 · none)".into());
        }
    }
    lines.join("\n")
}

/// Columns a text takes in a terminal: Korean letters take two.
fn width(text: &str) -> usize {
    text.chars().map(|letter| if ('\u{1100}'..='\u{ffdc}').contains(&letter) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_shown_and_told() {
        let rows = vec![vec![Cell::Text("삼성전자".into()), Cell::Flag(true), Cell::Count(3), Cell::None]];
        let table = Table { name: "계좌", columns: &["종목명", "트레일링발동여부", "횟수", "현재가"], rows };
        let views = [(0, table)];
        let text = as_text(Seq::new(7), Nanos::new(0), &views);
        assert!(text.contains("[0] 계좌") && text.contains("  삼성전자  예                3     -"), "{text}");
        let told = as_json(Seq::new(7), Nanos::new(0), &views);
        let row = &told["tables"][0]["rows"][0];
        assert_eq!((&row["종목명"], &row["트레일링발동여부"], &row["현재가"]), (&"삼성전자".into(), &true.into(), &Value::Null));
    }
}
