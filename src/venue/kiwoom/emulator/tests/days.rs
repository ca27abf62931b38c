//! Whole days on the accelerated clock.

use jangbu_journal::Nanos;

use super::client::{order, start};
use crate::market::{InstrumentId, Side};
use crate::venue::kiwoom::emulator::KiwoomEmulatorConfig;
use crate::venue::kiwoom::time::{Date, TimeOfDay};
use crate::venue::kiwoom::wire::request::{RealType, condition_list, condition_watch, register};
use crate::venue::kiwoom::wire::rest::order::OrderKind;
use crate::venue::kiwoom::wire::{Decoder, Exchange, FrameOutcome, Message};

#[tokio::test]
async fn a_day_from_eight_to_eight() {
    let date = Date::of(2026, 11, 20);
    let config = KiwoomEmulatorConfig { speed: 7_200, symbols: 3, limited: false, ..KiwoomEmulatorConfig::default() };
    let (emulator, client) = start(config).await;
    let mut socket = client.socket().await;
    let codes = emulator.codes();
    let items: Vec<&str> = codes.iter().map(String::as_str).collect();
    for (group, items, types) in [
        (1, &items[..], &[RealType::Trades, RealType::Book, RealType::Best][..]),
        (2, &[][..], &[RealType::Orders, RealType::Holdings, RealType::Sessions, RealType::Interruptions][..]),
    ] {
        socket.say(&register(group, true, items, types)).await;
    }
    socket.say(&condition_list()).await;
    for condition in 0..3 {
        socket.say(&condition_watch(condition)).await;
    }
    let trade = async {
        emulator.until(date.moment(TimeOfDay::of(10, 0, 0))).await;
        for _ in 0..5 {
            client.place(Side::Buy, 20, OrderKind::Market, None).await.expect("accepted");
        }
        let resting = client.place(Side::Buy, 1, OrderKind::Limit, Some(60_000)).await.expect("it rests");
        emulator.until(date.moment(TimeOfDay::of(14, 0, 0))).await;
        client.place(Side::Sell, 100, OrderKind::Market, None).await.expect("accepted");
        emulator.finished().await;
        resting
    };
    let listen = async {
        let (mut decoder, mut events) = (Decoder::new(Exchange::Krx, ids(&codes)), Vec::new());
        let (mut phases, mut conditions, now) = (Vec::new(), 0, emulator.now());
        loop {
            let text = socket.text().await.expect("connected");
            match decoder.frame(now(), text.as_bytes(), &mut events) {
                FrameOutcome::Malformed(error) => panic!("{error}: {text}"),
                FrameOutcome::Control(message) if matches!(*message, Message::Ping) => socket.say(&text).await,
                _ => {}
            }
            conditions += u32::from(text.contains(r#""type":"02""#));
            if let Some((_, rest)) = text.split_once(r#""215":""#).filter(|_| text.contains(r#""type":"0s""#)) {
                phases.push(rest[..1].to_owned());
            }
            if phases.last().is_some_and(|code| code == "9") {
                return (phases, conditions, events.len());
            }
        }
    };
    let (resting, (phases, conditions, events)) = tokio::join!(trade, listen);
    assert_eq!(phases, ["0", "Q", "3", "R", "2", "S", "4", "8", "a", "U", "b", "W", "9"]);
    assert!(conditions > 0 && events > 500, "{conditions} {events}");
    emulator.verify().expect("it adds up");
    let (stats, ledger) = emulator.stop().await;
    assert!(stats.finished && stats.days == 1 && stats.trades > 100, "{stats:?}");
    let expired = ledger.orders.iter().find(|order| order.number == resting.number.get());
    assert_eq!(expired.map(|order| order.state), Some("cancelled"));
    let sold: i64 = ledger.fills.iter().filter(|fill| !fill.buy).map(|fill| fill.qty).sum();
    let (in_value, out_value) = ledger.fills.iter().fold((0, 0), |(bought, sold), fill| match fill.buy {
        true => (bought + fill.price * fill.qty, sold),
        false => (bought, sold + fill.price * fill.qty),
    });
    assert_eq!((sold, ledger.holdings.len(), ledger.orderable), (100, 0, ledger.cash));
    assert_eq!(ledger.cash, 100_000_000 - in_value + out_value - ledger.fees - ledger.taxes);
}

fn ids(codes: &[String]) -> impl Iterator<Item = (&str, InstrumentId)> {
    codes.iter().zip(0..).map(|(code, id)| (code.as_str(), InstrumentId(id)))
}

#[tokio::test]
async fn days_follow_each_other_and_keep_what_is_held() {
    let config = KiwoomEmulatorConfig {
        // Four seconds a day: a busy machine still places its order on the day that the token is for.
        speed: 6_000,
        // With a life of a day, yesterday's is valid until this very moment, and is given again.
        token_life_s: 43_200,
        days: 3,
        symbols: 2,
        limited: false,
        begin: TimeOfDay::of(9, 0, 0),
        end: TimeOfDay::of(15, 40, 0),
        ..KiwoomEmulatorConfig::default()
    };
    let (emulator, mut client) = start(config).await;
    // Friday, Monday, Tuesday.
    let days = [Date::of(2026, 11, 20), Date::of(2026, 11, 23), Date::of(2026, 11, 24)];
    for day in days {
        emulator.until(day.moment(TimeOfDay::of(10, 0, 0))).await;
        // Yesterday's token has expired.
        client.token = client.issue("emulator-app-key").await.expect("a token").secret;
        let number = client.ask(&order(Side::Buy, 7, OrderKind::Market, None)).await.expect("accepted").number;
        assert_eq!(number.get(), 1, "numbers begin anew every day");
    }
    emulator.finished().await;
    emulator.verify().expect("it adds up");
    let (stats, ledger) = emulator.stop().await;
    assert_eq!((stats.days, ledger.holdings[0].qty, ledger.orders.len()), (3, 21, 3));
    let end = days[2].moment(TimeOfDay::of(15, 40, 0));
    assert_eq!(stats.virtual_time, format!("{}{}", days[2], TimeOfDay::at(Nanos::new(end.get()))));
}
