//! Reading through the process that writes, with clients of every kind.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::sync::RwLock;

use proptest::prelude::*;

use super::*;
use crate::stamp::Seq;
use crate::store::sled::SledStore;
use crate::store::{Changes, Durability, Key, Table};

fn key(seq: u64) -> Key {
    Key { block: Seq::new(seq), fragment: 0 }
}

/// A volume with `items` blocks of 1000 bytes, shared in `dir`.
fn shared(dir: &Path, items: u64) -> (Active, Share) {
    let store = SledStore::open(&dir.join("volume"), 7).expect("a fresh volume opens");
    let mut changes = Changes::default();
    changes.put.extend((1..=items).map(|seq| (key(seq), vec![seq as u8; 1000])));
    changes.checkpoints.push((key(3), b"checkpoint".to_vec()));
    store.write(&changes).expect("writes");
    store.flush(Durability::Process).expect("flushes");
    let active = Arc::new(RwLock::new((7, Arc::new(store))));
    let share = Share::start(dir, active.clone()).expect("a socket");
    (active, share)
}

fn read(store: &dyn Store, table: Table, from: u64, bytes_max: usize) -> Vec<(Key, Vec<u8>)> {
    let mut items = Vec::new();
    store.read(table, key(from), bytes_max, &mut items).expect("reads");
    items
}

#[test]
fn a_remote_store_reads_what_the_store_reads() {
    let dir = tempfile::tempdir().expect("a folder");
    let (active, share) = shared(dir.path(), 3000);
    let remote = RemoteStore::connect(dir.path(), 7).expect("connects");
    let local = active.read().expect("no panic").1.clone();
    for (from, bytes_max) in [(0, 0), (1, 1500), (17, 100_000), (1, 1 << 20), (2999, 1 << 20), (3001, 10)] {
        let expected = read(&*local, Table::Blocks, from, bytes_max);
        assert_eq!(read(&remote, Table::Blocks, from, bytes_max), expected, "from {from}, at most {bytes_max} bytes");
    }
    assert_eq!(read(&remote, Table::Blocks, 1, usize::MAX).len(), 1048, "a server answers 1 MiB at most");
    assert_eq!(read(&remote, Table::Checkpoints, 0, 100), vec![(key(3), b"checkpoint".to_vec())]);
    remote.write(&Changes::default()).expect_err("read-only");
    remote.flush(Durability::Power).expect_err("read-only");
    drop(share);
    let mut items = Vec::new();
    let error = remote.read(Table::Blocks, key(1), 10, &mut items).expect_err("nobody is there");
    assert!(matches!(error, JournalError::HolderSilent { .. }), "{error}");
    assert!(!socket_path(dir.path()).exists());
}

#[test]
fn a_volume_sealed_meanwhile_is_an_error_of_its_own() {
    let dir = tempfile::tempdir().expect("a folder");
    let (active, _share) = shared(dir.path(), 3);
    let error = RemoteStore::connect(dir.path(), 6).expect_err("another volume");
    assert!(matches!(error, JournalError::NotActive { volume: 6, active: 7 }), "{error}");
    let remote = RemoteStore::connect(dir.path(), 7).expect("connects");
    let next = SledStore::open(&dir.path().join("next"), 8).expect("a fresh volume opens");
    *active.write().expect("no panic") = (8, Arc::new(next));
    let error = remote.read(Table::Blocks, key(1), 10, &mut Vec::new()).expect_err("sealed");
    assert!(matches!(error, JournalError::NotActive { volume: 7, active: 8 }), "{error}");
    // The server keeps nothing of the sealed volume open.
    SledStore::open(&dir.path().join("volume"), 7).expect("free to be opened");
}

#[test]
fn the_socket_is_ours_alone_and_a_stale_one_is_replaced() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = socket_path(dir.path());
    drop(UnixListener::bind(&path).expect("binds"));
    fs::create_dir(dir.path().join("journal.sock.new")).expect("a killed process left it");
    let (_active, _share) = shared(dir.path(), 3);
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    assert!(!dir.path().join("journal.sock.new").exists());
    RemoteStore::connect(dir.path(), 7).expect("connects");
}

#[test]
fn a_folder_with_a_long_path_is_shared_too() {
    let dir = tempfile::tempdir().expect("a folder");
    let long = dir.path().join("long".repeat(40)).join("longer".repeat(30));
    fs::create_dir_all(&long).expect("a folder");
    let (_active, share) = shared(&long, 3);
    let remote = RemoteStore::connect(&long, 7).expect("connects");
    assert_eq!(read(&remote, Table::Blocks, 0, 1 << 20).len(), 3);
    drop(share);
    assert!(!socket_path(&long).exists());
}

#[test]
fn clients_beyond_the_limit_are_told_so() {
    let dir = tempfile::tempdir().expect("a folder");
    let (_active, _share) = shared(dir.path(), 3);
    let mut served: Vec<_> = (0..CLIENTS_MAX).map(|_| RemoteStore::connect(dir.path(), 7).expect("there is room")).collect();
    let error = RemoteStore::connect(dir.path(), 7).expect_err("full");
    assert!(error.to_string().contains("as many readers as it may"), "{error}");
    served.pop();
    let gone_soon = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        RemoteStore::connect(dir.path(), 7).is_ok()
    });
    assert!(gone_soon, "a client that left makes room");
    for remote in &served {
        assert_eq!(read(remote, Table::Blocks, 0, 1 << 20).len(), 3);
    }
}

#[test]
fn stopping_does_not_wait_for_idle_clients() {
    let dir = tempfile::tempdir().expect("a folder");
    let (_active, share) = shared(dir.path(), 3);
    let mut half = UnixStream::connect(socket_path(dir.path())).expect("connects");
    half.write_all(b"JSH1").expect("a part of a request");
    let _idle = RemoteStore::connect(dir.path(), 7).expect("connects");
    let since = std::time::Instant::now();
    drop(share);
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
}

#[test]
fn hostile_bytes_are_answered_with_an_error_and_the_others_are_served() {
    let dir = tempfile::tempdir().expect("a folder");
    let (_active, _share) = shared(dir.path(), 3);
    let remote = RemoteStore::connect(dir.path(), 7).expect("connects");
    let check = |bytes: Vec<u8>| {
        let mut stream = UnixStream::connect(socket_path(dir.path())).expect("connects");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut reply = Vec::new();
        // Closed with our bytes unread, the socket says so after its answer.
        let _ = stream.read_to_end(&mut reply);
        let mut head = [0; wire::REPLY_BYTES];
        if bytes.len() < wire::REQUEST_BYTES {
            assert!(reply.is_empty(), "a part of a request is not answered");
        } else {
            head.copy_from_slice(&reply[..wire::REPLY_BYTES]);
            let head = ReplyHead::from_bytes(&head).expect("an answer of ours");
            assert_eq!((head.status, head.active), (Status::BadRequest, 7));
        }
        assert_eq!(read(&remote, Table::Blocks, 0, 1 << 20).len(), 3);
    };
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(64));
    runner
        .run(&proptest::collection::vec(any::<u8>(), 0..100), |bytes| {
            check(bytes);
            Ok(())
        })
        .expect("no panic");
    let mut request = Request::Read { volume: 7, table: Table::Blocks, from: key(1), bytes_max: 10 }.to_bytes();
    request[5] = 9;
    check(request.to_vec());
    check(vec![0xff; 1 << 20]);
}

#[test]
fn a_server_that_is_none_is_an_error() {
    let dir = tempfile::tempdir().expect("a folder");
    let error = RemoteStore::connect(dir.path(), 7).expect_err("there is no socket");
    assert!(matches!(error, JournalError::HolderSilent { .. }), "{error}");
    let listener = UnixListener::bind(socket_path(dir.path())).expect("binds");
    for reply in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"", b"JSH1"] {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().expect("a client");
                stream.read_exact(&mut [0; wire::REQUEST_BYTES]).expect("a request");
                stream.write_all(reply).expect("it listens");
            });
            let error = RemoteStore::connect(dir.path(), 7).expect_err("nonsense");
            assert!(matches!(error, JournalError::HolderSilent { .. }), "{error}");
        });
    }
}
