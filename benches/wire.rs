//! What reading a frame costs, for the busiest messages of every venue: bytes, nanoseconds and calls of the allocator for each, and the
//! share of what a frame goes through in one thread from the socket's bytes to the kernel's state.
//! `cargo bench --bench wire -- [FILTER]`.
#![allow(unsafe_code, reason = "an allocator that counts can only be had by implementing `GlobalAlloc`")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jangbu::data::synthetic::SyntheticTrades;
use jangbu::effect::Effect;
use jangbu::event::{Event, MarketEvent};
use jangbu::kernel::Kernel;
use jangbu::market::{Instrument, InstrumentId, Venue};
use jangbu::venue::raw::Made;
use jangbu::venue::{binance, kiwoom, upbit};
use jangbu_journal::{Nanos, Seq, Stamp};
use jangbu_replay::{Effects, Machine};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: hands every call on to the system's allocator, unchanged; counting has no part in what is given out.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const FRAMES: u64 = 1_000;
const ID: InstrumentId = InstrumentId(0);
/// 2026-11-20 10:15:34 in Korea.
const RECEIVED: Nanos = Nanos::new(1_795_137_334_000_000_000);

/// A parser, fresh: its frames carry ids that rise, and one seen twice is a duplicate.
type Reader = Box<dyn FnMut(&[u8], &mut Made)>;

/// A kind of message.
struct Kind {
    name: &'static str,
    make: fn(u64) -> String,
    reader: fn() -> Reader,
}

fn of_kiwoom() -> Reader {
    let mut decoder = kiwoom::wire::Decoder::new(kiwoom::wire::Exchange::Krx, [("005930", ID)]);
    Box::new(move |bytes, out| {
        decoder.frame(RECEIVED, bytes, out);
    })
}

fn of_upbit() -> Reader {
    let mut decoder = upbit::wire::Decoder::new([("KRW-BTC", ID)]);
    Box::new(move |bytes, out| {
        decoder.frame(bytes, out);
    })
}

fn of_binance() -> Reader {
    let mut decoder = binance::wire::Decoder::new(Venue::BinanceUsdM, [("BTCUSDT", ID)]);
    Box::new(move |bytes, out| {
        decoder.frame(bytes, out);
    })
}

/// The same with a book that is in step, so that differences make events.
fn of_binance_book() -> Reader {
    let mut decoder = binance::wire::Decoder::new(Venue::BinanceUsdM, [("BTCUSDT", ID)]);
    let mut out = Made::new();
    decoder.frame(binance_depth(0).as_bytes(), &mut out);
    let snapshot = format!(r#"{{"lastUpdateId":{},"bids":[["61799.00","1"]],"asks":[["61999.00","1"]]}}"#, 2_266_583_935_u64);
    decoder.snapshot(ID, snapshot.as_bytes(), &mut out).expect("a snapshot of the first difference's moment");
    Box::new(move |bytes, out| {
        decoder.frame(bytes, out);
    })
}

/// 0B 주식체결, with the fields the venue sends.
fn kiwoom_trade(n: u64) -> String {
    format!(
        r#"{{"data":[{{"values":{{"20":"101533","10":"-25{0:04}","11":"-750","12":"-0.29","27":"-258000","28":"-257500","15":"{1}{2}","13":"{3}","14":"1855432","16":"-258500","17":"+261000","18":"-256500","25":"5","26":"-7198927","29":"-1855432000000","30":"-61.15","31":"0.12","32":"1532","228":"84.95","311":"1539012","290":"2","691":"0","567":"000000","568":"000000","851":"","1890":"","1891":"","1892":"","1030":"3401234","1031":"2900123","1032":"46.02","1071":"120","1072":"80","1313":"2320","1315":"9","1316":"-12","1314":"","1497":"4.1","1498":"3.9","620":"258000","732":"","852":"","9081":"KRX"}},"type":"0B","name":"주식체결","item":"005930"}}],"trnm":"REAL"}}"#,
        n % 9_000 + 500,
        if n.is_multiple_of(2) { '+' } else { '-' },
        n % 90 + 1,
        7_198_927 + n * 100,
    )
}

/// 0D 주식호가잔량: ten levels a side, with what changed at each.
fn kiwoom_book(n: u64) -> String {
    let mut values = format!(r#""21":"{:06}""#, 101_500 + n % 60);
    for level in 0..10_u64 {
        let (ask, bid) = (257_500 + level * 500, 257_000 - level * 500);
        values.push_str(&format!(
            r#","{}":"-{ask}","{}":"{}","{}":"{}","{}":"-{bid}","{}":"{}","{}":"{}""#,
            41 + level,
            61 + level,
            1_000 + n % 500 + level,
            81 + level,
            n % 30,
            51 + level,
            71 + level,
            2_000 + n % 700 + level,
            91 + level,
            n % 20
        ));
    }
    values.push_str(r#","121":"184500","122":"-30","125":"223100","126":"40","23":"0","24":"0","128":"38600","129":"120.92""#);
    format!(r#"{{"data":[{{"values":{{{values}}},"type":"0D","name":"주식호가잔량","item":"005930"}}],"trnm":"REAL"}}"#)
}

fn upbit_trade(n: u64) -> String {
    let ms = 1_795_137_334_000 + n;
    format!(
        r#"{{"type":"trade","code":"KRW-BTC","timestamp":{ms},"trade_date":"2026-11-20","trade_time":"01:15:34","trade_timestamp":{ms},"trade_price":150{0:03}000,"trade_volume":0.{1:08},"ask_bid":"BID","prev_closing_price":149000000,"change":"RISE","change_price":1000000,"sequential_id":{2},"best_ask_price":150001000,"best_ask_size":0.5,"best_bid_price":150000000,"best_bid_size":0.25,"stream_type":"REALTIME"}}"#,
        n % 999,
        n % 99_999_999 + 1,
        17_951_373_340_000_000 + n * 10_000,
    )
}

fn upbit_trade_simple(n: u64) -> String {
    let ms = 1_795_137_334_000 + n;
    format!(
        r#"{{"ty":"trade","cd":"KRW-BTC","tms":{ms},"td":"2026-11-20","ttm":"01:15:34","ttms":{ms},"tp":150{0:03}000,"tv":0.{1:08},"ab":"BID","pcp":149000000,"c":"RISE","cp":1000000,"sid":{2},"bap":150001000,"bas":0.5,"bbp":150000000,"bbs":0.25,"st":"REALTIME"}}"#,
        n % 999,
        n % 99_999_999 + 1,
        17_951_373_340_000_000 + n * 10_000,
    )
}

fn upbit_levels(n: u64, names: [&str; 4]) -> String {
    let level = |at: u64| {
        let (ask, bid) = (150_001_000 + at * 1_000, 150_000_000 - at * 1_000);
        let [ask_price, bid_price, ask_size, bid_size] = names;
        format!(
            r#"{{"{ask_price}":{ask},"{bid_price}":{bid},"{ask_size}":0.{0:04},"{bid_size}":1.{0:04}}}"#,
            (n * 7 + at) % 9_999 + 1
        )
    };
    (0..15).map(level).collect::<Vec<_>>().join(",")
}

fn upbit_book(n: u64) -> String {
    let levels = upbit_levels(n, ["ask_price", "bid_price", "ask_size", "bid_size"]);
    format!(
        r#"{{"type":"orderbook","code":"KRW-BTC","timestamp":{},"total_ask_size":12.5,"total_bid_size":9.25,"orderbook_units":[{levels}],"stream_type":"REALTIME","level":0}}"#,
        1_795_137_334_000 + n
    )
}

fn upbit_book_simple(n: u64) -> String {
    let levels = upbit_levels(n, ["ap", "bp", "as", "bs"]);
    format!(
        r#"{{"ty":"orderbook","cd":"KRW-BTC","tms":{},"tas":12.5,"tbs":9.25,"obu":[{levels}],"st":"REALTIME","lv":0}}"#,
        1_795_137_334_000 + n
    )
}

fn binance_trade(n: u64) -> String {
    format!(
        r#"{{"stream":"btcusdt@aggTrade","data":{{"e":"aggTrade","E":{0},"s":"BTCUSDT","a":{1},"p":"61800.{2}0","q":"0.{3:03}","nq":"0.{3:03}","f":{1},"l":{1},"T":{0},"m":true,"st":1}}}}"#,
        1_795_137_334_000 + n,
        2_266_583_935 + n,
        n % 10,
        n % 999 + 1
    )
}

fn binance_quote(n: u64) -> String {
    format!(
        r#"{{"stream":"btcusdt@bookTicker","data":{{"e":"bookTicker","u":{1},"s":"BTCUSDT","ps":"BTCUSDT","b":"61800.{2}0","B":"3.{3:03}","a":"61801.{2}0","A":"1.{3:03}","T":{0},"E":{0},"st":1}}}}"#,
        1_795_137_334_000 + n,
        5_135_266_583_935 + n,
        n % 10,
        n % 999 + 1
    )
}

/// Twenty levels a side: a busy 100 ms.
fn binance_depth(n: u64) -> String {
    let side = |from: u64| {
        let level = |at: u64| format!(r#"["{}.{}0","1.{:03}"]"#, from + at, n % 10, (n + at) % 999 + 1);
        (0..20).map(level).collect::<Vec<_>>().join(",")
    };
    format!(
        r#"{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":{0},"T":{0},"s":"BTCUSDT","ps":"BTCUSDT","U":{1},"u":{1},"pu":{2},"b":[{3}],"a":[{4}],"st":1}}}}"#,
        1_795_137_334_000 + n,
        2_266_583_935 + n,
        2_266_583_934 + n,
        side(61_000),
        side(62_000),
    )
}

const KINDS: [Kind; 9] = [
    Kind { name: "kiwoom_0B", make: kiwoom_trade, reader: of_kiwoom },
    Kind { name: "kiwoom_0D", make: kiwoom_book, reader: of_kiwoom },
    Kind { name: "upbit_trade", make: upbit_trade, reader: of_upbit },
    Kind { name: "upbit_trade_simple", make: upbit_trade_simple, reader: of_upbit },
    Kind { name: "upbit_orderbook", make: upbit_book, reader: of_upbit },
    Kind { name: "upbit_orderbook_simple", make: upbit_book_simple, reader: of_upbit },
    Kind { name: "binance_aggTrade", make: binance_trade, reader: of_binance },
    Kind { name: "binance_bookTicker", make: binance_quote, reader: of_binance },
    Kind { name: "binance_depth", make: binance_depth, reader: of_binance_book },
];

/// Frames 1 and up: the book's first difference is frame 0.
fn frames(kind: &Kind) -> Vec<String> {
    (1..=FRAMES).map(kind.make).collect()
}

fn read_all(frames: &[String], reader: &mut Reader, out: &mut Made) {
    for frame in frames {
        reader(black_box(frame.as_bytes()), out);
    }
}

/// Nanoseconds a frame, the least of some passes: what it costs when nobody is in the way.
fn least(mut pass: impl FnMut() -> Duration) -> f64 {
    let fastest = (0..20).map(|_| pass()).min().unwrap_or_default();
    fastest.as_nanos() as f64 / FRAMES as f64
}

/// A kernel that knows the instrument.
fn kernel() -> Kernel {
    let instrument = Instrument { id: ID, ..SyntheticTrades::instrument(ID) };
    let mut kernel = Kernel::default();
    let stamp = Stamp { seq: Seq::FIRST, recv: RECEIVED, venue: None };
    kernel.apply(&stamp, &Event::Market(MarketEvent::Instrument(Box::new(instrument))), &mut Effects::<Effect>::new());
    kernel
}

/// Bytes, events, allocations, and the share of reading in reading and applying.
fn line(kind: &Kind) -> String {
    let (frames, mut out) = (frames(kind), Made::new());
    // Once, so that buffers have their size.
    read_all(&frames, &mut (kind.reader)(), &mut out);
    let events = out.len() as u64;
    assert!(events >= FRAMES, "{}: {events} events of {FRAMES} frames", kind.name);
    out.clear();
    let mut reader = (kind.reader)();
    let (warm, rest) = frames.split_at(frames.len() / 2);
    read_all(warm, &mut reader, &mut out);
    out.clear();
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    read_all(rest, &mut reader, &mut out);
    let allocations = (ALLOCATIONS.load(Ordering::Relaxed) - before) as f64 / rest.len() as f64;

    let reading = least(|| {
        let mut reader = (kind.reader)();
        out.clear();
        let begun = Instant::now();
        read_all(&frames, &mut reader, &mut out);
        begun.elapsed()
    });
    let whole = least(|| {
        let (mut reader, mut kernel, mut effects) = ((kind.reader)(), kernel(), Effects::<Effect>::new());
        let mut stamp = Stamp { seq: Seq::FIRST, recv: RECEIVED, venue: None };
        out.clear();
        let begun = Instant::now();
        for frame in &frames {
            reader(black_box(frame.as_bytes()), &mut out);
            for (venue, event) in out.drain(..) {
                stamp = Stamp { seq: stamp.seq.next(), venue, ..stamp };
                kernel.apply(&stamp, &event, &mut effects);
            }
            effects.clear();
        }
        begun.elapsed()
    });
    let bytes = frames.iter().map(String::len).sum::<usize>() as f64 / FRAMES as f64;
    format!(
        "{:<24} {bytes:>6.0} bytes {:>6.1} events {reading:>7.0} ns {:>5.2} ns/byte {allocations:>5.2} allocations   {:>3.0} % of {whole:.0} ns read and applied",
        kind.name,
        events as f64 / FRAMES as f64,
        reading / bytes,
        reading / whole * 100.0,
    )
}

fn wire(criterion: &mut Criterion) {
    for kind in &KINDS {
        println!("{}", line(kind));
    }
    let mut group = criterion.benchmark_group("wire");
    for kind in &KINDS {
        let frames = frames(kind);
        let mut out = Made::new();
        group.throughput(Throughput::Elements(FRAMES));
        group.bench_function(kind.name, |bencher| {
            bencher.iter(|| {
                let mut reader = (kind.reader)();
                out.clear();
                read_all(&frames, &mut reader, &mut out);
                black_box(out.len())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, wire);
criterion_main!(benches);
