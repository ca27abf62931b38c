//! Values of REAL frames, all fields of each type. Source: fact sheet 4.5 to 4.12.

use super::stocks::{Active, Stock};
use super::write::{Fields, fields, krw, money, percent, put, shares, signed, signed_percent, whole};
use crate::market::{Price, Qty, Side};
use crate::venue::exchange::{DayStats, Holding, LedgerFill, Order, Traded};
use crate::venue::kiwoom::time::TimeOfDay;
use crate::venue::kiwoom::wire::number::coloured;
use crate::venue::kiwoom::wire::rest::order::OrderKind;
use crate::venue::kiwoom::wire::symbol::Exchange;

/// What reports of an order say beside the exchange's numbers.
#[derive(Clone, Debug)]
pub(super) struct Meta {
    pub(super) exchange: Exchange,
    pub(super) kind: OrderKind,
}

/// Best ask and bid.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Best {
    pub(super) ask: Option<Price>,
    pub(super) bid: Option<Price>,
}

fn best(price: Option<Price>, stock: &Stock) -> String {
    price.map_or_else(|| "0".into(), |price| coloured(whole(price), stock.base))
}

/// `0B`: a trade.
pub(super) fn trade(stock: &Stock, traded: &Traded, session: &str, turnover_before: i64) -> Fields {
    let (price, qty, day) = (whole(traded.price), shares(traded.qty), &traded.day);
    let (volume, bought, sold) = (shares(day.volume), shares(day.bought), shares(day.sold));
    let time = TimeOfDay::at(traded.at).to_string();
    let taken = match traded.taker {
        Some(Side::Buy) => format!("+{qty}"),
        Some(Side::Sell) => format!("-{qty}"),
        None => qty.to_string(),
    };
    let by_side = |side| if traded.taker == Some(side) { taken.clone() } else { " 0".into() };
    let value = money(day.value);
    // `-` below 100 %, `+` from there on.
    let compared = percent(volume, stock.previous_volume);
    let strength = if sold == 0 { "0.00".into() } else { percent(bought, sold) };
    let mut values = fields([
        ("20", time),
        ("10", coloured(price, stock.base)),
        ("11", signed(price - stock.base)),
        ("12", signed_percent(price - stock.base, stock.base)),
        ("27", best(traded.ask, stock)),
        ("28", best(traded.bid, stock)),
        ("15", taken.clone()),
        ("13", volume.to_string()),
        ("14", (value / 1_000_000).to_string()),
        ("16", coloured(whole(day.open), stock.base)),
        ("17", coloured(whole(day.high), stock.base)),
        ("18", coloured(whole(day.low), stock.base)),
        ("25", stock.direction(price).to_owned()),
        ("26", signed(volume - stock.previous_volume)),
        ("29", signed(value - turnover_before)),
        ("30", format!("{}{compared}", if volume < stock.previous_volume { '-' } else { '+' })),
        ("31", percent(volume, stock.listed)),
        ("32", (price * 23 / 10_000).to_string()),
        ("228", strength),
        ("311", stock.capitalisation(price).to_string()),
        ("290", session.to_owned()),
        ("691", "0".into()),
        ("567", "000000".into()),
        ("568", "000000".into()),
        ("1030", sold.to_string()),
        ("1031", bought.to_string()),
        ("1032", percent(bought, volume)),
        ("1071", day.sells.to_string()),
        ("1072", day.buys.to_string()),
        ("1313", signed(price * qty / 1_000 * if traded.taker == Some(Side::Sell) { -1 } else { 1 })),
        ("1315", by_side(Side::Sell)),
        ("1316", by_side(Side::Buy)),
        ("1314", signed(bought - sold)),
        ("620", (value / volume.max(1)).to_string()),
        ("9081", "KRX".into()),
    ]);
    for blank in ["851", "1890", "1891", "1892", "1497", "1498", "732", "852"] {
        put(&mut values, blank, "");
    }
    values
}

/// `0C`: best prices.
pub(super) fn best_prices(stock: &Stock, prices: Best) -> Fields {
    fields([("27", best(prices.ask, stock)), ("28", best(prices.bid, stock))])
}

/// A side of the book as levels, best first.
pub(super) type Levels = [(Price, Qty)];

/// `0D`: the book. `expected`: what an auction would give, in one.
pub(super) fn book(
    stock: &mut Stock,
    time: TimeOfDay,
    asks: &Levels,
    bids: &Levels,
    day: &DayStats,
    expected: Option<(Price, Qty)>,
) -> Fields {
    let mut values = fields([("21", time.to_string())]);
    let mut totals = [0_i64; 2];
    let mut changes = [0_i64; 2];
    for (side, (levels, price_from, qty_from, change_from)) in [(asks, 41, 61, 81), (bids, 51, 71, 91)].into_iter().enumerate() {
        for place in 0..10 {
            let (price, qty) = levels.get(place).map_or((0, 0), |level| (whole(level.0), shares(level.1)));
            let change = qty - stock.book_before[side][place];
            stock.book_before[side][place] = qty;
            totals[side] += qty;
            changes[side] += change;
            let price = if price == 0 { "0".into() } else { coloured(price, stock.base) };
            put(&mut values, &(price_from + place).to_string(), price);
            put(&mut values, &(qty_from + place).to_string(), qty.to_string());
            put(&mut values, &(change_from + place).to_string(), signed(change));
            put(&mut values, &(if side == 0 { 621 } else { 631 } + place).to_string(), "0");
            put(&mut values, &(if side == 0 { 6_044 } else { 6_054 } + place).to_string(), qty.to_string());
            put(&mut values, &(if side == 0 { 6_066 } else { 6_076 } + place).to_string(), "0");
        }
    }
    let [ask, bid] = totals;
    let (price, qty) = expected.map_or((0, 0), |(price, qty)| (whole(price), shares(qty)));
    let change = if price == 0 { 0 } else { price - stock.base };
    let shown = if price == 0 { "0".into() } else { coloured(price, stock.base) };
    let rest = fields([
        ("121", ask.to_string()),
        ("122", signed(changes[0])),
        ("125", bid.to_string()),
        ("126", signed(changes[1])),
        ("23", shown.clone()),
        ("24", qty.to_string()),
        ("128", signed(bid - ask)),
        ("129", percent(bid, ask)),
        ("138", signed(ask - bid)),
        ("139", percent(ask, bid)),
        ("200", signed(change)),
        ("201", signed_percent(change, stock.base)),
        ("238", stock.direction(if price == 0 { stock.base } else { price }).to_owned()),
        ("291", shown),
        ("292", qty.to_string()),
        ("293", stock.direction(if price == 0 { stock.base } else { price }).to_owned()),
        ("294", signed(change)),
        ("295", signed_percent(change, stock.base)),
        ("13", shares(day.volume).to_string()),
        ("299", percent(qty, stock.previous_volume)),
        ("215", String::new()),
        ("216", String::new()),
        ("6064", ask.to_string()),
        ("6065", bid.to_string()),
        ("6086", "0".into()),
        ("6087", "0".into()),
    ]);
    values.extend(rest);
    for zero in (6_100..=6_115).map(|fid: u32| fid.to_string()) {
        put(&mut values, &zero, "0");
    }
    values
}

/// `0s`: a session begins or ends.
pub(super) fn session(code: &str, time: TimeOfDay, remaining: &str) -> Fields {
    fields([("215", code.to_owned()), ("20", time.to_string()), ("214", remaining.to_owned())])
}

/// `1h`: an interruption begins, or ends at `ended`.
pub(super) fn interruption(stock: &Stock, active: &Active, ended: Option<TimeOfDay>, day: &DayStats) -> Fields {
    let Active { price, began, fixed, moving } = *active;
    // What it is not has a reference of 0 (n/a) and a deviation of 0.00.
    let fixed_reference = if fixed { stock.vi.reference } else { 0 };
    let of = |reference: i64| if reference > 0 { signed_percent(price - reference, reference) } else { "0.00".to_owned() };
    let up = price >= moving.unwrap_or(stock.vi.reference);
    // 9068 of one that is both is not known: the static one's.
    let (number, name) = match (fixed, moving) {
        (true, None) => ("1", "정적"),
        (false, _) => ("2", "동적"),
        (true, Some(_)) => ("1", "동적+정적"),
    };
    let (open, moving) = (whole(day.open), moving.unwrap_or(0));
    fields([
        ("9001", stock.code.clone()),
        ("302", stock.name.clone()),
        ("13", shares(day.volume).to_string()),
        ("14", Stock::turnover_million(day).to_string()),
        ("9068", number.into()),
        ("9008", if stock.board == crate::venue::kiwoom::rules::Board::Kosdaq { "101" } else { "001" }.into()),
        ("9075", "1".into()),
        ("1221", price.to_string()),
        ("1223", TimeOfDay::at(began).to_string()),
        ("1224", ended.map_or_else(|| "000000".into(), |ended| ended.to_string())),
        ("1225", name.into()),
        ("1236", fixed_reference.to_string()),
        ("1237", moving.to_string()),
        ("1238", of(fixed_reference)),
        ("1239", of(moving)),
        ("1489", of(open)),
        ("1490", stock.vi.count.to_string()),
        ("9069", if up { "1" } else { "2" }.into()),
        ("1279", format!("{}{name}", if up { '+' } else { '-' })),
    ])
}

/// `02`: a stock enters or leaves a condition.
pub(super) fn condition(seq: u32, code: &str, entered: bool, time: TimeOfDay) -> Fields {
    fields([
        ("841", seq.to_string()),
        ("9001", code.to_owned()),
        ("843", if entered { "I" } else { "D" }.into()),
        ("20", time.to_string()),
        ("907", if entered { "2" } else { "1" }.into()),
    ])
}

/// What a report of an order is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report<'a> {
    pub(super) account: &'a str,
    pub(super) prefix: bool,
    pub(super) filled_per_fill: bool,
    pub(super) stock: &'a Stock,
    pub(super) order: &'a Order,
    pub(super) meta: &'a Meta,
    pub(super) last: Price,
    pub(super) best: Best,
    pub(super) time: TimeOfDay,
}

/// What a report says has happened: the number it stands under, the order it names, status, text, what is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Happened<'a> {
    pub(super) number: u64,
    pub(super) original: u64,
    pub(super) status: &'static str,
    pub(super) action: &'a str,
    pub(super) qty: i64,
    pub(super) open: i64,
}

/// The text of a side, as FID 905 and `io_tp_nm` have it.
pub(super) fn action(side: Side, amended: bool) -> &'static str {
    match (side, amended) {
        (Side::Buy, false) => "+매수",
        (Side::Sell, false) => "-매도",
        (Side::Buy, true) => "+매수정정",
        (Side::Sell, true) => "-매도정정",
    }
}

/// The exchange's code, name, and whether the order was routed smartly.
pub(super) fn venue_fields(exchange: Exchange) -> (&'static str, &'static str, &'static str) {
    match exchange {
        Exchange::Krx => ("1", "KRX", "N"),
        Exchange::Nxt => ("2", "NXT", "N"),
        Exchange::Sor => ("0", "통합", "Y"),
    }
}

/// `00`: a report of an order; `fill` for one that traded.
pub(super) fn order(report: &Report<'_>, happened: &Happened<'_>, fill: Option<&LedgerFill>) -> Fields {
    let Report { stock, order, meta, .. } = report;
    let code = if report.prefix { format!("A{}", stock.code) } else { stock.code.clone() };
    let (exchange, exchange_name, routed) = venue_fields(meta.exchange);
    let blank = |text: Option<i64>| text.map_or(String::new(), |value| value.to_string());
    let filled = match fill {
        Some(fill) if report.filled_per_fill => Some(shares(fill.qty)),
        Some(_) => Some(shares(order.filled)),
        None => None,
    };
    let average = fill.map(|_| order.average().map_or(0, whole));
    fields([
        ("9201", report.account.to_owned()),
        ("9203", format!("{:07}", happened.number)),
        ("9205", String::new()),
        ("9001", code),
        ("912", "JJ".into()),
        ("913", happened.status.into()),
        ("302", stock.name.clone()),
        ("900", happened.qty.to_string()),
        ("901", order.limit().map_or(0, whole).to_string()),
        ("902", happened.open.to_string()),
        ("903", money(order.value).to_string()),
        ("904", format!("{:07}", happened.original)),
        ("905", happened.action.to_owned()),
        ("906", meta.kind.name().to_owned()),
        ("907", if order.side == Side::Buy { "2" } else { "1" }.into()),
        ("908", report.time.to_string()),
        ("909", blank(fill.map(|fill| i64::try_from(fill.number).unwrap_or(i64::MAX)))),
        ("910", blank(average)),
        ("911", blank(filled)),
        ("10", coloured(whole(report.last), stock.base)),
        ("27", best(report.best.ask, stock)),
        ("28", best(report.best.bid, stock)),
        ("914", blank(fill.map(|fill| whole(fill.price)))),
        ("915", blank(fill.map(|fill| shares(fill.qty)))),
        ("938", money(order.charges.fee).to_string()),
        ("939", money(order.charges.tax).to_string()),
        ("919", "0".into()),
        ("920", String::new()),
        ("921", "0701002".into()),
        ("922", "00".into()),
        ("923", "00000000".into()),
        ("10010", String::new()),
        ("2134", exchange.into()),
        ("2135", exchange_name.into()),
        ("2136", routed.into()),
    ])
}

/// `04`: a holding after a fill.
pub(super) fn holding(report: &Report<'_>, held: &Holding) -> Fields {
    let Report { stock, order, .. } = report;
    let code = if report.prefix { format!("A{}", stock.code) } else { stock.code.clone() };
    let (qty, cost) = (shares(held.qty), money(held.cost));
    let realised = money(held.realised_today);
    fields([
        ("9201", report.account.to_owned()),
        ("9001", code),
        ("917", "00".into()),
        ("916", "00000000".into()),
        ("302", stock.name.clone()),
        ("10", coloured(whole(report.last), stock.base)),
        ("930", qty.to_string()),
        ("931", if qty == 0 { 0 } else { cost / qty }.to_string()),
        ("932", cost.to_string()),
        ("933", shares(held.free()).to_string()),
        ("945", (shares(held.bought_today) - shares(held.sold_today)).to_string()),
        ("946", if order.side == Side::Buy { "2" } else { "1" }.into()),
        ("950", realised.to_string()),
        ("951", "0".into()),
        ("27", best(report.best.ask, stock)),
        ("28", best(report.best.bid, stock)),
        ("307", stock.base.to_string()),
        ("8019", percent(realised, cost.max(1))),
        ("957", "0".into()),
        ("958", "0".into()),
        ("918", "00000000".into()),
        ("990", realised.to_string()),
        ("991", percent(realised, cost.max(1))),
        ("992", "0".into()),
        ("993", "0.00".into()),
        ("959", "0".into()),
        ("924", "0".into()),
    ])
}

/// Whether a price lies on the stock's grid.
pub(super) fn on_grid(stock: &Stock, price: i64) -> bool {
    stock.ticks.is_aligned(krw(price))
}
