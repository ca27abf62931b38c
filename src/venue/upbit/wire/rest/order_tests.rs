//! What is sent for each kind of order.

use super::*;

fn number<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().expect("a value")
}

fn place(terms: Terms) -> PlaceOrder {
    PlaceOrder { market: number("KRW-BTC"), terms, identifier: None, self_match: None, dry_run: false }
}

#[test]
fn each_kind_of_order_is_written_as_the_venue_takes_it() {
    let limit = |time_in_force| Terms::Limit { side: Side::Buy, price: number("90000000"), qty: number("0.001"), time_in_force };
    let total = number("10000");
    let qty = number("0.00000001");
    for (terms, text) in [
        (limit(None), "market=KRW-BTC&side=bid&volume=0.001&price=90000000&ord_type=limit"),
        (limit(Some(TimeInForce::Ioc)), "market=KRW-BTC&side=bid&volume=0.001&price=90000000&ord_type=limit&time_in_force=ioc"),
        (
            limit(Some(TimeInForce::PostOnly)),
            "market=KRW-BTC&side=bid&volume=0.001&price=90000000&ord_type=limit&time_in_force=post_only",
        ),
        (Terms::MarketBuy { total }, "market=KRW-BTC&side=bid&price=10000&ord_type=price"),
        (Terms::MarketSell { qty }, "market=KRW-BTC&side=ask&volume=0.00000001&ord_type=market"),
        (Terms::BestBuy { total, fill_or_kill: false }, "market=KRW-BTC&side=bid&price=10000&ord_type=best&time_in_force=ioc"),
        (
            Terms::BestSell { qty, fill_or_kill: true },
            "market=KRW-BTC&side=ask&volume=0.00000001&ord_type=best&time_in_force=fok",
        ),
    ] {
        let call = place(terms).call();
        assert_eq!((call.method, call.path, call.group, call.signed), (Method::Post, "/v1/orders", Group::Order, true));
        assert_eq!(call.parameters.text(), text);
    }
    let full = PlaceOrder {
        identifier: Some("k-000017".into()),
        self_match: Some(SelfMatch::CancelTaker),
        dry_run: true,
        ..place(limit(None))
    };
    assert_eq!((full.call().path, full.call().group), ("/v1/orders/test", Group::OrderTest));
    assert_eq!(
        full.call().parameters.json(),
        r#"{"market":"KRW-BTC","side":"bid","volume":"0.001","price":"90000000","ord_type":"limit","identifier":"k-000017","smp_type":"cancel_taker"}"#
    );
}

#[test]
fn every_other_request_is_written() {
    let by_uuid = || OrderKey::Uuid("u-1".into());
    let ours = || OrderKey::Identifier("k-1".into());
    let replace = CancelAndNew {
        previous: by_uuid(),
        price: number("91000000"),
        qty: None,
        identifier: Some("k-2".into()),
        time_in_force: Some(TimeInForce::PostOnly),
        self_match: None,
    };
    let open = AskOpenOrders { market: None, states: vec![OrderState::Wait, OrderState::Watch], page: 1, limit: 100 };
    let closed = AskClosedOrders {
        market: Some(number("KRW-BTC")),
        states: vec![OrderState::Done],
        start: Some("2026-11-20T00:00:00+09:00".into()),
        end: None,
        limit: 1_000,
    };
    for (call, method, path, text) in [
        (CancelOrder(by_uuid()).call(), Method::Delete, "/v1/order", "uuid=u-1"),
        (AskOrder(ours()).call(), Method::Get, "/v1/order", "identifier=k-1"),
        (
            replace.call(),
            Method::Post,
            "/v1/orders/cancel_and_new",
            "prev_order_uuid=u-1&new_ord_type=limit&new_price=91000000&new_volume=remain_only&new_identifier=k-2&new_time_in_force=post_only",
        ),
        (open.call(), Method::Get, "/v1/orders/open", "states[]=wait&states[]=watch&page=1&limit=100"),
        (
            closed.call(),
            Method::Get,
            "/v1/orders/closed",
            "market=KRW-BTC&states[]=done&start_time=2026-11-20T00:00:00+09:00&limit=1000",
        ),
    ] {
        assert_eq!((call.method, call.path, call.parameters.text().as_str(), call.signed), (method, path, text, true));
    }
}
