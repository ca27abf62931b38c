//! `jangbu bench`: how fast this build is on this machine, against the machine's own limits.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::answer::{Failure, Outcome, print, print_json, say};
use crate::bench::{self, Line, Measure, Spread};

/// `jangbu bench`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// 사건 수 · How many events: a number, 100k, 1m or 10m
    #[arg(long, default_value = "1m", value_parser = parse_count)]
    events: u64,
    /// 하나만 · Only this one
    #[arg(long, value_name = "NAME", value_parser = parse_measure)]
    only: Option<Measure>,
    /// 재는 디스크의 폴더 · A folder on the disk to measure; what it makes there it removes
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// JSON으로 · As JSON
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    if cfg!(debug_assertions) {
        say(
            "this is a debug build: the figures mean nothing; use `cargo run --release -- bench` · 디버그 빌드의 수치는 의미가 없습니다",
        );
    }
    let only = args.only.map(|only| [only]);
    let measures = only.as_ref().map_or(&Measure::ALL[..], |only| &only[..]);
    let mut said = None;
    let mut progress = |what: &str, done: u64, total: u64| {
        // Rounds take a second or so each: a line when something new begins, then at most one a second.
        if said.as_ref().is_none_or(|(last, at): &(String, Instant)| last != what || at.elapsed() >= INTERVAL) {
            say(format_args!("{what}: {done}/{total}"));
            said = Some((what.to_owned(), Instant::now()));
        }
    };
    let lines = bench::run(measures, args.events, &args.dir, &mut progress).map_err(Failure::could_not)?;
    let peak = bench::peak_memory_bytes();
    if args.json {
        let lines: Vec<Value> = lines.iter().map(line_json).collect();
        print_json(&json!({ "lines": lines, "peak_memory_bytes": peak }))?;
    } else {
        for line in &lines {
            print(line_text(line))?;
        }
        print(match peak {
            Some(bytes) => format!("peak memory · 최대 메모리: {:.0} MB", bytes as f64 / 1e6),
            None => "peak memory · 최대 메모리: unknown here · 알 수 없음".into(),
        })?;
    }
    Ok(Outcome::Done)
}

fn line_text(line: &Line) -> String {
    let Line { name, subject, limit, goal, events, bytes, compared } = line;
    let ratio = compared.ratio;
    let verdict = match goal {
        Some(goal) if ratio.median >= *goal => format!(", goal {goal:.2} met · 목표 달성"),
        Some(goal) => format!(", goal {goal:.2} missed · 목표 미달"),
        None => String::new(),
    };
    let side = |seconds: Spread| {
        let rate = *events as f64 / seconds.median;
        let speed = *bytes as f64 / seconds.median / 1e6;
        format!("{:.1} ns an event, {:.2} M events/s, {speed:.0} MB/s", 1e9 / rate, rate / 1e6)
    };
    format!(
        "{name}: {:.2} ({:.2}..{:.2}){verdict}\n  {subject}: {}\n  {limit}: {}",
        ratio.median,
        ratio.min,
        ratio.max,
        side(compared.subject_s),
        side(compared.limit_s)
    )
}

fn line_json(line: &Line) -> Value {
    let spread = |spread: Spread| json!({ "median": spread.median, "min": spread.min, "max": spread.max });
    json!({
        "name": line.name,
        "subject": line.subject,
        "limit": line.limit,
        "goal": line.goal,
        "events": line.events,
        "bytes": line.bytes,
        "ratio": spread(line.compared.ratio),
        "subject_s": spread(line.compared.subject_s),
        "limit_s": spread(line.compared.limit_s),
    })
}

fn parse_count(text: &str) -> Result<u64, String> {
    let lower = text.to_ascii_lowercase();
    let (digits, unit) = match lower.strip_suffix(['k', 'm']) {
        Some(digits) if lower.ends_with('k') => (digits, 1_000),
        Some(digits) => (digits, 1_000_000),
        None => (lower.as_str(), 1),
    };
    let count = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(unit));
    count
        .filter(|count| (EVENTS_MIN..=EVENTS_MAX).contains(count))
        .ok_or_else(|| format!("expected {EVENTS_MIN} to 1000m, like 100k, 1m or 10m"))
}

fn parse_measure(text: &str) -> Result<Measure, String> {
    Measure::ALL.into_iter().find(|measure| measure.name() == text).ok_or_else(|| {
        let names: Vec<&str> = Measure::ALL.into_iter().map(Measure::name).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// Fewer would measure nothing but the opening of files.
const EVENTS_MIN: u64 = 1_000;
const EVENTS_MAX: u64 = 1_000_000_000;
const INTERVAL: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read() {
        assert_eq!(parse_count("10m"), Ok(10_000_000));
        assert_eq!(parse_count("200K"), Ok(200_000));
        assert_eq!(parse_count("1500"), Ok(1500));
        for bad in ["", "m", "0", "999", "1.5m", "-1", "2000m", "99999999999999999999", "십만"] {
            assert!(parse_count(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_measure("append"), Ok(Measure::Append));
        assert!(parse_measure("apend").is_err());
    }
}
