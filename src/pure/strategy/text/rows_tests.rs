//! Tests of `rows`.

use super::*;
use crate::market::testing::{instrument, price, qty};
use crate::market::{InstrumentId, TickTable};

fn trade(side: Side, at: &str, size: &str) -> Trade {
    Trade { instrument: InstrumentId(0), taker: side, price: price(at), qty: qty(size), id: 0 }
}

fn seconds(text: f64) -> Nanos {
    Nanos::new((text * 1e9) as i64)
}

fn scene<'a>(instrument: &'a Instrument, book: Option<&'a Book>) -> Scene<'a> {
    Scene { instrument, book, quote: None, watched: true, facts: Facts::default() }
}

#[test]
fn a_tick_row_comes_with_a_book_change_in_a_newer_second() {
    let coin = instrument(0, InstrumentKind::Spot);
    let mut book = Book::default();
    for level in 1..=7_i64 {
        book.set(Side::Buy, Price::from_raw((100 - level) * 100_000_000), qty(&alloc::format!("{level}")));
        book.set(Side::Sell, Price::from_raw((100 + level) * 100_000_000), qty("0.5"));
    }
    let mut maker = RowMaker::default();
    assert!(!maker.is_due(seconds(5.0), Mode::Tick, true), "no trade yet");
    maker.on_trade(seconds(5.1), &trade(Side::Buy, "100", "2"), &coin, Mode::Tick);
    maker.on_trade(seconds(5.2), &trade(Side::Sell, "98", "1"), &coin, Mode::Tick);
    assert!(!maker.is_due(seconds(5.3), Mode::Tick, false), "a trade makes no row");
    assert!(maker.is_due(seconds(5.3), Mode::Tick, true));
    let (second, row) = maker.row(seconds(5.3), Mode::Tick, &scene(&coin, Some(&book))).expect("a row");
    assert_eq!(second, 5);
    let first = [98.0, 100.0, 100.0, 98.0, -2.0, 298.0, 200.0, 2.0, 1.0, 298.0];
    row[..10].iter().zip(first).for_each(|(value, expected)| assert!((value - expected).abs() < 1e-12, "{value} {expected}"));
    assert!((row[at::MIDDLE_CHANGE] - (98.0 / 99.0 - 1.0) * 100.0).abs() < 1e-12);
    assert_eq!((row[at::ASK_TOTAL], row[at::BID_TOTAL], row[at::SIZES]), (3.5, 28.0, 17.5));
    assert_eq!(row[at::ASK - 4..=at::BID + 4], [105.0, 104.0, 103.0, 102.0, 101.0, 99.0, 98.0, 97.0, 96.0, 95.0]);
    assert_eq!(row[at::ASK_SIZE - 4..=at::BID_SIZE + 4], [0.5, 0.5, 0.5, 0.5, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!((row[at::WATCHED], row[at::BOUGHT_VALUE], row[at::DAY_SOLD_VALUE]), (1.0, 200.0, 98.0));
    assert!(!maker.is_due(seconds(5.9), Mode::Tick, true), "the same second");
    assert!(!maker.is_due(seconds(4.0), Mode::Tick, true), "an older one");
    assert!(maker.is_due(seconds(9.0), Mode::Tick, true));
    let (_, row) = maker.row(seconds(9.0), Mode::Tick, &scene(&coin, None)).expect("a row");
    assert_eq!((row[at::BOUGHT], row[at::TURNOVER], row[at::DAY_TURNOVER], row[at::ASK]), (0.0, 0.0, 298.0, 0.0));
}

#[test]
fn a_minute_row_is_of_the_minute_that_ended() {
    let coin = instrument(0, InstrumentKind::Spot);
    let mut maker = RowMaker::default();
    for (at, price) in [(60.0, "10"), (70.0, "14"), (110.0, "8"), (119.0, "9")] {
        assert!(!maker.is_due(seconds(at), Mode::Minute, true));
        maker.on_trade(seconds(at), &trade(Side::Buy, price, "1"), &coin, Mode::Minute);
    }
    assert!(maker.is_due(seconds(120.5), Mode::Minute, false));
    let (second, row) = maker.row(seconds(120.5), Mode::Minute, &scene(&coin, None)).expect("a row");
    assert_eq!((second, row[at::BOUGHT], row[at::TURNOVER], row[at::STRENGTH]), (60, 4.0, 41.0, 500.0));
    assert_eq!((row[at::MINUTE_OPEN], row[at::MINUTE_HIGH], row[at::MINUTE_LOW]), (10.0, 14.0, 8.0));
    assert!(!maker.is_due(seconds(179.0), Mode::Minute, true));
    // A minute without a trade: its prices are the last one.
    let (second, row) = maker.row(seconds(200.0), Mode::Minute, &scene(&coin, None)).expect("a row");
    assert_eq!((second, row[at::MINUTE_HIGH], row[at::BOUGHT]), (120, 9.0, 0.0));
}

#[test]
fn a_day_begins_at_midnight_of_the_venue() {
    let coin = instrument(0, InstrumentKind::Spot);
    let mut maker = RowMaker::default();
    maker.on_trade(seconds(86_399.0), &trade(Side::Buy, "50", "1"), &coin, Mode::Tick);
    assert!(maker.is_new_day(seconds(86_400.0), &coin) && !maker.is_new_day(seconds(86_399.9), &coin));
    maker.on_trade(seconds(86_400.0), &trade(Side::Sell, "55", "1"), &coin, Mode::Tick);
    let (_, row) = maker.row(seconds(86_401.0), Mode::Tick, &scene(&coin, None)).expect("a row");
    assert!((row[at::CHANGE] - 10.0).abs() < 1e-9, "{}", row[at::CHANGE]);
    assert_eq!((row[at::OPEN], row[at::DAY_TURNOVER], row[at::STRENGTH], row[at::BOUGHT]), (55.0, 55.0, 0.0, 1.0));
    assert_eq!((clock(86_399, Venue::Upbit), clock(86_399, Venue::Kiwoom)), (235_959.0, 85_959.0));
}

#[test]
fn stocks_count_turnover_in_millions() {
    let mut stock = instrument(0, InstrumentKind::Stock);
    (stock.venue, stock.ticks) = (Venue::Kiwoom, TickTable::flat(price("50")));
    let mut maker = RowMaker::default();
    maker.on_trade(seconds(1.0), &trade(Side::Buy, "70000", "20"), &stock, Mode::Tick);
    let (_, row) = maker.row(seconds(2.0), Mode::Tick, &scene(&stock, None)).expect("a row");
    assert_eq!((row[at::DAY_TURNOVER], row[at::TURNOVER]), (1.0, 1.0));
    maker.on_trade(seconds(3.0), &trade(Side::Buy, "70000", "10"), &stock, Mode::Tick);
    let (_, row) = maker.row(seconds(3.0), Mode::Tick, &scene(&stock, None)).expect("a row");
    assert_eq!((row[at::DAY_TURNOVER], row[at::TURNOVER]), (2.0, 1.0));
}

#[test]
fn values_by_price_are_counted_where_a_text_asks_and_begin_anew_each_day() {
    let coin = instrument(0, InstrumentKind::Spot);
    let mut maker = RowMaker::default();
    maker.on_trade(seconds(1.0), &trade(Side::Buy, "50", "9"), &coin, Mode::Tick);
    maker.keep_tops(true);
    for (at, taker, price, size) in
        [(2.0, Side::Buy, "50", "2"), (3.0, Side::Buy, "51", "1"), (3.5, Side::Buy, "51", "3"), (4.0, Side::Sell, "49", "1")]
    {
        maker.on_trade(seconds(at), &trade(taker, price, size), &coin, Mode::Tick);
    }
    let tops = |row: &Row| at::TOPS.map(|place| row[place]);
    let (_, row) = maker.row(seconds(5.0), Mode::Tick, &scene(&coin, None)).expect("a row");
    assert_eq!(tops(&row), [204.0, 49.0, 51.0, 49.0]);
    maker.on_trade(seconds(86_400.0), &trade(Side::Sell, "55", "1"), &coin, Mode::Tick);
    let (_, row) = maker.row(seconds(86_401.0), Mode::Tick, &scene(&coin, None)).expect("a row");
    assert_eq!(tops(&row), [0.0, 55.0, 0.0, 55.0]);
    maker.keep_tops(false);
    let (_, row) = maker.row(seconds(86_402.0), Mode::Tick, &scene(&coin, None)).expect("a row");
    assert_eq!(tops(&row), [0.0; 4]);
    assert_eq!(
        (date(0, Venue::Upbit), date(1_795_132_799, Venue::Kiwoom), date(1_772_323_200, Venue::Upbit)),
        (19_700_101.0, 20_261_120.0, 20_260_301.0)
    );
}
