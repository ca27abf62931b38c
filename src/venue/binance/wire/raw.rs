//! Raw frames in the journal, and back: [`frame_pieces`], [`FrameJoiner`], and what a channel number means ([`Channel`]).

use super::frame::FRAME_BYTES_MAX;
use crate::event::Frame;
use crate::market::{InstrumentId, Venue};

/// Where a raw frame came from, as its channel number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// A connection, by its number.
    Connection(u16),
    /// A depth snapshot of the REST interface, by the instrument it is of (up to 32,767). An empty one says that the connection
    /// which carried the book was lost.
    Snapshot(InstrumentId),
}

/// Above this bit a channel is a snapshot.
const SNAPSHOT_BIT: u16 = 0x8000;

impl Channel {
    /// As the journal writes it; an instrument beyond 32,767 has no channel.
    pub fn number(self) -> Option<u16> {
        match self {
            Channel::Connection(number) => (number < SNAPSHOT_BIT).then_some(number),
            Channel::Snapshot(InstrumentId(id)) => {
                u16::try_from(id).ok().filter(|id| *id < SNAPSHOT_BIT).map(|id| id | SNAPSHOT_BIT)
            }
        }
    }

    /// From the number the journal holds.
    pub fn of(number: u16) -> Channel {
        if number & SNAPSHOT_BIT == 0 {
            Channel::Connection(number)
        } else {
            Channel::Snapshot(InstrumentId(u32::from(number & !SNAPSHOT_BIT)))
        }
    }
}

/// A frame in pieces that fit a record. An empty frame is one empty piece.
pub fn frame_pieces(venue: Venue, channel: u16, bytes: &[u8]) -> impl Iterator<Item = Frame> + '_ {
    let count = bytes.len().div_ceil(Frame::BYTES_MAX).max(1);
    (0..count).map(move |index| {
        let from = index * Frame::BYTES_MAX;
        let to = (from + Frame::BYTES_MAX).min(bytes.len());
        Frame { venue, channel, more: index + 1 < count, bytes: bytes[from..to].into() }
    })
}

/// Joins the pieces of frames, of one venue. Pieces of a frame lie together in the journal; a frame whose end is missing
/// (the journal was cut there) is dropped when the next begins on another channel.
#[derive(Debug, Default)]
pub struct FrameJoiner {
    channel: u16,
    bytes: Vec<u8>,
    open: bool,
    joined: Vec<u8>,
}

impl FrameJoiner {
    /// A piece came; the whole frame and its channel when it was the last. A frame longer than any the venue sends is `None`.
    pub fn piece(&mut self, piece: &Frame) -> Option<(Channel, &[u8])> {
        if !self.open || self.channel != piece.channel {
            self.bytes.clear();
            self.channel = piece.channel;
        }
        self.open = piece.more;
        if self.bytes.len() + piece.bytes.len() <= FRAME_BYTES_MAX {
            self.bytes.extend_from_slice(&piece.bytes);
        }
        if piece.more {
            return None;
        }
        std::mem::swap(&mut self.bytes, &mut self.joined);
        self.bytes.clear();
        Some((Channel::of(piece.channel), &self.joined))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_join_to_what_they_were(lengths in proptest::collection::vec(0_usize..100_000, 1..5), channel in 0_u16..3) {
            let mut joiner = FrameJoiner::default();
            for length in lengths {
                let bytes: Vec<u8> = (0..length).map(|index| (index * 31 % 251) as u8).collect();
                let pieces: Vec<Frame> = frame_pieces(Venue::BinanceSpot, channel, &bytes).collect();
                prop_assert!(pieces.iter().all(|piece| piece.bytes.len() <= Frame::BYTES_MAX));
                let (last, first) = pieces.split_last().expect("at least one");
                for piece in first {
                    prop_assert!(joiner.piece(piece).is_none());
                }
                prop_assert_eq!(joiner.piece(last), Some((Channel::Connection(channel), bytes.as_slice())));
            }
        }
    }

    #[test]
    fn channels_round_trip() {
        for channel in [
            Channel::Connection(0),
            Channel::Connection(7),
            Channel::Snapshot(InstrumentId(0)),
            Channel::Snapshot(InstrumentId(900)),
        ] {
            assert_eq!(channel.number().map(Channel::of), Some(channel));
        }
        assert_eq!(Channel::Snapshot(InstrumentId(40_000)).number(), None);
    }
}
