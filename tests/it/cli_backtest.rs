//! `jangbu backtest`: on tapes, on sessions, twice the same, kept and replayed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{check, folder, json};

/// A made-up tape of trades on spot, `count` of them, beginning at this trade: a price that swings.
fn write_tape(path: &Path, symbol: &str, first: u64, count: u64) {
    let mut text = String::new();
    for id in first..first + count {
        let recv_ms = 1_704_067_200_000 + id * 50;
        let swing = (id % 80).abs_diff(40);
        let stream = symbol.to_lowercase();
        let trade = format!(
            r#"{{"e":"trade","E":{recv_ms},"s":"{symbol}","t":{id},"p":"{}.10","q":"0.01500000","T":{recv_ms},"m":{},"M":true}}"#,
            41_000 + swing * 7,
            id % 80 < 40
        );
        writeln!(text, r#"{}000000 {{"stream":"{stream}@trade","data":{trade}}}"#, recv_ms).expect("a string");
    }
    std::fs::write(path, text).expect("a small file");
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("{name}: {value}"))
}

/// Everything but how long it took.
fn timeless(text: &str) -> Value {
    let mut value = json(text);
    value["elapsed_ns"] = Value::Null;
    value["events_per_second"] = Value::Null;
    value
}

#[test]
fn a_tape_is_traded_the_same_each_time_and_the_journal_kept_of_it_agrees() {
    let dir = folder();
    let dir = dir.path();
    write_tape(&dir.join("a.tape"), "BTCUSDT", 1, 2_000);
    let (out, err) = check(dir, &["backtest", "--tape", "a.tape", "--keep", "run", "--json"], 0);
    assert!(err.contains("ema-cross") && err.contains("USDT"), "{err}");
    let report = timeless(&out);
    assert!(number(&report, "fills") >= 20 && number(&report, "fills") == number(&report, "orders"), "{report}");
    let account = |value: &Value| {
        let rows = value["results"].as_array().expect("accounts").clone();
        rows.into_iter().find(|row| row["venue"] == "binance-spot").expect("an account")
    };
    let row = account(&report);
    let amount = |name: &str| row[name].as_str().and_then(|text| text.parse::<f64>().ok()).expect("an amount");
    assert!(amount("fees") > 0.0 && amount("drawdown") > 0.0, "{row}");
    assert!((amount("realised") + amount("unrealised") - amount("fees") - amount("profit")).abs() < 1e-6, "{row}");
    assert_eq!(timeless(&check(dir, &["backtest", "--tape", "a.tape", "--json"], 0).0), report);

    let replayed = json(&check(dir, &["replay", "--journal", "run", "--twice", "--json"], 0).0);
    assert_eq!((&replayed["effects_digest"], &replayed["state_digest"]), (&report["effects_digest"], &report["state_digest"]));
    let again = timeless(&check(dir, &["backtest", "--journal", "run", "--session", "1", "--json"], 0).0);
    assert_eq!((&again["same_as_recorded"], &again["state_digest"]), (&Value::Bool(true), &report["state_digest"]));
    assert_eq!(account(&again), row);
    // With another latency the fills are others, and it says so.
    let slow = ["backtest", "--journal", "run", "--session", "1", "--entry-ms", "700", "--json"];
    assert_eq!(json(&check(dir, &slow, 0).0)["same_as_recorded"], false);
    // Another day's settings on the same market.
    let settings = "[[strategy]]\nname = \"ema-cross\"\nparameters = { fast = 5, slow = 30, on = \"trade\" }\n";
    std::fs::write(dir.join("other.toml"), settings).expect("written");
    let other = ["backtest", "--journal", "run", "--session", "1", "--config", "other.toml", "--json"];
    let other = timeless(&check(dir, &other, 0).0);
    assert_eq!((&other["same_as_recorded"], &other["history"]), (&Value::Null, &report["history"]));
    assert_ne!(other["effects_digest"], report["effects_digest"]);
    assert_eq!(
        timeless(&check(dir, &["backtest", "--tape", "a.tape", "--settings", "other.toml", "--json"], 0).0)["effects_digest"],
        other["effects_digest"]
    );
    let (out, _) = check(dir, &["backtest", "--tape", "a.tape"], 0);
    assert!(out.contains("drawdown") || out.contains("낙폭"), "{out}");
}

#[test]
fn tapes_are_merged_by_time_and_a_symbol_is_one_instrument_on_all_of_them() {
    let dir = folder();
    let dir = dir.path();
    write_tape(&dir.join("whole.tape"), "BTCUSDT", 1, 1_000);
    write_tape(&dir.join("first.tape"), "BTCUSDT", 1, 600);
    write_tape(&dir.join("second.tape"), "BTCUSDT", 601, 400);
    write_tape(&dir.join("other.tape"), "ETHUSDT", 1, 1_000);
    let run = |tapes: &[&str]| {
        let arguments: Vec<&str> = ["backtest", "--json", "--tape"].into_iter().chain(tapes.iter().copied()).collect();
        json(&check(dir, &arguments, 0).0)
    };
    let whole = run(&["whole.tape"]);
    let parts = run(&["second.tape", "first.tape"]);
    assert_eq!((&whole["orders"], &whole["fills"], &whole["results"]), (&parts["orders"], &parts["fills"], &parts["results"]));
    let both = run(&["whole.tape", "other.tape"]);
    // The definition of the second instrument, and its trades.
    assert_eq!(number(&both, "history"), number(&whole, "history") + 1_001);
    assert!(number(&both, "orders") > number(&whole, "orders"), "{both}");
}

#[test]
fn a_live_session_and_a_backtest_of_it_decide_and_fill_alike() {
    let dir = folder();
    let dir = dir.path();
    write_tape(&dir.join("a.tape"), "BTCUSDT", 1, 4_000);
    // Over real sockets, the second from the state the first left, with raw frames among its events and other latencies: the
    // journal tells them, not the settings that stand there when it is looked into.
    for (session, raw, entry_ms) in [("1", "off", "20"), ("2", "all", "3.5")] {
        std::fs::write(dir.join("live.toml"), format!("[simulator]\nentry_ms = {entry_ms}\n")).expect("written");
        let live = ["live", "--tape", "a.tape", "--speed", "max", "--raw", raw, "--config", "live.toml", "--json"];
        let live = json(&check(dir, &live, 0).0);
        assert!(live["counts"]["fills"].as_u64() > Some(0), "{live}");
        let backtest = json(&check(dir, &["backtest", "--session", session, "--json"], 0).0);
        assert_eq!((&backtest["same_as_recorded"], &backtest["fills"]), (&Value::Bool(true), &live["counts"]["fills"]));
        assert_eq!((&backtest["effects_digest"], &backtest["state_digest"]), (&live["effects_digest"], &live["state"]));
    }
}

#[test]
fn what_cannot_be_run_on_is_said() {
    let dir = folder();
    let dir = dir.path();
    check(dir, &["backtest"], 2);
    check(dir, &["backtest", "--tape", "a", "--session", "1"], 2);
    let (_, err) = check(dir, &["backtest", "--tape", "nowhere.tape"], 3);
    assert!(err.contains("nowhere.tape"), "{err}");
    std::fs::write(dir.join("bad.tape"), "no tape\n").expect("written");
    let (_, err) = check(dir, &["backtest", "--tape", "bad.tape"], 3);
    assert!(err.contains("bad.tape, line 1"), "{err}");
    let (_, err) = check(dir, &["backtest", "--session", "1"], 3);
    assert!(err.contains("jangbu-data"), "{err}");
    check(dir, &["backtest", "--tape", "bad.tape", "--entry-ms", "soon"], 2);
}

/// The recorded tapes, where they are.
fn recorded(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn recorded_tapes_are_traded_the_same_each_time() {
    let Some(spot) = recorded("binance-spot-btcusdt-20240808.tape.gz") else { return };
    let Some(futures) = recorded("binance-usdm-btcusdt-20240808.tape.gz") else { return };
    let dir = folder();
    let mut arguments = vec!["backtest", "--json", "--tape", spot.to_str().expect("a path")];
    // Together they are 700,000 events: a while in a debug build.
    let both = std::env::var_os("JANGBU_SLOW").is_some();
    if both {
        arguments.push(futures.to_str().expect("a path"));
    }
    let report = timeless(&check(dir.path(), &arguments, 0).0);
    assert_eq!(report, timeless(&check(dir.path(), &arguments, 0).0));
    let notes = report["notes"].as_array().expect("notes");
    assert_eq!(notes.len(), if both { 2 } else { 1 }, "a damaged line would add one: {notes:?}");
    assert!(notes[0].as_str().is_some_and(|note| note.contains("41248 frames")), "{notes:?}");
    assert!(number(&report, "fills") > 10, "{report}");
}
