//! Goes through the items of one volume in order and checks that each follows on: [`Walk`]. Trusts nothing.

use crate::block::{self, Checked, Header, check};
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
    pub(crate) fn step(self, key: Key, header: &Header, checksum: u64) -> Result<Place, String> {
        let Header { fragment, first, chain, .. } = *header;
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
    /// Whether the last item was good in itself.
    intact: bool,
    /// What the store said after the items read ahead.
    unreadable: Option<JournalError>,
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
        Walk {
            store,
            volume,
            journal,
            place,
            from,
            read_bytes: FIRST_READ_BYTES,
            ahead: Vec::new(),
            at: 0,
            intact: false,
            unreadable: None,
        }
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

    /// Reads ahead if need be; `false` at the end.
    fn fill(&mut self) -> Result<bool, JournalError> {
        if self.at < self.ahead.len() {
            return Ok(true);
        }
        self.ahead.clear();
        self.at = 0;
        if let Some(error) = self.unreadable.take() {
            return Err(error);
        }
        let result = self.store.read(Table::Blocks, self.from, self.read_bytes, &mut self.ahead);
        match (self.ahead.last(), result) {
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Ok(false),
            // What came before the error is still good.
            (Some((key, _)), result) => {
                self.from = key.next();
                self.unreadable = result.err();
                Ok(true)
            }
        }
    }

    /// The next item; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Item<'_>>, JournalError> {
        if !self.fill()? {
            return Ok(None);
        }
        let at = self.at;
        self.at += 1;
        self.intact = false;
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
            return Err(self.damaged(start, end, "it belongs to another journal".into()));
        }
        if key.fragment != header.fragment || (key.fragment == 0 && key.block != header.first) {
            let reason = format!("the item for seq {} stands under the key of seq {}", header.first, key.block);
            return Err(self.damaged(start, end, reason));
        }
        self.intact = checked.given_up().is_none();
        let place = self.place.unwrap_or_else(|| Place::after(header.first, header.chain));
        match place.step(key, &header, checked.checksum) {
            Ok(next) => self.place = Some(next),
            Err(reason) => {
                let start = place.next;
                let end = if header.first > start { header.first.previous() } else { header.last().max(start) };
                return Err(self.damaged(start, end, reason));
            }
        }
        if let Some(resume) = checked.given_up() {
            self.place = Some(Place::after(header.last().next(), resume));
            return Err(JournalError::GivenUp { volume: self.volume, first: header.first, last: header.last() });
        }
        Ok(Some(Item { header, checked, stored_bytes: self.ahead[at].1.len() }))
    }

    /// The next item, past those that were given up.
    pub(crate) fn next_kept(&mut self) -> Result<Option<Item<'_>>, JournalError> {
        while self.fill()? {
            if !block::says_given_up(&self.ahead[self.at].1) {
                return self.next();
            }
            match self.next() {
                Err(JournalError::GivenUp { .. }) => {}
                Err(error) => return Err(error),
                Ok(_) => unreachable!("an item that is given up is an error"),
            }
        }
        Ok(None)
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

    /// After an error: goes on behind it. An item that is itself intact, only not what had to come, is taken at its word.
    pub(crate) fn resume(&mut self) {
        if self.intact && self.place.is_some() && self.at > 0 {
            self.at -= 1;
        }
        self.place = None;
    }
}
