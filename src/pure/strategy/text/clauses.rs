//! A text taken apart for [`explain`](super::explain): the same code as the compiler makes, in pieces that
//! can be looked at one by one.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::action::Action;
use super::code::{Kind, Number, into_number};
use super::compile::Compiler;
use super::condition::Condition;
use super::flags::Flags;
use super::names::Part;
use super::parse::parse;
use super::problem::{Problem, Span};
use super::program::{Options, Plan};
use super::scope::Scope;
use super::tree::{Expression, ExpressionKind, Statement};

/// A number that stands in a clause.
pub(super) struct Read {
    /// As it is written.
    pub(super) text: String,
    pub(super) value: Number,
    pub(super) kind: Kind,
}

/// A condition that is not made of others by `and`, `or` or `not`.
pub(super) struct Clause {
    /// Line and character, from 1.
    pub(super) place: (u32, u32),
    pub(super) text: String,
    pub(super) holds: Condition,
    /// What a comparison compares.
    pub(super) sides: Vec<Read>,
    /// Names, calls and places of lists within, but for the sides.
    pub(super) names: Vec<Read>,
    /// It is nothing but the flag: what decides stands above.
    pub(super) is_flag: bool,
}

/// A condition taken apart; clauses by their number.
pub(super) enum Tree {
    Clause(usize),
    Not(Box<Tree>),
    All(Vec<Tree>),
    Any(Vec<Tree>),
}

/// A condition and what is done where it holds.
pub(super) struct Branch {
    pub(super) condition: Tree,
    pub(super) block: Vec<Step>,
    /// Something in the block signals, or changes the flag.
    pub(super) decides: bool,
}

/// A statement.
pub(super) enum Step {
    Act { actions: Vec<Action>, shown: Option<Tree> },
    If(Vec<Branch>, Vec<Step>),
    For { slot: usize, first: f64, step: f64, rounds: u32, work: u32, line: u32, block: Vec<Step> },
}

/// A text taken apart.
pub(super) struct Apart {
    pub(super) clauses: Vec<Clause>,
    pub(super) steps: Vec<Step>,
    pub(super) slots: usize,
    pub(super) flags: Flags,
}

impl Apart {
    /// Takes a text apart that was compiled for `plan`, which stays as it is.
    pub(super) fn of(source: &str, part: Part, options: &Options, plan: &mut Plan) -> Result<Self, Problem> {
        let statements = parse(source)?;
        let scope = Scope::of(source, options.mode, part, &statements)?;
        let mut maker = Maker { compiler: Compiler::new(source, part, options, plan, scope), clauses: Vec::new() };
        let steps = maker.block(&statements)?;
        let Maker { compiler, clauses } = maker;
        Ok(Apart { clauses, steps, slots: compiler.scope.end, flags: Flags::of(part, &compiler.uses, compiler.calls > 0) })
    }
}

struct Maker<'a> {
    compiler: Compiler<'a>,
    clauses: Vec<Clause>,
}

impl Maker<'_> {
    fn block(&mut self, statements: &[Statement]) -> Result<Vec<Step>, Problem> {
        let mut steps = Vec::with_capacity(statements.len());
        for statement in statements {
            self.compiler.uses.nodes += 1;
            steps.push(self.statement(statement)?);
            // Which lines ran before is only known where it runs: every variable is looked at before it is read.
            self.compiler.given.clear();
        }
        Ok(steps)
    }

    fn statement(&mut self, statement: &Statement) -> Result<Step, Problem> {
        match statement {
            Statement::If(parts, otherwise) => {
                let mut branches = Vec::with_capacity(parts.len());
                self.compiler.nesting += 1;
                for (condition, block) in parts {
                    let condition = self.tree(condition)?;
                    let decides = block.iter().any(|statement| self.decides(statement));
                    branches.push(Branch { condition, block: self.block(block)?, decides });
                }
                let otherwise = self.block(otherwise)?;
                self.compiler.nesting -= 1;
                Ok(Step::If(branches, otherwise))
            }
            Statement::For { name, over, block } => {
                let (first, step, rounds) = self.compiler.range(over)?;
                let (line, nodes) = (self.compiler.line(over.span), self.compiler.uses.nodes);
                // It was compiled before, so the variable is there.
                let slot = self.compiler.scope.get(&name.0).map_or(0, |variable| variable.slot);
                self.compiler.nesting += 1;
                let block = self.block(block)?;
                self.compiler.nesting -= 1;
                let work = 1 + self.compiler.uses.nodes - nodes;
                Ok(Step::For { slot, first, step, rounds, work, line, block })
            }
            _ => {
                let mut actions = Vec::new();
                let shown = match statement {
                    Statement::Assign(_, value) if is_condition(value) => {
                        let nodes = self.compiler.uses.nodes;
                        let tree = self.tree(value)?;
                        self.compiler.uses.nodes = nodes;
                        Some(tree)
                    }
                    _ => None,
                };
                self.compiler.statement(statement, &mut actions)?;
                Ok(Step::Act { actions, shown })
            }
        }
    }

    /// Whether a statement signals, or changes the flag.
    fn decides(&self, statement: &Statement) -> bool {
        match statement {
            Statement::Assign(target, _) | Statement::Change(target, ..) => self.is_flag(target),
            Statement::Expression(expression) => matches!(expression.kind, ExpressionKind::Call(..)),
            Statement::If(branches, otherwise) => {
                branches.iter().flat_map(|(_, block)| block).chain(otherwise).any(|statement| self.decides(statement))
            }
            Statement::For { block, .. } => block.iter().any(|statement| self.decides(statement)),
            Statement::Pass | Statement::Define { .. } => false,
        }
    }

    fn is_flag(&self, expression: &Expression) -> bool {
        matches!(&expression.kind, ExpressionKind::Name(name) if self.compiler.part.deciding_slot(name).is_some())
    }

    /// As the compiler counts nodes, so that the limit of work is reached at the same place.
    fn tree(&mut self, condition: &Expression) -> Result<Tree, Problem> {
        let mut trees = |parts: &[Expression]| parts.iter().map(|part| self.tree(part)).collect::<Result<Vec<Tree>, Problem>>();
        match &condition.kind {
            ExpressionKind::And(parts) => trees(parts).map(Tree::All),
            ExpressionKind::Or(parts) => trees(parts).map(Tree::Any),
            ExpressionKind::Not(inner) => {
                self.compiler.uses.nodes += 1;
                Ok(Tree::Not(Box::new(self.tree(inner)?)))
            }
            _ => self.clause(condition).map(Tree::Clause),
        }
    }

    fn clause(&mut self, condition: &Expression) -> Result<usize, Problem> {
        let holds = self.compiler.condition(condition)?;
        let nodes = self.compiler.uses.nodes;
        let (mut sides, mut names) = (Vec::new(), Vec::new());
        if let ExpressionKind::Compare(first, rest) = &condition.kind {
            for side in core::iter::once(&**first).chain(rest.iter().map(|(_, side)| side)) {
                self.read(side, &mut sides);
            }
        }
        self.names(condition, &sides, &mut names);
        self.compiler.uses.nodes = nodes;
        let is_flag = self.is_flag(condition);
        let at = Problem::new(self.compiler.source, condition.span, "", "");
        let text = self.text(condition.span);
        self.clauses.push(Clause { place: (at.line, at.column), text, holds, sides, names, is_flag });
        Ok(self.clauses.len() - 1)
    }

    /// What stands at `span`, on one line.
    fn text(&self, span: Span) -> String {
        let mut text = self.compiler.source.get(span.start as usize..span.end as usize).unwrap_or("");
        while let Some(inner) = within_brackets(text) {
            text = inner.trim();
        }
        text.split_whitespace().collect::<Vec<&str>>().join(" ")
    }

    /// Adds what an expression is worth, unless it is no value by itself.
    fn read(&mut self, expression: &Expression, out: &mut Vec<Read>) {
        let text = self.text(expression.span);
        if let Ok(value) = self.compiler.value(expression) {
            out.push(Read { text, kind: value.kind, value: into_number(value.code) });
        }
    }

    fn names(&mut self, expression: &Expression, sides: &[Read], out: &mut Vec<Read>) {
        let within: Vec<&Expression> = match &expression.kind {
            ExpressionKind::Name(_) | ExpressionKind::Call(..) | ExpressionKind::Index(..) => {
                let text = self.text(expression.span);
                if sides.iter().chain(out.iter()).all(|known| known.text != text) {
                    self.read(expression, out);
                }
                match &expression.kind {
                    ExpressionKind::Call(_, arguments) => arguments.iter().collect(),
                    ExpressionKind::Index(_, index) => Vec::from([&**index]),
                    _ => Vec::new(),
                }
            }
            ExpressionKind::Negate(value) | ExpressionKind::Not(value) => Vec::from([&**value]),
            ExpressionKind::Arithmetic(_, left, right) => Vec::from([&**left, &**right]),
            ExpressionKind::And(parts) | ExpressionKind::Or(parts) | ExpressionKind::List(parts) => parts.iter().collect(),
            ExpressionKind::Compare(first, rest) => {
                core::iter::once(&**first).chain(rest.iter().map(|(_, right)| right)).collect()
            }
            ExpressionKind::Choose { condition, then, otherwise } => Vec::from([&**condition, &**then, &**otherwise]),
            _ => Vec::new(),
        };
        within.into_iter().for_each(|inner| self.names(inner, sides, out));
    }
}

/// What stands between a bracket at the beginning and the one that closes it at the end.
fn within_brackets(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let mut depth = 0_i32;
    for letter in inner.chars() {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        if depth < 0 {
            return None;
        }
    }
    Some(inner)
}

/// Whether a value is a truth value by its form, so that it is worth taking apart.
fn is_condition(value: &Expression) -> bool {
    match &value.kind {
        ExpressionKind::Compare(..) | ExpressionKind::Not(_) => true,
        ExpressionKind::And(parts) | ExpressionKind::Or(parts) => parts.iter().any(is_condition),
        _ => false,
    }
}
