//! Upbit and Binance in one session, over real sockets to an emulator of each: on paper and with real orders, replayed alike.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::{check, folder, json};

/// The example of the repository, shortened to what a test has time for.
fn example(real: bool) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/two-venues.toml");
    let text = fs::read_to_string(path).expect("the example");
    if real { text.replace("\nemulate = true\n", "\nemulate = true\norders = \"real\"\n") } else { text }
}

fn of_venue<'a>(rows: &'a Value, venue: &str) -> &'a Value {
    let rows = rows.as_array().expect("rows");
    rows.iter().find(|row| row["venue"] == venue).unwrap_or_else(|| panic!("{venue} is not among {rows:?}"))
}

/// Runs the example, replays it from its first event, and gives the summary and the replay.
fn trade(real: bool) -> (Value, Value) {
    let dir = folder();
    fs::write(dir.path().join("two.toml"), example(real)).expect("written");
    let (out, err) = check(dir.path(), &["live", "--config", "two.toml", "--for", "8s", "--json"], 0);
    let summary = json(&out);
    assert_eq!(summary["halt"], Value::Null, "{out}");
    assert!(err.contains("upbit") && err.contains("binance-spot") && err.contains("김프 BTC"), "{err}");
    let again = ["replay", "--journal", "two-venues-data", "--from", "1", "--no-snapshots", "--twice", "--json"];
    let (out, _) = check(dir.path(), &again, 0);
    let replay = json(&out);
    assert_eq!((&replay["identical"], &replay["both_agree"]), (&Value::Bool(true), &Value::Bool(true)), "{out}");
    // From the latest snapshot, too; and what follows from the journal is what the session showed at its end.
    check(dir.path(), &["replay", "--journal", "two-venues-data"], 0);
    assert_eq!(replay["valued"], summary["status"]["valued"], "{out}");
    assert_eq!(replay["premiums"], summary["status"]["premiums"], "{out}");
    (summary, replay)
}

/// Everything is valued, and the total is the sum of the accounts.
fn check_total(valued: &Value) {
    let raw = |value: &Value| {
        let text = value.as_str().unwrap_or_else(|| panic!("{value} of {valued}"));
        text.parse::<jangbu::market::Money>().expect("an amount").raw()
    };
    assert_eq!((valued["whole"].as_bool(), valued["currency"].as_str()), (Some(true), Some("KRW")), "{valued}");
    let accounts = valued["accounts"].as_array().expect("accounts");
    assert_eq!(raw(&valued["total"]), accounts.iter().map(|row| raw(&row["value"])).sum::<i128>(), "{valued}");
    assert!(of_venue(&valued["accounts"], "upbit")["currency"] == "KRW");
    let abroad = of_venue(&valued["accounts"], "binance-spot");
    assert!(abroad["currency"] == "USDT" && raw(&abroad["rate"]) > 1_000 * 100_000_000, "{abroad}");
}

#[test]
fn two_venues_on_paper_are_one_session() {
    let (summary, replay) = trade(false);
    for venue in ["upbit", "binance-spot"] {
        assert!(of_venue(&summary["frames"], venue)["received"].as_u64() > Some(20), "{summary}");
    }
    assert!(summary["counts"]["fills"].as_u64() > Some(0), "{summary}");
    check_total(&replay["valued"]);
    let premiums = replay["premiums"].as_array().expect("premiums");
    let coins: Vec<_> = premiums.iter().map(|row| row["coin"].as_str()).collect();
    assert_eq!(coins, [Some("BTC"), Some("ETH")], "{premiums:?}");
    let markets = (&premiums[0]["home"], &premiums[0]["abroad"]);
    assert_eq!(markets, (&Value::from("upbit:KRW-BTC"), &Value::from("binance-spot:BTCUSDT")));
    let rate: jangbu::market::Rate = premiums[0]["premium"].as_str().expect("it is known").parse().expect("a rate");
    assert!(rate.raw().abs() < 10_000_000, "made-up markets begin about 1 % apart: {rate}");
}

/// An emulator has what the journal says the account had: nothing differs, and nothing is taken over again.
#[test]
fn a_second_session_with_real_orders_finds_the_accounts_as_it_left_them() {
    let dir = folder();
    fs::write(dir.path().join("two.toml"), example(true)).expect("written");
    for session in 1..=2 {
        let (out, err) = check(dir.path(), &["live", "--config", "two.toml", "--for", "6s", "--json"], 0);
        let summary = json(&out);
        assert_eq!(summary["halt"], Value::Null, "{out}");
        assert_eq!(summary["session"], session);
        let said = |text: &str| err.matches(text).count();
        assert_eq!(said("the books say"), 0, "{err}");
        assert_eq!(said("taken over") > 0, session == 1, "{err}");
        assert!(summary["counts"]["orders"].as_u64() > Some(0), "{summary}");
    }
}

#[test]
fn two_venues_with_real_orders_are_one_session() {
    let (summary, replay) = trade(true);
    // Each account was taken over as its venue said, in its own currency.
    let valued = &replay["valued"];
    check_total(valued);
    assert!(summary["counts"]["orders"].as_u64() > Some(0), "{summary}");
    let rejected = summary["counts"]["rejections"].as_u64();
    assert!(summary["counts"]["fills"].as_u64() > Some(0), "rejected {rejected:?}: {summary}");
}
