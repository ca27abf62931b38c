//! Totals over venues and currencies, and premiums, as texts: for the status of a session and for a replay. [`valued`].

use core::fmt::Write as _;

use serde::Serialize;

use crate::kernel::Kernel;
use crate::market::{Instrument, Rate, Rounding, number::divide};

/// What everything is worth in one currency, as decimal text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Valued {
    /// The currency of totals.
    pub currency: String,
    /// The sum of what is valued; `None` when it does not fit.
    pub total: Option<String>,
    /// Whether every account is in the sum.
    pub whole: bool,
    /// Every account.
    pub accounts: Vec<AccountValue>,
}

/// One account, as decimal text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AccountValue {
    /// Where.
    pub venue: String,
    /// Its currency.
    pub currency: String,
    /// What it is worth in it: cash and positions.
    pub equity: Option<String>,
    /// What one unit of it is worth.
    pub rate: Option<String>,
    /// What it is worth in the currency of totals.
    pub value: Option<String>,
    /// Why it is not valued: no rate, no price.
    pub problem: Option<String>,
}

/// How much dearer a coin is at home than abroad (김프).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PremiumRow {
    /// The coin.
    pub coin: String,
    /// Its market at home, `venue:SYMBOL`.
    pub home: String,
    /// Its market abroad.
    pub abroad: String,
    /// The premium, 0.03 is 3 %; `None` while a price is missing or old.
    pub premium: Option<String>,
    /// The same in percent, to two decimals.
    pub percent: Option<String>,
}

/// What `kernel` comes to in the currency of totals, if one is set.
pub fn valued(kernel: &Kernel) -> Option<Valued> {
    let found = kernel.valuation()?;
    let accounts = found.rows.iter().map(|row| AccountValue {
        venue: row.venue.name().into(),
        currency: row.currency.as_str().into(),
        equity: row.equity.ok().map(|money| money.to_string()),
        rate: row.rate.map(|rate| rate.to_string()),
        value: row.value.ok().map(|money| money.to_string()),
        problem: row.value.err().map(|problem| problem.to_string()),
    });
    Some(Valued {
        currency: found.currency.to_string(),
        total: found.total.ok().map(|money| money.to_string()),
        whole: found.is_whole,
        accounts: accounts.collect(),
    })
}

/// Every premium of `kernel`.
pub fn premiums(kernel: &Kernel) -> Vec<PremiumRow> {
    let name = |instrument: &Instrument| format!("{}:{}", instrument.venue, instrument.symbol);
    let row = |(home, abroad, rate): (&Instrument, &Instrument, Option<Rate>)| PremiumRow {
        coin: home.base.to_string(),
        home: name(home),
        abroad: name(abroad),
        premium: rate.map(|rate| rate.to_string()),
        percent: rate.and_then(percent),
    };
    kernel.premiums().map(row).collect()
}

/// A rate in percent, with its sign and two decimals: `+1.23`.
fn percent(rate: Rate) -> Option<String> {
    // A hundredth of a percent is 1e-4.
    let hundredths = divide(i128::from(rate.raw()), 10_000, Rounding::HalfEven)?;
    let (sign, size) = (if hundredths < 0 { '-' } else { '+' }, hundredths.unsigned_abs());
    Some(format!("{sign}{}.{:02}", size / 100, size % 100))
}

impl Valued {
    /// One line: the total, and what is not in it.
    pub fn line(&self) -> String {
        let mut line = format!("{} {}", self.total.as_deref().unwrap_or("?"), self.currency);
        for account in &self.accounts {
            if let Some(problem) = &account.problem {
                // Writing to a String cannot fail.
                let _ = write!(line, " · {} {} {problem}", account.venue, account.currency);
            }
        }
        line
    }

    /// One line for each account.
    pub fn lines(&self) -> Vec<String> {
        let row = |account: &AccountValue| {
            let AccountValue { venue, currency, equity, rate, value, problem } = account;
            let equity = equity.as_deref().unwrap_or("?");
            match (value, rate, problem) {
                (Some(value), Some(rate), None) if *currency != self.currency => {
                    format!("{venue} {equity} {currency} × {rate} = {value} {}", self.currency)
                }
                (.., Some(problem)) => format!("{venue} {equity} {currency} {problem}"),
                _ => format!("{venue} {equity} {currency}"),
            }
        };
        self.accounts.iter().map(row).collect()
    }
}

impl PremiumRow {
    /// `BTC +1.23%`; `BTC ?` while it is not known.
    pub fn text(&self) -> String {
        match &self.percent {
            Some(percent) => format!("{} {percent}%", self.coin),
            None => format!("{} ?", self.coin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_have_a_sign_and_two_decimals() {
        let text = |raw| percent(Rate::from_raw(raw)).expect("it fits");
        assert_eq!([text(1_234_567), text(-50_000), text(0), text(123_000_000)], ["+1.23", "-0.05", "+0.00", "+123.00"]);
    }

    #[test]
    fn what_is_not_valued_is_said() {
        let accounts = vec![
            AccountValue {
                venue: "upbit".into(),
                currency: "KRW".into(),
                equity: Some("5".into()),
                value: Some("5".into()),
                ..Default::default()
            },
            AccountValue {
                venue: "binance-spot".into(),
                currency: "USDT".into(),
                equity: Some("7".into()),
                problem: Some("not valued: no rate USDT→KRW".into()),
                ..Default::default()
            },
        ];
        let valued = Valued { currency: "KRW".into(), total: Some("5".into()), whole: false, accounts };
        assert_eq!(valued.line(), "5 KRW · binance-spot USDT not valued: no rate USDT→KRW");
        assert_eq!(valued.lines(), ["upbit 5 KRW", "binance-spot 7 USDT not valued: no rate USDT→KRW"]);
    }
}
