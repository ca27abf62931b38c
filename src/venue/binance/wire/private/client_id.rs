//! Our orders' names at the venue: [`ClientId`], made from the order's id and read back from reports.

use std::fmt;
use std::str::FromStr;

use jangbu_journal::{Nanos, Seq};

use crate::account::{OrderId, SessionId};

/// `jb-<session>-<seq>-<index>-<ms>`, and `.<revision>` for an order that replaced its forerunner (spot has no amendment that keeps
/// the order, so an amended order lives on as another one of the venue). An [`OrderId`] is unique within a journal; the moment of
/// its cause, to base 36, makes it unique over all journals that ever trade for the account, and is known again after a restart.
///
/// Within the venue's pattern `^[\.A-Z\:/a-z0-9_-]{1,36}$`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientId {
    /// Which order.
    pub order: OrderId,
    /// When its cause was received, milliseconds since 1970.
    pub caused_ms: u64,
    /// How often it was replaced.
    pub revision: u16,
}

/// The longest name the venue takes.
const LENGTH_MAX: usize = 36;
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

impl ClientId {
    /// The name of an order as first placed, which an event received at `caused` has caused.
    pub fn first(order: OrderId, caused: Nanos) -> Self {
        ClientId { order, caused_ms: u64::try_from(caused.get() / 1_000_000).unwrap_or(0), revision: 0 }
    }

    /// As the venue is told it; `None` when it is longer than the venue takes (some 10^12 events of session 9,999).
    pub fn text(&self) -> Option<String> {
        Some(self.to_string()).filter(|text| text.len() <= LENGTH_MAX)
    }
}

/// A number to base 36.
struct Base36(u64);

impl fmt::Display for Base36 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rest, digit) = (self.0 / 36, self.0 % 36);
        if rest > 0 {
            Base36(rest).fmt(f)?;
        }
        write!(f, "{}", char::from(DIGITS[digit as usize]))
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OrderId { session, seq, index } = self.order;
        write!(f, "jb-{session}-{}-{index}-{}", seq.get(), Base36(self.caused_ms))?;
        if self.revision > 0 { write!(f, ".{}", self.revision) } else { Ok(()) }
    }
}

impl FromStr for ClientId {
    type Err = ();

    /// Only texts that [`ClientId`] writes are read: `jb-01-1-0-a` is somebody else's.
    fn from_str(text: &str) -> Result<Self, ()> {
        let rest = text.strip_prefix("jb-").ok_or(())?;
        let (id, revision) = match rest.split_once('.') {
            Some((id, revision)) => (id, number(revision).filter(|revision| *revision > 0).ok_or(())?),
            None => (rest, 0),
        };
        let mut parts = id.split('-');
        let mut part = || parts.next().and_then(number);
        let (session, seq, index) = (part().ok_or(())?, part().ok_or(())?, part().ok_or(())?);
        let caused_ms = parts.next().and_then(|part| u64::from_str_radix(part, 36).ok()).ok_or(())?;
        let order = OrderId {
            session: SessionId(u32::try_from(session).map_err(|_| ())?),
            seq: Seq::new(seq),
            index: u16::try_from(index).map_err(|_| ())?,
        };
        let id = ClientId { order, caused_ms, revision: u16::try_from(revision).map_err(|_| ())? };
        // Also of the moment there is one form only.
        if id.to_string() == text { Ok(id) } else { Err(()) }
    }
}

/// A number without sign and leading zeros.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_are_read_as_they_were_written(
            session: u32,
            seq in 0_u64..1_000_000_000_000,
            index in 0_u16..100,
            caused_ms in 0_u64..36_u64.pow(8),
            revision in 0_u16..10,
        ) {
            let order = OrderId { session: SessionId(session), seq: Seq::new(seq), index };
            let id = ClientId { order, caused_ms, revision };
            let text = id.text();
            prop_assert!(text.as_ref().is_none_or(|text| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))));
            if session < 10_000 {
                prop_assert!(text.is_some());
            }
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn what_is_read_is_written_alike(text in "(jb-)?[0-9]{0,3}-[0-9]{0,4}-[0-9]{0,3}-[0-9a-zA-Z+]{0,3}(\\.[0-9]{1,2})?") {
            if let Ok(id) = text.parse::<ClientId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn other_names_are_not_ours() {
        let names = [
            "",
            "jb-",
            "jb-1-2",
            "jb-1-2-3",
            "jb-1-2-3-4-5",
            "jb-01-2-3-4",
            "jb-1-2-3-4.0",
            "jb-1-2-3-4.x",
            "JB-1-2-3-4",
            "web_x",
            "jb-+1-2-3-4",
            "jb-1-2-3-04",
            "jb-1-2-3-A",
            "jb-1-2-3-+a",
        ];
        for text in names {
            assert!(text.parse::<ClientId>().is_err(), "{text}");
        }
        let far = OrderId { session: SessionId(u32::MAX), seq: Seq::new(u64::MAX), index: u16::MAX };
        assert_eq!(ClientId::first(far, Nanos::ZERO).text(), None);
        let order = OrderId { session: SessionId(3), seq: Seq::new(18_211), index: 2 };
        let id = ClientId { revision: 1, ..ClientId::first(order, Nanos::new(1_795_165_445_123_456_789)) };
        assert_eq!(id.text().as_deref(), Some("jb-3-18211-2-mwor5mgz.1"));
    }
}
