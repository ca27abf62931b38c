//! Which raw frames of the journal are what: [`Channel`]; and today's parser on them: [`Reparser`].

use jangbu_journal::Nanos;

use super::wire::rest::answer;
use super::wire::rest::quote::AskQuoteBoard;
use super::wire::{Decoder, Exchange, Symbol};
use crate::event::Event;
use crate::market::InstrumentId;
use crate::venue::raw::Made;

/// Where a raw frame came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The WebSocket.
    Socket,
    /// Not a frame: from here on, frames of a stock make events. Its code as quotes name it, a space, its number.
    Defined,
    /// Not a frame: the connection was lost.
    Lost,
    /// The answer to ka10007, of a stock that began to be watched.
    Board,
}

impl Channel {
    /// As the journal numbers it.
    pub const fn number(self) -> u16 {
        match self {
            Channel::Socket => 0,
            Channel::Defined => 1,
            Channel::Lost => 2,
            Channel::Board => 3,
        }
    }

    /// From its number.
    pub const fn of(number: u16) -> Option<Channel> {
        match number {
            0 => Some(Channel::Socket),
            1 => Some(Channel::Defined),
            2 => Some(Channel::Lost),
            3 => Some(Channel::Board),
            _ => None,
        }
    }

    /// What stands in a frame of [`Channel::Defined`].
    pub fn defined(item: &str, id: InstrumentId) -> String {
        format!("{item} {}", id.0)
    }

    /// What stands in a frame of [`Channel::Board`]: the code as quotes name it, a space, the answer.
    pub fn board(item: &str, answer: &[u8]) -> Vec<u8> {
        [item.as_bytes(), b" ", answer].concat()
    }

    /// What a frame of [`Channel::Board`] says.
    pub fn read_board(bytes: &[u8]) -> Option<(&str, &[u8])> {
        let space = bytes.iter().position(|byte| *byte == b' ')?;
        Some((std::str::from_utf8(&bytes[..space]).ok()?, &bytes[space + 1..]))
    }

    /// What a frame of [`Channel::Defined`] says.
    pub fn read_defined(bytes: &[u8]) -> Option<(&str, InstrumentId)> {
        let (item, id) = std::str::from_utf8(bytes).ok()?.split_once(' ')?;
        Some((item, InstrumentId(id.parse().ok()?)))
    }
}

/// The gateway's way from frames to market events, once more. What became of our orders and our account is not made of frames alone
/// (answers of the REST interface have their part in it), so it is left out.
pub struct Reparser {
    decoder: Decoder,
    whole: bool,
}

impl Default for Reparser {
    fn default() -> Self {
        Reparser { decoder: Decoder::new(Exchange::Krx, std::iter::empty::<(&str, InstrumentId)>()), whole: false }
    }
}

impl Reparser {
    /// Whether all frames are kept, as far as is known, and not only those of our orders.
    pub const fn is_whole(&self) -> bool {
        self.whole
    }

    /// The next frame: its market events go to the end of `made`.
    pub fn reparse(&mut self, received: Nanos, channel: u16, bytes: &[u8], made: &mut Made) {
        let before = made.len();
        match Channel::of(channel) {
            Some(Channel::Socket) => {
                self.decoder.frame(received, bytes, made);
            }
            Some(Channel::Defined) => {
                self.whole = true;
                if let Some((item, id)) = Channel::read_defined(bytes) {
                    self.decoder.add(&Symbol::parse(item), id);
                }
            }
            Some(Channel::Lost) => self.decoder.lost(made),
            Some(Channel::Board) => {
                let read = Channel::read_board(bytes);
                let board = read.and_then(|(item, text)| Some((item, answer::<AskQuoteBoard>(200, text).ok()?)));
                if let Some((item, board)) = board {
                    self.decoder.board(received, &Symbol::parse(item), &board, made);
                }
            }
            None => {}
        }
        let mut place = 0;
        made.retain(|(_, event)| {
            place += 1;
            place <= before || matches!(event, Event::Market(_))
        });
    }
}
