//! Larger mixes under shuttle: thousands of random and of priority-driven (PCT) schedules.
//! `cargo xtask models` runs them.
#![cfg(bus_shuttle)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bus_core::{BoxError, Event, EventBus, Outcome, Overflow, Receipt, Subscription};
use bus_model::{Alarm, ModelEvents, Step};
use shuttle::future::{block_on, spawn};

/// A mix and a failpoint that it must catch.
const FAULTS: &[(&str, &str)] = &[
    ("everything_at_once_adds_up", "step_in_two"),
    ("everything_at_once_adds_up", "drop_uncounted"),
    ("everything_at_once_adds_up", "permit_kept"),
    ("everything_at_once_adds_up", "reader_unwoken"),
    ("handlers_that_await_each_other_end", "ring_waited_for"),
    ("handlers_that_await_each_other_end", "receipt_unwoken"),
    ("emits_dropped_anywhere_lose_nothing", "receipt_unwoken"),
    ("groups_that_others_join_and_leave_keep_their_order", "step_in_two"),
    ("groups_that_others_join_and_leave_keep_their_order", "cohort_uncounted"),
    ("handed_over_groups_are_held_by_their_thread", "holder_unchanged"),
    ("running_groups_take_events_of_other_threads", "next_lost"),
    ("running_groups_take_events_of_other_threads", "leaver_unsettled"),
    ("running_groups_take_events_of_other_threads", "sender_unwoken"),
];

/// Runs a mix in the given number of random schedules, and in as many PCT ones.
fn explore(name: &str, program: impl Fn() + Clone + Send + Sync + 'static) {
    let count = std::env::var("BUS_SCHEDULES").ok().and_then(|count| count.parse().ok()).unwrap_or(2_000);
    shuttle::check_random(program.clone(), count);
    shuttle::check_pct(program, count, 3);
    println!("{name}: {count} random and {count} PCT schedules");
}

fn accounts(bus: &EventBus) {
    bus_model::check_accounts(&bus.stats()).unwrap_or_else(|wrong| panic!("{wrong}"));
}

/// Runs until no delivery is running: shuttle has no clock, so a close cannot wait.
fn settle(bus: &EventBus) {
    let busy = |one: &bus_core::SubscriptionStats| one.running + one.waiting > 0;
    while bus_core::simulation::running_workers() > 0 || bus.stats().subscriptions.iter().any(busy) {
        shuttle::thread::yield_now();
    }
}

/// Checks the accounts, and ends every subscription and its tasks: shuttle drops what is left where
/// it stands.
fn end(bus: &EventBus) {
    accounts(bus);
    for subscription in bus.stats().subscriptions {
        bus.unsubscribe(subscription.id);
    }
    while bus_core::simulation::running_workers() + bus_core::simulation::running_tasks() > 0 {
        shuttle::thread::yield_now();
    }
    accounts(bus);
}

/// Polls a future that many times, and then drops it.
struct Dropped<F> {
    future: Pin<Box<F>>,
    polls: u32,
}

impl<F: Future> Future for Dropped<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.polls == 0 || self.future.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        self.polls -= 1;
        // Nothing wakes it for its end: its loop checks for it.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A handler that yields, sometimes fails, and publishes while its event has hops left.
fn busy(
    bus: &EventBus,
) -> impl Fn(Event<Step>) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>> + Clone + use<> {
    let emitter = bus.stream("desk");
    move |event| {
        let emitter = emitter.clone();
        Box::pin(async move {
            shuttle::future::yield_now().await;
            if event.hops > 0 {
                drop(emitter.emit(Step::new(event.n + 100, event.hops - 1)).await);
            }
            if event.n % 3 == 0 { Err("third".into()) } else { Ok(()) }
        })
    }
}

#[test]
fn everything_at_once_adds_up() {
    explore("everything at once", || {
        let bus = EventBus::builder().history(4).max_concurrent_handlers(1).build().unwrap();
        let (last, wrong) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (seen, disorder) = (Arc::clone(&last), Arc::clone(&wrong));
        let order = move |event: &Event<ModelEvents>| {
            let before = seen.swap(event.seq(), Ordering::Relaxed);
            disorder.fetch_add(u64::from(before >= event.seq()), Ordering::Relaxed);
        };
        bus.subscribe::<ModelEvents>().handle_sync(order).detach();
        bus.subscribe::<Step>().concurrency(2).capacity(1).handle(busy(&bus)).detach();
        bus.subscribe::<Step>().handle(busy(&bus)).detach();
        let mut stream = bus
            .subscribe::<ModelEvents>()
            .capacity(1)
            .overflow(Overflow::DropOldest)
            .into_stream()
            .with_gaps();
        let wait = bus.wait_for::<Alarm>();
        let reader = spawn(async move {
            let mut seen = 0;
            while let Some(item) = stream.recv().await {
                seen += item.map_or_else(|lagged| lagged.missed.unwrap(), |_| 1);
            }
            seen
        });
        let threads = [1, 2].map(|n| {
            let bus = bus.clone();
            shuttle::thread::spawn(move || {
                let comer = bus.subscribe_any().handle_sync(|_| shuttle::thread::yield_now());
                drop(bus.stream("desk").emit(Step::new(n, 1)).send());
                drop(comer);
                drop(bus.stream("desk").emit(Alarm::new(n, 0)).send());
            })
        });
        let receipt = block_on(bus.stream("desk").emit(Step::new(4, 1)));
        assert_eq!(
            receipt.reached(),
            receipt.handled() + receipt.queued() + receipt.deferred() + receipt.problems().len()
        );
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(block_on(wait).is_ok());
        settle(&bus);
        drop(bus.close(std::time::Duration::ZERO));
        assert_eq!(block_on(reader).unwrap(), bus.stats().published_total);
        assert_eq!(wrong.load(Ordering::Relaxed), 0, "out of order");
        end(&bus);
    });
}

#[test]
fn handlers_that_await_each_other_end() {
    explore("rings", || {
        let bus = EventBus::builder().max_concurrent_handlers(1).build().unwrap();
        for _ in 0..2 {
            bus.subscribe::<Step>().handle(busy(&bus)).detach();
        }
        bus.subscribe::<Step>().concurrency(2).handle(busy(&bus)).detach();
        let tasks = [1, 2].map(|n| {
            let emit = bus.stream("desk").emit(Step::new(n, 2));
            spawn(async move { drop(emit.await) })
        });
        tasks.into_iter().for_each(|task| block_on(task).unwrap());
        settle(&bus);
        end(&bus);
    });
}

#[test]
fn emits_dropped_anywhere_lose_nothing() {
    explore("dropped emits", || {
        let bus = EventBus::builder().max_concurrent_handlers(1).build().unwrap();
        bus.subscribe::<Step>().capacity(1).handle(busy(&bus)).detach();
        let seen = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&seen);
        bus.subscribe::<Step>()
            .handle_sync(move |_| {
                count.fetch_add(1, Ordering::Relaxed);
            })
            .detach();
        let tasks: Vec<_> = (0..4)
            .map(|polls| {
                let future = Box::pin(async_emit(bus.clone(), u64::from(polls)));
                spawn(Dropped { future, polls })
            })
            .collect();
        tasks.into_iter().for_each(|task| block_on(task).unwrap());
        let last = block_on(bus.stream("desk").emit(Step::new(7, 0)));
        assert_eq!(last.handled(), 2, "one subscription, one after the other: this one is the last");
        settle(&bus);
        let stats = bus.stats();
        // The one that was never polled published nothing; the others all did, and every handler
        // got their events.
        assert_eq!(stats.published_total, 4);
        assert_eq!(seen.load(Ordering::Relaxed), 4);
        assert!(
            stats.subscriptions.iter().all(|one| one.counts.settled() == 4 && one.running + one.waiting == 0)
        );
        end(&bus);
    });
}

/// A member of a group, and the seqs of its events, each of which must follow the one before.
fn member(bus: &EventBus, sync: bool) -> (Subscription, Arc<AtomicU64>) {
    let (last, count) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let seen = Arc::clone(&count);
    let note = move |seq: u64| {
        let before = last.swap(seq, Ordering::Relaxed);
        assert!(before == 0 || before + 1 == seq, "{seq} after {before}");
        seen.fetch_add(1, Ordering::Relaxed);
    };
    let guard = if sync {
        bus.subscribe::<Step>().handle_sync(move |event| note(event.seq()))
    } else {
        let note = Arc::new(note);
        bus.subscribe::<Step>().handle(move |event: Event<Step>| {
            let note = Arc::clone(&note);
            async move {
                if event.n % 2 == 0 {
                    shuttle::future::yield_now().await;
                }
                note(event.seq());
            }
        })
    };
    (guard, count)
}

#[test]
fn groups_that_others_join_and_leave_keep_their_order() {
    explore("groups", || {
        let bus = EventBus::builder().max_concurrent_handlers(2).build().unwrap();
        let list: Vec<_> = (0..4).map(|place| member(&bus, place % 2 == 0)).collect();
        let threads = [1, 2].map(|n| {
            let bus = bus.clone();
            shuttle::thread::spawn(move || {
                drop(bus.stream("desk").emit(Step::new(n, 0)).send());
                let before = bus.stats().published_total;
                let comers = [member(&bus, true), member(&bus, true)];
                drop(bus.stream("desk").emit(Step::new(n + 2, 0)).send());
                accounts(&bus);
                let stats = bus.stats();
                for (guard, _) in &comers {
                    let own = stats.subscriptions.iter().find(|one| one.id == guard.id()).unwrap();
                    assert!(own.counts.matched <= stats.published_total - before, "counted before it joined");
                }
                drop(comers);
            })
        });
        let receipt = block_on(bus.stream("desk").emit(Step::new(5, 0)));
        assert_eq!(receipt.reached(), receipt.handled() + receipt.deferred() + receipt.problems().len());
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        settle(&bus);
        for (guard, count) in list {
            assert_eq!(count.load(Ordering::Relaxed), 5);
            let stats = bus.stats();
            let own = stats.subscriptions.iter().find(|one| one.id == guard.id()).unwrap();
            assert_eq!((own.counts.handled, own.running + own.waiting), (5, 0));
        }
        end(&bus);
    });
}

#[test]
fn running_groups_take_events_of_other_threads() {
    // Four stay, and one leaves.
    let check = |receipt: &Receipt| {
        let problems = receipt.problems().iter();
        assert!(problems.clone().all(|problem| *problem.outcome() == Outcome::Dropped));
        assert_eq!(receipt.reached(), receipt.handled() + problems.len());
        assert!(receipt.handled() >= 4);
    };
    explore("running groups", move || {
        let bus = EventBus::builder().max_concurrent_handlers(1).build().unwrap();
        let list = [0; 3].map(|_| member(&bus, true));
        let leaver = Arc::new(std::sync::Mutex::new(Some(member(&bus, true))));
        let yields = |_: &Event<Step>| shuttle::thread::yield_now();
        bus.subscribe::<Step>().capacity(1).handle_sync(yields).detach();
        let threads = [1, 2, 3].map(|n| {
            let (bus, leaver) = (bus.clone(), Arc::clone(&leaver));
            shuttle::thread::spawn(move || {
                let sent = bus.stream("desk").emit(Step::new(n, 0)).send();
                drop(bus.stream("desk").emit(Step::new(n + 3, 0)).send());
                if n == 2 {
                    accounts(&bus);
                    let leaves = leaver.lock().unwrap().take();
                    drop(leaves);
                }
                check(&block_on(sent.finished()));
            })
        });
        let receipt = block_on(bus.stream("desk").emit(Step::new(7, 0)));
        check(&receipt);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        // A thread of the bus may go on with what they published.
        settle(&bus);
        for (_, count) in &list {
            assert_eq!(count.load(Ordering::Relaxed), 7);
        }
        assert!(bus.stats().subscriptions.iter().all(|one| one.counts.handled == 7));
        end(&bus);
    });
}

/// Here a publisher runs at most two events of others: then a thread of the bus goes on.
#[test]
fn handed_over_groups_are_held_by_their_thread() {
    explore("handed over groups", || {
        let bus = EventBus::new();
        bus.subscribe::<Step>().handle_sync(|_| shuttle::thread::yield_now()).detach();
        let emitter = bus.stream("desk");
        let blocks = move |event: &Event<Alarm>| {
            let receipt = block_on(emitter.emit(Step::new(event.n, 0)));
            assert_eq!((receipt.handled(), receipt.deferred()), (1, 0), "nobody waits for this handler");
        };
        bus.subscribe::<Alarm>().handle_sync(blocks).detach();
        let threads = [1, 2].map(|n| {
            let bus = bus.clone();
            shuttle::thread::spawn(move || {
                (0..4).for_each(|_| drop(bus.stream("desk").emit(Step::new(n, 0)).send()));
                drop(bus.stream("desk").emit(Alarm::new(n, 0)).send());
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        settle(&bus);
        let handled: Vec<_> = bus.stats().subscriptions.iter().map(|one| one.counts.handled).collect();
        assert_eq!(handled, [10, 2]);
        end(&bus);
    });
}

async fn async_emit(bus: EventBus, n: u64) {
    drop(bus.stream("desk").emit(Step::new(n * 3 + 1, 0)).await);
}

#[test]
fn failpoints_are_caught() {
    if std::env::var_os("BUS_FAULT").is_some() {
        return;
    }
    let own = std::env::current_exe().unwrap();
    for (mix, fault) in FAULTS {
        let child =
            std::process::Command::new(&own).args(["--exact", mix]).env("BUS_FAULT", fault).output().unwrap();
        assert!(!child.status.success(), "`{mix}` does not see the fault `{fault}`");
        println!("{fault}: caught by {mix}");
    }
}
