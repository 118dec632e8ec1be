//! Reading the past from the store: from the beginning of the log, behind any cursor, and when a
//! queue is full, without a gap and nothing twice.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bus_core::store::{Store, StoreError};
use bus_core::testing::MemoryStore;
use bus_core::{AgentEvent, EventBus, LagCause, Overflow, Since, SubscribeError};
use common::{Notes, watch};

#[derive(AgentEvent)]
#[expect(clippy::enum_variant_names, reason = "the names of events in this file")]
enum Pages {
    PageRead {
        number: u64,
    },
    #[event(sticky)]
    PageOpened {
        number: u64,
    },
    #[event(transient)]
    PageScrolled {
        number: u64,
    },
    PageSigned {
        #[event(redact)]
        name: String,
    },
}

/// Runs a test on a runtime of two threads, under the watchdog.
fn run(body: impl Future<Output = ()> + Send + 'static) {
    watch(None, move |_| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(body);
    });
}

/// A bus that records, and that remembers as many events as said.
fn bus(store: &Arc<MemoryStore>, history: usize) -> EventBus {
    EventBus::builder().store(Arc::clone(store)).history(history).transient_history(history).build().unwrap()
}

async fn read(bus: &EventBus, numbers: std::ops::Range<u64>) {
    for number in numbers {
        bus.stream("desk").emit_page_read(number).await;
    }
}

#[test]
fn the_beginning_is_that_of_the_log() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let first = bus(&store, 10);
        read(&first, 0..700).await;
        let cursor = first.history().collect()[0].cursor();
        first.close(Duration::from_secs(10)).await;
        drop(first);
        let second = bus(&store, 10);
        read(&second, 700..1_000).await;
        let mut all = second.subscribe::<PageRead>().since(Since::Beginning).into_stream().with_gaps();
        for number in 0..1_000 {
            let event = all.recv().await.unwrap().unwrap();
            assert_eq!(event.number, number);
        }
        let mut rest = second.subscribe::<PageRead>().since(cursor).into_stream();
        assert_eq!(rest.recv().await.unwrap().number, 700);
        read(&second, 1_000..1_001).await;
        assert_eq!(all.recv().await.unwrap().unwrap().number, 1_000);
        drop(second);
        assert!(all.recv().await.is_none());
    });
}

#[test]
fn a_reader_misses_nothing_and_gets_nothing_twice_while_others_publish() {
    for history in [0, 1, 3, 100] {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store, history);
        run(async move {
            let flood = bus.clone();
            let publisher = std::thread::spawn(move || {
                for number in 0..5_000 {
                    flood.stream("desk").emit_page_read(number).send();
                }
            });
            let mut readers = Vec::new();
            for _ in 0..4 {
                let mut all = bus
                    .subscribe::<PageRead>()
                    .since(Since::Beginning)
                    .capacity(5_000)
                    .into_stream()
                    .with_gaps();
                readers.push(tokio::spawn(async move {
                    for number in 0..5_000 {
                        assert_eq!(all.recv().await.unwrap().unwrap().number, number);
                    }
                }));
            }
            for reader in readers {
                reader.await.unwrap();
            }
            publisher.join().unwrap();
        });
    }
}

#[test]
fn handlers_read_the_log_too() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store, 4);
        read(&bus, 0..600).await;
        let (notes, own) = (Notes::<u64>::default(), Notes::<u64>::default());
        let (seen, kept) = (notes.clone(), own.clone());
        let _sync = bus
            .subscribe::<PageRead>()
            .since(Since::Beginning)
            .handle_sync(move |event| seen.add(event.number));
        let _async = bus.subscribe::<PageRead>().since(Since::Beginning).handle(move |event| {
            let kept = kept.clone();
            async move {
                tokio::task::yield_now().await;
                kept.add(event.number);
            }
        });
        read(&bus, 600..700).await;
        bus.close(Duration::from_secs(20)).await;
        let all: Vec<_> = (0..700).collect();
        assert_eq!(notes.all(), all);
        assert_eq!(own.all(), all);
    });
}

#[test]
fn what_does_not_fit_is_read_back() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store, 2);
        let mut all =
            bus.subscribe::<PageRead>().capacity(8).overflow(Overflow::CatchUp).into_stream().with_gaps();
        let notes = Notes::<u64>::default();
        let seen = notes.clone();
        let _slow =
            bus.subscribe::<PageRead>().capacity(4).overflow(Overflow::CatchUp).handle(move |event| {
                let seen = seen.clone();
                async move {
                    tokio::task::yield_now().await;
                    seen.add(event.number);
                }
            });
        for number in 0..1_000 {
            bus.stream("desk").emit_page_read(number).send();
        }
        for number in 0..1_000 {
            assert_eq!(all.recv().await.unwrap().unwrap().number, number);
        }
        for number in 1_000..2_000 {
            bus.stream("desk").emit_page_read(number).send();
        }
        for number in 1_000..2_000 {
            assert_eq!(all.recv().await.unwrap().unwrap().number, number);
        }
        let report = bus.close(Duration::from_secs(20)).await;
        assert!(report.is_drained(), "{report}");
        assert_eq!(notes.all(), (0..2_000).collect::<Vec<_>>());
        let stats = bus.stats();
        assert!(stats.subscriptions.iter().all(|own| own.counts.overflowed == 0), "{stats:?}");
    });
}

#[test]
fn the_latest_value_comes_first_for_one_that_can_read_back() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store, 2);
        for number in 0..3 {
            bus.stream("desk").emit_page_opened(number).await;
        }
        let pages = bus.subscribe::<PageOpened>().with_latest().capacity(2).overflow(Overflow::CatchUp);
        let mut pages = pages.into_stream();
        for number in 3..50 {
            bus.stream("desk").emit_page_opened(number).send();
        }
        for number in 2..50 {
            assert_eq!(pages.recv().await.unwrap().number, number);
        }
    });
}

#[test]
fn a_gap_of_the_store_is_a_gap_of_the_reader() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store, 1);
        read(&bus, 0..3).await;
        store.fail(Some(StoreError::Full));
        read(&bus, 3..5).await;
        let mut all = bus.subscribe::<PageRead>().since(Since::Beginning).into_stream().with_gaps();
        for number in 0..3 {
            assert_eq!(all.recv().await.unwrap().unwrap().number, number);
        }
        let gap = all.recv().await.unwrap().unwrap_err();
        assert_eq!((gap.cause, gap.from.seq(), gap.to.seq()), (LagCause::NotRecorded, 4, 4));
        // The last one is in history.
        store.fail(None);
        read(&bus, 5..8).await;
        let mut rest = bus.subscribe::<PageRead>().since(Since::Beginning).into_stream().with_gaps();
        for number in 0..3 {
            assert_eq!(rest.recv().await.unwrap().unwrap().number, number);
        }
        let gap = rest.recv().await.unwrap().unwrap_err();
        assert_eq!(
            (gap.cause, gap.missed, gap.from.seq(), gap.to.seq()),
            (LagCause::NotRecorded, Some(2), 4, 5)
        );
        assert_eq!(rest.recv().await.unwrap().unwrap().number, 5);
    });
}

#[test]
fn a_kind_that_the_store_leaves_out_is_reported() {
    run(async {
        let store = Arc::new(MemoryStore::new().leave_out("page_scrolled"));
        let bus = bus(&store, 1);
        read(&bus, 0..3).await;
        bus.stream("desk").emit_page_scrolled(0).await;
        bus.stream("desk").emit_page_scrolled(1).await;
        read(&bus, 3..6).await;
        let both = bus.subscribe::<(PageRead, PageScrolled)>();
        let mut both = both.since(Since::Beginning).into_stream().with_gaps();
        let gap = both.recv().await.unwrap().unwrap_err();
        assert_eq!(gap.cause, LagCause::NotRecorded);
        bus.close(Duration::ZERO).await;
        let mut kinds = Vec::new();
        while let Some(next) = both.recv().await {
            kinds.push(next.unwrap().kind().to_owned());
        }
        assert!(kinds.iter().filter(|kind| *kind == "page_read").count() == 6, "{kinds:?}");
        let refused = bus.subscribe::<PageScrolled>().overflow(Overflow::CatchUp).try_handle_sync(|_| {});
        assert!(matches!(refused, Err(SubscribeError::LeftOut { kind }) if kind == "page_scrolled"));
    });
}

#[test]
fn a_reader_whose_bus_is_dropped_on_the_way_sees_that_the_rest_is_missing() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store, 1);
        read(&bus, 0..1_000).await;
        let mut all = bus.subscribe::<PageRead>().since(Since::Beginning).into_stream().with_gaps();
        assert_eq!(all.recv().await.unwrap().unwrap().number, 0);
        drop(bus);
        let (mut next, mut gap) = (1, None);
        while let Some(item) = all.recv().await {
            match item {
                Ok(event) => {
                    assert_eq!((event.number, gap), (next, None));
                    next += 1;
                }
                Err(lagged) => gap = Some(lagged),
            }
        }
        // A worker that reads a page keeps the bus meanwhile, and may read all.
        let rest = gap.map(|gap| (gap.from.seq(), gap.to.seq()));
        assert_eq!(rest, (next < 1_000).then_some((next + 1, 1_000)));
    });
}

#[test]
fn a_recorded_event_that_does_not_fit_its_type_is_a_gap() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store, 1);
        read(&bus, 0..2).await;
        bus.stream("desk").emit_dynamic("page_read", serde_json::json!({ "number": "two" })).await;
        read(&bus, 3..5).await;
        let mut all = bus.subscribe::<PageRead>().since(Since::Beginning).into_stream().with_gaps();
        let mut seen = Vec::new();
        for _ in 0..5 {
            let item = all.recv().await.unwrap();
            seen.push(item.map(|event| event.number).map_err(|gap| (gap.cause, gap.from.seq(), gap.missed)));
        }
        let gap = Err((LagCause::Undecodable, 3, Some(1)));
        assert_eq!(seen, [Ok(0), Ok(1), gap, Ok(3), Ok(4)]);
    });
}

#[test]
fn redacted_events_have_to_be_accepted() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(&store, 1);
        bus.stream("desk").emit_page_signed("Ada").await;
        read(&bus, 0..1).await;
        let refused = bus.subscribe::<PageSigned>().since(Since::Beginning).try_handle_sync(|_| {});
        assert!(matches!(refused, Err(SubscribeError::Redacted { kind }) if kind == "page_signed"));
        let signed = bus.subscribe::<PageSigned>().since(Since::Beginning).accept_redacted();
        let mut signed = signed.into_stream();
        let past = signed.recv().await.unwrap();
        assert!(past.is_archived() && past.name == "[redacted]");
        // The next one is in history, or live.
        bus.stream("desk").emit_page_signed("Ada").await;
        let live = signed.recv().await.unwrap();
        assert!(!live.is_archived() && live.name == "Ada");
    });
}

/// A store that cannot be read.
struct WriteOnly;

impl Store for WriteOnly {
    fn write(&self, _: &[bus_core::store::Entry]) -> Result<(), StoreError> {
        Ok(())
    }
}

#[test]
fn without_a_store_there_is_nothing_to_read_back() {
    run(async {
        let bus = EventBus::new();
        let refused = bus.subscribe::<PageRead>().overflow(Overflow::CatchUp).try_handle_sync(|_| {});
        assert!(matches!(refused, Err(SubscribeError::NoArchive)));
        let bus = EventBus::builder().store(WriteOnly).build().unwrap();
        let refused = bus.subscribe::<PageRead>().consumer("c").try_handle(async |_| {});
        assert!(matches!(refused, Err(SubscribeError::NoArchive)));
    });
}
