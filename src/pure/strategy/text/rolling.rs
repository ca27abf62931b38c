//! What a window function is at, when its window is known: [`Rolling`], and what it is compared with: [`Versus`].
//!
//! Most comparisons with a mean are decided long before its last digit: [`Scaled::near`] says it almost, and by how much it may be
//! wrong. Only where that is not enough is the sum converted, divided and rounded as the function says.

use alloc::boxed::Box;

use super::arithmetic::{half_of_last, round, truncated};
use super::code::{Number, Operand};
use super::frame::{Frame, Market};
use super::functions::Rounded;
use super::history::{Taken, Window};

/// A window function of a window that is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rolling {
    /// The window's place.
    pub(super) place: usize,
    pub(super) window: Window,
    /// The sum is divided by the window's length, and that is rounded.
    pub(super) mean: Option<Rounded>,
}

/// The mean of `length` rows from their sum.
#[inline]
pub(super) fn mean(sum: f64, length: u32, rounded: Rounded, market: Market) -> f64 {
    let mean = sum / f64::from(length);
    match rounded {
        Rounded::No => mean,
        Rounded::To(digits) => round(mean, digits),
        Rounded::AsPrice => round(mean, market.price_digits()),
        Rounded::Down => truncated(mean),
    }
}

impl Rolling {
    /// 0 while there are too few rows.
    #[inline]
    fn value(&self, frame: &Frame<'_>) -> f64 {
        let Some(value) = frame.history.window(self.place, &self.window) else { return 0.0 };
        match self.mean {
            None => value,
            Some(rounded) => mean(value, self.window.length, rounded, frame.market),
        }
    }

    /// As a closure. How it is finished is known now, and not to be asked again on every row.
    pub(super) fn into_number(self) -> Number {
        let Rolling { place, window, .. } = self;
        match self.mean {
            None => Box::new(move |frame| frame.history.window(place, &window).unwrap_or(0.0)),
            Some(rounded @ (Rounded::To(_) | Rounded::AsPrice)) => Box::new(move |frame| {
                let sum = frame.history.window(place, &window);
                sum.map_or(0.0, |sum| mean(sum, window.length, rounded, frame.market))
            }),
            Some(Rounded::Down) => Box::new(move |frame| {
                frame.history.window(place, &window).map_or(0.0, |sum| mean(sum, window.length, Rounded::Down, frame.market))
            }),
            Some(Rounded::No) => Box::new(move |frame| {
                frame.history.window(place, &window).map_or(0.0, |sum| mean(sum, window.length, Rounded::No, frame.market))
            }),
        }
    }
}

impl Operand for Rolling {
    #[inline(always)]
    fn get(&self, frame: &mut Frame<'_>) -> f64 {
        self.value(frame)
    }
}

/// What is reckoned quickly is wrong by less than this share of it: each of its few steps by 2^-52.
const NEAR: f64 = 1e-14;
/// Nobody multiplies a mean by more, and no product with one by less is too large for a float.
const FACTOR_MAX: f64 = 1e100;

/// A window function, multiplied; never a fault.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scaled {
    rolling: Rolling,
    by: f64,
    /// What the sum or the extreme is multiplied by for a quick look.
    scale: f64,
    /// How much rounding may change it, for coins and for stocks.
    margins: [f64; 2],
}

impl Scaled {
    /// `None` where the product may not be finite, and so a fault.
    pub(super) fn of(rolling: Rolling, by: f64) -> Option<Scaled> {
        let is_sum = rolling.window.taken == Taken::Sum;
        // A sum is below 2^68: history.rs says why. An extreme may be as large as a float.
        if by.is_nan() || by.abs() > if is_sum { FACTOR_MAX } else { 1.0 } {
            return None;
        }
        let Some(rounded) = rolling.mean else {
            let margin = if is_sum { by.abs() * NEAR } else { 0.0 };
            return Some(Scaled { rolling, by, scale: by, margins: [margin; 2] });
        };
        let margin = |market: Market| {
            let of_rounding = match rounded {
                Rounded::No => 0.0,
                Rounded::To(digits) => half_of_last(digits)?,
                Rounded::AsPrice => half_of_last(market.price_digits())?,
                Rounded::Down => 1.0,
            };
            // A little more than it is, for what the reckoning of it loses.
            Some(by.abs() * (of_rounding * 1.000_001 + NEAR))
        };
        let margins = [margin(Market { stock: false })?, margin(Market { stock: true })?];
        Some(Scaled { rolling, by, scale: by / f64::from(rolling.window.length), margins })
    }

    fn value(&self, frame: &Frame<'_>) -> f64 {
        self.rolling.value(frame) * self.by
    }

    /// Almost what it is, and how far that may be from it.
    #[inline(always)]
    fn near(&self, frame: &Frame<'_>) -> (f64, f64) {
        let (value, is_exact) = frame.history.near(self.rolling.place, &self.rolling.window);
        let value = value * self.scale;
        let error = value.abs() * NEAR + self.margins[usize::from(frame.market.stock)];
        (value, if is_exact { 0.0 } else { error })
    }
}

/// A side of a comparison with a window function.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Slot(usize),
    Constant(f64),
    Scaled(Scaled),
}

impl Side {
    #[inline(always)]
    fn near(&self, frame: &Frame<'_>) -> (f64, f64) {
        match self {
            Side::Slot(slot) => (frame.slots[*slot], 0.0),
            Side::Constant(value) => (*value, 0.0),
            Side::Scaled(scaled) => scaled.near(frame),
        }
    }

    fn value(&self, frame: &Frame<'_>) -> f64 {
        match self {
            Side::Slot(slot) => frame.slots[*slot],
            Side::Constant(value) => *value,
            Side::Scaled(scaled) => scaled.value(frame),
        }
    }
}

/// A comparison with a window function. It never faults, and changes nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Versus {
    pub(super) left: Side,
    pub(super) right: Side,
    /// Whether it holds when the left is less, equal, more.
    pub(super) when: [bool; 3],
}

impl Versus {
    #[inline]
    pub(super) fn holds(&self, frame: &Frame<'_>) -> bool {
        let ((left, left_error), (right, right_error)) = (self.left.near(frame), self.right.near(frame));
        let ahead = left - right;
        // The sign of a difference of floats is that of what they are.
        if ahead.abs() > left_error + right_error {
            self.when[if ahead < 0.0 { 0 } else { 2 }]
        } else {
            self.holds_exactly(frame)
        }
    }

    #[cold]
    #[inline(never)]
    fn holds_exactly(&self, frame: &Frame<'_>) -> bool {
        let (left, right) = (self.left.value(frame), self.right.value(frame));
        let [less, equal, more] = self.when;
        ((left < right) & less) | ((left == right) & equal) | ((left > right) & more)
    }
}

#[cfg(test)]
#[path = "rolling_tests.rs"]
mod tests;
