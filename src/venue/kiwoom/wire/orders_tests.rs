//! The lives of orders as reports tell them: in order, twice, late, lost, and before the answer.

use proptest::prelude::*;

use super::*;
use crate::account::SessionId;

const OURS: OrderId = OrderId { session: SessionId(1), seq: jangbu_journal::Seq::FIRST, index: 0 };

/// `number original status action qty price open value [trade unit_price unit_qty total]`; `-` is blank.
fn report(line: &str) -> OrderFrame {
    let words: Vec<&str> = line.split_whitespace().map(|word| if word == "-" { "" } else { word }).collect();
    let word = |place: usize| words.get(place).copied().unwrap_or("");
    let values = format!(
        r#"{{"9201":"0000000000","9203":"{}","9001":"005930","913":"{}","302":"삼성전자","900":"{}","901":"{}","902":"{}","903":"{}","904":"{}","905":"{}","907":"2","908":"101531","909":"{}","911":"{}","914":"{}","915":"{}","919":"{}"}}"#,
        word(0),
        word(2),
        word(4),
        word(5),
        word(6),
        word(7),
        word(1),
        word(3),
        word(8),
        word(11),
        word(9),
        word(10),
        word(12)
    );
    OrderFrame::read(&values).unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn number(text: u64) -> OrderNumber {
    OrderNumber::new(text).expect("not 0")
}

fn show(update: &OrderUpdate) -> String {
    match update {
        OrderUpdate::Accepted { venue_order } => format!("accepted {venue_order}"),
        OrderUpdate::Filled(fill) => {
            let missed = if fill.trade & MISSED_BIT != 0 { "missed " } else { "" };
            format!("{missed}{} {}@{}", fill.trade & !MISSED_BIT, fill.qty, fill.price)
        }
        OrderUpdate::Amended { price, qty } => format!("amended {qty}@{price}"),
        other => format!("{other:?}"),
    }
}

/// What the reports say of an order whose first number is 100.
fn told(lines: &[&str]) -> Vec<String> {
    let mut orders = Orders::default();
    orders.assign(number(100), OURS, &mut Vec::new());
    let mut out = Vec::new();
    for line in lines {
        if let Told::Wrong(error) = orders.report(&report(line), &mut out) {
            panic!("{error}");
        }
    }
    out.iter().map(show).collect()
}

const SIX_PARTS: [&str; 7] = [
    "100 0 접수 +매수 132 500 132 0",
    "100 0 체결 +매수 132 500 112 10000 1 500 20 20",
    "100 0 체결 +매수 132 500 82 25000 2 500 30 50",
    "100 0 체결 +매수 132 500 62 35000 3 500 20 70",
    "100 0 체결 +매수 132 500 32 50000 4 500 30 100",
    "100 0 체결 +매수 132 500 22 55000 5 500 10 110",
    "100 0 체결 +매수 132 500 0 66000 6 500 22 132",
];

#[test]
fn an_order_fills_in_parts() {
    let expected = ["accepted 100", "1 20@500", "2 30@500", "3 20@500", "4 30@500", "5 10@500", "6 22@500"];
    assert_eq!(told(&SIX_PARTS), expected);
    let twice: Vec<&str> = SIX_PARTS.iter().flat_map(|line| [*line, *line]).collect();
    assert_eq!(told(&twice), expected, "a report twice tells nothing");
}

#[test]
fn a_lost_or_late_report_is_told_by_the_next_and_only_once() {
    let expected = ["1 20@500", "missed 3 30@500", "3 20@500"];
    assert_eq!(told(&[SIX_PARTS[1], SIX_PARTS[3]]), expected);
    assert_eq!(told(&[SIX_PARTS[1], SIX_PARTS[3], SIX_PARTS[2]]), expected, "and then it comes late");
    // A server whose 911 is of the fill alone: what is open tells.
    assert_eq!(
        told(&["100 0 체결 +매수 132 500 112 10000 1 500 20 20", "100 0 체결 +매수 132 500 62 36000 3 500 20 20"])[1..],
        ["missed 3 20@533", "missed 2305843009213693955 10@534", "3 20@500"]
    );
}

#[test]
fn the_chain_of_numbers_is_followed() {
    let lines = [
        "100 0 접수 +매수 10 75000 10 0",
        "100 0 체결 +매수 10 75000 6 300000 1 75000 4 4",
        "101 100 접수 +매수정정 6 75100 6 0",
        "101 100 확인 +매수정정 6 75100 6 0",
        "100 0 확인 +매수 10 75000 0 300000",
        "101 100 체결 +매수정정 6 75100 4 150200 2 75100 2 2",
        "102 101 접수 매수취소 4 0 4 0",
        "102 101 확인 매수취소 4 0 0 0",
        "101 100 취소 +매수정정 6 75100 0 150200",
    ];
    assert_eq!(told(&lines), ["accepted 100", "1 4@75000", "accepted 101", "amended 10@75100", "2 2@75100", "Cancelled"]);
}

#[test]
fn an_amendment_takes_the_place_of_its_original() {
    let (placed, asked) = ("100 0 접수 +매수 10 75000 10 0", "101 100 접수 +매수정정 10 75100 10 0");
    let (done, refused) = ("101 100 확인 +매수정정 10 75100 10 0", "101 100 거부 +매수정정 10 75100 10 0");
    let gone = "100 0 취소 +매수 10 75000 0 0";
    let amended = ["accepted 100", "accepted 101", "amended 10@75100"];
    assert_eq!(told(&[placed, asked, gone, done]), amended);
    assert_eq!(told(&[placed, asked, done, gone]), amended);
    assert_eq!(told(&[placed, asked, done, "101 100 취소 +매수정정 10 75100 0 0"])[3..], ["Cancelled"]);
    assert_eq!(told(&[placed, asked, refused, gone])[2..], ["Cancelled"], "a refused amendment takes no place");
    assert_eq!(told(&[placed, gone]), ["accepted 100", "Cancelled"]);
}

#[test]
fn refusals_are_of_what_was_asked() {
    let refused = |action: &str| told(&[&format!("101 100 거부 {action} 6 75100 6 0 - - - - 사유")]);
    assert_eq!(refused("+매수"), [r#"Rejected { reason: "사유" }"#]);
    assert_eq!(refused("+매수정정"), [r#"AmendRejected { reason: "사유" }"#]);
    assert_eq!(refused("매수취소"), [r#"CancelRejected { reason: "사유" }"#]);
}

#[test]
fn a_report_before_the_answer_waits_for_it() {
    let mut orders = Orders::default();
    let mut out = Vec::new();
    assert_eq!(orders.report(&report(SIX_PARTS[1]), &mut out), Told::Kept);
    assert_eq!(orders.report(&report(SIX_PARTS[1]), &mut out), Told::Nothing, "it waits once");
    assert_eq!(orders.report(&report("102 100 확인 매수취소 112 0 0 0"), &mut out), Told::Kept);
    assert_eq!((orders.waiting().count(), out.len()), (2, 0));
    let mut late = Vec::new();
    orders.assign(number(100), OURS, &mut late);
    let shown: Vec<String> = late.iter().map(|(_, update)| show(update)).collect();
    assert_eq!(shown, ["1 20@500", "Cancelled"]);
    assert_eq!((orders.waiting().count(), orders.order(number(102))), (0, Some(OURS)));
    orders.clear();
    assert_eq!(orders.order(number(100)), None);
}

#[test]
fn what_waits_is_bounded() {
    let mut orders = Orders::default();
    for number in 0..WAITING_MAX as u64 + 3 {
        orders.report(&report(&format!("{} 0 접수 +매수 1 1 1 0", number + 1)), &mut Vec::new());
    }
    assert_eq!((orders.waiting().count(), orders.given_up()), (WAITING_MAX, 3));
}

#[test]
fn numbers_that_contradict_each_other_are_told() {
    for (line, expected) in [
        ("100 0 체결 +매수 10 500 9 100 1 500 1 1", "903"),
        ("100 0 체결 +매수 10 500 9 5000 1 500 1 1", "902"),
        ("100 0 체결 +매수 10 500 9 500 - 500 1 1", "909"),
        ("100 0 체결 +매수 10 500 9 500 1 - 1 1", "914"),
        ("100 0 체결 +매수 10 500 9 500 1 500 - -", "915"),
        ("101 100 확인 +매수정정 6 - 6 0", "901"),
        ("- 100 접수 +매수 6 1 6 0", "9203"),
    ] {
        let mut orders = Orders::default();
        orders.assign(number(100), OURS, &mut Vec::new());
        let mut out = Vec::new();
        let Told::Wrong(error) = orders.report(&report(line), &mut out) else { panic!("{line}: {out:?}") };
        assert!(error.to_string().contains(expected) && out.is_empty(), "{line}: {error}");
    }
}

#[test]
fn a_number_of_a_fill_is_told_once() {
    let mut orders = Orders::default();
    orders.assign(number(100), OURS, &mut Vec::new());
    let mut out = Vec::new();
    orders.report(&report(SIX_PARTS[1]), &mut out);
    let again = orders.report(&report("100 0 체결 +매수 132 500 82 25000 1 500 30 50"), &mut out);
    assert!(matches!(&again, Told::Wrong(error) if error.to_string().contains("`909`")) && out.len() == 1, "{again:?}");
}

proptest! {
    /// Whatever is lost, doubled or shuffled: when the last report came, everything is counted, and nothing twice.
    #[test]
    fn fills_are_counted_once(picks in proptest::collection::vec(1_usize..7, 0..20)) {
        let lines: Vec<&str> = picks.iter().map(|pick| SIX_PARTS[*pick]).chain([SIX_PARTS[6]]).collect();
        let mut orders = Orders::default();
        orders.assign(number(100), OURS, &mut Vec::new());
        let mut out = Vec::new();
        for line in lines {
            let told = orders.report(&report(line), &mut out);
            prop_assert!(!matches!(told, Told::Wrong(_)), "{:?}", told);
        }
        let mut trades = std::collections::BTreeSet::new();
        let mut total = Qty::ZERO;
        for update in &out {
            let OrderUpdate::Filled(fill) = update else { continue };
            prop_assert!(trades.insert(fill.trade), "{} twice", fill.trade);
            total = total.checked_add(fill.qty).expect("small");
        }
        prop_assert_eq!(total.to_string(), "132");
    }
}
