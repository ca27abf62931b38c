//! Fills that only a query told, and orders of sessions before.

use jangbu_journal::Seq;

use super::*;
use crate::account::SessionId;
use crate::venue::kiwoom::wire::orders::Told;

const KRW: i128 = ONE as i128;

fn order(index: u16) -> OrderId {
    OrderId { session: SessionId(1), seq: Seq::new(5), index }
}

fn number(number: u64) -> OrderNumber {
    OrderNumber::new(number).expect("a number")
}

fn qty(shares: i128) -> Qty {
    Qty::from_raw(shares * KRW)
}

fn krw(amount: i128) -> Money {
    Money::from_raw(amount * KRW)
}

/// A fill of `shares` at `price`; so much is open, and so much was traded, after it.
fn fill(number: u64, trade: u64, (shares, price): (i128, i128), (all, open, value): (i128, i128, i128)) -> OrderFrame {
    OrderFrame::read(&format!(
        r#"{{"9203":"{number:07}","9001":"005930","913":"체결","900":"{all}","902":"{open}","903":"{value}","905":"+매수",
            "907":"2","909":"{trade}","914":"{price}","915":"{shares}","938":"40","939":"0"}}"#
    ))
    .expect("a report")
}

fn row(of: u64, filled: i128, value: i128) -> Settled {
    Settled { number: number(of), filled: qty(filled), value: krw(value), exact: true, fee: Some(krw(110)), tax: None }
}

fn sums(updates: &[OrderUpdate]) -> (i128, i128, usize) {
    let (mut shares, mut value, mut count) = (0, 0, 0);
    for update in updates {
        let OrderUpdate::Filled(fill) = update else { continue };
        shares += fill.qty.raw() / KRW;
        value += fill.price.times(fill.qty, Rounding::HalfEven).expect("a value").raw() / KRW;
        count += 1;
    }
    (shares, value, count)
}

#[test]
fn missed_fills_keep_their_exact_value() {
    let parts = in_parts(qty(3), krw(100_001), 7).expect("parts");
    let value: i128 = parts.iter().map(|fill| fill.price.raw() as i128 / KRW * (fill.qty.raw() / KRW)).sum();
    assert_eq!((value, parts.len()), (100_001, 2));
    assert_ne!(parts[0].trade, parts[1].trade);
    assert_eq!(in_parts(qty(2), krw(150_000), 7).expect("one price").len(), 1);
    assert_eq!(in_parts(qty(2), krw(1), 7), None);
}

#[test]
fn what_a_query_told_no_report_tells_again() {
    let mut orders = Orders::default();
    orders.assign(number(100), order(0), &mut Vec::new());
    let mut out = Vec::new();
    orders.settle(order(0), &[row(100, 4, 300_000)], &mut out);
    assert_eq!(sums(&out), (4, 300_000, 1));
    let [cost] = orders.take_costs().try_into().expect("one cost");
    assert_eq!((cost.fee, cost.value, cost.fills), (Some(krw(110)), krw(300_000), 1));
    // The report of the same fill comes late; then a new one.
    assert_eq!(orders.report(&fill(100, 1, (4, 75_000), (10, 6, 300_000)), &mut out), Told::Nothing);
    assert_eq!(orders.report(&fill(100, 2, (6, 75_100), (10, 0, 750_600)), &mut out), Told::Updates);
    assert_eq!(sums(&out), (10, 750_600, 2));
    // And the query once more, behind and level.
    for late in [row(100, 4, 300_000), row(100, 10, 750_600)] {
        orders.settle(order(0), &[late], &mut out);
    }
    assert_eq!(sums(&out), (10, 750_600, 2));
}

#[test]
fn an_order_of_a_session_before_goes_on_where_it_was() {
    let mut orders = Orders::default();
    orders.resume(number(100), order(0), (qty(4), krw(300_000)), false);
    let mut out = Vec::new();
    assert_eq!(orders.report(&fill(100, 1, (4, 75_000), (10, 6, 300_000)), &mut out), Told::Nothing);
    orders.settle(order(0), &[row(100, 7, 525_000)], &mut out);
    assert_eq!(sums(&out), (3, 225_000, 1));
}

#[test]
fn an_amended_order_of_a_session_before_waits_for_the_query() {
    let mut orders = Orders::default();
    // Four filled under the number before this one; since then two more under this one, and one more while we ask.
    orders.resume(number(101), order(0), (qty(4), krw(300_000)), true);
    let mut out = Vec::new();
    assert_eq!(orders.report(&fill(101, 9, (1, 75_200), (6, 3, 225_400)), &mut out), Told::Kept);
    orders.assign(number(100), order(0), &mut Vec::new());
    orders.settle(order(0), &[row(100, 4, 300_000), row(101, 2, 150_200)], &mut out);
    assert_eq!(sums(&out), (2, 150_200, 1));
    let mut late = Vec::new();
    orders.tell_settled(&mut late);
    out.extend(late.into_iter().map(|(_, update)| update));
    assert_eq!(sums(&out), (3, 225_400, 2));
    assert_eq!(orders.filled_of(order(0)), qty(7));
}

#[test]
fn a_rounded_average_does_not_hide_the_next_fill() {
    let mut orders = Orders::default();
    orders.assign(number(100), order(0), &mut Vec::new());
    let mut out = Vec::new();
    // 3 for 100,001 in truth; the broker says 33,333 each.
    orders.settle(order(0), &[Settled { exact: false, ..row(100, 3, 99_999) }], &mut out);
    assert_eq!(orders.report(&fill(100, 3, (3, 33_334), (10, 7, 100_001)), &mut out), Told::Nothing);
    assert_eq!(orders.report(&fill(100, 4, (1, 33_400), (10, 6, 133_401)), &mut out), Told::Updates);
    assert_eq!(sums(&out), (4, 133_399, 2));
}

#[test]
fn a_query_tells_acceptance_amendment_and_end_once() {
    let mut orders = Orders::default();
    orders.assign(number(100), order(0), &mut Vec::new());
    assert!(orders.accept(number(100), order(0)).is_some() && orders.accept(number(100), order(0)).is_none());
    orders.assign_amending(number(101), order(0), &mut Vec::new());
    let price = Price::from_raw(75_100 * ONE);
    let told = orders.amend(number(101), price, qty(6));
    assert_eq!(told[1], OrderUpdate::Amended { price, qty: qty(6) });
    assert!(orders.amend(number(101), price, qty(6)).is_empty());
    assert!(orders.end(order(0)) && !orders.end(order(0)) && orders.has_ended(order(0)));
    assert_eq!((orders.highest(), orders.numbers_of(order(0)).count()), (101, 2));
}
