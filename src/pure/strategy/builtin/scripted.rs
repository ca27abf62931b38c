//! A strategy of tests: it signals what its settings say, once, whenever settings are read. So that a test can place an order of a
//! strategy, and amend it, as any strategy would.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use crate::account::{Amendment, OrderType, TimeInForce};
use crate::event::command::{Settings, StrategySettings};
use crate::market::{InstrumentId, Price, Qty, Side};
use crate::strategy::{DecodeError, Decoder, Encoder, Signal, Signals, Strategy, View};

/// Its name in settings.
pub const NAME: &str = "scripted";

#[derive(Debug)]
struct Scripted(Signal);

impl Strategy for Scripted {
    fn on_configure(&mut self, _: &View<'_>, out: &mut Signals) {
        out.push(self.0.clone());
    }

    fn save(&self, _: &mut Encoder<'_>) {}

    fn load(&mut self, _: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Ok(())
    }
}

fn settings(text: String) -> Settings {
    let parameters = vec![("do".to_string(), text)];
    let strategy = StrategySettings { name: NAME.into(), instruments: Vec::new(), parameters };
    Settings { strategies: vec![strategy], ..Settings::default() }
}

/// Settings that place a limit order which rests.
pub fn order(instrument: InstrumentId, side: Side, limit: Price, qty: Qty) -> Settings {
    let side = if side == Side::Buy { "buy" } else { "sell" };
    settings(format!("{side} {} {limit} {qty}", instrument.0))
}

/// Settings that amend an order.
pub fn amend(amendment: Amendment) -> Settings {
    let Amendment { order, price, qty } = amendment;
    settings(format!("amend {order} {price} {qty}"))
}

/// Makes it from what [`order`] and [`amend`] make.
pub(super) fn make(settings: &StrategySettings) -> Result<Box<dyn Strategy>, String> {
    let text = settings.parameters.first().map_or("", |row| row.1.as_str());
    let parts: Vec<&str> = text.split(' ').collect();
    let signal = || match *parts.as_slice() {
        ["amend", order, price, qty] => {
            Some(Signal::Amend(Amendment { order: order.parse().ok()?, price: price.parse().ok()?, qty: qty.parse().ok()? }))
        }
        [side, instrument, limit, qty] => Some(Signal::Order {
            instrument: InstrumentId(instrument.parse().ok()?),
            side: if side == "buy" { Side::Buy } else { Side::Sell },
            order_type: OrderType::Limit(limit.parse().ok()?),
            time_in_force: TimeInForce::Gtc,
            qty: qty.parse().ok()?,
            reduce_only: false,
        }),
        _ => None,
    };
    match signal() {
        Some(signal) => Ok(Box::new(Scripted(signal))),
        None => Err(format!("`{text}` is no script")),
    }
}
