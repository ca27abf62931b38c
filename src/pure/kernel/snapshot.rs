//! The kernel's state as bytes, part by part; digests are of the same bytes.

use alloc::format;
use alloc::vec::Vec;

use jangbu_journal::{Decoder, Encoder, Stamp};
use jangbu_replay::{Digest, LoadError, Parts};

use super::Kernel;
use super::derived::Derived;
use super::facts::Facts;
use super::strategies::Strategies;
use crate::account::Portfolio;

/// Version of the form below. A build loads its own version; for another it replays the journal from the start.
const VERSION: u64 = 2;

impl Kernel {
    /// Every part under its name. The order is part of the form.
    fn parts(&self) -> Vec<(&'static str, Vec<u8>)> {
        fn bytes(write: impl FnOnce(&mut Encoder<'_>)) -> Vec<u8> {
            let mut out = Vec::new();
            write(&mut Encoder::new(&mut out));
            out
        }
        let mut parts = alloc::vec![
            ("stamp", bytes(|out| write_stamp(&self.stamp, out))),
            ("operator", bytes(|out| out.value(&(&self.operator, &self.counts)))),
            ("markets", bytes(|out| out.value(&self.markets))),
            ("orders", bytes(|out| out.value(&self.orders))),
            ("portfolio", bytes(|out| out.value(&(&self.portfolio, &self.reported, &self.venues)))),
            ("risk", bytes(|out| out.value(&self.risk))),
            ("timers", bytes(|out| out.value(&self.timers))),
            ("notices", bytes(|out| out.value(&self.notices))),
            ("strategies", bytes(|out| self.strategies.save(out))),
        ];
        // Only where it is used: journals written before there was such a part digest to what they did.
        // What comes later in the form needs what comes before it.
        let has_margins = !self.margins.is_idle();
        let has_facts = !self.facts.is_idle() || has_margins;
        let has_flows = !self.flows.is_idle() || !self.portfolio.incomes().is_empty() || has_facts;
        if !self.derived.is_idle() || !self.ranking.is_idle() || has_flows {
            parts.push(("derived", bytes(|out| self.derived.save(out))));
            parts.push(("ranking", bytes(|out| out.value(&self.ranking))));
        }
        if has_flows {
            parts.push(("flows", bytes(|out| out.value(&(&self.flows, self.portfolio.incomes())))));
        }
        if has_facts {
            parts.push(("facts", bytes(|out| out.value(&self.facts))));
        }
        if has_margins {
            parts.push(("margins", bytes(|out| out.value(&self.margins))));
        }
        parts
    }

    pub(super) fn digest_parts(&self, parts: &mut Parts) {
        for (name, bytes) in self.parts() {
            parts.push(name, Digest::of(&bytes));
        }
    }

    pub(super) fn save_parts(&self, out: &mut Vec<u8>) {
        let mut out = Encoder::new(out);
        out.u64(VERSION);
        for (_, bytes) in self.parts() {
            out.bytes(&bytes);
        }
    }

    pub(super) fn load_parts(bytes: &[u8]) -> Result<Self, LoadError> {
        let mut input = Decoder::new(bytes);
        let version = input.u64()?;
        if version != VERSION {
            return Err(LoadError { reason: format!("it is of version {version}, this build knows {VERSION}") });
        }
        let mut next = || input.bytes();
        let stamp = read_stamp(&mut Decoder::new(next()?))?;
        let (operator, counts) = Decoder::new(next()?).value("operator")?;
        let markets = Decoder::new(next()?).value("markets")?;
        let orders = Decoder::new(next()?).value("orders")?;
        let (mut portfolio, reported, venues): (Portfolio, _, _) = Decoder::new(next()?).value("portfolio")?;
        let risk = Decoder::new(next()?).value("risk")?;
        let timers = Decoder::new(next()?).value("timers")?;
        let notices = Decoder::new(next()?).value("notices")?;
        let mut strategies = Decoder::new(next()?);
        let running = Strategies::load(&mut strategies, &markets)?;
        strategies.finish()?;
        let (mut derived, mut ranking, mut flows, mut margins) = Default::default();
        if input.remaining() > 0 {
            let mut part = Decoder::new(input.bytes()?);
            derived = Derived::load(&mut part, &markets)?;
            part.finish()?;
            ranking = Decoder::new(input.bytes()?).value("ranking")?;
        }
        if input.remaining() > 0 {
            let incomes;
            (flows, incomes) = Decoder::new(input.bytes()?).value("flows")?;
            portfolio.set_incomes(incomes);
        }
        let facts =
            if input.remaining() > 0 { Decoder::new(input.bytes()?).value("facts of the day")? } else { Facts::default() };
        if input.remaining() > 0 {
            margins = Decoder::new(input.bytes()?).value("margins")?;
        }
        input.finish()?;
        Ok(Kernel {
            stamp,
            operator,
            counts,
            markets,
            orders,
            portfolio,
            reported,
            venues,
            risk,
            timers,
            notices,
            strategies: running,
            derived,
            ranking,
            flows,
            facts,
            margins,
            ..Kernel::default()
        })
    }
}

fn write_stamp(stamp: &Stamp, out: &mut Encoder<'_>) {
    out.value(&(stamp.seq, stamp.recv, stamp.venue));
}

fn read_stamp(input: &mut Decoder<'_>) -> Result<Stamp, LoadError> {
    let (seq, recv, venue) = input.value("stamp")?;
    Ok(Stamp { seq, recv, venue })
}
