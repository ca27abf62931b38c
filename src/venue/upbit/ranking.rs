//! The ranking of won markets by turnover, and what is watched because of it: part of [`UpbitGateway`].

use std::collections::BTreeSet;

use tokio::sync::watch;

use super::gateway::UpbitGateway;
use super::instruments::{SaidTick, instrument};
use super::rest::{Rest, RestError};
use super::wire::MarketCode;
use super::wire::market::Ticker;
use super::wire::rest::market::{AskBookRules, AskMarkets, AskTickers, BookRule, Market};
use crate::event::{Event, MarketEvent};
use crate::market::{InstrumentId, Money, Rounding};
use crate::venue::VenueError;
use crate::venue::korea::Date;
use crate::venue::ranking::{Answered, RankMessage, Ranking, Turnover, Watching};

/// Only markets paid with won are ranked: amounts of different currencies do not compare.
const RANKED_QUOTE: &str = "KRW";

/// The tickers of those that lead, and the rules of the newcomers among them.
#[derive(Debug)]
pub(super) struct Definitions {
    tickers: Vec<Ticker>,
    markets: Vec<Market>,
    rules: Vec<BookRule>,
}

/// Who leads, and the definitions of the newcomers.
pub(super) async fn ask(rest: Rest, ranking: Ranking, known: BTreeSet<String>) -> Result<Answered<Definitions>, RestError> {
    let tickers = rest.ask(&AskTickers::All(vec![RANKED_QUOTE.to_owned()])).await?;
    let row = |ticker: &Ticker| Turnover {
        symbol: ticker.code.to_string(),
        amount: ticker.turnover_24h.money_rounded(Rounding::Floor).unwrap_or(Money::ZERO),
    };
    let rows = tickers.iter().filter(|ticker| ticker.code.quote() == RANKED_QUOTE).map(row).collect();
    let leaders = ranking.leaders(rows);
    let leads = |code: MarketCode| leaders.iter().any(|row| row.symbol == code.as_str());
    let newcomers: Vec<MarketCode> =
        tickers.iter().map(|ticker| ticker.code).filter(|code| leads(*code) && !known.contains(code.as_str())).collect();
    let (mut rules, mut markets) = (Vec::new(), Vec::new());
    if !newcomers.is_empty() {
        markets = rest.ask(&AskMarkets).await?;
        rules = rest.ask(&AskBookRules { markets: newcomers }).await?;
    }
    Ok(Answered { leaders, definitions: Definitions { tickers, markets, rules } })
}

impl UpbitGateway {
    /// Something to do about rankings.
    pub(super) async fn on_rank(
        &mut self,
        message: RankMessage<Definitions>,
        subscription: &watch::Sender<Vec<String>>,
    ) -> Result<(), VenueError> {
        match message {
            RankMessage::Answered(Ok(answered)) => self.on_ranking(answered).await,
            RankMessage::Answered(Err(reason)) => self.tell_failure("ticker/all", &reason).await,
            RankMessage::Subscribe(instrument, on) => {
                if self.watch(instrument, on).await? {
                    subscription.send_replace(vec![self.config.subscription()]);
                }
                Ok(())
            }
        }
    }

    /// Defines the newcomers, and tells who entered and who left. What of it is watched, the kernel says.
    async fn on_ranking(&mut self, answered: Answered<Definitions>) -> Result<(), VenueError> {
        let recv = (self.now)();
        let Some(ranks) = &mut self.ranks else { return Ok(()) };
        let Definitions { tickers, markets, rules } = answered.definitions;
        let mut unusable = Vec::new();
        let (newcomers, changes) = ranks.rank(answered.leaders, |symbol, id| {
            let code = symbol.parse::<MarketCode>().ok()?;
            let market = markets.iter().find(|market| market.code == code);
            let rule = rules.iter().find(|rule| rule.code == code);
            let ticker = tickers.iter().find(|ticker| ticker.code == code);
            let said = rule.zip(ticker).map(|(rule, ticker)| SaidTick { price: ticker.last, tick: rule.tick });
            let made = market.and_then(|market| instrument(code, &market.korean_name, id, Date::at(recv), said));
            if made.is_none() {
                unusable.push(symbol.to_owned());
            }
            made.map(|(instrument, _)| instrument)
        });
        for instrument in newcomers {
            self.decoder.add(&instrument.symbol, instrument.id);
            self.mailbox.put(recv, None, Event::Market(MarketEvent::Instrument(Box::new(instrument))));
        }
        for ranked in changes {
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
        match ranks.watch(&mut self.config.symbols, instrument, on) {
            Watching::AsBefore => return Ok(false),
            Watching::Added(symbol) => self.decoder.add(&symbol, instrument),
            // What is not heard of any more has no book.
            Watching::Removed => self.lose_book((self.now)(), instrument).await?,
        }
        Ok(true)
    }
}
