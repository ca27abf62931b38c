//! The strategies of `examples/strategies`: the pair of texts and the native one decide the same, signal by signal.

#[path = "../../examples/strategies/breakout.rs"]
mod breakout;

use std::collections::BTreeMap;

use jangbu::account::{OrderId, Position, StrategyId};
use jangbu::data::synthetic::SyntheticTrades;
use jangbu::event::command::StrategySettings;
use jangbu::market::{Book, Instrument, InstrumentId, Price, Qty, Quote, Side, Trade};
use jangbu::strategy::{Decoder, Encoder, OrderReport, Sight, Signal, Signals, Strategy, View, builtin};
use jangbu_journal::{Nanos, Seq};

use breakout::Breakout;

const ID: InstrumentId = InstrumentId(0);
const RULES: [(&str, &str); 5] =
    [("notional", "1000"), ("stop_loss", "1"), ("trailing_arm", "0.5"), ("trailing_fall", "0.2"), ("pause_seconds", "5")];

/// A market of one instrument, and an account that fills at once at the last price.
#[derive(Debug)]
struct World {
    instrument: Instrument,
    last: Option<Price>,
    position: Position,
}

impl Sight for World {
    fn last(&self, _: InstrumentId) -> Option<Price> {
        self.last
    }
    fn quote(&self, instrument: InstrumentId) -> Option<Quote> {
        let (tick, qty) = (self.instrument.ticks.tick_at(self.last?), Qty::from_raw(1 << 40));
        Some(Quote {
            instrument,
            bid: self.last?.checked_sub(tick)?,
            ask: self.last?.checked_add(tick)?,
            bid_qty: qty,
            ask_qty: qty,
        })
    }
    fn book(&self, _: InstrumentId) -> Option<&Book> {
        None
    }
    fn instrument(&self, id: InstrumentId) -> Option<&Instrument> {
        (id == ID).then_some(&self.instrument)
    }
    fn position(&self, _: InstrumentId) -> Qty {
        self.position.qty
    }
    fn entry(&self, _: InstrumentId) -> Option<Price> {
        self.position.average()
    }
    fn working(&self, _: StrategyId, _: InstrumentId) -> (Qty, Qty) {
        (Qty::ZERO, Qty::ZERO)
    }
    fn auto_trade(&self) -> bool {
        true
    }
}

/// A strategy in its world, and everything it signalled.
struct Run {
    world: World,
    strategy: Box<dyn Strategy>,
    timers: BTreeMap<u32, Nanos>,
    said: Vec<(i64, Signal)>,
    orders: u64,
}

impl Run {
    fn new(strategy: Box<dyn Strategy>) -> Self {
        let world = World { instrument: SyntheticTrades::instrument(ID), last: None, position: Position::default() };
        Run { world, strategy, timers: BTreeMap::new(), said: Vec::new(), orders: 0 }
    }

    fn hear(&mut self, now: Nanos, tell: &mut dyn FnMut(&mut dyn Strategy, &View<'_>, &mut Signals)) {
        let mut out = Signals::new();
        tell(self.strategy.as_mut(), &View::new(now, StrategyId(0), &self.world), &mut out);
        for signal in out.drain().collect::<Vec<_>>() {
            self.said.push((now.get(), signal.clone()));
            match signal {
                Signal::Timer { at, tag } => drop(self.timers.insert(tag, at)),
                Signal::Order { side, qty, .. } => self.fill(now, side, qty),
                _ => {}
            }
        }
    }

    fn fill(&mut self, now: Nanos, side: Side, qty: Qty) {
        let price = self.world.last.expect("a price");
        self.world.position.apply(side, price, qty).expect("it fits");
        self.orders += 1;
        let order = OrderId { seq: Seq::new(self.orders), ..OrderId::default() };
        let last_fill = Some((price, qty));
        let report =
            OrderReport { order, instrument: ID, side, filled: qty, open: Qty::ZERO, done: true, last_fill, rejected: false };
        self.hear(now, &mut |strategy, view, out| strategy.on_order(view, &report, out));
    }

    fn trade(&mut self, now: Nanos, trade: &Trade) {
        let due: Vec<u32> = self.timers.iter().filter(|(_, at)| **at <= now).map(|(tag, _)| *tag).collect();
        for tag in due {
            self.timers.remove(&tag);
            self.hear(now, &mut |strategy, view, out| strategy.on_timer(view, tag, out));
        }
        self.world.last = Some(trade.price);
        self.hear(now, &mut |strategy, view, out| strategy.on_trade(view, trade, out));
        let quote = self.world.quote(ID).expect("a price");
        self.hear(now, &mut |strategy, view, out| strategy.on_quote(view, &quote, out));
    }
}

fn settings(name: &str, more: &[(&str, &str)]) -> StrategySettings {
    let parameters = more.iter().chain(&RULES).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    StrategySettings { name: name.into(), instruments: Vec::new(), parameters }
}

fn texts() -> Box<dyn Strategy> {
    let names = [("buy", "breakout_buy.py"), ("sell", "breakout_sell.py"), ("average", "1")];
    let mut strategy = builtin::make(&settings("text", &names)).expect("its settings");
    for (_, name) in &names[..2] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/strategies").join(name);
        strategy.on_text(name, &std::fs::read_to_string(path).expect("the example")).expect("it loads");
    }
    strategy
}

fn native() -> Box<dyn Strategy> {
    Box::new(Breakout::new(&settings("breakout", &[])).expect("its settings"))
}

#[test]
fn the_texts_and_the_native_strategy_decide_the_same() {
    let (mut texts, mut native) = (Run::new(texts()), Run::new(native()));
    let (mut state, mut ticks) = (7_u64, 500_000_i64);
    for second in 0..20_000_i64 {
        for part in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // A walk in steps of up to 0.04 %, with spells of one direction.
            ticks += (state >> 33).rem_euclid(401) as i64 - 200 + if second / 90 % 3 == 0 { 40 } else { -20 };
            let taker = if state >> 63 == 0 { Side::Buy } else { Side::Sell };
            let qty = Qty::from_raw(i128::from(state >> 40) * 100_000 + 100_000);
            let price = Price::from_raw(ticks.max(50_000) * 10_000_000);
            let trade = Trade { instrument: ID, taker, price, qty, id: 0 };
            let now = Nanos::new(1_795_132_800_000_000_000 + second * 1_000_000_000 + part * 300_000_000);
            texts.trade(now, &trade);
            native.trade(now, &trade);
        }
        if second % 4_999 == 0 {
            // A restart in between: what was saved goes on.
            let mut bytes = Vec::new();
            native.strategy.save(&mut Encoder::new(&mut bytes));
            let mut input = Decoder::new(&bytes);
            native.strategy = self::native();
            native.strategy.load(&mut input).expect("what was saved");
            input.finish().expect("all of it");
        }
    }
    assert_eq!(texts.said, native.said);
    let orders =
        |side: Side| texts.said.iter().filter(|(_, said)| matches!(said, Signal::Order { side: at, .. } if *at == side)).count();
    assert!(orders(Side::Buy) > 50 && orders(Side::Buy).abs_diff(orders(Side::Sell)) <= 1, "{} orders", texts.orders);
}
