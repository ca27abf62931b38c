//! The whole account, asked for at once: [`ask`]. What the kernel's question [`Query::Account`](crate::effect::Query::Account) is
//! answered with.
//!
//! First the open orders, then what became of those of ours that are not among them, then their trades, the account last: what it
//! holds is then explained by what was told before. A fill in between shows as a difference, and the kernel asks again.

use std::sync::Arc;

use jangbu_journal::Nanos;
use reqwest::Method;

use super::budget::Purpose;
use super::client::{Call, CallError, Client, Proof};
use super::flows;
use crate::account::OrderId;
use crate::market::{Money, Price, Qty, Venue};
use crate::venue::binance::wire::private::account::{self, BalanceRow};
use crate::venue::binance::wire::private::income::IncomeRow;
use crate::venue::binance::wire::private::orders::{self, OrderAnswer, TradeRow};
use crate::venue::binance::wire::private::request::{self, Locator};
use crate::venue::binance::wire::private::{Cause, Parameters};

/// How often the account is read again because cash came or went meanwhile.
const READINGS_MAX: u32 = 3;

/// An order of ours that the account should explain.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) order: OrderId,
    pub(super) symbol: String,
    pub(super) locator: Locator,
    /// What is known to be filled, and of how much.
    pub(super) filled: Qty,
    pub(super) qty: Qty,
}

impl Expected {
    /// Whether the venue has filled more than is known. Of an order that was replaced after a part was filled, the venue's order
    /// is for the rest alone.
    fn is_behind(&self, answer: &OrderAnswer) -> bool {
        filled_in_all(self.qty, answer.qty, answer.filled) > self.filled
    }
}

/// What is filled of an order of ours in all, when the venue's order of `venue_qty` has `filled` of it.
pub(super) fn filled_in_all(qty: Qty, venue_qty: Qty, filled: Qty) -> Qty {
    let before = qty.checked_sub(venue_qty).filter(|before| before.is_positive()).unwrap_or_default();
    before.checked_add(filled).unwrap_or(Qty::MAX)
}

/// What became of an order.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// `None`: the venue does not know it.
    pub(super) answer: Option<OrderAnswer>,
    /// Its trades, when more is filled than was known.
    pub(super) trades: Vec<TradeRow>,
}

/// Everything of the account.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) open: Vec<OrderAnswer>,
    pub(super) found: Vec<(OrderId, Found)>,
    pub(super) balances: Vec<BalanceRow>,
    /// Symbol, quantity, average price; every wanted symbol once.
    pub(super) positions: Vec<(String, Qty, Price)>,
    /// Futures: what is set aside for each wanted position; `None` with cross margin.
    pub(super) margins: Vec<(String, Option<Money>)>,
    /// Futures: what came and went without a trade.
    pub(super) flows: Vec<IncomeRow>,
}

/// A wanted symbol, and what is bought with it.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) symbol: String,
    pub(super) base: String,
}

/// A question under our signature.
pub(super) fn question(path: &'static str, parameters: Parameters, purpose: Purpose) -> Call {
    Call { method: Method::GET, path, parameters, purpose, proof: Proof::Signature }
}

/// Where orders are.
pub(super) fn order_path(venue: Venue) -> &'static str {
    if venue == Venue::BinanceUsdM { "/fapi/v1/order" } else { "/api/v3/order" }
}

/// Asks what became of one order, and for its trades if more is filled than was known.
pub(super) async fn find(client: &Client, expected: &Expected) -> Result<Found, CallError> {
    let parameters = request::query(&expected.symbol, expected.locator);
    let parameters = parameters.ok_or_else(|| CallError::NotSent("the order's name is too long".into()))?;
    match client.call(&question(order_path(client.venue), parameters, Purpose::Urgent)).await {
        Ok(body) => {
            let answer = orders::order(&body)?;
            let trades = missing(client, &answer, expected).await?;
            Ok(Found { answer: Some(answer), trades })
        }
        Err(error) if matches!(error.cause(), Some(Cause::UnknownOrder | Cause::Archived)) => {
            Ok(Found { answer: None, trades: Vec::new() })
        }
        Err(error) => Err(error),
    }
}

/// The trades of an order, if more is filled than was known.
pub(super) async fn missing(client: &Client, answer: &OrderAnswer, expected: &Expected) -> Result<Vec<TradeRow>, CallError> {
    if !expected.is_behind(answer) {
        return Ok(Vec::new());
    }
    let path = if client.venue == Venue::BinanceUsdM { "/fapi/v1/userTrades" } else { "/api/v3/myTrades" };
    let call = question(path, request::trades(&answer.symbol, answer.venue_order), Purpose::Urgent);
    Ok(orders::trades(&client.call(&call).await?)?)
}

/// Asks for the account, and for what came and went since then.
pub(super) async fn ask(
    client: Arc<Client>,
    wanted: Vec<Wanted>,
    expected: Vec<Expected>,
    since: Nanos,
) -> Result<Snapshot, CallError> {
    let futures = client.venue == Venue::BinanceUsdM;
    let path = if futures { "/fapi/v1/openOrders" } else { "/api/v3/openOrders" };
    let open = orders::orders(&client.call(&question(path, Parameters::new(), Purpose::Question)).await?)?;
    let mut found = Vec::new();
    for expected in expected {
        let row = open.iter().find(|row| match expected.locator {
            Locator::Number(number) => row.venue_order == number,
            Locator::Name(id) => id.text().as_deref() == Some(&row.client_id),
        });
        let one = match row {
            Some(row) => Found { answer: Some(row.clone()), trades: missing(&client, row, &expected).await? },
            None => find(&client, &expected).await?,
        };
        found.push((expected.order, one));
    }
    if !futures {
        let (balances, positions) = spot_account(&client, &wanted).await?;
        return Ok(Snapshot { open, found, balances, positions, margins: Vec::new(), flows: Vec::new() });
    }
    let mut flows = flows::ask(&client, since).await?;
    let ((mut balances, mut positions), mut margins) = futures_account(&client, &wanted).await?;
    for _ in 0..READINGS_MAX {
        // What came in between is in the balance or not, nobody could say.
        let after = flows::ask(&client, since).await?;
        if after == flows {
            break;
        }
        flows = after;
        ((balances, positions), margins) = futures_account(&client, &wanted).await?;
    }
    Ok(Snapshot { open, found, balances, positions, margins, flows })
}

type Holdings = (Vec<BalanceRow>, Vec<(String, Qty, Price)>);
type Margins = Vec<(String, Option<Money>)>;

async fn spot_account(client: &Client, wanted: &[Wanted]) -> Result<Holdings, CallError> {
    let body = client.call(&question("/api/v3/account", Parameters::new(), Purpose::Question)).await?;
    let account = account::spot_account(&body)?;
    let (held, cash): (Vec<_>, Vec<_>) =
        account.balances.into_iter().partition(|row| wanted.iter().any(|wanted| wanted.base == row.asset));
    // Spot does not know what a holding cost: what is taken over is taken over at today's price.
    let prices = if held.iter().all(|row| row.total().is_zero()) { Vec::new() } else { prices(client, wanted).await? };
    let position = |wanted: &Wanted| {
        let total = held.iter().find(|row| row.asset == wanted.base).map_or(Money::ZERO, BalanceRow::total);
        let price = prices.iter().find(|row| row.0 == wanted.symbol).map_or(Price::ZERO, |row| row.1);
        (wanted.symbol.clone(), Qty::from_raw(total.raw()), price)
    };
    Ok((cash, wanted.iter().map(position).collect()))
}

async fn prices(client: &Client, wanted: &[Wanted]) -> Result<Vec<(String, Price)>, CallError> {
    let names: Vec<String> = wanted.iter().map(|wanted| format!("\"{}\"", wanted.symbol)).collect();
    let parameters = Parameters::new().with("symbols", format!("[{}]", names.join(",")));
    let (method, path, purpose) = (Method::GET, "/api/v3/ticker/price", Purpose::Question);
    Ok(account::prices(&client.call(&Call { method, path, parameters, purpose, proof: Proof::None }).await?)?)
}

async fn futures_account(client: &Client, wanted: &[Wanted]) -> Result<(Holdings, Margins), CallError> {
    let positions = client.call(&question("/fapi/v3/positionRisk", Parameters::new(), Purpose::Question)).await?;
    let positions = account::positions(&positions)?;
    let balances = client.call(&question("/fapi/v3/balance", Parameters::new(), Purpose::Question)).await?;
    let position = |wanted: &Wanted| {
        let row = positions.iter().find(|row| row.symbol == wanted.symbol && row.position_side == "BOTH");
        (wanted.symbol.clone(), row.map_or(Qty::ZERO, |row| row.qty), row.map_or(Price::ZERO, |row| row.entry))
    };
    let margins = wanted.iter().map(|wanted| {
        let row = positions.iter().find(|row| row.symbol == wanted.symbol && row.position_side == "BOTH");
        (wanted.symbol.clone(), row.and_then(|row| row.isolated))
    });
    let margins = margins.collect();
    Ok(((account::futures_balances(&balances)?, wanted.iter().map(position).collect()), margins))
}
