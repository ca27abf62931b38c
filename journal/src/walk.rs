//! Goes through the items of one volume in order and checks that each follows on: [`Walk`]. Trusts nothing.

use crate::block::{Checked, Header, check};
use crate::error::JournalError;
use crate::stamp::Seq;
use crate::store::{Key, Store, Table, floor};

/// Bytes of items read ahead at first: enough for whoever wants a few events.
const FIRST_READ_BYTES: usize = 1 << 20;

/// What has been seen so far, and so what must come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The next event.
    pub(crate) next: Seq,
    /// Checksum of the last whole block.
    pub(crate) block_chain: u64,
    /// Checksum of the last item, block or fragment.
    pub(crate) item_chain: u64,
    /// First event of the block whose fragments these are, and the number of the last fragment.
    pub(crate) open: Option<(Seq, u16)>,
    /// Raw bytes of the open block so far.
    pub(crate) open_bytes: u32,
}

impl Place {
    /// Before an item whose place is known: event `next`, after a block with checksum `chain`.
    pub(crate) fn after(next: Seq, chain: u64) -> Self {
        Place { next, block_chain: chain, item_chain: chain, open: None, open_bytes: 0 }
    }

    /// Whether `header` is what must come, and the place after it.
    fn step(self, key: Key, header: &Header, checksum: u64) -> Result<Place, String> {
        let Header { fragment, first, chain, .. } = *header;
        if key.fragment != fragment || (fragment == 0 && key.block != first) {
            return Err(format!("an item for seq {first} stands under the key of seq {}", key.block));
        }
        if first != self.next {
            return Err(format!("seq {} is missing: the next item begins with {first}", self.next));
        }
        let next = header.last().next();
        match (fragment, self.open) {
            (0, None) if chain == self.block_chain => Ok(Place::after(next, checksum)),
            (0, Some(_)) => Err("a block stands after the fragments of an open one".into()),
            (1, None) if chain == self.block_chain && header.raw_offset == 0 => {
                Ok(Place { next, item_chain: checksum, open: Some((key.block, 1)), open_bytes: header.raw_len, ..self })
            }
            (n, Some((block, last)))
                if chain == self.item_chain
                    && Some(n) == last.checked_add(1)
                    && block == key.block
                    && header.raw_offset == self.open_bytes =>
            {
                let open_bytes = self.open_bytes.saturating_add(header.raw_len);
                Ok(Place { next, item_chain: checksum, open: Some((block, n)), open_bytes, ..self })
            }
            _ => Err("it does not continue the chain of the item before it".into()),
        }
    }
}

/// Goes through the items of a store.
#[derive(Debug)]
pub(crate) struct Walk<S> {
    store: S,
    volume: u32,
    journal: u64,
    /// What must come next; `None` when starting inside a volume, where the first item is taken at its word.
    place: Option<Place>,
    from: Key,
    read_bytes: usize,
    ahead: Vec<(Key, Vec<u8>)>,
    at: usize,
}

/// Where to begin inside a volume, and the first items there.
pub(crate) struct Start {
    from: Key,
    /// Not at the volume's beginning: the first item is taken at its word.
    inside: bool,
    ahead: Vec<(Key, Vec<u8>)>,
}

impl Start {
    /// The block that contains `seq`, in a volume that begins with `first`; the beginning when there is none.
    pub(crate) fn find(store: &dyn Store, first: Seq, seq: Seq) -> Result<Start, JournalError> {
        let block = floor(store, Table::Blocks, first, seq)?.unwrap_or(first);
        let from = if block == first { Key::default() } else { Key { block, fragment: 0 } };
        let mut ahead = Vec::new();
        store.read(Table::Blocks, from, FIRST_READ_BYTES, &mut ahead)?;
        Ok(Start { from, inside: block != first, ahead })
    }
}

/// An item that follows on.
pub(crate) struct Item<'a> {
    pub(crate) header: Header,
    pub(crate) checked: Checked<'a>,
    pub(crate) stored_bytes: usize,
}

impl<S: Store> Walk<S> {
    pub(crate) fn new(store: S, volume: u32, journal: u64, place: Option<Place>, from: Key) -> Self {
        Walk { store, volume, journal, place, from, read_bytes: FIRST_READ_BYTES, ahead: Vec::new(), at: 0 }
    }

    /// Reads so much ahead from now on.
    pub(crate) fn read_ahead(&mut self, bytes: usize) {
        self.read_bytes = bytes;
    }

    /// Begins at `start` instead of where it was made to begin.
    pub(crate) fn begin(&mut self, start: Start) {
        if start.inside {
            self.place = None;
        }
        self.from = start.ahead.last().map_or(start.from, |(key, _)| key.next());
        self.ahead = start.ahead;
        self.at = 0;
    }

    /// Where the walk stands.
    pub(crate) fn place(&self) -> Option<Place> {
        self.place
    }

    fn damaged(&self, first: Seq, last: Seq, reason: String) -> JournalError {
        JournalError::Damaged { volume: self.volume, first, last, reason }
    }

    /// The next item; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Item<'_>>, JournalError> {
        if self.at == self.ahead.len() {
            self.ahead.clear();
            self.at = 0;
            self.store.read(Table::Blocks, self.from, self.read_bytes, &mut self.ahead)?;
            match self.ahead.last() {
                Some((key, _)) => self.from = key.next(),
                None => return Ok(None),
            }
        }
        let at = self.at;
        self.at += 1;
        let key = self.ahead[at].0;
        let following = self.ahead.get(at + 1).map(|(key, _)| key.block);
        let start = self.place.map_or(key.block, |place| place.next);
        let end = following.filter(|seq| *seq > start).map_or(start, Seq::previous);
        let checked = match check(&self.ahead[at].1) {
            Ok(checked) => checked,
            Err(error) => return Err(self.damaged(start, end, error.to_string())),
        };
        let header = checked.header;
        if header.journal != self.journal {
            return Err(self.damaged(start, header.last(), "it belongs to another journal".into()));
        }
        let place = self.place.unwrap_or_else(|| Place::after(header.first, header.chain));
        match place.step(key, &header, checked.checksum) {
            Ok(next) => self.place = Some(next),
            Err(reason) => return Err(self.damaged(start, header.last(), reason)),
        }
        Ok(Some(Item { header, checked, stored_bytes: self.ahead[at].1.len() }))
    }

    /// Goes back to the beginning of the open block, whose fragments the writer may have replaced by a block meanwhile.
    /// `false` when no block is open.
    pub(crate) fn rewind(&mut self) -> bool {
        let Some(place) = self.place else { return false };
        let Some((block, _)) = place.open else { return false };
        self.place = Some(Place::after(block, place.block_chain));
        self.from = Key { block, fragment: 0 };
        self.ahead.clear();
        self.at = 0;
        true
    }

    #[allow(dead_code, reason = "verify and repair come next")]
    /// After an error: takes the next item at its word, to go on behind the damage.
    pub(crate) fn trust_next(&mut self) {
        self.place = None;
    }
}
