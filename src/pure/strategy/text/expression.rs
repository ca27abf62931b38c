//! How expressions are read: by Python's precedence, from `if … else` down to calls and names.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::lex::TokenKind;
use super::parse::Parser;
use super::problem::{Problem, Span};
use super::tree::{Arithmetic, Comparison, Expression, ExpressionKind};
use super::words::is_keyword;

/// Levels of an expression. A sum of two hundred terms has two hundred levels; nobody writes one.
pub(super) const DEPTH_MAX: u16 = 200;

/// How a binary operator binds: the level, the operator.
const BINARY: &[(u8, &str, Arithmetic)] = &[
    (0, "+", Arithmetic::Add),
    (0, "-", Arithmetic::Subtract),
    (1, "*", Arithmetic::Multiply),
    (1, "/", Arithmetic::Divide),
    (1, "//", Arithmetic::FloorDivide),
    (1, "%", Arithmetic::Remainder),
];

/// Operators on bits, and what people who use them in conditions mean.
const REFUSED: &[(&str, &str)] =
    &[("&", "and"), ("|", "or"), ("^", "!="), ("~", "not"), ("<<", "* 2 **"), (">>", "// 2 **"), ("@", "*"), (":=", "=")];

impl Parser<'_> {
    /// A node over `below`, unless that goes too deep.
    fn node(&self, kind: ExpressionKind, span: Span, below: u16) -> Result<Expression, Problem> {
        if below >= DEPTH_MAX {
            return Err(self.problem(
                span,
                "식이 너무 깁니다. 나누어 변수에 담으세요",
                "the expression is too deep: put parts of it into variables",
            ));
        }
        Ok(Expression { kind, span, depth: below + 1 })
    }

    /// Any expression.
    pub(super) fn expression(&mut self) -> Result<Expression, Problem> {
        // Brackets are limited when they are read; `not`, signs, `if` and `lambda` nest without them.
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.too_deep());
        }
        let found = self.choice();
        self.depth -= 1;
        found
    }

    fn too_deep(&self) -> Problem {
        self.problem(
            self.here(),
            "식이 너무 깊습니다. 나누어 변수에 담으세요",
            "the expression is too deep: put parts of it into variables",
        )
    }

    fn choice(&mut self) -> Result<Expression, Problem> {
        let start = self.here();
        if self.eat_word("lambda") {
            let parameters = self.parameters(":")?;
            self.expect(":")?;
            let value = self.expression()?;
            let below = value.depth;
            return self.node(ExpressionKind::Lambda(parameters, Box::new(value)), start.to(self.before()), below);
        }
        let then = self.or()?;
        if !self.eat_word("if") {
            return Ok(then);
        }
        let condition = self.or()?;
        if !self.eat_word("else") {
            return Err(self.unexpected("`else`", "`else`"));
        }
        let otherwise = self.expression()?;
        let below = then.depth.max(condition.depth).max(otherwise.depth);
        let (condition, then, otherwise) = (Box::new(condition), Box::new(then), Box::new(otherwise));
        self.node(ExpressionKind::Choose { condition, then, otherwise }, start.to(self.before()), below)
    }

    fn or(&mut self) -> Result<Expression, Problem> {
        self.joined("or", Self::and, ExpressionKind::Or)
    }

    fn and(&mut self) -> Result<Expression, Problem> {
        self.joined("and", Self::not, ExpressionKind::And)
    }

    fn joined(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Expression, Problem>,
        make: fn(Vec<Expression>) -> ExpressionKind,
    ) -> Result<Expression, Problem> {
        let first = part(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let (start, mut below) = (first.span, first.depth);
        let mut parts = alloc::vec![first];
        while self.eat_word(word) {
            let next = part(self)?;
            below = below.max(next.depth);
            parts.push(next);
        }
        self.node(make(parts), start.to(self.before()), below)
    }

    fn not(&mut self) -> Result<Expression, Problem> {
        let start = self.here();
        let mut count = 0_u16;
        while self.eat_word("not") {
            count += 1;
            if count > DEPTH_MAX {
                return Err(self.too_deep());
            }
        }
        let mut found = self.comparison()?;
        for _ in 0..count {
            let below = found.depth;
            found = self.node(ExpressionKind::Not(Box::new(found)), start.to(self.before()), below)?;
        }
        Ok(found)
    }

    fn comparison(&mut self) -> Result<Expression, Problem> {
        let first = self.binary(0)?;
        let (start, mut below) = (first.span, first.depth);
        let mut next = Vec::new();
        while let Some(how) = self.compared_by()? {
            let right = self.binary(0)?;
            below = below.max(right.depth);
            next.push((how, right));
        }
        if next.is_empty() {
            return Ok(first);
        }
        self.node(ExpressionKind::Compare(Box::new(first), next), start.to(self.before()), below)
    }

    fn compared_by(&mut self) -> Result<Option<Comparison>, Problem> {
        let how = match &self.token().kind {
            TokenKind::Operator("<") => Comparison::Less,
            TokenKind::Operator("<=") => Comparison::LessOrEqual,
            TokenKind::Operator(">") => Comparison::Greater,
            TokenKind::Operator(">=") => Comparison::GreaterOrEqual,
            TokenKind::Operator("==") => Comparison::Equal,
            TokenKind::Operator("!=") => Comparison::NotEqual,
            TokenKind::Name(word) if word == "in" => Comparison::In,
            TokenKind::Name(word) if word == "not" => {
                self.advance();
                if !self.is_word("in") {
                    return Err(self.unexpected("`in`", "`in`"));
                }
                Comparison::NotIn
            }
            TokenKind::Name(word) if word == "is" => {
                self.advance();
                let negated = self.eat_word("not");
                return Ok(Some(if negated { Comparison::NotEqual } else { Comparison::Equal }));
            }
            TokenKind::Operator(operator) => match REFUSED.iter().find(|(refused, _)| refused == operator) {
                Some((_, instead)) => {
                    let (korean, english) = (format!("`{instead}`로 쓰세요"), format!("write `{instead}`"));
                    return Err(self.problem(self.here(), &korean, &english));
                }
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(how))
    }

    fn binary(&mut self, level: u8) -> Result<Expression, Problem> {
        if level > 1 {
            return self.signed();
        }
        let mut left = self.binary(level + 1)?;
        loop {
            let TokenKind::Operator(operator) = self.token().kind else { return Ok(left) };
            let Some((_, _, how)) = BINARY.iter().find(|(at, text, _)| *at == level && *text == operator) else {
                return Ok(left);
            };
            self.advance();
            let right = self.binary(level + 1)?;
            let (span, below) = (left.span.to(right.span), left.depth.max(right.depth));
            left = self.node(ExpressionKind::Arithmetic(*how, Box::new(left), Box::new(right)), span, below)?;
        }
    }

    /// Signs bind weaker than `**` on their right and stronger than `*`: `-2 ** 2` is -4, `2 ** -1` is 0.5.
    fn signed(&mut self) -> Result<Expression, Problem> {
        let start = self.here();
        if !self.is_operator("+") && !self.is_operator("-") {
            if self.is_operator("~") {
                return Err(self.problem(start, "`not`으로 쓰세요", "write `not`"));
            }
            return self.power();
        }
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.too_deep());
        }
        let minus = self.is_operator("-");
        self.advance();
        let value = self.signed();
        self.depth -= 1;
        let value = value?;
        let below = value.depth;
        let span = start.to(value.span);
        match (minus, &value.kind) {
            (false, _) => Ok(value),
            (true, ExpressionKind::Number(number)) => self.node(ExpressionKind::Number(-number), span, below),
            (true, _) => self.node(ExpressionKind::Negate(Box::new(value)), span, below),
        }
    }

    fn power(&mut self) -> Result<Expression, Problem> {
        let base = self.postfix()?;
        if !self.eat("**") {
            return Ok(base);
        }
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.too_deep());
        }
        let exponent = self.signed();
        self.depth -= 1;
        let exponent = exponent?;
        let (span, below) = (base.span.to(exponent.span), base.depth.max(exponent.depth));
        self.node(ExpressionKind::Arithmetic(Arithmetic::Power, Box::new(base), Box::new(exponent)), span, below)
    }

    /// Calls, indices and attributes after a primary.
    fn postfix(&mut self) -> Result<Expression, Problem> {
        let mut found = self.primary()?;
        loop {
            let start = found.span;
            let mut below = found.depth;
            let kind = if self.eat("(") {
                let arguments = self.arguments()?;
                below = arguments.iter().map(|argument| argument.depth).fold(below, u16::max);
                ExpressionKind::Call(Box::new(found), arguments)
            } else if self.eat("[") {
                let index = self.expression()?;
                if self.is_operator(":") || self.is_operator(",") {
                    return Err(self.problem(
                        self.here(),
                        "구간 자르기는 없습니다. 번호 하나를 쓰세요",
                        "there are no slices: write one number",
                    ));
                }
                self.expect("]")?;
                below = below.max(index.depth);
                ExpressionKind::Index(Box::new(found), Box::new(index))
            } else if self.eat(".") {
                let (name, _) = self.name("이름", "a name")?;
                ExpressionKind::Attribute(Box::new(found), name)
            } else {
                return Ok(found);
            };
            found = self.node(kind, start.to(self.before()), below)?;
        }
    }

    fn arguments(&mut self) -> Result<Vec<Expression>, Problem> {
        let mut arguments = Vec::new();
        while !self.is_operator(")") {
            if self.is_operator("*") || self.is_operator("**") {
                return Err(self.problem(self.here(), "인수를 하나씩 쓰세요", "write the arguments one by one"));
            }
            arguments.push(self.expression()?);
            if self.is_operator("=") {
                return Err(self.problem(
                    self.here(),
                    "인수는 이름 없이 차례대로 쓰세요: `이동평균(60, 5)`",
                    "write arguments in order, without names: `이동평균(60, 5)`",
                ));
            }
            if self.is_word("for") {
                return Err(self.no_comprehension());
            }
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")")?;
        Ok(arguments)
    }

    fn no_comprehension(&self) -> Problem {
        self.problem(
            self.here(),
            "식 안의 for는 없습니다. `for i in range(n):` 줄로 쓰세요",
            "there is no `for` within an expression: write a line `for i in range(n):`",
        )
    }

    fn primary(&mut self) -> Result<Expression, Problem> {
        let span = self.here();
        let kind = match self.token().kind.clone() {
            TokenKind::Number(value) => ExpressionKind::Number(value),
            TokenKind::Text(text) => return self.text(text, span),
            TokenKind::Name(name) => match name.as_str() {
                "True" => ExpressionKind::Boolean(true),
                "False" => ExpressionKind::Boolean(false),
                "None" => ExpressionKind::Nothing,
                word if is_keyword(word) => return Err(self.unexpected("식", "an expression")),
                _ => ExpressionKind::Name(name),
            },
            TokenKind::Operator("(") => return self.bracketed(")"),
            TokenKind::Operator("[") => return self.bracketed("]"),
            TokenKind::Operator("{") => {
                return Err(self.problem(span, "사전과 집합은 없습니다. 목록 `[1, 2]`을 쓰세요", "write a list: `[1, 2]`"));
            }
            _ => return Err(self.unexpected("식", "an expression")),
        };
        self.advance();
        if matches!(&kind, ExpressionKind::Name(name) if matches!(name.as_str(), "f" | "r" | "b"))
            && matches!(self.token().kind, TokenKind::Text(_))
            && self.here().start == span.end
        {
            return Err(self.problem(span.to(self.here()), "따옴표만 쓰세요", "write plain quotes"));
        }
        self.node(kind, span, 0)
    }

    /// Texts side by side are one.
    fn text(&mut self, mut text: String, span: Span) -> Result<Expression, Problem> {
        self.advance();
        while let TokenKind::Text(more) = &self.token().kind {
            text.push_str(more);
            self.advance();
        }
        self.node(ExpressionKind::Text(text), span.to(self.before()), 0)
    }

    /// `(a)`, a tuple `(a, b)` or `(a,)`, or a list `[a, b]`.
    fn bracketed(&mut self, end: &str) -> Result<Expression, Problem> {
        let start = self.here();
        self.advance();
        let mut list = Vec::new();
        let mut is_list = end == "]" || self.is_operator(end);
        while !self.is_operator(end) {
            list.push(self.expression()?);
            if self.is_word("for") {
                return Err(self.no_comprehension());
            }
            if !self.eat(",") {
                break;
            }
            is_list = true;
        }
        self.expect(end)?;
        let span = start.to(self.before());
        match list.pop() {
            Some(only) if !is_list => Ok(Expression { span, ..only }),
            last => {
                list.extend(last);
                let below = list.iter().map(|item| item.depth).max().unwrap_or(0);
                self.node(ExpressionKind::List(list), span, below)
            }
        }
    }
}
