//! What the queries show of today's orders: ka10075 and ka10076 together, one [`Row`] a number.

use std::collections::BTreeMap;

use jangbu_journal::Nanos;

use super::rest::{Rest, RestError};
use super::wire::orders::Settled;
use super::wire::report::{OrderFrame, OrderVerb};
use super::wire::rest::account::{AskDeposit, AskHoldings, Deposit, Holding};
use super::wire::rest::reports::{AskFills, AskOpenOrders, FilledOrder, OpenOrder};
use super::wire::symbol::{Exchange, OrderNumber};
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
