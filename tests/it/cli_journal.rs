//! `jangbu journal` and `jangbu sessions`: journals made through the library, read by the program.

use std::fs;
use std::path::Path;
use std::time::Duration;

use jangbu::account::SessionId;
use jangbu::event::{Command, Event, Frame, MarketEvent};
use jangbu::market::{
    Fees, Instrument, InstrumentId, InstrumentKind, Money, Price, Qty, Quote, Rate, Rounding, Side, TickTable, Trade, Venue,
};
use jangbu_journal::{Durability, Nanos, Seq, SessionInfo, Stamp, Writer, WriterOptions};
use serde_json::Value;

use crate::program::{Running, check, folder, json};

const PATIENCE: Duration = Duration::from_secs(20);
/// 2024-08-08 09:00:00 in Korea. Event n is received n milliseconds later.
const START: i64 = 1_723_075_200_000_000_000;

fn stamp(seq: Seq) -> Stamp {
    let recv = Nanos::new(START + seq.get() as i64 * 1_000_000);
    Stamp { seq, recv, venue: Some(recv.plus(-500_000)) }
}

fn trade(id: u64) -> Event {
    let (price, qty) = (Price::from_raw(6_180_030_000_000), Qty::from_raw(600_000));
    Event::Market(MarketEvent::Trade(Trade { instrument: InstrumentId(0), taker: Side::Buy, price, qty, id }))
}

fn quote() -> Event {
    let (bid, ask, qty) = (Price::from_raw(100_000_000), Price::from_raw(200_000_000), Qty::from_raw(100_000_000));
    Event::Market(MarketEvent::Quote(Quote { instrument: InstrumentId(0), bid, ask, bid_qty: qty, ask_qty: qty }))
}

/// What fills volumes: bytes that do not compress.
fn bulk(number: u64) -> Event {
    let noise =
        |at: u64| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(0xd6e8_feb8_6659_fd93) >> 40) as u8;
    let bytes = (0..4_000).map(|at| noise(number * 4_000 + at)).collect();
    Event::Frame(Box::new(Frame { venue: Venue::BinanceSpot, channel: 0, more: false, bytes }))
}

fn instrument() -> Event {
    let unit = Money::from_raw(1);
    let rate = Rate::ZERO;
    let fees = Fees { maker: rate, taker: rate, sell_tax: rate, fee_unit: unit, tax_unit: unit, rounding: Rounding::Floor };
    Event::Market(MarketEvent::Instrument(Box::new(Instrument {
        id: InstrumentId(0),
        venue: Venue::BinanceSpot,
        // A symbol that would clear a terminal.
        symbol: "BTC\u{1b}[2JUSDT".into(),
        name: String::new(),
        kind: InstrumentKind::Spot,
        base: "BTC".parse().expect("a code"),
        quote: "USDT".parse().expect("a code"),
        ticks: TickTable::flat(Price::from_raw(1_000_000)),
        lot: Qty::from_raw(1),
        qty_min: Qty::from_raw(1),
        qty_max: Qty::from_raw(1_000_000_000),
        notional_min: Money::ZERO,
        fees,
    })))
}

/// A journal being written.
struct Book(Writer<Event>);

impl Book {
    fn open(dir: &Path) -> Self {
        let options = WriterOptions { durability: Durability::Process, volume_bytes_max: 16 << 10, ..WriterOptions::default() };
        Book(Writer::open(dir, options).expect("opens"))
    }

    fn append(&mut self, event: &Event) {
        let stamp = stamp(self.0.next_seq());
        self.0.append(&stamp, event).expect("appends");
        self.0.commit().expect("commits");
    }

    /// Begins a session: two events.
    fn begin(&mut self) {
        let (id, first) = (self.0.sessions().len() as u64 + 1, self.0.next_seq());
        let session = SessionInfo { id, first, last: None, started: stamp(first).recv, note: "paper".into() };
        self.0.begin_session(session).expect("begins");
        let session = SessionId(id as u32);
        self.append(&Event::Command(Box::new(Command::SessionStarted { session, build: "test 1".into(), mode: "paper".into() })));
        self.append(&instrument());
    }

    fn end(mut self) {
        self.0.sync().expect("syncs");
        self.0.end_session(self.0.next_seq().previous()).expect("ends");
        self.0.close().expect("closes");
    }
}

/// A session of 42 events, every tenth of the last 40 a quote, and one of 3 that was cut off.
fn two_sessions(dir: &Path) {
    let mut book = Book::open(dir);
    book.begin();
    for number in 1..=40 {
        book.append(&if number % 10 == 0 { quote() } else { trade(number) });
    }
    book.end();
    let mut book = Book::open(dir);
    book.begin();
    book.append(&trade(100));
    book.0.sync().expect("syncs");
    book.0.close().expect("closes");
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

/// How many volumes the journal `j` has.
fn volumes(dir: &Path) -> usize {
    let shown = json(&check(dir, &["journal", "info", "--journal", "j", "--json"], 0).0);
    shown["volumes"].as_array().map_or(0, Vec::len)
}

fn seqs(text: &str) -> Vec<u64> {
    text.lines().map(|line| json(line)["seq"].as_u64().expect("a seq")).collect()
}

#[test]
fn the_latest_events_are_told_a_line_each() {
    let dir = folder();
    let journal = dir.path().join("j");
    two_sessions(&journal);
    let (out, _) = check(dir.path(), &["journal", "tail", "--journal", "j", "-n", "3"], 0);
    let told = lines(&out);
    assert_eq!(told.len(), 3, "{out}");
    assert!(told[0].contains("43  2024-08-08 09:00:00.043") && told[0].contains("session 2 started: paper, test 1"), "{out}");
    assert!(told[2].contains("trade") && told[2].contains("BTC\\u{1b}[2JUSDT buy 61800.3 × 0.006  100"), "{out}");
    assert!(!out.contains('\u{1b}'), "{out:?}");
    assert_eq!(lines(&check(dir.path(), &["journal", "tail", "--journal", "j"], 0).0).len(), 20);
    let (out, err) = check(dir.path(), &["journal", "tail", "--journal", "j", "--from", "46"], 0);
    assert!(out.is_empty() && err.contains("45"), "{err}");
}

#[test]
fn json_lines_are_the_events_themselves() {
    let dir = folder();
    two_sessions(&dir.path().join("j"));
    let (out, _) = check(dir.path(), &["journal", "cat", "--journal", "j", "--json"], 0);
    assert_eq!(seqs(&out), (1..=45).collect::<Vec<_>>());
    let row = json(lines(&out)[11]);
    assert_eq!((row["recv"].as_i64(), row["venue"].as_i64()), (Some(START + 12_000_000), Some(START + 11_500_000)));
    let event: Event = serde_json::from_value(row["event"].clone()).expect("reads back");
    assert_eq!(event, quote());
}

#[test]
fn parts_are_named_by_seq_or_time_and_by_who_speaks() {
    let dir = folder();
    two_sessions(&dir.path().join("j"));
    let ask = |arguments: &[&str]| {
        let all = [&["journal"], arguments, &["--journal", "j", "--json"]].concat();
        seqs(&check(dir.path(), &all, 0).0)
    };
    assert_eq!(ask(&["tail", "--only", "order,command", "-n", "1"]), [43]);
    assert_eq!(ask(&["tail", "--only", "command"]), [1, 43]);
    assert_eq!(ask(&["tail", "--only", "frame"]), [] as [u64; 0]);
    assert_eq!(ask(&["tail", "--from", "41", "-n", "2"]), [41, 42]);
    assert_eq!(ask(&["tail", "--from", "2024-08-08 09:00:00.0435"]), [44, 45]);
    assert_eq!(ask(&["cat", "--from", "3", "--until", "5"]), [3, 4, 5]);
    assert_eq!(ask(&["cat", "--from", "2024-08-08T00:00:00.044Z", "--until", "2024-08-08T00:00:00.044Z"]), [44]);
    assert_eq!(ask(&["cat", "--until", "4", "--only", "trade"]), [3, 4]);
    check(dir.path(), &["journal", "tail", "--journal", "j", "--from", "yesterday"], 2);
    check(dir.path(), &["journal", "tail", "--journal", "j", "--only", "nobody"], 2);
    check(dir.path(), &["journal", "tail", "--journal", "nothing"], 3);
}

#[test]
fn events_are_followed_as_they_are_written() {
    let dir = folder();
    let mut book = Book::open(&dir.path().join("j"));
    book.begin();
    book.0.sync().expect("syncs");
    let mut running = Running::start(dir.path(), &["journal", "tail", "--journal", "j", "--follow", "--json"]);
    assert_eq!(seqs(&(running.line() + &running.line())), [1, 2]);
    // Enough for several volumes: the reader has to go on from one to the next.
    for number in 3..=1_000 {
        book.append(&if number % 20 == 0 { bulk(number) } else { trade(number) });
        if number % 200 == 0 {
            book.0.sync().expect("syncs");
        }
    }
    for number in 3..=1_000 {
        assert_eq!(json(&running.line())["seq"], number);
    }
    book.append(&quote());
    book.end();
    assert_eq!(json(&running.line())["seq"], 1_001, "what was written before the writer left");
    running.interrupt();
    let (code, out, err) = running.end(PATIENCE);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert!(volumes(dir.path()) > 2);
}

#[test]
fn sessions_say_how_they_stand() {
    let dir = folder();
    let journal = dir.path().join("j");
    let states = || -> Vec<(String, Value, Value)> {
        let shown = json(&check(dir.path(), &["sessions", "--journal", "j", "--json"], 0).0);
        let rows = shown["sessions"].as_array().expect("sessions").clone();
        rows.iter()
            .map(|row| (row["state"].as_str().expect("a word").into(), row["first"].clone(), row["events"].clone()))
            .collect()
    };
    let row = |state: &str, first: u64, events: u64| (state.to_owned(), Value::from(first), Value::from(events));
    two_sessions(&journal);
    assert_eq!(states(), [row("ended", 1, 42), row("cut-off", 43, 3)]);
    let mut book = Book::open(&journal);
    book.begin();
    book.0.sync().expect("syncs");
    assert_eq!(states(), [row("ended", 1, 42), row("cut-off", 43, 3), row("running", 46, 2)]);
    book.end();
    assert_eq!(states()[2], row("ended", 46, 2));
    let (out, _) = check(dir.path(), &["sessions", "--journal", "j", "-n", "1"], 0);
    assert_eq!(lines(&out).len(), 2, "{out}");
    assert!(lines(&out)[1].contains("46..47") && lines(&out)[1].contains("paper"), "{out}");
    check(dir.path(), &["sessions", "--journal", "nothing"], 3);
}

#[test]
fn info_counts_what_there_is() {
    let dir = folder();
    two_sessions(&dir.path().join("j"));
    let shown = json(&check(dir.path(), &["journal", "info", "--journal", "j", "--json"], 0).0);
    assert_eq!((shown["first"].as_u64(), shown["last"].as_u64(), shown["marked"].as_u64()), (Some(1), Some(45), Some(45)));
    assert_eq!((shown["sessions"].as_array().map(Vec::len), &shown["holder_pid"]), (Some(2), &Value::Null));
    let volumes = shown["volumes"].as_array().expect("volumes");
    let bytes: u64 = volumes.iter().map(|volume| volume["bytes"].as_u64().expect("bytes")).sum();
    assert!(!volumes.is_empty() && bytes > 0 && shown["bytes"].as_u64() == Some(bytes), "{shown}");
    let (out, _) = check(dir.path(), &["journal", "info", "--journal", "j"], 0);
    assert!(out.contains("2024-08-08 09:00:00.001 .. 2024-08-08 09:00:00.045"), "{out}");
}

#[test]
fn damage_is_found_and_is_the_answer() {
    let dir = folder();
    let journal = dir.path().join("j");
    let mut book = Book::open(&journal);
    book.begin();
    (1..=50).for_each(|number| book.append(&bulk(number)));
    book.end();
    let (out, _) = check(dir.path(), &["journal", "verify", "--journal", "j", "--json"], 0);
    let report = &json(&out)["report"];
    assert_eq!((report["intact"].as_bool(), report["events"].as_u64()), (Some(true), Some(52)), "{out}");
    assert!(volumes(dir.path()) > 1);
    // The catalog says where a volume ends; what is in its file is gone.
    let path = journal.join("volumes/00000001/db");
    let mut bytes = fs::read(&path).expect("a volume");
    bytes.iter_mut().for_each(|byte| *byte ^= 0x5a);
    fs::write(&path, bytes).expect("damaged");
    let (out, _) = check(dir.path(), &["journal", "verify", "--journal", "j", "--json"], 1);
    let report = &json(&out)["report"];
    assert_eq!(report["intact"], false);
    assert_eq!(report["findings"][0]["volume"], 1, "{out}");
    let (out, _) = check(dir.path(), &["journal", "verify", "--journal", "j"], 1);
    assert!(out.contains("손상됨 · damaged"), "{out}");
    check(dir.path(), &["journal", "cat", "--journal", "j"], 3);
    check(dir.path(), &["journal", "verify", "--journal", "nothing"], 3);
    repaired(dir.path(), &fs::read(&path).expect("a volume"));
}

/// The first volume of `j` is lost. A repair is planned, told, and done; what was there is kept.
fn repaired(dir: &Path, damaged: &[u8]) {
    let volume = dir.join("j/volumes/00000001/db");
    let (out, err) = check(dir, &["journal", "repair", "--journal", "j"], 1);
    assert!(out.contains("GIVEN UP") && err.contains("--yes"), "{out}{err}");
    assert_eq!(fs::read(&volume).expect("a volume"), damaged, "a plan changes nothing");
    let (out, _) = check(dir, &["journal", "repair", "--journal", "j", "--json"], 1);
    let planned = json(&out)["planned"].clone();
    let given_up = planned["given_up"][0].clone();
    assert_eq!(given_up["first"], 1, "{planned}");
    let (out, _) = check(dir, &["journal", "repair", "--journal", "j", "--yes", "--json"], 0);
    let shown = json(&out);
    assert_eq!((&shown["whole"], &shown["done"][0]["given_up"][0]), (&Value::Bool(true), &given_up), "{shown}");
    let aside = shown["aside"][0].as_str().expect("a folder");
    assert!(fs::read_dir(dir.join(aside)).expect("what was replaced").count() > 0);
    check(dir, &["journal", "verify", "--journal", "j"], 0);
    check(dir, &["journal", "repair", "--journal", "j"], 0);
    // What stands behind the gap is told, and the gap too.
    let (out, err) = check(dir, &["journal", "cat", "--journal", "j", "--json"], 0);
    let lost = given_up["last"].as_u64().expect("a seq");
    assert_eq!(seqs(&out), (lost + 1..=52).collect::<Vec<_>>());
    assert!(err.contains(&format!("events 1 to {lost} were lost")), "{err}");
    let (out, _) = check(dir, &["journal", "tail", "--journal", "j", "--json", "--only", "frame", "-n", "100"], 0);
    assert_eq!(seqs(&out), (lost + 1..=52).collect::<Vec<_>>());
}

#[test]
fn a_terminal_in_korean_is_spoken_to_in_korean() {
    let dir = folder();
    two_sessions(&dir.path().join("j"));
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_jangbu"))
        .current_dir(dir.path())
        .env("LC_ALL", "ko_KR.UTF-8")
        .args(["journal", "tail", "--journal", "j", "-n", "1"])
        .output()
        .expect("the program starts");
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("체결") && out.contains("매수 61800.3"), "{out}");
}
