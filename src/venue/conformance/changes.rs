//! Amending. A strategy does it, as the kernel lets nobody else. Whatever the venue makes of it (a change in place, another
//! number, a cancellation and another order), to the kernel it is one order.

use super::harness::{Harness, tell_otherwise};
use super::rig::Rig;
use crate::account::{OrderId, OrderState};
use crate::event::Command;
use crate::market::{Price, Side};
use crate::venue::faults::OrderFault;

/// A limit nearer to the market than where orders rest.
fn nearer<H: Harness>(rig: &Rig<H>) -> Price {
    rig.percent(101 - H::TERMS.away)
}

/// Waits until nothing about an order is awaited.
async fn settled<H: Harness>(rig: &mut Rig<H>, order: OrderId) {
    let is_settled =
        |rig: &Rig<H>| rig.life(order).is_none_or(|life| life.amend_sent.is_none() && life.state != OrderState::Unknown);
    rig.until("the amendment is settled", is_settled).await;
}

/// The order stands at a limit, with so many units open, here and there.
async fn stands<H: Harness>(rig: &mut Rig<H>, order: OrderId, limit: Price, open: i64) {
    let open = Rig::<H>::units(open);
    let here = |rig: &Rig<H>| rig.life(order).map(|life| (life.limit, life.open_qty()));
    rig.until(&format!("it stands at {limit} with {open}"), |rig| here(rig) == Some((Some(limit), open))).await;
    let rows = rig.theirs(order);
    let [row] = rows.as_slice() else { panic!("one order is open: {rows:?}") };
    assert_eq!((row.limit, row.open), (Some(limit), open));
}

pub(super) async fn a_new_limit<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    let order = rig.rest(Side::Buy, 3).await;
    let (back, next) = (rig.away(Side::Buy), nearer(&rig));
    // Forth, and back.
    for limit in [next, back] {
        assert!(rig.amend(order, limit, 3));
        settled(&mut rig, order).await;
        stands(&mut rig, order, limit, 3).await;
    }
    rig.trade(order, 3);
    rig.until_over(order).await;
    let updates = rig.updates(order);
    assert!(updates.matches("Amended").count() == 2 && !updates.contains("Cancelled"), "{updates}");
    rig.finish().await;
}

pub(super) async fn a_new_quantity<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    let order = rig.rest(Side::Buy, 3).await;
    let limit = rig.life(order).and_then(|life| life.limit).expect("a limit");
    if let Err(reason) = H::TERMS.amends_quantity {
        tell_otherwise::<H>("a new quantity", reason, "it is refused, and the order stands as it was");
        assert!(rig.amend(order, limit, 5));
        settled(&mut rig, order).await;
        assert!(rig.updates(order).ends_with("AmendRejected"), "{}", rig.updates(order));
        stands(&mut rig, order, limit, 3).await;
        rig.say(Command::Cancel(order));
        rig.until_over(order).await;
        rig.finish().await;
        return;
    }
    for units in [5, 2] {
        assert!(rig.amend(order, limit, units));
        settled(&mut rig, order).await;
        stands(&mut rig, order, limit, units).await;
    }
    rig.trade(order, 2);
    rig.until_over(order).await;
    assert!(!rig.updates(order).contains("Cancelled"), "{}", rig.updates(order));
    rig.finish().await;
}

pub(super) async fn what_is_filled_in_part_is_amended_by_its_rest<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    let order = rig.rest(Side::Buy, 4).await;
    rig.trade(order, 1);
    rig.until_state(order, OrderState::PartiallyFilled).await;
    let limit = nearer(&rig);
    assert!(rig.amend(order, limit, 4));
    settled(&mut rig, order).await;
    stands(&mut rig, order, limit, 3).await;
    rig.trade(order, 1);
    rig.until("another part", |rig| rig.life(order).is_some_and(|life| life.filled == Rig::<H>::units(2))).await;
    let whole = if H::TERMS.amends_quantity.is_ok() { 6 } else { 4 };
    if whole != 4 {
        // In all, of which two are filled.
        assert!(rig.amend(order, limit, whole));
        settled(&mut rig, order).await;
        stands(&mut rig, order, limit, whole - 2).await;
    }
    rig.trade(order, whole - 2);
    rig.until_over(order).await;
    assert!(!rig.updates(order).contains("Cancelled"), "{}", rig.updates(order));
    rig.finish().await;
}

pub(super) async fn an_amendment_without_an_answer_is_found<H: Harness>() {
    for fault in [OrderFault::LostAnswer, OrderFault::UnknownStatus, OrderFault::LostRequest] {
        let mut rig = Rig::<H>::ready().await;
        let order = rig.rest(Side::Buy, 3).await;
        let (before, next) = (rig.life(order).and_then(|life| life.limit).expect("a limit"), nearer(&rig));
        // No report comes: only questions tell.
        rig.set_faults("drop=1");
        rig.harness.fail_next(fault);
        assert!(rig.amend(order, next, 3));
        settled(&mut rig, order).await;
        let (limit, told) = match fault {
            OrderFault::LostRequest => (before, "AmendRejected"),
            _ => (next, "Amended"),
        };
        stands(&mut rig, order, limit, 3).await;
        assert!(rig.updates(order).contains(told), "{fault:?}: {}", rig.updates(order));
        rig.set_faults("");
        rig.trade(order, 3);
        rig.until_over(order).await;
        rig.finish().await;
    }
}

pub(super) async fn an_amendment_cut_off_by_a_restart_is_found<H: Harness>() {
    for fills_meanwhile in [false, true] {
        let mut rig = Rig::<H>::ready().await;
        let order = rig.rest(Side::Buy, 3).await;
        let next = nearer(&rig);
        // Neither an answer nor a report comes.
        rig.set_faults("drop=1");
        rig.harness.fail_next(OrderFault::LostAnswer);
        assert!(rig.amend(order, next, 3));
        rig.until("amended there", |rig| rig.theirs(order).iter().any(|row| row.limit == Some(next))).await;
        rig.restart(|rig| {
            rig.harness.set_faults("".parse().expect("no faults"));
            if fills_meanwhile {
                rig.trade(order, 3);
            }
        })
        .await;
        if !fills_meanwhile {
            rig.until("known again", |rig| rig.times_known() == 2).await;
            settled(&mut rig, order).await;
            stands(&mut rig, order, next, 3).await;
            rig.trade(order, 3);
        }
        rig.until_over(order).await;
        assert!(!rig.updates(order).contains("Cancelled"), "{}", rig.updates(order));
        rig.finish().await;
    }
}
