//! A kill and what has not left yet.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jangbu_journal::{Nanos, Seq, Stamp};
use jangbu_replay::{Batch, Effects, LoadError, Machine, Parts, Recorder, drive};
use tokio::sync::mpsc::channel;

use super::routes::{Port, Routes};
use super::world::{LiveWorld, Wires};
use super::{Clock, Gauges};
use crate::account::{NewOrder, OrderId, OrderType, OrderUpdate, SessionId, StrategyId, TimeInForce};
use crate::effect::Effect;
use crate::event::{Command, Event};
use crate::market::testing::instrument;
use crate::market::{InstrumentId, InstrumentKind, Qty, Side};
use crate::simulator::{Simulator, SimulatorSettings};
use crate::venue::gateway::Instruction;
use crate::venue::inbox;

/// Places an order when automatic trading is put on, cancels it when it is killed; remembers all it saw.
#[derive(Default)]
struct Placing {
    placed: Option<OrderId>,
    seen: Vec<Event>,
}

impl Machine for Placing {
    type Event = Event;
    type Effect = Effect;

    fn apply(&mut self, stamp: &Stamp, event: &Event, effects: &mut Effects<Effect>) {
        self.seen.push(event.clone());
        let Event::Command(command) = event else { return };
        match **command {
            Command::AutoTrade(true) => {
                let id = OrderId { session: SessionId(1), seq: stamp.seq, index: 0 };
                self.placed = Some(id);
                effects.push(Effect::Submit(NewOrder {
                    id,
                    strategy: StrategyId(0),
                    instrument: InstrumentId(0),
                    side: Side::Buy,
                    order_type: OrderType::Market,
                    time_in_force: TimeInForce::Gtc,
                    qty: Qty::from_raw(1),
                    reduce_only: false,
                }));
            }
            Command::Kill { .. } => self.placed.into_iter().for_each(|id| effects.push(Effect::Cancel(id))),
            _ => {}
        }
    }

    fn wake_at(&self) -> Option<Nanos> {
        None
    }

    fn digest(&self, _: &mut Parts) {}

    fn save(&self, _: &mut Vec<u8>) {}

    fn load(_: &[u8]) -> Result<Self, LoadError> {
        Err(LoadError { reason: "not kept".into() })
    }
}

/// A journal of which nothing is durable before there are so many events.
struct Slow {
    from: u64,
    last: Seq,
}

impl Recorder<Placing> for Slow {
    type Error = core::convert::Infallible;

    fn record(&mut self, batch: &Batch<Event>) -> Result<(), Self::Error> {
        self.last = batch.next_seq().previous();
        Ok(())
    }

    fn applied(&mut self, _: &Stamp, _: &Placing, _: &Effects<Effect>) -> Result<(), Self::Error> {
        Ok(())
    }

    fn durable(&self) -> Seq {
        if self.last.get() >= self.from { self.last } else { Seq::ZERO }
    }
}

/// What a gateway is told, and what the machine saw, when an order is followed by a kill and the journal is durable from an event on.
fn killed(durable_from: u64) -> (Vec<Instruction>, Vec<Event>) {
    let (inbox, receiver) = inbox::channel(4);
    drop(inbox);
    let (say, commands) = crossbeam_channel::bounded(4);
    let (notices, _) = crossbeam_channel::bounded(4);
    for command in [Command::AutoTrade(true), Command::Kill { reason: "test".into() }] {
        say.send(command).expect("room");
    }
    let wires = Wires {
        inbox: receiver,
        commands,
        operator: crossbeam_channel::never(),
        listing: Arc::default(),
        notices,
        stop: Arc::new(AtomicBool::new(false)),
        gauges: Arc::new(Gauges::default()),
        clock: Clock::default(),
    };
    let traded = instrument(0, InstrumentKind::Spot);
    let (sender, mut told) = channel(4);
    let mut routes = Routes::new(vec![Port::new(traded.venue, true, sender)]);
    routes.on_instrument(traded.id, traded.venue);
    let mut world = LiveWorld::new(wires, routes, Simulator::new(SimulatorSettings::default()), SessionId(1), []);
    let mut machine = Placing::default();
    let mut recorder = Slow { from: durable_from, last: Seq::ZERO };
    drive(&mut machine, &mut world, &mut recorder, (Seq::FIRST, Nanos::ZERO)).expect("room in the gate");
    let told = std::iter::from_fn(|| told.try_recv().ok()).map(|dispatch| dispatch.instruction).collect();
    (told, machine.seen)
}

#[test]
fn an_order_that_has_not_left_when_a_kill_comes_does_not_leave() {
    let (told, seen) = killed(3);
    assert!(told.iter().all(|instruction| matches!(instruction, Instruction::Cancel(_))), "{told:?}");
    let rejected = |event: &Event| match event {
        Event::Order(order) => matches!(&order.update, OrderUpdate::Rejected { reason } if reason.contains("kill switch")),
        _ => false,
    };
    assert_eq!(seen.iter().filter(|event| rejected(event)).count(), 1, "{seen:?}");
    // One that has left is cancelled.
    let (told, seen) = killed(1);
    assert!(matches!(told.as_slice(), [Instruction::Submit(_), Instruction::Cancel(_)]), "{told:?}");
    assert!(!seen.iter().any(rejected), "{seen:?}");
}
