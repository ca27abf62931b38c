//! A text cut into [`Token`]s as Python cuts it: indentation, line ends, brackets that join lines, comments.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::problem::{Problem, Span};

/// A longer text is refused. The longest that users have shown are near 30 KiB.
pub const SOURCE_BYTES_MAX: usize = 64 << 10;
/// Blocks within blocks, or brackets within brackets, that are read.
pub const NESTING_MAX: usize = 64;

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// A name or a keyword; Hangul in its composed form.
    Name(String),
    Number(f64),
    Text(String),
    /// One of [`OPERATORS`].
    Operator(&'static str),
    /// The end of a logical line.
    Newline,
    Indent,
    Dedent,
    /// After the last token.
    End,
}

/// A piece of a text and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// Longest first, so that the first that fits is the one that is meant.
const OPERATORS: &[&str] = &[
    "**=", "//=", ">>=", "<<=", "...", "**", "//", "<=", ">=", "==", "!=", "+=", "-=", "*=", "/=", "%=", ":=", "->", "&=", "|=",
    "^=", "@=", "<<", ">>", "+", "-", "*", "/", "%", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ":", ";", ".", "&", "|",
    "^", "~", "@",
];

/// Cuts `source` into tokens; the last is always `End`.
pub(super) fn lex(source: &str) -> Result<Vec<Token>, Problem> {
    if source.len() > SOURCE_BYTES_MAX {
        let (korean, english) = (
            format!("글이 {}바이트입니다. {SOURCE_BYTES_MAX}바이트까지입니다. 둘로 나누세요", source.len()),
            format!("the text is {} bytes long, at most {SOURCE_BYTES_MAX} are read: split it", source.len()),
        );
        return Err(Problem::new(source, Span::default(), korean, english));
    }
    let mut lexer = Lexer { source, at: 0, tokens: Vec::new(), indents: alloc::vec![0], brackets: Vec::new() };
    if source.starts_with('\u{feff}') {
        lexer.at = '\u{feff}'.len_utf8();
    }
    lexer.run()?;
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    tokens: Vec<Token>,
    indents: Vec<usize>,
    /// Brackets that are open, and where.
    brackets: Vec<(char, usize)>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn problem(&self, start: usize, end: usize, korean: &str, english: &str) -> Problem {
        Problem::new(self.source, Span { start: start as u32, end: end as u32 }, korean, english)
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        self.tokens.push(Token { kind, span: Span { start: start as u32, end: self.at as u32 } });
    }

    fn run(&mut self) -> Result<(), Problem> {
        let mut line_begins = true;
        while self.at < self.source.len() {
            if line_begins && self.brackets.is_empty() {
                line_begins = false;
                if !self.indentation()? {
                    continue;
                }
            }
            let Some(next) = self.rest().chars().next() else { break };
            match next {
                '\n' => {
                    let start = self.at;
                    self.at += 1;
                    if self.brackets.is_empty() {
                        self.newline(start);
                        line_begins = true;
                    }
                }
                ' ' | '\t' | '\r' | '\u{c}' => self.at += 1,
                '#' => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                '\\' if self.rest()[1..].starts_with('\n') => self.at += 2,
                '\\' if self.rest()[1..].starts_with("\r\n") => self.at += 3,
                '"' | '\'' => self.text()?,
                '0'..='9' => self.number()?,
                '.' if self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) => self.number()?,
                c if c.is_alphabetic() || c == '_' => self.name(),
                c => self.operator(c)?,
            }
        }
        if let Some(&(open, at)) = self.brackets.last() {
            let (korean, english) = (format!("`{open}`가 닫히지 않았습니다"), format!("`{open}` is never closed"));
            return Err(self.problem(at, at + 1, &korean, &english));
        }
        let end = self.source.len();
        self.newline(end);
        while self.indents.len() > 1 {
            self.indents.pop();
            self.push(TokenKind::Dedent, end);
        }
        self.push(TokenKind::End, end);
        Ok(())
    }

    /// Ends a logical line, unless it is empty.
    fn newline(&mut self, start: usize) {
        use TokenKind::{Dedent, Indent, Newline};
        if self.tokens.last().is_some_and(|token| !matches!(token.kind, Newline | Indent | Dedent)) {
            self.push(Newline, start);
        }
    }

    /// Reads the white space a line begins with. False when the line is empty or a comment, which indents nothing.
    fn indentation(&mut self) -> Result<bool, Problem> {
        let start = self.at;
        let mut width = 0;
        for byte in self.source.as_bytes()[start..].iter() {
            match byte {
                b' ' => width += 1,
                b'\t' => width = (width / 8 + 1) * 8,
                b'\x0c' => width = 0,
                _ => break,
            }
            self.at += 1;
        }
        if self.rest().is_empty() || self.rest().starts_with(['\n', '#', '\r']) {
            return Ok(!self.rest().is_empty());
        }
        if self.indents.last().is_some_and(|&last| width > last) {
            if self.indents.len() > NESTING_MAX {
                let korean = format!("블록이 {NESTING_MAX}겹보다 깊습니다. 조건을 and로 묶으세요");
                let english = format!("blocks are nested deeper than {NESTING_MAX}: join conditions with `and`");
                return Err(self.problem(start, self.at, &korean, &english));
            }
            self.indents.push(width);
            self.push(TokenKind::Indent, start);
        }
        while self.indents.last().is_some_and(|&last| width < last) {
            self.indents.pop();
            self.push(TokenKind::Dedent, start);
            if self.indents.last().is_some_and(|&last| width > last) {
                return Err(self.problem(
                    start,
                    self.at,
                    "들여쓰기가 위의 어느 줄과도 맞지 않습니다. 같은 블록은 같은 칸에서 시작하세요",
                    "the indentation is that of no line above: begin every line of a block in the same column",
                ));
            }
        }
        Ok(true)
    }

    fn name(&mut self) {
        let start = self.at;
        let length = self.rest().find(|c: char| !(c.is_alphanumeric() || c == '_' || is_jamo(c))).unwrap_or(self.rest().len());
        self.at += length;
        let name = compose(&self.source[start..self.at]);
        self.push(TokenKind::Name(name), start);
    }

    fn number(&mut self) -> Result<(), Problem> {
        let start = self.at;
        let bytes = self.source.as_bytes();
        let radix = match bytes.get(start..start + 2) {
            Some(b"0x" | b"0X") => 16,
            Some(b"0o" | b"0O") => 8,
            Some(b"0b" | b"0B") => 2,
            _ => 10,
        };
        let mut before = b' ';
        while let Some(&byte) = bytes.get(self.at) {
            let sign = matches!(byte, b'+' | b'-') && matches!(before, b'e' | b'E') && radix == 10;
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || sign) {
                break;
            }
            before = byte;
            self.at += 1;
        }
        let written = &self.source[start..self.at];
        let plain: String = written.chars().filter(|&c| c != '_').collect();
        let value = if radix == 10 {
            // `007` is an error in Python, as are `1__0` and `1_`.
            let padded = plain.len() > 1 && plain.starts_with('0') && plain.bytes().all(|byte| byte.is_ascii_digit());
            let octal = padded && plain.bytes().any(|byte| byte != b'0');
            plain.parse::<f64>().ok().filter(|_| !octal && plain.bytes().all(|byte| !matches!(byte, b'n' | b'N' | b'i' | b'I')))
        } else {
            u64::from_str_radix(&plain[2..], radix).ok().map(|value| value as f64)
        };
        let spaced = written.contains("__") || written.ends_with('_');
        let Some(value) = value.filter(|value| value.is_finite() && !spaced) else {
            return Err(self.problem(
                start,
                self.at,
                "수가 아닙니다. 12, 1.5, 1e-8처럼 쓰세요",
                "is not a number: write it like 12, 1.5 or 1e-8",
            ));
        };
        self.push(TokenKind::Number(value), start);
        Ok(())
    }

    fn text(&mut self) -> Result<(), Problem> {
        let start = self.at;
        let rest = self.rest();
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| rest.starts_with(quote)).unwrap_or("'");
        let mut text = String::new();
        let mut chars = rest[quote.len()..].char_indices();
        while let Some((offset, c)) = chars.next() {
            let here = quote.len() + offset;
            if rest[here..].starts_with(quote) {
                self.at = start + here + quote.len();
                self.push(TokenKind::Text(text), start);
                return Ok(());
            }
            match c {
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('\n') => {}
                    Some(c @ ('\\' | '\'' | '"')) => text.push(c),
                    Some(other) => text.extend(['\\', other]),
                    None => break,
                },
                '\n' if quote.len() == 1 => break,
                c => text.push(c),
            }
        }
        let end = start + rest.find('\n').unwrap_or(rest.len());
        Err(self.problem(start, end, "따옴표가 닫히지 않았습니다", "the quotation is never closed"))
    }

    fn operator(&mut self, first: char) -> Result<(), Problem> {
        let start = self.at;
        let Some(operator) = OPERATORS.iter().find(|operator| self.rest().starts_with(**operator)) else {
            let (korean, english) = match ascii_of(first) {
                Some(ascii) => (format!("`{ascii}`로 쓰세요"), format!("write `{ascii}`")),
                None if first == '!' => ("부정은 `not`으로 쓰세요".into(), "write `not`".into()),
                None => (
                    format!("글에 쓸 수 없는 문자 U+{:04X}입니다. 지우세요", first as u32),
                    format!("the character U+{:04X} has no place in a text: remove it", first as u32),
                ),
            };
            return Err(self.problem(start, start + first.len_utf8(), &korean, &english));
        };
        self.at += operator.len();
        match *operator {
            "(" | "[" | "{" => {
                if self.brackets.len() >= NESTING_MAX {
                    let korean = format!("괄호가 {NESTING_MAX}겹보다 깊습니다. 나누어 변수에 담으세요");
                    let english = format!("brackets are nested deeper than {NESTING_MAX}: put parts into variables");
                    return Err(self.problem(start, self.at, &korean, &english));
                }
                self.brackets.push((first, start));
            }
            ")" | "]" | "}" => {
                let wanted = match first {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if self.brackets.pop().is_none_or(|(open, _)| open != wanted) {
                    let (korean, english) =
                        (format!("짝이 되는 `{wanted}`가 없습니다"), format!("there is no `{wanted}` it belongs to"));
                    return Err(self.problem(start, self.at, &korean, &english));
                }
            }
            _ => {}
        }
        self.push(TokenKind::Operator(operator), start);
        Ok(())
    }
}

/// The ASCII character that a look-alike stands for: full-width forms, curly quotes, no-break and other spaces.
fn ascii_of(c: char) -> Option<char> {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0),
        '\u{2018}' | '\u{2019}' => Some('\''),
        '\u{201c}' | '\u{201d}' => Some('"'),
        '\u{a0}' | '\u{3000}' | '\u{2002}'..='\u{200a}' => Some(' '),
        '\u{2212}' | '\u{2013}' | '\u{2014}' => Some('-'),
        '≥' => Some('>'),
        '≤' => Some('<'),
        '×' => Some('*'),
        '÷' => Some('/'),
        _ => None,
    }
}

const LEADS: core::ops::RangeInclusive<u32> = 0x1100..=0x1112;
const VOWELS: core::ops::RangeInclusive<u32> = 0x1161..=0x1175;
const TAILS: core::ops::RangeInclusive<u32> = 0x11a8..=0x11c2;

fn is_jamo(c: char) -> bool {
    matches!(c as u32, 0x1100..=0x11ff)
}

/// Hangul letters put together into syllables: a text saved on a Mac may have them apart, and names are the same all the same.
fn compose(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        let code = c as u32;
        let last = out.chars().next_back().map_or(0, |last| last as u32);
        let joined = if LEADS.contains(&last) && VOWELS.contains(&code) {
            Some(0xac00 + ((last - LEADS.start()) * 21 + (code - VOWELS.start())) * 28)
        } else if (0xac00..=0xd7a3).contains(&last) && (last - 0xac00).is_multiple_of(28) && TAILS.contains(&code) {
            Some(last + code - 0x11a7)
        } else {
            None
        };
        match joined.and_then(char::from_u32) {
            Some(joined) => {
                out.pop();
                out.push(joined);
            }
            None => out.push(c),
        }
    }
    out
}

#[cfg(test)]
#[path = "lex_tests.rs"]
mod tests;
