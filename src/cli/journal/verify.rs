//! `jangbu journal verify`: is it whole?

use jangbu_journal::{Progress as Passed, Report, verify};
use serde_json::json;

use crate::cli::answer::{Failure, Outcome, print, print_json};
use crate::cli::progress::Progress;
use crate::cli::settings::JournalArgs;

/// Findings shown to a person.
const FINDINGS_SHOWN: usize = 50;

/// `jangbu journal verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    journal: JournalArgs,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let dir = args.journal.dir()?;
    let mut progress = Progress::new("verify");
    let report = verify(&dir, &mut |Passed { volume, done, of, seq }| {
        progress.line(|| format!("권 · volume {volume} ({done} of {of} done), seq {seq}"));
    });
    let report = report.map_err(Failure::could_not)?;
    drop(progress);
    if args.json {
        print_json(&json!({ "journal": dir, "report": report }))?;
    } else {
        print(text(&report))?;
    }
    Ok(if report.intact { Outcome::Done } else { Outcome::No })
}

fn text(report: &Report) -> String {
    let mut lines: Vec<String> = report.findings.iter().take(FINDINGS_SHOWN).map(ToString::to_string).collect();
    if let Some(more) = report.findings.len().checked_sub(FINDINGS_SHOWN).filter(|more| *more > 0) {
        lines.push(format!("… 그리고 {more}개 더 (--json은 전부) · and {more} more; --json lists them all"));
    }
    lines.push(if report.intact { "온전함 · intact".into() } else { "손상됨 · damaged".to_owned() });
    lines.push(format!("events       {} (seq ..{})", report.events, report.last));
    lines.push(format!("volumes      {} ({} blocks, {} fragments)", report.volumes, report.blocks, report.fragments));
    lines.push(format!("bytes        {} ({} decompressed · 압축을 풀면)", report.stored_bytes, report.raw_bytes));
    lines.push(format!("checkpoints  {}", report.checkpoints));
    lines.push(format!("snapshots    {}", report.snapshots));
    lines.join("\n")
}
