//! What the REST interface answers about orders: [`OrderAnswer`], open orders, [`TradeRow`]s, a cancel-replace.

use std::fmt;
use std::str::FromStr;

use jangbu_journal::Nanos;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};
use serde_json::value::RawValue;

use super::refusal::Refusal;
use crate::account::Liquidity;
use crate::market::{Money, NumberError, Price, Qty, Side};
use crate::venue::binance::wire::frame::nanos_of;
use crate::venue::binance::wire::rest::read;
use crate::venue::wire_error::WireError;

/// A decimal text, read as a number: `"0.10000000"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Decimal<T>(pub T);

impl<'de, T: FromStr<Err = NumberError>> Deserialize<'de> for Decimal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<T>(std::marker::PhantomData<T>);
        impl<T: FromStr<Err = NumberError>> Visitor<'_> for Text<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal string")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text(std::marker::PhantomData)).map(Decimal)
    }
}

/// Buy or sell, as the venue writes it.
pub(super) fn side<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Side, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
    match &*text {
        "BUY" => Ok(Side::Buy),
        "SELL" => Ok(Side::Sell),
        other => Err(D::Error::custom(format!("`{other}` is not BUY or SELL"))),
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Waits (`NEW`, `PENDING_NEW`).
    New,
    /// Some of it filled.
    PartiallyFilled,
    /// All of it filled.
    Filled,
    /// Cancelled.
    Cancelled,
    /// Never was in the book.
    Rejected,
    /// Ended by its time in force, or by the venue (`EXPIRED`, `EXPIRED_IN_MATCH`).
    Expired,
}

impl Status {
    /// Whether the order is open.
    pub const fn is_open(self) -> bool {
        matches!(self, Status::New | Status::PartiallyFilled)
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Ok(match &*text {
            "NEW" | "PENDING_NEW" => Status::New,
            "PARTIALLY_FILLED" => Status::PartiallyFilled,
            "FILLED" => Status::Filled,
            "CANCELED" | "PENDING_CANCEL" => Status::Cancelled,
            "REJECTED" => Status::Rejected,
            "EXPIRED" | "EXPIRED_IN_MATCH" => Status::Expired,
            other => return Err(D::Error::custom(format!("`{other}` is not a status of an order"))),
        })
    }
}

/// An order as the venue tells it: the answer to placing (spot `RESULT`), cancelling, modifying, a query, a row of open orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderAnswer {
    /// Upper case.
    pub symbol: String,
    /// The venue's number.
    pub venue_order: u64,
    /// The order's name. In the answer to a cancellation it is the name of the order, not of the cancellation.
    pub client_id: String,
    /// Buy or sell.
    pub side: Side,
    /// Its limit; 0 for a market order.
    pub price: Price,
    /// Total quantity.
    pub qty: Qty,
    /// Filled so far.
    pub filled: Qty,
    /// Where it stands.
    pub status: Status,
    /// When it was placed; only queries and lists say so.
    pub placed: Option<Nanos>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderRow {
    symbol: String,
    order_id: u64,
    client_order_id: String,
    orig_client_order_id: Option<String>,
    #[serde(deserialize_with = "side")]
    side: Side,
    price: Decimal<Price>,
    orig_qty: Decimal<Qty>,
    executed_qty: Decimal<Qty>,
    status: Status,
    time: Option<u64>,
}

impl From<OrderRow> for OrderAnswer {
    fn from(row: OrderRow) -> Self {
        OrderAnswer {
            symbol: row.symbol,
            venue_order: row.order_id,
            client_id: row.orig_client_order_id.filter(|id| !id.is_empty()).unwrap_or(row.client_order_id),
            side: row.side,
            price: row.price.0,
            qty: row.orig_qty.0,
            filled: row.executed_qty.0,
            status: row.status,
            placed: row.time.and_then(nanos_of),
        }
    }
}

/// Reads one order.
///
/// # Errors
/// When it is not one.
pub fn order(bytes: &[u8]) -> Result<OrderAnswer, WireError> {
    read::<OrderRow>("an order", bytes).map(OrderAnswer::from)
}

/// Reads a list of orders.
///
/// # Errors
/// When it is not one.
pub fn orders(bytes: &[u8]) -> Result<Vec<OrderAnswer>, WireError> {
    Ok(read::<Vec<OrderRow>>("a list of orders", bytes)?.into_iter().map(OrderAnswer::from).collect())
}

/// The answer to placing an order with `newOrderRespType=ACK`: its number. Fills come through the user stream.
///
/// # Errors
/// When it is not one.
pub fn placed(bytes: &[u8]) -> Result<u64, WireError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Ack {
        order_id: u64,
    }
    read::<Ack>("an acknowledgement of an order", bytes).map(|ack| ack.order_id)
}

/// A trade of ours (`myTrades`, `userTrades`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeRow {
    /// The venue's number of the trade.
    pub trade: u64,
    /// The venue's number of the order.
    pub venue_order: u64,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub qty: Qty,
    /// Fee; below 0 is a rebate.
    pub fee: Money,
    /// What the fee is paid in.
    pub fee_asset: String,
    /// Rested or took.
    pub liquidity: Liquidity,
    /// When.
    pub time: Option<Nanos>,
}

/// Reads a list of our trades.
///
/// # Errors
/// When it is not one.
pub fn trades(bytes: &[u8]) -> Result<Vec<TradeRow>, WireError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Row {
        id: u64,
        order_id: u64,
        price: Decimal<Price>,
        qty: Decimal<Qty>,
        commission: Decimal<Money>,
        commission_asset: String,
        time: u64,
        /// Spot's word.
        is_maker: Option<bool>,
        /// Futures' word.
        maker: Option<bool>,
    }
    let rows = read::<Vec<Row>>("a list of trades", bytes)?;
    let trade = |row: Row| TradeRow {
        trade: row.id,
        venue_order: row.order_id,
        price: row.price.0,
        qty: row.qty.0,
        fee: row.commission.0,
        fee_asset: row.commission_asset,
        liquidity: liquidity(row.is_maker.or(row.maker)),
        time: nanos_of(row.time),
    };
    Ok(rows.into_iter().map(trade).collect())
}

pub(super) fn liquidity(is_maker: Option<bool>) -> Liquidity {
    match is_maker {
        Some(true) => Liquidity::Maker,
        Some(false) => Liquidity::Taker,
        None => Liquidity::Unstated,
    }
}

/// What became of a cancel-replace (spot) with `STOP_ON_FAILURE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// Both parts went well: the new order has this number.
    Both {
        /// The venue's number.
        venue_order: u64,
    },
    /// Nothing happened (HTTP 400, −2022): the old order stands.
    Neither(Refusal),
    /// The old order is cancelled and there is no new one (HTTP 409, −2021).
    OnlyCancelled(Refusal),
}

/// Reads the answer to a cancel-replace, a refusal too: `data` says which half failed.
///
/// # Errors
/// When it is not one.
pub fn replaced(status: u16, bytes: &[u8]) -> Result<Replaced, WireError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        cancel_result: Option<String>,
        new_order_result: Option<String>,
        #[serde(borrow)]
        new_order_response: Option<&'a RawValue>,
        #[serde(borrow)]
        cancel_response: Option<&'a RawValue>,
        #[serde(borrow)]
        data: Option<&'a RawValue>,
    }
    const WHAT: &str = "an answer to a cancel-replace";
    let outer: Body<'_> = read(WHAT, bytes)?;
    let body: Body<'_> = match outer.data {
        Some(data) => read(WHAT, data.get().as_bytes())?,
        None => outer,
    };
    let half = |response: Option<&RawValue>| {
        // The two halves have the venue's usual shapes; a half that failed is an error body.
        let text = response.map_or(&b""[..], |raw| raw.get().as_bytes());
        Refusal::of(status.max(400), text)
    };
    match (body.cancel_result.as_deref(), body.new_order_result.as_deref()) {
        (Some("SUCCESS"), Some("SUCCESS")) => {
            let response = body.new_order_response.map_or(&b"{}"[..], |raw| raw.get().as_bytes());
            Ok(Replaced::Both { venue_order: placed(response)? })
        }
        (Some("SUCCESS"), Some("FAILURE")) => Ok(Replaced::OnlyCancelled(half(body.new_order_response))),
        (Some("FAILURE"), _) => Ok(Replaced::Neither(half(body.cancel_response))),
        (cancel, _) => {
            Err(WireError::field(WHAT, "cancelResult", cancel.unwrap_or(""), "SUCCESS or FAILURE, and newOrderResult with it"))
        }
    }
}
