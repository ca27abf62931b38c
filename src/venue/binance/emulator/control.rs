//! Requests on a market stream's connection: SUBSCRIBE and its kin, and what they are answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::frame::{canonical, stream_kind};

/// Which streams an address serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    /// Spot, and futures without a prefix: every stream.
    All,
    /// Futures `/public`: depth and best quotes.
    Public,
    /// Futures `/market`: everything else.
    Market,
}

impl Root {
    /// Whether frames of the stream come at this address. A subscription to another stream is accepted and stays silent.
    ///
    /// The venue's documents do not say where futures `trade` belongs; it is served at both.
    fn serves(self, stream: &str) -> bool {
        let kind = stream_kind(stream);
        let public = kind.starts_with("depth") || kind.starts_with("rpiDepth") || kind == "bookTicker";
        match self {
            Self::All => true,
            Self::Public => public || kind == "trade",
            Self::Market => !public,
        }
    }
}

/// What one connection has subscribed to, and in which form.
#[derive(Debug)]
pub(super) struct Subscriptions {
    root: Root,
    combined: bool,
    names: BTreeSet<Arc<str>>,
    by_canonical: BTreeMap<String, Vec<Arc<str>>>,
}

impl Subscriptions {
    pub(super) fn new(root: Root, combined: bool) -> Self {
        Self { root, combined, names: BTreeSet::new(), by_canonical: BTreeMap::new() }
    }

    pub(super) fn subscribe(&mut self, name: &str) {
        let name: Arc<str> = name.into();
        if self.names.insert(name.clone()) && self.root.serves(&name) {
            self.by_canonical.entry(canonical(&name).to_owned()).or_default().push(name);
        }
    }

    fn unsubscribe(&mut self, name: &str) {
        self.names.remove(name);
        if let Some(names) = self.by_canonical.get_mut(canonical(name)) {
            names.retain(|other| &**other != name);
            if names.is_empty() {
                self.by_canonical.remove(canonical(name));
            }
        }
    }

    /// Whether frames go out as `{"stream":…,"data":…}`.
    pub(super) fn combined(&self) -> bool {
        self.combined
    }

    /// Their names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// How many streams.
    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// Under which names the frames of a stream are wanted: its own if that was asked for, else each that means the same.
    pub(super) fn names_for(&self, stream: &str) -> &[Arc<str>] {
        let Some(names) = self.by_canonical.get(canonical(stream)) else {
            return &[];
        };
        match names.iter().position(|name| &**name == stream) {
            Some(index) => &names[index..=index],
            None => names,
        }
    }
}

/// Answers one request; the subscriptions change with it.
pub(super) fn answer(subscriptions: &mut Subscriptions, text: &str) -> String {
    let request: Value = match serde_json::from_str(text) {
        Ok(request) => request,
        Err(error) => return failure(&Value::Null, 3, &format!("Invalid JSON: {error}")),
    };
    let id = request.get("id").cloned().unwrap_or(Value::Null);
    let id_fits = match &id {
        Value::Null => true,
        Value::Number(number) => number.is_i64(),
        Value::String(text) => text.len() <= ID_BYTES_MAX,
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    };
    if !id_fits {
        return failure(
            &Value::Null,
            2,
            "Invalid request: request ID must be an integer, a string of at most 36 characters, or null",
        );
    }
    match perform(subscriptions, &request) {
        Ok(result) => format!("{{\"result\":{result},\"id\":{id}}}"),
        Err((code, message)) => failure(&id, code, &message),
    }
}

fn perform(subscriptions: &mut Subscriptions, request: &Value) -> Result<Value, (i32, String)> {
    let Some(method) = request.get("method").and_then(Value::as_str) else {
        return Err((2, "Invalid request: missing field `method`".into()));
    };
    let none = Vec::new();
    let params = request.get("params").and_then(Value::as_array).unwrap_or(&none);
    match method {
        "SUBSCRIBE" => {
            names(params)?.into_iter().for_each(|name| subscriptions.subscribe(name));
            Ok(Value::Null)
        }
        "UNSUBSCRIBE" => {
            names(params)?.into_iter().for_each(|name| subscriptions.unsubscribe(name));
            Ok(Value::Null)
        }
        "LIST_SUBSCRIPTIONS" => Ok(json!(subscriptions.names.iter().map(|name| &**name).collect::<Vec<_>>())),
        "SET_PROPERTY" => {
            check_property(params)?;
            let on = params.get(1).and_then(Value::as_bool);
            subscriptions.combined = on.ok_or((1, "Invalid value type: expected Boolean".to_owned()))?;
            Ok(Value::Null)
        }
        "GET_PROPERTY" => {
            check_property(params)?;
            Ok(json!(subscriptions.combined))
        }
        other => Err((
            2,
            format!(
                "Invalid request: unknown variant `{other}`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, \
                 `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"
            ),
        )),
    }
}

fn names(params: &[Value]) -> Result<Vec<&str>, (i32, String)> {
    let names: Option<Vec<&str>> = params.iter().map(Value::as_str).collect();
    match names {
        Some(names) if !names.is_empty() => Ok(names),
        Some(_) => Err((2, "Invalid request: params must not be empty".into())),
        None => Err((2, "Invalid request: invalid type: expected a string".into())),
    }
}

fn check_property(params: &[Value]) -> Result<(), (i32, String)> {
    match params.first().map(Value::as_str) {
        Some(Some("combined")) => Ok(()),
        Some(Some(_)) => Err((0, "Unknown property".into())),
        Some(None) | None => Err((2, "Invalid request: property name must be a string".into())),
    }
}

fn failure(id: &Value, code: i32, message: &str) -> String {
    format!("{{\"error\":{{\"code\":{code},\"msg\":{}}},\"id\":{id}}}", json!(message))
}

const ID_BYTES_MAX: usize = 36;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(requests: &[(&str, &str)]) -> Subscriptions {
        let mut subscriptions = Subscriptions::new(Root::All, false);
        for (request, expect) in requests {
            assert_eq!(answer(&mut subscriptions, request), *expect, "{request}");
        }
        subscriptions
    }

    #[test]
    fn requests_are_answered_as_documented() {
        let subscriptions = check(&[
            (r#"{"method":"SUBSCRIBE","params":["b@trade","a@depth"],"id":1}"#, r#"{"result":null,"id":1}"#),
            (r#"{"method":"LIST_SUBSCRIPTIONS","id":"x"}"#, r#"{"result":["a@depth","b@trade"],"id":"x"}"#),
            (r#"{"method":"UNSUBSCRIBE","params":["b@trade"],"id":null}"#, r#"{"result":null,"id":null}"#),
            (r#"{"method":"SET_PROPERTY","params":["combined",true],"id":2}"#, r#"{"result":null,"id":2}"#),
            (r#"{"method":"GET_PROPERTY","params":["combined"],"id":3}"#, r#"{"result":true,"id":3}"#),
        ]);
        assert_eq!((subscriptions.count(), subscriptions.combined()), (1, true));
        assert!(subscriptions.names_for("b@trade").is_empty());
    }

    #[test]
    fn mistakes_are_answered_with_their_code() {
        for (request, code) in [
            ("", 3),
            ("[", 3),
            ("1", 2),
            ("{}", 2),
            (r#"{"method":"BUY","id":1}"#, 2),
            (r#"{"method":"SUBSCRIBE","id":1}"#, 2),
            (r#"{"method":"SUBSCRIBE","params":[1],"id":1}"#, 2),
            (r#"{"method":"SUBSCRIBE","params":["a@trade"],"id":1.5}"#, 2),
            (r#"{"method":"SET_PROPERTY","params":["combined",1],"id":1}"#, 1),
            (r#"{"method":"SET_PROPERTY","params":["colour",true],"id":1}"#, 0),
        ] {
            let text = answer(&mut Subscriptions::new(Root::All, true), request);
            assert!(text.contains(&format!("\"code\":{code},")), "{request}: {text}");
        }
    }

    #[test]
    fn another_speed_of_depth_gets_the_frames_under_its_own_name() {
        let mut subscriptions = Subscriptions::new(Root::All, true);
        subscriptions.subscribe("a@depth@100ms");
        assert_eq!(subscriptions.names_for("a@depth@0ms"), ["a@depth@100ms".into()]);
        subscriptions.subscribe("a@depth@0ms");
        assert_eq!(subscriptions.names_for("a@depth@0ms"), ["a@depth@0ms".into()]);
    }

    #[test]
    fn the_futures_roots_serve_their_own_class() {
        for (root, stream, served) in [
            (Root::Public, "a@depth@0ms", true),
            (Root::Public, "a@bookTicker", true),
            (Root::Public, "a@aggTrade", false),
            (Root::Market, "a@aggTrade", true),
            (Root::Market, "a@trade", true),
            (Root::Market, "a@bookTicker", false),
        ] {
            let mut subscriptions = Subscriptions::new(root, true);
            subscriptions.subscribe(stream);
            assert_eq!(!subscriptions.names_for(stream).is_empty(), served, "{root:?} {stream}");
        }
    }
}
