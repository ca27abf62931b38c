//! `jangbu strategy list`, `show`, `diff`, `run`: on a journal whose session loaded and edited a text.

use std::path::Path;

use jangbu::account::SessionId;
use jangbu::data::history::{History, Moment};
use jangbu::data::synthetic::{SyntheticSettings, SyntheticTrades};
use jangbu::event::Command;
use jangbu_journal::Nanos;

use crate::made::{command, market_session};
use crate::program::{check, folder, json};

const FIRST: &str = "# first\nif not (등락율 > 3):\n    매수 = False\nif 매수:\n    self.Buy()\n";
const SECOND: &str = "# first\nif not (등락율 > 5):\n    매수 = False\nif 매수:\n    self.Buy()\n";

/// Twenty minutes of one market; the text is loaded, told again as it was, and edited.
fn journal(dir: &Path) {
    let settings = SyntheticSettings { trades: 12_000, step_ns: 100_000_000, ..SyntheticSettings::default() };
    let mut made = SyntheticTrades::new(settings);
    let mut history: Vec<Moment> = std::iter::from_fn(|| made.next().expect("made in memory")).collect();
    let text = |text: &str| Command::StrategyText { name: "buy.py".into(), text: text.into() };
    let say = |at: Nanos, what: Command| (at, None, command(what));
    let (start, end) = (settings.start, history.last().expect("trades").0);
    let session = SessionId(1);
    let opening = [
        say(start, Command::SessionStarted { session, build: "made".into(), mode: "paper".into() }),
        say(start, text(FIRST)),
        say(start, text(FIRST)),
    ];
    history.splice(0..0, opening);
    history.insert(6_000, say(history[6_000].0, text(SECOND)));
    history.push(say(end, Command::SessionEnded { session }));
    market_session(dir, session, history, 1_000_000);
}

#[test]
fn versions_of_a_text_are_listed_shown_and_compared() {
    let dir = folder();
    let dir = dir.path();
    journal(&dir.join("book"));
    let listed = json(&check(dir, &["strategy", "list", "--journal", "book", "--json"], 0).0);
    let rows = listed["texts"].as_array().expect("rows");
    assert_eq!(rows.len(), 2, "{listed}");
    assert_eq!((&rows[1]["name"], &rows[1]["version"], &rows[1]["lines"]), (&"buy.py".into(), &2.into(), &5.into()));
    assert!(rows[0]["seq"].as_u64() < rows[1]["seq"].as_u64() && rows[0]["time"].as_str() < rows[1]["time"].as_str());
    let (out, _) = check(dir, &["strategy", "list", "--journal", "book"], 0);
    assert!(out.starts_with("buy.py@1  2024-01-01 09:00:00.000  seq 2") && out.lines().count() == 2, "{out}");

    assert_eq!(check(dir, &["strategy", "show", "buy.py", "--journal", "book"], 0).0, SECOND);
    assert_eq!(check(dir, &["strategy", "show", "buy.py@1", "--journal", "book"], 0).0, FIRST);
    let (_, err) = check(dir, &["strategy", "show", "buy.py@3", "--journal", "book"], 3);
    assert!(err.contains("versions 1 to 2"), "{err}");
    let (_, err) = check(dir, &["strategy", "show", "sell.py", "--journal", "book"], 3);
    assert!(err.contains("`sell.py`") && err.contains("buy.py"), "{err}");

    let (out, _) = check(dir, &["strategy", "diff", "buy.py", "--journal", "book"], 0);
    assert!(out.starts_with("--- buy.py@1\n+++ buy.py@2\n"), "{out}");
    assert!(out.contains("-if not (등락율 > 3):") && out.contains("+if not (등락율 > 5):"), "{out}");
    let both = json(&check(dir, &["strategy", "diff", "buy.py@2", "buy.py@2", "--journal", "book", "--json"], 0).0);
    assert_eq!((&both["diff"], &both["old"]["version"]), (&"".into(), &2.into()));
    check(dir, &["strategy", "diff", "buy.py@1", "--journal", "book"], 3);
}

#[test]
fn a_text_is_run_on_a_recorded_session() {
    let dir = folder();
    let dir = dir.path();
    journal(&dir.join("book"));
    std::fs::write(dir.join("in.py"), "if not (현재가 > 현재가N(2)):\n    매수 = False\nif 매수:\n    self.Buy()\n")
        .expect("written");
    std::fs::write(dir.join("out.py"), "if 보유시간 >= 2:\n    매도 = True\nif 매도:\n    self.Sell()\n").expect("written");
    let base = ["strategy", "run", "in.py", "--on", "book", "--set", "rows=minute", "--set", "average=1", "--json"];
    let run = |more: &[&str]| json(&check(dir, &[&base[..], more].concat(), 0).0);
    let (alone, both) = (run(&[]), run(&["--with", "out.py"]));
    let orders = |report: &serde_json::Value| report["orders"].as_u64().expect("a number");
    assert_eq!(orders(&alone), 1, "bought, and never sold: {alone}");
    assert!(orders(&both) >= 4, "{both}");
    assert_eq!(both["state_digest"], run(&["--with", "out.py"])["state_digest"], "twice the same");
    let held = run(&["--set", "holding_seconds_max=30"]);
    assert!(orders(&held) > orders(&alone) && held["ticks"].as_u64() > Some(0), "the rules sell it: {held}");
    let (_, err) = check(dir, &["strategy", "run", "in.py", "--with", "in.py", "--on", "book"], 2);
    assert!(err.contains("both"), "{err}");
    let (_, err) = check(dir, &["strategy", "run", "in.py", "--on", "book", "--set", "stop_los=3"], 2);
    assert!(err.contains("`stop_loss`"), "{err}");
    check(dir, &["strategy", "run", "in.py", "--on", "nothing"], 3);
}

/// The text buys on the row after a rise, and the rules sell; every order is in the journal with the text that caused it.
fn traded(dir: &Path) {
    std::fs::write(
        dir.join("in.py"),
        "if not (현재가 > 현재가N(2)):\n    매수 = False\nelif not (현재가 > 이동평균(3) * 1.0001 and 종목코드 != '없음'):\n    매수 = False\n\
         if 매수:\n    self.Buy()\n",
    )
    .expect("written");
    let settings = "[[strategy]]\nname = \"text\"\nparameters = { buy = \"in.py\", rows = \"minute\", average = 1, \
                    holding_seconds_max = 30 }\n";
    std::fs::write(dir.join("set.toml"), settings).expect("written");
    journal(&dir.join("book"));
    check(dir, &["backtest", "--session", "1", "--journal", "book", "--config", "set.toml", "--keep", "kept"], 0);
}

#[test]
fn a_decision_is_explained_from_its_journal_alone() {
    let dir = folder();
    let dir = dir.path();
    traded(dir);
    std::fs::remove_file(dir.join("in.py")).expect("there");
    let explain = |more: &[&str], code| check(dir, &[&["strategy", "explain", "--on", "kept"], more].concat(), code).0;
    let told = json(&explain(&["--orders", "3", "--json"], 0));
    assert_eq!(told["decided_otherwise"], 0, "{told}");
    let rows = told["rows"].as_array().expect("rows");
    assert!(rows.len() == 3 && told["rows_seen"].as_u64() > told["rows_with_signal"].as_u64(), "{told}");
    let (row, clauses) = (&rows[0], &rows[0]["texts"][0]["clauses"]);
    assert_eq!((&row["orders"][0]["side"], &row["texts"][0]["signal"]), (&"buy".into(), &true.into()), "{row}");
    assert_eq!(
        (&clauses[0]["line"], &clauses[0]["text"], &clauses[0]["holds"]),
        (&1.into(), &"현재가 > 현재가N(2)".into(), &true.into())
    );
    let side = |place: usize| clauses[1]["sides"][place]["value"].as_f64().expect("a number");
    assert!(clauses[1]["sides"][1]["text"] == "이동평균(3) * 1.0001" && side(0) > side(1), "{clauses}");
    assert_eq!(clauses[2]["sides"][0]["value"], row["instrument"]["symbol"], "{clauses}");
    // A row without a signal says what stopped it; the event before it has the same row next.
    let seq = row["seq"].as_u64().expect("a seq");
    let earlier = json(&explain(&["--at", "100", "--json"], 0));
    assert!(earlier["rows"][0]["seq"].as_u64().is_some_and(|first| first < seq), "{earlier}");
    let at = |seq: u64| json(&explain(&["--at", &seq.to_string(), "--json"], 0))["rows"][0].clone();
    assert_eq!((&at(seq), &at(seq - 1)), (row, row));
    let mut stopped = earlier["rows"][0].clone();
    while stopped["texts"][0]["ran"] != true || stopped["texts"][0]["signal"] == true {
        stopped = at(stopped["seq"].as_u64().expect("a seq") + 1);
    }
    let text = &stopped["texts"][0];
    let by = text["stopped_by"].as_u64().expect("stopped by a clause") as usize;
    assert_eq!(text["clauses"][by]["holds"], false, "{stopped}");
    let shown = explain(&["--orders", "1"], 0);
    assert!(shown.contains("현재가N(2) = ") && shown.contains("=> J1-") && shown.contains("참 · true"), "{shown}");
    explain(&["--instrument", "NONE"], 1);
    explain(&["--strategy", "7"], 1);
    explain(&["--at", "999999999"], 2);
}
