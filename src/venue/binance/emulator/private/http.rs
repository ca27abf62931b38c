//! Signed requests, answered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::super::config::MarketKind;
use super::super::market::{Market, lock};
use super::super::symbols::SymbolRules;
use super::super::weight::retry_after;
use super::desk::{Asked, Desk};
use super::refusal::Refused;
use super::{Accounts, frames, levels_of};
use crate::account::{OrderType, TimeInForce};
use crate::market::{Price, Qty, Side};
use crate::venue::binance::wire::Levels;
use crate::venue::faults::OrderFault;

type Parameters = BTreeMap<String, String>;

/// How long a client waits in vain for an answer that is lost.
const LOST: Duration = Duration::from_secs(120);

/// The routes of accounts.
pub(in super::super) fn routes(kind: MarketKind) -> Router<Arc<Market>> {
    let paths: &[&str] = match kind {
        MarketKind::Spot => &[
            "/api/v3/order",
            "/api/v3/order/cancelReplace",
            "/api/v3/openOrders",
            "/api/v3/myTrades",
            "/api/v3/account",
            "/api/v3/ticker/price",
            "/sapi/v1/account/apiRestrictions",
        ],
        MarketKind::UsdM => &[
            "/fapi/v1/order",
            "/fapi/v1/openOrders",
            "/fapi/v1/userTrades",
            "/fapi/v1/positionSide/dual",
            "/fapi/v1/leverage",
            "/fapi/v1/marginType",
            "/fapi/v1/listenKey",
            "/fapi/v1/income",
            "/fapi/v1/leverageBracket",
            "/fapi/v1/symbolConfig",
            "/fapi/v3/balance",
            "/fapi/v3/positionRisk",
        ],
    };
    paths.iter().fold(Router::new(), |router, path| router.route(path, any(handle)))
}

async fn handle(State(market): State<Arc<Market>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    market.rest_calls.fetch_add(1, Ordering::Relaxed);
    let accounts = &market.accounts;
    let (path, query) = (uri.path(), uri.query().unwrap_or(""));
    let is_order = path.contains("/order") && method != Method::GET;
    let (weight, now_ms) = (weight(&method, path), accounts.now_ms());
    let (used, within) = lock(&market.weight).charge(now_ms, weight, market.limits.weight_per_minute_max);
    let fault = if is_order { accounts.fault() } else { None };
    let result = if !within || fault == Some(OrderFault::TooMany) {
        Err(Refused::new(-1003, "Too much request weight used.").with_status(StatusCode::TOO_MANY_REQUESTS))
    } else if fault == Some(OrderFault::LostRequest) {
        sleep(LOST).await;
        return StatusCode::GATEWAY_TIMEOUT.into_response();
    } else {
        answer(&market, &method, path, query, &headers)
    };
    sleep(accounts.delay()).await;
    match fault {
        Some(OrderFault::LostAnswer) => {
            sleep(LOST).await;
            return StatusCode::GATEWAY_TIMEOUT.into_response();
        }
        Some(OrderFault::UnknownStatus) => {
            let refused = Refused::new(
                -1007,
                "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
            );
            return respond(Err(refused.with_status(StatusCode::SERVICE_UNAVAILABLE)), used, 0, 1);
        }
        _ => {}
    }
    let pause = if fault == Some(OrderFault::TooMany) { 1 } else { retry_after(now_ms) };
    let orders = lock(&accounts.orders_sent).1;
    respond(result, used, orders, pause)
}

fn respond(result: Result<Value, Refused>, used: u32, orders: u32, pause: i64) -> Response {
    let (status, body, silent) = match result {
        Ok(body) => (StatusCode::OK, body.to_string(), false),
        Err(refused) => (refused.status, refused.body(), refused.code == -1003),
    };
    let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
    let mut response = (status, [json], body).into_response();
    response.headers_mut().insert("x-mbx-used-weight-1m", HeaderValue::from(used));
    response.headers_mut().insert("x-mbx-order-count-10s", HeaderValue::from(orders));
    if silent {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(pause));
    }
    response
}

fn weight(method: &Method, path: &str) -> u32 {
    match (method, path) {
        (&Method::GET, "/api/v3/order") => 4,
        (&Method::GET, "/api/v3/openOrders") => 80,
        (&Method::GET, "/api/v3/myTrades" | "/api/v3/account") => 20,
        (&Method::GET, "/api/v3/ticker/price") => 4,
        (&Method::GET, "/fapi/v1/openOrders") => 40,
        (&Method::GET, "/fapi/v1/positionSide/dual" | "/fapi/v1/income") => 30,
        (&Method::GET, "/fapi/v1/userTrades" | "/fapi/v3/balance" | "/fapi/v3/positionRisk") => 5,
        _ => 1,
    }
}

fn answer(market: &Market, method: &Method, path: &str, query: &str, headers: &HeaderMap) -> Result<Value, Refused> {
    let accounts = &market.accounts;
    let parameters = decode(query);
    if path == "/api/v3/ticker/price" {
        return prices(market, &parameters);
    }
    let account = accounts.account_of(headers.get("x-mbx-apikey").and_then(|key| key.to_str().ok()))?;
    if path == "/fapi/v1/listenKey" {
        return accounts.listen_key(method, account);
    }
    accounts.check_time(&parameters)?;
    let (payload, _) = query.rsplit_once("&signature=").ok_or_else(|| missing("signature"))?;
    accounts.check_signature(account, payload, parameters.get("signature").map_or("", String::as_str))?;
    let mut desk = lock(&accounts.desk);
    let result = match (method.as_str(), path) {
        ("GET", "/fapi/v1/positionSide/dual") => Ok(json!({"dualSidePosition": accounts.hedged.load(Ordering::Relaxed)})),
        ("GET", "/sapi/v1/account/apiRestrictions") => {
            let may_withdraw = accounts.may_withdraw.load(Ordering::Relaxed);
            Ok(
                json!({"ipRestrict": false, "enableReading": true, "enableSpotAndMarginTrading": true, "enableWithdrawals": may_withdraw}),
            )
        }
        ("POST", "/fapi/v1/leverage" | "/fapi/v1/marginType") => margin(market, account, path, &parameters),
        ("GET", "/api/v3/account") => Ok(spot_account(&desk, account)),
        ("GET", "/fapi/v1/leverageBracket") => Ok(super::margin::brackets(market)),
        ("GET", "/fapi/v1/symbolConfig") => Ok(super::margin::symbols(market, account)),
        ("GET", "/fapi/v1/income") => history(&desk, account, &parameters, accounts.now_ms()),
        ("GET", "/fapi/v3/balance") => Ok(futures_balance(&desk, account)),
        ("GET", "/fapi/v3/positionRisk") => Ok(Value::Array(frames::positions(&desk.accounts[account].0, false))),
        ("GET", "/api/v3/openOrders" | "/fapi/v1/openOrders") => Ok(open_orders(&desk, account, accounts.now_ms())),
        _ => about_orders(market, &mut desk, account, (method, path), &parameters),
    };
    accounts.flush(&mut desk);
    result
}

/// Leverage or kind of margin of a symbol.
fn margin(market: &Market, account: usize, path: &str, parameters: &Parameters) -> Result<Value, Refused> {
    let symbol = text(parameters, "symbol")?;
    if !lock(&market.books).knows(symbol) {
        return Err(Refused::new(-1121, "Invalid symbol."));
    }
    let mut margins = lock(&market.accounts.margins);
    let (leverage, kind) = margins.entry((account, symbol.to_owned())).or_default();
    if path.ends_with("leverage") {
        let asked = text(parameters, "leverage")?.parse().ok().filter(|asked| (1..=125).contains(asked));
        let asked = asked.ok_or_else(|| Refused::new(-4028, "Leverage is not valid"))?;
        *leverage = Some(asked);
        return Ok(json!({"leverage": asked, "maxNotionalValue": "1000000", "symbol": symbol}));
    }
    let asked = text(parameters, "marginType")?;
    if !matches!(asked, "ISOLATED" | "CROSSED") {
        return Err(Refused::new(-4047, "Invalid margin type."));
    }
    // An account begins with cross margin.
    if kind.as_deref().unwrap_or("CROSSED") == asked {
        return Err(Refused::new(-4046, "No need to change margin type."));
    }
    *kind = Some(asked.to_owned());
    Ok(json!({"code": 200, "msg": "success"}))
}

fn about_orders(
    market: &Market,
    desk: &mut Desk,
    account: usize,
    (method, path): (&Method, &str),
    parameters: &Parameters,
) -> Result<Value, Refused> {
    let (kind, now_ms) = (market.kind, market.accounts.now_ms());
    let symbol = text(parameters, "symbol")?;
    if !lock(&market.books).knows(symbol) {
        return Err(Refused::new(-1121, "Invalid symbol."));
    }
    let book = || levels_of(lock(&market.books).answer(kind, symbol, 500));
    let number = parameters.get("orderId").or(parameters.get("cancelOrderId")).and_then(|text| text.parse().ok());
    let name = parameters.get("origClientOrderId").or(parameters.get("cancelOrigClientOrderId")).map(String::as_str);
    let found = desk.find(account, symbol, number, name);
    match (method.as_str(), path) {
        ("POST", "/api/v3/order" | "/fapi/v1/order") => {
            market.accounts.count_order(now_ms)?;
            let number = desk.place(account, asked(kind, parameters)?, &book(), now_ms)?;
            order_answer(desk, number, false, now_ms)
        }
        ("POST", "/api/v3/order/cancelReplace") => {
            market.accounts.count_order(now_ms)?;
            cancel_replace(desk, account, found, asked(kind, parameters)?, &book(), now_ms)
        }
        ("DELETE", "/api/v3/order" | "/fapi/v1/order") => {
            let number = found.ok_or(Refused::UNKNOWN_CANCEL)?;
            desk.cancel(number, now_ms)?;
            let mut answer = order_answer(desk, number, false, now_ms)?;
            if kind == MarketKind::Spot {
                // The order's own name goes to `origClientOrderId`, a new one is the cancellation's.
                let own = answer["clientOrderId"].take();
                (answer["origClientOrderId"], answer["clientOrderId"]) = (own, json!(format!("cancel-{number}")));
            }
            Ok(answer)
        }
        ("PUT", "/fapi/v1/order") => {
            market.accounts.count_order(now_ms)?;
            let number = found.ok_or(Refused::UNKNOWN_ORDER)?;
            desk.modify(number, decimal(parameters, "price")?, decimal(parameters, "quantity")?, &book(), now_ms)?;
            order_answer(desk, number, false, now_ms)
        }
        ("GET", "/api/v3/order" | "/fapi/v1/order") => order_answer(desk, found.ok_or(Refused::UNKNOWN_ORDER)?, true, now_ms),
        ("GET", "/api/v3/myTrades" | "/fapi/v1/userTrades") => {
            let rows = desk.fills.iter().filter(|fill| Some(fill.order) == found);
            let row = |fill| Some(frames::trade(kind, desk.orders.get(&found?)?, fill));
            Ok(Value::Array(rows.filter_map(row).collect()))
        }
        _ => Err(Refused::new(-1000, "This call is not emulated.").with_status(StatusCode::NOT_FOUND)),
    }
}

fn order_answer(desk: &Desk, number: u64, queried: bool, now_ms: i64) -> Result<Value, Refused> {
    let order = desk.orders.get(&number).ok_or(Refused::UNKNOWN_ORDER)?;
    Ok(frames::answer(desk.kind, order, queried, now_ms))
}

/// `STOP_ON_FAILURE`, with `ONLY_NEW` if that was asked.
fn cancel_replace(
    desk: &mut Desk,
    account: usize,
    found: Option<u64>,
    asked: Asked,
    book: &Levels,
    now_ms: i64,
) -> Result<Value, Refused> {
    let wrong =
        |code: i64, message: &str, status, data| Refused { data: Some(data), ..Refused::new(code, message).with_status(status) };
    let neither = |code: i64, message: &str| {
        let data = json!({"cancelResult": "FAILURE", "newOrderResult": "NOT_ATTEMPTED",
            "cancelResponse": {"code": code, "msg": message}, "newOrderResponse": null});
        wrong(-2022, "Order cancel-replace failed.", StatusCode::BAD_REQUEST, data)
    };
    let old = found.and_then(|number| desk.orders.get(&number)).filter(|order| order.status.is_open());
    let old = old.ok_or_else(|| neither(-2011, "Unknown order sent."))?;
    if !old.filled.is_zero() {
        return Err(neither(-2011, "Order was not canceled due to cancel restrictions."));
    }
    let number = old.number;
    desk.cancel(number, now_ms).map_err(|refused| neither(refused.code, &refused.message))?;
    match desk.place(account, asked, book, now_ms) {
        Ok(next) => Ok(json!({
            "cancelResult": "SUCCESS", "newOrderResult": "SUCCESS",
            "cancelResponse": order_answer(desk, number, false, now_ms)?,
            "newOrderResponse": order_answer(desk, next, false, now_ms)?,
        })),
        Err(refused) => {
            let failed: Value = serde_json::from_str(&refused.body()).unwrap_or(Value::Null);
            let data = json!({"cancelResult": "SUCCESS", "newOrderResult": "FAILURE",
                "cancelResponse": order_answer(desk, number, false, now_ms)?, "newOrderResponse": failed});
            Err(wrong(-2021, "Order cancel-replace partially failed.", StatusCode::CONFLICT, data))
        }
    }
}

fn asked(kind: MarketKind, parameters: &Parameters) -> Result<Asked, Refused> {
    let side = match text(parameters, "side")? {
        "BUY" => Side::Buy,
        "SELL" => Side::Sell,
        _ => return Err(Refused::new(-1117, "Invalid side.")),
    };
    let tif = parameters.get("timeInForce").map(String::as_str);
    let (order_type, time_in_force) = match (text(parameters, "type")?, tif, kind) {
        ("MARKET", None, _) => (OrderType::Market, TimeInForce::Ioc),
        ("LIMIT_MAKER", None, MarketKind::Spot) => (OrderType::Limit(decimal(parameters, "price")?), TimeInForce::PostOnly),
        ("LIMIT", Some(tif), _) => {
            let tif = match (tif, kind) {
                ("GTC", _) => TimeInForce::Gtc,
                ("IOC", _) => TimeInForce::Ioc,
                ("FOK", _) => TimeInForce::Fok,
                ("GTX", MarketKind::UsdM) => TimeInForce::PostOnly,
                _ => return Err(Refused::new(-1115, "Invalid timeInForce.")),
            };
            (OrderType::Limit(decimal(parameters, "price")?), tif)
        }
        ("STOP" | "STOP_MARKET" | "TAKE_PROFIT" | "TAKE_PROFIT_MARKET" | "TRAILING_STOP_MARKET", _, MarketKind::UsdM) => {
            return Err(Refused::new(
                -4120,
                "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
            ));
        }
        ("LIMIT", None, _) => return Err(missing("timeInForce")),
        ("MARKET" | "LIMIT_MAKER", Some(_), _) => {
            return Err(Refused::new(-1106, "Parameter 'timeInForce' sent when not required."));
        }
        _ => return Err(Refused::new(-1116, "Invalid orderType.")),
    };
    Ok(Asked {
        symbol: text(parameters, "symbol")?.to_owned(),
        client_id: text(parameters, "newClientOrderId")?.to_owned(),
        side,
        order_type,
        time_in_force,
        qty: decimal::<Qty>(parameters, "quantity")?,
        reduce_only: parameters.get("reduceOnly").is_some_and(|text| text == "true"),
    })
}

fn text<'a>(parameters: &'a Parameters, name: &str) -> Result<&'a str, Refused> {
    parameters.get(name).map(String::as_str).filter(|text| !text.is_empty()).ok_or_else(|| missing(name))
}

fn decimal<T: std::str::FromStr>(parameters: &Parameters, name: &str) -> Result<T, Refused> {
    text(parameters, name)?.parse().map_err(|_| missing(name))
}

fn missing(name: &str) -> Refused {
    Refused::new(-1102, &format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed."))
}

fn decode(query: &str) -> Parameters {
    let url = reqwest::Url::parse(&format!("http://localhost/?{query}"));
    url.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default()
}

fn spot_account(desk: &Desk, account: usize) -> Value {
    let (funds, fees) = &desk.accounts[account];
    let row = |asset: &String| json!({"asset": asset, "free": frames::text(funds.free(asset).raw()), "locked": frames::text(funds.locked(asset).raw())});
    let rows: Vec<Value> = funds.total.keys().map(row).collect();
    let rates = json!({"maker": fees.maker.to_string(), "taker": fees.taker.to_string(), "buyer": "0", "seller": "0"});
    json!({"commissionRates": rates, "canTrade": true, "canWithdraw": false, "canDeposit": false, "accountType": "SPOT",
        "balances": rows, "permissions": ["SPOT"], "uid": 1_000 + account})
}

fn futures_balance(desk: &Desk, account: usize) -> Value {
    let row = |(asset, total): (&String, &crate::market::Money)| {
        let total = frames::text(total.raw());
        json!({"accountAlias": "SgsR", "asset": asset, "balance": total, "crossWalletBalance": total, "crossUnPnl": "0.00000000",
            "availableBalance": total, "maxWithdrawAmount": total, "marginAvailable": true, "updateTime": 0})
    };
    Value::Array(desk.accounts[account].0.total.iter().map(row).collect())
}

fn history(desk: &Desk, account: usize, parameters: &Parameters, now_ms: i64) -> Result<Value, Refused> {
    let number = |name: &str, otherwise: i64| match parameters.get(name) {
        Some(text) => text.parse::<i64>().map_err(|_| missing(name)),
        None => Ok(otherwise),
    };
    // Without a start, the last seven days.
    let (from_ms, limit) = (number("startTime", now_ms - 7 * 86_400_000)?, number("limit", 100)?.clamp(1, 1_000));
    Ok(desk.history(account, from_ms, usize::try_from(limit).unwrap_or(100)))
}

fn open_orders(desk: &Desk, account: usize, now_ms: i64) -> Value {
    let open = desk.orders.values().filter(|order| order.account == account && order.status.is_open());
    Value::Array(open.map(|order| frames::answer(desk.kind, order, true, now_ms)).collect())
}

fn prices(market: &Market, parameters: &Parameters) -> Result<Value, Refused> {
    let names: Vec<String> = match (parameters.get("symbols"), parameters.get("symbol")) {
        (Some(list), _) => serde_json::from_str(list).map_err(|_| missing("symbols"))?,
        (None, Some(symbol)) => vec![symbol.clone()],
        (None, None) => Vec::new(),
    };
    let row = |symbol: &String| {
        let books = lock(&market.books);
        if !books.knows(symbol) {
            return Err(Refused::new(-1121, "Invalid symbol."));
        }
        let best = levels_of(books.answer(market.kind, symbol, 5)).bids.first().map(|level| level.0);
        let price = best.unwrap_or(Price::from_raw(SymbolRules::of(market.kind, symbol).start_price));
        Ok(json!({"symbol": symbol, "price": frames::text(price.raw())}))
    };
    names.iter().map(row).collect::<Result<Vec<Value>, Refused>>().map(Value::Array)
}

impl Accounts {
    /// Counts an order in the 10 s of the clock.
    fn count_order(&self, now_ms: i64) -> Result<(), Refused> {
        let max = if self.kind == MarketKind::Spot { 50 } else { 300 };
        let mut sent = lock(&self.orders_sent);
        let span = now_ms.div_euclid(10_000);
        if sent.0 != span {
            *sent = (span, 0);
        }
        if sent.1 >= max {
            return Err(Refused::new(-1015, "Too many new orders.").with_status(StatusCode::TOO_MANY_REQUESTS));
        }
        sent.1 += 1;
        Ok(())
    }
}
