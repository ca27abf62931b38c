//! Raw frames in the journal, and back: [`frame_pieces`], [`FrameJoiner`]; and what a decoder makes of one: [`Made`].

use jangbu_journal::Nanos;

use crate::event::{Event, Frame};
use crate::market::Venue;

/// The longest frame joined: longer than any venue sends (a full depth snapshot of Binance is some 300 KB).
const JOINED_BYTES_MAX: usize = 16 << 20;

/// Events made of a frame, in order, each with the venue's time if the venue says one.
pub type Made = Vec<(Option<Nanos>, Event)>;

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
    pub fn piece(&mut self, piece: &Frame) -> Option<(u16, &[u8])> {
        if !self.open || self.channel != piece.channel {
            self.bytes.clear();
            self.channel = piece.channel;
        }
        self.open = piece.more;
        if self.bytes.len() + piece.bytes.len() <= JOINED_BYTES_MAX {
            self.bytes.extend_from_slice(&piece.bytes);
        }
        if piece.more {
            return None;
        }
        std::mem::swap(&mut self.bytes, &mut self.joined);
        self.bytes.clear();
        Some((piece.channel, &self.joined))
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
                prop_assert_eq!(joiner.piece(last), Some((channel, bytes.as_slice())));
            }
        }
    }
}
