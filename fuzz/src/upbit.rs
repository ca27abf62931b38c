//! What Upbit says: frames of its public stream, of its private one, and answers of its REST interface.

use jangbu::event::{Event, MarketEvent};
use jangbu::market::InstrumentId;
use jangbu::venue::channel::Channel;
use jangbu::venue::raw::Made;
use jangbu::venue::upbit::wire::frame::messages;
use jangbu::venue::upbit::wire::private::{MyOrder, OrderState};
use jangbu::venue::upbit::wire::rest::{AnswerError, Request, account, answer, market, order};
use jangbu::venue::upbit::wire::spelling::respelled;
use jangbu::venue::upbit::wire::{Decoder, Levels, Message};
use jangbu_journal::{Nanos, Seq, Stamp};

use crate::event::survive;

const CODES: [&str; 2] = ["KRW-XRP", "KRW-BTC"];

/// Lines of bytes, each a frame. A line `!l1` is a lost connection, as the second market sees it.
///
/// Every frame is in one class; a book is whole; the events survive the journal; read again, they are the same.
pub fn upbit_frame(data: &[u8]) {
    let made = session(data);
    assert!(made == reparsed(data), "read again it is something else: {made:?}");
    let rows: Vec<(Stamp, Event)> = made
        .into_iter()
        .zip(1..)
        .map(|((venue, event), seq)| (Stamp { seq: Seq::new(seq), recv: Nanos::new(seq as i64 / 3), venue }, event))
        .collect();
    survive(&rows);
}

fn decoder() -> Decoder {
    Decoder::new(CODES.iter().zip(0..).map(|(code, id)| (*code, InstrumentId(id))))
}

fn lost(line: &[u8]) -> Option<InstrumentId> {
    match line {
        [b'!', b'l', digit, ..] => Some(InstrumentId(u32::from(digit & 3))),
        _ => None,
    }
}

fn session(data: &[u8]) -> Made {
    let (mut decoder, mut out, mut frames) = (decoder(), Made::new(), 0);
    for line in data.split(|byte| *byte == b'\n') {
        let before = out.len();
        match lost(line) {
            Some(instrument) => decoder.book_lost(instrument, &mut out),
            None => {
                decoder.frame(line, &mut out);
                frames += 1;
            }
        }
        follow(&out[before..]);
        let counts = decoder.counts();
        assert_eq!((counts.received, counts.sum()), (frames, frames), "{counts}");
    }
    out
}

/// As `replay --reparse` reads what was kept of the same lines.
fn reparsed(data: &[u8]) -> Made {
    let (mut decoder, mut out) = (decoder(), Made::new());
    for line in data.split(|byte| *byte == b'\n') {
        match lost(line) {
            Some(instrument) => decoder.reparse(Channel::Snapshot(instrument), b"", &mut out),
            None => decoder.reparse(Channel::Connection(0), line, &mut out),
        }
    }
    out
}

/// Goes over the events of one line.
fn follow(made: &[(Option<Nanos>, Event)]) {
    let mut open: Option<(InstrumentId, u32)> = None;
    for (_, event) in made {
        if let Event::Market(MarketEvent::Level(level)) = event {
            let (of, left) = open.as_mut().expect("a head before a level");
            assert_eq!(level.instrument, *of);
            assert!(level.price.is_positive() && !level.qty.is_negative(), "{level:?}");
            *left -= 1;
            open = open.filter(|(_, left)| *left > 0);
            continue;
        }
        assert_eq!(open, None, "levels are missing");
        match event {
            Event::Market(MarketEvent::Depth(depth)) => {
                open = Some((depth.instrument, depth.levels)).filter(|(_, levels)| *levels > 0);
            }
            Event::Market(MarketEvent::Trade(trade)) => {
                assert!(trade.price.is_positive() && trade.qty.is_positive(), "{trade:?}");
            }
            Event::Market(MarketEvent::Bar(bar)) => assert!(bar.is_sound(), "{bar:?}"),
            Event::Market(MarketEvent::BookLost(_) | MarketEvent::Phase(_)) => {}
            other => panic!("frames do not make {other:?}"),
        }
    }
    assert_eq!(open, None, "levels are missing");
}

/// Lines of bytes, each a frame of the private stream, and the answer to every request about orders and the account.
///
/// A fill has a price and a quantity; both spellings of a report say the same; a refusal says in two languages what to do.
pub fn upbit_private(data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n') {
        frame(line);
        for status in [200, 400, 418, 500] {
            read::<account::AskAccounts>(status, line);
            read::<account::AskChance>(status, line);
            read::<order::PlaceOrder>(status, line);
            read::<order::CancelOrder>(status, line);
            read::<order::CancelAndNew>(status, line);
            read::<order::AskOrder>(status, line);
            read::<order::AskOpenOrders>(status, line);
            read::<order::AskClosedOrders>(status, line);
            read::<market::AskMarkets>(status, line);
            read::<market::AskBookRules>(status, line);
            read::<market::AskTickers>(status, line);
        }
    }
}

fn frame(line: &[u8]) {
    let Ok(texts) = messages(line) else { return };
    for text in texts {
        let (kind, report) = match Message::parse(text, &mut Levels::default()) {
            Ok(Message::MyOrder(report)) => {
                fill(&report);
                ("myOrder", Message::MyOrder(report))
            }
            Ok(report @ Message::MyAsset(_)) => ("myAsset", report),
            _ => continue,
        };
        for simple in [false, true] {
            let other = respelled(kind, text, simple);
            assert_eq!(Message::parse(&other, &mut Levels::default()).as_ref(), Ok(&report), "{other}");
        }
    }
}

fn fill(report: &MyOrder) {
    if let Some((price, qty)) = report.fill() {
        assert_eq!(report.state, OrderState::Trade);
        assert!(!price.is_negative() && !qty.is_negative(), "{report:?}");
    }
}

fn read<R: Request>(status: u16, body: &[u8]) {
    match answer::<R>(status, body) {
        Ok(_) => assert!((200..300).contains(&status)),
        Err(AnswerError::Refused(refusal)) => {
            assert!(!refusal.english().is_empty() && !refusal.korean().is_empty(), "{refusal:?}");
            let _ = refusal.remedy();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
