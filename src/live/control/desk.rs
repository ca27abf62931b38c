//! Hears requests, checks them, has them carried out, and says what came of it: [`Desk`].

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Sender, TrySendError};
use serde_json::json;
use tokio::sync::{Mutex as Turn, oneshot};
use tokio::time::timeout;

use super::request::{Reply, Request, Told};
use super::settings::{Planned, Running};
use crate::account::{OrderId, OrderType, TimeInForce};
use crate::effect::Effect;
use crate::event::Command;
use crate::live::listing::Listing;
use crate::live::operator::{Applied, Said};
use crate::live::status::Status;
use crate::market::{Price, Qty, Side, Venue};

/// How long the kernel and the journal may take: as long as the journal may stall before the session ends by itself.
const PATIENCE: Duration = Duration::from_secs(15);
/// A reason is no longer.
const REASON_CHARS_MAX: usize = 200;

/// What requests are checked against, and the way into the loop.
#[derive(Debug)]
pub struct Desk {
    /// The way into the loop.
    pub operator: Sender<Said>,
    /// What the session came to so far.
    pub board: Arc<Mutex<Status>>,
    /// Symbols.
    pub listing: Arc<Listing>,
    /// Its number.
    pub session: u32,
    /// Venues it is connected to.
    pub venues: Vec<Venue>,
    /// Venues where orders are for real money.
    pub real: Vec<Venue>,
    /// The settings under which it runs; one change at a time.
    pub running: Turn<Running>,
}

impl Desk {
    /// Answers a line.
    pub(super) async fn answer(&self, line: &[u8]) -> Reply {
        match serde_json::from_slice(line) {
            Ok(request) => self.on_request(request).await.unwrap_or_else(Reply::refused),
            Err(error) => Reply::refused(format!(
                "not a request: {error} (expected a line of JSON like {{\"say\":\"kill\",\"reason\":\"…\"}}) · 알 수 없는 요청입니다"
            )),
        }
    }

    /// The answer; as an error, in words for a person, when the request never became an event (or nobody knows).
    async fn on_request(&self, request: Request) -> Result<Reply, String> {
        match request {
            Request::Order { side, symbol, qty, limit, time_in_force, real } => {
                let (venue, instrument) = self.listing.find(&symbol)?;
                self.confirm(venue, real)?;
                let order_type = match &limit {
                    Some(text) => OrderType::Limit(price(text)?),
                    None => OrderType::Market,
                };
                let (time_in_force, qty) = (lifetime(time_in_force.as_deref())?, quantity(&qty)?);
                let command = Command::Order { instrument, side, order_type, time_in_force, qty };
                Ok(placed(self.say(command).await?, side, &symbol))
            }
            Request::Cancel { order } => Ok(cancelled(self.say(Command::Cancel(order_id(&order)?)).await?)),
            Request::CancelAll => {
                let applied = self.say(Command::CancelAll).await?;
                let count = count(&applied, |effect| matches!(effect, Effect::Cancel(_)));
                Ok(done(applied, format!("주문 {count}개의 취소를 요청했습니다 · {count} orders are being cancelled")))
            }
            Request::Amend { order, price: limit, qty, real } => {
                let order = order_id(&order)?;
                if let Some(row) = self.board().orders.iter().find(|row| row.order == order) {
                    self.confirm(row.venue, real)?;
                } else if !self.real.is_empty() && !real {
                    return Err(unconfirmed(&self.real));
                }
                let limit = limit.as_deref().map(price).transpose()?;
                let qty = qty.as_deref().map(quantity).transpose()?;
                if limit.is_none() && qty.is_none() {
                    return Err(
                        "an amendment says a new price, a new quantity, or both · 새 가격이나 수량이 필요합니다".to_owned()
                    );
                }
                Ok(amended(self.say(Command::Amend { order, price: limit, qty }).await?))
            }
            Request::Kill { reason } => {
                let reason: String = reason.trim().chars().take(REASON_CHARS_MAX).collect();
                let reason = if reason.is_empty() { "the operator".to_owned() } else { reason };
                Ok(killed(self.say(Command::Kill { reason }).await?))
            }
            Request::Resume => Ok(resumed(self.say(Command::Resume).await?)),
            Request::Liquidate => Ok(liquidated(self.say(Command::Liquidate).await?)),
            Request::AutoTrade { on } => {
                let applied = self.say(Command::AutoTrade(on)).await?;
                let text = if on {
                    "자동매매를 켰습니다 · strategies may place orders"
                } else {
                    "자동매매를 껐습니다. 다시 시작할 때도 끄려면 --no-trade · strategies place no orders (at the next start: --no-trade)"
                };
                Ok(done(applied, text.to_owned()))
            }
            Request::Text { name, text } => {
                let mut running = self.running.lock().await;
                let planned = running.text(&name, &text)?;
                self.change(&mut running, planned).await
            }
            Request::Set { strategy, key, value } => {
                let mut running = self.running.lock().await;
                let planned = running.set(&strategy, &key, &value)?;
                let mut reply = self.change(&mut running, planned).await?;
                reply.text.push_str(" (다음 시작에는 설정 파일대로 · the next start reads the file)");
                Ok(reply)
            }
            Request::Reload { name, text, check } => {
                let mut running = self.running.lock().await;
                let planned = running.reload(&name, &text)?;
                if check {
                    let text = summary(&planned, "바뀔 설정 · would change");
                    return Ok(Reply { changes: planned.changes, ..Reply::done(text) });
                }
                self.change(&mut running, planned).await
            }
            Request::Reconnect { venue } => self.reconnect(&venue).await,
            Request::Status => Ok(self.status().await),
        }
    }

    fn board(&self) -> Status {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Real money is asked for twice.
    fn confirm(&self, venue: Venue, real: bool) -> Result<(), String> {
        if real || !self.real.contains(&venue) { Ok(()) } else { Err(unconfirmed(&[venue])) }
    }

    /// Makes it an event, and waits until that is applied and durable.
    async fn say(&self, command: Command) -> Result<Applied, String> {
        let (answer, heard) = oneshot::channel();
        self.operator.try_send(Said { command, answer }).map_err(|error| match error {
            TrySendError::Full(_) => {
                "nothing was done: too many commands wait for the kernel; try again · 명령이 밀려 있습니다. 다시 하십시오"
                    .to_owned()
            }
            TrySendError::Disconnected(_) => "nothing was done: the session is ending · 세션이 끝나는 중입니다".to_owned(),
        })?;
        match timeout(PATIENCE, heard).await {
            Ok(Ok(applied)) => Ok(applied),
            Ok(Err(_)) => {
                Err("the session ended before the command was durable; `jangbu journal tail` shows whether it counts · \
                 세션이 끝나 명령이 남았는지 알 수 없습니다. `jangbu journal tail`로 확인하십시오"
                    .to_owned())
            }
            Err(_) => Err(format!(
                "no answer within {} s: the kernel or the disk is held up, and the command may still count · \
                 커널이나 디스크가 멈춰 있습니다. 명령이 나중에 처리될 수 있습니다",
                PATIENCE.as_secs()
            )),
        }
    }

    /// Carries out a change of settings, command by command.
    async fn change(&self, running: &mut Running, planned: Planned) -> Result<Reply, String> {
        let text = summary(&planned, "바뀐 설정 · changed");
        let Planned { commands, changes, after } = planned;
        let mut reply = Reply { changes, ..Reply::done(text) };
        for command in commands {
            let applied = self.say(command).await?;
            let problems = |told: &Told| matches!(told.code.as_str(), "settings.strategy" | "strategy.text");
            reply.seq = Some(applied.seq.get());
            reply.notices.extend(told(&applied));
            if reply.notices.iter().any(problems) {
                // What it was checked against is not what the kernel has: nothing is taken for granted.
                (reply.ok, reply.text) =
                    (false, "the kernel did not take it as it is; see the lines · 그대로 쓰지 못한 것이 있습니다".into());
            }
        }
        *running = after;
        Ok(reply)
    }

    async fn reconnect(&self, venue: &str) -> Result<Reply, String> {
        let venue: Venue = venue.parse().map_err(|error: String| error)?;
        if !self.venues.contains(&venue) {
            let names: Vec<&str> = self.venues.iter().map(|venue| venue.name()).collect();
            return Err(format!(
                "this session is not connected to {venue} (it is to: {}) · 이 세션이 쓰지 않는 거래소입니다",
                names.join(", ")
            ));
        }
        if venue != Venue::Kiwoom {
            return Err(format!(
                "{venue} is connected again by itself, always; only Kiwoom is given up when its key logs in elsewhere · \
                 스스로 다시 연결하는 거래소입니다"
            ));
        }
        let applied = self.say(Command::Reconnect { venue }).await?;
        Ok(done(
            applied,
            "다른 곳의 접속으로 끊긴 연결이면 다시 접속합니다. 그쪽 접속은 끊깁니다 · if the connection was given up to another login, it is \
             made again, and that one is thrown out"
                .into(),
        ))
    }

    async fn status(&self) -> Reply {
        let (board, running) = (self.board(), self.running.lock().await);
        let strategies: Vec<serde_json::Value> = running
            .settings
            .strategies
            .iter()
            .enumerate()
            .map(|(number, row)| {
                let parameters: serde_json::Map<String, serde_json::Value> =
                    row.parameters.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
                json!({ "number": number, "name": row.name, "instruments": row.instruments, "parameters": parameters })
            })
            .collect();
        let status = json!({
            "session": self.session, "seq": board.seq, "at": board.at, "killed": board.kill_reason, "auto_trade": board.auto_trade,
            "orders": board.orders, "positions": board.positions, "strategies": strategies,
        });
        let killed = board.kill_reason.map_or(String::new(), |reason| format!(", 정지됨 · killed: {reason}"));
        let trading = if board.auto_trade { "켬 on" } else { "끔 off" };
        let (session, seq, orders) = (self.session, board.seq, board.orders.len());
        let text = format!(
            "세션 · session {session}, seq {seq}, 자동매매 · automatic trading {trading}, 주문 · open orders {orders}{killed}"
        );
        Reply { status: Some(status), ..Reply::done(text) }
    }
}

fn unconfirmed(venues: &[Venue]) -> String {
    let names: Vec<&str> = venues.iter().map(|venue| venue.name()).collect();
    format!(
        "orders at {} are for real money: say --real to mean it · 실제 돈의 주문입니다. --real로 확인하십시오",
        names.join(", ")
    )
}

fn price(text: &str) -> Result<Price, String> {
    let wrong = || format!("`{}` is not a price (expected a number above 0, like 70000) · 가격이 아닙니다", cut(text));
    text.parse::<Price>().ok().filter(|price| price.is_positive()).ok_or_else(wrong)
}

fn quantity(text: &str) -> Result<Qty, String> {
    let wrong = || format!("`{}` is not a quantity (expected a number above 0, like 10) · 수량이 아닙니다", cut(text));
    text.parse::<Qty>().ok().filter(|qty| qty.is_positive()).ok_or_else(wrong)
}

fn order_id(text: &str) -> Result<OrderId, String> {
    text.trim().parse().map_err(|error: String| format!("{error} · `jangbu tell status`가 주문 번호를 보여 줍니다"))
}

fn lifetime(text: Option<&str>) -> Result<TimeInForce, String> {
    match text.unwrap_or("gtc") {
        "gtc" => Ok(TimeInForce::Gtc),
        "ioc" => Ok(TimeInForce::Ioc),
        "fok" => Ok(TimeInForce::Fok),
        "post-only" => Ok(TimeInForce::PostOnly),
        other => Err(format!("`{}` is no time in force (gtc, ioc, fok, post-only) · 주문 조건이 아닙니다", cut(other))),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

fn told(applied: &Applied) -> Vec<Told> {
    let notice = |effect: &Effect| match effect {
        Effect::Notify(notice) => Some(Told::from(notice)),
        _ => None,
    };
    applied.effects.iter().filter_map(notice).collect()
}

fn count(applied: &Applied, which: impl Fn(&Effect) -> bool) -> usize {
    applied.effects.iter().filter(|effect| which(effect)).count()
}

fn done(applied: Applied, text: String) -> Reply {
    Reply { seq: Some(applied.seq.get()), notices: told(&applied), ..Reply::done(text) }
}

/// Refused by the kernel, for the reasons it told; those say it all.
fn refused(applied: Applied, otherwise: &str) -> Reply {
    let notices = told(&applied);
    let words: Vec<&str> = notices.iter().map(|told| told.text.as_str()).collect();
    let text = if words.is_empty() { otherwise.to_owned() } else { words.join("\n") };
    Reply { ok: false, text, seq: Some(applied.seq.get()), notices, ..Reply::default() }
}

fn placed(applied: Applied, side: Side, symbol: &str) -> Reply {
    let sent = applied.effects.iter().find_map(|effect| match effect {
        Effect::Submit(order) => Some(*order),
        _ => None,
    });
    let Some(order) = sent else {
        return refused(applied, "the order was not sent · 주문을 보내지 않았습니다");
    };
    let words = match side {
        Side::Buy => "매수 buy",
        Side::Sell => "매도 sell",
    };
    let text = format!("주문 · order {}: {words} {symbol} {}", order.id, order.qty);
    Reply { order: Some(order.id.to_string()), ..done(applied, text) }
}

fn cancelled(applied: Applied) -> Reply {
    if count(&applied, |effect| matches!(effect, Effect::Cancel(_))) > 0 {
        return done(applied, "취소를 요청했습니다 · the order is being cancelled".into());
    }
    if applied.effects.is_empty() {
        return done(applied, "이미 취소하는 중입니다 · the order was being cancelled already".into());
    }
    refused(applied, "")
}

fn amended(applied: Applied) -> Reply {
    if count(&applied, |effect| matches!(effect, Effect::Amend(_))) > 0 {
        return done(applied, "정정을 요청했습니다 · the order is being amended".into());
    }
    refused(applied, "the order was not amended · 정정하지 않았습니다")
}

fn killed(applied: Applied) -> Reply {
    let orders = count(&applied, |effect| matches!(effect, Effect::Cancel(_)));
    let text = format!(
        "정지했습니다: 주문 {orders}개를 취소하고, `jangbu tell resume` 전에는 아무 주문도 나가지 않습니다 (다시 시작해도) · killed: \
         {orders} orders are being cancelled and none leaves until `jangbu tell resume`, also after a restart"
    );
    done(applied, text)
}

fn resumed(applied: Applied) -> Reply {
    let was = told(&applied).iter().any(|told| told.code == "kill.resumed");
    let text = if was {
        "정지를 풀었습니다 · orders may leave again"
    } else {
        "정지되어 있지 않았습니다 · the kill switch was not on"
    };
    done(applied, text.into())
}

fn liquidated(applied: Applied) -> Reply {
    if told(&applied).iter().any(|told| told.code == "liquidate.killed") {
        return refused(applied, "");
    }
    let orders = count(&applied, |effect| matches!(effect, Effect::Submit(_)));
    let cancels = count(&applied, |effect| matches!(effect, Effect::Cancel(_)));
    let text = format!(
        "모두 청산합니다: 주문 {cancels}개 취소, 청산 주문 {orders}개, 자동매매는 꺼집니다 · closing everything: {cancels} orders are being \
         cancelled, {orders} were sent, automatic trading is off"
    );
    done(applied, text)
}

fn summary(planned: &Planned, words: &str) -> String {
    let now = planned.changes.iter().filter(|change| !change.needs_restart).count();
    let later = planned.changes.len() - now;
    match (now, later) {
        (0, 0) => "바뀐 것이 없습니다 · nothing is different".to_owned(),
        (now, 0) => format!("{words}: {now}"),
        (now, later) => format!("{words}: {now}; 다시 시작해야 바뀌는 것 · only at the next start: {later}"),
    }
}
