//! One WebSocket connection: takes its requests, writes its frames in the format it asked for, and has its faults.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::SinkExt;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::core::{Client, Frame, Outgoing, QUEUE_FRAMES, Shared};
use super::limits::{Charged, Limits};
use super::text::cut_book;
use crate::venue::faults::Fault;
use crate::venue::upbit::wire::rest::Group;
use crate::venue::upbit::wire::spelling::respelled;
use crate::venue::upbit::wire::subscription::{self, Format, Request, Wanted};

/// How long a client may take to read a frame, and to answer a close.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Serves a connection until it ends.
pub(super) async fn serve(socket: WebSocket, shared: Arc<Shared>, private: bool) {
    let (queue, frames) = mpsc::channel(QUEUE_FRAMES);
    let id = {
        let mut core = shared.lock();
        core.connections_made += 1;
        let id = core.connections_made;
        core.clients.push(Client { id, queue, wanted: Vec::new() });
        id
    };
    shared.open.send_modify(|open| *open += 1);
    let cuts = shared.cuts.subscribe();
    let mut session = Session {
        socket,
        id,
        private,
        cuts,
        format: Format::Default,
        heard: Instant::now(),
        limits: Limits::default(),
        held: None,
        shared: Arc::clone(&shared),
    };
    let end = session.run(frames).await;
    shared.lock().clients.retain(|client| client.id != id);
    session.close(end).await;
    shared.open.send_modify(|open| *open = open.saturating_sub(1));
}

/// Waits for the emulator to stop, or to be dropped.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // The guard in the answer must not live on in the caller's `select!`.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The client left, or does not read.
    Gone,
    /// A fault: without a word.
    Cut,
    /// The tape is over.
    Done,
    /// The emulator stops.
    Stopped,
    /// Too many messages, or none for too long.
    Policy(&'static str),
}

struct Session {
    socket: WebSocket,
    id: u64,
    private: bool,
    cuts: watch::Receiver<u64>,
    format: Format,
    heard: Instant,
    limits: Limits,
    /// A frame that is to come after the next one.
    held: Option<Bytes>,
    shared: Arc<Shared>,
}

impl Session {
    async fn run(&mut self, mut frames: mpsc::Receiver<Outgoing>) -> End {
        let mut stop = self.shared.stop.clone();
        loop {
            let idle = self.heard + self.shared.config.idle;
            let step = tokio::select! {
                biased;
                () = stopped(&mut stop) => Err(End::Stopped),
                _ = self.cuts.changed() => Err(End::Cut),
                () = sleep_until(idle) => Err(End::Policy("idle timeout")),
                message = self.socket.recv() => match message {
                    Some(Ok(message)) => self.on_message(message).await,
                    Some(Err(_)) | None => Err(End::Gone),
                },
                outgoing = frames.recv() => match outgoing {
                    Some(outgoing) => match timeout(PATIENCE, self.on_outgoing(outgoing)).await {
                        Ok(done) => done,
                        Err(_) => Err(End::Gone),
                    },
                    None => Err(End::Gone),
                },
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn on_message(&mut self, message: Message) -> Result<(), End> {
        self.heard = Instant::now();
        let text = match message {
            Message::Text(text) => text.to_string(),
            Message::Binary(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            // The protocol layer has queued the pong; the flush sends it.
            Message::Ping(_) => return self.socket.flush().await.map_err(|_| End::Gone),
            Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(End::Gone),
        };
        if self.shared.config.limits {
            let now_ms = self.shared.now_ms();
            if !matches!(self.limits.charge(Group::WebsocketMessage, now_ms), Charged::Within(_)) {
                return Err(End::Policy("too many messages"));
            }
        }
        if text == "PING" {
            return self.write(r#"{"status":"UP"}"#.into()).await;
        }
        match Request::parse(&text) {
            Ok(Request::Subscribe { wanted, format, .. }) => self.subscribe(wanted, format).await,
            Ok(Request::List { ticket }) => self.list(&ticket).await,
            Err(fault) => self.refuse(fault).await,
        }
    }

    async fn refuse(&mut self, fault: subscription::Fault) -> Result<(), End> {
        self.write(format!(r#"{{"error":{{"name":"{fault}","message":"the request was not accepted"}}}}"#).into()).await
    }

    async fn subscribe(&mut self, wanted: Vec<Wanted>, format: Format) -> Result<(), End> {
        let is_private = |wanted: &Wanted| matches!(wanted.kind.as_str(), "myOrder" | "myAsset");
        if wanted.iter().any(|wanted| is_private(wanted) && !self.private) {
            return self.refuse(subscription::Fault::InvalidAuth).await;
        }
        self.format = format;
        let standing: Vec<Arc<Frame>> = {
            let mut core = self.shared.lock();
            let Some(client) = core.clients.iter_mut().find(|client| client.id == self.id) else { return Err(End::Gone) };
            client.wanted = wanted;
            let client = &*client;
            let (wanted, queue) = (client.wanted.clone(), client.queue.clone());
            let probe = Client { id: 0, queue, wanted };
            let stands = |frame: &&Arc<Frame>| probe.wants(frame.kind, frame.code).is_some_and(|wanted| !wanted.only_realtime);
            core.standing.values().filter(stands).cloned().collect()
        };
        for frame in standing {
            self.on_outgoing(Outgoing::Snapshot(frame)).await?;
        }
        self.shared.subscribed.send_modify(|count| *count += 1);
        Ok(())
    }

    async fn list(&mut self, ticket: &str) -> Result<(), End> {
        let (simple, wanted) = {
            let core = self.shared.lock();
            let wanted = core.clients.iter().find(|client| client.id == self.id).map(|client| client.wanted.clone());
            (self.format.is_simple(), wanted.unwrap_or_default())
        };
        let names = if simple { ["mthd", "rslt", "tckt", "ty", "cds"] } else { ["method", "result", "ticket", "type", "codes"] };
        let [method, result, named, kind, codes] = names;
        let rows: Vec<String> = wanted
            .iter()
            .map(|row| format!(r#"{{"{kind}":"{}","{codes}":{}}}"#, row.kind, serde_json::json!(row.codes)))
            .collect();
        let ticket = serde_json::json!(ticket);
        let text = format!(r#"{{"{method}":"LIST_SUBSCRIPTIONS","{result}":[{}],"{named}":{ticket}}}"#, rows.join(","));
        self.write(text.into()).await
    }

    async fn on_outgoing(&mut self, outgoing: Outgoing) -> Result<(), End> {
        match outgoing {
            Outgoing::Frame(frame) => {
                let text = self.formatted(&frame, false);
                self.with_faults(text.into()).await
            }
            Outgoing::Snapshot(frame) => {
                let text = self.formatted(&frame, true);
                self.write(text.into()).await
            }
            Outgoing::Barrier(written) => {
                if let Some(held) = self.held.take() {
                    self.write(held).await?;
                }
                let _ = written.try_send(());
                Ok(())
            }
            Outgoing::Close => Err(End::Done),
        }
    }

    /// The text of a frame as this client asked for it.
    fn formatted(&self, frame: &Frame, snapshot: bool) -> String {
        let mut text = frame.text.clone();
        if frame.kind == "orderbook" {
            let core = self.shared.lock();
            let client = core.clients.iter().find(|client| client.id == self.id);
            let wanted = client.and_then(|client| client.wants(frame.kind, frame.code));
            let codes = wanted.into_iter().flat_map(|wanted| &wanted.codes);
            let mut depths = codes.filter_map(|code| subscription::book_code(code)).filter(|(code, _)| Some(*code) == frame.code);
            if let Some((_, rows)) = depths.next() {
                text = cut_book(&text, rows);
            }
        }
        if snapshot {
            text = text.replace(":\"REALTIME\"", ":\"SNAPSHOT\"");
        }
        if self.format.is_simple() != frame.simple {
            text = respelled(frame.kind, &text, self.format.is_simple());
        }
        if self.format.is_list() { format!("[{text}]") } else { text }
    }

    async fn with_faults(&mut self, bytes: Bytes) -> Result<(), End> {
        let (delay, drop, garbage, duplicate, reorder, cut) = {
            let mut core = self.shared.lock();
            let faults = &mut core.faults;
            let delay = faults.strikes(Fault::Delay).then(|| faults.delay());
            let garbage = faults.strikes(Fault::Garbage).then(|| faults.garbage());
            let drop = faults.strikes(Fault::Drop);
            let (duplicate, reorder) = (faults.strikes(Fault::Duplicate), faults.strikes(Fault::Reorder));
            (delay, drop, garbage, duplicate, reorder, faults.strikes(Fault::Disconnect))
        };
        if let Some(delay) = delay {
            sleep(delay).await;
        }
        if let Some(garbage) = garbage {
            self.write(garbage.into()).await?;
        }
        if reorder && !drop && self.held.is_none() {
            self.held = Some(bytes);
            return Ok(());
        }
        if !drop {
            if duplicate {
                self.write(bytes.clone()).await?;
            }
            self.write(bytes).await?;
        }
        if let Some(held) = self.held.take() {
            self.write(held).await?;
        }
        if cut { Err(End::Cut) } else { Ok(()) }
    }

    /// The venue sends binary frames that hold text.
    async fn write(&mut self, bytes: Bytes) -> Result<(), End> {
        self.socket.send(Message::Binary(bytes)).await.map_err(|_| End::Gone)?;
        self.shared.frames_sent.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Says good-bye if that is due; the client gets a moment to answer.
    async fn close(&mut self, end: End) {
        let (code, reason) = match end {
            End::Gone | End::Cut => return,
            End::Done => (1000, ""),
            End::Stopped => (1001, ""),
            End::Policy(reason) => (1008, reason),
        };
        let farewell = async {
            self.socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await?;
            while let Some(Ok(_)) = self.socket.recv().await {}
            Ok::<(), axum::Error>(())
        };
        let _ = timeout(std::time::Duration::from_millis(500), farewell).await;
    }
}
