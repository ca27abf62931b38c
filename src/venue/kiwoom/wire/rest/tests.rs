//! What holds for every request, and answers that are none.

use super::order::OrderKind;
use super::*;
use crate::account::{OrderType, TimeInForce};
use crate::market::Price;

#[test]
fn every_request_has_a_number_and_a_path() {
    for tr in Tr::all() {
        assert_eq!(Tr::from_id(tr.id()), Some(tr));
        assert!(tr.path().starts_with('/'), "{tr:?}");
    }
    assert_eq!((Tr::Cancel.id(), Tr::Cancel.path(), Tr::from_id("ka99999")), ("kt10003", "/api/dostk/ordr", None));
    let orders: Vec<Tr> = Tr::all().filter(|tr| tr.is_order()).collect();
    assert!(orders.iter().all(|tr| tr.path() == "/api/dostk/ordr") && orders.len() == 4);
}

#[test]
fn every_kind_of_order_has_a_code() {
    for kind in OrderKind::all() {
        assert_eq!((OrderKind::from_code(kind.code()), OrderKind::from_name(kind.name())), (Some(kind), Some(kind)));
    }
    assert_eq!((OrderKind::from_code("2"), OrderKind::from_code("00"), OrderKind::all().count()), (None, None, 18));
    let limit = OrderType::Limit(Price::ZERO);
    assert_eq!(OrderKind::of(limit, TimeInForce::Fok), Some(OrderKind::LimitFok));
    assert_eq!(OrderKind::of(OrderType::Market, TimeInForce::Gtc), Some(OrderKind::Market));
    assert_eq!(OrderKind::of(limit, TimeInForce::PostOnly), None);
}

#[test]
fn pages_are_asked_for_by_headers() {
    let shown = |next| {
        headers(Tr::Holdings, Some("t"), next).into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
    };
    assert_eq!(shown(None), ["content-type=application/json;charset=UTF-8", "api-id=kt00018", "authorization=Bearer t"]);
    assert_eq!(shown(Some("k1"))[3..], ["cont-yn=Y", "next-key=k1"]);
    assert_eq!(next_page(Some("Y"), Some(" k2 ")), Some("k2".into()));
    for (more, key) in [(Some("N"), Some("k")), (None, Some("k")), (Some("Y"), Some("")), (Some("Y"), None)] {
        assert_eq!(next_page(more, key), None);
    }
}

#[test]
fn nothing_found_is_an_empty_answer_where_that_makes_sense() {
    let none = r#"{"return_msg":"[2000](571758:미체결 내역이 없습니다)","return_code":20}"#.as_bytes();
    assert_eq!(answer::<reports::AskOpenOrders>(200, none), Ok(Vec::new()));
    let Err(AnswerError::Refused(refusal)) = answer::<account::AskDeposit>(200, none) else { panic!("cash is never nothing") };
    assert_eq!(refusal.cause, Cause::NothingFound);
    let absent = br#"{"return_code":0,"return_msg":""}"#;
    assert_eq!(answer::<reports::AskFills>(200, absent), Ok(Vec::new()));
}

#[test]
fn what_is_no_answer_is_told() {
    let refused = |status, body: &str| match answer::<order::PlaceOrder>(status, body.as_bytes()) {
        Err(AnswerError::Refused(refusal)) => refusal.cause,
        other => panic!("{body}: {other:?}"),
    };
    assert_eq!(refused(429, r#"{"return_code":5,"return_msg":"허용된 요청 개수를 초과하였습니다"}"#), Cause::TooManyRequests);
    assert_eq!(refused(502, "<html>"), Cause::BrokerFailed);
    assert_eq!(
        refused(200, r#"{"return_msg":"[2000](800033:매도가능수량이 부족합니다. 0주 매도가능)","return_code":20}"#),
        Cause::TooFewShares
    );
    assert_eq!(refused(200, r#"{"ord_no":"0000001"}"#), Cause::Other, "no return_code is a failure");
    for body in ["", "[]", "{", r#"{"return_code":0}"#, r#"{"return_code":0,"ord_no":"x"}"#, r#"{"return_code":"zero"}"#] {
        let answer = answer::<order::PlaceOrder>(200, body.as_bytes());
        assert!(matches!(answer, Err(AnswerError::Unreadable(_))), "{body}: {answer:?}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let (app_key, secret_key, token) = ("KEYKEY", "SECRETSECRET", "TOKENTOKEN");
    let body = r#"{"expires_dt":"20261121083000","token_type":"Bearer","token":"TOKENTOKEN","return_code":0,"return_msg":""}"#;
    let issued = answer::<token::IssueToken<'_>>(200, body.as_bytes()).expect("a token");
    assert_eq!(issued.secret, token);
    let bad = answer::<token::IssueToken<'_>>(200, body.replace("20261121083000", "TOKENTOKEN").as_bytes()).expect_err("no time");
    let shown = format!(
        "{issued:?} {:?} {:?} {bad} {bad:?}",
        token::IssueToken { app_key, secret_key },
        token::RevokeToken { app_key, secret_key, token }
    );
    for secret in [app_key, secret_key, token] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
