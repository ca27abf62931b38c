//! What is Kiwoom's alone; what every venue does is in `venue/conformance`.

use crate::account::{OrderType, TimeInForce};
use crate::effect::Query;
use crate::event::link::ACCOUNT_CHANNEL;
use crate::event::{Command, Event, LinkState, MarketEvent};
use crate::market::{InstrumentId, Qty, Side, Venue};
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
