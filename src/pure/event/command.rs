//! What the operator says: [`Command`], and the [`Settings`] it carries.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::valuation::ValuationSettings;
use crate::account::{OrderId, OrderType, SessionId, TimeInForce};
use crate::market::{Currency, InstrumentId, Money, Price, Qty, Rate, Side, Venue};

/// The operator (or the start of a session) spoke. All configuration enters the kernel this way, so a journal needs nothing beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// A session begins. Connections of the one before are down, its books lost.
    SessionStarted {
        /// Its number.
        session: SessionId,
        /// What made it: version and commit.
        build: String,
        /// `paper`, `live`, `backtest`.
        mode: String,
    },
    /// A session ends cleanly.
    SessionEnded {
        /// Its number.
        session: SessionId,
    },
    /// Everything a person can set that the kernel needs to know.
    Configure(Settings),
    /// Cash put into (below 0: taken out of) an account.
    Deposit {
        /// Where.
        venue: Venue,
        /// Of what.
        currency: Currency,
        /// How much.
        amount: Money,
    },
    /// Lets strategies place orders, or not.
    AutoTrade(bool),
    /// A strategy text, loaded or edited.
    StrategyText {
        /// Its name.
        name: String,
        /// The text.
        text: String,
    },
    /// An order by hand.
    Order {
        /// What.
        instrument: InstrumentId,
        /// Buy or sell.
        side: Side,
        /// Priced how.
        order_type: OrderType,
        /// For how long.
        time_in_force: TimeInForce,
        /// How much.
        qty: Qty,
    },
    /// Cancel one order.
    Cancel(OrderId),
    /// Cancel everything and close every position at market.
    Liquidate,
    /// Cancel everything, refuse every new order. Holds until `Resume`, through restarts.
    Kill {
        /// Why.
        reason: String,
    },
    /// Ends a kill.
    Resume,
    /// Orders for these venues are real in this session. Others are simulated.
    RealOrders {
        /// Which.
        venues: Vec<Venue>,
    },
    /// How accounts are added up, and which prices are compared. Replaces what was said before.
    Valuation(ValuationSettings),
    /// Changes a resting order, by hand.
    Amend {
        /// Which.
        order: OrderId,
        /// The new limit; `None` leaves it.
        price: Option<Price>,
        /// The new total, filled and open; `None` leaves it.
        qty: Option<Qty>,
    },
    /// Cancels every open order. New ones may leave.
    CancelAll,
    /// Makes the connection to a venue anew that was given up, because the key logged in elsewhere. The kernel only keeps it.
    Reconnect {
        /// To whom.
        venue: Venue,
    },
    /// How near perpetuals may come to being taken away. Replaces what was said before.
    Liquidation(LiquidationLimits),
}

/// How near the mark of a perpetual may come to the price at which the venue takes the position away, as shares of the mark. `None` is
/// no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LiquidationLimits {
    /// An order that would bring it nearer than this is refused.
    pub distance_min: Option<Rate>,
    /// A person is told when it is as near as this.
    pub warning: Option<Rate>,
}

/// Everything a person can set that the kernel needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Limits before any order leaves.
    pub risk: RiskLimits,
    /// The strategies to run, in order; the index is the strategy's id.
    pub strategies: Vec<StrategySettings>,
    /// Paper trading and backtests: the latencies of the simulated venue. The kernel does not look at them; a backtest of the
    /// session does, so that it needs nothing but the journal.
    pub simulator: Option<LatencySettings>,
}

/// How long orders travel to the simulated venue and back: always the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LatencySettings {
    /// From our decision until the venue has the order, nanoseconds.
    pub entry_ns: i64,
    /// From the venue's answer until we have it, nanoseconds.
    pub response_ns: i64,
}

/// Limits before any order leaves. `None` is no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RiskLimits {
    /// The largest quantity of one order.
    pub order_qty_max: Option<Qty>,
    /// The largest value of one order, in its quote currency.
    pub order_notional_max: Option<Money>,
    /// The largest position in one instrument (long or short), counting orders in flight.
    pub position_qty_max: Option<Qty>,
    /// The largest value of all positions and orders in flight in one quote currency.
    pub exposure_max: Option<Money>,
    /// How far a limit may stand from the last price, as a share of it (0.05 is 5 %).
    pub price_band: Option<Rate>,
    /// How many orders within `order_rate_window_ms`.
    pub order_rate_max: Option<u32>,
    /// The span of the order rate, milliseconds.
    pub order_rate_window_ms: u32,
    /// An order like the one before (instrument, side, price, quantity) within this many milliseconds is refused as a duplicate. 0 is off.
    pub duplicate_window_ms: u32,
    /// Realised and unrealised loss since the start of the day (UTC+9) at which trading stops, in the quote currency.
    pub daily_loss_max: Option<Money>,
}

/// A strategy to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrategySettings {
    /// Which: `ema-cross`, ….
    pub name: String,
    /// Symbols it trades, as `venue:SYMBOL`; empty is all.
    #[serde(default)]
    pub instruments: Vec<String>,
    /// Its parameters, by name, as decimal text.
    #[serde(default)]
    pub parameters: Vec<(String, String)>,
}
