//! What an emulator has done so far.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::Serialize;

use super::config::MarketKind;

/// A count of everything an emulator did, over all its markets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EmulatorStats {
    /// Market frames read from the sources, depth snapshots not counted.
    pub frames_played: u64,
    /// Market frames written to connections; a frame sent to two connections counts twice. Garbage is not counted.
    pub frames_sent: u64,
    /// The same by kind of stream: `depth`, `trade`, `bookTicker`.
    pub frames_sent_by_kind: BTreeMap<String, u64>,
    /// Connections ever made.
    pub connections_made: u64,
    /// Connections open.
    pub connections_open: u64,
    /// Every connection ever made, in order.
    pub connections: Vec<ConnectionStats>,
    /// REST calls answered, errors included.
    pub rest_calls: u64,
    /// Every tape has ended and all its frames have been written. Synthetic markets never finish.
    pub finished: bool,
    /// Why a source stopped before its end, if it did.
    pub failures: Vec<String>,
}

/// What one connection was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionStats {
    /// Its number within its market, from 1.
    pub id: u64,
    /// The market it is connected to.
    pub market: MarketKind,
    /// Who it is.
    pub peer: SocketAddr,
    /// Still open.
    pub open: bool,
    /// Market frames written.
    pub frames_sent: u64,
    /// The same by the stream's name.
    pub frames_sent_by_stream: BTreeMap<String, u64>,
    /// Frames left out by a fault, silence included.
    pub frames_dropped: u64,
    /// Frames sent once more by a fault; they count in `frames_sent` too.
    pub frames_duplicated: u64,
    /// Things sent that are no frames.
    pub garbage_sent: u64,
    /// Messages received: requests, pings and pongs.
    pub messages_received: u64,
    /// Why it ended, once it has.
    pub closed_because: Option<&'static str>,
}
