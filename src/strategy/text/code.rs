//! What a text becomes: closures over slots. A node costs a call through a pointer; slots and constants cost none.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::arithmetic::calculate;
use super::frame::{FaultKind, Frame, NOTHING, UNSET};
use super::tree::{Arithmetic, Comparison};

/// Gives a number.
pub(super) type Number = Box<dyn Fn(&mut Frame<'_>) -> f64 + Send + Sync>;
/// Gives a truth value.
pub(super) type Condition = Box<dyn Fn(&mut Frame<'_>) -> bool + Send + Sync>;
/// Does something.
pub(super) type Action = Box<dyn Fn(&mut Frame<'_>) + Send + Sync>;

/// What kind of values an expression has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Numbers; `True` is 1, `False` is 0.
    Number,
    /// Texts, as numbers that stand for them.
    Text,
    /// Numbers, or `None`.
    Maybe,
}

/// A compiled expression.
pub(super) enum Code {
    Constant(f64),
    Slot(usize),
    Number(Number),
    /// Slots against constants, which all must hold: the most common condition, looked at without a call.
    Tests(Vec<Test>),
    Condition(Condition),
}

/// A slot against a constant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Test {
    how: Comparison,
    slot: usize,
    constant: f64,
}

impl Test {
    #[inline(always)]
    fn holds(self, frame: &Frame<'_>) -> bool {
        holds(self.how, frame.slots[self.slot], self.constant)
    }
}

/// A condition, or tests that need no call.
pub(super) enum Holds {
    Tests(Box<[Test]>),
    Condition(Condition),
}

impl Holds {
    pub(super) fn of(code: Code) -> Holds {
        match code {
            Code::Tests(tests) => Holds::Tests(tests.into()),
            code => Holds::Condition(into_condition(code)),
        }
    }

    #[inline(always)]
    fn holds(&self, frame: &mut Frame<'_>) -> bool {
        match self {
            Holds::Tests(tests) => tests.iter().all(|test| test.holds(frame)),
            Holds::Condition(condition) => condition(frame),
        }
    }
}

/// A compiled expression and what its values are.
pub(super) struct Value {
    pub(super) code: Code,
    pub(super) kind: Kind,
}

impl Value {
    pub(super) fn number(code: Code) -> Self {
        Value { code, kind: Kind::Number }
    }

    pub(super) fn calculated(calculate: impl Fn(&mut Frame<'_>) -> f64 + Send + Sync + 'static) -> Self {
        Value::number(Code::Number(Box::new(calculate)))
    }
}

/// Where an operand comes from; one type each, so that closures over operands are compiled for every pair of them.
trait Operand: Send + Sync + 'static {
    fn get(&self, frame: &mut Frame<'_>) -> f64;
}

struct Constant(f64);
struct Slot(usize);

impl Operand for Constant {
    #[inline(always)]
    fn get(&self, _: &mut Frame<'_>) -> f64 {
        self.0
    }
}

impl Operand for Slot {
    #[inline(always)]
    fn get(&self, frame: &mut Frame<'_>) -> f64 {
        frame.slots[self.0]
    }
}

impl Operand for Number {
    #[inline(always)]
    fn get(&self, frame: &mut Frame<'_>) -> f64 {
        self(frame)
    }
}

/// Binds `left` and `right` to operands of their own types, and makes of them what the expression says.
macro_rules! with_operands {
    ($left:expr, $right:expr, |$a:ident, $b:ident| $make:expr) => {
        match ($left, $right) {
            (Code::Constant($a), Code::Constant($b)) => with_operands!(@ Constant($a), Constant($b), $a, $b, $make),
            (Code::Constant($a), Code::Slot($b)) => with_operands!(@ Constant($a), Slot($b), $a, $b, $make),
            (Code::Constant($a), $b) => with_operands!(@ Constant($a), into_number($b), $a, $b, $make),
            (Code::Slot($a), Code::Constant($b)) => with_operands!(@ Slot($a), Constant($b), $a, $b, $make),
            (Code::Slot($a), Code::Slot($b)) => with_operands!(@ Slot($a), Slot($b), $a, $b, $make),
            (Code::Slot($a), $b) => with_operands!(@ Slot($a), into_number($b), $a, $b, $make),
            ($a, Code::Constant($b)) => with_operands!(@ into_number($a), Constant($b), $a, $b, $make),
            ($a, Code::Slot($b)) => with_operands!(@ into_number($a), Slot($b), $a, $b, $make),
            ($a, $b) => with_operands!(@ into_number($a), into_number($b), $a, $b, $make),
        }
    };
    (@ $left:expr, $right:expr, $a:ident, $b:ident, $make:expr) => {{
        let ($a, $b) = ($left, $right);
        $make
    }};
}

/// As a closure that gives a number.
pub(super) fn into_number(code: Code) -> Number {
    match code {
        Code::Constant(value) => Box::new(move |_| value),
        Code::Slot(slot) => Box::new(move |frame| frame.slots[slot]),
        Code::Number(number) => number,
        Code::Tests(tests) => Box::new(move |frame| f64::from(u8::from(tests.iter().all(|test| test.holds(frame))))),
        Code::Condition(condition) => Box::new(move |frame| f64::from(u8::from(condition(frame)))),
    }
}

/// Whether a value counts as true.
#[inline]
fn is_true(value: f64) -> bool {
    value != 0.0 && value != NOTHING
}

/// As a closure that gives a truth value.
pub(super) fn into_condition(code: Code) -> Condition {
    match code {
        Code::Constant(value) => {
            let truth = is_true(value);
            Box::new(move |_| truth)
        }
        Code::Slot(slot) => Box::new(move |frame| is_true(frame.slots[slot])),
        Code::Number(number) => Box::new(move |frame| is_true(number(frame))),
        Code::Tests(tests) => Box::new(move |frame| tests.iter().all(|test| test.holds(frame))),
        Code::Condition(condition) => condition,
    }
}

/// `left how right`, both numbers. Constants are calculated at once, when they can be.
pub(super) fn arithmetic(how: Arithmetic, left: Code, right: Code, line: u32) -> Code {
    if let (Code::Constant(left), Code::Constant(right)) = (&left, &right)
        && let Some(value) = calculate(how, *left, *right)
    {
        return Code::Constant(value);
    }
    // Written out, so that each operator is known when its closures are compiled.
    Code::Number(match how {
        Arithmetic::Add => operator(left, right, line, |a, b| calculate(Arithmetic::Add, a, b)),
        Arithmetic::Subtract => operator(left, right, line, |a, b| calculate(Arithmetic::Subtract, a, b)),
        Arithmetic::Multiply => operator(left, right, line, |a, b| calculate(Arithmetic::Multiply, a, b)),
        Arithmetic::Divide => operator(left, right, line, |a, b| calculate(Arithmetic::Divide, a, b)),
        Arithmetic::FloorDivide | Arithmetic::Remainder | Arithmetic::Power => {
            let (left, right) = (into_number(left), into_number(right));
            operator(Code::Number(left), Code::Number(right), line, move |a, b| calculate(how, a, b))
        }
    })
}

fn operator<F>(left: Code, right: Code, line: u32, calculate: F) -> Number
where
    F: Fn(f64, f64) -> Option<f64> + Send + Sync + 'static,
{
    with_operands!(left, right, |a, b| Box::new(move |frame: &mut Frame<'_>| {
        let (left, right) = (a.get(frame), b.get(frame));
        match calculate(left, right) {
            Some(value) => value,
            None => frame.fault(FaultKind::NotANumber, line),
        }
    }))
}

/// `left how right`; `In` and `NotIn` are not of this kind.
pub(super) fn compare(how: Comparison, left: Code, right: Code) -> Code {
    if let (Code::Slot(slot), Code::Constant(constant)) = (&left, &right) {
        return Code::Tests(alloc::vec![Test { how, slot: *slot, constant: *constant }]);
    }
    if let (Code::Constant(constant), Code::Slot(slot)) = (&left, &right) {
        return Code::Tests(alloc::vec![Test { how: turned(how), slot: *slot, constant: *constant }]);
    }
    Code::Condition(match how {
        Comparison::Less => comparison(left, right, |a, b| a < b),
        Comparison::LessOrEqual => comparison(left, right, |a, b| a <= b),
        Comparison::Greater => comparison(left, right, |a, b| a > b),
        Comparison::GreaterOrEqual => comparison(left, right, |a, b| a >= b),
        Comparison::Equal | Comparison::In => comparison(left, right, |a, b| a == b),
        Comparison::NotEqual | Comparison::NotIn => comparison(left, right, |a, b| a != b),
    })
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

fn comparison<F>(left: Code, right: Code, holds: F) -> Condition
where
    F: Fn(f64, f64) -> bool + Send + Sync + 'static,
{
    with_operands!(left, right, |a, b| Box::new(move |frame: &mut Frame<'_>| {
        let (left, right) = (a.get(frame), b.get(frame));
        holds(left, right)
    }))
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

/// All of them hold, looked at in order until one does not.
pub(super) fn all(codes: Vec<Code>) -> Code {
    if codes.iter().all(|code| matches!(code, Code::Tests(_))) {
        let tests = codes.into_iter().flat_map(|code| if let Code::Tests(tests) = code { tests } else { Vec::new() });
        return Code::Tests(tests.collect());
    }
    let parts: Vec<Holds> = codes.into_iter().map(Holds::of).collect();
    Code::Condition(Box::new(move |frame| parts.iter().all(|part| part.holds(frame))))
}

/// Any of them holds, looked at in order until one does.
pub(super) fn any(codes: Vec<Code>) -> Code {
    let parts: Vec<Holds> = codes.into_iter().map(Holds::of).collect();
    Code::Condition(Box::new(move |frame| parts.iter().any(|part| part.holds(frame))))
}

/// It does not hold.
pub(super) fn not(code: Code) -> Code {
    let part = Holds::of(code);
    Code::Condition(Box::new(move |frame| !part.holds(frame)))
}

/// `and` and `or` of values that are not all truth values: the first that decides, or the last.
pub(super) fn first_that(parts: Vec<Number>, decides: bool) -> Number {
    Box::new(move |frame| {
        let mut value = 0.0;
        for part in &parts {
            value = part(frame);
            if is_true(value) == decides {
                break;
            }
        }
        value
    })
}

/// A number that may be `None`, where it may not be.
pub(super) fn not_nothing(code: Code, line: u32) -> Code {
    let number = into_number(code);
    Code::Number(Box::new(move |frame| {
        let value = number(frame);
        if value == NOTHING { frame.fault(FaultKind::Nothing, line) } else { value }
    }))
}

/// A variable that may not have been given a value.
pub(super) fn maybe_unset(slot: usize, line: u32) -> Code {
    Code::Number(Box::new(move |frame| {
        let value = frame.slots[slot];
        if value == UNSET { frame.fault(FaultKind::Unset, line) } else { value }
    }))
}

/// `slot = value`.
pub(super) fn store(slot: usize, code: Code) -> Action {
    match code {
        Code::Constant(value) => Box::new(move |frame| frame.slots[slot] = value),
        Code::Slot(from) => Box::new(move |frame| frame.slots[slot] = frame.slots[from]),
        Code::Number(number) => Box::new(move |frame| {
            let value = number(frame);
            frame.slots[slot] = value;
        }),
        Code::Tests(_) | Code::Condition(_) => {
            let part = Holds::of(code);
            Box::new(move |frame| {
                let value = f64::from(u8::from(part.holds(frame)));
                frame.slots[slot] = value;
            })
        }
    }
}

/// Runs a block.
#[inline]
pub(super) fn run(block: &[Action], frame: &mut Frame<'_>) {
    for action in block {
        action(frame);
    }
}

/// `if … elif … else …`.
pub(super) fn branches(branches: Vec<(Holds, Vec<Action>)>, otherwise: Vec<Action>) -> Action {
    Box::new(move |frame| {
        for (condition, block) in &branches {
            if condition.holds(frame) {
                return run(block, frame);
            }
        }
        run(&otherwise, frame);
    })
}
