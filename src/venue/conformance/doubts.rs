//! Answers and reports that are lost, late, or come twice. An order is sent once, whatever is heard of it.

use super::harness::Harness;
use super::rig::Rig;
use crate::account::{OrderState, TimeInForce};
use crate::event::{Answer, Command, Event};
use crate::market::Side;
use crate::venue::faults::OrderFault;

pub(super) async fn a_lost_answer_is_made_up_by_a_report<H: Harness>() {
    for fault in [OrderFault::LostAnswer, OrderFault::UnknownStatus] {
        let mut rig = Rig::<H>::ready().await;
        rig.harness.fail_next(fault);
        let order = rig.rest(Side::Buy, 2).await;
        rig.trade(order, 2);
        rig.until_over(order).await;
        assert_eq!((rig.sent(), rig.submits()), (1, 1), "sent once");
        rig.finish().await;
    }
}

pub(super) async fn unknown_after_a_timeout_then_found_and_filled<H: Harness>() {
    for fault in [OrderFault::LostAnswer, OrderFault::UnknownStatus] {
        let mut rig = Rig::<H>::ready().await;
        // No report ever comes: only questions tell.
        rig.set_faults("drop=1");
        rig.harness.fail_next(fault);
        let order = rig.rest(Side::Buy, 3).await;
        assert!(rig.updates(order).starts_with("Unknown Accepted"), "{}", rig.updates(order));
        rig.trade(order, 1);
        rig.until_state(order, OrderState::PartiallyFilled).await;
        rig.trade(order, 2);
        rig.until_over(order).await;
        assert_eq!((rig.sent(), rig.submits()), (1, 1), "never sent again");
        rig.finish().await;
    }
}

pub(super) async fn an_order_that_never_arrived_is_given_up_only_when_it_no_longer_can<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    rig.harness.fail_next(OrderFault::LostRequest);
    let order = rig.rest_soon(Side::Buy, 2).await;
    rig.until_state(order, OrderState::Unknown).await;
    let lost = rig.life(order).expect("it lives").updated;
    rig.ask(order);
    rig.until_over(order).await;
    let updates = rig.updates(order);
    assert!(updates.starts_with("Unknown") && updates.ends_with("NotFound"), "{updates}");
    let told = rig.heard.iter().find(|row| matches!(&row.1, Event::Answer(answer) if **answer == Answer::NotFound { order }));
    let waited = told.expect("an answer").0.recv.since(lost);
    assert!(waited >= H::TERMS.settle_ns, "too early: {} ms", waited / 1_000_000);
    assert_eq!((rig.sent(), rig.submits()), (0, 1));
    rig.finish().await;
}

pub(super) async fn a_cancellation_without_an_answer_is_found<H: Harness>() {
    for fault in [OrderFault::LostAnswer, OrderFault::UnknownStatus, OrderFault::LostRequest] {
        let mut rig = Rig::<H>::ready().await;
        let order = rig.rest(Side::Buy, 2).await;
        // No report ever comes: only questions tell.
        rig.set_faults("drop=1");
        rig.harness.fail_next(fault);
        rig.say(Command::Cancel(order));
        if fault == OrderFault::LostRequest {
            // It is asked for until it is cancelled, by the kernel at the latest.
            rig.until("refused, or cancelled", |rig| rig.life(order).is_none_or(|life| !life.cancel_sent)).await;
            rig.say(Command::Cancel(order));
        }
        rig.until_over(order).await;
        assert!(rig.updates(order).contains("Cancelled"), "{fault:?}: {}", rig.updates(order));
        rig.finish().await;
    }
}

pub(super) async fn reports_that_come_twice_or_as_garbage_count_once<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    rig.set_faults("duplicate=1,garbage=0.3");
    for (side, units) in [(Side::Buy, 1), (Side::Sell, 2), (Side::Buy, 1)] {
        let order = rig.order(side, None, units, TimeInForce::Ioc);
        rig.until_over(order).await;
        rig.until_both_agree().await;
    }
    let order = rig.rest(Side::Buy, 2).await;
    rig.trade(order, 1);
    rig.until_state(order, OrderState::PartiallyFilled).await;
    rig.trade(order, 1);
    rig.until_over(order).await;
    rig.finish().await;
}

pub(super) async fn a_fill_that_comes_after_the_end_counts<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    // Each report comes after the one that follows it, or late.
    rig.set_faults("reorder=1,delay=0.5,delay-ms=20");
    for side in [Side::Sell, Side::Buy, Side::Sell] {
        let order = rig.rest(side, 2).await;
        rig.trade(order, 1);
        rig.say(Command::Cancel(order));
        rig.until_over(order).await;
        rig.until_both_agree().await;
    }
    rig.set_faults("");
    rig.finish().await;
}
