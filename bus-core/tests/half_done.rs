//! Moments in the middle of a delivery at which other code reads the state, or takes over.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use bus_core::{AgentEvent, BoxError, Event};
use common::{ON_PURPOSE, settle, trial, watch};
use tokio::sync::{Mutex, Semaphore};

#[derive(AgentEvent)]
enum Half {
    Tick { n: u64 },
    Tock { n: u64 },
}

#[test]
fn a_failure_is_at_no_moment_counted_as_handled() {
    let bus = bus_core::EventBus::new();
    watch(Some(&bus.clone()), move |_| {
        bus.subscribe::<Tick>().handle_sync(|_| Err::<(), BoxError>("no".into())).detach();
        let done = Arc::new(AtomicBool::new(false));
        let (other, ended) = (bus.clone(), Arc::clone(&done));
        let publisher = std::thread::spawn(move || {
            for n in 0..20_000_u64 {
                drop(other.stream("desk").emit_tick(n).send());
            }
            ended.store(true, Ordering::SeqCst);
        });
        while !done.load(Ordering::SeqCst) {
            assert_eq!(bus.stats().subscriptions[0].counts.handled, 0);
        }
        publisher.join().unwrap();
        assert_eq!(bus.stats().subscriptions[0].counts.failed, 20_000);
    });
}

/// A waker that panics when the last handle of it goes.
struct Loud;

impl Wake for Loud {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Loud {
    fn drop(&mut self) {
        panic!("drop of a waker {ON_PURPOSE}");
    }
}

#[test]
fn a_waker_that_panics_when_it_is_replaced_does_not_reach_the_waiter() {
    trial().run(async |bus, _| {
        let gate = Arc::new(Semaphore::new(0));
        let inner = Arc::clone(&gate);
        let _guard = bus.subscribe::<Tick>().handle(move |_: Event<Tick>| {
            let gate = Arc::clone(&inner);
            async move { gate.acquire().await.unwrap().forget() }
        });
        let mut emit = pin!(bus.stream("desk").emit_tick(1_u64));
        {
            let loud = Waker::from(Arc::new(Loud));
            assert!(emit.as_mut().poll(&mut Context::from_waker(&loud)).is_pending());
        }
        assert!(emit.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        gate.add_permits(1);
        settle().await;
        assert_eq!(emit.await.handled(), 1);
    });
}

#[test]
fn an_emit_that_goes_on_in_a_handler_is_a_wait_of_that_handler() {
    trial().apart().paused().run(async |bus, _| {
        let desk = bus.stream("desk");
        let gate = Arc::new(Semaphore::new(0));
        // Runs for a while, and then waits for the handler of `Tock`.
        let (inner, door) = (desk.clone(), Arc::clone(&gate));
        let _tick = bus.subscribe::<Tick>().handle(move |event: Event<Tick>| {
            let (desk, gate) = (inner.clone(), Arc::clone(&door));
            async move {
                gate.acquire().await.unwrap().forget();
                desk.emit_tock(event.n + 1).await;
            }
        });
        // Waits for an emit that began outside of the handler.
        let handed = Arc::new(Mutex::new(None));
        let taken = Arc::clone(&handed);
        let _tock = bus.subscribe::<Tock>().handle(move |_: Event<Tock>| {
            let taken = Arc::clone(&taken);
            async move {
                let emit = taken.lock().await.take();
                if let Some(emit) = emit {
                    let emit: std::pin::Pin<Box<bus_core::Emit<Tick>>> = emit;
                    emit.await;
                }
            }
        });
        let mut emit = Box::pin(desk.emit_tick(1_u64));
        assert!(emit.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        *handed.lock().await = Some(emit);
        let first = desk.emit_tock(0_u64).send();
        settle().await;
        gate.add_permits(9);
        let receipt = tokio::time::timeout(Duration::from_hours(1), first.finished()).await.unwrap();
        assert!(receipt.is_ok());
        common::all_done(&bus).await;
    });
}
