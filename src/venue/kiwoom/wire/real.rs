//! REAL messages as the server mostly writes them, in one pass over the bytes and without a copy of any field: [`entries`].
//!
//! What is unusual in any way (an escape, a number that is no string, a key twice, a list of values) is left to [`super::frame`], which
//! goes over the text layer by layer, takes all that can be taken and says what is wrong. What is read here is the same there.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::stream::{Real, RealBody};
use crate::venue::wire_error::WireError;

/// The entries of a REAL message; `None` for any other message, and for one that is unusual or wrong.
pub(super) fn entries(text: &str) -> Option<Vec<Result<Real, WireError>>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let entries = deserializer.deserialize_map(Message).ok()?;
    deserializer.end().ok()?;
    Some(entries)
}

/// Levels and sides of a book: prices and quantities stand in one run of numbers.
const BOOK: std::ops::RangeInclusive<u16> = 41..=80;
const BOOK_LEN: usize = 40;
/// The other field numbers (FID) that are read, of any type: first of trades, sessions and books; of holdings and orders; of
/// interruptions and conditions.
const OTHERS: [u16; 70] = [
    10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 21, 23, 24, 27, 28, 29, 30, 31, 121, 125, 214, 215, 228, 290, 311, 851, 1030, 1031,
    9081, //
    302, 900, 901, 902, 903, 904, 905, 906, 907, 908, 909, 910, 911, 913, 914, 915, 919, 930, 931, 932, 933, 938, 939, 945, 946,
    990, 2135, 9001, 9201, 9203, //
    841, 843, 1221, 1223, 1224, 1225, 1236, 1237, 1490, 9068, 9069,
];
const SLOTS: usize = BOOK_LEN + OTHERS.len();
const NO_SLOT: u8 = u8::MAX;

/// Where a field number's text is kept.
static SLOT_OF: [u8; 10_000] = {
    let mut slots = [NO_SLOT; 10_000];
    let mut place = 0;
    while place < SLOTS {
        let fid = if place < BOOK_LEN { *BOOK.start() + place as u16 } else { OTHERS[place - BOOK_LEN] };
        assert!(slots[fid as usize] == NO_SLOT, "a field number stands twice in the table");
        slots[fid as usize] = place as u8;
        place += 1;
    }
    slots
};

/// A field number as a key writes it; `None` for what is none, also for one with a zero before it: that is another key.
const fn number(key: &[u8]) -> Option<u16> {
    if key.is_empty() || key.len() > 4 || key[0] == b'0' {
        return None;
    }
    let (mut number, mut place) = (0, 0);
    while place < key.len() {
        if !key[place].is_ascii_digit() {
            return None;
        }
        number = number * 10 + (key[place] - b'0') as u16;
        place += 1;
    }
    Some(number)
}

/// The number of a field that this program reads, checked when it is compiled.
pub(super) const fn fid(key: &str) -> u16 {
    let Some(fid) = number(key.as_bytes()) else { panic!("a key of a REAL message is a number of up to four digits") };
    assert!(SLOT_OF[fid as usize] != NO_SLOT, "a field number that is read is missing in the table");
    fid
}

/// The values of an entry by their field numbers, borrowed from the message.
pub(super) struct Values<'a> {
    texts: [&'a str; SLOTS],
    seen: u128,
}

impl<'a> Values<'a> {
    /// A field; blank when it is not there.
    pub(super) fn get(&self, fid: u16) -> &'a str {
        SLOT_OF.get(usize::from(fid)).and_then(|slot| self.texts.get(usize::from(*slot))).copied().unwrap_or("")
    }
}

/// Where an entry's fields are read from.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// The text of a JSON object.
    Text(&'a str),
    /// Its fields, found already.
    Values(&'a Values<'a>),
}

/// A [`record!`](super::field::record) whose keys are field numbers, to be read from either [`Source`].
macro_rules! real_record {
    ($($record:tt)*) => {
        $crate::venue::kiwoom::wire::field::record! { $($record)* }
        $crate::venue::kiwoom::wire::real::from_source! { $($record)* }
    };
}
pub(super) use real_record;

macro_rules! from_source {
    ($(#[$doc:meta])* $what:literal $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $key:literal,)* }) => {
        impl $name {
            pub(super) fn from_source(
                source: $crate::venue::kiwoom::wire::real::Source<'_>,
            ) -> Result<Self, $crate::venue::wire_error::WireError> {
                match source {
                    $crate::venue::kiwoom::wire::real::Source::Text(text) => $name::read(text),
                    $crate::venue::kiwoom::wire::real::Source::Values(values) => Ok($name {
                        $($field: $crate::venue::kiwoom::wire::field::Value::read(
                            $what,
                            $key,
                            values.get(const { $crate::venue::kiwoom::wire::real::fid($key) }),
                        )?,)*
                    }),
                }
            }
        }
    };
}
pub(super) use from_source;

/// `{"trnm":"REAL","data":[…]}` and no other key.
struct Message;

impl<'de> Visitor<'de> for Message {
    type Value = Vec<Result<Real, WireError>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a REAL message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut trnm, mut data) = (None, None);
        while let Some(key) = map.next_key::<&str>()? {
            match key {
                "trnm" if trnm.is_none() => trnm = Some(map.next_value::<Plain<'_>>()?).filter(|trnm| trnm.0 == "REAL"),
                "data" if data.is_none() => data = Some(map.next_value_seed(Entries)?),
                _ => return Err(unusual()),
            }
        }
        data.filter(|_| trnm.is_some()).ok_or_else(unusual)
    }
}

struct Entries;

impl<'de> DeserializeSeed<'de> for Entries {
    type Value = Vec<Result<Real, WireError>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<Result<Real, WireError>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::with_capacity(1);
        while let Some(entry) = list.next_element_seed(Entry)? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

struct Entry;

impl<'de> DeserializeSeed<'de> for Entry {
    type Value = Result<Real, WireError>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entry {
    type Value = Result<Real, WireError>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        // The values stand before the type that says which of them are read.
        let mut values = Values { texts: [""; SLOTS], seen: 0 };
        let (mut kind, mut item, mut valued) = (None, None, false);
        while let Some(key) = map.next_key::<&str>()? {
            match key {
                "type" if kind.is_none() => kind = Some(map.next_value::<Plain<'_>>()?.0),
                "item" if item.is_none() => item = Some(map.next_value::<Plain<'_>>()?.0),
                "values" if !valued => {
                    map.next_value_seed(&mut values)?;
                    valued = true;
                }
                "type" | "item" | "values" => return Err(unusual()),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let kind = kind.filter(|_| valued).ok_or_else(unusual)?;
        let body = RealBody::read(kind, Source::Values(&values));
        Ok(body.map(|body| Real { item: item.unwrap_or_default().trim().to_owned(), body }))
    }
}

impl<'de> DeserializeSeed<'de> for &mut Values<'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Values<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("values by field number")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<&str>()? {
            let slot = number(key.as_bytes()).map_or(NO_SLOT, |fid| SLOT_OF[usize::from(fid)]);
            let Some(text) = self.texts.get_mut(usize::from(slot)) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            // What a key twice means depends on the type.
            if self.seen & (1 << slot) != 0 {
                return Err(unusual());
            }
            self.seen |= 1 << slot;
            *text = map.next_value::<Plain<'_>>()?.0;
        }
        Ok(())
    }
}

/// A string without escapes; `null` is blank.
struct Plain<'a>(&'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Plain<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Plain<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string without escapes")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Plain<'de>, E> {
                Ok(Plain(text))
            }

            fn visit_unit<E: Error>(self) -> Result<Plain<'de>, E> {
                Ok(Plain(""))
            }
        }
        deserializer.deserialize_any(Text)
    }
}

/// No one reads it: the whole message is read once more.
fn unusual<E: Error>() -> E {
    E::custom("not as usual")
}

#[cfg(test)]
#[path = "real_tests.rs"]
mod tests;
