//! The pure ring of Jangbu: everything that decides, and nothing that could decide differently a second time. No clock, no file, no
//! thread, no socket; the list of dependencies in `Cargo.toml` is the proof. `jangbu` re-exports the rooms under its own name.
#![cfg_attr(not(test), no_std)]
extern crate alloc;

// Reading order is dependency order: a room may use only rooms above it.
pub mod nearest;
pub mod market;
pub mod indicator;
pub mod account;
pub mod event;
pub mod effect;
pub mod strategy;
pub mod kernel;
pub mod simulator;
