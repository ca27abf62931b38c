//! Conditions: a [`Condition`] is looked at without a call where it can be, and `not`, `and`, `or` cost nothing of their own.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::code::{Base, Code, Constant, Kind, Number, Operand, Slot, Times, into_number, is_true};
use super::frame::{FaultKind, Frame, NOTHING};
use super::tree::Comparison;

/// Gives a truth value.
pub(super) type Closure = Box<dyn Fn(&mut Frame<'_>) -> bool + Send + Sync>;

/// A condition, or its opposite.
pub(super) struct Condition {
    what: What,
    /// Whether the clause is `what`; else it is its opposite.
    is: bool,
}

enum What {
    Range(Range),
    Against(Against),
    /// All of them hold, looked at in order until one does not. `or` is the opposite of all opposites.
    All(Box<[Condition]>),
    Closure(Closure),
}

/// A slot lies from `low` to `high`, both included: what every comparison with a constant is, or the opposite of. No row makes it fault.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Range {
    slot: usize,
    low: f64,
    high: f64,
}

impl Range {
    /// `slot how constant`, and whether the range is that or its opposite. No slot holds what is not a number.
    fn of(how: Comparison, slot: usize, constant: f64) -> (Range, bool) {
        let never = (f64::INFINITY, f64::NEG_INFINITY);
        let (low, high) = match how {
            _ if constant.is_nan() => never,
            Comparison::Less if constant == f64::NEG_INFINITY => never,
            Comparison::Greater if constant == f64::INFINITY => never,
            Comparison::Less => (f64::NEG_INFINITY, constant.next_down()),
            Comparison::LessOrEqual => (f64::NEG_INFINITY, constant),
            Comparison::Greater => (constant.next_up(), f64::INFINITY),
            Comparison::GreaterOrEqual => (constant, f64::INFINITY),
            Comparison::Equal | Comparison::In | Comparison::NotEqual | Comparison::NotIn => (constant, constant),
        };
        (Range { slot, low, high }, !matches!(how, Comparison::NotEqual | Comparison::NotIn))
    }

    #[inline(always)]
    fn holds(&self, frame: &Frame<'_>) -> bool {
        let value = frame.slots[self.slot];
        // Without a branch between them: which of the two fails is not to be guessed.
        (value >= self.low) & (value <= self.high)
    }
}

/// A slot against another, which may be multiplied.
#[derive(Clone, Copy, Debug)]
struct Against {
    slot: u32,
    base: u32,
    by: f64,
    /// The line of the product, which must be finite; 0 when there is none.
    line: u32,
    /// Whether it holds when the slot is less, equal, more.
    when: [bool; 3],
}

impl Against {
    #[inline(always)]
    fn holds(&self, frame: &mut Frame<'_>) -> bool {
        let left = frame.slots[self.slot as usize];
        let mut right = frame.slots[self.base as usize] * self.by;
        if !right.is_finite() && self.line > 0 {
            right = frame.fault(FaultKind::NotANumber, self.line);
        }
        let [less, equal, more] = self.when;
        // All three without a branch: the operator is data.
        ((left < right) & less) | ((left == right) & equal) | ((left > right) & more)
    }
}

impl Condition {
    fn range(how: Comparison, slot: usize, constant: f64) -> Condition {
        let (range, is) = Range::of(how, slot, constant);
        Condition { what: What::Range(range), is }
    }

    /// Always the same.
    fn constant(truth: bool) -> Condition {
        Condition { what: What::All(Box::new([])), is: truth }
    }

    pub(super) fn of(condition: impl Fn(&mut Frame<'_>) -> bool + Send + Sync + 'static) -> Condition {
        Condition { what: What::Closure(Box::new(condition)), is: true }
    }

    /// Whether it is that `slot` is not 0.
    pub(super) fn is_set(&self, slot: usize) -> bool {
        !self.is && matches!(self.what, What::Range(range) if range == Range { slot, low: 0.0, high: 0.0 })
    }

    /// As a list of which all hold, and whether the clause is that; else it is its opposite.
    pub(super) fn into_all(self) -> (Box<[Condition]>, bool) {
        match self {
            Condition { what: What::All(clauses), is } => (clauses, is),
            clause => (Box::new([clause]), true),
        }
    }

    #[inline(always)]
    pub(super) fn holds(&self, frame: &mut Frame<'_>) -> bool {
        let found = match &self.what {
            What::Range(range) => range.holds(frame),
            What::Against(against) => against.holds(frame),
            What::Closure(condition) => condition(frame),
            What::All(clauses) => all_hold(clauses, frame),
        };
        found == self.is
    }
}

/// Whether all of them hold, looked at in order until one does not.
pub(super) fn all_hold(clauses: &[Condition], frame: &mut Frame<'_>) -> bool {
    for clause in clauses {
        let found = match &clause.what {
            What::Range(range) => range.holds(frame),
            What::Against(against) => against.holds(frame),
            What::Closure(condition) => condition(frame),
            What::All(clauses) => all_hold_within(clauses, frame),
        };
        if found != clause.is {
            return false;
        }
    }
    true
}

/// Out of line: so that a list of plain clauses needs no room for lists within.
#[inline(never)]
fn all_hold_within(clauses: &[Condition], frame: &mut Frame<'_>) -> bool {
    all_hold(clauses, frame)
}

/// Whether a value of this kind counts as true.
pub(super) fn truth(code: Code, kind: Kind) -> Condition {
    match code {
        Code::Condition(clause) => clause,
        Code::Constant(value) => Condition::constant(is_true(value)),
        Code::Slot(slot) => {
            let is_not = |value| Condition::range(Comparison::NotEqual, slot, value);
            if kind == Kind::Maybe { all(alloc::vec![is_not(0.0), is_not(NOTHING)]) } else { is_not(0.0) }
        }
        code => {
            let number = into_number(code);
            Condition::of(move |frame| is_true(number(frame)))
        }
    }
}

/// All of them hold, looked at in order until one does not.
pub(super) fn all(clauses: Vec<Condition>) -> Condition {
    let mut joined: Vec<Condition> = Vec::with_capacity(clauses.len());
    for clause in clauses {
        match clause {
            Condition { what: What::All(inner), is: true } => joined.extend(inner),
            // `3 <= x <= 25` is one look.
            Condition { what: What::Range(range), is: true } => match joined.last_mut() {
                Some(Condition { what: What::Range(before), is: true }) if before.slot == range.slot => {
                    (before.low, before.high) = (before.low.max(range.low), before.high.min(range.high));
                }
                _ => joined.push(clause),
            },
            _ => joined.push(clause),
        }
    }
    match joined.pop() {
        Some(only) if joined.is_empty() => only,
        last => {
            joined.extend(last);
            Condition { what: What::All(joined.into()), is: true }
        }
    }
}

/// Any of them holds, looked at in order until one does.
pub(super) fn any(clauses: Vec<Condition>) -> Condition {
    not(all(clauses.into_iter().map(not).collect()))
}

/// It does not hold.
pub(super) fn not(clause: Condition) -> Condition {
    Condition { is: !clause.is, ..clause }
}

/// `left how right`; `In` and `NotIn` are not of this kind.
pub(super) fn compare(how: Comparison, left: Code, right: Code) -> Condition {
    match (left, right) {
        (Code::Constant(left), Code::Constant(right)) => Condition::constant(holds(how, left, right)),
        (Code::Slot(slot), Code::Constant(constant)) => Condition::range(how, slot, constant),
        (Code::Constant(constant), Code::Slot(slot)) => Condition::range(turned(how), slot, constant),
        (Code::Slot(left), Code::Slot(right)) => against(how, left, Times { base: right, by: 1.0, line: 0 }),
        // Reading a slot is no fault: it does not matter when it is read.
        (Code::Slot(left), Code::Product(times)) => against_product(how, left, times),
        (Code::Product(times), Code::Slot(right)) => against_product(turned(how), right, times),
        (Code::Slot(left), right) => comparison(how, Slot(left), into_number(right)),
        (left, Code::Slot(right)) => comparison(turned(how), Slot(right), into_number(left)),
        (left, Code::Constant(right)) => comparison(how, into_number(left), Constant(right)),
        (Code::Constant(left), right) => comparison(turned(how), into_number(right), Constant(left)),
        (left, right) => comparison(how, into_number(left), into_number(right)),
    }
}

fn against_product(how: Comparison, slot: usize, product: Times<Base>) -> Condition {
    let Times { base, by, line } = product;
    match base {
        Base::Slot(base) => against(how, slot, Times { base, by, line }),
        Base::Number(base) => comparison::<_, Times<Number>>(how, Slot(slot), Times { base, by, line }),
    }
}

fn against(how: Comparison, slot: usize, Times { base, by, line }: Times<usize>) -> Condition {
    let (when, is) = match how {
        Comparison::Less => ([true, false, false], true),
        Comparison::LessOrEqual => ([true, true, false], true),
        Comparison::Greater => ([false, false, true], true),
        Comparison::GreaterOrEqual => ([false, true, true], true),
        Comparison::Equal | Comparison::In => ([false, true, false], true),
        Comparison::NotEqual | Comparison::NotIn => ([false, true, false], false),
    };
    match (u32::try_from(slot), u32::try_from(base)) {
        (Ok(slot), Ok(base)) => Condition { what: What::Against(Against { slot, base, by, line, when }), is },
        // No text has so many variables; it would be as right.
        _ => comparison(how, Slot(slot), Times { base: Slot(base), by, line }),
    }
}

/// The comparison that holds between the same two the other way around.
fn turned(how: Comparison) -> Comparison {
    match how {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same @ (Comparison::Equal | Comparison::NotEqual | Comparison::In | Comparison::NotIn) => same,
    }
}

/// Compiled once for every operator and pair of operands. Left is looked at before right: which of two faults is noted is the first.
fn comparison<A: Operand, B: Operand>(how: Comparison, a: A, b: B) -> Condition {
    let condition: Closure = match how {
        Comparison::Less => Box::new(move |frame| a.get(frame) < b.get(frame)),
        Comparison::LessOrEqual => Box::new(move |frame| a.get(frame) <= b.get(frame)),
        Comparison::Greater => Box::new(move |frame| a.get(frame) > b.get(frame)),
        Comparison::GreaterOrEqual => Box::new(move |frame| a.get(frame) >= b.get(frame)),
        Comparison::Equal | Comparison::In => Box::new(move |frame| a.get(frame) == b.get(frame)),
        Comparison::NotEqual | Comparison::NotIn => Box::new(move |frame| a.get(frame) != b.get(frame)),
    };
    Condition { what: What::Closure(condition), is: true }
}

/// Whether `left how right` holds, decided while running.
#[inline(always)]
pub(super) fn holds(how: Comparison, left: f64, right: f64) -> bool {
    match how {
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterOrEqual => left >= right,
        Comparison::Equal | Comparison::In => left == right,
        Comparison::NotEqual | Comparison::NotIn => left != right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_the_comparison_it_came_from() {
        let values = [f64::NEG_INFINITY, f64::MIN, -1.5, -5e-324, -0.0, 0.0, 5e-324, 1.0, 1.5, f64::MAX, f64::INFINITY];
        let all = [
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
            Comparison::Equal,
            Comparison::NotEqual,
        ];
        for constant in values.into_iter().chain([f64::NAN]) {
            for value in values {
                for how in all {
                    let (range, is) = Range::of(how, 0, constant);
                    let found = ((value >= range.low) & (value <= range.high)) == is;
                    assert_eq!(found, holds(how, value, constant), "{value} {how:?} {constant}");
                }
            }
        }
    }
}
