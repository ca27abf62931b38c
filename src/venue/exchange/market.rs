//! The public's part of a market: a seeded order book whose quotes and trades move a price. Integers only; the same seed and the
//! same commands give the same market.
//!
//! The book is made of public limit orders, ten levels a side on neighbouring ticks. Public takers eat levels, and the gap they
//! leave is filled from either side; which side, leans toward an anchor that wanders. An account's order is never jumped over:
//! whatever the public does goes through the matching of [`super::Exchange`].

use jangbu_journal::Nanos;

use crate::market::number::ONE;
use crate::market::{Currency, InstrumentId, Money, Price, Qty, Rounding, Side, TickTable};
use crate::venue::random::SplitMix64;

/// What a market is made from.
#[derive(Clone, Debug)]
pub struct MarketConfig {
    /// Its number.
    pub instrument: InstrumentId,
    /// What it is paid with.
    pub quote: Currency,
    /// Price steps.
    pub ticks: TickTable,
    /// Quantities are multiples of this.
    pub lot: Qty,
    /// The price that it begins at; moved to the grid.
    pub start: Price,
    /// Lowest and highest price of a day, where the venue has such.
    pub limits: Option<(Price, Price)>,
    /// Lots of a public level: least and most.
    pub level_lots: (i64, i64),
    /// Lots of a public taker: least and most.
    pub trade_lots: (i64, i64),
    /// Mean time between two public events, nanoseconds; at least 1.
    pub interval_ns: i64,
    /// How many ticks the anchor may move at a time: 0 is a quiet market, 5 a wild one.
    pub wander_ticks: i64,
}

/// What trading does at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradingPhase {
    /// No orders, no trades.
    Closed,
    /// Orders are collected; [`super::Exchange::uncross`] trades them at one price.
    Auction,
    /// Orders match as they come.
    Continuous,
}

/// What a day has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayStats {
    /// First price; 0 before the first trade, as are the others.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub last: Price,
    /// Quantity of the last trade.
    pub last_qty: Qty,
    /// Volume.
    pub volume: Qty,
    /// Value.
    pub value: Money,
    /// Volume that buyers took.
    pub bought: Qty,
    /// Volume that sellers took.
    pub sold: Qty,
    /// Trades that buyers took.
    pub buys: u64,
    /// Trades that sellers took.
    pub sells: u64,
}

/// A level of the public's book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) price: Price,
    pub(super) qty: Qty,
}

/// An order of an account that waits here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resting {
    pub(super) number: u64,
    pub(super) side: Side,
    /// `None`: a market order that waits for an auction.
    pub(super) price: Option<Price>,
    /// Public quantity that came before it at its price.
    pub(super) ahead: Qty,
}

/// What the public wants to do next.
#[derive(Clone, Copy, Debug)]
pub(super) enum PublicMove {
    /// Takes so much.
    Take(Side, Qty),
    /// Quotes so much at a price inside the spread.
    Quote(Side, Price, Qty),
    /// Only quantities of levels changed, or nothing.
    Done,
}

/// Bounds around a price, down and up, on a table of ticks; `None` when there are none.
pub type Around = fn(&TickTable, Price) -> Option<(Price, Price)>;

/// What holds back the trades of one order: the fixed bounds, and those around the last trade before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guard {
    fixed: Option<(Price, Price)>,
    moving: Option<(Price, Price)>,
    last: Price,
}

impl Guard {
    /// Whether a trade at `price` is held back: by the fixed bounds, and by those around which last trade.
    pub(super) fn holds(&self, price: Price) -> Option<(bool, Option<Price>)> {
        let beyond = |bounds: Option<(Price, Price)>| bounds.is_some_and(|(down, up)| price <= down || price >= up);
        let (fixed, moving) = (beyond(self.fixed), beyond(self.moving));
        (fixed || moving).then_some((fixed, moving.then_some(self.last)))
    }
}

#[derive(Debug)]
pub(super) struct Market {
    pub(super) config: MarketConfig,
    pub(super) phase: TradingPhase,
    pub(super) asks: Vec<Level>,
    pub(super) bids: Vec<Level>,
    pub(super) resting: Vec<Resting>,
    pub(super) day: DayStats,
    pub(super) next_at: Nanos,
    /// A trade at or beyond one of these does not happen: down, up.
    pub(super) guard: Option<(Price, Price)>,
    /// The same around the last trade before an order.
    pub(super) moving_guard: Option<Around>,
    pub(super) dirty: bool,
    pub(super) anchor: Price,
    random: SplitMix64,
}

/// Levels a side.
pub const DEPTH: usize = 10;

impl Market {
    pub(super) fn new(config: MarketConfig, seed: u64, now: Nanos) -> Self {
        let start = config.ticks.align(config.start, Rounding::Floor).unwrap_or(config.start);
        let seed = seed ^ u64::from(config.instrument.0).wrapping_mul(0xa076_1d64_78bd_642f);
        let mut market = Market {
            phase: TradingPhase::Closed,
            asks: Vec::new(),
            bids: Vec::new(),
            resting: Vec::new(),
            day: DayStats::default(),
            next_at: now,
            guard: None,
            moving_guard: None,
            dirty: true,
            anchor: start,
            random: SplitMix64::new(seed),
            config,
        };
        market.rebuild(start);
        market.schedule(now);
        market
    }

    /// What holds back the trades of an order that comes now.
    pub(super) fn guards(&self) -> Guard {
        let last = self.last();
        Guard { fixed: self.guard, moving: self.moving_guard.and_then(|around| around(&self.config.ticks, last)), last }
    }

    pub(super) fn side(&self, side: Side) -> &Vec<Level> {
        if side == Side::Buy { &self.bids } else { &self.asks }
    }

    pub(super) fn side_mut(&mut self, side: Side) -> &mut Vec<Level> {
        self.dirty = true;
        if side == Side::Buy { &mut self.bids } else { &mut self.asks }
    }

    pub(super) fn up(&self, price: Price) -> Option<Price> {
        let next = price.checked_add(self.config.ticks.tick_at(price))?;
        (next > price && self.within(next)).then_some(next)
    }

    pub(super) fn down(&self, price: Price) -> Option<Price> {
        let below = Price::from_raw(price.raw().checked_sub(1)?);
        let next = price.checked_sub(self.config.ticks.tick_at(below))?;
        (next < price && next.is_positive() && self.within(next)).then_some(next)
    }

    fn away(&self, side: Side, price: Price) -> Option<Price> {
        if side == Side::Buy { self.down(price) } else { self.up(price) }
    }

    pub(super) fn within(&self, price: Price) -> bool {
        self.config.limits.is_none_or(|(lower, upper)| lower <= price && price <= upper)
    }

    /// Best price of a side, the public's and the accounts' together.
    pub(super) fn best(&self, side: Side) -> Option<Price> {
        let public = self.side(side).first().map(|level| level.price);
        let own = self.resting.iter().filter(|resting| resting.side == side).filter_map(|resting| resting.price);
        let all = own.chain(public);
        if side == Side::Buy { all.max() } else { all.min() }
    }

    pub(super) fn level_qty(&self, side: Side, price: Price) -> Qty {
        self.side(side).iter().find(|level| level.price == price).map_or(Qty::ZERO, |level| level.qty)
    }

    /// Takes from a public level; levels without quantity go.
    pub(super) fn reduce(&mut self, side: Side, price: Price, qty: Qty) {
        let levels = self.side_mut(side);
        if let Some(level) = levels.iter_mut().find(|level| level.price == price) {
            level.qty = Qty::from_raw(level.qty.raw() - qty.raw());
        }
        levels.retain(|level| level.qty.is_positive());
    }

    /// A new quote inside the spread becomes the best level.
    pub(super) fn insert(&mut self, side: Side, price: Price, qty: Qty) {
        if !qty.is_positive() || !self.within(price) {
            return;
        }
        let better = |level: &Level| if side == Side::Buy { level.price > price } else { level.price < price };
        let levels = self.side_mut(side);
        let at = levels.partition_point(better);
        match levels.get_mut(at).filter(|level| level.price == price) {
            Some(level) => level.qty = Qty::from_raw(level.qty.raw() + qty.raw()),
            None => levels.insert(at, Level { price, qty }),
        }
        levels.truncate(DEPTH);
    }

    /// A whole new book around a price: it bids, one tick above asks.
    pub(super) fn rebuild(&mut self, price: Price) {
        self.asks.clear();
        self.bids.clear();
        let qty = self.lots(self.config.level_lots);
        self.insert(Side::Buy, price, qty);
        self.refill();
    }

    /// Fills both sides to their depth, away from the best.
    pub(super) fn refill(&mut self) {
        for side in [Side::Buy, Side::Sell] {
            while self.side(side).len() < DEPTH {
                let next = match self.side(side).last() {
                    Some(level) => self.away(side, level.price),
                    None => self.first_of(side),
                };
                let Some(price) = next else { break };
                let qty = self.lots(self.config.level_lots);
                self.side_mut(side).push(Level { price, qty });
            }
        }
    }

    /// Where an empty side begins: one tick beyond the best of the other side, accounts' orders included.
    fn first_of(&self, side: Side) -> Option<Price> {
        let other = self.best(side.opposite());
        self.away(side, other.or(self.best(side)).unwrap_or(self.anchor))
    }

    pub(super) fn lots(&mut self, (least, most): (i64, i64)) -> Qty {
        let lots = self.random.between(least.max(1), most.max(least.max(1)));
        Qty::from_raw(self.config.lot.raw().saturating_mul(i128::from(lots)))
    }

    pub(super) fn schedule(&mut self, from: Nanos) {
        // Between nothing and twice the mean.
        let most = self.config.interval_ns.max(1).saturating_mul(2);
        self.next_at = from.plus(self.random.between(1, most));
    }

    /// What the public does now. Changes of quantities are made at once; what may match is left to the caller.
    pub(super) fn next_move(&mut self) -> PublicMove {
        let wander = self.config.wander_ticks;
        if wander > 0 && self.random.chance(4) {
            let steps = self.random.between(-wander, wander);
            self.move_anchor(steps);
        }
        let buyer = self.lean();
        match self.random.below(100) {
            0..45 => {
                let qty = self.lots(self.config.trade_lots);
                PublicMove::Take(buyer, qty)
            }
            45..80 => {
                let qty = self.lots(self.config.level_lots);
                let best = self.best(buyer);
                let inside = best.and_then(|price| if buyer == Side::Buy { self.up(price) } else { self.down(price) });
                // Only between the best prices: else it would take.
                let other = self.best(buyer.opposite());
                let fits =
                    |price: &Price| other.is_none_or(|other| if buyer == Side::Buy { *price < other } else { *price > other });
                inside.filter(fits).map_or(PublicMove::Done, |price| PublicMove::Quote(buyer, price, qty))
            }
            roll => {
                let side = if self.random.chance(50) { Side::Buy } else { Side::Sell };
                let place = self.random.below(DEPTH as u64) as usize;
                let qty = self.lots(self.config.trade_lots);
                let lot = self.config.lot;
                let levels = self.side_mut(side);
                if let Some(level) = levels.get_mut(place) {
                    let raw = level.qty.raw();
                    level.qty = Qty::from_raw(if roll < 90 { raw + qty.raw() } else { (raw - qty.raw()).max(lot.raw()) });
                }
                self.clip_queues();
                PublicMove::Done
            }
        }
    }

    /// Public quantity ahead of an order cannot be more than there is.
    fn clip_queues(&mut self) {
        let (asks, bids) = (&self.asks, &self.bids);
        for resting in &mut self.resting {
            let Some(price) = resting.price else { continue };
            let levels = if resting.side == Side::Buy { bids } else { asks };
            let there = levels.iter().find(|level| level.price == price).map_or(Qty::ZERO, |level| level.qty);
            resting.ahead = resting.ahead.min(there);
        }
    }

    /// Which side moves: more often the one toward the anchor.
    fn lean(&mut self) -> Side {
        let reference = self.best(Side::Buy).or(self.best(Side::Sell)).unwrap_or(self.anchor);
        let tick = self.config.ticks.tick_at(reference).raw().max(1);
        let ticks = (self.anchor.raw().saturating_sub(reference.raw())) / tick;
        let percent = 50 + ticks.clamp(-8, 8) * 4;
        if self.random.below(100) < percent.unsigned_abs() { Side::Buy } else { Side::Sell }
    }

    pub(super) fn move_anchor(&mut self, ticks: i64) {
        let tick = self.config.ticks.tick_at(self.anchor).raw();
        let moved = self.anchor.raw().saturating_add(ticks.saturating_mul(tick)).max(1);
        self.anchor = self.bounded(Price::from_raw(moved));
    }

    /// Moved to the grid, and into the limits of the day.
    pub(super) fn bounded(&self, price: Price) -> Price {
        let aligned = self.config.ticks.align(price, Rounding::Floor).filter(|price| price.is_positive());
        let aligned = aligned.unwrap_or_else(|| self.config.ticks.tick_at(Price::ZERO));
        self.config.limits.map_or(aligned, |(lower, upper)| aligned.clamp(lower, upper))
    }

    /// What an auction would give now: its price, and the public's quantity in it.
    pub(super) fn auction(&mut self) -> (Price, Qty) {
        let jitter = self.random.between(-self.config.wander_ticks.max(0), self.config.wander_ticks.max(0));
        self.move_anchor(jitter);
        let (least, most) = self.config.trade_lots;
        let qty = self.lots((least.saturating_mul(20), most.saturating_mul(20)));
        (self.bounded(self.anchor), qty)
    }

    /// A trade is printed.
    pub(super) fn print(&mut self, price: Price, qty: Qty, taker: Option<Side>) {
        let value = price.times(qty, Rounding::Floor).unwrap_or(Money::ZERO);
        let day = &mut self.day;
        if !day.open.is_positive() {
            (day.open, day.high, day.low) = (price, price, price);
        }
        (day.high, day.low) = (day.high.max(price), day.low.min(price));
        (day.last, day.last_qty) = (price, qty);
        // A day's sums stay far below the type; were they not, they stand still.
        day.volume = day.volume.checked_add(qty).unwrap_or(day.volume);
        day.value = day.value.checked_add(value).unwrap_or(day.value);
        match taker {
            Some(Side::Buy) => {
                day.bought = day.bought.checked_add(qty).unwrap_or(day.bought);
                day.buys += 1;
            }
            Some(Side::Sell) => {
                day.sold = day.sold.checked_add(qty).unwrap_or(day.sold);
                day.sells += 1;
            }
            None => {}
        }
    }

    /// Last price; before the first trade, the one it began at.
    pub(super) fn last(&self) -> Price {
        if self.day.last.is_positive() { self.day.last } else { self.bounded(self.config.start) }
    }
}

/// One unit of a quantity.
pub const ONE_UNIT: Qty = Qty::from_raw(ONE as i128);
