//! Listens: [`Control`]. A thread of its own, a few clients at a time, a line each way.

use std::collections::VecDeque;
use std::os::unix::net::UnixListener as StdListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::{self, AbortHandle};
use tokio::time::{sleep, timeout};

use super::desk::Desk;
use super::socket::SocketFile;
use super::{ControlError, REQUEST_BYTES_MAX, Reply};

/// Clients at a time. The oldest that waits for nothing makes room for a new one: nobody keeps an operator out by holding connections, or
/// by not reading answers.
const CLIENTS_MAX: usize = 16;
/// How long a request may take to arrive, and a client may say nothing.
const IDLE: Duration = Duration::from_secs(30);
/// How long a client may take to read its answer.
const READING: Duration = Duration::from_secs(5);
/// The pause after the system had no connection to give.
const PAUSE: Duration = Duration::from_millis(50);

/// Listens to an operator until it is dropped; then the socket is gone.
#[derive(Debug)]
pub struct Control {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
    _file: SocketFile,
}

impl Control {
    /// Listens in the folder of a journal that this process writes.
    ///
    /// # Errors
    /// When there can be no socket.
    pub fn start(journal: &Path, desk: Desk) -> Result<Control, ControlError> {
        let (file, listener) = SocketFile::bind(journal)?;
        let (stop, stopped) = watch::channel(false);
        let failed = |what| {
            let path = super::socket_path(journal);
            move |error| ControlError::System { path, what, error }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(failed("a thread for the control socket"))?;
        let owner = file.owner;
        let run = move || runtime.block_on(serve(listener, owner, Arc::new(desk), stopped));
        let thread =
            thread::Builder::new().name("control".into()).spawn(run).map_err(failed("a thread for the control socket"))?;
        Ok(Control { stop, thread: Some(thread), _file: file })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // Its own panic harms nobody: the session has ended.
            let _ = thread.join();
        }
    }
}

/// A client, and whether it waits for the kernel.
struct Client {
    task: AbortHandle,
    busy: Arc<AtomicBool>,
}

async fn serve(listener: StdListener, owner: u32, desk: Arc<Desk>, mut stop: watch::Receiver<bool>) {
    // Without it nobody is heard; the session goes on.
    let Ok(listener) = UnixListener::from_std(listener) else { return };
    let mut clients: VecDeque<Client> = VecDeque::new();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stop.changed() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        // The folder and the socket keep others out; this looks who came all the same.
        if !stream.peer_cred().is_ok_and(|peer| peer.uid() == owner || peer.uid() == 0) {
            continue;
        }
        clients.retain(|client| !client.task.is_finished());
        if clients.len() >= CLIENTS_MAX {
            let idle = clients.iter().position(|client| !client.busy.load(Ordering::Acquire));
            if let Some(client) = clients.remove(idle.unwrap_or(0)) {
                client.task.abort();
            }
        }
        let busy = Arc::new(AtomicBool::new(false));
        let task = task::spawn(talk(stream, Arc::clone(&desk), Arc::clone(&busy))).abort_handle();
        clients.push_back(Client { task, busy });
        // What it has said already is read before the next one can push it out.
        task::yield_now().await;
    }
}

/// Answers one client, request by request, until it goes or makes no sense.
async fn talk(stream: UnixStream, desk: Arc<Desk>, busy: Arc<AtomicBool>) {
    let (read, mut write) = stream.into_split();
    let mut reader = BufReader::new(read);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut bounded = (&mut reader).take(REQUEST_BYTES_MAX as u64 + 1);
        let Ok(Ok(_)) = timeout(IDLE, bounded.read_until(b'\n', &mut line)).await else { return };
        if line.is_empty() {
            return;
        }
        let whole = line.last() == Some(&b'\n');
        busy.store(true, Ordering::Release);
        let reply = if whole {
            desk.answer(&line).await
        } else {
            let (bytes, max) = (line.len(), REQUEST_BYTES_MAX);
            Reply::refused(format!(
                "a request is one line of at most {max} bytes; {bytes} came without an end · 요청은 한 줄, {max}바이트까지입니다"
            ))
        };
        busy.store(false, Ordering::Release);
        let Ok(mut text) = serde_json::to_string(&reply) else { return };
        text.push('\n');
        let sent = timeout(READING, write.write_all(text.as_bytes())).await;
        if !matches!(sent, Ok(Ok(()))) || !whole {
            return;
        }
    }
}
