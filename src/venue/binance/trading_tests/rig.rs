//! An emulator, a gateway that trades there, and a kernel between them, as a live session has them, but in the test's hands.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jangbu_journal::{Nanos, Seq, Stamp};
use jangbu_replay::{Effects, Machine, Parts};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use crate::account::{Order, OrderId, OrderState, OrderType, Position, SessionId, TimeInForce};
use crate::effect::{Effect, Notice, Query};
use crate::event::{Answer, Command, Event, Link, LinkState, OrderEvent};
use crate::kernel::Kernel;
use crate::market::{Currency, InstrumentId, Money, Price, Qty, Side, Venue};
use crate::venue::binance::config::BinanceConfig;
use crate::venue::binance::emulator::{
    AccountConfig, DeskFees, Emulator, EmulatorConfig, MarketKind, MarketSource, Source, Start,
};
use crate::venue::binance::gateway::BinanceGateway;
use crate::venue::binance::signing::Signer;
use crate::venue::binance::wire::private::{ClientId, Parameters};
use crate::venue::faults::FaultPlan;
use crate::venue::gateway::{Dispatch, Instruction, Trading};
use crate::venue::inbox::{InboxReceiver, channel};
use crate::venue::secret::{Credentials, Secret};
use crate::venue::{Gateway, Now, VenueError};

pub(super) const BTC: InstrumentId = InstrumentId(0);
/// How long a scenario may wait for one thing.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn keys() -> Credentials {
    Credentials { key: Secret::new("CANARY-api-key"), secret: Secret::new("CANARY-secret-key") }
}

pub(super) fn venue(kind: MarketKind) -> Venue {
    if kind == MarketKind::Spot { Venue::BinanceSpot } else { Venue::BinanceUsdM }
}

pub(super) fn qty(text: &str) -> Qty {
    text.parse().expect("a quantity")
}

pub(super) fn price(text: &str) -> Price {
    text.parse().expect("a price")
}

/// What a scenario may set.
pub(super) struct Setup {
    pub(super) kind: MarketKind,
    pub(super) faults: &'static str,
    pub(super) in_bnb: bool,
    pub(super) seed: u64,
    pub(super) change: fn(&mut BinanceConfig),
    /// Whose keys the gateway has.
    pub(super) credentials: Credentials,
}

impl Setup {
    pub(super) fn of(kind: MarketKind) -> Self {
        Setup { kind, faults: "", in_bnb: false, seed: 7, change: |_| {}, credentials: keys() }
    }
}

type Heard = Vec<(Stamp, Event)>;

pub(super) struct Rig {
    pub(super) kind: MarketKind,
    pub(super) emulator: Emulator,
    pub(super) kernel: Kernel,
    pub(super) heard: Heard,
    pub(super) effects: Vec<(Seq, Vec<Effect>)>,
    pub(super) notices: Vec<Notice>,
    /// The kernel's instructions are handed to nobody.
    pub(super) mute: bool,
    /// Reports are lost one by one, as no TCP connection loses them, so that fills are found in another order than they happened.
    is_shuffled: bool,
    config: BinanceConfig,
    now: Now,
    dispatches: mpsc::Sender<Dispatch>,
    inbox: InboxReceiver,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<Result<(), VenueError>>,
    session: u32,
}

/// The emulator of a scenario.
pub(super) async fn emulate(setup: &Setup) -> Emulator {
    let mut account = AccountConfig::new(keys());
    let rate = |text: &str| text.parse().expect("a rate");
    account.fees = match setup.kind {
        MarketKind::Spot => DeskFees { maker: rate("0.001"), taker: rate("0.001"), in_bnb: setup.in_bnb },
        MarketKind::UsdM => DeskFees { maker: rate("0.0002"), taker: rate("0.0005"), in_bnb: false },
    };
    account.funds.push(("BNB".into(), "10".parse().expect("money")));
    if setup.kind == MarketKind::Spot {
        account.funds.push(("BTC".into(), "2".parse().expect("money")));
    }
    let mut faults: FaultPlan = setup.faults.parse().expect("a plan");
    faults.seed = setup.seed;
    let source = Source::Synthetic { symbols: vec!["BTCUSDT".into()], seed: setup.seed };
    let markets = vec![MarketSource { kind: setup.kind, source, bind: None }];
    let config = EmulatorConfig {
        markets,
        accounts: vec![account],
        account_faults: faults,
        start: Start::FirstSubscriber,
        ..EmulatorConfig::default()
    };
    Emulator::start(config).await.expect("it starts")
}

impl Rig {
    pub(super) async fn start(setup: Setup) -> Rig {
        let emulator = emulate(&setup).await;
        Rig::at(setup, emulator).await
    }

    /// At an emulator that is there already.
    pub(super) async fn at(setup: Setup, emulator: Emulator) -> Rig {
        let symbols = vec![("BTCUSDT".to_owned(), BTC)];
        let mut config = match setup.kind {
            MarketKind::Spot => BinanceConfig::spot(symbols),
            MarketKind::UsdM => BinanceConfig::usd_m(symbols),
        };
        config = config.at(emulator.address());
        config.streams.trades = crate::venue::binance::config::TradeStream::Each;
        config.patience.backoff_min = Duration::from_millis(5);
        config.patience.backoff_max = Duration::from_millis(50);
        config.account.answer = Duration::from_millis(400);
        config.account.resolve = Duration::from_millis(20);
        config.account.audit = Duration::from_millis(150);
        config.account.recv_window_ms = 600;
        (setup.change)(&mut config);
        let clock = crate::live::Clock::default();
        let now: Now = Arc::new(move || clock.now());
        let (inbox, receiver) = channel(65_536);
        let (dispatches, taken) = mpsc::channel(64);
        let (stop, stopped) = watch::channel(false);
        let mut gateway = BinanceGateway::new(config.clone(), inbox, Arc::clone(&now)).expect("the settings make sense");
        gateway.trade(Trading { credentials: setup.credentials.clone(), orders: Vec::new() }, taken).expect("keys");
        let running = tokio::spawn(gateway.run(stopped));
        let mut rig = Rig {
            kind: setup.kind,
            emulator,
            kernel: Kernel::default(),
            heard: Vec::new(),
            effects: Vec::new(),
            notices: Vec::new(),
            mute: false,
            is_shuffled: setup.faults.contains("drop"),
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
        self.say(Command::RealOrders { venues: vec![venue(self.kind)] });
        self.say(Command::AutoTrade(true));
    }

    /// Ends the gateway and begins another session with the kernel as it is.
    pub(super) async fn restart(&mut self, meanwhile: impl FnOnce(&Emulator)) {
        self.restart_with(meanwhile, |_| {}).await;
    }

    /// The same, with what the kernel's orders say changed.
    pub(super) async fn restart_with(&mut self, meanwhile: impl FnOnce(&Emulator), change: impl Fn(&mut Order)) {
        self.stop.send_replace(true);
        let ended = (&mut self.running).await.expect("no panic");
        assert!(ended.is_ok(), "{ended:?}");
        self.drain();
        meanwhile(&self.emulator);
        let (inbox, receiver) = channel(65_536);
        let (dispatches, taken) = mpsc::channel(64);
        let (stop, stopped) = watch::channel(false);
        let mut gateway = BinanceGateway::new(self.config.clone(), inbox, Arc::clone(&self.now)).expect("settings");
        let mut orders: Vec<Order> = self.kernel.orders().cloned().collect();
        orders.iter_mut().for_each(change);
        gateway.trade(Trading { credentials: keys(), orders }, taken).expect("keys");
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
            if !self.mute {
                self.send(stamp, instruction);
            }
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
            rig.has_notice("reconcile.done") && rig.kernel.last(BTC).is_some() && rig.kernel.book(BTC).is_some()
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

    /// Places an order by hand as soon as the account is known and the kernel lets it leave.
    pub(super) async fn order_soon(&mut self, side: Side, limit: Option<Price>, amount: &str, tif: TimeInForce) -> OrderId {
        let give_up = Instant::now() + PATIENCE;
        loop {
            self.drain();
            if let Some(id) = self.try_order(side, limit, amount, tif) {
                return id;
            }
            assert!(Instant::now() < give_up, "no order may leave\n{}", self.story());
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn try_order(&mut self, side: Side, limit: Option<Price>, amount: &str, time_in_force: TimeInForce) -> Option<OrderId> {
        let order_type = limit.map_or(OrderType::Market, OrderType::Limit);
        let order = Command::Order { instrument: BTC, side, order_type, time_in_force, qty: qty(amount) };
        let seq = self.say(order);
        self.effects.last().filter(|row| row.0 == seq).and_then(|row| {
            row.1.iter().find_map(|effect| match effect {
                Effect::Submit(order) => Some(order.id),
                _ => None,
            })
        })
    }

    /// Places an order with the same keys and another name, as a person would in the venue's own program; its name.
    pub(super) async fn place_as_a_stranger(&self) -> &'static str {
        const NAME: &str = "web_stranger";
        let path = if self.kind == MarketKind::Spot { "/api/v3/order" } else { "/fapi/v1/order" };
        let parameters = Parameters::new()
            .with("symbol", "BTCUSDT")
            .with("side", "BUY")
            .with("type", "LIMIT")
            .with("timeInForce", "GTC")
            .with("quantity", "0.02")
            .with("price", self.percent(96))
            .with("newClientOrderId", NAME)
            .with("timestamp", (self.now)().get() / 1_000_000);
        let query = Signer::new(&keys()).expect("keys").signed_query(parameters);
        let url = format!("http://{}{path}?{query}", self.emulator.address());
        let answer = reqwest::Client::new().post(url).header("X-MBX-APIKEY", keys().key.expose()).send().await;
        assert!(answer.expect("an answer").status().is_success());
        NAME
    }

    /// Ends the gateway, whatever the ledgers say.
    pub(super) async fn stop(self) {
        self.stop.send_replace(true);
        let ended = self.running.await.expect("no panic");
        assert!(ended.is_ok(), "{ended:?}");
        check(&self.heard, &self.effects, &self.kernel);
    }

    /// A limit so many percent of the last price, on a tick of 0.1.
    pub(super) fn percent(&self, percent: i64) -> Price {
        let last = self.kernel.last(BTC).expect("a price").raw();
        Price::from_raw(last / 100 * percent / 10_000_000 * 10_000_000)
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

    pub(super) fn trade(&self, order: OrderId, amount: &str) {
        let name = ClientId::first(order).to_string();
        assert!(self.emulator.trade(self.kind, &name, None, qty(amount)), "no open order {name}");
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
        let funds = self.emulator.funds(self.kind, 0).expect("an account");
        let portfolio = self.kernel.portfolio();
        let held = portfolio.position(BTC).qty;
        let venue = venue(self.kind);
        let cash = |asset: &str| portfolio.cash(venue, asset.parse::<Currency>().expect("a code")).total;
        let theirs = match self.kind {
            MarketKind::Spot => Qty::from_raw(funds.total.get("BTC").map_or(0, |total| total.raw())),
            MarketKind::UsdM => funds.positions.get("BTCUSDT").map_or(Qty::ZERO, |position| position.qty),
        };
        if held != theirs {
            return Some(format!("we hold {held}, the emulator says {theirs}"));
        }
        let total = |asset: &str| funds.total.get(asset).copied().unwrap_or(Money::ZERO);
        ["USDT", "BNB"].into_iter().find_map(|asset| {
            let (mut ours, mut theirs) = (cash(asset), total(asset));
            if self.kind == MarketKind::UsdM && self.is_shuffled && asset == "USDT" {
                // At average cost, which part of the profit is realised depends on the order of fills; the sum does not.
                let cost = |position: Position| position.cost;
                ours = ours.checked_sub(cost(portfolio.position(BTC))).expect("it fits");
                let position = funds.positions.get("BTCUSDT").copied().unwrap_or_default();
                theirs = theirs.checked_sub(cost(position)).expect("it fits");
            }
            (ours != theirs).then(|| format!("we have {ours} {asset}, the emulator says {theirs}"))
        })
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
