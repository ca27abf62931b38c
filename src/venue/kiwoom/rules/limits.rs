//! Limits of a day's price (가격제한폭): [`limits`], and those of a first day, [`first_day_limits`].

use crate::market::{Price, Rounding, TickTable};
use crate::venue::kiwoom::time::Date;

/// The lowest and the highest price of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Lower limit (하한가).
    pub lower: Price,
    /// Upper limit (상한가).
    pub upper: Price,
}

impl Limits {
    /// Whether an order may have this price.
    pub fn contain(&self, price: Price) -> bool {
        self.lower <= price && price <= self.upper
    }
}

/// Percent of the reference: 30 since 2015-06-15, 15 before, at KRX; NXT takes KRX's reference and width. KONEX has 15. Source: fact
/// sheet 5.2; the earlier width and KONEX's are general knowledge.
const WIDENED: Date = Date::of(2015, 6, 15);

/// The limits around a reference (기준가). The width is cut to the reference's tick, the upper limit is cut and the lower one raised to
/// its own tick; checked against the broker's sample: 135,300 has 94,800 to 175,800. `None` when there is no such reference.
pub fn limits(board: super::Board, ticks: &TickTable, reference: Price, date: Date) -> Option<Limits> {
    let percent = if date < WIDENED || board == super::Board::Konex { 15 } else { 30 };
    if !reference.is_positive() {
        return None;
    }
    let width = Price::from_raw(i64::try_from(i128::from(reference.raw()) * percent / 100).ok()?);
    // The tick is that of the reference, not that of the width.
    let tick = ticks.tick_at(reference).raw();
    let width = Price::from_raw(width.raw() - width.raw().checked_rem(tick)?);
    let upper = ticks.align(reference.checked_add(width)?, Rounding::Floor)?;
    let lower = ticks.align(reference.checked_sub(width)?, Rounding::Ceiling)?;
    Some(Limits { lower, upper })
}

/// The limits of the first day of a stock: 60 % to 400 % of the offer price since 2023-06-26. Source: fact sheet 5.2, general knowledge.
/// `None` when there is no such price.
pub fn first_day_limits(ticks: &TickTable, offer: Price) -> Option<Limits> {
    if !offer.is_positive() {
        return None;
    }
    let part = |percent: i128| i64::try_from(i128::from(offer.raw()) * percent / 100).ok().map(Price::from_raw);
    let lower = ticks.align(part(60)?, Rounding::Ceiling)?;
    Some(Limits { lower, upper: ticks.align(part(400)?, Rounding::Floor)? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::krw;
    use super::super::{Board, ticks::ticks};
    use super::*;

    const DAY: Date = Date::of(2026, 11, 20);

    #[test]
    fn limits_of_the_samples() {
        let table = ticks(Board::Kospi, DAY);
        let around = |reference: i64| limits(Board::Kospi, &table, krw(reference), DAY);
        assert_eq!(around(135_300), Some(Limits { lower: krw(94_800), upper: krw(175_800) }));
        assert_eq!(around(74_900), Some(Limits { lower: krw(52_500), upper: krw(97_300) }));
        // Through a change of the tick: 1,990 ± 597, and 2,587 lies between ticks of 5.
        assert_eq!(around(1_990), Some(Limits { lower: krw(1_393), upper: krw(2_585) }));
        assert_eq!(around(0), None);
        assert_eq!(limits(Board::Kospi, &table, Price::MAX, DAY), None);
        let konex = limits(Board::Konex, &table, krw(10_000), DAY).expect("it fits");
        assert_eq!(
            (konex.lower, konex.upper, konex.contain(krw(11_500)), konex.contain(krw(11_510))),
            (krw(8_500), krw(11_500), true, false)
        );
        assert_eq!(limits(Board::Kospi, &table, krw(10_000), WIDENED.previous()), Some(konex));
    }

    #[test]
    fn a_first_day_is_wide() {
        let table = ticks(Board::Kosdaq, DAY);
        assert_eq!(first_day_limits(&table, krw(13_000)), Some(Limits { lower: krw(7_800), upper: krw(52_000) }));
        assert_eq!(first_day_limits(&table, Price::ZERO), None);
    }

    proptest! {
        #[test]
        fn limits_lie_on_ticks_and_never_beyond_the_width(reference in 1_i64..3_000_000) {
            let table = ticks(Board::Kospi, DAY);
            let reference = table.align(krw(reference), Rounding::Floor).expect("it fits");
            prop_assume!(reference.is_positive());
            let found = limits(Board::Kospi, &table, reference, DAY).expect("it fits");
            prop_assert!(table.is_aligned(found.lower) && table.is_aligned(found.upper));
            prop_assert!(found.lower <= reference && reference <= found.upper);
            let width = reference.raw() / 100 * 30;
            prop_assert!(found.upper.raw() - reference.raw() <= width && reference.raw() - found.lower.raw() <= width);
        }
    }
}
