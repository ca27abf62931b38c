//! What the venue lets us ask: [`Budget`]. Its own count in the headers is believed, not ours: others may share the address or
//! the account. A cancellation or a question after an order may use what is kept back from new orders.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::market::Venue;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Places or amends an order: is refused rather than late.
    Order,
    /// Cancels an order, or finds out what became of one: waits if it must.
    Urgent,
    /// Anything else: waits, and leaves the rest of the budget to the others.
    Question,
}

/// Shares of the weight limit, in percent, up to which a purpose may use it.
const WEIGHT_ORDER: u64 = 95;
const WEIGHT_QUESTION: u64 = 85;

/// A span in which so many orders are allowed; spans begin on the clock.
#[derive(Clone, Copy, Debug)]
struct Span {
    header: &'static str,
    length_ms: i64,
    max: u32,
    /// Number of the span that `used` was told in.
    number: i64,
    used: u32,
}

#[derive(Debug)]
struct Inner {
    /// Until when the venue wants silence.
    silent_until: Option<Instant>,
    weight: Span,
    orders: [Span; 2],
    /// Orders under way: the venue has not counted them yet, as far as we know.
    under_way: u32,
}

/// What the venue lets us ask.
#[derive(Debug)]
pub(super) struct Budget(Mutex<Inner>);

impl Budget {
    /// The documented limits of a venue, nothing used.
    pub(super) fn new(venue: Venue) -> Self {
        let span = |header, length_ms, max| Span { header, length_ms, max, number: 0, used: 0 };
        let (weight, orders) = match venue {
            Venue::BinanceUsdM => {
                (2_400, [span("x-mbx-order-count-10s", 10_000, 300), span("x-mbx-order-count-1m", 60_000, 1_200)])
            }
            _ => (6_000, [span("x-mbx-order-count-10s", 10_000, 50), span("x-mbx-order-count-1d", 86_400_000, 160_000)]),
        };
        let weight = span("x-mbx-used-weight-1m", 60_000, weight);
        Budget(Mutex::new(Inner { silent_until: None, weight, orders, under_way: 0 }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Counters are whole after every statement.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long a request has to wait; zero when it may leave now. An order that may leave is counted as under way until
    /// [`Budget::landed`].
    pub(super) fn wait(&self, purpose: Purpose, venue_ms: i64) -> Duration {
        let mut inner = self.lock();
        let now = Instant::now();
        if let Some(until) = inner.silent_until.filter(|until| *until > now) {
            return until - now;
        }
        let share = match purpose {
            Purpose::Order => WEIGHT_ORDER,
            Purpose::Question => WEIGHT_QUESTION,
            Purpose::Urgent => 100,
        };
        let weight = inner.weight;
        if u64::from(weight.used_at(venue_ms)) * 100 >= u64::from(weight.max) * share {
            return weight.rest(venue_ms);
        }
        if purpose == Purpose::Order {
            let under_way = inner.under_way;
            let full = |span: &&Span| span.used_at(venue_ms).saturating_add(under_way) >= span.max;
            if let Some(span) = inner.orders.iter().find(full) {
                return span.rest(venue_ms);
            }
            inner.under_way += 1;
        }
        Duration::ZERO
    }

    /// An order that was under way is answered, or given up.
    pub(super) fn landed(&self) {
        let mut inner = self.lock();
        inner.under_way = inner.under_way.saturating_sub(1);
    }

    /// The venue's own counts, from an answer's headers.
    pub(super) fn on_headers<'a>(&self, venue_ms: i64, header: impl Fn(&str) -> Option<&'a str>) {
        let mut inner = self.lock();
        let Inner { weight, orders, .. } = &mut *inner;
        for span in orders.iter_mut().chain([weight]) {
            if let Some(used) = header(span.header).and_then(|text| text.trim().parse().ok()) {
                (span.number, span.used) = (venue_ms.div_euclid(span.length_ms), used);
            }
        }
    }

    /// The venue wants silence (429, 418).
    pub(super) fn on_limited(&self, pause: Duration) {
        let mut inner = self.lock();
        let until = Instant::now() + pause;
        inner.silent_until = Some(inner.silent_until.map_or(until, |before| before.max(until)));
    }
}

impl Span {
    fn used_at(&self, venue_ms: i64) -> u32 {
        if venue_ms.div_euclid(self.length_ms) == self.number { self.used } else { 0 }
    }

    /// Until the next span begins.
    fn rest(&self, venue_ms: i64) -> Duration {
        let left = self.length_ms - venue_ms.rem_euclid(self.length_ms);
        Duration::from_millis(left.unsigned_abs().max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(rows: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<&'static str> {
        move |name| rows.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    #[test]
    fn orders_stop_before_the_limit_and_cancellations_do_not() {
        let budget = Budget::new(Venue::BinanceSpot);
        let at = 1_000_000_020_000;
        budget.on_headers(at, headers(&[("x-mbx-order-count-10s", "48"), ("x-mbx-used-weight-1m", "100")]));
        assert_eq!(budget.wait(Purpose::Order, at), Duration::ZERO);
        assert_eq!(budget.wait(Purpose::Order, at), Duration::ZERO);
        assert_eq!(budget.wait(Purpose::Order, at + 3_000), Duration::from_secs(7), "two are under way");
        assert_eq!(budget.wait(Purpose::Urgent, at + 3_000), Duration::ZERO);
        budget.landed();
        assert_eq!(budget.wait(Purpose::Order, at + 3_000), Duration::ZERO);
        assert_eq!(budget.wait(Purpose::Order, at + 10_000), Duration::ZERO, "another span");
    }

    #[test]
    fn weight_is_kept_for_what_is_urgent() {
        let budget = Budget::new(Venue::BinanceUsdM);
        let at = 60_000 * 1_000;
        budget.on_headers(at, headers(&[("x-mbx-used-weight-1m", "2100")]));
        let waits = |at| [Purpose::Question, Purpose::Order, Purpose::Urgent].map(|purpose| !budget.wait(purpose, at).is_zero());
        assert_eq!(waits(at), [true, false, false]);
        budget.on_headers(at, headers(&[("x-mbx-used-weight-1m", "2300")]));
        assert_eq!(waits(at), [true, true, false]);
        budget.on_headers(at, headers(&[("x-mbx-used-weight-1m", "2400")]));
        assert_eq!(waits(at), [true, true, true]);
        assert_eq!(waits(at + 60_000), [false, false, false]);
    }

    #[test]
    fn silence_is_kept_for_as_long_as_asked() {
        let budget = Budget::new(Venue::BinanceSpot);
        budget.on_limited(Duration::from_secs(30));
        budget.on_limited(Duration::from_secs(3));
        let wait = budget.wait(Purpose::Urgent, 0);
        assert!(wait > Duration::from_secs(3) && wait <= Duration::from_secs(30), "{wait:?}");
    }
}
