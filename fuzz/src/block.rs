//! Blocks of a journal.

use jangbu_journal::block::{Header, RAW_BYTES_MAX, STORED_BYTES_MAX, check, seal};
use jangbu_journal::{Nanos, Seq};
use xxhash_rust::xxh3::xxh3_64;

use crate::event;

/// Bytes as a block, as they are and with a checksum that holds; and bytes as what a block carries.
///
/// A block that passes says nothing impossible, unpacks to the length it states or not at all, and is the same when it is sealed again.
pub fn block(data: &[u8]) {
    examine(data);
    // Nothing gets past a checksum by chance: forge it, or the checks behind it are never seen.
    if let Some(body) = data.len().checked_sub(8).map(|length| &data[..length]) {
        let mut forged = body.to_vec();
        forged.extend_from_slice(&xxh3_64(body).to_le_bytes());
        examine(&forged);
    }
    carry(&data[..data.len().min(RAW_BYTES_MAX)]);
}

fn examine(bytes: &[u8]) {
    let Ok(checked) = check(bytes) else { return };
    let header = checked.header;
    assert!(header.count > 0 && header.first >= Seq::FIRST && header.last() >= header.first, "{header:?}");
    assert!(header.raw_len as usize <= STORED_BYTES_MAX, "{header:?}");
    let mut raw = vec![0xa5];
    if checked.unpack(&mut raw).is_err() {
        return;
    }
    assert_eq!((raw[0], raw.len() - 1), (0xa5, header.raw_len as usize), "appends exactly what it states");
    let raw = &raw[1..];
    sealed_again(&header, raw);
    event::decode(header.schema, header.first, raw, u64::from(header.count));
}

fn sealed_again(header: &Header, raw: &[u8]) {
    let mut again = Vec::new();
    let checksum = seal(header, raw, &mut again);
    let checked = check(&again).expect("what was sealed is a block");
    assert_eq!((checked.header, checked.checksum), (*header, checksum));
    let mut out = Vec::new();
    checked.unpack(&mut out).expect("what was sealed unpacks");
    assert!(out == raw, "what was sealed unpacks to something else");
}

/// Any bytes can be carried, whole or as a fragment.
fn carry(raw: &[u8]) {
    for fragment in [0, 3] {
        let header = Header {
            fragment,
            schema: 1,
            journal: 7,
            first: Seq::FIRST,
            count: 1,
            raw_len: raw.len() as u32,
            raw_offset: 0,
            first_recv: Nanos::ZERO,
            last_recv: Nanos::MAX,
            chain: 0,
        };
        sealed_again(&header, raw);
    }
}
