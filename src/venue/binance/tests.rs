//! The gateway against the emulator, over sockets of the loopback: every frame sent is journaled or counted, whatever goes wrong.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use jangbu_journal::Nanos;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::config::{BinanceConfig, TradeStream};
use super::emulator::{Emulator, EmulatorConfig, EmulatorStats, Faults, MarketKind, MarketSource, Speed, Start};
use super::gateway::BinanceGateway;
use super::wire::FrameCounts;
use crate::data::tape::TapeWriter;
use crate::event::{Event, LinkState, MarketEvent};
use crate::market::{Book, Instrument, InstrumentId, InstrumentKind};
use crate::venue::inbox::{Gauges, Inbound, channel};
use crate::venue::stats::GatewayStats;
use crate::venue::{Gateway, Now, VenueError};

mod books;
mod overload;

const BTC: InstrumentId = InstrumentId(0);

/// What a made-up tape has in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct OnTape {
    trades: u64,
    quotes: u64,
    deltas: u64,
}

/// A tape of `rounds` rounds: a book update, four quotes, two trades. Its snapshot comes in the second round.
fn tape(kind: MarketKind, rounds: u64) -> (tempfile::TempDir, PathBuf, OnTape) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("made-up.tape.gz");
    let mut writer = TapeWriter::create(&path).expect("created");
    let mut at = 1_700_000_000_000_000_000_i64;
    let mut write = |text: String| {
        at += 1_000_000;
        writer.write(at, &text).expect("written");
    };
    let mut count = OnTape::default();
    for round in 0..rounds {
        // Spot's ids are contiguous; those of futures have holes and name the one before.
        let start = 1_000 + round * 100;
        let (first, last) = if kind == MarketKind::Spot { (start, start + 99) } else { (start + 3, start + 93) };
        let previous = if kind == MarketKind::Spot { String::new() } else { format!(r#""T":1,"pu":{},"#, last - 100) };
        let bid = 50_000 + round % 7;
        write(format!(
            r#"{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":{last},{previous}"s":"BTCUSDT","U":{first},"u":{last},"b":[["{bid}.00","{}.5"],["{}.00","0"]],"a":[["{}.00","2"]]}}}}"#,
            round + 1,
            bid.saturating_sub(3),
            bid + 10,
        ));
        count.deltas += 1;
        if round == 1 {
            let id = last - 10;
            write(format!(r#"{{"lastUpdateId":{id},"E":1,"T":1,"bids":[["49999.00","1"]],"asks":[["50020.00","1"]]}}"#));
        }
        for quote in 0..4 {
            let id = first + quote * 10;
            let time = if kind == MarketKind::UsdM { r#""e":"bookTicker","T":1,"E":1,"# } else { "" };
            write(format!(
                r#"{{"stream":"btcusdt@bookTicker","data":{{{time}"u":{id},"s":"BTCUSDT","b":"{bid}.00","B":"1","a":"{}.00","A":"{quote}.5"}}}}"#,
                bid + 10
            ));
            count.quotes += 1;
        }
        for trade in 0..2 {
            let id = round * 2 + trade + 1;
            write(format!(
                r#"{{"stream":"btcusdt@trade","data":{{"e":"trade","E":{id},"s":"BTCUSDT","t":{id},"p":"{bid}.00","q":"0.1","T":{id},"m":true}}}}"#
            ));
            count.trades += 1;
        }
    }
    writer.finish().expect("finished");
    (dir, path, count)
}

/// An emulator that plays a tape as fast as the sockets take it, from when every stream has a reader.
fn emulate(kind: MarketKind, path: &Path) -> EmulatorConfig {
    EmulatorConfig { speed: Speed::Max, start: Start::EveryStream, ..EmulatorConfig::of(MarketSource::tape(kind, path)) }
}

/// How the one loop behind the gateway takes events.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taking {
    /// As they come.
    AtOnce,
    /// One, each time the gateway can go no further, out of an inbox of one frame; all of them once the test releases it.
    OnlyWhenStuck,
}

/// A gateway at an emulator, and the loop that hears it.
struct Session {
    emulator: Emulator,
    stats: Arc<GatewayStats>,
    gauges: Arc<Gauges>,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<Result<(), VenueError>>,
    released: Arc<AtomicBool>,
    /// Whole books heard so far.
    snapshots_heard: Arc<AtomicU64>,
    hearing: JoinHandle<Vec<Inbound>>,
}

/// What a session came to.
struct Outcome {
    heard: Vec<Inbound>,
    frames: FrameCounts,
    gateway: Arc<GatewayStats>,
    gauges: Arc<Gauges>,
    emulator: EmulatorStats,
}

fn gateway_config(kind: MarketKind) -> BinanceConfig {
    let symbols = vec![("BTCUSDT".to_owned(), BTC)];
    let mut config = if kind == MarketKind::Spot { BinanceConfig::spot(symbols) } else { BinanceConfig::usd_m(symbols) };
    config.streams.trades = TradeStream::Each;
    config.patience.backoff_min = Duration::from_millis(5);
    config.patience.backoff_max = Duration::from_millis(100);
    config
}

impl Session {
    async fn start(emulate: EmulatorConfig, taking: Taking, change: impl FnOnce(&mut BinanceConfig)) -> Self {
        let kind = emulate.markets[0].kind;
        let emulator = Emulator::start(emulate).await.expect("it starts");
        let mut config = gateway_config(kind).at(emulator.address());
        change(&mut config);
        let (inbox, mut receiver) = channel(if taking == Taking::AtOnce { 8_192 } else { 1 });
        let gauges = Arc::clone(inbox.gauges());
        let ticks = AtomicI64::new(1);
        let now: Now = Arc::new(move || Nanos::new(ticks.fetch_add(1, Ordering::Relaxed)));
        let gateway = BinanceGateway::new(config, inbox, now).expect("the settings make sense");
        let stats = gateway.stats();
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(gateway.run(stopped));
        let (released, snapshots_heard) = (Arc::new(AtomicBool::new(taking == Taking::AtOnce)), Arc::new(AtomicU64::new(0)));
        let (free, heard_books) = (Arc::clone(&released), Arc::clone(&snapshots_heard));
        let hearing = std::thread::spawn(move || {
            let (mut heard, mut stuck) = (Vec::new(), 0);
            while !receiver.is_closed() {
                let waits = receiver.gauges().waits();
                if !free.load(Ordering::Acquire) && waits == stuck {
                    std::thread::sleep(Duration::from_micros(50));
                    continue;
                }
                stuck = waits;
                if let Some(inbound) = receiver.recv_timeout(Duration::from_millis(100)) {
                    let is_book = matches!(&inbound.event, Event::Market(MarketEvent::Depth(depth)) if depth.snapshot);
                    heard_books.fetch_add(u64::from(is_book), Ordering::Release);
                    heard.push(inbound);
                }
            }
            heard
        });
        Session { emulator, stats, gauges, stop, running, released, snapshots_heard, hearing }
    }

    /// Waits until the tape has ended, every frame of it was read, and no book waits for its snapshot.
    async fn ended(&self) {
        timeout(Duration::from_secs(120), self.emulator.finished()).await.expect("the tape ends within two minutes");
        let read = |frames: FrameCounts, sent| frames.received >= sent && frames.buffered == 0;
        self.until("all frames read", |session| read(session.stats.frames(), session.sent())).await;
    }

    /// Frames the emulator sent, garbage included.
    fn sent(&self) -> u64 {
        let stats = self.emulator.stats();
        stats.frames_sent + stats.connections.iter().map(|connection| connection.garbage_sent).sum::<u64>()
    }

    async fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !condition(self) {
            assert!(begun.elapsed() < Duration::from_secs(60), "not within 60 s: {what}; {}", self.stats.frames());
            sleep(Duration::from_millis(1)).await;
        }
    }

    async fn stop(self) -> Outcome {
        self.released.store(true, Ordering::Release);
        self.stop.send_replace(true);
        self.running.await.expect("no panic").expect("it ends well");
        let emulator = self.emulator.stop().await;
        let heard = self.hearing.join().expect("no panic");
        let outcome = Outcome { heard, frames: self.stats.frames(), gateway: self.stats, gauges: self.gauges, emulator };
        assert_eq!(outcome.frames.sum(), outcome.frames.received, "each frame is in one class: {}", outcome.frames);
        assert_eq!(outcome.emulator.failures, Vec::<String>::new());
        outcome
    }
}

impl Outcome {
    /// Counts the market events heard, and checks that they make sense: definitions first, books whole, in order.
    fn check(&self) -> Heard {
        let mut heard = Heard::default();
        let mut pending = 0;
        let mut update = None;
        let mut last_trade = 0;
        for inbound in &self.heard {
            let Event::Market(event) = &inbound.event else {
                if let Event::Link(link) = &inbound.event {
                    match &link.state {
                        LinkState::Conflated { frames } => heard.left_out += frames,
                        LinkState::Down { .. } => heard.downs += 1,
                        LinkState::Up => heard.ups += 1,
                    }
                }
                continue;
            };
            let is_level = matches!(event, MarketEvent::Level(_));
            assert_eq!(is_level, pending > 0, "levels follow their head, and nothing comes between");
            assert!(heard.instruments > 0 || matches!(event, MarketEvent::Instrument(_)), "the instrument is defined first");
            match event {
                MarketEvent::Instrument(_) => heard.instruments += 1,
                MarketEvent::Trade(trade) => {
                    heard.trades += 1;
                    assert!(trade.id > last_trade, "trade {} after {last_trade}", trade.id);
                    last_trade = trade.id;
                }
                MarketEvent::Quote(_) => heard.quotes += 1,
                MarketEvent::Depth(depth) => {
                    pending = depth.levels;
                    assert!(depth.snapshot || update.is_some(), "a delta without a book");
                    // The first delta of futures may end where the snapshot does.
                    assert!(update.is_none_or(|update| depth.update_id >= update), "{depth:?} after {update:?}");
                    update = Some(depth.update_id);
                    if depth.snapshot {
                        heard.snapshots += 1;
                        heard.book.clear();
                    } else {
                        heard.deltas += 1;
                    }
                }
                MarketEvent::Level(level) => {
                    pending -= 1;
                    heard.book.set(level.side, level.price, level.qty);
                }
                MarketEvent::BookLost(_) => {
                    heard.lost += 1;
                    update = None;
                }
                other => panic!("{other:?} was not asked for"),
            }
        }
        heard
    }
}

/// What was heard.
#[derive(Debug, Default)]
struct Heard {
    instruments: u64,
    trades: u64,
    quotes: u64,
    deltas: u64,
    snapshots: u64,
    lost: u64,
    left_out: u64,
    ups: u64,
    downs: u64,
    book: Book,
}

const BOTH: [MarketKind; 2] = [MarketKind::Spot, MarketKind::UsdM];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_frame_of_a_tape_is_heard() {
    for kind in BOTH {
        let (_dir, path, tape) = tape(kind, 400);
        let session = Session::start(emulate(kind, &path), Taking::AtOnce, |_| {}).await;
        session.ended().await;
        let outcome = session.stop().await;
        let heard = outcome.check();
        let (frames, sent) = (outcome.frames, outcome.emulator.frames_sent);
        assert_eq!((sent, frames.received), (tape.trades + tape.quotes + tape.deltas, sent), "{frames}");
        // The snapshot came after two updates: the first is older than it, the second goes on from it. Whether that one and more
        // were kept until it was here is a matter of time.
        assert_eq!((frames.stale, frames.buffered), (1, 0), "{frames}");
        assert_eq!(frames.journaled + frames.buffered_then_journaled + 1, sent, "{frames}");
        assert_eq!((heard.instruments, heard.trades, heard.quotes), (1, tape.trades, tape.quotes));
        assert_eq!((heard.snapshots, heard.deltas, heard.lost), (1, tape.deltas - 1, 0));
        assert_eq!((heard.ups, heard.downs, outcome.gateway.gaps()), (1, 0, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_of_a_stream_is_in_its_class() {
    const DROP: u64 = 97;
    const REPEAT: u64 = 11;
    for kind in BOTH {
        let (_dir, path, tape) = tape(kind, 600);
        let faults =
            Faults { drop_every_n: Some(DROP), duplicate_every_n: Some(REPEAT), garbage_every_n: Some(50), ..Faults::default() };
        let session = Session::start(EmulatorConfig { faults, ..emulate(kind, &path) }, Taking::AtOnce, |_| {}).await;
        session.ended().await;
        let outcome = session.stop().await;
        let heard = outcome.check();
        let frames = outcome.frames;
        let connection = &outcome.emulator.connections[0];
        let all = tape.trades + tape.quotes + tape.deltas;
        assert_eq!(connection.garbage_sent, all / 50);
        assert_eq!(frames.received, outcome.emulator.frames_sent + connection.garbage_sent, "{frames}");
        assert_eq!(frames.malformed + frames.unknown, connection.garbage_sent, "{frames}");
        // A round is an update, four quotes, two trades: which frames were dropped is known by their numbers.
        let arrived = |places: std::ops::Range<u64>| {
            (0..all).filter(|index| places.contains(&(index % 7)) && !(index + 1).is_multiple_of(DROP)).count() as u64
        };
        assert_eq!((heard.quotes, heard.trades), (arrived(1..5), arrived(5..7)));
        // A repeated update is stale and not a duplicate when the snapshot came between the two.
        let repeated = (1..=all).filter(|number| number.is_multiple_of(REPEAT) && !number.is_multiple_of(DROP)).count() as u64;
        assert_eq!(connection.frames_duplicated, repeated);
        assert!(frames.duplicate <= repeated && frames.duplicate + frames.stale >= repeated, "{frames}");
        assert!(outcome.gateway.gaps() <= tape.deltas - arrived(0..1), "{frames}");
        assert_eq!(heard.lost, outcome.gateway.gaps(), "a lost book is told, once");
    }
}

/// A made-up market of one symbol, as fast as it is read.
fn endless(kind: MarketKind, faults: Faults) -> EmulatorConfig {
    let source = MarketSource {
        source: super::emulator::Source::Synthetic { symbols: vec!["BTCUSDT".to_owned()], seed: 7 },
        ..MarketSource::synthetic(kind, 7)
    };
    EmulatorConfig { speed: Speed::Max, start: Start::EveryStream, faults, ..EmulatorConfig::of(source) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gaps_are_noticed_and_mended() {
    for kind in BOTH {
        let faults = Faults { drop_every_n: Some(199), ..Faults::default() };
        let session = Session::start(endless(kind, faults), Taking::AtOnce, |_| {}).await;
        session.until("three gaps", |session| session.stats.gaps() >= 3).await;
        let before = session.snapshots_heard.load(Ordering::Acquire);
        session.until("another book", |session| session.snapshots_heard.load(Ordering::Acquire) > before).await;
        let outcome = session.stop().await;
        let heard = outcome.check();
        assert_eq!(heard.lost, outcome.gateway.gaps());
        assert!(heard.snapshots >= 4 && heard.deltas > 0, "{heard:?}");
        assert_eq!((heard.ups, heard.downs), (1, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_are_made_again_and_nothing_is_told_twice() {
    for kind in BOTH {
        let faults = Faults { disconnect_after_n: Some(1_000), ..Faults::default() };
        let session = Session::start(endless(kind, faults), Taking::AtOnce, |_| {}).await;
        session.until("four connections", |session| session.stats.connects() >= 4).await;
        let before = session.snapshots_heard.load(Ordering::Acquire);
        session.until("another book", |session| session.snapshots_heard.load(Ordering::Acquire) > before).await;
        let outcome = session.stop().await;
        let heard = outcome.check();
        assert_eq!(heard.ups, outcome.gateway.connects());
        assert!(heard.ups - heard.downs <= 1 && heard.downs >= 3, "{heard:?}");
        // A book is lost with its connection, if there was one.
        assert!(heard.lost <= heard.downs && heard.snapshots <= heard.lost + 1, "{heard:?}");
        // What a cut connection had written may be lost on its way; what was read was accounted for.
        assert!(outcome.frames.received <= outcome.emulator.frames_sent, "{}", outcome.frames);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn definitions_come_first_and_refused_requests_are_made_again() {
    for kind in BOTH {
        // Of the calls every second one is refused: the definitions are answered, the first snapshot is not.
        let faults = Faults { rest_error_every_n: Some(2), ..Faults::default() };
        let session = Session::start(endless(kind, faults), Taking::AtOnce, |_| {}).await;
        session.until("a book", |session| session.snapshots_heard.load(Ordering::Acquire) > 0).await;
        let outcome = session.stop().await;
        outcome.check();
        let defined: Vec<&Instrument> = outcome
            .heard
            .iter()
            .filter_map(|inbound| match &inbound.event {
                Event::Market(MarketEvent::Instrument(instrument)) => Some(&**instrument),
                _ => None,
            })
            .collect();
        let [btc] = defined.as_slice() else { panic!("{defined:?}") };
        let (kind_expected, tick, lot, notional) = match kind {
            MarketKind::Spot => (InstrumentKind::Spot, "0.01", "0.00001", "5"),
            MarketKind::UsdM => (InstrumentKind::Perpetual, "0.1", "0.001", "100"),
        };
        assert_eq!((btc.id, btc.symbol.as_str(), btc.kind), (BTC, "BTCUSDT", kind_expected));
        assert_eq!((btc.base.as_str(), btc.quote.as_str()), ("BTC", "USDT"));
        assert_eq!(btc.ticks.tick_at("60000".parse().expect("a price")), tick.parse().expect("a price"));
        assert_eq!((btc.lot, btc.notional_min), (lot.parse().expect("a quantity"), notional.parse().expect("an amount")));
        let told = outcome.heard.iter().filter(|inbound| matches!(inbound.event, Event::Answer(_))).count();
        assert_eq!(told, 1, "the refusal is told");
        assert!(outcome.emulator.rest_calls >= 3, "{}", outcome.emulator.rest_calls);
    }
}
