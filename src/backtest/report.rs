//! What a backtest came to: [`Report`], as JSON by serde and as text in English or Korean.

use std::collections::BTreeMap;
use std::fmt::Write;

use jangbu_journal::Nanos;
use serde::{Deserialize, Serialize};

use crate::market::{Currency, Money, Venue};

/// What a backtest came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Events applied: history, ticks, and what the simulator answered.
    pub events: u64,
    /// Events of history.
    pub history: u64,
    /// Ticks of timers.
    pub ticks: u64,
    /// Orders submitted.
    pub orders: u64,
    /// Fills.
    pub fills: u64,
    /// Orders the venue refused.
    pub rejections: u64,
    /// Orders the kernel did not let leave.
    pub refused: u64,
    /// Cancellations sent.
    pub cancellations: u64,
    /// Moment of the first event.
    pub started: Nanos,
    /// Moment of the last event.
    pub ended: Nanos,
    /// Money, by account.
    pub results: Vec<AccountReport>,
    /// Notices of the kernel, by code.
    pub notices: BTreeMap<String, u64>,
    /// Effects decided.
    pub effects: u64,
    /// Digest of all effects, in hexadecimal.
    pub effects_digest: String,
    /// Digest of the final state, in hexadecimal.
    pub state_digest: String,
    /// How long it took. Here nobody has a clock: whoever called sets it.
    pub elapsed_ns: Option<u64>,
}

/// What became of the money of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountReport {
    /// Where.
    pub venue: Venue,
    /// In which currency.
    pub currency: Currency,
    /// Cash at the end, reserved cash included.
    pub cash: Money,
    /// Profit of what was closed, before fees and taxes.
    pub realised: Money,
    /// Profit of what is open, at the last price.
    pub unrealised: Money,
    /// Fees.
    pub fees: Money,
    /// Taxes.
    pub taxes: Money,
    /// Funding received, and other income; below 0 it was paid.
    #[serde(default)]
    pub income: Money,
    /// Realised and unrealised profit and income less fees and taxes.
    pub profit: Money,
    /// The deepest fall of `profit` from its highest so far, seen at every fill and once a minute.
    pub drawdown: Money,
}

/// The language of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// 한국어.
    Korean,
}

impl Report {
    /// Events a second, when the time it took is known.
    pub fn events_per_second(&self) -> Option<u64> {
        let elapsed = u128::from(self.elapsed_ns?).max(1);
        u64::try_from(u128::from(self.events) * 1_000_000_000 / elapsed).ok()
    }

    /// A line each, for people.
    pub fn text(&self, language: Language) -> String {
        let label = |english: &'static str, korean: &'static str| match language {
            Language::English => english,
            Language::Korean => korean,
        };
        let mut rows: Vec<(String, String)> = Vec::new();
        let mut row = |label: &str, value: String| rows.push((label.to_owned(), value));
        let seconds = self.ended.since(self.started) / 1_000_000_000;
        row(label("events", "이벤트"), grouped(self.events));
        row(label("  of history", "  과거 데이터"), grouped(self.history));
        row(label("  timer ticks", "  타이머"), grouped(self.ticks));
        row(label("span, seconds", "기간(초)"), seconds.to_string());
        row(label("orders", "주문"), grouped(self.orders));
        row(label("  not let out", "  내보내지 않음"), grouped(self.refused));
        row(label("  refused", "  거부"), grouped(self.rejections));
        row(label("  cancellations", "  취소"), grouped(self.cancellations));
        row(label("fills", "체결"), grouped(self.fills));
        for result in &self.results {
            let unit = result.currency;
            row(label("account", "계좌"), format!("{} {unit}", result.venue));
            row(label("  profit", "  손익"), format!("{} {unit}", result.profit));
            row(label("  realised", "  실현"), format!("{} {unit}", result.realised));
            row(label("  unrealised", "  평가"), format!("{} {unit}", result.unrealised));
            row(label("  fees", "  수수료"), format!("{} {unit}", result.fees));
            row(label("  taxes", "  세금"), format!("{} {unit}", result.taxes));
            if !result.income.is_zero() {
                row(label("  funding", "  펀딩비 등"), format!("{} {unit}", result.income));
            }
            row(label("  drawdown", "  최대 낙폭"), format!("{} {unit}", result.drawdown));
            row(label("  cash", "  현금"), format!("{} {unit}", result.cash));
        }
        for (code, count) in &self.notices {
            row(&format!("{} {code}", label("notice", "알림")), grouped(*count));
        }
        row(label("effects", "결정"), format!("{}  {}", grouped(self.effects), self.effects_digest));
        row(label("final state", "최종 상태"), self.state_digest.clone());
        if let (Some(elapsed), Some(rate)) = (self.elapsed_ns, self.events_per_second()) {
            row(label("took, ms", "걸린 시간(ms)"), (elapsed / 1_000_000).to_string());
            row(label("events a second", "초당 이벤트"), grouped(rate));
        }
        let width = rows.iter().map(|(label, _)| columns(label)).max().unwrap_or(0);
        rows.iter().fold(String::new(), |mut text, (label, value)| {
            let _ = writeln!(text, "{label}{:pad$}  {value}", "", pad = width - columns(label));
            text
        })
    }
}

/// 1234567 as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How wide a terminal shows it: a Hangul syllable takes two columns.
fn columns(text: &str) -> usize {
    text.chars().map(|character| if ('가'..='힣').contains(&character) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_told_in_two_languages() {
        let profit = |text: &str| text.parse::<Money>().expect("money");
        let report = Report {
            events: 1_234_567,
            elapsed_ns: Some(500_000_000),
            results: vec![AccountReport {
                venue: Venue::BinanceUsdM,
                cash: profit("1009.5"),
                currency: "USDT".parse().expect("a currency"),
                realised: profit("12.5"),
                unrealised: profit("-2"),
                fees: profit("1"),
                taxes: profit("0"),
                income: profit("0"),
                profit: profit("9.5"),
                drawdown: profit("3"),
            }],
            ..Report::default()
        };
        let english = report.text(Language::English);
        assert!(english.contains("events           1,234,567\n"), "{english}");
        assert!(english.contains("  profit         9.5 USDT\n"), "{english}");
        assert!(english.contains("events a second  2,469,134\n"), "{english}");
        let korean = report.text(Language::Korean);
        assert!(korean.contains("  손익           9.5 USDT\n"), "{korean}");
        assert_eq!(english.lines().count(), korean.lines().count());
        let json = serde_json::to_string(&report).expect("JSON");
        assert_eq!(serde_json::from_str::<Report>(&json).expect("a report"), report);
    }
}
