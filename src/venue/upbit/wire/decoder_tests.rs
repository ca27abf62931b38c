//! What becomes of frames: duplicates, stale books, lists, what cannot be read.

use super::*;

const XRP: InstrumentId = InstrumentId(0);
const BTC: InstrumentId = InstrumentId(7);

fn decoder() -> Decoder {
    Decoder::new([("KRW-XRP", XRP), ("krw-btc", BTC)])
}

fn trade(id: u64) -> String {
    format!(
        r#"{{"type":"trade","code":"KRW-BTC","timestamp":9,"trade_timestamp":8,"trade_price":1e8,"trade_volume":0.1,"ask_bid":"ASK","sequential_id":{id}}}"#
    )
}

fn book(ms: u64, size: u64) -> String {
    format!(
        r#"{{"ty":"orderbook","cd":"KRW-XRP","tms":{ms},"tas":1,"tbs":1,"obu":[{{"ap":3101,"bp":3100,"as":{size},"bs":7}}]}}"#
    )
}

fn ticker(state: &str, suspended: bool) -> String {
    format!(
        r#"{{"type":"ticker","code":"KRW-XRP","opening_price":1,"high_price":1,"low_price":1,"trade_price":1,"prev_closing_price":1,"change":"EVEN","signed_change_price":0,"signed_change_rate":0.0,"trade_volume":1,"acc_trade_volume":1,"acc_trade_volume_24h":1,"acc_trade_price":1,"acc_trade_price_24h":1,"market_state":"{state}","is_trading_suspended":{suspended},"timestamp":5}}"#
    )
}

#[test]
fn a_trade_is_told_once_also_when_its_number_comes_late() {
    let (mut decoder, mut out) = (decoder(), Made::new());
    let outcomes: Vec<_> = [10, 12, 12, 11, 10].map(|id| decoder.frame(trade(id).as_bytes(), &mut out)).into();
    use crate::venue::counts::FrameOutcome::{Duplicate, Events};
    assert_eq!(outcomes, [Events, Events, Duplicate, Events, Duplicate]);
    let [(Some(at), Event::Market(MarketEvent::Trade(first))), ..] = out.as_slice() else { panic!("{out:?}") };
    assert_eq!(
        (at.get(), first.instrument, first.taker, first.price.to_string()),
        (8_000_000, BTC, Side::Sell, "100000000".into())
    );
    // Beyond what is remembered, an old number is stale: whether it was seen is not known.
    for id in 100..100 + TRADES_REMEMBERED as u64 {
        assert_eq!(decoder.frame(trade(id).as_bytes(), &mut out), Events);
    }
    assert_eq!(decoder.frame(trade(11).as_bytes(), &mut out), FrameOutcome::Stale);
    assert_eq!((decoder.counts().duplicate, decoder.counts().stale, decoder.counts().sum()), (2, 1, decoder.counts().received));
}

#[test]
fn a_book_replaces_the_one_before_unless_it_is_older() {
    let (mut decoder, mut out) = (decoder(), Made::new());
    let mut frame = |text: String| decoder.frame(text.as_bytes(), &mut out);
    assert_eq!(frame(book(5, 1)), FrameOutcome::Events);
    assert_eq!(frame(book(5, 1)), FrameOutcome::Duplicate);
    // The same millisecond, another book.
    assert_eq!(frame(book(5, 2)), FrameOutcome::Events);
    assert_eq!(frame(book(4, 3)), FrameOutcome::Stale);
    let heads =
        out.iter().filter(|(_, event)| matches!(event, Event::Market(MarketEvent::Depth(d)) if d.snapshot && d.levels == 2));
    assert_eq!((heads.count(), out.len()), (2, 6));
    out.clear();
    decoder.book_lost(XRP, &mut out);
    decoder.book_lost(XRP, &mut out);
    assert_eq!(out, [(None, Event::Market(MarketEvent::BookLost(XRP)))]);
    assert_eq!(decoder.book_time(XRP), None);
    // After a loss, any book is the book: the venue's clock may have been set back.
    assert_eq!(decoder.frame(book(4, 3).as_bytes(), &mut out), FrameOutcome::Events);
}

#[test]
fn a_market_that_halts_is_told_once() {
    let (mut decoder, mut out) = (decoder(), Made::new());
    let mut frame = |state, suspended| decoder.frame(ticker(state, suspended).as_bytes(), &mut out);
    use crate::venue::counts::FrameOutcome::{Conflated, Events};
    let outcomes =
        [frame("ACTIVE", false), frame("ACTIVE", false), frame("ACTIVE", true), frame("ACTIVE", true), frame("DELISTED", true)];
    assert_eq!(outcomes, [Events, Conflated, Events, Conflated, Events]);
    let kinds: Vec<_> = out
        .iter()
        .map(|(_, event)| match event {
            Event::Market(MarketEvent::Phase(phase)) => (phase.instrument, phase.kind),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [PhaseKind::Continuous, PhaseKind::Halted, PhaseKind::Closed].map(|kind| (Some(XRP), kind));
    assert_eq!(kinds, expected);
}

#[test]
fn a_candle_is_told_when_the_next_one_begins() {
    use crate::venue::counts::FrameOutcome::{Conflated, Events, Malformed, Stale};
    let (mut decoder, mut out) = (decoder(), Made::new());
    let candle = |minute: u32, close: u32, volume: &str, sent: u64| {
        format!(
            r#"{{"type":"candle.1m","code":"KRW-XRP","candle_date_time_utc":"2026-11-20T09:{minute:02}:00","opening_price":3119,"high_price":3130,"low_price":3110,"trade_price":{close},"candle_acc_trade_volume":{volume},"candle_acc_trade_price":1598230.123456789,"timestamp":{sent},"stream_type":"REALTIME"}}"#
        )
    };
    let frames = [
        candle(4, 3120, "1.5", 10),
        candle(4, 3121, "512.25", 20),
        candle(4, 3120, "1.5", 10),
        candle(6, 3122, "1", 30),
        candle(5, 3111, "1", 40),
    ];
    let outcomes = frames.map(|text| decoder.frame(text.as_bytes(), &mut out));
    assert_eq!(outcomes, [Conflated, Conflated, Stale, Events, Stale]);
    // Closed below its lowest price, or less than nothing traded.
    for (close, volume) in [(1, "1"), (3120, "-1")] {
        let outcome = decoder.frame(candle(7, close, volume, 50).as_bytes(), &mut out);
        assert!(matches!(outcome, Malformed(_)), "{outcome:?}");
    }
    let [(_, Event::Market(MarketEvent::Bar(bar)))] = out.as_slice() else { panic!("{out:?}") };
    let shown = (bar.close.to_string(), bar.bought.to_string(), bar.sold.to_string(), bar.turnover.to_string(), bar.span);
    assert_eq!(shown, ("3121".into(), "512.25".into(), "0".into(), "1598230.12345679".into(), 60_000_000_000));
}

#[test]
fn every_other_frame_is_in_its_class() {
    let candle = r#"{"type":"candle.1m","code":"KRW-XRP","candle_date_time_utc":"2026-11-20T09:04:00","opening_price":1,"high_price":1,"low_price":1,"trade_price":1,"candle_acc_trade_volume":1,"candle_acc_trade_price":1,"timestamp":1}"#;
    for (text, class) in [
        (candle, "conflated"),
        (r#"{"status":"UP"}"#, "control"),
        (r#"{"error":{"name":"NO_CODES","message":"x"}}"#, "control"),
        (r#"{"method":"LIST_SUBSCRIPTIONS","result":[],"ticket":"t"}"#, "control"),
        (r#"{"type":"news","code":"KRW-XRP"}"#, "unknown"),
        (r#"{"x":1}"#, "unknown"),
        ("[]", "unknown"),
        (r#"{"ty":"orderbook","cd":"KRW-DOGE","tms":1,"tas":1,"tbs":1,"obu":[]}"#, "unknown"),
        (r#"{"ty":"trade","cd":"KRW-XRP","tms":1,"tp":0,"tv":1,"ab":"BID","sid":1}"#, "unknown"),
        (r#"{"ty":"trade","cd":"KRW-XRP","tms":1,"tp":1,"tv":1,"ab":"BID"}"#, "malformed"),
        (r#"{"ty":"trade","cd":"KRW-XRP","tms":1,"tp":1,"tv":1,"ab":"BID","sid":1.5}"#, "malformed"),
        ("PING", "malformed"),
        ("", "malformed"),
        (r#"[{"ty":"trade"}]"#, "malformed"),
        (r#"{"ty":"tra"#, "malformed"),
    ] {
        let (mut decoder, mut out) = (decoder(), Made::new());
        decoder.frame(text.as_bytes(), &mut out);
        let class_of = decoder.counts().classes().into_iter().find(|(_, count)| *count > 0).map(|(name, _)| name);
        assert_eq!(class_of, Some(class), "{text}");
        assert_eq!((decoder.counts().received, decoder.counts().sum()), (1, 1), "{text}");
        assert!(out.is_empty(), "{text}");
    }
    let (mut decoder, mut out) = (decoder(), Made::new());
    assert!(matches!(decoder.frame(&[0xff, 0xfe], &mut out), FrameOutcome::Malformed(_)));
}

#[test]
fn a_list_is_one_frame() {
    let (mut decoder, mut out) = (decoder(), Made::new());
    let list = format!("[{},{},{}]", trade(1), trade(1), book(5, 1));
    assert_eq!(decoder.frame(list.as_bytes(), &mut out), FrameOutcome::Events);
    assert_eq!((out.len(), decoder.counts().received, decoder.counts().journaled), (4, 1, 1));
    assert_eq!(decoder.frame(format!("[{}]", trade(1)).as_bytes(), &mut out), FrameOutcome::Duplicate);
}

proptest::proptest! {
    #[test]
    fn any_change_of_a_frame_is_read_or_refused(at in 0_usize..400, byte: u8, text in ".{0,60}") {
        let mut decoder = decoder();
        let mut out = Made::new();
        for frame in [trade(1), book(2, 3), ticker("ACTIVE", false), text] {
            let mut bytes = frame.into_bytes();
            if !bytes.is_empty() {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            decoder.frame(&bytes, &mut out);
        }
        proptest::prop_assert_eq!(decoder.counts().received, 4);
        proptest::prop_assert_eq!(decoder.counts().sum(), 4);
    }
}
