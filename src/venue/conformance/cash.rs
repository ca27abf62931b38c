//! Deposits, withdrawals, funding: while connected, while cut off, and while nobody runs.

use super::harness::{Harness, INSTRUMENT, tell_otherwise};
use super::rig::Rig;
use crate::account::TimeInForce;
use crate::market::{Currency, Money, Rate, Side};

fn quote<H: Harness>(rig: &Rig<H>) -> Currency {
    rig.kernel.instruments().next().expect("an instrument").quote
}

fn put_in<H: Harness>(rig: &Rig<H>) -> Money {
    rig.kernel.portfolio().cash(H::TERMS.venue, quote(rig)).deposited
}

fn total<H: Harness>(rig: &Rig<H>) -> Money {
    rig.kernel.portfolio().cash(H::TERMS.venue, quote(rig)).total
}

fn units(count: i64) -> Money {
    Money::from_raw(i128::from(count) * i128::from(crate::market::number::ONE))
}

/// Whether the venue moves cash at all, in this suite.
fn moves<H: Harness>() -> bool {
    H::TERMS.moves_cash.inspect_err(|reason| tell_otherwise::<H>("deposits", reason, "nothing")).is_ok()
}

pub(super) async fn deposits_and_withdrawals_while_connected<H: Harness>() {
    if !moves::<H>() {
        return;
    }
    let mut rig = Rig::<H>::ready().await;
    let (currency, before, held) = (quote(&rig), put_in(&rig), total(&rig));
    assert!(rig.harness.transfer(currency, units(500)));
    rig.until("the deposit is booked", |rig| put_in(rig).checked_sub(before) == Some(units(500))).await;
    assert!(rig.harness.transfer(currency, units(-200)));
    rig.until("the withdrawal is booked", |rig| put_in(rig).checked_sub(before) == Some(units(300))).await;
    // It is neither profit nor loss, and can be used.
    let result = rig.kernel.results().find(|row| row.currency == currency).expect("an account");
    assert_eq!((result.cash.realised, result.income), (Money::ZERO, Money::ZERO));
    assert_eq!(total(&rig).checked_sub(held), Some(units(300)));
    let order = rig.market_soon(Side::Buy, 1).await;
    rig.until_over(order).await;
    // Asked for again, it is not booked again.
    rig.harness.cut();
    rig.until("known again", |rig| rig.times_known() >= 2).await;
    rig.until_both_agree().await;
    assert_eq!(put_in(&rig).checked_sub(before), Some(units(300)));
    assert!(!rig.has_notice("reconcile.cash"), "{}", rig.story());
    rig.finish().await;
}

pub(super) async fn deposits_while_nobody_listens_are_found<H: Harness>() {
    if !moves::<H>() {
        return;
    }
    let mut rig = Rig::<H>::ready().await;
    let (currency, before) = (quote(&rig), put_in(&rig));
    let booked = |rig: &Rig<H>, so_far| put_in(rig).checked_sub(before) == Some(units(so_far));
    rig.harness.set_maintenance(true);
    rig.until("down", |rig| rig.links().ends_with("down")).await;
    assert!(rig.harness.transfer(currency, units(700)));
    rig.harness.set_maintenance(false);
    if let Err(reason) = H::TERMS.tells_missed_cash {
        tell_otherwise::<H>("a deposit that was missed", reason, "it is told as a difference, until it is gone again");
        rig.until("the difference is told", |rig| rig.has_notice("reconcile.cash")).await;
        assert!(booked(&rig, 0));
        rig.restart(|rig| assert!(rig.harness.transfer(currency, units(-700)))).await;
        rig.until("known again", |rig| rig.times_known() >= 3).await;
        rig.until_both_agree().await;
        rig.finish().await;
        return;
    }
    rig.until("the deposit is found", |rig| booked(rig, 700) && rig.times_known() >= 2).await;
    rig.restart(|rig| {
        assert!(rig.harness.transfer(currency, units(-100)));
        assert!(rig.harness.transfer(currency, units(50)));
    })
    .await;
    rig.until("those of the time between", |rig| booked(rig, 650) && rig.times_known() >= 3).await;
    rig.until_both_agree().await;
    assert!(!rig.has_notice("reconcile.cash"), "{}", rig.story());
    rig.finish().await;
}

pub(super) async fn funding_is_booked_while_connected_and_while_not<H: Harness>() {
    if let Err(reason) = H::TERMS.charges_funding {
        tell_otherwise::<H>("funding", reason, "nothing");
        return;
    }
    let mut rig = Rig::<H>::ready().await;
    let funding = |rig: &Rig<H>| rig.kernel.portfolio().funding(INSTRUMENT);
    let rate = Rate::from_raw(10_000);
    assert!(!rig.harness.fund(rate), "nothing is held, nothing is charged");
    let order = rig.market_soon(Side::Buy, 4).await;
    rig.until_over(order).await;
    assert!(rig.harness.fund(rate));
    rig.until("longs have paid", |rig| funding(rig).is_negative()).await;
    rig.until_both_agree().await;
    let paid = funding(&rig);
    let realised = rig.kernel.portfolio().position(INSTRUMENT).realised;
    // Shorts receive it.
    let order = rig.order(Side::Sell, None, 8, TimeInForce::Ioc);
    rig.until_over(order).await;
    rig.harness.set_maintenance(true);
    rig.until("down", |rig| rig.links().ends_with("down")).await;
    assert!(rig.harness.fund(rate));
    rig.harness.set_maintenance(false);
    rig.until("known again, and shorts have received", |rig| funding(rig) > paid && rig.times_known() >= 2).await;
    rig.restart(|rig| assert!(rig.harness.fund(rate))).await;
    let after = funding(&rig);
    rig.until("that of the time between", |rig| funding(rig) > after && rig.times_known() >= 3).await;
    rig.until_both_agree().await;
    assert!(!rig.has_notice("reconcile.cash"), "{}", rig.story());
    assert_eq!(rig.kernel.results().map(|row| row.income).find(|income| !income.is_zero()), Some(funding(&rig)));
    assert_eq!(realised, Money::ZERO, "funding is no profit of a trade");
    rig.finish().await;
}

pub(super) async fn what_the_venue_closes_by_itself_is_booked_and_stops_trading<H: Harness>() {
    if let Err(reason) = H::TERMS.charges_funding {
        tell_otherwise::<H>("liquidation", reason, "nothing");
        return;
    }
    let mut rig = Rig::<H>::ready().await;
    let told = |rig: &Rig<H>| rig.heard.iter().any(|row| format!("{:?}", row.1).contains("Brackets"));
    rig.until("the margin's steps", told).await;
    let order = rig.order(Side::Sell, None, 4, TimeInForce::Ioc);
    rig.until_over(order).await;
    // Short of a fraction of the wallet: far away, but somewhere.
    let (price, last) = (rig.kernel.liquidation(INSTRUMENT).expect("a price"), rig.kernel.last(INSTRUMENT).expect("a price"));
    assert!(price > last, "{price} {last}");
    assert!(rig.harness.liquidate());
    rig.until("trading has stopped", |rig| rig.kernel.killed().is_some_and(|reason| reason.contains("autoclose"))).await;
    rig.until_both_agree().await;
    assert!(rig.kernel.portfolio().position(INSTRUMENT).is_flat());
    assert_eq!((rig.kernel.liquidation(INSTRUMENT), rig.harness.liquidate()), (None, false));
    rig.harness.cut();
    rig.until("known again", |rig| rig.times_known() >= 2).await;
    assert!(!rig.has_notice("reconcile.position") && !rig.has_notice("orders.not_ours"), "{}", rig.story());
    rig.stop().await;
}
