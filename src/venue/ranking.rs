//! The instruments of a venue with the largest turnover (거래대금 상위): [`Ranking`]. Which they are, and how that changed.
//!
//! ```text
//!   gateway: turnover of every market, now and then ─► definitions of newcomers ─► Ranked events ─► kernel
//!   kernel:  newcomers are watched; leavers only while something is held of them or ordered ─► Subscribe ─► gateway
//! ```

use std::collections::BTreeSet;
use std::time::Duration;

use crate::market::Money;

/// How a venue is ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RankingConfig {
    /// So many instruments are in the ranking.
    pub top: usize,
    /// How often it is made anew.
    pub every: Duration,
}

/// A market and what was traded of it in 24 hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turnover {
    /// The venue's code, upper case.
    pub symbol: String,
    /// Its turnover, in its quote currency.
    pub amount: Money,
}

/// An instrument that entered or left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub symbol: String,
    /// Its place, 1 is the first; `None` when it left.
    pub place: Option<u32>,
    /// What was traded of it; 0 when that is not known any more.
    pub amount: Money,
}

/// Who is in it.
#[derive(Debug)]
pub struct Ranking {
    config: RankingConfig,
    members: BTreeSet<String>,
}

impl Ranking {
    /// An empty one.
    pub fn new(config: RankingConfig) -> Self {
        Ranking { config, members: BTreeSet::new() }
    }

    /// How it is made.
    pub fn config(&self) -> RankingConfig {
        self.config
    }

    /// Those with the largest turnover, first the largest; of equals first whose code is. Nothing traded is no place.
    pub fn leaders(&self, mut rows: Vec<Turnover>) -> Vec<Turnover> {
        rows.retain(|row| row.amount.is_positive());
        rows.sort_by(|a, b| (b.amount, &a.symbol).cmp(&(a.amount, &b.symbol)));
        rows.truncate(self.config.top);
        rows
    }

    /// Takes over who leads now. Gives who entered, by place, and then who left, by code.
    pub fn update(&mut self, leaders: &[Turnover]) -> Vec<Change> {
        let mut changes = Vec::new();
        for (row, place) in leaders.iter().zip(1_u32..) {
            if self.members.insert(row.symbol.clone()) {
                changes.push(Change { symbol: row.symbol.clone(), place: Some(place), amount: row.amount });
            }
        }
        let leads = |symbol: &String| leaders.iter().any(|row| row.symbol == *symbol);
        let left: Vec<String> = self.members.iter().filter(|symbol| !leads(symbol)).cloned().collect();
        for symbol in left {
            self.members.remove(&symbol);
            changes.push(Change { symbol, place: None, amount: Money::ZERO });
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(amounts: &[(&str, i128)]) -> Vec<Turnover> {
        amounts.iter().map(|(symbol, amount)| Turnover { symbol: (*symbol).into(), amount: Money::from_raw(*amount) }).collect()
    }

    fn ranking(top: usize) -> Ranking {
        Ranking::new(RankingConfig { top, every: Duration::from_secs(60) })
    }

    fn step(ranking: &mut Ranking, amounts: &[(&str, i128)]) -> Vec<(String, Option<u32>)> {
        let leaders = ranking.leaders(rows(amounts));
        ranking.update(&leaders).into_iter().map(|change| (change.symbol, change.place)).collect()
    }

    #[test]
    fn who_enters_and_who_leaves_is_told_once() {
        let mut ranking = ranking(2);
        let told = |rows: &[(&str, Option<u32>)]| rows.iter().map(|row| (row.0.to_owned(), row.1)).collect::<Vec<_>>();
        let first = step(&mut ranking, &[("A", 5), ("B", 9), ("C", 1), ("D", 0)]);
        assert_eq!(first, told(&[("B", Some(1)), ("A", Some(2))]));
        assert_eq!(step(&mut ranking, &[("A", 50), ("B", 9), ("C", 1)]), [], "another place is no change");
        assert_eq!(step(&mut ranking, &[("A", 50), ("B", 9), ("C", 9)]), [], "of equals the first by code");
        assert_eq!(step(&mut ranking, &[("A", 50), ("B", 9), ("C", 99)]), told(&[("C", Some(1)), ("B", None)]));
        assert_eq!(step(&mut ranking, &[]), told(&[("A", None), ("C", None)]), "nothing traded");
    }

    proptest! {
        #[test]
        fn members_are_the_leaders(
            top in 1_usize..6,
            passes in prop::collection::vec(prop::collection::vec(0_i128..50, 8), 1..8),
        ) {
            let (mut ranking, mut members) = (ranking(top), BTreeSet::new());
            for amounts in passes {
                let rows: Vec<Turnover> = amounts
                    .iter()
                    .zip('A'..)
                    .map(|(amount, symbol)| Turnover { symbol: symbol.to_string(), amount: Money::from_raw(*amount) })
                    .collect();
                let leaders = ranking.leaders(rows.clone());
                for change in ranking.update(&leaders) {
                    // Every change changes something.
                    let changed = if change.place.is_some() { members.insert(change.symbol) } else { members.remove(&change.symbol) };
                    prop_assert!(changed);
                }
                prop_assert_eq!(members.len(), rows.iter().filter(|row| row.amount.is_positive()).count().min(top));
                let least = rows.iter().filter(|row| members.contains(&row.symbol)).map(|row| row.amount).min();
                let most = rows.iter().filter(|row| !members.contains(&row.symbol)).map(|row| row.amount).max();
                prop_assert!(least.is_none() || least >= most);
            }
        }
    }
}
