//! What we ask: orders as parameters. Signing, time and key are added by the gateway.

use super::client_id::ClientId;
use super::parameters::Parameters;
use crate::account::{NewOrder, OrderType, TimeInForce};
use crate::market::{Price, Qty, Side, Venue};

/// How an order of ours is named to the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locator {
    /// By the venue's number: surest, because names can be used again once an order has ended.
    Number(u64),
    /// By our name, while no number is known.
    Name(ClientId),
}

impl Locator {
    fn add(self, parameters: Parameters) -> Option<Parameters> {
        Some(match self {
            Locator::Number(number) => parameters.with("orderId", number),
            Locator::Name(id) => parameters.with("origClientOrderId", id.text()?),
        })
    }
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

/// Type, time in force and price of an order, as this venue says them.
fn kind(parameters: Parameters, venue: Venue, order_type: OrderType, time_in_force: TimeInForce) -> Parameters {
    let tif = |text: &'static str| Some(text);
    let (kind, tif, price) = match (order_type, time_in_force, venue) {
        // Spot's and futures' market orders are immediate or cancel by themselves and take no time in force.
        (OrderType::Market, _, _) => ("MARKET", None, None),
        (OrderType::Limit(price), TimeInForce::PostOnly, Venue::BinanceUsdM) => ("LIMIT", tif("GTX"), Some(price)),
        (OrderType::Limit(price), TimeInForce::PostOnly, _) => ("LIMIT_MAKER", None, Some(price)),
        (OrderType::Limit(price), TimeInForce::Gtc, _) => ("LIMIT", tif("GTC"), Some(price)),
        (OrderType::Limit(price), TimeInForce::Ioc, _) => ("LIMIT", tif("IOC"), Some(price)),
        (OrderType::Limit(price), TimeInForce::Fok, _) => ("LIMIT", tif("FOK"), Some(price)),
    };
    parameters.with("type", kind).with_some("timeInForce", tif).with_some("price", price)
}

/// `POST …/order`. `None` when the order's name does not fit.
pub fn place(venue: Venue, symbol: &str, order: &NewOrder, name: ClientId) -> Option<Parameters> {
    let name = name.text()?;
    let parameters = Parameters::new().with("symbol", symbol).with("side", side(order.side));
    let parameters = kind(parameters, venue, order.order_type, order.time_in_force).with("quantity", order.qty);
    let parameters = match (venue, order.reduce_only) {
        (Venue::BinanceUsdM, true) => parameters.with("reduceOnly", "true"),
        _ => parameters,
    };
    Some(parameters.with("newClientOrderId", name).with("newOrderRespType", "ACK"))
}

/// `DELETE …/order`.
pub fn cancel(symbol: &str, locator: Locator) -> Option<Parameters> {
    locator.add(Parameters::new().with("symbol", symbol))
}

/// `GET …/order`.
pub fn query(symbol: &str, locator: Locator) -> Option<Parameters> {
    locator.add(Parameters::new().with("symbol", symbol))
}

/// `PUT /fapi/v1/order`: `qty` is the total, filled and open.
pub fn modify(symbol: &str, locator: Locator, order_side: Side, price: Price, qty: Qty) -> Option<Parameters> {
    let parameters = locator.add(Parameters::new().with("symbol", symbol))?;
    Some(parameters.with("side", side(order_side)).with("quantity", qty).with("price", price))
}

/// `POST /api/v3/order/cancelReplace` of an order of which nothing is filled: with `ONLY_NEW` the venue refuses if something was
/// filled meanwhile, so that never more is bought than was wanted.
pub fn cancel_replace(
    symbol: &str,
    order: &NewOrder,
    old: Locator,
    next: ClientId,
    price: Price,
    qty: Qty,
) -> Option<Parameters> {
    let parameters = Parameters::new().with("symbol", symbol).with("side", side(order.side));
    let parameters = kind(parameters, Venue::BinanceSpot, OrderType::Limit(price), order.time_in_force);
    let parameters = parameters.with("quantity", qty).with("cancelReplaceMode", "STOP_ON_FAILURE");
    let parameters = match old {
        Locator::Number(number) => parameters.with("cancelOrderId", number),
        Locator::Name(id) => parameters.with("cancelOrigClientOrderId", id.text()?),
    };
    let parameters = parameters.with("cancelRestrictions", "ONLY_NEW").with("newClientOrderId", next.text()?);
    Some(parameters.with("newOrderRespType", "ACK"))
}

/// `POST /api/v3/order` of what is left of an order that was cancelled to be placed anew.
pub fn place_next(symbol: &str, order: &NewOrder, next: ClientId, price: Price, qty: Qty) -> Option<Parameters> {
    let parameters = Parameters::new().with("symbol", symbol).with("side", side(order.side));
    let parameters = kind(parameters, Venue::BinanceSpot, OrderType::Limit(price), order.time_in_force).with("quantity", qty);
    Some(parameters.with("newClientOrderId", next.text()?).with("newOrderRespType", "ACK"))
}

/// `GET …/myTrades` or `…/userTrades` of an order.
pub fn trades(symbol: &str, venue_order: u64) -> Parameters {
    Parameters::new().with("symbol", symbol).with("orderId", venue_order).with("limit", 1_000)
}

#[cfg(test)]
mod tests {
    use jangbu_journal::{Nanos, Seq};

    use super::*;
    use crate::account::{OrderId, SessionId, StrategyId};
    use crate::market::InstrumentId;

    fn order(order_type: OrderType, time_in_force: TimeInForce) -> NewOrder {
        NewOrder {
            id: OrderId { session: SessionId(3), seq: Seq::new(18_211), index: 2 },
            strategy: StrategyId(0),
            instrument: InstrumentId(0),
            side: Side::Sell,
            order_type,
            time_in_force,
            qty: "0.01".parse().expect("a quantity"),
            reduce_only: true,
        }
    }

    fn named() -> ClientId {
        ClientId::first(order(OrderType::Market, TimeInForce::Gtc).id, Nanos::new(1_795_165_445_123_456_789))
    }

    #[test]
    fn orders_are_written_as_each_venue_wants_them() {
        let limit = OrderType::Limit("60000.1".parse().expect("a price"));
        let head = "symbol=BTCUSDT&side=SELL&type=";
        let tail = "newClientOrderId=jb-3-18211-2-mwor5mgz&newOrderRespType=ACK";
        let rows = [
            (Venue::BinanceSpot, OrderType::Market, TimeInForce::Ioc, "MARKET&quantity=0.01"),
            (Venue::BinanceSpot, limit, TimeInForce::Gtc, "LIMIT&timeInForce=GTC&price=60000.1&quantity=0.01"),
            (Venue::BinanceSpot, limit, TimeInForce::Ioc, "LIMIT&timeInForce=IOC&price=60000.1&quantity=0.01"),
            (Venue::BinanceSpot, limit, TimeInForce::PostOnly, "LIMIT_MAKER&price=60000.1&quantity=0.01"),
            (Venue::BinanceUsdM, limit, TimeInForce::Fok, "LIMIT&timeInForce=FOK&price=60000.1&quantity=0.01&reduceOnly=true"),
            (
                Venue::BinanceUsdM,
                limit,
                TimeInForce::PostOnly,
                "LIMIT&timeInForce=GTX&price=60000.1&quantity=0.01&reduceOnly=true",
            ),
            (Venue::BinanceUsdM, OrderType::Market, TimeInForce::Gtc, "MARKET&quantity=0.01&reduceOnly=true"),
        ];
        for (venue, order_type, time_in_force, middle) in rows {
            let query = place(venue, "BTCUSDT", &order(order_type, time_in_force), named()).expect("it fits").query();
            assert_eq!(query, format!("{head}{middle}&{tail}"));
        }
    }

    #[test]
    fn changes_name_the_order_by_number_once_there_is_one() {
        let order = order(OrderType::Market, TimeInForce::Gtc);
        let (name, number) = (Locator::Name(named()), Locator::Number(42));
        let text = |parameters: Option<Parameters>| parameters.expect("it fits").query();
        assert_eq!(text(cancel("BTCUSDT", name)), "symbol=BTCUSDT&origClientOrderId=jb-3-18211-2-mwor5mgz");
        assert_eq!(text(query("BTCUSDT", number)), "symbol=BTCUSDT&orderId=42");
        let (price, qty) = ("60000".parse().expect("a price"), "1.5".parse().expect("a quantity"));
        let modified = modify("BTCUSDT", number, Side::Buy, price, qty);
        assert_eq!(text(modified), "symbol=BTCUSDT&orderId=42&side=BUY&quantity=1.5&price=60000");
        let next = ClientId { revision: 1, ..named() };
        assert_eq!(
            text(cancel_replace("BTCUSDT", &order, number, next, price, qty)),
            "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&price=60000&quantity=1.5&cancelReplaceMode=STOP_ON_FAILURE\
             &cancelOrderId=42&cancelRestrictions=ONLY_NEW&newClientOrderId=jb-3-18211-2-mwor5mgz.1&newOrderRespType=ACK"
        );
        assert_eq!(trades("BTCUSDT", 42).query(), "symbol=BTCUSDT&orderId=42&limit=1000");
    }
}
