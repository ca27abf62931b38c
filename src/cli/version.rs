//! `jangbu version`: what this program is.

use jangbu_journal::Record;
use serde_json::json;

use super::answer::{Failure, Outcome, print, print_json};
use crate::event::Event;

/// `jangbu version`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let (version, schema) = (env!("CARGO_PKG_VERSION"), Event::SCHEMA);
    if args.json {
        print_json(&json!({ "name": "jangbu", "version": version, "event_schema": schema }))?;
    } else {
        print(format_args!("jangbu {version} (event schema {schema})"))?;
    }
    Ok(Outcome::Done)
}

/// What a session journals as the program that made it.
pub(super) fn build_text() -> String {
    format!("jangbu {}", env!("CARGO_PKG_VERSION"))
}
