//! Recording: every event gets to the store in order, and whoever waits for that learns the truth.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;

use bus_core::catalogue::Descriptor;
use bus_core::store::{Entry, NotRecorded, Store, StoreError};
use bus_core::testing::MemoryStore;
use bus_core::{AgentEvent, BuildError, Event, EventBus, EventId};
use common::{Notes, block_on, log, poll_once, threaded, trial, watch};
use serde_json::json;

#[derive(AgentEvent)]
enum Orders {
    OrderPlaced { number: u64 },
    OrderRead { number: u64 },
}

/// A store whose writes wait until they are let through, one by one or all.
#[derive(Default)]
struct Gate {
    inner: MemoryStore,
    open: Mutex<Option<usize>>,
    changed: Condvar,
    begun: Mutex<Option<mpsc::Sender<usize>>>,
}

impl Gate {
    fn closed() -> (Arc<Self>, mpsc::Receiver<usize>) {
        let (begun, begins) = mpsc::channel();
        let gate = Self { open: Mutex::new(Some(0)), begun: Mutex::new(Some(begun)), ..Self::default() };
        (Arc::new(gate), begins)
    }

    fn open_for(&self, writes: usize) {
        if let Some(open) = self.open.lock().unwrap().as_mut() {
            *open += writes;
        }
        self.changed.notify_all();
    }

    fn open(&self) {
        *self.open.lock().unwrap() = None;
        self.changed.notify_all();
    }
}

impl Store for Gate {
    fn write(&self, batch: &[Entry]) -> Result<(), StoreError> {
        if let Some(begun) = &*self.begun.lock().unwrap() {
            let _ = begun.send(batch.len());
        }
        let mut open = self.changed.wait_while(self.open.lock().unwrap(), |open| *open == Some(0)).unwrap();
        if let Some(open) = open.as_mut() {
            *open -= 1;
        }
        drop(open);
        self.inner.write(batch)
    }

    fn end(&self) -> Result<(), StoreError> {
        self.inner.end()
    }
}

fn recording(store: &Arc<impl Store>) -> EventBus {
    EventBus::builder().store(Arc::clone(store)).build().unwrap()
}

fn numbers(store: &MemoryStore) -> Vec<u64> {
    store.events().iter().map(|event| event.payload::<OrderPlaced>().unwrap().number).collect()
}

#[test]
fn an_awaited_emit_knows_that_its_event_is_recorded() {
    let store = Arc::new(MemoryStore::new());
    let bus = recording(&store);
    let run = watched(&bus, &store);
    assert_eq!(store.runs(), [run]);
}

fn watched(bus: &EventBus, store: &Arc<MemoryStore>) -> u64 {
    let desk = bus.stream("desk");
    let (first, second) =
        block_on(async { (desk.emit_order_placed(1_u64).await, desk.emit_order_placed(2_u64).await) });
    let recorded: Vec<EventId> = store.events().iter().map(Event::id).collect();
    assert_eq!([first.recorded().unwrap(), second.recorded().unwrap()], recorded[..]);
    assert_eq!(recorded.iter().map(|id| id.seq()).collect::<Vec<_>>(), [1, 2]);
    let stats = bus.stats().store.unwrap();
    assert_eq!((stats.recorded, stats.not_recorded, stats.waiting, stats.waiting_bytes), (2, 0, 0, 0));
    recorded[0].run()
}

#[test]
fn recorded_waits_for_the_store_and_for_no_handler() {
    let (store, begins) = Gate::closed();
    let gate = Arc::clone(&store);
    trial().with(|bus| bus.store(gate)).run(async move |bus, _| {
        let handler = Arc::new(tokio::sync::Semaphore::new(0));
        let held = Arc::clone(&handler);
        let _guard = bus.subscribe::<OrderPlaced>().handle(move |_: Event<OrderPlaced>| {
            let held = Arc::clone(&held);
            async move { held.acquire().await.unwrap().forget() }
        });
        let sent = bus.stream("desk").emit_order_placed(1_u64).send();
        assert_eq!(sent.receipt().recorded(), Err(NotRecorded::Unknown));
        let id = sent.receipt().id().unwrap();
        begins.recv().unwrap();
        let recorded = tokio::spawn(sent.recorded());
        common::settle().await;
        assert!(!recorded.is_finished());
        store.open();
        assert_eq!(recorded.await.unwrap(), Ok(id));
        assert_eq!(bus.stats().subscriptions[0].counts.handled, 0);
        handler.add_permits(1);
        assert!(bus.close(Duration::from_secs(20)).await.is_drained());
    });
}

#[test]
fn an_awaited_emit_waits_for_its_handlers_and_for_the_store() {
    let (store, begins) = Gate::closed();
    let gate = Arc::clone(&store);
    trial().with(|bus| bus.store(gate)).run(async move |bus, _| {
        let handled = Notes::<u64>::new();
        let notes = handled.clone();
        let _guard = bus.subscribe::<OrderPlaced>().handle(move |order: Event<OrderPlaced>| {
            let notes = notes.clone();
            async move {
                tokio::task::yield_now().await;
                notes.add(order.number);
            }
        });
        let desk = bus.stream("desk");
        let waiting = tokio::spawn(async move { desk.emit_order_placed(7_u64).await });
        while begins.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
        common::settle().await;
        assert_eq!(handled.all(), [7]);
        assert!(!waiting.is_finished());
        store.open();
        let receipt = waiting.await.unwrap();
        assert_eq!((receipt.handled(), receipt.recorded()), (1, Ok(receipt.id().unwrap())));
    });
}

#[test]
fn a_handler_may_wait_for_the_store() {
    let store = Arc::new(MemoryStore::new());
    let shared = Arc::clone(&store);
    trial().with(|bus| bus.store(shared).max_concurrent_handlers(1)).run(async move |bus, _| {
        let _guard = bus.subscribe::<OrderPlaced>().handle({
            let bus = bus.clone();
            move |order: Event<OrderPlaced>| {
                let desk = bus.stream("desk");
                async move {
                    desk.emit_order_read(order.number).send().recorded().await?;
                    Ok::<(), bus_core::BoxError>(())
                }
            }
        });
        let receipt = bus.stream("desk").emit_order_placed(1_u64).await;
        assert_eq!((receipt.handled(), receipt.deferred()), (1, 0));
        let kinds: Vec<_> = store.events().iter().map(|event| event.kind().to_owned()).collect();
        assert_eq!(kinds, ["order_placed", "order_read"]);
    });
}

#[test]
fn events_that_come_during_a_write_share_the_next_one() {
    let (store, begins) = Gate::closed();
    let bus = recording(&store);
    watch(Some(&bus.clone()), move |_| {
        let desk = bus.stream("desk");
        let first = desk.emit_order_placed(0_u64).send();
        assert_eq!(begins.recv().unwrap(), 1);
        let others: Vec<_> = (1..=100).map(|number| desk.emit_order_placed(number).send()).collect();
        store.open_for(1);
        block_on(first.recorded()).unwrap();
        assert_eq!(begins.recv().unwrap(), 100);
        store.open();
        for sent in others {
            block_on(sent.recorded()).unwrap();
        }
        assert_eq!(numbers(&store.inner), (0..=100).collect::<Vec<_>>());
    });
}

#[test]
fn a_receipt_says_why_an_event_is_not_recorded() {
    let store = Arc::new(MemoryStore::new().leave_out("order_read").leave_out("vendor_read"));
    let bus = EventBus::builder().store(Arc::clone(&store)).history(0).build().unwrap();
    let desk = bus.stream("desk");
    let reason = |sent: bus_core::Sent| block_on(sent.recorded()).unwrap_err();
    assert_eq!(reason(desk.emit_order_read(1_u64).send()), NotRecorded::LeftOut);
    assert_eq!(reason(desk.emit_dynamic("vendor_read", json!({})).send()), NotRecorded::LeftOut);
    assert_eq!(reason(desk.emit_dynamic("vendor_read", json!({})).send()), NotRecorded::LeftOut);
    block_on(desk.emit_dynamic("vendor_placed", json!({})).send().recorded()).unwrap();
    assert_eq!(bus.stats().store.unwrap().left_out, 3);
    drop(bus.close(Duration::ZERO));
    assert_eq!(reason(desk.emit_order_placed(1_u64).send()), NotRecorded::Refused);
    let bus = EventBus::new();
    assert_eq!(reason(bus.stream("desk").emit_order_placed(1_u64).send()), NotRecorded::NoStore);
}

#[test]
fn a_store_that_fails_gets_the_gap_and_recording_goes_on() {
    log::collect();
    let store = Arc::new(MemoryStore::new());
    let bus = recording(&store);
    let desk = bus.stream("desk");
    let emit = |number: u64| block_on(desk.emit_order_placed(number)).recorded();
    assert!(emit(1).is_ok());
    store.fail(Some(StoreError::failed("the cable of shelf 9 is out")));
    let failed = NotRecorded::Failed("the cable of shelf 9 is out".into());
    let late = desk.emit_order_placed(2_u64).send();
    assert_eq!(emit(3), Err(failed.clone()));
    store.fail(Some(StoreError::Full));
    assert_eq!(emit(4), Err(NotRecorded::Full));
    store.fail(None);
    assert!(emit(5).is_ok());
    let entries = store.entries();
    let [Entry::Event(first), Entry::Gap(gap), Entry::Event(last)] = &entries[..] else {
        panic!("{entries:?}")
    };
    assert_eq!((first.seq(), last.seq()), (1, 5));
    assert_eq!((gap.from, gap.to, gap.events, &gap.cause), (2, 4, 3, &NotRecorded::Full));
    // A late question gets the answer of that time.
    assert_eq!(block_on(late.recorded()), Err(failed));
    let stats = bus.stats().store.unwrap();
    assert_eq!((stats.recorded, stats.not_recorded, stats.waiting), (2, 3, 0));
    assert!(!log::lines(&["events were not recorded", "ERROR"]).is_empty());
    assert_eq!(block_on(bus.close(Duration::ZERO)).not_recorded, 3);
}

#[test]
fn a_queue_that_is_full_loses_for_the_store_and_for_nobody_else() {
    let (store, begins) = Gate::closed();
    let bus = EventBus::builder().store(Arc::clone(&store)).store_queue_bytes(1).build().unwrap();
    watch(Some(&bus.clone()), move |_| {
        let seen = Notes::<u64>::new();
        let notes = seen.clone();
        let _guard = bus.subscribe::<OrderPlaced>().handle_sync(move |order| notes.add(order.number));
        let desk = bus.stream("desk");
        let written = desk.emit_order_placed(1_u64).send();
        begins.recv().unwrap();
        // One event fits, however small the queue.
        let waits = desk.emit_order_placed(2_u64).send();
        let lost = [3_u64, 4].map(|number| desk.emit_order_placed(number).send());
        for sent in &lost {
            assert_eq!(sent.receipt().recorded(), Err(NotRecorded::Full));
        }
        assert_eq!(seen.all(), [1, 2, 3, 4]);
        store.open();
        block_on(written.recorded()).unwrap();
        block_on(waits.recorded()).unwrap();
        block_on(desk.emit_order_placed(5_u64)).recorded().unwrap();
        let gaps: Vec<_> =
            store.inner.entries().iter().filter(|entry| entry.event().is_none()).cloned().collect();
        let [Entry::Gap(gap)] = &gaps[..] else { panic!("{gaps:?}") };
        assert_eq!((gap.from, gap.to, gap.events), (3, 4, 2));
        assert_eq!(numbers(&store.inner), [1, 2, 5]);
        drop(lost);
    });
}

#[test]
fn close_waits_for_the_store_and_reports_what_it_has_not() {
    let (store, begins) = Gate::closed();
    let gate = Arc::clone(&store);
    trial().with(|bus| bus.store(gate)).run(async move |bus, _| {
        let desk = bus.stream("desk");
        drop(desk.emit_order_placed(1_u64).send());
        begins.recv().unwrap();
        drop(desk.emit_order_placed(2_u64).send());
        assert_eq!(bus.close(Duration::ZERO).await.not_recorded, 2);
        store.open();
        let report = bus.close(Duration::from_secs(20)).await;
        assert_eq!((report.is_drained(), report.not_recorded), (true, 0));
        assert_eq!(report.to_string(), "drained");
        assert_eq!(numbers(&store.inner), [1, 2]);
        assert!(store.inner.is_ended());
    });
}

#[test]
fn a_bus_that_is_dropped_records_what_waits_and_its_end() {
    let store = Arc::new(MemoryStore::new());
    watch(None, move |_| {
        let bus = recording(&store);
        let desk = bus.stream("desk");
        (1..=1_000_u64).for_each(|number| drop(desk.emit_order_placed(number).send()));
        drop((bus, desk));
        while !store.is_ended() {
            std::thread::yield_now();
        }
        assert_eq!(numbers(&store), (1..=1_000).collect::<Vec<_>>());
    });
}

#[test]
fn events_of_many_threads_are_recorded_in_the_order_of_their_positions() {
    let store = Arc::new(MemoryStore::new());
    let shared = Arc::clone(&store);
    threaded(2).with(|bus| bus.store(shared)).run(async move |bus, _| {
        let emits = (0..8).map(|_| {
            let desk = bus.stream("desk");
            tokio::spawn(async move {
                for number in 0..200_u64 {
                    assert!(desk.emit_order_placed(number).await.recorded().is_ok());
                }
            })
        });
        for emit in emits.collect::<Vec<_>>() {
            emit.await.unwrap();
        }
        let seqs: Vec<_> = store.events().iter().map(Event::seq).collect();
        assert_eq!(seqs, (1..=1_600).collect::<Vec<_>>());
    });
}

struct Nobody;

impl std::task::Wake for Nobody {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn who_waits_no_longer_is_forgotten() {
    let (store, begins) = Gate::closed();
    let bus = recording(&store);
    watch(Some(&bus.clone()), move |_| {
        let desk = bus.stream("desk");
        let mut sent = desk.emit_order_placed(1_u64).send().recorded();
        begins.recv().unwrap();
        let waker = Arc::new(Nobody);
        let mut context = Context::from_waker(Waker::noop());
        let own = Waker::from(Arc::clone(&waker));
        assert!(Pin::new(&mut sent).poll(&mut Context::from_waker(&own)).is_pending());
        assert!(Pin::new(&mut sent).poll(&mut context).is_pending());
        assert!(Pin::new(&mut sent).poll(&mut Context::from_waker(&own)).is_pending());
        assert_eq!(Arc::strong_count(&waker), 3, "one here, one in the waker, one in the bus");
        drop(sent);
        assert_eq!(Arc::strong_count(&waker), 2);
        assert!(poll_once(desk.emit_order_placed(2_u64)).is_pending());
        store.open();
        block_on(desk.emit_order_placed(3_u64)).recorded().unwrap();
        assert_eq!(numbers(&store.inner), [1, 2, 3]);
    });
}

struct Broken;

impl Store for Broken {
    fn keeps(&self, kind: &str, _: Option<&'static Descriptor>) -> bool {
        assert!(kind != "order_read", "on purpose");
        true
    }

    fn write(&self, _: &[Entry]) -> Result<(), StoreError> {
        panic!("on purpose")
    }
}

#[test]
fn a_store_that_panics_harms_nobody() {
    watch(None, |_| {
        let bus = recording(&Arc::new(Broken));
        let desk = bus.stream("desk");
        let failed = Err(NotRecorded::Failed("it panicked: on purpose".into()));
        assert_eq!(block_on(desk.emit_order_read(1_u64)).recorded(), failed);
        assert_eq!(block_on(desk.emit_order_placed(1_u64)).recorded(), failed);
    });
}

struct Refuses;

impl Store for Refuses {
    fn begin(&self, _: u64) -> Result<(), StoreError> {
        Err(StoreError::failed("run.db is in use by process 17"))
    }

    fn write(&self, _: &[Entry]) -> Result<(), StoreError> {
        Ok(())
    }
}

#[test]
fn a_store_that_cannot_begin_is_an_error_of_the_builder() {
    let error = EventBus::builder().store(Refuses).build().unwrap_err();
    assert_eq!(error, BuildError::Store(StoreError::failed("run.db is in use by process 17")));
    assert_eq!(error.to_string(), "the store cannot begin a run: run.db is in use by process 17");
}
