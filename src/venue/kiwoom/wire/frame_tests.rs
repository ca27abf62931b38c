//! Messages of every kind, as the fact sheet shows them, and any bytes at all.

use proptest::prelude::*;

use super::*;
use crate::venue::kiwoom::wire::report::{OrderStatus, OrderVerb};

fn parse(text: &str) -> Message {
    Message::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn one(text: &str) -> Real {
    let Message::Real(mut entries) = parse(text) else { panic!("{text}") };
    assert_eq!(entries.len(), 1, "{text}");
    entries.remove(0).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn answers_and_words_of_the_connection() {
    let ok = Reply { code: 0, message: String::new() };
    assert_eq!(
        parse(r#"{"trnm":"LOGIN","return_code":0,"return_msg":"","sor_yn":"Y"}"#),
        Message::Login { reply: ok.clone(), sor: true }
    );
    let Message::Login { reply, sor: false } = parse(
        r#"{"trnm":"LOGIN","return_code":805004,"return_msg":"토큰 인증에 실패했습니다. 접속을 종료합니다 [CODE=8005, MESSAGE=Token이 유효하지 않습니다]"}"#,
    ) else {
        panic!("a refused login")
    };
    assert!(reply.code == 805_004 && reply.message.contains("CODE=8005") && !reply.is_ok());
    assert_eq!(parse(r#"{"trnm":"PING"}"#), Message::Ping);
    assert_eq!(parse(r#"{"trnm":"REG","return_code":"0","return_msg":""}"#), Message::Registered(ok.clone()));
    assert_eq!(parse(r#"{"trnm":"REMOVE","return_code":0,"return_msg":""}"#), Message::Removed(ok));
    for (code, expected) in [
        ("R10001", SystemCode::LoggedInElsewhere),
        ("R10002", SystemCode::HeartbeatMissing),
        ("R10004", SystemCode::LoginMissing),
        ("R10009", SystemCode::Other("R10009".into())),
    ] {
        let text = format!(r#"{{"trnm":"SYSTEM","code":"{code}","message":"접속을 종료합니다"}}"#);
        assert_eq!(parse(&text), Message::System { code: expected, text: "접속을 종료합니다".into() });
    }
    assert_eq!(parse(r#"{"trnm":"SOMETHING","data":{"a":1}}"#), Message::Unknown);
    assert_eq!(parse("{}"), Message::Unknown);
}

#[test]
fn conditions_and_what_meets_them() {
    let Message::Conditions { list, .. } = parse(
        r#"{"trnm":"CNSRLST","return_code":0,"return_msg":"","data":[["0","cond A"],["1 ","조건 B"],{"seq":"2","name":"C"}]}"#,
    ) else {
        panic!("a list")
    };
    assert_eq!(list, [(0, "cond A".into()), (1, "조건 B".into()), (2, "C".into())]);
    let Message::Hits(hits) = parse(
        r#"{"trnm":"CNSRREQ","seq":"1","cont_yn":"Y","next_key":"k","return_code":0,"data":[{"9001":"A005930","302":"삼성전자","10":"000075000","25":"2","11":"-00000100","12":"-00000130","13":"008123456","16":"000075200","17":"000075600","18":"000074700"}]}"#,
    ) else {
        panic!("hits")
    };
    assert_eq!((hits.condition, hits.next_key.as_deref(), hits.hits.len()), (Some(1), Some("k"), 1));
    let quote = hits.hits[0].quote.as_ref().expect("prices");
    assert_eq!(quote.last.map(|price| price.to_string()), Some("75000".into()));
    assert_eq!(quote.change_rate().map(|rate| rate.to_string()), Some("-0.0013".into()));
    let Message::Hits(hits) = parse(r#"{"trnm":"CNSRREQ","seq":"2 ","return_code":0,"data":[{"jmcode":"A005930"}]}"#) else {
        panic!("a watch")
    };
    assert_eq!((hits.condition, hits.hits[0].symbol.code.as_str(), &hits.hits[0].quote), (Some(2), "005930", &None));
    let text = r#"{"trnm":"CNSRREQ","return_code":900003,"return_msg":"이미 등록된 조건검색 일련번호입니다.(seq=3)"}"#;
    let Message::Hits(hits) = parse(text) else { panic!("a refusal") };
    assert_eq!((hits.reply.code, hits.condition, hits.hits.len()), (900_003, None, 0));
    for data in ["null", "[]", r#""""#] {
        let text = format!(r#"{{"trnm":"CNSRREQ","seq":"1","return_code":0,"data":{data}}}"#);
        let Message::Hits(hits) = parse(&text) else { panic!("{text}") };
        assert!(hits.hits.is_empty());
    }
    let cleared = parse(r#"{"trnm":"CNSRCLR","seq":"1","return_code":0,"return_msg":""}"#);
    assert_eq!(cleared, Message::ConditionCleared { reply: Reply { code: 0, message: String::new() }, condition: Some(1) });
}

#[test]
fn an_order_report() {
    let real = one(
        r#"{"data":[{"values":{"9201":"0000000000","9203":"0119433","9205":"","9001":"A005930","912":"JJ","913":"체결","302":"삼성전자   ","900":"1","901":"0","902":"0","903":"258000","904":"0000000","905":"-매도정정","906":"시장가","907":"1","908":"115640","909":"847463","910":"-258000","911":"1","10":"-258000","27":"-258000","28":"-257500","914":"258000","915":"1","938":"900","939":"0","919":"0","2135":"KRX","2136":"N"},"type":"00","name":"주문체결","item":"005930"}],"trnm":"REAL"}"#,
    );
    let RealBody::Order(order) = real.body else { panic!("an order") };
    assert_eq!(order.number.map(|number| number.to_string()), Some("0119433".into()));
    assert_eq!((order.original, &order.status, order.action.verb), (None, &OrderStatus::Filled, OrderVerb::Amend));
    assert_eq!((order.side, order.action.side), (Some(crate::market::Side::Sell), Some(crate::market::Side::Sell)));
    assert_eq!((order.name.as_str(), order.symbol.code.as_str(), order.trade), ("삼성전자", "005930", Some(847_463)));
    let numbers = [order.unit_price, order.trade_price].map(|price| price.map(|price| price.to_string()));
    assert_eq!(numbers, [Some("258000".into()), Some("258000".into())]);
}

#[test]
fn an_interruption_says_which_and_whether_it_lasts() {
    let frame = |kind: &str, name: &str, ended: &str| {
        let text = format!(
            r#"{{"trnm":"REAL","data":[{{"type":"1h","name":"VI발동/해제","item":"005930","values":{{"9001":"005930_AL","9068":"{kind}","1221":"82800","1223":"104001","1224":"{ended}","1225":"{name}","1236":"75200","1237":"0"}}}}]}}"#
        );
        let RealBody::Interruption(frame) = one(&text).body else { panic!("{text}") };
        (frame.is_static(), frame.is_dynamic(), frame.is_active())
    };
    assert_eq!(frame("1", "정적", "000000"), (true, false, true));
    assert_eq!(frame("2", "동적", "104213"), (false, true, false));
    assert_eq!(frame("2", "동적+정적", ""), (true, true, true));
    assert_eq!(frame("2", "", "000000"), (false, true, true));
}

#[test]
fn one_bad_entry_spoils_no_other() {
    let text = r#"{"trnm":"REAL","data":[{"type":"0C","item":"005930","values":{"27":"+75100","28":"x"}},
        {"type":"0C","item":"000660","values":{"27":"+75100","28":"+75000"}},{"type":"9Z","values":[{"1":"2"}]},{"item":"no type"}]}"#;
    let Message::Real(entries) = parse(text) else { panic!("entries") };
    let [Err(bad), Ok(good), Ok(other), Err(nameless)] = entries.as_slice() else { panic!("{entries:?}") };
    assert!(bad.to_string().contains("field `28`") && nameless.to_string().contains("type"), "{bad} {nameless}");
    assert_eq!((good.item.as_str(), &other.body), ("000660", &RealBody::Other("9Z".into())));
}

#[test]
fn what_is_no_message_is_told() {
    for (text, expected) in [
        ("", "an object"),
        ("[1]", "an object"),
        ("{", "a message"),
        (r#"{"trnm":"LOGIN","return_code":"x"}"#, "return_code"),
        (r#"{"trnm":"CNSRREQ","seq":"x"}"#, "the number of a condition"),
        (r#"{"trnm":"CNSRLST","data":[[]]}"#, "seq"),
        (r#"{"trnm":"REAL","data":{}}"#, "REAL"),
    ] {
        let error = Message::parse(text.as_bytes()).expect_err(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    assert!(Message::parse(b"{\"trnm\":\"\xff\"}").is_err());
    assert!(matches!(Message::parse(&vec![b' '; MESSAGE_BYTES_MAX + 1]), Err(WireError::TooLarge { .. })));
}

proptest! {
    #[test]
    fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Message::parse(&bytes);
    }

    #[test]
    fn any_values_never_panic(kind in "0[0BCDs4]|1h|02", key in "[0-9]{1,4}", value in r#"[-+0-9A-Za-z. ]{0,12}"#) {
        let text = format!(r#"{{"trnm":"REAL","data":[{{"type":"{kind}","item":"1","values":{{"{key}":"{value}"}}}}]}}"#);
        let Message::Real(entries) = parse(&text) else { panic!("{text}") };
        prop_assert_eq!(entries.len(), 1);
    }
}
