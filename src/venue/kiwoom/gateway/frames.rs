//! Frames of the WebSocket: counted, kept, made into events, and acted on.

use jangbu_journal::Nanos;
use tokio::time::Instant;

use super::super::raw::Channel;
use super::super::watching::Asked;
use super::super::wire::frame::{Hits, Reply};
use super::super::wire::rest::quote::{AskQuoteBoard, QuoteBoard};
use super::super::wire::rest::{Cause, Refusal};
use super::super::wire::stream::RealBody;
use super::super::wire::{FrameOutcome, Message, Symbol};
use super::{ACCOUNT_CHANNEL, Done, KiwoomGateway, Say};
use crate::account::OrderUpdate;
use crate::config::RawFrames;
use crate::event::market::PhaseKind;
use crate::event::{Answer, Event, LinkState, MarketEvent};
use crate::market::{InstrumentId, Venue};
use crate::venue::VenueError;
use crate::venue::kiwoom::rest::RestError;

impl KiwoomGateway {
    pub(super) async fn on_frame(&mut self, recv: Nanos, bytes: &[u8]) -> Result<(), VenueError> {
        let parsed = Message::parse(bytes);
        if let Ok(message) = &parsed {
            for symbol in self.decoder.wants(message) {
                if let Err(reason) = self.define(&symbol.code).await? {
                    self.tell_failure(&format!("condition hit {}", symbol.code), &reason).await?;
                }
            }
        }
        if self.is_kept(&parsed) {
            self.mailbox.put_raw(recv, Channel::Socket.number(), bytes);
        }
        let outcome = self.decoder.parsed(recv, parsed, &mut self.made);
        self.stats.publish(self.decoder.counts());
        self.flush(recv).await?;
        match outcome {
            FrameOutcome::Control(message) => self.on_control(recv, *message).await,
            FrameOutcome::Waiting => self.on_waiting(recv).await,
            FrameOutcome::Malformed(error) => {
                // It may have been a report of an order.
                if self.trades && self.desk.live().next().is_some() {
                    self.look_soon(self.config.patience.look);
                }
                self.tell_failure("frame", &error.to_string()).await
            }
            FrameOutcome::Events => {
                self.worked("frame");
                Ok(())
            }
            FrameOutcome::Duplicate | FrameOutcome::Unknown => Ok(()),
        }
    }

    fn is_kept(&self, parsed: &Result<Message, crate::venue::wire_error::WireError>) -> bool {
        match self.config.raw {
            RawFrames::Off => false,
            RawFrames::All => true,
            RawFrames::Orders => match parsed {
                Ok(Message::Real(entries)) => entries.iter().any(|entry| {
                    matches!(entry.as_ref().map(|entry| &entry.body), Ok(RealBody::Order(_) | RealBody::Holding(_)) | Err(_))
                }),
                _ => false,
            },
        }
    }

    /// Sends the events that were made: our orders and account first, then what they cost, then the market.
    pub(super) async fn flush(&mut self, recv: Nanos) -> Result<(), VenueError> {
        let mut made = std::mem::take(&mut self.made);
        let (mut has_ended, mut begins) = (false, false);
        for (venue_time, event) in made.drain(..) {
            match event {
                Event::Order(told) => {
                    has_ended |= matches!(told.update, OrderUpdate::Cancelled | OrderUpdate::Expired);
                    self.desk.on_update(told.order, &told.update, recv);
                    self.mailbox.send_priority_at(recv, venue_time, Event::Order(told)).await?;
                }
                Event::Answer(_) => self.mailbox.send_priority_at(recv, venue_time, event).await?,
                event => {
                    let before = [PhaseKind::PreMarket, PhaseKind::OpeningAuction];
                    begins |= matches!(&event, Event::Market(MarketEvent::Phase(phase)) if before.contains(&phase.kind));
                    self.mailbox.put(recv, venue_time, event);
                }
            }
        }
        self.made = made;
        if begins {
            self.refresh_references();
        }
        for cost in self.decoder.orders_mut(recv).take_costs() {
            let Some(ours) = self.desk.get(cost.order) else { continue };
            let Some(fees) = self.directory.fees(ours.instrument) else { continue };
            for charge in self.charges.of(&cost, fees, ours.side) {
                self.mailbox.answer(recv, Answer::Charged(charge)).await?;
            }
        }
        self.mailbox.send().await?;
        if has_ended {
            self.look_on();
        }
        self.pump();
        Ok(())
    }

    async fn on_control(&mut self, recv: Nanos, message: Message) -> Result<(), VenueError> {
        match message {
            Message::Registered(reply) => self.on_registered(recv, &reply).await,
            Message::Conditions { reply, list } if reply.is_ok() => {
                let (texts, missing) = self.watching.conditions(&list);
                self.say(texts);
                for name in missing {
                    let known: Vec<&str> = list.iter().map(|row| row.1.as_str()).collect();
                    let reason = format!(
                        "there is no condition `{name}` in this account (there are: {}). To do: make it in 영웅문, or change \
                         `conditions` · 그런 이름의 조건검색식이 없습니다",
                        known.join(", ")
                    );
                    self.tell_failure(&format!("condition {name}"), &reason).await?;
                }
                Ok(())
            }
            Message::Conditions { reply, .. } => {
                self.tell_failure("conditions (CNSRLST)", &RestError::Refused(Refusal::of_reply(&reply)).line()).await
            }
            Message::Hits(hits) => self.on_hits(&hits).await,
            _ => Ok(()),
        }
    }

    /// Other condition searches are wanted: registered and cleared on the connection there is.
    pub(super) fn on_conditions_wanted(&mut self, names: Vec<String>) {
        self.told.retain(|question| !question.starts_with("condition "));
        let texts = self.watching.want_conditions(names);
        if self.connection.is_some() {
            self.say(texts);
        }
    }

    async fn on_registered(&mut self, recv: Nanos, reply: &Reply) -> Result<(), VenueError> {
        let asked = self.watching.answered();
        if !reply.is_ok() {
            let line = RestError::Refused(Refusal::of_reply(reply)).line();
            self.tell_failure(&format!("REG {asked:?}"), &line).await?;
            if let (Some(Asked::Account), Some((connection, _))) = (asked, self.connection) {
                let _ = self.say.send(Say::Renew { connection });
            }
            return Ok(());
        }
        if asked == Some(Asked::Account) && !self.account_up {
            self.account_up = true;
            self.look.last = Some(Instant::now());
            self.tell_link(ACCOUNT_CHANNEL, recv, LinkState::Up).await?;
        }
        Ok(())
    }

    async fn on_hits(&mut self, hits: &Hits) -> Result<(), VenueError> {
        if hits.once {
            return self.on_search(hits).await;
        }
        let Some((condition, anew)) = self.watching.watch_answered(hits.condition) else {
            // A refused search says neither that it was one nor of which condition.
            let is_search = !hits.reply.is_ok() && !self.searches.is_empty();
            return if is_search { self.on_search(hits).await } else { Ok(()) };
        };
        if hits.reply.is_ok() {
            self.worked(&format!("condition {condition}"));
            return Ok(());
        }
        let refusal = Refusal::of_reply(&hits.reply);
        if refusal.cause == Cause::AlreadyWatched && !anew {
            let texts = self.watching.watch_anew(condition);
            self.say(texts);
            return Ok(());
        }
        self.tell_failure(&format!("condition {condition}"), &RestError::Refused(refusal).line()).await
    }

    /// An instrument is to be watched, or not any more.
    pub(super) async fn on_subscribe(&mut self, instrument: InstrumentId, on: bool) -> Result<(), VenueError> {
        let known = self.directory.code(instrument).map(str::to_owned);
        let Some(code) = known.or_else(|| self.numbers.symbol(Venue::Kiwoom, instrument)) else { return Ok(()) };
        // One of a session before is defined anew: its ticks and fees are today's.
        if let Err(reason) = self.define(&code).await? {
            return self.tell_failure(&format!("watch {code}"), &reason).await;
        }
        let item = self.item(&code);
        let text = self.watching.watch(&item, on);
        if on && text.is_some() {
            self.ask_board(code);
        }
        self.say(text);
        Ok(())
    }

    /// Asks for prices and book of a stock: its streams say something only when something changes.
    pub(super) fn ask_board(&mut self, code: String) {
        let (rest, now) = (self.rest.clone(), std::sync::Arc::clone(&self.now));
        let symbol = Symbol { code: code.clone(), exchange: self.config.exchange };
        self.tasks.spawn(async move {
            let result = rest.ask_with_text(&AskQuoteBoard { symbol }).await.map(Box::new);
            Done::Board { code, at: now(), result }
        });
    }

    pub(super) async fn on_board(
        &mut self,
        code: &str,
        at: Nanos,
        result: Result<Box<(QuoteBoard, Vec<u8>)>, RestError>,
    ) -> Result<(), VenueError> {
        match result.as_deref() {
            Ok((board, text)) => {
                let symbol = Symbol { code: code.to_owned(), exchange: self.config.exchange };
                if self.config.raw == RawFrames::All {
                    self.mailbox.put_raw(at, Channel::Board.number(), &Channel::board(&symbol.to_string(), text));
                }
                self.decoder.board(at, &symbol, board, &mut self.made);
                self.flush(at).await
            }
            // The streams will tell.
            Err(error) => self.tell_failure(&format!("prices of {code} (ka10007)"), &error.line()).await,
        }
    }
}
