//! Connecting, watching; placing, filling, cancelling, refusing.

use jangbu_journal::Seq;

use super::harness::{Harness, INSTRUMENT};
use super::rig::Rig;
use crate::account::{NewOrder, OrderId, OrderState, OrderType, SessionId, StrategyId, TimeInForce};
use crate::event::{Command, Event, MarketEvent};
use crate::market::{InstrumentId, Price, Qty, Side};
use crate::venue::gateway::Instruction;

const GTC: TimeInForce = TimeInForce::Gtc;

pub(super) async fn connects_and_knows_the_account<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    assert_eq!(rig.links(), "up");
    assert!(rig.has_notice("reconcile.adopted"), "{:?}", rig.notices);
    rig.until_both_agree().await;
    rig.finish().await;
}

fn is_trade(event: &Event) -> bool {
    matches!(event, Event::Market(MarketEvent::Trade(trade)) if trade.instrument == INSTRUMENT)
}

fn is_whole_book(event: &Event) -> bool {
    matches!(event, Event::Market(MarketEvent::Depth(depth)) if depth.snapshot && depth.instrument == INSTRUMENT)
}

fn is_lost_book(event: &Event) -> bool {
    matches!(event, Event::Market(MarketEvent::BookLost(id)) if *id == INSTRUMENT)
}

pub(super) async fn market_data_come_and_the_book_is_the_venues<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    // Watched since the start; asked for again, it stays so.
    rig.instruct(Instruction::Subscribe { instrument: INSTRUMENT, on: true });
    let from = rig.heard.len();
    rig.until("a trade", |rig| rig.heard[from..].iter().any(|row| is_trade(&row.1))).await;
    rig.until("the book is the venue's", Rig::has_their_book).await;
    rig.finish().await;
}

pub(super) async fn a_book_that_was_lost_comes_again<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    rig.until("the book is the venue's", Rig::has_their_book).await;
    let from = rig.heard.len();
    rig.harness.cut();
    rig.until("the book is lost", |rig| rig.heard[from..].iter().any(|row| is_lost_book(&row.1))).await;
    let lost = rig.heard.len();
    rig.until("a whole book", |rig| rig.heard[lost..].iter().any(|row| is_whole_book(&row.1))).await;
    rig.until("the book is the venue's", Rig::has_their_book).await;
    rig.until("a trade", |rig| rig.heard[lost..].iter().any(|row| is_trade(&row.1))).await;
    rig.finish().await;
}

pub(super) async fn placed_and_filled_in_parts<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    let limit = rig.away(Side::Buy);
    let order = rig.order(Side::Buy, Some(limit), 3, GTC);
    rig.until_state(order, OrderState::Open).await;
    assert_eq!(rig.theirs(order).len(), 1);
    rig.trade(order, 1);
    rig.until_state(order, OrderState::PartiallyFilled).await;
    rig.trade(order, 2);
    rig.until_over(order).await;
    assert_eq!(rig.updates(order).replace(" Filled", ""), "Accepted");
    let reparsed = rig.finish().await;
    assert!(!H::TERMS.names_fills || reparsed.fills >= 2, "fills of frames and of the journal were not compared: {reparsed:?}");
}

pub(super) async fn cancelled_after_a_part<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    let limit = rig.away(Side::Sell);
    let order = rig.order(Side::Sell, Some(limit), 2, GTC);
    rig.until_state(order, OrderState::Open).await;
    rig.trade(order, 1);
    // Whether its fill is known by then or not.
    rig.say(Command::Cancel(order));
    rig.until_over(order).await;
    rig.until_both_agree().await;
    let updates = rig.updates(order);
    assert!(updates.contains("Filled") && updates.contains("Cancelled"), "{updates}");
    rig.finish().await;
}

pub(super) async fn market_orders_take_from_the_book<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    let sold = if H::TERMS.shorts { 3 } else { 2 };
    for (side, units) in [(Side::Buy, 1), (Side::Sell, sold), (Side::Buy, 1)] {
        let order = rig.order(side, None, units, TimeInForce::Ioc);
        rig.until_over(order).await;
        assert!(rig.updates(order).contains("Filled"), "{}", rig.updates(order));
        rig.until_both_agree().await;
    }
    assert_eq!(rig.kernel.portfolio().position(INSTRUMENT).qty.is_negative(), H::TERMS.shorts);
    rig.finish().await;
}

pub(super) async fn time_in_force_is_the_venues<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    let (far, across) = (rig.away(Side::Buy), rig.percent(100 + H::TERMS.away));
    for (limit, time_in_force, fills) in
        [(far, TimeInForce::Ioc, false), (far, TimeInForce::Fok, false), (across, TimeInForce::Ioc, true)]
    {
        let order = rig.order(Side::Buy, Some(limit), 1, time_in_force);
        rig.until_over(order).await;
        let updates = rig.updates(order);
        assert!(updates.starts_with("Accepted") && updates.contains("Filled") == fills, "{time_in_force:?}: {updates}");
    }
    let order = rig.order(Side::Buy, Some(across), 1, TimeInForce::PostOnly);
    rig.until_over(order).await;
    assert_eq!(rig.updates(order), "Rejected");
    rig.finish().await;
}

pub(super) async fn what_breaks_a_rule_is_refused_and_told<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    // The kernel would let none of these leave: they go out by another way.
    let limit = rig.away(Side::Buy);
    let wrong = |index, instrument, price, qty| NewOrder {
        id: OrderId { session: SessionId(1), seq: Seq::new(1_000_000), index },
        strategy: StrategyId::MANUAL,
        instrument,
        side: Side::Buy,
        order_type: OrderType::Limit(price),
        time_in_force: GTC,
        qty,
        reduce_only: false,
    };
    let (one, many) = (Rig::<H>::units(1), Rig::<H>::units(9_000));
    let rows = [
        ("off the tick", INSTRUMENT, Price::from_raw(limit.raw() + 1), one, ""),
        ("a part of a lot", INSTRUMENT, limit, Qty::from_raw(1), ""),
        ("not one of ours", InstrumentId(77), limit, one, "not sent"),
        ("too much", INSTRUMENT, limit, many, H::TERMS.too_little),
    ];
    for (index, (what, instrument, price, qty, words)) in rows.into_iter().enumerate() {
        let request = wrong(u16::try_from(index).expect("few"), instrument, price, qty);
        rig.instruct(Instruction::Submit(request));
        rig.until(what, |rig| rig.updates(request.id) == "Rejected").await;
        assert!(rig.refusals().contains(words), "{what}: {}", rig.refusals());
    }
    assert_eq!(rig.sent(), 0, "{:?}", rig.harness.orders());
    rig.stop().await;
}

pub(super) async fn orders_that_are_not_ours_are_told_and_left_alone<H: Harness>() {
    let mut rig = Rig::<H>::ready().await;
    let (limit, qty) = (rig.away(Side::Buy), Rig::<H>::units(1));
    rig.harness.place_as_a_stranger(limit, qty).await;
    rig.until("told", |rig| rig.has_notice("reconcile.foreign_order")).await;
    let rows = rig.harness.orders();
    assert!(matches!(rows.as_slice(), [row] if row.is_open && row.open == qty), "{rows:?}");
    assert_eq!(rig.submits(), 0);
    rig.stop().await;
}
