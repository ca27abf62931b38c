//! The orders this gateway has sent or taken over, and what it has told of them: [`Known`], [`Orders`]. It tells each thing once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jangbu_journal::Nanos;

use crate::account::{Amendment, NewOrder, Order, OrderId};
use crate::market::{Price, Qty};
use crate::venue::binance::wire::private::ClientId;
use crate::venue::binance::wire::private::request::Locator;
use crate::venue::gateway::Instruction;

/// Orders that are over and still listened for.
const DONE_MAX: usize = 4_096;

/// What is known of an order.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) request: NewOrder,
    /// Upper case.
    pub(super) symbol: String,
    /// The venue's number, once it said so.
    pub(super) number: Option<u64>,
    /// When its cause was received, milliseconds: a part of its name.
    caused_ms: u64,
    /// How often the order was replaced at the venue.
    pub(super) revision: u16,
    /// Current limit and total, as told to the kernel.
    pub(super) limit: Option<Price>,
    pub(super) qty: Qty,
    /// Trades told to the kernel, and their sum.
    pub(super) trades: BTreeSet<u64>,
    pub(super) filled: Qty,
    /// The most that the venue showed as filled.
    pub(super) shown: Qty,
    /// Trades it already had when this session began: their numbers are known to the kernel's order alone.
    pub(super) before: Option<Box<Order>>,
    /// Its end was told.
    pub(super) is_done: bool,
    /// Its fate is not known.
    pub(super) is_unknown: bool,
    /// A request about it is under way; others wait.
    pub(super) is_busy: bool,
    pub(super) waiting: VecDeque<Instruction>,
    /// An amendment under way.
    pub(super) amending: Option<Amendment>,
    /// The one that `amending` replaced was reported as cancelled.
    pub(super) old_cancelled: bool,
    /// The last request about it cannot be carried out after this, venue's milliseconds.
    pub(super) settled_ms: i64,
    /// When it was placed, venue's milliseconds.
    pub(super) sent_ms: i64,
    /// When something was last heard of it, venue's milliseconds.
    pub(super) heard_ms: i64,
}

impl Known {
    pub(super) fn new(request: NewOrder, symbol: String, (caused, now_ms): (Nanos, i64), limit: Option<Price>) -> Self {
        Known {
            request,
            symbol,
            number: None,
            caused_ms: ClientId::first(request.id, caused).caused_ms,
            revision: 0,
            limit,
            qty: request.qty,
            trades: BTreeSet::new(),
            filled: Qty::ZERO,
            shown: Qty::ZERO,
            before: None,
            is_done: false,
            is_unknown: false,
            is_busy: false,
            waiting: VecDeque::new(),
            amending: None,
            old_cancelled: false,
            settled_ms: i64::MAX,
            sent_ms: now_ms,
            heard_ms: now_ms,
        }
    }

    /// An order of a session before. Whatever was asked of it, was asked before `now_ms`.
    pub(super) fn resumed(order: &Order, symbol: String, now_ms: i64, recv_window_ms: i64) -> Self {
        Known {
            number: order.venue_order,
            qty: order.qty,
            filled: order.filled,
            amending: order.amend_sent,
            is_unknown: order.venue_order.is_none(),
            settled_ms: now_ms.saturating_add(recv_window_ms),
            sent_ms: order.submitted.get() / 1_000_000,
            before: Some(Box::new(order.clone())),
            ..Known::new(order.request, symbol, (order.submitted, now_ms), order.limit)
        }
    }

    /// How the venue knows it.
    pub(super) fn locator(&self) -> Locator {
        match self.number {
            Some(number) => Locator::Number(number),
            None => Locator::Name(self.name()),
        }
    }

    /// Its name.
    pub(super) fn name(&self) -> ClientId {
        ClientId { order: self.request.id, caused_ms: self.caused_ms, revision: self.revision }
    }

    /// The name its replacement has, or will have.
    pub(super) fn next_name(&self) -> ClientId {
        ClientId { revision: self.revision.saturating_add(1), ..self.name() }
    }

    /// The venue shows so much as filled, all in all. Whether trades of it are missing here.
    pub(super) fn is_behind(&mut self, shown: Qty) -> bool {
        self.shown = self.shown.max(shown);
        self.is_short()
    }

    /// Whether the venue has shown more as filled than was told.
    pub(super) fn is_short(&self) -> bool {
        self.filled < self.shown
    }

    /// Whether a trade was told already.
    pub(super) fn has_trade(&self, trade: u64) -> bool {
        self.trades.contains(&trade) || self.before.as_ref().is_some_and(|order| order.has_trade(trade))
    }

    /// Counts a trade. False when it was told already.
    pub(super) fn is_new_trade(&mut self, trade: u64, qty: Qty) -> bool {
        if self.has_trade(trade) {
            return false;
        }
        self.trades.insert(trade);
        self.filled = self.filled.checked_add(qty).unwrap_or(Qty::MAX);
        true
    }
}

/// Every order, by our id and by the venue's number.
#[derive(Debug, Default)]
pub(super) struct Orders {
    by_id: BTreeMap<OrderId, Known>,
    by_number: BTreeMap<u64, OrderId>,
    done: VecDeque<OrderId>,
}

impl Orders {
    pub(super) fn add(&mut self, known: Known) {
        if let Some(number) = known.number {
            self.by_number.insert(number, known.request.id);
        }
        self.by_id.insert(known.request.id, known);
    }

    pub(super) fn get(&self, order: OrderId) -> Option<&Known> {
        self.by_id.get(&order)
    }

    pub(super) fn get_mut(&mut self, order: OrderId) -> Option<&mut Known> {
        self.by_id.get_mut(&order)
    }

    /// Which order of ours is meant: by the venue's number, else by its name, if the symbol and the moment are the same. A name
    /// alone proves nothing when the order has another number already.
    pub(super) fn find(&self, number: u64, client_id: &str, symbol: &str) -> Option<OrderId> {
        if let Some(order) = self.by_number.get(&number) {
            return Some(*order);
        }
        let name: ClientId = client_id.parse().ok()?;
        let is_meant = |known: &&Known| known.symbol.eq_ignore_ascii_case(symbol) && known.caused_ms == name.caused_ms;
        let known = self.by_id.get(&name.order).filter(is_meant)?;
        (known.number.is_none() || name.revision > known.revision).then_some(name.order)
    }

    /// The venue's number of an order; an order that was replaced is found by both.
    pub(super) fn number(&mut self, order: OrderId, number: u64) {
        if let Some(known) = self.by_id.get_mut(&order) {
            known.number = Some(number);
            self.by_number.insert(number, order);
        }
    }

    /// An order is over. It is listened for a while longer.
    pub(super) fn end(&mut self, order: OrderId) {
        let Some(known) = self.by_id.get_mut(&order).filter(|known| !known.is_done) else { return };
        (known.is_done, known.is_unknown) = (true, false);
        self.done.push_back(order);
        if self.done.len() > DONE_MAX
            && let Some(oldest) = self.done.pop_front()
        {
            self.by_id.remove(&oldest);
            self.by_number.retain(|_, order| *order != oldest);
        }
    }

    /// Orders, over or not, of which trades are missing and nothing is under way.
    pub(super) fn short(&self) -> impl Iterator<Item = &Known> {
        self.by_id.values().filter(|known| known.is_short() && !known.is_busy)
    }

    /// Orders that are not over.
    pub(super) fn live(&self) -> impl Iterator<Item = &Known> {
        self.by_id.values().filter(|known| !known.is_done)
    }
}
