//! One frame of the stream: [`messages`] takes lists apart, [`Message::parse`] reads one message, in either spelling.
//!
//! Unknown keys are ignored, unknown kinds are [`Message::Unknown`]: the venue adds both without notice.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::field::object;
use super::market::{BookHead, Candle, Ticker, Trade, read_book};
use super::private::{MyAsset, MyOrder};
use super::subscription::Fault;
use super::{Levels, WireError};

/// Largest frame that is read. A book of 30 levels has 4 KB; a list of many is far below this.
pub const FRAME_BYTES_MAX: usize = 4 << 20;

/// A message, read. Book levels go to the [`Levels`] given to [`Message::parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// `ticker`.
    Ticker(Box<Ticker>),
    /// `trade`.
    Trade(Box<Trade>),
    /// `orderbook`: the whole book.
    Book(BookHead),
    /// `candle.…`.
    Candle {
        /// Its length in nanoseconds.
        span: i64,
        /// The candle.
        candle: Box<Candle>,
    },
    /// `myOrder`.
    MyOrder(Box<MyOrder>),
    /// `myAsset`.
    MyAsset(MyAsset),
    /// A word about the connection.
    Control(Control),
    /// JSON, but nothing that this program uses.
    Unknown,
}

/// A word about the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// The answer to `PING`.
    Up,
    /// What is subscribed.
    Listed(Vec<(String, Vec<String>)>),
    /// A request was refused.
    Refused {
        /// The venue's name of the fault.
        name: String,
        /// Which fault that is, if it is a known one.
        fault: Option<Fault>,
        /// Its words, cut to 200 characters.
        message: String,
    },
}

/// The messages in a frame: one, or those of a list (the `_LIST` formats).
///
/// # Errors
/// When it is too large, no UTF-8, or a list that is no JSON.
pub fn messages(bytes: &[u8]) -> Result<Messages<'_>, WireError> {
    const WHAT: &str = "a frame";
    if bytes.len() > FRAME_BYTES_MAX {
        return Err(WireError::TooLarge { bytes: bytes.len(), max: FRAME_BYTES_MAX });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| WireError::NotJson {
        what: WHAT,
        reason: error.to_string(),
        seen: String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned(),
    })?;
    if !text.trim_start().starts_with('[') {
        return Ok(Messages::One(Some(text)));
    }
    let list: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| WireError::json(WHAT, &error, bytes))?;
    Ok(Messages::List(list.into_iter()))
}

/// The messages in a frame.
pub enum Messages<'a> {
    /// One, alone.
    One(Option<&'a str>),
    /// Those of a list.
    List(std::vec::IntoIter<&'a RawValue>),
}

impl<'a> Iterator for Messages<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        match self {
            Messages::One(text) => text.take(),
            Messages::List(list) => list.next().map(RawValue::get),
        }
    }
}

impl Message {
    /// Reads one message.
    ///
    /// # Errors
    /// When it is not JSON, or lacks what a message of its kind always has.
    pub fn parse(text: &str, levels: &mut Levels) -> Result<Message, WireError> {
        let kind = match kind_at_front(text) {
            Some(kind) => kind,
            None => match kind_anywhere(text)? {
                Head::Kind(kind) => kind,
                Head::Message(message) => return Ok(message),
            },
        };
        match kind {
            "trade" => Trade::parse(text).map(|trade| Message::Trade(Box::new(trade))),
            "orderbook" => read_book(text, levels).map(Message::Book),
            "ticker" => Ticker::parse(text).map(|ticker| Message::Ticker(Box::new(ticker))),
            "myOrder" => MyOrder::parse(text).map(|order| Message::MyOrder(Box::new(order))),
            "myAsset" => MyAsset::parse(text).map(Message::MyAsset),
            kind => match kind.strip_prefix("candle.").and_then(span_of) {
                Some(span) => Candle::parse(text).map(|candle| Message::Candle { span, candle: Box::new(candle) }),
                None => Ok(Message::Unknown),
            },
        }
    }
}

/// The kind, where the venue writes it: first. Anything else is looked for in the whole message.
fn kind_at_front(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("{\"ty\":\"").or_else(|| text.strip_prefix("{\"type\":\""))?;
    let kind = rest.split_once('"')?.0;
    (!kind.contains('\\')).then_some(kind)
}

enum Head<'a> {
    Kind(&'a str),
    Message(Message),
}

fn kind_anywhere(text: &str) -> Result<Head<'_>, WireError> {
    #[derive(Deserialize)]
    struct Raw<'a> {
        #[serde(borrow, default, rename = "type", alias = "ty")]
        kind: Option<&'a RawValue>,
        #[serde(borrow, default, alias = "mthd")]
        method: Option<&'a RawValue>,
        #[serde(borrow, default)]
        status: Option<&'a RawValue>,
        #[serde(borrow, default)]
        error: Option<&'a RawValue>,
    }
    let raw: Raw<'_> = object("a message", text)?;
    if let Some(kind) = raw.kind {
        let inside = kind.get().strip_prefix('"').and_then(|kind| kind.strip_suffix('"'));
        return Ok(inside.map_or(Head::Message(Message::Unknown), Head::Kind));
    }
    let message = match (raw.error, raw.status, raw.method) {
        (Some(error), ..) => Message::Control(refused(error.get())?),
        (None, Some(status), _) if status.get() == "\"UP\"" => Message::Control(Control::Up),
        (None, None, Some(_)) => Message::Control(Control::Listed(super::subscription::listed(text)?)),
        _ => Message::Unknown,
    };
    Ok(Head::Message(message))
}

fn refused(text: &str) -> Result<Control, WireError> {
    #[derive(Deserialize)]
    struct Raw {
        name: String,
        #[serde(default)]
        message: String,
    }
    let Raw { name, message } = object("an error of the stream", text)?;
    let short = |text: String| text.chars().take(200).collect();
    Ok(Control::Refused { fault: Fault::of(&name), name: short(name), message: short(message) })
}

/// `1s`, `3m`: nanoseconds.
fn span_of(text: &str) -> Option<i64> {
    const SECOND: i64 = 1_000_000_000;
    let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: i64 = count.parse().ok().filter(|count| (1..=1_440).contains(count))?;
    match unit {
        "s" => Some(count * SECOND),
        "m" => Some(count * 60 * SECOND),
        _ => None,
    }
}
