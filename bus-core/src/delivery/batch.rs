//! Batches: several events in one call of a handler.
//!
//! A batch handler is an ordinary handler whose closure takes further events along. A claim is for
//! the first event; when the call begins, [`State::gather`](super::state::State) moves more of them
//! from the queue of the group into a [`Batching`], which the closure shares.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::delivery::outcome::{Never, Outcome, failed};
use crate::delivery::overflow::Lagged;
use crate::error::BoxError;
use crate::event::{AnyEvent, AnyKind, Event, EventId, Stored};
use crate::sync::Mutex;

/// The events of one call of a batch handler, at least one, in the order of their positions.
///
/// It derefs to a slice of [`Event`]s. [`items`](Self::items) has the gaps in their places too. See
/// [`Subscribe::batch`](crate::Subscribe::batch).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use bus_core::{Batch, BatchError, EventBus};
///
/// async fn store(events: Batch) -> Result<(), BatchError> {
///     let lines: Vec<_> = events.iter().map(|event| event.to_json()).collect();
///     println!("{}", lines.join("\n"));
///     Ok(())
/// }
///
/// let bus = EventBus::new();
/// let _guard = bus.subscribe_any().batch(256).handle(store);
/// let receipt = bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
/// assert_eq!(receipt.handled(), 1);
/// # }
/// ```
pub struct Batch<S = AnyKind> {
    events: Vec<Event<S>>,
    /// Each with the index of the event behind it.
    gaps: Vec<(usize, Lagged)>,
    through: EventId,
}

impl<S> Batch<S> {
    /// Returns the events, and each gap before the event behind it: events that this subscription
    /// should have seen and did not. A gap may also be the last item.
    pub fn items(&self) -> impl Iterator<Item = Result<&Event<S>, Lagged>> {
        let (mut gaps, mut at) = (self.gaps.iter().peekable(), 0);
        std::iter::from_fn(move || {
            if let Some((_, gap)) = gaps.next_if(|(before, _)| *before == at) {
                return Some(Err(*gap));
            }
            at += 1;
            self.events.get(at - 1).map(Ok)
        })
    }

    /// Returns the position up to which the subscription has seen everything with this batch: the
    /// newest one of the bus if nothing waited behind the batch, else the last one before what
    /// waited. A handler that stores it resumes from there with
    /// [`since`](crate::Subscribe::since). It is past the last event where later events of the bus
    /// do not match the subscription.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # use bus_core::{EventBus, EventId};
    /// let bus = EventBus::new();
    /// let (positions, mut position) = tokio::sync::watch::channel(None::<EventId>);
    /// let store = bus.subscribe_any().batch(100);
    /// let _guard = store.handle_sync(move |events| drop(positions.send(Some(events.through()))));
    /// let receipt = bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
    /// assert_eq!(*position.borrow_and_update(), receipt.id());
    /// # }
    /// ```
    pub fn through(&self) -> EventId {
        self.through
    }
}

impl<S> Deref for Batch<S> {
    type Target = [Event<S>];

    fn deref(&self) -> &[Event<S>] {
        &self.events
    }
}

impl<S> IntoIterator for Batch<S> {
    type Item = Event<S>;
    type IntoIter = std::vec::IntoIter<Event<S>>;

    fn into_iter(self) -> Self::IntoIter {
        self.events.into_iter()
    }
}

impl<'a, S> IntoIterator for &'a Batch<S> {
    type Item = &'a Event<S>;
    type IntoIter = std::slice::Iter<'a, Event<S>>;

    fn into_iter(self) -> Self::IntoIter {
        self.events.iter()
    }
}

impl<S> Clone for Batch<S> {
    fn clone(&self) -> Self {
        Self { events: self.events.clone(), gaps: self.gaps.clone(), through: self.through }
    }
}

#[expect(clippy::missing_fields_in_debug, reason = "the items stand for the fields that hold them")]
impl<S> fmt::Debug for Batch<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("items", &self.items().collect::<Vec<_>>())
            .field("through", &self.through)
            .finish()
    }
}

/// The error of a batch handler: that of all its events, or of some of them.
///
/// `?` turns any error into one of all events.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use bus_core::{Batch, BatchError, EventBus};
///
/// async fn check(events: Batch) -> Result<(), BatchError> {
///     let all = events.iter().enumerate();
///     let wrong = all.filter(|(_, event)| event.node().is_none());
///     Err(BatchError::some(wrong.map(|(index, _)| (index, "it has no node"))))
/// }
///
/// let bus = EventBus::new();
/// let _guard = bus.subscribe_any().batch(256).name("check").handle(check);
/// let receipt = bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
/// assert_eq!(receipt.problems()[0].name(), "check");
/// # }
/// ```
pub struct BatchError(Errors);

enum Errors {
    All(BoxError),
    Some(Vec<(usize, BoxError)>),
}

impl BatchError {
    /// The error of all events of the batch.
    pub fn all(error: impl Into<BoxError>) -> Self {
        Self(Errors::All(error.into()))
    }

    /// The errors of some events, each with the index of its event in the batch. The other events
    /// were handled; without any error all were. An index behind the end of the batch is an error
    /// of all events.
    pub fn some<E: Into<BoxError>>(errors: impl IntoIterator<Item = (usize, E)>) -> Self {
        Self(Errors::Some(errors.into_iter().map(|(index, error)| (index, error.into())).collect()))
    }
}

impl<E: Into<BoxError>> From<E> for BatchError {
    fn from(error: E) -> Self {
        Self::all(error)
    }
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Errors::All(error) => error.fmt(f),
            Errors::Some(errors) => {
                for (at, (index, error)) in errors.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}event {index}: {error}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Errors::All(error) => f.debug_tuple("All").field(error).finish(),
            Errors::Some(errors) => f.debug_tuple("Some").field(errors).finish(),
        }
    }
}

/// The return type of a batch handler: nothing, `Result<(), BatchError>` or `Result<(), BoxError>`.
#[diagnostic::on_unimplemented(
    message = "a batch handler returns `()`, `Result<(), BatchError>` or `Result<(), BoxError>`, not `{Self}`",
    label = "this handler's result",
    note = "`?` turns any error into a `BatchError` of all events; end the handler with `Ok(())`, or drop the value with `;`"
)]
pub trait BatchResult: Send + 'static {
    #[doc(hidden)]
    fn into_result(self) -> Result<(), BatchError>;
}

impl BatchResult for () {
    fn into_result(self) -> Result<(), BatchError> {
        Ok(())
    }
}

impl BatchResult for Never {
    fn into_result(self) -> Result<(), BatchError> {
        self
    }
}

impl BatchResult for Result<(), BatchError> {
    fn into_result(self) -> Self {
        self
    }
}

impl BatchResult for Result<(), BoxError> {
    fn into_result(self) -> Result<(), BatchError> {
        self.map_err(BatchError::all)
    }
}

/// How many events one call takes, and how long it waits for them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) events: usize,
    /// Their estimated memory. The first event is taken whatever its size.
    pub(crate) bytes: usize,
    /// Since the first event.
    pub(crate) linger: Duration,
}

/// The events that did not end well, by their index in the batch, in order.
pub(crate) type Failed = Vec<(usize, Outcome)>;

/// The part that the group of a batch handler and its closure share.
pub(crate) struct Batching {
    pub(crate) limits: Limits,
    call: Mutex<Call>,
}

/// One call: what it gets besides its first event, and what its closure says of them.
#[derive(Default)]
struct Call {
    rest: Vec<Arc<Stored>>,
    gaps: Vec<(usize, Lagged)>,
    /// Unless it is the position of the first event, which found an empty queue.
    through: Option<EventId>,
    failed: Failed,
}

impl Batching {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, call: Mutex::new(Call::default()) }
    }

    /// Adds a gap before the next call.
    pub(crate) fn mark_gap(&self, gap: Lagged) {
        let gaps = &mut self.call.lock().gaps;
        match gaps.first_mut() {
            Some((_, known)) => *known = known.join(gap),
            None => gaps.push((0, gap)),
        }
    }

    /// Adds what was gathered behind the first event to the next call.
    pub(crate) fn gather(&self, rest: Vec<Arc<Stored>>, gaps: Vec<(usize, Lagged)>, through: EventId) {
        let mut call = self.call.lock();
        call.rest = rest;
        call.gaps.extend(gaps);
        call.through = Some(through);
    }

    /// The batch of a call that begins with this event.
    pub(crate) fn begin<S>(&self, first: &Event<S>) -> Batch<S> {
        let mut call = self.call.lock();
        let through = call.through.take().unwrap_or_else(|| first.cursor());
        let via = first.subscription();
        let event = |stored| {
            let event = AnyEvent::of(stored);
            via.map_or_else(|| event.clone(), |via| event.clone().through(via)).assume()
        };
        let events = std::iter::once(first.clone()).chain(call.rest.iter().map(event)).collect();
        let gaps = std::mem::take(&mut call.gaps);
        Batch { events, gaps, through }
    }

    /// Notes what a handler returned; the result says whether any event failed.
    pub(crate) fn end(&self, result: Result<(), BatchError>) -> Result<(), BoxError> {
        match result.map_err(|error| error.0) {
            Ok(()) => Ok(()),
            Err(Errors::All(error)) => Err(error),
            Err(Errors::Some(errors)) => {
                // The text of an error is foreign code, which may panic.
                let named = errors.into_iter().map(|(index, error)| (index, failed(error)));
                let mut named: Failed = named.collect();
                named.sort_by_key(|(index, _)| *index);
                named.dedup_by_key(|(index, _)| *index);
                let all = named.len();
                self.call.lock().failed = named;
                if all == 0 { Ok(()) } else { Err("some events of the batch failed".into()) }
            }
        }
    }

    /// The newest event of the call at work, which causes what its handler emits; `None` where that
    /// is the first one.
    pub(crate) fn last(&self) -> Option<Arc<Stored>> {
        self.call.lock().rest.last().cloned()
    }

    /// Each event of the call at work with its outcome. `outcome` is that of the call.
    pub(crate) fn each(&self, first: &Arc<Stored>, outcome: &Outcome) -> Vec<(Arc<Stored>, Outcome)> {
        let call = self.call.lock();
        let mut failed = call.failed_of(outcome).into_iter().peekable();
        let events = std::iter::once(first).chain(&call.rest).enumerate();
        let each = events.map(|(at, event)| {
            let failed = failed.next_if(|(index, _)| *index == at);
            (Arc::clone(event), failed.map_or(Outcome::Handled, |(_, outcome)| outcome))
        });
        each.collect()
    }

    /// Ends the call. It returns the events behind the first one, and which events were not
    /// handled: all before the first of those were.
    pub(crate) fn finish(&self, outcome: &Outcome) -> (Vec<Arc<Stored>>, Failed) {
        let mut call = self.call.lock();
        let failed = call.failed_of(outcome);
        call.failed.clear();
        (std::mem::take(&mut call.rest), failed)
    }
}

impl Call {
    /// The events that were not handled, by the outcome of the call.
    fn failed_of(&self, outcome: &Outcome) -> Failed {
        let all = 1 + self.rest.len();
        let every = |outcome: &Outcome| (0..all).map(|index| (index, outcome.clone())).collect();
        match (outcome, self.failed.last()) {
            (Outcome::Handled, _) => Failed::new(),
            (Outcome::Failed(_), Some((index, outcome))) if *index >= all => {
                every(&Outcome::Failed(format!("event {index} of a batch of {all}: {}", text(outcome))))
            }
            (Outcome::Failed(_), Some(_)) => self.failed.clone(),
            _ => every(outcome),
        }
    }
}

fn text(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed(text) | Outcome::Panicked(text) => text,
        _ => "",
    }
}
