//! Cash that comes and goes without a trade. Futures keep a history of it, with a number for each: the stream says only that there is
//! something to ask for, so that what is told twice, or was missed, is booked once. Spot has no such history for keys that may not
//! withdraw: its `balanceUpdate` is told as it comes, and what came while nobody listened shows as a difference of the account.

use std::sync::Arc;
use std::time::Duration;

use jangbu_journal::Nanos;
use tokio::time::sleep;

use super::account::question;
use super::budget::Purpose;
use super::client::{CallError, Client};
use super::task::{Done, Private};
use crate::event::{Answer, CashFlow, FlowKind};
use crate::market::{Money, Venue};
use crate::venue::VenueError;
use crate::venue::binance::wire::private::Parameters;
use crate::venue::binance::wire::private::income::{IncomeRow, incomes};

/// Rows of a page.
const PAGE: usize = 1_000;
/// Pages asked for at once; more is asked for the next time.
const PAGES_MAX: usize = 30;
/// How often a history is asked for again that does not have yet what the stream told of.
const TRIES: u32 = 6;
/// How long it is waited for first; then ever longer.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The rows since then that are flows, oldest first.
pub(super) async fn ask(client: &Client, since: Nanos) -> Result<Vec<IncomeRow>, CallError> {
    let (mut rows, mut from): (Vec<IncomeRow>, i64) = (Vec::new(), since.get() / 1_000_000);
    for _ in 0..PAGES_MAX {
        let parameters = Parameters::new().with("startTime", from).with("limit", PAGE);
        let page = incomes(&client.call(&question("/fapi/v1/income", parameters, Purpose::Question)).await?)?;
        let newest = page.iter().map(|row| row.time_ms).max();
        let is_last = page.len() < PAGE;
        for row in page.into_iter().filter(|row| row.flow().is_some()) {
            // Pages share the rows of the moment between them.
            if rows.iter().rev().all(|known| known.number != row.number || known.kind != row.kind) {
                rows.push(row);
            }
        }
        match newest.filter(|newest| !is_last && *newest > from) {
            Some(newest) => from = newest,
            None => break,
        }
    }
    rows.sort_by(|a, b| (a.time_ms, &a.kind, &a.number).cmp(&(b.time_ms, &b.kind, &b.number)));
    Ok(rows)
}

impl Private {
    /// Something came or went, says the stream: asks for it, until the history has it.
    pub(super) fn ask_flows(&mut self) {
        if self.venue() != Venue::BinanceUsdM || !self.history.begin() {
            return;
        }
        let (client, since, known) = (Arc::clone(&self.client), self.history.since(), self.history.len());
        self.calls.spawn(async move {
            let mut wait = FIRST_WAIT;
            let mut result = ask(&client, since).await;
            for _ in 0..TRIES {
                if result.as_ref().is_ok_and(|rows| rows.len() > known) {
                    break;
                }
                sleep(wait).await;
                wait *= 2;
                result = ask(&client, since).await;
            }
            Done::Flows(result)
        });
    }

    /// The history has come, or not.
    pub(super) async fn on_flows(&mut self, result: Result<Vec<IncomeRow>, CallError>) -> Result<(), VenueError> {
        let again = self.history.end();
        match result {
            Ok(rows) => self.tell_flows(&rows).await?,
            Err(error) => self.tell_failure("income", error.to_string()).await?,
        }
        if again {
            self.ask_flows();
        }
        Ok(())
    }

    /// Tells what was not told yet.
    pub(super) async fn tell_flows(&mut self, rows: &[IncomeRow]) -> Result<(), VenueError> {
        let flow = |row: &IncomeRow| {
            let (kind, instrument, at) = (row.flow()?, self.instrument(&row.symbol), Nanos::from_millis(row.time_ms));
            // An asset whose code is longer than our codes is not in our books either.
            let currency = row.asset.parse().ok()?;
            Some(CashFlow { venue: self.venue(), currency, amount: row.amount, kind, id: row.id(), instrument, at })
        };
        let flows = rows.iter().filter_map(flow).collect();
        let recv = self.client.clock.ours();
        for flow in self.history.news(flows) {
            self.mailbox.answer(recv, Answer::Flow(flow)).await?;
        }
        Ok(())
    }

    /// Spot: cash, or a coin, came or went.
    pub(super) async fn on_balance_change(
        &mut self,
        recv: Nanos,
        asset: &str,
        amount: Money,
        time: Option<Nanos>,
    ) -> Result<(), VenueError> {
        let Ok(currency) = asset.parse() else { return Ok(()) };
        let at = time.unwrap_or(recv);
        // It has no number; the venue's time, the asset and the amount name it.
        let (venue, kind, id) = (self.venue(), FlowKind::transfer(amount), format!("{}:{asset}:{amount}", at.get()));
        let flow = CashFlow { venue, currency, amount, kind, id, instrument: None, at };
        self.mailbox.answer(recv, Answer::Flow(flow)).await
    }
}
