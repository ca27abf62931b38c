//! What clients say on the WebSocket, and its answers: LOGIN, REG, REMOVE, CNSRLST, CNSRREQ, CNSRCLR. Source: fact sheet 4.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::engine::{Connection, Engine, Outgoing};
use super::write::{fields, shares, whole};
use crate::venue::kiwoom::wire::number::padded;
use crate::venue::kiwoom::wire::request::GROUP_ITEMS_MAX;

/// Most conditions that a login may watch.
pub(super) const WATCHES_MAX: usize = 10;

/// What a message means for its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// PING came back.
    Pong,
    /// Anything else that is in order.
    Message,
    /// To be closed.
    Close,
}

impl Engine {
    /// A message of a connection: its answer is queued.
    pub(super) fn message(&mut self, id: u64, text: &str) -> Heard {
        let Ok(Value::Object(message)) = serde_json::from_str::<Value>(text) else { return Heard::Close };
        let text = |key: &str| message.get(key).and_then(Value::as_str).unwrap_or("").trim().to_owned();
        let logged_in = self.connections.get(&id).is_some_and(|connection| connection.logged_in);
        let name = text("trnm");
        let answer = match name.as_str() {
            "PING" => return Heard::Pong,
            // Never to be echoed.
            "SYSTEM" => return Heard::Close,
            "LOGIN" => return self.login(id, &text("token")),
            "REG" | "REMOVE" | "CNSRLST" | "CNSRREQ" | "CNSRCLR" if !logged_in => {
                json!({ "trnm": name, "return_code": 100_013, "return_msg": "로그인 인증이 들어오기 전에 다른 전문이 들어왔습니다." })
            }
            "REG" | "REMOVE" => {
                let refused = self.connections.get_mut(&id).and_then(|connection| {
                    register(connection, &text("grp_no"), name == "REG", text("refresh") == "0", message.get("data"))
                });
                let (code, words) = refused.map_or((0, ""), |words| (1, words));
                json!({ "trnm": name, "return_code": code, "return_msg": words })
            }
            "CNSRLST" => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.listed = true;
                }
                let rows: Vec<Value> =
                    self.conditions.iter().enumerate().map(|(seq, condition)| json!([seq.to_string(), condition.name])).collect();
                json!({ "trnm": name, "return_code": 0, "return_msg": "", "data": rows })
            }
            "CNSRREQ" => self.search(id, &text("seq"), &text("search_type")),
            "CNSRCLR" => {
                let seq = text("seq");
                if let (Some(connection), Ok(number)) = (self.connections.get_mut(&id), seq.parse::<u32>()) {
                    connection.watched.remove(&number);
                }
                json!({ "trnm": name, "seq": seq, "return_code": 0, "return_msg": "" })
            }
            _ => return Heard::Close,
        };
        if let Some(connection) = self.connections.get(&id) {
            connection.answer(&answer);
        }
        Heard::Message
    }

    fn login(&mut self, id: u64, token: &str) -> Heard {
        if !self.tokens.is_valid(token, self.now()) {
            let message = "토큰 인증에 실패했습니다. 접속을 종료합니다 [CODE=8005, MESSAGE=Token이 유효하지 않습니다]";
            if let Some(connection) = self.connections.get(&id) {
                connection.answer(&json!({ "trnm": "LOGIN", "return_code": 805_004, "return_msg": message }));
            }
            return Heard::Close;
        }
        if self.config.evict {
            let older: Vec<u64> =
                self.connections.iter().filter(|row| *row.0 != id && row.1.logged_in).map(|row| *row.0).collect();
            for other in older {
                if let Some(connection) = self.connections.remove(&other) {
                    let message = "동일한 App key로 접속이 되었습니다. 기존 세션은 종료가 됩니다";
                    connection.answer(&json!({ "trnm": "SYSTEM", "code": "R10001", "message": message }));
                    let _ = connection.queue.try_send(Outgoing::End);
                }
            }
        }
        let (early, sor) = (self.config.early_ping, if self.config.mock { "N" } else { "Y" });
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.logged_in = true;
            if early {
                connection.answer(&json!({ "trnm": "PING" }));
            }
            connection.answer(&json!({ "trnm": "LOGIN", "return_code": 0, "return_msg": "", "sor_yn": sor }));
        }
        Heard::Message
    }

    /// A condition: searched once (`0`), or watched from now on (`1`).
    fn search(&mut self, id: u64, seq: &str, search_type: &str) -> Value {
        let refused = |code: i64, words: String| json!({ "trnm": "CNSRREQ", "return_code": code, "return_msg": words });
        let number = seq.parse::<u32>().ok().filter(|number| (*number as usize) < self.conditions.len());
        let Some(number) = number else {
            // The real code is not known.
            return refused(900_002, format!("등록되지 않은 조건검색 일련번호입니다.(seq={seq})"));
        };
        let members: Vec<usize> = self.conditions[number as usize].members.iter().copied().collect();
        if search_type == "0" {
            let rows: Vec<Value> = members.iter().map(|at| self.hit(*at)).collect();
            return json!({ "trnm": "CNSRREQ", "seq": seq, "cont_yn": "N", "next_key": "", "return_code": 0, "data": rows });
        }
        let Some(connection) = self.connections.get_mut(&id) else { return Value::Null };
        if !connection.listed {
            // The real code is not known.
            return refused(900_001, "조건검색 목록을 먼저 조회하십시오.".into());
        }
        if connection.watched.contains(&number) {
            return refused(900_003, format!("이미 등록된 조건검색 일련번호입니다.(seq={number})"));
        }
        if connection.watched.len() >= WATCHES_MAX {
            // The real code is not known.
            return refused(900_004, "실시간 조건검색 등록 개수를 초과하였습니다.".into());
        }
        connection.watched.insert(number);
        let rows: Vec<Value> = members.iter().map(|at| json!({ "jmcode": format!("A{}", self.stocks[*at].code) })).collect();
        json!({ "trnm": "CNSRREQ", "seq": seq, "return_code": 0, "data": rows })
    }

    /// A row of a search made once: nine digits, and thousandths of a percent.
    fn hit(&self, at: usize) -> Value {
        let (stock, last) = (&self.stocks[at], self.last(at));
        let day = self.exchange.day(stock.id).unwrap_or_default();
        let wide = |value: i64| padded(value, 9);
        let change = last - stock.base;
        Value::Object(fields([
            ("9001", format!("A{}", stock.code)),
            ("302", stock.name.clone()),
            ("10", wide(last)),
            ("25", stock.direction(last).into()),
            ("11", wide(change)),
            ("12", wide(change * 100_000 / stock.base.max(1))),
            ("13", wide(shares(day.volume))),
            ("16", wide(whole(day.open))),
            ("17", wide(whole(day.high))),
            ("18", wide(whole(day.low))),
        ]))
    }
}

/// Registers or removes what `data` says; the words of a refusal, if it is one.
fn register(connection: &mut Connection, group: &str, add: bool, afresh: bool, data: Option<&Value>) -> Option<&'static str> {
    let Some(Value::Array(data)) = data else { return Some("data 값이 올바르지 않습니다.") };
    if group.is_empty() || group.len() > 4 {
        return Some("grp_no 값이 올바르지 않습니다.");
    }
    let texts = |entry: &Value, key: &str| -> Option<Vec<String>> {
        let list = entry.get(key)?.as_array()?.iter();
        list.map(|text| text.as_str().map(|text| text.trim().to_owned())).collect()
    };
    let mut pairs = BTreeSet::new();
    for entry in data {
        let (Some(items), Some(types)) = (texts(entry, "item"), texts(entry, "type")) else {
            return Some("item 또는 type 값이 올바르지 않습니다.");
        };
        let items = if items.is_empty() { vec![String::new()] } else { items };
        pairs.extend(types.iter().flat_map(|kind| items.iter().map(move |item| (kind.clone(), item.clone()))));
    }
    if !add {
        if let Some(registered) = connection.groups.get_mut(group) {
            registered.retain(|pair| !pairs.contains(pair));
        }
        return None;
    }
    let mut registered = if afresh { BTreeSet::new() } else { connection.groups.get(group).cloned().unwrap_or_default() };
    registered.extend(pairs);
    let items: BTreeSet<&str> = registered.iter().map(|pair| pair.1.as_str()).collect();
    if items.len() > GROUP_ITEMS_MAX {
        return Some("등록 종목수 초과");
    }
    connection.groups.insert(group.to_owned(), registered);
    None
}
