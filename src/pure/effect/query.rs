//! Questions to venues: [`Query`].

use alloc::format;
use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::account::OrderId;
use crate::market::{InstrumentId, Venue};

/// A question to a venue. What a venue cannot answer is [`Answer::Failed`](crate::event::Answer::Failed).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Query {
    /// What became of one order.
    Order(OrderId),
    /// Open orders, positions and balances.
    Account(Venue),
    /// Facts of an instrument's day (기본정보): the answer is [`MarketEvent::Reference`](crate::event::MarketEvent::Reference).
    Reference(InstrumentId),
    /// Its newest bars: the answer is [`MarketEvent::Bar`](crate::event::MarketEvent::Bar)s, the oldest first.
    Bars {
        /// Of what.
        instrument: InstrumentId,
        /// How long each.
        length: BarLength,
        /// How many, at most; up to [`Query::BARS_MAX`].
        count: u16,
    },
    /// What meets a condition search (조건검색) now: the answer is [`MarketEvent::Condition`](crate::event::MarketEvent::Condition)s.
    Condition {
        /// Where.
        venue: Venue,
        /// Its number there.
        number: u32,
    },
}

/// How long a bar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BarLength {
    /// So many trades. Such a bar has no span.
    Trades(u8),
    /// So many minutes.
    Minutes(u8),
    /// A day of the venue. `adjusted`: prices before a split as if it had been.
    Day {
        /// Whether prices are adjusted.
        adjusted: bool,
    },
}

/// How the words of questions about the market begin.
const MARKET_QUESTIONS: [&str; 3] = ["base data of #", "bars of #", "condition search "];

impl Query {
    /// Most bars one question asks for.
    pub const BARS_MAX: u16 = 3_000;

    /// Whether it is about the market, and not about us.
    pub const fn is_of_market(&self) -> bool {
        matches!(self, Query::Reference(_) | Query::Bars { .. } | Query::Condition { .. })
    }

    /// Whether words are those of a question about the market.
    pub fn is_market_question(text: &str) -> bool {
        MARKET_QUESTIONS.iter().any(|begin| text.starts_with(begin))
    }

    /// Which question it is, in words: that of [`Answer::Failed`](crate::event::Answer::Failed).
    pub fn question(&self) -> String {
        match self {
            Query::Order(order) => format!("order {order}"),
            Query::Account(_) => "account".into(),
            Query::Reference(instrument) => format!("{}{}", MARKET_QUESTIONS[0], instrument.0),
            Query::Bars { instrument, .. } => format!("{}{}", MARKET_QUESTIONS[1], instrument.0),
            Query::Condition { number, .. } => format!("{}{number}", MARKET_QUESTIONS[2]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_about_the_market_are_known_by_their_words() {
        let (instrument, venue) = (InstrumentId(7), Venue::Kiwoom);
        let length = BarLength::Day { adjusted: true };
        let market =
            [Query::Reference(instrument), Query::Bars { instrument, length, count: 1 }, Query::Condition { venue, number: 3 }];
        assert_eq!(market[0].question(), format!("base data of {instrument}"));
        assert!(market.iter().all(|query| query.is_of_market() && Query::is_market_question(&query.question())));
        for query in [Query::Account(venue), Query::Order(OrderId::default())] {
            assert!(!query.is_of_market() && !Query::is_market_question(&query.question()));
        }
    }
}
