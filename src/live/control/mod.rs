//! An operator speaks to a running session: over a Unix domain socket in the journal's folder.
//!
//! ```text
//!  jangbu tell … ── control.sock, a line of JSON ──► server ──► desk: checked ──► Command ──► the one loop ──► journal
//!                ◄── a line of JSON ───────────────────────────── answer ◄── what the kernel decided, once it is durable
//! ```
//!
//! Whoever may write into the folder may speak: the socket is its owner's alone (0600), and the server looks who is at the other end.
//! A request is checked before it becomes an event; one that cannot be is answered and leaves no trace. The server has a thread of
//! its own: clients that are slow, silent or hostile wait for each other at most, the kernel for none of them.

pub mod request;
#[cfg(unix)]
mod desk;
#[cfg(unix)]
mod server;
mod settings;
#[cfg(unix)]
mod socket;
#[cfg(all(test, unix))]
mod tests;

use std::path::{Path, PathBuf};

pub use request::{Change, Reply, Request, Told};
pub use settings::Running;

/// Why a session cannot be spoken to, or was not.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There are none here.
    #[error(
        "this platform has no Unix domain sockets, so a running session cannot be spoken to; end it and start it with other settings · \
         이 운영체제에서는 도는 세션에 말을 걸 수 없습니다"
    )]
    Unsupported,
    /// The system cannot name it.
    #[error(
        "{path}: the path of the control socket has {bytes} bytes, and the system allows {max}. To do: give the journal a shorter path \
         (--journal), or name it from a folder nearer to it · 장부 경로가 너무 길어 제어 소켓을 만들 수 없습니다. 조치: 더 짧은 경로를 쓰십시오",
        path = path.display()
    )]
    TooLong {
        /// The path.
        path: PathBuf,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        max: usize,
    },
    /// Something else has its name.
    #[error("{path}: is in the way of the control socket and is no socket; move it away · 제어 소켓 자리에 다른 파일이 있습니다", path = path.display())]
    InTheWay {
        /// The path.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("{path}: {what}: {error}", path = path.display())]
    System {
        /// The path.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// The system's words.
        error: std::io::Error,
    },
    /// Nobody listens.
    #[error(
        "no session is running with the journal {dir}: start one with `jangbu live --journal {dir}`, or name another with --journal · \
         이 장부로 도는 세션이 없습니다. 조치: `jangbu live`로 시작하거나 --journal로 다른 장부를 고르십시오",
        dir = dir.display()
    )]
    NoSession {
        /// The journal.
        dir: PathBuf,
    },
    /// A session runs, and cannot be spoken to.
    #[error(
        "the journal {dir} is held by {holder}, which has no control socket: it is no live session, or its lines say why it has none · \
         이 장부를 쓰는 프로그램에 말을 걸 수 없습니다",
        dir = dir.display()
    )]
    NotListening {
        /// The journal.
        dir: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// No answer, or none that is one.
    #[error(
        "the session at {dir} gave no answer ({reason}); whether it did what was asked, `jangbu tell status` and `jangbu journal tail` \
         show · 세션이 답하지 않았습니다. `jangbu tell status`로 확인하십시오",
        dir = dir.display()
    )]
    NoAnswer {
        /// The journal.
        dir: PathBuf,
        /// Why.
        reason: String,
    },
}

/// A request is no longer: a strategy text is the longest.
const REQUEST_BYTES_MAX: usize = 1 << 20;

/// The socket of the journal in this folder.
pub fn socket_path(journal: &Path) -> PathBuf {
    journal.join("control.sock")
}

#[cfg(unix)]
pub use desk::Desk;
#[cfg(unix)]
pub use server::Control;
#[cfg(unix)]
pub use socket::ask;

#[cfg(not(unix))]
mod elsewhere;
#[cfg(not(unix))]
pub use elsewhere::{Control, Desk, ask};
