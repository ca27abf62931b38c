//! What is checked before any order leaves: [`Risk`]. A check that cannot be computed refuses.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use jangbu_journal::Nanos;
use serde::{Deserialize, Serialize};

use super::facts::Facts;
use super::markets::{Market, Markets};
use super::orders::Orders;
use super::refusal::Refusal;
use crate::account::{OrderType, Portfolio, StrategyId, TimeInForce};
use crate::event::command::RiskLimits;
use crate::market::{Currency, InstrumentId, InstrumentKind, Money, Price, Qty, Rate, Rounding, Side, Venue};

/// What a market order may cost above the best price, for setting cash aside: 2 %.
const MARKET_SLACK: Rate = Rate::from_raw(2_000_000);
/// Orders remembered for the duplicate guard and the order rate. A rate limit above this is not kept.
const RECENT_MAX: usize = 4_096;
/// Korean trading days, and Upbit's, begin at 09:00 or midnight Korean time, UTC+9; so do ours: at midnight.
const DAY_OFFSET_NS: i64 = 9 * 3_600_000_000_000;
const DAY_NS: i64 = 86_400_000_000_000;

/// Who wants an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Strategy(StrategyId),
    Manual,
    /// Closing a position because everything is to be closed.
    Liquidation,
}

impl Origin {
    pub(super) fn id(self) -> StrategyId {
        match self {
            Origin::Strategy(id) => id,
            Origin::Manual | Origin::Liquidation => StrategyId::MANUAL,
        }
    }
}

/// An order somebody wants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) origin: Origin,
    pub(super) instrument: InstrumentId,
    pub(super) side: Side,
    pub(super) order_type: OrderType,
    pub(super) time_in_force: TimeInForce,
    pub(super) qty: Qty,
    pub(super) reduce_only: bool,
}

/// An order that was sent, for the duplicate guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sent {
    at: Nanos,
    instrument: InstrumentId,
    side: Side,
    limit: Option<Price>,
    qty: Qty,
}

/// Limits, and what they need to remember.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Risk {
    pub(super) limits: RiskLimits,
    recent: VecDeque<Sent>,
    /// End of the day.
    day_end: Nanos,
    /// Result at the start of the day, by account.
    day_start: Vec<(Venue, Currency, Money)>,
}

/// What the kernel knows, for a check.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) now: Nanos,
    pub(super) markets: &'a Markets,
    pub(super) orders: &'a Orders,
    pub(super) portfolio: &'a Portfolio,
    pub(super) facts: &'a Facts,
}

impl Known<'_> {
    /// Profit of open positions of an account, at the marks. `None` when a held instrument has no price.
    pub(super) fn unrealised(&self, venue: Venue, currency: Currency) -> Option<Money> {
        let mut sum = Money::ZERO;
        for market in self.markets.iter() {
            let instrument = &market.instrument;
            if instrument.venue == venue && instrument.quote == currency {
                let position = self.portfolio.position(instrument.id);
                if !position.qty.is_zero() {
                    sum = sum.checked_add(position.unrealised(market.mark()?)?)?;
                }
            }
        }
        Some(sum)
    }

    /// All profit of an account so far, with funding and after fees and taxes.
    pub(super) fn result(&self, venue: Venue, currency: Currency) -> Option<Money> {
        let cash = self.portfolio.cash(venue, currency);
        let costs = cash.fees.checked_add(cash.taxes)?;
        let closed = cash.realised.checked_add(self.portfolio.income(venue, currency)?)?.checked_sub(costs)?;
        closed.checked_add(self.unrealised(venue, currency)?)
    }

    /// Worth of the positions and orders in flight of an account.
    fn exposure(&self, venue: Venue, currency: Currency) -> Option<Money> {
        let mut sum = Money::ZERO;
        for market in self.markets.iter() {
            let instrument = &market.instrument;
            if instrument.venue != venue || instrument.quote != currency {
                continue;
            }
            let held = self.portfolio.position(instrument.id).qty.abs();
            if !held.is_zero() {
                sum = sum.checked_add(market.mark()?.times(held, Rounding::Ceiling)?)?;
            }
        }
        for live in self.orders.live() {
            let market = self.markets.get(live.order.request.instrument)?;
            if market.instrument.venue == venue && market.instrument.quote == currency && !live.order.request.reduce_only {
                sum = sum.checked_add(live.price().times(live.order.open_qty(), Rounding::Ceiling)?)?;
            }
        }
        Some(sum)
    }
}

/// An order that may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Approved {
    /// The price it is reckoned at.
    pub(super) reference: Price,
    /// Cash to set aside.
    pub(super) reserve: Money,
}

impl Risk {
    /// Every check there is, in order; the first that fails is the answer.
    pub(super) fn check(&self, known: Known<'_>, wanted: &Wanted) -> Result<Approved, Refusal> {
        let market = known.markets.get(wanted.instrument).ok_or(Refusal::UnknownInstrument(wanted.instrument))?;
        self.check_market(known, market)?;
        let reference = check_numbers(market, wanted)?;
        check_day(known, market, wanted)?;
        let value = reference.times(wanted.qty, Rounding::Ceiling).ok_or(Refusal::CannotTell("its value"))?;
        if value < market.instrument.notional_min && !wanted.reduce_only {
            return Err(Refusal::TooSmall { value, min: market.instrument.notional_min });
        }
        check_self_trade(known, wanted)?;
        let position = known.portfolio.position(wanted.instrument).qty;
        let working = known.orders.working(wanted.instrument, None).ok_or(Refusal::CannotTell("orders in flight"))?;
        let shrinks = check_direction(market.instrument.kind, position, working, wanted)?;
        if wanted.origin != Origin::Liquidation {
            self.check_order_limits(known, market, wanted, reference, value)?;
            if !shrinks {
                self.check_position_limits(known, market, wanted, (position, working), value)?;
            }
        }
        let reserve = reserve_for(market, wanted.side, wanted.order_type, reference, wanted.qty, position)
            .ok_or(Refusal::CannotTell("the cash it takes"))?;
        let cash = known.portfolio.cash(market.instrument.venue, market.instrument.quote);
        let free = cash.total.checked_sub(cash.reserved).ok_or(Refusal::CannotTell("free cash"))?;
        if reserve > free && reserve.is_positive() {
            return Err(Refusal::Cash { needed: reserve, free });
        }
        Ok(Approved { reference, reserve })
    }

    fn check_market(&self, known: Known<'_>, market: &Market) -> Result<(), Refusal> {
        let instrument = &market.instrument;
        if !instrument.kind.is_tradable() {
            return Err(Refusal::NotTradable(instrument.symbol.clone()));
        }
        if !known.markets.is_open(market) {
            return Err(Refusal::Closed(instrument.symbol.clone()));
        }
        if !known.markets.is_linked(instrument.venue) {
            return Err(Refusal::LinkDown(instrument.venue));
        }
        Ok(())
    }

    /// Limits that hold for every order, whatever it does to the position.
    fn check_order_limits(
        &self,
        known: Known<'_>,
        market: &Market,
        wanted: &Wanted,
        reference: Price,
        value: Money,
    ) -> Result<(), Refusal> {
        let limits = &self.limits;
        if let Some(max) = limits.order_qty_max
            && wanted.qty > max
        {
            return Err(Refusal::OrderQty { qty: wanted.qty, max });
        }
        if let Some(max) = limits.order_notional_max
            && value > max
        {
            return Err(Refusal::OrderNotional { value, max });
        }
        if let Some(band) = limits.price_band {
            let last = market.mark().ok_or(Refusal::NoPrice)?;
            let away = i128::from(reference.raw()).abs_diff(i128::from(last.raw()));
            // away / last <= band, without dividing; both products are below 2^127.
            let allowed = u128::from(last.raw().unsigned_abs()) * u128::from(band.raw().unsigned_abs());
            if away.saturating_mul(u128::from(crate::market::number::ONE.unsigned_abs())) > allowed {
                return Err(Refusal::PriceBand { price: reference, last });
            }
        }
        if let Some(max) = limits.order_rate_max {
            let window = i64::from(limits.order_rate_window_ms) * 1_000_000;
            let count = self.recent.iter().rev().take_while(|sent| known.now.since(sent.at) < window).count();
            if count >= usize::try_from(max).unwrap_or(usize::MAX).min(RECENT_MAX) {
                return Err(Refusal::OrderRate { max, window_ms: limits.order_rate_window_ms });
            }
        }
        let window = i64::from(limits.duplicate_window_ms) * 1_000_000;
        let (limit, sent) = (limit_of(wanted.order_type), |sent: &&Sent| known.now.since(sent.at) < window);
        let same = |sent: &Sent| {
            sent.instrument == wanted.instrument && sent.side == wanted.side && sent.limit == limit && sent.qty == wanted.qty
        };
        if let Some(twin) = self.recent.iter().rev().take_while(sent).find(|sent| same(sent)) {
            return Err(Refusal::Duplicate { ago_ms: known.now.since(twin.at) / 1_000_000 });
        }
        Ok(())
    }

    /// Limits for orders that may make a position larger.
    fn check_position_limits(
        &self,
        known: Known<'_>,
        market: &Market,
        wanted: &Wanted,
        (position, (buying, selling)): (Qty, (Qty, Qty)),
        value: Money,
    ) -> Result<(), Refusal> {
        let too_large = Refusal::CannotTell("the position");
        if let Some(max) = self.limits.position_qty_max {
            let after = match wanted.side {
                Side::Buy => position.checked_add(buying).and_then(|qty| qty.checked_add(wanted.qty)),
                Side::Sell => position.checked_sub(selling).and_then(|qty| qty.checked_sub(wanted.qty)),
            };
            let after = after.ok_or(too_large)?;
            if after.abs() > max {
                return Err(Refusal::PositionQty { qty: after, max });
            }
        }
        let (venue, currency) = (market.instrument.venue, market.instrument.quote);
        let is_future = market.instrument.kind == InstrumentKind::Perpetual;
        // Futures without a limit of their own are held to what the account is worth: no leverage that nobody asked for.
        let max = match self.limits.exposure_max {
            Some(max) => Some(max),
            None if is_future => {
                let cash = known.portfolio.cash(venue, currency).total;
                let worth = known.unrealised(venue, currency).and_then(|profit| cash.checked_add(profit));
                Some(worth.ok_or(Refusal::CannotTell("what the account is worth"))?)
            }
            None => None,
        };
        if let Some(max) = max {
            let exposure = known.exposure(venue, currency).and_then(|exposure| exposure.checked_add(value));
            let value = exposure.ok_or(Refusal::CannotTell("the exposure"))?;
            if value > max {
                return Err(Refusal::Exposure { value, max });
            }
        }
        if let Some(max) = self.limits.daily_loss_max {
            let loss = self.loss_today(known, venue, currency).ok_or(Refusal::CannotTell("today's loss"))?;
            if loss >= max {
                return Err(Refusal::DailyLoss { loss, max });
            }
        }
        Ok(())
    }

    /// Remembers an order that leaves.
    pub(super) fn on_sent(&mut self, now: Nanos, wanted: &Wanted) {
        let longest = self.limits.duplicate_window_ms.max(self.limits.order_rate_window_ms);
        let longest = i64::from(longest) * 1_000_000;
        while self.recent.front().is_some_and(|sent| now.since(sent.at) >= longest) || self.recent.len() >= RECENT_MAX {
            self.recent.pop_front();
        }
        let limit = limit_of(wanted.order_type);
        self.recent.push_back(Sent { at: now, instrument: wanted.instrument, side: wanted.side, limit, qty: wanted.qty });
    }

    /// Whether a new day has begun at `now`; a comparison on nearly every call.
    #[inline]
    pub(super) fn is_new_day(&self, now: Nanos) -> bool {
        now >= self.day_end
    }

    /// Begins the day of `now`: today's result is reckoned from here.
    pub(super) fn begin_day(&mut self, known: Known<'_>) {
        let local = known.now.get().saturating_add(DAY_OFFSET_NS);
        let into = local.rem_euclid(DAY_NS);
        self.day_end = known.now.plus(DAY_NS - into);
        self.day_start.clear();
        for row in known.portfolio.cash_rows() {
            let (venue, currency) = (row.venue, row.currency);
            // Without a price yesterday's result is not known; profit and loss of that account then count from the first.
            let start = known.result(venue, currency).unwrap_or(Money::ZERO);
            self.day_start.push((venue, currency, start));
        }
    }

    /// Loss since the day began; below 0 is a profit. `None` when it cannot be told.
    pub(super) fn loss_today(&self, known: Known<'_>, venue: Venue, currency: Currency) -> Option<Money> {
        let start = self.day_start.iter().find(|day| day.0 == venue && day.1 == currency).map_or(Money::ZERO, |day| day.2);
        start.checked_sub(known.result(venue, currency)?)
    }
}

fn limit_of(order_type: OrderType) -> Option<Price> {
    match order_type {
        OrderType::Limit(price) => Some(price),
        OrderType::Market => None,
    }
}

/// Quantity and price against the instrument's rules. Gives the price the order is reckoned at.
fn check_numbers(market: &Market, wanted: &Wanted) -> Result<Price, Refusal> {
    let instrument = &market.instrument;
    let qty = wanted.qty;
    let aligned = qty.raw().checked_rem(instrument.lot.raw()).is_none_or(|rest| rest == 0);
    let large = instrument.qty_max.is_positive() && qty > instrument.qty_max;
    if !qty.is_positive() || !aligned || qty < instrument.qty_min || large {
        let (lot, min, max) = (instrument.lot, instrument.qty_min, instrument.qty_max);
        return Err(Refusal::Quantity { qty, lot, min, max });
    }
    match wanted.order_type {
        OrderType::Limit(price) => {
            if !price.is_positive() || !instrument.ticks.is_aligned(price) {
                return Err(Refusal::Price { price, tick: instrument.ticks.tick_at(price) });
            }
            Ok(price)
        }
        OrderType::Market => {
            let best = market.best().map(|quote| if wanted.side == Side::Buy { quote.ask } else { quote.bid });
            best.filter(|price| price.is_positive()).or(market.last).ok_or(Refusal::NoPrice)
        }
    }
}

/// What holds for this day: halts, the limits of the price, and hours in which only orders with a limit are taken. Venues refuse all of
/// that too; here nothing is sent.
fn check_day(known: Known<'_>, market: &Market, wanted: &Wanted) -> Result<(), Refusal> {
    let symbol = || market.instrument.symbol.clone();
    if known.facts.is_halted(wanted.instrument) {
        return Err(Refusal::Halted(symbol()));
    }
    match wanted.order_type {
        OrderType::Limit(price) => match known.facts.limits_against(wanted.instrument, price) {
            Some((lower, upper)) => Err(Refusal::PriceLimit { price, lower, upper }),
            None => Ok(()),
        },
        // KRX's and NXT's markets before and after the regular hours; an interruption is an auction, which takes market orders.
        OrderType::Market if market.instrument.kind == InstrumentKind::Stock && known.markets.takes_limits_only(market) => {
            Err(Refusal::LimitsOnly(symbol()))
        }
        OrderType::Market => Ok(()),
    }
}

/// An order must not meet one of ours on the other side.
fn check_self_trade(known: Known<'_>, wanted: &Wanted) -> Result<(), Refusal> {
    let crosses = |other: Option<Price>| match (limit_of(wanted.order_type), other) {
        (Some(limit), Some(other)) => match wanted.side {
            Side::Buy => limit >= other,
            Side::Sell => limit <= other,
        },
        // A market order meets whatever rests; two market orders do not rest.
        (None, other) => other.is_some(),
        (Some(_), None) => false,
    };
    let meets = |side: Side, limit: Option<Price>| side != wanted.side && crosses(limit);
    match known.orders.of(wanted.instrument).find(|live| meets(live.order.request.side, live.order.limit)) {
        Some(live) => Err(Refusal::SelfTrade(live.order.request.id)),
        None => Ok(()),
    }
}

/// Whether the order only makes the position smaller, orders in flight counted; an error when it may do nothing else, or sells
/// what is not there.
fn check_direction(kind: InstrumentKind, position: Qty, (buying, selling): (Qty, Qty), wanted: &Wanted) -> Result<bool, Refusal> {
    let (against, in_flight) = match wanted.side {
        Side::Buy => (position.negated(), buying),
        Side::Sell => (position, selling),
    };
    let free = against.checked_sub(in_flight).ok_or(Refusal::CannotTell("the position"))?;
    let shrinks = wanted.qty <= free;
    if wanted.reduce_only && !shrinks {
        return Err(Refusal::ReduceOnly(position));
    }
    if wanted.side == Side::Sell && !kind.can_short() && !shrinks {
        return Err(Refusal::Holdings { qty: wanted.qty, free });
    }
    Ok(shrinks)
}

/// Cash to set aside for `qty` at `price`: what a purchase pays, and the fee. `None` when it is too large to reckon.
pub(super) fn reserve_for(
    market: &Market,
    side: Side,
    order_type: OrderType,
    price: Price,
    qty: Qty,
    position: Qty,
) -> Option<Money> {
    let instrument = &market.instrument;
    let mut value = price.times(qty, Rounding::Ceiling)?;
    if order_type == OrderType::Market && side == Side::Buy {
        value = value.checked_add(value.share(MARKET_SLACK, Rounding::Ceiling)?)?;
    }
    let rate = instrument.fees.maker.raw().max(instrument.fees.taker.raw());
    let fee = value.share(Rate::from_raw(rate.max(0)), Rounding::Ceiling)?;
    let fee = fee.round_to(instrument.fees.fee_unit, Rounding::Ceiling).unwrap_or(fee);
    match (instrument.kind, side) {
        // What is sold pays its own fee and tax.
        (InstrumentKind::Spot | InstrumentKind::Stock, Side::Sell) => Some(Money::ZERO),
        (InstrumentKind::Spot | InstrumentKind::Stock, Side::Buy) => value.checked_add(fee),
        // Closing a future must not fail for want of its fee.
        (_, Side::Sell) if position.is_positive() => Some(Money::ZERO),
        (_, Side::Buy) if position.is_negative() => Some(Money::ZERO),
        _ => Some(fee),
    }
}
