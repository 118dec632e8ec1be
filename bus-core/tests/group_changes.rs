//! A handler in a list of many subscribes, ends, publishes, waits or closes: the others of its list get every event all the same, once and in order.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;
#[path = "common/list.rs"]
mod list;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bus_core::{AnyEvent, EventBus, EventStream, First, Subscription};
use common::{Notes, Stand, block_on, check_accounts, poll_once, settle, trial};
use list::{Call, MIXES, ManyEmit, Member, Narrow, Sort, n, places};

/// What one member does, in the middle of its list, when it gets event 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    EndSelf,
    EndNext,
    EndPrevious,
    EndAll,
    EndAllById,
    Subscribe,
    SubscribeAndEnd,
    /// The new one is idle, so it runs before `send` returns.
    SubscribeAndSend,
    Send,
    SendTwice,
    Await,
    OpenStream,
    Wait,
    Close,
}

use Deed::{
    Await, Close, EndAll, EndAllById, EndNext, EndPrevious, EndSelf, OpenStream, Send, SendTwice, Subscribe,
    SubscribeAndEnd, SubscribeAndSend, Wait,
};

const DEEDS: [Deed; 14] = [
    EndSelf,
    EndNext,
    EndPrevious,
    EndAll,
    EndAllById,
    Subscribe,
    SubscribeAndEnd,
    SubscribeAndSend,
    Send,
    SendTwice,
    Await,
    OpenStream,
    Wait,
    Close,
];

impl Deed {
    fn ends(self, member: usize, at: usize) -> bool {
        match self {
            EndSelf => member == at,
            EndNext => member == at + 1,
            EndPrevious => member + 1 == at,
            EndAll | EndAllById => true,
            _ => false,
        }
    }

    /// Events that the list gets in the middle of event 1.
    fn sends(self) -> &'static [u64] {
        match self {
            SubscribeAndSend | Send | Await => &[10],
            SendTwice => &[10, 11],
            _ => &[],
        }
    }
}

/// A list of members, and what came of them.
#[derive(Clone)]
struct Crowd {
    bus: EventBus,
    guards: Arc<Mutex<Vec<Option<Subscription>>>>,
    seen: Notes<(usize, u64)>,
    /// What the members that were made in the middle got.
    late: Notes<u64>,
    streams: Arc<Mutex<Vec<EventStream<Call>>>>,
    waits: Arc<Mutex<Vec<First<Call>>>>,
}

impl Crowd {
    fn new(len: usize, at: usize, sorts: &[Sort], narrow: Narrow, deed: Deed) -> Self {
        let crowd = Self {
            bus: EventBus::builder().max_concurrent_handlers(1_000).build().unwrap(),
            guards: Arc::default(),
            seen: Notes::new(),
            late: Notes::new(),
            streams: Arc::default(),
            waits: Arc::default(),
        };
        let mixed = sorts.iter().any(|sort| !sort.is_sync());
        for place in 0..len {
            let (inner, sort) = (crowd.clone(), sorts[place % sorts.len()]);
            let act = move |event: &AnyEvent| {
                inner.seen.add((place, n(event)));
                if (place, n(event)) == (at, 1) {
                    inner.act(at, if deed == Await && mixed { Send } else { deed });
                }
                Ok(())
            };
            let member = Member::new(place, sort).narrow(narrow);
            let guard = member.subscribe(&crowd.bus, Arc::new(act));
            crowd.guards.lock().unwrap().push(Some(guard));
        }
        crowd
    }

    fn end(&self, place: usize) {
        let guard = self.guards.lock().unwrap().get_mut(place).and_then(Option::take);
        drop(guard);
    }

    fn newcomer(&self) -> Subscription {
        let late = self.late.clone();
        self.bus.subscribe::<Call>().handle_sync(move |event| late.add(event.n))
    }

    fn act(&self, at: usize, deed: Deed) {
        let (bus, desk) = (&self.bus, self.bus.stream("desk"));
        match deed {
            EndSelf => self.end(at),
            EndNext => self.end(at + 1),
            EndPrevious => self.end(at.wrapping_sub(1)),
            EndAll => drop(std::mem::take(&mut *self.guards.lock().unwrap())),
            EndAllById => {
                let ids: Vec<_> =
                    self.guards.lock().unwrap().iter().flatten().map(Subscription::id).collect();
                assert!(ids.into_iter().all(|id| bus.unsubscribe(id)));
            }
            Subscribe => drop(self.newcomer().detach()),
            SubscribeAndEnd => drop(self.newcomer()),
            SubscribeAndSend => {
                self.newcomer().detach();
                assert!(desk.emit_call(10_u64).send().receipt().handled() > 0);
                assert_eq!(self.late.all(), [10]);
            }
            Send => drop(desk.emit_call(10_u64).send()),
            SendTwice => drop((desk.emit_call(10_u64).send(), desk.emit_call(11_u64).send())),
            // Its own list can only come after it. Async handlers need the thread that this blocks: only in lists without.
            Await => {
                let receipt = block_on(desk.emit_call(10_u64));
                assert!(receipt.is_ok() && receipt.handled() + receipt.deferred() == receipt.reached());
            }
            OpenStream => self.streams.lock().unwrap().push(bus.subscribe::<Call>().into_stream()),
            Wait => self.waits.lock().unwrap().push(bus.wait_for::<Call>()),
            Close => drop(poll_once(bus.close(Duration::ZERO))),
        }
        check_accounts(&bus.stats());
    }

    /// What each member got, in its order.
    fn got(&self, place: usize) -> Vec<u64> {
        self.seen.all().iter().filter(|seen| seen.0 == place).map(|seen| seen.1).collect()
    }
}

/// Event 1 with the deed in its middle, then event 2.
async fn play(len: usize, at: usize, sorts: &[Sort], narrow: Narrow, deed: Deed, awaits: bool) {
    let crowd = Crowd::new(len, at, sorts, narrow, deed);
    let desk = crowd.bus.stream("desk");
    let emit = desk.emit_call(1_u64);
    let first = if awaits { emit.await } else { emit.send().finished().await };
    settle().await;
    assert_eq!(first.reached(), len);
    // One that is async, and was not begun when it ended, is dropped and told of.
    let dropped = first.problems().len();
    // One that closes the bus waits for it.
    let deferred = if deed == Close { first.deferred() } else { 0 };
    assert_eq!(first.handled() + dropped + deferred, len, "{first:?}");
    let ends = (0..len).any(|member| deed.ends(member, at)) || deed == Close;
    let can_drop = ends && sorts.iter().any(|sort| !sort.is_sync());
    assert!(dropped == 0 || can_drop, "{first:?}");

    let second = desk.emit_call(2_u64).await;
    let closed = deed == Close;
    let left = (0..len).filter(|member| !deed.ends(*member, at) && !closed).count();
    let late = usize::from(matches!(deed, Subscribe | SubscribeAndSend | OpenStream | Wait));
    assert_eq!((second.refused().is_some(), second.reached()), (closed, left + late));
    let mut missed = 0;
    for member in 0..len {
        let mut wanted = vec![1];
        if !deed.ends(member, at) && !closed {
            wanted.extend(deed.sends());
            wanted.push(2);
        }
        let mut got = crowd.got(member);
        if sorts[member % sorts.len()] == Sort::Three {
            got.sort_by_key(|n| if *n == 2 { 99 } else { *n });
        }
        if got.is_empty() && dropped > 0 {
            missed += 1;
        } else {
            assert_eq!(got, wanted, "member {member}");
        }
    }
    assert_eq!(missed, dropped);
    crowd.check_late(deed).await;
    check_accounts(&crowd.bus.stats());
}

impl Crowd {
    /// What was made in the middle of event 1 does not get event 1, and everything after it.
    async fn check_late(&self, deed: Deed) {
        let wanted: &[u64] = match deed {
            Subscribe => &[2],
            SubscribeAndSend => &[10, 2],
            _ => &[],
        };
        assert_eq!(self.late.all(), wanted);
        let streams = std::mem::take(&mut *self.streams.lock().unwrap());
        for mut stream in streams {
            assert_eq!(stream.try_recv().unwrap().unwrap().n, 2);
            assert!(stream.try_recv().is_none());
        }
        let waits = std::mem::take(&mut *self.waits.lock().unwrap());
        for wait in waits {
            assert_eq!(wait.await.unwrap().n, 2);
        }
    }
}

async fn play_all(stand: Stand, sorts: &'static [Sort], narrow: Narrow) {
    for len in [1, 2, 3, 17, 64] {
        for at in places(len) {
            for deed in DEEDS {
                for awaits in [false, true] {
                    stand.at(format!(
                        "{len} of {sorts:?}, at {at} {deed:?}, narrowed {narrow:?}, awaits {awaits}"
                    ));
                    play(len, at, sorts, narrow, deed, awaits).await;
                }
            }
        }
    }
}

#[test]
fn whatever_a_member_does_the_list_gets_every_event_once_and_in_order() {
    trial().run(async |_, stand| {
        for sorts in MIXES {
            play_all(stand.clone(), sorts, Narrow::No).await;
        }
    });
}

#[test]
fn the_same_where_members_are_narrowed() {
    trial().run(async |_, stand| {
        for narrow in [Narrow::Stream, Narrow::Predicate] {
            play_all(stand.clone(), MIXES[0], narrow).await;
            play_all(stand.clone(), MIXES[3], narrow).await;
        }
    });
}

#[test]
fn the_last_handle_may_go_in_the_middle_of_a_list() {
    trial().run(async |_, _| {
        for len in [1, 2, 64] {
            for at in places(len) {
                let (bus, owned, seen) = (EventBus::new(), Arc::new(()), Notes::<usize>::new());
                let last = Arc::new(Mutex::new(None));
                for place in 0..len {
                    let (owned, seen, last) = (Arc::clone(&owned), seen.clone(), Arc::clone(&last));
                    let act = move |_: &AnyEvent| {
                        seen.add(place);
                        if place == at {
                            let handle: Option<EventBus> = last.lock().unwrap().take();
                            drop(handle);
                        }
                        let _ = &owned;
                        Ok(())
                    };
                    Member::new(place, Sort::Sync).subscribe(&bus, Arc::new(act)).detach();
                }
                let emit = bus.stream("desk").emit_call(1_u64);
                *last.lock().unwrap() = Some(bus);
                let sent = emit.send();
                assert_eq!(sent.receipt().handled(), len);
                drop(sent);
                let mut seen = seen.all();
                seen.sort_unstable();
                assert_eq!(seen, (0..len).collect::<Vec<_>>());
                assert_eq!(Arc::strong_count(&owned), 1, "all handlers are freed");
            }
        }
    });
}
