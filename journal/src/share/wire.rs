//! What goes over the socket. Both ends check everything: lengths, magic, and how long the other may take.
//!
//! ```text
//! request  magic u32 | op u8 | table u8 | fragment u16 | volume u32 | bytes max u32 | block u64                   (24 bytes)
//! reply    magic u32 | status u8 | 0 u8 | 0 u16 | active volume u32 | items u32 | body bytes u32 | body           (20 + body)
//! item     block u64 | fragment u16 | length u32 | value
//! ```
//! Little-endian. Items carry checksums of their own, so the wire has none.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::stamp::Seq;
use crate::store::{Key, Table};

/// The most bytes of values asked for at once.
pub(super) const BYTES_MAX: u32 = 1 << 20;
/// The most bytes of a body: [`BYTES_MAX`] with keys, or one value that is larger by itself.
pub(super) const BODY_BYTES_MAX: usize = 4 << 20;
/// How long a message may take from its first byte to its last.
pub(super) const MESSAGE_TIME_MAX: Duration = Duration::from_secs(5);

pub(super) const REQUEST_BYTES: usize = 24;
pub(super) const REPLY_BYTES: usize = 20;
const ITEM_BYTES: usize = 14;
const MAGIC: u32 = u32::from_le_bytes(*b"JSH1");

/// What a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// Which volume is being written?
    Active,
    /// Items of a volume, as of [`Store::read`](crate::store::Store::read).
    Read { volume: u32, table: Table, from: Key, bytes_max: u32 },
}

impl Request {
    pub(super) fn to_bytes(self) -> [u8; REQUEST_BYTES] {
        let (op, table, from, volume, bytes_max) = match self {
            Request::Active => (0, 0, Key::default(), 0, 0),
            Request::Read { volume, table, from, bytes_max } => {
                (1, u8::from(table == Table::Checkpoints), from, volume, bytes_max)
            }
        };
        let mut bytes = [0; REQUEST_BYTES];
        bytes[..4].copy_from_slice(&MAGIC.to_le_bytes());
        (bytes[4], bytes[5]) = (op, table);
        bytes[6..8].copy_from_slice(&from.fragment.to_le_bytes());
        bytes[8..12].copy_from_slice(&volume.to_le_bytes());
        bytes[12..16].copy_from_slice(&bytes_max.to_le_bytes());
        bytes[16..].copy_from_slice(&from.block.get().to_le_bytes());
        bytes
    }

    /// The inverse; `None` for whatever `to_bytes` does not write.
    pub(super) fn from_bytes(bytes: &[u8; REQUEST_BYTES]) -> Option<Request> {
        let table = match bytes[5] {
            0 => Table::Blocks,
            1 => Table::Checkpoints,
            _ => return None,
        };
        let fragment = u16::from_le_bytes([bytes[6], bytes[7]]);
        let from = Key { block: Seq::new(u64_at(bytes, 16)), fragment };
        let request = match bytes[4] {
            0 => Request::Active,
            1 => Request::Read { volume: u32_at(bytes, 8), table, from, bytes_max: u32_at(bytes, 12).min(BYTES_MAX) },
            _ => return None,
        };
        (u32_at(bytes, 0) == MAGIC && (request != Request::Active || request.to_bytes() == *bytes)).then_some(request)
    }
}

/// How a reply turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    /// The volume asked for is not the one being written: open it yourself.
    NotActive,
    /// The request is none of ours; the connection is closed.
    BadRequest,
    /// As many clients as there may be; the connection is closed.
    Busy,
    /// The store refused; the body says why.
    Failed,
}

const STATUSES: [Status; 5] = [Status::Ok, Status::NotActive, Status::BadRequest, Status::Busy, Status::Failed];

/// What comes before a reply's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReplyHead {
    pub(super) status: Status,
    pub(super) active: u32,
    pub(super) items: u32,
    pub(super) body_bytes: u32,
}

impl ReplyHead {
    pub(super) fn to_bytes(self) -> [u8; REPLY_BYTES] {
        let mut bytes = [0; REPLY_BYTES];
        bytes[..4].copy_from_slice(&MAGIC.to_le_bytes());
        bytes[4] = self.status as u8;
        bytes[8..12].copy_from_slice(&self.active.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.items.to_le_bytes());
        bytes[16..].copy_from_slice(&self.body_bytes.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; REPLY_BYTES]) -> Option<ReplyHead> {
        let status = *STATUSES.get(usize::from(bytes[4]))?;
        let head = ReplyHead { status, active: u32_at(bytes, 8), items: u32_at(bytes, 12), body_bytes: u32_at(bytes, 16) };
        (head.to_bytes() == *bytes && head.body_bytes as usize <= BODY_BYTES_MAX).then_some(head)
    }
}

/// Appends items to a body.
pub(super) fn put_items(items: &[(Key, Vec<u8>)], body: &mut Vec<u8>) {
    for (key, value) in items {
        body.extend_from_slice(&key.block.get().to_le_bytes());
        body.extend_from_slice(&key.fragment.to_le_bytes());
        body.extend_from_slice(&(value.len() as u32).to_le_bytes());
        body.extend_from_slice(value);
    }
}

/// The items of a body; `None` when it is not exactly `count` items in rising order.
pub(super) fn take_items(mut body: &[u8], count: u32, out: &mut Vec<(Key, Vec<u8>)>) -> Option<()> {
    let mut last = None;
    for _ in 0..count {
        let (head, rest) = body.split_at_checked(ITEM_BYTES)?;
        let key = Key { block: Seq::new(u64_at(head, 0)), fragment: u16::from_le_bytes([head[8], head[9]]) };
        let (value, rest) = rest.split_at_checked(u32_at(head, 10) as usize)?;
        if last.is_some_and(|last| last >= key) {
            return None;
        }
        last = Some(key);
        out.push((key, value.to_vec()));
        body = rest;
    }
    body.is_empty().then_some(())
}

/// The fuzzer's harness: any bytes are a message or none, and what is a message is written as it was read.
#[cfg(feature = "fuzzing")]
pub fn fuzz(data: &[u8]) {
    if let Some(request) = data.first_chunk().and_then(Request::from_bytes) {
        assert_eq!(Request::from_bytes(&request.to_bytes()), Some(request));
        if let Request::Read { bytes_max, .. } = request {
            assert!(bytes_max <= BYTES_MAX, "a client cannot ask for more than is sent");
        }
    }
    let Some((head, body)) = data.split_first_chunk() else { return };
    let Some(head) = ReplyHead::from_bytes(head) else { return };
    assert_eq!(&head.to_bytes()[..], &data[..REPLY_BYTES]);
    assert!(head.body_bytes as usize <= BODY_BYTES_MAX, "a server cannot make a client take more than it will");
    let mut items = Vec::new();
    if take_items(body, head.items, &mut items).is_some() {
        let mut again = Vec::new();
        put_items(&items, &mut again);
        assert_eq!(again, body);
        assert!(items.windows(2).all(|pair| pair[0].0 < pair[1].0), "keys rise");
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// Fills `bytes`, waiting `patience` for the first byte and then [`MESSAGE_TIME_MAX`] for all, however slowly they drip.
/// `false` when the other end closed before the first byte.
#[allow(clippy::disallowed_methods, reason = "a timeout is real time")]
pub(super) fn receive(mut stream: &UnixStream, bytes: &mut [u8], patience: Duration) -> Result<bool> {
    let mut got = 0;
    let mut until = Instant::now() + patience;
    while got < bytes.len() {
        stream.set_read_timeout(Some(left(until)?))?;
        match stream.read(&mut bytes[got..]) {
            Ok(0) if got == 0 => return Ok(false),
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                if got == 0 {
                    until = Instant::now() + MESSAGE_TIME_MAX;
                }
                got += count;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Writes `bytes` within [`MESSAGE_TIME_MAX`], however slowly the other end takes them.
#[allow(clippy::disallowed_methods, reason = "a timeout is real time")]
pub(super) fn send(mut stream: &UnixStream, bytes: &[u8]) -> Result<()> {
    let until = Instant::now() + MESSAGE_TIME_MAX;
    let mut sent = 0;
    while sent < bytes.len() {
        stream.set_write_timeout(Some(left(until)?))?;
        match stream.write(&bytes[sent..]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[allow(clippy::disallowed_methods, reason = "a timeout is real time")]
fn left(until: Instant) -> Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(Error::new(ErrorKind::TimedOut, "it takes too long")) } else { Ok(left) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_none(bytes in proptest::collection::vec(any::<u8>(), 24), good in any::<bool>()) {
            let mut bytes: [u8; REQUEST_BYTES] = bytes.try_into().expect("24 bytes");
            if good {
                bytes[..4].copy_from_slice(&MAGIC.to_le_bytes());
                bytes[4] %= 3;
                bytes[5] %= 3;
            }
            if let Some(request) = Request::from_bytes(&bytes) {
                prop_assert_eq!(Request::from_bytes(&request.to_bytes()), Some(request));
            }
            let mut head = [0; REPLY_BYTES];
            head.copy_from_slice(&bytes[..REPLY_BYTES]);
            if let Some(head) = ReplyHead::from_bytes(&head) {
                prop_assert_eq!(ReplyHead::from_bytes(&head.to_bytes()), Some(head));
            }
        }

        #[test]
        fn any_body_is_items_or_none(body in proptest::collection::vec(any::<u8>(), 0..200), count in 0u32..4) {
            let mut items = Vec::new();
            if take_items(&body, count, &mut items).is_some() {
                let mut again = Vec::new();
                put_items(&items, &mut again);
                prop_assert_eq!(again, body);
            }
        }
    }
}
