//! The ranking of won markets by turnover, and what is watched because of it: part of [`UpbitGateway`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jangbu_journal::Nanos;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::gateway::UpbitGateway;
use super::instruments::{SaidTick, instrument};
use super::rest::{Rest, RestError};
use super::wire::MarketCode;
use super::wire::market::Ticker;
use super::wire::rest::market::{AskBookRules, AskMarkets, AskTickers, BookRule, Market};
use crate::config::RawFrames;
use crate::event::market::Ranked;
use crate::event::{Event, MarketEvent};
use crate::market::{InstrumentId, Money, Rounding, Venue};
use crate::venue::VenueError;
use crate::venue::binance::wire::raw::Channel;
use crate::venue::gateway::{Dispatch, Instruction, Numbers};
use crate::venue::kiwoom::time::Date;
use crate::venue::ranking::{Ranking, RankingConfig, Turnover};

/// Only markets paid with won are ranked: amounts of different currencies do not compare.
const RANKED_QUOTE: &str = "KRW";

/// What ranks, and what is watched because of it.
pub(super) struct Ranks {
    pub(super) ranking: Ranking,
    numbers: Arc<Numbers>,
    /// What the kernel wants watched.
    dispatches: mpsc::Receiver<Dispatch>,
    /// Watched by name: never given up.
    named: BTreeSet<InstrumentId>,
    /// Every market defined in this session.
    defined: BTreeMap<MarketCode, InstrumentId>,
    /// The question under way.
    asking: JoinSet<Result<Answered, RestError>>,
}

/// The tickers of those that lead, and the rules of the newcomers among them.
pub(super) struct Answered {
    leaders: Vec<Turnover>,
    tickers: Vec<Ticker>,
    markets: Vec<Market>,
    rules: Vec<BookRule>,
}

/// Something to do about rankings.
pub(super) enum RankMessage {
    /// The venue has answered.
    Answered(Result<Answered, RestError>),
    /// The kernel wants an instrument watched, or not.
    Subscribe(InstrumentId, bool),
}

impl Ranks {
    pub(super) fn new(config: RankingConfig, numbers: Arc<Numbers>, dispatches: mpsc::Receiver<Dispatch>) -> Self {
        let (named, defined) = (BTreeSet::new(), BTreeMap::new());
        Ranks { ranking: Ranking::new(config), numbers, dispatches, named, defined, asking: JoinSet::new() }
    }

    /// These are watched by name.
    pub(super) fn begin(&mut self, defined: impl IntoIterator<Item = (MarketCode, InstrumentId)>) {
        self.defined = defined.into_iter().collect();
        self.named = self.defined.values().copied().collect();
    }

    /// Asks for the turnover of every market, unless that is asked already.
    pub(super) fn ask(&mut self, rest: &Rest) {
        if self.asking.is_empty() {
            let known: BTreeSet<MarketCode> = self.defined.keys().copied().collect();
            self.asking.spawn(ask(rest.clone(), Ranking::new(self.ranking.config()), known));
        }
    }

    /// The next thing to do. It may be dropped and asked for again.
    pub(super) async fn next(&mut self) -> RankMessage {
        loop {
            tokio::select! {
                Some(done) = self.asking.join_next() => {
                    let answered = done.unwrap_or_else(|error| Err(RestError::Transport(error.to_string())));
                    return RankMessage::Answered(answered);
                }
                Some(dispatch) = self.dispatches.recv() => {
                    if let Instruction::Subscribe { instrument, on } = dispatch.instruction {
                        return RankMessage::Subscribe(instrument, on);
                    }
                }
                else => std::future::pending::<()>().await,
            }
        }
    }
}

async fn ask(rest: Rest, ranking: Ranking, known: BTreeSet<MarketCode>) -> Result<Answered, RestError> {
    let tickers = rest.ask(&AskTickers::All(vec![RANKED_QUOTE.to_owned()])).await?;
    let row = |ticker: &Ticker| Turnover {
        symbol: ticker.code.to_string(),
        amount: ticker.turnover_24h.money_rounded(Rounding::Floor).unwrap_or(Money::ZERO),
    };
    let rows = tickers.iter().filter(|ticker| ticker.code.quote() == RANKED_QUOTE).map(row).collect();
    let leaders = ranking.leaders(rows);
    let leads = |code: MarketCode| leaders.iter().any(|row| row.symbol == code.as_str());
    let newcomers: Vec<MarketCode> =
        tickers.iter().map(|ticker| ticker.code).filter(|code| leads(*code) && !known.contains(code)).collect();
    let (mut rules, mut markets) = (Vec::new(), Vec::new());
    if !newcomers.is_empty() {
        markets = rest.ask(&AskMarkets).await?;
        rules = rest.ask(&AskBookRules { markets: newcomers }).await?;
    }
    Ok(Answered { leaders, tickers, markets, rules })
}

impl UpbitGateway {
    /// Something to do about rankings.
    pub(super) async fn on_rank(
        &mut self,
        message: RankMessage,
        subscription: &watch::Sender<Vec<String>>,
    ) -> Result<(), VenueError> {
        match message {
            RankMessage::Answered(Ok(answered)) => self.on_ranking(answered).await,
            RankMessage::Answered(Err(error)) => self.tell_failure("ticker/all", &error.to_string()).await,
            RankMessage::Subscribe(instrument, on) => {
                if self.watch(instrument, on).await? {
                    subscription.send_replace(vec![self.config.subscription()]);
                }
                Ok(())
            }
        }
    }

    /// Defines the newcomers, and tells who entered and who left. What of it is watched, the kernel says.
    async fn on_ranking(&mut self, answered: Answered) -> Result<(), VenueError> {
        let recv = (self.now)();
        let Some(ranks) = &mut self.ranks else { return Ok(()) };
        let mut leaders = answered.leaders;
        let mut unusable = Vec::new();
        leaders.retain(|row| {
            let Ok(code) = row.symbol.parse::<MarketCode>() else { return false };
            if ranks.defined.contains_key(&code) {
                return true;
            }
            let market = answered.markets.iter().find(|market| market.code == code);
            let rule = answered.rules.iter().find(|rule| rule.code == code);
            let ticker = answered.tickers.iter().find(|ticker| ticker.code == code);
            let said = rule.zip(ticker).map(|(rule, ticker)| SaidTick { price: ticker.last, tick: rule.tick });
            let id = ranks.numbers.of(Venue::Upbit, &row.symbol);
            let made = market.and_then(|market| instrument(code, &market.korean_name, id, Date::at(recv), said));
            let Some((instrument, _)) = made else {
                unusable.push(row.symbol.clone());
                return false;
            };
            ranks.defined.insert(code, id);
            self.decoder.add(&row.symbol, id);
            self.mailbox.put(recv, None, Event::Market(MarketEvent::Instrument(Box::new(instrument))));
            true
        });
        for change in ranks.ranking.update(&leaders) {
            let found = change.symbol.parse::<MarketCode>().ok().and_then(|code| ranks.defined.get(&code));
            let Some(&instrument) = found else { continue };
            let ranked = Ranked { instrument, place: change.place, turnover: change.amount };
            self.mailbox.put(recv, None, Event::Market(MarketEvent::Ranked(ranked)));
        }
        self.mailbox.send().await?;
        match unusable.is_empty() {
            true => Ok(()),
            false => self.tell_failure("ticker/all", &format!("{}: no definition, so not ranked", unusable.join(", "))).await,
        }
    }

    /// Watches an instrument, or stops. Whether that changed anything.
    async fn watch(&mut self, instrument: InstrumentId, on: bool) -> Result<bool, VenueError> {
        let Some(ranks) = &self.ranks else { return Ok(false) };
        let place = self.config.symbols.iter().position(|row| row.1 == instrument);
        match (place, on) {
            (None, true) => {
                let Some(symbol) = ranks.numbers.symbol(Venue::Upbit, instrument) else { return Ok(false) };
                self.decoder.add(&symbol, instrument);
                self.config.symbols.push((symbol, instrument));
                Ok(true)
            }
            (Some(place), false) if !ranks.named.contains(&instrument) => {
                self.config.symbols.remove(place);
                // What is not heard of any more has no book.
                self.lose_book((self.now)(), instrument).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// The book of an instrument is not kept any more. An empty raw frame on the instrument's channel stands for that in the journal.
    pub(super) async fn lose_book(&mut self, recv: Nanos, instrument: InstrumentId) -> Result<(), VenueError> {
        if self.config.raw == RawFrames::All
            && let Some(channel) = Channel::Snapshot(instrument).number()
        {
            self.mailbox.put_raw(recv, channel, &[]);
        }
        self.decoder.book_lost(instrument, &mut self.made);
        self.mailbox.send_made(recv, &mut self.made).await?;
        Ok(())
    }
}
