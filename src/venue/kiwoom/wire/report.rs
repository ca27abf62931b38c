//! Reports of orders, type `00` (주문체결): [`OrderFrame`], and the words in it.

use super::field::Value;
use super::real::real_record;
use super::symbol::{Exchange, OrderNumber, Symbol};
use crate::market::{Money, Price, Qty, Side};
use crate::venue::kiwoom::time::TimeOfDay;
use crate::venue::wire_error::WireError;

/// What a report of an order says has happened (FID 913).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderStatus {
    /// 접수: the broker has it.
    Received,
    /// 체결: part or all of it traded.
    Filled,
    /// 확인: an amendment or a cancellation is done.
    Confirmed,
    /// 취소: cancelled.
    Cancelled,
    /// 거부: refused.
    Rejected,
    /// Something new.
    Other(String),
}

impl Value for OrderStatus {
    fn read(_: &'static str, _: &'static str, text: &str) -> Result<Self, WireError> {
        Ok(match text.trim() {
            "접수" => OrderStatus::Received,
            "체결" => OrderStatus::Filled,
            "확인" => OrderStatus::Confirmed,
            "취소" => OrderStatus::Cancelled,
            "거부" => OrderStatus::Rejected,
            other => OrderStatus::Other(other.to_owned()),
        })
    }
}

/// What an order asks for, as its text says (FID 905): `+매수`, `-매도정정`, `매수취소`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderAction {
    /// Buy or sell, where the text says.
    pub side: Option<Side>,
    /// What is to be done.
    pub verb: OrderVerb,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderVerb {
    /// Place an order.
    Place,
    /// Amend one (정정).
    Amend,
    /// Cancel one (취소).
    Cancel,
}

impl Value for OrderAction {
    fn read(_: &'static str, _: &'static str, text: &str) -> Result<Self, WireError> {
        let side = match (text.contains("매수"), text.contains("매도")) {
            (true, false) => Some(Side::Buy),
            (false, true) => Some(Side::Sell),
            _ => None,
        };
        let verb = match (text.contains("정정"), text.contains("취소")) {
            (true, _) => OrderVerb::Amend,
            (_, true) => OrderVerb::Cancel,
            _ => OrderVerb::Place,
        };
        Ok(OrderAction { side, verb })
    }
}

/// FID 907 and 946: 1 sell, 2 buy.
impl Value for Option<Side> {
    fn read(_: &'static str, _: &'static str, text: &str) -> Result<Self, WireError> {
        Ok(match text.trim() {
            "1" => Some(Side::Sell),
            "2" => Some(Side::Buy),
            _ => None,
        })
    }
}

real_record! {
    /// `00`, a report of an order (주문체결).
    "an order report (00)" OrderFrame {
        /// The account.
        account: String = "9201",
        /// The order's own number. Amendments and cancellations have theirs.
        number: Option<OrderNumber> = "9203",
        /// Of what.
        symbol: Symbol = "9001",
        /// What has happened.
        status: OrderStatus = "913",
        /// Name of the stock.
        name: String = "302",
        /// How much was ordered.
        qty: Option<Qty> = "900",
        /// At what limit; 0 for a market order.
        price: Option<Price> = "901",
        /// What is not filled.
        open_qty: Option<Qty> = "902",
        /// Value of all its fills so far.
        filled_value: Option<Money> = "903",
        /// The order that this one amends or cancels.
        original: Option<OrderNumber> = "904",
        /// What it asks for.
        action: OrderAction = "905",
        /// Name of the kind of price: 보통, 시장가.
        price_type: String = "906",
        /// Buy or sell.
        side: Option<Side> = "907",
        /// When.
        time: Option<TimeOfDay> = "908",
        /// Number of the fill.
        trade: Option<i64> = "909",
        /// Price of the fill.
        trade_price: Option<Price> = "910",
        /// Filled so far; per fill at some servers, so it proves nothing alone.
        filled_qty: Option<Qty> = "911",
        /// Price of this fill.
        unit_price: Option<Price> = "914",
        /// Quantity of this fill.
        unit_qty: Option<Qty> = "915",
        /// Best ask.
        ask: Option<Price> = "27",
        /// Best bid.
        bid: Option<Price> = "28",
        /// Fee so far today; of the order or of the account, nobody knows.
        fee: Option<Money> = "938",
        /// Tax so far today, likewise.
        tax: Option<Money> = "939",
        /// Why it was refused; `0` is no reason.
        reject_reason: String = "919",
        /// Where.
        exchange: Option<Exchange> = "2135",
    }
}
