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
    income: Money,
}

impl Sums {
    fn of(result: &AccountResult) -> Option<Sums> {
        Some(Sums::with(result, result.unrealised?))
    }

    fn with(result: &AccountResult, unrealised: Money) -> Sums {
        let cash = result.cash;
        Sums { realised: cash.realised, unrealised, fees: cash.fees, taxes: cash.taxes, income: result.income }
    }

    fn profit(&self) -> Option<Money> {
        self.realised.checked_add(self.unrealised)?.checked_add(self.income)?.checked_sub(self.fees)?.checked_sub(self.taxes)
    }
}

impl Ledger {
    /// From what the kernel has now: a session that goes on from another is not credited with what that earned.
    pub fn new(kernel: &Kernel) -> Self {
        let mut ledger = Ledger::default();
        for result in kernel.results() {
            let start = Sums::of(&result).unwrap_or_else(|| {
                // Something is held that has no price: its worth counts from when it has one.
                Sums::with(&result, Money::ZERO)
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
            income: Money::ZERO,
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
            income: sums.income.checked_sub(start.income)?,
            profit,
            drawdown: self.now.drawdown.max(self.peak.checked_sub(profit)?),
            ..self.now
        };
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use jangbu_journal::{Nanos, Seq, Stamp};
    use jangbu_replay::{Effects, Machine};

    use super::*;
    use crate::account::{Fill, Liquidity, OrderId, OrderType, OrderUpdate, SessionId, TimeInForce};
    use crate::event::{Command, Event, MarketEvent, OrderEvent};
    use crate::market::testing::{instrument, money, price, qty};
    use crate::market::{InstrumentId, InstrumentKind, Side, Trade};

    struct Rig {
        kernel: Kernel,
        seq: Seq,
    }

    impl Rig {
        fn hear(&mut self, event: Event) {
            self.seq = self.seq.next();
            let stamp = Stamp { seq: self.seq, recv: Nanos::new(1_700_000_000_000_000_000), venue: None };
            self.kernel.apply(&stamp, &event, &mut Effects::new());
        }

        fn trade(&mut self, at: &str) {
            let (instrument, id) = (InstrumentId(0), self.seq.get());
            let trade = Trade { instrument, taker: Side::Buy, price: price(at), qty: qty("1"), id };
            self.hear(Event::Market(MarketEvent::Trade(trade)));
        }

        /// A market order by hand, filled at this price.
        fn deal(&mut self, side: Side, at: &str) {
            let (order_type, time_in_force, instrument) = (OrderType::Market, TimeInForce::Gtc, InstrumentId(0));
            self.hear(Event::Command(Box::new(Command::Order { instrument, side, order_type, time_in_force, qty: qty("1") })));
            let order = OrderId { session: SessionId(1), seq: self.seq, index: 0 };
            let fill = Fill { trade: self.seq.get(), price: price(at), qty: qty("1"), liquidity: Liquidity::Taker };
            self.hear(Event::Order(OrderEvent { order, update: OrderUpdate::Filled(fill) }));
        }
    }

    #[test]
    fn profit_counts_from_the_start_and_drawdown_from_the_highest() {
        let mut future = instrument(0, InstrumentKind::Perpetual);
        future.fees.taker = crate::market::Rate::ZERO;
        let (venue, currency) = (future.venue, future.quote);
        let mut rig = Rig { kernel: Kernel::default(), seq: Seq::ZERO };
        rig.hear(Event::Command(Box::new(Command::SessionStarted {
            session: SessionId(1),
            build: "test".into(),
            mode: "test".into(),
        })));
        rig.hear(Event::Market(MarketEvent::Instrument(Box::new(future))));
        rig.hear(Event::Command(Box::new(Command::Deposit { venue, currency, amount: money("10000") })));
        rig.trade("100");
        // What was earned before does not count.
        rig.deal(Side::Buy, "100");
        rig.deal(Side::Sell, "150");
        let mut ledger = Ledger::new(&rig.kernel);
        rig.deal(Side::Buy, "100");
        for at in ["130", "95", "120", "110"] {
            rig.trade(at);
            ledger.look(&rig.kernel);
        }
        let reports = ledger.into_reports();
        let report = reports.iter().find(|report| (report.venue, report.currency) == (venue, currency)).expect("an account");
        assert_eq!((report.profit, report.realised, report.unrealised), (money("10"), money("0"), money("10")));
        assert_eq!((report.drawdown, report.cash), (money("35"), money("10050")));
    }
}
