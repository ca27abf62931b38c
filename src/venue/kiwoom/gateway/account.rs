//! The account, and what queries say of our orders.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jangbu_journal::Nanos;
use tokio::time::Instant;

use super::super::desk::{Change, Meaning, Ours, Step};
use super::super::rest::RestError;
use super::super::rows::{Account, Looked, Row, account, look, merge};
use super::super::wire::orders::Settled;
use super::super::wire::report::OrderVerb;
use super::super::wire::rest::reconciliation::{balance, open_orders, positions};
use super::super::wire::symbol::OrderNumber;
use super::{Done, KiwoomGateway};
use crate::account::{OrderId, OrderUpdate};
use crate::event::{Answer, Event, MarketEvent, OrderEvent};
use crate::market::{Qty, Rounding, Venue};
use crate::venue::VenueError;

/// Looks in a row after which the pause between them is longest: 2^4 times the first.
const DOUBLINGS_MAX: u32 = 4;

impl KiwoomGateway {
    /// Asks for the account. One question is under way at a time.
    pub(super) fn ask_account(&mut self) {
        if std::mem::replace(&mut self.account_under_way, true) {
            self.account_again = true;
            return;
        }
        let (rest, now, exchange) = (self.rest.clone(), Arc::clone(&self.now), self.config.exchange);
        self.tasks.spawn(async move { Done::Account(Box::new(account(&rest, &now, exchange).await)) });
    }

    /// The account came: orders first, so that the books have every fill before they are compared.
    pub(super) async fn on_account(&mut self, result: Result<Account, RestError>) -> Result<(), VenueError> {
        self.account_under_way = false;
        if std::mem::take(&mut self.account_again) {
            self.ask_account();
            return Ok(());
        }
        let account = match result {
            Ok(account) => account,
            Err(error) => {
                self.tell_failure("account", &error.line()).await?;
                // Without it nothing may leave, so it is asked for until it comes; the broker's limits are kept below.
                if self.account_up {
                    let (rest, now, exchange) = (self.rest.clone(), Arc::clone(&self.now), self.config.exchange);
                    let pause = self.config.patience.look;
                    self.account_under_way = true;
                    self.tasks.spawn(async move {
                        tokio::time::sleep(pause).await;
                        Done::Account(Box::new(super::super::rows::account(&rest, &now, exchange).await))
                    });
                }
                return Ok(());
            }
        };
        self.worked("account");
        let at = (self.now)();
        let holdings = account.holdings.iter().filter(|row| row.qty.is_none_or(|qty| !qty.is_zero())).map(|row| &row.symbol);
        let codes: Vec<String> =
            holdings.chain(account.looked.open.iter().map(|row| &row.symbol)).map(|symbol| symbol.code.clone()).collect();
        for code in codes {
            if let Err(reason) = self.define(&code).await? {
                self.tell_failure(&format!("account: {code}"), &reason).await?;
            }
        }
        // What was reported while the connection was away is not reported again: nothing is waited for.
        self.settle(&account.looked, false).await?;
        let find = |symbol: &super::super::wire::Symbol| self.directory.id(&symbol.code);
        let read = balance(&account.cash).and_then(|cash| {
            let (positions, _) = positions(&account.holdings, find)?;
            let (open, _) = open_orders(&account.looked.open, self.decoder.orders(), find)?;
            Ok([vec![cash], positions, open].concat())
        });
        match read {
            Ok(answers) => {
                for answer in answers {
                    self.mailbox.answer(at, answer).await?;
                }
                self.mailbox.answer(at, Answer::Reconciled { venue: Venue::Kiwoom }).await
            }
            Err(error) => self.tell_failure("account", &error.to_string()).await,
        }
    }

    /// Looks what became of orders, in a while.
    pub(super) fn look_soon(&mut self, pause: Duration) {
        if self.look.under_way {
            self.look.again = true;
        }
        let at = Instant::now() + pause;
        self.look.next = Some(self.look.next.map_or(at, |next| next.min(at)));
    }

    pub(super) fn start_look(&mut self) {
        self.look.next = None;
        if self.look.under_way {
            return;
        }
        (self.look.under_way, self.look.again, self.look.last) = (true, false, Some(Instant::now()));
        self.stats.on_look();
        let (rest, now) = (self.rest.clone(), Arc::clone(&self.now));
        self.tasks.spawn(async move { Done::Looked(look(&rest, &now).await) });
    }

    pub(super) async fn on_looked(&mut self, result: Result<Looked, RestError>) -> Result<(), VenueError> {
        self.look.under_way = false;
        match result {
            Ok(looked) => {
                self.worked("orders (ka10075, ka10076)");
                self.settle(&looked, true).await?;
            }
            Err(error) => self.tell_failure("orders (ka10075, ka10076)", &error.line()).await?,
        }
        if self.look.again {
            self.look.in_row = 0;
        }
        self.look_on();
        Ok(())
    }

    /// Looks again, ever less often, while something is not settled.
    pub(super) fn look_on(&mut self) {
        if !self.trades || !self.desk.is_unsettled() {
            self.look.in_row = 0;
            return;
        }
        let pause = self.config.patience.look * (1 << self.look.in_row.min(DOUBLINGS_MAX));
        self.look.in_row = self.look.in_row.saturating_add(1);
        if self.look.next.is_none() {
            self.look_soon(pause);
        }
    }

    /// What the lists of orders say of ours. `waits`: a fill whose value they do not say exactly may be reported yet, and is given the
    /// time to.
    async fn settle(&mut self, looked: &Looked, waits: bool) -> Result<(), VenueError> {
        if !self.trades {
            return Ok(());
        }
        let at = (self.now)();
        let mut rows = merge(&looked.open, &looked.filled);
        for row in &mut rows {
            let average = row.value.per(row.filled, Rounding::Floor).unwrap_or(row.price);
            if let Some(tick) = self.directory.tick(&row.code, average) {
                row.make_exact(tick);
            }
        }
        self.follow_chains(at, &rows);
        let ambiguous = self.find_nameless(at, &rows).await?;
        // Every order with a number: its fills first, then what else is known of it.
        let ids: Vec<OrderId> = self.desk.looked_for().map(|ours| ours.id).collect();
        for order in ids {
            self.settle_order(at, order, &rows, waits);
        }
        let live: BTreeSet<OrderId> = self.desk.live().map(|ours| ours.id).collect();
        self.rough.retain(|order, _| live.contains(order));
        if !self.rough.is_empty() {
            self.look_soon(self.config.patience.look);
        }
        let mut late = Vec::new();
        self.decoder.orders_mut(at).tell_settled(&mut late);
        self.decoder.tell(at, late, &mut self.made);
        self.flush(at).await?;
        let open = |ours: &Ours| {
            let orders = self.decoder.orders();
            let listed = rows.iter().any(|row| row.open.is_positive() && orders.order(row.number) == Some(ours.id));
            // Its last fill is still to be told.
            listed || self.rough.contains_key(&ours.id)
        };
        let meanings = self.desk.judge(looked.began, self.config.patience.settle, open, &ambiguous);
        for (order, meaning) in meanings {
            self.on_meaning(at, order, meaning).await?;
        }
        self.desk.on_looked(looked.began);
        self.flush(at).await
    }

    /// Amendments and cancellations name their original: so numbers that no answer told are found.
    fn follow_chains(&mut self, at: Nanos, rows: &[Row]) {
        // A chain may be told in any order; each round finds at least one more.
        for _ in 0..rows.len() {
            let orders = self.decoder.orders();
            let found = rows.iter().find_map(|row| {
                let original = row.original?;
                match (orders.order(row.number), orders.order(original)) {
                    (None, Some(order)) => Some((row.number, order, row.verb != OrderVerb::Cancel)),
                    (Some(order), None) => Some((original, order, false)),
                    _ => None,
                }
            });
            let Some((number, order, amends)) = found else { return };
            let mut late = Vec::new();
            if amends {
                self.decoder.orders_mut(at).assign_amending(number, order, &mut late);
            } else {
                self.decoder.orders_mut(at).assign(number, order, &mut late);
            }
            self.decoder.tell(at, late, &mut self.made);
        }
    }

    /// Orders whose answer never came, among what the broker has and nobody claims.
    async fn find_nameless(&mut self, at: Nanos, rows: &[Row]) -> Result<Vec<OrderId>, VenueError> {
        let orders = self.decoder.orders();
        let waiting: Vec<Row> = orders.waiting().filter_map(Row::of_frame).collect();
        let free: Vec<&Row> = rows.iter().chain(&waiting).filter(|row| orders.order(row.number).is_none()).collect();
        let mut ambiguous = Vec::new();
        for (order, found) in self.desk.matches(free.iter().copied()) {
            match found {
                Ok(number) => self.is_numbered(at, order, number),
                Err(meaning) => {
                    ambiguous.push(order);
                    if let Meaning::Ambiguous(numbers) = meaning {
                        let numbers: Vec<String> = numbers.iter().map(OrderNumber::to_string).collect();
                        let reason = format!(
                            "its answer never came, and {} could be it. It stays unknown. To do: look in 영웅문 and cancel what \
                             should not be · 어느 주문인지 알 수 없습니다. 영웅문에서 확인하십시오",
                            numbers.join(", ")
                        );
                        self.tell_failure(&format!("order {order}"), &reason).await?;
                    }
                }
            }
        }
        Ok(ambiguous)
    }

    /// An order whose answer never came has this number.
    fn is_numbered(&mut self, at: Nanos, order: OrderId, number: OrderNumber) {
        self.desk.numbered(order, number, at);
        self.decoder.placed(at, number, order, &mut self.made);
    }

    /// A report came that is of no order we know: it may be of one whose answer never came.
    pub(super) async fn on_waiting(&mut self, at: Nanos) -> Result<(), VenueError> {
        self.find_nameless(at, &[]).await?;
        self.flush(at).await?;
        let is_expected = |ours: &Ours| {
            matches!(ours.step, Step::Held | Step::Sending | Step::Unknown(_))
                || [ours.cancel, ours.amend].iter().flatten().any(|change| *change != Change::Accepted)
        };
        if self.account_up && !self.desk.live().any(is_expected) {
            // Somebody trades here with another program: what is held and owed has changed without us.
            self.ask_account();
        }
        Ok(())
    }

    /// Fills, acceptance and amendments of one order, as the lists show them.
    fn settle_order(&mut self, at: Nanos, order: OrderId, rows: &[Row], waits: bool) {
        let orders = self.decoder.orders_mut(at);
        let own: Vec<&Row> = rows.iter().filter(|row| orders.order(row.number) == Some(order)).collect();
        let settled: Vec<Settled> = own.iter().map(|row| row.settled()).collect();
        let mut updates = Vec::new();
        for row in own.iter().filter(|row| row.verb == OrderVerb::Place) {
            updates.extend(orders.accept(row.number, order));
        }
        let shown = settled.iter().try_fold(Qty::ZERO, |sum, row| sum.checked_add(row.filled)).unwrap_or(Qty::ZERO);
        let rough = settled.iter().any(|row| !row.exact) && shown > orders.filled_of(order);
        let patience = i64::try_from(self.config.patience.settle.as_nanos()).unwrap_or(i64::MAX);
        if rough && waits && at.since(*self.rough.entry(order).or_insert(at)) < patience {
            // Its report would say the value.
        } else {
            self.rough.remove(&order);
            orders.settle(order, &settled, &mut updates);
        }
        let amending = self.desk.get(order).is_some_and(|ours| ours.amend.is_some());
        for row in own.iter().filter(|row| amending && row.original.is_some() && row.verb != OrderVerb::Cancel) {
            if row.price.is_positive() {
                updates.extend(orders.amend(row.number, row.price, row.open));
            }
        }
        self.made.extend(updates.into_iter().map(|update| (None, Event::Order(OrderEvent { order, update }))));
    }

    async fn on_meaning(&mut self, at: Nanos, order: OrderId, meaning: Meaning) -> Result<(), VenueError> {
        let Some(ours) = self.desk.get(order) else { return Ok(()) };
        let lost = |what: &str| -> Box<str> {
            format!("the {what} never arrived at Kiwoom: the order is open as it was · 키움에 도달하지 않았습니다").into()
        };
        let update = match meaning {
            Meaning::Open => ours.number.map(|number| OrderUpdate::Accepted { venue_order: number.get() }),
            // The broker knows it no more, and its fills have been told.
            Meaning::Over => {
                let cancelled = ours.cancel.is_some_and(|change| change != Change::Sending);
                let ended = self.decoder.orders_mut(at).end(order);
                let update = if cancelled { OrderUpdate::Cancelled } else { OrderUpdate::Expired };
                ended.then_some(update)
            }
            Meaning::AmendLost => Some(OrderUpdate::AmendRejected { reason: lost("amendment") }),
            Meaning::CancelLost => Some(OrderUpdate::CancelRejected { reason: lost("cancellation") }),
            Meaning::NotFound => {
                if ours.step != Step::Lost
                    && let Some(ours) = self.desk.get_mut(order)
                {
                    ours.step = Step::Lost;
                }
                return self.mailbox.answer(at, Answer::NotFound { order }).await;
            }
            Meaning::Ambiguous(_) => None,
        };
        self.made.extend(update.map(|update| (None, Event::Order(OrderEvent { order, update }))));
        Ok(())
    }

    /// A new day in Korea: every order of the day before has ended, and numbers begin anew.
    pub(super) async fn begin_day(&mut self, at: Nanos) -> Result<(), VenueError> {
        for order in self.desk.begin_day() {
            let update = OrderUpdate::Expired;
            self.made.push((None, Event::Order(OrderEvent { order, update })));
        }
        self.flush(at).await?;
        // Ticks, fees and taxes have their days; what changed is said before anything of the new day.
        for instrument in self.directory.define_anew(at) {
            self.mailbox.send_priority(at, Event::Market(MarketEvent::Instrument(Box::new(instrument)))).await?;
        }
        // Clears the numbers of the day before.
        let _ = self.decoder.orders_mut(at);
        self.charges = Default::default();
        Ok(())
    }

    /// Orders of sessions before: what was told of them then is known, the rest is found out when the account is asked for.
    pub(super) async fn take_over(&mut self) -> Result<(), VenueError> {
        let now = (self.now)();
        let today = super::Date::at(now);
        for order in std::mem::take(&mut self.resumed) {
            let request = &order.request;
            let Some(code) = self.numbers.symbol(Venue::Kiwoom, request.instrument) else { continue };
            if let Err(reason) = self.define(&code).await? {
                self.tell_failure(&format!("order {}", request.id), &reason).await?;
                continue;
            }
            let is_today = super::Date::at(order.submitted) == today;
            self.desk.resume(&order, &code, self.config.exchange, is_today);
            let Some(number) = order.venue_order.filter(|_| is_today).and_then(OrderNumber::new) else { continue };
            // What was filled before an amendment was filled under another number.
            let limit = match request.order_type {
                crate::account::OrderType::Market => None,
                crate::account::OrderType::Limit(price) => Some(price),
            };
            let amended = order.amend_sent.is_some() || order.qty != request.qty || order.limit != limit;
            let filled = (order.filled, order.filled_value);
            self.decoder.orders_mut(now).resume(number, request.id, filled, amended && order.filled != Qty::ZERO);
            if order.filled != Qty::ZERO {
                self.charges.give_up(number);
            }
        }
        Ok(())
    }
}
