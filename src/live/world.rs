//! The world of a live session: real markets, real time, and for each venue real orders or simulated ones: [`LiveWorld`].

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use jangbu_journal::{Nanos, Seq, Stamp};
use jangbu_replay::{Batch, Effects, Flow, Machine, World};
use tokio::sync::oneshot;

use super::clock::Clock;
use super::counts::Counts;
use super::fills::Fills;
use super::gate::{Gate, GateFull};
use super::latency::{Latencies, Stage};
use super::listing::Listing;
use super::operator::{Answers, Applied, Said};
use super::routes::{Route, Routes};
use super::status::Gauges;
use crate::account::{NewOrder, OrderId, OrderUpdate, SessionId};
use crate::effect::{Effect, Notice};
use crate::event::{Command, Event, MarketEvent, OrderEvent};
use crate::market::Venue;
use crate::simulator::{Simulator, Turn, next_turn};
use crate::venue::gateway::Instruction;
use crate::venue::inbox::{Inbound, InboxReceiver};

/// How long the world sleeps at most before it looks around: for commands, the stop flag, and events to hand to the journal.
const SLEEP_MAX: Duration = Duration::from_millis(5);
/// The same while effects wait for the journal.
const SLEEP_GATED_MAX: Duration = Duration::from_micros(200);
/// The same while an event's way into the journal is measured: the measure is this coarse.
const SLEEP_PROBED_MAX: Duration = Duration::from_millis(1);
/// How long the world looks for the next frame of a burst before it sleeps. At 300 frames a second that is 3 % of a core.
const SPIN_NS: i64 = 100_000;
/// How long the world goes on emptying the queue after it was told to stop.
const DRAIN_NS_MAX: i64 = 3_000_000_000;
/// Effects that may wait for the journal. At 100 orders a second and a stalled disk that is 40 s, twice the journal's own limit.
const GATE_CAPACITY: usize = 4_096;
/// Orders whose first answer is awaited, for measuring. More are not measured.
const AWAITED_MAX: usize = 4_096;

/// What the rest of the program tells the world, and hears from it.
#[derive(Debug)]
pub struct Wires {
    /// What gateways heard.
    pub inbox: InboxReceiver,
    /// What the program itself says, and waits for no answer.
    pub commands: Receiver<Command>,
    /// What the operator says.
    pub operator: Receiver<Said>,
    /// Symbols the operator can name.
    pub listing: Arc<Listing>,
    /// What the kernel wants people to know. When nobody listens, it is dropped: it is in the journal.
    pub notices: Sender<(Stamp, Notice)>,
    /// When set, the session ends.
    pub stop: Arc<AtomicBool>,
    /// Numbers for the progress line.
    pub gauges: Arc<Gauges>,
    /// The time.
    pub clock: Clock,
}

/// Why the world ended a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// The journal does not keep up with the effects.
    #[error(transparent)]
    Gate(#[from] GateFull),
}

/// Something about to be an event.
#[derive(Debug)]
struct Head {
    recv: Nanos,
    venue_time: Option<Nanos>,
    /// Who sent it, if it came from outside.
    venue: Option<Venue>,
    event: Event,
    /// The operator waits to hear what it came to.
    answer: Option<oneshot::Sender<Applied>>,
}

/// Real markets from the inbox, our orders at the simulator, the operator's commands, timers; merged by
/// [`crate::simulator::next_turn`], one event a batch, exactly as a backtest of the same journal merges them.
#[derive(Debug)]
pub struct LiveWorld {
    wires: Wires,
    simulator: Simulator,
    session: SessionId,
    /// Said before anything that is heard: how the session begins, and instructions that could not be handed over.
    opening: VecDeque<Event>,
    head: Option<Head>,
    /// Whether the recorder was just told that nothing happens.
    idle: bool,
    /// Nothing is stamped before this: the simulator has come so far.
    floor: Nanos,
    /// By [`Clock::elapsed`], as `last_heard` is.
    stopping_since: Option<Nanos>,
    ended: bool,
    /// The quiet after which the session ends by itself, nanoseconds.
    quiet_ns_max: Option<i64>,
    last_heard: Option<Nanos>,
    gate: Gate<Leaving>,
    /// The event just given out, if it came from outside, and when it was received.
    given: Option<(Seq, Venue, Nanos)>,
    /// An event whose way into the journal is being measured, and when it was applied by [`Clock::elapsed`].
    probe: Option<(Seq, Venue, Nanos)>,
    awaited: BTreeMap<OrderId, (Venue, Nanos)>,
    routes: Routes,
    counts: Counts,
    fills: Fills,
    answers: Answers,
    latencies: Latencies,
}

/// What waits at the gate.
#[derive(Debug)]
enum Leaving {
    /// An order for the simulator: that one is inside the boundary and has it already. What passes the gate is its measure.
    Measured(Venue),
    /// An instruction for a gateway, and what caused it.
    Dispatch { port: usize, cause: Stamp, instruction: Instruction, measured: Option<Venue> },
}

/// What a world leaves behind.
#[derive(Debug)]
pub struct Ended {
    /// What went through it.
    pub counts: Counts,
    /// How long it took.
    pub latencies: Latencies,
    /// The most effects that ever waited for the journal.
    pub gate_high_water: usize,
}

impl LiveWorld {
    /// A world that begins by saying `opening`.
    pub fn new(
        wires: Wires,
        routes: Routes,
        simulator: Simulator,
        session: SessionId,
        opening: impl IntoIterator<Item = Event>,
    ) -> Self {
        LiveWorld {
            wires,
            simulator,
            session,
            opening: opening.into_iter().collect(),
            head: None,
            idle: false,
            floor: Nanos::ZERO,
            stopping_since: None,
            ended: false,
            quiet_ns_max: None,
            last_heard: None,
            gate: Gate::new(GATE_CAPACITY),
            given: None,
            probe: None,
            awaited: BTreeMap::new(),
            routes,
            counts: Counts::default(),
            fills: Fills::default(),
            answers: Answers::default(),
            latencies: Latencies::default(),
        }
    }

    /// Ends the session by itself once gateways have been quiet for so long.
    #[must_use]
    pub fn until_quiet(mut self, quiet: Duration) -> Self {
        self.quiet_ns_max = Some(i64::try_from(quiet.as_nanos()).unwrap_or(i64::MAX));
        self
    }

    /// What it leaves behind.
    pub fn into_ended(self) -> Ended {
        Ended { counts: self.counts, latencies: self.latencies, gate_high_water: self.gate.high_water() }
    }

    /// Fills the head with whoever is next, if anyone is.
    fn look(&mut self) {
        if self.head.is_some() {
            return;
        }
        self.head = if let Some(event) = self.opening.pop_front() {
            Some(self.now_said(event))
        } else if let Ok(said) = self.wires.operator.try_recv() {
            let head = self.now_said(Event::Command(Box::new(said.command)));
            Some(Head { answer: Some(said.answer), ..head })
        } else if let Ok(command) = self.wires.commands.try_recv() {
            Some(self.now_said(Event::Command(Box::new(command))))
        } else {
            self.wires.inbox.try_recv().map(Head::from)
        };
    }

    fn now_said(&self, event: Event) -> Head {
        Head { recv: self.wires.clock.now(), venue_time: None, venue: None, event, answer: None }
    }

    /// Gives an event out: it is in the batch, the simulator has seen it.
    fn give(&mut self, batch: &mut Batch<Event>, head: Head) -> Result<(), GateFull> {
        let mut leaving = Vec::new();
        if let Some(venue) = head.venue {
            self.given = Some((batch.next_seq(), venue, head.recv));
            self.last_heard = Some(self.wires.clock.elapsed());
            // The time of an emulated venue is its own invention: nothing is learnt from it about ours.
            if let Some(at) = head.venue_time.filter(|_| self.wires.clock.speed() == 1) {
                self.latencies.record_received(venue, at, head.recv);
            }
        }
        self.counts.on_event(&head.event);
        match &head.event {
            Event::Market(MarketEvent::Instrument(instrument)) => {
                self.routes.on_instrument(instrument.id, instrument.venue);
                self.fills.on_instrument(instrument);
                self.wires.listing.on_instrument(instrument);
            }
            // What the gateways, and not the kernel, have to do about it.
            Event::Command(command) => {
                leaving = self.routes.on_command(command);
                if matches!(**command, Command::Kill { .. }) {
                    self.take_back_orders();
                }
            }
            Event::Order(order) => {
                self.on_answer(order.order);
                if let Some(notice) = self.fills.on_order(order) {
                    let stamp = Stamp { seq: batch.next_seq(), recv: head.recv, venue: head.venue_time };
                    let _ = self.wires.notices.try_send((stamp, notice));
                }
            }
            _ => {}
        }
        if let Some(answer) = head.answer {
            self.answers.on_given(batch.next_seq(), answer);
        }
        batch.push(head.recv.max(self.floor), head.venue_time, head.event);
        self.idle = false;
        if let Some((stamp, event)) = batch.as_slice().last() {
            self.simulator.on_event(stamp, event);
            let now = self.wires.clock.elapsed();
            for (port, instruction) in leaving {
                let dispatch = Leaving::Dispatch { port, cause: *stamp, instruction, measured: None };
                self.gate.hold(stamp.seq, now, dispatch)?;
            }
        }
        Ok(())
    }

    /// Orders that were decided before a kill and have not left do not leave any more. The kernel is told that they never did.
    fn take_back_orders(&mut self) {
        let is_order = |leaving: &Leaving| {
            matches!(leaving, Leaving::Dispatch { instruction: Instruction::Submit(_) | Instruction::Amend(_), .. })
        };
        let reason = "not sent: the kill switch was pulled first · 정지되어 보내지 않았습니다";
        let never_sent = self.gate.take_back(is_order).into_iter().filter_map(|leaving| match leaving {
            Leaving::Dispatch { instruction: Instruction::Submit(order), .. } => {
                Some(OrderEvent { order: order.id, update: OrderUpdate::Rejected { reason: reason.into() } })
            }
            Leaving::Dispatch { instruction: Instruction::Amend(amendment), .. } => {
                Some(OrderEvent { order: amendment.order, update: OrderUpdate::AmendRejected { reason: reason.into() } })
            }
            Leaving::Dispatch { .. } | Leaving::Measured(_) => None,
        });
        self.opening.extend(never_sent.map(Event::Order));
    }

    fn on_answer(&mut self, order: OrderId) {
        if let Some((venue, sent)) = self.awaited.remove(&order) {
            let took = self.wires.clock.elapsed().since(sent);
            self.latencies.record(venue, Stage::SentToAcknowledged, took);
        }
    }

    /// An order begins its way: until its first answer it is measured. Returns the venue to measure its way into the journal for.
    fn measure(&mut self, now: Nanos, order: &NewOrder) -> Option<Venue> {
        let venue = self.routes.venue(order.instrument)?;
        if self.awaited.len() < AWAITED_MAX {
            self.awaited.insert(order.id, (venue, now));
        }
        Some(venue)
    }

    /// Nobody has anything to say. Tells the recorder first, then sleeps until somebody has, or `until`.
    fn rest(&mut self, until: Option<Nanos>, now: Nanos) {
        if !self.idle {
            self.idle = true;
            return;
        }
        self.idle = false;
        if self.spin() {
            return;
        }
        let most = match (self.gate.is_empty(), self.probe.is_none()) {
            (true, true) => SLEEP_MAX,
            (true, false) => SLEEP_PROBED_MAX,
            (false, _) => SLEEP_GATED_MAX,
        };
        let real = |until: Nanos| self.wires.clock.real(until.since(now));
        let sleep = until.map_or(most, |until| most.min(Duration::from_nanos(u64::try_from(real(until)).unwrap_or(0))));
        self.head = self.wires.inbox.recv_timeout(sleep).map(Head::from);
    }

    /// Frames come in bursts: right after one, looks for the next without sleeping, because waking a thread takes some 50 µs.
    fn spin(&mut self) -> bool {
        let begun = self.wires.clock.elapsed();
        if self.last_heard.is_none_or(|heard| begun.since(heard) >= SPIN_NS) {
            return false;
        }
        while self.wires.clock.elapsed().since(begun) < SPIN_NS {
            self.head = self.wires.inbox.try_recv().map(Head::from);
            if self.head.is_some() {
                return true;
            }
            core::hint::spin_loop();
        }
        false
    }

    /// Whether it is time to say goodbye: every gateway is gone and all they heard is told. When told to stop (or when all is
    /// quiet), gateways are given a while to go.
    fn is_over(&mut self) -> bool {
        let now = self.wires.clock.elapsed();
        if let (Some(quiet), Some(heard)) = (self.quiet_ns_max, self.last_heard)
            && now.since(heard) >= quiet
        {
            self.wires.stop.store(true, Ordering::Release);
        }
        if self.wires.inbox.is_closed() {
            return true;
        }
        if !self.wires.stop.load(Ordering::Acquire) {
            return false;
        }
        let since = *self.stopping_since.get_or_insert(now);
        now.since(since) >= DRAIN_NS_MAX
    }

    fn measure_durable(&mut self, durable: Seq) {
        let reached = self.probe.is_some_and(|(seq, _, _)| seq <= durable);
        if !reached && self.gate.is_empty() {
            return;
        }
        let now = self.wires.clock.elapsed();
        if reached && let Some((_, venue, applied)) = self.probe.take() {
            self.latencies.record(venue, Stage::AppliedToDurable, now.since(applied));
        }
        self.gate.open(durable);
        while let Some(held) = self.gate.pop() {
            let measured = match held.what {
                Leaving::Measured(venue) => Some(venue),
                Leaving::Dispatch { port, cause, instruction, measured } => {
                    if let Some(never_sent) = self.routes.dispatch(port, cause, instruction) {
                        self.opening.push_back(never_sent);
                    }
                    measured
                }
            };
            if let Some(venue) = measured {
                self.latencies.record(venue, Stage::AppliedToDurable, now.since(held.applied));
            }
        }
    }
}

impl From<Inbound> for Head {
    fn from(inbound: Inbound) -> Self {
        let Inbound { recv, venue_time, venue, event } = inbound;
        Head { recv, venue_time, venue: Some(venue), event, answer: None }
    }
}

impl<M: Machine<Event = Event, Effect = Effect>> World<M> for LiveWorld {
    type Error = WorldError;

    fn next(&mut self, wake_at: Option<Nanos>, batch: &mut Batch<Event>) -> Result<Flow, WorldError> {
        if self.ended {
            return Ok(Flow::Stop);
        }
        loop {
            self.look();
            let simulated = self.simulator.next_due();
            // What comes later is stamped no earlier than what was said before it.
            let heard = match &self.head {
                Some(head) => head.recv.max(self.floor),
                None => self.wires.clock.now(),
            };
            match next_turn(batch.clock(), simulated, wake_at, Some(heard)) {
                Turn::Simulator(at) => {
                    // The venue has acted at this moment: what a gateway stamped earlier and delivers only now came after it.
                    self.floor = self.floor.max(at);
                    if let Some((recv, event)) = self.simulator.pop_due(at) {
                        self.give(batch, Head { recv, venue_time: None, venue: None, event, answer: None })?;
                        return Ok(Flow::Continue);
                    }
                }
                Turn::Timer(at) => {
                    self.give(batch, Head { recv: at, venue_time: None, venue: None, event: Event::Tick, answer: None })?;
                    return Ok(Flow::Continue);
                }
                Turn::History(now) => {
                    if let Some(head) = self.head.take() {
                        self.give(batch, head)?;
                    } else if self.is_over() {
                        let end = Command::SessionEnded { session: self.session };
                        let event = Event::Command(Box::new(end));
                        // At the moment whose turn it was: a later one could be after something the simulator is about to say.
                        self.give(batch, Head { recv: now, venue_time: None, venue: None, event, answer: None })?;
                        self.ended = true;
                    } else {
                        let until = [simulated, wake_at].into_iter().flatten().min();
                        self.rest(until, now);
                    }
                    return Ok(if self.ended { Flow::Stop } else { Flow::Continue });
                }
                Turn::Nobody => unreachable!("the clock always has a turn"),
            }
        }
    }

    fn take(&mut self, stamp: &Stamp, effects: &mut Effects<Effect>) -> Result<(), WorldError> {
        let now = self.wires.clock.elapsed();
        for effect in effects.drain() {
            self.counts.on_effect(&effect);
            self.answers.on_effect(stamp.seq, &effect);
            let mut measured = None;
            if let Effect::Submit(order) = &effect {
                self.fills.on_submit(order);
                measured = self.measure(now, order);
            }
            match (self.routes.route(&effect), effect) {
                (_, Effect::Notify(notice)) => {
                    let _ = self.wires.notices.try_send((*stamp, notice));
                }
                (Route::Simulator, effect) => {
                    self.simulator.take(stamp.recv, &effect);
                    if let Some(venue) = measured {
                        self.gate.hold(stamp.seq, now, Leaving::Measured(venue))?;
                    }
                }
                (Route::Port(port, instruction), _) => {
                    self.gate.hold(stamp.seq, now, Leaving::Dispatch { port, cause: *stamp, instruction, measured })?;
                }
                (Route::Nowhere, _) => {}
            }
        }
        Ok(())
    }

    fn release(&mut self, durable: Seq) -> Result<(), WorldError> {
        self.wires.gauges.on_durable(durable);
        self.answers.on_durable(durable);
        if let Some((seq, venue, recv)) = self.given.take() {
            let clock = &self.wires.clock;
            let lag = clock.real(clock.now().since(recv));
            self.latencies.record(venue, Stage::ReceivedToApplied, lag);
            self.wires.gauges.on_applied(self.counts.events, lag, self.wires.inbox.len());
            self.probe.get_or_insert((seq, venue, clock.elapsed()));
        }
        self.measure_durable(durable);
        Ok(())
    }
}
