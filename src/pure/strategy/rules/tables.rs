//! What the rules have to show: the account, the tracking of positions, the orders. [`tables`].

use alloc::vec::Vec;

use super::Rules;
use super::profit::outcome;
use crate::market::{InstrumentId, Qty, Side};
use crate::strategy::View;
use crate::strategy::table::{Cell, Table};

/// 계좌: what is held, and what it would bring now.
const ACCOUNT: &[&str] = &["종목코드", "종목명", "현재가", "매입가", "보유수량", "매매가능수량", "수익률"];
/// 추적: how far stops and parts of what is held have come.
const TRACKING: &[&str] = &["종목코드", "종목명", "트레일링발동여부", "고가", "주문여부", "분할매수횟수", "분할매도횟수"];
/// 주문: orders on their way or resting.
const ORDERS: &[&str] = &["종목코드", "종목명", "주문구분", "주문가격", "주문수량", "체결수량", "미체결수량", "정정횟수"];

/// The account view, the tracking view and the order view.
pub fn tables(rules: &Rules, view: &View<'_>) -> Vec<Table> {
    let (mut account, mut tracking, mut orders) = (Vec::new(), Vec::new(), Vec::new());
    for (id, tracked) in rules.all() {
        let Some(instrument) = view.instrument(id) else { continue };
        let named = named(view, id);
        if let Some(holding) = &tracked.holding {
            let last = view.last(id);
            let found = last.and_then(|last| outcome(instrument, holding.entry, last, holding.qty));
            let mut row = named.clone();
            row.extend([
                last.map_or(Cell::None, Cell::Price),
                Cell::Price(holding.entry),
                Cell::Qty(holding.qty),
                Cell::Qty(free(view, id)),
                found.map_or(Cell::None, |found| Cell::Percent(found.percent)),
            ]);
            account.push(row);
            let mut row = named.clone();
            row.extend([
                Cell::Flag(holding.armed),
                Cell::Price(holding.best),
                Cell::Flag(tracked.working.is_some()),
                Cell::Count(holding.buys.into()),
                Cell::Count(holding.sells.into()),
            ]);
            tracking.push(row);
        }
        if let Some(working) = &tracked.working {
            let rest = working.qty.checked_sub(working.filled).unwrap_or(Qty::ZERO);
            let mut row = named;
            row.extend([
                Cell::Text(if working.side == Side::Buy { "매수".into() } else { "매도".into() }),
                working.limit.map_or(Cell::Text("시장가".into()), Cell::Price),
                Cell::Qty(working.qty),
                Cell::Qty(working.filled),
                Cell::Qty(rest),
                Cell::Count(working.amended.into()),
            ]);
            orders.push(row);
        }
    }
    Vec::from([
        Table { name: "계좌", columns: ACCOUNT, rows: account },
        Table { name: "추적", columns: TRACKING, rows: tracking },
        Table { name: "주문", columns: ORDERS, rows: orders },
    ])
}

/// Code and name of an instrument.
pub(in crate::strategy) fn named(view: &View<'_>, id: InstrumentId) -> Vec<Cell> {
    let (symbol, name) = view.instrument(id).map_or(("?", ""), |found| (found.symbol.as_str(), found.name.as_str()));
    Vec::from([Cell::Text(symbol.into()), Cell::Text(name.into())])
}

/// What of a position no order of the strategy is closing.
fn free(view: &View<'_>, id: InstrumentId) -> Qty {
    let (position, (buying, selling)) = (view.position(id), view.working(id));
    let closing = if position.is_negative() { buying } else { selling };
    position.abs().checked_sub(closing).filter(|free| !free.is_negative()).unwrap_or(Qty::ZERO)
}
