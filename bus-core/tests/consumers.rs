//! Consumers: at least once, in order, from the store, with a position that outlives the process.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bus_core::store::{Archive, Entry, Page, PageQuery, Store, StoreError};
use bus_core::testing::MemoryStore;
use bus_core::{AgentEvent, BoxError, EventBus, EventId, Retry, Since, SubscribeError};
use common::{Notes, ON_PURPOSE, watch};

#[derive(AgentEvent)]
enum Orders {
    OrderPlaced { number: u64 },
    OrderRead { number: u64 },
}

fn run(body: impl Future<Output = ()> + Send + 'static) {
    watch(None, move |_| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(body);
    });
}

fn bus(store: &Arc<MemoryStore>) -> EventBus {
    EventBus::builder().store(Arc::clone(store)).history(4).build().unwrap()
}

async fn place(bus: &EventBus, numbers: std::ops::Range<u64>) {
    for number in numbers {
        bus.stream("desk").emit_order_placed(number).await;
    }
}

async fn close(bus: EventBus) {
    let report = bus.close(Duration::from_mins(1)).await;
    assert!(report.is_drained(), "{report}");
}

/// At once, so that no test waits.
fn at_once() -> Retry {
    Retry::new(Duration::ZERO, Duration::ZERO)
}

#[test]
fn a_consumer_goes_on_where_it_was() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let notes = Notes::<u64>::default();
        let consume = |bus: &EventBus| {
            let notes = notes.clone();
            bus.subscribe::<OrderPlaced>().consumer("warehouse").handle(move |event| {
                notes.add(event.number);
                async {}
            })
        };
        let first = bus(&store);
        place(&first, 0..600).await;
        let guard = consume(&first);
        place(&first, 600..700).await;
        close(first).await;
        drop(guard);
        let second = bus(&store);
        place(&second, 700..800).await;
        let _guard = consume(&second);
        place(&second, 800..900).await;
        close(second).await;
        assert_eq!(notes.all(), (0..900).collect::<Vec<_>>(), "in order, once, and none is missing");
    });
}

#[test]
fn what_fails_comes_again_before_what_is_behind_it() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store);
        let (notes, failures) = (Notes::<u64>::default(), Arc::new(AtomicU32::new(0)));
        let (done, mut handled) = tokio::sync::mpsc::unbounded_channel();
        let (seen, failed) = (notes.clone(), Arc::clone(&failures));
        let orders = bus.subscribe::<OrderPlaced>().consumer("warehouse").retry(at_once());
        let _guard = orders.handle(move |event| {
            let (seen, failed, done) = (seen.clone(), Arc::clone(&failed), done.clone());
            async move {
                if event.number % 7 == 3 && failed.fetch_add(1, Ordering::Relaxed) % 3 != 2 {
                    assert!(failed.load(Ordering::Relaxed) % 2 != 0, "{ON_PURPOSE}");
                    return Err(BoxError::from("the warehouse is closed"));
                }
                seen.add(event.number);
                Ok(done.send(())?)
            }
        });
        place(&bus, 0..100).await;
        for _ in 0..100 {
            handled.recv().await.unwrap();
        }
        close(bus).await;
        assert_eq!(notes.all(), (0..100).collect::<Vec<_>>());
        assert!(failures.load(Ordering::Relaxed) > 20);
    });
}

#[test]
fn an_event_that_never_succeeds_is_parked() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store);
        let notes = Notes::<u64>::default();
        let (done, mut handled) = tokio::sync::mpsc::unbounded_channel();
        let seen = notes.clone();
        let orders = bus.subscribe::<OrderPlaced>().consumer("warehouse").retry(at_once().then_park(3));
        let _guard = orders.handle(move |event| {
            let (seen, done) = (seen.clone(), done.clone());
            async move {
                if event.number == 2 {
                    return Err(BoxError::from("no such article"));
                }
                seen.add(event.number);
                Ok(done.send(())?)
            }
        });
        place(&bus, 0..5).await;
        for _ in 0..4 {
            handled.recv().await.unwrap();
        }
        close(bus).await;
        assert_eq!(notes.all(), [0, 1, 3, 4]);
        let parked = store.parked();
        assert_eq!(parked.len(), 1);
        let (name, event, reason) = &parked[0];
        assert_eq!((&**name, event.seq(), &**reason), ("warehouse", 3, "no such article"));
    });
}

#[test]
fn a_consumer_that_fails_does_not_hold_up_the_close() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let first = bus(&store);
        let (failed, mut fails) = tokio::sync::mpsc::unbounded_channel();
        let orders = first.subscribe::<OrderPlaced>().consumer("warehouse");
        let guard = orders.retry(Retry::new(Duration::from_hours(1), Duration::from_hours(1)));
        let guard = guard.with(failed).handle(async |failed, event| {
            let _ = failed.send(event.number);
            Err(BoxError::from("closed"))
        });
        place(&first, 0..3).await;
        assert_eq!(fails.recv().await, Some(0));
        let stats = first.stats();
        let own = stats.subscription("warehouse").unwrap();
        let progress = own.consumer.unwrap();
        let handled = progress.position.map_or(0, bus_core::EventId::seq);
        assert!(own.catches_up && own.lag == 3 && handled == 0, "{own:?}");
        let report = first.close(Duration::from_mins(1)).await;
        assert!(report.is_drained(), "{report}");
        drop((guard, first));
        let second = bus(&store);
        let notes = Notes::<u64>::default();
        let seen = notes.clone();
        let _guard = second.subscribe::<OrderPlaced>().consumer("warehouse").handle(move |event| {
            seen.add(event.number);
            async {}
        });
        close(second.clone()).await;
        let stats = second.stats();
        assert!(stats.subscriptions.is_empty(), "the close ends a consumer: {stats:?}");
        assert_eq!(notes.all(), [0, 1, 2], "nothing is behind the position that was not handled");
    });
}

#[test]
fn a_new_consumer_may_begin_with_what_comes() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store);
        place(&bus, 0..10).await;
        let notes = Notes::<u64>::default();
        let seen = notes.clone();
        let orders = bus.subscribe::<OrderPlaced>().first_time(Since::Now).consumer("warehouse");
        let _guard = orders.handle(move |event| {
            seen.add(event.number);
            async {}
        });
        place(&bus, 10..20).await;
        close(bus).await;
        assert_eq!(notes.all(), (10..20).collect::<Vec<_>>());
    });
}

#[test]
fn a_consumer_that_finds_nothing_of_its_kind_moves_on() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store);
        let _guard = bus.subscribe::<OrderRead>().consumer("reader").handle(async |_| {});
        place(&bus, 0..300).await;
        close(bus).await;
        let archive = bus_core::store::Store::archive(&*store).unwrap();
        assert_eq!(archive.position("reader").unwrap().map(bus_core::EventId::seq), Some(300));
    });
}

#[test]
fn no_emit_waits_for_a_consumer() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store);
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let orders = bus.subscribe::<OrderPlaced>().consumer("warehouse").timeout(None);
        let guard = orders.with(begun).handle(async |begun, event| {
            let _ = begun.send(event.number);
            std::future::pending::<()>().await;
        });
        place(&bus, 0..3).await;
        assert_eq!(begins.recv().await, Some(0));
        place(&bus, 3..5).await;
        drop(guard);
        let report = bus.close(Duration::ZERO).await;
        assert_eq!((report.left.len(), report.left[0].running), (1, 1), "{report}");
    });
}

/// A store whose pages cannot be read so many times, and that may refuse to park.
#[derive(Default)]
struct Flaky {
    inner: MemoryStore,
    bad_reads: AtomicU32,
    refuses: bool,
}

impl Store for Flaky {
    fn begin(&self, run: u64) -> Result<(), StoreError> {
        self.inner.begin(run)
    }

    fn write(&self, batch: &[Entry]) -> Result<(), StoreError> {
        self.inner.write(batch)
    }

    fn archive(&self) -> Option<&dyn Archive> {
        Some(self)
    }
}

impl Archive for Flaky {
    fn read(&self, query: &PageQuery) -> Result<Page, StoreError> {
        let less = |left: u32| left.checked_sub(1);
        match self.bad_reads.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less) {
            Ok(_) => Err(StoreError::failed("the disk does not answer")),
            Err(_) => self.inner.read(query),
        }
    }

    fn has_run(&self, run: u64) -> Result<bool, StoreError> {
        self.inner.has_run(run)
    }

    fn position(&self, consumer: &str) -> Result<Option<EventId>, StoreError> {
        self.inner.position(consumer)
    }

    fn set_position(&self, consumer: &str, position: EventId) -> Result<(), StoreError> {
        self.inner.set_position(consumer, position)
    }

    fn park(&self, consumer: &str, event: EventId, reason: &str) -> Result<(), StoreError> {
        if self.refuses { Err(StoreError::Full) } else { self.inner.park(consumer, event, reason) }
    }
}

#[test]
fn a_page_that_cannot_be_read_is_read_again() {
    run(async {
        let store = Arc::new(Flaky { bad_reads: AtomicU32::new(3), ..Flaky::default() });
        let bus = EventBus::builder().store(Arc::clone(&store)).history(4).build().unwrap();
        place(&bus, 0..20).await;
        let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
        let lags = Notes::<String>::default();
        let gaps = lags.clone();
        let orders = bus.subscribe::<OrderPlaced>().consumer("warehouse").retry(at_once());
        let orders = orders.on_lag(move |gap| gaps.add(gap.to_string())).with(sender);
        let _guard = orders.handle(async |sender, event| Ok(sender.send(event.number)?));
        for number in 0..20 {
            assert_eq!(seen.recv().await, Some(number));
        }
        assert!(lags.all().is_empty(), "{:?}", lags.all());
    });
}

#[test]
fn an_event_that_cannot_be_parked_is_tried_again_after_a_while() {
    run(async {
        let store = Arc::new(Flaky { refuses: true, ..Flaky::default() });
        let bus = EventBus::builder().store(Arc::clone(&store)).build().unwrap();
        place(&bus, 0..2).await;
        let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
        let slowly = Retry::new(Duration::from_hours(1), Duration::from_hours(1)).then_park(1);
        let orders = bus.subscribe::<OrderPlaced>().consumer("warehouse").retry(slowly).with(sender);
        let _guard = orders.handle(async |sender, event| {
            sender.send(event.number)?;
            Err(BoxError::from("no such article"))
        });
        assert_eq!(seen.recv().await, Some(0));
        // It waits for the attempt to park, and not for the next try.
        close(bus).await;
        assert!(seen.try_recv().is_err(), "it came again at once");
        assert!(store.inner.parked().is_empty());
        assert!(store.position("warehouse").unwrap().is_none_or(|position| position.seq() == 0));
    });
}

#[test]
fn what_cannot_be_a_consumer_is_refused() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store);
        let orders = || bus.subscribe::<OrderPlaced>().consumer("warehouse");
        let refused = orders().try_handle_sync(|_| {});
        assert!(matches!(refused, Err(SubscribeError::ConsumerHandler)));
        let refused = orders().concurrency(2).try_handle(async |_| {});
        assert!(matches!(refused, Err(SubscribeError::ConsumerHandler)));
        let refused = orders().since(Since::Beginning).try_handle(async |_| {});
        assert!(matches!(refused, Err(SubscribeError::ConsumerSince)));
        let no_timers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let entered = no_timers.enter();
        let refused = orders().try_handle(async |_| {});
        assert!(matches!(refused, Err(SubscribeError::NoTimers)));
        drop(entered);
        no_timers.shutdown_background();
        let guard = orders().handle(async |_| {});
        let refused = orders().try_handle(async |_| {});
        assert!(matches!(refused, Err(SubscribeError::ConsumerExists { name }) if name == "warehouse"));
        drop(guard);
        drop(orders().handle(async |_| {}));
    });
}

#[test]
fn a_consumer_sees_the_gap_of_a_store_that_failed() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store);
        let (notes, lags) = (Notes::<u64>::default(), Notes::<String>::default());
        let (seen, gaps) = (notes.clone(), lags.clone());
        let orders = bus.subscribe::<OrderPlaced>().consumer("warehouse").on_lag(move |gap| {
            gaps.add(format!("{:?} {} to {}", gap.cause, gap.from.seq(), gap.to.seq()));
        });
        let _guard = orders.handle(move |event| {
            seen.add(event.number);
            async {}
        });
        place(&bus, 0..2).await;
        store.fail(Some(StoreError::Full));
        place(&bus, 2..4).await;
        store.fail(None);
        place(&bus, 4..6).await;
        close(bus).await;
        assert_eq!(notes.all(), [0, 1, 4, 5]);
        assert!(!lags.all().is_empty() && lags.all().iter().all(|lag| lag.starts_with("NotRecorded")));
    });
}
