//! An event in one line, for people: [`line`]; for programs: [`json_line`].

use jangbu_journal::Stamp;
use serde_json::json;

use super::names::Names;
use crate::account::{OrderType, OrderUpdate};
use crate::cli::moment::time_text;
use crate::event::{Answer, Command, Event, FlowKind, Frame, LinkState, MarketEvent, OrderEvent};
use crate::live::Language;
use crate::market::{InstrumentId, Price, Qty, Rate, Side};

/// How much of a text from outside is shown.
const TEXT_CHARS_MAX: usize = 120;

/// Who speaks, as `--only` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Who {
    /// 시장 · Markets
    Market,
    /// 체결만 · Trades alone
    Trade,
    /// 우리 주문 · Our orders
    Order,
    /// 계좌 · Our account
    Answer,
    /// 연결 · Connections
    Link,
    /// 사람 · The operator
    Command,
    /// 타이머 · Timers
    Tick,
    /// 원문 · Raw frames
    Frame,
}

impl Who {
    /// Whether `event` is of them.
    pub(super) fn said(self, event: &Event) -> bool {
        match event {
            Event::Market(MarketEvent::Trade(_)) => matches!(self, Who::Market | Who::Trade),
            Event::Market(_) => self == Who::Market,
            Event::Order(_) => self == Who::Order,
            Event::Answer(_) => self == Who::Answer,
            Event::Link(_) => self == Who::Link,
            Event::Command(_) => self == Who::Command,
            Event::Tick => self == Who::Tick,
            Event::Frame(_) => self == Who::Frame,
        }
    }
}

/// An event as a JSON value on one line: nothing is left out, and serde reads it back.
pub(super) fn json_line(stamp: &Stamp, event: &Event) -> String {
    json!({ "seq": stamp.seq, "recv": stamp.recv, "venue": stamp.venue, "event": event }).to_string()
}

/// An event for people: seq, time, kind, and what it says.
pub(super) fn line(stamp: &Stamp, event: &Event, names: &Names, language: Language) -> String {
    let speaker = Speaker { names, language };
    let (kind, text) = match event {
        Event::Market(event) => speaker.market(event),
        Event::Order(event) => (speaker.word("주문", "order"), speaker.order(event)),
        Event::Answer(answer) => (speaker.word("계좌", "account"), speaker.answer(answer)),
        Event::Link(link) => {
            let state = match &link.state {
                LinkState::Up => speaker.word("연결됨", "up").to_owned(),
                LinkState::Down { reason } => format!("{}: {}", speaker.word("끊김", "down"), cut(reason)),
                LinkState::Conflated { frames } => {
                    format!("{} {frames}", speaker.word("호가를 합침, 프레임", "quotes conflated, frames"))
                }
            };
            (speaker.word("연결", "link"), format!("{} {} {state}", link.venue, link.channel))
        }
        Event::Command(command) => (speaker.word("명령", "command"), speaker.command(command)),
        Event::Tick => (speaker.word("시간", "tick"), String::new()),
        Event::Frame(frame) => (speaker.word("원문", "frame"), frame_text(frame)),
    };
    let line = format!("{:>9}  {}  {}  {text}", stamp.seq, time_text(stamp.recv), padded(kind, KIND_COLUMNS));
    line.trim_end().to_owned()
}

const KIND_COLUMNS: usize = 10;

/// `text` to so many columns. A Korean letter takes two.
fn padded(text: &str, columns: usize) -> String {
    let taken: usize = text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    format!("{text}{}", " ".repeat(columns.saturating_sub(taken)))
}

/// A text from outside: short, and unable to move a cursor.
fn cut(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(TEXT_CHARS_MAX) {
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    if text.chars().nth(TEXT_CHARS_MAX).is_some() {
        out.push('…');
    }
    out
}

fn frame_text(frame: &Frame) -> String {
    let more = if frame.more { "+" } else { "" };
    let text = String::from_utf8_lossy(&frame.bytes);
    format!("{} {} {} B{more} {}", frame.venue, frame.channel, frame.bytes.len(), cut(&text))
}

struct Speaker<'a> {
    names: &'a Names,
    language: Language,
}

impl Speaker<'_> {
    fn word(&self, korean: &'static str, english: &'static str) -> &'static str {
        match self.language {
            Language::Korean => korean,
            Language::English => english,
        }
    }

    fn side(&self, side: Side) -> &'static str {
        match side {
            Side::Buy => self.word("매수", "buy"),
            Side::Sell => self.word("매도", "sell"),
        }
    }

    fn of(&self, id: InstrumentId) -> String {
        cut(&self.names.of(id))
    }

    fn market(&self, event: &MarketEvent) -> (&'static str, String) {
        match event {
            MarketEvent::Instrument(it) => {
                let tick = it.ticks.tick_at(Price::ZERO);
                let words = self.word("호가 단위", "tick");
                (
                    self.word("종목", "instrument"),
                    format!("{} {}:{} {words} {tick} lot {}", it.id, it.venue, cut(&it.symbol), it.lot),
                )
            }
            MarketEvent::Trade(it) => {
                let (of, side) = (self.of(it.instrument), self.side(it.taker));
                (self.word("체결", "trade"), format!("{of} {side} {} × {}  {}", it.price, it.qty, it.id))
            }
            MarketEvent::Quote(it) => {
                let of = self.of(it.instrument);
                (self.word("호가", "quote"), format!("{of} {} × {} | {} × {}", it.bid, it.bid_qty, it.ask, it.ask_qty))
            }
            MarketEvent::Depth(it) => {
                let what = if it.snapshot { self.word("전체", "whole") } else { self.word("변경", "update") };
                let levels = self.word("단계", "levels");
                (
                    self.word("호가창", "book"),
                    format!("{} {what} {} {levels}  {}", self.of(it.instrument), it.levels, it.update_id),
                )
            }
            MarketEvent::Level(it) => {
                let side = if it.side == Side::Buy { self.word("매수", "bid") } else { self.word("매도", "ask") };
                (self.word("호가창", "book"), format!("{} {side} {} × {}", self.of(it.instrument), it.price, it.qty))
            }
            MarketEvent::BookLost(id) => (self.word("호가창", "book"), format!("{} {}", self.of(*id), self.word("잃음", "lost"))),
            MarketEvent::Bar(it) => {
                let seconds = it.span / 1_000_000_000;
                let (of, at) = (self.of(it.instrument), time_text(it.start));
                let prices = format!("{} {} {} {}", it.open, it.high, it.low, it.close);
                (self.word("봉", "bar"), format!("{of} {at} {seconds} s {prices}, {} + {}", it.bought, it.sold))
            }
            MarketEvent::Value(it) => (self.word("지수", "value"), format!("{} {}", self.of(it.instrument), it.value)),
            MarketEvent::Phase(it) => {
                let of = it.instrument.map_or(String::new(), |id| format!(" {}", self.of(id)));
                (self.word("장 구분", "phase"), format!("{}{of} {:?}", it.venue, it.kind))
            }
            MarketEvent::Condition(it) => {
                let what = if it.entered { self.word("편입", "entered") } else { self.word("이탈", "left") };
                (self.word("조건", "condition"), format!("{} {} {} {what}", it.number, cut(&it.name), self.of(it.instrument)))
            }
            MarketEvent::Ranked(it) => {
                let what = match it.place {
                    Some(place) => format!("{} {place}", self.word("순위", "place")),
                    None => self.word("이탈", "left").to_owned(),
                };
                (self.word("거래대금 순위", "ranking"), format!("{} {what} {}", self.of(it.instrument), it.turnover))
            }
            MarketEvent::Reference(it) => {
                let text = |price: Option<Price>| price.map_or_else(|| "-".to_owned(), |price| price.to_string());
                let (base, lower, upper) = (text(it.base.or(it.previous_close)), text(it.lower_limit), text(it.upper_limit));
                let halted = if it.halted == Some(true) { self.word(" 거래정지", " halted") } else { "" };
                (self.word("기본정보", "base data"), format!("{} {base} ({lower} ~ {upper}){halted}", self.of(it.instrument)))
            }
            MarketEvent::Activity(it) => {
                let percent =
                    |rate: Option<Rate>| rate.map_or_else(|| "-".to_owned(), |rate| format!("{:.2}", rate.to_f64() * 100.0));
                let words = [self.word("전일비", "of the day before"), self.word("회전율", "turned over")];
                let figures =
                    format!("{} {} %, {} {} %", words[0], percent(it.volume_ratio), words[1], percent(it.turnover_rate));
                (self.word("전일 대비", "activity"), format!("{} {figures}", self.of(it.instrument)))
            }
            MarketEvent::Mark(it) => {
                let funding = format!("{} {} {}", self.word("펀딩", "funding"), it.funding_rate, time_text(it.funding_at));
                (self.word("마크", "mark"), format!("{} {}, {funding}", self.of(it.instrument), it.price))
            }
            MarketEvent::Vi(it) => {
                let what = if it.active { self.word("발동", "began") } else { self.word("해제", "ended") };
                ("VI", format!("{} {what}", self.of(it.instrument)))
            }
        }
    }

    fn order(&self, event: &OrderEvent) -> String {
        let text = match &event.update {
            OrderUpdate::Accepted { venue_order } => format!("{} ({venue_order})", self.word("접수", "accepted")),
            OrderUpdate::Rejected { reason } => format!("{}: {}", self.word("거부", "rejected"), cut(reason)),
            OrderUpdate::Filled(fill) => {
                let words = self.word("체결", "filled");
                format!("{words} {} × {} {:?} ({})", fill.price, fill.qty, fill.liquidity, fill.trade)
            }
            OrderUpdate::Amended { price, qty } => format!("{} {price} × {qty}", self.word("정정", "amended")),
            OrderUpdate::AmendRejected { reason } => format!("{}: {}", self.word("정정 거부", "amendment rejected"), cut(reason)),
            OrderUpdate::Cancelled => self.word("취소", "cancelled").to_owned(),
            OrderUpdate::CancelRejected { reason } => {
                format!("{}: {}", self.word("취소 거부", "cancellation rejected"), cut(reason))
            }
            OrderUpdate::Expired => self.word("소멸", "expired").to_owned(),
            OrderUpdate::Unknown => self.word("알 수 없음 (답이 없음)", "unknown: no answer came").to_owned(),
        };
        format!("{} {text}", event.order)
    }

    fn answer(&self, answer: &Answer) -> String {
        match answer {
            Answer::Balance { venue, currency, free, locked } => {
                let (words, held) = (self.word("잔고", "balance"), self.word("묶임", "locked"));
                format!("{venue} {words} {free} {}, {held} {locked}", cut(currency.as_str()))
            }
            Answer::Position { instrument, qty, average } => {
                format!("{} {} {qty} @ {average}", self.of(*instrument), self.word("보유", "position"))
            }
            Answer::OpenOrder { order, venue_order, instrument, side, price, qty, filled } => {
                let ours = order.map_or_else(|| self.word("우리 것이 아님", "not ours").to_owned(), |order| order.to_string());
                let (of, side, words) = (self.of(*instrument), self.side(*side), self.word("미체결", "open"));
                format!("{of} {words} {ours} ({venue_order}) {side} {} {filled}/{qty}", priced(*price, *qty))
            }
            Answer::NotFound { order } => format!("{order} {}", self.word("거래소에 없음", "not at the venue")),
            Answer::Reconciled { venue } => format!("{venue} {}", self.word("대조 끝", "reconciled")),
            Answer::Charged(charge) => {
                let (fee, tax) = (self.word("수수료", "fee"), self.word("세금", "tax"));
                format!("{} ({}) {fee} {}, {tax} {}", charge.order, charge.trade, charge.fee, charge.tax)
            }
            Answer::Failed { venue, question, reason } => {
                format!("{venue} {} {}: {}", cut(question), self.word("실패", "failed"), cut(reason))
            }
            Answer::Brackets { instrument, brackets } => {
                let rows: Vec<String> = brackets.iter().map(|row| format!("{} {}", row.floor, row.rate)).collect();
                format!("{} {}: {}", self.of(*instrument), self.word("유지증거금률", "maintenance margin from"), rows.join(", "))
            }
            Answer::Margin { instrument, isolated, leverage } => {
                let kind = match isolated {
                    Some(wallet) => format!("{} {wallet}", self.word("격리", "isolated")),
                    None => self.word("교차", "cross").to_owned(),
                };
                let leverage = leverage.map_or_else(String::new, |leverage| format!(", {leverage}x"));
                format!("{} {} {kind}{leverage}", self.of(*instrument), self.word("증거금", "margin"))
            }
            Answer::Forced(fill) => {
                let (of, side, words) = (self.of(fill.instrument), self.side(fill.side), self.word("강제 체결", "forced"));
                format!("{of} {words} {side} {} × {} ({}): {}", fill.price, fill.qty, fill.trade, cut(&fill.reason))
            }
            Answer::Flow(flow) => {
                let kind = match flow.kind {
                    FlowKind::Deposit => self.word("입금", "deposit"),
                    FlowKind::Withdrawal => self.word("출금", "withdrawal"),
                    FlowKind::Funding => self.word("펀딩비", "funding"),
                    FlowKind::Other => self.word("기타 입출금", "other income"),
                };
                let of = flow.instrument.map_or_else(String::new, |instrument| format!(" {}", self.of(instrument)));
                format!("{} {kind}{of} {} {} ({})", flow.venue, flow.amount, cut(flow.currency.as_str()), cut(&flow.id))
            }
            Answer::Noted { venue, text } => format!("{venue} {}", cut(text)),
        }
    }

    fn command(&self, command: &Command) -> String {
        match command {
            Command::SessionStarted { session, build, mode } => {
                format!(
                    "{} {session} {}: {}, {}",
                    self.word("세션", "session"),
                    self.word("시작", "started"),
                    cut(mode),
                    cut(build)
                )
            }
            Command::SessionEnded { session } => {
                format!("{} {session} {}", self.word("세션", "session"), self.word("끝", "ended"))
            }
            Command::Configure(settings) => {
                let names: Vec<String> = settings.strategies.iter().map(|strategy| cut(&strategy.name)).collect();
                format!("{}: {}", self.word("설정, 전략", "settings, strategies"), names.join(", "))
            }
            Command::Deposit { venue, currency, amount } => {
                format!("{} {venue} {amount} {}", self.word("입금", "deposit"), cut(currency.as_str()))
            }
            Command::AutoTrade(on) => {
                let state = if *on { self.word("켬", "on") } else { self.word("끔", "off") };
                format!("{} {state}", self.word("자동 매매", "automatic trading"))
            }
            Command::StrategyText { name, .. } => format!("{} {}", self.word("전략 글", "strategy text"), cut(name)),
            Command::Order { instrument, side, order_type, time_in_force, qty } => {
                let price = match order_type {
                    OrderType::Market => self.word("시장가", "market").to_owned(),
                    OrderType::Limit(price) => price.to_string(),
                };
                let words = self.word("주문", "order");
                format!("{words} {} {} {price} × {qty} {time_in_force:?}", self.of(*instrument), self.side(*side))
            }
            Command::Cancel(order) => format!("{} {order}", self.word("취소", "cancel")),
            Command::CancelAll => self.word("모두 취소", "cancel everything").to_owned(),
            Command::Amend { order, price, qty } => {
                let price = price.map_or_else(String::new, |price| format!(" @ {price}"));
                let qty = qty.map_or_else(String::new, |qty| format!(" × {qty}"));
                format!("{} {order}{price}{qty}", self.word("정정", "amend"))
            }
            Command::Reconnect { venue } => format!("{} {venue}", self.word("다시 접속", "reconnect")),
            Command::Liquidate => self.word("모두 청산", "close everything").to_owned(),
            Command::Kill { reason } => format!("{}: {}", self.word("비상 정지", "kill switch"), cut(reason)),
            Command::Resume => self.word("정지 해제", "resume").to_owned(),
            Command::RealOrders { venues } => {
                let names: Vec<&str> = venues.iter().map(|venue| venue.name()).collect();
                format!("{} {}", self.word("실거래", "real orders"), names.join(", "))
            }
            Command::Liquidation(limits) => {
                let shown = |limit: &Option<crate::market::Rate>| limit.map_or_else(|| "-".to_owned(), |limit| limit.to_string());
                let words = self.word("청산가까지 최소, 경고", "liquidation at least, warned at");
                format!("{words} {}, {}", shown(&limits.distance_min), shown(&limits.warning))
            }
            Command::Valuation(valuation) => {
                let currency = valuation.currency.map_or_else(|| "-".to_owned(), |currency| cut(currency.as_str()));
                let of: Vec<String> = valuation.rates.iter().map(|rate| cut(rate.of.as_str())).collect();
                format!("{} {currency}, {} {}", self.word("평가", "valued in"), self.word("환율", "rates of"), of.join(", "))
            }
        }
    }
}

/// A limit and a quantity; a market order has no limit.
fn priced(price: Price, qty: Qty) -> String {
    if price.is_zero() { qty.to_string() } else { format!("{price} × {qty}") }
}
