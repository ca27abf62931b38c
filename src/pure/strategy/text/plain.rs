//! Clauses over slots and windows, looked at without a call: [`Range`], [`Against`], and many of them at once: [`Batch`].

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::condition::{Condition, What, all_hold};
use super::frame::{FaultKind, Frame};
use super::rolling::{Side, Versus};
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
        let left = frame.slots[self.slot as usize];
        let mut right = frame.slots[self.base as usize] * self.by;
        if !right.is_finite() && self.line > 0 {
            right = frame.fault(FaultKind::NotANumber, self.line);
        }
        let [less, equal, more] = self.when;
        // All three without a branch: the operator is data.
        ((left < right) & less) | ((left == right) & equal) | ((left > right) & more)
    }
}

/// Four ranges at once.
#[derive(Clone, Copy, Debug)]
struct Ranges {
    slots: [u32; LANES],
    low: [f64; LANES],
    high: [f64; LANES],
}

/// Two clauses at once, each that `slot - base × by` lies from `low` to `high`, which are finite: a slot against another, or, with 0 for
/// `by`, a range. The sign of a difference of floats is that of what they are, and 0 only where they are equal.
#[derive(Clone, Copy, Debug)]
struct Differences {
    slots: [u32; PAIR],
    bases: [u32; PAIR],
    by: [f64; PAIR],
    low: [f64; PAIR],
    high: [f64; PAIR],
}

/// As many as the machine compares by a few instructions.
const LANES: usize = 4;
const PAIR: usize = 2;
/// The least number above 0.
const LEAST: f64 = 5e-324;

impl Ranges {
    #[inline(always)]
    fn hold(&self, slots: &[f64]) -> bool {
        let values = self.slots.map(|slot| slots[slot as usize]);
        let mut hold = true;
        for (value, (low, high)) in values.iter().zip(self.low.iter().zip(&self.high)) {
            hold &= (value >= low) & (value <= high);
        }
        hold
    }
}

impl Differences {
    /// Whether both hold, and a number that is not finite where one of the differences is not.
    #[inline(always)]
    fn hold(&self, slots: &[f64]) -> (bool, f64) {
        let (left, right) = (self.slots.map(|slot| slots[slot as usize]), self.bases.map(|slot| slots[slot as usize]));
        let [first, second] = [left[0] - right[0] * self.by[0], left[1] - right[1] * self.by[1]];
        let hold = (first >= self.low[0]) & (first <= self.high[0]) & (second >= self.low[1]) & (second <= self.high[1]);
        (hold, first + second)
    }
}

/// One lane of [`Differences`].
#[derive(Clone, Copy)]
struct Lane {
    slot: u32,
    base: u32,
    by: f64,
    low: f64,
    high: f64,
}

/// Clauses of which all must hold, that change nothing and that almost no row makes fault: those over slots are all looked at, without
/// a branch between them, so that which of them fails is not to be guessed; then those over windows, which cost more.
pub(super) struct Batch {
    differences: Box<[Differences]>,
    ranges: Box<[Ranges]>,
    windows: Box<[(Versus, bool)]>,
    /// The same in the order of the text. So they are looked at on a row on which a difference is not finite: whether a product is a fault
    /// depends on the clauses before it, and `None` is no finite number.
    clauses: Box<[Condition]>,
}

/// Clauses in a batch. Of many the first mostly fail: all the others are not worth looking at.
pub(super) const BATCH_MAX: usize = 8;

impl Batch {
    /// Whether a clause can be looked at together with others.
    pub(super) fn takes(clause: &Condition) -> bool {
        matches!(clause.what, What::Versus(_)) || range_of(clause).is_some() || difference_of(clause).is_some()
    }

    /// Of clauses that it takes.
    pub(super) fn of(clauses: Vec<Condition>) -> Batch {
        let mut lanes: Vec<Lane> = clauses.iter().filter_map(difference_of).collect();
        let mut rest: Vec<Range> = clauses.iter().filter_map(range_of).collect();
        // Ranges fill up what differences leave of their lanes.
        while !lanes.len().is_multiple_of(PAIR)
            && let Some((slot, range)) = rest.pop().and_then(|range| Some((u32::try_from(range.slot).ok()?, range)))
        {
            let (low, high) = (range.low.max(f64::MIN), range.high.min(f64::MAX));
            lanes.push(Lane { slot, base: slot, by: 0.0, low, high });
        }
        let chunk = |chunk: &[Lane]| {
            // What is missing is the first once more.
            let lane = |index: usize| *chunk.get(index).unwrap_or(&chunk[0]);
            Differences {
                slots: core::array::from_fn(|index| lane(index).slot),
                bases: core::array::from_fn(|index| lane(index).base),
                by: core::array::from_fn(|index| lane(index).by),
                low: core::array::from_fn(|index| lane(index).low),
                high: core::array::from_fn(|index| lane(index).high),
            }
        };
        let ranges = rest.chunks(LANES).map(|chunk| {
            let range = |index: usize| chunk.get(index).unwrap_or(&chunk[0]);
            Ranges {
                slots: core::array::from_fn(|index| range(index).slot as u32),
                low: core::array::from_fn(|index| range(index).low),
                high: core::array::from_fn(|index| range(index).high),
            }
        });
        let windows = clauses.iter().filter_map(|clause| match &clause.what {
            What::Versus(versus) => Some((**versus, clause.is)),
            _ => None,
        });
        let (ranges, windows) = (ranges.collect(), windows.collect());
        Batch { differences: lanes.chunks(PAIR).map(chunk).collect(), ranges, windows, clauses: clauses.into() }
    }

    pub(super) fn into_clauses(self) -> Vec<Condition> {
        self.clauses.into_vec()
    }

    #[inline(always)]
    pub(super) fn holds(&self, frame: &mut Frame<'_>) -> bool {
        let (slots, mut hold, mut sum) = (&*frame.slots, true, 0.0);
        for differences in &self.differences {
            let (all, odd) = differences.hold(slots);
            hold &= all;
            sum += odd;
        }
        for ranges in &self.ranges {
            hold &= ranges.hold(slots);
        }
        if !sum.is_finite() {
            return self.holds_in_order(frame);
        }
        // No branch on what most rows decide differently, where nothing more is to be looked at.
        if self.windows.is_empty() { hold } else { hold && self.windows_hold(frame) }
    }

    /// Whether it looks at a slot.
    pub(super) fn reads(&self, slot: usize) -> bool {
        self.clauses.iter().any(|clause| match &clause.what {
            What::Range(range) => range.slot == slot,
            What::Against(against) => against.slot as usize == slot || against.base as usize == slot,
            What::Versus(versus) => [versus.left, versus.right].iter().any(|side| matches!(side, Side::Slot(at) if *at == slot)),
            What::Batch(_) | What::All(_) | What::Closure(_) => true,
        })
    }

    #[inline(never)]
    fn windows_hold(&self, frame: &Frame<'_>) -> bool {
        self.windows.iter().all(|(versus, is)| versus.holds(frame) == *is)
    }

    #[cold]
    #[inline(never)]
    fn holds_in_order(&self, frame: &mut Frame<'_>) -> bool {
        all_hold(&self.clauses, frame)
    }
}

/// A clause as a range, if it is one: the opposite of one that is open at an end is one as well.
fn range_of(clause: &Condition) -> Option<Range> {
    let What::Range(range) = clause.what else { return None };
    u32::try_from(range.slot).ok()?;
    match (clause.is, range.low == f64::NEG_INFINITY, range.high == f64::INFINITY) {
        (true, ..) => Some(range),
        (false, true, false) => Some(Range { low: range.high.next_up(), high: f64::INFINITY, ..range }),
        (false, false, true) => Some(Range { low: f64::NEG_INFINITY, high: range.low.next_down(), ..range }),
        // `!=`, and the opposite of both ends.
        (false, ..) => None,
    }
}

/// A clause as a difference, if it is one.
fn difference_of(clause: &Condition) -> Option<Lane> {
    let What::Against(Against { slot, base, by, when, .. }) = clause.what else { return None };
    let when = when.map(|holds| holds == clause.is);
    let (low, high) = match when {
        [true, false, false] => (f64::MIN, -LEAST),
        [true, true, false] => (f64::MIN, 0.0),
        [false, false, true] => (LEAST, f64::MAX),
        [false, true, true] => (0.0, f64::MAX),
        [false, true, false] => (0.0, 0.0),
        _ => return None,
    };
    Some(Lane { slot, base, by, low, high })
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

    /// Every pair of clauses of every kind, on values of every kind: as one batch and in order they say and fault the same.
    #[test]
    fn a_batch_is_its_clauses_in_order() {
        use super::super::code::{Base, Code, Times};
        use super::super::condition::{all, compare, not};
        use super::super::frame::Market;
        use super::super::history::{History, Kept};

        let values =
            [f64::NEG_INFINITY, f64::MIN, -1.0, -LEAST, -0.0, 0.0, LEAST, 1.0, 1.0_f64.next_up(), f64::MAX, f64::INFINITY];
        let hows = [
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
            Comparison::Equal,
            Comparison::NotEqual,
        ];
        // A slot against a number, another slot, and twice another slot; then the opposites of these.
        let clause = |index: usize| {
            let (how, kind, is) = (hows[index % 6], index / 6 % 4, index / 24 == 0);
            let right = match kind {
                0 => Code::Constant(0.0),
                1 => Code::Constant(-1.0),
                2 => Code::Slot(1),
                _ => Code::Product(Times { base: Base::Slot(1), by: 2.0, line: 7 }),
            };
            let condition = compare(how, Code::Slot(0), right);
            if is { condition } else { not(condition) }
        };
        let history = History::new(&Kept::default());
        let (mut faults, mut batches) = (0, 0);
        for first in 0..48 {
            for second in 0..48 {
                let (one, other, both) = (clause(first), clause(second), all(alloc::vec![clause(first), clause(second)]));
                batches += usize::from(matches!(both.what, What::Batch(_)));
                for left in values {
                    for right in values {
                        let (mut slots, mut again) = ([left, right], [left, right]);
                        let mut in_order = Frame::new(&mut slots, &history, Market { stock: false });
                        let expected = one.holds(&mut in_order) && other.holds(&mut in_order);
                        let mut together = Frame::new(&mut again, &history, Market { stock: false });
                        assert_eq!(both.holds(&mut together), expected, "{first} {second} {left:?} {right:?}");
                        assert_eq!(together.fault, in_order.fault, "{first} {second} {left:?} {right:?}");
                        faults += usize::from(in_order.fault.is_some());
                    }
                }
            }
        }
        assert!(faults > 1_000 && batches > 1_000, "{faults} faults, {batches} batches");
    }
}
