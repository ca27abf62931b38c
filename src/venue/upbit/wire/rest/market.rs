//! Market data on request: the list of markets, ticks, tickers, books, trades, candles. No key, no signature.

use super::super::code::MarketCode;
use super::super::field::record;
use super::super::market::{BookHead, Candle, Ticker, Trade, read_book};
use super::super::{Levels, WireError};
use super::limits::Group;
use super::{Call, Method, Parameters, Request, rows};
use crate::market::{Price, Qty};

fn get(path: &'static str, parameters: Parameters, group: Group) -> Call {
    Call { method: Method::Get, path, parameters, group, signed: false }
}

fn joined(markets: &[MarketCode]) -> String {
    markets.iter().map(|market| market.as_str()).collect::<Vec<_>>().join(",")
}

record! {
    /// Cautions (투자주의) of a market.
    "market_event.caution" Caution {
        /// The price moves more than usual.
        price: bool = "PRICE_FLUCTUATIONS",
        /// So does the volume.
        volume: bool = "TRADING_VOLUME_SOARING",
        /// So do deposits.
        deposits: bool = "DEPOSIT_AMOUNT_SOARING",
        /// It is far from the price abroad.
        abroad: bool = "GLOBAL_PRICE_DIFFERENCES",
        /// Few accounts hold most of it.
        concentration: bool = "CONCENTRATION_OF_SMALL_ACCOUNTS",
    }
}

record! {
    /// Warnings of a market.
    "market_event" MarketEvent {
        /// Under investment warning (투자유의): it may be taken off.
        warning: bool = "warning",
        /// Cautions.
        caution: Option<Caution> = "caution",
    }
}

record! {
    /// A market.
    "a market of /v1/market/all" Market {
        /// Its code.
        code: MarketCode = "market",
        /// Its name in Korean.
        korean_name: String = "korean_name",
        /// Its name in English.
        english_name: String = "english_name",
        /// Warnings, when details were asked for.
        event: Option<MarketEvent> = "market_event",
    }
}

/// `/v1/market/all`: every market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskMarkets;

impl Request for AskMarkets {
    type Answer = Vec<Market>;

    fn call(&self) -> Call {
        get("/v1/market/all", Parameters::new().with("is_details", true), Group::Market)
    }

    fn read(body: &str) -> Result<Self::Answer, WireError> {
        rows("/v1/market/all", body, Market::parse)
    }
}

record! {
    /// The tick of a market at its present price: the authority on ticks since 2025-07-31.
    "a row of /v1/orderbook/instruments" BookRule {
        /// Market.
        code: MarketCode = "market",
        /// What is paid with.
        quote: String = "quote_currency",
        /// Price step.
        tick: Price = "tick_size",
        /// Steps by which a book may be grouped.
        levels: Option<Vec<Price>> = "supported_levels",
    }
}

/// `/v1/orderbook/instruments`: ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskBookRules {
    /// Of which markets.
    pub markets: Vec<MarketCode>,
}

impl Request for AskBookRules {
    type Answer = Vec<BookRule>;

    fn call(&self) -> Call {
        get("/v1/orderbook/instruments", Parameters::new().with("markets", joined(&self.markets)), Group::Orderbook)
    }

    fn read(body: &str) -> Result<Self::Answer, WireError> {
        rows("/v1/orderbook/instruments", body, BookRule::parse)
    }
}

/// `/v1/ticker`, and `/v1/ticker/all` when no market is named but what they are paid with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskTickers {
    /// Of these markets.
    Of(Vec<MarketCode>),
    /// Of all markets paid with one of these: `KRW`, `BTC`.
    All(Vec<String>),
}

impl Request for AskTickers {
    type Answer = Vec<Ticker>;

    fn call(&self) -> Call {
        match self {
            AskTickers::Of(markets) => get("/v1/ticker", Parameters::new().with("markets", joined(markets)), Group::Ticker),
            AskTickers::All(quotes) => {
                get("/v1/ticker/all", Parameters::new().with("quote_currencies", quotes.join(",")), Group::Ticker)
            }
        }
    }

    fn read(body: &str) -> Result<Self::Answer, WireError> {
        rows("/v1/ticker", body, Ticker::parse)
    }
}

/// `/v1/orderbook`: books. A `level` that is not supported is answered by an empty list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskBooks {
    /// Of which markets.
    pub markets: Vec<MarketCode>,
    /// By which step prices are grouped.
    pub level: Option<Price>,
    /// Levels a side, at most 30.
    pub count: Option<u32>,
}

impl Request for AskBooks {
    type Answer = Vec<(BookHead, Levels)>;

    fn call(&self) -> Call {
        let parameters = Parameters::new().with("markets", joined(&self.markets)).maybe("level", self.level);
        get("/v1/orderbook", parameters.maybe("count", self.count), Group::Orderbook)
    }

    fn read(body: &str) -> Result<Self::Answer, WireError> {
        rows("/v1/orderbook", body, |row| {
            let mut levels = Levels::default();
            read_book(row, &mut levels).map(|head| (head, levels))
        })
    }
}

/// `/v1/trades/ticks`: the last trades. Their ids are unique but not in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskTrades {
    /// Of which market.
    pub market: MarketCode,
    /// How many, at most 500.
    pub count: u32,
    /// Older than this id.
    pub cursor: Option<u64>,
    /// Of an earlier day, 1 to 7 days ago.
    pub days_ago: Option<u8>,
}

impl Request for AskTrades {
    type Answer = Vec<Trade>;

    fn call(&self) -> Call {
        let parameters = Parameters::new().with("market", self.market).with("count", self.count).maybe("cursor", self.cursor);
        get("/v1/trades/ticks", parameters.maybe("days_ago", self.days_ago), Group::Trade)
    }

    fn read(body: &str) -> Result<Self::Answer, WireError> {
        rows("/v1/trades/ticks", body, Trade::parse)
    }
}

/// Spans of candles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// A second; kept for three months.
    Second,
    /// 1, 3, 5, 10, 15, 30, 60 or 240 minutes.
    Minutes(u16),
    /// A day from 00:00 UTC.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Span {
    /// Where it is asked for; `None` for minutes the venue has no candles of.
    pub const fn path(self) -> Option<&'static str> {
        Some(match self {
            Span::Second => "/v1/candles/seconds",
            Span::Minutes(1) => "/v1/candles/minutes/1",
            Span::Minutes(3) => "/v1/candles/minutes/3",
            Span::Minutes(5) => "/v1/candles/minutes/5",
            Span::Minutes(10) => "/v1/candles/minutes/10",
            Span::Minutes(15) => "/v1/candles/minutes/15",
            Span::Minutes(30) => "/v1/candles/minutes/30",
            Span::Minutes(60) => "/v1/candles/minutes/60",
            Span::Minutes(240) => "/v1/candles/minutes/240",
            Span::Minutes(_) => return None,
            Span::Day => "/v1/candles/days",
            Span::Week => "/v1/candles/weeks",
            Span::Month => "/v1/candles/months",
            Span::Year => "/v1/candles/years",
        })
    }
}

/// `/v1/candles/…`: candles, newest first. Spans without a trade are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskCandles {
    market: MarketCode,
    path: &'static str,
    count: u32,
    to: Option<String>,
}

impl AskCandles {
    /// The last `count` (at most 200) candles of a market, before `to` (`2026-11-20T18:00:00+09:00`) or now. `None` for a span
    /// the venue
    /// has no candles of.
    pub fn new(market: MarketCode, span: Span, count: u32, to: Option<String>) -> Option<Self> {
        Some(AskCandles { market, path: span.path()?, count, to })
    }
}

impl Request for AskCandles {
    type Answer = Vec<Candle>;

    fn call(&self) -> Call {
        let parameters = Parameters::new().with("market", self.market).maybe("to", self.to.as_deref());
        get(self.path, parameters.with("count", self.count), Group::Candle)
    }

    fn read(body: &str) -> Result<Self::Answer, WireError> {
        rows("/v1/candles", body, Candle::parse)
    }
}

/// The smallest quantity step: Upbit keeps eight decimals of every coin.
pub const LOT: Qty = Qty::from_raw(1);
