//! Strategies written as text: Python's syntax, Korean names, one buy text and one sell text.
//!
//! ```text
//! text ─ lex ─► tokens ─ parse ─► statements ─ scope, compile ─► Program (clauses, closures over slots) + Plan (rows, windows to keep)
//!                                                                    │ run once a row
//! trades, books ─ rows ─► Row ─► History (rings, windows) ───────────┴─► Frame ─► signal, or a fault with its line
//! ```
//!
//! What a text can say is all there is: no files, no imports, no unbounded loops; what it cannot say is refused when it is loaded,
//! with line, column and what to write instead. Running one allocates nothing, does a bounded amount of work, and whatever goes wrong
//! in it is that row's fault and not the kernel's. All of it is the same on every machine: `arithmetic.rs` says how.
//!
//! The reader of the syntax is ours and not a library's; `ARCHITECTURE.md` says why, and `reader_tests.rs` holds it against CPython's.

mod problem;
mod lex;
mod tree;
mod words;
mod parse;
mod expression;
mod columns;
mod names;
mod functions;
mod helpers;
mod rows;
mod history;
mod indicators;
mod arithmetic;
mod frame;
mod code;
mod condition;
mod plain;
mod rolling;
mod action;
mod scope;
mod program;
mod compile;
mod values;
mod comparison;
mod calls;
mod windows;
mod formulas;
mod pair;
mod watched;
mod tops;
mod interruption;
mod facts;
mod flags;
mod clauses;
mod explain;
mod looked;
mod strategy;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod corpus_tests;
#[cfg(test)]
mod reader_tests;

pub use columns::{COLUMN_COUNT, COLUMNS, Column, Mode, Row, at, column, column_back, is_indicator, name_back};
pub use compile::{ROUNDS_MAX, compile, compile_condition};
pub use explain::{ClauseOutcome, Explainer, Explanation, Reading, Shown};
pub use facts::Facts;
pub use flags::Flags;
pub use frame::{Fault, FaultKind, Frame, Market, STEPS_MAX};
pub use functions::{Body, FUNCTIONS, Function};
pub use history::{History, Kept, Step, Streak, Taken, Window};
pub use indicators::{Indicators, Studied};
pub use lex::{NESTING_MAX, SOURCE_BYTES_MAX};
pub use looked::{Explainers, Looked, Verdict};
pub use names::{FIXED_SLOTS, NAMES, Name, Part};
pub use pair::{Pair, Setup};
pub use problem::{Problem, Span};
pub use program::{Options, Plan, Program, Uses, VALUES_MAX, WINDOWS_MAX};
pub use rows::{RowMaker, Scene, clock};
pub use strategy::{TextSettings, TextStrategy};
pub use windows::{ROWS_MAX, ROWS_MAX_VARIABLE};
