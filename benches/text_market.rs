//! What one thread pays for a second of a market of 2,500 instruments with a buy and a sell text, through the kernel:
//! `cargo bench --bench text_market`. Every instrument trades twice and changes its quote once, so that it makes a row each second.
//!
//! The worst case: everything is held, so that both texts run on every row; all clauses but the last hold, so that all are looked at.

use std::time::Instant;

use jangbu::account::{Fill, Liquidity, OrderUpdate, SessionId};
use jangbu::effect::Effect;
use jangbu::event::command::{Settings, StrategySettings};
use jangbu::event::{Command, Event, MarketEvent, OrderEvent};
use jangbu::kernel::Kernel;
use jangbu::market::instrument::{Fees, TickTable};
use jangbu::market::{Instrument, InstrumentId, InstrumentKind, Money, Price, Qty, Quote, Rate, Rounding, Side, Trade, Venue};
use jangbu_journal::{Nanos, Seq, Stamp};
use jangbu_replay::{Effects, Machine};

const INSTRUMENTS: u32 = 2_500;
/// Longer than the longest window, then those that are measured.
const WARM_SECONDS: usize = 320;
const SECONDS: usize = 60;
/// The turnover ranking, which lets instruments in, is made every ten seconds: by then each has bought, twice.
const ENTER_SECONDS: usize = 11;
const SECOND: i64 = 1_000_000_000;

const BUY: &str = "\
매수 = True
if not (-50 <= 등락율 <= 50):
    매수 = False
elif not (체결강도 >= 체결강도평균(30) * 0.01):
    매수 = False
elif not (현재가 > 이동평균(60) * 0.5 and 최고현재가(300) * 2 > 현재가N(1)):
    매수 = False
elif not (초당거래대금 >= 초당거래대금평균(30) * 0.01):
    매수 = False
elif not (매수총잔량 > 매도총잔량 * 1000):
    매수 = False
if 매수:
    self.Buy()
";
const SELL: &str = "\
매도 = False
if 수익률 > 900:
    매도 = True
elif 현재가 < 최저현재가(300) * 0.5 or 이동평균(60) > 이동평균(300) * 2:
    매도 = True
elif 누적초당매도수량(60) > 누적초당매수수량(60) * 1000 + 1000000 and 보유시간 > 10:
    매도 = True
if 매도:
    self.Sell()
";

fn instrument(id: u32) -> Instrument {
    Instrument {
        id: InstrumentId(id),
        venue: Venue::BinanceUsdM,
        symbol: format!("SYN{id}USDT"),
        name: String::new(),
        kind: InstrumentKind::Perpetual,
        base: "SYN".parse().expect("a code"),
        quote: "USDT".parse().expect("a code"),
        ticks: TickTable::flat(Price::from_raw(1_000_000)),
        lot: Qty::from_raw(100_000),
        qty_min: Qty::from_raw(100_000),
        qty_max: Qty::from_raw(100_000_000_000),
        notional_min: Money::from_raw(0),
        fees: Fees {
            maker: Rate::from_raw(20_000),
            taker: Rate::from_raw(50_000),
            sell_tax: Rate::ZERO,
            fee_unit: Money::from_raw(1),
            tax_unit: Money::from_raw(1),
            rounding: Rounding::Ceiling,
        },
    }
}

/// A kernel, and the time and number of its newest event.
struct Rig {
    kernel: Kernel,
    stamp: Stamp,
    effects: Effects<Effect>,
    random: u64,
    fills: u64,
}

impl Rig {
    fn hear(&mut self, event: &Event) {
        self.stamp.seq = self.stamp.seq.next();
        self.stamp.recv = self.stamp.recv.plus(10_000);
        self.kernel.apply(&self.stamp, event, &mut self.effects);
    }

    fn say(&mut self, command: Command) {
        self.hear(&Event::Command(Box::new(command)));
    }

    fn text(&mut self, name: &str, text: &str) {
        self.say(Command::StrategyText { name: name.into(), text: text.into() });
    }

    fn random(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % below
    }

    /// A second of the market.
    fn events(&mut self, prices: &mut [i64]) -> Vec<Event> {
        let mut events = Vec::with_capacity(prices.len() * 3);
        for (id, price) in prices.iter_mut().enumerate() {
            let instrument = InstrumentId(id as u32);
            for taker in [Side::Buy, Side::Sell] {
                *price = (*price + self.random(3) as i64 - 1).clamp(9_000, 11_000);
                let qty = Qty::from_raw(i128::from(self.random(900) + 100) * 100_000);
                let trade = Trade { instrument, taker, price: Price::from_raw(*price * 1_000_000), qty, id: 0 };
                events.push(Event::Market(MarketEvent::Trade(trade)));
            }
            let (bid, ask) = (Price::from_raw((*price - 1) * 1_000_000), Price::from_raw((*price + 1) * 1_000_000));
            let (bid_qty, ask_qty) = (Qty::from_raw(5_000_000_000), Qty::from_raw(4_000_000_000));
            events.push(Event::Market(MarketEvent::Quote(Quote { instrument, bid, ask, bid_qty, ask_qty })));
        }
        events
    }

    /// Fills what was ordered; says how many orders there were.
    fn fill(&mut self) -> usize {
        let orders: Vec<_> = self.effects.drain().collect();
        let mut filled = 0;
        for effect in orders {
            if let Effect::Submit(order) = effect {
                self.fills += 1;
                let price = Price::from_raw(10_000_000_000);
                let fill = Fill { trade: self.fills, price, qty: order.qty, liquidity: Liquidity::Taker };
                let accepted = OrderUpdate::Accepted { venue_order: self.fills };
                self.hear(&Event::Order(OrderEvent { order: order.id, update: accepted }));
                self.hear(&Event::Order(OrderEvent { order: order.id, update: OrderUpdate::Filled(fill) }));
                filled += 1;
            }
        }
        self.effects.clear();
        filled
    }
}

/// Memory in use, MiB; 0 where the system does not say.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

fn measure(name: &str, texts: Option<(&str, &str)>) {
    let before = memory();
    let stamp = Stamp { seq: Seq::ZERO, recv: Nanos::new(1_700_000_000 * SECOND), venue: None };
    let mut rig = Rig { kernel: Kernel::default(), stamp, effects: Effects::new(), random: 7, fills: 0 };
    rig.say(Command::SessionStarted { session: SessionId(1), build: "bench".into(), mode: "backtest".into() });
    (0..INSTRUMENTS).for_each(|id| rig.hear(&Event::Market(MarketEvent::Instrument(Box::new(instrument(id))))));
    let Instrument { venue, quote: currency, .. } = instrument(0);
    rig.say(Command::Deposit { venue, currency, amount: Money::from_raw(100_000_000_000_000_000) });
    if texts.is_some() {
        rig.text("buy.py", "self.Buy()");
        rig.text("sell.py", "매도 = False");
        let parameters = [
            ("buy", "buy.py"),
            ("sell", "sell.py"),
            ("average", "1"),
            ("ranked", "2500"),
            ("qty", "1"),
            ("buy_splits", "5"),
            ("buy_split_signal", "true"),
        ];
        let parameters = parameters.map(|(name, value)| (name.into(), value.into())).into();
        let strategies = vec![StrategySettings { name: "text".into(), instruments: Vec::new(), parameters }];
        rig.say(Command::Configure(Settings { strategies, ..Settings::default() }));
    }
    rig.say(Command::AutoTrade(true));
    let mut prices = vec![10_000_i64; INSTRUMENTS as usize];
    let mut seconds = Vec::new();
    let (mut held, mut ordered) = (0, 0);
    for second in 0..WARM_SECONDS + SECONDS {
        let events = rig.events(&mut prices);
        rig.stamp.recv = Nanos::new((1_700_000_000 + second as i64 + 1) * SECOND);
        let start = Instant::now();
        events.iter().for_each(|event| rig.hear(event));
        let took = start.elapsed();
        let orders = rig.fill();
        if second <= ENTER_SECONDS {
            held += orders;
        } else if second >= WARM_SECONDS {
            seconds.push(took.as_secs_f64());
            ordered += orders;
        }
        // From here on the texts that are measured.
        if let (ENTER_SECONDS, Some((buy, sell))) = (second, texts) {
            rig.text("buy.py", buy);
            rig.text("sell.py", sell);
        }
    }
    seconds.sort_by(f64::total_cmp);
    let (quickest, median, slowest) = (seconds[0], seconds[SECONDS / 2], seconds[SECONDS - 1]);
    assert_eq!(ordered, 0, "the texts that are measured do not signal");
    println!(
        "{name:<32} {:>6.2} ms a second of market (quickest {:.2}, slowest {:.2}): {:.2} % of one core, {:.0} times to spare; \
         {:.0} ns a row; +{:.0} MiB; {held} bought before",
        median * 1e3,
        quickest * 1e3,
        slowest * 1e3,
        median * 100.0,
        1.0 / median,
        median * 1e9 / f64::from(INSTRUMENTS),
        memory() - before,
    );
}

fn main() {
    println!("{INSTRUMENTS} instruments, two trades and one quote each a second, one thread\n");
    measure("the kernel alone", None);
    measure("rows, texts of one line", Some(("매수 = False", "매도 = False")));
    measure("both texts, every clause", Some((BUY, SELL)));
}
