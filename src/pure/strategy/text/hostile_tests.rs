//! Texts that nobody means well with: whatever they are, they are refused or run, and never panic, hang or grow.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::*;

/// A seeded generator (SplitMix64): a failing seed repeats.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % below as u64) as usize
    }

    pub(super) fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.next(from.len())]
    }
}

/// Pieces that texts are made of, and pieces that they should not be made of.
pub(super) const PIECES: &[&str] = &[
    "현재가",
    "등락율",
    "매수",
    "a",
    "b",
    "x",
    "0",
    "1",
    "-1",
    "60",
    "1e308",
    "0.1",
    "99999999999999999999",
    "True",
    "None",
    "'글'",
    "종목코드",
    "이동평균(60)",
    "이동평균(a, b)",
    "최고현재가(",
    "현재가N(1)",
    "현재가N(",
    "등락율각도(30)",
    "경과틱수(급등)",
    "변동성급증(a, b)",
    "이평지지후이평돌파(",
    "self.indicator['RSI'] = [14]",
    "self.vars[0]",
    "self.Buy()",
    "self.Sell()",
    "self",
    ".",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ";",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "+=",
    "not",
    "and",
    "or",
    "in",
    "is",
    "if",
    "elif",
    "else",
    "for",
    "while",
    "def",
    "lambda",
    "return",
    "pass",
    "import os",
    "range(3)",
    "for i in range(10000):",
    "\n",
    "\n",
    "\n    ",
    "\n        ",
    "\t",
    " ",
    "\\\n",
    "#",
    "\"\"\"",
    "'",
    "\u{feff}",
    "\u{200b}",
    "＞",
    "ᄒ",
    "ᅧ",
    "\u{0}",
    "1_0",
    "0x",
    "λ",
    "🙂",
    "round(",
    "max(",
    "min([])",
    "sum(",
    "len(",
];

pub(super) fn text_of_pieces(random: &mut Random) -> String {
    let count = 1 + random.next(60);
    let mut text = String::new();
    for _ in 0..count {
        text += random.pick(PIECES);
        if random.next(3) > 0 {
            text.push(' ');
        }
    }
    text
}

/// An expression that parses: hostile in what it does.
fn expression(random: &mut Random, depth: usize) -> String {
    if depth == 0 {
        return String::from(random.pick(&[
            "현재가",
            "등락율",
            "a",
            "b",
            "0",
            "1",
            "-1",
            "3",
            "1e300",
            "0.1",
            "None",
            "True",
            "self.vars[1]",
        ]));
    }
    let (left, right) = (expression(random, depth - 1), expression(random, depth - 1));
    match random.next(16) {
        0 => format!("({left} / {right})"),
        1 => format!("({left} ** {right})"),
        2 => format!("({left} % {right} // {left})"),
        3 => format!("({left} < {right} <= {left})"),
        4 => format!("(not {left} and {right} or {left})"),
        5 => format!("({left} if {right} else {left})"),
        6 => format!("이동평균(int({left}), {right})"),
        7 => format!("현재가N({left})"),
        8 => format!("round({left}, int({right}))"),
        9 => format!("[{left}, {right}][{left}]"),
        10 => format!("({left} in ({right}, {left}))"),
        11 => format!("f({left}, {right})"),
        12 => format!("변동성급증({left}, {right})"),
        13 => format!("이평지지(int({left}), 5, {right}, 1)"),
        14 => format!("max({left}, -{right}) - 등락율각도(abs(int({right})))"),
        _ => format!("({left} * {right} + {left})"),
    }
}

pub(super) fn program_of_expressions(random: &mut Random) -> String {
    let mut text = String::from("f = lambda x, y: x * y - 현재가\na = 1\nb = 2\n");
    for _ in 0..1 + random.next(6) {
        let depth = 1 + random.next(4);
        let value = expression(random, depth);
        text += &match random.next(5) {
            0 => format!("if {value}:\n    a = {value}\n"),
            1 => format!("for i in range({}):\n    b = {value}\n", random.next(10_000)),
            2 => format!("for i in range(200):\n    for j in range(200):\n        a = {value}\n"),
            3 => format!("b += {value}\n"),
            _ => format!("c{} = {value}\n", random.next(9)),
        };
    }
    text + "if a > b:\n    self.Buy()\n"
}

/// Loads a text and, if it is one, runs it over a few rows with strange numbers. Says whether it loaded.
fn survive(source: &str) -> bool {
    let options =
        Options { mode: Mode::Tick, vars: Some(alloc::vec![30.0, 1.5]), conditions: Some(alloc::vec!["급등".into()]) };
    let mut plan = Plan::default();
    let program = match compile(source, Part::Buy, &options, &mut plan) {
        Ok(program) => program,
        Err(problem) => {
            let lines = source.lines().count().max(1) as u32 + 1;
            assert!(problem.line >= 1 && problem.line <= lines && problem.column >= 1, "{problem}\n{source}");
            assert!(!problem.korean.is_empty() && !problem.english.is_empty());
            return false;
        }
    };
    assert!(plan.kept.values() <= VALUES_MAX && plan.kept.windows.len() <= WINDOWS_MAX);
    let explainer = Explainer::of(source, Part::Buy, &options, &mut plan).expect("compiled before");
    let mut history = History::new(&plan.kept);
    let mut slots = alloc::vec![0.0; program.slots()];
    for value in [0.0, 1.0, -3.5, 1e15, 1e-8] {
        let row = [value; COLUMN_COUNT];
        history.push(&row, &plan.kept);
        slots[..COLUMN_COUNT].copy_from_slice(&row);
        let mut frame = Frame::new(&mut slots, &history, Market { stock: false });
        let signal = program.run(&mut frame);
        assert!(!(signal && frame.fault.is_some()), "{source}");
        // What is explained later is what was decided, also where it ends in a fault or by the limit of work.
        let mut copy = Vec::from(&row[..]);
        copy.resize(explainer.slots(), 0.0);
        let fault = frame.fault;
        let told = explainer.explain(&mut Frame::new(&mut copy, &history, Market { stock: false }));
        assert_eq!((told.signal, told.fault), (signal, fault), "{source}");
        // One more round of a loop, or one call, may still be counted after the limit.
        assert!(frame.steps < 3 * STEPS_MAX, "{source}");
    }
    true
}

#[test]
fn pieces_in_any_order_are_refused_or_run() {
    let mut random = Random(5);
    (0..8_000).for_each(|_| {
        survive(&text_of_pieces(&mut random));
    });
}

#[test]
fn texts_that_parse_and_mean_harm_run() {
    let mut random = Random(6);
    let loaded = (0..600).filter(|_| survive(&program_of_expressions(&mut random))).count();
    assert!(loaded > 100, "only {loaded} loaded: they are hostile in the wrong way");
}

#[test]
fn changed_bytes_of_a_good_text_are_refused_or_run() {
    let good = "매수 = True\nif not (3 <= 등락율 <= 25):\n    매수 = False\nelif not (현재가 > 이동평균(60) * 1.01):\n    매수 = False\n\
                for i in range(3):\n    a = 현재가N(i)\nif 매수:\n    self.Buy()\n";
    let mut random = Random(7);
    for _ in 0..2_000 {
        let mut chars: Vec<char> = good.chars().collect();
        for _ in 0..1 + random.next(4) {
            let place = random.next(chars.len());
            match random.next(3) {
                0 => drop(chars.remove(place)),
                1 => chars.insert(place, random.pick(PIECES).chars().next().unwrap_or('x')),
                _ => chars.swap(place, random.next(good.chars().count() - 8).min(place)),
            }
        }
        survive(&chars.into_iter().collect::<String>());
    }
}

#[test]
fn deep_and_wide_texts_are_refused_or_run() {
    for piece in [
        "(", "[", "not ", "-", "f(", "1 if ", "lambda: ", "a.", "a[", "2 ** ", "1 + ", "a and ", "a < ", "'a' ", "if a: ", "-(",
        "{",
    ] {
        for count in [10, 64, 65, 199, 201, 5_000, SOURCE_BYTES_MAX / piece.len()] {
            survive(&format!("x = {}1", piece.repeat(count)));
        }
    }
    // Arguments that only a running text knows are calculated once, however often a function uses them.
    assert!(survive(&format!("y = {}현재가{}\n", "변동성(1 + ".repeat(60), ")".repeat(60))));
    assert!(survive(&"y = 체결강도급등및호가상승압력()\n".repeat(600)));
    survive(&format!("x = {}1{}", "(".repeat(64), ")".repeat(64)));
    assert!(survive(&format!("x = {}1{}", "(-".repeat(64), ")".repeat(64))));
    assert!(survive(&format!("x = 1\n{}", "if x: x += 1\nelif x: x = 2\n".repeat(1_000))));
    assert!(survive(&"v = 1\n".repeat(10_000)));
    assert!(survive(&(0..3_000).map(|index| format!("v{index} = {index}\n")).collect::<String>()));
    assert!(!survive(&(0..3_000).map(|index| format!("v{index} = v{}\n", index + 1)).collect::<String>()));
    assert!(survive(&(0..2_000).map(|index| format!("v = '{index}'\n")).collect::<String>()));
    // Each helper calls the one before it twice: 2^40 calls, if nobody counted.
    let doubling: String = (1..40).map(|index| format!("f{index} = lambda x: f{0}(x) + f{0}(x)\n", index - 1)).collect();
    assert!(survive(&format!("f0 = lambda x: x\n{doubling}y = f39(1)\n")));
    assert!(survive(&format!("y = {}\n", "이동평균(현재가) + ".repeat(150) + "1")));
}
