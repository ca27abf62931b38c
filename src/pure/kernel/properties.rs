//! Whatever comes in whatever order: the books balance, what is set aside adds up, and a restart in the middle changes nothing.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;

use jangbu_journal::Nanos;
use jangbu_replay::Machine;
use proptest::prelude::*;

use super::Kernel;
use super::tests::{FUTURE, Rig, SPOT, digest};
use crate::account::{Fill, Liquidity, OrderId, OrderType, OrderUpdate, SessionId, TimeInForce};
use crate::effect::Effect;
use crate::event::command::{RiskLimits, Settings, StrategySettings};
use crate::event::order::Charge;
use crate::event::{Answer, CashFlow, Command, Event, FlowKind, Link, LinkState, MarketEvent, OrderEvent};
use crate::market::testing::{instrument, money, price, qty};
use crate::market::{Depth, InstrumentId, InstrumentKind, Level, Money, Price, Qty, Quote, Rate, Side, Trade, Venue};

/// A step of a random day. Orders are named by their place among those sent; small numbers so that things meet.
#[derive(Clone, Debug)]
enum Step {
    Wait(i64),
    Tick,
    Trade(u8, i64),
    Quote(u8, i64, i64),
    Book(u8, bool, Vec<(bool, i64, i64)>),
    Order(u8, bool, Option<i64>, i64),
    Update(usize, u8, i64, i64),
    Cancel(usize),
    Charge(usize, i64, bool),
    Answer(usize, u8),
    Flow(u8, i64, u8),
    Command(u8),
    Link(u8, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0_u8..3;
    let cents = 4_900_000_i64..5_100_000;
    let lots = -1_i64..3_000;
    let level = (any::<bool>(), cents.clone(), 0_i64..3);
    prop_oneof![
        1 => (0_i64..20_000_000_000).prop_map(Step::Wait),
        1 => Just(Step::Tick),
        6 => (id.clone(), cents.clone()).prop_map(|(id, at)| Step::Trade(id, at)),
        2 => (id.clone(), cents.clone(), 1_i64..100).prop_map(|(id, bid, spread)| Step::Quote(id, bid, spread)),
        1 => (id.clone(), any::<bool>(), prop::collection::vec(level, 0..6))
            .prop_map(|(id, whole, levels)| Step::Book(id, whole, levels)),
        6 => (id.clone(), any::<bool>(), prop::option::of(cents.clone()), lots.clone())
            .prop_map(|(id, buy, limit, lots)| Step::Order(id, buy, limit, lots)),
        12 => (0_usize..12, 0_u8..12, cents, lots).prop_map(|(place, kind, at, lots)| Step::Update(place, kind, at, lots)),
        1 => (0_usize..12).prop_map(Step::Cancel),
        1 => (0_usize..12, -100_i64..100, any::<bool>()).prop_map(|(place, fee, bnb)| Step::Charge(place, fee, bnb)),
        1 => (0_usize..12, 0_u8..6).prop_map(|(place, kind)| Step::Answer(place, kind)),
        1 => (0_u8..4, -100_i64..100, 0_u8..9).prop_map(|(kind, amount, id)| Step::Flow(kind, amount, id)),
        1 => (0_u8..8).prop_map(Step::Command),
        1 => (0_u8..2, any::<bool>()).prop_map(|(channel, up)| Step::Link(channel, up)),
    ]
}

fn cents(at: i64) -> Price {
    Price::from_raw(at * 1_000_000)
}

fn lots(count: i64) -> Qty {
    Qty::from_raw(i128::from(count) * 100_000)
}

fn settings(strategies: bool) -> Settings {
    let risk = RiskLimits {
        exposure_max: Some(money("1000000")),
        price_band: Some(Rate::from_raw(10_000_000)),
        order_rate_max: Some(30),
        order_rate_window_ms: 1_000,
        duplicate_window_ms: 10,
        daily_loss_max: Some(money("5000")),
        ..RiskLimits::default()
    };
    let parameters = [("fast", "2"), ("slow", "3"), ("on", "trade")].map(|(name, value)| (name.into(), value.into())).to_vec();
    let strategy = StrategySettings { name: "ema-cross".into(), instruments: Vec::new(), parameters };
    Settings { risk, strategies: if strategies { Vec::from([strategy]) } else { Vec::new() }, simulator: None }
}

/// Makes the event of a step; `sent` are the orders that left so far.
fn event(rig: &mut Rig, step: &Step, sent: &[OrderId]) -> Option<Event> {
    let id = |id: u8| InstrumentId(u32::from(id));
    let order = |place: usize| sent.len().checked_sub(1 + place).map(|place| sent[place]);
    let command = |command| Some(Event::Command(Box::new(command)));
    let answer = |answer| Some(Event::Answer(Box::new(answer)));
    match step {
        Step::Wait(nanos) => {
            rig.wait(*nanos);
            None
        }
        Step::Tick => Some(Event::Tick),
        Step::Trade(market, at) => {
            let trade = Trade { instrument: id(*market), taker: Side::Buy, price: cents(*at), qty: lots(5), id: 1 };
            Some(Event::Market(MarketEvent::Trade(trade)))
        }
        Step::Quote(market, bid, spread) => {
            let (bid, ask) = (cents(*bid), cents(bid + spread));
            let quote = Quote { instrument: id(*market), bid, ask, bid_qty: lots(1), ask_qty: lots(1) };
            Some(Event::Market(MarketEvent::Quote(quote)))
        }
        Step::Book(market, snapshot, levels) => {
            let instrument = id(*market);
            let depth = Depth { instrument, snapshot: *snapshot, levels: levels.len() as u32, update_id: 1 };
            rig.hear(Event::Market(MarketEvent::Depth(depth)));
            for (buy, at, count) in levels {
                let side = if *buy { Side::Buy } else { Side::Sell };
                rig.hear(Event::Market(MarketEvent::Level(Level { instrument, side, price: cents(*at), qty: lots(*count) })));
            }
            None
        }
        Step::Order(market, buy, limit, count) => {
            let side = if *buy { Side::Buy } else { Side::Sell };
            let order_type = limit.map_or(OrderType::Market, |limit| OrderType::Limit(cents(limit)));
            let (instrument, qty) = (id(*market), lots(*count));
            command(Command::Order { instrument, side, order_type, time_in_force: TimeInForce::Gtc, qty })
        }
        Step::Update(place, kind, at, count) => {
            let order = order(*place)?;
            let (price, qty) = (cents(*at), lots(*count));
            let update = match kind {
                0 => OrderUpdate::Accepted { venue_order: order.seq.get() },
                1 => OrderUpdate::Rejected { reason: "no".into() },
                2 => OrderUpdate::Cancelled,
                3 => OrderUpdate::Expired,
                4 => OrderUpdate::Unknown,
                5 => OrderUpdate::CancelRejected { reason: "no".into() },
                6 => OrderUpdate::Amended { price, qty },
                trade => OrderUpdate::Filled(Fill { trade: u64::from(*trade), price, qty, liquidity: Liquidity::Maker }),
            };
            Some(Event::Order(OrderEvent { order, update }))
        }
        Step::Cancel(place) => command(Command::Cancel(order(*place)?)),
        Step::Charge(place, fee, bnb) => {
            let (fee, tax) = (Money::from_raw(i128::from(*fee)), Money::ZERO);
            let currency = bnb.then(|| "BNB".into());
            answer(Answer::Charged(Charge { order: order(*place)?, trade: 7, fee, tax, currency }))
        }
        Step::Answer(place, kind) => {
            let (venue, currency) = (Venue::BinanceSpot, "USDT".parse().expect("a code"));
            match kind {
                0 => answer(Answer::NotFound { order: order(*place)? }),
                1 => answer(Answer::Balance { venue, currency, free: money("5"), locked: Money::ZERO }),
                2 => answer(Answer::Position { instrument: SPOT, qty: qty("1"), average: price("5") }),
                3 => answer(Answer::Reconciled { venue }),
                4 => answer(Answer::Failed { venue, question: "balance".into(), reason: "timeout".into() }),
                _ => answer(Answer::OpenOrder {
                    order: order(*place),
                    venue_order: 5,
                    instrument: FUTURE,
                    side: Side::Buy,
                    price: price("5"),
                    qty: qty("1"),
                    filled: Qty::ZERO,
                }),
            }
        }
        Step::Flow(kind, amount, number) => {
            let (venue, base) = (Venue::BinanceUsdM, Venue::BinanceSpot);
            let kind = [FlowKind::Deposit, FlowKind::Withdrawal, FlowKind::Funding, FlowKind::Other][usize::from(*kind)];
            // Some are coins of the spot market.
            let spot = instrument(0, InstrumentKind::Spot).base;
            let (venue, currency) = if number % 3 == 0 { (base, spot) } else { (venue, "USDT".parse().expect("a code")) };
            let (amount, at) = (Money::from_raw(i128::from(*amount)), Nanos::new(i64::from(*number)));
            let instrument = (number % 2 == 0).then_some(FUTURE);
            answer(Answer::Flow(CashFlow { venue, currency, amount, kind, id: number.to_string(), instrument, at }))
        }
        Step::Command(kind) => command(match kind {
            0 => Command::Kill { reason: "test".into() },
            1 | 2 => Command::Resume,
            3 => Command::Liquidate,
            4 => Command::AutoTrade(true),
            5 => Command::Configure(settings(rig.stamp.seq.get().is_multiple_of(2))),
            6 => Command::SessionStarted { session: SessionId(4), build: "b".into(), mode: "paper".into() },
            _ => Command::StrategyText { name: "매수".into(), text: "매수 = True".into() },
        }),
        Step::Link(channel, up) => {
            let state = if *up { LinkState::Up } else { LinkState::Down { reason: "reset".into() } };
            Some(Event::Link(Link { venue: Venue::BinanceUsdM, channel: u16::from(*channel), state }))
        }
    }
}

fn check_reservations(rig: &Rig) {
    for row in rig.kernel.portfolio().cash_rows() {
        let of_account = |live: &&super::orders::Live| {
            rig.kernel
                .markets
                .get(live.order.request.instrument)
                .is_some_and(|market| market.instrument.venue == row.venue && market.instrument.quote == row.currency)
        };
        let sum = rig.kernel.orders.live().iter().filter(of_account).map(|live| live.reserved.raw()).sum::<i128>();
        assert_eq!(row.cash.reserved.raw(), sum, "{} {}", row.venue, row.currency);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if std::env::var_os("JANGBU_SLOW").is_some() { 2_000 } else { 200 }))]

    #[test]
    fn any_day_balances_and_survives_a_restart(steps in prop::collection::vec(step(), 0..120), cut in 0_usize..120) {
        let mut rig = Rig::new(settings(false).risk);
        rig.say(Command::Configure(settings(true)));
        let third = instrument(2, InstrumentKind::Index);
        rig.hear(Event::Market(MarketEvent::Instrument(Box::new(third))));
        let mut twin: Option<Rig> = None;
        let mut sent: Vec<OrderId> = Vec::new();
        let mut seen = 0;
        for (index, step) in steps.iter().enumerate() {
            if index == cut {
                let mut saved = Vec::new();
                rig.kernel.save(&mut saved);
                let kernel = Kernel::load(&saved).expect("what was saved loads");
                let mut again = Vec::new();
                kernel.save(&mut again);
                prop_assert_eq!(&saved, &again);
                twin = Some(Rig { kernel, stamp: rig.stamp, effects: rig.effects.clone() });
            }
            if let Some(event) = event(&mut rig, step, &sent) {
                rig.hear(event);
            }
            if let Some(twin) = &mut twin
                && let Some(event) = event(twin, step, &sent)
            {
                twin.hear(event);
            }
            for effect in &rig.effects[seen..] {
                if let Effect::Submit(order) = effect {
                    sent.push(order.id);
                }
            }
            seen = rig.effects.len();
            rig.check();
            check_reservations(&rig);
            prop_assert!(rig.kernel.wake_at().is_none_or(|at| at > Nanos::ZERO));
        }
        let mut ids = sent.clone();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), sent.len(), "ids are never given twice");
        if let Some(twin) = &twin {
            prop_assert_eq!(&twin.effects, &rig.effects);
            prop_assert_eq!(digest(&twin.kernel), digest(&rig.kernel));
        }
    }
}
