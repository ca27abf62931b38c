//! What a strategy may know: [`View`], over whatever implements [`Sight`].

use jangbu_journal::Nanos;

use crate::account::StrategyId;
use crate::market::{Activity, Book, Instrument, InstrumentId, Price, Qty, Quote, Rate, Reference};

/// The state a [`View`] looks at. The kernel implements it; tests make up their own.
pub trait Sight: core::fmt::Debug {
    /// The price of the last trade.
    fn last(&self, instrument: InstrumentId) -> Option<Price>;

    /// Best bid and ask.
    fn quote(&self, instrument: InstrumentId) -> Option<Quote>;

    /// The book; `None` unless it is whole.
    fn book(&self, instrument: InstrumentId) -> Option<&Book>;

    /// The instrument itself; `None` when no such one was defined.
    fn instrument(&self, instrument: InstrumentId) -> Option<&Instrument>;

    /// What is held; below 0 when short.
    fn position(&self, instrument: InstrumentId) -> Qty;

    /// The average price paid for what is held; `None` when nothing is.
    fn entry(&self, instrument: InstrumentId) -> Option<Price>;

    /// Quantities of `strategy`'s own orders that are open or on their way: (buying, selling).
    fn working(&self, strategy: StrategyId, instrument: InstrumentId) -> (Qty, Qty);

    /// Whether orders of strategies are let through.
    fn auto_trade(&self) -> bool;

    /// Whether it is in its venue's ranking by turnover; `None` when the venue tells none.
    fn is_ranked(&self, instrument: InstrumentId) -> Option<bool> {
        let _ = instrument;
        None
    }

    /// The leverage its venue holds it at (레버리지); `None` where the venue has none, or has not said.
    fn leverage(&self, instrument: InstrumentId) -> Option<u16> {
        let _ = instrument;
        None
    }

    /// How much dearer its coin is at home than abroad (김프); `None` when a price of it is missing or old, or nobody compares them.
    fn premium(&self, instrument: InstrumentId) -> Option<Rate> {
        let _ = instrument;
        None
    }

    /// Facts of its day: limits, base, listed shares; `None` while nothing was said of them today.
    fn reference(&self, instrument: InstrumentId) -> Option<&Reference> {
        let _ = instrument;
        None
    }

    /// How its day compares with the one before; `None` while its venue has not said.
    fn activity(&self, instrument: InstrumentId) -> Option<&Activity> {
        let _ = instrument;
        None
    }
}

/// A read-only look at what a strategy may know, at one event.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    now: Nanos,
    venue_time: Nanos,
    strategy: StrategyId,
    source: &'a dyn Sight,
}

impl<'a> View<'a> {
    /// What `strategy` sees of `source` at `now`.
    #[inline]
    pub fn new(now: Nanos, strategy: StrategyId, source: &'a dyn Sight) -> Self {
        View { now, venue_time: now, strategy, source }
    }

    /// The same, of an event that the venue says happened at `time`.
    #[inline]
    #[must_use]
    pub fn with_venue_time(self, time: Nanos) -> Self {
        View { venue_time: time, ..self }
    }

    /// The time of the event being heard: when we received it.
    #[inline]
    pub fn now(&self) -> Nanos {
        self.now
    }

    /// When the event happened by the venue's clock; where the venue does not say, when we received it.
    #[inline]
    pub fn venue_time(&self) -> Nanos {
        self.venue_time
    }

    /// Who is looking.
    #[inline]
    pub fn strategy(&self) -> StrategyId {
        self.strategy
    }

    /// The price of the last trade; `None` before the first.
    #[inline]
    pub fn last(&self, instrument: InstrumentId) -> Option<Price> {
        self.source.last(instrument)
    }

    /// Best bid and ask; `None` while unknown.
    #[inline]
    pub fn quote(&self, instrument: InstrumentId) -> Option<Quote> {
        self.source.quote(instrument)
    }

    /// The book; `None` unless it is whole.
    #[inline]
    pub fn book(&self, instrument: InstrumentId) -> Option<&'a Book> {
        self.source.book(instrument)
    }

    /// The instrument: its lot, ticks, limits and fees.
    #[inline]
    pub fn instrument(&self, instrument: InstrumentId) -> Option<&'a Instrument> {
        self.source.instrument(instrument)
    }

    /// What the account holds of it; below 0 when short. Strategies share it.
    #[inline]
    pub fn position(&self, instrument: InstrumentId) -> Qty {
        self.source.position(instrument)
    }

    /// The average price paid for what the account holds; `None` when it holds nothing.
    #[inline]
    pub fn entry(&self, instrument: InstrumentId) -> Option<Price> {
        self.source.entry(instrument)
    }

    /// Quantities of this strategy's own orders that are open or on their way: (buying, selling).
    #[inline]
    pub fn working(&self, instrument: InstrumentId) -> (Qty, Qty) {
        self.source.working(self.strategy, instrument)
    }

    /// Whether this strategy has no order open or on its way.
    #[inline]
    pub fn is_idle(&self, instrument: InstrumentId) -> bool {
        let (buying, selling) = self.working(instrument);
        buying.is_zero() && selling.is_zero()
    }

    /// Whether it is in the ranking by turnover (거래대금 상위) of its venue; `None` when the settings ask for no ranking there.
    #[inline]
    pub fn is_ranked(&self, instrument: InstrumentId) -> Option<bool> {
        self.source.is_ranked(instrument)
    }

    /// The leverage its venue holds it at (레버리지); `None` where the venue has none, or has not said.
    #[inline]
    pub fn leverage(&self, instrument: InstrumentId) -> Option<u16> {
        self.source.leverage(instrument)
    }

    /// The kimchi premium (김프) of its coin: how much dearer it is at home than abroad, 0.03 is 3 %. The same for both of its markets.
    /// `None` when a price of it is missing or older than the settings allow, or the settings compare nothing.
    #[inline]
    pub fn premium(&self, instrument: InstrumentId) -> Option<Rate> {
        self.source.premium(instrument)
    }

    /// Facts of its day (기본정보): limits, base, listed shares. `None` while its venue has said nothing of them today.
    #[inline]
    pub fn reference(&self, instrument: InstrumentId) -> Option<&'a Reference> {
        self.source.reference(instrument)
    }

    /// How its day compares with the one before (전일비, 회전율 …). `None` while its venue has not said.
    #[inline]
    pub fn activity(&self, instrument: InstrumentId) -> Option<&'a Activity> {
        self.source.activity(instrument)
    }

    /// Whether orders of strategies are let through. Signals are refused otherwise.
    #[inline]
    pub fn auto_trade(&self) -> bool {
        self.source.auto_trade()
    }
}
