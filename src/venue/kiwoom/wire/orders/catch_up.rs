//! What queries say of our orders (ka10075, ka10076) beside what reports said: fills nobody reported, orders of sessions before.

use super::super::report::OrderFrame;
use super::super::symbol::OrderNumber;
use super::{MISSED_BIT, Orders};
use crate::account::OrderId;
use crate::event::{Fill, Liquidity, OrderUpdate};
use crate::market::number::ONE;
use crate::market::{Money, Price, Qty, Rounding};

/// Set in the number of a fill that a query told: its real number is not known.
const QUERIED_BIT: u64 = 1 << 62;
/// Set in the number of the second of two fills that stand for several.
const SECOND_BIT: u64 = 1 << 61;

/// What a report says that the fills of one number cost so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FillCost {
    /// Whose.
    pub order: OrderId,
    /// Under which number.
    pub number: OrderNumber,
    /// The fill it came with.
    pub trade: u64,
    /// Fills told with it that no report had.
    pub missed: Vec<u64>,
    /// Value of all fills of the number.
    pub value: Money,
    /// How many there are.
    pub fills: u32,
    /// Fees so far, if it says (FID 938).
    pub fee: Option<Money>,
    /// Taxes so far (FID 939).
    pub tax: Option<Money>,
}

/// One number as the queries show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Which.
    pub number: OrderNumber,
    /// Filled of it.
    pub filled: Qty,
    /// Value of that.
    pub value: Money,
    /// Whether that is exact, and not reckoned from a rounded average.
    pub exact: bool,
    /// Fees of that, if it says.
    pub fee: Option<Money>,
    /// Taxes of that.
    pub tax: Option<Money>,
}

/// Fills of so much in all as fills of whole KRW, at most two, so that their value is exact: an average rarely is. What has no whole
/// KRW or shares is one fill at its average. `None` when the average cannot be kept or is not above 0.
pub(super) fn in_parts(qty: Qty, value: Money, trade: u64) -> Option<Vec<Fill>> {
    let one = i128::from(ONE);
    let fill = |trade, price, qty| Fill { trade, price, qty, liquidity: Liquidity::Unstated };
    if qty.raw() % one != 0 || value.raw() % one != 0 || !qty.is_positive() {
        let average = value.per(qty, Rounding::HalfEven).filter(|price| price.is_positive())?;
        return Some(vec![fill(trade, average, qty)]);
    }
    let (shares, krw) = (qty.raw() / one, value.raw() / one);
    let (low, dearer) = (krw / shares, krw % shares);
    let price = |krw: i128| i64::try_from(krw.checked_mul(one)?).ok().map(Price::from_raw);
    let mut parts = Vec::new();
    if low <= 0 {
        return None;
    }
    parts.push(fill(trade, price(low)?, Qty::from_raw((shares - dearer) * one)));
    if dearer > 0 {
        parts.push(fill(trade | SECOND_BIT, price(low + 1)?, Qty::from_raw(dearer * one)));
    }
    Some(parts)
}

impl Orders {
    /// An order of a session before has this number. `filled`, `value`: what was told of it then. `unsure`: under this number or
    /// others before it (it was amended); its reports wait for [`Orders::settle`].
    pub fn resume(&mut self, number: OrderNumber, order: OrderId, (filled, value): (Qty, Money), unsure: bool) {
        self.track(number, order);
        if let Some(tracked) = self.numbers.get_mut(&number) {
            (tracked.accepted, tracked.unsure) = (true, unsure);
            if !unsure {
                (tracked.filled, tracked.value) = (filled, value);
            }
        }
        if let Some(total) = self.totals.get_mut(&order) {
            (total.filled, total.value) = (filled, value);
        }
    }

    /// The answer to an amendment gave this number: reports of the one before it are of an order that is none any more.
    pub fn assign_amending(&mut self, number: OrderNumber, order: OrderId, out: &mut Vec<(OrderFrame, OrderUpdate)>) {
        self.track(number, order);
        if let Some(tracked) = self.numbers.get_mut(&number) {
            tracked.amends |= !tracked.confirmed;
        }
        self.tell_waiting(out);
    }

    /// The broker has the order under this number, by an answer: told once, whoever says it first.
    pub fn accept(&mut self, number: OrderNumber, order: OrderId) -> Option<OrderUpdate> {
        self.track(number, order);
        let mut out = Vec::new();
        let _ = self.accepted(number, &mut out);
        out.pop()
    }

    /// An amendment is done, by a query: told once, whoever says it first.
    pub fn amend(&mut self, number: OrderNumber, price: Price, open: Qty) -> Vec<OrderUpdate> {
        let Some(tracked) = self.numbers.get_mut(&number) else { return Vec::new() };
        if std::mem::replace(&mut tracked.confirmed, true) {
            return Vec::new();
        }
        tracked.amends = true;
        let order = tracked.order;
        let accepted = OrderUpdate::Accepted { venue_order: number.get() };
        let qty = self.filled_of(order).checked_add(open);
        qty.map_or_else(Vec::new, |qty| vec![accepted, OrderUpdate::Amended { price, qty }])
    }

    /// An order has ended, by a query. False when that was told before.
    pub fn end(&mut self, order: OrderId) -> bool {
        let total = self.totals.entry(order).or_default();
        !std::mem::replace(&mut total.ended, true)
    }

    /// Whether its end was told: by a cancellation, not by its last fill.
    pub fn has_ended(&self, order: OrderId) -> bool {
        self.totals.get(&order).is_some_and(|total| total.ended)
    }

    /// Filled so far, under all numbers.
    pub fn filled_of(&self, order: OrderId) -> Qty {
        self.totals.get(&order).map_or(Qty::ZERO, |total| total.filled)
    }

    /// Numbers of an order, oldest first; those of its cancellations are among them.
    pub fn numbers_of(&self, order: OrderId) -> impl Iterator<Item = OrderNumber> + '_ {
        self.numbers.iter().filter(move |(_, tracked)| tracked.order == order).map(|(number, _)| *number)
    }

    /// The highest number ever heard of, of anybody's order in this account.
    pub fn highest(&self) -> u64 {
        let waiting = self.waiting.iter().filter_map(|frame| frame.number).max();
        let ours = self.numbers.last_key_value().map(|(number, _)| *number);
        ours.max(waiting).map_or(0, OrderNumber::get)
    }

    /// What fills cost since this was last asked.
    pub fn take_costs(&mut self) -> Vec<FillCost> {
        std::mem::take(&mut self.costs)
    }

    /// Everything that the queries show of an order, all its numbers at once: fills that no report told are told, and reports that
    /// waited for this.
    pub fn settle(&mut self, order: OrderId, rows: &[Settled], out: &mut Vec<OrderUpdate>) {
        let numbers: Vec<OrderNumber> = self.numbers_of(order).collect();
        let (mut filled, mut value) = (Qty::ZERO, Money::ZERO);
        let mut last = None;
        for number in &numbers {
            let Some(tracked) = self.numbers.get_mut(number) else { continue };
            let row = rows.iter().find(|row| row.number == *number);
            tracked.unsure = false;
            // Queries lag the reports: the more is the truer.
            if let Some(row) = row.filter(|row| row.filled > tracked.filled) {
                (tracked.filled, tracked.value, tracked.rough) = (row.filled, row.value, !row.exact);
                last = Some(row);
            }
            filled = filled.checked_add(tracked.filled).unwrap_or(filled);
            value = value.checked_add(tracked.value).unwrap_or(value);
        }
        let total = self.totals.entry(order).or_default();
        let missed = filled.checked_sub(total.filled).zip(value.checked_sub(total.value));
        let Some((qty, worth)) = missed.filter(|(qty, worth)| qty.is_positive() && worth.is_positive()) else { return };
        // Rises with every such fill, so it is a number of its own.
        let shares = u64::try_from(filled.raw() / i128::from(ONE)).unwrap_or(0) & (SECOND_BIT - 1);
        let Some(parts) = in_parts(qty, worth, MISSED_BIT | QUERIED_BIT | shares) else { return };
        (total.filled, total.value) = (filled, value);
        total.trades.extend(parts.iter().map(|fill| fill.trade));
        if let Some((row, tracked)) = last.and_then(|row| Some((row, self.numbers.get_mut(&row.number)?))) {
            tracked.fills = tracked.fills.saturating_add(parts.len() as u32);
            let missed: Vec<u64> = parts.iter().map(|fill| fill.trade).collect();
            let (trade, missed) = missed.split_last().map_or((0, Vec::new()), |(last, rest)| (*last, rest.to_vec()));
            let (number, value, fills) = (row.number, tracked.value, tracked.fills);
            self.costs.push(FillCost { order, number, trade, missed, value, fills, fee: row.fee, tax: row.tax });
        }
        out.extend(parts.into_iter().map(OrderUpdate::Filled));
    }

    /// Reports that waited for [`Orders::settle`].
    pub fn tell_settled(&mut self, out: &mut Vec<(OrderFrame, OrderUpdate)>) {
        for tracked in self.numbers.values_mut() {
            tracked.unsure = false;
        }
        self.tell_waiting(out);
    }
}

#[cfg(test)]
#[path = "catch_up_tests.rs"]
mod tests;
