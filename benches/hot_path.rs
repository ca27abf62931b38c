//! What happens once an event, alone: encode, decode, a book's change, a frame, a trade through the kernel.
//! `cargo bench --bench hot_path -- [FILTER]`.
//! `jangbu bench` measures the whole against the machine's limits; this shows which part moved.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use jangbu::account::SessionId;
use jangbu::data::history::History;
use jangbu::data::synthetic::{SyntheticSettings, SyntheticTrades};
use jangbu::event::command::{Settings, StrategySettings};
use jangbu::event::{Command, Event, MarketEvent};
use jangbu::kernel::Kernel;
use jangbu::market::{Book, Instrument, InstrumentId, Money, Price, Qty, Side, Venue};
use jangbu::venue::binance::wire::Decoder as FrameDecoder;
use jangbu_journal::block::{self, Header};
use jangbu_journal::{Decoder, Encoder, Nanos, Record, Seq, Stamp};
use jangbu_replay::{Effects, Machine};

/// As many as a block holds.
const EVENTS: u64 = 5_000;
/// As many as a replay decodes at once.
const BATCH_EVENTS: usize = 1_024;

fn trades() -> Vec<(Stamp, Event)> {
    let mut market = SyntheticTrades::new(SyntheticSettings { trades: EVENTS, ..SyntheticSettings::default() });
    let moments = std::iter::from_fn(|| market.next().ok().flatten()).filter(|moment| moment.1.is_some());
    let stamp = |seq, recv, venue| Stamp { seq: Seq::new(seq), recv, venue };
    moments.zip(1..).map(|((recv, venue, event), seq)| (stamp(seq, recv, venue), event)).collect()
}

fn encode_all(rows: &[(Stamp, Event)], context: &mut <Event as Record>::Context, bytes: &mut Vec<u8>) {
    bytes.clear();
    Event::reset(context);
    for (stamp, event) in rows {
        event.encode(stamp, context, &mut Encoder::new(bytes));
    }
}

fn encode(criterion: &mut Criterion) {
    let rows = trades();
    let (mut bytes, mut context) = (Vec::new(), Default::default());
    let mut group = criterion.benchmark_group("event");
    group.throughput(Throughput::Elements(EVENTS));
    group.bench_function("encode_trade", |bencher| {
        bencher.iter(|| {
            encode_all(&rows, &mut context, &mut bytes);
            black_box(bytes.len())
        });
    });
    group.finish();
}

fn decode(criterion: &mut Criterion) {
    let rows = trades();
    let (mut raw, mut context) = (Vec::new(), Default::default());
    encode_all(&rows, &mut context, &mut raw);
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
    let mut out = Vec::with_capacity(BATCH_EVENTS);
    let mut group = criterion.benchmark_group("block");
    group.throughput(Throughput::Elements(EVENTS));
    group.bench_function("unpack", |bencher| {
        bencher.iter(|| {
            raw.clear();
            block::check(black_box(&stored)).expect("sealed above").unpack(&mut raw).expect("sealed above");
        });
    });
    group.bench_function("decode_trades", |bencher| {
        bencher.iter(|| {
            out.clear();
            Event::reset(&mut context);
            let mut input = Decoder::new(black_box(&raw));
            for seq in 1..=EVENTS {
                Event::decode(Event::SCHEMA, Seq::new(seq), &mut context, &mut input, &mut out).expect("encoded above");
                if out.len() == BATCH_EVENTS {
                    black_box(&out);
                    out.clear();
                }
            }
        });
    });
    group.finish();
}

/// Changes near the touch of a book of 1,000 levels a side, most of them at a level that is there.
fn book(criterion: &mut Criterion) {
    let price = |ticks: u64| Price::from_raw(ticks as i64 * 10_000_000);
    let mut book = Book::with_capacity(2_048);
    for level in 0..1_000 {
        book.set(Side::Buy, price(500_000 - level), Qty::from_raw(100_000));
        book.set(Side::Sell, price(500_001 + level), Qty::from_raw(100_000));
    }
    let mut random = 1_u64;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut changes: Vec<(Side, Price, Qty)> = Vec::new();
    for _ in 0..4_096 {
        // Half of the changes are within five levels, the rest within a hundred; one in four removes and the next puts back.
        let depth = if next(2) == 0 { next(5) } else { next(100) };
        let (side, at) = if next(2) == 0 { (Side::Buy, 500_000 - depth) } else { (Side::Sell, 500_001 + depth) };
        if next(4) == 0 {
            changes.push((side, price(at), Qty::ZERO));
        }
        changes.push((side, price(at), Qty::from_raw(i128::from(next(1_000) + 1) * 100_000)));
    }
    let mut group = criterion.benchmark_group("book");
    group.throughput(Throughput::Elements(changes.len() as u64));
    group.bench_function("delta", |bencher| {
        bencher.iter(|| {
            for (side, price, qty) in &changes {
                book.set(*side, *price, *qty);
            }
            black_box(book.best(Side::Buy))
        });
    });
    group.finish();
}

/// Frames as USDⓈ-M sends them. Ids rise, so that none is a duplicate: a decoder is made anew for each pass.
fn frame(criterion: &mut Criterion) {
    let trade = |n: u64| {
        format!(
            r#"{{"stream":"btcusdt@aggTrade","data":{{"e":"aggTrade","E":{0},"s":"BTCUSDT","a":{1},"p":"61800.{2}0","q":"0.{3:03}","f":{1},"l":{1},"T":{0},"m":{4}}}}}"#,
            1_723_161_256_298 + n,
            2_266_583_935 + n,
            n % 10,
            n % 999 + 1,
            n.is_multiple_of(2)
        )
    };
    let quote = |n: u64| {
        format!(
            r#"{{"stream":"btcusdt@bookTicker","data":{{"e":"bookTicker","u":{1},"s":"BTCUSDT","b":"61800.{2}0","B":"3.{3:03}","a":"61801.{2}0","A":"1.{3:03}","T":{0},"E":{0}}}}}"#,
            1_723_161_256_298 + n,
            5_135_266_583_935 + n,
            n % 10,
            n % 999 + 1
        )
    };
    let mut group = criterion.benchmark_group("binance");
    for (name, make) in [("decode_trade_frame", &trade as &dyn Fn(u64) -> String), ("decode_quote_frame", &quote)] {
        let frames: Vec<String> = (0..1_000).map(make).collect();
        let mut out = Vec::with_capacity(frames.len());
        group.throughput(Throughput::Elements(frames.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut decoder = FrameDecoder::new(Venue::BinanceUsdM, [("BTCUSDT", InstrumentId(0))]);
                out.clear();
                for frame in &frames {
                    decoder.frame(frame.as_bytes(), &mut out);
                }
                assert_eq!(out.len(), frames.len(), "every frame makes one event");
            });
        });
    }
    group.finish();
}

/// Trades through the kernel, a running strategy among them.
fn kernel(criterion: &mut Criterion) {
    let parameters = vec![("on".into(), "trade".into())];
    let strategy = StrategySettings { name: "ema-cross".into(), instruments: Vec::new(), parameters };
    let Instrument { venue, quote: currency, .. } = SyntheticTrades::instrument(InstrumentId(0));
    let opening = [
        Command::SessionStarted { session: SessionId(1), build: "bench".into(), mode: "backtest".into() },
        Command::Configure(Settings { strategies: vec![strategy], ..Settings::default() }),
        Command::Deposit { venue, currency, amount: Money::from_raw(100_000_000_000_000) },
        Command::AutoTrade(true),
    ];
    let mut opened = Kernel::default();
    let mut effects = Effects::new();
    let mut stamp = Stamp { seq: Seq::ZERO, recv: SyntheticSettings::default().start, venue: None };
    let definition = MarketEvent::Instrument(Box::new(SyntheticTrades::instrument(InstrumentId(0))));
    let commands = opening.into_iter().map(|command| Event::Command(Box::new(command)));
    for event in commands.chain([Event::Market(definition)]) {
        stamp.seq = stamp.seq.next();
        opened.apply(&stamp, &event, &mut effects);
    }
    let mut rows = trades();
    for (trade, _) in &mut rows {
        trade.seq = trade.seq.advance(stamp.seq.get());
    }
    let mut saved = Vec::new();
    opened.save(&mut saved);
    let mut group = criterion.benchmark_group("kernel");
    group.throughput(Throughput::Elements(EVENTS));
    group.bench_function("on_trade", |bencher| {
        bencher.iter_batched_ref(
            || Kernel::load(&saved).expect("saved above"),
            |kernel| {
                for (stamp, event) in &rows {
                    kernel.apply(stamp, event, &mut effects);
                    effects.clear();
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, encode, decode, book, frame, kernel);
criterion_main!(benches);
