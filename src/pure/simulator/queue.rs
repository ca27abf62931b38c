//! Who stands ahead of us at a price: [`QueueModel`], and the three in use.

use serde::{Deserialize, Serialize};

use crate::market::Qty;

/// How much stands ahead of a resting order at its price.
pub trait QueueModel: Send {
    /// The order joins a level that shows `shown`; `None` when nobody knows what stands there.
    fn on_join(&self, shown: Option<Qty>) -> Qty;

    /// `traded` was taken at the price; what is ahead of us after that.
    fn on_trade(&self, ahead: Qty, traded: Qty) -> Qty;

    /// The level is reported to show `shown`, after `before` (when known); what is ahead of us after that.
    fn on_level(&self, ahead: Qty, before: Option<Qty>, shown: Qty) -> Qty;
}

/// The queue models there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Queue {
    /// Everybody at the level on our arrival is ahead; only trades there, and the level falling below what is ahead, shorten it.
    /// Where the size of the level is unknown, nothing fills until the market trades through.
    #[default]
    Conservative,
    /// As conservative, but a decrease that trades do not explain comes from before and behind us in proportion.
    Proportional,
    /// Nobody is ahead: any trade at the price fills.
    Optimistic,
}

impl QueueModel for Queue {
    fn on_join(&self, shown: Option<Qty>) -> Qty {
        match self {
            Queue::Optimistic => Qty::ZERO,
            Queue::Conservative | Queue::Proportional => shown.unwrap_or(Qty::MAX),
        }
    }

    fn on_trade(&self, ahead: Qty, traded: Qty) -> Qty {
        // An unknown queue stays unknown: a trade does not say how much was there.
        if ahead == Qty::MAX { ahead } else { minus(ahead, traded) }
    }

    fn on_level(&self, ahead: Qty, before: Option<Qty>, shown: Qty) -> Qty {
        match (self, before) {
            (Queue::Proportional, Some(before)) if shown < before && ahead <= before => {
                // ahead × shown ÷ before; a product past 128 bits falls back to the conservative answer.
                match ahead.raw().checked_mul(shown.raw()).and_then(|product| product.checked_div(before.raw())) {
                    Some(raw) => Qty::from_raw(raw).min(shown),
                    None => ahead.min(shown),
                }
            }
            (Queue::Proportional | Queue::Conservative, _) => ahead.min(shown),
            (Queue::Optimistic, _) => Qty::ZERO,
        }
    }
}

/// `from` less `amount`, but not below 0.
#[inline]
pub(super) fn minus(from: Qty, amount: Qty) -> Qty {
    Qty::from_raw(from.raw().saturating_sub(amount.raw()).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_shorten() {
        let qty = Qty::from_raw;
        let conservative = Queue::Conservative;
        assert_eq!(conservative.on_join(None), Qty::MAX);
        assert_eq!(conservative.on_trade(Qty::MAX, qty(5)), Qty::MAX);
        assert_eq!(conservative.on_trade(qty(8), qty(5)), qty(3));
        assert_eq!(conservative.on_trade(qty(3), qty(5)), qty(0));
        assert_eq!(conservative.on_level(qty(3), Some(qty(9)), qty(5)), qty(3));
        assert_eq!(conservative.on_level(qty(3), Some(qty(9)), qty(2)), qty(2));
        assert_eq!(Queue::Proportional.on_level(qty(4), Some(qty(8)), qty(4)), qty(2));
        assert_eq!(Queue::Proportional.on_level(qty(4), Some(qty(8)), qty(12)), qty(4));
        assert_eq!(Queue::Optimistic.on_join(Some(qty(8))), qty(0));
    }
}
