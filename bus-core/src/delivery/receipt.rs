//! The result of one publish.

use std::fmt;
use std::sync::Arc;

use crate::delivery::outcome::Outcome;
use crate::delivery::record::Record;
use crate::delivery::subscription::Info;
use crate::error::Refused;
use crate::event::{EventId, SubscriptionId};
use crate::store::NotRecorded;

/// The result of one publish.
///
/// ```standalone_crate
/// use bus_core::{AgentEvent, BoxError, Event, EventBus, Outcome};
///
/// #[derive(AgentEvent)]
/// enum BuildEvents {
///     TargetStarted { target: String },
/// }
///
/// async fn refuse(_: Event<TargetStarted>) -> Result<(), BoxError> {
///     Err("out of memory".into())
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = EventBus::new();
/// bus.subscribe::<TargetStarted>().name("gate").handle(refuse).detach();
/// let receipt = bus.stream("desk").emit_target_started("app").await;
/// assert_eq!((receipt.reached(), receipt.handled()), (1, 0));
/// assert_eq!(receipt.problems()[0].name(), "gate");
/// assert_eq!(*receipt.problems()[0].outcome(), Outcome::Failed("out of memory".into()));
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Receipt {
    /// The event's own id; its seq is 0 where the event has no position.
    pub(crate) own: Own,
    pub(crate) reached: u32,
    pub(crate) handled: u32,
    pub(crate) queued: u32,
    pub(crate) deferred: u32,
    pub(crate) record: Record,
    rare: Option<Box<Rare>>,
}

/// The position of an event on its bus.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Own {
    pub(crate) run: u64,
    pub(crate) seq: u64,
}

/// The parts that few receipts have.
#[derive(Debug, Clone, Default)]
struct Rare {
    refused: Option<Refused>,
    /// The id of an event that was published before, which it keeps.
    id: Option<EventId>,
    problems: Vec<Problem>,
    not_recorded: Option<NotRecorded>,
}

/// One delivery that did not end well.
#[derive(Debug, Clone)]
pub struct Problem {
    pub(crate) subscription: SubscriptionId,
    pub(crate) name: Arc<str>,
    pub(crate) outcome: Outcome,
    /// Whether its handler answers.
    pub(crate) answers: bool,
}

impl Problem {
    pub(crate) fn of(info: &Info, outcome: Outcome) -> Self {
        Self { subscription: info.id, name: Arc::clone(&info.name), outcome, answers: info.answers }
    }

    /// The subscription it was for.
    pub fn subscription(&self) -> SubscriptionId {
        self.subscription
    }

    /// The name of that subscription.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the outcome: never [`Outcome::Handled`].
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}

/// The id, the number of subscriptions that it reached, and what else is worth a look.
#[expect(
    clippy::missing_fields_in_debug,
    reason = "the id and the problems stand for the fields that hold them"
)]
impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Receipt");
        if let Some(refused) = self.refused() {
            return shown.field("refused", refused).finish();
        }
        match self.id() {
            Some(id) => shown.field("id", &format_args!("{id}")),
            None => shown.field("id", &format_args!("none")),
        };
        shown.field("reached", &self.reached).field("handled", &self.handled);
        for (name, count) in [("queued", self.queued), ("deferred", self.deferred)] {
            if count > 0 {
                shown.field(name, &count);
            }
        }
        if !self.problems().is_empty() {
            shown.field("problems", &self.problems());
        }
        shown.finish()
    }
}

impl Receipt {
    pub(crate) fn refuse(refused: Refused) -> Self {
        let rare = Rare { refused: Some(refused), ..Rare::default() };
        Self { rare: Some(Box::new(rare)), ..Self::default() }
    }

    /// Records the position of the event, and the id that it keeps where it has one.
    #[inline]
    pub(crate) fn set_position(&mut self, own: Own, kept: Option<EventId>) {
        self.own = own;
        if kept.is_some() {
            self.rare().id = kept;
        }
    }

    #[cold]
    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    #[cold]
    pub(crate) fn problem(&mut self, problem: Problem) {
        self.rare().problems.push(problem);
    }

    /// Notes what became of the event in the store.
    pub(crate) fn set_record(&mut self, record: Result<(), NotRecorded>) {
        match record {
            Ok(()) => self.record = Record::Done,
            Err(reason) => {
                self.record = Record::Lost;
                self.rare().not_recorded = Some(reason);
            }
        }
    }

    /// Adds what became known later. `reached` counts there what it has not reached after all.
    pub(crate) fn join(&mut self, other: Self) {
        self.reached -= other.reached;
        self.handled += other.handled;
        self.queued += other.queued;
        self.deferred += other.deferred;
        if let Some(rare) = other.rare {
            self.rare().problems.extend(rare.problems);
        }
    }

    /// Why the event is not on the bus, where it is not.
    pub fn refused(&self) -> Option<&Refused> {
        self.rare.as_ref()?.refused.as_ref()
    }

    /// The id of the event; `None` if it was refused, or if nobody wanted it and nothing kept it.
    pub fn id(&self) -> Option<EventId> {
        let kept = self.rare.as_ref().and_then(|rare| rare.id);
        let seq = self.seq()?;
        Some(kept.unwrap_or_else(|| EventId::new(self.own.run, seq)))
    }

    /// The position of the event; `None` where there is no [`id`](Self::id).
    pub fn seq(&self) -> Option<u64> {
        (self.own.seq != 0).then_some(self.own.seq)
    }

    /// The id of the event, if it is in the store of the bus.
    ///
    /// The receipt of an awaited emit knows it, and that of [`finished`](crate::Sent::finished);
    /// the receipt of a send may not know it yet: await [`recorded`](crate::Sent::recorded).
    ///
    /// # Errors
    /// Why the event is not in the store.
    pub fn recorded(&self) -> Result<EventId, NotRecorded> {
        if self.refused().is_some() {
            return Err(NotRecorded::Refused);
        }
        let reason = || self.rare.as_ref().and_then(|rare| rare.not_recorded.clone());
        match (self.record, self.id()) {
            (Record::Done, Some(id)) => Ok(id),
            (Record::LeftOut, _) => Err(NotRecorded::LeftOut),
            (Record::Lost, _) => Err(reason().unwrap_or(NotRecorded::Unknown)),
            (Record::Waiting, _) => Err(NotRecorded::Unknown),
            (Record::NoStore | Record::Done, _) => Err(NotRecorded::NoStore),
        }
    }

    /// How many subscriptions the event matched. 0: nobody is listening.
    ///
    /// It counts a delivery whose filter is still to be asked (see
    /// [`filter`](crate::Subscribe::filter)). Where the filter of a handler rejects the event
    /// later, [`finished`](crate::Sent::finished) and an awaited emit do not count it. The receipt
    /// of a send does, and so does any receipt for a stream or a deferred delivery.
    pub fn reached(&self) -> usize {
        self.reached as usize
    }

    /// How many handlers have handled it.
    pub fn handled(&self) -> usize {
        self.handled as usize
    }

    /// How many streams and waits have it in their queue.
    pub fn queued(&self) -> usize {
        self.queued as usize
    }

    /// How many deliveries were not waited for, because they can only come after a handler that
    /// waits itself. They still happen.
    pub fn deferred(&self) -> usize {
        self.deferred as usize
    }

    /// The deliveries that did not end well: failed, panicked, timed out, overflowed, dropped.
    pub fn problems(&self) -> &[Problem] {
        self.rare.as_ref().map_or(&[], |rare| &rare.problems)
    }

    /// Whether the event is on the bus and no delivery went wrong.
    pub fn is_ok(&self) -> bool {
        self.refused().is_none() && self.problems().is_empty()
    }
}
