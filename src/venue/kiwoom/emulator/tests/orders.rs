//! Orders from the request to the books, over REST and the WebSocket.

use super::client::{Client, order, quiet, start};
use crate::market::Side;
use crate::market::number::ONE;
use crate::venue::kiwoom::emulator::{KiwoomEmulator, KiwoomEmulatorConfig};
use crate::venue::kiwoom::time::TimeOfDay;
use crate::venue::kiwoom::wire::report::{OrderStatus, OrderVerb};
use crate::venue::kiwoom::wire::request::{RealType, register};
use crate::venue::kiwoom::wire::rest::account::{AskDeposit, AskHoldings};
use crate::venue::kiwoom::wire::rest::order::{AmendOrder, CancelOrder, OrderKind, PlaceOrder};
use crate::venue::kiwoom::wire::rest::quote::AskBook;
use crate::venue::kiwoom::wire::rest::reports::{AskFills, AskOpenOrders};
use crate::venue::kiwoom::wire::stream::RealBody;
use crate::venue::kiwoom::wire::{Exchange, OrderNumber, Symbol};

async fn best_ask(client: &Client) -> u64 {
    let book = client.ask(&AskBook { symbol: Symbol::krx("005930") }).await.expect("a book");
    u64::try_from(book.asks[0].0.raw() / ONE).expect("positive")
}

fn count(qty: Option<crate::market::Qty>) -> i64 {
    i64::try_from(qty.expect("a quantity").raw() / i128::from(ONE)).expect("small")
}

fn amend(number: OrderNumber, shares: u64, price: u64) -> AmendOrder {
    AmendOrder { exchange: Exchange::Krx, number, code: "005930".into(), shares, price, stop: None }
}

fn cancel(number: OrderNumber, shares: Option<u64>) -> CancelOrder {
    CancelOrder { exchange: Exchange::Krx, number, code: "005930".into(), shares }
}

#[tokio::test]
async fn a_buy_is_reported_booked_and_shown() {
    let (emulator, client) = start(quiet()).await;
    let mut socket = client.socket().await;
    socket.say(&register(1, true, &[], &[RealType::Orders, RealType::Holdings])).await;
    socket.reply().await;
    let answer = client.place(Side::Buy, 10, OrderKind::Market, None).await.expect("accepted");
    assert_eq!(answer.number.to_string(), "0000001");
    let report = |body: &RealBody| match body {
        RealBody::Order(frame) => Some((**frame).clone()),
        _ => None,
    };
    let received = socket.real(report).await;
    assert_eq!((received.status, received.number, count(received.open_qty)), (OrderStatus::Received, Some(answer.number), 10));
    assert_eq!((received.trade, received.filled_qty), (None, None));
    let mut filled = 0;
    while filled < 10 {
        let fill = socket.real(report).await;
        assert_eq!((fill.status.clone(), fill.number), (OrderStatus::Filled, Some(answer.number)));
        filled += count(fill.unit_qty);
        assert_eq!((count(fill.filled_qty), count(fill.open_qty)), (filled, 10 - filled));
    }
    let ledger = emulator.ledger();
    let value: i64 = ledger.fills.iter().map(|fill| fill.price * fill.qty).sum();
    let held = socket.real(|body| match body {
        RealBody::Holding(frame) if count(frame.qty) == 10 => Some((**frame).clone()),
        _ => None,
    });
    let held = held.await;
    assert_eq!((count(held.sellable), held.cost.map(|cost| cost.to_string())), (10, Some(value.to_string())));
    assert_eq!(ledger.cash, 100_000_000 - value - ledger.fees);
    assert_eq!((ledger.holdings[0].qty, ledger.holdings[0].cost, ledger.taxes), (10, value, 0));
    let cash = client.ask(&AskDeposit { estimated: true }).await.expect("cash");
    assert_eq!(cash.orderable.map(|cash| cash.to_string()), Some(ledger.orderable.to_string()));
    let held = client.ask(&AskHoldings { summed: true, exchange: Exchange::Krx }).await.expect("holdings");
    assert_eq!((held.rows.len(), count(held.rows[0].qty)), (1, 10));
    let fills = client.ask(&AskFills::default()).await.expect("fills");
    assert_eq!((fills.len(), fills[0].number, count(fills[0].filled_qty)), (1, Some(answer.number), 10));
    assert_eq!(fills[0].fee.map(|fee| fee.to_string()), Some(ledger.fees.to_string()));
    // Sold again: a tax, and nothing is left.
    client.place(Side::Sell, 10, OrderKind::Market, None).await.expect("accepted");
    let ledger = emulator.ledger();
    let sold: i64 = ledger.fills.iter().filter(|fill| !fill.buy).map(|fill| fill.price * fill.qty).sum();
    assert!(ledger.taxes > 0 && ledger.holdings.is_empty());
    assert_eq!(ledger.cash, 100_000_000 - value + sold - ledger.fees - ledger.taxes);
    emulator.verify().expect("it adds up");
}

#[tokio::test]
async fn amendments_and_cancellations_have_numbers_of_their_own() {
    let (emulator, client) = start(quiet()).await;
    let mut socket = client.socket().await;
    socket.say(&register(1, true, &[], &[RealType::Orders])).await;
    socket.reply().await;
    let first = client.place(Side::Buy, 10, OrderKind::Limit, Some(60_000)).await.expect("it rests");
    let second = client.ask(&amend(first.number, 10, 60_100)).await.expect("amended");
    let third = client.ask(&amend(second.number, 4, 60_200)).await.expect("a part of it");
    let fourth = client.ask(&cancel(third.number, None)).await.expect("cancelled");
    let numbers = [first.number, second.number, third.number, fourth.number].map(|number| number.get());
    assert_eq!((numbers, second.root, fourth.root), ([1, 2, 3, 4], Some(first.number), Some(first.number)));
    assert_eq!((count(second.qty), count(third.qty), count(fourth.qty)), (10, 4, 4));
    let mut told = Vec::new();
    while told.len() < 7 {
        let frame = socket.real(|body| match body {
            RealBody::Order(frame) => Some((**frame).clone()),
            _ => None,
        });
        let frame = frame.await;
        let original = frame.original.map_or(0, OrderNumber::get);
        told.push((frame.number.map_or(0, OrderNumber::get), original, frame.status, frame.action.verb, count(frame.open_qty)));
    }
    use OrderStatus::{Confirmed, Received};
    use OrderVerb::{Amend, Cancel, Place};
    let expected = [
        (1, 0, Received, Place, 10),
        (2, 1, Received, Amend, 10),
        (2, 1, Confirmed, Amend, 10),
        (3, 2, Received, Amend, 4),
        (3, 2, Confirmed, Amend, 4),
        (4, 3, Received, Cancel, 4),
        (4, 3, Confirmed, Cancel, 0),
    ];
    assert_eq!(told, expected);
    let open = client.ask(&AskOpenOrders::default()).await.expect("the rest");
    assert_eq!((open.len(), open[0].number, count(open[0].open_qty)), (1, Some(second.number), 6));
    assert_eq!(client.refused(&cancel(third.number, None)).await.code, "506550");
    assert_eq!(client.refused(&cancel(second.number, Some(7))).await.code, "506550");
    let other = CancelOrder { exchange: Exchange::Sor, ..cancel(second.number, None) };
    assert_eq!(client.refused(&other).await.code, "571412");
    client.ask(&cancel(second.number, None)).await.expect("cancelled");
    assert_eq!(client.refused(&amend(second.number, 1, 60_000)).await.code, "506550");
    let ledger = emulator.ledger();
    assert_eq!((ledger.orderable, ledger.cash, ledger.fills.len()), (100_000_000, 100_000_000, 0));
    let states: Vec<_> = ledger.orders.iter().map(|order| (order.number, order.original, order.state)).collect();
    assert_eq!(states, [(1, None, "amended"), (2, Some(1), "cancelled"), (3, Some(2), "cancelled")]);
}

#[tokio::test]
async fn each_check_has_its_code() {
    for mock in [false, true] {
        let (_emulator, client) = start(KiwoomEmulatorConfig { mock, cash: 1_000_000, ..quiet() }).await;
        let ask = best_ask(&client).await;
        let limit = |shares, price| order(Side::Buy, shares, OrderKind::Limit, price);
        let cases: Vec<(PlaceOrder, &str)> = vec![
            (PlaceOrder { code: "999999".into(), ..limit(1, Some(ask)) }, "1902"),
            (limit(1, Some(ask + 1)), if mock { "RC4003" } else { "571557" }),
            (limit(1, Some(97_400)), "RC4027"),
            (limit(0, Some(ask)), "1517"),
            (limit(100, Some(ask)), if mock { "RC4025" } else { "855056" }),
            (order(Side::Sell, 1, OrderKind::Market, None), "800033"),
            (limit(1, None), "308003"),
            (order(Side::Buy, 1, OrderKind::Mid, None), "RC9000"),
        ];
        for (wrong, code) in cases {
            let refusal = client.refused(&wrong).await;
            assert_eq!((refusal.code.as_str(), refusal.status), (code, Some(200)), "{refusal}");
        }
        let too_much = client.refused(&limit(100, Some(ask))).await;
        let affordable = 1_000_000 / i64::try_from(ask).expect("small");
        assert_eq!(too_much.available(), Some(affordable.unsigned_abs()));
        let none = client.refused(&order(Side::Sell, 1, OrderKind::Market, None)).await;
        assert_eq!(none.available(), Some(0));
        let body = r#"{"dmst_stex_tp":"KRX","stk_cd":"005930","ord_qty":"1","ord_uv":"","trde_tp":"2","cond_uv":""}"#;
        let bearer = format!("Bearer {}", client.token);
        let headers = [("api-id", "kt10000"), ("authorization", bearer.as_str())];
        let (_, answer) = client.raw("/api/dostk/ordr", &headers, body).await;
        assert!(answer["return_msg"].as_str().is_some_and(|words| words.contains("(407022:")), "{answer}");
        let nxt = PlaceOrder { exchange: Exchange::Nxt, ..limit(1, Some(60_000)) };
        match mock {
            true => assert_eq!(client.refused(&nxt).await.code, "RC9000"),
            false => assert_eq!(client.ask(&nxt).await.expect("accepted").exchange, Some(Exchange::Nxt)),
        }
    }
}

#[tokio::test]
async fn sessions_take_what_they_take() {
    let at = |hour, minute| KiwoomEmulatorConfig { begin: TimeOfDay::of(hour, minute, 0), ..quiet() };
    let code = async |config: KiwoomEmulatorConfig, kind, price| {
        let (_emulator, client): (KiwoomEmulator, Client) = start(config).await;
        match client.place(Side::Buy, 1, kind, price).await {
            Ok(_) => "taken".to_owned(),
            Err(error) => error.to_string(),
        }
    };
    let (limit, market) = ((OrderKind::Limit, Some(60_000)), (OrderKind::Market, None));
    let mock = |config| KiwoomEmulatorConfig { mock: true, ..config };
    for (config, kind, expected) in [
        (at(8, 10), limit, "RC4057"),
        (at(8, 40), limit, "taken"),
        (at(8, 40), (OrderKind::LimitIoc, Some(60_000)), "521790"),
        (at(12, 0), market, "taken"),
        (at(15, 25), market, "taken"),
        (at(15, 35), limit, "RC4058"),
        (at(17, 0), limit, "taken"),
        (at(17, 0), market, "521790"),
        (mock(at(17, 0)), limit, "RC4058"),
        (mock(at(8, 10)), limit, "RC4057"),
    ] {
        let (time, got) = (config.begin, code(config, kind.0, kind.1).await);
        assert!(got.contains(expected), "{time}: expected {expected}, got {got}");
    }
}
