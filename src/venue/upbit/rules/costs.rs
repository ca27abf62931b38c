//! What an order costs, and how small it may be: [`fees`], [`notional_min`]. The venue tells both of an account in
//! `/v1/orders/chance`; these
//! stand where no key is at hand.

use super::Quote;
use crate::market::number::ONE;
use crate::market::{Fees, Money, Rate, Rounding};

/// The fee of both sides as a share of the amount: 0.05 % in won markets, 0.25 % in the others. Source: fact sheet U6. A
/// reserved order
/// costs 0.139 % (B); none is placed from here.
pub const fn fee_rate(quote: Quote) -> Rate {
    match quote {
        Quote::Krw => Rate::from_raw(50_000),
        Quote::Btc | Quote::Usdt => Rate::from_raw(250_000),
    }
}

/// Fees as the kernel counts them. The venue keeps more decimals than the kernel's eight (amount × rate); the kernel counts the
/// next unit
/// up, so that it never believes to have more than there is.
pub const fn fees(quote: Quote) -> Fees {
    let unit = Money::from_raw(1);
    let rate = fee_rate(quote);
    Fees { maker: rate, taker: rate, sell_tax: Rate::ZERO, fee_unit: unit, tax_unit: unit, rounding: Rounding::Ceiling }
}

/// The smallest order, in the quote currency: 5,000 KRW, 0.00005 BTC, 0.5 USDT. Source: fact sheet U6.
pub const fn notional_min(quote: Quote) -> Money {
    Money::from_raw(match quote {
        Quote::Krw => 5_000 * ONE as i128,
        Quote::Btc => 5_000,
        Quote::Usdt => ONE as i128 / 2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Price;

    #[test]
    fn costs_of_the_samples() {
        // The sample of a filled order: 10 at 3,121 cost 15.605.
        let price: Price = "3121".parse().expect("a price");
        let amount = price.times("10".parse().expect("a quantity"), Rounding::Floor).expect("small");
        let krw = fees(Quote::Krw);
        assert_eq!(amount.share(krw.taker, krw.rounding).map(|fee| fee.to_string()), Some("15.605".into()));
        let minimums = Quote::ALL.map(|quote| notional_min(quote).to_string());
        assert_eq!(minimums, ["5000", "0.00005", "0.5"]);
        assert_eq!(Quote::ALL.map(|quote| fee_rate(quote).to_string()), ["0.0005", "0.0025", "0.0025"]);
        assert_eq!((Quote::of("KRW"), Quote::of("EUR")), (Some(Quote::Krw), None));
    }
}
