//! Why a text does not load: [`Problem`], with where, what stands there, and what to write instead.

use alloc::string::String;
use core::fmt;

/// A place in a text: bytes from `start` up to, without, `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// From the beginning of this to the end of `last`.
    #[must_use]
    pub fn to(self, last: Span) -> Span {
        Span { start: self.start, end: last.end.max(self.end) }
    }

    /// The line of its first byte, from 1.
    pub fn line(self, source: &str) -> u32 {
        let before = source.get(..self.start as usize).unwrap_or(source);
        1 + before.bytes().filter(|&byte| byte == b'\n').count() as u32
    }
}

/// Why a text does not load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: u32,
    /// The character in that line, from 1.
    pub column: u32,
    /// What stands there, cut to one line of at most 40 characters.
    pub text: String,
    /// What is wrong and what to write instead, in Korean.
    pub korean: String,
    /// The same in English.
    pub english: String,
}

impl Problem {
    /// A problem at `span` of `source`.
    pub fn new(source: &str, span: Span, korean: impl Into<String>, english: impl Into<String>) -> Self {
        let start = (span.start as usize).min(source.len());
        let before = source.get(..start).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let text = source.get(start..(span.end as usize).min(source.len())).unwrap_or("");
        Problem {
            line: span.line(source),
            column: 1 + before[line_start..].chars().count() as u32,
            text: text.lines().next().unwrap_or("").chars().take(40).collect(),
            korean: korean.into(),
            english: english.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: `{}`: {} · {}", self.line, self.column, self.text, self.korean, self.english)
    }
}

impl core::error::Error for Problem {}
