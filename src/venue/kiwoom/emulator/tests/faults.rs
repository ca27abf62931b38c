//! Every fault, as a client sees it.

use super::client::{Client, order, quiet, start};
use crate::market::Side;
use crate::venue::faults::{Fault, FaultPlan, OrderFault};
use crate::venue::kiwoom::emulator::{KiwoomEmulator, KiwoomEmulatorConfig};
use crate::venue::kiwoom::wire::Message;
use crate::venue::kiwoom::wire::request::{RealType, register};
use crate::venue::kiwoom::wire::rest::Cause;
use crate::venue::kiwoom::wire::rest::account::AskAccountNumber;
use crate::venue::kiwoom::wire::rest::order::OrderKind;
use crate::venue::kiwoom::wire::rest::token::IssueToken;

async fn with(fault: Fault) -> (KiwoomEmulator, Client) {
    start(KiwoomEmulatorConfig { faults: FaultPlan::default().with(fault, 1_000_000), ..quiet() }).await
}

/// Texts that a connection gets of two orders that rest: two reports without faults.
async fn reports(fault: Fault, count: usize) -> Vec<String> {
    let (emulator, client) = with(fault).await;
    let mut socket = client.socket().await;
    socket.say(&register(1, true, &[], &[RealType::Orders])).await;
    assert!(matches!(socket.reply().await, Message::Registered(_)));
    for price in [60_000, 60_100] {
        client.ask(&order(Side::Buy, 1, OrderKind::Limit, Some(price))).await.expect("accepted");
    }
    let mut texts = Vec::new();
    while texts.len() < count {
        match socket.text().await {
            Some(text) => texts.push(text),
            None => break,
        }
    }
    let struck = emulator.stats().faults.iter().find(|row| row.0 == fault.name()).map_or(0, |row| row.1);
    assert!(struck > 0, "{fault:?} never struck");
    assert_eq!(emulator.ledger().orders.len(), 2);
    texts
}

fn numbers(texts: &[String]) -> Vec<&str> {
    let number = |text: &String| if text.contains(r#""9203":"0000001""#) { "1" } else { "2" };
    texts.iter().map(number).collect()
}

#[tokio::test]
async fn frames_are_doubled_swapped_delayed_cut_and_spoilt() {
    assert_eq!(numbers(&reports(Fault::Duplicate, 4).await), ["1", "1", "2", "2"]);
    assert_eq!(numbers(&reports(Fault::Reorder, 2).await), ["2", "1"]);
    assert_eq!(numbers(&reports(Fault::Delay, 2).await), ["1", "2"]);
    assert!(reports(Fault::Disconnect, 2).await.is_empty());
    let spoilt = reports(Fault::Garbage, 4).await;
    assert_eq!(numbers(&[spoilt[1].clone(), spoilt[3].clone()]), ["1", "2"]);
    for garbage in [&spoilt[0], &spoilt[2]] {
        assert!(!matches!(Message::parse(garbage.as_bytes()), Ok(Message::Real(_))), "{garbage}");
    }
}

#[tokio::test]
async fn dropped_frames_never_come() {
    let (emulator, client) = with(Fault::Drop).await;
    let mut socket = client.socket().await;
    socket.say(&register(1, true, &[], &[RealType::Orders])).await;
    socket.reply().await;
    client.ask(&order(Side::Buy, 1, OrderKind::Limit, Some(60_000))).await.expect("accepted");
    // The answer to what is said after the order comes, the report that was queued before it does not.
    socket.say(&register(2, true, &[], &[RealType::Sessions])).await;
    assert!(matches!(socket.next().await, Some(Message::Registered(_))));
    assert_eq!(emulator.stats().faults[0], ("drop", 1));
}

#[tokio::test]
async fn an_order_whose_answer_is_lost_was_taken_all_the_same() {
    let (emulator, client) = with(Fault::Drop).await;
    emulator.fail_next(OrderFault::LostAnswer);
    assert!(client.send(&order(Side::Buy, 3, OrderKind::Market, None), None).await.is_none(), "no answer");
    let ledger = emulator.ledger();
    assert_eq!((ledger.orders.len(), ledger.orders[0].state, ledger.holdings[0].qty), (1, "filled", 3));
    client.ask(&AskAccountNumber).await.expect("only that answer is lost");
    // Or the answer says nothing of it.
    emulator.fail_next(OrderFault::UnknownStatus);
    assert!(client.ask(&order(Side::Buy, 2, OrderKind::Market, None)).await.is_err());
    assert_eq!(emulator.ledger().holdings[0].qty, 5);
}

#[tokio::test]
async fn storms_and_lost_sessions() {
    let (emulator, client) = with(Fault::Storm).await;
    let ask = IssueToken { app_key: "emulator-app-key", secret_key: "emulator-secret-key" };
    let refusal = client.refused(&ask).await;
    assert_eq!((refusal.status, refusal.cause), (Some(429), Cause::TooManyRequests));
    assert!(emulator.stats().limited > 0);
    let (_emulator, client) = with(Fault::Session).await;
    assert_eq!(client.refused(&AskAccountNumber).await.cause, Cause::TokenInvalid);
    let (emulator, client) = start(quiet()).await;
    emulator.invalidate_token();
    assert_eq!(client.refused(&AskAccountNumber).await.cause, Cause::TokenInvalid);
    let mut socket = Client::new(&emulator).await.socket().await;
    emulator.disconnect_all();
    assert_eq!(socket.next().await, None);
}
