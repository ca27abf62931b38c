//! Calls to code: helpers of the text, columns of rows gone by, and the table of functions.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

use super::arithmetic::round;
use super::code::{Code, Kind, Number, Value, into_number};
use super::columns::{COLUMNS, column, column_back, name_back};
use super::compile::{Compiler, Helper};
use super::frame::{FaultKind, Frame};
use super::functions::{Body, FUNCTIONS, Function};
use super::history::Streak;
use super::names::Part;
use super::problem::{Problem, Span};
use super::tree::{Expression, ExpressionKind};
use super::windows::Rows;

impl Compiler<'_> {
    pub(super) fn call(&mut self, callee: &Expression, arguments: &[Expression], span: Span) -> Result<Value, Problem> {
        let ExpressionKind::Name(name) = &callee.kind else {
            return Err(self.problem(
                callee.span,
                "부를 수 있는 것은 함수 이름뿐입니다. `self.Buy()`는 한 줄로 따로 쓰세요",
                "only a function's name can be called here; `self.Buy()` stands on a line of its own",
            ));
        };
        if let Some(helper) = self.helpers.get(name).cloned() {
            return self.call_helper(name, &helper, arguments, span);
        }
        if let Some(place) = FUNCTIONS.iter().position(|known| known.name(self.options.mode) == name) {
            let function = &FUNCTIONS[place];
            if !(function.least..=function.most).contains(&arguments.len()) {
                let shown = function.arguments;
                return Err(self.problem(span, format!("`{name}{shown}`로 부르세요"), format!("call it as `{name}{shown}`")));
            }
            if let Some(only) = function.only.filter(|only| *only != self.part) {
                let korean = if only == Part::Sell {
                    "매도 글에서만 쓸 수 있습니다"
                } else {
                    "매수 글에서만 쓸 수 있습니다"
                };
                return Err(self.problem(span, korean, format!("only the {} text can call it", only.name())));
            }
            self.uses.functions.insert(name.clone());
            return self.call_function(place, function, arguments, span);
        }
        if let Some(place) = column_back(name, self.options.mode) {
            let [back] = arguments else {
                return Err(self.problem(span, format!("`{name}(k)`로 부르세요"), format!("call it as `{name}(k)`")));
            };
            self.uses.functions.insert(name.clone());
            return self.column_back(place, back);
        }
        if name == "range" {
            return Err(self.problem(span, "range는 for 줄에만 씁니다", "`range` only stands in a `for` line"));
        }
        if name == "print" {
            return Err(self.problem(span, "출력은 없습니다. 이 줄을 지우세요", "a text prints nothing: remove this line"));
        }
        if self.scope.fixed(name).is_some() || self.scope.get(name).is_some() {
            let (mut korean, mut english) = (format!("`{name}`은(는) 함수가 아닙니다"), format!("`{name}` is not a function"));
            if let Some(place) = column(name, self.options.mode) {
                let back = name_back(place, self.options.mode);
                korean += &format!(". 지난 행의 값은 `{back}(k)`입니다");
                english += &format!("; its value k rows ago is `{back}(k)`");
            }
            return Err(self.problem(callee.span, korean, english));
        }
        let rows_back: Vec<_> = (0..COLUMNS.len()).map(|place| name_back(place, self.options.mode)).collect();
        let mut known: Vec<&str> = FUNCTIONS.iter().map(|function| function.name(self.options.mode)).collect();
        known.extend(rows_back.iter().map(|name| name.as_str()).filter(|name| !name.is_empty()));
        known.extend(self.helpers.keys().map(|name| name.as_str()));
        Err(self.unknown(name, &known, callee.span))
    }

    fn call_helper(&mut self, name: &str, helper: &Helper, arguments: &[Expression], span: Span) -> Result<Value, Problem> {
        if arguments.len() != helper.count {
            let count = helper.count;
            return Err(self.problem(
                span,
                format!("`{name}`의 인수는 {count}개입니다"),
                format!("`{name}` takes {count} arguments"),
            ));
        }
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(into_number(self.number(argument)?));
        }
        let (body, parameters, nodes, line) = (helper.body.clone(), helper.parameters, helper.nodes, self.line(span));
        // An argument may call the same helper: all are calculated before any is handed over.
        let rest = self.scope.reserve(values.len());
        let call = move |frame: &mut Frame<'_>| {
            if !frame.work(1 + nodes, line) {
                return 0.0;
            }
            for (index, value) in values.iter().enumerate() {
                let value = value(frame);
                frame.slots[rest + index] = value;
            }
            for index in 0..values.len() {
                frame.slots[parameters + index] = frame.slots[rest + index];
            }
            body(frame)
        };
        Ok(Value { code: Code::Number(Box::new(call)), kind: helper.kind })
    }

    fn call_function(
        &mut self,
        place: usize,
        function: &'static Function,
        arguments: &[Expression],
        span: Span,
    ) -> Result<Value, Problem> {
        let line = self.line(span);
        match function.body {
            Body::Mean(..) | Body::Over(..) | Body::Angle(..) | Body::Age(..) | Body::AngleSince(..) => {
                let length = self.rows(&arguments[0], 1)?;
                let back = arguments.get(1).map_or(Ok(Rows::Constant(0)), |back| self.rows(back, 0))?;
                self.window_call(place, function.body, length, back, span)
            }
            Body::Streak(column, step) => {
                let place = self.plan.kept.streak(Streak { column, step });
                Ok(Value::calculated(move |frame| frame.history.streak(place) as f64))
            }
            Body::Formula(formula) => self.call_formula(function, formula, arguments, span),
            Body::Elapsed => self.elapsed(&arguments[0]),
            Body::Round => {
                let value = self.number(&arguments[0])?;
                let digits = arguments.get(1).map_or(Ok(Code::Constant(0.0)), |digits| self.number(digits))?;
                Ok(rounded(value, digits, line))
            }
            Body::Absolute => self.converted(&arguments[0], f64::abs),
            Body::Integer => self.converted(&arguments[0], libm::trunc),
            Body::Float => self.converted(&arguments[0], |value| value),
            Body::Least => self.folded(arguments, |a, b| if b < a { b } else { a }),
            Body::Greatest => self.folded(arguments, |a, b| if b > a { b } else { a }),
            Body::Total => {
                let numbers = self.numbers_of(&arguments[0])?;
                Ok(Value::calculated(move |frame| {
                    let total: f64 = numbers.iter().fold(0.0, |total, number| total + number(frame));
                    if total.is_finite() { total } else { frame.fault(FaultKind::NotANumber, line) }
                }))
            }
            Body::Count => {
                let count = self.items(&arguments[0])?.len();
                Ok(Value::number(Code::Constant(count as f64)))
            }
        }
    }

    fn converted(&mut self, argument: &Expression, convert: fn(f64) -> f64) -> Result<Value, Problem> {
        Ok(match self.number(argument)? {
            Code::Constant(value) => Value::number(Code::Constant(convert(value))),
            code => {
                let number = into_number(code);
                Value::calculated(move |frame| convert(number(frame)))
            }
        })
    }

    /// The items of a list, as numbers.
    fn numbers_of(&mut self, list: &Expression) -> Result<Vec<Number>, Problem> {
        let items = self.items(list)?;
        if let Some((_, item)) = items.iter().find(|(item, _)| item.kind != Kind::Number) {
            return Err(self.problem(item.span, "수가 와야 합니다", "a number is expected"));
        }
        Ok(items.into_iter().map(|(item, _)| into_number(item.code)).collect())
    }

    /// `min` and `max`: of the arguments, or of one list.
    fn folded(&mut self, arguments: &[Expression], choose: fn(f64, f64) -> f64) -> Result<Value, Problem> {
        let numbers = match arguments {
            [list] => self.numbers_of(list)?,
            _ => arguments.iter().map(|argument| self.number(argument).map(into_number)).collect::<Result<Vec<_>, _>>()?,
        };
        if numbers.is_empty() {
            return Err(self.problem(arguments[0].span, "빈 목록입니다", "the list is empty"));
        }
        Ok(Value::calculated(move |frame| {
            let mut chosen = numbers[0](frame);
            for number in &numbers[1..] {
                chosen = choose(chosen, number(frame));
            }
            chosen
        }))
    }

    /// `경과틱수(name)`, the name with or without quotes.
    fn elapsed(&mut self, argument: &Expression) -> Result<Value, Problem> {
        let (ExpressionKind::Text(name) | ExpressionKind::Name(name)) = &argument.kind else {
            return Err(self.problem(argument.span, "조건의 이름이 와야 합니다", "the name of a condition is expected"));
        };
        let Some(known) = &self.options.conditions else { return Ok(Value::number(Code::Constant(0.0))) };
        let Some(place) = known.iter().position(|condition| condition == name) else {
            let names: Vec<&str> = known.iter().map(|condition| condition.as_str()).collect();
            let mut problem = self.unknown(name, &names, argument.span);
            problem.korean += ". 설정 `conditions`에 조건을 더하세요";
            problem.english += "; add the condition to the setting `conditions`";
            return Err(problem);
        };
        Ok(Value::calculated(move |frame| match frame.last_true.get(place) {
            Some(&row) if row > 0 => frame.history.count().saturating_sub(row) as f64,
            _ => 0.0,
        }))
    }
}

/// `round(value, digits)`.
fn rounded(value: Code, digits: Code, line: u32) -> Value {
    if let Code::Constant(digits) = digits
        && libm::trunc(digits) == digits
        && digits.abs() < 400.0
    {
        let digits = digits as i32;
        return match value {
            Code::Constant(value) => Value::number(Code::Constant(round(value, digits))),
            code => {
                let number = into_number(code);
                Value::calculated(move |frame| round(number(frame), digits))
            }
        };
    }
    let (value, digits) = (into_number(value), into_number(digits));
    Value::calculated(move |frame| {
        let (value, digits) = (value(frame), digits(frame));
        if libm::trunc(digits) == digits && digits.abs() < 400.0 {
            round(value, digits as i32)
        } else {
            frame.fault(FaultKind::OutOfRange, line)
        }
    })
}
