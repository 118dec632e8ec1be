//! What became of one publish.

use std::sync::Arc;

use crate::dispatch::run::runner::Outcome;
use crate::error::Refused;
use crate::event::{EventId, SubscriptionId};

/// What became of one publish.
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
///     Err("no room".into())
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = EventBus::new();
/// bus.subscribe::<TargetStarted>().name("gate").handle(refuse).detach();
/// let receipt = bus.stream("desk").emit_target_started("app").await;
/// assert_eq!((receipt.reached(), receipt.handled()), (1, 0));
/// assert_eq!(receipt.problems()[0].name(), "gate");
/// assert_eq!(*receipt.problems()[0].outcome(), Outcome::Failed("no room".into()));
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    pub(crate) refused: Option<Box<Refused>>,
    pub(crate) id: Option<EventId>,
    pub(crate) seq: Option<u64>,
    pub(crate) reached: usize,
    pub(crate) handled: usize,
    pub(crate) queued: usize,
    pub(crate) deferred: usize,
    pub(crate) problems: Vec<Problem>,
}

/// One delivery that did not end well.
#[derive(Debug, Clone)]
pub struct Problem {
    pub(crate) subscription: SubscriptionId,
    pub(crate) name: Arc<str>,
    pub(crate) outcome: Outcome,
}

impl Problem {
    /// The subscription it was for.
    pub fn subscription(&self) -> SubscriptionId {
        self.subscription
    }

    /// The name of that subscription.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What happened: never [`Outcome::Handled`].
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}

impl Receipt {
    pub(crate) fn refuse(refused: Refused) -> Self {
        Self { refused: Some(Box::new(refused)), ..Self::default() }
    }

    /// Adds what became known later.
    pub(crate) fn join(&mut self, other: Self) {
        self.handled += other.handled;
        self.queued += other.queued;
        self.deferred += other.deferred;
        self.problems.extend(other.problems);
    }

    /// Why the event is not on the bus, where it is not.
    pub fn refused(&self) -> Option<&Refused> {
        self.refused.as_deref()
    }

    /// The name of the event; `None` if it was refused, or if nobody wanted it and nothing kept it.
    pub fn id(&self) -> Option<EventId> {
        self.id
    }

    /// The place of the event; `None` where there is no [`id`](Self::id).
    pub fn seq(&self) -> Option<u64> {
        self.seq
    }

    /// How many subscriptions the event matched. 0: nobody is listening.
    pub fn reached(&self) -> usize {
        self.reached
    }

    /// How many handlers have handled it.
    pub fn handled(&self) -> usize {
        self.handled
    }

    /// How many streams and waits have it in their queue.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// How many deliveries were not waited for, because they can only come after a handler that is itself waiting. They still happen.
    pub fn deferred(&self) -> usize {
        self.deferred
    }

    /// The deliveries that did not end well: failed, panicked, timed out, overflowed, dropped.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether the event is on the bus and no delivery went wrong.
    pub fn is_ok(&self) -> bool {
        self.refused.is_none() && self.problems.is_empty()
    }
}
