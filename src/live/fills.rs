//! What becomes of our orders, as people are told it beside what the kernel says: [`Fills`].

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

    /// The words for a fill, or for a change that the venue refused; `None` when the event is another.
    pub fn on_order(&mut self, event: &OrderEvent) -> Option<Notice> {
        let told = |severity, code: &str, text| Some(Notice { severity, code: code.into(), text });
        let (what, order) = (|| self.what(event.order), event.order);
        match &event.update {
            OrderUpdate::Filled(fill) => {
                let text = format!("체결 fill: {} {} @ {} ({order})", what(), fill.qty, fill.price);
                told(Severity::Info, "fill", text)
            }
            OrderUpdate::AmendRejected { reason } => {
                let text = format!("정정 거부 amendment refused, the order stands as it was: {} ({order}): {reason}", what());
                told(Severity::Warning, "orders.amend_rejected", text)
            }
            OrderUpdate::CancelRejected { reason } => {
                let text = format!("취소 거부 cancellation refused: {} ({order}): {reason}", what());
                told(Severity::Warning, "orders.cancel_rejected", text)
            }
            _ => None,
        }
    }

    /// What an order is of.
    fn what(&self, order: OrderId) -> String {
        self.orders.get(&order).map_or_else(
            || format!("order {order}"),
            |(instrument, side)| {
                let side = match side {
                    Side::Buy => "매수 buy",
                    Side::Sell => "매도 sell",
                };
                format!("{} {side}", self.symbols.get(instrument).map_or("?", |symbol| symbol))
            },
        )
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
        let refused = OrderUpdate::AmendRejected { reason: "because".into() };
        let notice = fills.on_order(&OrderEvent { order: id, update: refused }).expect("worth a line");
        assert!(notice.text.contains("BTCUSDT 매도 sell (J0-0-1): because"), "{notice:?}");
    }
}
