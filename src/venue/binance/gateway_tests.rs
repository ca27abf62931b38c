//! The gateway against a small server on this machine that plays a script.

use crate::market::Venue;
use crate::venue::inbox::Inbound;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::*;
use crate::venue::inbox::{InboxReceiver, channel};

/// What the server does on one connection, or answers to one request for a snapshot.
#[derive(Clone, Debug)]
enum Act {
    /// Sends a frame.
    Send(String),
    /// Waits until so many snapshots were served.
    AwaitSnapshots(u64),
    /// Waits until so many connections were made.
    AwaitConnections(u64),
    /// Waits.
    Pause(u64),
    /// Cuts the connection.
    Cut,
}

/// The server's script and what was asked of it.
#[derive(Default)]
struct Script {
    /// One list for each connection in turn; beyond them, silence.
    connections: Mutex<VecDeque<Vec<Act>>>,
    /// One answer for each request in turn; the last again and again.
    snapshots: Mutex<VecDeque<Result<u64, u16>>>,
    connected: AtomicU64,
    served: AtomicU64,
    pongs: AtomicU64,
}

const EXCHANGE_INFO: &str = r#"{"symbols":[{"symbol":"BTCUSDT","baseAsset":"BTC","quoteAsset":"USDT","filters":[
    {"filterType":"PRICE_FILTER","tickSize":"0.01"},{"filterType":"LOT_SIZE","minQty":"0.001","maxQty":"100","stepSize":"0.001"},
    {"filterType":"NOTIONAL","minNotional":"5"}]}]}"#;

async fn serve(script: Arc<Script>) -> SocketAddr {
    let app = Router::new()
        .route("/api/v3/exchangeInfo", get(async || EXCHANGE_INFO))
        .route("/api/v3/depth", get(depth))
        .route(
            "/stream",
            get(async |State(script): State<Arc<Script>>, upgrade: WebSocketUpgrade| {
                upgrade.on_upgrade(|socket| play(script, socket))
            }),
        )
        .with_state(script);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn depth(State(script): State<Arc<Script>>) -> Response {
    let answer = {
        let mut answers = script.snapshots.lock().expect("no test panics while it holds it");
        if answers.len() > 1 { answers.pop_front() } else { answers.front().copied() }
    };
    script.served.fetch_add(1, Ordering::SeqCst);
    match answer {
        Some(Ok(last)) => {
            format!(r#"{{"lastUpdateId":{last},"bids":[["100","1"],["99","1"]],"asks":[["101","2"]]}}"#).into_response()
        }
        Some(Err(status)) => {
            (StatusCode::from_u16(status).expect("a status"), [("retry-after", "0")], r#"{"code":-1003,"msg":"Too many."}"#)
                .into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn play(script: Arc<Script>, mut socket: WebSocket) {
    script.connected.fetch_add(1, Ordering::SeqCst);
    let acts = script.connections.lock().expect("no test panics while it holds it").pop_front().unwrap_or_default();
    for act in acts {
        match act {
            Act::Send(text) => {
                if socket.send(Message::Text(text.into())).await.is_err() {
                    return;
                }
            }
            Act::AwaitSnapshots(count) => until(|| script.served.load(Ordering::SeqCst) >= count).await,
            Act::AwaitConnections(count) => until(|| script.connected.load(Ordering::SeqCst) >= count).await,
            Act::Pause(millis) => sleep(Duration::from_millis(millis)).await,
            Act::Cut => return,
        }
    }
    let _ = socket.send(Message::Ping(vec![7].into())).await;
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Pong(_)) {
            script.pongs.fetch_add(1, Ordering::SeqCst);
        }
    }
}

async fn until(condition: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if condition() {
            return;
        }
        sleep(Duration::from_millis(1)).await;
    }
    panic!("it did not happen within ten seconds");
}

fn delta(first: u64, last: u64) -> Act {
    Act::Send(format!(
        r#"{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":1795165445300,"s":"BTCUSDT","U":{first},"u":{last},"b":[["100","3"]],"a":[]}}}}"#
    ))
}

fn trade(id: u64) -> Act {
    Act::Send(format!(
        r#"{{"stream":"btcusdt@trade","data":{{"e":"trade","E":1795165445300,"s":"BTCUSDT","t":{id},"p":"100.5","q":"2","T":1795165445299,"m":true}}}}"#
    ))
}

/// A gateway on a script, what it said so far, and how to stop it.
struct Bench {
    script: Arc<Script>,
    receiver: InboxReceiver,
    heard: Vec<Inbound>,
    stats: Arc<GatewayStats>,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<Result<(), VenueError>>,
}

impl Bench {
    async fn start(connections: Vec<Vec<Act>>, snapshots: Vec<Result<u64, u16>>, change: fn(&mut BinanceConfig)) -> Self {
        let script = Arc::new(Script {
            connections: Mutex::new(connections.into()),
            snapshots: Mutex::new(snapshots.into()),
            ..Script::default()
        });
        let address = serve(Arc::clone(&script)).await;
        let mut config = BinanceConfig::spot(vec![("BTCUSDT".into(), InstrumentId(0))]).at(address);
        config.patience.backoff_min = Duration::from_millis(5);
        config.patience.backoff_max = Duration::from_millis(50);
        change(&mut config);
        let (inbox, receiver) = channel(1_000);
        let ticks = AtomicU64::new(1);
        let now: Now = Arc::new(move || Nanos::new(ticks.fetch_add(1, Ordering::SeqCst) as i64));
        let gateway = BinanceGateway::new(config, inbox, now).expect("the settings make sense");
        let stats = gateway.stats();
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(gateway.run(stopped));
        Bench { script, receiver, heard: Vec::new(), stats, stop, running }
    }

    /// Waits until the words heard end with `last`, and compares them all, links aside.
    async fn expect(&mut self, expected: &str) {
        for _ in 0..5_000 {
            while let Some(inbound) = self.receiver.try_recv() {
                self.heard.push(inbound);
            }
            if self.words() == expected {
                return;
            }
            sleep(Duration::from_millis(1)).await;
        }
        panic!("heard `{}`, expected `{expected}`; {}", self.words(), self.stats.frames());
    }

    fn words(&self) -> String {
        let words: Vec<String> = self
            .heard
            .iter()
            .filter_map(|inbound| match &inbound.event {
                Event::Market(MarketEvent::Instrument(instrument)) => Some(format!("={}", instrument.symbol)),
                Event::Market(MarketEvent::Depth(depth)) => {
                    Some(format!("{}{}", if depth.snapshot { "S" } else { "D" }, depth.update_id))
                }
                Event::Market(MarketEvent::Trade(trade)) => Some(format!("t{}", trade.id)),
                Event::Market(MarketEvent::BookLost(_)) => Some("lost".into()),
                Event::Frame(frame) => Some(format!("raw{}", frame.bytes.len())),
                _ => None,
            })
            .collect();
        words.join(" ")
    }

    /// The links heard: `up`, `down`.
    fn links(&self) -> String {
        let words: Vec<&str> = self
            .heard
            .iter()
            .filter_map(|inbound| match &inbound.event {
                Event::Link(Link { state: LinkState::Up, .. }) => Some("up"),
                Event::Link(Link { state: LinkState::Down { .. }, .. }) => Some("down"),
                _ => None,
            })
            .collect();
        words.join(" ")
    }

    async fn stop(self) -> Vec<Inbound> {
        self.stop.send(true).expect("it runs");
        self.running.await.expect("it does not panic").expect("it ends well");
        let counts = self.stats.frames();
        assert_eq!(counts.sum(), counts.received, "{counts}");
        self.heard
    }
}

#[tokio::test]
async fn a_book_is_synchronised_and_resynchronised_after_a_gap() {
    let acts = vec![
        delta(11, 12),
        trade(1),
        delta(13, 14),
        Act::AwaitSnapshots(2),
        Act::Pause(20),
        delta(15, 16),
        delta(18, 19),
        Act::AwaitSnapshots(3),
        Act::Pause(20),
        delta(20, 21),
    ];
    // The first snapshot is older than the first delta, the second is refused by nobody and fits, the third follows the gap.
    let mut bench = Bench::start(vec![acts], vec![Ok(5), Ok(12), Ok(18)], |_| {}).await;
    bench.expect("=BTCUSDT t1 S12 D14 D16 lost S18 D19 D21").await;
    assert_eq!(bench.links(), "up");
    assert_eq!((bench.stats.gaps(), bench.stats.snapshots(), bench.stats.links_up()), (1, 3, 1));
    until(|| bench.script.pongs.load(Ordering::SeqCst) >= 1).await;
    let frames = bench.stats.frames();
    assert_eq!((frames.received, frames.journaled, frames.buffered_then_journaled, frames.stale), (6, 3, 2, 1));
    let heard = bench.stop().await;
    assert!(
        heard
            .windows(2)
            .all(|pair| pair[0].recv <= pair[1].recv || !matches!(pair[1].event, Event::Market(MarketEvent::Trade(_))))
    );
}

#[tokio::test]
async fn a_refused_snapshot_is_asked_for_again() {
    let mut bench = Bench::start(vec![vec![delta(11, 12)]], vec![Err(429), Err(500), Ok(11)], |_| {}).await;
    bench.expect("=BTCUSDT S11 D12").await;
    let failures: Vec<String> = bench
        .heard
        .iter()
        .filter_map(|inbound| match &inbound.event {
            Event::Answer(answer) => Some(format!("{answer:?}")),
            _ => None,
        })
        .collect();
    assert_eq!(failures.len(), 1, "only the first of a row is told: {failures:?}");
    assert!(failures[0].contains("429"), "{failures:?}");
    bench.stop().await;
}

#[tokio::test]
async fn a_lost_connection_is_made_again_and_its_overlap_is_not_told_twice() {
    let first = vec![delta(11, 12), Act::AwaitSnapshots(1), Act::Pause(20), trade(1), trade(2), Act::Cut];
    let second = vec![trade(2), trade(3), delta(20, 21), Act::AwaitSnapshots(2), Act::Pause(20), delta(22, 22)];
    let mut bench = Bench::start(vec![first, second], vec![Ok(11), Ok(20)], |_| {}).await;
    bench.expect("=BTCUSDT S11 D12 t1 t2 lost t3 S20 D21 D22").await;
    assert_eq!(bench.links(), "up down up");
    assert_eq!((bench.stats.connects(), bench.stats.frames().duplicate), (2, 1));
    bench.stop().await;
}

#[tokio::test]
async fn a_shutdown_is_answered_by_a_successor_without_a_hole() {
    let word = Act::Send(r#"{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}"#.into());
    let first = vec![
        delta(11, 12),
        Act::AwaitSnapshots(1),
        Act::Pause(20),
        word,
        Act::AwaitConnections(2),
        delta(13, 13),
        delta(14, 14),
        Act::Pause(60),
        Act::Cut,
    ];
    let second = vec![delta(14, 14), Act::Pause(200), delta(15, 15)];
    let mut bench =
        Bench::start(vec![first, second], vec![Ok(11)], |config| config.patience.overlap = Duration::from_secs(5)).await;
    bench.expect("=BTCUSDT S11 D12 D13 D14 D15").await;
    assert_eq!(bench.links(), "up", "nothing was lost");
    assert_eq!((bench.stats.replaced(), bench.stats.frames().duplicate, bench.stats.frames().control), (1, 1, 1));
    bench.stop().await;
}

#[tokio::test]
async fn an_old_connection_is_replaced_after_the_overlap() {
    let first = vec![trade(1), Act::AwaitConnections(2), trade(2)];
    let second = vec![trade(2), trade(3)];
    let change = |config: &mut BinanceConfig| {
        config.patience.life = Duration::from_millis(300);
        config.patience.overlap = Duration::from_millis(100);
    };
    let mut bench = Bench::start(vec![first, second], vec![], change).await;
    bench.expect("=BTCUSDT t1 t2 t3").await;
    assert!(bench.stats.replaced() >= 1);
    assert_eq!(bench.links(), "up");
    bench.stop().await;
}

#[tokio::test]
async fn a_connection_that_brings_nothing_is_given_up() {
    let change = |config: &mut BinanceConfig| config.patience.stale = Duration::from_millis(200);
    let mut bench = Bench::start(vec![vec![trade(1)], vec![trade(2)]], vec![], change).await;
    bench.expect("=BTCUSDT t1 t2").await;
    assert_eq!(bench.links(), "up down up");
    bench.stop().await;
}

#[tokio::test]
async fn raw_frames_are_kept_and_make_the_same_events_again() {
    let acts =
        vec![trade(1), delta(11, 12), Act::AwaitSnapshots(1), Act::Pause(30), delta(13, 13), Act::Send("{".into()), Act::Cut];
    let second = vec![delta(30, 30), Act::AwaitSnapshots(2)];
    let mut bench = Bench::start(vec![acts, second], vec![Ok(11), Ok(29)], |config| config.raw = RawFrames::All).await;
    let Act::Send(text) = trade(1) else { return };
    let Act::Send(depth) = delta(11, 12) else { return };
    let (t, d) = (text.len(), depth.len());
    bench.expect(&format!("=BTCUSDT raw{t} t1 raw{d} raw72 S11 D12 raw{d} D13 raw1 raw0 lost raw{d} raw72 S29 D30")).await;
    let heard = bench.stop().await;
    let mut decoder = Decoder::new(Venue::BinanceSpot, [("BTCUSDT", InstrumentId(0))]);
    let (mut joiner, mut again) = (crate::venue::raw::FrameJoiner::default(), Made::new());
    let mut journaled = Made::new();
    for inbound in heard {
        match inbound.event {
            Event::Frame(piece) => {
                if let Some((channel, bytes)) = joiner.piece(&piece) {
                    decoder.reparse(Channel::of(channel), bytes, &mut again);
                }
            }
            Event::Market(MarketEvent::Instrument(_)) | Event::Link(_) | Event::Answer(_) => {}
            event => journaled.push((inbound.venue_time, event)),
        }
    }
    assert_eq!(again, journaled);
}

#[tokio::test]
async fn a_gateway_stops_while_the_inbox_is_full() {
    let script = Arc::new(Script { connections: Mutex::new(vec![(1..100).map(trade).collect()].into()), ..Script::default() });
    let address = serve(script).await;
    let (inbox, receiver) = channel(2);
    let gauges = Arc::clone(inbox.gauges());
    let config = BinanceConfig::spot(vec![("BTCUSDT".into(), InstrumentId(0))]).at(address);
    let gateway = BinanceGateway::new(config, inbox, Arc::new(|| Nanos::ZERO)).expect("the settings make sense");
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(gateway.run(stopped));
    until(|| gauges.waits() > 3).await;
    stop.send(true).expect("it runs");
    tokio::time::timeout(Duration::from_secs(5), running).await.expect("in time").expect("no panic").expect("it ends well");
    drop(receiver);
}

/// A gateway with room for one frame, which its definitions take, and five quotes: four gave way to the fifth, which waits.
async fn five_quotes_into_a_full_inbox() -> (InboxReceiver, Arc<GatewayStats>, watch::Sender<bool>, Running) {
    let quotes = (1..=5).map(|id| Act::Send(format!(r#"{{"u":{id},"s":"BTCUSDT","b":"100","B":"{id}","a":"101","A":"1"}}"#)));
    let script = Arc::new(Script { connections: Mutex::new(vec![quotes.collect()].into()), ..Script::default() });
    let address = serve(script).await;
    let (inbox, receiver) = channel(1);
    let config = BinanceConfig::spot(vec![("BTCUSDT".into(), InstrumentId(0))]).at(address);
    let gateway = BinanceGateway::new(config, inbox, Arc::new(|| Nanos::ZERO)).expect("the settings make sense");
    let stats = gateway.stats();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(gateway.run(stopped));
    until(|| stats.frames().conflated == 4).await;
    (receiver, stats, stop, running)
}

type Running = tokio::task::JoinHandle<Result<(), VenueError>>;

#[tokio::test]
async fn a_stopped_gateway_waits_for_room_for_the_last_quote() {
    let (mut receiver, stats, stop, running) = five_quotes_into_a_full_inbox().await;
    stop.send(true).expect("it runs");
    // It is being stopped, and then the loop takes what is there.
    tokio::task::yield_now().await;
    let mut heard = Vec::new();
    while !receiver.is_closed() {
        match receiver.try_recv() {
            Some(inbound) => heard.push(inbound.event),
            None => sleep(Duration::from_millis(1)).await,
        }
    }
    running.await.expect("no panic").expect("it ends well");
    let [.., Event::Link(link), Event::Market(MarketEvent::Quote(quote))] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!((&link.state, quote.bid_qty), (&LinkState::Conflated { frames: 4 }, "5".parse().expect("a quantity")));
    assert_eq!((stats.frames().journaled, stats.frames().conflated), (1, 4));
}

#[tokio::test]
async fn a_last_quote_without_room_is_counted_as_left_out() {
    let (receiver, stats, stop, running) = five_quotes_into_a_full_inbox().await;
    stop.send(true).expect("it runs");
    running.await.expect("no panic").expect("it ends well");
    assert_eq!((stats.frames().journaled, stats.frames().conflated, receiver.gauges().conflated()), (0, 5, 5));
}

#[tokio::test]
async fn an_unknown_symbol_ends_it_with_a_reason() {
    let address = serve(Arc::new(Script::default())).await;
    let (inbox, _receiver) = channel(2);
    let config = BinanceConfig::spot(vec![("NOSUCH".into(), InstrumentId(0))]).at(address);
    let gateway = BinanceGateway::new(config, inbox, Arc::new(|| Nanos::ZERO)).expect("the settings make sense");
    let (_stop, stopped) = watch::channel(false);
    let error = gateway.run(stopped).await.expect_err("no such symbol");
    assert!(error.to_string().contains("NOSUCH"), "{error}");
}

#[tokio::test]
async fn secure_connections_can_be_tried() {
    // Nothing speaks TLS there: what matters is a failure, and no panic about a missing provider of cryptography.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let mut config = BinanceConfig::spot(vec![("BTCUSDT".into(), InstrumentId(0))]);
    (config.rest_url, config.ws_url) = (format!("https://{address}"), format!("wss://{address}"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
        }
    });
    let rest = Rest::new(&config).expect("a client");
    assert!(matches!(rest.time().await, Err(RestError::Transport(_))));
    assert!(tokio_tungstenite::connect_async(config.ws_url).await.is_err());
}
