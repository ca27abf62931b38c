//! A block: up to 64 KiB of encoded events with everything needed to trust it. Pure bytes.
//!
//! ```text
//! magic u32 | version u8 | codec u8 | kind u8 | 0 u8 | schema u16 | fragment u16 | journal u64 | first seq u64
//! count u32 | raw length u32 | stored length u32 | raw offset u32 | first recv i64 | last recv i64 | chain u64
//! payload (stored length bytes) | checksum u64
//! ```
//! Little-endian. The checksum is xxh3-64 of all before it; `chain` is the checksum of the item before, so that a missing,
//! swapped or stale item is found. A *block* is whole and decodes alone. A *fragment* holds the next events of the block that is
//! still open, at `raw offset` of it: with its earlier fragments it decodes as the block will. When the block is full it replaces
//! its fragments, and its chain goes to the block before, past them.
//!
//! Where repair had to give events up a block says so: it has their seqs, and as payload the checksum of the last block lost,
//! which is the chain of the item after it.

use std::cell::RefCell;

use xxhash_rust::xxh3::xxh3_64;

use crate::stamp::{Nanos, Seq};

/// The most bytes of events in a block, encoded. With the header it stays below 64 KiB even when it does not compress.
pub const RAW_BYTES_MAX: usize = 64_000;
/// The most bytes one record may take.
pub const RECORD_BYTES_MAX: usize = 48 * 1024;
/// The most bytes of a block as stored: sled keeps larger values in files of their own, slower and not synced by `flush`.
pub const STORED_BYTES_MAX: usize = 64 * 1024;

const MAGIC: u32 = u32::from_le_bytes(*b"JBLK");
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 68;
const CHECKSUM_BYTES: usize = 8;

/// Events are small differences with hardly a repetition: what compresses them is the coding of single bytes (Huffman), not the
/// search for repetitions. Measured on a tape of Binance futures: level 1 takes 69 % of raw; this level, which hardly searches,
/// but codes bytes, 72 % with a fifth of the time, and decompresses in 0.4 of it. lz4, which codes no bytes, takes 91 %.
const ZSTD_LEVEL: i32 = -20;
const CODEC_NONE: u8 = 0;
const CODEC_ZSTD: u8 = 1;
/// In place of events that are lost: no events, but the chain to go on with.
const CODEC_GIVEN_UP: u8 = 2;

/// What a block says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// 0 is a whole block; n is the n-th fragment of an open one, from 1.
    pub fragment: u16,
    /// Version of the records' encoding.
    pub schema: u16,
    /// The journal it belongs to.
    pub journal: u64,
    /// Its first event.
    pub first: Seq,
    /// How many events; at least 1.
    pub count: u32,
    /// Bytes of its events, decompressed.
    pub raw_len: u32,
    /// Where they stand in the open block; 0 for a whole block.
    pub raw_offset: u32,
    /// `recv` of the first event.
    pub first_recv: Nanos,
    /// `recv` of the last event.
    pub last_recv: Nanos,
    /// Checksum of the item before; 0 for the first of a journal.
    pub chain: u64,
}

impl Header {
    /// Its last event.
    pub fn last(&self) -> Seq {
        self.first.advance(u64::from(self.count).saturating_sub(1))
    }
}

/// Why bytes are not a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BlockError(pub String);

fn bad<T>(reason: impl Into<String>) -> Result<T, BlockError> {
    Err(BlockError(reason.into()))
}

/// Writes a block to `out` (cleared first) and returns its checksum, which is the next item's `chain`.
pub fn seal(header: &Header, raw: &[u8], out: &mut Vec<u8>) -> u64 {
    assert_eq!(header.raw_len as usize, raw.len(), "a header says its payload's length");
    // A fragment lives until its block is whole: not worth the time.
    let compressed = if header.fragment == 0 { compress(raw) } else { None };
    let (codec, payload) = compressed.as_deref().map_or((CODEC_NONE, raw), |bytes| (CODEC_ZSTD, bytes));
    write(header, codec, payload, out)
}

thread_local! {
    // They hold tables of some 100 KB, which cost more to make than a block takes.
    static COMPRESSOR: RefCell<zstd_safe::CCtx<'static>> = RefCell::new(compressor());
    static DECOMPRESSOR: RefCell<zstd_safe::DCtx<'static>> = RefCell::new(zstd_safe::DCtx::create());
}

fn compressor() -> zstd_safe::CCtx<'static> {
    use zstd_safe::{CParameter, ParamSwitch};
    let mut compressor = zstd_safe::CCtx::create();
    // Levels below 0 code no bytes unless told to. A parameter that is refused leaves larger blocks, and nothing worse.
    for parameter in [CParameter::CompressionLevel(ZSTD_LEVEL), CParameter::LiteralCompressionMode(ParamSwitch::Enable)] {
        let set = compressor.set_parameter(parameter);
        debug_assert!(set.is_ok(), "{parameter:?}");
    }
    compressor
}

/// Compressed; `None` when that is not smaller.
fn compress(raw: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(raw.len().saturating_sub(1));
    // Fails when it does not fit, which is the question.
    COMPRESSOR.with_borrow_mut(|compressor| compressor.compress2(&mut bytes, raw)).ok()?;
    Some(bytes)
}

/// Writes, in place of the events of `header`, that they were given up; the item after them has `resume` as its chain.
pub fn seal_given_up(header: &Header, resume: u64, out: &mut Vec<u8>) {
    let header = Header { fragment: 0, raw_len: 0, raw_offset: 0, ..*header };
    write(&header, CODEC_GIVEN_UP, &resume.to_le_bytes(), out);
}

fn write(header: &Header, codec: u8, payload: &[u8], out: &mut Vec<u8>) -> u64 {
    out.clear();
    out.extend_from_slice(&MAGIC.to_le_bytes());
    out.extend_from_slice(&[VERSION, codec, 0, 0]);
    out.extend_from_slice(&header.schema.to_le_bytes());
    out.extend_from_slice(&header.fragment.to_le_bytes());
    out.extend_from_slice(&header.journal.to_le_bytes());
    out.extend_from_slice(&header.first.get().to_le_bytes());
    out.extend_from_slice(&header.count.to_le_bytes());
    out.extend_from_slice(&header.raw_len.to_le_bytes());
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(&header.raw_offset.to_le_bytes());
    out.extend_from_slice(&header.first_recv.get().to_le_bytes());
    out.extend_from_slice(&header.last_recv.get().to_le_bytes());
    out.extend_from_slice(&header.chain.to_le_bytes());
    debug_assert_eq!(out.len(), HEADER_BYTES);
    out.extend_from_slice(payload);
    let checksum = xxh3_64(out);
    out.extend_from_slice(&checksum.to_le_bytes());
    checksum
}

/// The items that begin somewhere in `bytes` and are intact, each with where. Needs nothing of what is around them.
pub fn carve(bytes: &[u8]) -> impl Iterator<Item = (usize, Checked<'_>)> {
    let magic = memchr::memmem::Finder::new(&MAGIC.to_le_bytes()).into_owned();
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some(found) = magic.find(bytes.get(from..)?) {
            let at = from + found;
            from = at + 1;
            let Some(length) = bytes.get(at + 36..at + 40) else { continue };
            let stored = u32::from_le_bytes(field(length, 0)) as usize;
            let whole = stored.saturating_add(HEADER_BYTES + CHECKSUM_BYTES);
            let Some(item) = at.checked_add(whole).and_then(|end| bytes.get(at..end)) else { continue };
            if let Ok(checked) = check(item) {
                from = at + whole;
                return Some((at, checked));
            }
        }
        from = bytes.len();
        None
    })
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

/// A block whose checksum holds.
#[derive(Clone, Copy, Debug)]
pub struct Checked<'a> {
    /// What it says of itself.
    pub header: Header,
    /// Its checksum: the next item's `chain`.
    pub checksum: u64,
    codec: u8,
    payload: &'a [u8],
}

impl Checked<'_> {
    /// The chain to go on with, when its events were given up.
    pub fn given_up(&self) -> Option<u64> {
        (self.codec == CODEC_GIVEN_UP).then(|| u64::from_le_bytes(field(self.payload, 0)))
    }

    /// Its bytes, as they are stored.
    pub fn stored_bytes(&self) -> usize {
        HEADER_BYTES + self.payload.len() + CHECKSUM_BYTES
    }

    /// Appends its events' bytes, decompressed, to `out`.
    ///
    /// # Errors
    /// When the payload does not decompress to the stated length.
    pub fn unpack(&self, out: &mut Vec<u8>) -> Result<(), BlockError> {
        let before = out.len();
        let length = self.header.raw_len as usize;
        match self.codec {
            CODEC_NONE if self.payload.len() == length => out.extend_from_slice(self.payload),
            CODEC_ZSTD => {
                out.resize(before + length, 0);
                match DECOMPRESSOR.with_borrow_mut(|decompressor| decompressor.decompress(&mut out[before..], self.payload)) {
                    Ok(written) if written == length => {}
                    Ok(written) => return bad(format!("it decompresses to {written} bytes, not {length}")),
                    Err(code) => return bad(format!("it does not decompress: {}", zstd_safe::get_error_name(code))),
                }
            }
            codec => return bad(format!("its codec {codec} is not known, or its length is wrong")),
        }
        Ok(())
    }
}

/// Whether it says that its events were given up, if it is intact.
pub fn says_given_up(bytes: &[u8]) -> bool {
    bytes.get(5) == Some(&CODEC_GIVEN_UP)
}

/// Checks a block whole: everything but its place in the chain.
///
/// # Errors
/// When anything about the bytes is not as [`seal`] writes them.
pub fn check(bytes: &[u8]) -> Result<Checked<'_>, BlockError> {
    if bytes.len() < HEADER_BYTES + CHECKSUM_BYTES {
        return bad(format!("{} bytes are too few for a block", bytes.len()));
    }
    let (body, checksum) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
    let checksum = u64::from_le_bytes(field(checksum, 0));
    if xxh3_64(body) != checksum {
        return bad("its checksum does not match");
    }
    if u32::from_le_bytes(field(body, 0)) != MAGIC {
        return bad("it does not begin like a block");
    }
    if body[4] != VERSION {
        return bad(format!("its format version {} is newer than this program knows ({VERSION})", body[4]));
    }
    let stored = u32::from_le_bytes(field(body, 36)) as usize;
    let header = Header {
        schema: u16::from_le_bytes(field(body, 8)),
        fragment: u16::from_le_bytes(field(body, 10)),
        journal: u64::from_le_bytes(field(body, 12)),
        first: Seq::new(u64::from_le_bytes(field(body, 20))),
        count: u32::from_le_bytes(field(body, 28)),
        raw_len: u32::from_le_bytes(field(body, 32)),
        raw_offset: u32::from_le_bytes(field(body, 40)),
        first_recv: Nanos::new(i64::from_le_bytes(field(body, 44))),
        last_recv: Nanos::new(i64::from_le_bytes(field(body, 52))),
        chain: u64::from_le_bytes(field(body, 60)),
    };
    if stored != body.len() - HEADER_BYTES {
        return bad("its length does not match");
    }
    if body[5] == CODEC_GIVEN_UP && (stored != 8 || header.fragment != 0) {
        return bad("it says that events were given up, and not how to go on");
    }
    if header.count == 0 || header.first == Seq::ZERO || header.raw_len as usize > STORED_BYTES_MAX {
        return bad("its counts are impossible");
    }
    if header.first.get().checked_add(u64::from(header.count)).is_none() {
        return bad("its seqs are impossible");
    }
    Ok(Checked { header, codec: body[5], payload: &body[HEADER_BYTES..], checksum })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(raw: &[u8]) -> Header {
        Header {
            fragment: 0,
            schema: 1,
            journal: 77,
            first: Seq::new(5),
            count: 3,
            raw_len: raw.len() as u32,
            raw_offset: 0,
            first_recv: Nanos::new(10),
            last_recv: Nanos::new(20),
            chain: 99,
        }
    }

    #[test]
    fn items_are_found_among_anything() {
        let mut bytes = b"JBLKJBLK".repeat(30);
        let mut expected = Vec::new();
        for n in 0..5_u8 {
            let raw = vec![n; 10 + usize::from(n)];
            let mut item = Vec::new();
            let checksum = seal(&header(&raw), &raw, &mut item);
            expected.push((bytes.len(), checksum));
            bytes.extend_from_slice(&item);
            // One that is damaged, and one that is cut off, with the next behind it.
            item[80] ^= 1;
            bytes.extend_from_slice(&item);
            item[80] ^= 1;
            bytes.extend_from_slice(&item[..70]);
        }
        let found: Vec<_> = carve(&bytes).map(|(at, checked)| (at, checked.checksum)).collect();
        assert_eq!(found, expected);
        assert_eq!(carve(b"JBLK").count() + carve(b"").count(), 0);
    }

    #[test]
    fn given_up_says_how_to_go_on() {
        let mut bytes = Vec::new();
        seal_given_up(&header(&[1, 2]), 4_711, &mut bytes);
        let checked = check(&bytes).expect("intact");
        assert_eq!((checked.given_up(), checked.header.last(), checked.stored_bytes()), (Some(4_711), Seq::new(7), bytes.len()));
        assert!(checked.unpack(&mut Vec::new()).is_err());
        seal(&header(&[1, 2]), &[1, 2], &mut bytes);
        assert_eq!(check(&bytes).expect("intact").given_up(), None);
    }

    proptest! {
        #[test]
        fn blocks_round_trip(raw in proptest::collection::vec(0_u8..4, 0..2_000)) {
            let mut bytes = Vec::new();
            let checksum = seal(&header(&raw), &raw, &mut bytes);
            let checked = check(&bytes).expect("intact");
            prop_assert_eq!(checked.header, header(&raw));
            prop_assert_eq!(checked.checksum, checksum);
            let mut out = Vec::new();
            checked.unpack(&mut out).expect("unpacks");
            prop_assert_eq!(out, raw);
        }

        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(checked) = check(&bytes) {
                let _ = checked.unpack(&mut Vec::new());
            }
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let raw: Vec<u8> = (0..500_u32).map(|at| (at % 7) as u8).collect();
        let mut bytes = Vec::new();
        seal(&header(&raw), &raw, &mut bytes);
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(check(&bytes).is_err(), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn the_worst_block_fits() {
        let raw: Vec<u8> = (0..RAW_BYTES_MAX as u64).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
        let mut bytes = Vec::new();
        seal(&header(&raw), &raw, &mut bytes);
        assert!(bytes.len() <= STORED_BYTES_MAX, "{}", bytes.len());
    }
}
