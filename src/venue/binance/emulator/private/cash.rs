//! Cash that comes and goes without a trade: deposits, withdrawals, funding. [`DeskIncome`] is a line of the account's history.

use serde_json::{Value, json};

use super::super::config::MarketKind;
use super::super::market::lock;
use super::super::symbols::SymbolRules;
use super::desk::Desk;
use super::{Accounts, frames};
use crate::market::{Money, Price, Rate, Rounding};

/// What came or went, as booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskIncome {
    /// The venue's number of it.
    pub number: u64,
    /// Whose: the place of the account.
    pub account: usize,
    /// Whose funding; empty where it is of no symbol.
    pub symbol: String,
    /// The venue's word for it.
    pub kind: &'static str,
    /// How much came; below 0 it went.
    pub amount: Money,
    /// Of what.
    pub asset: String,
    /// When, milliseconds.
    pub at_ms: i64,
}

impl Accounts {
    /// Puts cash or a coin in from outside, or takes it out, below 0. False when there is no such account, or less.
    pub(in super::super) fn transfer(&self, account: usize, asset: &str, amount: Money) -> bool {
        let now_ms = self.now_ms();
        let mut desk = lock(&self.desk);
        let Some((funds, _)) = desk.accounts.get(account) else { return false };
        if amount.is_zero() || funds.free(asset).checked_add(amount).is_none_or(Money::is_negative) {
            return false;
        }
        let done = desk.come(DeskIncome {
            number: 0,
            account,
            symbol: String::new(),
            kind: "TRANSFER",
            amount,
            asset: asset.to_owned(),
            at_ms: now_ms,
        });
        if done && self.kind == MarketKind::Spot {
            let change = frames::text(amount.raw());
            desk.outbox.push((account, json!({"e": "balanceUpdate", "E": now_ms, "a": asset, "d": change, "T": now_ms})));
        }
        if done {
            let reason = if amount.is_negative() { "WITHDRAW" } else { "DEPOSIT" };
            desk.tell_account(account, reason, now_ms);
        }
        self.flush(&mut desk);
        done
    }

    /// Longs pay shorts so much of their positions' value at `mark`, or shorts pay longs, below 0. How many positions were charged.
    pub(in super::super) fn fund(&self, symbol: &str, mark: Price, rate: Rate) -> usize {
        let now_ms = self.now_ms();
        let mut desk = lock(&self.desk);
        let quote = SymbolRules::of(self.kind, symbol).quote.clone();
        let mut charged = 0;
        for account in 0..desk.accounts.len() {
            let position = desk.accounts[account].0.position(symbol);
            let paid = position.value(mark).and_then(|value| value.share(rate, Rounding::HalfEven));
            let Some(amount) = paid.and_then(|paid| Money::ZERO.checked_sub(paid)).filter(|amount| !amount.is_zero()) else {
                continue;
            };
            let (symbol, asset) = (symbol.to_owned(), quote.clone());
            if desk.come(DeskIncome { number: 0, account, symbol, kind: "FUNDING_FEE", amount, asset, at_ms: now_ms }) {
                desk.tell_account(account, "FUNDING_FEE", now_ms);
                charged += 1;
            }
        }
        self.flush(&mut desk);
        charged
    }

    pub(in super::super) fn incomes(&self) -> Vec<DeskIncome> {
        lock(&self.desk).incomes.clone()
    }
}

impl Desk {
    /// Books it under the next number. False when it does not fit.
    fn come(&mut self, income: DeskIncome) -> bool {
        let DeskIncome { account, amount, .. } = income;
        let number = self.number();
        if self.accounts[account].0.add(&income.asset, amount).is_none() {
            return false;
        }
        self.incomes.push(DeskIncome { number, ..income });
        true
    }

    /// `/fapi/v1/income`: the oldest since `from_ms`, at most `limit`; what fills brought is among them.
    pub(super) fn history(&self, account: usize, from_ms: i64, limit: usize) -> Value {
        let row = |income: &DeskIncome| {
            let DeskIncome { number, symbol, kind, amount, asset, at_ms, .. } = income;
            (
                *at_ms,
                *number,
                json!({"symbol": symbol, "incomeType": kind, "income": frames::text(amount.raw()), "asset": asset,
                "info": kind, "time": at_ms, "tranId": number, "tradeId": ""}),
            )
        };
        let commission = |fill: &super::desk::DeskFill| {
            let order = self.orders.get(&fill.order).filter(|order| order.account == account)?;
            let paid = frames::text(-fill.fee.0.raw());
            let line = json!({"symbol": order.symbol, "incomeType": "COMMISSION", "income": paid, "asset": fill.fee.1,
                "info": "COMMISSION", "time": fill.at_ms, "tranId": fill.trade, "tradeId": fill.trade.to_string()});
            Some((fill.at_ms, fill.trade, line))
        };
        let own = self.incomes.iter().filter(|income| income.account == account).map(row);
        let mut rows: Vec<(i64, u64, Value)> = own.chain(self.fills.iter().filter_map(commission)).collect();
        rows.retain(|row| row.0 >= from_ms);
        rows.sort_by_key(|row| (row.0, row.1));
        rows.truncate(limit);
        rows.into_iter().map(|row| row.2).collect()
    }
}
