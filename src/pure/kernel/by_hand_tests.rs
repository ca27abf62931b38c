//! Orders changed and cancelled by hand: the operator is told every time, and the checks are those of any order.

use super::tests::{FUTURE, Rig, SPOT};
use crate::account::{Amendment, OrderId, OrderUpdate};
use crate::effect::Effect;
use crate::event::Command;
use crate::event::command::RiskLimits;
use crate::market::testing::{price, qty};
use crate::market::{Side, Venue};

/// A rig with a resting buy of 1 at 40,000.
fn resting() -> (Rig, OrderId) {
    let limits = RiskLimits { order_qty_max: Some(qty("3")), ..RiskLimits::default() };
    let mut rig = Rig::new(limits);
    let order = rig.order(FUTURE, Side::Buy, Some("40000"), "1").expect("it leaves");
    rig.update(order, OrderUpdate::Accepted { venue_order: 7 });
    (rig, order)
}

fn amend(rig: &mut Rig, order: OrderId, limit: Option<&str>, amount: Option<&str>) -> Option<Amendment> {
    let before = rig.effects.len();
    rig.say(Command::Amend { order, price: limit.map(price), qty: amount.map(qty) });
    rig.effects[before..].iter().find_map(|effect| match effect {
        Effect::Amend(amendment) => Some(*amendment),
        _ => None,
    })
}

#[test]
fn an_order_is_amended_by_hand_and_what_is_not_said_stays() {
    let (mut rig, order) = resting();
    let expected = Amendment { order, price: price("41000"), qty: qty("1") };
    assert_eq!(amend(&mut rig, order, Some("41000"), None), Some(expected));
    // The venue has not answered.
    assert_eq!((amend(&mut rig, order, None, Some("2")), rig.code()), (None, "orders.amend"));
    rig.update(order, OrderUpdate::Amended { price: price("41000"), qty: qty("1") });
    let expected = Amendment { order, price: price("41000"), qty: qty("2") };
    assert_eq!(amend(&mut rig, order, None, Some("2")), Some(expected));
    rig.update(order, OrderUpdate::Amended { price: price("41000"), qty: qty("2") });
    rig.fill(order, 1, "41000", "1");
    assert_eq!((amend(&mut rig, order, None, Some("1")), rig.code()), (None, "orders.amend"), "so much is filled");
    assert_eq!((amend(&mut rig, order, Some("41000"), Some("2")), rig.code()), (None, "orders.amend"), "as it is");
    // Every check of a new order, and each time said.
    for _ in 0..2 {
        let before = rig.effects.len();
        assert_eq!(amend(&mut rig, order, None, Some("9")), None);
        assert_eq!((rig.code(), rig.effects.len()), ("risk.order_qty", before + 1));
    }
    rig.say(Command::Kill { reason: "test".into() });
    rig.update(order, OrderUpdate::CancelRejected { reason: "late".into() });
    assert_eq!((amend(&mut rig, order, Some("39000"), None), rig.code()), (None, "risk.killed"));
    assert_eq!((amend(&mut rig, OrderId::default(), Some("1"), None), rig.code()), (None, "orders.amend"));
    rig.check();
}

#[test]
fn everything_is_cancelled_and_new_orders_may_leave() {
    let (mut rig, order) = resting();
    let other = rig.order(SPOT, Side::Buy, Some("40000"), "1").expect("it leaves");
    rig.effects.clear();
    rig.say(Command::CancelAll);
    assert_eq!(rig.effects, [Effect::Cancel(order), Effect::Cancel(other)]);
    rig.say(Command::CancelAll);
    assert_eq!(rig.effects.len(), 2, "once is enough");
    rig.say(Command::Reconnect { venue: Venue::Kiwoom });
    assert_eq!(rig.effects.len(), 2, "nothing for the kernel");
    assert!(rig.order(FUTURE, Side::Buy, Some("39000"), "1").is_some());
    rig.check();
}
