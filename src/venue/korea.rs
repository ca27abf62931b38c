//! Korean dates and times of day: [`Date`], [`TimeOfDay`]. Korea has no summer time: UTC+9 always.

use std::fmt;

use jangbu_journal::Nanos;

const SECOND: i64 = 1_000_000_000;
const DAY_S: i64 = 86_400;
const KST_S: i64 = 9 * 3_600;

/// A day of the calendar in Korea. Orders by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: i32,
    month: u8,
    day: u8,
}

impl Date {
    /// A day; `None` when there is no such day. Years 1900 to 2200.
    pub const fn new(year: i32, month: u8, day: u8) -> Option<Date> {
        if year < 1900 || year > 2200 || month == 0 || month > 12 || day == 0 || day > days_in(year, month) {
            return None;
        }
        Some(Date { year, month, day })
    }

    /// A day of a table in this program.
    ///
    /// # Panics
    /// When there is no such day; in a `const`, that is when this is compiled.
    pub const fn of(year: i32, month: u8, day: u8) -> Date {
        match Date::new(year, month, day) {
            Some(date) => date,
            None => panic!("a table names a day that is not in the calendar"),
        }
    }

    /// `YYYYMMDD`; `None` for anything else, also for the `00000000` that means "none".
    pub fn parse(text: &str) -> Option<Date> {
        let text = text.trim();
        if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Date::new(text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?)
    }

    /// The day in Korea at a moment.
    pub fn at(moment: Nanos) -> Date {
        Date::from_days((moment.get().div_euclid(SECOND) + KST_S).div_euclid(DAY_S))
    }

    /// Year.
    pub const fn year(self) -> i32 {
        self.year
    }

    /// The day after.
    #[must_use]
    pub fn next(self) -> Date {
        Date::from_days(self.days() + 1)
    }

    /// The day before.
    #[must_use]
    pub fn previous(self) -> Date {
        Date::from_days(self.days() - 1)
    }

    /// Saturday or Sunday.
    pub fn is_weekend(self) -> bool {
        // 1970-01-01 was a Thursday.
        matches!((self.days() + 3).rem_euclid(7), 5 | 6)
    }

    /// The moment of a time of this day.
    pub fn moment(self, time: TimeOfDay) -> Nanos {
        Nanos::new((self.days() * DAY_S + i64::from(time.0) - KST_S).saturating_mul(SECOND))
    }

    /// Days since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms").
    fn days(self) -> i64 {
        let (year, month, day) = (i64::from(self.year), i64::from(self.month), i64::from(self.day));
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year - era * 400;
        let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    fn from_days(days: i64) -> Date {
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days - era * 146_097;
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        // Nanoseconds reach from 1677 to 2262, so all of them fit.
        Date { year: year as i32, month: month as u8, day: (of_year - (153 * shifted + 2) / 5 + 1) as u8 }
    }
}

const fn days_in(year: i32, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Date {
    /// As Kiwoom writes it: `YYYYMMDD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}{:02}", self.year, self.month, self.day)
    }
}

/// Seconds since midnight in Korea, below 86,400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u32);

impl TimeOfDay {
    /// Midnight; Kiwoom writes it for "none" as well.
    pub const MIDNIGHT: TimeOfDay = TimeOfDay(0);

    /// A time; `None` when there is no such time.
    pub const fn new(hour: u32, minute: u32, second: u32) -> Option<TimeOfDay> {
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        Some(TimeOfDay(hour * 3_600 + minute * 60 + second))
    }

    /// A time of a table in this program.
    ///
    /// # Panics
    /// When there is no such time; in a `const`, that is when this is compiled.
    pub const fn of(hour: u32, minute: u32, second: u32) -> TimeOfDay {
        match TimeOfDay::new(hour, minute, second) {
            Some(time) => time,
            None => panic!("a table names a time that is on no clock"),
        }
    }

    /// `HHMMSS`, also without its leading zero; `None` for anything else.
    pub fn parse(text: &str) -> Option<TimeOfDay> {
        let text = text.trim();
        if !matches!(text.len(), 5 | 6) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number: u32 = text.parse().ok()?;
        TimeOfDay::new(number / 10_000, number / 100 % 100, number % 100)
    }

    /// The time of day in Korea at a moment.
    pub fn at(moment: Nanos) -> TimeOfDay {
        TimeOfDay((moment.get().div_euclid(SECOND) + KST_S).rem_euclid(DAY_S) as u32)
    }

    /// Seconds since midnight.
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// Later by so many seconds; stays below midnight.
    #[must_use]
    pub const fn plus(self, seconds: u32) -> TimeOfDay {
        let sum = self.0.saturating_add(seconds);
        TimeOfDay(if sum < DAY_S as u32 { sum } else { DAY_S as u32 - 1 })
    }

    /// The moment nearest to `received` at which Korean clocks show this: a frame sent just before midnight may come after it.
    pub fn near(self, received: Nanos) -> Nanos {
        const HALF_A_DAY: i64 = DAY_S / 2 * SECOND;
        let day = Date::at(received);
        let moment = day.moment(self);
        match moment.since(received) {
            ahead if ahead > HALF_A_DAY => day.previous().moment(self),
            ahead if ahead < -HALF_A_DAY => day.next().moment(self),
            _ => moment,
        }
    }
}

impl fmt::Display for TimeOfDay {
    /// As Kiwoom writes it: `HHMMSS`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}{:02}{:02}", self.0 / 3_600, self.0 / 60 % 60, self.0 % 60)
    }
}

/// `YYYYMMDDHHMMSS` in Korea.
pub fn parse_moment(text: &str) -> Option<Nanos> {
    let text = text.trim();
    let (date, time) = (text.get(..8)?, text.get(8..)?);
    Some(Date::parse(date)?.moment(TimeOfDay::parse(time).filter(|_| time.len() == 6)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_and_times_are_those_of_korea() {
        let day = Date::of(2026, 11, 21);
        assert_eq!(day.moment(TimeOfDay::of(8, 30, 0)), Nanos::new(1_795_217_400_000_000_000));
        assert_eq!(parse_moment("20261121083000"), Some(Nanos::new(1_795_217_400_000_000_000)));
        assert_eq!((day.to_string(), day.is_weekend()), ("20261121".into(), true));
        assert!(Date::of(2026, 11, 22).is_weekend() && !Date::of(2026, 11, 23).is_weekend());
        assert_eq!(Date::of(2024, 2, 28).next(), Date::of(2024, 2, 29));
        assert_eq!(Date::of(2026, 1, 1).previous(), Date::of(2025, 12, 31));
        for text in ["", "00000000", "20260229", "20261301", "2026112", "2026-1-1", "２０２６１１２１"] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
        for text in ["", "240000", "126000", "1234567", "1234", "-12345"] {
            assert_eq!(TimeOfDay::parse(text), None, "{text}");
        }
        assert_eq!(TimeOfDay::parse("53039"), Some(TimeOfDay::of(5, 30, 39)));
        assert_eq!(parse_moment("2026112183000"), None);
    }

    #[test]
    fn a_time_is_of_the_day_nearest_to_its_receipt() {
        let midnight = Date::of(2026, 11, 21).moment(TimeOfDay::MIDNIGHT);
        let late = TimeOfDay::of(23, 59, 58);
        assert_eq!(late.near(midnight.plus(SECOND)), midnight.plus(-2 * SECOND));
        assert_eq!(TimeOfDay::of(0, 0, 3).near(midnight.plus(-SECOND)), midnight.plus(3 * SECOND));
        assert_eq!(late.near(midnight.plus(80_000 * SECOND)), midnight.plus(86_398 * SECOND));
    }

    proptest! {
        #[test]
        fn moments_round_trip(seconds in -9_000_000_000_i64..7_000_000_000) {
            let moment = Nanos::new(seconds * SECOND);
            let (date, time) = (Date::at(moment), TimeOfDay::at(moment));
            prop_assert_eq!(date.moment(time), moment);
            prop_assert_eq!(TimeOfDay::parse(&time.to_string()), Some(time));
            if date.year() >= 1900 {
                prop_assert_eq!(Date::parse(&date.to_string()), Some(date).filter(|date| date.year() <= 2200));
            }
        }
    }
}
