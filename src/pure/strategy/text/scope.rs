//! A text's own variables: [`Scope`] finds them all before anything is compiled.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::code::Kind;
use super::columns::{COLUMN_COUNT, Mode, column};
use super::functions::function;
use super::names::{FIXED_SLOTS, NAMES, Part};
use super::problem::{Problem, Span};
use super::tree::{Expression, ExpressionKind, Statement};

/// A variable.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variable {
    /// Its slot, or that of its first item.
    pub(super) slot: usize,
    /// How many items, when it is a list.
    pub(super) items: Option<usize>,
    /// What its values are.
    pub(super) kind: Kind,
}

/// The variables of one text, by name.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    source: &'a str,
    mode: Mode,
    part: Part,
    variables: BTreeMap<String, Variable>,
    /// The next free slot.
    pub(super) end: usize,
}

impl<'a> Scope<'a> {
    /// Finds every variable that `statements` give a value to.
    pub(super) fn of(source: &'a str, mode: Mode, part: Part, statements: &[Statement]) -> Result<Self, Problem> {
        let mut scope = Scope { source, mode, part, variables: BTreeMap::new(), end: FIXED_SLOTS };
        scope.find(statements)?;
        // A variable takes the kind of what it is given, which may be another variable: until nothing changes any more.
        while scope.infer(statements)? {}
        Ok(scope)
    }

    pub(super) fn get(&self, name: &str) -> Option<Variable> {
        self.variables.get(name).copied()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// The slot of a name that has a value on every row, and whether that is a text.
    pub(super) fn fixed(&self, name: &str) -> Option<(usize, Kind)> {
        if let Some(place) = column(name, self.mode) {
            return Some((place, Kind::Number));
        }
        let place = NAMES.iter().position(|known| known.name == name && known.only.is_none_or(|part| part == self.part))?;
        Some((COLUMN_COUNT + place, if NAMES[place].is_text { Kind::Text } else { Kind::Number }))
    }

    /// Slots for values that have no name.
    pub(super) fn reserve(&mut self, count: usize) -> usize {
        self.end += count;
        self.end - count
    }

    fn find(&mut self, statements: &[Statement]) -> Result<(), Problem> {
        for statement in statements {
            match statement {
                Statement::Assign(target, value) => {
                    let ExpressionKind::Name(name) = &target.kind else { continue };
                    match &value.kind {
                        ExpressionKind::Lambda(..) => {}
                        ExpressionKind::List(items) => self.declare(name, target.span, Some(items.len()))?,
                        // A list given to another name stays a list.
                        ExpressionKind::Name(from) => {
                            let items = self.variables.get(from).and_then(|variable| variable.items);
                            self.declare(name, target.span, items)?;
                        }
                        _ => self.declare(name, target.span, None)?,
                    }
                }
                Statement::For { name, block, .. } => {
                    self.declare(&name.0, name.1, None)?;
                    self.find(block)?;
                }
                Statement::If(branches, otherwise) => {
                    branches.iter().try_for_each(|(_, block)| self.find(block))?;
                    self.find(otherwise)?;
                }
                Statement::Pass | Statement::Expression(_) | Statement::Change(..) | Statement::Define { .. } => {}
            }
        }
        Ok(())
    }

    fn declare(&mut self, name: &str, span: Span, items: Option<usize>) -> Result<(), Problem> {
        if self.part.deciding_slot(name).is_some() {
            return Ok(());
        }
        if self.fixed(name).is_some() || function(name, self.mode).is_some() || name == "self" || name == "range" {
            let korean = format!("`{name}`은(는) 정해진 이름입니다. 다른 이름을 쓰세요 (예: `나의{name}`)");
            let english = format!("`{name}` is a name of the language: choose another, like `나의{name}`");
            return Err(Problem::new(self.source, span, korean, english));
        }
        match self.variables.get(name) {
            Some(known) if known.items == items => Ok(()),
            Some(known) => {
                let count = |items: Option<usize>| items.map_or("1".into(), |items| format!("[{items}]"));
                let (before, now) = (count(known.items), count(items));
                let korean = format!("값의 개수가 위에서와 다릅니다 ({before}, {now}). 다른 이름을 쓰세요");
                let english = format!("it holds another number of values than above ({before}, {now}): use another name");
                Err(Problem::new(self.source, span, korean, english))
            }
            None => {
                let slot = self.reserve(items.unwrap_or(1));
                self.variables.insert(name.into(), Variable { slot, items, kind: Kind::Number });
                Ok(())
            }
        }
    }

    /// One round of kinds; says whether any changed.
    fn infer(&mut self, statements: &[Statement]) -> Result<bool, Problem> {
        let mut changed = false;
        for statement in statements {
            match statement {
                Statement::Assign(Expression { kind: ExpressionKind::Name(name), .. }, value) => {
                    let kind = self.kind_of(value);
                    if let Some(variable) = self.variables.get_mut(name)
                        && variable.kind != kind
                        && variable.kind == Kind::Number
                    {
                        variable.kind = kind;
                        changed = true;
                    }
                }
                Statement::For { block, .. } => changed |= self.infer(block)?,
                Statement::If(branches, otherwise) => {
                    for (_, block) in branches {
                        changed |= self.infer(block)?;
                    }
                    changed |= self.infer(otherwise)?;
                }
                _ => {}
            }
        }
        Ok(changed)
    }

    /// What the values of an expression are, as far as its form and the variables tell.
    fn kind_of(&self, expression: &Expression) -> Kind {
        match &expression.kind {
            ExpressionKind::Text(_) => Kind::Text,
            ExpressionKind::Nothing => Kind::Maybe,
            ExpressionKind::Name(name) => {
                let variable = self.variables.get(name).map(|variable| variable.kind);
                variable.or_else(|| self.fixed(name).map(|(_, kind)| kind)).unwrap_or(Kind::Number)
            }
            ExpressionKind::Choose { then, otherwise, .. } => self.joined([&**then, &**otherwise].into_iter()),
            ExpressionKind::And(parts) | ExpressionKind::Or(parts) | ExpressionKind::List(parts) => self.joined(parts.iter()),
            ExpressionKind::Index(base, _) => self.kind_of_item(base),
            _ => Kind::Number,
        }
    }

    fn kind_of_item(&self, base: &Expression) -> Kind {
        if matches!(base.kind, ExpressionKind::Name(_)) { self.kind_of(base) } else { Kind::Number }
    }

    fn joined<'e>(&self, parts: impl Iterator<Item = &'e Expression>) -> Kind {
        parts.map(|part| self.kind_of(part)).fold(Kind::Number, |joined, kind| if joined == Kind::Number { kind } else { joined })
    }

    /// Unknown names that are most likely meant.
    pub(super) fn known(&self) -> Vec<&str> {
        use super::columns::COLUMNS;
        let columns = COLUMNS.iter().map(|column| column.name(self.mode)).filter(|name| !name.is_empty());
        let names = NAMES.iter().filter(|name| name.only.is_none_or(|part| part == self.part)).map(|name| name.name);
        columns.chain(names).chain(self.names()).collect()
    }
}
