//! The instruments of a venue with the largest turnover (거래대금 상위): [`Ranking`]. Which they are, and how that changed; and what
//! a gateway watches because of it: [`Ranks`].
//!
//! ```text
//!   gateway: turnover of every market, now and then ─► definitions of newcomers ─► Ranked events ─► kernel
//!   kernel:  newcomers are watched; leavers only while something is held of them or ordered ─► Subscribe ─► gateway
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::gateway::{Dispatch, Instruction, Numbers};
use crate::event::market::Ranked;
use crate::market::{Instrument, InstrumentId, Money, Venue};

/// How a venue is ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RankingConfig {
    /// So many instruments are in the ranking.
    pub top: usize,
    /// How often it is made anew.
    pub every: Duration,
}

/// A market and what was traded of it in 24 hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turnover {
    /// The venue's code, upper case.
    pub symbol: String,
    /// Its turnover, in its quote currency.
    pub amount: Money,
}

/// An instrument that entered or left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub symbol: String,
    /// Its place, 1 is the first; `None` when it left.
    pub place: Option<u32>,
    /// What was traded of it; 0 when that is not known any more.
    pub amount: Money,
}

/// Who is in it.
#[derive(Debug)]
pub struct Ranking {
    config: RankingConfig,
    members: BTreeSet<String>,
}

impl Ranking {
    /// An empty one.
    pub fn new(config: RankingConfig) -> Self {
        Ranking { config, members: BTreeSet::new() }
    }

    /// How it is made.
    pub fn config(&self) -> RankingConfig {
        self.config
    }

    /// Those with the largest turnover, first the largest; of equals first whose code is. Nothing traded is no place.
    pub fn leaders(&self, mut rows: Vec<Turnover>) -> Vec<Turnover> {
        rows.retain(|row| row.amount.is_positive());
        rows.sort_by(|a, b| (b.amount, &a.symbol).cmp(&(a.amount, &b.symbol)));
        rows.truncate(self.config.top);
        rows
    }

    /// Takes over who leads now. Gives who entered, by place, and then who left, by code.
    pub fn update(&mut self, leaders: &[Turnover]) -> Vec<Change> {
        let mut changes = Vec::new();
        for (row, place) in leaders.iter().zip(1_u32..) {
            if self.members.insert(row.symbol.clone()) {
                changes.push(Change { symbol: row.symbol.clone(), place: Some(place), amount: row.amount });
            }
        }
        let leads = |symbol: &String| leaders.iter().any(|row| row.symbol == *symbol);
        let left: Vec<String> = self.members.iter().filter(|symbol| !leads(symbol)).cloned().collect();
        for symbol in left {
            self.members.remove(&symbol);
            changes.push(Change { symbol, place: None, amount: Money::ZERO });
        }
        changes
    }
}

/// What a gateway ranks, and what it watches because of it. `D` is what the venue says of newcomers; each venue asks for turnovers,
/// defines an instrument and watches it in its own way.
#[derive(Debug)]
pub struct Ranks<D> {
    ranking: Ranking,
    venue: Venue,
    numbers: Arc<Numbers>,
    /// What the kernel wants watched.
    dispatches: mpsc::Receiver<Dispatch>,
    /// Watched by name: never given up.
    named: BTreeSet<InstrumentId>,
    /// Every symbol defined in this session, upper case.
    defined: BTreeMap<String, InstrumentId>,
    /// The question under way.
    asking: JoinSet<Result<Answered<D>, String>>,
}

/// Those that lead, and what the venue says of the newcomers among them.
#[derive(Debug)]
pub struct Answered<D> {
    /// First the largest.
    pub leaders: Vec<Turnover>,
    /// Their definitions.
    pub definitions: D,
}

/// Something to do about rankings.
#[derive(Debug)]
pub enum RankMessage<D> {
    /// The venue has answered, or why it did not.
    Answered(Result<Answered<D>, String>),
    /// The kernel wants an instrument watched, or not.
    Subscribe(InstrumentId, bool),
}

/// What became of the wish to watch an instrument, or not to.
#[derive(Debug, PartialEq, Eq)]
pub enum Watching {
    /// Nothing changes.
    AsBefore,
    /// It is watched from now on.
    Added(String),
    /// It is not watched any more.
    Removed,
}

impl<D: Send + 'static> Ranks<D> {
    /// Nothing is ranked yet.
    pub fn new(config: RankingConfig, venue: Venue, numbers: Arc<Numbers>, dispatches: mpsc::Receiver<Dispatch>) -> Self {
        let (ranking, named, defined) = (Ranking::new(config), BTreeSet::new(), BTreeMap::new());
        Ranks { ranking, venue, numbers, dispatches, named, defined, asking: JoinSet::new() }
    }

    /// These are watched by name, and defined.
    pub fn begin<'a>(&mut self, named: impl IntoIterator<Item = (&'a str, InstrumentId)>) {
        self.defined = named.into_iter().map(|(symbol, id)| (symbol.to_uppercase(), id)).collect();
        self.named = self.defined.values().copied().collect();
    }

    /// How often the venue is asked.
    pub fn every(&self) -> Duration {
        self.ranking.config.every
    }

    /// Asks for the turnover of every market, unless that is asked already. `question` is given an empty ranking and what is defined.
    pub fn ask<F, E>(&mut self, question: impl FnOnce(Ranking, BTreeSet<String>) -> F)
    where
        F: Future<Output = Result<Answered<D>, E>> + Send + 'static,
        E: std::fmt::Display,
    {
        if self.asking.is_empty() {
            let asked = question(Ranking::new(self.ranking.config), self.defined.keys().cloned().collect());
            self.asking.spawn(async move { asked.await.map_err(|error| error.to_string()) });
        }
    }

    /// The next thing to do. It may be dropped and asked for again.
    async fn next(&mut self) -> RankMessage<D> {
        loop {
            tokio::select! {
                Some(done) = self.asking.join_next() => {
                    return RankMessage::Answered(done.unwrap_or_else(|error| Err(error.to_string())));
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

    /// These lead: defines the newcomers by `define`, and gives them and who entered and who left. What cannot be defined is not ranked.
    pub fn rank(
        &mut self,
        mut leaders: Vec<Turnover>,
        mut define: impl FnMut(&str, InstrumentId) -> Option<Instrument>,
    ) -> (Vec<Instrument>, Vec<Ranked>) {
        let mut newcomers = Vec::new();
        leaders.retain(|row| {
            if self.defined.contains_key(&row.symbol) {
                return true;
            }
            let id = self.numbers.of(self.venue, &row.symbol);
            let Some(instrument) = define(&row.symbol, id) else { return false };
            self.defined.insert(row.symbol.clone(), id);
            newcomers.push(instrument);
            true
        });
        let changes = self.ranking.update(&leaders).into_iter().filter_map(|change| {
            let instrument = *self.defined.get(&change.symbol)?;
            Some(Ranked { instrument, place: change.place, turnover: change.amount })
        });
        let changes = changes.collect();
        (newcomers, changes)
    }

    /// The kernel wants an instrument watched, or not: what of that changes `symbols`, which are watched now.
    pub fn watch(&self, symbols: &mut Vec<(String, InstrumentId)>, instrument: InstrumentId, on: bool) -> Watching {
        match (symbols.iter().position(|row| row.1 == instrument), on) {
            (None, true) => match self.numbers.symbol(self.venue, instrument) {
                Some(symbol) => {
                    symbols.push((symbol.clone(), instrument));
                    Watching::Added(symbol)
                }
                None => Watching::AsBefore,
            },
            (Some(place), false) if !self.named.contains(&instrument) => {
                symbols.remove(place);
                Watching::Removed
            }
            _ => Watching::AsBefore,
        }
    }
}

/// The next thing to do about rankings; never, where nothing is ranked.
pub async fn next_rank<D: Send + 'static>(ranks: &mut Option<Ranks<D>>) -> RankMessage<D> {
    match ranks {
        Some(ranks) => ranks.next().await,
        None => std::future::pending().await,
    }
}

/// When a ranking is made: far away where nothing is ranked.
pub fn turns<D: Send + 'static>(ranks: Option<&Ranks<D>>) -> tokio::time::Interval {
    let every = ranks.map_or(Duration::MAX, Ranks::every).min(Duration::from_secs(86_400 * 365));
    let mut turns = tokio::time::interval(every);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    turns
}

#[cfg(test)]
#[path = "ranking_tests.rs"]
mod tests;
