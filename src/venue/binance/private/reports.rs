//! What the venue tells of orders and the account, as the kernel's events. Every trade is told once, whoever tells it first.

use jangbu_journal::Nanos;

use super::account::{Snapshot, filled_in_all};
use super::requests::is_namesake;
use super::task::Private;
use crate::account::{Fill, OrderId, OrderUpdate};
use crate::event::Answer;
use crate::event::order::Charge;
use crate::market::{Currency, InstrumentId, Money, Venue};
use crate::venue::VenueError;
use crate::venue::binance::wire::private::ClientId;
use crate::venue::binance::wire::private::orders::{OrderAnswer, TradeRow};
use crate::venue::binance::wire::private::user::{AccountReport, Execution, OrderReport, ReportedTrade};

impl From<TradeRow> for ReportedTrade {
    fn from(row: TradeRow) -> Self {
        ReportedTrade {
            trade: row.trade,
            price: row.price,
            qty: row.qty,
            liquidity: row.liquidity,
            fee: Some((row.fee, row.fee_asset)),
        }
    }
}

impl Private {
    /// A report of the user stream.
    pub(super) async fn on_report(&mut self, recv: Nanos, report: OrderReport) -> Result<(), VenueError> {
        let Some(order) = self.orders.find(report.venue_order, &report.client_id, &report.symbol) else {
            return self.on_foreign(recv, &report).await;
        };
        let is_spot = self.venue() == Venue::BinanceSpot;
        let revision = report.client_id.parse().map_or(0, |id: ClientId| id.revision);
        let Some(known) = self.orders.get_mut(order) else { return Ok(()) };
        let number = known.number.unwrap_or(report.venue_order);
        let is_old = number != report.venue_order && revision <= known.revision;
        let is_replacement = number != report.venue_order && !is_old;
        if is_replacement && known.amending.is_some() {
            self.confirm(order, report.venue_order).await?;
        } else if report.execution == Execution::Rejected {
            let reason = format!("the venue refused it: {} / 거부되었습니다", report.reason);
            return self.tell(recv, report.time, order, OrderUpdate::Rejected { reason: reason.into() }).await;
        } else if !is_old {
            known.revision = known.revision.max(revision);
            self.accept(order, report.venue_order).await?;
        }
        if let Some(trade) = &report.trade {
            self.tell_trade(report.time, recv, order, trade).await?;
        }
        let Some(known) = self.orders.get_mut(order) else { return Ok(()) };
        known.heard_ms = self.client.clock.millis();
        if !is_old && known.is_behind(filled_in_all(known.qty, report.qty, report.filled)) {
            // A report before this one is missing.
            self.find(order, std::time::Duration::ZERO);
        }
        let Some(known) = self.orders.get_mut(order) else { return Ok(()) };
        match report.execution {
            Execution::Amended if known.amending.is_some_and(|asked| asked.price == report.price && asked.qty == report.qty) => {
                self.confirm(order, report.venue_order).await
            }
            // Somebody else amended it: the kernel reconciles by what it is told.
            Execution::Amended if !is_spot && (known.limit != Some(report.price) || known.qty != report.qty) => {
                (known.limit, known.qty) = (Some(report.price), report.qty);
                let update = OrderUpdate::Amended { price: report.price, qty: report.qty };
                self.tell(recv, report.time, order, update).await
            }
            Execution::Cancelled if is_old => Ok(()),
            Execution::Cancelled if is_spot && known.amending.is_some() => {
                // The first half of a cancel-replace; its answer, or the replacement's report, tells the rest.
                known.old_cancelled = true;
                Ok(())
            }
            Execution::Cancelled => self.tell(recv, report.time, order, OrderUpdate::Cancelled).await,
            Execution::Expired if !report.status.is_open() => self.tell(recv, report.time, order, OrderUpdate::Expired).await,
            _ => Ok(()),
        }
    }

    /// A trade of an order of ours: the fill, and what it cost.
    pub(super) async fn tell_trade(
        &mut self,
        time: Option<Nanos>,
        recv: Nanos,
        order: OrderId,
        trade: &ReportedTrade,
    ) -> Result<(), VenueError> {
        let Some(known) = self.orders.get_mut(order) else { return Ok(()) };
        if !known.is_new_trade(trade.trade, trade.qty) {
            return Ok(());
        }
        let (instrument, is_filled) = (known.request.instrument, known.filled >= known.qty);
        let ReportedTrade { trade: number, price, qty, liquidity, ref fee } = *trade;
        let fill = OrderUpdate::Filled(Fill { trade: number, price, qty, liquidity });
        self.tell(recv, time, order, fill).await?;
        let quote = self.quote(instrument);
        // No fee said is no fee: futures leave it out then, spot its asset.
        let (fee, asset) = fee.clone().unwrap_or((Money::ZERO, String::new()));
        let currency = Some(asset).filter(|asset| !asset.is_empty() && quote.is_none_or(|quote| quote.as_str() != asset));
        let charge = Charge { order, trade: number, fee, tax: Money::ZERO, currency };
        self.mailbox.answer(recv, Answer::Charged(charge)).await?;
        if is_filled {
            self.orders.end(order);
        }
        Ok(())
    }

    fn quote(&self, instrument: InstrumentId) -> Option<Currency> {
        self.instruments.iter().find(|row| row.0.id == instrument).map(|row| row.0.quote)
    }

    /// An order that is not ours: placed by hand, or by a session of another journal. The kernel is told that it is there; what
    /// it does to cash and positions shows in the account.
    async fn on_foreign(&mut self, recv: Nanos, report: &OrderReport) -> Result<(), VenueError> {
        if self.tell_forced(recv, report).await? || report.execution != Execution::New {
            return Ok(());
        }
        let row = OrderAnswer {
            symbol: report.symbol.clone(),
            venue_order: report.venue_order,
            client_id: report.client_id.clone(),
            side: report.side,
            price: report.price,
            qty: report.qty,
            filled: report.filled,
            status: report.status,
            placed: report.time,
        };
        self.tell_open(recv, &row).await
    }

    async fn tell_open(&mut self, recv: Nanos, row: &OrderAnswer) -> Result<(), VenueError> {
        // Of a symbol that the settings do not name, there is no instrument to speak of.
        let Some(instrument) = self.instrument(&row.symbol) else { return Ok(()) };
        let OrderAnswer { venue_order, side, price, qty, filled, .. } = *row;
        let order = self.orders.find(venue_order, &row.client_id, &row.symbol);
        self.mailbox.answer(recv, Answer::OpenOrder { order, venue_order, instrument, side, price, qty, filled }).await
    }

    pub(super) fn instrument(&self, symbol: &str) -> Option<InstrumentId> {
        self.instruments.iter().find(|row| row.0.symbol.eq_ignore_ascii_case(symbol)).map(|row| row.0.id)
    }

    /// Balances after a change. What is held of an instrument is a position, and follows from its fills.
    pub(super) async fn on_account_report(&mut self, recv: Nanos, report: &AccountReport) -> Result<(), VenueError> {
        for (asset, free, locked) in &report.balances {
            if self.is_cash(asset) {
                self.tell_cash(recv, asset, *free, *locked).await?;
            }
        }
        self.tell_isolated(recv, &report.margins).await?;
        // Spot names no reason: there `balanceUpdate` tells it.
        if !matches!(report.reason.as_str(), "" | "ORDER" | "MARGIN_TRANSFER" | "MARGIN_TYPE_CHANGE") {
            self.ask_flows();
        }
        Ok(())
    }

    /// Whether an asset is cash, and not what an instrument of spot is about.
    fn is_cash(&self, asset: &str) -> bool {
        self.venue() == Venue::BinanceUsdM || self.instruments.iter().all(|row| row.0.base.as_str() != asset)
    }

    async fn tell_cash(&mut self, recv: Nanos, asset: &str, free: Money, locked: Money) -> Result<(), VenueError> {
        // An asset whose code is longer than our codes cannot be traded either.
        let Ok(currency) = asset.parse() else { return Ok(()) };
        if !self.cash_told.iter().any(|told| told == asset) {
            self.cash_told.push(asset.to_owned());
        }
        let venue = self.venue();
        self.mailbox.answer(recv, Answer::Balance { venue, currency, free, locked }).await
    }

    /// Everything of the account: first what explains it, then what it is.
    pub(super) async fn tell_account(&mut self, snapshot: Snapshot) -> Result<(), VenueError> {
        let recv = self.client.clock.ours();
        let Snapshot { open, found, balances, positions, margins, flows } = snapshot;
        for row in &open {
            self.adopt_replacement(row).await?;
        }
        // In the order in which they happened, whosever they are: a position's profit depends on it.
        let mut missed: Vec<(OrderId, TradeRow)> = Vec::new();
        for (order, found) in &found {
            if found.answer.is_some() && self.orders.get(*order).is_some_and(|known| !is_namesake(known, found)) {
                missed.extend(found.trades.iter().map(|trade| (*order, trade.clone())));
            }
        }
        missed.sort_by_key(|row| (row.1.time, row.1.trade));
        for (order, trade) in missed {
            self.tell_trade(trade.time, recv, order, &trade.into()).await?;
        }
        for (order, found) in found {
            if self.orders.get(order).is_some_and(|known| !known.is_busy && !known.is_done) {
                self.on_found(order, Ok(found)).await?;
            }
        }
        self.tell_flows(&flows).await?;
        // What is not cash nor zero is told; what was told once is told again when it is gone.
        let mut gone = std::mem::take(&mut self.cash_told);
        let quotes: Vec<String> = self.instruments.iter().map(|row| row.0.quote.as_str().to_owned()).collect();
        for row in &balances {
            let is_wanted = quotes.contains(&row.asset) || row.asset == "BNB" || gone.contains(&row.asset);
            if self.is_cash(&row.asset) && (is_wanted || !row.total().is_zero()) {
                gone.retain(|asset| *asset != row.asset);
                self.tell_cash(recv, &row.asset, row.free, row.locked).await?;
            }
        }
        for quote in quotes.iter().filter(|quote| balances.iter().all(|row| row.asset != **quote)) {
            gone.retain(|asset| asset != quote);
            self.tell_cash(recv, quote, Money::ZERO, Money::ZERO).await?;
        }
        for asset in gone {
            self.tell_cash(recv, &asset, Money::ZERO, Money::ZERO).await?;
        }
        for (symbol, qty, average) in positions {
            if let Some(instrument) = self.instrument(&symbol) {
                self.mailbox.answer(recv, Answer::Position { instrument, qty, average }).await?;
            }
        }
        self.tell_isolated(recv, &margins).await?;
        for row in &open {
            if !self.is_replaced(row) {
                self.tell_open(recv, row).await?;
            }
        }
        let venue = self.venue();
        self.mailbox.answer(recv, Answer::Reconciled { venue }).await
    }

    /// Whether a list is so old that it still has an order of ours that another has replaced since.
    fn is_replaced(&self, row: &OrderAnswer) -> bool {
        let order = self.orders.find(row.venue_order, &row.client_id, &row.symbol).and_then(|order| self.orders.get(order));
        order.is_some_and(|known| known.number.is_some_and(|number| number != row.venue_order))
    }

    /// An open order that took the place of one of ours, and whose answer was never heard.
    async fn adopt_replacement(&mut self, row: &OrderAnswer) -> Result<(), VenueError> {
        let Some(order) = self.orders.find(row.venue_order, &row.client_id, &row.symbol) else { return Ok(()) };
        let revision = row.client_id.parse().map_or(0, |id: ClientId| id.revision);
        // A list may be older than what is known: the order that was replaced does not come back.
        let is_newer = |known: &&mut super::known::Known| known.number.is_none() || revision > known.revision;
        let Some(known) = self.orders.get_mut(order).filter(is_newer) else { return Ok(()) };
        if known.amending.is_some() && known.number.is_some() {
            known.revision = revision.saturating_sub(1);
            self.confirm(order, row.venue_order).await
        } else {
            known.revision = revision;
            self.accept(order, row.venue_order).await
        }
    }
}
