//! Plays a tape to the clients, or lets the made-up market trade.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::config::{Source, Speed};
use super::core::{Frame, Outgoing, Shared};
use crate::data::tape::{TapeError, TapeReader};
use crate::venue::upbit::wire::frame::messages;
use crate::venue::upbit::wire::{Levels, Message};

/// How often the made-up market is looked at.
const STEP: Duration = Duration::from_millis(10);
/// At full speed others run at least this often.
const FRAMES_PER_YIELD: u64 = 256;

/// Plays to the end, and then says so.
pub(super) async fn play(shared: Arc<Shared>) {
    match shared.config.source.clone() {
        Source::Tape(path) => {
            let _ = shared.subscribed.subscribe().wait_for(|count| *count > 0).await;
            if let Err(error) = play_tape(&shared, &path).await {
                shared.lock().failure = Some(error.to_string());
            }
            drain(&shared).await;
            shared.finished.send_replace(true);
        }
        Source::Synthetic { .. } => {
            let mut steps = interval(STEP);
            steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                steps.tick().await;
                let (now, now_ms) = (shared.now(), shared.now_ms());
                let mut core = shared.lock();
                core.exchange.step(now);
                core.publish_facts(now_ms);
            }
        }
    }
}

async fn play_tape(shared: &Shared, path: &Path) -> Result<(), TapeError> {
    let mut begun: Option<(Instant, i64)> = None;
    let mut played = 0_u64;
    for frame in TapeReader::open(path)? {
        let frame = frame?;
        if let Speed::Times(times) = shared.config.speed {
            let (origin, first) = *begun.get_or_insert_with(|| (Instant::now(), frame.recv_ns));
            let passed = frame.recv_ns.saturating_sub(first).max(0) as f64 / 1e9 / times;
            if let Some(due) = Duration::try_from_secs_f64(passed).ok().and_then(|passed| origin.checked_add(passed)) {
                sleep_until(due).await;
            }
        }
        let outgoing = framed(shared, frame.text);
        let clients: Vec<mpsc::Sender<Outgoing>> = {
            let mut core = shared.lock();
            core.frames_played += 1;
            if let Some(code) = outgoing.code {
                core.standing.insert((outgoing.kind, code), Arc::clone(&outgoing));
            }
            let wants = |client: &&super::core::Client| {
                client.wants(outgoing.kind, outgoing.code).is_some_and(|wanted| !wanted.only_snapshot)
            };
            core.clients.iter().filter(wants).map(|client| client.queue.clone()).collect()
        };
        for client in clients {
            // A closed queue is a connection that has just ended.
            let _ = client.send(Outgoing::Frame(Arc::clone(&outgoing))).await;
        }
        played += 1;
        if played.is_multiple_of(FRAMES_PER_YIELD) {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

/// A line of a tape as a frame; what cannot be read goes to nobody.
fn framed(shared: &Shared, text: String) -> Arc<Frame> {
    let mut levels = Levels::default();
    let message = messages(text.as_bytes()).ok().and_then(|mut messages| Message::parse(messages.next()?, &mut levels).ok());
    let (kind, code, last) = match message {
        Some(Message::Trade(trade)) => ("trade", Some(trade.code), Some(trade.price)),
        Some(Message::Ticker(ticker)) => ("ticker", Some(ticker.code), Some(ticker.last)),
        Some(Message::Book(head)) => ("orderbook", Some(head.code), None),
        _ => ("", None, None),
    };
    if let (Some(code), Some(last)) = (code, last)
        && let Some(market) = shared.lock().markets.get_mut(&code)
    {
        market.last = last;
    }
    let simple = text.contains("\"ty\":");
    Arc::new(Frame { kind, code, text, simple })
}

/// Waits until every client has written all it was given; closes them if they are to be closed.
async fn drain(shared: &Shared) {
    let clients: Vec<_> = shared.lock().clients.iter().map(|client| client.queue.clone()).collect();
    for client in clients {
        let (written, mut barrier) = mpsc::channel(1);
        if client.send(Outgoing::Barrier(written)).await.is_ok() {
            // Ends without a word when the connection did.
            let _ = barrier.recv().await;
        }
        if shared.config.close_when_done {
            let _ = client.send(Outgoing::Close).await;
        }
    }
}
