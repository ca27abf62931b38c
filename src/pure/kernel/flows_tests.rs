//! Deposits, withdrawals and funding: booked once each, and what is profit is told apart from what is not.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec;

use jangbu_journal::Nanos;
use jangbu_replay::Machine;

use super::Kernel;
use super::tests::{FUTURE, Rig, SPOT, digest};
use crate::event::command::RiskLimits;
use crate::event::{Answer, CashFlow, Command, Event, FlowKind};
use crate::market::testing::{money, price, qty};
use crate::market::{InstrumentId, Money, Side, Venue};

const DAY_S: i64 = 86_400;

fn flow(venue: Venue, code: &str, amount: &str, kind: FlowKind, id: u64) -> CashFlow {
    let at = Nanos::new(1_700_000_000_000_000_000 + i64::try_from(id).expect("small") * 1_000_000_000);
    let (currency, amount) = (code.parse().expect("a code"), money(amount));
    CashFlow { venue, currency, amount, kind, id: id.to_string(), instrument: None, at }
}

fn hear(rig: &mut Rig, flow: &CashFlow) {
    rig.hear(Event::Answer(Box::new(Answer::Flow(flow.clone()))));
    rig.check();
}

fn result(rig: &Rig, venue: Venue) -> (Money, Money, Money) {
    let row = rig.kernel.results().find(|row| row.venue == venue && row.currency.as_str() == "USDT").expect("an account");
    (row.cash.total, row.cash.deposited, row.income)
}

#[test]
fn deposits_and_withdrawals_are_neither_profit_nor_loss_and_booked_once() {
    let limits = RiskLimits { daily_loss_max: Some(money("10")), ..RiskLimits::default() };
    let (mut rig, here) = (Rig::new(limits), Venue::BinanceUsdM);
    let deposit = flow(here, "USDT", "500", FlowKind::Deposit, 1);
    hear(&mut rig, &deposit);
    hear(&mut rig, &flow(here, "USDT", "-200", FlowKind::Withdrawal, 2));
    for _ in 0..3 {
        hear(&mut rig, &deposit);
    }
    assert_eq!(result(&rig, here), (money("100300"), money("100300"), Money::ZERO));
    // Nor does a withdrawal of more than the loss limit stop the day.
    assert!(rig.order(FUTURE, Side::Buy, Some("50000"), "0.01").is_some());
    // The same id is another flow at another venue, and another currency has an account of its own.
    hear(&mut rig, &flow(Venue::BinanceSpot, "USDT", "500", FlowKind::Deposit, 1));
    hear(&mut rig, &flow(here, "BNB", "2", FlowKind::Deposit, 3));
    assert_eq!(result(&rig, Venue::BinanceSpot).0, money("100500"));
    let bnb = rig.kernel.portfolio().cash(here, "BNB".parse().expect("a code"));
    assert_eq!((bnb.total, bnb.deposited), (money("2"), money("2")));
}

#[test]
fn funding_is_a_line_of_its_own_and_part_of_the_days_result() {
    let limits = RiskLimits { daily_loss_max: Some(money("10")), ..RiskLimits::default() };
    let (mut rig, here) = (Rig::new(limits), Venue::BinanceUsdM);
    let order = rig.order(FUTURE, Side::Buy, Some("50000"), "0.01").expect("it leaves");
    rig.fill(order, 1, "50000", "0.01");
    let received = CashFlow { instrument: Some(FUTURE), ..flow(here, "USDT", "3", FlowKind::Funding, 1) };
    hear(&mut rig, &received);
    hear(&mut rig, &flow(here, "USDT", "1", FlowKind::Other, 2));
    let before = result(&rig, here);
    assert_eq!((rig.kernel.portfolio().funding(FUTURE), before.2), (money("3"), money("4")));
    assert_eq!(before.1, money("100000"), "nothing was put in");
    assert!(rig.order(FUTURE, Side::Buy, Some("49999"), "0.01").is_some());
    let paid = CashFlow { instrument: Some(FUTURE), ..flow(here, "USDT", "-14", FlowKind::Funding, 3) };
    hear(&mut rig, &paid);
    assert_eq!((rig.code(), rig.kernel.portfolio().funding(FUTURE)), ("risk.daily_loss", money("-11")));
    let position = rig.kernel.portfolio().position(FUTURE);
    assert_eq!(position.realised, Money::ZERO, "funding is no profit of a trade");
}

#[test]
fn a_coin_that_comes_is_a_position_at_todays_price_and_goes_at_its_cost() {
    let (mut rig, here) = (Rig::new(RiskLimits::default()), Venue::BinanceSpot);
    let base = rig.kernel.instruments().next().expect("the spot market").base;
    let of = |amount, kind, id| CashFlow { currency: base, ..flow(here, "USDT", amount, kind, id) };
    hear(&mut rig, &of("2", FlowKind::Deposit, 1));
    rig.trade(SPOT, "60000");
    hear(&mut rig, &of("2", FlowKind::Deposit, 2));
    let held = rig.kernel.portfolio().position(SPOT);
    assert_eq!((held.qty, held.average()), (qty("4"), Some(price("55000"))));
    hear(&mut rig, &of("-1", FlowKind::Withdrawal, 3));
    let held = rig.kernel.portfolio().position(SPOT);
    assert_eq!((held.qty, held.cost, held.realised), (qty("3"), money("165000"), Money::ZERO));
    assert_eq!(result(&rig, here), (money("100000"), money("265000"), Money::ZERO));
    hear(&mut rig, &of("-7", FlowKind::Withdrawal, 4));
    assert_eq!(rig.code(), "account.flow");
    assert_eq!(rig.kernel.portfolio().position(SPOT).qty, qty("3"), "more than there is cannot go");
    hear(&mut rig, &of("-3", FlowKind::Withdrawal, 5));
    assert_eq!(rig.kernel.portfolio().position(SPOT).cost, Money::ZERO);
}

#[test]
fn what_is_taken_over_has_the_flows_before_it() {
    let (mut rig, here) = (Rig::new(RiskLimits::default()), Venue::BinanceUsdM);
    rig.say(Command::RealOrders { venues: vec![here] });
    let before = flow(here, "USDT", "500", FlowKind::Deposit, 1);
    let after = flow(here, "USDT", "7", FlowKind::Deposit, 2);
    hear(&mut rig, &before);
    assert_eq!(result(&rig, here).0, money("100000"));
    let balance = |total: &str| {
        let (currency, free) = ("USDT".parse().expect("a code"), money(total));
        Event::Answer(Box::new(Answer::Balance { venue: here, currency, free, locked: Money::ZERO }))
    };
    rig.hear(balance("500"));
    rig.hear(Event::Answer(Box::new(Answer::Reconciled { venue: here })));
    assert_eq!(result(&rig, here).0, money("500"));
    hear(&mut rig, &before);
    hear(&mut rig, &after);
    assert_eq!(result(&rig, here).0, money("507"));
    rig.hear(balance("507"));
    rig.hear(Event::Answer(Box::new(Answer::Reconciled { venue: here })));
    assert_ne!(rig.code(), "reconcile.cash");
}

#[test]
fn what_is_too_old_to_be_known_is_told_and_not_booked() {
    let (mut rig, here) = (Rig::new(RiskLimits::default()), Venue::Upbit);
    let at = |days: i64, id| {
        let flow = flow(here, "KRW", "1000", FlowKind::Deposit, id);
        CashFlow { at: flow.at.plus(days * DAY_S * 1_000_000_000), ..flow }
    };
    for day in 0..6 {
        hear(&mut rig, &at(day, 10));
    }
    hear(&mut rig, &at(0, 10));
    hear(&mut rig, &at(1, 11));
    assert_eq!(rig.code(), "account.flow");
    // What is just old enough is still known.
    hear(&mut rig, &at(3, 10));
    hear(&mut rig, &at(4, 9));
    assert_eq!(rig.kernel.portfolio().cash(here, "KRW".parse().expect("a code")).total, money("7000"));
}

#[test]
fn a_restart_remembers_them() {
    let (mut rig, here) = (Rig::new(RiskLimits::default()), Venue::BinanceUsdM);
    let before = digest(&rig.kernel);
    let funding = CashFlow { instrument: Some(InstrumentId(1)), ..flow(here, "USDT", "-2", FlowKind::Funding, 5) };
    hear(&mut rig, &funding);
    assert_ne!(digest(&rig.kernel), before);
    let mut saved = vec![];
    rig.kernel.save(&mut saved);
    let kernel = Kernel::load(&saved).expect("what was saved loads");
    assert_eq!((digest(&kernel), kernel.portfolio()), (digest(&rig.kernel), rig.kernel.portfolio()));
    let mut rig = Rig { kernel, ..rig };
    hear(&mut rig, &funding);
    assert_eq!(rig.kernel.portfolio().funding(FUTURE), money("-2"), "once");
}
