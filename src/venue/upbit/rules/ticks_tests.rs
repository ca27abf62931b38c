//! Steps at every edge of every table, and that they make sense at every price.

use proptest::prelude::*;

use super::*;
use crate::data::tape::TapeReader;
use crate::market::Rounding;
use crate::venue::upbit::wire::{Levels, Message};

fn price(text: &str) -> Price {
    text.parse().expect("a price")
}

#[track_caller]
fn check(quote: Quote, base: &str, date: Date, steps: &[(&str, &str)]) {
    let table = ticks(quote, base, date);
    for (at, tick) in steps {
        assert_eq!(table.tick_at(price(at)), price(tick), "{quote:?} {base} {date} at {at}");
    }
}

const TODAY: Date = Date::of(2026, 11, 20);

#[test]
fn steps_at_every_edge() {
    let now = [
        ("150000000", "1000"),
        ("1000000", "1000"),
        ("999500", "500"),
        ("500000", "500"),
        ("499900", "100"),
        ("100000", "100"),
        ("99950", "50"),
        ("50000", "50"),
        ("49990", "10"),
        ("10000", "10"),
        ("9995", "5"),
        ("5000", "5"),
        ("4999", "1"),
        ("1000", "1"),
        ("999", "1"),
        ("100", "1"),
        ("99.9", "0.1"),
        ("10", "0.1"),
        ("9.99", "0.01"),
        ("1", "0.01"),
        ("0.999", "0.001"),
        ("0.1", "0.001"),
        ("0.0999", "0.0001"),
        ("0.01", "0.0001"),
        ("0.00999", "0.00001"),
        ("0.001", "0.00001"),
        ("0.000999", "0.000001"),
        ("0.0001", "0.000001"),
        ("0.0000999", "0.0000001"),
        ("0.00001", "0.0000001"),
        ("0.00000999", "0.00000001"),
    ];
    check(Quote::Krw, "BTC", TODAY, &now);
    check(Quote::Krw, "BTC", Date::of(2025, 7, 31), &now);
    let year_2024 = [
        ("2000000", "1000"),
        ("1999500", "500"),
        ("1000000", "500"),
        ("999900", "100"),
        ("500000", "100"),
        ("499950", "50"),
        ("100000", "50"),
        ("99990", "10"),
        ("10000", "10"),
        ("9999", "1"),
        ("1000", "1"),
        ("999.9", "0.1"),
        ("100", "0.1"),
        ("99.99", "0.01"),
        ("10", "0.01"),
        ("9.999", "0.001"),
        ("1", "0.001"),
        ("0.1", "0.0001"),
    ];
    check(Quote::Krw, "BTC", Date::of(2025, 7, 30), &year_2024);
    check(Quote::Krw, "BTC", Date::of(2024, 1, 29), &year_2024);
    let before = [("2000000", "1000"), ("9995", "5"), ("1000", "5"), ("999", "1"), ("100", "1"), ("99.9", "0.1"), ("1", "0.01")];
    check(Quote::Krw, "BTC", Date::of(2024, 1, 28), &before);
    check(Quote::Btc, "ETH", TODAY, &[("0.05", "0.00000001"), ("0.00000001", "0.00000001")]);
    check(Quote::Usdt, "BTC", TODAY, &[("65000", "0.01"), ("10", "0.01"), ("9.999", "0.001"), ("1", "0.001"), ("0.5", "0.0001")]);
    check(Quote::Krw, "USDT", TODAY, &[("1480", "0.5"), ("9999.5", "0.5"), ("10000", "10"), ("999", "1")]);
    check(Quote::Krw, "USDT", Date::of(2025, 3, 20), &[("1480", "1")]);
}

#[test]
fn the_venue_is_believed() {
    let by = |quote, base, at, said| {
        let (table, known) = ticks_by(quote, base, TODAY, price(at), price(said));
        (table.tick_at(price(at)).to_string(), known)
    };
    assert_eq!(by(Quote::Krw, "XRP", "3121", "1"), ("1".into(), true));
    // An emulator that plays an old tape has the table of its day: the whole of it.
    let (old, known) = ticks_by(Quote::Krw, "LAMB", TODAY, price("1500"), price("5"));
    assert_eq!((known, old), (true, ticks(Quote::Krw, "LAMB", Date::of(2021, 4, 17))));
    // The exception for stable coins may have ended.
    assert_eq!(by(Quote::Krw, "USDT", "1480", "1"), ("1".into(), true));
    // A table that is not known: the venue's step where it is said, ours elsewhere.
    let (new, known) = ticks_by(Quote::Krw, "XRP", TODAY, price("3121"), price("2"));
    assert!(!known);
    assert_eq!((new.tick_at(price("3121")), new.tick_at(price("5000"))), (price("2"), price("5")));
    assert_eq!(by(Quote::Krw, "XRP", "3121", "0"), ("1".into(), false));
}

proptest! {
    #[test]
    fn prices_can_be_put_on_the_grid_at_any_price_and_day(
        raw in 1_i64..30_000_000_000_000_000, days in 0_u32..3_000, which in 0_usize..3, stable: bool,
    ) {
        let mut date = Date::of(2018, 12, 25);
        (0..days).for_each(|_| date = date.next());
        let quote = Quote::ALL[which];
        let table = ticks(quote, if stable { "USDT" } else { "XRP" }, date);
        let price = Price::from_raw(raw);
        let (down, up) = (table.align(price, Rounding::Floor), table.align(price, Rounding::Ceiling));
        let (Some(down), Some(up)) = (down, up) else { panic!("{price} overflows") };
        prop_assert!(down <= price && price <= up);
        prop_assert!(up.raw() - down.raw() <= table.tick_at(price).raw());
        prop_assert!(table.is_aligned(down) || down.is_zero());
        // Steps never get finer as the price rises, so the price above is on its own grid as well.
        prop_assert!(table.tick_at(up) >= table.tick_at(price) || stable);
        // What the venue says is always the step there.
        let said = table.tick_at(price);
        prop_assert_eq!(ticks_by(quote, "XRP", date, price, said).0.tick_at(price), said);
    }
}

#[test]
fn the_tape_of_2021_lies_on_the_table_of_its_day() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/upbit-krw-btc-20210417.tape.gz");
    if !path.exists() {
        eprintln!("SKIPPED: {} is not there", path.display());
        return;
    }
    let (mut levels, mut checked) = (Levels::default(), 0);
    for frame in TapeReader::open(&path).expect("opened") {
        let text = frame.expect("a frame").text;
        let (code, prices) = match Message::parse(&text, &mut levels).expect("a message") {
            Message::Trade(trade) => (trade.code, vec![trade.price]),
            Message::Book(head) => (head.code, levels.bids.iter().chain(&levels.asks).map(|level| level.0).collect()),
            other => panic!("{other:?}"),
        };
        let table = ticks(Quote::of(code.quote()).expect("known"), code.base(), Date::of(2021, 4, 17));
        assert!(prices.iter().all(|price| table.is_aligned(*price)), "{text}");
        checked += prices.len();
    }
    assert!(checked > 1_000, "{checked}");
}
