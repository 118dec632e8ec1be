//! Tickets that nobody has asked for, and nobody can any more.
//!
//! Most events are sent, and what `send` gave is dropped at once. Where the event waits behind another thread's, to take its ticket away then would be one more turn at the order lock for each publish. So such tickets are
//! taken away many at once. Until then they stand in nobody's way: no handler waits through them.

use crate::dispatch::Core;
use crate::dispatch::run::after::drop_each;
use crate::dispatch::slab::Key;

/// How many are left for one turn at the order lock.
const MANY: usize = 64;

impl Core {
    /// Takes a ticket away, sooner or later.
    pub(super) fn forget(&self, ticket: Key) {
        let mut forgotten = self.forgotten.lock();
        forgotten.push(ticket);
        if forgotten.len() < MANY {
            return;
        }
        let mut order = self.lock();
        let gone: Vec<_> = forgotten.drain(..).filter_map(|ticket| order.tickets.remove(ticket)).collect();
        drop((order, forgotten));
        drop_each(gone);
    }
}
