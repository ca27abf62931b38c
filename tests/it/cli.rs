//! The program as a person runs it: its words, its JSON, its exit codes.

use std::process::Command;

use crate::program::{check, folder, json};

#[test]
fn help_and_version_answer_and_nonsense_is_wrong_use() {
    let dir = folder();
    assert!(check(dir.path(), &["--help"], 0).0.contains("config"));
    assert!(check(dir.path(), &["--version"], 0).0.starts_with("jangbu "));
    assert_eq!(json(&check(dir.path(), &["version", "--json"], 0).0)["name"], "jangbu");
    check(dir.path(), &[], 2);
    check(dir.path(), &["nonsense"], 2);
    check(dir.path(), &["config", "show", "--nonsense"], 2);
}

#[test]
fn settings_are_written_once_and_checked_line_by_line() {
    let dir = folder();
    check(dir.path(), &["config", "check"], 3);
    check(dir.path(), &["config", "init"], 0);
    let (_, err) = check(dir.path(), &["config", "init"], 3);
    assert!(err.contains("jangbu.toml"), "{err}");
    check(dir.path(), &["config", "check"], 0);
    std::fs::write(dir.path().join("jangbu.toml"), "[risk]\norder_qyt_max = 1\n").expect("written");
    let (out, _) = check(dir.path(), &["config", "check"], 1);
    assert!(out.contains("jangbu.toml:2: risk.order_qyt_max") && out.contains("order_qty_max"), "{out}");
    let (out, _) = check(dir.path(), &["config", "check", "--json"], 1);
    assert_eq!(json(&out)["problems"][0]["at"], "jangbu.toml:2");
    check(dir.path(), &["config", "show"], 2);
    std::fs::write(dir.path().join("jangbu.toml"), [0xff, 0xfe]).expect("written");
    check(dir.path(), &["config", "check"], 2);
}

#[test]
fn settings_say_where_they_came_from() {
    let dir = folder();
    std::fs::write(dir.path().join("my.toml"), "[risk]\norder_qty_max = 1\nprice_band = 0.1\n").expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_jangbu"))
        .current_dir(dir.path())
        .env("JANGBU_RISK_ORDER_QTY_MAX", "0.5")
        .args(["config", "show", "--json", "--config", "my.toml"])
        .output()
        .expect("the program starts");
    let shown = json(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(shown["risk.order_qty_max"]["value"], "0.5");
    assert_eq!(shown["risk.order_qty_max"]["from"], "$JANGBU_RISK_ORDER_QTY_MAX");
    assert_eq!(shown["risk.price_band"]["from"], "my.toml:3");
    assert_eq!(shown["journal.dir"]["from"], "default");
}

#[test]
fn bench_measures_and_leaves_nothing_behind() {
    let dir = folder();
    let (out, _) = check(dir.path(), &["bench", "--events", "2k", "--json"], 0);
    let shown = json(&out);
    let lines = shown["lines"].as_array().expect("lines");
    assert!(lines.len() >= 4, "{out}");
    for line in lines {
        let ratio = &line["ratio"];
        let [min, median, max] = ["min", "median", "max"].map(|key| ratio[key].as_f64().expect("a number"));
        assert!(0.0 < min && min <= median && median <= max, "{line}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 0);
    let (out, _) = check(dir.path(), &["bench", "--events", "2k", "--only", "decode"], 0);
    assert!(out.starts_with("decode: "), "{out}");
    check(dir.path(), &["bench", "--only", "nonsense"], 2);
    check(dir.path(), &["bench", "--events", "2k", "--dir", "/proc/nowhere"], 3);
}

#[test]
fn functions_of_texts_are_listed() {
    let dir = folder();
    let (out, _) = check(dir.path(), &["strategy", "functions"], 0);
    assert!(out.contains("이동평균(n, k=0)\n    ") && out.contains("이평돌파(이평=60, 폭=1, 전=0)\n    "), "{out}");
    assert!(out.contains("초당매수수량평균(n, k=0) (분당매수수량평균)"), "{out}");
    let shown = json(&check(dir.path(), &["strategy", "functions", "급등", "--json"], 0).0);
    let functions = shown["functions"].as_array().expect("a list");
    let jump = functions.iter().find(|function| function["tick"] == "가격급등").expect("in the list");
    assert_eq!((&jump["parameters"][1]["name"], &jump["parameters"][1]["default"]), (&"폭".into(), &1.0.into()));
    assert!(jump["means"].as_str().expect("a formula").contains("현재가N(구간)"));
    assert!(functions.len() > 5 && functions.iter().all(|function| function["tick"] != "이동평균"));
}

#[test]
fn names_of_texts_are_listed_by_rows() {
    let dir = folder();
    let (out, _) = check(dir.path(), &["strategy", "names"], 0);
    assert!(out.contains("초당매수수량 초당매수수량N(k)\n    ") && out.contains("BUY_LONG [buy]\n    "), "{out}");
    assert!(!out.contains("RSI") && !out.contains("분봉고가"), "{out}");
    let shown = json(&check(dir.path(), &["strategy", "names", "RSI", "--rows", "minute", "--json"], 0).0);
    assert_eq!((&shown["names"][0]["name"], &shown["names"][0]["rows_back"]), (&"RSI".into(), &"RSI_N".into()));
}

#[test]
fn strategy_texts_are_checked_with_line_and_column() {
    let dir = folder();
    std::fs::write(dir.path().join("buy.py"), "if not (등락율 > self.vars[1] and 현재가 > 이동평균(60)):\n    매수 = False\n")
        .expect("written");
    let (out, _) = check(dir.path(), &["strategy", "check", "buy.py"], 0);
    assert!(out.contains("loads as a buy text") && out.contains("이동평균") && out.contains("등락율 매수 현재가"), "{out}");
    let shown = json(&check(dir.path(), &["strategy", "check", "buy.py", "--json"], 0).0);
    assert_eq!((&shown["loads"], &shown["windows"], &shown["vars"][0]), (&true.into(), &1.into(), &1.into()));
    std::fs::write(dir.path().join("sell.py"), "# 매도\nif 수익율 < -2:\n    매도 = True\nif 매도:\n    self.Sell()\n")
        .expect("written");
    let (out, _) = check(dir.path(), &["strategy", "check", "sell.py"], 1);
    assert!(out.starts_with("sell.py:2:4: `수익율`") && out.contains("`수익률`"), "{out}");
    let shown = json(&check(dir.path(), &["strategy", "check", "sell.py", "--json"], 1).0);
    assert_eq!((&shown["part"], &shown["problem"]["line"], &shown["problem"]["column"]), (&"sell".into(), &2.into(), &4.into()));
    check(dir.path(), &["strategy", "check", "none.py"], 3);
    std::fs::write(dir.path().join("bytes.py"), b"a = 1\n\xff\xfe").expect("written");
    let (_, err) = check(dir.path(), &["strategy", "check", "bytes.py"], 3);
    assert!(err.contains("bytes.py:2") && err.contains("UTF-8"), "{err}");
}
