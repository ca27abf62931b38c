//! When is what traded: the sessions of KRX and NXT on a day ([`sessions`]), the phase they make ([`phase_at`]), the orders they take
//! ([`Session::takes`]), and the days on which they are ([`is_trading_day`]).

use crate::event::market::PhaseKind;
use crate::venue::kiwoom::time::{Date, TimeOfDay};
use crate::venue::kiwoom::wire::rest::order::OrderKind;
use crate::venue::kiwoom::wire::symbol::Exchange;

/// A kind of session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    /// KRX before the open, at the last close (장전 시간외 종가).
    BeforeOpen,
    /// NXT before KRX opens (프리마켓).
    PreMarket,
    /// The auction of the opening price (시가 단일가).
    OpeningAuction,
    /// Continuous trading (정규장, 메인마켓).
    Continuous,
    /// The auction of the closing price (종가 단일가).
    ClosingAuction,
    /// After the close, at the close (장후 시간외 종가; NXT 종가매매).
    AfterClose,
    /// KRX after hours, an auction every ten minutes (시간외 단일가); until 2026-09-11.
    AfterHoursAuction,
    /// After hours, continuous (애프터마켓): NXT, and KRX since 2026-09-14.
    AfterMarket,
}

impl Session {
    /// The phase that it is.
    pub const fn phase(self) -> PhaseKind {
        match self {
            Session::BeforeOpen | Session::PreMarket => PhaseKind::PreMarket,
            Session::OpeningAuction => PhaseKind::OpeningAuction,
            Session::Continuous => PhaseKind::Continuous,
            Session::ClosingAuction => PhaseKind::ClosingAuction,
            Session::AfterClose | Session::AfterHoursAuction | Session::AfterMarket => PhaseKind::AfterHours,
        }
    }

    /// Whether an order of this kind is taken. Outside regular hours only limits are (a market order is refused with 521790). What the
    /// auctions take is general knowledge.
    pub const fn takes(self, kind: OrderKind) -> bool {
        use OrderKind::{AfterClose, AfterHoursAuction, BeforeOpen, ConditionalLimit, Limit, Market};
        match self {
            Session::BeforeOpen => matches!(kind, BeforeOpen),
            Session::PreMarket | Session::AfterMarket => matches!(kind, Limit),
            Session::OpeningAuction => matches!(kind, Limit | Market | ConditionalLimit),
            Session::Continuous => !matches!(kind, BeforeOpen | AfterHoursAuction | AfterClose),
            Session::ClosingAuction => matches!(kind, Limit | Market),
            Session::AfterClose => matches!(kind, AfterClose),
            Session::AfterHoursAuction => matches!(kind, AfterHoursAuction),
        }
    }
}

/// Days with hours of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DayKind {
    /// As always.
    #[default]
    Ordinary,
    /// The first trading day of a year: opens an hour later, closes as always.
    FirstOfYear,
    /// The day of the college exam (수능): all of it an hour later, but nothing goes on longer than 20:00.
    Exam,
}

/// A session of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which.
    pub session: Session,
    /// Its first second.
    pub from: TimeOfDay,
    /// The first second after it.
    pub until: TimeOfDay,
}

struct Row {
    exchange: Exchange,
    session: Session,
    from: TimeOfDay,
    until: TimeOfDay,
    first_day: Option<Date>,
    last_day: Option<Date>,
}

const fn row(exchange: Exchange, session: Session, from: (u32, u32, u32), until: (u32, u32, u32)) -> Row {
    let (from, until) = (TimeOfDay::of(from.0, from.1, from.2), TimeOfDay::of(until.0, until.1, until.2));
    Row { exchange, session, from, until, first_day: None, last_day: None }
}

/// The last day of the auctions after hours.
const AUCTIONS_END: Date = Date::of(2026, 9, 11);
/// The first day of KRX's after-market.
const AFTER_MARKET: Date = Date::of(2026, 9, 14);
/// The first day of NXT.
const NXT: Date = Date::of(2025, 3, 4);

/// Source: fact sheet 5.3. KRX's pre-market (07:00) was put off to the end of 2027 and is not here. NXT begins 30 s after KRX, when a
/// random end of the opening auction is over. Where two overlap, the first is the one that makes the phase.
const TABLE: &[Row] = &[
    row(Exchange::Krx, Session::OpeningAuction, (8, 30, 0), (9, 0, 0)),
    row(Exchange::Krx, Session::BeforeOpen, (8, 30, 0), (8, 40, 0)),
    row(Exchange::Krx, Session::Continuous, (9, 0, 0), (15, 20, 0)),
    row(Exchange::Krx, Session::ClosingAuction, (15, 20, 0), (15, 30, 0)),
    row(Exchange::Krx, Session::AfterClose, (15, 40, 0), (16, 0, 0)),
    Row { last_day: Some(AUCTIONS_END), ..row(Exchange::Krx, Session::AfterHoursAuction, (16, 0, 0), (18, 0, 0)) },
    Row { first_day: Some(AFTER_MARKET), ..row(Exchange::Krx, Session::AfterMarket, (16, 0, 0), (20, 0, 0)) },
    Row { first_day: Some(NXT), ..row(Exchange::Nxt, Session::PreMarket, (8, 0, 0), (8, 50, 0)) },
    Row { first_day: Some(NXT), ..row(Exchange::Nxt, Session::Continuous, (9, 0, 30), (15, 20, 0)) },
    Row { first_day: Some(NXT), ..row(Exchange::Nxt, Session::AfterClose, (15, 30, 0), (15, 40, 0)) },
    Row { first_day: Some(NXT), ..row(Exchange::Nxt, Session::AfterMarket, (15, 40, 0), (20, 0, 0)) },
];

const NOON: TimeOfDay = TimeOfDay::of(12, 0, 0);
const EVENING: TimeOfDay = TimeOfDay::of(18, 0, 0);
const HOUR_S: u32 = 3_600;

/// The sessions of an exchange on a trading day, in the order of the table. Of both exchanges together: KRX's, then NXT's.
pub fn sessions(exchange: Exchange, date: Date, kind: DayKind) -> Vec<Span> {
    let there = |row: &&Row| {
        (exchange == Exchange::Sor || row.exchange == exchange)
            && row.first_day.is_none_or(|first| date >= first)
            && row.last_day.is_none_or(|last| date <= last)
    };
    // What begins before noon begins later on both kinds of days, and what ends by then ends later.
    let moved = |time: TimeOfDay| match kind {
        DayKind::Ordinary => time,
        DayKind::FirstOfYear => {
            if time < NOON {
                time.plus(HOUR_S)
            } else {
                time
            }
        }
        DayKind::Exam => {
            if time < EVENING {
                time.plus(HOUR_S)
            } else {
                time
            }
        }
    };
    let span = |row: &Row| Span { session: row.session, from: moved(row.from), until: moved(row.until) };
    TABLE.iter().filter(there).map(span).filter(|span| span.from < span.until).collect()
}

/// The sessions open at a time.
pub fn open_at(exchange: Exchange, date: Date, kind: DayKind, time: TimeOfDay) -> Vec<Session> {
    let open = |span: &Span| span.from <= time && time < span.until;
    sessions(exchange, date, kind).into_iter().filter(open).map(|span| span.session).collect()
}

/// The phase at a time of a trading day.
pub fn phase_at(exchange: Exchange, date: Date, kind: DayKind, time: TimeOfDay) -> PhaseKind {
    open_at(exchange, date, kind, time).first().map_or(PhaseKind::Closed, |session| session.phase())
}

/// Whether an order of this kind is taken at a time: during a session that takes it, and from 15:30 on for trading at the close, whose
/// orders are collected ten minutes before.
pub fn takes(exchange: Exchange, date: Date, kind: DayKind, time: TimeOfDay, order: OrderKind) -> bool {
    const COLLECTED_S: u32 = 600;
    sessions(exchange, date, kind).into_iter().any(|span| {
        let early = if span.session == Session::AfterClose && exchange == Exchange::Krx { COLLECTED_S } else { 0 };
        time.plus(early) >= span.from && time < span.until && span.session.takes(order)
    })
}

/// Whether KRX and NXT trade on a day: not on weekends, 1 May, the last weekday of the year, nor on the public holidays given.
/// Source: fact sheet 5.3, general knowledge.
pub fn is_trading_day(date: Date, holidays: &[Date]) -> bool {
    if date.is_weekend() || holidays.contains(&date) || Date::new(date.year(), 5, 1) == Some(date) {
        return false;
    }
    let mut last = Date::new(date.year(), 12, 31);
    while let Some(day) = last.filter(|day| day.is_weekend()) {
        last = Some(day.previous());
    }
    last != Some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Date = Date::of(2026, 11, 20);

    fn at(text: &str) -> TimeOfDay {
        TimeOfDay::parse(text).expect("a time")
    }

    fn phases(exchange: Exchange, date: Date, kind: DayKind, times: &[&str]) -> Vec<PhaseKind> {
        times.iter().map(|time| phase_at(exchange, date, kind, at(time))).collect()
    }

    #[test]
    fn a_day_of_krx_at_every_edge() {
        use PhaseKind::{AfterHours, Closed, ClosingAuction, Continuous, OpeningAuction};
        let times = [
            "070000", "082959", "083000", "085959", "090000", "151959", "152000", "152959", "153000", "154000", "160000",
            "195959", "200000",
        ];
        let expected = [
            Closed,
            Closed,
            OpeningAuction,
            OpeningAuction,
            Continuous,
            Continuous,
            ClosingAuction,
            ClosingAuction,
            Closed,
            AfterHours,
            AfterHours,
            AfterHours,
            Closed,
        ];
        assert_eq!(phases(Exchange::Krx, DAY, DayKind::Ordinary, &times), expected);
    }

    #[test]
    fn the_after_market_took_the_place_of_the_auctions() {
        let open = |date, time| open_at(Exchange::Krx, date, DayKind::Ordinary, at(time));
        assert_eq!(open(AUCTIONS_END, "173000"), [Session::AfterHoursAuction]);
        assert_eq!(open(AUCTIONS_END, "180000"), []);
        assert_eq!(open(AFTER_MARKET, "173000"), [Session::AfterMarket]);
        assert_eq!(open(AFTER_MARKET, "193000"), [Session::AfterMarket]);
    }

    #[test]
    fn a_day_of_nxt() {
        use PhaseKind::{AfterHours, Closed, Continuous, PreMarket};
        let times = ["075959", "080000", "085000", "090000", "090030", "152000", "153000", "154000", "195959", "200000"];
        let expected = [Closed, PreMarket, Closed, Closed, Continuous, Closed, AfterHours, AfterHours, AfterHours, Closed];
        assert_eq!(phases(Exchange::Nxt, DAY, DayKind::Ordinary, &times), expected);
        assert_eq!(sessions(Exchange::Nxt, NXT.previous(), DayKind::Ordinary), []);
        assert_eq!(sessions(Exchange::Nxt, NXT, DayKind::Ordinary).len(), 4);
        assert_eq!(phase_at(Exchange::Sor, DAY, DayKind::Ordinary, at("081000")), PreMarket);
    }

    #[test]
    fn late_days() {
        use PhaseKind::{AfterHours, Closed, ClosingAuction, Continuous, OpeningAuction};
        let times = ["090000", "093000", "100000", "152500", "153000", "162500", "163000", "164000", "195959"];
        let first = [Closed, OpeningAuction, Continuous, ClosingAuction, Closed, AfterHours, AfterHours, AfterHours, AfterHours];
        assert_eq!(phases(Exchange::Krx, DAY, DayKind::FirstOfYear, &times), first);
        let exam = [Closed, OpeningAuction, Continuous, Continuous, Continuous, ClosingAuction, Closed, AfterHours, AfterHours];
        assert_eq!(phases(Exchange::Krx, DAY, DayKind::Exam, &times), exam);
    }

    #[test]
    fn orders_are_taken_when_their_session_is() {
        let takes = |time: &str, kind| takes(Exchange::Krx, DAY, DayKind::Ordinary, at(time), kind);
        assert!(takes("083500", OrderKind::BeforeOpen) && takes("083500", OrderKind::Limit));
        assert!(!takes("084500", OrderKind::BeforeOpen) && !takes("063300", OrderKind::Limit));
        assert!(takes("100000", OrderKind::MidIoc) && !takes("152500", OrderKind::MidIoc) && takes("152500", OrderKind::Market));
        assert!(takes("153000", OrderKind::AfterClose) && !takes("153000", OrderKind::Limit));
        assert!(takes("170000", OrderKind::Limit) && !takes("170000", OrderKind::Market));
        assert!(!takes("170000", OrderKind::AfterHoursAuction));
    }

    #[test]
    fn days_without_trading() {
        let trades = |year, month, day| is_trading_day(Date::of(year, month, day), &[Date::of(2026, 9, 25)]);
        assert!(trades(2026, 11, 20) && trades(2026, 12, 30) && trades(2023, 12, 28));
        for (year, month, day) in [(2026, 11, 21), (2026, 5, 1), (2026, 9, 25), (2026, 12, 31), (2022, 12, 30), (2023, 12, 29)] {
            assert!(!trades(year, month, day), "{year}-{month}-{day}");
        }
    }
}
