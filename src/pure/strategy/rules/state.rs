//! What the rules remember: [`State`], of every instrument they have to do with a [`Tracked`].

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use jangbu_journal::Nanos;
use serde::{Deserialize, Serialize};

use crate::account::OrderId;
use crate::market::{Currency, InstrumentId, Money, Price, Qty, Side};

/// Why a position is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// The strategy wants it.
    Signal,
    /// A part of a split exit is due.
    Split,
    /// `stop_loss`.
    StopLoss,
    /// `stop_loss_amount`.
    StopLossAmount,
    /// `take_profit`.
    TakeProfit,
    /// `take_profit_amount`.
    TakeProfitAmount,
    /// The trailing stop.
    Trailing,
    /// `holding_seconds_max`.
    HoldingTime,
    /// `liquidate_at`.
    Liquidation,
    /// The day's loss or profit has reached its limit.
    DayLimit,
    /// `margin_loss`.
    Margin,
}

impl Reason {
    /// Whether it goes on, at market, until nothing is left.
    pub const fn is_forced(self) -> bool {
        !matches!(self, Reason::Signal | Reason::Split)
    }

    /// Its name, in Korean and English.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::Signal => "신호 · signal",
            Reason::Split => "분할 매도 · split exit",
            Reason::StopLoss => "손절 수익률 · stop loss",
            Reason::StopLossAmount => "손절 금액 · stop loss amount",
            Reason::TakeProfit => "익절 수익률 · take profit",
            Reason::TakeProfitAmount => "익절 금액 · take profit amount",
            Reason::Trailing => "트레일링 스탑 · trailing stop",
            Reason::HoldingTime => "보유 시간 · holding time",
            Reason::Liquidation => "시각 청산 · liquidation time",
            Reason::DayLimit => "하루 한도 · limit of the day",
            Reason::Margin => "증거금 손실률 · loss of the margin",
        }
    }
}

/// A position since it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// When it was taken, by our stamps.
    pub since: Nanos,
    /// When it was taken, by the venue's clock.
    pub since_venue: Nanos,
    /// How much; below 0 is short.
    pub qty: Qty,
    /// Average price of entry.
    pub entry: Price,
    /// Price of the last fill that made it larger.
    pub last_entry: Price,
    /// The best price since: the highest of a long position, the lowest of a short one.
    pub best: Price,
    /// The trailing stop is armed.
    pub armed: bool,
    /// Orders that made it larger.
    pub buys: u32,
    /// Orders that made it smaller.
    pub sells: u32,
    /// How much it was when the first part was sold; parts are shares of it.
    pub sell_base: Qty,
    /// Profit of the parts that were closed, after fees and taxes.
    pub realised: Money,
}

/// An order of ours that is on its way or rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Working {
    /// Its id, once anything was heard of it.
    pub order: Option<OrderId>,
    /// Buy or sell.
    pub side: Side,
    /// It makes a position larger.
    pub is_entry: bool,
    /// Its limit; `None` at market.
    pub limit: Option<Price>,
    /// How much, filled and open.
    pub qty: Qty,
    /// Filled so far.
    pub filled: Qty,
    /// Something of it was filled under an order before this one.
    pub carried: bool,
    /// When it was sent or amended last.
    pub sent: Nanos,
    /// How often it was amended.
    pub amended: u32,
    /// Its cancellation was asked for.
    pub cancelling: bool,
    /// What is left of it is ordered at market.
    pub then_market: bool,
}

/// A position that is being left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// Why.
    pub reason: Reason,
    /// How much; `None` is everything.
    pub qty: Option<Qty>,
}

/// What is remembered of one instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracked {
    /// The position.
    pub holding: Option<Holding>,
    /// The order.
    pub working: Option<Working>,
    /// The position is being left.
    pub leaving: Option<Leaving>,
    /// Entries of today.
    pub buys: u32,
    /// Losing exits of today.
    pub losses: u32,
    /// The last fill of today.
    pub last_trade: Option<Nanos>,
    /// The last losing exit of today.
    pub last_loss: Option<Nanos>,
    /// Nothing is ordered before this.
    pub retry_at: Option<Nanos>,
    /// When the timer is set to.
    pub timer: Option<Nanos>,
}

impl Tracked {
    /// A new day: what was counted for the day before is forgotten.
    fn begin_day(&mut self) {
        (self.buys, self.losses, self.last_trade, self.last_loss) = (0, 0, None, None);
    }

    /// Whether it says nothing that one never seen would not.
    fn is_idle(&self) -> bool {
        *self == Tracked { timer: self.timer, retry_at: self.retry_at, ..Tracked::default() }
    }

    /// Whether it counts as held: it is, or is about to be.
    pub fn is_held(&self) -> bool {
        self.holding.is_some() || self.working.is_some_and(|working| working.is_entry)
    }
}

/// Low and high of an instrument's day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The number of the Korean day.
    pub day: i64,
    /// Lowest price.
    pub low: Price,
    /// Highest price.
    pub high: Price,
}

/// Everything the rules remember. Saved as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// By instrument: those held, ordered, or traded today.
    pub tracked: BTreeMap<InstrumentId, Tracked>,
    /// The number of the Korean day.
    pub day: i64,
    /// What was closed today, after fees and taxes, by quote currency.
    pub realised: Vec<(Currency, Money)>,
    /// The day's limit was reached.
    pub stopped: bool,
    /// The last losing exit from anything.
    pub last_loss: Option<Nanos>,
    /// By instrument number, where sizes depend on it.
    pub ranges: Vec<Range>,
}

impl State {
    /// A new day, if it is one.
    pub fn begin_day(&mut self, day: i64) {
        if day != self.day {
            self.day = day;
            self.realised.clear();
            self.stopped = false;
            self.tracked.values_mut().for_each(Tracked::begin_day);
            self.tracked.retain(|_, tracked| !tracked.is_idle());
        }
    }

    /// Books what was closed.
    pub fn on_realised(&mut self, currency: Currency, profit: Money) {
        let place = match self.realised.iter().position(|row| row.0 == currency) {
            Some(place) => place,
            None => {
                self.realised.push((currency, Money::ZERO));
                self.realised.len() - 1
            }
        };
        if let Some(row) = self.realised.get_mut(place) {
            // A sum that does not fit stays as it was: limits are far below it.
            row.1 = row.1.checked_add(profit).unwrap_or(row.1);
        }
    }

    /// What was closed today.
    pub fn realised(&self, currency: Currency) -> Money {
        self.realised.iter().find(|row| row.0 == currency).map_or(Money::ZERO, |row| row.1)
    }
}
