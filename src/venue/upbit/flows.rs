//! Deposits and withdrawals. The stream tells only what is held now: the lists of the REST interface say why, each with its id, so
//! that what is told twice, or was missed, is booked once. They want rights of the key; without those, what came or went shows as a
//! difference of the account.

use super::account::Transfers;
use super::private::{Done, Private};
use super::rest::{Rest, RestError};
use super::wire::rest::Cause;
use super::wire::rest::transfers::{AskTransfers, Transfer, Way};
use crate::event::{Answer, CashFlow, FlowKind};
use crate::market::{Money, Rounding, Venue};
use crate::venue::VenueError;

use jangbu_journal::Nanos;
use tokio::time::sleep;

/// Rows a page, and pages at most.
const PAGE: u32 = 100;
const PAGES_MAX: u32 = 5;

/// What came and went since then; `None` where the key has no right to know.
pub(super) async fn ask(rest: &Rest, since: Nanos) -> Result<Transfers, RestError> {
    let mut found = Vec::new();
    for way in [Way::In, Way::Out] {
        for page in 1..=PAGES_MAX {
            let rows = match rest.ask_again(&AskTransfers { way, page, limit: PAGE }).await {
                Ok(rows) => rows,
                Err(error) if error.cause() == Some(Cause::OutOfScope) => return Ok(None),
                Err(error) => return Err(error),
            };
            // By when they were asked for: one that took long may stand behind others.
            let is_last = rows.len() < PAGE as usize || rows.iter().all(|row| row.created < since);
            found.extend(rows.into_iter().filter(|row| row.done.unwrap_or(row.created) >= since).map(|row| (way, row)));
            if is_last {
                break;
            }
        }
    }
    Ok(Some(found))
}

fn flow((way, row): &(Way, Transfer)) -> Option<CashFlow> {
    let amount = row.amount.money_rounded(Rounding::Floor)?;
    let (kind, amount) = match way {
        Way::In => (FlowKind::Deposit, amount),
        Way::Out => {
            let fee = row.fee.money_rounded(Rounding::Ceiling)?;
            (FlowKind::Withdrawal, Money::ZERO.checked_sub(amount)?.checked_sub(fee)?)
        }
    };
    let (at, currency) = (row.done.unwrap_or(row.created), row.currency.parse().ok()?);
    Some(CashFlow { venue: Venue::Upbit, currency, amount, kind, id: row.uuid.clone(), instrument: None, at })
}

impl Private {
    /// Something may have come or gone: asks.
    pub(super) fn ask_flows(&mut self) {
        self.assets_changed = false;
        if self.flows_hidden || !self.history.begin() {
            return;
        }
        let (rest, since, pause) = (self.rest.clone(), self.history.since(), self.config.patience.resolve);
        self.calls.spawn(async move {
            sleep(pause).await;
            Done::Flows(ask(&rest, since).await)
        });
    }

    pub(super) async fn on_flows(&mut self, result: Result<Transfers, RestError>) -> Result<(), VenueError> {
        let again = self.history.end();
        match result {
            Ok(found) => self.tell_flows(found).await?,
            Err(error) => self.tell_failure("deposits, withdraws", error.to_string()).await?,
        }
        if again {
            self.ask_flows();
        }
        Ok(())
    }

    /// Tells what was not told yet.
    pub(super) async fn tell_flows(&mut self, found: Transfers) -> Result<(), VenueError> {
        let Some(found) = found else {
            if std::mem::replace(&mut self.flows_hidden, true) {
                return Ok(());
            }
            let reason = "the key may not see deposits and withdrawals: they will show as differences of the account. Give it the rights \
                          to view them at upbit.com / 키에 입금조회, 출금조회 권한이 없어 입출금이 잔고 차이로 나타납니다. upbit.com 에서 \
                          권한을 더하십시오";
            return self.tell_problem("deposits, withdraws", reason.to_owned()).await;
        };
        let recv = (self.now)();
        for flow in self.history.news(found.iter().filter_map(flow).collect()) {
            self.mailbox.answer(recv, Answer::Flow(flow)).await?;
        }
        Ok(())
    }
}
