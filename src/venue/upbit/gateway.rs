//! The adapter to Upbit: [`UpbitGateway`]. Its market data are here; its orders are a task of their own, `private.rs`.
//!
//! ```text
//!   REST: markets, ticks, prices ─▶ instruments ─┐
//!   feed task ── frames ─▶ this task: decode in order ─▶ one parcel a frame ─▶ inbox
//! ```
//!
//! One connection carries everything: the venue takes many markets in one request. Every book is whole, so there is nothing to
//! keep in
//! step; after a lost connection the books are lost until the next ones come, which the venue sends at once.

use std::sync::Arc;
use std::time::Duration;

use jangbu_journal::Nanos;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::config::UpbitConfig;
use super::feed::{Feed, FeedMessage};
use super::instruments::{SaidTick, instrument};
use super::private::{Parts, Private};
use super::ranking::{self, Definitions};
use super::rest::{Rest, RestError};
use super::wire::market::Ticker;
use super::wire::rest::market::{AskBookRules, AskMarkets, AskTickers, BookRule, Market};
use super::wire::{Control, Decoder, FrameOutcome, Made, MarketCode};
use crate::config::RawFrames;
use crate::event::{Answer, Event, Link, LinkState, MarketEvent};
use crate::market::{Instrument, InstrumentId, Venue};
use crate::venue::gateway::{Dispatch, Numbers, Trading};
use crate::venue::inbox::Inbox;
use crate::venue::korea::Date;
use crate::venue::mailbox::Mailbox;
use crate::venue::prices::Prices;
use crate::venue::ranking::{RankingConfig, Ranks, next_rank, turns};
use crate::venue::stats::GatewayStats;
use crate::venue::{Gateway, Now, VenueError};

/// Frames read and not yet decoded. A few: what must wait should wait in the socket, where the venue sees it.
const FRAMES_MAX: usize = 256;
/// How long a stopped gateway may take to end.
const STOP_PATIENCE: Duration = Duration::from_secs(1);
/// Pause after the venue said that there were too many requests. It counts by the second, and names no time.
const LIMITED_PAUSE: Duration = Duration::from_secs(2);
/// The one connection for market data.
const CHANNEL: u16 = 0;

/// Market data of Upbit, as the settings say, and orders if it may place them.
pub struct UpbitGateway {
    pub(super) config: UpbitConfig,
    codes: Vec<MarketCode>,
    rest: Rest,
    pub(super) now: Now,
    pub(super) mailbox: Mailbox,
    pub(super) decoder: Decoder,
    /// Events of the frame under way.
    pub(super) made: Made,
    stats: Arc<GatewayStats>,
    prices: Arc<Prices>,
    /// Places orders, when it may.
    private: Option<Private>,
    /// Ranks markets, when it is to.
    pub(super) ranks: Option<Ranks<Definitions>>,
    /// A failure was told; the next of its kind is told after a success.
    failure_told: bool,
}

impl UpbitGateway {
    /// A gateway; nothing is connected yet.
    ///
    /// # Errors
    /// When a setting makes no sense.
    pub fn new(config: UpbitConfig, inbox: Inbox, now: Now) -> Result<Self, VenueError> {
        config.check()?;
        let rest = Rest::new(&config, None).map_err(|error| VenueError::Setting {
            venue: Venue::Upbit,
            setting: "rest_url",
            seen: error.to_string(),
            expected: "an address a client can be made for",
        })?;
        let mailbox = Mailbox::new(inbox, Venue::Upbit);
        let stats = Arc::new(GatewayStats::new(mailbox.waits()));
        Ok(UpbitGateway {
            codes: config.codes()?,
            rest,
            now,
            mailbox,
            decoder: Decoder::new(config.symbols.iter().map(|(symbol, id)| (symbol.as_str(), *id))),
            made: Made::new(),
            stats,
            prices: Arc::new(Prices::new(config.symbols.iter().map(|(_, id)| *id))),
            private: None,
            ranks: None,
            failure_told: false,
            config,
        })
    }

    /// Lets it place orders, too.
    ///
    /// # Errors
    /// When no client can be made for the address.
    pub fn trade(&mut self, trading: Trading, dispatches: mpsc::Receiver<Dispatch>) -> Result<(), VenueError> {
        let (mailbox, now, prices) = (self.mailbox.clone(), Arc::clone(&self.now), Arc::clone(&self.prices));
        let stats = Arc::clone(&self.stats);
        self.private = Some(Private::new(&self.config, Parts { trading, dispatches, mailbox, now, prices, stats })?);
        Ok(())
    }

    /// Lets it rank markets by turnover, and watch what the kernel wants watched because of it.
    pub fn rank(&mut self, config: RankingConfig, numbers: Arc<Numbers>, dispatches: mpsc::Receiver<Dispatch>) {
        self.ranks = Some(Ranks::new(config, Venue::Upbit, numbers, dispatches));
    }

    /// What it counts, while it runs and after.
    pub fn stats(&self) -> Arc<GatewayStats> {
        Arc::clone(&self.stats)
    }

    async fn run_until_stopped(mut self, mut stop: watch::Receiver<bool>) -> Result<(), VenueError> {
        let markets = self.define_instruments().await?;
        if let Some(ranks) = &mut self.ranks {
            ranks.begin(markets.iter().map(|(instrument, code)| (code.as_str(), instrument.id)));
        }
        let (subscription, wanted) = watch::channel(vec![self.config.subscription()]);
        let mut turns = turns(self.ranks.as_ref());
        let mut private = JoinSet::new();
        if let Some(task) = self.private.take() {
            private.spawn(task.run(markets, stop.clone()));
        }
        let (messages, mut frames) = mpsc::channel(FRAMES_MAX);
        let feed = Feed {
            url: format!("{}/websocket/v1", self.config.ws_url.trim_end_matches('/')),
            signer: None,
            subscription: wanted,
            patience: self.config.patience.clone(),
            now: Arc::clone(&self.now),
            messages,
            stop: stop.clone(),
        };
        let feed = tokio::spawn(feed.run());
        while !*stop.borrow() {
            tokio::select! {
                biased;
                _ = stop.changed() => break,
                // Without orders the market data are not what was asked for, either.
                Some(ended) = private.join_next() => if let Ok(Err(error)) = ended { return Err(error) },
                _ = turns.tick(), if self.ranks.is_some() => {
                    let Self { ranks, rest, .. } = &mut self;
                    if let Some(ranks) = ranks { ranks.ask(|ranking, known| ranking::ask(rest.clone(), ranking, known)); }
                }
                message = next_rank(&mut self.ranks) => self.on_rank(message, &subscription).await?,
                message = frames.recv() => match message {
                    Some(message) => self.on_message(message).await?,
                    None => break,
                },
            }
        }
        // The feed stops with `stop`; the few frames still between us are read by nobody.
        drop(frames);
        let _ = feed.await;
        while let Some(ended) = private.join_next().await {
            ended.unwrap_or(Ok(()))?;
        }
        Ok(())
    }

    /// Tells the kernel what the instruments are, before anything is said of them.
    async fn define_instruments(&mut self) -> Result<Vec<(Instrument, MarketCode)>, VenueError> {
        let mut pauses = self.config.patience.backoff(1 << 32);
        let (markets, rules, tickers) = loop {
            if self.mailbox.inbox.is_closed() {
                return Err(VenueError::InboxClosed { venue: Venue::Upbit });
            }
            match self.definitions().await {
                Ok(definitions) => break definitions,
                Err((question, error)) => {
                    self.tell_failure(question, &error.to_string()).await?;
                    let pause = if error.is_limited() { LIMITED_PAUSE.max(pauses.pause()) } else { pauses.pause() };
                    sleep(pause).await;
                }
            }
        };
        self.failure_told = false;
        let recv = (self.now)();
        let mut wanted: Vec<_> = self.codes.iter().copied().zip(self.config.symbols.iter().map(|(_, id)| *id)).collect();
        wanted.sort_by_key(|(_, id)| *id);
        let (mut unknown_ticks, mut defined) = (Vec::new(), Vec::new());
        for (code, id) in wanted {
            let unusable = |reason| VenueError::Definitions { venue: Venue::Upbit, reason };
            let market = markets.iter().find(|market| market.code == code);
            let market =
                market.ok_or_else(|| unusable(format!("there is no market {code}; see https://api.upbit.com/v1/market/all")))?;
            let rule = rules.iter().find(|rule| rule.code == code);
            let ticker = tickers.iter().find(|ticker| ticker.code == code);
            let said = rule.zip(ticker).map(|(rule, ticker)| SaidTick { price: ticker.last, tick: rule.tick });
            let (instrument, known) = instrument(code, &market.korean_name, id, Date::at(recv), said)
                .ok_or_else(|| unusable(format!("{code}: no rules for markets paid with {} (KRW, BTC, USDT)", code.quote())))?;
            if !known {
                unknown_ticks.push(code.to_string());
            }
            if let Some(ticker) = ticker {
                self.prices.set(id, ticker.last);
            }
            defined.push((instrument.clone(), code));
            self.mailbox.put(recv, None, Event::Market(MarketEvent::Instrument(Box::new(instrument))));
        }
        self.mailbox.send().await?;
        if !unknown_ticks.is_empty() {
            let reason = format!(
                "{}: the price step is none of the tables known here; used as said, at today's price only. Look for a notice of new steps",
                unknown_ticks.join(", ")
            );
            self.tell_failure("orderbook/instruments", &reason).await?;
            self.failure_told = false;
        }
        Ok(defined)
    }

    /// Markets, their ticks, and their prices, at which the ticks hold.
    async fn definitions(&self) -> Result<(Vec<Market>, Vec<BookRule>, Vec<Ticker>), (&'static str, RestError)> {
        let markets = self.rest.ask(&AskMarkets).await.map_err(|error| ("market/all", error))?;
        // Asked only for markets that are there: one that is not would be refused, and its name with it.
        let there = |code: &MarketCode| markets.iter().any(|market| market.code == *code);
        let codes: Vec<MarketCode> = self.codes.iter().copied().filter(there).collect();
        if codes.is_empty() {
            return Ok((markets, Vec::new(), Vec::new()));
        }
        let ask = AskBookRules { markets: codes.clone() };
        let rules = self.rest.ask(&ask).await.map_err(|error| ("orderbook/instruments", error))?;
        let tickers = self.rest.ask(&AskTickers::Of(codes)).await.map_err(|error| ("ticker", error))?;
        Ok((markets, rules, tickers))
    }

    async fn on_message(&mut self, message: FeedMessage) -> Result<(), VenueError> {
        match message {
            FeedMessage::Frame { recv, bytes } => {
                if let FrameOutcome::Control(Control::Refused { name, message, .. }) = self.on_frame(recv, &bytes).await? {
                    self.tell_failure("subscribe", &format!("{name}: {message}")).await?;
                }
                Ok(())
            }
            FeedMessage::Up { at } => {
                self.stats.on_up();
                self.failure_told = false;
                self.tell_link(at, LinkState::Up).await
            }
            FeedMessage::Down { at, reason } => {
                self.stats.on_down();
                self.tell_link(at, LinkState::Down { reason: reason.into() }).await?;
                self.lose_books(at).await
            }
            FeedMessage::Failed { reason } => {
                self.stats.on_failed();
                self.tell_failure("connect", &reason).await
            }
        }
    }

    async fn on_frame(&mut self, recv: Nanos, bytes: &[u8]) -> Result<FrameOutcome, VenueError> {
        // An empty frame on this channel is a frame like any other; the loss of a book has channels of its own.
        if self.config.raw == RawFrames::All {
            self.mailbox.put_raw(recv, CHANNEL, bytes);
        }
        let outcome = self.decoder.frame(bytes, &mut self.made);
        self.prices.note(&self.made);
        self.mailbox.send_made(recv, &mut self.made).await?;
        self.stats.publish(self.decoder.counts(), 0);
        Ok(outcome)
    }

    /// The connection is gone: so are the books. An empty raw frame on the instrument's channel stands for that in the journal.
    async fn lose_books(&mut self, recv: Nanos) -> Result<(), VenueError> {
        let ids: Vec<_> = self.config.symbols.iter().map(|(_, id)| *id).collect();
        for instrument in ids {
            self.lose_book(recv, instrument).await?;
        }
        Ok(())
    }

    /// The book of an instrument is not kept any more.
    pub(super) async fn lose_book(&mut self, recv: Nanos, instrument: InstrumentId) -> Result<(), VenueError> {
        self.mailbox.put_book_lost(recv, self.config.raw, instrument);
        self.decoder.book_lost(instrument, &mut self.made);
        self.mailbox.send_made(recv, &mut self.made).await?;
        Ok(())
    }

    async fn tell_link(&mut self, at: Nanos, state: LinkState) -> Result<(), VenueError> {
        self.mailbox.send_priority(at, Event::Link(Link { venue: Venue::Upbit, channel: CHANNEL, state })).await
    }

    /// Tells a failure that will be tried again; of a row of failures only the first.
    pub(super) async fn tell_failure(&mut self, question: &str, reason: &str) -> Result<(), VenueError> {
        if std::mem::replace(&mut self.failure_told, true) {
            return Ok(());
        }
        let failed = Answer::Failed { venue: Venue::Upbit, question: question.to_owned(), reason: reason.to_owned() };
        self.mailbox.answer((self.now)(), failed).await
    }
}

impl Gateway for UpbitGateway {
    async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), VenueError> {
        if *stop.borrow_and_update() {
            return Ok(());
        }
        let (inner, mut outer) = (stop.clone(), stop);
        let mut running = Box::pin(self.run_until_stopped(inner));
        // Whatever it waits for (an answer, room in the inbox), it ends soon after it was told to.
        tokio::select! {
            biased;
            done = &mut running => done,
            _ = outer.changed() => tokio::time::timeout(STOP_PATIENCE, running).await.unwrap_or(Ok(())),
        }
    }
}
