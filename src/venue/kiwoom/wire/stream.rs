//! What a REAL message carries, by its type: trades, quotes, order reports, balances, sessions, interruptions, condition hits.
//!
//! The keys are Kiwoom's field numbers (FID). Only fields that this program uses are read.

use super::book::BookFrame;
use super::field::Value;
use super::number::{Mark, Number};
use super::real::{Source, real_record};
use super::report::OrderFrame;
use super::symbol::{Exchange, Symbol};
use crate::market::{Money, Price, Qty, Rate, Side};
use crate::venue::kiwoom::time::TimeOfDay;
use crate::venue::wire_error::WireError;

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
    pub(super) fn read(kind: &str, values: Source<'_>) -> Result<RealBody, WireError> {
        Ok(match kind {
            "00" => RealBody::Order(Box::new(OrderFrame::from_source(values)?)),
            "04" => RealBody::Holding(Box::new(HoldingFrame::from_source(values)?)),
            "0B" => RealBody::Trade(Box::new(TradeFrame::from_source(values)?)),
            "0C" => RealBody::Best(BestFrame::from_source(values)?),
            "0D" => RealBody::Book(Box::new(BookFrame::from_source(values)?)),
            "0s" => RealBody::Session(SessionFrame::from_source(values)?),
            "1h" => RealBody::Interruption(Box::new(InterruptionFrame::from_source(values)?)),
            "02" => RealBody::Condition(ConditionFrame::from_source(values)?),
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

/// A figure beside what a frame is about: one that cannot be read is not there, and takes nothing else with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loose<T>(pub Option<T>);

impl<T> Value for Loose<T>
where
    Option<T>: Value,
{
    fn read(what: &'static str, field: &'static str, text: &str) -> Result<Self, WireError> {
        Ok(Loose(Option::<T>::read(what, field, text).unwrap_or_default()))
    }
}

/// A share in percent (`103.79`), or in hundredths of one where it has no point (`10379`): so FID 851 was recorded on 2026-09-11, when
/// 31.97 % of the volume of the day before had been traded at 11:56. Loose as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hundredths(pub Option<Rate>);

impl Value for Hundredths {
    fn read(what: &'static str, field: &'static str, text: &str) -> Result<Self, WireError> {
        let rate = Loose::<Rate>::read(what, field, text)?.0;
        let part = if text.contains('.') { 1 } else { 100 };
        Ok(Hundredths(rate.map(|rate| Rate::from_raw(rate.raw() / part))))
    }
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

real_record! {
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
        /// Value traded today less that of the whole day before, KRW.
        turnover_change: Loose<Money> = "29",
        /// Volume of today by that of the whole day before; the sign says only whether it is below 1.
        volume_ratio: Loose<Rate> = "30",
        /// Volume of today by listed shares.
        turnover_rate: Loose<Rate> = "31",
        /// Market capitalisation, 100 million KRW.
        capitalisation: Loose<Money> = "311",
        /// Volume of today by that of the day before up to this time; may be blank.
        same_time_ratio: Hundredths = "851",
    }
}

real_record! {
    /// `0C`, best prices (주식우선호가).
    "best prices (0C)" BestFrame {
        /// Best ask.
        ask: Option<Price> = "27",
        /// Best bid.
        bid: Option<Price> = "28",
    }
}

real_record! {
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

real_record! {
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

real_record! {
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

real_record! {
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
