//! Market data as the venue writes them, DEFAULT spelling: numbers bare, with all their digits.

use jangbu_journal::Nanos;

use crate::market::number::{ONE, divide};
use crate::market::{InstrumentId, Price, Qty, Rate, Rounding, Side};
use crate::venue::exchange::{DayStats, Exchange, Traded};
use crate::venue::upbit::wire::MarketCode;
use crate::venue::upbit::wire::moment::utc_and_korean;

const fn word(side: Side) -> &'static str {
    if matches!(side, Side::Buy) { "BID" } else { "ASK" }
}

/// RISE, EVEN, FALL; the difference with its sign; the same as a share.
fn change(price: Price, before: Price) -> (&'static str, Price, Rate) {
    let difference = Price::from_raw(price.raw().saturating_sub(before.raw()));
    let share = divide(i128::from(difference.raw()) * i128::from(ONE), i128::from(before.raw()), Rounding::HalfEven);
    let rate = Rate::from_raw(share.and_then(|raw| i64::try_from(raw).ok()).unwrap_or(0));
    let name = match difference.raw() {
        1.. => "RISE",
        0 => "EVEN",
        _ => "FALL",
    };
    (name, difference, rate)
}

fn absolute(price: Price) -> Price {
    Price::from_raw(price.raw().saturating_abs())
}

/// `2026-11-20` and `09:04:05`, UTC.
fn date_and_time(ms: i64) -> (String, String) {
    let (utc, _) = utc_and_korean(Nanos::new(ms.saturating_mul(1_000_000)));
    utc.split_once('T').map(|(date, time)| (date.to_owned(), time.to_owned())).unwrap_or_default()
}

/// A trade.
pub(super) fn trade(code: MarketCode, traded: &Traded, before: Price, id: u64, now_ms: i64) -> String {
    let (change, difference, _) = change(traded.price, before);
    let (date, time) = date_and_time(now_ms);
    let best = |name: &str, price: Option<Price>| price.map_or(String::new(), |price| format!(",\"{name}\":{price}"));
    format!(
        "{{\"type\":\"trade\",\"code\":\"{code}\",\"timestamp\":{now_ms},\"trade_date\":\"{date}\",\"trade_time\":\"{time}\",\
         \"trade_timestamp\":{now_ms},\"trade_price\":{},\"trade_volume\":{},\"ask_bid\":\"{}\",\"prev_closing_price\":{before},\
         \"change\":\"{change}\",\"change_price\":{},\"sequential_id\":{id}{}{},\"stream_type\":\"REALTIME\"}}",
        traded.price,
        traded.qty,
        word(traded.taker.unwrap_or(Side::Buy)),
        absolute(difference),
        best("best_ask_price", traded.ask),
        best("best_bid_price", traded.bid),
    )
}

/// A ticker of the stream; [`ticker_fields`] are those that REST shares.
pub(super) fn ticker(code: MarketCode, day: &DayStats, before: Price, taker: Option<Side>, now_ms: i64) -> String {
    format!(
        "{{\"type\":\"ticker\",\"code\":\"{code}\",{},\"ask_bid\":\"{}\",\"acc_ask_volume\":{},\"acc_bid_volume\":{},\
         \"market_state\":\"ACTIVE\",\"is_trading_suspended\":false,\"delisting_date\":null,\"market_warning\":\"NONE\",\
         \"stream_type\":\"REALTIME\"}}",
        ticker_fields(day, before, now_ms),
        word(taker.unwrap_or(Side::Buy)),
        day.sold,
        day.bought,
    )
}

/// What a ticker of REST has as well.
pub(super) fn ticker_fields(day: &DayStats, before: Price, now_ms: i64) -> String {
    let (change, difference, rate) = change(day.last, before);
    let (date, time) = date_and_time(now_ms);
    format!(
        "\"opening_price\":{},\"high_price\":{},\"low_price\":{},\"trade_price\":{},\"prev_closing_price\":{before},\
         \"acc_trade_price\":{value},\"change\":\"{change}\",\"change_price\":{},\"signed_change_price\":{difference},\
         \"change_rate\":{},\"signed_change_rate\":{rate},\"trade_volume\":{},\"acc_trade_volume\":{volume},\
         \"trade_date\":\"{}\",\"trade_time\":\"{}\",\"trade_timestamp\":{now_ms},\"highest_52_week_price\":{},\
         \"highest_52_week_date\":\"{date}\",\"lowest_52_week_price\":{},\"lowest_52_week_date\":\"{date}\",\
         \"timestamp\":{now_ms},\"acc_trade_price_24h\":{value},\"acc_trade_volume_24h\":{volume}",
        day.open,
        day.high,
        day.low,
        day.last,
        absolute(difference),
        Rate::from_raw(rate.raw().saturating_abs()),
        day.last_qty,
        date.replace('-', ""),
        time.replace(':', ""),
        day.high,
        day.low,
        value = day.value,
        volume = day.volume,
    )
}

/// A book of the stream: [`book_fields`] with its head.
pub(super) fn book(code: MarketCode, exchange: &Exchange, id: InstrumentId, now_ms: i64) -> String {
    format!(
        "{{\"type\":\"orderbook\",\"code\":\"{code}\",{},\"stream_type\":\"REALTIME\",\"level\":0}}",
        book_fields(exchange, id, now_ms)
    )
}

/// What a book of REST has as well.
pub(super) fn book_fields(exchange: &Exchange, id: InstrumentId, now_ms: i64) -> String {
    let (asks, bids) = (exchange.book(id, Side::Sell), exchange.book(id, Side::Buy));
    let total = |levels: &[(Price, Qty)]| levels.iter().fold(Qty::ZERO, |sum, level| sum.checked_add(level.1).unwrap_or(sum));
    let none = (Price::ZERO, Qty::ZERO);
    let rows: Vec<String> = (0..asks.len().max(bids.len()))
        .map(|row| {
            let (ask, bid) = (asks.get(row).unwrap_or(&none), bids.get(row).unwrap_or(&none));
            format!("{{\"ask_price\":{},\"bid_price\":{},\"ask_size\":{},\"bid_size\":{}}}", ask.0, bid.0, ask.1, bid.1)
        })
        .collect();
    format!(
        "\"timestamp\":{now_ms},\"total_ask_size\":{},\"total_bid_size\":{},\"orderbook_units\":[{}]",
        total(&asks),
        total(&bids),
        rows.join(",")
    )
}

/// A book with no more rows than asked for; its text otherwise unchanged.
pub(super) fn cut_book(text: &str, rows_max: usize) -> String {
    let Some((head, rest)) = text.split_once('[') else { return text.to_owned() };
    let Some((rows, tail)) = rest.split_once(']') else { return text.to_owned() };
    let kept = rows.match_indices("},{").nth(rows_max.saturating_sub(1)).map_or(rows, |(at, _)| &rows[..=at]);
    format!("{head}[{kept}]{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_book_is_cut_to_its_rows() {
        let text = r#"{"a":1,"obu":[{"x":1},{"x":2},{"x":3}],"st":"REALTIME"}"#;
        assert_eq!(cut_book(text, 1), r#"{"a":1,"obu":[{"x":1}],"st":"REALTIME"}"#);
        assert_eq!(cut_book(text, 2), r#"{"a":1,"obu":[{"x":1},{"x":2}],"st":"REALTIME"}"#);
        for rows in [3, 30] {
            assert_eq!(cut_book(text, rows), text);
        }
        assert_eq!(cut_book("{}", 1), "{}");
    }
}
