//! The parameters of a request, and the text of them that is signed: [`Parameters`].

use std::fmt::Write as _;

/// Names and values in the order they are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(&'static str, String)>);

impl Parameters {
    /// None yet.
    pub fn new() -> Self {
        Parameters::default()
    }

    /// One more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.0.push((name, value.to_string()));
        self
    }

    /// One more, if there is a value.
    #[must_use]
    pub fn with_some(self, name: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|row| row.0 == name).map(|row| row.1.as_str())
    }

    /// Names and values.
    pub fn rows(&self) -> &[(&'static str, String)] {
        &self.0
    }

    /// As a query string, percent-encoded, in the order they were added. REST signs this very text (since 2026-01-15 what is
    /// signed is the encoded form).
    pub fn query(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.0 {
            if !text.is_empty() {
                text.push('&');
            }
            text.push_str(name);
            text.push('=');
            encode(value, &mut text);
        }
        text
    }

    /// Sorted by name and not encoded: the WebSocket API signs this.
    pub fn sorted(&self) -> String {
        let mut rows: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        // By name alone: `=` sorts before every letter, so a name never ends inside another.
        rows.sort();
        rows.join("&")
    }
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
pub fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_stays_and_values_are_encoded() {
        let parameters = Parameters::new().with("symbol", "１２３４５６").with("side", "BUY").with_some("none", None::<&str>);
        assert_eq!(parameters.query(), "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY");
        assert_eq!(parameters.sorted(), "side=BUY&symbol=１２３４５６");
        assert_eq!((parameters.get("side"), parameters.get("none")), (Some("BUY"), None));
    }
}
