//! What a text becomes: closures over slots. A node costs a call through a pointer; slots and constants cost none.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::arithmetic::calculate;
use super::condition::Condition;
use super::frame::{FaultKind, Frame, NOTHING, UNSET};
use super::rolling::Rolling;
use super::tree::Arithmetic;

/// Gives a number.
pub(super) type Number = Box<dyn Fn(&mut Frame<'_>) -> f64 + Send + Sync>;

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
    /// A window function over a window that is known.
    Rolling(Rolling),
    /// Multiplied by a constant, as what a price is compared with usually is.
    Product(Times<Base>),
    Condition(Condition),
}

/// What is multiplied.
pub(super) enum Base {
    Slot(usize),
    Rolling(Rolling),
    Number(Number),
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
pub(super) trait Operand: Send + Sync + 'static {
    fn get(&self, frame: &mut Frame<'_>) -> f64;
}

pub(super) struct Constant(pub(super) f64);
pub(super) struct Slot(pub(super) usize);
/// A product, finite or a fault of `line`.
pub(super) struct Times<T> {
    pub(super) base: T,
    pub(super) by: f64,
    pub(super) line: u32,
}

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

impl<T: Operand> Operand for Times<T> {
    #[inline(always)]
    fn get(&self, frame: &mut Frame<'_>) -> f64 {
        let value = self.base.get(frame) * self.by;
        if value.is_finite() { value } else { frame.fault(FaultKind::NotANumber, self.line) }
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
        Code::Rolling(rolling) => rolling.into_number(),
        Code::Product(Times { base: Base::Rolling(base), by, line }) => {
            let product = Times { base, by, line };
            Box::new(move |frame| product.get(frame))
        }
        Code::Product(Times { base: Base::Slot(slot), by, line }) => {
            let product = Times { base: Slot(slot), by, line };
            Box::new(move |frame| product.get(frame))
        }
        Code::Product(Times { base: Base::Number(base), by, line }) => {
            let product: Times<Number> = Times { base, by, line };
            Box::new(move |frame| product.get(frame))
        }
        Code::Condition(clause) => Box::new(move |frame| f64::from(u8::from(clause.holds(frame)))),
    }
}

/// Whether a value counts as true.
#[inline]
pub(super) fn is_true(value: f64) -> bool {
    value != 0.0 && value != NOTHING
}

/// `left how right`, both numbers. Constants are calculated at once, when they can be.
pub(super) fn arithmetic(how: Arithmetic, left: Code, right: Code, line: u32) -> Code {
    if let (Code::Constant(left), Code::Constant(right)) = (&left, &right)
        && let Some(value) = calculate(how, *left, *right)
    {
        return Code::Constant(value);
    }
    let (left, right) = match (how, left, right) {
        // A product is the same either way around.
        (Arithmetic::Multiply, Code::Slot(slot), Code::Constant(by))
        | (Arithmetic::Multiply, Code::Constant(by), Code::Slot(slot)) => {
            return Code::Product(Times { base: Base::Slot(slot), by, line });
        }
        (Arithmetic::Multiply, Code::Rolling(base), Code::Constant(by))
        | (Arithmetic::Multiply, Code::Constant(by), Code::Rolling(base)) => {
            return Code::Product(Times { base: Base::Rolling(base), by, line });
        }
        (Arithmetic::Multiply, Code::Number(base), Code::Constant(by))
        | (Arithmetic::Multiply, Code::Constant(by), Code::Number(base)) => {
            return Code::Product(Times { base: Base::Number(base), by, line });
        }
        (_, left, right) => (left, right),
    };
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
