//! Tests of `parse`.

use alloc::string::ToString;

use super::*;
use crate::strategy::text::tree::Comparison;

/// An expression fully bracketed, operators first.
fn show(expression: &Expression) -> String {
    let list = |items: &[Expression]| items.iter().map(show).collect::<Vec<_>>().join(" ");
    match &expression.kind {
        ExpressionKind::Number(value) => value.to_string(),
        ExpressionKind::Text(text) => format!("'{text}'"),
        ExpressionKind::Boolean(value) => value.to_string(),
        ExpressionKind::Nothing => "None".into(),
        ExpressionKind::Name(name) => name.clone(),
        ExpressionKind::Negate(value) => format!("(neg {})", show(value)),
        ExpressionKind::Not(value) => format!("(not {})", show(value)),
        ExpressionKind::Arithmetic(how, left, right) => format!("({how:?} {} {})", show(left), show(right)),
        ExpressionKind::And(items) => format!("(and {})", list(items)),
        ExpressionKind::Or(items) => format!("(or {})", list(items)),
        ExpressionKind::Compare(first, rest) => {
            let rest: String = rest.iter().map(|(how, next)| format!(" {how:?} {}", show(next))).collect();
            format!("({}{rest})", show(first))
        }
        ExpressionKind::Choose { condition, then, otherwise } => {
            format!("(if {} {} {})", show(condition), show(then), show(otherwise))
        }
        ExpressionKind::Call(callee, arguments) => format!("{}({})", show(callee), list(arguments)),
        ExpressionKind::List(items) => format!("[{}]", list(items)),
        ExpressionKind::Index(base, index) => format!("{}[{}]", show(base), show(index)),
        ExpressionKind::Attribute(base, name) => format!("{}.{name}", show(base)),
        ExpressionKind::Lambda(parameters, value) => {
            let names: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
            format!("(lambda {} {})", names.join(" "), show(value))
        }
    }
}

#[test]
fn precedence_is_that_of_python() {
    let check = |source: &str, expected: &str| {
        assert_eq!(show(&parse_expression(source).unwrap_or_else(|problem| panic!("{problem}"))), expected, "{source}");
    };
    check("1 + 2 * 3 - 4", "(Subtract (Add 1 (Multiply 2 3)) 4)");
    check("2 ** 3 ** 2", "(Power 2 (Power 3 2))");
    check("-2 ** 2", "(neg (Power 2 2))");
    check("2 ** -1", "(Power 2 -1)");
    check("-a * b", "(Multiply (neg a) b)");
    check("a // b % c", "(Remainder (FloorDivide a b) c)");
    check("not a == b and c or d", "(or (and (not (a Equal b)) c) d)");
    check("3 <= a <= 25", "(3 LessOrEqual a LessOrEqual 25)");
    check("a not in (1, 2) and b in [3]", "(and (a NotIn [1 2]) (b In [3]))");
    check("a is not None", "(a NotEqual None)");
    check("a if b else c if d else e", "(if b a (if d c e))");
    check("(a,)", "[a]");
    check("(a)", "a");
    check("()", "[]");
    check("lambda x, y: x + y", "(lambda x y (Add x y))");
    check("self.vars[3] * f(a, b)[0]", "(Multiply self.vars[3] f(a b)[0])");
    check("'a' \"b\"", "'ab'");
    let Ok(Expression { kind: ExpressionKind::Compare(_, rest), .. }) = parse_expression("a<b>c") else { panic!("a chain") };
    assert_eq!(rest.iter().map(|(how, _)| *how).collect::<Vec<_>>(), [Comparison::Less, Comparison::Greater]);
}

#[test]
fn statements_and_blocks() {
    let source = "매수 = True\nif a:\n    pass\nelif b: 매수 = False; c += 1\nelse:\n    for i in range(3):\n        d = i\n\
                  def f(x):\n    return x * 2\ng = lambda x: x\nif 매수:\n    self.Buy()\n";
    let statements = parse(source).expect("parsed");
    assert_eq!(statements.len(), 5);
    let Statement::If(branches, otherwise) = &statements[1] else { panic!("an if") };
    assert_eq!((branches.len(), branches[1].1.len(), otherwise.len()), (2, 2, 1));
    assert!(matches!(&otherwise[0], Statement::For { name, .. } if name.0 == "i"));
    assert!(matches!(&statements[2], Statement::Define { name, parameters, .. } if name.0 == "f" && parameters.len() == 1));
}

#[test]
fn what_is_refused_says_what_to_write() {
    let check = |source: &str, line: u32, column: u32, words: &str| {
        let problem = parse(source).expect_err("wrong");
        assert_eq!((problem.line, problem.column), (line, column), "{problem}");
        assert!(problem.english.contains(words), "{problem}");
    };
    check("while True:\n    pass", 1, 1, "for i in range");
    check("import os", 1, 1, "already");
    check("a = 1\nfrom os import path", 2, 1, "already");
    check("if a = 3:\n    pass", 1, 6, "`==`");
    check("if a & b:\n    pass", 1, 6, "write `and`");
    check("if a | b:\n    pass", 1, 6, "write `or`");
    check("a = b = 1", 1, 7, "one name a line");
    check("a: int = 1", 1, 2, "`=`");
    check("if a:\nb = 1", 2, 1, "pass");
    check("a = 1\n  b = 1", 2, 1, "same column");
    check("x = [i for i in a]", 1, 8, "line");
    check("x = {1: 2}", 1, 5, "list");
    check("f(a=1)", 1, 4, "without names");
    check("x = a[1:2]", 1, 8, "slices");
    check("def f(x):\n    y = x\n    return y", 2, 5, "one expression");
    check("def f(x=1): return x", 1, 8, "names alone");
    check("else:\n    pass", 1, 1, "same column");
    check("x = f'{a}'", 1, 5, "plain quotes");
    check("a +", 1, 4, "an expression");
    check("x = a b", 1, 7, "end of the line");
    check("x = (a := 1)", 1, 8, "write `=`");
    check("for i in range(3)\n    pass", 1, 18, "`:`");
    check(&format!("x = {}1", "not ".repeat(300)), 1, 809, "too deep");
    check(&format!("x = {}1", "-".repeat(300)), 1, 204, "too deep");
    check(&format!("x = 1{}", "+1".repeat(300)), 1, 5, "too deep");
    check(&format!("x = 1{}", "**1".repeat(300)), 1, 605, "too deep");
    check(&format!("x = {}1", "1 if 1 else ".repeat(300)), 1, 2405, "too deep");
    check(&format!("x = a{}", ".b".repeat(300)), 1, 5, "too deep");
}

#[test]
fn long_joined_conditions_are_flat() {
    let source = format!("x = {}a", "a > 1 and ".repeat(3_000));
    let statements = parse(&source).expect("parsed");
    let Statement::Assign(_, value) = &statements[0] else { panic!("an assignment") };
    assert!(matches!(&value.kind, ExpressionKind::And(parts) if parts.len() == 3_001) && value.depth < 5);
}
