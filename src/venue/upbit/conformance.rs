//! Upbit in the hands of the suite every venue goes through.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::config::UpbitConfig;
use super::emulator::{Emulator, EmulatorConfig, Source};
use super::gateway::UpbitGateway;
use super::rest::Rest;
use super::signing::{Algorithm, Signer};
use super::wire::rest::order::{PlaceOrder, Terms as Placed};
use crate::config::RawFrames;
use crate::market::{Currency, Money, Price, Qty, Side, Venue};
use crate::venue::conformance::harness::{Harness, INSTRUMENT, Ledger, Terms, Theirs, Wires, held, keys};
use crate::venue::exchange::{AccountId, Order};
use crate::venue::faults::{FaultPlan, OrderFault};
use crate::venue::gateway::{Connected, Gateway as _, Trading};
use crate::venue::{Now, VenueError};

const SYMBOL: &str = "KRW-XRP";
/// The emulator's account: its first.
const OURS: AccountId = AccountId(0);

/// A won market of Upbit.
pub(in crate::venue) struct Coins {
    emulator: Emulator,
    now: Now,
}

impl Coins {
    fn config(&self) -> UpbitConfig {
        let symbols = vec![(SYMBOL.to_owned(), INSTRUMENT)];
        let mut config = UpbitConfig::new(symbols).at_endpoint(&format!("ws://{}", self.emulator.address()));
        config.raw = RawFrames::All;
        config.patience.connect = Duration::from_secs(2);
        config.patience.backoff_min = Duration::from_millis(250);
        config.patience.backoff_max = Duration::from_millis(500);
        config.patience.resolve = Duration::from_millis(50);
        config.patience.settle = Duration::from_millis(600);
        config.patience.audit = Duration::from_millis(500);
        config
    }
}

impl Harness for Coins {
    const TERMS: Terms = Terms {
        venue: Venue::Upbit,
        symbol: SYMBOL,
        unit: "10",
        away: 4,
        shorts: false,
        amends_quantity: Ok(()),
        signs_time: Err("tokens carry a nonce and no time"),
        has_session: Err("every request and every connection is signed anew"),
        tells_too_many: Ok(()),
        settle_ns: 500_000_000,
        strikes_market: true,
        too_little: "insufficient_funds_bid",
        wrong_key: &["invalid_access_key"],
        names_fills: true,
        realises: false,
        moves_cash: Ok(()),
        tells_missed_cash: Ok(()),
        charges_funding: Err("spot has no funding"),
    };

    async fn start(seed: u64) -> Self {
        let clock = crate::live::Clock::default();
        let now: Now = Arc::new(move || clock.now());
        let source = Source::Synthetic { symbols: vec![SYMBOL.into()], seed };
        let mut config = EmulatorConfig::new(source, Arc::clone(&now));
        config.credentials = keys();
        config.interval_ms = 100;
        config.balances.insert("XRP".into(), "2000".into());
        Coins { emulator: Emulator::start(config).await.expect("it starts"), now }
    }

    fn now(&self) -> Now {
        Arc::clone(&self.now)
    }

    fn gateway(&self, wires: Wires, stop: watch::Receiver<bool>) -> Result<Connected, VenueError> {
        let Wires { credentials, orders, since, inbox, dispatches, now, .. } = wires;
        let mut gateway = UpbitGateway::new(self.config(), inbox, now)?;
        gateway.trade(Trading { credentials, orders, since }, dispatches)?;
        Ok(Connected { frames: gateway.stats(), run: Box::pin(gateway.run(stop)) })
    }

    fn ledger(&self) -> Ledger {
        let won = "KRW".parse().expect("a code");
        self.emulator.exchange(|exchange| {
            let account = exchange.account(OURS).expect("ours");
            Ledger {
                cash: vec![(won, account.cash(won).total)],
                held: held([(SYMBOL, account.holding(INSTRUMENT).qty)]),
                cost: Money::ZERO,
            }
        })
    }

    fn orders(&self) -> Vec<Theirs> {
        let row = |order: &Order| {
            let key = order.client_id.clone().unwrap_or_default();
            // One in the place of another has a revision at the end: jb-<session>-<seq>-<index>-<ms>-<revision>.
            let is_first = key.split('-').count() <= 5;
            Theirs { side: order.side, limit: order.limit(), open: order.open, is_open: order.is_open(), is_first, key }
        };
        self.emulator.exchange(|exchange| exchange.orders().filter(|order| order.account == OURS).map(row).collect())
    }

    fn trade(&self, key: &str, qty: Qty) -> bool {
        self.emulator.trade(key, qty)
    }

    fn best(&self) -> (Option<Price>, Option<Price>) {
        self.emulator.exchange(|exchange| (exchange.best(INSTRUMENT, Side::Buy), exchange.best(INSTRUMENT, Side::Sell)))
    }

    fn set_faults(&self, plan: FaultPlan) {
        self.emulator.set_faults(plan);
    }

    fn fail_next(&self, fault: OrderFault) {
        self.emulator.fail_next(fault);
    }

    fn cut(&self) {
        self.emulator.cut_connections();
    }

    fn expire(&self) {}

    fn transfer(&self, currency: Currency, amount: Money) -> bool {
        self.emulator.transfer(currency.as_str(), amount)
    }

    fn set_maintenance(&self, on: bool) {
        self.emulator.set_maintenance(on);
    }

    async fn place_as_a_stranger(&self, limit: Price, qty: Qty) {
        let rest = Rest::new(&self.config(), Some(Signer::new(&keys(), Algorithm::default()))).expect("a client");
        let terms = Placed::Limit { side: Side::Buy, price: limit, qty, time_in_force: None };
        let (market, identifier) = (SYMBOL.parse().expect("a market"), Some("web-stranger".to_owned()));
        let place = PlaceOrder { market, terms, identifier, self_match: None, dry_run: false };
        rest.ask(&place).await.expect("it is placed");
    }

    fn verify(&self) -> Result<(), String> {
        self.emulator.exchange(|exchange| exchange.verify())
    }
}
