//! Positions and times as a person writes them: [`Position`], [`parse_time`], [`time_text`].

use std::str::FromStr;

use jangbu_journal::{Nanos, Seq};

/// A place in a journal: a seq, or a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// This event.
    Seq(Seq),
    /// The first event received at this moment or later.
    Time(Nanos),
}

impl FromStr for Position {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let seq = text.parse().map_err(|_| format!("`{text}` is too large for a seq"))?;
            return Ok(Position::Seq(Seq::new(seq)));
        }
        parse_time(text).map(Position::Time).ok_or_else(|| {
            format!(
                "`{text}` is neither a seq nor a time (expected 18211, or 2024-08-08T09:00:00 in Korean time, or with Z or \
                 +09:00 at its end)"
            )
        })
    }
}

/// Reads `YYYY-MM-DD[(T| )HH:MM[:SS[.fraction]]][Z|±HH:MM]`; without a zone it is Korean time.
pub(super) fn parse_time(text: &str) -> Option<Nanos> {
    let (date, rest) = text.split_at_checked(10)?;
    let (year, month, day) = parts(date, '-', [4, 2, 2])?;
    let (clock, offset_s) = split_zone(rest)?;
    let clock = match clock {
        "" => "00:00:00",
        clock => clock.strip_prefix(['T', 't', ' '])?,
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let clock = if clock.len() == 5 { format!("{clock}:00") } else { clock.to_owned() };
    let (hour, minute, second) = parts(&clock, ':', [2, 2, 2])?;
    let in_range = (1..=12).contains(&month)
        && (1..=days_of_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60
        && fraction.len() <= 9
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !in_range {
        return None;
    }
    let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
    let seconds = days_from_civil(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second - offset_s;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos).map(Nanos::new)
}

/// A moment in Korean time, to the millisecond: `2024-08-08 09:00:00.123`.
pub(super) fn time_text(at: Nanos) -> String {
    let millis = at.get().div_euclid(1_000_000) + KST_S * 1000;
    let (seconds, millis) = (millis.div_euclid(1000), millis.rem_euclid(1000));
    let (days, second) = (seconds.div_euclid(DAY_S), seconds.rem_euclid(DAY_S));
    let (year, month, day) = civil_from_days(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}.{millis:03}", second / 3600, second / 60 % 60, second % 60)
}

/// Three numbers of fixed width.
fn parts(text: &str, separator: char, widths: [usize; 3]) -> Option<(i64, i64, i64)> {
    let mut fields = text.split(separator);
    let mut next = |width: usize| {
        let field = fields.next()?;
        let whole = field.len() == width && field.bytes().all(|byte| byte.is_ascii_digit());
        if whole { field.parse().ok() } else { None }
    };
    let numbers = (next(widths[0])?, next(widths[1])?, next(widths[2])?);
    fields.next().is_none().then_some(numbers)
}

/// The clock part, and the seconds that the zone is ahead of UTC.
fn split_zone(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, KST_S)) };
    let (clock, zone) = text.split_at(at);
    let (hours, minutes, _) = parts(&format!("{}:00", &zone[1..]), ':', [2, 2, 2])?;
    let ahead = hours * 3600 + minutes * 60;
    (hours < 24 && minutes < 60).then_some((clock, if zone.starts_with('-') { -ahead } else { ahead }))
}

fn days_of_month(year: i64, month: i64) -> i64 {
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days_from_civil(next_year, next_month, 1) - days_from_civil(year, month, 1)
}

/// Days since 1970-01-01 of a date of the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of `days_from_civil`.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

const DAY_S: i64 = 86_400;
/// Korea has no daylight saving time: UTC+9, always.
const KST_S: i64 = 9 * 3600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_and_write() {
        let check = |text: &str, seconds: i64| assert_eq!(parse_time(text), Some(Nanos::new(seconds * 1_000_000_000)), "{text}");
        check("1970-01-01T00:00:00Z", 0);
        check("1970-01-01 09:00", 0);
        check("1970-01-01T09:00:00+09:00", 0);
        check("1969-12-31T19:00:00-05:00", 0);
        check("2024-02-29", 1_709_132_400);
        check("2024-08-08T09:00:00", 1_723_075_200);
        assert_eq!(parse_time("1970-01-01T00:00:00.5Z"), Some(Nanos::new(500_000_000)));
        assert_eq!(time_text(Nanos::new(1_723_075_200_123_999_999)), "2024-08-08 09:00:00.123");
        assert_eq!(time_text(Nanos::new(-1)), "1970-01-01 08:59:59.999");
        for days in (-800_000..800_000).step_by(37) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let bad = [
            "",
            "x",
            "2023-02-29",
            "2024-13-01",
            "2024-08-08T24:00",
            "2024-08-08T09",
            "2024-8-8",
            "9999-12-31",
            "한국시간입니다",
        ];
        for text in bad {
            assert_eq!(parse_time(text), None, "{text}");
        }
        assert_eq!("77".parse(), Ok(Position::Seq(Seq::new(77))));
        assert!("99999999999999999999".parse::<Position>().is_err());
        assert!("-5".parse::<Position>().is_err());
    }
}
