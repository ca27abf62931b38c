//! What our fills are told as: [`Fills`].

use std::collections::BTreeMap;

use crate::account::{NewOrder, OrderId, OrderUpdate};
use crate::effect::{Notice, Severity};
use crate::event::OrderEvent;
use crate::market::{Instrument, InstrumentId, Side};

/// Orders that are remembered, for words; fills of older ones are told without them.
const ORDERS_MAX: usize = 4_096;

/// Remembers what our orders are of, to tell people of their fills.
#[derive(Debug, Default)]
pub struct Fills {
    symbols: BTreeMap<InstrumentId, Box<str>>,
    orders: BTreeMap<OrderId, (InstrumentId, Side)>,
}

impl Fills {
    /// An instrument was defined.
    pub fn on_instrument(&mut self, instrument: &Instrument) {
        self.symbols.insert(instrument.id, format!("{} {}", instrument.venue, instrument.symbol).into());
    }

    /// An order was sent.
    pub fn on_submit(&mut self, order: &NewOrder) {
        if self.orders.len() >= ORDERS_MAX {
            self.orders.pop_first();
        }
        self.orders.insert(order.id, (order.instrument, order.side));
    }

    /// The words for a fill; `None` when the event is another.
    pub fn on_order(&mut self, event: &OrderEvent) -> Option<Notice> {
        let OrderUpdate::Filled(fill) = &event.update else { return None };
        let what = self.orders.get(&event.order).map_or_else(
            || format!("order {}", event.order),
            |(instrument, side)| {
                let side = match side {
                    Side::Buy => "매수 buy",
                    Side::Sell => "매도 sell",
                };
                format!("{} {side}", self.symbols.get(instrument).map_or("?", |symbol| symbol))
            },
        );
        let text = format!("체결 fill: {what} {} @ {} ({})", fill.qty, fill.price, event.order);
        Some(Notice { severity: Severity::Info, code: "fill".into(), text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Fill, Liquidity, OrderType, StrategyId, TimeInForce};
    use crate::market::InstrumentKind;
    use crate::market::testing::{instrument, price, qty};

    #[test]
    fn a_fill_is_told_in_words_and_forgotten_orders_by_their_id() {
        let mut fills = Fills::default();
        fills.on_instrument(&instrument(0, InstrumentKind::Spot));
        let id = OrderId { index: 1, ..OrderId::default() };
        let order = NewOrder {
            id,
            strategy: StrategyId(0),
            instrument: InstrumentId(0),
            side: Side::Sell,
            order_type: OrderType::Market,
            time_in_force: TimeInForce::Gtc,
            qty: qty("1"),
            reduce_only: false,
        };
        fills.on_submit(&order);
        let fill = Fill { trade: 1, price: price("50000.5"), qty: qty("0.25"), liquidity: Liquidity::Taker };
        let event = OrderEvent { order: id, update: OrderUpdate::Filled(fill) };
        let text = fills.on_order(&event).map(|notice| notice.text);
        assert_eq!(text.as_deref(), Some("체결 fill: binance-spot BTCUSDT 매도 sell 0.25 @ 50000.5 (J0-0-1)"));
        let text = fills.on_order(&OrderEvent { order: OrderId::default(), update: event.update }).map(|notice| notice.text);
        assert_eq!(text.as_deref(), Some("체결 fill: order J0-0-0 0.25 @ 50000.5 (J0-0-0)"));
        assert_eq!(fills.on_order(&OrderEvent { order: id, update: OrderUpdate::Cancelled }), None);
    }
}
