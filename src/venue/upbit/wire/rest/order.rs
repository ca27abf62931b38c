//! Orders: placing, cancelling, replacing, looking up. All of them are signed.

use jangbu_journal::Nanos;

use super::super::WireError;
use super::super::code::MarketCode;
use super::super::field::record;
use super::super::number::Number;
use super::super::private::{OrderState, OrderType, SelfMatch, TimeInForce};
use super::limits::Group;
use super::{Call, Method, Parameters, Request, rows};
use crate::market::{Money, Price, Qty, Side};

record! {
    /// A fill, as looking up one order tells it.
    "a trade of an order" OrderTrade {
        /// Market.
        code: MarketCode = "market",
        /// The venue's id of the fill, the same as in the private stream.
        uuid: String = "uuid",
        /// Price.
        price: Price = "price",
        /// Quantity.
        qty: Qty = "volume",
        /// Price × quantity, as the venue counts it.
        funds: Number = "funds",
        /// Which way the price went: `up`, `down`.
        trend: Option<String> = "trend",
        /// When.
        time: Nanos = "created_at",
        /// Our side.
        side: Side = "side",
    }
}

record! {
    /// An order as every answer about it says. Amounts may have more than eight decimals.
    "an order" Order {
        /// The venue's id.
        uuid: String = "uuid",
        /// Market.
        code: MarketCode = "market",
        /// Bid buys.
        side: Side = "side",
        /// Which kind.
        kind: OrderType = "ord_type",
        /// Price; the amount of a market buy; none of a market sell.
        price: Option<Number> = "price",
        /// Where it stands. To a cancel, the answer still says `wait`.
        state: OrderState = "state",
        /// When it was placed.
        time: Nanos = "created_at",
        /// Quantity; none of a market buy.
        volume: Option<Number> = "volume",
        /// What is not filled yet.
        remaining: Option<Number> = "remaining_volume",
        /// What is filled.
        executed: Qty = "executed_volume",
        /// Amount of all fills; newer answers.
        executed_funds: Option<Number> = "executed_funds",
        /// Fee set aside.
        reserved_fee: Number = "reserved_fee",
        /// What is left of it.
        remaining_fee: Number = "remaining_fee",
        /// Fee paid.
        paid_fee: Number = "paid_fee",
        /// Amount or quantity still set aside.
        locked: Number = "locked",
        /// Quantity taken away against trades with ourselves.
        prevented_volume: Option<Number> = "prevented_volume",
        /// What that set free.
        prevented_locked: Option<Number> = "prevented_locked",
        /// Number of fills.
        trades_count: u64 = "trades_count",
        /// How long it holds.
        time_in_force: Option<TimeInForce> = "time_in_force",
        /// Against trades with ourselves.
        self_match: Option<SelfMatch> = "smp_type",
        /// Our own id; orders since 2024-10-18.
        identifier: Option<String> = "identifier",
        /// The fills, in answer to [`AskOrder`].
        trades: Option<Vec<OrderTrade>> = "trades",
        /// The order in its place, in answer to [`CancelAndNew`].
        new_uuid: Option<String> = "new_order_uuid",
        /// Our own id of that one.
        new_identifier: Option<String> = "new_order_identifier",
    }
}

/// How an order is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderKey {
    /// By the venue's id.
    Uuid(String),
    /// By our own.
    Identifier(String),
}

impl OrderKey {
    fn named(&self, uuid: &str, identifier: &str) -> Parameters {
        match self {
            OrderKey::Uuid(id) => Parameters::new().with(uuid, id),
            OrderKey::Identifier(id) => Parameters::new().with(identifier, id),
        }
    }
}

/// What is ordered. Combinations that the venue knows, and no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terms {
    /// At a price, or better.
    Limit {
        /// Bid or ask.
        side: Side,
        /// At most (least) this.
        price: Price,
        /// So much.
        qty: Qty,
        /// Until it is cancelled when none.
        time_in_force: Option<TimeInForce>,
    },
    /// A market buy for an amount.
    MarketBuy {
        /// In the quote currency.
        total: Money,
    },
    /// A market sell of a quantity.
    MarketSell {
        /// So much.
        qty: Qty,
    },
    /// A buy at the best ask for an amount.
    BestBuy {
        /// In the quote currency.
        total: Money,
        /// All or nothing; otherwise what is not filled at once is cancelled.
        fill_or_kill: bool,
    },
    /// A sell at the best bid.
    BestSell {
        /// So much.
        qty: Qty,
        /// All or nothing; otherwise what is not filled at once is cancelled.
        fill_or_kill: bool,
    },
}

/// POST `/v1/orders`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceOrder {
    /// Where.
    pub market: MarketCode,
    /// What.
    pub terms: Terms,
    /// Our own id: unique for ever, also when the order failed. Sent again it is refused, so a repeat can never order twice.
    pub identifier: Option<String>,
    /// Against trades with ourselves. Not together with `post_only`.
    pub self_match: Option<SelfMatch>,
    /// Only looks whether it would be taken (`/v1/orders/test`).
    pub dry_run: bool,
}

impl Request for PlaceOrder {
    type Answer = Order;

    fn call(&self) -> Call {
        let sided = |side: Side| Parameters::new().with("market", self.market).with("side", word(side));
        let immediate = |kill: bool| if kill { TimeInForce::Fok } else { TimeInForce::Ioc };
        let parameters = match self.terms {
            Terms::Limit { side, price, qty, time_in_force } => sided(side)
                .with("volume", qty)
                .with("price", price)
                .with("ord_type", OrderType::Limit)
                .maybe("time_in_force", time_in_force),
            Terms::MarketBuy { total } => sided(Side::Buy).with("price", total).with("ord_type", OrderType::MarketBuy),
            Terms::MarketSell { qty } => sided(Side::Sell).with("volume", qty).with("ord_type", OrderType::MarketSell),
            Terms::BestBuy { total, fill_or_kill } => sided(Side::Buy)
                .with("price", total)
                .with("ord_type", OrderType::Best)
                .with("time_in_force", immediate(fill_or_kill)),
            Terms::BestSell { qty, fill_or_kill } => sided(Side::Sell)
                .with("volume", qty)
                .with("ord_type", OrderType::Best)
                .with("time_in_force", immediate(fill_or_kill)),
        };
        let parameters = parameters.maybe("identifier", self.identifier.as_deref()).maybe("smp_type", self.self_match);
        let (path, group) = if self.dry_run { ("/v1/orders/test", Group::OrderTest) } else { ("/v1/orders", Group::Order) };
        Call { method: Method::Post, path, parameters, group, signed: true }
    }

    fn read(body: &str) -> Result<Self::Answer, WireError> {
        Order::parse(body)
    }
}

/// DELETE `/v1/order`. The answer is the order as it was; that it is cancelled is said later, in the private stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelOrder(pub OrderKey);

impl Request for CancelOrder {
    type Answer = Order;

    fn call(&self) -> Call {
        let parameters = self.0.named("uuid", "identifier");
        Call { method: Method::Delete, path: "/v1/order", parameters, group: Group::Default, signed: true }
    }

    fn read(body: &str) -> Result<Self::Answer, WireError> {
        Order::parse(body)
    }
}

/// POST `/v1/orders/cancel_and_new`: cancels a limit order and places another one in its stead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelAndNew {
    /// Which is cancelled.
    pub previous: OrderKey,
    /// Price of the new one.
    pub price: Price,
    /// Quantity of the new one; `None` for what is left of the old one.
    pub qty: Option<Qty>,
    /// Our own id of the new one.
    pub identifier: Option<String>,
    /// How long the new one holds.
    pub time_in_force: Option<TimeInForce>,
    /// Against trades with ourselves.
    pub self_match: Option<SelfMatch>,
}

impl Request for CancelAndNew {
    type Answer = Order;

    fn call(&self) -> Call {
        let volume = self.qty.map_or_else(|| "remain_only".to_owned(), |qty| qty.to_string());
        let parameters = self
            .previous
            .named("prev_order_uuid", "prev_order_identifier")
            .with("new_ord_type", OrderType::Limit)
            .with("new_price", self.price)
            .with("new_volume", volume)
            .maybe("new_identifier", self.identifier.as_deref())
            .maybe("new_time_in_force", self.time_in_force)
            .maybe("new_smp_type", self.self_match);
        Call { method: Method::Post, path: "/v1/orders/cancel_and_new", parameters, group: Group::Order, signed: true }
    }

    fn read(body: &str) -> Result<Self::Answer, WireError> {
        Order::parse(body)
    }
}

/// GET `/v1/order`: one order with its fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskOrder(pub OrderKey);

impl Request for AskOrder {
    type Answer = Order;

    fn call(&self) -> Call {
        let parameters = self.0.named("uuid", "identifier");
        Call { method: Method::Get, path: "/v1/order", parameters, group: Group::Default, signed: true }
    }

    fn read(body: &str) -> Result<Self::Answer, WireError> {
        Order::parse(body)
    }
}

/// GET `/v1/orders/open`: what is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskOpenOrders {
    /// Of one market, or of all.
    pub market: Option<MarketCode>,
    /// Which states: `wait`, `watch`.
    pub states: Vec<OrderState>,
    /// Page, from 1.
    pub page: u32,
    /// Orders a page, at most 100.
    pub limit: u32,
}

impl Request for AskOpenOrders {
    type Answer = Vec<Order>;

    fn call(&self) -> Call {
        let parameters = Parameters::new().maybe("market", self.market).list("states", &self.states);
        let parameters = parameters.with("page", self.page).with("limit", self.limit);
        Call { method: Method::Get, path: "/v1/orders/open", parameters, group: Group::Default, signed: true }
    }

    fn read(body: &str) -> Result<Self::Answer, WireError> {
        rows("/v1/orders/open", body, Order::parse)
    }
}

/// GET `/v1/orders/closed`: what has ended, within seven days at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskClosedOrders {
    /// Of one market, or of all.
    pub market: Option<MarketCode>,
    /// Which states: `done`, `cancel`.
    pub states: Vec<OrderState>,
    /// From when on: milliseconds since 1970, or a moment with its offset.
    pub start: Option<String>,
    /// Until when.
    pub end: Option<String>,
    /// At most 1,000.
    pub limit: u32,
}

impl Request for AskClosedOrders {
    type Answer = Vec<Order>;

    fn call(&self) -> Call {
        let parameters = Parameters::new().maybe("market", self.market).list("states", &self.states);
        let parameters = parameters.maybe("start_time", self.start.as_deref()).maybe("end_time", self.end.as_deref());
        Call {
            method: Method::Get,
            path: "/v1/orders/closed",
            parameters: parameters.with("limit", self.limit),
            group: Group::Default,
            signed: true,
        }
    }

    fn read(body: &str) -> Result<Self::Answer, WireError> {
        rows("/v1/orders/closed", body, Order::parse)
    }
}

const fn word(side: Side) -> &'static str {
    match side {
        Side::Buy => "bid",
        Side::Sell => "ask",
    }
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
