//! The orders this gateway has sent or taken over, and what it has told of them: [`Known`], [`Orders`]. It tells each thing once.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::identifier::{Identifier, number_of};
use super::wire::MarketCode;
use super::wire::private::OrderState;
use super::wire::rest::order::Order as Answered;
use crate::account::{Amendment, NewOrder, Order, OrderId, OrderType, TimeInForce};
use crate::market::{Money, Price, Qty};
use crate::venue::gateway::Instruction;

/// Orders that are over and still listened for.
const DONE_MAX: usize = 4_096;

/// An amendment under way: the order under the next identifier that is to take the place of the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amending {
    pub(super) asked: Amendment,
    pub(super) revision: u16,
}

impl Amending {
    /// Of a session before: under which identifier is not known.
    const UNPLACED: u16 = u16::MAX;
}

/// What is known of an order. At the venue it is a chain: each amendment puts another order in the place of the last one.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) request: NewOrder,
    pub(super) code: MarketCode,
    /// Its first identifier.
    first: Identifier,
    /// Which of the chain is the current one, and which was last tried.
    pub(super) revision: u16,
    pub(super) tried: u16,
    /// The first of the chain whose end and fills are not told yet, and what those before it have filled.
    pub(super) closed: u16,
    pub(super) closed_filled: Qty,
    /// The venue's number of the current one, once it said so.
    pub(super) number: Option<u64>,
    /// Limit and total, as told to the kernel.
    pub(super) limit: Option<Price>,
    pub(super) qty: Qty,
    /// Trades told to the kernel and their fees, where those were told; their sum, all in all and of each of the chain.
    pub(super) trades: BTreeMap<u64, Option<Money>>,
    pub(super) filled: Qty,
    filled_of: BTreeMap<u16, Qty>,
    /// As the kernel knew it when this session began.
    before: Option<Box<Order>>,
    /// Which of the chain is the current one has to be found out first.
    pub(super) is_unplaced: bool,
    pub(super) is_done: bool,
    /// Its fate is not known.
    pub(super) is_unknown: bool,
    /// A request about it is under way; others wait.
    pub(super) is_busy: bool,
    pub(super) waiting: VecDeque<Instruction>,
    pub(super) amending: Option<Amending>,
    /// Why the amendment failed, when the venue said so.
    failure: Option<String>,
    /// No request about it can still arrive at the venue after this.
    pub(super) settled: Instant,
    /// When something was last heard of it.
    pub(super) heard: Instant,
}

impl Known {
    pub(super) fn new(request: NewOrder, code: MarketCode, first: Identifier) -> Self {
        let now = Instant::now();
        Known {
            request,
            code,
            first,
            revision: 0,
            tried: 0,
            closed: 0,
            closed_filled: Qty::ZERO,
            number: None,
            limit: match request.order_type {
                OrderType::Limit(price) => Some(price),
                OrderType::Market => None,
            },
            qty: request.qty,
            trades: BTreeMap::new(),
            filled: Qty::ZERO,
            filled_of: BTreeMap::new(),
            before: None,
            is_unplaced: false,
            is_done: false,
            is_unknown: false,
            is_busy: false,
            waiting: VecDeque::new(),
            amending: None,
            failure: None,
            settled: now,
            heard: now,
        }
    }

    /// An order of a session before. Whatever was asked of it, was asked before now.
    pub(super) fn resumed(order: &Order, code: MarketCode, settle: Duration) -> Self {
        Known {
            qty: order.qty,
            limit: order.limit,
            filled: order.filled,
            number: order.venue_order,
            is_unknown: order.venue_order.is_none(),
            is_unplaced: true,
            settled: Instant::now() + settle,
            amending: order.amend_sent.map(|asked| Amending { asked, revision: Amending::UNPLACED }),
            before: Some(Box::new(order.clone())),
            ..Known::new(order.request, code, Identifier::new(order.request.id, order.submitted))
        }
    }

    /// The identifier of one of the chain.
    pub(super) fn name(&self, revision: u16) -> String {
        self.first.revised(revision).to_string()
    }

    pub(super) fn is_named(&self, id: &Identifier) -> bool {
        self.first.revised(id.revision) == *id
    }

    /// An amendment that the session before had under way.
    pub(super) fn amend_before(&self) -> Option<Amendment> {
        self.before.as_ref()?.amend_sent
    }

    /// What does not rest: the venue ends what is not filled at once.
    pub(super) fn is_immediate(&self) -> bool {
        self.request.order_type == OrderType::Market || matches!(self.request.time_in_force, TimeInForce::Ioc | TimeInForce::Fok)
    }

    /// Whether a trade has been told, in this session or before.
    pub(super) fn has_trade(&self, trade: u64) -> bool {
        self.trades.contains_key(&trade) || self.before.as_ref().is_some_and(|order| order.has_trade(trade))
    }

    /// Counts a trade that is told now.
    pub(super) fn count(&mut self, revision: u16, trade: u64, qty: Qty, fee: Option<Money>) {
        self.trades.insert(trade, fee);
        self.filled = self.filled.checked_add(qty).unwrap_or(Qty::MAX);
        let of = self.filled_of.entry(revision).or_insert(Qty::ZERO);
        *of = of.checked_add(qty).unwrap_or(Qty::MAX);
    }

    /// What is told of one of the chain.
    pub(super) fn filled_of(&self, revision: u16) -> Qty {
        self.filled_of.get(&revision).copied().unwrap_or(Qty::ZERO)
    }

    /// The venue has told of it. Which of the chain is the current one is known, unless an amendment of a session before may
    /// still come to something.
    pub(super) fn on_placed(&mut self, revision: u16) {
        self.tried = self.tried.max(revision);
        self.is_unplaced = self.amending.is_some_and(|amending| amending.revision == Amending::UNPLACED);
    }

    /// The amendment under way was refused.
    pub(super) fn amending_failed(&mut self, reason: String) {
        self.failure = Some(reason);
    }

    pub(super) fn take_failure(&mut self) -> Option<String> {
        self.failure.take()
    }

    /// What the order comes to when the last of these rows is its current one: what those before have filled, and all of that.
    pub(super) fn total(&self, rows: &[(u16, Answered)]) -> Qty {
        let Some(((_, last), before)) = rows.split_last() else { return self.qty };
        let own = last.volume.and_then(|volume| volume.qty().ok()).unwrap_or(last.executed);
        let filled = before.iter().try_fold(self.closed_filled, |sum, (_, row)| sum.checked_add(row.executed));
        filled.and_then(|filled| filled.checked_add(own)).unwrap_or(self.qty)
    }

    /// These rows, whose fills are told, are the chain so far: those before the last one have ended for good.
    pub(super) fn close(&mut self, rows: &[(u16, Answered)]) {
        for (revision, row) in rows {
            let is_over = matches!(row.state, OrderState::Done | OrderState::Cancel);
            if *revision >= self.revision || *revision < self.closed || !is_over {
                continue;
            }
            self.closed_filled = self.closed_filled.checked_add(row.executed).unwrap_or(Qty::MAX);
            self.closed = revision.saturating_add(1);
        }
    }

    /// All fills of one of the chain are told now, those of sessions before among them.
    pub(super) fn set_filled_of(&mut self, revision: u16, filled: Qty) {
        self.filled_of.insert(revision, filled);
    }
}

/// Every order, by our id and by the venue's.
#[derive(Debug, Default)]
pub(super) struct Orders {
    by_id: BTreeMap<OrderId, Known>,
    /// By the number of the venue's id.
    by_number: BTreeMap<u64, (OrderId, u16)>,
    done: VecDeque<OrderId>,
}

impl Orders {
    pub(super) fn add(&mut self, known: Known) {
        self.by_id.insert(known.request.id, known);
    }

    pub(super) fn get(&self, order: OrderId) -> Option<&Known> {
        self.by_id.get(&order)
    }

    pub(super) fn get_mut(&mut self, order: OrderId) -> Option<&mut Known> {
        self.by_id.get_mut(&order)
    }

    /// Which order of ours is meant, and which of its chain.
    pub(super) fn find(&mut self, uuid: &str, identifier: Option<&str>) -> Option<(OrderId, u16)> {
        let number = number_of(uuid);
        if let Some(found) = self.by_number.get(&number) {
            return Some(*found);
        }
        let id: Identifier = identifier?.parse().ok()?;
        self.by_id.get(&id.order).filter(|known| known.is_named(&id))?;
        self.by_number.insert(number, (id.order, id.revision));
        Some((id.order, id.revision))
    }

    /// An order is over. It is listened for a while longer.
    pub(super) fn end(&mut self, order: OrderId) {
        let Some(known) = self.by_id.get_mut(&order).filter(|known| !known.is_done) else { return };
        (known.is_done, known.is_unknown, known.amending) = (true, false, None);
        self.done.push_back(order);
        if self.done.len() > DONE_MAX
            && let Some(oldest) = self.done.pop_front()
        {
            self.by_id.remove(&oldest);
            self.by_number.retain(|_, (order, _)| *order != oldest);
        }
    }

    /// Orders that are not over.
    pub(super) fn live(&self) -> impl Iterator<Item = &Known> {
        self.by_id.values().filter(|known| !known.is_done)
    }
}
