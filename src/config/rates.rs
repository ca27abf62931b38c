//! Exchange rates of the settings: `valuation.rates`.

use std::ops::Range;

use super::{Fault, Kind, Reader, Table};
use crate::event::valuation::{RateSettings, RateSource};
use crate::market::{Currency, Price, Venue};

pub(super) const EXPECTED: &str =
    "a list, like [{ of = \"USDT\", instrument = \"upbit:KRW-USDT\" }, { of = \"USD\", value = 1400 }]";

impl Reader<'_> {
    /// One of them: an instrument or a value, not both.
    pub(super) fn rate(&mut self, table: &Table<'_>, span: Range<usize>, path: &str) {
        self.unknown(table, path, &["of", "instrument", "value"]);
        let of = self.required::<Currency>(table, &span, path, "of", Kind::Text, "a currency, like \"USDT\"");
        let source = match (table.get("instrument"), table.get("value")) {
            (Some(_), None) => self
                .required::<String>(table, &span, path, "instrument", Kind::Text, "an instrument, like \"upbit:KRW-USDT\"")
                .and_then(|name| self.rate_instrument(&span, path, name)),
            (None, Some(_)) => self
                .required::<Price>(table, &span, path, "value", Kind::Number, "a price, like 1400")
                .and_then(|price| self.rate_value(&span, path, price)),
            _ => {
                let expected = "either instrument = \"upbit:KRW-USDT\" or value = 1400".to_owned();
                return self.problem(span, path, Fault::Missing { expected });
            }
        };
        if let (Some(of), Some(source)) = (of, source) {
            let rates = &mut self.layers.config.valuation.rates;
            if rates.iter().any(|known| known.of == of) {
                let reason = format!("a second rate of {of}");
                return self.problem(span, path, Fault::Refused { reason });
            }
            rates.push(RateSettings { of, source });
        }
    }

    fn rate_instrument(&mut self, span: &Range<usize>, path: &str, name: String) -> Option<RateSource> {
        let (venue, symbol) = name.split_once(':').unwrap_or((&name, ""));
        let reason = match venue.parse::<Venue>() {
            Err(reason) => reason,
            Ok(_) if symbol.is_empty() => format!("`{name}` names no symbol (expected venue:SYMBOL)"),
            Ok(_) => return Some(RateSource::Instrument(name)),
        };
        self.problem(span.clone(), &format!("{path}.instrument"), Fault::Refused { reason });
        None
    }

    fn rate_value(&mut self, span: &Range<usize>, path: &str, price: Price) -> Option<RateSource> {
        if price.is_positive() {
            return Some(RateSource::Fixed(price));
        }
        let reason = format!("`{price}` is not above 0");
        self.problem(span.clone(), &format!("{path}.value"), Fault::Refused { reason });
        None
    }
}
