//! One frame of the user data stream: [`UserFrame::parse`]. Spot brings it through the WebSocket API, in an envelope with a
//! subscription's number; futures through a stream of its own, bare.

use jangbu_journal::Nanos;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::orders::{Decimal, Status, liquidity, side};
use super::refusal::Refusal;
use crate::account::Liquidity;
use crate::market::{Money, Price, Qty, Side};
use crate::venue::binance::wire::frame::nanos_of;
use crate::venue::binance::wire::rest::read;
use crate::venue::wire_error::WireError;

/// A frame of the user data stream, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserFrame {
    /// An order changed: `executionReport`, `ORDER_TRADE_UPDATE`.
    Order(Box<OrderReport>),
    /// Balances, and on futures positions, after a change: `outboundAccountPosition`, `ACCOUNT_UPDATE`.
    Account(AccountReport),
    /// Cash came or went: `balanceUpdate`.
    BalanceChange {
        /// Of what.
        asset: String,
        /// How much more; below 0 is less.
        change: Money,
        /// When it was sent.
        time: Option<Nanos>,
    },
    /// An answer of the WebSocket API to what we sent.
    Answer {
        /// Our number of the request.
        id: String,
        /// Why not, if not.
        refused: Option<Refusal>,
    },
    /// The stream ends: `eventStreamTerminated`, `listenKeyExpired`, `serverShutdown`.
    Ended(&'static str),
    /// `TRADE_LITE`: tells a fill a moment before `ORDER_TRADE_UPDATE` does, which tells more. Not counted twice.
    Lite,
    /// JSON, but nothing that is used here.
    Other,
}

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Execution {
    /// Accepted.
    New,
    /// Cancelled.
    Cancelled,
    /// Price or quantity changed (futures `AMENDMENT`; spot `REPLACED`, an amendment that keeps its place).
    Amended,
    /// Refused.
    Rejected,
    /// Traded.
    Trade,
    /// Ended by its time in force, by the venue, or to prevent a trade with ourselves.
    Expired,
    /// Something else; the status says where it stands.
    Other,
}

/// An order's report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderReport {
    /// Upper case.
    pub symbol: String,
    /// The order's name (of a cancelled order its own, not the cancellation's).
    pub client_id: String,
    /// The venue's number.
    pub venue_order: u64,
    /// Buy or sell.
    pub side: Side,
    /// What happened.
    pub execution: Execution,
    /// Where it stands.
    pub status: Status,
    /// Its limit; 0 for a market order.
    pub price: Price,
    /// Total quantity.
    pub qty: Qty,
    /// Filled so far.
    pub filled: Qty,
    /// The trade, when it traded.
    pub trade: Option<ReportedTrade>,
    /// Why it was refused or ended; the venue's words.
    pub reason: String,
    /// When it happened.
    pub time: Option<Nanos>,
}

/// A trade of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedTrade {
    /// The venue's number.
    pub trade: u64,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub qty: Qty,
    /// Rested or took.
    pub liquidity: Liquidity,
    /// Fee (below 0 a rebate) and what it is paid in, when told.
    pub fee: Option<(Money, String)>,
}

/// Balances and positions after a change; only those that changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountReport {
    /// Why: `ORDER`, `FUNDING_FEE`, `DEPOSIT` …; empty on spot, which does not say.
    pub reason: String,
    /// Asset, free, locked.
    pub balances: Vec<(String, Money, Money)>,
    /// Symbol, quantity, average price of entry.
    pub positions: Vec<(String, Qty, Price)>,
    /// Symbol, and what is set aside for its position; `None` with cross margin.
    pub margins: Vec<(String, Option<Money>)>,
    /// When it was sent.
    pub time: Option<Nanos>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "e")]
    kind: Option<&'a str>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    status: Option<u16>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    /// Streams of futures may be asked for in combined form.
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

impl UserFrame {
    /// Reads a frame.
    ///
    /// # Errors
    /// When it is not JSON, or one of the kinds above and not in its form.
    pub fn parse(bytes: &[u8]) -> Result<UserFrame, WireError> {
        let envelope: Envelope<'_> = read("a user data frame", bytes)?;
        if let Some(inner) = envelope.event.or(envelope.data).filter(|_| envelope.kind.is_none()) {
            let inner = inner.get().as_bytes();
            let kind = read::<Envelope<'_>>("a user data event", inner)?.kind;
            return kind.map_or(Ok(UserFrame::Other), |kind| event(kind, inner));
        }
        match (envelope.kind, envelope.id, envelope.status) {
            (Some(kind), _, _) => event(kind, bytes),
            (None, Some(id), Some(status)) => {
                let refused = match (status, envelope.error) {
                    (200..=299, None) => None,
                    (status, error) => Some(Refusal::of(status, error.map_or(b"", |error| error.get().as_bytes()))),
                };
                Ok(UserFrame::Answer { id: id.get().trim_matches('"').to_owned(), refused })
            }
            // A request so malformed that the venue does not know its number.
            (None, None, Some(status)) if status >= 400 => {
                let text = envelope.error.map_or(&b""[..], |error| error.get().as_bytes());
                Ok(UserFrame::Answer { id: String::new(), refused: Some(Refusal::of(status, text)) })
            }
            _ => Ok(UserFrame::Other),
        }
    }
}

fn event(kind: &str, bytes: &[u8]) -> Result<UserFrame, WireError> {
    match kind {
        "executionReport" => spot_order(bytes).map(|report| UserFrame::Order(Box::new(report))),
        "ORDER_TRADE_UPDATE" => futures_order(bytes).map(|report| UserFrame::Order(Box::new(report))),
        "outboundAccountPosition" => spot_account(bytes).map(UserFrame::Account),
        "ACCOUNT_UPDATE" => futures_account(bytes).map(UserFrame::Account),
        "balanceUpdate" => balance_change(bytes),
        "TRADE_LITE" => Ok(UserFrame::Lite),
        "eventStreamTerminated" => Ok(UserFrame::Ended("the venue ended the user data stream")),
        "listenKeyExpired" => Ok(UserFrame::Ended("the listen key expired")),
        "serverShutdown" => Ok(UserFrame::Ended("the venue's server shuts down")),
        _ => Ok(UserFrame::Other),
    }
}

/// The keys both venues share in a report.
#[derive(Deserialize)]
struct Report {
    #[serde(rename = "s")]
    symbol: String,
    #[serde(rename = "c")]
    client_id: String,
    /// Spot, of a cancelled order: its own name.
    #[serde(rename = "C", default)]
    original: String,
    #[serde(rename = "i")]
    venue_order: u64,
    #[serde(rename = "S", deserialize_with = "side")]
    side: Side,
    #[serde(rename = "x")]
    execution: String,
    #[serde(rename = "X")]
    status: Status,
    #[serde(rename = "p")]
    price: Decimal<Price>,
    #[serde(rename = "q")]
    qty: Decimal<Qty>,
    #[serde(rename = "z")]
    filled: Decimal<Qty>,
    #[serde(rename = "L")]
    last_price: Decimal<Price>,
    #[serde(rename = "l")]
    last_qty: Decimal<Qty>,
    /// −1 or 0 without a trade.
    #[serde(rename = "t")]
    trade: i64,
    #[serde(rename = "m")]
    is_maker: Option<bool>,
    #[serde(rename = "n")]
    fee: Option<Decimal<Money>>,
    #[serde(rename = "N")]
    fee_asset: Option<String>,
    #[serde(rename = "T")]
    time: Option<u64>,
    /// Spot: why it was refused.
    #[serde(rename = "r")]
    reason: Option<String>,
    /// Why it expired; spot since 2026 `eR`, futures `er`.
    #[serde(rename = "eR", alias = "er")]
    expiry: Option<String>,
}

impl Report {
    fn into_report(self, what: &'static str) -> Result<OrderReport, WireError> {
        let execution = match self.execution.as_str() {
            "NEW" => Execution::New,
            "CANCELED" => Execution::Cancelled,
            "REPLACED" | "AMENDMENT" => Execution::Amended,
            "REJECTED" => Execution::Rejected,
            "TRADE" => Execution::Trade,
            "EXPIRED" | "TRADE_PREVENTION" => Execution::Expired,
            _ => Execution::Other,
        };
        let trade = if execution == Execution::Trade {
            let number = u64::try_from(self.trade).ok().filter(|number| *number > 0);
            let number = number.ok_or_else(|| WireError::field(what, "t", &self.trade.to_string(), "the number of a trade"))?;
            let (price, qty) = (self.last_price.0, self.last_qty.0);
            if !price.is_positive() || !qty.is_positive() {
                return Err(WireError::field(what, "L, l", &format!("{price}, {qty}"), "price and quantity above 0"));
            }
            let fee = self.fee.map(|fee| fee.0).zip(self.fee_asset);
            Some(ReportedTrade { trade: number, price, qty, liquidity: liquidity(self.is_maker), fee })
        } else {
            None
        };
        // Spot names a cancelled order in `C`, and in `c` the request that cancelled it.
        let named = execution == Execution::Cancelled && !self.original.is_empty();
        let said = |text: Option<String>| text.filter(|text| !matches!(text.as_str(), "" | "NONE" | "0"));
        Ok(OrderReport {
            symbol: self.symbol,
            client_id: if named { self.original } else { self.client_id },
            venue_order: self.venue_order,
            side: self.side,
            execution,
            status: self.status,
            price: self.price.0,
            qty: self.qty.0,
            filled: self.filled.0,
            trade,
            reason: said(self.reason).or(said(self.expiry)).unwrap_or_default(),
            time: self.time.and_then(nanos_of),
        })
    }
}

fn spot_order(bytes: &[u8]) -> Result<OrderReport, WireError> {
    const WHAT: &str = "executionReport";
    read::<Report>(WHAT, bytes)?.into_report(WHAT)
}

fn futures_order(bytes: &[u8]) -> Result<OrderReport, WireError> {
    #[derive(Deserialize)]
    struct Body {
        o: Report,
    }
    const WHAT: &str = "ORDER_TRADE_UPDATE";
    read::<Body>(WHAT, bytes)?.o.into_report(WHAT)
}

fn spot_account(bytes: &[u8]) -> Result<AccountReport, WireError> {
    #[derive(Deserialize)]
    struct Row {
        a: String,
        f: Decimal<Money>,
        l: Decimal<Money>,
    }
    #[derive(Deserialize)]
    struct Body {
        #[serde(rename = "E")]
        time: Option<u64>,
        #[serde(rename = "B")]
        balances: Vec<Row>,
    }
    let body: Body = read("outboundAccountPosition", bytes)?;
    Ok(AccountReport {
        balances: body.balances.into_iter().map(|row| (row.a, row.f.0, row.l.0)).collect(),
        time: body.time.and_then(nanos_of),
        ..AccountReport::default()
    })
}

fn futures_account(bytes: &[u8]) -> Result<AccountReport, WireError> {
    #[derive(Deserialize)]
    struct Balance {
        a: String,
        wb: Decimal<Money>,
    }
    #[derive(Deserialize)]
    struct Position {
        s: String,
        pa: Decimal<Qty>,
        ep: String,
        #[serde(default)]
        mt: String,
        iw: Option<Decimal<Money>>,
    }
    #[derive(Deserialize)]
    struct Change {
        #[serde(rename = "m", default)]
        reason: String,
        #[serde(rename = "B", default)]
        balances: Vec<Balance>,
        #[serde(rename = "P", default)]
        positions: Vec<Position>,
    }
    #[derive(Deserialize)]
    struct Body {
        #[serde(rename = "T")]
        time: Option<u64>,
        a: Change,
    }
    const WHAT: &str = "ACCOUNT_UPDATE";
    let body: Body = read(WHAT, bytes)?;
    let isolated = |row: &Position| row.iw.map(|wallet| wallet.0).filter(|_| row.mt.eq_ignore_ascii_case("isolated"));
    let margins = body.a.positions.iter().map(|row| (row.s.clone(), isolated(row))).collect();
    let position = |row: Position| {
        let entry = super::account::cut(&row.ep).parse();
        Ok((row.s, row.pa.0, entry.map_err(|error| WireError::Number { what: WHAT, field: "ep", error })?))
    };
    Ok(AccountReport {
        reason: body.a.reason,
        balances: body.a.balances.into_iter().map(|row| (row.a, row.wb.0, Money::ZERO)).collect(),
        margins,
        positions: body.a.positions.into_iter().map(position).collect::<Result<_, WireError>>()?,
        time: body.time.and_then(nanos_of),
    })
}

fn balance_change(bytes: &[u8]) -> Result<UserFrame, WireError> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(rename = "a")]
        asset: String,
        #[serde(rename = "d")]
        change: Decimal<Money>,
        #[serde(rename = "E")]
        time: Option<u64>,
    }
    let body: Body = read("balanceUpdate", bytes)?;
    Ok(UserFrame::BalanceChange { asset: body.asset, change: body.change.0, time: body.time.and_then(nanos_of) })
}
