//! Statements to closures: [`compile`]. Expressions are in `values.rs`, calls in `calls.rs`.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::action::{Action, Block, decision, run, take_signal};
use super::code::{Code, Kind, Number, Value, into_number};
use super::condition::{Condition, What};
use super::flags::Flags;
use super::names::{Part, slot};
use super::parse::{parse, parse_expression};
use super::problem::{Problem, Span};
use super::program::{Options, Plan, Program, Uses};
use super::scope::Scope;
use super::tree::{Arithmetic, Expression, ExpressionKind, Statement};

/// Rounds of one `for`.
pub const ROUNDS_MAX: u32 = 10_000;
/// Compiles a text; what it needs of the rows is added to `plan`.
///
/// # Errors
/// The first thing that is not of the language, or not known, or too much.
pub fn compile(source: &str, part: Part, options: &Options, plan: &mut Plan) -> Result<Program, Problem> {
    let statements = parse(source)?;
    let scope = Scope::of(source, options.mode, part, &statements)?;
    let mut compiler = Compiler::new(source, part, options, plan, scope);
    let actions = compiler.block(&statements)?;
    Ok(compiler.finish(part, actions))
}

/// Compiles the expression of a condition that `경과틱수` asks for: a program that signals on the rows where it holds.
///
/// # Errors
/// As [`compile`].
pub fn compile_condition(source: &str, options: &Options, plan: &mut Plan) -> Result<Program, Problem> {
    let expression = parse_expression(source)?;
    let scope = Scope::of(source, options.mode, Part::Buy, &[])?;
    let mut compiler = Compiler::new(source, Part::Buy, options, plan, scope);
    let condition = compiler.condition(&expression)?;
    let flag = slot(Part::Buy.flag());
    let actions = alloc::vec![Action::Condition(flag, condition)];
    Ok(compiler.finish(Part::Buy, actions))
}

/// A helper: `def f(x): return …` or `f = lambda x: …`.
#[derive(Clone)]
pub(super) struct Helper {
    pub(super) parameters: usize,
    pub(super) count: usize,
    pub(super) kind: Kind,
    pub(super) nodes: u32,
    pub(super) body: alloc::sync::Arc<Number>,
}

pub(super) struct Compiler<'a> {
    pub(super) source: &'a str,
    pub(super) part: Part,
    pub(super) options: &'a Options,
    pub(super) plan: &'a mut Plan,
    pub(super) scope: Scope<'a>,
    pub(super) helpers: BTreeMap<String, Helper>,
    /// Parameters of the helper being compiled, and their slots.
    pub(super) parameters: Vec<(String, usize)>,
    pub(super) uses: Uses,
    /// Slots of variables that surely have a value here.
    pub(super) given: BTreeSet<usize>,
    /// Slots of variables that are read where they may have none.
    pub(super) unset: BTreeSet<usize>,
    /// How often the call that signals is written.
    pub(super) calls: u32,
    /// Blocks within blocks here; 0 is outside of all.
    pub(super) nesting: u32,
    line_starts: Vec<u32>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(source: &'a str, part: Part, options: &'a Options, plan: &'a mut Plan, scope: Scope<'a>) -> Self {
        let line_starts = core::iter::once(0).chain(source.match_indices('\n').map(|(at, _)| at as u32 + 1)).collect();
        Compiler {
            source,
            part,
            options,
            plan,
            scope,
            helpers: BTreeMap::new(),
            parameters: Vec::new(),
            uses: Uses::default(),
            given: BTreeSet::new(),
            unset: BTreeSet::new(),
            calls: 0,
            nesting: 0,
            line_starts,
        }
    }

    fn finish(self, part: Part, mut actions: Vec<Action>) -> Program {
        let (flag, takes_sides) = (slot(part.flag()), Flags::of(part, &self.uses, false).sides().is_some());
        let has_call = self.calls > 1 || self.calls == 1 && (takes_sides || !take_signal(&mut actions, flag));
        let decision = if has_call || takes_sides { None } else { decision(&mut actions, flag, part == Part::Buy) };
        let (actions, unset): (Block, Vec<usize>) = (actions.into(), self.unset.into_iter().collect());
        let (slots, flags) = (self.scope.end, Flags::of(part, &self.uses, has_call));
        let is_alone = actions.is_empty() && unset.is_empty();
        let (decision, batch) = match decision {
            Some(Condition { what: What::Batch(batch), is }) if is_alone && !batch.reads(flag) => (None, Some((*batch, is))),
            decision => (decision, None),
        };
        Program { actions, decision, batch, unset, slots, flags, uses: self.uses }
    }

    pub(super) fn problem(&self, span: Span, korean: impl Into<String>, english: impl Into<String>) -> Problem {
        Problem::new(self.source, span, korean, english)
    }

    /// The line of a span, from 1.
    pub(super) fn line(&self, span: Span) -> u32 {
        self.line_starts.partition_point(|&start| start <= span.start) as u32
    }

    fn block(&mut self, statements: &[Statement]) -> Result<Vec<Action>, Problem> {
        let mut actions = Vec::with_capacity(statements.len());
        for statement in statements {
            self.uses.nodes += 1;
            self.statement(statement, &mut actions)?;
        }
        Ok(actions)
    }

    pub(super) fn statement(&mut self, statement: &Statement, out: &mut Vec<Action>) -> Result<(), Problem> {
        match statement {
            Statement::Pass => {}
            // A text alone is a comment of many lines.
            Statement::Expression(Expression { kind: ExpressionKind::Text(_), .. }) => {}
            Statement::Expression(expression) => out.push(self.call_that_signals(expression)?),
            Statement::Assign(Expression { kind: ExpressionKind::Index(base, key), .. }, value)
                if self.is_own(base, "indicator") =>
            {
                self.set_indicator(key, value)?;
            }
            Statement::Assign(target, value) => self.assign(target, value, out)?,
            Statement::Change(target, how, value) => self.change(target, *how, value, out)?,
            Statement::If(parts, otherwise) => out.push(self.branch(parts, otherwise)?),
            Statement::For { name, over, block } => out.push(self.repeat(name, over, block)?),
            Statement::Define { name, parameters, value } => self.define(name, parameters, value)?,
        }
        Ok(())
    }

    /// `self.Buy()` or `self.Sell()`.
    fn call_that_signals(&mut self, expression: &Expression) -> Result<Action, Problem> {
        let wanted = self.part.call();
        if let ExpressionKind::Call(callee, arguments) = &expression.kind
            && let ExpressionKind::Attribute(base, name) = &callee.kind
            && matches!(&base.kind, ExpressionKind::Name(base) if base == "self")
        {
            if name != wanted {
                return Err(self.problem(
                    callee.span,
                    format!("이 글에서는 `self.{wanted}()`만 부를 수 있습니다"),
                    format!("this text can only call `self.{wanted}()`"),
                ));
            }
            // Older texts hand over code, quantity and prices: they must be right, and settings say how much and at what price.
            arguments.iter().try_for_each(|argument| self.value(argument).map(|_| ()))?;
            self.calls += 1;
            return Ok(Action::Signal);
        }
        // Whatever is wrong inside of it is more worth knowing than that it does nothing.
        self.value(expression)?;
        Err(self.problem(
            expression.span,
            "아무 일도 하지 않는 줄입니다. 값을 변수에 담거나 지우세요",
            "a line that does nothing: assign its value to a name, or remove it",
        ))
    }

    fn assign(&mut self, target: &Expression, value: &Expression, out: &mut Vec<Action>) -> Result<(), Problem> {
        let name = self.target(target)?;
        if let ExpressionKind::Lambda(parameters, body) = &value.kind {
            return self.define(&(name, target.span), parameters, body);
        }
        if let Some(place) = self.part.deciding_slot(&name) {
            let value = self.number(value)?;
            out.push(Action::store(place, value));
            self.uses.names.insert(name);
            return Ok(());
        }
        if self.helpers.contains_key(&name) {
            return Err(self.problem(target.span, "함수 이름에 값을 담을 수 없습니다", "a function's name cannot hold a value"));
        }
        // Found before anything was compiled, so it is there.
        let Some(variable) = self.scope.get(&name) else {
            return Err(self.problem(target.span, "모르는 이름입니다", "not a known name"));
        };
        let Some(items) = variable.items else {
            let compiled = self.value(value)?;
            self.fits(&compiled, variable.kind, value)?;
            out.push(Action::store(variable.slot, compiled.code));
            self.given.insert(variable.slot);
            return Ok(());
        };
        // All items are calculated before any is stored: `a = [a[1], a[0]]` swaps.
        let values = self.items(value)?;
        let rest = self.scope.reserve(items);
        for (index, (compiled, item)) in values.into_iter().enumerate() {
            self.fits(&compiled, variable.kind, &item)?;
            out.push(Action::store(rest + index, compiled.code));
        }
        for index in 0..items {
            out.push(Action::store(variable.slot + index, Code::Slot(rest + index)));
        }
        self.given.insert(variable.slot);
        Ok(())
    }

    /// Whether a value may be held by a variable of `kind`.
    fn fits(&self, value: &Value, kind: Kind, expression: &Expression) -> Result<(), Problem> {
        if value.kind == kind || (kind == Kind::Maybe && value.kind == Kind::Number) {
            return Ok(());
        }
        Err(self.problem(
            expression.span,
            "이 변수는 글과 수를 둘 다 담을 수 없습니다. 이름을 나누세요",
            "one variable cannot hold text and numbers: use two names",
        ))
    }

    /// The name that is assigned to.
    fn target(&self, target: &Expression) -> Result<String, Problem> {
        match &target.kind {
            ExpressionKind::Name(name) => Ok(name.clone()),
            _ => Err(self.problem(
                target.span,
                "이름 하나에만 담을 수 있습니다: `이름 = 값`",
                "only a name can be assigned to: `name = value`",
            )),
        }
    }

    /// Whether an expression is `self.name`.
    pub(super) fn is_own(&self, expression: &Expression, name: &str) -> bool {
        matches!(&expression.kind, ExpressionKind::Attribute(base, attribute)
            if attribute == name && matches!(&base.kind, ExpressionKind::Name(base) if base == "self"))
    }

    fn change(&mut self, target: &Expression, how: Arithmetic, value: &Expression, out: &mut Vec<Action>) -> Result<(), Problem> {
        let name = self.target(target)?;
        let place = if let Some(place) = self.part.deciding_slot(&name) {
            place
        } else {
            match self.scope.get(&name) {
                Some(variable) if variable.items.is_none() => variable.slot,
                Some(_) => return Err(self.problem(target.span, "목록은 바꿀 수 없습니다", "a list cannot be changed")),
                None => {
                    let (korean, english) = ("위에서 값을 담지 않은 변수입니다", "no line gives this variable a value");
                    return Err(self.problem(target.span, korean, english));
                }
            }
        };
        let (left, right) = (self.number(target)?, self.number(value)?);
        let changed = super::code::arithmetic(how, left, right, self.line(target.span));
        out.push(Action::store(place, changed));
        Ok(())
    }

    fn branch(&mut self, parts: &[(Expression, Vec<Statement>)], otherwise: &[Statement]) -> Result<Action, Problem> {
        let before = self.given.clone();
        let mut after: Option<BTreeSet<usize>> = None;
        let mut compiled: Vec<(Condition, Vec<Action>)> = Vec::with_capacity(parts.len());
        self.nesting += 1;
        for (condition, block) in parts {
            // The first condition is run in any case; the others give no variable a value either.
            let condition = self.condition(condition)?;
            compiled.push((condition, self.block(block)?));
            self.join(&before, &mut after);
        }
        let otherwise = self.block(otherwise)?;
        self.join(&before, &mut after);
        self.nesting -= 1;
        self.given = after.unwrap_or(before);
        Ok(Action::branches(compiled, otherwise))
    }

    /// What surely has a value after a branch: what has one after each.
    fn join(&mut self, before: &BTreeSet<usize>, after: &mut Option<BTreeSet<usize>>) {
        let here = core::mem::replace(&mut self.given, before.clone());
        *after = Some(match after.take() {
            None => here,
            Some(mut others) => {
                others.retain(|slot| here.contains(slot));
                others
            }
        });
    }

    fn repeat(&mut self, name: &(String, Span), over: &Expression, block: &[Statement]) -> Result<Action, Problem> {
        let (first, step, rounds) = self.range(over)?;
        let Some(variable) = self.scope.get(&name.0).filter(|variable| variable.items.is_none()) else {
            return Err(self.problem(name.1, "다른 이름을 쓰세요", "choose another name"));
        };
        let line = self.line(over.span);
        if rounds > 0 {
            self.given.insert(variable.slot);
        }
        let (before, nodes) = (self.given.clone(), self.uses.nodes);
        self.nesting += 1;
        let block = self.block(block)?;
        self.nesting -= 1;
        if rounds == 0 {
            self.given = before;
        }
        let work = 1 + self.uses.nodes - nodes;
        Ok(Action::Other(Box::new(move |frame| {
            for round in 0..rounds {
                if !frame.work(work, line) {
                    return;
                }
                frame.slots[variable.slot] = first + step * f64::from(round);
                run(&block, frame);
            }
        })))
    }

    /// The first number, the step and the count of `range(…)`.
    pub(super) fn range(&mut self, over: &Expression) -> Result<(f64, f64, u32), Problem> {
        let wrong = |compiler: &Self| {
            compiler.problem(
                over.span,
                format!("`range(n)`만 쓸 수 있습니다. n은 {ROUNDS_MAX}까지의 정해진 수입니다"),
                format!("only `range(n)` is possible here, with a constant n up to {ROUNDS_MAX}"),
            )
        };
        let ExpressionKind::Call(callee, arguments) = &over.kind else { return Err(wrong(self)) };
        if !matches!(&callee.kind, ExpressionKind::Name(name) if name == "range") {
            return Err(wrong(self));
        }
        let mut bounds = Vec::new();
        for argument in arguments {
            match self.number(argument)? {
                Code::Constant(value) if libm::trunc(value) == value && value.abs() <= 1e9 => bounds.push(value),
                _ => return Err(wrong(self)),
            }
        }
        let (first, end, step) = match bounds[..] {
            [end] => (0.0, end, 1.0),
            [first, end] => (first, end, 1.0),
            [first, end, step] if step != 0.0 => (first, end, step),
            _ => return Err(wrong(self)),
        };
        let rounds = libm::ceil((end - first) / step).max(0.0);
        if rounds > f64::from(ROUNDS_MAX) { Err(wrong(self)) } else { Ok((first, step, rounds as u32)) }
    }

    fn define(&mut self, name: &(String, Span), parameters: &[(String, Span)], value: &Expression) -> Result<(), Problem> {
        let taken = self.scope.fixed(&name.0).is_some()
            || self.scope.get(&name.0).is_some()
            || super::functions::function(&name.0, self.options.mode).is_some()
            || self.helpers.contains_key(&name.0)
            || name.0 == "self"
            || name.0 == "range";
        if taken {
            return Err(self.problem(name.1, "이미 있는 이름입니다. 다른 이름을 쓰세요", "the name is taken: choose another"));
        }
        if self.nesting > 0 || !self.parameters.is_empty() {
            return Err(self.problem(name.1, "함수는 블록 밖에서 만드세요", "define functions outside of blocks"));
        }
        let first = self.scope.reserve(parameters.len());
        self.parameters = parameters.iter().enumerate().map(|(index, (name, _))| (name.clone(), first + index)).collect();
        // A helper may be called where its variables have no value yet.
        let given = core::mem::take(&mut self.given);
        let nodes = self.uses.nodes;
        let body = self.value(value);
        self.given = given;
        self.parameters.clear();
        let body = body?;
        let nodes = self.uses.nodes - nodes;
        let helper = Helper {
            parameters: first,
            count: parameters.len(),
            kind: body.kind,
            nodes,
            body: alloc::sync::Arc::new(into_number(body.code)),
        };
        self.helpers.insert(name.0.to_string(), helper);
        Ok(())
    }
}
