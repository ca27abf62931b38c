//! Deposits and withdrawals of the emulator's account, and the lists of them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jangbu_journal::Nanos;
use tokio::time::{Instant, sleep};

use super::core::{Core, Shared};
use super::orders;
use super::request::Given;
use crate::market::{Money, Qty};
use crate::venue::upbit::wire::moment::utc_and_korean;

/// A deposit, or a withdrawal, below 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The venue's id.
    pub uuid: String,
    /// Of what.
    pub currency: String,
    /// How much came.
    pub amount: Money,
    /// When.
    pub at: Nanos,
}

impl Core {
    /// Puts in, or takes out, below 0. False when there is less, or no such currency.
    pub(super) fn transfer(&mut self, currency: &str, amount: Money, now: Nanos) -> bool {
        let (account, magnitude) = (self.account, Money::from_raw(amount.raw().abs()));
        let coin = self.codes.iter().find(|(_, code)| code.quote() == "KRW" && code.base() == currency).map(|row| *row.0);
        let Ok(code) = currency.parse() else { return false };
        let qty = Qty::from_raw(magnitude.raw());
        let done = match (coin, amount.is_negative()) {
            (Some(coin), false) => self.exchange.transfer(account, coin, qty, Money::ZERO),
            (Some(coin), true) => self.exchange.take_out(account, coin, qty),
            (None, false) => self.exchange.deposit(account, code, magnitude),
            (None, true) => self.exchange.withdraw(account, code, magnitude),
        };
        if done.is_err() {
            return false;
        }
        self.next_trade += 1;
        let uuid = orders::uuid(0x3000, self.next_trade);
        self.moved.push(Moved { uuid, currency: currency.to_owned(), amount, at: now });
        self.publish_assets(&BTreeSet::from([currency.to_owned()]), now.get() / 1_000_000);
        true
    }

    /// `/v1/deposits` and `/v1/withdraws`, the newest first.
    pub(super) fn transfers(&self, out: bool, given: &Given) -> String {
        let number = |name: &str, otherwise: usize| given.get(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
        let (limit, page) = (number("limit", 100).clamp(1, 100), number("page", 1).max(1));
        let wanted = self.moved.iter().rev().filter(|moved| moved.amount.is_negative() == out);
        let (kind, state) = if out { ("withdraw", "DONE") } else { ("deposit", "ACCEPTED") };
        let row = |moved: &Moved| {
            let (uuid, currency) = (&moved.uuid, &moved.currency);
            let amount = Money::from_raw(moved.amount.raw().abs());
            let at = format!("{}+09:00", utc_and_korean(moved.at).1);
            format!(
                "{{\"type\":\"{kind}\",\"uuid\":\"{uuid}\",\"currency\":\"{currency}\",\"net_type\":null,\"txid\":\"{uuid}\",\
                 \"state\":\"{state}\",\"created_at\":\"{at}\",\"done_at\":\"{at}\",\"amount\":\"{amount}\",\"fee\":\"0\",\
                 \"transaction_type\":\"default\"}}"
            )
        };
        format!("[{}]", wanted.skip((page - 1) * limit).take(limit).map(row).collect::<Vec<_>>().join(","))
    }
}

/// Lets come and go what was asked for, each at its time after the start.
pub(super) async fn run(shared: Arc<Shared>) {
    let begun = Instant::now();
    let mut left: Vec<(Duration, String, Money)> = shared.config.transfers.clone();
    left.sort_by_key(|row| row.0);
    for (after, currency, amount) in left {
        sleep(after.saturating_sub(begun.elapsed())).await;
        let now = shared.now();
        shared.lock().transfer(&currency, amount, now);
    }
}
