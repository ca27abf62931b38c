//! Conditions: a [`Condition`] is looked at without a call where it can be, and `not`, `and`, `or` cost nothing of their own.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::code::{Base, Code, Constant, Kind, Number, Operand, Slot, Times, into_number, is_true};
use super::frame::{Frame, NOTHING};
use super::plain::{Against, BATCH_MAX, Batch, Range};
use super::rolling::{Rolling, Scaled, Side, Versus};
use super::tree::Comparison;

/// Gives a truth value.
pub(super) type Closure = Box<dyn Fn(&mut Frame<'_>) -> bool + Send + Sync>;

/// A condition, or its opposite.
pub(super) struct Condition {
    pub(super) what: What,
    /// Whether the clause is `what`; else it is its opposite.
    pub(super) is: bool,
}

pub(super) enum What {
    Range(Range),
    Against(Against),
    Versus(Box<Versus>),
    Batch(Box<Batch>),
    /// All of them hold, looked at in order until one does not. `or` is the opposite of all opposites.
    All(Box<[Condition]>),
    Closure(Closure),
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

    #[inline(always)]
    pub(super) fn holds(&self, frame: &mut Frame<'_>) -> bool {
        let found = match &self.what {
            What::Range(range) => range.holds(frame.slots),
            What::Against(against) => against.holds(frame),
            What::Versus(versus) => versus.holds(frame),
            What::Batch(batch) => batch.holds(frame),
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
            What::Range(range) => range.holds(frame.slots),
            What::Against(against) => against.holds(frame),
            What::Versus(versus) => versus.holds(frame),
            What::Batch(batch) => batch.holds(frame),
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
            Condition { what: What::All(inner), is: true } => {
                inner.into_vec().into_iter().for_each(|clause| join(clause, &mut joined));
            }
            clause => join(clause, &mut joined),
        }
    }
    let mut listed = batched(joined);
    match listed.pop() {
        Some(only) if listed.is_empty() => only,
        last => {
            listed.extend(last);
            Condition { what: What::All(listed.into()), is: true }
        }
    }
}

/// Adds a clause to a list of which all must hold.
fn join(clause: Condition, joined: &mut Vec<Condition>) {
    match clause {
        Condition { what: What::Batch(batch), is: true } => joined.extend(batch.into_clauses()),
        // `3 <= x <= 25` is one look.
        Condition { what: What::Range(range), is: true } => match joined.last_mut() {
            Some(Condition { what: What::Range(before), is: true }) if before.slot == range.slot => {
                (before.low, before.high) = (before.low.max(range.low), before.high.min(range.high));
            }
            _ => joined.push(clause),
        },
        clause => joined.push(clause),
    }
}

/// Plain clauses that stand side by side are looked at together.
fn batched(clauses: Vec<Condition>) -> Vec<Condition> {
    let (mut listed, mut plain) = (Vec::with_capacity(clauses.len()), Vec::new());
    let flush = |plain: &mut Vec<Condition>, listed: &mut Vec<Condition>| {
        if plain.len() > 1 {
            listed.push(Condition { what: What::Batch(Box::new(Batch::of(core::mem::take(plain)))), is: true });
        }
        listed.append(plain);
    };
    for clause in clauses {
        let is_plain = Batch::takes(&clause);
        if !is_plain || plain.len() == BATCH_MAX {
            flush(&mut plain, &mut listed);
        }
        if is_plain { plain.push(clause) } else { listed.push(clause) }
    }
    flush(&mut plain, &mut listed);
    listed
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
    if let (Some(left), Some(right)) = (side(&left), side(&right))
        && (matches!(left, Side::Scaled(_)) || matches!(right, Side::Scaled(_)))
    {
        let (when, is) = outcomes(how);
        return Condition { what: What::Versus(Box::new(Versus { left, right, when })), is };
    }
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
        Base::Rolling(base) => comparison::<_, Times<Rolling>>(how, Slot(slot), Times { base, by, line }),
        Base::Number(base) => comparison::<_, Times<Number>>(how, Slot(slot), Times { base, by, line }),
    }
}

/// What can be compared with a window function without a call, and without a fault.
fn side(code: &Code) -> Option<Side> {
    match code {
        Code::Slot(slot) => Some(Side::Slot(*slot)),
        Code::Constant(value) => Some(Side::Constant(*value)),
        Code::Rolling(rolling) => Scaled::of(*rolling, 1.0).map(Side::Scaled),
        Code::Product(Times { base: Base::Rolling(rolling), by, .. }) => Scaled::of(*rolling, *by).map(Side::Scaled),
        Code::Number(_) | Code::Product(_) | Code::Condition(_) => None,
    }
}

/// Whether a comparison, or its opposite, holds when the left is less, equal, more.
fn outcomes(how: Comparison) -> ([bool; 3], bool) {
    match how {
        Comparison::Less => ([true, false, false], true),
        Comparison::LessOrEqual => ([true, true, false], true),
        Comparison::Greater => ([false, false, true], true),
        Comparison::GreaterOrEqual => ([false, true, true], true),
        Comparison::Equal | Comparison::In => ([false, true, false], true),
        Comparison::NotEqual | Comparison::NotIn => ([false, true, false], false),
    }
}

fn against(how: Comparison, slot: usize, Times { base, by, line }: Times<usize>) -> Condition {
    let (when, is) = outcomes(how);
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
