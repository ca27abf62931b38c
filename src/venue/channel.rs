//! Where a raw frame in the journal came from: [`Channel`].

use crate::market::InstrumentId;

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

#[cfg(test)]
mod tests {
    use super::*;

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
