//! The account as queries tell it, as answers for the kernel: cash ([`balance`]), holdings ([`positions`]), open orders ([`open_orders`]).

use super::account::{Deposit, Holding};
use super::reports::OpenOrder;
use crate::event::Answer;
use crate::market::{Currency, InstrumentId, Money, Price, Qty, Rounding, Venue};
use crate::venue::kiwoom::wire::orders::Orders;
use crate::venue::kiwoom::wire::symbol::Symbol;
use crate::venue::wire_error::WireError;

/// Cash by the day of trading, as the books count it: the deposit of two days ahead, when today's trades are settled (추정예수금). Of it,
/// what may be used for orders is free, the rest is held.
///
/// # Errors
/// When the answer does not say what may be used, or knows no deposit.
pub fn balance(cash: &Deposit) -> Result<Answer, WireError> {
    const WHAT: &str = "cash (kt00001)";
    let missing = |field| WireError::Missing { what: WHAT, field, expected: "an amount" };
    let orderable = cash.orderable.ok_or_else(|| missing("ord_alow_amt"))?;
    let deposit = cash.deposit_d2.or(cash.deposit).ok_or_else(|| missing("d2_entra"))?;
    let held = deposit.checked_sub(orderable).unwrap_or(Money::ZERO);
    // Credit and collateral may allow more than there is: then nothing is held.
    let locked = if held.is_negative() { Money::ZERO } else { held };
    let free = deposit.checked_sub(locked).unwrap_or(Money::ZERO);
    let currency: Currency = "KRW".parse().map_err(|_| WireError::field(WHAT, "KRW", "KRW", "a currency"))?;
    Ok(Answer::Balance { venue: Venue::Kiwoom, currency, free, locked })
}

/// Holdings as positions, and the stocks that no instrument is known for. Rows of the same stock (bought in cash and on credit) are one
/// position.
///
/// # Errors
/// When a row does not say how much is held.
pub fn positions(
    rows: &[Holding],
    find: impl Fn(&Symbol) -> Option<InstrumentId>,
) -> Result<(Vec<Answer>, Vec<&Symbol>), WireError> {
    const WHAT: &str = "a holding (kt00018)";
    let mut sums: Vec<(InstrumentId, Qty, Money)> = Vec::new();
    let mut unknown = Vec::new();
    for row in rows {
        let qty = row.qty.ok_or(WireError::Missing { what: WHAT, field: "rmnd_qty", expected: "how much is held" })?;
        if qty.is_zero() {
            continue;
        }
        let Some(id) = find(&row.symbol) else {
            unknown.push(&row.symbol);
            continue;
        };
        let cost = row.cost.or_else(|| row.average?.times(qty, Rounding::HalfEven)).unwrap_or(Money::ZERO);
        let too_large = || WireError::field(WHAT, "rmnd_qty", &qty.to_string(), "a quantity that can be kept");
        match sums.iter_mut().find(|sum| sum.0 == id) {
            Some(sum) => {
                sum.1 = sum.1.checked_add(qty).ok_or_else(too_large)?;
                sum.2 = sum.2.checked_add(cost).ok_or_else(too_large)?;
            }
            None => sums.push((id, qty, cost)),
        }
    }
    let answer = |(instrument, qty, cost): (InstrumentId, Qty, Money)| {
        // The broker's average is cut to whole KRW; the cost says it exactly.
        Answer::Position { instrument, qty, average: cost.per(qty, Rounding::HalfEven).unwrap_or(Price::ZERO) }
    };
    Ok((sums.into_iter().map(answer).collect(), unknown))
}

/// Open orders, those of ours with our id; and the stocks that no instrument is known for.
///
/// # Errors
/// When a row does not say which order it is, of which side or how much of it.
pub fn open_orders<'a>(
    rows: &'a [OpenOrder],
    orders: &Orders,
    find: impl Fn(&Symbol) -> Option<InstrumentId>,
) -> Result<(Vec<Answer>, Vec<&'a Symbol>), WireError> {
    let missing = |field, expected| WireError::Missing { what: "an open order (ka10075)", field, expected };
    let (mut answers, mut unknown) = (Vec::new(), Vec::new());
    for row in rows {
        let number = row.number.ok_or_else(|| missing("ord_no", "the order's number"))?;
        let side = row.action.side.ok_or_else(|| missing("io_tp_nm", "매수 or 매도"))?;
        let qty = row.qty.ok_or_else(|| missing("ord_qty", "how much was ordered"))?;
        let open = row.open_qty.ok_or_else(|| missing("oso_qty", "how much is open"))?;
        let Some(instrument) = find(&row.symbol) else {
            unknown.push(&row.symbol);
            continue;
        };
        let filled = row.filled_qty.or_else(|| qty.checked_sub(open)).unwrap_or(Qty::ZERO);
        let price = row.price.unwrap_or(Price::ZERO);
        let order = orders.order(number).or_else(|| orders.order(row.original?));
        answers.push(Answer::OpenOrder { order, venue_order: number.get(), instrument, side, price, qty, filled });
    }
    Ok((answers, unknown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{OrderId, SessionId};
    use crate::market::Side;
    use crate::venue::kiwoom::wire::symbol::OrderNumber;

    const ID: InstrumentId = InstrumentId(4);

    fn find(symbol: &Symbol) -> Option<InstrumentId> {
        (symbol.code == "005930").then_some(ID)
    }

    fn won(amount: i128) -> Money {
        Money::from_raw(amount * 100_000_000)
    }

    #[test]
    fn cash_is_free_or_held() {
        let read = |text: &str| balance(&Deposit::read(text).expect("cash"));
        let Ok(Answer::Balance { free, locked, .. }) =
            read(r#"{"entr":"000000010000000","d2_entra":"000000009249890","ord_alow_amt":"000000009000000"}"#)
        else {
            panic!("a balance")
        };
        assert_eq!((free, locked), (won(9_000_000), won(249_890)));
        let Ok(Answer::Balance { free, locked, .. }) = read(r#"{"entr":"100","ord_alow_amt":"250"}"#) else {
            panic!("a balance")
        };
        assert_eq!((free, locked), (won(100), Money::ZERO));
        assert!(read(r#"{"entr":"100"}"#).expect_err("nothing to use").to_string().contains("ord_alow_amt"));
    }

    #[test]
    fn holdings_of_a_stock_are_one_position() {
        let row = |code: &str, qty: &str, cost: &str| {
            Holding::read(&format!(r#"{{"stk_cd":"{code}","rmnd_qty":"{qty}","pur_amt":"{cost}","pur_pric":"0"}}"#))
                .expect("a row")
        };
        let rows =
            [row("A005930", "10", "745000"), row("A005930", "4", "300000"), row("A000660", "1", "9"), row("A005930", "0", "0")];
        let (answers, unknown) = positions(&rows, find).expect("quantities");
        let [Answer::Position { instrument: ID, qty, average }] = answers.as_slice() else { panic!("{answers:?}") };
        assert_eq!((qty.to_string(), average.to_string()), ("14".into(), "74642.85714286".into()));
        assert_eq!(unknown, [&Symbol::krx("000660")]);
        assert!(positions(&[row("A005930", "", "1")], find).is_err());
    }

    #[test]
    fn open_orders_carry_our_id_along_the_chain() {
        let ours = OrderId { session: SessionId(1), seq: jangbu_journal::Seq::FIRST, index: 0 };
        let mut orders = Orders::default();
        orders.assign(OrderNumber::new(100).expect("a number"), ours, &mut Vec::new());
        let row = |number: &str, original: &str, side: &str| {
            let text = format!(
                r#"{{"ord_no":"{number}","orig_ord_no":"{original}","stk_cd":"005930","io_tp_nm":"{side}","ord_qty":"10","oso_qty":"6","ord_pric":"75000"}}"#
            );
            OpenOrder::read(&text).expect("a row")
        };
        let rows =
            [row("0000100", "0000000", "+매수"), row("0000101", "0000100", "+매수정정"), row("0000200", "0000000", "-매도")];
        let (answers, unknown) = open_orders(&rows, &orders, find).expect("rows");
        let told: Vec<_> = answers
            .iter()
            .map(|answer| match answer {
                Answer::OpenOrder { order, venue_order, side, filled, .. } => (*order, *venue_order, *side, filled.to_string()),
                other => panic!("{other:?}"),
            })
            .collect();
        let four = "4".to_owned();
        assert_eq!(
            told,
            [
                (Some(ours), 100, Side::Buy, four.clone()),
                (Some(ours), 101, Side::Buy, four.clone()),
                (None, 200, Side::Sell, four)
            ]
        );
        assert!(unknown.is_empty());
        assert!(
            open_orders(&[row("", "", "+매수")], &orders, find).is_err()
                && open_orders(&[row("1", "", "")], &orders, find).is_err()
        );
    }
}
