//! Readers of streams: every event, or the gap that it is in.

use std::sync::Arc;

use bus_core::{EventBus, EventsAndGaps, LagCause, Lagged};

use super::act::duration;
use super::events::SimEvents;
use super::subscription::{Receive, Sub, look_back, settings};
use super::wait::{hostile, pause};
use super::world::{World, locked};

/// A stream, and what it must have in the end.
pub(crate) struct Reader {
    stream: EventsAndGaps<SimEvents>,
    sub: Arc<Sub>,
    /// It gets every event of the bus.
    everything: bool,
}

#[derive(Debug, Default)]
struct Seen {
    last: u64,
    read: u64,
    missed: u64,
    gap: Option<Lagged>,
}

impl Reader {
    pub(crate) fn new(world: &World, bus: &EventBus, first: bool) -> Self {
        let sub = Sub::new(world, Receive::Stream, 1);
        let subscribe = bus.subscribe::<SimEvents>();
        let everything = first && world.draw(|rng| rng.one_in(2));
        let subscribe = if everything {
            subscribe.capacity(world.draw(|rng| rng.pick(&[1, 2, 100])))
        } else {
            look_back(world, settings(world, &sub, subscribe))
        };
        let stream = subscribe.into_stream().with_gaps();
        let _ = sub.id.set(stream.id());
        Self { stream, sub, everything }
    }

    /// Reads to the end, and then looks whether everything came.
    pub(crate) async fn read(mut self) {
        let Some(world) = World::current() else { return };
        let mut seen = Seen::default();
        loop {
            let item = if world.draw(|rng| rng.one_in(5)) {
                hostile(self.stream.recv()).await
            } else {
                self.stream.recv().await
            };
            match item {
                None => break,
                Some(Ok(event)) => {
                    let event = event.into_any();
                    self.sub.takes(&world, &event);
                    seen.event(&world, event.seq());
                }
                Some(Err(lagged)) => seen.lag(&world, lagged),
            }
            match world.draw(|rng| rng.below(8)) {
                0 => pause().await,
                // In virtual time.
                1 => bus_core::simulation::sleep(duration(&world)).await,
                _ => {}
            }
        }
        self.compare(&world, &seen);
    }

    fn compare(&self, world: &World, seen: &Seen) {
        let Some(bus) = locked(&world.handles).first().cloned() else { return };
        let stats = bus.stats();
        let Some(own) = stats.subscriptions.iter().find(|one| Some(one.id) == self.sub.id()) else { return };
        let counts = &own.counts;
        let reported = seen.read + seen.missed;
        if seen.read != counts.handled || reported + counts.coalesced != counts.matched {
            world.wrong(format!("a stream saw {seen:?}, and counted as {counts:?}"));
        }
        if self.everything && reported != stats.published_total {
            world.wrong(format!("a stream of everything saw {seen:?} of {}", stats.published_total));
        }
    }
}

impl Seen {
    fn event(&mut self, world: &World, seq: u64) {
        if let Some(gap) =
            self.gap.take().filter(|gap| gap.to.seq() >= seq && gap.cause == LagCause::Overflow)
        {
            world.wrong(format!("a stream read {seq} behind the gap {gap:?}"));
        }
        self.last = seq;
        self.read += 1;
    }

    fn lag(&mut self, world: &World, lagged: Lagged) {
        let (from, to) = (lagged.from.seq(), lagged.to.seq());
        let is_wrong = from <= self.last || to < from;
        if let (LagCause::Overflow, Some(missed)) = (lagged.cause, lagged.missed) {
            self.missed += missed;
            if is_wrong || missed > to - from + 1 {
                world.wrong(format!("a stream has a gap {lagged:?} after {}", self.last));
            }
        }
        self.gap = Some(lagged);
    }
}
