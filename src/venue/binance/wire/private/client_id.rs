//! Our orders' names at the venue: [`ClientId`], made from the order's id and read back from reports.

use std::fmt;
use std::str::FromStr;

use jangbu_journal::Seq;

use crate::account::{OrderId, SessionId};

/// `jb-<session>-<seq>-<index>`, and `.<revision>` for an order that replaced its forerunner (spot has no amendment that keeps
/// the order, so an amended order lives on as another one of the venue).
///
/// Within the venue's pattern `^[\.A-Z\:/a-z0-9_-]{1,36}$`. An order of another journal can bear the same name, so a name alone
/// proves nothing: the gateway knows which orders it sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientId {
    /// Which order.
    pub order: OrderId,
    /// How often it was replaced.
    pub revision: u16,
}

/// The longest name the venue takes.
const LENGTH_MAX: usize = 36;

impl ClientId {
    /// The name of an order as first placed.
    pub fn first(order: OrderId) -> Self {
        ClientId { order, revision: 0 }
    }

    /// As the venue is told it; `None` when it is longer than the venue takes (beyond 10^14 events).
    pub fn text(&self) -> Option<String> {
        Some(self.to_string()).filter(|text| text.len() <= LENGTH_MAX)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OrderId { session, seq, index } = self.order;
        write!(f, "jb-{session}-{}-{index}", seq.get())?;
        if self.revision > 0 { write!(f, ".{}", self.revision) } else { Ok(()) }
    }
}

impl FromStr for ClientId {
    type Err = ();

    /// Only texts that [`ClientId`] writes are read: `jb-01-1-0` is somebody else's.
    fn from_str(text: &str) -> Result<Self, ()> {
        let rest = text.strip_prefix("jb-").ok_or(())?;
        let (id, revision) = match rest.split_once('.') {
            Some((id, revision)) => (id, number(revision).filter(|revision| *revision > 0).ok_or(())?),
            None => (rest, 0),
        };
        let mut parts = id.split('-');
        let mut part = || parts.next().and_then(number);
        let (session, seq, index) = (part().ok_or(())?, part().ok_or(())?, part().ok_or(())?);
        if parts.next().is_some() {
            return Err(());
        }
        let order = OrderId {
            session: SessionId(u32::try_from(session).map_err(|_| ())?),
            seq: Seq::new(seq),
            index: u16::try_from(index).map_err(|_| ())?,
        };
        Ok(ClientId { order, revision: u16::try_from(revision).map_err(|_| ())? })
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
        fn names_are_read_as_they_were_written(session: u32, seq in 0_u64..1 << 44, index in 0_u16..1000, revision in 0_u16..100) {
            let order = OrderId { session: SessionId(session), seq: Seq::new(seq), index };
            let id = ClientId { order, revision };
            let text = id.text();
            prop_assert!(text.as_ref().is_none_or(|text| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))));
            if session < 1_000_000 {
                prop_assert!(text.is_some());
            }
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn what_is_read_is_written_alike(text in "(jb)?-?[0-9]{0,3}-[0-9]{0,4}-[0-9]{0,3}(\\.[0-9]{1,2})?") {
            if let Ok(id) = text.parse::<ClientId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn other_names_are_not_ours() {
        for text in ["", "jb-", "jb-1-2", "jb-1-2-3-4", "jb-01-2-3", "jb-1-2-3.0", "jb-1-2-3.x", "JB-1-2-3", "web_x", "jb-+1-2-3"]
        {
            assert!(text.parse::<ClientId>().is_err(), "{text}");
        }
        let far = OrderId { session: SessionId(u32::MAX), seq: Seq::new(u64::MAX), index: u16::MAX };
        assert_eq!(ClientId::first(far).text(), None);
    }
}
