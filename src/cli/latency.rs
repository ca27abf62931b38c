//! `jangbu latency`: how long everything took, session beside session.

use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use super::answer::{Failure, Outcome, print, print_json};
use super::settings::JournalArgs;
use crate::live::latency::duration_text;
use crate::live::summary::latency_path;
use crate::live::{Language, Latencies, Stage};
use crate::market::Venue;

/// How many sessions are shown when none is named.
const SHOWN: usize = 5;

/// The quantiles of a row, and the names of their columns.
const QUANTILES: [(f64, &str); 4] = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9")];

/// `jangbu latency`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 세션 번호; 없으면 마지막 다섯 · Sessions to compare [default: the last five]
    #[arg(value_name = "SESSION")]
    sessions: Vec<u32>,
    #[command(flatten)]
    journal: JournalArgs,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let dir = args.journal.dir()?;
    let known = sessions_of(&dir)?;
    let mut wanted = args.sessions.clone();
    if wanted.is_empty() {
        wanted = known[known.len().saturating_sub(SHOWN)..].to_vec();
    }
    if wanted.is_empty() {
        return Err(Failure::could_not(format_args!(
            "{}: no latencies are kept there; `jangbu live` keeps those of each session · 기록된 지연이 없습니다",
            dir.display()
        )));
    }
    let mut loaded = Vec::new();
    for session in wanted {
        if !known.contains(&session) {
            let known: Vec<String> = known.iter().map(u32::to_string).collect();
            return Err(Failure::could_not(format_args!(
                "{}: session {session} kept no latencies (those that did: {}) · 그 세션의 지연 기록이 없습니다",
                dir.display(),
                if known.is_empty() { "none".to_owned() } else { known.join(", ") }
            )));
        }
        loaded.push((session, Latencies::load(&latency_path(&dir, session)).map_err(Failure::could_not)?));
    }
    if args.json {
        let sessions: Vec<Value> = loaded.iter().map(|(session, latencies)| session_json(*session, latencies)).collect();
        print_json(&json!({ "journal": dir, "sessions": sessions }))?;
    } else {
        print(table(&loaded).trim_end())?;
    }
    Ok(Outcome::Done)
}

/// Sessions that kept latencies, rising.
fn sessions_of(dir: &Path) -> Result<Vec<u32>, Failure> {
    let folder = dir.join("sessions");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::could_not(format_args!("{}: {error}", folder.display()))),
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut sessions: Vec<u32> = names.filter_map(|name| name.strip_suffix(".hlog")?.parse().ok()).collect();
    sessions.sort_unstable();
    Ok(sessions)
}

/// What was measured, by venue and stage.
fn measured<'a>(latencies: &'a Latencies) -> impl Iterator<Item = (Venue, Stage, &'a Histogram<u64>)> + 'a {
    let places = Venue::ALL.into_iter().flat_map(|venue| Stage::ALL.into_iter().map(move |stage| (venue, stage)));
    places.filter_map(|(venue, stage)| Some((venue, stage, latencies.get(venue, stage)?)))
}

fn session_json(session: u32, latencies: &Latencies) -> Value {
    let row = |(venue, stage, histogram): (Venue, Stage, &Histogram<u64>)| {
        let [p50, p90, p99, p999] = QUANTILES.map(|(quantile, _)| histogram.value_at_quantile(quantile));
        json!({
            "venue": venue.name(),
            "stage": stage.name(),
            "count": histogram.len(),
            "p50_ns": p50,
            "p90_ns": p90,
            "p99_ns": p99,
            "p999_ns": p999,
            "max_ns": histogram.max(),
        })
    };
    json!({ "session": session, "latencies": measured(latencies).map(row).collect::<Vec<_>>() })
}

/// Sessions one below the other within each venue and stage.
fn table(sessions: &[(u32, Latencies)]) -> String {
    let mut text = String::new();
    let mut line = |head: [&str; 2], session: &str, cells: &[String]| {
        let cells: String = cells.iter().map(|cell| format!(" {cell:>9}")).collect();
        // Writing to a String cannot fail. The arrow and µ are one column each, as are their characters.
        let _ = writeln!(text, "{:<12}  {:<21}  {session:>7} {cells}", head[0], head[1]);
    };
    let names = QUANTILES.iter().map(|(_, name)| (*name).to_owned());
    line(
        ["venue", "stage"],
        "session",
        &["count".to_owned()].into_iter().chain(names).chain(["max".to_owned()]).collect::<Vec<_>>(),
    );
    for venue in Venue::ALL {
        for stage in Stage::ALL {
            for (session, latencies) in sessions {
                let Some(histogram) = latencies.get(venue, stage) else { continue };
                let quantiles = QUANTILES.map(|(quantile, _)| duration_text(histogram.value_at_quantile(quantile)));
                let cells: Vec<String> =
                    [histogram.len().to_string()].into_iter().chain(quantiles).chain([duration_text(histogram.max())]).collect();
                line([venue.name(), stage.label(Language::English)], &session.to_string(), &cells);
            }
        }
    }
    text.push_str(FOOT);
    text
}

/// What the words of the table mean.
const FOOT: &str = "
venue → received 거래소 → 수신, venue clock ahead by 거래소 시계가 앞선 만큼 (지연이 아님 · skew, no latency),
received → applied 수신 → 적용, applied → durable 적용 → 기록, durable → sent 기록 → 전송, sent → acknowledged 전송 → 응답
";
