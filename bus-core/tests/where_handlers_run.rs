//! A sync handler runs on the publishing thread before `send` returns; an async one on the runtime
//! it was subscribed on.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread::ThreadId;
use std::time::Duration;

use bus_core::{AgentEvent, Event, EventBus, Receipt, SubscribeError};
use common::{Notes, block_on, settle, threaded, trial, wait_until_idle, watch};

#[derive(AgentEvent)]
enum Place {
    Here { n: u64 },
}

fn this() -> ThreadId {
    std::thread::current().id()
}

#[test]
fn a_sync_handler_runs_on_the_publishing_thread_before_send_returns() {
    trial().run(async |bus, _| {
        let ran = Notes::<ThreadId>::new();
        let notes = ran.clone();
        let _guard = bus.subscribe::<Here>().handle_sync(move |_| notes.add(this()));
        let sent = bus.stream("desk").emit_here(1_u64).send();
        assert_eq!((ran.all(), sent.receipt().handled()), (vec![this()], 1));
        let (other, outer) = (bus.clone(), ran.clone());
        std::thread::spawn(move || {
            drop(other.stream("desk").emit_here(2_u64).send());
            assert_eq!(outer.all()[1], this());
        })
        .join()
        .unwrap();
    });
}

#[test]
fn a_busy_sync_handler_runs_right_after_on_the_thread_that_runs_it() {
    let bus = EventBus::new();
    let outer = bus.clone();
    watch(Some(&outer), move |steps| {
        let ((at_work, is_at_work), (go, goes)) = (mpsc::channel(), mpsc::channel::<()>());
        let ran = Notes::<(u64, ThreadId)>::new();
        let notes = ran.clone();
        let _guard = bus.subscribe::<Here>().handle_sync(move |event| {
            notes.add((event.n, this()));
            if event.n == 1 {
                at_work.send(()).unwrap();
                goes.recv().unwrap();
            }
        });
        let desk = bus.stream("desk");
        let first = desk.clone();
        let busy = std::thread::spawn(move || {
            drop(first.emit_here(1_u64).send());
            this()
        });
        is_at_work.recv().unwrap();
        steps.at("it is busy: send does not wait");
        let sent = desk.emit_here(2_u64).send();
        assert_eq!((sent.receipt().handled(), sent.receipt().reached()), (0, 1));
        go.send(()).unwrap();
        assert_eq!(block_on(sent.finished()).handled(), 1);
        let busy = busy.join().unwrap();
        assert_eq!(ran.all(), [(1, busy), (2, busy)]);
        common::check_accounts(&bus.stats());
    });
}

#[test]
fn send_blocks_only_while_a_busy_sync_handler_is_at_capacity() {
    let bus = EventBus::new();
    let outer = bus.clone();
    watch(Some(&outer), move |steps| {
        let ((at_work, is_at_work), (go, goes)) = (mpsc::channel(), mpsc::channel::<()>());
        let _guard = bus.subscribe::<Here>().name("busy").capacity(2).handle_sync(move |event| {
            if event.n == 0 {
                at_work.send(()).unwrap();
            }
            goes.recv().unwrap();
        });
        let desk = bus.stream("desk");
        let first = desk.clone();
        let busy = std::thread::spawn(move || drop(first.emit_here(0_u64).send()));
        is_at_work.recv().unwrap();
        steps.at("one fits");
        drop(desk.emit_here(1_u64).send());
        // The second fills the queue: it blocks until there is capacity, and its event is not lost.
        let (second, (returned, has_returned)) = (desk.clone(), mpsc::channel());
        let blocked = std::thread::spawn(move || {
            drop(second.emit_here(2_u64).send());
            drop(second.emit_here(3_u64).send());
            returned.send(()).unwrap();
        });
        while bus.stats().subscription("busy").unwrap().waiting < 3 {
            std::thread::yield_now();
        }
        assert!(has_returned.try_recv().is_err());
        steps.at("capacity");
        (0..4).for_each(|_| go.send(()).unwrap());
        blocked.join().unwrap();
        busy.join().unwrap();
        wait_until_idle(&bus);
        assert_eq!(bus.stats().subscription("busy").unwrap().counts.handled, 4);
    });
}

#[test]
fn an_async_handler_runs_on_the_runtime_it_was_subscribed_on() {
    threaded(1).run(async |bus, steps| {
        // It uses a timer, which panics outside of a runtime; the name of the thread shows which
        // runtime.
        let ran = Notes::<Option<String>>::new();
        let notes = ran.clone();
        let _guard = bus.subscribe::<Here>().handle(move |_: Event<Here>| {
            let notes = notes.clone();
            async move {
                tokio::time::timeout(std::time::Duration::from_secs(9), settle()).await.unwrap();
                notes.add(std::thread::current().name().map(str::to_owned));
            }
        });
        steps.at("from a plain thread");
        let plain = bus.stream("desk");
        let thread = std::thread::spawn(move || assert_eq!(block_on(plain.emit_here(1_u64)).handled(), 1));
        tokio::task::spawn_blocking(move || thread.join().unwrap()).await.unwrap();
        steps.at("from another runtime");
        let other = bus.stream("desk");
        let foreign = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            assert_eq!(runtime.block_on(other.emit_here(2_u64).into_future()).handled(), 1);
        };
        tokio::task::spawn_blocking(|| std::thread::spawn(foreign).join().unwrap()).await.unwrap();
        let worker = tokio::spawn(async { std::thread::current().name().map(str::to_owned) }).await.unwrap();
        assert_eq!(ran.all(), [worker.clone(), worker]);
    });
}

#[test]
fn an_emit_awaited_on_that_runtime_polls_in_place_first() {
    trial().run(async |bus, _| {
        let (ran, notes) = (Notes::<u64>::new(), Notes::<u64>::new());
        let (a, b) = (ran.clone(), notes.clone());
        let _ready = bus.subscribe::<Here>().handle(move |event: Event<Here>| {
            a.add(event.n);
            async {}
        });
        let _waits = bus.subscribe::<Here>().handle(move |event: Event<Here>| {
            let b = b.clone();
            async move {
                b.add(event.n);
                tokio::task::yield_now().await;
                b.add(event.n + 100);
            }
        });
        let mut emit = Box::pin(bus.stream("desk").emit_here(1_u64).into_future());
        assert!(common::poll_once(emit.as_mut()).is_pending());
        assert_eq!((ran.all(), notes.all()), (vec![1], vec![1]), "both were polled by the publisher");
        assert_eq!(emit.await.handled(), 2);
        assert_eq!(notes.all(), [1, 101]);
        // `send` spawns an async handler as a task.
        let sent = bus.stream("desk").emit_here(2_u64).send();
        assert_eq!((ran.all(), sent.receipt().handled()), (vec![1], 0));
        assert_eq!(sent.finished().await.handled(), 2);
    });
}

#[test]
fn without_a_runtime_subscribing_reports_it() {
    let bus = EventBus::new();
    let subscribed = bus.subscribe::<Here>().try_handle(async |_: Event<Here>| {});
    assert_eq!(subscribed.unwrap_err(), SubscribeError::NoRuntime);
    assert!(SubscribeError::NoRuntime.to_string().contains("`.runtime(handle)`"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bus = EventBus::builder().runtime(runtime.handle().clone()).build().unwrap();
    let _guard = bus.subscribe::<Here>().try_handle(async |_: Event<Here>| settle().await).unwrap();
    assert_eq!(block_on(bus.stream("desk").emit_here(1_u64)).handled(), 1);
    common::check_accounts(&bus.stats());
}

#[test]
fn a_timeout_without_timers_is_reported_when_subscribing() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _inside = runtime.enter();
    let bus = EventBus::new();
    let wanted = bus.subscribe::<Here>().timeout(Duration::from_secs(1));
    let subscribed = wanted.try_handle(async |_: Event<Here>| settle().await);
    assert_eq!(subscribed.unwrap_err(), SubscribeError::NoTimers);
    assert!(SubscribeError::NoTimers.to_string().contains("`.enable_time()`"));
}

/// Sends the next event as soon as the one before is done.
struct Again {
    bus: EventBus,
    left: AtomicUsize,
    done: Mutex<Option<Pin<Box<dyn Future<Output = Receipt> + Send>>>>,
}

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        if self.left.load(Ordering::Relaxed) > 0 {
            self.left.fetch_sub(1, Ordering::Relaxed);
            let mut done = Box::pin(self.bus.stream("desk").emit_here(1_u64).send().finished());
            let waker = Waker::from(Arc::clone(&self));
            assert!(done.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            *self.done.lock().unwrap() = Some(done);
        }
    }
}

#[test]
fn a_handler_that_always_has_a_next_event_lets_others_of_its_runtime_run() {
    trial().run(async |bus, _| {
        let _guard = bus.subscribe::<Here>().handle(async |_: Event<Here>| {});
        let left = AtomicUsize::new(100_000);
        let again = Arc::new(Again { bus: bus.clone(), left, done: Mutex::default() });
        Arc::clone(&again).wake();
        let meanwhile = Arc::clone(&again);
        let other = tokio::spawn(async move {
            tokio::task::yield_now().await;
            meanwhile.left.swap(0, Ordering::Relaxed)
        });
        assert_ne!(other.await.unwrap(), 0, "it ran while there was more to come");
        settle().await;
        drop(again.done.lock().unwrap().take());
    });
}
