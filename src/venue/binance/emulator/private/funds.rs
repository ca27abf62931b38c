//! What an account of the emulator has: [`Funds`]. Spot has assets, some of them locked by open orders; futures a wallet and
//! positions at average cost. Checked integers: what does not fit is refused.

use std::collections::BTreeMap;

use crate::account::Position;
use crate::market::{Money, Price, Qty, Side};

/// Cash, assets, positions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funds {
    /// All of each asset.
    pub total: BTreeMap<String, Money>,
    /// What open orders hold of it; spot only.
    pub locked: BTreeMap<String, Money>,
    /// By symbol; futures only.
    pub positions: BTreeMap<String, Position>,
    /// Fees paid, by asset.
    pub fees: BTreeMap<String, Money>,
}

impl Funds {
    pub(super) fn total(&self, asset: &str) -> Money {
        self.total.get(asset).copied().unwrap_or_default()
    }

    pub(super) fn locked(&self, asset: &str) -> Money {
        self.locked.get(asset).copied().unwrap_or_default()
    }

    /// What no order holds.
    pub(super) fn free(&self, asset: &str) -> Money {
        self.total(asset).checked_sub(self.locked(asset)).unwrap_or_default()
    }

    /// Adds to an asset (or takes, below 0). `None` when it does not fit.
    pub(super) fn add(&mut self, asset: &str, amount: Money) -> Option<()> {
        let after = self.total(asset).checked_add(amount)?;
        self.total.insert(asset.to_owned(), after);
        Some(())
    }

    /// Locks, or releases below 0.
    pub(super) fn lock(&mut self, asset: &str, amount: Money) -> Option<()> {
        let after = self.locked(asset).checked_add(amount)?;
        self.locked.insert(asset.to_owned(), after);
        Some(())
    }

    /// Pays a fee.
    pub(super) fn pay_fee(&mut self, asset: &str, fee: Money) -> Option<()> {
        self.add(asset, Money::ZERO.checked_sub(fee)?)?;
        let paid = self.fees.entry(asset.to_owned()).or_default();
        *paid = paid.checked_add(fee)?;
        Some(())
    }

    /// Books a futures trade: profit goes to the wallet.
    pub(super) fn trade(&mut self, symbol: &str, quote: &str, side: Side, price: Price, qty: Qty) -> Option<()> {
        let booked = self.positions.entry(symbol.to_owned()).or_default().apply(side, price, qty)?;
        self.add(quote, booked.realised)
    }

    /// A futures position.
    pub(super) fn position(&self, symbol: &str) -> Position {
        self.positions.get(symbol).copied().unwrap_or_default()
    }
}
