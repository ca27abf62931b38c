//! Market data: [`Ticker`], [`Trade`], [`Candle`] and the book ([`read_book`]). The stream's messages and the REST answers are
//! the same
//! records; where one has less, the field is an [`Option`].

use std::fmt;

use jangbu_journal::Nanos;
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::code::MarketCode;
use super::field::{Field, Value, object, record, words};
use super::number::Number;
use super::{Levels, WireError};
use crate::market::{Price, Qty, Side};

words! {
    /// Whether a message says what stands, or what happened.
    StreamType, "SNAPSHOT or REALTIME" {
        /// What stands, sent once after a subscription.
        Snapshot = "SNAPSHOT",
        /// What just happened.
        Realtime = "REALTIME",
    }
}

words! {
    /// Where the price stands against the close of the day before.
    Change, "RISE, EVEN or FALL" {
        /// Above.
        Rise = "RISE",
        /// At it.
        Even = "EVEN",
        /// Below.
        Fall = "FALL",
    }
}

words! {
    /// The state of a market.
    MarketState, "PREVIEW, ACTIVE or DELISTED" {
        /// Not yet open.
        Preview = "PREVIEW",
        /// Trading.
        Active = "ACTIVE",
        /// Taken off.
        Delisted = "DELISTED",
    }
}

record! {
    /// Price, change and volumes of a market (`ticker`). The day begins at 00:00 UTC, 09:00 in Korea.
    "ticker" Ticker {
        /// Market.
        code: MarketCode = "code" | "cd" | "market",
        /// First price of the day.
        open: Price = "opening_price" | "op",
        /// Highest price of the day.
        high: Price = "high_price" | "hp",
        /// Lowest price of the day.
        low: Price = "low_price" | "lp",
        /// Last price.
        last: Price = "trade_price" | "tp",
        /// Close of the day before.
        previous_close: Price = "prev_closing_price" | "pcp",
        /// Against that close.
        change: Change = "change" | "c",
        /// By how much, with its sign.
        change_price: Number = "signed_change_price" | "scp",
        /// By which share, with its sign.
        change_rate: Number = "signed_change_rate" | "scr",
        /// Quantity of the last trade.
        last_qty: Qty = "trade_volume" | "tv",
        /// Side that took in the last trade; REST does not say.
        taker: Option<Side> = "ask_bid" | "ab",
        /// Quantity traded on this day.
        volume: Number = "acc_trade_volume" | "atv",
        /// Quantity traded in 24 hours.
        volume_24h: Number = "acc_trade_volume_24h" | "atv24h",
        /// Amount traded on this day (거래대금).
        turnover: Number = "acc_trade_price" | "atp",
        /// Amount traded in 24 hours (거래대금).
        turnover_24h: Number = "acc_trade_price_24h" | "atp24h",
        /// Quantity that sellers took on this day.
        sold: Option<Number> = "acc_ask_volume" | "aav",
        /// Quantity that buyers took on this day.
        bought: Option<Number> = "acc_bid_volume" | "abv",
        /// Highest price of 52 weeks, and its day (`yyyy-MM-dd`).
        high_52_weeks: Option<Price> = "highest_52_week_price" | "h52wp",
        /// Its day.
        high_52_weeks_date: Option<String> = "highest_52_week_date" | "h52wdt",
        /// Lowest price of 52 weeks.
        low_52_weeks: Option<Price> = "lowest_52_week_price" | "l52wp",
        /// Its day.
        low_52_weeks_date: Option<String> = "lowest_52_week_date" | "l52wdt",
        /// State of the market; REST does not say.
        state: Option<MarketState> = "market_state" | "ms",
        /// Trading is suspended. Deprecated, and still sent in 2026.
        suspended: Option<bool> = "is_trading_suspended" | "its",
        /// When the last trade was.
        trade_time: Option<Nanos> = "trade_timestamp" | "ttms",
        /// When this was sent.
        time: Nanos = "timestamp" | "tms",
        /// What stands, or what happened.
        stream: Option<StreamType> = "stream_type" | "st",
    }
}

record! {
    /// A trade (`trade`; REST: a row of `/v1/trades/ticks`).
    "trade" Trade {
        /// Market.
        code: MarketCode = "code" | "cd" | "market",
        /// Price.
        price: Price = "trade_price" | "tp",
        /// Quantity.
        qty: Qty = "trade_volume" | "tv",
        /// The side that took: `BID` bought at the ask.
        taker: Side = "ask_bid" | "ab",
        /// Close of the day before.
        previous_close: Option<Price> = "prev_closing_price" | "pcp",
        /// Against that close; REST does not say.
        change: Option<Change> = "change" | "c",
        /// By how much. Without a sign in the stream (the sign is `change`), with one in REST.
        change_price: Option<Number> = "change_price" | "cp",
        /// When it happened; REST says only [`Trade::time`].
        trade_time: Option<Nanos> = "trade_timestamp" | "ttms",
        /// When this was sent.
        time: Nanos = "timestamp" | "tms",
        /// The venue's number: unique in a market, but not an order. 17 digits, beyond what a float holds.
        id: u64 = "sequential_id" | "sid",
        /// Best ask after it, newer messages only.
        best_ask: Option<Price> = "best_ask_price" | "bap",
        /// What stood there.
        best_ask_qty: Option<Qty> = "best_ask_size" | "bas",
        /// Best bid after it, newer messages only.
        best_bid: Option<Price> = "best_bid_price" | "bbp",
        /// What stood there.
        best_bid_qty: Option<Qty> = "best_bid_size" | "bbs",
        /// What stands, or what happened.
        stream: Option<StreamType> = "stream_type" | "st",
    }
}

record! {
    /// A candle (`candle.1s` … `candle.240m`; REST: a row of `/v1/candles/…`). The stream sends the growing one again and again;
    /// spans
    /// without a trade have none. Upbit does not tell what buyers took of it, so no bar of the kernel's can be made of one.
    "candle" Candle {
        /// Market.
        code: MarketCode = "code" | "cd" | "market",
        /// Its start.
        start: Nanos = "candle_date_time_utc" | "cdttmu",
        /// First price.
        open: Price = "opening_price" | "op",
        /// Highest price.
        high: Price = "high_price" | "hp",
        /// Lowest price.
        low: Price = "low_price" | "lp",
        /// Last price.
        close: Price = "trade_price" | "tp",
        /// Quantity.
        volume: Number = "candle_acc_trade_volume" | "catv",
        /// Amount.
        turnover: Number = "candle_acc_trade_price" | "catp",
        /// When the last trade in it was (stream: when this was sent).
        time: Nanos = "timestamp" | "tms",
        /// Minutes, in REST answers of minutes.
        unit: Option<u64> = "unit",
        /// Close of the day before, in REST answers of days.
        previous_close: Option<Price> = "prev_closing_price",
        /// What stands, or what happened.
        stream: Option<StreamType> = "stream_type" | "st",
    }
}

/// What stands beside the levels of a book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookHead {
    /// Market.
    pub code: MarketCode,
    /// When it stood so.
    pub time: Nanos,
    /// Sum of all asks, also of those that are not sent.
    pub total_ask: Number,
    /// Sum of all bids.
    pub total_bid: Number,
    /// By which step prices are grouped; 0 for none.
    pub level: Option<Number>,
    /// What stands, or what happened.
    pub stream: Option<StreamType>,
}

/// Most rows one book may carry; the venue sends 30 at most.
pub const BOOK_ROWS_MAX: usize = 1_000;

/// Reads a book (`orderbook`; REST: an element of `/v1/orderbook`); its levels go to `levels`, best first. Every message is the
/// whole
/// book down to the depth asked for. A side that has fewer levels than the other is filled up with zeros, which are left out.
///
/// # Errors
/// When it is not one.
pub fn read_book(text: &str, levels: &mut Levels) -> Result<BookHead, WireError> {
    const WHAT: &str = "orderbook";
    #[derive(Deserialize)]
    struct Raw<'a> {
        #[serde(borrow, default, alias = "cd", alias = "market")]
        code: Option<&'a RawValue>,
        #[serde(borrow, default, alias = "tms")]
        timestamp: Option<&'a RawValue>,
        #[serde(borrow, default, alias = "tas")]
        total_ask_size: Option<&'a RawValue>,
        #[serde(borrow, default, alias = "tbs")]
        total_bid_size: Option<&'a RawValue>,
        #[serde(borrow, default, alias = "obu")]
        orderbook_units: Option<&'a RawValue>,
        #[serde(borrow, default, alias = "lv")]
        level: Option<&'a RawValue>,
        #[serde(borrow, default, alias = "st")]
        stream_type: Option<&'a RawValue>,
    }
    let raw: Raw<'_> = object(WHAT, text)?;
    let field = |name, raw| Field { what: WHAT, name, raw };
    let head = BookHead {
        code: Value::read(field("code", raw.code))?,
        time: Value::read(field("timestamp", raw.timestamp))?,
        total_ask: Value::read(field("total_ask_size", raw.total_ask_size))?,
        total_bid: Value::read(field("total_bid_size", raw.total_bid_size))?,
        level: Value::read(field("level", raw.level))?,
        stream: Value::read(field("stream_type", raw.stream_type))?,
    };
    levels.clear();
    let units = field("orderbook_units", raw.orderbook_units);
    let text = units.raw("a list of levels")?;
    let mut rows = serde_json::Deserializer::from_str(text);
    let mut fault = None;
    let seed = Rows { levels, fault: &mut fault };
    match (seed.deserialize(&mut rows), fault) {
        (_, Some(fault)) => Err(fault),
        (Ok(()), None) => Ok(head),
        (Err(_), None) => Err(units.wrong(text, "a list of {ask_price, bid_price, ask_size, bid_size}")),
    }
}

/// Reads rows one by one into the levels, so that a book costs no allocation.
struct Rows<'l> {
    levels: &'l mut Levels,
    /// What was wrong in a row, in our words.
    fault: &'l mut Option<WireError>,
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of levels")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        let mut count = 0;
        while let Some(row) = rows.next_element::<Row<'de>>()? {
            count += 1;
            if count > BOOK_ROWS_MAX {
                return Err(serde::de::Error::custom("too many levels"));
            }
            if let Err(error) = row.add_to(self.levels) {
                *self.fault = Some(error);
                return Err(serde::de::Error::custom("a level"));
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow, default, alias = "ap")]
    ask_price: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "bp")]
    bid_price: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "as")]
    ask_size: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "bs")]
    bid_size: Option<&'a RawValue>,
}

impl Row<'_> {
    fn add_to(&self, levels: &mut Levels) -> Result<(), WireError> {
        let field = |name, raw| Field { what: "a level of an orderbook", name, raw };
        let ask: (Price, Qty) =
            (Value::read(field("ask_price", self.ask_price))?, Value::read(field("ask_size", self.ask_size))?);
        let bid: (Price, Qty) =
            (Value::read(field("bid_price", self.bid_price))?, Value::read(field("bid_size", self.bid_size))?);
        let stands = |level: &(Price, Qty)| level.0.is_positive() && level.1.is_positive();
        levels.asks.extend(Some(ask).filter(stands));
        levels.bids.extend(Some(bid).filter(stands));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_book_is_read_exactly_and_its_padding_left_out() {
        let mut levels = Levels::default();
        let text = r#"{"type":"orderbook","code":"KRW-XRP","timestamp":1790000000123,"total_ask_size":1200.5,"total_bid_size":900.25,
            "orderbook_units":[{"ask_price":3101,"bid_price":3100,"ask_size":10.5,"bid_size":7e-8},
            {"ask_price":0,"bid_price":3099,"ask_size":0,"bid_size":1}],"stream_type":"REALTIME","level":0}"#;
        let head = read_book(text, &mut levels).expect("a book");
        assert_eq!((head.code.as_str(), head.time), ("KRW-XRP", Nanos::new(1_790_000_000_123_000_000)));
        assert_eq!((head.total_ask.to_string(), head.stream), ("1200.5".into(), Some(StreamType::Realtime)));
        assert_eq!(format!("{levels:?}"), "Levels { bids: [(3100, 0.00000007), (3099, 1)], asks: [(3101, 10.5)] }");
    }

    #[test]
    fn what_is_no_book_is_told() {
        let book = |units: &str| format!(r#"{{"cd":"KRW-XRP","tms":1,"tas":1,"tbs":1,"obu":{units}}}"#);
        let many = format!("[{}]", vec![r#"{"ap":1,"bp":1,"as":1,"bs":1}"#; BOOK_ROWS_MAX + 1].join(","));
        for (units, expected) in [
            (r#"[{"ap":1,"bp":1,"as":1}]"#, "no field `bid_size`"),
            (r#"[{"ap":1,"bp":1,"as":-1,"bs":1}]"#, "at least 0"),
            (r#"[{"ap":"x","bp":1,"as":1,"bs":1}]"#, "not a decimal number"),
            (r#"[[1,2,3,4,5]]"#, "a list of {"),
            ("{}", "a list of {"),
            ("null", "no field `orderbook_units`"),
            (&many, "a list of {"),
        ] {
            let error = read_book(&book(units), &mut Levels::default()).expect_err(units).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
