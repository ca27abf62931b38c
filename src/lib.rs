//! Jangbu (장부): an event-sourced, deterministic trading kernel.
#![cfg_attr(not(any(feature = "offline", test)), no_std)]
extern crate alloc;

pub mod market;
