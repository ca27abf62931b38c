//! `jangbu tell` at the emulated Kiwoom, over real sockets: what a mistaken order answers, conditions that change without a restart, a
//! connection lost to another login and taken back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{Running, check, folder, json};
use crate::tell::tell;

const PATIENCE: Duration = Duration::from_secs(60);

/// Reads lines until one has `words`; gives it.
fn line_with(running: &mut Running, words: &str) -> String {
    loop {
        let line = running.said();
        assert!(!line.is_empty(), "ended without saying {words}");
        if line.contains(words) {
            return line;
        }
    }
}

/// A session at a broker of these words, whose account is known.
fn at_broker(dir: &Path, words: &str, more: &str) -> Running {
    let venue =
        format!("[[venue]]\nkind = \"kiwoom\"\norders = \"real\"\nemulator = \"{words}\"\nsymbols = [\"005930\"]\n{more}");
    fs::write(dir.join("jangbu.toml"), venue).expect("written");
    let mut live = Running::start(dir, &["live"]);
    line_with(&mut live, "[reconcile.done]");
    live
}

/// One line that says what, why and what to do, in both languages.
fn check_answer(reply: &Value, parts: &[&str]) {
    let text = reply["text"].as_str().expect("words");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(parts.iter().chain(&["To do: ", "조치: "]).all(|part| text.contains(part)), "{parts:?}: {text}");
}

#[test]
fn a_mistaken_order_is_answered_in_one_line() {
    let dir = folder();
    let dir = dir.path();
    let mut live = at_broker(dir, "speed=1,begin=100000", "");
    let refused = |words: &[&str], parts: &[&str]| {
        let (code, reply) = tell(dir, words);
        assert_eq!(code, 1, "{reply}");
        check_answer(&reply, parts);
        reply
    };
    let code = |reply: &Value| reply["notices"][0]["code"].as_str().unwrap_or("").to_owned();
    let reply = refused(&["order", "buy", "005930", "1", "--limit", "70050"], &["was not sent", "multiple of", "호가 단위"]);
    assert_eq!(code(&reply), "risk.price");
    let reply = refused(&["order", "buy", "005930", "100000", "--limit", "70000"], &["was not sent", "is free", "주문가능금액"]);
    assert_eq!(code(&reply), "risk.cash");
    let reply = refused(&["order", "buy", "999999", "1", "--limit", "70000"], &["999999", "not an instrument", "없는 종목"]);
    assert!(reply["seq"].is_null() && code(&reply).is_empty(), "{reply}");
    let (code, reply) = tell(dir, &["order", "buy", "005930", "1", "--limit", "70000"]);
    assert_eq!(code, 0, "{reply}");
    // Kiwoom amends the limit; another quantity it refuses, and the session says so with what to do.
    let order = reply["order"].as_str().expect("an id").to_owned();
    let since = Instant::now();
    while tell(dir, &["amend", &order, "--price", "69900"]).0 != 0 {
        assert!(since.elapsed() < PATIENCE, "it is never accepted");
    }
    let listed = |row: &Value| row["order"] == order.as_str() && row["limit"] == "69900";
    while !tell(dir, &["status"]).1["status"]["orders"].as_array().is_some_and(|rows| rows.iter().any(listed)) {
        assert!(since.elapsed() < PATIENCE, "it is never amended");
    }
    let (code, reply) = tell(dir, &["amend", &order, "--qty", "2"]);
    assert_eq!(code, 0, "{reply}");
    let line = line_with(&mut live, "[orders.amend_rejected]");
    assert!(line.contains(&order) && line.contains("cancel and place anew") && line.contains("취소하고 다시 주문"), "{line}");
    // What a person types prints the same words.
    let (out, _) = check(dir, &["tell", "order", "buy", "005930", "1", "--limit", "70050"], 1);
    assert!(out.contains("호가 단위") && out.contains("journal: seq"), "{out}");
}

#[test]
fn an_order_while_the_market_is_closed_is_said_in_one_line() {
    let dir = folder();
    let dir = dir.path();
    let mut live = at_broker(dir, "speed=1,begin=080000", "");
    let (code, reply) = tell(dir, &["order", "buy", "005930", "1", "--limit", "70000"]);
    // Whoever knows it first says it: our own checks, or the broker.
    if code == 1 {
        check_answer(&reply, &["was not sent", "closed"]);
    } else {
        let line = line_with(&mut live, "[orders.rejected]");
        for part in ["RC4057", "market is closed", "장이 열려 있지 않습니다", "To do: ", "조치: "] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
}

/// Condition hits in the journal from an event on: number and name.
fn hits(dir: &Path, from: u64) -> Vec<(u64, String)> {
    let (out, _) = check(dir, &["journal", "cat", "--only", "market", "--json", "--from", &from.to_string()], 0);
    let hit = |line: &str| {
        let event = &json(line)["event"];
        let hit = &event["Market"]["Condition"];
        Some((hit["number"].as_u64()?, hit["name"].as_str()?.to_owned()))
    };
    out.lines().filter(|line| line.contains("\"Condition\"")).filter_map(hit).collect()
}

#[test]
fn conditions_are_registered_and_cleared_while_it_runs() {
    let dir = folder();
    let dir = dir.path();
    let strategy =
        "[[strategy]]\nname = \"auto-trader\"\n[strategy.parameters]\nconditions = \"거래량 상위\"\nnotional = \"1000000\"\n";
    let live = at_broker(dir, "speed=300,begin=090000,symbols=10", strategy);
    let since = Instant::now();
    let wait_for = |from: u64, name: &str| {
        while !hits(dir, from).iter().any(|hit| hit.1 == name) {
            assert!(since.elapsed() < PATIENCE, "nothing entered {name}");
        }
    };
    wait_for(1, "거래량 상위");
    let (code, reply) = tell(dir, &["set", "auto-trader", "conditions", "급등 돌파"]);
    assert_eq!(code, 0, "{reply}");
    let seq = reply["seq"].as_u64().expect("an event");
    wait_for(seq, "급등 돌파");
    // One that was on its way is heard yet; after the first hit of the new one, which was registered later, none is.
    let after = hits(dir, seq);
    let first = after.iter().position(|hit| hit.1 == "급등 돌파").expect("a hit");
    assert!(after[first..].iter().all(|hit| hit.1 == "급등 돌파"), "{after:?}");
    let (code, reply) = tell(dir, &["set", "auto-trader", "on", "false"]);
    assert_eq!(code, 0, "{reply}");
    let (code, reply) = tell(dir, &["kill", "enough"]);
    assert_eq!(code, 0, "{reply}");
    let mut live = live;
    live.interrupt();
    // The broker's day is not over: its books are not compared.
    let (code, out, err) = live.end(PATIENCE);
    assert_eq!(code, 0, "{out}\n{err}");
    let replay = json(&check(dir, &["replay", "--from", "1", "--no-snapshots", "--twice", "--json"], 0).0);
    assert_eq!((&replay["identical"], &replay["both_agree"]), (&Value::Bool(true), &Value::Bool(true)), "{replay}");
}

/// Settings of a session at this broker, with these keys, and a journal of its own.
fn write_settings(dir: &Path, name: &str, head: &Value) {
    let word = |name: &str| head[name].as_str().expect("a word").to_owned();
    let keys = dir.join("keys.toml");
    fs::write(&keys, format!("key = \"{}\"\nsecret = \"{}\"\n", word("appkey"), word("secretkey"))).expect("written");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o600)).expect("its owner's");
    let endpoint = word("rest").replace("http", "ws");
    let text = format!(
        "[journal]\ndir = \"{name}\"\n[[venue]]\nkind = \"kiwoom\"\norders = \"real\"\nendpoint = \"{endpoint}\"\n\
         keys = \"keys.toml\"\nsymbols = [\"005930\"]\n"
    );
    fs::write(dir.join(format!("{name}.toml")), text).expect("written");
}

#[test]
fn a_connection_lost_to_another_login_is_taken_back_by_a_word() {
    let dir = folder();
    let dir = dir.path();
    let mut broker = Running::start(dir, &["emulate", "kiwoom", "--json"]);
    let head = json(&broker.line());
    for name in ["one", "two"] {
        write_settings(dir, name, &head);
    }
    let mut one = Running::start(dir, &["live", "--config", "one.toml"]);
    line_with(&mut one, "[reconcile.done]");
    let mut two = Running::start(dir, &["live", "--config", "two.toml"]);
    line_with(&mut two, "[reconcile.done]");
    // The first is thrown out and says once what to do; it does not throw out the second.
    let line = line_with(&mut one, "R10001");
    for part in ["logged in elsewhere", "jangbu tell reconnect kiwoom", "다른 곳에서 접속", "To do: ", "조치: "] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let order = ["order", "buy", "005930", "1", "--limit", "70000", "--journal"];
    let (code, reply) = tell(dir, &[&order[..], &["one"]].concat());
    assert_eq!(code, 1, "{reply}");
    check_answer(&reply, &["was not sent", "kiwoom", "jangbu tell reconnect"]);
    let (code, reply) = tell(dir, &["reconnect", "kiwoom", "--journal", "one"]);
    assert_eq!(code, 0, "{reply}");
    line_with(&mut one, "[reconcile.done]");
    line_with(&mut two, "R10001");
    for running in [&mut one, &mut two] {
        running.interrupt();
        let (code, _, err) = running.end(PATIENCE);
        assert_eq!(code, 0, "{err}");
    }
}
