//! Requests as the venue reads them: parameters in their order ([`query`], [`body`]), and why one is refused ([`Refused`]).

use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;

use crate::market::{Money, Price, Qty};
use crate::venue::upbit::wire::MarketCode;

/// Names and values in the order in which they came, decoded.
#[derive(Debug, Default)]
pub(super) struct Given(Vec<(String, String)>);

impl Given {
    /// The text that is signed.
    pub(super) fn text(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Every value of a list.
    pub(super) fn list<'a>(&'a self, name: &str) -> Vec<&'a str> {
        let list = format!("{name}[]");
        self.0.iter().filter(|(known, _)| *known == list).map(|(_, value)| value.as_str()).collect()
    }

    pub(super) fn market(&self) -> Result<MarketCode, Refused> {
        let text = self.get("market").ok_or_else(|| Refused::validation("market is missing"))?;
        text.parse().map_err(|_| Refused::validation("market does not have a valid value"))
    }

    pub(super) fn price(&self, name: &str) -> Result<Option<Price>, Refused> {
        self.number(name)
    }

    pub(super) fn qty(&self, name: &str) -> Result<Option<Qty>, Refused> {
        self.number(name)
    }

    pub(super) fn money(&self, name: &str) -> Result<Option<Money>, Refused> {
        self.number(name)
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Refused> {
        let wrong = |_| Refused::validation(&format!("{name} does not have a valid value"));
        self.get(name).map(|text| text.parse().map_err(|_| ()).map_err(wrong)).transpose()
    }
}

/// The parameters of a query.
pub(super) fn query(text: &str) -> Given {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let decoded = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decoded(name), percent_decoded(value))
    });
    Given(decoded.collect())
}

/// The parameters of a JSON body: an object whose order counts.
pub(super) fn body(bytes: &[u8]) -> Result<Given, Refused> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of texts and numbers")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, Value>()? {
                match value {
                    Value::String(text) => pairs.push((name, text)),
                    Value::Number(number) => pairs.push((name, number.to_string())),
                    Value::Bool(flag) => pairs.push((name, flag.to_string())),
                    Value::Array(values) => pairs.extend(values.iter().map(|value| {
                        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                        (format!("{name}[]"), text)
                    })),
                    Value::Null | Value::Object(_) => {}
                }
            }
            Ok(pairs)
        }
    }
    if bytes.is_empty() {
        return Ok(Given::default());
    }
    let wrong = |_| Refused::validation("the body is not a JSON object");
    serde_json::Deserializer::from_slice(bytes).deserialize_map(Pairs).map(Given).map_err(wrong)
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// A request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: u16,
    /// A text on exchange calls; none on quotation calls, which name the status.
    pub(super) name: Option<&'static str>,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn new(status: u16, name: &'static str, message: &str) -> Self {
        Refused { status, name: Some(name), message: message.to_owned() }
    }

    pub(super) fn quotation(status: u16, message: &str) -> Self {
        Refused { status, name: None, message: message.to_owned() }
    }

    pub(super) fn validation(message: &str) -> Self {
        Refused::new(400, "validation_error", message)
    }

    pub(super) fn body(&self) -> String {
        let name = self.name.map_or_else(|| self.status.to_string(), |name| format!("\"{name}\""));
        format!("{{\"error\":{{\"name\":{name},\"message\":{}}}}}", serde_json::json!(self.message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_as_they_were_signed() {
        let given = query("states[]=wait&states[]=watch&to=2026-11-20T18%3A00%3A00%2B09%3A00&x=%zz");
        assert_eq!(given.text(), "states[]=wait&states[]=watch&to=2026-11-20T18:00:00+09:00&x=%zz");
        assert_eq!((given.list("states"), given.get("nothing")), (vec!["wait", "watch"], None));
        let given = body(br#"{"side":"bid","market":"KRW-BTC","price":"90000000","volume":0.5}"#).expect("an object");
        assert_eq!(given.text(), "side=bid&market=KRW-BTC&price=90000000&volume=0.5");
        assert_eq!(given.price("price").map(|price| price.map(|price| price.to_string())), Ok(Some("90000000".into())));
        assert!(body(b"[1]").is_err() && body(b"").is_ok() && query("").text().is_empty());
        assert_eq!(Refused::quotation(404, "m").body(), r#"{"error":{"name":404,"message":"m"}}"#);
    }
}
