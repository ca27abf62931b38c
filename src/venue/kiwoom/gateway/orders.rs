//! What the kernel wants done, and what became of it.

use std::sync::Arc;
use std::time::Duration;

use jangbu_journal::Nanos;

use super::super::desk::{Change, Step, Verdict};
use super::super::rest::RestError;
use super::super::wire::rest::order::{AmendOrder, CancelOrder, OrderAnswer, PlaceOrder};
use super::super::wire::rest::{Cause, Request};
use super::{Done, KiwoomGateway, Say};
use crate::account::{Amendment, NewOrder, OrderId, OrderUpdate};
use crate::effect::Query;
use crate::event::{Event, OrderEvent};
use crate::market::Venue;
use crate::venue::VenueError;
use crate::venue::gateway::{Dispatch, Instruction};

impl KiwoomGateway {
    pub(super) async fn on_dispatch(&mut self, dispatch: Dispatch) -> Result<(), VenueError> {
        let at = (self.now)();
        match dispatch.instruction {
            Instruction::Submit(order) => self.submit(at, &order),
            Instruction::Amend(amendment) => self.amend(at, &amendment),
            Instruction::Cancel(order) => self.cancel(at, order),
            Instruction::Query(Query::Account(_)) => self.ask_account(),
            Instruction::Query(Query::Order(order)) => self.ask_order(order).await?,
            Instruction::Query(query) => self.on_question(query).await?,
            Instruction::Subscribe { instrument, on } => self.on_subscribe(instrument, on).await?,
            Instruction::Conditions(names) => self.on_conditions_wanted(names),
            // Heard by the socket only when it waits for that.
            Instruction::Reconnect => {
                let _ = self.say.send(Say::Again);
            }
        }
        self.flush(at).await
    }

    /// An update of an order of ours; sent with the next flush.
    fn update(&mut self, order: OrderId, update: OrderUpdate) {
        self.made.push((None, Event::Order(OrderEvent { order, update })));
    }

    fn submit(&mut self, at: Nanos, order: &NewOrder) {
        let reject = |reason: String| OrderUpdate::Rejected { reason: reason.into() };
        if !self.account_up {
            let reason = "not sent: the connection that reports orders is down · 주문 통보 연결이 끊겨 보내지 않았습니다";
            return self.update(order.id, reject(reason.to_owned()));
        }
        let known = self.directory.code(order.instrument).map(str::to_owned);
        let Some(code) = known.or_else(|| self.numbers.symbol(Venue::Kiwoom, order.instrument)) else {
            let reason = format!("not sent: instrument {} is not one of Kiwoom's · 키움 종목이 아닙니다", order.instrument);
            return self.update(order.id, reject(reason));
        };
        let highest = self.decoder.orders_mut(at).highest();
        match self.desk.submit(order, &code, self.config.exchange, highest) {
            Verdict::Send(request) => self.send_place(order.id, request),
            Verdict::Later => {}
            Verdict::Refuse(reason) => self.update(order.id, reject(reason)),
        }
    }

    fn amend(&mut self, _: Nanos, amendment: &Amendment) {
        match self.desk.amend(amendment) {
            Verdict::Send(request) => self.send_amend(amendment.order, request),
            Verdict::Later => {}
            Verdict::Refuse(reason) => self.update(amendment.order, OrderUpdate::AmendRejected { reason: reason.into() }),
        }
    }

    fn cancel(&mut self, _: Nanos, order: OrderId) {
        match self.desk.cancel(order) {
            Verdict::Send(request) => self.send_cancel(order, request),
            Verdict::Later => {}
            // It was held back, and never sent.
            Verdict::Refuse(reason) if reason.is_empty() => {
                let reason = "cancelled before it was sent · 보내기 전에 취소했습니다".into();
                self.update(order, OrderUpdate::Rejected { reason });
            }
            Verdict::Refuse(reason) => self.update(order, OrderUpdate::CancelRejected { reason: reason.into() }),
        }
    }

    /// The kernel wants to know what became of an order.
    async fn ask_order(&mut self, order: OrderId) -> Result<(), VenueError> {
        let step = self.desk.get_mut(order).map(|ours| {
            ours.asked = true;
            ours.step
        });
        match step {
            Some(Step::Unknown(_) | Step::Live) => self.look_soon(Duration::ZERO),
            // Its answer is on its way, or it waits for another's.
            Some(Step::Sending | Step::Held) => {}
            Some(Step::Lost) => {
                let at = (self.now)();
                return self.mailbox.answer(at, crate::event::Answer::NotFound { order }).await;
            }
            Some(Step::Gone) => {}
            None => {
                let reason = "the gateway does not know this order, and Kiwoom takes no id of ours to ask by. To do: look in 영웅문 · \
                              모르는 주문입니다. 영웅문에서 확인하십시오";
                self.tell_failure(&format!("order {order}"), reason).await?;
            }
        }
        Ok(())
    }

    fn send<R>(&mut self, request: R, done: impl FnOnce(Nanos, Result<OrderAnswer, RestError>) -> Done + Send + 'static)
    where
        R: Request<Answer = OrderAnswer> + Send + Sync + 'static,
    {
        self.orders_under_way += 1;
        let (rest, now) = (self.rest.clone(), Arc::clone(&self.now));
        self.tasks.spawn(async move {
            let result = rest.ask(&request).await;
            done(now(), result)
        });
    }

    fn send_place(&mut self, order: OrderId, request: PlaceOrder) {
        self.send(request, move |at, result| Done::Placed { order, at, result });
    }

    fn send_amend(&mut self, order: OrderId, request: AmendOrder) {
        self.send(request, move |at, result| Done::Amended { order, at, result });
    }

    fn send_cancel(&mut self, order: OrderId, request: CancelOrder) {
        self.send(request, move |at, result| Done::Cancelled { order, at, result });
    }

    /// What may go now: orders that were held back, cancellations that waited for a number.
    pub(super) fn pump(&mut self) {
        if !self.trades {
            return;
        }
        let at = (self.now)();
        while self.account_up {
            let highest = self.decoder.orders_mut(at).highest();
            let Some((order, request)) = self.desk.next_held(highest) else { break };
            self.send_place(order, request);
        }
        let wanted: Vec<OrderId> = self
            .desk
            .live()
            .filter(|ours| {
                ours.cancel_wanted && ours.step == Step::Live && ours.number.is_some() && ours.amend != Some(Change::Sending)
            })
            .map(|ours| ours.id)
            .collect();
        for order in wanted {
            if let Verdict::Send(request) = self.desk.cancel(order) {
                self.send_cancel(order, request);
            }
        }
    }

    pub(super) async fn on_placed(
        &mut self,
        order: OrderId,
        at: Nanos,
        result: Result<OrderAnswer, RestError>,
    ) -> Result<(), VenueError> {
        self.orders_under_way = self.orders_under_way.saturating_sub(1);
        match result {
            Ok(answer) => {
                self.desk.numbered(order, answer.number, at);
                self.decoder.placed(at, answer.number, order, &mut self.made);
            }
            Err(error) if error.is_certainly_not_done() => {
                let reason = self.rest.redact(&error.line()).await;
                self.update(order, OrderUpdate::Rejected { reason: reason.into() });
            }
            Err(error) => {
                if let Some(ours) = self.desk.get_mut(order) {
                    ours.step = Step::Unknown(at);
                }
                self.no_answer(order, &error).await?;
                // A report of it may have come before we gave up waiting.
                self.on_waiting(at).await?;
            }
        }
        self.flush(at).await?;
        self.look_on();
        Ok(())
    }

    pub(super) async fn on_amended(
        &mut self,
        order: OrderId,
        at: Nanos,
        result: Result<OrderAnswer, RestError>,
    ) -> Result<(), VenueError> {
        self.orders_under_way = self.orders_under_way.saturating_sub(1);
        let change = match result {
            Ok(answer) => {
                self.desk.numbered(order, answer.number, at);
                let mut late = Vec::new();
                self.decoder.orders_mut(at).assign_amending(answer.number, order, &mut late);
                self.decoder.tell(at, late, &mut self.made);
                Some(Change::Accepted)
            }
            Err(error) if error.is_certainly_not_done() => {
                let reason = self.rest.redact(&error.line()).await;
                self.update(order, OrderUpdate::AmendRejected { reason: reason.into() });
                self.look_if_nothing_left(&error);
                None
            }
            Err(error) => {
                self.no_answer(order, &error).await?;
                Some(Change::Unknown(at))
            }
        };
        if let Some(ours) = self.desk.get_mut(order).filter(|ours| ours.amend.is_some()) {
            ours.amend = change;
        }
        self.flush(at).await?;
        self.look_on();
        Ok(())
    }

    pub(super) async fn on_cancelled(
        &mut self,
        order: OrderId,
        at: Nanos,
        result: Result<OrderAnswer, RestError>,
    ) -> Result<(), VenueError> {
        self.orders_under_way = self.orders_under_way.saturating_sub(1);
        let change = match result {
            Ok(answer) => {
                self.decoder.assign(at, answer.number, order, &mut self.made);
                Some(Change::Accepted)
            }
            Err(error) if error.is_certainly_not_done() => {
                let reason = self.rest.redact(&error.line()).await;
                self.update(order, OrderUpdate::CancelRejected { reason: reason.into() });
                self.look_if_nothing_left(&error);
                None
            }
            Err(error) => {
                self.no_answer(order, &error).await?;
                Some(Change::Unknown(at))
            }
        };
        if let Some(ours) = self.desk.get_mut(order).filter(|ours| ours.cancel.is_some()) {
            ours.cancel = change;
        }
        self.flush(at).await?;
        self.look_on();
        Ok(())
    }

    /// Nobody knows what became of it: said, and found out. It is not sent again.
    async fn no_answer(&mut self, order: OrderId, error: &RestError) -> Result<(), VenueError> {
        self.update(order, OrderUpdate::Unknown);
        self.look.in_row = 0;
        self.look_soon(self.config.patience.look);
        let line = error.line();
        self.tell_failure(&format!("order {order}"), &line).await
    }

    /// The broker says that nothing is left of the order: the lists say whether it filled or was cancelled.
    fn look_if_nothing_left(&mut self, error: &RestError) {
        if error.refusal().is_some_and(|refusal| refusal.cause == Cause::NothingLeft) {
            self.look_soon(Duration::ZERO);
        }
    }
}
