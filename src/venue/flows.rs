//! What a gateway remembers of an account's history of deposits, withdrawals and funding: [`History`].

use std::collections::BTreeSet;

use jangbu_journal::Nanos;

use crate::event::CashFlow;

/// Asked for again so far before what is known: a history may come late, and clocks differ.
const OVERLAP_NS: i64 = 3_600_000_000_000;

/// Which flows were told, and from when on the venue is asked.
#[derive(Debug)]
pub struct History {
    since: Nanos,
    told: BTreeSet<(Nanos, String)>,
    /// It is being asked for.
    asked: bool,
    again: bool,
}

impl History {
    /// Everything until then is known.
    pub fn known_to(moment: Nanos) -> Self {
        History { since: moment.plus(-OVERLAP_NS), told: BTreeSet::new(), asked: false, again: false }
    }

    /// From when on it is to be asked for.
    pub fn since(&self) -> Nanos {
        self.since
    }

    /// Whether it is to be asked for now; not while it is, but then once more after that.
    pub fn begin(&mut self) -> bool {
        let asked = std::mem::replace(&mut self.asked, true);
        self.again |= asked;
        !asked
    }

    /// The answer has come, or will not. Whether to ask once more.
    pub fn end(&mut self) -> bool {
        self.asked = false;
        std::mem::take(&mut self.again)
    }

    /// How many were told of those that are asked for.
    pub fn len(&self) -> usize {
        self.told.len()
    }

    /// Those that were not told yet, by time; they are told with this. What is older than what is asked for is left out.
    pub fn news(&mut self, mut flows: Vec<CashFlow>) -> Vec<CashFlow> {
        let newest = flows.iter().map(|flow| flow.at).max();
        flows.retain(|flow| flow.at >= self.since && self.told.insert((flow.at, flow.id.clone())));
        flows.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        // Only what is not asked for any more can be forgotten.
        if let Some(since) = newest.map(|newest| newest.plus(-OVERLAP_NS)).filter(|since| *since > self.since) {
            self.since = since;
            self.told.retain(|row| row.0 >= since);
        }
        flows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::FlowKind;
    use crate::market::{Money, Venue};

    fn flow(minutes: i64, id: &str) -> CashFlow {
        let (at, currency) = (Nanos::new(minutes * 60_000_000_000), "KRW".parse().expect("a code"));
        let (venue, amount, kind) = (Venue::Upbit, Money::ZERO, FlowKind::Deposit);
        CashFlow { venue, currency, amount, kind, id: id.into(), instrument: None, at }
    }

    fn ids(flows: &[CashFlow]) -> Vec<&str> {
        flows.iter().map(|flow| flow.id.as_str()).collect()
    }

    #[test]
    fn each_is_told_once_and_what_came_late_is_not_missed() {
        let mut history = History::known_to(Nanos::new(100 * 60_000_000_000));
        assert_eq!(ids(&history.news(vec![flow(101, "b"), flow(41, "a"), flow(39, "old")])), ["a", "b"]);
        assert_eq!(ids(&history.news(vec![flow(101, "b"), flow(101, "c"), flow(90, "late")])), ["late", "c"]);
        assert_eq!(history.since(), Nanos::new(41 * 60_000_000_000));
        assert_eq!(ids(&history.news(vec![flow(300, "d")])), ["d"]);
        assert_eq!(history.since(), Nanos::new(240 * 60_000_000_000));
        assert_eq!(ids(&history.news(vec![flow(101, "b"), flow(300, "d"), flow(250, "e")])), ["e"]);
        assert_eq!(history.len(), 2);
    }

    #[test]
    fn a_question_under_way_is_asked_once_more_and_not_beside_itself() {
        let mut history = History::known_to(Nanos::ZERO);
        assert!(history.begin() && !history.begin() && !history.begin());
        assert!(history.end() && history.begin() && !history.end());
    }
}
