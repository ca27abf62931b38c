//! Kiwoom Securities (키움증권): Korean stocks at KRX and NXT, over the broker's REST interface and its WebSocket.
//!
//! `wire` reads and writes its messages: pure, without a socket or a clock.

pub mod time;
pub mod wire;
