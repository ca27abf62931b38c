//! Orders: kt10000 buys, kt10001 sells, kt10002 amends, kt10003 cancels. An answer says "accepted", never "filled".

use serde::Serialize;

use super::{Request, Tr, written};
use crate::account::{OrderType, TimeInForce};
use crate::market::number::ONE;
use crate::market::{Price, Qty, Side};
use crate::venue::kiwoom::wire::field::Object;
use crate::venue::kiwoom::wire::symbol::{Exchange, OrderNumber};
use crate::venue::wire_error::WireError;

/// Kinds of orders (`trde_tp`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderKind {
    /// 보통: a limit order.
    Limit,
    /// 시장가: a market order.
    Market,
    /// 조건부지정가: a limit that becomes a market order at the closing auction.
    ConditionalLimit,
    /// 최유리지정가: at the other side's best.
    BestOpposite,
    /// 최우선지정가: at the own side's best.
    BestOwn,
    /// 보통(IOC).
    LimitIoc,
    /// 시장가(IOC).
    MarketIoc,
    /// 최유리(IOC).
    BestIoc,
    /// 보통(FOK).
    LimitFok,
    /// 시장가(FOK).
    MarketFok,
    /// 최유리(FOK).
    BestFok,
    /// 스톱지정가: a limit that waits for a price.
    StopLimit,
    /// 중간가: between best bid and ask.
    Mid,
    /// 중간가(IOC).
    MidIoc,
    /// 중간가(FOK).
    MidFok,
    /// 장시작전시간외: before the open, at the last close.
    BeforeOpen,
    /// 시간외단일가: the auctions after hours, until 2026-09-11.
    AfterHoursAuction,
    /// 장마감후시간외: after the close, at the close.
    AfterClose,
}

/// Every kind: its code, its name, whether it takes a price.
const KINDS: &[(OrderKind, &str, &str, bool)] = &[
    (OrderKind::Limit, "0", "보통", true),
    (OrderKind::Market, "3", "시장가", false),
    (OrderKind::ConditionalLimit, "5", "조건부지정가", true),
    (OrderKind::BestOpposite, "6", "최유리지정가", false),
    (OrderKind::BestOwn, "7", "최우선지정가", false),
    (OrderKind::LimitIoc, "10", "보통(IOC)", true),
    (OrderKind::MarketIoc, "13", "시장가(IOC)", false),
    (OrderKind::BestIoc, "16", "최유리(IOC)", false),
    (OrderKind::LimitFok, "20", "보통(FOK)", true),
    (OrderKind::MarketFok, "23", "시장가(FOK)", false),
    (OrderKind::BestFok, "26", "최유리(FOK)", false),
    (OrderKind::StopLimit, "28", "스톱지정가", true),
    (OrderKind::Mid, "29", "중간가", false),
    (OrderKind::MidIoc, "30", "중간가(IOC)", false),
    (OrderKind::MidFok, "31", "중간가(FOK)", false),
    (OrderKind::BeforeOpen, "61", "장시작전시간외", false),
    (OrderKind::AfterHoursAuction, "62", "시간외단일가", true),
    (OrderKind::AfterClose, "81", "장마감후시간외", false),
];

impl OrderKind {
    /// Every kind.
    pub fn all() -> impl Iterator<Item = OrderKind> {
        KINDS.iter().map(|row| row.0)
    }

    fn row(self) -> &'static (OrderKind, &'static str, &'static str, bool) {
        // Every variant has its row: a test goes over them.
        KINDS.iter().find(|row| row.0 == self).unwrap_or(&KINDS[0])
    }

    /// As requests name it.
    pub fn code(self) -> &'static str {
        self.row().1
    }

    /// As reports name it.
    pub fn name(self) -> &'static str {
        self.row().2
    }

    /// Whether it takes a price; the others must leave it blank.
    pub fn takes_price(self) -> bool {
        self.row().3
    }

    /// From its code.
    pub fn from_code(code: &str) -> Option<OrderKind> {
        KINDS.iter().find(|row| row.1 == code.trim()).map(|row| row.0)
    }

    /// From its name in a report.
    pub fn from_name(name: &str) -> Option<OrderKind> {
        KINDS.iter().find(|row| row.2 == name.trim()).map(|row| row.0)
    }

    /// The kind that an order of ours is; `None` for one that must not take, which Kiwoom does not know.
    pub const fn of(order_type: OrderType, time_in_force: TimeInForce) -> Option<OrderKind> {
        Some(match (order_type, time_in_force) {
            (_, TimeInForce::PostOnly) => return None,
            (OrderType::Limit(_), TimeInForce::Gtc) => OrderKind::Limit,
            (OrderType::Limit(_), TimeInForce::Ioc) => OrderKind::LimitIoc,
            (OrderType::Limit(_), TimeInForce::Fok) => OrderKind::LimitFok,
            (OrderType::Market, TimeInForce::Gtc) => OrderKind::Market,
            (OrderType::Market, TimeInForce::Ioc) => OrderKind::MarketIoc,
            (OrderType::Market, TimeInForce::Fok) => OrderKind::MarketFok,
        })
    }
}

/// Whole KRW of a price; `None` when it has a fraction or is not positive.
pub fn whole_krw(price: Price) -> Option<u64> {
    (price.is_positive() && price.raw() % ONE == 0).then(|| price.raw().unsigned_abs() / ONE.unsigned_abs())
}

/// Whole shares of a quantity; `None` when it has a fraction, is not positive or is too large.
pub fn whole_shares(qty: Qty) -> Option<u64> {
    (qty.is_positive() && qty.raw() % i128::from(ONE) == 0).then(|| u64::try_from(qty.raw() / i128::from(ONE)).ok()).flatten()
}

/// kt10000 or kt10001: buys or sells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceOrder {
    /// Buy or sell.
    pub side: Side,
    /// Where.
    pub exchange: Exchange,
    /// Of what, the bare code.
    pub code: String,
    /// How many shares.
    pub shares: u64,
    /// The limit, KRW. Written only when the kind takes one: a market order's must be blank, not 0.
    pub price: Option<u64>,
    /// Which kind.
    pub kind: OrderKind,
    /// The price that a stop order waits for, KRW.
    pub stop: Option<u64>,
}

/// Accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderAnswer {
    /// The number to go on with: of the order, or a new one of the amendment or cancellation.
    pub number: OrderNumber,
    /// The first order of the chain.
    pub root: Option<OrderNumber>,
    /// Shares amended or cancelled.
    pub qty: Option<Qty>,
    /// Where.
    pub exchange: Option<Exchange>,
}

fn read_answer(body: &str) -> Result<OrderAnswer, WireError> {
    const WHAT: &str = "an order's answer";
    let fields = Object::parse(WHAT, body)?;
    let number: Option<OrderNumber> = fields.value("ord_no", "ord_no")?;
    let missing = WireError::Missing { what: WHAT, field: "ord_no", expected: "the order's number" };
    let amended: Option<Qty> = fields.value("mdfy_qty", "mdfy_qty")?;
    let cancelled: Option<Qty> = fields.value("cncl_qty", "cncl_qty")?;
    Ok(OrderAnswer {
        number: number.ok_or(missing)?,
        root: fields.value("base_orig_ord_no", "base_orig_ord_no")?,
        qty: amended.or(cancelled),
        exchange: fields.value("dmst_stex_tp", "dmst_stex_tp")?,
    })
}

fn blank_or(value: Option<u64>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

impl Request for PlaceOrder {
    type Answer = OrderAnswer;

    fn tr(&self) -> Tr {
        if self.side == Side::Buy { Tr::Buy } else { Tr::Sell }
    }

    fn body(&self) -> String {
        #[derive(Serialize)]
        struct Body<'a> {
            dmst_stex_tp: &'static str,
            stk_cd: &'a str,
            ord_qty: String,
            ord_uv: String,
            trde_tp: &'static str,
            cond_uv: String,
        }
        written(&Body {
            dmst_stex_tp: self.exchange.name(),
            stk_cd: &self.code,
            ord_qty: self.shares.to_string(),
            ord_uv: blank_or(self.price.filter(|_| self.kind.takes_price())),
            trde_tp: self.kind.code(),
            cond_uv: blank_or(self.stop.filter(|_| self.kind == OrderKind::StopLimit)),
        })
    }

    fn read(body: &str) -> Result<OrderAnswer, WireError> {
        read_answer(body)
    }
}

/// kt10002: amends. The kind of the order stays; its exchange must be the one it was placed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmendOrder {
    /// Where.
    pub exchange: Exchange,
    /// Its newest number.
    pub number: OrderNumber,
    /// Of what, the bare code.
    pub code: String,
    /// How many shares of what is open.
    pub shares: u64,
    /// The new limit, KRW.
    pub price: u64,
    /// The new price that a stop order waits for, KRW.
    pub stop: Option<u64>,
}

impl Request for AmendOrder {
    type Answer = OrderAnswer;

    fn tr(&self) -> Tr {
        Tr::Amend
    }

    fn body(&self) -> String {
        #[derive(Serialize)]
        struct Body<'a> {
            dmst_stex_tp: &'static str,
            orig_ord_no: String,
            stk_cd: &'a str,
            mdfy_qty: String,
            mdfy_uv: String,
            mdfy_cond_uv: String,
        }
        written(&Body {
            dmst_stex_tp: self.exchange.name(),
            orig_ord_no: self.number.to_string(),
            stk_cd: &self.code,
            mdfy_qty: self.shares.to_string(),
            mdfy_uv: self.price.to_string(),
            mdfy_cond_uv: blank_or(self.stop),
        })
    }

    fn read(body: &str) -> Result<OrderAnswer, WireError> {
        read_answer(body)
    }
}

/// kt10003: cancels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelOrder {
    /// Where; the one it was placed with.
    pub exchange: Exchange,
    /// Its newest number.
    pub number: OrderNumber,
    /// Of what, the bare code.
    pub code: String,
    /// How many shares; `None` is all that is open.
    pub shares: Option<u64>,
}

impl Request for CancelOrder {
    type Answer = OrderAnswer;

    fn tr(&self) -> Tr {
        Tr::Cancel
    }

    fn body(&self) -> String {
        #[derive(Serialize)]
        struct Body<'a> {
            dmst_stex_tp: &'static str,
            orig_ord_no: String,
            stk_cd: &'a str,
            cncl_qty: String,
        }
        written(&Body {
            dmst_stex_tp: self.exchange.name(),
            orig_ord_no: self.number.to_string(),
            stk_cd: &self.code,
            cncl_qty: self.shares.unwrap_or(0).to_string(),
        })
    }

    fn read(body: &str) -> Result<OrderAnswer, WireError> {
        read_answer(body)
    }
}
