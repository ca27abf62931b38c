//! Moments as Upbit writes them in text: `2026-11-20T18:04:05.300123+09:00`; without an offset it is UTC
//! (`candle_date_time_utc`).

use jangbu_journal::Nanos;

use crate::venue::korea::{Date, TimeOfDay};

const SECOND: i64 = 1_000_000_000;
const KST_S: i64 = 9 * 3_600;

/// Reads `YYYY-MM-DDTHH:MM:SS[.fraction][Z|±HH:MM]`; `None` for anything else. Digits beyond nanoseconds are cut.
pub fn parse(text: &str) -> Option<Nanos> {
    let number = |from: usize, to: usize| {
        let part = text.get(from..to)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u32>().ok()).flatten()
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if text.len() > 40 || marks.iter().any(|&(at, mark)| text.as_bytes().get(at) != Some(&mark)) {
        return None;
    }
    let date =
        Date::new(i32::try_from(number(0, 4)?).ok()?, u8::try_from(number(5, 7)?).ok()?, u8::try_from(number(8, 10)?).ok()?)?;
    let time = TimeOfDay::new(number(11, 13)?, number(14, 16)?, number(17, 19)?)?;
    let rest = &text[19..];
    let zone_at = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (fraction, zone) = rest.split_at(zone_at);
    let nanos = match fraction.strip_prefix('.') {
        Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            let nine: String = digits.chars().chain("000000000".chars()).take(9).collect();
            nine.parse::<i64>().ok()?
        }
        None if fraction.is_empty() => 0,
        _ => return None,
    };
    let offset_s = match zone {
        "" | "Z" => 0,
        zone => {
            let (hours, minutes) = zone[1..].split_once(':')?;
            let part = |text: &str| {
                let fits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
                fits.then(|| text.parse::<i64>().ok()).flatten()
            };
            let seconds = part(hours).filter(|hours| *hours < 24)? * 3_600 + part(minutes).filter(|minutes| *minutes < 60)? * 60;
            if zone.starts_with('-') { -seconds } else { seconds }
        }
    };
    // `moment` takes the clock for Korea's.
    Some(date.moment(time).plus((KST_S - offset_s) * SECOND + nanos))
}

/// Writes a moment as exchange calls do: to the second, in Korea.
pub fn korean(moment: Nanos) -> String {
    let (date, time) = (Date::at(moment).to_string(), TimeOfDay::at(moment).to_string());
    format!("{}+09:00", dashed(&date, &time))
}

/// The two texts of a moment that Upbit writes side by side: UTC and Korea, to the second, without an offset.
pub fn utc_and_korean(moment: Nanos) -> (String, String) {
    let at = |moment| dashed(&Date::at(moment).to_string(), &TimeOfDay::at(moment).to_string());
    (at(moment.plus(-KST_S * SECOND)), at(moment))
}

/// `20261120` and `180405` as `2026-11-20T18:04:05`.
fn dashed(date: &str, time: &str) -> String {
    format!("{}-{}-{}T{}:{}:{}", &date[..4], &date[4..6], &date[6..], &time[..2], &time[2..4], &time[4..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_moment_in_every_form() {
        let moment = Nanos::new(1_795_165_445_000_000_000);
        for text in [
            "2026-11-20T18:04:05+09:00",
            "2026-11-20T09:04:05",
            "2026-11-20T09:04:05Z",
            "2026-11-20T09:04:05.000000",
            "2026-11-20T04:34:05-04:30",
        ] {
            assert_eq!(parse(text), Some(moment), "{text}");
        }
        assert_eq!(parse("2026-11-20T18:04:05.300123+09:00"), Some(moment.plus(300_123_000)));
        assert_eq!(korean(moment), "2026-11-20T18:04:05+09:00");
        assert_eq!(utc_and_korean(moment), ("2026-11-20T09:04:05".into(), "2026-11-20T18:04:05".into()));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "2026-11-20",
            "2026-02-30T00:00:00",
            "2026-11-20T24:00:00",
            "2026-11-20 18:04:05",
            "2026-11-20T18:04:05+9",
            "2026-11-20T18:04:05.",
            "2026-11-20T18:04:05.x",
            "2026-11-20T18:04:05+24:00",
            "２０２６-11-20T18:04:05",
            "2026-11-20T18:04:05é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
