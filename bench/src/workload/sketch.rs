//! The minimum of a publish with every feature on: forty lines that stamp an event, keep it and
//! call closures under the rule of the bus that no two threads run a handler at once.
//!
//! It is not a bus: it does not handle a handler that publishes, panics, is slow, has a filter or
//! ends, it counts nothing, and it reports no outcome. It shows which part of the time of the bus
//! its guarantees need at the least, and which part is the rest.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::load::{Counter, HISTORY, text};
use crate::measure::Side;

/// The parts of an event for subscribers, with the same fields as the bus's.
struct Event<B: ?Sized = dyn Body> {
    _run: u64,
    seq: AtomicU64,
    _at: u64,
    _scope: Arc<str>,
    _cause: Option<Arc<str>>,
    body: B,
}

trait Body: Send + Sync {
    fn text(&self) -> &str;
}

impl Body for String {
    fn text(&self) -> &str {
        self
    }
}

type Handler = Box<dyn Fn(&Arc<Event>) + Send>;

struct Order {
    seq: u64,
    ring: Vec<Arc<Event>>,
    oldest: usize,
    /// Absent while a publish runs them.
    handlers: Option<Vec<Handler>>,
}

struct Sketch {
    order: Mutex<Order>,
    scope: Arc<str>,
}

impl Sketch {
    #[inline(never)]
    fn publish(&self, text: String) -> u64 {
        let (seq, at, scope) = (AtomicU64::new(0), now(), Arc::clone(&self.scope));
        let event: Arc<Event> =
            Arc::new(Event { _run: 1, seq, _at: at, _scope: scope, _cause: None, body: text });
        let mut order = self.order.lock().expect("no handler panicked");
        order.seq += 1;
        let seq = order.seq;
        event.seq.store(seq, Ordering::Relaxed);
        let handlers = order.handlers.take();
        let gone = order.keep(Arc::clone(&event));
        drop(order);
        drop(gone);
        let Some(handlers) = handlers else { return seq };
        handlers.iter().for_each(|handler| handler(&event));
        self.order.lock().expect("no handler panicked").handlers = Some(handlers);
        seq
    }
}

impl Order {
    fn keep(&mut self, event: Arc<Event>) -> Option<Arc<Event>> {
        if self.ring.len() < HISTORY {
            self.ring.push(event);
            return None;
        }
        let at = self.oldest;
        self.oldest = (at + 1) % HISTORY;
        Some(std::mem::replace(&mut self.ring[at], event))
    }
}

/// The side of the sketch.
pub(super) fn side(handlers: usize) -> Side {
    let counter = Counter::default();
    let listen = |_| {
        let counter = counter.clone();
        Box::new(move |event: &Arc<Event>| {
            black_box(event.body.text());
            counter.add();
        }) as Handler
    };
    let listeners = (handlers > 0).then(|| (0..handlers).map(listen).collect());
    let order = Mutex::new(Order { seq: 0, ring: Vec::new(), oldest: 0, handlers: listeners });
    let sketch = black_box(Arc::new(Sketch { order, scope: Arc::from("desk") }));
    Side::new("a sketch of a bus", move |times| {
        let before = counter.get();
        for _ in 0..times {
            // Like an emit, so that it can be spawned.
            black_box(Arc::clone(&sketch).publish(text()));
        }
        counter.assert_added(before, times * handlers as u64);
    })
}

/// Read in the bus's usual way.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn now() -> u64 {
    use fast_clock::Clock;
    use fast_clock::tsc::Tsc;
    thread_local!(static COUNTER: Option<Tsc> = Tsc::try_new_linux_sys().ok());
    COUNTER.with(|counter| counter.map_or(0, |counter| counter.now().to_ticks()))
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}
