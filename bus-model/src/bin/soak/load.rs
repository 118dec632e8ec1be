//! The publishers, and the subscriptions that come and go.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bus_core::{AnyEvent, Emitter, EventBus, Execution, Node, Sent};
use bus_model::{Alarm, Gauge, Level, Step, Token};
use tokio::runtime::Runtime;

use super::Soak;

/// The scope of event `n`: few different ones, so that every filter matches some events.
fn place(bus: &EventBus, n: u64) -> Emitter<Node, Execution> {
    let stream = if n.is_multiple_of(3) { "left" } else { "right" };
    let node = if n.is_multiple_of(16) { "relay" } else { "plain" };
    let execution = if n.is_multiple_of(8) { "busy" } else { "idle" };
    bus.stream(stream).node(node).execution(execution)
}

/// Publishes the `n`th event without waiting.
pub(crate) fn send(soak: &Soak, n: u64, hops: u32) -> Sent {
    let from = place(&soak.bus, n);
    match n % 11 {
        0 => from.emit(Alarm::new(n, hops)).send(),
        1..=4 => from.emit(Token::new(n, hops)).send(),
        5 => from.emit(Level::new(n, hops)).send(),
        6 => from.emit(Gauge::new(n, hops, n % 5)).send(),
        _ => from.emit(Step::new(n, hops)).send(),
    }
}

/// Publishes a step, and waits for the handlers.
pub(crate) async fn publish(soak: &Soak, n: u64, hops: u32) {
    let emit = place(&soak.bus, n).emit(Step::new(n, hops));
    soak.receipts.add(&emit.await);
}

/// Starts all of them.
pub(crate) fn start(soak: &Arc<Soak>, runtimes: &[Runtime; 2]) -> Vec<JoinHandle<()>> {
    let mut threads = Vec::new();
    for thread in 0..2_u64 {
        let soak = Arc::clone(soak);
        threads.push(std::thread::spawn(move || {
            let mut n = thread;
            while soak.running() {
                soak.receipts.follow(send(&soak, n, u32::from(n.is_multiple_of(128))));
                n += 2;
            }
        }));
    }
    for runtime in runtimes {
        let handle = runtime.handle().clone();
        let shared = Arc::clone(soak);
        threads.push(std::thread::spawn(move || {
            let tasks: Vec<_> =
                (0..3).map(|task| handle.spawn(awaiting(Arc::clone(&shared), task))).collect();
            let comers = handle.spawn(comers(Arc::clone(&shared)));
            let waiters = handle.spawn(waiters(Arc::clone(&shared)));
            for task in tasks.into_iter().chain([comers, waiters]) {
                if let Err(error) = handle.block_on(task) {
                    shared.fail(format!("a task of the soak ended early: {error}"));
                }
            }
        }));
    }
    threads
}

async fn awaiting(soak: Arc<Soak>, task: u64) {
    let mut n = task;
    while soak.running() {
        publish(&soak, n, u32::from(n.is_multiple_of(64)) * 2).await;
        n += 1;
        if n.is_multiple_of(32) {
            tokio::task::yield_now().await;
        }
    }
}

/// Lets every second event pass, and all that a handler publishes: what such an emit waits for may
/// be deferred, and then no receipt tells that a filter rejected the event later.
fn passes(event: &AnyEvent) -> bool {
    let n = event.payload::<Step>().map(|step| step.n);
    let n = n.or_else(|| event.payload::<Gauge>().map(|gauge| gauge.n));
    event.causation().is_some() || n.is_none_or(|n| n.is_multiple_of(2))
}

/// Subscriptions that exist for a moment and end: some by their guard, some by id, some while a
/// handler runs.
async fn comers(soak: Arc<Soak>) {
    let bus = &soak.bus;
    while soak.running() {
        let sync = bus.subscribe::<(Step, Alarm)>().stream("left").handle_sync(|_| ());
        let crawling =
            bus.subscribe::<Step>().execution("busy").concurrency(2).handle(|_| tokio::task::yield_now());
        let filtered = bus.subscribe_any().kinds(["step", "gauge"]).filter(passes).handle_sync(|_| ());
        let mut stream = bus.subscribe::<Gauge>().capacity(4).into_stream().with_gaps();
        tokio::task::yield_now().await;
        while let Some(item) = stream.try_recv() {
            drop(item);
        }
        if !bus.unsubscribe(sync.id()) {
            soak.fail("a subscription that is there could not be ended by its id");
        }
        let closing = bus
            .subscribe::<Token>()
            .capacity(1)
            .overflow(bus_core::Overflow::Close)
            .into_stream()
            .with_gaps();
        tokio::time::sleep(Duration::from_millis(1)).await;
        drop((crawling, filtered, stream, closing));
        soak.churned.fetch_add(5, Ordering::Relaxed);
    }
}

/// Waits: most get their event, some reach their time limit, some are dropped.
async fn waiters(soak: Arc<Soak>) {
    let bus = &soak.bus;
    while soak.running() {
        let alarm = bus.wait_for::<Alarm>().timeout(Duration::from_millis(200)).await;
        let nobody =
            bus.subscribe::<Step>().stream("nowhere").first().timeout(Duration::from_millis(1)).await;
        drop(bus.wait_for::<Token>());
        if alarm.is_ok_and(|event| event.kind() != "alarm") || nobody.is_ok() {
            soak.fail("a wait gave an event that it was not for");
        }
        soak.waited.fetch_add(3, Ordering::Relaxed);
    }
}

/// Waits until all of them have ended.
pub(crate) fn join(threads: Vec<JoinHandle<()>>, within: Duration) -> Result<(), String> {
    let begun = Instant::now();
    for thread in threads {
        while !thread.is_finished() {
            if begun.elapsed() > within {
                return Err(format!(
                    "a publisher did not end within {within:?} of the signal to stop: it hangs"
                ));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        thread.join().map_err(|_| "a publisher panicked".to_owned())?;
    }
    Ok(())
}
