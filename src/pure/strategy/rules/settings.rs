//! The order rules as settings say them: [`RuleSettings`].

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::clock::{Span, TimeOfDay};
use super::pricing::{Base, Pricing};
use super::profit::Percent;
use super::split::{Method, PARTS_MAX, Split};
use crate::event::command::StrategySettings;
use crate::market::number::ONE;
use crate::market::{Money, Price, Qty, Rate};
use crate::strategy::parameters::Values;
use crate::strategy::size::Size;

/// Which way positions are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Bought.
    Long,
    /// Sold short.
    Short,
    /// As the strategy says; bought where it does not say.
    Both,
}

impl Direction {
    /// Whether positions of this kind are taken.
    pub fn allows(self, short: bool) -> bool {
        matches!((self, short), (Direction::Both, _) | (Direction::Long, false) | (Direction::Short, true))
    }
}

const DIRECTIONS: [(&str, Direction); 3] = [("long", Direction::Long), ("short", Direction::Short), ("both", Direction::Both)];

/// What to do with an order that stays unfilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfilled {
    /// Cancel it.
    Cancel,
    /// Give it a new price.
    Amend,
    /// Cancel it, and order the rest at market.
    Market,
}

/// What sizes are scaled by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleBy {
    /// The day's high against its low, percent.
    Range,
    /// 등락율각도(30), degrees: a strategy with rows says it.
    ChangeAngle,
    /// 당일거래대금각도(30), degrees: a strategy with rows says it.
    TurnoverAngle,
}

/// When further parts of an entry are bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entries {
    /// Into how many parts.
    pub split: Split,
    /// The next at this loss; 0 is never.
    pub down: Percent,
    /// The next at this gain; 0 is never.
    pub up: Percent,
    /// Counted from the price of the last entry, not as the return of the position.
    pub from_entry: bool,
    /// Only when the strategy wants it as well.
    pub by_signal: bool,
}

/// When parts of an exit are sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exits {
    /// Into how many parts.
    pub split: Split,
    /// The nth at n times this gain; 0 is never.
    pub up: Percent,
    /// The nth at n times this loss; 0 is never.
    pub down: Percent,
    /// Split entries: no exit before more parts than this were entered, but for stops.
    pub after_buys: u32,
}

/// What an order must find. 0 is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Market {
    /// At market: levels of the other side that must hold all of it, or it is not sent.
    pub levels: usize,
    /// No order on a price where the tick changes, or up to so many ticks beyond: above for a buy, below for a sale.
    pub round_figure: i32,
}

/// When a position is closed whatever the strategy thinks. 0 is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stops {
    /// Loss, percent.
    pub loss: Percent,
    /// Loss, amount.
    pub loss_amount: Money,
    /// Loss as a share of the margin of a position with leverage, percent.
    pub margin_loss: Percent,
    /// Profit, percent.
    pub profit: Percent,
    /// Profit, amount.
    pub profit_amount: Money,
    /// Return that arms the trailing stop.
    pub trailing_arm: Percent,
    /// Fall from the best price that fires it.
    pub trailing_fall: Percent,
    /// Longest time it is held, seconds.
    pub holding_s: i64,
}

/// What becomes of orders that do not fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// After so many seconds; 0 is never.
    pub seconds: i64,
    /// When the price has run away by so many ticks; 0 is never.
    pub runaway: i32,
    /// What is done.
    pub then: Unfilled,
    /// Ticks on the better side of the last price that an order is amended to.
    pub amend_ticks: i32,
    /// How often.
    pub amend_max: u32,
}

/// What keeps an entry from being made. 0 is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gates {
    /// Instruments held at once.
    pub holdings_max: u32,
    /// Entries of a day into one instrument.
    pub buys_max: u32,
    /// Losing exits of a day from one instrument.
    pub losses_max: u32,
    /// Seconds after the last trade of the instrument.
    pub pause_s: i64,
    /// Seconds after a losing exit from the instrument.
    pub loss_pause_s: i64,
    /// Seconds after any losing exit.
    pub cooldown_s: i64,
    /// Loss of the day, by quote currency.
    pub day_loss_max: Money,
    /// Profit of the day, by quote currency.
    pub day_profit_max: Money,
    /// Whether positions are closed when the day's limit is reached.
    pub day_limit_closes: bool,
    /// Codes never entered.
    pub blacklist: Vec<String>,
    /// Times without entries.
    pub forbidden: Vec<Span>,
    /// Times without exits, but for stops.
    pub exit_forbidden: Vec<Span>,
    /// When entries are made at all.
    pub window: Span,
    /// Entries only at this price or above.
    pub price_min: Price,
}

/// The rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSettings {
    /// How much of an instrument.
    pub size: Size,
    /// Which way positions are taken.
    pub direction: Direction,
    /// How entries are priced.
    pub entry: Pricing,
    /// How exits by signal are priced.
    pub exit: Pricing,
    /// What an entry must find.
    pub entry_market: Market,
    /// What an exit must find; stops go through.
    pub exit_market: Market,
    /// What sizes are scaled by; `None` is off.
    pub scale_by: Option<ScaleBy>,
    /// Bounds of that, in percent or degrees, and a factor more than bounds. Empty when it is off.
    pub scale: (Vec<Percent>, Vec<Rate>),
    /// Split entries.
    pub entries: Entries,
    /// Split exits.
    pub exits: Exits,
    /// Stops.
    pub stops: Stops,
    /// When everything is closed.
    pub liquidate_at: Option<TimeOfDay>,
    /// Unfilled orders.
    pub waiting: Waiting,
    /// Gates.
    pub gates: Gates,
}

impl RuleSettings {
    /// Those of a strategy that has no parameters but the rules'.
    ///
    /// # Errors
    /// When a name is not one of [`PARAMETERS`](super::PARAMETERS), or a value not what it accepts.
    pub fn of(settings: &StrategySettings) -> Result<Self, String> {
        RuleSettings::read(&Values::new("the order rules", &[super::PARAMETERS], settings)?)
    }

    /// Reads them.
    ///
    /// # Errors
    /// Which value is not what its parameter accepts, or does not go with another.
    pub(in crate::strategy) fn read(values: &Values<'_>) -> Result<Self, String> {
        let settings = RuleSettings {
            size: size(values)?,
            direction: word(values, "direction", &DIRECTIONS)?,
            entry: pricing(values, ["order", "order_base", "order_ticks"])?,
            exit: pricing(values, ["exit_order", "exit_base", "exit_ticks"])?,
            entry_market: market(values, ["market_levels", "round_figure_ticks"])?,
            exit_market: market(values, ["exit_market_levels", "exit_round_figure_ticks"])?,
            scale_by: word(values, "size_by", &SCALES)?,
            scale: scale(values)?,
            entries: Entries {
                split: split(values, ["buy_splits", "buy_split_method"])?,
                down: percent(values, "buy_split_down")?,
                up: percent(values, "buy_split_up")?,
                from_entry: word(values, "buy_split_base", &[("average", false), ("entry", true)])?,
                by_signal: yes(values, "buy_split_signal")?,
            },
            exits: Exits {
                split: split(values, ["sell_splits", "sell_split_method"])?,
                up: percent(values, "sell_split_up")?,
                down: percent(values, "sell_split_down")?,
                after_buys: values.get("exit_after_buys", |text| text.parse().ok().filter(|count| *count < PARTS_MAX))?,
            },
            stops: Stops {
                loss: percent(values, "stop_loss")?,
                loss_amount: amount(values, "stop_loss_amount")?,
                margin_loss: percent(values, "margin_loss")?,
                profit: percent(values, "take_profit")?,
                profit_amount: amount(values, "take_profit_amount")?,
                trailing_arm: percent(values, "trailing_arm")?,
                trailing_fall: percent(values, "trailing_fall")?,
                holding_s: seconds(values, "holding_seconds_max")?,
            },
            liquidate_at: values.get("liquidate_at", |text| match text {
                "" => Some(None),
                text => text.parse().ok().map(Some),
            })?,
            waiting: Waiting {
                seconds: seconds(values, "unfilled_seconds")?,
                runaway: distance(values, "runaway_ticks")?,
                then: word(values, "unfilled", &UNFILLED)?,
                amend_ticks: ticks(values, "amend_ticks")?,
                amend_max: values.get("amend_max", |text| text.parse().ok().filter(|count| *count <= 100))?,
            },
            gates: gates(values)?,
        };
        settings.fit(values.strategy())?;
        Ok(settings)
    }

    /// Values that are each right may still not go together.
    fn fit(&self, strategy: &str) -> Result<(), String> {
        let entries = &self.entries;
        if entries.split.count > 1 && entries.down.is_zero() && entries.up.is_zero() && !entries.by_signal {
            return Err(format!(
                "`buy_splits` of {strategy} is {}, and nothing says when the next part is bought: expected `buy_split_down`, \
                 `buy_split_up` or `buy_split_signal`",
                entries.split.count
            ));
        }
        if self.exits.after_buys >= entries.split.count {
            return Err(format!(
                "`exit_after_buys` of {strategy} is {}, and `buy_splits` {}: expected less, or nothing is ever sold by a signal",
                self.exits.after_buys, entries.split.count
            ));
        }
        if self.stops.trailing_fall.is_zero() && !self.stops.trailing_arm.is_zero() {
            return Err(format!("`trailing_arm` of {strategy} is set without `trailing_fall`, expected both"));
        }
        if strategy != "text" && self.scale_by.is_some_and(|by| by != ScaleBy::Range) {
            return Err(format!(
                "`size_by` of {strategy} is an angle of rows, which only texts have: expected \"range\" or \"off\""
            ));
        }
        let from = self.gates.window.from;
        if let Some(at) = self.liquidate_at.filter(|at| *at == from || *at == TimeOfDay::END) {
            let why = if at == from { "is when `start` is" } else { "is the end of the day" };
            return Err(format!("`liquidate_at` of {strategy} {why}, expected a time within the trading day"));
        }
        let watches = self.waiting.seconds > 0 || self.waiting.runaway > 0;
        if !watches && self.waiting.then != Unfilled::Cancel {
            return Err(format!(
                "`unfilled` of {strategy} is set, and nothing says when: expected `unfilled_seconds` or `runaway_ticks`"
            ));
        }
        Ok(())
    }
}

const SCALES: [(&str, Option<ScaleBy>); 4] = [
    ("off", None),
    ("range", Some(ScaleBy::Range)),
    ("change_angle", Some(ScaleBy::ChangeAngle)),
    ("turnover_angle", Some(ScaleBy::TurnoverAngle)),
];
const TICKS_MAX: i32 = 100;
const UNFILLED: [(&str, Unfilled); 3] = [("cancel", Unfilled::Cancel), ("amend", Unfilled::Amend), ("market", Unfilled::Market)];

fn size(values: &Values<'_>) -> Result<Size, String> {
    match (values.is_given("qty"), values.is_given("notional")) {
        (true, true) => Err(format!("{} has both `qty` and `notional`, expected one of them", values.strategy())),
        (true, false) => Ok(Size::Qty(values.get("qty", |text| text.parse().ok().filter(|qty: &Qty| qty.is_positive()))?)),
        (false, _) => {
            Ok(Size::Notional(values.get("notional", |text| text.parse().ok().filter(|money: &Money| money.is_positive()))?))
        }
    }
}

fn pricing(values: &Values<'_>, [order, base, count]: [&str; 3]) -> Result<Pricing, String> {
    let base = word(values, base, &[("last", Base::Last), ("bid", Base::Bid), ("ask", Base::Ask)])?;
    let count = ticks(values, count)?;
    word(values, order, &[("market", Pricing::Market), ("limit", Pricing::Limit(base, count))])
}

fn market(values: &Values<'_>, [levels, round_figure]: [&str; 2]) -> Result<Market, String> {
    let levels = values.get(levels, |text| text.parse().ok().filter(|levels| *levels <= 10))?;
    Ok(Market { levels, round_figure: distance(values, round_figure)? })
}

fn split(values: &Values<'_>, [count, method]: [&str; 2]) -> Result<Split, String> {
    let methods = [("equal", Method::Equal), ("decreasing", Method::Decreasing), ("increasing", Method::Increasing)];
    Ok(Split {
        count: values.get(count, |text| text.parse().ok().filter(|count| (1..=PARTS_MAX).contains(count)))?,
        method: word(values, method, &methods)?,
    })
}

fn scale(values: &Values<'_>) -> Result<(Vec<Percent>, Vec<Rate>), String> {
    let numbers = |text: &str, least: i64| {
        let parts = text.split(';').map(|part| part.trim().parse::<Rate>().ok().filter(|rate| rate.raw() >= least));
        parts.collect::<Option<Vec<Rate>>>()
    };
    if word(values, "size_by", &SCALES)?.is_none() {
        return Ok((Vec::new(), Vec::new()));
    }
    let rising = |steps: &Vec<Percent>| steps.len() <= 9 && steps.windows(2).all(|pair| pair[0] < pair[1]);
    let steps = values.get("size_steps", |text| numbers(text, 1).filter(rising))?;
    let fits = |factors: &Vec<Rate>| factors.len() == steps.len() + 1 && factors.iter().all(|factor| factor.raw() <= 100 * ONE);
    let factors = values.get("size_factors", |text| numbers(text, 0).filter(fits))?;
    Ok((steps, factors))
}

fn gates(values: &Values<'_>) -> Result<Gates, String> {
    let count = |name| values.get(name, |text| text.parse().ok().filter(|count| *count <= 1_000_000));
    let time = |name| values.get(name, |text| text.parse::<TimeOfDay>().ok());
    Ok(Gates {
        holdings_max: count("holdings_max")?,
        buys_max: count("buys_max")?,
        losses_max: count("losses_max")?,
        pause_s: seconds(values, "pause_seconds")?,
        loss_pause_s: seconds(values, "loss_pause_seconds")?,
        cooldown_s: seconds(values, "cooldown_seconds")?,
        day_loss_max: amount(values, "day_loss_max")?,
        day_profit_max: amount(values, "day_profit_max")?,
        day_limit_closes: yes(values, "day_limit_closes")?,
        blacklist: values.get("blacklist", |text| Some(parts(text).map(String::from).collect()))?,
        forbidden: values.get("forbidden", |text| parts(text).map(|span| span.parse().ok()).collect())?,
        exit_forbidden: values.get("exit_forbidden", |text| parts(text).map(|span| span.parse().ok()).collect())?,
        window: Span { from: time("start")?, to: time("end")? },
        price_min: values.get("price_min", |text| text.parse().ok().filter(|price: &Price| !price.is_negative()))?,
    })
}

/// What stands between semicolons.
pub(in crate::strategy) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').map(str::trim).filter(|part| !part.is_empty())
}

fn word<T: Copy>(values: &Values<'_>, name: &str, words: &[(&str, T)]) -> Result<T, String> {
    values.get(name, |text| words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value))
}

pub(in crate::strategy) fn yes(values: &Values<'_>, name: &str) -> Result<bool, String> {
    values.get(name, |text| text.parse().ok())
}

fn percent(values: &Values<'_>, name: &str) -> Result<Percent, String> {
    values.get(name, |text| text.parse().ok().filter(|percent: &Percent| (0..=1_000 * ONE).contains(&percent.raw())))
}

fn amount(values: &Values<'_>, name: &str) -> Result<Money, String> {
    values.get(name, |text| text.parse().ok().filter(|money: &Money| !money.is_negative()))
}

pub(in crate::strategy) fn seconds(values: &Values<'_>, name: &str) -> Result<i64, String> {
    values.get(name, |text| text.parse().ok().filter(|seconds| (0..=31_536_000).contains(seconds)))
}

fn distance(values: &Values<'_>, name: &str) -> Result<i32, String> {
    values.get(name, |text| text.parse().ok().filter(|ticks| (0..=TICKS_MAX).contains(ticks)))
}

fn ticks(values: &Values<'_>, name: &str) -> Result<i32, String> {
    values.get(name, |text| text.parse().ok().filter(|ticks| (-TICKS_MAX..=TICKS_MAX).contains(ticks)))
}
