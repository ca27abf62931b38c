//! What the gateway counts, readable from any thread while it runs: [`KiwoomStats`].

use std::sync::atomic::{AtomicU64, Ordering};

use super::wire::FrameCounts;
use crate::venue::gateway::FrameStats;

const CLASSES: [&str; 6] = ["journaled", "duplicate", "waiting", "control", "malformed", "unknown"];

/// Counters of a gateway. Each is right by itself; read together they may be a frame apart.
#[derive(Debug, Default)]
pub struct KiwoomStats {
    received: AtomicU64,
    classes: [AtomicU64; CLASSES.len()],
    connects: AtomicU64,
    failed: AtomicU64,
    looks: AtomicU64,
}

impl KiwoomStats {
    pub(super) fn publish(&self, counts: &FrameCounts) {
        let FrameCounts { received, journaled, duplicate, waiting, control, malformed, unknown } = *counts;
        self.received.store(received, Ordering::Relaxed);
        for (cell, count) in self.classes.iter().zip([journaled, duplicate, waiting, control, malformed, unknown]) {
            cell.store(count, Ordering::Relaxed);
        }
    }

    pub(super) fn on_up(&self) {
        self.connects.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn on_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn on_look(&self) {
        self.looks.fetch_add(1, Ordering::Relaxed);
    }

    /// Logins.
    pub fn connects(&self) -> u64 {
        self.connects.load(Ordering::Relaxed)
    }

    /// Tries to connect or log in that failed.
    pub fn failed_connects(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// How often the broker was asked what became of orders.
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }
}

impl FrameStats for KiwoomStats {
    fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    fn classes(&self) -> Vec<(&'static str, u64)> {
        CLASSES.into_iter().zip(self.classes.iter().map(|cell| cell.load(Ordering::Relaxed))).collect()
    }
}
