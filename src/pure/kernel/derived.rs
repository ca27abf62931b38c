//! What follows from several markets: exchange rates, and how much dearer coins are at home than abroad (김프). [`Derived`].
//!
//! ```text
//!   home    upbit KRW-BTC ────────────┐
//!   abroad  binance BTCUSDT ──────────┼─► home ÷ (abroad × rate) − 1 ─► strategies, status
//!   rate    USDT→KRW: upbit KRW-USDT ─┘
//! ```
//!
//! None of it is an event: it is a function of the prices in the journal, and every replay comes to the same. Whoever wants it
//! back from a journal replays it; the state of this part is in the digests.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use jangbu_journal::{Decoder, Encoder, Nanos};
use jangbu_replay::LoadError;

use super::markets::{Market, Markets};
use crate::event::valuation::{RateSource, ValuationSettings};
use crate::market::number::ONE;
use crate::market::premium::{chained, premium};
use crate::market::{Currency, Instrument, InstrumentId, InstrumentKind, Premium, Price, Rate};

/// Rates through other currencies are followed so far: BNB→USDT→KRW is two.
const CHAIN_MAX: u32 = 4;

/// The two markets of a coin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) home: InstrumentId,
    pub(super) abroad: InstrumentId,
}

/// Exchange rates and premiums.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Derived {
    settings: ValuationSettings,
    /// When each instrument's price was heard last, by our clock; by instrument number.
    heard: Vec<Option<Nanos>>,
    /// The premium told last; by the number of the market at home.
    told: Vec<Option<Rate>>,
    // What follows from settings and instruments:
    /// The instrument of each rate of the settings.
    sources: Vec<Option<InstrumentId>>,
    pairs: Vec<Pair>,
    /// By instrument: the pairs whose premium its price changes; its own first.
    concerned: Vec<Vec<u32>>,
}

impl Derived {
    /// Whether nobody asked for any of it. It then remembers nothing.
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        self.settings.currency.is_none()
    }

    /// The currency of totals.
    pub(super) fn currency(&self) -> Option<Currency> {
        self.settings.currency
    }

    /// The coins that are compared.
    pub(super) fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    pub(super) fn configure(&mut self, settings: &ValuationSettings, markets: &Markets) {
        if settings.currency.is_none() {
            *self = Derived::default();
            return;
        }
        self.settings = settings.clone();
        self.connect(markets);
    }

    /// An instrument was defined, or defined anew.
    pub(super) fn on_instrument(&mut self, instrument: &Instrument, markets: &Markets) {
        let coin = matches!(instrument.kind, InstrumentKind::Spot | InstrumentKind::Perpetual);
        if !self.is_idle() && (coin || self.settings.rates.iter().any(|rate| names(&rate.source, instrument))) {
            self.connect(markets);
        }
    }

    /// Finds out which markets have to do with each other.
    fn connect(&mut self, markets: &Markets) {
        let all = || markets.iter().map(|market| &market.instrument);
        let find = |source: &RateSource| all().find(|instrument| names(source, instrument)).map(|instrument| instrument.id);
        self.sources = self.settings.rates.iter().map(|rate| find(&rate.source)).collect();
        let Some(currency) = self.settings.currency else { return };
        let is_rated = |of: Currency| self.settings.rates.iter().any(|rate| rate.of == of);
        // Abroad: spot before futures, then whichever was defined first.
        let mut abroad: BTreeMap<Currency, Vec<(bool, &Instrument)>> = BTreeMap::new();
        for instrument in all().filter(|instrument| instrument.quote != currency && is_rated(instrument.quote)) {
            if matches!(instrument.kind, InstrumentKind::Spot | InstrumentKind::Perpetual) {
                abroad.entry(instrument.base).or_default().push((instrument.kind != InstrumentKind::Spot, instrument));
            }
        }
        abroad.values_mut().for_each(|markets| markets.sort_by_key(|(future, instrument)| (*future, instrument.id)));
        self.pairs.clear();
        for home in all().filter(|instrument| instrument.quote == currency && instrument.kind == InstrumentKind::Spot) {
            let others = abroad.get(&home.base).into_iter().flatten();
            if let Some((_, other)) = others.into_iter().find(|(_, other)| other.venue != home.venue) {
                self.pairs.push(Pair { home: home.id, abroad: other.id });
            }
        }
        self.concerned.clear();
        self.concerned.resize(markets.end(), Vec::new());
        for (pair, place) in self.pairs.iter().zip(0_u32..) {
            self.concerned[pair.home.index()].push(place);
            self.concerned[pair.abroad.index()].push(place);
        }
        // A rate may be a market itself: those that hang on it come after its own.
        for (pair, place) in self.pairs.iter().zip(0_u32..) {
            let mut of = markets.get(pair.abroad).map(|market| market.instrument.quote);
            for _ in 0..CHAIN_MAX {
                let Some(source) = of.and_then(|of| self.source(of)) else { break };
                if !self.concerned[source.index()].contains(&place) {
                    self.concerned[source.index()].push(place);
                }
                of = markets.get(source).map(|market| market.instrument.quote).filter(|quote| *quote != currency);
            }
        }
        self.heard.resize(self.heard.len().max(markets.end()), None);
        self.told.resize(self.told.len().max(markets.end()), None);
    }

    /// The instrument whose price is the rate of a currency.
    fn source(&self, of: Currency) -> Option<InstrumentId> {
        let place = self.settings.rates.iter().position(|rate| rate.of == of)?;
        self.sources.get(place).copied().flatten()
    }

    /// A price was heard.
    #[inline]
    pub(super) fn on_price(&mut self, instrument: InstrumentId, now: Nanos) {
        if let Some(heard) = self.heard.get_mut(instrument.index()) {
            *heard = Some(now);
        }
    }

    /// How many premiums a price of `instrument` changes.
    #[inline]
    pub(super) fn concerned(&self, instrument: InstrumentId) -> usize {
        self.concerned.get(instrument.index()).map_or(0, Vec::len)
    }

    /// One of them, if it is other than what was told. That it cannot be told any more is remembered, not told.
    pub(super) fn changed(&mut self, instrument: InstrumentId, place: usize, now: Nanos, markets: &Markets) -> Option<Premium> {
        let pair = *self.pairs.get(*self.concerned.get(instrument.index())?.get(place)? as usize)?;
        let found = self.premium_of(pair, now, markets);
        let told = self.told.get_mut(pair.home.index())?;
        let is_other = *told != found;
        *told = found;
        found.filter(|_| is_other).map(|rate| Premium { home: pair.home, abroad: pair.abroad, rate })
    }

    /// The pair that `instrument` is a market of.
    pub(super) fn pair_of(&self, instrument: InstrumentId) -> Option<Pair> {
        let pair = *self.pairs.get(*self.concerned.get(instrument.index())?.first()? as usize)?;
        (pair.home == instrument || pair.abroad == instrument).then_some(pair)
    }

    /// The premium of a pair, if every price it needs is known and recent.
    pub(super) fn premium_of(&self, pair: Pair, now: Nanos, markets: &Markets) -> Option<Rate> {
        let (home, abroad) = (self.recent(pair.home, now, markets)?, self.recent(pair.abroad, now, markets)?);
        let rate = self.rate_by(abroad.instrument.quote, CHAIN_MAX, &|id| self.recent(id, now, markets))?;
        premium(home.last?, abroad.last?, rate)
    }

    /// A market whose last price was heard recently.
    fn recent<'a>(&self, id: InstrumentId, now: Nanos, markets: &'a Markets) -> Option<&'a Market> {
        let heard = (*self.heard.get(id.index())?)?;
        let age_max = i64::from(self.settings.premium_age_ms).saturating_mul(1_000_000);
        markets.get(id).filter(|_| now.since(heard) <= age_max)
    }

    /// What one unit of a currency is worth in the currency of totals, at the last prices.
    pub(super) fn rate(&self, of: Currency, markets: &Markets) -> Option<Price> {
        self.rate_by(of, CHAIN_MAX, &|id| markets.get(id))
    }

    fn rate_by<'a>(&self, of: Currency, steps: u32, market: &dyn Fn(InstrumentId) -> Option<&'a Market>) -> Option<Price> {
        if Some(of) == self.settings.currency {
            return Some(Price::from_raw(ONE));
        }
        let steps = steps.checked_sub(1)?;
        let row = self.settings.rates.iter().find(|rate| rate.of == of)?;
        let rate = match row.source {
            RateSource::Fixed(price) => Some(price),
            RateSource::Instrument(_) => {
                let found = market(self.source(of)?)?;
                let rate = self.rate_by(found.instrument.quote, steps, market)?;
                chained(found.last?, rate)
            }
        };
        rate.filter(|rate| rate.is_positive())
    }

    pub(super) fn save(&self, out: &mut Encoder<'_>) {
        out.value(&(&self.settings, &self.heard, &self.told));
    }

    pub(super) fn load(input: &mut Decoder<'_>, markets: &Markets) -> Result<Self, LoadError> {
        let (settings, heard, told) = input.value("derived values")?;
        let mut derived = Derived { settings, heard, told, ..Derived::default() };
        derived.connect(markets);
        Ok(derived)
    }
}

/// Whether a source is this instrument.
fn names(source: &RateSource, instrument: &Instrument) -> bool {
    let RateSource::Instrument(name) = source else { return false };
    name.split_once(':')
        .is_some_and(|(venue, symbol)| venue == instrument.venue.name() && symbol.eq_ignore_ascii_case(&instrument.symbol))
}
