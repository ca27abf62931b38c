//! Cuts, restarts, clocks, limits, maintenance, keys.

use super::harness::{Harness, tell_otherwise};
use super::rig::{Rig, Setup};
use crate::account::{OrderState, TimeInForce};
use crate::event::Command;
use crate::market::Side;
use crate::venue::faults::OrderFault;
use crate::venue::secret::{Credentials, Secret};

pub(super) async fn cut_in_the_middle_of_an_order<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    let limit = rig.away(Side::Buy);
    let order = rig.order(Side::Buy, Some(limit), 2, TimeInForce::Gtc);
    rig.until("the venue has it", |rig| rig.theirs(order).len() == 1).await;
    rig.harness.cut();
    rig.trade(order, 1);
    rig.until("up again", |rig| rig.links().ends_with("down up")).await;
    rig.until_state(order, OrderState::PartiallyFilled).await;
    rig.trade(order, 1);
    rig.until_over(order).await;
    assert_eq!((rig.sent(), rig.submits()), (1, 1));
    rig.finish().await;
}

pub(super) async fn fills_while_nobody_listens_are_found<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    let order = rig.rest(Side::Buy, 3).await;
    for times in 2..4 {
        rig.harness.cut();
        // Whoever listens now is gone, or soon will be.
        rig.trade(order, 1);
        rig.until("known again", |rig| rig.times_known() >= times && rig.links().ends_with("down up")).await;
        rig.until_both_agree().await;
    }
    rig.trade(order, 1);
    rig.until_over(order).await;
    // And no order leaves while the account is not known.
    rig.harness.cut();
    rig.until("down", |rig| rig.links().ends_with("down")).await;
    assert_eq!(rig.try_order(Side::Buy, None, 1, TimeInForce::Ioc), None);
    rig.until("known again", |rig| rig.times_known() >= 4).await;
    let order = rig.market_soon(Side::Buy, 1).await;
    rig.until_over(order).await;
    rig.finish().await;
}

pub(super) async fn what_lets_us_in_expires<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    match H::TERMS.has_session {
        Ok(()) => rig.harness.expire(),
        Err(reason) => {
            tell_otherwise::<H>("expiry", reason, "connections that end are made anew");
            rig.harness.cut();
        }
    }
    let order = rig.rest(Side::Buy, 2).await;
    rig.trade(order, 2);
    rig.until_over(order).await;
    assert_eq!((rig.sent(), rig.submits()), (1, 1), "placed once");
    rig.finish().await;
}

pub(super) async fn too_many_requests_are_not_sent_again_and_cancellations_wait<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    let resting = rig.rest(Side::Buy, 2).await;
    rig.harness.fail_next(OrderFault::TooMany);
    let limit = rig.away(Side::Buy);
    let refused = rig.order(Side::Buy, Some(limit), 3, TimeInForce::Gtc);
    if let Err(reason) = H::TERMS.tells_too_many {
        tell_otherwise::<H>("refusal of too many", reason, "the order is at the venue once");
        rig.until_state(refused, OrderState::Open).await;
        assert_eq!((rig.updates(refused).as_str(), rig.sent()), ("Accepted", 2));
        rig.say(Command::Cancel(refused));
    }
    rig.until_over(refused).await;
    assert!(H::TERMS.tells_too_many.is_err() || rig.updates(refused) == "Rejected", "{}", rig.updates(refused));
    // A cancellation that is refused was not carried out: it is sent again, by itself.
    rig.harness.fail_next(OrderFault::TooMany);
    rig.say(Command::Cancel(resting));
    rig.until_over(resting).await;
    let updates = rig.updates(resting);
    assert!(updates.ends_with("Cancelled") && !updates.contains("CancelRejected"), "{updates}");
    assert_eq!((rig.sent(), rig.submits()), (if H::TERMS.tells_too_many.is_ok() { 1 } else { 2 }, 2));
    rig.finish().await;
}

pub(super) async fn clocks_may_differ_and_may_jump<H: Harness>() {
    let mut rig = Rig::<H>::ready_with(Setup { ahead_ms: -90_000, ..Setup::default() }).await;
    match H::TERMS.signs_time {
        Ok(()) => {
            let said = |rig: &Rig<H>| rig.heard.iter().any(|row| format!("{:?}", row.1).contains("behind the venue's"));
            rig.until("a clock 90 s off is worth a word", said).await;
        }
        Err(reason) => tell_otherwise::<H>("clock skew", reason, "orders are placed and filled all the same"),
    }
    // It jumps. A request that is refused for its time was not carried out.
    rig.set_ahead(30_000);
    let order = rig.rest(Side::Buy, 2).await;
    rig.trade(order, 2);
    rig.until_over(order).await;
    assert_eq!((rig.sent(), rig.submits()), (1, 1));
    rig.finish().await;
}

pub(super) async fn maintenance_is_waited_for<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    let resting = rig.rest(Side::Buy, 2).await;
    rig.harness.set_maintenance(true);
    // Before we hear of it: what becomes of this one nobody says. And a cancellation.
    let limit = rig.away(Side::Buy);
    let early = rig.order(Side::Buy, Some(limit), 1, TimeInForce::Gtc);
    rig.say(Command::Cancel(resting));
    rig.until("down", |rig| rig.links() == "up down").await;
    assert_eq!(rig.try_order(Side::Buy, Some(limit), 1, TimeInForce::Gtc), None, "no order leaves");
    rig.until("it is in doubt, or was not sent", |rig| rig.state(early).is_none_or(|state| state == OrderState::Unknown)).await;
    rig.harness.set_maintenance(false);
    rig.until("known again", |rig| rig.times_known() == 2).await;
    rig.until_over(early).await;
    assert_eq!(rig.sent(), 1, "{:?}", rig.harness.orders());
    // The venue took no cancellation; whether one is sent again or refused, the order is looked after.
    rig.until("cancelled, or refused", |rig| rig.life(resting).is_none_or(|life| !life.cancel_sent)).await;
    if rig.state(resting).is_some() {
        rig.say(Command::Cancel(resting));
    }
    rig.until_over(resting).await;
    let order = rig.rest(Side::Buy, 1).await;
    rig.trade(order, 1);
    rig.until_over(order).await;
    rig.finish().await;
}

pub(super) async fn a_restart_takes_open_orders_over<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    let (first, second) = (rig.rest(Side::Buy, 4).await, rig.rest(Side::Sell, 2).await);
    rig.trade(first, 1);
    rig.until_state(first, OrderState::PartiallyFilled).await;
    // While nobody is there, one is filled on and one is filled whole.
    rig.restart(|rig| {
        rig.trade(first, 1);
        rig.trade(second, 2);
    })
    .await;
    rig.until("known again", |rig| rig.times_known() == 2).await;
    rig.until_over(second).await;
    rig.until("the fill in between", |rig| rig.life(first).is_some_and(|life| life.filled == Rig::<H>::units(2))).await;
    // Known by their names or numbers, not taken for somebody else's.
    assert!(!rig.has_notice("reconcile.foreign_order"), "{}", rig.story());
    rig.trade(first, 1);
    rig.say(Command::Cancel(first));
    rig.until_over(first).await;
    rig.finish().await;
}

pub(super) async fn a_wrong_key_ends_it_with_one_clear_line<H: Harness>() {
    let credentials = Credentials { key: Secret::new("CANARY-wrong-key"), secret: Secret::new("CANARY-wrong-secret") };
    let rig = Rig::<H>::start(Setup { credentials, ..Setup::default() }).await;
    let line = rig.ended().await;
    assert!(H::TERMS.wrong_key.iter().all(|word| line.contains(word)), "{line}");
    assert!(!line.contains("CANARY") && !line.contains('\n'), "{line}");
}
