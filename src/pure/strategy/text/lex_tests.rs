//! Tests of `lex`.

use super::*;

fn words(source: &str) -> Vec<String> {
    let tokens = lex(source).expect("tokens");
    tokens
        .iter()
        .map(|token| match &token.kind {
            TokenKind::Name(name) => name.clone(),
            TokenKind::Number(value) => format!("{value:?}"),
            TokenKind::Text(text) => format!("'{text}'"),
            TokenKind::Operator(operator) => String::from(*operator),
            other => format!("{other:?}"),
        })
        .collect()
}

#[test]
fn lines_blocks_and_brackets() {
    let source = "# words\nif a:\n    b = (1,\n  2)\n\n    # more\n\tc\nd";
    let expected = "if a : Newline Indent b = ( 1.0 , 2.0 ) Newline Indent c Newline Dedent Dedent d Newline End";
    assert_eq!(words(source).join(" "), expected);
    assert_eq!(words("a \\\n + b;c").join(" "), "a + b ; c Newline End");
    assert_eq!(words("").join(" "), "End");
    assert_eq!(words("\u{feff}a\r\nb\r\n").join(" "), "a Newline b Newline End");
}

#[test]
fn numbers_and_texts() {
    assert_eq!(words("1_000 .5 1e-8 0x1F 2.").join(" "), "1000.0 0.5 1e-8 31.0 2.0 Newline End");
    assert_eq!(words("'a\\'b' \"\"\"c\nd\"\"\"").join(" "), "'a'b' 'c\nd' Newline End");
}

#[test]
fn hangul_apart_is_hangul_composed() {
    assert_eq!(words("\u{1112}\u{1167}\u{11ab}\u{110c}\u{1162}\u{1100}\u{1161}")[0], "현재가");
}

#[test]
fn faults_say_where() {
    let check = |source: &str, line: u32, column: u32, words: &str| {
        let problem = lex(source).expect_err("wrong");
        assert_eq!((problem.line, problem.column), (line, column), "{problem}");
        assert!(problem.english.contains(words), "{problem}");
    };
    check("a\n현재가 ＞ 3", 2, 5, "write `>`");
    check("a = (1", 1, 5, "never closed");
    check("a = 1)", 1, 6, "no `(`");
    check("a = 'x\nb", 1, 5, "never closed");
    check("a = 012", 1, 5, "not a number");
    check("a = 1e999", 1, 5, "not a number");
    check("if a:\n    b\n  c", 3, 1, "indentation");
    check("a\u{200b}b", 1, 2, "U+200B");
    check(&"(".repeat(100), 1, 65, "nested");
    let deep: String = (0..100).map(|depth| format!("{}if a:\n", " ".repeat(depth))).collect();
    check(&deep, 66, 1, "nested");
    check(&"x".repeat(SOURCE_BYTES_MAX + 1), 1, 1, "split");
}
