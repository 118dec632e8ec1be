//! Streams that read from one ring.

use std::sync::Arc;

use crate::delivery::effects::Effects;
use crate::delivery::prepare::policy;
use crate::delivery::queue::Queued;
use crate::delivery::ring::{Detached, Ring};
use crate::delivery::slab::{Key, Slab};
use crate::delivery::state::SharedRing;
use crate::delivery::subscription::Subscription;
use crate::event::Stored;

impl SharedRing {
    /// Puts an event on the ring for all attached readers, after detaching those that have no spare
    /// capacity. Returns how many are attached.
    #[inline]
    pub(crate) fn push(
        &mut self,
        event: &Arc<Stored>,
        subscriptions: &mut Slab<Subscription>,
        effects: &mut Effects,
    ) -> usize {
        if self.attached > 0 {
            let event = Arc::clone(event);
            let mut ring = self.ring.lock();
            if ring.may_be_full() {
                drop(ring);
                return self.push_for_some(event, subscriptions, effects);
            }
            ring.push(event, effects);
        }
        self.attached
    }

    #[cold]
    fn push_for_some(
        &mut self,
        event: Arc<Stored>,
        subscriptions: &mut Slab<Subscription>,
        effects: &mut Effects,
    ) -> usize {
        let ring = Arc::clone(&self.ring);
        let mut ring = ring.lock();
        for key in ring.find_full() {
            self.detach(&mut ring, key, subscriptions, effects);
        }
        if self.attached > 0 {
            ring.push(event, effects);
        }
        self.attached
    }

    pub(super) fn detach(
        &mut self,
        ring: &mut Ring,
        key: Key,
        subscriptions: &mut Slab<Subscription>,
        effects: &mut Effects,
    ) {
        let Some(stream) = subscriptions.get_mut(key).and_then(Subscription::stream_mut) else { return };
        let Some(place) = &mut stream.ring else { return };
        let Some(left) = place.entry.take().and_then(|entry| ring.detach(entry, effects)) else { return };
        let Detached { unread, waker, counted } = left;
        place.at = self.detached.len();
        self.detached.push(key);
        self.attached -= 1;
        if let Some(replaced) = waker.and_then(|waker| stream.waker.replace(waker)) {
            effects.work().old_wakers.push(replaced);
        }
        for event in unread {
            let critical = policy(event.body.kind()).critical;
            stream.queue.append(Queued::new(event, critical));
        }
        stream.add(&counted);
    }

    /// Closes the gap that a detached reader leaves.
    pub(super) fn forget_detached(&mut self, at: usize, subscriptions: &mut Slab<Subscription>) {
        self.detached.swap_remove(at);
        let moved = self.detached.get(at).and_then(|moved| subscriptions.get_mut(*moved)?.stream_mut());
        if let Some(place) = moved.and_then(|stream| stream.ring.as_mut()) {
            place.at = at;
        }
    }
}
