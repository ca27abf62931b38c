//! Lets other processes read the volume that is being written, through the process that writes it: sled locks it to one process.
//!
//! [`Share`] serves reads at `journal.sock` in the journal's folder, to this user only. [`RemoteStore`] is the other end.

mod remote;
mod wire;

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, Permissions};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crate::error::JournalError;
use crate::flusher::Active;
use crate::store::Store;
use wire::{ReplyHead, Request, Status};

pub(crate) use remote::RemoteStore;
#[cfg(feature = "fuzzing")]
pub use wire::fuzz;

/// Clients served at once. A reader, a console, a verifier, and some to spare.
const CLIENTS_MAX: usize = 16;
/// A client that asks nothing for so long is let go; it connects again when it needs to.
const IDLE_TIME_MAX: Duration = Duration::from_secs(60);
/// `sun_path` holds 108 bytes on Linux and 104 on macOS, with a zero at the end.
const SOCKET_PATH_BYTES_MAX: usize = 100;

/// Path of the socket in a journal.
fn socket_path(dir: &Path) -> PathBuf {
    dir.join("journal.sock")
}

/// A name for `path` short enough for a socket's address: through the open folder when it is itself too long.
/// The file must live as long as the name is used.
fn short_name(path: &Path) -> std::io::Result<(PathBuf, Option<File>)> {
    if path.as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
        return Ok((path.to_owned(), None));
    }
    let folder = File::open(path.parent().unwrap_or(Path::new(".")))?;
    let name = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(path.file_name().unwrap_or_default());
    Ok((name, Some(folder)))
}

fn connect(path: &Path) -> std::io::Result<UnixStream> {
    let (name, _folder) = short_name(path)?;
    UnixStream::connect(name)
}

/// Binds aside, in a folder only we can enter, and moves the socket into place: nobody else can connect before its permissions
/// are set, and a socket left by a killed process is replaced.
fn bind(path: &Path) -> std::io::Result<UnixListener> {
    let aside = path.with_extension("sock.new");
    if aside.exists() {
        fs::remove_dir_all(&aside)?;
    }
    DirBuilder::new().mode(0o700).create(&aside)?;
    let inner = aside.join("s");
    let (name, _folder) = short_name(&inner)?;
    let listener = UnixListener::bind(name)?;
    fs::set_permissions(&inner, Permissions::from_mode(0o600))?;
    fs::rename(&inner, path)?;
    fs::remove_dir(&aside)?;
    Ok(listener)
}

/// Serves reads until it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    path: PathBuf,
    /// The listening socket again, as a stream: that can be shut down, which wakes the thread that accepts.
    listening: UnixStream,
    room: Arc<Room>,
    accepting: Option<JoinHandle<()>>,
}

/// What the serving threads share.
#[derive(Debug)]
struct Room {
    active: Active,
    stopping: AtomicBool,
    clients: Mutex<BTreeMap<u64, Client>>,
}

#[derive(Debug)]
struct Client {
    stream: UnixStream,
    thread: JoinHandle<()>,
}

impl Share {
    /// Begins to serve the volume being written.
    ///
    /// # Errors
    /// When there can be no socket in `dir`.
    pub(crate) fn start(dir: &Path, active: Active) -> Result<Self, JournalError> {
        let path = socket_path(dir);
        let failed = |error: std::io::Error| JournalError::io("making the socket", &path, &error);
        let listener = bind(&path).map_err(failed)?;
        let listening = UnixStream::from(OwnedFd::from(listener.try_clone().map_err(failed)?));
        let room = Arc::new(Room { active, stopping: AtomicBool::new(false), clients: Mutex::default() });
        let shared = room.clone();
        #[allow(clippy::disallowed_methods, reason = "readers in other processes are served beside the writer")]
        let accepting = Builder::new().name("jangbu-share".into()).spawn(move || accept(&listener, &shared)).map_err(failed)?;
        Ok(Share { path, listening, room, accepting: Some(accepting) })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.stopping.store(true, Ordering::Release);
        let _ = self.listening.shutdown(std::net::Shutdown::Both);
        // Where shutting down does not wake `accept`, a connection does.
        let _ = connect(&self.path);
        let _ = fs::remove_file(&self.path);
        if let Some(thread) = self.accepting.take() {
            let _ = thread.join();
        }
        let clients = std::mem::take(&mut *self.room.clients());
        for client in clients.values() {
            let _ = client.stream.shutdown(std::net::Shutdown::Both);
        }
        for client in clients.into_values() {
            let _ = client.thread.join();
        }
    }
}

impl Room {
    fn clients(&self) -> MutexGuard<'_, BTreeMap<u64, Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn accept(listener: &UnixListener, room: &Arc<Room>) {
    let mut number = 0;
    while !room.stopping.load(Ordering::Acquire) {
        let Ok((stream, _)) = listener.accept() else {
            // Out of file descriptors, or shut down. Neither is a reason to spin.
            #[allow(clippy::disallowed_methods, reason = "the system needs real time to recover")]
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        let mut clients = room.clients();
        if clients.len() >= CLIENTS_MAX {
            drop(clients);
            let _ = stream.set_nonblocking(true);
            let _ = refuse(&stream, room, Status::Busy);
            continue;
        }
        let Ok(twin) = stream.try_clone() else { continue };
        number += 1;
        let shared = room.clone();
        // The lock is held: the thread removes itself only after it has been entered.
        #[allow(clippy::disallowed_methods, reason = "a slow client must not hold up the others")]
        let thread = Builder::new().name("jangbu-share".into()).spawn(move || {
            let _ = serve(&stream, &shared);
            shared.clients().remove(&number);
        });
        if let Ok(thread) = thread {
            clients.insert(number, Client { stream: twin, thread });
        }
    }
}

/// Answers one client until it goes, is silent for too long, or sends what is no request.
fn serve(stream: &UnixStream, room: &Room) -> std::io::Result<()> {
    let mut request = [0; wire::REQUEST_BYTES];
    let mut items = Vec::new();
    let mut reply = Vec::new();
    while !room.stopping.load(Ordering::Acquire) && wire::receive(stream, &mut request, IDLE_TIME_MAX)? {
        let Some(request) = Request::from_bytes(&request) else { return refuse(stream, room, Status::BadRequest) };
        answer(request, room, &mut items, &mut reply);
        wire::send(stream, &reply)?;
    }
    Ok(())
}

fn refuse(stream: &UnixStream, room: &Room, status: Status) -> std::io::Result<()> {
    let active = active(room).0;
    wire::send(stream, &ReplyHead { status, active, items: 0, body_bytes: 0 }.to_bytes())
}

fn active(room: &Room) -> (u32, Arc<crate::store::sled::SledStore>) {
    room.active.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Puts the reply to `request` into `reply`. Lets go of the volume before anything is sent: a slow client must not keep it open.
fn answer(request: Request, room: &Room, items: &mut Vec<(crate::store::Key, Vec<u8>)>, reply: &mut Vec<u8>) {
    items.clear();
    reply.clear();
    let (active, store) = active(room);
    let mut head = ReplyHead { status: Status::Ok, active, items: 0, body_bytes: 0 };
    reply.extend_from_slice(&head.to_bytes());
    if let Request::Read { volume, table, from, bytes_max } = request {
        if volume != active {
            head.status = Status::NotActive;
        } else if let Err(error) = store.read(table, from, bytes_max as usize, items) {
            head.status = Status::Failed;
            reply.extend_from_slice(error.to_string().as_bytes());
        } else {
            head.items = items.len() as u32;
            wire::put_items(items, reply);
        }
    }
    if reply.len() - wire::REPLY_BYTES > wire::BODY_BYTES_MAX {
        (head.status, head.items) = (Status::Failed, 0);
        reply.truncate(wire::REPLY_BYTES);
        reply.extend_from_slice(b"a value is too large to be sent");
    }
    head.body_bytes = (reply.len() - wire::REPLY_BYTES) as u32;
    reply[..wire::REPLY_BYTES].copy_from_slice(&head.to_bytes());
}

#[cfg(test)]
mod tests;
