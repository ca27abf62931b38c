//! The socket's file: made, guarded, removed; and the client's end, [`ask`].

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jangbu_journal::JournalError;
use jangbu_journal::lock::Lock;

use super::{ControlError, Reply, Request, socket_path};

/// Bytes of a socket's path that every system takes: `sun_path` has 108 in Linux and 104 in macOS, with a 0 at the end.
const PATH_BYTES_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
/// How long a client waits for its answer: longer than the server waits for the kernel.
const PATIENCE: Duration = Duration::from_secs(20);
/// An answer is shorter: the list of changed settings is the longest.
const REPLY_BYTES_MAX: u64 = 16 << 20;

fn checked(journal: &Path) -> Result<PathBuf, ControlError> {
    let path = socket_path(journal);
    let bytes = path.as_os_str().len();
    if bytes > PATH_BYTES_MAX { Err(ControlError::TooLong { path, bytes, max: PATH_BYTES_MAX }) } else { Ok(path) }
}

/// The socket's file. Removed when dropped, if it is still this one.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    inode: u64,
    /// Who made it.
    pub(super) owner: u32,
}

impl SocketFile {
    /// Listens in the folder of a journal whose lock is held: a socket that is there already is a dead session's.
    ///
    /// # Errors
    /// When the path is too long, something that is no socket is there, or the system refuses.
    pub(super) fn bind(journal: &Path) -> Result<(SocketFile, UnixListener), ControlError> {
        let path = checked(journal)?;
        let failed = |what| {
            let path = path.clone();
            move |error| ControlError::System { path, what, error }
        };
        // Of the name itself: a link is not followed, neither away from here nor to what it points at.
        match fs::symlink_metadata(&path) {
            Ok(found) if found.file_type().is_socket() => {
                fs::remove_file(&path).map_err(failed("removing a dead session's socket"))?
            }
            Ok(_) => return Err(ControlError::InTheWay { path }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("looking")(error)),
        }
        let listener = UnixListener::bind(&path).map_err(failed("making the control socket"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(failed("making the control socket its owner's"))?;
        listener.set_nonblocking(true).map_err(failed("making the control socket"))?;
        let made = fs::symlink_metadata(&path).map_err(failed("looking"))?;
        Ok((SocketFile { path: path.clone(), inode: made.ino(), owner: made.uid() }, listener))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Says something to the session that runs with the journal in this folder, and waits for its answer.
///
/// # Errors
/// When none runs, or it does not answer.
pub fn ask(journal: &Path, request: &Request) -> Result<Reply, ControlError> {
    let stream = connect(journal)?;
    let no_answer = |reason: String| ControlError::NoAnswer { dir: journal.to_owned(), reason };
    exchange(stream, request).map_err(no_answer)
}

fn connect(journal: &Path) -> Result<UnixStream, ControlError> {
    use std::io::ErrorKind::{ConnectionRefused, NotFound};
    let path = checked(journal)?;
    UnixStream::connect(&path).map_err(|error| match error.kind() {
        NotFound | ConnectionRefused => nobody(journal),
        _ => ControlError::System { path, what: "connecting to the session", error },
    })
}

/// Nobody listens: because no session runs, or because it cannot.
fn nobody(journal: &Path) -> ControlError {
    let held = || -> Result<Option<String>, JournalError> {
        Ok(if Lock::is_held(journal)? { Some(Lock::words(journal)?) } else { None })
    };
    let dir = journal.to_owned();
    match held() {
        Ok(Some(holder)) => ControlError::NotListening { dir, holder },
        Ok(None) | Err(_) => ControlError::NoSession { dir },
    }
}

fn exchange(mut stream: UnixStream, request: &Request) -> Result<Reply, String> {
    let words = |error: std::io::Error| error.to_string();
    stream.set_read_timeout(Some(PATIENCE)).map_err(words)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(words)?;
    let mut line = serde_json::to_string(request).map_err(|error| error.to_string())?;
    line.push('\n');
    stream.write_all(line.as_bytes()).map_err(words)?;
    let mut answer = String::new();
    BufReader::new(stream.take(REPLY_BYTES_MAX)).read_line(&mut answer).map_err(words)?;
    if answer.is_empty() {
        return Err("it closed the connection: it is ending, or too many speak to it at once".into());
    }
    serde_json::from_str(&answer).map_err(|error| format!("its answer cannot be read: {error}"))
}
