//! One layer over the other, and where each value came from: [`Layers`].

use std::collections::BTreeMap;
use std::fmt;

use super::keys::{KEYS, Key, SECTIONS, VARIABLE_PREFIX};
use super::problem::{Fault, Problem, Problems};
use super::{Config, file};
use crate::nearest::nearest;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A line of a file.
    File {
        /// The file, as it was named.
        name: String,
        /// Its line, from 1.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { name, line } => write!(f, "{name}:{line}"),
            Origin::Variable(name) => write!(f, "${name}"),
            Origin::Flag(name) => f.write_str(name),
        }
    }
}

/// Settings that passed, and where each came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    origins: BTreeMap<String, Origin>,
}

impl Loaded {
    /// Where the value of a key (`journal.dir`), or a list (`venue`, `strategy`, `account.deposits`), came from.
    pub fn origin(&self, path: &str) -> &Origin {
        self.origins.get(path).unwrap_or(&Origin::Default)
    }
}

/// Settings being put together: call in the order file, environment, flags.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    pub(super) config: Config,
    pub(super) origins: BTreeMap<String, Origin>,
    pub(super) problems: Vec<Problem>,
}

impl Layers {
    /// The text of a settings file. `name` is what errors call it.
    #[must_use]
    pub fn file(mut self, name: &str, text: &str) -> Self {
        file::read(&mut self, name, text);
        self
    }

    /// The environment: `JANGBU_<SECTION>_<KEY>`. Other variables are left alone, also other `JANGBU_…` ones; but one that
    /// begins with a section of ours and names no key is a problem, because a mistyped limit is no limit.
    #[must_use]
    pub fn environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        for (variable, text) in variables {
            if let Some(key) = KEYS.iter().find(|key| key.variable() == variable) {
                self.set(key, &text, Origin::Variable(variable));
            } else if is_of_a_section(&variable) {
                let known: Vec<String> = KEYS.iter().map(Key::variable).collect();
                let words: Vec<&str> = known.iter().map(String::as_str).collect();
                let nearest = nearest(&variable, &words).map(str::to_owned);
                self.problem(Origin::Variable(variable), String::new(), Fault::Unknown { nearest, known });
            }
        }
        self
    }

    /// A flag that was given: `flag` is its name for errors, `path` the key it sets.
    ///
    /// # Panics
    /// When there is no such key: a mistake of the command, not of the user.
    #[must_use]
    pub fn flag(mut self, flag: &str, path: &str, text: &str) -> Self {
        let key = Key::find(path).expect("flags name keys of the table");
        self.set(key, text, Origin::Flag(flag.to_owned()));
        self
    }

    /// The settings, or everything that is wrong with them.
    ///
    /// # Errors
    /// When any layer had a problem.
    pub fn finish(self) -> Result<Loaded, Problems> {
        if self.problems.is_empty() {
            Ok(Loaded { config: self.config, origins: self.origins })
        } else {
            Err(Problems(self.problems))
        }
    }

    pub(super) fn set(&mut self, key: &Key, text: &str, origin: Origin) {
        match (key.set)(&mut self.config, text) {
            Ok(()) => {
                self.origins.insert(key.path(), origin);
            }
            Err(reason) => {
                let reason = format!("{reason} (expected · 필요한 값: {})", key.expected);
                self.problem(origin, key.path(), Fault::Refused { reason });
            }
        }
    }

    pub(super) fn problem(&mut self, origin: Origin, key: String, fault: Fault) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { origin, key, fault });
        }
    }
}

fn is_of_a_section(variable: &str) -> bool {
    let Some(rest) = variable.strip_prefix(VARIABLE_PREFIX) else { return false };
    let section = rest.split('_').next().unwrap_or("").to_ascii_lowercase();
    rest.contains('_') && SECTIONS.iter().any(|(name, ..)| *name == section)
}

/// Nobody reads more lines than this of what is wrong with one file.
const PROBLEMS_MAX: usize = 50;
