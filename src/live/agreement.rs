//! Our books beside those of an emulated broker: [`Agreement`].

use core::fmt::Write as _;
use std::collections::BTreeMap;

use serde::Serialize;

use super::status::{Book, Status};
use crate::market::number::ONE;
use crate::market::{Money, Venue};
use crate::venue::kiwoom::emulator::KiwoomLedger;

/// What both say of one figure, as decimal text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// Our portfolio.
    pub ours: String,
    /// The emulator's ledger.
    pub theirs: String,
}

impl Pair {
    fn of(ours: i128, theirs: i128) -> Self {
        // Our figures are exact at 1e-8; both are shown in the same words.
        let text = |raw: i128| Money::from_raw(raw).to_string();
        Pair { ours: text(ours), theirs: text(theirs) }
    }

    fn agrees(&self) -> bool {
        self.ours == self.theirs
    }
}

/// One stock that was traded or is held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PositionPair {
    /// Its code.
    pub symbol: String,
    /// Its name.
    pub name: String,
    /// Shares held.
    pub qty: Pair,
    /// Value sold less value bought since the emulator began, KRW, without fees and taxes.
    pub traded: Pair,
    /// Fees since then, KRW.
    pub fees: Pair,
    /// Taxes since then, KRW.
    pub taxes: Pair,
}

/// Both books.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Agreement {
    /// Whether every figure is the same, to the unit.
    pub agrees: bool,
    /// Whether the emulator's last day was over: before that, orders may be under way, and books may differ.
    pub complete: bool,
    /// Cash, KRW.
    pub cash: Pair,
    /// Fees since the emulator began, KRW.
    pub fees: Pair,
    /// Taxes since then, KRW.
    pub taxes: Pair,
    /// Orders the broker took; amendments are of one of them.
    pub orders: usize,
    /// Fills the broker made.
    pub fills: usize,
    /// Stock by stock.
    pub positions: Vec<PositionPair>,
}

/// Sums of a stock.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    qty: i128,
    traded: i128,
    fees: i128,
    taxes: i128,
}

impl Sums {
    fn of(book: &Book) -> Self {
        Sums { qty: book.qty.raw(), traded: book.traded.raw(), fees: book.fees.raw(), taxes: book.taxes.raw() }
    }
}

impl Agreement {
    /// Compares what `status` says with the emulator's `ledger`, which knows nothing of what was before it: `begun` is our books
    /// then.
    pub fn of(status: &Status, begun: &[Book], ledger: &KiwoomLedger, name: impl Fn(&str) -> String) -> Self {
        let unit = i128::from(ONE);
        let mut rows: BTreeMap<&str, (Sums, Sums)> = BTreeMap::new();
        for book in status.books.iter().filter(|book| book.venue == Venue::Kiwoom) {
            let mut ours = Sums::of(book);
            if let Some(before) = begun.iter().find(|before| (before.venue, &before.symbol) == (book.venue, &book.symbol)) {
                let before = Sums::of(before);
                ours.traded -= before.traded;
                ours.fees -= before.fees;
                ours.taxes -= before.taxes;
            }
            rows.entry(&book.symbol).or_default().0 = ours;
        }
        for held in &ledger.holdings {
            rows.entry(&held.code).or_default().1.qty = i128::from(held.qty) * unit;
        }
        for fill in &ledger.fills {
            let theirs = &mut rows.entry(&fill.code).or_default().1;
            let value = i128::from(fill.price) * i128::from(fill.qty) * unit;
            theirs.traded += if fill.buy { -value } else { value };
            theirs.fees += i128::from(fill.fee) * unit;
            theirs.taxes += i128::from(fill.tax) * unit;
        }
        let sum = |of: fn(&Sums) -> i128| rows.values().map(|row| of(&row.0)).sum::<i128>();
        let (fees, taxes) = (sum(|sums| sums.fees), sum(|sums| sums.taxes));
        let cash = status.cash.iter().find(|row| row.venue == Venue::Kiwoom).map_or(0, |row| row.total.raw());
        let positions: Vec<PositionPair> = rows
            .iter()
            .filter(|(_, (ours, theirs))| [ours, theirs].iter().any(|sums| sums.qty != 0 || sums.traded != 0 || sums.fees != 0))
            .map(|(code, (ours, theirs))| PositionPair {
                symbol: (*code).to_owned(),
                name: name(code),
                qty: Pair::of(ours.qty, theirs.qty),
                traded: Pair::of(ours.traded, theirs.traded),
                fees: Pair::of(ours.fees, theirs.fees),
                taxes: Pair::of(ours.taxes, theirs.taxes),
            })
            .collect();
        let mut agreement = Agreement {
            agrees: false,
            complete: false,
            cash: Pair::of(cash, i128::from(ledger.cash) * unit),
            fees: Pair::of(fees, i128::from(ledger.fees) * unit),
            taxes: Pair::of(taxes, i128::from(ledger.taxes) * unit),
            orders: ledger.orders.iter().filter(|order| order.original.is_none()).count(),
            fills: ledger.fills.len(),
            positions,
        };
        let agrees = agreement.pairs().all(Pair::agrees);
        agreement.agrees = agrees;
        agreement
    }

    fn pairs(&self) -> impl Iterator<Item = &Pair> {
        let rows = self.positions.iter().flat_map(|row| [&row.qty, &row.traded, &row.fees, &row.taxes]);
        [&self.cash, &self.fees, &self.taxes].into_iter().chain(rows)
    }

    /// The text a terminal shows.
    pub fn text(&self) -> String {
        let verdict = match (self.agrees, self.complete) {
            (true, _) => "같음 · the same, to the won",
            (false, true) => "다름 · THEY DIFFER",
            (false, false) => "다름, 하루가 끝나기 전 · they differ: the day was not over, orders may be under way",
        };
        let mut text = format!("장부와 모의 증권사 · our books and the emulated broker's: {verdict}\n");
        let mut line = |what: &str, pair: &Pair| {
            let mark = if pair.agrees() { "=" } else { "≠" };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {what:<28} {:>18} {mark} {:<18}", pair.ours, pair.theirs);
        };
        line("예수금 · cash", &self.cash);
        line("수수료 · fees", &self.fees);
        line("세금 · taxes", &self.taxes);
        for row in &self.positions {
            line(&format!("{} {} 보유 · qty", row.symbol, row.name), &row.qty);
            line("       매도-매수 · sold-bought", &row.traded);
            line("       수수료 · fees", &row.fees);
            line("       세금 · taxes", &row.taxes);
        }
        let _ = writeln!(text, "  증권사의 주문 · orders there {}, 체결 · fills {}", self.orders, self.fills);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::status::CashRow;
    use crate::market::Qty;
    use crate::venue::kiwoom::emulator::{KiwoomFill, KiwoomHolding};

    fn money(amount: i64) -> Money {
        Money::from_raw(i128::from(amount) * i128::from(ONE))
    }

    fn ours(cash: i64, fees: i64) -> Status {
        let qty = Qty::from_raw(10 * i128::from(ONE));
        let book = Book {
            venue: Venue::Kiwoom,
            symbol: "005930".into(),
            qty,
            traded: money(-750_000),
            fees: money(fees),
            taxes: Money::ZERO,
        };
        let cash = CashRow { venue: Venue::Kiwoom, total: money(cash) };
        Status { books: vec![book], cash: vec![cash], ..Status::default() }
    }

    #[test]
    fn books_are_compared_figure_by_figure_since_the_broker_began() {
        let fill = KiwoomFill { number: 1, order: 1, code: "005930".into(), buy: true, price: 75_000, qty: 10, fee: 110, tax: 0 };
        let holding = KiwoomHolding { code: "005930".into(), qty: 10, sellable: 10, cost: 750_000 };
        let ledger =
            KiwoomLedger { cash: 249_890, fees: 110, holdings: vec![holding], fills: vec![fill], ..KiwoomLedger::default() };
        let name = |_: &str| "삼성전자".to_owned();
        let same = Agreement::of(&ours(249_890, 110), &[], &ledger, name);
        assert!(same.agrees && same.text().contains("같음"), "{}", same.text());
        // 40 KRW of fees were paid before the broker began.
        let mut before = ours(0, 40).books;
        before[0].traded = Money::ZERO;
        let later = Agreement::of(&ours(249_890, 150), &before, &ledger, name);
        assert!(later.agrees, "{}", later.text());
        for (cash, fees) in [(249_891, 110), (249_890, 111)] {
            let differs = Agreement::of(&ours(cash, fees), &[], &ledger, name);
            assert!(!differs.agrees && differs.text().contains('≠'), "{}", differs.text());
        }
        assert!(!Agreement::of(&Status::default(), &[], &ledger, name).agrees, "a lost fill");
    }
}
