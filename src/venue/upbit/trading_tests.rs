//! What is Upbit's alone of real orders; what every venue does is in `venue/conformance`.

use super::conformance::Coins;
use crate::account::Amendment;
use crate::market::{Qty, Side};
use crate::venue::conformance::rig::Rig;
use crate::venue::gateway::Instruction;

#[tokio::test]
async fn an_amendment_that_the_venue_does_not_take_leaves_no_order_behind() {
    let mut rig = Rig::<Coins>::ready().await;
    let order = rig.rest(Side::Buy, 10).await;
    rig.trade(order, 4);
    rig.until("a part", |rig| rig.life(order).is_some_and(|life| life.filled == Rig::<Coins>::units(4))).await;
    // What would be left is worth less than the venue takes: the order there was is cancelled by the time it says so.
    let (limit, least) = (rig.percent(97), Qty::from_raw(Rig::<Coins>::units(4).raw() + 1));
    // The kernel would not let it leave: it goes out by another way.
    rig.instruct(Instruction::Amend(Amendment { order, price: limit, qty: least }));
    rig.until_over(order).await;
    let updates = rig.updates(order);
    assert!(updates.ends_with("AmendRejected Cancelled"), "{updates}");
    rig.finish().await;
}
