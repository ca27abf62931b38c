//! Python's arithmetic on floats, the same on every machine: [`round`], [`remainder`], [`floor_divide`], [`power`].
//!
//! `None` is what Python raises an error for, or what is not a finite number.

use core::fmt::{self, Write};

use super::tree::Arithmetic;

/// The result of an operator; `None` when there is none that is finite.
#[inline]
pub(super) fn calculate(how: Arithmetic, left: f64, right: f64) -> Option<f64> {
    let value = match how {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide => left / right,
        Arithmetic::FloorDivide => floor_divide(left, right),
        Arithmetic::Remainder => remainder(left, right),
        Arithmetic::Power => power(left, right),
    };
    value.is_finite().then_some(value)
}

/// `left % right`: has the sign of `right`. Not finite when `right` is 0.
pub(super) fn remainder(left: f64, right: f64) -> f64 {
    let rest = libm::fmod(left, right);
    if rest == 0.0 {
        return libm::copysign(0.0, right) + if right == 0.0 { f64::NAN } else { 0.0 };
    }
    if (rest < 0.0) == (right < 0.0) { rest } else { rest + right }
}

/// `left // right`: rounded down, as CPython does it. Not finite when `right` is 0.
pub(super) fn floor_divide(left: f64, right: f64) -> f64 {
    let mut rest = libm::fmod(left, right);
    let mut quotient = (left - rest) / right;
    if rest != 0.0 && (rest < 0.0) != (right < 0.0) {
        rest += right;
        quotient -= 1.0;
    }
    if quotient == 0.0 || !rest.is_finite() {
        return if rest.is_finite() { libm::copysign(0.0, left / right) } else { f64::NAN };
    }
    // The quotient is near a whole number; which one, the division may have missed.
    let whole = libm::floor(quotient);
    if quotient - whole > 0.5 { whole + 1.0 } else { whole }
}

/// `base ** exponent`. Whole exponents up to 64 are multiplied out, so that whole results are exact.
pub(super) fn power(base: f64, exponent: f64) -> f64 {
    if (0.0..=64.0).contains(&exponent) && libm::trunc(exponent) == exponent && libm::trunc(base) == base {
        let mut value = 1.0;
        for _ in 0..exponent as u32 {
            value *= base;
        }
        // Within the whole numbers a float can hold, multiplying was exact.
        if value.abs() <= 9_007_199_254_740_992.0 {
            return value;
        }
    }
    libm::pow(base, exponent)
}

/// Powers of ten that a float holds exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21,
    1e22,
];
/// From here on every float is whole.
const WHOLE: f64 = 4_503_599_627_370_496.0;

/// `round(value, digits)`: the nearest number with so many decimals, of two equally near the even one, judged by the exact
/// value of the float as Python judges it.
#[inline]
pub(super) fn round(value: f64, digits: i32) -> f64 {
    let Some(&ten) = usize::try_from(digits).ok().and_then(|digits| TENS.get(digits)) else {
        return round_far(value, digits);
    };
    let scaled = value * ten;
    if scaled.abs() >= WHOLE / 4.0 {
        return round_exactly(value, digits);
    }
    let rounded = nearest(scaled);
    // The product is off by half a unit of its last place at most: away from a tie the nearest whole number is the right one.
    if digits == 0 || ((scaled - rounded).abs() - 0.5).abs() > scaled.abs() * 4.5e-16 + 1e-300 {
        return rounded / ten;
    }
    round_exactly(value, digits)
}

/// Half of the last of so many decimals: the most that [`round`] changes; `None` where a float cannot say it.
pub(super) fn half_of_last(digits: i32) -> Option<f64> {
    TENS.get(usize::try_from(digits).ok()?).map(|ten| 0.5 / ten)
}

/// The nearest whole number of what is not much larger than `WHOLE / 2`, of two equally near the even one.
#[inline]
fn nearest(value: f64) -> f64 {
    // From `WHOLE` on there is no room for a fraction: the sum is rounded as every sum is, to nearest, ties to even.
    let whole = WHOLE.copysign(value);
    ((value + whole) - whole).copysign(value)
}

/// `trunc`, without a call where numbers are of the usual size.
#[inline]
pub(super) fn truncated(value: f64) -> f64 {
    if value.abs() < WHOLE { ((value as i64) as f64).copysign(value) } else { libm::trunc(value) }
}

/// `round` to tens, hundreds …, or to more digits than a float has.
#[cold]
fn round_far(value: f64, digits: i32) -> f64 {
    if digits > 0 {
        return if digits < 324 { round_exactly(value, digits) } else { value };
    }
    match TENS.get(digits.unsigned_abs() as usize) {
        Some(ten) => libm::rint(value / ten) * ten,
        None => 0.0,
    }
}

/// By the decimal digits of the float, all of them: slow, and right.
#[cold]
fn round_exactly(value: f64, digits: i32) -> f64 {
    let mut written = Written { bytes: [0; 700], length: 0 };
    let fits = write!(written, "{value:.*}", digits.unsigned_abs() as usize).is_ok();
    let text = core::str::from_utf8(&written.bytes[..written.length]).unwrap_or("");
    text.parse().ok().filter(|_| fits).unwrap_or(value)
}

/// Room for the longest float: 309 digits, a point, and 323 more.
struct Written {
    bytes: [u8; 700],
    length: usize,
}

impl Write for Written {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_as_python_does() {
        // Every expected value is what CPython 3 prints.
        let check = |value: f64, digits: i32, expected: f64| assert_eq!(round(value, digits), expected, "{value} {digits}");
        check(2.675, 2, 2.67);
        check(2.5, 0, 2.0);
        check(3.5, 0, 4.0);
        check(-2.5, 0, -2.0);
        check(0.125, 2, 0.12);
        check(0.375, 2, 0.38);
        check(1.005, 2, 1.0);
        check(1.0000000050000001, 8, 1.00000001);
        check(0.1 + 0.2, 16, 0.3);
        check(1234567.0, -3, 1235000.0);
        check(1e300, 2, 1e300);
        check(5e-324, 8, 0.0);
        check(123456789012345.67, 1, 123456789012345.7);
        check(0.285, 2, 0.28);
        check(1.0, 400, 1.0);
        check(1.0, -400, 0.0);
    }

    #[test]
    fn whole_numbers_are_those_of_libm() {
        let some = [0.0, 0.3, 0.5, 0.500_000_000_000_000_1, 1.0, 1.5, 2.5, 1e9 + 0.5, WHOLE / 4.0 - 0.5, 5e-324, f64::NAN];
        for value in some.into_iter().flat_map(|value| [value, -value]) {
            assert_eq!(nearest(value).to_bits() << 1, libm::rint(value).to_bits() << 1, "{value}");
            assert!(value.is_nan() || nearest(value).is_sign_negative() == value.is_sign_negative(), "{value}");
        }
        for value in some.into_iter().chain([1e300, WHOLE * 3.0, f64::INFINITY]).flat_map(|value| [value, -value]) {
            assert_eq!(truncated(value).to_bits(), libm::trunc(value).to_bits(), "{value}");
        }
    }

    #[test]
    fn the_fast_way_and_the_exact_way_agree() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for step in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let digits = (state >> 60) as i32 % 9;
            // Half of them lie next to a tie.
            let whole = (state >> 20) % 1_000_000_000;
            let value = if step % 2 == 0 {
                (whole as f64 + 0.5) / TENS[digits as usize]
            } else {
                (state >> 11) as f64 / (1_u64 << 40) as f64
            };
            assert_eq!(round(value, digits).to_bits(), round_exactly(value, digits).to_bits(), "{value:?} {digits}");
        }
    }

    #[test]
    fn divides_as_python_does() {
        let check = |left: f64, right: f64, floor: f64, rest: f64| {
            assert_eq!((floor_divide(left, right), remainder(left, right)), (floor, rest), "{left} {right}");
        };
        check(7.0, 2.0, 3.0, 1.0);
        check(-7.0, 2.0, -4.0, 1.0);
        check(7.0, -2.0, -4.0, -1.0);
        check(-7.0, -2.0, 3.0, -1.0);
        check(1.0, 0.1, 9.0, 0.099_999_999_999_999_95);
        check(6.0, 3.0, 2.0, 0.0);
        for how in [Arithmetic::Divide, Arithmetic::FloorDivide, Arithmetic::Remainder] {
            assert_eq!((calculate(how, 1.0, 0.0), calculate(how, 0.0, 0.0)), (None, None), "{how:?}");
        }
        assert_eq!(calculate(Arithmetic::Power, 3.0, 4.0), Some(81.0));
        assert_eq!(calculate(Arithmetic::Power, -8.0, 0.5), None);
        assert_eq!(calculate(Arithmetic::Power, 0.0, -1.0), None);
        assert_eq!(calculate(Arithmetic::Power, 10.0, 400.0), None);
        assert_eq!(calculate(Arithmetic::Multiply, 1e300, 1e300), None);
        assert_eq!(calculate(Arithmetic::Power, 2.0, 0.5), Some(core::f64::consts::SQRT_2));
    }
}
