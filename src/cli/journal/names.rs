//! What instruments are called: [`Names`]. Their definitions may stand far before the events that are shown.

use std::collections::BTreeMap;

use jangbu_journal::{Reader, Seq};
use jangbu_replay::Machine;

use crate::event::{Event, MarketEvent};
use crate::kernel::Kernel;
use crate::market::{Instrument, InstrumentId};

/// A session defines its instruments before anything else; so many events are looked at.
const OPENING_EVENTS: usize = 2_000;

/// Names of instruments by id.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<InstrumentId, String>);

impl Names {
    /// What is known before `from`: by the newest snapshot, else by the opening of the session that `from` is of.
    pub(super) fn before(reader: &Reader<Event>, from: Seq) -> Names {
        let mut names = Names::default();
        // Without names a line shows the number: nothing here is worth an error.
        let snapshot = reader.latest_snapshot(from).ok().flatten();
        if let Some(kernel) = snapshot.and_then(|(_, state)| Kernel::load(&state).ok()) {
            kernel.instruments().for_each(|instrument| names.define(instrument));
        }
        let session = reader.sessions().iter().rev().find(|session| session.first <= from);
        if let (true, Some(session)) = (names.0.is_empty(), session)
            && let Ok(mut scan) = reader.scan(session.first)
        {
            let mut opening = Vec::new();
            let _ = scan.next_batch(OPENING_EVENTS, &mut opening);
            opening.iter().for_each(|(_, event)| names.hear(event));
        }
        names
    }

    /// Takes up a definition.
    pub(super) fn hear(&mut self, event: &Event) {
        if let Event::Market(MarketEvent::Instrument(instrument)) = event {
            self.define(instrument);
        }
    }

    fn define(&mut self, instrument: &Instrument) {
        self.0.insert(instrument.id, format!("{}:{}", instrument.venue, instrument.symbol));
    }

    /// `venue:SYMBOL`, or `#id` of one that is not known.
    pub(super) fn of(&self, id: InstrumentId) -> String {
        self.0.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }
}
