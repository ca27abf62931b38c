//! The gateway and a kernel against the emulated broker, over real sockets: [`Rig`].

mod amending;
mod faults;
mod sessions;
mod trading;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jangbu_journal::{Nanos, Seq, Stamp};
use jangbu_replay::{Effects, Machine};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::super::config::{KiwoomConfig, Pace, Patience};
use super::super::emulator::{KiwoomEmulator, KiwoomEmulatorConfig};
use super::super::stats::KiwoomStats;
use super::super::time::TimeOfDay;
use super::super::token::Tokens;
use super::{Ends, KiwoomGateway};
use crate::account::{Order, OrderId, OrderType, OrderUpdate, SessionId, TimeInForce};
use crate::effect::Effect;
use crate::event::command::Settings;
use crate::event::{Command, Event, LinkState};
use crate::kernel::Kernel;
use crate::market::number::ONE;
use crate::market::{Currency, InstrumentId, Money, Price, Qty, Side, Venue};
use crate::venue::gateway::{ACCOUNT_CHANNEL, Dispatch, FrameStats, Gateway, Instruction, Numbers};
use crate::venue::inbox::{InboxReceiver, channel};
use crate::venue::reparse::Reparse;
use crate::venue::secret::{Credentials, Secret};
use crate::venue::{Now, VenueError};

/// Nothing here takes as long on any machine.
const PATIENCE: Duration = Duration::from_secs(60);
const KEY: &str = "CANARY-APP-KEY";
const SECRET: &str = "CANARY-SECRET-KEY";

/// The middle of a quiet day: nothing is limited, and the market hardly moves.
pub(super) fn quiet() -> KiwoomEmulatorConfig {
    KiwoomEmulatorConfig {
        begin: TimeOfDay::of(10, 0, 0),
        limited: false,
        interval_ms: 600_000,
        wander_ticks: 0,
        cash: 1_000_000_000_000,
        app_key: KEY.into(),
        secret_key: SECRET.into(),
        ..KiwoomEmulatorConfig::default()
    }
}

/// One whose prices move.
pub(super) fn busy() -> KiwoomEmulatorConfig {
    KiwoomEmulatorConfig { interval_ms: 20, wander_ticks: 1, ..quiet() }
}

fn won() -> Currency {
    "KRW".parse().expect("a code")
}

fn krw(amount: i64) -> Price {
    Price::from_raw(amount * ONE)
}

fn shares(count: i64) -> Qty {
    Qty::from_raw(i128::from(count) * i128::from(ONE))
}

/// A running gateway.
struct Running {
    receiver: InboxReceiver,
    dispatches: mpsc::Sender<Dispatch>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), VenueError>>,
    stats: Arc<KiwoomStats>,
    tokens: Arc<Tokens>,
}

fn run(
    runtime: &Runtime,
    emulator: &KiwoomEmulator,
    numbers: &Arc<Numbers>,
    (symbols, orders): (&[String], Vec<Order>),
    change: impl FnOnce(&mut KiwoomConfig),
) -> Running {
    let symbols = symbols.iter().map(|code| (code.clone(), numbers.of(Venue::Kiwoom, code))).collect();
    let mut config = KiwoomConfig::real(symbols).at_endpoint(&format!("ws://{}", emulator.address()));
    config.pace = Pace { burst: 100, every: Duration::from_millis(5), penalty: Duration::from_millis(50) };
    config.patience = Patience {
        answer: Duration::from_secs(5),
        look: Duration::from_millis(50),
        settle: Duration::from_millis(500),
        audit: Duration::from_millis(200),
        backoff_min: Duration::from_millis(10),
        backoff_max: Duration::from_millis(100),
        ..Patience::default()
    };
    change(&mut config);
    let (inbox, receiver) = channel(4_096);
    let (dispatches, taken) = mpsc::channel(256);
    let credentials = Credentials { key: Secret::new(KEY), secret: Secret::new(SECRET) };
    let ends =
        Ends { inbox, dispatches: taken, numbers: Arc::clone(numbers), now: emulator.now(), credentials, orders: Some(orders) };
    let gateway = KiwoomGateway::new(config, ends).expect("settings");
    let (stats, tokens) = (gateway.stats(), Arc::clone(&gateway.rest.tokens));
    let (stop, stopped) = watch::channel(false);
    let task = runtime.spawn(gateway.run(stopped));
    Running { receiver, dispatches, stop, task, stats, tokens }
}

/// An emulator, a gateway, a kernel, and everything that the kernel was told.
struct Rig {
    runtime: Runtime,
    emulator: KiwoomEmulator,
    numbers: Arc<Numbers>,
    running: Running,
    kernel: Kernel,
    stamp: Stamp,
    journal: Vec<(Stamp, Event)>,
    effects: Vec<Effect>,
    symbols: Vec<String>,
    session: u32,
    /// Orders may leave: the account is known, and its connection has not been lost since.
    ready: bool,
    now: Now,
}

impl Rig {
    fn start(config: KiwoomEmulatorConfig, symbols: usize, change: impl FnOnce(&mut KiwoomConfig)) -> Rig {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let emulator = runtime.block_on(KiwoomEmulator::start(config)).expect("an emulator");
        let symbols: Vec<String> = emulator.codes().into_iter().take(symbols).collect();
        let numbers = Arc::new(Numbers::new([]));
        let running = run(&runtime, &emulator, &numbers, (&symbols, Vec::new()), change);
        let now = emulator.now();
        let stamp = Stamp { seq: Seq::ZERO, recv: now(), venue: None };
        let mut rig = Rig {
            runtime,
            emulator,
            numbers,
            running,
            kernel: Kernel::default(),
            stamp,
            journal: Vec::new(),
            effects: Vec::new(),
            symbols,
            session: 0,
            ready: false,
            now,
        };
        rig.begin();
        rig
    }

    fn begin(&mut self) {
        self.session += 1;
        self.ready = false;
        let session = SessionId(self.session);
        self.say(Command::SessionStarted { session, build: "test".into(), mode: "live".into() });
        self.say(Command::Configure(Settings::default()));
        self.say(Command::AutoTrade(true));
        self.say(Command::RealOrders { venues: vec![Venue::Kiwoom] });
    }

    fn say(&mut self, command: Command) {
        let recv = (self.now)();
        self.hear(recv, None, Event::Command(Box::new(command)));
    }

    fn hear(&mut self, recv: Nanos, venue: Option<Nanos>, event: Event) {
        for instruction in self.apply(recv, venue, event) {
            self.dispatch(instruction);
        }
    }

    /// The kernel hears of an event. Returns what it wants done.
    fn apply(&mut self, recv: Nanos, venue: Option<Nanos>, event: Event) -> Vec<Instruction> {
        self.stamp = Stamp { seq: self.stamp.seq.next(), recv: recv.max(self.stamp.recv), venue };
        let mut effects = Effects::new();
        self.kernel.apply(&self.stamp, &event, &mut effects);
        if let Event::Link(link) = &event {
            self.ready &= link.channel != ACCOUNT_CHANNEL || link.state == LinkState::Up;
        }
        self.journal.push((self.stamp, event));
        let mut wanted = Vec::new();
        for effect in effects.drain() {
            wanted.extend(match &effect {
                Effect::Submit(order) => Some(Instruction::Submit(*order)),
                Effect::Amend(amendment) => Some(Instruction::Amend(*amendment)),
                Effect::Cancel(order) => Some(Instruction::Cancel(*order)),
                Effect::Query(query) => Some(Instruction::Query(query.clone())),
                Effect::Subscribe { instrument, on } => Some(Instruction::Subscribe { instrument: *instrument, on: *on }),
                Effect::Notify(notice) => {
                    self.ready |= notice.code == "reconcile.done";
                    None
                }
            });
            self.effects.push(effect);
        }
        wanted
    }

    fn dispatch(&self, instruction: Instruction) {
        self.running.dispatches.try_send(Dispatch { cause: self.stamp, instruction }).expect("a gateway that takes it");
    }

    /// Hears what there is until something is so.
    #[track_caller]
    fn until(&mut self, what: &str, mut is_so: impl FnMut(&Rig) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            if self.kernel.wake_at().is_some_and(|at| at <= (self.now)()) {
                let now = (self.now)();
                self.hear(now, None, Event::Tick);
            } else if let Some(inbound) = self.running.receiver.recv_timeout(Duration::from_millis(5)) {
                self.hear(inbound.recv, inbound.venue_time, inbound.event);
            }
            assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}\n{}", self.story());
        }
    }

    /// What happened last, for a failure.
    fn story(&self) -> String {
        let told = |event: &&(Stamp, Event)| !matches!(event.1, Event::Market(_) | Event::Tick | Event::Frame(_));
        let mut lines: Vec<String> =
            self.journal.iter().filter(told).rev().take(40).map(|(_, event)| format!("{event:?}")).collect();
        lines.reverse();
        let (cash, held) = (self.cash(), self.held());
        let ledger = self.emulator.ledger();
        lines.push(format!("ours: {cash:?} KRW, {held:?}; theirs: {} KRW, {:?}", ledger.cash, ledger.holdings));
        lines.push(format!("live: {:?}\ntheir orders: {:?}", self.kernel.orders().collect::<Vec<_>>(), ledger.orders));
        lines.join("\n")
    }

    /// Until orders may leave.
    #[track_caller]
    fn ready(&mut self) {
        self.until("the account is reconciled", Rig::is_ready);
    }

    fn is_ready(&self) -> bool {
        self.ready
    }

    fn noticed(&self, code: &str) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Notify(notice) if notice.code == code))
    }

    fn id(&self, code: &str) -> InstrumentId {
        self.numbers.of(Venue::Kiwoom, code)
    }

    /// Asks for an order by hand; it must leave.
    #[track_caller]
    fn order(&mut self, code: &str, side: Side, limit: Option<i64>, count: i64) -> OrderId {
        let id = self.id(code);
        let priced = move |rig: &Rig| {
            rig.kernel.last(id).is_some() || rig.kernel.book(id).is_some_and(|book| book.best(side.opposite()).is_some())
        };
        self.until("a price", |rig| priced(rig) && rig.is_ready());
        let before = self.effects.len();
        let order_type = limit.map_or(OrderType::Market, |limit| OrderType::Limit(krw(limit)));
        let (instrument, qty) = (self.id(code), shares(count));
        self.say(Command::Order { instrument, side, order_type, time_in_force: TimeInForce::Gtc, qty });
        let sent = self.effects[before..].iter().find_map(|effect| match effect {
            Effect::Submit(order) => Some(order.id),
            _ => None,
        });
        sent.unwrap_or_else(|| panic!("it did not leave: {:?}", &self.effects[before..]))
    }

    fn live(&self, order: OrderId) -> Option<&Order> {
        self.kernel.orders().find(|live| live.request.id == order)
    }

    /// Today's parser makes the same market events of the frames kept. Returns how many.
    #[track_caller]
    fn reparse(&self) -> u64 {
        let mut reparse = Reparse::default();
        for (stamp, event) in &self.journal {
            if let Err(difference) = reparse.event(stamp, event) {
                panic!("{difference}");
            }
        }
        reparse.done().events
    }

    /// Whether an order was refused: by the broker, or by the gateway, which then did not send it.
    fn is_refused(&self, order: OrderId) -> bool {
        let refused = |event: &Event| match event {
            Event::Order(told) => told.order == order && matches!(told.update, OrderUpdate::Rejected { .. }),
            _ => false,
        };
        self.journal.iter().any(|row| refused(&row.1))
    }

    /// Whether an order rests at the broker, and nothing is awaited of it.
    fn rests(&self, order: OrderId) -> bool {
        self.live(order).is_some_and(|order| {
            use crate::account::OrderState::{Open, PartiallyFilled};
            matches!(order.state, Open | PartiallyFilled) && !order.cancel_sent && order.amend_sent.is_none()
        })
    }

    fn cash(&self) -> Money {
        self.kernel.portfolio().cash(Venue::Kiwoom, won()).total
    }

    fn held(&self) -> Vec<(String, i128)> {
        let instruments = self.kernel.instruments();
        let mut held: Vec<(String, i128)> = instruments
            .map(|row| (row.symbol.clone(), self.kernel.portfolio().position(row.id).qty.raw() / i128::from(ONE)))
            .filter(|row| row.1 != 0)
            .collect();
        held.sort();
        held
    }

    /// Whether the broker's books and ours say the same, to the KRW, and no order is in doubt.
    fn agrees(&self) -> bool {
        let ledger = self.emulator.ledger();
        let mut theirs: Vec<(String, i128)> = ledger.holdings.iter().map(|row| (row.code.clone(), i128::from(row.qty))).collect();
        theirs.sort();
        let open = ledger.orders.iter().filter(|order| order.state == "open").count();
        self.cash() == Money::from_raw(i128::from(ledger.cash) * i128::from(ONE))
            && self.held() == theirs
            && self.kernel.orders().count() == open
            && self.kernel.orders().all(|order| self.rests(order.request.id))
    }

    /// The same program again: another gateway for the same journal.
    fn restart(&mut self, while_away: impl FnOnce(&KiwoomEmulator)) {
        self.stop();
        while_away(&self.emulator);
        let orders: Vec<Order> = self.kernel.orders().cloned().collect();
        self.running = run(&self.runtime, &self.emulator, &self.numbers, (&self.symbols, orders), |_| {});
        self.begin();
    }

    /// Stops the gateway, and hears what it said last.
    fn stop(&mut self) {
        self.running.stop.send_replace(true);
        let deadline = Instant::now() + PATIENCE;
        while !self.running.receiver.is_closed() {
            if let Some(inbound) = self.running.receiver.recv_timeout(Duration::from_millis(5)) {
                // Nobody takes instructions any more.
                let _ = self.apply(inbound.recv, inbound.venue_time, inbound.event);
            }
            assert!(Instant::now() < deadline, "the gateway does not end");
        }
    }

    /// The books agree; the gateway ends in good order and has accounted for every frame; the journal makes the same kernel again;
    /// and no secret stands in it.
    #[track_caller]
    fn finish(mut self) {
        self.until("both books agree", Rig::agrees);
        self.emulator.verify().expect("the broker's own books");
        let token = self.runtime.block_on(self.running.tokens.get()).expect("a token").secret.clone();
        self.stop();
        let result = self.runtime.block_on(&mut self.running.task).expect("no panic");
        assert!(result.is_ok(), "{result:?}");
        let classes: u64 = self.running.stats.classes().iter().map(|row| row.1).sum();
        assert_eq!(classes, self.running.stats.received(), "every frame is in one class");
        let mut again = Kernel::default();
        let mut effects = Vec::new();
        for (stamp, event) in &self.journal {
            let mut of_one = Effects::new();
            again.apply(stamp, event, &mut of_one);
            effects.extend(of_one.drain());
        }
        assert!(effects == self.effects, "the journal makes other effects");
        assert_eq!(again.portfolio(), self.kernel.portfolio());
        assert_eq!(again.orders().collect::<Vec<_>>(), self.kernel.orders().collect::<Vec<_>>());
        let told = format!("{:?}{:?}", self.journal, self.effects);
        for secret in [KEY, SECRET, &token] {
            assert!(!told.contains(secret), "a secret was told");
        }
        assert!(self.kernel.killed().is_none(), "{:?}", self.kernel.killed());
        assert!(!self.noticed("orders.illegal") && !self.noticed("orders.not_ours"), "{}", self.story());
    }
}
