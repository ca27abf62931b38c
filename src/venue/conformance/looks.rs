//! What a [`Rig`] shows: what was told of orders, how they stand, and in what our books differ from the emulator's.

use std::collections::BTreeMap;

use super::harness::{Harness, INSTRUMENT, Ledger};
use super::rig::Rig;
use crate::account::{Order, OrderId, OrderState, Position};
use crate::event::link::ACCOUNT_CHANNEL;
use crate::event::{Answer, Command, Event, Link, LinkState, OrderEvent};
use crate::market::{Currency, Money, Qty, Side};

impl<H: Harness> Rig<H> {
    /// What was told of an order, by name.
    pub(in crate::venue) fn updates(&self, order: OrderId) -> String {
        let name = |event: &Event| match event {
            Event::Order(OrderEvent { order: of, update }) if *of == order => {
                let text = format!("{update:?}");
                Some(text.split([' ', '(', '{']).next().unwrap_or("").to_owned())
            }
            Event::Answer(answer) if **answer == Answer::NotFound { order } => Some("NotFound".to_owned()),
            _ => None,
        };
        self.heard.iter().filter_map(|row| name(&row.1)).collect::<Vec<_>>().join(" ")
    }

    /// Reasons of refusals, of any order.
    pub(in crate::venue) fn refusals(&self) -> String {
        let words = |event: &Event| match event {
            Event::Order(order) => Some(format!("{:?}", order.update)).filter(|text| text.contains("Rejected")),
            _ => None,
        };
        self.heard.iter().filter_map(|row| words(&row.1)).collect::<Vec<_>>().join("\n")
    }

    /// A live order; none once it is over.
    pub(in crate::venue) fn life(&self, order: OrderId) -> Option<&Order> {
        self.kernel.orders().find(|one| one.request.id == order)
    }

    pub(in crate::venue) fn state(&self, order: OrderId) -> Option<OrderState> {
        self.life(order).map(|order| order.state)
    }

    /// Links of the account, `up` and `down`.
    pub(in crate::venue) fn links(&self) -> String {
        let state = |event: &Event| match event {
            Event::Link(Link { channel: ACCOUNT_CHANNEL, state: LinkState::Up, .. }) => Some("up"),
            Event::Link(Link { channel: ACCOUNT_CHANNEL, .. }) => Some("down"),
            _ => None,
        };
        self.heard.iter().filter_map(|row| state(&row.1)).collect::<Vec<_>>().join(" ")
    }

    /// Whether our book begins as the venue's does.
    pub(in crate::venue) fn has_their_book(&self) -> bool {
        let Some(book) = self.kernel.book(INSTRUMENT) else { return false };
        let best = |side| book.best(side).map(|level| level.0);
        (best(Side::Buy), best(Side::Sell)) == self.harness.best()
    }

    /// Our books against the emulator's, to the unit.
    pub(in crate::venue) fn difference(&self) -> Option<String> {
        let Ledger { cash, held, cost, .. } = self.harness.ledger();
        let portfolio = self.kernel.portfolio();
        let positions = self.kernel.instruments().map(|row| (row.symbol.clone(), portfolio.position(row.id)));
        let positions: BTreeMap<String, Position> = positions.filter(|row| row.1.qty != Qty::ZERO).collect();
        let ours: BTreeMap<String, Qty> = positions.iter().map(|row| (row.0.clone(), row.1.qty)).collect();
        if ours != held {
            return Some(format!("we hold {ours:?}, the emulator says {held:?}"));
        }
        let our_cost = positions.values().try_fold(Money::ZERO, |sum, position| sum.checked_add(position.cost));
        cash.into_iter().find_map(|(currency, theirs)| {
            let ours = portfolio.cash(H::TERMS.venue, currency).total;
            let is_sum = H::TERMS.realises && self.is_shuffled && currency == self.quote();
            let whole = |money: Money, cost: Option<Money>| if is_sum { money.checked_sub(cost?) } else { Some(money) };
            let (ours, theirs) = (whole(ours, our_cost), whole(theirs, Some(cost)));
            (ours != theirs).then(|| format!("we have {ours:?} {currency}, the emulator says {theirs:?}"))
        })
    }

    fn quote(&self) -> Currency {
        self.kernel.instruments().next().map(|instrument| instrument.quote).unwrap_or_default()
    }

    /// Everything but the market, for a failure.
    pub(in crate::venue) fn story(&self) -> String {
        let is_told = |event: &Event| match event {
            Event::Market(_) | Event::Tick | Event::Frame(_) => false,
            // Those that the kernel let leave are heard of.
            Event::Command(command) => !matches!(**command, Command::Order { .. } | Command::Configure(_)),
            _ => true,
        };
        let rows = self.heard.iter().filter(|row| is_told(&row.1));
        let text: Vec<String> = rows.map(|row| format!("{} {} {:?}", row.0.seq, row.0.recv, row.1)).collect();
        let from = text.len().saturating_sub(80);
        let live: Vec<&Order> = self.kernel.orders().collect();
        let (theirs, difference) = (self.harness.orders(), self.difference());
        let story = text[from..].join("\n");
        format!("{story}\nnotices: {:?}\nlive: {live:?}\ntheirs: {theirs:?}\ndifference: {difference:?}", self.notices)
    }
}
