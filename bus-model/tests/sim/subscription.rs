//! Subscriptions of every sort, whose callbacks are hostile.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bus_core::{
    AnyEvent, BoxError, Event, EventBus, Overflow, Subscribe, SubscribeError, Subscription, SubscriptionId,
};

use super::act::{ON_PURPOSE, act, act_async, guarded};
use super::events::{Delta, Level, Note, SimEvents, Token, failure, hops};
use super::features::Feature;
use super::wait::{framed, pause};
use super::world::{Frame, Site, World, locked};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receive {
    Sync,
    Async,
    Stream,
}

/// The state that the simulation records of one subscription.
#[derive(Debug)]
pub(crate) struct Sub {
    pub(crate) index: usize,
    pub(crate) receive: Receive,
    pub(crate) id: OnceLock<SubscriptionId>,
    pub(crate) concurrency: usize,
    last: AtomicU64,
    pub(crate) begun: AtomicU64,
    /// It was ended when the newest event was this one.
    pub(crate) ended_at: AtomicU64,
}

impl Sub {
    pub(crate) fn new(world: &World, receive: Receive, concurrency: usize) -> Arc<Self> {
        let mut subs = locked(&world.subs);
        let sub = Arc::new(Self {
            index: subs.len(),
            receive,
            id: OnceLock::new(),
            concurrency,
            last: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            ended_at: AtomicU64::new(u64::MAX),
        });
        subs.push(Arc::clone(&sub));
        sub
    }

    pub(crate) fn id(&self) -> Option<SubscriptionId> {
        self.id.get().copied()
    }

    /// An event comes to it.
    pub(crate) fn takes(&self, world: &World, event: &AnyEvent) {
        let seq = event.seq();
        world.trace(|| format!("{:?} {} takes {seq} ({})", self.receive, self.index, event.kind()));
        self.begun.fetch_add(1, Ordering::Relaxed);
        let last = self.last.fetch_max(seq, Ordering::Relaxed);
        if last >= seq && self.concurrency == 1 {
            world.wrong(format!("a {:?} subscription saw {seq} after {last}", self.receive));
        }
        if seq > self.ended_at.load(Ordering::Relaxed) {
            world.wrong(format!("a {:?} subscription saw an event from after its end", self.receive));
        }
        if self.receive != Receive::Stream && world.drained.load(Ordering::Relaxed) {
            world.wrong("a handler was called after a close had reported that everything is drained");
        }
    }
}

/// A handler of some sort, entered into the lists of the program.
pub(crate) fn any_handler(world: &Arc<World>, bus: &EventBus) {
    let may = [Site::ClosureDrop];
    let subscribe = || match world.draw(|rng| rng.below(5)) {
        0 => handler(world, bus.subscribe_any()),
        1 => handler(world, bus.subscribe::<(Level, Delta)>()),
        2 => handler(world, bus.subscribe::<SimEvents>()),
        3 => handler(world, bus.subscribe_any().kinds(["sim_note", "sim_alarm"])),
        _ => handler(world, bus.subscribe::<Note>()),
    };
    guarded(world, "a subscribe", &may, subscribe);
}

/// Filters, limits, callbacks: the settings that any subscription may have.
pub(crate) fn settings<S: 'static>(
    world: &World,
    sub: &Arc<Sub>,
    mut subscribe: Subscribe<S>,
) -> Subscribe<S> {
    let twice = world.features.has(Feature::Twice);
    if world.draw(|rng| rng.one_in(3)) {
        subscribe = subscribe.stream("a");
    }
    let filters = world.draw(|rng| rng.pick(&[0, 0, 0, 1, 2]));
    for _ in 0..filters {
        let token = Token::quiet(Site::ClosureDrop, twice);
        let index = sub.index;
        subscribe = subscribe.filter(move |event: &Event<S>| {
            let _token = &token;
            let hops = hops(&event.clone().into_any());
            let frame = Frame::new(Site::Filter, hops, Some(index)).enter();
            act(Site::Filter, true);
            shuttle::thread::yield_now();
            drop(frame);
            !hops.is_multiple_of(3)
        });
    }
    if world.draw(|rng| rng.one_in(2)) {
        let token = Token::quiet(Site::ClosureDrop, twice);
        subscribe = subscribe.on_lag(move |_| {
            let _token = &token;
            act(Site::Lag, true);
        });
    }
    if world.draw(|rng| rng.one_in(2)) {
        let (capacity, more) = world.draw(|rng| (rng.pick(&[1, 1, 2]), rng.pick(&[0, 1, 8])));
        subscribe = subscribe.capacity(capacity).hard_limit(capacity + more);
    }
    if world.draw(|rng| rng.one_in(2)) {
        const KINDS: &[Overflow] = &[
            Overflow::DropOldest,
            Overflow::DropNewest,
            Overflow::Coalesce,
            Overflow::Close,
            Overflow::Wait,
        ];
        // The bus does not know who reads a stream: a reader that blocks until its own stream has
        // capacity again blocks for good.
        let blocks = sub.receive == Receive::Stream && world.features.has(Feature::CallbackBlocks);
        let kinds = &KINDS[..KINDS.len() - usize::from(blocks)];
        subscribe = subscribe.overflow(world.draw(|rng| rng.pick(kinds)));
    }
    subscribe
}

/// Looks back from some event that was published before.
pub(crate) fn look_back<S: 'static>(world: &World, subscribe: Subscribe<S>) -> Subscribe<S> {
    let cursors = locked(&world.cursors).clone();
    if !world.features.has(Feature::Replay) || cursors.is_empty() || world.draw(|rng| rng.one_in(2)) {
        return subscribe;
    }
    subscribe.since(world.draw(|rng| rng.pick(&cursors)))
}

fn handler<S: 'static>(world: &Arc<World>, subscribe: Subscribe<S>) {
    let sync = world.draw(|rng| rng.one_in(2));
    let concurrency = if sync { 1 } else { world.draw(|rng| rng.pick(&[1, 1, 2])) };
    let sub = Sub::new(world, if sync { Receive::Sync } else { Receive::Async }, concurrency);
    let subscribe = look_back(world, settings(world, &sub, subscribe)).concurrency(concurrency);
    let made = if sync { handle_sync(&sub, subscribe) } else { handle_async(world, &sub, subscribe) };
    let Ok(guard) = made else { return };
    let _ = sub.id.set(guard.id());
    let detached = world.draw(|rng| rng.one_in(5));
    world.trace(|| format!("subscribed {sub:?}"));
    if detached {
        guard.detach();
    } else {
        locked(&world.guards).push((sub.index, guard));
    }
}

fn outcome(hops: u32) -> Result<(), BoxError> {
    let fails = |world: Arc<World>| {
        // Where the log publishes each line, so do failures.
        let cases = if world.storm == Some(Site::Log) { 1 } else { 6 };
        world.draw(|rng| rng.one_in(cases))
    };
    if World::current().is_some_and(fails) { Err(failure(hops)) } else { Ok(()) }
}

fn handle_sync<S: 'static>(sub: &Arc<Sub>, subscribe: Subscribe<S>) -> Result<Subscription, SubscribeError> {
    let (token, sub) = (Token::new(Site::ClosureDrop), Arc::clone(sub));
    subscribe.try_handle_sync(move |event: &Event<S>| {
        let _token = &token;
        let event = event.clone().into_any();
        let Some(world) = World::current() else { return Ok(()) };
        let _frame = Frame::new(Site::Sync, hops(&event), Some(sub.index)).enter();
        sub.takes(&world, &event);
        act(Site::Sync, true);
        outcome(hops(&event))
    })
}

fn handle_async<S: 'static>(
    world: &World,
    sub: &Arc<Sub>,
    mut subscribe: Subscribe<S>,
) -> Result<Subscription, SubscribeError> {
    if world.draw(|rng| rng.one_in(3)) {
        subscribe = subscribe.timeout(Duration::from_millis(world.draw(|rng| rng.pick(&[0, 2, 30]))));
    } else {
        subscribe = subscribe.timeout(world.timeout);
    }
    let (token, sub) = (Token::new(Site::ClosureDrop), Arc::clone(sub));
    let yields = world.draw(|rng| rng.one_in(2));
    subscribe.try_handle(move |event: Event<S>| {
        let _token = &token;
        let event = event.into_any();
        let frame = Frame::new(Site::Async, hops(&event), Some(sub.index));
        framed(frame, on_event(Arc::clone(&sub), event, yields))
    })
}

async fn on_event(sub: Arc<Sub>, event: AnyEvent, yields: bool) -> Result<(), BoxError> {
    let token = Token::new(Site::FutureDrop);
    let Some(world) = World::current() else { return Ok(()) };
    sub.takes(&world, &event);
    drop(world);
    if yields {
        pause().await;
    }
    act_async().await;
    if yields {
        act_async().await;
    }
    // Before the error is made: where a local's drop panics, Rust leaks what is returned.
    drop(token);
    outcome(hops(&event))
}

/// Whether a panic is one of the simulation's.
pub(crate) fn is_on_purpose(text: &str) -> bool {
    text.starts_with(ON_PURPOSE)
}
