//! What is settled before the first order: the key's permissions.

use super::{Rig, Setup, Spot, UsdM};
use crate::venue::conformance::harness::Harness as _;

#[tokio::test]
async fn a_key_that_may_withdraw_is_refused() {
    let market = Spot::start(7).await;
    market.emulator.set_may_withdraw(true);
    let error = Rig::at(market, Setup::default()).ended().await;
    assert!(error.contains("may withdraw") && error.contains("출금"), "{error}");
}

/// Futures' host does not say what a key may do: the session begins.
#[tokio::test]
async fn where_it_cannot_be_told_the_session_begins() {
    let market = UsdM::start(7).await;
    market.emulator.set_may_withdraw(true);
    let mut rig = Rig::at(market, Setup::default());
    rig.until_ready().await;
    assert_eq!(rig.harness.emulator.margin("BTCUSDT"), (None, None), "nothing is set where nothing is said");
}
