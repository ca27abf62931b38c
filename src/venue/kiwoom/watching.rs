//! What the connection is registered for: [`Watching`]. Groups of stocks within the broker's limit, and answers matched in order: an
//! answer does not say what it answers.

use std::collections::{BTreeMap, VecDeque};

use super::config::{ALL_CONDITIONS, CONDITIONS_MAX};
use super::wire::request::{self, GROUP_ITEMS_MAX, RealType};

/// Group of what has no items: our orders and holdings.
const ACCOUNT_GROUP: u16 = 1;
/// Group of the market's sessions and interruptions.
const MARKET_GROUP: u16 = 2;
/// First group of stocks.
const STOCKS_GROUP: u16 = 10;

/// What an answer to REG or CNSRREQ will be of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Our orders and holdings.
    Account,
    /// Sessions and interruptions.
    Market,
    /// Stocks.
    Stocks,
}

/// A condition that is wanted.
#[derive(Debug)]
struct Wanted {
    /// Its name or number, as it was asked for.
    name: String,
    /// Its number, once the list told it.
    number: Option<u32>,
    /// It was asked for on this connection.
    said: bool,
}

impl Wanted {
    fn new(name: String) -> Self {
        Wanted { name, number: None, said: false }
    }
}

/// Registrations, as they are and as they should be after a reconnect.
#[derive(Debug, Default)]
pub(super) struct Watching {
    types: Vec<RealType>,
    /// Items as registered, by their group.
    groups: Vec<Vec<String>>,
    /// How many want each.
    wanted: BTreeMap<String, u32>,
    asked: VecDeque<Asked>,
    /// Conditions that are wanted.
    conditions: Vec<Wanted>,
    /// Watches whose answers are awaited, and whether they were tried anew.
    watches: VecDeque<(u32, bool)>,
}

impl Watching {
    pub(super) fn new(types: Vec<RealType>, conditions: Vec<String>) -> Self {
        let conditions = conditions.into_iter().map(Wanted::new).collect();
        Watching { types, conditions, ..Watching::default() }
    }

    /// Everything to be said on a new connection. `account`: our orders, too.
    pub(super) fn begin(&mut self, account: bool) -> Vec<String> {
        self.asked.clear();
        self.watches.clear();
        self.conditions.iter_mut().for_each(|row| row.said = false);
        let mut said = Vec::new();
        if account {
            self.asked.push_back(Asked::Account);
            said.push(request::register(ACCOUNT_GROUP, true, &[], &[RealType::Orders, RealType::Holdings]));
        }
        self.asked.push_back(Asked::Market);
        said.push(request::register(MARKET_GROUP, true, &[], &[RealType::Sessions, RealType::Interruptions]));
        for (place, group) in self.groups.iter().enumerate().filter(|(_, group)| !group.is_empty() && !self.types.is_empty()) {
            let items: Vec<&str> = group.iter().map(String::as_str).collect();
            self.asked.push_back(Asked::Stocks);
            said.push(request::register(number(place), true, &items, &self.types));
        }
        if !self.conditions.is_empty() {
            said.push(request::condition_list());
        }
        said
    }

    /// Watches a stock, or stops; what is to be said for that. Watched twice, it is to be stopped twice.
    pub(super) fn watch(&mut self, item: &str, on: bool) -> Option<String> {
        let count = self.wanted.entry(item.to_owned()).or_default();
        let before = *count;
        *count = if on { before + 1 } else { before.saturating_sub(1) };
        match (before, *count) {
            (0, 1) if !self.types.is_empty() => {
                let place = match self.groups.iter().position(|group| group.len() < GROUP_ITEMS_MAX) {
                    Some(place) => place,
                    None => {
                        self.groups.push(Vec::new());
                        self.groups.len() - 1
                    }
                };
                self.groups[place].push(item.to_owned());
                self.asked.push_back(Asked::Stocks);
                Some(request::register(number(place), true, &[item], &self.types))
            }
            (1, 0) => {
                let place = self.groups.iter().position(|group| group.iter().any(|other| other == item))?;
                self.groups[place].retain(|other| other != item);
                Some(request::remove(number(place), &[item], &self.types))
            }
            _ => None,
        }
    }

    /// Every item that is watched.
    pub(super) fn items(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().flatten().map(String::as_str)
    }

    /// Nobody was told: the connection is away. What was asked for is asked for when it is back.
    pub(super) fn unsaid(&mut self) {
        self.asked.clear();
    }

    /// An answer to REG came: of this.
    pub(super) fn answered(&mut self) -> Option<Asked> {
        self.asked.pop_front()
    }

    /// The list of conditions came: what to say to watch those that are wanted, and the names that are not there.
    pub(super) fn conditions(&mut self, list: &[(u32, String)]) -> (Vec<String>, Vec<String>) {
        let (mut said, mut missing) = (Vec::new(), Vec::new());
        if self.conditions.iter().any(|row| row.name == ALL_CONDITIONS) {
            // Named one by one, they stay the same ones after a reconnect.
            self.conditions.retain(|row| row.name != ALL_CONDITIONS);
            let named: Vec<String> = self.conditions.iter().map(|row| row.name.clone()).collect();
            let others = list.iter().filter(|row| !named.contains(&row.1) && !named.contains(&row.0.to_string()));
            let free = CONDITIONS_MAX.saturating_sub(named.len());
            self.conditions.extend(others.take(free).map(|row| Wanted::new(row.1.clone())));
        }
        for row in self.conditions.iter_mut().filter(|row| !row.said) {
            let by_name = list.iter().find(|listed| listed.1 == row.name.trim());
            row.number =
                by_name.or_else(|| list.iter().find(|listed| listed.0.to_string() == row.name.trim())).map(|listed| listed.0);
            match row.number {
                Some(number) => {
                    row.said = true;
                    self.watches.push_back((number, false));
                    said.push(request::condition_watch(number));
                }
                None => missing.push(row.name.clone()),
            }
        }
        (said, missing)
    }

    /// These conditions are wanted from now on, and no others: what is to be said for that on the connection there is.
    pub(super) fn want_conditions(&mut self, names: Vec<String>) -> Vec<String> {
        let names: Vec<&str> = names.iter().map(|name| name.trim()).collect();
        let is_named = |row: &Wanted| {
            names.contains(&row.name.as_str()) || row.number.is_some_and(|number| names.contains(&number.to_string().as_str()))
        };
        let (kept, gone): (Vec<Wanted>, Vec<Wanted>) = std::mem::take(&mut self.conditions).into_iter().partition(is_named);
        self.conditions = kept;
        let mut said = Vec::new();
        for row in gone.iter().filter(|row| row.said) {
            if let Some(number) = row.number.filter(|number| !self.conditions.iter().any(|kept| kept.number == Some(*number))) {
                said.push(request::condition_clear(number));
            }
        }
        let is_known = |row: &Wanted, name: &str| row.name == name || row.number.is_some_and(|number| number.to_string() == name);
        let new: Vec<&str> = names.into_iter().filter(|name| !self.conditions.iter().any(|row| is_known(row, name))).collect();
        if !new.is_empty() {
            self.conditions.extend(new.into_iter().map(|name| Wanted::new(name.to_owned())));
            said.push(request::condition_list());
        }
        said
    }

    /// An answer to the watch of a condition came: of this one, and whether it had been tried anew. A refusal does not say of which:
    /// then it is of the one that waits longest.
    pub(super) fn watch_answered(&mut self, condition: Option<u32>) -> Option<(u32, bool)> {
        let place = match condition {
            Some(condition) => self.watches.iter().position(|row| row.0 == condition)?,
            None => 0,
        };
        self.watches.remove(place)
    }

    /// A condition is watched already, by a connection that is gone: what to say to watch it anew.
    pub(super) fn watch_anew(&mut self, condition: u32) -> [String; 2] {
        self.watches.push_back((condition, true));
        [request::condition_clear(condition), request::condition_watch(condition)]
    }
}

fn number(place: usize) -> u16 {
    STOCKS_GROUP.saturating_add(u16::try_from(place).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watching() -> Watching {
        Watching::new(vec![RealType::Trades, RealType::Book], vec!["급등".into(), "7".into(), "없음".into()])
    }

    #[test]
    fn groups_stay_within_the_limit_and_come_back_after_a_reconnect() {
        let mut watching = watching();
        for stock in 0..=GROUP_ITEMS_MAX {
            assert!(watching.watch(&format!("{stock:06}"), true).is_some());
        }
        let said = watching.begin(true);
        let stocks: Vec<&String> = said.iter().filter(|text| text.contains("\"0B\"")).collect();
        assert_eq!(stocks.len(), 2);
        assert!(stocks[0].contains(r#""grp_no":"10""#) && stocks[0].contains("000099") && !stocks[0].contains("000100"));
        assert!(stocks[1].contains(r#""grp_no":"11""#) && stocks[1].contains("000100"));
        assert_eq!((said.len(), said.last().map(String::as_str)), (5, Some(r#"{"trnm":"CNSRLST"}"#)));
        let asked: Vec<Asked> = std::iter::from_fn(|| watching.answered()).collect();
        assert_eq!(asked, [Asked::Account, Asked::Market, Asked::Stocks, Asked::Stocks]);
    }

    #[test]
    fn a_stock_is_watched_while_anybody_wants_it() {
        let mut watching = watching();
        assert!(watching.watch("005930", true).is_some_and(|text| text.contains("\"REG\"")));
        assert_eq!(watching.watch("005930", true), None);
        assert_eq!(watching.watch("005930", false), None);
        assert!(watching.watch("005930", false).is_some_and(|text| text.contains("\"REMOVE\"")));
        assert_eq!(watching.watch("005930", false), None);
        assert!(!watching.begin(false).iter().any(|text| text.contains("005930")));
    }

    #[test]
    fn all_conditions_are_as_many_as_the_broker_watches() {
        let mut watching = Watching::new(Vec::new(), vec!["7".into(), ALL_CONDITIONS.into()]);
        let list: Vec<(u32, String)> = (0..20).map(|number| (number, format!("c{number}"))).collect();
        let (said, missing) = watching.conditions(&list);
        assert_eq!((said.len(), missing.len()), (CONDITIONS_MAX, 0));
        assert_eq!(said.iter().filter(|text| text.contains(r#""seq":"7""#)).count(), 1);
        assert!(watching.conditions(&list).0.is_empty(), "told already");
        watching.begin(false);
        assert_eq!(watching.conditions(&list).0, said, "the same after a reconnect");
    }

    #[test]
    fn other_conditions_are_registered_and_cleared_without_a_new_connection() {
        let mut watching = watching();
        let list = [(3, "급등".to_owned()), (7, "낙폭".to_owned()), (9, "신고가".to_owned())];
        watching.conditions(&list);
        // 급등 stays by its number, 7 goes, 신고가 is looked up first.
        let said = watching.want_conditions(vec!["3".into(), "신고가".into()]);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("CNSRCLR") && said[0].contains(r#""seq":"7""#) && said[1].contains("CNSRLST"), "{said:?}");
        let (said, missing) = watching.conditions(&list);
        assert_eq!((said.len(), missing.len()), (1, 0), "{said:?}");
        assert!(said[0].contains("CNSRREQ") && said[0].contains(r#""seq":"9""#), "{said:?}");
        assert!(watching.want_conditions(vec!["급등".into(), "9".into()]).is_empty(), "the same ones by other words");
        // All of them, and after a reconnect all of them again.
        assert_eq!(
            watching.want_conditions(vec![ALL_CONDITIONS.into()]).len(),
            3,
            "both are cleared, then asked for with the rest"
        );
        assert_eq!(watching.conditions(&list).0.len(), 3);
        watching.begin(false);
        assert_eq!(watching.conditions(&list).0.len(), 3);
        assert_eq!(watching.want_conditions(Vec::new()).len(), 3);
        assert!(!watching.begin(false).iter().any(|text| text.contains("CNSRLST")));
    }

    #[test]
    fn conditions_are_known_by_name_or_number() {
        let mut watching = watching();
        let (said, missing) = watching.conditions(&[(3, "급등".into()), (7, "낙폭".into())]);
        assert_eq!((said.len(), missing), (2, vec!["없음".to_owned()]));
        assert_eq!(watching.watch_answered(Some(7)), Some((7, false)));
        assert_eq!(watching.watch_answered(None), Some((3, false)));
        let [clear, watch] = watching.watch_anew(3);
        assert!(clear.contains("CNSRCLR") && watch.contains("CNSRREQ"));
        assert_eq!((watching.watch_answered(Some(9)), watching.watch_answered(None)), (None, Some((3, true))));
    }
}
