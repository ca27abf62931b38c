//! Clauses over slots and windows, looked at without a call: [`Range`], [`Against`], and many of them at once: [`Batch`].

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::condition::{Condition, What, all_hold};
use super::frame::{FaultKind, Frame};
use super::rolling::Versus;
use super::tree::Comparison;

/// A slot lies from `low` to `high`, both included: what every comparison with a constant is, or the opposite of. No row makes it fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub(super) slot: usize,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Range {
    /// `slot how constant`, and whether the range is that or its opposite. No slot holds what is not a number.
    pub(super) fn of(how: Comparison, slot: usize, constant: f64) -> (Range, bool) {
        let never = (f64::INFINITY, f64::NEG_INFINITY);
        let (low, high) = match how {
            _ if constant.is_nan() => never,
            Comparison::Less if constant == f64::NEG_INFINITY => never,
            Comparison::Greater if constant == f64::INFINITY => never,
            Comparison::Less => (f64::NEG_INFINITY, constant.next_down()),
            Comparison::LessOrEqual => (f64::NEG_INFINITY, constant),
            Comparison::Greater => (constant.next_up(), f64::INFINITY),
            Comparison::GreaterOrEqual => (constant, f64::INFINITY),
            Comparison::Equal | Comparison::In | Comparison::NotEqual | Comparison::NotIn => (constant, constant),
        };
        (Range { slot, low, high }, !matches!(how, Comparison::NotEqual | Comparison::NotIn))
    }

    #[inline(always)]
    pub(super) fn holds(&self, slots: &[f64]) -> bool {
        let value = slots[self.slot];
        // Without a branch between them: which of the two fails is not to be guessed.
        (value >= self.low) & (value <= self.high)
    }
}

/// A slot against another, which may be multiplied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Against {
    pub(super) slot: u32,
    pub(super) base: u32,
    pub(super) by: f64,
    /// The line of the product, which must be finite; 0 when there is none.
    pub(super) line: u32,
    /// Whether it holds when the slot is less, equal, more.
    pub(super) when: [bool; 3],
}

impl Against {
    #[inline(always)]
    pub(super) fn holds(&self, frame: &mut Frame<'_>) -> bool {
        let (holds, is_fine) = self.look(frame.slots);
        if is_fine { holds } else { self.fault(frame) }
    }

    /// Whether it holds, unless the product is no number.
    #[inline(always)]
    fn look(&self, slots: &[f64]) -> (bool, bool) {
        let (left, right) = (slots[self.slot as usize], slots[self.base as usize] * self.by);
        (self.holds_of(left, right), right.is_finite() | (self.line == 0))
    }

    #[inline(always)]
    fn holds_of(&self, left: f64, right: f64) -> bool {
        let [less, equal, more] = self.when;
        // All three without a branch: the operator is data.
        ((left < right) & less) | ((left == right) & equal) | ((left > right) & more)
    }

    #[cold]
    #[inline(never)]
    fn fault(&self, frame: &mut Frame<'_>) -> bool {
        let left = frame.slots[self.slot as usize];
        let right = frame.fault(FaultKind::NotANumber, self.line);
        self.holds_of(left, right)
    }
}

/// Clauses of which all must hold, that change nothing and that almost no row makes fault: those over slots are all looked at, without
/// a branch between them, so that which of them fails is not to be guessed; then those over windows, which cost more.
pub(super) struct Batch {
    ranges: Box<[(Range, bool)]>,
    againsts: Box<[(Against, bool)]>,
    windows: Box<[(Versus, bool)]>,
    /// The same in the order of the text: so they are looked at on a row on which a product is no number, since whether that is a fault
    /// depends on those before it.
    clauses: Box<[Condition]>,
}

/// Clauses in a batch. Of many the first mostly fail: all the others are not worth looking at.
pub(super) const BATCH_MAX: usize = 8;

impl Batch {
    pub(super) fn of(clauses: Vec<Condition>) -> Batch {
        let (mut ranges, mut againsts, mut windows) = (Vec::new(), Vec::new(), Vec::new());
        for Condition { what, is } in &clauses {
            match what {
                What::Range(range) => ranges.push((*range, *is)),
                What::Against(against) => againsts.push((*against, *is)),
                What::Versus(versus) => windows.push((**versus, *is)),
                What::All(_) | What::Batch(_) | What::Closure(_) => unreachable!("only plain clauses are put into a batch"),
            }
        }
        let (ranges, againsts, windows) = (ranges.into(), againsts.into(), windows.into());
        Batch { ranges, againsts, windows, clauses: clauses.into() }
    }

    pub(super) fn into_clauses(self) -> Vec<Condition> {
        self.clauses.into_vec()
    }

    #[inline]
    pub(super) fn holds(&self, frame: &mut Frame<'_>) -> bool {
        let (slots, mut all_hold, mut all_fine) = (&*frame.slots, true, true);
        for (range, is) in &self.ranges {
            all_hold &= range.holds(slots) == *is;
        }
        for (against, is) in &self.againsts {
            let (holds, is_fine) = against.look(slots);
            all_hold &= holds == *is;
            all_fine &= is_fine;
        }
        if !all_fine {
            return self.holds_in_order(frame);
        }
        all_hold && self.windows.iter().all(|(versus, is)| versus.holds(frame) == *is)
    }

    #[cold]
    #[inline(never)]
    fn holds_in_order(&self, frame: &mut Frame<'_>) -> bool {
        all_hold(&self.clauses, frame)
    }
}

#[cfg(test)]
mod tests {
    use super::super::condition::holds;
    use super::*;

    #[test]
    fn a_range_is_the_comparison_it_came_from() {
        let values = [f64::NEG_INFINITY, f64::MIN, -1.5, -5e-324, -0.0, 0.0, 5e-324, 1.0, 1.5, f64::MAX, f64::INFINITY];
        let all = [
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
            Comparison::Equal,
            Comparison::NotEqual,
        ];
        for constant in values.into_iter().chain([f64::NAN]) {
            for value in values {
                for how in all {
                    let (range, is) = Range::of(how, 0, constant);
                    let found = ((value >= range.low) & (value <= range.high)) == is;
                    assert_eq!(found, holds(how, value, constant), "{value} {how:?} {constant}");
                }
            }
        }
    }
}
