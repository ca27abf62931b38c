//! A cause of refusal in two languages, and the line made of it: [`Words`].

/// What a cause is in words, what to do about it, and what a program does about it (`R`, the venue's own remedies).
#[derive(Clone, Copy, Debug)]
pub struct Words<R> {
    /// What was wrong.
    pub english: &'static str,
    /// What to do.
    pub english_do: &'static str,
    /// 무엇이 잘못되었는지.
    pub korean: &'static str,
    /// 무엇을 해야 하는지.
    pub korean_do: &'static str,
    /// What a program does about it.
    pub remedy: R,
}

/// A row of a table of causes.
pub const fn words<R>(
    english: &'static str,
    english_do: &'static str,
    korean: &'static str,
    korean_do: &'static str,
    remedy: R,
) -> Words<R> {
    Words { english, english_do, korean, korean_do, remedy }
}

impl<R> Words<R> {
    /// One line: who refused, what was wrong, what was told by the venue, what to do.
    pub fn in_english(&self, venue: &str, told: &str) -> String {
        format!("{venue}: {} ({told}). To do: {}", self.english, self.english_do)
    }

    /// 한 줄: 누가 거부했는지, 무엇이 잘못되었는지, 거래소의 말, 무엇을 해야 하는지.
    pub fn in_korean(&self, venue: &str, told: &str) -> String {
        format!("{venue}: {} ({told}). 조치: {}", self.korean, self.korean_do)
    }
}
