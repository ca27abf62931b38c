//! An account of the exchange: cash, holdings, what open orders reserve of both, and the ledger that everything is booked in.

use std::collections::BTreeMap;

use jangbu_journal::Nanos;

use super::order::{AccountId, Charges};
use crate::market::number::divide;
use crate::market::{Currency, InstrumentId, Money, Price, Qty, Rounding, Side};

/// Cash in one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cash {
    /// All of it.
    pub total: Money,
    /// What open buy orders may cost, with their fees.
    pub reserved: Money,
}

impl Cash {
    /// What new orders may use.
    pub fn free(&self) -> Money {
        less(self.total, self.reserved)
    }
}

/// What is held of one instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// All of it.
    pub qty: Qty,
    /// What open sell orders would deliver.
    pub reserved: Qty,
    /// What it cost, without fees. A sale takes away its share, rounded down to whole units of the quote currency's 1e-8.
    pub cost: Money,
    /// Bought since the day began.
    pub bought_today: Qty,
    /// Sold since the day began.
    pub sold_today: Qty,
    /// What sales brought since the day began: value less cost less fees and taxes of the sale.
    pub realised_today: Money,
}

impl Holding {
    /// What new sell orders may deliver.
    pub fn free(&self) -> Qty {
        Qty::from_raw(self.qty.raw() - self.reserved.raw())
    }

    /// Cost by quantity, cut to 1e-8; 0 when nothing is held.
    pub fn average(&self) -> Price {
        self.cost.per(self.qty, Rounding::Floor).unwrap_or(Price::ZERO)
    }
}

/// An account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// By currency.
    pub cash: BTreeMap<Currency, Cash>,
    /// By instrument; what was sold out stays, with 0.
    pub holdings: BTreeMap<InstrumentId, Holding>,
}

impl Account {
    /// Cash in a currency; nothing if there never was any.
    pub fn cash(&self, currency: Currency) -> Cash {
        self.cash.get(&currency).copied().unwrap_or_default()
    }

    /// What is held of an instrument; nothing if there never was any.
    pub fn holding(&self, instrument: InstrumentId) -> Holding {
        self.holdings.get(&instrument).copied().unwrap_or_default()
    }
}

/// A fill as it was booked, of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerFill {
    /// The exchange's number of the fill; rises, and both sides of a trade between two accounts have one each.
    pub number: u64,
    /// When.
    pub at: Nanos,
    /// Whose.
    pub account: AccountId,
    /// Of which order.
    pub order: u64,
    /// Of what.
    pub instrument: InstrumentId,
    /// Bought or sold.
    pub side: Side,
    /// At what price.
    pub price: Price,
    /// How much.
    pub qty: Qty,
    /// Price × quantity, cut to 1e-8.
    pub value: Money,
    /// What it cost beside.
    pub charges: Charges,
    /// Whether it took from the book.
    pub taker: bool,
}

/// Everything that ever changed an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Cash put in.
    pub deposits: Vec<(AccountId, Currency, Money)>,
    /// Holdings put in, with their cost.
    pub transfers: Vec<(AccountId, InstrumentId, Qty, Money)>,
    /// Every fill, oldest first.
    pub fills: Vec<LedgerFill>,
}

impl Ledger {
    /// Fees and taxes of an account in the quote currencies, all added up.
    pub fn charged(&self, account: AccountId) -> (Money, Money) {
        let own = self.fills.iter().filter(|fill| fill.account == account);
        own.fold((Money::ZERO, Money::ZERO), |(fee, tax), fill| (plus(fee, fill.charges.fee), plus(tax, fill.charges.tax)))
    }

    /// Cash in a currency and holdings of an account as the entries alone say.
    pub fn recount(
        &self,
        account: AccountId,
        quote_of: impl Fn(InstrumentId) -> Currency,
    ) -> (BTreeMap<Currency, Money>, BTreeMap<InstrumentId, Qty>) {
        let (mut cash, mut holdings) = (BTreeMap::new(), BTreeMap::new());
        for (_, currency, amount) in self.deposits.iter().filter(|entry| entry.0 == account) {
            let sum: &mut Money = cash.entry(*currency).or_default();
            *sum = plus(*sum, *amount);
        }
        for (_, instrument, qty, _) in self.transfers.iter().filter(|entry| entry.0 == account) {
            let sum: &mut Qty = holdings.entry(*instrument).or_default();
            *sum = Qty::from_raw(sum.raw() + qty.raw());
        }
        for fill in self.fills.iter().filter(|fill| fill.account == account) {
            let sum: &mut Money = cash.entry(quote_of(fill.instrument)).or_default();
            let held: &mut Qty = holdings.entry(fill.instrument).or_default();
            let charges = plus(fill.charges.fee, fill.charges.tax);
            let (money, qty) = match fill.side {
                Side::Buy => (less(Money::ZERO, plus(fill.value, charges)), fill.qty.raw() - fill.charges.base_fee.raw()),
                Side::Sell => (less(fill.value, charges), -fill.qty.raw()),
            };
            *sum = plus(*sum, money);
            *held = Qty::from_raw(held.raw() + qty);
        }
        (cash, holdings)
    }
}

/// The share of `cost` that `part` of `qty` has, cut to 1e-8; all of it when all goes.
pub(super) fn cost_of(cost: Money, part: Qty, qty: Qty) -> Money {
    if part >= qty {
        return cost;
    }
    // Too large to multiply is not seen below 1e21 units: then by the average, which is as good as it gets.
    let exact = cost.raw().checked_mul(part.raw()).and_then(|product| divide(product, qty.raw(), Rounding::Floor));
    Money::from_raw(exact.unwrap_or_else(|| cost.raw() / qty.raw().max(1) * part.raw()))
}

/// Sums of what is bounded when it comes in: orders by [`super::VALUE_MAX`], deposits likewise.
pub(super) fn plus(a: Money, b: Money) -> Money {
    a.checked_add(b).expect("deposits and orders are bounded far below the type")
}

/// The difference, likewise.
pub(super) fn less(a: Money, b: Money) -> Money {
    a.checked_sub(b).expect("deposits and orders are bounded far below the type")
}
