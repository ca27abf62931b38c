//! Orders as the venue takes and tells them: from parameters to the exchange and back.

use super::core::Core;
use super::request::{Given, Refused};
use crate::account::{OrderType, TimeInForce};
use crate::market::number::divide;
use crate::market::{Money, Qty, Rounding, Side};
use crate::venue::exchange::{LedgerFill, NewOrder, Order, OrderState, Reject, Size};
use crate::venue::upbit::rules::{Quote, costs};
use crate::venue::upbit::wire::MarketCode;
use crate::venue::upbit::wire::moment::korean;

/// A UUID made of a number; `part` tells orders, fills and changes of assets apart.
pub(super) fn uuid(part: u16, number: u64) -> String {
    format!("e0000000-{part:04x}-4000-8000-{:012x}", number & 0xffff_ffff_ffff)
}

/// The number of an order's UUID.
fn number_of(text: &str) -> Option<u64> {
    let number = u64::from_str_radix(text.get(24..)?, 16).ok()?;
    (uuid(0, number) == text).then_some(number)
}

/// What an order says of itself beside its progress; numbers as texts.
pub(super) struct Terms {
    pub(super) kind: &'static str,
    pub(super) price: Option<String>,
    pub(super) volume: Option<String>,
    pub(super) remaining: Option<String>,
    pub(super) time_in_force: Option<&'static str>,
    pub(super) reserved_fee: Money,
    pub(super) remaining_fee: Money,
    pub(super) locked: String,
}

pub(super) fn terms(core: &Core, code: MarketCode, order: &Order) -> Terms {
    let special = core.special.get(&order.number).copied();
    let total = special.and_then(|(_, total)| total);
    let (kind, price) = match (special, order.limit()) {
        (Some((kind, total)), _) => (kind, total.map(|total| total.to_string())),
        (None, Some(limit)) => ("limit", Some(limit.to_string())),
        (None, None) => ("market", None),
    };
    let time_in_force = match order.time_in_force {
        _ if matches!(kind, "price" | "market") => None,
        TimeInForce::Gtc => None,
        TimeInForce::Ioc => Some("ioc"),
        TimeInForce::Fok => Some("fok"),
        TimeInForce::PostOnly => Some("post_only"),
    };
    let rate = costs::fee_rate(Quote::of(code.quote()).unwrap_or(Quote::Krw));
    let value = total.or_else(|| order.limit()?.times(order.qty, Rounding::Ceiling)).unwrap_or(Money::ZERO);
    // A sale pays its fee out of what it brings.
    let reserved_fee = match order.side {
        Side::Buy => value.share(rate, Rounding::Floor).unwrap_or(Money::ZERO),
        Side::Sell => Money::ZERO,
    };
    let left = reserved_fee.checked_sub(order.charges.fee).filter(|left| !left.is_negative() && order.is_open());
    let locked = match order.side {
        Side::Buy => order.reserved.to_string(),
        Side::Sell => if order.is_open() { order.open } else { Qty::ZERO }.to_string(),
    };
    Terms {
        kind,
        price,
        volume: total.is_none().then(|| order.qty.to_string()),
        remaining: total.is_none().then(|| order.open.to_string()),
        time_in_force,
        reserved_fee,
        remaining_fee: left.unwrap_or(Money::ZERO),
        locked,
    }
}

/// The fills of an order, in their order.
pub(super) fn fills(core: &Core, number: u64) -> impl Iterator<Item = &LedgerFill> {
    core.exchange.ledger().fills.iter().filter(move |fill| fill.order == number)
}

/// An order as REST tells it; with its fills when one order was asked for.
pub(super) fn told(core: &Core, order: &Order, with_fills: bool) -> String {
    let Some(code) = core.codes.get(&order.instrument).copied() else { return "{}".into() };
    let terms = terms(core, code, order);
    let side = if order.side == Side::Buy { "bid" } else { "ask" };
    let state = match order.state {
        OrderState::Open => "wait",
        OrderState::Filled => "done",
        OrderState::Cancelled | OrderState::Amended => "cancel",
    };
    let text = |text: Option<String>| text.map_or_else(|| "null".to_owned(), |text| serde_json::json!(text).to_string());
    let mut told = format!(
        "{{\"market\":\"{code}\",\"uuid\":\"{}\",\"side\":\"{side}\",\"ord_type\":\"{}\",\"price\":{},\"state\":\"{state}\",\
         \"created_at\":\"{}\",\"volume\":{},\"remaining_volume\":{},\"executed_volume\":\"{}\",\"executed_funds\":\"{}\",\
         \"reserved_fee\":\"{}\",\"remaining_fee\":\"{}\",\"paid_fee\":\"{}\",\"locked\":\"{}\",\"prevented_volume\":\"0\",\
         \"prevented_locked\":\"0\",\"trades_count\":{},\"time_in_force\":{},\"identifier\":{}",
        uuid(0, order.number),
        terms.kind,
        text(terms.price),
        korean(order.placed),
        text(terms.volume),
        text(terms.remaining),
        order.filled,
        order.value,
        terms.reserved_fee,
        terms.remaining_fee,
        order.charges.fee,
        terms.locked,
        fills(core, order.number).count(),
        text(terms.time_in_force.map(str::to_owned)),
        text(order.client_id.clone()),
    );
    if with_fills {
        let rows = fills(core, order.number).map(|fill| {
            format!(
                "{{\"market\":\"{code}\",\"uuid\":\"{}\",\"price\":\"{}\",\"volume\":\"{}\",\"funds\":\"{}\",\"trend\":\"{}\",\
                 \"created_at\":\"{}\",\"side\":\"{side}\"}}",
                uuid(0x1000, fill.number),
                fill.price,
                fill.qty,
                fill.value,
                if (fill.side == Side::Buy) == fill.taker { "up" } else { "down" },
                korean(fill.at),
            )
        });
        told.push_str(&format!(",\"trades\":[{}]", rows.collect::<Vec<_>>().join(",")));
    }
    told.push('}');
    told
}

/// The order that `uuid` or `identifier` (with this prefix) names.
pub(super) fn named<'c>(core: &'c Core, given: &Given, prefix: &str) -> Result<&'c Order, Refused> {
    let missing = || Refused::new(404, "order_not_found", "주문을 찾지 못했습니다.");
    let number = match (given.get(&format!("{prefix}uuid")), given.get(&format!("{prefix}identifier"))) {
        (Some(uuid), _) => number_of(uuid),
        (None, Some(identifier)) => core.identifiers.get(identifier).copied().flatten(),
        (None, None) => return Err(Refused::validation("uuid or identifier is missing")),
    };
    core.exchange.order(number.ok_or_else(missing)?).filter(|order| order.account == core.account).ok_or_else(missing)
}

/// What is to be placed. `prefix` is `new_` in cancel-and-new.
struct Wish {
    side: Side,
    order_type: OrderType,
    time_in_force: TimeInForce,
    size: Size,
    /// How the venue calls it, when the exchange does not; of a buy for an amount, that.
    special: Option<(&'static str, Option<Money>)>,
}

fn wish(core: &Core, code: MarketCode, given: &Given) -> Result<Wish, Refused> {
    let market = core.markets.get(&code).ok_or_else(|| Refused::new(404, "market_does_not_exist", "없는 마켓입니다."))?;
    let side = match given.get("side") {
        Some("bid") => Side::Buy,
        Some("ask") => Side::Sell,
        _ => return Err(Refused::validation("side does not have a valid value")),
    };
    let nonsense = match side {
        Side::Buy => Refused::new(400, "create_bid_error", "주문 요청 정보가 올바르지 않습니다."),
        Side::Sell => Refused::new(400, "create_ask_error", "주문 요청 정보가 올바르지 않습니다."),
    };
    let time_in_force = match given.get("time_in_force") {
        None => TimeInForce::Gtc,
        Some("ioc") => TimeInForce::Ioc,
        Some("fok") => TimeInForce::Fok,
        Some("post_only") if given.get("smp_type").is_none() => TimeInForce::PostOnly,
        Some(_) => return Err(Refused::validation("time_in_force does not have a valid value")),
    };
    let (price, volume) = (given.price("price")?, given.qty("volume")?);
    let at_market = |size, special| Wish { side, order_type: OrderType::Market, time_in_force: TimeInForce::Ioc, size, special };
    let wish = match (given.get("ord_type"), side, price, volume) {
        (Some("limit"), _, Some(price), Some(qty)) => {
            Wish { side, order_type: OrderType::Limit(price), time_in_force, size: Size::Base(qty), special: None }
        }
        (Some("price"), Side::Buy, Some(_), None) => {
            let total = given.money("price")?.unwrap_or(Money::ZERO);
            at_market(Size::Quote(total), Some(("price", Some(total))))
        }
        (Some("market"), Side::Sell, None, Some(qty)) => at_market(Size::Base(qty), None),
        (Some("best"), ..) if matches!(time_in_force, TimeInForce::Ioc | TimeInForce::Fok) => {
            let best = core.exchange.best(market.id, side.opposite()).ok_or_else(|| nonsense.clone())?;
            let (qty, total) = match (side, given.money("price")?, volume) {
                (Side::Buy, Some(total), None) => {
                    let units = divide(total.raw().saturating_mul(100_000_000), i128::from(best.raw()), Rounding::Floor);
                    (Qty::from_raw(units.unwrap_or(0)), Some(total))
                }
                (Side::Sell, None, Some(qty)) => (qty, None),
                _ => return Err(nonsense),
            };
            Wish {
                side,
                order_type: OrderType::Limit(best),
                time_in_force,
                size: Size::Base(qty),
                special: Some(("best", total)),
            }
        }
        _ => return Err(nonsense),
    };
    let value = match (wish.size, wish.order_type) {
        (Size::Quote(total), _) => Some(total),
        (Size::Base(qty), OrderType::Limit(price)) => price.times(qty, Rounding::Floor),
        (Size::Base(qty), OrderType::Market) => market.last.times(qty, Rounding::Floor),
    };
    let least = costs::notional_min(Quote::of(code.quote()).unwrap_or(Quote::Krw));
    if value.is_some_and(|value| value < least) {
        let name = if side == Side::Buy { "under_min_total_bid" } else { "under_min_total_ask" };
        return Err(Refused::new(400, name, &format!("최소주문금액 이상으로 주문해주세요. ({least} {})", code.quote())));
    }
    Ok(wish)
}

/// Places an order; gives its number. A repeated identifier is refused, also when the order of then failed.
pub(super) fn place(core: &mut Core, given: &Given, is_tape: bool) -> Result<u64, Refused> {
    let code = given.market()?;
    let identifier = given.get("identifier").map(str::to_owned);
    if identifier.as_ref().is_some_and(|identifier| core.identifiers.contains_key(identifier)) {
        return Err(Refused::validation("identifier has already been used"));
    }
    if let Some(identifier) = &identifier {
        core.identifiers.insert(identifier.clone(), None);
    }
    let wish = wish(core, code, given)?;
    if is_tape {
        return Err(Refused::validation("a tape plays: nobody would trade with this order"));
    }
    let instrument = core.markets.get(&code).map(|market| market.id).unwrap_or_default();
    let new = NewOrder {
        account: core.account,
        instrument,
        side: wish.side,
        order_type: wish.order_type,
        time_in_force: wish.time_in_force,
        size: wish.size,
        client_id: identifier.clone(),
    };
    let number = core.exchange.place(new).map_err(|reject| refused(reject, wish.side))?;
    if let Some(special) = wish.special {
        core.special.insert(number, special);
    }
    if let Some(identifier) = identifier {
        core.identifiers.insert(identifier, Some(number));
    }
    Ok(number)
}

/// Whether an order would be taken: nothing is placed.
pub(super) fn would_place(core: &Core, given: &Given) -> Result<(), Refused> {
    wish(core, given.market()?, given).map(|_| ())
}

/// Cancels an order; gives it as it was before, which is what the venue answers.
pub(super) fn cancel(core: &mut Core, given: &Given, prefix: &str) -> Result<Order, Refused> {
    let order = named(core, given, prefix)?.clone();
    let ended = |_| Refused::new(400, "order_already_canceled_or_done", "이미 취소되었거나 체결된 주문입니다.");
    core.exchange.cancel(core.account, order.number, None).map_err(ended)?;
    Ok(order)
}

fn refused(reject: Reject, side: Side) -> Refused {
    let message = reject.to_string();
    let by_side = |bid, ask| Refused::new(400, if side == Side::Buy { bid } else { ask }, &message);
    match reject {
        Reject::TooLittleCash { .. } | Reject::TooLittleHeld { .. } => {
            by_side("insufficient_funds_bid", "insufficient_funds_ask")
        }
        Reject::OffTick | Reject::OutsideLimits => by_side("invalid_price_bid", "invalid_price_ask"),
        Reject::TooLarge => Refused::new(400, "volume_too_large", &message),
        Reject::BadQty | Reject::WouldTake | Reject::Closed => by_side("create_bid_error", "create_ask_error"),
        Reject::UnknownAccount | Reject::UnknownInstrument | Reject::UnknownOrder | Reject::NothingLeft => {
            Refused::validation(&message)
        }
    }
}
