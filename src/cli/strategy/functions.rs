//! `jangbu strategy functions`: what a text can call, for people and for the editor that completes it.

use serde_json::json;

use crate::cli::answer::{Failure, print, print_json};
use crate::strategy::text::{Body, FUNCTIONS, Function};

#[derive(Debug, clap::Args)]
pub(super) struct Functions {
    /// 이 글자가 든 이름만 · Only names with this in them
    part: Option<String>,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// Lists them in the order of the table.
pub(super) fn run(args: &Functions) -> Result<(), Failure> {
    let part = args.part.as_deref().unwrap_or("");
    let mut shown = FUNCTIONS.iter().filter(|function| function.tick.contains(part) || function.minute.contains(part));
    if args.json {
        return print_json(&json!({ "functions": shown.map(as_json).collect::<Vec<_>>() }));
    }
    shown.try_for_each(|function| {
        let name = if function.tick.is_empty() { function.minute } else { function.tick };
        let minute = if function.minute == name { String::new() } else { format!(" ({})", function.minute) };
        print(format_args!("{name}{}{minute}\n    {}", function.arguments, function.korean))?;
        match function.body {
            Body::Formula(formula) if formula != function.korean => print(format_args!("    = {formula}")),
            _ => Ok(()),
        }
    })
}

fn as_json(function: &Function) -> serde_json::Value {
    let parameters = function.parameters().map(|(name, default)| json!({ "name": name, "default": default }));
    json!({
        "tick": function.tick,
        "minute": function.minute,
        "arguments": function.arguments,
        "parameters": parameters.collect::<Vec<_>>(),
        "least": function.least,
        "most": function.most,
        "only": function.only.map(|part| part.name()),
        "korean": function.korean,
        "english": function.english,
        "means": if let Body::Formula(formula) = function.body { Some(formula) } else { None },
    })
}
