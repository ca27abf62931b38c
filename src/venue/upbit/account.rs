//! The whole account, asked for at once: [`ask`]; and what became of one order: [`find`].
//!
//! Orders first, what is held last: what is held is then explained by what was told before. A fill in between shows as a
//! difference, and the kernel asks again.

use jangbu_journal::Nanos;

use super::flows;
use super::identifier::number_of;
use super::known::Known;
use super::rest::{Rest, RestError};
use super::wire::private::OrderState;
use super::wire::rest::Cause;
use super::wire::rest::account::{Account, AskAccounts};
use super::wire::rest::order::{AskOpenOrders, AskOrder, Order, OrderKey};
use super::wire::rest::transfers::{Transfer, Way};
use crate::account::OrderId;

/// Orders a page, and pages at most: the venue takes no more open orders than this by far.
const PAGE_ORDERS: u32 = 100;
const PAGES_MAX: u32 = 100;
/// Identifiers in a row that the venue may not know before the chain is taken to have ended: refused amendments leave some.
const GAP_MAX: usize = 4;
/// How often the account is read again because cash came or went meanwhile.
const READINGS_MAX: u32 = 3;

/// What is asked of an order: under which identifiers it may be.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    pub(super) order: OrderId,
    /// The identifiers of its chain, from the first that is not told to its end; and which of the chain each is.
    names: Vec<(u16, String)>,
    /// The rest of the chain is not known: it is gone through until it ends.
    more: Option<Box<Known>>,
}

impl Lookup {
    pub(super) fn of(known: &Known) -> Self {
        let amending = known.amending.filter(|_| !known.is_unplaced);
        let last = amending.map_or(known.revision, |amending| amending.revision);
        Lookup {
            order: known.request.id,
            names: (known.closed..=last).map(|revision| (revision, known.name(revision))).collect(),
            more: known.is_unplaced.then(|| Box::new(known.clone())),
        }
    }
}

/// What became of an order: each of its chain that the venue knows, oldest first.
pub(super) type Found = Vec<(u16, Order)>;

/// Everything of the account.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) found: Vec<(OrderId, Found)>,
    pub(super) open: Vec<Order>,
    pub(super) accounts: Vec<Account>,
    pub(super) transfers: Transfers,
}

/// Deposits and withdrawals that are done; `None` where the key may not know.
pub(super) type Transfers = Option<Vec<(Way, Transfer)>>;

async fn named(rest: &Rest, name: String) -> Result<Option<Order>, RestError> {
    match rest.ask_again(&AskOrder(OrderKey::Identifier(name))).await {
        Ok(order) => Ok(Some(order)),
        Err(error) if error.cause() == Some(Cause::OrderNotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Asks what became of one order.
pub(super) async fn find(rest: &Rest, lookup: Lookup) -> Result<Found, RestError> {
    let mut found = Found::new();
    let mut next = 0;
    for (revision, name) in lookup.names {
        next = revision.saturating_add(1);
        found.extend(named(rest, name).await?.map(|order| (revision, order)));
    }
    let Some(known) = lookup.more else { return Ok(found) };
    // The current one has the number that the kernel knows; but one that was replaced since is cancelled.
    let is_last = |order: &Order| {
        known.number == Some(number_of(&order.uuid)) && known.amend_before().is_none() && order.state != OrderState::Cancel
    };
    let mut missing = 0;
    while missing < GAP_MAX && !found.is_empty() && !found.last().is_some_and(|(_, order)| is_last(order)) {
        match named(rest, known.name(next)).await? {
            Some(order) => {
                missing = 0;
                found.push((next, order));
            }
            None => missing += 1,
        }
        next = next.saturating_add(1);
    }
    Ok(found)
}

/// Asks for the account, and for what came and went `since` then, if anybody may know.
pub(super) async fn ask(rest: Rest, lookups: Vec<Lookup>, since: Option<Nanos>) -> Result<Snapshot, RestError> {
    let mut found = Vec::new();
    for lookup in lookups {
        found.push((lookup.order, find(&rest, lookup).await?));
    }
    let mut open = Vec::new();
    for page in 1..=PAGES_MAX {
        let states = vec![OrderState::Wait, OrderState::Watch];
        let rows = rest.ask_again(&AskOpenOrders { market: None, states, page, limit: PAGE_ORDERS }).await?;
        let is_last = rows.len() < PAGE_ORDERS as usize;
        open.extend(rows);
        if is_last {
            break;
        }
    }
    let Some(since) = since else {
        return Ok(Snapshot { found, open, accounts: rest.ask_again(&AskAccounts).await?, transfers: None });
    };
    let mut transfers = flows::ask(&rest, since).await?;
    let mut accounts = rest.ask_again(&AskAccounts).await?;
    for _ in 0..READINGS_MAX {
        // What came in between is in the balance or not, nobody could say.
        let after = flows::ask(&rest, since).await?;
        if after == transfers {
            break;
        }
        transfers = after;
        accounts = rest.ask_again(&AskAccounts).await?;
    }
    Ok(Snapshot { found, open, accounts, transfers })
}
