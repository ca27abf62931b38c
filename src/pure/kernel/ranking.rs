//! Which instruments are in the turnover ranking of their venue, and which are watched because of it: [`Ranking`].

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use jangbu_replay::Effects;
use serde::{Deserialize, Serialize};

use super::Kernel;
use crate::effect::Effect;
use crate::event::market::Ranked;
use crate::market::{InstrumentId, Venue};

/// What venues say of their ranking in this session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ranking {
    /// Instruments that are watched for their rank: the place, or `None` when they left it and something keeps them.
    places: BTreeMap<InstrumentId, Option<u32>>,
    /// Venues that have told a ranking.
    venues: Vec<Venue>,
}

impl Ranking {
    /// Whether no venue ranks.
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        self.venues.is_empty() && self.places.is_empty()
    }

    /// Whether an instrument is in the ranking of its venue; `None` when the venue tells none.
    pub(super) fn is_ranked(&self, venue: Venue, instrument: InstrumentId) -> Option<bool> {
        self.venues.contains(&venue).then(|| self.places.get(&instrument).copied().flatten().is_some())
    }
}

impl Kernel {
    /// An instrument entered or left the ranking.
    pub(super) fn on_ranked(&mut self, ranked: &Ranked, effects: &mut Effects<Effect>) {
        let Some(market) = self.markets.get(ranked.instrument) else {
            self.counts.unknown = self.counts.unknown.saturating_add(1);
            return;
        };
        let (id, venue) = (ranked.instrument, market.instrument.venue);
        if !self.ranking.venues.contains(&venue) {
            self.ranking.venues.push(venue);
        }
        let was = self.ranking.places.insert(id, ranked.place);
        if ranked.place.is_some() {
            if was.is_none() {
                effects.push(Effect::Subscribe { instrument: id, on: true });
            }
        } else {
            self.release(id, effects);
        }
    }

    /// Stops watching an instrument that left the ranking, unless something of it is held or ordered.
    pub(super) fn release(&mut self, id: InstrumentId, effects: &mut Effects<Effect>) {
        if self.ranking.places.get(&id) == Some(&None) && !self.is_in_use(id) {
            self.ranking.places.remove(&id);
            effects.push(Effect::Subscribe { instrument: id, on: false });
        }
    }

    fn is_in_use(&self, id: InstrumentId) -> bool {
        !self.portfolio.position(id).qty.is_zero() || self.orders.of(id).next().is_some()
    }

    /// A session starts: rankings are told anew, and what is held or ordered is watched until then and after.
    pub(super) fn begin_ranking(&mut self, effects: &mut Effects<Effect>) {
        self.ranking.venues.clear();
        let places = core::mem::take(&mut self.ranking.places);
        for id in places.into_keys() {
            if !self.is_in_use(id) {
                continue;
            }
            self.ranking.places.insert(id, None);
            effects.push(Effect::Subscribe { instrument: id, on: true });
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::super::tests::{FUTURE, Rig, SPOT};
    use super::*;
    use crate::account::{OrderUpdate, SessionId};
    use crate::event::command::{Command, RiskLimits};
    use crate::event::{Event, MarketEvent};
    use crate::market::Side;
    use crate::market::testing::money;

    fn rank(rig: &mut Rig, instrument: InstrumentId, place: Option<u32>) {
        rig.hear(Event::Market(MarketEvent::Ranked(Ranked { instrument, place, turnover: money("5") })));
    }

    /// The subscriptions asked for since the last call.
    fn asked(rig: &mut Rig) -> Vec<(u32, bool)> {
        let subscribe = |effect: Effect| match effect {
            Effect::Subscribe { instrument, on } => Some((instrument.0, on)),
            _ => None,
        };
        core::mem::take(&mut rig.effects).into_iter().filter_map(subscribe).collect()
    }

    #[test]
    fn newcomers_are_watched_and_leavers_are_not() {
        let mut rig = Rig::new(RiskLimits::default());
        assert_eq!(rig.kernel.ranking.is_ranked(Venue::BinanceSpot, SPOT), None, "nobody ranks");
        rank(&mut rig, SPOT, Some(3));
        rank(&mut rig, SPOT, Some(2));
        assert_eq!(asked(&mut rig), [(0, true)]);
        assert_eq!(rig.kernel.ranking.is_ranked(Venue::BinanceSpot, SPOT), Some(true));
        assert_eq!(rig.kernel.ranking.is_ranked(Venue::BinanceUsdM, FUTURE), None, "another venue");
        rank(&mut rig, SPOT, None);
        rank(&mut rig, SPOT, None);
        assert_eq!(
            asked(&mut rig),
            [(0, false), (0, false)],
            "what was not watched for its rank may still be by name: said again"
        );
        assert_eq!(rig.kernel.ranking.is_ranked(Venue::BinanceSpot, SPOT), Some(false));
        rank(&mut rig, InstrumentId(99), Some(1));
        assert_eq!((asked(&mut rig), rig.kernel.counts().unknown), (Vec::new(), 1));
    }

    #[test]
    fn what_is_ordered_or_held_stays_watched_until_it_is_over() {
        let mut rig = Rig::new(RiskLimits::default());
        rank(&mut rig, SPOT, Some(1));
        let buy = rig.order(SPOT, Side::Buy, Some("50000"), "1").expect("it leaves");
        rig.update(buy, OrderUpdate::Accepted { venue_order: 1 });
        rank(&mut rig, SPOT, None);
        assert_eq!(asked(&mut rig), [(0, true)], "an order is open");
        rig.fill(buy, 1, "50000", "1");
        assert_eq!(asked(&mut rig), [], "a position is held");
        // A restart: what is held is watched again, though nobody has told a ranking.
        rig.say(Command::SessionStarted { session: SessionId(4), build: "b".into(), mode: "paper".into() });
        assert_eq!(asked(&mut rig), [(0, true)]);
        rank(&mut rig, FUTURE, Some(1));
        let sell = rig.order(SPOT, Side::Sell, Some("50000"), "1").expect("it leaves");
        rig.update(sell, OrderUpdate::Accepted { venue_order: 2 });
        assert_eq!(asked(&mut rig), [(1, true)]);
        rig.fill(sell, 2, "50000", "1");
        assert_eq!(asked(&mut rig), [(0, false)], "nothing is left of it");
        // What nobody holds is not asked for by the next session.
        rig.say(Command::SessionStarted { session: SessionId(5), build: "b".into(), mode: "paper".into() });
        assert_eq!(asked(&mut rig), []);
    }
}
