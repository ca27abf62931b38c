//! What the tasks of an emulator share: the exchange, the markets, the clients ([`Core`] behind [`Shared`]'s lock).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jangbu_journal::Nanos;
use tokio::sync::{mpsc, watch};

use super::config::{EmulatorConfig, Source};
use super::error::EmulatorError;
use super::limits::Limits;
use super::text;
use super::transfers::Moved;
use crate::data::tape::TapeReader;
use crate::market::number::ONE;
use crate::market::{InstrumentId, Money, Price, Qty, Rounding, TickTable};
use crate::venue::exchange::{AccountId, Charges, Exchange, Fact, MarketConfig, TradingPhase};
use crate::venue::faults::Faults;
use crate::venue::korea::Date;
use crate::venue::maintenance::Maintenance;
use crate::venue::upbit::rules::{Quote, costs, ticks};
use crate::venue::upbit::wire::rest::market::LOT;
use crate::venue::upbit::wire::subscription::{Wanted, book_code};
use crate::venue::upbit::wire::{Levels, MarketCode, Message, frame::messages};

/// Frames a client may be behind before the made-up market cuts it off; a tape waits for it instead.
pub(super) const QUEUE_FRAMES: usize = 4_096;
/// Lines of a tape that say which markets are on it.
const PREVIEW_FRAMES: usize = 2_000;

/// A message on its way to clients, in one of the two spellings.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: &'static str,
    pub(super) code: Option<MarketCode>,
    pub(super) text: String,
    pub(super) simple: bool,
}

/// What the player gives to a client.
#[derive(Clone, Debug)]
pub(super) enum Outgoing {
    Frame(Arc<Frame>),
    /// The same, as what stands: after a subscription.
    Snapshot(Arc<Frame>),
    /// Everything before this has been written: say so.
    Barrier(mpsc::Sender<()>),
    /// The tape is over.
    Close,
}

/// A client as the player sees it.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) id: u64,
    pub(super) queue: mpsc::Sender<Outgoing>,
    pub(super) wanted: Vec<Wanted>,
}

impl Client {
    /// How it asked for such frames, if it did.
    pub(super) fn wants(&self, kind: &str, code: Option<MarketCode>) -> Option<&Wanted> {
        let names = |wanted: &Wanted| match code {
            Some(code) if kind == "orderbook" => {
                wanted.codes.iter().any(|name| book_code(name).is_some_and(|(market, _)| market == code))
            }
            Some(code) => (wanted.codes.is_empty() && kind == "myOrder") || wanted.codes.iter().any(|name| name == code.as_str()),
            None => true,
        };
        self.wanted.iter().find(|wanted| wanted.kind == kind && names(wanted))
    }
}

/// A market.
#[derive(Debug)]
pub(super) struct Market {
    pub(super) id: InstrumentId,
    pub(super) ticks: TickTable,
    /// Where the day began; before it the market closed there, too.
    pub(super) start: Price,
    /// Last price.
    pub(super) last: Price,
    /// Turnover that tickers of REST show on top of what is traded here.
    pub(super) elsewhere: Money,
}

pub(super) struct Core {
    pub(super) exchange: Exchange,
    pub(super) account: AccountId,
    pub(super) markets: BTreeMap<MarketCode, Market>,
    pub(super) codes: BTreeMap<InstrumentId, MarketCode>,
    pub(super) clients: Vec<Client>,
    /// What stands: the last frame of each kind and market.
    pub(super) standing: BTreeMap<(&'static str, MarketCode), Arc<Frame>>,
    pub(super) nonces: BTreeSet<String>,
    /// Our customers' ids, for ever; the order, unless it failed.
    pub(super) identifiers: BTreeMap<String, Option<u64>>,
    /// Orders the exchange keeps as others: how the venue calls them, and the amount of those that buy for one.
    pub(super) special: BTreeMap<u64, (&'static str, Option<Money>)>,
    /// Per client address there is one: everyone is this machine.
    pub(super) limits: Limits,
    pub(super) faults: Faults,
    pub(super) next_trade: u64,
    /// Deposits and withdrawals, oldest first.
    pub(super) moved: Vec<Moved>,
    pub(super) frames_played: u64,
    pub(super) rest_calls: u64,
    pub(super) refused: u64,
    pub(super) connections_made: u64,
    pub(super) failure: Option<String>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Core {{ markets: {:?}, clients: {} }}", self.markets.keys(), self.clients.len())
    }
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: EmulatorConfig,
    pub(super) core: Mutex<Core>,
    pub(super) frames_sent: AtomicU64,
    pub(super) finished: watch::Sender<bool>,
    /// Connections that are open.
    pub(super) open: watch::Sender<u64>,
    /// Grows when every connection is to be cut.
    pub(super) cuts: watch::Sender<u64>,
    /// Grows with every subscription.
    pub(super) subscribed: watch::Sender<u64>,
    pub(super) maintenance: Maintenance,
    /// The key may not see deposits and withdrawals.
    pub(super) history_hidden: AtomicBool,
    pub(super) stop: watch::Receiver<bool>,
}

impl Shared {
    pub(super) fn new(config: EmulatorConfig, stop: watch::Receiver<bool>) -> Result<Self, EmulatorError> {
        let core = Core::new(&config)?;
        Ok(Shared {
            config,
            core: Mutex::new(core),
            frames_sent: AtomicU64::new(0),
            finished: watch::Sender::new(false),
            open: watch::Sender::new(0),
            cuts: watch::Sender::new(0),
            subscribed: watch::Sender::new(0),
            maintenance: Maintenance::default(),
            history_hidden: AtomicBool::new(false),
            stop,
        })
    }

    pub(super) fn now(&self) -> Nanos {
        (self.config.now)()
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.now().get() / 1_000_000
    }

    pub(super) fn is_history_hidden(&self) -> bool {
        self.history_hidden.load(Ordering::Relaxed)
    }

    pub(super) fn is_tape(&self) -> bool {
        matches!(self.config.source, Source::Tape(_))
    }
}

impl Core {
    fn new(config: &EmulatorConfig) -> Result<Self, EmulatorError> {
        let now = (config.now)();
        let (starts, day, seed) = match &config.source {
            Source::Tape(path) => {
                let (starts, day) = preview(path)?;
                (starts, day, 0)
            }
            Source::Synthetic { symbols, seed } => (made_up(symbols, &config.starts)?, Date::at(now), *seed),
        };
        let (mut markets, mut codes) = (BTreeMap::new(), BTreeMap::new());
        for ((code, start), id) in starts.into_iter().zip(0..) {
            let quote = Quote::of(code.quote()).ok_or_else(|| EmulatorError::Market(code.to_string()))?;
            let id = InstrumentId(id);
            markets.insert(
                code,
                Market { id, ticks: ticks::ticks(quote, code.base(), day), start, last: start, elsewhere: Money::ZERO },
            );
            codes.insert(id, code);
        }
        let quotes: BTreeMap<InstrumentId, Quote> =
            codes.iter().filter_map(|(id, code)| Some((*id, Quote::of(code.quote())?))).collect();
        let charge = move |of: &crate::venue::exchange::Chargeable| {
            let rate = costs::fee_rate(quotes.get(&of.instrument).copied().unwrap_or(Quote::Krw));
            Charges { fee: of.value.share(rate, Rounding::Floor).unwrap_or(Money::ZERO), ..Charges::default() }
        };
        let mut exchange = Exchange::new(seed, now, Box::new(charge));
        if let Source::Synthetic { .. } = config.source {
            for (code, market) in &markets {
                exchange.add_market(market_config(*code, market, config.interval_ms));
                exchange.set_phase(market.id, TradingPhase::Continuous);
            }
        }
        let account = exchange.add_account();
        for (currency, amount) in &config.balances {
            let coin = codes.iter().find(|(_, code)| code.quote() == "KRW" && code.base() == currency);
            let wrong = || EmulatorError::Market(format!("balance {currency}={amount}"));
            let done = match coin {
                Some((id, _)) => exchange.transfer(account, *id, amount.parse().map_err(|_| wrong())?, Money::ZERO),
                None => exchange.deposit(account, currency.parse().map_err(|_| wrong())?, amount.parse().map_err(|_| wrong())?),
            };
            done.map_err(|_| wrong())?;
        }
        exchange.take_facts();
        Ok(Core {
            exchange,
            account,
            markets,
            codes,
            clients: Vec::new(),
            standing: BTreeMap::new(),
            nonces: BTreeSet::new(),
            identifiers: BTreeMap::new(),
            special: BTreeMap::new(),
            limits: Limits::default(),
            faults: Faults::new(config.faults.clone()),
            // As the venue's: milliseconds and four digits.
            next_trade: u64::try_from(now.get() / 1_000_000).unwrap_or(0).saturating_mul(10_000),
            moved: Vec::new(),
            frames_played: 0,
            rest_calls: 0,
            refused: 0,
            connections_made: 0,
            failure: None,
        })
    }

    /// What happened at the exchange goes out: trades, tickers, books, and what became of orders.
    pub(super) fn publish_facts(&mut self, now_ms: i64) {
        let mut touched = BTreeSet::new();
        for fact in self.exchange.take_facts() {
            match fact {
                Fact::Traded(traded) => {
                    let Some(code) = self.codes.get(&traded.instrument).copied() else { continue };
                    self.next_trade += 1;
                    let start = self.markets.get(&code).map_or(traded.price, |market| market.start);
                    if let Some(market) = self.markets.get_mut(&code) {
                        market.last = traded.price;
                    }
                    let trade = text::trade(code, &traded, start, self.next_trade, now_ms);
                    self.play("trade", code, trade);
                    let ticker = text::ticker(code, &traded.day, start, traded.taker, now_ms);
                    self.play("ticker", code, ticker);
                }
                Fact::BookChanged(id) => {
                    let Some(code) = self.codes.get(&id).copied() else { continue };
                    let book = text::book(code, &self.exchange, id, now_ms);
                    self.play("orderbook", code, book);
                }
                other => self.publish_private(&other, now_ms, &mut touched),
            }
        }
        self.publish_assets(&touched, now_ms);
    }

    /// A market frame of our own making.
    fn play(&mut self, kind: &'static str, code: MarketCode, text: String) {
        self.frames_played += 1;
        let frame = Arc::new(Frame { kind, code: Some(code), text, simple: false });
        self.standing.insert((kind, code), Arc::clone(&frame));
        self.send(&frame);
    }

    /// To whoever wants it. A client that is too far behind is let go: its queue closes, and with it its connection.
    pub(super) fn send(&mut self, frame: &Arc<Frame>) {
        self.clients.retain(|client| match client.wants(frame.kind, frame.code) {
            Some(wanted) if !wanted.only_snapshot => client.queue.try_send(Outgoing::Frame(Arc::clone(frame))).is_ok(),
            _ => true,
        });
    }
}

fn market_config(code: MarketCode, market: &Market, interval_ms: u32) -> MarketConfig {
    // Amounts of levels and of takers, in the quote currency's 1e-8.
    let (levels, takers): ((i128, i128), (i128, i128)) = match Quote::of(code.quote()) {
        Some(Quote::Btc) => ((1_000_000, 50_000_000), (10_000, 5_000_000)),
        Some(Quote::Usdt) => ((100 * WON, 10_000 * WON), (WON, 1_000 * WON)),
        _ => ((1_000_000 * WON, 20_000_000 * WON), (6_000 * WON, 3_000_000 * WON)),
    };
    let price = i128::from(market.start.raw().max(1));
    let lots = |amount: i128| i64::try_from(amount * WON / price).unwrap_or(i64::MAX).max(1);
    MarketConfig {
        instrument: market.id,
        quote: code.currencies().map(|(quote, _)| quote).unwrap_or_default(),
        ticks: market.ticks.clone(),
        lot: LOT,
        start: market.start,
        limits: None,
        level_lots: (lots(levels.0), lots(levels.1)),
        trade_lots: (lots(takers.0), lots(takers.1)),
        interval_ns: i64::from(interval_ms.max(1)) * 1_000_000,
        wander_ticks: 3,
    }
}

const WON: i128 = ONE as i128;

/// Made-up markets and where they begin.
fn made_up(symbols: &[String], starts: &BTreeMap<String, Price>) -> Result<BTreeMap<MarketCode, Price>, EmulatorError> {
    let usual = ["KRW-BTC", "KRW-ETH", "KRW-XRP"].map(str::to_owned);
    let symbols = if symbols.is_empty() { &usual } else { symbols };
    let start = |symbol: &String| {
        let wrong = || EmulatorError::Market(symbol.clone());
        let code: MarketCode = symbol.to_uppercase().parse().map_err(|_| wrong())?;
        let price = match (code.as_str(), Quote::of(code.quote()).ok_or_else(wrong)?) {
            ("KRW-BTC", _) => 150_000_000 * ONE,
            ("KRW-ETH", _) => 5_000_000 * ONE,
            ("KRW-XRP", _) => 3_121 * ONE,
            (_, Quote::Krw) => 1_000 * ONE,
            (_, Quote::Btc) => ONE / 1_000,
            (_, Quote::Usdt) => 10 * ONE,
        };
        Ok((code, starts.get(code.as_str()).copied().unwrap_or(Price::from_raw(price))))
    };
    symbols.iter().map(start).collect()
}

/// The markets of a tape with their first price, and its day.
fn preview(path: &Path) -> Result<(BTreeMap<MarketCode, Price>, Date), EmulatorError> {
    let (mut starts, mut day, mut levels) = (BTreeMap::new(), None, Levels::default());
    for frame in TapeReader::open(path)?.take(PREVIEW_FRAMES) {
        let frame = frame?;
        for text in messages(frame.text.as_bytes()).into_iter().flatten() {
            let (code, price) = match Message::parse(text, &mut levels) {
                Ok(Message::Trade(trade)) => (trade.code, trade.price),
                Ok(Message::Ticker(ticker)) => (ticker.code, ticker.last),
                Ok(Message::Book(head)) => match levels.bids.first().or(levels.asks.first()) {
                    Some((price, _)) => (head.code, *price),
                    None => continue,
                },
                _ => continue,
            };
            starts.entry(code).or_insert(price);
            day.get_or_insert(Date::at(Nanos::new(frame.recv_ns)));
        }
    }
    let day = day.ok_or_else(|| EmulatorError::Foreign(path.display().to_string()))?;
    Ok((starts, day))
}

/// How much is held and free of a currency: cash, or the coin of a won market.
pub(super) fn balance(core: &Core, currency: &str) -> (String, String) {
    let Some(account) = core.exchange.account(core.account) else { return ("0".into(), "0".into()) };
    let coin = core.codes.iter().find(|(_, code)| code.base() == currency).map(|(id, _)| *id);
    let held = coin.and_then(|id| account.holdings.get(&id)).filter(|held| held.qty != Qty::ZERO || held.reserved != Qty::ZERO);
    match (held, currency.parse()) {
        (Some(held), _) => (held.free().to_string(), held.reserved.to_string()),
        (None, Ok(currency)) => {
            let cash = account.cash(currency);
            (cash.free().to_string(), cash.reserved.to_string())
        }
        (None, Err(_)) => ("0".into(), "0".into()),
    }
}
