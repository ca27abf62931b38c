//! Texts that are explained: which clauses are shown, with what numbers, and which of them stopped the text.

use alloc::string::ToString;
use alloc::vec;

use super::super::*;
use super::*;

/// The rows a text is tried on: 현재가 and 등락율, each next a row later.
const ROWS: &[(f64, f64)] = &[(100.0, 1.0), (102.0, 4.0), (101.0, 30.0)];

/// What a buy text does on the last of the rows.
fn explained(source: &str) -> Explanation {
    let options = Options { mode: Mode::Tick, vars: Some(vec![3.0]), conditions: None };
    let mut plan = Plan::default();
    let program = compile(source, Part::Buy, &options, &mut plan).expect("right");
    let explainer = Explainer::of(source, Part::Buy, &options, &mut plan).expect("as before");
    let (windows, mut history) = (plan.kept.windows.len(), History::new(&plan.kept));
    let mut slots = vec![0.0; program.slots().max(explainer.slots())];
    for (price, change) in ROWS {
        let mut row = [0.0; COLUMN_COUNT];
        (row[at::PRICE], row[at::CHANGE]) = (*price, *change);
        history.push(&row, &plan.kept);
        slots[..COLUMN_COUNT].copy_from_slice(&row);
    }
    let mut frame = Frame::new(&mut slots, &history, Market { stock: false });
    let (signal, fault) = (program.run(&mut frame), frame.fault);
    let explanation = explainer.explain(&mut Frame::new(&mut slots, &history, Market { stock: false }));
    assert_eq!((explanation.signal, explanation.fault), (signal, fault));
    assert_eq!(plan.kept.windows.len(), windows);
    explanation
}

fn told(explanation: &Explanation) -> String {
    let mut lines = Vec::new();
    for (index, clause) in explanation.clauses.iter().enumerate() {
        let readings = clause.sides.iter().chain(&clause.names);
        let readings: Vec<String> = readings
            .map(|reading| match &reading.value {
                Shown::Number(value) => alloc::format!("{}={value}", reading.text),
                other => alloc::format!("{}={other:?}", reading.text),
            })
            .collect();
        let holds = clause.holds.map_or("?".to_string(), |holds| holds.to_string());
        let stop = if explanation.stopped_by == Some(index) { "!" } else { "" };
        lines.push(alloc::format!("{}:{}{stop} x{} {holds} {}", clause.line, clause.column, clause.times, readings.join(" ")));
    }
    lines.join("\n")
}

#[test]
fn a_chain_of_the_reference_says_which_clause_stopped_it() {
    let explanation = explained(
        "if not (90 <= 현재가):\n    매수 = False\nelif not (3 <= 등락율 <= 25 and 현재가 > 1):\n    매수 = False\n\
         elif not (현재가 > 이동평균(2) * 1.01):\n    매수 = False\nif 매수:\n    self.Buy()\n",
    );
    assert_eq!(
        told(&explanation),
        "1:8 x1 true 90=90 현재가=101\n3:11! x1 false 3=3 등락율=30 25=25\n3:30 x0 true 현재가=101 1=1\n\
         5:10 x0 false 현재가=101 이동평균(2) * 1.01=102.515 이동평균(2)=101.5\n7:4 x1 false 매수=0"
    );
}

#[test]
fn a_signal_is_stopped_by_nothing_and_what_was_not_reached_is_said() {
    let explanation =
        explained("기준 = self.vars[0] * 2\nif 등락율 > 기준 or 현재가N(1) < 0:\n    self.Buy()\nelse:\n    매수 = 현재가 > 0\n");
    assert!(explanation.signal && explanation.stopped_by.is_none());
    assert_eq!(told(&explanation), "2:4 x1 true 등락율=30 기준=6\n2:16 x0 false 현재가N(1)=102 0=0\n5:10 x0 true 현재가=101 0=0");
}

#[test]
fn assignments_of_conditions_are_taken_apart_and_loops_counted() {
    let explanation =
        explained("매수 = 등락율 > 3 and not 현재가 > 100\nfor i in range(3):\n    if i == 9:\n        매수 = True\n");
    assert_eq!(explanation.stopped_by, Some(1));
    assert_eq!(told(&explanation), "1:6 x1 true 등락율=30 3=3\n1:22! x1 true 현재가=101 100=100\n3:8 x3 false i=2 9=9");
}

#[test]
fn faults_and_texts_are_told() {
    let explanation =
        explained("a = 종목코드 == 'BTC'\nif 현재가 / (등락율 - 30) > 1 or 없음 > 1:\n    없음 = 1\n    self.Buy()\n");
    assert_eq!(explanation.fault.map(|fault| fault.line), Some(2));
    // The slot of 종목코드 is that of the first text here.
    assert_eq!(
        told(&explanation),
        "1:5 x1 true 종목코드=Text(\"BTC\") 'BTC'=Text(\"BTC\")\n\
         2:4 x1 ? 현재가 / (등락율 - 30)=Fault(NotANumber) 1=1 현재가=101 등락율=30\n2:28 x1 false 없음=Fault(Unset) 1=1"
    );
}
