//! What a session shows while it runs: [`Gauges`], [`Status`], and the [`progress_line`] of both.

use core::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};

use jangbu_journal::{Nanos, Seq, Stamp};
use jangbu_replay::Marks;
use serde::{Serialize, Serializer};

use super::latency::duration_text;
use super::valued::{PremiumRow, Valued, premiums, valued};
use crate::account::{Order, OrderId, OrderState, Position};
use crate::kernel::{AccountResult, Counts, Kernel};
use crate::market::{Instrument, InstrumentKind, Money, Price, Qty, Side, Venue};

/// Premiums that a line shows; the summary has all.
const PREMIUMS_MAX: usize = 5;

/// Numbers the world writes after every event and anyone reads.
#[derive(Debug, Default)]
pub struct Gauges {
    events: AtomicU64,
    durable: AtomicU64,
    lag_ns: AtomicI64,
    queue: AtomicUsize,
    queue_high_water: AtomicUsize,
}

impl Gauges {
    /// After an event from outside was applied, `lag_ns` after it was received, with `queue` more waiting.
    #[inline]
    pub fn on_applied(&self, events: u64, lag_ns: i64, queue: usize) {
        self.events.store(events, Ordering::Relaxed);
        self.lag_ns.store(lag_ns, Ordering::Relaxed);
        self.queue.store(queue, Ordering::Relaxed);
        self.queue_high_water.fetch_max(queue, Ordering::Relaxed);
    }

    /// The journal has everything up to here.
    #[inline]
    pub fn on_durable(&self, durable: Seq) {
        self.durable.store(durable.get(), Ordering::Relaxed);
    }

    /// The last event that the journal has for sure.
    pub fn durable(&self) -> Seq {
        Seq::new(self.durable.load(Ordering::Relaxed))
    }

    /// Events of the session so far.
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// How long the last event from outside took from the socket through the kernel, nanoseconds.
    pub fn lag_ns(&self) -> i64 {
        self.lag_ns.load(Ordering::Relaxed)
    }

    /// How many wait in the queue.
    pub fn queue(&self) -> usize {
        self.queue.load(Ordering::Relaxed)
    }

    /// The most that ever waited.
    pub fn queue_high_water(&self) -> usize {
        self.queue_high_water.load(Ordering::Relaxed)
    }
}

/// What the kernel's state comes to, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The last event it was taken after.
    pub seq: Seq,
    /// That event's time.
    pub at: Nanos,
    /// Effects so far, since the journal began.
    pub effects: u64,
    /// Orders open or in flight.
    pub open_orders: usize,
    /// Positions, like `binance-usdm BTCUSDT -0.010 @ 61234.5`.
    pub positions: Vec<String>,
    /// Where the venue takes perpetuals away, and their funding.
    pub margins: Vec<MarginRow>,
    /// Profit by currency.
    pub profits: Vec<Profit>,
    /// What everything is worth in one currency, if one is set.
    pub valued: Option<Valued>,
    /// How much dearer coins are at home than abroad (김프).
    pub premiums: Vec<PremiumRow>,
    /// Whether the kill switch is on.
    pub killed: bool,
    /// How often what happened in the kernel, since the journal began.
    pub counts: Counts,
    /// Every position that is or was, as exact figures.
    #[serde(skip)]
    pub books: Vec<Book>,
    /// Cash, as exact figures.
    #[serde(skip)]
    pub cash: Vec<CashRow>,
    /// Why the kill switch is on, if it is.
    #[serde(skip)]
    pub kill_reason: Option<String>,
    /// Whether strategies may place orders.
    #[serde(skip)]
    pub auto_trade: bool,
    /// Orders open or in flight.
    #[serde(skip)]
    pub orders: Vec<OrderRow>,
}

/// An order that lives, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderRow {
    /// Which.
    #[serde(serialize_with = "as_text")]
    pub order: OrderId,
    /// Where.
    #[serde(serialize_with = "as_text")]
    pub venue: Venue,
    /// Of what.
    pub symbol: String,
    /// Buy or sell.
    pub side: Side,
    /// Its limit; none is a market order.
    pub limit: Option<Price>,
    /// In all.
    pub qty: Qty,
    /// Filled so far.
    pub filled: Qty,
    /// Where it stands.
    pub state: OrderState,
}

fn as_text<T: ToString, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

/// Every order that lives.
fn orders(kernel: &Kernel) -> Vec<OrderRow> {
    let row = |order: &Order| {
        let instrument = kernel.instrument(order.request.instrument)?;
        Some(OrderRow {
            order: order.request.id,
            venue: instrument.venue,
            symbol: instrument.symbol.clone(),
            side: order.request.side,
            limit: order.limit,
            qty: order.qty,
            filled: order.filled,
            state: order.state,
        })
    };
    kernel.orders().filter_map(row).collect()
}

/// What trading an instrument came to, exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    /// Where.
    pub venue: Venue,
    /// Which.
    pub symbol: String,
    /// What is held.
    pub qty: Qty,
    /// Value sold less value bought, since the journal began.
    pub traded: Money,
    /// Fees since then.
    pub fees: Money,
    /// Taxes since then.
    pub taxes: Money,
}

/// Cash of a currency at a venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashRow {
    /// Where.
    pub venue: Venue,
    /// How much, reserved or not.
    pub total: Money,
}

/// Every position that is or was.
pub fn books(kernel: &Kernel) -> Vec<Book> {
    let row = |instrument: &Instrument| {
        let position = kernel.portfolio().position(instrument.id);
        (position != Position::default()).then(|| Book {
            venue: instrument.venue,
            symbol: instrument.symbol.clone(),
            qty: position.qty,
            // Cost less profit is what was bought less what was sold, to the unit.
            traded: position.realised.checked_sub(position.cost).unwrap_or(Money::ZERO),
            fees: position.fees,
            taxes: position.taxes,
        })
    };
    kernel.instruments().filter_map(row).collect()
}

/// Profit of one account, as decimal text; `?` where a price is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Profit {
    /// Where.
    pub venue: String,
    /// Which currency.
    pub currency: String,
    /// Of closed positions, before fees.
    pub realised: String,
    /// Of open ones, at the last price.
    pub unrealised: String,
    /// Fees paid.
    pub fees: String,
    /// Taxes paid.
    pub taxes: String,
    /// Funding received, and other income; below 0 it was paid. 0 for most.
    pub income: String,
}

/// A perpetual's position as its venue margins it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MarginRow {
    /// Where.
    pub venue: String,
    /// Which.
    pub symbol: String,
    /// The price at which the venue takes the position away; `None` when nothing does, or it is not known.
    pub liquidation: Option<String>,
    /// The mark price, if it is told.
    pub mark: Option<String>,
    /// Funding received for it; below 0 it was paid.
    pub funding: String,
}

fn margin(kernel: &Kernel, instrument: &Instrument) -> Option<MarginRow> {
    let held = !kernel.portfolio().position(instrument.id).is_flat();
    (held && instrument.kind == InstrumentKind::Perpetual).then(|| MarginRow {
        venue: instrument.venue.name().into(),
        symbol: instrument.symbol.clone(),
        liquidation: kernel.liquidation(instrument.id).map(|price| price.to_string()),
        mark: kernel.mark(instrument.id).map(|mark| mark.price.to_string()),
        funding: kernel.portfolio().funding(instrument.id).to_string(),
    })
}

/// Perpetuals that are held.
pub fn margins(kernel: &Kernel) -> Vec<MarginRow> {
    kernel.instruments().filter_map(|instrument| margin(kernel, instrument)).collect()
}

/// What `kernel` comes to after the event at `stamp`.
pub fn status(kernel: &Kernel, stamp: &Stamp, marks: &Marks) -> Status {
    let held = |instrument: &Instrument| {
        let position = kernel.portfolio().position(instrument.id);
        let average = position.average()?;
        let mut text = format!("{} {} {} @ {average}", instrument.venue, instrument.symbol, position.qty);
        if let Some(price) = kernel.liquidation(instrument.id) {
            // Writing to a String cannot fail.
            let _ = write!(text, ", 청산가 liquidation {price}");
        }
        Some(text)
    };
    let profit = |result: AccountResult| Profit {
        venue: result.venue.name().into(),
        currency: result.currency.as_str().into(),
        realised: result.cash.realised.to_string(),
        unrealised: result.unrealised.map_or_else(|| "?".into(), |money| money.to_string()),
        fees: result.cash.fees.to_string(),
        taxes: result.cash.taxes.to_string(),
        income: result.income.to_string(),
    };
    Status {
        seq: stamp.seq,
        at: stamp.recv,
        effects: marks.effects().0,
        open_orders: kernel.orders().count(),
        positions: kernel.instruments().filter_map(held).collect(),
        margins: margins(kernel),
        profits: kernel.results().map(profit).collect(),
        valued: valued(kernel),
        premiums: premiums(kernel),
        killed: kernel.killed().is_some(),
        counts: *kernel.counts(),
        books: books(kernel),
        kill_reason: kernel.killed().map(str::to_owned),
        auto_trade: kernel.auto_trade(),
        orders: orders(kernel),
        cash: kernel.portfolio().cash_rows().iter().map(|row| CashRow { venue: row.venue, total: row.cash.total }).collect(),
    }
}

/// What one line says of a running session. `before` is how many events there were `seconds` earlier.
pub fn progress_line(gauges: &Gauges, status: &Status, before: u64, seconds: f64) -> String {
    let events = gauges.events();
    let rate = events.saturating_sub(before) as f64 / seconds.max(1e-3);
    let lag = duration_text(u64::try_from(gauges.lag_ns()).unwrap_or(0));
    let mut line = format!(
        "seq {} (durable {}) · {rate:.0} events/s · queue {} (high {}) · lag {lag} · open orders {}",
        status.seq,
        gauges.durable(),
        gauges.queue(),
        gauges.queue_high_water(),
        status.open_orders,
    );
    // Writing to a String cannot fail.
    for position in &status.positions {
        let _ = write!(line, " · {position}");
    }
    for profit in &status.profits {
        let _ = write!(
            line,
            " · {} {} realised {} unrealised {} fees {}",
            profit.venue, profit.currency, profit.realised, profit.unrealised, profit.fees
        );
        if !matches!(profit.income.as_str(), "" | "0") {
            let _ = write!(line, " funding {}", profit.income);
        }
    }
    if let Some(valued) = &status.valued {
        let _ = write!(line, " · 합계 · total {}", valued.line());
    }
    if !status.premiums.is_empty() {
        line.push_str(" · 김프");
        for premium in status.premiums.iter().take(PREMIUMS_MAX) {
            let _ = write!(line, " {}", premium.text());
        }
    }
    if status.killed {
        line.push_str(" · KILLED");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_it_all() {
        let gauges = Gauges::default();
        gauges.on_applied(1_500, 42_000, 7);
        gauges.on_applied(2_500, 40_000, 3);
        gauges.on_durable(Seq::new(8));
        let profit = Profit {
            venue: "binance-spot".into(),
            currency: "USDT".into(),
            realised: "1.5".into(),
            unrealised: "-0.2".into(),
            fees: "0.3".into(),
            ..Profit::default()
        };
        let status = Status {
            seq: Seq::new(9),
            open_orders: 1,
            positions: vec!["BTCUSDT 0.01".into()],
            profits: vec![profit],
            ..Status::default()
        };
        assert_eq!(
            progress_line(&gauges, &status, 500, 2.0),
            "seq 9 (durable 8) · 1000 events/s · queue 3 (high 7) · lag 40.0µs · open orders 1 · BTCUSDT 0.01 \
             · binance-spot USDT realised 1.5 unrealised -0.2 fees 0.3"
        );
    }
}
