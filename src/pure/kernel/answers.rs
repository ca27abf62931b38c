//! What venues report of our account, compared with our own books. Nothing is taken over silently: a difference is told.

use alloc::format;
use alloc::vec::Vec;

use jangbu_replay::Effects;
use serde::{Deserialize, Serialize};

use super::Kernel;
use super::markets::Markets;
use super::notices::say;
use crate::account::OrderUpdate;
use crate::effect::{Effect, Query, Severity};
use crate::event::order::Charge;
use crate::event::{Answer, Link, LinkState, OrderEvent};
use crate::market::{Currency, InstrumentId, Money, Price, Qty, Venue};

/// Cash and positions as the venues last reported them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reported {
    cash: Vec<(Venue, Currency, Money)>,
    positions: Vec<(InstrumentId, (Qty, Price))>,
}

impl Reported {
    /// Cash of a venue.
    pub(super) fn cash(&self, venue: Venue) -> impl Iterator<Item = (Currency, Money)> + '_ {
        self.cash.iter().filter(move |row| row.0 == venue).map(|row| (row.1, row.2))
    }

    /// Positions of a venue: instrument, quantity, average price.
    pub(super) fn positions<'a>(
        &'a self,
        venue: Venue,
        markets: &'a Markets,
    ) -> impl Iterator<Item = (InstrumentId, Qty, Price)> + 'a {
        let here = move |id: InstrumentId| markets.get(id).is_some_and(|market| market.instrument.venue == venue);
        self.positions.iter().filter(move |row| here(row.0)).map(|row| (row.0, row.1.0, row.1.1))
    }

    /// Forgets the positions of a venue: the next report is whole.
    pub(super) fn forget_positions(&mut self, venue: Venue, markets: &Markets) {
        self.positions.retain(|row| markets.get(row.0).is_none_or(|market| market.instrument.venue != venue));
    }
}

fn put<K: PartialEq, V>(rows: &mut Vec<(K, V)>, key: K, value: V) {
    match rows.iter_mut().find(|row| row.0 == key) {
        Some(row) => row.1 = value,
        None => rows.push((key, value)),
    }
}

impl Kernel {
    pub(super) fn on_answer(&mut self, answer: &Answer, effects: &mut Effects<Effect>) {
        match answer {
            Answer::Balance { venue, currency, free, locked } => match free.checked_add(*locked) {
                Some(total) => match self.reported.cash.iter_mut().find(|row| row.0 == *venue && row.1 == *currency) {
                    Some(row) => row.2 = total,
                    None => self.reported.cash.push((*venue, *currency, total)),
                },
                None => {
                    say(Severity::Critical, "reconcile.cash", effects, format!("{venue} reports too much {currency} to count"))
                }
            },
            Answer::Position { instrument, qty, average } => {
                put(&mut self.reported.positions, *instrument, (*qty, *average));
            }
            Answer::OpenOrder { order, venue_order, instrument, side, qty, .. } => {
                let known = order.is_some_and(|id| self.orders.get(id).is_some());
                if let (Some(id), true) = (*order, known) {
                    // It lives: that is an acceptance, if none came.
                    let update = OrderUpdate::Accepted { venue_order: *venue_order };
                    self.on_order(&OrderEvent { order: id, update }, effects);
                } else {
                    let text =
                        format!("the venue has an open order {venue_order} ({side} {qty} of {instrument}) that is not ours");
                    say(Severity::Warning, "reconcile.foreign_order", effects, text);
                }
            }
            Answer::NotFound { order } => {
                if self.orders.get(*order).is_some() {
                    // Expired and not rejected: should a fill come after all, it is booked.
                    self.on_order(&OrderEvent { order: *order, update: OrderUpdate::Expired }, effects);
                }
            }
            Answer::Reconciled { venue } => self.on_account(*venue, effects),
            Answer::Charged(charge) => self.on_charge(charge, effects),
            Answer::Failed { venue, question, reason } => {
                let text = || format!("{venue} did not answer `{question}`: {reason}");
                self.notices.tell(self.stamp.recv, Severity::Warning, "venue.no_answer", effects, text);
                self.tell_every_strategy(effects, |strategy, view, out| strategy.on_unanswered(view, question, out));
            }
            Answer::Flow(flow) => self.on_flow(flow, effects),
            Answer::Noted { venue, text } => {
                self.notices.tell(self.stamp.recv, Severity::Info, "venue.note", effects, || format!("{venue}: {text}"));
            }
            Answer::Brackets { instrument, brackets } => self.margins.on_brackets(*instrument, brackets),
            Answer::Margin { instrument, isolated, leverage } => self.margins.on_margin(*instrument, *isolated, *leverage),
            Answer::Forced(fill) => self.on_forced(fill, effects),
        }
    }

    /// Whether what a real venue reports is not what the books say.
    pub(super) fn differs(&self, venue: Venue) -> bool {
        let cash = self.reported.cash(venue).any(|(currency, total)| self.portfolio.cash(venue, currency).total != total);
        let reported = |id| self.reported.positions.iter().find(|row| row.0 == id).map_or(Qty::ZERO, |row| row.1.0);
        cash || self
            .markets
            .iter()
            .filter(|market| market.instrument.venue == venue)
            .any(|market| self.portfolio.position(market.instrument.id).qty != reported(market.instrument.id))
    }

    /// Everything of a venue has been reported: compares it with the books.
    pub(super) fn compare(&mut self, venue: Venue, effects: &mut Effects<Effect>) {
        for &(at, currency, total) in self.reported.cash.iter().filter(|row| row.0 == venue) {
            let ours = self.portfolio.cash(at, currency).total;
            if ours != total {
                let text = format!("{venue} reports {total} {currency}, the books say {ours}");
                say(Severity::Critical, "reconcile.cash", effects, text);
            }
        }
        for market in self.markets.iter().filter(|market| market.instrument.venue == venue) {
            let id = market.instrument.id;
            let ours = self.portfolio.position(id).qty;
            let reported = self.reported.positions.iter().find(|row| row.0 == id).map(|row| row.1.0);
            // A simulated venue that does not mention an instrument says nothing about it; a real one says it holds none.
            let reported = reported.or(self.venues.is_real(venue).then_some(Qty::ZERO));
            if let Some(reported) = reported.filter(|reported| *reported != ours) {
                let text = format!("{venue} reports {reported} of {}, the books say {ours}", market.instrument.symbol);
                say(Severity::Critical, "reconcile.position", effects, text);
            }
        }
        // What is still unproven is asked for, one by one: a list of open orders proves nothing about an order that is not in it.
        for live in self.orders.live() {
            let here = self.markets.get(live.order.request.instrument).is_some_and(|market| market.instrument.venue == venue);
            if here && live.is_waiting() {
                effects.push(Effect::Query(Query::Order(live.order.request.id)));
            }
        }
    }

    /// The venue says what a fill really cost; the books had reckoned it by the fee table.
    fn on_charge(&mut self, charge: &Charge, effects: &mut Effects<Effect>) {
        let booked = self.orders.take_booked(charge.order, charge.trade);
        let Some((booked, market)) = booked.and_then(|booked| Some((booked, self.markets.get(booked.instrument)?))) else {
            let text = format!(
                "a fee of {} for trade {} of order {}, which was not booked here",
                charge.fee, charge.trade, charge.order
            );
            say(Severity::Critical, "account.charge", effects, text);
            return;
        };
        let instrument = &market.instrument;
        let other = charge.currency.as_deref().filter(|currency| *currency != instrument.quote.as_str());
        // A fee in another asset (BNB) is not one in the quote currency.
        let fee = if other.is_some() { Money::ZERO } else { charge.fee };
        let mut result =
            self.portfolio.charge(instrument, booked.fee, booked.tax, fee, charge.tax).map_err(|error| format!("{error}"));
        if let Some(currency) = other {
            result = result.and_then(|()| {
                let currency: Currency = currency.parse()?;
                let venue = instrument.venue;
                // What is held of an instrument is its position, not cash.
                let held = self.markets.iter().map(|market| &market.instrument).find(|other| {
                    other.venue == venue && other.base == currency && other.kind.is_tradable() && !other.kind.can_short()
                });
                let charged = match held {
                    Some(held) => self.portfolio.charge_base(held, Qty::from_raw(charge.fee.raw())),
                    None => self.portfolio.charge_other(venue, currency, charge.fee),
                };
                charged.map_err(|error| format!("{error}"))
            });
        }
        if let Err(error) = result {
            say(Severity::Critical, "account.charge", effects, format!("the fee of order {}: {error}", charge.order));
        }
    }

    pub(super) fn on_link(&mut self, link: &Link, effects: &mut Effects<Effect>) {
        self.on_account_link(link, effects);
        match &link.state {
            LinkState::Up => self.markets.on_up(link.venue, link.channel),
            LinkState::Down { reason } => {
                self.markets.on_down(link.venue, link.channel);
                let text = || format!("connection {} to {} is down: {reason}", link.channel, link.venue);
                self.notices.tell(self.stamp.recv, Severity::Warning, "link.down", effects, text);
            }
            LinkState::Conflated { frames } => {
                let text = || format!("{} is faster than we are: {frames} quotes were left out", link.venue);
                self.notices.tell(self.stamp.recv, Severity::Warning, "link.conflated", effects, text);
            }
        }
    }
}
