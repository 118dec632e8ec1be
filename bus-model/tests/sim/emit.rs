//! Publishing: each event says how many led to it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bus_core::{EventBus, Receipt, Sent};

use super::act::guarded;
use super::check;
use super::events::{Alarm, Delta, Key, Level, Note, Token};
use super::wait::framed;
use super::world::{Frame, Site, World};

pub(crate) type Wait = Pin<Box<dyn Future<Output = Receipt> + Send>>;

/// The payload's own panics while it is written, which go through an emit.
const THROUGH: &[Site] = &[Site::Key];

macro_rules! emit {
    ($world:ident, $bus:ident, $hops:ident, |$emit:ident| $then:expr) => {{
        let n = $world.n.fetch_add(1, Ordering::Relaxed);
        let (which, stream, key) = $world.draw(|rng| (rng.below(5), rng.pick(&["a", "b"]), rng.next() % 2));
        let (emitter, token) = ($bus.stream(stream), Token::new(Site::PayloadDrop));
        match which {
            0 => {
                let $emit = emitter.emit(Delta::new(n, $hops, token));
                $then
            }
            1 => {
                let $emit = emitter.emit(Alarm::new(n, $hops, token));
                $then
            }
            2 => {
                let $emit = emitter.emit(Level::new(n, $hops, Key(key), token));
                $then
            }
            _ => {
                let $emit = emitter.emit(Note::new(n, $hops, token));
                $then
            }
        }
    }};
}

fn next_hops() -> u32 {
    Frame::top().map_or(0, |top| top.hops + 1)
}

/// Publishes without waiting.
pub(crate) fn publish(world: &World, bus: &EventBus) -> Option<(Sent, u32)> {
    let hops = next_hops();
    let sent = guarded(world, "a send", THROUGH, || {
        let within = Frame::new(Site::Publish, hops, Frame::top().and_then(|top| top.sub)).enter();
        let sent = emit!(world, bus, hops, |emit| emit.send());
        drop(within);
        sent
    })?;
    check::accepted(world, sent.receipt(), hops);
    Some((sent, hops))
}

/// An emit that is not polled yet.
pub(crate) fn unpolled(world: &World, bus: &EventBus) -> (Wait, u32) {
    let hops = next_hops();
    let frame = Frame::new(Site::Publish, hops, Frame::top().and_then(|top| top.sub));
    let wait: Wait = emit!(world, bus, hops, |emit| Box::pin(framed(frame, emit)));
    (wait, hops)
}

/// An emit that is awaited to its end, and its receipt checked.
pub(crate) fn awaited(world: &Arc<World>, bus: &EventBus) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let (mut wait, hops) = unpolled(world, bus);
    let world = Arc::clone(world);
    Box::pin(async move {
        let polled = std::future::poll_fn(|context| {
            guarded(&world, "an awaited emit", THROUGH, || wait.as_mut().poll(context))
                .map_or(std::task::Poll::Ready(None), |polled| polled.map(Some))
        });
        if let Some(receipt) = polled.await {
            check::receipt(&world, &receipt, hops);
        }
        drop(world);
    })
}

/// An emit of which a panic of its payload ends here, whatever becomes of the receipt.
pub(crate) fn caught(
    world: &Arc<World>,
    (mut wait, hops): (Wait, u32),
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let world = Arc::clone(world);
    Box::pin(std::future::poll_fn(move |context| {
        guarded(&world, "an emit that is dropped", THROUGH, || wait.as_mut().poll(context))
            .map_or(std::task::Poll::Ready(()), |polled| {
                polled.map(|receipt| check::accepted(&world, &receipt, hops))
            })
    }))
}
