//! The life of an order: [`Order`], and which [`OrderUpdate`] is legal in which [`OrderState`].
//!
//! Whatever a venue can truly do is legal, however surprising: answers overtake each other. What cannot be true is an
//! [`Illegal`], leaves the order as it was and is for the kernel to report. Rows are states, columns updates:
//!
//! | | Accepted | Rejected | Filled | Amended | Cancelled | Expired | Unknown |
//! |---|---|---|---|---|---|---|---|
//! | Submitted | Open | Rejected | P/F | Open | Cancelled | Expired | Unknown |
//! | Open | = ¹ | illegal | P/F | Open | Cancelled | Expired | Unknown |
//! | PartiallyFilled | same ¹ | illegal | P/F | P/F | Cancelled | Expired | Unknown |
//! | Unknown | Open/P | Rejected ² | P/F | Open/P/F | Cancelled | Expired | = |
//! | Filled | same ¹ | illegal | illegal ³ | P/F ⁴ | illegal | illegal | = |
//! | Cancelled | same ¹ | illegal | same/F | same/F ⁴ | = | = | = |
//! | Expired | same ¹ | illegal | same/F | same/F ⁴ | = | = | = |
//! | Rejected | illegal | = | illegal | illegal | illegal | illegal | = |
//!
//! `=` says nothing new ([`Change::Duplicate`]); `same` keeps the state; P/F is `PartiallyFilled`, or `Filled` when nothing is
//! left. A fill with a trade number already seen is a duplicate in every state. `AmendRejected` and `CancelRejected` clear
//! their flag in every state: a cancellation that crossed the last fill is refused.
//!
//! ¹ Takes the venue's number if there was none; the same number again is a duplicate; another number is illegal unless an
//! amendment is under way (some venues give the amended order a new number). ² Illegal once it was accepted or filled.
//! ³ Unless an amendment to a larger quantity is under way: then the fill proves that it took effect. ⁴ Illegal unless an
//! amendment is under way: its answer came late, and may open a filled order again.

use alloc::vec::Vec;

use jangbu_journal::Nanos;
use serde::{Deserialize, Serialize};

use super::order::{Amendment, NewOrder, OrderType};
use super::position::notional;
use super::update::{Fill, OrderUpdate};
use crate::market::{Money, Price, Qty};

/// Where an order stands, as far as we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderState {
    /// Sent; the venue has not answered.
    Submitted,
    /// At the venue, nothing filled.
    Open,
    /// At the venue, some of it filled.
    PartiallyFilled,
    /// All of it filled.
    Filled,
    /// Ended by a cancellation. A late fill may still be reported.
    Cancelled,
    /// Never was at the venue.
    Rejected,
    /// Ended by its time in force or by the venue. A late fill may still be reported.
    Expired,
    /// It may or may not be at the venue. Keeps its reservation until proven otherwise.
    Unknown,
}

impl OrderState {
    /// Whether the order has ended: filled, cancelled, rejected or expired.
    pub const fn is_done(self) -> bool {
        matches!(self, OrderState::Filled | OrderState::Cancelled | OrderState::Rejected | OrderState::Expired)
    }
}

/// What an update did to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It said nothing new; the order is as it was.
    Duplicate,
    /// The state, the venue's number or a flag changed.
    State,
    /// This fill is new and must be booked. It may have ended the order, or have proven a pending amendment.
    Filled(Fill),
    /// Limit and quantity changed; these are the ones before.
    Amended {
        /// The limit before; `None` for a market order.
        limit_before: Option<Price>,
        /// The total quantity before.
        qty_before: Qty,
    },
}

/// An update that cannot be true of the order; the order is as it was. Report it, and reconcile with the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {state:?} cannot be {update}: {reason}")]
pub struct Illegal {
    /// The state of the order.
    pub state: OrderState,
    /// Name of the update.
    pub update: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// How many trade numbers an order holds without allocating.
const INLINE: usize = 4;

/// Trade numbers seen: the first four inline, the others sorted on the heap. Written as one list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<u64>", into = "Vec<u64>")]
struct Trades {
    count: u8,
    first: [u64; INLINE],
    rest: Vec<u64>,
}

impl Trades {
    fn contains(&self, trade: u64) -> bool {
        self.first.iter().take(usize::from(self.count)).any(|&seen| seen == trade) || self.rest.binary_search(&trade).is_ok()
    }

    fn insert(&mut self, trade: u64) {
        if self.contains(trade) {
            return;
        }
        if let Some(free) = self.first.get_mut(usize::from(self.count)) {
            *free = trade;
            self.count += 1;
        } else if let Err(at) = self.rest.binary_search(&trade) {
            self.rest.insert(at, trade);
        }
    }
}

impl From<Vec<u64>> for Trades {
    fn from(list: Vec<u64>) -> Self {
        let mut trades = Trades::default();
        list.into_iter().for_each(|trade| trades.insert(trade));
        trades
    }
}

impl From<Trades> for Vec<u64> {
    fn from(trades: Trades) -> Self {
        trades.first.into_iter().take(usize::from(trades.count)).chain(trades.rest).collect()
    }
}

/// An order of ours, from the moment it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// As it was asked for.
    pub request: NewOrder,
    /// Where it stands.
    pub state: OrderState,
    /// The venue's number, once it said so.
    pub venue_order: Option<u64>,
    /// The current limit; `None` for a market order.
    pub limit: Option<Price>,
    /// The current total quantity, filled and open.
    pub qty: Qty,
    /// Filled so far; never more than `qty`.
    pub filled: Qty,
    /// Sum of the values of its fills.
    pub filled_value: Money,
    /// A cancellation is under way.
    pub cancel_sent: bool,
    /// An amendment is under way.
    pub amend_sent: Option<Amendment>,
    /// When it was sent.
    pub submitted: Nanos,
    /// When it last changed.
    pub updated: Nanos,
    trades: Trades,
}

impl Order {
    /// An order just sent.
    pub fn new(request: NewOrder, at: Nanos) -> Self {
        let limit = match request.order_type {
            OrderType::Market => None,
            OrderType::Limit(price) => Some(price),
        };
        Order {
            request,
            state: OrderState::Submitted,
            venue_order: None,
            limit,
            qty: request.qty,
            filled: Qty::ZERO,
            filled_value: Money::ZERO,
            cancel_sent: false,
            amend_sent: None,
            submitted: at,
            updated: at,
            trades: Trades::default(),
        }
    }

    /// What is not filled: total minus filled. Of a done order, what will not trade (but for late fills).
    pub fn open_qty(&self) -> Qty {
        self.qty.checked_sub(self.filled).unwrap_or(Qty::ZERO)
    }

    /// Whether it has ended.
    pub const fn is_done(&self) -> bool {
        self.state.is_done()
    }

    /// Whether a fill would still be legal: also of a cancelled order, whose last fills may be reported late.
    pub fn may_still_fill(&self) -> bool {
        let most = self.amend_sent.map_or(self.qty, |amendment| amendment.qty.max(self.qty));
        self.state != OrderState::Rejected && self.filled < most
    }

    /// Whether a fill with this number was booked.
    pub fn has_trade(&self, trade: u64) -> bool {
        self.trades.contains(trade)
    }

    /// Average price of the fills, rounded to the nearest 1e-8; `None` before the first.
    pub fn average(&self) -> Option<Price> {
        self.filled_value.per(self.filled, crate::market::Rounding::HalfEven)
    }

    /// Applies what the venue said, received at `at`.
    ///
    /// # Errors
    /// [`Illegal`] when it cannot be true (table above); the order is then as it was.
    pub fn update(&mut self, update: &OrderUpdate, at: Nanos) -> Result<Change, Illegal> {
        let change = self.apply(update).map_err(|reason| Illegal { state: self.state, update: name(update), reason })?;
        if change != Change::Duplicate {
            self.updated = at;
        }
        Ok(change)
    }

    /// Every arm checks everything before it writes anything.
    fn apply(&mut self, update: &OrderUpdate) -> Result<Change, &'static str> {
        use OrderState::{Cancelled, Expired, Filled, Rejected, Unknown};
        match update {
            OrderUpdate::Accepted { venue_order } => self.accepted(*venue_order),
            OrderUpdate::Filled(fill) => self.fill(fill),
            OrderUpdate::Amended { price, qty } => self.amended(*price, *qty),
            OrderUpdate::Rejected { .. } => match self.state {
                Rejected => Ok(Change::Duplicate),
                OrderState::Submitted | Unknown if self.venue_order.is_none() && self.filled.is_zero() => {
                    self.cancel_sent = false;
                    self.amend_sent = None;
                    self.state = Rejected;
                    Ok(Change::State)
                }
                _ => Err("the venue has had it"),
            },
            OrderUpdate::Cancelled => self.end(Cancelled),
            OrderUpdate::Expired => self.end(Expired),
            OrderUpdate::AmendRejected { .. } => {
                let was = self.amend_sent.take().is_some();
                Ok(if was { Change::State } else { Change::Duplicate })
            }
            OrderUpdate::CancelRejected { .. } => {
                let was = core::mem::take(&mut self.cancel_sent);
                Ok(if was { Change::State } else { Change::Duplicate })
            }
            OrderUpdate::Unknown => match self.state {
                // A question that went unanswered does not undo an end that was reported meanwhile.
                Unknown | Filled | Cancelled | Rejected | Expired => Ok(Change::Duplicate),
                _ => {
                    self.state = Unknown;
                    Ok(Change::State)
                }
            },
        }
    }

    /// Open, partially filled or filled, by the quantities.
    fn by_quantity(&self) -> OrderState {
        match (self.filled == self.qty, self.filled.is_zero()) {
            (true, _) => OrderState::Filled,
            (false, true) => OrderState::Open,
            (false, false) => OrderState::PartiallyFilled,
        }
    }

    fn accepted(&mut self, venue_order: u64) -> Result<Change, &'static str> {
        if self.state == OrderState::Rejected {
            return Err("it was rejected");
        }
        if self.venue_order.is_some_and(|known| known != venue_order) && self.amend_sent.is_none() {
            return Err("the venue has it under another number");
        }
        let proven = matches!(self.state, OrderState::Submitted | OrderState::Unknown);
        if !proven && self.venue_order == Some(venue_order) {
            return Ok(Change::Duplicate);
        }
        self.venue_order = Some(venue_order);
        if proven {
            self.state = self.by_quantity();
        }
        Ok(Change::State)
    }

    fn fill(&mut self, fill: &Fill) -> Result<Change, &'static str> {
        if self.trades.contains(fill.trade) {
            return Ok(Change::Duplicate);
        }
        if self.state == OrderState::Rejected {
            return Err("it was rejected");
        }
        if !fill.qty.is_positive() || !fill.price.is_positive() {
            return Err("price and quantity of a fill are above 0");
        }
        let filled = self.filled.checked_add(fill.qty).ok_or("the quantity is too large")?;
        let value = notional(fill.price, fill.qty).and_then(|value| self.filled_value.checked_add(value));
        let value = value.ok_or("the value is too large")?;
        if filled > self.qty {
            // Fills of the larger order can overtake the answer to the amendment; they prove it.
            let amendment = self.amend_sent.filter(|amendment| filled <= amendment.qty);
            let amendment = amendment.ok_or("more would be filled than was ordered")?;
            self.qty = amendment.qty;
            self.limit = Some(amendment.price);
        }
        self.trades.insert(fill.trade);
        self.filled = filled;
        self.filled_value = value;
        if filled == self.qty || !matches!(self.state, OrderState::Cancelled | OrderState::Expired) {
            self.state = self.by_quantity();
        }
        Ok(Change::Filled(*fill))
    }

    fn amended(&mut self, price: Price, qty: Qty) -> Result<Change, &'static str> {
        if self.state == OrderState::Rejected {
            return Err("it was rejected");
        }
        if self.is_done() && self.amend_sent.is_none() {
            return Err("it has ended, and no amendment was under way");
        }
        if !price.is_positive() || !qty.is_positive() {
            return Err("price and quantity are above 0");
        }
        if qty < self.filled {
            return Err("more than the new quantity is filled");
        }
        let (limit_before, qty_before, state_before) = (self.limit, self.qty, self.state);
        self.limit = Some(price);
        self.qty = qty;
        if qty == self.filled || !matches!(self.state, OrderState::Cancelled | OrderState::Expired) {
            self.state = self.by_quantity();
        }
        let asked = self.amend_sent.take().is_some();
        if (limit_before, qty_before) != (self.limit, self.qty) {
            return Ok(Change::Amended { limit_before, qty_before });
        }
        Ok(if asked || state_before != self.state { Change::State } else { Change::Duplicate })
    }

    fn end(&mut self, state: OrderState) -> Result<Change, &'static str> {
        match self.state {
            // Some venues report both for one end.
            OrderState::Cancelled | OrderState::Expired => Ok(Change::Duplicate),
            OrderState::Rejected => Err("it was rejected"),
            OrderState::Filled => Err("all of it is filled"),
            _ => {
                // A pending amendment stays: its answer may come late and decides how much late fills may be.
                self.cancel_sent = false;
                self.state = state;
                Ok(Change::State)
            }
        }
    }
}

const fn name(update: &OrderUpdate) -> &'static str {
    match update {
        OrderUpdate::Accepted { .. } => "accepted",
        OrderUpdate::Rejected { .. } => "rejected",
        OrderUpdate::Filled(_) => "filled",
        OrderUpdate::Amended { .. } => "amended",
        OrderUpdate::AmendRejected { .. } => "refused an amendment",
        OrderUpdate::CancelRejected { .. } => "refused a cancellation",
        OrderUpdate::Cancelled => "cancelled",
        OrderUpdate::Expired => "expired",
        OrderUpdate::Unknown => "unknown",
    }
}
