//! The live runtime: where time, sockets, the disk and the kernel meet.
//!
//! ```text
//! gateways → inbox ─┐                        ┌→ journal (its own thread makes it durable)
//! simulator, timers ┼→ world → drive() ──────┤
//! operator ─────────┘    ↑        └→ kernel ─┴→ effects → simulator (paper) | gate → gateways
//!                        └──────────────────────────────┘
//! ```
//!
//! [`jangbu_replay::drive()`] is the loop; this room gives it a [`world`](crate::live) to live in and a recorder that keeps the
//! journal.

pub mod clock;
pub mod latency;
pub mod advice;
pub mod gate;
pub mod counts;
pub mod valued;
pub mod status;
pub mod fills;
pub mod routes;
pub mod operator;
pub mod listing;
pub mod world;
pub mod summary;
pub mod journaling;
pub mod config;
pub mod error;
pub mod restart;
pub mod agreement;
pub mod broker;
pub mod emulators;
pub mod gateways;
pub mod halt;
pub mod control;
pub mod session;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod kill_tests;
#[cfg(test)]
mod ranking_tests;

pub use clock::Clock;
pub use counts::Counts;
pub use gate::Gate;
pub use latency::{Language, Latencies, Stage};
pub use status::{Gauges, Profit, Status, progress_line};
pub use summary::{FrameClasses, Halt, Summary};
pub use world::{Ended, LiveWorld, Wires, WorldError};
