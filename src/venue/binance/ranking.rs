//! The ranking of markets paid with USDT by turnover, and what is watched because of it: part of [`BinanceGateway`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::gateway::BinanceGateway;
use super::rest::{Rest, RestError};
use super::wire::rest;
use crate::event::market::Ranked;
use crate::event::{Event, MarketEvent};
use crate::market::{InstrumentId, Venue};
use crate::venue::VenueError;
use crate::venue::gateway::{Dispatch, Instruction, Numbers};
use crate::venue::ranking::{Ranking, RankingConfig, Turnover};

/// Only markets paid with this are ranked: amounts of different currencies do not compare.
const RANKED_QUOTE: &str = "USDT";

/// What ranks, and what is watched because of it.
pub(super) struct Ranks {
    pub(super) ranking: Ranking,
    venue: Venue,
    numbers: Arc<Numbers>,
    /// What the kernel wants watched.
    dispatches: mpsc::Receiver<Dispatch>,
    /// Watched by name: never given up.
    named: BTreeSet<InstrumentId>,
    /// Every symbol defined in this session.
    defined: BTreeMap<String, InstrumentId>,
    /// The question under way.
    asking: JoinSet<Result<Answered, RestError>>,
}

/// Those that lead, and the definitions of the newcomers among them.
pub(super) struct Answered {
    leaders: Vec<Turnover>,
    definitions: Vec<u8>,
}

/// Something to do about rankings.
pub(super) enum RankMessage {
    /// The venue has answered.
    Answered(Result<Answered, RestError>),
    /// The kernel wants an instrument watched, or not.
    Subscribe(InstrumentId, bool),
}

impl Ranks {
    pub(super) fn new(
        config: RankingConfig,
        venue: Venue,
        numbers: Arc<Numbers>,
        dispatches: mpsc::Receiver<Dispatch>,
        named: &[(String, InstrumentId)],
    ) -> Self {
        let defined: BTreeMap<String, InstrumentId> = named.iter().map(|(symbol, id)| (symbol.to_uppercase(), *id)).collect();
        let named = defined.values().copied().collect();
        Ranks { ranking: Ranking::new(config), venue, numbers, dispatches, named, defined, asking: JoinSet::new() }
    }

    /// Asks for the turnover of every market, unless that is asked already.
    pub(super) fn ask(&mut self, rest: &Rest) {
        if self.asking.is_empty() {
            let known: BTreeSet<String> = self.defined.keys().cloned().collect();
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

async fn ask(client: Rest, ranking: Ranking, known: BTreeSet<String>) -> Result<Answered, RestError> {
    let rows = rest::turnovers(&client.day_tickers().await?)?.into_iter();
    let rows =
        rows.filter(|(symbol, _)| symbol.ends_with(RANKED_QUOTE)).map(|(symbol, amount)| Turnover { symbol, amount }).collect();
    let leaders = ranking.leaders(rows);
    let newcomers: Vec<&str> = leaders.iter().map(|row| row.symbol.as_str()).filter(|symbol| !known.contains(*symbol)).collect();
    let definitions = if newcomers.is_empty() { Vec::new() } else { client.exchange_info(&newcomers).await? };
    Ok(Answered { leaders, definitions })
}

impl BinanceGateway {
    /// Something to do about rankings. Whether other streams are wanted now.
    pub(super) async fn on_rank(&mut self, message: RankMessage) -> Result<bool, VenueError> {
        match message {
            RankMessage::Answered(Ok(answered)) => self.on_ranking(answered).await.map(|()| false),
            RankMessage::Answered(Err(error)) => self.tell_failure("ticker/24hr", &error).await.map(|()| false),
            RankMessage::Subscribe(instrument, on) => self.watch(instrument, on).await,
        }
    }

    /// Defines the newcomers, and tells who entered and who left. What of it is watched, the kernel says.
    async fn on_ranking(&mut self, answered: Answered) -> Result<(), VenueError> {
        let recv = (self.now)();
        let Some(ranks) = &mut self.ranks else { return Ok(()) };
        let mut leaders = answered.leaders;
        let mut unusable = None;
        leaders.retain(|row| {
            if ranks.defined.contains_key(&row.symbol) {
                return true;
            }
            let id = ranks.numbers.of(ranks.venue, &row.symbol);
            // One at a time: a symbol without rules must not keep the others out.
            let wanted = [(row.symbol.clone(), id)];
            let made = rest::instruments(&answered.definitions, ranks.venue, &wanted, &self.config.fees);
            match made.map(|mut made| made.pop()) {
                Ok(Some(instrument)) => {
                    ranks.defined.insert(row.symbol.clone(), id);
                    self.decoder.add(&row.symbol, id);
                    self.mailbox.put(recv, None, Event::Market(MarketEvent::Instrument(Box::new(instrument))));
                    true
                }
                Ok(None) => false,
                Err(error) => {
                    unusable.get_or_insert(error);
                    false
                }
            }
        });
        for change in ranks.ranking.update(&leaders) {
            let Some(&instrument) = ranks.defined.get(&change.symbol) else { continue };
            let ranked = Ranked { instrument, place: change.place, turnover: change.amount };
            self.mailbox.put(recv, None, Event::Market(MarketEvent::Ranked(ranked)));
        }
        self.mailbox.send().await?;
        match unusable {
            None => Ok(()),
            Some(error) => self.tell_failure("exchangeInfo", &RestError::Wire(error)).await,
        }
    }

    /// Watches an instrument, or stops. Whether that changed anything.
    async fn watch(&mut self, instrument: InstrumentId, on: bool) -> Result<bool, VenueError> {
        let Some(ranks) = &self.ranks else { return Ok(false) };
        let place = self.config.symbols.iter().position(|row| row.1 == instrument);
        match (place, on) {
            (None, true) => {
                let Some(symbol) = ranks.numbers.symbol(ranks.venue, instrument) else { return Ok(false) };
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

    /// The streams of every connection as they are wanted now: what was not there at the start comes last on the last connection of
    /// its root.
    pub(super) fn restream(&mut self) {
        let wanted = self.config.connections_of(self.connections.len());
        self.connections = wanted;
        for (connection, streams) in self.connections.iter().zip(&self.streams) {
            streams.send_if_modified(|names| {
                let is_other = *names != connection.names;
                names.clone_from(&connection.names);
                is_other
            });
        }
    }
}
