//! What the emulator's desk says, in the venue's words: user data events and answers about orders.

use serde_json::{Value, json};

use super::super::config::MarketKind;
use super::desk::{DeskFill, DeskOrder};
use super::funds::Funds;
use crate::account::{OrderType, TimeInForce};
use crate::market::{Money, Price, Rounding, Side};

/// An amount with eight decimals, as spot pads them.
pub(super) fn text(raw: impl Into<i128>) -> String {
    let raw: i128 = raw.into();
    let (sign, raw) = (if raw < 0 { "-" } else { "" }, raw.unsigned_abs());
    format!("{sign}{}.{:08}", raw / 100_000_000, raw % 100_000_000)
}

fn side(side: Side) -> &'static str {
    if side == Side::Buy { "BUY" } else { "SELL" }
}

fn kind_of(kind: MarketKind, order: &DeskOrder) -> (&'static str, &'static str) {
    match (order.order_type, order.time_in_force, kind) {
        (OrderType::Market, _, _) => ("MARKET", "GTC"),
        (OrderType::Limit(_), TimeInForce::PostOnly, MarketKind::Spot) => ("LIMIT_MAKER", "GTC"),
        (OrderType::Limit(_), TimeInForce::PostOnly, MarketKind::UsdM) => ("LIMIT", "GTX"),
        (OrderType::Limit(_), TimeInForce::Ioc, _) => ("LIMIT", "IOC"),
        (OrderType::Limit(_), TimeInForce::Fok, _) => ("LIMIT", "FOK"),
        (OrderType::Limit(_), TimeInForce::Gtc, _) => ("LIMIT", "GTC"),
    }
}

/// `executionReport`, `ORDER_TRADE_UPDATE`.
pub(super) fn order(
    kind: MarketKind,
    order: &DeskOrder,
    execution: &str,
    fill: Option<&DeskFill>,
    cancel: Option<u64>,
    now_ms: i64,
) -> Value {
    let (order_type, time_in_force) = kind_of(kind, order);
    let (last_price, last_qty) = fill.map_or((Price::ZERO, 0), |fill| (fill.price, fill.qty.raw()));
    let trade = fill.map(|fill| fill.trade);
    let is_maker = fill.is_some_and(|fill| fill.is_maker);
    let (symbol, status) = (&order.symbol, order.status.name());
    match kind {
        MarketKind::Spot => {
            // A cancelled order is named in `C`; `c` is the request's own.
            let (named, original) = match cancel {
                Some(cancel) => (format!("cancel-{cancel}"), order.client_id.clone()),
                None => (order.client_id.clone(), String::new()),
            };
            json!({
                "e": "executionReport", "E": now_ms, "s": symbol, "c": named, "S": side(order.side), "o": order_type,
                "f": time_in_force, "q": text(order.qty.raw()), "p": text(order.price().raw()), "P": "0.00000000",
                "F": "0.00000000", "g": -1, "C": original, "x": execution, "X": status, "r": "NONE", "i": order.number,
                "l": text(last_qty), "z": text(order.filled.raw()), "L": text(last_price.raw()),
                "n": fill.map_or("0".to_owned(), |fill| text(fill.fee.0.raw())), "N": fill.map(|fill| &fill.fee.1),
                "T": now_ms, "t": trade.map_or(json!(-1), |trade| json!(trade)), "I": order.number * 3, "w": order.status.is_open(),
                "m": is_maker, "M": fill.is_some(), "O": order.placed_ms, "Z": text(order.value.raw()), "Y": "0.00000000",
                "Q": "0.00000000", "W": order.placed_ms, "V": "EXPIRE_MAKER",
            })
        }
        MarketKind::UsdM => {
            let mut body = json!({
                "s": symbol, "c": order.client_id, "S": side(order.side), "o": order_type, "f": time_in_force,
                "q": order.qty.to_string(), "p": order.price().to_string(), "ap": average(order), "sp": "0", "x": execution,
                "X": status, "i": order.number, "l": fill.map_or("0".into(), |fill| fill.qty.to_string()),
                "z": order.filled.to_string(), "L": last_price.to_string(), "T": now_ms, "t": trade.unwrap_or(0), "b": "0",
                "a": "0", "m": is_maker, "R": order.reduce_only, "wt": "CONTRACT_PRICE", "ot": order_type, "ps": "BOTH",
                "cp": false, "pP": false, "si": 0, "ss": 0, "rp": "0", "V": "EXPIRE_MAKER", "pm": "NONE", "gtd": 0, "er": "0",
            });
            if let (Some(fill), Some(body)) = (fill, body.as_object_mut()) {
                body.insert("N".into(), json!(fill.fee.1));
                body.insert("n".into(), json!(text(fill.fee.0.raw())));
            }
            json!({"e": "ORDER_TRADE_UPDATE", "E": now_ms, "T": now_ms, "o": body})
        }
    }
}

fn average(order: &DeskOrder) -> String {
    order.value.per(order.filled, Rounding::HalfEven).unwrap_or(Price::ZERO).to_string()
}

/// `outboundAccountPosition`, `ACCOUNT_UPDATE`.
pub(super) fn account(kind: MarketKind, funds: &Funds, reason: &str, now_ms: i64) -> Value {
    match kind {
        MarketKind::Spot => {
            let row =
                |asset: &String| json!({"a": asset, "f": text(funds.free(asset).raw()), "l": text(funds.locked(asset).raw())});
            let rows: Vec<Value> = funds.total.keys().map(row).collect();
            json!({"e": "outboundAccountPosition", "E": now_ms, "u": now_ms, "B": rows})
        }
        MarketKind::UsdM => {
            let balance = |(asset, total): (&String, &Money)| json!({"a": asset, "wb": text(total.raw()), "cw": text(total.raw()), "bc": "0"});
            let balances: Vec<Value> = funds.total.iter().map(balance).collect();
            json!({"e": "ACCOUNT_UPDATE", "E": now_ms, "T": now_ms, "a": {"m": reason, "B": balances, "P": positions(funds, true)}})
        }
    }
}

/// Positions, as the stream or as REST writes them.
pub(super) fn positions(funds: &Funds, streamed: bool) -> Vec<Value> {
    let row = |(symbol, position): (&String, &crate::account::Position)| {
        let (qty, entry) = (position.qty.to_string(), position.average().unwrap_or(Price::ZERO).to_string());
        match streamed {
            true => {
                json!({"s": symbol, "pa": qty, "ep": entry, "bep": entry, "cr": "0", "up": "0", "mt": "cross", "iw": "0", "ps": "BOTH"})
            }
            false => {
                json!({"symbol": symbol, "positionSide": "BOTH", "positionAmt": qty, "entryPrice": entry, "breakEvenPrice": entry,
                "markPrice": entry, "unRealizedProfit": "0", "liquidationPrice": "0", "isolatedMargin": "0", "notional": "0",
                "marginAsset": "USDT", "updateTime": 0})
            }
        }
    };
    funds.positions.iter().filter(|(_, position)| streamed || !position.is_flat()).map(row).collect()
}

/// An order as REST answers it.
pub(super) fn answer(kind: MarketKind, order: &DeskOrder, queried: bool, now_ms: i64) -> Value {
    let (order_type, time_in_force) = kind_of(kind, order);
    let (price, qty, filled) = match kind {
        MarketKind::Spot => (text(order.price().raw()), text(order.qty.raw()), text(order.filled.raw())),
        MarketKind::UsdM => (order.price().to_string(), order.qty.to_string(), order.filled.to_string()),
    };
    let mut body = json!({
        "symbol": order.symbol, "orderId": order.number, "clientOrderId": order.client_id, "price": price, "origQty": qty,
        "executedQty": filled, "status": order.status.name(), "timeInForce": time_in_force, "type": order_type,
        "side": side(order.side), "selfTradePreventionMode": "EXPIRE_MAKER",
    });
    let more = match kind {
        MarketKind::Spot => json!({"orderListId": -1, "cummulativeQuoteQty": text(order.value.raw()), "transactTime": now_ms}),
        MarketKind::UsdM => json!({"cumQty": order.filled.to_string(), "reduceOnly": order.reduce_only, "positionSide": "BOTH",
            "stopPrice": "0", "closePosition": false, "origType": order_type, "updateTime": now_ms, "workingType": "CONTRACT_PRICE",
            "priceProtect": false, "priceMatch": "NONE", "goodTillDate": 0}),
    };
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
        if queried {
            body.insert("time".into(), json!(order.placed_ms));
        }
    }
    body
}

/// A trade as REST answers it.
pub(super) fn trade(kind: MarketKind, order: &DeskOrder, fill: &DeskFill) -> Value {
    let buyer = order.side == Side::Buy;
    let (price, qty, fee) = (text(fill.price.raw()), text(fill.qty.raw()), text(fill.fee.0.raw()));
    match kind {
        MarketKind::Spot => {
            json!({"symbol": order.symbol, "id": fill.trade, "orderId": fill.order, "orderListId": -1, "price": price,
            "qty": qty, "quoteQty": "0", "commission": fee, "commissionAsset": fill.fee.1, "time": fill.at_ms, "isBuyer": buyer,
            "isMaker": fill.is_maker, "isBestMatch": true})
        }
        MarketKind::UsdM => json!({"symbol": order.symbol, "id": fill.trade, "orderId": fill.order, "price": price, "qty": qty,
            "quoteQty": "0", "commission": fee, "commissionAsset": fill.fee.1, "time": fill.at_ms, "buyer": buyer,
            "maker": fill.is_maker, "realizedPnl": "0", "side": side(order.side), "positionSide": "BOTH"}),
    }
}
