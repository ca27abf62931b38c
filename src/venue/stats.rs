//! What a gateway counts, readable from any thread while it runs: [`GatewayStats`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use super::counts::FrameCounts;
use super::gateway::FrameStats;

/// Counters of a gateway. Each is right by itself; read together they may be a frame apart.
#[derive(Debug, Default)]
pub struct GatewayStats {
    /// `received`, then the classes in the order of [`FrameCounts::classes`].
    frames: [AtomicU64; 10],
    gaps: AtomicU64,
    up: AtomicI64,
    connects: AtomicU64,
    failed: AtomicU64,
    replaced: AtomicU64,
    snapshots: AtomicU64,
    waits: Arc<AtomicU64>,
    /// Frames of the user data stream: [`ACCOUNT_CLASSES`].
    account: [AtomicU64; 4],
    account_up: AtomicBool,
}

/// What becomes of a frame of the account's stream; every one is in exactly one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::venue) enum AccountClass {
    /// It tells of an order.
    Order,
    /// It tells of balances or positions.
    Balance,
    /// Nothing is made of it.
    Unused,
    /// It cannot be read.
    Malformed,
}

/// The names of the classes, in the order of `AccountClass`.
pub const ACCOUNT_CLASSES: [&str; 4] = ["account-order", "account-balance", "account-unused", "account-malformed"];

impl GatewayStats {
    pub(in crate::venue) fn new(waits: Arc<AtomicU64>) -> Self {
        GatewayStats { waits, ..GatewayStats::default() }
    }

    /// What became of the frames so far.
    pub fn frames(&self) -> FrameCounts {
        let at = |index: usize| self.frames[index].load(Ordering::Relaxed);
        FrameCounts {
            received: at(0),
            journaled: at(1),
            buffered_then_journaled: at(2),
            buffered: at(3),
            duplicate: at(4),
            stale: at(5),
            malformed: at(6),
            control: at(7),
            unknown: at(8),
            conflated: at(9),
        }
    }

    /// What became of the frames of the user data stream, in the order of [`ACCOUNT_CLASSES`].
    pub fn account_frames(&self) -> [u64; 4] {
        [0, 1, 2, 3].map(|index: usize| self.account[index].load(Ordering::Relaxed))
    }

    /// Whether the user data stream is up.
    pub fn is_account_up(&self) -> bool {
        self.account_up.load(Ordering::Acquire)
    }

    /// Books lost to a gap.
    pub fn gaps(&self) -> u64 {
        self.gaps.load(Ordering::Relaxed)
    }

    /// Connections that are up.
    pub fn links_up(&self) -> u64 {
        self.up.load(Ordering::Relaxed).max(0).unsigned_abs()
    }

    /// Connections made, first ones and later ones.
    pub fn connects(&self) -> u64 {
        self.connects.load(Ordering::Relaxed)
    }

    /// Tries to connect that failed.
    pub fn failed_connects(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Connections replaced by a younger one without a hole.
    pub fn replaced(&self) -> u64 {
        self.replaced.load(Ordering::Relaxed)
    }

    /// Book snapshots that came.
    pub fn snapshots(&self) -> u64 {
        self.snapshots.load(Ordering::Relaxed)
    }

    /// How often the inbox was found full and waited for.
    pub fn inbox_waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    pub(in crate::venue) fn publish(&self, counts: &FrameCounts, gaps: u64) {
        self.frames[0].store(counts.received, Ordering::Relaxed);
        for (cell, (_, count)) in self.frames[1..].iter().zip(counts.classes()) {
            cell.store(count, Ordering::Relaxed);
        }
        self.gaps.store(gaps, Ordering::Relaxed);
    }

    pub(in crate::venue) fn on_account_frame(&self, class: AccountClass) {
        self.account[class as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::venue) fn on_account_link(&self, up: bool) {
        self.account_up.store(up, Ordering::Release);
    }

    pub(in crate::venue) fn on_up(&self) {
        self.up.fetch_add(1, Ordering::Relaxed);
        self.connects.fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::venue) fn on_down(&self) {
        self.up.fetch_sub(1, Ordering::Relaxed);
    }

    pub(in crate::venue) fn on_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::venue) fn on_replaced(&self) {
        self.replaced.fetch_add(1, Ordering::Relaxed);
        self.connects.fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::venue) fn on_snapshot(&self) {
        self.snapshots.fetch_add(1, Ordering::Relaxed);
    }
}

impl FrameStats for GatewayStats {
    fn received(&self) -> u64 {
        self.frames().received + self.account_frames().iter().sum::<u64>()
    }

    fn classes(&self) -> Vec<(&'static str, u64)> {
        let account = ACCOUNT_CLASSES.into_iter().zip(self.account_frames());
        self.frames().classes().into_iter().chain(account).collect()
    }
}
