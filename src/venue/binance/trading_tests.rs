//! Real orders from end to end: kernel, gateway, sockets, emulator, on spot and on futures. At the end of each, both ledgers are
//! equal to the unit, a replay decides the same, and no key shows anywhere.

mod rig;
mod session;

use crate::account::{Amendment, OrderState, OrderType, TimeInForce};
use crate::event::Event;
use crate::market::{Price, Side};
use crate::venue::binance::emulator::{DeskStatus, MarketKind, OrderFault};
use crate::venue::gateway::Instruction;
use crate::venue::secret::{Credentials, Secret};
use rig::{BTC, Rig, Setup, price, qty, question, submits};

const BOTH: [MarketKind; 2] = [MarketKind::Spot, MarketKind::UsdM];
const GTC: TimeInForce = TimeInForce::Gtc;

async fn ready(setup: Setup) -> Rig {
    let mut rig = Rig::start(setup).await;
    rig.ready().await;
    rig
}

#[tokio::test]
async fn placed_filled_in_parts_and_cancelled() {
    for kind in BOTH {
        let mut rig = ready(Setup::of(kind)).await;
        let limit = rig.percent(96);
        let order = rig.order(Side::Buy, Some(limit), "0.03", GTC);
        rig.until("accepted", |rig| rig.state(order) == Some(OrderState::Open)).await;
        rig.trade(order, "0.01");
        rig.until("a part", |rig| rig.state(order) == Some(OrderState::PartiallyFilled)).await;
        rig.trade(order, "0.02");
        rig.until("all", |rig| rig.is_over(order)).await;
        assert_eq!(rig.updates(order), "Accepted Filled Filled", "{kind:?}");
        // And one that is cancelled after a part.
        let (limit, second) = (rig.percent(104), "0.02");
        let order = rig.order(Side::Sell, Some(limit), second, GTC);
        rig.until("accepted", |rig| rig.state(order) == Some(OrderState::Open)).await;
        rig.trade(order, "0.015");
        rig.say(crate::event::Command::Cancel(order));
        rig.until("cancelled", |rig| rig.is_over(order)).await;
        assert!(rig.updates(order).contains("Filled") && rig.updates(order).contains("Cancelled"), "{}", rig.updates(order));
        rig.finish().await;
    }
}

#[tokio::test]
async fn market_orders_take_from_the_book_and_futures_go_short() {
    for kind in BOTH {
        let mut rig = ready(Setup::of(kind)).await;
        for (side, amount) in [(Side::Buy, "0.01"), (Side::Sell, "0.03"), (Side::Buy, "0.005"), (Side::Sell, "0.002")] {
            let order = rig.order(side, None, amount, TimeInForce::Ioc);
            rig.until("filled", |rig| rig.is_over(order)).await;
            assert!(rig.updates(order).contains("Filled"), "{kind:?}: {}", rig.updates(order));
        }
        rig.until("the ledgers agree", |rig| rig.difference().is_none()).await;
        let held = rig.kernel.portfolio().position(BTC).qty;
        // Futures: 0.01 − 0.03 + 0.005 − 0.002. Spot began with 2, and paid its fees in what it bought.
        let expected = if kind == MarketKind::UsdM { "-0.017" } else { "1.982985" };
        assert_eq!(held, qty(expected), "{kind:?}");
        rig.finish().await;
    }
}

#[tokio::test]
async fn fees_are_paid_in_bnb() {
    let mut rig = ready(Setup { in_bnb: true, ..Setup::of(MarketKind::Spot) }).await;
    let order = rig.order(Side::Buy, None, "0.01", TimeInForce::Ioc);
    rig.until("filled", |rig| rig.is_over(order)).await;
    rig.until("the ledgers agree", |rig| rig.difference().is_none()).await;
    let funds = rig.emulator.funds(MarketKind::Spot, 0).expect("an account");
    assert!(funds.fees.get("BNB").is_some_and(|fee| fee.is_positive()), "{funds:?}");
    assert_eq!(rig.kernel.portfolio().position(BTC).qty, qty("2.01"));
    rig.finish().await;
}

#[tokio::test]
async fn time_in_force_is_the_venues() {
    for kind in BOTH {
        let mut rig = ready(Setup::of(kind)).await;
        let (far, across) = (rig.percent(96), rig.percent(102));
        for (limit, time_in_force, expected) in [
            (far, TimeInForce::Ioc, "Accepted Expired"),
            (far, TimeInForce::Fok, "Accepted Expired"),
            (across, TimeInForce::Ioc, "Accepted Filled"),
            (across, TimeInForce::PostOnly, "Rejected"),
        ] {
            let order = rig.order(Side::Buy, Some(limit), "0.01", time_in_force);
            rig.until("over", |rig| rig.is_over(order)).await;
            let updates = rig.updates(order);
            assert!(updates.starts_with(expected), "{kind:?} {time_in_force:?}: {updates}");
        }
        rig.finish().await;
    }
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_here_and_what_the_venue_refuses_is_told() {
    for kind in BOTH {
        let mut rig = ready(Setup::of(kind)).await;
        // The kernel has no limits in this test; the gateway has the venue's filters.
        let reasons = |rig: &Rig| {
            let reason = |event: &Event| match event {
                Event::Order(order) => format!("{:?}", order.update),
                _ => String::new(),
            };
            rig.heard.iter().map(|row| reason(&row.1)).filter(|text| text.contains("Rejected")).collect::<Vec<_>>().join("\n")
        };
        let mut request = crate::account::NewOrder {
            id: crate::account::OrderId { session: crate::account::SessionId(1), seq: jangbu_journal::Seq::new(900), index: 0 },
            strategy: crate::account::StrategyId::MANUAL,
            instrument: BTC,
            side: Side::Buy,
            order_type: OrderType::Limit(price("100.005")),
            time_in_force: GTC,
            qty: qty("1"),
            reduce_only: false,
        };
        rig.instruct(Instruction::Submit(request));
        rig.until("refused here", |rig| reasons(rig).contains("not sent")).await;
        assert!(reasons(&rig).contains("PRICE_FILTER"), "{}", reasons(&rig));
        // More than the account has: the venue's own refusal, in both languages.
        (request.id.index, request.order_type, request.qty) = (1, OrderType::Limit(rig.percent(99)), qty("90"));
        rig.instruct(Instruction::Submit(request));
        rig.until("refused there", |rig| reasons(rig).contains("부족")).await;
        assert!(reasons(&rig).contains("Binance: finds too little"), "{}", reasons(&rig));
        assert!(rig.emulator.orders(kind).is_empty());
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_lost_answer_is_made_up_by_the_report() {
    for kind in BOTH {
        for fault in [OrderFault::LostAnswer, OrderFault::UnknownStatus] {
            let mut rig = ready(Setup::of(kind)).await;
            rig.emulator.fail_next(kind, fault);
            let limit = rig.percent(96);
            let order = rig.order(Side::Buy, Some(limit), "0.02", GTC);
            rig.until("accepted", |rig| rig.state(order) == Some(OrderState::Open)).await;
            rig.trade(order, "0.02");
            rig.until("filled", |rig| rig.is_over(order)).await;
            assert_eq!(rig.emulator.orders(kind).len(), 1, "sent once");
            rig.finish().await;
        }
    }
}

#[tokio::test]
async fn unknown_after_a_timeout_then_found_and_filled() {
    for kind in BOTH {
        // No report ever comes: only questions tell.
        let mut rig = ready(Setup { faults: "drop=1", ..Setup::of(kind) }).await;
        rig.emulator.fail_next(kind, OrderFault::LostAnswer);
        let limit = rig.percent(96);
        let order = rig.order(Side::Buy, Some(limit), "0.02", GTC);
        rig.until("found", |rig| rig.state(order) == Some(OrderState::Open)).await;
        assert!(rig.updates(order).starts_with("Unknown Accepted"), "{}", rig.updates(order));
        rig.trade(order, "0.005");
        rig.until("a part", |rig| rig.state(order) == Some(OrderState::PartiallyFilled)).await;
        rig.trade(order, "0.015");
        rig.until("filled", |rig| rig.is_over(order)).await;
        assert_eq!(rig.emulator.orders(kind).len(), 1, "never sent again");
        assert!(submits(&rig.effects).values().all(|count| *count == 1));
        rig.finish().await;
    }
}

#[tokio::test]
async fn an_order_that_never_arrived_is_given_up_only_when_it_no_longer_can() {
    for kind in BOTH {
        let mut rig = ready(Setup::of(kind)).await;
        rig.emulator.fail_next(kind, OrderFault::LostRequest);
        let limit = rig.percent(96);
        let order = rig.order(Side::Buy, Some(limit), "0.02", GTC);
        rig.until("unknown", |rig| rig.state(order) == Some(OrderState::Unknown)).await;
        let lost = rig.heard.last().map(|row| row.0.recv).expect("an event");
        rig.instruct(question(order));
        rig.until("not found", |rig| rig.is_over(order)).await;
        assert_eq!(rig.updates(order), "Unknown NotFound", "{kind:?}");
        // The receive window of 600 ms, and the margin of a second.
        let told =
            rig.heard.iter().rev().find(|row| matches!(&row.1, Event::Answer(_))).map(|row| row.0.recv).expect("an answer");
        assert!(told.since(lost) >= 1_500_000_000, "too early: {} ms", told.since(lost) / 1_000_000);
        assert!(rig.emulator.orders(kind).is_empty());
        rig.finish().await;
    }
}

#[tokio::test]
async fn reports_that_come_twice_or_as_garbage_count_once() {
    for kind in BOTH {
        let mut rig = ready(Setup { faults: "duplicate=1,garbage=0.3", ..Setup::of(kind) }).await;
        for (side, amount) in [(Side::Buy, "0.01"), (Side::Sell, "0.02"), (Side::Buy, "0.01")] {
            let order = rig.order(side, None, amount, TimeInForce::Ioc);
            rig.until("filled", |rig| rig.is_over(order)).await;
        }
        assert_eq!(rig.kernel.counts().fills, rig.emulator.fills(kind).len() as u64, "{kind:?}");
        rig.finish().await;
    }
}

#[tokio::test]
async fn fills_while_the_stream_is_down_are_found_after_it() {
    for kind in BOTH {
        let mut rig = ready(Setup::of(kind)).await;
        let limit = rig.percent(96);
        let order = rig.order(Side::Buy, Some(limit), "0.03", GTC);
        rig.until("accepted", |rig| rig.state(order) == Some(OrderState::Open)).await;
        rig.emulator.cut_user_streams(kind);
        // Whoever listens now is gone: this is told to nobody.
        rig.trade(order, "0.01");
        rig.until("up again", |rig| rig.links().ends_with("down up")).await;
        rig.until("a part", |rig| rig.state(order) == Some(OrderState::PartiallyFilled)).await;
        rig.emulator.expire_sessions(kind);
        rig.until("up a third time", |rig| rig.links().ends_with("down up down up")).await;
        rig.until("known again", |rig| rig.notices.iter().filter(|one| one.code == "reconcile.done").count() >= 3).await;
        rig.trade(order, "0.02");
        rig.until("filled", |rig| rig.is_over(order)).await;
        rig.finish().await;
    }
}

#[tokio::test]
async fn too_many_requests_are_not_sent_again_and_cancellations_wait() {
    for kind in BOTH {
        let mut rig = ready(Setup::of(kind)).await;
        let limit = rig.percent(96);
        let resting = rig.order(Side::Buy, Some(limit), "0.02", GTC);
        rig.until("accepted", |rig| rig.state(resting) == Some(OrderState::Open)).await;
        rig.emulator.fail_next(kind, OrderFault::TooMany);
        let refused = rig.order(Side::Buy, Some(limit), "0.03", GTC);
        rig.until("refused", |rig| rig.is_over(refused)).await;
        // The venue wants a second of silence: a new order is refused here, a cancellation waits.
        let early = rig.order(Side::Buy, Some(limit), "0.04", GTC);
        // And when it is refused, it is sent again: it was not carried out.
        rig.emulator.fail_next(kind, OrderFault::TooMany);
        rig.say(crate::event::Command::Cancel(resting));
        rig.until("refused here", |rig| rig.is_over(early)).await;
        rig.until("cancelled", |rig| rig.is_over(resting)).await;
        assert!(!rig.updates(resting).contains("CancelRejected"), "{}", rig.updates(resting));
        assert_eq!((rig.updates(refused).as_str(), rig.updates(early).as_str()), ("Rejected", "Rejected"));
        assert_eq!(rig.emulator.orders(kind).len(), 1);
        rig.finish().await;
    }
}

#[tokio::test]
async fn clocks_may_differ_and_may_drift() {
    for kind in BOTH {
        let setup = Setup::of(kind);
        let emulator = rig::emulate(&setup).await;
        emulator.set_clock_skew(kind, 90_000);
        let mut rig = Rig::at(setup, emulator).await;
        rig.ready().await;
        let said = |rig: &Rig| rig.heard.iter().any(|row| format!("{:?}", row.1).contains("behind the venue's"));
        assert!(said(&rig), "a clock 90 s off is worth a word");
        // It jumps: the next request is refused for its time, measured, and sent once more.
        rig.emulator.set_clock_skew(kind, -30_000);
        let limit = rig.percent(96);
        let order = rig.order(Side::Buy, Some(limit), "0.02", GTC);
        rig.until("accepted", |rig| rig.state(order) == Some(OrderState::Open)).await;
        rig.trade(order, "0.02");
        rig.until("filled", |rig| rig.is_over(order)).await;
        assert_eq!(rig.emulator.orders(kind).len(), 1);
        rig.finish().await;
    }
}

#[tokio::test]
async fn a_restart_takes_open_orders_over() {
    for kind in BOTH {
        let mut rig = ready(Setup::of(kind)).await;
        let (limit, name) = (rig.percent(96), |order| super::wire::private::ClientId::first(order).to_string());
        let first = rig.order(Side::Buy, Some(limit), "0.03", GTC);
        let second = rig.order(Side::Buy, Some(limit), "0.02", GTC);
        rig.until("accepted", |rig| [first, second].iter().all(|order| rig.state(*order) == Some(OrderState::Open))).await;
        rig.trade(first, "0.01");
        rig.until("a part", |rig| rig.state(first) == Some(OrderState::PartiallyFilled)).await;
        // While nobody is there, one is filled on and one is filled whole.
        rig.restart(|emulator| {
            assert!(emulator.trade(kind, &name(first), None, qty("0.005")));
            assert!(emulator.trade(kind, &name(second), None, qty("0.02")));
        })
        .await;
        rig.until("found", |rig| rig.is_over(second) && rig.updates(first) == "Accepted Filled Filled").await;
        rig.until("known", |rig| rig.notices.iter().filter(|one| one.code == "reconcile.done").count() == 2).await;
        rig.say(crate::event::Command::Cancel(first));
        rig.until("cancelled", |rig| rig.is_over(first)).await;
        assert!(!rig.has_notice("reconcile.foreign_order"));
        rig.finish().await;
    }
}

/// The kernel amends only for strategies; here the test takes its place, and an order's life says whether the updates are legal.
#[tokio::test]
async fn amendments_change_the_order_and_keep_its_identity() {
    for kind in BOTH {
        let mut rig = ready(Setup::of(kind)).await;
        let (limit, next) = (rig.percent(96), rig.percent(97));
        let order = rig.order(Side::Buy, Some(limit), "0.03", GTC);
        rig.until("accepted", |rig| rig.state(order) == Some(OrderState::Open)).await;
        let mut life = rig.kernel.orders().find(|one| one.request.id == order).cloned().expect("it lives");
        rig.mute = true;
        let seen = rig.heard.len();
        let amendment = Amendment { order, price: next, qty: qty("0.04") };
        life.amend_sent = Some(amendment);
        rig.instruct(Instruction::Amend(amendment));
        rig.until("amended", |rig| rig.updates(order).contains("Amended")).await;
        let open = rig.emulator.orders(kind).into_iter().filter(|order| order.status.is_open()).collect::<Vec<_>>();
        let [open] = open.as_slice() else { panic!("one order is open: {open:?}") };
        assert_eq!((open.price(), open.qty), (next, qty("0.04")));
        assert!(rig.emulator.trade(kind, &open.client_id, None, qty("0.04")));
        rig.until("filled", |rig| rig.updates(order).contains("Filled")).await;
        for (stamp, event) in &rig.heard[seen..] {
            if let Event::Order(update) = event {
                let change = life.update(&update.update, stamp.recv);
                assert!(change.is_ok(), "{kind:?}: {:?} {change:?}", update.update);
            }
        }
        assert_eq!((life.state, life.filled, life.limit), (OrderState::Filled, qty("0.04"), Some(next)), "{kind:?}");
        assert!(!rig.updates(order).contains("Cancelled"), "{}", rig.updates(order));
        rig.stop().await;
    }
}

#[tokio::test]
async fn an_amendment_whose_answer_is_lost_is_found() {
    for kind in BOTH {
        for fault in [OrderFault::LostAnswer, OrderFault::UnknownStatus, OrderFault::LostRequest] {
            // No report comes: only questions tell.
            let mut rig = ready(Setup { faults: "drop=1", ..Setup::of(kind) }).await;
            let (limit, next) = (rig.percent(96), rig.percent(97));
            let order = rig.order(Side::Buy, Some(limit), "0.03", GTC);
            rig.until("accepted", |rig| rig.state(order) == Some(OrderState::Open)).await;
            rig.mute = true;
            rig.emulator.fail_next(kind, fault);
            rig.instruct(Instruction::Amend(Amendment { order, price: next, qty: qty("0.04") }));
            let expected = if fault == OrderFault::LostRequest { "AmendRejected" } else { "Amended" };
            rig.until(expected, |rig| rig.updates(order).contains(expected)).await;
            assert!(rig.updates(order).starts_with("Accepted Unknown"), "{}", rig.updates(order));
            let open = rig.emulator.orders(kind).into_iter().filter(|order| order.status.is_open()).count();
            assert_eq!(open, 1, "{kind:?} {fault:?}");
            rig.stop().await;
        }
    }
}

#[tokio::test]
async fn an_amendment_cut_off_by_a_restart_is_found() {
    for kind in BOTH {
        for while_away in ["", "0.04"] {
            // No report comes: only questions tell.
            let mut rig = ready(Setup { faults: "drop=1", ..Setup::of(kind) }).await;
            let (limit, next) = (rig.percent(96), rig.percent(97));
            let order = rig.order(Side::Buy, Some(limit), "0.03", GTC);
            rig.until("accepted", |rig| rig.state(order) == Some(OrderState::Open)).await;
            rig.mute = true;
            let amendment = Amendment { order, price: next, qty: qty("0.04") };
            rig.emulator.fail_next(kind, OrderFault::LostAnswer);
            rig.instruct(Instruction::Amend(amendment));
            rig.until("amended there", |rig| rig.emulator.orders(kind).iter().any(|order| order.price() == next)).await;
            // The session ends before it hears of that; the order knows what was asked.
            let seen = rig.heard.len();
            let trade = |emulator: &crate::venue::binance::emulator::Emulator| {
                let open = emulator.orders(kind).into_iter().find(|order| order.status.is_open()).expect("it is open");
                if !while_away.is_empty() {
                    assert!(emulator.trade(kind, &open.client_id, None, qty(while_away)));
                }
            };
            rig.restart_with(trade, |order| order.amend_sent = Some(amendment)).await;
            rig.mute = false;
            let amended = |rig: &Rig| rig.heard[seen..].iter().any(|row| format!("{:?}", row.1).contains("update: Amended"));
            rig.until("amended", amended).await;
            if while_away.is_empty() {
                let open = rig.emulator.orders(kind).into_iter().find(|order| order.status.is_open()).expect("it is open");
                assert!(rig.emulator.trade(kind, &open.client_id, None, qty("0.04")));
            }
            rig.until("filled", |rig| rig.updates(order).contains("Filled")).await;
            assert!(!rig.updates(order).contains("Cancelled"), "{kind:?}: {}", rig.updates(order));
            rig.stop().await;
        }
    }
}

#[tokio::test]
async fn what_is_filled_in_part_is_amended_by_its_rest() {
    for kind in BOTH {
        let mut rig = ready(Setup::of(kind)).await;
        let (limit, next) = (rig.percent(96), rig.percent(97));
        let order = rig.order(Side::Buy, Some(limit), "0.03", GTC);
        rig.until("accepted", |rig| rig.state(order) == Some(OrderState::Open)).await;
        rig.trade(order, "0.01");
        rig.until("a part", |rig| rig.state(order) == Some(OrderState::PartiallyFilled)).await;
        let mut life = rig.kernel.orders().find(|one| one.request.id == order).cloned().expect("it lives");
        rig.mute = true;
        let seen = rig.heard.len();
        let amendment = Amendment { order, price: next, qty: qty("0.05") };
        life.amend_sent = Some(amendment);
        rig.instruct(Instruction::Amend(amendment));
        rig.until("amended", |rig| rig.updates(order).contains("Amended")).await;
        let open = rig.emulator.orders(kind).into_iter().filter(|order| order.status.is_open()).collect::<Vec<_>>();
        let [open] = open.as_slice() else { panic!("one order is open: {open:?}") };
        // 0.05 in all, of which 0.01 is filled.
        assert_eq!((open.price(), open.open()), (next, qty("0.04")), "{kind:?}");
        assert!(rig.emulator.trade(kind, &open.client_id, None, qty("0.015")));
        assert!(rig.emulator.trade(kind, &open.client_id, None, qty("0.025")));
        rig.until("filled", |rig| rig.updates(order).matches("Filled").count() == 3).await;
        for (stamp, event) in &rig.heard[seen..] {
            if let Event::Order(update) = event {
                let change = life.update(&update.update, stamp.recv);
                assert!(change.is_ok(), "{kind:?}: {:?} {change:?}", update.update);
            }
        }
        assert_eq!((life.state, life.filled, life.qty), (OrderState::Filled, qty("0.05"), qty("0.05")), "{kind:?}");
        rig.stop().await;
    }
}

#[tokio::test]
async fn orders_that_are_not_ours_are_told_and_left_alone() {
    for kind in BOTH {
        let mut rig = ready(Setup::of(kind)).await;
        let stranger = rig.place_as_a_stranger().await;
        rig.until("told", |rig| rig.has_notice("reconcile.foreign_order")).await;
        let row = rig.emulator.orders(kind).into_iter().find(|order| order.client_id == stranger).expect("it is there");
        assert_eq!(row.status, DeskStatus::New);
        rig.stop().await;
    }
}

#[tokio::test]
async fn hedge_mode_and_wrong_keys_are_refused_in_clear_words() {
    let setup = Setup::of(MarketKind::UsdM);
    let emulator = rig::emulate(&setup).await;
    emulator.set_hedge_mode(true);
    let error = Rig::at(setup, emulator).await.ended().await;
    assert!(error.contains("one-way mode") && error.contains("헤지"), "{error}");
    for kind in BOTH {
        let credentials = Credentials { key: Secret::new("CANARY-wrong-key"), secret: Secret::new("CANARY-wrong") };
        let error = Rig::start(Setup { credentials, ..Setup::of(kind) }).await.ended().await;
        assert!(error.contains("key") && error.contains("API 키") && !error.contains("CANARY"), "{error}");
    }
}

/// Everything at once, by seed: whatever is lost, cut, doubled or refused, the ledgers agree in the end.
#[tokio::test]
async fn faults_by_seed_leave_the_ledgers_equal() {
    // 200 take four minutes: more than their share of CI's thirty.
    let seeds = match std::env::var("JANGBU_SLOW").as_deref() {
        Ok("all") => 200,
        Ok(_) => 60,
        Err(_) => 3,
    };
    for seed in 1..=seeds {
        for kind in BOTH {
            // Every second seed also loses single reports, as no TCP connection does, but a program that fails might.
            let faults = match seed % 2 {
                0 => "lost-ack=0.15,duplicate=0.2,drop=0.15,disconnect=0.05,garbage=0.05,storm=0.02,storm-requests=1",
                _ => "lost-ack=0.15,duplicate=0.2,disconnect=0.1,garbage=0.05,storm=0.02,storm-requests=1",
            };
            let mut rig = ready(Setup { faults, seed, ..Setup::of(kind) }).await;
            for turn in 0..8_u64 {
                let side = if (seed + turn).is_multiple_of(2) { Side::Buy } else { Side::Sell };
                let limit: Option<Price> = match (turn % 4, side) {
                    (0 | 1, _) => None,
                    (_, Side::Buy) => Some(rig.percent(96)),
                    (_, Side::Sell) => Some(rig.percent(104)),
                };
                let time_in_force = if limit.is_none() { TimeInForce::Ioc } else { GTC };
                let order = rig.order_soon(side, limit, "0.01", time_in_force).await;
                if limit.is_some() {
                    rig.until("known", |rig| !matches!(rig.state(order), Some(OrderState::Submitted))).await;
                    let name = super::wire::private::ClientId::first(order).to_string();
                    rig.emulator.trade(kind, &name, None, qty("0.004"));
                    rig.say(crate::event::Command::Cancel(order));
                }
            }
            rig.until("all over", |rig| rig.kernel.orders().count() == 0).await;
            let sent = submits(&rig.effects).len();
            let named = rig.emulator.orders(kind).len();
            assert!(named <= sent, "seed {seed} {kind:?}: {named} orders at the venue of {sent} sent");
            rig.finish().await;
        }
    }
}
