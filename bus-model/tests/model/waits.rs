//! Who can never go on: found by working out everybody who can.

use std::collections::HashSet;

use super::world::{Stage, World};

impl World {
    /// Settles as deferred what `call` would wait for in vain: deliveries that can only come after somebody who cannot go on while `call` waits.
    pub(crate) fn defer_stuck(&mut self, call: usize, ticket: usize) {
        let able = self.able();
        if able.contains(&call) {
            return;
        }
        for sub in self.tickets[ticket].pending.clone() {
            if !self.comes(sub, ticket, &able) {
                self.settle(Some(ticket), sub, "deferred");
                self.subs[sub].room.retain(|waits| *waits != ticket);
            }
        }
    }

    /// The calls that can go on, or could if they were given time: all that do not wait for deliveries, and those whose deliveries all come.
    fn able(&self) -> HashSet<usize> {
        let mut able = HashSet::new();
        loop {
            let before = able.len();
            for (id, call) in self.calls.iter().enumerate() {
                let goes_on = match call.stage {
                    Stage::Waits(ticket) => {
                        self.tickets[ticket].pending.iter().all(|sub| self.comes(*sub, ticket, &able))
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

    fn comes(&self, sub: usize, ticket: usize, able: &HashSet<usize>) -> bool {
        let found = &self.subs[sub];
        match found.running.iter().find(|call| self.calls[**call].ticket == Some(ticket)) {
            Some(at_work) => able.contains(at_work),
            // A stream that a handler made has room once that handler can read it.
            None if found.script().is_none() => found.reader.is_none_or(|reader| able.contains(&reader)),
            None => found.running.is_empty() || found.running.iter().any(|call| able.contains(call)),
        }
    }
}
