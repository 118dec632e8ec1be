//! A member of a large handler group subscribes, ends, publishes, waits or closes: the other
//! members still get every event once and in order.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;
#[path = "common/group.rs"]
mod group;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bus_core::{AnyEvent, EventBus, EventsAndGaps, First, Subscription};
use common::{Notes, Steps, block_on, check_accounts, poll_once, settle, trial};
use group::{Call, MIXES, ManyEmit, Member, Narrow, Sort, n, positions};

/// The action of one member, in the middle of its group, on event 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
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

use Action::{
    Await, Close, EndAll, EndAllById, EndNext, EndPrevious, EndSelf, OpenStream, Send, SendTwice, Subscribe,
    SubscribeAndEnd, SubscribeAndSend, Wait,
};

const ACTIONS: [Action; 14] = [
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

impl Action {
    fn ends(self, member: usize, at: usize) -> bool {
        match self {
            EndSelf => member == at,
            EndNext => member == at + 1,
            EndPrevious => member + 1 == at,
            EndAll | EndAllById => true,
            _ => false,
        }
    }

    /// The number of events that the group gets during event 1.
    fn sends(self) -> &'static [u64] {
        match self {
            SubscribeAndSend | Send | Await => &[10],
            SendTwice => &[10, 11],
            _ => &[],
        }
    }
}

/// A group of members and their results.
#[derive(Clone)]
struct Group {
    bus: EventBus,
    guards: Arc<Mutex<Vec<Option<Subscription>>>>,
    seen: Notes<(usize, u64)>,
    /// The events of the members that were added during event 1.
    late: Notes<u64>,
    streams: Arc<Mutex<Vec<EventsAndGaps<Call>>>>,
    waits: Arc<Mutex<Vec<First<Call>>>>,
}

impl Group {
    fn new(len: usize, at: usize, sorts: &[Sort], narrow: Narrow, action: Action) -> Self {
        let group = Self {
            bus: EventBus::builder().max_concurrent_handlers(1_000).build().unwrap(),
            guards: Arc::default(),
            seen: Notes::new(),
            late: Notes::new(),
            streams: Arc::default(),
            waits: Arc::default(),
        };
        let mixed = sorts.iter().any(|sort| !sort.is_sync());
        for index in 0..len {
            let (inner, sort) = (group.clone(), sorts[index % sorts.len()]);
            let act = move |event: &AnyEvent| {
                inner.seen.add((index, n(event)));
                if (index, n(event)) == (at, 1) {
                    inner.act(at, if action == Await && mixed { Send } else { action });
                }
                Ok(())
            };
            let member = Member::new(index, sort).narrow(narrow);
            let guard = member.subscribe(&group.bus, Arc::new(act));
            group.guards.lock().unwrap().push(Some(guard));
        }
        group
    }

    fn end(&self, index: usize) {
        let guard = self.guards.lock().unwrap().get_mut(index).and_then(Option::take);
        drop(guard);
    }

    fn newcomer(&self) -> Subscription {
        let late = self.late.clone();
        self.bus.subscribe::<Call>().handle_sync(move |event| late.add(event.n))
    }

    fn act(&self, at: usize, action: Action) {
        let (bus, desk) = (&self.bus, self.bus.stream("desk"));
        match action {
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
            // Its own group can only run after it. Async handlers need the thread that this blocks,
            // so it is only for groups without them.
            Await => {
                let receipt = block_on(desk.emit_call(10_u64));
                assert!(receipt.is_ok() && receipt.handled() + receipt.deferred() == receipt.reached());
            }
            OpenStream => {
                self.streams.lock().unwrap().push(bus.subscribe::<Call>().into_stream().with_gaps());
            }
            Wait => self.waits.lock().unwrap().push(bus.wait_for::<Call>()),
            Close => drop(poll_once(bus.close(Duration::ZERO))),
        }
        check_accounts(&bus.stats());
    }

    /// The events of each member, in order.
    fn got(&self, index: usize) -> Vec<u64> {
        self.seen.all().iter().filter(|seen| seen.0 == index).map(|seen| seen.1).collect()
    }
}

/// Publishes event 1 with the action in the middle, then event 2.
async fn play(len: usize, at: usize, sorts: &[Sort], narrow: Narrow, action: Action, awaits: bool) {
    let group = Group::new(len, at, sorts, narrow, action);
    let desk = group.bus.stream("desk");
    let emit = desk.emit_call(1_u64);
    let first = if awaits { emit.await } else { emit.send().finished().await };
    settle().await;
    assert_eq!(first.reached(), len);
    // An async member that ended before it began is dropped and reported.
    let dropped = first.problems().len();
    // A member that closes the bus waits for it.
    let deferred = if action == Close { first.deferred() } else { 0 };
    assert_eq!(first.handled() + dropped + deferred, len, "{first:?}");
    let ends = (0..len).any(|member| action.ends(member, at)) || action == Close;
    let can_drop = ends && sorts.iter().any(|sort| !sort.is_sync());
    assert!(dropped == 0 || can_drop, "{first:?}");

    let second = desk.emit_call(2_u64).await;
    let closed = action == Close;
    let left = (0..len).filter(|member| !action.ends(*member, at) && !closed).count();
    let late = usize::from(matches!(action, Subscribe | SubscribeAndSend | OpenStream | Wait));
    assert_eq!((second.refused().is_some(), second.reached()), (closed, left + late));
    let mut missed = 0;
    for member in 0..len {
        let mut wanted = vec![1];
        if !action.ends(member, at) && !closed {
            wanted.extend(action.sends());
            wanted.push(2);
        }
        let mut got = group.got(member);
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
    group.check_late(action).await;
    check_accounts(&group.bus.stats());
}

impl Group {
    /// Members that were added during event 1 do not get event 1, but every later event.
    async fn check_late(&self, action: Action) {
        let wanted: &[u64] = match action {
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

async fn play_all(steps: Steps, sorts: &'static [Sort], narrow: Narrow) {
    for len in [1, 2, 3, 17, 64] {
        for at in positions(len) {
            for action in ACTIONS {
                for awaits in [false, true] {
                    steps.at(format!(
                        "{len} of {sorts:?}, at {at} {action:?}, narrowed {narrow:?}, awaits {awaits}"
                    ));
                    play(len, at, sorts, narrow, action, awaits).await;
                }
            }
        }
    }
}

#[test]
fn whatever_a_member_does_the_group_gets_every_event_once_and_in_order() {
    trial().run(async |_, steps| {
        for sorts in MIXES {
            play_all(steps.clone(), sorts, Narrow::No).await;
        }
    });
}

#[test]
fn the_same_with_filters() {
    trial().run(async |_, steps| {
        for narrow in [Narrow::Stream, Narrow::Predicate] {
            play_all(steps.clone(), MIXES[0], narrow).await;
            play_all(steps.clone(), MIXES[3], narrow).await;
        }
    });
}

#[test]
fn the_last_handle_may_be_dropped_in_the_middle_of_a_group() {
    trial().run(async |_, _| {
        for len in [1, 2, 64] {
            for at in positions(len) {
                let (bus, owned, seen) = (EventBus::new(), Arc::new(()), Notes::<usize>::new());
                let last = Arc::new(Mutex::new(None));
                for index in 0..len {
                    let (owned, seen, last) = (Arc::clone(&owned), seen.clone(), Arc::clone(&last));
                    let act = move |_: &AnyEvent| {
                        seen.add(index);
                        if index == at {
                            let handle: Option<EventBus> = last.lock().unwrap().take();
                            drop(handle);
                        }
                        let _ = &owned;
                        Ok(())
                    };
                    Member::new(index, Sort::Sync).subscribe(&bus, Arc::new(act)).detach();
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
