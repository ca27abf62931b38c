//! Canonical hashing of state and effects: [`Digest`], [`Parts`], [`EffectsDigest`].

use core::fmt;

use jangbu_journal::Encoder;
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_64_with_seed};

/// A value with one byte form, the same on every machine and in every build.
pub trait Canonical {
    /// Appends that form.
    fn write(&self, out: &mut Encoder<'_>);
}

/// An xxh3-64 hash of canonical bytes. It finds accidents, not forgers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u64);

impl Digest {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Digest(xxh3_64(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Digests of a state's parts, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    parts: Vec<(&'static str, Digest)>,
}

impl Parts {
    /// No parts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a part. Parts are added in a fixed order.
    pub fn push(&mut self, name: &'static str, digest: Digest) {
        self.parts.push((name, digest));
    }

    /// Name and digest of each, in the order added.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Digest)> + '_ {
        self.parts.iter().copied()
    }

    /// One digest of them all.
    pub fn total(&self) -> Digest {
        let mut hasher = Xxh3::new();
        for (name, digest) in &self.parts {
            hasher.update(name.as_bytes());
            hasher.update(&digest.0.to_le_bytes());
        }
        Digest(hasher.digest())
    }
}

/// A running digest of every effect so far, with its position.
#[derive(Clone, Debug, Default)]
pub struct EffectsDigest {
    /// How many effects.
    pub count: u64,
    /// Their digest, each chained on the one before.
    pub digest: Digest,
    scratch: Vec<u8>,
}

impl EffectsDigest {
    /// Goes on from a recorded count and digest.
    pub fn resume(count: u64, digest: Digest) -> Self {
        EffectsDigest { count, digest, scratch: Vec::new() }
    }

    /// Adds the effects of the event at `seq`.
    pub fn add<E: Canonical>(&mut self, seq: jangbu_journal::Seq, effects: &[E]) {
        for effect in effects {
            self.scratch.clear();
            let mut out = Encoder::new(&mut self.scratch);
            out.u64(seq.get());
            effect.write(&mut out);
            self.digest = Digest(xxh3_64_with_seed(&self.scratch, self.digest.0));
            self.count += 1;
        }
    }
}
