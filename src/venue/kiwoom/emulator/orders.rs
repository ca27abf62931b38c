//! kt10000 to kt10003: the broker's checks in its order, then the exchange.

use super::engine::Engine;
use super::frames::{self, Meta};
use super::request::{Body, Found, Refused};
use super::write::{fields, krw, quantity, shares, whole};
use crate::account::{OrderType, TimeInForce};
use crate::market::Side;
use crate::venue::exchange::{NewOrder, Order, Reject, Size};
use crate::venue::kiwoom::rules::sessions::{DayKind, Session, open_at, takes};
use crate::venue::kiwoom::time::TimeOfDay;
use crate::venue::kiwoom::wire::rest::order::OrderKind;
use crate::venue::kiwoom::wire::symbol::Exchange;

const NOON: TimeOfDay = TimeOfDay::of(12, 0, 0);
const CLOSE: TimeOfDay = TimeOfDay::of(15, 30, 0);

impl Engine {
    /// Refuses with the mock environment's code or the real one.
    fn say(&self, mock: &str, real: &str, words: &str) -> Refused {
        if self.config.mock { Refused::business(mock, &format!("모의투자 {words}")) } else { Refused::business(real, words) }
    }

    fn exchange_of(&self, body: &Body) -> Result<Exchange, Refused> {
        let exchange = match body.text("dmst_stex_tp").as_str() {
            "KRX" => Exchange::Krx,
            "NXT" => Exchange::Nxt,
            "SOR" => Exchange::Sor,
            _ => return Err(Refused::input("1517", "입력 값 형식이 올바르지 않습니다. 파라미터=dmst_stex_tp")),
        };
        if self.config.mock && exchange != Exchange::Krx {
            return Err(Refused::business("RC9000", "모의투자에서 제공하지 않는 기능입니다."));
        }
        Ok(exchange)
    }

    /// Whether an order of this kind is taken now: the market is closed, or takes other kinds only.
    fn session(&self, exchange: Exchange, kind: OrderKind) -> Result<(), Refused> {
        let time = self.time();
        let after = self.config.mock && time >= CLOSE;
        if !after && takes(exchange, self.date, DayKind::Ordinary, time, kind) {
            return Ok(());
        }
        let open = open_at(exchange, self.date, DayKind::Ordinary, time);
        let open = open.iter().any(|session| !matches!(session, Session::BeforeOpen | Session::AfterClose));
        // The real server's codes for a closed market are not known: the mock's are used for both.
        Err(match (open && !after, time < NOON) {
            (true, _) => Refused::business("521790", "해당 시간에는 주문할 수 없는 주문유형입니다."),
            (false, true) => Refused::business("RC4057", "모의투자 장시작전입니다."),
            (false, false) => Refused::business("RC4058", "모의투자 장종료"),
        })
    }

    fn refusal(&self, reject: Reject) -> Refused {
        match reject {
            Reject::OffTick => self.say("RC4003", "571557", "호가단위 오류입니다."),
            Reject::OutsideLimits => Refused::business("RC4027", "상/하한가를 벗어난 가격입니다."),
            Reject::TooLittleCash { affordable } => {
                let words = format!("매수증거금이 부족합니다. {}주 매수가능", shares(affordable));
                self.say("RC4025", "855056", &words)
            }
            Reject::TooLittleHeld { available } => {
                Refused::business("800033", &format!("매도가능수량이 부족합니다. {}주 매도가능", shares(available)))
            }
            Reject::UnknownOrder | Reject::NothingLeft => Refused::business("506550", "정정/취소할 수량이 없습니다."),
            Reject::Closed => Refused::business("RC4058", "모의투자 장종료"),
            Reject::UnknownInstrument => Refused::input("1902", "종목 정보가 없습니다."),
            Reject::BadQty | Reject::TooLarge | Reject::WouldTake | Reject::UnknownAccount => {
                Refused::input("1517", "입력 값 형식이 올바르지 않습니다. 파라미터=ord_qty")
            }
        }
    }

    pub(super) fn place(&mut self, body: &Body, side: Side) -> Result<Found, Refused> {
        let exchange = self.exchange_of(body)?;
        let kind = OrderKind::from_code(&body.text("trde_tp"));
        let kind = kind.ok_or_else(|| Refused::business("407022", "매매구분 값이 올바르지 않습니다."))?;
        use OrderKind::{AfterClose, AfterHoursAuction, BeforeOpen, Mid, MidFok, MidIoc, StopLimit};
        // What this emulator does not trade: at the close's price, between the ticks, and stops.
        if matches!(kind, AfterClose | AfterHoursAuction | BeforeOpen | Mid | MidFok | MidIoc | StopLimit) {
            return Err(Refused::business("RC9000", "모의투자에서 제공하지 않는 기능입니다."));
        }
        self.session(exchange, kind)?;
        let at = self.stock_of(body)?;
        let price = body.count("ord_uv")?;
        match (kind.takes_price(), price) {
            (true, None | Some(0)) => return Err(Refused::business("308003", "주문단가를 입력하십시오.")),
            (false, Some(_)) => return Err(Refused::business("308003", "주문단가를 입력할 수 없는 주문유형입니다.")),
            _ => {}
        }
        if price.is_some_and(|price| !frames::on_grid(&self.stocks[at], price)) {
            return Err(self.refusal(Reject::OffTick));
        }
        if price.is_some_and(|price| price < self.stocks[at].lower || price > self.stocks[at].upper) {
            return Err(self.refusal(Reject::OutsideLimits));
        }
        let qty = body.count("ord_qty")?.unwrap_or(0);
        let best = self.best(at);
        let opposite = if side == Side::Buy { best.ask } else { best.bid };
        let own = if side == Side::Buy { best.bid } else { best.ask };
        let last = krw(self.last(at));
        let order_type = match kind {
            OrderKind::Market | OrderKind::MarketIoc | OrderKind::MarketFok => OrderType::Market,
            OrderKind::BestOpposite | OrderKind::BestIoc | OrderKind::BestFok => OrderType::Limit(opposite.unwrap_or(last)),
            OrderKind::BestOwn => OrderType::Limit(own.unwrap_or(last)),
            _ => OrderType::Limit(krw(price.unwrap_or(0))),
        };
        let time_in_force = match kind {
            OrderKind::LimitIoc | OrderKind::MarketIoc | OrderKind::BestIoc => TimeInForce::Ioc,
            OrderKind::LimitFok | OrderKind::MarketFok | OrderKind::BestFok => TimeInForce::Fok,
            _ => TimeInForce::Gtc,
        };
        let (account, instrument) = (self.account, self.stocks[at].id);
        let size = Size::Base(quantity(qty));
        let order = NewOrder { account, instrument, side, order_type, time_in_force, size, client_id: None };
        let number = self.exchange.place(order).map_err(|reject| self.refusal(reject))?;
        self.stats.orders += 1;
        self.meta.insert(number, Meta { exchange, kind });
        let message =
            if side == Side::Buy { "매수주문이 완료되었습니다." } else { "매도주문이 완료되었습니다." };
        let answer = fields([("ord_no", format!("{number:07}")), ("dmst_stex_tp", exchange.name().to_owned())]);
        Ok(Found { fields: answer, message, next_key: None })
    }

    /// The open order that a request names, of the stock it names and the exchange it was placed with.
    fn original(&self, body: &Body) -> Result<Order, Refused> {
        let exchange = self.exchange_of(body)?;
        let nothing = || Refused::business("571435", "원주문번호가 존재하지 않거나 정정/취소할 수 없습니다.");
        let number = body.count("orig_ord_no")?.and_then(|number| u64::try_from(number).ok()).ok_or_else(nothing)?;
        let at = self.stock_of(body)?;
        let order = self.exchange.order(number).filter(|order| order.instrument == self.stocks[at].id).ok_or_else(nothing)?;
        if !order.is_open() {
            return Err(self.refusal(Reject::NothingLeft));
        }
        if self.meta.get(&number).is_some_and(|meta| meta.exchange != exchange) {
            return Err(Refused::business("571412", "원주문의 거래소 구분과 다릅니다."));
        }
        Ok(order.clone())
    }

    pub(super) fn amend(&mut self, body: &Body) -> Result<Found, Refused> {
        let exchange = self.exchange_of(body)?;
        self.session(exchange, OrderKind::Limit)?;
        let order = self.original(body)?;
        let price = body.count("mdfy_uv")?.filter(|price| *price > 0);
        let price = price.ok_or_else(|| Refused::business("308003", "정정단가를 입력하십시오."))?;
        let qty = body.count("mdfy_qty")?.filter(|qty| *qty > 0).map(quantity);
        let qty = qty.unwrap_or(order.open);
        let amended = self.exchange.amend(self.account, order.number, Some(qty), krw(price));
        let number = amended.map_err(|reject| self.refusal(reject))?;
        self.stats.orders += 1;
        let message = if order.side == Side::Buy {
            "매수정정 주문입력이 완료되었습니다"
        } else {
            "매도정정 주문입력이 완료되었습니다"
        };
        let answer = fields([
            ("ord_no", format!("{number:07}")),
            ("base_orig_ord_no", format!("{:07}", order.root)),
            ("mdfy_qty", format!("{:012}", shares(qty))),
            ("dmst_stex_tp", exchange.name().to_owned()),
        ]);
        Ok(Found { fields: answer, message, next_key: None })
    }

    pub(super) fn cancel(&mut self, body: &Body) -> Result<Found, Refused> {
        let order = self.original(body)?;
        let qty = body.count("cncl_qty")?.filter(|qty| *qty > 0).map(quantity);
        if qty.is_some_and(|qty| qty > order.open) {
            return Err(self.refusal(Reject::NothingLeft));
        }
        // Cancellations are numbered as orders are.
        let number = self.exchange.take_number();
        let cancelled = self.exchange.cancel(self.account, order.number, qty).map_err(|reject| self.refusal(reject))?;
        self.stats.orders += 1;
        self.cancelling = Some(number);
        self.flush();
        self.cancelling = None;
        let message = if order.side == Side::Buy {
            "매수취소 주문입력이 완료되었습니다"
        } else {
            "매도취소 주문입력이 완료되었습니다"
        };
        let answer = fields([
            ("ord_no", format!("{number:07}")),
            ("base_orig_ord_no", format!("{:07}", order.root)),
            ("cncl_qty", format!("{:012}", shares(cancelled))),
        ]);
        Ok(Found { fields: answer, message, next_key: None })
    }

    /// A limit as queries write it: 0 for a market order.
    pub(super) fn written_limit(order: &Order) -> String {
        order.limit().map_or(0, whole).to_string()
    }
}
