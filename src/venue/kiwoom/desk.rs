//! Our orders as the gateway knows them: [`Desk`]. No socket, no clock: what to send is returned, what was heard is told.
//!
//! **An order whose answer never came** has no number, and Kiwoom takes no id of ours. So:
//!
//! - of orders that look alike (stock, side, limit, shares) one at a time is without an answer; the next is held back until it is known
//!   what became of that one. Then an order at the broker that looks alike, is nobody's and is younger than our request can be
//!   no other;
//! - younger: its number is higher than every number heard of before we sent (numbers rise with time, whatever clocks say);
//! - two that fit prove nothing: a person is told and the order stays unknown;
//! - none that fits proves nothing at once. Only when two looks, both begun after the request could still arrive, show none, it is
//!   told as not found; and should it turn up even so, it is still taken for ours.

use std::collections::BTreeMap;
use std::time::Duration;

use jangbu_journal::Nanos;

use super::rows::Row;
use super::wire::report::OrderVerb;
use super::wire::rest::order::{AmendOrder, CancelOrder, OrderKind, PlaceOrder, whole_krw, whole_shares};
use super::wire::symbol::{Exchange, OrderNumber};
use crate::account::{Amendment, NewOrder, Order, OrderId, OrderType, OrderUpdate, TimeInForce};
use crate::market::number::ONE;
use crate::market::{InstrumentId, Price, Qty, Side};

/// Looks without it that prove that something is not there.
const ABSENT_MAX: u8 = 2;
/// Orders that are over and still remembered: a late report may be of one.
const GONE_MAX: usize = 4_096;

/// Where an order stands with the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Not sent: one that looks alike has no answer yet.
    Held,
    /// Sent; the answer is awaited.
    Sending,
    /// No answer came, since then.
    Unknown(Nanos),
    /// At the broker, under a number.
    Live,
    /// Declared as not found: it may still turn up.
    Lost,
    /// Over.
    Gone,
}

/// Where an amendment or a cancellation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Sent; the answer is awaited.
    Sending,
    /// No answer came, since then.
    Unknown(Nanos),
    /// Accepted; its report is awaited.
    Accepted,
}

/// An order of ours.
#[derive(Clone, Debug)]
pub(super) struct Ours {
    pub id: OrderId,
    pub instrument: InstrumentId,
    pub code: String,
    pub exchange: Exchange,
    pub side: Side,
    pub kind: OrderKind,
    pub time_in_force: TimeInForce,
    /// KRW; `None` at market.
    pub price: Option<u64>,
    /// In all, filled or not.
    pub shares: u64,
    pub filled: Qty,
    /// The newest number.
    pub number: Option<OrderNumber>,
    pub step: Step,
    pub amend: Option<Change>,
    pub cancel: Option<Change>,
    /// To be cancelled as soon as it has a number.
    pub cancel_wanted: bool,
    /// The highest number heard of before it was sent.
    floor: u64,
    /// Looks that did not show what they should, in a row.
    absent: u8,
    /// Looks that are still due, though it is over.
    last_looks: u8,
    /// The kernel asks, or believes it unknown: it is told when the order is seen, also when that is no news.
    pub asked: bool,
    /// Last news.
    heard: Nanos,
}

/// What decides whether two orders look alike.
type Looks<'a> = (&'a str, Side, Option<u64>, u64);

impl Ours {
    fn looks(&self) -> Looks<'_> {
        (&self.code, self.side, self.price, self.shares)
    }

    fn qty(&self) -> Qty {
        Qty::from_raw(i128::from(self.shares) * i128::from(ONE))
    }

    /// Whether a row could be this one.
    fn fits(&self, row: &Row) -> bool {
        let limit = self.price.map_or(0, |price| i64::try_from(price).unwrap_or(0).saturating_mul(ONE));
        let named = row.price_type.trim().is_empty() || row.price_type.trim() == self.kind.name();
        row.verb == OrderVerb::Place
            && row.original.is_none()
            && row.code == self.code
            && row.side == Some(self.side)
            && row.qty == self.qty()
            && row.price == Price::from_raw(limit)
            && named
            && row.number.get() > self.floor
    }

    fn place(&self) -> PlaceOrder {
        let (side, exchange, code, shares) = (self.side, self.exchange, self.code.clone(), self.shares);
        PlaceOrder { side, exchange, code, shares, price: self.price, kind: self.kind, stop: None }
    }

    /// Whether something about it is not known.
    fn is_unsettled(&self) -> bool {
        matches!(self.step, Step::Unknown(_))
            || self.last_looks > 0
            || self.asked && self.step == Step::Live
            || self.absent > 0 && self.step == Step::Live
            || self.step == Step::Live && (self.amend.is_some() || self.cancel.is_some())
            // What does not fill at once is over at once, and nothing that is known reports that.
            || self.step == Step::Live && matches!(self.time_in_force, TimeInForce::Ioc | TimeInForce::Fok)
    }
}

/// What to do about an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict<T> {
    /// Send this.
    Send(T),
    /// Nothing now.
    Later,
    /// It is not sent, and never will be.
    Refuse(String),
}

/// What a look means for one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is open, under its newest number.
    Open,
    /// It is not at the broker any more.
    Over,
    /// It never was there.
    NotFound,
    /// Its amendment never arrived.
    AmendLost,
    /// Its cancellation never arrived.
    CancelLost,
    /// Several orders could be it.
    Ambiguous(Vec<OrderNumber>),
}

/// Our orders of one account.
#[derive(Debug, Default)]
pub(super) struct Desk {
    orders: BTreeMap<OrderId, Ours>,
}

impl Desk {
    pub(super) fn get(&self, order: OrderId) -> Option<&Ours> {
        self.orders.get(&order)
    }

    pub(super) fn get_mut(&mut self, order: OrderId) -> Option<&mut Ours> {
        self.orders.get_mut(&order)
    }

    /// Every order of which the lists may tell something: those that are not over, and those that have just ended.
    pub(super) fn looked_for(&self) -> impl Iterator<Item = &Ours> {
        self.orders.values().filter(|ours| !matches!(ours.step, Step::Gone | Step::Lost) || ours.last_looks > 0)
    }

    /// A look that began then is over.
    pub(super) fn on_looked(&mut self, began: Nanos) {
        for ours in self.orders.values_mut().filter(|ours| began > ours.heard) {
            ours.last_looks = ours.last_looks.saturating_sub(1);
        }
    }

    /// Every order that is not over.
    pub(super) fn live(&self) -> impl Iterator<Item = &Ours> {
        self.orders.values().filter(|ours| !matches!(ours.step, Step::Gone | Step::Lost))
    }

    /// Whether a look is due.
    pub(super) fn is_unsettled(&self) -> bool {
        self.orders.values().any(Ours::is_unsettled)
    }

    /// An order of a session before, of the same day if `today`.
    pub(super) fn resume(&mut self, order: &Order, code: &str, exchange: Exchange, today: bool) {
        let request = &order.request;
        let Ok(mut ours) = ours(request, code, exchange) else { return };
        ours.price = order.limit.and_then(whole_krw);
        ours.shares = whole_shares(order.qty).unwrap_or(ours.shares);
        ours.filled = order.filled;
        ours.number = order.venue_order.filter(|_| today).and_then(OrderNumber::new);
        ours.asked = true;
        ours.step = match (today, ours.number) {
            (_, Some(_)) => Step::Live,
            (true, None) => Step::Unknown(order.submitted),
            // Numbers and orders of another day are none any more.
            (false, None) => Step::Unknown(Nanos::ZERO),
        };
        if today && ours.number.is_some() {
            ours.amend = order.amend_sent.map(|_| Change::Unknown(order.updated));
            ours.cancel = order.cancel_sent.then_some(Change::Unknown(order.updated));
        }
        self.orders.insert(ours.id, ours);
    }

    /// An order is to be placed. `highest`: the highest number heard of.
    pub(super) fn submit(&mut self, request: &NewOrder, code: &str, exchange: Exchange, highest: u64) -> Verdict<PlaceOrder> {
        let mut ours = match ours(request, code, exchange) {
            Ok(ours) => ours,
            Err(reason) => return Verdict::Refuse(reason),
        };
        let twin = self
            .orders
            .values()
            .any(|other| other.looks() == ours.looks() && matches!(other.step, Step::Held | Step::Sending | Step::Unknown(_)));
        (ours.step, ours.floor) = (if twin { Step::Held } else { Step::Sending }, highest);
        let place = ours.place();
        self.orders.insert(ours.id, ours);
        if twin { Verdict::Later } else { Verdict::Send(place) }
    }

    /// The next order that was held back and may go.
    pub(super) fn next_held(&mut self, highest: u64) -> Option<(OrderId, PlaceOrder)> {
        let busy = |looks: Looks<'_>| {
            let mut others = self.orders.values().filter(|other| matches!(other.step, Step::Sending | Step::Unknown(_)));
            others.any(|other| other.looks() == looks)
        };
        let id = self.orders.values().find(|ours| ours.step == Step::Held && !busy(ours.looks()))?.id;
        let ours = self.orders.get_mut(&id)?;
        (ours.step, ours.floor) = (Step::Sending, highest);
        Some((id, ours.place()))
    }

    /// An order is to be amended.
    pub(super) fn amend(&mut self, amendment: &Amendment) -> Verdict<AmendOrder> {
        let Some(ours) = self.orders.get_mut(&amendment.order) else {
            return Verdict::Refuse("not sent: the gateway does not know this order · 모르는 주문입니다".into());
        };
        let Some(number) = ours.number.filter(|_| ours.step == Step::Live) else {
            return Verdict::Refuse("not sent: the order has no number at Kiwoom (yet) · 아직 주문 번호가 없습니다".into());
        };
        if ours.amend.is_some() || ours.cancel.is_some() {
            return Verdict::Refuse("not sent: a change of this order is under way · 정정이나 취소가 진행 중입니다".into());
        }
        if ours.price.is_none() {
            return Verdict::Refuse(
                "not sent: a market order has no limit to amend · 시장가 주문은 정정할 가격이 없습니다".into(),
            );
        }
        if whole_shares(amendment.qty) != Some(ours.shares) {
            let text = "not sent: Kiwoom amends the limit of what is open, not the quantity; cancel and place anew · \
                        키움은 수량을 바꾸는 정정이 없습니다. 취소하고 다시 주문하십시오";
            return Verdict::Refuse(text.into());
        }
        let open = ours.qty().checked_sub(ours.filled).and_then(whole_shares);
        let Some((price, shares)) = whole_krw(amendment.price).zip(open) else {
            return Verdict::Refuse(format!("not sent: {} is not a price in whole KRW, or nothing is open", amendment.price));
        };
        ours.amend = Some(Change::Sending);
        let (exchange, code) = (ours.exchange, ours.code.clone());
        Verdict::Send(AmendOrder { exchange, number, code, shares, price, stop: None })
    }

    /// An order is to be cancelled. Asked again, it is sent again: cancelling twice is cancelling once.
    pub(super) fn cancel(&mut self, order: OrderId) -> Verdict<CancelOrder> {
        let Some(ours) = self.orders.get_mut(&order) else {
            return Verdict::Refuse("not sent: the gateway does not know this order · 모르는 주문입니다".into());
        };
        match (ours.step, ours.number) {
            (Step::Held, _) => {
                ours.step = Step::Gone;
                Verdict::Refuse(String::new())
            }
            (Step::Live, Some(number)) => {
                if ours.cancel == Some(Change::Sending) || ours.amend == Some(Change::Sending) {
                    ours.cancel_wanted = ours.amend == Some(Change::Sending);
                    return Verdict::Later;
                }
                (ours.cancel, ours.cancel_wanted) = (Some(Change::Sending), false);
                Verdict::Send(CancelOrder { exchange: ours.exchange, number, code: ours.code.clone(), shares: None })
            }
            (Step::Sending | Step::Unknown(_) | Step::Live, _) => {
                ours.cancel_wanted = true;
                Verdict::Later
            }
            (Step::Lost | Step::Gone, _) => Verdict::Refuse("not sent: the order is over · 이미 끝난 주문입니다".into()),
        }
    }

    /// The order has this number.
    pub(super) fn numbered(&mut self, order: OrderId, number: OrderNumber, at: Nanos) {
        if let Some(ours) = self.orders.get_mut(&order) {
            (ours.number, ours.absent, ours.heard) = (Some(number), 0, at);
            if ours.step != Step::Gone {
                ours.step = Step::Live;
            }
        }
    }

    /// An update of an order of ours is on its way to the kernel.
    pub(super) fn on_update(&mut self, order: OrderId, update: &OrderUpdate, at: Nanos) {
        let Some(ours) = self.orders.get_mut(&order) else { return };
        (ours.absent, ours.heard) = (0, at);
        match update {
            OrderUpdate::Accepted { venue_order } => {
                ours.number = OrderNumber::new(*venue_order).or(ours.number);
                if matches!(ours.step, Step::Sending | Step::Unknown(_) | Step::Lost) {
                    ours.step = Step::Live;
                }
                ours.asked = false;
            }
            OrderUpdate::Filled(fill) => {
                ours.filled = ours.filled.checked_add(fill.qty).unwrap_or(ours.filled);
                if ours.filled >= ours.qty() {
                    ours.step = Step::Gone;
                }
            }
            OrderUpdate::Amended { price, qty } => {
                ours.price = whole_krw(*price).or(ours.price);
                ours.shares = whole_shares(*qty).unwrap_or(ours.shares);
                ours.amend = None;
                if ours.step == Step::Gone && ours.filled < ours.qty() {
                    ours.step = Step::Live;
                }
            }
            OrderUpdate::AmendRejected { .. } => ours.amend = None,
            OrderUpdate::CancelRejected { .. } => ours.cancel = None,
            OrderUpdate::Rejected { .. } | OrderUpdate::Cancelled | OrderUpdate::Expired => {
                // The report of a fill may have been lost before that of the end.
                ours.last_looks = if ours.step == Step::Gone || ours.number.is_none() { ours.last_looks } else { ABSENT_MAX };
                (ours.step, ours.amend, ours.cancel) = (Step::Gone, None, None);
            }
            OrderUpdate::Unknown => ours.asked = true,
        }
        self.forget();
    }

    fn forget(&mut self) {
        if self.orders.len() > GONE_MAX
            && let Some(id) = self.orders.values().find(|ours| ours.step == Step::Gone).map(|ours| ours.id)
        {
            self.orders.remove(&id);
        }
    }

    /// Orders without a number that one of these rows (nobody's so far) is: each with the number, or with all that it could be.
    pub(super) fn matches<'a>(
        &self,
        rows: impl Iterator<Item = &'a Row> + Clone,
    ) -> Vec<(OrderId, Result<OrderNumber, Meaning>)> {
        let nameless = || self.orders.values().filter(|ours| matches!(ours.step, Step::Unknown(_) | Step::Lost));
        let mut found = Vec::new();
        for ours in nameless() {
            let mut numbers: Vec<OrderNumber> = rows.clone().filter(|row| ours.fits(row)).map(|row| row.number).collect();
            numbers.sort_unstable();
            numbers.dedup();
            // One that could be another order of ours as well proves nothing either.
            let shared = |number: &OrderNumber| {
                let row = rows.clone().find(|row| row.number == *number);
                row.is_some_and(|row| nameless().any(|other| other.id != ours.id && other.fits(row)))
            };
            match numbers.as_slice() {
                [] => {}
                [one] if !shared(one) => found.push((ours.id, Ok(*one))),
                _ if ours.step == Step::Lost => {}
                _ => found.push((ours.id, Err(Meaning::Ambiguous(numbers)))),
            }
        }
        found
    }

    /// What a look means for every order that is not over. `row_of`: the open row under a number of the order; `ambiguous`: orders
    /// that several rows could be. `settle`: how long an unanswered request may still arrive.
    pub(super) fn judge(
        &mut self,
        began: Nanos,
        settle: Duration,
        is_open: impl Fn(&Ours) -> bool,
        ambiguous: &[OrderId],
    ) -> Vec<(OrderId, Meaning)> {
        let settle = i64::try_from(settle.as_nanos()).unwrap_or(i64::MAX);
        let settled = |since: Nanos| began.since(since) > settle;
        let mut meanings = Vec::new();
        for ours in self.orders.values_mut() {
            let open = is_open(ours);
            let change = |change: Option<Change>| match change {
                Some(Change::Unknown(since)) => settled(since),
                _ => false,
            };
            match ours.step {
                // Another day: what there was is over.
                Step::Unknown(Nanos::ZERO) => meanings.push((ours.id, Meaning::NotFound)),
                Step::Unknown(since) if settled(since) && !ambiguous.contains(&ours.id) => {
                    ours.absent = ours.absent.saturating_add(1);
                    if ours.absent >= ABSENT_MAX {
                        (ours.step, ours.absent) = (Step::Lost, 0);
                        meanings.push((ours.id, Meaning::NotFound));
                    }
                }
                Step::Live if open && (change(ours.amend) || change(ours.cancel)) => {
                    ours.absent = ours.absent.saturating_add(1);
                    if ours.absent >= ABSENT_MAX {
                        ours.absent = 0;
                        if change(ours.amend) {
                            meanings.push((ours.id, Meaning::AmendLost));
                        }
                        if change(ours.cancel) {
                            meanings.push((ours.id, Meaning::CancelLost));
                        }
                        meanings.push((ours.id, Meaning::Open));
                    }
                }
                Step::Live if open => {
                    ours.absent = 0;
                    if ours.asked {
                        meanings.push((ours.id, Meaning::Open));
                    }
                }
                // The lists lag: news that came after the look was begun (or just before) outweigh it.
                Step::Live if began > ours.heard && ours.amend != Some(Change::Sending) => {
                    ours.absent = ours.absent.saturating_add(1);
                    if ours.absent >= ABSENT_MAX {
                        meanings.push((ours.id, Meaning::Over));
                    }
                }
                _ => {}
            }
        }
        meanings
    }

    /// A new day: numbers begin anew, and yesterday's orders are over. Returns those that were not.
    pub(super) fn begin_day(&mut self) -> Vec<OrderId> {
        let sent = |ours: &&mut Ours| !matches!(ours.step, Step::Gone | Step::Held | Step::Sending);
        let over = self.orders.values_mut().filter(sent).filter_map(|ours| {
            let was = std::mem::replace(&mut ours.step, Step::Gone);
            (was != Step::Lost).then_some(ours.id)
        });
        over.collect()
    }
}

/// The order as Kiwoom would take it.
fn ours(request: &NewOrder, code: &str, exchange: Exchange) -> Result<Ours, String> {
    let kind = OrderKind::of(request.order_type, request.time_in_force).ok_or_else(|| {
        "not sent: Kiwoom has no order that must not take (post-only); use gtc · 키움에는 post-only 주문이 없습니다".to_owned()
    })?;
    let shares = whole_shares(request.qty)
        .ok_or_else(|| format!("not sent: {} is not a number of whole shares · 주 단위 수량이 아닙니다", request.qty))?;
    let price = match request.order_type {
        OrderType::Market => None,
        OrderType::Limit(price) => Some(
            whole_krw(price)
                .ok_or_else(|| format!("not sent: the limit {price} is not in whole KRW · 원 단위 가격이 아닙니다"))?,
        ),
    };
    Ok(Ours {
        id: request.id,
        instrument: request.instrument,
        code: code.to_owned(),
        exchange,
        side: request.side,
        kind,
        time_in_force: request.time_in_force,
        price,
        shares,
        filled: Qty::ZERO,
        number: None,
        step: Step::Sending,
        amend: None,
        cancel: None,
        cancel_wanted: false,
        floor: 0,
        absent: 0,
        last_looks: 0,
        asked: false,
        heard: Nanos::ZERO,
    })
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
