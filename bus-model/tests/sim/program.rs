//! One program: runtimes, threads and tasks that use the bus, and then its end.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bus_core::EventBus;
use bus_core::simulation::{Clock, Runtime, running_workers, sleep};

use super::act::{duration, end_one};
use super::check;
use super::emit::{self, publish};
use super::events::Note;
use super::features::{Feature, Features};
use super::reader::Reader;
use super::rng::Rng;
use super::subscription;
use super::thread::{One, Running, at_end};
use super::wait::{block_on, pause, polled};
use super::world::{World, locked};

/// The state that the threads of a program share.
struct Program {
    world: Arc<World>,
    runtimes: Mutex<Vec<Arc<Runtime>>>,
}

/// Runs the program of a seed, within an execution of shuttle. Returns the promises that were not
/// kept.
pub(crate) fn run(seed: u64) -> Vec<String> {
    let mut rng = Rng::new(seed);
    let features = Features::draw(&mut rng);
    let clock = Clock::start(rng.pick(&[1, 20, 200]));
    let workers: Vec<usize> = (0..=rng.below(2)).map(|_| rng.pick(&[1, 2, 2])).collect();
    let runtimes: Vec<_> = workers
        .into_iter()
        .enumerate()
        .map(|(at, workers)| Arc::new(Runtime::new(at + 1, workers)))
        .collect();
    let chain_limit = rng.pick(&[2, 6]);
    let bus = build(&features, &mut rng, chain_limit, &runtimes);
    let timeout = rng.one_in(4).then_some(Duration::from_millis(50));
    let keeps = !features.has(Feature::Drops) || rng.one_in(2);
    let counts = (1 + rng.below(5), rng.below(3), 1 + rng.below(4), 2 + rng.below(10));
    let world = World::new(features, rng, chain_limit, timeout).begin();
    let handles = world.draw(|rng| 1 + rng.below(3));
    locked(&world.handles).extend((0..handles).map(|_| bus.clone()));
    let program = Arc::new(Program { world: Arc::clone(&world), runtimes: Mutex::new(runtimes) });
    let (roots, readers) = (Running::new(), Running::new());
    let (mut threads, keeper) = program.begin(bus, keeps, counts, &roots, &readers);
    roots.wait();
    end(&world, keeper, &readers);
    threads.drain(..).for_each(|thread| drop(thread.join()));
    let runtimes = locked(&program.runtimes).clone();
    for runtime in &runtimes {
        runtime.join();
    }
    while running_workers() > 0 {
        shuttle::thread::yield_now();
    }
    clock.stop();
    check::freed(&world);
    World::end();
    std::mem::take(&mut *locked(&world.wrong))
}

fn build(features: &Features, rng: &mut Rng, chain_limit: u32, runtimes: &[Arc<Runtime>]) -> EventBus {
    let permits = if features.has(Feature::Permits) { rng.pick(&[1, 1, 2]) } else { 64 };
    let mut builder = EventBus::builder()
        .chain_limit(chain_limit)
        .max_concurrent_handlers(permits)
        .history(rng.pick(&[0, 1, 3, 100]))
        .transient_history(rng.pick(&[0, 1, 3]));
    if rng.one_in(3) {
        builder = builder.runtime(runtimes[0].handle());
    }
    if rng.one_in(4) {
        builder = builder.max_event_bytes(1_000);
    }
    // No limit is 0, and no other definition has these kinds.
    builder.build().unwrap_or_default()
}

type Threads = Vec<shuttle::thread::JoinHandle<()>>;

impl Program {
    /// Subscribes, and starts the readers and the roots.
    fn begin(
        self: &Arc<Self>,
        bus: EventBus,
        keeps: bool,
        (subs, streams, roots, steps): (usize, usize, usize, usize),
        running: &Running,
        reading: &Running,
    ) -> (Threads, Option<EventBus>) {
        let mut threads = Vec::new();
        for _ in 0..streams {
            let reader = Reader::new(&self.world, &bus, true);
            threads.extend(self.start(reading.one(), reader.read(), false));
        }
        for _ in 0..subs {
            let entered = self.any_runtime().map(|runtime| runtime.handle().enter());
            subscription::any_handler(&self.world, &bus);
            drop(entered);
        }
        let keeper = keeps.then_some(bus);
        for _ in 0..roots {
            let root = root(Arc::clone(self), steps);
            threads.extend(self.start(running.one(), root, true));
        }
        (threads, keeper)
    }

    fn any_runtime(&self) -> Option<Arc<Runtime>> {
        let runtimes = locked(&self.runtimes);
        let at = self.world.draw(|rng| rng.below(runtimes.len()));
        runtimes.get(at).cloned()
    }

    fn start_runtime(&self) {
        // The first ones have the ids from 1 on.
        let id = 100 + self.world.n.fetch_add(1, Ordering::Relaxed);
        let runtime = Runtime::new(usize::try_from(id).unwrap_or_default(), 1);
        locked(&self.runtimes).push(Arc::new(runtime));
    }

    /// Starts something as a task, or on a thread, in a runtime or outside.
    fn start(
        &self,
        one: One,
        work: impl Future<Output = ()> + Send + 'static,
        may_die: bool,
    ) -> Option<shuttle::thread::JoinHandle<()>> {
        let sort = self.world.draw(|rng| rng.below(4));
        let handle = self.any_runtime().map(|runtime| runtime.handle());
        if let (0 | 1, Some(handle)) = (sort, &handle) {
            handle.spawn(async move {
                let one = one;
                work.await;
                drop(one);
            });
            return None;
        }
        let dies = may_die && self.world.features.has(Feature::Dies);
        let dies = dies && self.world.draw(|rng| rng.one_in(2));
        Some(shuttle::thread::spawn(move || {
            if dies {
                at_end();
            }
            let _entered = handle.filter(|_| sort == 2).map(|handle| handle.enter());
            // A thread that panics ends, and nobody else.
            let _ = catch_unwind(AssertUnwindSafe(|| {
                block_on(work);
                assert!(!dies, "on purpose: a thread dies");
            }));
            drop(one);
        }))
    }
}

/// The actions of a user of the bus.
async fn root(program: Arc<Program>, steps: usize) {
    for _ in 0..steps {
        let Some(bus) = program.world.bus() else { return };
        step(&program, &bus).await;
        pause().await;
    }
}

async fn step(program: &Program, bus: &EventBus) {
    let world = &program.world;
    let has = |feature| world.features.has(feature);
    match world.draw(|rng| rng.below(25)) {
        0..=4 => drop(publish(world, bus)),
        // More than the capacity of most queues.
        5 => (0..world.draw(|rng| 2 + rng.below(5))).for_each(|_| drop(publish(world, bus))),
        6..=10 => emit::awaited(world, bus).await,
        11 | 12 => {
            if let Some((sent, hops)) = publish(world, bus) {
                check::receipt(world, &sent.finished().await, hops);
            }
        }
        13 => {
            let polls = world.draw(|rng| rng.below(4));
            polled(emit::caught(world, emit::unpolled(world, bus)), polls).await;
        }
        14 | 15 => subscription::any_handler(world, bus),
        16 => end_one(world, |_| true),
        17 => check::look(world, bus),
        // In virtual time.
        18 => sleep(duration(world)).await,
        19 => drop(bus.wait_for::<Note>().timeout(duration(world)).await),
        20 if has(Feature::Drops) => {
            let handle = locked(&world.handles).pop();
            drop(handle);
        }
        21 if has(Feature::Closes) => close(world, bus).await,
        22 if has(Feature::Stops) && world.draw(|rng| rng.one_in(3)) => {
            let stops = program.any_runtime();
            if let Some(runtime) = stops {
                runtime.stop();
            }
        }
        23 if has(Feature::Stops) => program.start_runtime(),
        _ => pause().await,
    }
}

async fn close(world: &World, bus: &EventBus) {
    let limit = duration(world);
    let report = bus.close(limit).await;
    world.trace(|| format!("close: {report}"));
    if report.is_drained() {
        world.drained.store(true, Ordering::Relaxed);
    }
}

/// Closes what is left, however long it takes, and drops it all.
fn end(world: &Arc<World>, keeper: Option<EventBus>, readers: &Running) {
    world.trace(|| "the end".to_owned());
    let ends = keeper.or_else(|| world.bus());
    if let Some(bus) = &ends {
        let report = block_on(bus.close(Duration::MAX));
        if !report.is_drained() {
            world.wrong(format!("a close without an end reports {report}"));
        }
        world.drained.store(true, Ordering::Relaxed);
    }
    // Readers compare with the stats, so the bus is there until they have ended; without one to
    // close they end once the last handle is gone.
    if ends.is_some() {
        locked(&world.handles).extend(ends.clone());
        readers.wait();
    }
    if let Some(bus) = &ends {
        check::at_rest(world, bus);
    }
    drop(ends);
    let handles = std::mem::take(&mut *locked(&world.handles));
    drop(handles);
    readers.wait();
    let guards = std::mem::take(&mut *locked(&world.guards));
    drop(guards);
}
