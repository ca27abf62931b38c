//! Virtual Korean time: runs from a day's beginning to its end at a multiple of real time, then goes on with the next trading
//! day.

use jangbu_journal::Nanos;
use tokio::time::Instant;

use super::config::KiwoomEmulatorConfig;
use crate::venue::kiwoom::rules::sessions::is_trading_day;
use crate::venue::kiwoom::time::Date;

/// The emulator's clock. Reads no wall clock: only how much time has gone by.
#[derive(Clone, Debug)]
pub(super) struct VirtualClock {
    started: Instant,
    speed: i64,
    /// Beginning of each day.
    days: Vec<Nanos>,
    /// Length of a day.
    span: i64,
}

impl VirtualClock {
    pub(super) fn new(config: &KiwoomEmulatorConfig) -> Self {
        let mut days = Vec::new();
        let mut date = config.date;
        while days.len() < config.days.max(1) as usize {
            // The first day is taken as it is.
            if days.is_empty() || is_trading_day(date, &[]) {
                days.push(date.moment(config.begin));
            }
            date = date.next();
        }
        let span = i64::from(config.end.seconds() - config.begin.seconds()) * 1_000_000_000;
        VirtualClock { started: Instant::now(), speed: i64::from(config.speed), days, span }
    }

    /// The virtual time; stands still at the end of the last day.
    pub(super) fn now(&self) -> Nanos {
        let elapsed = i64::try_from(self.started.elapsed().as_nanos()).unwrap_or(i64::MAX);
        self.after(elapsed.saturating_mul(self.speed))
    }

    /// The same, but goes on at the pace of real time when the last day is over: for whoever still has something to do then.
    pub(super) fn now_and_after(&self) -> Nanos {
        let elapsed = i64::try_from(self.started.elapsed().as_nanos()).unwrap_or(i64::MAX);
        let all = self.span.saturating_mul(i64::try_from(self.days.len()).unwrap_or(1)) / self.speed;
        self.now().plus(elapsed.saturating_sub(all).max(0))
    }

    fn after(&self, elapsed: i64) -> Nanos {
        let day = usize::try_from(elapsed / self.span).unwrap_or(usize::MAX);
        match self.days.get(day) {
            Some(begin) => begin.plus(elapsed % self.span),
            None => self.end(),
        }
    }

    /// When the last day ends.
    pub(super) fn end(&self) -> Nanos {
        self.days.last().map_or(Nanos::new(0), |begin| begin.plus(self.span))
    }

    /// The trading days, in order.
    pub(super) fn days(&self) -> impl Iterator<Item = Date> + '_ {
        self.days.iter().map(|begin| Date::at(*begin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_where_the_next_one_begins() {
        let clock = VirtualClock::new(&KiwoomEmulatorConfig { days: 2, ..KiwoomEmulatorConfig::default() });
        let at = |seconds: i64| clock.after(seconds * 1_000_000_000).to_string();
        let moment = |date: Date, hour| date.moment(crate::venue::kiwoom::time::TimeOfDay::of(hour, 0, 0)).to_string();
        // 2026-11-20 is a Friday; Monday follows.
        let (first, second) = (Date::of(2026, 11, 20), Date::of(2026, 11, 23));
        assert_eq!((at(0), at(3_600)), (moment(first, 8), moment(first, 9)));
        assert_eq!((at(12 * 3_600), at(13 * 3_600)), (moment(second, 8), moment(second, 9)));
        assert_eq!((at(24 * 3_600), at(1_000_000)), (moment(second, 20), moment(second, 20)));
        assert_eq!(clock.days().collect::<Vec<_>>(), [first, second]);
    }
}
