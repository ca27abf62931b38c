//! What the venue tells of orders and the account, as the kernel's events. Every trade is told once, whoever tells it first.

use jangbu_journal::Nanos;
use tokio::time::Instant;

use super::account::{Found, Snapshot};
use super::identifier::number_of;
use super::private::Private;
use super::wire::Number;
use super::wire::private::{MyAsset, MyOrder, OrderState};
use super::wire::rest::account::Account;
use super::wire::rest::order::{Order as Answered, OrderTrade};
use crate::account::{Fill, Liquidity, OrderId, OrderUpdate};
use crate::event::Answer;
use crate::event::order::Charge;
use crate::market::{Money, Price, Qty, Rounding, Venue};
use crate::venue::VenueError;

impl Private {
    /// A report of the private stream.
    pub(super) async fn on_report(&mut self, recv: Nanos, report: &MyOrder) -> Result<(), VenueError> {
        let Some((order, revision)) = self.orders.find(&report.uuid, report.identifier.as_deref()) else {
            return self.on_foreign(recv, report).await;
        };
        self.accept(order, revision, &report.uuid).await?;
        if let (Some((price, qty)), Some(uuid)) = (report.fill(), &report.trade_uuid) {
            let liquidity = match report.maker {
                Some(true) => Liquidity::Maker,
                Some(false) => Liquidity::Taker,
                None => Liquidity::Unstated,
            };
            let fill = Fill { trade: number_of(uuid), price, qty, liquidity };
            let fee = report.trade_fee.and_then(|fee| fee.money_rounded(Rounding::HalfEven));
            self.tell_trade(report.trade_time, recv, order, revision, fill, fee).await?;
        }
        let Some(known) = self.orders.get_mut(order) else { return Ok(()) };
        known.heard = Instant::now();
        if known.is_done || known.amending.is_some() || known.is_unplaced {
            // What is under way tells the rest.
            return Ok(());
        }
        let is_whole = known.filled_of(revision) == report.executed;
        match report.state {
            OrderState::Done | OrderState::Cancel if is_whole && revision == known.revision => {
                self.tell_end(order, report.state).await
            }
            OrderState::Wait | OrderState::Watch | OrderState::Trade if is_whole => Ok(()),
            OrderState::Cancel if is_whole => Ok(()),
            // A report before this one is missing, or the venue made the order smaller.
            _ => {
                self.find_later(order, self.config.patience.resolve);
                Ok(())
            }
        }
    }

    /// A trade of an order of ours: the fill, and what it cost.
    async fn tell_trade(
        &mut self,
        time: Option<Nanos>,
        recv: Nanos,
        order: OrderId,
        revision: u16,
        fill: Fill,
        fee: Option<Money>,
    ) -> Result<(), VenueError> {
        let Some(known) = self.orders.get_mut(order).filter(|known| !known.has_trade(fill.trade)) else { return Ok(()) };
        known.count(revision, fill.trade, fill.qty, fee);
        let is_filled = known.filled >= known.qty && known.amending.is_none();
        self.tell(recv, time, order, OrderUpdate::Filled(fill)).await?;
        if let Some(fee) = fee {
            let charge = Charge { order, trade: fill.trade, fee, tax: Money::ZERO, currency: None };
            self.mailbox.answer(recv, Answer::Charged(charge)).await?;
        }
        if is_filled {
            self.orders.end(order);
        }
        Ok(())
    }

    /// The trades of rows that the REST interface told, those not told yet. False when rows have filled more than they list.
    pub(super) async fn tell_rows(&mut self, order: OrderId, found: &Found) -> Result<bool, VenueError> {
        let recv = (self.now)();
        let mut whole = true;
        for (revision, row) in found {
            let trades = row.trades.as_deref().unwrap_or(&[]);
            let Some(known) = self.orders.get(order) else { return Ok(true) };
            let told = |trade: &OrderTrade| {
                let number = number_of(&trade.uuid);
                known.has_trade(number).then(|| known.trades.get(&number).copied().flatten())
            };
            let missing = fees(row, trades, told);
            for (trade, fee) in missing {
                let OrderTrade { price, qty, time, .. } = *trade;
                let fill = Fill { trade: number_of(&trade.uuid), price, qty, liquidity: Liquidity::Unstated };
                self.tell_trade(Some(time), recv, order, *revision, fill, fee).await?;
            }
            let listed = trades.iter().try_fold(Qty::ZERO, |sum, trade| sum.checked_add(trade.qty));
            whole &= listed == Some(row.executed);
            if let Some(known) = self.orders.get_mut(order).filter(|_| listed == Some(row.executed)) {
                known.set_filled_of(*revision, row.executed);
            }
        }
        Ok(whole)
    }

    /// An order has ended at the venue, and all its fills are told.
    pub(super) async fn tell_end(&mut self, order: OrderId, state: OrderState) -> Result<(), VenueError> {
        let Some(known) = self.orders.get(order).filter(|known| !known.is_done) else { return Ok(()) };
        if known.filled >= known.qty {
            self.orders.end(order);
            return Ok(());
        }
        let cancelled = state == OrderState::Cancel && !known.is_immediate();
        let update = if cancelled { OrderUpdate::Cancelled } else { OrderUpdate::Expired };
        self.tell((self.now)(), None, order, update).await
    }

    /// What became of an order of ours.
    pub(super) async fn tell(
        &mut self,
        at: Nanos,
        time: Option<Nanos>,
        order: OrderId,
        update: OrderUpdate,
    ) -> Result<(), VenueError> {
        let over = matches!(update, OrderUpdate::Cancelled | OrderUpdate::Expired | OrderUpdate::Rejected { .. });
        self.mailbox.order(at, time, order, update).await?;
        if over {
            self.orders.end(order);
        }
        Ok(())
    }

    /// An order that is not ours: placed by hand, or by a session of another journal. The kernel is told that it is there; what
    /// it does to cash and coins shows in the account.
    async fn on_foreign(&mut self, recv: Nanos, report: &MyOrder) -> Result<(), VenueError> {
        let row = self.markets.iter().find(|row| row.1 == report.code);
        let (Some((instrument, _)), OrderState::Wait) = (row, report.state) else { return Ok(()) };
        let qty = report.volume.and_then(|volume| volume.qty().ok()).unwrap_or(report.executed);
        let open = Answer::OpenOrder {
            order: None,
            venue_order: number_of(&report.uuid),
            instrument: instrument.id,
            side: report.side,
            price: report.price.and_then(|price| price.price().ok()).unwrap_or(Price::ZERO),
            qty,
            filled: report.executed,
        };
        self.mailbox.answer(recv, open).await
    }

    /// Assets changed. What is held of a coin is a position, and follows from its fills.
    pub(super) async fn on_assets(&mut self, recv: Nanos, report: &MyAsset) -> Result<(), VenueError> {
        for asset in &report.assets {
            self.tell_cash(recv, &asset.currency, asset.balance, asset.locked).await?;
        }
        // While orders live, it is most likely theirs: then the next audit asks.
        self.assets_changed = true;
        if self.orders.live().next().is_none() {
            self.ask_flows();
        }
        Ok(())
    }

    /// Cash: what an instrument of the session is paid with.
    async fn tell_cash(&mut self, recv: Nanos, currency: &str, free: Number, locked: Number) -> Result<(), VenueError> {
        let quote = self.markets.iter().map(|row| row.0.quote).find(|quote| quote.as_str() == currency);
        let (Some(currency), Some(free), Some(locked)) = (quote, floor(free), floor(locked)) else { return Ok(()) };
        self.mailbox.answer(recv, Answer::Balance { venue: Venue::Upbit, currency, free, locked }).await
    }

    /// Everything of the account: first what explains it, then what it is.
    pub(super) async fn tell_account(&mut self, snapshot: Snapshot) -> Result<(), VenueError> {
        let Snapshot { found, open, accounts, transfers } = snapshot;
        for (order, rows) in found {
            if self.orders.get(order).is_some_and(|known| !known.is_busy && !known.is_done) {
                self.on_rows(order, rows).await?;
                self.go_on(order).await?;
            }
        }
        let recv = (self.now)();
        if transfers.is_some() || !self.flows_hidden {
            self.tell_flows(transfers).await?;
        }
        let mut quotes: Vec<String> = self.markets.iter().map(|row| row.0.quote.as_str().to_owned()).collect();
        quotes.sort_unstable();
        quotes.dedup();
        for quote in quotes {
            let row = accounts.iter().find(|row| row.currency == quote);
            let (free, locked) = row.map_or((Number::ZERO, Number::ZERO), |row| (row.balance, row.locked));
            self.tell_cash(recv, &quote, free, locked).await?;
        }
        let positions: Vec<Answer> = self
            .markets
            .iter()
            .map(|(instrument, _)| {
                let row = accounts.iter().find(|row| row.currency == instrument.base.as_str());
                let qty = row.map_or(Qty::ZERO, held);
                let average = row.filter(|row| row.unit == instrument.quote.as_str()).and_then(|row| row.average_price.rate());
                // A coin that was given, or paid for in another currency, has no price of its own: it is taken at today's.
                let average = average.map(|rate| Price::from_raw(rate.raw())).filter(|price| price.is_positive());
                let average = average.or(self.prices.last(instrument.id)).filter(|_| !qty.is_zero()).unwrap_or(Price::ZERO);
                Answer::Position { instrument: instrument.id, qty, average }
            })
            .collect();
        for position in positions {
            self.mailbox.answer(recv, position).await?;
        }
        for row in &open {
            self.tell_open(recv, row).await?;
        }
        self.mailbox.answer(recv, Answer::Reconciled { venue: Venue::Upbit }).await
    }

    async fn tell_open(&mut self, recv: Nanos, row: &Answered) -> Result<(), VenueError> {
        // Of a market that the settings do not name, there is no instrument to speak of.
        let Some((instrument, _)) = self.markets.iter().find(|market| market.1 == row.code) else { return Ok(()) };
        let instrument = instrument.id;
        let found = self.orders.find(&row.uuid, row.identifier.as_deref());
        let known = found.and_then(|(order, revision)| Some((self.orders.get(order)?, revision)));
        if known.is_some_and(|(known, revision)| known.is_done || known.revision != revision) {
            // It has ended, or was replaced, since the list was read.
            return Ok(());
        }
        let open = Answer::OpenOrder {
            order: found.map(|(order, _)| order),
            venue_order: number_of(&row.uuid),
            instrument,
            side: row.side,
            price: row.price.and_then(|price| price.price().ok()).unwrap_or(Price::ZERO),
            qty: row.volume.and_then(|volume| volume.qty().ok()).unwrap_or(row.executed),
            filled: row.executed,
        };
        self.mailbox.answer(recv, open).await
    }
}

/// Trades of a row that are not told yet, with what each cost. `told` is the fee a trade was told with, if it was told at all.
///
/// The REST interface tells only what a whole order has paid: what the told trades do not explain of it is shared by the
/// others, in proportion to their amounts and to the last unit. `None` where that cannot be reckoned: the fee table is used then.
fn fees<'t>(
    row: &Answered,
    trades: &'t [OrderTrade],
    told: impl Fn(&OrderTrade) -> Option<Option<Money>>,
) -> Vec<(&'t OrderTrade, Option<Money>)> {
    let paid = row.paid_fee.money_rounded(Rounding::HalfEven).map(Money::raw);
    let funds = |trade: &OrderTrade| trade.price.times(trade.qty, Rounding::HalfEven).map(Money::raw);
    let all: Option<i128> = trades.iter().map(funds).sum();
    let part = |of: i128| Some(of.checked_mul(paid?)? / all.filter(|all| *all > 0)?);
    // A trade told by a session before was told with what it cost then.
    let explained: Option<i128> = trades
        .iter()
        .filter_map(|trade| Some((told(trade)?, trade)))
        .map(|(fee, trade)| match fee {
            Some(fee) => Some(fee.raw()),
            None => part(funds(trade)?),
        })
        .sum();
    let missing: Vec<&OrderTrade> = trades.iter().filter(|trade| told(trade).is_none()).collect();
    let mut left = paid.zip(explained).map(|(paid, explained)| paid - explained).filter(|left| *left >= 0);
    let mut open: Option<i128> = missing.iter().map(|trade| funds(trade)).sum();
    missing
        .into_iter()
        .map(|trade| {
            let share = (|| {
                let (rest, of, all) = (left?, funds(trade)?, open.filter(|open| *open > 0)?);
                let share = of.checked_mul(rest)? / all;
                (left, open) = (Some(rest - share), Some(all - of));
                Some(Money::from_raw(share))
            })();
            (trade, share)
        })
        .collect()
}

fn floor(number: Number) -> Option<Money> {
    number.money_rounded(Rounding::Floor)
}

/// All of a coin, also what open orders hold.
fn held(row: &Account) -> Qty {
    let total = floor(row.balance).zip(floor(row.locked)).and_then(|(free, locked)| free.checked_add(locked));
    total.map_or(Qty::ZERO, |total| Qty::from_raw(total.raw()))
}
