//! Comparisons to code: chains, `in`, and what can be compared with what.

use alloc::vec::Vec;

use super::code::{Code, Kind, Number, into_number, not_nothing};
use super::compile::Compiler;
use super::condition::{Condition, all, compare, holds};
use super::problem::{Problem, Span};
use super::tree::{Comparison, Expression};

impl Compiler<'_> {
    pub(super) fn comparison(&mut self, first: &Expression, rest: &[(Comparison, Expression)]) -> Result<Condition, Problem> {
        if let [(how @ (Comparison::In | Comparison::NotIn), list)] = rest {
            return self.within(first, *how, list);
        }
        let mut values = Vec::with_capacity(rest.len());
        let mut left = self.value(first)?;
        let mut left_span = first.span;
        let first_kind = left.kind;
        let mut first_code = Some(core::mem::replace(&mut left.code, Code::Constant(0.0)));
        for (how, right) in rest {
            if matches!(how, Comparison::In | Comparison::NotIn) {
                return Err(self.problem(right.span, "`in`은 따로 쓰고 and로 이으세요", "write `in` apart, joined with `and`"));
            }
            let value = self.value(right)?;
            self.comparable(*how, (left.kind, left_span), (value.kind, right.span))?;
            (left.kind, left_span) = (value.kind, right.span);
            values.push((*how, value));
        }
        let ordered = |how: Comparison| !matches!(how, Comparison::Equal | Comparison::NotEqual);
        let line = self.line(first.span);
        // Where order is asked for, `None` is a fault.
        let checked =
            |code: Code, kind: Kind, asked: bool| if asked && kind == Kind::Maybe { not_nothing(code, line) } else { code };
        let asked: Vec<bool> = values.iter().map(|(how, _)| ordered(*how)).collect();
        let first_code = first_code.take().unwrap_or(Code::Constant(0.0));
        let first_code = checked(first_code, first_kind, asked[0]);
        let mut codes = Vec::with_capacity(values.len());
        for (index, (how, value)) in values.into_iter().enumerate() {
            let asked_here = asked[index] || asked.get(index + 1).copied().unwrap_or(false);
            codes.push((how, checked(value.code, value.kind, asked_here)));
        }
        if let [_] = codes[..]
            && let Some((how, right)) = codes.pop()
        {
            return Ok(compare(how, first_code, right));
        }
        // `3 <= x <= 25`: a slot or a constant in the middle costs nothing to look at twice.
        if let [(lower, Code::Slot(_) | Code::Constant(_)), (upper, _)] = codes[..]
            && let (Some((_, right)), Some((_, middle))) = (codes.pop(), codes.pop())
        {
            let again = match &middle {
                Code::Constant(value) => Code::Constant(*value),
                Code::Slot(slot) => Code::Slot(*slot),
                Code::Number(_) | Code::Rolling(_) | Code::Product(_) | Code::Condition(_) => Code::Constant(0.0),
            };
            return Ok(all(alloc::vec![compare(lower, first_code, middle), compare(upper, again, right)]));
        }
        let first = into_number(first_code);
        let codes: Vec<(Comparison, Number)> = codes.into_iter().map(|(how, code)| (how, into_number(code))).collect();
        Ok(Condition::of(move |frame| {
            let mut left = first(frame);
            for (how, right) in &codes {
                let right = right(frame);
                if !holds(*how, left, right) {
                    return false;
                }
                left = right;
            }
            true
        }))
    }

    fn comparable(&self, how: Comparison, left: (Kind, Span), right: (Kind, Span)) -> Result<(), Problem> {
        let text = |kind: Kind| kind == Kind::Text;
        let ordered = !matches!(how, Comparison::Equal | Comparison::NotEqual);
        if !text(left.0) && !text(right.0) || text(left.0) && text(right.0) && !ordered {
            return Ok(());
        }
        let span = if text(left.0) { left.1 } else { right.1 };
        Err(self.problem(
            span,
            "글은 글과만, `==`, `!=`, `in`으로 견줄 수 있습니다",
            "text can only be compared with text, by `==`, `!=` and `in`",
        ))
    }

    /// `first in list` and `first not in list`.
    fn within(&mut self, first: &Expression, how: Comparison, list: &Expression) -> Result<Condition, Problem> {
        let value = self.value(first)?;
        let items = self.items(list)?;
        for (item, item_expression) in &items {
            self.comparable(Comparison::Equal, (value.kind, first.span), (item.kind, item_expression.span))?;
        }
        let wanted = how == Comparison::In;
        let sought = into_number(value.code);
        let constants: Option<Vec<f64>> = items
            .iter()
            .map(|(item, _)| match item.code {
                Code::Constant(value) => Some(value),
                _ => None,
            })
            .collect();
        if let Some(constants) = constants {
            return Ok(Condition::of(move |frame| constants.contains(&sought(frame)) == wanted));
        }
        let items: Vec<Number> = items.into_iter().map(|(item, _)| into_number(item.code)).collect();
        Ok(Condition::of(move |frame| {
            let sought = sought(frame);
            items.iter().any(|item| item(frame) == sought) == wanted
        }))
    }
}
