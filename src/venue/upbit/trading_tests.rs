//! Real orders from end to end: kernel, gateway, sockets, emulator. At the end of each scenario both ledgers are equal to the
//! unit, a replay decides the same, and no key shows anywhere.

mod rig;

use crate::account::{Amendment, NewOrder, Order, OrderId, OrderState, OrderType, SessionId, StrategyId, TimeInForce};
use crate::event::{Command, Event, OrderEvent, OrderUpdate};
use crate::market::{Price, Side};
use crate::venue::gateway::Instruction;
use crate::venue::secret::{Credentials, Secret};
use rig::{Rig, Setup, XRP, price, qty, question, submits};

const GTC: TimeInForce = TimeInForce::Gtc;

async fn ready(setup: Setup) -> Rig {
    let mut rig = Rig::start(setup).await;
    rig.ready().await;
    rig
}

/// Reasons of refusals so far.
fn reasons(rig: &Rig) -> String {
    let reason = |event: &Event| match event {
        Event::Order(order) => format!("{:?}", order.update),
        _ => String::new(),
    };
    rig.heard.iter().map(|row| reason(&row.1)).filter(|text| text.contains("Rejected")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn placed_filled_in_parts_and_cancelled() {
    let mut rig = ready(Setup::default()).await;
    let limit = rig.percent(97);
    let order = rig.order(Side::Buy, Some(limit), "300", GTC);
    rig.until("accepted", |rig| rig.state(order) == Some(OrderState::Open)).await;
    rig.trade(order, "100");
    rig.until("a part", |rig| rig.state(order) == Some(OrderState::PartiallyFilled)).await;
    rig.trade(order, "200");
    rig.until("all", |rig| rig.is_over(order)).await;
    assert_eq!(rig.updates(order).replace(" Filled", ""), "Accepted");
    // And one that is cancelled after a part.
    let limit = rig.percent(104);
    let order = rig.order(Side::Sell, Some(limit), "1900", GTC);
    rig.until("accepted", |rig| rig.state(order) == Some(OrderState::Open)).await;
    rig.trade(order, "20");
    rig.say(Command::Cancel(order));
    rig.until("cancelled", |rig| rig.is_over(order)).await;
    let updates = rig.updates(order);
    assert!(updates.contains("Filled") && updates.ends_with("Cancelled"), "{updates}");
    rig.finish().await;
}

#[tokio::test]
async fn market_orders_and_times_in_force() {
    let mut rig = ready(Setup::default()).await;
    for (side, amount) in [(Side::Buy, "100.5"), (Side::Sell, "300"), (Side::Sell, "50.00000001")] {
        let order = rig.order(side, None, amount, TimeInForce::Ioc);
        rig.until("over", |rig| rig.is_over(order)).await;
        assert!(rig.updates(order).contains("Filled"), "{}", rig.updates(order));
    }
    let (far, across) = (rig.percent(96), rig.percent(103));
    for (limit, time_in_force, expected) in [
        (far, TimeInForce::Ioc, "Accepted Expired"),
        (far, TimeInForce::Fok, "Accepted Expired"),
        (across, TimeInForce::Ioc, "Accepted Filled"),
        (across, TimeInForce::PostOnly, "Rejected"),
    ] {
        let order = rig.order(Side::Buy, Some(limit), "10", time_in_force);
        rig.until("over", |rig| rig.is_over(order)).await;
        assert!(rig.updates(order).starts_with(expected), "{time_in_force:?}: {}", rig.updates(order));
    }
    rig.finish().await;
}

#[tokio::test]
async fn what_the_venue_refuses_is_told_in_its_words() {
    let mut rig = ready(Setup::default()).await;
    let mut request = NewOrder {
        id: OrderId { session: SessionId(1), seq: jangbu_journal::Seq::new(900), index: 0 },
        strategy: StrategyId::MANUAL,
        instrument: XRP,
        side: Side::Buy,
        order_type: OrderType::Limit(price("3000")),
        time_in_force: GTC,
        qty: qty("1"),
        reduce_only: false,
    };
    rig.instruct(Instruction::Submit(request));
    rig.until("too small", |rig| reasons(rig).contains("under_min_total_bid")).await;
    (request.id.index, request.qty) = (1, qty("90000"));
    rig.instruct(Instruction::Submit(request));
    rig.until("too much", |rig| reasons(rig).contains("insufficient_funds_bid")).await;
    (request.id.index, request.order_type) = (2, OrderType::Limit(price("3000.5")));
    rig.instruct(Instruction::Submit(request));
    rig.until("off the tick", |rig| reasons(rig).contains("invalid_price_bid")).await;
    (request.id.index, request.instrument) = (3, crate::market::InstrumentId(9));
    rig.instruct(Instruction::Submit(request));
    rig.until("not ours", |rig| reasons(rig).contains("not one of the settings")).await;
    assert_eq!(rig.sent(), 0);
    rig.stop().await;
}

/// The kernel amends only for strategies; here the test takes its place, and the order's life says whether what is told is legal.
async fn amend(rig: &mut Rig, life: &mut Order, price: Price, amount: &str) {
    let from = rig.heard.len();
    let order = life.request.id;
    let amendment = Amendment { order, price, qty: qty(amount) };
    life.amend_sent = Some(amendment);
    rig.instruct(Instruction::Amend(amendment));
    let is_amended = |row: &(jangbu_journal::Stamp, Event)| {
        matches!(&row.1, Event::Order(OrderEvent { update: OrderUpdate::Amended { .. } | OrderUpdate::AmendRejected { .. }, .. }))
    };
    rig.until("amended, or not", |rig| rig.heard[from..].iter().any(is_amended)).await;
    for (stamp, event) in &rig.heard[from..] {
        if let Event::Order(OrderEvent { order: of, update }) = event
            && *of == order
        {
            life.update(update, stamp.recv).unwrap_or_else(|illegal| panic!("{illegal}"));
        }
    }
}

fn life(rig: &Rig, order: OrderId) -> Order {
    rig.kernel.orders().find(|one| one.request.id == order).cloned().expect("it lives")
}

#[tokio::test]
async fn a_new_price_and_a_new_quantity() {
    let mut rig = ready(Setup::default()).await;
    let (limit, lower) = (rig.percent(92), rig.percent(91));
    let order = rig.order(Side::Buy, Some(limit), "400", GTC);
    rig.until("accepted", |rig| rig.state(order) == Some(OrderState::Open)).await;
    let mut known = life(&rig, order);
    amend(&mut rig, &mut known, lower, "400").await;
    assert_eq!((known.qty, known.limit, known.amend_sent), (qty("400"), Some(lower), None));
    rig.trade(order, "100");
    rig.until("a part", |rig| rig.state(order) == Some(OrderState::PartiallyFilled)).await;
    let mut known = life(&rig, order);
    // Down to 250 in all: 150 are left.
    amend(&mut rig, &mut known, limit, "250").await;
    assert_eq!((known.qty, known.limit, known.amend_sent), (qty("250"), Some(limit), None));
    assert!(rig.venue_name(order).ends_with("-2"), "{}", rig.venue_name(order));
    // What the venue does not take leaves no order behind: the one there was is cancelled by then.
    let mut known = life(&rig, order);
    amend(&mut rig, &mut known, lower, "100.00000001").await;
    rig.until("over", |rig| rig.is_over(order)).await;
    let updates = rig.updates(order);
    assert!(updates.ends_with("AmendRejected Cancelled"), "{updates}");
    rig.until("the ledgers agree", |rig| rig.difference().is_none()).await;
    rig.stop().await;
}

#[tokio::test]
async fn a_lost_answer_is_made_up_by_report_or_question() {
    for faults in ["lost-ack=1", "lost-ack=1,drop=1"] {
        let mut rig = ready(Setup::default()).await;
        rig.emulator.set_faults(faults.parse().expect("a plan"));
        let limit = rig.percent(97);
        let order = rig.order(Side::Buy, Some(limit), "200", GTC);
        rig.until("known", |rig| rig.state(order) == Some(OrderState::Open)).await;
        rig.trade(order, "50");
        rig.until("a part", |rig| rig.state(order) == Some(OrderState::PartiallyFilled)).await;
        rig.trade(order, "150");
        rig.until("filled", |rig| rig.is_over(order)).await;
        assert_eq!(rig.sent(), 1, "sent once");
        assert!(submits(&rig.effects).values().all(|count| *count == 1));
        rig.emulator.set_faults(Default::default());
        rig.finish().await;
    }
}

#[tokio::test]
async fn an_order_that_never_arrived_is_given_up_only_when_it_no_longer_can() {
    let mut rig = ready(Setup::default()).await;
    // Refused as a nonce used twice: whether an earlier copy was carried out, nobody knows.
    rig.emulator.set_faults("session=1".parse().expect("a plan"));
    let limit = rig.percent(96);
    let order = rig.order(Side::Buy, Some(limit), "20", GTC);
    rig.until("unknown", |rig| rig.state(order) == Some(OrderState::Unknown)).await;
    let lost = rig.heard.last().map(|row| row.0.recv).expect("an event");
    rig.emulator.set_faults(Default::default());
    rig.instruct(question(order));
    rig.until("not found", |rig| rig.is_over(order)).await;
    assert_eq!(rig.updates(order), "Unknown NotFound");
    let told = rig.heard.iter().rev().find(|row| matches!(&row.1, Event::Answer(_))).map(|row| row.0.recv).expect("an answer");
    assert!(told.since(lost) >= 500_000_000, "too early: {} ms", told.since(lost) / 1_000_000);
    assert_eq!(rig.sent(), 0);
    rig.finish().await;
}

#[tokio::test]
async fn reports_that_come_twice_or_as_garbage_count_once() {
    let mut rig = ready(Setup { faults: "duplicate=1,garbage=0.3", ..Setup::default() }).await;
    for (side, amount) in [(Side::Buy, "100"), (Side::Sell, "200"), (Side::Buy, "10")] {
        let order = rig.order(side, None, amount, TimeInForce::Ioc);
        rig.until("filled", |rig| rig.is_over(order)).await;
    }
    assert_eq!(rig.kernel.counts().fills, rig.emulator.stats().fills);
    rig.finish().await;
}

#[tokio::test]
async fn fills_while_the_stream_is_down_are_found_after_it() {
    let mut rig = ready(Setup::default()).await;
    let limit = rig.percent(97);
    let order = rig.order(Side::Buy, Some(limit), "300", GTC);
    rig.until("accepted", |rig| rig.state(order) == Some(OrderState::Open)).await;
    rig.emulator.cut_connections();
    // Whoever listens now is gone, or soon will be.
    rig.trade(order, "100");
    rig.until("up again", |rig| rig.links().ends_with("down up")).await;
    rig.until("a part", |rig| rig.state(order) == Some(OrderState::PartiallyFilled)).await;
    rig.until("known again", |rig| rig.notices.iter().filter(|one| one.code == "reconcile.done").count() >= 2).await;
    rig.trade(order, "200");
    rig.until("filled", |rig| rig.is_over(order)).await;
    rig.finish().await;
}

#[tokio::test]
async fn too_many_requests_are_not_sent_again_and_cancellations_wait() {
    let mut rig = ready(Setup::default()).await;
    let limit = rig.percent(96);
    let resting = rig.order(Side::Buy, Some(limit), "20", GTC);
    rig.until("accepted", |rig| rig.state(resting) == Some(OrderState::Open)).await;
    rig.emulator.set_faults("storm=1,storm-requests=0".parse().expect("a plan"));
    let refused = rig.order(Side::Buy, Some(limit), "30", GTC);
    rig.until("refused", |rig| rig.is_over(refused)).await;
    rig.say(Command::Cancel(resting));
    let before = rig.emulator.stats().rest_calls;
    rig.until("asked in vain", |rig| rig.emulator.stats().rest_calls > before).await;
    rig.emulator.set_faults(Default::default());
    rig.until("cancelled", |rig| rig.is_over(resting)).await;
    assert_eq!(rig.updates(refused), "Rejected");
    assert!(reasons(&rig).contains("too_many_requests"), "{}", reasons(&rig));
    assert_eq!(rig.sent(), 1);
    rig.finish().await;
}

#[tokio::test]
async fn a_restart_finds_its_orders_and_what_became_of_them() {
    let mut rig = ready(Setup::default()).await;
    let (limit, lower) = (rig.percent(96), rig.percent(95));
    let order = rig.order(Side::Buy, Some(limit), "400", GTC);
    let other = rig.order(Side::Sell, Some(rig.percent(106)), "50", GTC);
    rig.until("accepted", |rig| [order, other].iter().all(|id| rig.state(*id) == Some(OrderState::Open))).await;
    let mut known = life(&rig, order);
    amend(&mut rig, &mut known, lower, "400").await;
    rig.trade(order, "40");
    rig.until("a part", |rig| rig.state(order) == Some(OrderState::PartiallyFilled)).await;
    let name = rig.venue_name(order);
    rig.restart(|emulator| assert!(emulator.trade(&name, qty("60")))).await;
    rig.until("known again", |rig| rig.notices.iter().filter(|one| one.code == "reconcile.done").count() >= 2).await;
    rig.until("the fill in between", |rig| rig.kernel.orders().any(|one| one.request.id == order && one.filled >= qty("100")))
        .await;
    rig.trade(order, "100");
    rig.say(Command::Cancel(order));
    rig.say(Command::Cancel(other));
    rig.until("over", |rig| rig.is_over(order) && rig.is_over(other)).await;
    rig.until("the ledgers agree", |rig| rig.difference().is_none()).await;
    rig.stop().await;
}

#[tokio::test]
async fn keys_that_are_not_taken_end_it() {
    let credentials = Credentials { key: Secret::new("CANARY-stranger"), secret: Secret::new("CANARY-stranger-secret") };
    let rig = Rig::start(Setup { credentials, ..Setup::default() }).await;
    let said = rig.ended().await;
    assert!(said.contains("invalid_access_key") && !said.contains("CANARY"), "{said}");
}

#[tokio::test]
async fn whatever_goes_wrong_the_ledgers_agree_at_the_end() {
    const FAULTS: &str = "drop=0.1,duplicate=0.1,reorder=0.1,garbage=0.05,disconnect=0.01,lost-ack=0.15,session=0.03,\
                          storm=0.03,storm-requests=1,delay=0.1,delay-ms=5";
    for seed in [1, 2, 3] {
        let mut rig = ready(Setup { seed, ..Setup::default() }).await;
        rig.emulator.set_faults(format!("{FAULTS},seed={seed}").parse().expect("a plan"));
        let mut placed: Vec<OrderId> = Vec::new();
        for round in 0..12_i64 {
            let side = if round % 2 == 0 { Side::Buy } else { Side::Sell };
            // Some cross the book, some rest.
            let away = [-1, 2, 0, 3][usize::try_from(round % 4).expect("small")];
            let limit = rig.percent(if side == Side::Buy { 100 - away } else { 100 + away });
            placed.extend(rig.try_order(side, Some(limit), "30", GTC));
            let heard = rig.heard.len();
            rig.until("something happens", |rig| rig.heard.len() > heard + 5).await;
            if let (2, Some(order)) = (round % 3, placed.first()) {
                rig.say(Command::Cancel(*order));
            }
        }
        assert!(placed.len() > 2, "{}", placed.len());
        rig.emulator.set_faults(Default::default());
        for order in placed {
            rig.until("its fate is known", |rig| !matches!(rig.state(order), Some(OrderState::Submitted | OrderState::Unknown)))
                .await;
            rig.say(Command::Cancel(order));
        }
        assert!(submits(&rig.effects).values().all(|count| *count == 1));
        rig.finish().await;
    }
}
