//! Questions about the market: facts of a stock's day (ka10001, ka10007), its bars (ka10079, ka10080, ka10081, ka10086), a condition
//! search made once; and at the start, whose account the key is of (ka00001).

use std::sync::Arc;
use std::time::Duration;

use jangbu_journal::Nanos;
use tokio::time::{Instant, sleep, timeout_at};

use super::super::facts::{of_bar, of_daily, of_day, of_list, of_pages};
use super::super::rest::{Rest, RestError};
use super::super::time::Date;
use super::super::token::is_hopeless;
use super::super::wire::frame::Hits;
use super::super::wire::request;
use super::super::wire::rest::account::AskAccountNumber;
use super::super::wire::rest::chart::{AskDailyPrices, AskDayChart, AskMinuteChart, AskTickChart};
use super::super::wire::rest::quote::{AskQuoteBoard, AskStockInfo};
use super::super::wire::rest::{Refusal, Tr};
use super::super::wire::{Exchange, Symbol};
use super::{Done, KiwoomGateway};
use crate::effect::{BarLength, Query};
use crate::event::{Answer, Event, MarketEvent};
use crate::market::{Bar, InstrumentId, Reference, Venue};
use crate::venue::VenueError;
use crate::venue::backoff::Backoff;

/// How long a session's start waits for the facts of its stocks. What comes later comes while it runs.
const START_PATIENCE: Duration = Duration::from_secs(20);
/// Stocks whose facts are asked for at once; of the others the list of stocks has said the most.
const STOCKS_MAX: usize = 100;
const MINUTE_NS: i64 = 60_000_000_000;

impl KiwoomGateway {
    /// A question of the kernel.
    pub(super) async fn on_question(&mut self, query: Query) -> Result<(), VenueError> {
        match query {
            Query::Order(_) | Query::Account(_) => Ok(()),
            Query::Reference(instrument) => match self.code_of(instrument).await? {
                Ok(code) => {
                    self.ask_reference(code, true);
                    Ok(())
                }
                Err(reason) => self.cannot(&query, reason).await,
            },
            Query::Bars { instrument, length, count } => match self.code_of(instrument).await? {
                Ok(code) => {
                    let symbol = Symbol { code, exchange: self.config.exchange };
                    let (rest, now) = (self.rest.clone(), Arc::clone(&self.now));
                    let count = usize::from(count.min(Query::BARS_MAX));
                    self.tasks.spawn(async move {
                        let today = Date::at(now());
                        let result = bars(&rest, instrument, &symbol, length, count, today).await;
                        Done::Bars { query, at: now(), result }
                    });
                    Ok(())
                }
                Err(reason) => self.cannot(&query, reason).await,
            },
            Query::Condition { number, .. } => {
                if self.connection.is_none() {
                    return self.cannot(&query, "the connection is down · 연결이 끊겨 있습니다".to_owned()).await;
                }
                // The list names the conditions, and must come before a watch: it is told on every connection that watches any.
                let list = self.config.conditions.is_empty().then(request::condition_list);
                self.searches.insert(number, Instant::now());
                self.say(list.into_iter().chain([request::condition_once(number, None)]));
                Ok(())
            }
        }
    }

    /// The code of an instrument, defined by now; else why not.
    async fn code_of(&mut self, instrument: InstrumentId) -> Result<Result<String, String>, VenueError> {
        let known = self.directory.code(instrument).map(str::to_owned);
        let Some(code) = known.or_else(|| self.numbers.symbol(Venue::Kiwoom, instrument)) else {
            return Ok(Err(format!("{instrument} is not one of Kiwoom's · 키움 종목이 아닙니다")));
        };
        Ok(self.define(&code).await?.map(|_| code))
    }

    /// A question has no answer.
    async fn cannot(&mut self, query: &Query, reason: String) -> Result<(), VenueError> {
        let reason = self.rest.redact(&reason).await;
        let failed = Answer::Failed { venue: Venue::Kiwoom, question: query.question(), reason };
        self.mailbox.answer((self.now)(), failed).await
    }

    /// Asks for the facts of a stock's day. One question of a stock is under way at a time. `asked`: somebody waits for the answer, so
    /// that a failure is told each time.
    pub(super) fn ask_reference(&mut self, code: String, asked: bool) {
        if let Some(waited_for) = self.references.get_mut(&code) {
            *waited_for |= asked;
            return;
        }
        self.references.insert(code.clone(), asked);
        let (rest, now) = (self.rest.clone(), Arc::clone(&self.now));
        let symbol = Symbol { code: code.clone(), exchange: Exchange::Krx };
        self.tasks.spawn(async move {
            // Limits and the day before are KRX's wherever it trades.
            let (info, board) = (AskStockInfo { symbol: symbol.clone() }, AskQuoteBoard { symbol });
            let (info, board) = tokio::join!(rest.ask(&info), rest.ask(&board));
            let result = info.map(|info| (info, board.ok()));
            Done::Reference { code, at: now(), result: Box::new(result) }
        });
    }

    pub(super) async fn on_reference(&mut self, code: &str, at: Nanos, result: super::StockFacts) -> Result<(), VenueError> {
        let asked = self.references.remove(code).unwrap_or_default();
        let Some(instrument) = self.directory.id(code) else { return Ok(()) };
        match result {
            Ok((info, board)) => {
                self.worked("base data (ka10001)");
                self.tell_reference(at, of_pages(instrument, &info, board.as_ref().map(|board| &board.head))).await
            }
            Err(error) if asked => self.cannot(&Query::Reference(instrument), error.line()).await,
            Err(error) => self.tell_failure("base data (ka10001)", &error.line()).await,
        }
    }

    async fn tell_reference(&mut self, at: Nanos, reference: Reference) -> Result<(), VenueError> {
        self.mailbox.send_priority(at, Event::Market(MarketEvent::Reference(Box::new(reference)))).await
    }

    /// What the list of stocks says of one that was just defined.
    pub(super) async fn tell_listed(&mut self, at: Nanos, instrument: InstrumentId) -> Result<(), VenueError> {
        match self.directory.listed_today(instrument, at).map(|stock| of_list(instrument, stock)) {
            Some(reference) => self.tell_reference(at, reference).await,
            None => Ok(()),
        }
    }

    /// A day's trading is about to begin: its facts are known by now, and what was asked in the night may have been yesterday's.
    pub(super) fn refresh_references(&mut self) {
        let codes = self.watching.items().map(|item| Symbol::parse(item).code).take(STOCKS_MAX);
        codes.collect::<Vec<String>>().into_iter().for_each(|code| self.ask_reference(code, false));
    }

    /// The facts of the stocks of the settings, before anything else is said. Slow answers are not waited for for ever.
    pub(super) async fn begin_references(&mut self, codes: &[String]) -> Result<(), VenueError> {
        codes.iter().take(STOCKS_MAX).for_each(|code| self.ask_reference(code.clone(), false));
        let until = Instant::now() + START_PATIENCE.min(self.config.patience.answer * 2);
        while !self.references.is_empty() {
            match timeout_at(until, self.tasks.join_next()).await {
                Ok(Some(Ok(done))) => self.on_done(done).await?,
                Ok(Some(Err(_))) => {}
                Ok(None) | Err(_) => break,
            }
        }
        Ok(())
    }

    pub(super) async fn on_bars(
        &mut self,
        query: &Query,
        at: Nanos,
        result: Result<Vec<Bar>, RestError>,
    ) -> Result<(), VenueError> {
        match result {
            Ok(bars) => {
                for bar in bars {
                    self.mailbox.put(at, None, Event::Market(MarketEvent::Bar(Box::new(bar))));
                }
                self.mailbox.send().await.map(|_| ())
            }
            Err(error) => self.cannot(query, error.line()).await,
        }
    }

    /// A search made once was answered; its stocks are events already.
    pub(super) async fn on_search(&mut self, hits: &Hits) -> Result<(), VenueError> {
        // A refusal does not say of which: it is of the one that waits longest.
        let oldest = self.searches.iter().min_by_key(|(_, since)| **since).map(|(number, _)| *number);
        let Some(number) = hits.condition.or(oldest) else { return Ok(()) };
        match &hits.next_key {
            _ if !hits.reply.is_ok() => {
                self.searches.remove(&number);
                let reason = RestError::Refused(Refusal::of_reply(&hits.reply)).line();
                self.cannot(&Query::Condition { venue: Venue::Kiwoom, number }, reason).await
            }
            Some(next) if self.searches.contains_key(&number) => {
                self.searches.insert(number, Instant::now());
                let more = request::condition_once(number, Some(next));
                self.say([more]);
                Ok(())
            }
            _ => {
                self.searches.remove(&number);
                Ok(())
            }
        }
    }

    /// Searches that nobody answered: answers take up to thirty seconds, and one made too often is not answered at all (fact sheet 4.12).
    pub(super) async fn audit_searches(&mut self) -> Result<(), VenueError> {
        let patience = self.config.patience.answer * 4;
        let late: Vec<u32> = self.searches.iter().filter(|(_, since)| since.elapsed() > patience).map(|row| *row.0).collect();
        for number in late {
            self.searches.remove(&number);
            let reason = "no answer came. To do: search the same condition at most once a minute · 답이 없습니다. 조치: 같은 \
                          조건은 1분에 한 번만 검색하십시오";
            self.cannot(&Query::Condition { venue: Venue::Kiwoom, number }, reason.to_owned()).await?;
        }
        Ok(())
    }

    /// Whose account the key is of. One that is not the settings' ends the session before anything is asked of it.
    pub(super) async fn check_account(&mut self) -> Result<(), VenueError> {
        let wanted = self.config.account.clone();
        if wanted.is_none() && !self.trades {
            return Ok(());
        }
        let patience = self.config.patience;
        let mut backoff = Backoff::new(patience.backoff_min, patience.backoff_max, patience.jitter_seed ^ 2 << 32);
        let number = loop {
            if self.mailbox.inbox.is_closed() {
                return Err(VenueError::InboxClosed { venue: Venue::Kiwoom });
            }
            match self.rest.ask(&AskAccountNumber).await {
                Ok(answer) => break answer.number,
                Err(error) if is_hopeless(&error) => {
                    let reason = self.rest.redact(&error.line()).await;
                    return Err(VenueError::Refused { venue: Venue::Kiwoom, reason });
                }
                Err(error) => {
                    self.tell_failure("account number (ka00001)", &error.line()).await?;
                    // Without an expectation there is nothing to be held up for.
                    if wanted.is_none() {
                        return Ok(());
                    }
                    sleep(backoff.pause()).await;
                }
            }
        };
        self.worked("account number (ka00001)");
        match wrong_account(wanted.as_deref(), &number) {
            Some(reason) => Err(VenueError::Refused { venue: Venue::Kiwoom, reason }),
            None => Ok(()),
        }
    }
}

/// What is wrong with the account of the key, in one line; `None` when it is the one of the settings, or they name none.
fn wrong_account(wanted: Option<&str>, number: &str) -> Option<String> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (told, wanted) = (digits(number), wanted.map(digits));
    if told.is_empty() {
        return Some(format!(
            "Kiwoom names no account of this key ({}). To do: ask for the key of an account on the portal · 이 키의 계좌가 없습니다. \
             조치: 포털에서 계좌의 키를 발급받으십시오",
            Tr::AccountNumber.id()
        ));
    }
    // Eight digits name an account, two more the class of product.
    let wanted = wanted.filter(|wanted| !told.starts_with(wanted.as_str()) || wanted.len() < 8)?;
    let end = |text: &str| text.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect::<String>();
    Some(format!(
        "the key is of the account …{}, the settings name …{} (`account`). To do: use the key of that account, or change `account` · \
         키의 계좌(…{})와 설정의 계좌(…{})가 다릅니다. 조치: 그 계좌의 키를 쓰거나 account를 고치십시오",
        end(&told),
        end(&wanted),
        end(&told),
        end(&wanted)
    ))
}

/// The newest bars of a stock, the oldest first.
async fn bars(
    rest: &Rest,
    instrument: InstrumentId,
    symbol: &Symbol,
    length: BarLength,
    count: usize,
    today: Date,
) -> Result<Vec<Bar>, RestError> {
    let symbol = symbol.clone();
    let mut bars: Vec<Bar> = match length {
        BarLength::Trades(trades) => {
            let rows = rest.rows(&AskTickChart { symbol, trades, adjusted: true }, count).await?;
            rows.iter().filter_map(|row| of_bar(instrument, 0, row)).collect()
        }
        BarLength::Minutes(minutes) => {
            let rows = rest.rows(&AskMinuteChart { symbol, minutes, date: None, adjusted: true }, count).await?;
            rows.iter().filter_map(|row| of_bar(instrument, i64::from(minutes) * MINUTE_NS, row)).collect()
        }
        BarLength::Day { adjusted: true } => {
            let rows = rest.rows(&AskDayChart { symbol, date: today, adjusted: true }, count).await?;
            rows.iter().filter_map(|row| of_day(instrument, row)).collect()
        }
        BarLength::Day { adjusted: false } => {
            let rows = rest.rows(&AskDailyPrices { symbol, date: today, in_money: false }, count).await?;
            rows.iter().filter_map(|row| of_daily(instrument, row)).collect()
        }
    };
    bars.reverse();
    Ok(bars)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_account_is_one_line_that_shows_no_whole_number() {
        assert_eq!(wrong_account(None, "1234567810"), None);
        for right in ["1234567810", "12345678", "1234-5678-10"] {
            assert_eq!(wrong_account(Some(right), "1234567810"), None, "{right}");
        }
        for wrong in ["8765432110", "1234567811", "1234"] {
            let line = wrong_account(Some(wrong), "1234567810").expect("not that one");
            assert!(line.contains("…7810") && line.contains("To do") && line.contains("조치") && !line.contains('\n'), "{line}");
            assert!(!line.contains("1234567810") && !line.contains("8765432110"), "{line}");
        }
        assert!(wrong_account(None, " ").is_some_and(|line| line.contains("ka00001")));
    }
}
