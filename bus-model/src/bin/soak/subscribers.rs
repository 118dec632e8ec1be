//! The permanent subscriptions: of every kind, on both runtimes, each with its own count, which
//! must equal the stats at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bus_core::{BoxError, Event, Overflow, Stats};
use bus_model::{Alarm, Gauge, Level, ModelEvents, Step, Token};
use tokio::runtime::Runtime;

use super::Soak;

/// The message of the handlers' panics.
pub(crate) const ON_PURPOSE: &str = "on purpose";

/// How often each handler or reader got an event, by the name of its subscription.
pub(crate) struct Seen(Vec<(&'static str, Arc<AtomicU64>)>);

impl Seen {
    fn count(&mut self, name: &'static str) -> Arc<AtomicU64> {
        let count = Arc::new(AtomicU64::new(0));
        self.0.push((name, Arc::clone(&count)));
        count
    }

    /// Compares the handlers' own counts with the stats: each call is counted once, with any
    /// outcome.
    pub(crate) fn compare(&self, stats: &Stats) -> Result<(), String> {
        for (name, seen) in &self.0 {
            let Some(row) = stats.subscription(name) else {
                return Err(format!("`{name}` is not in the stats"));
            };
            let counts = &row.counts;
            let calls = counts.handled + counts.failed + counts.panicked + counts.timed_out;
            let seen = seen.load(Ordering::Relaxed);
            if seen != calls {
                return Err(format!("`{name}` was called {seen} times, the stats say {calls}: {counts:?}"));
            }
        }
        Ok(())
    }
}

/// Subscribes all of them. The guards are detached, so that they exist as long as the bus.
pub(crate) fn enter(soak: &Arc<Soak>, runtimes: &[Runtime; 2]) -> Seen {
    let mut seen = Seen(Vec::new());
    sync(soak, &mut seen);
    for (runtime, names) in
        runtimes.iter().zip([["quick-1", "slow-1", "cut-1"], ["quick-2", "slow-2", "cut-2"]])
    {
        let _inside = runtime.enter();
        asynchronous(soak, &mut seen, names);
    }
    readers(soak, &mut seen, runtimes);
    seen
}

/// Sync handlers: one that checks the order, one with every kind of failure, one that publishes.
#[expect(clippy::panic, reason = "a handler that panics is what is tested")]
fn sync(soak: &Arc<Soak>, seen: &mut Seen) {
    let (count, shared, mut last) = (seen.count("order"), Arc::clone(soak), 0);
    soak.bus
        .subscribe_any()
        .name("order")
        .handle_sync(move |event| {
            count.fetch_add(1, Ordering::Relaxed);
            if event.seq() <= last {
                shared.fail(format!("a handler got seq {} after {last}", event.seq()));
            }
            last = event.seq();
        })
        .detach();
    let count = seen.count("wrong");
    soak.bus
        .subscribe::<Level>()
        .name("wrong")
        .handle_sync(move |event| -> Result<(), BoxError> {
            count.fetch_add(1, Ordering::Relaxed);
            match event.n % 64 {
                0 => std::panic::panic_any(ON_PURPOSE),
                n if n < 8 => Err("not today".into()),
                _ => Ok(()),
            }
        })
        .detach();
    let (count, shared) = (seen.count("relay"), Arc::clone(soak));
    soak.bus
        .subscribe::<(Step, Gauge)>()
        .node("relay")
        .name("relay")
        .handle_sync(move |event| {
            count.fetch_add(1, Ordering::Relaxed);
            let hops = event.payload::<Step>().map_or(0, |step| step.hops);
            if hops > 0 {
                shared.receipts.follow_later(super::load::send(&shared, event.seq(), hops - 1));
            }
        })
        .detach();
}

/// Async handlers: a quick one that awaits its emits, a slow one with a short queue, one that times
/// out.
fn asynchronous(soak: &Arc<Soak>, seen: &mut Seen, [quick, slow, cut]: [&'static str; 3]) {
    let (count, shared) = (seen.count(quick), Arc::clone(soak));
    soak.bus
        .subscribe::<Step>()
        .execution("busy")
        .name(quick)
        .handle(move |event| {
            count.fetch_add(1, Ordering::Relaxed);
            let shared = Arc::clone(&shared);
            async move {
                if event.hops > 0 {
                    super::load::publish(&shared, event.n, event.hops - 1).await;
                }
            }
        })
        .detach();
    let count = seen.count(slow);
    let crawl = move |event: Event<(Step, Alarm)>| {
        count.fetch_add(1, Ordering::Relaxed);
        async move {
            if event.seq().is_multiple_of(32) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::task::yield_now().await;
        }
    };
    soak.bus
        .subscribe()
        .stream("left")
        .name(slow)
        .capacity(64)
        .hard_limit(256)
        .concurrency(2)
        .on_lag(|_| ())
        .handle(crawl)
        .detach();
    let count = seen.count(cut);
    soak.bus
        .subscribe::<Alarm>()
        .name(cut)
        .timeout(Duration::from_millis(5))
        .on_lag(|_| ())
        .handle(move |event| {
            count.fetch_add(1, Ordering::Relaxed);
            async move {
                if event.n.is_multiple_of(512) {
                    std::future::pending::<()>().await;
                }
            }
        })
        .detach();
}

/// Streams of every policy, read on both runtimes, each in order.
fn readers(soak: &Arc<Soak>, seen: &mut Seen, runtimes: &[Runtime; 2]) {
    let policies = [
        ("oldest", Overflow::DropOldest),
        ("newest", Overflow::DropNewest),
        ("coalesce", Overflow::Coalesce),
        ("wait", Overflow::Wait),
    ];
    for (at, (name, overflow)) in policies.into_iter().enumerate() {
        let mut stream = soak
            .bus
            .subscribe::<ModelEvents>()
            .stream("right")
            .name(name)
            .capacity(128)
            .overflow(overflow)
            .into_stream()
            .with_gaps();
        let (count, shared) = (seen.count(name), Arc::clone(soak));
        runtimes[at % 2].spawn(async move {
            let (mut last, mut missed) = (0, 0);
            while let Some(item) = stream.recv().await {
                match item {
                    Ok(event) if event.seq() <= last => {
                        shared.fail(format!("stream `{name}`: seq {} after {last}", event.seq()));
                    }
                    Ok(event) => last = event.seq(),
                    Err(lagged) => {
                        missed += lagged.missed.unwrap_or_default();
                        continue;
                    }
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
            std::hint::black_box(missed);
            // The end of the stream is the end of its subscription, and of its row in the stats.
            std::future::pending::<()>().await;
        });
    }
    let token = soak.bus.subscribe::<Token>().name("tokens").capacity(32).into_stream().with_gaps();
    // Nobody reads this one: it must keep no more than its 32 events.
    std::mem::forget(token);
}
