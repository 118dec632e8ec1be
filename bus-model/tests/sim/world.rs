//! The state that one program shares: the bus, the live values, the failures. Callbacks find it by
//! their thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bus_core::{EventBus, EventId, Subscription};

use super::features::{Feature, Features};
use super::rng::Rng;
use super::subscription::Sub;

/// This many callbacks inside each other are clearly more than the bus's nesting limit.
const NESTING: usize = 16;

/// Where foreign code is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Site {
    /// No callback: a publish, so that the code it calls knows the event.
    Publish,
    Sync,
    Async,
    Filter,
    Key,
    Lag,
    PayloadDrop,
    ClosureDrop,
    FutureDrop,
    Wake,
    WakerDrop,
    ErrorText,
    ErrorDrop,
    Log,
    ThreadEnd,
}

/// A callback on the stack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) site: Site,
    /// How many events led to the one at work.
    pub(crate) hops: u32,
    /// The subscription whose handler it is.
    pub(crate) sub: Option<usize>,
}

shuttle::thread_local! {
    static FRAMES: RefCell<Vec<Frame>> = RefCell::new(Vec::new());
}

/// A frame is on the stack of this thread until it is dropped.
pub(crate) struct Within(bool);

impl Frame {
    pub(crate) fn new(site: Site, hops: u32, sub: Option<usize>) -> Self {
        Self { site, hops, sub }
    }

    /// A callback of the frame on the stack.
    pub(crate) fn inherit(site: Site) -> Self {
        let top = Self::top();
        Self { site, hops: top.map_or(0, |top| top.hops), sub: top.and_then(|top| top.sub) }
    }

    pub(crate) fn top() -> Option<Self> {
        FRAMES.try_with(|frames| frames.borrow().last().copied()).ok().flatten()
    }

    pub(crate) fn enter(self) -> Within {
        Within(FRAMES.try_with(|frames| frames.borrow_mut().push(self)).is_ok())
    }

    /// How many callbacks are on the stack.
    pub(crate) fn depth() -> usize {
        let count = |frames: &RefCell<Vec<Self>>| {
            frames.borrow().iter().filter(|frame| frame.site != Site::Publish).count()
        };
        FRAMES.try_with(count).unwrap_or_default()
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        if self.0 {
            let _ = FRAMES.try_with(|frames| frames.borrow_mut().pop());
        }
    }
}

std::thread_local! {
    // shuttle runs an execution on one thread.
    static WORLD: RefCell<Option<Arc<World>>> = const { RefCell::new(None) };
}

pub(crate) struct World {
    pub(crate) features: Features,
    pub(crate) chain_limit: u32,
    /// The time of async handlers without a limit of their own. That of the bus follows real time.
    pub(crate) timeout: Option<Duration>,
    pub(crate) rng: Mutex<Rng>,
    /// How often callbacks may still do something.
    pub(crate) fuel: AtomicI64,
    /// One of so many calls does something.
    pub(crate) heat: BTreeMap<Site, usize>,
    pub(crate) n: AtomicU64,
    pub(crate) live: Mutex<BTreeMap<Site, i64>>,
    /// Payloads that the bus may have leaked: dropping them could go on without end.
    pub(crate) leaked: AtomicI64,
    pub(crate) wrong: Mutex<Vec<String>>,
    /// The handles of the bus that programs use.
    pub(crate) handles: Mutex<Vec<EventBus>>,
    pub(crate) guards: Mutex<Vec<(usize, Subscription)>>,
    pub(crate) subs: Mutex<Vec<Arc<Sub>>>,
    pub(crate) cursors: Mutex<Vec<EventId>>,
    /// A close has reported that everything is drained.
    pub(crate) drained: AtomicBool,
    /// A place where every call publishes.
    pub(crate) storm: Option<Site>,
    trace: bool,
}

/// Whether programs with these features publish there.
pub(crate) fn may_publish(features: &Features, site: Site) -> bool {
    match site {
        Site::Sync | Site::Async | Site::ThreadEnd => true,
        Site::Log => features.has(Feature::Log),
        _ => features.has(Feature::Chains),
    }
}

/// No thread holds one of these locks where another may run.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(crate) fn begin(self) -> Arc<Self> {
        let world = Arc::new(self);
        WORLD.replace(Some(Arc::clone(&world)));
        world
    }

    pub(crate) fn current() -> Option<Arc<Self>> {
        WORLD.try_with(|world| world.borrow().clone()).ok().flatten()
    }

    /// Takes the world away: later callbacks do nothing.
    pub(crate) fn end() {
        drop(WORLD.take());
    }

    pub(crate) fn new(features: Features, mut rng: Rng, chain_limit: u32, timeout: Option<Duration>) -> Self {
        let sites = [
            (Site::Sync, 2),
            (Site::Async, 2),
            (Site::Filter, 4),
            (Site::Key, 4),
            (Site::Lag, 2),
            (Site::PayloadDrop, 4),
            (Site::ClosureDrop, 2),
            (Site::FutureDrop, 4),
            (Site::Wake, 4),
            (Site::WakerDrop, 4),
            (Site::ErrorText, 2),
            (Site::ErrorDrop, 2),
            (Site::Log, 1),
            (Site::ThreadEnd, 1),
        ];
        // In each program half of the places are quiet.
        let mut heat: BTreeMap<_, _> = sites.into_iter().filter(|_| rng.one_in(2)).collect();
        let storm = rng.pick(sites.map(|(site, _)| site).as_slice());
        let storm = Some(storm).filter(|site| rng.one_in(2) && may_publish(&features, *site));
        heat.extend(storm.map(|site| (site, 1)));
        Self {
            storm,
            features,
            chain_limit,
            timeout,
            fuel: AtomicI64::new(rng.pick(&[4, 10, 30, 80, 160])),
            heat,
            rng: Mutex::new(rng),
            n: AtomicU64::new(0),
            live: Mutex::default(),
            leaked: AtomicI64::new(0),
            wrong: Mutex::default(),
            handles: Mutex::default(),
            guards: Mutex::default(),
            subs: Mutex::default(),
            cursors: Mutex::default(),
            drained: AtomicBool::new(false),
            trace: std::env::var_os("BUS_SIM_TRACE").is_some(),
        }
    }

    pub(crate) fn bus(&self) -> Option<EventBus> {
        locked(&self.handles).first().cloned()
    }

    pub(crate) fn draw<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut locked(&self.rng))
    }

    /// Notes that a promise was not kept.
    pub(crate) fn wrong(&self, what: impl Into<String>) {
        let what = what.into();
        self.trace(|| format!("WRONG: {what}"));
        let mut wrong = locked(&self.wrong);
        if wrong.len() < 8 && !wrong.contains(&what) {
            wrong.push(what);
        }
    }

    pub(crate) fn trace(&self, what: impl FnOnce() -> String) {
        if self.trace {
            let me = shuttle::current::me();
            eprintln!("{me:?} {}{}", "  ".repeat(Frame::depth()), what());
        }
    }

    pub(crate) fn born(&self, site: Site) {
        *locked(&self.live).entry(site).or_default() += 1;
    }

    pub(crate) fn gone(&self, site: Site) {
        *locked(&self.live).entry(site).or_default() -= 1;
    }

    /// Whether this callback is to do something. Notes when callbacks nest without a limit.
    pub(crate) fn is_due(&self, site: Site) -> bool {
        if Frame::depth() > NESTING {
            self.wrong(format!("callbacks nest without a limit, the innermost one at {site:?}"));
            return false;
        }
        let Some(cases) = self.heat.get(&site) else { return false };
        self.draw(|rng| rng.one_in(*cases)) && self.fuel.fetch_sub(1, Ordering::Relaxed) > 0
    }
}
