//! The emulator over real sockets, read with the decoders of the client.

mod client;
mod days;
mod faults;
mod orders;
mod pages;
mod streams;
