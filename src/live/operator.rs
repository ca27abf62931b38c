//! The operator's words on their way through the one loop, and what they came to: [`Said`], [`Applied`], [`Answers`].

use std::collections::VecDeque;

use jangbu_journal::Seq;
use tokio::sync::oneshot;

use crate::effect::Effect;
use crate::event::Command;

/// Effects of one command that are told; a kill of more orders than that is told by its first ones.
const EFFECTS_MAX: usize = 1_024;

/// A command, and who waits to hear what it came to.
#[derive(Debug)]
pub struct Said {
    /// What is to be an event.
    pub command: Command,
    /// Hears what became of it, once that event is durable. Gone when nobody waits any more.
    pub answer: oneshot::Sender<Applied>,
}

/// What a command came to. Its event is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The command's event.
    pub seq: Seq,
    /// What the kernel decided on it.
    pub effects: Vec<Effect>,
}

/// Answers that wait for the journal: nobody is told of a kill that a crash could still forget.
#[derive(Debug, Default)]
pub struct Answers {
    waiting: VecDeque<(Applied, oneshot::Sender<Applied>)>,
}

impl Answers {
    /// The command is about to be applied as this event.
    pub fn on_given(&mut self, seq: Seq, answer: oneshot::Sender<Applied>) {
        self.waiting.push_back((Applied { seq, effects: Vec::new() }, answer));
    }

    /// The kernel decided this on the event at `seq`.
    #[inline]
    pub fn on_effect(&mut self, seq: Seq, effect: &Effect) {
        if let Some((applied, _)) = self.waiting.back_mut().filter(|(applied, _)| applied.seq == seq)
            && applied.effects.len() < EFFECTS_MAX
        {
            applied.effects.push(effect.clone());
        }
    }

    /// The journal has everything up to here.
    #[inline]
    pub fn on_durable(&mut self, durable: Seq) {
        while self.waiting.front().is_some_and(|(applied, _)| applied.seq <= durable) {
            if let Some((applied, answer)) = self.waiting.pop_front() {
                // Whoever asked may have gone: the journal knows.
                let _ = answer.send(applied);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::OrderId;

    #[test]
    fn an_answer_waits_until_its_event_is_durable_and_has_its_effects_alone() {
        let mut answers = Answers::default();
        let (sender, mut heard) = oneshot::channel();
        answers.on_given(Seq::new(7), sender);
        answers.on_effect(Seq::new(7), &Effect::Cancel(OrderId::default()));
        answers.on_effect(Seq::new(8), &Effect::Cancel(OrderId::default()));
        answers.on_durable(Seq::new(6));
        assert!(heard.try_recv().is_err(), "a crash could still forget it");
        answers.on_durable(Seq::new(9));
        let applied = heard.try_recv().expect("durable");
        assert_eq!((applied.seq, applied.effects.len()), (Seq::new(7), 1));
        let (sender, heard) = oneshot::channel();
        drop(heard);
        answers.on_given(Seq::new(10), sender);
        answers.on_durable(Seq::new(10));
        assert!(answers.waiting.is_empty());
    }
}
