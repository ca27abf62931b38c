//! Codes of stocks and of exchanges: [`Symbol`], [`Exchange`], [`OrderNumber`].

use std::fmt;

use super::field::Value;
use crate::venue::wire_error::WireError;

/// Where Korean stocks trade, as Kiwoom names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exchange {
    /// Korea Exchange (한국거래소).
    #[default]
    Krx,
    /// Nextrade (넥스트레이드), since 2025-03-04.
    Nxt,
    /// Both together: smart order routing, and the combined quotes.
    Sor,
}

impl Exchange {
    /// In orders and balances (`dmst_stex_tp`).
    pub const fn name(self) -> &'static str {
        match self {
            Exchange::Krx => "KRX",
            Exchange::Nxt => "NXT",
            Exchange::Sor => "SOR",
        }
    }

    /// From its name, or from the digit that queries use (0 both, 1 KRX, 2 NXT).
    pub fn parse(text: &str) -> Option<Exchange> {
        match text.trim() {
            "KRX" | "1" => Some(Exchange::Krx),
            "NXT" | "2" => Some(Exchange::Nxt),
            "SOR" | "통합" | "0" => Some(Exchange::Sor),
            _ => None,
        }
    }

    /// What stands behind the code of a stock in quotes, charts and registrations.
    pub const fn suffix(self) -> &'static str {
        match self {
            Exchange::Krx => "",
            Exchange::Nxt => "_NX",
            Exchange::Sor => "_AL",
        }
    }

    /// In the queries of orders (`stex_tp`): 0 all, 1 KRX, 2 NXT.
    pub const fn query(self) -> &'static str {
        match self {
            Exchange::Krx => "1",
            Exchange::Nxt => "2",
            Exchange::Sor => "0",
        }
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Blank, and what is not known, is none.
impl Value for Option<Exchange> {
    fn read(_: &'static str, _: &'static str, text: &str) -> Result<Self, WireError> {
        Ok(Exchange::parse(text))
    }
}

/// A stock as quotes name it: its code and the exchange behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    /// The bare code: `005930`, `0011A0`. Orders carry only this.
    pub code: String,
    /// Where.
    pub exchange: Exchange,
}

impl Symbol {
    /// From any way Kiwoom writes it: `005930`, `A005930`, `005930_NX`, `A005930_AL`.
    pub fn parse(text: &str) -> Symbol {
        let (code, exchange) = split(text);
        Symbol { code: code.to_owned(), exchange }
    }

    /// At KRX.
    pub fn krx(code: &str) -> Symbol {
        Symbol { code: code.to_owned(), exchange: Exchange::Krx }
    }
}

/// The bare code and the exchange, without a copy.
pub(crate) fn split(text: &str) -> (&str, Exchange) {
    let text = text.trim();
    let (code, exchange) = match text.rsplit_once('_') {
        Some((code, "NX")) => (code, Exchange::Nxt),
        Some((code, "AL")) => (code, Exchange::Sor),
        _ => (text, Exchange::Krx),
    };
    // Codes have six characters; a seventh in front is the kind of security (`A` stock, `J` ELW, `Q` ETN).
    let bare = code.strip_prefix(['A', 'J', 'Q']).filter(|bare| bare.len() == 6);
    (bare.unwrap_or(code), exchange)
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.code, self.exchange.suffix())
    }
}

impl Value for Symbol {
    fn read(_: &'static str, _: &'static str, text: &str) -> Result<Self, WireError> {
        Ok(Symbol::parse(text))
    }
}

/// Kiwoom's number of an order: seven digits, counted anew every day. Amendments and cancellations have numbers of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderNumber(u64);

impl OrderNumber {
    /// From its digits; `0` is no number.
    pub const fn new(number: u64) -> Option<OrderNumber> {
        if number == 0 { None } else { Some(OrderNumber(number)) }
    }

    /// As the journal keeps it.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:07}", self.0)
    }
}

/// Blank and `0000000` are none.
impl Value for Option<OrderNumber> {
    fn read(what: &'static str, field: &'static str, text: &str) -> Result<Self, WireError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        number.map(OrderNumber::new).ok_or_else(|| WireError::field(what, field, text, "an order number of up to 19 digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_stripped_of_what_is_around_them() {
        for (text, code, exchange) in [
            ("005930", "005930", Exchange::Krx),
            ("A005930", "005930", Exchange::Krx),
            (" 005930_NX", "005930", Exchange::Nxt),
            ("A005930_AL", "005930", Exchange::Sor),
            ("0011A0", "0011A0", Exchange::Krx),
            ("A00110", "A00110", Exchange::Krx),
            ("", "", Exchange::Krx),
            ("삼_AL", "삼", Exchange::Sor),
        ] {
            assert_eq!(split(text), (code, exchange), "{text:?}");
        }
        assert_eq!(Symbol::parse("A005930_AL").to_string(), "005930_AL");
    }

    #[test]
    fn order_numbers_keep_their_width() {
        let read = |text: &str| <Option<OrderNumber>>::read("a test", "9203", text);
        assert_eq!(read("0052431").map(|number| number.map(|number| number.to_string())), Ok(Some("0052431".into())));
        assert_eq!((read("0000000"), read("")), (Ok(None), Ok(None)));
        assert!(read("12a").is_err() && read("99999999999999999999").is_err());
    }
}
