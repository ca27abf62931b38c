//! Liquidation prices in the kernel: cross and isolated, warnings, refusals, funding on paper, and trades the venue makes for us.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec;

use jangbu_journal::Nanos;
use jangbu_replay::Machine;

use super::Kernel;
use super::tests::{FUTURE, Rig, digest};
use crate::account::Bracket;
use crate::event::command::{LiquidationLimits, RiskLimits};
use crate::event::market::Mark;
use crate::event::{Answer, Command, Event, ForcedFill, MarketEvent};
use crate::market::testing::{instrument, money, price, qty};
use crate::market::{InstrumentId, InstrumentKind, Money, Rate, Side, Venue};

fn tell(rig: &mut Rig, answer: Answer) {
    rig.hear(Event::Answer(Box::new(answer)));
    rig.check();
}

/// A step of 1 % above 0, and one of 2 % above 1,000,000.
fn brackets(rig: &mut Rig, instrument: InstrumentId) {
    let bracket = |floor, rate: &str, cum| Bracket { floor: money(floor), rate: rate.parse().expect("a rate"), cum: money(cum) };
    let brackets = vec![bracket("0", "0.01", "0"), bracket("1000000", "0.02", "10000")];
    tell(rig, Answer::Brackets { instrument, brackets });
}

fn limits(rig: &mut Rig, distance_min: &str, warning: &str) {
    let share = |text: &str| text.parse::<Rate>().ok();
    rig.say(Command::Liquidation(LiquidationLimits { distance_min: share(distance_min), warning: share(warning) }));
}

fn mark(rig: &mut Rig, at: &str, rate: &str, funding_hour: i64) {
    let funding_at = Nanos::new(1_700_000_000_000_000_000 + funding_hour * 3_600_000_000_000);
    let (price, funding_rate) = (price(at), rate.parse().expect("a rate"));
    rig.hear(Event::Market(MarketEvent::Mark(Mark { instrument: FUTURE, price, funding_rate, funding_at })));
}

fn buy(rig: &mut Rig, at: &str, amount: &str) {
    let order = rig.order(FUTURE, Side::Buy, Some(at), amount).expect("it leaves");
    rig.fill(order, u64::from(rig.stamp.seq.get() as u32), at, amount);
}

/// Limits that let ten times the account be bought.
fn rig() -> Rig {
    Rig::new(RiskLimits { exposure_max: Some(money("1000000")), ..RiskLimits::default() })
}

#[test]
fn cross_margin_is_the_wallet_and_isolated_what_is_set_aside() {
    let mut rig = rig();
    assert_eq!(rig.kernel.liquidation(FUTURE), None, "nothing is known");
    buy(&mut rig, "50000", "4");
    assert_eq!(rig.kernel.liquidation(FUTURE), None, "no brackets");
    brackets(&mut rig, FUTURE);
    let wallet = rig.kernel.portfolio().cash(Venue::BinanceUsdM, "USDT".parse().expect("a code")).total;
    // (200,000 − wallet) ÷ (4 × 0.99), up.
    let expected = (20_000_000_000_000 - wallet.raw()) * 100 / 396;
    let found = rig.kernel.liquidation(FUTURE).expect("a price").raw();
    assert!((i128::from(found) - expected).abs() <= 1, "{found} {expected}");
    tell(&mut rig, Answer::Margin { instrument: FUTURE, isolated: Some(money("20000")), leverage: Some(10) });
    // 180,000 ÷ 3.96
    assert_eq!(rig.kernel.liquidation(FUTURE), Some(price("45454.54545455")));
    tell(&mut rig, Answer::Margin { instrument: FUTURE, isolated: None, leverage: None });
    assert_eq!(rig.kernel.liquidation(FUTURE).map(|price| price.raw()), Some(found));
}

#[test]
fn other_positions_of_the_wallet_count_at_their_marks() {
    let mut rig = rig();
    let other = instrument(2, InstrumentKind::Perpetual);
    let id = other.id;
    rig.hear(Event::Market(MarketEvent::Instrument(Box::new(other))));
    rig.trade(id, "50000");
    brackets(&mut rig, FUTURE);
    buy(&mut rig, "50000", "2");
    let alone = rig.kernel.liquidation(FUTURE).expect("a price");
    let order = rig.order(id, Side::Sell, Some("50000"), "1").expect("it leaves");
    rig.fill(order, 77, "50000", "1");
    assert_eq!(rig.kernel.liquidation(FUTURE), None, "what the other needs is not known");
    brackets(&mut rig, id);
    let beside = rig.kernel.liquidation(FUTURE).expect("a price");
    assert!(beside > alone, "the other needs margin, too");
    rig.trade(id, "60000");
    assert!(rig.kernel.liquidation(FUTURE).expect("a price") > beside, "it loses");
    tell(&mut rig, Answer::Margin { instrument: id, isolated: Some(money("6000")), leverage: Some(8) });
    rig.trade(id, "90000");
    let apart = rig.kernel.liquidation(FUTURE).expect("a price");
    rig.trade(id, "95000");
    assert_eq!(rig.kernel.liquidation(FUTURE), Some(apart), "an isolated one loses no more than its own");
}

#[test]
fn an_order_that_brings_it_too_near_is_refused_and_one_that_closes_never() {
    let mut rig = rig();
    limits(&mut rig, "0.6", "");
    assert_eq!(rig.order(FUTURE, Side::Buy, Some("50000"), "1"), None);
    assert_eq!(rig.code(), "risk.cannot_tell", "without brackets it cannot be reckoned");
    brackets(&mut rig, FUTURE);
    assert_eq!(rig.order(FUTURE, Side::Buy, Some("50000"), "6"), None);
    assert_eq!(rig.code(), "risk.liquidation");
    // 200,000 against 100,000: half of the price is left, less what must be.
    assert_eq!(rig.order(FUTURE, Side::Buy, Some("50000"), "4"), None);
    let first = rig.order(FUTURE, Side::Buy, Some("49999"), "3").expect("two thirds are left");
    assert_eq!(rig.order(FUTURE, Side::Buy, Some("50000"), "2"), None, "the one on its way counts");
    rig.fill(first, 5, "49999", "3");
    limits(&mut rig, "0.99", "");
    assert!(rig.order(FUTURE, Side::Sell, Some("50001"), "3").is_some(), "closing is always allowed");
    // Spot is not taken away.
    assert!(rig.order(super::tests::SPOT, Side::Buy, Some("50000"), "1").is_some());
    // A short one is refused alike.
    assert_eq!(rig.order(FUTURE, Side::Sell, Some("50002"), "5"), None);
    assert_eq!(rig.code(), "risk.liquidation");
}

#[test]
fn coming_near_is_told_once_until_it_is_far_again() {
    let mut rig = rig();
    brackets(&mut rig, FUTURE);
    limits(&mut rig, "", "0.2");
    buy(&mut rig, "50000", "4");
    let told =
        |rig: &Rig| rig.effects.iter().filter(|effect| alloc::format!("{effect:?}").contains("risk.liquidation_near")).count();
    mark(&mut rig, "40000", "0.0001", 8);
    assert_eq!(told(&rig), 0);
    for at in ["30000", "29000", "30500"] {
        mark(&mut rig, at, "0.0001", 8);
        assert_eq!(told(&rig), 1, "{at}");
    }
    mark(&mut rig, "45000", "0.0001", 8);
    mark(&mut rig, "30000", "0.0001", 8);
    assert_eq!(told(&rig), 2);
    // A restart remembers that it was told.
    let mut saved = vec![];
    rig.kernel.save(&mut saved);
    let kernel = Kernel::load(&saved).expect("what was saved loads");
    assert_eq!(digest(&kernel), digest(&rig.kernel));
    let mut rig = Rig { kernel, ..rig };
    mark(&mut rig, "29900", "0.0001", 8);
    assert_eq!(told(&rig), 2);
}

#[test]
fn on_paper_longs_pay_the_last_rate_when_its_time_has_come() {
    let mut rig = rig();
    buy(&mut rig, "50000", "2");
    mark(&mut rig, "50000", "0.0003", 8);
    mark(&mut rig, "51000", "0.0001", 8);
    assert_eq!(rig.kernel.portfolio().funding(FUTURE), Money::ZERO);
    mark(&mut rig, "70000", "0.0009", 16);
    assert_eq!(rig.kernel.portfolio().funding(FUTURE), money("-10.2"), "102,000 × 0.01 %");
    rig.check();
    mark(&mut rig, "70000", "-0.001", 16);
    mark(&mut rig, "70000", "0", 24);
    assert_eq!(rig.kernel.portfolio().funding(FUTURE), money("129.8"), "below 0 shorts pay");
    // A real venue charges by itself.
    rig.say(Command::RealOrders { venues: vec![Venue::BinanceUsdM] });
    mark(&mut rig, "70000", "0", 32);
    mark(&mut rig, "70000", "0.5", 32);
    mark(&mut rig, "70000", "0", 40);
    assert_eq!(rig.kernel.portfolio().funding(FUTURE), money("129.8"));
}

#[test]
fn what_the_venue_takes_away_is_booked_once_and_stops_trading() {
    let mut rig = rig();
    buy(&mut rig, "50000", "2");
    let fee = money("45");
    let (price, qty) = (price("30000"), qty("2"));
    let fill = ForcedFill { instrument: FUTURE, side: Side::Sell, trade: 9, price, qty, fee, reason: "autoclose-1".to_string() };
    let fees = rig.kernel.portfolio().position(FUTURE).fees;
    for _ in 0..2 {
        tell(&mut rig, Answer::Forced(fill.clone()));
    }
    let position = rig.kernel.portfolio().position(FUTURE);
    assert_eq!((position.is_flat(), position.realised), (true, money("-40000")));
    assert_eq!(position.fees.checked_sub(fees), Some(fee));
    assert!(rig.kernel.killed().is_some_and(|reason| reason.contains("autoclose-1")));
}
