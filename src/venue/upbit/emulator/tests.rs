//! The emulator with the gateway and with a trading client, over sockets of the loopback.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use jangbu_journal::{Nanos, Seq, Stamp};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::*;
use crate::config::RawFrames;
use crate::data::tape::{TapeReader, TapeWriter};
use crate::event::{Event, LinkState, MarketEvent};
use crate::market::{Book, InstrumentId, Side};
use crate::venue::Now;
use crate::venue::counts::FrameCounts;
use crate::venue::gateway::{Gateway as _, VenueError};
use crate::venue::inbox::{Inbound, channel};
use crate::venue::reparse::{Reparse, Reparsed};
use crate::venue::stats::GatewayStats;
use crate::venue::upbit::config::UpbitConfig;
use crate::venue::upbit::gateway::UpbitGateway;
use crate::venue::upbit::rest::{Rest, RestError};
use crate::venue::upbit::signing::{Algorithm, Signer};
use crate::venue::upbit::wire::private::{MyOrder, OrderState, TimeInForce};
use crate::venue::upbit::wire::rest::order::{
    AskClosedOrders, AskOpenOrders, AskOrder, CancelAndNew, CancelOrder, OrderKey, PlaceOrder, Terms,
};
use crate::venue::upbit::wire::rest::{AnswerError, Cause, account, market as ask};
use crate::venue::upbit::wire::{Levels, MarketCode, Message, frame};

/// A clock that a look at it moves by a millisecond: a made-up market trades as fast as it is looked at.
fn clock() -> Now {
    let ms = AtomicI64::new(1_795_165_445_000);
    Arc::new(move || Nanos::new(ms.fetch_add(1, Ordering::Relaxed) * 1_000_000))
}

fn made_up(seed: u64) -> EmulatorConfig {
    let source = Source::Synthetic { symbols: vec!["KRW-BTC".into(), "KRW-XRP".into()], seed };
    EmulatorConfig { limits: false, interval_ms: 1, ..EmulatorConfig::new(source, clock()) }
}

fn tape_config(path: &Path) -> EmulatorConfig {
    EmulatorConfig { limits: false, speed: Speed::Max, ..EmulatorConfig::new(Source::Tape(path.to_owned()), clock()) }
}

/// A gateway at an emulator, and the loop that hears it.
struct Session {
    emulator: Emulator,
    stats: Arc<GatewayStats>,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<Result<(), VenueError>>,
    hearing: JoinHandle<Vec<Inbound>>,
}

struct Outcome {
    heard: Vec<Inbound>,
    frames: FrameCounts,
    emulator: EmulatorStats,
}

impl Session {
    async fn start(config: EmulatorConfig) -> Self {
        let emulator = Emulator::start(config).await.expect("it starts");
        let symbols = emulator.symbols().into_iter().zip(0..).map(|(symbol, id)| (symbol, InstrumentId(id))).collect();
        let mut config = UpbitConfig::new(symbols).at_endpoint(&format!("ws://{}", emulator.address()));
        config.raw = RawFrames::All;
        config.patience.backoff_min = Duration::from_millis(5);
        config.patience.backoff_max = Duration::from_millis(100);
        let (inbox, mut receiver) = channel(8_192);
        let gateway = UpbitGateway::new(config, inbox, clock()).expect("the settings make sense");
        let stats = gateway.stats();
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(gateway.run(stopped));
        let hearing = std::thread::spawn(move || {
            let mut heard = Vec::new();
            while !receiver.is_closed() {
                heard.extend(receiver.recv_timeout(Duration::from_millis(100)));
            }
            heard
        });
        Session { emulator, stats, stop, running, hearing }
    }

    async fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !condition(self) {
            assert!(begun.elapsed() < Duration::from_secs(60), "not within 60 s: {what}; {}", self.stats.frames());
            sleep(Duration::from_millis(1)).await;
        }
    }

    async fn stop(self) -> Outcome {
        self.stop.send_replace(true);
        self.running.await.expect("no panic").expect("it ends well");
        let emulator = self.emulator.stop().await;
        let heard = self.hearing.join().expect("no panic");
        let frames = self.stats.frames();
        assert_eq!(frames.sum(), frames.received, "each frame is in one class: {frames}");
        assert_eq!(emulator.failure, None);
        Outcome { heard, frames, emulator }
    }
}

impl Outcome {
    /// The frames parsed again make the events that stand beside them.
    fn reparse(&self) -> Reparsed {
        let mut reparse = Reparse::default();
        for (inbound, seq) in self.heard.iter().zip(1..) {
            let stamp = Stamp { seq: Seq::new(seq), recv: inbound.recv, venue: inbound.venue_time };
            if let Err(difference) = reparse.event(&stamp, &inbound.event) {
                panic!("{difference}");
            }
        }
        reparse.finish(true).unwrap_or_else(|difference| panic!("{difference}"))
    }

    /// The books at the end, by symbol; instruments are defined first, levels follow their head, and nothing is crossed.
    fn books(&self) -> Vec<(String, Book)> {
        let mut books: Vec<(String, Book)> = Vec::new();
        let mut pending = 0;
        for inbound in &self.heard {
            let Event::Market(event) = &inbound.event else { continue };
            assert_eq!(
                matches!(event, MarketEvent::Level(_)),
                pending > 0,
                "levels follow their head, and nothing comes between"
            );
            match event {
                MarketEvent::Instrument(instrument) => {
                    assert_eq!(instrument.id.index(), books.len());
                    books.push((instrument.symbol.clone(), Book::default()));
                }
                MarketEvent::Depth(depth) => {
                    assert!(depth.snapshot);
                    pending = depth.levels;
                    books[depth.instrument.index()].1.clear();
                }
                MarketEvent::Level(level) => {
                    pending -= 1;
                    let book = &mut books[level.instrument.index()].1;
                    book.set(level.side, level.price, level.qty);
                    assert!(pending > 0 || !book.is_crossed(), "{level:?}");
                }
                MarketEvent::BookLost(id) => books[id.index()].1.clear(),
                _ => {}
            }
        }
        books
    }

    fn count(&self, of: impl Fn(&Event) -> bool) -> usize {
        self.heard.iter().filter(|inbound| of(&inbound.event)).count()
    }
}

/// The last books on a tape, by another way than the gateway's.
fn books_of(path: &Path) -> Vec<(MarketCode, Levels)> {
    let mut books = std::collections::BTreeMap::new();
    for line in TapeReader::open(path).expect("opened") {
        let mut levels = Levels::default();
        if let Ok(Message::Book(head)) = Message::parse(&line.expect("a frame").text, &mut levels) {
            books.insert(head.code, levels);
        }
    }
    books.into_iter().collect()
}

async fn plays_whole(path: &Path, frames: u64) {
    let session = Session::start(tape_config(path)).await;
    timeout(Duration::from_secs(60), session.emulator.finished()).await.expect("the tape ends");
    session.until("all frames read", |session| session.stats.frames().received >= session.emulator.stats().frames_sent).await;
    let outcome = session.stop().await;
    assert_eq!((outcome.frames.received, outcome.emulator.frames_played), (frames, frames), "{}", outcome.frames);
    assert_eq!((outcome.frames.malformed, outcome.frames.unknown), (0, 0));
    let reparsed = outcome.reparse();
    assert_eq!((reparsed.frames, reparsed.frames_unread, reparsed.events_unframed), (frames, 0, 0));
    let made = outcome.count(|event| matches!(event, Event::Market(event) if !matches!(event, MarketEvent::Instrument(_))));
    assert_eq!(usize::try_from(reparsed.events).ok(), Some(made));
    let (ours, theirs) = (outcome.books(), books_of(path));
    for (code, levels) in theirs {
        let (_, book) = ours.iter().find(|(symbol, _)| symbol == code.as_str()).expect("its instrument");
        assert_eq!(book.levels(Side::Buy).collect::<Vec<_>>(), levels.bids, "{code}");
        assert_eq!(book.levels(Side::Sell).collect::<Vec<_>>(), levels.asks, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tape_is_heard_whole_and_the_books_are_the_tapes() {
    let dir = tempfile::tempdir().expect("a directory");
    let path: PathBuf = dir.path().join("made-up.tape.gz");
    let mut writer = TapeWriter::create(&path).expect("created");
    for round in 0..500_u64 {
        let ms = 1_700_000_000_000 + round;
        let text = match round % 3 {
            0 => format!(
                r#"{{"ty":"trade","cd":"KRW-XRP","tms":{ms},"ttms":{ms},"tp":812.0,"tv":1.5e-3,"ab":"ASK","sid":{}}}"#,
                round / 6
            ),
            _ => format!(
                r#"{{"ty":"orderbook","cd":"KRW-XRP","tms":{ms},"tas":1.0,"tbs":1.0,"obu":[{{"ap":{}.0,"bp":811.0,"as":{round}.5,"bs":2.0}},{{"ap":840.0,"bp":800.0,"as":1.0,"bs":1.0}}],"st":"REALTIME"}}"#,
                812 + round % 5
            ),
        };
        writer.write(i64::try_from(ms * 1_000_000).expect("small"), &text).expect("written");
    }
    writer.finish().expect("finished");
    plays_whole(&path, 500).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recorded_tape_is_heard_whole() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/upbit-krw-btc-20210417.tape.gz");
    if !path.exists() {
        eprintln!("SKIPPED: {} is not there", path.display());
        return;
    }
    plays_whole(&path, 449).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_comes_back_and_so_do_the_books() {
    let session = Session::start(made_up(3)).await;
    session.until("trades", |session| session.stats.frames().journaled > 50).await;
    session.emulator.cut_connections();
    session.until("a second connection", |session| session.stats.connects() > 1).await;
    let before = session.stats.frames().journaled;
    session.until("frames again", |session| session.stats.frames().journaled > before + 50).await;
    let outcome = session.stop().await;
    let link = |state: &LinkState| matches!(state, LinkState::Down { .. });
    assert_eq!(outcome.count(|event| matches!(event, Event::Link(link_event) if link(&link_event.state))), 1);
    assert_eq!(outcome.count(|event| matches!(event, Event::Market(MarketEvent::BookLost(_)))), 2);
    assert!(outcome.books().iter().all(|(_, book)| !book.is_empty()));
    assert!(outcome.reparse().events > 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_done_to_frames_each_is_accounted_for() {
    let faults = "drop=0.02,duplicate=0.05,reorder=0.05,garbage=0.03,disconnect=0.003,delay=0.01,delay-ms=3,seed=11";
    let config = EmulatorConfig { faults: faults.parse().expect("a plan"), ..made_up(5) };
    let session = Session::start(config).await;
    session.until("enough frames", |session| session.stats.frames().received > 2_500 && session.stats.connects() > 2).await;
    let outcome = session.stop().await;
    for fault in ["drop", "duplicate", "reorder", "garbage", "disconnect"] {
        assert!(outcome.emulator.faults.get(fault).is_some_and(|count| *count > 0), "{fault}: {:?}", outcome.emulator.faults);
    }
    assert!(outcome.frames.duplicate > 0 && outcome.frames.malformed + outcome.frames.unknown > 0, "{}", outcome.frames);
    outcome.books();
    let reparsed = outcome.reparse();
    assert!(reparsed.events > 1_000, "{reparsed:?}");
}

/// A client that trades at an emulator.
fn trader(emulator: &Emulator, algorithm: Algorithm) -> (Rest, Signer) {
    let credentials = EmulatorConfig::new(Source::Synthetic { symbols: Vec::new(), seed: 0 }, clock()).credentials;
    let signer = Signer::new(&credentials, algorithm);
    let config = UpbitConfig::new(Vec::new()).at_endpoint(&format!("ws://{}", emulator.address()));
    (Rest::new(&config, Some(signer.clone())).expect("a client"), signer)
}

fn xrp() -> MarketCode {
    "KRW-XRP".parse().expect("a market")
}

fn place(terms: Terms, identifier: &str) -> PlaceOrder {
    PlaceOrder { market: xrp(), terms, identifier: Some(identifier.to_owned()), self_match: None, dry_run: false }
}

fn cause<T: std::fmt::Debug>(result: Result<T, RestError>) -> Cause {
    match result {
        Err(RestError::Answer(AnswerError::Refused(refusal))) => refusal.cause,
        other => panic!("{other:?}"),
    }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a value")
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_placed_filled_cancelled_and_told() {
    let emulator = Emulator::start(made_up(9)).await.expect("it starts");
    let (rest, signer) = trader(&emulator, Algorithm::Hs512);
    // The private stream.
    let mut request = format!("ws://{}/websocket/v1/private", emulator.address()).into_client_request().expect("a request");
    let token = signer.authorization("").expect("random numbers");
    request.headers_mut().insert("authorization", token.expose().parse().expect("a header"));
    let (mut stream, _) = tokio_tungstenite::connect_async(request).await.expect("connected");
    let ask_for = r#"[{"ticket":"t"},{"type":"myOrder"},{"type":"myAsset"},{"format":"SIMPLE"}]"#;
    stream.send(ask_for.into()).await.expect("sent");
    stream.send("PING".into()).await.expect("sent");
    let up = stream.next().await.expect("an answer").expect("a frame");
    assert!(up.is_binary() && up.to_text().expect("text").contains("UP"));

    let chance = rest.ask(&account::AskChance { market: xrp() }).await.expect("an answer");
    assert_eq!((chance.bid_fee.to_string(), chance.market.bid.min_total.to_string()), ("0.0005".into(), "5000".into()));
    let books = ask::AskBooks { markets: vec![xrp()], level: None, count: None };
    let books = rest.ask(&books).await.expect("books");
    let best = books[0].1.asks[0].0;
    // Crosses the whole book: filled at once.
    let price = best.checked_add(parsed("100")).expect("small");
    let bought = rest
        .ask(&place(Terms::Limit { side: Side::Buy, price, qty: parsed("10"), time_in_force: None }, "k-1"))
        .await
        .expect("placed");
    assert_eq!((bought.identifier.as_deref(), bought.executed.to_string().as_str()), (Some("k-1"), "10"));
    // Far below: rests; is replaced; is cancelled.
    let low =
        Terms::Limit { side: Side::Buy, price: parsed("2000"), qty: parsed("5"), time_in_force: Some(TimeInForce::PostOnly) };
    let resting = rest.ask(&place(low, "k-2")).await.expect("placed");
    assert_eq!((resting.state, resting.locked.to_string().as_str()), (OrderState::Wait, "10005"));
    let replace = CancelAndNew {
        previous: OrderKey::Identifier("k-2".into()),
        price: parsed("2100"),
        qty: None,
        identifier: Some("k-3".into()),
        time_in_force: None,
        self_match: None,
    };
    let replaced = rest.ask(&replace).await.expect("replaced");
    assert!(replaced.new_uuid.is_some() && replaced.new_identifier.as_deref() == Some("k-3"));
    let open = AskOpenOrders { market: None, states: vec![OrderState::Wait], page: 1, limit: 100 };
    let open = rest.ask(&open).await.expect("orders");
    assert_eq!(open.iter().map(|order| order.identifier.as_deref()).collect::<Vec<_>>(), [Some("k-3")]);
    let cancelled = rest.ask(&CancelOrder(OrderKey::Uuid(open[0].uuid.clone()))).await.expect("cancelled");
    assert_eq!(cancelled.state, OrderState::Wait);
    assert_eq!(rest.ask(&AskOrder(OrderKey::Identifier("k-3".into()))).await.expect("told").state, OrderState::Cancel);
    // For an amount, and all of it back.
    let spent = rest.ask(&place(Terms::MarketBuy { total: parsed("100000") }, "k-4")).await.expect("placed");
    assert!(spent.volume.is_none() && spent.executed.is_positive());
    let best_sell = Terms::BestSell { qty: parsed("3"), fill_or_kill: false };
    assert_eq!(rest.ask(&place(best_sell, "k-5")).await.expect("placed").time_in_force, Some(TimeInForce::Ioc));
    let sold = rest.ask(&place(Terms::MarketSell { qty: parsed("2") }, "k-6")).await.expect("placed");
    assert_eq!(sold.executed.to_string(), "2");
    let one = rest.ask(&AskOrder(OrderKey::Identifier("k-1".into()))).await.expect("told");
    let fills = one.trades.expect("fills");
    let sum = fills.iter().fold(crate::market::Qty::ZERO, |sum, fill| sum.checked_add(fill.qty).expect("small"));
    assert_eq!((one.state, sum, u64::try_from(fills.len()).ok()), (OrderState::Done, one.executed, Some(one.trades_count)));
    let closed = AskClosedOrders {
        market: Some(xrp()),
        states: vec![OrderState::Done, OrderState::Cancel],
        start: None,
        end: None,
        limit: 10,
    };
    assert!(rest.ask(&closed).await.expect("orders").len() >= 5);

    // What the accounts say is what the ledger says.
    emulator.exchange(|exchange| exchange.verify()).expect("nothing made or lost");
    let accounts = rest.ask(&account::AskAccounts).await.expect("accounts");
    let held = emulator.exchange(|exchange| {
        let account = exchange.account(crate::venue::exchange::AccountId(0)).expect("one");
        (account.cash(parsed("KRW")).total, account.holding(InstrumentId(1)).qty)
    });
    let balance = |currency: &str| accounts.iter().find(|row| row.currency == currency).map(|row| row.balance);
    assert_eq!(balance("KRW").and_then(|number| number.money().ok()), Some(held.0));
    assert_eq!(balance("XRP").and_then(|number| number.qty().ok()), Some(held.1));

    // The stream told the same story.
    let mut told: Vec<MyOrder> = Vec::new();
    let mut assets = 0;
    while !told.iter().any(|order| order.identifier.as_deref() == Some("k-6") && order.state == OrderState::Done) {
        let frame = timeout(Duration::from_secs(20), stream.next()).await.expect("told in time").expect("open").expect("a frame");
        let mut levels = Levels::default();
        for text in frame::messages(&frame.into_data()).expect("a frame") {
            match Message::parse(text, &mut levels).expect("a message") {
                Message::MyOrder(order) => told.push(*order),
                Message::MyAsset(_) => assets += 1,
                other => panic!("{other:?}"),
            }
        }
    }
    let of = |id: &str| {
        told.iter().filter(|order| order.identifier.as_deref() == Some(id)).map(|order| order.state).collect::<Vec<_>>()
    };
    let first = of("k-1");
    assert_eq!((first[0], first[1], first.last()), (OrderState::Wait, OrderState::Trade, Some(&OrderState::Done)));
    assert_eq!(first.len(), fills.len() + 2);
    assert_eq!((of("k-2"), of("k-3")), (vec![OrderState::Wait, OrderState::Cancel], vec![OrderState::Wait, OrderState::Cancel]));
    let streamed: Vec<_> =
        told.iter().filter(|order| order.identifier.as_deref() == Some("k-1")).filter_map(MyOrder::fill).collect();
    assert_eq!(streamed, fills.iter().map(|fill| (fill.price, fill.qty)).collect::<Vec<_>>());
    assert!(assets > 0);
    emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_by_its_name() {
    let emulator = Emulator::start(made_up(2)).await.expect("it starts");
    let (rest, signer) = trader(&emulator, Algorithm::Hs256);
    let limit =
        |price: &str, qty: &str| Terms::Limit { side: Side::Buy, price: parsed(price), qty: parsed(qty), time_in_force: None };
    for (terms, identifier, expected) in [
        (limit("2000.5", "10"), "r-1", Cause::BadPrice),
        (limit("2000", "1"), "r-2", Cause::BelowMinimum),
        (limit("2000", "1000000"), "r-3", Cause::TooLittle),
        (Terms::MarketSell { qty: parsed("100") }, "r-4", Cause::TooLittle),
        // An identifier is used up by an order that failed, too.
        (limit("2000", "10"), "r-4", Cause::IdentifierUsed),
    ] {
        assert_eq!(cause(rest.ask(&place(terms, identifier)).await), expected, "{terms:?}");
    }
    assert_eq!(cause(rest.ask(&AskOrder(OrderKey::Identifier("r-9".into()))).await), Cause::OrderNotFound);
    let unknown = ask::AskTickers::Of(vec![parsed("KRW-DOGE")]);
    assert_eq!(cause(rest.ask(&unknown).await), Cause::UnknownMarket);
    // The same token twice; none; one of a stranger.
    let header = signer.authorization("").expect("random numbers");
    let url = format!("http://{}/v1/accounts", emulator.address());
    let ask_with = async |token: &str| {
        let response = reqwest::Client::new().get(&url).header("authorization", token).send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("text"))
    };
    assert_eq!(ask_with(header.expose()).await.0, 200);
    let (status, body) = ask_with(header.expose()).await;
    assert!(status == 401 && body.contains("nonce_used"), "{body}");
    assert!(ask_with("Bearer x").await.1.contains("no_authorization_token"));
    // A stranger on the private stream.
    let private = tokio_tungstenite::connect_async(format!("ws://{}/websocket/v1/private", emulator.address())).await;
    assert!(private.expect_err("no token").to_string().contains("401"));
    emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_told_then_refused_then_blocked() {
    let still: Now = Arc::new(|| Nanos::new(1_795_165_445_000_000_000));
    let config = EmulatorConfig { limits: true, now: still, ..made_up(1) };
    let emulator = Emulator::start(config).await.expect("it starts");
    let client = reqwest::Client::new();
    let mut seen = Vec::new();
    for _ in 0..22 {
        let response = client.get(format!("http://{}/v1/market/all", emulator.address())).send().await.expect("an answer");
        let left = response.headers().get("Remaining-Req").and_then(|text| text.to_str().ok()).unwrap_or("").to_owned();
        seen.push((response.status().as_u16(), left));
    }
    assert_eq!(seen[0], (200, "group=market; min=1800; sec=9".into()));
    assert_eq!((seen[9].0, seen[10].0, seen[19].0, seen[20].0), (200, 429, 429, 418));
    assert_eq!(emulator.stop().await.refused, 12);
}
