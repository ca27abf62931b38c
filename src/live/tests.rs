//! The paper world against a backtest of what it heard: the same events in the same order, whatever the threads did.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jangbu_journal::{Nanos, Seq, Stamp};
use jangbu_replay::{Batch, Effects, LoadError, Machine, Parts, Recorder, drive};

use super::routes::Routes;
use super::world::{Ended, LiveWorld, Wires};
use super::{Clock, Gauges, Stage};
use crate::account::{NewOrder, OrderId, OrderType, SessionId, StrategyId, TimeInForce};
use crate::backtest::world::Backtest;
use crate::data::history::{History, Memory};
use crate::data::synthetic::{SyntheticSettings, SyntheticTrades};
use crate::effect::Effect;
use crate::event::{Command, Event, MarketEvent};
use crate::market::{Side, Venue};
use crate::simulator::{LatencySettings, Simulator, SimulatorSettings};
use crate::venue::inbox::{self, Inbound};

/// Orders on every third trade, and a timer a millisecond after the last tick; remembers all it saw.
#[derive(Default)]
struct Swing {
    wake_at: Option<Nanos>,
    trades: u64,
    seen: Vec<(Stamp, Event)>,
}

impl Machine for Swing {
    type Event = Event;
    type Effect = Effect;

    fn apply(&mut self, stamp: &Stamp, event: &Event, effects: &mut Effects<Effect>) {
        self.seen.push((*stamp, event.clone()));
        if self.wake_at.is_none() || *event == Event::Tick {
            self.wake_at = Some(stamp.recv.plus(1_000_000));
        }
        let Event::Market(MarketEvent::Trade(trade)) = event else { return };
        self.trades += 1;
        if self.trades.is_multiple_of(3) {
            effects.push(Effect::Submit(NewOrder {
                id: OrderId { session: SessionId(7), index: 0, seq: stamp.seq },
                strategy: StrategyId(0),
                instrument: trade.instrument,
                side: if self.trades.is_multiple_of(2) { Side::Buy } else { Side::Sell },
                order_type: if self.trades.is_multiple_of(4) { OrderType::Market } else { OrderType::Limit(trade.price) },
                time_in_force: TimeInForce::Gtc,
                qty: trade.qty,
                reduce_only: false,
            }));
        }
    }

    fn wake_at(&self) -> Option<Nanos> {
        self.wake_at
    }

    fn digest(&self, _: &mut Parts) {}

    fn save(&self, _: &mut Vec<u8>) {}

    fn load(_: &[u8]) -> Result<Self, LoadError> {
        Err(LoadError { reason: "not kept".into() })
    }
}

/// A journal that is durable two events late.
#[derive(Default)]
struct Late {
    last: Seq,
    durable: Seq,
}

impl Recorder<Swing> for Late {
    type Error = core::convert::Infallible;

    fn record(&mut self, batch: &Batch<Event>) -> Result<(), Self::Error> {
        self.durable = if batch.is_empty() { self.last } else { Seq::new(self.last.get().saturating_sub(2)) };
        self.last = batch.next_seq().previous();
        Ok(())
    }

    fn applied(&mut self, _: &Stamp, _: &Swing, _: &Effects<Effect>) -> Result<(), Self::Error> {
        Ok(())
    }

    fn durable(&self) -> Seq {
        self.durable
    }
}

const LATENCY: LatencySettings = LatencySettings { entry_ns: 300_000, response_ns: 200_000 };

fn settings() -> SimulatorSettings {
    SimulatorSettings { latency: LATENCY, ..SimulatorSettings::default() }
}

/// Lives through `trades` synthetic trades, delivered by another thread some time after they were stamped.
fn live(trades: u64) -> (Vec<(Stamp, Event)>, Ended) {
    let (mut inbox, receiver) = inbox::channel(64);
    let (_operator, commands) = crossbeam_channel::bounded(4);
    let (notices, _) = crossbeam_channel::bounded(4);
    let clock = Clock::default();
    let stop = Arc::new(AtomicBool::new(false));
    let wires = Wires {
        inbox: receiver,
        commands,
        operator: crossbeam_channel::never(),
        listing: Arc::default(),
        notices,
        stop,
        gauges: Arc::new(Gauges::default()),
        clock: clock.clone(),
    };
    let started = Command::SessionStarted { session: SessionId(7), build: "test".into(), mode: "paper".into() };
    let opening = [Event::Command(Box::new(started))];
    let mut world = LiveWorld::new(wires, Routes::default(), Simulator::new(settings()), SessionId(7), opening);
    let gateway = std::thread::spawn(move || {
        let settings = SyntheticSettings { seed: 5, trades, instruments: 2, start: Nanos::ZERO, step_ns: 10 };
        let mut history = SyntheticTrades::new(settings);
        let mut count = 0_u32;
        while let Ok(Some((_, _, event))) = history.next() {
            let recv = clock.now();
            count += 1;
            if count.is_multiple_of(7) {
                // Stamped, and delivered late.
                std::thread::sleep(Duration::from_micros(u64::from(count % 5) * 400));
            }
            let inbound = Inbound { recv, venue_time: Some(recv.plus(-1_000)), venue: Venue::BinanceSpot, event };
            inbox.send_market([inbound].into()).expect("listening");
        }
    });
    let mut machine = Swing::default();
    drive(&mut machine, &mut world, &mut Late::default(), (Seq::FIRST, Nanos::ZERO)).expect("room in the gate");
    gateway.join().expect("no panic");
    (machine.seen, world.into_ended())
}

#[test]
fn a_backtest_of_what_was_heard_is_what_was_lived() {
    let (lived, ended) = live(600);
    let heard = lived.iter().filter(|(_, event)| !matches!(event, Event::Order(_) | Event::Tick));
    let heard = heard.map(|(stamp, event)| (stamp.recv, stamp.venue, event.clone())).collect();
    let mut machine = Swing::default();
    let mut world = Backtest::new(Memory::new(heard), Simulator::new(settings()));
    drive(&mut machine, &mut world, &mut Late::default(), (Seq::FIRST, Nanos::ZERO)).expect("a history in memory");
    for (lived, replayed) in lived.iter().zip(&machine.seen) {
        assert_eq!(lived, replayed);
    }
    assert_eq!(lived.len(), machine.seen.len());

    let counts = ended.counts;
    assert_eq!(counts.events, lived.len() as u64);
    assert_eq!(counts.trades, 600);
    assert!(counts.orders >= 190 && counts.fills > 0 && counts.ticks > 0, "{counts:?}");
    let ending = lived.last().map(|(_, event)| event.clone());
    assert_eq!(ending, Some(Event::Command(Box::new(Command::SessionEnded { session: SessionId(7) }))));
    let mut measured: Vec<Stage> = ended.latencies.rows().iter().map(|row| row.stage).collect();
    measured.sort_unstable();
    measured.dedup();
    let expected = [Stage::VenueToReceived, Stage::ReceivedToApplied, Stage::AppliedToDurable, Stage::SentToAcknowledged];
    assert_eq!(measured, expected);
}
