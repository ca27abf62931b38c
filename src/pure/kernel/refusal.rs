//! Why the kernel does not let an order leave: [`Refusal`].

use alloc::string::String;

use crate::market::{Money, Price, Qty, Rate};

/// Why the kernel does not let an order leave. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The kill switch is on.
    #[error("the kill switch is on ({reason}); `resume` ends it")]
    Killed {
        /// Why it was pulled.
        reason: String,
    },
    /// Everything is being closed.
    #[error("every position is being closed; orders of strategies wait until that is done")]
    Liquidating,
    /// Strategies may not trade.
    #[error("automatic trading is off")]
    AutoTradeOff,
    /// No such instrument.
    #[error("instrument {0} was never defined")]
    UnknownInstrument(crate::market::InstrumentId),
    /// An index or an exchange rate.
    #[error("{0} cannot be traded")]
    NotTradable(String),
    /// The market is closed, halted or interrupted.
    #[error("the market of {0} is closed or halted")]
    Closed(String),
    /// A connection to the venue is down: what we know is stale, and answers may not reach us.
    #[error("a connection to {0} is down")]
    LinkDown(crate::market::Venue),
    /// The account at a venue with real orders is not known yet, or no more.
    #[error("the account at {0} is not reconciled yet; no order leaves before it is")]
    NotReconciled(crate::market::Venue),
    /// Not a quantity the instrument allows.
    #[error("quantity {qty} is not a multiple of {lot} from {min} to {max}")]
    Quantity {
        /// Asked for.
        qty: Qty,
        /// Step.
        lot: Qty,
        /// Smallest.
        min: Qty,
        /// Largest.
        max: Qty,
    },
    /// Not a price on the grid.
    #[error("price {price} is not above 0 and a multiple of {tick}")]
    Price {
        /// Asked for.
        price: Price,
        /// Step there.
        tick: Price,
    },
    /// Beyond the limits of the day (상한가, 하한가).
    #[error("price {price} is outside the day's limits, {}", range(*lower, *upper))]
    PriceLimit {
        /// Asked for.
        price: Price,
        /// Lower limit, if it is known.
        lower: Option<Price>,
        /// Upper limit, if it is known.
        upper: Option<Price>,
    },
    /// Its venue has halted it (거래정지).
    #[error("trading of {0} is halted by its venue")]
    Halted(String),
    /// Before and after the regular hours there are no market orders.
    #[error("{0} takes no market orders before and after the regular hours")]
    LimitsOnly(String),
    /// Worth less than the venue takes.
    #[error("its value {value} is below the venue's least of {min}")]
    TooSmall {
        /// Value.
        value: Money,
        /// Least.
        min: Money,
    },
    /// There is no price to check against.
    #[error("there is no price yet to check it against")]
    NoPrice,
    /// A limit could not be reckoned: the numbers are too large. What cannot be checked does not leave.
    #[error("{0} cannot be reckoned: the numbers are too large")]
    CannotTell(&'static str),
    /// `order_qty_max`.
    #[error("quantity {qty} is above the limit of {max} for one order")]
    OrderQty {
        /// Asked for.
        qty: Qty,
        /// Limit.
        max: Qty,
    },
    /// `order_notional_max`.
    #[error("value {value} is above the limit of {max} for one order")]
    OrderNotional {
        /// Value.
        value: Money,
        /// Limit.
        max: Money,
    },
    /// `position_qty_max`.
    #[error("the position with orders in flight would be {qty}, beyond the limit of {max}")]
    PositionQty {
        /// It would be.
        qty: Qty,
        /// Limit.
        max: Qty,
    },
    /// `exposure_max`, or the account's own worth where that is not set (futures).
    #[error("positions and orders in flight would be worth {value}, beyond {max}")]
    Exposure {
        /// They would be worth.
        value: Money,
        /// Limit.
        max: Money,
    },
    /// `price_band`.
    #[error("price {price} is too far from the last one, {last}")]
    PriceBand {
        /// Asked for.
        price: Price,
        /// The last price.
        last: Price,
    },
    /// `order_rate_max`.
    #[error("{max} orders were sent within the last {window_ms} ms")]
    OrderRate {
        /// Limit.
        max: u32,
        /// Span.
        window_ms: u32,
    },
    /// `duplicate_window_ms`.
    #[error("it is the same as an order sent {ago_ms} ms ago")]
    Duplicate {
        /// When.
        ago_ms: i64,
    },
    /// `daily_loss_max`.
    #[error("today's loss of {loss} has reached the limit of {max}; until tomorrow only positions may be closed")]
    DailyLoss {
        /// Loss.
        loss: Money,
        /// Limit.
        max: Money,
    },
    /// `liquidation_distance_min`.
    #[error("the venue would take the position away at {price}, and the mark is {mark}: nearer than {min} of it")]
    Liquidation {
        /// Where.
        price: Price,
        /// The mark.
        mark: Price,
        /// The limit, as a share.
        min: Rate,
    },
    /// Not enough cash.
    #[error("it takes {needed}, and {free} is free")]
    Cash {
        /// Takes.
        needed: Money,
        /// There is.
        free: Money,
    },
    /// Selling more than there is.
    #[error("{free} is free to sell, less than {qty}")]
    Holdings {
        /// Asked for.
        qty: Qty,
        /// There is.
        free: Qty,
    },
    /// It would trade with an order of ours.
    #[error("it would trade with our own order {0}")]
    SelfTrade(crate::account::OrderId),
    /// It may only shrink a position, and would not.
    #[error("it may only shrink the position, which is {0}")]
    ReduceOnly(Qty),
}

/// The limits of a day; `?` for one that is not known.
fn range(lower: Option<Price>, upper: Option<Price>) -> String {
    let text = |price: Option<Price>| price.map_or_else(|| String::from("?"), |price| alloc::format!("{price}"));
    alloc::format!("{} to {}", text(lower), text(upper))
}

impl Refusal {
    /// A stable name of the cause.
    pub const fn code(&self) -> &'static str {
        match self {
            Refusal::Killed { .. } => "risk.killed",
            Refusal::Liquidating => "risk.liquidating",
            Refusal::AutoTradeOff => "risk.auto_trade_off",
            Refusal::UnknownInstrument(_) => "risk.unknown_instrument",
            Refusal::NotTradable(_) => "risk.not_tradable",
            Refusal::Closed(_) => "risk.closed",
            Refusal::LinkDown(_) => "risk.link_down",
            Refusal::NotReconciled(_) => "risk.not_reconciled",
            Refusal::Quantity { .. } => "risk.quantity",
            Refusal::Price { .. } => "risk.price",
            Refusal::PriceLimit { .. } => "risk.price_limit",
            Refusal::Halted(_) => "risk.halted",
            Refusal::LimitsOnly(_) => "risk.limits_only",
            Refusal::TooSmall { .. } => "risk.too_small",
            Refusal::NoPrice => "risk.no_price",
            Refusal::CannotTell(_) => "risk.cannot_tell",
            Refusal::OrderQty { .. } => "risk.order_qty",
            Refusal::OrderNotional { .. } => "risk.order_notional",
            Refusal::PositionQty { .. } => "risk.position_qty",
            Refusal::Exposure { .. } => "risk.exposure",
            Refusal::PriceBand { .. } => "risk.price_band",
            Refusal::OrderRate { .. } => "risk.order_rate",
            Refusal::Duplicate { .. } => "risk.duplicate",
            Refusal::DailyLoss { .. } => "risk.daily_loss",
            Refusal::Liquidation { .. } => "risk.liquidation",
            Refusal::Cash { .. } => "risk.cash",
            Refusal::Holdings { .. } => "risk.holdings",
            Refusal::SelfTrade(_) => "risk.self_trade",
            Refusal::ReduceOnly(_) => "risk.reduce_only",
        }
    }
}
