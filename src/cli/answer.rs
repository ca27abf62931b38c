//! How a command ends, and how it speaks: [`Outcome`], [`Failure`], [`Output`].

use std::fmt::Display;
use std::io::{self, Write};

use serde_json::Value;

/// Exit code: done.
pub(super) const DONE: u8 = 0;
/// Exit code: the answer is no.
pub(super) const NO: u8 = 1;
/// Exit code: wrong use.
pub(super) const WRONG_USE: u8 = 2;
/// Exit code: could not.
pub(super) const COULD_NOT: u8 = 3;

/// A command that came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Done, and the answer, if there is one, is yes.
    Done,
    /// The answer is no: divergent, damaged, not valid.
    No,
}

/// A command that did not come to its end.
#[derive(Debug)]
pub(super) enum Failure {
    /// Used in a way that cannot be meant.
    WrongUse(String),
    /// Tried and could not.
    CouldNot(String),
    /// Nobody reads our output any more: the end, and no failure.
    PipeClosed,
}

impl Failure {
    /// Wrong use, in one line.
    pub(super) fn wrong_use(text: impl Display) -> Self {
        Failure::WrongUse(text.to_string())
    }

    /// Could not, in one line.
    pub(super) fn could_not(text: impl Display) -> Self {
        Failure::CouldNot(text.to_string())
    }

    /// What to tell, if anything.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Failure::WrongUse(text) | Failure::CouldNot(text) => Some(text),
            Failure::PipeClosed => None,
        }
    }

    pub(super) fn code(&self) -> u8 {
        match self {
            Failure::WrongUse(_) => WRONG_USE,
            Failure::CouldNot(_) => COULD_NOT,
            Failure::PipeClosed => DONE,
        }
    }
}

/// What stdout says when it cannot be written.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Failure::PipeClosed
        } else {
            Failure::could_not(format_args!("standard output · 표준 출력: {error}"))
        }
    }
}

/// Results on stdout: lines for a person or one JSON value.
pub(super) fn print(text: impl Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// A JSON value on one line.
pub(super) fn print_json(value: &Value) -> Result<(), Failure> {
    print(value)
}

/// A line on stderr. Nobody listening there is no failure.
pub(super) fn say(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether longer texts are in Korean: where the environment speaks it. Otherwise they are in English.
pub(super) fn is_korean() -> bool {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(std::env::var_os).find(|value| !value.is_empty());
    set.is_some_and(|value| value.to_string_lossy().starts_with("ko"))
}
