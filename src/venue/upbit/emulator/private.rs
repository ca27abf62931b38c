//! What the private stream says: orders and assets, as facts of the exchange make them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::core::{Core, Frame, balance};
use super::orders::{self, Terms};
use crate::market::{Rounding, Side};
use crate::venue::exchange::{Fact, Filled, Order, OrderState};
use crate::venue::upbit::wire::MarketCode;

impl Core {
    /// Tells what became of an order. `touched` gathers the currencies it changed.
    pub(super) fn publish_private(&mut self, fact: &Fact, now_ms: i64, touched: &mut BTreeSet<String>) {
        let (order, said): (&Order, Vec<(&str, Option<&Filled>)>) = match fact {
            Fact::Accepted(order) => (order, vec![("wait", None)]),
            Fact::Filled(filled) => {
                let mut said = vec![("trade", Some(&**filled))];
                if filled.order.state == OrderState::Filled {
                    said.push(("done", None));
                }
                (&filled.order, said)
            }
            Fact::Cancelled { order, .. } => (order, vec![("cancel", None)]),
            // Upbit has no amendments of an order, and no guard.
            Fact::Amended { .. } | Fact::Guarded { .. } | Fact::Traded(_) | Fact::BookChanged(_) => return,
        };
        let Some(code) = self.codes.get(&order.instrument).copied().filter(|_| order.account == self.account) else { return };
        touched.extend([code.quote().to_owned(), code.base().to_owned()]);
        for (state, filled) in said {
            let text = my_order(self, code, order, state, filled, now_ms);
            self.send(&Arc::new(Frame { kind: "myOrder", code: Some(code), text, simple: false }));
        }
    }

    /// Tells what is held of the currencies that changed.
    pub(super) fn publish_assets(&mut self, touched: &BTreeSet<String>, now_ms: i64) {
        if touched.is_empty() {
            return;
        }
        let rows: Vec<String> = touched
            .iter()
            .map(|currency| {
                let (free, locked) = balance(self, currency);
                format!("{{\"currency\":\"{currency}\",\"balance\":{free},\"locked\":{locked}}}")
            })
            .collect();
        self.next_trade += 1;
        let text = format!(
            "{{\"type\":\"myAsset\",\"asset_uuid\":\"{}\",\"assets\":[{}],\"asset_timestamp\":{now_ms},\"timestamp\":{now_ms},\
             \"stream_type\":\"REALTIME\"}}",
            orders::uuid(0x2000, self.next_trade),
            rows.join(",")
        );
        self.send(&Arc::new(Frame { kind: "myAsset", code: None, text, simple: false }));
    }
}

fn my_order(core: &Core, code: MarketCode, order: &Order, state: &str, filled: Option<&Filled>, now_ms: i64) -> String {
    let Terms { kind, price, volume, remaining, time_in_force, reserved_fee, remaining_fee, locked } =
        orders::terms(core, code, order);
    let bare = |number: Option<String>| number.unwrap_or_else(|| "null".into());
    let word = |word: Option<&str>| word.map_or_else(|| "null".to_owned(), |word| serde_json::json!(word).to_string());
    let fill = filled.map(|filled| &filled.fill);
    let average = order.value.per(order.filled, Rounding::HalfEven).map(|price| price.to_string());
    let told = |number: u64| fill.is_none_or(|fill| number <= fill.number);
    let trades = orders::fills(core, order.number).filter(|fill| told(fill.number)).count();
    let placed_ms = order.placed.get() / 1_000_000;
    format!(
        "{{\"type\":\"myOrder\",\"code\":\"{code}\",\"uuid\":\"{}\",\"ask_bid\":\"{}\",\"order_type\":\"{kind}\",\"state\":\"{state}\",\
         \"trade_uuid\":{},\"price\":{},\"avg_price\":{},\"volume\":{},\"remaining_volume\":{},\"executed_volume\":{},\
         \"trades_count\":{},\"reserved_fee\":{reserved_fee},\"remaining_fee\":{remaining_fee},\"paid_fee\":{},\"locked\":{locked},\
         \"executed_funds\":{},\"time_in_force\":{},\"trade_fee\":{},\"is_maker\":{},\"identifier\":{},\"smp_type\":null,\
         \"prevented_volume\":0,\"prevented_locked\":0,\"trade_timestamp\":{},\"order_timestamp\":{placed_ms},\
         \"timestamp\":{now_ms},\"stream_type\":\"REALTIME\"}}",
        orders::uuid(0, order.number),
        if order.side == Side::Buy { "BID" } else { "ASK" },
        word(fill.map(|fill| orders::uuid(0x1000, fill.number)).as_deref()),
        bare(fill.map(|fill| fill.price.to_string()).or(price)),
        average.unwrap_or_else(|| "0".into()),
        bare(fill.map(|fill| fill.qty.to_string()).or(volume)),
        bare(remaining),
        order.filled,
        trades,
        order.charges.fee,
        order.value,
        word(time_in_force),
        bare(fill.map(|fill| fill.charges.fee.to_string())),
        bare(fill.map(|fill| (!fill.taker).to_string())),
        word(order.client_id.as_deref()),
        bare(fill.map(|_| now_ms.to_string())),
    )
}
