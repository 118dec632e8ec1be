//! A batch handler before its call: it may wait for more events, and takes what waits behind its
//! first one.

use std::future::Future;
use std::sync::Arc;
use std::task::Context;

use crate::delivery::context::Node;
use crate::delivery::core::Core;
use crate::delivery::task::{Handler, Linger};
use crate::event::Stored;
use crate::sync::sleep_until;

impl Handler {
    /// Waits for more events of its batch, without a permit. Returns whether it still does.
    pub(super) fn lingers(&mut self, context: &mut Context<'_>) -> bool {
        if self.started || !self.info.lingers() {
            return false;
        }
        let (Some(work), Some(slot)) = (&mut self.work, &self.slot) else { return false };
        if matches!(work.linger, Linger::Over) {
            return false;
        }
        slot.listen(context);
        let core = Arc::clone(&work.core);
        let until = core.step(|state, effects| {
            let until = state.linger(self.at, &work.event, slot)?;
            work.on_stack = false;
            state.leave_stack(Node::Job(self.at));
            effects.wake(state.permits.give(&mut self.permit));
            Some(until)
        });
        if let Some(until) = until {
            if !matches!(work.linger, Linger::Until(_)) {
                work.linger = Linger::Until(Box::pin(sleep_until(until)));
            }
            if let Linger::Until(sleep) = &mut work.linger
                && sleep.as_mut().poll(context).is_pending()
            {
                return true;
            }
        }
        work.linger = Linger::Over;
        false
    }

    /// Takes what waits behind the first event of a batch that is about to begin.
    pub(super) fn gather(&mut self, core: &Arc<Core>, first: &Arc<Stored>) {
        if self.started {
            return;
        }
        if let (Some(batching), Some(work)) = (&self.info.batch, &mut self.work) {
            core.step(|state, effects| state.gather(core.run, self.at, first, batching, effects));
            work.last = batching.last();
            // A lag callback may have blocked this thread.
            self.regain(core);
        }
    }
}
