//! What the compiler does not see: the order of rooms, the size of files, words we do not use. The rules are data.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Files longer than [`LINES_MAX`], and how long each may be. The list shrinks: take a line off when its file is split.
const LONG_FILES: &[(&str, usize)] = &[("src/pure/simulator/tests.rs", 600)];
/// Longer files are hard to hold in the head; the alarm, not the aim.
const LINES_MAX: usize = 500;

/// Words that stay inside some files: dependencies enter through one door.
const DOORS: &[(&str, &[&str])] = &[
    ("sled::", &["journal/src/store/sled.rs"]),
    ("bincode::", &["journal/src/codec.rs"]),
    ("toml::", &["src/config/file.rs", "src/venue/secret.rs"]),
    ("clap::", &["src/cli/"]),
];

/// Words we do not use, and what to do instead.
const BANNED: &[(&str, &str)] = &[
    ("FIXME", "fix it, or open an issue"),
    ("TODO", "do it, or open an issue"),
    ("lazy_static", "std::sync::LazyLock"),
    ("anyhow", "an error that says where and what was expected"),
    ("#[ignore", "JANGBU_SLOW for a slow test"),
    ("#[should_panic", "catch_unwind, and look at the words"),
    ("SystemTime::now", "live::Clock; outside live/ nobody knows the time"),
    ("unsafe {", "safe code"),
];

/// Files that may use a banned word, because they must.
const EXEMPT: &[(&str, &str)] = &[
    ("tests/it/tidy.rs", ""),
    // An allocator that counts cannot be had without.
    ("tests/allocations.rs", "unsafe {"),
    ("benches/wire.rs", "unsafe {"),
    ("src/live/clock.rs", "SystemTime::now"),
    ("journal/src/writer.rs", "SystemTime::now"),
    ("replay/src/testing.rs", "SystemTime::now"),
    ("src/venue/binance/emulator/clock.rs", "SystemTime::now"),
];

struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The numbered lines of code: no comments, and nothing from the test module at the end on.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let whole = if self.is_test() { "" } else { &self.text };
        let production = whole.split("#[cfg(test)]\nmod ").next().unwrap_or("");
        let numbered = production.lines().enumerate().map(|(index, line)| (index + 1, line));
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The conformance suite and each venue's part of it are tests, by `#[cfg(test)]` where they are declared.
    fn is_test(&self) -> bool {
        let is_conformance = self.path.ends_with("/conformance.rs") || self.path.contains("/conformance/");
        is_conformance || self.path.ends_with("tests.rs") || self.path.contains("tests/")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["src", "journal", "replay", "tests", "benches", "fuzz"].iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the checkout") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target" && name != "corpus") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("UTF-8 source");
                let path = path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
                found.push(Source { path, text });
            }
        }
    }
    assert!(found.len() > 50, "only {} sources found: the walk is broken", found.len());
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Fails with all of them, or passes.
fn report(faults: &[String]) {
    let text = faults.iter().fold(String::new(), |mut text, fault| {
        let _ = writeln!(text, "{fault}");
        text
    });
    assert!(faults.is_empty(), "\n{text}");
}

/// The rooms of `src/pure/lib.rs`, then those of `src/lib.rs`, in their order.
fn rooms() -> Vec<String> {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let libs = [read("src/pure/lib.rs"), read("src/lib.rs")];
    let lines = libs.iter().flat_map(|lib| lib.lines());
    lines.filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).map(str::to_owned).collect()
}

/// The rooms named by `crate::…` in one line: `crate::a::b`, `crate::{a, b::c}`.
fn named_rooms(line: &str) -> Vec<&str> {
    let mut named = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        let list = rest.strip_prefix('{').map_or(rest, |group| group.split('}').next().unwrap_or(group));
        let items = if rest.starts_with('{') { list.split(',').collect() } else { vec![list] };
        for item in items {
            let end = item.trim().find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(item.trim().len());
            named.push(&item.trim()[..end]);
        }
    }
    named
}

fn order_faults<S: AsRef<str>>(rooms: &[S], sources: &[Source]) -> Vec<String> {
    let rank: BTreeMap<&str, usize> = rooms.iter().enumerate().map(|(rank, room)| (room.as_ref(), rank)).collect();
    let mut faults = Vec::new();
    for source in sources {
        let Some(inside) = source.path.strip_prefix("src/pure/").or_else(|| source.path.strip_prefix("src/")) else { continue };
        let room = inside.split('/').next().unwrap_or("").trim_end_matches(".rs");
        let Some(own) = rank.get(room) else { continue };
        for (number, line) in source.code() {
            for other in named_rooms(line).into_iter().filter(|other| rank.get(other).is_some_and(|rank| rank > own)) {
                faults.push(format!("{}:{number}: `{room}` uses `{other}`, which is below it in lib.rs", source.path));
            }
        }
    }
    faults
}

#[test]
fn rooms_use_only_rooms_above_them() {
    let rooms = rooms();
    assert!(rooms.len() >= 12, "{rooms:?}");
    report(&order_faults(&rooms, &sources()));
}

#[test]
fn the_order_test_sees_a_room_that_looks_down() {
    let source = |line: &str| vec![Source { path: "src/a/x.rs".into(), text: format!("//! {line}\n{line}\n") }];
    let faults = |line: &str| order_faults(&["a", "b"], &source(line)).len();
    assert_eq!(faults("use crate::b::Thing;"), 1);
    assert_eq!(faults("use crate::{a, b};"), 1);
    assert_eq!(faults("let x = crate::b::f() + crate::b::g();"), 2);
    assert_eq!(faults("use crate::a::Thing;"), 0);
    assert_eq!(order_faults(&["b", "a"], &source("use crate::b::Thing;")).len(), 0);
}

#[test]
fn files_are_short_or_on_the_list() {
    let mut faults = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        let allowed = LONG_FILES.iter().find(|(path, _)| *path == source.path).map(|(_, lines)| *lines);
        match allowed {
            Some(limit) if lines > limit => faults.push(format!("{}: {lines} lines, {limit} allowed: split it", source.path)),
            Some(_) if lines <= LINES_MAX => faults.push(format!("{}: short now, take it off LONG_FILES", source.path)),
            None if lines > LINES_MAX => faults.push(format!("{}: {lines} lines: split it by subject", source.path)),
            _ => {}
        }
    }
    for (path, _) in LONG_FILES {
        if !root().join(path).exists() {
            faults.push(format!("{path}: not there any more, take it off LONG_FILES"));
        }
    }
    report(&faults);
}

#[test]
fn every_file_says_what_it_is_about() {
    let silent = sources().into_iter().filter(|source| !source.text.lines().take(3).any(|line| line.starts_with("//! ")));
    report(&silent.map(|source| format!("{}: begins without `//!`", source.path)).collect::<Vec<_>>());
}

#[test]
fn every_file_is_declared() {
    let sources = sources();
    let mut faults = Vec::new();
    for source in &sources {
        let path = Path::new(&source.path);
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let folder = path.parent().expect("in a folder").to_string_lossy().replace('\\', "/");
        if !source.path.contains("src/") || ["lib", "main"].contains(&stem) {
            continue;
        }
        let (name, above) = if stem == "mod" {
            let (above, name) = folder.rsplit_once('/').expect("a room");
            (name.to_owned(), above.to_owned())
        } else {
            (stem.to_owned(), folder)
        };
        let parents = [format!("{above}/mod.rs"), format!("{above}/lib.rs"), format!("{above}/main.rs"), format!("{above}.rs")];
        // `#[path = "x_tests.rs"] mod tests;` in a neighbour declares it too.
        let by_path = format!("\"{stem}.rs\"");
        if sources.iter().any(|other| Path::new(&other.path).parent() == path.parent() && other.text.contains(&by_path)) {
            continue;
        }
        let declared = sources.iter().filter(|other| parents.contains(&other.path)).any(|parent| {
            let words: Vec<&str> = parent.text.split_whitespace().collect();
            words.windows(2).any(|pair| pair[0] == "mod" && pair[1].trim_end_matches(';') == name)
        });
        if !declared {
            faults.push(format!("{}: no `mod {name};` in {}", source.path, parents.join(" or ")));
        }
    }
    report(&faults);
}

#[test]
fn dependencies_stay_behind_their_doors() {
    let mut faults = Vec::new();
    for source in sources() {
        for (word, doors) in DOORS {
            if doors.iter().any(|door| source.path.starts_with(door)) {
                continue;
            }
            for (number, _) in source.code().filter(|(_, line)| starts_a_path(line, word)) {
                faults.push(format!("{}:{number}: `{word}` belongs in {}", source.path, doors.join(", ")));
            }
        }
    }
    report(&faults);
}

/// Whether `word` stands in `line` as the beginning of a path: `sled::open`, not `super::sled::x` or `my_sled::x`.
fn starts_a_path(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
}

#[test]
fn words_have_better_words() {
    let mut faults = Vec::new();
    for source in sources() {
        for (word, instead) in BANNED {
            let exempt = EXEMPT.iter().any(|(path, only)| *path == source.path && (only.is_empty() || only == word));
            if exempt {
                continue;
            }
            for (index, _) in source.text.lines().enumerate().filter(|(_, line)| line.contains(word)) {
                faults.push(format!("{}:{}: `{word}`: {instead}", source.path, index + 1));
            }
        }
    }
    report(&faults);
}

#[test]
fn text_files_are_plain() {
    let mut faults = Vec::new();
    for source in sources() {
        for (index, line) in source.text.lines().enumerate() {
            if line.ends_with([' ', '\t']) || line.contains('\t') || line.ends_with('\r') {
                faults.push(format!("{}:{}: a tab, or a space at the end", source.path, index + 1));
            }
        }
        if !source.text.ends_with('\n') {
            faults.push(format!("{}: no line end at the end", source.path));
        }
    }
    report(&faults);
}
