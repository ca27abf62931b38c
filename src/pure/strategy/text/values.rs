//! Expressions to code: names, operators, comparisons, lists.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use super::code::{Code, Kind, Number, Value, arithmetic, first_that, into_number, maybe_unset, not_nothing};
use super::compile::Compiler;
use super::condition::{Condition, all, any, not, truth};
use super::frame::{FaultKind, NOTHING};
use super::functions::{FUNCTIONS, function};
use super::problem::{Problem, Span};
use super::tree::{Expression, ExpressionKind};
use crate::nearest::nearest;

impl Compiler<'_> {
    /// Any expression that is one value.
    pub(super) fn value(&mut self, expression: &Expression) -> Result<Value, Problem> {
        self.uses.nodes += 1;
        let (span, line) = (expression.span, self.line(expression.span));
        Ok(match &expression.kind {
            ExpressionKind::Number(value) => Value::number(Code::Constant(*value)),
            ExpressionKind::Boolean(value) => Value::number(Code::Constant(f64::from(u8::from(*value)))),
            ExpressionKind::Nothing => Value { code: Code::Constant(NOTHING), kind: Kind::Maybe },
            ExpressionKind::Text(text) => Value { code: Code::Constant(self.text(text)), kind: Kind::Text },
            ExpressionKind::Name(name) => self.name(name, span)?,
            ExpressionKind::Negate(value) => match self.number(value)? {
                Code::Constant(value) => Value::number(Code::Constant(-value)),
                code => {
                    let number = into_number(code);
                    Value::calculated(move |frame| -number(frame))
                }
            },
            ExpressionKind::Not(value) => {
                let condition = self.condition(value)?;
                Value::number(Code::Condition(not(condition)))
            }
            ExpressionKind::Arithmetic(how, left, right) => {
                let (left, right) = (self.number(left)?, self.number(right)?);
                Value::number(arithmetic(*how, left, right, line))
            }
            ExpressionKind::And(parts) => self.joined(parts, true)?,
            ExpressionKind::Or(parts) => self.joined(parts, false)?,
            ExpressionKind::Compare(first, rest) => Value::number(Code::Condition(self.comparison(first, rest)?)),
            ExpressionKind::Choose { condition, then, otherwise } => self.choice(condition, then, otherwise)?,
            ExpressionKind::Call(callee, arguments) => self.call(callee, arguments, span)?,
            ExpressionKind::Index(base, index) => self.index(base, index, span)?,
            ExpressionKind::List(_) => {
                return Err(self.problem(
                    span,
                    "목록은 변수에 담거나 `in` 다음에만 쓸 수 있습니다",
                    "a list can only be assigned to a name, or follow `in`",
                ));
            }
            ExpressionKind::Attribute(..) => {
                return Err(self.problem(
                    span,
                    "`self.vars[번호]`, `self.Buy()`, `self.Sell()`만 쓸 수 있습니다",
                    "only `self.vars[number]`, `self.Buy()` and `self.Sell()` are there",
                ));
            }
            ExpressionKind::Lambda(..) => {
                return Err(self.problem(
                    span,
                    "lambda는 이름에 담으세요: `f = lambda x: 식`",
                    "assign the lambda to a name: `f = lambda x: expression`",
                ));
            }
        })
    }

    /// An expression that is a number, for arithmetic and order.
    pub(super) fn number(&mut self, expression: &Expression) -> Result<Code, Problem> {
        let value = self.value(expression)?;
        match value.kind {
            Kind::Number => Ok(value.code),
            Kind::Maybe => Ok(not_nothing(value.code, self.line(expression.span))),
            Kind::Text => Err(self.problem(
                expression.span,
                "글입니다. 수가 와야 합니다. 글은 `==`, `!=`, `in`으로만 견줄 수 있습니다",
                "is text where a number is expected; text can only be compared by `==`, `!=` and `in`",
            )),
        }
    }

    /// An expression of which only the truth matters.
    pub(super) fn condition(&mut self, expression: &Expression) -> Result<Condition, Problem> {
        match &expression.kind {
            ExpressionKind::And(parts) => parts.iter().map(|part| self.condition(part)).collect::<Result<Vec<_>, _>>().map(all),
            ExpressionKind::Or(parts) => parts.iter().map(|part| self.condition(part)).collect::<Result<Vec<_>, _>>().map(any),
            _ => {
                let value = self.value(expression)?;
                if value.kind == Kind::Text {
                    return Err(self.no_truth(expression.span));
                }
                Ok(truth(value.code, value.kind))
            }
        }
    }

    fn no_truth(&self, span: Span) -> Problem {
        self.problem(span, "글은 참과 거짓이 아닙니다. `==`로 견주세요", "text is neither true nor false: compare it with `==`")
    }

    /// The number that stands for a text.
    fn text(&mut self, text: &str) -> f64 {
        let texts = &mut self.plan.texts;
        let place = texts.iter().position(|known| known == text).unwrap_or_else(|| {
            texts.push(text.into());
            texts.len() - 1
        });
        place as f64
    }

    fn name(&mut self, name: &str, span: Span) -> Result<Value, Problem> {
        if let Some((_, slot)) = self.parameters.iter().find(|(parameter, _)| parameter == name) {
            return Ok(Value::number(Code::Slot(*slot)));
        }
        if let Some(variable) = self.scope.get(name) {
            if variable.items.is_some() {
                return Err(self.problem(
                    span,
                    format!("목록입니다. `{name}[번호]`로 하나를 고르세요"),
                    format!("is a list: pick one with `{name}[number]`"),
                ));
            }
            return Ok(Value { code: self.read(variable.slot, variable.slot, span), kind: variable.kind });
        }
        if let Some((slot, kind)) = self.scope.fixed(name) {
            self.needs(slot);
            self.uses.names.insert(name.into());
            return Ok(Value { code: Code::Slot(slot), kind });
        }
        if let Some(function) = function(name, self.options.mode) {
            let arguments = function.arguments;
            return Err(self.problem(
                span,
                format!("함수입니다. `{name}{arguments}`처럼 부르세요"),
                format!("is a function: call it like `{name}{arguments}`"),
            ));
        }
        if self.helpers.contains_key(name) {
            return Err(self.problem(
                span,
                format!("함수입니다. `{name}(…)`로 부르세요"),
                format!("is a function: call it, `{name}(…)`"),
            ));
        }
        let mut known = self.scope.known();
        known.extend(FUNCTIONS.iter().map(|function| function.name(self.options.mode)));
        Err(self.unknown(name, &known, span))
    }

    /// A name nobody knows, and the known one most like it.
    pub(super) fn unknown(&self, name: &str, known: &[&str], span: Span) -> Problem {
        let (mut korean, mut english) = (format!("`{name}`은(는) 모르는 이름입니다"), format!("`{name}` is not a known name"));
        if let Some(near) = nearest(name, known).filter(|near| !near.is_empty()) {
            korean += &format!(". 혹시 `{near}`?");
            english += &format!("; did you mean `{near}`?");
        }
        self.problem(span, korean, english)
    }

    /// The value in `slot` of the variable at `variable`, which may have none.
    fn read(&mut self, variable: usize, slot: usize, span: Span) -> Code {
        if self.given.contains(&variable) {
            return Code::Slot(slot);
        }
        self.unset.insert(slot);
        maybe_unset(slot, self.line(span))
    }

    /// `and`, or `or` when not `every`.
    fn joined(&mut self, parts: &[Expression], every: bool) -> Result<Value, Problem> {
        let values = parts.iter().map(|part| self.value(part)).collect::<Result<Vec<Value>, Problem>>()?;
        if let Some(index) = values.iter().position(|value| value.kind == Kind::Text) {
            return Err(self.no_truth(parts[index].span));
        }
        if values.iter().all(|value| matches!(value.code, Code::Condition(_))) {
            let clauses = values.into_iter().map(|value| truth(value.code, value.kind)).collect();
            return Ok(Value::number(Code::Condition(if every { all(clauses) } else { any(clauses) })));
        }
        let kind = values.iter().fold(Kind::Number, |kind, value| if value.kind == Kind::Maybe { Kind::Maybe } else { kind });
        let numbers: Vec<Number> = values.into_iter().map(|value| into_number(value.code)).collect();
        Ok(Value { code: Code::Number(first_that(numbers, !every)), kind })
    }

    /// The items of a list: written out, or a variable's. Each with the expression it came from.
    pub(super) fn items(&mut self, list: &Expression) -> Result<Vec<(Value, Expression)>, Problem> {
        match &list.kind {
            ExpressionKind::List(items) => items.iter().map(|item| self.value(item).map(|value| (value, item.clone()))).collect(),
            ExpressionKind::Name(name) => {
                let variable = self.scope.get(name).filter(|_| self.parameters.iter().all(|(parameter, _)| parameter != name));
                if let Some(variable) = variable
                    && let Some(items) = variable.items
                {
                    let kind = variable.kind;
                    let read = |index| Value { code: self.read(variable.slot, variable.slot + index, list.span), kind };
                    return Ok((0..items).map(read).map(|value| (value, list.clone())).collect());
                }
                // An unknown name is more worth knowing than that it is no list.
                self.value(list)?;
                Err(self.not_a_list(list.span))
            }
            _ => Err(self.not_a_list(list.span)),
        }
    }

    fn not_a_list(&self, span: Span) -> Problem {
        self.problem(span, "목록이 와야 합니다: `(1, 2)` 또는 `[1, 2]`", "a list is expected: `(1, 2)` or `[1, 2]`")
    }

    fn choice(&mut self, condition: &Expression, then: &Expression, otherwise: &Expression) -> Result<Value, Problem> {
        let condition = self.condition(condition)?;
        let (then_value, other) = (self.value(then)?, self.value(otherwise)?);
        let kind = match (then_value.kind, other.kind) {
            (left, right) if left == right => left,
            (Kind::Text, _) | (_, Kind::Text) => {
                return Err(self.problem(
                    otherwise.span,
                    "두 값이 하나는 글, 하나는 수입니다. 같은 것으로 쓰세요",
                    "one value is text and the other is not: make both the same",
                ));
            }
            _ => Kind::Maybe,
        };
        let (then, otherwise) = (into_number(then_value.code), into_number(other.code));
        let code = Code::Number(Box::new(move |frame| if condition.holds(frame) { then(frame) } else { otherwise(frame) }));
        Ok(Value { code, kind })
    }

    /// `list[number]` and `self.vars[number]`.
    fn index(&mut self, base: &Expression, index: &Expression, span: Span) -> Result<Value, Problem> {
        if self.is_own(base, "indicator") {
            return Err(self.problem(
                span,
                "보조지표의 값은 이름으로 읽으세요: `RSI`, `RSI_N(1)`",
                "read an indicator by its name: `RSI`, `RSI_N(1)`",
            ));
        }
        let place = self.number(index)?;
        if self.is_own(base, "vars") {
            return self.var(&place, index.span);
        }
        let items = self.items(base)?;
        let kind = items.iter().fold(Kind::Number, |kind, (item, _)| if kind == Kind::Number { item.kind } else { kind });
        if items.iter().any(|(item, _)| (item.kind == Kind::Text) != (kind == Kind::Text)) {
            return Err(self.problem(
                base.span,
                "글과 수가 섞인 목록에서는 고를 수 없습니다",
                "one cannot be picked from a list of text and numbers",
            ));
        }
        let count = items.len();
        let wrong = |compiler: &Self| {
            let korean = format!("번호는 0부터 {}까지, 또는 뒤에서부터 -1부터입니다", count.saturating_sub(1));
            let english =
                format!("a number from 0 to {}, or from -1 counting from the end, is expected", count.saturating_sub(1));
            compiler.problem(index.span, korean, english)
        };
        if let Code::Constant(place) = place {
            let place = if place < 0.0 { place + count as f64 } else { place };
            if libm::trunc(place) != place || !(0.0..count as f64).contains(&place) {
                return Err(wrong(self));
            }
            let item = items.into_iter().nth(place as usize).map(|(item, _)| item);
            return item.map(|item| Value { kind, ..item }).ok_or_else(|| wrong(self));
        }
        let (place, line) = (into_number(place), self.line(span));
        let items: Vec<Number> = items.into_iter().map(|(item, _)| into_number(item.code)).collect();
        let code = Code::Number(Box::new(move |frame| {
            let place = place(frame);
            let place = if place < 0.0 { place + items.len() as f64 } else { place };
            let found = if place >= 0.0 && libm::trunc(place) == place { items.get(place as usize) } else { None };
            match found {
                Some(item) => item(frame),
                None => frame.fault(FaultKind::OutOfRange, line),
            }
        }));
        Ok(Value { code, kind })
    }

    fn var(&mut self, place: &Code, span: Span) -> Result<Value, Problem> {
        let known = self.options.vars.as_deref();
        let place = match place {
            Code::Constant(place) if *place >= 0.0 && *place < 10_000.0 && libm::trunc(*place) == *place => *place as usize,
            _ => {
                let korean = "`self.vars`의 번호는 0부터 정해진 수여야 합니다";
                return Err(self.problem(span, korean, "the place in `self.vars` must be a constant from 0"));
            }
        };
        self.uses.vars.insert(place);
        match known {
            None => Ok(Value::number(Code::Constant(1.0))),
            Some(vars) => match vars.get(place) {
                Some(value) => Ok(Value::number(Code::Constant(*value))),
                None => {
                    let count = vars.len();
                    Err(self.problem(
                        span,
                        format!("설정 `vars`에 값이 {count}개뿐입니다. 값을 더하세요"),
                        format!("the setting `vars` has {count} values only: add values to it"),
                    ))
                }
            },
        }
    }
}
