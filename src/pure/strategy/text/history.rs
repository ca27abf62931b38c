//! Rows gone by, as far as a text looks back: [`History`], with windows that cost the same however long they are.
//!
//! Window sums are whole numbers of 2^-60, so that they are exact: they depend on the rows in the window and not on the order or
//! number of steps that led there. That is why a saved history is its rows alone.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use jangbu_journal::{DecodeError, Decoder, Encoder};

use super::columns::{COLUMN_COUNT, Row};

/// What is taken of the rows in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taken {
    /// Their sum.
    Sum,
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

/// A window over one column: `length` rows, ending `back` rows ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// The column's place.
    pub column: usize,
    /// What is taken.
    pub taken: Taken,
    /// How many rows; 1 or more.
    pub length: u32,
    /// How long ago it ends; 0 is with the newest row.
    pub back: u32,
}

/// How a row stands to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Above it.
    Above,
    /// Below it.
    Below,
    /// Equal to it.
    Same,
}

/// Rows in a row, up to the newest, of which each stands so to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streak {
    /// The column's place.
    pub column: usize,
    /// How.
    pub step: Step,
}

impl Streak {
    fn goes_on(self, before: f64, now: f64) -> bool {
        match self.step {
            Step::Above => now > before,
            Step::Below => now < before,
            Step::Same => now == before,
        }
    }
}

/// What of the rows must be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// By column: how many rows.
    pub depths: Vec<u32>,
    /// The windows.
    pub windows: Vec<Window>,
    /// The streaks.
    pub streaks: Vec<Streak>,
}

impl Kept {
    /// Keeps at least `rows` rows of `column`.
    pub fn keep(&mut self, column: usize, rows: u32) {
        self.depths.resize(COLUMN_COUNT, 0);
        self.depths[column] = self.depths[column].max(rows);
    }

    /// The place of `window`, kept from here on.
    pub fn window(&mut self, window: Window) -> usize {
        // One more than the window is long: the row that leaves it must still be known.
        self.keep(window.column, window.length + window.back + 1);
        let place = self.windows.iter().position(|known| *known == window);
        place.unwrap_or_else(|| {
            self.windows.push(window);
            self.windows.len() - 1
        })
    }

    /// The place of `streak`, counted from here on.
    pub fn streak(&mut self, streak: Streak) -> usize {
        self.keep(streak.column, 2);
        let place = self.streaks.iter().position(|known| *known == streak);
        place.unwrap_or_else(|| {
            self.streaks.push(streak);
            self.streaks.len() - 1
        })
    }

    /// Values kept of one instrument when every row is there.
    pub fn values(&self) -> u64 {
        self.depths.iter().map(|&depth| u64::from(depth)).sum()
    }
}

/// What a window is at.
#[derive(Clone, Debug, PartialEq)]
enum Running {
    Sum(i128),
    /// Rows that may yet be the extreme: their numbers rise, and their values fall (for the largest) or rise (for the smallest).
    Extreme(VecDeque<(u64, f64)>),
}

/// Rows of one instrument, and the windows over them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Rows so far; some may be forgotten.
    count: u64,
    rings: Vec<VecDeque<f64>>,
    /// The columns that are kept, and how many rows of each.
    depths: Vec<(usize, usize)>,
    running: Vec<Running>,
    /// How long each streak is.
    streaks: Vec<u64>,
}

/// Steps of a window sum in 1.
const UNIT: f64 = (1_u64 << 60) as f64;
/// Bits of a float below its exponent.
const MANTISSA_BITS: u32 = 52;
/// Larger values count as this in a window sum, so that no sum overflows: 10^15, with 2^17 rows at most.
const VALUE_MAX: f64 = (1_u64 << 50) as f64;

/// In whole steps, cut towards 0. By its bits: the machine has no such conversion, and the usual one is a call of some 15 ns.
#[inline]
fn fixed(value: f64) -> i128 {
    let bits = (value.clamp(-VALUE_MAX, VALUE_MAX) * UNIT).to_bits();
    let exponent = (bits >> MANTISSA_BITS) as u32 & 0x7ff;
    let mantissa = bits & ((1 << MANTISSA_BITS) - 1) | 1 << MANTISSA_BITS;
    // The value is mantissa × 2^(exponent - 1075), below 2^111.
    let size = match exponent {
        1_075..=1_133 => u128::from(mantissa).wrapping_mul(u128::from(1_u64 << (exponent - 1_075))),
        1_023..1_075 => u128::from(mantissa >> (1_075 - exponent)),
        // Less than a step, or not a number.
        _ => 0,
    };
    if bits >> 63 == 0 { size as i128 } else { (size as i128).wrapping_neg() }
}

/// A sum of fixed values as the nearest float.
#[inline]
pub(super) fn unfixed(sum: i128) -> f64 {
    if sum == 0 {
        return 0.0;
    }
    let size = sum.unsigned_abs();
    // The 63 highest bits, and in the last whether anything is set below them: that rounds as all bits would.
    let zeros = size.leading_zeros();
    let shifted = size << zeros;
    let (high, low) = ((shifted >> 64) as u64, shifted as u64);
    let top = high >> 1 | u64::from((high & 1 | low) != 0);
    // Scaling by a power of two is exact.
    let value = top as i64 as f64 * f64::from_bits(u64::from(1_023 - 60 + 65 - zeros) << MANTISSA_BITS);
    if sum < 0 { -value } else { value }
}

impl History {
    /// No row yet.
    pub fn new(kept: &Kept) -> Self {
        let mut history = History::default();
        history.fit(kept);
        history
    }

    /// Rows so far.
    #[inline]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Begins anew.
    pub fn clear(&mut self, kept: &Kept) {
        *self = History::new(kept);
    }

    /// Keeps from here on what `kept` says. Rows that were not kept before stay unknown.
    pub fn fit(&mut self, kept: &Kept) {
        self.rings.resize_with(COLUMN_COUNT, VecDeque::new);
        let depths = kept.depths.iter().enumerate().filter(|(_, depth)| **depth > 0);
        self.depths = depths.map(|(column, &depth)| (column, depth as usize)).collect();
        for (column, ring) in self.rings.iter_mut().enumerate() {
            let depth = kept.depths.get(column).copied().unwrap_or(0) as usize;
            while ring.len() > depth {
                ring.pop_front();
            }
        }
        self.running.clear();
        for window in &kept.windows {
            let mut running = Running::new(window);
            let ring = &self.rings[window.column];
            // As if the rows that are known were the first ones.
            for age in (0..ring.len()).rev() {
                running.step(window, ring, age, self.count);
            }
            self.running.push(running);
        }
        self.streaks.clear();
        for streak in &kept.streaks {
            let ring = &self.rings[streak.column];
            let steps = ring.iter().rev().zip(ring.iter().rev().skip(1));
            self.streaks.push(steps.take_while(|(now, before)| streak.goes_on(**before, **now)).count() as u64);
        }
    }

    /// Adds a row.
    pub fn push(&mut self, row: &Row, kept: &Kept) {
        self.count += 1;
        for &(column, depth) in &self.depths {
            let ring = &mut self.rings[column];
            if ring.len() >= depth {
                ring.pop_front();
            }
            ring.push_back(row[column]);
        }
        for (running, window) in self.running.iter_mut().zip(&kept.windows) {
            running.step(window, &self.rings[window.column], 0, self.count);
        }
        for (count, streak) in self.streaks.iter_mut().zip(&kept.streaks) {
            let mut newest = self.rings[streak.column].iter().rev();
            let goes_on = newest.next().zip(newest.next()).is_some_and(|(now, before)| streak.goes_on(*before, *now));
            *count = if goes_on { count.saturating_add(1) } else { 0 };
        }
    }

    /// How long a streak is.
    #[inline]
    pub fn streak(&self, place: usize) -> u64 {
        self.streaks.get(place).copied().unwrap_or(0)
    }

    /// How many rows before its end the extreme of a window was, the latest of equal ones; `None` while there are too few rows.
    pub fn age(&self, place: usize, window: &Window) -> Option<u64> {
        self.window(place, window)?;
        match &self.running[place] {
            Running::Sum(_) => None,
            Running::Extreme(candidates) => {
                let end = self.count.saturating_sub(u64::from(window.back));
                candidates.front().map(|(number, _)| end.saturating_sub(*number))
            }
        }
    }

    /// The same as an age, row by row.
    pub fn scan_age(&self, window: &Window) -> Option<u64> {
        let extreme = self.scan(window)?;
        let back = window.back as usize;
        (0..u64::from(window.length)).find(|age| self.back(window.column, back + *age as usize) == Some(extreme))
    }

    /// The value of `column` so many rows ago; `None` when there is no such row, or it is forgotten.
    #[inline]
    pub fn back(&self, column: usize, rows: usize) -> Option<f64> {
        let ring = &self.rings[column];
        ring.len().checked_sub(rows + 1).map(|index| ring[index])
    }

    /// How many of the newest rows of `column` are known.
    #[inline]
    pub fn known(&self, column: usize) -> usize {
        self.rings[column].len()
    }

    /// What a window is at: (sum or extreme); `None` while there are too few rows.
    #[inline]
    pub fn window(&self, place: usize, window: &Window) -> Option<f64> {
        if self.rings[window.column].len() < (window.length + window.back) as usize {
            return None;
        }
        match &self.running[place] {
            Running::Sum(sum) => Some(unfixed(*sum)),
            Running::Extreme(candidates) => candidates.front().map(|(_, value)| *value),
        }
    }

    /// Almost what a window is at, and whether it is exactly that. A sum is off by less than 2^-48 and 2^-50 of it, and costs less than
    /// to be told exactly. 0 while there are too few rows.
    #[inline]
    pub(super) fn near(&self, place: usize, window: &Window) -> (f64, bool) {
        if self.rings[window.column].len() < (window.length + window.back) as usize {
            return (0.0, true);
        }
        match &self.running[place] {
            // The lower half lacks its last bit: that there is a conversion for it.
            Running::Sum(sum) => ((sum >> 64) as i64 as f64 * 16.0 + (*sum as u64 >> 1) as i64 as f64 * (2.0 / UNIT), false),
            Running::Extreme(candidates) => (candidates.front().map_or(0.0, |(_, value)| *value), true),
        }
    }

    /// The same as a window, row by row.
    pub fn scan(&self, window: &Window) -> Option<f64> {
        let (length, back) = (window.length as usize, window.back as usize);
        let ring = &self.rings[window.column];
        let end = ring.len().checked_sub(back)?;
        let rows = ring.range(end.checked_sub(length)?..end).copied();
        match window.taken {
            Taken::Sum => Some(unfixed(rows.map(fixed).sum())),
            Taken::Max => rows.reduce(f64::max),
            Taken::Min => rows.reduce(f64::min),
        }
    }

    /// Appends the rows that are kept.
    pub fn save(&self, out: &mut Encoder<'_>) {
        out.u64(self.count);
        for ring in &self.rings {
            out.u64(ring.len() as u64);
            ring.iter().for_each(|value| out.u64(value.to_bits()));
        }
        self.streaks.iter().for_each(|count| out.u64(*count));
    }

    /// The inverse of `save`, with the windows of `kept`.
    ///
    /// # Errors
    /// When the bytes are not such a history.
    pub fn load(input: &mut Decoder<'_>, kept: &Kept) -> Result<Self, DecodeError> {
        let rings = Vec::with_capacity(COLUMN_COUNT);
        let mut history = History { count: input.u64()?, rings, ..History::default() };
        for column in 0..COLUMN_COUNT {
            let length = input.u64()?;
            if length > input.remaining() as u64 {
                return Err(DecodeError::Truncated { expected: "the rows of a history" });
            }
            if length > u64::from(kept.depths.get(column).copied().unwrap_or(0)).min(history.count) {
                return Err(DecodeError::OutOfRange { what: "the number of rows kept" });
            }
            let mut ring = VecDeque::with_capacity(length as usize);
            for _ in 0..length {
                let value = f64::from_bits(input.u64()?);
                if !value.is_finite() {
                    return Err(DecodeError::OutOfRange { what: "a value of a row" });
                }
                ring.push_back(value);
            }
            history.rings.push(ring);
        }
        history.fit(kept);
        for count in &mut history.streaks {
            *count = input.u64()?;
        }
        Ok(history)
    }
}

impl Running {
    fn new(window: &Window) -> Self {
        match window.taken {
            Taken::Sum => Running::Sum(0),
            Taken::Max | Taken::Min => Running::Extreme(VecDeque::new()),
        }
    }

    /// Takes in the row that enters when the newest is `age` rows old, and lets go of the one that leaves.
    #[inline]
    fn step(&mut self, window: &Window, ring: &VecDeque<f64>, age: usize, count: u64) {
        let (length, back) = (window.length as usize, window.back as usize);
        let ago = |rows: usize| ring.len().checked_sub(age + rows + 1).map(|index| ring[index]);
        let Some(entering) = ago(back) else { return };
        match self {
            Running::Sum(sum) => {
                *sum = sum.wrapping_add(fixed(entering));
                if let Some(leaving) = ago(back + length) {
                    *sum = sum.wrapping_sub(fixed(leaving));
                }
            }
            Running::Extreme(candidates) => {
                let number = count.saturating_sub((age + back) as u64);
                let beaten = |value: f64| if window.taken == Taken::Max { value <= entering } else { value >= entering };
                while candidates.back().is_some_and(|(_, value)| beaten(*value)) {
                    candidates.pop_back();
                }
                candidates.push_back((number, entering));
                while candidates.front().is_some_and(|(first, _)| first + length as u64 <= number) {
                    candidates.pop_front();
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
