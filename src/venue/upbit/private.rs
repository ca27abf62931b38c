//! The task that trades: [`Private`]. It takes the kernel's instructions and the private stream's frames, one at a time, and
//! tells what becomes of orders. Requests run beside it, so that a slow answer holds up nobody; those about one order run one
//! after the other.
//!
//! ```text
//!   dispatches ──────▶ ┌─────────┐ ──▶ requests (signed, an order's sent once) ─┐
//!   myOrder, myAsset ─▶│ Private │ ◀────────────────── answers ─────────────────┘
//!                      └─────────┘ ──▶ order events, answers, the account's link (priority lane)
//! ```
//!
//! `orders.rs` is what is sent about orders and what answers prove, `reports.rs` what is told.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use jangbu_journal::Nanos;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until};

use super::account::{self, Found, Lookup, Snapshot, Transfers};
use super::config::UpbitConfig;
use super::feed::{Feed, FeedMessage};
use super::known::{Known, Orders};
use super::rest::{Rest, RestError};
use super::signing::{Algorithm, Signer};
use super::wire::private::MyOrder;
use super::wire::rest::account::AskAccounts;
use super::wire::{Control, Levels, MarketCode, Message, WireError, frame};
use crate::account::{Order, OrderId};
use crate::config::RawFrames;
use crate::effect::Query;
use crate::event::link::ACCOUNT_CHANNEL;
use crate::event::{Answer, Event, Link, LinkState};
use crate::market::{Instrument, Venue};
use crate::venue::backoff::Backoff;
use crate::venue::flows::History;
use crate::venue::gateway::{Dispatch, Instruction, Trading};
use crate::venue::mailbox::Mailbox;
use crate::venue::prices::Prices;
use crate::venue::stats::{AccountClass, GatewayStats};
use crate::venue::{Now, VenueError};

/// Frames of the private stream that wait to be read.
const FRAMES_MAX: usize = 1_024;
/// How long after a connect the answer to our ping is waited for; it says that the subscription was heard. Else this will do.
const CONFIRM: Duration = Duration::from_secs(2);

/// What a request came to.
pub(super) enum Done {
    /// The venue's id of the order.
    Placed {
        order: OrderId,
        result: Result<String, RestError>,
    },
    Cancelled {
        order: OrderId,
        result: Result<(), RestError>,
    },
    Amended {
        order: OrderId,
        result: Result<(), RestError>,
    },
    Found {
        order: OrderId,
        result: Result<Found, RestError>,
    },
    Due {
        order: OrderId,
    },
    Account(Result<Box<Snapshot>, RestError>),
    Flows(Result<Transfers, RestError>),
}

/// What a trading gateway is made of, besides its settings.
pub(super) struct Parts {
    pub(super) trading: Trading,
    pub(super) dispatches: mpsc::Receiver<Dispatch>,
    pub(super) mailbox: Mailbox,
    pub(super) now: Now,
    pub(super) prices: Arc<Prices>,
    pub(super) stats: Arc<GatewayStats>,
}

/// The task that trades.
pub(super) struct Private {
    pub(super) rest: Rest,
    pub(super) mailbox: Mailbox,
    pub(super) config: UpbitConfig,
    pub(super) orders: Orders,
    pub(super) markets: Vec<(Instrument, MarketCode)>,
    pub(super) prices: Arc<Prices>,
    pub(super) now: Now,
    pub(super) calls: JoinSet<Done>,
    pub(super) is_up: bool,
    /// Deposits and withdrawals.
    pub(super) history: History,
    /// The key may not see them.
    pub(super) flows_hidden: bool,
    /// What is held has changed since they were asked for.
    pub(super) assets_changed: bool,
    stats: Arc<GatewayStats>,
    signer: Signer,
    dispatches: mpsc::Receiver<Dispatch>,
    resumed: Vec<Order>,
    /// Connected; the subscription counts as heard with the next frame, or then.
    confirm_at: Option<(Nanos, Instant)>,
    /// Reports that wait for the account, since the stream came up: what was missed while it was down comes before them.
    /// `None` when nothing waits.
    held: Option<Vec<(Nanos, MyOrder)>>,
    account_asked: bool,
    account_again: bool,
    account_backoff: Backoff,
    failure_told: bool,
}

impl Private {
    /// Nothing is connected yet.
    pub(super) fn new(config: &UpbitConfig, parts: Parts) -> Result<Self, VenueError> {
        let Parts { trading, dispatches, mailbox, now, prices, stats } = parts;
        let signer = Signer::new(&trading.credentials, Algorithm::default());
        let rest = Rest::new(config, Some(signer.clone())).map_err(|error| VenueError::Setting {
            venue: Venue::Upbit,
            setting: "rest_url",
            seen: error.to_string(),
            expected: "an address a client can be made for",
        })?;
        let history = History::known_to(trading.since.unwrap_or_else(|| now()));
        Ok(Private {
            rest,
            mailbox,
            orders: Orders::default(),
            markets: Vec::new(),
            prices,
            now,
            calls: JoinSet::new(),
            is_up: false,
            history,
            flows_hidden: false,
            assets_changed: false,
            stats,
            signer,
            dispatches,
            resumed: trading.orders,
            confirm_at: None,
            held: None,
            account_asked: false,
            account_again: false,
            account_backoff: config.patience.backoff(1 << 40),
            failure_told: false,
            config: config.clone(),
        })
    }

    /// Trades in these instruments until told to stop. Requests under way are then given up: what became of them is found out
    /// by the next session.
    pub(super) async fn run(
        mut self,
        markets: Vec<(Instrument, MarketCode)>,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), VenueError> {
        self.markets = markets;
        self.check_coins()?;
        tokio::select! {
            biased;
            _ = stop.changed() => return Ok(()),
            checked = self.check_keys() => checked?,
        }
        for order in std::mem::take(&mut self.resumed) {
            // Of an instrument that the settings no longer name, nothing can be said.
            if let Some((_, code)) = self.markets.iter().find(|row| row.0.id == order.request.instrument) {
                self.orders.add(Known::resumed(&order, *code, self.config.patience.settle));
            }
        }
        let (messages, mut frames) = mpsc::channel(FRAMES_MAX);
        let feed = Feed {
            url: format!("{}/websocket/v1/private", self.config.ws_url.trim_end_matches('/')),
            signer: Some(self.signer.clone()),
            // It does not change.
            subscription: watch::channel(self.config.private_subscription()).1,
            patience: self.config.patience.clone(),
            now: Arc::clone(&self.now),
            messages,
            stop: stop.clone(),
        };
        let mut feeds = JoinSet::new();
        feeds.spawn(feed.run());
        let every = self.config.patience.audit;
        let mut audits = interval_at(Instant::now() + every, every);
        audits.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !*stop.borrow() {
            let confirm_at = self.confirm_at;
            let confirmed = async {
                match confirm_at {
                    Some((at, deadline)) => {
                        sleep_until(deadline).await;
                        at
                    }
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                _ = stop.changed() => break,
                Some(done) = self.calls.join_next() => if let Ok(done) = done { self.on_done(done).await? },
                message = frames.recv() => match message {
                    Some(message) => self.on_feed(message).await?,
                    None => break,
                },
                dispatch = self.dispatches.recv() => match dispatch {
                    Some(dispatch) => self.on_instruction(dispatch).await?,
                    None => break,
                },
                at = confirmed => self.on_up(at).await?,
                _ = audits.tick() => self.audit(),
            }
        }
        feeds.shutdown().await;
        Ok(())
    }

    /// Coins are one pile each: two instruments cannot share one.
    fn check_coins(&self) -> Result<(), VenueError> {
        for (index, (one, _)) in self.markets.iter().enumerate() {
            let shares = |place: usize, other: &Instrument| (place != index && other.base == one.base) || other.quote == one.base;
            if let Some((_, (other, _))) = self.markets.iter().enumerate().find(|(place, other)| shares(*place, &other.0)) {
                return Err(VenueError::Definitions {
                    venue: Venue::Upbit,
                    reason: format!(
                        "{} and {} share the coin {}: whose it is cannot be told (expected one of them in `symbols`, or \
                         orders = \"paper\")",
                        one.symbol, other.symbol, one.base
                    ),
                });
            }
        }
        Ok(())
    }

    /// Whether the venue lets us in at all: better told now than by a connection that never comes up.
    async fn check_keys(&mut self) -> Result<(), VenueError> {
        let mut pauses = self.config.patience.backoff(1 << 41);
        loop {
            match self.rest.ask_again(&AskAccounts).await {
                Ok(_) => break,
                Err(error) if error.is_for_good() => return Err(refused(&error)),
                Err(error) => {
                    self.tell_failure("accounts", error.to_string()).await?;
                    sleep(pauses.pause()).await;
                }
            }
        }
        self.failure_told = false;
        Ok(())
    }

    async fn on_feed(&mut self, message: FeedMessage) -> Result<(), VenueError> {
        match message {
            FeedMessage::Up { at } => {
                self.confirm_at = Some((at, Instant::now() + CONFIRM));
                Ok(())
            }
            FeedMessage::Down { at, reason } => {
                self.confirm_at = None;
                if !std::mem::take(&mut self.is_up) {
                    return self.tell_failure("private stream", reason).await;
                }
                self.release().await?;
                self.tell_link(at, LinkState::Down { reason: reason.into() }).await
            }
            FeedMessage::Failed { reason } => self.tell_failure("private stream", reason).await,
            FeedMessage::Frame { recv, bytes } => {
                if let Some((at, _)) = self.confirm_at {
                    self.on_up(at).await?;
                }
                if self.config.raw != RawFrames::Off {
                    self.mailbox.put_raw(recv, ACCOUNT_CHANNEL, &bytes);
                    self.mailbox.send().await?;
                }
                let mut read = Vec::new();
                let result = frame::messages(&bytes).and_then(|texts| {
                    for text in texts {
                        read.push(Message::parse(text, &mut Levels::default())?);
                    }
                    Ok::<(), WireError>(())
                });
                self.stats.on_account_frame(match (&result, read.first()) {
                    (Err(_), _) => AccountClass::Malformed,
                    (Ok(()), Some(Message::MyOrder(_))) => AccountClass::Order,
                    (Ok(()), Some(Message::MyAsset(_))) => AccountClass::Balance,
                    (Ok(()), _) => AccountClass::Unused,
                });
                for message in read {
                    self.on_message(recv, message).await?;
                }
                match result {
                    Ok(()) => Ok(()),
                    Err(error) => {
                        // An order's report may be what could not be read: nothing is known any more, so everything is asked.
                        self.tell_failure("private stream", error.to_string()).await?;
                        self.ask_account();
                        Ok(())
                    }
                }
            }
        }
    }

    async fn on_up(&mut self, at: Nanos) -> Result<(), VenueError> {
        self.confirm_at = None;
        (self.is_up, self.failure_told, self.held) = (true, false, Some(Vec::new()));
        self.tell_link(at, LinkState::Up).await?;
        self.ask_account();
        Ok(())
    }

    async fn on_message(&mut self, recv: Nanos, message: Message) -> Result<(), VenueError> {
        match message {
            Message::MyOrder(report) => match &mut self.held {
                Some(held) if held.len() < FRAMES_MAX => {
                    held.push((recv, *report));
                    Ok(())
                }
                _ => self.on_report(recv, &report).await,
            },
            Message::MyAsset(report) => self.on_assets(recv, &report).await,
            Message::Control(Control::Refused { name, message, .. }) => {
                self.tell_problem("private stream", format!("{name}: {message}")).await
            }
            _ => Ok(()),
        }
    }

    /// Goes on with the reports that waited.
    async fn release(&mut self) -> Result<(), VenueError> {
        for (recv, report) in self.held.take().unwrap_or_default() {
            self.on_report(recv, &report).await?;
        }
        Ok(())
    }

    async fn on_instruction(&mut self, Dispatch { cause, instruction }: Dispatch) -> Result<(), VenueError> {
        match instruction {
            Instruction::Submit(order) => self.submit(order, cause.recv).await,
            Instruction::Amend(amendment) => self.about(amendment.order, instruction).await,
            Instruction::Cancel(order) | Instruction::Query(Query::Order(order)) => self.about(order, instruction).await,
            Instruction::Query(Query::Account(_)) => {
                // Since the stream came up it is being asked for already.
                if self.held.is_none() || !self.account_asked {
                    self.ask_account();
                }
                Ok(())
            }
            // Every symbol of the settings is watched from the start. Questions about the market are not put to this venue.
            Instruction::Query(Query::Reference(_) | Query::Bars { .. } | Query::Condition { .. })
            | Instruction::Subscribe { .. }
            | Instruction::Conditions(_)
            | Instruction::Reconnect => Ok(()),
        }
    }

    async fn on_done(&mut self, done: Done) -> Result<(), VenueError> {
        let order = match done {
            Done::Placed { order, result } => self.on_placed(order, result).await.map(|()| order),
            Done::Cancelled { order, result } => self.on_cancelled(order, result).await.map(|()| order),
            Done::Amended { order, result } => self.on_amended(order, result).await.map(|()| order),
            Done::Found { order, result } => self.on_found(order, result).await.map(|()| order),
            Done::Due { order } => {
                if self.orders.get(order).is_some_and(|known| !known.is_done) {
                    self.find(order);
                }
                return Ok(());
            }
            Done::Account(result) => return self.on_account(result).await,
            Done::Flows(result) => return self.on_flows(result).await,
        }?;
        self.go_on(order).await
    }

    /// Asks for the account, unless that is under way: then once more after it.
    pub(super) fn ask_account(&mut self) {
        if std::mem::replace(&mut self.account_asked, true) {
            self.account_again = true;
        } else {
            self.spawn_account(Duration::ZERO);
        }
    }

    fn spawn_account(&mut self, pause: Duration) {
        // A request under way is not disturbed: its own answer tells.
        let lookups = self.orders.live().filter(|known| !known.is_busy).map(Lookup::of).collect();
        let (rest, since) = (self.rest.clone(), (!self.flows_hidden).then(|| self.history.since()));
        self.calls.spawn(async move {
            sleep(pause).await;
            Done::Account(account::ask(rest, lookups, since).await.map(Box::new))
        });
    }

    async fn on_account(&mut self, result: Result<Box<Snapshot>, RestError>) -> Result<(), VenueError> {
        let again = std::mem::take(&mut self.account_again);
        match result {
            Ok(snapshot) => {
                self.account_backoff.reset();
                (self.failure_told, self.account_asked) = (false, false);
                // While the stream is down, reports are missing: what was read is not the whole truth.
                if self.is_up && again {
                    self.ask_account();
                } else if self.is_up {
                    self.tell_account(*snapshot).await?;
                    self.release().await?;
                }
                Ok(())
            }
            Err(error) => {
                self.tell_failure("account", error.to_string()).await?;
                if self.is_up {
                    let pause = self.account_backoff.pause();
                    self.spawn_account(pause);
                } else {
                    self.account_asked = false;
                }
                Ok(())
            }
        }
    }

    /// Asks after orders of which nothing was heard for long: a report may have been lost on its way.
    fn audit(&mut self) {
        let silent = |known: &&Known| !known.is_busy && known.heard.elapsed() >= self.config.patience.audit;
        let silent: Vec<OrderId> = self.orders.live().filter(silent).map(|known| known.request.id).collect();
        silent.into_iter().for_each(|order| self.find(order));
        if self.assets_changed {
            self.ask_flows();
        }
    }

    async fn tell_link(&mut self, at: Nanos, state: LinkState) -> Result<(), VenueError> {
        let link = Link { venue: Venue::Upbit, channel: ACCOUNT_CHANNEL, state };
        self.mailbox.send_priority(at, Event::Link(link)).await
    }

    /// Tells a failure that will be tried again; of a row of failures only the first.
    pub(super) async fn tell_failure(&mut self, question: &str, reason: String) -> Result<(), VenueError> {
        if std::mem::replace(&mut self.failure_told, true) {
            return Ok(());
        }
        self.tell_problem(question, reason).await
    }

    /// Tells a failure.
    pub(super) async fn tell_problem(&mut self, question: &str, reason: String) -> Result<(), VenueError> {
        let failed = Answer::Failed { venue: Venue::Upbit, question: question.to_owned(), reason };
        self.mailbox.answer((self.now)(), failed).await
    }
}

fn refused(error: &RestError) -> VenueError {
    VenueError::Refused { venue: Venue::Upbit, reason: error.to_string() }
}
