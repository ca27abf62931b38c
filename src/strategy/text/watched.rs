//! What a text strategy knows of one instrument: [`Watched`].

use alloc::vec::Vec;

use jangbu_journal::{DecodeError, Decoder, Encoder};

use super::columns::{COLUMN_COUNT, Mode, Row};
use super::history::History;
use super::names::slot;
use super::pair::Pair;
use super::rows::{RowMaker, clock};
use crate::account::portfolio::fee_and_tax;
use crate::account::position::notional;
use crate::account::update::Liquidity;
use crate::market::{Instrument, Price, Qty, Side};

/// A position since it was taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Held {
    /// The second since 1970 it was taken at.
    pub(super) since: i64,
    /// Orders that bought, and that sold.
    pub(super) buys: u32,
    pub(super) sells: u32,
    /// The highest and lowest return so far, percent.
    pub(super) high: f64,
    pub(super) low: f64,
    /// Values at the row of the buy.
    pub(super) pins: Vec<f64>,
}

/// One instrument.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Watched {
    pub(super) maker: RowMaker,
    pub(super) history: History,
    /// By condition: the number of the row at which it last held; 0 is never.
    pub(super) last_true: Vec<u64>,
    /// In the turnover ranking.
    pub(super) ranked: bool,
    pub(super) held: Option<Held>,
    /// Values at the row of the newest buy signal.
    pub(super) pins: Vec<f64>,
}

/// A position at a row, in numbers for a text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Outcome {
    pub(super) profit: f64,
    pub(super) percent: f64,
}

/// Profit if `qty` bought at `entry` were sold at `price`, less the fees of both ways and the tax: in whole KRW, or to 4 decimals
/// of another currency; and that against what was paid, percent, 2 decimals.
pub(super) fn result(instrument: &Instrument, entry: Price, price: Price, qty: Qty) -> Option<Outcome> {
    let (cost, value) = (notional(entry, qty)?, notional(price, qty)?);
    let (bought, _) = fee_and_tax(instrument, Side::Buy, cost, Liquidity::Taker).ok()?;
    let (sold, tax) = fee_and_tax(instrument, Side::Sell, value, Liquidity::Taker).ok()?;
    let profit = value.checked_sub(cost)?.checked_sub(bought)?.checked_sub(sold)?.checked_sub(tax)?.to_f64();
    let digits = if instrument.quote.as_str() == "KRW" { 0 } else { 4 };
    let profit = super::arithmetic::round(profit, digits);
    let cost = cost.to_f64();
    let percent = if cost > 0.0 { super::arithmetic::round(profit / cost * 100.0, 2) } else { 0.0 };
    Some(Outcome { profit, percent })
}

impl Watched {
    /// Puts a row and the names that go with it into the slots, and notes it in the history.
    pub(super) fn enter(
        &mut self,
        (second, row): (i64, &Row),
        instrument: &Instrument,
        average: u32,
        pair: &Pair,
        slots: &mut [f64],
    ) {
        self.history.push(row, &pair.plan.kept);
        slots[..COLUMN_COUNT].copy_from_slice(row);
        let clock = clock(second, instrument.venue);
        let price = self.maker.last().unwrap_or(Price::ZERO);
        slots[const { slot("호가단위") }] = instrument.ticks.tick_at(price).to_f64();
        slots[const { slot("시분초") }] = clock;
        slots[const { slot("시분") }] = libm::trunc(clock / 100.0);
        slots[const { slot("데이터길이") }] = self.history.count() as f64;
        slots[const { slot("평균값계산틱수") }] = f64::from(average);
        slots[const { slot("종목코드") }] = pair.plan.number_of(&instrument.symbol);
        slots[const { slot("종목명") }] =
            pair.plan.number_of(if instrument.name.is_empty() { &instrument.symbol } else { &instrument.name });
    }

    /// Puts the position into the slots.
    pub(super) fn enter_position(
        &mut self,
        second: i64,
        mode: Mode,
        (instrument, entry, qty): (&Instrument, Price, Qty),
        slots: &mut [f64],
    ) {
        let price = self.maker.last().unwrap_or(entry);
        let now = result(instrument, entry, price, qty).unwrap_or_default();
        let pins = &self.pins;
        let held = self.held.get_or_insert_with(|| Held { since: second, buys: 1, pins: pins.clone(), ..Held::default() });
        held.high = held.high.max(now.percent);
        held.low = held.low.min(now.percent);
        let unit = if mode == Mode::Tick { 1 } else { 60 };
        slots[const { slot("수익금") }] = now.profit;
        slots[const { slot("수익률") }] = now.percent;
        slots[const { slot("매입가") }] = entry.to_f64();
        slots[const { slot("매수가") }] = entry.to_f64();
        slots[const { slot("보유수량") }] = qty.to_f64();
        slots[const { slot("보유시간") }] = ((second - held.since) / unit).max(0) as f64;
        slots[const { slot("분할매수횟수") }] = f64::from(held.buys);
        slots[const { slot("분할매도횟수") }] = f64::from(held.sells);
        slots[const { slot("최고수익률") }] = held.high;
        slots[const { slot("최저수익률") }] = held.low;
    }

    pub(super) fn save(&self, out: &mut Encoder<'_>) {
        out.value(&self.maker);
        self.history.save(out);
        numbers(&self.last_true, out, |value, out| out.u64(*value));
        numbers(&self.pins, out, |value, out| out.u64(value.to_bits()));
        out.u8(u8::from(self.ranked) | u8::from(self.held.is_some()) << 1);
        if let Some(held) = &self.held {
            out.i64(held.since);
            out.u64(held.buys.into());
            out.u64(held.sells.into());
            out.u64(held.high.to_bits());
            out.u64(held.low.to_bits());
            numbers(&held.pins, out, |value, out| out.u64(value.to_bits()));
        }
    }

    pub(super) fn load(input: &mut Decoder<'_>, pair: &Pair) -> Result<Self, DecodeError> {
        let maker = input.value("the maker of rows")?;
        let history = History::load(input, &pair.plan.kept)?;
        let last_true = read_numbers(input, |input| input.u64())?;
        let pins = read_numbers(input, finite)?;
        let flags = input.u8()?;
        let mut held = None;
        if flags > 3 {
            return Err(DecodeError::Impossible { what: "the flags of an instrument", value: flags.into() });
        }
        if flags & 2 != 0 {
            let count = |value: u64| u32::try_from(value).map_err(|_| DecodeError::OutOfRange { what: "a number of orders" });
            let since = input.i64()?;
            let (buys, sells) = (count(input.u64()?)?, count(input.u64()?)?);
            let (high, low) = (finite(input)?, finite(input)?);
            held = Some(Held { since, buys, sells, high, low, pins: read_numbers(input, finite)? });
        }
        Ok(Watched { maker, history, last_true, ranked: flags & 1 != 0, held, pins })
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
