//! Texts, compiled and run: what they say, what is refused, and hostile ones.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::*;

fn options() -> Options {
    Options { mode: Mode::Tick, vars: Some(vec![30.0, 1.5]), conditions: Some(vec!["급등".into()]) }
}

/// A row with these columns, the others 0.
fn row(values: &[(&str, f64)]) -> Row {
    let mut row = [0.0; COLUMN_COUNT];
    for (name, value) in values {
        row[column(name, Mode::Tick).expect("a column")] = *value;
    }
    row
}

/// Runs a buy text over `rows`; what it gave on the last: a signal, nothing, or a fault.
fn last(source: &str, rows: &[Row]) -> Result<bool, Fault> {
    let mut plan = Plan::default();
    let program = compile(source, Part::Buy, &options(), &mut plan).unwrap_or_else(|problem| panic!("{problem}\n{source}"));
    let mut history = History::new(&plan.kept);
    let mut slots = vec![0.0; program.slots()];
    slots[names::slot("종목코드")] = plan.number_of("KRW-BTC");
    let mut outcome = Ok(false);
    for row in rows {
        history.push(row, &plan.kept);
        slots[..COLUMN_COUNT].copy_from_slice(row);
        slots[names::slot("데이터길이")] = history.count() as f64;
        let mut frame = Frame::new(&mut slots, &history, Market { stock: false });
        let signal = program.run(&mut frame);
        outcome = frame.fault.map_or(Ok(signal), Err);
        assert!(outcome.is_ok() || !signal, "a fault and a signal");
    }
    outcome
}

/// Prices as rows.
fn prices(prices: &[f64]) -> Vec<Row> {
    prices.iter().map(|&price| row(&[("현재가", price), ("등락율", price / 10.0)])).collect()
}

/// Whether an expression holds on the last of three rows with prices 10, 20, 40.
fn holds(expression: &str) -> bool {
    let source = format!("매수 = True if ({expression}) else False\nif 매수:\n    self.Buy()\n");
    last(&source, &prices(&[10.0, 20.0, 40.0])).unwrap_or_else(|fault| panic!("{expression}: {fault:?}"))
}

#[test]
fn operators_mean_what_they_mean_in_python() {
    for yes in [
        "3 <= 등락율 <= 25",
        "1 < 2 < 3 > 2",
        "not 현재가 == 41 and True",
        "현재가 in (1, 2, 40)",
        "현재가 not in [1, 2]",
        "7 // 2 == 3 and -7 // 2 == -4 and -7 % 3 == 2 and 7 % -3 == -2",
        "2 ** 3 ** 2 == 512",
        "-2 ** 2 == -4",
        "round(2.5) == 2 and round(2.675, 2) == 2.67 and int(-2.7) == -2",
        "max(1, 현재가, 3) == 40 and min([5, 2]) == 2",
        "(현재가 if 현재가 > 50 else 7) == 7",
        "(0 or 5) == 5 and (0 and 5) == 0 and (3 or 5) == 3",
        "True + True == 2",
        "종목코드 == 'KRW-BTC' and 종목코드 != 'x' and 종목코드 in ('KRW-BTC', 'y')",
        "self.vars[1] * 2 == 3",
        "abs(-3) == 3 and float(2) == 2 and sum([1, 2, 3]) == 6 and len((1, 2)) == 2",
        "[1, 2, 3][-1] == 3",
        "(None if 현재가 > 50 else 1) == 1",
        "(None if 현재가 > 5 else 1) is None",
        "1_000 == 1e3 and 0x10 == 16 and .5 == 1 / 2",
    ] {
        assert!(holds(yes), "{yes}");
    }
    for no in
        ["현재가 > 40", "1 < 1", "3 <= 등락율 <= 3.5", "등락율 and 0", "None", "'a' == 'b'", "현재가 == None", "0.1 + 0.2 == 0.3"]
    {
        assert!(!holds(no), "{no}");
    }
}

#[test]
fn functions_look_back_as_far_as_they_say() {
    for yes in [
        "현재가N(0) == 40 and 현재가N(1) == 20 and 현재가N(2) == 10 and 현재가N(3) == 0 and 현재가N(-1) == 0",
        "이동평균(2) == 30 and 이동평균(2, 1) == 15 and 이동평균(3) == 23.33333333 and 이동평균(4) == 0 and 이동평균(3, 1) == 0",
        "최고현재가(3) == 40 and 최고현재가(2, 1) == 20 and 최저현재가(3) == 10 and 최저현재가(2) == 20",
        // 등락율 rises from 1 to 4 in three rows: atan2(3 × 10, 3).
        "등락율각도(3) == 84.29 and 등락율각도(1) == 0 and 등락율각도(4) == 0",
        "이동평균(데이터길이) == 이동평균(3) and 현재가N(데이터길이 - 1) == 10 and 최고현재가(데이터길이 - 1, 1) == 20",
        "등락율각도(데이터길이) == 등락율각도(3) and 이동평균(데이터길이 + 1) == 0",
        "초당거래대금평균(3) == 0 and 누적초당매수수량(2) == 0",
    ] {
        assert!(holds(yes), "{yes}");
    }
}

#[test]
fn statements_do_what_they_do_in_python() {
    let check = |source: &str, expected: bool| {
        assert_eq!(last(source, &prices(&[10.0, 20.0, 40.0])), Ok(expected), "{source}");
    };
    // Without the call, the flag decides at the end.
    check("매수 = 현재가 == 40", true);
    check("if not (현재가 > 50):\n    매수 = False", false);
    check("if not (현재가 > 30):\n    매수 = False\nelif not (등락율 < 5):\n    매수 = False\nif 매수:\n    self.Buy()", true);
    check("a = 0\nfor i in range(5):\n    a += i\n매수 = a == 10 and i == 4", true);
    check("a = 1\nfor i in range(10, 0, -3):\n    a *= 2\n매수 = a == 16 and i == 1", true);
    check("a = [1, 2]\na = [a[1], a[0]]\nb = a\n매수 = b[0] == 2 and 1 in b", true);
    check("def 두배(x): return x * 2\ng = lambda x, y: 두배(x) - y\n매수 = g(두배(3), g(1, 1)) == 11", true);
    check("def f(x):\n    return x + 바깥\n바깥 = 5\n매수 = f(1) == 6", true);
    check("'''설명'''\npass\nx = None\nif 현재가 > 30: x = 3\n매수 = x is not None and x == 3", true);
    check("x = None\n매수 = x is None and not x", true);
    check("if 현재가 > 30:\n    y = 1\nelse:\n    y = 2\n매수 = y == 1", true);
    check("이름 = 종목코드\n매수 = 이름 == 'KRW-BTC'", true);
    // Variables begin anew with each row: the first row alone gives z a value.
    check("if 데이터길이 > 1:\n    z = 1\nself.Buy()", true);
}

#[test]
fn faults_are_no_signal_and_know_their_line() {
    let check = |source: &str, kind: FaultKind, line: u32| {
        assert_eq!(last(source, &prices(&[10.0, 20.0])), Err(Fault { kind, line }), "{source}");
    };
    check("self.Buy()\na = 1 / (현재가 - 20)", FaultKind::NotANumber, 2);
    check("a = 현재가 // 0", FaultKind::NotANumber, 1);
    check("a = 1e308 * 현재가 * 10", FaultKind::NotANumber, 1);
    check("a = (-현재가) ** 0.5", FaultKind::NotANumber, 1);
    check("if 데이터길이 == 1:\n    z = 1\na = z", FaultKind::Unset, 3);
    check("x = None\n매수 = x > 1", FaultKind::Nothing, 2);
    check("x = [1, 2]\ny = x[현재가]", FaultKind::OutOfRange, 2);
    check("y = 이동평균(현재가 - 30)", FaultKind::OutOfRange, 1);
    check("y = 현재가N(현재가 / 3)", FaultKind::OutOfRange, 1);
    check("for i in range(10000):\n    for j in range(10000):\n        a = i * j", FaultKind::TooLong, 2);
    check(
        "a = lambda x: x + 1\nb = lambda x: a(a(a(a(x))))\nfor i in range(9999):\n    c = b(b(b(b(b(b(b(b(i))))))))",
        FaultKind::TooLong,
        2,
    );
}

#[test]
fn what_is_not_of_the_language_is_refused_with_its_place() {
    let check = |source: &str, line: u32, column: u32, words: &str| {
        let problem = compile(source, Part::Buy, &options(), &mut Plan::default()).expect_err(source);
        assert_eq!((problem.line, problem.column), (line, column), "{problem}");
        assert!(problem.english.contains(words), "{problem}");
        assert!(!problem.korean.is_empty());
    };
    check("if 현제가 > 3:\n    매수 = False", 1, 4, "did you mean `현재가`");
    check("a = 이동평군(3)", 1, 5, "did you mean `이동평균`");
    check("a = 이동평균", 1, 5, "이동평균(n, k=0)");
    check("a = 이동평균()", 1, 5, "이동평균(n, k=0)");
    check("a = 현재가(3)", 1, 5, "현재가N(k)");
    check("a = 현재가N()", 1, 5, "현재가N(k)");
    check("a = 분당매수수량", 1, 5, "did you mean `초당매수수량`");
    check("a = 수익률", 1, 5, "not a known name");
    check("현재가 = 3", 1, 1, "choose another");
    check("a = 3\n a", 2, 1, "same column");
    check("현재가 > 3", 1, 1, "does nothing");
    check("self.Sell()", 1, 1, "self.Buy()");
    check("self.Buy(현재가, 없는것)", 1, 15, "not a known name");
    check("x = self.Buy()", 1, 5, "line of its own");
    check("self.buy()", 1, 1, "self.Buy()");
    check("x = self.vars[5]", 1, 15, "2 values");
    check("x = self.vars[현재가]", 1, 15, "constant");
    check("x = self.price", 1, 5, "self.vars");
    check("self.indicator['MACD'] = [12, 26, 9]", 1, 16, "minute mode only");
    check("print(현재가)", 1, 1, "prints nothing");
    check("a = 종목코드 + 1", 1, 5, "text where a number");
    check("a = 종목코드 > 'a'", 1, 5, "only be compared");
    check("a = 종목코드 == 3", 1, 5, "only be compared");
    check("if 종목코드:\n    pass", 1, 4, "neither true nor false");
    check("a = 1\na = 'x'", 1, 5, "two names");
    check("a = [1, 2]\na = 3", 2, 1, "another number of values");
    check("a = [1, 2]\nb = a + 1", 2, 5, "pick one");
    check("a = (1, 2)[2]", 1, 12, "from 0 to 1");
    check("for i in (1, 2):\n    pass", 1, 10, "range(n)");
    check("for i in range(현재가):\n    pass", 1, 10, "constant");
    check("for i in range(10001):\n    pass", 1, 10, "10000");
    check("a = 이동평균(0)", 1, 10, "from 1 to");
    check("a = 이동평균(2.5)", 1, 10, "from 1 to");
    check("a = 이동평균(60, -2)", 1, 14, "row of the buy");
    check("a = 현재가N(100000)", 1, 10, "86400");
    check("a = 경과틱수('급락')", 1, 10, "급등");
    check("b += 1", 1, 1, "no line gives");
    check("f = lambda x: f(x)", 1, 15, "not a known name");
    check("def f(x): return x\ndef f(y): return y", 2, 5, "taken");
    check("if 매수:\n    def f(x): return x", 2, 9, "outside of blocks");
    check("a = 현재가 in 3", 1, 12, "a list is expected");
    check("a, b = 1, 2", 1, 1, "only a name");
    let windows: String = (1..300).map(|length| format!("a = 이동평균({length})\n")).collect();
    check(&windows, 257, 5, "too far");
    let deep: String =
        ["현재가", "등락율", "체결강도", "초당매수수량"].iter().map(|name| format!("a = {name}N(86000)\n")).collect();
    check(&deep, 4, 13, "too far");
}

#[test]
fn indicators_and_helpers_are_refused_with_what_is_expected() {
    let minute = Options { mode: Mode::Minute, ..options() };
    let check = |source: &str, line: u32, column: u32, words: &str| {
        let problem = compile(source, Part::Buy, &minute, &mut Plan::default()).expect_err(source);
        assert_eq!((problem.line, problem.column), (line, column), "{problem}");
        assert!(problem.english.contains(words) && !problem.korean.is_empty(), "{problem}");
    };
    check("self.indicator['RSX'] = [14]", 1, 16, "did you mean `RSI`");
    check("self.indicator['SMA'] = [14]", 1, 16, "not a known indicator");
    check("self.indicator[3] = [14]", 1, 16, "name of an indicator");
    check("self.indicator['RSI'] = [1]", 1, 25, "value 1 of RSI (period) is a whole number from 2 to 10000");
    check("self.indicator['RSI'] = [14, 3]", 1, 25, "at most 1");
    check("self.indicator['RSI'] = [현재가]", 1, 26, "constant");
    check("self.indicator['RSI'] = [14]\nself.indicator['RSI'] = 15", 2, 25, "[14.0]");
    check("if 매수:\n    self.indicator['RSI'] = [14]", 2, 20, "outside of blocks");
    check("a = self.indicator['RSI']", 1, 5, "by its name");
    check("a = RSI(1)", 1, 5, "`RSI_N(k)`");
    check("a = RSIN(1)", 1, 5, "did you mean `RSI_N`");
    check("RSI = 3", 1, 1, "choose another");
    check("a = 초당거래대금", 1, 5, "분당거래대금");
    check("a = 이평돌파(0)", 1, 5, "from 1 to");
    check("a = 1\nb = 연속상승(1, 2)", 2, 5, "연속상승(횟수=3)");
    check("a = 변동성기반_동적청산()", 1, 5, "only the sell text");
    check("a = 이평돌판(3)", 1, 5, "did you mean `이평돌파`");
    check("a = RSI\nb = ATR_N(1) + RSI_N(100000)", 2, 22, "86400");
    let tick = compile("a = RSI", Part::Buy, &options(), &mut Plan::default()).expect_err("tick mode");
    assert_eq!((tick.line, tick.column), (1, 5));
}

#[test]
fn every_function_compiles_by_its_own_documentation() {
    for mode in [Mode::Tick, Mode::Minute] {
        for function in FUNCTIONS.iter().filter(|function| matches!(function.body, Body::Formula(_))) {
            let given: Vec<String> =
                function.parameters().filter_map(|(_, default)| default.map(|value| value.to_string())).collect();
            assert_eq!((given.len(), function.least), (function.most, 0), "{}", function.tick);
            for arguments in [given.join(", "), String::new()] {
                let source = format!("a = {}({arguments})", function.name(mode));
                let mut plan = Plan::default();
                let program = compile(&source, Part::Sell, &Options { mode, ..options() }, &mut plan);
                let program = program.unwrap_or_else(|problem| panic!("{source}: {problem}"));
                let used: Vec<&str> = program.uses.functions.iter().map(String::as_str).collect();
                assert_eq!(used, [function.name(mode)], "what it is made of is not what the text uses");
            }
        }
        let mut names: Vec<&str> = FUNCTIONS.iter().map(|function| function.name(mode)).filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(names.iter().all(|name| column(name, mode).is_none() && column_back(name, mode).is_none()));
    }
}

#[test]
fn uses_are_counted() {
    let mut plan = Plan::default();
    let source = "a = 이동평균(self.vars[0]) + 등락율\nif 시분초 > 90000 and 현재가N(1) > a:\n    self.Buy()";
    let program = compile(source, Part::Buy, &options(), &mut plan).expect("compiles");
    assert_eq!(program.uses.names.iter().collect::<Vec<_>>(), ["등락율", "시분초"]);
    assert_eq!(program.uses.functions.iter().collect::<Vec<_>>(), ["이동평균", "현재가N"]);
    assert_eq!(program.uses.vars.iter().collect::<Vec<_>>(), [&0]);
    assert_eq!((plan.kept.windows.len(), plan.kept.values()), (1, 31));
    assert!(format!("{program:?} {plan:?}").contains("Buy"));
}

#[test]
fn values_of_the_row_of_the_buy_stay() {
    let mut plan = Plan::default();
    let source = "if 현재가 < 현재가N(-1) and 이동평균(2, -1) == 15:\n    매도 = True";
    let program = compile(source, Part::Sell, &options(), &mut plan).expect("compiles");
    let mut history = History::new(&plan.kept);
    let mut slots = vec![0.0; program.slots()];
    let (mut pins, mut sold) = (Vec::new(), Vec::new());
    for (index, row) in prices(&[10.0, 20.0, 30.0, 19.0]).iter().enumerate() {
        history.push(row, &plan.kept);
        slots[..COLUMN_COUNT].copy_from_slice(row);
        let mut frame = Frame::new(&mut slots, &history, Market { stock: false });
        frame.pins = &pins;
        sold.push(program.run(&mut frame));
        if index == 1 {
            let mut taken = Vec::new();
            plan.pin(&mut frame, &mut taken);
            pins = taken;
        }
    }
    assert_eq!((sold, pins), (vec![false, false, false, true], vec![20.0, 15.0]));
}

#[test]
fn conditions_hold_or_do_not() {
    let mut plan = Plan::default();
    let program = compile_condition("현재가 > 15 and 등락율 < 3", &options(), &mut plan).expect("compiles");
    let mut slots = vec![0.0; program.slots()];
    let held: Vec<bool> = prices(&[10.0, 20.0, 30.0])
        .iter()
        .map(|row| {
            slots[..COLUMN_COUNT].copy_from_slice(row);
            program.run(&mut Frame::new(&mut slots, &History::default(), Market { stock: false }))
        })
        .collect();
    assert_eq!(held, [false, true, false]);
    assert!(compile_condition("현재가 > 15; 매수 = 1", &options(), &mut plan).is_err());
}
