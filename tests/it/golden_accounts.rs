//! The golden journals of what happens to accounts without our orders: cash flows, funding, liquidation.

use std::path::Path;

use jangbu::account::{Bracket, Liquidity, SessionId, TimeInForce};
use jangbu::data::synthetic::SyntheticTrades;
use jangbu::event::command::LiquidationLimits;
use jangbu::event::market::Mark;
use jangbu::event::{Answer, CashFlow, Command, Event, FlowKind, ForcedFill, MarketEvent};
use jangbu::market::{InstrumentId, Side, Venue};

use crate::golden_made::{BEGIN, definitions, fill, order, parse, place, started, trade, update};
use crate::made::{Script, command, scripted_session};

/// Cash that comes and goes without a trade: of every kind, told twice, too old, in kind, before and after an account is taken over.
pub fn cash_flows(dir: &Path) {
    let mut script = Script::after(dir);
    script.say(command(started(1)));
    definitions(&mut script);
    script.say(trade(1, "50000", 1));
    let at = |hours: i64| BEGIN.plus(hours * 3_600_000_000_000);
    let flow = |venue, currency: &str, amount: &str, kind, hours: i64| {
        let (currency, amount) = (parse(currency), parse(amount));
        CashFlow { venue, currency, amount, kind, id: format!("flow-{hours}"), instrument: None, at: at(hours) }
    };
    let (here, spot) = (Venue::BinanceUsdM, Venue::BinanceSpot);
    let first = flow(here, "USDT", "250.5", FlowKind::Deposit, 1);
    let base = SyntheticTrades::instrument(InstrumentId(0)).base;
    let mut flows = vec![
        first.clone(),
        flow(here, "USDT", "-100", FlowKind::Withdrawal, 2),
        CashFlow { instrument: Some(InstrumentId(0)), ..flow(here, "USDT", "-0.12345678", FlowKind::Funding, 8) },
        first.clone(),
        flow(here, "BNB", "0.5", FlowKind::Other, 9),
        flow(spot, base.as_str(), "0.25", FlowKind::Deposit, 3),
        flow(spot, base.as_str(), "-0.1", FlowKind::Withdrawal, 4),
        flow(spot, base.as_str(), "-5", FlowKind::Withdrawal, 5),
    ];
    flows.extend(
        (1..5)
            .map(|day| CashFlow { instrument: Some(InstrumentId(0)), ..flow(here, "USDT", "0.01", FlowKind::Funding, day * 24) }),
    );
    flows.push(flow(here, "USDT", "77", FlowKind::Deposit, 7));
    script.say(command(Command::RealOrders { venues: vec![Venue::Upbit] }));
    flows.push(flow(Venue::Upbit, "KRW", "5000", FlowKind::Deposit, 6));
    for flow in flows {
        script.say(Event::Answer(Box::new(Answer::Flow(flow))));
    }
    script.say(command(Command::SessionEnded { session: SessionId(1) }));
    scripted_session(dir, SessionId(1), script, true, &mut |_| ());

    let mut script = Script::after(dir);
    script.say(command(started(2)));
    script.say(Event::Answer(Box::new(Answer::Flow(first))));
    script.say(Event::Answer(Box::new(Answer::Flow(flow(here, "USDT", "1", FlowKind::Other, 97)))));
    scripted_session(dir, SessionId(2), script, false, &mut |_| ());
}

/// Perpetuals whose liquidation price is known, comes near and refuses orders; funding on paper; a position that is taken away.
pub fn margins(dir: &Path) {
    let mut script = Script::after(dir);
    script.say(command(started(1)));
    definitions(&mut script);
    let (instrument, answer) = (InstrumentId(0), |answer| Event::Answer(Box::new(answer)));
    let bracket = |floor, rate, cum| Bracket { floor: parse(floor), rate: parse(rate), cum: parse(cum) };
    let brackets = vec![bracket("0", "0.004", "0"), bracket("50000", "0.005", "50")];
    script.say(answer(Answer::Brackets { instrument, brackets }));
    script.say(answer(Answer::Margin { instrument, isolated: Some(parse("100")), leverage: Some(5) }));
    let limits = LiquidationLimits { distance_min: Some(parse("0.1")), warning: Some(parse("0.15")) };
    script.say(command(Command::Liquidation(limits)));
    let mark = |price: &str, hour: i64| {
        let funding_at = BEGIN.plus(hour * 3_600_000_000_000);
        let mark = Mark { instrument, price: parse(price), funding_rate: parse("0.0001"), funding_at };
        Event::Market(MarketEvent::Mark(mark))
    };
    script.say(trade(0, "50000", 1));
    script.say(mark("50000", 8));
    let bought = place(&mut script, Side::Buy, Some("50000"), "0.02");
    update(&mut script, bought, fill(11, "50000", "0.02", Liquidity::Taker));
    script.say(answer(Answer::Margin { instrument, isolated: Some(parse("200")), leverage: None }));
    script.say(mark("50010", 16));
    script.say(command(order(0, Side::Buy, Some("50000"), TimeInForce::Gtc, "0.2")));
    script.say(command(Command::Liquidation(LiquidationLimits { distance_min: Some(parse("0.3")), ..limits })));
    script.say(command(order(0, Side::Buy, Some("50010"), TimeInForce::Gtc, "0.03")));
    script.say(mark("45000", 16));
    script.say(mark("41000", 16));
    script.say(command(Command::SessionEnded { session: SessionId(1) }));
    scripted_session(dir, SessionId(1), script, true, &mut |_| ());

    let mut script = Script::after(dir);
    script.say(command(started(2)));
    script.say(mark("40500", 24));
    let (side, price, qty, fee) = (Side::Sell, parse("40300"), parse("0.02"), parse("0.4"));
    let forced = ForcedFill { instrument, side, trade: 77, price, qty, fee, reason: "autoclose-1".into() };
    script.say(answer(Answer::Forced(forced.clone())));
    script.say(answer(Answer::Forced(forced)));
    script.say(command(order(0, Side::Buy, None, TimeInForce::Gtc, "0.01")));
    scripted_session(dir, SessionId(2), script, false, &mut |_| ());
}
