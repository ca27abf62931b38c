//! Every fault of the menu, alone and together: no order twice, no fill lost, both books the same.

use super::super::super::emulator::KiwoomEmulatorConfig;
use super::{Rig, quiet};
use crate::market::Side;
use crate::venue::faults::{Fault, FaultPlan};

fn with(faults: FaultPlan) -> Rig {
    let mut rig = Rig::start(KiwoomEmulatorConfig { faults, ..quiet() }, 2, |_| {});
    rig.ready();
    rig
}

/// Buys and sells in both stocks; every order is at the broker once, or was refused and is nowhere.
fn trade(mut rig: Rig, rounds: usize) {
    let codes = rig.symbols.clone();
    let mut taken = 0;
    for _ in 0..rounds {
        for code in &codes {
            for (side, count) in [(Side::Buy, 7), (Side::Sell, 3)] {
                loop {
                    // A connection that was lost lets nothing leave until the account is known again.
                    rig.until("orders may leave", Rig::is_ready);
                    let order = rig.order(code, side, None, count);
                    rig.until("both books agree", Rig::agrees);
                    let is_refused = rig.is_refused(order);
                    taken += usize::from(!is_refused);
                    assert_eq!(rig.emulator.ledger().orders.len(), taken, "each order once\n{}", rig.story());
                    if !is_refused {
                        break;
                    }
                }
            }
        }
    }
    rig.finish();
}

fn one(fault: Fault, per_million: u32) {
    trade(with(FaultPlan::default().with(fault, per_million)), 3);
}

#[test]
fn an_answer_that_is_lost_while_the_order_fills() {
    one(Fault::LostAck, 1_000_000);
}

#[test]
fn frames_that_never_come() {
    one(Fault::Drop, 200_000);
}

#[test]
fn frames_twice_late_and_in_the_wrong_order() {
    let plan = FaultPlan::default();
    trade(with(plan.with(Fault::Duplicate, 300_000).with(Fault::Reorder, 200_000).with(Fault::Delay, 200_000)), 3);
}

#[test]
fn text_that_is_no_frame() {
    one(Fault::Garbage, 300_000);
}

#[test]
fn too_many_requests() {
    trade(with("storm=0.05,storm-requests=1".parse().expect("a plan")), 3);
}

#[test]
fn tokens_that_hold_no_more() {
    one(Fault::Session, 50_000);
}

#[test]
fn connections_that_end_in_the_middle() {
    one(Fault::Disconnect, 30_000);
}

#[test]
fn everything_together() {
    let plan = "lost-ack=0.2,drop=0.05,duplicate=0.1,reorder=0.05,garbage=0.05,storm=0.01,storm-requests=1,session=0.01,\
                disconnect=0.005,seed=5";
    let plan: FaultPlan = plan.parse().expect("a plan");
    trade(with(plan), 5);
}
