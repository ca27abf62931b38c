//! One frame of a market stream: [`Frame::parse`] reads combined and raw form, without copying and without floats.
//!
//! Keys are those of the official documents (spot `web-socket-streams.md`, futures "Websocket Market Streams", 2026). Unknown
//! keys are ignored, unknown kinds are [`Frame::Unknown`]: the venue adds both without notice.

use jangbu_journal::Nanos;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::field::Field;
use super::levels::read_side;
use crate::market::{Price, Qty, Rate};
use crate::venue::levels::Levels;
use crate::venue::wire_error::WireError;

/// Largest frame that is read. The venue's largest, a snapshot of 5,000 levels a side, has 400 KB.
pub const FRAME_BYTES_MAX: usize = 16 << 20;

/// A frame, read. Book levels go to the [`Levels`] given to [`Frame::parse`].
#[derive(Clone, Debug, PartialEq)]
pub enum Frame<'a> {
    /// `trade` or `aggTrade`.
    Trade(TradeFrame<'a>),
    /// `bookTicker`.
    Quote(QuoteFrame<'a>),
    /// A change of the book.
    Delta(DeltaFrame<'a>),
    /// The best levels of the book, whole (`depth5`, `depth10`, `depth20`).
    Partial(PartialFrame<'a>),
    /// `kline`.
    Kline(KlineFrame<'a>),
    /// `markPriceUpdate`.
    Mark(MarkFrame<'a>),
    /// An answer to something we sent, or a word about the connection.
    Control(Control),
    /// A depth snapshot of the REST interface, as tapes hold it in line.
    Snapshot,
    /// JSON, but nothing that this program uses.
    Unknown,
}

/// `trade`: one trade; `aggTrade`: the fills of one taker order at one price.
#[derive(Clone, Debug, PartialEq)]
pub struct TradeFrame<'a> {
    /// Symbol, upper case.
    pub symbol: &'a str,
    /// `aggTrade`; its ids count on their own.
    pub aggregate: bool,
    /// The venue's number.
    pub id: u64,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub qty: Qty,
    /// The buyer rested in the book: the seller took.
    pub buyer_is_maker: bool,
    /// When it happened (`T`), else when it was sent (`E`).
    pub time: Option<Nanos>,
}

/// `bookTicker`: best bid and ask.
#[derive(Clone, Debug, PartialEq)]
pub struct QuoteFrame<'a> {
    /// Symbol, upper case.
    pub symbol: &'a str,
    /// Number of the book update.
    pub update_id: u64,
    /// Best bid and its size.
    pub bid: (Price, Qty),
    /// Best ask and its size.
    pub ask: (Price, Qty),
    /// Spot sends none.
    pub time: Option<Nanos>,
}

/// `depthUpdate`: the book from `first` to `last`.
#[derive(Clone, Debug, PartialEq)]
pub struct DeltaFrame<'a> {
    /// Symbol, upper case.
    pub symbol: &'a str,
    /// `U`: the first update in it.
    pub first: u64,
    /// `u`: the last update in it.
    pub last: u64,
    /// `pu`: the last update of the message before it; futures only.
    pub previous: Option<u64>,
    /// `T`, else `E`.
    pub time: Option<Nanos>,
}

/// A partial book.
#[derive(Clone, Debug, PartialEq)]
pub struct PartialFrame<'a> {
    /// Symbol; lower case as in the stream's name on spot, upper case on futures.
    pub symbol: &'a str,
    /// The last update in it.
    pub update_id: u64,
    /// Spot sends none.
    pub time: Option<Nanos>,
}

/// `kline`: a bar, closed or still growing.
#[derive(Clone, Debug, PartialEq)]
pub struct KlineFrame<'a> {
    /// Symbol, upper case.
    pub symbol: &'a str,
    /// Whether it will change no more.
    pub closed: bool,
    /// Start.
    pub start: Nanos,
    /// Length, nanoseconds.
    pub span: i64,
    /// Open, high, low, close.
    pub prices: [Price; 4],
    /// Quantity in all.
    pub volume: Qty,
    /// Quantity that buyers took.
    pub bought: Qty,
    /// Sum of price × quantity.
    pub turnover: crate::market::Money,
    /// Number of trades.
    pub trades: u32,
    /// When it was sent.
    pub time: Option<Nanos>,
}

/// `markPriceUpdate`: what margins are reckoned with, and the funding to come.
#[derive(Clone, Debug, PartialEq)]
pub struct MarkFrame<'a> {
    /// Symbol, upper case.
    pub symbol: &'a str,
    /// The mark price.
    pub price: Price,
    /// What longs will pay; none of a contract that has no funding.
    pub funding: Option<(Rate, Nanos)>,
    /// When it was sent.
    pub time: Option<Nanos>,
}

/// A word about the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// An answer to a request of ours: `{"result":null,"id":1}`.
    Answer,
    /// A request of ours was refused.
    Refused {
        /// The venue's number of the error.
        code: i64,
        /// Its words.
        message: String,
    },
    /// The server will go down; connect anew.
    ServerShutdown,
}

/// Every key of every message read here. One pass over the text; what a key means depends on the kind.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    stream: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    e: Option<&'a RawValue>,
    #[serde(borrow, rename = "E")]
    sent: Option<&'a RawValue>,
    #[serde(borrow)]
    s: Option<&'a RawValue>,
    #[serde(borrow)]
    a: Option<&'a RawValue>,
    #[serde(borrow, rename = "A")]
    ask_qty: Option<&'a RawValue>,
    #[serde(borrow)]
    b: Option<&'a RawValue>,
    #[serde(borrow, rename = "B")]
    bid_qty: Option<&'a RawValue>,
    #[serde(borrow)]
    t: Option<&'a RawValue>,
    #[serde(borrow, rename = "T")]
    happened: Option<&'a RawValue>,
    #[serde(borrow)]
    p: Option<&'a RawValue>,
    #[serde(borrow)]
    q: Option<&'a RawValue>,
    #[serde(borrow)]
    m: Option<&'a RawValue>,
    #[serde(borrow)]
    u: Option<&'a RawValue>,
    #[serde(borrow, rename = "U")]
    first: Option<&'a RawValue>,
    #[serde(borrow)]
    pu: Option<&'a RawValue>,
    #[serde(borrow)]
    r: Option<&'a RawValue>,
    #[serde(borrow)]
    k: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    msg: Option<&'a RawValue>,
    #[serde(borrow, rename = "lastUpdateId")]
    last_update_id: Option<&'a RawValue>,
    #[serde(borrow)]
    bids: Option<&'a RawValue>,
    #[serde(borrow)]
    asks: Option<&'a RawValue>,
}

/// The inner part of a `kline`.
#[derive(Deserialize)]
struct KlineFields<'a> {
    #[serde(borrow)]
    t: Option<&'a RawValue>,
    #[serde(borrow, rename = "T")]
    end: Option<&'a RawValue>,
    #[serde(borrow)]
    o: Option<&'a RawValue>,
    #[serde(borrow)]
    h: Option<&'a RawValue>,
    #[serde(borrow)]
    l: Option<&'a RawValue>,
    #[serde(borrow)]
    c: Option<&'a RawValue>,
    #[serde(borrow)]
    v: Option<&'a RawValue>,
    #[serde(borrow, rename = "V")]
    bought: Option<&'a RawValue>,
    #[serde(borrow)]
    q: Option<&'a RawValue>,
    #[serde(borrow)]
    n: Option<&'a RawValue>,
    #[serde(borrow)]
    x: Option<&'a RawValue>,
}

impl<'a> Frame<'a> {
    /// Reads a frame; the levels of a book message go to `levels`.
    ///
    /// # Errors
    /// When it is too large, not JSON, or a message of a known kind lacks what that kind always has.
    pub fn parse(text: &'a [u8], levels: &mut Levels) -> Result<Frame<'a>, WireError> {
        if text.len() > FRAME_BYTES_MAX {
            return Err(WireError::TooLarge { bytes: text.len(), max: FRAME_BYTES_MAX });
        }
        if !text.trim_ascii_start().starts_with(b"{") {
            // Arrays (`!ticker@arr`) and bare values are JSON all the same; a struct would also be read from an array.
            return match serde_json::from_slice::<serde::de::IgnoredAny>(text) {
                Ok(_) => Ok(Frame::Unknown),
                Err(error) => Err(WireError::json("a frame", &error, text)),
            };
        }
        let outer: Fields<'a> = serde_json::from_slice(text).map_err(|error| WireError::json("a frame", &error, text))?;
        match (outer.stream, outer.data) {
            (Some(stream), Some(data)) => {
                let stream = Field("a combined frame", "stream", Some(stream)).text()?;
                if !data.get().starts_with('{') {
                    return Ok(Frame::Unknown);
                }
                let inner: Fields<'a> = serde_json::from_str(data.get())
                    .map_err(|error| WireError::json("the data of a frame", &error, data.get().as_bytes()))?;
                read(&inner, Some(stream), levels)
            }
            _ => read(&outer, None, levels),
        }
    }
}

/// Reads one message whose stream is known when it came combined.
fn read<'a>(fields: &Fields<'a>, stream: Option<&'a str>, levels: &mut Levels) -> Result<Frame<'a>, WireError> {
    let Some(kind) = fields.e else {
        return read_nameless(fields, stream, levels);
    };
    match kind.get() {
        "\"trade\"" => read_trade(fields, "trade", "t", fields.t).map(Frame::Trade),
        "\"aggTrade\"" => read_trade(fields, "aggTrade", "a", fields.a).map(Frame::Trade),
        "\"bookTicker\"" => read_quote(fields).map(Frame::Quote),
        "\"depthUpdate\"" => read_depth(fields, stream, levels),
        "\"kline\"" => read_kline(fields),
        "\"markPriceUpdate\"" => read_mark(fields).map(Frame::Mark),
        "\"serverShutdown\"" => Ok(Frame::Control(Control::ServerShutdown)),
        _ => Ok(Frame::Unknown),
    }
}

/// Spot's `bookTicker` and partial books carry no kind; neither do answers.
fn read_nameless<'a>(fields: &Fields<'a>, stream: Option<&'a str>, levels: &mut Levels) -> Result<Frame<'a>, WireError> {
    if fields.last_update_id.is_some() {
        let Some(symbol) = stream.and_then(|stream| stream.split('@').next()) else {
            return Ok(Frame::Snapshot);
        };
        const WHAT: &str = "a partial book";
        read_side(WHAT, "bids", Field(WHAT, "bids", fields.bids).raw("an array")?, &mut levels.bids)?;
        read_side(WHAT, "asks", Field(WHAT, "asks", fields.asks).raw("an array")?, &mut levels.asks)?;
        let update_id = Field(WHAT, "lastUpdateId", fields.last_update_id).integer()?;
        return Ok(Frame::Partial(PartialFrame { symbol, update_id, time: None }));
    }
    if fields.u.is_some() && fields.bid_qty.is_some() && fields.ask_qty.is_some() {
        return read_quote(fields).map(Frame::Quote);
    }
    if fields.error.is_some() || fields.code.is_some() {
        return read_refusal(fields);
    }
    Ok(if fields.id.is_some() { Frame::Control(Control::Answer) } else { Frame::Unknown })
}

fn read_refusal<'a>(fields: &Fields<'a>) -> Result<Frame<'a>, WireError> {
    #[derive(Deserialize)]
    struct Refusal {
        code: i64,
        #[serde(default)]
        msg: String,
    }
    const WHAT: &str = "an error answer";
    let refusal = match fields.error {
        Some(error) => {
            serde_json::from_str(error.get()).map_err(|problem| WireError::json(WHAT, &problem, error.get().as_bytes()))?
        }
        None => Refusal {
            code: Field(WHAT, "code", fields.code).signed()?,
            msg: fields.msg.map_or(String::new(), |text| text.get().trim_matches('"').to_owned()),
        },
    };
    let message = refusal.msg.chars().take(200).collect();
    Ok(Frame::Control(Control::Refused { code: refusal.code, message }))
}

fn read_trade<'a>(
    fields: &Fields<'a>,
    what: &'static str,
    id_field: &'static str,
    id: Option<&'a RawValue>,
) -> Result<TradeFrame<'a>, WireError> {
    Ok(TradeFrame {
        symbol: Field(what, "s", fields.s).text()?,
        aggregate: id_field == "a",
        id: Field(what, id_field, id).integer()?,
        price: Field(what, "p", fields.p).number()?,
        qty: Field(what, "q", fields.q).number()?,
        buyer_is_maker: Field(what, "m", fields.m).boolean()?,
        time: time(fields, what)?,
    })
}

fn read_mark<'a>(fields: &Fields<'a>) -> Result<MarkFrame<'a>, WireError> {
    const WHAT: &str = "markPriceUpdate";
    // A delivery contract has an empty rate, and 0 for its time.
    let funding = match Field(WHAT, "r", fields.r).text()? {
        "" => None,
        // It may be below 0, as no other number of a stream is.
        rate => {
            let rate = rate.parse().map_err(|error| WireError::Number { what: WHAT, field: "r", error })?;
            Some((rate, nanos_of(Field(WHAT, "T", fields.happened).integer()?)))
        }
    };
    Ok(MarkFrame {
        symbol: Field(WHAT, "s", fields.s).text()?,
        price: Field(WHAT, "p", fields.p).number()?,
        funding: funding.and_then(|(rate, at)| Some((rate, at?))),
        time: match fields.sent {
            Some(_) => nanos_of(Field(WHAT, "E", fields.sent).integer()?),
            None => None,
        },
    })
}

fn read_quote<'a>(fields: &Fields<'a>) -> Result<QuoteFrame<'a>, WireError> {
    const WHAT: &str = "bookTicker";
    Ok(QuoteFrame {
        symbol: Field(WHAT, "s", fields.s).text()?,
        update_id: Field(WHAT, "u", fields.u).integer()?,
        bid: (Field(WHAT, "b", fields.b).number()?, Field(WHAT, "B", fields.bid_qty).number()?),
        ask: (Field(WHAT, "a", fields.a).number()?, Field(WHAT, "A", fields.ask_qty).number()?),
        time: time(fields, WHAT)?,
    })
}

fn read_depth<'a>(fields: &Fields<'a>, stream: Option<&'a str>, levels: &mut Levels) -> Result<Frame<'a>, WireError> {
    const WHAT: &str = "depthUpdate";
    let symbol = Field(WHAT, "s", fields.s).text()?;
    let (first, last) = (Field(WHAT, "U", fields.first).integer()?, Field(WHAT, "u", fields.u).integer()?);
    if first > last {
        return Err(WireError::field(WHAT, "U", &first.to_string(), "at most `u`"));
    }
    read_side(WHAT, "b", Field(WHAT, "b", fields.b).raw("an array")?, &mut levels.bids)?;
    read_side(WHAT, "a", Field(WHAT, "a", fields.a).raw("an array")?, &mut levels.asks)?;
    let time = time(fields, WHAT)?;
    // Futures call partial books `depthUpdate` too; only the stream's name tells (`btcusdt@depth5@100ms`).
    if stream.and_then(|stream| stream.split('@').nth(1)).is_some_and(|kind| matches!(kind, "depth5" | "depth10" | "depth20")) {
        return Ok(Frame::Partial(PartialFrame { symbol, update_id: last, time }));
    }
    let previous = fields.pu.map(|pu| Field(WHAT, "pu", Some(pu)).integer()).transpose()?;
    Ok(Frame::Delta(DeltaFrame { symbol, first, last, previous, time }))
}

fn read_kline<'a>(fields: &Fields<'a>) -> Result<Frame<'a>, WireError> {
    const WHAT: &str = "kline";
    let text = Field(WHAT, "k", fields.k).raw("an object")?;
    let k: KlineFields<'a> = serde_json::from_str(text).map_err(|error| WireError::json(WHAT, &error, text.as_bytes()))?;
    let start = Field(WHAT, "k.t", k.t).time()?;
    let end = Field(WHAT, "k.T", k.end).time()?;
    // `T` is the last unit inside the bar: a millisecond, or a microsecond, before the next one.
    let unit = if end.get() % 1_000_000 == 0 { 1_000_000 } else { 1_000 };
    let span = end.since(start).saturating_add(unit);
    if span <= 0 {
        return Err(WireError::field(WHAT, "k.T", &end.to_string(), "a time after `k.t`"));
    }
    Ok(Frame::Kline(KlineFrame {
        symbol: Field(WHAT, "s", fields.s).text()?,
        closed: Field(WHAT, "k.x", k.x).boolean()?,
        start,
        span,
        prices: [
            Field(WHAT, "k.o", k.o).number()?,
            Field(WHAT, "k.h", k.h).number()?,
            Field(WHAT, "k.l", k.l).number()?,
            Field(WHAT, "k.c", k.c).number()?,
        ],
        volume: Field(WHAT, "k.v", k.v).number()?,
        bought: Field(WHAT, "k.V", k.bought).number()?,
        turnover: Field(WHAT, "k.q", k.q).number()?,
        trades: u32::try_from(Field(WHAT, "k.n", k.n).integer()?).unwrap_or(u32::MAX),
        time: fields.sent.map(|sent| Field(WHAT, "E", Some(sent)).time()).transpose()?,
    }))
}

/// When it happened, else when it was sent.
fn time(fields: &Fields<'_>, what: &'static str) -> Result<Option<Nanos>, WireError> {
    match (fields.happened, fields.sent) {
        (Some(at), _) => Field(what, "T", Some(at)).time().map(Some),
        (None, Some(at)) => Field(what, "E", Some(at)).time().map(Some),
        (None, None) => Ok(None),
    }
}

/// A venue time: milliseconds or microseconds since 1970, told apart by size (10^14 ms is the year 5138, 10^14 µs is 1973).
pub(crate) fn nanos_of(value: u64) -> Option<Nanos> {
    let unit: i64 = if value < 100_000_000_000_000 { 1_000_000 } else { 1_000 };
    i64::try_from(value).ok()?.checked_mul(unit).map(Nanos::new)
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
