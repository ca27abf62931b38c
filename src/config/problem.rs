//! What is wrong with a setting, where, and what was expected: [`Problem`].

use std::fmt::{self, Write as _};

use super::layers::Origin;

/// One thing wrong with the settings. Its text is one line: where, key, what, what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub origin: Origin,
    /// Which key, like `risk.order_qty_max`; empty when there is none.
    pub key: String,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not TOML.
    Syntax {
        /// The parser's words.
        reason: String,
    },
    /// Nobody knows this key.
    Unknown {
        /// The known key most like it.
        nearest: Option<String>,
        /// The known keys beside it.
        known: Vec<String>,
    },
    /// A key that must be there is not.
    Missing {
        /// What should have been there.
        expected: String,
    },
    /// A value that this key does not take.
    Value {
        /// What was seen, cut short.
        seen: String,
        /// What was expected.
        expected: String,
    },
    /// A value that was understood and makes no sense, with the reason.
    Refused {
        /// Why, with what was expected.
        reason: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = OneLine(f);
        write!(f, "{}: ", self.origin)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        match &self.fault {
            Fault::Syntax { reason } => write!(f, "not TOML · TOML 문법이 아닙니다: {reason}"),
            Fault::Unknown { nearest, known } => {
                f.write_str("unknown key · 모르는 항목입니다")?;
                if let Some(nearest) = nearest {
                    write!(f, "; did you mean · 혹시 `{nearest}`?")?;
                }
                write!(f, " (expected one of · 쓸 수 있는 항목: {})", known.join(", "))
            }
            Fault::Missing { expected } => write!(f, "missing · 빠졌습니다 (expected · 필요한 값: {expected})"),
            Fault::Value { seen, expected } => {
                write!(f, "cannot be {seen} · 쓸 수 없는 값입니다 (expected · 필요한 값: {expected})")
            }
            Fault::Refused { reason } => write!(f, "refused · 쓸 수 없는 값입니다: {reason}"),
        }
    }
}

/// Writes control characters as escapes: what a file holds must not break the line, or move a terminal's cursor.
struct OneLine<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars()
            .try_for_each(|c| if c.is_control() { write!(self.0, "{}", c.escape_default()) } else { self.0.write_char(c) })
    }
}

/// Everything wrong with the settings, one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let end = if index + 1 == self.0.len() { "" } else { "\n" };
            write!(f, "{problem}{end}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
