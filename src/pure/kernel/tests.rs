//! The kernel as a whole: orders on their way, limits, the switch, restarts.

use alloc::vec::Vec;

use jangbu_journal::{Nanos, Seq, Stamp};
use jangbu_replay::{Effects, Machine, Parts};

use super::Kernel;
use crate::account::{Fill, Liquidity, OrderId, OrderState, OrderType, OrderUpdate, SessionId, TimeInForce};
use crate::effect::{Effect, Query};
use crate::event::command::{RiskLimits, Settings, StrategySettings};
use crate::event::{Answer, Command, Event, Link, LinkState, MarketEvent, OrderEvent};
use crate::market::testing::{instrument, money, price, qty};
use crate::market::{Instrument, InstrumentId, InstrumentKind, Money, Quote, Rate, Side, Trade, Venue};

/// A kernel with a spot market (#0) and a future (#1), 100,000 USDT in each account, automatic trading on, last price 50,000.
pub(super) struct Rig {
    pub(super) kernel: Kernel,
    pub(super) stamp: Stamp,
    pub(super) effects: Vec<Effect>,
}

pub(super) const SPOT: InstrumentId = InstrumentId(0);
pub(super) const FUTURE: InstrumentId = InstrumentId(1);

impl Rig {
    pub(super) fn new(risk: RiskLimits) -> Self {
        let stamp = Stamp { seq: Seq::ZERO, recv: Nanos::new(1_700_000_000_000_000_000), venue: None };
        let mut rig = Rig { kernel: Kernel::default(), stamp, effects: Vec::new() };
        rig.say(Command::SessionStarted { session: SessionId(3), build: "test".into(), mode: "paper".into() });
        for (id, kind) in [(0, InstrumentKind::Spot), (1, InstrumentKind::Perpetual)] {
            rig.hear(Event::Market(MarketEvent::Instrument(alloc::boxed::Box::new(instrument(id, kind)))));
            let venue = instrument(id, kind).venue;
            rig.say(Command::Deposit { venue, currency: "USDT".parse().expect("a code"), amount: money("100000") });
        }
        rig.say(Command::Configure(Settings { risk, ..Settings::default() }));
        rig.say(Command::AutoTrade(true));
        for id in [SPOT, FUTURE] {
            rig.trade(id, "50000");
        }
        assert_eq!(rig.effects, []);
        rig
    }

    pub(super) fn hear(&mut self, event: Event) {
        self.stamp.seq = self.stamp.seq.next();
        self.stamp.recv = self.stamp.recv.plus(1_000);
        let mut effects = Effects::new();
        self.kernel.apply(&self.stamp, &event, &mut effects);
        self.effects.extend(effects.drain());
    }

    pub(super) fn say(&mut self, command: Command) {
        self.hear(Event::Command(alloc::boxed::Box::new(command)));
    }

    pub(super) fn wait(&mut self, nanos: i64) {
        self.stamp.recv = self.stamp.recv.plus(nanos);
    }

    pub(super) fn trade(&mut self, instrument: InstrumentId, at: &str) {
        let trade = Trade { instrument, taker: Side::Buy, price: price(at), qty: qty("1"), id: self.stamp.seq.get() };
        self.hear(Event::Market(MarketEvent::Trade(trade)));
    }

    /// Asks for an order by hand; its id if it left.
    pub(super) fn order(&mut self, instrument: InstrumentId, side: Side, limit: Option<&str>, amount: &str) -> Option<OrderId> {
        let order_type = limit.map_or(OrderType::Market, |limit| OrderType::Limit(price(limit)));
        let before = self.effects.len();
        let qty = qty(amount);
        self.say(Command::Order { instrument, side, order_type, time_in_force: TimeInForce::Gtc, qty });
        self.effects[before..].iter().find_map(|effect| match effect {
            Effect::Submit(order) => Some(order.id),
            _ => None,
        })
    }

    pub(super) fn update(&mut self, order: OrderId, update: OrderUpdate) {
        self.hear(Event::Order(OrderEvent { order, update }));
    }

    pub(super) fn fill(&mut self, order: OrderId, trade: u64, at: &str, amount: &str) {
        let fill = Fill { trade, price: price(at), qty: qty(amount), liquidity: Liquidity::Taker };
        self.update(order, OrderUpdate::Filled(fill));
    }

    /// Code of the last notice.
    pub(super) fn code(&self) -> &str {
        self.effects
            .iter()
            .rev()
            .find_map(|effect| match effect {
                Effect::Notify(notice) => Some(notice.code.as_str()),
                _ => None,
            })
            .unwrap_or("")
    }

    fn cancels(&self) -> Vec<OrderId> {
        let cancel = |effect: &Effect| match effect {
            Effect::Cancel(id) => Some(*id),
            _ => None,
        };
        self.effects.iter().filter_map(cancel).collect()
    }

    fn reserved(&self) -> Money {
        self.kernel.portfolio().cash(Venue::BinanceSpot, "USDT".parse().expect("a code")).reserved
    }

    pub(super) fn check(&self) {
        let instruments: Vec<Instrument> = self.kernel.instruments().cloned().collect();
        self.kernel.portfolio().check_conservation(&instruments).expect("the books balance");
    }
}

fn rig() -> Rig {
    Rig::new(RiskLimits::default())
}

#[test]
fn an_order_goes_its_way_and_the_books_balance() {
    let mut rig = rig();
    let order = rig.order(SPOT, Side::Buy, Some("50000"), "0.1").expect("it leaves");
    assert_eq!(order, OrderId { session: SessionId(3), seq: rig.stamp.seq, index: 0 });
    // 5,000 and the taker's fee of 0.05 %.
    assert_eq!(rig.reserved(), money("5002.5"));
    rig.update(order, OrderUpdate::Accepted { venue_order: 7 });
    rig.fill(order, 1, "50000", "0.04");
    assert_eq!(rig.reserved(), money("3001.5"));
    rig.fill(order, 1, "50000", "0.04");
    assert_eq!(rig.kernel.counts().duplicates, 1);
    rig.fill(order, 2, "49990", "0.06");
    assert_eq!(rig.reserved(), Money::ZERO);
    assert_eq!(rig.kernel.orders().count(), 0);
    assert_eq!(rig.kernel.portfolio().position(SPOT).qty, qty("0.1"));
    rig.check();
}

#[test]
fn each_limit_refuses_under_its_own_name() {
    let limits = RiskLimits {
        order_qty_max: Some(qty("1")),
        order_notional_max: Some(money("40000")),
        position_qty_max: Some(qty("1.2")),
        exposure_max: Some(money("55000")),
        price_band: Some(Rate::from_raw(5_000_000)),
        order_rate_max: Some(4),
        order_rate_window_ms: 1_000,
        duplicate_window_ms: 500,
        daily_loss_max: None,
    };
    let mut rig = Rig::new(limits);
    let refused = |rig: &mut Rig, side, limit: Option<&str>, amount: &str, code: &str| {
        rig.wait(2_000_000_000);
        assert_eq!(rig.order(SPOT, side, limit, amount), None, "{code}");
        assert_eq!(rig.code(), code);
    };
    refused(&mut rig, Side::Buy, Some("50000"), "0.0005", "risk.quantity");
    refused(&mut rig, Side::Buy, Some("50000.001"), "0.1", "risk.price");
    refused(&mut rig, Side::Buy, Some("0.01"), "0.1", "risk.too_small");
    refused(&mut rig, Side::Sell, Some("50000"), "0.1", "risk.holdings");
    refused(&mut rig, Side::Buy, Some("49000"), "1.001", "risk.order_qty");
    refused(&mut rig, Side::Buy, Some("49000"), "0.9", "risk.order_notional");
    refused(&mut rig, Side::Buy, Some("52500.01"), "0.1", "risk.price_band");
    refused(&mut rig, Side::Buy, Some("47499.99"), "0.1", "risk.price_band");
    assert!(rig.order(SPOT, Side::Buy, Some("47500"), "0.8").is_some());
    assert_eq!(rig.order(SPOT, Side::Buy, Some("47500"), "0.8"), None);
    assert_eq!(rig.code(), "risk.duplicate");
    refused(&mut rig, Side::Buy, Some("47500"), "0.5", "risk.position_qty");
    refused(&mut rig, Side::Buy, Some("48000"), "0.4", "risk.exposure");
    refused(&mut rig, Side::Sell, Some("47500"), "0.1", "risk.self_trade");
    for amount in ["0.001", "0.002", "0.003", "0.004"] {
        assert!(rig.order(SPOT, Side::Buy, Some("47500"), amount).is_some());
    }
    assert_eq!(rig.order(SPOT, Side::Buy, Some("47500"), "0.005"), None);
    assert_eq!(rig.code(), "risk.order_rate");
    let submitted = rig.kernel.counts().submitted;
    assert_eq!(submitted, 5);
}

#[test]
fn cash_and_holdings_are_counted_with_orders_in_flight() {
    let mut rig = rig();
    let first = rig.order(SPOT, Side::Buy, Some("50000"), "1.5").expect("75,037.5 of 100,000");
    assert_eq!(rig.order(SPOT, Side::Buy, Some("49000"), "0.6"), None);
    assert_eq!(rig.code(), "risk.cash");
    rig.fill(first, 1, "50000", "1.5");
    assert!(rig.order(SPOT, Side::Sell, Some("51000"), "1").is_some());
    assert_eq!(rig.order(SPOT, Side::Sell, Some("51001"), "0.6"), None);
    assert_eq!(rig.code(), "risk.holdings");
    assert!(rig.order(SPOT, Side::Sell, Some("51001"), "0.5").is_some());
}

#[test]
fn a_future_is_held_to_what_the_account_is_worth() {
    let mut rig = rig();
    assert_eq!(rig.order(FUTURE, Side::Sell, Some("50000"), "2.001"), None);
    assert_eq!(rig.code(), "risk.exposure");
    let short = rig.order(FUTURE, Side::Sell, Some("50000"), "1.9").expect("95,000 of 100,000");
    rig.fill(short, 1, "50000", "1.9");
    assert_eq!(rig.kernel.portfolio().position(FUTURE).qty, qty("-1.9"));
    // Closing is no exposure.
    assert!(rig.order(FUTURE, Side::Buy, Some("50000"), "1.9").is_some());
    rig.check();
}

#[test]
fn the_kill_switch_cancels_refuses_and_survives_a_restart() {
    let mut rig = rig();
    let orders = ["49000", "49001"].map(|limit| rig.order(SPOT, Side::Buy, Some(limit), "0.1").expect("it leaves"));
    rig.say(Command::Kill { reason: "the phone rang".into() });
    assert_eq!(rig.cancels(), orders);
    let mut saved = Vec::new();
    rig.kernel.save(&mut saved);
    rig.kernel = Kernel::load(&saved).expect("it loads");
    rig.say(Command::SessionStarted { session: SessionId(4), build: "test".into(), mode: "paper".into() });
    rig.say(Command::Configure(Settings::default()));
    rig.say(Command::AutoTrade(true));
    assert_eq!(rig.order(SPOT, Side::Buy, Some("48000"), "0.1"), None);
    assert_eq!((rig.code(), rig.kernel.killed()), ("risk.killed", Some("the phone rang")));
    rig.say(Command::Resume);
    assert!(rig.order(SPOT, Side::Buy, Some("48000"), "0.1").is_some());
}

#[test]
fn an_unanswered_order_is_asked_for_and_never_sent_again() {
    let mut rig = rig();
    let order = rig.order(SPOT, Side::Buy, Some("49000"), "0.1").expect("it leaves");
    let reserved = rig.reserved();
    for _ in 0..8 {
        let wake = rig.kernel.wake_at().expect("it waits for an answer");
        rig.stamp.recv = wake;
        rig.hear(Event::Tick);
    }
    let asked = rig.effects.iter().filter(|effect| **effect == Effect::Query(Query::Order(order))).count();
    let sent = rig.effects.iter().filter(|effect| matches!(effect, Effect::Submit(_))).count();
    assert_eq!((asked, sent), (8, 1));
    assert_eq!(rig.kernel.orders().next().map(|order| order.state), Some(OrderState::Unknown));
    assert_eq!(rig.reserved(), reserved);
    rig.hear(Event::Answer(alloc::boxed::Box::new(Answer::NotFound { order })));
    assert_eq!((rig.reserved(), rig.kernel.orders().count()), (Money::ZERO, 0));
    assert_eq!(rig.kernel.wake_at(), None);
    // It was there after all.
    rig.fill(order, 1, "49000", "0.1");
    assert_eq!(rig.kernel.portfolio().position(SPOT).qty, qty("0.1"));
    rig.check();
}

#[test]
fn a_fill_that_cannot_be_is_booked_and_stops_trading() {
    let mut rig = rig();
    let order = rig.order(SPOT, Side::Buy, Some("50000"), "0.1").expect("it leaves");
    rig.fill(order, 1, "50000", "0.2");
    assert_eq!(rig.kernel.portfolio().position(SPOT).qty, qty("0.2"));
    assert!(rig.kernel.killed().is_some());
    rig.check();
}

#[test]
fn everything_is_closed_once_orders_are_out_of_the_way() {
    let mut rig = rig();
    let (bought, sold) = (rig.order(SPOT, Side::Buy, None, "0.2"), rig.order(FUTURE, Side::Sell, None, "0.3"));
    rig.fill(bought.expect("it leaves"), 1, "50000", "0.2");
    rig.fill(sold.expect("it leaves"), 1, "50000", "0.3");
    let resting = rig.order(SPOT, Side::Sell, Some("60000"), "0.1").expect("it leaves");
    rig.effects.clear();
    rig.say(Command::Liquidate);
    assert_eq!(rig.cancels(), [resting]);
    rig.update(resting, OrderUpdate::Cancelled);
    let closing: Vec<_> = rig
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Submit(order) => Some((order.id, order.instrument, order.side, order.qty)),
            _ => None,
        })
        .collect();
    let expected = [(FUTURE, Side::Buy, qty("0.3")), (SPOT, Side::Sell, qty("0.2"))];
    assert_eq!(closing.iter().map(|order| (order.1, order.2, order.3)).collect::<Vec<_>>(), expected);
    rig.fill(closing[0].0, 2, "50010", "0.3");
    assert_ne!(rig.code(), "liquidate.done");
    rig.fill(closing[1].0, 2, "49990", "0.2");
    assert_eq!(rig.code(), "liquidate.done");
    assert!(!rig.kernel.auto_trade());
    rig.check();
}

#[test]
fn a_day_s_loss_stops_trading_until_tomorrow() {
    let mut rig = Rig::new(RiskLimits { daily_loss_max: Some(money("100")), ..RiskLimits::default() });
    let order = rig.order(FUTURE, Side::Buy, None, "0.1").expect("it leaves");
    rig.fill(order, 1, "50000", "0.1");
    let resting = rig.order(FUTURE, Side::Buy, Some("48000"), "0.1").expect("it leaves");
    rig.trade(FUTURE, "49100");
    assert!(rig.cancels().is_empty());
    // 2.5 of fees and 97.5 of price.
    rig.trade(FUTURE, "49025");
    assert_eq!(rig.cancels(), [resting]);
    rig.update(resting, OrderUpdate::Cancelled);
    assert_eq!(rig.order(FUTURE, Side::Buy, Some("48000"), "0.1"), None);
    assert_eq!(rig.code(), "risk.daily_loss");
    assert!(rig.order(FUTURE, Side::Sell, None, "0.1").is_some(), "closing is allowed");
    rig.wait(86_400_000_000_000);
    rig.trade(FUTURE, "49025");
    assert!(rig.order(FUTURE, Side::Buy, Some("48000"), "0.1").is_some());
}

#[test]
fn a_lost_connection_makes_what_was_known_stale() {
    let mut rig = rig();
    let quote = Quote { instrument: SPOT, bid: price("49999"), ask: price("50001"), bid_qty: qty("1"), ask_qty: qty("1") };
    rig.hear(Event::Market(MarketEvent::Quote(quote)));
    assert_eq!(rig.kernel.quote(SPOT), Some(quote));
    let link = |state| Event::Link(Link { venue: Venue::BinanceSpot, channel: 2, state });
    rig.hear(link(LinkState::Down { reason: "reset".into() }));
    assert_eq!(rig.kernel.quote(SPOT), None);
    assert_eq!(rig.order(SPOT, Side::Buy, Some("50000"), "0.1"), None);
    assert_eq!(rig.code(), "risk.link_down");
    rig.hear(link(LinkState::Up));
    assert!(rig.order(SPOT, Side::Buy, Some("50000"), "0.1").is_some());
}

#[test]
fn a_strategy_that_does_not_exist_is_told_and_the_rest_runs() {
    let mut rig = rig();
    let strategy = |name: &str| StrategySettings { name: name.into(), instruments: Vec::new(), parameters: Vec::new() };
    let strategies = alloc::vec![strategy("no-such"), strategy("ema-cross")];
    rig.say(Command::Configure(Settings { strategies, ..Settings::default() }));
    assert_eq!(rig.code(), "settings.strategy");
    let mut saved = Vec::new();
    rig.kernel.save(&mut saved);
    let loaded = Kernel::load(&saved).expect("it loads");
    assert_eq!(digest(&loaded), digest(&rig.kernel));
}

#[test]
fn a_text_that_does_not_load_leaves_the_running_one() {
    let mut rig = rig();
    let text = |text: &str| Command::StrategyText { name: "매수.py".into(), text: text.into() };
    let parameters = [("buy", "매수.py"), ("average", "1"), ("qty", "0.1")].map(|(name, value)| (name.into(), value.into()));
    rig.say(text("self.Buy()"));
    let strategies =
        alloc::vec![StrategySettings { name: "text".into(), instruments: Vec::new(), parameters: parameters.into() }];
    rig.say(Command::Configure(Settings { strategies, ..Settings::default() }));
    rig.say(text("if 현제가 > 3:\n    self.Buy()"));
    assert_eq!(rig.code(), "strategy.text");
    rig.trade(SPOT, "50000");
    // The text that is right goes on after a restart too, though the newest is wrong.
    let mut saved = Vec::new();
    rig.kernel.save(&mut saved);
    rig.kernel = Kernel::load(&saved).expect("it loads");
    let quote = Quote { instrument: SPOT, bid: price("49999"), ask: price("50001"), bid_qty: qty("1"), ask_qty: qty("1") };
    rig.wait(1_000_000_000);
    rig.hear(Event::Market(MarketEvent::Quote(quote)));
    assert!(matches!(rig.effects.last(), Some(Effect::Submit(order)) if order.qty == qty("0.1")), "{:?}", rig.effects);
}

pub(super) fn digest(kernel: &Kernel) -> u64 {
    let mut parts = Parts::new();
    kernel.digest(&mut parts);
    parts.total().0
}
