//! A digest of a machine's state at a seq: [`Checkpoint`]. What a replay is verified against.

use serde::{Deserialize, Serialize};

use crate::stamp::Seq;

/// Digests at a seq. The journal keeps them; what they digest is the writer's business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// After which event.
    pub seq: Seq,
    /// How many effects so far.
    pub effects_count: u64,
    /// Digest of all effects so far.
    pub effects: u64,
    /// Digest of the state; 0 when this is a mark of effects only.
    pub state: u64,
    /// Digests of the state's parts by name; in a mark of effects, the effects' texts and digests.
    pub parts: Vec<(String, u64)>,
}
