//! `jangbu latency` on logs as sessions leave them.

use std::path::Path;

use jangbu::live::{Latencies, Stage};
use jangbu::market::Venue;
use jangbu_journal::Nanos;

use crate::program::{check, folder, json};

fn keep(dir: &Path, session: u32, nanos: &[i64]) {
    let mut latencies = Latencies::default();
    nanos.iter().for_each(|nanos| latencies.record(Venue::BinanceUsdM, Stage::ReceivedToApplied, *nanos));
    // The venue's clock is 1.27 s ahead: no latency.
    latencies.record_received(Venue::BinanceSpot, Nanos::new(1_270_000_000), Nanos::ZERO);
    let path = dir.join("jangbu-data/sessions").join(format!("{session}.hlog"));
    latencies.save(&path, Nanos::ZERO, Nanos::new(1_000_000_000)).expect("written");
}

#[test]
fn sessions_stand_side_by_side_and_skew_is_skew() {
    let dir = folder();
    let (_, err) = check(dir.path(), &["latency"], 3);
    assert!(err.contains("jangbu live"), "{err}");
    keep(dir.path(), 1, &[1_000, 2_000, 3_000, 40_000]);
    keep(dir.path(), 2, &[10_000; 3]);
    let (out, _) = check(dir.path(), &["latency"], 0);
    let row = |start: &str, session: &str| {
        let mut lines = out.lines().filter(|line| line.starts_with(start));
        let row = lines.find(|line| line.split_whitespace().rev().nth(6) == Some(session));
        row.unwrap_or_else(|| panic!("{start} {session}: {out}")).split_whitespace().rev().take(6).collect::<Vec<_>>()
    };
    let half = |row: Vec<&str>| (row[5].to_owned(), row[4].to_owned(), row[0].to_owned());
    assert_eq!(half(row("binance-usdm  received", "1")), ("4".into(), "2.00µs".into(), "40.0µs".into()));
    assert_eq!(half(row("binance-usdm  received", "2")), ("3".into(), "10.0µs".into(), "10.0µs".into()));
    assert_eq!(row("binance-spot  venue clock ahead by", "1")[5], "1");
    assert!(!out.contains("binance-spot  venue → received"), "{out}");

    let shown = json(&check(dir.path(), &["latency", "2", "--json"], 0).0);
    assert_eq!(shown["sessions"].as_array().map(Vec::len), Some(1));
    let row = &shown["sessions"][0]["latencies"][1];
    assert_eq!((&row["stage"], row["count"].as_u64()), (&"received-to-applied".into(), Some(3)));
    assert!(["p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns"].iter().all(|name| row[name].as_u64() > Some(9_990)), "{row}");

    let (_, err) = check(dir.path(), &["latency", "7"], 3);
    assert!(err.contains("session 7") && err.contains("1, 2"), "{err}");
    std::fs::write(dir.path().join("jangbu-data/sessions/2.hlog"), "not a log\n").expect("written");
    let (_, err) = check(dir.path(), &["latency"], 3);
    assert!(err.contains("2.hlog"), "{err}");
}
