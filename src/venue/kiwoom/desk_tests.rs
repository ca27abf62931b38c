//! What is sent, what is held back, and what a look proves.

use jangbu_journal::Seq;

use super::*;
use crate::account::{SessionId, StrategyId};

const S: i64 = 1_000_000_000;
const SETTLE: Duration = Duration::from_secs(10);

fn id(index: u16) -> OrderId {
    OrderId { session: SessionId(1), seq: Seq::new(9), index }
}

fn buy(index: u16, price: i64, shares: i64) -> NewOrder {
    NewOrder {
        id: id(index),
        strategy: StrategyId(0),
        instrument: InstrumentId(0),
        side: Side::Buy,
        order_type: OrderType::Limit(Price::from_raw(price * ONE)),
        time_in_force: TimeInForce::Gtc,
        qty: Qty::from_raw(i128::from(shares * ONE)),
        reduce_only: false,
    }
}

fn number(number: u64) -> OrderNumber {
    OrderNumber::new(number).expect("a number")
}

fn row(of: u64, price: i64, shares: i64) -> Row {
    Row {
        number: number(of),
        original: None,
        verb: OrderVerb::Place,
        code: "005930".into(),
        side: Some(Side::Buy),
        price_type: "보통".into(),
        qty: Qty::from_raw(i128::from(shares * ONE)),
        price: Price::from_raw(price * ONE),
        filled: Qty::ZERO,
        value: crate::market::Money::ZERO,
        exact: true,
        open: Qty::from_raw(i128::from(shares * ONE)),
        fee: None,
        tax: None,
    }
}

fn submit(desk: &mut Desk, order: &NewOrder, highest: u64) -> Verdict<PlaceOrder> {
    desk.submit(order, "005930", Exchange::Krx, highest)
}

/// A desk with an order that was sent at 100 s and had no answer.
fn unanswered(highest: u64) -> Desk {
    let mut desk = Desk::default();
    assert!(matches!(submit(&mut desk, &buy(0, 75_000, 10), highest), Verdict::Send(_)));
    desk.get_mut(id(0)).expect("ours").step = Step::Unknown(Nanos::new(100 * S));
    desk
}

#[test]
fn orders_that_look_alike_wait_for_the_one_without_an_answer() {
    let mut desk = unanswered(0);
    assert_eq!(submit(&mut desk, &buy(1, 75_000, 10), 0), Verdict::Later);
    assert!(matches!(submit(&mut desk, &buy(2, 75_100, 10), 0), Verdict::Send(_)), "another limit is another order");
    assert_eq!(desk.next_held(7), None);
    desk.numbered(id(0), number(5), Nanos::new(101 * S));
    assert_eq!(desk.next_held(7).map(|(order, _)| order), Some(id(1)));
    assert_eq!(desk.next_held(7), None, "it is under way itself");
}

#[test]
fn an_order_is_known_again_only_when_nothing_else_can_be_it() {
    let desk = unanswered(50);
    let matched = |rows: &[Row]| desk.matches(rows.iter()).pop().map(|(_, found)| found);
    assert_eq!(matched(&[row(51, 75_000, 10)]), Some(Ok(number(51))));
    assert_eq!(matched(&[row(50, 75_000, 10)]), None, "there before we sent");
    assert_eq!(matched(&[row(51, 75_100, 10), row(52, 75_000, 9)]), None);
    let sell = Row { side: Some(Side::Sell), ..row(51, 75_000, 10) };
    let market = Row { price_type: "시장가".into(), ..row(52, 75_000, 10) };
    let amended = Row { original: Some(number(40)), ..row(53, 75_000, 10) };
    assert_eq!(matched(&[sell, market, amended]), None);
    let two = matched(&[row(51, 75_000, 10), row(52, 75_000, 10)]);
    assert_eq!(two, Some(Err(Meaning::Ambiguous(vec![number(51), number(52)]))));
}

#[test]
fn not_found_needs_two_looks_after_it_could_still_arrive() {
    let mut desk = unanswered(0);
    let mut judge = |at: i64, ambiguous: &[OrderId]| desk.judge(Nanos::new(at * S), SETTLE, |_| false, ambiguous);
    assert!(judge(101, &[]).is_empty() && judge(109, &[]).is_empty() && judge(110, &[]).is_empty());
    assert!(judge(111, &[]).is_empty());
    assert!(judge(112, &[id(0)]).is_empty(), "two could be it");
    assert_eq!(judge(113, &[]), [(id(0), Meaning::NotFound)]);
    // It turns up even so.
    assert_eq!(desk.matches([row(51, 75_000, 10)].iter()), [(id(0), Ok(number(51)))]);
}

#[test]
fn an_order_that_is_in_no_list_twice_is_over() {
    let mut desk = unanswered(0);
    desk.numbered(id(0), number(5), Nanos::new(100 * S));
    let mut judge = |at: i64, open: bool| desk.judge(Nanos::new(at * S), SETTLE, |_| open, &[]);
    assert!(judge(100, false).is_empty(), "the news is younger than the look");
    assert!(judge(101, false).is_empty() && judge(102, true).is_empty() && judge(103, false).is_empty());
    assert_eq!(judge(104, false), [(id(0), Meaning::Over)]);
}

#[test]
fn a_cancellation_that_never_arrived_is_told_and_the_order_is_open() {
    let mut desk = unanswered(0);
    desk.numbered(id(0), number(5), Nanos::new(100 * S));
    let Verdict::Send(request) = desk.cancel(id(0)) else { panic!("a number is known") };
    assert_eq!((request.number, request.shares), (number(5), None));
    assert_eq!(desk.cancel(id(0)), Verdict::Later, "it is under way");
    desk.get_mut(id(0)).expect("ours").cancel = Some(Change::Unknown(Nanos::new(100 * S)));
    let mut judge = |at: i64| desk.judge(Nanos::new(at * S), SETTLE, |_| true, &[]);
    assert!(judge(105).is_empty() && judge(111).is_empty());
    assert_eq!(judge(112), [(id(0), Meaning::CancelLost), (id(0), Meaning::Open)]);
}

#[test]
fn an_amendment_goes_out_under_the_newest_number_for_what_is_open() {
    let mut desk = unanswered(0);
    let amendment = |price: i64, shares: i64| Amendment {
        order: id(0),
        price: Price::from_raw(price * ONE),
        qty: Qty::from_raw(i128::from(shares * ONE)),
    };
    assert!(matches!(desk.amend(&amendment(75_100, 10)), Verdict::Refuse(_)), "no number yet");
    desk.numbered(id(0), number(5), Nanos::new(S));
    let fill = crate::account::Fill {
        trade: 1,
        price: Price::from_raw(75_000 * ONE),
        qty: Qty::from_raw(i128::from(4 * ONE)),
        liquidity: crate::account::Liquidity::Unstated,
    };
    desk.on_update(id(0), &OrderUpdate::Filled(fill), Nanos::new(2 * S));
    assert!(matches!(desk.amend(&amendment(75_100, 8)), Verdict::Refuse(reason) if reason.contains("quantity")));
    let Verdict::Send(request) = desk.amend(&amendment(75_100, 10)) else { panic!("it may go") };
    assert_eq!((request.number, request.shares, request.price), (number(5), 6, 75_100));
    assert!(matches!(desk.amend(&amendment(75_200, 10)), Verdict::Refuse(reason) if reason.contains("under way")));
    desk.on_update(id(0), &OrderUpdate::Accepted { venue_order: 6 }, Nanos::new(3 * S));
    let amended = OrderUpdate::Amended { price: Price::from_raw(75_100 * ONE), qty: amendment(0, 10).qty };
    desk.on_update(id(0), &amended, Nanos::new(3 * S));
    let Verdict::Send(request) = desk.cancel(id(0)) else { panic!("it may go") };
    assert_eq!(request.number, number(6));
}

#[test]
fn what_cannot_be_ordered_is_refused_in_two_languages() {
    let mut desk = Desk::default();
    let mut post_only = buy(0, 75_000, 1);
    post_only.time_in_force = TimeInForce::PostOnly;
    let mut half = buy(1, 75_000, 1);
    half.qty = Qty::from_raw(i128::from(ONE / 2));
    let mut fraction = buy(2, 75_000, 1);
    fraction.order_type = OrderType::Limit(Price::from_raw(ONE / 2));
    for order in [post_only, half, fraction] {
        let Verdict::Refuse(reason) = submit(&mut desk, &order, 0) else { panic!("{order:?}") };
        assert!(reason.starts_with("not sent: ") && reason.contains(" · "), "{reason}");
    }
    assert_eq!(desk.live().count(), 0);
}

#[test]
fn a_cancellation_of_what_was_never_sent_sends_nothing() {
    let mut desk = unanswered(0);
    submit(&mut desk, &buy(1, 75_000, 10), 0);
    assert_eq!(desk.cancel(id(1)), Verdict::Refuse(String::new()));
    assert_eq!(desk.cancel(id(0)), Verdict::Later, "as soon as its number is known");
    assert!(desk.get(id(0)).is_some_and(|ours| ours.cancel_wanted));
    desk.numbered(id(0), number(5), Nanos::new(S));
    assert_eq!(desk.next_held(9), None);
}

#[test]
fn yesterday_is_over() {
    let mut desk = unanswered(0);
    desk.numbered(id(0), number(5), Nanos::new(S));
    assert_eq!(desk.begin_day(), [id(0)]);
    assert!(desk.begin_day().is_empty());
}
