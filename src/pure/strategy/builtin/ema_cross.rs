//! Trades when a fast exponential average of prices crosses a slow one: [`EmaCross`].

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use jangbu_journal::{DecodeError, Decoder, Encoder};

use super::Parameter;
use crate::market::{Bar, Instrument, InstrumentId, Money, Price, Qty, RowSpan, Side, Trade};
use crate::strategy::parameters::Values;
use crate::strategy::size::{Size, tradable};
use crate::strategy::{Signals, Strategy, View};

/// What can be set.
pub(super) const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "fast",
        expected: "a whole number of prices from 1 to 1000000",
        default: "12",
        korean: "빠른 평균의 길이 (가격 수)",
        english: "length of the fast average, in prices",
    },
    Parameter {
        name: "slow",
        expected: "a whole number of prices from 1 to 1000000",
        default: "26",
        korean: "느린 평균의 길이 (가격 수)",
        english: "length of the slow average, in prices",
    },
    Parameter {
        name: "on",
        expected: "\"trade\", \"second\" or \"minute\"",
        default: "second",
        korean: "가격을 뽑는 단위: 체결마다, 1초 봉 종가, 1분 봉 종가",
        english: "what gives a price: every trade, or the close of every second or minute",
    },
    Parameter {
        name: "notional",
        expected: "an amount above 0 in the quote currency, like 1000",
        default: "1000",
        korean: "한 번에 잡는 금액 (결제 통화)",
        english: "value of the position taken, quote currency",
    },
    Parameter {
        name: "qty",
        expected: "a quantity above 0, like 0.01",
        default: "",
        korean: "한 번에 잡는 수량 (notional 대신)",
        english: "size of the position taken, instead of notional",
    },
    Parameter {
        name: "short",
        expected: "\"true\" or \"false\"",
        default: "false",
        korean: "무기한 선물에서 아래로 지나면 공매도",
        english: "whether a perpetual is sold short when the averages cross below",
    },
];

/// The longest average: beyond it, a price moves the average by less than can be told from noise.
const LENGTH_MAX: u32 = 1_000_000;

/// Where the averages stand to each other, or which way they crossed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
enum Way {
    #[default]
    Level = 0,
    Above = 1,
    Below = 2,
}

impl Way {
    fn read(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        match input.u8()? {
            0 => Ok(Way::Level),
            1 => Ok(Way::Above),
            2 => Ok(Way::Below),
            value => Err(DecodeError::Impossible { what: "a way of averages", value: value.into() }),
        }
    }
}

/// What is remembered of one instrument.
#[derive(Clone, Copy, Debug, Default)]
struct Averages {
    /// Of raw prices: where two averages cross does not depend on their unit.
    fast: f64,
    slow: f64,
    /// Prices seen; stops at its maximum.
    samples: u32,
    /// Where the fast one stood last.
    way: Way,
    /// A cross that is still to be acted on: an order is in flight.
    due: Way,
}

/// Buys when the fast exponential average of prices crosses above the slow one and sells when it crosses below.
///
/// The averages begin at the first price, and the first `slow` prices give no signal. Above: a position that is not long is made
/// long by the set size. Below: what is held is sold; with `short`, a perpetual is made short by the set size. One order is in
/// flight at most: a cross that comes meanwhile waits, and the next cross replaces it. Sizes are cut to the lot; what is below the
/// instrument's smallest order is not traded.
#[derive(Debug)]
pub struct EmaCross {
    fast: f64,
    slow: f64,
    warm: u32,
    /// `None`: every trade gives a price.
    on: Option<RowSpan>,
    size: Size,
    short: bool,
    averages: Vec<Averages>,
}

/// Makes it from its parameters.
pub(super) fn make(values: &Values<'_>) -> Result<Box<dyn Strategy>, String> {
    let length = |text: &str| text.parse::<u32>().ok().filter(|length| (1..=LENGTH_MAX).contains(length));
    let (fast, slow) = (values.get("fast", length)?, values.get("slow", length)?);
    if fast >= slow {
        return Err(format!("`fast` of ema-cross is {fast} and `slow` is {slow}, expected a fast below the slow"));
    }
    let on = values.get("on", |text| match text {
        "trade" => Some(None),
        "second" => Some(Some(RowSpan::Second)),
        "minute" => Some(Some(RowSpan::Minute)),
        _ => None,
    })?;
    let size = match (values.is_given("qty"), values.is_given("notional")) {
        (true, true) => return Err("ema-cross has both `qty` and `notional`, expected one of them".into()),
        (true, false) => Size::Qty(values.get("qty", |text| text.parse().ok().filter(|qty: &Qty| qty.is_positive()))?),
        (false, _) => {
            Size::Notional(values.get("notional", |text| text.parse().ok().filter(|money: &Money| money.is_positive()))?)
        }
    };
    let short = values.get("short", |text| text.parse().ok())?;
    // The usual weight of the newest price: an average of n prices is on average (n - 1) / 2 prices old.
    let weight = |length: u32| 2.0 / (f64::from(length) + 1.0);
    Ok(Box::new(EmaCross { fast: weight(fast), slow: weight(slow), warm: slow, on, size, short, averages: Vec::new() }))
}

impl EmaCross {
    #[inline]
    fn on_price(&mut self, view: &View<'_>, id: InstrumentId, price: Price, out: &mut Signals) {
        let Some(averages) = self.averages.get_mut(id.index()) else {
            return self.on_first(view, id, price);
        };
        let value = price.raw() as f64;
        if averages.samples == 0 {
            (averages.fast, averages.slow) = (value, value);
        }
        averages.fast += self.fast * (value - averages.fast);
        averages.slow += self.slow * (value - averages.slow);
        averages.samples = averages.samples.saturating_add(1);
        let way = if averages.fast > averages.slow {
            Way::Above
        } else if averages.fast < averages.slow {
            Way::Below
        } else {
            averages.way
        };
        if way != averages.way {
            averages.way = way;
            if averages.samples > self.warm {
                averages.due = way;
            }
        }
        if averages.due != Way::Level {
            self.act(view, id, price, out);
        }
    }

    /// The first price of an instrument with a higher number than any before.
    #[cold]
    fn on_first(&mut self, view: &View<'_>, id: InstrumentId, price: Price) {
        // Ids are dense, but only those that were defined: a wild one must not decide how much is allocated.
        if view.instrument(id).is_none() {
            return;
        }
        self.averages.resize_with(id.index() + 1, Averages::default);
        let value = price.raw() as f64;
        self.averages[id.index()] = Averages { fast: value, slow: value, samples: 1, ..Averages::default() };
    }

    /// A cross waits to be acted on.
    #[cold]
    fn act(&mut self, view: &View<'_>, id: InstrumentId, price: Price, out: &mut Signals) {
        if view.auto_trade() && !view.is_idle(id) {
            return;
        }
        let averages = &mut self.averages[id.index()];
        let way = core::mem::take(&mut averages.due);
        // A cross that nobody may trade is over: once trading is let through, only a new one counts.
        if !view.auto_trade() {
            return;
        }
        let (Some(instrument), position) = (view.instrument(id), view.position(id)) else { return };
        let order = match way {
            Way::Above if !position.is_positive() => self.order(instrument, Side::Buy, price, position.abs(), true),
            Way::Below => {
                let enter = self.short && instrument.kind.can_short() && !position.is_negative();
                let held = if position.is_positive() { position } else { Qty::ZERO };
                self.order(instrument, Side::Sell, price, held, enter)
            }
            Way::Above | Way::Level => None,
        };
        if let Some((side, qty, reduce_only)) = order {
            out.market(id, side, qty, reduce_only);
        }
    }

    /// An order that closes `held` and, with `enter`, takes the set size on the other side. `None` when it is too small.
    fn order(&self, instrument: &Instrument, side: Side, price: Price, held: Qty, enter: bool) -> Option<(Side, Qty, bool)> {
        let qty = if enter { self.size.at(price)?.checked_add(held)? } else { held };
        let qty = tradable(instrument, price, qty)?;
        Some((side, qty, !enter && instrument.kind.can_short()))
    }
}

impl Strategy for EmaCross {
    #[inline]
    fn on_trade(&mut self, view: &View<'_>, trade: &Trade, out: &mut Signals) {
        if self.on.is_none() {
            self.on_price(view, trade.instrument, trade.price, out);
        }
    }

    fn on_row(&mut self, view: &View<'_>, row: &Bar, out: &mut Signals) {
        if self.on.is_some_and(|span| span.nanos() == row.span) {
            self.on_price(view, row.instrument, row.close, out);
        }
    }

    fn save(&self, out: &mut Encoder<'_>) {
        out.u64(self.averages.len() as u64);
        for averages in &self.averages {
            out.u64(averages.fast.to_bits());
            out.u64(averages.slow.to_bits());
            out.u64(averages.samples.into());
            out.u8(averages.way as u8);
            out.u8(averages.due as u8);
        }
    }

    fn load(&mut self, input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        let count = input.u64()?;
        // One takes five bytes or more, so that a false count ends here and not in an allocation.
        if count > input.remaining() as u64 / 5 {
            return Err(DecodeError::Truncated { expected: "averages" });
        }
        self.averages.clear();
        self.averages.reserve_exact(count as usize);
        for _ in 0..count {
            let (fast, slow) = (f64::from_bits(input.u64()?), f64::from_bits(input.u64()?));
            let samples = u32::try_from(input.u64()?).map_err(|_| DecodeError::OutOfRange { what: "samples" })?;
            let (way, due) = (Way::read(input)?, Way::read(input)?);
            self.averages.push(Averages { fast, slow, samples, way, due });
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "ema_cross_tests.rs"]
mod tests;
