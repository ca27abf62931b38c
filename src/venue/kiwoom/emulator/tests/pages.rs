//! Every TR that asks, its pages, and the refusals in their order.

use serde_json::json;

use super::client::{quiet, start};
use crate::market::number::ONE;
use crate::venue::kiwoom::emulator::{KiwoomEmulator, KiwoomEmulatorConfig};
use crate::venue::kiwoom::time::{Date, TimeOfDay};
use crate::venue::kiwoom::wire::rest::Cause;
use crate::venue::kiwoom::wire::rest::account::{AskAccountNumber, AskDeposit, AskHoldings};
use crate::venue::kiwoom::wire::rest::chart::{AskDailyPrices, AskDayChart, AskMinuteChart, AskTickChart};
use crate::venue::kiwoom::wire::rest::listing::{AskStockList, ListedMarket};
use crate::venue::kiwoom::wire::rest::quote::{AskBook, AskQuoteBoard, AskStockInfo};
use crate::venue::kiwoom::wire::rest::reports::{AskFills, AskOpenOrders};
use crate::venue::kiwoom::wire::rest::token::RevokeToken;
use crate::venue::kiwoom::wire::{Exchange, Symbol};

/// Path, headers, body; `return_code` and a part of `return_msg`.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, i64, &'a str);

fn won(amount: i64) -> String {
    amount.to_string()
}

#[tokio::test]
async fn every_query_is_answered_and_read() {
    let made_up = (15..40).map(|index| (format!("{:06}", 300_000 + index * 10), 7, 700_000));
    let holdings = made_up.chain([("005930".into(), 10, 745_000)]).collect();
    let (emulator, client) = start(KiwoomEmulatorConfig { symbols: 40, holdings, ..quiet() }).await;
    let symbol = Symbol::krx("005930");
    let facts = client.ask(&AskStockInfo { symbol: symbol.clone() }).await.expect("facts");
    let limits = (facts.lower_limit, facts.upper_limit, facts.reference);
    let shown = |price: Option<crate::market::Price>| price.map_or_else(|| "none".into(), |price| price.to_string());
    assert_eq!((shown(limits.0), shown(limits.1), shown(limits.2)), (won(52_500), won(97_300), won(74_900)));
    assert_eq!((facts.name.as_str(), facts.symbol.code.as_str()), ("삼성전자", "005930"));
    let book = client.ask(&AskBook { symbol: symbol.clone() }).await.expect("a book");
    assert_eq!((book.asks.len(), book.bids.len()), (10, 10));
    assert!(book.bids[0].0 < book.asks[0].0 && book.asks[0].0.raw() - book.bids[0].0.raw() == 100 * ONE);
    let board = client.ask(&AskQuoteBoard { symbol: Symbol::parse("005930_AL") }).await.expect("a page");
    assert_eq!((board.asks, board.bids), (book.asks.clone(), book.bids.clone()));
    assert_eq!((shown(board.head.previous_close), board.head.date), (won(74_900), Some(Date::of(2026, 11, 20))));
    assert!(board.head.open.is_some_and(|open| open.is_positive()), "the opening auction has printed");
    let kospi = client.ask(&AskStockList { market: ListedMarket::Kospi }).await.expect("a list");
    let kosdaq = client.ask(&AskStockList { market: ListedMarket::Kosdaq }).await.expect("a list");
    assert_eq!(
        (kospi.len() + kosdaq.len(), kospi[0].symbol.code.as_str(), shown(kospi[0].previous_close)),
        (40, "005930", won(74_900))
    );
    assert_eq!(client.ask(&AskAccountNumber).await.expect("a number").number, "1234567810");
    let cash = client.ask(&AskDeposit { estimated: true }).await.expect("cash");
    assert_eq!(cash.orderable.map(|cash| cash.to_string()), Some(won(100_000_000)));
    let ask = AskHoldings { summed: true, exchange: Exchange::Krx };
    let (first, next) = client.send(&ask, None).await.expect("an answer").expect("a page");
    let (second, last) = client.send(&ask, next.as_deref()).await.expect("an answer").expect("a page");
    assert_eq!((first.rows.len(), second.rows.len(), last), (20, 6, None));
    assert_eq!(first.totals, second.totals);
    for row in first.rows.iter().chain(&second.rows) {
        let (value, cost) = (row.value.expect("a value").raw(), row.cost.expect("a cost").raw());
        let charges = row.fees.expect("fees").raw() + row.tax.expect("a tax").raw();
        assert_eq!(row.profit.map(|profit| profit.raw()), Some(value - cost - charges), "{row:?}");
    }
    // Bars: newest first, as many a page as the real server sends.
    let minutes = AskMinuteChart { symbol: symbol.clone(), minutes: 1, date: None, adjusted: true };
    let (page, next) = client.send(&minutes, None).await.expect("an answer").expect("bars");
    let (rest, _) = client.send(&minutes, next.as_deref()).await.expect("an answer").expect("bars");
    assert_eq!(page.len(), 900);
    assert!(page.iter().chain(&rest).zip(page.iter().chain(&rest).skip(1)).all(|(newer, older)| newer.time > older.time));
    let days = AskDayChart { symbol: symbol.clone(), date: Date::of(2026, 11, 20), adjusted: true };
    let (page, next) = client.send(&days, None).await.expect("an answer").expect("days");
    let (rest, last) = client.send(&days, next.as_deref()).await.expect("an answer").expect("days");
    assert_eq!((page.len(), rest.len(), last, page[0].date), (600, 51, None, Some(Date::of(2026, 11, 20))));
    assert_eq!(shown(page[1].close), won(74_900));
    let daily = AskDailyPrices { symbol: symbol.clone(), date: Date::of(2026, 11, 19), in_money: false };
    let (page, next) = client.send(&daily, None).await.expect("an answer").expect("days");
    assert_eq!((page.len(), page[0].date, next.is_some()), (20, Some(Date::of(2026, 11, 19)), true));
    let ticks = client.ask(&AskTickChart { symbol, trades: 1, adjusted: true }).await.expect("bars");
    assert!(!ticks.is_empty());
    // No rows come as the refusal 571758, which the client reads as an empty list.
    assert_eq!(client.ask(&AskOpenOrders::default()).await.expect("none").len(), 0);
    assert_eq!(client.ask(&AskFills::default()).await.expect("none").len(), 0);
    assert_eq!(emulator.stats().refused, 2);
    assert!(client.refused(&AskStockInfo { symbol: Symbol::krx("999999") }).await.cause == Cause::UnknownSymbol);
}

#[tokio::test]
async fn refusals_come_in_the_brokers_order() {
    let (_emulator, client) = start(quiet()).await;
    let bearer = format!("Bearer {}", client.token);
    let path = "/api/dostk/stkinfo";
    let cases: &[Case<'_>] = &[
        (path, &[], "{}", 2, "[1501:"),
        (path, &[("api-id", "ka99999")], "{}", 2, "[1505:"),
        ("/api/dostk/chart", &[("api-id", "ka10001")], "{}", 2, "[1504:"),
        (path, &[("api-id", "ka10001")], "{}", 3, "[1513:"),
        (path, &[("api-id", "ka10001"), ("authorization", "Basic x")], "{}", 3, "[1514:"),
        (path, &[("api-id", "ka10001"), ("authorization", "Bearer")], "{}", 3, "[1516:"),
        (path, &[("api-id", "ka10001"), ("authorization", "Bearer wrong")], "{}", 3, "[8005:"),
        (path, &[("api-id", "ka10001"), ("authorization", &bearer)], "{}", 2, "파라미터=stk_cd]"),
        (path, &[("api-id", "ka10001"), ("authorization", &bearer)], "[1]", 2, "[1517:"),
        (path, &[("api-id", "ka10099"), ("authorization", &bearer)], r#"{"mrkt_tp":"x"}"#, 2, "[1517:"),
        (
            "/api/dostk/acnt",
            &[("api-id", "kt00018"), ("authorization", &bearer), ("cont-yn", "Y"), ("next-key", "zz")],
            r#"{"qry_tp":"1","dmst_stex_tp":"KRX"}"#,
            2,
            "[1517:",
        ),
        ("/oauth2/token", &[], r#"{"appkey":"a","secretkey":"b"}"#, 3, "[8011:"),
        ("/oauth2/token", &[], r#"{"grant_type":"x","appkey":"a","secretkey":"b"}"#, 3, "[8012:"),
        ("/oauth2/token", &[], r#"{"grant_type":"client_credentials"}"#, 3, "[8020:"),
        ("/oauth2/token", &[], r#"{"grant_type":"client_credentials","appkey":"a","secretkey":"b"}"#, 3, "[8001:"),
    ];
    for (path, headers, body, code, said) in cases {
        let (status, answer) = client.raw(path, headers, body).await;
        let message = answer["return_msg"].as_str().unwrap_or_default();
        assert_eq!((status, &answer["return_code"]), (200, &json!(code)), "{path} {headers:?}: {message}");
        assert!(message.contains(said), "{said}: {message}");
    }
}

#[tokio::test]
async fn a_token_is_the_same_until_it_expires_or_is_revoked() {
    // A virtual minute a real millisecond or so: the token of ten virtual minutes expires while we wait for it.
    let config = KiwoomEmulatorConfig { token_life_s: 600, speed: 600, end: TimeOfDay::of(20, 0, 0), ..quiet() };
    let (emulator, mut client) = start(config).await;
    let again = client.issue("emulator-app-key").await.expect("a token");
    assert_eq!(again.secret.len(), 86);
    emulator.until(again.expires).await;
    let refusal = client.refused(&AskAccountNumber).await;
    assert_eq!((refusal.cause, refusal.status), (Cause::TokenInvalid, Some(200)));
    let fresh = client.issue("emulator-app-key").await.expect("a token");
    assert!(fresh.secret != again.secret && fresh.expires > again.expires);
    let (emulator, _) = start(quiet()).await;
    client = super::client::Client::new(&emulator).await;
    assert_eq!(client.issue("emulator-app-key").await.expect("a token").secret, client.token);
    let revoke = RevokeToken { app_key: "emulator-app-key", secret_key: "emulator-secret-key", token: &client.token };
    client.ask(&revoke).await.expect("revoked");
    assert_eq!(client.refused(&AskAccountNumber).await.cause, Cause::TokenInvalid);
    let wrong = client.issue("another").await.expect_err("refused").to_string();
    assert!(wrong.contains("8001"), "{wrong}");
}

#[tokio::test]
async fn too_many_requests_are_refused_by_kind() {
    for (strict, at_once) in [(false, 5), (true, 2)] {
        let (emulator, client) = start(KiwoomEmulatorConfig { limited: true, strict, ..quiet() }).await;
        let mut served = 0;
        // At five a second, a hundred would take twenty seconds.
        for _ in 0..100 {
            match client.send(&AskAccountNumber, None).await.expect("an answer") {
                Ok(_) => served += 1,
                Err(error) => {
                    assert!(error.to_string().contains("1700") && error.to_string().contains("API ID=ka00001"), "{error}");
                    break;
                }
            }
        }
        assert!(served >= at_once, "{served}");
        let (status, answer) = client
            .raw(
                "/api/dostk/acnt",
                &[("api-id", "kt00001"), ("authorization", &format!("Bearer {}", client.token))],
                r#"{"qry_tp":"2"}"#,
            )
            .await;
        assert_eq!((status, answer["return_code"].as_i64()), (200, Some(0)), "another kind has a bucket of its own");
        assert_eq!(emulator.stats().limited, 1);
    }
}

#[tokio::test]
async fn what_cannot_be_is_said() {
    let starts =
        async |config: KiwoomEmulatorConfig| KiwoomEmulator::start(config).await.map(|_| ()).map_err(|error| error.to_string());
    let default = KiwoomEmulatorConfig::default;
    for (config, said) in [
        (KiwoomEmulatorConfig { symbols: 0, ..default() }, "1 to 200"),
        (KiwoomEmulatorConfig { speed: 0, ..default() }, "100,000"),
        (KiwoomEmulatorConfig { cash: -1, ..default() }, "10^15"),
        (KiwoomEmulatorConfig { begin: TimeOfDay::of(21, 0, 0), ..default() }, "after the beginning"),
        (KiwoomEmulatorConfig { holdings: vec![("000000".into(), 1, 1)], ..default() }, "000000"),
        (KiwoomEmulatorConfig { holdings: vec![("005930".into(), 0, 1)], ..default() }, "005930"),
    ] {
        let error = starts(config).await.expect_err(said);
        assert!(error.contains(said), "{error}");
    }
}
