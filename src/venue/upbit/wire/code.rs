//! Market codes, `QUOTE-BASE`: [`MarketCode`].

use std::fmt;
use std::str::FromStr;

use crate::market::Currency;

/// Longest code: two assets of at most 11 characters. The longest seen is `USDT-1000SATS`.
const BYTES_MAX: usize = 23;

/// A market as Upbit names it: `KRW-BTC` is bitcoin for won. Small enough to copy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MarketCode([u8; BYTES_MAX + 1]);

impl MarketCode {
    /// The code.
    pub fn as_str(&self) -> &str {
        let length = usize::from(self.0[BYTES_MAX]);
        std::str::from_utf8(&self.0[..length]).unwrap_or("")
    }

    /// What is paid with: `KRW` of `KRW-BTC`.
    pub fn quote(&self) -> &str {
        self.as_str().split_once('-').map_or("", |(quote, _)| quote)
    }

    /// What is bought and sold: `BTC` of `KRW-BTC`.
    pub fn base(&self) -> &str {
        self.as_str().split_once('-').map_or("", |(_, base)| base)
    }

    /// Both as currencies: quote, base.
    pub fn currencies(&self) -> Option<(Currency, Currency)> {
        Some((self.quote().parse().ok()?, self.base().parse().ok()?))
    }
}

impl FromStr for MarketCode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let asset = |part: &str| {
            (1..=15).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        };
        let fits = text.len() <= BYTES_MAX && text.split_once('-').is_some_and(|(quote, base)| asset(quote) && asset(base));
        if !fits {
            let seen: String = text.chars().take(40).collect();
            return Err(format!("`{seen}` is not a market of Upbit (expected QUOTE-BASE in upper case, like KRW-BTC)"));
        }
        let mut code = [0; BYTES_MAX + 1];
        code[..text.len()].copy_from_slice(text.as_bytes());
        code[BYTES_MAX] = text.len() as u8;
        Ok(MarketCode(code))
    }
}

impl fmt::Display for MarketCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for MarketCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_two_assets() {
        let code: MarketCode = "USDT-1000SATS".parse().expect("a market");
        assert_eq!((code.to_string().as_str(), code.quote(), code.base()), ("USDT-1000SATS", "USDT", "1000SATS"));
        for bad in ["", "KRW", "KRW-", "-BTC", "krw-btc", "KRW-BTC-X", "KRW BTC", "KRW-비", "KRW-AAAAAAAAAAAAAAAAAAAA"] {
            assert!(bad.parse::<MarketCode>().is_err(), "{bad}");
        }
    }
}
