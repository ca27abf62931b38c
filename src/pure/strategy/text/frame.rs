//! What an evaluation looks at and leaves behind: [`Frame`], [`Fault`].

use core::fmt;

use serde::{Deserialize, Serialize};

use super::history::History;

/// Why an evaluation gave no signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultKind {
    /// A division by zero, or a result that is not a finite number.
    NotANumber,
    /// A variable that no line before had given a value.
    Unset,
    /// `None` where a number is needed.
    Nothing,
    /// An index, a number of rows or a number of digits that is not one.
    OutOfRange,
    /// More work than one evaluation may do.
    TooLong,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FaultKind::NotANumber => "0으로 나누었거나 수가 아닙니다 · division by zero, or not a finite number",
            FaultKind::Unset => "값이 없는 변수입니다 · a variable without a value",
            FaultKind::Nothing => "None은 수가 아닙니다 · `None` where a number is needed",
            FaultKind::OutOfRange => "범위 밖의 수입니다 · a number out of range",
            FaultKind::TooLong => "계산이 너무 깁니다 · more work than one row allows",
        })
    }
}

/// Why and where an evaluation gave no signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Why.
    pub kind: FaultKind,
    /// The line, from 1.
    pub line: u32,
}

/// What the meaning of a function depends on besides the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Market {
    /// A share, not a coin.
    pub stock: bool,
}

impl Market {
    /// Decimals prices are rounded to.
    pub fn price_digits(self) -> i32 {
        if self.stock { 3 } else { 8 }
    }
}

/// Work one evaluation may do: nodes run in loops and helpers, rows looked at one by one. About 2 ms.
pub const STEPS_MAX: u32 = 1_000_000;

/// The value of a variable that has none yet. No result of a calculation: those are finite.
pub(super) const UNSET: f64 = f64::INFINITY;
/// `None` as a value. No result of a calculation either.
pub(super) const NOTHING: f64 = f64::NEG_INFINITY;

/// One evaluation of one text.
#[derive(Debug)]
pub struct Frame<'a> {
    /// Values by slot: columns, names, then the text's own variables.
    pub slots: &'a mut [f64],
    /// Rows gone by, with the newest.
    pub history: &'a History,
    /// Values at the row of the buy, by pin; empty before a buy.
    pub pins: &'a [f64],
    /// By condition: the number of the row at which it was last true; 0 is never.
    pub last_true: &'a [u64],
    /// The market of the instrument.
    pub market: Market,
    /// Work done.
    pub steps: u32,
    /// The first fault.
    pub fault: Option<Fault>,
    /// Whether `self.Buy()` or `self.Sell()` was called.
    pub signal: bool,
}

impl<'a> Frame<'a> {
    /// Before an evaluation.
    #[inline]
    pub fn new(slots: &'a mut [f64], history: &'a History, market: Market) -> Self {
        Frame { slots, history, pins: &[], last_true: &[], market, steps: 0, fault: None, signal: false }
    }

    /// Notes a fault, unless there was one before; the evaluation goes on with 0 and its outcome does not count.
    #[cold]
    #[inline(never)]
    pub(super) fn fault(&mut self, kind: FaultKind, line: u32) -> f64 {
        self.fault.get_or_insert(Fault { kind, line });
        0.0
    }

    /// Counts work. False when it was too much.
    #[inline]
    pub(super) fn work(&mut self, steps: u32, line: u32) -> bool {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > STEPS_MAX {
            self.fault(FaultKind::TooLong, line);
        }
        self.fault.is_none()
    }
}
