//! Amendments. Futures change the order itself; spot cancels it and places another under its next name, at one stroke if nothing
//! is filled, in two steps otherwise.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;

use super::account::{self, Expected, Found, order_path};
use super::budget::Purpose;
use super::client::{Call, CallError, Client, Proof};
use super::known::Known;
use super::requests::cancel;
use super::task::{Done, Private, expected};
use crate::account::{Amendment, OrderId, OrderType, OrderUpdate};
use crate::market::{Qty, Venue};
use crate::venue::VenueError;
use crate::venue::binance::wire::private::orders::{self, OrderAnswer, Replaced, TradeRow};
use crate::venue::binance::wire::private::request;
use crate::venue::binance::wire::private::{Cause, Fate, Parameters};
use crate::venue::gateway::Instruction;

/// What an amendment came to.
pub(super) enum Amended {
    /// Futures: the order as it is now.
    Modified(OrderAnswer),
    /// Spot: another order in its place, or not.
    Replaced(Replaced),
    /// Spot, of an order that was filled in part: cancelled (these trades were missing), and the rest placed anew under this
    /// number, or not, and why.
    Renewed(Vec<TradeRow>, Result<u64, String>),
}

impl Private {
    pub(super) async fn amend(&mut self, amendment: Amendment) -> Result<(), VenueError> {
        let order = amendment.order;
        let Some(known) = self.orders.get(order) else { return Ok(()) };
        if let Err(reason) = self.amendable(known, &amendment) {
            return self.refuse(order, Instruction::Amend(amendment), &reason).await;
        }
        let (symbol, locator, side) = (known.symbol.clone(), known.locator(), known.request.side);
        let (request, next) = (known.request, known.next_name());
        let futures = self.venue() == Venue::BinanceUsdM;
        let in_part = !known.filled.is_zero();
        let expected = expected(known);
        let parameters = if futures {
            request::modify(&symbol, locator, side, amendment.price, amendment.qty)
        } else if in_part {
            request::place_next(&symbol, &request, next, amendment.price, amendment.qty)
        } else {
            request::cancel_replace(&symbol, &request, locator, next, amendment.price, amendment.qty)
        };
        let Some(parameters) = parameters else {
            return self.refuse(order, Instruction::Amend(amendment), "the order's name would be too long").await;
        };
        if let Some(known) = self.orders.get_mut(order) {
            (known.is_busy, known.amending, known.old_cancelled, known.settled_ms) = (true, Some(amendment), false, i64::MAX);
        }
        let client = Arc::clone(&self.client);
        self.calls.spawn(async move {
            let result = match (futures, in_part) {
                (true, _) => modify(&client, parameters).await,
                (false, false) => cancel_replace(&client, parameters).await,
                (false, true) => {
                    renew(&client, &expected, amendment, |rest| {
                        request::place_next(&expected.symbol, &request, next, amendment.price, rest)
                    })
                    .await
                }
            };
            Done::Amended { order, result }
        });
        Ok(())
    }

    /// Whether an amendment may leave.
    fn amendable(&self, known: &Known, amendment: &Amendment) -> Result<(), String> {
        if known.is_unknown {
            return Err("not sent: what became of the order is not known yet".into());
        }
        let filters = self.instruments.iter().find(|row| row.0.id == known.request.instrument).map(|row| &row.1);
        let filters = filters.ok_or("not sent: its instrument is not one of the settings")?;
        let last = self.prices.last(known.request.instrument);
        // Futures keep the order, spot places the rest as another one.
        let rest = match self.venue() {
            Venue::BinanceSpot => amendment.qty.checked_sub(known.filled).unwrap_or_default(),
            _ => amendment.qty,
        };
        filters.check(known.request.side, OrderType::Limit(amendment.price), rest, last).map_err(|broken| broken.to_string())
    }

    pub(super) async fn on_amended(&mut self, order: OrderId, result: Result<Amended, CallError>) -> Result<(), VenueError> {
        if self.settled(order).is_none() {
            return Ok(());
        }
        match result {
            Ok(Amended::Modified(answer)) => {
                self.confirm(order, answer.venue_order).await?;
                if answer.status.is_open() {
                    return Ok(());
                }
                self.find(order, Duration::ZERO);
                Ok(())
            }
            Ok(Amended::Replaced(Replaced::Both { venue_order })) => self.confirm(order, venue_order).await,
            Ok(Amended::Replaced(Replaced::Neither(refusal))) => {
                let gone = refusal.cause == Cause::UnknownOrder;
                self.give_up_amendment(order, refusal.to_string(), false).await?;
                if gone {
                    self.find(order, Duration::ZERO);
                }
                Ok(())
            }
            Ok(Amended::Replaced(Replaced::OnlyCancelled(refusal))) => {
                self.give_up_amendment(order, refusal.to_string(), true).await
            }
            Ok(Amended::Renewed(trades, placed)) => {
                let at = self.client.clock.ours();
                for trade in trades {
                    self.tell_trade(trade.time, at, order, &trade.into()).await?;
                }
                match placed {
                    Ok(number) => self.confirm(order, number).await,
                    Err(reason) => self.give_up_amendment(order, reason, true).await,
                }
            }
            Err(error) => match (error.fate(), self.orders.get(order).and_then(|known| known.number)) {
                (Fate::NotDone, _) => self.give_up_amendment(order, error.to_string(), false).await,
                (Fate::Done, Some(number)) => self.confirm(order, number).await,
                _ => self.lose(order, &error).await,
            },
        }
    }

    /// An amendment took effect; the order lives on under this number. Told once.
    pub(super) async fn confirm(&mut self, order: OrderId, number: u64) -> Result<(), VenueError> {
        let is_spot = self.venue() == Venue::BinanceSpot;
        let Some(known) = self.orders.get_mut(order) else { return Ok(()) };
        let Some(Amendment { price, qty, .. }) = known.amending.take() else { return Ok(()) };
        (known.limit, known.qty, known.old_cancelled, known.is_unknown) = (Some(price), qty, false, false);
        if is_spot {
            known.revision = known.revision.saturating_add(1);
        }
        let at = self.client.clock.ours();
        self.orders.number(order, number);
        self.tell(at, None, order, OrderUpdate::Accepted { venue_order: number }).await?;
        self.tell(at, None, order, OrderUpdate::Amended { price, qty }).await
    }

    /// An amendment did not take effect. `cancelled`: and the order it was to replace is gone.
    pub(super) async fn give_up_amendment(&mut self, order: OrderId, reason: String, cancelled: bool) -> Result<(), VenueError> {
        let Some(known) = self.orders.get_mut(order) else { return Ok(()) };
        if known.amending.take().is_none() {
            return Ok(());
        }
        let cancelled = cancelled || std::mem::take(&mut known.old_cancelled);
        let at = self.client.clock.ours();
        self.tell(at, None, order, OrderUpdate::AmendRejected { reason: reason.into() }).await?;
        if cancelled { self.tell(at, None, order, OrderUpdate::Cancelled).await } else { Ok(()) }
    }
}

/// Cancels an order, and places what the amendment leaves of it under its next name. What was filled is known exactly then, so
/// that never more is filled than was wanted.
async fn renew(
    client: &Client,
    expected: &Expected,
    amendment: Amendment,
    next: impl Fn(Qty) -> Option<Parameters> + Send,
) -> Result<Amended, CallError> {
    let Found { answer, trades } = cancel(client, expected).await?;
    let filled = answer.map_or(expected.filled, |answer| account::filled_in_all(expected.qty, answer.qty, answer.filled));
    let rest = amendment.qty.checked_sub(filled).filter(|rest| rest.is_positive());
    let Some(parameters) = rest.and_then(next) else {
        return Ok(Amended::Renewed(trades, Err("as much as wanted is filled; nothing is left to place".into())));
    };
    let (method, path, purpose) = (Method::POST, order_path(client.venue), Purpose::Order);
    match client.call(&Call { method, path, parameters, purpose, proof: Proof::Signature }).await {
        Ok(body) => Ok(Amended::Renewed(trades, Ok(orders::placed(&body)?))),
        Err(error) if error.fate() == Fate::NotDone => Ok(Amended::Renewed(trades, Err(error.to_string()))),
        Err(error) => Err(error),
    }
}

async fn modify(client: &Client, parameters: Parameters) -> Result<Amended, CallError> {
    let (method, path, purpose) = (Method::PUT, "/fapi/v1/order", Purpose::Order);
    let body = client.call(&Call { method, path, parameters, purpose, proof: Proof::Signature }).await?;
    Ok(Amended::Modified(orders::order(&body)?))
}

async fn cancel_replace(client: &Client, parameters: Parameters) -> Result<Amended, CallError> {
    let (method, path, purpose) = (Method::POST, "/api/v3/order/cancelReplace", Purpose::Order);
    let call = Call { method, path, parameters, purpose, proof: Proof::Signature };
    match client.call(&call).await {
        Ok(body) => Ok(Amended::Replaced(orders::replaced(200, &body)?)),
        Err(CallError::Refused { refusal, body }) if refusal.cause == Cause::NotReplaced => {
            match orders::replaced(refusal.status, &body) {
                Ok(replaced) => Ok(Amended::Replaced(replaced)),
                Err(_) => Err(CallError::Refused { refusal, body }),
            }
        }
        Err(error) => Err(error),
    }
}
