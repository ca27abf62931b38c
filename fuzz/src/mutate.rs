//! Changes of seeds, the same ones every time: [`Mutator`].

/// A xorshift generator (Marsaglia 2003, 13-7-17): the changes are a function of its seed.
#[derive(Clone, Debug)]
pub struct Mutator(u64);

/// Bytes that stand at the edges of what formats take.
const BYTES: [u8; 10] = [0, 1, 0x7f, 0x80, 0xff, 250, 251, 252, 253, b'"'];
/// Numbers and pieces of text that stand at the edges of what readers take.
const PIECES: [&str; 18] = [
    "0",
    "-1",
    "1e5",
    "0.000000001",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "92233720368547758.07",
    "99999999999999999999999999999999999999999",
    "null",
    "\\u0000",
    "\"\"",
    "[]",
    "{}",
    "\n",
    ",",
    "가",
    "none",
];
/// No input grows beyond this.
const BYTES_MAX: usize = 64 << 10;

impl Mutator {
    /// From a seed; 0 is taken as 1.
    pub fn new(seed: u64) -> Self {
        Mutator(seed.max(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        ((self.next() >> 33) as usize).checked_rem(end).unwrap_or(0)
    }

    /// One of `seeds`, changed a few times.
    pub fn input(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut data = seeds.get(self.below(seeds.len())).cloned().unwrap_or_default();
        let is_text = std::str::from_utf8(&data).is_ok();
        for _ in 0..=self.below(4) {
            let other = seeds.get(self.below(seeds.len())).map_or(&[][..], Vec::as_slice);
            // Most texts with a random byte changed are refused at once: change what stands between the marks more often.
            match self.below(8) {
                0..=2 if is_text => self.renumber(&mut data),
                3 | 4 if is_text => self.exchange(&mut data, other, b'"'),
                5 if is_text => self.exchange(&mut data, other, b'\n'),
                _ => self.change(&mut data, other),
            }
        }
        data.truncate(BYTES_MAX);
        data
    }

    /// One change; `other` is where spliced pieces come from.
    fn change(&mut self, data: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(data.len());
        match self.below(9) {
            0 | 1 if !data.is_empty() => data[at] ^= 1 << self.below(8),
            2 if !data.is_empty() => data[at] = self.next() as u8,
            3 if !data.is_empty() => data[at] = BYTES[self.below(BYTES.len())],
            4 => {
                let end = at + self.below(data.len() - at + 1).min(64);
                data.drain(at..end);
            }
            5 => {
                let end = at + self.below(data.len() - at + 1).min(256);
                let copy = data[at..end].to_vec();
                let to = self.below(data.len() + 1);
                data.splice(to..to, copy);
            }
            6 => {
                let from = self.below(other.len());
                let end = from + self.below(other.len() - from + 1);
                data.splice(at..at, other[from..end].iter().copied());
            }
            7 => {
                let piece = PIECES[self.below(PIECES.len())].bytes();
                data.splice(at..at, piece);
            }
            _ => data.truncate(at),
        }
    }

    /// Puts what stands between two marks in `other` in the place of what stands between two marks in `data`, or beside it.
    fn exchange(&mut self, data: &mut Vec<u8>, other: &[u8], mark: u8) {
        let (start, end) = self.between(data, mark);
        let (from, to) = self.between(other, mark);
        let start = if mark == b'\n' && self.below(2) == 0 { end } else { start };
        let beside: &[u8] = if start == end && start > 0 { &[mark] } else { &[] };
        data.splice(start..end, beside.iter().chain(&other[from..to]).copied());
    }

    /// A range between two marks, or between a mark and an end.
    fn between(&mut self, data: &[u8], mark: u8) -> (usize, usize) {
        let at = self.below(data.len());
        let start = data[..at].iter().rposition(|byte| *byte == mark).map_or(0, |start| start + 1);
        let end = data[start..].iter().position(|byte| *byte == mark).map_or(data.len(), |length| start + length);
        (start, end)
    }

    /// Puts something else in the place of a number in text, or counts it up or down.
    fn renumber(&mut self, data: &mut Vec<u8>) {
        let from = self.below(data.len());
        let Some(start) = data[from..].iter().position(u8::is_ascii_digit).map(|at| from + at) else { return };
        let length = data[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = std::str::from_utf8(&data[start..start + length]).ok().and_then(|text| text.parse::<u64>().ok());
        let text = match (number, self.below(4)) {
            (Some(number), 0 | 1) => number.wrapping_add(1 + self.below(3) as u64).to_string(),
            (Some(number), 2) => number.saturating_sub(1).to_string(),
            _ => PIECES[self.below(PIECES.len())].to_owned(),
        };
        data.splice(start..start + length, text.into_bytes());
    }
}
