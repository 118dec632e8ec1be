//! Streams without a filter share a ring. Each sees the same events as with a queue of its own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use bus_core::{AgentEvent, EventBus, EventSet, EventsAndGaps, Lagged, Overflow, Receipt};
use common::{threaded, trial};

#[derive(AgentEvent)]
enum Flow {
    Token {
        n: u64,
    },
    #[event(critical)]
    Alarm {
        n: u64,
    },
}

/// The position of an event, or the first and the last position of a gap.
type Item = Result<u64, (u64, u64, u64)>;

fn item<S>(item: Result<bus_core::Event<S>, Lagged>) -> Item {
    item.map(|event| event.seq())
        .map_err(|lagged| (lagged.missed.unwrap(), lagged.from.seq(), lagged.to.seq()))
}

fn read<S: EventSet>(stream: &mut EventsAndGaps<S>, most: usize) -> Vec<Item> {
    std::iter::from_fn(|| stream.try_recv()).take(most).map(item).collect()
}

fn send(bus: &EventBus, n: u64, critical: bool) -> Receipt {
    let desk = bus.stream("desk");
    if critical {
        desk.emit_alarm(n).send().receipt().clone()
    } else {
        desk.emit_token(n).send().receipt().clone()
    }
}

/// The same numbers each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides).unwrap()
    }
}

struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A predicate keeps a stream off the ring: one with it and one without must not differ.
#[test]
fn a_reader_of_the_ring_gets_the_same_events_as_from_a_queue_of_its_own() {
    trial().run(async |_, steps| {
        for seed in 0..400 {
            steps.at(format!("seed {seed}"));
            let mut dice = Dice(seed);
            let bus = EventBus::builder().history(4).build().unwrap();
            let overflow = [Overflow::DropOldest, Overflow::DropNewest, Overflow::Wait, Overflow::Close];
            let mut pairs: Vec<_> = (0..3)
                .map(|_| {
                    let (capacity, overflow) = (1 + dice.below(6), overflow[dice.below(4)]);
                    let hard = capacity + dice.below(3);
                    let plain =
                        || bus.subscribe::<Flow>().capacity(capacity).hard_limit(hard).overflow(overflow);
                    (plain().into_stream().with_gaps(), plain().filter(|_| true).into_stream().with_gaps())
                })
                .collect();
            for n in 0..60 {
                let at = dice.below(3);
                if dice.below(5) < 3 {
                    let receipt = send(&bus, n, dice.below(4) == 0);
                    assert_eq!(receipt.queued() % 2, 0, "both or none");
                    assert_eq!(receipt.problems().len() % 2, 0);
                } else {
                    let most = dice.below(5);
                    let (on_ring, off_ring) = &mut pairs[at];
                    assert_eq!(read(on_ring, most), read(off_ring, most), "seed {seed}, step {n}");
                }
                let stats = bus.stats();
                for pair in stats.subscriptions.chunks(2) {
                    let seen = |at: usize| (pair[at].counts, pair[at].waiting, pair[at].lag);
                    assert_eq!(seen(0), seen(1), "seed {seed}, step {n}");
                }
                common::check_accounts(&stats);
            }
            drop(bus);
            for (on_ring, off_ring) in &mut pairs {
                assert_eq!(read(on_ring, usize::MAX), read(off_ring, usize::MAX), "seed {seed}, at the end");
            }
        }
    });
}

#[test]
fn readers_on_threads_get_everything_in_order() {
    threaded(2).run(async |bus, _| {
        const EACH: u64 = 20_000;
        let readers: Vec<_> = [1, 3, 64, 100_000]
            .map(|capacity| {
                let mut stream =
                    bus.subscribe::<Flow>().capacity(capacity).hard_limit(capacity).into_stream().with_gaps();
                tokio::spawn(async move {
                    let (mut next, mut missed) = (1, 0);
                    while let Some(got) = stream.recv().await {
                        let (from, to, count) = match item(got) {
                            Ok(seq) => (seq, seq, 1),
                            Err((missed, from, to)) => (from, to, missed),
                        };
                        assert!(from >= next, "{from} came after {next}");
                        next = to + 1;
                        missed += count;
                    }
                    missed
                })
            })
            .into();
        let publishers: Vec<_> = (0..2)
            .map(|_| {
                let bus = bus.clone();
                tokio::spawn(async move {
                    for n in 0..EACH {
                        send(&bus, n, n % 100 == 0);
                        if n % 50 == 0 {
                            common::check_accounts(&bus.stats());
                            tokio::task::yield_now().await;
                        }
                    }
                })
            })
            .collect();
        for publisher in publishers {
            publisher.await.unwrap();
        }
        drop(bus.close(std::time::Duration::ZERO));
        for reader in readers {
            assert_eq!(reader.await.unwrap(), 2 * EACH, "each event is read, or reported as missed, once");
        }
    });
}

#[test]
fn fetched_events_are_read_once_wherever_the_reading_goes_on() {
    trial().run(async |bus, _| {
        let stream = Arc::new(Mutex::new(bus.subscribe::<Token>().into_stream().with_gaps()));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (inside, notes) = (Arc::clone(&stream), Arc::clone(&seen));
        let handler = move |_: &bus_core::Event<Alarm>| {
            notes.lock().unwrap().extend(read(&mut inside.lock().unwrap(), 2));
        };
        bus.subscribe::<Alarm>().handle_sync(handler).detach();
        for n in 0..6 {
            send(&bus, n, false);
        }
        let outside = |most| seen.lock().unwrap().extend(read(&mut stream.lock().unwrap(), most));
        outside(1);
        send(&bus, 6, true);
        outside(1);
        send(&bus, 7, false);
        send(&bus, 8, true);
        outside(usize::MAX);
        assert_eq!(*seen.lock().unwrap(), [1, 2, 3, 4, 5, 6, 8].map(Ok));
    });
}

#[test]
fn fetched_and_unread_events_are_dropped_with_the_subscription() {
    trial().run(async |bus, _| {
        let mut stream = bus.subscribe::<Token>().into_stream().with_gaps();
        (0..5).for_each(|n| drop(send(&bus, n, false)));
        assert_eq!(read(&mut stream, 2), [Ok(1), Ok(2)]);
        assert!(bus.unsubscribe(stream.id()));
        assert_eq!(read(&mut stream, 9), []);
        let ended = bus.stats().ended;
        assert_eq!((ended.matched, ended.handled, ended.dropped), (5, 2, 3));
    });
}

#[test]
fn fetched_and_unread_events_go_to_the_next_reader() {
    trial().run(async |_, _| {
        let bus = EventBus::new();
        let mut streams = [1, 2, 3].map(|_| bus.subscribe::<Token>().into_stream().with_gaps());
        (0..5).for_each(|n| drop(send(&bus, n, false)));
        assert_eq!(read(&mut streams[0], 2), [Ok(1), Ok(2)]);
        assert_eq!(read(&mut streams[1], 9).len(), 5);
        drop(bus);
        assert_eq!(read(&mut streams[0], 9), [3, 4, 5].map(Ok));
        assert_eq!(read(&mut streams[1], 9), []);
        assert_eq!(read(&mut streams[2], 9), [1, 2, 3, 4, 5].map(Ok));
    });
}

#[test]
fn a_reader_that_waits_is_woken_although_it_tried_again_without_waiting() {
    trial().run(async |bus, _| {
        let mut stream = bus.subscribe::<Token>().into_stream().with_gaps();
        let mut other = bus.subscribe::<Token>().into_stream().with_gaps();
        let woken = Arc::new(Woken(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&woken));
        for round in 1..4_u8 {
            assert!(pin!(stream.recv()).poll(&mut Context::from_waker(&waker)).is_pending());
            assert!(pin!(stream.recv()).poll(&mut Context::from_waker(&waker)).is_pending());
            assert!(pin!(other.recv()).poll(&mut Context::from_waker(Waker::noop())).is_pending());
            assert!(stream.try_recv().is_none());
            send(&bus, round.into(), false);
            assert_eq!(woken.0.load(Ordering::Relaxed), usize::from(round), "once, however often it looked");
            let Poll::Ready(Some(Ok(event))) = pin!(stream.recv()).poll(&mut Context::from_waker(&waker))
            else {
                panic!("an event is there");
            };
            assert_eq!(event.n, u64::from(round));
            assert_eq!(read(&mut other, 9).len(), 1);
        }
        drop(stream);
        send(&bus, 9, false);
        assert_eq!(woken.0.load(Ordering::Relaxed), 3);
        assert_eq!(Arc::strong_count(&woken), 2, "its waker is gone with it");
    });
}

#[test]
fn a_reader_that_waited_gets_the_end_after_the_last_event() {
    trial().run(async |_, _| {
        let bus = EventBus::new();
        let mut stream = bus.subscribe::<Token>().into_stream().with_gaps();
        let woken = Arc::new(Woken(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut poll = || pin!(stream.recv()).poll(&mut Context::from_waker(&waker));
        for n in 1..3 {
            assert!(poll().is_pending());
            send(&bus, n, false);
            if n == 2 {
                drop(bus.close(std::time::Duration::ZERO));
            }
            assert!(matches!(poll(), Poll::Ready(Some(Ok(event))) if event.n == n));
        }
        assert!(matches!(poll(), Poll::Ready(None)), "closed before it read the last event");
        let bus = EventBus::new();
        stream = bus.subscribe::<Token>().into_stream().with_gaps();
        let mut poll = || pin!(stream.recv()).poll(&mut Context::from_waker(&waker));
        assert!(poll().is_pending());
        send(&bus, 3, false);
        assert!(matches!(poll(), Poll::Ready(Some(Ok(_)))));
        assert!(poll().is_pending());
        let before = woken.0.load(Ordering::Relaxed);
        drop(bus.close(std::time::Duration::ZERO));
        assert_eq!(woken.0.load(Ordering::Relaxed), before + 1, "closed after it");
        assert!(matches!(poll(), Poll::Ready(None)));
    });
}

#[test]
fn a_reader_that_waited_is_woken_through_its_latest_waker() {
    trial().run(async |bus, _| {
        let mut stream = bus.subscribe::<Token>().into_stream().with_gaps();
        let woken = [1, 2].map(|_| Arc::new(Woken(AtomicUsize::new(0))));
        let wakers = woken.clone().map(Waker::from);
        let counts = || woken.each_ref().map(|woken| woken.0.load(Ordering::Relaxed));
        let mut poll = |at: usize| pin!(stream.recv()).poll(&mut Context::from_waker(&wakers[at]));
        assert!(poll(0).is_pending());
        send(&bus, 1, false);
        // Other code goes on with the stream.
        assert!(poll(0).is_ready());
        assert!(poll(1).is_pending());
        send(&bus, 2, false);
        assert_eq!(counts(), [1, 1]);
        assert!(poll(1).is_ready());
        // Not polled again before the next events: it does not wait, and is not woken.
        (3..6).for_each(|n| drop(send(&bus, n, false)));
        assert_eq!(counts(), [1, 1]);
        assert!((3..6).all(|_| poll(1).is_ready()));
        send(&bus, 6, false);
        assert_eq!(counts(), [1, 1], "it did not wait the last time");
        assert!(poll(1).is_ready());
        assert!(poll(1).is_pending());
    });
}
