//! The REST calls, answered in the venue's form.

use std::sync::Arc;

use axum::http::Method;

use super::core::{Core, Shared, balance};
use super::orders;
use super::request::{Given, Refused};
use super::text::{book_fields, ticker_fields};
use crate::market::Money;
use crate::venue::exchange::{DayStats, Order, OrderState};
use crate::venue::upbit::rules::{Quote, costs};
use crate::venue::upbit::wire::MarketCode;
use crate::venue::upbit::wire::rest::Group;

/// Which limit a call counts against.
pub(super) fn group(method: &Method, path: &str) -> Group {
    match path {
        "/v1/market/all" => Group::Market,
        "/v1/ticker" | "/v1/ticker/all" => Group::Ticker,
        "/v1/orderbook" | "/v1/orderbook/instruments" => Group::Orderbook,
        "/v1/trades/ticks" => Group::Trade,
        "/v1/orders/test" => Group::OrderTest,
        "/v1/orders" | "/v1/orders/cancel_and_new" if method == Method::POST => Group::Order,
        path if path.starts_with("/v1/candles") => Group::Candle,
        _ => Group::Default,
    }
}

/// Whether a call needs a token.
pub(super) fn is_signed(path: &str) -> bool {
    let signed = ["/v1/accounts", "/v1/deposits", "/v1/withdraws"];
    path.starts_with("/v1/order") && !path.starts_with("/v1/orderbook") || signed.iter().any(|root| path.starts_with(root))
}

/// Answers a call whose token, if it needs one, is right.
pub(super) fn answer(shared: &Arc<Shared>, method: &Method, path: &str, given: &Given) -> Result<String, Refused> {
    let (now, now_ms) = (shared.now(), shared.now_ms());
    let mut core = shared.lock();
    let core = &mut *core;
    if !shared.is_tape() {
        core.exchange.step(now);
    }
    let result = match (method.as_str(), path) {
        ("GET", "/v1/market/all") => Ok(listed(
            core.markets
                .keys()
                .map(|code| format!("{{\"market\":\"{code}\",\"korean_name\":\"{0}\",\"english_name\":\"{0}\"}}", code.base())),
        )),
        ("GET", "/v1/ticker") => of_markets(core, given, |core, code| ticker(core, code, now_ms)),
        ("GET", "/v1/ticker/all") => {
            let missing = || Refused::quotation(400, "quote_currencies is missing");
            let quotes: Vec<&str> = given.get("quote_currencies").ok_or_else(missing)?.split(',').collect();
            let codes = core.markets.keys().filter(|code| quotes.contains(&code.quote()));
            Ok(listed(codes.filter_map(|code| ticker(core, *code, now_ms))))
        }
        ("GET", "/v1/orderbook/instruments") => of_markets(core, given, |core, code| {
            let market = core.markets.get(&code)?;
            let tick = market.ticks.tick_at(market.last);
            let quote = code.quote();
            Some(format!(
                "{{\"market\":\"{code}\",\"quote_currency\":\"{quote}\",\"tick_size\":\"{tick}\",\"supported_levels\":[\"0\"]}}"
            ))
        }),
        ("GET", "/v1/orderbook") => of_markets(core, given, |core, code| {
            let market = core.markets.get(&code)?;
            Some(format!("{{\"market\":\"{code}\",{},\"level\":0}}", book_fields(&core.exchange, market.id, now_ms)))
        }),
        ("GET", "/v1/accounts") => Ok(accounts(core)),
        ("GET", "/v1/deposits" | "/v1/withdraws") if shared.is_history_hidden() => {
            Err(Refused::new(403, "out_of_scope", "허용되지 않은 기능입니다."))
        }
        ("GET", "/v1/deposits") => Ok(core.transfers(false, given)),
        ("GET", "/v1/withdraws") => Ok(core.transfers(true, given)),
        ("GET", "/v1/orders/chance") => chance(core, given),
        ("POST", "/v1/orders") => {
            let number = orders::place(core, given, shared.is_tape())?;
            Ok(core.exchange.order(number).map(|order| orders::told(core, order, false)).unwrap_or_default())
        }
        ("POST", "/v1/orders/test") => orders::would_place(core, given).map(|()| "{}".into()),
        ("POST", "/v1/orders/cancel_and_new") => cancel_and_new(core, given, shared.is_tape()),
        ("GET", "/v1/order") => orders::named(core, given, "").map(|order| orders::told(core, order, true)),
        ("DELETE", "/v1/order") => {
            let order = orders::cancel(core, given, "")?;
            Ok(orders::told(core, &order, false))
        }
        ("GET", "/v1/orders/open") => orders_of(core, given, &[OrderState::Open], 100),
        ("GET", "/v1/orders/closed") => orders_of(core, given, &[OrderState::Filled, OrderState::Cancelled], 1_000),
        _ => Err(Refused::quotation(404, "this call is not emulated")),
    };
    core.publish_facts(now_ms);
    result
}

/// A ticker of REST.
fn ticker(core: &Core, code: MarketCode, now_ms: i64) -> Option<String> {
    let market = core.markets.get(&code)?;
    let day = core.exchange.day(market.id).filter(|day| day.last.is_positive());
    // Before the first trade of the day, yesterday's last stands.
    let standing = DayStats { open: market.last, high: market.last, low: market.last, last: market.last, ..DayStats::default() };
    let mut day = day.unwrap_or(standing);
    day.value = day.value.checked_add(market.elsewhere).unwrap_or(day.value);
    Some(format!("{{\"market\":\"{code}\",{}}}", ticker_fields(&day, market.start, now_ms)))
}

fn listed(rows: impl Iterator<Item = String>) -> String {
    format!("[{}]", rows.collect::<Vec<_>>().join(","))
}

fn of_markets(core: &Core, given: &Given, row: impl Fn(&Core, MarketCode) -> Option<String>) -> Result<String, Refused> {
    let unknown = || Refused::quotation(404, "Code not found");
    let names = given.get("markets").ok_or_else(|| Refused::quotation(400, "markets is missing"))?;
    let rows: Result<Vec<String>, Refused> =
        names.split(',').map(|name| name.parse().ok().and_then(|code| row(core, code)).ok_or_else(unknown)).collect();
    Ok(listed(rows?.into_iter()))
}

fn account(core: &Core, currency: &str) -> String {
    let (free, locked) = balance(core, currency);
    let held = core.codes.iter().find(|(_, code)| code.base() == currency && code.quote() == "KRW");
    let holding = held.and_then(|(id, _)| Some(core.exchange.account(core.account)?.holding(*id)));
    let average = holding.map(|holding| holding.average().to_string()).unwrap_or_else(|| "0".into());
    format!(
        "{{\"currency\":\"{currency}\",\"balance\":\"{free}\",\"locked\":\"{locked}\",\"avg_buy_price\":\"{average}\",\
         \"avg_buy_price_modified\":false,\"unit_currency\":\"KRW\"}}"
    )
}

fn accounts(core: &Core) -> String {
    let Some(held) = core.exchange.account(core.account) else { return "[]".into() };
    let mut currencies: Vec<String> =
        held.cash.iter().filter(|(_, cash)| cash.total != Money::ZERO).map(|row| row.0.to_string()).collect();
    let coins = held.holdings.iter().filter(|(_, holding)| holding.qty.is_positive());
    currencies.extend(coins.filter_map(|(id, _)| Some(core.codes.get(id)?.base().to_owned())));
    currencies.dedup();
    listed(currencies.iter().map(|currency| account(core, currency)))
}

fn chance(core: &Core, given: &Given) -> Result<String, Refused> {
    let code = given.market()?;
    if !core.markets.contains_key(&code) {
        return Err(Refused::new(404, "market_does_not_exist", "없는 마켓입니다."));
    }
    let (quote, base) = (code.quote(), code.base());
    let rules = Quote::of(quote).unwrap_or(Quote::Krw);
    let (fee, least) = (costs::fee_rate(rules), costs::notional_min(rules));
    Ok(format!(
        "{{\"bid_fee\":\"{fee}\",\"ask_fee\":\"{fee}\",\"maker_bid_fee\":\"{fee}\",\"maker_ask_fee\":\"{fee}\",\"market\":{{\
         \"id\":\"{code}\",\"name\":\"{base}/{quote}\",\"order_sides\":[\"ask\",\"bid\"],\
         \"bid_types\":[\"limit\",\"price\",\"limit_ioc\",\"limit_fok\",\"best_ioc\",\"best_fok\"],\
         \"ask_types\":[\"limit\",\"market\",\"limit_ioc\",\"limit_fok\",\"best_ioc\",\"best_fok\"],\
         \"bid\":{{\"currency\":\"{quote}\",\"min_total\":\"{least}\"}},\"ask\":{{\"currency\":\"{base}\",\"min_total\":\"{least}\"}},\
         \"max_total\":\"1000000000\",\"state\":\"active\"}},\"bid_account\":{},\"ask_account\":{}}}",
        account(core, quote),
        account(core, base),
    ))
}

fn orders_of(core: &Core, given: &Given, states: &[OrderState], most: usize) -> Result<String, Refused> {
    let market = given.get("market").map(|_| given.market()).transpose()?;
    let asked = given.list("states");
    let word = |order: &Order| match order.state {
        OrderState::Open => "wait",
        OrderState::Filled => "done",
        OrderState::Cancelled | OrderState::Amended => "cancel",
    };
    let fits = |order: &&Order| {
        order.account == core.account
            && states.contains(&order.state)
            && (asked.is_empty() || asked.contains(&word(order)))
            && market.is_none_or(|market| core.codes.get(&order.instrument) == Some(&market))
    };
    let number = |name: &str, usual: usize| given.get(name).map_or(Some(usual), |text| text.parse().ok());
    let wrong = || Refused::validation("page or limit does not have a valid value");
    let limit = number("limit", 100).filter(|limit| (1..=most).contains(limit)).ok_or_else(wrong)?;
    let page = number("page", 1).filter(|page| *page > 0).ok_or_else(wrong)?;
    // Newest first.
    let all: Vec<&Order> = core.exchange.orders().filter(fits).collect();
    let rows = all.into_iter().rev().skip((page - 1).saturating_mul(limit)).take(limit);
    Ok(listed(rows.map(|order| orders::told(core, order, false))))
}

/// Cancels, then places; when the second is refused, the first has happened.
fn cancel_and_new(core: &mut Core, given: &Given, is_tape: bool) -> Result<String, Refused> {
    let before = orders::named(core, given, "prev_order_")?.clone();
    let code = core.codes.get(&before.instrument).copied().ok_or_else(|| Refused::validation("no market"))?;
    let left = before.open;
    orders::cancel(core, given, "prev_order_")?;
    let side = if before.side == crate::market::Side::Buy { "bid" } else { "ask" };
    let volume = match given.get("new_volume") {
        Some("remain_only") | None => left.to_string(),
        Some(volume) => volume.to_owned(),
    };
    let mut parts = vec![format!("market={code}"), format!("side={side}"), format!("volume={volume}")];
    for (name, new) in [
        ("price", "new_price"),
        ("ord_type", "new_ord_type"),
        ("identifier", "new_identifier"),
        ("time_in_force", "new_time_in_force"),
        ("smp_type", "new_smp_type"),
    ] {
        parts.extend(given.get(new).map(|value| format!("{name}={value}")));
    }
    let number = orders::place(core, &super::request::query(&parts.join("&")), is_tape)?;
    let told = orders::told(core, &before, false);
    let identifier = given.get("new_identifier").map_or_else(|| "null".to_owned(), |id| serde_json::json!(id).to_string());
    let head = told.strip_suffix('}').unwrap_or(&told);
    Ok(format!("{head},\"new_order_uuid\":\"{}\",\"new_order_identifier\":{identifier}}}", orders::uuid(0, number)))
}
