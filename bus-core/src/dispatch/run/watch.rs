//! Names handlers that take long, while they still run.
//!
//! One thread for the process moves the clock of each bus on and looks for handlers that began too many ticks ago. A handler at work therefore costs one load and one store, and even a handler that blocks its thread
//! is named.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::dispatch::run::after::guard_each;
use crate::dispatch::{Core, LaneInfo};
use crate::sync::{Mutex, Ordering};

/// A warning comes after this many ticks: late by at most a quarter of the threshold.
const TICKS: u64 = 4;

/// How many subscriptions are looked at before the order lock is let go.
const WINDOW: usize = 1_024;

struct Watched {
    core: Weak<Core>,
    period: Duration,
    due: Instant,
}

static WATCHED: std::sync::LazyLock<Mutex<Vec<Watched>>> =
    std::sync::LazyLock::new(|| Mutex::new(Vec::new()));

/// Has a bus watched for as long as it lives. Where no thread can be started, slow handlers are not named.
pub(crate) fn watch(core: &Arc<Core>) {
    if core.settings.slow_after.is_zero() || cfg!(any(bus_loom, bus_shuttle)) {
        return;
    }
    let period = core.settings.slow_after / u32::try_from(TICKS).unwrap_or(1);
    let first = {
        let mut watched = WATCHED.lock();
        watched.push(Watched { core: Arc::downgrade(core), period, due: Instant::now() + period });
        watched.len() == 1
    };
    if first {
        let started = std::thread::Builder::new().name("bus-slow-watch".to_owned()).spawn(run);
        if let Err(error) = started {
            tracing::warn!(target: "bus_core", %error, "slow handlers are not named: no thread could be started");
        }
    }
}

/// Ends when no bus is left; the next one starts it again.
fn run() {
    while let Some(wait) = turn() {
        std::thread::sleep(wait);
    }
}

fn turn() -> Option<Duration> {
    let now = Instant::now();
    let mut due = Vec::new();
    let wait = {
        let mut watched = WATCHED.lock();
        watched.retain(|bus| bus.core.strong_count() > 0);
        for bus in watched.iter_mut().filter(|bus| bus.due <= now) {
            bus.due = now + bus.period;
            due.extend(bus.core.upgrade());
        }
        watched.iter().map(|bus| bus.due.saturating_duration_since(now)).min()
    };
    for core in due {
        look(&core);
    }
    wait.map(|wait| wait.clamp(Duration::from_millis(1), Duration::from_millis(250)))
}

fn look(core: &Core) {
    let tick = core.ticks.fetch_add(1, Ordering::Relaxed) + 1;
    let mut from = 0;
    loop {
        let (slow, more) = slow_ones(core, from, tick);
        guard_each(slow, |info| warn(&info, core.settings.slow_after));
        if !more {
            return;
        }
        from += WINDOW;
    }
}

fn warn(info: &LaneInfo, slow_after: Duration) {
    tracing::warn!(
        target: "bus_core",
        handler = %info.name,
        subscribed_at = %info.location,
        "handler has been running for more than {slow_after:?}: give it a `.timeout(d)`, move its work to a task, or raise `slow_after`"
    );
}

fn slow_ones(core: &Core, from: usize, tick: u64) -> (Vec<Arc<LaneInfo>>, bool) {
    let mut order = core.lock();
    let mut slow = if from == 0 { order.slow_in_crews(tick, TICKS) } else { Vec::new() };
    let (lanes, more) = order.lanes.window_mut(from, WINDOW);
    for lane in lanes {
        for running in
            lane.running.iter_mut().filter(|running| running.since != 0 && tick > running.since + TICKS)
        {
            running.since = 0;
            slow.push(Arc::clone(&lane.info));
        }
    }
    (slow, more)
}
