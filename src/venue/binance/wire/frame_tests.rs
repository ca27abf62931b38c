//! Frames of every kind, own-written after the documents, and any bytes at all.

use proptest::prelude::*;

use super::*;

/// What a frame is, in one line.
fn show(text: &str) -> String {
    let mut levels = Levels::default();
    let time = |at: Option<Nanos>| at.map_or("-".into(), |at| at.to_string());
    match Frame::parse(text.as_bytes(), &mut levels) {
        Ok(Frame::Trade(t)) => {
            let kind = if t.aggregate { "aggTrade" } else { "trade" };
            let side = if t.buyer_is_maker { "sold" } else { "bought" };
            format!("{kind} {} {} {side} {} at {} t {}", t.symbol, t.id, t.qty, t.price, time(t.time))
        }
        Ok(Frame::Quote(q)) => {
            format!("quote {} {} {}x{} {}x{} t {}", q.symbol, q.update_id, q.bid.1, q.bid.0, q.ask.1, q.ask.0, time(q.time))
        }
        Ok(Frame::Delta(d)) => format!(
            "delta {} {}..{} after {:?} {}+{} t {}",
            d.symbol,
            d.first,
            d.last,
            d.previous,
            levels.bids.len(),
            levels.asks.len(),
            time(d.time)
        ),
        Ok(Frame::Partial(p)) => format!("partial {} {} {}+{}", p.symbol, p.update_id, levels.bids.len(), levels.asks.len()),
        Ok(Frame::Kline(k)) => format!(
            "kline {} closed {} {} +{} {:?} {} of {} n {}",
            k.symbol, k.closed, k.start, k.span, k.prices, k.bought, k.volume, k.trades
        ),
        Ok(other) => format!("{other:?}"),
        Err(error) => format!("error: {error}"),
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(show(text), expected);
}

#[test]
fn trades() {
    check(
        r#"{"e":"aggTrade","E":1795165445300,"s":"XRPUSDT","a":900100,"p":"2.10550000","q":"120.00000000","f":1000000,"l":1000002,"T":1795165445299,"m":false,"M":true}"#,
        "aggTrade XRPUSDT 900100 bought 120 at 2.1055 t 1795165445299000000",
    );
    check(
        r#"{"stream":"xrpusdt@trade","data":{"e":"trade","E":1795165445300123,"s":"XRPUSDT","t":1000003,"p":"2.10560000","q":"5.00000000","T":1795165445300011,"m":true,"M":true}}"#,
        "trade XRPUSDT 1000003 sold 5 at 2.1056 t 1795165445300011000",
    );
    check(
        r#"{"stream":"xrpusdt@aggTrade","data":{"e":"aggTrade","E":1795165445300,"s":"XRPUSDT","a":5100200,"p":"2.1055","q":"120.0","nq":"120.0","f":2000000,"l":2000002,"T":1795165445290,"m":false,"st":1}}"#,
        "aggTrade XRPUSDT 5100200 bought 120 at 2.1055 t 1795165445290000000",
    );
    check(
        r#"{"e":"trade","E":1795165445300,"s":"BTCUSDT","t":7,"p":"61800.30","q":"0.006","X":"MARKET","m":false}"#,
        "trade BTCUSDT 7 bought 0.006 at 61800.3 t 1795165445300000000",
    );
}

#[test]
fn quotes() {
    check(
        r#"{"u":77000123,"s":"XRPUSDT","b":"2.10540000","B":"900.00000000","a":"2.10560000","A":"321.00000000"}"#,
        "quote XRPUSDT 77000123 900x2.1054 321x2.1056 t -",
    );
    check(
        r#"{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":9,"s":"BTCUSDT","ps":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510","T":1723161256313,"E":1723161256314,"st":1}}"#,
        "quote BTCUSDT 9 2.507x61800.2 2.51x61800.3 t 1723161256313000000",
    );
}

#[test]
fn books() {
    check(
        r#"{"e":"depthUpdate","E":1795165445400,"s":"XRPUSDT","U":77000124,"u":77000130,"b":[["2.10540000","0.00000000"],["2.10530000","1500.00000000"]],"a":[["2.10570000","40.00000000"]]}"#,
        "delta XRPUSDT 77000124..77000130 after None 2+1 t 1795165445400000000",
    );
    let futures = r#"{"e":"depthUpdate","E":1790000000105,"T":1790000000101,"s":"BTCUSDT","ps":"BTCUSDT","U":9001,"u":9040,"pu":8990,"b":[["64000.10","1.250"],["63999.00","0"]],"a":[["64000.20","0.800"]],"st":1}"#;
    check(futures, "delta BTCUSDT 9001..9040 after Some(8990) 2+1 t 1790000000101000000");
    check(
        &format!(r#"{{"stream":"btcusdt@depth@0ms","data":{futures}}}"#),
        "delta BTCUSDT 9001..9040 after Some(8990) 2+1 t 1790000000101000000",
    );
    check(&format!(r#"{{"data":{futures},"stream":"btcusdt@depth5@100ms"}}"#), "partial BTCUSDT 9040 2+1");
    let snapshot = r#"{"lastUpdateId":77000126,"bids":[["2.10530000","1400.00000000"]],"asks":[["2.10560000","321.00000000"]]}"#;
    check(snapshot, "Snapshot");
    check(&format!(r#"{{"stream":"xrpusdt@depth5","data":{snapshot}}}"#), "partial xrpusdt 77000126 1+1");
}

#[test]
fn bars() {
    let kline = |closed: bool| {
        format!(
            r#"{{"e":"kline","E":1795165445400,"s":"XRPUSDT","k":{{"t":1795165440000,"T":1795165499999,"s":"XRPUSDT","i":"1m","f":1000000,"L":1000003,"o":"2.10500000","c":"2.10560000","h":"2.10570000","l":"2.10490000","v":"4120.00000000","n":4,"x":{closed},"q":"8673.10000000","V":"4000.00000000","Q":"8420.00000000","B":"0"}}}}"#
        )
    };
    let expected = "1795165440000000000 +60000000000 [2.105, 2.1057, 2.1049, 2.1056] 4000 of 4120 n 4";
    check(&kline(false), &format!("kline XRPUSDT closed false {expected}"));
    check(&kline(true), &format!("kline XRPUSDT closed true {expected}"));
}

#[test]
fn words_about_the_connection() {
    check(r#"{"result":null,"id":1}"#, "Control(Answer)");
    check(r#"{"result":["a@trade"],"id":"x"}"#, "Control(Answer)");
    check(
        r#"{"error":{"code":2,"msg":"Invalid request"},"id":null}"#,
        r#"Control(Refused { code: 2, message: "Invalid request" })"#,
    );
    check(r#"{"code":-1121,"msg":"Invalid symbol."}"#, r#"Control(Refused { code: -1121, message: "Invalid symbol." })"#);
    check(r#"{"e":"serverShutdown","E":1795165445300}"#, "Control(ServerShutdown)");
    check(r#"{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1795165445300}}"#, "Control(ServerShutdown)");
}

#[test]
fn a_mark_has_its_funding_and_a_delivery_contract_none() {
    let text = |rate: &str, at: i64| {
        format!(
            r#"{{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15","i":"1","P":"1","r":"{rate}","T":{at},"st":1}}"#
        )
    };
    for (rate, at, expected) in [
        ("-0.00038167", 1_562_306_400_000, Some(("-0.00038167", 1_562_306_400_000))),
        ("0.0001", 1_562_306_400_000, Some(("0.0001", 1_562_306_400_000))),
        ("", 0, None),
    ] {
        let (text, mut levels) = (text(rate, at), Levels::default());
        let Ok(Frame::Mark(mark)) = Frame::parse(text.as_bytes(), &mut levels) else { panic!("{text}") };
        let expected = expected.map(|(rate, at)| (rate.parse::<Rate>().expect("a rate"), Nanos::from_millis(at)));
        assert_eq!((mark.symbol, mark.price.to_string().as_str(), mark.funding), ("BTCUSDT", "11794.15", expected));
    }
    assert!(Frame::parse(text("x", 1).as_bytes(), &mut Levels::default()).is_err());
}

#[test]
fn what_is_not_known_is_not_an_error() {
    for text in [
        r#"{"e":"executionReport","a":{"x":1},"b":-1,"T":"later","t":-1}"#,
        r#"{"stream":"!miniTicker@arr","data":[{"e":"24hrMiniTicker"}]}"#,
        r#"{"stream":"x","data":null}"#,
        "[]",
        "7",
        "{}",
    ] {
        check(text, "Unknown");
    }
}

#[test]
fn what_is_wrong_is_named() {
    check(
        r#"{"e":"trade","s":"X","t":1,"p":1.5,"q":"1","m":true}"#,
        "error: trade: field `p` is `1.5` (expected a decimal string)",
    );
    check(r#"{"e":"trade","s":"X","t":1,"p":"1.5","m":true}"#, "error: trade has no field `q` (expected a decimal string)");
    check(
        r#"{"e":"trade","s":"X","t":-1,"p":"1.5","q":"1","m":true}"#,
        "error: trade: field `t` is `-1` (expected an integer of at least 0)",
    );
    check(
        r#"{"e":"trade","s":"X","t":1,"p":"-1.5","q":"1","m":true}"#,
        "error: trade: field `p` is `\"-1.5\"` (expected a decimal string of at least 0)",
    );
    check(r#"{"e":"trade","s":"X","t":1,"p":"1","q":"1","m":1}"#, "error: trade: field `m` is `1` (expected true or false)");
    check(
        r#"{"e":"trade","s":"X","t":1,"p":"1e5","q":"1","m":true}"#,
        "error: trade: field `p`: `1e5` is not a decimal number (expected digits with at most one point, like 61837.63)",
    );
    check(
        r#"{"e":"trade","s":"X","t":1,"p":"1","q":"1","m":true,"T":99999999999999999999}"#,
        "error: trade: field `T` is `99999999999999999999` (expected an integer of at least 0)",
    );
    check(
        r#"{"e":"depthUpdate","s":"X","U":5,"u":4,"b":[],"a":[]}"#,
        "error: depthUpdate: field `U` is `5` (expected at most `u`)",
    );
    check(r#"{"e":"depthUpdate","s":"X","U":4,"u":4,"b":[]}"#, "error: depthUpdate has no field `a` (expected an array)");
    assert!(show(r#"{"e":"trade""#).starts_with("error: a frame: EOF"));
    assert!(show("").starts_with("error: a frame: EOF"));
    let long = vec![b' '; FRAME_BYTES_MAX + 1];
    assert!(matches!(Frame::parse(&long, &mut Levels::default()), Err(WireError::TooLarge { .. })));
}

/// A piece of JSON-like text out of which odd frames are made.
fn fragment() -> impl Strategy<Value = String> {
    let words = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\u0041",
        "null",
        "1",
        "-1",
        "1795165445300",
        "99999999999999999999",
        "\"1.5\"",
        "\"e\":",
        "\"trade\"",
        "\"aggTrade\"",
        "\"bookTicker\"",
        "\"depthUpdate\"",
        "\"kline\"",
        "\"s\":\"BTCUSDT\"",
        "\"U\":1",
        "\"u\":2",
        "\"pu\":0",
        "\"b\":[[\"1\",\"2\"]]",
        "\"a\":[]",
        "\"stream\":\"btcusdt@depth5\"",
        "\"data\":{",
        "\"k\":{",
        "\"lastUpdateId\":1",
        "\"bids\":[[",
        "é",
        "\u{0}",
    ];
    proptest::sample::select(words.to_vec()).prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Frame::parse(&bytes, &mut Levels::default());
    }

    #[test]
    fn no_text_makes_it_panic(words in proptest::collection::vec(fragment(), 0..40)) {
        let text = words.concat();
        let _ = Frame::parse(text.as_bytes(), &mut Levels::default());
        let _ = Frame::parse(format!("{{{text}}}").as_bytes(), &mut Levels::default());
        let _ = super::super::rest::depth(text.as_bytes(), &mut Levels::default());
    }

    #[test]
    fn a_cut_or_changed_frame_does_not_make_it_panic(cut in 0_usize..300, at in 0_usize..300, byte in any::<u8>()) {
        let whole = br#"{"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1790000000105,"T":1790000000101,"s":"BTCUSDT","U":9001,"u":9040,"pu":8990,"b":[["64000.10","1.250"],["63999.00","0"]],"a":[["64000.20","0.800"]],"st":1}}"#;
        let _ = Frame::parse(&whole[..cut.min(whole.len())], &mut Levels::default());
        let mut changed = whole.to_vec();
        let at = at % changed.len();
        changed[at] = byte;
        let _ = Frame::parse(&changed, &mut Levels::default());
    }
}
