//! Our own ids at the venue, [`Identifier`], and numbers for the venue's: [`number_of`].
//!
//! Upbit takes an id of ours once for the whole life of an account, also when the order failed. An [`OrderId`] is unique within a
//! journal; the moment of its cause makes it unique over all journals that ever trade for the account, and is known again after a
//! restart.

use std::fmt;
use std::str::FromStr;

use jangbu_journal::{Nanos, Seq};
use ring::digest;

use crate::account::{OrderId, SessionId};

/// Our id of an order, or of one that took its place: `jb-3-18211-0-19aa5c2f1b2`, and `…-2` for the second amendment of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identifier {
    /// The order.
    pub order: OrderId,
    /// When its cause was received, milliseconds since 1970.
    pub caused_ms: u64,
    /// How many orders it has taken the place of.
    pub revision: u16,
}

impl Identifier {
    /// Of an order that an event received at `caused` has caused.
    pub fn new(order: OrderId, caused: Nanos) -> Self {
        Identifier { order, caused_ms: u64::try_from(caused.get() / 1_000_000).unwrap_or(0), revision: 0 }
    }

    /// The same order, replaced so many times.
    #[must_use]
    pub fn revised(self, revision: u16) -> Self {
        Identifier { revision, ..self }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OrderId { session, seq, index } = self.order;
        write!(f, "jb-{session}-{seq}-{index}-{:x}", self.caused_ms)?;
        if self.revision == 0 { Ok(()) } else { write!(f, "-{}", self.revision) }
    }
}

impl FromStr for Identifier {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let mut parts = text.strip_prefix("jb-")?.split('-');
            let session = SessionId(parts.next()?.parse().ok()?);
            let seq = Seq::new(parts.next()?.parse().ok()?);
            let index = parts.next()?.parse().ok()?;
            let caused_ms = u64::from_str_radix(parts.next()?, 16).ok()?;
            let revision = parts.next().map_or(Some(0), |part| part.parse().ok())?;
            let id = Identifier { order: OrderId { session, seq, index }, caused_ms, revision };
            // Only what is written the one way: `+1` and `01` are somebody else's.
            (id.to_string() == text).then_some(id)
        };
        parse().ok_or_else(|| {
            let seen: String = text.chars().take(40).collect();
            format!("`{seen}` is not an identifier of ours (expected jb-<session>-<seq>-<index>-<ms, hexadecimal>[-<revision>])")
        })
    }
}

/// A number for an id of the venue (an order's, a fill's): the first 64 bits of the SHA-256 of its text. The same for ever. That
/// two of a million fills share one has a chance of one in 37 million; fills are compared within an order only, so that there it
/// is one in 10^13 even for an order of a thousand fills.
pub fn number_of(uuid: &str) -> u64 {
    let hash = digest::digest(&digest::SHA256, uuid.to_ascii_lowercase().as_bytes());
    hash.as_ref().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_read_as_it_was_written() {
        let order = OrderId { session: SessionId(3), seq: Seq::new(18_211), index: 2 };
        let id = Identifier::new(order, Nanos::new(1_795_165_445_123_456_789));
        assert_eq!(id.to_string(), "jb-3-18211-2-1a1f832dc03");
        for id in [id, id.revised(1), id.revised(u16::MAX), Identifier::new(OrderId::default(), Nanos::new(-5))] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        let others = [
            "",
            "jb-",
            "jb-1-2-3",
            "jb-01-2-3-4",
            "jb-1-2-3-4-0",
            "jb-1-2-3-4-5-6",
            "jb-+1-2-3-4",
            "jb-1-2-3-X",
            "k-1",
            "jb-1-2-70000-4",
        ];
        for text in others {
            assert!(text.parse::<Identifier>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_number_is_the_same_for_ever() {
        assert_eq!(number_of("abc"), 0xba78_16bf_8f01_cfea);
        assert_eq!(number_of("ABC"), number_of("abc"));
        assert_ne!(number_of("e0000000-0000-4000-8000-000000000001"), number_of("e0000000-0000-4000-8000-000000000002"));
    }
}
