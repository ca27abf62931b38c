//! The server over real sockets, with a kernel that is played by the test: what it keeps out, and what hostile clients cannot do.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use jangbu_journal::Seq;

use super::{Control, ControlError, Desk, Reply, Request, Running, ask, socket_path};
use crate::event::Command;
use crate::live::listing::Listing;
use crate::live::operator::{Applied, Said};
use crate::market::testing::instrument;
use crate::market::{InstrumentKind, Venue};

/// Bytes that a hostile client sends without an end of line.
const FLOOD_BYTES: usize = 100 << 20;
const PATIENCE: Duration = Duration::from_secs(30);

fn desk(real: Vec<Venue>) -> (Desk, Receiver<Said>) {
    let (operator, said) = bounded(4);
    let listing = Arc::new(Listing::default());
    listing.on_instrument(&instrument(0, InstrumentKind::Spot));
    let running = Running::default().into();
    let desk = Desk { operator, board: Arc::default(), listing, session: 3, venues: vec![Venue::BinanceSpot], real, running };
    (desk, said)
}

/// A kernel that applies everything and decides nothing, until the desk is gone. Gives what it was told.
fn kernel(said: Receiver<Said>) -> thread::JoinHandle<Vec<Command>> {
    thread::spawn(move || {
        let mut heard = Vec::new();
        for Said { command, answer } in said {
            heard.push(command);
            let _ = answer.send(Applied { seq: Seq::new(heard.len() as u64), effects: Vec::new() });
        }
        heard
    })
}

fn kill() -> Request {
    Request::Kill { reason: "test".into() }
}

fn connect(dir: &Path) -> UnixStream {
    let stream = UnixStream::connect(socket_path(dir)).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

fn line(stream: &UnixStream) -> String {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("an answer");
    line
}

#[test]
fn the_socket_is_its_owners_replaces_a_dead_one_and_is_removed() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = socket_path(dir.path());
    assert!(matches!(ask(dir.path(), &kill()), Err(ControlError::NoSession { .. })));
    // A session that was killed leaves its socket.
    drop(UnixListener::bind(&path).expect("a socket"));
    assert!(matches!(ask(dir.path(), &kill()), Err(ControlError::NoSession { .. })), "nobody listens there");
    let (desk, said) = desk(Vec::new());
    let heard = kernel(said);
    let control = Control::start(dir.path(), desk).expect("it listens");
    let made = fs::symlink_metadata(&path).expect("a socket");
    assert!(made.file_type().is_socket());
    assert_eq!(made.permissions().mode() & 0o777, 0o600);
    let reply = ask(dir.path(), &kill()).expect("an answer");
    assert!(reply.ok && reply.seq == Some(1), "{reply:?}");
    drop(control);
    assert!(!path.exists());
    assert_eq!(heard.join().expect("no panic"), [Command::Kill { reason: "test".into() }]);
}

#[test]
fn what_is_no_socket_stays_and_a_long_path_is_said() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = socket_path(dir.path());
    fs::write(&path, "precious").expect("written");
    let refused = Control::start(dir.path(), desk(Vec::new()).0).expect_err("in the way");
    assert!(matches!(refused, ControlError::InTheWay { .. }), "{refused}");
    assert_eq!(fs::read_to_string(&path).expect("still there"), "precious");
    fs::remove_file(&path).expect("removed");
    // A link is not followed.
    let target = dir.path().join("target");
    drop(UnixListener::bind(&target).expect("a socket"));
    symlink(&target, &path).expect("a link");
    assert!(matches!(Control::start(dir.path(), desk(Vec::new()).0), Err(ControlError::InTheWay { .. })));
    assert!(target.exists());
    let long = dir.path().join("x".repeat(120));
    fs::create_dir(&long).expect("a folder");
    let refused = Control::start(&long, desk(Vec::new()).0).expect_err("too long").to_string();
    assert!(refused.contains("the system allows") && refused.contains("--journal") && refused.contains("조치"), "{refused}");
}

#[test]
fn what_cannot_be_is_answered_and_never_reaches_the_kernel() {
    let dir = tempfile::tempdir().expect("a folder");
    let (desk, said) = desk(vec![Venue::BinanceSpot]);
    let control = Control::start(dir.path(), desk).expect("it listens");
    let cases: [(&str, &str); 14] = [
        ("hello", "not a request"),
        ("\0\u{1}{\"say\":", "not a request"),
        (r#"{"say":"order","side":"Buy","symbol":"BTCUSDX","qty":"1","real":true}"#, "did you mean `BTCUSDT`"),
        (r#"{"say":"order","side":"Buy","symbol":"BTCUSDT","qty":"1"}"#, "--real"),
        (r#"{"say":"order","side":"Buy","symbol":"BTCUSDT","qty":"-1","real":true}"#, "not a quantity"),
        (r#"{"say":"order","side":"Buy","symbol":"BTCUSDT","qty":"1e999","real":true}"#, "not a quantity"),
        (r#"{"say":"order","side":"Buy","symbol":"BTCUSDT","qty":"1","limit":"0","real":true}"#, "not a price"),
        (r#"{"say":"order","side":"Buy","symbol":"BTCUSDT","qty":"1","time_in_force":"day","real":true}"#, "time in force"),
        (r#"{"say":"cancel","order":"17"}"#, "J3-18211-0"),
        (r#"{"say":"amend","order":"J1-2-0","price":"5"}"#, "--real"),
        (r#"{"say":"amend","order":"J1-2-0","real":true}"#, "a new price"),
        (r#"{"say":"set","strategy":"ema-cross","key":"fast","value":"3"}"#, "no strategy"),
        (r#"{"say":"reload","name":"a","text":"[risk]\nx = 1"}"#, "risk.x"),
        (r#"{"say":"reconnect","venue":"kiwoom"}"#, "not connected to kiwoom"),
    ];
    let mut stream = connect(dir.path());
    for (request, words) in cases {
        stream.write_all(format!("{request}\n").as_bytes()).expect("it reads");
        let text = line(&stream);
        let reply: Reply = serde_json::from_str(&text).expect("an answer");
        assert!(!reply.ok && reply.seq.is_none() && reply.text.contains(words), "{request}: {text}");
    }
    assert!(said.try_recv().is_err(), "nothing became a command");
    drop(control);
}

#[test]
fn hostile_clients_keep_nobody_out_and_hold_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let (desk, said) = desk(Vec::new());
    let heard = kernel(said);
    let control = Control::start(dir.path(), desk).expect("it listens");
    // A line that never ends is cut off long before it is whole.
    let mut flood = connect(dir.path());
    let chunk = vec![b'x'; 1 << 16];
    let mut sent = 0;
    while sent < FLOOD_BYTES {
        match flood.write(&chunk) {
            Ok(bytes) => sent += bytes,
            Err(_) => break,
        }
    }
    assert!(sent < 16 << 20, "{sent} bytes were taken");
    // A thousand connections: some that say nothing, some half a line, some that ask and never read.
    let mut others = Vec::new();
    for number in 0..1_000 {
        let Ok(mut stream) = UnixStream::connect(socket_path(dir.path())) else { continue };
        let _ = stream.set_nonblocking(true);
        let _ = match number % 3 {
            0 => Ok(0),
            1 => stream.write(b"{\"say\":"),
            _ => stream.write("{\"say\":\"status\"}\n".repeat(64).as_bytes()),
        };
        others.push(stream);
        if number % 250 == 0 {
            assert!(ask(dir.path(), &Request::Resume).expect("an answer").ok);
        }
    }
    assert!(others.len() > 500);
    let reply = ask(dir.path(), &kill()).expect("an answer in spite of them");
    assert!(reply.ok, "{reply:?}");
    // The oldest were shown out.
    let mut rest = Vec::new();
    others[0].set_nonblocking(false).expect("a socket");
    others[0].set_read_timeout(Some(PATIENCE)).expect("a timeout");
    assert_eq!(others[0].read_to_end(&mut rest).unwrap_or(0), 0);
    drop((others, control));
    let heard = heard.join().expect("no panic");
    assert_eq!(heard.len(), 5, "{heard:?}");
}

#[test]
fn a_kernel_that_ends_is_told_of() {
    let dir = tempfile::tempdir().expect("a folder");
    let (desk, said) = desk(Vec::new());
    let _control = Control::start(dir.path(), desk).expect("it listens");
    // It takes the command, and dies before that is durable.
    let dying = thread::spawn(move || drop(said.recv()));
    let reply = ask(dir.path(), &kill()).expect("an answer");
    assert!(!reply.ok && reply.text.contains("jangbu journal tail"), "{reply:?}");
    dying.join().expect("no panic");
    let reply = ask(dir.path(), &kill()).expect("an answer");
    assert!(!reply.ok && reply.text.contains("ending"), "{reply:?}");
}
