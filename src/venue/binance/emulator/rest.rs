//! The REST calls of market data, answered in the venue's form.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::time::{sleep, timeout};

use super::clock;
use super::config::MarketKind;
use super::market::{Market, lock, stopped};
use super::symbols::{SymbolRules, exchange_info};
use super::weight::retry_after;
use crate::market::Money;
use crate::market::number::ONE;

/// The routes of a market's REST calls.
pub(super) fn routes(kind: MarketKind) -> Router<Arc<Market>> {
    let root = match kind {
        MarketKind::Spot => "/api/v3",
        MarketKind::UsdM => "/fapi/v1",
    };
    Router::new()
        .route(&format!("{root}/ping"), get(ping))
        .route(&format!("{root}/time"), get(time))
        .route(&format!("{root}/exchangeInfo"), get(on_exchange_info))
        .route(&format!("{root}/depth"), get(depth))
        .route(&format!("{root}/ticker/24hr"), get(day_tickers))
}

type Parameters = Query<BTreeMap<String, String>>;

async fn ping(State(market): State<Arc<Market>>) -> Response {
    answer(&market, 1, Ok("{}".into()))
}

async fn time(State(market): State<Arc<Market>>) -> Response {
    let text = format!("{{\"serverTime\":{}}}", market.now_ms());
    answer(&market, 1, Ok(text))
}

async fn on_exchange_info(State(market): State<Arc<Market>>, Query(parameters): Parameters) -> Response {
    let weight = match market.kind {
        MarketKind::Spot => 20,
        MarketKind::UsdM => 1,
    };
    answer(&market, weight, exchange_info_of(&market, &parameters))
}

fn exchange_info_of(market: &Market, parameters: &BTreeMap<String, String>) -> Result<String, Refusal> {
    let books = lock(&market.books);
    let wanted: Vec<String> = match (parameters.get("symbol"), parameters.get("symbols")) {
        (Some(symbol), _) => vec![symbol.clone()],
        (None, Some(list)) => serde_json::from_str(list).map_err(|_| Refusal::illegal("symbols"))?,
        (None, None) => books.symbols().map(str::to_owned).collect(),
    };
    if wanted.iter().any(|symbol| !books.knows(symbol)) {
        return Err(Refusal::INVALID_SYMBOL);
    }
    let rules: Vec<SymbolRules> = wanted.iter().map(|symbol| SymbolRules::of(market.kind, symbol)).collect();
    Ok(exchange_info(market.kind, market.now_ms(), market.limits.weight_per_minute_max, &rules).to_string())
}

/// Every symbol with what was traded of it: as much as was added, and of those without, the earlier in the alphabet the more.
async fn day_tickers(State(market): State<Arc<Market>>) -> Response {
    let weight = match market.kind {
        MarketKind::Spot => 80,
        MarketKind::UsdM => 40,
    };
    let turnovers = lock(&market.turnovers);
    let row = |(place, symbol): (usize, &str)| {
        let usual = Money::from_raw(i128::from(ONE) * 1_000_000 / (place as i128 + 1));
        let amount = turnovers.get(symbol).copied().unwrap_or(usual);
        serde_json::json!({ "symbol": symbol, "quoteVolume": amount.to_string() })
    };
    let rows: Vec<serde_json::Value> = lock(&market.books).symbols().enumerate().map(row).collect();
    drop(turnovers);
    answer(&market, weight, Ok(serde_json::Value::Array(rows).to_string()))
}

async fn depth(State(market): State<Arc<Market>>, Query(parameters): Parameters) -> Response {
    let (symbol, limit) = match depth_parameters(&market, &parameters) {
        Ok(parameters) => parameters,
        Err(refusal) => return answer(&market, 1, Err(refusal)),
    };
    let snapshot = snapshot(&market, symbol, limit).await;
    if let (Ok(_), Some(delay)) = (&snapshot, market.faults.depth_delay) {
        sleep(delay).await;
    }
    answer(&market, depth_weight(market.kind, limit), snapshot)
}

fn depth_parameters<'a>(market: &Market, parameters: &'a BTreeMap<String, String>) -> Result<(&'a str, usize), Refusal> {
    let symbol = parameters.get("symbol").filter(|symbol| !symbol.is_empty()).ok_or_else(|| Refusal::missing("symbol"))?;
    if !lock(&market.books).knows(symbol) {
        return Err(Refusal::INVALID_SYMBOL);
    }
    let limit = parameters.get("limit").map(|text| text.parse().map_err(|_| Refusal::illegal("limit"))).transpose()?;
    match market.kind {
        MarketKind::Spot => match limit.unwrap_or(100) {
            0 => Err(Refusal::illegal("limit")),
            limit => Ok((symbol, limit.min(5000))),
        },
        MarketKind::UsdM => match limit.unwrap_or(500) {
            limit @ (5 | 10 | 20 | 50 | 100 | 500 | 1000) => Ok((symbol, limit)),
            limit => Err(Refusal {
                status: StatusCode::BAD_REQUEST,
                code: -4021,
                message: format!("{limit} is not valid depth limit."),
            }),
        },
    }
}

/// The book's snapshot; waits for the book to be built.
async fn snapshot(market: &Market, symbol: &str, limit: usize) -> Result<String, Refusal> {
    let mut seeded = market.seeded.subscribe();
    let mut stop = market.stop.clone();
    market.depth_wanted.store(true, Ordering::Release);
    market.connections.on_change();
    let waiting = async {
        loop {
            seeded.mark_unchanged();
            let text = lock(&market.books).answer(market.kind, symbol, limit);
            if let Some(text) = text {
                market.depth_answers.send_modify(|count| *count = count.wrapping_add(1));
                return Some(text);
            }
            tokio::select! {
                biased;
                () = stopped(&mut stop) => return None,
                changed = seeded.changed() => changed.ok()?,
            }
        }
    };
    timeout(BOOK_PATIENCE, waiting).await.ok().flatten().ok_or_else(Refusal::internal)
}

fn depth_weight(kind: MarketKind, limit: usize) -> u32 {
    match (kind, limit) {
        (MarketKind::Spot, ..=100) => 5,
        (MarketKind::Spot, ..=500) => 25,
        (MarketKind::Spot, ..=1000) => 50,
        (MarketKind::Spot, _) => 250,
        (MarketKind::UsdM, ..=50) => 2,
        (MarketKind::UsdM, ..=100) => 5,
        (MarketKind::UsdM, ..=500) => 10,
        (MarketKind::UsdM, _) => 20,
    }
}

/// An error in the venue's form.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    code: i32,
    message: String,
}

impl Refusal {
    const INVALID_SYMBOL: Self = Self { status: StatusCode::BAD_REQUEST, code: -1121, message: String::new() };

    fn missing(name: &str) -> Self {
        let message = format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
        Self { status: StatusCode::BAD_REQUEST, code: -1102, message }
    }

    fn illegal(name: &str) -> Self {
        let message = format!("Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.");
        Self { status: StatusCode::BAD_REQUEST, code: -1100, message }
    }

    fn internal() -> Self {
        let message = "Internal error; unable to process your request. Please try again.".into();
        Self { status: StatusCode::SERVICE_UNAVAILABLE, code: -1001, message }
    }

    fn body(&self) -> String {
        let message = if self.code == -1121 { "Invalid symbol." } else { &self.message };
        format!("{{\"code\":{},\"msg\":{}}}", self.code, serde_json::json!(message))
    }
}

/// Counts the call, charges its weight, applies faults, and makes the response.
fn answer(market: &Market, weight: u32, result: Result<String, Refusal>) -> Response {
    let calls = market.rest_calls.fetch_add(1, Ordering::Relaxed) + 1;
    let now_ms = clock::wall_ms();
    let (used, within) = lock(&market.weight).charge(now_ms, weight, market.limits.weight_per_minute_max);
    let (status, body) = if !within {
        let message = format!(
            "Too much request weight used; current limit is {} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.",
            market.limits.weight_per_minute_max
        );
        (StatusCode::TOO_MANY_REQUESTS, Refusal { status: StatusCode::TOO_MANY_REQUESTS, code: -1003, message }.body())
    } else if market.faults.rest_error_every_n.is_some_and(|n| n > 0 && calls.is_multiple_of(n)) {
        let message = "An unknown error occurred while processing the request.".into();
        (StatusCode::SERVICE_UNAVAILABLE, Refusal { status: StatusCode::SERVICE_UNAVAILABLE, code: -1000, message }.body())
    } else {
        match result {
            Ok(body) => (StatusCode::OK, body),
            Err(refusal) => (refusal.status, refusal.body()),
        }
    };
    let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
    let mut response = (status, [json], body).into_response();
    response.headers_mut().insert("x-mbx-used-weight-1m", HeaderValue::from(used));
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after(now_ms)));
    }
    response
}

/// How long a call waits for the book: a recorder asks for its snapshot within the first second, so this is ample at
/// any speed, and shorter than a client's own patience.
const BOOK_PATIENCE: Duration = Duration::from_secs(30);
