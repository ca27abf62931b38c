//! Which raw frames of the journal are what: [`Channel`].

use crate::market::InstrumentId;

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
