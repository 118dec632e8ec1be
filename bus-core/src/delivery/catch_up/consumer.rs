//! Consumers: handlers whose position outlives the process.
//!
//! A consumer reads from the store only. An event that its handler has handled moves its position,
//! which a worker writes before it reads the next page. One that it could not handle comes again
//! after a while, with everything behind it, or is parked.

use std::sync::Arc;
use std::time::Duration;

use super::Look;
use crate::delivery::effects::Effects;
use crate::delivery::group::Failures;
use crate::delivery::outcome::Outcome;
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::subscription::Info;
use crate::event::EventId;
use crate::since::Since;
use crate::sync::Handle;

/// When a consumer tries an event again that its handler could not handle.
///
/// ```
/// use std::time::Duration;
/// use bus_core::Retry;
///
/// // After 1 s, 2 s, 4 s, then every 5 s; the tenth failure parks the event.
/// let retry = Retry::new(Duration::from_secs(1), Duration::from_secs(5)).then_park(10);
/// # let _ = retry;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    first: Duration,
    most: Duration,
    park: Option<u32>,
}

impl Retry {
    /// Waits for `first` after the first failure, twice as long after each further one, and at most
    /// `most`, for ever.
    pub fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, park: None }
    }

    /// Parks an event after so many failures, at least 1: the store notes it with the reason, and
    /// the consumer goes on behind it.
    #[must_use]
    pub fn then_park(mut self, failures: u32) -> Self {
        self.park = Some(failures.max(1));
        self
    }

    fn after(self, failures: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        self.first.saturating_mul(doubled).min(self.most)
    }
}

/// 100 ms to 60 s, for ever.
impl Default for Retry {
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_mins(1))
    }
}

/// A subscription whose position the store keeps.
pub(crate) struct Consumer {
    name: Arc<str>,
    retry: Retry,
    /// Where it begins while nothing is handled.
    first: Since,
    /// The last event that it has handled, and the last of which the store knows that.
    handled: Option<EventId>,
    written: Option<EventId>,
    /// How often the event behind it has failed.
    failures: u32,
    /// Whether the store could not be read, or could not park an event.
    waits: bool,
    /// The event that is to be parked.
    parks: Option<(EventId, String)>,
}

/// The state of a consumer that a worker writes.
pub(super) struct Write {
    pub(super) name: Arc<str>,
    pub(super) position: Option<EventId>,
    pub(super) parks: Option<(EventId, String)>,
}

/// A look that is taken after a while.
pub(crate) struct Delay {
    pub(super) runtime: Handle,
    pub(super) time: Duration,
}

impl Consumer {
    pub(crate) fn new(name: Arc<str>, retry: Retry, first: Since, position: Option<EventId>) -> Self {
        Self {
            name,
            retry,
            first,
            handled: position,
            written: position,
            failures: 0,
            waits: false,
            parks: None,
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The last event that it has handled, and how often the one behind it has failed.
    pub(super) fn progress(&self) -> (Option<EventId>, u32) {
        (self.handled, self.failures)
    }

    /// Where its next page begins when its handler has nothing left.
    pub(crate) fn begin(&self) -> Since {
        self.handled.map_or(self.first, Since::After)
    }

    pub(super) fn delay(&self, info: &Info) -> Option<Delay> {
        let fails = self.waits || (self.failures > 0 && self.parks.is_none());
        let runtime = info.runtime.clone().filter(|_| fails)?;
        Some(Delay { runtime, time: self.retry.after(self.failures) })
    }

    pub(super) fn to_write(&self) -> Option<Write> {
        let position = self.handled.filter(|handled| self.written != Some(*handled));
        let parks = self.parks.clone();
        (position.is_some() || parks.is_some()).then(|| Write {
            name: Arc::clone(&self.name),
            position,
            parks,
        })
    }

    /// Notes what was written.
    pub(super) fn wrote(&mut self, write: &Write) {
        self.written = write.position.or(self.written);
        if let Some((parked, _)) = &write.parks {
            (self.handled, self.failures, self.parks) = (Some(*parked), 0, None);
        }
    }

    /// Notes that a page was read. Where it has nothing that is wanted, the consumer is behind it.
    pub(super) fn read(&mut self, nothing_up_to: Option<EventId>) {
        self.waits = false;
        self.handled = nothing_up_to.or(self.handled);
    }
}

/// The reason of a failure, for whoever looks at a parked event.
fn reason(failure: &Outcome) -> String {
    match failure {
        Outcome::Failed(error) => error.clone(),
        Outcome::Panicked(message) => format!("it panicked: {message}"),
        Outcome::TimedOut => "it took longer than its timeout".to_owned(),
        other => format!("{other:?}"),
    }
}

impl State {
    /// The name of a new consumer, if another one has it.
    pub(crate) fn taken_name(&self, new: Option<&Consumer>) -> Option<String> {
        let same = |name: &&Arc<str>| new.is_some_and(|new| new.name == **name);
        self.consumers.iter().find(same).map(ToString::to_string)
    }

    pub(super) fn consumer_of(&mut self, key: Key) -> Option<&mut Consumer> {
        self.subscriptions.get_mut(key)?.catch_up.as_mut()?.consumer.as_deref_mut()
    }

    /// Lets a consumer look again after a while: the store cannot be read, or cannot park an event.
    pub(super) fn put_off(&mut self, look: Look, effects: &mut Effects) {
        if let Some(consumer) = self.consumer_of(look.key) {
            // An event that could not be parked comes again.
            (consumer.waits, consumer.parks) = (true, None);
        }
        self.end_look(look, effects);
        self.want_past(look.key, effects);
    }

    /// Moves the position of a consumer behind an event that its handler has handled, or has it
    /// come again with all that is queued behind it.
    pub(crate) fn settle_consumer(
        &mut self,
        group: Key,
        event: EventId,
        failures: Option<&Failures>,
        effects: &mut Effects,
    ) {
        let Self { groups, subscriptions, .. } = self;
        let Some(found) = groups.get_mut(group).filter(|group| group.catches_up) else { return };
        let subscription = found.members.first().and_then(|key| subscriptions.get_mut(*key));
        let Some(past) = subscription.and_then(|subscription| subscription.catch_up.as_mut()) else { return };
        let Some(consumer) = &mut past.consumer else { return };
        let Some((_, failure)) = failures.and_then(|failures| failures.first()) else {
            (consumer.handled, consumer.failures) = (Some(event), 0);
            return;
        };
        consumer.failures += 1;
        if consumer.retry.park.is_some_and(|most| consumer.failures >= most) {
            consumer.parks = Some((event, reason(failure)));
        }
        past.at = consumer.begin();
        let behind = found.queue.drain();
        found.clear_queued();
        found.youngest_mut().counts.matched -= behind.len() as u64;
        effects.work().queued.extend(behind);
    }
}
