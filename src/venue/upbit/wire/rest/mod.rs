//! The REST interface: every request as a struct that says what to send ([`Call`]), every answer as what it says.
//!
//! Parameters go into the query, or into the JSON body of a POST; either way the signature is over the same text, in the order
//! sent and
//! not percent-encoded ([`Parameters::text`]). A refusal comes in two shapes: [`refusal`].

pub mod causes;
pub mod refusal;
pub mod limits;
pub mod market;
pub mod account;
pub mod order;
pub mod transfers;

use std::fmt::Write as _;

pub use limits::{Group, Remaining};
pub use refusal::{Cause, Refusal, Remedy};

use super::WireError;

/// Largest answer that is read. The list of all markets has about 200 KB.
pub const ANSWER_BYTES_MAX: usize = 8 << 20;

/// How a request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Parameters in the query.
    Get,
    /// Parameters in a JSON body.
    Post,
    /// Parameters in the query.
    Delete,
}

/// A request, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// How.
    pub method: Method,
    /// Where, below the root: `/v1/orders`.
    pub path: &'static str,
    /// With what.
    pub parameters: Parameters,
    /// Which limit it counts against.
    pub group: Group,
    /// Whether it has to be signed.
    pub signed: bool,
}

/// A request, and what its answer says.
pub trait Request {
    /// What the answer says.
    type Answer;

    /// What to send.
    fn call(&self) -> Call;

    /// Reads an answer that is no refusal.
    ///
    /// # Errors
    /// When it is not JSON, or lacks what such an answer always has.
    fn read(body: &str) -> Result<Self::Answer, WireError>;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The venue said no.
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
    if bytes.len() > ANSWER_BYTES_MAX {
        return Err(WireError::TooLarge { bytes: bytes.len(), max: ANSWER_BYTES_MAX }.into());
    }
    let text = String::from_utf8_lossy(bytes);
    if !(200..300).contains(&status) {
        return Err(Refusal::new(status, &text).into());
    }
    R::read(&text).map_err(AnswerError::Unreadable)
}

/// Names and values in the order in which they are sent. The order counts: the signature is over it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// None.
    pub fn new() -> Self {
        Parameters::default()
    }

    /// With one more at the end.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }

    /// With one more, if there is a value.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With a list: `name[]` once for each value.
    #[must_use]
    pub fn list(mut self, name: &str, values: impl IntoIterator<Item = impl ToString>) -> Self {
        self.0.extend(values.into_iter().map(|value| (format!("{name}[]"), value.to_string())));
        self
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text that is signed: `a=1&b[]=2&b[]=3`, nothing encoded.
    pub fn text(&self) -> String {
        self.joined(|value| value.to_owned())
    }

    /// The text of the query: values percent-encoded, the brackets of lists as they are.
    pub fn query(&self) -> String {
        self.joined(percent_encoded)
    }

    /// The body of a POST: an object of strings.
    pub fn json(&self) -> String {
        let mut text = String::from("{");
        for (index, (name, value)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            // Writing into a String cannot fail.
            let _ = write!(text, "{separator}{}:{}", serde_json::json!(name), serde_json::json!(value));
        }
        text.push('}');
        text
    }

    fn joined(&self, value_of: impl Fn(&str) -> String) -> String {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={}", value_of(value))).collect();
        pairs.join("&")
    }
}

/// RFC 3986: all but the unreserved characters.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Reads a list of records, each an object.
pub(super) fn rows<T>(what: &'static str, body: &str, read: impl Fn(&str) -> Result<T, WireError>) -> Result<Vec<T>, WireError> {
    let list: Vec<&serde_json::value::RawValue> =
        serde_json::from_str(body).map_err(|error| WireError::json(what, &error, body.as_bytes()))?;
    list.into_iter().map(|row| read(row.get())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_written_in_their_order_three_ways() {
        let parameters = Parameters::new().list("states", ["wait", "watch"]).with("limit", 10).maybe("page", None::<u32>);
        let parameters = parameters.with("start_time", "2026-11-20T18:00:00+09:00").with("identifier", "a\"b");
        assert_eq!(
            parameters.text(),
            "states[]=wait&states[]=watch&limit=10&start_time=2026-11-20T18:00:00+09:00&identifier=a\"b"
        );
        assert_eq!(
            parameters.query(),
            "states[]=wait&states[]=watch&limit=10&start_time=2026-11-20T18%3A00%3A00%2B09%3A00&identifier=a%22b"
        );
        let body = Parameters::new().with("market", "KRW-BTC").with("identifier", "a\"b");
        assert_eq!(body.json(), r#"{"market":"KRW-BTC","identifier":"a\"b"}"#);
        assert_eq!((Parameters::new().json(), Parameters::new().is_empty()), ("{}".into(), true));
    }
}
