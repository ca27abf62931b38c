//! What the queries show of today's orders: ka10075 and ka10076 together, one [`Row`] a number.

use std::collections::BTreeMap;

use jangbu_journal::Nanos;

use super::rest::{Rest, RestError};
use super::wire::orders::Settled;
use super::wire::report::{OrderFrame, OrderVerb};
use super::wire::rest::account::{AskDeposit, AskHoldings, Deposit, Holding};
use super::wire::rest::reports::{AskFills, AskOpenOrders, FilledOrder, OpenOrder};
use super::wire::symbol::{Exchange, OrderNumber};
use crate::market::number::ONE;
use crate::market::{Money, Price, Qty, Rounding, Side};
use crate::venue::Now;

/// One number of today's orders, anybody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub number: OrderNumber,
    pub original: Option<OrderNumber>,
    pub verb: OrderVerb,
    pub code: String,
    pub side: Option<Side>,
    /// Name of the kind of price; may be blank.
    pub price_type: String,
    pub qty: Qty,
    /// The limit; 0 for a market order.
    pub price: Price,
    pub filled: Qty,
    pub value: Money,
    /// Whether the value is exact, and not reckoned from a rounded average.
    pub exact: bool,
    pub open: Qty,
    pub fee: Option<Money>,
    pub tax: Option<Money>,
}

impl Row {
    fn of_open(row: &OpenOrder) -> Option<Row> {
        let (qty, open) = (row.qty?, row.open_qty?);
        let filled = row.filled_qty.map(Qty::abs).or_else(|| qty.checked_sub(open))?;
        let told = row.filled_value.filter(|value| value.is_positive() || filled.is_zero());
        let reckoned = || row.fill_price?.times(filled, Rounding::HalfEven);
        Some(Row {
            number: row.number?,
            original: row.original,
            verb: row.action.verb,
            code: row.symbol.code.clone(),
            side: row.action.side,
            price_type: row.price_type.clone(),
            qty,
            price: row.price.unwrap_or(Price::ZERO),
            filled,
            exact: told.is_some(),
            value: told.or_else(reckoned).unwrap_or(Money::ZERO),
            open,
            fee: None,
            tax: None,
        })
    }

    fn of_filled(row: &FilledOrder) -> Option<Row> {
        let (qty, filled) = (row.qty?, row.filled_qty?.abs());
        Some(Row {
            number: row.number?,
            original: row.original,
            verb: row.action.verb,
            code: row.symbol.code.clone(),
            side: row.action.side,
            price_type: row.price_type.clone(),
            qty,
            price: row.price.unwrap_or(Price::ZERO),
            filled,
            value: row.fill_price.and_then(|price| price.times(filled, Rounding::HalfEven)).unwrap_or(Money::ZERO),
            exact: false,
            open: row.open_qty.unwrap_or(Qty::ZERO),
            fee: row.fee,
            tax: row.tax,
        })
    }

    /// What a report that waits says of the order it is of.
    pub fn of_frame(frame: &OrderFrame) -> Option<Row> {
        Some(Row {
            number: frame.number?,
            original: frame.original,
            verb: frame.action.verb,
            code: frame.symbol.code.clone(),
            side: frame.side.or(frame.action.side),
            price_type: frame.price_type.clone(),
            qty: frame.qty?,
            price: frame.price.unwrap_or(Price::ZERO),
            filled: Qty::ZERO,
            value: Money::ZERO,
            exact: false,
            open: frame.open_qty.unwrap_or(Qty::ZERO),
            fee: None,
            tax: None,
        })
    }

    /// Whether the value of what was filled is known to the KRW, with the tick of its prices: an average that was cut to whole KRW
    /// still says it when only one multiple of the tick fits. Then it is put right.
    pub fn make_exact(&mut self, tick: Price) -> bool {
        let (one, tick) = (i128::from(ONE), i128::from(tick.raw()));
        let shares = self.filled.raw() / one;
        if self.exact || shares <= 1 || tick <= one || self.value.raw() % one != 0 {
            self.exact |= shares == 1;
            return self.exact;
        }
        // The average is cut: at least this much, and less than a KRW a share more.
        let low = self.value.raw();
        let first = low + (tick - low % tick) % tick;
        if first < low + shares * one && first + tick >= low + shares * one {
            (self.value, self.exact) = (Money::from_raw(first), true);
        }
        self.exact
    }

    /// For the orders whose reports are followed.
    pub fn settled(&self) -> Settled {
        let Row { number, filled, value, exact, fee, tax, .. } = *self;
        Settled { number, filled, value, exact, fee, tax }
    }
}

/// Both lists together. They are asked for one after the other: of a number in both, the row with more fills is the younger.
pub(super) fn merge(open: &[OpenOrder], filled: &[FilledOrder]) -> Vec<Row> {
    let mut rows: BTreeMap<OrderNumber, Row> = BTreeMap::new();
    for row in open.iter().filter_map(Row::of_open) {
        rows.insert(row.number, row);
    }
    for row in filled.iter().filter_map(Row::of_filled) {
        let Some(other) = rows.get_mut(&row.number) else {
            rows.insert(row.number, row);
            continue;
        };
        if row.filled > other.filled {
            *other = row;
        } else if row.filled == other.filled {
            (other.fee, other.tax) = (row.fee, row.tax);
        }
    }
    rows.into_values().collect()
}

/// Today's orders, as the queries show them.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    /// When the first query was begun: nothing later is proven.
    pub began: Nanos,
    pub open: Vec<OpenOrder>,
    pub filled: Vec<FilledOrder>,
}

/// Looks.
pub(super) async fn look(rest: &Rest, now: &Now) -> Result<Looked, RestError> {
    let began = now();
    let open = rest.pages(&AskOpenOrders::default()).await?;
    let filled = rest.pages(&AskFills::default()).await?;
    Ok(Looked { began, open: open.concat(), filled: filled.concat() })
}

/// The account.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub looked: Looked,
    pub cash: Deposit,
    pub holdings: Vec<Holding>,
}

/// Asks for the account: orders first, so that a fill meanwhile makes a difference and not a hole.
pub(super) async fn account(rest: &Rest, now: &Now, exchange: Exchange) -> Result<Account, RestError> {
    let looked = look(rest, now).await?;
    let cash = rest.ask(&AskDeposit { estimated: true }).await?;
    // There is no such question for both exchanges together.
    let exchange = if exchange == Exchange::Nxt { Exchange::Nxt } else { Exchange::Krx };
    let pages = rest.pages(&AskHoldings { summed: true, exchange }).await?;
    Ok(Account { looked, cash, holdings: pages.into_iter().flat_map(|page| page.rows).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `shares` filled at an average of `average`.
    fn row(shares: i64, average: i64) -> Row {
        let filled = Qty::from_raw(i128::from(shares * ONE));
        let price = Price::from_raw(average * ONE);
        Row {
            number: OrderNumber::new(1).expect("a number"),
            original: None,
            verb: OrderVerb::Place,
            code: "035720".into(),
            side: Some(Side::Buy),
            price_type: String::new(),
            qty: filled,
            price: Price::ZERO,
            filled,
            value: price.times(filled, Rounding::HalfEven).expect("a value"),
            exact: false,
            open: Qty::ZERO,
            fee: None,
            tax: None,
        }
    }

    #[test]
    fn an_average_says_the_value_when_one_multiple_of_the_tick_fits() {
        let tick = |krw: i64| Price::from_raw(krw * ONE);
        let won = |row: &Row| row.value.raw() / i128::from(ONE);
        // 40 at 58,700 and 11 at 58,800: 2,994,800 KRW, 58,721.57 each.
        let mut cut = row(51, 58_721);
        assert!(cut.make_exact(tick(100)) && won(&cut) == 2_994_800, "{cut:?}");
        // One price.
        let mut plain = row(51, 58_700);
        assert!(plain.make_exact(tick(100)) && won(&plain) == 51 * 58_700, "{plain:?}");
        // More shares than the tick has KRW: several fit, and the value stays as it was.
        let mut wide = row(136, 22_031);
        assert!(!wide.make_exact(tick(50)) && won(&wide) == 136 * 22_031, "{wide:?}");
        assert!(row(1, 2_994).make_exact(tick(5)) && !row(7, 1_500).make_exact(tick(1)));
    }
}
