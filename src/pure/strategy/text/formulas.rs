//! Calls of functions that are expressions of the language: their arguments are put in, and the expression is compiled in place.

use alloc::vec::Vec;

use super::code::{Code, Kind, Value, into_number};
use super::columns::{COLUMNS, Mode, column, column_back, name_back};
use super::compile::Compiler;
use super::functions::{Function, function};
use super::parse::parse_expression;
use super::problem::{Problem, Span};
use super::tree::{Expression, ExpressionKind};

impl Compiler<'_> {
    /// Constants take the place of a parameter, so that windows stay fixed ones; other arguments get a slot and are calculated once.
    pub(super) fn call_formula(
        &mut self,
        function: &'static Function,
        formula: &'static str,
        arguments: &[Expression],
        span: Span,
    ) -> Result<Value, Problem> {
        let mut constants: Vec<(&str, f64)> = Vec::new();
        let (mut slots, mut values) = (Vec::new(), Vec::new());
        for (index, (name, default)) in function.parameters().enumerate() {
            let argument = arguments.get(index).map(|argument| self.number(argument)).transpose()?;
            match argument.unwrap_or(Code::Constant(default.unwrap_or(0.0))) {
                Code::Constant(value) => constants.push((name, value)),
                code => {
                    let slot = self.scope.reserve(1);
                    slots.push((name.into(), slot));
                    values.push((slot, into_number(code)));
                }
            }
        }
        let mut expression = parse_expression(formula)?;
        self.put_in(&mut expression, &constants, span);
        // What the formula uses is not what the text uses, and the names of a helper's parameters are not the formula's.
        let outer = core::mem::replace(&mut self.parameters, slots);
        let (names, functions) = (self.uses.names.clone(), self.uses.functions.clone());
        let (nodes, line) = (self.uses.nodes, self.line(span));
        let value = self.value(&expression);
        self.parameters = outer;
        (self.uses.names, self.uses.functions) = (names, functions);
        let value = value?;
        if values.is_empty() {
            return Ok(value);
        }
        let (number, work) = (into_number(value.code), self.uses.nodes - nodes);
        let call = move |frame: &mut super::frame::Frame<'_>| {
            if !frame.work(1 + work, line) {
                return 0.0;
            }
            for (slot, value) in &values {
                let value = value(frame);
                frame.slots[*slot] = value;
            }
            number(frame)
        };
        Ok(Value { kind: Kind::Number, ..Value::calculated(call) })
    }

    /// Puts constants in the places of parameters, the names of the mode in those of tick mode, and the call's place in all.
    fn put_in(&self, expression: &mut Expression, constants: &[(&str, f64)], span: Span) {
        expression.span = span;
        let below = |expression: &mut Expression| self.put_in(expression, constants, span);
        match &mut expression.kind {
            ExpressionKind::Name(name) => {
                if let Some((_, value)) = constants.iter().find(|(parameter, _)| parameter == name) {
                    expression.kind = ExpressionKind::Number(*value);
                } else if let Some(place) = column(name, Mode::Tick) {
                    *name = COLUMNS[place].name(self.options.mode).into();
                }
            }
            ExpressionKind::Call(callee, arguments) => {
                callee.span = span;
                if let ExpressionKind::Name(name) = &mut callee.kind {
                    if let Some(place) = column_back(name, Mode::Tick) {
                        *name = name_back(place, self.options.mode);
                    } else if let Some(function) = function(name, Mode::Tick) {
                        *name = function.name(self.options.mode).into();
                    }
                }
                arguments.iter_mut().for_each(below);
            }
            ExpressionKind::Negate(value) | ExpressionKind::Not(value) | ExpressionKind::Attribute(value, _) => below(value),
            ExpressionKind::Arithmetic(_, left, right) | ExpressionKind::Index(left, right) => {
                below(left);
                below(right);
            }
            ExpressionKind::And(parts) | ExpressionKind::Or(parts) | ExpressionKind::List(parts) => {
                parts.iter_mut().for_each(below);
            }
            ExpressionKind::Compare(first, rest) => {
                below(first);
                rest.iter_mut().for_each(|(_, right)| below(right));
            }
            ExpressionKind::Choose { condition, then, otherwise } => {
                below(condition);
                below(then);
                below(otherwise);
            }
            ExpressionKind::Lambda(_, value) => below(value),
            ExpressionKind::Number(_) | ExpressionKind::Text(_) | ExpressionKind::Boolean(_) | ExpressionKind::Nothing => {}
        }
    }
}
