//! Volatility interruptions (변동성완화장치, VI): at which prices they begin, [`static_prices`] and [`dynamic_prices`], and how long they last.
//!
//! A trade that would print at such a price or beyond does not happen; an auction of two minutes and up to thirty seconds does instead.

use crate::market::{Price, Rounding, TickTable};

/// An interruption lasts this long, and then up to [`RANDOM_S_MAX`] more.
pub const DURATION_S: u32 = 120;
/// The end is random within so many seconds.
pub const RANDOM_S_MAX: u32 = 30;

/// The prices at which an interruption begins: at or above `up`, at or below `down`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriggerPrices {
    /// Above the reference.
    pub up: Price,
    /// Below it.
    pub down: Price,
}

impl TriggerPrices {
    /// Whether a trade at this price would begin one.
    pub fn are_reached(&self, price: Price) -> bool {
        price >= self.up || price <= self.down
    }
}

/// Parts of the day with dynamic rates of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynamicTime {
    /// Continuous trading.
    Continuous,
    /// The closing auction.
    ClosingAuction,
    /// The auctions after hours.
    AfterHours,
}

/// Groups of stocks with dynamic rates of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynamicGroup {
    /// Members of KOSPI 200.
    Kospi200,
    /// All other shares of KOSPI, and KOSDAQ.
    Others,
}

/// Percent of the static interruption. Source: fact sheet 5.5.
const STATIC_PERCENT: i128 = 10;

/// Percent of the dynamic one. Source: fact sheet 5.5 (the closing auction's rates are general knowledge).
const fn dynamic_percent(group: DynamicGroup, time: DynamicTime) -> i128 {
    match (group, time) {
        (DynamicGroup::Kospi200, DynamicTime::ClosingAuction) => 2,
        (DynamicGroup::Kospi200, DynamicTime::Continuous | DynamicTime::AfterHours) => 3,
        (DynamicGroup::Others, DynamicTime::ClosingAuction) => 4,
        (DynamicGroup::Others, DynamicTime::Continuous | DynamicTime::AfterHours) => 6,
    }
}

/// The static ones around the last price of an auction: the reference of the day before the open, then the opening price, then what the
/// auction of each interruption gave. `None` when there is no such price.
///
/// The tick is that of the price that comes out. Exact on 13 of 13 published events (fact sheet 5.5).
pub fn static_prices(ticks: &TickTable, reference: Price) -> Option<TriggerPrices> {
    around(ticks, reference, STATIC_PERCENT)
}

/// The dynamic ones around the last trade. `None` when there is no such price.
pub fn dynamic_prices(ticks: &TickTable, last: Price, group: DynamicGroup, time: DynamicTime) -> Option<TriggerPrices> {
    around(ticks, last, dynamic_percent(group, time))
}

fn around(ticks: &TickTable, reference: Price, percent: i128) -> Option<TriggerPrices> {
    if !reference.is_positive() {
        return None;
    }
    let part = |percent: i128, rounding| {
        let raw = crate::market::number::divide(i128::from(reference.raw()).checked_mul(percent)?, 100, rounding)?;
        ticks.align(Price::from_raw(i64::try_from(raw).ok()?), rounding)
    };
    Some(TriggerPrices { up: part(100 + percent, Rounding::Ceiling)?, down: part(100 - percent, Rounding::Floor)? })
}

#[cfg(test)]
mod tests {
    use super::super::testing::krw;
    use super::super::{Board, ticks::ticks};
    use super::*;
    use crate::venue::kiwoom::time::Date;

    /// Reference, and the price at which the interruption began.
    const PUBLISHED: &[(i64, i64)] = &[
        (17_620, 19_390),
        (2_320, 2_555),
        (1_471, 1_619),
        (1_345, 1_480),
        (1_311, 1_179),
        (2_135, 2_350),
        (20_700, 22_800),
        (7_750, 6_970),
        (3_745, 3_370),
        (48_350, 43_500),
        (17_820, 19_610),
        (28_100, 30_950),
        (3_750, 4_125),
        (18_000, 16_200),
    ];

    #[test]
    fn published_events_began_where_the_formula_says() {
        for &(reference, price) in PUBLISHED {
            let table = ticks(Board::Kosdaq, Date::of(2026, 9, 9));
            let found = static_prices(&table, krw(reference)).expect("it fits");
            let expected = if price > reference { found.up } else { found.down };
            assert_eq!(expected, krw(price), "{reference}");
            assert!(found.are_reached(krw(price)) && !found.are_reached(krw(reference)), "{reference}");
        }
    }

    #[test]
    fn dynamic_rates_depend_on_the_group_and_the_time() {
        let table = ticks(Board::Kosdaq, Date::of(2026, 9, 9));
        let at = |last: i64, group, time| dynamic_prices(&table, krw(last), group, time).map(|prices| (prices.down, prices.up));
        let (others, members) = (DynamicGroup::Others, DynamicGroup::Kospi200);
        assert_eq!(at(2_875, others, DynamicTime::Continuous), Some((krw(2_700), krw(3_050))));
        assert_eq!(at(75_000, members, DynamicTime::Continuous), Some((krw(72_700), krw(77_300))));
        assert_eq!(at(75_000, members, DynamicTime::ClosingAuction), Some((krw(73_500), krw(76_500))));
        assert_eq!(at(10_000, others, DynamicTime::ClosingAuction), Some((krw(9_600), krw(10_400))));
        assert_eq!(at(10_000, others, DynamicTime::AfterHours), Some((krw(9_400), krw(10_600))));
        assert_eq!(at(0, others, DynamicTime::Continuous), None);
        assert_eq!(dynamic_prices(&table, Price::MAX, others, DynamicTime::Continuous), None);
    }
}
