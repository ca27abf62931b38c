//! Rankings by turnover through whole sessions, over sockets: newcomers are defined, watched and told, leavers are given up.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jangbu_journal::{Reader, Seq, Stamp};
use jangbu_replay::{Span, Until, verify};
use tokio::runtime::Runtime;

use super::config::LiveConfig;
use super::session::{Hooks, run};
use super::{Clock, Summary};
use crate::config::{RawFrames, Stream, VenueConfig};
use crate::event::market::Ranked;
use crate::event::{Event, MarketEvent};
use crate::kernel::Kernel;
use crate::market::testing::money;
use crate::market::{InstrumentId, Venue};
use crate::venue::binance::emulator as binance;
use crate::venue::reparse::Reparse;
use crate::venue::upbit::emulator as upbit;

const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something that other threads bring about.
fn until(what: &str, condition: impl Fn() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < give_up, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// A session at an emulator, which ranks one symbol besides the one it is told by name.
fn begin(dir: &Path, venue: Venue, named: &str, endpoint: String) -> (Arc<AtomicBool>, JoinHandle<Summary>) {
    let mut config = LiveConfig::paper(dir);
    config.raw = RawFrames::All;
    config.venues = vec![VenueConfig {
        symbols: vec![named.into()],
        endpoint: Some(endpoint),
        top: Some(1),
        rank_every_s: 1,
        // The made-up futures have no `aggTrade`.
        streams: vec![Stream::EveryTrade, Stream::Quotes, Stream::Book],
        ..VenueConfig::new(venue)
    }];
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    (stop, std::thread::spawn(move || run(&config, &told, Hooks::default()).expect("it begins")))
}

fn events(dir: &Path) -> Vec<(Stamp, Event)> {
    let (reader, mut events) = (Reader::<Event>::open(dir).expect("a journal"), Vec::new());
    reader.scan(Seq::FIRST).expect("from the first").next_batch(usize::MAX, &mut events).expect("events");
    events
}

/// The journal of a session in which `second` led, and then `third`.
fn check(dir: &Path, second: &str, third: &str) {
    let (_, replay) =
        verify::<Kernel>(dir, Span { from: Seq::FIRST, until: Until::End, snapshots: false }, &mut |_| ()).expect("it replays");
    assert_eq!(replay.divergence, None);
    let events = events(dir);
    let mut reparse = Reparse::default();
    let mut defined: Vec<String> = Vec::new();
    let mut told = Vec::new();
    let (mut trades, mut lost) = (vec![0_u32; 8], Vec::new());
    for (stamp, event) in &events {
        reparse.event(stamp, event).expect("today's parser reads it alike");
        let Event::Market(event) = event else { continue };
        let known = |id: InstrumentId| assert!(id.index() < defined.len(), "{event:?} before its definition");
        match event {
            MarketEvent::Instrument(instrument) => {
                assert_eq!(instrument.id.index(), defined.len(), "defined once, in order");
                defined.push(instrument.symbol.clone());
            }
            MarketEvent::Ranked(Ranked { instrument, place, turnover }) => {
                known(*instrument);
                assert_eq!(turnover.is_positive(), place.is_some());
                told.push((defined[instrument.index()].clone(), *place));
            }
            MarketEvent::Trade(trade) => {
                known(trade.instrument);
                trades[trade.instrument.index()] += 1;
            }
            MarketEvent::BookLost(id) => lost.push(defined[id.index()].clone()),
            _ => {}
        }
    }
    assert!(reparse.finish(true).expect("nothing is missing").frames > 0);
    assert_eq!(told, [(second.to_owned(), Some(1)), (third.to_owned(), Some(1)), (second.to_owned(), None)]);
    assert!(trades[0] > 0 && trades[1] > 0 && trades[2] > 0, "{trades:?} of {defined:?}");
    assert!(lost.contains(&second.to_owned()) && !lost.contains(&third.to_owned()), "{lost:?}");
}

#[test]
fn upbit_is_watched_by_rank() {
    let (runtime, dir, clock) = (runtime(), tempfile::tempdir().expect("a directory"), Clock::default());
    let symbols = ["KRW-BTC", "KRW-ETH", "KRW-XRP"].map(str::to_owned).to_vec();
    let source = upbit::Source::Synthetic { symbols, seed: 5 };
    let config = upbit::EmulatorConfig { interval_ms: 10, ..upbit::EmulatorConfig::new(source, Arc::new(move || clock.now())) };
    let emulator = runtime.block_on(upbit::Emulator::start(config)).expect("it starts");
    assert!(emulator.add_turnover("KRW-ETH", money("1000000000000")) && !emulator.add_turnover("KRW-NONE", money("1")));
    let journal = dir.path().join("journal");
    let (stop, session) = begin(&journal, Venue::Upbit, "KRW-BTC", format!("ws://{}", emulator.address()));
    let watches = |code: &str| emulator.watched().iter().any(|watched| watched == code);
    until("KRW-ETH is watched", || watches("KRW-ETH") && watches("KRW-BTC") && !watches("KRW-XRP"));
    let traded = |before: u64| emulator.stats().frames_played >= before + 30;
    let before = emulator.stats().frames_played;
    until("it has traded", || traded(before));
    assert!(emulator.add_turnover("KRW-XRP", money("2000000000000")));
    until("KRW-XRP is watched in its place", || watches("KRW-XRP") && watches("KRW-BTC") && !watches("KRW-ETH"));
    let before = emulator.stats().frames_played;
    until("that has traded", || traded(before));
    stop.store(true, Ordering::Release);
    assert_eq!(session.join().expect("no panic").halt, None);
    check(&journal, "KRW-ETH", "KRW-XRP");
}

#[test]
fn binance_is_watched_by_rank() {
    for (kind, venue) in [(binance::MarketKind::Spot, Venue::BinanceSpot), (binance::MarketKind::UsdM, Venue::BinanceUsdM)] {
        let (runtime, dir) = (runtime(), tempfile::tempdir().expect("a directory"));
        let symbols = ["BTCUSDT", "ETHUSDT", "XRPUSDT"].map(str::to_owned).to_vec();
        let source = binance::Source::Synthetic { symbols, seed: 5 };
        let config = binance::EmulatorConfig::of(binance::MarketSource { kind, source, bind: None });
        let emulator = runtime.block_on(binance::Emulator::start(config)).expect("it starts");
        emulator.set_turnover(kind, "ETHUSDT", money("1000000000000"));
        let journal = dir.path().join("journal");
        let (stop, session) = begin(&journal, venue, "BTCUSDT", format!("ws://{}", emulator.address()));
        let watches = |symbol: &str| emulator.watched(kind).iter().any(|stream| stream.starts_with(symbol));
        until("ETHUSDT is watched", || watches("ethusdt") && watches("btcusdt") && !watches("xrpusdt"));
        let sent = |symbol: &str| {
            let connections = emulator.stats().connections;
            let by_stream = connections.iter().flat_map(|connection| &connection.frames_sent_by_stream);
            by_stream.filter(|(stream, _)| stream.starts_with(symbol) && stream.contains("rade")).map(|row| *row.1).sum::<u64>()
        };
        until("it has traded", || sent("ethusdt") > 5);
        emulator.set_turnover(kind, "XRPUSDT", money("2000000000000"));
        until("XRPUSDT is watched in its place", || watches("xrpusdt") && watches("btcusdt") && !watches("ethusdt"));
        until("that has traded", || sent("xrpusdt") > 5);
        stop.store(true, Ordering::Release);
        assert_eq!(session.join().expect("no panic").halt, None);
        check(&journal, "ETHUSDT", "XRPUSDT");
    }
}
