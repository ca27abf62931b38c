//! Accounts of the emulator: signed requests, orders, user data streams, and faults on demand.
//!
//! | | spot | USDⓈ-M |
//! |---|---|---|
//! | orders | `/api/v3/{order,order/cancelReplace,openOrders,myTrades}` | `/fapi/v1/{order,openOrders,userTrades}` |
//! | account | `/api/v3/account` | `/fapi/v3/{balance,positionRisk}`, `/fapi/v1/{income,leverageBracket,symbolConfig,positionSide/dual}` |
//! | user data | `/ws-api/v3`, `userDataStream.subscribe.signature` | `/fapi/v1/listenKey`, `/private/ws?listenKey=…` |
//!
//! Orders match against the book of the frames that the clients get. The shared exchange of [`crate::venue::exchange`] is not
//! used: it knows neither short positions nor a book from outside.

mod auth;
mod cash;
mod desk;
mod frames;
mod funds;
mod http;
mod margin;
mod refusal;
mod stream;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use serde_json::json;
use tokio::sync::mpsc;

pub use cash::DeskIncome;
pub use desk::{DeskFees, DeskFill, DeskOrder, DeskStatus};
pub use funds::Funds;
pub(super) use http::routes;
pub(super) use stream::routes as stream_routes;

use super::clock;
use super::config::MarketKind;
use super::market::lock;
use crate::market::{Money, Price, Qty, Rate};
use crate::venue::binance::signing::Signer;
use crate::venue::binance::wire::{Levels, rest};
use crate::venue::faults::{Fault, FaultPlan, Faults, OrderFault};
use crate::venue::secret::{Credentials, Secret};
use desk::Desk;

/// An account that the emulator keeps. It is the same on every market of the emulator, but its funds are not shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountConfig {
    /// Its key and secret; a secret in PEM is the private key that signs (the emulator derives what it checks).
    pub credentials: Credentials,
    /// What it has at first, by asset.
    pub funds: Vec<(String, Money)>,
    /// What it has at first on a kind of market, in place of that: it goes on where a session before it ended.
    pub resumed: Vec<(MarketKind, Funds)>,
    /// What its fills cost.
    pub fees: DeskFees,
}

impl AccountConfig {
    /// Keys for trying things out: they open this emulator and nothing else.
    pub fn demo_keys() -> Credentials {
        Credentials { key: Secret::new("demo-api-key"), secret: Secret::new("demo-secret-key") }
    }

    /// An account with 100,000 USDT and the venue's first tier of fees.
    pub fn new(credentials: Credentials) -> Self {
        let cash = Money::from_raw(100_000 * i128::from(crate::market::number::ONE));
        let fees = DeskFees { maker: Rate::from_raw(100_000), taker: Rate::from_raw(100_000), in_bnb: false };
        AccountConfig { credentials, funds: vec![("USDT".into(), cash)], resumed: Vec::new(), fees }
    }
}

/// Leverage and kind of margin, where they were set.
type Margin = (Option<u32>, Option<String>);

/// The accounts of a market, and who listens to them.
#[derive(Debug)]
pub(super) struct Accounts {
    pub(super) kind: MarketKind,
    signers: Vec<Signer>,
    desk: Mutex<Desk>,
    listeners: Mutex<Vec<Listener>>,
    /// Futures: key, account, expiry in milliseconds.
    listen_keys: Mutex<BTreeMap<String, (usize, i64)>>,
    skew_ms: AtomicI64,
    hedged: AtomicBool,
    /// Whether keys may withdraw.
    may_withdraw: AtomicBool,
    /// Futures: leverage and kind of margin, by account and symbol, where they were set.
    margins: Mutex<BTreeMap<(usize, String), Margin>>,
    faults: Mutex<Faults>,
    /// Orders by the 10 s of the clock.
    orders_sent: Mutex<(i64, u32)>,
    next_key: AtomicU64,
    pub(super) frames_sent: AtomicU64,
}

#[derive(Debug)]
struct Listener {
    account: usize,
    /// A frame that is to come after the next one.
    held: Option<String>,
    frames: mpsc::UnboundedSender<UserOut>,
}

/// What a user data stream is given to do.
#[derive(Debug)]
enum UserOut {
    Text(String),
    /// The connection ends without a word.
    Cut,
}

impl Accounts {
    pub(super) fn new(kind: MarketKind, configs: &[AccountConfig], plan: &FaultPlan) -> Result<Self, String> {
        let signers: Result<Vec<Signer>, &str> = configs.iter().map(|config| Signer::new(&config.credentials)).collect();
        let accounts = configs.iter().map(|config| {
            let resumed = config.resumed.iter().find(|row| row.0 == kind).map(|row| row.1.clone());
            let funds = resumed.unwrap_or_else(|| Funds { total: config.funds.iter().cloned().collect(), ..Funds::default() });
            (funds, config.fees)
        });
        Ok(Accounts {
            kind,
            signers: signers?,
            desk: Mutex::new(Desk::new(kind, accounts.collect())),
            listeners: Mutex::default(),
            listen_keys: Mutex::default(),
            skew_ms: AtomicI64::new(0),
            hedged: AtomicBool::new(false),
            may_withdraw: AtomicBool::new(false),
            margins: Mutex::default(),
            faults: Mutex::new(Faults::new(plan.clone())),
            orders_sent: Mutex::default(),
            next_key: AtomicU64::new(1),
            frames_sent: AtomicU64::new(0),
        })
    }

    /// Whether keys may withdraw from now on.
    pub(super) fn set_may_withdraw(&self, may: bool) {
        self.may_withdraw.store(may, Ordering::Relaxed);
    }

    /// Leverage and kind of margin of the first account, where they were set.
    pub(super) fn margin(&self, symbol: &str) -> Margin {
        lock(&self.margins).get(&(0, symbol.to_owned())).cloned().unwrap_or_default()
    }

    /// Whether there is any account.
    pub(super) fn is_empty(&self) -> bool {
        self.signers.is_empty()
    }

    /// The venue's time where accounts are concerned: the wall's, and as wrong as it was told to be.
    pub(super) fn now_ms(&self) -> i64 {
        clock::wall_ms().saturating_add(self.skew_ms.load(Ordering::Relaxed))
    }

    pub(super) fn set_skew(&self, skew_ms: i64) {
        self.skew_ms.store(skew_ms, Ordering::Relaxed);
    }

    pub(super) fn set_hedged(&self, hedged: bool) {
        self.hedged.store(hedged, Ordering::Relaxed);
    }

    /// The book of a symbol has moved.
    pub(super) fn on_book(&self, symbol: &str, levels: impl FnOnce() -> Levels) {
        let mut desk = lock(&self.desk);
        let waits = desk.orders.values().any(|order| order.symbol == symbol && order.status.is_open());
        if waits {
            desk.on_book(symbol, &levels(), self.now_ms());
            self.flush(&mut desk);
        }
    }

    /// Trades an open order by hand, at its limit unless `price` says otherwise.
    pub(super) fn trade(&self, client_id: &str, price: Option<Price>, qty: Qty) -> bool {
        let mut desk = lock(&self.desk);
        let open = desk.orders.values().rev().find(|order| order.client_id == client_id && order.status.is_open());
        let Some((number, account, limit)) = open.map(|order| (order.number, order.account, order.price())) else { return false };
        let now_ms = self.now_ms();
        let traded = desk.fill(number, price.unwrap_or(limit), qty, true, now_ms).is_some();
        desk.tell_account(account, "ORDER", now_ms);
        self.flush(&mut desk);
        traded
    }

    pub(super) fn funds(&self, account: usize) -> Option<Funds> {
        lock(&self.desk).accounts.get(account).map(|row| row.0.clone())
    }

    pub(super) fn orders(&self) -> Vec<DeskOrder> {
        lock(&self.desk).orders.values().cloned().collect()
    }

    pub(super) fn fills(&self) -> Vec<DeskFill> {
        lock(&self.desk).fills.clone()
    }

    pub(super) fn fail_next(&self, fault: OrderFault) {
        lock(&self.faults).fail_next(fault);
    }

    /// Other faults from now on.
    pub(super) fn set_faults(&self, plan: FaultPlan) {
        *lock(&self.faults) = Faults::new(plan);
    }

    /// Cuts every user data stream.
    pub(super) fn cut(&self) {
        lock(&self.listeners).drain(..).for_each(|listener| {
            let _ = listener.frames.send(UserOut::Cut);
        });
    }

    /// Ends every session: listen keys expire, subscriptions are terminated.
    pub(super) fn expire(&self) {
        lock(&self.listen_keys).clear();
        let now_ms = self.now_ms();
        let text = match self.kind {
            MarketKind::Spot => json!({"subscriptionId": 0, "event": {"e": "eventStreamTerminated", "E": now_ms}}),
            MarketKind::UsdM => json!({"e": "listenKeyExpired", "E": now_ms, "listenKey": "expired"}),
        };
        for listener in lock(&self.listeners).iter() {
            let _ = listener.frames.send(UserOut::Text(text.to_string()));
        }
    }

    /// How many user data streams are open.
    pub(super) fn listening(&self) -> usize {
        let mut listeners = lock(&self.listeners);
        listeners.retain(|listener| !listener.frames.is_closed());
        listeners.len()
    }

    /// What goes wrong with this request about an order, if anything.
    fn fault(&self) -> Option<OrderFault> {
        lock(&self.faults).of_order()
    }

    /// How late an answer is.
    fn delay(&self) -> std::time::Duration {
        let mut faults = lock(&self.faults);
        if faults.strikes(Fault::Delay) { faults.delay() } else { std::time::Duration::ZERO }
    }

    /// Hands the desk's frames to those who listen, with the faults of frames.
    fn flush(&self, desk: &mut Desk) {
        let frames = std::mem::take(&mut desk.outbox);
        let mut listeners = lock(&self.listeners);
        listeners.retain(|listener| !listener.frames.is_closed());
        let mut expires = false;
        for (account, frame) in frames {
            let text = match self.kind {
                MarketKind::Spot => json!({"subscriptionId": 0, "event": frame}).to_string(),
                MarketKind::UsdM => frame.to_string(),
            };
            let mut faults = lock(&self.faults);
            let times = match (faults.strikes(Fault::Drop), faults.strikes(Fault::Duplicate)) {
                (true, _) => 0,
                (false, true) => 2,
                (false, false) => 1,
            };
            let garbage = faults.strikes(Fault::Garbage).then(|| faults.garbage());
            let (late, cut) = (faults.strikes(Fault::Reorder), faults.strikes(Fault::Disconnect));
            expires |= faults.strikes(Fault::Session);
            drop(faults);
            for listener in listeners.iter_mut().filter(|listener| listener.account == account) {
                let mut texts: Vec<String> = garbage.iter().cloned().collect();
                let held = listener.held.take();
                if late && held.is_none() && times > 0 {
                    listener.held = Some(text.clone());
                } else {
                    texts.extend((0..times).map(|_| text.clone()));
                }
                texts.extend(held);
                texts.into_iter().for_each(|text| drop(listener.frames.send(UserOut::Text(text))));
                if cut {
                    let _ = listener.frames.send(UserOut::Cut);
                }
            }
            if cut {
                listeners.retain(|listener| listener.account != account);
            }
        }
        drop(listeners);
        if expires {
            self.expire();
        }
    }
}

/// The levels of a book that `/depth` would answer with; none while there is no book.
pub(super) fn levels_of(answer: Option<String>) -> Levels {
    let mut levels = Levels::default();
    if let Some(text) = answer {
        // What does not parse is no level.
        let _ = rest::depth(text.as_bytes(), &mut levels);
    }
    levels
}
