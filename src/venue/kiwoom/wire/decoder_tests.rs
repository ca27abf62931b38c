//! Frames in, events out; and every frame in exactly one class.

use proptest::prelude::*;

use super::*;
use crate::account::SessionId;
use crate::event::{Answer, OrderUpdate};
use crate::market::{Qty, Side};
use crate::venue::kiwoom::time::TimeOfDay;

const ID: InstrumentId = InstrumentId(4);

fn decoder() -> Decoder {
    Decoder::new(Exchange::Krx, [("005930", ID), ("000660", InstrumentId(5)), ("000660_NX", InstrumentId(6))])
}

fn received() -> Nanos {
    Date::of(2026, 11, 20).moment(TimeOfDay::of(10, 15, 34))
}

fn real(kind: &str, item: &str, values: &str) -> String {
    format!(r#"{{"trnm":"REAL","data":[{{"type":"{kind}","name":"","item":"{item}","values":{{{values}}}}}]}}"#)
}

fn trade(qty: &str, volume: u64) -> String {
    let values = format!(r#""20":"101533","10":"+75000","27":"+75100","28":"+75000","15":"{qty}","13":"{volume}","9081":"KRX""#);
    real("0B", "005930", &values)
}

/// What the frames come to, the events in short.
fn run(decoder: &mut Decoder, frames: &[&str]) -> (Vec<&'static str>, Vec<String>) {
    let mut out = Made::new();
    let mut outcomes = Vec::new();
    for frame in frames {
        outcomes.push(match decoder.frame(received(), frame.as_bytes(), &mut out) {
            FrameOutcome::Events => "events",
            FrameOutcome::Duplicate => "duplicate",
            FrameOutcome::Waiting => "waiting",
            FrameOutcome::Control(_) => "control",
            FrameOutcome::Malformed(_) => "malformed",
            FrameOutcome::Unknown => "unknown",
        });
    }
    assert_eq!(decoder.counts().received, decoder.counts().sum());
    let shown = out.iter().map(|(time, event)| {
        let time = time.map_or("-".into(), |time| TimeOfDay::at(time).to_string());
        match event {
            Event::Market(MarketEvent::Trade(trade)) => {
                format!("{time} {} {} {}@{} {}", trade.instrument, trade.taker, trade.qty, trade.price, trade.id)
            }
            Event::Market(MarketEvent::Level(level)) => {
                format!("{time} {} {} {}@{}", level.instrument, level.side, level.qty, level.price)
            }
            Event::Market(MarketEvent::Condition(hit)) => {
                format!("{time} {} {} {} {}", hit.number, hit.name, hit.instrument, if hit.entered { "in" } else { "out" })
            }
            Event::Market(MarketEvent::Phase(phase)) => format!("{time} {:?}", phase.kind),
            other => format!("{time} {other:?}"),
        }
    });
    (outcomes, shown.collect())
}

#[test]
fn a_trade_carries_its_taker_and_the_time_of_the_day() {
    let frames =
        [trade("-12", 8_123_468), trade("-12", 8_123_468), trade("+3", 8_123_471), trade("5", 8_123_476), trade(" 0", 9_000_000)];
    let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
    let (outcomes, events) = run(&mut decoder(), &frames);
    assert_eq!(outcomes, ["events", "duplicate", "events", "events", "unknown"]);
    // The one without a sign traded at the bid.
    assert_eq!(events, ["101533 #4 sell 12@75000 8123468", "101533 #4 buy 3@75000 8123471", "101533 #4 sell 5@75000 8123476"]);
}

#[test]
fn the_volume_of_a_new_day_is_no_duplicate() {
    let (mut decoder, mut out) = (decoder(), Made::new());
    let next = received().plus(24 * 3_600_000_000_000);
    for (at, volume, expected) in [
        (received(), 900, FrameOutcome::Events),
        (next, 12, FrameOutcome::Events),
        (received(), 901, FrameOutcome::Duplicate),
        (next, 12, FrameOutcome::Duplicate),
    ] {
        assert_eq!(decoder.frame(at, trade("+1", volume).as_bytes(), &mut out), expected, "{volume}");
    }
}

#[test]
fn a_stock_is_found_by_what_was_registered() {
    let frame = |item: &str| real("0C", item, r#""27":"+75100","28":"+75000""#);
    let ids = ["005930_AL", "A005930", "000660_NX", "000660_AL", "000660", "123456"].map(|item| {
        let mut out = Made::new();
        decoder().frame(received(), frame(item).as_bytes(), &mut out);
        out.first().map(|(_, event)| match event {
            Event::Market(MarketEvent::Quote(quote)) => quote.instrument.0,
            other => panic!("{other:?}"),
        })
    });
    assert_eq!(ids, [Some(4), Some(4), Some(6), Some(5), Some(5), None]);
}

#[test]
fn a_book_is_a_snapshot_until_the_connection_is_lost() {
    let text =
        real("0D", "005930", r#""21":"101530","41":"+75100","61":"18450","51":"+75000","71":"22310","52":"74900","72":"40120""#);
    let (mut decoder, mut out) = (decoder(), Made::new());
    assert_eq!(decoder.frame(received(), text.as_bytes(), &mut out), FrameOutcome::Events);
    let Some((_, Event::Market(MarketEvent::Depth(head)))) = out.first() else { panic!("{out:?}") };
    assert_eq!((head.snapshot, head.levels, head.update_id, out.len()), (true, 3, 1, 4));
    let (_, events) = run(&mut decoder, &[&text]);
    assert_eq!(events[1..], ["101530 #4 buy 22310@75000", "101530 #4 buy 40120@74900", "101530 #4 sell 18450@75100"]);
    out.clear();
    decoder.lost(&mut out);
    decoder.lost(&mut out);
    assert_eq!(out, [(None, Event::Market(MarketEvent::BookLost(ID)))]);
}

#[test]
fn sessions_of_the_other_exchange_are_not_ours() {
    let frame = |code: &str, time: &str| real("0s", "", &format!(r#""215":"{code}","20":"{time}","214":"000000""#));
    let frames = [
        frame("0", "084000"),
        frame("0", "085000"),
        frame("P", "080000"),
        frame("3", "090000"),
        frame("4", "153000"),
        frame("?", "1"),
    ];
    let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
    let (outcomes, events) = run(&mut decoder(), &frames);
    assert_eq!(outcomes, ["events", "duplicate", "unknown", "events", "events", "unknown"]);
    assert_eq!(events, ["084000 OpeningAuction", "090000 Continuous", "153000 Closed"]);
    let (_, events) = run(&mut Decoder::new(Exchange::Nxt, [("005930", ID)]), &frames);
    assert_eq!(events, ["080000 PreMarket"]);
}

#[test]
fn an_interruption_begins_and_ends_once() {
    let frame = |symbol: &str, ended: &str| {
        let values = format!(
            r#""9001":"{symbol}","9068":"1","1221":"82800","1223":"104001","1224":"{ended}","1225":"정적","1236":"75200","1237":"0""#
        );
        real("1h", symbol, &values)
    };
    let frames = [frame("005930", "000000"), frame("005930_AL", "000000"), frame("005930", "104214")];
    let mut out = Made::new();
    let mut decoder = decoder();
    let outcomes = frames.map(|frame| decoder.frame(received(), frame.as_bytes(), &mut out));
    assert_eq!(outcomes, [FrameOutcome::Events, FrameOutcome::Duplicate, FrameOutcome::Events]);
    let seen: Vec<_> = out
        .iter()
        .map(|(time, event)| match event {
            Event::Market(MarketEvent::Vi(vi)) => {
                let until = vi.until.map(|until| TimeOfDay::at(until).to_string());
                (
                    time.map(|time| TimeOfDay::at(time).to_string()),
                    vi.active,
                    vi.static_price.map(|p| p.to_string()),
                    vi.dynamic_price,
                    until,
                )
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let price = Some("82800".to_owned());
    assert_eq!(
        seen,
        [
            (Some("104001".into()), true, price.clone(), None, None),
            (Some("104214".into()), false, price, None, Some("104214".into()))
        ]
    );
}

#[test]
fn conditions_are_told_by_difference() {
    let hit =
        |change: &str| real("02", "005930", &format!(r#""841":"1","9001":"A005930","843":"{change}","20":"101540","907":"2""#));
    let watch = |codes: &[&str]| {
        let rows: Vec<String> = codes.iter().map(|code| format!(r#"{{"jmcode":"A{code}"}}"#)).collect();
        format!(r#"{{"trnm":"CNSRREQ","seq":"1 ","return_code":0,"data":[{}]}}"#, rows.join(","))
    };
    let list = r#"{"trnm":"CNSRLST","return_code":0,"return_msg":"","data":[["1","급등"]]}"#;
    let frames =
        [list.into(), watch(&["000660"]), hit("I"), hit("I"), watch(&["005930", "999999"]), hit("D"), hit("D"), hit("X")];
    let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
    let (outcomes, events) = run(&mut decoder(), &frames);
    assert_eq!(outcomes, ["control", "control", "events", "duplicate", "control", "events", "duplicate", "malformed"]);
    assert_eq!(events, ["- 1 급등 #5 in", "101540 1 급등 #4 in", "- 1 급등 #5 out", "101540 1 급등 #4 out"]);
    let once = r#"{"trnm":"CNSRREQ","seq":"1","cont_yn":"N","next_key":"","return_code":0,"data":[{"9001":"A005930","302":"삼성전자","10":"000075000"}]}"#;
    assert_eq!(run(&mut decoder(), &[once, once]).1, ["- 1  #4 in", "- 1  #4 in"], "a search made once has no memory");
    assert_eq!(run(&mut decoder(), &[&hit("D")]).1, ["101540 1  #4 out"], "a watch that was not seen to begin");
    let none = r#"{"trnm":"CNSRREQ","seq":"1","cont_yn":"N","next_key":"","return_code":0,"data":[]}"#;
    let watched = watch(&["005930"]);
    assert_eq!(run(&mut decoder(), &[&watched, none]).1, ["- 1  #4 in"], "nor does it end a watch");
    assert_eq!(run(&mut decoder(), &[&watched, &watch(&[])]).1, ["- 1  #4 in", "- 1  #4 out"]);
}

#[test]
fn orders_wait_for_their_answer_and_holdings_are_told() {
    let ours = OrderId { session: SessionId(1), seq: jangbu_journal::Seq::FIRST, index: 0 };
    let order = real(
        "00",
        "005930",
        r#""9203":"0052431","9001":"005930","913":"체결","900":"10","901":"75000","902":"6","903":"300000","904":"0000000","905":"+매수","907":"2","908":"101533","909":"18345","910":"75000","911":"4","914":"75000","915":"4""#,
    );
    let holding = real("04", "005930", r#""9001":"A005930","930":"7","931":"74428","932":"521000","933":"7""#);
    let (mut decoder, mut out) = (decoder(), Made::new());
    assert_eq!(decoder.frame(received(), order.as_bytes(), &mut out), FrameOutcome::Waiting);
    decoder.assign(received(), OrderNumber::new(52_431).expect("a number"), ours, &mut out);
    let Some((Some(time), Event::Order(OrderEvent { order: told, update: OrderUpdate::Filled(fill) }))) = out.first() else {
        panic!("{out:?}")
    };
    assert_eq!(
        (*told, fill.trade, fill.qty, TimeOfDay::at(*time).to_string()),
        (ours, 18_345, Qty::from_raw(400_000_000), "101533".into())
    );
    assert_eq!(decoder.frame(received(), order.as_bytes(), &mut out), FrameOutcome::Duplicate);
    out.clear();
    assert_eq!(decoder.frame(received(), holding.as_bytes(), &mut out), FrameOutcome::Events);
    assert_eq!(decoder.frame(received(), holding.as_bytes(), &mut out), FrameOutcome::Duplicate);
    let [(None, Event::Answer(answer))] = out.as_slice() else { panic!("{out:?}") };
    let Answer::Position { instrument: ID, qty, average } = **answer else { panic!("{answer:?}") };
    assert_eq!((qty.to_string(), average.to_string()), ("7".into(), "74428.57142857".into()));
    let tomorrow = received().plus(24 * 3_600_000_000_000);
    assert_eq!(decoder.frame(tomorrow, order.as_bytes(), &mut out), FrameOutcome::Waiting, "numbers begin anew every day");
}

proptest! {
    #[test]
    fn every_frame_is_counted_once(frames in proptest::collection::vec(("0[0BCDs4]|1h|02", "[0-9]{1,4}", "[-+]?[0-9]{1,9}"), 0..20)) {
        let (mut decoder, mut out) = (decoder(), Made::new());
        for (kind, key, value) in &frames {
            let base = r#""9001":"005930","20":"101530","10":"75000","13":"5","9203":"1""#;
            decoder.frame(received(), real(kind, "005930", &format!(r#"{base},"x{key}":"","{key}x":"{value}""#)).as_bytes(), &mut out);
            decoder.frame(received(), real(kind, "005930", &format!(r#""{key}":"{value}""#)).as_bytes(), &mut out);
        }
        prop_assert_eq!((decoder.counts().received, decoder.counts().sum()), (frames.len() as u64 * 2, frames.len() as u64 * 2));
        for (_, event) in &out {
            if let Event::Market(MarketEvent::Trade(trade)) = event {
                prop_assert!(trade.price.is_positive() && trade.qty.is_positive() && matches!(trade.taker, Side::Buy | Side::Sell));
            }
        }
    }
}

#[test]
fn the_bare_code_is_the_stock_wherever_it_was_registered() {
    for item in ["005930_NX", "005930_AL"] {
        let mut decoder = Decoder::new(Exchange::Nxt, [(item, ID)]);
        assert_eq!(decoder.find(&Symbol::krx("005930")), Some(ID), "{item}");
        let frame = r#"{"trnm":"REAL","data":[{"type":"02","name":"조건검색","item":"005930","values":{"841":"1","9001":"005930",
            "843":"I","20":"101540","907":"2"}}]}"#;
        let mut events = Vec::new();
        assert_eq!(decoder.frame(Nanos::new(0), frame.as_bytes(), &mut events), FrameOutcome::Events, "{item}");
    }
}
