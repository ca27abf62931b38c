//! What is asked of the venue about orders, and what its answers prove. Each order is sent once; what stays unknown is asked
//! for, by our own identifier, until it is proven.
//!
//! How an order of the kernel's is said to Upbit:
//!
//! | order | `ord_type` | |
//! |---|---|---|
//! | limit | `limit` | `time_in_force` none, `ioc`, `fok`, `post_only` |
//! | market, sell | `market`; fill or kill: `best`, `fok` | by quantity |
//! | market, buy | `limit`, `ioc` or `fok` | at most 1 % above the last price |
//!
//! A market buy of Upbit's (`price`) is for an amount, not for a quantity: when the price falls on the way, it buys more than
//! was ordered, which no book here could hold. A limit that takes what is there at once and leaves the rest never does.
//!
//! An amendment puts another order, under the next identifier, in the place of the one there was. A new price alone goes by
//! `cancel_and_new` with `remain_only`: the venue itself takes over what is left. A new quantity is cancelled, looked at, and
//! placed anew for exactly what is missing: whatever fills on the way, never more is filled than was wanted.

use std::time::Duration;

use jangbu_journal::Nanos;
use tokio::time::{Instant, sleep};

use super::account::{self, Found, Lookup};
use super::identifier::{Identifier, number_of};
use super::known::{Amending, Known};
use super::private::{Done, Private};
use super::rest::{Rest, RestError};
use super::wire::private::{OrderState, TimeInForce as WireTime};
use super::wire::rest::order::{AskOrder, CancelAndNew, CancelOrder, Order as Answered, OrderKey, PlaceOrder, Terms};
use super::wire::{MarketCode, rest::Cause};
use crate::account::{Amendment, NewOrder, OrderId, OrderType, OrderUpdate, TimeInForce};
use crate::effect::Query;
use crate::event::Answer;
use crate::market::{Price, Qty, Rounding, Side, TickTable};
use crate::venue::VenueError;
use crate::venue::gateway::Instruction;

/// How far above the last price a market buy goes: one part of so many. The kernel sets aside 2 % more than the price for it.
const MARKET_BUY_SLACK: i64 = 100;
/// A cancelled order is looked at so often, with these pauses, until the venue shows it as cancelled.
const LOOKS: u32 = 20;
const LOOK_PAUSE: Duration = Duration::from_millis(100);

impl Private {
    /// Places an order, once.
    pub(super) async fn submit(&mut self, order: NewOrder, caused: Nanos) -> Result<(), VenueError> {
        match self.checked(&order) {
            Ok((code, terms)) => {
                let mut known = Known::new(order, code, Identifier::new(order.id, caused));
                known.is_busy = true;
                let identifier = Some(known.name(0));
                self.orders.add(known);
                let (rest, order) = (self.rest.clone(), order.id);
                self.calls.spawn(async move {
                    let place = PlaceOrder { market: code, terms, identifier, self_match: None, dry_run: false };
                    Done::Placed { order, result: rest.ask(&place).await.map(|answer| answer.uuid) }
                });
                Ok(())
            }
            Err(reason) => {
                let update = OrderUpdate::Rejected { reason: reason.into() };
                self.mailbox.order((self.now)(), None, order.id, update).await
            }
        }
    }

    /// What may be sent, or why it may not.
    fn checked(&self, order: &NewOrder) -> Result<(MarketCode, Terms), String> {
        let row = self.markets.iter().find(|row| row.0.id == order.instrument);
        let (instrument, code) =
            row.ok_or_else(|| format!("not sent: instrument {} is not one of the settings", order.instrument))?;
        if !self.is_up {
            return Err("not sent: the account's connection is down / 계좌 연결이 끊겨 보내지 않았습니다".into());
        }
        Ok((*code, terms(order, &instrument.ticks, self.prices.last(order.instrument))?))
    }

    pub(super) async fn on_placed(&mut self, order: OrderId, result: Result<String, RestError>) -> Result<(), VenueError> {
        let Some(known) = self.settle(order) else { return Ok(()) };
        let is_proven = known.number.is_some();
        match result {
            Ok(uuid) => self.accept(order, 0, &uuid).await,
            // A report was faster than the answer that never came.
            Err(_) if is_proven => Ok(()),
            Err(error) if error.is_not_done() => {
                self.tell((self.now)(), None, order, OrderUpdate::Rejected { reason: error.to_string().into() }).await
            }
            Err(error) => self.lose(order, &error).await,
        }
    }

    /// A request that may change an order is over; nothing of it can still arrive after a while.
    fn settle(&mut self, order: OrderId) -> Option<&mut Known> {
        let settle = self.config.patience.settle;
        let known = self.orders.get_mut(order)?;
        (known.is_busy, known.settled) = (false, Instant::now() + settle);
        Some(known)
    }

    /// The venue has the current one of an order's chain under this id. Told when it says something new.
    pub(super) async fn accept(&mut self, order: OrderId, revision: u16, uuid: &str) -> Result<(), VenueError> {
        let number = number_of(uuid);
        // Remembers the id.
        let Some(known) = self.orders.get(order) else { return Ok(()) };
        let name = known.name(revision);
        self.orders.find(uuid, Some(&name));
        let Some(known) = self.orders.get_mut(order).filter(|known| known.revision == revision) else { return Ok(()) };
        if known.is_done || (known.number == Some(number) && !known.is_unknown) {
            return Ok(());
        }
        (known.number, known.is_unknown) = (Some(number), false);
        self.tell((self.now)(), None, order, OrderUpdate::Accepted { venue_order: number }).await
    }

    /// Nobody knows what became of a request: that is said, and the venue is asked.
    async fn lose(&mut self, order: OrderId, error: &RestError) -> Result<(), VenueError> {
        self.tell_problem(&format!("order {order}"), error.to_string()).await?;
        if let Some(known) = self.orders.get_mut(order) {
            known.is_unknown = true;
        }
        self.tell((self.now)(), None, order, OrderUpdate::Unknown).await?;
        self.find_later(order, self.config.patience.resolve);
        Ok(())
    }

    /// An instruction about an order that was placed before. It waits for the one under way.
    pub(super) async fn about(&mut self, order: OrderId, instruction: Instruction) -> Result<(), VenueError> {
        let is_query = matches!(instruction, Instruction::Query(_));
        match self.orders.get_mut(order) {
            Some(known) if known.is_busy => {
                if !known.waiting.contains(&instruction) {
                    known.waiting.push_back(instruction);
                }
                Ok(())
            }
            // Which of its chain is the current one is not known yet.
            Some(known) if known.is_unplaced && !is_query => {
                known.waiting.push_back(instruction);
                self.find(order);
                Ok(())
            }
            Some(_) => self.start(order, instruction).await,
            None => self.refuse(order, instruction, "the order is not known at this gateway").await,
        }
    }

    /// Goes on with what waited for an order.
    pub(super) async fn go_on(&mut self, order: OrderId) -> Result<(), VenueError> {
        while let Some(next) = self
            .orders
            .get_mut(order)
            .filter(|known| !known.is_busy && !known.is_unplaced)
            .and_then(|known| known.waiting.pop_front())
        {
            self.start(order, next).await?;
        }
        Ok(())
    }

    async fn refuse(&mut self, order: OrderId, instruction: Instruction, reason: &str) -> Result<(), VenueError> {
        let update = match instruction {
            Instruction::Amend(_) => OrderUpdate::AmendRejected { reason: reason.into() },
            Instruction::Cancel(_) => OrderUpdate::CancelRejected { reason: reason.into() },
            _ => return self.tell_problem(&format!("order {order}"), reason.to_owned()).await,
        };
        self.mailbox.order((self.now)(), None, order, update).await
    }

    async fn start(&mut self, order: OrderId, instruction: Instruction) -> Result<(), VenueError> {
        let Some(known) = self.orders.get_mut(order) else { return Ok(()) };
        match instruction {
            Instruction::Query(Query::Order(_)) => {
                self.find(order);
                Ok(())
            }
            _ if known.is_done => self.refuse(order, instruction, "the order has ended / 이미 끝난 주문입니다").await,
            Instruction::Cancel(_) => {
                known.is_busy = true;
                let (rest, name) = (self.rest.clone(), known.name(known.revision));
                self.calls.spawn(async move {
                    let result = rest.ask_again(&CancelOrder(OrderKey::Identifier(name))).await.map(|_| ());
                    Done::Cancelled { order, result }
                });
                Ok(())
            }
            Instruction::Amend(_) if known.amending.is_some() => {
                self.refuse(order, instruction, "another amendment is under way / 정정이 진행 중입니다").await
            }
            Instruction::Amend(_) if known.is_immediate() => {
                self.refuse(order, instruction, "an order that does not rest cannot be amended").await
            }
            Instruction::Amend(asked) => {
                let wish = Wish::new(known, asked);
                known.tried = wish.revision;
                (known.is_busy, known.amending) = (true, Some(Amending { asked, revision: wish.revision }));
                let rest = self.rest.clone();
                self.calls.spawn(async move { Done::Amended { order, result: wish.carry_out(&rest).await } });
                Ok(())
            }
            Instruction::Submit(_)
            | Instruction::Query(_)
            | Instruction::Subscribe { .. }
            | Instruction::Conditions(_)
            | Instruction::Reconnect => Ok(()),
        }
    }

    /// The venue has taken a cancellation, or not. That the order is cancelled, the stream says.
    pub(super) async fn on_cancelled(&mut self, order: OrderId, result: Result<(), RestError>) -> Result<(), VenueError> {
        let Some(known) = self.settle(order) else { return Ok(()) };
        match result {
            Ok(()) => {}
            _ if known.is_done => return Ok(()),
            Err(error) if error.is_not_done() => {
                let reason = error.to_string().into();
                self.tell((self.now)(), None, order, OrderUpdate::CancelRejected { reason }).await?;
                // Most often because it has ended: that must be told, too.
                self.find(order);
                return Ok(());
            }
            Err(error) => self.tell_problem(&format!("the cancellation of order {order}"), error.to_string()).await?,
        }
        self.find_later(order, self.config.patience.resolve);
        Ok(())
    }

    /// Whatever came of an amendment, the venue's orders tell it.
    pub(super) async fn on_amended(&mut self, order: OrderId, result: Result<(), RestError>) -> Result<(), VenueError> {
        let Some(known) = self.settle(order) else { return Ok(()) };
        match result {
            Ok(()) => self.find(order),
            Err(error) if error.is_not_done() => {
                // Nothing of it is on its way; but the first half of it may have been done.
                known.settled = Instant::now();
                known.amending_failed(error.to_string());
                self.find(order);
            }
            Err(error) => self.lose(order, &error).await?,
        }
        Ok(())
    }

    /// Asks what became of an order, unless something about it is under way, whose answer will tell.
    pub(super) fn find(&mut self, order: OrderId) {
        let Some(known) = self.orders.get_mut(order).filter(|known| !known.is_busy) else { return };
        known.is_busy = true;
        let (rest, lookup) = (self.rest.clone(), Lookup::of(known));
        self.calls.spawn(async move { Done::Found { order, result: account::find(&rest, lookup).await } });
    }

    /// The same after a pause, during which other requests about the order may go on.
    pub(super) fn find_later(&mut self, order: OrderId, pause: Duration) {
        self.calls.spawn(async move {
            sleep(pause).await;
            Done::Due { order }
        });
    }

    pub(super) async fn on_found(&mut self, order: OrderId, result: Result<Found, RestError>) -> Result<(), VenueError> {
        let Some(known) = self.orders.get_mut(order) else { return Ok(()) };
        // A question changes nothing at the venue: what was settled stays so.
        known.is_busy = false;
        match result {
            Ok(found) => self.on_rows(order, found).await,
            Err(error) => {
                self.tell_problem(&format!("order {order}"), error.to_string()).await?;
                self.find_later(order, self.config.patience.resolve);
                Ok(())
            }
        }
    }

    /// What the venue says of an order: its chain, its trades, its end.
    pub(super) async fn on_rows(&mut self, order: OrderId, mut found: Found) -> Result<(), VenueError> {
        let Some(known) = self.orders.get_mut(order) else { return Ok(()) };
        let is_ours = |row: &Answered| row.code == known.code && row.side == known.request.side;
        found.retain(|(_, row)| is_ours(row));
        known.heard = Instant::now();
        let Some((revision, last)) = found.last().cloned() else { return self.on_missing(order).await };
        let (total, is_old) = (known.total(&found), revision < known.revision);
        if let Some(amending) = known.amending.filter(|amending| amending.revision == revision) {
            self.confirm(order, amending, &last, total).await?;
        } else if revision > known.revision {
            self.take_up(order, revision, &last, total).await?;
        } else {
            self.accept(order, revision, &last.uuid).await?;
        }
        if let Some(known) = self.orders.get_mut(order) {
            known.on_placed(revision);
        }
        if !self.tell_rows(order, &found).await? {
            // A trade may be listed a moment after it shows in the order.
            self.find_later(order, self.config.patience.resolve);
            return Ok(());
        }
        // What was read before the order was replaced says nothing of its end.
        let Some(known) = self.orders.get_mut(order).filter(|known| !known.is_done && !is_old) else { return Ok(()) };
        known.close(&found);
        let left = known.settled.saturating_duration_since(Instant::now());
        let has_ended = matches!(last.state, OrderState::Done | OrderState::Cancel);
        match known.amending {
            // It may still be on its way.
            Some(_) if !left.is_zero() => self.find_later(order, left),
            Some(_) => {
                (known.amending, known.is_unplaced) = (None, false);
                let reason = known.take_failure().unwrap_or_else(|| "the venue did not carry it out".into()).into();
                self.tell((self.now)(), None, order, OrderUpdate::AmendRejected { reason }).await?;
                if has_ended {
                    self.tell_end(order, last.state).await?;
                }
            }
            None if has_ended => self.tell_end(order, last.state).await?,
            None => {}
        }
        Ok(())
    }

    /// The venue knows nothing of an order.
    async fn on_missing(&mut self, order: OrderId) -> Result<(), VenueError> {
        let Some(known) = self.orders.get_mut(order).filter(|known| !known.is_done) else { return Ok(()) };
        let left = known.settled.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            // It may still be on its way. Nothing is concluded before it can no longer be.
            self.find_later(order, left);
            return Ok(());
        }
        self.mailbox.answer((self.now)(), Answer::NotFound { order }).await?;
        self.orders.end(order);
        Ok(())
    }

    /// An amendment took effect: the order lives on under another id.
    async fn confirm(&mut self, order: OrderId, amending: Amending, row: &Answered, total: Qty) -> Result<(), VenueError> {
        let number = number_of(&row.uuid);
        let Some(known) = self.orders.get_mut(order) else { return Ok(()) };
        (known.amending, known.revision, known.number, known.is_unknown) = (None, amending.revision, Some(number), false);
        let name = known.name(amending.revision);
        let price = row.price.and_then(|price| price.price().ok()).unwrap_or(amending.asked.price);
        (known.limit, known.qty) = (Some(price), total);
        known.take_failure();
        self.orders.find(&row.uuid, Some(&name));
        self.tell((self.now)(), None, order, OrderUpdate::Accepted { venue_order: number }).await?;
        self.tell((self.now)(), None, order, OrderUpdate::Amended { price, qty: total }).await
    }

    /// An order of a session before was replaced in it. Whether the kernel was told shows in what it last knew.
    async fn take_up(&mut self, order: OrderId, revision: u16, row: &Answered, total: Qty) -> Result<(), VenueError> {
        let number = number_of(&row.uuid);
        let Some(known) = self.orders.get_mut(order) else { return Ok(()) };
        let asked = known.amend_before().filter(|_| known.number != Some(number));
        let price = row.price.and_then(|price| price.price().ok()).or(known.limit);
        if let (Some(asked), false) = (asked, known.is_done) {
            return self.confirm(order, Amending { asked, revision }, row, total).await;
        }
        let is_news = known.limit != price || known.qty != total;
        (known.revision, known.number) = (revision, Some(number));
        let name = known.name(revision);
        self.orders.find(&row.uuid, Some(&name));
        match price.filter(|_| is_news) {
            Some(price) => {
                if let Some(known) = self.orders.get_mut(order) {
                    (known.limit, known.qty) = (Some(price), total);
                }
                self.tell((self.now)(), None, order, OrderUpdate::Amended { price, qty: total }).await
            }
            None => Ok(()),
        }
    }
}

/// An amendment about to be carried out.
struct Wish {
    asked: Amendment,
    revision: u16,
    market: MarketCode,
    side: Side,
    /// The order as it is, and the one to be.
    previous: String,
    next: String,
    /// What those before the order have filled.
    before: Qty,
    time_in_force: Option<WireTime>,
    changes_qty: bool,
}

impl Wish {
    fn new(known: &Known, asked: Amendment) -> Self {
        let revision = known.tried.saturating_add(1);
        Wish {
            asked,
            revision,
            market: known.code,
            side: known.request.side,
            previous: known.name(known.revision),
            next: known.name(revision),
            before: known.filled.checked_sub(known.filled_of(known.revision)).unwrap_or(Qty::ZERO),
            time_in_force: wire_time(known.request.time_in_force),
            changes_qty: asked.qty != known.qty,
        }
    }

    async fn carry_out(self, rest: &Rest) -> Result<(), RestError> {
        let Amendment { price, qty, .. } = self.asked;
        let previous = OrderKey::Identifier(self.previous.clone());
        if !self.changes_qty {
            let (identifier, time_in_force) = (Some(self.next), self.time_in_force);
            let replace = CancelAndNew { previous, price, qty: None, identifier, time_in_force, self_match: None };
            return rest.ask(&replace).await.map(|_| ());
        }
        match rest.ask_again(&CancelOrder(previous.clone())).await {
            Err(error) if error.cause() != Some(Cause::OrderNotFound) && !error.is_not_done() => return Err(error),
            _ => {}
        }
        for _ in 0..LOOKS {
            let now = rest.ask_again(&AskOrder(previous.clone())).await?;
            if now.state == OrderState::Cancel {
                let filled = self.before.checked_add(now.executed).unwrap_or(Qty::MAX);
                let Some(left) = qty.checked_sub(filled).filter(|left| left.is_positive()) else {
                    return Err(RestError::NotSent("as much as wanted is filled; nothing is left to place".into()));
                };
                let terms = Terms::Limit { side: self.side, price, qty: left, time_in_force: self.time_in_force };
                let identifier = Some(self.next);
                let place = PlaceOrder { market: self.market, terms, identifier, self_match: None, dry_run: false };
                return rest.ask(&place).await.map(|_| ());
            }
            if now.state == OrderState::Done {
                return Err(RestError::NotSent("the order was filled first".into()));
            }
            sleep(LOOK_PAUSE).await;
        }
        Err(RestError::NotSent("the venue did not cancel the order to be replaced".into()))
    }
}

const fn wire_time(time: TimeInForce) -> Option<WireTime> {
    match time {
        TimeInForce::Gtc => None,
        TimeInForce::Ioc => Some(WireTime::Ioc),
        TimeInForce::Fok => Some(WireTime::Fok),
        TimeInForce::PostOnly => Some(WireTime::PostOnly),
    }
}

/// How an order is said to the venue, or why it cannot be.
pub(super) fn terms(order: &NewOrder, ticks: &TickTable, last: Option<Price>) -> Result<Terms, String> {
    let NewOrder { side, qty, time_in_force, .. } = *order;
    let fill_or_kill = time_in_force == TimeInForce::Fok;
    match (order.order_type, side) {
        (OrderType::Limit(price), _) => Ok(Terms::Limit { side, price, qty, time_in_force: wire_time(time_in_force) }),
        (OrderType::Market, _) if time_in_force == TimeInForce::PostOnly => {
            Err("not sent: a market order cannot be post-only".into())
        }
        (OrderType::Market, Side::Sell) if fill_or_kill => Ok(Terms::BestSell { qty, fill_or_kill }),
        (OrderType::Market, Side::Sell) => Ok(Terms::MarketSell { qty }),
        (OrderType::Market, Side::Buy) => {
            let most = last
                .and_then(|last| ticks.align(last.checked_add(Price::from_raw(last.raw() / MARKET_BUY_SLACK))?, Rounding::Floor));
            let price = most.filter(|price| price.is_positive()).ok_or(
                "not sent: a market buy at Upbit needs a price to start from, and nothing has traded yet / \
                 체결가가 없어 시장가 매수를 보내지 않았습니다",
            )?;
            let time_in_force = Some(if fill_or_kill { WireTime::Fok } else { WireTime::Ioc });
            Ok(Terms::Limit { side, price, qty, time_in_force })
        }
    }
}
