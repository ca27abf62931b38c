//! A digest of a machine's state at a seq: [`Checkpoint`]. What a replay is verified against.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::codec::{Decoder, Encoder};
use crate::stamp::Seq;
use crate::store::Key;

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

const MAGIC: &[u8; 4] = b"JCHK";
const LENGTH_BYTES: usize = 4;
const CHECKSUM_BYTES: usize = 8;

impl Checkpoint {
    /// Where it is stored: a mark of effects and one of state may share a seq.
    pub fn key(&self) -> Key {
        Key { block: self.seq, fragment: u16::from(self.state != 0) }
    }

    /// As it is stored: magic, length (u32, little-endian), value, xxh3-64 of all before. So it can be trusted, and found again
    /// in a damaged file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut value = Vec::new();
        Encoder::new(&mut value).value(self);
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&value);
        let checksum = xxh3_64(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// The inverse.
    ///
    /// # Errors
    /// The reason when the bytes are not exactly what [`Checkpoint::to_bytes`] writes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Checkpoint, String> {
        match stored_bytes(bytes) {
            Some(length) if length == bytes.len() => {}
            _ => return Err("it is not a checkpoint".into()),
        }
        let (body, checksum) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
        if xxh3_64(body).to_le_bytes() != checksum {
            return Err("its checksum does not match".into());
        }
        let mut input = Decoder::new(&body[MAGIC.len() + LENGTH_BYTES..]);
        let checkpoint = input.value("a checkpoint").map_err(|error| error.to_string())?;
        input.finish().map_err(|error| error.to_string())?;
        Ok(checkpoint)
    }
}

/// How many bytes the checkpoint takes that `bytes` begins with, if it does.
fn stored_bytes(bytes: &[u8]) -> Option<usize> {
    let length = bytes.strip_prefix(MAGIC)?.get(..LENGTH_BYTES)?;
    let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
    length.checked_add(MAGIC.len() + LENGTH_BYTES + CHECKSUM_BYTES)
}

/// The checkpoints that stand somewhere in `bytes` and are intact, as stored. Needs nothing of what is around them.
pub fn carve(bytes: &[u8]) -> impl Iterator<Item = (Checkpoint, &[u8])> {
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some(found) = bytes.get(from..)?.windows(MAGIC.len()).position(|window| window == MAGIC) {
            let at = from + found;
            from = at + 1;
            let rest = &bytes[at..];
            let Some(whole) = stored_bytes(rest).and_then(|length| rest.get(..length)) else { continue };
            if let Ok(checkpoint) = Checkpoint::from_bytes(whole) {
                from = at + whole.len();
                return Some((checkpoint, whole));
            }
        }
        from = bytes.len();
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_found_among_anything_and_damage_is_noticed() {
        let checkpoint =
            |seq| Checkpoint { seq: Seq::new(seq), effects_count: 1, effects: 2, state: seq, parts: vec![("a".into(), 7)] };
        let mut bytes = b"JCHKJC".to_vec();
        for seq in 1..4 {
            let whole = checkpoint(seq).to_bytes();
            assert_eq!(Checkpoint::from_bytes(&whole), Ok(checkpoint(seq)));
            for bit in 0..whole.len() * 8 {
                let mut damaged = whole.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert!(Checkpoint::from_bytes(&damaged).is_err(), "bit {bit}");
            }
            bytes.extend_from_slice(&whole);
            bytes.extend_from_slice(&whole[..9]);
        }
        assert_eq!(carve(&bytes).map(|(found, _)| found.seq.get()).collect::<Vec<_>>(), [1, 2, 3]);
    }
}
