//! `jangbu journal info`: volumes, sizes, span.

use jangbu_journal::{Info, Nanos, VolumeInfo, info};

use crate::cli::answer::{Failure, Outcome, print, print_json};
use crate::cli::moment::time_text;
use crate::cli::settings::JournalArgs;

/// `jangbu journal info`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    journal: JournalArgs,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// Runs it. Trouble that is noticed is the answer no.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let info = info(&args.journal.dir()?).map_err(Failure::could_not)?;
    if args.json {
        print_json(&serde_json::to_value(&info).map_err(Failure::could_not)?)?;
    } else {
        print(text(&info))?;
    }
    Ok(if info.troubles.is_empty() { Outcome::Done } else { Outcome::No })
}

fn text(info: &Info) -> String {
    let mut lines = info.troubles.clone();
    let state = match info.holder_pid {
        Some(pid) => format!("쓰이는 중 · being written, process {pid}"),
        None => "닫힘 · nobody writes it".to_owned(),
    };
    lines.push(format!("journal    {} ({state})", info.dir));
    let marked = info.marked.map_or_else(|| "?".to_owned(), |seq| seq.to_string());
    match info.first.zip(info.last) {
        Some((first, last)) => lines.push(format!("events     {first} .. {last} (durable · 남음이 확인된 곳 {marked})")),
        None => lines.push("events     없음 · none".into()),
    }
    if let Some((first, last)) = span(info) {
        lines.push(format!("span       {} .. {}", time_text(first), time_text(last)));
    }
    if let Some(durability) = info.durability {
        lines.push(format!("durability {durability}"));
    }
    lines.push(format!("sessions   {}", info.sessions.len()));
    let bytes = info.snapshots.iter().map(|snapshot| snapshot.bytes).sum();
    lines.push(format!("snapshots  {} ({})", info.snapshots.len(), size_text(bytes)));
    let events = info.first.zip(info.last).map_or(0, |(first, last)| last.next().get().saturating_sub(first.get()));
    let each = info.bytes.checked_div(events).unwrap_or(0);
    lines.push(format!("volumes    {} ({}, {each} B an event · 사건마다)", info.volumes.len(), size_text(info.bytes)));
    lines.extend(info.volumes.iter().map(volume_text));
    lines.join("\n")
}

fn volume_text(volume: &VolumeInfo) -> String {
    let last = volume.last.map_or_else(|| "-".to_owned(), |last| last.to_string());
    let state = match (volume.present, volume.sealed) {
        (false, _) => "없어짐 · GONE",
        (true, true) => "sealed · 봉함",
        (true, false) => "open · 열림",
    };
    let blocks = volume.blocks.map_or(String::new(), |blocks| format!(", {blocks} blocks"));
    format!("  {:08}  {} .. {last}  {}{blocks}, {state}", volume.number, volume.first, size_text(volume.bytes))
}

/// When the first event was received, and the last.
fn span(info: &Info) -> Option<(Nanos, Nanos)> {
    let first = info.volumes.iter().find_map(|volume| volume.first_recv)?;
    let last = info.volumes.iter().rev().find_map(|volume| volume.last_recv)?;
    Some((first, last))
}

fn size_text(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
