//! Import and export: what is read from files and written to them.

pub mod tape;
