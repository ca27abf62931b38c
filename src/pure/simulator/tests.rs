//! Scenarios as text, and properties.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use jangbu_journal::{Nanos, Seq, Stamp};
use proptest::prelude::*;

use super::{LatencySettings, Queue, RESTING_MAX, Simulator, SimulatorSettings};
use crate::account::{Amendment, NewOrder, OrderId, OrderType, SessionId, StrategyId, TimeInForce};
use crate::effect::{Effect, Query};
use crate::event::{Answer, Event, Liquidity, MarketEvent, OrderUpdate};
use crate::market::{
    Currency, Depth, Fees, Instrument, InstrumentId, InstrumentKind, Level, Money, Price, Qty, Quote, Rate, Reference, Rounding,
    Side, TickTable, Trade, Venue,
};

const ID: InstrumentId = InstrumentId(0);

fn price(text: &str) -> Price {
    text.parse().expect("a price")
}

fn qty(text: &str) -> Qty {
    text.parse().expect("a quantity")
}

fn side(text: &str) -> Side {
    if text == "buy" { Side::Buy } else { Side::Sell }
}

fn instrument() -> Instrument {
    Instrument {
        id: ID,
        venue: Venue::BinanceSpot,
        symbol: "TEST".into(),
        name: String::new(),
        kind: InstrumentKind::Spot,
        base: Currency::default(),
        quote: Currency::default(),
        ticks: TickTable::flat(price("0.5")),
        lot: qty("1"),
        qty_min: qty("1"),
        qty_max: qty("1000"),
        notional_min: "10".parse().expect("money"),
        fees: Fees {
            maker: Rate::ZERO,
            taker: Rate::ZERO,
            sell_tax: Rate::ZERO,
            fee_unit: Money::from_raw(1),
            tax_unit: Money::from_raw(1),
            rounding: Rounding::Floor,
        },
    }
}

/// The id of order `A`, `B`, ….
fn order_id(name: &str) -> OrderId {
    OrderId { session: SessionId(1), index: 0, seq: Seq::new(u64::from(name.as_bytes()[0])) }
}

fn name(order: OrderId) -> char {
    char::from(u8::try_from(order.seq.get()).expect("a letter"))
}

/// Plays lines against a simulator and writes down what it answers.
struct Stage {
    simulator: Simulator,
    now: Nanos,
    said: Vec<String>,
}

impl Stage {
    fn new(settings: SimulatorSettings) -> Self {
        let mut stage = Stage { simulator: Simulator::new(settings), now: Nanos::ZERO, said: Vec::new() };
        stage.market(MarketEvent::Instrument(Box::new(instrument())));
        stage
    }

    fn settle(&mut self, until: Nanos) {
        while self.simulator.next_due().is_some_and(|due| due <= until) {
            let Some((at, event)) = self.simulator.pop_due(until) else { continue };
            self.now = self.now.max(at);
            let said = match event {
                Event::Order(order) => {
                    let name = name(order.order);
                    match order.update {
                        OrderUpdate::Accepted { .. } => format!("{name} accepted"),
                        OrderUpdate::Rejected { reason } => format!("{name} rejected {}", code(&reason)),
                        OrderUpdate::Filled(fill) => {
                            let how = if fill.liquidity == Liquidity::Maker { "maker" } else { "taker" };
                            format!("{name} {}@{} {how}", fill.qty, fill.price)
                        }
                        OrderUpdate::Amended { price, qty } => format!("{name} amended {qty}@{price}"),
                        OrderUpdate::AmendRejected { reason } => format!("{name} amend-rejected {}", code(&reason)),
                        OrderUpdate::Cancelled => format!("{name} cancelled"),
                        OrderUpdate::CancelRejected { reason } => format!("{name} cancel-rejected {}", code(&reason)),
                        OrderUpdate::Expired => format!("{name} expired"),
                        OrderUpdate::Unknown => format!("{name} unknown"),
                    }
                }
                Event::Answer(answer) => match *answer {
                    Answer::OpenOrder { order: Some(order), qty, filled, price, .. } => {
                        format!("{} open {filled}/{qty}@{price}", name(order))
                    }
                    Answer::NotFound { order } => format!("{} not-found", name(order)),
                    Answer::Reconciled { .. } => "reconciled".to_string(),
                    other => format!("{other:?}"),
                },
                other => format!("{other:?}"),
            };
            self.said.push(if at.get() > 0 { format!("{at}:{said}") } else { said });
        }
    }

    fn market(&mut self, event: MarketEvent) {
        let stamp = Stamp { seq: Seq::FIRST, recv: self.now, venue: None };
        self.simulator.on_event(&stamp, &Event::Market(event));
    }

    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "at" => {
                let at = Nanos::new(words[1].parse().expect("a time"));
                self.settle(at);
                self.now = at;
            }
            "trade" => {
                let (taker, price, qty) = (side(words[1]), price(words[2]), qty(words[3]));
                self.market(MarketEvent::Trade(Trade { instrument: ID, taker, price, qty, id: 0 }));
            }
            "quote" => self.market(MarketEvent::Quote(Quote {
                instrument: ID,
                bid: price(words[1]),
                bid_qty: qty(words[2]),
                ask: price(words[3]),
                ask_qty: qty(words[4]),
            })),
            "book" | "update" => {
                let levels = &words[1..];
                let count = u32::try_from(levels.len() / 3).expect("few");
                self.market(MarketEvent::Depth(Depth {
                    instrument: ID,
                    snapshot: words[0] == "book",
                    levels: count,
                    update_id: 0,
                }));
                for level in levels.chunks(3) {
                    self.settle(self.now);
                    self.market(MarketEvent::Level(Level {
                        instrument: ID,
                        side: side(level[0]),
                        price: price(level[1]),
                        qty: qty(level[2]),
                    }));
                }
            }
            "limits" => self.market(MarketEvent::Reference(Box::new(Reference {
                lower_limit: Some(price(words[1])),
                upper_limit: Some(price(words[2])),
                ..Reference::of(ID)
            }))),
            "lost" => self.market(MarketEvent::BookLost(ID)),
            "cancel" => self.simulator.take(self.now, &Effect::Cancel(order_id(words[1]))),
            "amend" => {
                let amendment = Amendment { order: order_id(words[1]), qty: qty(words[2]), price: price(words[3]) };
                self.simulator.take(self.now, &Effect::Amend(amendment));
            }
            "query" => self.simulator.take(self.now, &Effect::Query(Query::Order(order_id(words[1])))),
            "account" => self.simulator.take(self.now, &Effect::Query(Query::Account(Venue::BinanceSpot))),
            "adopt" => self.simulator.adopt(&order(&words[1..5]), qty(words[5])),
            _ => self.simulator.take(self.now, &Effect::Submit(order(&words))),
        }
        self.settle(self.now);
    }
}

/// `A buy 3 100 [gtc|ioc|fok|post]`, `A buy 3 market`.
fn order(words: &[&str]) -> NewOrder {
    NewOrder {
        id: order_id(words[0]),
        strategy: StrategyId::MANUAL,
        instrument: ID,
        side: side(words[1]),
        order_type: if words[3] == "market" { OrderType::Market } else { OrderType::Limit(price(words[3])) },
        time_in_force: match words.get(4) {
            Some(&"ioc") => TimeInForce::Ioc,
            Some(&"fok") => TimeInForce::Fok,
            Some(&"post") => TimeInForce::PostOnly,
            _ => TimeInForce::Gtc,
        },
        qty: qty(words[2]),
        reduce_only: false,
    }
}

fn code(reason: &str) -> &str {
    reason.split(':').next().unwrap_or(reason)
}

fn check_with(settings: SimulatorSettings, script: &str, expect: &[&str]) {
    let mut stage = Stage::new(settings);
    for line in script.lines().flat_map(|line| line.split(';')).map(str::trim).filter(|line| !line.is_empty()) {
        stage.line(line);
    }
    stage.settle(Nanos::MAX);
    assert_eq!(stage.said, expect, "{script}");
}

fn check(script: &str, expect: &[&str]) {
    check_with(SimulatorSettings::default(), script, expect);
}

const BOOK: &str = "book buy 99 5 buy 98 5 sell 101 2 sell 102 3;";

#[test]
fn taking_walks_the_book() {
    check(&format!("{BOOK} A buy 4 market"), &["A accepted", "A 2@101 taker", "A 2@102 taker"]);
    check(&format!("{BOOK} A buy 9 market"), &["A accepted", "A 2@101 taker", "A 3@102 taker", "A expired"]);
    check(&format!("{BOOK} A buy 4 101"), &["A accepted", "A 2@101 taker"]);
    check(&format!("{BOOK} A sell 6 98.5"), &["A accepted", "A 5@99 taker"]);
    check(&format!("{BOOK} A buy 4 101 ioc"), &["A accepted", "A 2@101 taker", "A expired"]);
    check(&format!("{BOOK} A buy 4 101 fok"), &["A accepted", "A expired"]);
    check(&format!("{BOOK} A buy 5 102 fok"), &["A accepted", "A 2@101 taker", "A 3@102 taker"]);
}

#[test]
fn a_price_beyond_the_limits_of_the_day_is_refused() {
    check(
        &format!("{BOOK} A buy 1 50; limits 90 110; B buy 1 89.5; C sell 1 110.5; D buy 1 90; amend D 1 89; amend D 1 91"),
        &[
            "A accepted",
            "B rejected price-limit",
            "C rejected price-limit",
            "D accepted",
            "D amend-rejected price-limit",
            "D amended 1@91",
        ],
    );
    // A day later they say nothing.
    let day = 86_400_000_000_000_u64;
    check(&format!("{BOOK} limits 90 110; at {day}; A buy 1 50"), &[&format!("{day}:A accepted")]);
}

#[test]
fn nothing_is_taken_twice() {
    check(&format!("{BOOK} A buy 2 101; B buy 1 101 ioc"), &["A accepted", "A 2@101 taker", "B accepted", "B expired"]);
    check(
        &format!("{BOOK} A buy 1 101; B buy 2 101 ioc"),
        &["A accepted", "A 1@101 taker", "B accepted", "B 1@101 taker", "B expired"],
    );
    let refilled = format!("{BOOK} A buy 2 101; update sell 101 7; B buy 3 101 ioc");
    check(&refilled, &["A accepted", "A 2@101 taker", "B accepted", "B 3@101 taker"]);
    let same = format!("{BOOK} A buy 2 101; update sell 101 2; B buy 3 101 ioc");
    check(&same, &["A accepted", "A 2@101 taker", "B accepted", "B expired"]);
    check("quote 99 1 101 2; A buy 5 market", &["A accepted", "A 2@101 taker", "A expired"]);
    check(
        "quote 99 1 101 2; A buy 2 market; quote 99 4 101 2; B buy 1 101 ioc",
        &["A accepted", "A 2@101 taker", "B accepted", "B expired"],
    );
}

#[test]
fn the_newer_of_quote_and_book_counts() {
    check(&format!("quote 99 1 100 9; {BOOK} A buy 1 market"), &["A accepted", "A 1@101 taker"]);
    check(&format!("{BOOK} quote 99 1 102 1; A buy 1 market"), &["A accepted", "A 1@102 taker"]);
    check(&format!("{BOOK} quote 99 1 100 1; A buy 2 market"), &["A accepted", "A 1@100 taker", "A 1@101 taker"]);
    check(&format!("{BOOK} lost; quote 99 1 100 1; A buy 1 market"), &["A accepted", "A 1@100 taker"]);
}

#[test]
fn trades_alone_are_a_market() {
    check("A buy 1 market", &["A rejected no-liquidity"]);
    check("trade buy 100 1; A buy 3 market", &["A accepted", "A 3@100 taker"]);
    check("trade buy 100 1; A buy 3 101", &["A accepted", "A 3@100 taker"]);
    check("trade buy 100 1; A buy 3 99; trade sell 99 9", &["A accepted"]);
    check("trade buy 100 1; A buy 3 99; trade sell 98.5 1", &["A accepted", "A 3@99 maker"]);
    let optimistic = SimulatorSettings { queue: Queue::Optimistic, ..SimulatorSettings::default() };
    check_with(optimistic, "trade buy 100 1; A buy 3 99; trade sell 99 2", &["A accepted", "A 2@99 maker"]);
}

#[test]
fn resting_orders_wait_their_turn() {
    check(&format!("{BOOK} A buy 2 99; trade sell 99 5"), &["A accepted"]);
    check(&format!("{BOOK} A buy 2 99; trade sell 99 6"), &["A accepted", "A 1@99 maker"]);
    check(&format!("{BOOK} A buy 2 99; trade buy 99 9"), &["A accepted"]);
    check(&format!("{BOOK} A buy 2 99; trade sell 98.5 1"), &["A accepted", "A 2@99 maker"]);
    check(&format!("{BOOK} A buy 2 99; update buy 99 1; trade sell 99 2"), &["A accepted", "A 1@99 maker"]);
    check(&format!("{BOOK} A buy 2 99; update buy 99 0; trade sell 99 1"), &["A accepted", "A 1@99 maker"]);
    check(&format!("{BOOK} A buy 2 100; trade sell 100 1"), &["A accepted", "A 1@100 maker"]);
    check(
        &format!("{BOOK} A buy 2 100; B buy 2 100; trade sell 100 3"),
        &["A accepted", "B accepted", "A 2@100 maker", "B 1@100 maker"],
    );
    check(&format!("{BOOK} A sell 2 101; trade buy 101 3"), &["A accepted", "A 1@101 maker"]);
    check(
        &format!("{BOOK} A sell 2 101.5; B sell 2 101; trade buy 103 3"),
        &["A accepted", "B accepted", "B 2@101 maker", "A 2@101.5 maker"],
    );
    // Below the last level of the book nobody knows what stands there.
    check(&format!("{BOOK} A buy 2 97; trade sell 97 9"), &["A accepted"]);
}

#[test]
fn the_other_side_comes_to_us() {
    check(&format!("{BOOK} A buy 3 100; update sell 100 2"), &["A accepted", "A 2@100 maker"]);
    check(&format!("{BOOK} A buy 3 100; update sell 99.5 2 sell 100 5"), &["A accepted", "A 3@100 maker"]);
    check(&format!("{BOOK} A buy 3 100; book buy 98 1 sell 99 9"), &["A accepted", "A 3@100 maker"]);
    check("quote 99 1 101 1; A buy 3 100; quote 99 1 100 2; quote 99 1 100 2", &["A accepted", "A 2@100 maker"]);
    // An update is one moment: the bid that rises before the ask goes is no crossing.
    check(&format!("{BOOK} A sell 1 101.5; update buy 102 1 sell 101 0 sell 102 0 buy 102 0"), &["A accepted"]);
}

#[test]
fn post_only_does_not_take() {
    check(&format!("{BOOK} A buy 1 101 post"), &["A rejected post-only"]);
    check(&format!("{BOOK} A buy 1 100.5 post; amend A 1 101"), &["A accepted", "A amend-rejected post-only"]);
    check(&format!("{BOOK} A buy 1 market post"), &["A rejected post-only"]);
}

#[test]
fn amending_keeps_the_place_only_when_it_shrinks() {
    let shrunk = format!("{BOOK} A buy 3 99; update buy 99 9; amend A 2 99; trade sell 99 6");
    check(&shrunk, &["A accepted", "A amended 2@99", "A 1@99 maker"]);
    let grown = format!("{BOOK} A buy 3 99; update buy 99 9; amend A 4 99; trade sell 99 6");
    check(&grown, &["A accepted", "A amended 4@99"]);
    check(
        &format!("{BOOK} A buy 3 99; amend A 3 101; cancel A"),
        &["A accepted", "A amended 3@101", "A 2@101 taker", "A cancelled"],
    );
    check(
        &format!("{BOOK} A buy 3 100; trade sell 100 2; amend A 2 100"),
        &["A accepted", "A 2@100 maker", "A amend-rejected filled"],
    );
    check("amend A 1 100", &["A amend-rejected not-open"]);
}

#[test]
fn latency_lets_the_market_move() {
    let settings =
        SimulatorSettings { latency: LatencySettings { entry_ns: 10, response_ns: 5 }, ..SimulatorSettings::default() };
    let check = |script: &str, expect: &[&str]| check_with(settings.clone(), script, expect);
    check(&format!("{BOOK} A buy 1 market"), &["15:A accepted", "15:A 1@101 taker"]);
    check(&format!("{BOOK} A buy 1 market; at 9; update sell 101 0"), &["15:A accepted", "15:A 1@102 taker"]);
    check(&format!("{BOOK} A buy 1 market; at 11; update sell 101 0"), &["15:A accepted", "15:A 1@101 taker"]);
    // The fill wins the race against the cancellation, which was sent before it was known.
    let race = format!("{BOOK} A buy 1 100; at 20; cancel A; at 25; trade sell 99 1");
    check(&race, &["15:A accepted", "30:A 1@100 maker", "35:A cancel-rejected not-open"]);
}

#[test]
fn bad_orders_are_refused() {
    check("A buy 0 100", &["A rejected bad-quantity"]);
    check("A buy -1 market", &["A rejected bad-quantity"]);
    check("A buy 1.5 100", &["A rejected lot"]);
    check("A buy 1001 100", &["A rejected quantity-limits"]);
    check("A buy 1 100.3", &["A rejected tick"]);
    check("A buy 1 0", &["A rejected bad-price"]);
    check("A buy 1 9", &["A rejected notional"]);
    check("A buy 1 100; A buy 1 100", &["A accepted", "A rejected duplicate"]);
    check("cancel A", &["A cancel-rejected not-open"]);
    let mut simulator = Simulator::new(SimulatorSettings::default());
    simulator.take(Nanos::ZERO, &Effect::Submit(order(&["A", "buy", "1", "100"])));
    let answer = simulator.pop_due(Nanos::ZERO);
    assert!(
        matches!(answer, Some((_, Event::Order(ref order))) if matches!(order.update, OrderUpdate::Rejected { .. })),
        "{answer:?}"
    );
}

#[test]
fn resting_orders_are_bounded() {
    let mut simulator = Simulator::new(SimulatorSettings::default());
    let stamp = Stamp::default();
    simulator.on_event(&stamp, &Event::Market(MarketEvent::Instrument(Box::new(instrument()))));
    for index in 0..RESTING_MAX + 5 {
        let mut order = order(&["A", "buy", "1", "100"]);
        order.id.seq = Seq::new(index as u64);
        simulator.take(Nanos::ZERO, &Effect::Submit(order));
    }
    while simulator.pop_due(Nanos::ZERO).is_some() {}
    assert_eq!(simulator.resting_count(), RESTING_MAX);
}

#[test]
fn questions_are_answered() {
    check(
        "A buy 3 100; query A; query B; account",
        &["A accepted", "A open 0/3@100", "B not-found", "A open 0/3@100", "reconciled"],
    );
    check("adopt A buy 3 100 1; query A; trade sell 99 1", &["A open 1/3@100", "A 2@100 maker"]);
    check("adopt A buy 3 100 3; query A", &["A not-found"]);
}

/// A step of a random market.
#[derive(Clone, Debug)]
enum Step {
    Trade(Side, i64, i128),
    Quote(i64, i64, i128, i128),
    Book(bool, Vec<(Side, i64, i128)>),
    Lost,
    Submit(Side, Option<i64>, TimeInForce, i128),
    Amend(usize, i64, i128),
    Cancel(usize),
    Pass(i64),
}

fn any_side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn any_step() -> impl Strategy<Value = Step> {
    let tif = prop_oneof![Just(TimeInForce::Gtc), Just(TimeInForce::Ioc), Just(TimeInForce::Fok), Just(TimeInForce::PostOnly)];
    let level = (any_side(), 180_i64..220, 0_i128..6);
    prop_oneof![
        4 => (any_side(), 180_i64..220, 1_i128..9).prop_map(|(side, price, qty)| Step::Trade(side, price, qty)),
        3 => (180_i64..220, 1_i64..5, 0_i128..6, 0_i128..6).prop_map(|(bid, gap, bid_qty, ask_qty)| Step::Quote(bid, bid + gap, bid_qty, ask_qty)),
        3 => (any::<bool>(), prop::collection::vec(level, 0..6)).prop_map(|(snapshot, levels)| Step::Book(snapshot, levels)),
        1 => Just(Step::Lost),
        5 => (any_side(), prop::option::of(180_i64..220), tif, 1_i128..9).prop_map(|(side, price, tif, qty)| Step::Submit(side, price, tif, qty)),
        1 => (any::<prop::sample::Index>(), 180_i64..220, 0_i128..9).prop_map(|(index, price, qty)| Step::Amend(index.index(40), price, qty)),
        2 => any::<prop::sample::Index>().prop_map(|index| Step::Cancel(index.index(40))),
        3 => (0_i64..30).prop_map(Step::Pass),
    ]
}

/// Half units, as the tick is 0.5.
fn half(price: i64) -> Price {
    Price::from_raw(price * 50_000_000)
}

fn whole(qty: i128) -> Qty {
    Qty::from_raw(qty * 100_000_000)
}

fn play(steps: &[Step], settings: &SimulatorSettings) -> (Vec<NewOrder>, Vec<Amendment>, Vec<(Nanos, Event)>) {
    let mut simulator = Simulator::new(settings.clone());
    let (mut orders, mut amendments, mut answers) = (Vec::new(), Vec::new(), Vec::new());
    let mut now = Nanos::ZERO;
    let mut see = |simulator: &mut Simulator, now: Nanos, event: MarketEvent| {
        while simulator.next_due().is_some_and(|due| due <= now) {
            answers.extend(simulator.pop_due(now));
        }
        simulator.on_event(&Stamp { seq: Seq::FIRST, recv: now, venue: None }, &Event::Market(event));
    };
    see(&mut simulator, now, MarketEvent::Instrument(Box::new(instrument())));
    for step in steps {
        match step {
            &Step::Trade(taker, price, qty) => {
                see(
                    &mut simulator,
                    now,
                    MarketEvent::Trade(Trade { instrument: ID, taker, price: half(price), qty: whole(qty), id: 0 }),
                );
            }
            &Step::Quote(bid, ask, bid_qty, ask_qty) => {
                let quote =
                    Quote { instrument: ID, bid: half(bid), ask: half(ask), bid_qty: whole(bid_qty), ask_qty: whole(ask_qty) };
                see(&mut simulator, now, MarketEvent::Quote(quote));
            }
            Step::Book(snapshot, levels) => {
                let head = Depth { instrument: ID, snapshot: *snapshot, levels: levels.len() as u32, update_id: 0 };
                see(&mut simulator, now, MarketEvent::Depth(head));
                for &(side, price, qty) in levels {
                    see(
                        &mut simulator,
                        now,
                        MarketEvent::Level(Level { instrument: ID, side, price: half(price), qty: whole(qty) }),
                    );
                }
            }
            Step::Lost => see(&mut simulator, now, MarketEvent::BookLost(ID)),
            &Step::Submit(side, price, time_in_force, qty) => {
                let order = NewOrder {
                    id: OrderId { session: SessionId(1), index: 0, seq: Seq::new(orders.len() as u64) },
                    strategy: StrategyId::MANUAL,
                    instrument: ID,
                    side,
                    order_type: price.map_or(OrderType::Market, |price| OrderType::Limit(half(price))),
                    time_in_force,
                    qty: whole(qty),
                    reduce_only: false,
                };
                orders.push(order);
                simulator.take(now, &Effect::Submit(order));
            }
            &Step::Amend(index, price, qty) => {
                let order = OrderId { session: SessionId(1), index: 0, seq: Seq::new(index as u64) };
                let amendment = Amendment { order, price: half(price), qty: whole(qty) };
                amendments.push(amendment);
                simulator.take(now, &Effect::Amend(amendment));
            }
            &Step::Cancel(index) => {
                let order = OrderId { session: SessionId(1), index: 0, seq: Seq::new(index as u64) };
                simulator.take(now, &Effect::Cancel(order));
            }
            &Step::Pass(nanos) => now = now.plus(nanos),
        }
    }
    // A moment later than any latency, everything has been answered.
    see(&mut simulator, now.plus(1_000), MarketEvent::BookLost(ID));
    (orders, amendments, answers)
}

fn any_settings() -> impl Strategy<Value = SimulatorSettings> {
    let queue = prop_oneof![Just(Queue::Conservative), Just(Queue::Proportional), Just(Queue::Optimistic)];
    (0_i64..20, 0_i64..20, queue).prop_map(|(entry_ns, response_ns, queue)| SimulatorSettings {
        latency: LatencySettings { entry_ns, response_ns },
        queue,
        first_trade_id: 7,
    })
}

/// The limit, total, filled quantity and end of an order, as its answers tell it.
struct Life {
    limit: Option<Price>,
    total: Qty,
    filled: i128,
    ended: bool,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn fills_keep_to_the_order(steps in prop::collection::vec(any_step(), 0..120), settings in any_settings()) {
        let (orders, _, answers) = play(&steps, &settings);
        let seen: Vec<Price> = steps.iter().flat_map(|step| match step {
            Step::Trade(_, price, _) => alloc::vec![half(*price)],
            Step::Quote(bid, ask, ..) => alloc::vec![half(*bid), half(*ask)],
            Step::Book(_, levels) => levels.iter().map(|level| half(level.1)).collect(),
            _ => Vec::new(),
        }).collect();
        let mut lives: Vec<Life> = orders.iter().map(|order| Life {
            limit: match order.order_type { OrderType::Limit(price) => Some(price), OrderType::Market => None },
            total: order.qty,
            filled: 0,
            ended: false,
        }).collect();
        let mut last = (Nanos::new(i64::MIN), 6);
        for (at, event) in &answers {
            let Event::Order(answer) = event else { continue };
            prop_assert!(*at >= last.0, "answers come in order");
            last.0 = *at;
            let index = answer.order.seq.get() as usize;
            let Some(life) = lives.get_mut(index) else {
                let refused = matches!(answer.update, OrderUpdate::AmendRejected { .. } | OrderUpdate::CancelRejected { .. });
                prop_assert!(refused);
                continue;
            };
            match &answer.update {
                OrderUpdate::Filled(fill) => {
                    prop_assert!(!life.ended, "nothing fills after its end");
                    prop_assert_eq!(fill.trade, last.1 + 1);
                    last.1 = fill.trade;
                    life.filled += fill.qty.raw();
                    prop_assert!(fill.qty.is_positive() && life.filled <= life.total.raw(), "overfilled");
                    if let Some(limit) = life.limit {
                        let worse = if orders[index].side == Side::Buy { fill.price > limit } else { fill.price < limit };
                        prop_assert!(!worse, "{} is worse than {limit}", fill.price);
                    }
                    match fill.liquidity {
                        Liquidity::Maker => prop_assert_eq!(Some(fill.price), life.limit),
                        _ => prop_assert!(seen.contains(&fill.price)),
                    }
                }
                OrderUpdate::Amended { price, qty } => {
                    life.limit = Some(*price);
                    life.total = *qty;
                    prop_assert!(life.filled < life.total.raw());
                }
                OrderUpdate::Rejected { .. } | OrderUpdate::Cancelled | OrderUpdate::Expired => {
                    prop_assert!(!life.ended);
                    life.ended = true;
                }
                _ => {}
            }
        }
    }

    #[test]
    fn the_same_input_gives_the_same_output(steps in prop::collection::vec(any_step(), 0..120), settings in any_settings()) {
        prop_assert_eq!(play(&steps, &settings), play(&steps, &settings));
    }
}
