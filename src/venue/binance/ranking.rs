//! The ranking of markets paid with USDT by turnover, and what is watched because of it: part of [`BinanceGateway`].

use std::collections::BTreeSet;

use super::gateway::BinanceGateway;
use super::rest::{Rest, RestError};
use super::wire::rest;
use crate::event::{Event, MarketEvent};
use crate::market::InstrumentId;
use crate::venue::VenueError;
use crate::venue::ranking::{Answered, RankMessage, Ranking, Turnover, Watching};

/// Only markets paid with this are ranked: amounts of different currencies do not compare.
const RANKED_QUOTE: &str = "USDT";

/// The answer to `exchangeInfo`, about newcomers.
pub(super) type Definitions = Vec<u8>;

/// Who leads, and the definitions of the newcomers.
pub(super) async fn ask(client: Rest, ranking: Ranking, known: BTreeSet<String>) -> Result<Answered<Definitions>, RestError> {
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
    pub(super) async fn on_rank(&mut self, message: RankMessage<Definitions>) -> Result<bool, VenueError> {
        match message {
            RankMessage::Answered(Ok(answered)) => self.on_ranking(answered).await.map(|()| false),
            RankMessage::Answered(Err(reason)) => self.tell_failure("ticker/24hr", &reason).await.map(|()| false),
            RankMessage::Subscribe(instrument, on) => self.watch(instrument, on).await,
        }
    }

    /// Defines the newcomers, and tells who entered and who left. What of it is watched, the kernel says.
    async fn on_ranking(&mut self, answered: Answered<Definitions>) -> Result<(), VenueError> {
        let recv = (self.now)();
        let Some(ranks) = &mut self.ranks else { return Ok(()) };
        let (mut unusable, venue, fees) = (None, self.config.venue, &self.config.fees);
        let (newcomers, changes) = ranks.rank(answered.leaders, |symbol, id| {
            // One at a time: a symbol without rules must not keep the others out.
            let wanted = [(symbol.to_owned(), id)];
            let made = rest::instruments(&answered.definitions, venue, &wanted, fees);
            made.map_err(|error| unusable.get_or_insert(error).clone()).ok()?.pop()
        });
        for instrument in newcomers {
            self.decoder.add(&instrument.symbol, instrument.id);
            self.mailbox.put(recv, None, Event::Market(MarketEvent::Instrument(Box::new(instrument))));
        }
        for ranked in changes {
            self.mailbox.put(recv, None, Event::Market(MarketEvent::Ranked(ranked)));
        }
        self.mailbox.send().await?;
        match unusable {
            None => Ok(()),
            Some(error) => self.tell_failure("exchangeInfo", &error).await,
        }
    }

    /// Watches an instrument, or stops. Whether that changed anything.
    async fn watch(&mut self, instrument: InstrumentId, on: bool) -> Result<bool, VenueError> {
        let Some(ranks) = &self.ranks else { return Ok(false) };
        match ranks.watch(&mut self.config.symbols, instrument, on) {
            Watching::AsBefore => return Ok(false),
            Watching::Added(symbol) => self.decoder.add(&symbol, instrument),
            // What is not heard of any more has no book.
            Watching::Removed => self.lose_book((self.now)(), instrument).await?,
        }
        Ok(true)
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
