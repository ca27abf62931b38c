//! The fact sheet's samples (`samples.txt`): each parses to what it means, in either spelling. The recorded tape decodes, frame
//! by frame.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::rest::{AnswerError, Request, account, answer, market as rest_market, order};
use super::spelling::respelled;
use super::*;
use crate::data::tape::TapeReader;
use crate::event::{Event, MarketEvent};
use crate::market::{Book, InstrumentId};

const SAMPLES: &str = include_str!("samples.txt");

/// Kinds that have two spellings.
const SPELLED: [&str; 6] = ["ticker", "trade", "orderbook", "candle.1m", "myOrder", "myAsset"];

fn samples() -> Vec<(&'static str, &'static str, &'static str)> {
    let lines: Vec<&str> = SAMPLES.lines().filter(|line| !line.starts_with('#')).collect();
    let pairs = lines.chunks(2).map(|pair| {
        let (kind, json) = pair[0].strip_prefix("< ").and_then(|rest| rest.split_once(' ')).expect("`< kind json`");
        (kind, json, pair[1].strip_prefix("= ").expect("a meaning"))
    });
    pairs.collect()
}

fn meaning(kind: &str, json: &str) -> String {
    fn said<R: Request<Answer: std::fmt::Debug>>(json: &str) -> String {
        match answer::<R>(200, json.as_bytes()) {
            Ok(answer) => format!("{answer:?}"),
            Err(error) => error.to_string(),
        }
    }
    match kind {
        "stream" => stream(json),
        "accounts" => said::<account::AskAccounts>(json),
        "chance" => said::<account::AskChance>(json),
        "order" => said::<order::AskOrder>(json),
        "error-400" => match answer::<order::AskOrder>(400, json.as_bytes()) {
            Err(AnswerError::Refused(refusal)) => format!("{refusal:?}"),
            other => format!("{other:?}"),
        },
        other => panic!("no reader for {other}"),
    }
}

fn stream(json: &str) -> String {
    let mut levels = Levels::default();
    let messages = frame::messages(json.as_bytes()).expect("a frame");
    let read = messages.map(|text| match Message::parse(text, &mut levels) {
        Ok(Message::Book(head)) => format!("{head:?} {levels:?}"),
        Ok(message) => format!("{message:?}"),
        Err(error) => error.to_string(),
    });
    read.collect::<Vec<_>>().join(" and ")
}

#[test]
fn every_sample_means_what_the_fact_sheet_says() {
    let samples = samples();
    assert_eq!(samples.len(), 15);
    let wrong: Vec<String> = samples
        .into_iter()
        .map(|(kind, json, expected)| (json, meaning(kind, json), expected))
        .filter(|(_, said, expected)| said != expected)
        .map(|(json, said, expected)| format!("{json}\nsaid     {said}\nexpected {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_sample_of_the_fact_sheet_is_left_out() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/venues/upbit-binance.md");
    let Ok(sheet) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: {} is not there", path.display());
        return;
    };
    let upbit = sheet.split("# PART Y").nth(1).and_then(|part| part.split("**Binance").next()).expect("part Y");
    let stated: Vec<&str> = upbit.split("```json\n").skip(1).filter_map(|block| block.split("\n```").next()).collect();
    let ours: Vec<&str> = samples().iter().map(|sample| sample.1).take(stated.len()).collect();
    assert_eq!(ours, stated);
    assert!(samples().iter().all(|(_, json, _)| sheet.contains(json)));
}

#[test]
fn both_spellings_say_the_same_alone_and_in_a_list() {
    let mut checked = 0;
    for kind in SPELLED {
        let mut found = false;
        for (_, json, _) in samples().into_iter().filter(|sample| sample.0 == "stream") {
            let plain = json.trim_start_matches('[').trim_end_matches(']');
            let plain = if json.starts_with('[') { plain } else { json };
            let value: Value = serde_json::from_str(plain).expect("JSON");
            let said = value.get("type").or(value.get("ty")).and_then(Value::as_str);
            if said != Some(kind) {
                continue;
            }
            found = true;
            let (long, short) = (respelled(kind, plain, false), respelled(kind, plain, true));
            assert_ne!(long, short, "{kind}");
            let expected = stream(&long);
            assert!(!expected.contains(" no field "), "{expected}");
            for other in [short.clone(), format!("[{long}]"), format!("[{short}]"), format!(" {short} ")] {
                assert_eq!(stream(&other), expected, "{other}");
            }
            checked += 1;
        }
        assert!(found, "no sample of {kind}");
    }
    assert_eq!(checked, 7);
}

#[test]
fn lists_of_market_data_are_read() {
    let markets = r#"[{"market":"KRW-BTC","korean_name":"비트코인","english_name":"Bitcoin","market_event":{"warning":false,"caution":{"PRICE_FLUCTUATIONS":false,"TRADING_VOLUME_SOARING":true,"DEPOSIT_AMOUNT_SOARING":false,"GLOBAL_PRICE_DIFFERENCES":false,"CONCENTRATION_OF_SMALL_ACCOUNTS":false}}},{"market":"BTC-ETH","korean_name":"이더리움","english_name":"Ethereum"}]"#;
    let markets = answer::<rest_market::AskMarkets>(200, markets.as_bytes()).expect("markets");
    assert_eq!((markets[0].korean_name.as_str(), markets[0].code.quote(), markets.len()), ("비트코인", "KRW", 2));
    assert!(markets[0].event.as_ref().and_then(|event| event.caution.as_ref()).is_some_and(|caution| caution.volume));
    let rules = r#"[{"market":"KRW-BTC","quote_currency":"KRW","tick_size":"1000","supported_levels":["0","10000","100000"]},{"market":"KRW-X","quote_currency":"KRW","tick_size":1e-8}]"#;
    let rules = answer::<rest_market::AskBookRules>(200, rules.as_bytes()).expect("rules");
    assert_eq!((rules[0].tick.to_string(), rules[1].tick.raw()), ("1000".into(), 1));
    let books = r#"[{"market":"KRW-XRP","timestamp":1790000000123,"total_ask_size":1200.5,"total_bid_size":900.25,"orderbook_units":[{"ask_price":3101,"bid_price":3100,"ask_size":10.5,"bid_size":7.00000000}],"level":0}]"#;
    let books = answer::<rest_market::AskBooks>(200, books.as_bytes()).expect("books");
    assert_eq!((books[0].0.code.as_str(), books[0].1.len()), ("KRW-XRP", 2));
    assert_eq!(answer::<rest_market::AskBooks>(200, b"[]"), Ok(Vec::new()));
    let trades = r#"[{"market":"KRW-XRP","trade_date_utc":"2026-11-20","trade_time_utc":"09:04:05","timestamp":1795165445120,"trade_price":3121.0,"trade_volume":12.5,"prev_closing_price":3122.0,"change_price":-1.0,"ask_bid":"ASK","sequential_id":17951654451200000}]"#;
    let trades = answer::<rest_market::AskTrades>(200, trades.as_bytes()).expect("trades");
    assert_eq!(
        (trades[0].id, trades[0].change_price.map(|change| change.to_string())),
        (17_951_654_451_200_000, Some("-1".into()))
    );
    let candles = r#"[{"market":"KRW-XRP","candle_date_time_utc":"2026-11-20T09:04:00","candle_date_time_kst":"2026-11-20T18:04:00","opening_price":3119.0,"high_price":3122.0,"low_price":3118.0,"trade_price":3121.0,"timestamp":1795165445120,"candle_acc_trade_price":1598230.50000000,"candle_acc_trade_volume":512.25,"unit":1}]"#;
    let candles = answer::<rest_market::AskCandles>(200, candles.as_bytes()).expect("candles");
    assert_eq!((candles[0].start.get(), candles[0].unit), (1_795_165_440_000_000_000, Some(1)));
    // A ticker of REST names the market, and leaves out what only the stream has.
    let ticker = samples()[0].1.replace("\"code\"", "\"market\"").replace("\"ask_bid\":\"BID\",", "");
    let tickers = answer::<rest_market::AskTickers>(200, format!("[{ticker}]").as_bytes()).expect("tickers");
    assert_eq!(
        (tickers[0].code.as_str(), tickers[0].taker, tickers[0].turnover_24h.to_string()),
        ("KRW-XRP", None, "901234567.5".into())
    );
    for bad in ["{}", "[1]", "[{}]", ""] {
        assert!(matches!(answer::<rest_market::AskMarkets>(200, bad.as_bytes()), Err(AnswerError::Unreadable(_))), "{bad}");
    }
}

fn tape() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/upbit-krw-btc-20210417.tape.gz");
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there", path.display());
    None
}

#[test]
fn the_whole_tape_decodes_and_every_frame_is_accounted_for() {
    let Some(path) = tape() else { return };
    let codes = ["KRW-LAMB", "KRW-WAVES", "BTC-XTZ", "BTC-ITAM", "BTC-PAX"];
    let ids = || codes.iter().zip(0..).map(|(code, id)| (*code, InstrumentId(id)));
    let (mut decoder, mut made) = (Decoder::new(ids()), Made::new());
    let mut books: Vec<(Book, Value)> = codes.iter().map(|_| (Book::default(), Value::Null)).collect();
    let (mut trades, mut heads) = (0, 0);
    for frame in TapeReader::open(&path).expect("opened") {
        let text = frame.expect("a frame").text;
        let outcome = decoder.frame(text.as_bytes(), &mut made);
        assert!(!matches!(outcome, FrameOutcome::Malformed(_) | FrameOutcome::Unknown), "{outcome:?} {text}");
        // What the frame says, by another reader.
        let said: Value = serde_json::from_str(&text).expect("JSON");
        let index = codes.iter().position(|code| said["cd"] == *code).expect("a market of the tape");
        if said["ty"] == "orderbook" && outcome == FrameOutcome::Events {
            books[index].1 = said["obu"].clone();
        }
        for (_, event) in made.drain(..) {
            match event {
                Event::Market(MarketEvent::Trade(trade)) => {
                    trades += 1;
                    assert_eq!(
                        (trade.price.to_f64(), trade.qty.to_f64()),
                        (said["tp"].as_f64().expect("tp"), said["tv"].as_f64().expect("tv"))
                    );
                    assert_eq!(Some(trade.id), said["sid"].as_u64());
                }
                Event::Market(MarketEvent::Depth(depth)) => {
                    heads += 1;
                    assert!(depth.snapshot);
                    books[depth.instrument.index()].0.clear();
                }
                Event::Market(MarketEvent::Level(level)) => {
                    books[level.instrument.index()].0.set(level.side, level.price, level.qty)
                }
                other => panic!("{other:?}"),
            }
        }
    }
    let counts = *decoder.counts();
    assert_eq!((counts.received, counts.sum(), counts.malformed, counts.unknown), (449, 449, 0, 0), "{counts}");
    assert_eq!((trades + heads, counts.journaled + counts.duplicate + counts.stale), (counts.journaled, 449), "{counts}");
    for (book, units) in &books {
        for (side, price, size) in [(crate::market::Side::Buy, "bp", "bs"), (crate::market::Side::Sell, "ap", "as")] {
            let ours: Vec<(f64, f64)> = book.levels(side).map(|level| (level.0.to_f64(), level.1.to_f64())).collect();
            let theirs =
                units.as_array().map(|rows| rows.iter().filter_map(|row| Some((row[price].as_f64()?, row[size].as_f64()?))));
            assert_eq!(ours, theirs.map(|rows| rows.collect::<Vec<_>>()).unwrap_or_default());
        }
    }
    eprintln!("{counts}");
}
