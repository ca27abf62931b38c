//! What is known of an instrument beside its trades: [`Reference`], facts of its day, and [`Activity`], its day against the one before.

use serde::{Deserialize, Serialize};

use super::instrument::InstrumentId;
use super::number::{Money, Price, Qty, Rate};

/// Facts of an instrument that hold for one day of its venue (기본정보). What a venue does not say for certain is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Of what.
    pub instrument: InstrumentId,
    /// What limits and changes of the day are counted from (기준가): the close of the day before, unless rights came off it.
    pub base: Option<Price>,
    /// Close of the day before (전일종가).
    pub previous_close: Option<Price>,
    /// The highest price an order may have (상한가).
    pub upper_limit: Option<Price>,
    /// The lowest price an order may have (하한가).
    pub lower_limit: Option<Price>,
    /// First price of the day (시가), once there was one.
    pub open: Option<Price>,
    /// Traded on the day before.
    pub previous_volume: Option<Qty>,
    /// Value traded on the day before.
    pub previous_turnover: Option<Money>,
    /// Listed shares (상장주식수).
    pub listed: Option<Qty>,
    /// Market capitalisation (시가총액), when it was asked for.
    pub capitalisation: Option<Money>,
    /// Trading of it is halted (거래정지).
    pub halted: Option<bool>,
    /// It is under administration (관리종목).
    pub administered: Option<bool>,
}

impl Reference {
    /// Nothing is known of it.
    pub fn of(instrument: InstrumentId) -> Self {
        Reference { instrument, ..Reference::default() }
    }

    /// Takes over what a later one of the same day says.
    pub fn merge(&mut self, later: &Reference) {
        fn take<T: Copy>(known: &mut Option<T>, later: Option<T>) {
            *known = later.or(*known);
        }
        take(&mut self.base, later.base);
        take(&mut self.previous_close, later.previous_close);
        take(&mut self.upper_limit, later.upper_limit);
        take(&mut self.lower_limit, later.lower_limit);
        take(&mut self.open, later.open);
        take(&mut self.previous_volume, later.previous_volume);
        take(&mut self.previous_turnover, later.previous_turnover);
        take(&mut self.listed, later.listed);
        take(&mut self.capitalisation, later.capitalisation);
        take(&mut self.halted, later.halted);
        take(&mut self.administered, later.administered);
    }

    /// Whether both limits of the day are known.
    pub const fn has_limits(&self) -> bool {
        self.upper_limit.is_some() && self.lower_limit.is_some()
    }

    /// Whether an order may have this price, as far as is known.
    pub fn allows(&self, price: Price) -> bool {
        self.upper_limit.is_none_or(|upper| price <= upper) && self.lower_limit.is_none_or(|lower| price >= lower)
    }
}

/// How the day of an instrument compares with the day before, as its venue reckons it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Of what.
    pub instrument: InstrumentId,
    /// Value traded today less that of the whole day before (거래대금증감).
    pub turnover_change: Option<Money>,
    /// Volume of today by that of the whole day before (전일거래량대비).
    pub volume_ratio: Option<Rate>,
    /// Volume of today by listed shares (회전율).
    pub turnover_rate: Option<Rate>,
    /// Volume of today by that of the day before up to this time (전일동시간대비).
    pub same_time_ratio: Option<Rate>,
    /// Market capitalisation (시가총액).
    pub capitalisation: Option<Money>,
}

#[cfg(test)]
mod tests {
    use super::super::testing::price;
    use super::*;

    #[test]
    fn later_facts_add_and_replace_but_never_take_away() {
        let mut known = Reference { previous_close: Some(price("74900")), halted: Some(false), ..Reference::of(InstrumentId(1)) };
        assert!(known.allows(price("1")) && !known.has_limits());
        let limits =
            Reference { upper_limit: Some(price("97300")), lower_limit: Some(price("52500")), ..Reference::of(InstrumentId(1)) };
        known.merge(&limits);
        assert!(known.has_limits() && known.previous_close == Some(price("74900")));
        assert_eq!(["52400", "52500", "97300", "97400"].map(|at| known.allows(price(at))), [false, true, true, false]);
        known.merge(&Reference { halted: Some(true), ..Reference::of(InstrumentId(1)) });
        assert_eq!((known.halted, known.upper_limit), (Some(true), Some(price("97300"))));
    }
}
