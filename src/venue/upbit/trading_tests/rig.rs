//! An emulator, a gateway that trades there, and a kernel between them, as a live session has them, but in the test's hands.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jangbu_journal::{Nanos, Seq, Stamp};
use jangbu_replay::{Effects, Machine, Parts};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use crate::account::{Order, OrderId, OrderState, OrderType, SessionId, TimeInForce};
use crate::effect::{Effect, Notice, Query};
use crate::event::{Answer, Command, Event, Link, LinkState, OrderEvent};
use crate::kernel::Kernel;
use crate::market::{Currency, InstrumentId, Price, Qty, Side, Venue};
use crate::venue::exchange::AccountId;
use crate::venue::gateway::{Dispatch, Instruction, Trading};
use crate::venue::inbox::{InboxReceiver, channel};
use crate::venue::secret::{Credentials, Secret};
use crate::venue::upbit::config::UpbitConfig;
use crate::venue::upbit::emulator::{Emulator, EmulatorConfig, Source};
use crate::venue::upbit::gateway::UpbitGateway;
use crate::venue::{Gateway, Now, VenueError};

pub(super) const XRP: InstrumentId = InstrumentId(0);
/// How long a scenario may wait for one thing.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn keys() -> Credentials {
    Credentials { key: Secret::new("CANARY-api-key"), secret: Secret::new("CANARY-secret-key") }
}

pub(super) fn qty(text: &str) -> Qty {
    text.parse().expect("a quantity")
}

pub(super) fn price(text: &str) -> Price {
    text.parse().expect("a price")
}

/// What a scenario may set.
pub(super) struct Setup {
    /// Faults from the beginning.
    pub(super) faults: &'static str,
    pub(super) seed: u64,
    /// Whose keys the gateway has.
    pub(super) credentials: Credentials,
}

impl Default for Setup {
    fn default() -> Self {
        Setup { faults: "", seed: 7, credentials: keys() }
    }
}

type Heard = Vec<(Stamp, Event)>;

pub(super) struct Rig {
    pub(super) emulator: Emulator,
    pub(super) kernel: Kernel,
    pub(super) heard: Heard,
    pub(super) effects: Vec<(Seq, Vec<Effect>)>,
    pub(super) notices: Vec<Notice>,
    config: UpbitConfig,
    now: Now,
    dispatches: mpsc::Sender<Dispatch>,
    inbox: InboxReceiver,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<Result<(), VenueError>>,
    session: u32,
}

impl Rig {
    pub(super) async fn start(setup: Setup) -> Rig {
        let clock = crate::live::Clock::default();
        let now: Now = Arc::new(move || clock.now());
        let source = Source::Synthetic { symbols: vec!["KRW-XRP".into()], seed: setup.seed };
        let mut emulated = EmulatorConfig::new(source, Arc::clone(&now));
        emulated.credentials = keys();
        emulated.interval_ms = 100;
        emulated.balances.insert("XRP".into(), "2000".into());
        emulated.faults = setup.faults.parse().expect("a plan");
        emulated.faults.seed = setup.seed;
        let emulator = Emulator::start(emulated).await.expect("it starts");
        let symbols = vec![("KRW-XRP".to_owned(), XRP)];
        let mut config = UpbitConfig::new(symbols).at_endpoint(&format!("ws://{}", emulator.address()));
        config.patience.connect = Duration::from_secs(2);
        config.patience.backoff_min = Duration::from_millis(250);
        config.patience.backoff_max = Duration::from_millis(500);
        config.patience.resolve = Duration::from_millis(50);
        config.patience.settle = Duration::from_millis(600);
        config.patience.audit = Duration::from_millis(500);
        let (inbox, receiver) = channel(65_536);
        let (dispatches, taken) = mpsc::channel(64);
        let (stop, stopped) = watch::channel(false);
        let mut gateway = UpbitGateway::new(config.clone(), inbox, Arc::clone(&now)).expect("the settings make sense");
        gateway.trade(Trading { credentials: setup.credentials, orders: Vec::new() }, taken).expect("a client");
        let running = tokio::spawn(gateway.run(stopped));
        let mut rig = Rig {
            emulator,
            kernel: Kernel::default(),
            heard: Vec::new(),
            effects: Vec::new(),
            notices: Vec::new(),
            config,
            now,
            dispatches,
            inbox: receiver,
            stop,
            running,
            session: 0,
        };
        rig.open();
        rig
    }

    fn open(&mut self) {
        self.session += 1;
        let session = SessionId(self.session);
        self.say(Command::SessionStarted { session, build: "test".into(), mode: "live".into() });
        self.say(Command::RealOrders { venues: vec![Venue::Upbit] });
        self.say(Command::AutoTrade(true));
    }

    /// Ends the gateway and begins another session with the kernel as it is.
    pub(super) async fn restart(&mut self, meanwhile: impl FnOnce(&Emulator)) {
        self.stop.send_replace(true);
        let ended = (&mut self.running).await.expect("no panic");
        assert!(ended.is_ok(), "{ended:?}");
        self.drain();
        meanwhile(&self.emulator);
        let (inbox, receiver) = channel(65_536);
        let (dispatches, taken) = mpsc::channel(64);
        let (stop, stopped) = watch::channel(false);
        let mut gateway = UpbitGateway::new(self.config.clone(), inbox, Arc::clone(&self.now)).expect("settings");
        let orders: Vec<Order> = self.kernel.orders().cloned().collect();
        gateway.trade(Trading { credentials: keys(), orders }, taken).expect("a client");
        self.running = tokio::spawn(gateway.run(stopped));
        (self.inbox, self.dispatches, self.stop) = (receiver, dispatches, stop);
        self.open();
    }

    pub(super) fn say(&mut self, command: Command) -> Seq {
        self.apply((self.now)(), None, Event::Command(Box::new(command)))
    }

    fn apply(&mut self, recv: Nanos, venue_time: Option<Nanos>, event: Event) -> Seq {
        let before = self.heard.last().map_or((Seq::ZERO, Nanos::ZERO), |row| (row.0.seq, row.0.recv));
        let stamp = Stamp { seq: before.0.next(), recv: recv.max(before.1), venue: venue_time };
        let mut effects = Effects::new();
        self.kernel.apply(&stamp, &event, &mut effects);
        self.heard.push((stamp, event));
        let effects: Vec<Effect> = effects.drain().collect();
        for effect in &effects {
            let instruction = match effect {
                Effect::Submit(order) => Instruction::Submit(*order),
                Effect::Amend(amendment) => Instruction::Amend(*amendment),
                Effect::Cancel(order) => Instruction::Cancel(*order),
                Effect::Query(query) => Instruction::Query(query.clone()),
                Effect::Notify(notice) => {
                    self.notices.push(notice.clone());
                    continue;
                }
                Effect::Subscribe { .. } => continue,
            };
            self.send(stamp, instruction);
        }
        if !effects.is_empty() {
            self.effects.push((stamp.seq, effects));
        }
        stamp.seq
    }

    fn send(&self, cause: Stamp, instruction: Instruction) {
        let _ = self.dispatches.try_send(Dispatch { cause, instruction });
    }

    /// Hands an instruction to the gateway that the kernel did not give.
    pub(super) fn instruct(&self, instruction: Instruction) {
        self.send(Stamp { seq: Seq::ZERO, recv: Nanos::ZERO, venue: None }, instruction);
    }

    /// Applies whatever has been heard, and timers.
    fn drain(&mut self) {
        while let Some(inbound) = self.inbox.try_recv() {
            self.apply(inbound.recv, inbound.venue_time, inbound.event);
        }
        let now = (self.now)();
        if self.kernel.wake_at().is_some_and(|at| at <= now) {
            self.apply(now, None, Event::Tick);
        }
    }

    /// Goes on until something is so.
    pub(super) async fn until(&mut self, what: &str, mut condition: impl FnMut(&Rig) -> bool) {
        let give_up = Instant::now() + PATIENCE;
        loop {
            self.drain();
            if condition(self) {
                return;
            }
            assert!(Instant::now() < give_up, "never: {what}\n{}", self.story());
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Goes on until the account is known and the market has a price.
    pub(super) async fn ready(&mut self) {
        self.until("the account is known, and a price", |rig| {
            rig.has_notice("reconcile.done") && rig.kernel.last(XRP).is_some() && rig.kernel.book(XRP).is_some()
        })
        .await;
    }

    pub(super) fn has_notice(&self, code: &str) -> bool {
        self.notices.iter().any(|notice| notice.code == code)
    }

    /// Places an order by hand; its id.
    pub(super) fn order(&mut self, side: Side, limit: Option<Price>, amount: &str, time_in_force: TimeInForce) -> OrderId {
        let id = self.try_order(side, limit, amount, time_in_force);
        id.unwrap_or_else(|| panic!("the kernel let no order leave\n{}", self.story()))
    }

    pub(super) fn try_order(
        &mut self,
        side: Side,
        limit: Option<Price>,
        amount: &str,
        time_in_force: TimeInForce,
    ) -> Option<OrderId> {
        let order_type = limit.map_or(OrderType::Market, OrderType::Limit);
        let order = Command::Order { instrument: XRP, side, order_type, time_in_force, qty: qty(amount) };
        let seq = self.say(order);
        self.effects.last().filter(|row| row.0 == seq).and_then(|row| {
            row.1.iter().find_map(|effect| match effect {
                Effect::Submit(order) => Some(order.id),
                _ => None,
            })
        })
    }

    /// Ends the gateway, whatever the ledgers say.
    pub(super) async fn stop(self) {
        self.stop.send_replace(true);
        let ended = self.running.await.expect("no panic");
        assert!(ended.is_ok(), "{ended:?}");
        check(&self.heard, &self.effects, &self.kernel);
    }

    /// A limit so many percent of the last price, on a tick of 1 won.
    pub(super) fn percent(&self, percent: i64) -> Price {
        let last = self.kernel.last(XRP).expect("a price").raw();
        Price::from_raw(last / 100 * percent / 100_000_000 * 100_000_000)
    }

    /// Updates of an order, by name.
    pub(super) fn updates(&self, order: OrderId) -> String {
        let name = |event: &Event| match event {
            Event::Order(OrderEvent { order: of, update }) if *of == order => {
                let text = format!("{update:?}");
                Some(text.split([' ', '(', '{']).next().unwrap_or("").to_owned())
            }
            Event::Answer(answer) if **answer == Answer::NotFound { order } => Some("NotFound".to_owned()),
            _ => None,
        };
        self.heard.iter().filter_map(|row| name(&row.1)).collect::<Vec<_>>().join(" ")
    }

    /// The state of a live order; none once it is over.
    pub(super) fn state(&self, order: OrderId) -> Option<OrderState> {
        self.kernel.orders().find(|one| one.request.id == order).map(|one| one.state)
    }

    pub(super) fn is_over(&self, order: OrderId) -> bool {
        self.state(order).is_none()
    }

    /// How many orders have come to the venue from us.
    pub(super) fn sent(&self) -> usize {
        self.emulator.exchange(|exchange| exchange.orders().filter(|order| order.account == AccountId(0)).count())
    }

    /// Somebody trades with an order of ours.
    pub(super) fn trade(&self, order: OrderId, amount: &str) {
        assert!(self.emulator.trade(&self.venue_name(order), qty(amount)), "{order} is not open\n{}", self.story());
    }

    /// The identifier of the one of an order's chain that was placed last.
    pub(super) fn venue_name(&self, order: OrderId) -> String {
        let begins = format!("jb-{}-{}-{}-", order.session, order.seq, order.index);
        self.emulator.exchange(|exchange| {
            let named = exchange.orders().filter_map(|order| order.client_id.clone()).filter(|name| name.starts_with(&begins));
            named.last().expect("it was placed")
        })
    }

    pub(super) fn links(&self) -> String {
        let state = |event: &Event| match event {
            Event::Link(Link { channel: crate::event::link::ACCOUNT_CHANNEL, state, .. }) => Some(match state {
                LinkState::Up => "up",
                _ => "down",
            }),
            _ => None,
        };
        self.heard.iter().filter_map(|row| state(&row.1)).collect::<Vec<_>>().join(" ")
    }

    /// Our books against the emulator's, to the unit.
    pub(super) fn difference(&self) -> Option<String> {
        let (cash, held) = self.emulator.exchange(|exchange| {
            exchange.verify().expect("nothing made or lost");
            let account = exchange.account(AccountId(0)).expect("ours");
            (account.cash("KRW".parse::<Currency>().expect("a code")).total, account.holding(XRP).qty)
        });
        let portfolio = self.kernel.portfolio();
        let ours = (portfolio.cash(Venue::Upbit, "KRW".parse().expect("a code")).total, portfolio.position(XRP).qty);
        (ours != (cash, held)).then(|| format!("we have {ours:?}, the emulator says {:?}", (cash, held)))
    }

    /// Waits until both ledgers agree, and ends.
    pub(super) async fn finish(mut self) {
        self.until("the ledgers agree", |rig| rig.difference().is_none() && rig.kernel.orders().count() == 0).await;
        let portfolio = self.kernel.portfolio();
        let instruments: Vec<_> = self.kernel.instruments().cloned().collect();
        assert_eq!(portfolio.check_conservation(&instruments), Ok(()));
        assert_eq!(self.kernel.killed(), None, "{}", self.story());
        let critical: Vec<&str> = self.notices.iter().map(|notice| notice.code.as_str()).collect();
        for code in ["orders.illegal", "orders.not_ours", "account.charge"] {
            assert!(!critical.contains(&code), "{code}\n{}", self.story());
        }
        self.stop.send_replace(true);
        let ended = self.running.await.expect("no panic");
        assert!(ended.is_ok(), "{ended:?}");
        check(&self.heard, &self.effects, &self.kernel);
    }

    /// Waits until the gateway has ended by itself; its error.
    pub(super) async fn ended(self) -> String {
        let ended = tokio::time::timeout(PATIENCE, self.running).await.expect("it ends").expect("no panic");
        ended.expect_err("it cannot go on").to_string()
    }

    /// Everything but the market, for a failure.
    fn story(&self) -> String {
        let rows = self.heard.iter().filter(|row| !matches!(row.1, Event::Market(_)));
        let text: Vec<String> = rows.map(|row| format!("{} {:?}", row.0.seq, row.1)).collect();
        let from = text.len().saturating_sub(60);
        format!("{}\nnotices: {:?}\ndifference: {:?}", text[from..].join("\n"), self.notices, self.difference())
    }
}

/// A replay of what was heard decides the same and ends in the same state, and nothing that was heard shows a key.
fn check(heard: &Heard, effects: &[(Seq, Vec<Effect>)], kernel: &Kernel) {
    let (mut again, mut decided) = (Kernel::default(), Vec::new());
    for (stamp, event) in heard {
        let mut effects = Effects::new();
        again.apply(stamp, event, &mut effects);
        let effects: Vec<Effect> = effects.drain().collect();
        if !effects.is_empty() {
            decided.push((stamp.seq, effects));
        }
        assert!(!format!("{event:?}").contains("CANARY"), "a key: {event:?}");
    }
    assert!(decided == effects, "a replay decides otherwise");
    let digest = |kernel: &Kernel| {
        let mut parts = Parts::new();
        kernel.digest(&mut parts);
        parts.total()
    };
    assert_eq!(digest(&again), digest(kernel));
}

/// What instructions of a kind there were.
pub(super) fn submits(effects: &[(Seq, Vec<Effect>)]) -> BTreeMap<OrderId, u32> {
    let mut counts = BTreeMap::new();
    for effect in effects.iter().flat_map(|row| &row.1) {
        if let Effect::Submit(order) = effect {
            *counts.entry(order.id).or_default() += 1;
        }
    }
    counts
}

/// Asks the kernel's question about an order.
pub(super) fn question(order: OrderId) -> Instruction {
    Instruction::Query(Query::Order(order))
}
