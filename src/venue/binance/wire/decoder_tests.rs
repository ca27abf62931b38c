//! Frames in, events out; and every frame in exactly one class.

use proptest::prelude::*;

use super::*;
use crate::venue::binance::wire::Control;

const ID: InstrumentId = InstrumentId(4);

fn spot() -> Decoder {
    Decoder::new(Venue::BinanceSpot, [("btcusdt", ID)])
}

fn trade(id: u64, maker: bool) -> String {
    format!(r#"{{"e":"trade","E":1795165445300,"s":"BTCUSDT","t":{id},"p":"100.5","q":"2","T":1795165445299,"m":{maker}}}"#)
}

fn aggregate(id: u64) -> String {
    format!(
        r#"{{"e":"aggTrade","E":1795165445300,"s":"BTCUSDT","a":{id},"p":"100.5","q":"2","f":1,"l":2,"T":1795165445299,"m":true}}"#
    )
}

fn quote(id: u64) -> String {
    format!(r#"{{"stream":"btcusdt@bookTicker","data":{{"u":{id},"s":"BTCUSDT","b":"100","B":"1","a":"101","A":"2"}}}}"#)
}

fn delta(first: u64, last: u64) -> String {
    format!(
        r#"{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":1795165445300,"s":"BTCUSDT","U":{first},"u":{last},"b":[["100","3"]],"a":[["101","0"]]}}}}"#
    )
}

fn snapshot(last: u64) -> String {
    format!(r#"{{"lastUpdateId":{last},"bids":[["100","1"],["99","1"]],"asks":[["101","2"]]}}"#)
}

#[test]
fn a_trade_carries_the_takers_side_and_the_venues_time() {
    let (mut decoder, mut out) = (spot(), Made::new());
    assert_eq!(decoder.frame(trade(7, true).as_bytes(), &mut out), FrameOutcome::Events);
    assert_eq!(decoder.frame(trade(7, true).as_bytes(), &mut out), FrameOutcome::Duplicate);
    assert_eq!(decoder.frame(trade(6, true).as_bytes(), &mut out), FrameOutcome::Duplicate);
    assert_eq!(decoder.frame(trade(9, false).as_bytes(), &mut out), FrameOutcome::Events);
    assert_eq!(decoder.frame(aggregate(3).as_bytes(), &mut out), FrameOutcome::Events, "aggregates count on their own");
    let sides: Vec<(Side, u64, i64)> = out
        .iter()
        .filter_map(|(time, event)| match event {
            Event::Market(MarketEvent::Trade(trade)) => Some((trade.taker, trade.id, time.expect("a time").get())),
            _ => None,
        })
        .collect();
    let at = 1_795_165_445_299_000_000;
    assert_eq!(sides, [(Side::Sell, 7, at), (Side::Buy, 9, at), (Side::Sell, 3, at)]);
}

#[test]
fn a_book_is_kept_until_its_snapshot_comes() {
    let (mut decoder, mut out) = (spot(), Made::new());
    assert_eq!(decoder.frame(delta(5, 6).as_bytes(), &mut out), FrameOutcome::Buffered);
    assert_eq!(decoder.frame(delta(7, 9).as_bytes(), &mut out), FrameOutcome::Buffered);
    assert_eq!(decoder.wants_snapshot(), Some(ID));
    assert_eq!(decoder.wants_snapshot(), None);
    decoder.snapshot_failed(ID);
    assert_eq!(decoder.wants_snapshot(), Some(ID));
    assert!(decoder.snapshot(ID, b"{}", &mut out).is_err());
    assert_eq!(decoder.wants_snapshot(), Some(ID), "what cannot be read is asked for again");
    assert!(decoder.snapshot(InstrumentId(0), snapshot(6).as_bytes(), &mut out).is_err());
    assert!(out.is_empty());
    let accepted = SnapshotOutcome::Accepted { applied: 1, stale: 1 };
    assert_eq!(decoder.snapshot(ID, snapshot(6).as_bytes(), &mut out), Ok(accepted));
    assert_eq!(out.len(), (1 + 3) + (1 + 2));
    assert_eq!(decoder.book_update(ID), Some(9));
    assert_eq!(decoder.frame(delta(12, 13).as_bytes(), &mut out), FrameOutcome::Buffered);
    assert_eq!((decoder.gaps(), decoder.book_update(ID)), (1, None));
    assert_eq!(out.last(), Some(&(None, Event::Market(MarketEvent::BookLost(ID)))));
    decoder.book_lost(ID, &mut out);
    let expected = FrameCounts { received: 3, buffered_then_journaled: 1, stale: 2, ..FrameCounts::default() };
    assert_eq!(*decoder.counts(), expected);
    assert_eq!(decoder.counts().to_string(), "3 frames: 1 buffered, then journaled, 2 stale");
}

#[test]
fn a_snapshot_lists_bids_best_first_then_asks() {
    let (mut decoder, mut out) = (spot(), Made::new());
    decoder.snapshot(ID, snapshot(6).as_bytes(), &mut out).expect("it is one");
    let levels: Vec<(Side, String)> = out
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Market(MarketEvent::Level(level)) => Some((level.side, level.price.to_string())),
            _ => None,
        })
        .collect();
    assert_eq!(levels, [(Side::Buy, "100".into()), (Side::Buy, "99".into()), (Side::Sell, "101".into())]);
}

#[test]
fn bars_are_told_when_closed() {
    let kline = |closed: bool, bought: &str| {
        format!(
            r#"{{"e":"kline","E":1,"s":"BTCUSDT","k":{{"t":60000,"T":119999,"o":"1","c":"2","h":"3","l":"1","v":"10","n":4,"x":{closed},"q":"15","V":"{bought}"}}}}"#
        )
    };
    let (mut decoder, mut out) = (spot(), Made::new());
    assert_eq!(decoder.frame(kline(false, "4").as_bytes(), &mut out), FrameOutcome::Conflated);
    assert!(matches!(decoder.frame(kline(true, "11").as_bytes(), &mut out), FrameOutcome::Malformed(_)));
    assert_eq!(decoder.frame(kline(true, "4").as_bytes(), &mut out), FrameOutcome::Events);
    assert_eq!(decoder.frame(kline(true, "4").as_bytes(), &mut out), FrameOutcome::Duplicate);
    let [(_, Event::Market(MarketEvent::Bar(bar)))] = out.as_slice() else { panic!("one bar: {out:?}") };
    assert_eq!((bar.bought.to_string(), bar.sold.to_string(), bar.span), ("4".into(), "6".into(), 60_000_000_000));
}

#[test]
fn what_is_not_ours_is_unknown() {
    let (mut decoder, mut out) = (spot(), Made::new());
    assert_eq!(decoder.frame(trade(1, true).replace("BTC", "ETH").as_bytes(), &mut out), FrameOutcome::Unknown);
    assert_eq!(decoder.frame(trade(1, true).replace("100.5", "0").as_bytes(), &mut out), FrameOutcome::Unknown);
    assert_eq!(decoder.frame(br#"{"e":"serverShutdown","E":1}"#, &mut out), FrameOutcome::Control(Control::ServerShutdown));
    let mut futures = Decoder::new(Venue::BinanceUsdM, [("BTCUSDT", ID)]);
    assert!(
        matches!(futures.frame(delta(1, 2).as_bytes(), &mut out), FrameOutcome::Malformed(_)),
        "futures name the previous id"
    );
    assert!(out.is_empty());
}

proptest! {
    #[test]
    fn every_frame_is_in_exactly_one_class(steps in proptest::collection::vec((0_u8..12, 1_u64..30), 1..200)) {
        let (mut decoder, mut out) = (spot(), Made::new());
        let mut given = 0;
        let mut last = 0;
        for (kind, number) in steps {
            let text = match kind {
                0 => trade(number, number % 2 == 0),
                1 => aggregate(number),
                2 => quote(number),
                3..=5 => {
                    let text = delta(last + 1, last + 1 + number % 3);
                    last += 1 + number % 3;
                    text
                }
                6 => delta(number, number + 2),
                7 => "{\"e\":\"trade\"}".into(),
                8 => "{\"result\":null,\"id\":1}".into(),
                9 => "{\"e\":\"markPriceUpdate\"}".into(),
                10 => {
                    let before = decoder.counts().received;
                    let _ = decoder.snapshot(ID, snapshot(last.saturating_sub(number % 4)).as_bytes(), &mut out);
                    prop_assert_eq!(decoder.counts().received, before, "a snapshot is not a frame");
                    prop_assert_eq!(decoder.counts().sum(), before);
                    continue;
                }
                _ => {
                    decoder.book_lost(ID, &mut out);
                    prop_assert_eq!(decoder.counts().sum(), given);
                    continue;
                }
            };
            let (before, length) = (*decoder.counts(), out.len());
            let outcome = decoder.frame(text.as_bytes(), &mut out);
            given += 1;
            prop_assert_eq!(decoder.counts().received, given);
            prop_assert_eq!(decoder.counts().sum(), given);
            prop_assert_eq!(outcome == FrameOutcome::Events, decoder.counts().journaled == before.journaled + 1);
            if !matches!(outcome, FrameOutcome::Events | FrameOutcome::Buffered) {
                prop_assert_eq!(out.len(), length, "only frames that count as journaled make events");
            }
        }
    }

    #[test]
    fn the_same_frames_make_the_same_events(numbers in proptest::collection::vec((0_u8..4, 1_u64..40), 1..60)) {
        let run = || {
            let (mut decoder, mut out) = (spot(), Made::new());
            for &(kind, number) in &numbers {
                let _ = match kind {
                    0 => decoder.frame(trade(number, true).as_bytes(), &mut out),
                    1 => decoder.frame(quote(number).as_bytes(), &mut out),
                    2 => decoder.frame(delta(number, number + 1).as_bytes(), &mut out),
                    _ => {
                        let _ = decoder.snapshot(ID, snapshot(number).as_bytes(), &mut out);
                        continue;
                    }
                };
            }
            (out, *decoder.counts())
        };
        prop_assert_eq!(run(), run());
    }

    #[test]
    fn any_bytes_are_accounted_for(frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..30)) {
        let (mut decoder, mut out) = (spot(), Made::new());
        for frame in &frames {
            decoder.frame(frame, &mut out);
        }
        prop_assert_eq!(decoder.counts().sum(), frames.len() as u64);
        prop_assert!(out.is_empty());
    }
}
