//! What Binance says of our orders and account.

use jangbu::account::OrderType;
use jangbu::market::{Price, Qty, Side};
use jangbu::venue::binance::wire::private::filters::filters;
use jangbu::venue::binance::wire::private::orders::{order, orders, placed, replaced, trades};
use jangbu::venue::binance::wire::private::user::Execution;
use jangbu::venue::binance::wire::private::{ClientId, Fate, Parameters, Refusal, UserFrame, account};

/// Bytes as every frame of the user data stream and every answer about orders and the account, line by line.
///
/// What is read is possible: trades have a number, a price and a quantity; a refusal with a server's status proves nothing; a name
/// that is ours is written as it was read; and a listen key is nothing but letters and digits.
pub fn binance_private(data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n') {
        frame(line);
        answers(line);
        refusals(line);
    }
}

fn frame(line: &[u8]) {
    let Ok(frame) = UserFrame::parse(line) else { return };
    let UserFrame::Order(report) = &frame else { return };
    assert_eq!(report.trade.is_some(), report.execution == Execution::Trade, "{report:?}");
    if let Some(trade) = &report.trade {
        assert!(trade.trade > 0 && trade.price.is_positive() && trade.qty.is_positive(), "{trade:?}");
    }
    name(&report.client_id);
}

fn name(text: &str) {
    if let Ok(id) = text.parse::<ClientId>() {
        assert_eq!(id.to_string(), text);
        assert!(id.text().is_none_or(|text| text.len() <= 36));
    }
    // Whatever a name holds, a query stays one query.
    let query = Parameters::new().with("symbol", text).with("side", "BUY").query();
    assert_eq!((query.matches('&').count(), query.matches('=').count()), (1, 2), "{query}");
}

fn answers(line: &[u8]) {
    if let Ok(row) = order(line) {
        name(&row.client_id);
        let list = [b"[", line, b"]"].concat();
        assert_eq!(orders(&list), Ok(vec![row]));
    }
    let _ = (placed(line), trades(line), replaced(200, line), replaced(409, line), orders(line));
    let _ = (account::spot_account(line), account::futures_balances(line), account::is_hedged(line), account::prices(line));
    let _ = account::positions(line);
    if let Ok(key) = account::listen_key(line) {
        assert!(!key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{key}");
    }
    if let Ok(rules) = filters(line, ["BTCUSDT"]) {
        for (price, qty) in [(1, 1), (i64::MAX, i128::MAX), (6_000_000_000_000, 1_000_000)] {
            let (price, qty) = (Price::from_raw(price), Qty::from_raw(qty));
            for side in [Side::Buy, Side::Sell] {
                let _ = rules[0].check(side, OrderType::Limit(price), qty, Some(price));
                let _ = rules[0].check(side, OrderType::Market, qty, Some(price));
            }
        }
    }
}

fn refusals(line: &[u8]) {
    for status in [200, 302, 400, 403, 409, 418, 429, 500, 503, 504] {
        let refusal = Refusal::of(status, line);
        assert!(refusal.message.chars().count() <= 200 && !refusal.message.contains('\n'));
        assert!(refusal.fate != Fate::NotDone || (400..500).contains(&status), "{status}: {refusal:?}");
    }
}
