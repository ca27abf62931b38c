//! What the private stream says of us: [`MyOrder`], [`MyAsset`].

use jangbu_journal::Nanos;

use super::code::MarketCode;
use super::field::{record, words};
use super::market::StreamType;
use super::number::Number;
use crate::market::{Price, Qty, Side};

words! {
    /// Kinds of orders, as the wire names them.
    OrderType, "limit, price, market or best" {
        /// At a price.
        Limit = "limit",
        /// A market buy: for an amount.
        MarketBuy = "price",
        /// A market sell: of a quantity.
        MarketSell = "market",
        /// At the best price of the other side.
        Best = "best",
    }
}

words! {
    /// How long an order holds.
    TimeInForce, "ioc, fok or post_only" {
        /// What is not filled at once is cancelled.
        Ioc = "ioc",
        /// All at once or nothing.
        Fok = "fok",
        /// Only if it rests.
        PostOnly = "post_only",
    }
}

words! {
    /// What becomes of an order that would trade with another one of ours (self-match prevention).
    SelfMatch, "cancel_maker, cancel_taker, reduce or none" {
        /// The resting one is cancelled.
        CancelMaker = "cancel_maker",
        /// The taking one is cancelled.
        CancelTaker = "cancel_taker",
        /// Both are made smaller by the smaller one.
        Reduce = "reduce",
        /// Nothing is prevented.
        None = "none",
    }
}

words! {
    /// Where an order stands, or (stream only: `trade`, `prevented`) what happened to it.
    OrderState, "wait, watch, trade, done, cancel or prevented" {
        /// Open.
        Wait = "wait",
        /// Reserved: it waits for its price.
        Watch = "watch",
        /// A fill; the order may have ended with it, which a `done` then says.
        Trade = "trade",
        /// Filled.
        Done = "done",
        /// Cancelled; a market buy whose rest could not be spent ends so, ordinarily.
        Cancel = "cancel",
        /// Made smaller because it would have traded with another order of ours.
        Prevented = "prevented",
    }
}

record! {
    /// An order of ours changed (`myOrder`). Amounts may have more than eight decimals.
    "myOrder" MyOrder {
        /// Market.
        code: MarketCode = "code" | "cd",
        /// The venue's id.
        uuid: String = "uuid" | "uid",
        /// Bid buys.
        side: Side = "ask_bid" | "ab",
        /// Which kind.
        kind: OrderType = "order_type" | "ot",
        /// What happened.
        state: OrderState = "state" | "s",
        /// The fill's id, when it is one.
        trade_uuid: Option<String> = "trade_uuid" | "tuid",
        /// The order's price; the fill's when it is one.
        price: Option<Number> = "price" | "p",
        /// Average price of all fills.
        average: Option<Number> = "avg_price" | "ap",
        /// The order's quantity; the fill's when it is one.
        volume: Option<Number> = "volume" | "v",
        /// What is not filled yet; of a market buy, the amount not yet spent.
        remaining: Option<Number> = "remaining_volume" | "rv",
        /// What is filled.
        executed: Qty = "executed_volume" | "ev",
        /// Number of fills.
        trades: u64 = "trades_count" | "tc",
        /// Fee set aside.
        reserved_fee: Number = "reserved_fee" | "rsf",
        /// What is left of it.
        remaining_fee: Number = "remaining_fee" | "rmf",
        /// Fee paid.
        paid_fee: Number = "paid_fee" | "pf",
        /// Amount or quantity still set aside.
        locked: Number = "locked" | "l",
        /// Amount of all fills.
        executed_funds: Number = "executed_funds" | "ef",
        /// How long it holds.
        time_in_force: Option<TimeInForce> = "time_in_force" | "tif",
        /// Fee of this fill, when it is one.
        trade_fee: Option<Number> = "trade_fee" | "tf",
        /// Whether we rested in the book, when it is a fill.
        maker: Option<bool> = "is_maker" | "im",
        /// Our own id.
        identifier: Option<String> = "identifier" | "id",
        /// Against trades with ourselves.
        self_match: Option<SelfMatch> = "smp_type" | "smpt",
        /// Quantity taken away for that.
        prevented_volume: Option<Number> = "prevented_volume" | "pv",
        /// What that set free.
        prevented_locked: Option<Number> = "prevented_locked" | "pl",
        /// When the fill was.
        trade_time: Option<Nanos> = "trade_timestamp" | "ttms",
        /// When the order was placed.
        order_time: Nanos = "order_timestamp" | "otms",
        /// When this was sent.
        time: Nanos = "timestamp" | "tms",
        /// What stands, or what happened.
        stream: Option<StreamType> = "stream_type" | "st",
    }
}

record! {
    /// One asset of ours.
    "an asset of myAsset" Asset {
        /// Which.
        currency: String = "currency" | "cu",
        /// What is free.
        balance: Number = "balance" | "b",
        /// What is set aside for orders.
        locked: Number = "locked" | "l",
    }
}

record! {
    /// Assets of ours changed (`myAsset`): those that did.
    "myAsset" MyAsset {
        /// The venue's id of the change.
        uuid: String = "asset_uuid" | "astuid",
        /// What they are now.
        assets: Vec<Asset> = "assets" | "ast",
        /// When they changed.
        asset_time: Nanos = "asset_timestamp" | "asttms",
        /// When this was sent.
        time: Nanos = "timestamp" | "tms",
        /// What stands, or what happened.
        stream: Option<StreamType> = "stream_type" | "st",
    }
}

impl MyOrder {
    /// Price and quantity of the fill, exactly; `None` when this is none, or says one that cannot be: the order is asked for then.
    pub fn fill(&self) -> Option<(Price, Qty)> {
        if self.state != OrderState::Trade {
            return None;
        }
        let (price, qty) = (self.price?.price().ok()?, self.volume?.qty().ok()?);
        (!price.is_negative() && !qty.is_negative()).then_some((price, qty))
    }
}
