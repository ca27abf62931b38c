//! What compiling makes: a [`Program`] for each text, and one [`Plan`] of what they need.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::action::{Block, run};
use super::code::Number;
use super::columns::Mode;
use super::condition::Condition;
use super::flags::Flags;
use super::frame::{Frame, UNSET};
use super::history::Kept;
use super::indicators::Indicators;
use super::plain::Batch;

/// Different windows of both texts of a strategy together.
pub const WINDOWS_MAX: usize = 256;
/// Values of rows kept of one instrument for both texts together: 2 MiB.
pub const VALUES_MAX: u64 = 262_144;

/// What a text is compiled for.
#[derive(Clone, Debug)]
pub struct Options {
    /// How rows are made.
    pub mode: Mode,
    /// The optimiser's parameters, `self.vars`; `None` when they are not known, which takes all of them as 1.
    pub vars: Option<Vec<f64>>,
    /// Names of the conditions that `경과틱수` knows; `None` when they are not known.
    pub conditions: Option<Vec<String>>,
}

/// What both texts of a strategy need of each instrument.
#[derive(Default)]
pub struct Plan {
    /// Rows and windows.
    pub kept: Kept,
    /// Indicators.
    pub indicators: Indicators,
    /// Values taken at the row of the buy.
    pub(super) pins: Vec<(Pin, Number)>,
    /// Texts that values are compared with; a text's number is its place.
    pub texts: Vec<String>,
}

impl core::fmt::Debug for Plan {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Plan")
            .field("kept", &self.kept)
            .field("indicators", &self.indicators)
            .field("pins", &self.pins.len())
            .field("texts", &self.texts)
            .finish()
    }
}

impl Plan {
    /// Takes the values of the row of the buy, which is the newest.
    pub fn pin(&self, frame: &mut Frame<'_>, pins: &mut Vec<f64>) {
        pins.clear();
        pins.extend(self.pins.iter().map(|(_, value)| value(frame)));
    }

    /// The number that stands for a text of the world: its place among the texts compared with, or one that equals none.
    pub fn number_of(&self, text: &str) -> f64 {
        self.texts.iter().position(|known| known == text).map_or(-1.0, |place| place as f64)
    }
}

/// Two pins with the same key have the same value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pin {
    Column(usize),
    /// A place in the table of functions, and the rows of its window.
    Function(usize, u32),
}

/// What a text uses, and how much of it there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// Columns and names.
    pub names: BTreeSet<String>,
    /// Functions, and columns of rows gone by (`현재가N`).
    pub functions: BTreeSet<String>,
    /// Places of `self.vars`.
    pub vars: BTreeSet<usize>,
    /// Expressions and statements: each is run once a row at most, outside of `for`.
    pub nodes: u32,
}

/// A compiled text.
pub struct Program {
    pub(super) actions: Block,
    /// What the text decides by after them, when that is one clause.
    pub(super) decision: Option<Condition>,
    /// The same of a text that is nothing else, and clauses that are looked at together: whether they hold is it, or its opposite.
    pub(super) batch: Option<(Batch, bool)>,
    /// Variables that may be read before they are given a value.
    pub(super) unset: Vec<usize>,
    /// Slots it needs in all.
    pub(super) slots: usize,
    /// How it decides.
    pub(super) flags: Flags,
    /// What it uses.
    pub uses: Uses,
}

impl core::fmt::Debug for Program {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Program").field("flags", &self.flags).field("slots", &self.slots).field("uses", &self.uses).finish()
    }
}

impl Program {
    /// Slots a frame needs to run it.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// How it decides.
    pub fn flags(&self) -> Flags {
        self.flags
    }

    #[inline(never)]
    fn act(&self, frame: &mut Frame<'_>) {
        for &slot in &self.unset {
            frame.slots[slot] = UNSET;
        }
        run(&self.actions, frame);
    }

    /// Runs it on one row. Whether it signals: never after a fault, which the frame then has.
    pub fn run(&self, frame: &mut Frame<'_>) -> bool {
        if let Some((batch, is)) = &self.batch {
            (frame.fault, frame.steps) = (None, 0);
            let holds = batch.holds(frame);
            // No branch: most rows decide differently.
            return (holds == *is) & frame.fault.is_none();
        }
        self.run_all(frame)
    }

    fn run_all(&self, frame: &mut Frame<'_>) -> bool {
        self.flags.begin(frame);
        // Most texts have none: what they set, `decision` says.
        if !self.actions.is_empty() || !self.unset.is_empty() {
            self.act(frame);
        }
        match &self.decision {
            Some(clause) => clause.holds(frame) && frame.fault.is_none(),
            None => self.flags.signal(frame),
        }
    }
}
