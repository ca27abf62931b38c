//! What a venue says of a share's day, as texts see it: 거래대금증감, 전일비, 회전율, 전일동시간비, 시가총액. [`fill`].

use super::columns::{Row, at};
use crate::market::{Activity, InstrumentId, Price, Rate, Reference};
use crate::strategy::View;

/// 100 million KRW, the unit of 시가총액.
const HUNDRED_MILLION: f64 = 1e8;

/// What is known of a share when its row is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// Facts of its day.
    pub reference: Option<&'a Reference>,
    /// Its day against the one before, as its venue reckons it.
    pub activity: Option<&'a Activity>,
}

impl<'a> Facts<'a> {
    /// What a view knows of an instrument.
    pub fn of(view: &View<'a>, id: InstrumentId) -> Self {
        Facts { reference: view.reference(id), activity: view.activity(id) }
    }

    /// What 등락율 is counted from: the base of the day, which is the previous close unless rights came off it.
    pub(super) fn base(&self) -> Option<Price> {
        self.reference.and_then(|reference| reference.base.or(reference.previous_close)).filter(|base| base.is_positive())
    }

    /// The first price of the day, as its venue says it.
    pub(super) fn open(&self) -> Option<Price> {
        self.reference.and_then(|reference| reference.open).filter(|open| open.is_positive())
    }
}

/// Puts what is known into a row: the venue's own figures, else what follows from the facts of the day and what was traded since we
/// listen (`volume` at 1e-8, `value` in KRW). What neither says stays 0.
pub(super) fn fill(row: &mut Row, facts: &Facts<'_>, last: Price, volume: i128, value: f64) {
    let told = |figure: fn(&Activity) -> Option<Rate>| facts.activity.and_then(figure).map(|rate| rate.to_f64() * 100.0);
    let of = |whole: f64, part: f64| if whole > 0.0 { part / whole * 100.0 } else { 0.0 };
    let volume = volume as f64 / 1e8;
    let known = facts.reference;
    let before = known.and_then(|known| known.previous_volume).map_or(0.0, |qty| qty.to_f64());
    let listed = known.and_then(|known| known.listed).map_or(0.0, |qty| qty.to_f64());
    row[at::VOLUME_RATIO] = told(|activity| activity.volume_ratio).unwrap_or_else(|| of(before, volume));
    row[at::TURNOVER_RATE] = told(|activity| activity.turnover_rate).unwrap_or_else(|| of(listed, volume));
    row[at::SAME_TIME_RATIO] = told(|activity| activity.same_time_ratio).unwrap_or(0.0);
    let change = facts.activity.and_then(|activity| activity.turnover_change).map(|change| change.to_f64());
    let turnover = known.and_then(|known| known.previous_turnover);
    row[at::TURNOVER_CHANGE] = change.or_else(|| turnover.map(|before| value - before.to_f64())).unwrap_or(0.0);
    let worth = facts.activity.and_then(|activity| activity.capitalisation).or(known.and_then(|known| known.capitalisation));
    row[at::CAPITALISATION] = worth.map_or(listed * last.to_f64(), |worth| worth.to_f64()) / HUNDRED_MILLION;
}

#[cfg(test)]
mod tests {
    use super::super::columns::COLUMN_COUNT;
    use super::*;
    use crate::market::testing::{money, price, qty};

    fn columns(facts: &Facts<'_>) -> [f64; 5] {
        let mut row = [0.0; COLUMN_COUNT];
        fill(&mut row, facts, price("75000"), 8_123_468 * 100_000_000, 610_453_000_000.0);
        [at::TURNOVER_CHANGE, at::VOLUME_RATIO, at::TURNOVER_RATE, at::SAME_TIME_RATIO, at::CAPITALISATION]
            .map(|place| row[place])
    }

    fn near(values: [f64; 5], expected: [f64; 5]) {
        for (value, expected) in values.into_iter().zip(expected) {
            assert!((value - expected).abs() <= expected.abs() * 1e-12, "{value} is not {expected}");
        }
    }

    #[test]
    fn the_venues_figures_come_first_and_else_what_follows_from_the_facts() {
        assert_eq!(columns(&Facts::default()), [0.0; 5]);
        let reference = Reference {
            previous_volume: Some(qty("9358023")),
            previous_turnover: Some(money("702130000000")),
            listed: Some(qty("5919637922")),
            ..Reference::of(InstrumentId(0))
        };
        let known = Facts { reference: Some(&reference), activity: None };
        let (ratio, turned) = (8_123_468.0 / 9_358_023.0 * 100.0, 8_123_468.0 / 5_919_637_922.0 * 100.0);
        near(columns(&known), [-91_677_000_000.0, ratio, turned, 0.0, 4_439_728.441_5]);
        // The sample of the fact sheet (0B): 29, 30, 31, 851, 311.
        let percent = |text: &str| text.parse::<Rate>().ok();
        let activity = Activity {
            instrument: InstrumentId(0),
            turnover_change: Some(money("-91677000000")),
            volume_ratio: percent("0.8681"),
            turnover_rate: percent("0.0014"),
            same_time_ratio: percent("1.123"),
            capitalisation: Some(money("443972800000000")),
        };
        let told = Facts { reference: Some(&reference), activity: Some(&activity) };
        near(columns(&told), [-91_677_000_000.0, 86.81, 0.14, 112.3, 4_439_728.0]);
    }
}
