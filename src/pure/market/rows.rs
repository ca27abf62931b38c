//! One-second and one-minute rows (bars) made of trades: [`RowBuilder`].

use jangbu_journal::Nanos;
use serde::{Deserialize, Serialize};

use super::data::{Bar, Side, Trade};
use super::instrument::InstrumentId;
use super::number::{Money, ONE, Price, Qty};

/// The lengths of row there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RowSpan {
    /// One second.
    Second,
    /// One minute.
    Minute,
}

impl RowSpan {
    /// Nanoseconds: `Bar::span` of such a row.
    pub const fn nanos(self) -> i64 {
        match self {
            RowSpan::Second => 1_000_000_000,
            RowSpan::Minute => 60_000_000_000,
        }
    }
}

/// Rows that just ended; hand out the second before the minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// The second that ended.
    pub second: Option<Bar>,
    /// The minute that ended.
    pub minute: Option<Bar>,
}

impl Closed {
    /// The ended rows, second first.
    pub fn rows(&self) -> impl Iterator<Item = &Bar> {
        self.second.iter().chain(&self.minute)
    }
}

/// A row in the making. `trades` is 0 exactly when it is not begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Sum {
    start: i64,
    end: i64,
    open: Price,
    high: Price,
    low: Price,
    close: Price,
    /// By `Side`.
    volume: [Qty; 2],
    /// Sum of price × quantity at 1e-16: the division waits until somebody looks.
    product: i128,
    trades: u32,
}

impl Sum {
    fn begin(&mut self, at: i64, span: RowSpan) {
        self.start = at.div_euclid(span.nanos()) * span.nanos();
        self.end = self.start + span.nanos();
    }

    fn bar(&self, instrument: InstrumentId, span: RowSpan) -> Option<Bar> {
        (self.trades > 0).then(|| Bar {
            instrument,
            start: Nanos::new(self.start),
            span: span.nanos(),
            open: self.open,
            high: self.high,
            low: self.low,
            close: self.close,
            bought: self.volume[Side::Buy as usize],
            sold: self.volume[Side::Sell as usize],
            turnover: Money::from_raw(self.product.div_euclid(i128::from(ONE))),
            trades: self.trades,
        })
    }

    /// Adds a later row that lies within this one's span. Says whether all of it fit.
    fn fold(&mut self, later: &Sum) -> bool {
        if self.trades == 0 {
            let (start, end) = (self.start, self.end);
            *self = Sum { start, end, ..*later };
            return true;
        }
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        put(self.volume[0].checked_add(later.volume[0]), &mut self.volume[0])
            & put(self.volume[1].checked_add(later.volume[1]), &mut self.volume[1])
            & put(self.product.checked_add(later.product), &mut self.product)
            & put(self.trades.checked_add(later.trades), &mut self.trades)
    }
}

/// Keeps the last value when the new one does not fit, and says so.
#[inline(always)]
fn put<T>(value: Option<T>, field: &mut T) -> bool {
    let fits = value.is_some();
    if let Some(value) = value {
        *field = value;
    }
    fits
}

/// Makes the one-second and one-minute rows of one instrument.
///
/// Times are those the caller passes: venue time where the venue gives it. Rows begin at whole seconds and minutes of UTC. A
/// row exists only if there was a trade in it. A trade from before the current row (or from before a row that was closed)
/// counts into the current one, so that no row comes twice and each is later than the one before. A sum that overflows stays at
/// its last value and sets [`RowBuilder::overflowed`]. Nothing is allocated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowBuilder {
    instrument: InstrumentId,
    second: Sum,
    /// The seconds of the minute that have ended; the second in the making is added when somebody looks.
    minute: Sum,
    /// The next row may not begin before.
    floor: i64,
    overflowed: bool,
}

/// Room at the ends of time for a whole row.
const FIRST: i64 = i64::MIN + RowSpan::Minute.nanos();
const LAST: i64 = i64::MAX - RowSpan::Minute.nanos();

impl RowBuilder {
    /// No row begun.
    pub fn new(instrument: InstrumentId) -> Self {
        RowBuilder { instrument, second: Sum::default(), minute: Sum::default(), floor: FIRST, overflowed: false }
    }

    /// Counts a trade made at `at`; first closes the rows that ended by then.
    #[inline]
    pub fn on_trade(&mut self, at: Nanos, trade: &Trade) -> Closed {
        if self.second.trades > 0 && at.get() < self.second.end {
            self.count(trade);
            return Closed::default();
        }
        self.turn(at, trade)
    }

    /// Closes the rows whose span is over at `at`.
    pub fn on_time(&mut self, at: Nanos) -> Closed {
        let mut closed = Closed::default();
        let at = at.get();
        if self.second.trades > 0 && at >= self.second.end {
            closed.second = self.second.bar(self.instrument, RowSpan::Second);
            if self.minute.trades == 0 {
                self.minute.begin(self.second.start, RowSpan::Minute);
            }
            let fits = self.minute.fold(&self.second);
            self.overflowed |= !fits;
            self.floor = self.floor.max(self.second.end);
            self.second = Sum::default();
        }
        if self.minute.trades > 0 && at >= self.minute.end {
            closed.minute = self.minute.bar(self.instrument, RowSpan::Minute);
            self.floor = self.floor.max(self.minute.end);
            self.minute = Sum::default();
        }
        closed
    }

    /// The row in the making; `None` while it has no trade.
    pub fn current(&self, span: RowSpan) -> Option<Bar> {
        match span {
            RowSpan::Second => self.second.bar(self.instrument, span),
            RowSpan::Minute if self.second.trades == 0 => self.minute.bar(self.instrument, span),
            RowSpan::Minute => {
                let mut minute = self.minute;
                if minute.trades == 0 {
                    minute.begin(self.second.start, span);
                }
                minute.fold(&self.second);
                minute.bar(self.instrument, span)
            }
        }
    }

    /// When the next row ends: call [`RowBuilder::on_time`] then. `None` while no row is begun. May be past already, after a
    /// late trade.
    #[inline]
    pub fn next_end(&self) -> Option<Nanos> {
        let next = if self.second.trades > 0 { &self.second } else { &self.minute };
        (next.trades > 0).then_some(Nanos::new(next.end))
    }

    /// Whether a sum ever did not fit. It stayed at its last value.
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// The first trade of a second.
    #[cold]
    fn turn(&mut self, at: Nanos, trade: &Trade) -> Closed {
        // `self.floor` may come from a saved state, so the ends of time are held against it too.
        let at = at.get().max(self.floor).clamp(FIRST, LAST);
        let closed = self.on_time(Nanos::new(at));
        self.second.begin(at.max(self.floor).min(LAST), RowSpan::Second);
        (self.second.open, self.second.high, self.second.low) = (trade.price, trade.price, trade.price);
        self.count(trade);
        closed
    }

    #[inline(always)]
    fn count(&mut self, trade: &Trade) {
        let row = &mut self.second;
        row.high = row.high.max(trade.price);
        row.low = row.low.min(trade.price);
        row.close = trade.price;
        let (side, qty, price) = (trade.taker as usize, trade.qty.raw(), i128::from(trade.price.raw()));
        // Nearly every quantity fits 64 bits. Then the product cannot overflow, and unchecked it is one multiplication.
        let product = match i64::try_from(qty) {
            Ok(qty) => Some(price.wrapping_mul(i128::from(qty))),
            Err(_) => price.checked_mul(qty),
        };
        // All three are tried before any is stored: one branch that is never taken, instead of three.
        let volume = row.volume[side].checked_add(trade.qty);
        let turnover = product.and_then(|product| row.product.checked_add(product));
        let trades = row.trades.checked_add(1);
        if let (Some(volume), Some(turnover), Some(trades)) = (volume, turnover, trades) {
            (row.volume[side], row.product, row.trades) = (volume, turnover, trades);
            return;
        }
        self.overflowed = true;
        put(volume, &mut row.volume[side]);
        put(turnover, &mut row.product);
        put(trades, &mut row.trades);
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
