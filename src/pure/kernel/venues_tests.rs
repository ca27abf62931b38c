//! Venues with real orders: nothing leaves before the account is known.

use alloc::boxed::Box;
use alloc::vec;

use super::tests::{Rig, SPOT};
use crate::effect::{Effect, Query};
use crate::event::command::RiskLimits;
use crate::event::link::ACCOUNT_CHANNEL;
use crate::event::{Answer, Command, Event, Link, LinkState};
use crate::market::testing::{money, price, qty};
use crate::market::{Money, Side, Venue};

const HERE: Venue = Venue::BinanceSpot;

/// The account as the venue reports it: cash, and so much of the spot instrument.
fn report(rig: &mut Rig, cash: &str, held: &str) {
    let currency = "USDT".parse().expect("a code");
    let answers = [
        Answer::Balance { venue: HERE, currency, free: money(cash), locked: Money::ZERO },
        Answer::Position { instrument: SPOT, qty: qty(held), average: price("40000") },
        Answer::Reconciled { venue: HERE },
    ];
    answers.into_iter().for_each(|answer| rig.hear(Event::Answer(Box::new(answer))));
}

fn link(rig: &mut Rig, state: LinkState) {
    rig.hear(Event::Link(Link { venue: HERE, channel: ACCOUNT_CHANNEL, state }));
}

fn accounts_asked(rig: &Rig) -> usize {
    rig.effects.iter().filter(|effect| **effect == Effect::Query(Query::Account(HERE))).count()
}

fn real() -> Rig {
    let mut rig = Rig::new(RiskLimits::default());
    rig.say(Command::RealOrders { venues: vec![HERE] });
    rig
}

fn order(rig: &mut Rig) -> bool {
    rig.order(SPOT, Side::Sell, Some("50000"), "0.5").is_some()
}

#[test]
fn the_first_report_is_taken_over_and_then_orders_leave() {
    let mut rig = real();
    assert!(!order(&mut rig), "the account is not known");
    assert_eq!(rig.code(), "risk.not_reconciled");
    link(&mut rig, LinkState::Up);
    assert_eq!(accounts_asked(&rig), 1);
    report(&mut rig, "700", "2");
    assert_eq!(rig.kernel.portfolio().position(SPOT).qty, qty("2"));
    let currency = "USDT".parse().expect("a code");
    assert_eq!(rig.kernel.portfolio().cash(HERE, currency).total, money("700"));
    rig.check();
    assert!(order(&mut rig));
}

#[test]
fn a_lost_account_connection_stops_orders_until_it_is_known_again() {
    let mut rig = real();
    report(&mut rig, "700", "2");
    assert!(order(&mut rig));
    link(&mut rig, LinkState::Down { reason: "reset".into() });
    link(&mut rig, LinkState::Up);
    assert!(!order(&mut rig));
    report(&mut rig, "700", "2");
    assert!(order(&mut rig));
}

#[test]
fn a_difference_is_asked_again_then_told_and_never_taken_over() {
    let mut rig = real();
    report(&mut rig, "700", "2");
    for asked in 1..=2 {
        report(&mut rig, "700", "1");
        assert_eq!(accounts_asked(&rig), asked, "a fill may be on its way");
        assert_eq!(rig.code(), "reconcile.done");
    }
    report(&mut rig, "700", "1");
    assert_eq!(rig.code(), "reconcile.position");
    assert_eq!(rig.kernel.portfolio().position(SPOT).qty, qty("2"), "the books stay as they are");
    rig.check();
}

#[test]
fn what_a_venue_does_not_mention_it_does_not_hold() {
    let mut rig = real();
    report(&mut rig, "700", "2");
    for _ in 0..3 {
        rig.hear(Event::Answer(Box::new(Answer::Reconciled { venue: HERE })));
    }
    assert_eq!(rig.code(), "reconcile.position");
}

#[test]
fn a_new_session_says_anew_who_gets_real_orders() {
    let mut rig = real();
    report(&mut rig, "700", "2");
    rig.say(Command::SessionStarted { session: crate::account::SessionId(4), build: "test".into(), mode: "paper".into() });
    rig.hear(Event::Link(Link { venue: HERE, channel: 0, state: LinkState::Up }));
    assert!(order(&mut rig), "on paper nobody is waited for");
}
