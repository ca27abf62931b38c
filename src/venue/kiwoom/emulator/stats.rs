//! What the emulator has done ([`KiwoomStats`]), and its books ([`KiwoomLedger`]): whole shares and KRW, exact.

use serde::Serialize;

use super::engine::{Engine, won};
use super::write::{money, shares, whole};
use crate::market::Side;
use crate::venue::exchange::{LedgerFill, Order, OrderState};

/// What it has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KiwoomStats {
    /// Virtual time, `YYYYMMDDHHMMSS`.
    pub virtual_time: String,
    /// Whether the last day is over.
    pub finished: bool,
    /// Days begun.
    pub days: u64,
    /// REST requests.
    pub requests: u64,
    /// Those refused.
    pub refused: u64,
    /// Those refused as too many.
    pub limited: u64,
    /// WebSocket connections ever made.
    pub connections: u64,
    /// Open ones.
    pub connections_open: u64,
    /// REAL frames queued.
    pub frames: u64,
    /// Trades of the market.
    pub trades: u64,
    /// Orders taken: new ones, amendments, cancellations.
    pub orders: u64,
    /// Fills of the account.
    pub fills: u64,
    /// Volatility interruptions begun.
    pub interruptions: u64,
    /// Faults by name.
    pub faults: Vec<(&'static str, u64)>,
}

/// The account as the broker has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KiwoomLedger {
    /// Cash, with everything that traded booked at once; KRW.
    pub cash: i64,
    /// Of it free for orders.
    pub orderable: i64,
    /// What is held; nothing that was sold out.
    pub holdings: Vec<KiwoomHolding>,
    /// Fees of all fills, KRW.
    pub fees: i64,
    /// Taxes of all fills, KRW.
    pub taxes: i64,
    /// Every fill, oldest first.
    pub fills: Vec<KiwoomFill>,
    /// Every order of every day, oldest first: amendments are orders of their own, cancellations are not here.
    pub orders: Vec<KiwoomOrder>,
}

/// A holding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KiwoomHolding {
    /// The bare code.
    pub code: String,
    /// Shares.
    pub qty: i64,
    /// Shares that open sell orders do not hold.
    pub sellable: i64,
    /// What they cost, without fees, KRW.
    pub cost: i64,
}

/// A fill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KiwoomFill {
    /// FID 909.
    pub number: u64,
    /// The order's number on its day.
    pub order: u64,
    /// The bare code.
    pub code: String,
    /// Bought, else sold.
    pub buy: bool,
    /// KRW.
    pub price: i64,
    /// Shares.
    pub qty: i64,
    /// KRW.
    pub fee: i64,
    /// KRW.
    pub tax: i64,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KiwoomOrder {
    /// Its number on its day.
    pub number: u64,
    /// The order that it amended.
    pub original: Option<u64>,
    /// The bare code.
    pub code: String,
    /// Buys, else sells.
    pub buy: bool,
    /// Limit, KRW; `None` for a market order.
    pub price: Option<i64>,
    /// Shares ordered.
    pub qty: i64,
    /// Shares that traded.
    pub filled: i64,
    /// Shares that are open.
    pub open: i64,
    /// `open`, `filled`, `cancelled`, `amended`.
    pub state: &'static str,
}

impl Engine {
    /// What has been done.
    pub(super) fn stats(&self) -> KiwoomStats {
        KiwoomStats {
            virtual_time: format!("{}{}", self.date, self.time()),
            connections_open: self.connections.len() as u64,
            faults: self.faults.counts(),
            ..self.stats.clone()
        }
    }

    /// The books.
    pub(super) fn ledger(&self) -> KiwoomLedger {
        let (fees, taxes) = self.exchange.ledger().charged(self.account);
        let account = self.exchange.account(self.account).cloned().unwrap_or_default();
        let cash = account.cash(won());
        let orders = self.exchange.past_orders().iter().chain(self.exchange.orders());
        let held = account.holdings.iter().filter(|row| row.1.qty.is_positive());
        KiwoomLedger {
            cash: money(cash.total),
            orderable: money(cash.free()),
            holdings: held
                .map(|(id, holding)| KiwoomHolding {
                    code: self.code(id.index()),
                    qty: shares(holding.qty),
                    sellable: shares(holding.free()),
                    cost: money(holding.cost),
                })
                .collect(),
            fees: money(fees),
            taxes: money(taxes),
            fills: self
                .exchange
                .ledger()
                .fills
                .iter()
                .filter(|fill| fill.account == self.account)
                .map(|fill| self.fill_row(fill))
                .collect(),
            orders: orders.filter(|order| order.account == self.account).map(|order| self.order_row(order)).collect(),
        }
    }

    fn code(&self, at: usize) -> String {
        self.stocks.get(at).map(|stock| stock.code.clone()).unwrap_or_default()
    }

    fn fill_row(&self, fill: &LedgerFill) -> KiwoomFill {
        KiwoomFill {
            number: fill.number,
            order: fill.order,
            code: self.code(fill.instrument.index()),
            buy: fill.side == Side::Buy,
            price: whole(fill.price),
            qty: shares(fill.qty),
            fee: money(fill.charges.fee),
            tax: money(fill.charges.tax),
        }
    }

    fn order_row(&self, order: &Order) -> KiwoomOrder {
        KiwoomOrder {
            number: order.number,
            original: order.amends,
            code: self.code(order.instrument.index()),
            buy: order.side == Side::Buy,
            price: order.limit().map(whole),
            qty: shares(order.qty),
            filled: shares(order.filled),
            open: shares(order.open),
            state: match order.state {
                OrderState::Open => "open",
                OrderState::Filled => "filled",
                OrderState::Cancelled => "cancelled",
                OrderState::Amended => "amended",
            },
        }
    }
}
