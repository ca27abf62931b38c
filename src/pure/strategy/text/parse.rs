//! Tokens to [`Statement`]s. What Python has and a text has not is refused here, with what to write instead.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::lex::{Token, TokenKind, lex};
use super::problem::{Problem, Span};
use super::tree::{Arithmetic, Expression, ExpressionKind, Statement};
use super::words::{REFUSED, is_keyword};

/// Reads a whole text.
pub(super) fn parse(source: &str) -> Result<Vec<Statement>, Problem> {
    let mut parser = Parser { source, tokens: lex(source)?, at: 0, depth: 0 };
    let mut statements = Vec::new();
    while !parser.is(&TokenKind::End) {
        parser.line(&mut statements)?;
    }
    Ok(statements)
}

/// Reads a text that is one expression.
pub(super) fn parse_expression(source: &str) -> Result<Expression, Problem> {
    let mut parser = Parser { source, tokens: lex(source)?, at: 0, depth: 0 };
    let expression = parser.expression()?;
    parser.end_of_line()?;
    if parser.is(&TokenKind::End) { Ok(expression) } else { Err(parser.unexpected("식 하나", "one expression")) }
}

pub(super) struct Parser<'a> {
    pub(super) source: &'a str,
    tokens: Vec<Token>,
    at: usize,
    /// Expressions within expressions that are being read.
    pub(super) depth: u16,
}

impl Parser<'_> {
    pub(super) fn token(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    /// Where the next token stands; a line end or block is shown at the end of what is before it.
    pub(super) fn here(&self) -> Span {
        self.token().span
    }

    /// Where the token before stands.
    pub(super) fn before(&self) -> Span {
        self.tokens[self.at.saturating_sub(1)].span
    }

    pub(super) fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    fn is(&self, kind: &TokenKind) -> bool {
        self.token().kind == *kind
    }

    pub(super) fn is_operator(&self, operator: &str) -> bool {
        matches!(self.token().kind, TokenKind::Operator(found) if found == operator)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(&self.token().kind, TokenKind::Name(found) if found == word)
    }

    /// Steps over `operator` if it is next.
    pub(super) fn eat(&mut self, operator: &str) -> bool {
        let found = self.is_operator(operator);
        if found {
            self.advance();
        }
        found
    }

    /// Steps over the keyword `word` if it is next.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn expect(&mut self, operator: &str) -> Result<(), Problem> {
        if self.eat(operator) {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{operator}`"), &format!("`{operator}`")))
    }

    pub(super) fn problem(&self, span: Span, korean: &str, english: &str) -> Problem {
        Problem::new(self.source, span, korean, english)
    }

    /// The next token is not what belongs here.
    pub(super) fn unexpected(&self, korean: &str, english: &str) -> Problem {
        let (seen_korean, seen) = match &self.token().kind {
            TokenKind::Newline | TokenKind::End => ("줄이 끝났습니다", "the line ends"),
            TokenKind::Indent => ("들여쓰기가 있습니다", "there is an indentation"),
            TokenKind::Dedent => ("블록이 끝났습니다", "the block ends"),
            _ => ("다른 것이 있습니다", "there is something else"),
        };
        self.problem(
            self.here(),
            &format!("{korean}이(가) 올 자리에 {seen_korean}"),
            &format!("{seen} where {english} is expected"),
        )
    }

    /// A name that is not a keyword.
    pub(super) fn name(&mut self, korean: &str, english: &str) -> Result<(String, Span), Problem> {
        match &self.token().kind {
            TokenKind::Name(name) if !is_keyword(name) => {
                let found = (name.clone(), self.here());
                self.advance();
                Ok(found)
            }
            _ => Err(self.unexpected(korean, english)),
        }
    }

    fn end_of_line(&mut self) -> Result<(), Problem> {
        if self.is(&TokenKind::Newline) {
            self.advance();
            return Ok(());
        }
        if self.is(&TokenKind::End) {
            return Ok(());
        }
        if self.is_operator("=") {
            return Err(self.problem(self.here(), "비교는 `==`로 쓰세요", "write `==` to compare"));
        }
        Err(self.unexpected("줄의 끝", "the end of the line"))
    }

    /// One logical line: simple statements between semicolons, or one statement with blocks.
    fn line(&mut self, out: &mut Vec<Statement>) -> Result<(), Problem> {
        if self.is(&TokenKind::Indent) {
            return Err(self.problem(
                self.here(),
                "위의 줄이 블록을 시작하지 않았는데 들여썼습니다",
                "indented, though the line above begins no block: begin it in the same column",
            ));
        }
        if let TokenKind::Name(word) = &self.token().kind {
            if let Some((_, korean, english)) = REFUSED.iter().find(|(refused, ..)| refused == word) {
                return Err(self.problem(self.here(), korean, english));
            }
            let compound = match word.as_str() {
                "if" => Some(Self::branches as fn(&mut Self) -> Result<Statement, Problem>),
                "for" => Some(Self::repeat as fn(&mut Self) -> Result<Statement, Problem>),
                "def" => Some(Self::define as fn(&mut Self) -> Result<Statement, Problem>),
                _ => None,
            };
            if let Some(read) = compound {
                out.push(read(self)?);
                return Ok(());
            }
        }
        self.simple(out)
    }

    /// Simple statements up to the end of the line.
    fn simple(&mut self, out: &mut Vec<Statement>) -> Result<(), Problem> {
        loop {
            let statement = self.small()?;
            out.push(statement);
            if !self.eat(";") || matches!(self.token().kind, TokenKind::Newline | TokenKind::End) {
                return self.end_of_line();
            }
        }
    }

    fn small(&mut self) -> Result<Statement, Problem> {
        let start = self.here();
        if let TokenKind::Name(word) = &self.token().kind {
            if let Some((_, korean, english)) = REFUSED.iter().find(|(refused, ..)| refused == word) {
                return Err(self.problem(start, korean, english));
            }
            if word == "pass" {
                self.advance();
                return Ok(Statement::Pass);
            }
        }
        let first = self.expressions()?;
        let change = match self.token().kind {
            TokenKind::Operator("+=") => Some(Arithmetic::Add),
            TokenKind::Operator("-=") => Some(Arithmetic::Subtract),
            TokenKind::Operator("*=") => Some(Arithmetic::Multiply),
            TokenKind::Operator("/=") => Some(Arithmetic::Divide),
            TokenKind::Operator("//=") => Some(Arithmetic::FloorDivide),
            TokenKind::Operator("%=") => Some(Arithmetic::Remainder),
            TokenKind::Operator("**=") => Some(Arithmetic::Power),
            _ => None,
        };
        if let Some(change) = change {
            self.advance();
            Ok(Statement::Change(first, change, self.expressions()?))
        } else if self.eat("=") {
            let value = self.expressions()?;
            if self.is_operator("=") {
                return Err(self.problem(
                    self.here(),
                    "한 줄에 하나만 대입하세요: `a = 1` 다음 줄에 `b = a`",
                    "assign one name a line: `a = 1`, then `b = a`",
                ));
            }
            Ok(Statement::Assign(first, value))
        } else if self.is_operator(":=") || self.is_operator(":") {
            Err(self.problem(self.here(), "대입은 `=`로 쓰세요", "assign with `=`"))
        } else {
            Ok(Statement::Expression(first))
        }
    }

    /// The lines of a block after `:`: on the same line, or indented below.
    fn block(&mut self) -> Result<Vec<Statement>, Problem> {
        self.expect(":")?;
        let mut block = Vec::new();
        if !self.is(&TokenKind::Newline) {
            self.simple(&mut block)?;
            return Ok(block);
        }
        self.advance();
        if !self.is(&TokenKind::Indent) {
            return Err(self.problem(
                self.here(),
                "들여쓴 줄이 와야 합니다. 할 일이 없으면 `pass`를 쓰세요",
                "an indented line is expected: write `pass` if nothing is to be done",
            ));
        }
        self.advance();
        while !self.is(&TokenKind::Dedent) && !self.is(&TokenKind::End) {
            self.line(&mut block)?;
        }
        if self.is(&TokenKind::Dedent) {
            self.advance();
        }
        Ok(block)
    }

    fn branches(&mut self) -> Result<Statement, Problem> {
        self.advance();
        let mut branches = Vec::new();
        let condition = self.condition()?;
        branches.push((condition, self.block()?));
        while self.eat_word("elif") {
            let condition = self.condition()?;
            branches.push((condition, self.block()?));
        }
        let otherwise = if self.eat_word("else") { self.block()? } else { Vec::new() };
        Ok(Statement::If(branches, otherwise))
    }

    /// The condition of an `if`. A single `=` is what people write first.
    fn condition(&mut self) -> Result<Expression, Problem> {
        let condition = self.expression()?;
        if self.is_operator("=") {
            return Err(self.problem(self.here(), "비교는 `==`로 쓰세요", "write `==` to compare"));
        }
        Ok(condition)
    }

    fn repeat(&mut self) -> Result<Statement, Problem> {
        self.advance();
        let name = self.name("변수 이름", "the name of a variable")?;
        if !self.eat_word("in") {
            return Err(self.unexpected("`in`", "`in`"));
        }
        let over = self.expression()?;
        let block = self.block()?;
        if self.is_word("else") {
            return Err(self.problem(self.here(), "for에는 else가 없습니다", "there is no `else` after `for`"));
        }
        Ok(Statement::For { name, over, block })
    }

    fn define(&mut self) -> Result<Statement, Problem> {
        self.advance();
        let name = self.name("함수 이름", "the name of a function")?;
        self.expect("(")?;
        let parameters = self.parameters(")")?;
        self.expect(")")?;
        self.expect(":")?;
        let indented = self.is(&TokenKind::Newline);
        if indented {
            self.advance();
            if self.is(&TokenKind::Indent) {
                self.advance();
            }
        }
        if !self.eat_word("return") {
            return Err(self.problem(
                self.here(),
                "함수는 한 식으로만 쓸 수 있습니다: `def 이름(x): return 식`",
                "a function is one expression: `def name(x): return expression`",
            ));
        }
        let value = self.expressions()?;
        self.end_of_line()?;
        if indented && self.is(&TokenKind::Dedent) {
            self.advance();
        } else if indented && !self.is(&TokenKind::End) {
            return Err(self.problem(
                self.here(),
                "return 다음에는 아무것도 올 수 없습니다",
                "nothing can follow `return` in a function",
            ));
        }
        Ok(Statement::Define { name, parameters, value })
    }

    /// Names between commas, up to `end`.
    pub(super) fn parameters(&mut self, end: &str) -> Result<Vec<(String, Span)>, Problem> {
        let mut parameters: Vec<(String, Span)> = Vec::new();
        while !self.is_operator(end) {
            let (name, span) = self.name("매개변수 이름", "the name of a parameter")?;
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(self.problem(span, "같은 매개변수가 두 번 있습니다", "this parameter is there twice"));
            }
            parameters.push((name, span));
            if self.is_operator("=") || (end != ":" && self.is_operator(":")) {
                return Err(self.problem(
                    self.here(),
                    "매개변수에는 이름만 쓰세요",
                    "parameters are names alone, without defaults or types",
                ));
            }
            if !self.eat(",") {
                break;
            }
        }
        Ok(parameters)
    }

    /// `a` or `a, b, c`, which is a tuple.
    fn expressions(&mut self) -> Result<Expression, Problem> {
        let first = self.expression()?;
        if !self.is_operator(",") {
            return Ok(first);
        }
        let (span, mut depth) = (first.span, first.depth);
        let mut list = alloc::vec![first];
        while self.eat(",") {
            if matches!(self.token().kind, TokenKind::Newline | TokenKind::End) || self.is_operator("=") {
                break;
            }
            let next = self.expression()?;
            depth = depth.max(next.depth);
            list.push(next);
        }
        Ok(Expression { kind: ExpressionKind::List(list), span: span.to(self.before()), depth: depth + 1 })
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
