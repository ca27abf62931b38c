//! Settings are data, and so are their tests: a file in, lines of problems out.

use super::*;

fn check(text: &str) -> Result<Config, String> {
    Layers::default().file("a.toml", text).finish().map(|loaded| loaded.config).map_err(|problems| problems.to_string())
}

/// The only problem of `text` is at `line` and says every one of `parts`.
fn check_bad(text: &str, line: usize, parts: &[&str]) {
    let problems = check(text).expect_err("a problem");
    assert_eq!(problems.lines().count(), 1, "{problems}");
    assert!(problems.starts_with(&format!("a.toml:{line}: ")), "{problems}");
    for part in parts {
        assert!(problems.contains(part), "{part:?} is not in: {problems}");
    }
}

#[test]
fn the_init_file_checks_clean_and_says_the_defaults() {
    let config = check(&init_text()).expect("clean");
    let expected = Config { deposits: config.deposits.clone(), strategies: config.strategies.clone(), ..Config::default() };
    assert_eq!(config, expected);
    assert_eq!(config.deposits.len(), 1);
    assert_eq!(config.strategies[0].name, "ema-cross");
}

#[test]
fn the_init_file_with_every_comment_taken_away_checks_clean_too() {
    let mut text = String::new();
    for line in init_text().lines() {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let is_setting = bare.starts_with('[') || bare.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
        text.push_str(if is_setting { bare } else { line });
        text.push('\n');
    }
    let config = check(&text).expect("clean");
    assert_eq!(config.risk.order_rate_max, Some(10));
    assert_eq!(config.venues[0].streams, VenueConfig::STREAMS);
    assert_eq!(config.venues[0].book_speed.as_deref(), Some("100ms"));
    let made = |name: &str| {
        let settings = config.strategies.iter().find(|settings| settings.name == name).expect("a strategy of that name");
        crate::strategy::builtin::make(settings).map(drop)
    };
    assert_eq!(made("auto-trader"), Ok(()), "every default is one that it accepts");
    assert!(made("text").is_err_and(|problem| problem.contains("`buy`")), "which texts is for a person to say");
}

#[test]
fn every_key_is_said_once_and_reads_back_what_it_writes() {
    for key in keys::KEYS {
        assert_eq!(keys::KEYS.iter().filter(|other| other.path() == key.path()).count(), 1, "{}", key.path());
        let text = (key.get)(&Config::default()).unwrap_or_else(|| key.example.trim_matches('"').to_owned());
        let mut config = Config::default();
        (key.set)(&mut config, &text).expect("its own example");
        assert_eq!((key.get)(&config), Some(text), "{}", key.path());
    }
}

#[test]
fn problems_name_line_key_and_what_was_expected() {
    check_bad("[journal]\nvolume_mb = 1\n", 2, &["journal.volume_mb", "unknown key", "`volume_mib`"]);
    check_bad("\n[jurnal]\n", 2, &["jurnal", "`journal`"]);
    check_bad("[journal]\ndir = 5\n", 2, &["journal.dir", "cannot be 5", "a directory in quotes"]);
    check_bad("[journal]\ndurability = \"powr\"\n", 2, &["did you mean `power`"]);
    check_bad("[journal]\nvolume_mib = 1\n", 2, &["16 to 4096"]);
    check_bad("[risk]\norder_qty_max = 0.123456789\n", 2, &["risk.order_qty_max", "more than 8 decimals"]);
    check_bad("[risk]\nprice_band = -0.1\n", 2, &["below 0"]);
    check_bad("[risk]\nprice_band = true\n", 2, &["cannot be true", "0.05 for 5 %"]);
    check_bad("[simulator]\nentry_ms = 60001\n", 2, &["between 0 and 60000 ms"]);
    check_bad("risk = 5\n", 1, &["a table, begun by [risk]"]);
    check_bad("[[venue]]\nkind = \"binance\"\nsymbols = [\"A\"]\n", 2, &["venue[0].kind", "binance-usdm"]);
    check_bad("[[venue]]\nkind = \"upbit\"\n", 1, &["venue[0].symbols", "missing"]);
    check_bad("[[venue]]\nkind = \"upbit\"\nsymbols = [\"A\"]\nstreams = [\n\"trades\",\n\"books\"]\n", 6, &["`book`"]);
    check_bad("[[venue]]\nkind = \"upbit\"\nsymbols = [\"A\"]\nendpoint = \"localhost\"\n", 4, &["ws://127.0.0.1:9443"]);
    check_bad("[[strategy]]\nnam = \"x\"\nname = \"y\"\n", 2, &["strategy[0].nam", "`name`"]);
    check_bad("[[strategy]]\nname = \"y\"\ninstruments = [\"BTCUSDT\"]\n", 3, &["venue:SYMBOL"]);
    check_bad("[[strategy]]\nname = \"y\"\nparameters = { a = [] }\n", 3, &["strategy[0].parameters.a"]);
    check_bad("[account]\ndeposits = [{ venue = \"upbit\", currency = \"KRW\" }]\n", 2, &["amount", "missing"]);
    check_bad("[journal]\ndurability = \"po\\twr\\n\"\n", 2, &["`po\\twr\\n`"]);
    check_bad("[journal\n", 1, &["not TOML"]);
    check_bad("a = 1\na = 2\n", 2, &["not TOML"]);
    check_bad(&"#".repeat(2 << 20), 1, &["1048576"]);
}

#[test]
fn all_problems_are_said_at_once() {
    let problems = check("[risk]\nprice_bnd = 1\norder_qty_max = \"x\"\n[journal]\nraw = 1\n").expect_err("three problems");
    assert_eq!(problems.lines().count(), 3, "{problems}");
}

#[test]
fn numbers_are_exact_in_quotes_or_out() {
    let config = check("[risk]\norder_qty_max = 0.1\nexposure_max = \"1_0\"\n");
    assert!(config.is_err(), "an underscore in quotes is no number");
    let config = check("[risk]\norder_qty_max = 0.00000001\nexposure_max = 1_000\nprice_band = \"0.05\"\n").expect("clean");
    assert_eq!(config.risk.order_qty_max.map(|qty| qty.raw()), Some(1));
    assert_eq!(config.risk.exposure_max.map(|money| money.to_string()), Some("1000".into()));
    assert_eq!(config.risk.price_band.map(|rate| rate.raw()), Some(5_000_000));
}

#[test]
fn the_later_layer_wins_and_says_so() {
    let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let file = "[risk]\norder_qty_max = 1\nexposure_max = 5\n[journal]\ndir = \"a\"\n";
    let loaded = Layers::default()
        .file("a.toml", file)
        .environment([
            pair("JANGBU_RISK_ORDER_QTY_MAX", "2"),
            pair("JANGBU_RISK_EXPOSURE_MAX", "none"),
            pair("JANGBU_JOURNAL_DIR", "b"),
            pair("JANGBU_SLOW", "1"),
            pair("HOME", "/"),
        ])
        .flag("--journal", "journal.dir", "c")
        .finish()
        .expect("clean");
    assert_eq!(loaded.config.risk.order_qty_max, Some("2".parse().expect("a number")));
    assert_eq!(loaded.config.risk.exposure_max, None);
    assert_eq!(loaded.config.journal.dir, PathBuf::from("c"));
    assert_eq!(loaded.origin("journal.dir"), &Origin::Flag("--journal".into()));
    assert_eq!(loaded.origin("risk.order_qty_max"), &Origin::Variable("JANGBU_RISK_ORDER_QTY_MAX".into()));
    assert_eq!(loaded.origin("journal.raw"), &Origin::Default);
}

#[test]
fn a_mistyped_variable_is_a_problem() {
    let variable = ("JANGBU_RISK_ORDER_QTY_MX".to_owned(), "2".to_owned());
    let problems = Layers::default().environment([variable]).finish().expect_err("a problem").to_string();
    assert!(problems.contains("JANGBU_RISK_ORDER_QTY_MAX"), "{problems}");
    let variable = ("JANGBU_RISK_PRICE_BAND".to_owned(), "5 %".to_owned());
    let problems = Layers::default().environment([variable]).finish().expect_err("a problem").to_string();
    assert!(problems.starts_with("$JANGBU_RISK_PRICE_BAND: risk.price_band: "), "{problems}");
}

#[test]
fn only_this_machine_is_here() {
    for here in ["ws://127.0.0.1:9443", "http://localhost:8080/x", "ws://[::1]:1", "ws://127.9.9.9"] {
        assert!(is_here(Some(here)), "{here}");
    }
    for away in ["wss://api.kiwoom.com:10000", "ws://127.0.0.1.example.com:80", "ws://localhost.example.com", "ws://10.0.0.1"] {
        assert!(!is_here(Some(away)), "{away}");
    }
    assert!(!is_here(None), "the public address");
}
