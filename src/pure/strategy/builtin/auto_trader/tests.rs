//! What only concerns the auto-trader: which conditions it wants registered.

use alloc::string::String;
use alloc::vec::Vec;

use super::conditions_wanted;
use crate::event::command::StrategySettings;

fn settings(name: &str, conditions: &str) -> StrategySettings {
    let parameters = Vec::from([(String::from("conditions"), String::from(conditions))]);
    StrategySettings { name: name.into(), instruments: Vec::new(), parameters }
}

#[test]
fn conditions_to_register_are_those_of_all_auto_traders() {
    let wanted = |list: &[StrategySettings]| conditions_wanted(list);
    assert_eq!(wanted(&[]), Some(Vec::new()));
    assert_eq!(wanted(&[settings("text", "1")]), Some(Vec::new()));
    let both = [settings("auto-trader", "급등주; 3"), settings("auto-trader", "3;1")];
    assert_eq!(wanted(&both), Some(["1", "3", "급등주"].map(String::from).to_vec()));
    assert_eq!(wanted(&[settings("auto-trader", "1"), settings("auto-trader", "")]), None, "all of them");
}
