//! Waits whose futures are not polled each time their handler is.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bus_core::Event;

use crate::common::{settle, trial};
use crate::events::{Ping, Pong, ReviewedEmit, ping};

/// Polls its first future once, and then only the second, until the first wakes it; as the sets of
/// futures do that know who woke them.
struct Once<A, B> {
    first: Pin<Box<A>>,
    polled: bool,
    second: Pin<Box<B>>,
}

impl<A: Future, B: Future<Output = ()>> Future for Once<A, B> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.polled, true) && self.first.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        match self.second.as_mut().poll(context) {
            Poll::Ready(()) => self.first.as_mut().poll(context).map(drop),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// A handler waits for an event all the time, and is polled once more for something else.
#[test]
fn a_wait_that_is_not_polled_again_is_still_a_wait() {
    trial().apart().run(async |bus, stand| {
        let waits = bus.clone();
        let (poke, poked) = tokio::sync::watch::channel(0);
        let _guard = bus.subscribe::<Ping>().handle(move |event: Event<Ping>| {
            let (bus, mut poked) = (waits.clone(), poked.clone());
            async move {
                if event.n == 1 {
                    let second = async move {
                        poked.wait_for(|at| *at == 1).await.unwrap();
                        poked.wait_for(|at| *at == 2).await.unwrap();
                    };
                    let first = Box::pin(bus.wait_for::<Pong>());
                    Once { first, polled: false, second: Box::pin(second) }.await;
                }
            }
        });
        ping(&bus, 1);
        settle().await;
        poke.send(1).unwrap();
        settle().await;
        stand.at("an emit behind a handler that waits for an event");
        let receipt = bus.stream("agent").emit_ping(2_u64).await;
        assert_eq!(receipt.deferred(), 1, "{receipt:?}");
        bus.stream("agent").emit_pong(1_u64).await;
        poke.send(2).unwrap();
        settle().await;
    });
}
