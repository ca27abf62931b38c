//! The volume another process writes, read through that process: [`RemoteStore`].

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::wire::{self, ReplyHead, Request, Status};
use super::{connect, socket_path};
use crate::error::JournalError;
use crate::store::{Changes, Durability, Key, Store, Table};

/// A volume that another process is writing. Read-only.
#[derive(Debug)]
pub(crate) struct RemoteStore {
    dir: PathBuf,
    volume: u32,
    /// `None` after the connection failed; made anew for the next request.
    stream: Mutex<Option<UnixStream>>,
}

impl RemoteStore {
    /// Connects to the process that has the journal in `dir`, to read `volume`.
    ///
    /// # Errors
    /// When no process answers, or with [`JournalError::NotActive`] when it is writing another volume.
    pub(crate) fn connect(dir: &Path, volume: u32) -> Result<Self, JournalError> {
        let store = RemoteStore { dir: dir.to_owned(), volume, stream: Mutex::new(None) };
        let active = store.ask(Request::Active)?.0.active;
        if active != volume {
            return Err(JournalError::NotActive { volume, active });
        }
        Ok(store)
    }

    fn silent(&self, reason: impl Into<String>) -> JournalError {
        JournalError::HolderSilent { dir: self.dir.clone(), reason: reason.into() }
    }

    /// One request and its reply. A connection that was let go while idle is made anew, once.
    fn ask(&self, request: Request) -> Result<(ReplyHead, Vec<u8>), JournalError> {
        let mut held = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stream) = held.take()
            && let Ok(reply) = exchange(&stream, request)
            && reply.0.status != Status::Busy
        {
            *held = Some(stream);
            return self.checked(reply);
        }
        let path = socket_path(&self.dir);
        let stream = connect(&path).map_err(|error| self.silent(error.to_string()))?;
        let reply = exchange(&stream, request).map_err(|error| self.silent(error.to_string()))?;
        *held = Some(stream);
        self.checked(reply)
    }

    fn checked(&self, (head, body): (ReplyHead, Vec<u8>)) -> Result<(ReplyHead, Vec<u8>), JournalError> {
        match head.status {
            Status::Ok => Ok((head, body)),
            Status::NotActive => Err(JournalError::NotActive { volume: self.volume, active: head.active }),
            Status::Busy => Err(self.silent("it serves as many readers as it may; stop one")),
            Status::BadRequest => Err(self.silent("it does not understand us; it may be another version")),
            Status::Failed => Err(self.silent(String::from_utf8_lossy(&body))),
        }
    }

    fn read_only(&self, doing: &'static str) -> JournalError {
        let reason = "another process writes it; here it can only be read".to_owned();
        JournalError::Store { volume: self.volume, doing, reason }
    }
}

fn exchange(stream: &UnixStream, request: Request) -> std::io::Result<(ReplyHead, Vec<u8>)> {
    let gone = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let strange = || std::io::Error::new(std::io::ErrorKind::InvalidData, "its answer is none of ours");
    // A server that refuses us as one too many closes without reading: its word comes before our failure to send.
    let sent = wire::send(stream, &request.to_bytes());
    let mut head = [0; wire::REPLY_BYTES];
    match wire::receive(stream, &mut head, wire::MESSAGE_TIME_MAX) {
        Ok(true) => {}
        Ok(false) => return Err(sent.err().unwrap_or_else(gone)),
        Err(error) => return Err(error),
    }
    let head = ReplyHead::from_bytes(&head).ok_or_else(strange)?;
    let mut body = vec![0; head.body_bytes as usize];
    if !wire::receive(stream, &mut body, wire::MESSAGE_TIME_MAX)? {
        return Err(gone());
    }
    Ok((head, body))
}

impl Store for RemoteStore {
    fn write(&self, _: &Changes) -> Result<(), JournalError> {
        Err(self.read_only("writing"))
    }

    fn flush(&self, _: Durability) -> Result<(), JournalError> {
        Err(self.read_only("flushing"))
    }

    fn read(&self, table: Table, from: Key, bytes_max: usize, out: &mut Vec<(Key, Vec<u8>)>) -> Result<(), JournalError> {
        let bytes_max = u32::try_from(bytes_max).unwrap_or(u32::MAX).min(wire::BYTES_MAX);
        let request = Request::Read { volume: self.volume, table, from, bytes_max };
        let (head, body) = self.ask(request)?;
        let before = out.len();
        let taken = wire::take_items(&body, head.items, out);
        let rising = out.get(before).is_none_or(|(key, _)| *key >= from);
        if taken.is_none() || !rising {
            out.truncate(before);
            return Err(self.silent("its answer is not what was asked for"));
        }
        Ok(())
    }
}
