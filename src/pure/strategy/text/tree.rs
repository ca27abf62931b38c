//! What a text says, before names mean anything: [`Expression`] and [`Statement`].

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::problem::Span;

/// Arithmetic between two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    In,
    NotIn,
}

/// An expression and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) kind: ExpressionKind,
    pub(super) span: Span,
    /// Levels of expressions below it and itself: bounded, so that whoever walks the tree cannot overflow the stack.
    pub(super) depth: u16,
}

#[derive(Clone, Debug)]
pub(super) enum ExpressionKind {
    Number(f64),
    Text(String),
    Boolean(bool),
    Nothing,
    Name(String),
    Negate(Box<Expression>),
    Not(Box<Expression>),
    Arithmetic(Arithmetic, Box<Expression>, Box<Expression>),
    /// `a and b and c`: two or more.
    And(Vec<Expression>),
    /// `a or b or c`: two or more.
    Or(Vec<Expression>),
    /// `a < b <= c`: the first, and what each next is compared by.
    Compare(Box<Expression>, Vec<(Comparison, Expression)>),
    /// `then if condition else otherwise`.
    Choose {
        condition: Box<Expression>,
        then: Box<Expression>,
        otherwise: Box<Expression>,
    },
    Call(Box<Expression>, Vec<Expression>),
    /// A list or a tuple.
    List(Vec<Expression>),
    Index(Box<Expression>, Box<Expression>),
    Attribute(Box<Expression>, String),
    Lambda(Vec<(String, Span)>, Box<Expression>),
}

/// A statement.
#[derive(Clone, Debug)]
pub(super) enum Statement {
    Pass,
    Expression(Expression),
    /// `target = value`; the target is a name, or what is refused with advice later.
    Assign(Expression, Expression),
    /// `target += value`.
    Change(Expression, Arithmetic, Expression),
    /// Conditions with their blocks (`if` and every `elif`), and the `else`.
    If(Vec<(Expression, Vec<Statement>)>, Vec<Statement>),
    /// `for name in over: block`.
    For {
        name: (String, Span),
        over: Expression,
        block: Vec<Statement>,
    },
    /// `def name(parameters): return value`.
    Define {
        name: (String, Span),
        parameters: Vec<(String, Span)>,
        value: Expression,
    },
}
