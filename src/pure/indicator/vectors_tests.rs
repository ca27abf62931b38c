//! Indicators against TA-Lib: the vectors of `tests/indicators`, which `oracle.py` there wrote.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::fs;

use super::*;

/// Indicators whose values are not TA-Lib's bit for bit, by how much they may differ, and why.
const NEARLY: &[(&str, f64, &str)] = &[
    ("LINEARREG_ANGLE", 1e-12, "the arc tangent is libm's, so that it is the same on every machine"),
    ("HT_DCPERIOD", 1e-12, "the same"),
    ("HT_PHASOR", 1e-12, "its filters are scaled by the period"),
    ("HT_DCPHASE", 1e-12, "sines, cosines and arc tangents are libm's"),
    ("HT_SINE", 1e-12, "the same"),
];

/// The phase of what does not move is that of the last digits of its sines, which are not the platform's.
fn has_no_phase(name: &str, label: &str) -> bool {
    label == "flat" && ["HT_DCPHASE", "HT_SINE", "HT_TRENDMODE"].contains(&name)
}

fn read(name: &str) -> String {
    let path = format!("{}/../../tests/indicators/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn series() -> Vec<(String, Vec<Candle>)> {
    let mut found: Vec<(String, Vec<Candle>)> = Vec::new();
    for line in read("series.txt").lines() {
        let mut fields = line.split(' ');
        let name = fields.next().expect("a name");
        let numbers: Vec<f64> = fields.map(|field| field.parse().expect("a number")).collect();
        let [open, high, low, close, volume] = numbers[..] else { panic!("{line}") };
        if found.last().is_none_or(|(last, _)| last != name) {
            found.push((name.into(), Vec::new()));
        }
        found.last_mut().expect("pushed").1.push(Candle { open, high, low, close, volume });
    }
    found
}

fn digest(values: &[f64]) -> u64 {
    // -0 is 0.
    let bytes = values.iter().flat_map(|value| (value + 0.0).to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// One line of an indicator, held against what TA-Lib gave.
fn check(study: &Study, values: &[Option<f64>], begin: usize, expected: (u64, &str)) -> Result<(), String> {
    let (digest_expected, shown) = expected;
    if values.iter().position(Option::is_some).unwrap_or(values.len()) != begin.min(values.len()) {
        return Err(format!("begins at {:?}, TA-Lib at {begin}", values.iter().position(Option::is_some)));
    }
    let tolerance = NEARLY.iter().find(|(name, ..)| *name == study.name).map(|(_, tolerance, _)| *tolerance);
    for item in shown.split(',').filter(|item| *item != "-") {
        let (row, bits) = item.split_once(':').expect("a row and bits");
        let row: usize = row.parse().expect("a row");
        let expected = f64::from_bits(u64::from_str_radix(bits, 16).expect("bits"));
        let found = values[row].unwrap_or(f64::NAN);
        let close = match tolerance {
            Some(part) => (found - expected).abs() <= part * expected.abs(),
            None => found == expected,
        };
        if !close {
            return Err(format!("row {row} is {found:?}, TA-Lib's {expected:?}"));
        }
    }
    let rest: Vec<f64> = values.iter().copied().flatten().collect();
    if tolerance.is_none() && digest(&rest) != digest_expected {
        return Err("a row that is not shown differs".into());
    }
    Ok(())
}

#[test]
fn every_value_is_that_of_ta_lib() {
    let series = series();
    let vectors = read("vectors.txt");
    let mut faults = Vec::new();
    let (mut compared, mut names) = (0_usize, alloc::collections::BTreeSet::new());
    for vector in vectors.lines() {
        let fields: Vec<&str> = vector.split(' ').collect();
        let (name, parameters, label) = (fields[0], fields[1], fields[2]);
        let parameters: Vec<f64> =
            parameters.split(',').filter(|value| *value != "-").map(|value| value.parse().expect("a number")).collect();
        let study = study(name).unwrap_or_else(|| panic!("{name}"));
        let mut indicator = study.make(&parameters).unwrap_or_else(|[_, problem]| panic!("{problem}"));
        let (_, bars) = series.iter().find(|(known, _)| known == label).unwrap_or_else(|| panic!("{label}"));
        let values: Vec<Option<[f64; LINES_MAX]>> = bars.iter().map(|bar| indicator.next(bar)).collect();
        let lines = fields[3..].chunks(3);
        assert_eq!(lines.len(), study.lines.len(), "{name}");
        for (line, expected) in lines.enumerate() {
            let values: Vec<Option<f64>> = values.iter().map(|lines| lines.map(|lines| lines[line])).collect();
            let begin = expected[0].parse().expect("a row");
            let digest = u64::from_str_radix(expected[1], 16).expect("a digest");
            compared += values.len();
            if has_no_phase(name, label) {
                continue;
            }
            if let Err(fault) = check(study, &values, begin, (digest, expected[2])) {
                faults.push(format!("{name} {parameters:?} {label}, line {line}: {fault}"));
            }
        }
        names.insert(name);
    }
    assert!(faults.is_empty(), "{} of {compared}: {faults:#?}", faults.len());
    assert!(compared > 50_000, "{compared} values");
    let missing: Vec<&str> = STUDIES.iter().map(|study| study.name).filter(|name| !names.contains(name)).collect();
    assert!(missing.is_empty(), "no vectors of {missing:?}");
}
