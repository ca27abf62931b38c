//! Times of the Korean day, as settings say them: [`TimeOfDay`], [`Span`].

use core::str::FromStr;

use jangbu_journal::Nanos;

const SECOND_NS: i64 = 1_000_000_000;
const DAY_S: i64 = 86_400;
/// Korea is nine hours ahead of UTC, all year.
const KST_S: i64 = 9 * 3_600;

/// Seconds since midnight in Korea; 86,400 is the end of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(i64);

impl TimeOfDay {
    /// Midnight.
    pub const START: TimeOfDay = TimeOfDay(0);
    /// The end of the day.
    pub const END: TimeOfDay = TimeOfDay(DAY_S);

    /// The time of day at a moment.
    pub fn at(now: Nanos) -> Self {
        TimeOfDay((now.get().div_euclid(SECOND_NS) + KST_S).rem_euclid(DAY_S))
    }

    /// Seconds from `start` to this, around midnight if need be.
    fn after(self, start: TimeOfDay) -> i64 {
        (self.0 - start.0).rem_euclid(DAY_S)
    }

    /// The next moment after `now` at which it is this time.
    pub fn next(self, now: Nanos) -> Nanos {
        let second = now.get().div_euclid(SECOND_NS);
        let wait = match (self.0 - TimeOfDay::at(now).0).rem_euclid(DAY_S) {
            0 => DAY_S,
            wait => wait,
        };
        Nanos::new(second.saturating_add(wait).saturating_mul(SECOND_NS))
    }
}

/// The number of the Korean day of a moment.
pub fn day_of(now: Nanos) -> i64 {
    (now.get().div_euclid(SECOND_NS) + KST_S).div_euclid(DAY_S)
}

impl FromStr for TimeOfDay {
    type Err = ();

    /// `HHMMSS`, up to `240000`.
    fn from_str(text: &str) -> Result<Self, ()> {
        if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(());
        }
        let number: i64 = text.parse().map_err(|_| ())?;
        let (hour, minute, second) = (number / 10_000, number / 100 % 100, number % 100);
        let seconds = hour * 3_600 + minute * 60 + second;
        if minute < 60 && second < 60 && seconds <= DAY_S { Ok(TimeOfDay(seconds)) } else { Err(()) }
    }
}

/// From one time of day to another, the second one left out; over midnight when it is the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// From here.
    pub from: TimeOfDay,
    /// To here.
    pub to: TimeOfDay,
}

impl Span {
    /// The whole day.
    pub const DAY: Span = Span { from: TimeOfDay::START, to: TimeOfDay::END };

    /// Whether `time` is in it. A span that ends where it begins is the whole day.
    pub fn contains(&self, time: TimeOfDay) -> bool {
        match self.to.after(self.from) {
            0 => true,
            length => time.after(self.from) < length,
        }
    }
}

impl FromStr for Span {
    type Err = ();

    /// `HHMMSS-HHMMSS`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (from, to) = text.split_once('-').ok_or(())?;
        Ok(Span { from: from.trim().parse()?, to: to.trim().parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> TimeOfDay {
        text.parse().expect("a time")
    }

    #[test]
    fn times_are_korean() {
        // 2024-08-08 00:00:00 UTC is nine in the morning.
        let morning = Nanos::new(1_723_075_200 * SECOND_NS);
        assert_eq!(TimeOfDay::at(morning), time("090000"));
        assert_eq!(time("090001").next(morning), morning.plus(SECOND_NS));
        assert_eq!(time("090000").next(morning), morning.plus(DAY_S * SECOND_NS), "not now, tomorrow");
        assert_eq!(day_of(morning.plus(15 * 3_600 * SECOND_NS)), day_of(morning) + 1);
        for wrong in ["9", "0900", "096000", "240001", "ab0000", "-90000"] {
            assert_eq!(wrong.parse::<TimeOfDay>(), Err(()), "{wrong}");
        }
    }

    #[test]
    fn spans_may_go_over_midnight() {
        let span = |text: &str| text.parse::<Span>().expect("a span");
        for (text, inside, outside) in [
            ("090000-152000", "090000", "152000"),
            ("220000-020000", "235959", "020000"),
            ("220000-020000", "000000", "215959"),
            ("000000-240000", "235959", ""),
        ] {
            assert!(span(text).contains(time(inside)), "{text} {inside}");
            assert!(outside.is_empty() || !span(text).contains(time(outside)), "{text} {outside}");
        }
    }
}
