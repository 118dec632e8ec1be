//! The actions of hostile callbacks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bus_core::EventBus;

use super::check;
use super::emit::{self, publish};
use super::events::Note;
use super::features::Feature;
use super::subscription;
use super::wait::{block_on, hostile, pause};
use super::world::{Frame, Site, World, locked, may_publish};

/// The text that callbacks panic with.
pub(crate) const ON_PURPOSE: &str = "on purpose";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Publish,
    /// Waits until an emit is done: in a synchronous place the thread blocks.
    Await,
    First,
    CloseAwaited,
    Panic,
    Subscribe,
    UnsubscribeOther,
    UnsubscribeSelf,
    DropBus,
    Read,
    Close,
    Yield,
    Sleep,
}

fn is_handler(site: Site) -> bool {
    matches!(site, Site::Sync | Site::Async)
}

/// Whether code on this thread may block it at all. A waker that is called by a timer would hold up
/// all timers, and a drop by a runtime that stops all that is left of the runtime: what they wait
/// for may be there, which no bus can know.
fn may_block() -> bool {
    !bus_core::simulation::on_clock() && !bus_core::simulation::is_stopping()
}

/// The actions that this program may do there.
fn allowed(world: &World, site: Site, panics: bool) -> Vec<Action> {
    let has = |feature| world.features.has(feature);
    let mut actions = vec![
        Action::Subscribe,
        Action::UnsubscribeOther,
        Action::UnsubscribeSelf,
        Action::Read,
        Action::Yield,
    ];
    let publishes = may_publish(&world.features, site);
    if publishes {
        actions.extend([Action::Publish, Action::Publish]);
    }
    let blocks = match site {
        Site::Sync => has(Feature::Blocks),
        Site::Async => true,
        _ => publishes && has(Feature::CallbackBlocks),
    };
    let blocks = blocks && may_block();
    if blocks {
        actions.extend([Action::Await, Action::Await, Action::First]);
    }
    if panics && (is_handler(site) || has(Feature::Panics)) && site != Site::ThreadEnd {
        actions.push(Action::Panic);
    }
    if has(Feature::Drops) {
        actions.push(Action::DropBus);
    }
    if has(Feature::Closes) {
        actions.push(Action::Close);
        actions.extend(blocks.then_some(Action::CloseAwaited));
    }
    if site == Site::Async {
        actions.extend([Action::Sleep, Action::Await]);
    }
    actions
}

fn draw(world: &World, site: Site, panics: bool) -> Option<Action> {
    if !world.is_due(site) {
        return None;
    }
    let allowed = allowed(world, site, panics);
    let action =
        if Some(site) == world.storm { Action::Publish } else { world.draw(|rng| rng.pick(&allowed)) };
    world.trace(|| format!("{site:?}: {action:?}"));
    Some(action)
}

/// An action of a callback that cannot await: a wait blocks its thread.
pub(crate) fn act(site: Site, panics: bool) {
    let Some(world) = World::current() else { return };
    // A drop that panics while its thread unwinds aborts the process whoever calls it, but for what
    // the bus alone holds.
    let panics = panics && (site == Site::ClosureDrop || !std::thread::panicking());
    // Handlers and the log have entered a frame of their own.
    let entered = matches!(site, Site::Sync | Site::Async | Site::Log | Site::Filter);
    let frame = (!entered).then(|| Frame::inherit(site).enter());
    if let Some(action) = draw(&world, site, panics) {
        perform(&world, site, action);
    }
    drop(frame);
}

/// The same in an asynchronous handler.
pub(crate) async fn act_async() {
    let Some(world) = World::current() else { return };
    let Some(action) = draw(&world, Site::Async, true) else { return };
    let blocks = world.features.has(Feature::AsyncBlocks) && may_block() && world.draw(|rng| rng.one_in(3));
    match action {
        _ if blocks => perform(&world, Site::Async, action),
        Action::Await => {
            let Some(bus) = world.bus() else { return };
            let wait = emit::awaited(&world, &bus);
            drop(bus);
            if world.draw(|rng| rng.one_in(3)) { hostile(wait).await } else { wait.await }
        }
        Action::First => {
            let Some(bus) = world.bus() else { return };
            let wait = bus.wait_for::<Note>().timeout(duration(&world));
            drop(bus);
            drop(wait.await);
        }
        Action::CloseAwaited => {
            let Some(bus) = world.bus() else { return };
            drop(bus.close(duration(&world)).await);
        }
        // In virtual time.
        Action::Sleep => bus_core::simulation::sleep(duration(&world)).await,
        Action::Yield => pause().await,
        action => perform(&world, Site::Async, action),
    }
}

/// A length of time: mostly short, sometimes zero.
pub(crate) fn duration(world: &World) -> Duration {
    Duration::from_millis(world.draw(|rng| rng.pick(&[0, 1, 5, 20, 100])))
}

fn perform(world: &Arc<World>, site: Site, action: Action) {
    match action {
        Action::UnsubscribeOther => return end_one(world, |_| true),
        Action::UnsubscribeSelf => {
            let own = Frame::top().and_then(|top| top.sub);
            return end_one(world, |sub| Some(sub) == own);
        }
        Action::DropBus => {
            let handle = locked(&world.handles).pop();
            return drop(handle);
        }
        Action::Yield => return shuttle::thread::yield_now(),
        #[expect(clippy::panic, reason = "what it is for")]
        Action::Panic => {
            let hops = Frame::top().map_or(0, |top| top.hops);
            panic!("{ON_PURPOSE}: {site:?} after {hops} events")
        }
        _ => {}
    }
    let Some(bus) = world.bus() else { return };
    match action {
        Action::Publish => drop(publish(world, &bus)),
        Action::Await => wait_for_emit(world, &bus),
        Action::First => {
            let wait = bus.wait_for::<Note>().timeout(duration(world));
            drop(block_on(wait));
        }
        Action::CloseAwaited => drop(block_on(bus.close(duration(world)))),
        Action::Close => drop(bus.close(Duration::ZERO)),
        Action::Subscribe => subscription::any_handler(world, &bus),
        Action::Read => check::look(world, &bus),
        _ => {}
    }
}

fn wait_for_emit(world: &Arc<World>, bus: &EventBus) {
    if world.draw(|rng| rng.one_in(2)) {
        return block_on(emit::awaited(world, bus));
    }
    if let Some((sent, hops)) = publish(world, bus) {
        let receipt = block_on(sent.finished());
        check::receipt(world, &receipt, hops);
    }
}

/// Ends a subscription that fits, and notes the event from which on it must not be called any more.
pub(crate) fn end_one(world: &World, fits: impl Fn(usize) -> bool) {
    let guard = {
        let mut guards = locked(&world.guards);
        let fit: Vec<_> = (0..guards.len()).filter(|at| fits(guards[*at].0)).collect();
        if fit.is_empty() {
            return;
        }
        let at = world.draw(|rng| rng.pick(&fit));
        guards.swap_remove(at)
    };
    let (sub, guard) = guard;
    let sub = Arc::clone(&locked(&world.subs)[sub]);
    let bus = world.bus();
    match &bus {
        Some(bus) if world.draw(|rng| rng.one_in(2)) => {
            bus.unsubscribe(guard.id());
            guard.detach();
        }
        _ => drop(guard),
    }
    if let Some(bus) = bus {
        sub.ended_at.store(bus.stats().published_total, Ordering::Relaxed);
    }
}

/// Runs something of a program's own in which callbacks may panic, and notes if another panic comes
/// out.
pub(crate) fn guarded<T>(world: &World, what: &str, may: &[Site], work: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => Some(done),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            if !may.iter().any(|site| text.starts_with(&format!("{ON_PURPOSE}: {site:?} "))) {
                world.wrong(format!("a panic came out of {what}: {text}"));
            }
            None
        }
    }
}
