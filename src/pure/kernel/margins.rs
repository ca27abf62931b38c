//! Where perpetuals are taken away, and how near that is: [`Margins`]. What the venue says of margins, marks and funding.
//!
//! Brackets come with the account; without them nothing is known, and where a limit is set, an order that cannot be checked does not
//! leave. On paper nobody charges funding, so the kernel books it by what the market tells: the last rate before its time.

use alloc::format;
use alloc::vec::Vec;

use jangbu_replay::Effects;
use serde::{Deserialize, Serialize};

use super::Kernel;
use super::notices::say;
use super::refusal::Refusal;
use super::risk::{Approved, Origin, Wanted};
use crate::account::liquidation::{Bracket, distance, liquidation_price, maintenance};
use crate::account::{Liquidity, Position, position::notional};
use crate::effect::{Effect, Severity};
use crate::event::ForcedFill;
use crate::event::command::LiquidationLimits;
use crate::event::market::Mark;
use crate::market::{InstrumentId, InstrumentKind, Money, Price, Rate, Rounding, Side};

/// Trades of the venue's that are remembered, so that none is booked twice.
const FORCED_MAX: usize = 64;

/// Margins of perpetuals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Margins {
    limits: LiquidationLimits,
    /// By instrument.
    rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    instrument: InstrumentId,
    brackets: Vec<Bracket>,
    /// What is set aside for the position; `None` with cross margin.
    isolated: Option<Money>,
    leverage: Option<u16>,
    mark: Option<Mark>,
    /// It was said that the mark is near.
    warned: bool,
    /// The last trades that the venue made for us.
    forced: Vec<u64>,
}

impl Margins {
    /// Whether nothing was ever said of any.
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        self.rows.is_empty() && self.limits == LiquidationLimits::default()
    }

    pub(super) fn set_limits(&mut self, limits: LiquidationLimits) {
        self.limits = limits;
    }

    fn get(&self, instrument: InstrumentId) -> Option<&Row> {
        let place = self.rows.binary_search_by_key(&instrument, |row| row.instrument).ok()?;
        self.rows.get(place)
    }

    /// The leverage a venue said it holds an instrument at.
    pub(super) fn leverage(&self, instrument: InstrumentId) -> Option<u16> {
        self.get(instrument)?.leverage
    }

    fn row(&mut self, instrument: InstrumentId) -> &mut Row {
        let place = self.rows.binary_search_by_key(&instrument, |row| row.instrument).unwrap_or_else(|place| {
            let (brackets, isolated) = (Vec::new(), None);
            self.rows.insert(
                place,
                Row { instrument, brackets, isolated, leverage: None, mark: None, warned: false, forced: Vec::new() },
            );
            place
        });
        &mut self.rows[place]
    }

    /// The steps of an instrument's maintenance margin.
    pub(super) fn on_brackets(&mut self, instrument: InstrumentId, brackets: &[Bracket]) {
        self.row(instrument).brackets = brackets.to_vec();
    }

    /// How a position is margined.
    pub(super) fn on_margin(&mut self, instrument: InstrumentId, isolated: Option<Money>, leverage: Option<u16>) {
        let row = self.row(instrument);
        row.isolated = isolated;
        row.leverage = leverage.or(row.leverage);
    }
}

impl Kernel {
    /// The venue's own price of a perpetual, and the funding to come.
    pub(super) fn on_mark(&mut self, mark: &Mark, effects: &mut Effects<Effect>) {
        let Some(market) = self.markets.get(mark.instrument) else {
            self.counts.unknown = self.counts.unknown.saturating_add(1);
            return;
        };
        let venue = market.instrument.venue;
        let before = self.margins.row(mark.instrument).mark.replace(*mark);
        if let Some(before) = before.filter(|before| before.funding_at < mark.funding_at)
            && !self.venues.is_real(venue)
        {
            self.charge_funding(&before, effects);
        }
        self.watch_liquidation(mark.instrument, effects);
    }

    /// On paper: longs pay shorts by the last mark and rate before the time of funding.
    fn charge_funding(&mut self, mark: &Mark, effects: &mut Effects<Effect>) {
        let Some(market) = self.markets.get(mark.instrument) else { return };
        let (id, venue, currency) = (mark.instrument, market.instrument.venue, market.instrument.quote);
        let value = self.portfolio.position(id).value(mark.price);
        let paid = value.and_then(|value| value.share(mark.funding_rate, Rounding::HalfEven));
        let Some(amount) = paid.and_then(|paid| Money::ZERO.checked_sub(paid)) else { return };
        if amount.is_zero() {
            return;
        }
        match self.portfolio.receive(venue, currency, Some(id), amount, true) {
            Ok(()) => {
                let text = format!("{venue}: funding of {amount} {currency} for {}", market.instrument.symbol);
                say(Severity::Info, "account.flow", effects, text);
            }
            Err(error) => say(Severity::Critical, "account.flow", effects, format!("funding of {amount} {currency}: {error}")),
        }
        self.watch_loss(id, effects);
    }

    /// The price that a perpetual is margined at.
    fn margin_mark(&self, id: InstrumentId) -> Option<Price> {
        let told = self.margins.get(id).and_then(|row| row.mark).map(|mark| mark.price);
        told.or_else(|| self.markets.get(id)?.mark())
    }

    /// What stands behind a position of an instrument: with isolated margin what was set aside for it, with cross margin the rest of
    /// the wallet less what other positions need.
    fn collateral(&self, id: InstrumentId) -> Option<Money> {
        if let Some(wallet) = self.margins.get(id)?.isolated {
            return Some(wallet);
        }
        let own = &self.markets.get(id)?.instrument;
        let mut collateral = self.portfolio.cash(own.venue, own.quote).total;
        for market in self.markets.iter() {
            let other = &market.instrument;
            let position = self.portfolio.position(other.id);
            let here = (other.venue, other.quote, other.kind) == (own.venue, own.quote, InstrumentKind::Perpetual);
            if !here || other.id == id || position.is_flat() {
                continue;
            }
            let row = self.margins.get(other.id)?;
            collateral = match row.isolated {
                Some(wallet) => collateral.checked_sub(wallet)?,
                None => {
                    let mark = self.margin_mark(other.id)?;
                    let needed = maintenance(position.value(mark)?, &row.brackets)?;
                    collateral.checked_sub(needed)?.checked_add(position.unrealised(mark)?)?
                }
            };
        }
        Some(collateral)
    }

    /// The price at which the venue takes a perpetual's position away. `None` when there is none, or it is not known: no brackets were
    /// told, or a price is missing.
    pub fn liquidation(&self, id: InstrumentId) -> Option<Price> {
        let row = self.margins.get(id)?;
        let Position { qty, cost, .. } = self.portfolio.position(id);
        liquidation_price(qty, cost, self.collateral(id)?, &row.brackets)
    }

    /// How near perpetuals may come to being taken away.
    pub fn liquidation_limits(&self) -> LiquidationLimits {
        self.margins.limits
    }

    /// Where the mark of a perpetual stands, and the funding to come.
    pub fn mark(&self, id: InstrumentId) -> Option<Mark> {
        self.margins.get(id)?.mark
    }

    /// Tells once when the mark comes within the set distance.
    #[inline]
    pub(super) fn watch_liquidation(&mut self, id: InstrumentId, effects: &mut Effects<Effect>) {
        if self.margins.limits.warning.is_some() && !self.portfolio.position(id).is_flat() {
            self.look_at_liquidation(id, effects);
        }
    }

    #[cold]
    fn look_at_liquidation(&mut self, id: InstrumentId, effects: &mut Effects<Effect>) {
        let Some(warning) = self.margins.limits.warning else { return };
        let (Some(price), Some(mark)) = (self.liquidation(id), self.margin_mark(id)) else { return };
        let Some(away) = distance(mark, price) else { return };
        let is_near = away <= warning;
        let was = core::mem::replace(&mut self.margins.row(id).warned, is_near);
        if let (true, false, Some(market)) = (is_near, was, self.markets.get(id)) {
            let symbol = &market.instrument.symbol;
            let text = format!(
                "{symbol} is at {mark}, and at {price} the venue takes the position away: {away} of the price is left (warned at \
                 {warning}). Close some of it, or put margin in / {symbol} 청산가 {price}, 현재 {mark}: 일부를 청산하거나 증거금을 \
                 더하십시오"
            );
            say(Severity::Critical, "risk.liquidation_near", effects, text);
        }
    }

    /// Whether an order, and those of its side on their way, leaves the liquidation price far enough away.
    pub(super) fn check_liquidation(&self, wanted: &Wanted, approved: Approved) -> Result<Approved, Refusal> {
        let (Some(min), Some(market)) = (self.margins.limits.distance_min, self.markets.get(wanted.instrument)) else {
            return Ok(approved);
        };
        if market.instrument.kind != InstrumentKind::Perpetual || wanted.origin == Origin::Liquidation {
            return Ok(approved);
        }
        let id = wanted.instrument;
        let before = self.portfolio.position(id);
        let cannot = Refusal::CannotTell("the liquidation price");
        let (buying, selling) = self.orders.working(id, None).ok_or(Refusal::CannotTell("orders in flight"))?;
        let working = if wanted.side == Side::Buy { buying } else { selling };
        let qty = working.checked_add(wanted.qty).ok_or(Refusal::CannotTell("the position"))?;
        let mut after = before;
        let booked = after.apply(wanted.side, approved.reference, qty).ok_or(Refusal::CannotTell("the position"))?;
        if booked.opened_qty.is_zero() {
            return Ok(approved);
        }
        let known = || {
            let row = self.margins.get(id).filter(|row| !row.brackets.is_empty())?;
            let collateral = match row.isolated {
                None => self.collateral(id)?.checked_add(booked.realised)?,
                Some(wallet) => {
                    // What is opened brings its own margin; what is closed takes its share away.
                    let opened = notional(approved.reference, booked.opened_qty)?;
                    let brought = Money::from_raw(opened.raw().checked_div(i128::from(row.leverage?.max(1)))?);
                    if before.is_flat() || before.qty.is_negative() != after.qty.is_negative() {
                        brought
                    } else {
                        wallet.checked_add(brought)?
                    }
                }
            };
            let mark = self.margin_mark(id)?;
            let Some(price) = liquidation_price(after.qty, after.cost, collateral, &row.brackets) else {
                // Nothing takes it away: it is paid for.
                return Some(Ok(approved));
            };
            let wrong_side = if after.qty.is_negative() { price <= mark } else { price >= mark };
            let away = if wrong_side { Rate::from_raw(0) } else { distance(mark, price)? };
            Some(if away < min { Err(Refusal::Liquidation { price, mark, min }) } else { Ok(approved) })
        };
        known().ok_or(cannot)?
    }

    /// The venue has traded for us: booked as its order, and trading stops.
    pub(super) fn on_forced(&mut self, fill: &ForcedFill, effects: &mut Effects<Effect>) {
        let Some(market) = self.markets.get(fill.instrument) else {
            say(Severity::Critical, "orders.forced", effects, format!("a trade of {}, which was never defined", fill.instrument));
            return;
        };
        let forced = &mut self.margins.row(fill.instrument).forced;
        if forced.contains(&fill.trade) {
            return;
        }
        if forced.len() == FORCED_MAX {
            forced.remove(0);
        }
        forced.push(fill.trade);
        let (instrument, symbol) = (&market.instrument, &market.instrument.symbol);
        let ForcedFill { side, trade, price, qty, fee, ref reason, .. } = *fill;
        let booked = self.portfolio.fill(instrument, side, price, qty, Liquidity::Taker);
        let booked = booked.and_then(|booked| self.portfolio.charge(instrument, booked.fee, booked.tax, fee, Money::ZERO));
        let text = match booked {
            Ok(()) => format!("the venue itself traded {side} {qty} {symbol} at {price} for us: {reason}"),
            Err(error) => format!("trade {trade} of {symbol}, which the venue made for us ({reason}), cannot be booked: {error}"),
        };
        self.kill(text, effects);
    }
}
