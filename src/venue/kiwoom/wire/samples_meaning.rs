//! What a sample of the fact sheet means, in one line: [`meaning`]. For the test table `samples.txt`.

use jangbu_journal::Nanos;

use super::super::rest::token::{IssueToken, RevokeToken};
use super::super::rest::{AnswerError, Refusal, Request, account, answer, chart, listing, order, quote, reports};
use super::super::stream::{self, RealBody, TradeFrame};
use super::super::{Message, session};
use crate::market::{Price, Qty};
use crate::venue::kiwoom::time::{Date, TimeOfDay};

/// `none`, or the value.
fn or_none<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map_or("none".into(), |value| value.to_string())
}

/// Values with spaces between them.
macro_rules! words {
    ($($value:expr),+ $(,)?) => { [$(or_none($value)),+].join(" ") };
}

fn levels(side: &[(Price, Qty)]) -> String {
    side.iter().map(|(price, qty)| format!("{price}x{qty}")).collect::<Vec<_>>().join(" ")
}

fn moment(at: Option<Nanos>) -> String {
    at.map_or("none".into(), |at| format!("{} {}", Date::at(at), TimeOfDay::at(at)))
}

fn each<T>(rows: Vec<T>, show: impl Fn(&T) -> String) -> String {
    rows.iter().map(show).collect::<Vec<_>>().join(", ")
}

fn said<R: Request>(body: &str, show: impl Fn(R::Answer) -> String) -> String {
    match answer::<R>(200, body.as_bytes()) {
        Ok(answer) => show(answer),
        Err(AnswerError::Refused(refusal)) => {
            format!("refused {} {:?} available {}", refusal.code, refusal.cause, or_none(refusal.available()))
        }
        Err(error) => panic!("{error}\n{body}"),
    }
}

fn bars(rows: Vec<chart::Bar>) -> String {
    each(rows, |bar| {
        let prices = words!(bar.open, bar.high, bar.low, bar.close);
        let (volume, day, change, sign) =
            (or_none(bar.volume), or_none(bar.day_volume), or_none(bar.change), or_none(bar.direction));
        format!("{} {prices} volume {volume} of {day} change {change} sign {sign}", moment(bar.time))
    })
}

fn accepted(answer: order::OrderAnswer) -> String {
    format!("{} root {} qty {} at {}", answer.number, or_none(answer.root), or_none(answer.qty), or_none(answer.exchange))
}

/// What it means.
pub(super) fn meaning(of: &str, json: &str) -> String {
    match of {
        "ws" => message(json),
        "au10001" => {
            said::<IssueToken<'_>>(json, |token| format!("token {} until {}", token.secret, moment(Some(token.expires))))
        }
        "au10002" => said::<RevokeToken<'_>>(json, |()| "done".into()),
        "ka10001" => said::<quote::AskStockInfo>(json, |s| {
            let limits = format!("{} to {}", or_none(s.lower_limit), or_none(s.upper_limit));
            let last = format!(
                "{} sign {} change {} rate {}",
                or_none(s.last),
                or_none(s.direction),
                or_none(s.change),
                or_none(s.change_rate)
            );
            let day =
                format!("open {} high {} low {} volume {}", or_none(s.open), or_none(s.high), or_none(s.low), or_none(s.volume));
            let expected = format!("{} x {}", or_none(s.expected_price), or_none(s.expected_qty));
            let worth = format!(
                "listed {} per {} eps {} bps {}",
                or_none(s.listed_thousand),
                or_none(s.price_by_earnings),
                or_none(s.earnings),
                or_none(s.book_value)
            );
            let year = format!("{} to {}", or_none(s.low_250_days), or_none(s.high_250_days));
            let head = format!("{} {} reference {}", s.symbol, s.name, or_none(s.reference));
            format!("{head} limits {limits} last {last} {day} expected {expected} {worth} year {year}")
        }),
        "ka10004" => said::<quote::AskBook>(json, |book| {
            let totals = words!(book.ask_total, book.bid_total);
            format!("{} asks {} bids {} totals {totals}", or_none(book.time), levels(&book.asks), levels(&book.bids))
        }),
        "ka10007" => said::<quote::AskQuoteBoard>(json, |board| {
            let h = &board.head;
            let before = format!("{} x {}", or_none(h.previous_close), or_none(h.previous_volume));
            let limits = format!("{} to {}", or_none(h.lower_limit), or_none(h.upper_limit));
            let last = format!(
                "{} x {} sign {} rate {}",
                or_none(h.last),
                or_none(h.last_qty),
                or_none(h.direction),
                or_none(h.change_rate)
            );
            let day = format!(
                "open {} high {} low {} volume {} worth {}",
                or_none(h.open),
                or_none(h.high),
                or_none(h.low),
                or_none(h.volume),
                or_none(h.turnover_million)
            );
            let book =
                format!("asks {} bids {} totals {}", levels(&board.asks), levels(&board.bids), words!(h.ask_total, h.bid_total));
            format!(
                "{} {} at {} previous {before} limits {limits} last {last} {day} {book}",
                h.symbol,
                h.name,
                words!(h.date, h.time)
            )
        }),
        "ka10086" => said::<chart::AskDailyPrices>(json, |rows| {
            each(rows, |day| {
                let prices = words!(day.date, day.open, day.high, day.low, day.close);
                let change = format!("change {} rate {}", or_none(day.change), or_none(day.change_rate));
                let volume = format!("volume {} worth {}", or_none(day.volume), or_none(day.turnover_million));
                let bought = format!("individuals {} institutions {}", or_none(day.individuals), or_none(day.institutions));
                let foreign = format!(
                    "foreigners {} programs {} foreign {}",
                    or_none(day.foreigners),
                    or_none(day.programs),
                    or_none(day.foreign_share)
                );
                format!("{prices} {change} {volume} bought by {bought} {foreign}")
            })
        }),
        "ka10079" => said::<chart::AskTickChart>(json, bars),
        "ka10080" => said::<chart::AskMinuteChart>(json, bars),
        "ka10081" => said::<chart::AskDayChart>(json, |rows| {
            each(rows, |day| {
                let prices = words!(day.date, day.open, day.high, day.low, day.close);
                let volume = format!("volume {} worth {}", or_none(day.volume), or_none(day.turnover_million));
                format!(
                    "{prices} {volume} change {} sign {} turnover {}",
                    or_none(day.change),
                    or_none(day.direction),
                    or_none(day.turnover_rate)
                )
            })
        }),
        "ka10099" => said::<listing::AskStockList>(json, |rows| {
            each(rows, |stock| {
                let head =
                    format!("{} {} listed {} since {}", stock.symbol, stock.name, or_none(stock.listed), or_none(stock.since));
                let market = format!("previous {} market {} {}", or_none(stock.previous_close), stock.market, stock.market_name);
                format!("{head} {market} warning {} nxt {} barred {}", or_none(stock.warning), stock.at_nxt, stock.is_barred())
            })
        }),
        "ka00001" => said::<account::AskAccountNumber>(json, |account| account.number),
        "kt00001" => said::<account::AskDeposit>(json, |cash| {
            let now = format!(
                "deposit {} margin {} withdrawable {}",
                or_none(cash.deposit),
                or_none(cash.margin),
                or_none(cash.withdrawable)
            );
            let free = format!("orderable {} in full {}", or_none(cash.orderable), or_none(cash.orderable_in_full));
            let later = format!("d1 {} d2 {} net {}", or_none(cash.deposit_d1), or_none(cash.deposit_d2), or_none(cash.net_d2));
            format!("{now} {free} {later} bought {} sold {}", or_none(cash.bought_d2), or_none(cash.sold_d2))
        }),
        "kt00018" => said::<account::AskHoldings>(json, |holdings| {
            let t = &holdings.totals;
            let total = format!(
                "cost {} value {} profit {} rate {}",
                or_none(t.cost),
                or_none(t.value),
                or_none(t.profit),
                or_none(t.profit_rate)
            );
            let total = format!("total {total} assets {} loan {}", or_none(t.assets), or_none(t.loan));
            let rows = each(holdings.rows, |h| {
                let head = format!("{} {} profit {} rate {}", h.symbol, h.name, or_none(h.profit), or_none(h.profit_rate));
                let held = format!(
                    "average {} previous {} held {} sellable {}",
                    or_none(h.average),
                    or_none(h.previous_close),
                    or_none(h.qty),
                    or_none(h.sellable)
                );
                let today = format!("last {} today {}", or_none(h.last), words!(h.bought_today, h.sold_today));
                let costs = format!(
                    "cost {} fee {} value {} fee {}",
                    or_none(h.cost),
                    or_none(h.buy_fee),
                    or_none(h.value),
                    or_none(h.sell_fee)
                );
                format!(
                    "{head} {held} {today} {costs} tax {} fees {} weight {}",
                    or_none(h.tax),
                    or_none(h.fees),
                    or_none(h.weight)
                )
            });
            format!("{total}; {rows}")
        }),
        "ka10075" => said::<reports::AskOpenOrders>(json, |rows| {
            each(rows, |o| {
                let head = format!(
                    "{} of {} {} {:?} {:?} {:?} {}",
                    or_none(o.number),
                    or_none(o.original),
                    o.symbol,
                    o.status,
                    o.action.side,
                    o.action.verb,
                    o.price_type
                );
                let fills = format!("{}@{} worth {}", or_none(o.filled_qty), or_none(o.fill_price), or_none(o.filled_value));
                let order = format!("{}@{} open {} filled {fills}", or_none(o.qty), or_none(o.price), or_none(o.open_qty));
                format!("{head} {order} at {} {} routed {}", or_none(o.time), or_none(o.exchange), o.routed)
            })
        }),
        "ka10076" => said::<reports::AskFills>(json, |rows| {
            each(rows, |o| {
                let head = format!(
                    "{} of {} {} {:?} {:?} {:?} {}",
                    or_none(o.number),
                    or_none(o.original),
                    o.symbol,
                    o.status,
                    o.action.side,
                    o.action.verb,
                    o.price_type
                );
                let fills =
                    format!("{}@{} fee {} tax {}", or_none(o.filled_qty), or_none(o.fill_price), or_none(o.fee), or_none(o.tax));
                let order = format!("{}@{} open {} filled {fills}", or_none(o.qty), or_none(o.price), or_none(o.open_qty));
                format!("{head} {order} at {} {} routed {}", or_none(o.time), or_none(o.exchange), o.routed)
            })
        }),
        "kt10000" | "kt10001" => said::<order::PlaceOrder>(json, accepted),
        "kt10002" => said::<order::AmendOrder>(json, accepted),
        "kt10003" => said::<order::CancelOrder>(json, accepted),
        other => panic!("samples.txt: `{other}` is not known here"),
    }
}

fn message(json: &str) -> String {
    match Message::parse(json.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{json}")) {
        Message::Login { reply, sor } if reply.is_ok() => format!("login {} sor {sor}", reply.code),
        Message::Login { reply, .. } => {
            let refusal = Refusal::of_reply(&reply);
            format!("login {} {} {:?}", reply.code, refusal.code, refusal.cause)
        }
        Message::Ping => "ping".into(),
        Message::System { code, text } => {
            let refusal = Refusal::of_system(&code, &text);
            format!("system {} {:?}", refusal.code, refusal.cause)
        }
        Message::Registered(reply) => format!("registered {}", reply.code),
        Message::Removed(reply) => format!("removed {}", reply.code),
        Message::Conditions { list, .. } => {
            format!("conditions {}", each(list, |(number, name)| format!("{number} {name}")))
        }
        Message::Hits(hits) if !hits.reply.is_ok() => {
            let refusal = Refusal::of_reply(&hits.reply);
            format!("hits refused {} {:?}", refusal.code, refusal.cause)
        }
        Message::Hits(hits) => {
            let (condition, more) = (or_none(hits.condition), or_none(hits.next_key));
            let found = each(hits.hits, |hit| match &hit.quote {
                None => hit.symbol.to_string(),
                Some(q) => {
                    let day = words!(q.open, q.high, q.low);
                    let rate = or_none(q.change_rate());
                    format!("{} {} {} rate {rate} volume {} day {day}", hit.symbol, q.name, or_none(q.last), or_none(q.volume))
                }
            });
            format!("hits of {condition} more {more}: {found}")
        }
        Message::ConditionCleared { condition, .. } => format!("cleared {}", or_none(condition)),
        Message::Real(entries) => each(entries, |entry| real(entry.as_ref().unwrap_or_else(|error| panic!("{error}\n{json}")))),
        Message::Unknown => panic!("{json}"),
    }
}

fn trade(item: &str, t: &TradeFrame) -> String {
    let Some(taken) = t.taken else { return format!("trade {item} at {} {} x none", or_none(t.time), or_none(t.price)) };
    let taker = taken.taker.map_or("none".into(), |taker| format!("{taker:?}"));
    let head = format!("trade {item} at {} {} x {} {taker}", or_none(t.time), or_none(t.price), taken.qty);
    let change = format!("change {} rate {} spread {}", or_none(t.change), or_none(t.change_rate), words!(t.bid, t.ask));
    let day = format!("volume {} worth {} day {}", or_none(t.volume), or_none(t.turnover_million), words!(t.open, t.high, t.low));
    let sides = format!("sold {} bought {} {}", or_none(t.sold), or_none(t.bought), or_none(t.exchange));
    format!("{head} {change} {day} strength {} session {} {sides}", or_none(t.strength), or_none(t.session))
}

fn real(entry: &stream::Real) -> String {
    match &entry.body {
        RealBody::Trade(frame) => trade(&entry.item, frame),
        RealBody::Best(best) => format!("best {} {}", entry.item, words!(best.bid, best.ask)),
        RealBody::Order(o) => {
            let head = format!(
                "{} of {} {} {} {:?} {:?} {:?}",
                or_none(o.number),
                or_none(o.original),
                o.symbol,
                o.name,
                o.status,
                o.action.verb,
                o.side
            );
            let order =
                format!("{}@{} open {} worth {}", or_none(o.qty), or_none(o.price), or_none(o.open_qty), or_none(o.filled_value));
            let fill = format!("fill {} {} x {}", or_none(o.trade), or_none(o.unit_price), or_none(o.unit_qty));
            let costs = format!("fee {} tax {} reason {}", or_none(o.fee), or_none(o.tax), o.reject_reason);
            format!("order {head} {order} at {} {fill} {costs} {}", or_none(o.time), or_none(o.exchange))
        }
        RealBody::Holding(h) => {
            let held =
                format!("{} at {} cost {} sellable {}", or_none(h.qty), or_none(h.average), or_none(h.cost), or_none(h.sellable));
            let today = format!(
                "today {} {:?} last {} profit {}",
                or_none(h.net_today),
                h.side,
                or_none(h.last),
                or_none(h.realised_today)
            );
            format!("holding {} {} {held} {today}", h.symbol, h.name)
        }
        RealBody::Book(book) => format!("book {} {} {}", entry.item, levels(&book.bids), levels(&book.asks)),
        RealBody::Session(s) => {
            format!("session {} at {} in {} {:?}", s.code, or_none(s.time), or_none(s.remaining), session::session(s))
        }
        RealBody::Interruption(i) => {
            let kind = format!("active {} static {} dynamic {}", i.is_active(), i.is_static(), i.is_dynamic());
            let reference = words!(i.static_reference, i.dynamic_reference);
            let (price, began) = (or_none(i.price), or_none(i.began));
            let today = format!("count {} direction {}", or_none(i.count_today), or_none(i.direction));
            format!("interruption {} {kind} {price} began {began} reference {reference} {today}", i.symbol)
        }
        RealBody::Condition(hit) => {
            format!("condition {} {} {} at {} {:?}", or_none(hit.condition), hit.symbol, hit.change, or_none(hit.time), hit.side)
        }
        RealBody::Other(kind) => format!("other {kind}"),
    }
}
