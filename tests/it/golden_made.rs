//! The recipes of the golden journals: [`JOURNALS`].

use std::path::Path;

use jangbu::account::{Fill, Liquidity, OrderId, OrderType, OrderUpdate, SessionId, TimeInForce};
use jangbu::data::history::{History, Moment};
use jangbu::data::synthetic::{SyntheticSettings, SyntheticTrades};
use jangbu::event::command::{RiskLimits, Settings, StrategySettings};
use jangbu::event::market::{Condition, Phase, PhaseKind, Ranked, Value, Vi};
use jangbu::event::order::Charge;
use jangbu::event::valuation::{RateSettings, RateSource, ValuationSettings};
use jangbu::event::{Answer, Command, Event, Frame, Link, LinkState, MarketEvent, OrderEvent};
use jangbu::market::{
    Activity, Bar, Currency, Depth, Instrument, InstrumentId, InstrumentKind, Level, Money, Price, Qty, Quote, Reference, Side,
    TickTable, Trade, Venue,
};
use jangbu_journal::{Nanos, Seq};

use crate::golden_accounts::{cash_flows, margins};
use crate::golden_by_hand::by_hand;
use crate::made::{LATENCY, Script, command, market_session, resume, scripted_session};

/// Makes a journal in a folder.
type Recipe = fn(&Path);

/// Name and recipe of each.
pub const JOURNALS: &[(&str, Recipe)] = &[
    ("markets", markets),
    ("every-event", every_event),
    ("premiums", premiums),
    ("cash-flows", cash_flows),
    ("by-hand", by_hand),
    ("facts", facts),
    ("margins", margins),
];

pub const BEGIN: Nanos = Nanos::from_millis(1_704_067_200_000);

pub fn parse<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a literal of this file")
}

fn usdt() -> Currency {
    parse("USDT")
}

pub fn started(session: u32) -> Command {
    Command::SessionStarted { session: SessionId(session), build: "golden".into(), mode: "paper".into() }
}

fn ema(fast: &str, slow: &str, on: &str) -> StrategySettings {
    let parameters = [("fast", fast), ("slow", slow), ("on", on), ("notional", "2000"), ("short", "true")];
    StrategySettings {
        name: "ema-cross".into(),
        instruments: Vec::new(),
        parameters: parameters.map(|(name, value)| (name.into(), value.into())).into(),
    }
}

pub fn order(instrument: u32, side: Side, limit: Option<&str>, time_in_force: TimeInForce, qty: &str) -> Command {
    let order_type = limit.map_or(OrderType::Market, |limit| OrderType::Limit(parse(limit)));
    Command::Order { instrument: InstrumentId(instrument), side, order_type, time_in_force, qty: parse(qty) }
}

/// Two sessions of synthetic markets: averages cross on trades and on seconds, orders by hand are filled, refused, rejected, left in
/// the book over the restart; the switch is thrown; everything is closed.
fn markets(dir: &Path) {
    let mut said = vec![
        (0, started(1)),
        (
            0,
            Command::Configure(Settings {
                risk: limits(),
                strategies: vec![ema("4", "9", "trade"), ema("2", "3", "second")],
                simulator: Some(LATENCY),
            }),
        ),
        (0, Command::Deposit { venue: Venue::BinanceUsdM, currency: usdt(), amount: parse("50000") }),
        (0, Command::AutoTrade(true)),
        (300, order(0, Side::Buy, Some("49000"), TimeInForce::Gtc, "0.01")),
        (320, order(1, Side::Sell, Some("51000"), TimeInForce::Gtc, "0.02")),
        (340, order(0, Side::Buy, None, TimeInForce::Gtc, "0.005")),
        (350, order(0, Side::Buy, Some("50500"), TimeInForce::PostOnly, "0.01")),
        (360, order(0, Side::Buy, Some("49500"), TimeInForce::Ioc, "0.01")),
        (370, order(1, Side::Buy, None, TimeInForce::Gtc, "5")),
        (500, Command::Kill { reason: "golden".into() }),
        (510, order(0, Side::Buy, None, TimeInForce::Gtc, "0.01")),
        (560, Command::Resume),
        (700, Command::Liquidate),
        (760, Command::AutoTrade(true)),
        (990, order(0, Side::Buy, Some("49100"), TimeInForce::Gtc, "0.013")),
    ];
    said.push((1_000, Command::SessionEnded { session: SessionId(1) }));
    market_session(dir, SessionId(1), told(BEGIN, 1, 1_000, said), 600);
    let clock = resume(dir).clock.plus(60_000_000_000);
    let mut said = vec![(0, started(2)), (0, Command::AutoTrade(true))];
    said.push((700, Command::SessionEnded { session: SessionId(2) }));
    market_session(dir, SessionId(2), told(clock, 2, 700, said), 600);
}

fn limits() -> RiskLimits {
    RiskLimits {
        order_notional_max: Some(parse("100000")),
        price_band: Some(parse("0.05")),
        duplicate_window_ms: 2,
        order_rate_max: Some(50),
        order_rate_window_ms: 100,
        ..RiskLimits::default()
    }
}

/// A synthetic market with commands said before so many of its trades.
fn told(start: Nanos, seed: u64, trades: u64, said: Vec<(u64, Command)>) -> Vec<Moment> {
    let mut source = SyntheticTrades::new(SyntheticSettings { seed, trades, instruments: 2, start, step_ns: 3_000_000 });
    let mut said = said.into_iter().peekable();
    let (mut history, mut count, mut now) = (Vec::new(), 0, start);
    while let Some(moment) = source.next().expect("synthetic") {
        while let Some((_, words)) = said.next_if(|(before, _)| *before <= count) {
            history.push((now, None, command(words)));
        }
        now = moment.0;
        count += u64::from(matches!(moment.2, Event::Market(MarketEvent::Trade(_))));
        history.push(moment);
    }
    history.extend(said.map(|(_, words)| (now, None, command(words))));
    history
}

/// Two markets of a coin in two currencies, a rate between them that changes, and what is added up over both.
fn premiums(dir: &Path) {
    let mut said = vec![
        (0, started(1)),
        (
            0,
            Command::Valuation(ValuationSettings {
                currency: Some(parse("KRW")),
                rates: vec![RateSettings { of: usdt(), source: RateSource::Instrument("kiwoom:USDKRW".into()) }],
                premium_age_ms: 20,
            }),
        ),
        (0, Command::Configure(Settings { simulator: Some(LATENCY), ..Settings::default() })),
        (0, Command::Deposit { venue: Venue::BinanceUsdM, currency: usdt(), amount: parse("50000") }),
        (0, Command::Deposit { venue: Venue::Upbit, currency: parse("KRW"), amount: parse("10000000") }),
        (100, order(0, Side::Buy, None, TimeInForce::Gtc, "0.01")),
    ];
    said.push((200, Command::SessionEnded { session: SessionId(1) }));
    let mut history = told(BEGIN, 3, 200, said);
    let of = SyntheticTrades::instrument(InstrumentId(0));
    let home = Instrument {
        id: InstrumentId(2),
        venue: Venue::Upbit,
        symbol: format!("KRW-{}", of.base),
        kind: InstrumentKind::Spot,
        quote: parse("KRW"),
        ..of.clone()
    };
    let rate = Instrument {
        id: InstrumentId(3),
        venue: Venue::Kiwoom,
        symbol: "USDKRW".into(),
        kind: InstrumentKind::Fx,
        ..home.clone()
    };
    // Before the session ends: the market at home trades, the rate is told now and then.
    let times: Vec<Nanos> = history.iter().map(|moment| moment.0).collect();
    for (count, at) in (0_i64..).zip(times).skip(30).step_by(3).collect::<Vec<_>>().into_iter().rev() {
        let place = history.iter().rposition(|moment| moment.0 <= at).expect("it was there");
        let price = Price::from_raw((70_000_000 + count * 1_000) * 100_000_000);
        let (id, qty) = (u64::try_from(count).expect("it counts up"), parse("0.01"));
        let trade = Trade { instrument: home.id, taker: Side::Buy, price, qty, id };
        history.insert(place, (at, None, Event::Market(MarketEvent::Trade(trade))));
        if count % 4 == 0 {
            let value = Value { instrument: rate.id, value: Price::from_raw((1_400 + count) * 100_000_000) };
            history.insert(place, (at, None, Event::Market(MarketEvent::Value(value))));
        }
    }
    // Both enter the ranking, one leaves it with a position, the other without.
    for (count, instrument, place) in [(40, 0, Some(1)), (42, 2, Some(2)), (160, 0, None), (170, 2, None)] {
        let ranked = Ranked { instrument: InstrumentId(instrument), place, turnover: parse("1000000") };
        let at = history[count].0;
        history.insert(count, (at, None, Event::Market(MarketEvent::Ranked(ranked))));
    }
    let place = history.iter().position(|moment| matches!(moment.2, Event::Market(MarketEvent::Trade(_)))).expect("a trade");
    for instrument in [rate, home] {
        let at = history[place].0;
        history.insert(place, (at, None, Event::Market(MarketEvent::Instrument(Box::new(instrument)))));
    }
    market_session(dir, SessionId(1), history, 120);
}

/// A share with facts of its day: orders beyond its limits, a halt that a trade ends, and the facts of the next day.
fn facts(dir: &Path) {
    let mut script = Script::after(dir);
    script.say(command(started(1)));
    definitions(&mut script);
    script.say(Event::Link(Link { venue: Venue::Kiwoom, channel: 0, state: LinkState::Up }));
    let stock = InstrumentId(2);
    let told = |base: &str, lower: &str, upper: &str| Reference {
        base: Some(parse(base)),
        previous_close: Some(parse(base)),
        upper_limit: Some(parse(upper)),
        lower_limit: Some(parse(lower)),
        open: Some(parse("75200")),
        previous_volume: Some(parse("9358023")),
        previous_turnover: Some(parse("702130000000")),
        listed: Some(parse("5919637922")),
        capitalisation: Some(parse("443972800000000")),
        halted: Some(true),
        administered: Some(false),
        ..Reference::of(stock)
    };
    script.say(Event::Market(MarketEvent::Reference(Box::new(told("74900", "52500", "97300")))));
    script.say(trade(2, "75000", 1));
    // Halted; then it trades.
    script.say(command(order(2, Side::Buy, Some("75000"), TimeInForce::Gtc, "1")));
    let activity = Activity {
        instrument: stock,
        turnover_change: Some(parse("-91677000000")),
        volume_ratio: Some(parse("0.8681")),
        turnover_rate: Some(parse("0.0014")),
        same_time_ratio: None,
        capitalisation: Some(parse("443972800000000")),
    };
    script.say(Event::Market(MarketEvent::Activity(Box::new(activity))));
    for limit in ["97300", "97400", "52500", "52400"] {
        script.say(command(order(2, Side::Buy, Some(limit), TimeInForce::Gtc, "1")));
    }
    script.say(Event::Market(MarketEvent::Phase(Phase { venue: Venue::Kiwoom, instrument: None, kind: PhaseKind::AfterHours })));
    script.say(command(order(2, Side::Buy, None, TimeInForce::Gtc, "1")));
    script.wait(86_400_000_000_000);
    script.say(trade(2, "75100", 2));
    script.say(command(order(2, Side::Buy, Some("52400"), TimeInForce::Gtc, "2")));
    script.say(Event::Market(MarketEvent::Reference(Box::new(told("75100", "52600", "97600")))));
    script.say(command(Command::SessionEnded { session: SessionId(1) }));
    scripted_session(dir, SessionId(1), script, true, &mut |_| ());
}

/// Every event there is, told to the kernel by a script; a restart, and a session that was killed.
fn every_event(dir: &Path) {
    let mut script = Script::after(dir);
    script.say(command(started(1)));
    definitions(&mut script);
    market(&mut script);
    orders(&mut script);
    answers(&mut script);
    script.say(command(Command::Kill { reason: "golden".into() }));
    script.say(command(order(0, Side::Buy, None, TimeInForce::Gtc, "0.01")));
    script.say(command(Command::Resume));
    script.say(command(Command::RealOrders { venues: vec![Venue::Upbit] }));
    script.say(command(Command::Liquidate));
    script.say(command(Command::SessionEnded { session: SessionId(1) }));
    scripted_session(dir, SessionId(1), script, true, &mut |_| ());

    let mut script = Script::after(dir);
    script.say(command(started(2)));
    script.say(command(Command::AutoTrade(true)));
    for id in 100..160_u64 {
        let at = if id % 20 < 10 { "50010" } else { "49980" };
        script.say(trade(0, at, id));
    }
    script.say(command(order(0, Side::Sell, Some("50100"), TimeInForce::PostOnly, "0.02")));
    scripted_session(dir, SessionId(2), script, false, &mut |_| ());
}

pub fn definitions(script: &mut Script) {
    let perpetual = SyntheticTrades::instrument(InstrumentId(0));
    let spot = Instrument {
        id: InstrumentId(1),
        venue: Venue::BinanceSpot,
        kind: InstrumentKind::Spot,
        symbol: "SYN1USDT".into(),
        ..perpetual.clone()
    };
    let mut rows = vec![(Price::ZERO, parse("1")), (parse("2000"), parse("5")), (parse("200000"), parse("500"))];
    rows.insert(2, (parse("50000"), parse("100")));
    let stock = Instrument {
        id: InstrumentId(2),
        venue: Venue::Kiwoom,
        symbol: "005930".into(),
        name: "삼성전자".into(),
        kind: InstrumentKind::Stock,
        base: parse("005930"),
        quote: parse("KRW"),
        ticks: TickTable::new(rows).expect("rising"),
        lot: parse("1"),
        qty_min: parse("1"),
        qty_max: parse("1000000"),
        notional_min: Money::ZERO,
        ..perpetual.clone()
    };
    let index = Instrument { id: InstrumentId(3), kind: InstrumentKind::Index, symbol: "KOSPI".into(), ..stock.clone() };
    for instrument in [perpetual, spot, stock, index] {
        script.say(Event::Market(MarketEvent::Instrument(Box::new(instrument))));
    }
    for (venue, currency, amount) in
        [(Venue::BinanceUsdM, "USDT", "20000"), (Venue::BinanceSpot, "USDT", "10000.5"), (Venue::Kiwoom, "KRW", "5000000")]
    {
        script.say(command(Command::Deposit { venue, currency: parse(currency), amount: parse(amount) }));
    }
    let risk = RiskLimits { order_qty_max: Some(parse("10")), daily_loss_max: Some(parse("5000")), ..limits() };
    script.say(command(Command::Configure(Settings { risk, strategies: vec![ema("3", "7", "trade")], simulator: None })));
    script.say(command(Command::StrategyText { name: "매수".into(), text: "매수 = 종가 > 이평(종가, 20)".into() }));
    script.say(command(Command::AutoTrade(false)));
}

pub fn trade(instrument: u32, at: &str, id: u64) -> Event {
    let taker = if id.is_multiple_of(2) { Side::Buy } else { Side::Sell };
    let (instrument, price, qty) = (InstrumentId(instrument), parse(at), parse("0.5"));
    Event::Market(MarketEvent::Trade(Trade { instrument, taker, price, qty, id }))
}

fn market(script: &mut Script) {
    for (venue, channel, state) in [
        (Venue::BinanceUsdM, 0, LinkState::Up),
        (Venue::BinanceSpot, 0, LinkState::Up),
        (Venue::BinanceUsdM, 1, LinkState::Conflated { frames: 12 }),
        (Venue::BinanceSpot, 1, LinkState::Down { reason: "reset by peer".into() }),
        (Venue::BinanceSpot, 1, LinkState::Up),
    ] {
        script.say(Event::Link(Link { venue, channel, state }));
    }
    let mut tell = |event| script.say_at(Event::Market(event), Some(BEGIN.plus(1_000_000_000)));
    for (instrument, kind) in [(None, PhaseKind::OpeningAuction), (Some(InstrumentId(2)), PhaseKind::Continuous)] {
        tell(MarketEvent::Phase(Phase { venue: Venue::Kiwoom, instrument, kind }));
    }
    let instrument = InstrumentId(0);
    let (bid, ask) = (parse("49999.9"), parse("50000.1"));
    tell(MarketEvent::Quote(Quote { instrument, bid, ask, bid_qty: parse("3"), ask_qty: parse("0.25") }));
    for (snapshot, levels) in [
        (true, &[(Side::Buy, "49999.9", "3"), (Side::Buy, "49999", "8"), (Side::Sell, "50000.1", "0.25")][..]),
        (false, &[(Side::Sell, "50000.1", "0"), (Side::Sell, "50000.5", "4")][..]),
    ] {
        let count = u32::try_from(levels.len()).expect("few");
        tell(MarketEvent::Depth(Depth { instrument, snapshot, levels: count, update_id: 77_000 }));
        for (side, price, qty) in levels {
            tell(MarketEvent::Level(Level { instrument, side: *side, price: parse(price), qty: parse(qty) }));
        }
    }
    let prices = ["70000", "70500", "69900", "70100"].map(parse::<Price>);
    tell(MarketEvent::Bar(Box::new(Bar {
        instrument: InstrumentId(2),
        start: BEGIN,
        span: 60_000_000_000,
        open: prices[0],
        high: prices[1],
        low: prices[2],
        close: prices[3],
        bought: parse("1200"),
        sold: parse("900"),
        turnover: parse("147000000"),
        trades: 81,
    })));
    tell(MarketEvent::Value(Value { instrument: InstrumentId(3), value: parse("2655.28") }));
    let name = "돌파".into();
    tell(MarketEvent::Condition(Box::new(Condition { number: 4, name, instrument: InstrumentId(2), entered: true })));
    let until = Some(BEGIN.plus(120_000_000_000));
    let (static_price, dynamic_price) = (Some(parse("77000")), None);
    tell(MarketEvent::Vi(Box::new(Vi { instrument: InstrumentId(2), active: true, static_price, dynamic_price, until })));
    tell(MarketEvent::BookLost(InstrumentId(0)));
    script.say(trade(0, "50000", 1));
    script.say(trade(1, "50002", 2));
    script.say(trade(2, "70100", 3));
    let whole: Vec<u8> = (0..100).collect();
    for (more, bytes) in [(true, &whole[..60]), (false, &whole[60..])] {
        script.say(Event::Frame(Box::new(Frame { venue: Venue::Upbit, channel: 3, more, bytes: bytes.into() })));
    }
    script.say(Event::Tick);
}

/// Places an order of the first session by hand.
pub fn place(script: &mut Script, side: Side, limit: Option<&str>, qty: &str) -> OrderId {
    let seq = script.say(command(order(0, side, limit, TimeInForce::Gtc, qty)));
    OrderId { session: SessionId(1), seq, index: 0 }
}

pub fn update(script: &mut Script, order: OrderId, update: OrderUpdate) -> Seq {
    script.say(Event::Order(OrderEvent { order, update }))
}

pub fn fill(trade: u64, price: &str, qty: &str, liquidity: Liquidity) -> OrderUpdate {
    OrderUpdate::Filled(Fill { trade, price: parse(price), qty: parse(qty), liquidity })
}

fn orders(script: &mut Script) {
    let first = place(script, Side::Buy, Some("49990"), "0.01");
    update(script, first, OrderUpdate::Accepted { venue_order: 9_001 });
    update(script, first, fill(501, "49990", "0.004", Liquidity::Maker));
    let charge = Charge { order: first, trade: 501, fee: parse("0.04"), tax: Money::ZERO, currency: None };
    script.say(Event::Answer(Box::new(Answer::Charged(charge))));
    update(script, first, OrderUpdate::Amended { price: parse("49991"), qty: parse("0.012") });
    update(script, first, OrderUpdate::AmendRejected { reason: "too late".into() });
    script.say(command(Command::Cancel(first)));
    update(script, first, OrderUpdate::CancelRejected { reason: "busy".into() });
    script.say(command(Command::Cancel(first)));
    update(script, first, OrderUpdate::Cancelled);
    // A cancelled order can still have traded.
    update(script, first, fill(502, "49991", "0.001", Liquidity::Unstated));
    let second = place(script, Side::Buy, Some("49980"), "0.02");
    update(script, second, OrderUpdate::Rejected { reason: "filter failure: 가격".into() });
    let third = place(script, Side::Buy, Some("49970"), "0.03");
    update(script, third, OrderUpdate::Accepted { venue_order: 9_003 });
    update(script, third, OrderUpdate::Expired);
    let fourth = place(script, Side::Sell, Some("50040"), "0.04");
    update(script, fourth, OrderUpdate::Unknown);
    script.say(Event::Answer(Box::new(Answer::NotFound { order: fourth })));
    let fifth = place(script, Side::Buy, None, "0.05");
    update(script, fifth, fill(503, "50000.1", "0.05", Liquidity::Taker));
    update(script, fifth, fill(503, "50000.1", "0.05", Liquidity::Taker));
    // Larger than the limit, and one that nobody knows.
    place(script, Side::Buy, Some("49960"), "11");
    script.say(command(Command::Cancel(OrderId { session: SessionId(1), seq: Seq::FIRST, index: 7 })));
    let left = place(script, Side::Buy, Some("49950"), "0.06");
    update(script, left, OrderUpdate::Accepted { venue_order: 9_007 });
    // An order whose answer does not come: the kernel asks when its timer fires.
    place(script, Side::Buy, Some("49940"), "0.07");
    script.wait(3_600_000_000_000);
    script.say(Event::Tick);
}

fn answers(script: &mut Script) {
    let venue = Venue::BinanceUsdM;
    for answer in [
        Answer::Balance { venue, currency: usdt(), free: parse("19000.5"), locked: parse("12.25") },
        Answer::Position { instrument: InstrumentId(0), qty: parse("-0.055"), average: parse("49998.7") },
        Answer::OpenOrder {
            order: None,
            venue_order: 4_711,
            instrument: InstrumentId(0),
            side: Side::Sell,
            price: parse("60000"),
            qty: parse("1"),
            filled: Qty::ZERO,
        },
        Answer::Failed { venue, question: "open orders".into(), reason: "timeout".into() },
        Answer::Reconciled { venue },
    ] {
        script.say(Event::Answer(Box::new(answer)));
    }
}
