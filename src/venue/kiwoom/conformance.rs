//! Kiwoom in the hands of the suite every venue goes through.

use std::time::Duration;

use tokio::sync::watch;

use super::config::{KiwoomConfig, Pace, Patience};
use super::emulator::{KiwoomEmulator, KiwoomEmulatorConfig, KiwoomOrder};
use super::gateway::{Ends, KiwoomGateway};
use super::rest::Rest;
use super::time::TimeOfDay;
use super::wire::rest::order::{OrderKind, PlaceOrder, whole_krw, whole_shares};
use super::wire::symbol::Exchange;
use crate::config::RawFrames;
use crate::market::number::ONE;
use crate::market::{Money, Price, Qty, Side, Venue};
use crate::venue::conformance::harness::{Harness, INSTRUMENT, Ledger, Terms, Theirs, Wires, held, keys};
use crate::venue::faults::{FaultPlan, OrderFault};
use crate::venue::gateway::{Connected, Gateway as _};
use crate::venue::{Now, VenueError};

const SYMBOL: &str = "005930";

/// A stock at Kiwoom, in the middle of a quiet day.
pub(in crate::venue) struct Stocks {
    pub(super) emulator: KiwoomEmulator,
    /// Conditions to watch.
    conditions: Vec<String>,
}

impl Stocks {
    /// With so many stocks, of which the first is traded, and conditions to watch.
    pub(super) async fn start_with(seed: u64, symbols: usize, conditions: Vec<String>) -> Self {
        Self::start_at(Self::broker(seed, symbols), conditions).await
    }

    /// At this broker.
    pub(super) async fn start_at(broker: KiwoomEmulatorConfig, conditions: Vec<String>) -> Self {
        Stocks { emulator: KiwoomEmulator::start(broker).await.expect("it starts"), conditions }
    }

    /// A broker in the middle of a quiet day.
    pub(super) fn broker(seed: u64, symbols: usize) -> KiwoomEmulatorConfig {
        let credentials = keys();
        KiwoomEmulatorConfig {
            seed,
            begin: TimeOfDay::of(10, 0, 0),
            symbols,
            cash: 2_000_000_000,
            holdings: vec![(SYMBOL.into(), 1_000, 74_900_000)],
            limited: false,
            app_key: credentials.key.expose().into(),
            secret_key: credentials.secret.expose().into(),
            interval_ms: 100,
            wander_ticks: 0,
            // The suite's scripts trade three percent away at once.
            dynamic: false,
            ..KiwoomEmulatorConfig::default()
        }
    }

    fn config(&self) -> KiwoomConfig {
        let symbols = vec![(SYMBOL.to_owned(), INSTRUMENT)];
        let mut config = KiwoomConfig::real(symbols).at_endpoint(&format!("ws://{}", self.emulator.address()));
        config.raw = RawFrames::All;
        config.conditions.clone_from(&self.conditions);
        config.pace = Pace { burst: 100, every: Duration::from_millis(5), penalty: Duration::from_millis(50) };
        config.patience = Patience {
            answer: Duration::from_secs(5),
            look: Duration::from_millis(50),
            settle: Duration::from_millis(500),
            audit: Duration::from_millis(200),
            backoff_min: Duration::from_millis(10),
            backoff_max: Duration::from_millis(100),
            ..Patience::default()
        };
        config
    }
}

fn shares(count: i64) -> Qty {
    Qty::from_raw(i128::from(count) * i128::from(ONE))
}

impl Harness for Stocks {
    const TERMS: Terms = Terms {
        venue: Venue::Kiwoom,
        symbol: SYMBOL,
        unit: "10",
        // Three percent of the last trade are a volatility interruption, and some scenarios trade on both sides in turn.
        away: 1,
        shorts: false,
        amends_quantity: Err("Kiwoom amends the limit of what is open, not the quantity"),
        signs_time: Err("requests carry no time"),
        has_session: Ok(()),
        tells_too_many: Err("a 429 proves that nothing was done; the gateway keeps the order for the next second"),
        settle_ns: 500_000_000,
        strikes_market: true,
        too_little: "855056",
        wrong_key: &["8001", "키움", "To do"],
        names_fills: false,
        realises: false,
        moves_cash: Err("the broker tells of transfers by no message; they show as differences of the account"),
        tells_missed_cash: Err("no message tells of transfers"),
        charges_funding: Err("stocks have no funding"),
    };

    async fn start(seed: u64) -> Self {
        Self::start_with(seed, 1, Vec::new()).await
    }

    fn now(&self) -> Now {
        self.emulator.now()
    }

    fn gateway(&self, wires: Wires, stop: watch::Receiver<bool>) -> Result<Connected, VenueError> {
        let Wires { credentials, orders, since: _, inbox, dispatches, numbers, now } = wires;
        let ends = Ends { inbox, dispatches, numbers, now, credentials, orders: Some(orders) };
        let gateway = KiwoomGateway::new(self.config(), ends)?;
        Ok(Connected { frames: gateway.stats(), run: Box::pin(gateway.run(stop)) })
    }

    fn ledger(&self) -> Ledger {
        let ledger = self.emulator.ledger();
        Ledger {
            cash: vec![("KRW".parse().expect("a code"), Money::from_raw(i128::from(ledger.cash) * i128::from(ONE)))],
            held: held(ledger.holdings.iter().map(|row| (row.code.clone(), shares(row.qty)))),
            cost: Money::ZERO,
        }
    }

    fn orders(&self) -> Vec<Theirs> {
        let row = |order: &KiwoomOrder| Theirs {
            key: order.number.to_string(),
            side: if order.buy { Side::Buy } else { Side::Sell },
            limit: order.price.map(|price| Price::from_raw(price * ONE)),
            open: shares(order.open),
            is_open: order.state == "open",
            is_first: order.original.is_none(),
        };
        self.emulator.ledger().orders.iter().map(row).collect()
    }

    fn trade(&self, key: &str, qty: Qty) -> bool {
        key.parse().is_ok_and(|number| self.emulator.trade(number, qty))
    }

    fn best(&self) -> (Option<Price>, Option<Price>) {
        self.emulator.best(SYMBOL)
    }

    fn set_faults(&self, plan: FaultPlan) {
        self.emulator.set_faults(plan);
    }

    fn fail_next(&self, fault: OrderFault) {
        self.emulator.fail_next(fault);
    }

    fn cut(&self) {
        self.emulator.disconnect_all();
    }

    fn expire(&self) {
        self.emulator.invalidate_token();
    }

    fn set_maintenance(&self, on: bool) {
        self.emulator.set_maintenance(on);
    }

    async fn place_as_a_stranger(&self, limit: Price, qty: Qty) {
        let rest = Rest::new(&self.config(), keys(), self.now()).expect("a client");
        let (price, shares) = (whole_krw(limit), whole_shares(qty).expect("whole shares"));
        let (exchange, code, kind) = (Exchange::Krx, SYMBOL.to_owned(), OrderKind::Limit);
        let place = PlaceOrder { side: Side::Buy, exchange, code, shares, price, kind, stop: None };
        rest.ask(&place).await.expect("it is placed");
    }

    fn verify(&self) -> Result<(), String> {
        self.emulator.verify()
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.emulator.token()]
    }
}
