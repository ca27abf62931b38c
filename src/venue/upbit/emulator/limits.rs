//! Limits of requests, by group and second: [`Limits`]. Over them 429; going on after that 418 for a while that grows.

use std::collections::BTreeMap;

use crate::venue::upbit::wire::rest::{Group, Remaining};

/// Refusals in a row after which the client is blocked.
const PATIENCE: u32 = 10;
/// The first block, milliseconds; each is twice the last.
const BLOCK_MS: i64 = 1_000;

#[derive(Debug, Default)]
struct Window {
    period: i64,
    used: u32,
}

/// What a client has used up.
#[derive(Debug, Default)]
pub(super) struct Limits {
    windows: BTreeMap<Group, Window>,
    refused_in_a_row: u32,
    blocks: u32,
    blocked_until_ms: i64,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Charged {
    Within(Remaining),
    TooMany(Remaining),
    Blocked { seconds: i64 },
}

impl Limits {
    /// Counts a request.
    pub(super) fn charge(&mut self, group: Group, now_ms: i64) -> Charged {
        if now_ms < self.blocked_until_ms {
            return Charged::Blocked { seconds: (self.blocked_until_ms - now_ms + 999) / 1_000 };
        }
        let (most, period_ms) = group.limit();
        let period = now_ms.div_euclid(i64::try_from(period_ms).unwrap_or(1_000));
        let window = self.windows.entry(group).or_default();
        if window.period != period {
            *window = Window { period, used: 0 };
        }
        window.used = window.used.saturating_add(1);
        let remaining = Remaining { group: group.name().to_owned(), second: most.saturating_sub(window.used) };
        if window.used <= most {
            self.refused_in_a_row = 0;
            return Charged::Within(remaining);
        }
        self.refused_in_a_row += 1;
        if self.refused_in_a_row >= PATIENCE {
            self.refused_in_a_row = 0;
            self.blocked_until_ms = now_ms.saturating_add(BLOCK_MS << self.blocks.min(10));
            self.blocks += 1;
        }
        Charged::TooMany(remaining)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_the_limit_is_refused_and_going_on_is_blocked() {
        let mut limits = Limits::default();
        let mut charge = |now_ms| match limits.charge(Group::Order, now_ms) {
            Charged::Within(left) => format!("{} left", left.second),
            Charged::TooMany(_) => "429".into(),
            Charged::Blocked { seconds } => format!("418 {seconds}"),
        };
        let first: Vec<String> = (0..13).map(|_| charge(5_000)).collect();
        assert_eq!((first[0].as_str(), first[11].as_str(), first[12].as_str()), ("11 left", "0 left", "429"));
        assert_eq!(charge(6_000), "11 left");
        for _ in 0..21 {
            charge(6_001);
        }
        assert_eq!(charge(6_002), "418 1");
        assert_eq!(charge(7_001), "11 left");
        for _ in 0..21 {
            charge(7_002);
        }
        assert_eq!(charge(7_003), "418 2");
    }
}
