//! Names handlers that take long, while they still run, and has async ones end that are late.
//!
//! One thread for the process moves the clock of each bus on and looks for handlers that began too
//! many ticks ago. A handler at work therefore costs one load and one store, and even a handler
//! that blocks its thread is named. The task of a late handler is woken, and ends the call itself.
//! The thread also names who holds the permits while others wait for one, and reports losses that
//! were added up.

use std::sync::{Arc, Weak};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::delivery::context;
use crate::delivery::core::Core;
use crate::delivery::effects::Report;
use crate::delivery::group::{Group, Phase, Seen};
use crate::delivery::settings::Thresholds;
use crate::delivery::slab::Slab;
use crate::delivery::subscription::{Info, Subscription};
use crate::excerpt::excerpt;
use crate::sync::{Mutex, Ordering};

/// How many groups are looked at in one turn of the lock.
const WINDOW: usize = 256;

struct Watched {
    core: Weak<Core>,
    period: Duration,
    began: Instant,
    due: Instant,
}

/// The buses that are watched, and the thread that does it while there are some.
#[derive(Default)]
struct Watch {
    buses: Vec<Watched>,
    thread: Option<Thread>,
}

static WATCH: std::sync::LazyLock<Mutex<Watch>> = std::sync::LazyLock::new(Mutex::default);

/// Watches a bus for as long as it lives. Where no thread can be started, slow handlers are not
/// named, and late ones are not ended.
pub(crate) fn watch(core: &Arc<Core>) {
    let Some(period) = core.thresholds.period.filter(|_| !cfg!(any(bus_loom, bus_shuttle))) else { return };
    if let Err(error) = add(Arc::downgrade(core), period) {
        context::log(|| {
            tracing::warn!(target: "bus_core", %error, "slow handlers are not named, and `handler_timeout` ends none, because no thread could be started: give handlers that may hang a `.timeout(d)`");
        });
    }
}

fn add(core: Weak<Core>, period: Duration) -> std::io::Result<()> {
    let mut watch = WATCH.lock();
    let began = Instant::now();
    watch.buses.push(Watched { core, period, began, due: began + period });
    if let Some(thread) = &watch.thread {
        // It may sleep for longer than the period of this bus.
        thread.unpark();
    } else {
        let started = std::thread::Builder::new().name("bus-slow-watch".to_owned()).spawn(run)?;
        watch.thread = Some(started.thread().clone());
    }
    Ok(())
}

/// Ends when no bus is left; the next one starts it again.
fn run() {
    while let Some(wait) = turn() {
        std::thread::park_timeout(wait);
    }
}

fn turn() -> Option<Duration> {
    let now = Instant::now();
    let mut due = Vec::new();
    let wait = {
        let mut watch = WATCH.lock();
        watch.buses.retain(|bus| bus.core.strong_count() > 0);
        if watch.buses.is_empty() {
            watch.thread = None;
        }
        for bus in watch.buses.iter_mut().filter(|bus| bus.due <= now) {
            bus.due = now + bus.period;
            // By the time, not by the number of looks: those come late on a busy machine.
            let ticks = now.duration_since(bus.began).as_nanos() / bus.period.as_nanos().max(1);
            due.extend(bus.core.upgrade().map(|core| (core, u64::try_from(ticks).unwrap_or(u64::MAX))));
        }
        watch.buses.iter().map(|bus| bus.due.saturating_duration_since(now)).min()
    };
    for (core, ticks) in due {
        look(&core, ticks + 1);
    }
    wait.map(|wait| wait.clamp(Duration::from_millis(1), Duration::from_millis(250)))
}

/// Wakes the tasks of late handlers, which end the call then. One that is woken though its handler
/// has just returned does nothing.
fn wake_late(core: &Core) {
    // Woken outside the lock; those that are parked meanwhile are not late.
    let mut parked = std::mem::take(&mut core.lock_step().parked);
    parked.retain(|slot| slot.upgrade().inspect(|slot| slot.wake_late(core)).is_some());
    core.lock_step().parked.append(&mut parked);
}

/// The findings of one look at a bus.
#[derive(Default)]
struct Findings {
    slow: Vec<Arc<Info>>,
    /// Async handlers that hold a permit.
    active: Vec<Arc<Info>>,
    lost: Vec<Report>,
}

fn look(core: &Arc<Core>, tick: u64) {
    core.ticks.store(tick, Ordering::Relaxed);
    wake_late(core);
    let (mut found, mut from, mut more) = (Findings::default(), 0, true);
    while more {
        let mut state = core.lock();
        let crate::delivery::state::State { groups, subscriptions, .. } = &mut *state;
        let (window, rest) = groups.window_mut(from, WINDOW);
        window.for_each(|group| found.look_at(group, subscriptions, &core.thresholds, tick));
        (more, from) = (rest, from + WINDOW);
    }
    let waiting = core.lock().permits.stalled(tick, core.thresholds.slow_after);
    for info in &found.slow {
        warn_slow(info, core.settings.slow_after);
    }
    if let Some(waiting) = waiting {
        warn_stalled(core, waiting, &found.active);
    }
    found.lost.iter().for_each(Report::log);
}

impl Findings {
    fn look_at(
        &mut self,
        group: &mut Group,
        subscriptions: &Slab<Subscription>,
        thresholds: &Thresholds,
        tick: u64,
    ) {
        let info = |at: usize| {
            let key = group.members.get(at)?;
            Some(Arc::clone(&subscriptions.get(*key)?.info))
        };
        if let Some(events) = group.loss.due(false) {
            self.lost.extend(info(0).map(|info| Report::Lost { info, events }));
        }
        if group.is_sync() {
            let at = group.at.get();
            let Some(running) = group.running.first().filter(|_| at != u64::MAX) else { return };
            let seen = &mut group.seen;
            if (seen.job, seen.at) != (running.job, at) {
                *seen = Seen { job: running.job, at, since: tick };
            } else if seen.since != 0 && thresholds.is_slow(seen.since, tick) {
                seen.since = 0;
                self.slow.extend(usize::try_from(at).ok().and_then(info));
            }
            return;
        }
        for running in group.running.iter_mut().filter(|running| running.phase == Phase::Active) {
            if !group.dedicated {
                self.active.extend(info(0));
            }
            if running.since != 0 && thresholds.is_slow(running.since, tick) {
                running.since = 0;
                self.slow.extend(info(0));
            }
        }
    }
}

fn warn_slow(info: &Info, slow_after: Duration) {
    context::log(|| {
        tracing::warn!(
            target: "bus_core",
            handler = %excerpt(&info.name),
            subscribed_at = %info.location,
            "handler has been running for more than {slow_after:?}: give it a `.timeout(d)`, move its work to a task, or raise `slow_after`"
        );
    });
}

fn warn_stalled(core: &Core, waiting: usize, active: &[Arc<Info>]) {
    let holders: Vec<_> = active.iter().take(16).map(|info| excerpt(&info.name).to_string()).collect();
    let limit = core.settings.max_concurrent_handlers;
    context::log(|| {
        tracing::warn!(
            target: "bus_core",
            waiting,
            limit,
            holders = holders.join(", "),
            "async handlers wait for a permit: as many as `max_concurrent_handlers` are at work; raise it, or give the handlers that hold the permits a `.timeout(d)`"
        );
    });
}
