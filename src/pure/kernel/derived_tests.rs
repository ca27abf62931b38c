//! Premiums and totals, as the kernel tells them.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use jangbu_replay::Machine;
use proptest::prelude::*;

use super::Kernel;
use super::tests::Rig;
use crate::effect::Effect;
use crate::event::command::{Command, RiskLimits};
use crate::event::market::Value;
use crate::event::valuation::{RateSettings, RateSource, ValuationSettings};
use crate::event::{Event, MarketEvent};
use crate::market::premium::premium;
use crate::market::testing::{instrument, money, price};
use crate::market::{Currency, Instrument, InstrumentId, InstrumentKind, Premium, Rate, Venue};
use crate::strategy::{DecodeError, Decoder, Encoder, Signals, Strategy, View};

const HOME: InstrumentId = InstrumentId(2);
const DOLLAR: InstrumentId = InstrumentId(3);

fn currency(code: &str) -> Currency {
    code.parse().expect("a code")
}

fn won(id: InstrumentId, base: &str) -> Instrument {
    let symbol = alloc::format!("KRW-{base}");
    let of = instrument(id.0, InstrumentKind::Spot);
    Instrument { venue: Venue::Upbit, symbol, base: currency(base), quote: currency("KRW"), ..of }
}

fn settings(source: RateSource) -> ValuationSettings {
    let rates = vec![RateSettings { of: currency("USDT"), source }];
    ValuationSettings { currency: Some(currency("KRW")), rates, premium_age_ms: 1_000 }
}

fn by_market() -> RateSource {
    RateSource::Instrument(String::from("upbit:krw-usdt"))
}

/// BTCUSDT, spot (#0) and future (#1) at Binance, KRW-BTC (#2) and KRW-USDT (#3) at Upbit.
fn rig(source: RateSource) -> Rig {
    let mut rig = Rig::new(RiskLimits::default());
    rig.say(Command::Valuation(settings(source)));
    for instrument in [won(HOME, "BTC"), won(DOLLAR, "USDT")] {
        rig.hear(Event::Market(MarketEvent::Instrument(Box::new(instrument))));
    }
    rig.say(Command::Deposit { venue: Venue::Upbit, currency: currency("KRW"), amount: money("1000000") });
    rig
}

fn premiums(kernel: &Kernel) -> Vec<(u32, u32, Option<i64>)> {
    kernel.premiums().map(|(home, abroad, rate)| (home.id.0, abroad.id.0, rate.map(Rate::raw))).collect()
}

#[test]
fn a_premium_follows_from_three_prices_and_ages() {
    let mut rig = rig(by_market());
    assert_eq!(premiums(&rig.kernel), [(2, 0, None)], "spot abroad, before the future");
    rig.trade(InstrumentId(0), "50000");
    rig.trade(HOME, "72100000");
    assert_eq!(premiums(&rig.kernel), [(2, 0, None)], "without a rate there is none");
    rig.trade(DOLLAR, "1400");
    assert_eq!(premiums(&rig.kernel), [(2, 0, Some(3_000_000))]);
    // Two are heard again, the third is too old by then.
    rig.wait(1_000_000_000);
    rig.trade(HOME, "72100000");
    rig.trade(DOLLAR, "1400");
    assert_eq!(premiums(&rig.kernel), [(2, 0, None)]);
    rig.trade(InstrumentId(0), "51500");
    assert_eq!(premiums(&rig.kernel), [(2, 0, Some(0))]);
    // What nobody asks for any more is forgotten.
    rig.say(Command::Valuation(ValuationSettings::default()));
    assert_eq!((premiums(&rig.kernel), rig.kernel.valuation()), (Vec::new(), None));
}

#[test]
fn a_fixed_rate_and_one_that_events_bring() {
    let mut fixed = rig(RateSource::Fixed(price("1400")));
    fixed.trade(InstrumentId(0), "50000");
    fixed.trade(HOME, "71400000");
    assert_eq!(premiums(&fixed.kernel), [(2, 0, Some(2_000_000))]);

    let mut told = rig(RateSource::Instrument(String::from("kiwoom:USDKRW")));
    let rate =
        Instrument { venue: Venue::Kiwoom, symbol: "USDKRW".into(), kind: InstrumentKind::Fx, ..won(InstrumentId(4), "USD") };
    told.hear(Event::Market(MarketEvent::Instrument(Box::new(rate))));
    told.trade(InstrumentId(0), "50000");
    told.trade(HOME, "70700000");
    told.hear(Event::Market(MarketEvent::Value(Value { instrument: InstrumentId(4), value: price("1400") })));
    assert_eq!(premiums(&told.kernel), [(2, 0, Some(1_000_000))]);
}

#[test]
fn totals_are_in_one_currency_or_say_why_not() {
    let mut rig = rig(by_market());
    let text = |rig: &Rig| {
        let found = rig.kernel.valuation().expect("a currency is set");
        (found.total, found.is_whole, found.rows.iter().filter(|row| row.value.is_err()).count())
    };
    assert_eq!(text(&rig), (Ok(money("1000000")), false, 2), "100,000 USDT at each Binance venue have no rate");
    rig.trade(DOLLAR, "1400");
    assert_eq!(text(&rig), (Ok(money("281000000")), true, 0));
}

#[test]
fn a_rate_that_hangs_on_itself_is_none() {
    let mut rig = Rig::new(RiskLimits::default());
    let usdt = RateSettings { of: currency("USDT"), source: RateSource::Instrument("binance-spot:BTCUSDT".into()) };
    let rates = vec![usdt];
    rig.say(Command::Valuation(ValuationSettings { currency: Some(currency("KRW")), rates, premium_age_ms: 1_000 }));
    assert!(!rig.kernel.valuation().expect("a currency is set").is_whole);
}

/// Says each premium it is told, and whether the view has it for both markets.
#[derive(Debug)]
struct Teller;

impl Strategy for Teller {
    fn on_premium(&mut self, view: &View<'_>, premium: &Premium, out: &mut Signals) {
        let both = [premium.home, premium.abroad].map(|id| view.premium(id) == Some(premium.rate));
        // The same code is not told twice in a while: it names the premium, too.
        let code = alloc::format!("teller.{} {}", view.strategy().0, premium.rate);
        out.notify(crate::effect::Severity::Info, code, alloc::format!("{both:?}"));
    }
    fn save(&self, _: &mut Encoder<'_>) {}
    fn load(&mut self, _: &mut Decoder<'_>) -> Result<(), DecodeError> {
        Ok(())
    }
}

#[test]
fn strategies_of_either_market_are_told_once() {
    let mut rig = rig(by_market());
    let (abroad, other) = (InstrumentId(0), InstrumentId(1));
    for hears in [&[HOME][..], &[abroad], &[HOME, abroad], &[other, DOLLAR]] {
        rig.kernel.strategies.run(Box::new(Teller), hears);
    }
    for (id, at) in [(abroad, "50000"), (HOME, "72100000"), (DOLLAR, "1400"), (HOME, "72100000"), (HOME, "71400000")] {
        rig.trade(id, at);
    }
    let told: Vec<_> = rig
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Notify(notice) => Some((notice.code.as_str(), notice.text.as_str())),
            _ => None,
        })
        .collect();
    // The rate comes up, then the price at home changes; what stays as it was is not told again.
    let codes: Vec<_> = told.iter().map(|told| told.0).collect();
    let expected = ["teller.0 0.03", "teller.2 0.03", "teller.1 0.03", "teller.0 0.02", "teller.2 0.02", "teller.1 0.02"];
    assert_eq!(codes, expected);
    assert!(told.iter().all(|told| told.1 == "[true, true]"), "{told:?}");
}

#[test]
fn a_saved_kernel_has_the_same_premiums() {
    let mut rig = rig(by_market());
    for (id, at) in [(InstrumentId(0), "50000"), (DOLLAR, "1400"), (HOME, "72100000")] {
        rig.trade(id, at);
    }
    let mut bytes = Vec::new();
    rig.kernel.save(&mut bytes);
    let loaded = Kernel::load(&bytes).expect("its own bytes");
    assert_eq!(premiums(&loaded), premiums(&rig.kernel));
    assert_eq!(loaded.valuation(), rig.kernel.valuation());
    let mut again = Vec::new();
    loaded.save(&mut again);
    assert_eq!(again, bytes);
}

proptest! {
    /// Whatever is heard in whatever order: the premium is what the last prices say, while all three are recent.
    #[test]
    fn a_premium_is_what_the_last_prices_say(
        steps in prop::collection::vec((0_usize..3, 1_i64..1 << 40, 0_i64..900_000_000), 1..40),
    ) {
        let mut rig = rig(by_market());
        let ids = [HOME, InstrumentId(0), DOLLAR];
        let mut last: [Option<(i64, i64)>; 3] = [None; 3];
        // What the rig traded before the settings were said is not counted as heard.
        for (which, at, pause) in steps {
            rig.wait(pause);
            let at = crate::market::Price::from_raw(at);
            rig.trade(ids[which], &alloc::format!("{at}"));
            let now = rig.stamp.recv;
            last[which] = Some((at.raw(), now.get()));
            let recent = last.map(|heard| heard.filter(|(_, when)| now.get() - when <= 1_000_000_000).map(|heard| heard.0));
            let expected = match recent {
                [Some(home), Some(abroad), Some(rate)] => {
                    let [home, abroad, rate] = [home, abroad, rate].map(crate::market::Price::from_raw);
                    premium(home, abroad, rate).map(Rate::raw)
                }
                _ => None,
            };
            prop_assert_eq!(premiums(&rig.kernel), [(2, 0, expected)]);
        }
    }
}
