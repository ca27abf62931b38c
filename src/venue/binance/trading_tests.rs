//! What is Binance's alone of real orders; what every venue does is in `venue/conformance`.

mod permissions;
mod session;

use super::conformance::{Market, Spot, UsdM};
use crate::account::TimeInForce;
use crate::event::Command;
use crate::market::{Qty, Side};
use crate::venue::conformance::harness::{Harness, INSTRUMENT};
use crate::venue::conformance::rig::{Rig, Setup};
use crate::venue::faults::OrderFault;

#[tokio::test]
async fn fees_are_paid_in_bnb() {
    let mut rig = Rig::at(Spot::start_with(7, true).await, Setup::default());
    rig.until_ready().await;
    let before: Qty = rig.kernel.portfolio().position(INSTRUMENT).qty;
    let order = rig.order(Side::Buy, None, 1, TimeInForce::Ioc);
    rig.until_over(order).await;
    rig.until_both_agree().await;
    let funds = rig.harness.emulator.funds(Spot::KIND, 0).expect("an account");
    assert!(funds.fees.get("BNB").is_some_and(|fee| fee.is_positive()), "{funds:?}");
    assert_eq!(rig.kernel.portfolio().position(INSTRUMENT).qty.checked_sub(before), Some(Rig::<Spot>::units(1)));
    rig.finish().await;
}

#[tokio::test]
async fn after_too_many_requests_nothing_new_leaves_for_as_long_as_the_venue_wants() {
    silence::<true>().await;
    silence::<false>().await;
}

async fn silence<const SPOT: bool>() {
    let mut rig = Rig::<Market<SPOT>>::ready().await;
    let resting = rig.rest(Side::Buy, 2).await;
    let limit = rig.away(Side::Buy);
    rig.harness.fail_next(OrderFault::TooMany);
    let refused = rig.order(Side::Buy, Some(limit), 3, TimeInForce::Gtc);
    rig.until_over(refused).await;
    // The venue wants a second of silence: a new order is refused here, a cancellation waits.
    let early = rig.order(Side::Buy, Some(limit), 4, TimeInForce::Gtc);
    rig.say(Command::Cancel(resting));
    rig.until_over(early).await;
    assert!(rig.state(resting).is_some(), "it was cancelled in the silence");
    rig.until_over(resting).await;
    assert_eq!((rig.updates(refused).as_str(), rig.updates(early).as_str()), ("Rejected", "Rejected"));
    assert_eq!(rig.sent(), 1);
    rig.finish().await;
}

#[tokio::test]
async fn hedge_mode_is_refused_in_clear_words() {
    let market = UsdM::start(7).await;
    market.emulator.set_hedge_mode(true);
    let error = Rig::at(market, Setup::default()).ended().await;
    assert!(error.contains("one-way mode") && error.contains("헤지"), "{error}");
}
