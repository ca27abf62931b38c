//! The world of a backtest, driven by a machine that is simple enough to foresee.

use jangbu_journal::{Nanos, Seq, Stamp};
use jangbu_replay::{Discard, Effects, LoadError, Machine, Parts, drive};
use proptest::prelude::*;

use super::tape::TapeHistory;
use super::world::{Backtest, WorldError};
use crate::account::{NewOrder, OrderId, OrderType, SessionId, StrategyId, TimeInForce};
use crate::data::history::{History, HistoryError, Memory, Moment, Session};
use crate::data::synthetic::{SyntheticSettings, SyntheticTrades};
use crate::effect::Effect;
use crate::event::{Command, Event, MarketEvent};
use crate::market::{InstrumentId, Price, Qty, Side, TickTable, Venue};
use crate::simulator::{LatencySettings, Queue, Simulator, SimulatorSettings};

/// Buys and sells by turns on every third trade, at market and at the last price, and wants to be woken every `period` after an
/// event; remembers all it saw.
#[derive(Debug, Default)]
struct Pendulum {
    period: Option<i64>,
    wake_at: Option<Nanos>,
    trades: u64,
    seen: Vec<(Stamp, Event)>,
}

impl Machine for Pendulum {
    type Event = Event;
    type Effect = Effect;

    fn apply(&mut self, stamp: &Stamp, event: &Event, effects: &mut Effects<Effect>) {
        self.seen.push((*stamp, event.clone()));
        if self.wake_at.is_none() || *event == Event::Tick {
            self.wake_at = self.period.map(|period| stamp.recv.plus(period));
        }
        let Event::Market(MarketEvent::Trade(trade)) = event else { return };
        self.trades += 1;
        if self.trades.is_multiple_of(3) {
            effects.push(Effect::Submit(NewOrder {
                id: OrderId { session: SessionId(1), index: 0, seq: stamp.seq },
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
        Err(LoadError { reason: "a pendulum is not kept".into() })
    }
}

fn swing(history: impl History, settings: SimulatorSettings, period: Option<i64>) -> Vec<(Stamp, Event)> {
    let mut machine = Pendulum { period, ..Pendulum::default() };
    let mut world = Backtest::new(history, Simulator::new(settings));
    drive(&mut machine, &mut world, &mut Discard::default(), (Seq::FIRST, Nanos::ZERO)).expect("a history in memory");
    machine.seen
}

fn synthetic(seed: u64, trades: u64) -> SyntheticTrades {
    SyntheticTrades::new(SyntheticSettings { seed, trades, instruments: 2, start: Nanos::ZERO, step_ns: 10 })
}

fn moments(mut history: impl History) -> Vec<Moment> {
    std::iter::from_fn(|| history.next().expect("a history in memory")).collect()
}

/// What a journal keeps of a backtest and a history is made of again.
fn told_by_others(seen: &[(Stamp, Event)]) -> Vec<Moment> {
    let outside = |event: &Event| !matches!(event, Event::Order(_) | Event::Answer(_) | Event::Tick);
    seen.iter().filter(|(_, event)| outside(event)).map(|(stamp, event)| (stamp.recv, stamp.venue, event.clone())).collect()
}

fn words(seen: &[(Stamp, Event)]) -> Vec<String> {
    let word = |event: &Event| match event {
        Event::Market(_) => "market",
        Event::Order(_) => "order",
        Event::Command(_) => "command",
        Event::Tick => "tick",
        _ => "other",
    };
    seen.iter().map(|(stamp, event)| format!("{} {}", stamp.recv, word(event))).collect()
}

#[test]
fn simulator_then_timer_then_history() {
    let mut history = moments(synthetic(1, 4));
    for (moment, at) in history.iter_mut().zip([0, 0, 10, 10, 10, 20]) {
        moment.0 = Nanos::new(at);
    }
    let latency = LatencySettings { entry_ns: 4, response_ns: 6 };
    let seen = swing(Memory::new(history), SimulatorSettings { latency, ..SimulatorSettings::default() }, Some(10));
    let expect = [
        "0 market",
        "0 market",
        "10 tick",
        "10 market",
        "10 market",
        "10 market",
        "20 order",
        "20 order",
        "20 tick",
        "20 market",
    ];
    assert_eq!(words(&seen), expect);
}

#[test]
fn without_latency_the_answer_is_next() {
    let seen = swing(synthetic(3, 30), SimulatorSettings::default(), None);
    for (index, (stamp, event)) in seen.iter().enumerate() {
        if let Event::Order(order) = event {
            let cause = &seen[usize::try_from(order.order.seq.get()).expect("few") - 1];
            let maker = matches!(seen[index - 1].1, Event::Market(MarketEvent::Trade(_)));
            assert!(stamp.recv == cause.0.recv || maker, "{order:?}");
        }
    }
    assert!(seen.iter().any(|(_, event)| matches!(event, Event::Order(_))));
}

#[test]
fn a_session_is_opened_and_closed() {
    let ended = || Command::SessionEnded { session: SessionId(1) };
    let history = Session::new(vec![Command::AutoTrade(true)], Memory::new(moments(synthetic(1, 1)).split_off(2)), vec![ended()]);
    let seen = swing(history, SimulatorSettings::default(), None);
    assert!(matches!(seen.first(), Some((_, Event::Command(command))) if **command == Command::AutoTrade(true)));
    assert!(
        matches!(seen.last(), Some((stamp, Event::Command(command))) if **command == ended() && stamp.recv == seen[1].0.recv)
    );
    assert_eq!(swing(Session::new(vec![], Memory::new(vec![]), vec![]), SimulatorSettings::default(), Some(1)), []);
}

#[test]
fn a_timer_that_is_never_worked_off_is_an_error() {
    let mut machine = Pendulum { period: Some(0), ..Pendulum::default() };
    let mut world = Backtest::new(synthetic(1, 100), Simulator::new(SimulatorSettings::default()));
    let outcome = drive(&mut machine, &mut world, &mut Discard::default(), (Seq::FIRST, Nanos::ZERO));
    assert!(matches!(outcome, Err(jangbu_replay::DriveError::World(WorldError::TimerStuck { .. }))));
}

#[test]
fn a_history_that_breaks_ends_the_run() {
    struct Broken;
    impl History for Broken {
        fn next(&mut self) -> Result<Option<Moment>, HistoryError> {
            let path = std::path::PathBuf::from("x.tape");
            Err(crate::data::tape::TapeError::Line { path, line: 3, expected: "a time", seen: "?".into() }.into())
        }
    }
    let mut world = Backtest::new(Broken, Simulator::new(SimulatorSettings::default()));
    let outcome = drive(&mut Pendulum::default(), &mut world, &mut Discard::default(), (Seq::FIRST, Nanos::ZERO));
    assert!(matches!(outcome, Err(jangbu_replay::DriveError::World(WorldError::History(_)))));
}

fn any_settings() -> impl Strategy<Value = SimulatorSettings> {
    let queue = prop_oneof![Just(Queue::Conservative), Just(Queue::Proportional), Just(Queue::Optimistic)];
    (0_i64..60, 0_i64..60, queue).prop_map(|(entry_ns, response_ns, queue)| SimulatorSettings {
        latency: LatencySettings { entry_ns, response_ns },
        queue,
        first_trade_id: 1,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Twice the same; a prefix of the history gives a prefix of the run; what is journaled gives the same run again, although
    /// receive times may go back and be stamped later.
    #[test]
    fn a_run_is_a_function_of_its_history(
        seed in any::<u64>(),
        trades in 0_u64..200,
        back in prop::collection::vec(-30_i64..10, 202),
        cut in any::<prop::sample::Index>(),
        settings in any_settings(),
        period in prop::option::of(1_i64..50),
    ) {
        let mut history = moments(synthetic(seed, trades));
        for (moment, back) in history.iter_mut().zip(back) {
            moment.0 = moment.0.plus(back).max(Nanos::ZERO);
        }
        let seen = swing(Memory::new(history.clone()), settings.clone(), period);
        prop_assert_eq!(&seen, &swing(Memory::new(history.clone()), settings.clone(), period));
        prop_assert_eq!(&seen, &swing(Memory::new(told_by_others(&seen)), settings.clone(), period));
        history.truncate(cut.index(history.len()) + 1);
        let shorter = swing(Memory::new(history), settings, period);
        prop_assert_eq!(&seen[..shorter.len()], &shorter[..]);
    }
}

#[test]
fn nothing_of_an_unknown_instrument_panics() {
    let mut history = moments(synthetic(1, 10));
    for moment in &mut history {
        if let Event::Market(MarketEvent::Trade(trade)) = &mut moment.2 {
            trade.instrument = InstrumentId(u32::MAX);
            trade.price = Price::MAX;
            trade.qty = Qty::MAX;
        }
    }
    assert!(swing(Memory::new(history), SimulatorSettings::default(), None).len() > 10);
}

/// The two recorded Binance tapes, where they are: every frame is accounted for, and the book the simulator keeps is one.
#[test]
fn recorded_tapes_are_read_whole() {
    for (file, venue, frames) in [
        ("binance-spot-btcusdt-20240808.tape.gz", Venue::BinanceSpot, 41_249),
        ("binance-usdm-btcusdt-20240808.tape.gz", Venue::BinanceUsdM, 93_954),
    ] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(file);
        if !path.exists() {
            println!("skipped: {} is not there", path.display());
            return;
        }
        let mut instrument = SyntheticTrades::instrument(InstrumentId(0));
        (instrument.venue, instrument.symbol, instrument.ticks) =
            (venue, "BTCUSDT".into(), TickTable::flat(Price::from_raw(1_000_000)));
        let mut tape = TapeHistory::open(&path, vec![instrument]).expect("a tape");
        let mut events = 0_u64;
        while let Some(moment) = tape.next().expect("a tape") {
            assert!(!matches!(moment.2, Event::Tick), "an event is given once");
            events += 1;
        }
        let counts = tape.counts();
        println!("{file}: {counts}, {} snapshots, {events} events", tape.snapshots());
        assert_eq!(counts.sum(), counts.received);
        assert_eq!(
            (counts.received + tape.snapshots(), tape.damaged(), tape.snapshots()),
            (frames, 0, 1),
            "{:?}",
            tape.first_problem()
        );
        assert!(counts.journaled + counts.buffered_then_journaled > frames * 9 / 10);
    }
}
