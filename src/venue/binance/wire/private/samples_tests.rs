//! Every message about orders and accounts that the fact sheet or the public documents show, and what is read from it. Values
//! are made up where the sheet made them up.

use super::orders::{Replaced, Status, order, orders, placed, replaced, trades};
use super::user::{Execution, UserFrame};
use super::{Cause, account};
use crate::account::Liquidity;
use crate::market::Side;

const EXECUTION: &str = r#"{"subscriptionId":0,"event":{"e":"executionReport","E":1795165445501,"s":"XRPUSDT","c":"k-000018","S":"BUY","o":"LIMIT","f":"IOC","q":"100.00000000","p":"2.10560000","P":"0.00000000","F":"0.00000000","g":-1,"C":"","x":"TRADE","X":"FILLED","r":"NONE","i":4000001,"l":"100.00000000","z":"100.00000000","L":"2.10560000","n":"0.10000000","N":"XRP","T":1795165445500,"t":1000004,"I":8000005,"w":false,"m":false,"M":true,"O":1795165445500,"Z":"210.56000000","Y":"210.56000000","Q":"0.00000000","W":1795165445500,"V":"EXPIRE_MAKER"}}"#;
const CANCELLED: &str = r#"{"subscriptionId":0,"event":{"e":"executionReport","E":1795165445501,"s":"XRPUSDT","c":"cancel-7","S":"SELL","o":"LIMIT","f":"GTC","q":"100.00000000","p":"2.10560000","P":"0.00000000","F":"0.00000000","g":-1,"C":"jb-1-2-3-mwor5mgz","x":"CANCELED","X":"CANCELED","r":"NONE","i":4000001,"l":"0.00000000","z":"40.00000000","L":"0.00000000","n":"0","N":null,"T":1795165445500,"t":-1,"I":8000006,"w":false,"m":false,"M":false,"O":1795165445500,"Z":"84.00000000","Y":"0.00000000","Q":"0.00000000","W":1795165445500,"V":"EXPIRE_MAKER"}}"#;
const ACCOUNT: &str = r#"{"subscriptionId":0,"event":{"e":"outboundAccountPosition","E":1795165445501,"u":1795165445500,"B":[{"a":"XRP","f":"99.90000000","l":"0.00000000"},{"a":"USDT","f":"789.44000000","l":"0.00000000"}]}}"#;
const FUTURES_ORDER: &str = r#"{"e":"ORDER_TRADE_UPDATE","E":1795165445502,"T":1795165445500,"o":{"s":"XRPUSDT","c":"k-000020","S":"SELL","o":"LIMIT","f":"GTC","q":"100","p":"2.1060","ap":"2.1060","sp":"0","x":"TRADE","X":"PARTIALLY_FILLED","i":91000001,"l":"40","z":"40","L":"2.1060","N":"USDT","n":"0.01684800","T":1795165445500,"t":330001,"b":"0","a":"126.36","m":true,"R":false,"wt":"CONTRACT_PRICE","ot":"LIMIT","ps":"BOTH","cp":false,"pP":false,"si":0,"ss":0,"rp":"0","V":"EXPIRE_MAKER","pm":"NONE","gtd":0,"er":"0"}}"#;
const FUTURES_ACCOUNT: &str = r#"{"e":"ACCOUNT_UPDATE","E":1795165445503,"T":1795165445500,"a":{"m":"ORDER","B":[{"a":"USDT","wb":"999.98315200","cw":"999.98315200","bc":"0"}],"P":[{"s":"XRPUSDT","pa":"-40","ep":"2.1060","bep":"2.10557880","cr":"0","up":"0.01","mt":"cross","iw":"0","ps":"BOTH"}]}}"#;

/// A frame's meaning in one line.
fn meaning(text: &str) -> String {
    match UserFrame::parse(text.as_bytes()) {
        Ok(UserFrame::Order(report)) => {
            let trade = report.trade.map_or(String::new(), |trade| {
                let fee = trade.fee.map_or("no fee".to_owned(), |(fee, asset)| format!("{fee} {asset}"));
                format!(" trade {} {} at {} {:?} {fee}", trade.trade, trade.qty, trade.price, trade.liquidity)
            });
            format!(
                "{} {} {:?} {:?} {:?} {} of {} at {} #{}{trade} {}",
                report.client_id,
                report.symbol,
                report.side,
                report.execution,
                report.status,
                report.filled,
                report.qty,
                report.price,
                report.venue_order,
                report.reason
            )
        }
        Ok(UserFrame::Account(report)) => {
            let balances = report.balances.iter().map(|(asset, free, locked)| format!(" {asset} {free}+{locked}"));
            let positions = report.positions.iter().map(|(symbol, qty, entry)| format!(" {symbol} {qty} at {entry}"));
            format!("account{}{} {}", balances.collect::<String>(), positions.collect::<String>(), report.reason)
        }
        Ok(other) => format!("{other:?}"),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn user_data_frames_mean_what_the_sheet_says() {
    let rows = [
        (EXECUTION, "k-000018 XRPUSDT Buy Trade Filled 100 of 100 at 2.1056 #4000001 trade 1000004 100 at 2.1056 Taker 0.1 XRP "),
        (CANCELLED, "jb-1-2-3-mwor5mgz XRPUSDT Sell Cancelled Cancelled 40 of 100 at 2.1056 #4000001 "),
        (ACCOUNT, "account XRP 99.9+0 USDT 789.44+0 "),
        (
            FUTURES_ORDER,
            "k-000020 XRPUSDT Sell Trade PartiallyFilled 40 of 100 at 2.106 #91000001 trade 330001 40 at 2.106 Maker 0.016848 USDT ",
        ),
        (FUTURES_ACCOUNT, "account USDT 999.983152+0 XRPUSDT -40 at 2.106 ORDER"),
        (
            r#"{"subscriptionId":0,"event":{"e":"balanceUpdate","E":1573200697110,"a":"ABC","d":"-1.50000000","T":1573200697068}}"#,
            r#"BalanceChange { asset: "ABC", change: -1.5, time: Some(Nanos(1573200697110000000)) }"#,
        ),
        (
            r#"{"subscriptionId":0,"event":{"e":"eventStreamTerminated","E":1728973001334}}"#,
            r#"Ended("the venue ended the user data stream")"#,
        ),
        (r#"{"e":"listenKeyExpired","E":1736996475556,"listenKey":"x"}"#, r#"Ended("the listen key expired")"#),
        (
            r#"{"e":"TRADE_LITE","E":1,"T":1,"s":"BTCUSDT","q":"0.001","p":"0","m":false,"c":"z","S":"BUY","L":"6","l":"0.001","t":1,"i":8}"#,
            "Lite",
        ),
        (r#"{"e":"ACCOUNT_CONFIG_UPDATE","E":1,"T":1,"ac":{"s":"BTCUSDT","l":25}}"#, "Other"),
        (r#"{"id":"r-1","status":200,"result":{"subscriptionId":0},"rateLimits":[]}"#, r#"Answer { id: "r-1", refused: None }"#),
        ("[1]", "error"),
        ("{}", "Other"),
        (r#"{"e":"executionReport"}"#, "error"),
        (r#"{"e":"ORDER_TRADE_UPDATE","o":{}}"#, "error"),
    ];
    for (text, expected) in rows {
        let seen = meaning(text);
        assert!(seen == expected || (expected == "error" && seen.starts_with("error")), "{text}\n{seen}\n{expected}");
    }
    let refused = r#"{"id":"r-8","status":400,"error":{"code":-2010,"msg":"Account has insufficient balance for requested action."},"rateLimits":[]}"#;
    let Ok(UserFrame::Answer { refused: Some(refusal), .. }) = UserFrame::parse(refused.as_bytes()) else { panic!("{refused}") };
    assert_eq!(refusal.cause, Cause::TooLittle);
    let numbered = EXECUTION.replace("\"t\":1000004", "\"t\":-1");
    assert!(meaning(&numbered).contains("`t`"), "a trade has a number");
    let expired = FUTURES_ORDER.replace(r#""x":"TRADE","X":"PARTIALLY_FILLED""#, r#""x":"EXPIRED","X":"EXPIRED_IN_MATCH""#);
    let Ok(UserFrame::Order(report)) = UserFrame::parse(expired.as_bytes()) else { panic!("{expired}") };
    assert_eq!((report.execution, report.status, report.trade), (Execution::Expired, Status::Expired, None));
}

#[test]
fn answers_about_orders() {
    let ack =
        br#"{"symbol":"XRPUSDT","orderId":4000002,"orderListId":-1,"clientOrderId":"k-000019","transactTime":1795165445600}"#;
    assert_eq!(placed(ack), Ok(4_000_002));
    let query = r#"{"symbol":"LTCBTC","orderId":1,"orderListId":-1,"clientOrderId":"myOrder1","price":"0.1","origQty":"1.0","executedQty":"0.25","cummulativeQuoteQty":"0.025","status":"PARTIALLY_FILLED","timeInForce":"GTC","type":"LIMIT","side":"BUY","stopPrice":"0.0","icebergQty":"0.0","time":1499827319559,"updateTime":1499827319559,"isWorking":true,"workingTime":1499827319559,"origQuoteOrderQty":"0.000000","selfTradePreventionMode":"NONE"}"#;
    let row = order(query.as_bytes()).expect("an order");
    assert_eq!(
        (row.venue_order, row.client_id.as_str(), row.side, row.status),
        (1, "myOrder1", Side::Buy, Status::PartiallyFilled)
    );
    assert_eq!((row.filled.to_string().as_str(), row.placed.map(|at| at.get())), ("0.25", Some(1_499_827_319_559_000_000)));
    assert_eq!(orders(format!("[{query}]").as_bytes()), Ok(vec![row]));
    let cancelled = br#"{"symbol":"LTCBTC","origClientOrderId":"myOrder1","orderId":4,"orderListId":-1,"clientOrderId":"cancelMyOrder1","transactTime":1684804350068,"price":"2.00000000","origQty":"1.00000000","executedQty":"0.00000000","origQuoteOrderQty":"0.000000","cummulativeQuoteQty":"0.00000000","status":"CANCELED","timeInForce":"GTC","type":"LIMIT","side":"BUY","selfTradePreventionMode":"NONE"}"#;
    let row = order(cancelled).expect("an order");
    assert_eq!((row.client_id.as_str(), row.status), ("myOrder1", Status::Cancelled));
    // Futures: neither avgPrice nor cumQuote since July 2026.
    let futures = br#"{"clientOrderId":"testOrder","cumQty":"0","executedQty":"0","orderId":22542179,"origQty":"10","price":"0","reduceOnly":false,"side":"SELL","positionSide":"BOTH","status":"NEW","stopPrice":"0","closePosition":false,"symbol":"BTCUSDT","timeInForce":"GTC","type":"MARKET","origType":"MARKET","updateTime":1566818724722,"workingType":"CONTRACT_PRICE","priceProtect":false,"priceMatch":"NONE","selfTradePreventionMode":"NONE","goodTillDate":0}"#;
    assert_eq!(order(futures).map(|row| (row.venue_order, row.side, row.placed)), Ok((22_542_179, Side::Sell, None)));
    assert_eq!(placed(futures), Ok(22_542_179));
    assert!(order(br#"{"code":-2013,"msg":"Order does not exist."}"#).is_err());
    let spot = br#"[{"symbol":"BNBBTC","id":28457,"orderId":100234,"orderListId":-1,"price":"4.00000100","qty":"12.00000000","quoteQty":"48.000012","commission":"10.10000000","commissionAsset":"BNB","time":1499865549590,"isBuyer":true,"isMaker":false,"isBestMatch":true}]"#;
    let row = trades(spot).expect("trades").remove(0);
    assert_eq!((row.trade, row.fee.to_string().as_str(), row.fee_asset.as_str()), (28_457, "10.1", "BNB"));
    assert_eq!(row.liquidity, Liquidity::Taker);
    let futures = br#"[{"buyer":false,"commission":"-0.07819010","commissionAsset":"USDT","id":698759,"maker":true,"orderId":25851813,"price":"7819.01","qty":"0.002","quoteQty":"15.63802","realizedPnl":"-0.91539999","side":"SELL","positionSide":"BOTH","symbol":"BTCUSDT","time":1569514978020}]"#;
    let row = trades(futures).expect("trades").remove(0);
    assert_eq!((row.venue_order, row.fee.to_string().as_str(), row.liquidity), (25_851_813, "-0.0781901", Liquidity::Maker));
}

#[test]
fn a_cancel_replace_has_three_ends() {
    let both = br#"{"cancelResult":"SUCCESS","newOrderResult":"SUCCESS","cancelResponse":{"symbol":"BTCUSDT","orderId":9},"newOrderResponse":{"symbol":"BTCUSDT","orderId":12,"orderListId":-1,"clientOrderId":"x","transactTime":1660801715639}}"#;
    assert_eq!(replaced(200, both), Ok(Replaced::Both { venue_order: 12 }));
    let neither = br#"{"code":-2022,"msg":"Order cancel-replace failed.","data":{"cancelResult":"FAILURE","newOrderResult":"NOT_ATTEMPTED","cancelResponse":{"code":-2011,"msg":"Order was not canceled due to cancel restrictions."},"newOrderResponse":null}}"#;
    assert!(matches!(replaced(400, neither), Ok(Replaced::Neither(refusal)) if refusal.code == -2011));
    let half = br#"{"code":-2021,"msg":"Order cancel-replace partially failed.","data":{"cancelResult":"SUCCESS","newOrderResult":"FAILURE","cancelResponse":{"symbol":"BTCUSDT","orderId":11},"newOrderResponse":{"code":-2010,"msg":"Order would immediately match and take."}}}"#;
    assert!(matches!(replaced(409, half), Ok(Replaced::OnlyCancelled(refusal)) if refusal.cause == Cause::WouldTake));
    assert!(replaced(400, br#"{"code":-1102,"msg":"x"}"#).is_err());
}

#[test]
fn answers_about_the_account() {
    let spot = br#"{"makerCommission":15,"commissionRates":{"maker":"0.00150000"},"canTrade":true,"canWithdraw":true,"accountType":"SPOT","balances":[{"asset":"BTC","free":"4723846.89208129","locked":"0.00000000"},{"asset":"LTC","free":"1.5","locked":"0.25"}],"permissions":["SPOT"],"uid":354937868}"#;
    let read = account::spot_account(spot).expect("an account");
    assert!(read.can_trade && read.balances.len() == 2 && read.balances[1].locked.to_string() == "0.25");
    let balances = br#"[{"accountAlias":"SgsR","asset":"USDT","balance":"122607.35137903","crossWalletBalance":"23.72469206","crossUnPnl":"0.00000000","availableBalance":"23.72469206","maxWithdrawAmount":"23.72469206","marginAvailable":true,"updateTime":1617939110373}]"#;
    assert_eq!(account::futures_balances(balances).expect("balances")[0].free.to_string(), "122607.35137903");
    let positions = br#"[{"symbol":"ADAUSDT","positionSide":"BOTH","positionAmt":"-30","entryPrice":"0.384600000001","breakEvenPrice":"0.387047","markPrice":"0.41047590","unRealizedProfit":"-0.77","liquidationPrice":"0","isolatedMargin":"0","notional":"-12.3","marginAsset":"USDT","updateTime":1720736417660}]"#;
    let row = account::positions(positions).expect("positions").remove(0);
    assert_eq!((row.qty.to_string().as_str(), row.entry.to_string().as_str()), ("-30", "0.3846"));
    assert_eq!(account::is_hedged(br#"{"dualSidePosition":true}"#), Ok(true));
    assert_eq!(
        account::listen_key(br#"{"listenKey":"pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61"}"#).map(|key| key.len()),
        Ok(42)
    );
    let bad = account::listen_key(br#"{"listenKey":"CANARY/.."}"#).expect_err("no key").to_string();
    assert!(!bad.contains("CANARY"), "{bad}");
    assert_eq!(account::prices(br#"[{"symbol":"LTCBTC","price":"4.00000200"}]"#).map(|rows| rows.len()), Ok(1));
}
