//! The task that trades: [`Private`]. It takes the kernel's instructions and the user stream's frames, one at a time, and tells
//! what becomes of orders. Requests run beside it, so that a slow answer holds up nobody; those about one order run one after the
//! other.
//!
//! ```text
//!   dispatches ──▶ ┌─────────┐ ──▶ requests (signed REST, each sent once) ─┐
//!   user stream ─▶ │ Private │ ◀───────────────── answers ─────────────────┘
//!                  └─────────┘ ──▶ order events, answers, the account's link (priority lane)
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jangbu_journal::Nanos;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::Definitions;
use super::account::{self, Expected, Found, Snapshot, Wanted};
use super::client::{CallError, Client};
use super::clock::VenueClock;
use super::known::{Known, Orders};
use super::stream::{StreamMessage, UserStream};
use crate::account::{Order, OrderId, OrderUpdate};
use crate::config::RawFrames;
use crate::effect::Query;
use crate::event::link::ACCOUNT_CHANNEL;
use crate::event::{Answer, Event, Link, LinkState};
use crate::market::{Instrument, InstrumentId, Money, Venue};
use crate::venue::backoff::Backoff;
use crate::venue::binance::config::BinanceConfig;
use crate::venue::binance::feed::backoff;
use crate::venue::binance::signing::Signer;
use crate::venue::binance::wire::private::income::IncomeRow;
use crate::venue::binance::wire::private::{Cause, Filters, UserFrame};
use crate::venue::flows::History;
use crate::venue::gateway::{Dispatch, Instruction, Trading};
use crate::venue::mailbox::Mailbox;
use crate::venue::prices::Prices;
use crate::venue::stats::{AccountClass, GatewayStats};
use crate::venue::wire_error::WireError;
use crate::venue::{Now, VenueError};

/// Frames of the user stream that wait to be read.
const FRAMES_MAX: usize = 1_024;
/// A clock this far from the venue's is worth a word.
const SKEW_TOLD_NS: i64 = 500_000_000;

/// What a request came to.
pub(super) enum Done {
    Placed { order: OrderId, result: Result<u64, CallError> },
    Cancelled { order: OrderId, result: Result<Found, CallError> },
    Amended { order: OrderId, result: Result<super::amendments::Amended, CallError> },
    Found { order: OrderId, result: Result<Found, CallError> },
    Due { order: OrderId },
    Account(Result<Box<Snapshot>, CallError>),
    Flows(Result<Vec<IncomeRow>, CallError>),
    Measured(Result<(), CallError>),
}

/// The task that trades.
pub(in crate::venue::binance) struct Private {
    pub(super) client: Arc<Client>,
    pub(super) mailbox: Mailbox,
    pub(super) config: BinanceConfig,
    pub(super) orders: Orders,
    pub(super) instruments: Vec<(Instrument, Filters)>,
    pub(super) prices: Arc<Prices>,
    pub(super) stats: Arc<GatewayStats>,
    pub(super) calls: JoinSet<Done>,
    /// Assets reported as cash; one that is not mentioned any more is reported as gone.
    pub(super) cash_told: Vec<String>,
    /// What was told to be set aside for a position; `None` is cross margin.
    pub(super) margin_told: BTreeMap<InstrumentId, Option<Money>>,
    /// What came and went without a trade.
    pub(super) history: History,
    dispatches: mpsc::Receiver<Dispatch>,
    pub(super) definitions: watch::Receiver<Option<Arc<Definitions>>>,
    pub(super) resumed: Vec<Order>,
    renew: watch::Sender<u64>,
    pub(super) is_up: bool,
    /// Reports that wait for the account, since the stream came up: what was missed while it was down comes before them.
    /// `None` when nothing waits.
    held: Option<Vec<(Nanos, UserFrame)>>,
    was_up: bool,
    account_asked: bool,
    account_again: bool,
    account_backoff: Backoff,
    pub(super) failure_told: bool,
    skew_told: bool,
}

/// What a trading gateway is made of, besides its settings.
pub(in crate::venue::binance) struct Parts {
    pub(in crate::venue::binance) trading: Trading,
    pub(in crate::venue::binance) dispatches: mpsc::Receiver<Dispatch>,
    pub(in crate::venue::binance) mailbox: Mailbox,
    pub(in crate::venue::binance) now: Now,
    pub(in crate::venue::binance) definitions: watch::Receiver<Option<Arc<Definitions>>>,
    pub(in crate::venue::binance) prices: Arc<Prices>,
    pub(in crate::venue::binance) stats: Arc<GatewayStats>,
}

impl Private {
    /// Nothing is connected yet.
    pub(in crate::venue::binance) fn new(config: &BinanceConfig, parts: Parts) -> Result<Self, VenueError> {
        let Parts { trading, dispatches, mailbox, now, definitions, prices, stats } = parts;
        let venue = config.venue;
        let signer =
            Signer::new(&trading.credentials).map_err(|reason| VenueError::Refused { venue, reason: reason.to_owned() })?;
        let client = Client::new(config, signer, VenueClock::new(now)).map_err(|error| VenueError::Setting {
            venue,
            setting: "rest_url",
            seen: error.to_string(),
            expected: "an address a client can be made for",
        })?;
        let history = History::known_to(trading.since.unwrap_or_else(|| client.clock.ours()));
        Ok(Private {
            client,
            mailbox,
            orders: Orders::default(),
            instruments: Vec::new(),
            prices,
            stats,
            calls: JoinSet::new(),
            cash_told: Vec::new(),
            margin_told: BTreeMap::new(),
            history,
            dispatches,
            definitions,
            resumed: trading.orders,
            renew: watch::channel(0).0,
            is_up: false,
            held: None,
            was_up: false,
            account_asked: false,
            account_again: false,
            account_backoff: backoff(&config.patience, 1 << 40),
            failure_told: false,
            skew_told: false,
            config: config.clone(),
        })
    }

    /// Trades until told to stop. Requests under way are then given up: what became of them is found out by the next session.
    pub(in crate::venue::binance) async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<(), VenueError> {
        tokio::select! {
            biased;
            _ = stop.changed() => return Ok(()),
            prepared = self.prepare() => prepared?,
        }
        let (messages, mut frames) = mpsc::channel(FRAMES_MAX);
        let stream = UserStream::new(&self.config, Arc::clone(&self.client), messages, stop.clone(), self.renew.subscribe());
        let mut streams = JoinSet::new();
        streams.spawn(stream.run());
        let mut measure_at = Instant::now() + self.config.account.measure;
        let mut audit_at = Instant::now() + self.config.account.audit;
        loop {
            if *stop.borrow() {
                break;
            }
            tokio::select! {
                biased;
                _ = stop.changed() => break,
                // Reports before instructions: what is known is acted upon.
                message = frames.recv() => match message {
                    Some(message) => self.on_stream(message).await?,
                    None => break,
                },
                Some(done) = self.calls.join_next() => {
                    if let Ok(done) = done {
                        self.on_done(done).await?;
                    }
                }
                dispatch = self.dispatches.recv() => match dispatch {
                    Some(dispatch) => self.on_instruction(dispatch).await?,
                    None => break,
                },
                () = tokio::time::sleep_until(measure_at) => {
                    measure_at = Instant::now() + self.config.account.measure;
                    let client = Arc::clone(&self.client);
                    self.calls.spawn(async move { Done::Measured(client.measure().await) });
                }
                () = tokio::time::sleep_until(audit_at) => {
                    audit_at = Instant::now() + self.config.account.audit;
                    self.audit();
                }
            }
        }
        streams.shutdown().await;
        Ok(())
    }

    pub(super) fn venue(&self) -> Venue {
        self.config.venue
    }

    pub(super) fn refused(&self, reason: String) -> VenueError {
        VenueError::Refused { venue: self.venue(), reason }
    }

    async fn on_stream(&mut self, message: StreamMessage) -> Result<(), VenueError> {
        match message {
            StreamMessage::Up { at } => {
                (self.is_up, self.was_up, self.failure_told) = (true, true, false);
                self.stats.on_account_link(true);
                self.held = Some(Vec::new());
                self.tell_link(at, LinkState::Up).await?;
                self.ask_account();
                Ok(())
            }
            StreamMessage::Down { at, reason } => {
                self.is_up = false;
                self.stats.on_account_link(false);
                self.release().await?;
                self.tell_link(at, LinkState::Down { reason: reason.into() }).await
            }
            // Later it may be a mistake that passes, and there may be open orders to look after.
            StreamMessage::Failed { reason, for_good } if for_good && !self.was_up => Err(self.refused(reason)),
            StreamMessage::Failed { reason, .. } => self.tell_failure("user data stream", reason).await,
            StreamMessage::Frame { recv, text } => self.on_frame(recv, text.as_bytes()).await,
        }
    }

    async fn on_frame(&mut self, recv: Nanos, bytes: &[u8]) -> Result<(), VenueError> {
        if self.config.raw != RawFrames::Off {
            self.mailbox.put_raw(recv, ACCOUNT_CHANNEL, bytes);
            self.mailbox.send().await?;
        }
        let frame = UserFrame::parse(bytes);
        self.stats.on_account_frame(match &frame {
            Ok(UserFrame::Order(_)) => AccountClass::Order,
            Ok(UserFrame::Account(_) | UserFrame::BalanceChange { .. }) => AccountClass::Balance,
            Ok(_) => AccountClass::Unused,
            Err(_) => AccountClass::Malformed,
        });
        match (frame, &mut self.held) {
            (Ok(frame @ (UserFrame::Order(_) | UserFrame::Account(_))), Some(held)) if held.len() < FRAMES_MAX => {
                held.push((recv, frame));
                Ok(())
            }
            (frame, _) => self.on_user(recv, frame).await,
        }
    }

    /// Whether fills may be missing that came before those that are heard of now.
    pub(super) fn is_behind(&self) -> bool {
        !self.is_up || self.held.is_some()
    }

    /// Goes on with the reports that waited.
    pub(super) async fn release(&mut self) -> Result<(), VenueError> {
        for (recv, frame) in self.held.take().unwrap_or_default() {
            self.on_user(recv, Ok(frame)).await?;
        }
        Ok(())
    }

    async fn on_user(&mut self, recv: Nanos, frame: Result<UserFrame, WireError>) -> Result<(), VenueError> {
        match frame {
            Ok(UserFrame::Order(report)) => self.on_report(recv, *report).await,
            Ok(UserFrame::Account(report)) => self.on_account_report(recv, &report).await,
            Ok(UserFrame::Ended(_)) => {
                self.renew.send_modify(|count| *count += 1);
                Ok(())
            }
            Ok(UserFrame::BalanceChange { asset, change, time }) => self.on_balance_change(recv, &asset, change, time).await,
            Ok(UserFrame::Answer { .. } | UserFrame::Lite | UserFrame::Other) => Ok(()),
            Err(error) => {
                // An order's report may be what could not be read: nothing is known any more, so everything is asked.
                self.tell_failure("user data stream", error.to_string()).await?;
                self.ask_account();
                Ok(())
            }
        }
    }

    async fn on_instruction(&mut self, Dispatch { cause, instruction }: Dispatch) -> Result<(), VenueError> {
        match instruction {
            Instruction::Submit(order) => self.submit(order, cause.recv).await,
            Instruction::Amend(amendment) => self.about(amendment.order, Instruction::Amend(amendment)).await,
            Instruction::Cancel(order) => self.about(order, Instruction::Cancel(order)).await,
            Instruction::Query(Query::Order(order)) => self.about(order, Instruction::Query(Query::Order(order))).await,
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
        let changes = matches!(done, Done::Placed { .. } | Done::Cancelled { .. } | Done::Amended { .. });
        let order = match done {
            Done::Placed { order, result } => self.on_placed(order, result).await.map(|()| Some(order)),
            Done::Cancelled { order, result } => self.on_cancelled(order, result).await.map(|()| Some(order)),
            Done::Amended { order, result } => self.on_amended(order, result).await.map(|()| Some(order)),
            Done::Found { order, result } => self.on_found(order, result).await.map(|()| Some(order)),
            Done::Due { order } => {
                self.find(order, Duration::ZERO);
                Ok(None)
            }
            Done::Account(result) => self.on_account(result).await.map(|()| None),
            Done::Flows(result) => self.on_flows(result).await.map(|()| None),
            Done::Measured(Ok(())) => self.tell_skew().await.map(|()| None),
            Done::Measured(Err(_)) => Ok(None),
        }?;
        match order {
            Some(order) => {
                // A report that showed missing trades could not ask for them while the request was under way.
                if changes && self.orders.get(order).is_some_and(Known::is_short) {
                    self.find_later(order, self.config.account.resolve);
                }
                self.go_on(order).await
            }
            None => Ok(()),
        }
    }

    /// Asks for the account, unless that is under way: then once more after it.
    pub(super) fn ask_account(&mut self) {
        if std::mem::replace(&mut self.account_asked, true) {
            self.account_again = true;
            return;
        }
        self.spawn_account(Duration::ZERO);
    }

    fn spawn_account(&mut self, pause: Duration) {
        let wanted = |(instrument, _): &(Instrument, Filters)| Wanted {
            symbol: instrument.symbol.clone(),
            base: instrument.base.as_str().to_owned(),
        };
        let wanted: Vec<Wanted> = self.instruments.iter().map(wanted).collect();
        let expected: Vec<Expected> = self.orders.live().map(expected).collect();
        let (client, since) = (Arc::clone(&self.client), self.history.since());
        self.calls.spawn(async move {
            sleep(pause).await;
            Done::Account(account::ask(client, wanted, expected, since).await.map(Box::new))
        });
    }

    async fn on_account(&mut self, result: Result<Box<Snapshot>, CallError>) -> Result<(), VenueError> {
        let again = std::mem::take(&mut self.account_again);
        match result {
            Ok(snapshot) => {
                self.account_backoff.reset();
                self.failure_told = false;
                self.account_asked = false;
                // While the stream is down, reports are missing: what was read is not the whole truth.
                if self.is_up && !again {
                    self.tell_account(*snapshot).await?;
                    self.release().await?;
                } else if self.is_up {
                    self.ask_account();
                }
                Ok(())
            }
            Err(error) if is_for_good(&error) && !self.was_up => Err(self.refused(error.to_string())),
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
        let before = self.client.clock.millis() - i64::try_from(self.config.account.audit.as_millis()).unwrap_or(i64::MAX);
        let silent: Vec<OrderId> =
            self.orders.live().filter(|known| !known.is_busy && known.heard_ms <= before).map(|known| known.request.id).collect();
        // Also of orders that are over: what asked for their last trades may have failed.
        let short: Vec<OrderId> = self.orders.short().map(|known| known.request.id).collect();
        silent.into_iter().chain(short).for_each(|order| self.find(order, Duration::ZERO));
    }

    async fn tell_link(&mut self, at: Nanos, state: LinkState) -> Result<(), VenueError> {
        let link = Link { venue: self.venue(), channel: ACCOUNT_CHANNEL, state };
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
        let (venue, question) = (self.venue(), question.to_owned());
        self.mailbox.answer(self.client.clock.ours(), Answer::Failed { venue, question, reason }).await
    }

    pub(super) async fn tell_skew(&mut self) -> Result<(), VenueError> {
        let offset = self.client.clock.offset_ns();
        if offset.abs() <= SKEW_TOLD_NS {
            self.skew_told = false;
            return Ok(());
        }
        if std::mem::replace(&mut self.skew_told, true) {
            return Ok(());
        }
        let reason = format!(
            "this computer's clock is {} ms {} the venue's; requests are stamped with the venue's. Set the clock (NTP)",
            offset.abs() / 1_000_000,
            if offset > 0 { "behind" } else { "ahead of" }
        );
        self.tell_problem("time", reason).await
    }

    /// What became of an order of ours.
    pub(super) async fn tell(
        &mut self,
        at: Nanos,
        time: Option<Nanos>,
        order: OrderId,
        update: OrderUpdate,
    ) -> Result<(), VenueError> {
        let over = matches!(update, OrderUpdate::Cancelled | OrderUpdate::Expired | OrderUpdate::Rejected { .. });
        if let Some(known) = self.orders.get_mut(order) {
            known.heard_ms = self.client.clock.millis();
            known.is_unknown = update == OrderUpdate::Unknown || (known.is_unknown && !over && known.number.is_none());
        }
        self.mailbox.order(at, time, order, update).await?;
        if over {
            self.orders.end(order);
        }
        Ok(())
    }
}

/// What a question about an order needs to know of it.
pub(super) fn expected(known: &Known) -> Expected {
    Expected {
        order: known.request.id,
        symbol: known.symbol.clone(),
        locator: known.locator(),
        filled: known.filled,
        qty: known.qty,
    }
}

/// Whether trying again cannot help.
pub(super) fn is_for_good(error: &CallError) -> bool {
    matches!(error.cause(), Some(Cause::WrongKey | Cause::WrongSignature))
}
