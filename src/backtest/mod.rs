//! The kernel on a market as it was: history and simulator as its world, no sockets, the same loop as live.

pub mod world;
#[cfg(test)]
mod tests;
