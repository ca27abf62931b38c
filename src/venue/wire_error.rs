//! What can be wrong with bytes from a venue: [`WireError`].

use crate::market::NumberError;

/// Why bytes from the venue could not be read. Says what was read, where it failed, what was seen and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Larger than any message of the venue.
    #[error("a frame of {bytes} bytes (at most {max} are read)")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The cap.
        max: usize,
    },
    /// Not JSON, or not of the expected shape.
    #[error("{what}: {reason} (in `{seen}`)")]
    NotJson {
        /// What was read.
        what: &'static str,
        /// The parser's words, with line and column.
        reason: String,
        /// The beginning of the text.
        seen: String,
    },
    /// A field that the message always has is not there.
    #[error("{what} has no field `{field}` (expected {expected})")]
    Missing {
        /// What was read.
        what: &'static str,
        /// Which field.
        field: &'static str,
        /// What should be there.
        expected: &'static str,
    },
    /// A field holds something else than it should.
    #[error("{what}: field `{field}` is `{seen}` (expected {expected})")]
    Field {
        /// What was read.
        what: &'static str,
        /// Which field.
        field: &'static str,
        /// What stands there, cut to 60 characters.
        seen: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// A field holds a number that cannot be kept exactly.
    #[error("{what}: field `{field}`: {error}")]
    Number {
        /// What was read.
        what: &'static str,
        /// Which field.
        field: &'static str,
        /// Why.
        error: NumberError,
    },
    /// The answer is for no instrument of ours.
    #[error("{what}: symbol `{symbol}` is not subscribed")]
    UnknownSymbol {
        /// What was read.
        what: &'static str,
        /// The symbol.
        symbol: String,
    },
}

impl WireError {
    /// A field that holds something else than it should.
    pub(crate) fn field(what: &'static str, field: &'static str, seen: &str, expected: &'static str) -> Self {
        WireError::Field { what, field, seen: shown(seen), expected }
    }

    /// Text that is not JSON of the expected shape.
    pub(crate) fn json(what: &'static str, error: &serde_json::Error, text: &[u8]) -> Self {
        WireError::NotJson {
            what,
            reason: error.to_string(),
            seen: shown(&String::from_utf8_lossy(&text[..text.len().min(240)])),
        }
    }
}

/// The beginning of a text, short enough for a message.
fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}
