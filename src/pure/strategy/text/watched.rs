//! What a text strategy knows of one instrument: [`Watched`].

use alloc::vec::Vec;

use jangbu_journal::{DecodeError, Decoder, Encoder};

use super::columns::{COLUMN_COUNT, Mode, Row, at};
use super::frame::{Frame, Market};
use super::functions::{ANGLE_OF_CHANGE, ANGLE_OF_TURNOVER};
use super::history::History;
use super::indicators::Studied;
use super::names::slot;
use super::pair::Pair;
use super::program::Plan;
use super::rows::{RowMaker, clock, date};
use super::windows::angle;
use crate::market::{Instrument, Price};
use crate::strategy::rules::profit::{Percent, outcome};
use crate::strategy::rules::{Holding, ScaleBy};

/// Rows that sizes are scaled by, as the reference has it.
pub(super) const MEASURED_ROWS: u32 = 30;

/// The column that rows are kept of to scale sizes.
pub(super) fn measured_column(by: Option<ScaleBy>) -> Option<usize> {
    match by? {
        ScaleBy::Range => None,
        ScaleBy::ChangeAngle => Some(at::CHANGE),
        ScaleBy::TurnoverAngle => Some(at::DAY_TURNOVER),
    }
}

/// A position since it was taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Held {
    /// The highest and lowest return so far, percent.
    pub(super) high: f64,
    pub(super) low: f64,
    /// Values at the row of the buy.
    pub(super) pins: Vec<f64>,
    /// The number of that row, from 0.
    pub(super) row: u64,
}

/// One instrument.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Watched {
    pub(super) maker: RowMaker,
    pub(super) history: History,
    pub(super) studied: Studied,
    /// By condition: the number of the row at which it last held; 0 is never.
    pub(super) last_true: Vec<u64>,
    /// A share, not a coin.
    pub(super) is_stock: bool,
    /// In the turnover ranking.
    pub(super) ranked: bool,
    pub(super) held: Option<Held>,
    /// Values at the row of the newest buy signal.
    pub(super) pins: Vec<f64>,
    /// The number of that row, from 0.
    pub(super) pinned_row: u64,
}

impl Watched {
    /// Puts a row and the names that go with it into the slots, and notes it in the history.
    pub(super) fn enter(
        &mut self,
        (second, row): (i64, &mut Row),
        instrument: &Instrument,
        average: u32,
        pair: &Pair,
        slots: &mut [f64],
    ) {
        self.studied.enter(row);
        self.history.push(row, &pair.plan.kept);
        slots[..COLUMN_COUNT].copy_from_slice(row);
        let clock = clock(second, instrument.venue);
        let price = self.maker.last().unwrap_or(Price::ZERO);
        slots[const { slot("호가단위") }] = instrument.ticks.tick_at(price).to_f64();
        slots[const { slot("시분초") }] = clock;
        slots[const { slot("체결시간") }] = date(second, instrument.venue) * 1e6 + clock;
        slots[const { slot("행시각") }] = second as f64;
        slots[const { slot("시분") }] = libm::trunc(clock / 100.0);
        slots[const { slot("데이터길이") }] = self.history.count() as f64;
        slots[const { slot("평균값계산틱수") }] = f64::from(average);
        slots[const { slot("종목코드") }] = pair.plan.number_of(&instrument.symbol);
        slots[const { slot("종목명") }] =
            pair.plan.number_of(if instrument.name.is_empty() { &instrument.symbol } else { &instrument.name });
    }

    /// Puts the position into the slots: its profit as the rules reckon it, the return to 2 decimals.
    pub(super) fn enter_position(
        &mut self,
        second: i64,
        (mode, plan): (Mode, &Plan),
        (instrument, holding, leverage): (&Instrument, &Holding, Option<u16>),
        slots: &mut [f64],
    ) {
        let price = self.maker.last().unwrap_or(holding.entry);
        let (profit, cost) = outcome(instrument, holding.entry, price, holding.qty)
            .map_or((0.0, 0.0), |found| (found.profit.to_f64(), found.cost.to_f64()));
        let percent = if cost > 0.0 { super::arithmetic::round(profit / cost * 100.0, 2) } else { 0.0 };
        let (pins, row) = (&self.pins, self.pinned_row);
        let held = self.held.get_or_insert_with(|| Held { pins: pins.clone(), row, ..Held::default() });
        held.high = held.high.max(percent);
        held.low = held.low.min(percent);
        let unit = if mode == Mode::Tick { 1 } else { 60 };
        let since = holding.since_venue.get().div_euclid(1_000_000_000);
        slots[const { slot("포지션") }] = plan.number_of(if holding.qty.is_negative() { "SHORT" } else { "LONG" });
        slots[const { slot("레버리지") }] = f64::from(leverage.unwrap_or(1));
        slots[const { slot("매수시간") }] = since as f64;
        slots[const { slot("매수틱번호") }] = held.row as f64;
        slots[const { slot("수익금") }] = profit;
        slots[const { slot("수익률") }] = percent;
        slots[const { slot("매입가") }] = holding.entry.to_f64();
        slots[const { slot("매수가") }] = holding.entry.to_f64();
        slots[const { slot("보유수량") }] = holding.qty.abs().to_f64();
        slots[const { slot("보유시간") }] = ((second - since) / unit).max(0) as f64;
        slots[const { slot("분할매수횟수") }] = f64::from(holding.buys);
        slots[const { slot("분할매도횟수") }] = f64::from(holding.sells);
        slots[const { slot("최고수익률") }] = held.high;
        slots[const { slot("최저수익률") }] = held.low;
    }

    /// What sizes are scaled by, when rows say it: degrees over the last rows.
    pub(super) fn measure(&self, by: ScaleBy, market: Market) -> Percent {
        let (column, factor) = match by {
            ScaleBy::Range => return Percent::ZERO,
            ScaleBy::ChangeAngle => (at::CHANGE, ANGLE_OF_CHANGE),
            ScaleBy::TurnoverAngle => (at::DAY_TURNOVER, ANGLE_OF_TURNOVER),
        };
        let degrees = angle(column, factor, MEASURED_ROWS, 0, &Frame::new(&mut [], &self.history, market));
        // Of two decimals and below 90.
        Percent::from_raw(libm::rint(degrees * 1e8) as i64)
    }

    pub(super) fn save(&self, out: &mut Encoder<'_>) {
        out.value(&self.maker);
        self.history.save(out);
        self.studied.save(out);
        numbers(&self.last_true, out, |value, out| out.u64(*value));
        numbers(&self.pins, out, |value, out| out.u64(value.to_bits()));
        out.u64(self.pinned_row);
        out.u8(u8::from(self.ranked) | u8::from(self.held.is_some()) << 1 | u8::from(self.is_stock) << 2);
        if let Some(held) = &self.held {
            out.u64(held.high.to_bits());
            out.u64(held.low.to_bits());
            out.u64(held.row);
            numbers(&held.pins, out, |value, out| out.u64(value.to_bits()));
        }
    }

    pub(super) fn load(input: &mut Decoder<'_>, pair: &Pair) -> Result<Self, DecodeError> {
        let maker = input.value("the maker of rows")?;
        let history = History::load(input, &pair.plan.kept)?;
        let studied = Studied::load(input, &pair.plan.indicators)?;
        let last_true = read_numbers(input, |input| input.u64())?;
        let pins = read_numbers(input, finite)?;
        let pinned_row = input.u64()?;
        let flags = input.u8()?;
        let mut held = None;
        if flags > 7 {
            return Err(DecodeError::Impossible { what: "the flags of an instrument", value: flags.into() });
        }
        if flags & 2 != 0 {
            let (high, low) = (finite(input)?, finite(input)?);
            let row = input.u64()?;
            held = Some(Held { high, low, row, pins: read_numbers(input, finite)? });
        }
        Ok(Watched {
            maker,
            history,
            studied,
            last_true,
            ranked: flags & 1 != 0,
            is_stock: flags & 4 != 0,
            held,
            pins,
            pinned_row,
        })
    }
}

fn numbers<T>(values: &[T], out: &mut Encoder<'_>, write: impl Fn(&T, &mut Encoder<'_>)) {
    out.u64(values.len() as u64);
    values.iter().for_each(|value| write(value, out));
}

fn read_numbers<T>(
    input: &mut Decoder<'_>,
    read: impl Fn(&mut Decoder<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let count = input.u64()?;
    // Each takes a byte or more, so that a false count ends here and not in an allocation.
    if count > input.remaining() as u64 {
        return Err(DecodeError::Truncated { expected: "numbers of an instrument" });
    }
    (0..count).map(|_| read(input)).collect()
}

fn finite(input: &mut Decoder<'_>) -> Result<f64, DecodeError> {
    let value = f64::from_bits(input.u64()?);
    if value.is_finite() { Ok(value) } else { Err(DecodeError::OutOfRange { what: "a number of an instrument" }) }
}
