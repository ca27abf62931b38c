//! What a user of Kiwoom reads when something is wrong: each time one line that says what, why and what to do, in Korean and English.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crossbeam_channel::unbounded;
use jangbu::account::{OrderType, TimeInForce};
use jangbu::config::{Orders, VenueConfig};
use jangbu::effect::{Notice, Severity};
use jangbu::event::Command;
use jangbu::kernel::Refusal;
use jangbu::live::advice;
use jangbu::live::config::LiveConfig;
use jangbu::live::session::{Hooks, run};
use jangbu::market::{InstrumentId, Side, Venue};
use jangbu_journal::Stamp;

use crate::program::{Running, check, folder, json};

/// Settings of a session at a broker, with these keys.
fn write_settings(dir: &Path, endpoint: &str, key: &str, secret: &str) {
    let keys = dir.join("keys.toml");
    fs::write(&keys, format!("key = \"{key}\"\nsecret = \"{secret}\"\n")).expect("written");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o600)).expect("its owner's");
    let venue = format!(
        "[[venue]]\nkind = \"kiwoom\"\norders = \"real\"\nendpoint = \"{endpoint}\"\nkeys = \"keys.toml\"\nsymbols = [\"005930\"]\n"
    );
    fs::write(dir.join("jangbu.toml"), venue).expect("written");
}

/// The one line of `text` that has all `parts`.
fn check_line(text: &str, parts: &[&str]) {
    let found = text.lines().filter(|line| parts.iter().all(|part| line.contains(part))).count();
    assert!(found > 0, "no line with {parts:?}:\n{text}");
}

#[test]
fn a_wrong_key_and_an_unknown_symbol_end_the_session_in_one_line() {
    let dir = folder();
    let mut broker = Running::start(dir.path(), &["emulate", "kiwoom", "--json"]);
    let head = json(&broker.line());
    let endpoint = head["rest"].as_str().expect("an address").replace("http", "ws");
    write_settings(dir.path(), &endpoint, "CANARY-key", "CANARY-secret");
    let (_, err) = check(dir.path(), &["live", "--for", "60s"], 3);
    check_line(&err, &["앱키 또는 시크릿키가 틀립니다", "조치: ", "app key or the secret key is wrong", "To do: "]);
    assert!(!err.contains("CANARY"), "{err}");
    let word = |name: &str| head[name].as_str().expect("a key").to_owned();
    write_settings(dir.path(), &endpoint, &word("appkey"), &word("secretkey"));
    let (_, err) = check(dir.path(), &["live", "--venue", "kiwoom", "--symbols", "999999", "--for", "60s"], 3);
    check_line(&err, &["999999", "종목 목록에 없는 코드입니다", "조치: ", "is not in Kiwoom's lists", "To do: "]);
    // Another account than the key's.
    let settings = dir.path().join("jangbu.toml");
    let text = fs::read_to_string(&settings).expect("settings");
    fs::write(&settings, text + "account = \"8765-4321-10\"\n").expect("written");
    let (_, err) = check(dir.path(), &["live", "--for", "60s"], 3);
    check_line(&err, &["the key is of the account …7810", "…2110", "To do: ", "설정의 계좌", "조치: "]);
}

#[test]
fn tokens_that_never_hold_are_said_in_one_line() {
    let dir = folder();
    let mut broker = Running::start(dir.path(), &["emulate", "kiwoom", "--faults", "session=1", "--json"]);
    let head = json(&broker.line());
    let word = |name: &str| head[name].as_str().expect("a word").to_owned();
    write_settings(dir.path(), &word("rest").replace("http", "ws"), &word("appkey"), &word("secretkey"));
    let mut live = Running::start(dir.path(), &["live"]);
    let line = loop {
        let line = live.said();
        assert!(!line.is_empty(), "the session ended and did not say why");
        if line.contains("[venue.no_answer]") {
            break line;
        }
    };
    check_line(&line, &["8005", "토큰까지 잇달아 거부", "조치: ", "refuses every token", "To do: "]);
}

/// An order by hand at a broker of these words, as soon as the account is known; everything the user reads until it is refused.
fn read_after(emulator: &str, price: &str) -> String {
    let dir = folder();
    let mut config = LiveConfig::paper(dir.path().join("book"));
    config.venues = vec![VenueConfig {
        symbols: vec!["005930".into()],
        orders: Orders::Real,
        emulate: true,
        emulator: Some(emulator.into()),
        ..VenueConfig::new(Venue::Kiwoom)
    }];
    // Long enough for any machine; the notice ends it.
    config.run_for = Some(std::time::Duration::from_secs(60));
    let (commands, said) = unbounded();
    let order = Command::Order {
        instrument: InstrumentId(0),
        side: Side::Buy,
        order_type: OrderType::Limit(price.parse().expect("a price")),
        time_in_force: TimeInForce::Gtc,
        qty: "1".parse().expect("a quantity"),
    };
    let stop = Arc::new(AtomicBool::new(false));
    let read = Arc::new(Mutex::new(String::new()));
    let (lines, stopping) = (Arc::clone(&read), Arc::clone(&stop));
    let notice = move |_: &Stamp, notice: &Notice| {
        let mut lines = lines.lock().expect("no panic");
        *lines += &format!("{} [{}]\n", advice::line(notice), notice.code);
        if notice.code == "reconcile.done" {
            commands.send(order.clone()).expect("the session listens");
        }
        if notice.code.starts_with("risk.") || notice.code == "orders.rejected" {
            stopping.store(true, Ordering::Release);
        }
    };
    let hooks = Hooks { notice: Some(Box::new(notice)), commands: said, ..Hooks::default() };
    run(&config, &stop, hooks).expect("a session");
    let read = read.lock().expect("no panic");
    read.clone()
}

#[test]
fn an_off_tick_price_too_little_cash_and_a_closed_market_are_said_in_one_line() {
    let text = read_after("speed=1,begin=100000", "70050");
    check_line(&text, &["was not sent", "multiple of", "To do: ", "호가 단위", "조치: ", "[risk.price]"]);
    let text = read_after("speed=1,begin=100000", "97400");
    check_line(
        &text,
        &["97400 is outside the day's limits, 52500 to 97300", "To do: ", "가격제한폭", "조치: ", "[risk.price_limit]"],
    );
    let text = read_after("speed=1,begin=100000,cash=1000", "70000");
    check_line(&text, &["was not sent", "1000 is free", "To do: ", "주문가능금액", "조치: ", "[risk.cash]"]);
    // Before KRX takes orders the broker itself says so.
    let text = read_after("speed=1,begin=080000", "70000");
    check_line(&text, &["RC4057", "market is closed", "To do: ", "장이 열려 있지 않습니다", "조치: "]);
}

#[test]
fn what_the_kernel_refuses_says_what_to_do_and_the_words_of_a_venue_stay() {
    let shown = |code: &str, text: String| advice::line(&Notice { severity: Severity::Warning, code: code.into(), text });
    for (refusal, why, korean) in [
        (Refusal::Closed("005930".into()), "005930 is closed", "거래 시간"),
        (Refusal::UnknownInstrument(InstrumentId(9)), "never defined", "종목코드"),
    ] {
        let line = shown(refusal.code(), format!("buy 1 005930 was not sent: {refusal}"));
        check_line(&line, &["was not sent", why, "To do: ", korean, "조치: "]);
        assert_eq!(line.lines().count(), 1, "{line}");
    }
    let words = "the venue refused order 1-2-0: 키움: … · Kiwoom: …";
    assert_eq!(shown("orders.rejected", words.into()), words);
}
