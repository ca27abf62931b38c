//! The EMA cross, fed rows by hand.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use jangbu_journal::Nanos;

use crate::account::{OrderType, StrategyId};
use crate::event::command::StrategySettings;
use crate::market::testing::{instrument, price, qty};
use crate::market::{Bar, Book, Instrument, InstrumentId, InstrumentKind, Money, Price, Qty, Quote, Side, Trade};
use crate::strategy::builtin::make;
use crate::strategy::{Decoder, Encoder, Sight, Signal, Signals, Strategy, View};

/// A world with one instrument, in which nothing happens by itself.
#[derive(Debug)]
struct Scene {
    instrument: Instrument,
    position: Qty,
    working: (Qty, Qty),
    auto_trade: bool,
}

impl Sight for Scene {
    fn last(&self, _: InstrumentId) -> Option<Price> {
        None
    }
    fn quote(&self, _: InstrumentId) -> Option<Quote> {
        None
    }
    fn book(&self, _: InstrumentId) -> Option<&Book> {
        None
    }
    fn instrument(&self, instrument: InstrumentId) -> Option<&Instrument> {
        (instrument == self.instrument.id).then_some(&self.instrument)
    }
    fn position(&self, _: InstrumentId) -> Qty {
        self.position
    }
    fn entry(&self, _: InstrumentId) -> Option<Price> {
        None
    }
    fn working(&self, _: StrategyId, _: InstrumentId) -> (Qty, Qty) {
        self.working
    }
    fn auto_trade(&self) -> bool {
        self.auto_trade
    }
}

const ID: InstrumentId = InstrumentId(0);

fn scene(kind: InstrumentKind) -> Scene {
    Scene { instrument: instrument(0, kind), position: Qty::ZERO, working: (Qty::ZERO, Qty::ZERO), auto_trade: true }
}

fn ema(parameters: &[(&str, &str)]) -> alloc::boxed::Box<dyn Strategy> {
    let mut parameters: Vec<(String, String)> = parameters.iter().map(|&(name, value)| (name.into(), value.into())).collect();
    for (name, value) in [("fast", "2"), ("slow", "4"), ("on", "trade")] {
        if !parameters.iter().any(|given| given.0 == name) {
            parameters.push((name.into(), value.into()));
        }
    }
    make(&StrategySettings { name: "ema-cross".into(), instruments: Vec::new(), parameters }).expect("settings are right")
}

/// Hears a trade at each price; the orders it signals.
fn hear(strategy: &mut dyn Strategy, scene: &Scene, prices: &[&str]) -> Vec<(Side, Qty, bool)> {
    let mut orders = Vec::new();
    let mut out = Signals::new();
    for text in prices {
        let view = View::new(Nanos::new(1), StrategyId(0), scene);
        let trade = Trade { instrument: ID, taker: Side::Buy, price: price(text), qty: qty("1"), id: 1 };
        strategy.on_trade(&view, &trade, &mut out);
        orders.extend(out.drain().map(|signal| match signal {
            Signal::Order { side, qty, reduce_only, order_type: OrderType::Market, .. } => (side, qty, reduce_only),
            other => panic!("{other:?}"),
        }));
    }
    orders
}

#[test]
fn buys_on_a_cross_above_and_sells_what_is_held_on_one_below() {
    let (mut strategy, mut scene) = (ema(&[("notional", "1000")]), scene(InstrumentKind::Spot));
    // Falling first, so that the turn is a cross; too few prices before it would give no signal.
    let falling = ["104", "103", "102", "101", "100", "99"];
    assert_eq!(hear(&mut *strategy, &scene, &falling), []);
    // 1000 / 110 = 9.0909…, cut to the lot of 0.001.
    assert_eq!(hear(&mut *strategy, &scene, &["110"]), [(Side::Buy, qty("9.09"), false)]);
    scene.position = qty("9.09");
    assert_eq!(hear(&mut *strategy, &scene, &["111", "112"]), []);
    assert_eq!(hear(&mut *strategy, &scene, &["90"]), [(Side::Sell, qty("9.09"), false)]);
    scene.position = Qty::ZERO;
    assert_eq!(hear(&mut *strategy, &scene, &["80", "70"]), []);
}

#[test]
fn the_first_prices_give_no_signal() {
    let (mut strategy, scene) = (ema(&[]), scene(InstrumentKind::Spot));
    assert_eq!(hear(&mut *strategy, &scene, &["100", "90", "120", "80"]), []);
}

#[test]
fn goes_short_only_where_that_is_possible_and_wanted() {
    let rising = ["100", "101", "102", "103", "104", "105", "80"];
    let one = ("qty", "1");
    let on = |kind, short| hear(&mut *ema(&[one, ("short", short)]), &scene(kind), &rising);
    // Rising from the first price on is a cross above, but within the first prices.
    assert_eq!(on(InstrumentKind::Perpetual, "true"), [(Side::Sell, qty("1"), false)]);
    assert_eq!(on(InstrumentKind::Perpetual, "false"), []);
    assert_eq!(on(InstrumentKind::Spot, "true"), []);
    let mut long = scene(InstrumentKind::Perpetual);
    long.position = qty("2");
    assert_eq!(hear(&mut *ema(&[one, ("short", "true")]), &long, &rising), [(Side::Sell, qty("3"), false)]);
    assert_eq!(hear(&mut *ema(&[one]), &long, &rising), [(Side::Sell, qty("2"), true)]);
}

#[test]
fn a_cross_waits_while_an_order_is_in_flight_and_is_forgotten_while_trading_is_off() {
    let falling = ["104", "103", "102", "101", "100", "99"];
    let (mut strategy, mut world) = (ema(&[("qty", "1")]), scene(InstrumentKind::Spot));
    hear(&mut *strategy, &world, &falling);
    world.working.0 = qty("1");
    assert_eq!(hear(&mut *strategy, &world, &["110"]), []);
    world.working.0 = Qty::ZERO;
    assert_eq!(hear(&mut *strategy, &world, &["111"]), [(Side::Buy, qty("1"), false)]);

    let (mut strategy, mut world) = (ema(&[("qty", "1")]), scene(InstrumentKind::Spot));
    world.auto_trade = false;
    hear(&mut *strategy, &world, &falling);
    assert_eq!(hear(&mut *strategy, &world, &["110"]), []);
    world.auto_trade = true;
    assert_eq!(hear(&mut *strategy, &world, &["111"]), []);
}

#[test]
fn what_is_too_small_or_too_large_is_not_asked_for() {
    let prices = ["104", "103", "102", "101", "100", "99", "110"];
    let spot = scene(InstrumentKind::Spot);
    // 0.04 x 110 is less than the smallest order of 5.
    assert_eq!(hear(&mut *ema(&[("qty", "0.04")]), &spot, &prices), []);
    assert_eq!(hear(&mut *ema(&[("qty", "0.0001")]), &spot, &prices), []);
    // The largest order is 100.
    assert_eq!(hear(&mut *ema(&[("qty", "1000")]), &spot, &prices), [(Side::Buy, qty("100"), false)]);
    assert_eq!(hear(&mut *ema(&[]), &scene(InstrumentKind::Index), &prices), []);
}

#[test]
fn hears_closes_of_rows_when_it_is_set_so() {
    let (mut strategy, scene) = (ema(&[("on", "second"), ("qty", "1")]), scene(InstrumentKind::Spot));
    let mut out = Signals::new();
    let mut row = |strategy: &mut dyn Strategy, close: &str, span: i64| {
        let close = price(close);
        let row = Bar {
            instrument: ID,
            start: Nanos::ZERO,
            span,
            open: close,
            high: close,
            low: close,
            close,
            bought: Qty::ZERO,
            sold: Qty::ZERO,
            turnover: Money::ZERO,
            trades: 1,
        };
        strategy.on_row(&View::new(Nanos::new(1), StrategyId(0), &scene), &row, &mut out);
        out.drain().count()
    };
    for close in ["104", "103", "102", "101", "100", "99"] {
        assert_eq!(row(&mut *strategy, close, 1_000_000_000), 0);
    }
    assert_eq!(row(&mut *strategy, "110", 60_000_000_000), 0, "a minute is not a second");
    assert_eq!(hear(&mut *strategy, &scene, &["110"]), [], "a trade is not a row");
    assert_eq!(row(&mut *strategy, "110", 1_000_000_000), 1);
}

#[test]
fn what_is_saved_decides_alike() {
    let prices: Vec<String> = (0_u64..200).map(|step| (1_000 + (step * step * 7_919) % 211).to_string()).collect();
    let prices: Vec<&str> = prices.iter().map(String::as_str).collect();
    let scene = scene(InstrumentKind::Perpetual);
    for cut in [0, 1, 3, 7, 100] {
        let (mut one, mut other) = (ema(&[("short", "true")]), ema(&[("short", "true")]));
        hear(&mut *one, &scene, &prices[..cut]);
        let mut bytes = Vec::new();
        one.save(&mut Encoder::new(&mut bytes));
        let mut input = Decoder::new(&bytes);
        other.load(&mut input).expect("it was saved");
        assert_eq!(input.remaining(), 0);
        let orders = hear(&mut *one, &scene, &prices[cut..]);
        assert!(orders.len() > 10);
        assert_eq!(orders, hear(&mut *other, &scene, &prices[cut..]));
        for end in 0..bytes.len() {
            assert!(ema(&[]).load(&mut Decoder::new(&bytes[..end])).is_err());
        }
    }
}

#[test]
fn an_instrument_nobody_defined_is_not_heard() {
    let (mut strategy, scene) = (ema(&[]), scene(InstrumentKind::Spot));
    let wild = Trade { instrument: InstrumentId(u32::MAX), taker: Side::Buy, price: price("1"), qty: qty("1"), id: 1 };
    let mut out = Signals::new();
    strategy.on_trade(&View::new(Nanos::new(1), StrategyId(0), &scene), &wild, &mut out);
    assert!(out.is_empty());
}
