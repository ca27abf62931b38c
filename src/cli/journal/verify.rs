//! `jangbu journal verify`: is it whole?

use jangbu_journal::{Progress as Passed, Report, verify, verify_records};
use serde_json::json;

use crate::cli::answer::{Failure, Outcome, print, print_json};
use crate::cli::progress::Progress;
use crate::cli::settings::JournalArgs;
use crate::event::Event;

/// Findings shown to a person.
const FINDINGS_SHOWN: usize = 50;

/// `jangbu journal verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 블록만 확인하고 그 안의 사건은 읽지 않음 · Blocks alone, without reading the events in them
    #[arg(long)]
    quick: bool,
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
    let mut progress = |Passed { volume, bytes_done, bytes_total, seq }: Passed| {
        let percent = bytes_done.saturating_mul(100).checked_div(bytes_total).unwrap_or(100);
        progress.line(|| format!("{percent}%, 권 · volume {volume}, seq {seq}"));
    };
    let report = if args.quick { verify(&dir, &mut progress) } else { verify_records::<Event>(&dir, &mut progress) };
    let report = report.map_err(Failure::could_not)?;
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
    lines.extend(report.given_up.iter().map(|range| format!("{range}: 전의 수리가 포기함 · given up by an earlier repair")));
    lines.extend(report.notes.iter().map(|note| format!("note: {note}")));
    lines.push(if report.intact { "온전함 · intact".into() } else { "손상됨 · damaged".to_owned() });
    if report.lost() > 0 {
        lines.push(format!("lost         {} events · 잃은 사건", report.lost()));
    }
    lines.push(format!("events       {} (seq ..{})", report.events, report.last));
    lines.push(format!("volumes      {} ({} blocks, {} fragments)", report.volumes, report.blocks, report.fragments));
    lines.push(format!("bytes        {} ({} decompressed · 압축을 풀면)", report.stored_bytes, report.raw_bytes));
    lines.push(format!("checkpoints  {}", report.checkpoints));
    lines.push(format!("snapshots    {}", report.snapshots));
    lines.join("\n")
}
