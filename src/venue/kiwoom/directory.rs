//! Every stock of the market (ka10099), and the instruments made of some: [`Directory`].

use std::collections::BTreeMap;
use std::sync::Arc;

use jangbu_journal::Nanos;

use super::instruments::{Terms, instrument};
use super::rest::{Rest, RestError};
use super::time::Date;
use super::wire::rest::listing::{AskStockList, ListedMarket, ListedStock};
use super::wire::symbol::Exchange;
use crate::market::{Fees, Instrument, InstrumentId, Venue};
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
            Err(error) if error.refusal().is_some() => failed = Some(error),
            Err(error) => return Err(error),
        }
    }
    match failed {
        Some(error) if stocks.is_empty() => Err(error),
        _ => Ok(stocks),
    }
}

/// What is known of stocks.
pub(super) struct Directory {
    listed: BTreeMap<String, ListedStock>,
    defined: BTreeMap<InstrumentId, (String, Fees)>,
    codes: BTreeMap<String, InstrumentId>,
    numbers: Arc<Numbers>,
    exchange: Exchange,
    mock: bool,
}

impl Directory {
    pub(super) fn new(numbers: Arc<Numbers>, exchange: Exchange, mock: bool) -> Self {
        Directory { listed: BTreeMap::new(), defined: BTreeMap::new(), codes: BTreeMap::new(), numbers, exchange, mock }
    }

    /// The lists came.
    pub(super) fn set_listed(&mut self, listed: BTreeMap<String, ListedStock>) {
        self.listed = listed;
    }

    /// The instrument of a code, if it was defined in this session.
    pub(super) fn id(&self, code: &str) -> Option<InstrumentId> {
        self.codes.get(code).copied()
    }

    /// The code of an instrument that was defined in this session.
    pub(super) fn code(&self, id: InstrumentId) -> Option<&str> {
        self.defined.get(&id).map(|row| row.0.as_str())
    }

    /// What trading it costs.
    pub(super) fn fees(&self, id: InstrumentId) -> Option<&Fees> {
        self.defined.get(&id).map(|row| &row.1)
    }

    /// Defines a stock, as it is on this day. Its number is asked for only when nothing can go wrong any more: numbers have no gaps.
    ///
    /// # Errors
    /// Why it cannot be one, in words.
    pub(super) fn define(&mut self, code: &str, at: Nanos) -> Result<Instrument, String> {
        let Some(stock) = self.listed.get(code) else {
            return Err(format!(
                "{code} is not in Kiwoom's lists of stocks (ka10099). To do: check the code · 종목 목록에 없는 코드입니다"
            ));
        };
        let terms = Terms { exchange: self.exchange, mock: self.mock, date: Date::at(at) };
        let made = instrument(stock, InstrumentId(0), terms).map_err(|error| format!("{code}: {error}"))?;
        let Some(mut made) = made else {
            return Err(format!(
                "{code} ({}) is of a market whose rules are not known here (market code {}): shares, ETF, ETN and REIT are · \
                 매매 규칙을 모르는 시장의 종목입니다",
                stock.name, stock.market
            ));
        };
        made.id = self.numbers.of(Venue::Kiwoom, code);
        self.defined.insert(made.id, (code.to_owned(), made.fees.clone()));
        self.codes.insert(code.to_owned(), made.id);
        Ok(made)
    }
}
