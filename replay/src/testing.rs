//! Machines to test with: [`Tally`], which is honest, and [`Drunk`], which cheats and must be caught.

use jangbu_journal::{DecodeError, Decoder, Encoder, Nanos, Record, Seq, Stamp};

use crate::digest::{Canonical, Digest, Parts};
use crate::effects::Effects;
use crate::machine::{LoadError, Machine};

/// A number to add; the event and the effect of [`Tally`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(pub i64);

impl Record for Number {
    const SCHEMA: u16 = 1;
    type Context = i64;

    fn encode(&self, stamp: &Stamp, context: &mut i64, out: &mut Encoder<'_>) {
        out.i64(stamp.recv.get().wrapping_sub(*context));
        *context = stamp.recv.get();
        out.i64(self.0);
    }

    fn decode(
        _: u16,
        seq: Seq,
        context: &mut i64,
        input: &mut Decoder<'_>,
        out: &mut Vec<(Stamp, Self)>,
    ) -> Result<(), DecodeError> {
        *context = context.wrapping_add(input.i64()?);
        out.push((Stamp { seq, recv: Nanos::new(*context), venue: None }, Number(input.i64()?)));
        Ok(())
    }
}

impl Canonical for Number {
    fn write(&self, out: &mut Encoder<'_>) {
        out.i64(self.0);
    }
}

/// Adds numbers; every tenth event it says the sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    sum: i64,
    count: u64,
}

impl Machine for Tally {
    type Event = Number;
    type Effect = Number;

    fn apply(&mut self, _: &Stamp, event: &Number, effects: &mut Effects<Number>) {
        self.sum = self.sum.wrapping_add(event.0);
        self.count += 1;
        if self.count.is_multiple_of(10) {
            effects.push(Number(self.sum));
        }
    }

    fn wake_at(&self) -> Option<Nanos> {
        None
    }

    fn digest(&self, parts: &mut Parts) {
        let mut bytes = Vec::new();
        self.save(&mut bytes);
        parts.push("tally", Digest::of(&bytes));
    }

    fn save(&self, out: &mut Vec<u8>) {
        let mut out = Encoder::new(out);
        out.i64(self.sum);
        out.u64(self.count);
    }

    fn load(bytes: &[u8]) -> Result<Self, LoadError> {
        let mut input = Decoder::new(bytes);
        let tally = Tally { sum: input.i64()?, count: input.u64()? };
        input.finish()?;
        Ok(tally)
    }
}

/// How [`Drunk`] cheats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vice {
    /// Lets the address of an allocation into its state.
    #[default]
    Address,
    /// Iterates a randomly seeded hash map.
    HashOrder,
    /// Reads the clock.
    Clock,
}

/// A [`Tally`] that is not a function of its events. A verification that does not catch it is worth nothing.
#[derive(Clone, Debug, Default)]
pub struct Drunk {
    tally: Tally,
    vice: Vice,
}

impl Drunk {
    /// One with this vice.
    pub fn new(vice: Vice) -> Self {
        Drunk { tally: Tally::default(), vice }
    }

    #[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "cheating is what it is for")]
    fn cheat(&self) -> i64 {
        match self.vice {
            Vice::Address => {
                // Leaked, so that the allocator cannot hand the same address to the next run.
                let leaked: &'static u8 = Box::leak(Box::new(0));
                std::ptr::from_ref(leaked) as i64
            }
            Vice::HashOrder => {
                let map: std::collections::HashMap<i64, ()> = (0..64).map(|key| (key, ())).collect();
                map.into_keys().next().unwrap_or(0)
            }
            Vice::Clock => std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i64),
        }
    }
}

impl Machine for Drunk {
    type Event = Number;
    type Effect = Number;

    fn apply(&mut self, stamp: &Stamp, event: &Number, effects: &mut Effects<Number>) {
        let cheated = Number(event.0.wrapping_add(self.cheat()));
        self.tally.apply(stamp, &cheated, effects);
    }

    fn wake_at(&self) -> Option<Nanos> {
        None
    }

    fn digest(&self, parts: &mut Parts) {
        self.tally.digest(parts);
    }

    fn save(&self, out: &mut Vec<u8>) {
        self.tally.save(out);
    }

    fn load(bytes: &[u8]) -> Result<Self, LoadError> {
        Ok(Drunk { tally: Tally::load(bytes)?, vice: Vice::default() })
    }
}
