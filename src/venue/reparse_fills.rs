//! Fills as frames of an account's stream tell them, against the fills of the journal: [`Fills`]. What else is made of such frames
//! depends on which orders are known by then, not on their bytes alone; a fill is a fact, and bears the name of its order.

use std::collections::BTreeMap;

use jangbu_journal::Seq;

use crate::account::OrderId;
use crate::market::{Price, Qty, Venue};
use crate::venue::binance::wire::private::{ClientId, UserFrame};

/// A fill: whose, its number, its price and quantity.
type Fill = (OrderId, u64, Price, Qty);

/// Two that should be equal and are not: what the journal has, what the frame says, and where that ended.
pub(super) struct Unequal {
    pub(super) journaled: Fill,
    pub(super) told: Fill,
    pub(super) frame: Seq,
}

/// Fills of both sides so far.
#[derive(Default)]
pub(super) struct Fills {
    /// By frames alone.
    told: BTreeMap<(OrderId, u64), (Price, Qty, Seq)>,
    journaled: BTreeMap<(OrderId, u64), (Price, Qty)>,
    /// How many were compared.
    pub(super) equal: u64,
}

impl Fills {
    /// A frame that ended at `frame` tells of a fill.
    pub(super) fn on_told(&mut self, (order, number, price, qty): Fill, frame: Seq) -> Result<(), Unequal> {
        match self.journaled.get(&(order, number)) {
            Some(known) => self.compare((order, number), *known, (price, qty, frame)),
            None => {
                self.told.insert((order, number), (price, qty, frame));
                Ok(())
            }
        }
    }

    /// A fill stands in the journal.
    pub(super) fn on_journaled(&mut self, (order, number, price, qty): Fill) -> Result<(), Unequal> {
        self.journaled.insert((order, number), (price, qty));
        match self.told.remove(&(order, number)) {
            Some(told) => self.compare((order, number), (price, qty), told),
            None => Ok(()),
        }
    }

    fn compare(&mut self, (order, number): (OrderId, u64), known: (Price, Qty), told: (Price, Qty, Seq)) -> Result<(), Unequal> {
        if known == (told.0, told.1) {
            self.equal += 1;
            return Ok(());
        }
        let fill = |price, qty| (order, number, price, qty);
        Err(Unequal { journaled: fill(known.0, known.1), told: fill(told.0, told.1), frame: told.2 })
    }
}

/// The fills of our orders that a frame of an account's stream tells of; `None` when this build cannot tell whose they are: Kiwoom
/// gives orders their numbers in answers, which are no frames.
pub(super) fn fills_of(venue: Venue, bytes: &[u8]) -> Option<Vec<Fill>> {
    match venue {
        Venue::BinanceSpot | Venue::BinanceUsdM => Some(binance(bytes).into_iter().collect()),
        #[cfg(feature = "live")]
        Venue::Upbit => Some(upbit(bytes)),
        #[cfg(not(feature = "live"))]
        Venue::Upbit => None,
        Venue::Kiwoom => None,
    }
}

fn binance(bytes: &[u8]) -> Option<Fill> {
    let Ok(UserFrame::Order(report)) = UserFrame::parse(bytes) else { return None };
    let (trade, name) = (report.trade.as_ref()?, report.client_id.parse::<ClientId>().ok()?);
    Some((name.order, trade.trade, trade.price, trade.qty))
}

#[cfg(feature = "live")]
fn upbit(bytes: &[u8]) -> Vec<Fill> {
    use super::upbit::identifier::{Identifier, number_of};
    use super::upbit::wire::{Levels, Message, frame::messages};
    let read = |text: &str| {
        let Ok(Message::MyOrder(report)) = Message::parse(text, &mut Levels::default()) else { return None };
        let name: Identifier = report.identifier.as_ref()?.parse().ok()?;
        let (price, qty) = report.fill()?;
        Some((name.order, number_of(report.trade_uuid.as_ref()?), price, qty))
    };
    messages(bytes).map(|texts| texts.filter_map(read).collect()).unwrap_or_default()
}
