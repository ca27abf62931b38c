//! Rows made of trades and books: [`RowMaker`], one for each instrument.

use alloc::boxed::Box;

use jangbu_journal::Nanos;
use serde::{Deserialize, Serialize};

use super::columns::{COLUMN_COUNT, Mode, Row, at};
use super::facts::{self, Facts};
use super::interruption::Interruption;
use super::tops::{Tops, is_round_figure};
use crate::market::{Book, Instrument, InstrumentKind, Price, Quote, Side, Trade, Venue};

/// What a row is made of at the moment it is made.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The instrument.
    pub instrument: &'a Instrument,
    /// Its book, if it has a whole one.
    pub book: Option<&'a Book>,
    /// Its best bid and ask, if they are known.
    pub quote: Option<Quote>,
    /// Whether it is in the turnover ranking.
    pub watched: bool,
    /// What its venue says of its day.
    pub facts: Facts<'a>,
}

/// Money and quantities of one side, or of both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Volume {
    /// By `Side`, at 1e-8.
    qty: [i128; 2],
    /// By `Side`: price × quantity at 1e-16. Sums that do not fit stay at the largest number.
    value: [i128; 2],
}

impl Volume {
    fn add(&mut self, trade: &Trade) {
        let side = trade.taker as usize;
        let value = i128::from(trade.price.raw()).saturating_mul(trade.qty.raw());
        self.qty[side] = self.qty[side].saturating_add(trade.qty.raw());
        self.value[side] = self.value[side].saturating_add(value);
    }

    fn value(&self) -> i128 {
        self.value[0].saturating_add(self.value[1])
    }
}

/// Makes the rows of one instrument.
///
/// The day of a coin begins at 00:00 UTC, that of a stock at 00:00 KST. What was traded before the first trade seen is not known:
/// open, high, low and turnover of the first day are those since then, and the close of the day before is the last price seen in
/// it, or the first price of all, unless the venue says what it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowMaker {
    /// The price of the last trade; `None` before the first.
    last: Option<Price>,
    /// The number of the day under way.
    day: i64,
    close_before: Price,
    open: Price,
    high: Price,
    low: Price,
    today: Volume,
    /// Since the last row.
    since: Volume,
    /// 당일거래대금 at the last row, as stocks count it.
    turnover_before: i128,
    /// Open, high and low since the last row; `None` without a trade.
    minute: Option<[Price; 3]>,
    /// Volatility interruptions of today, of a share.
    interruption: Interruption,
    /// By price, where a text asks for it.
    tops: Option<Box<Tops>>,
    /// The second (tick mode) or minute (minute mode) since 1970 of the last row, or of the first trade.
    turn: Option<i64>,
}

const NANOS: i64 = 1_000_000_000;
/// A million KRW in price × quantity at 1e-16.
const MILLION: i128 = 1_000_000 * 10_i128.pow(16);

/// Seconds that the clock of a venue's texts is ahead of UTC.
fn clock_ahead(venue: Venue) -> i64 {
    match venue {
        Venue::Kiwoom => 9 * 3_600,
        Venue::Upbit | Venue::BinanceSpot | Venue::BinanceUsdM => 0,
    }
}

/// Levels of one side that a venue's feed of the reference shows, and that total depth is counted over.
fn levels_shown(venue: Venue) -> usize {
    match venue {
        Venue::Kiwoom | Venue::BinanceSpot | Venue::BinanceUsdM => 10,
        Venue::Upbit => 30,
    }
}

impl RowMaker {
    /// Counts a trade made at `at`, after [`RowMaker::is_due`] was asked.
    pub fn on_trade(&mut self, at: Nanos, trade: &Trade, instrument: &Instrument, mode: Mode) {
        let day = (at.get().div_euclid(NANOS) + clock_ahead(instrument.venue)).div_euclid(86_400);
        // A late trade of the day before counts into the day under way.
        if self.last.is_none() || day > self.day {
            self.close_before = self.last.unwrap_or(trade.price);
            self.day = day;
            (self.open, self.high, self.low) = (trade.price, trade.price, trade.price);
            self.today = Volume::default();
            self.interruption = Interruption::default();
            if let Some(tops) = &mut self.tops {
                **tops = Tops::default();
            }
            self.turnover_before = 0;
        }
        self.interruption.on_trade(trade.price);
        self.high = self.high.max(trade.price);
        self.low = self.low.min(trade.price);
        self.today.add(trade);
        self.since.add(trade);
        if let Some(tops) = &mut self.tops {
            tops.add(trade);
        }
        let [open, high, low] = self.minute.unwrap_or([trade.price; 3]);
        self.minute = Some([open, high.max(trade.price), low.min(trade.price)]);
        self.last = Some(trade.price);
        if mode == Mode::Minute && self.turn.is_none() {
            self.turn = Some(at.get().div_euclid(60 * NANOS));
        }
    }

    /// Whether a row is due at `at`: in tick mode when the book changed (`book`) in a newer second than the last row's, in minute
    /// mode when any event is of a newer minute. Never before the first trade.
    pub fn is_due(&self, at: Nanos, mode: Mode, book: bool) -> bool {
        let second = at.get().div_euclid(NANOS);
        match mode {
            Mode::Tick => book && self.last.is_some() && self.turn.is_none_or(|turn| second > turn),
            Mode::Minute => self.turn.is_some_and(|turn| second.div_euclid(60) > turn),
        }
    }

    /// Whether `at` is of a later day than the rows so far.
    pub fn is_new_day(&self, at: Nanos, instrument: &Instrument) -> bool {
        let day = (at.get().div_euclid(NANOS) + clock_ahead(instrument.venue)).div_euclid(86_400);
        self.last.is_some() && day > self.day
    }

    /// The row that is due at `at`, and the second since 1970 it is stamped with. The sums since the last row begin anew.
    pub fn row(&mut self, at: Nanos, mode: Mode, scene: &Scene<'_>) -> Option<(i64, Row)> {
        let last = self.last?;
        let second = at.get().div_euclid(NANOS);
        let stamp = match mode {
            Mode::Tick => second,
            Mode::Minute => self.turn? * 60,
        };
        self.turn = Some(if mode == Mode::Tick { second } else { second.div_euclid(60) });
        let mut row = [0.0; COLUMN_COUNT];
        self.fill_prices(&mut row, last, mode, scene.facts.base().unwrap_or(self.close_before));
        let is_stock = scene.instrument.kind == InstrumentKind::Stock;
        self.fill_volumes(&mut row, is_stock);
        if is_stock {
            self.interruption.fill(&mut row, scene.facts.open().unwrap_or(self.open), &scene.instrument.ticks);
            let (volume, value) = (self.today.qty[0].saturating_add(self.today.qty[1]), self.today.value() as f64 / 1e16);
            facts::fill(&mut row, &scene.facts, last, volume, value);
            row[at::ROUND_FIGURE] = f64::from(u8::from(is_round_figure(row[at::PRICE])));
        }
        fill_book(&mut row, scene);
        row[at::WATCHED] = f64::from(u8::from(scene.watched));
        self.since = Volume::default();
        self.minute = None;
        Some((stamp, row))
    }

    /// A volatility interruption began or ended at `at`.
    pub fn on_interruption(&mut self, at: Nanos, active: bool) {
        self.interruption.on_interruption(at, active);
    }

    /// Counts what is traded by price from here on, or no more.
    pub fn keep_tops(&mut self, keep: bool) {
        if keep != self.tops.is_some() {
            self.tops = keep.then(Box::default);
        }
    }

    /// The price of the last trade; `None` before the first.
    pub fn last(&self) -> Option<Price> {
        self.last
    }

    /// Turnover of the day so far, to rank by.
    pub fn turnover(&self) -> i128 {
        self.today.value()
    }

    fn fill_prices(&self, row: &mut Row, last: Price, mode: Mode, base: Price) {
        row[at::PRICE] = last.to_f64();
        row[at::OPEN] = self.open.to_f64();
        row[at::HIGH] = self.high.to_f64();
        row[at::LOW] = self.low.to_f64();
        row[at::CHANGE] = percent(last.to_f64(), base.to_f64());
        row[at::MIDDLE_CHANGE] = percent(last.to_f64(), (self.high.to_f64() + self.low.to_f64()) / 2.0);
        row[at::RANGE] = percent(self.high.to_f64(), self.low.to_f64());
        if mode == Mode::Minute {
            let [open, high, low] = self.minute.unwrap_or([last; 3]);
            row[at::MINUTE_OPEN] = open.to_f64();
            row[at::MINUTE_HIGH] = high.to_f64();
            row[at::MINUTE_LOW] = low.to_f64();
        }
    }

    fn fill_volumes(&mut self, row: &mut Row, stock: bool) {
        let (buy, sell) = (Side::Buy as usize, Side::Sell as usize);
        row[at::STRENGTH] = match self.today.qty {
            [_, sold] if sold <= 0 => 500.0,
            [bought, sold] => (bought as f64 / sold as f64 * 100.0).clamp(0.0, 500.0),
        };
        row[at::BOUGHT] = self.since.qty[buy] as f64 / 1e8;
        row[at::SOLD] = self.since.qty[sell] as f64 / 1e8;
        for (place, value) in [
            (at::BOUGHT_VALUE, self.since.value[buy]),
            (at::SOLD_VALUE, self.since.value[sell]),
            (at::DAY_BOUGHT_VALUE, self.today.value[buy]),
            (at::DAY_SOLD_VALUE, self.today.value[sell]),
        ] {
            row[place] = if stock { (value / MILLION) as f64 } else { value as f64 / 1e16 };
        }
        for (side, value_at, price_at) in
            [(Side::Buy, at::TOP_BOUGHT, at::TOP_BOUGHT_PRICE), (Side::Sell, at::TOP_SOLD, at::TOP_SOLD_PRICE)]
        {
            let (value, price) = self.tops.as_ref().map_or((0, Price::ZERO), |tops| tops.largest(side));
            row[value_at] = if stock { (value / MILLION) as f64 } else { value as f64 / 1e16 };
            row[price_at] = price.to_f64();
        }
        if stock {
            let turnover = self.today.value() / MILLION;
            row[at::DAY_TURNOVER] = turnover as f64;
            row[at::TURNOVER] = (turnover - self.turnover_before) as f64;
            self.turnover_before = turnover;
        } else {
            row[at::DAY_TURNOVER] = self.today.value() as f64 / 1e16;
            row[at::TURNOVER] = self.since.value() as f64 / 1e16;
        }
    }
}

/// `value` against `base`, percent; 0 without a base.
fn percent(value: f64, base: f64) -> f64 {
    if base == 0.0 { 0.0 } else { (value / base - 1.0) * 100.0 }
}

fn fill_book(row: &mut Row, scene: &Scene<'_>) {
    let shown = levels_shown(scene.instrument.venue);
    for side in [Side::Buy, Side::Sell] {
        let best = scene.quote.map(|quote| match side {
            Side::Buy => (quote.bid, quote.bid_qty),
            Side::Sell => (quote.ask, quote.ask_qty),
        });
        let (price, size, total) = match side {
            Side::Buy => (at::BID, at::BID_SIZE, at::BID_TOTAL),
            Side::Sell => (at::ASK, at::ASK_SIZE, at::ASK_TOTAL),
        };
        // A venue that sends no book still says its best.
        let levels = scene.book.into_iter().flat_map(|book| book.levels(side));
        let levels = levels.chain(best.filter(|_| scene.book.is_none()));
        for (index, (at, qty)) in levels.take(shown).enumerate() {
            row[total] += qty.to_f64();
            if index < 5 {
                let place = |best: usize| if side == Side::Buy { best + index } else { best - index };
                (row[place(price)], row[place(size)]) = (at.to_f64(), qty.to_f64());
                row[at::SIZES] += qty.to_f64();
            }
        }
    }
}

/// The time of day of a row as its venue's texts count it: HHMMSS.
pub fn clock(second: i64, venue: Venue) -> f64 {
    let of_day = (second + clock_ahead(venue)).rem_euclid(86_400);
    (of_day / 3_600 * 10_000 + of_day / 60 % 60 * 100 + of_day % 60) as f64
}

/// The date of a row as its venue's texts count it: YYYYMMDD. Days of the Gregorian calendar by Howard Hinnant's `civil_from_days`.
pub fn date(second: i64, venue: Venue) -> f64 {
    let days = (second + clock_ahead(venue)).div_euclid(86_400) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year * 10_000 + month * 100 + day) as f64
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
