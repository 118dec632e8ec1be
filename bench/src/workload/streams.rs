//! (c) Streams: 1, 8 and 64 readers, bursts of 1 and of 64, a runtime of one thread and of two.

use tokio::runtime::Runtime;

use crate::load::LoadEmit;
use crate::load::{Counter, HISTORY, Said, bus, runtime_of, text};
use crate::measure::{Group, Side};

/// The capacity of a reader.
pub(crate) const CAPACITY: usize = 1_024;

#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) readers: usize,
    /// Events published before the readers run.
    pub(crate) burst: usize,
    pub(crate) threads: usize,
}

pub(crate) fn on_one_thread() -> Vec<Group> {
    groups(1)
}

pub(crate) fn on_two_threads() -> Vec<Group> {
    groups(2)
}

fn groups(threads: usize) -> Vec<Group> {
    let shapes = [1, 64].into_iter().flat_map(|burst| [1, 8, 64].map(|readers| (burst, readers)));
    shapes.map(|(burst, readers)| group(Shape { readers, burst, threads })).collect()
}

fn group(shape: Shape) -> Group {
    let Shape { readers, burst, threads } = shape;
    let (read, run) = (counted(readers, "reader"), counted(threads, "runtime thread"));
    let title = format!("{read}, bursts of {burst}, {run}");
    let group = Group::new(format!("c/{threads}t/burst{burst}/{readers}"), title, "delivery");
    #[cfg(feature = "peers")]
    let group = group.sides(crate::peer::streams(shape));
    let group = group.side(ours(shape));
    let limit = if readers == 1 { 1.1 } else { 1.0 };
    let group = group.target("bus", "tokio broadcast", limit);
    if readers == 1 { group } else { group.target("bus", "kanal fan-out", 1.0) }
}

pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn ours(shape: Shape) -> Side {
    let (runtime, counter, bus) = (runtime_of(shape.threads), Counter::default(), bus(HISTORY));
    for _ in 0..shape.readers {
        let mut reader = bus.subscribe::<Said>().capacity(CAPACITY).into_stream();
        let counter = counter.clone();
        runtime.spawn(async move {
            while reader.recv().await.is_some() {
                counter.add();
            }
        });
    }
    let desk = bus.stream("desk").execution("exec-1").node("planner");
    publish_in_bursts("bus", runtime, counter, shape, move || drop(desk.emit_said(text()).send()))
}

/// Publishes in bursts, and runs the readers after each until they have read all of it.
pub(crate) fn publish_in_bursts(
    name: &str,
    runtime: Runtime,
    counter: Counter,
    shape: Shape,
    publish: impl Fn() + Send + Sync + 'static,
) -> Side {
    let Shape { readers, burst, threads } = shape;
    let publish = std::sync::Arc::new(publish);
    let run = move |times: u64| {
        let before = counter.get();
        let bursts = times.div_ceil(burst as u64);
        let (publish, counted) = (publish.clone(), counter.clone());
        let work = async move {
            for done in 1..=bursts {
                (0..burst).for_each(|_| publish());
                counted.reaches(before + done * (burst * readers) as u64).await;
            }
        };
        if threads == 1 {
            runtime.block_on(work);
        } else {
            // On a worker of the runtime, as in an application.
            runtime.block_on(runtime.spawn(work)).expect("no publisher panicked");
        }
        counter.assert_added(before, bursts * (burst * readers) as u64);
    };
    let side = if threads == 1 { Side::new(name, run) } else { Side::threaded(name, run) };
    side.in_steps_of(burst).per(readers)
}
