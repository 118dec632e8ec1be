//! Emitting an event and waiting for its answers.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::{Emit, Sent, publish};
use crate::delivery::{Answers, Asked, Mode, Outcome, Problem, Receipt, Reply, Waiting};
use crate::error::Refused;
use crate::event::{Event, Stored};
use crate::excerpt::excerpt;
use crate::payload::{Payload, Request};
use crate::sync::{Sleep, sleep};

impl<P: Payload> Emit<P> {
    /// Publishes the event and waits for the answers of all its handlers, for events with
    /// `#[event(reply = ..)]`.
    ///
    /// It waits as an awaited emit does, and for all handlers: those of
    /// [`reply`](crate::Subscribe::reply), and others. The answers come in the order in which they
    /// were given.
    ///
    /// # Errors
    /// The future yields a [`ReplyError`] if there is no answer at all, and if the time of
    /// [`timeout`](AllReplies::timeout) is over before all handlers have ended. Where some have
    /// answered, those that failed are in [`Replies::receipt`].
    ///
    /// # Cancel safety
    /// Dropped before its first poll, it publishes nothing. Dropped later, it loses the answers;
    /// the event is on the bus, and its deliveries go on.
    ///
    /// ```standalone_crate
    /// # use bus_core::{AgentEvent, Event, EventBus};
    /// #[derive(AgentEvent)]
    /// enum VoteEvents {
    ///     #[event(reply = bool)]
    ///     VoteAsked { question: String },
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bus_core::ReplyError> {
    /// let bus = EventBus::new();
    /// let _a = bus.subscribe::<VoteAsked>().name("ada").reply_sync(|_| true);
    /// let short = async |vote: Event<VoteAsked>| vote.question.len() < 9;
    /// let _b = bus.subscribe::<VoteAsked>().name("bob").reply(short);
    /// let votes = bus.stream("desk").emit_vote_asked("more tests?").replies().await?;
    /// let named: Vec<_> = votes.iter().map(|vote| (vote.name(), **vote)).collect();
    /// assert_eq!(named, [("ada", true), ("bob", false)]);
    /// # Ok(()) }
    /// ```
    pub fn replies<R>(self) -> AllReplies<P, R>
    where
        P: Request<Reply = R>,
    {
        AllReplies { asking: Asking::new(self) }
    }

    /// Publishes the event and waits for the first answer, for events with `#[event(reply = ..)]`.
    /// Other handlers go on; their answers are dropped.
    ///
    /// # Errors
    /// The future yields a [`ReplyError`] if all handlers have ended without an answer, and if the
    /// time of [`timeout`](FirstReply::timeout) is over.
    ///
    /// # Cancel safety
    /// As that of [`replies`](Self::replies).
    pub fn first_reply<R>(self) -> FirstReply<P, R>
    where
        P: Request<Reply = R>,
    {
        FirstReply { asking: Asking::new(self) }
    }

    fn ask<R>(&mut self, answers: &Arc<Answers<R>>) -> Sent
    where
        P: Request<Reply = R>,
    {
        let core = &self.source.bus.core;
        if let Some(refused) = core.refuse_too_deep(P::DESCRIPTOR.kind, &mut self.payload) {
            return refused;
        }
        let Some(payload) = self.payload.take() else { return Sent::nothing() };
        let event = Stored::of(self.source.head(self.cause.take()), Asked::new(payload, answers));
        publish(core, Event::new(Arc::new(event)), Mode::Await)
    }
}

/// A wait for answers, whichever of them.
struct Asking<P: Payload, R> {
    emit: Emit<P>,
    answers: Arc<Answers<R>>,
    /// [`Emit::ask`]. Its bound is checked where the wait is made, so that an event without answers
    /// is one error there and none at the `.await`.
    ask: fn(&mut Emit<P>, &Arc<Answers<R>>) -> Sent,
    limit: Option<Duration>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<P: Payload, R> Asking<P, R> {
    fn new(emit: Emit<P>) -> Self
    where
        P: Request<Reply = R>,
    {
        Self { emit, answers: Answers::new(), ask: Emit::ask, limit: None, sleep: None }
    }

    /// Publishes with the first poll, and waits until all handlers have ended.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Receipt, ReplyError>> {
        let Self { emit, answers, ask, limit, sleep: timer } = self;
        // The time first: a wait that is over must not give a permit back by waiting once more.
        if timer.as_mut().is_some_and(|timer| timer.as_mut().poll(context).is_ready()) {
            return Poll::Ready(Err(self.timed_out()));
        }
        if emit.waiting.is_none() {
            emit.waiting = Some(Box::new(Waiting::new(ask(emit, answers))));
        }
        if let Some(Poll::Ready(receipt)) = emit.waiting.as_mut().map(|waiting| waiting.poll(context)) {
            return Poll::Ready(Ok(receipt));
        }
        let Some(limit) = *limit else { return Poll::Pending };
        let over = limit.is_zero() || {
            let timer = timer.get_or_insert_with(|| Box::pin(sleep(limit)));
            timer.as_mut().poll(context).is_ready()
        };
        if over { Poll::Ready(Err(self.timed_out())) } else { Poll::Pending }
    }

    fn timed_out(&self) -> ReplyError {
        let answered = self.answers.from();
        let unfinished = self.emit.waiting.as_ref().map(|waiting| waiting.answering()).unwrap_or_default();
        let missing = unfinished.into_iter().filter(|(id, _)| !answered.contains(id));
        ReplyError::TimedOut { waiting_for: missing.map(|(_, name)| name).collect() }
    }
}

/// Answers that nobody waits for any more must not stay in history with their event.
impl<P: Payload, R> Drop for Asking<P, R> {
    fn drop(&mut self) {
        crate::delivery::drop_each(self.answers.close());
    }
}

/// Returns why there is no answer, when all handlers have ended.
fn no_answer<P: Payload>(receipt: &Receipt) -> ReplyError {
    if let Some(refused) = receipt.refused() {
        return ReplyError::Refused(refused.clone());
    }
    let problems: Vec<_> = receipt.problems().iter().filter(|problem| problem.answers).cloned().collect();
    if !problems.is_empty() {
        ReplyError::Unanswered(problems)
    } else if receipt.deferred() > 0 {
        ReplyError::Deferred { deliveries: receipt.deferred() }
    } else {
        ReplyError::NoHandler { kind: P::DESCRIPTOR.kind, reached: receipt.reached() }
    }
}

/// The future of [`Emit::replies`]: of the event `P`, answered with `R`.
#[must_use = "nothing is published until it is awaited"]
pub struct AllReplies<P: Payload, R> {
    asking: Asking<P, R>,
}

/// The future of [`Emit::first_reply`]: of the event `P`, answered with `R`.
#[must_use = "nothing is published until it is awaited"]
pub struct FirstReply<P: Payload, R> {
    asking: Asking<P, R>,
}

impl<P: Payload, R> AllReplies<P, R> {
    /// Limits the wait to this time, which begins with the first poll. The handlers go on; to end
    /// them too, give their subscription a [`timeout`](crate::Subscribe::timeout). It needs a tokio
    /// runtime with time enabled.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.asking.limit = Some(limit);
        self
    }
}

impl<P: Payload, R> FirstReply<P, R> {
    /// Limits the wait to this time, as [`AllReplies::timeout`] does.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.asking.limit = Some(limit);
        self
    }
}

impl<P: Payload, R> Future for AllReplies<P, R> {
    type Output = Result<Replies<R>, ReplyError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.asking.poll(context).map(|receipt| {
            let receipt = receipt?;
            let given = self.asking.answers.close();
            if given.is_empty() { Err(no_answer::<P>(&receipt)) } else { Ok(Replies { given, receipt }) }
        })
    }
}

impl<P: Payload, R> Future for FirstReply<P, R> {
    type Output = Result<Reply<R>, ReplyError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = self.asking.poll(context);
        match self.asking.answers.poll_first(context) {
            Some(first) => Poll::Ready(Ok(first)),
            None => ended.map(|receipt| Err(no_answer::<P>(&receipt?))),
        }
    }
}

/// All answers to one event, in the order in which they were given: at least one. It derefs to a
/// slice of them.
#[derive(Debug)]
pub struct Replies<R> {
    given: Vec<Reply<R>>,
    receipt: Receipt,
}

impl<R> Replies<R> {
    /// Returns what became of the event in all its handlers: one that failed, and so did not
    /// answer, is in its [`problems`](Receipt::problems).
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }
}

impl<R> std::ops::Deref for Replies<R> {
    type Target = [Reply<R>];

    fn deref(&self) -> &[Reply<R>] {
        &self.given
    }
}

impl<R> IntoIterator for Replies<R> {
    type Item = Reply<R>;
    type IntoIter = std::vec::IntoIter<Reply<R>>;

    fn into_iter(self) -> Self::IntoIter {
        self.given.into_iter()
    }
}

/// The reason why an event has no answer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ReplyError {
    /// The event is not on the bus.
    Refused(Refused),
    /// No handler that answers got the event.
    NoHandler {
        /// The kind of the event.
        kind: &'static str,
        /// How many subscriptions that do not answer got it.
        reached: usize,
    },
    /// Every handler that answers failed, panicked, timed out or was dropped.
    Unanswered(Vec<Problem>),
    /// The answer can only come after the handler that asks has ended.
    Deferred {
        /// How many deliveries were put off.
        deliveries: usize,
    },
    /// The time of the wait is over.
    TimedOut {
        /// The names of the handlers that have not answered.
        waiting_for: Vec<Arc<str>>,
    },
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => write!(f, "nobody was asked, because the event was refused: {refused}"),
            Self::NoHandler { kind, reached } => write!(
                f,
                "no handler that answers `{kind}` is subscribed in this scope ({reached} others got it): subscribe one with `.reply(..)`"
            ),
            Self::Unanswered(problems) => {
                let each: Vec<_> = problems.iter().map(shown).collect();
                write!(f, "no handler answered: {}", each.join("; "))
            }
            Self::Deferred { deliveries } => write!(
                f,
                "no answer can come before the handler that asks has ended ({deliveries} deliveries were deferred): ask from a task of its own"
            ),
            Self::TimedOut { waiting_for } => {
                let names: Vec<_> = waiting_for.iter().map(|name| format!("`{}`", excerpt(name))).collect();
                let names = if names.is_empty() { "its handlers".to_owned() } else { names.join(", ") };
                write!(f, "no answer in time from {names}: wait longer, or answer sooner")
            }
        }
    }
}

fn shown(problem: &Problem) -> String {
    let name = excerpt(problem.name());
    match problem.outcome() {
        Outcome::Failed(error) => format!("`{name}` failed: {}", excerpt(error)),
        Outcome::Panicked(text) => format!("`{name}` panicked: {}", excerpt(text)),
        Outcome::TimedOut => format!("`{name}` took longer than its timeout"),
        Outcome::Overflowed | Outcome::Coalesced => {
            format!("`{name}` did not get it, because its queue is full")
        }
        Outcome::Dropped | Outcome::Handled => format!("`{name}` ended before it answered"),
    }
}

impl std::error::Error for ReplyError {}
