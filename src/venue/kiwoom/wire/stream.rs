//! What a REAL message carries, by its type: trades, quotes, order reports, balances, sessions, interruptions, condition hits.
//!
//! The keys are Kiwoom's field numbers (FID). Only fields that this program uses are read.

use super::book::BookFrame;
use super::field::{Value, record};
use super::number::{Mark, Number};
use super::symbol::{Exchange, OrderNumber, Symbol};
use crate::market::{Money, Price, Qty, Rate, Side};
use crate::venue::binance::wire::WireError;
use crate::venue::kiwoom::time::TimeOfDay;

/// One entry of a REAL message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Real {
    /// What it was registered for, as registered: `005930`, `005930_AL`; blank for some types.
    pub item: String,
    /// What it says.
    pub body: RealBody,
}

/// What an entry says, by its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RealBody {
    /// `00`: a report of an order.
    Order(Box<OrderFrame>),
    /// `04`: a holding changed.
    Holding(Box<HoldingFrame>),
    /// `0B`: a trade.
    Trade(Box<TradeFrame>),
    /// `0C`: best prices.
    Best(BestFrame),
    /// `0D`: the book.
    Book(Box<BookFrame>),
    /// `0s`: a session begins or ends.
    Session(SessionFrame),
    /// `1h`: a volatility interruption begins or ends.
    Interruption(Box<InterruptionFrame>),
    /// `02`: a stock entered or left a condition search.
    Condition(ConditionFrame),
    /// A type that is not used here.
    Other(String),
}

impl RealBody {
    /// Reads the values of a type.
    pub(crate) fn read(kind: &str, values: &str) -> Result<RealBody, WireError> {
        Ok(match kind {
            "00" => RealBody::Order(Box::new(OrderFrame::read(values)?)),
            "04" => RealBody::Holding(Box::new(HoldingFrame::read(values)?)),
            "0B" => RealBody::Trade(Box::new(TradeFrame::read(values)?)),
            "0C" => RealBody::Best(BestFrame::read(values)?),
            "0D" => RealBody::Book(Box::new(BookFrame::read(values)?)),
            "0s" => RealBody::Session(SessionFrame::read(values)?),
            "1h" => RealBody::Interruption(Box::new(InterruptionFrame::read(values)?)),
            "02" => RealBody::Condition(ConditionFrame::read(values)?),
            other => RealBody::Other(other.to_owned()),
        })
    }
}

/// A quantity whose sign is the taker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// How much, without the sign.
    pub qty: Qty,
    /// `+` a buyer, `-` a seller; none for a trade of an auction.
    pub taker: Option<Side>,
}

impl Value for Option<Taken> {
    fn read(what: &'static str, field: &'static str, text: &str) -> Result<Self, WireError> {
        let number = Number::parse(text).map_err(|error| WireError::Number { what, field, error })?;
        Ok(number.map(|number| {
            let taker = match number.mark {
                Mark::Plus => Some(Side::Buy),
                Mark::Minus => Some(Side::Sell),
                Mark::None => None,
            };
            Taken { qty: number.qty().abs(), taker }
        }))
    }
}

record! {
    /// `0B`, a trade (주식체결).
    "a trade (0B)" TradeFrame {
        /// When.
        time: Option<TimeOfDay> = "20",
        /// At what price; may lie between ticks.
        price: Option<Price> = "10",
        /// Change since the reference.
        change: Option<Money> = "11",
        /// The same as a share.
        change_rate: Option<Rate> = "12",
        /// Best ask.
        ask: Option<Price> = "27",
        /// Best bid.
        bid: Option<Price> = "28",
        /// How much, and who took.
        taken: Option<Taken> = "15",
        /// Traded today.
        volume: Option<Qty> = "13",
        /// Value traded today, million KRW.
        turnover_million: Option<Money> = "14",
        /// First price of the day.
        open: Option<Price> = "16",
        /// Highest price of the day.
        high: Option<Price> = "17",
        /// Lowest price of the day.
        low: Option<Price> = "18",
        /// Bought volume by sold volume (체결강도), percent on the wire.
        strength: Option<Rate> = "228",
        /// 1 before the hours, 2 regular, 3 after them.
        session: Option<i64> = "290",
        /// Volume that sellers took today.
        sold: Option<Qty> = "1030",
        /// Volume that buyers took today.
        bought: Option<Qty> = "1031",
        /// Where; written `KRX`, or `1` in the documents.
        exchange: Option<Exchange> = "9081",
    }
}

record! {
    /// `0C`, best prices (주식우선호가).
    "best prices (0C)" BestFrame {
        /// Best ask.
        ask: Option<Price> = "27",
        /// Best bid.
        bid: Option<Price> = "28",
    }
}

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

record! {
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

record! {
    /// `04`, a holding (잔고).
    "a holding (04)" HoldingFrame {
        /// The account.
        account: String = "9201",
        /// Of what.
        symbol: Symbol = "9001",
        /// Name of the stock.
        name: String = "302",
        /// Last price.
        last: Option<Price> = "10",
        /// Held.
        qty: Option<Qty> = "930",
        /// Average price, cut to whole KRW.
        average: Option<Price> = "931",
        /// What it cost in all.
        cost: Option<Money> = "932",
        /// May be sold.
        sellable: Option<Qty> = "933",
        /// Bought less sold today.
        net_today: Option<Qty> = "945",
        /// Side of what changed it.
        side: Option<Side> = "946",
        /// Profit made today.
        realised_today: Option<Money> = "990",
    }
}

record! {
    /// `0s`, a session (장시작시간).
    "a session (0s)" SessionFrame {
        /// Which: `3` opens, `4` closes, `P`…`W` are NXT's.
        code: String = "215",
        /// When.
        time: Option<TimeOfDay> = "20",
        /// How long until it happens, as `HHMMSS`.
        remaining: Option<TimeOfDay> = "214",
    }
}

record! {
    /// `1h`, a volatility interruption (VI 발동/해제).
    "an interruption (1h)" InterruptionFrame {
        /// Of what.
        symbol: Symbol = "9001",
        /// 1 static, 2 dynamic, 3 both. (Not: 1 begins, 2 ends.)
        kind: Option<i64> = "9068",
        /// The price that would have traded.
        price: Option<Price> = "1221",
        /// When it began.
        began: Option<TimeOfDay> = "1223",
        /// When it ended; midnight, `000000`, while it lasts.
        ended: Option<TimeOfDay> = "1224",
        /// 정적, 동적, 동적+정적.
        kind_name: String = "1225",
        /// Reference of the static one; 0 is none.
        static_reference: Option<Price> = "1236",
        /// Reference of the dynamic one; 0 is none.
        dynamic_reference: Option<Price> = "1237",
        /// How many today.
        count_today: Option<i64> = "1490",
        /// 1 up, 2 down.
        direction: Option<i64> = "9069",
    }
}

impl InterruptionFrame {
    /// Whether it lasts.
    pub fn is_active(&self) -> bool {
        self.ended.is_none_or(|ended| ended == TimeOfDay::MIDNIGHT)
    }

    /// Whether the static reference was left.
    pub fn is_static(&self) -> bool {
        if self.kind_name.is_empty() { matches!(self.kind, Some(1 | 3)) } else { self.kind_name.contains("정적") }
    }

    /// Whether the dynamic reference was left.
    pub fn is_dynamic(&self) -> bool {
        if self.kind_name.is_empty() { matches!(self.kind, Some(2 | 3)) } else { self.kind_name.contains("동적") }
    }
}

record! {
    /// `02`, a stock entered or left a condition search (조건검색).
    "a condition hit (02)" ConditionFrame {
        /// The condition's number.
        condition: Option<i64> = "841",
        /// Which stock.
        symbol: Symbol = "9001",
        /// `I` entered, `D` left.
        change: String = "843",
        /// When.
        time: Option<TimeOfDay> = "20",
        /// Side of the condition.
        side: Option<Side> = "907",
    }
}
