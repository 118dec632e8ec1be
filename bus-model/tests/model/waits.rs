//! Calls that can never go on, found by computing all calls that can.

use std::collections::HashSet;

use super::world::{Stage, World};

impl World {
    /// Settles as deferred the deliveries that `call` must not wait for: those that can only come
    /// after a call that cannot go on while `call` waits.
    pub(crate) fn defer_stuck(&mut self, call: usize, publish: usize) {
        let able = self.able();
        if able.contains(&call) {
            return;
        }
        for sub in self.publishes[publish].pending.clone() {
            if !self.comes(sub, publish, &able) {
                self.settle(Some(publish), sub, "deferred");
                self.subs[sub].senders.retain(|waits| *waits != publish);
            }
        }
    }

    /// The calls that can go on, or could after some time: all that do not wait for deliveries, and
    /// those whose deliveries all come.
    fn able(&self) -> HashSet<usize> {
        let mut able = HashSet::new();
        loop {
            let before = able.len();
            for (id, call) in self.calls.iter().enumerate() {
                let goes_on = match call.stage {
                    Stage::Waits(publish) => {
                        self.publishes[publish].pending.iter().all(|sub| self.comes(*sub, publish, &able))
                    }
                    _ => true,
                };
                if goes_on {
                    able.insert(id);
                }
            }
            if able.len() == before {
                return able;
            }
        }
    }

    fn comes(&self, sub: usize, publish: usize, able: &HashSet<usize>) -> bool {
        let found = &self.subs[sub];
        match found.running.iter().find(|call| self.calls[**call].publish == Some(publish)) {
            Some(at_work) => able.contains(at_work),
            // A stream that a handler made has capacity once that handler can read it.
            None if found.script().is_none() => found.reader.is_none_or(|reader| able.contains(&reader)),
            None => found.running.is_empty() || found.running.iter().any(|call| able.contains(call)),
        }
    }
}
