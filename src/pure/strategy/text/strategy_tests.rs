//! A text strategy that hears trades, books and orders.

use alloc::string::ToString;
use alloc::vec;

use super::*;
use crate::account::{OrderId, StrategyId};
use crate::market::testing::{instrument, price, qty};
use crate::market::{Book, Qty, Rate, RowSpan, Side};
use crate::strategy::{Sight, Signal};

/// A world with one instrument.
#[derive(Debug)]
struct World {
    instrument: Instrument,
    book: Book,
    position: Qty,
    entry: Option<Price>,
    busy: bool,
    auto_trade: bool,
    premium: Option<Rate>,
}

impl Sight for World {
    fn last(&self, _: InstrumentId) -> Option<Price> {
        None
    }
    fn quote(&self, id: InstrumentId) -> Option<Quote> {
        self.book.quote(id)
    }
    fn book(&self, _: InstrumentId) -> Option<&Book> {
        Some(&self.book)
    }
    fn instrument(&self, id: InstrumentId) -> Option<&Instrument> {
        (id == self.instrument.id).then_some(&self.instrument)
    }
    fn position(&self, _: InstrumentId) -> Qty {
        self.position
    }
    fn entry(&self, _: InstrumentId) -> Option<Price> {
        self.entry
    }
    fn working(&self, _: StrategyId, _: InstrumentId) -> (Qty, Qty) {
        (if self.busy { qty("1") } else { Qty::ZERO }, Qty::ZERO)
    }
    fn auto_trade(&self) -> bool {
        self.auto_trade
    }
    fn premium(&self, _: InstrumentId) -> Option<Rate> {
        self.premium
    }
}

fn world() -> World {
    let mut book = Book::default();
    book.set(Side::Buy, price("99"), qty("5"));
    book.set(Side::Sell, price("101"), qty("5"));
    let instrument = instrument(0, InstrumentKind::Spot);
    World { instrument, book, position: Qty::ZERO, entry: None, busy: false, auto_trade: true, premium: None }
}

/// The rules with these parameters and the defaults.
fn rules(parameters: &[(&str, &str)]) -> RuleSettings {
    use crate::strategy::{parameters::Values, rules::PARAMETERS};
    let parameters = parameters.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let settings = crate::event::command::StrategySettings { name: "text".into(), instruments: Vec::new(), parameters };
    RuleSettings::read(&Values::new("text", &[PARAMETERS], &settings).expect("known")).expect("right")
}

fn settings() -> TextSettings {
    TextSettings {
        names: ["buy.py".into(), "sell.py".into()],
        setup: Setup {
            mode: Mode::Tick,
            average: 1,
            vars: vec![2.0],
            conditions: vec![("상승".into(), "현재가 > 현재가N(1)".into())],
        },
        rules: rules(&[]),
        ranked: 1,
    }
}

const ID: InstrumentId = InstrumentId(0);

/// One second: a trade at `at`, then a change of the book. What is signalled.
fn second(strategy: &mut TextStrategy, world: &World, time: i64, at: &str) -> Vec<Signal> {
    let mut out = Signals::new();
    let view = |offset: i64| View::new(Nanos::new(time * RowSpan::Second.nanos() + offset), StrategyId(0), world);
    let trade = Trade { instrument: ID, taker: Side::Buy, price: price(at), qty: qty("1"), id: 0 };
    strategy.on_trade(&view(1), &trade, &mut out);
    strategy.on_book(&view(2), ID, &mut out);
    out.drain().collect()
}

fn orders(signals: &[Signal]) -> Vec<(Side, Qty)> {
    let orders = signals.iter().filter_map(|signal| match signal {
        Signal::Order { side, qty, .. } => Some((*side, *qty)),
        _ => None,
    });
    orders.collect()
}

fn fill(strategy: &mut TextStrategy, world: &World, time: i64, side: Side) {
    let view = View::new(Nanos::new(time * RowSpan::Second.nanos()), StrategyId(0), world);
    let last_fill = Some((price("100"), qty("1")));
    let report = crate::strategy::OrderReport {
        order: OrderId::default(),
        instrument: ID,
        side,
        filled: qty("1"),
        open: Qty::ZERO,
        done: true,
        last_fill,
        rejected: false,
    };
    strategy.on_order(&view, &report, &mut Signals::new());
}

#[test]
fn buys_and_sells_as_the_texts_say() {
    let (mut strategy, mut world) = (TextStrategy::new(settings()).expect("made"), world());
    assert_eq!(second(&mut strategy, &world, 1, "50"), [], "no text yet");
    strategy.on_text("buy.py", "if not (현재가 > 현재가N(1) and 시분초 < 120000):\n    매수 = False").expect("right");
    strategy.on_text("sell.py", "if 보유시간 >= 3 and 수익률 < 0 and 현재가N(-1) == 100:\n    self.Sell()").expect("right");
    strategy.on_text("other.py", "((((").expect("none of its business");
    assert_eq!(second(&mut strategy, &world, 2, "50"), []);
    assert_eq!(orders(&second(&mut strategy, &world, 3, "100")), [(Side::Buy, qty("10"))]);
    world.busy = true;
    assert_eq!(second(&mut strategy, &world, 4, "101"), [], "an order is in flight");
    (world.busy, world.position, world.entry) = (false, qty("10"), Some(price("100")));
    fill(&mut strategy, &world, 4, Side::Buy);
    assert_eq!(second(&mut strategy, &world, 6, "99"), [], "held for two seconds");
    assert_eq!(orders(&second(&mut strategy, &world, 7, "99")), [(Side::Sell, qty("10"))]);
    assert_eq!(orders(&second(&mut strategy, &world, 8, "100.2")), [], "a gain");
    (world.position, world.entry) = (Qty::ZERO, None);
    fill(&mut strategy, &world, 8, Side::Sell);
    world.auto_trade = false;
    assert_eq!(second(&mut strategy, &world, 9, "200"), [], "nobody may trade");
    world.auto_trade = true;
    assert_eq!(orders(&second(&mut strategy, &world, 10, "300")), [(Side::Buy, qty("3.333"))]);
    // Noon is past: the clock of the row says so.
    assert_eq!(second(&mut strategy, &world, 12 * 3_600, "400"), []);
}

#[test]
fn a_text_that_does_not_load_leaves_the_running_one() {
    let (mut strategy, world) = (TextStrategy::new(settings()).expect("made"), world());
    strategy.on_text("buy.py", "self.Buy()").expect("right");
    let problem = strategy.on_text("buy.py", "a = 1\nif 현제가 > 3:\n    self.Buy()").expect_err("wrong");
    assert!(problem.starts_with("buy.py:2:4:") && problem.contains("현재가"), "{problem}");
    assert_eq!(orders(&second(&mut strategy, &world, 1, "100")).len(), 1);
    strategy.on_text("buy.py", "pass\n매수 = False").expect("right");
    assert_eq!(second(&mut strategy, &world, 2, "100"), []);
}

#[test]
fn faults_are_told_once_and_counted() {
    let (mut strategy, world) = (TextStrategy::new(settings()).expect("made"), world());
    strategy.on_text("buy.py", "a = 1\nb = a / (현재가 - 100)\nself.Buy()").expect("right");
    let told: Vec<Signal> = (1..=99).flat_map(|time| second(&mut strategy, &world, time, "100")).collect();
    let [Signal::Notify(notice)] = &told[..] else { panic!("{told:?}") };
    assert!(notice.text.starts_with("buy.py:2: BTCUSDT:") && notice.code == "text.fault", "{}", notice.text);
    assert_eq!((second(&mut strategy, &world, 100, "100").len(), strategy.faults()), (1, 100));
    assert_eq!(orders(&second(&mut strategy, &world, 101, "101")).len(), 1);
}

#[test]
fn conditions_count_rows_since() {
    let (mut strategy, world) = (TextStrategy::new(settings()).expect("made"), world());
    strategy.on_text("buy.py", "if 경과틱수(상승) == self.vars[0]:\n    self.Buy()").expect("right");
    // The first row has none before it, so the price is above 0: true in rows 1 and 3.
    let prices = ["10", "10", "11", "11", "11", "11"];
    let bought: Vec<usize> =
        prices.iter().enumerate().map(|(time, at)| second(&mut strategy, &world, time as i64, at).len()).collect();
    assert_eq!(bought, [0, 0, 0, 0, 1, 0]);
}

#[test]
fn a_strategy_that_was_saved_decides_as_the_one_that_goes_on() {
    let (mut strategy, mut world) = (TextStrategy::new(settings()).expect("made"), world());
    strategy
        .on_text(
            "buy.py",
            "if 이동평균(3) > 이동평균(5, 1) and 최고현재가(4) == 현재가 and 경과틱수('상승') == 0:\n    self.Buy()",
        )
        .expect("right");
    strategy.on_text("sell.py", "if 현재가 < 이동평균(2, -1) or 최고수익률 - 수익률 > 1:\n    self.Sell()").expect("right");
    let mut state = 1_u64;
    for time in 0..400 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let at = (100 + (state >> 60)).to_string();
        if time % 37 == 0 {
            let mut bytes = Vec::new();
            strategy.save(&mut Encoder::new(&mut bytes));
            let mut loaded = TextStrategy::new(settings()).expect("made");
            let mut input = Decoder::new(&bytes);
            loaded.load(&mut input).expect("what was saved");
            input.finish().expect("all of it");
            let mut again = Vec::new();
            loaded.save(&mut Encoder::new(&mut again));
            assert_eq!(bytes, again);
            assert_eq!(second(&mut loaded, &world, time, &at), second(&mut strategy, &world, time, &at), "at {time}");
            for cut in 0..bytes.len().min(300) {
                assert!(TextStrategy::new(settings()).expect("made").load(&mut Decoder::new(&bytes[..cut])).is_err());
            }
            continue;
        }
        let signals = orders(&second(&mut strategy, &world, time, &at));
        if let [(side, _)] = signals[..] {
            let bought = side == Side::Buy;
            world.position = if bought { qty("5") } else { Qty::ZERO };
            world.entry = bought.then(|| price(&at));
            fill(&mut strategy, &world, time, side);
        }
    }
    assert!(strategy.instruments[0].as_ref().is_some_and(|known| known.history.count() == 400));
}

#[test]
fn indicators_and_streaks_go_on_from_what_was_saved() {
    let mut minutes = settings();
    minutes.setup.mode = Mode::Minute;
    let make = || TextStrategy::new(minutes.clone()).expect("made");
    let buy =
        "self.indicator['RSI'] = [3]\nif RSI > 40 and MACDH > MACDH_N(1) and 연속상승수() < 3 and SAR < 현재가:\n    self.Buy()";
    let (mut strategy, world) = (make(), world());
    strategy.on_text("buy.py", buy).expect("right");
    strategy.on_text("sell.py", "self.indicator['RSI'] = [3]\n매도 = RSI > 99").expect("the same as the buy text");
    let problem = strategy.on_text("sell.py", "self.indicator['RSI'] = [4]").expect_err("another");
    assert!(problem.starts_with("sell.py:1:25:") && problem.contains("[3.0]"), "{problem}");
    let (mut state, mut bought) = (1_u64, 0);
    for time in 0..240 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let at = (100 + (state >> 60)).to_string();
        let mut loaded = make();
        let saved = |strategy: &TextStrategy| {
            let mut bytes = Vec::new();
            strategy.save(&mut Encoder::new(&mut bytes));
            bytes
        };
        let bytes = saved(&strategy);
        let mut input = Decoder::new(&bytes);
        loaded.load(&mut input).expect("what was saved");
        input.finish().expect("all of it");
        let signals = second(&mut strategy, &world, time * 60, &at);
        assert_eq!(second(&mut loaded, &world, time * 60, &at), signals, "at {time}");
        assert_eq!(saved(&loaded), saved(&strategy), "at {time}");
        bought += signals.len();
        if time == 120 {
            // RSI goes on where its parameters stay; MACD, which is not read any more, is let go of.
            strategy.on_text("buy.py", &buy.replace("MACDH > MACDH_N(1)", "CCI > 0")).expect("right");
        }
    }
    assert!((5..200).contains(&bought), "{bought}");
}

#[test]
fn a_text_reads_the_premium_and_zero_while_there_is_none() {
    let (mut strategy, mut world) = (TextStrategy::new(settings()).expect("made"), world());
    strategy.on_text("buy.py", "매수 = 1.5 < 김프 < 2.5 and 김프 != 0").expect("right");
    assert_eq!(second(&mut strategy, &world, 1, "50"), [], "none");
    world.premium = Some(Rate::from_raw(3_000_000));
    assert_eq!(second(&mut strategy, &world, 2, "50"), [], "3 %");
    world.premium = Some(Rate::from_raw(2_000_000));
    assert_eq!(orders(&second(&mut strategy, &world, 3, "50")), [(Side::Buy, qty("20"))], "2 %");
}
