//! The WebSocket: sessions of a connection, registrations, market frames, conditions, interruptions.

use std::time::Duration;

use super::client::{quiet, start};
use crate::market::number::ONE;
use crate::market::{Price, Side};
use crate::venue::kiwoom::emulator::KiwoomEmulatorConfig;
use crate::venue::kiwoom::wire::Message;
use crate::venue::kiwoom::wire::frame::SystemCode;
use crate::venue::kiwoom::wire::request::{
    RealType, condition_clear, condition_list, condition_once, condition_watch, login, register, remove,
};
use crate::venue::kiwoom::wire::stream::RealBody;

#[tokio::test]
async fn who_is_not_logged_in_gets_nothing() {
    let (_emulator, client) = start(quiet()).await;
    let mut socket = client.stranger().await;
    socket.say(&register(1, true, &["005930"], &[RealType::Trades])).await;
    match socket.reply().await {
        Message::Registered(reply) => assert_eq!(reply.code, 100_013),
        other => panic!("{other:?}"),
    }
    socket.say(&login("wrong")).await;
    match socket.reply().await {
        Message::Login { reply, .. } => {
            assert!(reply.code == 805_004 && reply.message.contains("[CODE=8005, MESSAGE="), "{reply:?}")
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(socket.next().await, None);
    // SYSTEM is never to be echoed.
    let mut socket = client.socket().await;
    socket.say(r#"{"trnm":"SYSTEM","code":"R10002"}"#).await;
    assert_eq!(socket.next().await, None);
}

#[tokio::test]
async fn silence_and_a_second_login_end_a_connection() {
    let short = Duration::from_millis(20);
    let config = KiwoomEmulatorConfig { ping_interval: short, login_patience: short, early_ping: true, ..quiet() };
    let (_emulator, client) = start(config).await;
    let ends_with = async |mut socket: super::client::Socket| loop {
        match socket.next().await {
            Some(Message::System { code, .. }) => {
                assert_eq!(socket.next().await, None);
                return code;
            }
            Some(_) => {}
            None => panic!("it ended without a word"),
        }
    };
    assert_eq!(ends_with(client.stranger().await).await, SystemCode::LoginMissing);
    assert_eq!(ends_with(client.socket().await).await, SystemCode::HeartbeatMissing);
    let (_emulator, client) = start(quiet()).await;
    let first = client.socket().await;
    let mut second = client.socket().await;
    assert_eq!(ends_with(first).await, SystemCode::LoggedInElsewhere);
    second.say(&condition_list()).await;
    assert!(matches!(second.reply().await, Message::Conditions { .. }));
}

#[tokio::test]
async fn market_frames_come_as_registered_and_until_removed() {
    let (emulator, client) = start(KiwoomEmulatorConfig { interval_ms: 20, wander_ticks: 2, ..quiet() }).await;
    let mut socket = client.socket().await;
    let types = [RealType::Trades, RealType::Best, RealType::Book];
    socket.say(&register(1, true, &["005930", "000660_AL"], &types)).await;
    assert!(matches!(socket.reply().await, Message::Registered(reply) if reply.is_ok()));
    let mut last = 0;
    for _ in 0..20 {
        let trade = socket.real(|body| match body {
            RealBody::Trade(frame) if frame.price.is_some_and(|price| price.raw() < 150_000 * ONE) => Some((**frame).clone()),
            _ => None,
        });
        let trade = trade.await;
        let volume = trade.volume.expect("a volume").raw();
        assert!(volume > last && trade.taken.is_some_and(|taken| taken.taker.is_some()), "{trade:?}");
        assert!(trade.low <= trade.price && trade.price <= trade.high && trade.strength.is_some());
        last = volume;
    }
    let book = socket.real(|body| match body {
        RealBody::Book(frame) => Some((**frame).clone()),
        _ => None,
    });
    let book = book.await;
    assert_eq!((book.asks.len(), book.bids.len()), (10, 10));
    let sum: i128 = book.asks.iter().map(|level| level.1.raw()).sum();
    assert!(book.bids[0].0 < book.asks[0].0 && book.ask_total.map(|total| total.raw()) == Some(sum));
    socket.real(|body| matches!(body, RealBody::Best(best) if best.ask > best.bid).then_some(())).await;
    // A hundred items a group, no more.
    let items: Vec<String> = (0..101).map(|item| format!("{item:06}")).collect();
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    socket.say(&register(2, true, &items, &types)).await;
    assert!(matches!(socket.reply().await, Message::Registered(reply) if reply.code == 1));
    socket.say(&remove(1, &["005930", "000660_AL"], &types)).await;
    assert!(matches!(socket.reply().await, Message::Removed(reply) if reply.is_ok()));
    let frames = emulator.stats().frames;
    let trades = emulator.stats().trades;
    while emulator.stats().trades < trades + 50 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(emulator.stats().frames, frames);
}

#[tokio::test]
async fn conditions_are_listed_watched_and_cleared() {
    let (emulator, client) = start(quiet()).await;
    let mut socket = client.socket().await;
    let refused = async |socket: &mut super::client::Socket| match socket.reply().await {
        Message::Hits(hits) => hits.reply.code,
        other => panic!("{other:?}"),
    };
    socket.say(&condition_watch(1)).await;
    assert_eq!(refused(&mut socket).await, 900_001);
    socket.say(&condition_list()).await;
    match socket.reply().await {
        Message::Conditions { list, .. } => assert_eq!((list.len(), list[1].1.as_str()), (3, "거래량 상위")),
        other => panic!("{other:?}"),
    }
    emulator.set_condition(1, "005930", true);
    socket.say(&condition_watch(1)).await;
    match socket.reply().await {
        Message::Hits(hits) => {
            assert_eq!((hits.condition, hits.once, hits.next_key), (Some(1), false, None));
            assert!(hits.hits.iter().any(|hit| hit.symbol.code == "005930" && hit.quote.is_none()));
        }
        other => panic!("{other:?}"),
    }
    socket.say(&condition_watch(1)).await;
    assert_eq!(refused(&mut socket).await, 900_003);
    assert!(emulator.set_condition(1, "005930", false) && !emulator.set_condition(1, "005930", false));
    assert!(emulator.set_condition(1, "005930", true) && !emulator.set_condition(9, "005930", true));
    let change = |body: &RealBody| match body {
        RealBody::Condition(frame) if frame.symbol.code == "005930" => Some((frame.condition, frame.change.clone())),
        _ => None,
    };
    assert_eq!(socket.real(change).await, (Some(1), "D".into()));
    assert_eq!(socket.real(change).await, (Some(1), "I".into()));
    socket.say(&condition_once(1, None)).await;
    match socket.reply().await {
        Message::Hits(hits) => {
            let hit = hits.hits.iter().find(|hit| hit.symbol.code == "005930").expect("it meets it");
            let quote = hit.quote.as_ref().expect("a quote");
            assert!(hits.once && quote.name == "삼성전자" && quote.last.is_some_and(|last| last.raw() > 50_000 * ONE));
        }
        other => panic!("{other:?}"),
    }
    socket.say(&condition_clear(1)).await;
    assert!(matches!(socket.reply().await, Message::ConditionCleared { condition: Some(1), .. }));
    socket.say(&condition_watch(1)).await;
    assert_eq!(refused(&mut socket).await, 0);
}

#[tokio::test]
async fn a_price_that_runs_away_begins_an_interruption() {
    let config = KiwoomEmulatorConfig { speed: 600, interval_ms: 500, symbols: 1, limited: false, ..quiet() };
    let (emulator, client) = start(config).await;
    let mut socket = client.socket().await;
    socket.say(&register(1, true, &[], &[RealType::Interruptions])).await;
    emulator.set_target("005930", 90_000);
    let frame = |body: &RealBody| match body {
        RealBody::Interruption(frame) => Some((**frame).clone()),
        _ => None,
    };
    let (began, ended) = (socket.real(frame).await, socket.real(frame).await);
    assert!(began.is_active() && began.is_static() && !ended.is_active(), "{began:?} {ended:?}");
    assert_eq!((began.began, began.direction, began.count_today), (ended.began, Some(1), Some(1)));
    let lasted = ended.ended.expect("a time").seconds() - began.began.expect("a time").seconds();
    assert!((120..=150).contains(&lasted), "{lasted}");
    assert!(began.price.expect("a price").raw() * 10 >= began.static_reference.expect("a price").raw() * 11 - 1_000 * ONE);
}

#[tokio::test]
async fn a_price_that_leaps_begins_a_dynamic_interruption() {
    let config = KiwoomEmulatorConfig { speed: 600, interval_ms: 500, symbols: 1, limited: false, ..quiet() };
    let (emulator, client) = start(config).await;
    let mut socket = client.socket().await;
    socket.say(&register(1, true, &[], &[RealType::Interruptions])).await;
    assert!(matches!(socket.reply().await, Message::Registered(_)));
    let (bid, _) = emulator.best("005930");
    let price = bid.expect("a book").raw() / ONE / 100 * 105 / 100 * 100;
    emulator.leap("005930", Side::Buy, price);
    let frame = |body: &RealBody| match body {
        RealBody::Interruption(frame) => Some((**frame).clone()),
        _ => None,
    };
    let (began, ended) = (socket.real(frame).await, socket.real(frame).await);
    assert!(began.is_active() && began.is_dynamic() && !began.is_static() && !ended.is_active(), "{began:?} {ended:?}");
    assert_eq!((began.direction, began.price, ended.began), (Some(1), Some(Price::from_raw(price * ONE)), began.began));
    // Three percent of the last trade, up to a tick; the static one's ten are not reached.
    let (last, at) = (began.dynamic_reference.expect("the last trade").raw(), price * ONE);
    assert!(last > 0 && at * 100 >= last * 103 && at * 10 < last * 11, "{began:?}");
    assert!(!began.static_reference.is_some_and(Price::is_positive), "{began:?}");
}
