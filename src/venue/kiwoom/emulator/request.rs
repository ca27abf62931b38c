//! A REST request on its way in: the checks that come before any answer, in the broker's order, and the forms of a refusal.

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::access::ORDERS;
use super::engine::Engine;
use super::write::{Fields, put};
use crate::venue::faults::{Fault, OrderFault};
use crate::venue::kiwoom::time::{Date, TimeOfDay};
use crate::venue::kiwoom::wire::rest::Tr;

/// A request as HTTP brought it.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    pub(super) path: String,
    pub(super) api_id: Option<String>,
    pub(super) authorization: Option<String>,
    pub(super) next_key: Option<String>,
    pub(super) body: Vec<u8>,
}

/// The answer as HTTP takes it away.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) api_id: String,
    pub(super) body: Value,
    /// Where to go on.
    pub(super) next_key: Option<String>,
    /// A fault: it was done, and nobody is told.
    pub(super) lost: bool,
}

/// A refusal: status, `return_code`, `return_msg`.
#[derive(Debug)]
pub(super) struct Refused {
    status: u16,
    code: i64,
    message: String,
}

impl Refused {
    /// Wrong or missing input.
    pub(super) fn input(code: &str, words: &str) -> Refused {
        Refused { status: 200, code: 2, message: format!("입력 값 오류입니다[{code}:{words}]") }
    }

    /// Key or token.
    pub(super) fn access(code: &str, words: &str) -> Refused {
        Refused { status: 200, code: 3, message: format!("인증에 실패했습니다[{code}:{words}]") }
    }

    /// The business of an account.
    pub(super) fn business(code: &str, words: &str) -> Refused {
        Refused { status: 200, code: 20, message: format!("[2000]({code}:{words})") }
    }

    /// A failure of the server, which says nothing of what was asked.
    fn server() -> Refused {
        Refused { status: 500, code: 1999, message: "예기치 못한 에러가 발생하였습니다.".into() }
    }

    fn too_many(id: &str) -> Refused {
        let message = format!("허용된 요청 개수를 초과하였습니다[1700:허용된 요청 개수를 초과하였습니다. API ID={id}]");
        Refused { status: 429, code: 5, message }
    }
}

/// The fields of a body.
#[derive(Debug)]
pub(super) struct Body(Map<String, Value>);

impl Body {
    /// A field's text; what is not there is blank.
    pub(super) fn text(&self, key: &str) -> String {
        match self.0.get(key) {
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        }
    }

    /// A field that is a whole number not below 0; `None` when it is blank.
    ///
    /// # Errors
    /// 1517 when it is anything else.
    pub(super) fn count(&self, key: &str) -> Result<Option<i64>, Refused> {
        let text = self.text(key);
        if text.is_empty() {
            return Ok(None);
        }
        let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 15;
        let wrong = || Refused::input("1517", &format!("입력 값 형식이 올바르지 않습니다. 파라미터={key}"));
        digits.then(|| text.parse().ok()).flatten().map(Some).ok_or_else(wrong)
    }

    /// A field that is a day.
    ///
    /// # Errors
    /// 1517 when it is not.
    pub(super) fn date(&self, key: &str) -> Result<Date, Refused> {
        let wrong = || Refused::input("1517", &format!("입력 값 형식이 올바르지 않습니다. 파라미터={key}"));
        Date::parse(&self.text(key)).ok_or_else(wrong)
    }
}

/// Keys that must be there; those marked may be blank.
fn required(tr: Tr) -> &'static [(&'static str, bool)] {
    const STOCK: &[(&str, bool)] = &[("stk_cd", false)];
    const BARS: &[(&str, bool)] = &[("stk_cd", false), ("tic_scope", false), ("upd_stkpc_tp", false)];
    const PLACE: &[(&str, bool)] =
        &[("dmst_stex_tp", false), ("stk_cd", false), ("ord_qty", false), ("ord_uv", true), ("trde_tp", false)];
    match tr {
        Tr::IssueToken | Tr::RevokeToken | Tr::AccountNumber => &[],
        Tr::StockInfo | Tr::Book | Tr::QuoteBoard => STOCK,
        Tr::DailyPrices => &[("stk_cd", false), ("qry_dt", false), ("indc_tp", false)],
        Tr::TickChart | Tr::MinuteChart => BARS,
        Tr::DayChart => &[("stk_cd", false), ("base_dt", false), ("upd_stkpc_tp", false)],
        Tr::StockList => &[("mrkt_tp", false)],
        Tr::Deposit => &[("qry_tp", false)],
        Tr::Holdings => &[("qry_tp", false), ("dmst_stex_tp", false)],
        Tr::OpenOrders => &[("all_stk_tp", false), ("trde_tp", false), ("stk_cd", true), ("stex_tp", false)],
        Tr::Fills => &[("stk_cd", true), ("qry_tp", false), ("sell_tp", false), ("ord_no", true), ("stex_tp", false)],
        Tr::Buy | Tr::Sell => PLACE,
        Tr::Amend => {
            &[("dmst_stex_tp", false), ("orig_ord_no", false), ("stk_cd", false), ("mdfy_qty", false), ("mdfy_uv", false)]
        }
        Tr::Cancel => &[("dmst_stex_tp", false), ("orig_ord_no", false), ("stk_cd", false), ("cncl_qty", false)],
    }
}

/// What a request asks for came to: data, words, and where to go on.
pub(super) struct Found {
    pub(super) fields: Map<String, Value>,
    pub(super) message: &'static str,
    pub(super) next_key: Option<String>,
}

impl Found {
    pub(super) fn all(fields: Fields) -> Found {
        Found { fields, message: "정상적으로 처리되었습니다", next_key: None }
    }
}

/// A part of a list that goes on: rows from where `key` says, at most `size`, and the key of the rest.
///
/// # Errors
/// 1517 when the key is none of ours.
pub(super) fn page<T>(rows: Vec<T>, size: usize, key: Option<&str>) -> Result<(Vec<T>, Option<String>), Refused> {
    let wrong = || Refused::input("1517", "입력 값 형식이 올바르지 않습니다. 파라미터=next-key");
    let from = match key {
        None => 0,
        Some(key) => key.strip_prefix("EMU").and_then(|digits| usize::from_str_radix(digits, 16).ok()).ok_or_else(wrong)?,
    };
    let count = rows.len();
    let next = (from.saturating_add(size) < count).then(|| format!("EMU{:012x}", from + size));
    Ok((rows.into_iter().skip(from).take(size).collect(), next))
}

impl Engine {
    /// Answers a request.
    pub(super) fn request(&mut self, request: &Incoming, now: Instant) -> Answer {
        self.stats.requests += 1;
        let mut api_id = request.api_id.clone().unwrap_or_default();
        let (mut fault, answer) = (None, self.checked(request, now, &mut api_id));
        let answer = answer.and_then(|(tr, body)| {
            fault = if tr.is_order() { self.faults.of_order() } else { None };
            match fault {
                Some(OrderFault::TooMany) => return Err(Refused::too_many(tr.id())),
                // Nobody is told.
                Some(OrderFault::LostRequest) => return Err(Refused::server()),
                _ => {}
            }
            let found = self.serve(tr, &body, request.next_key.as_deref());
            self.flush();
            if fault == Some(OrderFault::UnknownStatus) { Err(Refused::server()) } else { found }
        });
        // Also of a refusal nobody is told then.
        let lost = matches!(fault, Some(OrderFault::LostAnswer | OrderFault::LostRequest));
        match answer {
            Ok(Found { mut fields, message, next_key }) => {
                fields.insert("return_code".into(), json!(0));
                put(&mut fields, "return_msg", message);
                Answer { status: 200, api_id, body: Value::Object(fields), next_key, lost }
            }
            Err(Refused { status, code, message }) => {
                self.stats.refused += 1;
                self.stats.limited += u64::from(status == 429);
                let body = json!({ "return_code": code, "return_msg": message });
                Answer { status, api_id, body, next_key: None, lost }
            }
        }
    }

    fn checked(&mut self, request: &Incoming, now: Instant, api_id: &mut String) -> Result<(Tr, Body), Refused> {
        // The token requests may go without a number: their paths say it.
        if api_id.is_empty()
            && let Some(tr) = [Tr::IssueToken, Tr::RevokeToken].into_iter().find(|tr| tr.path() == request.path)
        {
            *api_id = tr.id().to_owned();
        }
        if api_id.is_empty() {
            return Err(Refused::input("1501", "API ID가 Null이거나 값이 없습니다."));
        }
        let tr = Tr::from_id(api_id).ok_or_else(|| Refused::input("1505", "API ID가 존재하지 않습니다."))?;
        if tr.path() != request.path {
            return Err(Refused::input("1504", &format!("해당 URI에서는 지원하는 API ID가 아닙니다. API ID={}", tr.id())));
        }
        if tr != Tr::IssueToken && tr != Tr::RevokeToken {
            self.authorized(request)?;
        }
        let body = match serde_json::from_slice(&request.body) {
            Ok(Value::Object(fields)) => Body(fields),
            Err(_) if request.body.is_empty() => Body(Map::new()),
            _ => return Err(Refused::input("1517", "입력 값 형식이 올바르지 않습니다. JSON 객체가 아닙니다.")),
        };
        for (key, may_be_blank) in required(tr) {
            if !body.0.contains_key(*key) || (!may_be_blank && body.text(key).is_empty()) {
                let words = format!("필수 입력 값에 값이 존재하지 않습니다. 필수입력 파라미터={key}");
                return Err(Refused::input("1511", &words));
            }
        }
        let bucket = if tr.is_order() { ORDERS } else { tr.id() };
        // Orders have their own dice: `of_order`.
        if !tr.is_order() && self.faults.strikes(Fault::Storm) || (self.config.limited && !self.buckets.take(bucket, now)) {
            return Err(Refused::too_many(tr.id()));
        }
        Ok((tr, body))
    }

    fn authorized(&mut self, request: &Incoming) -> Result<(), Refused> {
        if self.faults.strikes(Fault::Session) {
            self.tokens.invalidate();
        }
        let header = request.authorization.as_deref().map(str::trim).filter(|header| !header.is_empty());
        let header = header.ok_or_else(|| Refused::access("1513", "Http Header에 authorization 필드가 없습니다."))?;
        let token = match header.strip_prefix("Bearer").or_else(|| header.strip_prefix("bearer")) {
            Some(token) if token.is_empty() || token.starts_with(' ') => token.trim(),
            _ => return Err(Refused::access("1514", "authorization 필드의 값이 올바르지 않습니다.")),
        };
        if token.is_empty() {
            return Err(Refused::access("1516", "Token이 정의되어 있지 않습니다."));
        }
        if !self.tokens.is_valid(token, self.now()) {
            return Err(Refused::access("8005", "Token이 유효하지 않습니다"));
        }
        Ok(())
    }

    fn serve(&mut self, tr: Tr, body: &Body, next_key: Option<&str>) -> Result<Found, Refused> {
        match tr {
            Tr::IssueToken => self.issue_token(body),
            Tr::RevokeToken => self.revoke_token(body),
            Tr::StockInfo => self.stock_info(body),
            Tr::Book => self.book_page(body),
            Tr::QuoteBoard => self.quote_board(body),
            Tr::DailyPrices => self.daily_prices(body, next_key),
            Tr::TickChart => self.tick_chart(body, next_key),
            Tr::MinuteChart => self.minute_chart(body, next_key),
            Tr::DayChart => self.day_chart(body, next_key),
            Tr::StockList => self.stock_list(body),
            Tr::AccountNumber => self.account_number(),
            Tr::Deposit => self.deposit_page(),
            Tr::Holdings => self.holdings_page(body, next_key),
            Tr::OpenOrders => self.open_orders(body, next_key),
            Tr::Fills => self.filled_orders(body, next_key),
            Tr::Buy => self.place(body, crate::market::Side::Buy),
            Tr::Sell => self.place(body, crate::market::Side::Sell),
            Tr::Amend => self.amend(body),
            Tr::Cancel => self.cancel(body),
        }
    }

    fn right_keys(&self, body: &Body) -> Result<(), Refused> {
        let (key, secret) = (body.text("appkey"), body.text("secretkey"));
        if key.is_empty() || secret.is_empty() {
            return Err(Refused::access("8020", "입력파라미터로 appkey 또는 secretkey가 들어오지 않았습니다."));
        }
        if key != self.config.app_key || secret != self.config.secret_key {
            return Err(Refused::access("8001", "App Key와 Secret Key 검증에 실패했습니다"));
        }
        Ok(())
    }

    fn issue_token(&mut self, body: &Body) -> Result<Found, Refused> {
        match body.text("grant_type").as_str() {
            "client_credentials" => {}
            "" => return Err(Refused::access("8011", "grant_type이 들어오지 않았습니다.")),
            _ => return Err(Refused::access("8012", "grant_type의 값이 맞지 않습니다.")),
        }
        self.right_keys(body)?;
        let (token, expires) = self.tokens.issue(self.now());
        let mut fields = Map::new();
        put(&mut fields, "expires_dt", format!("{}{}", Date::at(expires), TimeOfDay::at(expires)));
        put(&mut fields, "token_type", "Bearer");
        put(&mut fields, "token", token);
        Ok(Found::all(fields))
    }

    fn revoke_token(&mut self, body: &Body) -> Result<Found, Refused> {
        self.right_keys(body)?;
        let token = body.text("token");
        if token.is_empty() {
            return Err(Refused::access("8016", "Token이 들어오지 않았습니다."));
        }
        if !self.tokens.is_valid(&token, self.now()) {
            return Err(Refused::access("8015", "Token을 폐기하는데 실패하였습니다."));
        }
        self.tokens.invalidate();
        Ok(Found::all(Map::new()))
    }

    /// The stock that `stk_cd` names.
    ///
    /// # Errors
    /// 1902 when there is none.
    pub(super) fn stock_of(&self, body: &Body) -> Result<usize, Refused> {
        let unknown = || Refused::input("1902", "종목 정보가 없습니다. 입력한 종목코드 값을 확인바랍니다.");
        self.find(&body.text("stk_cd")).ok_or_else(unknown)
    }
}
