//! Two ways to do the same work, by turns: [`interleave`].

use std::time::{Duration, Instant};

/// What several rounds gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The one in the middle.
    pub median: f64,
    /// The lowest.
    pub min: f64,
    /// The highest.
    pub max: f64,
}

impl Spread {
    /// Of at least one value; of none all are 0.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (Some(min), Some(max)) = (sorted.first(), sorted.last()) else {
            return Spread { median: 0.0, min: 0.0, max: 0.0 };
        };
        let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Spread { median: (low + high) / 2.0, min: *min, max: *max }
    }
}

/// The same work, done by the subject and by the limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compared {
    /// How fast the subject is, the limit being 1: the limit's time over the subject's, round by round.
    pub ratio: Spread,
    /// Seconds the subject took.
    pub subject_s: Spread,
    /// Seconds the limit took.
    pub limit_s: Spread,
}

impl Compared {
    fn of(rounds: &[(Duration, Duration)]) -> Self {
        let seconds = |duration: Duration| duration.as_secs_f64().max(f64::MIN_POSITIVE);
        Compared {
            ratio: Spread::of(rounds.iter().map(|(subject, limit)| seconds(*limit) / seconds(*subject))),
            subject_s: Spread::of(rounds.iter().map(|(subject, _)| seconds(*subject))),
            limit_s: Spread::of(rounds.iter().map(|(_, limit)| seconds(*limit))),
        }
    }
}

/// Measures both by turns, `rounds` times, the first to go alternating; says after each round how many are done. A round
/// before the first is thrown away: it warms what the others find warm.
pub(super) fn interleave<E>(
    rounds: usize,
    mut subject: impl FnMut() -> Result<Duration, E>,
    mut limit: impl FnMut() -> Result<Duration, E>,
    mut done: impl FnMut(usize),
) -> Result<Compared, E> {
    let mut times = Vec::with_capacity(rounds);
    for round in 0..=rounds {
        let pair = if round % 2 == 0 {
            let subject = subject()?;
            (subject, limit()?)
        } else {
            let limit = limit()?;
            (subject()?, limit)
        };
        if round > 0 {
            times.push(pair);
        }
        done(round);
    }
    Ok(Compared::of(&times))
}

/// How long `work` takes, and what it gives.
pub(super) fn timed<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(Duration, T), E> {
    let started = Instant::now();
    let made = work()?;
    Ok((started.elapsed(), made))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Spread { median: 2.0, min: 1.0, max: 3.0 });
        assert_eq!(Spread::of([4.0, 1.0]).median, 2.5);
        assert_eq!(Spread::of([]).median, 0.0);
    }

    #[test]
    fn ratios_are_of_one_round_and_the_first_round_does_not_count() {
        let ms = |values: [u64; 4]| values.map(Duration::from_millis).into_iter();
        let (mut subjects, mut limits) = (ms([900, 10, 20, 40]), ms([1, 5, 20, 10]));
        let mut said = Vec::new();
        let compared = interleave(3, || subjects.next().ok_or(()), || limits.next().ok_or(()), |round| said.push(round));
        let compared = compared.expect("four rounds");
        assert_eq!(compared.ratio, Spread { median: 0.5, min: 0.25, max: 1.0 });
        assert_eq!((compared.subject_s.max, compared.limit_s.median), (0.04, 0.01));
        assert_eq!(said, [0, 1, 2, 3]);
        assert_eq!(interleave(1, || Err("no"), || Ok(Duration::ZERO), |_| ()).err(), Some("no"));
    }
}
