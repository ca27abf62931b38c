//! Numbers as Kiwoom writes them, from the exchange's: whole KRW and shares, percents, signs.

use serde_json::{Map, Value};

use crate::market::number::ONE;
use crate::market::{Money, Price, Qty};

/// An object of strings, as every answer and every REAL value is.
pub(super) type Fields = Map<String, Value>;

/// Puts a field in.
pub(super) fn put(fields: &mut Fields, key: &str, value: impl Into<String>) {
    fields.insert(key.to_owned(), Value::String(value.into()));
}

/// Puts pairs in.
pub(super) fn fields<const N: usize>(pairs: [(&str, String); N]) -> Fields {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), Value::String(value))).collect()
}

/// Whole KRW of a price. Prices here are whole.
pub(super) fn whole(price: Price) -> i64 {
    price.raw() / ONE
}

/// Whole KRW of an amount, cut.
pub(super) fn money(amount: Money) -> i64 {
    i64::try_from(amount.raw() / i128::from(ONE)).unwrap_or(i64::MAX)
}

/// Whole shares of a quantity.
pub(super) fn shares(qty: Qty) -> i64 {
    i64::try_from(qty.raw() / i128::from(ONE)).unwrap_or(i64::MAX)
}

/// A price of so many KRW.
pub(super) fn krw(price: i64) -> Price {
    Price::from_raw(price.saturating_mul(ONE))
}

/// An amount of so many KRW.
pub(super) fn amount(krw: i64) -> Money {
    Money::from_raw(i128::from(krw) * i128::from(ONE))
}

/// So many shares.
pub(super) fn quantity(shares: i64) -> Qty {
    Qty::from_raw(i128::from(shares) * i128::from(ONE))
}

/// With its arithmetic sign: `+100`, `-100`, `0`.
pub(super) fn signed(value: i64) -> String {
    if value > 0 { format!("+{value}") } else { value.to_string() }
}

/// Percent of `part` in `whole`, two decimals, halves away from 0; no sign above 0.
pub(super) fn percent(part: i64, whole: i64) -> String {
    if whole == 0 {
        return "0.00".into();
    }
    let twice = i128::from(part) * 20_000 / i128::from(whole);
    let hundredths = (twice + twice.signum()) / 2;
    let (sign, size) = (if hundredths < 0 { "-" } else { "" }, hundredths.unsigned_abs());
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

/// The same with a sign above 0 as well.
pub(super) fn signed_percent(part: i64, whole: i64) -> String {
    let text = percent(part, whole);
    if part > 0 && text != "0.00" { format!("+{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_samples() {
        assert_eq!((signed(100), signed(-714), signed(0)), ("+100".into(), "-714".into(), "0".into()));
        assert_eq!((signed_percent(100, 74_900), signed_percent(-11_250, 269_000)), ("+0.13".into(), "-4.18".into()));
        assert_eq!((percent(3_280, 745_000), percent(0, 5), percent(1, 0)), ("0.44".into(), "0.00".into(), "0.00".into()));
        assert_eq!((percent(4_127_337, 3_996_131), signed_percent(0, 9)), ("103.28".into(), "0.00".into()));
    }
}
