//! The emulator as a client sees it, over real sockets of the loopback.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::*;
use crate::data::tape::{TapeReader, TapeWriter};

/// A WebSocket client that waits for nothing longer than ten seconds.
struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn connect(address: SocketAddr, path: &str) -> Self {
        Self(connect_async(format!("ws://{address}{path}")).await.expect("the emulator accepts").0)
    }

    async fn next(&mut self) -> Option<Message> {
        let next = timeout(Duration::from_secs(10), self.0.next()).await.expect("a message within ten seconds");
        next.and_then(Result::ok)
    }

    /// The next text; `None` when the connection ends.
    async fn text(&mut self) -> Option<String> {
        loop {
            match self.next().await? {
                Message::Text(text) => return Some(text.as_str().to_owned()),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    async fn texts(&mut self) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(text) = self.text().await {
            texts.push(text);
        }
        texts
    }

    async fn close_code(&mut self) -> Option<u16> {
        loop {
            if let Message::Close(frame) = self.next().await? {
                return frame.map(|frame| frame.code.into());
            }
        }
    }

    async fn request(&mut self, text: &str) -> String {
        self.0.send(Message::text(text)).await.expect("sent");
        self.text().await.expect("an answer")
    }
}

async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let response = reqwest::get(format!("http://{address}{path}")).await.expect("an answer");
    assert!(response.headers().contains_key("x-mbx-used-weight-1m"), "{path}");
    (response.status().as_u16(), response.text().await.expect("a body"))
}

fn diff(previous: u64, first: u64, last: u64, bids: &str) -> String {
    let data = format!(
        r#"{{"e":"depthUpdate","E":{last},"T":1,"s":"BTCUSDT","U":{first},"u":{last},"pu":{previous},"b":{bids},"a":[]}}"#
    );
    format!(r#"{{"stream":"btcusdt@depth@0ms","data":{data}}}"#)
}

const TRADE: &str = r#"{"stream":"btcusdt@trade","data":{"e":"trade", "p":"1.0" ,"note":"번역"}}"#;
const TICKER: &str = r#"{"stream":"btcusdt@bookTicker","data":{"u":3,"s":"BTCUSDT"}}"#;
const SNAPSHOT: &str = r#"{"lastUpdateId":25,"E":1,"T":1,"bids":[["99.0","1"]],"asks":[["101.0","2"]]}"#;
const ALL: &str = "/stream?streams=btcusdt@depth@0ms/btcusdt@trade/btcusdt@bookTicker";

/// A tape of futures frames with its snapshot after the second diff; returns it and the frames that are sent.
fn small_tape() -> (tempfile::TempDir, PathBuf, Vec<String>) {
    let lines = [
        diff(5, 10, 19, "[]"),
        TRADE.to_owned(),
        diff(19, 21, 30, r#"[["98.0","4"]]"#),
        SNAPSHOT.to_owned(),
        TICKER.to_owned(),
        diff(30, 33, 40, r#"[["99.0","0"],["97.0","5"]]"#),
    ];
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("small.tape.gz");
    let mut writer = TapeWriter::create(&path).expect("created");
    for (index, line) in (0i64..).zip(&lines) {
        writer.write(1_700_000_000_000_000_000 + index * 1_000_000, line).expect("written");
    }
    writer.finish().expect("finished");
    let sent = lines.into_iter().filter(|line| line != SNAPSHOT).collect();
    (dir, path, sent)
}

fn config_of(path: &Path) -> EmulatorConfig {
    EmulatorConfig {
        speed: Speed::Max,
        end: End::CloseWhenDone,
        snapshot_hold: Duration::ZERO,
        ..EmulatorConfig::of(MarketSource::tape(MarketKind::UsdM, path))
    }
}

#[tokio::test]
async fn a_tape_arrives_byte_for_byte() {
    let (_dir, path, sent) = small_tape();
    let emulator = Emulator::start(config_of(&path)).await.expect("it starts");
    let mut client = Client::connect(emulator.address(), ALL).await;
    assert_eq!(client.texts().await, sent);
    emulator.finished().await;
    let stats = emulator.stop().await;
    assert_eq!((stats.frames_played, stats.frames_sent, stats.finished), (5, 5, true));
    assert_eq!(stats.frames_sent_by_kind, BTreeMap::from([("bookTicker".into(), 1), ("depth".into(), 3), ("trade".into(), 1)]));
    assert_eq!(stats.connections[0].closed_because, Some("the tape ended"));
    assert_eq!(stats.failures, Vec::<String>::new());
}

#[tokio::test]
async fn raw_connections_get_the_data_alone() {
    let (_dir, path, _) = small_tape();
    let emulator = Emulator::start(config_of(&path)).await.expect("it starts");
    let mut client = Client::connect(emulator.address(), "/market/ws/btcusdt@trade").await;
    assert_eq!(client.texts().await, [r#"{"e":"trade", "p":"1.0" ,"note":"번역"}"#]);
}

#[tokio::test]
async fn every_stream_has_a_reader_before_the_tape_starts() {
    let (_dir, path, sent) = small_tape();
    let config = EmulatorConfig { start: Start::EveryStream, ..config_of(&path) };
    let emulator = Emulator::start(config).await.expect("it starts");
    let mut public = Client::connect(emulator.address(), "/public/stream?streams=btcusdt@depth@0ms/btcusdt@bookTicker").await;
    let mut market = Client::connect(emulator.address(), "/market/ws").await;
    let answers = [
        market.request(r#"{"method":"SET_PROPERTY","params":["combined",true],"id":1}"#).await,
        market.request(r#"{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":2}"#).await,
    ];
    assert_eq!(answers, [r#"{"result":null,"id":1}"#, r#"{"result":null,"id":2}"#]);
    let mut received = market.texts().await;
    received.extend(public.texts().await);
    assert_eq!((received.len(), &received[0]), (sent.len(), &sent[1]));
}

#[tokio::test]
async fn the_recorded_snapshot_is_answered_at_its_place() {
    let (_dir, path, sent) = small_tape();
    let config = EmulatorConfig { snapshot_hold: Duration::from_secs(10), end: End::KeepOpen, ..config_of(&path) };
    let emulator = Emulator::start(config).await.expect("it starts");
    let mut client = Client::connect(emulator.address(), ALL).await;
    assert_eq!(client.text().await.as_deref(), Some(sent[0].as_str()));
    let depth = "/fapi/v1/depth?symbol=BTCUSDT&limit=1000";
    assert_eq!(get(emulator.address(), depth).await, (200, SNAPSHOT.to_owned()));
    emulator.finished().await;
    let after = r#"{"lastUpdateId":40,"E":40,"T":1,"bids":[["98.0","4"],["97.0","5"]],"asks":[["101.0","2"]]}"#;
    assert_eq!(get(emulator.address(), depth).await, (200, after.to_owned()));
    assert_eq!(get(emulator.address(), "/fapi/v1/time").await, (200, r#"{"serverTime":40}"#.to_owned()));
}

#[tokio::test]
async fn rest_mistakes_are_answered_in_the_venues_form() {
    let (_dir, path, _) = small_tape();
    let emulator = Emulator::start(config_of(&path)).await.expect("it starts");
    for (path, status, part) in [
        ("/fapi/v1/ping", 200, "{}"),
        ("/fapi/v1/exchangeInfo", 200, "\"tickSize\":\"0.10\""),
        ("/fapi/v1/exchangeInfo?symbol=NOPE", 400, r#"{"code":-1121,"msg":"Invalid symbol."}"#),
        ("/fapi/v1/depth", 400, "\"code\":-1102"),
        ("/fapi/v1/depth?symbol=NOPE", 400, "\"code\":-1121"),
        ("/fapi/v1/depth?symbol=BTCUSDT&limit=x", 400, "\"code\":-1100"),
        ("/fapi/v1/depth?symbol=BTCUSDT&limit=7", 400, "\"code\":-4021"),
    ] {
        let (got, body) = get(emulator.address(), path).await;
        assert!(got == status && body.contains(part), "{path}: {got} {body}");
    }
    assert_eq!(emulator.stop().await.rest_calls, 7);
}

#[tokio::test]
async fn rest_faults_and_the_weight_limit() {
    let faults = Faults { rest_error_every_n: Some(3), depth_delay: Some(Duration::from_millis(50)), ..Faults::default() };
    let config = EmulatorConfig { faults, ..EmulatorConfig::of(MarketSource::synthetic(MarketKind::Spot, 2)) };
    let emulator = Emulator::start(config).await.expect("it starts");
    let depth = "/api/v3/depth?symbol=ETHUSDT&limit=5000";
    let mut statuses = BTreeMap::new();
    // 26 calls of weight 250 pass 6,000, unless the minute turns between them: then 26 more do.
    for call in 1..=52 {
        let (status, body) = get(emulator.address(), depth).await;
        assert!(call != 1 || (status == 200 && body.starts_with("{\"lastUpdateId\":")), "{status} {body}");
        *statuses.entry(status).or_insert(0) += 1;
    }
    assert!(statuses[&200] > 10 && statuses[&503] >= 8 && statuses[&429] >= 1, "{statuses:?}");
}

#[tokio::test]
async fn faults_are_had_as_asked_for() {
    let (_dir, path, sent) = small_tape();
    let faults = Faults { drop_every_n: Some(2), duplicate_every_n: Some(3), disconnect_after_n: Some(5), ..Faults::default() };
    let emulator = Emulator::start(EmulatorConfig { faults, ..config_of(&path) }).await.expect("it starts");
    let mut client = Client::connect(emulator.address(), ALL).await;
    assert_eq!(client.texts().await, [0, 2, 2, 4].map(|index: usize| sent[index].clone()));
    emulator.finished().await;
    let stats = emulator.stop().await;
    let connection = &stats.connections[0];
    assert_eq!((connection.frames_sent, connection.frames_dropped, connection.frames_duplicated), (4, 2, 1));
    assert_eq!(connection.closed_because, Some("fault: disconnect_after_n"));
}

#[tokio::test]
async fn garbage_silence_and_shutdown() {
    let (_dir, path, sent) = small_tape();
    let faults = Faults { garbage_every_n: Some(4), silence_after_n: Some(1), shutdown_after_n: Some(5), ..Faults::default() };
    let emulator = Emulator::start(EmulatorConfig { faults, ..config_of(&path) }).await.expect("it starts");
    let texts = Client::connect(emulator.address(), ALL).await.texts().await;
    assert_eq!((texts.len(), &texts[0]), (3, &sent[0]));
    assert!(texts[2].starts_with(r#"{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":"#), "{}", texts[2]);
}

#[tokio::test]
async fn limits_close_the_connection() {
    let (_dir, path, _) = small_tape();
    let emulator = Emulator::start(config_of(&path)).await.expect("it starts");
    let mut client = Client::connect(emulator.address(), "/ws").await;
    for _ in 0..11 {
        client.0.send(Message::text(r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#)).await.expect("sent");
    }
    assert_eq!(client.close_code().await, Some(1008), "more than ten messages in a second");

    let names: Vec<String> = (0..1025).map(|index| format!("s{index}@trade")).collect();
    let mut client = Client::connect(emulator.address(), "/ws").await;
    let request = serde_json::json!({"method": "SUBSCRIBE", "params": names, "id": 1}).to_string();
    client.0.send(Message::text(request)).await.expect("sent");
    assert_eq!(client.close_code().await, Some(1008), "more than 1,024 streams");
}

#[tokio::test]
async fn pings_come_and_lives_end() {
    let config = EmulatorConfig {
        ping_interval: Some(Duration::from_millis(20)),
        connection_life_max: Some(Duration::from_millis(300)),
        ..EmulatorConfig::of(MarketSource::synthetic(MarketKind::Spot, 1))
    };
    let emulator = Emulator::start(config).await.expect("it starts");
    let mut client = Client::connect(emulator.address(), "/ws").await;
    let first = client.next().await.expect("a ping");
    assert!(matches!(&first, Message::Ping(payload) if payload.len() == 13), "{first:?}");
    assert_eq!(client.close_code().await, Some(1008), "each pong counts as a message: too many of them");

    let mut client = Client::connect(emulator.address(), "/ws").await;
    tokio::time::sleep(Duration::from_millis(350)).await;
    assert_eq!(client.close_code().await, Some(1001), "the life is over");
}

#[tokio::test]
async fn who_does_not_answer_pings_is_closed() {
    let config = EmulatorConfig {
        ping_interval: Some(Duration::from_millis(30)),
        pong_timeout: Some(Duration::from_millis(50)),
        ..EmulatorConfig::of(MarketSource::synthetic(MarketKind::UsdM, 1))
    };
    let emulator = Emulator::start(config).await.expect("it starts");
    let _mute = Client::connect(emulator.address(), "/ws").await;
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    assert_eq!(emulator.stats().connections_open, 0);
}

#[tokio::test]
async fn a_bad_tape_is_refused_or_stops_with_its_line() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("bad.tape");
    std::fs::write(&path, "1 hello\n").expect("written");
    let error = Emulator::start(config_of(&path)).await.expect_err("the beginning is looked at");
    assert!(error.to_string().contains("line 1"), "{error}");

    let good: String = (0..2_500).map(|index| format!("{index} {TRADE}\n")).collect();
    std::fs::write(&path, format!("{good}2500 hello\n")).expect("written");
    let emulator = Emulator::start(config_of(&path)).await.expect("the beginning is good");
    let mut client = Client::connect(emulator.address(), ALL).await;
    assert_eq!(client.texts().await.len(), 2_500);
    emulator.finished().await;
    assert!(emulator.stats().failures[0].contains("line 2501"), "{:?}", emulator.stats().failures);
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused() {
    let market = MarketSource::synthetic(MarketKind::Spot, 1);
    let base = EmulatorConfig::of(market.clone());
    for (config, part) in [
        (EmulatorConfig::default(), "no market"),
        (EmulatorConfig { markets: vec![market.clone(), market], ..base.clone() }, "given twice"),
        (EmulatorConfig { speed: Speed::Times(0.0), ..base.clone() }, "above 0"),
        (EmulatorConfig { bind: ([0, 0, 0, 0], 0).into(), ..base }, "loopback"),
    ] {
        let error = Emulator::start(config).await.expect_err("it cannot be");
        assert!(error.to_string().contains(part), "{error}");
    }
}

/// The documented procedure (buffer, snapshot, drop, bridge, check) succeeds on the synthetic market of both kinds.
#[tokio::test]
async fn a_local_book_can_be_kept_of_the_synthetic_market() {
    let markets = vec![MarketSource::synthetic(MarketKind::Spot, 4), MarketSource::synthetic(MarketKind::UsdM, 4)];
    let emulator = Emulator::start(EmulatorConfig { markets, ..EmulatorConfig::default() }).await.expect("it starts");
    let spot = emulator.spot_address().expect("spot is there");
    let usdm = emulator.usdm_address().expect("futures are there");
    for (address, stream, depth) in [
        (spot, "/stream?streams=btcusdt@depth@100ms", "/api/v3/depth?symbol=BTCUSDT&limit=5000"),
        (usdm, "/public/stream?streams=btcusdt@depth@100ms", "/fapi/v1/depth?symbol=BTCUSDT&limit=1000"),
    ] {
        let mut client = Client::connect(address, stream).await;
        let mut diffs = vec![client.text().await.expect("a diff")];
        let snapshot: Value = serde_json::from_str(&get(address, depth).await.1).expect("it parses");
        while diffs.len() < 12 {
            diffs.push(client.text().await.expect("a diff"));
        }
        let mut id = snapshot["lastUpdateId"].as_u64().expect("an id");
        let mut applied = 0;
        for diff in &diffs {
            assert!(diff.starts_with(r#"{"stream":"btcusdt@depth@100ms","#), "under the name asked for: {diff}");
            let data = &serde_json::from_str::<Value>(diff).expect("it parses")["data"];
            let [first, last] = ["U", "u"].map(|key| data[key].as_u64().expect("an id"));
            if last < id {
                continue;
            }
            let follows = if address == spot { first <= id + 1 } else { first <= id || data["pu"].as_u64() == Some(id) };
            assert!(follows, "{id} then {data}");
            id = last;
            applied += 1;
        }
        assert!(applied >= 8, "{applied}");
    }
}

#[tokio::test]
async fn speed_keeps_the_recorded_gaps() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("a.tape");
    let lines: String = (0..4).map(|index| format!("{} {TRADE}\n", index * 1_000_000_000i64)).collect();
    std::fs::write(&path, lines).expect("written");
    let emulator = Emulator::start(EmulatorConfig { speed: Speed::Times(10.0), ..config_of(&path) }).await.expect("it starts");
    let mut client = Client::connect(emulator.address(), ALL).await;
    let begun = tokio::time::Instant::now();
    assert_eq!(client.texts().await.len(), 4);
    let took = begun.elapsed();
    assert!((Duration::from_millis(250)..Duration::from_secs(3)).contains(&took), "{took:?}");
}

/// Both real tapes at full speed: every frame of every stream arrives, in order and byte for byte.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_tapes_arrive_whole() {
    for (kind, name, streams) in [
        (MarketKind::Spot, "binance-spot-btcusdt-20240808.tape.gz", ALL.replace("@0ms", "@100ms")),
        (MarketKind::UsdM, "binance-usdm-btcusdt-20240808.tape.gz", ALL.to_owned()),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
        if !path.exists() {
            eprintln!("SKIPPED: {} is not there; the real tape was not played", path.display());
            continue;
        }
        let config =
            EmulatorConfig { speed: Speed::Max, end: End::CloseWhenDone, ..EmulatorConfig::of(MarketSource::tape(kind, &path)) };
        let emulator = Emulator::start(config).await.expect("it starts");
        let address = emulator.address();
        let begun = tokio::time::Instant::now();
        let mut client = Client::connect(address, &streams).await;
        let depth = match kind {
            MarketKind::Spot => "/api/v3/depth?symbol=BTCUSDT&limit=5000",
            MarketKind::UsdM => "/fapi/v1/depth?symbol=BTCUSDT&limit=1000",
        };
        let asked = tokio::spawn(get(address, depth));
        let (mut count, mut snapshots) = (0u64, Vec::new());
        for frame in TapeReader::open(&path).expect("it opens") {
            let text = frame.expect("a good line").text;
            if text.starts_with("{\"lastUpdateId\"") {
                snapshots.push(text);
                continue;
            }
            assert_eq!(client.text().await.as_deref(), Some(text.as_str()), "frame {count}");
            count += 1;
        }
        assert_eq!(client.text().await, None, "nothing comes after the tape");
        emulator.finished().await;
        let stats = emulator.stats();
        eprintln!("{name}: {count} frames in {:?}", begun.elapsed());
        assert_eq!((stats.frames_sent, stats.frames_played, stats.failures.len()), (count, count, 0));
        assert_eq!(asked.await.expect("no panic"), (200, snapshots.remove(0)), "the recorded snapshot");
        assert_eq!(get(address, depth).await.0, 200, "the book has no gap to the end of the tape");
    }
}
