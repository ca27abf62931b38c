//! What went through a session, counted: [`Counts`].

use serde::Serialize;

use crate::effect::Effect;
use crate::event::{Event, MarketEvent, OrderUpdate};

/// Events and effects of a session, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Every event.
    pub events: u64,
    /// Trades of the market.
    pub trades: u64,
    /// Best bids and asks.
    pub quotes: u64,
    /// Book updates.
    pub depths: u64,
    /// Levels of book updates.
    pub levels: u64,
    /// Books lost.
    pub books_lost: u64,
    /// Other market events: definitions, bars, phases, conditions.
    pub market_others: u64,
    /// Events of our orders.
    pub order_events: u64,
    /// Fills among them.
    pub fills: u64,
    /// Rejections among them.
    pub rejections: u64,
    /// Answers of venues.
    pub answers: u64,
    /// Connection changes.
    pub links: u64,
    /// Commands of the operator.
    pub commands: u64,
    /// Timers.
    pub ticks: u64,
    /// Raw frames kept.
    pub frames: u64,
    /// Orders submitted.
    pub orders: u64,
    /// Amendments sent.
    pub amendments: u64,
    /// Cancellations sent.
    pub cancellations: u64,
    /// Questions asked.
    pub queries: u64,
    /// Subscriptions changed.
    pub subscriptions: u64,
    /// Notices to people.
    pub notices: u64,
}

impl Counts {
    /// Counts an event.
    #[inline]
    pub fn on_event(&mut self, event: &Event) {
        self.events += 1;
        *match event {
            Event::Market(market) => match market {
                MarketEvent::Trade(_) => &mut self.trades,
                MarketEvent::Quote(_) => &mut self.quotes,
                MarketEvent::Depth(_) => &mut self.depths,
                MarketEvent::Level(_) => &mut self.levels,
                MarketEvent::BookLost(_) => &mut self.books_lost,
                MarketEvent::Instrument(_)
                | MarketEvent::Bar(_)
                | MarketEvent::Value(_)
                | MarketEvent::Phase(_)
                | MarketEvent::Condition(_)
                | MarketEvent::Vi(_)
                | MarketEvent::Ranked(_)
                | MarketEvent::Reference(_)
                | MarketEvent::Activity(_)
                | MarketEvent::Mark(_) => &mut self.market_others,
            },
            Event::Order(order) => {
                match order.update {
                    OrderUpdate::Filled(_) => self.fills += 1,
                    OrderUpdate::Rejected { .. } => self.rejections += 1,
                    OrderUpdate::Accepted { .. }
                    | OrderUpdate::Amended { .. }
                    | OrderUpdate::AmendRejected { .. }
                    | OrderUpdate::Cancelled
                    | OrderUpdate::CancelRejected { .. }
                    | OrderUpdate::Expired
                    | OrderUpdate::Unknown => {}
                }
                &mut self.order_events
            }
            Event::Answer(_) => &mut self.answers,
            Event::Link(_) => &mut self.links,
            Event::Command(_) => &mut self.commands,
            Event::Tick => &mut self.ticks,
            Event::Frame(_) => &mut self.frames,
        } += 1;
    }

    /// Counts an effect.
    pub fn on_effect(&mut self, effect: &Effect) {
        *match effect {
            Effect::Submit(_) => &mut self.orders,
            Effect::Amend(_) => &mut self.amendments,
            Effect::Cancel(_) => &mut self.cancellations,
            Effect::Query(_) => &mut self.queries,
            Effect::Subscribe { .. } => &mut self.subscriptions,
            Effect::Notify(_) => &mut self.notices,
        } += 1;
    }
}
