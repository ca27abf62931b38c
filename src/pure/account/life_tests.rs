//! The life of an order: the table, case by case, and any sequence of updates.

use std::collections::BTreeSet;

use jangbu_journal::{Nanos, Seq};
use proptest::prelude::*;

use super::*;
use crate::market::{InstrumentId, Money, Price, Qty, Side};

fn request(qty: i128) -> NewOrder {
    NewOrder {
        id: OrderId { session: SessionId(1), index: 0, seq: Seq::new(7) },
        strategy: StrategyId(0),
        instrument: InstrumentId(0),
        side: Side::Buy,
        order_type: OrderType::Limit(Price::from_raw(100_000_000)),
        time_in_force: TimeInForce::Gtc,
        qty: Qty::from_raw(qty),
        reduce_only: false,
    }
}

fn order() -> Order {
    Order::new(request(10), Nanos::new(1))
}

fn filled(trade: u64, qty: i128) -> OrderUpdate {
    let (price, qty) = (Price::from_raw(100_000_000), Qty::from_raw(qty));
    OrderUpdate::Filled(Fill { trade, price, qty, liquidity: Liquidity::Maker })
}

fn amended(qty: i128) -> OrderUpdate {
    OrderUpdate::Amended { price: Price::from_raw(50), qty: Qty::from_raw(qty) }
}

fn amendment(order: &Order, qty: i128) -> Amendment {
    Amendment { order: order.request.id, price: Price::from_raw(50), qty: Qty::from_raw(qty) }
}

const ACCEPTED: OrderUpdate = OrderUpdate::Accepted { venue_order: 5 };

fn rejected() -> OrderUpdate {
    OrderUpdate::Rejected { reason: "no".into() }
}

/// The order after these updates, all of which must be legal.
fn after(updates: &[OrderUpdate]) -> Order {
    let mut order = order();
    for update in updates {
        order.update(update, Nanos::new(2)).unwrap_or_else(|illegal| panic!("{updates:?}: {illegal}"));
    }
    order
}

/// Why `update` is refused after `updates`.
fn refused(updates: &[OrderUpdate], update: &OrderUpdate) -> Illegal {
    let mut order = after(updates);
    let before = order.clone();
    let illegal = order.update(update, Nanos::new(3)).expect_err("illegal");
    assert_eq!(order, before);
    illegal
}

#[test]
fn ordinary_lives() {
    use OrderState::*;
    let cases: &[(&[OrderUpdate], OrderState, i128)] = &[
        (&[], Submitted, 0),
        (&[ACCEPTED], Open, 0),
        (&[ACCEPTED, filled(1, 4)], PartiallyFilled, 4),
        (&[ACCEPTED, filled(1, 4), filled(2, 6)], Filled, 10),
        (&[ACCEPTED, filled(1, 4), OrderUpdate::Cancelled], Cancelled, 4),
        (&[ACCEPTED, OrderUpdate::Expired], Expired, 0),
        (&[rejected()], Rejected, 0),
        (&[OrderUpdate::Unknown], Unknown, 0),
        (&[ACCEPTED, amended(20), filled(1, 15)], PartiallyFilled, 15),
        (&[ACCEPTED, filled(1, 4), amended(4)], Filled, 4),
    ];
    for (updates, state, qty) in cases {
        let order = after(updates);
        assert_eq!((order.state, order.filled), (*state, Qty::from_raw(*qty)), "{updates:?}");
        assert_eq!(order.filled_value, Money::from_raw(*qty), "at a price of 1");
    }
}

#[test]
fn answers_that_overtake_each_other() {
    use OrderState::*;
    let cases: &[(&[OrderUpdate], OrderState, i128)] = &[
        (&[filled(1, 4), ACCEPTED], PartiallyFilled, 4),
        (&[filled(1, 10), ACCEPTED], Filled, 10),
        (&[OrderUpdate::Cancelled, ACCEPTED], Cancelled, 0),
        (&[OrderUpdate::Cancelled, filled(1, 4)], Cancelled, 4),
        (&[OrderUpdate::Cancelled, filled(1, 4), filled(2, 6)], Filled, 10),
        (&[OrderUpdate::Expired, filled(1, 4)], Expired, 4),
        (&[OrderUpdate::Unknown, rejected()], Rejected, 0),
        (&[OrderUpdate::Unknown, ACCEPTED], Open, 0),
        (&[OrderUpdate::Unknown, filled(1, 1)], PartiallyFilled, 1),
        (&[OrderUpdate::Unknown, OrderUpdate::Cancelled], Cancelled, 0),
        (&[filled(1, 1), OrderUpdate::Unknown, ACCEPTED], PartiallyFilled, 1),
        (&[ACCEPTED, OrderUpdate::Unknown, ACCEPTED], Open, 0),
        (&[OrderUpdate::Cancelled, OrderUpdate::Expired, OrderUpdate::Unknown], Cancelled, 0),
        (&[filled(1, 10), OrderUpdate::CancelRejected { reason: "done".into() }], Filled, 10),
    ];
    for (updates, state, qty) in cases {
        let order = after(updates);
        assert_eq!((order.state, order.filled), (*state, Qty::from_raw(*qty)), "{updates:?}");
    }
}

#[test]
fn what_cannot_be_true() {
    assert_eq!(refused(&[], &filled(1, 11)).reason, "more would be filled than was ordered");
    assert_eq!(refused(&[filled(1, 10)], &filled(2, 1)).reason, "more would be filled than was ordered");
    refused(&[], &filled(1, 0));
    refused(&[], &amended(0));
    refused(&[filled(1, 4)], &amended(3));
    refused(&[ACCEPTED], &rejected());
    refused(&[filled(1, 4)], &rejected());
    refused(&[ACCEPTED, OrderUpdate::Unknown], &rejected());
    refused(&[ACCEPTED], &OrderUpdate::Accepted { venue_order: 6 });
    refused(&[OrderUpdate::Cancelled], &amended(12));
    refused(&[filled(1, 10)], &OrderUpdate::Cancelled);
    for update in [ACCEPTED, filled(1, 1), amended(5), OrderUpdate::Cancelled, OrderUpdate::Expired] {
        refused(&[rejected()], &update);
    }
    let illegal = refused(&[rejected()], &filled(1, 1));
    assert_eq!(illegal.to_string(), "an order that is Rejected cannot be filled: it was rejected");
}

#[test]
fn a_pending_amendment_explains_what_else_would_be_illegal() {
    let mut larger = after(&[ACCEPTED, filled(1, 10)]);
    larger.amend_sent = Some(amendment(&larger, 20));
    assert!(larger.may_still_fill());
    let mut late = larger.clone();
    assert!(matches!(late.update(&amended(20), Nanos::new(3)), Ok(Change::Amended { .. })));
    assert_eq!((late.state, late.amend_sent), (OrderState::PartiallyFilled, None), "open again");
    assert!(matches!(larger.update(&filled(2, 5), Nanos::new(3)), Ok(Change::Filled(_))));
    assert_eq!((larger.state, larger.qty), (OrderState::PartiallyFilled, Qty::from_raw(20)));
    assert_eq!(larger.update(&OrderUpdate::Accepted { venue_order: 6 }, Nanos::new(3)), Ok(Change::State), "its new number");
    assert_eq!(larger.update(&amended(20), Nanos::new(4)), Ok(Change::State), "the answer itself changes only the flag");
    assert_eq!(larger.update(&amended(20), Nanos::new(5)), Ok(Change::Duplicate));
    assert_eq!(larger.updated, Nanos::new(4));
}

#[test]
fn many_trades_are_remembered_and_survive_being_written() {
    let mut order = Order::new(request(100), Nanos::new(1));
    for trade in [9, 3, 70, 5, 8, 6, 7, 1, 2] {
        assert!(matches!(order.update(&filled(trade, 1), Nanos::new(2)), Ok(Change::Filled(_))));
    }
    let text = serde_json::to_string(&order).expect("it can be written");
    assert!(text.contains("\"trades\":[9,3,70,5,1,2,6,7,8]"), "{text}");
    assert_eq!(serde_json::from_str::<Order>(&text).expect("it can be read"), order);
    for trade in [9, 3, 70, 5, 8, 6, 7, 1, 2] {
        assert_eq!(order.update(&filled(trade, 1), Nanos::new(2)), Ok(Change::Duplicate));
    }
    assert!(order.has_trade(70) && !order.has_trade(0));
}

fn any_update() -> impl Strategy<Value = OrderUpdate> {
    let fill = (0_u64..12, -1_i64..4, prop_oneof![8 => -1_i128..7, 1 => any::<i128>()]).prop_map(|(trade, price, qty)| {
        let (price, qty) = (Price::from_raw(price), Qty::from_raw(qty));
        OrderUpdate::Filled(Fill { trade, price, qty, liquidity: Liquidity::Taker })
    });
    let amended = (-1_i64..4, -1_i128..25)
        .prop_map(|(price, qty)| OrderUpdate::Amended { price: Price::from_raw(price), qty: Qty::from_raw(qty) });
    prop_oneof![
        2 => (1_u64..3).prop_map(|venue_order| OrderUpdate::Accepted { venue_order }),
        1 => Just(rejected()),
        6 => fill,
        3 => amended,
        1 => Just(OrderUpdate::AmendRejected { reason: "no".into() }),
        1 => Just(OrderUpdate::Cancelled),
        1 => Just(OrderUpdate::CancelRejected { reason: "no".into() }),
        1 => Just(OrderUpdate::Expired),
        1 => Just(OrderUpdate::Unknown),
    ]
}

proptest! {
    #[test]
    fn any_sequence_keeps_the_rules(steps in prop::collection::vec((any_update(), prop::option::weighted(0.2, 1_i128..25)), 1..40)) {
        let (mut order, mut seen, mut sum) = (order(), BTreeSet::new(), 0_i128);
        for (step, (update, asked)) in steps.into_iter().enumerate() {
            if let Some(qty) = asked {
                order.amend_sent = Some(amendment(&order, qty));
                order.cancel_sent = qty % 2 == 0;
            }
            let before = order.clone();
            let at = Nanos::new(step as i64 + 2);
            match order.update(&update, at) {
                Err(_) | Ok(Change::Duplicate) => prop_assert_eq!(&order, &before),
                Ok(Change::Filled(fill)) => {
                    prop_assert!(seen.insert(fill.trade) && before.may_still_fill());
                    sum += fill.qty.raw();
                }
                Ok(_) => prop_assert!(order != before && order.updated == at),
            }
            prop_assert_eq!(order.filled.raw(), sum);
            prop_assert!(order.filled <= order.qty && !order.open_qty().is_negative());
            prop_assert_eq!(order.state == OrderState::Filled, order.filled == order.qty);
            prop_assert!(order.state != OrderState::Rejected || order.filled.is_zero());
            if before.is_done() && order.state != before.state {
                let answer = matches!(update, OrderUpdate::Amended { .. }) && before.amend_sent.is_some();
                prop_assert!(matches!(update, OrderUpdate::Filled(_)) || answer, "{:?} ended it already", before.state);
            }
            let text = serde_json::to_string(&order).expect("it can be written");
            prop_assert_eq!(&serde_json::from_str::<Order>(&text).expect("it can be read"), &order);
        }
    }
}
