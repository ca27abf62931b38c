//! One message of the WebSocket: [`Message::parse`]. What it answers is told by `trnm`; unknown ones are [`Message::Unknown`].

use serde::Deserialize;
use serde_json::value::RawValue;

use super::field::{Text, Value, object, record};
use super::real::{Source, entries};
use super::stream::{Real, RealBody};
use super::symbol::Symbol;
use crate::market::{Price, Qty, Rate};
use crate::venue::wire_error::WireError;

/// Largest message that is read. A list of all conditions or a snapshot of hits has some ten KB.
pub const MESSAGE_BYTES_MAX: usize = 4 << 20;

/// A message of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The answer to LOGIN. `sor`: whether orders may be routed smartly.
    Login {
        /// Whether it was accepted.
        reply: Reply,
        /// Smart order routing is allowed.
        sor: bool,
    },
    /// To be sent back as it came, byte for byte.
    Ping,
    /// A word about the connection, which mostly ends after it. Never to be sent back.
    System {
        /// Which.
        code: SystemCode,
        /// In the server's words.
        text: String,
    },
    /// The answer to REG.
    Registered(Reply),
    /// The answer to REMOVE.
    Removed(Reply),
    /// CNSRLST: the conditions there are, number and name.
    Conditions {
        /// Whether it could be answered.
        reply: Reply,
        /// Number and name.
        list: Vec<(u32, String)>,
    },
    /// CNSRREQ: what meets a condition, once or as the beginning of a watch.
    Hits(Hits),
    /// CNSRCLR: a watch has ended.
    ConditionCleared {
        /// Whether it has.
        reply: Reply,
        /// Which.
        condition: Option<u32>,
    },
    /// REAL: what was registered for. An entry that cannot be read is an error in its place.
    Real(Vec<Result<Real, WireError>>),
    /// JSON, but nothing that this program knows.
    Unknown,
}

/// Whether a request was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// 0 is yes.
    pub code: i64,
    /// In the server's words.
    pub message: String,
}

impl Reply {
    /// Whether it was.
    pub const fn is_ok(&self) -> bool {
        self.code == 0
    }
}

/// What the server says of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SystemCode {
    /// R10001: another login with the same key; this connection ends. Not to be made anew in a loop, or two programs kick each other.
    LoggedInElsewhere,
    /// R10002: PING was not answered.
    HeartbeatMissing,
    /// R10004: no LOGIN came.
    LoginMissing,
    /// Something new.
    Other(String),
}

impl Value for SystemCode {
    fn read(_: &'static str, _: &'static str, text: &str) -> Result<Self, WireError> {
        Ok(match text.trim() {
            "R10001" => SystemCode::LoggedInElsewhere,
            "R10002" => SystemCode::HeartbeatMissing,
            "R10004" => SystemCode::LoginMissing,
            other => SystemCode::Other(other.to_owned()),
        })
    }
}

/// What meets a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hits {
    /// Whether the search was made.
    pub reply: Reply,
    /// Which condition; a refusal does not say.
    pub condition: Option<u32>,
    /// A search made once; else the beginning of a watch.
    pub once: bool,
    /// Where to go on, when there are more.
    pub next_key: Option<String>,
    /// The stocks.
    pub hits: Vec<Hit>,
}

/// A stock that meets a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Which.
    pub symbol: Symbol,
    /// Its prices; a watch begins without.
    pub quote: Option<HitQuote>,
}

record! {
    /// Prices of a stock that meets a condition.
    "a hit (CNSRREQ)" HitQuote {
        /// Name of the stock.
        name: String = "302",
        /// Last price.
        last: Option<Price> = "10",
        /// Change since the reference, thousandths of a percent on the wire (`-00000130` is −0.13 %); here as it stands there.
        change_rate_thousandths: Option<i64> = "12",
        /// Traded today.
        volume: Option<Qty> = "13",
        /// First price of the day.
        open: Option<Price> = "16",
        /// Highest price of the day.
        high: Option<Price> = "17",
        /// Lowest price of the day.
        low: Option<Price> = "18",
    }
}

impl HitQuote {
    /// The change since the reference as a share.
    pub fn change_rate(&self) -> Option<Rate> {
        // A thousandth of a percent is 1e-5, and a rate counts in 1e-8.
        self.change_rate_thousandths?.checked_mul(1_000).map(Rate::from_raw)
    }
}

#[derive(Deserialize)]
struct Outer<'a> {
    #[serde(borrow, default)]
    trnm: Text<'a>,
    #[serde(borrow, default)]
    return_code: Text<'a>,
    #[serde(borrow, default)]
    return_msg: Text<'a>,
    #[serde(borrow, default)]
    sor_yn: Text<'a>,
    #[serde(borrow, default)]
    code: Text<'a>,
    #[serde(borrow, default)]
    message: Text<'a>,
    #[serde(borrow, default)]
    seq: Text<'a>,
    #[serde(borrow, default)]
    cont_yn: Text<'a>,
    #[serde(borrow, default)]
    next_key: Text<'a>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

const WHAT: &str = "a message";

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    /// When it is too large, not a JSON object, or a message of a known kind lacks what that kind always has.
    pub fn parse(bytes: &[u8]) -> Result<Message, WireError> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(WireError::TooLarge { bytes: bytes.len(), max: MESSAGE_BYTES_MAX });
        }
        let text = std::str::from_utf8(bytes).map_err(|error| WireError::NotJson {
            what: WHAT,
            reason: error.to_string(),
            seen: String::from_utf8_lossy(bytes).chars().take(60).collect(),
        })?;
        if let Some(entries) = entries(text) {
            return Ok(Message::Real(entries));
        }
        Message::parse_in_layers(text)
    }

    /// Reads any message; REAL not as fast as [`entries`] does.
    pub(super) fn parse_in_layers(text: &str) -> Result<Message, WireError> {
        let outer: Outer<'_> = object(WHAT, text)?;
        Ok(match outer.trnm.get().trim() {
            "LOGIN" => Message::Login { reply: reply(&outer)?, sor: outer.sor_yn.get().trim() == "Y" },
            "PING" => Message::Ping,
            "SYSTEM" => Message::System {
                code: Value::read("SYSTEM", "code", outer.code.get())?,
                text: outer.message.get().chars().take(200).collect(),
            },
            "REG" => Message::Registered(reply(&outer)?),
            "REMOVE" => Message::Removed(reply(&outer)?),
            "CNSRLST" => Message::Conditions { reply: reply(&outer)?, list: conditions(outer.data)? },
            "CNSRREQ" => Message::Hits(hits(&outer)?),
            "CNSRCLR" => Message::ConditionCleared { reply: reply(&outer)?, condition: condition("CNSRCLR", outer.seq.get())? },
            "REAL" => Message::Real(real(outer.data)?),
            _ => Message::Unknown,
        })
    }
}

/// No code at all is taken for 0: pushes carry none.
fn reply(outer: &Outer<'_>) -> Result<Reply, WireError> {
    let code: Option<i64> = Value::read("an answer", "return_code", outer.return_code.get())?;
    Ok(Reply { code: code.unwrap_or(0), message: outer.return_msg.get().trim().chars().take(300).collect() })
}

/// The number of a condition; it may come with a space behind it.
fn condition(what: &'static str, text: &str) -> Result<Option<u32>, WireError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| WireError::field(what, "seq", text, "the number of a condition"))
}

/// A list; not there and `null` are the empty one.
fn list<'a>(what: &'static str, data: Option<&'a RawValue>) -> Result<Vec<&'a RawValue>, WireError> {
    match data.map(RawValue::get) {
        None | Some("null" | "\"\"") => Ok(Vec::new()),
        Some(text) => serde_json::from_str(text).map_err(|error| WireError::json(what, &error, text.as_bytes())),
    }
}

/// Rows are `["0","name"]`; objects with `seq` and `name` are read as well.
fn conditions(data: Option<&RawValue>) -> Result<Vec<(u32, String)>, WireError> {
    const WHAT: &str = "CNSRLST";
    #[derive(Deserialize)]
    struct Row<'a> {
        #[serde(borrow)]
        seq: Text<'a>,
        #[serde(borrow, default)]
        name: Text<'a>,
    }
    let mut read = Vec::new();
    for row in list(WHAT, data)? {
        let json = |error: serde_json::Error| WireError::json(WHAT, &error, row.get().as_bytes());
        let (number, name) = if row.get().starts_with('[') {
            let cells: Vec<Text<'_>> = serde_json::from_str(row.get()).map_err(json)?;
            let cell = |place: usize| cells.get(place).map_or("", Text::get).to_owned();
            (cell(0), cell(1))
        } else {
            let row: Row<'_> = serde_json::from_str(row.get()).map_err(json)?;
            (row.seq.get().to_owned(), row.name.get().to_owned())
        };
        let number = condition(WHAT, &number)?;
        let missing = WireError::Missing { what: WHAT, field: "seq", expected: "the number of a condition" };
        read.push((number.ok_or(missing)?, name.trim().to_owned()));
    }
    Ok(read)
}

fn hits(outer: &Outer<'_>) -> Result<Hits, WireError> {
    const WHAT: &str = "CNSRREQ";
    #[derive(Deserialize)]
    struct Row<'a> {
        #[serde(borrow, default)]
        jmcode: Text<'a>,
        #[serde(borrow, default, rename = "9001")]
        symbol: Text<'a>,
    }
    let mut found = Vec::new();
    for row in list(WHAT, outer.data)? {
        let codes: Row<'_> = object(WHAT, row.get())?;
        found.push(match (codes.symbol.get().trim(), codes.jmcode.get().trim()) {
            ("", "") => return Err(WireError::Missing { what: WHAT, field: "jmcode", expected: "the code of a stock" }),
            ("", bare) => Hit { symbol: Symbol::parse(bare), quote: None },
            (full, _) => Hit { symbol: Symbol::parse(full), quote: Some(HitQuote::read(row.get())?) },
        });
    }
    // Only the answer to a search made once can be paged, and only its rows have prices.
    let paged = !outer.cont_yn.get().trim().is_empty();
    let next_key = Some(outer.next_key.get().trim().to_owned());
    Ok(Hits {
        reply: reply(outer)?,
        condition: condition(WHAT, outer.seq.get())?,
        once: paged || found.iter().any(|hit| hit.quote.is_some()),
        next_key: next_key.filter(|key| outer.cont_yn.get().trim() == "Y" && !key.is_empty()),
        hits: found,
    })
}

fn real(data: Option<&RawValue>) -> Result<Vec<Result<Real, WireError>>, WireError> {
    const WHAT: &str = "REAL";
    #[derive(Deserialize)]
    struct Row<'a> {
        #[serde(borrow, rename = "type")]
        kind: Text<'a>,
        #[serde(borrow, default)]
        item: Text<'a>,
        #[serde(borrow)]
        values: Option<&'a RawValue>,
    }
    let read = |row: &RawValue| -> Result<Real, WireError> {
        let row: Row<'_> = object(WHAT, row.get())?;
        let values = row.values.map_or("{}", RawValue::get);
        // The documents call it a list: then its first object is meant.
        let body = if values.starts_with('[') {
            let list: Vec<&RawValue> =
                serde_json::from_str(values).map_err(|error| WireError::json(WHAT, &error, values.as_bytes()))?;
            RealBody::read(row.kind.get(), Source::Text(list.first().map_or("{}", |values| values.get())))?
        } else {
            RealBody::read(row.kind.get(), Source::Text(values))?
        };
        Ok(Real { item: row.item.get().trim().to_owned(), body })
    };
    Ok(list(WHAT, data)?.into_iter().map(read).collect())
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
