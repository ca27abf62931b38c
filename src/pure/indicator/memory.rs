//! What indicators remember: [`Remember`], rings of past values, and the extremes of a window.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use jangbu_journal::{DecodeError, Decoder, Encoder};

/// State that is saved bit for bit. Periods and other parameters are left out: whoever loads has made it from the same ones.
pub trait Remember {
    /// Appends what is remembered.
    fn save(&self, out: &mut Encoder<'_>);

    /// The inverse of `save`.
    ///
    /// # Errors
    /// When the bytes are not the state of such an indicator.
    fn load(&mut self, input: &mut Decoder<'_>) -> Result<(), DecodeError>;
}

impl Remember for f64 {
    fn save(&self, out: &mut Encoder<'_>) {
        // The bits of NaN are not the same everywhere.
        out.u64(if self.is_nan() { 0x7ff8_0000_0000_0000 } else { self.to_bits() });
    }

    fn load(&mut self, input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        *self = f64::from_bits(input.u64()?);
        Ok(())
    }
}

impl Remember for u64 {
    fn save(&self, out: &mut Encoder<'_>) {
        out.u64(*self);
    }

    fn load(&mut self, input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        *self = input.u64()?;
        Ok(())
    }
}

impl Remember for bool {
    fn save(&self, out: &mut Encoder<'_>) {
        out.u8(u8::from(*self));
    }

    fn load(&mut self, input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        *self = match input.u8()? {
            0 => false,
            1 => true,
            value => return Err(DecodeError::Impossible { what: "a truth value of an indicator", value: value.into() }),
        };
        Ok(())
    }
}

impl<T: Remember + Default> Remember for Option<T> {
    fn save(&self, out: &mut Encoder<'_>) {
        self.is_some().save(out);
        if let Some(value) = self {
            value.save(out);
        }
    }

    fn load(&mut self, input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        let mut there = false;
        there.load(input)?;
        *self = None;
        if there { self.insert(T::default()).load(input) } else { Ok(()) }
    }
}

impl<T: Remember, const N: usize> Remember for [T; N] {
    fn save(&self, out: &mut Encoder<'_>) {
        self.iter().for_each(|item| item.save(out));
    }

    fn load(&mut self, input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.iter_mut().try_for_each(|item| item.load(input))
    }
}

/// Says which fields of a type are remembered; the others are parameters.
macro_rules! remembers {
    ($type:ty { $($field:ident),* $(,)? }) => {
        impl $crate::indicator::Remember for $type {
            fn save(&self, out: &mut jangbu_journal::Encoder<'_>) {
                let _ = &out;
                $($crate::indicator::Remember::save(&self.$field, out);)*
            }

            fn load(&mut self, input: &mut jangbu_journal::Decoder<'_>) -> Result<(), jangbu_journal::DecodeError> {
                let _ = &input;
                $($crate::indicator::Remember::load(&mut self.$field, input)?;)*
                Ok(())
            }
        }
    };
}
pub(super) use remembers;

remembers!(super::Candle { open, high, low, close, volume });

/// The last values, `room` of them at most.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ring {
    /// As they lie: a value has the same place until it is forgotten.
    values: Vec<f64>,
    /// The place of the oldest, and of the next.
    next: usize,
    room: usize,
}

impl Ring {
    /// Empty; room for one value at least.
    pub(super) fn new(room: usize) -> Self {
        Ring { values: Vec::new(), next: 0, room: room.max(1) }
    }

    pub(super) fn room(&self) -> usize {
        self.room
    }

    pub(super) fn is_full(&self) -> bool {
        self.values.len() == self.room
    }

    /// Adds a value; gives the one that is forgotten for it.
    #[inline]
    pub(super) fn push(&mut self, value: f64) -> Option<f64> {
        if self.values.len() < self.room {
            self.values.push(value);
            return None;
        }
        let place = self.values.get_mut(self.next)?;
        let forgotten = core::mem::replace(place, value);
        self.next = if self.next + 1 == self.room { 0 } else { self.next + 1 };
        Some(forgotten)
    }

    /// The value at `index`, counted from the oldest; 0 when there is none.
    #[inline]
    pub(super) fn get(&self, index: usize) -> f64 {
        let place = self.next + index;
        self.values.get(if place >= self.room { place - self.room } else { place }).copied().unwrap_or(0.0)
    }

    #[inline]
    pub(super) fn oldest(&self) -> f64 {
        self.get(0)
    }

    /// The values from the oldest on.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = f64> {
        let (late, early) = self.values.split_at(self.next.min(self.values.len()));
        early.iter().chain(late).copied()
    }

    /// The values as they lie.
    pub(super) fn as_they_lie(&self) -> &[f64] {
        &self.values
    }
}

impl Remember for Ring {
    fn save(&self, out: &mut Encoder<'_>) {
        out.u64(self.values.len() as u64);
        out.u64(self.next as u64);
        self.values.iter().for_each(|value| value.save(out));
    }

    fn load(&mut self, input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        let (count, next) = (input.u64()?, input.u64()?);
        if count > self.room as u64 || next >= self.room as u64 || (next > 0 && count < self.room as u64) {
            return Err(DecodeError::OutOfRange { what: "the number of values an indicator keeps" });
        }
        self.next = next as usize;
        self.values.clear();
        for _ in 0..count {
            let mut value = 0.0;
            value.load(input)?;
            self.values.push(value);
        }
        Ok(())
    }
}

/// The largest or smallest of the last `length` values; of equal ones the latest.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Extreme {
    length: u64,
    largest: bool,
    /// Values so far.
    count: u64,
    /// Values that may yet be it, with their numbers: each is beaten by the one before it.
    candidates: VecDeque<(u64, f64)>,
}

impl Extreme {
    pub(super) fn new(length: usize, largest: bool) -> Self {
        Extreme { length: length.max(1) as u64, largest, count: 0, candidates: VecDeque::new() }
    }

    /// Adds a value. The extreme and how many values ago it was, once there are enough.
    #[inline]
    pub(super) fn push(&mut self, value: f64) -> Option<(f64, u64)> {
        self.count = self.count.saturating_add(1);
        let beaten = |before: f64| if self.largest { before <= value } else { before >= value };
        while self.candidates.back().is_some_and(|(_, before)| beaten(*before)) {
            self.candidates.pop_back();
        }
        self.candidates.push_back((self.count, value));
        while self.candidates.front().is_some_and(|(number, _)| number.saturating_add(self.length) <= self.count) {
            self.candidates.pop_front();
        }
        let (number, extreme) = *self.candidates.front()?;
        (self.count >= self.length).then_some((extreme, self.count.saturating_sub(number)))
    }

    /// Values without an extreme before the first that has one.
    pub(super) fn lookback(&self) -> usize {
        self.length as usize - 1
    }
}

impl Remember for Extreme {
    fn save(&self, out: &mut Encoder<'_>) {
        out.u64(self.count);
        out.u64(self.candidates.len() as u64);
        for (number, value) in &self.candidates {
            out.u64(*number);
            value.save(out);
        }
    }

    fn load(&mut self, input: &mut Decoder<'_>) -> Result<(), DecodeError> {
        self.count = input.u64()?;
        let candidates = input.u64()?;
        if candidates > self.length {
            return Err(DecodeError::OutOfRange { what: "the number of values an indicator keeps" });
        }
        self.candidates.clear();
        for _ in 0..candidates {
            let (number, mut value) = (input.u64()?, 0.0);
            value.load(input)?;
            self.candidates.push_back((number, value));
        }
        Ok(())
    }
}
