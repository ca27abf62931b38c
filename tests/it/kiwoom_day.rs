//! Whole days of the auto-trader at the emulated broker, in its time: nothing is ordered twice, no fill is lost, and both books are
//! the same.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jangbu::account::OrderType;
use jangbu::config::{Layers, Orders};
use jangbu::effect::{Effect, Query};
use jangbu::event::command::Settings;
use jangbu::event::{Event, OrderUpdate};
use jangbu::kernel::Kernel;
use jangbu::live::Summary;
use jangbu::live::config::LiveConfig;
use jangbu::live::session::{Hooks, run};
use jangbu::market::InstrumentId;
use jangbu_journal::{Reader, Seq};
use jangbu_replay::{Effects, Machine};

use crate::program::{check, folder, json};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/kiwoom-paper.toml");

/// The auto-trader of the example at a broker of these words, in `dir`.
fn config(dir: &Path, emulator: &str) -> LiveConfig {
    let text = std::fs::read_to_string(EXAMPLE).expect("the example");
    let settings = Layers::default().file("example", &text).finish().expect("settings").config;
    let mut live = LiveConfig::paper(dir);
    live.venues = settings.venues;
    live.venues[0].emulator = Some(emulator.to_owned());
    assert_eq!(live.venues[0].orders, Orders::Real);
    live.settings = Settings { risk: settings.risk, strategies: settings.strategies, simulator: None };
    live
}

/// Orders of a session that the broker is known to have had.
fn placed(dir: &Path, summary: &Summary) -> usize {
    let reader = Reader::<Event>::open(dir).expect("a journal");
    let mut scan = reader.scan(summary.first).expect("its events");
    let (mut events, mut placed) = (Vec::new(), BTreeSet::new());
    loop {
        events.clear();
        if scan.next_batch(4_096, &mut events).expect("events") == 0 {
            return placed.len();
        }
        for (_, event) in &events {
            if let Event::Order(told) = event
                && matches!(told.update, OrderUpdate::Accepted { .. } | OrderUpdate::Filled(_) | OrderUpdate::Cancelled)
                && told.order.session.0 == summary.session
            {
                placed.insert(told.order);
            }
        }
    }
}

/// A day, and what must be so at its end.
fn day(dir: &Path, emulator: &str) -> Summary {
    let stop = Arc::new(AtomicBool::new(false));
    let summary = run(&config(dir, emulator), &stop, Hooks::default()).expect("a session");
    let agreement = summary.agreement.as_ref().expect("a ledger");
    let told = || format!("emulator = \"{emulator}\", session {}:\n{}", summary.session, agreement.text());
    assert_eq!(summary.halt, None, "{}", told());
    assert!(agreement.complete && agreement.agrees, "{}", told());
    assert_eq!(summary.status.open_orders, 0, "{}", told());
    assert_eq!(placed(dir, &summary), agreement.orders, "orders of ours that were placed, and orders there: {}", told());
    summary
}

/// The whole journal again, twice, from its first event: identical.
fn check_replay(dir: &Path) {
    let journal = dir.display().to_string();
    let arguments = ["replay", "--journal", &journal, "--from", "1", "--no-snapshots", "--twice", "--json"];
    let replay = json(&check(dir, &arguments, 0).0);
    assert_eq!((&replay["identical"], &replay["both_agree"]), (&true.into(), &true.into()), "{replay}");
}

#[test]
fn the_example_goes_through_a_day_and_ends_flat_with_the_brokers_books() {
    let dir = folder();
    // The hours between are as in the example, only faster.
    let emulator = "speed=2400,seed=1,symbols=10,begin=083000,end=161000";
    let arguments = ["live", "--venue", "kiwoom", "--config", EXAMPLE, "--emulator", emulator, "--json"];
    let (out, err) = check(dir.path(), &arguments, 0);
    let summary = json(&out);
    let agreement = &summary["agreement"];
    assert_eq!((&agreement["agrees"], &agreement["complete"]), (&true.into(), &true.into()), "{agreement}");
    assert_eq!((summary["halt"].is_null(), summary["status"]["open_orders"].as_u64()), (true, Some(0)), "{out}");
    assert_eq!(summary["status"]["positions"], serde_json::json!([]), "not flat: {out}\n{err}");
    assert!(summary["counts"]["fills"].as_u64() > Some(1), "nothing was traded: {out}\n{err}");
    assert!(agreement["taxes"]["theirs"] != "0" && agreement["fees"]["theirs"] != "0", "{agreement}");
    check_base_data(&dir.path().join("kiwoom-data"));
    check_replay(&dir.path().join("kiwoom-data"));
}

/// Base data of every stock that was bought on entry had been asked for, and of some it was known; that of the settings' stock was
/// known before anything was ordered. No order was beyond the limits of its day.
fn check_base_data(dir: &Path) {
    let reader = Reader::<Event>::open(dir).expect("a journal");
    let mut scan = reader.scan(Seq::FIRST).expect("its events");
    let (mut kernel, mut effects, mut events) = (Kernel::default(), Effects::new(), Vec::new());
    let (mut asked, mut bought, mut known) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    while scan.next_batch(4_096, &mut events).expect("events") > 0 {
        for (stamp, event) in events.drain(..) {
            kernel.apply(&stamp, &event, &mut effects);
            for effect in effects.drain() {
                match effect {
                    Effect::Query(Query::Reference(instrument)) => {
                        asked.insert(instrument);
                    }
                    Effect::Submit(order) => {
                        let facts = kernel.reference(order.instrument).filter(|facts| facts.has_limits());
                        let limit = if let OrderType::Limit(price) = order.order_type { Some(price) } else { None };
                        assert!(facts.zip(limit).is_none_or(|(facts, price)| facts.allows(price)), "{order:?}");
                        known.extend(facts.map(|facts| facts.instrument));
                        bought.insert(order.instrument);
                    }
                    _ => {}
                }
            }
        }
    }
    // The first instrument is that of the settings: it needs no question.
    bought.remove(&InstrumentId(0));
    assert!(!bought.is_empty() && bought.is_subset(&asked), "bought {bought:?}, asked for {asked:?}");
    assert!(!asked.contains(&InstrumentId(0)), "known from the start");
    assert!(known.iter().any(|id| bought.contains(id)), "bought {bought:?}, known {known:?}");
}

/// Each fault alone, then all of them, then none.
const FAULTS: [&str; 11] = [
    "lost-ack=0.1",
    "drop=0.01,delay=0.02,duplicate=0.01,reorder=0.01,lost-ack=0.05,storm=0.01,disconnect=0.0005,session=0.002,garbage=0.005",
    "drop=0.03",
    "delay=0.1,delay-ms=40",
    "duplicate=0.05",
    "reorder=0.05",
    "storm=0.02",
    "disconnect=0.002",
    "session=0.01",
    "garbage=0.02",
    "",
];

#[test]
fn days_of_every_fault_lose_no_fill_and_place_nothing_twice() {
    let days: u64 = match std::env::var("JANGBU_SLOW").as_deref() {
        Ok("all") => 200,
        Ok(_) => 12,
        Err(_) => 2,
    };
    let lanes = days.min(4);
    std::thread::scope(|scope| {
        for lane in 0..lanes {
            scope.spawn(move || {
                let dir = folder();
                for day_number in (lane..days).step_by(lanes as usize) {
                    let faults = FAULTS[(day_number % 11) as usize];
                    let emulator = format!("speed=7200,seed={},symbols=6,begin=085500,end=153500,{faults}", day_number + 1);
                    day(dir.path(), &emulator);
                }
                check_replay(dir.path());
            });
        }
    });
}
