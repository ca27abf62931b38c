//! How fast requests may be: [`Pacer`]. A bucket of tokens for each kind of request, one for all orders; cancellations go before orders.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::config::Pace;
use super::wire::rest::Tr;

/// Who waits at a bucket goes in this order, then in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// Takes risk off.
    Cancel,
    Amend,
    Place,
    Query,
}

/// Requests with limits of their own: the orders together, else each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Bucket {
    Orders,
    Of(Tr),
}

fn bucket(tr: Tr) -> (Bucket, Turn) {
    match tr {
        Tr::Cancel => (Bucket::Orders, Turn::Cancel),
        Tr::Amend => (Bucket::Orders, Turn::Amend),
        Tr::Buy | Tr::Sell => (Bucket::Orders, Turn::Place),
        other => (Bucket::Of(other), Turn::Query),
    }
}

/// What is known of a bucket.
#[derive(Debug)]
struct Level {
    tokens: u32,
    /// Since when the next token grows.
    since: Instant,
    /// Nothing before this.
    closed_until: Option<Instant>,
    /// Refusals in a row.
    refused: u32,
    waiting: BTreeSet<(Turn, u64)>,
}

/// Lets requests go at the pace the broker allows.
#[derive(Debug)]
pub struct Pacer {
    pace: Pace,
    levels: Mutex<(BTreeMap<Bucket, Level>, u64)>,
    /// Somebody went: the next may.
    changed: Notify,
}

/// A place in the queue; given up when dropped.
struct Place<'a> {
    pacer: &'a Pacer,
    bucket: Bucket,
    ticket: (Turn, u64),
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pacer.with(self.bucket, |level| level.waiting.remove(&self.ticket));
        self.pacer.changed.notify_waiters();
    }
}

impl Pacer {
    /// At this pace.
    pub fn new(pace: Pace) -> Self {
        Pacer { pace, levels: Mutex::default(), changed: Notify::new() }
    }

    fn with<T>(&self, bucket: Bucket, act: impl FnOnce(&mut Level) -> T) -> T {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh =
            || Level { tokens: self.pace.burst, since: Instant::now(), closed_until: None, refused: 0, waiting: BTreeSet::new() };
        act(levels.0.entry(bucket).or_insert_with(fresh))
    }

    /// Waits until a request of this kind may go.
    pub async fn wait(&self, tr: Tr) {
        let (bucket, turn) = bucket(tr);
        let number = {
            let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
            levels.1 += 1;
            levels.1
        };
        let place = Place { pacer: self, bucket, ticket: (turn, number) };
        self.with(bucket, |level| level.waiting.insert(place.ticket));
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            let Some(again) = self.with(bucket, |level| self.take(level, place.ticket)) else { return };
            // Woken by whoever goes before, or when there is a token.
            let _ = timeout_at(again, changed).await;
        }
    }

    /// Takes a token; else when to look again.
    fn take(&self, level: &mut Level, ticket: (Turn, u64)) -> Option<Instant> {
        let now = Instant::now();
        while level.tokens < self.pace.burst && now.duration_since(level.since) >= self.pace.every {
            level.tokens += 1;
            level.since += self.pace.every;
        }
        if level.tokens == self.pace.burst {
            level.since = now;
        }
        if let Some(until) = level.closed_until.filter(|until| *until > now) {
            return Some(until);
        }
        level.closed_until = None;
        if level.tokens == 0 || level.waiting.first() != Some(&ticket) {
            return Some((level.since + self.pace.every).max(now + Duration::from_millis(1)));
        }
        level.tokens -= 1;
        None
    }

    /// The broker said "too many": the bucket is closed for a while, the longer the more often. Returns how often in a row.
    pub fn refused(&self, tr: Tr) -> u32 {
        self.with(bucket(tr).0, |level| {
            level.refused = level.refused.saturating_add(1);
            level.tokens = 0;
            level.since = Instant::now();
            level.closed_until = Some(level.since + self.pace.penalty * level.refused.min(10));
            level.refused
        })
    }

    /// The broker answered.
    pub fn accepted(&self, tr: Tr) {
        self.with(bucket(tr).0, |level| level.refused = 0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::mpsc;

    use super::*;

    fn pacer() -> Arc<Pacer> {
        let pace = Pace { burst: 2, every: Duration::from_millis(200), penalty: Duration::from_secs(1) };
        Arc::new(Pacer::new(pace))
    }

    /// Time stands still but for what is waited for: figures are exact.
    #[tokio::test(start_paused = true)]
    async fn a_burst_then_one_each_span_and_every_kind_for_itself() {
        let pacer = pacer();
        let start = Instant::now();
        let mut taken = Vec::new();
        for _ in 0..4 {
            pacer.wait(Tr::Holdings).await;
            taken.push(start.elapsed().as_millis());
        }
        pacer.wait(Tr::Deposit).await;
        pacer.wait(Tr::Buy).await;
        taken.push(start.elapsed().as_millis());
        assert_eq!(taken, [0, 0, 200, 400, 400]);
    }

    #[tokio::test(start_paused = true)]
    async fn buying_and_cancelling_share_and_cancelling_goes_first() {
        let pacer = pacer();
        pacer.wait(Tr::Buy).await;
        pacer.wait(Tr::Sell).await;
        let (sender, mut went) = mpsc::unbounded_channel();
        for (name, tr) in [("buy", Tr::Buy), ("sell", Tr::Sell), ("amend", Tr::Amend), ("cancel", Tr::Cancel)] {
            let (pacer, sender) = (Arc::clone(&pacer), sender.clone());
            tokio::spawn(async move {
                pacer.wait(tr).await;
                sender.send(name)
            });
            // Each is in the queue before the next comes.
            tokio::task::yield_now().await;
        }
        drop(sender);
        let mut order = Vec::new();
        while let Some(name) = went.recv().await {
            order.push(name);
        }
        assert_eq!(order, ["cancel", "amend", "buy", "sell"]);
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_closes_the_bucket_longer_each_time() {
        let pacer = pacer();
        let start = Instant::now();
        pacer.wait(Tr::Fills).await;
        assert_eq!((pacer.refused(Tr::Fills), pacer.refused(Tr::Fills)), (1, 2));
        pacer.wait(Tr::Fills).await;
        assert_eq!(start.elapsed().as_millis(), 2_000);
        pacer.accepted(Tr::Fills);
        assert_eq!(pacer.refused(Tr::Fills), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_leaves_the_queue() {
        let pacer = pacer();
        pacer.wait(Tr::Buy).await;
        pacer.wait(Tr::Buy).await;
        let given_up = tokio::time::timeout(Duration::from_millis(10), pacer.wait(Tr::Cancel)).await;
        assert!(given_up.is_err());
        pacer.wait(Tr::Buy).await;
    }
}
