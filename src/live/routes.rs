//! Where an effect goes: to a venue's gateway, or to the simulated venue. [`Routes`].

use std::collections::BTreeMap;

use jangbu_journal::Stamp;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use crate::account::{Order, OrderId, OrderUpdate};
use crate::effect::{Effect, Query};
use crate::event::command::StrategySettings;
use crate::event::{Answer, Command, Event, OrderEvent};
use crate::market::{InstrumentId, Venue};
use crate::strategy::builtin::auto_trader::conditions_wanted;
use crate::venue::gateway::{Dispatch, Instruction};
use crate::venue::kiwoom::config::ALL_CONDITIONS;

/// Orders whose venue is remembered: more than live at once at any venue. Ids rise, so the oldest is forgotten.
const ORDERS_MAX: usize = 65_536;

/// A gateway that takes instructions.
#[derive(Debug)]
pub struct Port {
    /// Whose.
    pub venue: Venue,
    /// Whether its orders are real: else the simulator fills them, and the gateway only watches instruments.
    pub trades: bool,
    /// Its way in.
    pub sender: Sender<Dispatch>,
    /// The condition searches of its own settings.
    pub conditions: Vec<String>,
    /// Those it was last told to watch.
    pub watched: Vec<String>,
}

impl Port {
    /// A gateway without condition searches.
    pub fn new(venue: Venue, trades: bool, sender: Sender<Dispatch>) -> Self {
        Port { venue, trades, sender, conditions: Vec::new(), watched: Vec::new() }
    }
}

/// The condition searches to watch at a venue: `own`, those of its settings, and those that strategies name. A strategy that wants all
/// of them wants those of the venue's settings, if there are any.
pub fn conditions(venue: Venue, own: &[String], strategies: &[StrategySettings]) -> Vec<String> {
    let mut conditions = own.to_vec();
    if venue != Venue::Kiwoom {
        return conditions;
    }
    match conditions_wanted(strategies) {
        Some(wanted) => {
            let new: Vec<String> = wanted.into_iter().filter(|name| !conditions.contains(name)).collect();
            conditions.extend(new);
        }
        None if conditions.is_empty() => conditions.push(ALL_CONDITIONS.to_owned()),
        None => {}
    }
    conditions
}

/// Where effects go.
#[derive(Debug, Default)]
pub struct Routes {
    ports: Vec<Port>,
    /// The venues of orders that went to a gateway.
    orders: BTreeMap<OrderId, usize>,
    /// By instrument id.
    venues: Vec<Option<Venue>>,
}

/// Where one effect goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Route {
    /// To the simulated venue.
    Simulator,
    /// To a gateway, once its cause is durable.
    Port(usize, Instruction),
    /// To nobody.
    Nowhere,
}

impl Routes {
    /// Routes to these gateways.
    pub fn new(ports: Vec<Port>) -> Self {
        Routes { ports, orders: BTreeMap::new(), venues: Vec::new() }
    }

    /// An instrument of a venue came up.
    pub fn on_instrument(&mut self, instrument: InstrumentId, venue: Venue) {
        let index = instrument.index();
        // The kernel refuses ids that are not dense.
        if index <= self.venues.len().saturating_add(1_024) {
            if self.venues.len() <= index {
                self.venues.resize(index + 1, None);
            }
            self.venues[index] = Some(venue);
        }
    }

    /// The venue of an instrument.
    pub fn venue(&self, instrument: InstrumentId) -> Option<Venue> {
        self.venues.get(instrument.index()).copied().flatten()
    }

    /// Whether orders of a venue are real.
    pub fn trades(&self, venue: Venue) -> bool {
        self.ports.iter().any(|port| port.venue == venue && port.trades)
    }

    /// Whether orders in an instrument are real.
    pub fn is_real(&self, instrument: InstrumentId) -> bool {
        self.port_of(instrument, true).is_some()
    }

    /// An order of a session before lives on at its venue.
    pub fn resume(&mut self, order: &Order) {
        if let Some(port) = self.port_of(order.request.instrument, true) {
            self.remember(order.request.id, port);
        }
    }

    fn remember(&mut self, order: OrderId, port: usize) {
        if self.orders.len() == ORDERS_MAX {
            self.orders.pop_first();
        }
        self.orders.insert(order, port);
    }

    fn port_of(&self, instrument: InstrumentId, trades: bool) -> Option<usize> {
        self.port(self.venue(instrument)?, trades)
    }

    fn port(&self, venue: Venue, trades: bool) -> Option<usize> {
        self.ports.iter().position(|port| port.venue == venue && (port.trades || !trades))
    }

    /// Whether a gateway answers questions about its market.
    fn is_asked(&self, port: usize) -> bool {
        self.ports.get(port).is_some_and(|port| port.venue == Venue::Kiwoom)
    }

    /// Where an effect goes.
    pub fn route(&mut self, effect: &Effect) -> Route {
        let port = match effect {
            Effect::Submit(order) => {
                let port = self.port_of(order.instrument, true);
                if let Some(port) = port {
                    self.remember(order.id, port);
                }
                port
            }
            Effect::Amend(amendment) => self.orders.get(&amendment.order).copied(),
            Effect::Cancel(order) | Effect::Query(Query::Order(order)) => self.orders.get(order).copied(),
            Effect::Query(Query::Account(venue)) => self.port(*venue, true),
            // Of the market, which is real in paper trading too. The simulator says that nobody can answer.
            Effect::Query(Query::Reference(instrument) | Query::Bars { instrument, .. }) => {
                self.port_of(*instrument, false).filter(|port| self.is_asked(*port))
            }
            Effect::Query(Query::Condition { venue, .. }) => self.port(*venue, false).filter(|port| self.is_asked(*port)),
            Effect::Subscribe { instrument, .. } => match self.port_of(*instrument, false) {
                Some(port) => Some(port),
                None => return Route::Nowhere,
            },
            Effect::Notify(_) => return Route::Nowhere,
        };
        match (port, instruction(effect)) {
            (Some(port), Some(instruction)) => Route::Port(port, instruction),
            _ => Route::Simulator,
        }
    }

    /// What gateways have to do about a command, beside what the kernel decides: other condition searches, a connection made again.
    pub fn on_command(&mut self, command: &Command) -> Vec<(usize, Instruction)> {
        match command {
            Command::Configure(settings) => {
                let changed = |(place, port): (usize, &mut Port)| {
                    let wanted = conditions(port.venue, &port.conditions, &settings.strategies);
                    (wanted != port.watched).then(|| {
                        port.watched.clone_from(&wanted);
                        (place, Instruction::Conditions(wanted))
                    })
                };
                self.ports.iter_mut().enumerate().filter_map(changed).collect()
            }
            Command::Reconnect { venue } => {
                self.port(*venue, false).map(|port| (port, Instruction::Reconnect)).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Hands an instruction to its gateway. What a gateway does not take was never sent: the event that says so is given back.
    pub fn dispatch(&self, port: usize, cause: Stamp, instruction: Instruction) -> Option<Event> {
        let Port { venue, sender, .. } = self.ports.get(port)?;
        let (Dispatch { instruction, .. }, reason) = match sender.try_send(Dispatch { cause, instruction }) {
            Ok(()) => return None,
            Err(TrySendError::Full(back)) => (back, "not sent: too many instructions wait at the gateway"),
            Err(TrySendError::Closed(back)) => (back, "not sent: the gateway has ended"),
        };
        let failed = |question: String| {
            Some(Event::Answer(Box::new(Answer::Failed { venue: *venue, question, reason: reason.to_owned() })))
        };
        let update = |order, update| Some(Event::Order(OrderEvent { order, update }));
        match instruction {
            Instruction::Submit(order) => update(order.id, OrderUpdate::Rejected { reason: reason.into() }),
            Instruction::Amend(amendment) => update(amendment.order, OrderUpdate::AmendRejected { reason: reason.into() }),
            Instruction::Cancel(order) => update(order, OrderUpdate::CancelRejected { reason: reason.into() }),
            Instruction::Query(query) => failed(query.question()),
            Instruction::Conditions(_) => failed("condition searches".to_owned()),
            Instruction::Reconnect => failed("reconnect".to_owned()),
            // The market is watched or not; nothing of money hangs on it.
            Instruction::Subscribe { .. } => None,
        }
    }
}

fn instruction(effect: &Effect) -> Option<Instruction> {
    match effect {
        Effect::Submit(order) => Some(Instruction::Submit(*order)),
        Effect::Amend(amendment) => Some(Instruction::Amend(*amendment)),
        Effect::Cancel(order) => Some(Instruction::Cancel(*order)),
        Effect::Query(query) => Some(Instruction::Query(query.clone())),
        Effect::Subscribe { instrument, on } => Some(Instruction::Subscribe { instrument: *instrument, on: *on }),
        Effect::Notify(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use jangbu_journal::{Nanos, Seq};
    use tokio::sync::mpsc::channel;

    use super::*;
    use crate::account::{NewOrder, OrderType, SessionId, StrategyId, TimeInForce};
    use crate::market::{Qty, Side};

    fn order(seq: u64, instrument: u32) -> NewOrder {
        NewOrder {
            id: OrderId { session: SessionId(1), seq: Seq::new(seq), index: 0 },
            strategy: StrategyId(0),
            instrument: InstrumentId(instrument),
            side: Side::Buy,
            order_type: OrderType::Market,
            time_in_force: TimeInForce::Gtc,
            qty: Qty::from_raw(1),
            reduce_only: false,
        }
    }

    fn stamp() -> Stamp {
        Stamp { seq: Seq::new(1), recv: Nanos::ZERO, venue: None }
    }

    #[test]
    fn orders_go_to_the_venue_that_trades_and_to_the_simulator_otherwise() {
        let (real, mut taken) = channel(1);
        let (paper, _watching) = channel(1);
        let mut routes = Routes::new(vec![Port::new(Venue::Kiwoom, true, real), Port::new(Venue::Upbit, false, paper)]);
        routes.on_instrument(InstrumentId(0), Venue::Kiwoom);
        routes.on_instrument(InstrumentId(1), Venue::Upbit);
        let real = order(1, 0);
        let paper = order(2, 1);
        assert_eq!(routes.route(&Effect::Submit(real)), Route::Port(0, Instruction::Submit(real)));
        assert_eq!(routes.route(&Effect::Cancel(real.id)), Route::Port(0, Instruction::Cancel(real.id)));
        assert_eq!(routes.route(&Effect::Submit(paper)), Route::Simulator);
        assert_eq!(routes.route(&Effect::Cancel(paper.id)), Route::Simulator);
        assert_eq!(routes.route(&Effect::Query(Query::Account(Venue::Upbit))), Route::Simulator);
        let watch = Effect::Subscribe { instrument: InstrumentId(1), on: true };
        assert_eq!(
            routes.route(&watch),
            Route::Port(1, Instruction::Subscribe { instrument: InstrumentId(1), on: true }),
            "markets are real in paper trading too"
        );

        assert_eq!(routes.dispatch(0, stamp(), Instruction::Submit(real)), None);
        assert_eq!(taken.try_recv().expect("sent").instruction, Instruction::Submit(real));
    }

    #[test]
    fn other_conditions_go_to_the_gateway_once() {
        let (sender, _taken) = channel(1);
        let mut routes = Routes::new(vec![Port { conditions: vec!["급등".into()], ..Port::new(Venue::Kiwoom, false, sender) }]);
        let configure = |conditions: &str| {
            let parameters = vec![("conditions".to_owned(), conditions.to_owned())];
            let strategy = StrategySettings { name: "auto-trader".into(), instruments: Vec::new(), parameters };
            Command::Configure(crate::event::command::Settings { strategies: vec![strategy], ..Default::default() })
        };
        let names = |names: &[&str]| vec![(0, Instruction::Conditions(names.iter().map(|name| (*name).to_owned()).collect()))];
        assert_eq!(routes.on_command(&configure("7")), names(&["급등", "7"]));
        assert_eq!(routes.on_command(&configure("7")), vec![], "told already");
        assert_eq!(routes.on_command(&configure("")), names(&["급등"]), "all of the venue's settings");
        assert_eq!(routes.on_command(&Command::Reconnect { venue: Venue::Kiwoom }), vec![(0, Instruction::Reconnect)]);
        assert_eq!(routes.on_command(&Command::Reconnect { venue: Venue::Upbit }), vec![]);
    }

    #[test]
    fn what_a_gateway_does_not_take_was_never_sent() {
        let (sender, taken) = channel(1);
        let mut routes = Routes::new(vec![Port::new(Venue::Kiwoom, true, sender)]);
        routes.on_instrument(InstrumentId(0), Venue::Kiwoom);
        let (first, second) = (order(1, 0), order(2, 0));
        assert_eq!(routes.dispatch(0, stamp(), Instruction::Submit(first)), None);
        let full = routes.dispatch(0, stamp(), Instruction::Submit(second)).expect("no room");
        let Event::Order(OrderEvent { order, update: OrderUpdate::Rejected { reason } }) = full else { panic!("{full:?}") };
        assert_eq!(order, second.id);
        assert!(reason.contains("too many"), "{reason}");
        drop(taken);
        let closed = routes.dispatch(0, stamp(), Instruction::Cancel(first.id)).expect("nobody");
        assert!(matches!(closed, Event::Order(OrderEvent { update: OrderUpdate::CancelRejected { .. }, .. })), "{closed:?}");
    }
}
