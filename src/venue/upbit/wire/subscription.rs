//! What is asked of the stream: [`Request`], written as the venue reads it, and read as the venue does (for the emulator).

use serde::Deserialize;
use serde_json::{Value, json};

use super::code::MarketCode;
use super::field::words;
use super::number::Number;
use crate::venue::wire_error::WireError;

words! {
    /// How messages are spelled, for the whole connection.
    Format, "DEFAULT, SIMPLE, JSON_LIST or SIMPLE_LIST" {
        /// Long names.
        Default = "DEFAULT",
        /// Short names.
        Simple = "SIMPLE",
        /// Long names, each message in a list.
        JsonList = "JSON_LIST",
        /// Short names, each message in a list.
        SimpleList = "SIMPLE_LIST",
    }
}

impl Format {
    /// Whether names are short.
    pub const fn is_simple(self) -> bool {
        matches!(self, Format::Simple | Format::SimpleList)
    }

    /// Whether each message stands in a list.
    pub const fn is_list(self) -> bool {
        matches!(self, Format::JsonList | Format::SimpleList)
    }
}

/// One kind of data, of some markets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// `ticker`, `trade`, `orderbook`, `candle.1m`, `myOrder`, `myAsset` …
    pub kind: String,
    /// Which markets, as the wire writes them; an order book may name its depth (`KRW-BTC.15`). Empty for all, of `myOrder`.
    pub codes: Vec<String>,
    /// Only what stands.
    pub only_snapshot: bool,
    /// Only what happens.
    pub only_realtime: bool,
    /// By which step prices of a book are grouped.
    pub level: Option<Number>,
}

impl Wanted {
    /// A kind of data of some markets, what stands and what happens.
    pub fn of(kind: &str, codes: Vec<String>) -> Self {
        Wanted { kind: kind.to_owned(), codes, only_snapshot: false, only_realtime: false, level: None }
    }
}

/// A request to the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Replaces what was asked for before on this connection.
    Subscribe {
        /// Names the request; any text.
        ticket: String,
        /// What is asked for.
        wanted: Vec<Wanted>,
        /// How it is to be spelled.
        format: Format,
    },
    /// Asks what is subscribed.
    List {
        /// Names the request.
        ticket: String,
    },
}

impl Request {
    /// As the venue reads it.
    pub fn text(&self) -> String {
        let parts = match self {
            Request::Subscribe { ticket, wanted, format } => {
                let mut parts = vec![json!({ "ticket": ticket })];
                parts.extend(wanted.iter().map(written));
                parts.push(json!({ "format": format.word() }));
                parts
            }
            Request::List { ticket } => vec![json!({ "ticket": ticket }), json!({ "method": "LIST_SUBSCRIPTIONS" })],
        };
        Value::Array(parts).to_string()
    }

    /// Reads a request as the venue does: the order of the parts does not matter, but each must be there.
    ///
    /// # Errors
    /// What the venue would say.
    pub fn parse(text: &str) -> Result<Request, Fault> {
        let wrong = |_| Fault::WrongFormat;
        #[derive(Deserialize)]
        struct Part {
            ticket: Option<String>,
            #[serde(rename = "type")]
            kind: Option<String>,
            codes: Option<Vec<String>>,
            #[serde(alias = "isOnlySnapshot")]
            is_only_snapshot: Option<bool>,
            #[serde(alias = "isOnlyRealtime")]
            is_only_realtime: Option<bool>,
            level: Option<serde_json::Number>,
            format: Option<String>,
            method: Option<String>,
        }
        let parts: Vec<Value> = serde_json::from_str(text).map_err(wrong)?;
        if parts.iter().any(|part| !part.is_object()) {
            return Err(Fault::WrongFormat);
        }
        let parts: Vec<Part> = serde_json::from_value(Value::Array(parts)).map_err(wrong)?;
        let ticket = parts.iter().find_map(|part| part.ticket.clone()).ok_or(Fault::NoTicket)?;
        if parts.iter().any(|part| part.method.as_deref() == Some("LIST_SUBSCRIPTIONS")) {
            return Ok(Request::List { ticket });
        }
        let mut format = Format::Default;
        if let Some(word) = parts.iter().find_map(|part| part.format.as_deref()) {
            format = Format::of(word).ok_or(Fault::WrongFormat)?;
        }
        let mut wanted = Vec::new();
        for part in parts {
            let Some(kind) = part.kind else { continue };
            let codes = part.codes.unwrap_or_default();
            match kind.as_str() {
                "myAsset" if !codes.is_empty() => return Err(Fault::WrongFormat),
                "myAsset" | "myOrder" => {}
                kind if is_market(kind) && codes.is_empty() => return Err(Fault::NoCodes),
                kind if is_market(kind) => {}
                _ => return Err(Fault::InvalidParam),
            }
            let level = part.level.map(|level| Number::parse(&level.to_string())).transpose().map_err(|_| Fault::InvalidParam)?;
            let (only_snapshot, only_realtime) = (part.is_only_snapshot.unwrap_or(false), part.is_only_realtime.unwrap_or(false));
            wanted.push(Wanted { kind, codes, only_snapshot, only_realtime, level });
        }
        if wanted.is_empty() { Err(Fault::NoType) } else { Ok(Request::Subscribe { ticket, wanted, format }) }
    }
}

fn written(wanted: &Wanted) -> Value {
    let mut part = json!({ "type": wanted.kind });
    if !wanted.codes.is_empty() {
        part["codes"] = json!(wanted.codes);
    }
    if wanted.only_snapshot {
        part["is_only_snapshot"] = json!(true);
    }
    if wanted.only_realtime {
        part["is_only_realtime"] = json!(true);
    }
    if let Some(level) = wanted.level {
        // A step is a price: small enough that its text is a JSON number as it stands.
        part["level"] = serde_json::from_str(&level.to_string()).unwrap_or(Value::Null);
    }
    part
}

fn is_market(kind: &str) -> bool {
    const SPANS: [&str; 9] = ["1s", "1m", "3m", "5m", "10m", "15m", "30m", "60m", "240m"];
    match kind.strip_prefix("candle.") {
        Some(span) => SPANS.contains(&span),
        None => matches!(kind, "ticker" | "trade" | "orderbook"),
    }
}

/// A code of an order book: the market, and how many levels a side (1, 5, 15 or 30; anything else is 30).
pub fn book_code(code: &str) -> Option<(MarketCode, usize)> {
    let (market, depth) = code.split_once('.').unwrap_or((code, "30"));
    let depth = match depth {
        "1" => 1,
        "5" => 5,
        "15" => 15,
        _ => 30,
    };
    Some((market.parse().ok()?, depth))
}

words! {
    /// Why the stream refuses a request.
    Fault, "a name of an error of the stream" {
        /// The token is missing or wrong.
        InvalidAuth = "INVALID_AUTH",
        /// It is not the list it should be.
        WrongFormat = "WRONG_FORMAT",
        /// It has no ticket.
        NoTicket = "NO_TICKET",
        /// It asks for nothing.
        NoType = "NO_TYPE",
        /// It asks for no market.
        NoCodes = "NO_CODES",
        /// It asks for what there is not.
        InvalidParam = "INVALID_PARAM",
    }
}

/// What is subscribed, in answer to [`Request::List`]: kinds and codes.
///
/// # Errors
/// When it is not that answer.
pub fn listed(text: &str) -> Result<Vec<(String, Vec<String>)>, WireError> {
    #[derive(Deserialize)]
    struct Row {
        #[serde(rename = "type", alias = "ty")]
        kind: String,
        #[serde(default, alias = "cds")]
        codes: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Answer {
        #[serde(alias = "rslt")]
        result: Vec<Row>,
    }
    let answer: Answer = super::field::object("LIST_SUBSCRIPTIONS", text)?;
    Ok(answer.result.into_iter().map(|row| (row.kind, row.codes)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_as_the_venue_reads_it() {
        let mut book = Wanted::of("orderbook", vec!["KRW-BTC.15".into()]);
        book.level = Number::parse("10000").ok();
        let trades = Wanted { only_realtime: true, ..Wanted::of("trade", vec!["KRW-BTC".into(), "KRW-ETH".into()]) };
        let request = Request::Subscribe { ticket: "t".into(), wanted: vec![trades, book], format: Format::Simple };
        let text = request.text();
        assert_eq!(
            text,
            r#"[{"ticket":"t"},{"codes":["KRW-BTC","KRW-ETH"],"is_only_realtime":true,"type":"trade"},{"codes":["KRW-BTC.15"],"level":10000,"type":"orderbook"},{"format":"SIMPLE"}]"#
        );
        assert_eq!(Request::parse(&text), Ok(request));
        let list = Request::List { ticket: "t".into() };
        assert_eq!(list.text(), r#"[{"ticket":"t"},{"method":"LIST_SUBSCRIPTIONS"}]"#);
        assert_eq!(Request::parse(&list.text()), Ok(list));
        // The format second, and the other spelling, as recorded in 2021.
        let old = r#"[{"ticket":"x"},{"format":"SIMPLE"},{"type":"trade","codes":["KRW-BTC"],"isOnlyRealtime":true}]"#;
        assert!(matches!(Request::parse(old), Ok(Request::Subscribe { wanted, .. }) if wanted[0].only_realtime));
    }

    #[test]
    fn what_the_venue_refuses_is_refused() {
        for (text, fault) in [
            ("PING", Fault::WrongFormat),
            ("{}", Fault::WrongFormat),
            ("[1]", Fault::WrongFormat),
            (r#"[{"type":"trade","codes":["KRW-BTC"]}]"#, Fault::NoTicket),
            (r#"[{"ticket":"t"}]"#, Fault::NoType),
            (r#"[{"ticket":"t"},{"type":"trade"}]"#, Fault::NoCodes),
            (r#"[{"ticket":"t"},{"type":"news","codes":["KRW-BTC"]}]"#, Fault::InvalidParam),
            (r#"[{"ticket":"t"},{"type":"candle.2m","codes":["KRW-BTC"]}]"#, Fault::InvalidParam),
            (r#"[{"ticket":"t"},{"type":"myAsset","codes":["KRW-BTC"]}]"#, Fault::WrongFormat),
            (r#"[{"ticket":"t"},{"type":"myOrder"},{"format":"XML"}]"#, Fault::WrongFormat),
        ] {
            assert_eq!(Request::parse(text), Err(fault), "{text}");
        }
        assert_eq!(book_code("KRW-BTC.5"), Some(("KRW-BTC".parse().expect("a market"), 5)));
        assert_eq!(book_code("KRW-BTC.7").map(|(_, depth)| depth), Some(30));
        assert_eq!(book_code("x"), None);
    }

    #[test]
    fn what_is_subscribed_is_read_in_both_spellings() {
        let expected = vec![("ticker".to_owned(), vec!["KRW-BTC".to_owned()])];
        let long = r#"{"method":"LIST_SUBSCRIPTIONS","result":[{"type":"ticker","codes":["KRW-BTC"]}],"ticket":"t"}"#;
        let short = r#"{"mthd":"LIST_SUBSCRIPTIONS","rslt":[{"ty":"ticker","cds":["KRW-BTC"]}],"tckt":"t"}"#;
        assert_eq!(listed(long), Ok(expected.clone()));
        assert_eq!(listed(short), Ok(expected));
        assert!(listed("[]").is_err());
    }
}
