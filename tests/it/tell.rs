//! `jangbu tell`: an operator speaks to a running session. What is answered is durable, what is refused leaves no trace, and all of it
//! is in the journal and replays.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{Running, check, folder, jangbu, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// A session that has heard something.
fn start(dir: &Path, arguments: &[&str]) -> Running {
    let mut running = Running::start(dir, &[&["live"], arguments].concat());
    loop {
        let line = running.said();
        assert!(!line.is_empty(), "ended by itself");
        if line.contains("durable") {
            return running;
        }
    }
}

/// What a session answers, and whether it did it.
pub fn tell(dir: &Path, words: &[&str]) -> (i32, Value) {
    let output = jangbu(dir, &[&["tell"], words, &["--json"]].concat());
    let (out, err) = (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned());
    let code = output.status.code().unwrap_or(-1);
    assert!(matches!(code, 0 | 1), "{words:?}: {code}\n{out}\n{err}");
    (code, json(&out))
}

fn done(dir: &Path, words: &[&str]) -> Value {
    let (code, reply) = tell(dir, words);
    assert_eq!((code, &reply["ok"]), (0, &Value::Bool(true)), "{words:?}: {reply}");
    reply
}

/// Refused, in words that have all of these.
fn refused(dir: &Path, words: &[&str], said: &[&str]) -> Value {
    let (code, reply) = tell(dir, words);
    let text = reply["text"].as_str().expect("words");
    assert_eq!((code, &reply["ok"]), (1, &Value::Bool(false)), "{words:?}: {reply}");
    assert!(said.iter().all(|said| text.contains(said)), "{words:?}: {said:?} is not in: {text}");
    reply
}

/// Reads lines until one has `words`.
fn read_until(running: &mut Running, words: &str) {
    loop {
        let line = running.said();
        assert!(!line.is_empty(), "ended without saying {words}");
        if line.contains(words) {
            return;
        }
    }
}

/// The whole journal again, from its first event, twice: identical.
fn check_replay(dir: &Path) {
    let replay = json(&check(dir, &["replay", "--from", "1", "--no-snapshots", "--twice", "--json"], 0).0);
    assert_eq!((&replay["identical"], &replay["both_agree"]), (&Value::Bool(true), &Value::Bool(true)), "{replay}");
}

const SPOT: &str = "binance-spot:BTCUSDT";
const BUY: [&str; 5] = ["order", "buy", SPOT, "0.001", "--market"];

#[test]
fn an_order_fills_a_kill_outlives_the_process_and_all_of_it_replays() {
    let dir = folder();
    let dir = dir.path();
    let mut live = start(dir, &["--no-trade"]);
    let reply = done(dir, &BUY);
    let order = reply["order"].as_str().expect("an id").to_owned();
    assert!(reply["seq"].as_u64() > Some(0) && order.starts_with("J1-"), "{reply}");
    read_until(&mut live, &format!("({order})"));
    // One that rests: it is listed, amended, cancelled.
    let reply = done(dir, &["order", "buy", SPOT, "0.01", "--limit", "10000"]);
    let resting = reply["order"].as_str().expect("an id").to_owned();
    let listed = || done(dir, &["status"])["status"]["orders"].as_array().expect("orders").clone();
    let is_listed = || listed().iter().any(|row| row["order"] == resting.as_str());
    assert!(is_listed());
    let until = |what: &str, condition: &dyn Fn() -> bool| {
        let since = Instant::now();
        while !condition() {
            assert!(since.elapsed() < PATIENCE, "{what}");
        }
    };
    until("amended", &|| tell(dir, &["amend", &resting, "--price", "10001"]).0 == 0);
    until("it stands there", &|| listed().iter().any(|row| row["order"] == resting.as_str() && row["limit"] == "10001"));
    done(dir, &["cancel", &resting]);
    until("cancelled", &|| !is_listed());
    refused(dir, &["cancel", &resting], &["is not open"]);
    done(dir, &["cancel", "all"]);
    // What cannot be is answered and leaves no trace.
    let reply = refused(dir, &["order", "buy", "BTCUSD", "1", "--market"], &["not an instrument", "did you mean", "조치: "]);
    assert!(reply["seq"].is_null(), "{reply}");
    refused(dir, &["order", "buy", SPOT, "many", "--market"], &["`many` is not a quantity"]);
    refused(dir, &["reconnect", "kiwoom"], &["not connected to kiwoom"]);
    check(dir, &["tell", "order", "buy", SPOT, "1"], 2);
    check(dir, &["tell", "order", "buy", SPOT, "1", "--market", "--limit", "5"], 2);
    check(dir, &["tell", "amend", &resting], 2);

    // A kill that was answered is durable: the process may die at that very moment.
    let killed = done(dir, &["kill", "a", "reason"]);
    live.kill();
    let mut live = start(dir, &["--no-trade"]);
    assert_eq!(done(dir, &["status"])["status"]["killed"], "a reason");
    let said = ["kill switch is on", "a reason", "To do: ", "정지되어", "조치: "];
    let reply = refused(dir, &BUY, &said);
    assert!(reply["seq"].as_u64() > killed["seq"].as_u64(), "an order that risk refused is an event: {reply}");
    refused(dir, &["liquidate"], &["kill switch is on"]);
    assert!(done(dir, &["resume"])["text"].as_str().is_some_and(|text| text.contains("may leave again")));
    assert!(done(dir, &["resume"])["text"].as_str().is_some_and(|text| text.contains("was not on")));
    until("it leaves again", &|| tell(dir, &BUY).0 == 0);
    done(dir, &["liquidate"]);
    until("flat", &|| done(dir, &["status"])["status"]["positions"].as_array().is_some_and(Vec::is_empty));
    live.interrupt();
    let (code, _, err) = live.end(PATIENCE);
    assert_eq!(code, 0, "{err}");
    assert!(!dir.join("jangbu-data/control.sock").exists());
    let (_, err) = check(dir, &["tell", "status"], 3);
    assert!(err.contains("no session is running") && err.contains("jangbu live") && err.contains("조치"), "{err}");
    let (out, _) = check(dir, &["journal", "cat", "--only", "command"], 0);
    assert!(out.contains("a reason") && (out.contains("resume") || out.contains("정지 해제")), "{out}");
    assert!(!out.contains("BTCUSD "), "{out}");
    check_replay(dir);
}

const SETTINGS: &str = "[risk]\norder_qty_max = 5\n[[strategy]]\nname = \"ema-cross\"\n[strategy.parameters]\nfast = 5\nnotional = 100\n\
                        [[strategy]]\nname = \"text\"\n[strategy.parameters]\nbuy = \"buy.py\"\nnotional = 100\n";

#[test]
fn settings_change_while_it_runs_and_each_change_is_an_event() {
    let dir = folder();
    let dir = dir.path();
    fs::write(dir.join("jangbu.toml"), SETTINGS).expect("written");
    fs::write(dir.join("buy.py"), "매수 = 등락율 > 50\n").expect("written");
    let mut live = start(dir, &[]);
    let keys = |reply: &Value| -> Vec<String> {
        let changes = reply["changes"].as_array().cloned().unwrap_or_default();
        changes.iter().map(|change| format!("{} {} → {}", change["key"], change["from"], change["to"]).replace('"', "")).collect()
    };
    let reply = done(dir, &["set", "ema-cross", "fast", "7"]);
    assert_eq!(keys(&reply), ["strategy.0.ema-cross.fast 5 → 7"]);
    let first = reply["seq"].as_u64().expect("an event");
    let again = done(dir, &["set", "0", "fast", "7"]);
    assert!(again["seq"].is_null() && keys(&again).is_empty(), "nothing is different: {again}");
    assert_eq!(keys(&done(dir, &["set", "risk", "order_qty_max", "0.5"])), ["risk.order_qty_max 5 → 0.5"]);
    refused(dir, &["order", "buy", SPOT, "0.6", "--market"], &["limit of 0.5", "조치: "]);
    for (words, said) in [
        (["set", "ema-cross", "fats", "7"], "did you mean `fast`"),
        (["set", "ema-cross", "fast", "-7"], "whole number"),
        (["set", "nobody", "fast", "7"], "0 ema-cross, 1 text"),
        (["set", "risk", "nothing", "7"], "not a limit of risk"),
    ] {
        assert!(refused(dir, &words, &[said])["seq"].is_null());
    }
    // A text: what is wrong with it is said, and what ran goes on.
    fs::write(dir.join("new.py"), "매수 = 등락률 > 40\n").expect("written");
    refused(dir, &["text", "buy.py", "new.py"], &["등락율"]);
    fs::write(dir.join("new.py"), "매수 = 등락율 > 40\n").expect("written");
    assert!(done(dir, &["text", "buy.py", "new.py"])["seq"].as_u64() > Some(first));
    // The file again: what it says otherwise now, and what only the next start reads.
    let other = SETTINGS.replace("fast = 5", "fast = 9").replace("order_qty_max = 5", "order_qty_max = 4");
    fs::write(dir.join("other.toml"), format!("[journal]\nvolume_mib = 64\n{other}")).expect("written");
    let expected =
        ["risk.order_qty_max 0.5 → 4", "strategy.0.ema-cross.fast 7 → 9", "text buy.py", "journal.volume_mib 256 → 64"];
    let agree = |reply: &Value| {
        let keys = keys(reply);
        assert!(keys.len() == 4 && keys.iter().zip(expected).all(|(key, expected)| key.starts_with(expected)), "{keys:?}");
        assert_eq!(reply["changes"][3]["needs_restart"], true);
    };
    let shown = done(dir, &["reload", "other.toml", "--check"]);
    agree(&shown);
    assert!(shown["seq"].is_null());
    agree(&done(dir, &["reload", "other.toml"]));
    let status = done(dir, &["status"]);
    assert_eq!(status["status"]["strategies"][0]["parameters"]["fast"], "9");
    fs::write(dir.join("other.toml"), "[risk]\norder_qyt_max = 1\n").expect("written");
    refused(dir, &["reload", "other.toml"], &["other.toml:2", "order_qty_max"]);
    done(dir, &["auto-trade", "off"]);
    done(dir, &["set", "risk", "order_qty_max", "none"]);
    let since = Instant::now();
    while done(dir, &["status"])["status"]["auto_trade"] != false {
        assert!(since.elapsed() < PATIENCE);
    }
    let (out, _) = check(dir, &["tell", "status"], 0);
    assert!(out.contains("fast=9") && out.contains("끔 off"), "{out}");
    live.interrupt();
    assert_eq!(live.end(PATIENCE).0, 0);
    let (out, _) = check(dir, &["journal", "cat", "--only", "command", "--json", "--from", &first.to_string()], 0);
    assert_eq!(out.matches("\"Configure\"").count(), 4, "{out}");
    assert_eq!(out.matches("\"StrategyText\"").count(), 2, "{out}");
    check_replay(dir);
}

#[test]
fn hostile_clients_hold_neither_the_session_nor_its_operator() {
    let dir = folder();
    let dir = dir.path();
    let mut live = start(dir, &["--no-trade", "--speed", "5"]);
    let path = dir.join("jangbu-data/control.sock");
    let seq = || done(dir, &["status"])["status"]["seq"].as_u64().expect("a seq");
    let before = seq();
    let mut flood = UnixStream::connect(&path).expect("it listens");
    let chunk = vec![b'{'; 1 << 20];
    // A line of 100 MB: cut off.
    assert!((0..100).any(|_| flood.write_all(&chunk).is_err()), "all of it was taken");
    let mut held = Vec::new();
    for number in 0..1_000 {
        let Ok(mut stream) = UnixStream::connect(&path) else { continue };
        stream.set_nonblocking(true).expect("a socket");
        // Some ask and never read, some say nonsense, some nothing.
        let _ = match number % 3 {
            0 => stream.write("{\"say\":\"status\"}\n".repeat(1_000).as_bytes()),
            1 => stream.write(b"\xff\xfe\x00 not JSON"),
            _ => Ok(0),
        };
        held.push(stream);
    }
    done(dir, &["kill", "in spite of them"]);
    let mut garbage = UnixStream::connect(&path).expect("it listens");
    garbage.write_all(b"\xff\xfe{}\n").expect("it reads");
    let mut answer = [0; 64];
    let read = garbage.read(&mut answer).expect("an answer");
    assert!(String::from_utf8_lossy(&answer[..read]).contains("\"ok\":false"));
    let since = Instant::now();
    while seq() <= before {
        assert!(since.elapsed() < PATIENCE, "the session stands still");
    }
    drop(held);
    live.interrupt();
    let (code, _, err) = live.end(PATIENCE);
    assert_eq!(code, 0, "{err}");
    check_replay(dir);
}
