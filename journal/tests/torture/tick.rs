//! A record like a trade, and what it is at each seq: a pure function, so that what is read back can be told from what was written.

use jangbu_journal::{DecodeError, Decoder, Encoder, Nanos, Record, Seq, Stamp};

/// A trade made up from its seq.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    pub symbol: u64,
    pub price: i64,
    pub quantity: u64,
    pub trade: u64,
    /// Mostly empty; sometimes long, so that blocks end at all kinds of places.
    pub note: Vec<u8>,
}

/// What earlier ticks of a block leave for later ones.
#[derive(Debug, Default)]
pub struct Last {
    recv: i64,
    price: i64,
}

/// splitmix64: spreads a number over 64 bits.
pub fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

impl Tick {
    /// The tick at `seq`.
    pub fn at(seq: Seq) -> (Stamp, Tick) {
        let n = seq.get();
        let random = mix(n);
        let recv = Nanos::new(1_700_000_000_000_000_000 + n as i64 * 1_000 + (random % 1_000) as i64);
        let note = match random >> 56 {
            0 => (0..random % 3_000).map(|at| mix(at ^ random) as u8).collect(),
            1..=9 => vec![random as u8; (random >> 8) as usize % 200],
            _ => Vec::new(),
        };
        let tick = Tick {
            symbol: random % 500,
            price: 50_000_000_000 + (random >> 20) as i64 % 1_000_000,
            quantity: 1 + (random >> 32) % 1_000_000,
            trade: n * 3,
            note,
        };
        let venue = (!random.is_multiple_of(7)).then(|| recv.plus(-1_500_000));
        (Stamp { seq, recv, venue }, tick)
    }
}

impl Record for Tick {
    const SCHEMA: u16 = 3;
    type Context = Last;

    fn encode(&self, stamp: &Stamp, context: &mut Last, out: &mut Encoder<'_>) {
        let recv = stamp.recv.get();
        out.i64(recv.wrapping_sub(context.recv));
        out.i64(stamp.venue.map_or(i64::MIN, |venue| venue.since(stamp.recv)));
        out.i64(self.price.wrapping_sub(context.price));
        out.u64(self.symbol);
        out.u64(self.quantity);
        out.u64(self.trade);
        out.bytes(&self.note);
        *context = Last { recv, price: self.price };
    }

    fn decode(
        schema: u16,
        seq: Seq,
        last: &mut Last,
        input: &mut Decoder<'_>,
        out: &mut Vec<(Stamp, Self)>,
    ) -> Result<(), DecodeError> {
        if schema != Self::SCHEMA {
            return Err(DecodeError::NewerSchema { found: schema, newest: Self::SCHEMA });
        }
        let recv = last.recv.wrapping_add(input.i64()?);
        let venue = input.i64()?;
        let venue = (venue != i64::MIN).then(|| Nanos::new(recv).plus(venue));
        let price = last.price.wrapping_add(input.i64()?);
        let tick =
            Tick { price, symbol: input.u64()?, quantity: input.u64()?, trade: input.u64()?, note: input.bytes()?.to_vec() };
        *last = Last { recv, price };
        out.push((Stamp { seq, recv: Nanos::new(recv), venue }, tick));
        Ok(())
    }
}
