//! Rings of handlers that wait for each other: each ring is found, and the deliveries in it are
//! deferred, at any limit.
//!
//! Each test runs in a child with a watchdog that prints its steps.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use bus_core::{AgentEvent, Event, EventBus, Receipt};
use common::{Notes, all_done, settle, trial};
use tokio::sync::Semaphore;

#[derive(AgentEvent)]
enum Ring {
    A { n: u64 },
    B { n: u64 },
    C { n: u64 },
}

/// Doors at which handlers block until the test opens them.
#[derive(Clone)]
struct Doors(Arc<Vec<Semaphore>>);

impl Doors {
    fn new() -> Self {
        Self(Arc::new((0..8).map(|_| Semaphore::new(0)).collect()))
    }

    async fn pass(&self, door: usize) {
        self.0[door].acquire().await.unwrap().forget();
    }

    /// Opens a door, and waits until every handler behind it is blocked again.
    async fn open(&self, door: usize) {
        self.0[door].add_permits(1);
        settle().await;
    }
}

fn sum(receipt: &Receipt) -> (usize, usize, usize) {
    (receipt.reached(), receipt.handled(), receipt.deferred())
}

#[test]
fn a_handler_that_emits_to_itself_is_deferred() {
    trial().apart().paused().run(async |bus, _| {
        let (inner, receipts) = (bus.stream("desk"), Notes::<(usize, usize, usize)>::new());
        let notes = receipts.clone();
        let _guard = bus.subscribe::<A>().handle(move |event: Event<A>| {
            let (inner, notes) = (inner.clone(), notes.clone());
            async move {
                if event.n > 0 {
                    notes.add(sum(&inner.emit_a(event.n - 1).await));
                }
            }
        });
        assert!(bus.stream("desk").emit_a(5_u64).await.is_ok());
        all_done(&bus).await;
        assert_eq!(receipts.all(), [(1, 0, 1); 5]);
    });
}

/// Unrelated handlers beside those of a ring: they get every event of it.
fn mates(bus: &EventBus) {
    for _ in 0..3 {
        bus.subscribe::<A>().handle_sync(|_| {}).detach();
        bus.subscribe::<B>().handle_sync(|_| {}).detach();
        bus.subscribe::<A>().handle(async |_: Event<A>| {}).detach();
        bus.subscribe::<B>().handle(async |_: Event<B>| tokio::task::yield_now().await).detach();
        bus.subscribe::<Ring>().handle(async |_: Event<Ring>| {}).detach();
    }
}

/// Every delivery is done, and only those that had to come after the handler itself were deferred.
#[test]
fn rings_among_unrelated_handlers_are_found_at_any_limit() {
    for limit in [1, 2, 10] {
        for waits in [false, true] {
            trial().apart().paused().with(|bus| bus.max_concurrent_handlers(limit)).run(
                async move |bus, steps| {
                    steps.at(format!("limit {limit}, waits {waits}"));
                    mates(&bus);
                    let (outer, receipts) = (bus.clone(), Notes::<(usize, usize, usize)>::new());
                    let notes = receipts.clone();
                    let _ring = bus.subscribe::<(A, B)>().handle(move |event: Event<(A, B)>| {
                        let (bus, notes) = (outer.clone(), notes.clone());
                        async move {
                            let hops = event.payload::<A>().map_or(0, |a| a.n)
                                + event.payload::<B>().map_or(0, |b| b.n);
                            if waits {
                                tokio::task::yield_now().await;
                            }
                            if hops > 0 && hops.is_multiple_of(2) {
                                notes.add(sum(&bus.stream("desk").emit_a(hops - 1).await));
                            } else if hops > 0 {
                                notes.add(sum(&bus.stream("desk").emit_b(hops - 1).await));
                            }
                        }
                    });
                    mates(&bus);
                    assert!(bus.stream("desk").emit_a(6_u64).await.is_ok());
                    all_done(&bus).await;
                    assert_eq!(receipts.all().len(), 6);
                    for (reached, handled, deferred) in receipts.all() {
                        assert!(handled + deferred == reached && deferred > 0, "{:?}", receipts.all());
                    }
                    let stats = bus.stats();
                    assert_eq!((stats.published["a"], stats.published["b"]), (4, 3));
                },
            );
        }
    }
}

#[test]
fn two_handlers_that_emit_to_each_other_are_found_at_any_limit() {
    for limit in [1, 2, 10] {
        trial().apart().paused().with(|bus| bus.max_concurrent_handlers(limit)).run(
            async move |bus, steps| {
                steps.at(format!("limit {limit}"));
                let (to_b, to_a) = (bus.stream("desk"), bus.stream("desk"));
                let _a = bus.subscribe::<A>().handle(move |event: Event<A>| {
                    let to_b = to_b.clone();
                    async move {
                        if event.n > 0 {
                            to_b.emit_b(event.n - 1).await;
                        }
                    }
                });
                let _b = bus.subscribe::<B>().handle(move |event: Event<B>| {
                    let to_a = to_a.clone();
                    async move {
                        if event.n > 0 {
                            to_a.emit_a(event.n - 1).await;
                        }
                    }
                });
                assert!(bus.stream("desk").emit_a(20_u64).await.is_ok());
                all_done(&bus).await;
                assert_eq!(bus.stats().published_total, 21);
            },
        );
    }
}

#[test]
fn a_ring_made_by_unrelated_publishes_is_found() {
    trial().apart().paused().run(async |bus, _| {
        let (doors, receipts) = (Doors::new(), Notes::<(usize, usize, usize)>::new());
        let (desk, inner, notes) = (bus.stream("desk"), doors.clone(), receipts.clone());
        let _a = bus.subscribe::<A>().handle(move |event: Event<A>| {
            let (desk, doors, notes) = (desk.clone(), inner.clone(), notes.clone());
            async move {
                if event.n == 0 {
                    doors.pass(0).await;
                    notes.add(sum(&desk.emit_b(1_u64).await));
                }
            }
        });
        let (desk, inner, notes) = (bus.stream("desk"), doors.clone(), receipts.clone());
        let _b = bus.subscribe::<B>().handle(move |event: Event<B>| {
            let (desk, doors, notes) = (desk.clone(), inner.clone(), notes.clone());
            async move {
                if event.n == 0 {
                    doors.pass(1).await;
                    notes.add(sum(&desk.emit_a(1_u64).await));
                }
            }
        });
        let (a, b) = (bus.stream("one").emit_a(0_u64).send(), bus.stream("two").emit_b(0_u64).send());
        doors.open(0).await;
        doors.open(1).await;
        all_done(&bus).await;
        assert!(a.finished().await.is_ok() && b.finished().await.is_ok());
        // The handler that closed the ring goes on; the other's event is handled then, and waited
        // for.
        assert_eq!(receipts.all(), [(1, 0, 1), (1, 1, 0)]);
    });
}

/// Two events at once in A, one in B, which waits for an A that only runs when one of the two is
/// done.
fn concurrent_ring(bus: &EventBus, doors: &Doors, last: impl Fn(EventBus) -> Last + Send + Sync + 'static) {
    let (inner, outer) = (doors.clone(), bus.clone());
    let last = Arc::new(last);
    bus.subscribe::<A>()
        .concurrency(2)
        .handle(move |event: Event<A>| {
            let (doors, bus, last) = (inner.clone(), outer.clone(), Arc::clone(&last));
            async move {
                match event.n {
                    1 => {
                        doors.pass(1).await;
                        bus.stream("desk").emit_b(1_u64).await;
                    }
                    2 => {
                        doors.pass(2).await;
                        last(bus).await;
                    }
                    _ => {}
                }
            }
        })
        .detach();
    let (doors, outer) = (doors.clone(), bus.clone());
    bus.subscribe::<B>()
        .handle(move |event: Event<B>| {
            let (doors, bus) = (doors.clone(), outer.clone());
            async move {
                if event.n == 0 {
                    doors.pass(0).await;
                    bus.stream("desk").emit_a(3_u64).await;
                    bus.stream("desk").emit_c(0_u64).await;
                }
            }
        })
        .detach();
}

type Last = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

async fn begin(bus: &EventBus) {
    let desk = bus.stream("desk");
    drop((desk.emit_a(1_u64).send(), desk.emit_a(2_u64).send(), desk.emit_b(0_u64).send()));
    settle().await;
}

#[test]
fn a_ring_through_a_handler_of_several_events_is_found() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        trial().apart().paused().run(async move |bus, steps| {
            steps.at(format!("doors {order:?}"));
            let doors = Doors::new();
            concurrent_ring(&bus, &doors, |bus| {
                Box::pin(async move { drop(bus.stream("desk").emit_b(2_u64).await) })
            });
            begin(&bus).await;
            for door in order {
                doors.open(door).await;
            }
            all_done(&bus).await;
            assert_eq!(bus.stats().published_total, 7, "doors {order:?}");
        });
    }
}

#[test]
fn a_ring_through_a_handler_of_several_events_one_of_which_waits_for_an_event_is_found() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        trial().apart().paused().run(async move |bus, steps| {
            steps.at(format!("doors {order:?}"));
            let (doors, came) = (Doors::new(), Notes::<bool>::new());
            let (inner, notes) = (bus.wait_for::<C>(), came.clone());
            let wait = Arc::new(tokio::sync::Mutex::new(Some(inner)));
            concurrent_ring(&bus, &doors, move |_| {
                let (wait, notes) = (Arc::clone(&wait), notes.clone());
                Box::pin(async move {
                    let wait = wait.lock().await.take().unwrap();
                    notes.add(wait.await.is_ok());
                })
            });
            begin(&bus).await;
            for door in order {
                doors.open(door).await;
            }
            settle().await;
            assert_eq!(came.all(), [true], "doors {order:?}: {:?}", bus.stats());
            all_done(&bus).await;
        });
    }
}

#[test]
fn an_event_that_only_a_later_publish_brings_can_be_waited_for() {
    for limit in [1, 2, 10] {
        trial().apart().paused().with(|bus| bus.max_concurrent_handlers(limit)).run(
            async move |bus, steps| {
                steps.at(format!("limit {limit}"));
                let (waits, came) = (bus.clone(), Notes::<u64>::new());
                let notes = came.clone();
                let _a = bus.subscribe::<A>().handle(move |event: Event<A>| {
                    let (bus, notes) = (waits.clone(), notes.clone());
                    async move {
                        notes.add(bus.wait_for::<C>().await.unwrap().n + event.n);
                    }
                });
                let desk = bus.stream("desk");
                let first = desk.emit_a(10_u64).await;
                assert_eq!(sum(&first), (1, 0, 1));
                let second = desk.emit_a(20_u64).await;
                assert_eq!(sum(&second), (1, 0, 1), "what is queued behind it is not waited for either");
                desk.emit_c(1_u64).await;
                settle().await;
                desk.emit_c(2_u64).await;
                all_done(&bus).await;
                assert_eq!(came.all(), [11, 22]);
            },
        );
    }
}

#[test]
fn two_handlers_that_close_the_bus_do_not_wait_for_each_other() {
    trial().apart().paused().run(async |bus, _| {
        let reports = Notes::<u64>::new();
        for _ in 0..2 {
            let (outer, notes) = (bus.clone(), reports.clone());
            bus.subscribe::<A>()
                .handle(move |_: Event<A>| {
                    let (bus, notes) = (outer.clone(), notes.clone());
                    async move {
                        tokio::task::yield_now().await;
                        let began = tokio::time::Instant::now();
                        bus.close(Duration::from_hours(1)).await;
                        notes.add(began.elapsed().as_secs());
                    }
                })
                .detach();
        }
        drop(bus.stream("desk").emit_a(0_u64).send());
        all_done(&bus).await;
        assert_eq!(reports.all(), [0, 0]);
    });
}
