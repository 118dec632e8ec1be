//! The position in the log of a bus at which a subscription or a query begins.

use std::time::SystemTime;

use crate::delivery::core::Core;
use crate::delivery::retain::mark::Marks;
use crate::event::EventId;
use crate::lagged::LagCause;
use crate::since::Since;

/// A cursor that is no position of this bus.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Miss {
    pub(crate) at: u64,
    pub(crate) cause: LagCause,
}

impl Core {
    /// The seq behind which the past begins; `None` where nothing of it is wanted.
    pub(crate) fn position(&self, since: Since) -> Option<Result<u64, Miss>> {
        match since {
            Since::Now => None,
            Since::Beginning => Some(Ok(0)),
            Since::After(cursor) => Some(self.position_of(cursor)),
            Since::Time(time) => Some(Ok(self.position_at(time))),
        }
    }

    /// Finds a cursor, in steps.
    fn position_of(&self, cursor: EventId) -> Result<u64, Miss> {
        if cursor.run() == self.run {
            let newest = self.newest();
            let future = Miss { at: newest, cause: LagCause::Future };
            return if cursor.seq() <= newest { Ok(cursor.seq()) } else { Err(future) };
        }
        let mut at = 0;
        loop {
            let (found, more) = self.lock().history.find_after(at, cursor);
            match (found, more) {
                (Some(seq), _) => return Ok(seq),
                (None, Some(more)) => {
                    at = more;
                    self.yield_lock();
                }
                (None, None) => return Err(Miss { at: 0, cause: LagCause::OtherRun }),
            }
        }
    }

    /// Finds the first event of a time or later, in steps. If it is the oldest one that is held,
    /// all that was evicted may have been of that time.
    fn position_at(&self, time: SystemTime) -> u64 {
        let mut at = 0;
        loop {
            let state = self.lock();
            let (mut events, more) = state.history.next_after(at, Marks::default());
            if let Some(event) = events.find(|event| event.head.at >= time) {
                let seq = event.head.seq();
                return if state.history.oldest() == Some(seq) { 0 } else { seq - 1 };
            }
            let newest = state.next_seq - 1;
            drop(events);
            drop(state);
            match more {
                Some(more) => at = more,
                None => return newest,
            }
            self.yield_lock();
        }
    }

    /// The seq of the newest event.
    pub(crate) fn newest(&self) -> u64 {
        self.lock().next_seq - 1
    }
}
