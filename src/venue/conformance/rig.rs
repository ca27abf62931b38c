//! An emulator, a gateway that trades there, and a kernel between them, as a live session has them, but in the test's hands.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jangbu_journal::{Nanos, Seq, Stamp};
use jangbu_replay::{Effects, Machine, Parts};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use super::harness::{Harness, INSTRUMENT, Theirs, Wires, keys};
use crate::account::{Amendment, Order, OrderId, OrderState, OrderType, SessionId, TimeInForce};
use crate::effect::{Effect, Notice, Query};
use crate::event::{Command, Event, MarketEvent};
use crate::kernel::Kernel;
use crate::market::{Price, Qty, Rounding, Side};
use crate::strategy::builtin::scripted;
use crate::venue::gateway::{Dispatch, FrameStats, Instruction, Numbers};
use crate::venue::inbox::{InboxReceiver, channel};
use crate::venue::reparse::{Reparse, Reparsed};
use crate::venue::secret::Credentials;
use crate::venue::{Now, VenueError};

/// How long a scenario may wait for one thing: nothing takes as long on any machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// What a scenario may set.
pub(in crate::venue) struct Setup {
    pub(in crate::venue) seed: u64,
    /// Whose keys the gateway has.
    pub(in crate::venue) credentials: Credentials,
    /// How far our clock is ahead of the venue's, milliseconds.
    pub(in crate::venue) ahead_ms: i64,
}

impl Default for Setup {
    fn default() -> Self {
        Setup { seed: 7, credentials: keys(), ahead_ms: 0 }
    }
}

type Heard = Vec<(Stamp, Event)>;

/// A gateway that runs.
struct Running {
    inbox: InboxReceiver,
    dispatches: mpsc::Sender<Dispatch>,
    frames: Arc<dyn FrameStats>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<Result<(), VenueError>>,
}

fn begin<H: Harness>(
    harness: &H,
    credentials: Credentials,
    (orders, since): (Vec<Order>, Option<Nanos>),
    now: &Now,
    numbers: &Arc<Numbers>,
) -> Running {
    let (inbox, receiver) = channel(65_536);
    let (dispatches, taken) = mpsc::channel(256);
    let (stop, stopped) = watch::channel(false);
    let (numbers, now) = (Arc::clone(numbers), Arc::clone(now));
    let wires = Wires { credentials, orders, since, inbox, dispatches: taken, numbers, now };
    let gateway = harness.gateway(wires, stopped).expect("the settings make sense");
    Running { inbox: receiver, dispatches, frames: gateway.frames, stop, task: tokio::spawn(gateway.run) }
}

pub(in crate::venue) struct Rig<H: Harness> {
    pub(in crate::venue) harness: H,
    pub(in crate::venue) kernel: Kernel,
    pub(in crate::venue) heard: Heard,
    pub(in crate::venue) notices: Vec<Notice>,
    effects: Vec<(Seq, Vec<Effect>)>,
    /// Limits that our orders have had, for finding them at the venue.
    limits: BTreeMap<OrderId, (Side, Vec<Price>)>,
    /// Reports may be lost one by one.
    pub(in crate::venue) is_shuffled: bool,
    now: Now,
    ahead_ns: Arc<AtomicI64>,
    numbers: Arc<Numbers>,
    running: Running,
    session: u32,
}

impl<H: Harness> Rig<H> {
    /// Everything started, nothing known yet.
    pub(in crate::venue) async fn start(setup: Setup) -> Self {
        Self::at(H::start(setup.seed).await, setup)
    }

    /// At an emulator that is there already.
    pub(in crate::venue) fn at(harness: H, setup: Setup) -> Self {
        let ahead_ns = Arc::new(AtomicI64::new(setup.ahead_ms * 1_000_000));
        let (venue_now, ahead) = (harness.now(), Arc::clone(&ahead_ns));
        let now: Now = Arc::new(move || venue_now().plus(ahead.load(Ordering::Relaxed)));
        let numbers = Arc::new(Numbers::new([]));
        assert_eq!(numbers.of(H::TERMS.venue, H::TERMS.symbol), INSTRUMENT);
        let running = begin(&harness, setup.credentials, (Vec::new(), None), &now, &numbers);
        let (kernel, heard, notices, effects) = (Kernel::default(), Vec::new(), Vec::new(), Vec::new());
        let (limits, is_shuffled, session) = (BTreeMap::new(), false, 0);
        let mut rig =
            Rig { harness, kernel, heard, notices, effects, limits, is_shuffled, now, ahead_ns, numbers, running, session };
        rig.open();
        rig
    }

    /// The same, until the account is known and the market has a price and a book.
    pub(in crate::venue) async fn ready() -> Self {
        Self::ready_with(Setup::default()).await
    }

    pub(in crate::venue) async fn ready_with(setup: Setup) -> Self {
        let mut rig = Self::start(setup).await;
        rig.until_ready().await;
        rig
    }

    pub(in crate::venue) async fn until_ready(&mut self) {
        let priced = |rig: &Self| rig.kernel.last(INSTRUMENT).is_some() && rig.kernel.book(INSTRUMENT).is_some();
        self.until("the account is known, and a price", |rig| rig.times_known() > 0 && priced(rig)).await;
    }

    fn open(&mut self) {
        self.session += 1;
        let session = SessionId(self.session);
        self.say(Command::SessionStarted { session, build: "test".into(), mode: "live".into() });
        self.say(Command::RealOrders { venues: vec![H::TERMS.venue] });
        self.say(Command::AutoTrade(true));
    }

    /// Sets our clock forward.
    pub(in crate::venue) fn set_ahead(&self, ahead_ms: i64) {
        self.ahead_ns.store(ahead_ms * 1_000_000, Ordering::Relaxed);
    }

    pub(in crate::venue) fn set_faults(&mut self, plan: &str) {
        self.is_shuffled |= plan.contains("drop") || plan.contains("reorder");
        self.harness.set_faults(plan.parse().expect("a plan"));
    }

    /// Ends the gateway and begins another session with the kernel as it is.
    pub(in crate::venue) async fn restart(&mut self, meanwhile: impl FnOnce(&Self)) {
        self.end().await;
        meanwhile(self);
        let orders = self.kernel.orders().cloned().collect();
        let since = Some(self.kernel.stamp().recv);
        self.running = begin(&self.harness, keys(), (orders, since), &self.now, &self.numbers);
        self.open();
    }

    /// Stops the gateway, which ends in good order, and hears what it said last.
    async fn end(&mut self) {
        self.running.stop.send_replace(true);
        let give_up = Instant::now() + PATIENCE;
        while !self.running.inbox.is_closed() || !self.running.task.is_finished() {
            self.drain();
            assert!(Instant::now() < give_up, "the gateway does not end\n{}", self.story());
            sleep(PAUSE).await;
        }
        self.drain();
        let ended = (&mut self.running.task).await.expect("no panic");
        assert!(ended.is_ok(), "{ended:?}");
        let classes = self.running.frames.classes();
        let sum: u64 = classes.iter().map(|row| row.1).sum();
        assert_eq!(sum, self.running.frames.received(), "every frame is in one class: {classes:?}");
    }

    pub(in crate::venue) fn say(&mut self, command: Command) -> Seq {
        self.apply((self.now)(), None, Event::Command(Box::new(command)))
    }

    fn apply(&mut self, recv: Nanos, venue: Option<Nanos>, event: Event) -> Seq {
        let before = self.heard.last().map_or((Seq::ZERO, Nanos::ZERO), |row| (row.0.seq, row.0.recv));
        let stamp = Stamp { seq: before.0.next(), recv: recv.max(before.1), venue };
        let mut effects = Effects::new();
        self.kernel.apply(&stamp, &event, &mut effects);
        self.heard.push((stamp, event));
        let effects: Vec<Effect> = effects.drain().collect();
        for effect in &effects {
            match effect {
                Effect::Submit(order) => self.send(stamp, Instruction::Submit(*order)),
                Effect::Amend(amendment) => self.send(stamp, Instruction::Amend(*amendment)),
                Effect::Cancel(order) => self.send(stamp, Instruction::Cancel(*order)),
                Effect::Query(query) => self.send(stamp, Instruction::Query(query.clone())),
                Effect::Subscribe { instrument, on } => {
                    self.send(stamp, Instruction::Subscribe { instrument: *instrument, on: *on });
                }
                Effect::Notify(notice) => self.notices.push(notice.clone()),
            }
        }
        if !effects.is_empty() {
            self.effects.push((stamp.seq, effects));
        }
        stamp.seq
    }

    fn send(&self, cause: Stamp, instruction: Instruction) {
        // While it ends nobody takes it; the next session finds out.
        let _ = self.running.dispatches.try_send(Dispatch { cause, instruction });
    }

    /// Hands an instruction to the gateway that the kernel did not give.
    pub(in crate::venue) fn instruct(&self, instruction: Instruction) {
        let recv = (self.now)();
        self.send(Stamp { seq: Seq::ZERO, recv, venue: None }, instruction);
    }

    /// Asks what became of an order, as the kernel would in a while.
    pub(in crate::venue) fn ask(&self, order: OrderId) {
        self.instruct(Instruction::Query(Query::Order(order)));
    }

    /// Applies whatever has been heard, and timers.
    fn drain(&mut self) {
        while let Some(inbound) = self.running.inbox.try_recv() {
            self.apply(inbound.recv, inbound.venue_time, inbound.event);
        }
        let now = (self.now)();
        if self.kernel.wake_at().is_some_and(|at| at <= now) {
            self.apply(now, None, Event::Tick);
        }
    }

    /// Goes on until something is so.
    pub(in crate::venue) async fn until(&mut self, what: &str, mut condition: impl FnMut(&Self) -> bool) {
        let give_up = Instant::now() + PATIENCE;
        loop {
            self.drain();
            if condition(self) {
                return;
            }
            assert!(Instant::now() < give_up, "never: {what}\n{}", self.story());
            sleep(PAUSE).await;
        }
    }

    pub(in crate::venue) async fn until_state(&mut self, order: OrderId, state: OrderState) {
        self.until(&format!("{order} is {state:?}"), |rig| rig.state(order) == Some(state)).await;
    }

    pub(in crate::venue) async fn until_over(&mut self, order: OrderId) {
        self.until(&format!("{order} is over"), |rig| rig.state(order).is_none()).await;
    }

    pub(in crate::venue) async fn until_both_agree(&mut self) {
        self.until("the ledgers agree", |rig| rig.difference().is_none()).await;
    }

    pub(in crate::venue) fn has_notice(&self, code: &str) -> bool {
        self.notices.iter().any(|notice| notice.code == code)
    }

    /// How often the account became known.
    pub(in crate::venue) fn times_known(&self) -> usize {
        self.notices.iter().filter(|notice| notice.code == "reconcile.done").count()
    }

    /// So many units.
    pub(in crate::venue) fn units(count: i64) -> Qty {
        let unit: Qty = H::TERMS.unit.parse().expect("a quantity");
        Qty::from_raw(unit.raw() * i128::from(count))
    }

    /// A limit so many percent of the middle of the book, on a tick.
    pub(in crate::venue) fn percent(&self, percent: i64) -> Price {
        let best = |side| self.kernel.book(INSTRUMENT).and_then(|book| book.best(side)).map(|level| level.0.raw());
        let (bid, ask) = (best(Side::Buy), best(Side::Sell));
        let last = self.kernel.last(INSTRUMENT).map(Price::raw);
        let middle = bid.zip(ask).map(|(bid, ask)| bid + (ask - bid) / 2).or(last).expect("a price");
        let instrument = self.kernel.instruments().next().expect("an instrument");
        let limit = Price::from_raw(middle / 100 * percent);
        instrument.ticks.align(limit, Rounding::Floor).expect("a price")
    }

    /// Where an order of a side rests.
    pub(in crate::venue) fn away(&self, side: Side) -> Price {
        self.percent(if side == Side::Buy { 100 - H::TERMS.away } else { 100 + H::TERMS.away })
    }

    /// The id of the order that the command caused, if the kernel let it leave.
    fn submitted(&mut self, command: Command) -> Option<OrderId> {
        let seq = self.say(command);
        let effects = self.effects.last().filter(|row| row.0 == seq).map_or(&[][..], |row| &row.1);
        let request = effects.iter().find_map(|effect| if let Effect::Submit(order) = effect { Some(*order) } else { None })?;
        let limit = if let OrderType::Limit(price) = request.order_type { vec![price] } else { Vec::new() };
        self.limits.insert(request.id, (request.side, limit));
        Some(request.id)
    }

    /// Places an order by hand, if the kernel lets it leave.
    pub(in crate::venue) fn try_order(
        &mut self,
        side: Side,
        limit: Option<Price>,
        units: i64,
        tif: TimeInForce,
    ) -> Option<OrderId> {
        let order_type = limit.map_or(OrderType::Market, OrderType::Limit);
        let qty = Self::units(units);
        self.submitted(Command::Order { instrument: INSTRUMENT, side, order_type, time_in_force: tif, qty })
    }

    /// Places an order by hand, which must leave.
    pub(in crate::venue) fn order(&mut self, side: Side, limit: Option<Price>, units: i64, tif: TimeInForce) -> OrderId {
        self.try_order(side, limit, units, tif).unwrap_or_else(|| panic!("the kernel let no order leave\n{}", self.story()))
    }

    /// Places an order at market as soon as the account is known.
    pub(in crate::venue) async fn market_soon(&mut self, side: Side, units: i64) -> OrderId {
        let give_up = Instant::now() + PATIENCE;
        loop {
            self.drain();
            if let Some(id) = self.try_order(side, None, units, TimeInForce::Ioc) {
                return id;
            }
            assert!(Instant::now() < give_up, "no order may leave\n{}", self.story());
            // The kernel lets nothing leave that would trade with an order of ours whose cancellation was refused.
            self.cancel_what_stands();
            sleep(PAUSE * 10).await;
        }
    }

    /// Cancels every order of which nothing is awaited.
    pub(in crate::venue) fn cancel_what_stands(&mut self) {
        let stands = |order: &&Order| {
            matches!(order.state, OrderState::Open | OrderState::PartiallyFilled)
                && !order.cancel_sent
                && order.amend_sent.is_none()
        };
        let standing: Vec<OrderId> = self.kernel.orders().filter(stands).map(|order| order.request.id).collect();
        standing.into_iter().for_each(|order| {
            self.say(Command::Cancel(order));
        });
    }

    /// A strategy places an order that rests, as soon as the account is known: it can be amended.
    pub(in crate::venue) async fn rest_soon(&mut self, side: Side, units: i64) -> OrderId {
        let give_up = Instant::now() + PATIENCE;
        loop {
            self.drain();
            let settings = scripted::order(INSTRUMENT, side, self.away(side), Self::units(units));
            if let Some(id) = self.submitted(Command::Configure(settings)) {
                return id;
            }
            assert!(Instant::now() < give_up, "no order may leave\n{}", self.story());
            sleep(PAUSE * 5).await;
        }
    }

    /// The same, until the venue has accepted it.
    pub(in crate::venue) async fn rest(&mut self, side: Side, units: i64) -> OrderId {
        let order = self.rest_soon(side, units).await;
        self.until_state(order, OrderState::Open).await;
        order
    }

    /// The strategy amends its order. False when the kernel does not let it.
    pub(in crate::venue) fn amend(&mut self, order: OrderId, price: Price, units: i64) -> bool {
        self.amend_to(order, price, Self::units(units))
    }

    /// The same, to any quantity.
    pub(in crate::venue) fn amend_to(&mut self, order: OrderId, price: Price, qty: Qty) -> bool {
        let amendment = Amendment { order, price, qty };
        let seq = self.say(Command::Configure(scripted::amend(amendment)));
        let last = self.effects.last().filter(|row| row.0 == seq);
        let left = last.is_some_and(|row| row.1.contains(&Effect::Amend(amendment)));
        if let (true, Some((_, limits))) = (left, self.limits.get_mut(&order)) {
            limits.push(price);
        }
        left
    }

    /// The account's open orders at the venue that could be this one.
    pub(in crate::venue) fn theirs(&self, order: OrderId) -> Vec<Theirs> {
        let Some((side, limits)) = self.limits.get(&order) else { return Vec::new() };
        let fits = |row: &Theirs| row.is_open && row.side == *side && row.limit.is_some_and(|limit| limits.contains(&limit));
        self.harness.orders().into_iter().filter(fits).collect()
    }

    /// Somebody trades with an order of ours, if it is open.
    pub(in crate::venue) fn try_trade(&self, order: OrderId, units: i64) -> bool {
        let found = self.theirs(order).into_iter().next();
        found.is_some_and(|row| self.harness.trade(&row.key, Self::units(units)))
    }

    pub(in crate::venue) fn trade(&self, order: OrderId, units: i64) {
        assert!(self.try_trade(order, units), "{order} is not open: {:?}\n{}", self.harness.orders(), self.story());
    }

    /// How many orders have come to the venue; amendments are none.
    pub(in crate::venue) fn sent(&self) -> usize {
        self.harness.orders().iter().filter(|order| order.is_first).count()
    }

    /// How many orders the kernel let leave; each was told to leave once.
    pub(in crate::venue) fn submits(&self) -> usize {
        let mut counts: BTreeMap<OrderId, u32> = BTreeMap::new();
        for effect in self.effects.iter().flat_map(|row| &row.1) {
            if let Effect::Submit(order) = effect {
                *counts.entry(order.id).or_default() += 1;
            }
        }
        assert!(counts.values().all(|count| *count == 1), "{counts:?}");
        counts.len()
    }

    /// Waits until both ledgers agree and no order is left, here or there; then ends, and checks everything.
    pub(in crate::venue) async fn finish(mut self) -> Reparsed {
        let none = |rig: &Self| rig.kernel.orders().count() == 0 && rig.harness.orders().iter().all(|order| !order.is_open);
        self.until("no order is left and the ledgers agree", |rig| none(rig) && rig.difference().is_none()).await;
        let instruments: Vec<_> = self.kernel.instruments().cloned().collect();
        assert_eq!(self.kernel.portfolio().check_conservation(&instruments), Ok(()));
        assert_eq!(self.kernel.killed(), None, "{}", self.story());
        for code in ["orders.illegal", "orders.not_ours", "account.charge"] {
            assert!(!self.has_notice(code), "{code}\n{}", self.story());
        }
        self.stop().await
    }

    /// Ends the gateway, whatever the ledgers say: every frame is in one class; a replay of what was heard decides the same and ends
    /// in the same state; today's parser makes the same of the frames; and nothing that was heard shows a secret.
    pub(in crate::venue) async fn stop(mut self) -> Reparsed {
        self.end().await;
        assert_eq!(self.harness.verify(), Ok(()));
        let secrets = self.harness.secrets();
        let (mut again, mut decided, mut reparse) = (Kernel::default(), Vec::new(), Reparse::default());
        for (stamp, event) in &self.heard {
            let mut effects = Effects::new();
            again.apply(stamp, event, &mut effects);
            let effects: Vec<Effect> = effects.drain().collect();
            if !effects.is_empty() {
                decided.push((stamp.seq, effects));
            }
            if let Err(difference) = reparse.event(stamp, event) {
                panic!("{difference}");
            }
            let text = match event {
                Event::Frame(piece) => String::from_utf8_lossy(&piece.bytes).into_owned(),
                Event::Market(MarketEvent::Level(_)) => continue,
                event => format!("{event:?}"),
            };
            let shows = text.contains("CANARY") || secrets.iter().any(|secret| text.contains(secret));
            assert!(!shows, "a secret: {text}");
        }
        assert!(decided == self.effects, "a replay decides otherwise");
        let digest = |kernel: &Kernel| {
            let mut parts = Parts::new();
            kernel.digest(&mut parts);
            parts.total()
        };
        assert_eq!(digest(&again), digest(&self.kernel));
        assert!(reparse.done().frames > 0, "no frame was kept");
        reparse.done()
    }

    /// Waits until the gateway has ended by itself; its error.
    pub(in crate::venue) async fn ended(self) -> String {
        let ended = timeout(PATIENCE, self.running.task).await.expect("it ends").expect("no panic");
        ended.expect_err("it cannot go on").to_string()
    }
}
