//! One WebSocket connection: PING and its deadline, LOGIN and its deadline, and the faults of its frames.

use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::engine::Outgoing;
use super::server::{Broker, lock};
use super::stream::Heard;
use crate::venue::faults::Fault;

/// Frames that may wait for a client that does not read.
const QUEUE_MAX: usize = 65_536;
/// PINGs that may go unanswered.
const MISSED_MAX: u32 = 5;
/// A client that takes nothing for so long is gone.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Serves a connection until it ends.
pub(super) async fn serve(mut socket: WebSocket, broker: Arc<Broker>) {
    let (sender, mut queue) = mpsc::channel(QUEUE_MAX);
    let (id, ping_interval, patience) = {
        let mut engine = lock(&broker.engine);
        (engine.connect(sender), engine.config.ping_interval, engine.config.login_patience)
    };
    let mut stop = broker.stop.clone();
    let begun = Instant::now();
    let (mut next_ping, mut missed, mut logged_in) = (begun + ping_interval, 0_u32, false);
    let mut held: Option<String> = None;
    let mut without_a_word = false;
    loop {
        let going_on = tokio::select! {
            biased;
            () = stopped(&mut stop) => false,
            () = sleep_until(begun + patience), if !logged_in => {
                logged_in = lock(&broker.engine).connections.get(&id).is_some_and(|connection| connection.logged_in);
                let words = "접속허용요청(토큰)이 들어오지 않았습니다";
                logged_in || system(&mut socket, "R10004", words).await
            }
            () = sleep_until(next_ping) => {
                next_ping += ping_interval;
                missed += 1;
                if missed > MISSED_MAX {
                    let words = "사용자 프로그램으로부터 Heartbeat(연결유지) 메시지가 오지않아서 접속을 종료합니다";
                    system(&mut socket, "R10002", words).await
                } else {
                    send(&mut socket, json!({ "trnm": "PING" }).to_string()).await
                }
            }
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    let heard = lock(&broker.engine).message(id, &text);
                    if heard == Heard::Pong {
                        missed = 0;
                    }
                    // What was said before the end still goes out.
                    heard != Heard::Close || drain(&mut socket, &mut queue).await
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => false,
                Some(Ok(_)) => true,
            },
            outgoing = queue.recv() => match outgoing {
                Some(Outgoing::Control(text)) => send(&mut socket, text).await,
                Some(Outgoing::Real(text)) => {
                    let whole = real(&mut socket, &broker, text, &mut held).await;
                    without_a_word |= !whole;
                    whole
                }
                Some(Outgoing::End) => false,
                None => {
                    without_a_word = true;
                    false
                }
            },
        };
        if !going_on {
            break;
        }
    }
    lock(&broker.engine).disconnect(id);
    if without_a_word {
        return;
    }
    let close = Message::Close(Some(CloseFrame { code: 1_000, reason: Utf8Bytes::default() }));
    let _ = timeout(std::time::Duration::from_secs(1), socket.send(close)).await;
}

/// Waits until the emulator stops.
async fn stopped(stop: &mut tokio::sync::watch::Receiver<bool>) {
    // An error means that the emulator is gone.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Whether the client took it.
async fn send(socket: &mut WebSocket, text: String) -> bool {
    matches!(timeout(PATIENCE, socket.send(Message::Text(text.into()))).await, Ok(Ok(())))
}

/// Says why the connection ends; it does.
async fn system(socket: &mut WebSocket, code: &str, words: &str) -> bool {
    send(socket, json!({ "trnm": "SYSTEM", "code": code, "message": words }).to_string()).await;
    false
}

/// Sends the answers that wait, and ends.
async fn drain(socket: &mut WebSocket, queue: &mut mpsc::Receiver<Outgoing>) -> bool {
    while let Ok(outgoing) = queue.try_recv() {
        if let Outgoing::Control(text) = outgoing {
            send(socket, text).await;
        }
    }
    false
}

/// Sends a REAL frame, or does to it what the faults say. A frame held back for reordering follows the next one.
async fn real(socket: &mut WebSocket, broker: &Broker, text: String, held: &mut Option<String>) -> bool {
    let (disconnect, garbage, drop_it, delay, twice, late) = {
        let mut engine = lock(&broker.engine);
        let faults = &mut engine.faults;
        let garbage = faults.strikes(Fault::Garbage).then(|| faults.garbage());
        let delay = faults.strikes(Fault::Delay).then(|| faults.delay());
        let (disconnect, drop_it) = (faults.strikes(Fault::Disconnect), faults.strikes(Fault::Drop));
        let late = held.is_none() && faults.strikes(Fault::Reorder);
        (disconnect, garbage, drop_it, delay, faults.strikes(Fault::Duplicate), late)
    };
    if disconnect {
        return false;
    }
    if let Some(delay) = delay {
        sleep(delay).await;
    }
    if let Some(garbage) = garbage
        && !send(socket, garbage).await
    {
        return false;
    }
    if drop_it {
        return true;
    }
    if late {
        *held = Some(text);
        return true;
    }
    let copy = twice.then(|| text.clone());
    for text in [Some(text), copy, held.take()].into_iter().flatten() {
        if !send(socket, text).await {
            return false;
        }
    }
    true
}
