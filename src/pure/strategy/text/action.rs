//! What statements become: an [`Action`], simple ones without a call.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::code::{Code, Number, into_number};
use super::condition::{Condition, all, any, not};
use super::frame::Frame;

/// Does something.
pub(super) enum Action {
    /// `slot = constant`.
    Constant(usize, f64),
    /// `slot = slot`.
    Copy(usize, usize),
    /// `slot = condition`.
    Condition(usize, Condition),
    /// `slot = number`.
    Number(usize, Number),
    /// `self.Buy()`, `self.Sell()`.
    Signal,
    /// `if`, with each `elif`, and `else`.
    If(Box<[(Condition, Block)]>, Block),
    Other(Box<dyn Fn(&mut Frame<'_>) + Send + Sync>),
}

/// Statements one after another.
pub(super) type Block = Box<[Action]>;

impl Action {
    /// `slot = value`.
    pub(super) fn store(slot: usize, code: Code) -> Action {
        match code {
            Code::Constant(value) => Action::Constant(slot, value),
            Code::Slot(from) => Action::Copy(slot, from),
            Code::Condition(clause) => Action::Condition(slot, clause),
            code => Action::Number(slot, into_number(code)),
        }
    }

    /// `if … elif … else …`. Branches that do the same are one: the usual text sets one flag at each of its conditions.
    pub(super) fn branches(branches: Vec<(Condition, Vec<Action>)>, otherwise: Vec<Action>) -> Action {
        let mut joined: Vec<(Vec<Condition>, Vec<Action>)> = Vec::with_capacity(branches.len());
        for (clause, block) in branches {
            match joined.last_mut() {
                Some((clauses, before)) if same(before, &block) => clauses.push(clause),
                _ => joined.push((alloc::vec![clause], block)),
            }
        }
        Action::If(joined.into_iter().map(|(clauses, block)| (any(clauses), block.into())).collect(), otherwise.into())
    }
}

/// Whether two blocks surely do the same.
fn same(left: &[Action], right: &[Action]) -> bool {
    match (left, right) {
        ([Action::Constant(slot, value)], [Action::Constant(other_slot, other)]) => {
            slot == other_slot && value.to_bits() == other.to_bits()
        }
        ([Action::Signal], [Action::Signal]) | ([], []) => true,
        _ => false,
    }
}

/// Out of line: most blocks only store, and need no room for this.
#[inline(never)]
fn choose(branches: &[(Condition, Block)], otherwise: &Block, frame: &mut Frame<'_>) {
    let chosen = branches.iter().find(|(clause, _)| clause.holds(frame));
    run(chosen.map_or(otherwise, |(_, block)| block), frame);
}

/// Takes from the end of a text what only says whether `flag`, at first `begins`, is set there, as a clause.
/// What is before it runs as it was, so that the clause finds what it would have found.
pub(super) fn decision(actions: &mut Vec<Action>, flag: usize, begins: bool) -> Option<Condition> {
    let before = match actions.len().checked_sub(2).map(|index| &actions[index]) {
        None => Some(begins),
        Some(Action::Constant(slot, value)) if *slot == flag => Some(*value != 0.0),
        Some(_) => None,
    };
    let clause = match (actions.pop()?, before) {
        (Action::Condition(slot, clause), _) if slot == flag => clause,
        (Action::If(branches, otherwise), Some(before)) if otherwise.is_empty() => match set_by(branches, flag, before) {
            Ok(clause) => clause,
            Err(branches) => {
                actions.push(Action::If(branches, otherwise));
                return None;
            }
        },
        (other, _) => {
            actions.push(other);
            return None;
        }
    };
    // A text begins with the flag as it says anyway.
    if matches!(actions[..], [Action::Constant(slot, value)] if slot == flag && (value == 1.0) == begins && (value == 0.0) != begins)
    {
        actions.clear();
    }
    Some(clause)
}

type Branches = Box<[(Condition, Block)]>;

/// The flag after one branch that sets it to the opposite of `before`.
fn set_by(branches: Branches, flag: usize, before: bool) -> Result<Condition, Branches> {
    let sets = |block: &Block| matches!(block[..], [Action::Constant(slot, value)] if slot == flag && (value != 0.0) != before);
    if !matches!(&branches[..], [(_, block)] if sets(block)) {
        return Err(branches);
    }
    let clause = all(branches.into_vec().into_iter().map(|(clause, _)| clause).collect());
    Ok(if before { not(clause) } else { clause })
}

/// Whether a text's last action signals if `flag` is set, and does nothing else; it is taken away then.
pub(super) fn take_signal(actions: &mut Vec<Action>, flag: usize) -> bool {
    let is_last = matches!(actions.last(), Some(Action::If(branches, otherwise)) if otherwise.is_empty()
        && matches!(&branches[..], [(clause, block)] if clause.is_set(flag) && matches!(block[..], [Action::Signal])));
    is_last && actions.pop().is_some()
}

/// Runs a block.
#[inline]
pub(super) fn run(block: &[Action], frame: &mut Frame<'_>) {
    for action in block {
        match action {
            Action::Constant(slot, value) => frame.slots[*slot] = *value,
            Action::Copy(slot, from) => frame.slots[*slot] = frame.slots[*from],
            Action::Condition(slot, clause) => {
                let value = f64::from(u8::from(clause.holds(frame)));
                frame.slots[*slot] = value;
            }
            Action::Number(slot, number) => {
                let value = number(frame);
                frame.slots[*slot] = value;
            }
            Action::Signal => frame.signal = true,
            Action::If(branches, otherwise) => choose(branches, otherwise, frame),
            Action::Other(action) => action(frame),
        }
    }
}
