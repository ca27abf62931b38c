//! One pass reads what the layers read, of everything that it reads at all.

use proptest::prelude::*;

use super::super::frame::Message;
use super::*;

/// One pass takes it, and reads the same.
fn taken(text: &str) -> Vec<Result<Real, WireError>> {
    let read = entries(text).unwrap_or_else(|| panic!("not as usual: {text}"));
    assert_eq!(Message::parse_in_layers(text), Ok(Message::Real(read.clone())), "{text}");
    read
}

#[test]
fn every_sample_is_as_usual() {
    let samples =
        include_str!("samples.txt").lines().filter_map(|line| line.split_once('{').map(|(_, json)| format!("{{{json}")));
    let mut count = 0;
    for text in samples.filter(|text| text.contains(r#""trnm":"REAL""#)) {
        assert!(taken(&text).iter().all(Result::is_ok), "{text}");
        count += 1;
    }
    assert!(count >= 8, "{count}");
}

#[test]
fn what_is_wrong_in_a_field_is_said_as_ever() {
    let read = taken(
        r#" {"trnm":"REAL","data":[{"values":{"27":"+75100","28":"x","9":[{"27":"1"}]},"type":"0C","name":"\u0041","item":" 005930 "},
        {"type":"0D","values":{"41":null,"041":"5","52":"-1.2.3"}},{"type":"0B","item":null,"values":{}},{"type":"9Z","values":{"1":{}}}]}"#,
    );
    let [Err(best), Err(book), Ok(trade), Ok(other)] = read.as_slice() else { panic!("{read:?}") };
    assert!(best.to_string().contains("best prices (0C): field `28`") && best.to_string().contains("`x`"), "{best}");
    assert!(book.to_string().contains("the book (0D): field `51 to 80`"), "{book}");
    assert!(matches!(&trade.body, RealBody::Trade(frame) if frame.price.is_none()));
    assert_eq!(other.body, RealBody::Other("9Z".into()));
}

#[test]
fn what_is_unusual_is_left_to_the_layers() {
    for text in [
        r#"{"trnm":"PING"}"#,
        r#"{"trnm":"REAL"}"#,
        r#"{"trnm":"REAL","data":null}"#,
        r#"{"trnm":"REAL","data":[],"trnm":"REAL"}"#,
        r#"{"trnm":"REAL","data":[]} x"#,
        r#"{"trnm":" REAL","data":[]}"#,
        r#"{"trnm":"REAL","data":[{"type":"0C"}]}"#,
        r#"{"trnm":"REAL","data":[{"type":"0C","values":[{"27":"1"}]}]}"#,
        r#"{"trnm":"REAL","data":[{"type":"0C","type":"0C","values":{}}]}"#,
        r#"{"trnm":"REAL","data":[{"type":"0C","values":{"27":"1","27":"2"}}]}"#,
        r#"{"trnm":"REAL","data":[{"type":"0C","values":{"27":1}}]}"#,
        r#"{"trnm":"REAL","data":[{"type":"0C","values":{"27":"\u0031"}}]}"#,
        r#"{"trnm":"REAL","data":[{"type":"0C","values":{"\u00327":"1"}}]}"#,
        r#"{"trnm":"REAL","data":[[]]}"#,
        "[]",
        "",
    ] {
        assert!(entries(text).is_none(), "{text}");
        assert_eq!(Message::parse(text.as_bytes()), Message::parse_in_layers(text), "{text}");
    }
    let escaped = r#"{"trnm":"REAL","data":[{"type":"0C","item":"\u0030","values":{"27":"\u0031","28":2}}]}"#;
    let Ok(Message::Real(read)) = Message::parse(escaped.as_bytes()) else { panic!("a message") };
    let Ok(Real { item, body: RealBody::Best(best) }) = &read[0] else { panic!("{read:?}") };
    assert_eq!((item.as_str(), format!("{best:?}")), ("0", "BestFrame { ask: Some(1), bid: Some(2) }".into()));
}

proptest! {
    #[test]
    fn the_same_is_read_or_nothing(
        kinds in proptest::collection::vec("0[0BCDs4]|1h|02|9Z", 1..3),
        fields in proptest::collection::vec(
            (r#"[1-9][0-9]{0,3}|2[0-8]|1[0-9]|[4-8][0-9]|9[0-4][0-9]|21[45]|0?10|\\u0031"#,
             r#""[-+0-9,. ]{0,12}"|"[A-Z매수체결접수]{1,5}"|null|[0-9]{1,3}|\[\]|\{"10":"1"\}|"\\u00[34]1""#),
            0..14,
        ),
        spoiled in proptest::option::of((0_usize..400, proptest::char::range(' ', '~'))),
    ) {
        let values: Vec<String> = fields.iter().map(|(key, value)| format!(r#""{key}":{value}"#)).collect();
        let values = values.join(",");
        let data: Vec<String> = kinds
            .iter()
            .map(|kind| format!(r#"{{"values":{{{values}}},"type":"{kind}","name":"주식","item":"005930"}}"#))
            .collect();
        let mut text = format!(r#"{{"data":[{}],"trnm":"REAL"}}"#, data.join(","));
        if let Some((place, other)) = spoiled {
            text = text.chars().enumerate().map(|(at, char)| if at == place { other } else { char }).collect();
        }
        let layers = Message::parse_in_layers(&text);
        if let Some(read) = entries(&text) {
            prop_assert_eq!(&layers, &Ok(Message::Real(read)));
        }
        prop_assert_eq!(Message::parse(text.as_bytes()), layers);
    }
}
