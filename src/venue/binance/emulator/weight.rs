//! REST request weight: counted by the clock's minute.

/// The weight used in the current minute. The emulator has loopback clients only, so all are one address.
#[derive(Debug, Default)]
pub(super) struct WeightWindow {
    minute: i64,
    used: u32,
}

impl WeightWindow {
    /// Adds a call's weight; says what is used now, and whether that is within the limit.
    pub(super) fn charge(&mut self, now_ms: i64, weight: u32, max: u32) -> (u32, bool) {
        let minute = now_ms.div_euclid(MINUTE_MS);
        if minute != self.minute {
            *self = Self { minute, used: 0 };
        }
        self.used = self.used.saturating_add(weight);
        (self.used, self.used <= max)
    }
}

/// Whole seconds until the next minute begins, at least 1.
pub(super) fn retry_after(now_ms: i64) -> i64 {
    ((MINUTE_MS - now_ms.rem_euclid(MINUTE_MS)) / 1_000).max(1)
}

const MINUTE_MS: i64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weight_is_forgotten_with_the_minute() {
        let mut window = WeightWindow::default();
        assert_eq!(window.charge(60_000, 6, 10), (6, true));
        assert_eq!(window.charge(119_999, 6, 10), (12, false));
        assert_eq!(window.charge(120_000, 6, 10), (6, true));
        assert_eq!((retry_after(119_999), retry_after(60_000)), (1, 60));
    }
}
