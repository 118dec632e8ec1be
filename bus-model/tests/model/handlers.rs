//! The handlers of the real bus: they run their script and log each step.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bus_core::{
    AnyEvent, BoxError, EventBus, EventId, Lagged, Outcome, Receipt, Refused, Sent, SubscriptionId,
};
use bus_model::{Alarm, Gauge, Level, Step, Token};
use tokio::sync::Semaphore;

use super::facts::{Entry, Slip};
use super::program::{Act, Emission, End, Script};

/// The message of the handlers' panics.
pub(crate) const ON_PURPOSE: &str = "on purpose";

/// State that handlers and tasks share.
pub(crate) struct Shared {
    pub(crate) bus: EventBus,
    pub(crate) n: AtomicU64,
    /// The number of subscriptions that handlers have made, or tried to.
    pub(crate) made: AtomicUsize,
    pub(crate) log: Mutex<Vec<Entry>>,
    /// Unknown before a subscription is made or got its first event; always unknown for waits.
    pub(crate) ids: Mutex<Vec<Option<SubscriptionId>>>,
    pub(crate) gates: Mutex<Vec<Arc<Semaphore>>>,
    pub(crate) receipts: Mutex<Vec<(usize, Slip)>>,
    pub(crate) waits: Mutex<Vec<(usize, Result<u64, &'static str>)>>,
    pub(crate) closes: Mutex<Vec<Closed>>,
    /// By subscription, for streams.
    pub(crate) readers: Mutex<BTreeMap<usize, Reader>>,
}

pub(crate) type Reader = Box<dyn FnMut() -> Option<Result<AnyEvent, Lagged>> + Send>;

/// The report of a close: running and waiting events by subscription, and unread ones.
pub(crate) type Closed = (Vec<(usize, usize, usize)>, Vec<(usize, usize)>);

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Number and hops of an event.
pub(crate) fn facts(event: &AnyEvent) -> (u64, u32) {
    let step = event.payload::<Step>().map(|event| (event.n, event.hops));
    let token = || event.payload::<Token>().map(|event| (event.n, event.hops));
    let alarm = || event.payload::<Alarm>().map(|event| (event.n, event.hops));
    let level = || event.payload::<Level>().map(|event| (event.n, event.hops));
    let gauge = || event.payload::<Gauge>().map(|event| (event.n, event.hops));
    step.or_else(token).or_else(alarm).or_else(level).or_else(gauge).unwrap()
}

pub(crate) fn index(id: SubscriptionId) -> usize {
    id.to_string().trim_start_matches("sub-").parse::<usize>().unwrap() - 1
}

pub(crate) fn slip(receipt: &Receipt) -> Slip {
    let mut problems: Vec<_> = receipt
        .problems()
        .iter()
        .map(|problem| (index(problem.subscription()), outcome(problem.outcome())))
        .collect();
    problems.sort_unstable();
    Slip {
        refused: receipt
            .refused()
            .map(|refused| if *refused == Refused::Closed { "closed" } else { "chain" }),
        seq: receipt.seq(),
        reached: receipt.reached(),
        handled: receipt.handled(),
        queued: receipt.queued(),
        deferred: receipt.deferred(),
        problems,
    }
}

fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Handled => "handled",
        Outcome::Failed(_) => "failed",
        Outcome::Panicked(_) => "panicked",
        Outcome::TimedOut => "timed out",
        Outcome::Overflowed => "overflowed",
        Outcome::Coalesced => "coalesced",
        _ => "dropped",
    }
}

impl Shared {
    pub(crate) fn say(&self, entry: Entry) {
        locked(&self.log).push(entry);
    }

    fn emitter(&self, what: &Emission) -> bus_core::Emitter {
        let name = |prefix: &str, id: Option<u8>| id.map(|id| format!("{prefix}{id}"));
        self.bus
            .stream(format!("s{}", what.stream))
            .maybe_node(name("n", what.node))
            .maybe_execution(name("x", what.execution))
    }

    pub(crate) fn send(&self, what: &Emission, hops: u32) -> Sent {
        let (from, n) = (self.emitter(what), self.n.fetch_add(1, Ordering::Relaxed) + 1);
        match what.kind {
            0 => from.emit(Step::new(n, hops)).send(),
            1 => from.emit(Token::new(n, hops)).send(),
            2 => from.emit(Alarm::new(n, hops)).send(),
            3 => from.emit(Level::new(n, hops)).send(),
            _ => from.emit(Gauge::new(n, hops, u64::from(what.key))).send(),
        }
    }

    pub(crate) async fn publish(&self, what: &Emission, hops: u32) -> Receipt {
        let (from, n) = (self.emitter(what), self.n.fetch_add(1, Ordering::Relaxed) + 1);
        match what.kind {
            0 => from.emit(Step::new(n, hops)).await,
            1 => from.emit(Token::new(n, hops)).await,
            2 => from.emit(Alarm::new(n, hops)).await,
            3 => from.emit(Level::new(n, hops)).await,
            _ => from.emit(Gauge::new(n, hops, u64::from(what.key))).await,
        }
    }

    fn unsubscribe(&self, which: usize) {
        let ids = locked(&self.ids);
        let id = ids[which % ids.len()];
        drop(ids);
        if let Some(id) = id {
            self.bus.unsubscribe(id);
        }
    }

    fn begin(&self, sub: usize, event: &AnyEvent) -> (u64, u32) {
        let id = event.subscription().unwrap();
        let (n, hops) = facts(event);
        locked(&self.ids)[sub] = Some(id);
        self.say(Entry::Begin { sub, n, seq: event.seq(), cause: event.causation().map(EventId::seq) });
        // Not always: reading the stats makes the bus take the slow path.
        if n.is_multiple_of(4) {
            self.look(sub, id);
        }
        (n, hops)
    }

    /// The view of a running handler: its event came through its own subscription, it is counted as
    /// running, and all counts add up.
    fn look(&self, sub: usize, through: SubscriptionId) {
        let stats = self.bus.stats();
        let at_work = stats.subscriptions.iter().any(|one| index(one.id) == sub && one.running > 0);
        let accounts = bus_model::check_accounts(&stats);
        if index(through) != sub || !at_work || accounts.is_err() {
            self.say(Entry::Wrong(format!(
                "handler {sub}, through {through}, at work {at_work}: {accounts:?}"
            )));
        }
    }

    fn end(script: &Script) -> Result<(), BoxError> {
        match script.end {
            End::Handled => Ok(()),
            End::Failed => Err("failed".into()),
            End::Panicked => std::panic::panic_any(ON_PURPOSE),
        }
    }

    pub(crate) fn act_sync(
        self: &Arc<Self>,
        sub: usize,
        event: &AnyEvent,
        script: &Script,
    ) -> Result<(), BoxError> {
        let (n, hops) = self.begin(sub, event);
        for act in &script.acts {
            match act {
                Act::Send(what) if hops > 0 => {
                    let sent = self.send(what, hops - 1);
                    self.say(Entry::Sent { sub, n, slip: slip(sent.receipt()).at_once() });
                }
                Act::UnsubscribeSelf => self.unsubscribe(sub),
                Act::Unsubscribe(which) => self.unsubscribe(*which),
                Act::Subscribe(spec) => self.subscribe_another(spec),
                Act::Send(_) | Act::Await(_) | Act::Gate => {}
            }
        }
        Self::end(script)
    }

    pub(crate) async fn act_async(
        self: Arc<Self>,
        sub: usize,
        event: AnyEvent,
        script: Arc<Script>,
    ) -> Result<(), BoxError> {
        let (n, hops) = self.begin(sub, &event);
        let mut cut = Cut { shared: &self, sub, n, armed: true };
        for act in &script.acts {
            match act {
                Act::Send(what) if hops > 0 => {
                    let sent = self.send(what, hops - 1);
                    self.say(Entry::Sent { sub, n, slip: slip(sent.receipt()).at_once() });
                }
                Act::Await(what) if hops > 0 => {
                    let receipt = self.publish(what, hops - 1).await;
                    self.say(Entry::Resumed { sub, n, slip: slip(&receipt) });
                }
                Act::Gate => {
                    let gate = Arc::clone(&locked(&self.gates)[sub]);
                    gate.acquire().await.unwrap().forget();
                    self.say(Entry::Gate { sub, n });
                }
                Act::UnsubscribeSelf => self.unsubscribe(sub),
                Act::Unsubscribe(which) => self.unsubscribe(*which),
                Act::Subscribe(spec) => self.subscribe_another(spec),
                Act::Send(_) | Act::Await(_) => {}
            }
        }
        cut.armed = false;
        Self::end(&script)
    }
}

/// Logs when a handler's future is dropped before its end.
struct Cut<'a> {
    shared: &'a Shared,
    sub: usize,
    n: u64,
    armed: bool,
}

impl Drop for Cut<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.shared.say(Entry::Cut { sub: self.sub, n: self.n });
        }
    }
}
