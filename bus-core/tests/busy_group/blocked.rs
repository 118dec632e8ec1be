//! Three sync handlers that are busy on a thread of their own until the test releases them.

use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use bus_core::{AgentEvent, BoxError, Event, EventBus, Payload, Receipt, Sent, Subscribe, Subscription};

use crate::common::{Notes, check_accounts, wait_until_idle, watch};

#[derive(AgentEvent)]
pub(crate) enum Calls {
    Called {
        n: u64,
    },
    /// A newer one may replace an older one.
    #[event(coalesce)]
    Revised {
        n: u64,
    },
    Answered {
        n: u64,
    },
}

/// A handler group whose first member blocks on event 0, on a thread of its own.
pub(crate) struct Stage {
    pub(crate) bus: EventBus,
    pub(crate) seen: Notes,
    pub(crate) guards: Vec<Subscription>,
    begins: mpsc::Receiver<()>,
    pub(crate) go: mpsc::Sender<()>,
    pub(crate) first: Option<JoinHandle<Receipt>>,
    emit: Emit,
}

/// Sends the event of that number.
type Emit = fn(&EventBus, u64) -> Sent;

/// Records that a handler got an event.
pub(crate) fn note(seen: &Notes, name: usize, n: u64) {
    seen.add(format!("{name}:{n}"));
}

impl Stage {
    /// Three handlers. `plan` changes how each is subscribed; `action` runs in a handler after it
    /// recorded its event.
    pub(crate) fn new(
        plan: impl Fn(usize, Subscribe<Called>) -> Subscribe<Called>,
        action: impl Fn(&EventBus, usize, &Event<Called>) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        let emit: Emit = |bus, n| bus.stream("desk").emit_called(n).send();
        Self::of(emit, |called: &Called| called.n, plan, action)
    }

    /// The same with events that may replace each other.
    pub(crate) fn revised(plan: impl Fn(usize, Subscribe<Revised>) -> Subscribe<Revised>) -> Self {
        let emit: Emit = |bus, n| bus.stream("desk").emit_revised(n).send();
        Self::of(emit, |revised: &Revised| revised.n, plan, |_, _, _| Ok(()))
    }

    fn of<P: Payload>(
        emit: Emit,
        number: fn(&P) -> u64,
        plan: impl Fn(usize, Subscribe<P>) -> Subscribe<P>,
        action: impl Fn(&EventBus, usize, &Event<P>) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        let (bus, seen, action) = (EventBus::new(), Notes::new(), Arc::new(action));
        let ((began, begins), (go, gate)) = (mpsc::channel(), mpsc::channel());
        let gate = Arc::new(Mutex::new(gate));
        let handler = |name: usize| {
            let (bus, seen, action) = (bus.clone(), seen.clone(), Arc::clone(&action));
            let (began, gate) = (began.clone(), Arc::clone(&gate));
            move |event: &Event<P>| {
                let n = number(event);
                if (name, n) == (0, 0) {
                    began.send(()).unwrap();
                    gate.lock().unwrap().recv().unwrap();
                }
                note(&seen, name, n);
                action(&bus, name, event)
            }
        };
        let subscribed =
            |name| plan(name, bus.subscribe().name(format!("h{name}"))).handle_sync(handler(name));
        let guards = (0..3).map(subscribed).collect();
        let mut stage = Self { bus, seen, guards, begins, go, first: None, emit };
        stage.begin();
        stage
    }

    /// Blocks the handlers.
    pub(crate) fn begin(&mut self) {
        let (bus, emit) = (self.bus.clone(), self.emit);
        self.first = Some(std::thread::spawn(move || emit(&bus, 0).receipt().clone()));
        self.begins.recv().unwrap();
    }

    pub(crate) fn plain() -> Self {
        Self::new(|_, wanted| wanted, |_, _, _| Ok(()))
    }

    pub(crate) fn send(&self, n: u64) -> Sent {
        (self.emit)(&self.bus, n)
    }

    /// Releases the first event, and waits until every event queued behind it is done.
    pub(crate) fn go(&mut self) -> Receipt {
        self.go.send(()).unwrap();
        self.finish()
    }

    /// The same where a sender is blocked until then.
    pub(crate) fn go_with(&mut self, sender: JoinHandle<()>) {
        self.go.send(()).unwrap();
        sender.join().unwrap();
        self.finish();
    }

    /// Waits until the first event is done, and every event queued behind it.
    pub(crate) fn finish(&mut self) -> Receipt {
        let receipt = self.first.take().unwrap().join().unwrap();
        wait_until_idle(&self.bus);
        receipt
    }

    pub(crate) fn counts(&self, name: &str) -> (u64, u64, usize, usize) {
        let stats = self.bus.stats();
        check_accounts(&stats);
        let found = stats.subscription(name).unwrap();
        (found.counts.matched, found.counts.handled, found.running, found.waiting)
    }
}

/// Runs a test under the watchdog.
pub(crate) fn staged(test: impl FnOnce() + Send + 'static) {
    watch(None, move |_| test());
}

pub(crate) fn all(receipt: &Receipt) -> (usize, usize, usize) {
    (receipt.reached(), receipt.handled(), receipt.problems().len())
}
