//! `jangbu strategy names`: what a text can read, for people and for the editor that completes it.

use serde_json::json;

use super::ModeName;
use crate::cli::answer::{Failure, print, print_json};
use crate::strategy::text::{COLUMNS, NAMES, name_back};

#[derive(Debug, clap::Args)]
pub(super) struct Names {
    /// 이 글자가 든 이름만 · Only names with this in them
    part: Option<String>,
    /// 행을 만드는 단위 · What makes a row
    #[arg(long, value_enum, default_value = "tick")]
    rows: ModeName,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// Lists the columns in their order, with the name of their values of rows gone by, then the other names.
pub(super) fn run(args: &Names) -> Result<(), Failure> {
    let (mode, part) = (args.rows.mode(), args.part.as_deref().unwrap_or(""));
    let columns = COLUMNS.iter().enumerate().map(|(place, column)| {
        let back = Some(name_back(place, mode));
        (column.name(mode), back, None, [column.korean, column.english])
    });
    let names = NAMES.iter().map(|name| (name.name, None, name.only.map(|only| only.name()), [name.korean, name.english]));
    let mut shown = columns.chain(names).filter(|(name, ..)| !name.is_empty() && name.contains(part));
    if args.json {
        let rows = shown.map(|(name, back, only, [korean, english])| {
            json!({ "name": name, "rows_back": back, "only": only, "korean": korean, "english": english })
        });
        return print_json(&json!({ "names": rows.collect::<Vec<_>>() }));
    }
    shown.try_for_each(|(name, back, only, [korean, english])| {
        let back = back.map(|back| format!(" {back}(k)")).unwrap_or_default();
        let only = only.map(|only| format!(" [{only}]")).unwrap_or_default();
        print(format_args!("{name}{back}{only}\n    {korean} · {english}"))
    })
}
