//! Tokens, connections, restarts.

use super::super::super::emulator::KiwoomEmulatorConfig;
use super::{KEY, Rig, SECRET, busy, quiet};
use crate::event::{Event, LinkState};
use crate::market::Side;
use crate::venue::gateway::ACCOUNT_CHANNEL;

#[test]
fn a_token_that_holds_no_more_is_replaced_and_the_order_is_placed_once() {
    let mut rig = Rig::start(quiet(), 1, |_| {});
    rig.ready();
    let code = rig.symbols[0].clone();
    rig.emulator.invalidate_token();
    rig.order(&code, Side::Buy, None, 5);
    rig.until("bought", |rig| rig.held() == [(code.clone(), 5)] && rig.agrees());
    assert_eq!(rig.emulator.ledger().orders.len(), 1);
    rig.finish();
}

#[test]
fn a_lost_connection_is_made_anew_and_the_account_is_known_before_orders_leave() {
    let mut rig = Rig::start(quiet(), 1, |_| {});
    rig.ready();
    let code = rig.symbols[0].clone();
    let up = |rig: &Rig| {
        let is_up = |event: &Event| match event {
            Event::Link(link) => link.channel == ACCOUNT_CHANNEL && link.state == LinkState::Up,
            _ => false,
        };
        rig.journal.iter().filter(|row| is_up(&row.1)).count()
    };
    // In the middle of an order: the broker has it, and what became of it is heard or found out.
    rig.order(&code, Side::Buy, None, 5);
    while rig.emulator.ledger().orders.is_empty() {
        std::thread::yield_now();
    }
    rig.emulator.disconnect_all();
    rig.until("connected again", |rig| up(rig) >= 2);
    rig.until("both books agree", |rig| rig.is_ready() && rig.agrees());
    rig.order(&code, Side::Buy, None, 2);
    rig.until("both books agree", |rig| rig.held() == [(code.clone(), 7)] && rig.agrees());
    assert_eq!(rig.emulator.ledger().orders.len(), 2);
    rig.finish();
}

#[test]
fn a_second_session_takes_open_orders_over() {
    let mut rig = Rig::start(busy(), 1, |_| {});
    rig.ready();
    let code = rig.symbols[0].clone();
    let id = rig.id(&code);
    rig.until("its book", |rig| rig.kernel.book(id).is_some_and(|book| book.best(Side::Buy).is_some()));
    let last = rig.kernel.book(id).and_then(|book| book.best(Side::Buy)).map_or(0, |level| level.0.raw() / super::ONE);
    let fills = rig.order(&code, Side::Buy, Some(last), 20_000);
    rig.until("it rests", |rig| rig.rests(fills));
    let far = rig.emulator.ledger().orders[0].price.map_or(0, |price| price * 8 / 10 / 1_000 * 1_000);
    let rests = rig.order(&code, Side::Buy, Some(far), 1);
    rig.until("it rests", |rig| rig.rests(rests));
    rig.restart(|emulator| {
        // While nobody listens, the price comes to the order.
        emulator.set_target(&code, last - last / 30);
        while emulator.ledger().orders[0].filled == 0 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    });
    rig.until("both books agree", |rig| rig.is_ready() && rig.agrees());
    rig.say(crate::event::Command::Cancel(rests));
    rig.until("cancelled", |rig| rig.live(rests).is_none() && rig.agrees());
    rig.finish();
}

#[test]
fn a_wrong_key_ends_the_gateway_with_one_clear_line() {
    let config = KiwoomEmulatorConfig { app_key: "another".into(), ..quiet() };
    let mut rig = Rig::start(config, 1, |_| {});
    let result = rig.runtime.block_on(&mut rig.running.task).expect("no panic");
    let line = result.expect_err("no token").to_string();
    assert!(line.contains("8001") && line.contains("키움") && line.contains("To do"), "{line}");
    assert!(!line.contains(KEY) && !line.contains(SECRET), "{line}");
}

#[test]
fn a_login_elsewhere_does_not_loop() {
    let mut rig = Rig::start(quiet(), 1, |_| {});
    rig.ready();
    let before = rig.emulator.stats().connections;
    let token = rig.runtime.block_on(rig.running.tokens.get()).expect("a token");
    let address = rig.emulator.address();
    rig.runtime.block_on(async {
        use futures_util::{SinkExt, StreamExt};
        let url = format!("ws://{address}/api/dostk/websocket");
        let (mut socket, _) = tokio_tungstenite::connect_async(url).await.expect("a socket");
        let login = super::super::super::wire::request::login(&token.secret);
        socket.send(login.into()).await.expect("sent");
        socket.next().await
    });
    let told = |rig: &Rig| {
        rig.journal.iter().any(|row| match &row.1 {
            Event::Link(link) => {
                link.channel == ACCOUNT_CHANNEL && matches!(&link.state, LinkState::Down { reason } if reason.contains("R10001"))
            }
            _ => false,
        })
    };
    rig.until("thrown out", told);
    // Queries still work, and no other connection is made: the next answer proves that time has passed.
    let from = rig.journal.len();
    rig.dispatch(crate::venue::gateway::Instruction::Query(crate::effect::Query::Account(crate::market::Venue::Kiwoom)));
    rig.until("the account", |rig| rig.journal[from..].iter().any(|row| matches!(row.1, Event::Answer(_))));
    assert_eq!(rig.emulator.stats().connections, before + 1);
}
