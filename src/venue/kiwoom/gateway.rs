//! The adapter to Kiwoom: [`KiwoomGateway`].
//!
//! ```text
//!   socket task ── frames ──┐                       ┌─▶ priority lane: instruments, our orders, our account, links
//!   dispatches ─────────────┼─▶ this task: decides ─┤
//!   REST tasks ── answers ──┘                       └─▶ market lane: trades, quotes, books, phases, conditions, raw frames
//! ```
//!
//! One task decides, so the order of what is heard is one order. It waits for nothing but the inbox: every request of the REST interface
//! has a task of its own, and its answer comes back as a message.
//!
//! Instruments take the priority lane, before everything that is said of them in either lane.

mod account;
mod frames;
mod orders;
mod questions;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jangbu_journal::Nanos;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::charges::Charges;
use super::config::KiwoomConfig;
use super::desk::Desk;
use super::directory::{Directory, stocks};
use super::raw::Channel;
use super::rest::{Rest, RestError};
use super::rows::{Account, Looked};
use super::socket::{Heard, Say, Socket};
use super::stats::KiwoomStats;
use super::time::Date;
use super::token::is_hopeless;
use super::watching::Watching;
use super::wire::Decoder;
use super::wire::rest::order::OrderAnswer;
use super::wire::rest::quote::{QuoteBoard, StockInfo};
use crate::account::{Order, OrderId};
use crate::config::RawFrames;
use crate::effect::Query;
use crate::event::{Answer, Event, Link, LinkState, MarketEvent};
use crate::market::{Bar, InstrumentId, Venue};
use crate::venue::backoff::Backoff;
use crate::venue::gateway::{ACCOUNT_CHANNEL, Dispatch, Numbers};
use crate::venue::inbox::Inbox;
use crate::venue::mailbox::{INBOX_PAUSE, Mailbox};
use crate::venue::raw::Made;
use crate::venue::secret::Credentials;
use crate::venue::{Gateway, Now, VenueError};

/// Frames read and not yet decoded. A few: what must wait should wait in the socket, where the broker sees it.
const FRAMES_MAX: usize = 1_024;
/// How often it is looked whether all is as it should be: the day, orders nobody reports on, an answer to REG.
const AUDIT_EVERY: Duration = Duration::from_secs(5);
/// How long a stopped gateway waits for the answers to orders on their way, and then for everything else.
const LAST_ANSWERS: Duration = Duration::from_millis(1_000);
const STOP_PATIENCE: Duration = Duration::from_millis(2_500);
/// The channel of the market's connection, as [`Link`] numbers it.
const MARKET_CHANNEL: u16 = 0;
/// Books asked for on a new connection, so that there are prices also when nothing moves.
const BOARDS_MAX: usize = 50;

/// What the gateway is made of beside its settings.
pub struct Ends {
    /// Where it tells what it hears.
    pub inbox: Inbox,
    /// What it is asked to do.
    pub dispatches: mpsc::Receiver<Dispatch>,
    /// Numbers for stocks that come up.
    pub numbers: Arc<Numbers>,
    /// The time.
    pub now: Now,
    /// Whose token: market data need one as well.
    pub credentials: Credentials,
    /// Orders of sessions before, when it may place orders; else it only listens.
    pub orders: Option<Vec<Order>>,
}

/// Kiwoom: Korean stocks, market data and orders.
pub struct KiwoomGateway {
    config: KiwoomConfig,
    rest: Rest,
    now: Now,
    mailbox: Mailbox,
    dispatches: mpsc::Receiver<Dispatch>,
    numbers: Arc<Numbers>,
    decoder: Decoder,
    /// Events of the frame under way.
    made: Made,
    directory: Directory,
    watching: Watching,
    desk: Desk,
    charges: Charges,
    /// Orders may leave; those of sessions before, until they are taken over.
    trades: bool,
    resumed: Vec<Order>,
    /// Which connection there is, since when, and whether it brings our orders' reports.
    connection: Option<(u64, Instant)>,
    account_up: bool,
    say: mpsc::UnboundedSender<Say>,
    /// The socket's end of `say`, until it runs.
    said: Option<mpsc::UnboundedReceiver<Say>>,
    tasks: JoinSet<Done>,
    orders_under_way: usize,
    look: Looking,
    /// Orders whose fills a look shows and no report told, at a value that is not exact: since when that is so.
    rough: BTreeMap<OrderId, Nanos>,
    account_under_way: bool,
    account_again: bool,
    /// Stocks whose facts are being asked for, and whether somebody waits for them.
    references: BTreeMap<String, bool>,
    /// Condition searches made once, and since when they wait for their answer.
    searches: BTreeMap<u32, Instant>,
    /// Failures that were told; each is told again after it once worked.
    told: BTreeSet<String>,
    day: Option<Date>,
    stats: Arc<KiwoomStats>,
}

/// When to look what became of orders.
#[derive(Debug, Default)]
struct Looking {
    under_way: bool,
    /// Asked for while one was under way.
    again: bool,
    next: Option<Instant>,
    last: Option<Instant>,
    in_row: u32,
}

/// A request was answered, or not.
enum Done {
    Placed { order: OrderId, at: Nanos, result: Result<OrderAnswer, RestError> },
    Amended { order: OrderId, at: Nanos, result: Result<OrderAnswer, RestError> },
    Cancelled { order: OrderId, at: Nanos, result: Result<OrderAnswer, RestError> },
    Looked(Result<Looked, RestError>),
    Account(Box<Result<Account, RestError>>),
    Board { code: String, at: Nanos, result: Result<Box<(QuoteBoard, Vec<u8>)>, RestError> },
    Reference { code: String, at: Nanos, result: Box<StockFacts> },
    Bars { query: Query, at: Nanos, result: Result<Vec<Bar>, RestError> },
}

/// What ka10001 and ka10007 say of a stock; the latter may have failed.
type StockFacts = Result<(StockInfo, Option<QuoteBoard>), RestError>;

impl KiwoomGateway {
    /// A gateway; nothing is connected yet.
    ///
    /// # Errors
    /// When a setting makes no sense.
    pub fn new(config: KiwoomConfig, ends: Ends) -> Result<Self, VenueError> {
        config.check()?;
        let Ends { inbox, dispatches, numbers, now, credentials, orders } = ends;
        let rest = Rest::new(&config, credentials, Arc::clone(&now)).map_err(|error| VenueError::Setting {
            venue: Venue::Kiwoom,
            setting: "endpoint",
            seen: error.to_string(),
            expected: "an address a client can be made for",
        })?;
        let (say, said) = mpsc::unbounded_channel();
        Ok(KiwoomGateway {
            rest,
            mailbox: Mailbox::new(inbox, Venue::Kiwoom),
            dispatches,
            decoder: Decoder::new(config.exchange, std::iter::empty::<(&str, InstrumentId)>()),
            made: Made::new(),
            directory: Directory::new(Arc::clone(&numbers), config.exchange, config.mock),
            numbers,
            watching: Watching::new(config.streams.clone(), config.conditions.clone()),
            desk: Desk::default(),
            charges: Charges::default(),
            trades: orders.is_some(),
            resumed: orders.unwrap_or_default(),
            connection: None,
            account_up: false,
            say,
            said: Some(said),
            tasks: JoinSet::new(),
            orders_under_way: 0,
            look: Looking::default(),
            rough: BTreeMap::new(),
            account_under_way: false,
            account_again: false,
            references: BTreeMap::new(),
            searches: BTreeMap::new(),
            told: BTreeSet::new(),
            day: None,
            stats: Arc::new(KiwoomStats::default()),
            now,
            config,
        })
    }

    /// What it counts, while it runs and after.
    pub fn stats(&self) -> Arc<KiwoomStats> {
        Arc::clone(&self.stats)
    }

    async fn run_until_stopped(&mut self, mut stop: watch::Receiver<bool>) -> Result<(), VenueError> {
        self.begin().await?;
        let (heard_by, mut heard) = mpsc::channel(FRAMES_MAX);
        let Some(said) = self.said.take() else { return Ok(()) };
        let (tokens, now) = (Arc::clone(&self.rest.tokens), Arc::clone(&self.now));
        let socket = Socket::new(&self.config, tokens, now, heard_by, said, stop.clone());
        let mut socket_task = JoinSet::new();
        socket_task.spawn(socket.run());
        let every = AUDIT_EVERY.min(self.config.patience.audit);
        let mut audit = Instant::now() + every;
        let (mut listens, mut serves) = (true, true);
        loop {
            if *stop.borrow() {
                break;
            }
            let look_at = self.look.next.filter(|_| !self.look.under_way);
            tokio::select! {
                biased;
                _ = stop.changed() => break,
                Some(done) = self.tasks.join_next() => {
                    if let Ok(done) = done {
                        self.on_done(done).await?;
                    }
                }
                message = heard.recv(), if listens => match message {
                    Some(message) => self.on_heard(message).await?,
                    None => listens = false,
                },
                dispatch = self.dispatches.recv(), if serves => match dispatch {
                    Some(dispatch) => self.on_dispatch(dispatch).await?,
                    None => serves = false,
                },
                () = sleep_until(look_at.unwrap_or(audit)), if look_at.is_some_and(|at| at < audit) => self.start_look(),
                () = sleep_until(audit) => {
                    audit = Instant::now() + every;
                    self.audit().await?;
                }
                () = sleep(INBOX_PAUSE), if self.mailbox.inbox.has_waiting() => {
                    self.mailbox.inbox.flush();
                }
            }
        }
        self.finish().await
    }

    /// Answers to orders on their way are worth a moment: else the next session has to find out.
    async fn finish(&mut self) -> Result<(), VenueError> {
        let until = Instant::now() + LAST_ANSWERS;
        while self.orders_under_way > 0 {
            match tokio::time::timeout_at(until, self.tasks.join_next()).await {
                Ok(Some(Ok(done))) => self.on_done(done).await?,
                Ok(Some(Err(_))) => {}
                Ok(None) | Err(_) => break,
            }
        }
        self.mailbox.inbox.flush();
        Ok(())
    }

    /// Lists of stocks, instruments of the settings, orders of sessions before.
    async fn begin(&mut self) -> Result<(), VenueError> {
        let patience = self.config.patience;
        let mut backoff = Backoff::new(patience.backoff_min, patience.backoff_max, patience.jitter_seed ^ 1 << 32);
        let listed = loop {
            if self.mailbox.inbox.is_closed() {
                return Err(VenueError::InboxClosed { venue: Venue::Kiwoom });
            }
            match stocks(&self.rest).await {
                Ok(listed) => break listed,
                Err(error) if is_hopeless(&error) => {
                    let reason = self.rest.redact(&error.line()).await;
                    self.tell_failure("token", &reason).await?;
                    return Err(VenueError::Refused { venue: Venue::Kiwoom, reason });
                }
                Err(error) => {
                    self.tell_failure("stocks (ka10099)", &error.line()).await?;
                    sleep(backoff.pause()).await;
                }
            }
        };
        self.told.clear();
        self.directory.set_listed((self.now)(), listed);
        self.check_account().await?;
        let mut symbols = self.config.symbols.clone();
        symbols.sort_by_key(|(_, id)| *id);
        for (code, _) in &symbols {
            if let Err(reason) = self.define(code).await? {
                return Err(VenueError::Definitions { venue: Venue::Kiwoom, reason });
            }
        }
        self.take_over().await?;
        let codes: Vec<String> = symbols.iter().map(|(code, _)| code.clone()).collect();
        self.begin_references(&codes).await?;
        for (code, _) in &symbols {
            let item = self.item(code);
            let _ = self.watching.watch(&item, true);
        }
        Ok(())
    }

    /// Defines a stock, once a session, before anything is said of it.
    async fn define(&mut self, code: &str) -> Result<Result<InstrumentId, String>, VenueError> {
        if let Some(id) = self.directory.id(code) {
            return Ok(Ok(id));
        }
        let recv = (self.now)();
        let instrument = match self.directory.define(code, recv) {
            Ok(instrument) => instrument,
            Err(reason) => return Ok(Err(reason)),
        };
        let id = instrument.id;
        self.mailbox.send_priority(recv, Event::Market(MarketEvent::Instrument(Box::new(instrument)))).await?;
        self.tell_listed(recv, id).await?;
        let item = self.item(code);
        if self.config.raw == RawFrames::All {
            self.mailbox.put_raw(recv, Channel::Defined.number(), Channel::defined(&item, id).as_bytes());
        }
        self.decoder.add(&super::wire::Symbol::parse(&item), id);
        Ok(Ok(id))
    }

    /// A code as quotes name it.
    fn item(&self, code: &str) -> String {
        format!("{code}{}", self.config.exchange.suffix())
    }

    /// Says something on the connection there is; nothing when there is none.
    fn say(&mut self, texts: impl IntoIterator<Item = String>) {
        match self.connection {
            Some((connection, _)) => {
                for text in texts {
                    // The socket's end is only gone when all is over.
                    let _ = self.say.send(Say::Text { connection, text });
                }
            }
            None => self.watching.unsaid(),
        }
    }

    async fn tell_link(&mut self, channel: u16, at: Nanos, state: LinkState) -> Result<(), VenueError> {
        self.mailbox.send_priority(at, Event::Link(Link { venue: Venue::Kiwoom, channel, state })).await
    }

    /// Tells a failure; of a row of failures of the same kind only the first.
    async fn tell_failure(&mut self, question: &str, reason: &str) -> Result<(), VenueError> {
        if !self.told.insert(question.to_owned()) {
            return Ok(());
        }
        let reason = self.rest.redact(reason).await;
        let question = question.to_owned();
        self.mailbox.answer((self.now)(), Answer::Failed { venue: Venue::Kiwoom, question, reason }).await
    }

    /// It worked: the next failure is told.
    fn worked(&mut self, question: &str) {
        self.told.remove(question);
    }

    async fn on_heard(&mut self, heard: Heard) -> Result<(), VenueError> {
        match heard {
            Heard::Frame { recv, text } => self.on_frame(recv, text.as_bytes()).await,
            Heard::Up { at, connection } => {
                self.stats.on_up();
                self.worked("connect");
                self.connection = Some((connection, Instant::now()));
                let texts = self.watching.begin(self.trades);
                self.say(texts);
                let items: Vec<String> = self.watching.items().take(BOARDS_MAX).map(str::to_owned).collect();
                items.iter().for_each(|item| self.ask_board(super::wire::Symbol::parse(item).code));
                self.tell_link(MARKET_CHANNEL, at, LinkState::Up).await
            }
            Heard::Down { at, reason } => self.on_down(at, &reason).await,
            Heard::Failed { reason } => {
                self.stats.on_failed();
                self.tell_failure("connect", &reason).await
            }
            Heard::Over { at, reason, key } => {
                self.on_down(at, &reason).await?;
                self.tell_failure("login", &reason).await?;
                if key {
                    return Err(VenueError::Refused { venue: Venue::Kiwoom, reason });
                }
                Ok(())
            }
        }
    }

    async fn on_down(&mut self, at: Nanos, reason: &str) -> Result<(), VenueError> {
        if self.connection.take().is_none() {
            return Ok(());
        }
        let state = || LinkState::Down { reason: reason.into() };
        if std::mem::take(&mut self.account_up) {
            self.tell_link(ACCOUNT_CHANNEL, at, state()).await?;
        }
        self.tell_link(MARKET_CHANNEL, at, state()).await?;
        // An empty raw frame stands for that in the journal.
        if self.config.raw == RawFrames::All {
            self.mailbox.put_raw(at, Channel::Lost.number(), &[]);
        }
        self.decoder.lost(&mut self.made);
        self.flush(at).await
    }

    async fn on_done(&mut self, done: Done) -> Result<(), VenueError> {
        self.tell_renewal().await?;
        match done {
            Done::Placed { order, at, result } => self.on_placed(order, at, result).await,
            Done::Amended { order, at, result } => self.on_amended(order, at, result).await,
            Done::Cancelled { order, at, result } => self.on_cancelled(order, at, result).await,
            Done::Looked(result) => self.on_looked(result).await,
            Done::Account(result) => self.on_account(*result).await,
            Done::Board { code, at, result } => self.on_board(&code, at, result).await,
            Done::Reference { code, at, result } => self.on_reference(&code, at, *result).await,
            Done::Bars { query, at, result } => self.on_bars(&query, at, result).await,
        }
    }

    /// A token that was renewed is worth a line.
    async fn tell_renewal(&mut self) -> Result<(), VenueError> {
        let Some(renewal) = self.rest.tokens.take_renewal() else { return Ok(()) };
        let text = renewal.text().to_owned();
        self.mailbox.answer((self.now)(), Answer::Noted { venue: Venue::Kiwoom, text }).await
    }

    /// Whether all is as it should be.
    async fn audit(&mut self) -> Result<(), VenueError> {
        self.tell_renewal().await?;
        let now = (self.now)();
        let today = Date::at(now);
        if self.day.replace(today).is_some_and(|day| day != today) {
            self.begin_day(now).await?;
        }
        self.audit_searches().await?;
        // The answer to REG never came: another connection.
        if let Some((connection, since)) = self.connection
            && self.trades
            && !self.account_up
            && since.elapsed() > self.config.patience.answer
        {
            let _ = self.say.send(Say::Renew { connection });
        }
        let resting = self.desk.live().any(|ours| ours.number.is_some());
        if resting && self.look.last.is_none_or(|last| last.elapsed() >= self.config.patience.audit) {
            self.look_soon(Duration::ZERO);
        }
        Ok(())
    }
}

impl Gateway for KiwoomGateway {
    async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<(), VenueError> {
        if *stop.borrow_and_update() {
            return Ok(());
        }
        let (inner, mut outer) = (stop.clone(), stop);
        let tokens = Arc::clone(&self.rest.tokens);
        let result = {
            let mut running = Box::pin(self.run_until_stopped(inner));
            // Whatever it waits for (an answer, room in the inbox), it ends soon after it was told to.
            tokio::select! {
                biased;
                done = &mut running => done,
                _ = outer.changed() => timeout(STOP_PATIENCE, running).await.unwrap_or(Ok(())),
            }
        };
        // Best effort, and not for long: it also ends by itself.
        let _ = timeout(Duration::from_millis(300), tokens.revoke()).await;
        result
    }
}
