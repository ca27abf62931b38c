//! What is Kiwoom's alone; what every venue does is in `venue/conformance`.

use crate::account::{OrderType, TimeInForce};
use crate::effect::{BarLength, Query};
use crate::event::link::ACCOUNT_CHANNEL;
use crate::event::{Answer, Command, Event, LinkState, MarketEvent};
use crate::market::{Bar, InstrumentId, Qty, Reference, Side, Venue};
use crate::venue::conformance::harness::INSTRUMENT;
use crate::venue::conformance::rig::{Rig, Setup};
use crate::venue::gateway::Instruction;
use crate::venue::kiwoom::conformance::Stocks;

fn trade(rig: &mut Rig<Stocks>, instrument: InstrumentId, side: Side, qty: Qty) {
    let (order_type, time_in_force) = (OrderType::Market, TimeInForce::Gtc);
    rig.say(Command::Order { instrument, side, order_type, time_in_force, qty });
}

#[tokio::test]
async fn a_condition_brings_a_stock_that_is_bought_and_sold() {
    let mut rig = Rig::at(Stocks::start_with(7, 3, vec!["0".into()]).await, Setup::default());
    rig.until_ready().await;
    let code = rig.harness.emulator.codes()[2].clone();
    // By a watch's first answer, or as it happens.
    rig.harness.emulator.set_condition(0, &code, true);
    let id = |rig: &Rig<Stocks>| rig.kernel.instruments().find(|row| row.symbol == code).map(|row| row.id);
    rig.until("the stock enters", |rig| {
        let entered = |event: &Event| match event {
            Event::Market(MarketEvent::Condition(hit)) => hit.entered && Some(hit.instrument) == id(rig),
            _ => false,
        };
        rig.heard.iter().any(|row| entered(&row.1))
    })
    .await;
    let id = id(&rig).expect("defined before it entered");
    rig.instruct(Instruction::Subscribe { instrument: id, on: true });
    let best = |rig: &Rig<Stocks>| rig.kernel.book(id).and_then(|book| book.best(Side::Sell)).map(|level| level.1);
    rig.until("its book", |rig| best(rig).is_some()).await;
    // More than stands at the best price: several fills.
    let unit = Rig::<Stocks>::units(1);
    let qty = best(&rig).and_then(|there| there.checked_add(unit)).expect("a quantity");
    let is_held = |rig: &Rig<Stocks>, qty| rig.kernel.portfolio().position(id).qty == qty && rig.difference().is_none();
    trade(&mut rig, id, Side::Buy, qty);
    rig.until("bought", |rig| is_held(rig, qty)).await;
    assert!(rig.kernel.counts().fills > 1, "in one piece");
    let rest = qty.checked_sub(unit).expect("more than one");
    for (sold, left) in [(unit, rest), (rest, Qty::ZERO)] {
        trade(&mut rig, id, Side::Sell, sold);
        rig.until("sold", |rig| is_held(rig, left)).await;
    }
    assert!(rig.harness.emulator.ledger().taxes > 0);
    rig.finish().await;
}

#[tokio::test]
async fn a_login_elsewhere_does_not_loop() {
    use futures_util::{SinkExt, StreamExt};
    let mut rig = Rig::<Stocks>::ready().await;
    let before = rig.harness.emulator.stats().connections;
    let token = rig.harness.emulator.token();
    let url = format!("ws://{}/api/dostk/websocket", rig.harness.emulator.address());
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("a socket");
    socket.send(super::super::wire::request::login(&token).into()).await.expect("sent");
    let _ = socket.next().await;
    let told = |event: &Event| match event {
        Event::Link(link) => {
            link.channel == ACCOUNT_CHANNEL && matches!(&link.state, LinkState::Down { reason } if reason.contains("R10001"))
        }
        _ => false,
    };
    rig.until("thrown out", |rig| rig.heard.iter().any(|row| told(&row.1))).await;
    // Queries still work, and no other connection is made: the next answer proves that time has passed.
    let from = rig.heard.len();
    rig.instruct(Instruction::Query(Query::Account(Venue::Kiwoom)));
    rig.until("the account", |rig| rig.heard[from..].iter().any(|row| matches!(row.1, Event::Answer(_)))).await;
    assert_eq!(rig.harness.emulator.stats().connections, before + 1);
    // A person takes it back, once, and all is as it was.
    let from = rig.heard.len();
    rig.instruct(Instruction::Reconnect);
    let is_up =
        |event: &Event| matches!(event, Event::Link(link) if link.channel == ACCOUNT_CHANNEL && link.state == LinkState::Up);
    rig.until("up again", |rig| rig.heard[from..].iter().any(|row| is_up(&row.1))).await;
    assert_eq!(rig.harness.emulator.stats().connections, before + 2);
    trade(&mut rig, INSTRUMENT, Side::Buy, Rig::<Stocks>::units(1));
    rig.until("bought", |rig| rig.kernel.counts().fills > 0).await;
    // Nothing is given up now: another word changes nothing.
    rig.instruct(Instruction::Reconnect);
    rig.instruct(Instruction::Query(Query::Account(Venue::Kiwoom)));
    let from = rig.heard.len();
    rig.until("the account", |rig| rig.heard[from..].iter().any(|row| matches!(row.1, Event::Answer(_)))).await;
    assert_eq!(rig.harness.emulator.stats().connections, before + 2);
    rig.stop().await;
}

#[tokio::test]
async fn other_conditions_are_registered_on_the_same_connection() {
    let mut rig = Rig::at(Stocks::start_with(7, 3, vec!["0".into()]).await, Setup::default());
    rig.until_ready().await;
    let watched = |rig: &Rig<Stocks>| rig.harness.emulator.watched_conditions();
    rig.until("the first condition", |rig| watched(rig) == [0]).await;
    let connections = rig.harness.emulator.stats().connections;
    rig.instruct(Instruction::Conditions(vec!["1".into(), "2".into()]));
    rig.until("the others in its place", |rig| watched(rig) == [1, 2]).await;
    let code = rig.harness.emulator.codes()[1].clone();
    let entered = |rig: &Rig<Stocks>, wanted: u32| {
        let hit = |event: &Event| match event {
            Event::Market(MarketEvent::Condition(hit)) => hit.entered && hit.number == wanted,
            _ => false,
        };
        rig.heard.iter().any(|row| hit(&row.1))
    };
    let from = rig.heard.len();
    for condition in [0, 1] {
        rig.harness.emulator.set_condition(condition, &code, false);
        rig.harness.emulator.set_condition(condition, &code, true);
    }
    rig.until("a stock enters", |rig| entered(rig, 1)).await;
    let of_the_cleared = |event: &Event| matches!(event, Event::Market(MarketEvent::Condition(hit)) if hit.number == 0);
    assert!(!rig.heard[from..].iter().any(|row| of_the_cleared(&row.1)), "it is not watched any more");
    // The same ones after a connection is lost, and none when none is wanted.
    rig.harness.emulator.disconnect_all();
    rig.until("another connection", |rig| watched(rig) == [1, 2]).await;
    rig.instruct(Instruction::Conditions(Vec::new()));
    rig.until("no condition", |rig| watched(rig).is_empty()).await;
    assert_eq!(rig.harness.emulator.stats().connections, connections + 1);
    rig.stop().await;
}

#[tokio::test]
async fn a_token_that_was_renewed_is_told_in_a_line() {
    let mut rig = Rig::<Stocks>::ready().await;
    assert!(!rig.has_notice("venue.note"), "the first token is no renewal");
    rig.harness.emulator.invalidate_token();
    rig.instruct(Instruction::Query(Query::Account(Venue::Kiwoom)));
    let told =
        |rig: &Rig<Stocks>| rig.notices.iter().find(|notice| notice.code == "venue.note").map(|notice| notice.text.clone());
    rig.until("it is told", |rig| told(rig).is_some()).await;
    let text = told(&rig).expect("told");
    assert!(text.contains("8005") && text.contains("renewed") && text.contains("새로 받았고"), "{text}");
    assert!(!text.contains(&rig.harness.emulator.token()), "{text}");
    rig.stop().await;
}

fn facts(rig: &Rig<Stocks>, id: InstrumentId) -> Vec<Reference> {
    let told = rig.heard.iter().filter_map(|row| match &row.1 {
        Event::Market(MarketEvent::Reference(reference)) if reference.instrument == id => Some(**reference),
        _ => None,
    });
    told.collect()
}

#[tokio::test]
async fn facts_of_the_settings_stocks_come_before_the_account_and_others_when_they_are_asked_for() {
    let mut rig = Rig::at(Stocks::start_with(7, 3, Vec::new()).await, Setup::default());
    rig.until_ready().await;
    let up = rig.heard.iter().position(|row| matches!(&row.1, Event::Link(link) if link.state == LinkState::Up));
    let whole = |event: &Event| matches!(event, Event::Market(MarketEvent::Reference(told)) if told.has_limits());
    let told = rig.heard.iter().position(|row| whole(&row.1));
    assert!(told.is_some() && told < up, "facts at {told:?}, up at {up:?}");
    let known = *rig.kernel.reference(INSTRUMENT).expect("facts");
    let texts =
        [known.base, known.previous_close, known.lower_limit, known.upper_limit].map(|at| at.expect("a price").to_string());
    assert_eq!(texts, ["74900", "74900", "52500", "97300"]);
    assert_eq!((known.listed.map(|qty| qty.to_string()), known.halted), (Some("5919637922".into()), Some(false)));
    assert!(known.previous_volume.is_some() && known.previous_turnover.is_some() && known.capitalisation.is_some(), "{known:?}");
    // Asked for again, they are told again.
    let before = facts(&rig, INSTRUMENT).len();
    rig.instruct(Instruction::Query(Query::Reference(INSTRUMENT)));
    rig.until("facts", |rig| facts(rig, INSTRUMENT).len() > before).await;
    // What is no stock is said to be none.
    let query = Query::Reference(InstrumentId(999));
    let question = query.question();
    rig.instruct(Instruction::Query(query));
    let failed = |event: &Event| matches!(event, Event::Answer(it) if matches!(&**it, Answer::Failed { question: of, .. } if *of == question));
    rig.until("a failure", |rig| rig.heard.iter().any(|row| failed(&row.1))).await;
    rig.finish().await;
}

#[tokio::test]
async fn bars_of_every_length_come_oldest_first() {
    let mut rig = Rig::<Stocks>::ready().await;
    rig.until("some trades", |rig| rig.kernel.last(INSTRUMENT).is_some()).await;
    for (length, count, span) in [
        (BarLength::Trades(1), 2, 0),
        (BarLength::Minutes(5), 100, 300),
        (BarLength::Day { adjusted: true }, 620, 86_400),
        (BarLength::Day { adjusted: false }, 45, 86_400),
    ] {
        let from = rig.heard.len();
        rig.instruct(Instruction::Query(Query::Bars { instrument: INSTRUMENT, length, count }));
        let bars = |rig: &Rig<Stocks>| -> Vec<Bar> {
            let told = rig.heard[from..].iter().filter_map(|row| match &row.1 {
                Event::Market(MarketEvent::Bar(bar)) => Some(**bar),
                _ => None,
            });
            told.collect()
        };
        // There may be fewer trades so far.
        let enough = if length == BarLength::Trades(1) { 1 } else { usize::from(count) };
        rig.until("bars", |rig| bars(rig).len() >= enough).await;
        let bars = bars(&rig);
        assert!(bars.len() <= usize::from(count) && bars.iter().all(|bar| bar.span == span * 1_000_000_000), "{length:?}");
        assert!(bars.windows(2).all(|pair| pair[0].start < pair[1].start || span == 0), "{length:?}");
        let sound =
            |bar: &Bar| bar.low <= bar.open.min(bar.close) && bar.high >= bar.open.max(bar.close) && bar.low.is_positive();
        assert!(bars.iter().all(sound), "{length:?}");
    }
    rig.finish().await;
}

#[tokio::test]
async fn a_search_made_once_tells_what_meets_the_condition() {
    let mut rig = Rig::at(Stocks::start_with(7, 3, Vec::new()).await, Setup::default());
    rig.until_ready().await;
    let codes: Vec<String> = rig.harness.emulator.codes().into_iter().skip(1).collect();
    codes.iter().for_each(|code| assert!(rig.harness.emulator.set_condition(1, code, true) || !code.is_empty()));
    rig.instruct(Instruction::Query(Query::Condition { venue: Venue::Kiwoom, number: 1 }));
    let hits = |rig: &Rig<Stocks>| -> Vec<(String, bool)> {
        let told = rig.heard.iter().filter_map(|row| match &row.1 {
            Event::Market(MarketEvent::Condition(hit)) if hit.number == 1 => Some((hit.instrument, hit.entered)),
            _ => None,
        });
        told.filter_map(|(id, entered)| {
            rig.kernel.instruments().find(|row| row.id == id).map(|row| (row.symbol.clone(), entered))
        })
        .collect()
    };
    rig.until("hits", |rig| codes.iter().all(|code| hits(rig).iter().any(|hit| hit.0 == *code && hit.1))).await;
    // One that there is not is refused.
    let query = Query::Condition { venue: Venue::Kiwoom, number: 77 };
    let question = query.question();
    rig.instruct(Instruction::Query(query));
    let failed = |event: &Event| matches!(event, Event::Answer(it) if matches!(&**it, Answer::Failed { question: of, .. } if *of == question));
    rig.until("a failure", |rig| rig.heard.iter().any(|row| failed(&row.1))).await;
    rig.finish().await;
}

#[tokio::test]
async fn a_token_that_came_to_its_end_is_renewed_and_told() {
    use crate::venue::kiwoom::emulator::KiwoomEmulatorConfig;
    let broker = KiwoomEmulatorConfig { token_life_s: 1, ..Stocks::broker(7, 1) };
    let mut rig = Rig::at(Stocks::start_at(broker, Vec::new()).await, Setup::default());
    rig.until_ready().await;
    let told =
        |rig: &Rig<Stocks>| rig.notices.iter().find(|notice| notice.code == "venue.note").map(|notice| notice.text.clone());
    let renewed = |rig: &Rig<Stocks>| {
        rig.instruct(Instruction::Query(Query::Account(Venue::Kiwoom)));
        told(rig).is_some()
    };
    rig.until("it is told", renewed).await;
    let text = told(&rig).expect("told");
    assert!(text.contains("renewed") && text.contains("새로 받았"), "{text}");
    rig.stop().await;
}
