//! Identity of orders: [`OrderId`], a position and not a counter.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use jangbu_journal::Seq;
use serde::{Deserialize, Serialize};

/// Number of a session (one run of the live program) within a journal, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub u32);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An order of ours: the position of the effect that submitted it. No counter, no uuid, no random number, so a replay gives
/// the same ids, and a resend is recognisable at the venue.
///
/// Ids of one journal rise with time: they order by session, event and effect.
///
/// Its text, `J<session>-<seq>-<index>`, is the client order id sent to venues that take one (at most 36 characters).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderId {
    /// The session that submitted it.
    pub session: SessionId,
    /// The event that caused it.
    pub seq: Seq,
    /// Which of the event's effects.
    pub index: u16,
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "J{}-{}-{}", self.session, self.seq, self.index)
    }
}

impl FromStr for OrderId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{text}` is not an order id of ours (expected J<session>-<seq>-<index>, like J3-18211-0)");
        let mut parts = text.strip_prefix('J').ok_or_else(bad)?.splitn(3, '-');
        let mut part = || parts.next().ok_or_else(bad);
        let session = SessionId(part()?.parse().map_err(|_| bad())?);
        let seq = Seq::new(part()?.parse().map_err(|_| bad())?);
        let index = part()?.parse().map_err(|_| bad())?;
        Ok(OrderId { session, seq, index })
    }
}

/// Which strategy an order belongs to: its index among the configured ones. `MANUAL` is the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StrategyId(pub u16);

impl StrategyId {
    /// Orders an operator placed by hand.
    pub const MANUAL: StrategyId = StrategyId(u16::MAX);
    /// Orders that exist at the venue and are not ours.
    pub const EXTERNAL: StrategyId = StrategyId(u16::MAX - 1);
}
