//! Calls that look back over rows: `현재가N(k)`, and functions over windows.

use alloc::boxed::Box;
use alloc::format;

use super::arithmetic::round;
use super::code::{Code, Number, Value, into_number};
use super::columns::at;
use super::compile::Compiler;
use super::frame::{FaultKind, Frame};
use super::functions::{ANGLE_OF_CHANGE, Body, Factor};
use super::history::{Taken, Window};
use super::problem::{Problem, Span};
use super::program::{Pin, VALUES_MAX, WINDOWS_MAX};
use super::rolling::{self, Rolling};
use super::tree::Expression;

/// Rows a text may look back, with a constant: a day of seconds.
pub const ROWS_MAX: u32 = 86_400;
/// Rows a text may look back by a number that is only known while running.
pub const ROWS_MAX_VARIABLE: u32 = 3_600;

/// A number of rows in a call.
pub(super) enum Rows {
    Constant(u32),
    /// The row of the buy: `-1`.
    Buy,
    Variable(Number),
}

impl Compiler<'_> {
    /// A number of rows: `least` or more, or -1 for the row of the buy where `least` is 0.
    pub(super) fn rows(&mut self, argument: &Expression, least: u32) -> Result<Rows, Problem> {
        match self.number(argument)? {
            Code::Constant(value) if value == -1.0 && least == 0 => Ok(Rows::Buy),
            Code::Constant(value) if value >= f64::from(least) && value <= f64::from(ROWS_MAX) && libm::trunc(value) == value => {
                Ok(Rows::Constant(value as u32))
            }
            Code::Constant(_) => {
                let (korean, english) = if least == 0 {
                    (
                        format!("0부터 {ROWS_MAX}까지의 정수, 또는 산 행을 뜻하는 -1이 와야 합니다"),
                        format!("a whole number from 0 to {ROWS_MAX} is expected, or -1 for the row of the buy"),
                    )
                } else {
                    (
                        format!("{least}부터 {ROWS_MAX}까지의 정수가 와야 합니다"),
                        format!("a whole number from {least} to {ROWS_MAX} is expected"),
                    )
                };
                Err(self.problem(argument.span, korean, english))
            }
            code => Ok(Rows::Variable(into_number(code))),
        }
    }

    /// `현재가N(k)`.
    pub(super) fn column_back(&mut self, column: usize, back: &Expression) -> Result<Value, Problem> {
        let line = self.line(back.span);
        match self.rows(back, 0)? {
            Rows::Constant(0) => {
                self.needs(column);
                Ok(Value::number(Code::Slot(column)))
            }
            Rows::Constant(rows) => {
                self.keep(column, rows + 1, back.span)?;
                Ok(Value::calculated(move |frame| frame.history.back(column, rows as usize).unwrap_or(0.0)))
            }
            Rows::Buy => {
                self.needs(column);
                Ok(self.pinned(Pin::Column(column), Box::new(move |frame| frame.slots[column])))
            }
            Rows::Variable(rows) => {
                self.keep(column, ROWS_MAX_VARIABLE, back.span)?;
                Ok(Value::calculated(move |frame| {
                    let rows = rows(frame);
                    match whole(rows, 0).filter(|rows| *rows < ROWS_MAX_VARIABLE) {
                        Some(rows) => frame.history.back(column, rows as usize).unwrap_or(0.0),
                        None => frame.fault(FaultKind::OutOfRange, line),
                    }
                }))
            }
        }
    }

    fn keep(&mut self, column: usize, rows: u32, span: Span) -> Result<(), Problem> {
        self.needs(column);
        self.plan.kept.keep(column, rows);
        self.check_kept(span)
    }

    fn check_kept(&self, span: Span) -> Result<(), Problem> {
        if self.plan.kept.values() > VALUES_MAX || self.plan.kept.windows.len() > WINDOWS_MAX {
            return Err(self.problem(
                span,
                format!("지난 행을 너무 많이 봅니다 (값 {VALUES_MAX}개, 구간 {WINDOWS_MAX}가지까지). 구간을 줄이세요"),
                format!("looks back too far: {VALUES_MAX} values and {WINDOWS_MAX} windows are kept: shorten windows"),
            ));
        }
        Ok(())
    }

    /// The value that `value` had at the row of the buy; 0 before one.
    fn pinned(&mut self, key: Pin, value: Number) -> Value {
        let pins = &mut self.plan.pins;
        let place = pins.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            pins.push((key, value));
            pins.len() - 1
        });
        Value::calculated(move |frame| frame.pins.get(place).copied().unwrap_or(0.0))
    }

    pub(super) fn window_call(
        &mut self,
        place: usize,
        body: Body,
        length: Rows,
        back: Rows,
        span: Span,
    ) -> Result<Value, Problem> {
        let line = self.line(span);
        match (length, back) {
            (Rows::Constant(length), Rows::Constant(back)) => Ok(Value::number(self.fixed_window(body, length, back, span)?)),
            (Rows::Constant(length), Rows::Buy) => {
                let value = self.fixed_window(body, length, 0, span)?;
                Ok(self.pinned(Pin::Function(place, length), into_number(value)))
            }
            (length, back) => {
                let as_number = |rows: Rows| -> Number {
                    match rows {
                        Rows::Constant(rows) => Box::new(move |_| f64::from(rows)),
                        Rows::Buy => Box::new(|_| -1.0),
                        Rows::Variable(rows) => rows,
                    }
                };
                let (length, back) = (as_number(length), as_number(back));
                self.keep(column_of(body), ROWS_MAX_VARIABLE, span)?;
                if matches!(body, Body::AngleSince(..)) {
                    self.keep(at::CHANGE, ROWS_MAX_VARIABLE, span)?;
                }
                Ok(Value::calculated(move |frame| {
                    let (length, back) = (length(frame), back(frame));
                    match whole(length, 1).zip(whole(back, 0)).filter(|(length, back)| length + back <= ROWS_MAX_VARIABLE) {
                        Some((length, back)) if frame.work(length, line) => scanned(body, length, back, frame),
                        Some(_) => 0.0,
                        None => frame.fault(FaultKind::OutOfRange, line),
                    }
                }))
            }
        }
    }

    /// A window whose length is known: the same cost however long it is.
    fn fixed_window(&mut self, body: Body, length: u32, back: u32, span: Span) -> Result<Code, Problem> {
        let column = column_of(body);
        let taken = match body {
            Body::Mean(..) => Taken::Sum,
            Body::Over(_, taken) | Body::Age(_, taken) | Body::AngleSince(_, taken) => taken,
            _ => {
                self.keep(column, length + back, span)?;
                return Ok(Code::Number(Box::new(move |frame| scanned(body, length, back, frame))));
            }
        };
        let window = Window { column, taken, length, back };
        let place = self.plan.kept.window(window);
        if matches!(body, Body::AngleSince(..)) {
            self.plan.kept.keep(at::CHANGE, length + back);
        }
        self.check_kept(span)?;
        if matches!(body, Body::Age(..) | Body::AngleSince(..)) {
            return Ok(Code::Number(Box::new(move |frame| aged(body, frame.history.age(place, &window), back, frame))));
        }
        let mean = if let Body::Mean(_, rounded) = body { Some(rounded) } else { None };
        Ok(Code::Rolling(Rolling { place, window, mean }))
    }
}

/// A whole number of rows.
fn whole(value: f64, least: u32) -> Option<u32> {
    (value >= f64::from(least) && value <= f64::from(ROWS_MAX) && libm::trunc(value) == value).then_some(value as u32)
}

fn column_of(body: Body) -> usize {
    match body {
        Body::Mean(column, _) | Body::Over(column, _) | Body::Angle(column, _) => column,
        Body::Age(column, _) | Body::AngleSince(column, _) => column,
        _ => 0,
    }
}

/// The value of a window function from the sum or extreme of its window.
#[inline]
fn finished(body: Body, value: f64, length: u32, frame: &Frame<'_>) -> f64 {
    let Body::Mean(_, rounded) = body else { return value };
    rolling::mean(value, length, rounded, frame.market)
}

/// A window function, from the rows themselves. 0 while there are too few.
fn scanned(body: Body, length: u32, back: u32, frame: &Frame<'_>) -> f64 {
    let column = column_of(body);
    let taken = match body {
        Body::Angle(_, factor) => return angle(column, factor, length, back, frame),
        Body::Age(_, taken) | Body::AngleSince(_, taken) => {
            let age = frame.history.scan_age(&Window { column, taken, length, back });
            return aged(body, age, back, frame);
        }
        Body::Over(_, taken) => taken,
        _ => Taken::Sum,
    };
    let value = frame.history.scan(&Window { column, taken, length, back });
    value.map_or(0.0, |value| finished(body, value, length, frame))
}

/// What an extreme of `age` rows before the end of a window gives: its age, or the angle since.
fn aged(body: Body, age: Option<u64>, back: u32, frame: &Frame<'_>) -> f64 {
    match (body, age) {
        (_, None) => 0.0,
        (Body::AngleSince(..), Some(age)) => angle(at::CHANGE, ANGLE_OF_CHANGE, age as u32 + 1, back, frame),
        (_, Some(age)) => age as f64,
    }
}

/// Degrees of the rise between the first and the last row of a window.
pub(super) fn angle(column: usize, factor: Factor, length: u32, back: u32, frame: &Frame<'_>) -> f64 {
    let last = frame.history.back(column, back as usize);
    let first = frame.history.back(column, (back + length - 1) as usize);
    let Some((first, last)) = first.zip(last) else { return 0.0 };
    let factor = if frame.market.stock { factor.stock } else { factor.coin };
    let radians = libm::atan2((last - first) * factor, f64::from(length));
    round(radians * (180.0 / core::f64::consts::PI), 2)
}
