//! The end of the past: `on_live` and `caught_up` say it once, behind the past and before what is
//! published later.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bus_core::store::StoreError;
use bus_core::testing::MemoryStore;
use bus_core::{AgentEvent, EventBus, EventStream, Overflow, Since};
use common::{Notes, ON_PURPOSE, watch};
use tokio::sync::oneshot;

#[derive(AgentEvent)]
enum Pages {
    #[event(sticky)]
    PageRead { number: u64 },
}

const LIVE: u64 = u64::MAX;

fn run(body: impl Future<Output = ()> + Send + 'static) {
    watch(None, move |_| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(body);
    });
}

/// A bus that remembers as many events, with a store or without one.
fn bus(store: Option<&Arc<MemoryStore>>, history: usize) -> EventBus {
    let builder = EventBus::builder().history(history);
    match store {
        Some(store) => builder.store(Arc::clone(store)).build().unwrap(),
        None => builder.build().unwrap(),
    }
}

/// A bus with a past of 700 events: in its history, or all but some in a store.
fn with_past() -> [EventBus; 3] {
    let store = || Arc::new(MemoryStore::new());
    [bus(None, 1_000), bus(Some(&store()), 1_000), bus(Some(&store()), 3)]
}

async fn read(bus: &EventBus, numbers: std::ops::Range<u64>) {
    for number in numbers {
        bus.stream("desk").emit_page_read(number).await;
    }
}

/// The numbers that came, with a mark where the past ended.
fn marked(past: u64, live: u64) -> Vec<u64> {
    (0..past).chain([LIVE]).chain(past..past + live).collect()
}

fn is_ready(future: impl Future) -> bool {
    pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

/// The numbers of the next events of a stream, with a mark where its past ended.
async fn take(stream: &mut EventStream<PageRead>, count: usize) -> Vec<u64> {
    let (mut seen, mut live, mut is_live) = (Vec::new(), pin!(stream.caught_up()), false);
    while seen.len() < count {
        tokio::select! {
            biased;
            () = &mut live, if !is_live => {
                is_live = true;
                seen.push(LIVE);
            }
            event = stream.recv() => seen.push(event.unwrap().number),
        }
    }
    seen
}

#[test]
fn a_stream_has_caught_up_behind_the_past() {
    for bus in with_past() {
        run(async move {
            read(&bus, 0..700).await;
            let mut pages = bus.subscribe::<PageRead>().since(Since::Beginning).into_stream();
            assert!(!pages.is_caught_up());
            assert_eq!(take(&mut pages, 701).await, marked(700, 0));
            assert!(pages.is_caught_up());
            read(&bus, 700..702).await;
            assert_eq!(pages.recv().await.unwrap().number, 700);
        });
    }
}

#[test]
fn what_is_published_meanwhile_comes_behind_the_mark_once() {
    for bus in with_past() {
        run(async move {
            read(&bus, 0..300).await;
            let flood = bus.clone();
            let publisher = std::thread::spawn(move || {
                for number in 300..3_000 {
                    flood.stream("desk").emit_page_read(number).send();
                }
            });
            let pages = bus.subscribe::<PageRead>().since(Since::Beginning).capacity(5_000);
            let mut pages = pages.into_stream().with_gaps();
            let (mut seen, mut live, mut is_live) = (Vec::new(), pin!(pages.caught_up()), false);
            while seen.len() < 3_000 || !is_live {
                tokio::select! {
                    biased;
                    () = &mut live, if !is_live => {
                        is_live = true;
                        assert!(seen.len() >= 300, "{}", seen.len());
                    }
                    // A gap is what a small history without a store has lost.
                    event = pages.recv() => match event.unwrap() {
                        Ok(event) => seen.push(event.number),
                        Err(gap) => seen.extend((0..gap.missed.unwrap()).map(|_| 0)),
                    }
                }
            }
            publisher.join().unwrap();
        });
    }
}

#[test]
fn handlers_hear_of_it_between_the_past_and_what_is_live() {
    for bus in with_past() {
        run(async move {
            read(&bus, 0..700).await;
            let notes: [Notes<u64>; 3] = Default::default();
            let (live, mut reached) = tokio::sync::mpsc::unbounded_channel();
            let pages = |at: usize| {
                let (notes, live) = (notes[at].clone(), live.clone());
                let pages = bus.subscribe::<PageRead>().since(Since::Beginning);
                pages.on_live(move || {
                    notes.add(LIVE);
                    live.send(at).unwrap();
                })
            };
            let [direct, waits, batched] = notes.clone();
            let _direct = pages(0).handle_sync(move |event| direct.add(event.number));
            let _waits = pages(1).with(waits).handle(async |notes, event| {
                tokio::task::yield_now().await;
                notes.add(event.number);
            });
            let _batched = pages(2).batch(100).with(batched).handle(async |notes, events| {
                tokio::task::yield_now().await;
                events.iter().for_each(|event| notes.add(event.number));
            });
            for _ in 0..3 {
                reached.recv().await.unwrap();
            }
            read(&bus, 700..705).await;
            bus.close(Duration::from_mins(1)).await;
            for notes in notes {
                assert_eq!(notes.all(), marked(700, 5));
            }
        });
    }
}

#[test]
fn a_batch_ends_where_the_past_ends() {
    run(async {
        let bus = bus(None, 100);
        read(&bus, 0..10).await;
        let notes = Notes::<u64>::default();
        let (live, seen) = (notes.clone(), notes.clone());
        let (begun, begins) = oneshot::channel();
        let (go, going) = oneshot::channel::<()>();
        let pages = bus.subscribe::<PageRead>().since(Since::Beginning).on_live(move || live.add(LIVE));
        let gates = Arc::new(std::sync::Mutex::new(Some((begun, going))));
        let _guard = pages.batch(4).with((seen, gates)).handle(async |(notes, gates), events| {
            let gates = gates.lock().unwrap().take();
            if let Some((begun, going)) = gates {
                begun.send(()).unwrap();
                going.await.unwrap();
            }
            events.iter().for_each(|event| notes.add(event.number));
        });
        begins.await.unwrap();
        // They are queued behind the past while its first batch is at work.
        for number in 10..13 {
            bus.stream("desk").emit_page_read(number).send();
        }
        go.send(()).unwrap();
        bus.close(Duration::from_mins(1)).await;
        assert_eq!(notes.all(), marked(10, 3));
    });
}

#[test]
fn a_subscription_without_a_past_is_live_at_once() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        for bus in [bus(None, 10), bus(Some(&store), 10)] {
            read(&bus, 0..3).await;
            let notes = Notes::<u64>::default();
            let reached = notes.clone();
            let _guard = bus.subscribe::<PageRead>().on_live(move || reached.add(LIVE)).handle_sync(|_| {});
            assert_eq!(notes.all(), [LIVE]);
            let pages = bus.subscribe::<PageRead>().overflow(Overflow::DropOldest).into_stream();
            assert!(pages.is_caught_up() && is_ready(pages.caught_up()));
            bus.close(Duration::ZERO).await;
            let closed = bus.subscribe::<PageRead>().since(Since::Beginning).into_stream();
            assert!(is_ready(closed.caught_up()), "the stream of a closed bus is at its end");
        }
    });
}

#[test]
fn an_empty_past_is_read_while_the_stream_waits() {
    for bus in with_past() {
        run(async move {
            let mut pages = bus.subscribe::<PageRead>().since(Since::Beginning).into_stream();
            assert_eq!(take(&mut pages, 1).await, [LIVE]);
            read(&bus, 0..1).await;
            assert_eq!(pages.recv().await.unwrap().number, 0);
            let latest = bus.subscribe::<PageRead>().with_latest();
            let mut latest = latest.into_stream();
            assert_eq!(take(&mut latest, 2).await, marked(1, 0));
        });
    }
}

#[test]
fn a_gap_at_the_end_of_the_past_comes_before_its_end() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(Some(&store), 0);
        read(&bus, 0..2).await;
        store.fail(Some(StoreError::Full));
        read(&bus, 2..4).await;
        let notes = Notes::<u64>::default();
        let (lagged, live) = (notes.clone(), notes.clone());
        let (tell, reached) = oneshot::channel();
        let pages = bus.subscribe::<PageRead>().since(Since::Beginning);
        let pages = pages.on_lag(move |gap| lagged.add(100 + gap.missed.unwrap())).on_live(move || {
            live.add(LIVE);
            tell.send(()).unwrap();
        });
        let seen = notes.clone();
        let _guard = pages.handle_sync(move |event| seen.add(event.number));
        reached.await.unwrap();
        assert_eq!(notes.all(), [0, 1, 102, LIVE]);
        let mut pages = bus.subscribe::<PageRead>().since(Since::Beginning).into_stream().with_gaps();
        for _ in 0..2 {
            assert!(pages.recv().await.unwrap().is_ok() && !pages.is_caught_up());
        }
        assert!(pages.recv().await.unwrap().is_err());
        // The reader has to look for more: it does not know that this was the last.
        assert!(pages.try_recv().is_none());
        let live = pages.caught_up();
        assert!(!is_ready(pin!(pages.recv())));
        live.await;
    });
}

#[test]
fn the_end_of_the_past_is_reported_once() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(Some(&store), 2);
        read(&bus, 0..20).await;
        let notes = Notes::<u64>::default();
        let (live, seen) = (notes.clone(), notes.clone());
        let pages = bus.subscribe::<PageRead>().since(Since::Beginning).capacity(4);
        let (tell, reached) = oneshot::channel();
        let pages = pages.overflow(Overflow::CatchUp).on_live(move || {
            live.add(LIVE);
            tell.send(()).unwrap();
        });
        let _guard = pages.with(seen).handle(async |notes, event| {
            tokio::task::yield_now().await;
            notes.add(event.number);
        });
        for number in 20..500 {
            // It leaves the live events many times.
            bus.stream("desk").emit_page_read(number).send();
        }
        bus.close(Duration::from_mins(1)).await;
        reached.await.unwrap();
        let all = notes.all();
        assert_eq!(all.iter().filter(|number| **number == LIVE).count(), 1);
        assert_eq!(
            all.into_iter().filter(|number| *number != LIVE).collect::<Vec<_>>(),
            (0..500).collect::<Vec<_>>()
        );
    });
}

#[test]
fn a_consumer_hears_of_it_when_it_has_handled_all_that_is_recorded() {
    run(async {
        let store = Arc::new(MemoryStore::new());
        let bus = bus(Some(&store), 2);
        read(&bus, 0..600).await;
        let notes = Notes::<u64>::default();
        let (live, seen) = (notes.clone(), notes.clone());
        let (tell, reached) = oneshot::channel();
        let pages = bus.subscribe::<PageRead>().consumer("reader").on_live(move || {
            live.add(LIVE);
            tell.send(()).unwrap();
        });
        let _guard = pages.with(seen).handle(async |notes, event| notes.add(event.number));
        reached.await.unwrap();
        read(&bus, 600..605).await;
        bus.close(Duration::from_mins(1)).await;
        assert_eq!(notes.all(), marked(600, 5));
    });
}

#[test]
fn nobody_waits_for_the_past_of_a_stream_that_has_ended() {
    run(async {
        let bus = bus(None, 10);
        read(&bus, 0..3).await;
        let pages = bus.subscribe::<PageRead>().since(Since::Beginning).into_stream();
        let (first, second) = (pages.caught_up(), pages.caught_up());
        let mut first = pin!(first);
        assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        // One that is dropped takes nothing from the other.
        assert!(!is_ready(second));
        let waiting = tokio::spawn(pages.caught_up());
        drop(pages);
        first.await;
        waiting.await.unwrap();
    });
}

#[test]
fn a_closure_that_panics_at_the_end_of_the_past_harms_nobody() {
    run(async {
        let bus = bus(None, 10);
        read(&bus, 0..1).await;
        let notes = Notes::<u64>::default();
        let (live, seen) = (notes.clone(), notes.clone());
        let pages = bus.subscribe::<PageRead>().since(Since::Beginning);
        let pages = pages.on_live(|| panic!("{ON_PURPOSE}")).on_live(move || live.add(LIVE));
        let _guard = pages.handle_sync(move |event| seen.add(event.number));
        read(&bus, 1..2).await;
        assert_eq!(notes.all(), [0, LIVE, 1]);
    });
}

#[test]
fn it_may_publish_and_subscribe_at_the_end_of_the_past() {
    run(async {
        let bus = bus(None, 10);
        read(&bus, 0..2).await;
        let notes = Notes::<u64>::default();
        let (own, seen) = (bus.clone(), notes.clone());
        let pages = bus.subscribe::<PageRead>().since(Since::Beginning).on_live(move || {
            own.stream("desk").emit_page_read(2).send();
            own.subscribe::<PageRead>().handle_sync(|_| {}).detach();
        });
        let _guard = pages.handle_sync(move |event| seen.add(event.number));
        bus.close(Duration::from_mins(1)).await;
        assert_eq!(notes.all(), [0, 1, 2]);
    });
}

#[test]
fn a_poll_of_a_stream_that_has_not_caught_up_is_pending() {
    run(async {
        let bus = bus(None, 10);
        read(&bus, 0..1).await;
        let mut pages = bus.subscribe::<PageRead>().since(Since::Beginning).into_stream();
        let mut live = pin!(pages.caught_up());
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(live.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(pages.try_recv().unwrap().number, 0);
        assert_eq!(live.as_mut().poll(&mut context), Poll::Ready(()));
    });
}
