//! The REST interface: every request as a struct that writes its body, every answer as what it says.
//!
//! All requests are POST with a flat JSON body; `api-id` in the header says which it is. Answers have no wrapper: `return_code` stands
//! beside the data. A request is refused in three ways (HTTP status, `return_code`, a code within the message): [`refusal`].

pub mod causes;
pub mod refusal;
pub mod token;
pub mod quote;
pub mod chart;
pub mod listing;
pub mod account;
pub mod valuation;
pub mod order;
pub mod reports;
pub mod reconciliation;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::field::{Text, Value, object};
pub use refusal::{Cause, Refusal, Remedy};

use crate::venue::wire_error::WireError;

/// Largest answer that is read. The list of all KOSPI stocks has about 1 MB.
pub const ANSWER_BYTES_MAX: usize = 32 << 20;

/// A kind of request (Kiwoom: TR).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tr {
    /// au10001: a token for a key.
    IssueToken,
    /// au10002: ends a token.
    RevokeToken,
    /// ka10001: basic facts of a stock.
    StockInfo,
    /// ka10004: the book.
    Book,
    /// ka10007: prices, limits and book on one page.
    QuoteBoard,
    /// ka10086: days with who bought.
    DailyPrices,
    /// ka10079: bars of so many trades.
    TickChart,
    /// ka10080: bars of so many minutes.
    MinuteChart,
    /// ka10081: bars of days.
    DayChart,
    /// ka10099: every stock of a market.
    StockList,
    /// ka00001: the account's number.
    AccountNumber,
    /// kt00001: cash.
    Deposit,
    /// kt00018: holdings.
    Holdings,
    /// ka10075: open orders.
    OpenOrders,
    /// ka10076: filled orders.
    Fills,
    /// kt10000: buys.
    Buy,
    /// kt10001: sells.
    Sell,
    /// kt10002: amends.
    Amend,
    /// kt10003: cancels.
    Cancel,
}

impl Tr {
    /// Every kind, with its number and its path.
    const TABLE: [(Tr, &'static str, &'static str); 19] = [
        (Tr::IssueToken, "au10001", "/oauth2/token"),
        (Tr::RevokeToken, "au10002", "/oauth2/revoke"),
        (Tr::StockInfo, "ka10001", "/api/dostk/stkinfo"),
        (Tr::Book, "ka10004", "/api/dostk/mrkcond"),
        (Tr::QuoteBoard, "ka10007", "/api/dostk/mrkcond"),
        (Tr::DailyPrices, "ka10086", "/api/dostk/mrkcond"),
        (Tr::TickChart, "ka10079", "/api/dostk/chart"),
        (Tr::MinuteChart, "ka10080", "/api/dostk/chart"),
        (Tr::DayChart, "ka10081", "/api/dostk/chart"),
        (Tr::StockList, "ka10099", "/api/dostk/stkinfo"),
        (Tr::AccountNumber, "ka00001", "/api/dostk/acnt"),
        (Tr::Deposit, "kt00001", "/api/dostk/acnt"),
        (Tr::Holdings, "kt00018", "/api/dostk/acnt"),
        (Tr::OpenOrders, "ka10075", "/api/dostk/acnt"),
        (Tr::Fills, "ka10076", "/api/dostk/acnt"),
        (Tr::Buy, "kt10000", "/api/dostk/ordr"),
        (Tr::Sell, "kt10001", "/api/dostk/ordr"),
        (Tr::Amend, "kt10002", "/api/dostk/ordr"),
        (Tr::Cancel, "kt10003", "/api/dostk/ordr"),
    ];

    /// Every kind.
    pub fn all() -> impl Iterator<Item = Tr> {
        Tr::TABLE.iter().map(|row| row.0)
    }

    fn row(self) -> &'static (Tr, &'static str, &'static str) {
        // Every variant has its row: a test goes over them.
        Tr::TABLE.iter().find(|row| row.0 == self).unwrap_or(&Tr::TABLE[0])
    }

    /// Its number, for the header `api-id`.
    pub fn id(self) -> &'static str {
        self.row().1
    }

    /// Where it is sent.
    pub fn path(self) -> &'static str {
        self.row().2
    }

    /// From its number.
    pub fn from_id(id: &str) -> Option<Tr> {
        Tr::TABLE.iter().find(|row| row.1 == id.trim()).map(|row| row.0)
    }

    /// Whether it changes something at the exchange: never to be sent twice for one order of ours.
    pub const fn is_order(self) -> bool {
        matches!(self, Tr::Buy | Tr::Sell | Tr::Amend | Tr::Cancel)
    }
}

/// A request, and what its answer says.
pub trait Request {
    /// What the answer says.
    type Answer;

    /// Which request it is.
    fn tr(&self) -> Tr;

    /// Its body, JSON.
    fn body(&self) -> String;

    /// Reads an answer that is no refusal.
    ///
    /// # Errors
    /// When it is not JSON, or lacks what such an answer always has.
    fn read(body: &str) -> Result<Self::Answer, WireError>;

    /// The answer when the broker says "nothing found", which it says as a refusal; `None` when that makes no sense.
    fn nothing() -> Option<Self::Answer> {
        None
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The broker said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What it said cannot be read. Of an order: whether it was accepted is not known.
    #[error(transparent)]
    Unreadable(#[from] WireError),
}

/// Reads the answer to a request of type `R`: its HTTP status and body.
///
/// # Errors
/// When it is a refusal, or cannot be read.
pub fn answer<R: Request>(status: u16, bytes: &[u8]) -> Result<R::Answer, AnswerError> {
    const WHAT: &str = "an answer";
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow, default)]
        return_code: Text<'a>,
        #[serde(borrow, default)]
        return_msg: Text<'a>,
    }
    if bytes.len() > ANSWER_BYTES_MAX {
        return Err(WireError::TooLarge { bytes: bytes.len(), max: ANSWER_BYTES_MAX }.into());
    }
    let text = String::from_utf8_lossy(bytes);
    let envelope: Envelope<'_> = match object(WHAT, &text) {
        Ok(envelope) => envelope,
        // A proxy's page of HTML: the status says more than the text.
        Err(_) if status >= 400 => return Err(Refusal::of_status(status, &text).into()),
        Err(error) => return Err(error.into()),
    };
    let code: Option<i64> = Value::read(WHAT, "return_code", envelope.return_code.get())?;
    if status >= 400 || code.is_none_or(|code| code != 0) {
        let refusal = Refusal::new(Some(status), code, envelope.return_msg.get());
        return match R::nothing() {
            Some(nothing) if refusal.cause == Cause::NothingFound => Ok(nothing),
            _ => Err(refusal.into()),
        };
    }
    R::read(&text).map_err(AnswerError::Unreadable)
}

/// The headers of a request. `next_key` goes on where an answer ended. The token is a secret.
pub fn headers(tr: Tr, token: Option<&str>, next_key: Option<&str>) -> Vec<(&'static str, String)> {
    let mut headers = vec![("content-type", "application/json;charset=UTF-8".to_owned()), ("api-id", tr.id().to_owned())];
    headers.extend(token.map(|token| ("authorization", format!("Bearer {token}"))));
    headers.extend(next_key.map(|_| ("cont-yn", "Y".to_owned())));
    headers.extend(next_key.map(|key| ("next-key", key.to_owned())));
    headers
}

/// Where to go on, by the headers `cont-yn` and `next-key` of an answer; `None` when that was all.
pub fn next_page(cont_yn: Option<&str>, next_key: Option<&str>) -> Option<String> {
    let key = next_key.map(str::trim).filter(|key| !key.is_empty())?;
    cont_yn.is_some_and(|more| more.trim() == "Y").then(|| key.to_owned())
}

/// Rows of a list within an answer; a list that is not there is empty.
pub(super) fn rows<T>(
    what: &'static str,
    body: &str,
    key: &str,
    read: impl Fn(&str) -> Result<T, WireError>,
) -> Result<Vec<T>, WireError> {
    let fields: BTreeMap<Cow<'_, str>, &RawValue> = object(what, body)?;
    match fields.get(key).map(|raw| raw.get()) {
        None | Some("null" | "\"\"") => Ok(Vec::new()),
        Some(list) => {
            let list: Vec<&RawValue> =
                serde_json::from_str(list).map_err(|error| WireError::json(what, &error, list.as_bytes()))?;
            list.into_iter().map(|row| read(row.get())).collect()
        }
    }
}

/// A body; structs of strings are always writable.
pub(super) fn written<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("strings and lists are JSON")
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
