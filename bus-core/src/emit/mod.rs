//! Emitting: an emitter has the scope, a payload has the data, and the receipt has the outcomes.

mod dynamic;
mod emitter;
mod reply;
mod scoped;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

pub use crate::delivery::Sent;
pub use dynamic::EmitDynamic;
pub use emitter::Emitter;
pub use reply::{AllReplies, FirstReply, Replies, ReplyError};
pub use scoped::{
    AnyEmitter, Emits, EmittableFrom, ExecutionScoped, HasExecution, HasNode, NodeScoped, Scoped, emit,
};

use crate::bus::EventBus;
use crate::delivery::{Core, Entered, Mode, Receipt, Waiting, drop_payload, end_of_frame};
use crate::error::Refused;
use crate::event::{AnyEvent, Event, Head, Link, Stored, Typed};
use crate::json::{KEY_BYTES, written_length};
use crate::payload::Payload;
use crate::scope::{RESERVED, Scope};

/// The origin of an event: bus, scope and cause.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) bus: EventBus,
    pub(crate) scope: Arc<Scope>,
    pub(crate) cause: Option<Arc<Link>>,
}

impl Source {
    /// The cause of an emit: the one of the emitter, or else the event of the handler on the stack.
    #[inline]
    fn cause(&self) -> Option<Arc<Link>> {
        self.cause.clone().or_else(crate::delivery::cause)
    }

    #[inline]
    fn head(&self, cause: Option<Arc<Link>>) -> Head {
        Head::new(self.bus.core.run, self.bus.core.now(), Arc::clone(&self.scope), cause)
    }
}

/// Checks the rules for every event, and publishes it.
fn publish(core: &Arc<Core>, mut event: AnyEvent, mode: Mode) -> Sent {
    let checked = check_chain(core, &event).and_then(|()| intercept(core, &mut event));
    match checked.and_then(|()| check(core, &event)) {
        Ok(()) => {
            let known = event.descriptor().filter(|_| event.body().payload().is_some());
            core.publish(event.into_stored(), known, mode)
        }
        Err(refused) => core.reject(event.into_stored(), refused),
    }
}

/// An event that is not published yet. `.await` publishes it and waits for the handlers that it
/// reaches; [`send`](Self::send) publishes it without waiting for them.
///
/// The future yields a [`Receipt`] with the outcome of each delivery. It never yields an error: an
/// event that is refused is [`Receipt::refused`].
///
/// An awaited emit polls async handlers of this runtime in place, and waits for streams with
/// [`Overflow::Wait`](crate::Overflow::Wait) that are over their capacity. Inside a handler, a
/// delivery that can only come after this handler is deferred: it is done later, and
/// [`Receipt::deferred`] counts it.
///
/// # Cancel safety
/// Dropped before its first poll, it publishes nothing. Dropped later, it only loses the receipt:
/// the event is on the bus, and its deliveries go on.
///
/// ```standalone_crate
/// # use bus_core::{AgentEvent, EventBus};
/// # #[derive(AgentEvent)]
/// # enum BuildEvents { TargetStarted { target: String } }
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = EventBus::new();
/// let _guard = bus.subscribe::<TargetStarted>().handle(async |_| tokio::task::yield_now().await);
/// let receipt = bus.stream("desk").emit_target_started("app").await;
/// assert_eq!(receipt.handled(), 1);
/// let sent = bus.stream("desk").emit_target_started("lib").send();
/// assert_eq!(sent.receipt().reached(), 1); // not handled yet
/// assert_eq!(sent.finished().await.handled(), 1);
/// # }
/// ```
#[must_use = "nothing is published until it is awaited or sent: add `.await`, or `.send()` to wait for nobody"]
pub struct Emit<P: Payload> {
    source: Arc<Source>,
    cause: Option<Arc<Link>>,
    payload: Option<P>,
    // A box, because most emits never wait, and all of them are moved.
    waiting: Option<Box<Waiting>>,
}

impl<P: Payload> Emit<P> {
    /// Makes an emit of that emitter. Its scope is not checked: generated helpers and
    /// [`Scoped::emit`] do that.
    #[doc(hidden)]
    #[inline]
    pub fn new<N, X>(emitter: &Emitter<N, X>, payload: P) -> Self {
        let source = Arc::clone(&emitter.source);
        Self { cause: source.cause(), source, payload: Some(payload), waiting: None }
    }

    /// The payload, for the setters of optional fields. They are methods of a builder, which was
    /// not polled yet.
    #[doc(hidden)]
    #[expect(
        clippy::expect_used,
        reason = "only a poll or `send` takes the payload, and both take the builder"
    )]
    pub fn payload_mut(&mut self) -> &mut P {
        self.payload.as_mut().expect("an emit that is not published has its payload")
    }

    /// Publishes the event without waiting for async handlers and streams. `.finished().await` on
    /// the result waits for them.
    ///
    /// Idle sync handlers run on this thread before it returns. Then this thread may run events
    /// that other threads published to them meanwhile: at most 64, or 1 ms of them, for each
    /// outermost publish. Then a thread of the bus goes on, so a sync handler may also run there.
    ///
    /// Outside of handlers and callbacks it blocks the thread while a *sync* handler that the event
    /// reached is over its capacity on another thread. Senders go on in the order of their events.
    /// Otherwise it waits for nothing but the handlers that it runs.
    #[inline]
    pub fn send(mut self) -> Sent {
        self.publish(Mode::Send)
    }

    fn publish(&mut self, mode: Mode) -> Sent {
        let core = &self.source.bus.core;
        // Only an event with a cause or a reserved attribute may be refused for these.
        let plain = self.cause.is_none() && self.source.scope.reserved.is_none();
        if let Some(refused) = core.refuse_too_deep(P::DESCRIPTOR.kind, &mut self.payload) {
            return refused;
        }
        if plain && core.is_idle(P::DESCRIPTOR) {
            return self.discard();
        }
        let Some(payload) = self.payload.take() else { return Sent::nothing() };
        let head = self.source.head(self.cause.take());
        let event = Arc::new(Stored::of(head, Typed(payload)));
        if plain && !core.inspects {
            return core.publish(event, Some(P::DESCRIPTOR), mode);
        }
        publish(core, Event::new(event), mode)
    }

    /// Drops a payload without subscribers; out of line, to keep the hot path short.
    #[inline(never)]
    fn discard(&mut self) -> Sent {
        let Some(payload) = self.payload.take() else { return Sent::nothing() };
        let core = &self.source.bus.core;
        let sent = core.count_discarded(P::DESCRIPTOR);
        drop_payload(core, payload);
        if std::mem::needs_drop::<P>() {
            end_of_frame();
        }
        sent
    }
}

// The payload is never pinned: it is moved out on the first poll.
impl<P: Payload> Unpin for Emit<P> {}

impl<P: Payload> Future for Emit<P> {
    type Output = Receipt;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Receipt> {
        if self.waiting.is_none() {
            let sent = self.publish(Mode::Await);
            if sent.open.is_none() {
                return Poll::Ready(sent.receipt);
            }
            self.waiting = Some(Box::new(Waiting::new(sent)));
        }
        self.waiting.as_mut().map_or(Poll::Pending, |waiting| waiting.poll(context))
    }
}

#[cfg(debug_assertions)]
impl<P: Payload> Drop for Emit<P> {
    fn drop(&mut self) {
        if self.payload.is_some() {
            say_dropped(P::DESCRIPTOR.kind);
        }
    }
}

/// `let _ = emitter.emit_x()` silences the compiler's warning, so debug builds log that nothing was
/// published.
#[cold]
#[cfg(debug_assertions)]
fn say_dropped(kind: &str) {
    if !std::thread::panicking() {
        let kind = &*crate::excerpt::excerpt(kind).to_string();
        tracing::warn!(target: "bus_core", kind, "an emit was dropped, and nothing was published: `.await` it, or `.send()` it");
    }
}

/// Before interceptors see an event: what they publish must end too.
fn check_chain(core: &Core, event: &AnyEvent) -> Result<(), Refused> {
    let limit = core.settings.chain_limit;
    if event.head().depth() > limit {
        return Err(Refused::ChainTooDeep { chain: chain(event), limit });
    }
    Ok(())
}

/// Lets each interceptor see the event, until one refuses it. What they publish has the same cause
/// as the event, which has no position yet.
#[expect(clippy::expect_used, reason = "whoever publishes an event has made it, and has its only handle")]
fn intercept(core: &Core, event: &mut AnyEvent) -> Result<(), Refused> {
    if core.interceptors.is_empty() {
        return Ok(());
    }
    let _frame = Entered::callback(core, None);
    let stored = event.stored_mut().expect("an event that is not published has one handle");
    core.interceptors.iter().try_for_each(|interceptor| interceptor.call(stored))
}

fn check(core: &Core, event: &AnyEvent) -> Result<(), Refused> {
    if let Some(name) = &event.head().scope.reserved {
        return Err(if RESERVED.contains(&&**name) {
            Refused::ReservedAttribute(Arc::clone(name))
        } else {
            Refused::LongAttribute { bytes: written_length(name), limit: KEY_BYTES }
        });
    }
    match core.settings.max_event_bytes {
        Some(limit) => {
            // Fields are written by foreign code.
            let _frame = Entered::filter(core, event.stored());
            check_size(event, limit)
        }
        None => Ok(()),
    }
}

fn check_size(event: &AnyEvent, limit: usize) -> Result<(), Refused> {
    let bytes = match (event.body().raw(), event.body().payload()) {
        (Some(raw), _) => raw.len(),
        (None, Some(payload)) => {
            let mut json = Vec::new();
            payload.encode_json(&mut json).map_err(|error| Refused::InvalidData(error.to_string()))?;
            json.len()
        }
        (None, None) => 0,
    };
    if bytes > limit { Err(Refused::TooLarge { bytes, limit }) } else { Ok(()) }
}

/// Returns the kinds that led to an event, oldest first.
fn chain(event: &AnyEvent) -> Vec<String> {
    let causes = std::iter::successors(event.head().cause.as_deref(), |link| link.parent.as_deref());
    let mut chain: Vec<_> = causes.map(|link| link.kind.as_ref().as_str().to_owned()).collect();
    chain.reverse();
    chain.push(event.kind().to_owned());
    chain
}

// An emit can be spawned if its payload can be sent.
const _: () = {
    const fn sendable<T: Send + 'static>() {}
    #[expect(dead_code, reason = "its bounds are what is checked")]
    const fn emit<P: Payload>() {
        sendable::<Emit<P>>();
    }
    sendable::<EmitDynamic>();
    sendable::<Sent>();
    sendable::<Emitter>();
};
