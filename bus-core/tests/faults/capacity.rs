//! Senders that wait for capacity go on in the order in which they came.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use bus_core::EventBus;

use crate::common::watch;
use crate::events::{FaultsEmit, Ping, Pong, compute, wait_until_idle};

const SENDERS: usize = 32;

/// How many events each of equal senders got rid of, fewest first.
fn shares() -> Vec<u64> {
    const ALL: u64 = 12_800;
    let (bus, begun) = (EventBus::new(), Arc::new(AtomicU64::new(0)));
    let slow = |_: &bus_core::Event<Ping>| compute(Duration::from_micros(20));
    let _guard = bus.subscribe::<Ping>().capacity(16).handle_sync(slow);
    let barrier = Arc::new(Barrier::new(SENDERS));
    let sender = |_| {
        let (bus, begun, barrier) = (bus.clone(), Arc::clone(&begun), Arc::clone(&barrier));
        std::thread::spawn(move || {
            let mut own = 0_u64;
            barrier.wait();
            while begun.fetch_add(1, Ordering::SeqCst) < ALL {
                drop(bus.stream("agent").emit_ping(own).send());
                own += 1;
            }
            own
        })
    };
    let threads: Vec<_> = (0..SENDERS).map(sender).collect();
    let mut shares: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    shares.sort_unstable();
    wait_until_idle(&bus);
    shares
}

#[test]
fn senders_that_wait_for_capacity_get_equal_shares() {
    watch(None, |_| {
        // A thread may also wait for a processor, in one round; an unfair bus is unfair in each.
        let rounds: Vec<_> = (0..3).map(|_| shares()).collect();
        let is_fair = |shares: &Vec<u64>| shares[0] * 3 >= shares[SENDERS - 1];
        assert!(rounds.iter().any(is_fair), "what {SENDERS} equal senders sent, in three rounds: {rounds:?}");
    });
}

/// A sender whose event is handled waits no longer, although others still wait behind it.
#[test]
fn a_sender_goes_on_when_its_event_is_taken_up() {
    const LAST: u64 = 7;
    let bus = EventBus::new();
    let outer = bus.clone();
    crate::common::watch_apart(Some(&outer), move |stand| {
        let ((began, begins), (go, gate)) = (mpsc::channel(), mpsc::channel::<()>());
        let _guard = bus.subscribe::<Ping>().name("gated").capacity(1).handle_sync(move |event| {
            began.send(event.n).unwrap();
            gate.recv().unwrap();
        });
        let sender = |n: u64| {
            let (agent, (done, is_done)) = (bus.stream("agent"), mpsc::channel());
            std::thread::spawn(move || {
                drop(agent.emit_ping(n).send());
                done.send(()).unwrap();
            });
            is_done
        };
        let mut returned = vec![sender(1)];
        assert_eq!(begins.recv().unwrap(), 1);
        for n in 2..=LAST {
            returned.push(sender(n));
            while bus.stats().subscription("gated").unwrap().waiting < usize::try_from(n - 1).unwrap() {
                std::thread::yield_now();
            }
        }
        for n in 2..=LAST {
            go.send(()).unwrap();
            assert_eq!(begins.recv().unwrap(), n);
            if n > 2 {
                stand.at(format!("event {n} is being handled, and its sender still waits for capacity"));
                returned[usize::try_from(n - 1).unwrap()].recv().unwrap();
            }
            for later in n + 2..=LAST {
                let later_returned = returned[usize::try_from(later - 1).unwrap()].try_recv();
                assert!(later_returned.is_err(), "the sender of event {later} went on before earlier ones");
            }
        }
        go.send(()).unwrap();
        wait_until_idle(&bus);
    });
}

struct Sends(EventBus);

impl Wake for Sends {
    fn wake(self: Arc<Self>) {
        drop(self.0.stream("agent").emit_ping(9_u64).send());
    }
}

/// The thread that calls it may hold what the full queue waits for.
#[test]
fn a_callback_that_sends_to_a_full_queue_does_not_wait_for_capacity() {
    for from_filter in [false, true] {
        let bus = EventBus::new();
        let outer = bus.clone();
        crate::common::watch_apart(Some(&outer), move |stand| {
            let ((began, begins), (go, gate)) = (mpsc::channel(), mpsc::channel::<()>());
            let _full = bus.subscribe::<Ping>().name("full").capacity(1).handle_sync(move |_| {
                began.send(()).unwrap();
                gate.recv().unwrap();
            });
            let sender = |n: u64| {
                let agent = bus.stream("agent");
                std::thread::spawn(move || drop(agent.emit_ping(n).send()))
            };
            let mut senders = vec![sender(0)];
            begins.recv().unwrap();
            senders.extend((1..4).map(sender));
            while bus.stats().subscription("full").unwrap().waiting < 3 {
                std::thread::yield_now();
            }
            let (mut wait, filter) = (Box::pin(bus.wait_for::<Pong>()), bus.clone());
            let waker = Waker::from(Arc::new(Sends(bus.clone())));
            let mut guard = None;
            if from_filter {
                let subscribe = bus.subscribe::<Pong>().filter(move |_| {
                    drop(filter.stream("agent").emit_ping(9_u64).send());
                    true
                });
                guard = Some(subscribe.handle_sync(|_| {}));
            } else {
                assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            }
            stand.at(format!("a send whose callback sends to a full queue; from a filter: {from_filter}"));
            drop(bus.stream("agent").emit_pong(1_u64).send());
            assert_eq!(bus.stats().subscription("full").unwrap().waiting, 4);
            for _ in 0..5 {
                go.send(()).unwrap();
            }
            for sender in senders {
                sender.join().unwrap();
            }
            drop(wait);
            wait_until_idle(&bus);
            drop(guard);
        });
    }
}
