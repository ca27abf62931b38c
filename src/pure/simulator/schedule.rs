//! What is on its way, in order of arrival: [`Schedule`].

use alloc::collections::BinaryHeap;
use core::cmp::{Ordering, Reverse};

use jangbu_journal::Nanos;

use crate::account::{Amendment, NewOrder, OrderId};
use crate::effect::Query;
use crate::event::Event;

/// A message on its way.
#[derive(Clone, Debug)]
pub(super) enum Message {
    /// To the venue.
    Submit(NewOrder),
    /// To the venue.
    Amend(Amendment),
    /// To the venue.
    Cancel(OrderId),
    /// To the venue.
    Query(Query),
    /// To us.
    Answer(Event),
}

/// Messages by due time; of those due together, the first put in comes first.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    heap: BinaryHeap<Reverse<Due>>,
    count: u64,
}

impl Schedule {
    /// Puts a message on its way.
    pub(super) fn push(&mut self, at: Nanos, message: Message) {
        self.count += 1;
        self.heap.push(Reverse(Due { at, number: self.count, message }));
    }

    /// When the first is due.
    #[inline]
    pub(super) fn next_due(&self) -> Option<Nanos> {
        self.heap.peek().map(|due| due.0.at)
    }

    /// The first, if it is due by `now`.
    pub(super) fn pop_due(&mut self, now: Nanos) -> Option<(Nanos, Message)> {
        if self.next_due()? > now {
            return None;
        }
        self.heap.pop().map(|due| (due.0.at, due.0.message))
    }
}

#[derive(Debug)]
struct Due {
    at: Nanos,
    number: u64,
    message: Message,
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}
