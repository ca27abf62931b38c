//! The kernel on a market as it was: history and simulator as its world, no sockets, the same loop as live.

pub mod tape;
pub mod journal;
pub mod world;
pub mod report;
pub mod ledger;
pub mod run;
#[cfg(test)]
mod tests;
