//! The accounts of one subscription at one moment.

use std::sync::Arc;

use crate::delivery::context::Node;
use crate::delivery::group::Running;
use crate::delivery::membership::is_waiting;
use crate::delivery::overflow::Overflow;
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::subscription::{Counts, Info, Receiver};

/// The outcomes of a subscription's events, and its unfinished ones.
pub(crate) struct Account {
    pub(crate) info: Arc<Info>,
    pub(crate) overflow: Overflow,
    pub(crate) counts: Counts,
    pub(crate) running: usize,
    pub(crate) waiting: usize,
    /// The seq of the oldest event that waits.
    pub(crate) oldest: Option<u64>,
}

impl State {
    /// The account of a subscription. What waits for a stream is not in it (see
    /// [`State::waiting_for_reader`]).
    pub(crate) fn account(&self, key: Key) -> Option<Account> {
        let found = self.subscriptions.get(key)?;
        let info = Arc::clone(&found.info);
        let member = match &found.receiver {
            Receiver::Stream(stream) => {
                let (overflow, counts) = (stream.queue.bounds().overflow, stream.counts);
                return Some(Account { info, overflow, counts, running: 0, waiting: 0, oldest: None });
            }
            Receiver::Handler(member) => member,
        };
        let group = self.groups.get(member.group)?;
        let (overflow, counts) = (group.queue.bounds().overflow, group.counts_of(member));
        let own = |running: &&Running| match &member.last {
            Some(last) => last.jobs.contains(&running.job),
            None => running.cohort >= member.cohort,
        };
        let at_work = group.running.iter().filter(own);
        let (not_yet, at_work): (Vec<_>, Vec<_>) = at_work.partition(|running| is_waiting(running.phase));
        let events = group.events_at_work();
        let queued = if member.last.is_some() { 0 } else { group.waiting_for(member) };
        let first = group.queue.iter().find(|queued| queued.cohort >= member.cohort);
        let oldest = first.filter(|_| queued > 0).map(|queued| queued.event.head.seq());
        let oldest = not_yet.iter().map(|running| running.job).min().or(oldest);
        let waiting = queued + not_yet.len() * events;
        Some(Account { info, overflow, counts, running: at_work.len() * events, waiting, oldest })
    }

    /// How many events wait for a reader, and the seq of the oldest.
    pub(crate) fn waiting_for_reader(&mut self, key: Key) -> (usize, Option<u64>) {
        let (on_ring, oldest) = self.count_attached(key);
        let Some(Receiver::Stream(stream)) = self.subscriptions.get(key).map(|found| &found.receiver) else {
            return (0, None);
        };
        let first = stream.queue.iter().next().map(|queued| queued.event.head.seq());
        (stream.queue.len() + on_ring, first.or(oldest))
    }

    /// How many events are at work in a handler and wait for it, apart from what cannot end before
    /// `here` does: what has not begun counts as waiting.
    pub(crate) fn work_of(&self, key: Key, here: Option<Node>) -> (usize, usize) {
        let Some(found) = self.subscriptions.get(key) else { return (0, 0) };
        let Receiver::Handler(member) = &found.receiver else { return (0, 0) };
        let Some(group) = self.groups.get(member.group) else { return (0, 0) };
        let own = |running: &&Running| match &member.last {
            Some(last) => last.jobs.contains(&running.job),
            None => running.cohort >= member.cohort,
        };
        let others =
            group.running.iter().filter(own).filter(|running| Some(running.node(member.group)) != here);
        let (begun, not_yet): (Vec<_>, Vec<_>) = others.partition(|running| running.has_begun());
        let queued = if member.last.is_some() { 0 } else { group.waiting_for(member) };
        let events = group.events_at_work();
        (begun.len() * events, queued + not_yet.len() * events)
    }
}
