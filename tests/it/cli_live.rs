//! `jangbu live`: sessions over real sockets, ended in every way, are replayed bit for bit.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::program::{Running, check, folder, json};

const PATIENCE: Duration = Duration::from_secs(60);

fn slow() -> bool {
    std::env::var_os("JANGBU_SLOW").is_some()
}

/// The whole journal again, from its first event, twice: identical.
fn check_replay(dir: &Path) -> Value {
    let (out, _) = check(dir, &["replay", "--from", "1", "--no-snapshots", "--twice", "--json"], 0);
    let replay = json(&out);
    assert_eq!((&replay["identical"], &replay["both_agree"]), (&Value::Bool(true), &Value::Bool(true)), "{out}");
    // And from the latest snapshot.
    check(dir, &["replay"], 0);
    replay
}

fn sum_of_classes(frames: &Value) -> u64 {
    let classes = frames["classes"].as_array().expect("classes");
    classes.iter().map(|class| class[1].as_u64().expect("a count")).sum()
}

#[test]
fn a_session_without_settings_trades_and_replays() {
    let dir = folder();
    let (out, err) = check(dir.path(), &["live", "--for", "3s", "--speed", "20", "--json"], 0);
    assert!(err.contains("synthetic") && err.contains("ema-cross"), "{err}");
    let summary = json(&out);
    assert_eq!(summary["halt"], Value::Null);
    let counts = &summary["counts"];
    assert!(counts["trades"].as_u64() > Some(100) && counts["fills"].as_u64() > Some(0), "{out}");
    for frames in summary["frames"].as_array().expect("venues") {
        assert_eq!(frames["received"].as_u64(), Some(sum_of_classes(frames)), "{frames}");
    }
    check_replay(dir.path());
    // The next session goes on with positions and numbers.
    let next = json(&check(dir.path(), &["live", "--for", "1s", "--json"], 0).0);
    assert_eq!((next["session"].as_u64(), next["first"].as_u64()), (Some(2), summary["last"].as_u64().map(|last| last + 1)));
    check_replay(dir.path());
}

#[test]
fn ctrl_c_ends_a_session_in_good_order() {
    let dir = folder();
    let mut running = Running::start(dir.path(), &["live", "--speed", "5"]);
    while !running.said().contains("durable") {}
    // A journal has one writer, and the other is told who it is.
    let (_, err) = check(dir.path(), &["live", "--for", "1s"], 3);
    assert!(err.contains("jangbu-data") && err.chars().any(|c| c.is_ascii_digit()), "{err}");
    running.interrupt();
    let (code, out, err) = running.end(PATIENCE);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("replay it:") && out.contains("received → applied"), "{out}");
    check_replay(dir.path());
}

#[test]
fn killed_again_and_again_it_goes_on_and_loses_nothing_it_said_was_durable() {
    let dir = folder();
    let kills = if slow() { 50 } else { 3 };
    for kill in 0..kills {
        let mut running = Running::start(dir.path(), &["live", "--speed", if kill % 2 == 0 { "max" } else { "50" }]);
        let mut told = String::new();
        let durable = loop {
            let line = running.said();
            assert!(!line.is_empty(), "ended by itself, start {kill}:\n{told}");
            told.push_str(&line);
            let number = line.split_once("(durable ").and_then(|(_, rest)| rest.split_once(')'));
            if let Some((number, _)) = number {
                break number.parse::<u64>().expect("a seq");
            }
        };
        // At another place each time.
        std::thread::sleep(Duration::from_millis(kill * 37 % 200));
        running.kill();
        let info = json(&check(dir.path(), &["journal", "info", "--json"], 0).0);
        assert!(info["last"].as_u64() >= Some(durable), "durable {durable}: {info}");
        // A restart replays from the latest snapshot; now and then all of it is replayed.
        if kill % 10 == 9 {
            check_replay(dir.path());
        }
    }
    let summary = json(&check(dir.path(), &["live", "--for", "1s", "--json"], 0).0);
    assert_eq!((summary["session"].as_u64(), &summary["halt"]), (Some(kills + 1), &Value::Null));
    check_replay(dir.path());
}

/// The recorded tapes; nothing where they are not.
fn tapes() -> Vec<String> {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let names = ["binance-spot-btcusdt-20240808.tape.gz", "binance-usdm-btcusdt-20240808.tape.gz"];
    let paths: Vec<PathBuf> = names.iter().map(|name| data.join(name)).collect();
    if paths.iter().all(|path| path.exists()) {
        paths.iter().map(|path| path.display().to_string()).collect()
    } else {
        println!("SKIPPED: {} is not there", data.display());
        Vec::new()
    }
}

#[test]
fn every_frame_of_the_recorded_tapes_is_accounted_for() {
    let tapes = tapes();
    if tapes.is_empty() {
        return;
    }
    let dir = folder();
    let (out, _) = check(dir.path(), &["live", "--tape", &tapes[0], &tapes[1], "--speed", "max", "--json"], 0);
    let summary = json(&out);
    let frames = summary["frames"].as_array().expect("venues");
    assert_eq!(summary["frames_sent"].as_u64(), Some(93_953 + 41_248));
    assert_eq!(frames.iter().map(sum_of_classes).sum::<u64>(), 93_953 + 41_248, "{out}");
    assert!(frames.iter().flat_map(|frames| frames["classes"].as_array().expect("classes")).all(|class| class[0] != "malformed"));
    check_replay(dir.path());
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_written() {
    let dir = folder();
    check(dir.path(), &["live", "--for", "soon"], 2);
    check(dir.path(), &["live", "--durability", "eternal"], 2);
    check(dir.path(), &["live", "--tape", "missing.gz"], 3);
    // Real orders are confirmed, unless they go to this machine; and nowhere do they go without keys.
    let venue = "[[venue]]\nkind = \"upbit\"\norders = \"real\"\nsymbols = [\"KRW-BTC\"]\n";
    fs::write(dir.path().join("jangbu.toml"), venue).expect("written");
    let (_, err) = check(dir.path(), &["live", "--for", "1s"], 2);
    assert!(err.contains("upbit") && err.contains("--real") && err.contains("--paper"), "{err}");
    let here = format!("{venue}endpoint = \"ws://127.0.0.1:1\"\n");
    fs::write(dir.path().join("jangbu.toml"), here).expect("written");
    let (_, err) = check(dir.path(), &["live", "--for", "1s"], 3);
    assert!(err.contains("upbit"), "{err}");
    assert!(!dir.path().join("jangbu-data").exists());
}

#[test]
fn a_venue_at_another_address_is_connected_to() {
    let dir = folder();
    let emulate = ["emulate", "binance", "--kind", "usdm", "--symbols", "BTCUSDT", "--start", "first", "--json"];
    let mut venue = Running::start(dir.path(), &emulate);
    let market = json(&venue.line())["markets"][0].clone();
    let endpoint = market["websocket"].as_str().expect("an address").to_owned();
    let live = ["live", "--venue", "binance-usdm", "--endpoint", &endpoint, "--book-speed", "100ms", "--for", "3s", "--json"];
    let summary = json(&check(dir.path(), &live, 0).0);
    let counts = &summary["counts"];
    assert!(counts["quotes"].as_u64() > Some(0) && counts["depths"].as_u64() > Some(0), "{summary}");
    assert_eq!(summary["frames"][0]["venue"], "binance-usdm");
    check_replay(dir.path());
    check(dir.path(), &["live", "--venue", "binance-spot", "--endpoint", "ws://a", "--endpoint", "ws://b"], 2);
    check(dir.path(), &["live", "--venue", "binance-spot", "--tape", "x"], 2);
}
