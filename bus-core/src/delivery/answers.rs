//! The answers to one event, on their way from its handlers to its emitter.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::task::{Context, Waker};

use crate::delivery::panic::{catch_panic, drop_each};
use crate::event::{Body, Event, KindRef, SubscriptionId, Typed};
use crate::payload::{DecodeError, ErasedPayload, Request};
use crate::sync::Mutex;

/// The answer of one handler. It derefs to the answer itself.
pub struct Reply<R> {
    given: R,
    subscription: SubscriptionId,
    name: Arc<str>,
}

impl<R> Reply<R> {
    /// Returns the name of the handler that answered.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the subscription that answered.
    pub fn subscription(&self) -> SubscriptionId {
        self.subscription
    }

    /// Returns the answer without its handler.
    pub fn into_inner(self) -> R {
        self.given
    }
}

impl<R> Deref for Reply<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.given
    }
}

impl<R: fmt::Debug> fmt::Debug for Reply<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("name", &self.name).field("reply", &self.given).finish_non_exhaustive()
    }
}

/// The answers that were given so far, shared by the event and by whoever waits for them.
pub(crate) struct Answers<R>(Mutex<Inner<R>>);

struct Inner<R> {
    given: Vec<Reply<R>>,
    waker: Option<Waker>,
    /// Nobody waits any more.
    closed: bool,
}

impl<R> Answers<R> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Inner { given: Vec::new(), waker: None, closed: false })))
    }

    fn give(&self, reply: Reply<R>) {
        let mut inner = self.0.lock();
        if inner.closed {
            drop(inner);
            return drop(reply);
        }
        inner.given.push(reply);
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            catch_panic(|| waker.wake());
        }
    }

    /// Takes the first answer. Until there is one, the waker is stored.
    pub(crate) fn poll_first(&self, context: &Context<'_>) -> Option<Reply<R>> {
        let mut inner = self.0.lock();
        if !inner.given.is_empty() {
            return Some(inner.given.swap_remove(0));
        }
        let old = inner.waker.replace(context.waker().clone());
        drop(inner);
        // A waker may be the last reference to a task: it is dropped after the lock.
        drop_each(old);
        None
    }

    /// The subscriptions that have answered.
    pub(crate) fn from(&self) -> Vec<SubscriptionId> {
        self.0.lock().given.iter().map(|reply| reply.subscription).collect()
    }

    /// Takes all answers, in the order in which they were given. Later ones are dropped.
    pub(crate) fn close(&self) -> Vec<Reply<R>> {
        let mut inner = self.0.lock();
        inner.closed = true;
        let (given, waker) = (std::mem::take(&mut inner.given), inner.waker.take());
        drop(inner);
        drop_each(waker);
        given
    }
}

/// A payload whose emitter waits for answers.
pub(crate) struct Asked<P: Request> {
    typed: Typed<P>,
    answers: Arc<Answers<P::Reply>>,
}

impl<P: Request> Asked<P> {
    pub(crate) fn new(payload: P, answers: &Arc<Answers<P::Reply>>) -> Self {
        Self { typed: Typed(payload), answers: Arc::clone(answers) }
    }
}

impl<P: Request> Body for Asked<P> {
    fn kind(&self) -> KindRef<'_> {
        self.typed.kind()
    }
    fn payload(&self) -> Option<&dyn ErasedPayload> {
        self.typed.payload()
    }
    fn as_any(&self) -> Option<&dyn Any> {
        self.typed.as_any()
    }
    fn raw(&self) -> Option<&str> {
        None
    }
    fn decode_error(&self) -> Option<&DecodeError> {
        None
    }
    fn version(&self) -> Option<u32> {
        self.typed.version()
    }
    fn heap_bytes(&self) -> usize {
        self.typed.heap_bytes()
    }
    fn answers(&self) -> Option<&dyn Any> {
        Some(&self.answers)
    }
}

/// Gives the answer of a handler to the emitter of an event. Where that waits for none, or no
/// longer, the answer is dropped.
pub(crate) fn answer<P: Request>(event: &Event<P>, name: &Arc<str>, reply: P::Reply) {
    let answers = event.body().answers().and_then(|answers| answers.downcast_ref::<Arc<Answers<P::Reply>>>());
    if let (Some(answers), Some(subscription)) = (answers, event.subscription()) {
        answers.give(Reply { given: reply, subscription, name: Arc::clone(name) });
    }
}
