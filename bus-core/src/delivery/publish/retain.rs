//! Retaining an event: in the history, for the store, as the latest value.

use std::sync::Arc;

use crate::delivery::effects::Report;
use crate::delivery::publish::Publish;
use crate::delivery::receipt::Own;
use crate::delivery::record::Record;
use crate::delivery::retain::mark::Mark;
use crate::delivery::state::State;
use crate::event::Stored;

impl Publish<'_> {
    /// Keeps the event in the history. It comes back where it is needed after the step, with the
    /// one that it evicted.
    #[inline]
    pub(super) fn retain(
        &mut self,
        state: &mut State,
        kind: usize,
        event: Arc<Stored>,
    ) -> (Option<Arc<Stored>>, Option<Arc<Stored>>) {
        let head = &event.head;
        self.receipt.set_position(Own { run: self.core.run, seq: head.seq() }, head.kept_id());
        // Where it has a cause, it names itself as the cause of what the step leaves.
        let needed = self.needs_event() || head.cause.is_some();
        let mark = Mark::of(kind, head);
        let mut evicted = None;
        let kept = match state.history.log(self.policy.transient, head.seq()) {
            Some(log) => {
                let kept = needed.then(|| Arc::clone(&event));
                evicted = log.push(mark, event);
                kept
            }
            None => Some(event),
        };
        if state.history.is_over_budget() {
            self.effects.drop_later(state.history.evict_over_budget());
        }
        (kept, evicted)
    }

    /// Hands the event to the store, if that keeps it.
    #[inline(never)]
    pub(super) fn record(&mut self, state: &mut State, event: &Arc<Stored>, keeps: bool) {
        let Some(records) = state.records.as_deref_mut() else { return };
        if !keeps {
            records.counts.left_out += 1;
            self.receipt.record = Record::LeftOut;
            return;
        }
        match records.push(event) {
            Ok(()) => self.receipt.record = Record::Waiting,
            Err(reason) => self.receipt.set_record(Err(reason)),
        }
        self.writes = records.begin_writer(false);
    }

    /// Keeps a sticky event as the current value of its kind and scope.
    #[inline(never)]
    pub(super) fn keep_latest(&mut self, state: &mut State, kind: usize, event: &Arc<Stored>) {
        let before = state.latest.forgotten();
        self.effects.drop_later(state.latest.keep(kind, event));
        if before == 0 && state.latest.forgotten() > 0 {
            self.effects.work().reports.push(Report::Forgets { capacity: self.core.settings.latest });
        }
    }
}
