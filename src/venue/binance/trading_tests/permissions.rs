//! What is settled before the first order: the key's permissions, leverage and kind of margin.

use super::{Rig, Setup, Spot, UsdM};
use crate::venue::binance::config::Margin;
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

#[tokio::test]
async fn leverage_and_margin_are_set_before_anything_is_known() {
    let mut market = UsdM::start(7).await;
    (market.leverage, market.margin) = (Some(20), Some(Margin::Isolated));
    let mut rig = Rig::at(market, Setup::default());
    rig.until("the account is known", |rig| rig.times_known() > 0).await;
    assert_eq!(rig.harness.emulator.margin("BTCUSDT"), (Some(20), Some("ISOLATED".into())));
    // The next session asks again, and the venue says "No need to change margin type" (-4046).
    rig.restart(|_| ()).await;
    rig.until("the account is known again", |rig| rig.times_known() > 1).await;
    assert_eq!(rig.harness.emulator.margin("BTCUSDT"), (Some(20), Some("ISOLATED".into())));
}

/// An account begins with cross margin: the emulator answers -4046 and notes nothing, and the session goes on to the leverage.
#[tokio::test]
async fn no_need_to_change_the_margin_is_as_good_as_done() {
    let mut market = UsdM::start(7).await;
    (market.leverage, market.margin) = (Some(3), Some(Margin::Cross));
    let mut rig = Rig::at(market, Setup::default());
    rig.until_ready().await;
    assert_eq!(rig.harness.emulator.margin("BTCUSDT"), (Some(3), None));
}

#[tokio::test]
async fn a_refused_leverage_ends_the_start_in_one_line() {
    let mut market = UsdM::start(7).await;
    market.leverage = Some(126);
    let error = Rig::at(market, Setup::default()).ended().await;
    for part in ["leverage 126 of BTCUSDT", "-4028: Leverage is not valid", "`leverage`", "BTCUSDT 레버리지 126"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(error.lines().count(), 1, "{error}");
}
