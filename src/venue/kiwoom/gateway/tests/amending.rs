//! Amendments: the chain of numbers, as the life of an order reads it.

use jangbu_journal::Seq;

use super::{ONE, Rig, krw, quiet, shares};
use crate::account::{Amendment, NewOrder, Order, OrderId, OrderState, OrderType, SessionId, StrategyId, TimeInForce};
use crate::event::Event;
use crate::market::Side;
use crate::venue::faults::{Fault, FaultPlan};
use crate::venue::gateway::Instruction;
use crate::venue::kiwoom::emulator::KiwoomEmulatorConfig;

/// An order that no kernel knows: what is heard of it is applied to it here.
struct Shadow {
    order: Order,
    heard: usize,
}

impl Shadow {
    fn apply(&mut self, rig: &Rig) {
        for (stamp, event) in &rig.journal[self.heard..] {
            if let Event::Order(told) = event
                && told.order == self.order.request.id
            {
                let change = self.order.update(&told.update, stamp.recv);
                assert!(change.is_ok(), "{change:?} by {:?}", told.update);
            }
        }
        self.heard = rig.journal.len();
    }

    #[track_caller]
    fn until(&mut self, rig: &mut Rig, what: &str, is_so: impl Fn(&Order) -> bool) {
        rig.until(what, |rig| {
            self.apply(rig);
            is_so(&self.order)
        });
    }
}

fn place(rig: &Rig, limit: i64, count: i64) -> Shadow {
    let request = NewOrder {
        id: OrderId { session: SessionId(1), seq: Seq::new(99), index: 0 },
        strategy: StrategyId::MANUAL,
        instrument: rig.id(&rig.symbols[0]),
        side: Side::Buy,
        order_type: OrderType::Limit(krw(limit)),
        time_in_force: TimeInForce::Gtc,
        qty: shares(count),
        reduce_only: false,
    };
    rig.dispatch(Instruction::Submit(request));
    Shadow { order: Order::new(request, rig.stamp.recv), heard: rig.journal.len() }
}

fn amend_and_cancel(faults: FaultPlan) {
    let mut rig = Rig::start(KiwoomEmulatorConfig { faults, ..quiet() }, 1, |_| {});
    rig.ready();
    let id = rig.id(&rig.symbols[0]);
    rig.until("its book", |rig| rig.kernel.book(id).is_some_and(|book| book.best(Side::Buy).is_some()));
    let bid = rig.kernel.book(id).and_then(|book| book.best(Side::Buy)).map_or(0, |level| level.0.raw() / ONE);
    let limits = [bid * 8 / 10 / 1_000 * 1_000, bid * 85 / 100 / 1_000 * 1_000, bid * 9 / 10 / 1_000 * 1_000];
    let mut shadow = place(&rig, limits[0], 10);
    shadow.until(&mut rig, "it rests", |order| order.state == OrderState::Open);
    for limit in &limits[1..] {
        let before = shadow.order.venue_order;
        let amendment = Amendment { order: shadow.order.request.id, price: krw(*limit), qty: shares(10) };
        shadow.order.amend_sent = Some(amendment);
        rig.dispatch(Instruction::Amend(amendment));
        shadow.until(&mut rig, "amended", |order| order.amend_sent.is_none());
        assert_eq!((shadow.order.limit, shadow.order.state), (Some(krw(*limit)), OrderState::Open));
        assert!(shadow.order.venue_order > before, "another number");
    }
    shadow.order.cancel_sent = true;
    rig.dispatch(Instruction::Cancel(shadow.order.request.id));
    shadow.until(&mut rig, "cancelled", |order| order.state == OrderState::Cancelled);
    let states: Vec<&str> = rig.emulator.ledger().orders.iter().map(|order| order.state).collect();
    assert_eq!(states, ["amended", "amended", "cancelled"]);
}

#[test]
fn the_chain_of_an_amended_order_is_followed_to_its_end() {
    amend_and_cancel(FaultPlan::default());
}

#[test]
fn also_when_no_answer_ever_comes() {
    amend_and_cancel(FaultPlan::default().with(Fault::LostAck, 1_000_000));
}

#[test]
fn also_when_reports_are_lost() {
    amend_and_cancel("drop=0.3,seed=3".parse().expect("a plan"));
}
