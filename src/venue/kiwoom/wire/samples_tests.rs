//! The fact sheet's samples (`samples.txt`): each parses to what it means, and our encoders write each request. The recorded logs decode.

use crate::venue::raw::Made;
use std::path::Path;

use super::rest::token::{IssueToken, RevokeToken};
use super::rest::valuation::{CostRates, Totals, Valuation, share};
use super::rest::{Request, account, answer, chart, listing, order, quote, reports};
use super::*;
use crate::account::{OrderId, SessionId};
use crate::event::{Event, MarketEvent, OrderUpdate};
use crate::market::{InstrumentId, Side};
use crate::venue::kiwoom::time::{Date, TimeOfDay};
use crate::venue::kiwoom::wire::request::{self, RealType};

#[path = "samples_meaning.rs"]
mod samples_meaning;
use samples_meaning::meaning;

const SAMPLES: &str = include_str!("samples.txt");

#[test]
fn every_sample_means_what_the_fact_sheet_says() {
    let lines: Vec<&str> = SAMPLES.lines().filter(|line| !line.starts_with('#')).collect();
    let mut checked = 0;
    for pair in lines.windows(2) {
        let Some((of, json)) = pair[0].strip_prefix("< ").and_then(|rest| rest.split_once(' ')) else { continue };
        let expected = pair[1].strip_prefix("= ").unwrap_or_else(|| panic!("no meaning below {}", pair[0]));
        assert_eq!(meaning(of, json), expected, "{json}");
        checked += 1;
    }
    assert_eq!(checked, lines.iter().filter(|line| line.starts_with('<')).count());
    assert!(checked > 40, "{checked}");
}

#[test]
fn every_request_is_written_as_the_fact_sheet_shows_it() {
    let (symbol, date) = (Symbol::krx("005930"), Date::of(2026, 11, 20));
    let (code, exchange, adjusted) = ("005930".to_owned(), Exchange::Krx, true);
    let number = |number| OrderNumber::new(number).expect("not 0");
    let (price, stop, kind) = (Some(75_000), None, order::OrderKind::Limit);
    let buy = order::PlaceOrder { side: Side::Buy, exchange, code: code.clone(), shares: 10, price, kind, stop };
    let sell = order::PlaceOrder { side: Side::Sell, kind: order::OrderKind::Market, ..buy.clone() };
    fn rest<R: Request>(request: &R) -> (&'static str, String) {
        (request.tr().id(), request.body())
    }
    let ws = |text: String| ("ws", text);
    let written = [
        rest(&IssueToken { app_key: "TEST_APP_KEY_0001", secret_key: "TEST_SECRET_0001" }),
        rest(&RevokeToken { app_key: "…", secret_key: "…", token: "…" }),
        rest(&quote::AskStockInfo { symbol: symbol.clone() }),
        rest(&quote::AskQuoteBoard { symbol: symbol.clone() }),
        rest(&chart::AskDailyPrices { symbol: symbol.clone(), date, in_money: false }),
        rest(&chart::AskMinuteChart { symbol: symbol.clone(), minutes: 1, date: None, adjusted }),
        rest(&chart::AskDayChart { symbol: symbol.clone(), date, adjusted }),
        rest(&chart::AskTickChart { symbol, trades: 1, adjusted }),
        rest(&listing::AskStockList { market: listing::ListedMarket::Kospi }),
        rest(&account::AskDeposit { estimated: true }),
        rest(&account::AskHoldings { summed: true, exchange }),
        rest(&reports::AskOpenOrders::default()),
        rest(&reports::AskFills { code: Some(code.clone()), ..reports::AskFills::default() }),
        rest(&buy),
        rest(&sell),
        rest(&order::AmendOrder { exchange, number: number(52_431), code: code.clone(), shares: 6, price: 75_100, stop: None }),
        rest(&order::CancelOrder { exchange, number: number(52_440), code, shares: None }),
        ws(request::login("<token>")),
        ws(request::register(1, true, &["005930", "000660"], &[RealType::Trades, RealType::Book])),
        ws(request::remove(1, &["005930"], &[RealType::Trades])),
        ws(request::condition_list()),
        ws(request::condition_once(1, None)),
        ws(request::condition_watch(1)),
        ws(request::condition_clear(1)),
    ];
    let stated = SAMPLES.lines().filter_map(|line| line.strip_prefix("> ")?.split_once(' '));
    let written: Vec<(&str, &str)> = written.iter().map(|(of, text)| (*of, text.as_str())).collect();
    assert_eq!(written, stated.collect::<Vec<_>>());
}

#[test]
fn our_valuation_is_the_brokers() {
    let sample = SAMPLES.lines().find_map(|line| line.strip_prefix("< kt00018 ")).expect("a sample");
    let holdings = answer::<account::AskHoldings>(200, sample.as_bytes()).expect("holdings");
    let day = Date::of(2026, 11, 20);
    let tax = crate::venue::kiwoom::rules::costs::sell_tax(crate::venue::kiwoom::rules::Board::Kospi, day).expect("a rate");
    let rates = CostRates { fee: crate::venue::kiwoom::rules::costs::fee_rate(Exchange::Krx, false), tax };
    let mut valued = Vec::new();
    for row in &holdings.rows {
        let (qty, cost, last) = (row.qty.expect("held"), row.cost.expect("a cost"), row.last.expect("a price"));
        let ours = Valuation::of(qty, cost, last, rates).expect("it fits");
        let theirs = [row.value, row.buy_fee, row.sell_fee, row.tax, row.profit];
        assert_eq!([ours.value, ours.buy_fee, ours.sell_fee, ours.tax, ours.profit].map(Some), theirs);
        assert_eq!((Some(ours.profit_rate), Some(ours.average)), (row.profit_rate, row.average));
        assert_eq!(ours.buy_fee.checked_add(ours.sell_fee), row.fees);
        valued.push((cost, ours));
    }
    let totals = Totals::of(valued.iter().map(|(cost, valued)| (*cost, valued))).expect("it fits");
    let theirs = &holdings.totals;
    assert_eq!([totals.cost, totals.value, totals.profit].map(Some), [theirs.cost, theirs.value, theirs.profit]);
    assert_eq!((Some(totals.profit_rate), valued.len()), (theirs.profit_rate, 1));
    assert_eq!(share(valued[0].0, totals.cost), holdings.rows[0].weight);
}

/// The JSON objects within a line of text.
fn objects(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = line[from..].find("{\"").map(|at| from + at) {
        let mut values = serde_json::Deserializer::from_str(&line[at..]).into_iter::<serde::de::IgnoredAny>();
        let whole = matches!(values.next(), Some(Ok(_)));
        let length = if whole { values.byte_offset() } else { 2 };
        if whole {
            found.push(&line[at..at + length]);
        }
        from = at + length;
    }
    found
}

#[test]
fn no_sample_of_the_fact_sheet_is_left_out() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/venues/kiwoom.md");
    let Ok(sheet) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let samples: Vec<&str> = sheet.lines().flat_map(objects).collect();
    assert!(samples.len() > 60, "{}", samples.len());
    for sample in samples {
        assert!(SAMPLES.lines().any(|line| line.ends_with(sample)), "not in samples.txt: {sample}");
    }
}

/// Received frames of a recorded log, with the time of day.
fn recorded(name: &str) -> Option<Vec<(TimeOfDay, String)>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return None;
    };
    let frames = text.lines().filter_map(|line| {
        let (time, frame) = line.strip_prefix('[')?.split_once("] ← ")?;
        Some((TimeOfDay::parse(&time[..8].replace(':', ""))?, frame.to_owned()))
    });
    Some(frames.collect())
}

#[test]
fn recorded_sessions_decode_without_an_error() {
    let day = Date::of(2026, 9, 11);
    for (name, trades, orders, control) in [
        ("kiwoom-005930-20260911-a.log", 21, 0, 3),
        ("kiwoom-005930-20260911-b.log", 41, 2, 2),
        ("kiwoom-offhours-20260910.log", 0, 0, 8),
    ] {
        let Some(frames) = recorded(name) else { continue };
        let mut decoder = Decoder::new(Exchange::Krx, [("005930", InstrumentId(0))]);
        let mut out = Made::new();
        let ours = OrderId { session: SessionId(1), seq: jangbu_journal::Seq::FIRST, index: 0 };
        decoder.assign(day.moment(frames[0].0), OrderNumber::new(119_433).expect("a number"), ours, &mut out);
        for (time, frame) in &frames {
            let outcome = decoder.frame(day.moment(*time), frame.as_bytes(), &mut out);
            let fine = matches!(outcome, FrameOutcome::Events | FrameOutcome::Control(_));
            assert!(fine, "{name} at {time}: {outcome:?}\n{frame}");
        }
        let counts = *decoder.counts();
        assert_eq!(
            (counts.received, counts.sum(), counts.control),
            (frames.len() as u64, frames.len() as u64, control),
            "{name}"
        );
        let mut volume = 0;
        let mut seen = (0, Vec::new());
        for (at, event) in &out {
            let ahead = at.expect("a time").since(day.moment(frames[0].0)) / 1_000_000_000;
            assert!((-5..600).contains(&ahead), "{name}: {event:?} is {ahead} s after the first frame");
            match event {
                Event::Market(MarketEvent::Trade(trade)) => {
                    // The volume of the day tells how much traded since the trade before: this one, and any that were not copied.
                    let shares = (trade.qty.raw() / 100_000_000) as u64;
                    assert!(volume == 0 || trade.id - volume >= shares, "{name}: {trade:?} after {volume}");
                    assert!(trade.price.to_string().parse::<u32>().is_ok_and(|price| (257_000..261_000).contains(&price)));
                    volume = trade.id;
                    seen.0 += 1;
                }
                Event::Market(MarketEvent::Activity(told)) => {
                    // 회전율 is the volume by the listed shares, and those are 시가총액 by the price: all three agree.
                    let shares = told.capitalisation.expect("311").to_f64() / 258_000.0;
                    let turned = told.turnover_rate.expect("31").to_f64();
                    assert!((turned - volume as f64 / shares).abs() < 1e-4, "{name}: {told:?} at {volume}");
                    let same_time = told.same_time_ratio.expect("851").to_f64();
                    assert!((0.9..1.2).contains(&same_time), "{name}: {told:?}");
                }
                Event::Order(event) => seen.1.push(event.update.clone()),
                other => panic!("{name}: {other:?}"),
            }
        }
        assert_eq!((seen.0, seen.1.len()), (trades, orders), "{name}");
        if orders > 0 {
            assert_eq!(seen.1[0], OrderUpdate::Accepted { venue_order: 119_433 });
            let OrderUpdate::Filled(fill) = &seen.1[1] else { panic!("{:?}", seen.1) };
            assert_eq!((fill.trade, fill.price.to_string(), fill.qty.to_string()), (847_463, "258000".into(), "1".into()));
        }
    }
}
