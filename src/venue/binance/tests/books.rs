//! The book that the gateway tells, held against the venue's own best bid and ask, and against the real tapes.

use std::collections::BTreeMap;

use super::*;
use crate::config::RawFrames;
use crate::data::tape::TapeReader;
use crate::event::Frame as RawFrame;
use crate::market::{Price, Side};
use crate::venue::binance::wire::Decoder;
use crate::venue::binance::wire::frame::Frame;
use crate::venue::channel::Channel;
use crate::venue::levels::Levels;
use crate::venue::raw::{FrameJoiner, Made};

/// Best bid and ask by the venue's number of the update.
type Bests = BTreeMap<u64, (Price, Price)>;

/// Notes the best bid and ask of a frame, if it is a `bookTicker`.
fn note(text: &[u8], bests: &mut Bests) {
    if let Ok(Frame::Quote(quote)) = Frame::parse(text, &mut Levels::default()) {
        bests.insert(quote.update_id, (quote.bid.0, quote.ask.0));
    }
}

/// How the books heard compare with the venue's quotes.
#[derive(Debug, Default)]
struct Compared {
    /// Books for which the venue's best at that update is known.
    books: u64,
    /// Those whose best bid and ask are the same.
    equal: u64,
}

/// Follows the book through all updates. After each it must not be crossed; its best is held against the venue's best at the
/// same update, which is the last quote with a number not above the update's.
fn compare(heard: &[Inbound], bests: &Bests) -> Compared {
    let (mut compared, mut book) = (Compared::default(), Book::default());
    let (mut pending, mut update) = (0, 0);
    for inbound in heard {
        match &inbound.event {
            Event::Market(MarketEvent::Depth(depth)) => {
                (pending, update) = (depth.levels, depth.update_id);
                if depth.snapshot {
                    book.clear();
                }
            }
            Event::Market(MarketEvent::Level(level)) => {
                book.set(level.side, level.price, level.qty);
                pending -= 1;
            }
            _ => continue,
        }
        if pending > 0 {
            continue;
        }
        assert!(!book.is_crossed(), "at update {update}: {:?} and {:?}", book.best(Side::Buy), book.best(Side::Sell));
        let Some((_, best)) = bests.range(..=update).next_back() else { continue };
        let own = book.best(Side::Buy).zip(book.best(Side::Sell)).map(|(bid, ask)| (bid.0, ask.0));
        compared.books += 1;
        compared.equal += u64::from(own == Some(*best));
    }
    compared
}

/// The raw frames among what was heard, whole.
fn raw_frames(heard: &[Inbound]) -> Vec<(Channel, Vec<u8>)> {
    let mut joiner = FrameJoiner::default();
    let pieces = heard.iter().filter_map(|inbound| match &inbound.event {
        Event::Frame(piece) => Some::<&RawFrame>(piece),
        _ => None,
    });
    pieces.filter_map(|piece| joiner.piece(piece).map(|(channel, bytes)| (Channel::of(channel), bytes.to_vec()))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn books_equal_the_quotes_and_raw_frames_make_it_all_again() {
    for kind in BOTH {
        // With gaps, so that books are taken up again in the middle.
        let faults = Faults { drop_every_n: Some(199), garbage_every_n: Some(500), ..Faults::default() };
        let session = Session::start(endless(kind, faults), Taking::AtOnce, |config| config.raw = RawFrames::All).await;
        session.until("gaps and books", |session| session.stats.gaps() >= 2 && session.stats.frames().received >= 3_000).await;
        let before = session.snapshots_heard.load(Ordering::Acquire);
        session.until("another book", |session| session.snapshots_heard.load(Ordering::Acquire) > before).await;
        let outcome = session.stop().await;
        outcome.check();
        assert_eq!(outcome.frames.conflated, 0, "where raw frames are kept, no quote gives way");

        let frames = raw_frames(&outcome.heard);
        let mut bests = Bests::new();
        frames.iter().for_each(|(_, bytes)| note(bytes, &mut bests));
        let compared = compare(&outcome.heard, &bests);
        // A dropped quote leaves an older one in its place, so that a few books find no equal.
        assert!(compared.books > 20 && compared.equal * 20 >= compared.books * 19, "{compared:?}");

        let venue = gateway_config(kind).venue;
        let (mut decoder, mut again) = (Decoder::new(venue, [("BTCUSDT", BTC)]), Made::new());
        frames.iter().for_each(|(channel, bytes)| decoder.reparse(*channel, bytes, &mut again));
        let told = outcome.heard.into_iter().filter_map(|inbound| match inbound.event {
            Event::Market(MarketEvent::Instrument(_)) => None,
            Event::Market(_) => Some((inbound.venue_time, inbound.event)),
            _ => None,
        });
        assert!(told.eq(again), "the frames of the journal make the same events again");
        assert_eq!(*decoder.counts(), outcome.frames);
    }
}

/// Both real tapes at full speed through emulator, sockets and gateway: their beginnings, and all of them with `JANGBU_SLOW=1`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_tapes_are_accounted_for_and_their_books_equal_their_quotes() {
    for (kind, name) in
        [(MarketKind::Spot, "binance-spot-btcusdt-20240808.tape.gz"), (MarketKind::UsdM, "binance-usdm-btcusdt-20240808.tape.gz")]
    {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
        if !path.exists() {
            eprintln!("SKIPPED: {} is not there; the real tape was not played", path.display());
            continue;
        }
        let lines_max = if std::env::var_os("JANGBU_SLOW").is_some() { usize::MAX } else { 8_000 };
        let dir = tempfile::tempdir().expect("a temporary directory");
        let played = dir.path().join("beginning.tape.gz");
        let mut writer = TapeWriter::create(&played).expect("created");
        let (mut bests, mut on_tape) = (Bests::new(), 0);
        for frame in TapeReader::open(&path).expect("it opens").take(lines_max) {
            let frame = frame.expect("a good line");
            writer.write(frame.recv_ns, &frame.text).expect("written");
            on_tape += u64::from(!frame.text.starts_with("{\"lastUpdateId\""));
            note(frame.text.as_bytes(), &mut bests);
        }
        writer.finish().expect("finished");
        let begun = Instant::now();
        let session = Session::start(emulate(kind, &played), Taking::AtOnce, |_| {}).await;
        session.ended().await;
        let took = begun.elapsed();
        let outcome = session.stop().await;
        let heard = outcome.check();
        let (frames, compared) = (outcome.frames, compare(&outcome.heard, &bests));
        eprintln!("{name}: {frames} in {took:?}; best bid and ask as in bookTicker in {} of {}", compared.equal, compared.books);
        assert_eq!((outcome.emulator.frames_sent, frames.received), (on_tape, on_tape), "{frames}");
        // `stop` saw that the classes add up; here nothing may have gone wrong, and nothing is left waiting.
        assert_eq!((frames.malformed, frames.control, frames.buffered, outcome.gateway.gaps()), (0, 0, 0, 0), "{frames}");
        assert_eq!((heard.snapshots, heard.lost, heard.left_out), (1, 0, frames.conflated), "{frames}");
        assert_eq!(heard.trades + heard.quotes + heard.deltas, frames.journaled + frames.buffered_then_journaled, "{frames}");
        assert!(compared.books > 300 && compared.equal * 100 >= compared.books * 99, "{compared:?}");
    }
}
