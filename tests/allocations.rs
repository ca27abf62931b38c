//! In its steady state the hot path allocates nothing: every call to the allocator is counted.
//!
//! One test, because the count is of the whole process. "Steady" means: after the same work was done once, so that buffers have
//! their size. Growth of a buffer that was never that full before is allowed; none of these passes needs any.
#![allow(unsafe_code, reason = "an allocator that counts can only be had by implementing `GlobalAlloc`")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::convert::Infallible;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use jangbu::account::SessionId;
use jangbu::backtest::world::Backtest;
use jangbu::data::history::{History, Session};
use jangbu::data::synthetic::{SyntheticSettings, SyntheticTrades};
use jangbu::effect::Effect;
use jangbu::event::command::{Settings, StrategySettings};
use jangbu::event::{Command, Event, MarketEvent};
use jangbu::kernel::Kernel;
use jangbu::market::{Book, Instrument, InstrumentId, Money, Price, Qty, Side, Venue};
use jangbu::simulator::{Simulator, SimulatorSettings};
use jangbu::strategy::Strategy;
use jangbu::strategy::rules::RuleSettings;
use jangbu::strategy::text::{Mode, Setup, TextSettings, TextStrategy};
use jangbu::venue::binance::wire::{Decoder as FrameDecoder, SnapshotOutcome};
use jangbu_journal::block::{self, Header};
use jangbu_journal::{Decoder, Encoder, Nanos, Record, Seq, Stamp};
use jangbu_replay::{Batch, Effects, Machine, Recorder, drive};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
/// Bytes that are allocated, and the most there were since that was asked for.
static LIVE: AtomicI64 = AtomicI64::new(0);
static MOST: AtomicI64 = AtomicI64::new(0);

fn grown(bytes: i64) {
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    MOST.fetch_max(live, Ordering::Relaxed);
}

// SAFETY: hands every call on to the system's allocator, unchanged; counting has no part in what is given out.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        grown(layout.size() as i64);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        grown(-(layout.size() as i64));
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        grown(size as i64 - layout.size() as i64);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations the work makes.
fn allocations(work: &mut dyn FnMut()) -> u64 {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    work();
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

/// Fails unless `work`, done once before, does without the allocator.
fn check(what: &str, work: impl FnMut()) {
    check_at_most(what, 0, work);
}

/// Fails when `work`, done once before, makes more allocations than are `allowed`.
fn check_at_most(what: &str, allowed: u64, mut work: impl FnMut()) {
    work();
    // The harness's own threads may allocate meanwhile; work that allocates does so every time.
    let least = (0..3).map(|_| allocations(&mut work)).min().unwrap_or(u64::MAX);
    assert!(least <= allowed, "{what}: {least} allocations, {allowed} allowed");
}

const EVENTS: u64 = 5_000;

fn trades(instruments: u32) -> Vec<(Stamp, Event)> {
    let settings = SyntheticSettings { trades: EVENTS, instruments, ..SyntheticSettings::default() };
    let mut market = SyntheticTrades::new(settings);
    let moments = std::iter::from_fn(|| market.next().expect("made, not read")).filter(|moment| moment.1.is_some());
    let stamp = |seq, recv, venue| Stamp { seq: Seq::new(seq), recv, venue };
    moments.zip(1..).map(|((recv, venue, event), seq)| (stamp(seq, recv, venue), event)).collect()
}

#[test]
fn the_hot_path_does_not_allocate() {
    the_counter_counts();
    encoding_and_decoding();
    book_changes();
    binance_frames();
    kernel_trades();
    hostile_texts();
}

/// Without this the test could not fail.
fn the_counter_counts() {
    let count = allocations(&mut || drop(std::hint::black_box(Box::new(1_u64))));
    assert!(count >= 1, "an allocation was not counted");
}

fn encoding_and_decoding() {
    for instruments in [1, 40] {
        let rows = trades(instruments);
        let (mut raw, mut context) = (Vec::new(), Default::default());
        check("encoding a trade", || {
            raw.clear();
            Event::reset(&mut context);
            for (stamp, event) in &rows {
                event.encode(stamp, &mut context, &mut Encoder::new(&mut raw));
            }
        });
        let header = Header {
            fragment: 0,
            schema: Event::SCHEMA,
            journal: 1,
            first: Seq::FIRST,
            count: EVENTS as u32,
            raw_len: raw.len() as u32,
            raw_offset: 0,
            first_recv: Nanos::ZERO,
            last_recv: Nanos::ZERO,
            chain: 0,
        };
        let mut stored = Vec::new();
        block::seal(&header, &raw, &mut stored);
        let mut out = Vec::new();
        check("decoding a block", || {
            raw.clear();
            block::check(&stored).expect("sealed above").unpack(&mut raw).expect("sealed above");
            out.clear();
            Event::reset(&mut context);
            let mut input = Decoder::new(&raw);
            for seq in 1..=EVENTS {
                Event::decode(Event::SCHEMA, Seq::new(seq), &mut context, &mut input, &mut out).expect("encoded above");
            }
        });
        assert_eq!(out, rows);
    }
}

fn book_changes() {
    let mut book = Book::default();
    check("a change of a book", || {
        book.clear();
        for step in 0..10_000_i64 {
            let (side, near) = if step % 2 == 0 { (Side::Buy, 50_000) } else { (Side::Sell, 51_001) };
            let price = Price::from_raw((near + step * 7 % 1_000) * 1_000_000);
            book.set(side, price, Qty::from_raw(i128::from(step % 5) * 100_000));
        }
    });
    assert!(book.depth(Side::Buy) > 100, "a book with levels");
}

/// Frames of a stream that goes on: ids rise over all passes.
fn binance_frames() {
    const FRAMES: u64 = 250;
    let mut decoder = FrameDecoder::new(Venue::BinanceUsdM, [("BTCUSDT", InstrumentId(0))]);
    let mut out = Vec::new();
    let mut pass = |decoder: &mut FrameDecoder, what: &str, allowed: u64, events: u64, make: &dyn Fn(u64) -> String| {
        // As many passes as a check makes.
        let frames: Vec<String> = (0..4 * FRAMES).map(make).collect();
        let mut passes = frames.chunks(FRAMES as usize);
        check_at_most(what, allowed * FRAMES, || {
            out.clear();
            for frame in passes.next().expect("as many passes as were made") {
                decoder.frame(frame.as_bytes(), &mut out);
            }
            assert_eq!(out.len() as u64, events * FRAMES, "{what}");
        });
    };
    let (time, id) = (|n: u64| 1_723_161_256_298 + n, |n: u64| 2_266_583_935 + n);
    pass(&mut decoder, "a trade frame", 0, 1, &|n| {
        format!(
            r#"{{"stream":"btcusdt@aggTrade","data":{{"e":"aggTrade","E":{0},"s":"BTCUSDT","a":{1},"p":"61800.{2}0","q":"0.{3:03}","f":{1},"l":{1},"T":{0},"m":true}}}}"#,
            time(n),
            id(n),
            n % 10,
            n % 999 + 1
        )
    });
    pass(&mut decoder, "a quote frame", 0, 1, &|n| {
        format!(
            r#"{{"stream":"btcusdt@bookTicker","data":{{"e":"bookTicker","u":{1},"s":"BTCUSDT","b":"61800.{2}0","B":"3.{3:03}","a":"61801.{2}0","A":"1.{3:03}","T":{0},"E":{0}}}}}"#,
            time(n),
            id(n),
            n % 10,
            n % 999 + 1
        )
    });
    let delta = |n: u64| {
        let level = |at: u64| format!(r#"["{}.{}0","1.{:03}"]"#, 61_000 + at, n % 10, n % 999 + 1);
        let side = (0..100).map(level).collect::<Vec<_>>().join(",");
        format!(
            r#"{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":{0},"T":{0},"s":"BTCUSDT","U":{1},"u":{1},"pu":{2},"b":[{side}],"a":[]}}}}"#,
            time(n),
            id(n),
            id(n) - 1
        )
    };
    decoder_in_step(&mut decoder, &delta(0));
    // A frame of a hundred levels, and so of 101 events, costs two: serde_json keeps the brackets it is inside of in a list of
    // its own, made when the third opens, and reads the text twice, as a combined frame and as its data.
    pass(&mut decoder, "a depth frame", 2, 101, &|n| delta(n + 1));
}

/// Brings the book in step: a first delta, and a snapshot of the same moment.
fn decoder_in_step(decoder: &mut FrameDecoder, first: &str) {
    let mut out = Vec::new();
    let snapshot =
        br#"{"lastUpdateId":2266583935,"E":1723161256000,"T":1723161256000,"bids":[["61799.00","1"]],"asks":[["61802.00","1"]]}"#;
    decoder.frame(first.as_bytes(), &mut out);
    let outcome = decoder.snapshot(InstrumentId(0), snapshot, &mut out);
    assert!(matches!(outcome, Ok(SnapshotOutcome::Accepted { .. })), "{outcome:?}");
}

/// Keeps the events of a run.
#[derive(Default)]
struct Kept(Vec<(Stamp, Event)>);

impl Recorder<Kernel> for Kept {
    type Error = Infallible;

    fn record(&mut self, batch: &Batch<Event>) -> Result<(), Infallible> {
        self.0.extend_from_slice(batch.as_slice());
        Ok(())
    }

    fn applied(&mut self, _: &Stamp, _: &Kernel, _: &Effects<Effect>) -> Result<(), Infallible> {
        Ok(())
    }

    fn durable(&self) -> Seq {
        self.0.last().map_or(Seq::ZERO, |(stamp, _)| stamp.seq)
    }
}

/// The events of a backtest in which a strategy trades now and then.
fn session() -> Vec<(Stamp, Event)> {
    let parameters =
        [("on", "trade"), ("fast", "50"), ("slow", "200")].map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
    let strategy = StrategySettings { name: "ema-cross".into(), instruments: Vec::new(), parameters };
    let Instrument { venue, quote: currency, .. } = SyntheticTrades::instrument(InstrumentId(0));
    let opening = vec![
        Command::SessionStarted { session: SessionId(1), build: "test".into(), mode: "backtest".into() },
        Command::Configure(Settings { strategies: vec![strategy], ..Settings::default() }),
        Command::Deposit { venue, currency, amount: Money::from_raw(100_000_000_000_000) },
        Command::AutoTrade(true),
    ];
    let market = SyntheticTrades::new(SyntheticSettings { trades: 200_000, ..SyntheticSettings::default() });
    let mut world = Backtest::new(Session::new(opening, market, Vec::new()), Simulator::new(SimulatorSettings::default()));
    let mut kept = Kept::default();
    drive(&mut Kernel::default(), &mut world, &mut kept, (Seq::FIRST, Nanos::ZERO)).expect("a market in memory");
    kept.0
}

/// A session through the kernel. The first half warms it. In the second a trade that causes no order costs nothing, and orders with
/// their answers and fills only what their lists grow by: they are kept, so that now and then a list doubles.
fn kernel_trades() {
    let rows = session();
    let (mut kernel, mut effects) = (Kernel::default(), Effects::new());
    let (mut quiet, mut busy, mut orders) = (0, 0, 0);
    for (index, (stamp, event)) in rows.iter().enumerate() {
        let count = allocations(&mut || kernel.apply(stamp, event, &mut effects));
        let is_quiet = effects.is_empty() && matches!(event, Event::Market(MarketEvent::Trade(_)));
        if index > rows.len() / 2 {
            *(if is_quiet { &mut quiet } else { &mut busy }) += count;
            orders += effects.as_slice().iter().filter(|effect| matches!(effect, Effect::Submit(_))).count() as u64;
        }
        effects.clear();
    }
    assert!(orders >= 5, "{orders} orders: the strategy hardly traded");
    assert_eq!(quiet, 0, "trades that cause no order allocate");
    assert!(busy * 10 <= orders, "{busy} allocations for {orders} orders");
}

/// Pieces of texts that nobody means well with.
const PIECES: &[&str] = &[
    "현재가",
    "등락율",
    "매수",
    "a",
    "b",
    "0",
    "1",
    "-1",
    "1e308",
    "60",
    "True",
    "None",
    "'글'",
    "종목코드",
    "이동평균(60)",
    "이동평균(a, b)",
    "최고현재가(86400)",
    "현재가N(3599)",
    "현재가N(a)",
    "self.vars[0]",
    "self.Buy()",
    "(",
    ")",
    "[",
    "]",
    ",",
    ":",
    "=",
    "==",
    "<=",
    ">",
    "+",
    "-",
    "*",
    "/",
    "**",
    "%",
    "not",
    "and",
    "or",
    "in",
    "if",
    "elif",
    "else",
    "for",
    "lambda x:",
    "range(10000)",
    "\n",
    "\n",
    "\n    ",
    "\t",
    "#",
    "\"\"\"",
    "\u{200b}",
    "ᄒ",
    "\u{0}",
    "🙂",
    "round(",
    "max(",
    "변동성급증(a, b)",
];

/// A text of pieces, or one that parses and does something else each time.
fn hostile_text(state: &mut u64) -> String {
    let mut next = |below: usize| {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) as usize % below
    };
    if next(4) == 0 {
        let (rows, by, rounds) = (1 + next(80_000), next(9), next(10_000));
        return format!(
            "a = {by}\nfor i in range({rounds}):\n    a = a * {by} + 현재가N(i % 7)\nb = 최고현재가({rows}, {by}) / (a - {by})\n\
             if b > 이동평균({by} + 1) ** a:\n    self.Buy()\n"
        );
    }
    let count = 1 + next(60);
    (0..count).map(|_| PIECES[next(PIECES.len())]).collect::<Vec<_>>().join(" ")
}

/// Ten thousand edits of a strategy by hostile texts leave no more behind than one of them.
fn hostile_texts() {
    const ROUNDS: i64 = 10_000;
    /// The values and windows that a text may keep, and what reading the longest of these takes.
    const BYTES_MAX: i64 = 24 << 20;
    let setup = Setup { mode: Mode::Tick, average: 1, vars: vec![1.5], conditions: Vec::new() };
    let bare = StrategySettings { name: "text".into(), instruments: Vec::new(), parameters: Vec::new() };
    let rules = RuleSettings::of(&bare).expect("defaults");
    let names = [String::from("buy.py"), String::new()];
    let mut strategy = TextStrategy::new(TextSettings { names, setup, rules, ranked: 1 }).expect("made");
    let (mut state, mut loaded) = (11_u64, 0);
    let mut edit = |strategy: &mut TextStrategy, state: &mut u64| {
        let text = hostile_text(state);
        loaded += i64::from(strategy.on_text("buy.py", &text).is_ok());
    };
    (0..200).for_each(|_| edit(&mut strategy, &mut state));
    strategy.on_text("buy.py", "pass").expect("right");
    let before = LIVE.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    (0..ROUNDS).for_each(|_| edit(&mut strategy, &mut state));
    strategy.on_text("buy.py", "pass").expect("right");
    let (left, most) = (LIVE.load(Ordering::Relaxed) - before, MOST.load(Ordering::Relaxed) - before);
    assert!(loaded > ROUNDS / 5, "only {loaded} loaded: they are hostile in the wrong way");
    // The harness's own threads may hold a little.
    assert!(left.abs() < 64 << 10, "{left} bytes are left after {ROUNDS} texts");
    assert!(most < BYTES_MAX, "{most} bytes at most");
}
