//! Rows made of trades.

use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::market::Rounding;

const SECOND: i64 = RowSpan::Second.nanos();
const MINUTE: i64 = RowSpan::Minute.nanos();

fn trade(taker: Side, price: &str, qty: &str) -> Trade {
    let (price, qty) = (price.parse().expect("a price"), qty.parse().expect("a quantity"));
    Trade { instrument: InstrumentId(3), taker, price, qty, id: 0 }
}

fn at(millis: i64) -> Nanos {
    Nanos::from_millis(millis)
}

fn builder() -> RowBuilder {
    RowBuilder::new(InstrumentId(3))
}

#[test]
fn a_second_and_a_minute() {
    let mut rows = builder();
    for (when, taker, price, qty) in
        [(59_100, Side::Buy, "10", "1"), (59_200, Side::Sell, "12", "0.5"), (59_999, Side::Buy, "9", "2")]
    {
        assert_eq!(rows.on_trade(at(when), &trade(taker, price, qty)), Closed::default());
    }
    assert_eq!(rows.next_end(), Some(at(60_000)));
    assert_eq!(rows.current(RowSpan::Minute).map(|row| row.trades), Some(3));
    let closed = rows.on_trade(at(60_000), &trade(Side::Buy, "11", "1"));
    let second = closed.second.expect("the second ended");
    assert_eq!((second.start, second.span, second.instrument), (at(59_000), SECOND, InstrumentId(3)));
    let texts = [second.open, second.high, second.low, second.close].map(|price| alloc::format!("{price}"));
    assert_eq!(texts, ["10", "12", "9", "9"]);
    assert_eq!(alloc::format!("{} {} {} {}", second.bought, second.sold, second.turnover, second.trades), "3 0.5 34 3");
    assert_eq!(closed.minute, Some(Bar { start: at(0), span: MINUTE, ..second }));
    assert_eq!(closed.rows().count(), 2);
    assert_eq!(rows.current(RowSpan::Second).map(|row| row.trades), Some(1));
}

#[test]
fn time_closes_rows_once() {
    let mut rows = builder();
    assert_eq!((rows.next_end(), rows.on_time(at(5))), (None, Closed::default()));
    rows.on_trade(at(30_500), &trade(Side::Buy, "10", "1"));
    assert_eq!(rows.on_time(at(30_999)), Closed::default());
    assert!(rows.on_time(at(31_000)).second.is_some());
    assert_eq!(rows.next_end(), Some(at(60_000)));
    let closed = rows.on_time(at(60_000));
    assert!(closed.second.is_none() && closed.minute.is_some());
    assert_eq!((rows.next_end(), rows.current(RowSpan::Minute)), (None, None));
}

#[test]
fn late_trades_count_into_the_current_row() {
    let mut rows = builder();
    rows.on_trade(at(30_500), &trade(Side::Buy, "10", "1"));
    assert_eq!(rows.on_trade(at(29_000), &trade(Side::Buy, "9", "1")), Closed::default());
    assert_eq!(rows.current(RowSpan::Second).map(|row| (row.start, row.trades)), Some((at(30_000), 2)));
    // After the minute was closed by time, a trade from within it begins the next one.
    rows.on_time(at(60_000));
    assert_eq!(rows.on_trade(at(45_000), &trade(Side::Buy, "9", "1")), Closed::default());
    assert_eq!(rows.current(RowSpan::Second).map(|row| row.start), Some(at(60_000)));
    assert_eq!(rows.current(RowSpan::Minute).map(|row| row.start), Some(at(60_000)));
}

#[test]
fn overflow_is_said_and_the_value_stays() {
    let mut rows = builder();
    let mut huge = trade(Side::Buy, "1", "0");
    huge.qty = Qty::MAX;
    rows.on_trade(at(1), &huge);
    assert!(rows.overflowed(), "the product does not fit");
    rows.on_trade(at(2), &huge);
    let row = rows.current(RowSpan::Second).expect("begun");
    assert_eq!((row.bought, row.turnover, row.trades), (Qty::MAX, Money::ZERO, 2));
}

#[test]
fn the_ends_of_time_do_not_panic() {
    for when in [i64::MIN, i64::MAX, i64::MIN + 1, i64::MAX - MINUTE] {
        let mut rows = builder();
        for _ in 0..3 {
            rows.on_trade(Nanos::new(when), &trade(Side::Sell, "1", "1"));
            rows.on_time(Nanos::new(when));
        }
    }
    let mut rows = RowBuilder { floor: i64::MAX, ..builder() };
    rows.on_trade(at(0), &trade(Side::Sell, "1", "1"));
}

proptest! {
    #[test]
    fn rows_hold_every_trade(steps in prop::collection::vec((-1_500_i64..40_000, 1_i64..50, 1_i128..50, any::<bool>()), 1..300)) {
        let mut rows = builder();
        let mut now = -100_000_i64;
        let (mut closed, mut turnover) = (Vec::new(), Money::ZERO);
        let mut take = |ended: Closed| closed.extend(ended.rows().copied());
        for (step, price, qty, buy) in &steps {
            now += step;
            let taker = if *buy { Side::Buy } else { Side::Sell };
            let one = Trade {
                instrument: InstrumentId(3),
                taker,
                price: Price::from_raw(price * ONE),
                qty: Qty::from_raw(qty * i128::from(ONE)),
                id: 0,
            };
            turnover = one.price.times(one.qty, Rounding::Floor).and_then(|money| turnover.checked_add(money)).expect("small");
            take(rows.on_trade(at(now), &one));
            if step % 3 == 0 {
                take(rows.on_time(at(now + 1_000)));
            }
        }
        take(rows.on_time(at(now + 1_000_000)));
        for span in [SECOND, MINUTE] {
            let of_span: Vec<_> = closed.iter().filter(|row| row.span == span).collect();
            prop_assert!(of_span.windows(2).all(|pair| pair[0].start < pair[1].start), "each later than the one before");
            prop_assert_eq!(of_span.iter().map(|row| row.trades).sum::<u32>(), steps.len() as u32);
            prop_assert_eq!(of_span.iter().map(|row| row.turnover.raw()).sum::<i128>(), turnover.raw());
            prop_assert!(of_span.iter().all(|row| row.start.get() % span == 0 && row.low <= row.close && row.close <= row.high));
        }
        prop_assert!(!rows.overflowed() && rows.next_end().is_none());
    }
}
