//! `jangbu replay` on journals that the library made: identical, divergent, parsed again.

use std::path::Path;

use jangbu::account::{OrderType, SessionId, TimeInForce};
use jangbu::data::history::History;
use jangbu::data::synthetic::{SyntheticSettings, SyntheticTrades};
use jangbu::event::command::{Settings, StrategySettings};
use jangbu::event::{Command, Event, MarketEvent};
use jangbu::market::{InstrumentId, Qty, Side, Venue};
use jangbu::venue::binance::wire::Decoder;
use jangbu::venue::channel::Channel;
use jangbu::venue::raw::frame_pieces;
use jangbu_journal::{Checkpoint, Nanos};
use serde_json::Value;

use crate::made::{Script, command, market_session, resume, scripted_session};
use crate::program::{check, folder, json};

const DATA: &str = "jangbu-data";
const BEGIN: Nanos = Nanos::from_millis(1_704_067_200_000);

/// A session of some 600 events that trades, in `jangbu-data`.
fn trade(dir: &Path, session: u32) {
    let dir = dir.join(DATA);
    let clock = resume(&dir).clock.max(BEGIN);
    let settings = SyntheticSettings { seed: session.into(), trades: 400, instruments: 2, start: clock, step_ns: 1_000_000 };
    let mut source = SyntheticTrades::new(settings);
    let id = SessionId(session);
    let parameters = [("fast", "3"), ("slow", "8"), ("on", "trade"), ("short", "true")];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let strategies = vec![StrategySettings { name: "ema-cross".into(), instruments: vec![], parameters }];
    let amount = "100000".parse().expect("money");
    let (venue, currency) = (Venue::BinanceUsdM, "USDT".parse().expect("a code"));
    let mut said = vec![
        Command::SessionStarted { session: id, build: "test".into(), mode: "paper".into() },
        Command::Configure(Settings { strategies, ..Settings::default() }),
    ];
    if session == 1 {
        said.push(Command::Deposit { venue, currency, amount });
    }
    said.push(Command::AutoTrade(true));
    let mut history: Vec<_> = said.into_iter().map(|said| (clock, None, command(said))).collect();
    history.extend(std::iter::from_fn(|| source.next().expect("synthetic")));
    let end = history.last().expect("trades").0;
    history.push((end, None, command(Command::SessionEnded { session: id })));
    let finished = market_session(&dir, id, history, 400);
    assert!(finished.report.fills > 10, "{:?}", finished.report);
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("{name}: {value}"))
}

#[test]
fn a_session_is_identical_and_so_is_every_part_of_it() {
    let dir = folder();
    let dir = dir.path();
    check(dir, &["replay"], 3);
    trade(dir, 1);
    trade(dir, 2);
    let (out, _) = check(dir, &["replay", "--twice"], 0);
    assert!(out.starts_with("identical") && out.contains("both runs agree"), "{out}");

    let all = json(&check(dir, &["replay", "--from", "1", "--no-snapshots", "--json"], 0).0);
    let second = json(&check(dir, &["replay", "--json"], 0).0);
    let first = json(&check(dir, &["replay", "--session", "1", "--json"], 0).0);
    assert_eq!((number(&first, "session"), number(&second, "session")), (1, 2));
    assert_eq!(number(&first, "last") + 1, number(&second, "first"), "the second begins at the snapshot the first left");
    assert_eq!(number(&all, "events"), number(&first, "events") + number(&second, "events"));
    for sum in ["effects", "effects_digest", "state_digest", "last"] {
        assert_eq!(all[sum], second[sum], "{sum}");
    }

    let last = number(&all, "last");
    let (from, until) = ((last - 300).to_string(), (last - 100).to_string());
    let part = json(&check(dir, &["replay", "--from", &from, "--until", &until, "--json"], 0).0);
    assert_eq!(number(&part, "last"), last - 100);
    assert!(number(&part, "first") > 1 && number(&part, "first") <= last - 300, "from a snapshot before it: {part}");

    // 400 trades of the first session are 400 ms long, more or less.
    let half = json(&check(dir, &["replay", "--session", "1", "--until", "2024-01-01T09:00:00.2", "--json"], 0).0);
    let rest = json(&check(dir, &["replay", "--session", "1", "--from", "2024-01-01T00:00:00.2Z", "--json"], 0).0);
    assert!(number(&half, "last") > 50 && number(&half, "last") < number(&first, "last"), "{half}");
    assert_eq!((&rest["identical"], &rest["last"]), (&Value::Bool(true), &first["last"]));

    for (arguments, code) in [
        (["replay", "--session", "9"], 3),
        (["replay", "--from", "999999"], 2),
        (["replay", "--until", "0"], 2),
        (["replay", "--until", "2020-01-01"], 2),
        (["replay", "--speed", "fast"], 2),
        (["replay", "--reparse", "--paced"], 2),
    ] {
        check(dir, &arguments, code);
    }
    let (_, err) = check(dir, &["replay", "--reparse"], 3);
    assert!(err.contains("journal.raw"), "{err}");
}

#[test]
fn at_the_recorded_pace_it_tells_what_is_decided_and_comes_to_the_same() {
    let dir = folder();
    trade(dir.path(), 1);
    let fast = json(&check(dir.path(), &["replay", "--json"], 0).0);
    let paced = json(&check(dir.path(), &["replay", "--speed", "10", "--json"], 0).0);
    assert_eq!(fast["state_digest"], paced["state_digest"]);
    let (out, err) = check(dir.path(), &["replay", "--paced"], 0);
    assert!(out.starts_with("identical"), "{out}");
    let told = err.lines().filter(|line| line.contains("Submit(")).count() as u64;
    assert!(told > 10 && told <= number(&fast, "effects"), "{err}");
}

/// A journal of 120 orders by hand, and what its marks say after `forge`.
fn orders(dir: &Path, clean: bool, forge: &mut dyn FnMut(&mut Checkpoint)) {
    let dir = dir.join(DATA);
    let mut script = Script::after(&dir);
    script.say(command(Command::SessionStarted { session: SessionId(1), build: "test".into(), mode: "paper".into() }));
    let instrument = SyntheticTrades::instrument(InstrumentId(0));
    let (venue, currency) = (instrument.venue, instrument.quote);
    script.say(Event::Market(MarketEvent::Instrument(Box::new(instrument))));
    script.say(command(Command::Deposit { venue, currency, amount: "1000000".parse().expect("money") }));
    for count in 1..=120_i64 {
        script.say(command(Command::Order {
            instrument: InstrumentId(0),
            side: Side::Buy,
            order_type: OrderType::Limit("50000".parse().expect("a price")),
            time_in_force: TimeInForce::Gtc,
            qty: Qty::from_raw(i128::from(count) * 100_000),
        }));
    }
    scripted_session(&dir, SessionId(1), script, clean, forge);
}

#[test]
fn another_decision_is_named_with_both_sides() {
    // What was recorded at seq 57 is another order than the one this kernel sends.
    let dir = folder();
    orders(dir.path(), true, &mut |mark| {
        if mark.seq.get() == 57 && mark.state == 0 {
            mark.parts[0].0 = "Submit(another order)".into();
            mark.parts[0].1 ^= 1;
            mark.effects ^= 1;
        }
    });
    let (out, _) = check(dir.path(), &["replay"], 1);
    assert!(out.contains("divergent at seq 57 (identical up to 56)"), "{out}");
    assert!(out.contains("recorded: Submit(another order)") && out.contains("replayed: Submit(NewOrder"), "{out}");
    let value = json(&check(dir.path(), &["replay", "--twice", "--json"], 1).0);
    assert_eq!((&value["identical"], number(&value["divergence"], "seq")), (&Value::Bool(false), 57));
    assert_eq!(value["divergence"]["recorded"]["parts"][0]["name"], "Submit(another order)");
    // Up to there nothing is different.
    check(dir.path(), &["replay", "--until", "56"], 0);

    // Another state, though every decision is the same.
    let dir = folder();
    orders(dir.path(), true, &mut |mark| {
        if mark.seq.get() == 80 && mark.state != 0 {
            mark.state ^= 1;
            let risk = mark.parts.iter_mut().find(|part| part.0 == "risk").expect("a part");
            risk.1 ^= 1;
        }
    });
    let (out, _) = check(dir.path(), &["replay", "--from", "1", "--no-snapshots"], 1);
    assert!(out.contains("divergent at seq 80") && out.contains("recorded: risk ") && !out.contains("portfolio"), "{out}");
}

#[test]
fn a_session_that_was_killed_replays_too() {
    let dir = folder();
    orders(dir.path(), false, &mut |_| ());
    let value = json(&check(dir.path(), &["replay", "--twice", "--json"], 0).0);
    assert_eq!((number(&value, "last"), number(&value, "effects")), (123, 120));
}

/// A session with raw frames kept; `change` may change an event that was made of them.
fn framed(dir: &Path, change: impl Fn(u64, &mut Event)) {
    let dir = dir.join(DATA);
    let mut script = Script::after(&dir);
    script.say(command(Command::SessionStarted { session: SessionId(1), build: "test".into(), mode: "paper".into() }));
    let mut instrument = SyntheticTrades::instrument(InstrumentId(0));
    (instrument.venue, instrument.symbol) = (Venue::BinanceSpot, "BTCUSDT".into());
    script.say(Event::Market(MarketEvent::Instrument(Box::new(instrument))));
    let mut decoder = Decoder::new(Venue::BinanceSpot, [("BTCUSDT", InstrumentId(0))]);
    let mut made = Vec::new();
    // A snapshot longer than a piece.
    let levels: Vec<String> = (1..3_000).map(|level| format!(r#"["{}.00","1.5"]"#, 40_000 - level)).collect();
    let snapshot = format!(r#"{{"lastUpdateId":5,"bids":[{}],"asks":[["50000.00","1"]]}}"#, levels.join(","));
    let quote = |id: u64| {
        format!(
            r#"{{"stream":"btcusdt@bookTicker","data":{{"u":{id},"s":"BTCUSDT","b":"41000.00","B":"1","a":"41001.00","A":"2"}}}}"#
        )
    };
    let delta =
        r#"{"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":1704067200000,"s":"BTCUSDT","U":5,"u":6,"b":[],"a":[]}}"#;
    let connection = Channel::Connection(0);
    let mut frames = vec![(connection, delta.to_owned()), (Channel::Snapshot(InstrumentId(0)), snapshot)];
    frames.extend((1..50).map(|id| (connection, quote(id / 2))));
    frames.push((connection, "{not a frame".into()));
    frames.push((Channel::Snapshot(InstrumentId(0)), String::new()));
    for (channel, text) in frames {
        for piece in frame_pieces(Venue::BinanceSpot, channel.number().expect("a channel"), text.as_bytes()) {
            script.say(Event::Frame(Box::new(piece)));
        }
        decoder.reparse(channel, text.as_bytes(), &mut made);
        for (venue, mut event) in made.drain(..) {
            // Others speak in between.
            script.say(Event::Tick);
            let seq = script.events.len() as u64 + 1;
            change(seq, &mut event);
            script.say_at(event, venue);
        }
    }
    scripted_session(&dir, SessionId(1), script, true, &mut |_| ());
}

#[test]
fn frames_make_the_same_events_again_or_the_first_other_one_is_named() {
    let dir = folder();
    framed(dir.path(), |_, _| ());
    check(dir.path(), &["replay"], 0);
    let value = json(&check(dir.path(), &["replay", "--reparse", "--json"], 0).0);
    // 3,000 levels, two heads, 24 quotes, one book lost.
    assert_eq!((number(&value, "frames"), number(&value, "events")), (53, 3_028));
    assert_eq!((number(&value, "frames_unread"), number(&value, "events_unframed")), (0, 0));

    let dir = folder();
    framed(dir.path(), |seq, event| {
        if let (4_000.., Event::Market(MarketEvent::Quote(quote))) = (seq, event) {
            quote.ask_qty = "3".parse().expect("a quantity");
        }
    });
    check(dir.path(), &["replay"], 0);
    let (out, _) = check(dir.path(), &["replay", "--reparse"], 1);
    assert!(out.starts_with("different at seq ") && out.contains("journaled: Market(Quote") && out.contains("parsed:"), "{out}");
}
