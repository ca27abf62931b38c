//! Who may ask, and how often: tokens and request limits.

use std::collections::BTreeMap;

use jangbu_journal::Nanos;
use tokio::time::Instant;

use crate::venue::random::SplitMix64;

/// The token of the one app key: 24 hours long the same, however often it is asked for.
#[derive(Debug)]
pub(super) struct Tokens {
    current: Option<(String, Nanos)>,
    random: SplitMix64,
    life_ns: i64,
}

impl Tokens {
    pub(super) fn new(seed: u64, life_s: u32) -> Self {
        Tokens { current: None, random: SplitMix64::new(seed ^ 0x0074_6f6b_656e), life_ns: i64::from(life_s) * 1_000_000_000 }
    }

    /// The token and when it expires: the one that holds, or a new one.
    pub(super) fn issue(&mut self, now: Nanos) -> (String, Nanos) {
        if let Some(held) = self.current.clone().filter(|held| now < held.1) {
            return held;
        }
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let letter = |_| char::from(LETTERS[(self.random.next_u64() % 64) as usize]);
        let token: String = (0..86).map(letter).collect();
        let issued = (token, now.plus(self.life_ns));
        self.current = Some(issued.clone());
        issued
    }

    pub(super) fn is_valid(&self, token: &str, now: Nanos) -> bool {
        self.current.as_ref().is_some_and(|(held, expires)| held == token && now < *expires)
    }

    /// No token holds any more.
    pub(super) fn invalidate(&mut self) {
        self.current = None;
    }
}

/// Buckets by kind of request; orders of all kinds share one.
#[derive(Debug, Default)]
pub(super) struct Buckets {
    strict: bool,
    levels: BTreeMap<&'static str, (Instant, u64)>,
}

impl Buckets {
    pub(super) fn new(strict: bool) -> Self {
        Buckets { strict, levels: BTreeMap::new() }
    }

    /// Whether one more may be served now. Five a second and five at once; strict, one a second and two at once (orders five
    /// even so).
    pub(super) fn take(&mut self, key: &'static str, now: Instant) -> bool {
        let strict = self.strict && key != ORDERS;
        let (cost, burst) = if strict { (1_000_000_000, 2) } else { (200_000_000, 5) };
        let most = cost * burst;
        let (since, level) = self.levels.entry(key).or_insert((now, most));
        let gone = u64::try_from(now.saturating_duration_since(*since).as_nanos()).unwrap_or(u64::MAX);
        *since = now;
        *level = level.saturating_add(gone).min(most);
        let allowed = *level >= cost;
        if allowed {
            *level -= cost;
        }
        allowed
    }
}

/// The bucket of all orders.
pub(super) const ORDERS: &str = "orders";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_token_is_the_same_until_it_expires() {
        let mut tokens = Tokens::new(1, 100);
        let at = |seconds: i64| Nanos::new(seconds * 1_000_000_000);
        let (first, expires) = tokens.issue(at(0));
        assert_eq!((first.len(), expires), (86, at(100)));
        assert_eq!(tokens.issue(at(50)), (first.clone(), at(100)));
        assert!(tokens.is_valid(&first, at(99)) && !tokens.is_valid(&first, at(100)) && !tokens.is_valid("x", at(0)));
        assert_ne!(tokens.issue(at(100)).0, first);
        tokens.invalidate();
        assert!(!tokens.is_valid(&first, at(101)));
    }

    #[tokio::test]
    async fn buckets_fill_with_time() {
        let now = Instant::now();
        let count =
            |buckets: &mut Buckets, key, at: u64| (0..20).filter(|_| buckets.take(key, now + Duration::from_millis(at))).count();
        let mut buckets = Buckets::new(false);
        assert_eq!((count(&mut buckets, "ka10001", 0), count(&mut buckets, "ka10004", 0)), (5, 5));
        assert_eq!((count(&mut buckets, "ka10001", 400), count(&mut buckets, "ka10001", 10_000)), (2, 5));
        let mut strict = Buckets::new(true);
        assert_eq!(
            (count(&mut strict, "ka10001", 0), count(&mut strict, "ka10001", 999), count(&mut strict, ORDERS, 0)),
            (2, 0, 5)
        );
    }
}
