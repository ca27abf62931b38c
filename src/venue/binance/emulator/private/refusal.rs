//! Why the emulator's desk refuses, in the venue's numbers and words.

use axum::http::StatusCode;

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) code: i64,
    pub(super) message: String,
    /// What a cancel-replace adds.
    pub(super) data: Option<serde_json::Value>,
}

impl Refused {
    pub(super) const BALANCE: Refused = Refused::empty(-2010);
    pub(super) const UNKNOWN_CANCEL: Refused = Refused::empty(-2011);
    pub(super) const UNKNOWN_ORDER: Refused = Refused::empty(-2013);

    const fn empty(code: i64) -> Refused {
        Refused { status: StatusCode::BAD_REQUEST, code, message: String::new(), data: None }
    }

    pub(super) fn new(code: i64, message: &str) -> Refused {
        Refused { message: message.to_owned(), ..Refused::empty(code) }
    }

    pub(super) fn filter(name: &str) -> Refused {
        Refused::new(-1013, &format!("Filter failure: {name}"))
    }

    pub(super) fn with_status(self, status: StatusCode) -> Refused {
        Refused { status, ..self }
    }

    pub(super) fn body(&self) -> String {
        let message = match (self.code, self.message.as_str()) {
            (-2010, "") => "Account has insufficient balance for requested action.",
            (-2011, "") => "Unknown order sent.",
            (-2013, "") => "Order does not exist.",
            (_, message) => message,
        };
        let mut body = serde_json::json!({"code": self.code, "msg": message});
        if let Some(data) = &self.data {
            body["data"] = data.clone();
        }
        body.to_string()
    }
}
