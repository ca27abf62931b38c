//! The recipe of the golden journal `by-hand`: what an operator says beside what `every-event` has.

use std::path::Path;

use jangbu::account::{OrderUpdate, SessionId};
use jangbu::event::{Answer, Command, Event};
use jangbu::market::{Side, Venue};

use crate::golden_made::{definitions, parse, place, started, trade, update};
use crate::made::{Script, command, scripted_session};

/// Orders amended by hand, let through and refused; everything cancelled; a connection taken back; a venue's remark.
pub fn by_hand(dir: &Path) {
    let mut script = Script::after(dir);
    script.say(command(started(1)));
    definitions(&mut script);
    script.say(trade(0, "50000", 1));
    let order = place(&mut script, Side::Buy, Some("49990"), "0.01");
    let amend =
        |price: Option<&str>, qty: Option<&str>| command(Command::Amend { order, price: price.map(parse), qty: qty.map(parse) });
    // Its answer is awaited; then it may be amended; then it is so already.
    script.say(amend(Some("49980"), None));
    update(&mut script, order, OrderUpdate::Accepted { venue_order: 9_001 });
    script.say(amend(Some("49980"), None));
    update(&mut script, order, OrderUpdate::Amended { price: parse("49980"), qty: parse("0.01") });
    script.say(amend(Some("49980"), Some("0.01")));
    // More than one order may have.
    script.say(amend(None, Some("11")));
    let other = place(&mut script, Side::Buy, Some("49970"), "0.02");
    update(&mut script, other, OrderUpdate::Accepted { venue_order: 9_002 });
    script.say(command(Command::CancelAll));
    for order in [order, other] {
        update(&mut script, order, OrderUpdate::Cancelled);
    }
    script.say(amend(Some("49960"), None));
    script.say(command(Command::Reconnect { venue: Venue::Kiwoom }));
    let text = "the token was renewed · 토큰을 새로 받았습니다".into();
    script.say(Event::Answer(Box::new(Answer::Noted { venue: Venue::Kiwoom, text })));
    for id in 100..130_u64 {
        script.say(trade(0, "50010", id));
    }
    script.say(command(Command::SessionEnded { session: SessionId(1) }));
    scripted_session(dir, SessionId(1), script, true, &mut |_| ());
}
