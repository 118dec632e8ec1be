//! (j) Memory for each kept event and each subscription.

use std::hint::black_box;

use bus_core::Event;

use crate::alloc::measure;
use crate::events::{Said, bus};
use crate::{Count, events::LoadEmit};

const MANY: usize = 10_000;

/// The kind of value, and the bytes of this many of them.
type Piece = (&'static str, fn(usize) -> i64);

const PIECES: &[Piece] = &[
    ("bytes: a kept event of one number", kept),
    ("bytes: a sync handler", sync),
    ("bytes: an async handler", asynchronous),
    ("bytes: a stream", stream),
    ("bytes: a wait", wait),
];

pub(crate) fn counts() -> Vec<Count> {
    // The fixed memory of a bus cancels out in the difference.
    let per_piece = |held: fn(usize) -> i64| (held(2 * MANY) - held(MANY)) as f64 / MANY as f64;
    PIECES.iter().map(|(name, held)| Count::new(name, per_piece(*held))).collect()
}

fn holding<T>(make: impl FnOnce() -> T) -> i64 {
    let mut made = None;
    let (_, bytes) = measure(|| made = Some(make()));
    drop(black_box(made));
    bytes
}

fn kept(pieces: usize) -> i64 {
    let bus = bus(pieces);
    let desk = bus.stream("desk").execution("exec-1").node("planner");
    let bytes = holding(|| (0..pieces as u64).for_each(|count| drop(desk.emit_ticked(count).send())));
    assert_eq!(bus.stats().kept, pieces);
    bytes
}

fn sync(pieces: usize) -> i64 {
    let bus = bus(0);
    let one = |_| bus.subscribe::<Said>().handle_sync(|event: &Event<Said>| _ = black_box(event.seq()));
    holding(|| (0..pieces).map(one).collect::<Vec<_>>())
}

fn asynchronous(pieces: usize) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    let (bus, _entered) = (bus(0), runtime.enter());
    let one = |_| bus.subscribe::<Said>().handle(|event: Event<Said>| async move { drop(event) });
    holding(|| (0..pieces).map(one).collect::<Vec<_>>())
}

fn stream(pieces: usize) -> i64 {
    let bus = bus(0);
    holding(|| (0..pieces).map(|_| bus.subscribe::<Said>().into_stream()).collect::<Vec<_>>())
}

fn wait(pieces: usize) -> i64 {
    let bus = bus(0);
    holding(|| (0..pieces).map(|_| bus.wait_for::<Said>()).collect::<Vec<_>>())
}
