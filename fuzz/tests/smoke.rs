//! Every harness, on stable: the seeds of its corpus, and some thousand changes of them. `JANGBU_SLOW=1` makes seven times as many.
//!
//! `JANGBU_SEED=n` changes the changes; `JANGBU_INPUT=file` runs one input instead.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use jangbu_fuzz::mutate::Mutator;
use jangbu_fuzz::{TARGETS, canary};

const CHANGES: u64 = 3_000;
const SLOW_TIMES: u64 = 7;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn changes() -> u64 {
    CHANGES * if std::env::var_os("JANGBU_SLOW").is_some() { SLOW_TIMES } else { 1 }
}

fn seed() -> u64 {
    std::env::var("JANGBU_SEED").ok().map_or(1, |text| text.parse().expect("JANGBU_SEED is a whole number"))
}

/// The seeds of a target, by name.
fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = root().join("corpus").join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut seeds: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            (path.display().to_string(), fs::read(&path).expect("a seed"))
        })
        .collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "{} is empty", folder.display());
    seeds
}

/// Runs one input. When it panics, it is kept in a file, and how to run it again is said.
fn run(name: &str, harness: fn(&[u8]), from: &str, input: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| harness(input))).is_ok() {
        return;
    }
    let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
    fs::write(&kept, input).expect("kept");
    panic!(
        "{name} fails on {from}:\n{}\nrun it again: JANGBU_INPUT={} cargo test -p jangbu-fuzz --test smoke {name}",
        input.escape_ascii(),
        kept.display()
    );
}

fn smoke(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a line in TARGETS");
    if let Some(path) = std::env::var_os("JANGBU_INPUT") {
        return (target.run)(&fs::read(path).expect("JANGBU_INPUT is a file"));
    }
    let (names, seeds): (Vec<String>, Vec<Vec<u8>>) = corpus(name).into_iter().unzip();
    for (from, input) in names.iter().zip(&seeds) {
        run(name, target.run, from, input);
    }
    let mut mutator = Mutator::new(seed());
    for number in 0..changes() {
        let input = mutator.input(&seeds);
        run(name, target.run, &format!("change {number} (JANGBU_SEED={})", seed()), &input);
    }
}

#[test]
fn text() {
    smoke("text");
}

#[test]
fn block() {
    smoke("block");
}

#[test]
fn event_record() {
    smoke("event_record");
}

#[test]
fn kernel() {
    smoke("kernel");
}

#[test]
fn share_wire() {
    smoke("share_wire");
}

#[test]
fn binance_frame() {
    smoke("binance_frame");
}

#[test]
fn binance_rest() {
    smoke("binance_rest");
}

#[test]
fn binance_private() {
    smoke("binance_private");
}

#[test]
fn kiwoom_frame() {
    smoke("kiwoom_frame");
}

#[test]
fn kiwoom_rest() {
    smoke("kiwoom_rest");
}

#[test]
fn upbit_frame() {
    smoke("upbit_frame");
}

#[test]
fn upbit_private() {
    smoke("upbit_private");
}

#[test]
fn settings() {
    smoke("settings");
}

#[test]
fn the_canary_is_found() {
    let seeds = [vec![0x80; 9]];
    let mut mutator = Mutator::new(seed());
    let found = (0..CHANGES * SLOW_TIMES).any(|_| {
        let input = mutator.input(&seeds);
        catch_unwind(|| canary(&input)).is_err()
    });
    assert!(found, "these changes find nothing");
}

#[test]
fn every_target_is_whole() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let tests = include_str!("smoke.rs");
    for target in TARGETS {
        let name = target.name;
        let wrapper = fs::read_to_string(root().join(format!("fuzz_targets/{name}.rs"))).expect("a wrapper");
        assert!(wrapper.contains(&format!("jangbu_fuzz::{name}(data)")), "fuzz_targets/{name}.rs calls something else");
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "no [[bin]] for {name}");
        assert!(tests.contains(&format!("fn {name}() {{")), "no test for {name}");
    }
    for folder in fs::read_dir(root().join("corpus")).expect("the corpus") {
        let name = folder.expect("a folder").file_name().to_string_lossy().into_owned();
        assert!(TARGETS.iter().any(|target| target.name == name), "corpus/{name} belongs to no target");
        for (path, bytes) in corpus(&name) {
            assert!(bytes.len() <= 20 << 10, "{path} has {} bytes", bytes.len());
        }
    }
}
