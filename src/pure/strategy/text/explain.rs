//! Why a text decided as it did on a row: [`Explainer`]. Asked for by a reader, over what the kernel knows after the row; nothing
//! of it is kept or calculated while trading.

use alloc::string::String;
use alloc::vec::Vec;

use super::action::run;
use super::clauses::{Apart, Clause, Read, Step, Tree};
use super::code::Kind;
use super::flags::Flags;
use super::frame::{Fault, FaultKind, Frame, NOTHING, UNSET};
use super::names::{FIXED_SLOTS, Part};
use super::problem::Problem;
use super::program::{Options, Plan};

/// A loop may look at a clause very often: its numbers are noted so many times, and are then those of the last of these.
const LOOKS_MAX: u32 = 1_000;

/// What a name or a side of a comparison was.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// `None`.
    Nothing,
    /// There was none.
    Fault(FaultKind),
}

/// A piece of a clause, as it is written, and what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// As it is written.
    pub text: String,
    /// What it was.
    pub value: Shown,
}

/// A clause on one row.
#[derive(Clone, Debug, PartialEq)]
pub struct ClauseOutcome {
    /// Line, from 1.
    pub line: u32,
    /// Character in that line, from 1.
    pub column: u32,
    /// As it is written, on one line.
    pub text: String,
    /// How often it was looked at: 0 is not reached, and then `holds` says what it would have been at the end of the text.
    pub times: u32,
    /// Whether it held, the last time it was looked at; `None` where it faults.
    pub holds: Option<bool>,
    /// What it compares, in order.
    pub sides: Vec<Reading>,
    /// Names and calls in it besides.
    pub names: Vec<Reading>,
    /// Why it has no truth value.
    pub fault: Option<FaultKind>,
}

/// A text on one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Whether it signals.
    pub signal: bool,
    /// For which positions: long, short; both in a text that names no side.
    pub ways: [bool; 2],
    /// Why its outcome does not count.
    pub fault: Option<Fault>,
    /// Every clause, in the order of the text.
    pub clauses: Vec<ClauseOutcome>,
    /// Without a signal: the clause that decided so.
    pub stopped_by: Option<usize>,
}

/// A text that can be asked why.
pub struct Explainer {
    part: Part,
    apart: Apart,
    /// Texts that values are compared with.
    texts: Vec<String>,
}

impl core::fmt::Debug for Explainer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Explainer").field("part", &self.part).field("clauses", &self.apart.clauses.len()).finish()
    }
}

impl Explainer {
    /// Of a text that was compiled with these options for `plan`; nothing is added to it.
    ///
    /// # Errors
    /// As [`compile()`](super::compile()).
    pub fn of(source: &str, part: Part, options: &Options, plan: &mut Plan) -> Result<Self, Problem> {
        let apart = Apart::of(source, part, options, plan)?;
        Ok(Explainer { part, apart, texts: plan.texts.clone() })
    }

    /// How the text decides.
    pub fn flags(&self) -> Flags {
        self.apart.flags
    }

    /// Slots it needs.
    pub fn slots(&self) -> usize {
        self.apart.slots.max(FIXED_SLOTS)
    }

    /// What the text does on the row of `frame`, whose slots of the text's own variables are lost.
    pub fn explain(&self, frame: &mut Frame<'_>) -> Explanation {
        frame.slots[FIXED_SLOTS..].fill(UNSET);
        self.apart.flags.begin(frame);
        let seen = self.apart.clauses.iter().map(|_| None).collect();
        let mut walk = Walk { explainer: self, seen, within: Vec::new(), stopped: None, missed: None };
        walk.block(&self.apart.steps, frame);
        let (signal, fault, ways) = (self.apart.flags.signal(frame), frame.fault, self.apart.flags.ways(frame.slots));
        let Walk { mut seen, stopped, missed, .. } = walk;
        let stopped_by = stopped.or(missed).filter(|_| !signal && fault.is_none());
        let clauses = self.apart.clauses.iter().zip(&mut seen);
        let clauses = clauses.map(|(clause, seen)| {
            seen.take().unwrap_or_else(|| {
                let mut outcome = self.look(clause, frame);
                aside(frame, |frame| self.decide(clause, frame, &mut outcome));
                outcome
            })
        });
        Explanation { signal, ways, fault, clauses: clauses.collect(), stopped_by }
    }

    /// A clause with its numbers, not decided yet.
    fn look(&self, clause: &Clause, frame: &mut Frame<'_>) -> ClauseOutcome {
        let mut shown = |reads: &[Read]| {
            reads.iter().map(|read| Reading { text: read.text.clone(), value: self.shown(read, frame) }).collect()
        };
        let (sides, names) = (shown(&clause.sides), shown(&clause.names));
        let (line, column) = clause.place;
        ClauseOutcome { line, column, text: clause.text.clone(), times: 0, holds: None, sides, names, fault: None }
    }

    fn shown(&self, read: &Read, frame: &mut Frame<'_>) -> Shown {
        let (value, fault) = aside(frame, |frame| (read.value)(frame));
        match (fault, read.kind) {
            (Some(fault), _) => Shown::Fault(fault.kind),
            (None, _) if value == NOTHING => Shown::Nothing,
            // The text of the instrument that no text is compared with has no number.
            (None, Kind::Text) => {
                Shown::Text(self.texts.get(value as usize).filter(|_| value >= 0.0).cloned().unwrap_or_default())
            }
            (None, _) => Shown::Number(value),
        }
    }

    fn decide(&self, clause: &Clause, frame: &mut Frame<'_>, outcome: &mut ClauseOutcome) -> bool {
        let before = frame.fault;
        let holds = clause.holds.holds(frame);
        // A fault keeps the first: one before it does not let a later one be seen.
        outcome.fault = frame.fault.filter(|_| before.is_none()).map(|fault| fault.kind);
        outcome.holds = Some(holds).filter(|_| outcome.fault.is_none());
        holds
    }
}

/// Looks at something without a trace: its faults and its work do not count.
fn aside<T>(frame: &mut Frame<'_>, look: impl FnOnce(&mut Frame<'_>) -> T) -> (T, Option<Fault>) {
    let before = (frame.fault.take(), core::mem::take(&mut frame.steps));
    let found = look(frame);
    let fault = frame.fault;
    (frame.fault, frame.steps) = before;
    (found, fault)
}

/// One walk through a text.
struct Walk<'a> {
    explainer: &'a Explainer,
    seen: Vec<Option<ClauseOutcome>>,
    /// The clause that decided each block around here.
    within: Vec<Option<usize>>,
    /// The clause that switched the flag off last, while it is off.
    stopped: Option<usize>,
    /// The last clause that kept a block from being run in which something is decided.
    missed: Option<usize>,
}

impl Walk<'_> {
    fn block(&mut self, steps: &[Step], frame: &mut Frame<'_>) {
        steps.iter().for_each(|step| self.step(step, frame));
    }

    fn step(&mut self, step: &Step, frame: &mut Frame<'_>) {
        match step {
            Step::Act { actions, shown } => {
                let mut decider = self.within.last().copied().flatten();
                if let Some(tree) = shown {
                    let (_, last) = aside(frame, |frame| self.truth(tree, frame)).0;
                    decider = Some(last);
                }
                let before = self.flags(frame);
                run(actions, frame);
                for (before, now) in before.into_iter().zip(self.flags(frame)) {
                    match (before, now) {
                        (true, false) => self.stopped = decider,
                        (false, true) => self.stopped = None,
                        _ => {}
                    }
                }
            }
            Step::If(branches, otherwise) => {
                let mut last = None;
                for branch in branches {
                    let (holds, decider) = self.truth(&branch.condition, frame);
                    last = Some(decider);
                    if holds {
                        return self.block_of(&branch.block, last, frame);
                    }
                    if branch.decides && !self.explainer.apart.clauses[decider].is_flag {
                        self.missed = last;
                    }
                }
                self.block_of(otherwise, last, frame);
            }
            Step::For { slot, first, step, rounds, work, line, block } => {
                for round in 0..*rounds {
                    if !frame.work(*work, *line) {
                        return;
                    }
                    frame.slots[*slot] = first + step * f64::from(round);
                    self.block(block, frame);
                }
            }
        }
    }

    /// Every variable that decides.
    fn flags(&self, frame: &Frame<'_>) -> [bool; 3] {
        let [long, short] = self.explainer.part.sides();
        let is_on = |name: &str| self.explainer.part.deciding_slot(name).is_some_and(|place| frame.slots[place] != 0.0);
        [is_on(self.explainer.part.flag()), is_on(long), is_on(short)]
    }

    fn block_of(&mut self, block: &[Step], decider: Option<usize>, frame: &mut Frame<'_>) {
        self.within.push(decider);
        self.block(block, frame);
        self.within.pop();
    }

    /// Whether a condition holds, and the clause that settled it: the last that was looked at.
    fn truth(&mut self, tree: &Tree, frame: &mut Frame<'_>) -> (bool, usize) {
        match tree {
            Tree::Clause(index) => {
                let (explainer, index) = (self.explainer, *index);
                let clause = &explainer.apart.clauses[index];
                let seen = self.seen[index].take();
                let times = seen.as_ref().map_or(0, |seen| seen.times).saturating_add(1);
                let mut outcome = seen.filter(|_| times > LOOKS_MAX).unwrap_or_else(|| explainer.look(clause, frame));
                let holds = explainer.decide(clause, frame, &mut outcome);
                outcome.times = times;
                self.seen[index] = Some(outcome);
                (holds, index)
            }
            Tree::Not(inner) => {
                let (holds, last) = self.truth(inner, frame);
                (!holds, last)
            }
            Tree::All(parts) => self.first_that(parts, false, frame),
            Tree::Any(parts) => self.first_that(parts, true, frame),
        }
    }

    fn first_that(&mut self, parts: &[Tree], decides: bool, frame: &mut Frame<'_>) -> (bool, usize) {
        let mut last = 0;
        for part in parts {
            let (holds, clause) = self.truth(part, frame);
            last = clause;
            if holds == decides {
                return (decides, last);
            }
        }
        (!decides, last)
    }
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
