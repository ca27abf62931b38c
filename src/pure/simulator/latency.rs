//! How long messages travel: [`LatencyModel`], and the constant one.

use jangbu_journal::Nanos;

pub use crate::event::command::LatencySettings;

/// How long an order takes to reach the venue, and its answer to come back. The simulator keeps messages of one direction in
/// order, whatever a model says: they travel on one connection.
pub trait LatencyModel: Send {
    /// Nanoseconds from our decision at `at` until the venue has it.
    fn entry_ns(&mut self, at: Nanos) -> i64;

    /// Nanoseconds from the venue's answer at `at` until we have it.
    fn response_ns(&mut self, at: Nanos) -> i64;
}

/// Always the same latency.
impl LatencyModel for LatencySettings {
    fn entry_ns(&mut self, _: Nanos) -> i64 {
        self.entry_ns
    }

    fn response_ns(&mut self, _: Nanos) -> i64 {
        self.response_ns
    }
}
