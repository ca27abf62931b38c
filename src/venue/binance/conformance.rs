//! Binance, spot and USDⓈ-M futures, in the hands of the suite every venue goes through.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::config::{BinanceConfig, Margin, TradeStream};
use super::emulator::{AccountConfig, DeskFees, Emulator, EmulatorConfig, MarketKind, MarketSource, Source, Start};
use super::gateway::BinanceGateway;
use super::signing::Signer;
use super::wire::private::Parameters;
use crate::account::OrderType;
use crate::config::RawFrames;
use crate::market::{Currency, Money, Price, Qty, Rate, Venue};
use crate::venue::conformance::harness::{Harness, INSTRUMENT, Ledger, Terms, Theirs, Wires, held, keys};
use crate::venue::faults::{FaultPlan, OrderFault};
use crate::venue::gateway::{Connected, Gateway as _, Trading};
use crate::venue::{Now, VenueError};

const SYMBOL: &str = "BTCUSDT";

/// A market of Binance: spot, else USDⓈ-M.
pub(in crate::venue) struct Market<const SPOT: bool> {
    pub(super) emulator: Emulator,
    /// Settings of the gateway; futures.
    pub(super) leverage: Option<u16>,
    pub(super) margin: Option<Margin>,
    now: Now,
}

/// Spot.
pub(in crate::venue) type Spot = Market<true>;
/// USDⓈ-M futures.
pub(in crate::venue) type UsdM = Market<false>;

impl<const SPOT: bool> Market<SPOT> {
    pub(super) const KIND: MarketKind = if SPOT { MarketKind::Spot } else { MarketKind::UsdM };

    /// With fees paid in BNB, or not.
    pub(super) async fn start_with(seed: u64, in_bnb: bool) -> Self {
        let mut account = AccountConfig::new(keys());
        let rate = |text: &str| text.parse().expect("a rate");
        account.fees = match Self::KIND {
            MarketKind::Spot => DeskFees { maker: rate("0.001"), taker: rate("0.001"), in_bnb },
            MarketKind::UsdM => DeskFees { maker: rate("0.0002"), taker: rate("0.0005"), in_bnb: false },
        };
        account.funds.push(("BNB".into(), "10".parse().expect("money")));
        if SPOT {
            account.funds.push(("BTC".into(), "2".parse().expect("money")));
        }
        let source = Source::Synthetic { symbols: vec![SYMBOL.into()], seed };
        let config = EmulatorConfig {
            markets: vec![MarketSource { kind: Self::KIND, source, bind: None }],
            accounts: vec![account],
            start: Start::FirstSubscriber,
            ..EmulatorConfig::default()
        };
        let clock = crate::live::Clock::default();
        let emulator = Emulator::start(config).await.expect("it starts");
        Market { emulator, leverage: None, margin: None, now: Arc::new(move || clock.now()) }
    }
}

impl<const SPOT: bool> Harness for Market<SPOT> {
    const TERMS: Terms = Terms {
        venue: if SPOT { Venue::BinanceSpot } else { Venue::BinanceUsdM },
        symbol: SYMBOL,
        unit: "0.01",
        away: 4,
        shorts: !SPOT,
        amends_quantity: Ok(()),
        signs_time: Ok(()),
        has_session: Ok(()),
        tells_too_many: Ok(()),
        // The receive window of 600 ms, and a margin of a second.
        settle_ns: 1_500_000_000,
        strikes_market: false,
        too_little: "부족",
        wrong_key: &["key", "API 키"],
        names_fills: true,
        realises: !SPOT,
        moves_cash: Ok(()),
        tells_missed_cash: if SPOT { Err("only keys that may withdraw are told the history") } else { Ok(()) },
        charges_funding: if SPOT { Err("spot has no funding") } else { Ok(()) },
    };

    async fn start(seed: u64) -> Self {
        Self::start_with(seed, false).await
    }

    fn now(&self) -> Now {
        Arc::clone(&self.now)
    }

    fn gateway(&self, wires: Wires, stop: watch::Receiver<bool>) -> Result<Connected, VenueError> {
        let Wires { credentials, orders, since, inbox, dispatches, now, .. } = wires;
        let symbols = vec![(SYMBOL.to_owned(), INSTRUMENT)];
        let config = if SPOT { BinanceConfig::spot(symbols) } else { BinanceConfig::usd_m(symbols) };
        let mut config = config.at(self.emulator.address());
        config.raw = RawFrames::All;
        config.streams.trades = TradeStream::Each;
        config.patience.backoff_min = Duration::from_millis(5);
        config.patience.backoff_max = Duration::from_millis(50);
        config.account.answer = Duration::from_millis(400);
        config.account.resolve = Duration::from_millis(20);
        config.account.audit = Duration::from_millis(150);
        config.account.recv_window_ms = 600;
        (config.leverage, config.margin) = (self.leverage, self.margin);
        let mut gateway = BinanceGateway::new(config, inbox, now)?;
        gateway.trade(Trading { credentials, orders, since }, dispatches)?;
        Ok(Connected { frames: gateway.stats(), run: Box::pin(gateway.run(stop)) })
    }

    fn ledger(&self) -> Ledger {
        let funds = self.emulator.funds(Self::KIND, 0).expect("an account");
        let cash = |asset: &str| (asset.parse().expect("a code"), funds.total.get(asset).copied().unwrap_or(Money::ZERO));
        let position = funds.positions.get(SYMBOL).copied().unwrap_or_default();
        let coins = Qty::from_raw(funds.total.get("BTC").map_or(0, |total| total.raw()));
        Ledger {
            cash: ["USDT", "BNB"].into_iter().map(cash).collect(),
            held: held([(SYMBOL, if SPOT { coins } else { position.qty })]),
            cost: position.cost,
        }
    }

    fn orders(&self) -> Vec<Theirs> {
        let row = |order: super::emulator::DeskOrder| Theirs {
            side: order.side,
            limit: match order.order_type {
                OrderType::Limit(price) => Some(price),
                OrderType::Market => None,
            },
            open: order.open(),
            is_open: order.status.is_open(),
            // A replacement's name says which it is.
            is_first: !order.client_id.contains('.'),
            key: order.client_id,
        };
        self.emulator.orders(Self::KIND).into_iter().map(row).collect()
    }

    fn trade(&self, key: &str, qty: Qty) -> bool {
        self.emulator.trade(Self::KIND, key, None, qty)
    }

    fn best(&self) -> (Option<Price>, Option<Price>) {
        self.emulator.best(Self::KIND, SYMBOL)
    }

    fn set_faults(&self, plan: FaultPlan) {
        self.emulator.set_faults(Self::KIND, plan);
    }

    fn fail_next(&self, fault: OrderFault) {
        self.emulator.fail_next(Self::KIND, fault);
    }

    fn cut(&self) {
        self.emulator.cut_market_streams(Self::KIND);
        self.emulator.cut_user_streams(Self::KIND);
    }

    fn expire(&self) {
        self.emulator.expire_sessions(Self::KIND);
    }

    fn transfer(&self, currency: Currency, amount: Money) -> bool {
        self.emulator.transfer(Self::KIND, 0, currency.as_str(), amount)
    }

    fn fund(&self, rate: Rate) -> bool {
        self.emulator.fund(SYMBOL, rate) > 0
    }

    fn liquidate(&self) -> bool {
        let (bid, ask) = self.emulator.best(Self::KIND, SYMBOL);
        bid.or(ask).is_some_and(|price| self.emulator.liquidate(SYMBOL, price))
    }

    fn set_maintenance(&self, on: bool) {
        self.emulator.set_maintenance(Self::KIND, on);
    }

    async fn place_as_a_stranger(&self, limit: Price, qty: Qty) {
        let path = if SPOT { "/api/v3/order" } else { "/fapi/v1/order" };
        let parameters = Parameters::new()
            .with("symbol", SYMBOL)
            .with("side", "BUY")
            .with("type", "LIMIT")
            .with("timeInForce", "GTC")
            .with("quantity", qty)
            .with("price", limit)
            .with("newClientOrderId", "web_stranger")
            .with("timestamp", (self.now)().get() / 1_000_000);
        let query = Signer::new(&keys()).expect("keys").signed_query(parameters);
        let url = format!("http://{}{path}?{query}", self.emulator.address());
        let answer = reqwest::Client::new().post(url).header("X-MBX-APIKEY", keys().key.expose()).send().await;
        assert!(answer.expect("an answer").status().is_success());
    }
}
