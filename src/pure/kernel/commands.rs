//! What the operator says: settings, orders by hand, the kill switch, closing everything.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use jangbu_replay::Effects;
use serde::{Deserialize, Serialize};

use super::Kernel;
use super::notices::say;
use super::orders::Live;
use super::risk::{Origin, Wanted};
use crate::account::{Amendment, OrderId, OrderType, SessionId, TimeInForce};
use crate::effect::{Effect, Query, Severity};
use crate::event::Command;
use crate::event::command::Settings;
use crate::market::{InstrumentId, InstrumentKind, Price, Qty, Side, Venue};

/// What the operator has said. It survives restarts: a killed kernel stays killed until `Resume`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Operator {
    pub(super) session: SessionId,
    /// Strategies may place orders.
    pub(super) auto_trade: bool,
    /// Why the kill switch is on, if it is.
    pub(super) killed: Option<String>,
    /// Positions are being closed.
    pub(super) liquidating: bool,
    /// Today's loss has reached its limit, and everything was cancelled.
    pub(super) loss_stopped: bool,
    /// Strategy texts by name, the newest of each.
    pub(super) texts: alloc::vec::Vec<(String, String)>,
}

impl Kernel {
    pub(super) fn on_command(&mut self, command: &Command, effects: &mut Effects<Effect>) {
        match command {
            Command::SessionStarted { session, .. } => {
                self.operator.session = *session;
                self.markets.on_session();
                self.venues.on_session();
                self.ask_accounts(effects);
                self.begin_ranking(effects);
            }
            Command::SessionEnded { .. } => {}
            Command::RealOrders { venues } => self.on_real_orders(venues, effects),
            Command::Configure(settings) => self.configure(settings, effects),
            Command::Liquidation(limits) => self.margins.set_limits(*limits),
            Command::Valuation(settings) => self.derived.configure(settings, &self.markets),
            Command::Deposit { venue, currency, amount } => {
                if let Err(error) = self.portfolio.deposit(*venue, *currency, *amount) {
                    say(Severity::Critical, "account.deposit", effects, format!("{amount} {currency} at {venue}: {error}"));
                }
            }
            Command::AutoTrade(on) => self.operator.auto_trade = *on,
            Command::StrategyText { name, text } => {
                self.keep_text(name, text);
                for problem in self.strategies.on_text(name, text) {
                    say(Severity::Critical, "strategy.text", effects, problem);
                }
            }
            Command::Order { instrument, side, order_type, time_in_force, qty } => {
                let wanted = Wanted {
                    origin: Origin::Manual,
                    instrument: *instrument,
                    side: *side,
                    order_type: *order_type,
                    time_in_force: *time_in_force,
                    qty: *qty,
                    reduce_only: false,
                };
                self.want(&wanted, effects);
            }
            Command::Cancel(order) => {
                if self.orders.get(*order).is_some() {
                    self.cancel(*order, effects);
                } else {
                    say(Severity::Warning, "orders.cancel", effects, format!("order {order} is not open"));
                }
            }
            Command::CancelAll => self.cancel_where(effects, |_| true),
            Command::Amend { order, price, qty } => self.amend_by_hand(*order, *price, *qty, effects),
            Command::Reconnect { .. } => {}
            Command::Liquidate => self.liquidate(effects),
            Command::Kill { reason } => self.kill(reason.clone(), effects),
            Command::Resume => {
                if let Some(reason) = self.operator.killed.take() {
                    say(
                        Severity::Warning,
                        "kill.resumed",
                        effects,
                        format!("orders may leave again; the kill switch was on: {reason}"),
                    );
                }
            }
        }
    }

    /// Changes a resting order for the operator, who is told every time why not.
    fn amend_by_hand(&mut self, id: OrderId, price: Option<Price>, qty: Option<Qty>, effects: &mut Effects<Effect>) {
        let Some(live) = self.orders.get(id) else {
            return say(Severity::Warning, "orders.amend", effects, format!("order {id} is not open"));
        };
        let (order, waits) = (&live.order, live.is_waiting());
        let amendment = order.limit.map(|limit| {
            let (price, qty) = (price.unwrap_or(limit), qty.unwrap_or(order.qty));
            (Amendment { order: id, price, qty }, order.filled, limit == price && order.qty == qty)
        });
        let why = match amendment {
            _ if waits => "an answer of its venue is awaited; amend it when that has come".to_owned(),
            None => "it is a market order, which has no limit".to_owned(),
            Some((_, _, true)) => "it is so already".to_owned(),
            Some((amendment, filled, _)) if amendment.qty <= filled => {
                format!("{filled} of it is filled, and the new total of {} is not more; cancel it instead", amendment.qty)
            }
            Some((amendment, ..)) => return self.amend(&amendment, Origin::Manual, effects),
        };
        say(Severity::Warning, "orders.amend", effects, format!("order {id} was not amended: {why}"));
    }

    fn configure(&mut self, settings: &Settings, effects: &mut Effects<Effect>) {
        self.risk.limits = settings.risk.clone();
        for problem in self.strategies.configure(&settings.strategies, &self.operator.texts, &self.markets) {
            say(Severity::Critical, "settings.strategy", effects, problem);
        }
        // Timers of strategies that are gone fire into nothing; those that go on set theirs again when they next look.
        self.timers.clear_strategies();
        self.start_strategies(effects);
    }

    fn keep_text(&mut self, name: &str, text: &str) {
        match self.operator.texts.iter_mut().find(|known| known.0 == name) {
            Some(known) => text.clone_into(&mut known.1),
            None => self.operator.texts.push((name.into(), text.into())),
        }
    }

    /// Cancels everything and refuses every new order from here on, until `Resume`.
    pub(super) fn kill(&mut self, reason: String, effects: &mut Effects<Effect>) {
        self.operator.liquidating = false;
        let first = self.operator.killed.is_none();
        let text = format!("the kill switch is on: {reason}. Every order is being cancelled and none will leave until `resume`");
        // The first reason is the one to know; later ones are told, not kept.
        self.operator.killed.get_or_insert(reason);
        self.cancel_where(effects, |_| true);
        say(if first { Severity::Critical } else { Severity::Warning }, "kill", effects, text);
    }

    /// Cancels everything and closes every position at market. Strategies wait meanwhile, and stay off after.
    pub(super) fn liquidate(&mut self, effects: &mut Effects<Effect>) {
        if let Some(reason) = &self.operator.killed {
            let text = format!("positions cannot be closed while the kill switch is on ({reason}); `resume` first");
            say(Severity::Critical, "liquidate.killed", effects, text);
            return;
        }
        self.operator.liquidating = true;
        self.operator.auto_trade = false;
        self.cancel_where(effects, |_| true);
        for index in 0..self.markets.end() {
            if let Ok(id) = u32::try_from(index) {
                self.close_position(InstrumentId(id), effects);
            }
        }
        self.end_liquidation(effects);
    }

    /// Closes the position of one instrument, once no order of ours is in its way.
    pub(super) fn close_position(&mut self, instrument: InstrumentId, effects: &mut Effects<Effect>) {
        if self.orders.of(instrument).next().is_some() {
            return;
        }
        let Some(market) = self.markets.get(instrument) else { return };
        let position = self.portfolio.position(instrument).qty;
        let rules = &market.instrument;
        let rest = position.raw().checked_rem(rules.lot.raw()).unwrap_or(0);
        let largest = if rules.qty_max.is_positive() { rules.qty_max } else { Qty::MAX };
        let Some(qty) = position.checked_sub(Qty::from_raw(rest)).map(|qty| qty.abs().min(largest)) else { return };
        if qty.is_zero() || qty < rules.qty_min {
            if !position.is_zero() {
                let text = format!("{position} of {} is less than the venue sells; it stays", rules.symbol);
                say(Severity::Warning, "liquidate.rest", effects, text);
            }
            return;
        }
        let wanted = Wanted {
            origin: Origin::Liquidation,
            instrument,
            side: if position.is_positive() { Side::Sell } else { Side::Buy },
            order_type: OrderType::Market,
            time_in_force: TimeInForce::Ioc,
            qty,
            reduce_only: rules.kind == InstrumentKind::Perpetual,
        };
        self.want(&wanted, effects);
    }

    /// Ends the closing of positions when nothing more can be done.
    pub(super) fn end_liquidation(&mut self, effects: &mut Effects<Effect>) {
        if self.operator.liquidating && self.orders.live().is_empty() {
            self.operator.liquidating = false;
            let left = self.markets.iter().filter(|market| !self.portfolio.position(market.instrument.id).qty.is_zero()).count();
            let (severity, text) = match left {
                0 => (Severity::Info, String::from("every position is closed; automatic trading is off")),
                left => (Severity::Critical, format!("{left} positions could not be closed; automatic trading is off")),
            };
            say(severity, "liquidate.done", effects, text);
        }
    }

    /// Asks the venues where orders of ours live for everything of ours: whoever was away does not know what became of them.
    fn ask_accounts(&self, effects: &mut Effects<Effect>) {
        let has_order = |venue: Venue| {
            let here = |live: &Live| {
                self.markets.get(live.order.request.instrument).is_some_and(|market| market.instrument.venue == venue)
            };
            self.orders.live().iter().any(here)
        };
        for venue in Venue::ALL.into_iter().filter(|venue| has_order(*venue)) {
            effects.push(Effect::Query(Query::Account(venue)));
        }
    }
}
