//! What is asked of the venue about orders, and what its answers prove. Each request is sent once; what stays unknown is asked
//! for until it is proven.

use std::sync::Arc;
use std::time::Duration;

use jangbu_journal::Nanos;
use reqwest::Method;
use tokio::time::sleep;

use super::account::{self, Expected, Found, order_path};
use super::budget::Purpose;
use super::client::{Call, CallError, Client, Proof};
use super::known::Known;
use super::task::{Done, Private, expected};
use crate::account::{Amendment, NewOrder, OrderId, OrderType, OrderUpdate};
use crate::effect::Query;
use crate::event::Answer;
use crate::market::Venue;
use crate::venue::VenueError;
use crate::venue::binance::wire::private::orders::{self, OrderAnswer, Status};
use crate::venue::binance::wire::private::request::{self, Locator};
use crate::venue::binance::wire::private::{Cause, ClientId, Fate, Parameters};
use crate::venue::gateway::Instruction;

/// The venue's clock and ours may differ by this much more than was measured, milliseconds.
const MARGIN_MS: i64 = 1_000;
/// An order found by its name was placed no earlier than this before we placed ours, milliseconds: else it is another's.
const NAME_AGE_MS: i64 = 60_000;

impl Private {
    /// Places an order, once.
    pub(super) async fn submit(&mut self, order: NewOrder, caused: Nanos) -> Result<(), VenueError> {
        match self.checked(&order, ClientId::first(order.id, caused)) {
            Ok((symbol, parameters)) => {
                let limit = match order.order_type {
                    OrderType::Limit(price) => Some(price),
                    OrderType::Market => None,
                };
                let mut known = Known::new(order, symbol, (caused, self.client.clock.millis()), limit);
                known.is_busy = true;
                self.orders.add(known);
                let (client, path, order) = (Arc::clone(&self.client), order_path(self.venue()), order.id);
                self.calls.spawn(async move {
                    let call = Call { method: Method::POST, path, parameters, purpose: Purpose::Order, proof: Proof::Signature };
                    let result = client.call(&call).await.and_then(|body| Ok(orders::placed(&body)?));
                    Done::Placed { order, result }
                });
                Ok(())
            }
            Err(reason) => {
                let update = OrderUpdate::Rejected { reason: reason.into() };
                self.mailbox.order(self.client.clock.ours(), None, order.id, update).await
            }
        }
    }

    /// What may be sent, or why it may not.
    fn checked(&self, order: &NewOrder, name: ClientId) -> Result<(String, Parameters), String> {
        let row = self.instruments.iter().find(|row| row.0.id == order.instrument);
        let (instrument, filters) =
            row.ok_or_else(|| format!("not sent: instrument {} is not one of the settings", order.instrument))?;
        if !self.is_up {
            return Err("not sent: the account's connection is down / 계좌 연결이 끊겨 보내지 않았습니다".into());
        }
        let last = self.prices.last(order.instrument);
        filters.check(order.side, order.order_type, order.qty, last).map_err(|broken| broken.to_string())?;
        let parameters = request::place(self.venue(), &instrument.symbol, order, name);
        let parameters = parameters.ok_or("not sent: the order's name would be longer than the venue takes")?;
        Ok((instrument.symbol.clone(), parameters))
    }

    pub(super) async fn on_placed(&mut self, order: OrderId, result: Result<u64, CallError>) -> Result<(), VenueError> {
        let Some(known) = self.settled(order) else { return Ok(()) };
        let is_proven = known.number.is_some();
        match result {
            Ok(number) => self.accept(order, number).await,
            // A report was faster than the answer that never came.
            Err(_) if is_proven => Ok(()),
            Err(error) if error.fate() == Fate::NotDone => {
                let update = OrderUpdate::Rejected { reason: error.to_string().into() };
                self.tell(self.client.clock.ours(), None, order, update).await
            }
            Err(error) => self.lose(order, &error).await,
        }
    }

    /// A request is over: nothing of it can arrive at the venue after its receive window.
    pub(super) fn settled(&mut self, order: OrderId) -> Option<&mut Known> {
        let settled_ms = self.client.clock.millis() + i64::from(self.client.recv_window_ms) + MARGIN_MS;
        let known = self.orders.get_mut(order)?;
        (known.is_busy, known.settled_ms) = (false, settled_ms);
        Some(known)
    }

    /// The venue has the order under this number. Told when it says something new.
    pub(super) async fn accept(&mut self, order: OrderId, number: u64) -> Result<(), VenueError> {
        let says_more = self.orders.get(order).is_some_and(|known| known.number != Some(number) || known.is_unknown);
        if !says_more {
            return Ok(());
        }
        self.orders.number(order, number);
        if let Some(known) = self.orders.get_mut(order) {
            known.is_unknown = false;
        }
        self.tell(self.client.clock.ours(), None, order, OrderUpdate::Accepted { venue_order: number }).await
    }

    /// Nobody knows what became of a request: that is said, and the venue is asked.
    pub(super) async fn lose(&mut self, order: OrderId, error: &CallError) -> Result<(), VenueError> {
        self.tell_problem(&format!("order {order}"), error.to_string()).await?;
        self.tell(self.client.clock.ours(), None, order, OrderUpdate::Unknown).await?;
        self.find_later(order, self.config.account.resolve);
        Ok(())
    }

    /// An instruction about an order that was placed before. It waits for the one under way.
    pub(super) async fn about(&mut self, order: OrderId, instruction: Instruction) -> Result<(), VenueError> {
        match self.orders.get_mut(order) {
            Some(known) if known.is_busy => {
                if !known.waiting.contains(&instruction) {
                    known.waiting.push_back(instruction);
                }
                Ok(())
            }
            Some(_) => self.start(order, instruction).await,
            None => self.refuse(order, instruction, "the order is not known at this gateway").await,
        }
    }

    /// Goes on with what waited for an order.
    pub(super) async fn go_on(&mut self, order: OrderId) -> Result<(), VenueError> {
        while let Some(next) =
            self.orders.get_mut(order).filter(|known| !known.is_busy).and_then(|known| known.waiting.pop_front())
        {
            self.start(order, next).await?;
        }
        Ok(())
    }

    pub(super) async fn refuse(&mut self, order: OrderId, instruction: Instruction, reason: &str) -> Result<(), VenueError> {
        let update = match instruction {
            Instruction::Amend(_) => OrderUpdate::AmendRejected { reason: reason.into() },
            Instruction::Cancel(_) => OrderUpdate::CancelRejected { reason: reason.into() },
            _ => return self.tell_problem(&format!("order {order}"), reason.to_owned()).await,
        };
        self.mailbox.order(self.client.clock.ours(), None, order, update).await
    }

    async fn start(&mut self, order: OrderId, instruction: Instruction) -> Result<(), VenueError> {
        let is_done = self.orders.get(order).is_none_or(|known| known.is_done);
        match instruction {
            Instruction::Query(Query::Order(_)) => {
                self.find(order, Duration::ZERO);
                Ok(())
            }
            Instruction::Cancel(_) | Instruction::Amend(_) if is_done => {
                self.refuse(order, instruction, "the order is over").await
            }
            Instruction::Cancel(_) => {
                self.cancel(order);
                Ok(())
            }
            Instruction::Amend(amendment) => self.amend(amendment).await,
            _ => Ok(()),
        }
    }

    fn cancel(&mut self, order: OrderId) {
        let Some(known) = self.orders.get_mut(order) else { return };
        known.is_busy = true;
        let expected = expected(known);
        let client = Arc::clone(&self.client);
        self.calls.spawn(async move { Done::Cancelled { order, result: cancel(&client, &expected).await } });
    }

    pub(super) async fn on_cancelled(&mut self, order: OrderId, result: Result<Found, CallError>) -> Result<(), VenueError> {
        if self.settled(order).is_none() {
            return Ok(());
        }
        match result {
            Ok(found) if self.is_behind() && !found.trades.is_empty() => {
                self.find_later(order, self.config.account.resolve);
                Ok(())
            }
            Ok(found) => self.on_answer(order, found).await,
            Err(error) if error.fate() == Fate::NotDone => {
                let gone = error.cause() == Some(Cause::UnknownOrder);
                let update = OrderUpdate::CancelRejected { reason: error.to_string().into() };
                self.tell(self.client.clock.ours(), None, order, update).await?;
                if gone {
                    // It has ended, or never came: the venue says which.
                    self.find(order, Duration::ZERO);
                }
                Ok(())
            }
            Err(error) => {
                self.tell_problem(&format!("cancellation of {order}"), error.to_string()).await?;
                self.find_later(order, self.config.account.resolve);
                Ok(())
            }
        }
    }

    /// Asks what became of an order, unless something about it is under way, whose answer will tell.
    pub(super) fn find(&mut self, order: OrderId, pause: Duration) {
        if !pause.is_zero() {
            return self.find_later(order, pause);
        }
        let Some(known) = self.orders.get_mut(order).filter(|known| !known.is_busy) else { return };
        known.is_busy = true;
        let mut expected = expected(known);
        if known.amending.is_some() && known.old_cancelled {
            expected.locator = Locator::Name(known.next_name());
            expected.qty = known.amending.map_or(known.qty, |amendment| amendment.qty);
        }
        let client = Arc::clone(&self.client);
        self.calls.spawn(async move { Done::Found { order, result: account::find(&client, &expected).await } });
    }

    /// The same after a pause, during which other requests about the order may go on.
    pub(super) fn find_later(&mut self, order: OrderId, pause: Duration) {
        self.calls.spawn(async move {
            sleep(pause).await;
            Done::Due { order }
        });
    }

    pub(super) async fn on_found(&mut self, order: OrderId, result: Result<Found, CallError>) -> Result<(), VenueError> {
        let (now_ms, is_behind) = (self.client.clock.millis(), self.is_behind());
        let Some(known) = self.orders.get_mut(order) else { return Ok(()) };
        // A question changes nothing at the venue: what was settled stays so.
        known.is_busy = false;
        match result {
            Ok(found) if is_behind && found.trades.iter().any(|trade| !known.has_trade(trade.trade)) => {
                // Told with everything else that was missed, in the order in which it happened: a position's profit depends on it.
                self.find_later(order, self.config.account.resolve);
                Ok(())
            }
            Ok(found) if found.answer.is_some() && !is_namesake(known, &found) => self.on_answer(order, found).await,
            Ok(_) if known.is_done => Ok(()),
            Ok(_) if now_ms <= known.settled_ms => {
                // It may still be on its way. Nothing is concluded before it can no longer be.
                let left = u64::try_from(known.settled_ms.saturating_sub(now_ms)).unwrap_or(0) + 1;
                self.find_later(order, Duration::from_millis(left));
                Ok(())
            }
            Ok(_) if known.amending.is_some() && known.old_cancelled => {
                self.give_up_amendment(order, "the venue cancelled the order and has no other in its place".into(), true).await
            }
            Ok(_) => {
                self.mailbox.answer(self.client.clock.ours(), Answer::NotFound { order }).await?;
                self.orders.end(order);
                Ok(())
            }
            Err(error) => self.tell_problem(&format!("order {order}"), error.to_string()).await,
        }
    }

    /// What the venue says of an order: its number, its trades, its end.
    pub(super) async fn on_answer(&mut self, order: OrderId, found: Found) -> Result<(), VenueError> {
        let Found { answer: Some(answer), trades } = found else { return Ok(()) };
        let (now_ms, at, is_spot) = (self.client.clock.millis(), self.client.clock.ours(), self.venue() == Venue::BinanceSpot);
        let Some(known) = self.orders.get_mut(order) else { return Ok(()) };
        let revision = answer.client_id.parse().map_or(0, |id: ClientId| id.revision);
        let is_other = known.number.is_some_and(|number| number != answer.venue_order);
        let is_replacement = is_other && revision > known.revision;
        if is_other && !is_replacement {
            // The order that was replaced: its trades count, its end is none.
            for trade in trades {
                self.tell_trade(trade.time, at, order, &trade.into()).await?;
            }
            return Ok(());
        }
        if is_replacement && known.amending.is_some() {
            known.revision = revision - 1;
            self.confirm(order, answer.venue_order).await?;
        } else if answer.status == Status::Rejected && known.number.is_none() {
            let reason = "the venue refused it".into();
            return self.tell(at, None, order, OrderUpdate::Rejected { reason }).await;
        } else {
            known.revision = known.revision.max(revision);
            self.accept(order, answer.venue_order).await?;
        }
        let amending = self.orders.get(order).and_then(|known| known.amending);
        if amending.is_some_and(|amendment| !is_spot && shows(&answer, &amendment)) {
            // Before its trades: they may be more than the order was for.
            self.confirm(order, answer.venue_order).await?;
        }
        for trade in trades {
            self.tell_trade(trade.time, at, order, &trade.into()).await?;
        }
        let Some(known) = self.orders.get_mut(order) else { return Ok(()) };
        known.heard_ms = now_ms;
        let shown = account::filled_in_all(known.qty, answer.qty, answer.filled);
        if !answer.status.is_open() {
            // The last word.
            known.shown = shown;
        }
        if known.is_behind(shown) {
            // Told by later answers: a trade may be listed a moment after it shows in the order.
            self.find_later(order, self.config.account.resolve);
        }
        let Some(known) = self.orders.get_mut(order) else { return Ok(()) };
        match (answer.status, known.amending) {
            (Status::New | Status::PartiallyFilled, Some(_)) if now_ms > known.settled_ms => {
                self.give_up_amendment(order, "the venue did not carry it out".into(), false).await
            }
            (Status::New | Status::PartiallyFilled, Some(_)) => {
                let left = u64::try_from(known.settled_ms.saturating_sub(now_ms).min(600_000)).unwrap_or(0) + 1;
                self.find_later(order, Duration::from_millis(left));
                Ok(())
            }
            (Status::New | Status::PartiallyFilled, None) => Ok(()),
            (Status::Cancelled, Some(_)) if is_spot => {
                // Either it was replaced, or it is gone: the replacement's name tells.
                known.old_cancelled = true;
                self.find(order, Duration::ZERO);
                Ok(())
            }
            (Status::Cancelled, _) => self.tell(at, None, order, OrderUpdate::Cancelled).await,
            (Status::Expired | Status::Rejected, _) => self.tell(at, None, order, OrderUpdate::Expired).await,
            (Status::Filled, _) => Ok(()),
        }
    }
}

/// Whether what was found by its name is another order of the same name, older than ours.
pub(super) fn is_namesake(known: &Known, found: &Found) -> bool {
    let Some(answer) = &found.answer else { return false };
    let older = answer.placed.is_some_and(|at| at.get() / 1_000_000 < known.sent_ms.saturating_sub(NAME_AGE_MS));
    let other = !answer.symbol.eq_ignore_ascii_case(&known.symbol) || answer.side != known.request.side;
    known.number != Some(answer.venue_order) && (older || other)
}

/// Whether an order shows an amendment.
fn shows(answer: &OrderAnswer, amendment: &Amendment) -> bool {
    answer.price == amendment.price && answer.qty == amendment.qty
}

pub(super) async fn cancel(client: &Client, expected: &Expected) -> Result<Found, CallError> {
    let parameters = request::cancel(&expected.symbol, expected.locator);
    let parameters = parameters.ok_or_else(|| CallError::NotSent("the order's name is too long".into()))?;
    let (method, path, purpose) = (Method::DELETE, order_path(client.venue), Purpose::Urgent);
    let body = client.call(&Call { method, path, parameters, purpose, proof: Proof::Signature }).await?;
    let answer = orders::order(&body)?;
    let trades = account::missing(client, &answer, expected).await.unwrap_or_default();
    Ok(Found { answer: Some(answer), trades })
}
