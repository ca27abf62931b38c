//! How the emulator's futures are margined, and positions that it takes away.

use serde_json::{Value, json};

use super::super::market::{Market, lock};
use super::Accounts;
use super::desk::{DeskOrder, DeskStatus};
use crate::account::{OrderType, TimeInForce};
use crate::market::{Money, Price, Qty, Side};

/// The same steps for every symbol: floor, cap, rate, cum, leverage. They join, as the venue's do.
const STEPS: [(u64, u64, &str, &str, u32); 4] = [
    (0, 50_000, "0.004", "0.0", 125),
    (50_000, 600_000, "0.005", "50.0", 100),
    (600_000, 3_000_000, "0.0065", "950.0", 75),
    (3_000_000, 12_000_000, "0.01", "11450.0", 50),
];

fn symbols_of(market: &Market) -> Vec<String> {
    lock(&market.books).symbols().map(str::to_owned).collect()
}

/// `/fapi/v1/leverageBracket`.
pub(super) fn brackets(market: &Market) -> Value {
    // JSON numbers of these few digits are exact.
    let number = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    let step = |(index, (floor, cap, rate, cum, leverage)): (usize, &(u64, u64, &str, &str, u32))| {
        json!({"bracket": index + 1, "initialLeverage": leverage, "notionalCap": cap, "notionalFloor": floor,
            "maintMarginRatio": number(rate), "cum": number(cum)})
    };
    let steps: Vec<Value> = STEPS.iter().enumerate().map(step).collect();
    symbols_of(market).into_iter().map(|symbol| json!({"symbol": symbol, "notionalCoef": 1.0, "brackets": steps})).collect()
}

/// `/fapi/v1/symbolConfig`.
pub(super) fn symbols(market: &Market, account: usize) -> Value {
    let row = |symbol: String| {
        let (leverage, kind) = lock(&market.accounts.margins).get(&(account, symbol.clone())).cloned().unwrap_or_default();
        json!({"symbol": symbol, "marginType": kind.unwrap_or_else(|| "CROSSED".into()), "isAutoAddMargin": "false",
            "leverage": leverage.unwrap_or(20), "maxNotionalValue": "1000000"})
    };
    symbols_of(market).into_iter().map(row).collect()
}

impl Accounts {
    /// Takes the first account's position of a symbol away at a price, as a liquidation does. False when there is none.
    pub(in super::super) fn liquidate(&self, symbol: &str, price: Price) -> bool {
        let now_ms = self.now_ms();
        let mut desk = lock(&self.desk);
        let held = desk.accounts.first().map_or(Qty::ZERO, |row| row.0.position(symbol).qty);
        if held.is_zero() {
            return false;
        }
        let number = desk.number();
        let side = if held.is_negative() { Side::Buy } else { Side::Sell };
        let order = DeskOrder {
            number,
            account: 0,
            symbol: symbol.to_owned(),
            client_id: format!("autoclose-{now_ms}{number}"),
            side,
            order_type: OrderType::Limit(price),
            time_in_force: TimeInForce::Ioc,
            qty: held.abs(),
            filled: Qty::ZERO,
            value: Money::ZERO,
            status: DeskStatus::New,
            reduce_only: true,
            placed_ms: now_ms,
        };
        desk.orders.insert(number, order);
        let done = desk.fill(number, price, held.abs(), false, now_ms).is_some();
        desk.tell_account(0, "ORDER", now_ms);
        self.flush(&mut desk);
        done
    }
}
