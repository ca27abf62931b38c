//! Pauses between tries: [`Backoff`].

use std::time::Duration;

/// Pauses between tries: each twice the last, up to a limit, and a random part of a half of it off, so that many clients do not
/// come back at once.
#[derive(Clone, Debug)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    next: Duration,
    random: u64,
}

impl Backoff {
    /// Pauses from `min` to `max`; the seed decides what is taken off.
    pub fn new(min: Duration, max: Duration, seed: u64) -> Self {
        // An odd constant spreads neighbouring seeds; xorshift must not start at 0.
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Backoff { min, max, next: min, random }
    }

    /// The next pause.
    pub fn pause(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(self.max);
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        // 50 % to 100 % of it, in 1/1024.
        let part = 512 + u32::try_from(self.random >> 32 & 511).expect("nine bits");
        whole * part / 1_024
    }

    /// It worked: the next pause is a short one.
    pub fn reset(&mut self) {
        self.next = self.min;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_limit_and_differ_by_seed() {
        let pauses = |seed| {
            let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1), seed);
            (0..8).map(|_| backoff.pause()).collect::<Vec<_>>()
        };
        for (index, pause) in pauses(0).into_iter().enumerate() {
            let whole = Duration::from_millis(100 << index).min(Duration::from_secs(1));
            assert!(pause >= whole / 2 && pause <= whole, "{index}: {pause:?}");
        }
        assert_eq!(pauses(1), pauses(1));
        assert_ne!(pauses(1), pauses(2));
    }
}
