//! `.recorded_only()`: an event comes after its commit, and never without one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bus_core::store::{Archive, Entry, Store, StoreError};
use bus_core::testing::MemoryStore;
use bus_core::{AgentEvent, EventBus, LagCause, Since, SubscribeError};
use common::{Notes, watch};

#[derive(AgentEvent)]
enum Payments {
    #[event(sticky)]
    PaymentSent { number: u64 },
    #[event(transient)]
    PageScrolled { number: u64 },
}

fn run(body: impl Future<Output = ()> + Send + 'static) {
    watch(None, move |_| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(body);
    });
}

fn bus(store: &Arc<MemoryStore>) -> EventBus {
    EventBus::builder().store(Arc::clone(store)).history(10).build().unwrap()
}

fn pay(bus: &EventBus, numbers: std::ops::Range<u64>) {
    for number in numbers {
        bus.stream("desk").emit_payment_sent(number).send();
    }
}

/// A store whose writes wait for permission.
struct Held {
    inner: MemoryStore,
    allowed: Mutex<std::sync::mpsc::Receiver<()>>,
}

impl Store for Held {
    fn begin(&self, run: u64) -> Result<(), StoreError> {
        self.inner.begin(run)
    }

    fn write(&self, batch: &[Entry]) -> Result<(), StoreError> {
        self.allowed.lock().unwrap().recv().map_err(StoreError::failed)?;
        self.inner.write(batch)
    }

    fn archive(&self) -> Option<&dyn Archive> {
        self.inner.archive()
    }
}

#[test]
fn an_event_comes_after_its_commit() {
    run(async {
        let (allow, allowed) = std::sync::mpsc::channel();
        let store = Arc::new(Held { inner: MemoryStore::new(), allowed: Mutex::new(allowed) });
        let bus = EventBus::builder().store(Arc::clone(&store)).build().unwrap();
        let kept = Arc::clone(&store);
        let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
        let _guard = bus.subscribe::<PaymentSent>().recorded_only().handle_sync(move |event| {
            let is_recorded = kept.inner.events().iter().any(|known| known.id() == event.id());
            sender.send((event.number, is_recorded)).unwrap();
        });
        let mut payments = bus.subscribe::<PaymentSent>().recorded_only().into_stream();
        let mut live = bus.subscribe::<PaymentSent>().into_stream();
        pay(&bus, 0..1);
        assert_eq!(live.recv().await.unwrap().number, 0, "others need no store");
        assert!(payments.try_recv().is_none() && seen.try_recv().is_err());
        allow.send(()).unwrap();
        assert_eq!(payments.recv().await.unwrap().number, 0);
        assert_eq!(seen.recv().await.unwrap(), (0, true));
        drop(allow);
    });
}

#[test]
fn an_event_that_is_not_recorded_is_a_gap() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store);
        let mut payments = bus.subscribe::<PaymentSent>().recorded_only().into_stream().with_gaps();
        let notes = Notes::<u64>::default();
        let (lagged, handled) = (notes.clone(), notes.clone());
        let _guard = bus
            .subscribe::<PaymentSent>()
            .recorded_only()
            .on_lag(move |gap| lagged.add(100 + gap.missed.unwrap()))
            .with(handled)
            .handle(async |notes, event| notes.add(event.number));
        bus.stream("desk").emit_payment_sent(0).await;
        assert_eq!(payments.recv().await.unwrap().unwrap().number, 0);
        store.fail(Some(StoreError::Full));
        bus.stream("desk").emit_payment_sent(1).await;
        store.fail(None);
        bus.stream("desk").emit_payment_sent(2).await;
        let gap = payments.recv().await.unwrap().unwrap_err();
        assert_eq!((gap.cause, gap.missed, gap.from.seq()), (LagCause::NotRecorded, Some(1), 2));
        assert_eq!(payments.recv().await.unwrap().unwrap().number, 2);
        let report = bus.close(Duration::from_mins(1)).await;
        assert!(report.is_drained(), "{report}");
        assert_eq!(notes.all(), [0, 101, 2]);
    });
}

#[test]
fn everything_that_is_recorded_comes_once_and_in_order() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let first = bus(&store);
        pay(&first, 0..300);
        first.close(Duration::from_mins(1)).await;
        let bus = bus(&store);
        let notes: [Notes<u64>; 2] = Default::default();
        let all = || bus.subscribe::<PaymentSent>().recorded_only().since(Since::Beginning);
        let _single = all().with(notes[0].clone()).handle(async |notes, event| notes.add(event.number));
        let _batch = all().batch(50).with(notes[1].clone()).handle(async |notes, events| {
            tokio::task::yield_now().await;
            events.iter().for_each(|event| notes.add(event.number));
        });
        let mut payments = all().into_stream().with_gaps();
        let read = tokio::spawn(async move {
            let mut seen = Vec::new();
            while let Some(event) = payments.recv().await {
                seen.push(event.unwrap().number);
            }
            seen
        });
        let flood = bus.clone();
        tokio::task::spawn_blocking(move || pay(&flood, 300..3_000)).await.unwrap();
        let report = bus.close(Duration::from_mins(1)).await;
        assert!(report.is_drained(), "{report}");
        let expected: Vec<_> = (0..3_000).collect();
        assert_eq!(read.await.unwrap(), expected, "the stream of a closed bus ends behind the last one");
        assert_eq!(notes.map(|notes| notes.all()), [expected.clone(), expected]);
    });
}

#[test]
fn a_wait_takes_the_first_recorded_one() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store);
        let wait = bus.subscribe::<PaymentSent>().recorded_only().first();
        store.fail(Some(StoreError::Full));
        bus.stream("desk").emit_payment_sent(0).await;
        store.fail(None);
        pay(&bus, 1..3);
        assert_eq!(wait.await.unwrap().number, 1);
    });
}

#[test]
fn an_idle_handler_holds_up_no_close() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store);
        let _guard = bus.subscribe::<PaymentSent>().recorded_only().handle_sync(|_| {});
        let report = bus.close(Duration::from_mins(1)).await;
        assert!(report.is_drained(), "{report}");
    });
}

#[test]
fn it_needs_a_store_that_has_its_events() {
    run(async {
        let bus = EventBus::new();
        let refused = bus.subscribe::<PaymentSent>().recorded_only().try_handle_sync(|_| {});
        assert!(matches!(refused, Err(SubscribeError::NoArchive)));
        let store = Arc::new(MemoryStore::new().leave_out("page_scrolled"));
        let bus = self::bus(&store);
        let refused = bus.subscribe::<PageScrolled>().recorded_only().try_handle_sync(|_| {});
        assert!(matches!(refused, Err(SubscribeError::LeftOut { kind }) if kind == "page_scrolled"));
        let refused = bus.subscribe::<PaymentSent>().recorded_only().with_latest().try_handle_sync(|_| {});
        assert!(matches!(refused, Err(SubscribeError::RecordedLatest)));
        let mut all = bus.subscribe_any().recorded_only().into_stream().with_gaps();
        bus.stream("desk").emit_page_scrolled(0).send();
        pay(&bus, 1..2);
        assert_eq!(all.recv().await.unwrap().unwrap().kind(), "payment_sent");
    });
}
