//! How an order is split: [`Split`], the share of each part.

use super::profit::Percent;
use crate::market::number::{ONE, divide};
use crate::market::{Qty, Rounding};

/// How large the parts are to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// All the same.
    #[default]
    Equal,
    /// Each half of the one before.
    Decreasing,
    /// Each twice the one before.
    Increasing,
}

/// Into how many parts, and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// How many; at least 1.
    pub count: u32,
    /// How large.
    pub method: Method,
}

/// More parts than this are not worth their fees.
pub const PARTS_MAX: u32 = 10;

impl Split {
    /// The share of part `index` (from 0), percent to two decimals as the reference has it: 5 parts decreasing are 51.61, 25.81,
    /// 12.90, 6.45 and 3.23. 0 beyond the last.
    pub fn share(&self, index: u32) -> Percent {
        let count = self.count.clamp(1, PARTS_MAX);
        if index >= count {
            return Percent::ZERO;
        }
        let (weight, sum) = match self.method {
            Method::Equal => (1, i128::from(count)),
            Method::Decreasing => (1_i128 << (count - 1 - index), (1_i128 << count) - 1),
            Method::Increasing => (1_i128 << index, (1_i128 << count) - 1),
        };
        let hundredths = divide(weight * 10_000, sum, Rounding::HalfEven).unwrap_or(0);
        Percent::from_raw(i64::try_from(hundredths).unwrap_or(0) * (ONE / 100))
    }

    /// Part `index` of `whole`, cut to 1e-8. `None` when it overflows.
    pub fn part(&self, whole: Qty, index: u32) -> Option<Qty> {
        let scaled = whole.raw().checked_mul(i128::from(self.share(index).raw()))?;
        divide(scaled, super::profit::HUNDRED, Rounding::Truncate).map(Qty::from_raw)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn shares_are_those_of_the_reference() {
        let shares = |count, method| -> Vec<alloc::string::String> {
            let split = Split { count, method };
            (0..=count).map(|index| split.share(index).to_string()).collect()
        };
        assert_eq!(shares(1, Method::Equal), ["100", "0"]);
        assert_eq!(shares(3, Method::Equal), ["33.33", "33.33", "33.33", "0"]);
        assert_eq!(shares(2, Method::Decreasing), ["66.67", "33.33", "0"]);
        assert_eq!(shares(3, Method::Decreasing), ["57.14", "28.57", "14.29", "0"]);
        assert_eq!(shares(4, Method::Decreasing), ["53.33", "26.67", "13.33", "6.67", "0"]);
        assert_eq!(shares(5, Method::Decreasing), ["51.61", "25.81", "12.9", "6.45", "3.23", "0"]);
        assert_eq!(shares(5, Method::Increasing), ["3.23", "6.45", "12.9", "25.81", "51.61", "0"]);
    }
}
