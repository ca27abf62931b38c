//! Orders and accounts on the wire: requests as parameters, answers and user data as values. No socket, no clock, no key.
//!
//! ```text
//!   NewOrder, Amendment ─▶ request.rs ─▶ parameters ─▶ (signed and sent by the gateway)
//!   answers            ─▶ orders.rs, account.rs, income.rs  refusals ─▶ refusal.rs (with the order's fate)
//!   user data frames   ─▶ user.rs                     filters  ─▶ filters.rs (checked before an order leaves)
//! ```
//!
//! Sources: binance-spot-api-docs (2026-07) and the futures pages of developers.binance.com; what they leave open says so.

pub mod account;
pub mod client_id;
pub mod filters;
pub mod income;
pub mod margin;
pub mod orders;
pub mod parameters;
pub mod refusal;
pub mod request;
pub mod user;
#[cfg(test)]
mod samples_tests;

pub use client_id::ClientId;
pub use filters::Filters;
pub use parameters::Parameters;
pub use refusal::{Cause, Fate, Refusal};
pub use user::{OrderReport, UserFrame};
