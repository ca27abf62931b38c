//! `jangbu emulate`: a client of the real protocol gets what the tape holds.

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::StreamExt;
use tokio_tungstenite::connect_async;

use crate::program::{Running, check, folder, json};

const PATIENCE: Duration = Duration::from_secs(20);

/// A spot tape with `count` trades, a tenth of a second apart.
fn tape(count: u64) -> (String, Vec<String>) {
    let frames: Vec<String> = (1..=count)
        .map(|id| {
            let at = 1_700_000_000_000 + id * 100;
            format!(
                r#"{{"stream":"btcusdt@trade","data":{{"e":"trade","E":{at},"s":"BTCUSDT","t":{id},"p":"100.10","q":"0.5","T":{at},"m":true,"M":true}}}}"#
            )
        })
        .collect();
    let mut text = String::new();
    for (index, frame) in frames.iter().enumerate() {
        let _ = writeln!(text, "{} {frame}", 1_700_000_000_000_000_000_u64 + index as u64 * 100_000_000);
    }
    (text, frames)
}

/// Everything that a connection to `url` is sent until it is closed, at most `max` frames.
fn frames_of(url: &str, max: usize) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (mut socket, _) = tokio::time::timeout(PATIENCE, connect_async(url)).await.expect("in time").expect("connected");
        let mut frames = Vec::new();
        while frames.len() < max {
            match tokio::time::timeout(PATIENCE, socket.next()).await.expect("in time") {
                Some(Ok(message)) if message.is_text() => frames.push(message.to_text().expect("text").to_owned()),
                Some(Ok(message)) if message.is_close() => break,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            }
        }
        frames
    })
}

#[test]
fn a_tape_is_served_byte_for_byte_and_then_it_is_over() {
    let dir = folder();
    let (text, frames) = tape(20);
    std::fs::write(dir.path().join("spot.tape"), text).expect("written");
    let mut running = Running::start(
        dir.path(),
        &["emulate", "binance", "--tape", "spot.tape", "--speed", "max", "--exit-when-done", "--json"],
    );
    let market = json(&running.line())["markets"][0].clone();
    assert_eq!((market["kind"].as_str(), market["streams"][0].as_str()), (Some("spot"), Some("btcusdt@trade")));
    let url = format!("{}/stream?streams=btcusdt@trade", market["websocket"].as_str().expect("an address"));
    assert_eq!(frames_of(&url, usize::MAX), frames);
    let (code, out, err) = running.end(PATIENCE);
    assert_eq!((code, json(&out)["done"]["frames_sent"].as_u64()), (0, Some(20)), "{err}");
}

#[test]
fn a_made_up_market_runs_until_ctrl_c() {
    let dir = folder();
    let mut running =
        Running::start(dir.path(), &["emulate", "binance", "--kind", "usdm", "--symbols", "ethusdt", "--seed", "7", "--json"]);
    let market = json(&running.line())["markets"][0].clone();
    assert_eq!(market["kind"], "usdm");
    let url = format!("{}/ws/ethusdt@trade", market["websocket"].as_str().expect("an address"));
    assert!(frames_of(&url, 3).iter().all(|frame| json(frame)["s"] == "ETHUSDT"));
    running.interrupt();
    let (code, out, err) = running.end(PATIENCE);
    assert_eq!(code, 0, "{err}");
    assert!(json(&out)["done"]["frames_sent"].as_u64() >= Some(3), "{out}");
}

#[test]
fn what_cannot_be_served_is_said() {
    let dir = folder();
    let text = tape(3).0;
    std::fs::write(dir.path().join("a"), &text).expect("written");
    std::fs::write(dir.path().join("b"), &text).expect("written");
    std::fs::write(dir.path().join("none"), "no tape\n").expect("written");
    std::fs::write(dir.path().join("empty"), "").expect("written");
    check(dir.path(), &["emulate", "binance", "--tape", "missing"], 3);
    assert!(check(dir.path(), &["emulate", "binance", "--tape", "none"], 3).1.contains("line 1"));
    check(dir.path(), &["emulate", "binance", "--tape", "empty"], 3);
    assert!(check(dir.path(), &["emulate", "binance", "--tape", "a", "b"], 2).1.contains("b: a second spot tape"));
    check(dir.path(), &["emulate", "binance", "--speed", "0"], 2);
    check(dir.path(), &["emulate", "binance", "--speed", "fast"], 2);
    check(dir.path(), &["emulate", "binance", "--exit-when-done"], 2);
    check(dir.path(), &["emulate", "binance", "--tape", "a", "--port", "0,0"], 2);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    assert!(check(dir.path(), &["emulate", "binance", "--tape", "a", "--port", &port], 3).1.contains(&port));
}

#[test]
fn a_broker_runs_through_its_days_and_shows_its_books() {
    let dir = folder();
    let mut running = Running::start(
        dir.path(),
        &[
            "emulate",
            "kiwoom",
            "--speed",
            "36000",
            "--days",
            "2",
            "--cash",
            "5000000",
            "--symbols",
            "2",
            "--exit-when-done",
            "--json",
        ],
    );
    let head = json(&running.line());
    assert_eq!((head["codes"][0].as_str(), head["appkey"].as_str()), (Some("005930"), Some("emulator-app-key")));
    assert!(head["rest"].as_str().is_some_and(|rest| rest.starts_with("http://127.0.0.1:")), "{head}");
    let (code, out, err) = running.end(PATIENCE);
    let done = json(&out);
    assert_eq!((code, done["ledger"]["cash"].as_i64(), done["done"]["days"].as_u64()), (0, Some(5_000_000), Some(2)), "{err}");
    assert!(check(dir.path(), &["emulate", "kiwoom", "--faults", "fall=1"], 2).1.contains("lost-ack"));
    check(dir.path(), &["emulate", "kiwoom", "--date", "20261131"], 2);
    check(dir.path(), &["emulate", "kiwoom", "--symbols", "0"], 2);
}
