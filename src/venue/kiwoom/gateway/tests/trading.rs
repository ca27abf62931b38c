//! Orders on a day without faults.

use super::{Rig, busy, quiet};
use crate::event::{Event, MarketEvent};
use crate::market::{Price, Side};

#[test]
fn a_condition_brings_a_stock_that_is_bought_and_sold() {
    let mut rig = Rig::start(quiet(), 0, |config| {
        (config.conditions, config.raw) = (vec!["0".into()], crate::config::RawFrames::All);
    });
    rig.ready();
    let code = rig.emulator.codes()[2].clone();
    // By a watch's first answer, or as it happens.
    rig.emulator.set_condition(0, &code, true);
    let id = |rig: &Rig| rig.kernel.instruments().find(|row| row.symbol == code).map(|row| row.id);
    rig.until("the stock enters", |rig| {
        let entered = |event: &Event| match event {
            Event::Market(MarketEvent::Condition(hit)) => hit.entered && Some(hit.instrument) == id(rig),
            _ => false,
        };
        rig.journal.iter().any(|row| entered(&row.1))
    });
    let id = id(&rig).expect("defined before it entered");
    rig.dispatch(crate::venue::gateway::Instruction::Subscribe { instrument: id, on: true });
    rig.until("its book", |rig| rig.kernel.book(id).is_some_and(|book| book.best(Side::Sell).is_some()));
    // More than stands at the best price: several fills.
    let best = rig.kernel.book(id).and_then(|book| book.best(Side::Sell)).map_or(0, |level| level.1.raw());
    let count = i64::try_from(best / i128::from(super::ONE)).expect("a quantity") + 10;
    rig.order(&code, Side::Buy, None, count);
    rig.until("bought", |rig| rig.held() == [(code.clone(), i128::from(count))] && rig.agrees());
    assert!(rig.emulator.ledger().fills.len() > 1, "in one piece: {:?}", rig.emulator.ledger().fills);
    rig.order(&code, Side::Sell, None, 5);
    rig.until("a part is sold", |rig| rig.held() == [(code.clone(), i128::from(count - 5))] && rig.agrees());
    rig.order(&code, Side::Sell, None, count - 5);
    rig.until("sold", |rig| rig.held().is_empty() && rig.agrees());
    assert!(rig.emulator.ledger().taxes > 0);
    assert!(rig.reparse() > 20);
    rig.finish();
}

#[test]
fn a_resting_order_is_cancelled_and_another_fills_by_and_by() {
    let mut rig = Rig::start(busy(), 1, |_| {});
    rig.ready();
    let code = rig.symbols[0].clone();
    let id = rig.id(&code);
    rig.until("its book", |rig| rig.kernel.book(id).is_some_and(|book| book.best(Side::Sell).is_some()));
    let bid = |rig: &Rig, ticks: i64| -> i64 {
        let best = rig.kernel.book(id).and_then(|book| book.best(Side::Buy)).map_or(Price::ZERO, |level| level.0);
        let ticks = rig.kernel.instruments().next().map_or(0, |row| row.ticks.tick_at(best).raw()) * ticks;
        (best.raw() - ticks) / crate::market::number::ONE
    };
    let far = bid(&rig, 40);
    let resting = rig.order(&code, Side::Buy, Some(far), 10);
    rig.until("it rests", |rig| rig.rests(resting));
    rig.say(crate::event::Command::Cancel(resting));
    rig.until("it is gone", |rig| rig.live(resting).is_none() && rig.agrees());
    let near = bid(&rig, 0);
    let order = rig.order(&code, Side::Buy, Some(near), 5_000);
    rig.until("it rests", |rig| rig.rests(order) || rig.live(order).is_none());
    rig.emulator.set_target(&code, near - near / 50);
    rig.until("it fills as the price falls", |rig| rig.live(order).is_none());
    assert_eq!(rig.held(), [(code, 5_000)]);
    rig.finish();
}

#[test]
fn what_the_broker_refuses_is_told_in_two_languages() {
    let mut rig = Rig::start(quiet(), 1, |_| {});
    rig.ready();
    let code = rig.symbols[0].clone();
    let id = rig.id(&code);
    rig.until("its book", |rig| rig.kernel.book(id).is_some_and(|book| book.best(Side::Sell).is_some()));
    // Nothing is held: the kernel would not let it leave, so it goes out by another way.
    let order = crate::account::NewOrder {
        id: crate::account::OrderId { session: crate::account::SessionId(1), seq: jangbu_journal::Seq::new(9), index: 7 },
        strategy: crate::account::StrategyId::MANUAL,
        instrument: id,
        side: Side::Sell,
        order_type: crate::account::OrderType::Market,
        time_in_force: crate::account::TimeInForce::Gtc,
        qty: super::shares(1),
        reduce_only: false,
    };
    rig.dispatch(crate::venue::gateway::Instruction::Submit(order));
    let reason = |rig: &Rig| {
        rig.journal.iter().find_map(|row| match &row.1 {
            Event::Order(told) if told.order == order.id => match &told.update {
                crate::account::OrderUpdate::Rejected { reason } => Some(reason.to_string()),
                _ => None,
            },
            _ => None,
        })
    };
    rig.until("it is refused", |rig| reason(rig).is_some());
    let reason = reason(&rig).expect("refused");
    assert!(reason.contains("800033") && reason.contains("키움: ") && reason.contains("Kiwoom: "), "{reason}");
    assert!(rig.emulator.ledger().orders.is_empty());
}
