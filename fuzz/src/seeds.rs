//! Seeds that no one can type: blocks, events and messages made by the program itself. `cargo run -p jangbu-fuzz --example seeds`
//! writes them to `corpus/`; the others there are written by hand.

use jangbu::account::{Fill, Liquidity, OrderId, OrderType, OrderUpdate, SessionId, TimeInForce};
use jangbu::event::command::{RiskLimits, Settings, StrategySettings};
use jangbu::event::{Answer, Command, Event, Frame, Link, LinkState, MarketEvent, OrderEvent};
use jangbu::market::{
    Bar, Depth, Fees, Instrument, InstrumentId, InstrumentKind, Level, Money, Price, Qty, Quote, Rate, Rounding, Side, TickTable,
    Trade, Venue,
};
use jangbu_journal::block::{Header, seal};
use jangbu_journal::{Encoder, Nanos, Record, Seq, Stamp};

const SPOT: InstrumentId = InstrumentId(0);
const PERPETUAL: InstrumentId = InstrumentId(1);
const START: i64 = 1_723_161_255_000_000_000;

/// Target, name and bytes of each.
pub fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let day = written(&a_day());
    let market = written(&market_data());
    vec![
        ("event_record", "day", day.clone()),
        ("event_record", "market", market.clone()),
        ("kernel", "day", day.clone()),
        ("kernel", "market", market.clone()),
        ("block", "whole", block(0, &market)),
        ("block", "fragment", block(2, &day)),
        ("block", "noise", block(0, &(0..200).map(|at: u32| ((at * at) >> 3) as u8).collect::<Vec<_>>())),
        ("share_wire", "request-active", message(&[0, 0, 0, 0], &[0; 16])),
        ("share_wire", "request-read", message(&[1, 0, 2, 0], &[1, 0, 0, 0, 0, 0, 16, 0, 9, 0, 0, 0, 0, 0, 0, 0])),
        ("share_wire", "reply-items", reply()),
        ("share_wire", "reply-failed", message(&[4, 0, 0, 0], b"\x01\0\0\0\0\0\0\0\x02\0\0\0no")),
    ]
}

fn message(head: &[u8], body: &[u8]) -> Vec<u8> {
    [b"JSH1", head, body].concat()
}

fn reply() -> Vec<u8> {
    let item = |block: u8, value: &[u8]| [&[block, 0, 0, 0, 0, 0, 0, 0, 1, 0, value.len() as u8, 0, 0, 0], value].concat();
    let body = [item(1, b"abc"), item(9, b"")].concat();
    message(&[0, 0, 0, 0], &[&[1, 0, 0, 0, 2, 0, 0, 0, body.len() as u8, 0, 0, 0], body.as_slice()].concat())
}

fn block(fragment: u16, raw: &[u8]) -> Vec<u8> {
    let header = Header {
        fragment,
        schema: Event::SCHEMA,
        journal: 77,
        first: Seq::new(5),
        count: 12,
        raw_len: raw.len() as u32,
        raw_offset: 0,
        first_recv: Nanos::new(START),
        last_recv: Nanos::new(START + 1_000),
        chain: 99,
    };
    let mut out = Vec::new();
    seal(&header, raw, &mut out);
    out
}

fn written(events: &[Event]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut context = <Event as Record>::Context::default();
    for (event, at) in events.iter().zip(1..) {
        let recv = Nanos::new(START + at as i64 * 250_000_000);
        let venue = matches!(event, Event::Market(_)).then(|| recv.plus(-3_000_000));
        event.encode(&Stamp { seq: Seq::new(at), recv, venue }, &mut context, &mut Encoder::new(&mut out));
    }
    out
}

fn price(units: i64) -> Price {
    Price::from_raw(units * 100_000_000)
}

fn qty(thousandths: i128) -> Qty {
    Qty::from_raw(thousandths * 100_000)
}

fn instrument(id: InstrumentId, kind: InstrumentKind, venue: Venue) -> Event {
    let fees = Fees {
        maker: Rate::from_raw(20_000),
        taker: Rate::from_raw(50_000),
        sell_tax: Rate::ZERO,
        fee_unit: Money::from_raw(1),
        tax_unit: Money::from_raw(1),
        rounding: Rounding::HalfEven,
    };
    let code = |text: &str| text.parse().unwrap_or_default();
    Event::Market(MarketEvent::Instrument(Box::new(Instrument {
        id,
        venue,
        symbol: "BTCUSDT".into(),
        name: "BTC/USDT".into(),
        kind,
        base: code("BTC"),
        quote: code("USDT"),
        ticks: TickTable::flat(Price::from_raw(1_000_000)),
        lot: qty(1),
        qty_min: qty(1),
        qty_max: qty(100_000),
        notional_min: Money::from_raw(500_000_000),
        fees,
    })))
}

fn said(command: Command) -> Event {
    Event::Command(Box::new(command))
}

fn trade(instrument: InstrumentId, units: i64, id: u64) -> Event {
    Event::Market(MarketEvent::Trade(Trade { instrument, taker: Side::Buy, price: price(units), qty: qty(7), id }))
}

fn order(instrument: InstrumentId, side: Side, order_type: OrderType) -> Event {
    said(Command::Order { instrument, side, order_type, time_in_force: TimeInForce::Gtc, qty: qty(10) })
}

fn update(seq: u64, update: OrderUpdate) -> Event {
    Event::Order(OrderEvent { order: OrderId { session: SessionId(1), seq: Seq::new(seq), index: 0 }, update })
}

fn fill(seq: u64, trade: u64, thousandths: i128) -> Event {
    let fill = Fill { trade, price: price(50_000), qty: qty(thousandths), liquidity: Liquidity::Taker };
    update(seq, OrderUpdate::Filled(fill))
}

/// A session with orders that fill, are cancelled, refused and reconciled. The numbers are the seqs.
fn a_day() -> Vec<Event> {
    let usdt = "USDT".parse().unwrap_or_default();
    let risk = RiskLimits {
        order_qty_max: Some(qty(50)),
        order_rate_max: Some(10),
        order_rate_window_ms: 1_000,
        ..RiskLimits::default()
    };
    let parameters = vec![("fast".to_owned(), "2".to_owned()), ("slow".to_owned(), "3".to_owned())];
    let strategies = vec![StrategySettings { name: "ema-cross".into(), instruments: Vec::new(), parameters }];
    let venue = Venue::BinanceSpot;
    vec![
        said(Command::SessionStarted { session: SessionId(1), build: "seed".into(), mode: "paper".into() }), // 1
        said(Command::Configure(Settings { risk, strategies, ..Settings::default() })),
        said(Command::Deposit { venue, currency: usdt, amount: Money::from_raw(1_000_000_000_000) }),
        said(Command::Deposit { venue: Venue::BinanceUsdM, currency: usdt, amount: Money::from_raw(1_000_000_000_000) }),
        instrument(SPOT, InstrumentKind::Spot, venue), // 5
        instrument(PERPETUAL, InstrumentKind::Perpetual, Venue::BinanceUsdM),
        Event::Link(Link { venue, channel: 0, state: LinkState::Up }),
        trade(SPOT, 50_000, 1),
        trade(PERPETUAL, 50_010, 1),
        order(SPOT, Side::Buy, OrderType::Limit(price(50_000))), // 10
        update(10, OrderUpdate::Accepted { venue_order: 900 }),
        fill(10, 1, 4),
        fill(10, 1, 4),
        fill(10, 2, 6),
        order(PERPETUAL, Side::Sell, OrderType::Market), // 15
        fill(15, 3, 10),
        order(SPOT, Side::Sell, OrderType::Limit(price(51_000))),
        update(17, OrderUpdate::Accepted { venue_order: 901 }),
        said(Command::Cancel(OrderId { session: SessionId(1), seq: Seq::new(17), index: 0 })),
        update(17, OrderUpdate::Cancelled), // 20
        said(Command::AutoTrade(true)),
        trade(SPOT, 50_500, 2),
        trade(SPOT, 51_500, 3),
        trade(SPOT, 49_000, 4),
        Event::Tick, // 25
        Event::Link(Link { venue, channel: 0, state: LinkState::Down { reason: "closed".into() } }),
        Event::Answer(Box::new(Answer::Balance { venue, currency: usdt, free: Money::from_raw(9), locked: Money::ZERO })),
        Event::Answer(Box::new(Answer::Reconciled { venue })),
        said(Command::Kill { reason: "seed".into() }),
        order(SPOT, Side::Buy, OrderType::Market), // 30
        said(Command::Resume),
        said(Command::Liquidate),
        said(Command::SessionEnded { session: SessionId(1) }),
    ]
}

/// Every kind of market data there is.
fn market_data() -> Vec<Event> {
    let quote = |bid: i64, ask: i64| {
        let (bid, ask) = (price(bid), price(ask));
        Event::Market(MarketEvent::Quote(Quote { instrument: SPOT, bid, ask, bid_qty: qty(3), ask_qty: qty(4) }))
    };
    let head =
        |snapshot, levels, update_id| Event::Market(MarketEvent::Depth(Depth { instrument: SPOT, snapshot, levels, update_id }));
    let level = |side, units, thousandths| {
        Event::Market(MarketEvent::Level(Level { instrument: SPOT, side, price: price(units), qty: qty(thousandths) }))
    };
    let bar = Bar {
        instrument: SPOT,
        start: Nanos::new(START),
        span: 60_000_000_000,
        open: price(1),
        high: price(4),
        low: price(1),
        close: price(2),
        bought: qty(5),
        sold: qty(6),
        turnover: Money::from_raw(7),
        trades: 8,
    };
    vec![
        instrument(SPOT, InstrumentKind::Spot, Venue::BinanceSpot),
        head(true, 3, 100),
        level(Side::Buy, 49_999, 10),
        level(Side::Buy, 49_998, 11),
        level(Side::Sell, 50_001, 12),
        trade(SPOT, 50_001, 1),
        trade(SPOT, 50_001, 2),
        quote(49_999, 50_001),
        quote(49_998, 50_001),
        head(false, 2, 103),
        level(Side::Sell, 50_001, 0),
        level(Side::Sell, 50_002, 5),
        Event::Market(MarketEvent::Bar(Box::new(bar))),
        Event::Market(MarketEvent::BookLost(SPOT)),
        Event::Frame(Box::new(Frame { venue: Venue::BinanceSpot, channel: 1, more: false, bytes: b"{\"u\":1}"[..].into() })),
        Event::Tick,
        trade(SPOT, 50_003, 9),
    ]
}
