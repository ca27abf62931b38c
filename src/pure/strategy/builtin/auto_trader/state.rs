//! What the auto-trader remembers beside the rules: [`State`], who is in which condition, what is to be bought, what is watched.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;

use jangbu_journal::Nanos;
use serde::{Deserialize, Serialize};

use crate::market::InstrumentId;

/// Who is in a condition search.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Members {
    name: String,
    members: BTreeSet<InstrumentId>,
}

/// Saved as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// The number of the Korean day: the conditions of the day before say nothing today.
    day: i64,
    /// By number.
    conditions: BTreeMap<u32, Members>,
    /// What is to be bought, and until when; `None` is as long as it is in a condition.
    wanted: BTreeMap<InstrumentId, Option<Nanos>>,
    /// Whose data was asked for.
    watched: BTreeSet<InstrumentId>,
    /// Whose base data was asked for, and until when an entry waits for it.
    awaited: BTreeMap<InstrumentId, Nanos>,
}

impl State {
    /// A new day, if it is one.
    pub(super) fn begin_day(&mut self, day: i64) {
        if day != self.day {
            self.day = day;
            self.conditions.clear();
            self.wanted.clear();
            self.awaited.clear();
        }
    }

    /// Somebody entered or left. False when that was known: a venue tells who is in a condition again after every connection.
    pub(super) fn on_condition(&mut self, number: u32, name: &str, id: InstrumentId, entered: bool) -> bool {
        let condition = self.conditions.entry(number).or_default();
        if condition.name != name {
            condition.name = name.into();
        }
        if entered { condition.members.insert(id) } else { condition.members.remove(&id) }
    }

    /// Whether it is in any condition.
    pub(super) fn is_member(&self, id: InstrumentId) -> bool {
        self.is_member_of(id, |_, _| true)
    }

    /// Whether it is in a condition of which `which` says so.
    pub(super) fn is_member_of(&self, id: InstrumentId, which: impl Fn(u32, &str) -> bool) -> bool {
        self.conditions.iter().any(|(number, condition)| condition.members.contains(&id) && which(*number, &condition.name))
    }

    /// Number, name and size of every condition.
    pub(super) fn conditions(&self) -> impl Iterator<Item = (u32, &str, usize)> + '_ {
        self.conditions.iter().map(|(number, condition)| (*number, condition.name.as_str(), condition.members.len()))
    }

    pub(super) fn want(&mut self, id: InstrumentId, until: Option<Nanos>) {
        self.wanted.insert(id, until);
    }

    pub(super) fn wants_anything(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// Until when something is wanted, if it is.
    pub(super) fn wanted(&self, id: InstrumentId) -> Option<Option<Nanos>> {
        self.wanted.get(&id).copied()
    }

    pub(super) fn forget(&mut self, id: InstrumentId) {
        self.wanted.remove(&id);
        self.awaited.remove(&id);
    }

    pub(super) fn forget_all(&mut self) {
        self.wanted.clear();
        self.awaited.clear();
    }

    /// Base data of what is wanted was asked for.
    pub(super) fn ask(&mut self, id: InstrumentId, until: Nanos) {
        self.awaited.insert(id, until);
    }

    /// Until when its entry waits for base data, if it does.
    pub(super) fn awaited(&self, id: InstrumentId) -> Option<Nanos> {
        self.awaited.get(&id).copied()
    }

    /// Everything whose entry waits for base data.
    pub(super) fn awaiting(&self) -> impl Iterator<Item = InstrumentId> + '_ {
        self.awaited.keys().copied()
    }

    /// It waits no longer.
    pub(super) fn answered(&mut self, id: InstrumentId) {
        self.awaited.remove(&id);
    }

    /// True when it was not watched before.
    pub(super) fn watch(&mut self, id: InstrumentId) -> bool {
        self.watched.insert(id)
    }

    /// True when it was watched.
    pub(super) fn unwatch(&mut self, id: InstrumentId) -> bool {
        self.watched.remove(&id)
    }

    pub(super) fn watched(&self) -> impl Iterator<Item = InstrumentId> + '_ {
        self.watched.iter().copied()
    }
}
