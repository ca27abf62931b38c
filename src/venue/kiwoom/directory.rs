//! Every stock of the market (ka10099), and the instruments made of some: [`Directory`].

use std::collections::BTreeMap;
use std::sync::Arc;

use jangbu_journal::Nanos;

use super::instruments::{Terms, instrument};
use super::rest::{Rest, RestError};
use super::time::Date;
use super::wire::rest::Remedy;
use super::wire::rest::listing::{AskStockList, ListedMarket, ListedStock};
use super::wire::symbol::Exchange;
use crate::market::{Fees, Instrument, InstrumentId, Price, Venue};
use crate::venue::gateway::Numbers;

/// The lists that are asked for. A stock has the section of the first that has it: funds are on KOSPI's as well, at some servers.
const MARKETS: [ListedMarket; 6] =
    [ListedMarket::Etf, ListedMarket::Etn, ListedMarket::Konex, ListedMarket::Kosdaq, ListedMarket::Kospi, ListedMarket::Reit];

/// Asks for every list. One that the broker does not know is empty; at least one must not be.
pub(super) async fn stocks(rest: &Rest) -> Result<BTreeMap<String, ListedStock>, RestError> {
    let mut stocks = BTreeMap::new();
    let mut failed = None;
    for market in MARKETS {
        match rest.pages(&AskStockList { market }).await {
            Ok(pages) => {
                for stock in pages.into_iter().flatten() {
                    stocks.entry(stock.symbol.code.clone()).or_insert(stock);
                }
            }
            // One that was only refused for now is not empty: its stocks would be unknown all day.
            Err(error) if is_no(&error) => failed = Some(error),
            Err(error) => return Err(error),
        }
    }
    match failed {
        Some(error) if stocks.is_empty() => Err(error),
        _ => Ok(stocks),
    }
}

/// Whether the broker will say the same when it is asked again.
fn is_no(error: &RestError) -> bool {
    error.refusal().is_some_and(|refusal| !matches!(refusal.remedy(), Remedy::Later | Remedy::NewToken))
}

/// What is known of stocks.
pub(super) struct Directory {
    listed: BTreeMap<String, ListedStock>,
    /// The day of the lists.
    listed_on: Option<Date>,
    defined: BTreeMap<InstrumentId, Instrument>,
    codes: BTreeMap<String, InstrumentId>,
    numbers: Arc<Numbers>,
    exchange: Exchange,
    mock: bool,
}

impl Directory {
    pub(super) fn new(numbers: Arc<Numbers>, exchange: Exchange, mock: bool) -> Self {
        let (listed, defined, codes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Directory { listed, listed_on: None, defined, codes, numbers, exchange, mock }
    }

    /// The lists came at `at`.
    pub(super) fn set_listed(&mut self, at: Nanos, listed: BTreeMap<String, ListedStock>) {
        (self.listed, self.listed_on) = (listed, Some(Date::at(at)));
    }

    /// The instrument of a code, if it was defined in this session.
    pub(super) fn id(&self, code: &str) -> Option<InstrumentId> {
        self.codes.get(code).copied()
    }

    /// What the list says of a stock that was defined, if it is of the day of `at`.
    pub(super) fn listed_today(&self, id: InstrumentId, at: Nanos) -> Option<&ListedStock> {
        let code = self.code(id).filter(|_| self.listed_on == Some(Date::at(at)))?;
        self.listed.get(code)
    }

    /// The code of an instrument that was defined in this session.
    pub(super) fn code(&self, id: InstrumentId) -> Option<&str> {
        self.defined.get(&id).map(|row| row.symbol.as_str())
    }

    /// The tick of a price.
    pub(super) fn tick(&self, code: &str, price: Price) -> Option<Price> {
        self.defined.get(self.codes.get(code)?).map(|row| row.ticks.tick_at(price))
    }

    /// What trading it costs.
    pub(super) fn fees(&self, id: InstrumentId) -> Option<&Fees> {
        self.defined.get(&id).map(|row| &row.fees)
    }

    /// Defines a stock, as it is on this day. Its number is asked for only when nothing can go wrong any more: numbers have no gaps.
    ///
    /// # Errors
    /// Why it cannot be one, in words.
    pub(super) fn define(&mut self, code: &str, at: Nanos) -> Result<Instrument, String> {
        let mut made = self.make(code, at)?;
        made.id = self.numbers.of(Venue::Kiwoom, code);
        self.defined.insert(made.id, made.clone());
        self.codes.insert(code.to_owned(), made.id);
        Ok(made)
    }

    /// A new day: the instruments that are not what they were, as they are now. One that is not listed any more stays as it was.
    pub(super) fn define_anew(&mut self, at: Nanos) -> Vec<Instrument> {
        let mut changed = Vec::new();
        let before: Vec<Instrument> = self.defined.values().cloned().collect();
        for before in before {
            let Ok(mut made) = self.make(&before.symbol, at) else { continue };
            made.id = before.id;
            if made != before {
                self.defined.insert(made.id, made.clone());
                changed.push(made);
            }
        }
        changed
    }

    fn make(&self, code: &str, at: Nanos) -> Result<Instrument, String> {
        let Some(stock) = self.listed.get(code) else {
            return Err(format!(
                "{code} is not in Kiwoom's lists of stocks (ka10099). To do: check the code (six characters, like 005930) · \
                 {code}: 종목 목록에 없는 코드입니다. 조치: 종목코드를 확인하십시오 (여섯 자리, 예: 005930)"
            ));
        };
        let terms = Terms { exchange: self.exchange, mock: self.mock, date: Date::at(at) };
        let made = instrument(stock, InstrumentId(0), terms).map_err(|error| format!("{code}: {error}"))?;
        if self.exchange == Exchange::Nxt && !stock.at_nxt {
            return Err(format!(
                "{code} ({}) is not traded at NXT. To do: `exchange = \"KRX\"`, or \"SOR\" for both · NXT에서 거래되지 않는 종목입니다",
                stock.name
            ));
        }
        made.ok_or_else(|| {
            format!(
                "{code} ({}) is of a market whose rules are not known here (market code {}): shares, ETF, ETN and REIT are · \
                 매매 규칙을 모르는 시장의 종목입니다",
                stock.name, stock.market
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::kiwoom::time::TimeOfDay;

    fn directory(exchange: Exchange, at_nxt: &str) -> Directory {
        let text = format!(r#"{{"code":"005930","name":"삼성전자","marketCode":"0","nxtEnable":"{at_nxt}"}}"#);
        let stock = ListedStock::read(&text).expect("a stock");
        let mut directory = Directory::new(Arc::new(Numbers::new([])), exchange, false);
        directory.set_listed(Nanos::ZERO, [("005930".to_owned(), stock)].into());
        directory
    }

    #[test]
    fn a_stock_is_defined_anew_when_a_days_rules_are_others() {
        let noon = |year, month, day| Date::of(year, month, day).moment(TimeOfDay::of(12, 0, 0));
        let mut directory = directory(Exchange::Krx, "Y");
        let before = directory.define("005930", noon(2025, 12, 1)).expect("defined");
        assert_eq!(directory.define_anew(noon(2025, 12, 2)), []);
        // The tax of 2026 is higher.
        let changed = directory.define_anew(noon(2026, 1, 5));
        assert_eq!((changed.len(), changed[0].id, changed[0].symbol.as_str()), (1, before.id, "005930"));
        assert!(changed[0].fees.sell_tax > before.fees.sell_tax);
        assert_eq!(directory.fees(before.id), Some(&changed[0].fees));
    }

    #[test]
    fn what_nxt_does_not_trade_is_said() {
        let noon = Date::of(2026, 11, 20).moment(TimeOfDay::of(12, 0, 0));
        let error = directory(Exchange::Nxt, "").define("005930", noon).expect_err("not there");
        assert!(error.contains("NXT") && error.contains("exchange"), "{error}");
        assert!(directory(Exchange::Nxt, "Y").define("005930", noon).is_ok());
        assert!(directory(Exchange::Sor, "").define("005930", noon).is_ok());
    }
}
