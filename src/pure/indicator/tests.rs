//! Indicators: what their doc comments promise, whatever is fed to them.

use alloc::vec::Vec;

use jangbu_journal::{Decoder, Encoder};
use proptest::prelude::*;

use super::*;

fn bars() -> impl Strategy<Value = Vec<Candle>> {
    let price = prop_oneof![4 => 50.0..150.0_f64, 1 => Just(100.0), 1 => 1e-8..1e9_f64];
    let bar = (price.clone(), price.clone(), price.clone(), price, prop_oneof![0.0..1e6_f64, Just(0.0)]);
    let candle = |(open, close, one, other, volume): (f64, f64, f64, f64, f64)| Candle {
        open,
        high: open.max(close).max(one).max(other),
        low: open.min(close).min(one).min(other),
        close,
        volume,
    };
    proptest::collection::vec(bar.prop_map(candle), 0..160)
}

fn saved(indicator: &Any) -> Vec<u8> {
    let mut bytes = Vec::new();
    indicator.save(&mut Encoder::new(&mut bytes));
    bytes
}

fn bits(values: &[Option<[f64; LINES_MAX]>]) -> Vec<Option<[u64; LINES_MAX]>> {
    values.iter().map(|lines| lines.map(|lines| lines.map(f64::to_bits))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Saved at any bar and loaded into a new one, an indicator goes on as if nothing had been.
    #[test]
    fn a_saved_indicator_goes_on_bit_for_bit(bars in bars(), at in 0..160_usize) {
        for study in STUDIES {
            let mut whole = study.make(&[]).expect("the usual parameters");
            let fresh = whole.clone();
            let mut part = whole.clone();
            let split = at.min(bars.len());
            let expected: Vec<_> = bars.iter().map(|bar| whole.next(bar)).collect();
            let mut found: Vec<_> = bars[..split].iter().map(|bar| part.next(bar)).collect();
            let bytes = saved(&part);
            let mut loaded = fresh;
            let mut input = Decoder::new(&bytes);
            loaded.load(&mut input).expect("its own state");
            prop_assert_eq!(input.remaining(), 0, "{}", study.name);
            found.extend(bars[split..].iter().map(|bar| loaded.next(bar)));
            prop_assert_eq!(bits(&found), bits(&expected), "{}", study.name);
            prop_assert_eq!(saved(&loaded), saved(&whole), "{}", study.name);
        }
    }

    /// The first value comes after exactly `lookback` bars, and every bar from there on has one, which is a number.
    #[test]
    fn values_come_after_the_lookback(bars in bars()) {
        for study in STUDIES {
            let mut indicator = study.make(&[]).expect("the usual parameters");
            let lookback = indicator.lookback();
            for (index, bar) in bars.iter().enumerate() {
                let lines = indicator.next(bar);
                prop_assert_eq!(lines.is_some(), index >= lookback, "{} at {}", study.name, index);
                prop_assert!(lines.is_none_or(|lines| lines.iter().all(|line| line.is_finite())), "{} at {}", study.name, index);
            }
        }
    }

    /// Bytes that are no state are refused, or load into something that runs.
    #[test]
    fn strange_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200), bars in bars()) {
        for study in STUDIES {
            let mut indicator = study.make(&[]).expect("the usual parameters");
            let _ = indicator.load(&mut Decoder::new(&bytes));
            bars.iter().take(40).for_each(|bar| {
                indicator.next(bar);
            });
        }
    }
}

#[test]
fn wrong_parameters_are_refused_with_what_is_expected() {
    let check = |name: &str, parameters: &[f64], words: &str| {
        let [korean, english] = study(name).expect("known").make(parameters).expect_err(name);
        assert!(english.contains(words) && korean.contains(name), "{english} {korean}");
    };
    check("RSI", &[1.0], "value 1 of RSI (period) is a whole number from 2 to 10000");
    check("RSI", &[14.5], "whole number");
    check("RSI", &[f64::NAN], "whole number");
    check("RSI", &[14.0, 3.0], "at most 1 values");
    check("APO", &[12.0, 26.0, 7.0], "but 7");
    check("SAR", &[-1.0], "a number from 0");
    assert!(study("rsi").is_none());
}

#[test]
fn names_are_unique_and_every_line_has_one() {
    let mut lines: Vec<&str> = STUDIES.iter().flat_map(|study| study.lines).copied().collect();
    lines.sort_unstable();
    assert!(lines.windows(2).all(|pair| pair[0] != pair[1]), "{lines:?}");
    assert!(STUDIES.windows(2).all(|pair| pair[0].name < pair[1].name));
    assert!(STUDIES.iter().all(|study| study.parameters.len() <= PARAMETERS_MAX && study.lines.len() <= LINES_MAX));
}

#[test]
fn a_step_costs_the_same_with_a_long_period() {
    // Not timed: what is kept beside the window does not grow with it.
    let mut short = Maximum::new(10);
    let mut long = Maximum::new(1_000);
    for index in 0..5_000 {
        let falling = f64::from(5_000 - index);
        assert_eq!(short.next(falling).is_some(), index >= 9);
        assert_eq!(long.next(falling), (index >= 999).then_some(falling + 999.0));
    }
}
