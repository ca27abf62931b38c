//! What became of the money while a backtest runs: [`Ledger`].

use crate::backtest::report::AccountReport;
use crate::kernel::{AccountResult, Kernel};
use crate::market::Money;

/// Watches every account from its state at the start.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    accounts: Vec<Account>,
}

#[derive(Clone, Copy, Debug)]
struct Account {
    /// As it was when it was first seen.
    start: Sums,
    now: AccountReport,
    /// The highest profit so far.
    peak: Money,
}

/// What a profit is made of.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    realised: Money,
    unrealised: Money,
    fees: Money,
    taxes: Money,
}

impl Sums {
    fn of(result: &AccountResult) -> Option<Sums> {
        let cash = result.cash;
        Some(Sums { realised: cash.realised, unrealised: result.unrealised?, fees: cash.fees, taxes: cash.taxes })
    }

    fn profit(&self) -> Option<Money> {
        self.realised.checked_add(self.unrealised)?.checked_sub(self.fees)?.checked_sub(self.taxes)
    }
}

impl Ledger {
    /// From what the kernel has now: a session that goes on from another is not credited with what that earned.
    pub fn new(kernel: &Kernel) -> Self {
        let mut ledger = Ledger::default();
        for result in kernel.results() {
            let start = Sums::of(&result).unwrap_or_else(|| {
                // Something is held that has no price: its worth counts from when it has one.
                let cash = result.cash;
                Sums { realised: cash.realised, unrealised: Money::ZERO, fees: cash.fees, taxes: cash.taxes }
            });
            ledger.accounts.push(Account::new(&result, start));
        }
        ledger
    }

    /// Looks at every account. One whose worth cannot be told now is left as it was.
    pub fn look(&mut self, kernel: &Kernel) {
        for result in kernel.results() {
            let is_this = |account: &Account| (account.now.venue, account.now.currency) == (result.venue, result.currency);
            let place = match self.accounts.iter().position(is_this) {
                Some(place) => place,
                None => {
                    self.accounts.push(Account::new(&result, Sums::default()));
                    self.accounts.len() - 1
                }
            };
            // `None` also when a sum does not fit: then nothing can be said.
            let _ = Sums::of(&result).and_then(|sums| self.accounts[place].see(&result, &sums));
        }
    }

    /// Every account, by venue and currency.
    pub fn into_reports(self) -> Vec<AccountReport> {
        let mut reports: Vec<AccountReport> = self.accounts.into_iter().map(|account| account.now).collect();
        reports.sort_by_key(|report| (report.venue, report.currency));
        reports
    }
}

impl Account {
    fn new(result: &AccountResult, start: Sums) -> Self {
        let now = AccountReport {
            venue: result.venue,
            currency: result.currency,
            cash: result.cash.total,
            realised: Money::ZERO,
            unrealised: start.unrealised,
            fees: Money::ZERO,
            taxes: Money::ZERO,
            profit: Money::ZERO,
            drawdown: Money::ZERO,
        };
        Account { start, now, peak: Money::ZERO }
    }

    fn see(&mut self, result: &AccountResult, sums: &Sums) -> Option<()> {
        let start = &self.start;
        let profit = sums.profit()?.checked_sub(start.profit()?)?;
        self.peak = self.peak.max(profit);
        self.now = AccountReport {
            cash: result.cash.total,
            realised: sums.realised.checked_sub(start.realised)?,
            unrealised: sums.unrealised,
            fees: sums.fees.checked_sub(start.fees)?,
            taxes: sums.taxes.checked_sub(start.taxes)?,
            profit,
            drawdown: self.now.drawdown.max(self.peak.checked_sub(profit)?),
            ..self.now
        };
        Some(())
    }
}
