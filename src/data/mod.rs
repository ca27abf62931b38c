//! Import and export: what is read from files and written to them.

pub mod history;
pub mod synthetic;
pub mod tape;
