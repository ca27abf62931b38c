//! Our orders: those that live, and for a while those that are over, because a fill may still come.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use jangbu_journal::Nanos;
use serde::{Deserialize, Serialize};

use crate::account::{NewOrder, Order, OrderId, OrderState, StrategyId};
use crate::market::{InstrumentId, Money, Price, Qty, Side};

/// How many orders that are over are remembered. Binance's matching engine reports a trade within the second; an order is
/// forgotten after this many later ones are over.
const DONE_MAX: usize = 1_024;

/// An order that lives, and what the kernel does about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Live {
    pub(super) order: Order,
    /// Cash that is set aside for it.
    pub(super) reserved: Money,
    /// What the reservation of a market order is reckoned at.
    pub(super) reference: Price,
    /// How often the venue was asked about it without an answer.
    pub(super) asked: u32,
}

impl Live {
    pub(super) fn new(order: NewOrder, reference: Price, at: Nanos) -> Self {
        Live { order: Order::new(order, at), reserved: Money::ZERO, reference, asked: 0 }
    }

    /// Whether it is waiting for a word of the venue.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.order.state, OrderState::Submitted | OrderState::Unknown)
            || self.order.cancel_sent
            || self.order.amend_sent.is_some()
    }

    /// The price its open rest is reckoned at.
    pub(super) fn price(&self) -> Price {
        self.order.limit.unwrap_or(self.reference)
    }
}

/// What a fill was booked with, until the venue says what it charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BookedFill {
    pub(super) order: OrderId,
    pub(super) trade: u64,
    pub(super) instrument: InstrumentId,
    pub(super) fee: Money,
    pub(super) tax: Money,
}

/// Orders by id. Ids rise with time, so a new one goes to the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Orders {
    live: Vec<Live>,
    /// Over, oldest first.
    done: VecDeque<Order>,
    /// Fills whose charge may still come, oldest first.
    booked: VecDeque<BookedFill>,
}

impl Orders {
    pub(super) fn add(&mut self, live: Live) {
        let rises = self.live.last().is_none_or(|last| last.order.request.id < live.order.request.id);
        assert!(rises, "order ids are positions of effects, and those rise");
        self.live.push(live);
    }

    fn place(&self, id: OrderId) -> Option<usize> {
        self.live.binary_search_by(|live| live.order.request.id.cmp(&id)).ok()
    }

    pub(super) fn live(&self) -> &[Live] {
        &self.live
    }

    pub(super) fn get(&self, id: OrderId) -> Option<&Live> {
        self.place(id).map(|place| &self.live[place])
    }

    pub(super) fn get_mut(&mut self, id: OrderId) -> Option<&mut Live> {
        self.place(id).map(|place| &mut self.live[place])
    }

    /// An order that is over and still remembered.
    pub(super) fn done_mut(&mut self, id: OrderId) -> Option<&mut Order> {
        self.done.iter_mut().rev().find(|order| order.request.id == id)
    }

    /// Moves an order that is over out of the way.
    pub(super) fn retire(&mut self, id: OrderId) {
        let Some(place) = self.place(id) else { return };
        let live = self.live.remove(place);
        if self.done.len() == DONE_MAX {
            self.done.pop_front();
        }
        self.done.push_back(live.order);
    }

    /// An amendment confirmed late has reopened an order that was over: it lives again.
    pub(super) fn revive(&mut self, id: OrderId) {
        let Some(place) = self.done.iter().rposition(|order| order.request.id == id && !order.is_done()) else { return };
        let Some(order) = self.done.remove(place) else { return };
        let reference = order.limit.unwrap_or(Price::ZERO);
        let place = self.live.partition_point(|live| live.order.request.id < id);
        self.live.insert(place, Live { order, reserved: Money::ZERO, reference, asked: 0 });
    }

    /// Remembers what a fill was booked with.
    pub(super) fn on_booked(&mut self, fill: BookedFill) {
        if self.booked.len() == DONE_MAX {
            self.booked.pop_front();
        }
        self.booked.push_back(fill);
    }

    /// Takes what a fill was booked with: it is charged once.
    pub(super) fn take_booked(&mut self, order: OrderId, trade: u64) -> Option<BookedFill> {
        let place = self.booked.iter().rposition(|fill| fill.order == order && fill.trade == trade)?;
        self.booked.remove(place)
    }

    pub(super) fn of(&self, instrument: InstrumentId) -> impl Iterator<Item = &Live> + '_ {
        self.live.iter().filter(move |live| live.order.request.instrument == instrument)
    }

    /// Open quantities of an instrument, to buy and to sell, of one strategy or of everybody. An order that may be at the venue
    /// counts. `None` when they are too large to count.
    pub(super) fn working(&self, instrument: InstrumentId, strategy: Option<StrategyId>) -> Option<(Qty, Qty)> {
        let (mut buy, mut sell) = (Qty::ZERO, Qty::ZERO);
        for live in self.of(instrument).filter(|live| strategy.is_none_or(|id| id == live.order.request.strategy)) {
            let sum = if live.order.request.side == Side::Buy { &mut buy } else { &mut sell };
            *sum = sum.checked_add(live.order.open_qty())?;
        }
        Some((buy, sell))
    }
}
