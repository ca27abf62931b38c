//! Who enters a ranking and who leaves it.

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
